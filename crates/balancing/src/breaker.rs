//! Circuit breaker rules and the state of one backend's circuit.
//!
//! Outcomes of attempts flow in; out flows whether the circuit is open and until when, and each [`Transition`]. As APIM
//! documents it, an open circuit simply resets when its time is over: no half-open probing, history cleared. Rules are
//! evaluated independently; the circuit is open while any of them is.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::outcome::{Answer, Outcome};
use crate::window::{FailureLog, LOG_LIMIT, Slices};

/// Status of a request that finds the circuit open, where the rule names none.
pub const DEFAULT_FAILURE_STATUS: u16 = 503;
/// Attempts within the interval below which no percentage is taken.
pub const DEFAULT_MINIMUM_SAMPLES: u32 = 5;

/// A rule of a backend's `circuitBreaker.rules`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRule {
    /// `name`
    pub name: Arc<str>,
    /// `failureCondition.count`: reaching this number of failures within the interval opens; 0 acts as 1.
    pub count: Option<u32>,
    /// `failureCondition.percentage`: reaching this share of failures among all completed attempts opens.
    pub percentage: Option<u32>,
    /// Attempts within the interval below which `percentage` is not looked at.
    pub minimum_samples: u32,
    /// `failureCondition.interval`: the sliding window.
    pub interval: Duration,
    /// `failureCondition.statusCodeRanges`
    pub status_ranges: Vec<RangeInclusive<u16>>,
    /// `failureCondition.errorReasons`, compared without regard to case; unknown ones never match.
    pub error_reasons: Vec<Arc<str>>,
    /// `tripDuration`
    pub trip_duration: Duration,
    /// `acceptRetryAfter`: the wait that the failing response asks for replaces `trip_duration`.
    pub accept_retry_after: bool,
    /// The longest such wait that is honoured; `None` honours any.
    pub retry_after_cap: Option<Duration>,
    /// `failureResponse.statusCode`
    pub failure_status: u16,
}

impl BreakerRule {
    /// A rule that never opens: no count, no percentage, nothing counted as a failure.
    pub fn new(name: impl Into<Arc<str>>, interval: Duration, trip_duration: Duration) -> Self {
        Self {
            name: name.into(),
            count: None,
            percentage: None,
            minimum_samples: DEFAULT_MINIMUM_SAMPLES,
            interval,
            status_ranges: Vec::new(),
            error_reasons: Vec::new(),
            trip_duration,
            accept_retry_after: false,
            retry_after_cap: None,
            failure_status: DEFAULT_FAILURE_STATUS,
        }
    }

    fn counts_as_failure(&self, answer: Answer) -> bool {
        match answer {
            Answer::Status(status) => self.status_ranges.iter().any(|r| r.contains(&status)),
            Answer::Failed(reasons) => self
                .error_reasons
                .iter()
                .any(|wanted| reasons.iter().any(|is| is.eq_ignore_ascii_case(wanted))),
        }
    }

    /// How long the circuit stays open after `outcome`, and whether the backend asked for that time.
    fn open_for(&self, outcome: &Outcome) -> (Duration, bool) {
        match outcome.retry_after {
            Some(asked) if self.accept_retry_after => (
                self.retry_after_cap.map_or(asked, |cap| asked.min(cap)),
                true,
            ),
            _ => (self.trip_duration, false),
        }
    }
}

/// A circuit opened or closed; APIM publishes these as `CircuitBreaker.Opened` and `CircuitBreaker.Closed`.
#[derive(Debug, Clone, PartialEq)]
pub enum Transition {
    /// From now on the backend gets no requests.
    Opened {
        /// Id of the backend.
        backend: Arc<str>,
        /// Name of the rule.
        rule: Arc<str>,
        /// When.
        at: Duration,
        /// For how long.
        open_for: Duration,
        /// Whether the backend asked for that time (`acceptRetryAfter`).
        by_retry_after: bool,
        /// The failure that made it open.
        cause: Answer,
    },
    /// The rule's time is over. Noticed at the next look at the backend, not at the very moment.
    Closed {
        /// Id of the backend.
        backend: Arc<str>,
        /// Name of the rule.
        rule: Arc<str>,
        /// When it was noticed.
        at: Duration,
    },
}

/// Learns of transitions, in their order for each backend.
///
/// Called with the backend's lock held: it must be quick and must not call back into balancing.
pub trait Observer: Send + Sync + fmt::Debug {
    /// A circuit opened or closed.
    fn transition(&self, transition: &Transition);
}

/// Nobody listens.
impl Observer for () {
    fn transition(&self, _: &Transition) {}
}

/// A rule's present state, for metrics and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleView {
    /// Name of the rule.
    pub name: Arc<str>,
    /// Until when it keeps the circuit open, if it does.
    pub open_until: Option<Duration>,
    /// Failures within its interval.
    pub failures: u64,
    /// Completed attempts within its interval, where the rule counts them (it has a percentage).
    pub samples: Option<u64>,
}

