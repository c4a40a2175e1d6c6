//! One worker's way to all backends.
//!
//! In: a target and a request. Out: the response with its body still flowing, or a [`TransportError`]. A request that met a dying idle
//! connection is sent once more on a fresh one, if it learns of that at once. What a status code means, which backend to ask next, whether to follow a redirect:
//! policies decide, never this module.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Buf;
use futures_util::FutureExt;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, Request, Response, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::body::{Body, RequestBody};
use super::deadline::within;
use super::error::{Kind, TransportError, find};
use super::gate::Gate;
use super::pool::{Connection, GateGuard, Http1, Http1Lease, Http2Stream, Lease, Pool, Shared};
use super::sound;
use super::target::Target;
use super::{SendOptions, Settings};

/// How often idle connections are looked at; the resolution of idle timeouts and lifetimes.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// Header timeouts from here on are watched by ticks, which may let them run up to two ticks longer; shorter ones have a timer each.
const COARSE: Duration = Duration::from_secs(10);
/// Ticks within which a kept connection shows that the peer had closed it. One that dies later may have been worked for.
const STALE: u64 = 2;

type Pools = RefCell<HashMap<Target, Rc<Pool>, BuildHasherDefault<KnownHash>>>;

/// Sends requests over connections it keeps. Belongs to one worker thread; clones share the connections.
///
/// Must be used inside a tokio `LocalSet` or `LocalRuntime`.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    shared: Rc<Shared>,
    pools: Pools,
    reaping: Cell<bool>,
}

impl Client {
    /// A client without connections.
    pub fn new(settings: Settings) -> Self {
        let shared = Rc::new(Shared {
            settings,
            ticks: Cell::new(0),
            deadlines: Rc::default(),
        });
        Self(Rc::new(Inner {
            shared,
            pools: Pools::default(),
            reaping: Cell::new(false),
        }))
    }

    /// Sends a request and waits for the response's headers. It is made on demand: `make` is called once, and a second time only
    /// when a reused connection died before it said anything. It then returns `None` when the body is spent.
    ///
    /// Of the request's URI only path and query count; scheme and authority are the target's. A `Host` header in the request
    /// stays. Hop-by-hop headers are the caller's business.
    ///
    /// Dropping the future cancels the call: it closes the connection or resets the stream.
    pub async fn send_from(
        &self,
        target: &Target,
        make: impl FnMut() -> Option<Request<RequestBody>>,
        options: SendOptions,
    ) -> Result<Response<Body>, TransportError> {
        let call = pin!(self.exchange(target, make, options));
        let checked = |response| sound::check(target.authority().as_str(), response);
        let Some(limit) = options.headers_timeout else {
            return call.await.and_then(checked);
        };
        let answered = if limit >= COARSE {
            self.start_reaping();
            within(&self.0.shared.deadlines, limit, call).await
        } else {
            timeout(limit, call).await.ok()
        };
        match answered {
            Some(answer) => answer.and_then(checked),
            None => {
                let text = format!("{} did not answer within {limit:?}", target.authority());
                Err(TransportError::new(Kind::Timeout, text))
            }
        }
    }

    async fn exchange(
        &self,
        target: &Target,
        mut make: impl FnMut() -> Option<Request<RequestBody>>,
        options: SendOptions,
    ) -> Result<Response<Body>, TransportError> {
        let pool = self.pool(target);
        let mut fresh = false;
        let mut unsent = None;
        let mut earlier = None;
        loop {
            let connection = match pool.take_ready(fresh) {
                Some(connection) => connection,
                // Rare, and large: it opens connections.
                None => Box::pin(pool.acquire(fresh)).await?,
            };
            let returned = unsent.take().map(|request: Box<_>| *request);
            let Some(request) = returned.or_else(&mut make) else {
                return Err(earlier.unwrap_or_else(|| {
                    let text = "the request body cannot be sent a second time";
                    TransportError::new(Kind::RequestBody, text)
                }));
            };
            let failure = match connection {
                Connection::Http1 {
                    mut connection,
                    reused,
                } => {
                    let (request, manner) = prepare_http1(target, request, &options);
                    let heard = connection.received.get();
                    let sent_at = self.0.shared.ticks.get();
                    let (error, returned) = match manner {
                        Manner::Expecting(limit) => {
                            let sending = send_expecting(&pool, connection, request, limit);
                            return Box::pin(sending).await;
                        }
                        Manner::Repeatable => match connection.sender.send_request(request).await {
                            Ok(response) => return Ok(answered(response, connection, pool, None)),
                            Err(error) => (error, None),
                        },
                        // hyper returns a request it has not begun to send, at the price of larger moves.
                        Manner::Once => match connection.sender.try_send_request(request).await {
                            Ok(response) => return Ok(answered(response, connection, pool, None)),
                            Err(mut error) => {
                                let returned = error.take_message().map(Box::new);
                                (error.into_error(), returned)
                            }
                        },
                    };
                    let error = TransportError::from_hyper(target.authority().as_str(), error);
                    let silent = connection.received.get() == heard
                        && error.kind() == Kind::ResetBeforeHeaders;
                    let prompt = self.0.shared.ticks.get().wrapping_sub(sent_at) < STALE;
                    Failure {
                        retry: reused && (returned.is_some() || (silent && prompt)),
                        error,
                        unsent: returned,
                    }
                }
                Connection::Http2 {
                    sender,
                    stream,
                    was_idle,
                } => match Box::pin(send_http2(target, sender, stream, request, was_idle)).await {
                    Ok(response) => return Ok(response),
                    Err(failure) => *failure,
                },
            };
            if fresh || !failure.retry {
                return Err(failure.error);
            }
            tracing::debug!(target = %target.authority(), "a kept connection had died: sending the request on a fresh one");
            unsent = failure.unsent;
            earlier = Some(failure.error);
            fresh = true;
        }
    }

