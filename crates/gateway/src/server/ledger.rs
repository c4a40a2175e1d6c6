//! What is known about one client connection while hyper drives it.
//!
//! In: bytes read, requests begun and ended, writes that block, the worker's ticks. Out: when the connection must close, and why. Time
//! is a count of ticks that one sweep a second advances, so that a request sets no timer and reads no clock.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::Limits;

/// The resolution of all connection timeouts.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// Ticks a drain gives a connection that has not spoken yet: its request may be on the way.
const DRAIN_GRACE: u64 = 2;

/// The worker's time and limits, shared by its connections.
pub(crate) struct Clock {
    now: Cell<u64>,
    draining_since: Cell<Option<u64>>,
    limits: InTicks,
}

/// [`Limits`] that concern time, in ticks.
struct InTicks {
    head: u64,
    idle: u64,
    write: u64,
    body: u64,
}

impl Clock {
    pub(crate) fn new(limits: &Limits) -> Self {
        // One more than the time has: the first tick may come at once.
        let ticks = |span: Duration| {
            let whole = span.as_millis().div_ceil(TICK.as_millis().max(1));
            u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1)
        };
        Self {
            now: Cell::new(0),
            draining_since: Cell::new(None),
            limits: InTicks {
                head: ticks(limits.header_timeout),
                idle: ticks(limits.idle_timeout),
                write: ticks(limits.write_timeout),
                body: ticks(limits.body_timeout),
            },
        }
    }

    pub(crate) fn advance(&self) {
        self.now.set(self.now.get().wrapping_add(1));
    }

    pub(crate) fn drain(&self) {
        if self.draining_since.get().is_none() {
            self.draining_since.set(Some(self.now.get()));
        }
    }

    fn since(&self, then: u64) -> u64 {
        self.now.get().saturating_sub(then)
    }
}

/// How a connection is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Order {
    /// It may go on.
    Stay,
    /// Finish what is in flight, take nothing new.
    Leave,
    /// End at once.
    Abort,
}

/// The books of one connection.
pub(crate) struct Ledger {
    clock: Rc<Clock>,
    http2: Cell<bool>,
    in_flight: Cell<u32>,
    served: Cell<bool>,
    /// Bytes arrived that are not a whole request head yet.
    reading_head: Cell<bool>,
    /// Start of the present idleness or of the head being read.
    quiet_since: Cell<u64>,
    /// Everything written so far has reached the socket, and no request is in flight.
    settled: Cell<bool>,
    blocked_since: Cell<Option<u64>>,
    order: Cell<Order>,
    task: RefCell<Option<Waker>>,
    waiting_bodies: RefCell<Vec<Waker>>,
}

impl Ledger {
    pub(crate) fn new(clock: Rc<Clock>) -> Rc<Self> {
        let now = clock.now.get();
        Rc::new(Self {
            clock,
            http2: Cell::new(false),
            in_flight: Cell::new(0),
            served: Cell::new(false),
            reading_head: Cell::new(false),
            quiet_since: Cell::new(now),
            settled: Cell::new(true),
            blocked_since: Cell::new(None),
            order: Cell::new(Order::Stay),
            task: RefCell::default(),
            waiting_bodies: RefCell::default(),
        })
    }

    pub(crate) fn speaks_http2(&self) {
        self.http2.set(true);
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.http2.get()
    }

    /// Bytes arrived.
    pub(crate) fn heard(&self) {
        if self.in_flight.get() == 0 && !self.reading_head.replace(true) && !self.http2.get() {
            self.quiet_since.set(self.clock.now.get());
        }
    }

