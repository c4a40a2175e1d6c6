//! `cache-lookup-value`: reads a value of the cache into a variable.

use std::sync::Arc;

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Sections,
};
use tidegate_policy_xml::Element;
use tidegate_state::Key;

use crate::caching::{CACHING_TYPE, KEY, has_cache, key_of, stored, tell};
use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{AnyValue, Setting};
use crate::transform::set_variable::store;

const VARIABLE_NAME: Attribute = Attribute::new(
    "variable-name",
    Kind::Text,
    "Variable that gets the value; it is left alone when there is neither an entry nor a default.",
)
.required()
.literal();
const DEFAULT_VALUE: Attribute = Attribute::new(
    "default-value",
    Kind::Any,
    "What the variable gets when there is no entry.",
);

/// `cache-lookup-value`
pub static DEFINITION: Definition = Definition {
    name: "cache-lookup-value",
    category: Category::Caching,
    summary: "Reads a value of the cache into a variable.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[KEY, VARIABLE_NAME, DEFAULT_VALUE, CACHING_TYPE],
    content: Content::Empty,
    compile,
};

struct CacheLookupValue {
    key: Setting<Arc<str>>,
    variable: Arc<str>,
    default: Option<AnyValue>,
    has_cache: bool,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let key = compiler.text(element, &KEY);
    let variable = compiler.literal(element, &VARIABLE_NAME);
    let default = compiler.any(element, &DEFAULT_VALUE);
    let has_cache = has_cache(compiler, element);
    if default.is_none() && element.attribute(DEFAULT_VALUE.name).is_some() {
        return None;
    }
    Some(Box::new(CacheLookupValue {
        key: key?,
        variable: variable?,
        default,
        has_cache: has_cache?,
    }))
}

impl CacheLookupValue {
    async fn look_up(&self, exchange: &mut Exchange) -> Result<Outcome, PolicyError> {
        let key = key_of(&self.key, exchange).await?;
        let ports = exchange.ports.clone();
        let found = if self.has_cache {
            let now = ports.clock.monotonic();
            ports.store.get(Key::value(&key), now).await
        } else {
            Ok(None)
        };
        let found = found.unwrap_or_else(|error| {
            tell(exchange, DEFINITION.name, &error);
            None
        });
        let found = found.as_ref().and_then(stored::to_value);
        let value = match (found, &self.default) {
            (Some(value), _) => value,
            (None, Some(default)) => default.get_buffering(exchange).await?,
            (None, None) => return Ok(Outcome::Continue),
        };
        store(exchange, &self.variable, value, DEFINITION.name)?;
        Ok(Outcome::Continue)
    }
}

impl Policy for CacheLookupValue {
    /// A store across the network answers later.
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
        Box::pin(async move { Ok(self.look_up(exchange).await?) })
    }
}
