//! The response on its way to the client: framing headers, block-wise buffering of chunked bodies, and what is to be
//! recorded when its last byte has been sent.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use tidegate_pipeline::{Body, LocalBoxFuture, Ports, Response, StreamError};

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
    // On the heap, and so is the ending: a response is moved a dozen times before its head is written.
    blocks: Option<Box<Blocks>>,
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
        ports: &Rc<Ports>,
        ending: Option<Box<dyn Ending>>,
    ) -> Self {
        let blocks = match buffer {
            Buffering::Off => None,
            Buffering::Blocks => Some(Blocks::new(None, ports.clone())),
            Buffering::EventStream => Some(Blocks::new(Some(EVENT_STREAM_PATIENCE), ports.clone())),
        };
        Self {
            body,
            blocks: blocks.map(Box::new),
            ending,
            failed: false,
        }
    }

    fn end(&mut self, complete: bool) {
        if let Some(ending) = self.ending.take() {
            ending.ended(complete);
        }
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
            Some(blocks) => blocks.poll(&mut this.body, cx),
        };
        match &polled {
            Poll::Ready(None) => {
                this.blocks = None;
                this.end(true);
            }
            // Nothing follows trailers, and nobody asks for more.
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => {
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
    ports: Rc<Ports>,
    timer: Option<LocalBoxFuture<'static, ()>>,
    trailers: Option<Frame<Bytes>>,
}

impl Blocks {
    fn new(patience: Option<Duration>, ports: Rc<Ports>) -> Self {
        Self {
            pending: BytesMut::new(),
            ended: false,
            patience,
            ports,
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
                            let ports = self.ports.clone();
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

/// Status line and headers as they are sent; the body, which the caller adds, is taken away where none may follow.
pub(crate) fn head(response: &mut Response, is_head: bool) -> http::Response<()> {
    if response.status < 200 {
        // An interim response cannot be the answer, whatever a policy has set.
        *response = Response::new(500);
    }
    if is_head || matches!(response.status, 204 | 304) {
        let body = std::mem::take(&mut response.body);
        if response.status == 204 {
            response.headers.remove(header::CONTENT_LENGTH);
        }
        if let (true, Some(bytes)) = (is_head, body.bytes()) {
            let length = HeaderValue::from(bytes.len());
            response.headers.insert(header::CONTENT_LENGTH, length);
        }
        body.discard();
    } else if !response.body.is_streaming() {
        // The length that counts is that of the body we send; of a body that only passes through, the sender's stands.
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use http_body_util::BodyExt;
    use tidegate_pipeline::testing::{Answer, World};

    use super::*;

    fn sent(status: u16, is_head: bool) -> (http::Response<()>, Body) {
        let mut response = Response::new(status);
        response
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(9));
        response.body = Body::from_bytes("four");
        let head = head(&mut response, is_head);
        (head, response.body)
    }

    #[test]
    fn where_no_body_may_follow_none_is_sent() {
        let (answer, body) = sent(200, true);
        assert_eq!(answer.headers()[header::CONTENT_LENGTH], "4");
        assert!(matches!(body, Body::Absent));
        for status in [204, 304] {
            let (answer, body) = sent(status, false);
            assert_eq!(answer.status(), status);
            assert!(matches!(body, Body::Absent), "{status}");
        }
        let (answer, body) = sent(200, false);
        assert!(!answer.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(body.known_length(), Some(4));
    }

    #[test]
    fn an_interim_status_is_never_the_answer() {
        let (answer, _) = sent(101, false);
        assert_eq!(answer.status(), 500);
    }

    struct Trailed(u8);

    impl http_body::Body for Trailed {
        type Data = Bytes;
        type Error = StreamError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
            self.0 += 1;
            Poll::Ready(match self.0 {
                1 => Some(Ok(Frame::data(Bytes::from_static(b"data")))),
                2 => Some(Ok(Frame::trailers(http::HeaderMap::new()))),
                _ => None,
            })
        }
    }

    impl tidegate_pipeline::BodyStream for Trailed {
        fn discard(self: Pin<Box<Self>>) {}
    }

    struct Told(Rc<Cell<Option<bool>>>);

    impl Ending for Told {
        fn ended(self: Box<Self>, complete: bool) {
            self.0.set(Some(complete));
        }
    }

    #[test]
    fn a_response_that_ends_with_trailers_is_complete() {
        for buffering in [Buffering::Off, Buffering::Blocks] {
            let world = World::new(|_| Answer::status(200));
            let ports = world.ports.clone();
            let told = Rc::new(Cell::new(None));
            let ending = Box::new(Told(told.clone()));
            let body = Body::Streaming(Box::pin(Trailed(0)));
            let mut body = ResponseBody::new(body, buffering, &ports, Some(ending));
            let read = async {
                // As hyper reads: nothing is asked of a body behind its trailers.
                while let Some(Ok(frame)) = body.frame().await {
                    if frame.is_trailers() {
                        break;
                    }
                }
            };
            world.clock.block_on(read);
            drop(body);
            assert_eq!(told.get(), Some(true), "{buffering:?}");
        }
    }
}