    /// Takes a response nobody wants. A small body is read to its end, in the background where it has not arrived yet, so that
    /// the connection is kept; a large or slow one costs the connection.
    pub fn discard(&self, response: Response<Body>) {
        let mut body = response.into_body();
        let settings = &self.0.shared.settings;
        let limit = settings.discard_bytes;
        if body.is_end_stream() || body.size_hint().lower() > limit as u64 {
            return;
        }
        let mut left = limit;
        // What has arrived together with the headers is here already: no task is needed for it.
        if let Some(()) = drain(&mut body, &mut left).now_or_never() {
            return;
        }
        let patience = settings.discard_timeout;
        spawn_local(async move {
            let _ = timeout(patience, drain(&mut body, &mut left)).await;
        });
    }

    /// Connections that wait for a request, over all targets.
    pub fn idle_connections(&self) -> usize {
        self.0
            .pools
            .borrow()
            .values()
            .map(|pool| pool.idle_count())
            .sum()
    }

    fn pool(&self, target: &Target) -> Rc<Pool> {
        if let Some(pool) = self.0.pools.borrow().get(target) {
            return pool.clone();
        }
        let pool = Rc::new(Pool::new(target.clone(), self.0.shared.clone()));
        self.0
            .pools
            .borrow_mut()
            .insert(target.clone(), pool.clone());
        self.start_reaping();
        pool
    }

    fn start_reaping(&self) {
        if !self.0.reaping.replace(true) {
            spawn_local(reap(Rc::downgrade(&self.0)));
        }
    }
}

/// Counts ticks and drops what was idle too long, while the client lives.
async fn reap(client: Weak<Inner>) {
    loop {
        sleep(TICK).await;
        let Some(client) = client.upgrade() else {
            return;
        };
        client
            .shared
            .ticks
            .set(client.shared.ticks.get().wrapping_add(1));
        client.shared.deadlines.advance();
        // A pool somebody still holds has calls in flight.
        client
            .pools
            .borrow_mut()
            .retain(|_, pool| pool.reap() || Rc::strong_count(pool) > 1);
    }
}

/// Reads a body until its end, an error, or the limit.
async fn drain(body: &mut Body, left: &mut usize) {
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Buf::remaining);
        match left.checked_sub(length) {
            Some(rest) => *left = rest,
            None => return,
        }
    }
}

/// A call that brought no response.
struct Failure {
    error: TransportError,
    /// The request, when not one byte of it was sent.
    unsent: Option<Box<Request<RequestBody>>>,
    /// Sending it again cannot do it twice, as far as can be known.
    retry: bool,
}

