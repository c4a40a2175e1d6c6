//! Answers the listener gives by itself, in APIM's error shape.
//!
//! In: a status and a sentence. Out: `{ "statusCode": …, "message": "…" }` on one line, with the spacing APIM has on the wire.
//! Nothing of the request is repeated.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

fn text(status: StatusCode, message: &str, activity: Option<&str>) -> String {
    let code = status.as_u16();
    match activity {
        Some(id) => {
            format!(r#"{{ "statusCode": {code}, "message": "{message}", "activityId": "{id}" }}"#)
        }
        None => format!(r#"{{ "statusCode": {code}, "message": "{message}" }}"#),
    }
}

fn json(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// An answer with a fixed sentence, which must need no JSON escape.
pub(crate) fn refuse(status: StatusCode, message: &'static str) -> Response<Bytes> {
    json(status, text(status, message, None))
}

/// The answer to a request whose handling failed, with the id under which the log has it.
pub(crate) fn internal_error(activity: &str) -> Response<Bytes> {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    json(
        status,
        text(status, "Internal server error", Some(activity)),
    )
}

/// The bytes of an HTTP/1.1 answer to a head that is not HTTP; the connection closes behind it.
pub(crate) fn refuse_raw(status: StatusCode) -> Vec<u8> {
    let message = match status {
        StatusCode::URI_TOO_LONG => "The request's URL is too long.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "The request's headers are too large or too many."
        }
        _ => "The request is not valid HTTP.",
    };
    let body = text(status, message, None);
    format!(
        "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_spaced_as_apim_does() {
        assert_eq!(
            text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
                Some("a-b")
            ),
            r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "a-b" }"#
        );
    }

    #[test]
    fn a_raw_answer_says_its_length() {
        let raw = String::from_utf8(refuse_raw(StatusCode::BAD_REQUEST)).expect("text");
        let (head, body) = raw.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }
}
