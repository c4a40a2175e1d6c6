//! Utilisation of a provisioned deployment: a leaky bucket that may overflow once.
//!
//! In: the time and the estimated cost of each request, later its true cost. Out: admitted or not, how long to wait, and the
//! utilisation. No clock of its own.

use std::time::Duration;

/// Figures of a model that can be provisioned: input tokens per minute and unit, and the weight of an output token.
pub(crate) fn figures(model: &str) -> (u64, u64) {
    const FIGURES: &[(&str, u64, u64)] = &[
        ("gpt-4o-mini", 37_000, 4),
        ("gpt-4o", 2_500, 4),
        ("gpt-4.1-mini", 14_900, 4),
        ("gpt-4.1-nano", 59_400, 4),
        ("gpt-4.1", 3_000, 4),
        ("gpt-5-mini", 23_750, 8),
        ("gpt-5.2", 3_400, 8),
        ("gpt-5.1", 4_750, 8),
        ("gpt-5", 4_750, 8),
        ("o3", 3_000, 4),
        ("o4-mini", 5_400, 4),
    ];
    FIGURES
        .iter()
        .filter(|(name, ..)| model.starts_with(name))
        .max_by_key(|(name, ..)| name.len())
        .map_or((2_500, 4), |(_, input, ratio)| (*input, *ratio))
}

/// Output tokens assumed for a request that sets no cap.
pub(crate) const ASSUMED_OUTPUT: u64 = 1_000;

/// The bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// Input-equivalent tokens that drain in one second.
    rate: f64,
    /// Level that is 100 %.
    size: f64,
    level: f64,
    at: Duration,
    enforce: bool,
}

impl Bucket {
    /// A bucket for a capacity in input-equivalent tokens per minute.
    pub(crate) fn new(capacity_per_minute: u64, bucket_seconds: u64, enforce: bool) -> Self {
        let rate = (capacity_per_minute as f64 / 60.0).max(f64::MIN_POSITIVE);
        Self {
            rate,
            size: rate * bucket_seconds as f64,
            level: 0.0,
            at: Duration::ZERO,
            enforce,
        }
    }

    fn drain(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.level = (self.level - passed * self.rate).max(0.0);
        self.at = self.at.max(now);
    }

    /// Judges one request by the level before it. `Err` carries the milliseconds until the level is at 100 %.
    pub(crate) fn admit(&mut self, now: Duration, cost: u64) -> Result<(), u64> {
        self.drain(now);
        if self.enforce && self.level > self.size {
            let wait = (self.level - self.size) / self.rate * 1_000.0;
            return Err((wait.ceil() as u64).max(1));
        }
        self.level += cost as f64;
        Ok(())
    }

    /// Replaces the estimate of a finished request by its true cost.
    pub(crate) fn settle(&mut self, now: Duration, estimated: u64, actual: u64) {
        self.drain(now);
        self.level = (self.level - estimated as f64 + actual as f64).max(0.0);
    }

    /// 1.0 for 100 %.
    pub(crate) fn utilization(&self, now: Duration) -> f64 {
        let mut copy = self.clone();
        copy.drain(now);
        copy.level / copy.size
    }

    /// Sets the utilisation.
    pub(crate) fn set_utilization(&mut self, now: Duration, utilization: f64) {
        self.at = now;
        self.level = self.size * utilization.clamp(0.0, 1_000.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::from_secs(5);

    fn bucket() -> Bucket {
        let (input, _) = figures("gpt-4.1");
        Bucket::new(15 * input, 10, true)
    }

    #[test]
    fn a_burst_just_over_full_is_admitted_and_the_next_waits() {
        let mut bucket = bucket();
        assert!(bucket.admit(T0, 7_500).is_ok());
        assert_eq!(format!("{:.1}", bucket.utilization(T0) * 100.0), "100.0");
        assert!(bucket.admit(T0, 7_500).is_ok());
        assert_eq!(format!("{:.1}", bucket.utilization(T0) * 100.0), "200.0");
        assert_eq!(bucket.admit(T0, 7_500), Err(10_000));
    }

    #[test]
    fn finished_requests_are_settled() {
        let mut bucket = bucket();
        bucket.admit(T0, 7_500).unwrap();
        bucket.settle(T0, 7_500, 3_500 + 4 * 100);
        assert_eq!(format!("{:.1}", bucket.utilization(T0) * 100.0), "52.0");
    }

    #[test]
    fn the_level_drains_with_time() {
        let mut bucket = bucket();
        bucket.admit(T0, 7_500).unwrap();
        assert_eq!(bucket.utilization(T0 + Duration::from_secs(5)), 0.5);
        assert_eq!(bucket.utilization(T0 + Duration::from_secs(50)), 0.0);
    }

    #[test]
    fn the_utilisation_can_be_set() {
        let mut bucket = bucket();
        bucket.set_utilization(T0, 1.5);
        assert_eq!(bucket.admit(T0, 1), Err(5_000));
    }

    #[test]
    fn figures_prefer_the_longer_name() {
        assert_eq!(figures("gpt-4.1-mini-2025-04-14"), (14_900, 4));
        assert_eq!(figures("gpt-5"), (4_750, 8));
    }
}
