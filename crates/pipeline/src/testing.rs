//! Ports without a world behind them: virtual time, a scripted upstream, seeded random numbers.
//!
//! A test builds a [`World`] with a script that answers backend calls, makes exchanges in it and runs them with
//! [`VirtualClock::block_on`]: when everything waits, time jumps to the next moment at which something happens. No
//! socket, no thread, no real clock.
//!
//! ```
//! use std::time::Duration;
//! use tidegate_pipeline::testing::{Answer, World};
//!
//! let world = World::new(|_sent| Answer::status(200).after(Duration::from_secs(5)));
//! let clock = world.clock.clone();
//! clock.block_on(async { tidegate_pipeline::Clock::sleep(&clock, Duration::from_secs(60)).await });
//! assert_eq!(tidegate_pipeline::Clock::monotonic(&clock), Duration::from_secs(60));
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use http_body::{Frame, SizeHint};
use tidegate_balancing::{AffinityKey, BackendRegistry, RegistryConfig};
use tidegate_state::{MemoryStore, Store};
use uuid::Uuid;

use crate::{
    Backend, BackendKind, Backends, Body, BodyStream, Clock, Credentials, CurrentBackend, Exchange,
    HttpVersion, Limits, LocalBoxFuture, PoolMember, Ports, Proxy, Random, Request, RequestUrl,
    Runtime, SessionAffinity, SingleBackend, StreamError, Target, TlsOptions, TransportError,
    TransportErrorKind, Upstream, UpstreamRequest, UpstreamResponse, ticks,
};

/// 2024-01-02 03:04:05 UTC in .NET ticks: when virtual time begins.
pub const BEGINNING: i64 = 638_397_614_450_000_000;

#[derive(Default)]
struct Time {
    now: Duration,
    next: u64,
    waiting: Vec<(u64, Duration, Waker)>,
}

/// A clock that stands still until everything waits for it. Clones show the same time.
#[derive(Clone, Default)]
pub struct VirtualClock(Rc<RefCell<Time>>);

impl VirtualClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let due: Vec<Waker> = {
            let mut time = self.0.borrow_mut();
            time.now += by;
            let now = time.now;
            let waiting = std::mem::take(&mut time.waiting);
            let (due, rest) = waiting.into_iter().partition(|(_, at, _)| *at <= now);
            time.waiting = rest;
            let due: Vec<(u64, Duration, Waker)> = due;
            due.into_iter().map(|(_, _, waker)| waker).collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// Runs a future to its end, letting time pass whenever it waits.
    ///
    /// # Panics
    /// It waits for something that never happens.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            let (now, next) = {
                let time = self.0.borrow();
                (time.now, time.waiting.iter().map(|(_, at, _)| *at).min())
            };
            match next {
                Some(at) => self.advance(at.saturating_sub(now)),
                None => panic!("the future waits for something that never happens"),
            }
        }
    }

    fn sleep_owned(&self, duration: Duration) -> Sleep {
        let mut time = self.0.borrow_mut();
        time.next += 1;
        Sleep {
            id: time.next,
            until: time.now + duration,
            clock: self.clone(),
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> i64 {
        BEGINNING + ticks::from_duration(self.0.borrow().now)
    }

    fn monotonic(&self) -> Duration {
        self.0.borrow().now
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.sleep_owned(duration))
    }
}

struct Sleep {
    id: u64,
    until: Duration,
    clock: VirtualClock,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.0.borrow_mut();
        time.waiting.retain(|(id, _, _)| *id != self.id);
        if time.now >= self.until {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        time.waiting.push((self.id, self.until, waker));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Ok(mut time) = self.clock.0.try_borrow_mut() {
            time.waiting.retain(|(id, _, _)| *id != self.id);
        }
    }
}

/// Random numbers that are the same in every run (SplitMix64).
pub struct SeededRandom(Cell<u64>);

impl SeededRandom {
    /// The sequence of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }
}

