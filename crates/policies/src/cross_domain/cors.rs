//! `cors`: lets pages of other origins call the API.
//!
//! An actual request with an allowed `Origin` goes on, and whatever is answered in the end carries the CORS headers.
//! A preflight never gets this far as a request: it is answered from the `cors` policies alone, see [`Preflight`].

use std::sync::Arc;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tidegate_pipeline::{
    Exchange, Failure, Mode, Outcome, Policy, PolicyError, Preflight, Response, Sections,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};
use crate::transform::set_method;

const ALLOW_CREDENTIALS: Attribute = Attribute::new(
    "allow-credentials",
    Kind::Boolean,
    "Whether pages may send cookies and the like.",
)
.default("false");
const TERMINATE_UNMATCHED_REQUEST: Attribute = Attribute::new(
    "terminate-unmatched-request",
    Kind::Boolean,
    "Whether a GET or HEAD of another origin gets an empty 200 at once; else it goes on without CORS headers.",
)
.default("true");
const PREFLIGHT_RESULT_MAX_AGE: Attribute = Attribute::new(
    "preflight-result-max-age",
    Kind::Integer {
        min: 0,
        max: i32::MAX as i64,
    },
    "Seconds for which a browser may keep the answer to a preflight.",
)
.default("0");

/// `cors`
pub static DEFINITION: Definition = Definition {
    name: "cors",
    category: Category::CrossDomain,
    summary: "Lets pages of the listed origins call the API from a browser.",
    sections: Sections::INBOUND,
    scopes: Scopes::ALL,
    attributes: &[ALLOW_CREDENTIALS, TERMINATE_UNMATCHED_REQUEST],
    content: Content::Children(&[
        Child::new("allowed-origins", 1, 1, "Origins whose pages may call."),
        Child::new(
            "allowed-methods",
            0,
            1,
            "Methods they may use besides GET and POST.",
        )
        .attributes(&[PREFLIGHT_RESULT_MAX_AGE]),
        Child::new("allowed-headers", 0, 1, "Request headers they may set."),
        Child::new("expose-headers", 0, 1, "Response headers they may read."),
    ]),
    compile,
};

/// Scheme, host and effective port.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// An absolute URI; path, query and trailing slash do not count.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if scheme.is_empty() || !scheme.chars().all(valid) {
            return None;
        }
        let authority: Authority = rest.split(['/', '?', '#']).next()?.parse().ok()?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let port = match authority.port_u16() {
            Some(port) => Some(port),
            // `host:` and `host:99999` are no ports.
            None if authority.as_str().len() != authority.host().len() => return None,
            None => match scheme.as_str() {
                "http" => Some(80),
                "https" => Some(443),
                _ => None,
            },
        };
        Some(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }
}

/// A list, or `*` for everything.
enum Allowed<T> {
    All,
    These(Vec<T>),
}

struct Cors {
    allow_credentials: Setting<bool>,
    terminate_unmatched: Setting<bool>,
    origins: Allowed<Origin>,
    methods: Vec<Setting<Arc<str>>>,
    max_age: Setting<i64>,
    headers: Allowed<HeaderName>,
    expose: Option<HeaderValue>,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    compiler.once_in_section(element, &DEFINITION);
    let allow_credentials = compiler.boolean(element, &ALLOW_CREDENTIALS);
    let terminate_unmatched = compiler.boolean(element, &TERMINATE_UNMATCHED_REQUEST);
    let mut max_age = Some(Setting::Constant(0));
    let mut origins = None;
    let mut methods = Some(Vec::new());
    let mut headers = Some(Allowed::These(Vec::new()));
    let mut expose = Some(None);
    for child in element.elements() {
        match child.name.as_str() {
            "allowed-origins" => {
                origins = list(compiler, child, "origin", |compiler, child, text| {
                    let origin = (!text.contains('*')).then(|| Origin::parse(text)).flatten();
                    if origin.is_none() {
                        compiler.invalid_content(
                            child,
                            "an origin is '*' or a URI such as https://app.contoso.com",
                        );
                    }
                    origin
                });
            }
            "allowed-methods" => {
                max_age = compiler.integer(child, &PREFLIGHT_RESULT_MAX_AGE);
                methods = allowed_methods(compiler, child);
            }
            "allowed-headers" => headers = list(compiler, child, "header", header_name),
            "expose-headers" => expose = exposed(compiler, child),
            _ => {}
        }
    }
    Some(Box::new(Cors {
        allow_credentials: allow_credentials?,
        terminate_unmatched: terminate_unmatched?,
        origins: origins?,
        methods: methods?,
        max_age: max_age?,
        headers: headers?,
        expose: expose?,
    }))
}

