//! `send-request`: calls another service and keeps its response in a variable.
//!
//! The request is built here, either from nothing or from a copy of the current one; the exchange's own request and
//! response stay as they are. The response's body is read completely, within the same deadline as its headers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderMap, Method, header};
use tidegate_expressions::{MessageSide, ResponseObject, Value};
use tidegate_pipeline::{
    Body, Exchange, Failure, HttpVersion, LocalBoxFuture, Mode, Outcome, Policy, PolicyError,
    Proxy, Section, Sections, Target, TransportError, TransportErrorKind, UpstreamRequest,
    UpstreamResponse, decoded,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::routing::forward_request::transport_failure;
use crate::routing::{hop_by_hop, subscription_key};
use crate::setting::{Needs, Setting, buffering, optional};
use crate::transform::set_variable::store;
use crate::transform::{
    set_body, set_body::SetBody, set_header, set_header::SetHeader, set_method,
};

const MODE: Attribute = Attribute::new(
    "mode",
    Kind::Enumeration(&["new", "copy"]),
    "Whether the request begins empty, or as a copy of the current one.",
)
.default("new");
const RESPONSE_VARIABLE_NAME: Attribute = Attribute::new(
    "response-variable-name",
    Kind::Text,
    "Variable that gets the response; null after a failure that was ignored.",
);
const TIMEOUT: Attribute = Attribute::new(
    "timeout",
    Kind::Seconds,
    "Seconds until the whole response must have arrived; 0 for no limit.",
)
.default("60");
const IGNORE_ERROR: Attribute = Attribute::new(
    "ignore-error",
    Kind::Boolean,
    "Whether a request without an answer (timeout, no connection) is no failure.",
)
.default("false")
.literal();
const PROXY_URL: Attribute =
    Attribute::new("url", Kind::Text, "The proxy: `http://host:port`.").required();
const PROXY_USERNAME: Attribute = Attribute::new(
    "username",
    Kind::Text,
    "User name, for Basic authentication.",
);
const PROXY_PASSWORD: Attribute = Attribute::new(
    "password",
    Kind::Text,
    "Password, for Basic authentication.",
);

/// `send-request`
pub static DEFINITION: Definition = Definition {
    name: "send-request",
    category: Category::Integration,
    summary: "Sends a request to a URL, waits for the response and keeps it in a variable.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[MODE, RESPONSE_VARIABLE_NAME, TIMEOUT, IGNORE_ERROR],
    content: Content::Children(&[
        Child::new(
            "set-url",
            0,
            1,
            "The URL; required unless the request is a copy.",
        ),
        Child::new(
            "set-method",
            0,
            1,
            "The method; GET without it, or the copied one.",
        ),
        Child::new("set-header", 0, usize::MAX, "A header of the request."),
        Child::new("set-body", 0, 1, "Body of the request."),
        Child::new(
            "authentication-certificate",
            0,
            1,
            "Client certificate; not supported yet.",
        ),
        Child::new(
            "authentication-managed-identity",
            0,
            1,
            "Token of a managed identity; not supported yet.",
        ),
        Child::new("proxy", 0, 1, "Forward proxy for this request.").attributes(&[
            PROXY_URL,
            PROXY_USERNAME,
            PROXY_PASSWORD,
        ]),
    ]),
    compile,
};

/// The limit on the whole exchange where the document gives none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    New,
    Copy,
}

impl Start {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("new") {
            Some(Start::New)
        } else if text.eq_ignore_ascii_case("copy") {
            Some(Start::Copy)
        } else {
            None
        }
    }
}

enum Mould {
    Constant(Start),
    Expression(Setting<Arc<str>>),
}

enum Url {
    Constant(Arc<Target>, String),
    Expression(Setting<Arc<str>>),
}

enum ProxyChoice {
    Constant(Arc<Proxy>),
    Expression {
        url: Setting<Arc<str>>,
        username: Option<Setting<Arc<str>>>,
        password: Option<Setting<Arc<str>>>,
    },
}

