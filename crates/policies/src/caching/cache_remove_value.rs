//! `cache-remove-value`: removes a value from the cache.

use std::sync::Arc;

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Sections,
};
use tidegate_policy_xml::Element;
use tidegate_state::Key;

use crate::caching::{CACHING_TYPE, KEY, has_cache, key_of, tell};
use crate::compile::Compiler;
use crate::definition::{Category, Content, Definition, Scopes};
use crate::setting::Setting;

/// `cache-remove-value`
pub static DEFINITION: Definition = Definition {
    name: "cache-remove-value",
    category: Category::Caching,
    summary: "Removes a value from the cache; one that is not there is no error.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[KEY, CACHING_TYPE],
    content: Content::Empty,
    compile,
};

struct CacheRemoveValue {
    key: Setting<Arc<str>>,
    has_cache: bool,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let key = compiler.text(element, &KEY);
    let has_cache = has_cache(compiler, element);
    Some(Box::new(CacheRemoveValue {
        key: key?,
        has_cache: has_cache?,
    }))
}

impl CacheRemoveValue {
    async fn remove(&self, exchange: &mut Exchange) -> Result<Outcome, PolicyError> {
        let key = key_of(&self.key, exchange).await?;
        if self.has_cache {
            let ports = exchange.ports.clone();
            if let Err(error) = ports.store.remove(Key::value(&key)).await {
                tell(exchange, DEFINITION.name, &error);
            }
        }
        Ok(Outcome::Continue)
    }
}

impl Policy for CacheRemoveValue {
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
        Box::pin(async move { Ok(self.remove(exchange).await?) })
    }
}
