//! Response headers: identification, rate limits, utilisation.
//!
//! In: who answers and what its meter says. Out: headers as the service sends them. Never repeats request headers but the one that
//! the service echoes.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tidegate_openai::headers as names;

use crate::config::HeaderStyle;
use crate::quota::{Refusal, Snapshot};
use crate::random;
use crate::resource::Resource;

/// Headers of every answer.
pub(super) fn identify(
    headers: &mut HeaderMap,
    request: &HeaderMap,
    resource: &Resource,
    request_id: &str,
    rng: &mut fastrand::Rng,
) {
    let id =
        |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("Not-Set"));
    headers.insert(&names::APIM_REQUEST_ID, id(request_id));
    headers.insert(&names::X_REQUEST_ID, id(&random::uuid(rng)));
    let client = request.get(&names::CLIENT_REQUEST_ID).cloned();
    headers.insert(
        &names::CLIENT_REQUEST_ID,
        client.unwrap_or(HeaderValue::from_static("Not-Set")),
    );
    headers.insert(&names::REGION, resource.region_header.clone());
    const FIXED: [(HeaderName, HeaderValue); 2] = [
        (
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains; preload"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    headers.extend(FIXED);
}

/// Rate-limit headers of a standard deployment.
pub(super) fn rate_limits(headers: &mut HeaderMap, style: HeaderStyle, snapshot: &Snapshot) {
    let mut put = |name: &HeaderName, value: u64| {
        headers.insert(name, HeaderValue::from(value));
    };
    match style {
        HeaderStyle::Current => {
            put(&names::LIMIT_REQUESTS, snapshot.limit_requests);
            put(&names::LIMIT_TOKENS, snapshot.limit_tokens);
            put(
                &names::REMAINING_REQUESTS,
                snapshot.remaining_requests_minute,
            );
            put(&names::REMAINING_TOKENS, snapshot.remaining_tokens);
        }
        HeaderStyle::Legacy => {
            put(
                &names::REMAINING_REQUESTS,
                snapshot.remaining_requests_window,
            );
            put(&names::REMAINING_TOKENS, snapshot.remaining_tokens);
        }
        HeaderStyle::Unknown => {
            for name in [&names::LIMIT_REQUESTS, &names::LIMIT_TOKENS] {
                headers.insert(name, HeaderValue::from_static("-1"));
            }
            for name in [&names::RESET_REQUESTS, &names::RESET_TOKENS] {
                headers.insert(name, HeaderValue::from_static("0"));
            }
        }
        HeaderStyle::None => {}
    }
}

/// Headers that tell how long to wait.
pub(super) fn refusal(
    headers: &mut HeaderMap,
    style: HeaderStyle,
    snapshot: &Snapshot,
    refusal: &Refusal,
) {
    match style {
        HeaderStyle::Current => {
            retry_after(
                headers,
                Some(refusal.retry_after_ms),
                refusal.retry_after_seconds,
            );
            headers.insert(
                &names::RESET_REQUESTS,
                HeaderValue::from(snapshot.reset_requests_seconds),
            );
            headers.insert(
                &names::RESET_TOKENS,
                HeaderValue::from(snapshot.reset_tokens_seconds),
            );
        }
        HeaderStyle::Legacy => retry_after(headers, None, refusal.retry_after_seconds),
        HeaderStyle::Unknown | HeaderStyle::None => {}
    }
}

/// `retry-after` and, with milliseconds, `retry-after-ms`.
pub(super) fn retry_after(headers: &mut HeaderMap, millis: Option<u64>, seconds: u64) {
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    if let Some(millis) = millis {
        headers.insert(&names::RETRY_AFTER_MS, HeaderValue::from(millis));
    }
}

/// Utilisation of a provisioned deployment.
pub(super) fn utilization(headers: &mut HeaderMap, utilization: f64) {
    if let Ok(value) = HeaderValue::from_str(&format!("{:.1}%", utilization * 100.0)) {
        headers.insert(&names::UTILIZATION, value);
    }
}
