//! `Expect: 100-continue`: a request body that waits for the backend's word.
//!
//! In: hyper's notice of a `100 Continue`, or the end of the call. Out: the body starts to flow, or ends with an error that closes the
//! connection (RFC 9110 §10.1.1). APIM: `continue-timeout` of `forward-request`.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Waiting,
    Open,
    Abandoned,
}

#[derive(Default)]
struct State {
    phase: Phase,
    body: Option<Waker>,
    caller: Option<Waker>,
}

/// Shared by the request body, hyper's callback and the caller.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

impl Gate {
    /// The backend said `100 Continue`.
    pub(crate) fn open(&self) {
        self.leave(Phase::Open);
    }

    /// The backend answered without wanting the body, or the call is over: a body that still waits ends with an error.
    pub(crate) fn abandon(&self) {
        self.leave(Phase::Abandoned);
    }

    fn leave(&self, phase: Phase) {
        let wakers = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.phase != Phase::Waiting {
                return;
            }
            state.phase = phase;
            [state.body.take(), state.caller.take()]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether the body may flow; `Err` once it never will.
    pub(crate) fn poll_open(&self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.phase {
            Phase::Open => Poll::Ready(Ok(())),
            Phase::Abandoned => Poll::Ready(Err(())),
            Phase::Waiting => {
                state.body = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Resolves when the body no longer waits.
    pub(crate) async fn passed(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.phase == Phase::Waiting {
                state.caller = Some(cx.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}
