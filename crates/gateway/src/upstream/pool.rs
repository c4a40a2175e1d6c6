//! The connections of one worker to one target.
//!
//! In: a wish for a connection. Out: one that is idle (the most recently used first), a share of an HTTP/2 connection, or a new one; a
//! [`Lease`] brings it back. A connection the peer closed while idle is dropped, one that is too old is not kept. Time comes as a
//! count of ticks from the client's reaper, so that taking and returning a connection reads no clock.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Mutex;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::Settings;
use super::body::RequestBody;
use super::connect::{Connected, connect};
use super::deadline::Deadlines;
use super::error::{Kind, TransportError};
use super::gate::Gate;
use super::stream::Stream;
use super::target::{HttpVersion, Target};

/// How long a connection whose response is complete may still be busy sending its request before it is given up.
const SETTLE: Duration = Duration::from_secs(5);
/// HTTP/2 connections to one target at most; beyond it streams wait their turn in the least busy one.
const MAX_HTTP2_CONNECTIONS: usize = 16;

/// What all pools of a client share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) ticks: Cell<u64>,
    pub(crate) deadlines: Rc<Deadlines>,
}

/// All connections to one target.
pub(crate) struct Pool {
    target: Target,
    shared: Rc<Shared>,
    idle: RefCell<Vec<Idle>>,
    http2: RefCell<Vec<Http2>>,
    /// Held while an HTTP/2 connection is opened, so that a burst of requests opens one.
    opening: Mutex<()>,
    /// Counts finished attempts to open, with the last one's failure: those who waited for it share its outcome.
    attempts: Cell<u64>,
    failure: RefCell<Option<(Kind, String)>>,
    /// What the backend chose when both versions were offered.
    speaks_http1: Cell<bool>,
}

struct Idle {
    connection: Http1,
    since: u64,
}

/// An HTTP/1.1 connection nobody uses.
pub(crate) struct Http1 {
    pub(crate) sender: http1::SendRequest<RequestBody>,
    pub(crate) received: Rc<Cell<u64>>,
    opened: u64,
}

struct Http2 {
    sender: http2::SendRequest<RequestBody>,
    load: Rc<Load>,
    opened: u64,
    idle_since: Cell<u64>,
}

/// Streams of an HTTP/2 connection: how many there are, and how many the peer allows.
struct Load {
    active: Cell<usize>,
    allowed: Cell<usize>,
}

/// A connection for one request.
pub(crate) enum Connection {
    Http1 {
        connection: Http1,
        reused: bool,
    },
    Http2 {
        sender: http2::SendRequest<RequestBody>,
        stream: Http2Stream,
        was_idle: bool,
    },
}

/// One stream's place in the count of its connection.
pub(crate) struct Http2Stream(Rc<Load>);

impl Http2Stream {
    fn new(load: &Rc<Load>) -> Self {
        load.active.set(load.active.get() + 1);
        Self(load.clone())
    }
}

impl Drop for Http2Stream {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get().saturating_sub(1));
    }
}

impl Pool {
    pub(crate) fn new(target: Target, shared: Rc<Shared>) -> Self {
        Self {
            target,
            shared,
            idle: RefCell::default(),
            http2: RefCell::default(),
            opening: Mutex::new(()),
            attempts: Cell::new(0),
            failure: RefCell::default(),
            speaks_http1: Cell::new(false),
        }
    }

    /// A connection, an idle one unless `fresh` is demanded.
    pub(crate) async fn acquire(&self, fresh: bool) -> Result<Connection, TransportError> {
        let multiplexed = match self.target.version() {
            HttpVersion::Http1 => false,
            HttpVersion::Http2 => true,
            HttpVersion::Http2Or1 => {
                self.target.server_name().is_some() && !self.speaks_http1.get()
            }
        };
        if multiplexed {
            return self.acquire_http2(fresh).await;
        }
        if !fresh && let Some(connection) = self.take_idle() {
            return Ok(Connection::Http1 {
                connection,
                reused: true,
            });
        }
        let connected = connect(&self.target, self.shared.settings.connect_timeout).await?;
        self.start(connected).await
    }

