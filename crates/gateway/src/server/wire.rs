//! The byte stream under a client connection: clear text or TLS, with the connection's books kept.
//!
//! In and out: bytes. Besides, hyper answers a head it cannot read by itself, without a body and with no way to change that; the wire
//! sees such an answer pass (nothing else is written while no request is in flight) and puts APIM's error shape in its place.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::answer;
use super::ledger::Ledger;

/// What carries the bytes.
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A socket and its connection's books.
pub(crate) struct Wire {
    socket: Socket,
    ledger: Rc<Ledger>,
    /// Our own answer to a head that is not HTTP, and how much of it is sent.
    refusal: Option<(Vec<u8>, usize)>,
}

impl Wire {
    pub(crate) fn new(socket: Socket, ledger: Rc<Ledger>) -> Self {
        Self {
            socket,
            ledger,
            refusal: None,
        }
    }

    /// Swallows hyper's own answer, and has ours sent instead.
    fn replace(&mut self, answer: &[u8]) {
        if self.refusal.is_none() {
            let status = answer
                .get(9..12)
                .and_then(|code| StatusCode::from_bytes(code).ok());
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            self.refusal = Some((answer::refuse_raw(status), 0));
        }
    }

    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((answer, sent)) = &mut self.refusal else {
            return Poll::Ready(Ok(()));
        };
        while let Some(rest) = answer.get(*sent..).filter(|rest| !rest.is_empty()) {
            let written = ready!(match &mut self.socket {
                Socket::Plain(stream) => Pin::new(stream).poll_write(cx, rest),
                Socket::Tls(stream) => Pin::new(stream).poll_write(cx, rest),
            })?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *sent += written;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Socket::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        })?;
        if buffer.filled().len() > before {
            self.ledger.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.refusal.is_some() || self.ledger.owes_nothing() {
            self.replace(data);
            return Poll::Ready(Ok(data.len()));
        }
        let result = match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_write(cx, data),
            Socket::Tls(stream) => Pin::new(stream).poll_write(cx, data),
        };
        self.ledger.blocked(result.is_pending());
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.refusal.is_some() || self.ledger.owes_nothing() {
            self.replace(data.first().map(|slice| &**slice).unwrap_or_default());
            return Poll::Ready(Ok(data.iter().map(|slice| slice.len()).sum()));
        }
        let result = match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            Socket::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, data),
        };
        self.ledger.blocked(result.is_pending());
        result
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Plain(stream) => stream.is_write_vectored(),
            Socket::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        let result = match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.ledger.blocked(result.is_pending());
        if result.is_ready() {
            self.ledger.flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
