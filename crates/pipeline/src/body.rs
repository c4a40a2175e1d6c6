//! A message body: absent, in memory, streaming, or already taken.
//!
//! Bytes flow in from a client or a backend frame by frame and out the same way; they are gathered in memory only when
//! a policy asks for it with [`Body::buffer`], and then shared by reference count, so a retry copies nothing.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

/// Why a streaming body broke.
pub type StreamError = Box<dyn std::error::Error + Send + Sync>;

/// A body that still arrives from a peer.
pub trait BodyStream: http_body::Body<Data = Bytes, Error = StreamError> {
    /// Nobody will read the rest. A small remainder may be drained so that its connection can be used again.
    fn discard(self: Pin<Box<Self>>);
}

/// A message body.
#[derive(Default)]
pub enum Body {
    /// The message has no body.
    #[default]
    Absent,
    /// The whole body, in memory.
    Buffered(Bytes),
    /// A body that still arrives.
    Streaming(Pin<Box<dyn BodyStream>>),
    /// The body was there and has been taken, by an expression or by a transfer.
    Consumed,
}

/// Why a body could not be gathered in memory.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than the configured limit.
    #[error("the body is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer stopped sending it.
    #[error("the body stopped arriving")]
    Stalled,
    /// The peer broke off while sending it.
    #[error("the body broke off: {0}")]
    Broken(String),
}

impl BodyError {
    /// A stream may break with one of these, or with anything else.
    fn of(error: StreamError) -> Self {
        match error.downcast::<BodyError>() {
            Ok(error) => *error,
            Err(other) => BodyError::Broken(other.to_string()),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Absent => f.write_str("Absent"),
            Body::Buffered(bytes) => write!(f, "Buffered({} bytes)", bytes.len()),
            Body::Streaming(_) => f.write_str("Streaming"),
            Body::Consumed => f.write_str("Consumed"),
        }
    }
}

impl Body {
    /// A body in memory; empty bytes are a body of length 0.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Body::Buffered(bytes.into())
    }

    /// The bytes, when they are in memory.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Body::Buffered(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether the body still streams.
    pub fn is_streaming(&self) -> bool {
        matches!(self, Body::Streaming(_))
    }

    /// Its length in bytes, where that is known already.
    pub fn known_length(&self) -> Option<u64> {
        http_body::Body::size_hint(self).exact()
    }

    /// Whether it can be sent any number of times.
    pub fn is_replayable(&self) -> bool {
        matches!(self, Body::Absent | Body::Buffered(_))
    }

    /// Gathers a streaming body in memory; does nothing for the others.
    ///
    /// # Errors
    /// The body is then gone: it was larger than `limit` bytes, or the peer broke off.
    pub async fn buffer(&mut self, limit: usize) -> Result<(), BodyError> {
        if !self.is_streaming() {
            return Ok(());
        }
        let Body::Streaming(mut stream) = std::mem::replace(self, Body::Consumed) else {
            return Ok(());
        };
        if stream.size_hint().lower() > limit as u64 {
            return Err(BodyError::TooLarge { limit });
        }
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        while let Some(frame) = stream.frame().await {
            let frame = frame.map_err(BodyError::of)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let so_far = first.as_ref().map_or(0, Bytes::len) + rest.len();
            if so_far + data.len() > limit {
                return Err(BodyError::TooLarge { limit });
            }
            match &first {
                // One frame is the common case and needs no copy.
                None => first = Some(data),
                Some(head) => {
                    if rest.is_empty() {
                        rest.reserve(head.len() + data.len());
                    }
                    rest.extend_from_slice(&data);
                }
            }
        }
        let bytes = match first {
            None => Bytes::new(),
            Some(first) if rest.is_empty() => first,
            Some(first) => {
                let mut all = BytesMut::with_capacity(first.len() + rest.len());
                all.extend_from_slice(&first);
                all.extend_from_slice(&rest);
                all.freeze()
            }
        };
        *self = Body::Buffered(bytes);
        Ok(())
    }

    /// What to send: bytes in memory are shared and stay, a stream is taken and leaves [`Body::Consumed`].
    #[must_use]
    pub fn take_for_transfer(&mut self) -> Body {
        match self {
            Body::Absent | Body::Consumed => Body::Absent,
            Body::Buffered(bytes) => Body::Buffered(bytes.clone()),
            Body::Streaming(_) => std::mem::replace(self, Body::Consumed),
        }
    }

    /// Nobody will read this body.
    pub fn discard(self) {
        if let Body::Streaming(stream) = self {
            stream.discard();
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = self.get_mut();
        match this {
            Body::Absent | Body::Consumed => Poll::Ready(None),
            Body::Buffered(_) => match std::mem::replace(this, Body::Consumed) {
                Body::Buffered(bytes) if !bytes.is_empty() => {
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                _ => Poll::Ready(None),
            },
            Body::Streaming(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Absent | Body::Consumed => true,
            Body::Buffered(bytes) => bytes.is_empty(),
            Body::Streaming(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Absent | Body::Consumed => SizeHint::with_exact(0),
            Body::Buffered(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Streaming(stream) => stream.size_hint(),
        }
    }
}
