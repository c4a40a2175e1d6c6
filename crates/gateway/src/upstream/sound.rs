//! What HTTP demands of a backend's response head and hyper does not check.
//!
//! In: the head. Out: the same without what contradicts its framing, or why it cannot be passed on.

use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body;

use super::error::{Kind, TransportError};

/// Refuses a response whose bytes would mean something else to the client than they did to the backend.
pub(crate) fn check<B: Body>(
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
    if response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|length| length > 0)
    {
        // hyper has found a length and no transfer coding beside it.
        return Ok(response);
    }
    if !only_chunked(response.headers()) {
        return fault("its response has a transfer coding other than 'chunked'");
    }
    if response.headers().contains_key(header::TRANSFER_ENCODING) {
        // The length does not count then, and would be wrong for the bytes passed on (RFC 9112 §6.3).
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    Ok(response)
}

/// Whether nothing but `chunked` was applied to the body: hyper decodes that, and lets other codings before it pass unnoticed;
/// forwarding their bytes as plain ones would be wrong.
pub(crate) fn only_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}