    /// What can be had without waiting: an idle HTTP/1.1 connection.
    pub(crate) fn take_ready(&self, fresh: bool) -> Option<Connection> {
        let multiplexed = self.target.version() != HttpVersion::Http1;
        if fresh || multiplexed {
            return None;
        }
        let connection = self.take_idle()?;
        Some(Connection::Http1 {
            connection,
            reused: true,
        })
    }

    fn take_idle(&self) -> Option<Http1> {
        let mut idle = self.idle.borrow_mut();
        while let Some(Idle { connection, .. }) = idle.pop() {
            if connection.sender.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    async fn acquire_http2(&self, fresh: bool) -> Result<Connection, TransportError> {
        if !fresh && let Some(connection) = self.share_http2() {
            return Ok(connection);
        }
        let attempt = self.attempts.get();
        let _opening = self.opening.lock().await;
        if self.attempts.get() != attempt {
            if let Some(connection) = self.share_http2() {
                return Ok(connection);
            }
            if let Some((kind, text)) = &*self.failure.borrow() {
                return Err(TransportError::new(*kind, &**text));
            }
        }
        if self.speaks_http1.get()
            && let Some(connection) = self.take_idle()
        {
            return Ok(Connection::Http1 {
                connection,
                reused: true,
            });
        }
        let result = match connect(&self.target, self.shared.settings.connect_timeout).await {
            Ok(connected) => self.start(connected).await,
            Err(error) => Err(error),
        };
        *self.failure.borrow_mut() = result
            .as_ref()
            .err()
            .map(|error| (error.kind(), error.to_string()));
        self.attempts.set(self.attempts.get().wrapping_add(1));
        result
    }

    /// A stream on an open HTTP/2 connection that has room for it.
    fn share_http2(&self) -> Option<Connection> {
        let lifetime = self.shared.in_ticks(self.shared.settings.max_lifetime);
        let now = self.shared.ticks.get();
        let mut open = self.http2.borrow_mut();
        // Streams in flight keep a dropped connection alive until they end.
        open.retain(|one| !one.sender.is_closed() && now.saturating_sub(one.opened) < lifetime);
        let cap = self.shared.settings.max_streams;
        let least = open.iter().min_by_key(|one| one.load.active.get())?;
        let active = least.load.active.get();
        if active >= least.load.allowed.get().min(cap) && open.len() < MAX_HTTP2_CONNECTIONS {
            return None;
        }
        least.idle_since.set(now);
        let stream = Http2Stream::new(&least.load);
        Some(Connection::Http2 {
            sender: least.sender.clone(),
            stream,
            was_idle: active == 0,
        })
    }

    /// Speaks HTTP over a stream just opened.
    async fn start(&self, connected: Connected) -> Result<Connection, TransportError> {
        if connected.http2 {
            self.start_http2(connected.stream).await
        } else {
            self.start_http1(connected.stream).await
        }
    }

    async fn start_http1(&self, stream: Stream) -> Result<Connection, TransportError> {
        if self.target.version() == HttpVersion::Http2Or1 {
            self.speaks_http1.set(true);
        }
        let received = stream.received();
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(self.shared.settings.max_header_bytes.max(8192))
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.error(error))?;
        spawn_local(async move {
            // The call in flight gets the same error; for an idle connection it is the peer's good right.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "upstream connection ended");
            }
        });
        let connection = Http1 {
            sender,
            received,
            opened: self.shared.ticks.get(),
        };
        Ok(Connection::Http1 {
            connection,
            reused: false,
        })
    }

