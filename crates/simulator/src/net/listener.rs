//! Listeners.
//!
//! In: an address. Out: connections, each served by a task of its own. The listener of a resource that refuses connections is closed, so
//! that the kernel itself refuses; its port stays reserved and the listener returns when the fault is cleared.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::http_service::{Scope, ServerContext, Stage, serve_connection};

const BACKLOG: i32 = 1_024;
/// Pause after an error of `accept`, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} for {what}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The configuration member that names it.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// One address, and who is behind it.
pub(crate) struct Listener {
    address: SocketAddr,
    /// Holds the port while the listener is closed. Systems that do not allow this do without.
    _reservation: Option<Socket>,
    open: Option<TcpListener>,
    scope: Scope,
}

impl Listener {
    /// Reserves an address and listens on it, unless its resource begins off the network.
    pub(crate) fn bind(
        address: SocketAddr,
        scope: Scope,
        what: impl Into<String>,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen {
            address,
            what: what.into(),
            source,
        };
        Self::try_bind(address, scope).map_err(failed)
    }

    fn try_bind(address: SocketAddr, scope: Scope) -> io::Result<Self> {
        let open = listen(address)?;
        let address = open.local_addr()?;
        // A bound socket that does not listen keeps the port; it shares the address only with a listener of this process.
        drop(open);
        let reservation = bound_socket(address).ok();
        let open = match refuses(&scope) {
            true => None,
            false => Some(listen(address)?),
        };
        Ok(Self {
            address,
            _reservation: reservation,
            open,
            scope,
        })
    }

    /// The address with the port that was found.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until shutdown.
    pub(crate) async fn run(
        mut self,
        context: Arc<ServerContext>,
        shutdown: watch::Receiver<Stage>,
    ) {
        let mut stop = shutdown.clone();
        let mut refusing = match &self.scope {
            Scope::Resource(resource) => Some(resource.refusing()),
            Scope::Shared | Scope::Admin => None,
        };
        loop {
            if *shutdown.borrow() != Stage::Running {
                return;
            }
            let closed = refusing
                .as_mut()
                .is_some_and(|refusing| *refusing.borrow_and_update());
            if closed {
                self.open = None;
            } else if self.open.is_none() {
                match listen(self.address) {
                    Ok(listener) => self.open = Some(listener),
                    Err(error) => {
                        tracing::warn!(address = %self.address, %error, "cannot listen again yet");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                }
            }
            let changed = async {
                match &mut refusing {
                    Some(refusing) => {
                        let _ = refusing.changed().await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stage| *stage != Stage::Running) => return,
                () = changed => {}
                () = accept(self.open.as_ref(), &self.scope, &context, &shutdown) => {}
            }
        }
    }
}

/// Accepts one connection and gives it to a task of its own.
async fn accept(
    listener: Option<&TcpListener>,
    scope: &Scope,
    context: &Arc<ServerContext>,
    shutdown: &watch::Receiver<Stage>,
) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    // The permit comes first: beyond the limit, connections wait in the kernel's queue.
    let Ok(permit) = Arc::clone(&context.connections).acquire_owned().await else {
        return;
    };
    match listener.accept().await {
        Ok((stream, _)) => {
            let (scope, context, shutdown) = (scope.clone(), Arc::clone(context), shutdown.clone());
            tokio::spawn(async move {
                serve_connection(stream, scope, context, shutdown).await;
                drop(permit);
            });
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

fn refuses(scope: &Scope) -> bool {
    match scope {
        Scope::Resource(resource) => *resource.refusing().borrow(),
        Scope::Shared | Scope::Admin => false,
    }
}

fn bound_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows this option would allow strangers to take the port over.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound_socket(address)?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
