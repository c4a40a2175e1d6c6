//! `set-method`: changes the method of the request to the backend.

use std::sync::Arc;

use http::Method;
use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, PolicyError, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Category, Content, Definition, Scopes};
use crate::setting::{Needs, Setting};

/// `set-method`
pub static DEFINITION: Definition = Definition {
    name: "set-method",
    category: Category::Transformation,
    summary: "Changes the method of the request to the backend.",
    sections: Sections::INBOUND.and(Sections::ON_ERROR),
    scopes: Scopes::ALL,
    attributes: &[],
    content: Content::Text("The method."),
    compile,
};

enum SetMethod {
    Constant(Method),
    Expression(Setting<Arc<str>>),
}

/// A method name: standard ones in any case, others as they are written.
pub(crate) fn parse(text: &str) -> Option<Method> {
    let text = text.trim();
    let upper = text.to_ascii_uppercase();
    let standard = matches!(
        upper.as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT"
    );
    Method::from_bytes(if standard {
        upper.as_bytes()
    } else {
        text.as_bytes()
    })
    .ok()
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let policy = match compiler.content_text(element, true)? {
        Setting::Constant(text) => match parse(&text) {
            Some(method) => SetMethod::Constant(method),
            None => {
                compiler.invalid_content(element, &format!("'{text}' is not a method"));
                return None;
            }
        },
        expression => SetMethod::Expression(expression),
    };
    Some(Box::new(policy))
}

impl Policy for SetMethod {
    fn mode(&self) -> Mode {
        match self {
            SetMethod::Constant(_) => Mode::Immediate,
            SetMethod::Expression(setting) => Needs::default().and(setting).mode(),
        }
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        exchange.request.method = match self {
            SetMethod::Constant(method) => method.clone(),
            SetMethod::Expression(setting) => {
                let text = setting.text(exchange)?;
                parse(&text).ok_or_else(|| {
                    PolicyError::expression(
                        DEFINITION.name,
                        format!("'{}' is not a method", &*text),
                    )
                })?
            }
        };
        Ok(Outcome::Continue)
    }
}
