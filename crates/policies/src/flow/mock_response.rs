//! `mock-response`: answers with what the operation declares.
//!
//! The declared responses flow in with the exchange's match; the best fitting one flows out as the response. The body
//! is an example where there is one, else the sample made from the schema, else empty.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, header};
use tidegate_pipeline::{
    Body, DeclaredResponse, Exchange, Failure, Mode, Outcome, Policy, Representation, Response,
    Sections,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::Setting;
use crate::transform::message::header_value;

const STATUS_CODE: Attribute = Attribute::new(
    "status-code",
    Kind::Integer { min: 200, max: 599 },
    "Status of the response, and which declared response to take.",
)
.default("200")
.literal();
const CONTENT_TYPE: Attribute = Attribute::new(
    "content-type",
    Kind::Text,
    "Media type of the response; without it, the first declared one.",
)
.literal();
const INDEX: Attribute = Attribute::new(
    "index",
    Kind::Integer {
        min: 0,
        max: i32::MAX as i64,
    },
    "Which of several examples to take, from 0; the first one when there is none such.",
)
.literal();

/// `mock-response`
pub static DEFINITION: Definition = Definition {
    name: "mock-response",
    category: Category::Flow,
    summary: "Answers with an example or a generated sample of a declared response; nothing else runs.",
    sections: Sections::INBOUND
        .and(Sections::OUTBOUND)
        .and(Sections::ON_ERROR),
    scopes: Scopes::ALL,
    attributes: &[STATUS_CODE, CONTENT_TYPE, INDEX],
    content: Content::Empty,
    compile,
};

struct MockResponse {
    status: u16,
    content_type: Option<(Arc<str>, HeaderValue)>,
    index: usize,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let constant = |setting: Option<Setting<i64>>| match setting {
        Some(Setting::Constant(number)) => Some(number),
        _ => None,
    };
    let status = constant(compiler.integer(element, &STATUS_CODE));
    let index = constant(compiler.integer(element, &INDEX));
    if index.is_none() && element.attribute(INDEX.name).is_some() {
        return None;
    }
    let content_type = match element.attribute(CONTENT_TYPE.name) {
        None => None,
        Some(attribute) => {
            let text = compiler.literal(element, &CONTENT_TYPE)?;
            let Some(value) = header_value(&text) else {
                compiler.invalid_value(&attribute.value, "this is not a media type");
                return None;
            };
            Some((Arc::from(text.trim()), value))
        }
    };
    Some(Box::new(MockResponse {
        status: u16::try_from(status?).ok()?,
        content_type,
        index: usize::try_from(index.unwrap_or(0)).ok()?,
    }))
}

/// `type/subtype` without parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or("").trim()
}

impl MockResponse {
    /// The representation to answer with, if one is declared.
    fn choose<'r>(&self, responses: &'r [DeclaredResponse]) -> Option<&'r Representation> {
        responses
            .iter()
            .filter(|response| response.status == self.status)
            .flat_map(|response| &response.representations)
            .find(|representation| match &self.content_type {
                None => true,
                Some((wanted, _)) => {
                    essence(wanted).eq_ignore_ascii_case(essence(&representation.content_type))
                }
            })
    }

    fn body(&self, representation: &Representation) -> Option<Bytes> {
        let examples = &representation.examples;
        examples
            .get(self.index)
            .or_else(|| examples.first())
            .or(representation.sample.as_ref())
            .cloned()
    }
}

impl Policy for MockResponse {
    fn mode(&self) -> Mode {
        Mode::Immediate
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let mut response = Response::new(self.status);
        let declared = exchange.matched.declared.clone();
        let chosen = declared
            .as_ref()
            .and_then(|declared| self.choose(&declared.responses));
        let content_type = match (&self.content_type, chosen) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, Some(representation)) => header_value(&representation.content_type),
            (None, None) => None,
        };
        if let Some(value) = content_type {
            response.headers.insert(header::CONTENT_TYPE, value);
        }
        let body = chosen.and_then(|representation| self.body(representation));
        response.body = Body::Buffered(body.unwrap_or_default());
        exchange.set_response(response);
        Ok(Outcome::Respond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<DeclaredResponse> {
        let representation = |content_type: &str, examples: &[&'static str]| Representation {
            content_type: content_type.into(),
            examples: examples.iter().map(|text| Bytes::from(*text)).collect(),
            sample: Some(Bytes::from("sample")),
        };
        vec![
            DeclaredResponse {
                status: 200,
                representations: vec![
                    representation("application/json; charset=utf-8", &["first", "second"]),
                    representation("text/plain", &[]),
                ],
            },
            DeclaredResponse {
                status: 404,
                representations: Vec::new(),
            },
        ]
    }

    fn body(status: u16, content_type: Option<&str>, index: usize) -> Option<String> {
        let mock = MockResponse {
            status,
            content_type: content_type
                .map(|text| (text.into(), HeaderValue::from_str(text).unwrap())),
            index,
        };
        let declared = declared();
        let bytes = mock.body(mock.choose(&declared)?)?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_best_fitting_declared_response_is_taken() {
        assert_eq!(body(200, None, 0).as_deref(), Some("first"));
        assert_eq!(
            body(200, Some("Application/JSON"), 1).as_deref(),
            Some("second")
        );
        assert_eq!(body(200, None, 9).as_deref(), Some("first"));
        assert_eq!(body(200, Some("text/plain"), 0).as_deref(), Some("sample"));
        assert_eq!(body(200, Some("text/xml"), 0), None);
        assert_eq!(body(404, None, 0), None);
        assert_eq!(body(500, None, 0), None);
    }
}