struct SendRequest {
    mould: Mould,
    variable: Option<Setting<Arc<str>>>,
    timeout: Setting<Duration>,
    ignore_error: bool,
    url: Option<Url>,
    method: Option<Method>,
    headers: Vec<SetHeader>,
    body: Option<SetBody>,
    proxy: Option<ProxyChoice>,
    needs: Needs,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let mould = compiler.text(element, &MODE);
    let variable = compiler.text(element, &RESPONSE_VARIABLE_NAME);
    let timeout = compiler.seconds(element, &TIMEOUT);
    let ignore_error = compiler.literal_boolean(element, &IGNORE_ERROR);
    if let Some(Setting::Constant(Duration::ZERO)) = timeout {
        compiler.warning(
            "no-timeout",
            element.name_span.clone(),
            "a timeout of 0 means that the response may take for ever",
        );
    }
    let mut parts = Parts::default();
    for child in element.elements() {
        parts.compile(compiler, child);
    }
    let mould = match mould? {
        Setting::Constant(text) => Mould::Constant(Start::parse(&text)?),
        expression => Mould::Expression(expression),
    };
    if matches!(mould, Mould::Constant(Start::New)) && element.element("set-url").is_none() {
        compiler.error(
            "missing-element",
            element.name_span.clone(),
            "<send-request> needs <set-url>, unless mode is 'copy'",
        );
        return None;
    }
    let (timeout, ignore_error) = (timeout?, ignore_error?);
    if parts.failed {
        return None;
    }
    let mut needs = Needs::default().and(&timeout).and_optional(&variable);
    if let Mould::Expression(setting) = &mould {
        needs = needs.and(setting);
    }
    Some(Box::new(SendRequest {
        needs: parts.needs(needs),
        mould,
        variable,
        timeout,
        ignore_error,
        url: parts.url,
        method: parts.method,
        headers: parts.headers,
        body: parts.body,
        proxy: parts.proxy,
    }))
}

/// The children.
#[derive(Default)]
struct Parts {
    url: Option<Url>,
    method: Option<Method>,
    headers: Vec<SetHeader>,
    body: Option<SetBody>,
    proxy: Option<ProxyChoice>,
    failed: bool,
}

impl Parts {
    fn compile(&mut self, compiler: &mut Compiler<'_>, child: &Element) {
        let complete = match child.name.as_str() {
            "set-url" => {
                self.url = url(compiler, child);
                self.url.is_some()
            }
            "set-method" => {
                self.method = method(compiler, child);
                self.method.is_some()
            }
            "set-header" => {
                let header = compiler.child_policy(child, &set_header::DEFINITION, |compiler| {
                    SetHeader::compile(compiler, child)
                });
                let complete = header.is_some();
                self.headers.extend(header);
                complete
            }
            "set-body" => {
                self.body = compiler.child_policy(child, &set_body::DEFINITION, |compiler| {
                    SetBody::compile(compiler, child)
                });
                self.body.is_some()
            }
            "proxy" => {
                self.proxy = proxy(compiler, child);
                self.proxy.is_some()
            }
            "authentication-certificate" | "authentication-managed-identity" => {
                compiler.error(
                    "unsupported-policy",
                    child.name_span.clone(),
                    format!("policy <{}> is not supported yet", child.name),
                );
                false
            }
            // Reported with the content.
            _ => false,
        };
        self.failed |= !complete;
    }

    fn needs(&self, mut needs: Needs) -> Needs {
        if let Some(Url::Expression(setting)) = &self.url {
            needs = needs.and(setting);
        }
        for header in &self.headers {
            needs = header.needs(needs);
        }
        if let Some(body) = &self.body {
            needs = body.needs(needs);
        }
        if let Some(ProxyChoice::Expression {
            url,
            username,
            password,
        }) = &self.proxy
        {
            needs = needs.and(url).and_optional(username).and_optional(password);
        }
        needs
    }
}

