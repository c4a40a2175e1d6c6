//! What the `set-*` policies change: the request or the response, or a message being built by another policy.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tidegate_pipeline::{Body, Exchange, Response, Section};

/// Headers that several values of one field must not be joined for: they may contain commas, or are dates.
const SEPARATE_LINES: [HeaderName; 12] = [
    header::USER_AGENT,
    header::WWW_AUTHENTICATE,
    header::PROXY_AUTHENTICATE,
    header::COOKIE,
    header::SET_COOKIE,
    header::WARNING,
    header::DATE,
    header::EXPIRES,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

/// Whether several values go on separate lines instead of one comma-separated one.
pub fn keeps_lines_apart(name: &HeaderName) -> bool {
    SEPARATE_LINES.contains(name)
}

/// Headers that policies cannot change: framing and connection handling are the gateway's.
pub fn is_restricted(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::CONTENT_LENGTH
        || *name == header::TRANSFER_ENCODING
        || name == "keep-alive"
}

/// The headers the current section's `set-header` changes, and whether they are the request's.
pub fn headers_of_section(exchange: &mut Exchange) -> (&mut HeaderMap, bool) {
    match exchange.section() {
        Section::Inbound | Section::Backend => (&mut exchange.request.headers, true),
        Section::Outbound | Section::OnError => (
            &mut exchange
                .response
                .get_or_insert_with(|| Response::new(200))
                .headers,
            false,
        ),
    }
}

/// Replaces the body of the message the current section changes. A `Content-Encoding` no longer holds.
pub fn set_body_of_section(exchange: &mut Exchange, body: bytes::Bytes) {
    let (headers, slot) = match exchange.section() {
        Section::Inbound | Section::Backend => {
            (&mut exchange.request.headers, &mut exchange.request.body)
        }
        Section::Outbound | Section::OnError => {
            let response = exchange.response.get_or_insert_with(|| Response::new(200));
            (&mut response.headers, &mut response.body)
        }
    };
    std::mem::replace(slot, Body::Buffered(body)).discard();
    headers.remove(header::CONTENT_ENCODING);
}

/// A header value from text; control characters other than tab are refused, so no line can be smuggled in.
pub fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.trim().as_bytes()).ok()
}