/// What a rule remembers.
#[derive(Debug)]
struct RuleState {
    open_until: Option<Duration>,
    log: Option<FailureLog>,
    slices: Option<Slices>,
}

/// The state of a backend's circuit. The caller provides the lock and the rules it was made for.
#[derive(Debug)]
pub(crate) struct Circuit {
    states: Box<[RuleState]>,
}

/// The rule that keeps a circuit open longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open<'a> {
    pub(crate) rule: &'a BreakerRule,
    pub(crate) until: Duration,
}

impl Circuit {
    pub(crate) fn new(rules: &[BreakerRule]) -> Self {
        let state = |rule: &BreakerRule| {
            let exact = rule.count.is_some_and(|count| count <= LOG_LIMIT);
            let sliced = rule.percentage.is_some() || (rule.count.is_some() && !exact);
            RuleState {
                open_until: None,
                log: exact.then(FailureLog::default),
                slices: sliced.then(|| Slices::new(rule.interval)),
            }
        };
        Self {
            states: rules.iter().map(state).collect(),
        }
    }

    /// Whether an outcome with this answer can change anything: spares most attempts the lock.
    pub(crate) fn concerns(rules: &[BreakerRule], answer: Answer) -> bool {
        rules
            .iter()
            .any(|rule| rule.percentage.is_some() || rule.counts_as_failure(answer))
    }

    /// Closes what is over, telling `emit` of it, and returns what is still open.
    pub(crate) fn settle<'a>(
        &mut self,
        rules: &'a [BreakerRule],
        now: Duration,
        mut emit: impl FnMut(&'a BreakerRule),
    ) -> Option<Open<'a>> {
        let mut longest: Option<Open<'a>> = None;
        for (rule, state) in rules.iter().zip(&mut self.states) {
            let Some(until) = state.open_until else {
                continue;
            };
            if now >= until {
                state.open_until = None;
                emit(rule);
            } else if longest.is_none_or(|open| until > open.until) {
                longest = Some(Open { rule, until });
            }
        }
        longest
    }

    /// Takes an outcome in, unless the circuit is open; call [`Circuit::settle`] first. `emit` learns which rules
    /// opened, for how long, and whether the backend asked for that time.
    pub(crate) fn record<'a>(
        &mut self,
        rules: &'a [BreakerRule],
        now: Duration,
        outcome: &Outcome,
        mut emit: impl FnMut(&'a BreakerRule, Duration, bool),
    ) {
        if self.states.iter().any(|state| state.open_until.is_some()) {
            return;
        }
        for (rule, state) in rules.iter().zip(&mut self.states) {
            let failed = rule.counts_as_failure(outcome.answer);
            state.add(rule, now, failed);
            if failed && state.is_met(rule, now) {
                let (open_for, by_retry_after) = rule.open_for(outcome);
                state.open_until = Some(now.saturating_add(open_for));
                state.clear();
                emit(rule, open_for, by_retry_after);
            }
        }
    }

    pub(crate) fn view(&mut self, rules: &[BreakerRule], now: Duration) -> Vec<RuleView> {
        let view = |(rule, state): (&BreakerRule, &mut RuleState)| RuleView {
            name: Arc::clone(&rule.name),
            open_until: state.open_until.filter(|until| now < *until),
            failures: state.failures(rule, now),
            samples: match &mut state.slices {
                Some(slices) if rule.percentage.is_some() => Some(slices.counts(now).0),
                _ => None,
            },
        };
        rules.iter().zip(&mut self.states).map(view).collect()
    }
}

impl RuleState {
    fn add(&mut self, rule: &BreakerRule, now: Duration, failed: bool) {
        if let (Some(log), Some(count), true) = (&mut self.log, rule.count, failed) {
            log.add(now, rule.interval, count);
        }
        if let Some(slices) = &mut self.slices {
            slices.add(now, failed);
        }
    }

    fn failures(&mut self, rule: &BreakerRule, now: Duration) -> u64 {
        match (&mut self.log, &mut self.slices) {
            (Some(log), _) => log.failures(now, rule.interval),
            (None, Some(slices)) => slices.counts(now).1,
            (None, None) => 0,
        }
    }

    fn is_met(&mut self, rule: &BreakerRule, now: Duration) -> bool {
        let by_count = rule
            .count
            .is_some_and(|count| self.failures(rule, now) >= u64::from(count.max(1)));
        let by_share = match (&mut self.slices, rule.percentage) {
            (Some(slices), Some(percentage)) => {
                let (attempts, failures) = slices.counts(now);
                attempts >= u64::from(rule.minimum_samples)
                    && failures.saturating_mul(100) >= attempts.saturating_mul(percentage.into())
            }
            _ => false,
        };
        by_count || by_share
    }

    fn clear(&mut self) {
        if let Some(log) = &mut self.log {
            log.clear();
        }
        if let Some(slices) = &mut self.slices {
            slices.clear();
        }
    }
}
