//! The byte stream under an upstream connection: TCP, TLS over TCP, or TLS over a proxy's tunnel.
//!
//! It counts the bytes received, so that a reused connection that died before it said anything can be told from one that answered
//! and then broke. And it keeps a failed write to itself: a backend may answer before it has read the whole request, and close. What it
//! said is still to be read, and where it said nothing reading fails as well.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What carries the bytes.
pub(crate) enum Carrier {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Tunnel(Box<TlsStream<TokioIo<Upgraded>>>),
}

/// A carrier that counts what it receives.
pub(crate) struct Stream {
    carrier: Carrier,
    received: Rc<Cell<u64>>,
    /// The peer takes no more bytes.
    deaf: bool,
}

impl Stream {
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self {
            carrier,
            received: Rc::default(),
            deaf: false,
        }
    }

    /// What a write of `length` bytes came to, as far as the writer need know.
    fn written(
        &mut self,
        polled: Poll<io::Result<usize>>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Err(error)) if is_lost_peer(&error) => {
                self.deaf = true;
                Poll::Ready(Ok(length))
            }
            polled => polled,
        }
    }

    /// The count, readable while hyper owns the stream.
    pub(crate) fn received(&self) -> Rc<Cell<u64>> {
        self.received.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(match &mut self.carrier {
            Carrier::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Carrier::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            Carrier::Tunnel(stream) => Pin::new(stream).poll_read(cx, buffer),
        })?;
        let read = buffer.filled().len() - before;
        self.received
            .set(self.received.get().wrapping_add(read as u64));
        Poll::Ready(Ok(()))
    }
}

fn is_lost_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.deaf {
            return Poll::Ready(Ok(data.len()));
        }
        let polled = match &mut self.carrier {
            Carrier::Plain(stream) => Pin::new(stream).poll_write(cx, data),
            Carrier::Tls(stream) => Pin::new(stream).poll_write(cx, data),
            Carrier::Tunnel(stream) => Pin::new(stream).poll_write(cx, data),
        };
        self.written(polled, data.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = |data: &[IoSlice<'_>]| data.iter().map(|part| part.len()).sum();
        if self.deaf {
            return Poll::Ready(Ok(length(data)));
        }
        let polled = match &mut self.carrier {
            Carrier::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            Carrier::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            Carrier::Tunnel(stream) => Pin::new(stream).poll_write_vectored(cx, data),
        };
        self.written(polled, length(data))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.carrier {
            Carrier::Plain(stream) => stream.is_write_vectored(),
            Carrier::Tls(stream) => stream.is_write_vectored(),
            Carrier::Tunnel(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.deaf {
            return Poll::Ready(Ok(()));
        }
        let polled = match &mut self.carrier {
            Carrier::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Carrier::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Carrier::Tunnel(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.written(polled.map_ok(|()| 0), 0).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Carrier::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Carrier::Tunnel(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
