//! Which backend a request goes to, and which backends get none for a while.
//!
//! What flows in: the configuration of backends and pools, the moment (`now`, time since some fixed point shared by all
//! workers), random bits, and the [`Outcome`] of each attempt. What flows out: an [`Attempt`] on one backend, or the
//! reason why there is none ([`Unavailable`], [`Exhausted`]), circuit [`Transition`]s, and views of the present state.
//! This crate never does I/O, reads no clock, draws no random number and starts no thread; all its state may be shared
//! by any number of threads.
//!
//! ```
//! use std::time::Duration;
//! use tidegate_balancing::*;
//!
//! let config = RegistryConfig {
//!     backends: vec![
//!         BackendConfig::new("east", "https://east.example/openai"),
//!         BackendConfig::new("west", "https://west.example/openai"),
//!     ],
//!     pools: vec![PoolConfig::new("both", ["east", "west"])],
//!     affinity_key: AffinityKey::new([7; 32]),
//! };
//! let registry = BackendRegistry::new(config, std::sync::Arc::new(()))?;
//! let pool = registry.pool("both").expect("configured above");
//!
//! let now = Duration::from_secs(1);
//! let selected = pool.select(&Choice::new(now, 0), None)?;
//! assert_eq!(selected.attempt.backend().id(), "east");
//! selected.attempt.outcome(now, &Outcome::status(200, Duration::from_millis(40)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Map of the crate: [`BackendRegistry`] holds everything by id and carries state over to a new configuration;
//! a [`BackendState`] belongs to one backend, whoever uses it; a [`Pool`] chooses among several with a [`Strategy`],
//! one small file each in `strategy/`; `breaker` holds the circuit breaker's rules and `window` its bounded memory.

#![forbid(unsafe_code)]

mod affinity;
mod backend;
mod breaker;
mod headers;
mod latency;
mod outcome;
mod pool;
mod registry;
mod strategy;
mod window;

pub use affinity::AffinityKey;
pub use backend::{Attempt, BackendConfig, BackendState, BackendView, CircuitView, Unavailable};
pub use breaker::{
    BreakerRule, DEFAULT_FAILURE_STATUS, DEFAULT_MINIMUM_SAMPLES, Observer, RuleView, Transition,
};
pub use headers::{RateLimit, retry_after};
pub use outcome::{Answer, Finished, Outcome};
pub use pool::{Exhausted, MemberConfig, MemberView, Pool, PoolConfig, PoolView, Selected};
pub use registry::{BackendRegistry, ConfigError, RegistryConfig};
pub use strategy::{
    Candidate, Choice, LeastInFlight, PeakEwma, Random, Strategy, StrategyKind, UnknownStrategy,
    WeightedRoundRobin,
};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A lock that outlives a panic elsewhere: what these locks guard is valid after every single statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nanoseconds, saturating after five centuries.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whole seconds for a `Retry-After` header: rounded up, at least 1.
fn header_seconds(duration: Duration) -> u64 {
    let up = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(up).max(1)
}
