//! How many attempts, and how many failures, fell into the last `interval`: the memory of a circuit breaker rule.
//!
//! Attempts flow in with their moment, counts flow out. Memory is bounded whatever the traffic: up to [`LOG_LIMIT`]
//! failures are remembered exactly, one moment each; shares of all attempts, and counts beyond that limit, are kept in
//! [`SLICES`] equal slices of the interval, whose oldest drops out as a whole (so an attempt is forgotten up to 1/128 of
//! the interval early, never late).

use std::collections::VecDeque;
use std::time::Duration;

use crate::nanos;

/// How many failures are remembered with their exact moment.
pub(crate) const LOG_LIMIT: u32 = 1024;
/// Into how many slices the interval is cut for everything else.
pub(crate) const SLICES: usize = 128;

/// The exact moments of the latest failures.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    moments: VecDeque<Duration>,
}

impl FailureLog {
    /// Notes a failure; the log keeps the newest `limit` (at most [`LOG_LIMIT`]) of those not older than `interval`.
    pub(crate) fn add(&mut self, now: Duration, interval: Duration, limit: u32) {
        self.expire(now, interval);
        let limit = limit.clamp(1, LOG_LIMIT) as usize;
        while self.moments.len() >= limit {
            self.moments.pop_front();
        }
        self.moments.push_back(now);
    }

    /// Failures not older than `interval`.
    pub(crate) fn failures(&mut self, now: Duration, interval: Duration) -> u64 {
        self.expire(now, interval);
        self.moments.len() as u64
    }

    pub(crate) fn clear(&mut self) {
        self.moments.clear();
    }

    fn expire(&mut self, now: Duration, interval: Duration) {
        while let Some(&oldest) = self.moments.front() {
            if now.saturating_sub(oldest) <= interval {
                break;
            }
            self.moments.pop_front();
        }
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.moments.capacity()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slice {
    attempts: u64,
    failures: u64,
}

/// Attempts and failures counted per slice of the interval.
#[derive(Debug)]
pub(crate) struct Slices {
    ring: Box<[Slice]>,
    width: u64,
    newest: u64,
    sum: Slice,
}

impl Slices {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            ring: vec![Slice::default(); SLICES].into_boxed_slice(),
            width: (nanos(interval) / SLICES as u64).max(1),
            newest: 0,
            sum: Slice::default(),
        }
    }

    /// Notes a completed attempt.
    pub(crate) fn add(&mut self, now: Duration, failed: bool) {
        self.advance(now);
        let failures = u64::from(failed);
        // A moment before the newest slice (another thread's clock reading) counts as the newest.
        let position = (self.newest % SLICES as u64) as usize;
        if let Some(slice) = self.ring.get_mut(position) {
            slice.attempts += 1;
            slice.failures += failures;
            self.sum.attempts += 1;
            self.sum.failures += failures;
        }
    }

    /// Attempts and failures within the interval.
    pub(crate) fn counts(&mut self, now: Duration) -> (u64, u64) {
        self.advance(now);
        (self.sum.attempts, self.sum.failures)
    }

    pub(crate) fn clear(&mut self) {
        self.ring.fill(Slice::default());
        self.sum = Slice::default();
    }

    fn advance(&mut self, now: Duration) {
        let index = nanos(now) / self.width;
        if index <= self.newest {
            return;
        }
        if index - self.newest >= SLICES as u64 {
            self.clear();
        } else {
            for passed in self.newest + 1..=index {
                let position = (passed % SLICES as u64) as usize;
                if let Some(slice) = self.ring.get_mut(position) {
                    self.sum.attempts -= slice.attempts;
                    self.sum.failures -= slice.failures;
                    *slice = Slice::default();
                }
            }
        }
        self.newest = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn failures_older_than_the_interval_drop_out() {
        let mut log = FailureLog::default();
        for moment in [0, 400, 900] {
            log.add(ms(moment), ms(1000), 10);
        }
        assert_eq!(log.failures(ms(1000), ms(1000)), 3);
        assert_eq!(log.failures(ms(1001), ms(1000)), 2);
        assert_eq!(log.failures(ms(1901), ms(1000)), 0);
    }

    #[test]
    fn slices_forget_everything_after_a_long_silence() {
        let mut slices = Slices::new(ms(1000));
        slices.add(ms(10), true);
        slices.add(ms(20), false);
        assert_eq!(slices.counts(ms(500)), (2, 1));
        assert_eq!(slices.counts(ms(1_000_000)), (0, 0));
    }

    #[test]
    fn an_interval_of_zero_is_harmless() {
        let mut slices = Slices::new(Duration::ZERO);
        slices.add(ms(1), true);
        assert_eq!(slices.counts(ms(1)), (1, 1));
        assert_eq!(slices.counts(ms(2)), (0, 0));
    }

    proptest! {
        #[test]
        fn slices_never_count_older_than_the_interval_and_never_miss_the_recent(
            steps in prop::collection::vec((0u64..300, any::<bool>()), 1..200),
        ) {
            let interval = ms(1000);
            let mut slices = Slices::new(interval);
            let mut exact: Vec<(Duration, bool)> = Vec::new();
            let mut now = ms(0);
            for (step, failed) in steps {
                now += ms(step);
                slices.add(now, failed);
                exact.push((now, failed));
                let (attempts, failures) = slices.counts(now);
                let within = |age: Duration| {
                    let all = exact.iter().filter(|(at, _)| now - *at <= age);
                    let failed = all.clone().filter(|(_, failed)| *failed).count() as u64;
                    (all.count() as u64, failed)
                };
                let upper = within(interval);
                let lower = within(interval.mul_f64(127.0 / 128.0).saturating_sub(ms(1)));
                prop_assert!(attempts <= upper.0 && failures <= upper.1);
                prop_assert!(attempts >= lower.0 && failures >= lower.1);
            }
        }

        #[test]
        fn the_log_stays_within_its_limit(count in 1usize..5000, limit in 0u32..u32::MAX) {
            let mut log = FailureLog::default();
            for _ in 0..count {
                log.add(ms(5), ms(1000), limit);
            }
            prop_assert!(log.failures(ms(5), ms(1000)) <= u64::from(LOG_LIMIT));
            prop_assert!(log.capacity() <= 2 * LOG_LIMIT as usize);
        }
    }
}
