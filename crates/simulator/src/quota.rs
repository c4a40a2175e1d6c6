//! Limits of a standard deployment: tokens and requests per minute.
//!
//! In: the time and the estimate of each request. Out: admitted or not, how long to wait, and what the rate-limit headers say. No
//! clock of its own.

use std::time::Duration;

use tidegate_openai::error::LimitKind;

const MINUTE: Duration = Duration::from_secs(60);

/// `retry-after` of a request that can never be admitted, in seconds.
pub(crate) const NEVER: u64 = 86_400;

/// A count that starts anew when its window has passed. A window begins with the first request after the last one's end.
#[derive(Debug, Clone, Copy)]
struct Window {
    length: Duration,
    end: Duration,
    used: u64,
}

impl Window {
    const fn new(length: Duration) -> Self {
        Self {
            length,
            end: Duration::ZERO,
            used: 0,
        }
    }

    fn roll(&mut self, now: Duration) {
        if now >= self.end {
            self.end = now.saturating_add(self.length);
            self.used = 0;
        }
    }

    /// Seconds to the end, rounded up, at least 1.
    fn seconds_left(&self, now: Duration) -> u64 {
        let left = self.end.saturating_sub(now);
        left.as_secs()
            .saturating_add(u64::from(left.subsec_nanos() > 0))
            .max(1)
    }

    fn millis_left(&self, now: Duration) -> u64 {
        let left = self.end.saturating_sub(now);
        u64::try_from(left.as_nanos().div_ceil(1_000_000))
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

/// The limits of one deployment and what of them is used.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    configured_tpm: u64,
    factor: f64,
    rpm: u64,
    tokens: Window,
    requests: Window,
    /// For the headers, which count by the minute whatever window is enforced.
    minute: Window,
    enforce: bool,
}

/// What the rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) limit_requests: u64,
    pub(crate) limit_tokens: u64,
    pub(crate) remaining_requests_minute: u64,
    pub(crate) remaining_requests_window: u64,
    pub(crate) remaining_tokens: u64,
    pub(crate) reset_requests_seconds: u64,
    pub(crate) reset_tokens_seconds: u64,
}

/// Why a request was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) limit: LimitKind,
    pub(crate) retry_after_seconds: u64,
    pub(crate) retry_after_ms: u64,
}

impl Quota {
    pub(crate) fn new(tpm: u64, rpm: u64, window_seconds: u64, factor: f64, enforce: bool) -> Self {
        Self {
            configured_tpm: tpm,
            factor,
            rpm,
            tokens: Window::new(MINUTE),
            requests: Window::new(Duration::from_secs(window_seconds)),
            minute: Window::new(MINUTE),
            enforce,
        }
    }

    /// Requests allowed in one enforcement window.
    fn allowance(&self) -> u64 {
        self.rpm
            .saturating_mul(self.requests.length.as_secs())
            .div_ceil(60)
            .max(1)
    }

    /// Tokens per minute in force.
    pub(crate) fn limit_tokens(&self) -> u64 {
        (self.configured_tpm as f64 * self.factor) as u64
    }

    /// Sets the share of the tokens per minute that is in force.
    pub(crate) fn set_factor(&mut self, factor: f64) {
        self.factor = factor.clamp(0.0, 1.0);
    }

    /// Starts every window anew.
    pub(crate) fn reset(&mut self) {
        for window in [&mut self.tokens, &mut self.requests, &mut self.minute] {
            *window = Window::new(window.length);
        }
    }

    /// Judges one request. A rejected request counts as a request, and its tokens do not count.
    pub(crate) fn admit(&mut self, now: Duration, estimate: u64) -> Result<Duration, Refusal> {
        for window in [&mut self.tokens, &mut self.requests, &mut self.minute] {
            window.roll(now);
        }
        self.requests.used = self.requests.used.saturating_add(1);
        self.minute.used = self.minute.used.saturating_add(1);
        if self.enforce && self.requests.used > self.allowance() {
            return Err(Refusal {
                limit: LimitKind::Calls,
                retry_after_seconds: self.requests.seconds_left(now),
                retry_after_ms: self.requests.millis_left(now),
            });
        }
        let limit = self.limit_tokens();
        if self.enforce && estimate > limit {
            return Err(Refusal {
                limit: LimitKind::Tokens,
                retry_after_seconds: NEVER,
                retry_after_ms: NEVER * 1_000,
            });
        }
        let used = self.tokens.used.saturating_add(estimate);
        if self.enforce && used > limit {
            return Err(Refusal {
                limit: LimitKind::Tokens,
                retry_after_seconds: self.tokens.seconds_left(now),
                retry_after_ms: self.tokens.millis_left(now),
            });
        }
        self.tokens.used = used;
        Ok(self.tokens.end)
    }

