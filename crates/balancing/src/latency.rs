//! A moving average of answer times that is quick to believe bad news and slow to forget it.
//!
//! Answer times flow in, an estimate flows out. It rises half way to a slower sample at once and falls towards faster
//! ones within about five seconds. Without samples for ten seconds it fades, so that a backend once found slow is asked
//! again some time.

use std::time::Duration;

const FALL: f64 = 5.0;
const FADE_AFTER: Duration = Duration::from_secs(10);
const FADE: f64 = 10.0;

/// The average; knows nothing before its first sample.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LatencyAverage {
    known: Option<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    seconds: f64,
    at: Duration,
}

impl LatencyAverage {
    /// Takes a sample in.
    pub(crate) fn add(&mut self, sample: Duration, now: Duration) {
        let sample = sample.as_secs_f64();
        let seconds = match self.known {
            None => sample,
            Some(known) if sample > known.seconds => (known.seconds + sample) / 2.0,
            Some(known) => {
                let age = now.saturating_sub(known.at).as_secs_f64();
                let keep = (-age / FALL).exp();
                known.seconds * keep + sample * (1.0 - keep)
            }
        };
        self.known = Some(Known { seconds, at: now });
    }

    /// The estimate in seconds; `None` before the first sample.
    pub(crate) fn seconds(&self, now: Duration) -> Option<f64> {
        let known = self.known?;
        let silent = now
            .saturating_sub(known.at)
            .saturating_sub(FADE_AFTER)
            .as_secs_f64();
        Some(known.seconds * (-silent / FADE).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rises_at_once_and_falls_with_time() {
        let mut average = LatencyAverage::default();
        assert_eq!(average.seconds(at(0)), None);
        average.add(Duration::from_millis(100), at(0));
        average.add(Duration::from_millis(500), at(0));
        assert!((average.seconds(at(0)).unwrap() - 0.3).abs() < 1e-9);
        average.add(Duration::from_millis(100), at(0));
        assert!((average.seconds(at(0)).unwrap() - 0.3).abs() < 1e-9);
        average.add(Duration::from_millis(100), at(5));
        let fallen = average.seconds(at(5)).unwrap();
        assert!(fallen > 0.1 && fallen < 0.2, "{fallen}");
    }

    #[test]
    fn fades_when_nothing_is_heard_for_long() {
        let mut average = LatencyAverage::default();
        average.add(Duration::from_secs(8), at(0));
        assert_eq!(average.seconds(at(10)), Some(8.0));
        assert!(average.seconds(at(60)).unwrap() < 0.1);
    }
}