/// Sends the headers with `Expect: 100-continue` and the body once the backend agrees.
async fn send_expecting(
    pool: &Rc<Pool>,
    mut connection: Http1,
    request: Request<RequestBody>,
    limit: Duration,
) -> Result<Response<Body>, TransportError> {
    let authority = pool.target().authority();
    let gate = Gate::default();
    let guard = GateGuard(gate.clone());
    let mut request = request.map(|body| body.gated(gate.clone()));
    // hyper frames a body of unknown length as chunked: the length is known, so say it.
    if let Some(length) = request.body().size_hint().exact() {
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    request
        .headers_mut()
        .insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    let opener = gate.clone();
    hyper::ext::on_informational(&mut request, move |response| {
        if response.status() == http::StatusCode::CONTINUE {
            opener.open();
        }
    });
    let mut sending = std::pin::pin!(connection.sender.send_request(request));
    let result = tokio::select! {
        biased;
        result = &mut sending => Some(result),
        passed = timeout(limit, gate.passed()) => match passed {
            Ok(()) => Some(sending.await),
            Err(_) => None,
        },
    };
    match result {
        Some(Ok(response)) => Ok(answered(response, connection, pool.clone(), Some(guard))),
        Some(Err(error)) => Err(TransportError::from_hyper(authority.as_str(), error)),
        None => {
            let text = format!("{authority} did not say 100 Continue within {limit:?}");
            Err(TransportError::new(Kind::ContinueTimeout, text))
        }
    }
}

fn answered(
    response: Response<Incoming>,
    connection: Http1,
    pool: Rc<Pool>,
    gate: Option<GateGuard>,
) -> Response<Body> {
    let lease = Lease::Http1(Http1Lease {
        connection,
        pool,
        gate,
    });
    response.map(|incoming| Body::new(incoming, lease))
}

async fn send_http2(
    target: &Target,
    mut sender: hyper::client::conn::http2::SendRequest<RequestBody>,
    stream: Http2Stream,
    mut request: Request<RequestBody>,
    was_idle: bool,
) -> Result<Response<Body>, Box<Failure>> {
    let host = prepare_http2(target, &mut request);
    let (parts, body) = request.into_parts();
    let (body, fault) = body.reported();
    let request = Request::from_parts(parts, body);
    match sender.try_send_request(request).await {
        Ok(response) => {
            Ok(response.map(|incoming| Body::new(incoming, Lease::Http2 { _stream: stream })))
        }
        Err(mut error) => {
            let mut unsent = error.take_message().map(Box::new);
            if let (Some(request), Some(host)) = (&mut unsent, host) {
                request.headers_mut().insert(header::HOST, host);
            }
            let error = error.into_error();
            let cause = find::<h2::Error>(&error);
            // RFC 9113 §8.7: the backend says that it did not process the request.
            let refused = cause.is_some_and(|cause| {
                cause.reason() == Some(h2::Reason::REFUSED_STREAM)
                    || (cause.is_go_away()
                        && cause.is_remote()
                        && cause.reason() == Some(h2::Reason::NO_ERROR))
            });
            let authority = target.authority().as_str();
            let error = match fault.and_then(|fault| fault.take()) {
                Some(fault) => TransportError::request_body(authority, fault),
                None => TransportError::from_hyper(authority, error),
            };
            let lost = error.kind() == Kind::ResetBeforeHeaders && cause_is_connection(&error);
            Err(Box::new(Failure {
                retry: refused || unsent.is_some() || (was_idle && lost),
                error,
                unsent,
            }))
        }
    }
}

/// Whether the connection ended, not only the stream.
fn cause_is_connection(error: &TransportError) -> bool {
    find::<h2::Error>(error).is_none_or(h2::Error::is_io)
}

/// How a request goes out over HTTP/1.1.
enum Manner {
    /// The headers first, the body once the backend agrees.
    Expecting(Duration),
    /// With a body of which there is another one.
    Repeatable,
    /// With the only one.
    Once,
}

/// Takes and returns the request: the future that sends it keeps room for what it has lent.
fn prepare_http1(
    target: &Target,
    mut request: Request<RequestBody>,
    options: &SendOptions,
) -> (Request<RequestBody>, Manner) {
    *request.version_mut() = Version::HTTP_11;
    if !request.headers().contains_key(header::HOST) {
        request
            .headers_mut()
            .insert(header::HOST, target.host_header().clone());
    }
    match target.proxy() {
        // An http backend behind a proxy: the proxy needs the whole URL (RFC 9112 §3.2.2). For https there is a tunnel.
        Some(proxy) if target.server_name().is_none() => {
            absolute(target, &mut request);
            if let Some(authorization) = &proxy.authorization {
                request
                    .headers_mut()
                    .insert(header::PROXY_AUTHORIZATION, authorization.clone());
            }
        }
        _ if request.uri().authority().is_some() => {
            let path = path_and_query(request.uri());
            *request.uri_mut() = Uri::from(path);
        }
        _ => {}
    }
    let manner = match options.continue_timeout {
        Some(limit) if !request.body().is_end_stream() => Manner::Expecting(limit),
        _ if request.body().is_repeatable() => Manner::Repeatable,
        _ => Manner::Once,
    };
    (request, manner)
}

/// Turns Host into `:authority`, and returns what Host was.
fn prepare_http2(target: &Target, request: &mut Request<RequestBody>) -> Option<HeaderValue> {
    *request.version_mut() = Version::HTTP_2;
    absolute(target, request);
    let host = request.headers_mut().remove(header::HOST)?;
    if let Ok(authority) = http::uri::Authority::try_from(host.as_bytes()) {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.authority = Some(authority);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    Some(host)
}

fn absolute(target: &Target, request: &mut Request<RequestBody>) {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(target.scheme().clone());
    parts.authority = Some(target.authority().clone());
    parts.path_and_query = Some(path_and_query(request.uri()));
    // All three parts are there, which is all that can be wrong with them.
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

fn path_and_query(uri: &Uri) -> PathAndQuery {
    uri.path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"))
}

/// Takes the hash a target has worked out already.
#[derive(Default)]
struct KnownHash(u64);

impl Hasher for KnownHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
