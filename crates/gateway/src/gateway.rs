//! A running gateway: its workers, the admin listener, the configuration they serve.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::{GatewaySettings, Service};
use tidegate_pipeline::Ports;
use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_state::{MemoryLimits, MemoryStore, Store};

use crate::admin::{self, AdminState};
use crate::clock::{SystemClock, SystemRandom};
use crate::compiled::Compiled;
use crate::connector::{Connector, TlsProfiles};
use crate::handler::{Current, GatewayHandler};
use crate::metrics::{Metrics, WorkerMetrics};
use crate::server::{self, Server};
use crate::upstream;

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] server::BindError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] server::CertificateError),
    /// A worker did not start.
    #[error(transparent)]
    Worker(#[from] server::StartError),
    /// The admin address cannot be listened on.
    #[error("the admin address {address} cannot be listened on: {error}")]
    Admin {
        /// Address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The file with further roots is unusable.
    #[error("gateway.upstream.trustedRoots: {0}")]
    Roots(String),
}

/// A gateway that serves. Dropping it without [`Gateway::drain`] cuts what is in flight.
pub struct Gateway {
    current: Arc<Current>,
    metrics: Arc<Metrics>,
    server: server::ServerHandle,
    admin: Option<admin::Running>,
    ready: Arc<AtomicBool>,
    drain_limit: std::time::Duration,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Binds all listeners and starts the workers.
    ///
    /// # Errors
    /// A listener cannot be bound, or a file the settings name cannot be used.
    pub fn start(compiled: Compiled) -> Result<Self, StartError> {
        let settings = compiled.service.gateway.clone();
        let clock = SystemClock::start();
        let metrics = Arc::new(Metrics::new());
        let roots = match &settings.upstream.trusted_roots {
            None => None,
            Some(path) => Some(
                std::fs::read(path)
                    .map_err(|error| StartError::Roots(format!("{}: {error}", path.display())))?,
            ),
        };
        let tls = Arc::new(TlsProfiles::new(roots.as_deref()).map_err(|error| {
            let path = settings.upstream.trusted_roots.clone().unwrap_or_default();
            StartError::Roots(format!("{}: {error}", path.display()))
        })?);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(MemoryLimits {
            entries: settings.cache.entries,
            bytes: settings.cache.bytes,
            ..MemoryLimits::default()
        }));
        let current = Arc::new(Current::new(compiled));
        let upstream_settings = upstream::Settings {
            connect_timeout: settings.timeouts.connect,
            max_idle_per_target: settings.upstream.idle_connections,
            idle_timeout: settings.upstream.idle_timeout,
            max_lifetime: settings.upstream.max_connection_age,
            ..upstream::Settings::default()
        };
        let ready = Arc::new(AtomicBool::new(false));
        let server = {
            let current = current.clone();
            let metrics = metrics.clone();
            Server::bind(server_settings(&settings)?)?.run(move |_worker| {
                let client = upstream::Client::new(upstream_settings.clone());
                let ports = Rc::new(Ports {
                    clock: Rc::new(clock),
                    random: Rc::new(SystemRandom::new()),
                    upstream: Rc::new(Connector::new(client, tls.clone())),
                    store: store.clone(),
                });
                GatewayHandler::new(current.clone(), ports, WorkerMetrics::new(metrics.clone()))
            })?
        };
        let admin = match settings.admin {
            None => None,
            Some(address) => Some(
                admin::start(
                    address,
                    AdminState {
                        current: current.clone(),
                        metrics: metrics.clone(),
                        ready: ready.clone(),
                        clock,
                    },
                )
                .map_err(|error| StartError::Admin { address, error })?,
            ),
        };
        ready.store(true, Ordering::Release);
        Ok(Self {
            current,
            metrics,
            server,
            admin,
            ready,
            drain_limit: settings.timeouts.drain,
        })
    }

    /// Where clients are answered.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.server.local_addrs().to_vec()
    }

    /// Where `/livez`, `/readyz` and `/metrics` are answered.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(admin::Running::address)
    }

    /// Compiles a configuration aside and takes it into use; one that does not compile changes nothing. Returns
    /// whether it was taken, and what there is to say about it.
    ///
    /// Listeners, workers and limits stay those the gateway was started with.
    pub fn replace(&self, service: Service) -> (bool, Vec<Diagnostic>) {
        let old = self.current.load();
        let (compiled, diagnostics) = Compiled::new(service, Some(old.runtime.backends.registry()));
        let accepted = compiled.is_some();
        if let Some(compiled) = compiled {
            self.current.replace(compiled);
        }
        self.metrics.reloaded(accepted);
        (accepted, diagnostics)
    }

    /// Counts a configuration that could not even be loaded.
    pub fn refused(&self) {
        self.metrics.reloaded(false);
    }

    /// Stops accepting, waits for requests in flight up to the configured limit, and ends. Returns whether all of them
    /// finished.
    pub fn drain(self) -> bool {
        self.ready.store(false, Ordering::Release);
        // Drain is called from the main thread, outside any runtime.
        let finished = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime.block_on(self.server.drain(self.drain_limit)),
            Err(error) => {
                tracing::error!("cannot wait for requests in flight: {error}");
                false
            }
        };
        if let Some(admin) = self.admin {
            admin.stop();
        }
        finished
    }
}

/// The model's settings in the server's words.
fn server_settings(settings: &GatewaySettings) -> Result<server::Settings, StartError> {
    let mut listen: Vec<server::Listen> = settings
        .listen
        .iter()
        .map(|address| server::Listen {
            address: *address,
            tls: None,
        })
        .collect();
    if let Some(tls) = &settings.tls {
        let certificate = server::Tls::from_files(&tls.certificate, &tls.private_key)?;
        listen.extend(tls.listen.iter().map(|address| server::Listen {
            address: *address,
            tls: Some(certificate.clone()),
        }));
    }
    let workers = settings.workers.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
    });
    Ok(server::Settings {
        listen,
        workers,
        limits: server::Limits {
            max_connections: settings.limits.connections,
            max_header_bytes: settings.limits.header_bytes,
            max_headers: settings.limits.headers,
            max_uri_bytes: settings.limits.uri_bytes,
            max_body_bytes: settings.limits.request_body_bytes as u64,
            header_timeout: settings.timeouts.request_headers,
            idle_timeout: settings.timeouts.idle,
            max_streams: settings.limits.concurrent_streams,
            ..server::Limits::default()
        },
    })
}