    /// A request begins; it ends when the guard is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> InFlight {
        self.in_flight.set(self.in_flight.get().saturating_add(1));
        self.served.set(true);
        self.reading_head.set(false);
        self.settled.set(false);
        InFlight(self.clone())
    }

    fn end(&self) {
        let left = self.in_flight.get().saturating_sub(1);
        self.in_flight.set(left);
        if left == 0 {
            self.quiet_since.set(self.clock.now.get());
        }
    }

    /// The socket took all that was written.
    pub(crate) fn flushed(&self) {
        if self.in_flight.get() == 0 {
            self.settled.set(true);
        }
    }

    /// What hyper writes now answers no request: it is its own answer to a head it cannot read.
    pub(crate) fn owes_nothing(&self) -> bool {
        self.settled.get() && self.in_flight.get() == 0 && !self.http2.get()
    }

    pub(crate) fn blocked(&self, blocked: bool) {
        if !blocked {
            self.blocked_since.set(None);
        } else if self.blocked_since.get().is_none() {
            self.blocked_since.set(Some(self.clock.now.get()));
        }
    }

    /// The present tick, for a body that starts to wait.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now.get()
    }

    /// Whether a body that waits since `then` has waited too long.
    pub(crate) fn body_overdue(&self, then: u64) -> bool {
        self.clock.since(then) >= self.clock.limits.body
    }

    /// Wakes `waker` at the next sweep.
    pub(crate) fn wake_at_sweep(&self, waker: &Waker) {
        let mut waiting = self.waiting_bodies.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// Looks at the connection once a tick.
    pub(crate) fn sweep(&self) {
        let bodies = std::mem::take(&mut *self.waiting_bodies.borrow_mut());
        bodies.into_iter().for_each(Waker::wake);
        let limits = &self.clock.limits;
        let quiet = self.clock.since(self.quiet_since.get());
        if self
            .blocked_since
            .get()
            .is_some_and(|then| self.clock.since(then) >= limits.write)
        {
            self.command(Order::Abort);
        } else if self.in_flight.get() == 0 {
            if self.reading_head.get() && !self.http2.get() && quiet >= limits.head {
                self.command(Order::Abort);
            } else if quiet >= limits.idle {
                self.command(Order::Leave);
            }
        }
        if self.clock.draining_since.get().is_some() {
            self.wake();
        }
    }

    /// Ends the connection now.
    pub(crate) fn abort(&self) {
        self.command(Order::Abort);
    }

    fn command(&self, order: Order) {
        if self.order.get() < order {
            self.order.set(order);
            self.wake();
        }
    }

    /// Lets the connection's task look at its orders.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.task.borrow() {
            waker.wake_by_ref();
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.order.get() == Order::Abort
    }

    /// Whether the connection should finish what is in flight and close.
    pub(crate) fn should_leave(&self) -> bool {
        if self.order.get() >= Order::Leave {
            return true;
        }
        let Some(since) = self.clock.draining_since.get() else {
            return false;
        };
        let may_have_a_request_on_the_way =
            self.in_flight.get() == 0 && (!self.served.get() || self.reading_head.get());
        !may_have_a_request_on_the_way || self.http2.get() || self.clock.since(since) >= DRAIN_GRACE
    }

    /// Resolves when the connection is to end before it has spoken HTTP.
    pub(crate) async fn dismissed(&self) {
        poll_fn(|cx| {
            self.register(cx.waker());
            if self.should_leave() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// A request in flight.
pub(crate) struct InFlight(Rc<Ledger>);

impl InFlight {
    pub(crate) fn ledger(&self) -> &Rc<Ledger> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Rc<Clock> {
        let seconds = Duration::from_secs;
        let limits = Limits {
            header_timeout: seconds(3),
            idle_timeout: seconds(5),
            write_timeout: seconds(2),
            body_timeout: seconds(2),
            ..Limits::default()
        };
        Rc::new(Clock::new(&limits))
    }

    fn pass(clock: &Clock, ledger: &Ledger, ticks: u64) {
        for _ in 0..ticks {
            clock.advance();
            ledger.sweep();
        }
    }

    #[test]
    fn a_head_that_trickles_in_is_cut_off() {
        let clock = clock();
        let ledger = Ledger::new(clock.clone());
        for _ in 0..2 {
            pass(&clock, &ledger, 1);
            ledger.heard();
        }
        pass(&clock, &ledger, 2);
        assert!(!ledger.is_aborted());
        pass(&clock, &ledger, 1);
        assert!(ledger.is_aborted());
    }

    #[test]
    fn an_idle_connection_leaves_and_a_busy_one_stays() {
        let clock = clock();
        let ledger = Ledger::new(clock.clone());
        ledger.heard();
        let request = ledger.begin();
        pass(&clock, &ledger, 100);
        assert!(!ledger.should_leave());
        drop(request);
        pass(&clock, &ledger, 5);
        assert!(!ledger.should_leave());
        pass(&clock, &ledger, 1);
        assert!(ledger.should_leave() && !ledger.is_aborted());
    }

    #[test]
    fn a_client_that_stops_reading_is_cut_off_in_the_middle_of_a_request() {
        let clock = clock();
        let ledger = Ledger::new(clock.clone());
        let _request = ledger.begin();
        ledger.blocked(true);
        pass(&clock, &ledger, 2);
        ledger.blocked(true);
        assert!(!ledger.is_aborted());
        pass(&clock, &ledger, 1);
        assert!(ledger.is_aborted());
    }

    #[test]
    fn a_drain_waits_a_moment_for_a_request_on_its_way() {
        let clock = clock();
        let (fresh, idle, busy) = (
            Ledger::new(clock.clone()),
            Ledger::new(clock.clone()),
            Ledger::new(clock.clone()),
        );
        drop(idle.begin());
        let _request = busy.begin();
        clock.drain();
        assert!(!fresh.should_leave());
        assert!(idle.should_leave() && busy.should_leave());
        pass(&clock, &fresh, DRAIN_GRACE);
        assert!(fresh.should_leave());
    }
}
