//! Bodies of client connections.
//!
//! In: a request's frames, counted against the limit and against standstill. Out: a response's frames, from the handler or of the
//! listener's own.
//! Nothing is buffered here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use thiserror::Error;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::ledger::{InFlight, Ledger};
use crate::upstream::BoxError;

/// Bytes of an unwanted request body that are still read, so that the client gets to see the answer instead of a reset.
const LINGER_BYTES: u64 = 8 * 1024 * 1024;
/// Time an unwanted request body is given to arrive.
const LINGER: Duration = Duration::from_secs(5);

/// Why a request body ended early.
#[derive(Debug, Error)]
pub enum BodyError {
    /// More bytes than allowed. Answer 413.
    #[error("the request body exceeds {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client stopped sending. Answer 408.
    #[error("the client stopped sending the request body")]
    Stalled,
    /// The client left, or broke the protocol.
    #[error("the request body could not be read: {0}")]
    Broken(#[source] hyper::Error),
}

/// The body of a client's request.
pub struct IncomingBody {
    incoming: Option<Incoming>,
    ledger: Rc<Ledger>,
    left: u64,
    limit: u64,
    waiting_since: Option<u64>,
    failed: bool,
}

impl IncomingBody {
    pub(crate) fn new(incoming: Incoming, ledger: Rc<Ledger>, limit: u64) -> Self {
        Self {
            incoming: Some(incoming),
            ledger,
            left: limit,
            limit,
            waiting_since: None,
            failed: false,
        }
    }
}

impl HttpBody for IncomingBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Some(incoming) = this.incoming.as_mut().filter(|_| !this.failed) else {
            return Poll::Ready(None);
        };
        let Poll::Ready(frame) = Pin::new(incoming).poll_frame(cx) else {
            let since = *this.waiting_since.get_or_insert_with(|| this.ledger.now());
            if this.ledger.body_overdue(since) {
                this.failed = true;
                return Poll::Ready(Some(Err(BodyError::Stalled)));
            }
            this.ledger.wake_at_sweep(cx.waker());
            return Poll::Pending;
        };
        this.waiting_since = None;
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                match this.left.checked_sub(length) {
                    Some(left) => {
                        this.left = left;
                        Some(Ok(frame))
                    }
                    None => {
                        this.failed = true;
                        Some(Err(BodyError::TooLarge { limit: this.limit }))
                    }
                }
            }
            Some(Err(error)) => {
                this.failed = true;
                this.incoming = None;
                Some(Err(BodyError::Broken(error)))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        // HTTP/2 resets the stream; HTTP/1.1 can only read on, or close under the client's hands.
        if !self.ledger.is_http2()
            && !self.ledger.is_aborted()
            && let Some(incoming) = self.incoming.take()
        {
            linger(incoming);
        }
    }
}

/// Reads what is left of an unwanted body, within bounds, in the background.
fn linger(mut incoming: Incoming) {
    if incoming.is_end_stream() {
        return;
    }
    spawn_local(timeout(LINGER, async move {
        let mut left = LINGER_BYTES;
        while let Some(Ok(frame)) = incoming.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }));
}

impl std::fmt::Debug for IncomingBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "server::IncomingBody({:?})", self.size_hint())
    }
}

/// A response body during whose life its request counts as in flight: the handler's, or a sentence of the listener's own. A panic
/// in it ends this response and nothing else.
pub(crate) struct Tracked<B> {
    source: Source<B>,
    _in_flight: InFlight,
}

enum Source<B> {
    Handler(B),
    Own(Full<Bytes>),
    Failed,
}

impl<B> Tracked<B> {
    pub(crate) fn handler(body: B, in_flight: InFlight) -> Self {
        Self {
            source: Source::Handler(body),
            _in_flight: in_flight,
        }
    }

    pub(crate) fn own(body: Bytes, in_flight: InFlight) -> Self {
        Self {
            source: Source::Own(Full::new(body)),
            _in_flight: in_flight,
        }
    }
}

impl<B> HttpBody for Tracked<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = match &mut self.source {
            Source::Handler(body) => body,
            Source::Own(body) => return Pin::new(body).poll_frame(cx).map_err(Into::into),
            Source::Failed => return Poll::Ready(None),
        };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))) {
            Ok(poll) => {
                let frame = ready!(poll).map(|frame| frame.map_err(Into::into));
                if let Some(Err(error)) = &frame {
                    tracing::warn!(%error, "a response could not be sent to its end");
                }
                Poll::Ready(frame)
            }
            Err(_) => {
                self.source = Source::Failed;
                tracing::error!("panic while a response body was sent; its connection is closed");
                Poll::Ready(Some(Err("the response body failed".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Handler(body) => body.is_end_stream(),
            Source::Own(body) => body.is_end_stream(),
            Source::Failed => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Handler(body) => body.size_hint(),
            Source::Own(body) => body.size_hint(),
            Source::Failed => SizeHint::default(),
        }
    }
}
