//! One worker: a thread with its own runtime, listeners and connections.
//!
//! In: bound sockets, a handler, the server's stage (running, draining, aborting). Out: served connections. Nothing of a worker is seen
//! by another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::TcpListener as StdListener;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::connection::{Protocols, serve};
use super::ledger::{Clock, Ledger, TICK};
use super::tls::Tls;
use super::{Handler, Limits};

/// Pause after a failed accept: first and longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// Ticks between two looks at the certificate files.
const CERTIFICATE_TICKS: u64 = 30;

/// Where the whole server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Stage {
    Running,
    Draining,
    Aborting,
}

/// A bound socket and how it is spoken on.
pub(crate) struct Door {
    pub(crate) socket: StdListener,
    pub(crate) tls: Option<Arc<Tls>>,
}

/// What a worker is started with.
pub(crate) struct Plan {
    pub(crate) doors: Vec<Door>,
    pub(crate) limits: Limits,
    /// Connections of this worker at most.
    pub(crate) connections: usize,
    pub(crate) stage: watch::Receiver<Stage>,
    pub(crate) open: Arc<AtomicUsize>,
    /// Certificates this worker keeps up to date for all.
    pub(crate) certificates: Vec<Arc<Tls>>,
}

struct Worker<H> {
    handler: Rc<H>,
    protocols: Rc<Protocols>,
    clock: Rc<Clock>,
    ledgers: RefCell<HashMap<u64, Rc<Ledger>>>,
    next: Cell<u64>,
    emptied: Notify,
    room: Arc<Semaphore>,
    open: Arc<AtomicUsize>,
}

/// Serves until the stage says otherwise and all connections have ended. `ready` is called once the sockets accept.
pub(crate) async fn run<H: Handler>(plan: Plan, handler: H, ready: impl FnOnce(io::Result<()>)) {
    let worker = Rc::new(Worker {
        handler: Rc::new(handler),
        clock: Rc::new(Clock::new(&plan.limits)),
        protocols: Rc::new(Protocols::new(plan.limits)),
        ledgers: RefCell::default(),
        next: Cell::new(0),
        emptied: Notify::new(),
        room: Arc::new(Semaphore::new(
            plan.connections.clamp(1, Semaphore::MAX_PERMITS),
        )),
        open: plan.open,
    });
    let mut stage = plan.stage;
    let mut accepting = Vec::new();
    for door in plan.doors {
        match TcpListener::from_std(door.socket) {
            Ok(listener) => accepting.push(spawn_local(accept(
                worker.clone(),
                listener,
                door.tls,
                stage.clone(),
            ))),
            Err(error) => return ready(Err(error)),
        }
    }
    ready(Ok(()));
    let sweeper = spawn_local(sweep(worker.clone(), plan.certificates));

    reached(&mut stage, Stage::Draining).await;
    for task in accepting {
        // Its connections are on the list once it has ended.
        let _ = task.await;
    }
    worker.clock.drain();
    worker.each(Ledger::wake);
    tokio::select! {
        () = worker.until_empty() => {}
        () = reached(&mut stage, Stage::Aborting) => {
            worker.each(Ledger::abort);
            worker.until_empty().await;
        }
    }
    sweeper.abort();
}

/// Waits for a stage; a server that is gone counts as the last one.
async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|stage| *stage >= wanted).await;
}

async fn accept<H: Handler>(
    worker: Rc<Worker<H>>,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    mut stage: watch::Receiver<Stage>,
) {
    let mut pause = BACK_OFF.0;
    loop {
        // At the limit nothing is accepted: new connections wait in the kernel, which is kinder than a reset.
        let accepted = async {
            let place = worker
                .room
                .clone()
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            Ok((place, listener.accept().await?))
        };
        let accepted = tokio::select! {
            biased;
            () = reached(&mut stage, Stage::Draining) => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((place, (stream, peer))) => {
                pause = BACK_OFF.0;
                worker.welcome(stream, peer, tls.clone(), Some(place));
            }
            Err(error) if is_the_peers_doing(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; trying again in {pause:?}");
                tokio::select! {
                    () = reached(&mut stage, Stage::Draining) => break,
                    () = sleep(pause) => {}
                }
                pause = (pause * 2).min(BACK_OFF.1);
            }
        }
    }
    // Closing a socket resets what waits in its queue: those clients have connected, so they are served.
    while let Some(Ok((stream, peer))) = listener.accept().now_or_never() {
        worker.welcome(stream, peer, tls.clone(), None);
    }
}

/// Errors of one connection that accept reports, not of accepting.
fn is_the_peers_doing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

impl<H: Handler> Worker<H> {
    fn welcome(
        self: &Rc<Self>,
        stream: TcpStream,
        peer: std::net::SocketAddr,
        tls: Option<Arc<Tls>>,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) {
        let guest = Guest::new(self.clone());
        let serving = serve(
            stream,
            peer,
            tls,
            self.protocols.clone(),
            self.handler.clone(),
            guest.ledger.clone(),
        );
        spawn_local(async move {
            let _place = place;
            let _guest = guest;
            serving.await;
        });
    }

    fn each(&self, order: impl Fn(&Ledger)) {
        for ledger in self.ledgers.borrow().values() {
            order(ledger);
        }
    }

    async fn until_empty(&self) {
        while !self.ledgers.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }
}

/// A connection's entry in the worker's list, gone when the connection is, also after a panic.
struct Guest<H> {
    worker: Rc<Worker<H>>,
    id: u64,
    ledger: Rc<Ledger>,
}

impl<H> Guest<H> {
    fn new(worker: Rc<Worker<H>>) -> Self {
        let id = worker.next.get();
        worker.next.set(id.wrapping_add(1));
        let ledger = Ledger::new(worker.clock.clone());
        worker.ledgers.borrow_mut().insert(id, ledger.clone());
        worker.open.fetch_add(1, Ordering::Relaxed);
        Self { worker, id, ledger }
    }
}

impl<H> Drop for Guest<H> {
    fn drop(&mut self) {
        // A body that outlives its connection has nothing to wait for.
        self.ledger.abort();
        self.worker.ledgers.borrow_mut().remove(&self.id);
        self.worker.open.fetch_sub(1, Ordering::Relaxed);
        if self.worker.ledgers.borrow().is_empty() {
            self.worker.emptied.notify_one();
        }
    }
}

/// Advances the worker's time and looks after its connections, once a tick.
async fn sweep<H: Handler>(worker: Rc<Worker<H>>, certificates: Vec<Arc<Tls>>) {
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0u64;
    loop {
        ticks.tick().await;
        worker.clock.advance();
        worker.each(Ledger::sweep);
        count = count.wrapping_add(1);
        if count.is_multiple_of(CERTIFICATE_TICKS) {
            for tls in certificates.iter().filter(|tls| tls.has_files()) {
                let tls = tls.clone();
                spawn_blocking(move || match tls.reload() {
                    Ok(true) => tracing::info!("the listener's certificate was replaced"),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the listener's certificate could not be replaced")
                    }
                });
            }
        }
    }
}