impl Random for SeededRandom {
    fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// A request as the scripted upstream received it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When, on the clock's monotonic scale.
    pub at: Duration,
    /// Scheme, host, port where it is not the scheme's own, path and query.
    pub url: String,
    /// Method.
    pub method: Method,
    /// Headers, `Host` included.
    pub headers: HeaderMap,
    /// The whole body; `None` when there was none, not even an empty one.
    pub body: Option<Bytes>,
    /// Limit on the time until the response headers.
    pub timeout: Option<Duration>,
    /// Limit on the wait for `100 Continue`.
    pub continue_timeout: Option<Duration>,
    /// Protocol.
    pub http_version: HttpVersion,
    /// Proxy set by policy.
    pub proxy: Option<Arc<Proxy>>,
}

impl Sent {
    /// A header's first value, or empty.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned()
    }
}

/// What a scripted backend does with a request.
pub struct Answer {
    after: Duration,
    head: Result<(StatusCode, Option<Arc<str>>, HeaderMap), TransportError>,
    chunks: VecDeque<(Duration, Result<Bytes, String>)>,
}

impl Answer {
    /// Answers with a status and an empty body.
    ///
    /// # Panics
    /// It is no status code.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status code");
        Self {
            after: Duration::ZERO,
            head: Ok((status, None, HeaderMap::new())),
            chunks: VecDeque::new(),
        }
    }

    /// Fails before an answer.
    pub fn failure(kind: TransportErrorKind, message: &str) -> Self {
        Self {
            after: Duration::ZERO,
            head: Err(TransportError {
                kind,
                message: message.to_owned(),
            }),
            chunks: VecDeque::new(),
        }
    }

    /// Accepts no connection.
    pub fn refused() -> Self {
        Self::failure(TransportErrorKind::Connect, "connection refused")
    }

    /// Takes the request and never answers.
    pub fn hangs() -> Self {
        Self::status(200).after(Duration::from_secs(1 << 32))
    }

    /// Sets the reason phrase.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        if let Ok((_, slot, _)) = &mut self.head {
            *slot = Some(reason.into());
        }
        self
    }

    /// Adds a header.
    ///
    /// # Panics
    /// It is no valid header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok((_, _, headers)) = &mut self.head {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                HeaderValue::from_str(value).expect("a header value"),
            );
        }
        self
    }

    /// Adds a piece of body.
    #[must_use]
    pub fn body(self, piece: impl Into<Bytes>) -> Self {
        self.body_after(Duration::ZERO, piece)
    }

    /// Adds a piece of body that comes some time after the one before.
    #[must_use]
    pub fn body_after(mut self, wait: Duration, piece: impl Into<Bytes>) -> Self {
        self.chunks.push_back((wait, Ok(piece.into())));
        self
    }

    /// Breaks the connection after the body so far.
    #[must_use]
    pub fn cut(mut self) -> Self {
        let broken = Err("connection reset".to_owned());
        self.chunks.push_back((Duration::ZERO, broken));
        self
    }

    /// Takes that long until the headers, or the failure, arrive.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }
}

type Script = Box<dyn FnMut(&Sent) -> Answer>;

/// Backends played by a closure; remembers what was sent.
pub struct ScriptedUpstream {
    clock: VirtualClock,
    script: RefCell<Script>,
    sent: RefCell<Vec<Sent>>,
    discarded: Rc<Cell<usize>>,
}

impl ScriptedUpstream {
    /// Everything sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// How many response bodies were given up unread.
    pub fn discarded(&self) -> usize {
        self.discarded.get()
    }

