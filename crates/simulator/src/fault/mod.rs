//! Faults on demand: what is wrong with a resource, for whom, how often.
//!
//! In: rules, from the configuration or the admin endpoint, and each request as it arrives. Out: what becomes of it. The first rule
//! that fires decides; rules of kind `slow` add up and let the search go on. Never touches a socket.

mod document;
mod rules;

pub(crate) use rules::{FaultSet, Verdict};

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_openai::Operation;

/// Rules on one resource.
pub(crate) const MAX_RULES: usize = 64;

/// One rule.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "document::FaultDocument", into = "document::FaultDocument")]
pub struct FaultRule {
    /// Only requests to this deployment; all requests, probes included, when missing.
    pub deployment: Option<String>,
    /// Only this operation.
    pub operation: Option<Operation>,
    /// Share of the matching requests that the rule strikes.
    pub probability: f64,
    /// How many requests the rule strikes before it is spent; without end when missing.
    pub count: Option<u64>,
    /// What happens to them.
    pub action: FaultAction,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// Answered with a status.
    Status {
        /// The status.
        status: u16,
        /// The body; the service's own for this status when missing.
        body: Option<FaultBody>,
        /// More headers.
        headers: Vec<(HeaderName, HeaderValue)>,
    },
    /// Answered with 429.
    Throttle {
        /// The wait told; none when missing.
        retry_after: Option<Wait>,
        /// What ran out.
        cause: ThrottleCause,
    },
    /// Not even connected: the listener closes and connections are reset. On a shared listener, and with a deployment, an operation, a
    /// probability or a count, the connection of each struck request is reset instead.
    Refuse,
    /// Read and never answered; the connection is closed after the time given, if any.
    Hang(Option<Duration>),
    /// The connection is closed before the first byte of the answer.
    Cut,
    /// The connection is closed after this many events of a stream, or in the middle of a body.
    CutStream {
        /// Events sent before.
        after_chunks: u64,
    },
    /// Nothing more comes after this many events of a stream, or half of a body; it goes on after the time given, if any.
    StallStream {
        /// Events sent before.
        after_chunks: u64,
        /// How long nothing comes.
        duration: Option<Duration>,
    },
    /// An error event ends the stream after this many events; a request without stream gets 500.
    ErrorInStream {
        /// Events sent before.
        after_chunks: u64,
    },
    /// Everything takes longer.
    Slow {
        /// Factor on every wait.
        factor: f64,
        /// Added before the first byte.
        delay: Duration,
    },
    /// Answered with something that is no answer.
    Garbage(Garbage),
}

/// The body of a status fault.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultBody {
    /// Sent as it is.
    Text(String),
    /// Sent as JSON.
    Json(Value),
}

/// A wait, in the unit in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// `retry-after`
    Seconds(u64),
    /// `retry-after-ms`, and `retry-after` rounded up.
    Millis(u64),
}

/// What a throttle fault claims ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ThrottleCause {
    /// Tokens per minute.
    #[default]
    Tokens,
    /// Requests per minute.
    Calls,
    /// The region's shared pool.
    Capacity,
    /// The short message without a cause.
    Short,
}

/// Answers that are no answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Garbage {
    /// Bytes that are not HTTP.
    #[default]
    NotHttp,
    /// 200 `application/json`, with a body that is not JSON.
    NotJson,
    /// 200 `application/json`, with JSON of another shape.
    WrongShape,
    /// 200 `text/html`.
    Html,
}

impl FaultRule {
    /// A rule that always strikes every request.
    pub fn always(action: FaultAction) -> Self {
        Self {
            deployment: None,
            operation: None,
            probability: 1.0,
            count: None,
            action,
        }
    }

    /// Whether it takes the whole resource off the network.
    pub(crate) fn closes_listener(&self) -> bool {
        self.action == FaultAction::Refuse
            && self.deployment.is_none()
            && self.operation.is_none()
            && self.probability >= 1.0
            && self.count.is_none()
    }
}

impl FaultAction {
    /// The word for it in logs and counters.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            FaultAction::Status { .. } => "status",
            FaultAction::Throttle { .. } => "throttle",
            FaultAction::Refuse => "refuse",
            FaultAction::Hang(_) => "hang",
            FaultAction::Cut => "cut",
            FaultAction::CutStream { .. } => "cutStream",
            FaultAction::StallStream { .. } => "stallStream",
            FaultAction::ErrorInStream { .. } => "errorInStream",
            FaultAction::Slow { .. } => "slow",
            FaultAction::Garbage(_) => "garbage",
        }
    }
}