    async fn start_http2(&self, stream: Stream) -> Result<Connection, TransportError> {
        let settings = &self.shared.settings;
        let header_bytes = u32::try_from(settings.max_header_bytes).unwrap_or(u32::MAX);
        let (sender, mut connection) = http2::Builder::new(LocalExecutor)
            .timer(TokioTimer::new())
            .keep_alive_interval(settings.http2_ping_interval)
            .keep_alive_timeout(settings.http2_ping_timeout)
            .initial_stream_window_size(settings.http2_stream_window)
            .initial_connection_window_size(settings.http2_stream_window.saturating_mul(4))
            .max_header_list_size(header_bytes)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.error(error))?;
        let load = Rc::new(Load {
            active: Cell::new(0),
            allowed: Cell::new(connection.current_max_send_streams()),
        });
        let watched = Rc::downgrade(&load);
        spawn_local(async move {
            let ended = poll_fn(|cx| {
                let result = Pin::new(&mut connection).poll(cx);
                if result.is_pending()
                    && let Some(load) = watched.upgrade()
                {
                    load.allowed.set(connection.current_max_send_streams());
                }
                result
            })
            .await;
            if let Err(error) = ended {
                tracing::debug!(%error, "upstream connection ended");
            }
        });
        let now = self.shared.ticks.get();
        let stream = Http2Stream::new(&load);
        self.http2.borrow_mut().push(Http2 {
            sender: sender.clone(),
            load,
            opened: now,
            idle_since: Cell::new(now),
        });
        Ok(Connection::Http2 {
            sender,
            stream,
            was_idle: false,
        })
    }

    /// Keeps a connection for the next request, unless there are enough or it is too old.
    fn keep(&self, connection: Http1) {
        let settings = &self.shared.settings;
        let since = self.shared.ticks.get();
        let mut idle = self.idle.borrow_mut();
        if idle.len() < settings.max_idle_per_target
            && since.saturating_sub(connection.opened) < self.shared.in_ticks(settings.max_lifetime)
            && !connection.sender.is_closed()
        {
            idle.push(Idle { connection, since });
        }
    }

    /// Drops what was idle too long. Returns whether anything is left.
    pub(crate) fn reap(&self) -> bool {
        let now = self.shared.ticks.get();
        let limit = self.shared.in_ticks(self.shared.settings.idle_timeout);
        let mut idle = self.idle.borrow_mut();
        idle.retain(|one| {
            one.connection.sender.is_ready() && now.saturating_sub(one.since) < limit
        });
        let mut open = self.http2.borrow_mut();
        open.retain(|one| {
            if one.load.active.get() > 0 {
                one.idle_since.set(now);
            }
            !one.sender.is_closed() && now.saturating_sub(one.idle_since.get()) < limit
        });
        !idle.is_empty() || !open.is_empty()
    }

    /// Connections nobody uses at the moment.
    pub(crate) fn idle_count(&self) -> usize {
        self.idle.borrow().len()
            + self
                .http2
                .borrow()
                .iter()
                .filter(|one| one.load.active.get() == 0)
                .count()
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    fn error(&self, error: hyper::Error) -> TransportError {
        TransportError::from_hyper(self.target.authority().as_str(), error)
    }
}

impl Shared {
    /// A span of time in ticks of the reaper, rounded up.
    fn in_ticks(&self, span: Duration) -> u64 {
        let tick = super::client::TICK.as_millis().max(1);
        u64::try_from(span.as_millis().div_ceil(tick)).unwrap_or(u64::MAX)
    }
}

/// The right to a connection until a response is read. Dropped instead of released, it closes the connection or resets the stream.
pub(crate) enum Lease {
    /// The connection, its pool, and the gate of a body that may still wait for `100 Continue`.
    Http1(Http1Lease),
    /// Held only for the count.
    Http2 { _stream: Http2Stream },
}

/// See [`Lease::Http1`].
pub(crate) struct Http1Lease {
    pub(crate) connection: Http1,
    pub(crate) pool: Rc<Pool>,
    pub(crate) gate: Option<GateGuard>,
}

/// Abandons the gate when the call is over.
pub(crate) struct GateGuard(pub(crate) Gate);

impl Drop for GateGuard {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Lease {
    /// The response is complete: the connection may serve the next request.
    pub(crate) fn release(self) {
        let Self::Http1(lease) = self else { return };
        let Http1Lease {
            mut connection,
            pool,
            gate,
        } = lease;
        // A body that still waits for its 100 never will be sent: that closes the connection, which `ready` notices.
        drop(gate);
        if connection.sender.is_ready() {
            pool.keep(connection);
        } else if !connection.sender.is_closed() {
            spawn_local(async move {
                if let Ok(Ok(())) = timeout(SETTLE, connection.sender.ready()).await {
                    pool.keep(connection);
                }
            });
        }
    }
}

/// Runs hyper's HTTP/2 tasks on the worker's own thread.
#[derive(Clone, Copy)]
pub(crate) struct LocalExecutor;

impl<F> Executor<F> for LocalExecutor
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        spawn_local(async move {
            future.await;
        });
    }
}
