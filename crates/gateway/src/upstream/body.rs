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

/// The body of a request to a backend.
#[derive(Default)]
pub struct RequestBody(Source);

type BoxBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError>>>;

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Full(Bytes),
    Stream(BoxBody),
    Gated(Box<(Gate, RequestBody)>),
    Reported(Box<(Fault, RequestBody)>),
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self(Source::Empty)
    }

    /// A body held in memory; it can be sent again at no cost.
    pub fn full(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::empty()
        } else {
            Self(Source::Full(bytes))
        }
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
            Self(Source::Stream(Box::pin(body.map_err(Into::into))))
        }
    }

    /// The same body once more; `None` for one that flows by once.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Source::Empty => Some(Self::empty()),
            Source::Full(bytes) => Some(Self(Source::Full(bytes.clone()))),
            Source::Stream(_) | Source::Gated(_) | Source::Reported(_) => None,
        }
    }

    /// Whether [`RequestBody::try_clone`] gives another one.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self.0, Source::Empty | Source::Full(_))
    }

    /// Has a failure of a streamed body left in a place of its own; `None` for a body that cannot fail.
    pub(crate) fn reported(self) -> (Self, Option<Fault>) {
        match self.0 {
            Source::Stream(_) => {
                let fault = Fault::default();
                (
                    Self(Source::Reported(Box::new((fault.clone(), self)))),
                    Some(fault),
                )
            }
            _ => (self, None),
        }
    }

    pub(crate) fn gated(self, gate: Gate) -> Self {
        Self(Source::Gated(Box::new((gate, self))))
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
        match &mut self.0 {
            Source::Empty => Poll::Ready(None),
            Source::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Source::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Source::Stream(body) => body.as_mut().poll_frame(cx).map_err(RequestBodyError),
            Source::Reported(reported) => {
                let frame = ready!(Pin::new(&mut reported.1).poll_frame(cx));
                Poll::Ready(frame.map(|frame| {
                    frame.map_err(|error| {
                        *reported.0.borrow_mut() = Some(error.0);
                        RequestBodyError("the request body failed".into())
                    })
                }))
            }
            Source::Gated(gated) => match ready!(gated.0.poll_open(cx)) {
                Ok(()) => Pin::new(&mut gated.1).poll_frame(cx),
                Err(()) => Poll::Ready(Some(Err(RequestBodyError(
                    "the backend did not ask for the body".into(),
                )))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Reported(reported) => reported.1.is_end_stream(),
            Source::Empty => true,
            Source::Full(_) => false,
            Source::Stream(body) => body.is_end_stream(),
            Source::Gated(gated) => gated.1.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Reported(reported) => reported.1.size_hint(),
            Source::Empty => SizeHint::with_exact(0),
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Stream(body) => body.size_hint(),
            Source::Gated(gated) => gated.1.size_hint(),
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