    /// Gives back tokens that were estimated and not used, if their window still lasts. `window_end` is what `admit` returned.
    pub(crate) fn refund(&mut self, window_end: Duration, tokens: u64) {
        if self.tokens.end == window_end {
            self.tokens.used = self.tokens.used.saturating_sub(tokens);
        }
    }

    /// What the headers say now.
    pub(crate) fn snapshot(&self, now: Duration) -> Snapshot {
        let live = |window: &Window| if now < window.end { window.used } else { 0 };
        let limit_tokens = self.limit_tokens();
        Snapshot {
            limit_requests: self.rpm,
            limit_tokens,
            remaining_requests_minute: self.rpm.saturating_sub(live(&self.minute)),
            remaining_requests_window: self.allowance().saturating_sub(live(&self.requests)),
            remaining_tokens: limit_tokens.saturating_sub(live(&self.tokens)),
            reset_requests_seconds: self.requests.seconds_left(now),
            reset_tokens_seconds: self.tokens.seconds_left(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::from_secs(5);

    #[test]
    fn tokens_run_out_within_their_minute() {
        let mut quota = Quota::new(1_000, 600, 10, 1.0, true);
        assert!(quota.admit(T0, 500).is_ok());
        assert_eq!(quota.snapshot(T0).remaining_tokens, 500);
        assert!(quota.admit(T0, 500).is_ok());
        assert_eq!(quota.snapshot(T0).remaining_tokens, 0);
        let later = T0 + Duration::from_millis(20_500);
        let refusal = quota.admit(later, 500).unwrap_err();
        assert_eq!(refusal.limit, LimitKind::Tokens);
        assert_eq!(refusal.retry_after_seconds, 40);
        assert_eq!(refusal.retry_after_ms, 39_500);
        assert!(quota.admit(T0 + MINUTE, 500).is_ok());
    }

    #[test]
    fn a_request_above_the_limit_is_told_never() {
        let mut quota = Quota::new(1_000, 600, 10, 1.0, true);
        assert_eq!(
            quota.admit(T0, 2_000).unwrap_err().retry_after_seconds,
            NEVER
        );
        assert!(quota.admit(T0, 1_000).is_ok());
    }

    #[test]
    fn requests_run_out_within_ten_seconds() {
        let mut quota = Quota::new(60_000, 360, 10, 1.0, true);
        for _ in 0..60 {
            assert!(quota.admit(T0, 1).is_ok());
        }
        let refusal = quota.admit(T0 + Duration::from_secs(4), 1).unwrap_err();
        assert_eq!(refusal.limit, LimitKind::Calls);
        assert_eq!(refusal.retry_after_seconds, 6);
        let snapshot = quota.snapshot(T0 + Duration::from_secs(4));
        assert_eq!(
            (
                snapshot.remaining_requests_minute,
                snapshot.remaining_requests_window
            ),
            (299, 0)
        );
        assert!(quota.admit(T0 + Duration::from_secs(10), 1).is_ok());
    }

    #[test]
    fn a_small_quota_still_allows_one_request_a_window() {
        let mut quota = Quota::new(1_000, 6, 10, 1.0, true);
        assert!(quota.admit(T0, 1).is_ok());
        assert!(quota.admit(T0, 1).is_err());
    }

    #[test]
    fn a_lowered_factor_shows_in_the_limit() {
        let mut quota = Quota::new(1_000, 600, 10, 1.0, true);
        quota.set_factor(0.25);
        assert_eq!(quota.snapshot(T0).limit_tokens, 250);
        assert_eq!(quota.admit(T0, 251).unwrap_err().retry_after_seconds, NEVER);
    }

    #[test]
    fn refunds_stay_within_their_window() {
        let mut quota = Quota::new(1_000, 600, 10, 1.0, true);
        let window = quota.admit(T0, 900).unwrap();
        quota.refund(window, 800);
        assert_eq!(quota.snapshot(T0).remaining_tokens, 900);
        let later = T0 + MINUTE;
        quota.admit(later, 500).unwrap();
        quota.refund(window, 500);
        assert_eq!(quota.snapshot(later).remaining_tokens, 500);
    }

    #[test]
    fn unenforced_limits_are_counted_only() {
        let mut quota = Quota::new(10, 6, 10, 1.0, false);
        for _ in 0..100 {
            assert!(quota.admit(T0, 100).is_ok());
        }
        assert_eq!(quota.snapshot(T0).remaining_tokens, 0);
    }
}
