//! Connections to backends.
//!
//! In: a [`Target`] and a request. Out: the backend's response, its body flowing frame by frame, or a [`TransportError`]. Each worker
//! thread has its own [`Client`] and its own connections, so that a request never crosses threads. Nothing here knows policies,
//! pools of backends, circuit breakers or redirects.
//!
//! hyper's connections are used directly: a pool of our own costs 15 % fewer instructions a request than hyper-util's client.

mod body;
mod client;
mod connect;
mod deadline;
mod error;
mod gate;
mod pool;
mod sound;
mod stream;
mod target;
mod tls;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use body::{Body, RequestBody};
pub use client::Client;
pub use error::{BoxError, Kind, RequestBodyError, TransportError};
pub use target::{HttpVersion, Proxy, Target, TargetError, TargetOptions};
pub use tls::{ClientIdentity, TlsError, TlsOptions, TlsProfile};

pub(crate) use pool::LocalExecutor;
pub(crate) use sound::only_chunked;
pub(crate) use tls::{certificates, private_key};

/// Limits of one worker's connections.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time to resolve, connect and finish the TLS handshake. Default 10 s.
    pub connect_timeout: Duration,
    /// Idle HTTP/1.1 connections kept per target and worker. Default 256.
    pub max_idle_per_target: usize,
    /// How long an unused connection is kept. Default 90 s, below the four minutes after which Azure drops silent ones.
    pub idle_timeout: Duration,
    /// Age after which a connection serves no further request, so that changes of DNS are followed. Default 10 min.
    pub max_lifetime: Duration,
    /// Response headers in bytes, and so the most that is read at once. Default 64 KiB, enough for an answer of embeddings; at least
    /// 8 KiB.
    pub max_header_bytes: usize,
    /// Streams on one HTTP/2 connection, where the backend allows more. Default 100.
    pub max_streams: usize,
    /// Bytes a backend may send ahead on one HTTP/2 stream. Default 1 MiB.
    pub http2_stream_window: u32,
    /// Silence on a busy HTTP/2 connection before it is pinged. Default 20 s.
    pub http2_ping_interval: Duration,
    /// Time the ping may take before the connection counts as dead. Default 10 s.
    pub http2_ping_timeout: Duration,
    /// Size up to which an unwanted body is read to keep its connection. Default 64 KiB.
    pub discard_bytes: usize,
    /// Time an unwanted body is given to arrive. Default 1 s.
    pub discard_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            max_idle_per_target: 256,
            idle_timeout: Duration::from_secs(90),
            max_lifetime: Duration::from_secs(600),
            max_header_bytes: 64 * 1024,
            max_streams: 100,
            http2_stream_window: 1024 * 1024,
            http2_ping_interval: Duration::from_secs(20),
            http2_ping_timeout: Duration::from_secs(10),
            discard_bytes: 64 * 1024,
            discard_timeout: Duration::from_secs(1),
        }
    }
}

/// Limits of one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct SendOptions {
    /// Time until the response's headers are here, connecting and sending the request included. `None`: no limit. From ten seconds
    /// on it is kept to within two seconds, below to the millisecond.
    pub headers_timeout: Option<Duration>,
    /// Send `Expect: 100-continue` with a body, and wait this long for the backend's word. HTTP/1.1 only: HTTP/2 has flow control
    /// for it, and hyper shows no interim responses there.
    pub continue_timeout: Option<Duration>,
}