/// The literal texts of the children `name`, converted; `*` must stand alone.
fn list<T>(
    compiler: &mut Compiler<'_>,
    element: &Element,
    name: &'static str,
    mut convert: impl FnMut(&mut Compiler<'_>, &Element, &str) -> Option<T>,
) -> Option<Allowed<T>> {
    let children = [Child::new(name, 1, usize::MAX, "")];
    compiler.check_children(element, &children);
    let mut items = Vec::new();
    let mut all = None;
    let mut complete = true;
    let mut count = 0;
    for child in element.elements().filter(|child| child.name == name) {
        count += 1;
        let Some(Setting::Constant(text)) = compiler.content_text(child, false) else {
            complete = false;
            continue;
        };
        if &*text == "*" {
            all = Some(child);
            continue;
        }
        match convert(compiler, child, &text) {
            Some(item) => items.push(item),
            None => complete = false,
        }
    }
    if let Some(star) = all {
        if count > 1 {
            compiler.error(
                "invalid-value",
                star.span.clone(),
                format!("'*' stands for every {name}; it must be the only one"),
            );
            return None;
        }
        return Some(Allowed::All);
    }
    (complete && count > 0).then_some(Allowed::These(items))
}

fn header_name(compiler: &mut Compiler<'_>, child: &Element, text: &str) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    if name.is_none() {
        compiler.invalid_content(child, &format!("'{text}' is not a header name"));
    }
    name
}

fn allowed_methods(
    compiler: &mut Compiler<'_>,
    element: &Element,
) -> Option<Vec<Setting<Arc<str>>>> {
    compiler.check_children(element, &[Child::new("method", 1, usize::MAX, "")]);
    let mut methods = Vec::new();
    let mut complete = true;
    for child in element.elements().filter(|child| child.name == "method") {
        match compiler.content_text(child, true) {
            Some(Setting::Constant(text)) if !is_method(&text) => {
                compiler.invalid_content(child, &format!("'{text}' is neither a method nor '*'"));
                complete = false;
            }
            Some(method) => methods.push(method),
            None => complete = false,
        }
    }
    (complete && !methods.is_empty()).then_some(methods)
}

/// Whether a text is a method or `*`, which by its characters is one too.
fn is_method(text: &str) -> bool {
    Method::from_bytes(text.as_bytes()).is_ok()
}

fn exposed(compiler: &mut Compiler<'_>, element: &Element) -> Option<Option<HeaderValue>> {
    let text = match list(compiler, element, "header", header_name)? {
        Allowed::All => "*".to_owned(),
        Allowed::These(names) => join(names.iter().map(HeaderName::as_str)),
    };
    Some(HeaderValue::from_str(&text).ok())
}

fn join<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().collect::<Vec<_>>().join(", ")
}

/// Methods that need no permission of their own.
fn needs_no_permission(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// Request headers that need no permission, whatever their value (Fetch standard, CORS-safelisted request headers).
const SAFELISTED: [HeaderName; 3] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LANGUAGE,
];

/// What a matching origin is told.
struct Grant {
    allow_origin: HeaderValue,
    credentials: bool,
    /// The answer depends on the origin that asked.
    varies: bool,
}

impl Cors {
    /// What to grant the origin of these headers: nothing when it is not allowed.
    fn grant(&self, origin: &HeaderValue, credentials: bool) -> Option<Grant> {
        let listed = match &self.origins {
            Allowed::All => true,
            Allowed::These(origins) => origin
                .to_str()
                .ok()
                .and_then(Origin::parse)
                .is_some_and(|origin| origins.contains(&origin)),
        };
        if !listed {
            return None;
        }
        // Browsers do not accept `*` together with credentials.
        let echo = credentials || matches!(self.origins, Allowed::These(_));
        Some(Grant {
            allow_origin: if echo {
                origin.clone()
            } else {
                HeaderValue::from_static("*")
            },
            credentials,
            varies: echo,
        })
    }

    /// The value of `Access-Control-Allow-Methods`, if `requested` is among the methods.
    fn methods_for(
        &self,
        exchange: &mut Exchange,
        requested: &str,
    ) -> Result<Option<String>, Failure> {
        let mut methods = Vec::with_capacity(self.methods.len());
        for setting in &self.methods {
            let text = setting.text(exchange)?;
            let text = text.trim();
            if text == "*" {
                return Ok(Some(requested.to_owned()));
            }
            // Browsers compare with case, and write the standard ones in capitals.
            methods.push(
                set_method::parse(text)
                    .map_or_else(|| text.to_owned(), |method| method.as_str().to_owned()),
            );
        }
        if methods.is_empty() {
            methods.extend(["GET".to_owned(), "POST".to_owned()]);
        }
        let allowed =
            needs_no_permission(requested) || methods.iter().any(|method| method == requested);
        Ok(allowed.then(|| join(methods.iter().map(String::as_str))))
    }

