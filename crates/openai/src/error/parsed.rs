//! Reading error bodies.
//!
//! In: the body of an error answer, from the service or from whatever stands before it. Out: code, message and cause, where it has them.

use serde::Deserialize;

/// What can be learned from a received error body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedError {
    /// `code`, numbers turned into text.
    pub code: Option<String>,
    /// `message`
    pub message: Option<String>,
    /// `type`
    pub kind: Option<String>,
    /// `param`
    pub param: Option<String>,
    /// `innererror.code` or `inner_error.code`
    pub inner_code: Option<String>,
}

impl ParsedError {
    /// Reads an error body of any known shape: nested, flat, `error` as a plain text, `detail`. `None` when it is none of these,
    /// such as an HTML page.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let wire: WireBody = serde_json::from_slice(body).ok()?;
        match wire.error {
            Some(WireError::Text(message)) => Some(Self {
                message: Some(message),
                ..Self::default()
            }),
            Some(WireError::Object(error)) => Some(Self {
                code: error.code.and_then(Scalar::into_text),
                message: error.message.and_then(Scalar::into_text),
                kind: error.kind.and_then(Scalar::into_text),
                param: error.param.and_then(Scalar::into_text),
                inner_code: error
                    .innererror
                    .and_then(|inner| inner.code)
                    .and_then(Scalar::into_text),
            }),
            None => {
                let message = wire.message.or(wire.detail).and_then(Scalar::into_text);
                let code = wire.status_code.and_then(Scalar::into_text);
                (message.is_some() || code.is_some()).then(|| Self {
                    code,
                    message,
                    ..Self::default()
                })
            }
        }
    }

    /// Whether the service blocked the prompt: the same request fails on every back end and is billed each time.
    pub fn is_content_filter(&self) -> bool {
        self.code.as_deref() == Some("content_filter")
            || self.inner_code.as_deref() == Some("ResponsibleAIPolicyViolation")
    }

    /// Whether a 429 tells of the region's shared capacity and not of the deployment's own quota.
    pub fn is_capacity(&self) -> bool {
        self.code.as_deref().is_some_and(|code| {
            code.eq_ignore_ascii_case("no_capacity") || code.eq_ignore_ascii_case("NoCapacity")
        })
    }
}

#[derive(Deserialize)]
struct WireBody {
    error: Option<WireError>,
    message: Option<Scalar>,
    detail: Option<Scalar>,
    #[serde(rename = "statusCode")]
    status_code: Option<Scalar>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireError {
    Text(String),
    Object(Box<WireInner>),
}

#[derive(Deserialize)]
struct WireInner {
    code: Option<Scalar>,
    message: Option<Scalar>,
    #[serde(rename = "type")]
    kind: Option<Scalar>,
    param: Option<Scalar>,
    #[serde(alias = "inner_error")]
    innererror: Option<WireInnerError>,
}

#[derive(Deserialize)]
struct WireInnerError {
    code: Option<Scalar>,
}

/// Anything where a text is expected: bodies of other services put numbers and objects there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Other(serde::de::IgnoredAny),
}

impl Scalar {
    fn into_text(self) -> Option<String> {
        match self {
            Scalar::Text(text) => Some(text),
            Scalar::Number(number) => Some(number.to_string()),
            Scalar::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorBody;

    #[test]
    fn every_shape_is_read() {
        let parse = |text: &str| ParsedError::parse(text.as_bytes());
        assert_eq!(
            parse(r#"{"statusCode":401,"message":"m"}"#)
                .unwrap()
                .code
                .as_deref(),
            Some("401")
        );
        assert_eq!(
            parse(r#"{"error":{"code":429,"message":"m"}}"#)
                .unwrap()
                .code
                .as_deref(),
            Some("429")
        );
        assert_eq!(
            parse(r#"{"error":"text"}"#).unwrap().message.as_deref(),
            Some("text")
        );
        assert_eq!(
            parse(r#"{"detail":"text"}"#).unwrap().message.as_deref(),
            Some("text")
        );
        assert_eq!(
            parse(r#"{"error":{"code":null,"message":{"a":1}}}"#).unwrap(),
            ParsedError::default()
        );
        assert!(parse("<html>").is_none());
        assert!(parse("{}").is_none());
        assert!(
            ParsedError::parse(&ErrorBody::no_capacity().to_json())
                .unwrap()
                .is_capacity()
        );
    }
}
