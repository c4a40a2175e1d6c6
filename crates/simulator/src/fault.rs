//! Faults on demand: what is wrong with a resource, for whom, how often.
//!
//! In: rules, from the configuration or the admin endpoint, and each request as it arrives. Out: what becomes of it. The first rule
//! that fires decides; rules of kind `slow` add up and let the search go on. Never touches a socket.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_openai::Operation;

/// Rules on one resource.
pub(crate) const MAX_RULES: usize = 64;
/// The longest time a rule may name.
const MAX_MILLIS: u64 = 24 * 3_600 * 1_000;

/// One rule.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "FaultDocument", into = "FaultDocument")]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Status,
    Throttle,
    Refuse,
    Hang,
    Cut,
    CutStream,
    StallStream,
    ErrorInStream,
    Slow,
    Garbage,
}

/// The flat form in which rules are written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FaultDocument {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<OperationName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<ThrottleCause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_chunks: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<Garbage>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum OperationName {
    ChatCompletions,
    Completions,
    Embeddings,
}

impl From<OperationName> for Operation {
    fn from(name: OperationName) -> Self {
        match name {
            OperationName::ChatCompletions => Operation::ChatCompletions,
            OperationName::Completions => Operation::Completions,
            OperationName::Embeddings => Operation::Embeddings,
        }
    }
}

impl From<Operation> for OperationName {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::ChatCompletions => OperationName::ChatCompletions,
            Operation::Completions => OperationName::Completions,
            Operation::Embeddings => OperationName::Embeddings,
        }
    }
}

impl FaultDocument {
    fn empty(kind: Kind) -> Self {
        Self {
            kind,
            deployment: None,
            operation: None,
            probability: None,
            count: None,
            status: None,
            body: None,
            headers: None,
            retry_after_seconds: None,
            retry_after_ms: None,
            cause: None,
            duration_ms: None,
            after_chunks: None,
            factor: None,
            delay_ms: None,
            form: None,
        }
    }

    /// Members that a rule sets and its kind does not have are mistakes.
    fn check_members(&self, allowed: &[&str]) -> Result<(), String> {
        let set = [
            ("status", self.status.is_some()),
            ("body", self.body.is_some()),
            ("headers", self.headers.is_some()),
            ("retryAfterSeconds", self.retry_after_seconds.is_some()),
            ("retryAfterMs", self.retry_after_ms.is_some()),
            ("cause", self.cause.is_some()),
            ("durationMs", self.duration_ms.is_some()),
            ("afterChunks", self.after_chunks.is_some()),
            ("factor", self.factor.is_some()),
            ("delayMs", self.delay_ms.is_some()),
            ("form", self.form.is_some()),
        ];
        for (name, is_set) in set {
            if is_set && !allowed.contains(&name) {
                let allowed = if allowed.is_empty() {
                    "none".to_owned()
                } else {
                    allowed.join(", ")
                };
                return Err(format!(
                    "`{name}` does not belong to a fault of this kind, whose own members are: {allowed}"
                ));
            }
        }
        Ok(())
    }

    fn duration(millis: Option<u64>) -> Result<Option<Duration>, String> {
        match millis {
            Some(millis) if millis > MAX_MILLIS => {
                Err(format!("times are at most {MAX_MILLIS} ms"))
            }
            millis => Ok(millis.map(Duration::from_millis)),
        }
    }
}

impl TryFrom<FaultDocument> for FaultRule {
    type Error = String;

