//! Bodies of upstream calls.
//!
//! In: the request's bytes, whole or streamed. Out: the response's frames as they arrive; reading them to the end gives the connection
//! back to its pool, dropping them early closes the connection (HTTP/1.1) or resets the stream (HTTP/2). Nothing is buffered here.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::error::{BoxError, RequestBodyError, TransportError};
use super::gate::Gate;
use super::pool::Lease;

/// The body of a request to a backend. As small as its bytes: requests are moved a dozen times until they are sent.
pub struct RequestBody(Source);

type BoxBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError>>>;

enum Source {
    /// Held in memory; empty for no body, and once they are sent.
    Whole(Bytes),
    Flowing(Box<Flowing>),
}

enum Flowing {
    Stream(BoxBody),
    Gated(Gate, RequestBody),
    Reported(Fault, RequestBody),
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// A body held in memory; it can be sent again at no cost.
    pub fn full(bytes: Bytes) -> Self {
        Self(Source::Whole(bytes))
    }

    /// A body that flows by once.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            Self::empty()
        } else {
            Self::flowing(Flowing::Stream(Box::pin(body.map_err(Into::into))))
        }
    }

    fn flowing(flowing: Flowing) -> Self {
        Self(Source::Flowing(Box::new(flowing)))
    }

    /// The same body once more; `None` for one that flows by once.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Source::Whole(bytes) => Some(Self::full(bytes.clone())),
            Source::Flowing(_) => None,
        }
    }

    /// Whether [`RequestBody::try_clone`] gives another one.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self.0, Source::Whole(_))
    }

    /// Has a failure of a streamed body left in a place of its own; `None` for a body that cannot fail.
    pub(crate) fn reported(self) -> (Self, Option<Fault>) {
        if self.is_repeatable() {
            return (self, None);
        }
        let fault = Fault::default();
        let reported = Flowing::Reported(fault.clone(), self);
        (Self::flowing(reported), Some(fault))
    }

    pub(crate) fn gated(self, gate: Gate) -> Self {
        Self::flowing(Flowing::Gated(gate, self))
    }
}

impl Default for RequestBody {
    fn default() -> Self {
        Self::empty()
    }
}

/// Where a body leaves the error it failed with, for a protocol that does not pass it on.
pub(crate) type Fault = Rc<RefCell<Option<BoxError>>>;

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let flowing = match &mut self.0 {
            Source::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Source::Flowing(flowing) => &mut **flowing,
        };
        match flowing {
            Flowing::Stream(body) => body.as_mut().poll_frame(cx).map_err(RequestBodyError),
            Flowing::Reported(fault, body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| {
                    frame.map_err(|error| {
                        *fault.borrow_mut() = Some(error.0);
                        RequestBodyError("the request body failed".into())
                    })
                }))
            }
            Flowing::Gated(gate, body) => match ready!(gate.poll_open(cx)) {
                Ok(()) => Pin::new(body).poll_frame(cx),
                Err(()) => Poll::Ready(Some(Err(RequestBodyError(
                    "the backend did not ask for the body".into(),
                )))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Flowing(flowing) => match &**flowing {
                Flowing::Stream(body) => body.is_end_stream(),
                Flowing::Gated(_, body) | Flowing::Reported(_, body) => body.is_end_stream(),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Flowing(flowing) => match &**flowing {
                Flowing::Stream(body) => body.size_hint(),
                Flowing::Gated(_, body) | Flowing::Reported(_, body) => body.size_hint(),
            },
        }
    }
}

/// The body of a backend's response.
pub struct Body {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl Body {
    pub(crate) fn new(incoming: Incoming, lease: Lease) -> Self {
        let mut body = Self {
            incoming,
            lease: Some(lease),
        };
        body.release_at_end();
        body
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release();
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                self.release_at_end();
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                self.lease = None;
                Some(Err(TransportError::response_body(error)))
            }
            None => {
                self.release();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "upstream::Body({:?})", self.size_hint())
    }
}