    async fn answer(
        &self,
        mut request: UpstreamRequest,
    ) -> Result<UpstreamResponse, TransportError> {
        let target = &request.target;
        let default_port = if target.is_https() { 443 } else { 80 };
        let port = if target.port() == default_port {
            String::new()
        } else {
            format!(":{}", target.port())
        };
        let url = format!(
            "{}://{}{port}{}",
            target.scheme(),
            target.host(),
            request.path_and_query
        );
        request
            .body
            .buffer(usize::MAX)
            .await
            .map_err(|error| TransportError {
                kind: TransportErrorKind::RequestBody,
                message: error.to_string(),
            })?;
        let sent = Sent {
            at: self.clock.monotonic(),
            url,
            method: request.method,
            headers: request.headers,
            body: request.body.bytes().cloned(),
            timeout: request.timeout,
            continue_timeout: request.continue_timeout,
            http_version: request.http_version,
            proxy: request.proxy,
        };
        let answer = (self.script.borrow_mut())(&sent);
        let host = target.host().to_owned();
        self.sent.borrow_mut().push(sent);
        match request.timeout {
            Some(timeout) if timeout < answer.after => {
                self.clock.sleep_owned(timeout).await;
                return Err(TransportError {
                    kind: TransportErrorKind::Timeout,
                    message: format!("{host} did not answer within {timeout:?}"),
                });
            }
            _ => self.clock.sleep_owned(answer.after).await,
        }
        let (status, reason, headers) = answer.head?;
        Ok(UpstreamResponse {
            status,
            reason,
            headers,
            version: Version::HTTP_11,
            body: Body::Streaming(Box::pin(Chunks {
                clock: self.clock.clone(),
                rest: answer.chunks,
                waiting: None,
                discarded: self.discarded.clone(),
            })),
        })
    }
}

impl Upstream for ScriptedUpstream {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> LocalBoxFuture<'_, Result<UpstreamResponse, TransportError>> {
        Box::pin(self.answer(request))
    }
}

struct Chunks {
    clock: VirtualClock,
    rest: VecDeque<(Duration, Result<Bytes, String>)>,
    waiting: Option<Sleep>,
    discarded: Rc<Cell<usize>>,
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = self.get_mut();
        let Some((wait, _)) = this.rest.front() else {
            return Poll::Ready(None);
        };
        let clock = &this.clock;
        let sleep = this.waiting.get_or_insert_with(|| clock.sleep_owned(*wait));
        std::task::ready!(Pin::new(sleep).poll(context));
        this.waiting = None;
        let piece = this.rest.pop_front().map(|(_, piece)| match piece {
            Ok(bytes) => Ok(Frame::data(bytes)),
            Err(message) => Err(message.into()),
        });
        Poll::Ready(piece)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl BodyStream for Chunks {
    fn discard(self: Pin<Box<Self>>) {
        self.discarded.set(self.discarded.get() + 1);
    }
}

/// A body that arrives in these pieces, all of them at once.
pub fn streaming(pieces: &[&str]) -> Body {
    Body::Streaming(Box::pin(Chunks {
        clock: VirtualClock::default(),
        rest: pieces
            .iter()
            .map(|piece| (Duration::ZERO, Ok(Bytes::copy_from_slice(piece.as_bytes()))))
            .collect(),
        waiting: None,
        discarded: Rc::default(),
    }))
}

/// No backends, default limits, nothing secret.
///
/// # Panics
/// Never: an empty configuration does not contradict itself.
pub fn runtime() -> Runtime {
    Runtime {
        deployment: Arc::default(),
        backends: backends(RegistryConfig {
            backends: Vec::new(),
            pools: Vec::new(),
            affinity_key: AffinityKey::new([7; 32]),
        }),
        limits: Limits::default(),
        secrets: Vec::new(),
        null_response_after_transport_failure: false,
        always_strip_subscription_key: false,
        base_url_overrides_inherited_backend: false,
    }
}

/// Name of the cookie of pools with session affinity.
pub const AFFINITY_COOKIE: &str = "SessionId";

/// Backend entities: each single backend's address is its URL.
///
/// # Panics
/// The configuration contradicts itself, or an address is no URL.
pub fn backends(config: RegistryConfig) -> Backends {
    let registry = BackendRegistry::new(config.clone(), Arc::new(())).expect("a configuration");
    let single = |id: &Arc<str>, address: &str| {
        Arc::new(Backend {
            id: id.clone(),
            kind: BackendKind::Single(SingleBackend {
                target: Arc::new(
                    Target::parse(address, TlsOptions::default(), None).expect("a URL"),
                ),
                credentials: Credentials::default(),
                state: registry.backend(id).expect("configured").clone(),
            }),
        })
    };
    let singles: Vec<Arc<Backend>> = config
        .backends
        .iter()
        .map(|backend| single(&backend.id, &backend.address))
        .collect();
    let pools: Vec<Arc<Backend>> = config
        .pools
        .iter()
        .map(|pool| {
            let member = |id: &Arc<str>| PoolMember {
                id: id.clone(),
                backend: singles
                    .iter()
                    .find(|single| single.id == *id)
                    .expect("configured")
                    .clone(),
            };
            Arc::new(Backend {
                id: pool.id.clone(),
                kind: BackendKind::Pool {
                    pool: registry.pool(&pool.id).expect("configured").clone(),
                    members: pool
                        .members
                        .iter()
                        .map(|config| member(&config.backend))
                        .collect(),
                    affinity: pool.session_affinity.then(|| SessionAffinity {
                        cookie: AFFINITY_COOKIE.into(),
                    }),
                },
            })
        })
        .collect();
    Backends::new(Arc::new(registry), singles.into_iter().chain(pools))
}

/// A request as it arrives: no headers but `Host`, no body.
///
/// # Panics
/// The URL is not absolute.
pub fn request(method: &str, url: &str) -> Request {
    let uri: Uri = url.parse().expect("a URL");
    let scheme = if uri.scheme_str() == Some("https") {
        "https"
    } else {
        "http"
    };
    let authority = uri
        .authority()
        .expect("an absolute URL")
        .as_str()
        .to_owned();
    let path_and_query: Uri = uri
        .path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str())
        .parse()
        .expect("a path");
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::HOST,
        HeaderValue::from_str(&authority).expect("a header value"),
    );
    Request::new(
        Method::from_bytes(method.as_bytes()).expect("a method"),
        RequestUrl::new(scheme, &authority, path_and_query, 0),
        headers,
        Body::Absent,
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    )
}