fn url(compiler: &mut Compiler<'_>, child: &Element) -> Option<Url> {
    let text = match compiler.content_text(child, true)? {
        Setting::Constant(text) => text,
        expression => return Some(Url::Expression(expression)),
    };
    match compiler.context().backends.request_target(&text) {
        Ok((target, path_and_query)) => Some(Url::Constant(target, path_and_query)),
        Err(error) => {
            compiler.invalid_content(child, &error.to_string());
            None
        }
    }
}

fn method(compiler: &mut Compiler<'_>, child: &Element) -> Option<Method> {
    let Setting::Constant(text) = compiler.content_text(child, false)? else {
        return None;
    };
    let parsed = set_method::parse(&text);
    if parsed.is_none() {
        compiler.invalid_content(child, &format!("'{text}' is not a method"));
    }
    parsed
}

/// A proxy is spoken to in clear text: APIM accepts no other.
fn is_proxy_url(url: &str) -> bool {
    let rest = url
        .trim()
        .split_once("://")
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http"))
        .map(|(_, rest)| rest.trim_end_matches('/'));
    rest.is_some_and(|authority| !authority.is_empty() && !authority.contains(['/', '?', '#', '@']))
}

fn proxy(compiler: &mut Compiler<'_>, child: &Element) -> Option<ProxyChoice> {
    let url = compiler.text(child, &PROXY_URL);
    let username = compiler.text(child, &PROXY_USERNAME);
    let password = compiler.text(child, &PROXY_PASSWORD);
    let url = url?;
    if let Setting::Constant(text) = &url {
        let attribute = child.attribute(PROXY_URL.name)?;
        if !is_proxy_url(text) {
            compiler.invalid_value(&attribute.value, "a proxy's URL is http://host:port");
            return None;
        }
    }
    let constant = |setting: &Option<Setting<Arc<str>>>| match setting {
        None => Some(None),
        Some(Setting::Constant(text)) => Some(Some(text.clone())),
        Some(Setting::Expression(_)) => None,
    };
    Some(match (&url, constant(&username), constant(&password)) {
        (Setting::Constant(text), Some(username), Some(password)) => {
            ProxyChoice::Constant(Arc::new(proxy_of(text, username, password)))
        }
        _ => ProxyChoice::Expression {
            url,
            username,
            password,
        },
    })
}

fn proxy_of(url: &str, username: Option<Arc<str>>, password: Option<Arc<str>>) -> Proxy {
    Proxy {
        url: url.trim().into(),
        credentials: username
            .filter(|username| !username.is_empty())
            .map(|username| (username, password.unwrap_or_else(|| "".into()))),
    }
}

/// Everything the expressions yield: from here on nothing is evaluated.
struct Plan {
    variable: Option<Arc<str>>,
    timeout: Duration,
    /// A text that is no URL is a failure of the call, which `ignore-error` covers, not of an expression.
    destination: Result<(Arc<Target>, String), String>,
    method: Method,
    headers: HeaderMap,
    body: Body,
    proxy: Option<Arc<Proxy>>,
}

impl SendRequest {
    fn start(&self, exchange: &mut Exchange) -> Result<Start, Failure> {
        match &self.mould {
            Mould::Constant(start) => Ok(*start),
            Mould::Expression(setting) => {
                let Some(text) = setting.get_optional(exchange)? else {
                    return Ok(Start::New);
                };
                Start::parse(&text).ok_or_else(|| {
                    PolicyError::expression(
                        DEFINITION.name,
                        format!("'{}' is not a valid mode; it is new or copy", &*text),
                    )
                    .into()
                })
            }
        }
    }

