//! Why a backend could not be asked, or did not answer to the end.
//!
//! In: what DNS, sockets, TLS and hyper report. Out: one [`TransportError`] with a [`Kind`], the reason APIM's policies see, and a
//! text for logs. The text names hosts, ports and causes; it never holds a header, a body, a query string or a credential.

use std::error::Error as StdError;
use std::fmt;

/// An error of any library, as bodies carry it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong with a call to a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The host name has no address.
    Dns,
    /// No address accepted a TCP connection in time.
    Connect,
    /// The forward proxy refused or broke the tunnel.
    Proxy,
    /// The TLS handshake failed: certificate, name, protocol version.
    Tls,
    /// The response headers did not arrive in the time the caller allows.
    Timeout,
    /// `100 Continue` did not arrive in the time the caller allows.
    ContinueTimeout,
    /// The connection ended before the response headers.
    ResetBeforeHeaders,
    /// The backend broke the rules of HTTP, or speaks another version than demanded.
    Protocol,
    /// The body of the *request* could not be read: its sender left, or exceeded a limit.
    RequestBody,
    /// The connection ended in the middle of the response body.
    ResponseBody,
}

/// A call to a backend that failed below HTTP.
#[derive(Debug)]
pub struct TransportError {
    kind: Kind,
    text: Box<str>,
    source: Option<BoxError>,
}

impl TransportError {
    pub(crate) fn new(kind: Kind, text: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            text: text.into(),
            source: None,
        }
    }

    /// Reads what hyper reports while a request is sent or its headers are awaited.
    pub(crate) fn from_hyper(authority: &str, error: hyper::Error) -> Self {
        let kind = if find::<RequestBodyError>(&error).is_some() {
            Kind::RequestBody
        } else if error.is_parse() || error.is_user() || error.is_parse_status() {
            Kind::Protocol
        } else if let Some(h2) = find::<h2::Error>(&error) {
            if h2.is_io() || h2.is_reset() || h2.is_go_away() {
                Kind::ResetBeforeHeaders
            } else {
                Kind::Protocol
            }
        } else {
            Kind::ResetBeforeHeaders
        };
        let text = match kind {
            Kind::RequestBody => format!(
                "the request body could not be sent to {authority}: {}",
                deepest(&error)
            ),
            Kind::Protocol => format!("{authority} broke the HTTP protocol: {}", chain(&error)),
            _ => format!(
                "{authority} closed the connection before it answered: {}",
                chain(&error)
            ),
        };
        Self {
            kind,
            text: text.into(),
            source: Some(Box::new(error)),
        }
    }

    /// The request's own body failed with `error`, which hyper's HTTP/2 does not report.
    pub(crate) fn request_body(authority: &str, error: BoxError) -> Self {
        let text = format!("the request body could not be sent to {authority}: {error}");
        Self {
            kind: Kind::RequestBody,
            text: text.into(),
            source: Some(Box::new(RequestBodyError(error))),
        }
    }

    /// Reads what hyper reports in the middle of a response body.
    pub(crate) fn response_body(error: hyper::Error) -> Self {
        let text = format!("the backend's response ended early: {}", chain(&error));
        Self {
            kind: Kind::ResponseBody,
            text: text.into(),
            source: Some(Box::new(error)),
        }
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The `LastError.Reason` that APIM's policies see for this failure.
    pub fn reason(&self) -> &'static str {
        match self.kind {
            Kind::Timeout | Kind::ContinueTimeout => "Timeout",
            Kind::RequestBody => "ClientConnectionFailure",
            _ => "BackendConnectionFailure",
        }
    }

    /// The error with which the request's own body failed, for example a body over the limit; `None` when the backend is to blame.
    pub fn request_body_error(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        let source: &(dyn StdError + 'static) = self.source.as_deref()?;
        find::<RequestBodyError>(source).map(|error| &*error.0)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// Marks an error as the request body's own while it passes through hyper.
#[derive(Debug)]
pub struct RequestBodyError(pub(crate) BoxError);

impl fmt::Display for RequestBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for RequestBodyError {}

/// The first error of type `E` in a chain of causes.
pub(crate) fn find<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// An error and its causes on one line, each said once.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let part = cause.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_below_wrappers_and_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("sending failed")]
        struct Outer(#[source] RequestBodyError);
        let outer = Outer(RequestBodyError("too large".into()));
        assert!(find::<RequestBodyError>(&outer).is_some());
        assert_eq!(chain(&outer), "sending failed: too large");
    }

    #[test]
    fn each_kind_has_the_reason_policies_test_for() {
        let reason = |kind| TransportError::new(kind, "x").reason();
        assert_eq!(reason(Kind::Timeout), "Timeout");
        assert_eq!(reason(Kind::ContinueTimeout), "Timeout");
        assert_eq!(reason(Kind::RequestBody), "ClientConnectionFailure");
        for kind in [
            Kind::Dns,
            Kind::Connect,
            Kind::Proxy,
            Kind::Tls,
            Kind::ResetBeforeHeaders,
            Kind::Protocol,
            Kind::ResponseBody,
        ] {
            assert_eq!(reason(kind), "BackendConnectionFailure");
        }
    }
}
