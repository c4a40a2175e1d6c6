//! The flat form in which fault rules are written.
//!
//! In: a rule as YAML or JSON. Out: a [`FaultRule`], or what is wrong with it: members that its kind does not have are errors. And back.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_openai::Operation;

use super::{FaultAction, FaultBody, FaultRule, Garbage, ThrottleCause, Wait};

/// The longest time a rule may name.
const MAX_MILLIS: u64 = 24 * 3_600 * 1_000;

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
pub(super) struct FaultDocument {
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
}
