//! The system's clock and randomness, as ports of the pipeline.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidegate_pipeline::{Clock, LocalBoxFuture, Random, ticks};

/// The system's clock. All workers of a process share its monotonic zero.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    zero: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    pub fn start() -> Self {
        Self {
            zero: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        ticks::from_duration(since_epoch).saturating_add(ticks::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        self.zero.elapsed()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A fast random generator, seeded from the system; for choices, not for secrets.
#[derive(Debug)]
pub struct SystemRandom(RefCell<fastrand::Rng>);

impl SystemRandom {
    /// A generator with a seed of its own.
    pub fn new() -> Self {
        Self(RefCell::new(fastrand::Rng::new()))
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn next(&self) -> u64 {
        self.0.borrow_mut().u64(..)
    }
}