    /// Builds the request. Runs again when a body had to be buffered first, so it changes nothing.
    fn plan(&self, exchange: &mut Exchange, start: Start) -> Result<Plan, Failure> {
        let variable = optional(&self.variable, exchange)?;
        let timeout = self.timeout.get_or(exchange, DEFAULT_TIMEOUT)?;
        let destination = match &self.url {
            Some(Url::Constant(target, path_and_query)) => {
                Ok((target.clone(), path_and_query.clone()))
            }
            Some(Url::Expression(setting)) => {
                let text = setting.text(exchange)?;
                let backends = &exchange.runtime.backends;
                backends
                    .request_target(&text)
                    .map_err(|error| error.to_string())
            }
            None if start == Start::New => {
                return Err(PolicyError::expression(
                    DEFINITION.name,
                    "a new request needs <set-url>",
                )
                .into());
            }
            None => current_url(exchange),
        };
        let mut headers = HeaderMap::new();
        let mut method = Method::GET;
        if start == Start::Copy {
            headers = copied_headers(exchange);
            method = exchange.request.method.clone();
        }
        if let Some(own) = &self.method {
            method = own.clone();
        }
        for header in &self.headers {
            let change = header.evaluate(exchange, |_, name| headers.contains_key(name))?;
            change.apply(&mut headers);
        }
        let body = match &self.body {
            Some(body) => {
                let bytes = body.evaluate(exchange)?;
                headers.remove(header::CONTENT_ENCODING);
                Body::Buffered(bytes)
            }
            None if start == Start::Copy && exchange.section() != Section::Outbound => {
                match exchange.request.body.bytes() {
                    Some(bytes) => Body::Buffered(bytes.clone()),
                    None => Body::Absent,
                }
            }
            None => Body::Absent,
        };
        let proxy = match &self.proxy {
            None => None,
            Some(ProxyChoice::Constant(proxy)) => Some(proxy.clone()),
            Some(ProxyChoice::Expression {
                url,
                username,
                password,
            }) => {
                let url = url.get(exchange)?;
                if !is_proxy_url(&url) {
                    return Err(PolicyError::expression(
                        DEFINITION.name,
                        "a proxy's URL is http://host:port",
                    )
                    .into());
                }
                let username = optional(username, exchange)?;
                let password = optional(password, exchange)?;
                Some(Arc::new(proxy_of(&url, username, password)))
            }
        };
        Ok(Plan {
            variable,
            timeout,
            destination,
            method,
            headers,
            body,
            proxy,
        })
    }

    async fn run(&self, exchange: &mut Exchange) -> Result<Outcome, PolicyError> {
        let start = buffering(exchange, self.needs, DEFINITION.name, |exchange| {
            self.start(exchange)
        })
        .await?;
        // A copied body is read here and forwarded later: it must stay.
        if start == Start::Copy && self.body.is_none() && exchange.section() != Section::Outbound {
            exchange
                .buffer_body(MessageSide::Request, DEFINITION.name)
                .await?;
        }
        let plan = buffering(exchange, self.needs, DEFINITION.name, |exchange| {
            self.plan(exchange, start)
        })
        .await?;
        let variable = plan.variable.clone();
        let value = match call(exchange, plan).await {
            Ok(response) => Value::from(std::rc::Rc::new(response)),
            Err(error) if self.ignore_error => {
                tracing::debug!(
                    request_id = %exchange.request_id,
                    error = error.message(),
                    "send-request failed; ignored"
                );
                exchange.trace_message(DEFINITION.name, error.message(), Vec::new());
                Value::Null
            }
            Err(error) => return Err(error),
        };
        if let Some(name) = variable.filter(|name| !name.is_empty()) {
            store(exchange, &name, value, DEFINITION.name)?;
        }
        Ok(Outcome::Continue)
    }
}

