//! The state of one backend, shared by every API, pool and thread that uses it.
//!
//! Flows in: admissions and the outcomes of attempts. Flows out: an [`Attempt`] or the open circuit that forbids it, the
//! numbers strategies choose by (in flight, latency, cooling), and a [`BackendView`]. It never forgets an attempt in
//! flight: the count falls when the [`Attempt`] is dropped, however that happens.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::breaker::{BreakerRule, Circuit, Observer, RuleView, Transition};
use crate::latency::LatencyAverage;
use crate::outcome::{Answer, Finished, Outcome};
use crate::pool::Pool;
use crate::{RateLimit, header_seconds, lock, nanos};

/// How long strategies that look at outcomes avoid a failing backend that did not say how long.
const COOLING: Duration = Duration::from_secs(1);
/// The longest they avoid it, whatever it asked for; the circuit breaker is the place for long waits.
const COOLING_LIMIT: Duration = Duration::from_secs(60);

/// A backend, as far as balancing is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendConfig {
    /// Resource name.
    pub id: Arc<str>,
    /// Its URL, or whatever else tells one server from another: state is kept over a reload while it stays the same.
    pub address: Arc<str>,
    /// `circuitBreaker.rules`; without any the backend is always available.
    pub rules: Vec<BreakerRule>,
}

impl BackendConfig {
    /// A backend without circuit breaker.
    pub fn new(id: impl Into<Arc<str>>, address: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.into(),
            address: address.into(),
            rules: Vec::new(),
        }
    }

    /// The same with one more rule.
    #[must_use]
    pub fn with_rule(mut self, rule: BreakerRule) -> Self {
        self.rules.push(rule);
        self
    }
}

/// A backend's circuit is open: nothing may be sent to it. The text is the reason phrase of the gateway's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Backend '{backend}' is temporarily unavailable")]
pub struct Unavailable {
    /// Id of the backend.
    pub backend: Arc<str>,
    /// Name of the rule that keeps it open.
    pub rule: Arc<str>,
    /// Time until it closes.
    pub reopens_in: Duration,
    /// Status to answer with.
    pub status: u16,
}

impl Unavailable {
    /// The value for a `Retry-After` header: whole seconds, rounded up, at least 1.
    pub fn retry_after_seconds(&self) -> u64 {
        header_seconds(self.reopens_in)
    }
}

/// Whether a circuit lets requests through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CircuitView {
    /// It does.
    Closed,
    /// It does not.
    Open {
        /// Name of the rule that keeps it open longest.
        rule: Arc<str>,
        /// When it closes.
        until: Duration,
        /// Status answered meanwhile.
        status: u16,
    },
}

/// A backend's present state, for metrics and people.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendView {
    /// Resource name.
    pub id: Arc<str>,
    /// Its circuit.
    pub circuit: CircuitView,
    /// Each rule of it.
    pub rules: Vec<RuleView>,
    /// Attempts under way.
    pub in_flight: u32,
    /// Attempts begun so far.
    pub attempts: u64,
    /// Of these, answered 429.
    pub throttled: u64,
    /// Of these, answered 5xx or not at all.
    pub failed: u64,
    /// How often the circuit opened.
    pub opened: u64,
    /// Tokens charged so far, as far as responses told.
    pub tokens: u64,
    /// Recent time until response headers; `None` before the first success.
    pub latency: Option<Duration>,
    /// The newest rate-limit headers.
    pub rate_limit: RateLimit,
}

/// What outcomes taught, apart from the circuit.
#[derive(Debug, Default)]
struct Learned {
    latency: LatencyAverage,
    rate_limit: RateLimit,
}

/// A backend's state. All times are nanoseconds on the scale of `now`.
#[derive(Debug)]
pub struct BackendState {
    config: BackendConfig,
    observer: Arc<dyn Observer>,
    circuit: Mutex<Circuit>,
    /// A copy of the circuit's end, 0 while closed: lets selection pass without the lock.
    open_until: AtomicU64,
    cooling_until: AtomicU64,
    learned: Mutex<Learned>,
    in_flight: AtomicU32,
    attempts: AtomicU64,
    throttled: AtomicU64,
    failed: AtomicU64,
    opened: AtomicU64,
    tokens: AtomicU64,
}

impl BackendState {
    pub(crate) fn new(config: BackendConfig, observer: Arc<dyn Observer>) -> Self {
        Self {
            circuit: Mutex::new(Circuit::new(&config.rules)),
            config,
            observer,
            open_until: AtomicU64::new(0),
            cooling_until: AtomicU64::new(0),
            learned: Mutex::default(),
            in_flight: AtomicU32::new(0),
            attempts: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
        }
    }

    /// Resource name.
    pub fn id(&self) -> &str {
        &self.config.id
    }

    /// Its configuration.
    pub fn config(&self) -> &BackendConfig {
        &self.config
    }

    /// Attempts under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Recent time until response headers in seconds, see `latency.rs`; `None` before the first success.
    pub fn latency_seconds(&self, now: Duration) -> Option<f64> {
        lock(&self.learned).latency.seconds(now)
    }

    /// Whether its latest answer was a 429, a 5xx or none, and the wait it asked for (or a second) is not over.
    pub fn is_cooling(&self, now: Duration) -> bool {
        nanos(now) < self.cooling_until.load(Ordering::Relaxed)
    }

    /// Whether its circuit is closed. Notices when an open circuit's time is over.
    pub fn is_available(&self, now: Duration) -> bool {
        self.unavailable(now).is_none()
    }

