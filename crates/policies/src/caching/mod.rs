//! Caching of values.

pub mod cache_lookup_value;
pub mod cache_remove_value;
pub mod cache_store_value;
mod stored;

use std::sync::Arc;

use tidegate_pipeline::{Exchange, PolicyError};
use tidegate_policy_xml::Element;
use tidegate_state::StoreError;

use crate::compile::Compiler;
use crate::definition::{Attribute, Kind};
use crate::setting::Setting;

/// Which cache a policy uses.
pub(crate) const CACHING_TYPE: Attribute = Attribute::new(
    "caching-type",
    Kind::Enumeration(&["internal", "external", "prefer-external"]),
    "Which cache: the built-in one, an external one, or the external one where there is one.",
)
.default("prefer-external")
.literal();

/// Name of an entry.
pub(crate) const KEY: Attribute =
    Attribute::new("key", Kind::Text, "Name of the cache entry.").required();

/// Whether the policy has a cache to work with: `external` alone has none, and the author is told so.
pub(crate) fn has_cache(compiler: &mut Compiler<'_>, element: &Element) -> Option<bool> {
    let external = &*compiler.literal(element, &CACHING_TYPE)? == "external";
    if external && let Some(attribute) = element.attribute(CACHING_TYPE.name) {
        compiler.warning(
            "no-external-cache",
            attribute.span.clone(),
            format!(
                "no external cache is configured, so <{}> finds and stores nothing; leave out caching-type to use the built-in one",
                element.name
            ),
        );
    }
    Some(!external)
}

/// The key now; null is no key.
async fn key_of(
    setting: &Setting<Arc<str>>,
    exchange: &mut Exchange,
) -> Result<Arc<str>, PolicyError> {
    setting.get_buffering(exchange).await
}

/// A cache that does not work never fails a request: it is told, and the request goes on as after a miss.
fn tell(exchange: &mut Exchange, source: &'static str, error: &StoreError) {
    tracing::warn!(request_id = %exchange.request_id, policy = source, "cache: {error}");
    exchange.trace_message(source, &error.to_string(), Vec::new());
}
