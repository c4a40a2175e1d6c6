//! `set-body`: replaces the body of the request or the response.

use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, Sections};
use tidegate_policy_xml::Element;

use bytes::Bytes;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{BodyValue, Needs};
use crate::transform::message::set_body_of_section;

const TEMPLATE: Attribute = Attribute::new(
    "template",
    Kind::Enumeration(&["none", "liquid"]),
    "How the text is rendered; `none` takes it as it stands.",
)
.literal();
const XSI_NIL: Attribute = Attribute::new(
    "xsi-nil",
    Kind::Enumeration(&["blank", "null"]),
    "What an XML element marked nil becomes in a Liquid template.",
)
.literal();
const PARSE_DATE: Attribute = Attribute::new(
    "parse-date",
    Kind::Boolean,
    "Whether texts that look like dates become dates in a Liquid template.",
)
.literal();

/// `set-body`
pub static DEFINITION: Definition = Definition {
    name: "set-body",
    category: Category::Transformation,
    summary: "Replaces the body of the request or the response.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[TEMPLATE, XSI_NIL, PARSE_DATE],
    content: Content::Free("The body: text, markup taken as it stands, or a policy expression."),
    compile: |compiler, element| Some(Box::new(SetBody::compile(compiler, element)?)),
};

/// A compiled `set-body`, also usable on a message that another policy builds.
pub(crate) struct SetBody {
    body: BodyValue,
}

impl SetBody {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Self> {
        if compiler.literal(element, &TEMPLATE).as_deref() == Some("liquid") {
            compiler.error(
                "unsupported-policy",
                element.attribute("template")?.span.clone(),
                "Liquid templates are not supported yet",
            );
            return None;
        }
        for unused in [&XSI_NIL, &PARSE_DATE] {
            if let Some(attribute) = element.attribute(unused.name) {
                compiler.warning(
                    "attribute-without-effect",
                    attribute.span.clone(),
                    format!("'{}' has an effect only in a Liquid template", unused.name),
                );
            }
        }
        // The content may be wrapped in one <value>.
        let mut children = element.elements();
        let wrapped = match (children.next(), children.next()) {
            (Some(value), None) if value.name == "value" => Some(value),
            _ => None,
        };
        let content = wrapped.unwrap_or(element);
        let body = if content.elements().next().is_some() {
            let text = compiler.markup(content)?;
            BodyValue::Literal(Bytes::from(text))
        } else {
            compiler.content_body(content)?
        };
        Some(Self { body })
    }

    pub(crate) fn needs(&self, needs: Needs) -> Needs {
        needs.and(&self.body)
    }

    pub(crate) fn evaluate(&self, exchange: &mut Exchange) -> Result<Bytes, Failure> {
        self.body.get(exchange)
    }
}

impl Policy for SetBody {
    fn mode(&self) -> Mode {
        self.needs(Needs::default()).mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let body = self.evaluate(exchange)?;
        set_body_of_section(exchange, body);
        Ok(Outcome::Continue)
    }
}