    /// The value of `Access-Control-Allow-Headers` (none needed: empty), if all requested headers are allowed.
    fn headers_for(&self, requested: &str) -> Option<String> {
        let names = requested
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        match &self.headers {
            Allowed::All => Some(join(names)),
            Allowed::These(allowed) => {
                let mut names = names;
                let all = names.all(|name| {
                    HeaderName::from_bytes(name.as_bytes())
                        .is_ok_and(|name| allowed.contains(&name) || SAFELISTED.contains(&name))
                });
                all.then(|| join(allowed.iter().map(HeaderName::as_str)))
            }
        }
    }

    /// The headers that answer a preflight; `None` when its origin, method or headers are not allowed.
    fn preflight_headers(&self, exchange: &mut Exchange) -> Result<Option<HeaderMap>, Failure> {
        let Some(origin) = exchange.request.headers.get(header::ORIGIN).cloned() else {
            return Ok(None);
        };
        let credentials = self.allow_credentials.get_or(exchange, false)?;
        let Some(grant) = self.grant(&origin, credentials) else {
            return Ok(None);
        };
        let text = |exchange: &Exchange, name: HeaderName| -> String {
            let values = exchange.request.headers.get_all(name);
            join(values.iter().filter_map(|value| value.to_str().ok()))
        };
        let method = text(exchange, header::ACCESS_CONTROL_REQUEST_METHOD);
        let Some(methods) = self.methods_for(exchange, method.trim())? else {
            return Ok(None);
        };
        let requested = text(exchange, header::ACCESS_CONTROL_REQUEST_HEADERS);
        let Some(allowed_headers) = self.headers_for(&requested) else {
            return Ok(None);
        };
        let max_age = self.max_age.get_or(exchange, 0)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, grant.allow_origin);
        if grant.varies {
            headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        if grant.credentials {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value)
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
        if max_age > 0 {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(max_age));
        }
        Ok(Some(headers))
    }

    fn answer_preflight(&self, exchange: &mut Exchange) -> Result<bool, Failure> {
        let answer = self.preflight_headers(exchange)?;
        if answer.is_none() && !self.terminate_unmatched.get_or(exchange, true)? {
            return Ok(false);
        }
        let mut response = Response::new(200);
        response.headers = answer.unwrap_or_default();
        exchange.set_response(response);
        Ok(true)
    }
}

impl Policy for Cors {
    fn mode(&self) -> Mode {
        Needs::default()
            .and(&self.allow_credentials)
            .and(&self.terminate_unmatched)
            .mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let Some(origin) = exchange.request.headers.get(header::ORIGIN).cloned() else {
            return Ok(Outcome::Continue);
        };
        // Only the first policy that matches counts.
        if exchange.has_final_header(&header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return Ok(Outcome::Continue);
        }
        let credentials = self.allow_credentials.get_or(exchange, false)?;
        let Some(grant) = self.grant(&origin, credentials) else {
            let reads = matches!(exchange.request.method, Method::GET | Method::HEAD);
            if reads && self.terminate_unmatched.get_or(exchange, true)? {
                exchange.set_response(Response::new(200));
                return Ok(Outcome::Respond);
            }
            return Ok(Outcome::Continue);
        };
        exchange.set_final_header(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            Some(grant.allow_origin),
        );
        exchange.set_final_header(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            grant.credentials.then(|| HeaderValue::from_static("true")),
        );
        if let Some(expose) = &self.expose {
            exchange.set_final_header(header::ACCESS_CONTROL_EXPOSE_HEADERS, Some(expose.clone()));
        }
        if grant.varies {
            exchange.set_final_header(header::VARY, Some(HeaderValue::from_static("Origin")));
        }
        Ok(Outcome::Continue)
    }

    fn preflight(&self) -> Option<&dyn Preflight> {
        Some(self)
    }
}

impl Preflight for Cors {
    fn answer(&self, exchange: &mut Exchange) -> Result<bool, PolicyError> {
        self.answer_preflight(exchange)
            .map_err(|failure| match failure {
                Failure::Error(error) => error,
                Failure::NeedsBody(_) => PolicyError::expression(
                    DEFINITION.name,
                    "a preflight request has no body to read",
                ),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_scheme_host_and_effective_port() {
        let origin = Origin::parse("https://App.test/").unwrap();
        assert_eq!(Origin::parse("https://app.test:443"), Some(origin));
        assert_ne!(
            Origin::parse("http://app.test"),
            Origin::parse("https://app.test")
        );
        assert_ne!(
            Origin::parse("http://app.test:8080"),
            Origin::parse("http://app.test")
        );
        for bad in [
            "null",
            "app.test",
            "https://",
            "https://h:x",
            "https://u@h",
            "://h",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
