//! `rewrite-uri`: changes path and query of the request to the backend.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tidegate_pipeline::{
    Exchange, Failure, Mode, Outcome, Policy, PolicyError, Scope, Sections, is_absolute_url,
    without_dot_segments,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};
use crate::transform::set_query_parameter::{COMPONENT, pair_is};

const TEMPLATE: Attribute = Attribute::new(
    "template",
    Kind::Text,
    "The new path and query; `{name}` stands for a parameter of the operation's URL template.",
)
.required();
const COPY_UNMATCHED_PARAMS: Attribute = Attribute::new(
    "copy-unmatched-params",
    Kind::Boolean,
    "Whether query parameters that the operation's template does not declare are kept.",
)
.default("true");

/// `rewrite-uri`
pub static DEFINITION: Definition = Definition {
    name: "rewrite-uri",
    category: Category::Transformation,
    summary: "Changes path and query of the request to the backend.",
    sections: Sections::INBOUND,
    scopes: Scopes::ALL,
    attributes: &[TEMPLATE, COPY_UNMATCHED_PARAMS],
    content: Content::Empty,
    compile,
};

/// What may not stand literally in a path: everything a request line forbids, `?` and `#`.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'#')
    .add(b'`')
    .add(b'{')
    .add(b'}');
/// The same for a query.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'`');

struct RewriteUri {
    template: Setting<Arc<str>>,
    copy_unmatched: Setting<bool>,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let template = compiler.text(element, &TEMPLATE);
    let copy_unmatched = compiler.boolean(element, &COPY_UNMATCHED_PARAMS);
    let template = template?;
    if let Setting::Constant(text) = &template {
        let place = element.attribute("template")?.value.span();
        if !is_path_with_query(text) {
            compiler.error(
                "invalid-value",
                place,
                "the template is a path with an optional query, without scheme, host or fragment",
            );
            return None;
        }
        let known = compiler.context().template_parameters;
        if let (Some(known), Scope::Operation) = (known, compiler.scope()) {
            for name in placeholders(text) {
                if !known.iter().any(|known| **known == *name) {
                    compiler.error(
                        "unknown-template-parameter",
                        place.clone(),
                        format!(
                            "Only parameters specified in the original URL template can be used in the rewrite template: '{name}' is not one of them"
                        ),
                    );
                }
            }
        }
    }
    Some(Box::new(RewriteUri {
        template,
        copy_unmatched: copy_unmatched?,
    }))
}

/// Whether a template is what it must be; a URL may still stand in its query.
fn is_path_with_query(template: &str) -> bool {
    !is_absolute_url(template.trim_start()) && !template.contains('#')
}

/// The `{name}`s of a template.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| {
        rest.split_once('}')
            .map(|(name, _)| name)
            .filter(|name| !name.is_empty())
    })
}

/// Why a template cannot be filled.
#[derive(Debug, PartialEq, Eq)]
enum Unfilled<'t> {
    /// There is no such parameter.
    Unknown(&'t str),
    /// The value would lead out of the place the template gives it.
    Escapes(&'t str),
}

/// Replaces `{name}`s.
fn fill<'t>(
    template: &'t str,
    parameters: &[(Arc<str>, String)],
    in_query: bool,
) -> Result<String, Unfilled<'t>> {
    /// Of a decoded value; a wildcard's slashes separate segments.
    const REST: &AsciiSet = &PATH.add(b'%');
    const SEGMENT: &AsciiSet = &REST.add(b'/');
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        let value = parameters
            .iter()
            .find(|(key, _)| **key == *name)
            .map(|(_, value)| value)
            .ok_or(Unfilled::Unknown(name))?;
        if in_query {
            filled.extend(utf8_percent_encode(value, COMPONENT));
        } else if name == "*" {
            if without_dot_segments(&format!("/{value}")).is_some() {
                return Err(Unfilled::Escapes(name));
            }
            filled.extend(utf8_percent_encode(value, REST));
        } else {
            filled.extend(utf8_percent_encode(value, SEGMENT));
        }
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