    fn try_from(document: FaultDocument) -> Result<Self, String> {
        let probability = document.probability.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            return Err("`probability` is a number from 0 to 1".to_owned());
        }
        let chunks = document.after_chunks.unwrap_or(1);
        let action = match document.kind {
            Kind::Status => {
                document.check_members(&["status", "body", "headers"])?;
                let status = document
                    .status
                    .ok_or("a fault of kind `status` needs `status`")?;
                if !(200..=599).contains(&status) {
                    return Err("`status` is a number from 200 to 599".to_owned());
                }
                let mut headers = Vec::new();
                for (name, value) in document.headers.iter().flatten() {
                    let bad = |what: &str| format!("`headers`: '{name}' {what}");
                    let name = HeaderName::try_from(name.as_str())
                        .map_err(|_| bad("is no header name"))?;
                    let value = HeaderValue::try_from(value.as_str())
                        .map_err(|_| bad("has a value that no header can carry"))?;
                    headers.push((name, value));
                }
                let body = document.body.map(|body| match body {
                    Value::String(text) => FaultBody::Text(text),
                    other => FaultBody::Json(other),
                });
                FaultAction::Status {
                    status,
                    body,
                    headers,
                }
            }
            Kind::Throttle => {
                document.check_members(&["retryAfterSeconds", "retryAfterMs", "cause"])?;
                let retry_after = match (document.retry_after_ms, document.retry_after_seconds) {
                    (Some(_), Some(_)) => {
                        return Err(
                            "`retryAfterMs` and `retryAfterSeconds` exclude each other".to_owned()
                        );
                    }
                    (Some(millis), None) => Some(Wait::Millis(millis)),
                    (None, Some(seconds)) => Some(Wait::Seconds(seconds)),
                    (None, None) => None,
                };
                FaultAction::Throttle {
                    retry_after,
                    cause: document.cause.unwrap_or_default(),
                }
            }
            Kind::Refuse => {
                document.check_members(&[])?;
                FaultAction::Refuse
            }
            Kind::Hang => {
                document.check_members(&["durationMs"])?;
                FaultAction::Hang(FaultDocument::duration(document.duration_ms)?)
            }
            Kind::Cut => {
                document.check_members(&[])?;
                FaultAction::Cut
            }
            Kind::CutStream => {
                document.check_members(&["afterChunks"])?;
                FaultAction::CutStream {
                    after_chunks: chunks,
                }
            }
            Kind::StallStream => {
                document.check_members(&["afterChunks", "durationMs"])?;
                FaultAction::StallStream {
                    after_chunks: chunks,
                    duration: FaultDocument::duration(document.duration_ms)?,
                }
            }
            Kind::ErrorInStream => {
                document.check_members(&["afterChunks"])?;
                FaultAction::ErrorInStream {
                    after_chunks: chunks,
                }
            }
            Kind::Slow => {
                document.check_members(&["factor", "delayMs"])?;
                let factor = document.factor.unwrap_or(1.0);
                if !(0.0..=10_000.0).contains(&factor) {
                    return Err("`factor` is a number from 0 to 10000".to_owned());
                }
                let delay = FaultDocument::duration(document.delay_ms)?.unwrap_or_default();
                FaultAction::Slow { factor, delay }
            }
            Kind::Garbage => {
                document.check_members(&["form"])?;
                FaultAction::Garbage(document.form.unwrap_or_default())
            }
        };
        Ok(Self {
            deployment: document.deployment,
            operation: document.operation.map(Operation::from),
            probability,
            count: document.count,
            action,
        })
    }
}

impl From<FaultRule> for FaultDocument {
    fn from(rule: FaultRule) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let mut document = match rule.action {
            FaultAction::Status {
                status,
                body,
                headers,
            } => FaultDocument {
                status: Some(status),
                body: body.map(|body| match body {
                    FaultBody::Text(text) => Value::String(text),
                    FaultBody::Json(value) => value,
                }),
                headers: (!headers.is_empty()).then(|| {
                    let text = |value: &HeaderValue| {
                        String::from_utf8_lossy(value.as_bytes()).into_owned()
                    };
                    headers
                        .iter()
                        .map(|(name, value)| (name.to_string(), text(value)))
                        .collect()
                }),
                ..Self::empty(Kind::Status)
            },
            FaultAction::Throttle { retry_after, cause } => {
                let (ms, seconds) = match retry_after {
                    Some(Wait::Millis(ms)) => (Some(ms), None),
                    Some(Wait::Seconds(seconds)) => (None, Some(seconds)),
                    None => (None, None),
                };
                FaultDocument {
                    retry_after_ms: ms,
                    retry_after_seconds: seconds,
                    cause: Some(cause),
                    ..Self::empty(Kind::Throttle)
                }
            }
            FaultAction::Refuse => Self::empty(Kind::Refuse),
            FaultAction::Hang(duration) => FaultDocument {
                duration_ms: duration.map(millis),
                ..Self::empty(Kind::Hang)
            },
            FaultAction::Cut => Self::empty(Kind::Cut),
            FaultAction::CutStream { after_chunks } => FaultDocument {
                after_chunks: Some(after_chunks),
                ..Self::empty(Kind::CutStream)
            },
            FaultAction::StallStream {
                after_chunks,
                duration,
            } => FaultDocument {
                after_chunks: Some(after_chunks),
                duration_ms: duration.map(millis),
                ..Self::empty(Kind::StallStream)
            },
            FaultAction::ErrorInStream { after_chunks } => FaultDocument {
                after_chunks: Some(after_chunks),
                ..Self::empty(Kind::ErrorInStream)
            },
            FaultAction::Slow { factor, delay } => FaultDocument {
                factor: Some(factor),
                delay_ms: Some(millis(delay)),
                ..Self::empty(Kind::Slow)
            },
            FaultAction::Garbage(form) => FaultDocument {
                form: Some(form),
                ..Self::empty(Kind::Garbage)
            },
        };
        document.deployment = rule.deployment;
        document.operation = rule.operation.map(OperationName::from);
        document.probability = (rule.probability < 1.0).then_some(rule.probability);
        document.count = rule.count;
        document
    }
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

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) action: Option<FaultAction>,
    pub(crate) factor: f64,
    pub(crate) delay: Duration,
}

