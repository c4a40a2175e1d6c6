//! Headers of Azure OpenAI: names, and what the rate-limit and retry headers say.
//!
//! In: response headers. Out: limits and waits as numbers and durations. Never trusts them: values that cannot be read, and the
//! `-1` that the service sends when it does not know, count as absent.

use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, HeaderName, RETRY_AFTER};

/// The resource key in requests.
pub static API_KEY: HeaderName = HeaderName::from_static("api-key");
/// The id to quote to support.
pub static APIM_REQUEST_ID: HeaderName = HeaderName::from_static("apim-request-id");
/// A second id.
pub static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The client's own id, echoed.
pub static CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
/// The region's display name.
pub static REGION: HeaderName = HeaderName::from_static("x-ms-region");
/// The deployment that served the request.
pub static DEPLOYMENT_NAME: HeaderName = HeaderName::from_static("x-ms-deployment-name");
/// Whether content was checked.
pub static RAI_INVOKED: HeaderName = HeaderName::from_static("x-ms-rai-invoked");
/// Milliseconds to wait; read before `retry-after` by the official clients.
pub static RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
/// The same under an older name.
pub static MS_RETRY_AFTER_MS: HeaderName = HeaderName::from_static("x-ms-retry-after-ms");
/// Requests per minute.
pub static LIMIT_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
/// Tokens per minute.
pub static LIMIT_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-limit-tokens");
/// Requests left.
pub static REMAINING_REQUESTS: HeaderName =
    HeaderName::from_static("x-ratelimit-remaining-requests");
/// Tokens left, by estimates.
pub static REMAINING_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");
/// Seconds until the request window ends.
pub static RESET_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");
/// Seconds until the token window ends.
pub static RESET_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-reset-tokens");
/// Utilisation of a provisioned deployment, such as `87.4%`.
pub static UTILIZATION: HeaderName = HeaderName::from_static("azure-openai-deployment-utilization");
/// Request: where a provisioned deployment may spill over to.
pub static SPILLOVER_DEPLOYMENT: HeaderName = HeaderName::from_static("x-ms-spillover-deployment");
/// Response: the provisioned deployment that spilled over.
pub static SPILLOVER_FROM: HeaderName = HeaderName::from_static("x-ms-spillover-from-deployment");
/// Response: the status of the failed spillover attempt.
pub static SPILLOVER_ERROR: HeaderName = HeaderName::from_static("x-ms-spillover-error");
/// Request: which retry of the official clients this is, from 0.
pub static STAINLESS_RETRY_COUNT: HeaderName = HeaderName::from_static("x-stainless-retry-count");

/// What the rate-limit headers of one response say. Absent, unreadable and negative values are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RateLimits {
    /// Requests per minute.
    pub limit_requests: Option<u64>,
    /// Tokens per minute in force.
    pub limit_tokens: Option<u64>,
    /// Requests left, of the minute or of a smaller window, depending on the front end's age.
    pub remaining_requests: Option<u64>,
    /// Tokens left, by estimates.
    pub remaining_tokens: Option<u64>,
    /// Time until the request window ends.
    pub reset_requests: Option<Duration>,
    /// Time until the token window ends.
    pub reset_tokens: Option<Duration>,
    /// Utilisation of a provisioned deployment, 1.0 for 100 %.
    pub utilization: Option<f64>,
}

impl RateLimits {
    /// Reads the headers of a response.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            limit_requests: count(headers, &LIMIT_REQUESTS),
            limit_tokens: count(headers, &LIMIT_TOKENS),
            remaining_requests: count(headers, &REMAINING_REQUESTS),
            remaining_tokens: count(headers, &REMAINING_TOKENS),
            reset_requests: text(headers, &RESET_REQUESTS).and_then(duration),
            reset_tokens: text(headers, &RESET_TOKENS).and_then(duration),
            utilization: text(headers, &UTILIZATION).and_then(percent),
        }
    }
}

/// The wait a response asks for: `retry-after-ms`, else `x-ms-retry-after-ms`, else `retry-after` in seconds (fractions allowed) or as a
/// date, which is why `now` is asked for. A date in the past is no wait at all.
///
/// Values are not capped: `86400` means that the request can never be admitted, and a caller must decide what to make of it.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    for name in [&RETRY_AFTER_MS, &MS_RETRY_AFTER_MS] {
        if let Some(wait) = text(headers, name)
            .and_then(number)
            .and_then(|ms| seconds(ms / 1_000.0))
        {
            return Some(wait);
        }
    }
    let value = text(headers, &RETRY_AFTER)?;
    match number(value) {
        Some(wait) => seconds(wait),
        None => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(now).unwrap_or(Duration::ZERO))
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn count(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn percent(text: &str) -> Option<f64> {
    number(text.strip_suffix('%')?.trim_end())
        .filter(|percent| *percent >= 0.0)
        .map(|percent| percent / 100.0)
}

/// A reset value: plain seconds as Azure sends, or OpenAI's `6m0s`, `17ms`.
fn duration(text: &str) -> Option<Duration> {
    if let Some(plain) = number(text) {
        return seconds(plain);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at_checked(digits)?;
        let value = number(value)?;
        let unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        total += value
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = tail;
    }
    seconds(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn milliseconds_come_before_seconds() {
        let both = headers(&[("retry-after", "9"), ("retry-after-ms", "1500")]);
        assert_eq!(
            retry_after(&both, SystemTime::UNIX_EPOCH),
            Some(Duration::from_millis(1_500))
        );
        let fraction = headers(&[("retry-after", "0.5")]);
        assert_eq!(
            retry_after(&fraction, SystemTime::UNIX_EPOCH),
            Some(Duration::from_millis(500))
        );
    }

    #[test]
    fn dates_count_from_now() {
        let date = headers(&[("retry-after", "Thu, 01 Jan 1970 00:01:00 GMT")]);
        assert_eq!(
            retry_after(&date, SystemTime::UNIX_EPOCH),
            Some(Duration::from_secs(60))
        );
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(retry_after(&date, later), Some(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_absent() {
        for value in ["soon", "-1", "NaN", "inf", "1e300", ""] {
            let map: HeaderMap = [(RETRY_AFTER, HeaderValue::from_str(value).unwrap())]
                .into_iter()
                .collect();
            assert_eq!(retry_after(&map, SystemTime::UNIX_EPOCH), None, "{value}");
        }
        let unknown = headers(&[
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-reset-tokens", "0"),
        ]);
        let limits = RateLimits::from_headers(&unknown);
        assert_eq!(limits.limit_tokens, None);
        assert_eq!(limits.reset_tokens, Some(Duration::ZERO));
    }

    #[test]
    fn both_ways_to_write_resets_are_read() {
        assert_eq!(duration("55"), Some(Duration::from_secs(55)));
        assert_eq!(duration("6m0s"), Some(Duration::from_secs(360)));
        assert_eq!(duration("17ms"), Some(Duration::from_millis(17)));
        assert_eq!(duration("1h2m"), Some(Duration::from_secs(3_720)));
        for text in ["m", "5x", "s5", "1m2"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn utilization_needs_its_percent_sign() {
        let with = headers(&[("azure-openai-deployment-utilization", "200.0%")]);
        assert_eq!(RateLimits::from_headers(&with).utilization, Some(2.0));
        let without = headers(&[("azure-openai-deployment-utilization", "87.4")]);
        assert_eq!(RateLimits::from_headers(&without).utilization, None);
    }
}