impl RewriteUri {
    fn rewrite(&self, exchange: &mut Exchange) -> Result<(String, String), Failure> {
        let template = self.template.get(exchange)?;
        let copy_unmatched = self.copy_unmatched.get_or(exchange, true)?;
        if !is_path_with_query(&template) {
            return Err(PolicyError::expression(
                DEFINITION.name,
                "the template is a path with an optional query, without scheme, host or fragment",
            )
            .into());
        }
        let unfilled = |unfilled: Unfilled<'_>| {
            let message = match unfilled {
                Unfilled::Unknown(name) => format!(
                    "Only parameters specified in the original URL template can be used in the rewrite template: '{name}' is not one of them"
                ),
                Unfilled::Escapes(name) => {
                    format!("the value of '{name}' has '..' or '.' among its segments")
                }
            };
            Failure::from(PolicyError::expression(DEFINITION.name, message))
        };
        let parameters = exchange.request.matched_parameters();
        let (path, query) = match template.split_once('?') {
            Some((path, query)) => (path, query),
            None => (&*template, ""),
        };
        let path = fill(path, parameters, false).map_err(unfilled)?;
        let mut path = utf8_percent_encode(&path, PATH).to_string();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let query = fill(query, parameters, true).map_err(unfilled)?;
        let mut query = utf8_percent_encode(&query, QUERY).to_string();
        if copy_unmatched {
            let declared = exchange.matched.declared.as_ref();
            let new_query = query.clone();
            let old = exchange.request.url.query();
            for pair in old.split('&').filter(|pair| !pair.is_empty()) {
                let name = pair.split_once('=').map_or(pair, |(name, _)| name);
                let is_declared = declared
                    .is_some_and(|all| all.template_query.iter().any(|name| pair_is(pair, name)));
                let is_new = new_query.split('&').any(|new| pair_is(new, name));
                if !is_declared && !is_new {
                    if !query.is_empty() {
                        query.push('&');
                    }
                    query.push_str(pair);
                }
            }
        }
        Ok((path, query))
    }
}

impl Policy for RewriteUri {
    fn mode(&self) -> Mode {
        Needs::default()
            .and(&self.template)
            .and(&self.copy_unmatched)
            .mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let (path, query) = self.rewrite(exchange)?;
        exchange.request.url.set_path(path);
        exchange.request.url.set_query(query);
        exchange.url_changed();
        Ok(Outcome::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_encoded_for_their_place() {
        let parameters = [
            ("id".into(), "a/b c".to_owned()),
            ("*".into(), "x/y z%?".to_owned()),
        ];
        assert_eq!(
            fill("/v/{id}", &parameters, false).as_deref(),
            Ok("/v/a%2Fb%20c")
        );
        assert_eq!(
            fill("/v/{*}", &parameters, false).as_deref(),
            Ok("/v/x/y%20z%25%3F")
        );
        assert_eq!(
            fill("q={id}", &parameters, true).as_deref(),
            Ok("q=a%2Fb%20c")
        );
        assert_eq!(
            fill("/{nope}", &parameters, false),
            Err(Unfilled::Unknown("nope"))
        );
    }

    #[test]
    fn a_value_does_not_lead_out_of_its_place() {
        let parameters = [("*".into(), "x/../../admin".to_owned())];
        assert_eq!(
            fill("/public/{*}", &parameters, false),
            Err(Unfilled::Escapes("*"))
        );
    }

    #[test]
    fn a_template_may_hold_a_url_in_its_query_but_be_none() {
        assert!(is_path_with_query("/p?next=https://example.com/x"));
        assert!(!is_path_with_query("https://example.com/x"));
        assert!(!is_path_with_query("/p#f"));
    }

    #[test]
    fn placeholders_are_found() {
        let names: Vec<&str> = placeholders("/a/{b}/{c}?d={e}").collect();
        assert_eq!(names, ["b", "c", "e"]);
    }
}
