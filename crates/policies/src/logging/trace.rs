//! `trace`: a message in the request's trace and in the log.
//!
//! Message and metadata are evaluated whether or not anybody listens, so that a faulty expression shows the same way
//! everywhere. Secrets are masked before anything is written; writing never fails the request.

use std::sync::Arc;

use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};

const SOURCE: Attribute = Attribute::new("source", Kind::Text, "Who says it, in the trace.")
    .required()
    .literal();
const SEVERITY: Attribute = Attribute::new(
    "severity",
    Kind::Enumeration(&["verbose", "information", "error"]),
    "How important it is.",
)
.default("verbose")
.literal();
const NAME: Attribute = Attribute::new("name", Kind::Text, "Name of the property.").required();
const VALUE: Attribute = Attribute::new("value", Kind::Text, "Its value.").required();

/// `trace`
pub static DEFINITION: Definition = Definition {
    name: "trace",
    category: Category::Logging,
    summary: "Adds a message to the request's trace and to the log.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[SOURCE, SEVERITY],
    content: Content::Children(&[
        Child::new("message", 1, 1, "The text."),
        Child::new("metadata", 0, usize::MAX, "A property of the message.")
            .attributes(&[NAME, VALUE]),
    ]),
    compile,
};

#[derive(Debug, Clone, Copy)]
enum Severity {
    Verbose,
    Information,
    Error,
}

type Texts = Setting<Arc<str>>;

struct TraceMessage {
    source: Arc<str>,
    severity: Severity,
    message: Texts,
    metadata: Vec<(Texts, Texts)>,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let source = compiler.literal(element, &SOURCE);
    let severity = compiler.literal(element, &SEVERITY);
    let mut message = None;
    let mut metadata = Vec::new();
    let mut complete = true;
    for child in element.elements() {
        match child.name.as_str() {
            "message" => {
                message = compiler.content_text(child, true);
                complete &= message.is_some();
            }
            "metadata" => {
                let name = compiler.text(child, &NAME);
                let value = compiler.text(child, &VALUE);
                match (name, value) {
                    (Some(name), Some(value)) => metadata.push((name, value)),
                    _ => complete = false,
                }
            }
            _ => {}
        }
    }
    if !complete {
        return None;
    }
    Some(Box::new(TraceMessage {
        source: source?,
        severity: match &*severity? {
            "error" => Severity::Error,
            "information" => Severity::Information,
            _ => Severity::Verbose,
        },
        message: message?,
        metadata,
    }))
}

/// Longest text written to the log.
const LOG_LIMIT: usize = 8 * 1024;

/// What of a text goes to the log: without secrets, and not without end.
fn for_log(exchange: &Exchange, text: &str) -> String {
    // Masked before it is cut, so that no half of a secret is left at the end.
    let mut text = exchange.runtime.mask(text);
    if text.len() > LOG_LIMIT {
        text.truncate(text.floor_char_boundary(LOG_LIMIT));
        text.push('…');
    }
    text
}

impl TraceMessage {
    fn log(&self, exchange: &Exchange, message: &str, metadata: &[(String, String)]) {
        macro_rules! event {
            ($level:expr) => {
                if tracing::enabled!(target: "tidegate::policy", $level) {
                    let properties: Vec<(String, String)> = metadata
                        .iter()
                        .map(|(name, value)| (for_log(exchange, name), for_log(exchange, value)))
                        .collect();
                    tracing::event!(
                        target: "tidegate::policy",
                        $level,
                        request_id = %exchange.request_id,
                        api = exchange.matched.api.as_ref().map(|api| &*api.id),
                        operation = exchange.matched.operation.as_ref().map(|operation| &*operation.id),
                        source = &*self.source,
                        metadata = ?properties,
                        "{}",
                        for_log(exchange, message)
                    );
                }
            };
        }
        match self.severity {
            Severity::Verbose => event!(tracing::Level::DEBUG),
            Severity::Information => event!(tracing::Level::INFO),
            Severity::Error => event!(tracing::Level::ERROR),
        }
    }
}

impl Policy for TraceMessage {
    fn mode(&self) -> Mode {
        self.metadata
            .iter()
            .fold(
                Needs::default().and(&self.message),
                |needs, (name, value)| needs.and(name).and(value),
            )
            .mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let message = self.message.text(exchange)?;
        let mut metadata = Vec::with_capacity(self.metadata.len());
        for (name, value) in &self.metadata {
            let name = name.text(exchange)?.to_owned();
            metadata.push((name, value.text(exchange)?.to_owned()));
        }
        self.log(exchange, &message, &metadata);
        exchange.trace_message(&self.source, &message, metadata);
        Ok(Outcome::Continue)
    }
}
