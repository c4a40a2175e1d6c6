//! The ports through which an exchange reaches the world: time, randomness, upstream connections, shared state.
//!
//! The gateway plugs sockets and the system clock in; tests and replays plug in virtual ones.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode, Version};
use tidegate_state::Store;

use crate::{Body, LocalBoxFuture, Target};

/// Conversions between .NET ticks (100 ns) and [`Duration`].
pub mod ticks {
    use std::time::Duration;

    /// Ticks of 1970-01-01 UTC.
    pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

    /// A duration in ticks; saturates.
    pub fn from_duration(duration: Duration) -> i64 {
        i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX)
    }
}

/// Time as the exchange knows it.
pub trait Clock {
    /// Wall-clock time: .NET ticks since 0001-01-01 UTC.
    fn now(&self) -> i64;
    /// Monotonic time since some fixed moment shared by all workers of the process.
    fn monotonic(&self) -> Duration;
    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()>;
}

/// A source of random numbers.
pub trait Random {
    /// Sixty-four random bits.
    fn next(&self) -> u64;
}

/// Which HTTP version a backend is spoken to in (`forward-request http-version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpVersion {
    /// `1`: HTTP/1.1
    #[default]
    One,
    /// `2`: HTTP/2 only
    Two,
    /// `2or1`: HTTP/2 where TLS negotiates it, else HTTP/1.1
    TwoOrOne,
}

/// A request to a backend, complete but for framing headers.
#[derive(Debug)]
pub struct UpstreamRequest {
    /// Where to.
    pub target: Arc<Target>,
    /// Method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub path_and_query: PathAndQuery,
    /// Headers without hop-by-hop ones.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    /// Protocol.
    pub http_version: HttpVersion,
    /// Limit on the time until the response headers have arrived.
    pub timeout: Option<Duration>,
    /// Limit on the wait for `100 Continue`; the header is sent when given.
    pub continue_timeout: Option<Duration>,
    /// A proxy set by policy; wins over the target's own.
    pub proxy: Option<Arc<crate::Proxy>>,
}

impl UpstreamRequest {
    /// The same request once more, unless its body can be read only once.
    pub fn try_clone(&self) -> Option<Self> {
        let body = match &self.body {
            Body::Absent => Body::Absent,
            Body::Buffered(bytes) => Body::Buffered(bytes.clone()),
            Body::Streaming(_) | Body::Consumed => return None,
        };
        Some(Self {
            target: self.target.clone(),
            method: self.method.clone(),
            path_and_query: self.path_and_query.clone(),
            headers: self.headers.clone(),
            body,
            http_version: self.http_version,
            timeout: self.timeout,
            continue_timeout: self.continue_timeout,
            proxy: self.proxy.clone(),
        })
    }
}

/// A backend's answer; its body may still stream.
#[derive(Debug)]
pub struct UpstreamResponse {
    /// Status code.
    pub status: StatusCode,
    /// Reason phrase, where the backend sent one that is not the standard one.
    pub reason: Option<Arc<str>>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    /// The version it came in.
    pub version: Version,
}

/// What kept a request from being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: refused, unreachable, unknown host, TLS failure, proxy failure.
    Connect,
    /// No response headers in time.
    Timeout,
    /// The connection broke before the response headers.
    Reset,
    /// The peer does not speak HTTP, or not the version asked for.
    Protocol,
    /// The body of the request broke off: the client left or sent garbage.
    RequestBody,
    /// The body of the request is larger than the gateway accepts.
    RequestTooLarge,
}

/// A failed call; the message holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// In words, for logs and `context.LastError.Message`.
    pub message: String,
}

impl TransportError {
    /// A body that can be read only once was wanted again.
    pub fn body_spent() -> Self {
        Self {
            kind: TransportErrorKind::RequestBody,
            message: "the request body cannot be sent a second time".to_owned(),
        }
    }

    /// Path and query that policies have put together make no URL.
    pub fn invalid_path() -> Self {
        Self {
            kind: TransportErrorKind::Protocol,
            message: "path and query of the request do not form a valid URL".to_owned(),
        }
    }
}

/// Calls to backends and to any other HTTP server.
pub trait Upstream {
    /// Sends a request and waits for the response headers.
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> LocalBoxFuture<'_, Result<UpstreamResponse, TransportError>>;

    /// As [`Upstream::send`], with the request made on demand: `make` is called once, and again only where a kept connection had
    /// died before the request came to it. It then returns `None` when the body is spent.
    fn send_from<'a>(
        &'a self,
        make: &'a mut dyn FnMut() -> Option<UpstreamRequest>,
    ) -> LocalBoxFuture<'a, Result<UpstreamResponse, TransportError>> {
        match make() {
            Some(request) => self.send(request),
            None => Box::pin(std::future::ready(Err(TransportError::body_spent()))),
        }
    }
}

/// Everything an exchange can reach.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub random: Rc<dyn Random>,
    /// Backends.
    pub upstream: Rc<dyn Upstream>,
    /// Caches and counters shared by requests.
    pub store: Arc<dyn Store>,
}
