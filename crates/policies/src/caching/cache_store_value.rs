//! `cache-store-value`: keeps a value in the cache for requests to come.
//!
//! The entry is a deep copy: a request that goes on changing the object changes nothing for others.

use std::sync::Arc;
use std::time::Duration;

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Sections,
};
use tidegate_policy_xml::Element;
use tidegate_state::Key;

use crate::caching::{CACHING_TYPE, KEY, has_cache, key_of, stored, tell};
use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{AnyValue, Setting};

const VALUE: Attribute = Attribute::new(
    "value",
    Kind::Any,
    "The value: literal text is a string, an expression keeps its type; null empties the entry.",
)
.required();
const DURATION: Attribute = Attribute::new(
    "duration",
    Kind::Integer {
        min: i64::MIN,
        max: i64::MAX,
    },
    "Seconds for which the entry lives; nothing is stored for 0 or less.",
)
.required();

/// `cache-store-value`
pub static DEFINITION: Definition = Definition {
    name: "cache-store-value",
    category: Category::Caching,
    summary: "Keeps a value in the cache for requests to come.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[KEY, VALUE, DURATION, CACHING_TYPE],
    content: Content::Empty,
    compile,
};

struct CacheStoreValue {
    key: Setting<Arc<str>>,
    value: AnyValue,
    duration: Setting<i64>,
    has_cache: bool,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let key = compiler.text(element, &KEY);
    let value = compiler.any(element, &VALUE);
    let duration = compiler.integer(element, &DURATION);
    let has_cache = has_cache(compiler, element);
    Some(Box::new(CacheStoreValue {
        key: key?,
        value: value?,
        duration: duration?,
        has_cache: has_cache?,
    }))
}

impl CacheStoreValue {
    async fn keep(&self, exchange: &mut Exchange) -> Result<Outcome, PolicyError> {
        let key = key_of(&self.key, exchange).await?;
        let value = self.value.get_buffering(exchange).await?;
        let seconds = self.duration.get_buffering(exchange).await?;
        let stored = stored::from_value(&value).map_err(|error| {
            PolicyError::expression(
                DEFINITION.name,
                format!("the value cannot be kept in the cache: {error}"),
            )
        })?;
        if !self.has_cache {
            return Ok(Outcome::Continue);
        }
        let ports = exchange.ports.clone();
        let result = if value.is_null() {
            ports.store.remove(Key::value(&key)).await
        } else {
            let Some(seconds) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
                return Ok(Outcome::Continue);
            };
            let now = ports.clock.monotonic();
            let ttl = Duration::from_secs(seconds);
            ports.store.set(Key::value(&key), stored, ttl, now).await
        };
        if let Err(error) = result {
            tell(exchange, DEFINITION.name, &error);
        }
        Ok(Outcome::Continue)
    }
}

impl Policy for CacheStoreValue {
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
        Box::pin(async move { Ok(self.keep(exchange).await?) })
    }
}
