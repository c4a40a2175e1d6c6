//! All resources together, and what they share.
//!
//! In: a configuration and a clock. Out: the state behind every listener. Knows no sockets.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tidegate_openai::Encoding;

use crate::clock::Clock;
use crate::config::{ConfigError, SimulatorConfig};
use crate::random;
use crate::resource::Resource;

/// Prompts whose token counts are remembered.
const CACHED_COUNTS: usize = 4_096;
/// Bodies above this size are counted off the I/O threads.
const INLINE_COUNT: usize = 64 * 1024;

/// The simulator without its sockets.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: SimulatorConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) resources: Vec<Arc<Resource>>,
    counts: Cache<u64, u64>,
}

impl Core {
    pub(crate) fn new(config: SimulatorConfig, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            resources: config
                .resources
                .iter()
                .map(|resource| Arc::new(Resource::new(resource, &config, Arc::clone(&clock))))
                .collect(),
            clock,
            config,
            counts: Cache::new(CACHED_COUNTS),
        })
    }

    /// The resource of a name.
    pub(crate) fn resource(&self, name: &str) -> Option<&Arc<Resource>> {
        self.resources
            .iter()
            .find(|resource| resource.config.name.eq_ignore_ascii_case(name))
    }

    /// Counts the tokens of a body once: equal bodies are counted from memory, large ones on a thread of their own.
    pub(crate) async fn counted<F>(&self, body: &bytes::Bytes, encoding: Encoding, count: F) -> u64
    where
        F: FnOnce(&[u8]) -> u64 + Send + 'static,
    {
        let key = random::hash(encoding as u64, body);
        if let Some(known) = self.counts.get(&key) {
            return known;
        }
        let tokens = if body.len() <= INLINE_COUNT {
            count(body)
        } else {
            let body = body.clone();
            // The task can only be lost to a runtime that shuts down, when nobody reads the answer any more.
            tokio::task::spawn_blocking(move || count(&body))
                .await
                .unwrap_or(0)
        };
        self.counts.insert(key, tokens);
        tokens
    }

    /// Back to the start.
    pub(crate) fn reset(&self) {
        for resource in &self.resources {
            resource.reset();
        }
    }
}
