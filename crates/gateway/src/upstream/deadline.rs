//! Long time limits without a timer each.
//!
//! In: a call and its limit. Out: the call's result, or nothing once the limit has passed. A call that is answered in time, as nearly all
//! are, costs two vector accesses instead of a place in the runtime's timer wheel; one tick a second looks for those that are late.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::client::TICK;

/// The calls of one worker that have a limit.
#[derive(Default)]
pub(crate) struct Deadlines {
    now: Cell<u64>,
    places: RefCell<Vec<Place>>,
    free: RefCell<Vec<usize>>,
}

struct Place {
    /// The tick at which the call is late; `None` for a place nobody uses.
    due: Option<u64>,
    waker: Waker,
}

impl Deadlines {
    /// One tick has passed: those who are late now are woken.
    pub(crate) fn advance(&self) {
        let now = self.now.get().wrapping_add(1);
        self.now.set(now);
        for place in self.places.borrow().iter() {
            if place.due.is_some_and(|due| due <= now) {
                place.waker.wake_by_ref();
            }
        }
    }

    fn enter(&self, due: u64, waker: &Waker) -> usize {
        let mut places = self.places.borrow_mut();
        if let Some(index) = self.free.borrow_mut().pop()
            && let Some(place) = places.get_mut(index)
        {
            place.due = Some(due);
            place.waker.clone_from(waker);
            return index;
        }
        places.push(Place {
            due: Some(due),
            waker: waker.clone(),
        });
        places.len() - 1
    }

    fn renew(&self, index: usize, waker: &Waker) {
        if let Some(place) = self.places.borrow_mut().get_mut(index) {
            // Does nothing where the waker is the same.
            place.waker.clone_from(waker);
        }
    }
}

/// A call's place, free again when the call is over.
struct Seat<'a> {
    deadlines: &'a Deadlines,
    index: usize,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.deadlines.places.borrow_mut().get_mut(self.index) {
            place.due = None;
            // A waker would keep the memory of a task that has ended.
            place.waker = Waker::noop().clone();
        }
        self.deadlines.free.borrow_mut().push(self.index);
    }
}

/// The result of `call`, or `None` once `limit` has passed: never earlier, at most two ticks later.
pub(crate) async fn within<F: Future>(
    deadlines: &Deadlines,
    limit: Duration,
    mut call: Pin<&mut F>,
) -> Option<F::Output> {
    let ticks = limit.as_millis().div_ceil(TICK.as_millis().max(1));
    // One more than the limit has: the first tick may come at once.
    let ticks = u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1);
    let due = deadlines.now.get().saturating_add(ticks);
    let mut seat = None;
    poll_fn(|cx| {
        if let Poll::Ready(result) = call.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        if deadlines.now.get() >= due {
            return Poll::Ready(None);
        }
        match &seat {
            None => {
                let index = deadlines.enter(due, cx.waker());
                seat = Some(Seat { deadlines, index });
            }
            Some(seat) => deadlines.renew(seat.index, cx.waker()),
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_call_is_late_after_its_limit_and_not_before() {
        let deadlines = Deadlines::default();
        let mut forever = pin!(pending::<()>());
        let mut call = pin!(within(&deadlines, Duration::from_secs(3), forever.as_mut()));
        assert!(call.as_mut().now_or_never().is_none());
        for _ in 0..3 {
            deadlines.advance();
            assert!(call.as_mut().now_or_never().is_none());
        }
        deadlines.advance();
        assert_eq!(call.as_mut().now_or_never(), Some(None));
    }

    #[test]
    fn a_place_is_used_again() {
        let deadlines = Deadlines::default();
        for _ in 0..3 {
            let mut forever = pin!(pending::<()>());
            let call = within(&deadlines, Duration::from_secs(3), forever.as_mut());
            assert!(call.now_or_never().is_none());
            assert_eq!(
                within(&deadlines, Duration::from_secs(3), pin!(ready(7))).now_or_never(),
                Some(Some(7))
            );
        }
        assert_eq!(deadlines.places.borrow().len(), 1);
    }
}
