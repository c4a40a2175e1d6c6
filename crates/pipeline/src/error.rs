//! Failures of policies and of built-in steps, and the response a failure produces when nobody handles it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_expressions::{Exception, LastErrorInfo, MessageSide, Stop};

use crate::{Body, Response, Scope, Section};

/// Where in the policy documents a failure happened.
#[derive(Debug, Clone)]
pub struct Position {
    /// Scope of the document.
    pub scope: Scope,
    /// Section.
    pub section: Section,
    /// Position of the statement within its section, 1-based, e.g. `choose[3]/when[2]/set-header[1]`.
    pub path: Arc<str>,
    /// The statement's `id` attribute.
    pub policy_id: Option<Arc<str>>,
}

/// A failure as `context.LastError` shows it, with the response it produces by default.
#[derive(Debug, Clone)]
pub struct PolicyError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    source: Arc<str>,
    reason: Option<&'static str>,
    message: String,
    status: u16,
    status_reason: Option<Arc<str>>,
    public_message: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    keep_response: bool,
    position: Option<Position>,
    exception: Option<Box<Exception>>,
}

/// An exception or an unusable value in an expression.
pub const EXPRESSION_FAILURE: &str = "ExpressionValueEvaluationFailure";
const REQUEST_TOO_LARGE: &str = "RequestBodyTooLarge";
const CLIENT_FAILURE: &str = "ClientConnectionFailure";

impl PolicyError {
    /// A failure of `source` (a policy element or a built-in step) that answers 500.
    pub fn new(
        source: impl Into<Arc<str>>,
        reason: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            source: source.into(),
            reason,
            message: message.into(),
            status: 500,
            status_reason: None,
            public_message: None,
            headers: Vec::new(),
            keep_response: false,
            position: None,
            exception: None,
        }))
    }

    /// An expression threw, or gave a value of no use here.
    pub fn expression(source: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(source, Some(EXPRESSION_FAILURE), message)
    }

    /// An expression ended with an unhandled .NET exception.
    pub fn exception(source: impl Into<Arc<str>>, exception: Box<Exception>) -> Self {
        let message = format!("Expression evaluation failed. {}", exception.message);
        let mut error = Self::expression(source, message);
        error.0.exception = Some(exception);
        error
    }

    /// The client's request is larger than what may be kept of it.
    pub fn request_too_large(source: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(source, Some(REQUEST_TOO_LARGE), message)
            .answer(413, Some("Request body is too large.".into()))
    }

    /// The client broke off while it sent its request.
    pub fn request_broken(source: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(source, Some(CLIENT_FAILURE), message)
            .answer(400, Some("The request body could not be read.".into()))
    }

    /// Sets the status of the default response and the text shown to the caller; without one, the caller sees the
    /// standard text of the status and never the internal message.
    #[must_use]
    pub fn answer(mut self, status: u16, public_message: Option<String>) -> Self {
        self.0.status = status;
        self.0.public_message = public_message;
        self
    }

    /// Sets the reason phrase of the default response.
    #[must_use]
    pub fn status_reason(mut self, reason: impl Into<Arc<str>>) -> Self {
        self.0.status_reason = Some(reason.into());
        self
    }

    /// Adds a header to the default response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The response that is there already (a backend's own error answer) stays the default one.
    #[must_use]
    pub fn keep_response(mut self) -> Self {
        self.0.keep_response = true;
        self
    }

    /// Whether the response that is there already stays.
    pub fn keeps_response(&self) -> bool {
        self.0.keep_response
    }

    /// Records where it happened, unless a more deeply nested statement already did.
    #[must_use]
    pub fn located(mut self, position: impl FnOnce() -> Position) -> Self {
        if self.0.position.is_none() {
            self.0.position = Some(position());
        }
        self
    }

    /// Whether a backend could not be reached or did not answer in time.
    pub fn is_transport_failure(&self) -> bool {
        self.0.status == 500
            && matches!(self.0.reason, Some("Timeout" | "BackendConnectionFailure"))
    }

    /// Whether the client's own request is at fault: it is too large, or broke off.
    pub fn is_client_failure(&self) -> bool {
        matches!(self.0.reason, Some(REQUEST_TOO_LARGE | CLIENT_FAILURE))
    }

    /// `LastError.Source`
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// `LastError.Reason`
    pub fn reason(&self) -> Option<&'static str> {
        self.0.reason
    }

    /// `LastError.Message`
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Status of the default response.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The exception of the expression that ended with one.
    pub fn thrown(&self) -> Option<&Exception> {
        self.0.exception.as_deref()
    }

    /// Where it happened.
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }

    /// What `context.LastError` holds.
    pub fn last_error(&self, status: u16) -> LastErrorInfo {
        let position = self.0.position.as_ref();
        LastErrorInfo {
            source: self.0.source.clone(),
            reason: self.0.reason.map(Into::into),
            message: self.0.message.as_str().into(),
            scope: position.map(|p| p.scope.as_str().into()),
            section: position.map(|p| p.section.as_str().into()),
            path: position.map(|p| p.path.clone()),
            policy_id: position.and_then(|p| p.policy_id.clone()),
            http_error_code: i32::from(status),
        }
    }

    /// The response the caller gets when on-error does nothing: APIM's JSON, byte for byte.
    pub fn response(&self, request_id: uuid::Uuid) -> Response {
        let status = self.0.status;
        let body = if let Some(message) = &self.0.public_message {
            error_body(status, message)
        } else if status == 500 {
            Bytes::from(format!(
                "{{ \"statusCode\": 500, \"message\": \"Internal server error\", \"activityId\": \"{request_id}\" }}"
            ))
        } else {
            let text = http::StatusCode::from_u16(status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or("Error");
            error_body(status, text)
        };
        let mut headers = HeaderMap::with_capacity(self.0.headers.len() + 1);
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in &self.0.headers {
            headers.append(name.clone(), value.clone());
        }
        Response {
            status,
            reason: self.0.status_reason.clone(),
            headers,
            body: Body::Buffered(body),
        }
    }
}

