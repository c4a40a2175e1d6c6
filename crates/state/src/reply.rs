//! An answer that is there at once or comes later: what lets a store in memory and a store across the network share one
//! trait, without the former paying for a boxed future.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that may already hold its answer. It need not be `Send`: a worker awaits its own requests.
pub struct Reply<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    Now(Ready<T>),
    Later(Pin<Box<dyn Future<Output = T> + 'a>>),
}

impl<'a, T> Reply<'a, T> {
    /// The answer is known.
    pub fn ready(answer: T) -> Self {
        Self(Inner::Now(ready(answer)))
    }

    /// The answer comes when `future` ends.
    pub fn later(future: impl Future<Output = T> + 'a) -> Self {
        Self(Inner::Later(Box::pin(future)))
    }

    /// The answer, if it is known.
    ///
    /// # Errors
    /// It comes later: the reply, to be awaited.
    pub fn now(self) -> Result<T, Self> {
        match self.0 {
            Inner::Now(answer) => Ok(answer.into_inner()),
            later @ Inner::Later(_) => Err(Self(later)),
        }
    }
}

/// The answer itself is never pinned.
impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Inner::Now(answer) => Pin::new(answer).poll(context),
            Inner::Later(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for Reply<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Now(_) => "Reply(now)",
            Inner::Later(_) => "Reply(later)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn poll<T>(reply: &mut Reply<'_, T>) -> Poll<T> {
        Pin::new(reply).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_known_answer_is_there_with_and_without_awaiting() {
        assert_eq!(Reply::ready(7).now().ok(), Some(7));
        assert_eq!(poll(&mut Reply::ready(7)), Poll::Ready(7));
    }

    #[test]
    fn a_later_answer_must_be_awaited() {
        let mut waited = false;
        let future = std::future::poll_fn(|_| {
            if std::mem::replace(&mut waited, true) {
                Poll::Ready(7)
            } else {
                Poll::Pending
            }
        });
        let mut reply = Reply::later(future).now().unwrap_err();
        assert_eq!(poll(&mut reply), Poll::Pending);
        assert_eq!(poll(&mut reply), Poll::Ready(7));
    }
}
