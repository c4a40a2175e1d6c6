//! A TCP connection that can end badly on purpose.
//!
//! In: a stream from a client. Out: the same stream for the HTTP library, which on drop is reset, or sent bytes that are not HTTP, if the
//! service ordered so.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::serve::Closing;

/// Sent in place of an HTTP answer.
const GARBAGE: &[u8] = b"\x16\x03\x01 this is not HTTP \x00\xff\xfe\r\n\r\n";

const QUIET: u8 = 0;
const RESET: u8 = 1;
const NOT_HTTP: u8 = 2;

/// How the service orders its connection's end.
#[derive(Debug, Default)]
pub(super) struct Fate {
    ending: AtomicU8,
    decided: Notify,
}

impl Fate {
    /// Orders the end of the whole connection.
    pub(super) fn decide(&self, closing: Closing) {
        let ending = match closing {
            Closing::Quiet => QUIET,
            Closing::Reset => RESET,
            Closing::Garbage => NOT_HTTP,
        };
        self.ending.store(ending, Ordering::Release);
        self.decided.notify_one();
    }

    /// Waits for the order.
    pub(super) async fn decided(&self) {
        self.decided.notified().await;
    }
}

/// The connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    fate: Arc<Fate>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, fate: Arc<Fate>) -> Self {
        Self { stream, fate }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Both are best effort: the client may be gone already.
        match self.fate.ending.load(Ordering::Acquire) {
            RESET => {
                let _ = self.stream.set_zero_linger();
            }
            NOT_HTTP => {
                let _ = self.stream.try_write(GARBAGE);
            }
            _ => {}
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
