//! What HTTP demands of a request's head and hyper does not check.
//!
//! In: the head. Out: the answer that refuses it, or nothing. What is let through here looks the same to the router, to policies and to
//! a backend: that keeps a request from being two different ones to two readers.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use http_body::Body;

use super::answer::refuse;
use crate::upstream::only_chunked;

/// The refusal of a head that breaks the rules.
pub(crate) fn refusal<B: Body>(request: &Request<B>) -> Option<Response<Bytes>> {
    if !is_host_sound(request.version(), request.headers()) {
        return Some(refuse(
            StatusCode::BAD_REQUEST,
            "The request must have exactly one valid Host header.",
        ));
    }
    // Where hyper knows the body's length, it has found no transfer coding.
    let is_length_known = request.body().size_hint().exact().is_some();
    if !is_length_known && !only_chunked(request.headers()) {
        return Some(refuse(
            StatusCode::NOT_IMPLEMENTED,
            "The only supported transfer coding is 'chunked'.",
        ));
    }
    None
}

/// One valid `Host`; none is needed where the version has another place for it, or none at all (RFC 9112 §3.2).
fn is_host_sound(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version != Version::HTTP_11,
        (Some(host), None) => host
            .as_bytes()
            .iter()
            .all(|byte| OF_HOST[usize::from(*byte)]),
        (Some(_), Some(_)) => false,
    }
}

/// The bytes that may stand in `uri-host [":" port]` (RFC 3986 §3.2.2).
static OF_HOST: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        allowed[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"-._~%!$&'()*+,;=:[]";
    let mut index = 0;
    while index < marks.len() {
        allowed[marks[index] as usize] = true;
        index += 1;
    }
    allowed
};

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{HeaderName, HeaderValue};
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    type Pairs<'a> = &'a [(&'static str, &'static str)];

    fn status(version: Version, pairs: Pairs<'_>) -> Option<u16> {
        let body = StreamBody::new(futures_util::stream::empty::<
            Result<Frame<Bytes>, Infallible>,
        >());
        let mut request = Request::new(body);
        *request.version_mut() = version;
        for (name, value) in pairs {
            request.headers_mut().append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a valid value"),
            );
        }
        refusal(&request).map(|answer| answer.status().as_u16())
    }

    #[test]
    fn one_valid_host_is_demanded_where_the_version_has_it() {
        let http11 = |pairs: Pairs<'_>| status(Version::HTTP_11, pairs);
        assert_eq!(http11(&[("host", "gateway.test:8080")]), None);
        assert_eq!(http11(&[("host", "[::1]:8080")]), None);
        assert_eq!(http11(&[("host", "")]), None);
        assert_eq!(http11(&[]), Some(400));
        assert_eq!(http11(&[("host", "a"), ("host", "a")]), Some(400));
        for bad in ["a b", "a/b", "user@a", "a?b", "a\u{e9}"] {
            assert_eq!(http11(&[("host", bad)]), Some(400), "{bad}");
        }
        assert_eq!(status(Version::HTTP_10, &[]), None);
        assert_eq!(status(Version::HTTP_2, &[]), None);
        let two = [("host", "a"), ("host", "b")];
        assert_eq!(status(Version::HTTP_10, &two), Some(400));
        assert_eq!(status(Version::HTTP_2, &two), Some(400));
    }

    #[test]
    fn no_transfer_coding_but_chunked_is_taken() {
        let coded = |coding| {
            status(
                Version::HTTP_11,
                &[("host", "a"), ("transfer-encoding", coding)],
            )
        };
        assert_eq!(coded("chunked"), None);
        assert_eq!(coded("Chunked"), None);
        for coding in ["gzip, chunked", "identity, chunked", "chunked, chunked"] {
            assert_eq!(coded(coding), Some(501), "{coding}");
        }
    }
}