    /// The open circuit that forbids sending now; `None` while closed. Notices when an open circuit's time is over.
    pub fn unavailable(&self, now: Duration) -> Option<Unavailable> {
        if self.open_until.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut circuit = lock(&self.circuit);
        let open = self.settle(&mut circuit, now)?;
        Some(Unavailable {
            backend: Arc::clone(&self.config.id),
            rule: Arc::clone(&open.rule.name),
            reopens_in: open.until.saturating_sub(now),
            status: open.rule.failure_status,
        })
    }

    /// Begins an attempt on this very backend, outside any pool.
    ///
    /// # Errors
    /// Its circuit is open.
    pub fn admit(self: &Arc<Self>, now: Duration) -> Result<Attempt, Unavailable> {
        match self.unavailable(now) {
            Some(unavailable) => Err(unavailable),
            None => Ok(Attempt::begin(Arc::clone(self), None)),
        }
    }

    /// The present state.
    pub fn view(&self, now: Duration) -> BackendView {
        let (circuit, rules) = {
            let mut guard = lock(&self.circuit);
            let circuit = match self.settle(&mut guard, now) {
                None => CircuitView::Closed,
                Some(open) => CircuitView::Open {
                    rule: Arc::clone(&open.rule.name),
                    until: open.until,
                    status: open.rule.failure_status,
                },
            };
            (circuit, guard.view(&self.config.rules, now))
        };
        let learned = lock(&self.learned);
        BackendView {
            id: Arc::clone(&self.config.id),
            circuit,
            rules,
            in_flight: self.in_flight(),
            attempts: self.attempts.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            opened: self.opened.load(Ordering::Relaxed),
            tokens: self.tokens.load(Ordering::Relaxed),
            latency: learned
                .latency
                .seconds(now)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            rate_limit: learned.rate_limit,
        }
    }

    fn outcome(&self, now: Duration, outcome: &Outcome) {
        self.count(now, outcome);
        let tells_latency = outcome.answer.tells_latency();
        if tells_latency || !outcome.rate_limit.is_empty() {
            let mut learned = lock(&self.learned);
            if tells_latency {
                learned.latency.add(outcome.latency, now);
            }
            if !outcome.rate_limit.is_empty() {
                learned.rate_limit = outcome.rate_limit;
            }
        }
        if Circuit::concerns(&self.config.rules, outcome.answer) {
            let mut circuit = lock(&self.circuit);
            self.settle(&mut circuit, now);
            let emit = |rule: &BreakerRule, open_for, by_retry_after| {
                self.opened.fetch_add(1, Ordering::Relaxed);
                // Never 0, which means closed; the circuit itself says that it is over at once.
                let until = nanos(now.saturating_add(open_for)).max(1);
                self.open_until.fetch_max(until, Ordering::Release);
                self.observer.transition(&Transition::Opened {
                    backend: Arc::clone(&self.config.id),
                    rule: Arc::clone(&rule.name),
                    at: now,
                    open_for,
                    by_retry_after,
                    cause: outcome.answer,
                });
            };
            circuit.record(&self.config.rules, now, outcome, emit);
        }
    }

    fn count(&self, now: Duration, outcome: &Outcome) {
        match outcome.answer {
            answer if answer.is_served() => {
                if self.cooling_until.load(Ordering::Relaxed) != 0 {
                    self.cooling_until.store(0, Ordering::Relaxed);
                }
                return;
            }
            Answer::Status(429) => self.throttled.fetch_add(1, Ordering::Relaxed),
            _ => self.failed.fetch_add(1, Ordering::Relaxed),
        };
        let cooling = outcome.retry_after.unwrap_or(COOLING).min(COOLING_LIMIT);
        self.cooling_until
            .store(nanos(now.saturating_add(cooling)), Ordering::Relaxed);
    }

    /// Closes what is over and returns what is still open; keeps the copy of its end true.
    fn settle<'a>(
        &'a self,
        circuit: &mut Circuit,
        now: Duration,
    ) -> Option<crate::breaker::Open<'a>> {
        let open = circuit.settle(&self.config.rules, now, |rule| {
            self.observer.transition(&Transition::Closed {
                backend: Arc::clone(&self.config.id),
                rule: Arc::clone(&rule.name),
                at: now,
            });
        });
        let until = open.map_or(0, |open| nanos(open.until).max(1));
        self.open_until.store(until, Ordering::Release);
        open
    }
}

/// One request on its way to a backend; counts as in flight until dropped, so keep it until the response body ended.
///
/// Report [`Attempt::outcome`] as soon as the response headers or a failure arrive. Drop it unreported when the client
/// went away: that says nothing of the backend.
#[must_use = "the attempt is in flight only as long as this lives"]
pub struct Attempt {
    backend: Arc<BackendState>,
    /// The pool that chose it, and which of its members it is.
    via: Option<(Arc<Pool>, usize)>,
}

impl Attempt {
    pub(crate) fn begin(backend: Arc<BackendState>, via: Option<(Arc<Pool>, usize)>) -> Self {
        backend.in_flight.fetch_add(1, Ordering::Relaxed);
        backend.attempts.fetch_add(1, Ordering::Relaxed);
        Self { backend, via }
    }

    /// The backend it goes to.
    pub fn backend(&self) -> &Arc<BackendState> {
        &self.backend
    }

    /// Tells breaker and strategy how the backend answered.
    pub fn outcome(&self, now: Duration, outcome: &Outcome) {
        self.backend.outcome(now, outcome);
        if let Some((pool, member)) = &self.via {
            pool.strategy().outcome(*member, now, outcome);
        }
    }

    /// Tells that the response has ended.
    pub fn finished(&self, now: Duration, finished: &Finished) {
        if let Some(tokens) = finished.tokens {
            self.backend.tokens.fetch_add(tokens, Ordering::Relaxed);
        }
        if let Some((pool, member)) = &self.via {
            pool.strategy().finished(*member, now, finished);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.backend.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("backend", &self.backend.id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "backend_tests.rs"]
mod tests;
