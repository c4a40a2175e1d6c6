//! Time: the only place where the simulator learns what time it is and waits.
//!
//! In: nothing. Out: time since start, calendar time, waits. [`SystemClock`] is real; [`VirtualClock`] moves when somebody waits or
//! when a test says so, so that minutes of quota windows pass in microseconds.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A wait.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where time comes from.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Time since the clock was made. Never goes back.
    fn now(&self) -> Duration;

    /// Time since 1970.
    fn unix_time(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Real time.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn unix_time(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Time that a test moves.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    state: Arc<Mutex<VirtualState>>,
    auto: bool,
}

#[derive(Debug, Default)]
struct VirtualState {
    now: Duration,
    next: u64,
    /// Sleepers that are waiting, by time and arrival.
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

/// The calendar time at which virtual clocks start: 2025-01-01T00:00:00Z.
const VIRTUAL_EPOCH: Duration = Duration::from_secs(1_735_689_600);

impl VirtualClock {
    /// A clock on which a wait ends at once and moves the time by its length. For tests with one request at a time.
    pub fn auto() -> Self {
        Self {
            state: Arc::default(),
            auto: true,
        }
    }

    /// A clock that moves only by [`VirtualClock::advance`].
    pub fn manual() -> Self {
        Self {
            state: Arc::default(),
            auto: false,
        }
    }

    /// Moves the time and wakes whoever waited for it.
    pub fn advance(&self, duration: Duration) {
        let due = {
            let mut state = self.lock();
            state.now = state.now.saturating_add(duration);
            let first_later = (state.now.saturating_add(Duration::from_nanos(1)), 0);
            let later = state.sleepers.split_off(&first_later);
            std::mem::replace(&mut state.sleepers, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VirtualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn unix_time(&self) -> Duration {
        VIRTUAL_EPOCH.saturating_add(self.now())
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if self.auto {
            self.advance(duration);
            return Box::pin(std::future::ready(()));
        }
        let id = {
            let mut state = self.lock();
            state.next = state.next.wrapping_add(1);
            state.next
        };
        Box::pin(VirtualSleep {
            clock: self.clone(),
            until: self.now().saturating_add(duration),
            id,
        })
    }
}

struct VirtualSleep {
    clock: VirtualClock,
    until: Duration,
    id: u64,
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        state
            .sleepers
            .insert((self.until, self.id), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&(self.until, self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_automatic_clock_moves_by_the_wait() {
        let clock = VirtualClock::auto();
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), Duration::from_secs(90));
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_those_who_are_due() {
        let clock = VirtualClock::manual();
        let short = tokio::spawn(clock.sleep(Duration::from_secs(1)));
        let long = tokio::spawn(clock.sleep(Duration::from_secs(10)));
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(1));
        short.await.unwrap();
        assert!(!long.is_finished());
        clock.advance(Duration::from_secs(9));
        long.await.unwrap();
    }
}