/// APIM's error body: one line, a blank after `{` and before `}`.
fn error_body(status: u16, message: &str) -> Bytes {
    let mut text = String::with_capacity(message.len() + 48);
    text.push_str("{ \"statusCode\": ");
    text.push_str(&status.to_string());
    text.push_str(", \"message\": \"");
    for character in message.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if (control as u32) < 0x20 => {
                text.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => text.push(other),
        }
    }
    text.push_str("\" }");
    Bytes::from(text)
}

/// Why a policy did not complete.
#[derive(Debug)]
pub enum Failure {
    /// It failed.
    Error(PolicyError),
    /// It needs a body in memory first. The policy has changed nothing yet and is run again afterwards.
    NeedsBody(MessageSide),
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        Failure::Error(error)
    }
}

impl Failure {
    /// Records where an error happened, unless a more deeply nested statement already did.
    #[must_use]
    pub fn located(self, position: impl FnOnce() -> Position) -> Self {
        match self {
            Failure::Error(error) => Failure::Error(error.located(position)),
            needs_body @ Failure::NeedsBody(_) => needs_body,
        }
    }

    /// Maps an interrupted evaluation: an exception becomes the policy's expression failure.
    pub fn from_stop(source: &'static str, stop: Stop) -> Self {
        match stop {
            Stop::NeedsBody(side) => Failure::NeedsBody(side),
            Stop::Exception(exception) => Failure::Error(PolicyError::exception(source, exception)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_bodies_are_apims_to_the_byte() {
        let error = PolicyError::new("authorization", Some("SubscriptionKeyNotFound"), "x").answer(
            401,
            Some("Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.".into()),
        );
        let response = error.response(uuid::Uuid::nil());
        let body = response.body.bytes().cloned().unwrap_or_default();
        assert_eq!(body.len(), 152);
        assert!(body.starts_with(b"{ \"statusCode\": 401, \"message\": \"Access"));
        assert!(body.ends_with(b"an API.\" }"));
    }

    #[test]
    fn internal_message_never_reaches_the_caller() {
        let error = PolicyError::expression("set-header", "secret detail");
        let body = error
            .response(uuid::Uuid::nil())
            .body
            .bytes()
            .cloned()
            .unwrap_or_default();
        assert_eq!(
            body,
            "{ \"statusCode\": 500, \"message\": \"Internal server error\", \"activityId\": \"00000000-0000-0000-0000-000000000000\" }"
        );
    }

    #[test]
    fn the_innermost_position_stays() {
        let at = |path: &str| Position {
            scope: Scope::Api,
            section: Section::Backend,
            path: path.into(),
            policy_id: None,
        };
        let error = PolicyError::expression("set-header", "m")
            .located(|| at("retry[1]/set-header[1]"))
            .located(|| at("retry[1]"));
        assert_eq!(
            error.last_error(500).path.as_deref(),
            Some("retry[1]/set-header[1]")
        );
    }
}
