//! Listeners and client connections.
//!
//! In: addresses, certificates, limits, and a handler for each worker. Out: requests for the handlers, their responses on the wire, an
//! orderly end. One worker thread per core, each with its own runtime, sockets and connections: a request never crosses threads, and
//! handlers need not be `Send`. What a request means is decided behind [`Handler`], never here.
//!
//! HTTP/1.1 and HTTP/2 are told apart by ALPN on TLS and by the first bytes on clear text.

mod answer;
mod body;
mod connection;
mod ledger;
mod listen;
mod rules;
mod tls;
mod wire;
mod worker;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use thiserror::Error;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::time::timeout;

pub use body::{BodyError, IncomingBody};
pub use listen::BindError;
pub use tls::{CertificateError, Tls};

use crate::upstream::BoxError;
use worker::{Door, Plan, Stage};

/// Threads of a worker for calls that block: name resolution and certificate files.
const BLOCKING_THREADS: usize = 16;

/// What answers requests. Each worker has its own.
pub trait Handler: 'static {
    /// The body of its responses. An error in it cuts the connection (HTTP/1.1) or resets the stream (HTTP/2), so that the client
    /// sees that the answer is not whole.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Unpin + 'static;

    /// Answers one request. What can be done at once may be done before the future is polled. The future is dropped when the
    /// client leaves; a panic in either becomes a 500 and a line in the log.
    fn handle(
        &self,
        request: Request<IncomingBody>,
        connection: &ConnectionInfo,
    ) -> Handling<Self::Body>;
}

/// A request being answered. On the heap, since what hyper is given is moved while it is set up.
pub type Handling<B> = Pin<Box<dyn Future<Output = Response<B>>>>;

/// Number of a worker, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkerId(pub usize);

/// What is known about the connection a request came on.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address connected to.
    pub local: SocketAddr,
    /// HTTP/2 rather than HTTP/1.1.
    pub http2: bool,
    /// Set on TLS.
    pub tls: Option<TlsInfo>,
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// The host name the client asked for (SNI).
    pub server_name: Option<Box<str>>,
    /// Protocol version, `TLSv1_3` or `TLSv1_2`.
    pub version: &'static str,
}

/// What one client, or all of them, may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections of the whole process; more wait in the kernel. Default 20,000.
    pub max_connections: usize,
    /// A request's line and headers in bytes. Default 32 KiB. Answer: 431.
    pub max_header_bytes: usize,
    /// Headers of a request. Default 100. Answer: 431.
    pub max_headers: usize,
    /// Path and query in bytes. Default 16 KiB. Answer: 414.
    pub max_uri_bytes: usize,
    /// A request's body in bytes. Default 100 MiB. Answer: 413.
    pub max_body_bytes: u64,
    /// Time from a head's first byte to its last, and for a TLS handshake. Default 30 s.
    pub header_timeout: Duration,
    /// Silence after which an idle connection is closed. Default 120 s.
    pub idle_timeout: Duration,
    /// Silence in the middle of a request body. Default 60 s.
    pub body_timeout: Duration,
    /// Time a client may leave sent data unread. Default 60 s.
    pub write_timeout: Duration,
    /// Concurrent requests on one HTTP/2 connection. Default 100.
    pub max_streams: u32,
    /// Bytes a client may send ahead on one HTTP/2 stream; four times as much on the connection. Default 256 KiB.
    pub http2_stream_window: u32,
    /// Silence on an HTTP/2 connection before it is pinged. Default 30 s.
    pub http2_ping_interval: Duration,
    /// Time the ping may take before the connection counts as dead. Default 20 s.
    pub http2_ping_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            max_header_bytes: 32 * 1024,
            max_headers: 100,
            max_uri_bytes: 16 * 1024,
            max_body_bytes: 100 * 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            max_streams: 100,
            http2_stream_window: 256 * 1024,
            http2_ping_interval: Duration::from_secs(30),
            http2_ping_timeout: Duration::from_secs(20),
        }
    }
}

/// An address to listen on.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// The certificate; clear text when `None`.
    pub tls: Option<Arc<Tls>>,
}

/// What a server is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Worker threads; at least one. The number of cores is a good choice.
    pub workers: usize,
    /// Limits of clients.
    pub limits: Limits,
}

/// A server that could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A thread, a runtime or a socket was refused by the system.
    #[error("worker {worker} could not start: {cause}")]
    Worker {
        /// Which one.
        worker: usize,
        /// What the system says.
        cause: io::Error,
    },
    /// The handler's maker panicked.
    #[error("worker {worker} could not start: its handler could not be made")]
    Handler {
        /// Which one.
        worker: usize,
    },
}

/// Bound sockets that do not accept yet.
pub struct Server {
    doors: Vec<Vec<Door>>,
    addresses: Vec<SocketAddr>,
    limits: Limits,
    certificates: Vec<Arc<Tls>>,
}