impl Verdict {
    pub(crate) const HEALTHY: Verdict = Verdict {
        action: None,
        factor: 1.0,
        delay: Duration::ZERO,
    };

    /// A wait under the rules of kind `slow`.
    pub(crate) fn slowed(&self, wait: Duration) -> Duration {
        if self.factor == 1.0 {
            wait
        } else {
            wait.mul_f64(self.factor.clamp(0.0, 10_000.0))
        }
    }
}

/// The rules of one resource and how often each has struck.
#[derive(Debug)]
pub(crate) struct FaultSet {
    rules: Vec<(FaultRule, u64)>,
    rng: fastrand::Rng,
}

impl FaultSet {
    pub(crate) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, 0)).collect(),
            rng: crate::random::rng(seed),
        }
    }

    pub(crate) fn replace(&mut self, rules: Vec<FaultRule>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    pub(crate) fn add(&mut self, rule: FaultRule) -> Result<(), String> {
        if self.rules.len() >= MAX_RULES {
            return Err(format!("a resource has at most {MAX_RULES} faults"));
        }
        self.rules.push((rule, 0));
        Ok(())
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = (&FaultRule, u64)> {
        self.rules.iter().map(|(rule, fired)| (rule, *fired))
    }

    pub(crate) fn closes_listener(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.closes_listener())
    }

    /// Judges one request.
    pub(crate) fn judge(
        &mut self,
        deployment: Option<&str>,
        operation: Option<Operation>,
    ) -> Verdict {
        let mut verdict = Verdict::HEALTHY;
        for (rule, fired) in &mut self.rules {
            let matches = rule
                .deployment
                .as_deref()
                .is_none_or(|name| Some(name) == deployment)
                && rule
                    .operation
                    .is_none_or(|wanted| Some(wanted) == operation)
                && rule.count.is_none_or(|count| *fired < count)
                && (rule.probability >= 1.0 || self.rng.f64() < rule.probability);
            if !matches {
                continue;
            }
            *fired = fired.saturating_add(1);
            if let FaultAction::Slow { factor, delay } = rule.action {
                verdict.factor *= factor;
                verdict.delay = verdict.delay.saturating_add(delay);
            } else {
                verdict.action = Some(rule.action.clone());
                break;
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Result<FaultRule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_survives_a_round_trip() {
        for json in [
            r#"{"kind":"status","status":503,"body":{"error":"x"},"headers":{"x-a":"b"}}"#,
            r#"{"kind":"status","status":500,"body":"text","count":3}"#,
            r#"{"kind":"throttle","deployment":"d","operation":"embeddings","probability":0.5,"retryAfterMs":1500,"cause":"capacity"}"#,
            r#"{"kind":"throttle","retryAfterSeconds":5,"cause":"tokens"}"#,
            r#"{"kind":"refuse"}"#,
            r#"{"kind":"hang","durationMs":10}"#,
            r#"{"kind":"cut"}"#,
            r#"{"kind":"cutStream","afterChunks":4}"#,
            r#"{"kind":"stallStream","durationMs":100,"afterChunks":4}"#,
            r#"{"kind":"errorInStream","afterChunks":4}"#,
            r#"{"kind":"slow","factor":3.0,"delayMs":100}"#,
            r#"{"kind":"garbage","form":"html"}"#,
        ] {
            let first = rule(json).unwrap();
            let written = serde_json::to_string(&first).unwrap();
            assert_eq!(rule(&written).unwrap(), first, "{json}");
        }
    }

    #[test]
    fn members_of_another_kind_are_refused() {
        assert!(
            rule(r#"{"kind":"hang","status":500}"#)
                .unwrap_err()
                .contains("`status` does not belong")
        );
        assert!(
            rule(r#"{"kind":"cut","oops":1}"#)
                .unwrap_err()
                .contains("oops")
        );
        assert!(
            rule(r#"{"kind":"status"}"#)
                .unwrap_err()
                .contains("needs `status`")
        );
        assert!(rule(r#"{"kind":"status","status":99}"#).is_err());
        assert!(rule(r#"{"kind":"cut","probability":2}"#).is_err());
        assert!(rule(r#"{"kind":"throttle","retryAfterMs":1,"retryAfterSeconds":1}"#).is_err());
        assert!(rule(r#"{"kind":"status","status":500,"headers":{"a b":"c"}}"#).is_err());
    }

    #[test]
    fn a_spent_rule_makes_room_for_the_next() {
        let rules = vec![
            FaultRule {
                count: Some(1),
                ..FaultRule::always(FaultAction::Cut)
            },
            FaultRule::always(FaultAction::Hang(None)),
        ];
        let mut set = FaultSet::new(rules, 1);
        assert_eq!(set.judge(None, None).action, Some(FaultAction::Cut));
        assert_eq!(set.judge(None, None).action, Some(FaultAction::Hang(None)));
    }

    #[test]
    fn rules_strike_only_whom_they_name() {
        let mut chat = FaultRule::always(FaultAction::Cut);
        chat.deployment = Some("chat".into());
        chat.operation = Some(Operation::ChatCompletions);
        let mut set = FaultSet::new(vec![chat], 1);
        assert_eq!(set.judge(None, None), Verdict::HEALTHY);
        assert_eq!(
            set.judge(Some("other"), Some(Operation::ChatCompletions)),
            Verdict::HEALTHY
        );
        assert_eq!(
            set.judge(Some("chat"), Some(Operation::Completions)),
            Verdict::HEALTHY
        );
        assert!(
            set.judge(Some("chat"), Some(Operation::ChatCompletions))
                .action
                .is_some()
        );
    }

    #[test]
    fn probability_strikes_about_its_share() {
        let mut half = FaultRule::always(FaultAction::Cut);
        half.probability = 0.5;
        let mut set = FaultSet::new(vec![half], 1);
        let struck = (0..2_000)
            .filter(|_| set.judge(None, None).action.is_some())
            .count();
        assert!((900..1_100).contains(&struck), "{struck}");
    }

    #[test]
    fn slow_rules_add_up_and_let_others_strike() {
        let slow = |factor| {
            FaultRule::always(FaultAction::Slow {
                factor,
                delay: Duration::from_millis(10),
            })
        };
        let mut set = FaultSet::new(
            vec![slow(2.0), slow(3.0), FaultRule::always(FaultAction::Cut)],
            1,
        );
        let verdict = set.judge(None, None);
        assert_eq!(
            verdict.slowed(Duration::from_secs(1)),
            Duration::from_secs(6)
        );
        assert_eq!(verdict.delay, Duration::from_millis(20));
        assert_eq!(verdict.action, Some(FaultAction::Cut));
    }

    #[test]
    fn only_a_bare_refusal_closes_the_listener() {
        let bare = FaultRule::always(FaultAction::Refuse);
        assert!(bare.closes_listener());
        assert!(
            !FaultRule {
                count: Some(1),
                ..bare.clone()
            }
            .closes_listener()
        );
        assert!(
            !FaultRule {
                deployment: Some("d".into()),
                ..bare
            }
            .closes_listener()
        );
    }
}
