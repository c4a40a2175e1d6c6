//! The response on its way to the client: framing headers, block-wise buffering of chunked bodies, and what is to be
//! recorded when its last byte has been sent.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use tidegate_balancing::Finished;
use tidegate_pipeline::{ActiveAttempt, Body, LocalBoxFuture, Ports, Response, StreamError};

/// A block of a chunked response that is gathered before it is passed on (`buffer-response="true"`).
const BLOCK: usize = 8 * 1024;

/// Longest silence of an event stream before what is pending is passed on all the same.
const EVENT_STREAM_PATIENCE: Duration = Duration::from_millis(100);

/// Called once, when the response has ended or its client has gone.
pub(crate) trait Ending {
    /// `complete` is false when the body broke off or was dropped before its end.
    fn ended(self: Box<Self>, complete: bool);
}

/// The body of a response to a client.
pub struct ResponseBody {
    body: Body,
    blocks: Option<Blocks>,
    attempt: Option<ActiveAttempt>,
    ports: Rc<Ports>,
    ending: Option<Box<dyn Ending>>,
    failed: bool,
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ResponseBody").field(&self.body).finish()
    }
}

impl ResponseBody {
    pub(crate) fn new(
        body: Body,
        buffer: Buffering,
        attempt: Option<ActiveAttempt>,
        ports: Rc<Ports>,
        ending: Option<Box<dyn Ending>>,
    ) -> Self {
        let blocks = match buffer {
            Buffering::Off => None,
            Buffering::Blocks => Some(Blocks::new(None)),
            Buffering::EventStream => Some(Blocks::new(Some(EVENT_STREAM_PATIENCE))),
        };
        Self {
            body,
            blocks,
            attempt,
            ports,
            ending,
            failed: false,
        }
    }

    fn end(&mut self, complete: bool) {
        let Some(ending) = self.ending.take() else {
            return;
        };
        if let Some(active) = self.attempt.take() {
            let now = self.ports.clock.monotonic();
            active.attempt.finished(
                now,
                &Finished {
                    duration: now.saturating_sub(active.sent),
                    tokens: None,
                    complete,
                },
            );
        }
        ending.ended(complete);
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        let complete = !self.failed && self.body.is_end_stream() && self.blocks.is_none();
        self.end(complete);
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = self.get_mut();
        let polled = match &mut this.blocks {
            None => Pin::new(&mut this.body).poll_frame(cx),
            Some(blocks) => blocks.poll(&mut this.body, &this.ports, cx),
        };
        match &polled {
            Poll::Ready(None) => {
                this.blocks = None;
                this.end(true);
            }
            Poll::Ready(Some(Err(_))) => {
                this.failed = true;
                this.end(false);
            }
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.blocks.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.blocks {
            Some(blocks) => blocks.size_hint(&self.body),
            None => self.body.size_hint(),
        }
    }
}

/// How a response body is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buffering {
    /// Frame by frame.
    Off,
    /// In blocks.
    Blocks,
    /// In blocks, but never holding an event back for long.
    EventStream,
}

impl Buffering {
    /// Only chunked responses are concerned: one with a known length flows as it comes.
    pub(crate) fn of(response: &Response, wanted: bool) -> Self {
        if !wanted || !response.body.is_streaming() || response.body.size_hint().exact().is_some() {
            return Buffering::Off;
        }
        let event_stream = response
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if event_stream {
            Buffering::EventStream
        } else {
            Buffering::Blocks
        }
    }
}

/// Gathers frames into blocks.
struct Blocks {
    pending: BytesMut,
    ended: bool,
    patience: Option<Duration>,
    timer: Option<LocalBoxFuture<'static, ()>>,
    trailers: Option<Frame<Bytes>>,
}

impl Blocks {
    fn new(patience: Option<Duration>) -> Self {
        Self {
            pending: BytesMut::new(),
            ended: false,
            patience,
            timer: None,
            trailers: None,
        }
    }

    fn size_hint(&self, body: &Body) -> SizeHint {
        let inner = body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + self.pending.len() as u64);
        hint
    }

    fn take(&mut self) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        self.timer = None;
        Poll::Ready(Some(Ok(Frame::data(self.pending.split().freeze()))))
    }

    fn poll(
        &mut self,
        body: &mut Body,
        ports: &Rc<Ports>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        loop {
            if self.ended {
                if !self.pending.is_empty() {
                    return self.take();
                }
                return Poll::Ready(self.trailers.take().map(Ok));
            }
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.pending.extend_from_slice(&data);
                        if self.pending.len() >= BLOCK {
                            return self.take();
                        }
                        if self.timer.is_none()
                            && let Some(patience) = self.patience
                        {
                            let ports = ports.clone();
                            self.timer =
                                Some(Box::pin(async move { ports.clock.sleep(patience).await }));
                        }
                    }
                    Err(other) => self.trailers = Some(other),
                },
                // What came before the break belongs to the client.
                Poll::Ready(Some(Err(error))) => {
                    if self.pending.is_empty() {
                        return Poll::Ready(Some(Err(error)));
                    }
                    *body = Body::Streaming(Box::pin(Broken(Some(error))));
                    return self.take();
                }
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => {
                    let due = self
                        .timer
                        .as_mut()
                        .is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
                    if due && !self.pending.is_empty() {
                        return self.take();
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

/// A body that has broken off, after its last bytes were passed on.
struct Broken(Option<StreamError>);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

impl tidegate_pipeline::BodyStream for Broken {
    fn discard(self: Pin<Box<Self>>) {}
}

/// Status line and headers as they are sent; the body is added by the caller.
pub(crate) fn head(response: &mut Response, method: &Method) -> http::Response<()> {
    // The length that counts is that of the body we send; of a body that only passes through, the sender's stands.
    let bodiless = *method == Method::HEAD || response.status == 304;
    if !response.body.is_streaming() && !bodiless {
        response.headers.remove(header::CONTENT_LENGTH);
    }
    let mut head = http::Response::new(());
    *head.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *head.headers_mut() = std::mem::take(&mut response.headers);
    if let Some(reason) = response.reason.take()
        && let Ok(phrase) = hyper::ext::ReasonPhrase::try_from(reason.as_bytes().to_vec())
    {
        head.extensions_mut().insert(phrase);
    }
    head
}