/// The URL a copied request goes to: that of the current request, as `forward-request` would send it.
fn current_url(exchange: &Exchange) -> Result<(Arc<Target>, String), String> {
    let target = exchange
        .backend
        .target()
        .ok_or("the request has no backend URL to copy; give <set-url>")?;
    let path_and_query = subscription_key::url(exchange).join(target.base_path(), &[]);
    Ok((target.clone(), path_and_query))
}

/// The current request's headers, without those of its connection, its framing and its host.
fn copied_headers(exchange: &Exchange) -> HeaderMap {
    let mut headers = exchange.request.headers.clone();
    hop_by_hop::strip(&mut headers);
    for name in [header::HOST, header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(name);
    }
    subscription_key::strip_header(exchange, &mut headers);
    headers
}

/// Sends the request and reads the whole answer.
async fn call(exchange: &Exchange, plan: Plan) -> Result<ResponseObject, PolicyError> {
    let (target, path_and_query) = plan.destination.map_err(|message| {
        PolicyError::new(DEFINITION.name, Some("BackendConnectionFailure"), message)
    })?;
    let mut headers = plan.headers;
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, target.authority().clone());
    }
    let host = target.host().to_owned();
    let request = UpstreamRequest {
        target,
        method: plan.method,
        path_and_query: path_and_query
            .try_into()
            .map_err(|_| transport_failure(&TransportError::invalid_path(), DEFINITION.name))?,
        headers,
        body: plan.body,
        http_version: HttpVersion::One,
        // One deadline covers headers and body.
        timeout: None,
        continue_timeout: None,
        proxy: plan.proxy,
    };
    let ports = exchange.ports.clone();
    let limit = exchange.runtime.limits.response_buffer;
    let answer = async {
        let mut response = ports.upstream.send(request).await?;
        response
            .body
            .buffer(limit)
            .await
            .map_err(|error| TransportError {
                kind: TransportErrorKind::Reset,
                message: format!("response of {host}: {error}"),
            })?;
        Ok(response)
    };
    let answer = if plan.timeout.is_zero() {
        answer.await
    } else {
        let deadline = ports.clock.sleep(plan.timeout);
        match select(std::pin::pin!(answer), deadline).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(TransportError {
                kind: TransportErrorKind::Timeout,
                message: format!("{host} did not answer completely within {:?}", plan.timeout),
            }),
        }
    };
    answer
        .map(|response| response_object(response, limit))
        .map_err(|error| transport_failure(&error, DEFINITION.name))
}

/// The response as expressions and `return-response` see it: its body plain.
fn response_object(mut response: UpstreamResponse, limit: usize) -> ResponseObject {
    hop_by_hop::strip(&mut response.headers);
    let raw = response.body.bytes().cloned().unwrap_or_default();
    let body = decoded(&response.headers, &raw, limit);
    if body != raw {
        response.headers.remove(header::CONTENT_ENCODING);
        response.headers.remove(header::CONTENT_LENGTH);
    }
    let reason = match &response.reason {
        Some(reason) => reason.clone(),
        None => response.status.canonical_reason().unwrap_or("").into(),
    };
    ResponseObject::new(response.status.as_u16(), reason, response.headers, body)
}

impl Policy for SendRequest {
    fn mode(&self) -> Mode {
        Mode::Waiting
    }

    fn run(&self, _exchange: &mut Exchange) -> Result<Outcome, Failure> {
        Ok(Outcome::Continue)
    }

    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move { Ok(SendRequest::run(self, exchange).await?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_http_origin() {
        for good in ["http://proxy:8080", "HTTP://p/", " http://p "] {
            assert!(is_proxy_url(good), "{good}");
        }
        for bad in [
            "https://proxy:8080",
            "proxy:8080",
            "http://",
            "http://p/x",
            "http://u@p",
        ] {
            assert!(!is_proxy_url(bad), "{bad}");
        }
    }

    #[test]
    fn modes_are_read_in_any_case() {
        assert_eq!(Start::parse(" Copy "), Some(Start::Copy));
        assert_eq!(Start::parse("other"), None);
    }
}
