//! What HTTP demands of a backend's response head and hyper does not check.
//!
//! In: the head. Out: the same without what contradicts its framing, or why it cannot be passed on.

use http::{HeaderMap, Response, StatusCode, header};

use super::error::{Kind, TransportError};

/// Refuses a response whose bytes would mean something else to the client than they did to the backend.
pub(crate) fn check<B>(
    authority: &str,
    mut response: Response<B>,
) -> Result<Response<B>, TransportError> {
    let fault = |text: &str| {
        let text = format!("{authority} broke the HTTP protocol: {text}");
        Err(TransportError::new(Kind::Protocol, text))
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return fault("it switched protocols without being asked to");
    }
    match codings(response.headers()) {
        Codings::None => Ok(response),
        // The length does not count then, and would be wrong for the bytes passed on (RFC 9112 §6.3).
        Codings::Chunked => {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            Ok(response)
        }
        Codings::Unknown => fault("its response has a transfer coding other than 'chunked'"),
    }
}

enum Codings {
    None,
    Chunked,
    Unknown,
}

/// hyper decodes `chunked` and nothing that stands before it.
fn codings(headers: &HeaderMap) -> Codings {
    let mut found = Codings::None;
    for coding in headers.get_all(header::TRANSFER_ENCODING) {
        if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Codings::Unknown;
        }
        found = Codings::Chunked;
    }
    found
}
