//! The response headers by which a backend speaks of its capacity: `Retry-After` and the rate-limit family.
//!
//! Header values flow in as text (through a lookup function, so that no HTTP library is needed), numbers and durations
//! flow out. What cannot be read counts as absent: no header of a backend may fail a request.

use std::time::{Duration, UNIX_EPOCH};

/// What Azure OpenAI tells of a deployment's quota in its response headers. Standard deployments send the
/// `x-ratelimit-*` family, provisioned ones the utilization.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RateLimit {
    /// `x-ratelimit-limit-requests`
    pub limit_requests: Option<u64>,
    /// `x-ratelimit-limit-tokens`
    pub limit_tokens: Option<u64>,
    /// `x-ratelimit-remaining-requests`
    pub remaining_requests: Option<u64>,
    /// `x-ratelimit-remaining-tokens`
    pub remaining_tokens: Option<u64>,
    /// `x-ratelimit-reset-requests`, plain seconds
    pub reset_requests: Option<Duration>,
    /// `x-ratelimit-reset-tokens`, plain seconds
    pub reset_tokens: Option<Duration>,
    /// `azure-openai-deployment-utilization` in per cent; may exceed 100
    pub utilization: Option<f32>,
}

impl RateLimit {
    /// Reads the family; `header` looks up a value by its lower-case name. A limit of `-1`, which Azure OpenAI is seen
    /// to send, counts as absent.
    pub fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name: &str| header(name).and_then(|text| text.trim().parse::<u64>().ok());
        Self {
            limit_requests: number("x-ratelimit-limit-requests"),
            limit_tokens: number("x-ratelimit-limit-tokens"),
            remaining_requests: number("x-ratelimit-remaining-requests"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            reset_requests: number("x-ratelimit-reset-requests").map(Duration::from_secs),
            reset_tokens: number("x-ratelimit-reset-tokens").map(Duration::from_secs),
            utilization: header("azure-openai-deployment-utilization")
                .and_then(|text| text.trim().trim_end_matches('%').parse::<f32>().ok())
                .filter(|percent| percent.is_finite() && *percent >= 0.0),
        }
    }

    /// Whether the backend told nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How long a backend asks to be left alone.
///
/// `header` looks up a value by its lower-case name; `unix_now` is the wall-clock time since 1970-01-01 UTC, used for
/// HTTP dates only. `retry-after-ms` (Azure OpenAI) wins over `retry-after`, which holds seconds, possibly with a
/// fraction, or an HTTP date; a date in the past is zero (RFC 9110 §10.2.3).
pub fn retry_after<'a>(
    header: impl Fn(&str) -> Option<&'a str>,
    unix_now: Duration,
) -> Option<Duration> {
    let milliseconds = header("retry-after-ms")
        .and_then(decimal)
        .and_then(|value| Duration::try_from_secs_f64(value / 1000.0).ok());
    if milliseconds.is_some() {
        return milliseconds;
    }
    let text = header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Some(seconds) = decimal(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let at = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(at.saturating_sub(unix_now))
}

/// A plain decimal number: digits and at most one point. Spellings that only programs use (`inf`, `1e9`) are none.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &'static str)], unix_now: u64) -> Option<Duration> {
        retry_after(
            |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| *v),
            Duration::from_secs(unix_now),
        )
    }

    #[test]
    fn retry_after_reads_seconds_fractions_and_milliseconds() {
        assert_eq!(read(&[], 0), None);
        assert_eq!(
            read(&[("retry-after", "7")], 0),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            read(&[("retry-after", " 1.5 ")], 0),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            read(&[("retry-after-ms", "43"), ("retry-after", "1")], 0),
            Some(Duration::from_millis(43))
        );
    }

    #[test]
    fn retry_after_reads_dates_and_past_dates_are_zero() {
        let date = [("retry-after", "Thu, 01 Jan 1970 00:02:00 GMT")];
        assert_eq!(read(&date, 60), Some(Duration::from_secs(60)));
        assert_eq!(read(&date, 120), Some(Duration::ZERO));
        assert_eq!(read(&date, 999), Some(Duration::ZERO));
    }

    #[test]
    fn unreadable_retry_after_counts_as_absent() {
        for text in [
            "", "-1", "soon", "inf", "1e9", "1.2.3", ".", "NaN", "0x10", "1;2",
        ] {
            assert_eq!(read(&[("retry-after", text)], 0), None, "{text:?}");
        }
        assert_eq!(
            read(&[("retry-after-ms", "-5"), ("retry-after", "2")], 0),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn an_absurd_retry_after_does_not_overflow() {
        let huge = "18446744073709551615";
        assert_eq!(
            read(&[("retry-after", huge)], 0),
            Some(Duration::from_secs(u64::MAX))
        );
        assert_eq!(
            read(&[("retry-after", "99999999999999999999999999")], 0),
            None
        );
    }

    #[test]
    fn rate_limit_headers_are_read_and_nonsense_is_absent() {
        let pairs = [
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-tokens", "55"),
            ("azure-openai-deployment-utilization", "87.4%"),
        ];
        let limit = RateLimit::from_headers(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| *v)
        });
        assert_eq!(limit.limit_tokens, None);
        assert_eq!(limit.remaining_tokens, Some(149_984));
        assert_eq!(limit.reset_tokens, Some(Duration::from_secs(55)));
        assert_eq!(limit.utilization, Some(87.4));
        assert!(!limit.is_empty());
        assert!(RateLimit::from_headers(|_| None).is_empty());
    }
}