impl Server {
    /// Binds all addresses, for each worker.
    pub fn bind(settings: Settings) -> Result<Self, BindError> {
        let workers = settings.workers.max(1);
        let mut doors: Vec<Vec<Door>> = (0..workers).map(|_| Vec::new()).collect();
        let mut addresses = Vec::with_capacity(settings.listen.len());
        let mut certificates: Vec<Arc<Tls>> = Vec::new();
        for Listen { address, tls } in settings.listen {
            let (bound, sockets) = listen::bind(address, workers)?;
            addresses.push(bound);
            for (doors, socket) in doors.iter_mut().zip(sockets) {
                doors.push(Door {
                    socket,
                    tls: tls.clone(),
                });
            }
            if let Some(tls) = tls
                && !certificates.iter().any(|known| Arc::ptr_eq(known, &tls))
            {
                certificates.push(tls);
            }
        }
        Ok(Self {
            doors,
            addresses,
            limits: settings.limits,
            certificates,
        })
    }

    /// The addresses bound, in the order of [`Settings::listen`].
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Starts the workers and returns once all accept connections. `make_handler` runs on each worker's own thread, inside its
    /// runtime. Dropping the handle ends the server as [`ServerHandle::drain`] without patience does.
    pub fn run<H, F>(self, make_handler: F) -> Result<ServerHandle, StartError>
    where
        H: Handler,
        F: Fn(WorkerId) -> H + Send + Sync + 'static,
    {
        let make_handler = Arc::new(make_handler);
        let (stage, _) = watch::channel(Stage::Running);
        let workers = self.doors.len();
        let (alive, running) = watch::channel(workers);
        let alive = Arc::new(alive);
        let open = Arc::new(AtomicUsize::new(0));
        let connections = self.limits.max_connections.div_ceil(workers);
        let handle = ServerHandle {
            addresses: self.addresses,
            stage,
            running,
            open: open.clone(),
        };
        let (started, starts) = channel();
        for (index, doors) in self.doors.into_iter().enumerate() {
            let plan = Plan {
                doors,
                limits: self.limits.clone(),
                connections,
                stage: handle.stage.subscribe(),
                open: open.clone(),
                certificates: if index == 0 {
                    self.certificates.clone()
                } else {
                    Vec::new()
                },
            };
            let make_handler = make_handler.clone();
            let started = started.clone();
            let last_breath = LastBreath(alive.clone());
            std::thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || {
                    let _last_breath = last_breath;
                    let runtime = match Builder::new_current_thread()
                        .enable_all()
                        // Names are resolved there: a resolver that hangs must not cost hundreds of threads.
                        .max_blocking_threads(BLOCKING_THREADS)
                        .build_local(LocalOptions::default())
                    {
                        Ok(runtime) => runtime,
                        Err(cause) => {
                            let _ = started.send((index, Some(cause)));
                            return;
                        }
                    };
                    runtime.block_on(async move {
                        let handler = make_handler(WorkerId(index));
                        worker::run(plan, handler, move |result| {
                            let _ = started.send((index, result.err()));
                        })
                        .await;
                    });
                })
                .map_err(|cause| StartError::Worker {
                    worker: index,
                    cause,
                })?;
        }
        drop(started);
        let mut silent: Vec<usize> = (0..workers).collect();
        while let Ok((worker, failure)) = starts.recv() {
            if let Some(cause) = failure {
                return Err(StartError::Worker { worker, cause });
            }
            silent.retain(|index| *index != worker);
        }
        match silent.first() {
            Some(&worker) => Err(StartError::Handler { worker }),
            None => Ok(handle),
        }
    }
}

/// Counts a worker thread out, also when it panics.
struct LastBreath(Arc<watch::Sender<usize>>);

impl Drop for LastBreath {
    fn drop(&mut self) {
        self.0.send_modify(|alive| *alive = alive.saturating_sub(1));
    }
}

/// A running server.
pub struct ServerHandle {
    addresses: Vec<SocketAddr>,
    stage: watch::Sender<Stage>,
    running: watch::Receiver<usize>,
    open: Arc<AtomicUsize>,
}

impl ServerHandle {
    /// The addresses listened on, in the order of [`Settings::listen`].
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Client connections open now, over all workers.
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends the server in order: no new connections, `Connection: close` and GOAWAY on the open ones, time for requests in flight
    /// until `deadline` has passed, then the rest is cut. Returns whether everything ended by itself. Safe to call again.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.advance(Stage::Draining);
        let in_order = timeout(deadline, self.ended()).await.is_ok();
        self.advance(Stage::Aborting);
        self.ended().await;
        in_order
    }

    /// Resolves when all workers have ended.
    pub async fn ended(&self) {
        let _ = self.running.clone().wait_for(|alive| *alive == 0).await;
    }

    fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let later = *stage < to;
            if later {
                *stage = to;
            }
            later
        });
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.advance(Stage::Aborting);
    }
}
