//! `return-response`: answers the caller and ends the exchange.

use std::sync::Arc;

use http::header;
use tidegate_pipeline::{Body, Exchange, Failure, Mode, Outcome, Policy, Response, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::setting::Needs;
use crate::transform::{set_body, set_body::SetBody, set_header, set_header::SetHeader};
use crate::transform::{set_status, set_status::SetStatus};

const RESPONSE_VARIABLE_NAME: Attribute = Attribute::new(
    "response-variable-name",
    Kind::Text,
    "Variable that holds the response to begin with, as `send-request` stores it.",
)
.literal();

/// `return-response`
pub static DEFINITION: Definition = Definition {
    name: "return-response",
    category: Category::Flow,
    summary: "Answers the caller at once; nothing else runs.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[RESPONSE_VARIABLE_NAME],
    content: Content::Children(&[
        Child::new(
            "set-status",
            0,
            1,
            "Status of the response; 200 without it.",
        ),
        Child::new("set-header", 0, usize::MAX, "A header of the response."),
        Child::new("set-body", 0, 1, "Body of the response."),
    ]),
    compile,
};

struct ReturnResponse {
    variable: Option<Arc<str>>,
    parts: Vec<Part>,
}

enum Part {
    Status(SetStatus),
    Header(SetHeader),
    Body(SetBody),
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let variable = compiler.literal(element, &RESPONSE_VARIABLE_NAME);
    let mut parts = Vec::new();
    let mut complete = true;
    for child in element.elements() {
        let part = match child.name.as_str() {
            "set-status" => compiler
                .child_policy(child, &set_status::DEFINITION, |compiler| {
                    SetStatus::compile(compiler, child)
                })
                .map(Part::Status),
            "set-header" => compiler
                .child_policy(child, &set_header::DEFINITION, |compiler| {
                    SetHeader::compile(compiler, child)
                })
                .map(Part::Header),
            "set-body" => compiler
                .child_policy(child, &set_body::DEFINITION, |compiler| {
                    SetBody::compile(compiler, child)
                })
                .map(Part::Body),
            _ => continue,
        };
        match part {
            Some(part) => parts.push(part),
            None => complete = false,
        }
    }
    complete.then(|| -> Box<dyn Policy> { Box::new(ReturnResponse { variable, parts }) })
}

impl Policy for ReturnResponse {
    fn mode(&self) -> Mode {
        self.parts
            .iter()
            .fold(Needs::default(), |needs, part| match part {
                Part::Status(status) => status.needs(needs),
                Part::Header(header) => header.needs(needs),
                Part::Body(body) => body.needs(needs),
            })
            .mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let mut response = Response::new(200);
        if let Some(name) = &self.variable {
            let stored = exchange
                .variables
                .get(name)
                .and_then(tidegate_expressions::Value::as_response);
            match stored {
                Some(stored) => {
                    response.status = stored.status;
                    response.reason = Some(stored.reason.to_arc());
                    response.headers = stored.headers.clone();
                    // The body is sent whole, under the framing of this connection.
                    for framing in [
                        header::TRANSFER_ENCODING,
                        header::CONTENT_LENGTH,
                        header::CONNECTION,
                    ] {
                        response.headers.remove(framing);
                    }
                    response.body = Body::Buffered(stored.bytes());
                }
                None => tracing::debug!(
                    request_id = %exchange.request_id,
                    variable = &**name,
                    "return-response: the variable holds no response; beginning with an empty one"
                ),
            }
        }
        for part in &self.parts {
            match part {
                Part::Status(status) => {
                    (response.status, response.reason) = status.evaluate(exchange)?;
                }
                Part::Header(header) => {
                    let change =
                        header.evaluate(exchange, |_, name| response.headers.contains_key(name))?;
                    change.apply(&mut response.headers);
                }
                Part::Body(body) => {
                    response.body = Body::Buffered(body.evaluate(exchange)?);
                    response.headers.remove(header::CONTENT_ENCODING);
                }
            }
        }
        exchange.set_response(response);
        Ok(Outcome::Respond)
    }
}
