//! What became of an attempt, as breakers, strategies and views learn it.
//!
//! Flows in from whoever called the backend, in two steps: an [`Outcome`] when the response headers (or a failure) have
//! arrived, so that a retry already chooses with that knowledge, and [`Finished`] when the last byte has.

use std::time::Duration;

use crate::RateLimit;

/// How a backend answered, or why it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Response headers arrived with this status code.
    Status(u16),
    /// No answer. All names by which a circuit breaker's `errorReasons` may call this failure, such as
    /// `["Timeout", "BackendConnectionFailure"]`.
    Failed(&'static [&'static str]),
}

impl Answer {
    /// Whether the backend did the work: neither throttled (429), nor broken (5xx), nor silent.
    pub fn is_served(self) -> bool {
        matches!(self, Answer::Status(status) if status != 429 && status < 500)
    }

    /// Whether the time until this answer says how fast the backend works. A throttled backend is the fastest to
    /// answer, and so is one that refuses bad input.
    pub fn tells_latency(self) -> bool {
        matches!(self, Answer::Status(status) if status < 400)
    }
}

/// What is known of an attempt once its response headers arrived, or it failed.
///
/// An attempt that the client abandoned has no outcome: it is dropped unreported and counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The status or failure.
    pub answer: Answer,
    /// From sending the request until the response headers, or until the failure.
    pub latency: Duration,
    /// How long the backend asks to be left alone, see [`crate::retry_after`].
    pub retry_after: Option<Duration>,
    /// What the backend told of its quota.
    pub rate_limit: RateLimit,
}

impl Outcome {
    /// An answer with a status code and no headers of interest.
    pub fn status(status: u16, latency: Duration) -> Self {
        Self {
            answer: Answer::Status(status),
            latency,
            retry_after: None,
            rate_limit: RateLimit::default(),
        }
    }

    /// A failure before any response header, by all the names it has.
    pub fn failed(reasons: &'static [&'static str], latency: Duration) -> Self {
        Self {
            answer: Answer::Failed(reasons),
            latency,
            retry_after: None,
            rate_limit: RateLimit::default(),
        }
    }

    /// The same with the wait the backend asked for.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// The same with what the backend told of its quota.
    #[must_use]
    pub fn with_rate_limit(mut self, rate_limit: RateLimit) -> Self {
        self.rate_limit = rate_limit;
        self
    }
}

/// What is known of an attempt once its response has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// From sending the request until the last byte.
    pub duration: Duration,
    /// Tokens the backend charged in total (`usage.total_tokens`), where it told.
    pub tokens: Option<u64>,
    /// Whether the response ended as its framing promised, and did not break off.
    pub complete: bool,
}
