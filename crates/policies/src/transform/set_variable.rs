//! `set-variable`: keeps a value in `context.Variables`.

use std::sync::Arc;

use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, PolicyError, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{AnyValue, Needs};

const NAME: Attribute = Attribute::new("name", Kind::Text, "Name of the variable.")
    .required()
    .literal();
const VALUE: Attribute = Attribute::new(
    "value",
    Kind::Any,
    "The value: literal text is a string, an expression keeps its type.",
)
.required();

/// `set-variable`
pub static DEFINITION: Definition = Definition {
    name: "set-variable",
    category: Category::Transformation,
    summary: "Keeps a value in `context.Variables` for later statements of the same request.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[NAME, VALUE],
    content: Content::Empty,
    compile,
};

struct SetVariable {
    name: Arc<str>,
    value: AnyValue,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let name = compiler.literal(element, &NAME);
    let value = compiler.any(element, &VALUE);
    Some(Box::new(SetVariable {
        name: name?,
        value: value?,
    }))
}

/// Creates or replaces a variable.
pub(crate) fn store(
    exchange: &mut Exchange,
    name: &Arc<str>,
    value: tidegate_expressions::Value,
    source: &'static str,
) -> Result<(), PolicyError> {
    let limit = exchange.runtime.limits.variables;
    if exchange.variables.set(name, value, limit) {
        Ok(())
    } else {
        Err(PolicyError::new(
            source,
            None,
            format!("a request may have at most {limit} variables"),
        ))
    }
}

impl Policy for SetVariable {
    fn mode(&self) -> Mode {
        Needs::default().and(&self.value).mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let value = self.value.get(exchange)?;
        store(exchange, &self.name, value, DEFINITION.name)?;
        Ok(Outcome::Continue)
    }
}