/// Virtual time, scripted backends, seeded random numbers and a store in memory.
#[derive(Clone)]
pub struct World {
    /// Time.
    pub clock: VirtualClock,
    /// Backends.
    pub upstream: Rc<ScriptedUpstream>,
    /// All ports.
    pub ports: Rc<Ports>,
    /// What requests share.
    pub runtime: Arc<Runtime>,
}

impl World {
    /// A world without backend entities whose calls `script` answers.
    pub fn new(script: impl FnMut(&Sent) -> Answer + 'static) -> Self {
        Self::with(runtime(), script)
    }

    /// A world with this runtime.
    pub fn with(runtime: Runtime, script: impl FnMut(&Sent) -> Answer + 'static) -> Self {
        let clock = VirtualClock::default();
        let upstream = Rc::new(ScriptedUpstream {
            clock: clock.clone(),
            script: RefCell::new(Box::new(script)),
            sent: RefCell::default(),
            discarded: Rc::default(),
        });
        let ports = Rc::new(Ports {
            clock: Rc::new(clock.clone()),
            random: Rc::new(SeededRandom::new(1)),
            upstream: upstream.clone(),
            store: Arc::new(MemoryStore::default()),
        });
        Self {
            clock,
            upstream,
            ports,
            runtime: Arc::new(runtime),
        }
    }

    /// The world as one worker sees it that shares this store with others.
    #[must_use]
    pub fn sharing(mut self, store: Arc<dyn Store>) -> Self {
        self.ports = Rc::new(Ports {
            clock: self.ports.clock.clone(),
            random: self.ports.random.clone(),
            upstream: self.ports.upstream.clone(),
            store,
        });
        self
    }

    /// An exchange for a request; its backend is `http://backend.test/base` to begin with.
    ///
    /// # Panics
    /// Never.
    pub fn exchange(&self, request: Request) -> Exchange {
        let mut exchange = Exchange::new(
            self.runtime.clone(),
            self.ports.clone(),
            Uuid::from_u128(1),
            request,
        );
        let target = self
            .runtime
            .backends
            .bare_target("http://backend.test/base");
        exchange.backend = CurrentBackend::bare(target.expect("a URL"));
        exchange
    }

    /// Everything sent to backends so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.upstream.sent()
    }
}
