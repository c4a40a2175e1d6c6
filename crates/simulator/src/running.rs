//! Start and end of the simulator.
//!
//! In: a configuration. Out: running listeners, their addresses, and a handle to change and question the simulator from within the
//! process, as its admin endpoint does from outside.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::admin::{self, AdminError, DeploymentChange, DeploymentState, State};
use crate::clock::{Clock, SystemClock};
use crate::config::{ApiKey, SimulatorConfig};
use crate::core::Core;
use crate::counters::LoggedRequest;
use crate::fault::FaultRule;
use crate::net::{Listener, Scope, ServerContext, Stage, StartError};

/// The simulator.
#[derive(Debug)]
pub struct Simulator;

/// One resource of a running simulator.
#[derive(Debug, Clone)]
pub struct RunningResource {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its endpoint: what clients are given as `azure_endpoint`.
    pub url: String,
    /// Its first key.
    pub key: ApiKey,
}

/// A running simulator. Ends when dropped, or in order by [`Running::shutdown`].
pub struct Running {
    /// The resources, in the configuration's order.
    pub resources: Vec<RunningResource>,
    /// The shared listener's endpoint, if there is one.
    pub shared_url: Option<String>,
    /// The admin endpoint, if there is one.
    pub admin_url: Option<String>,
    core: Arc<Core>,
    context: Arc<ServerContext>,
    shutdown: watch::Sender<Stage>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Starts a simulator in real time.
    ///
    /// # Errors
    /// When the configuration makes no sense or an address cannot be listened on.
    pub async fn start(config: SimulatorConfig) -> Result<Running, StartError> {
        Self::start_with_clock(config, Arc::new(SystemClock::new())).await
    }

    /// Starts a simulator whose quotas and latencies follow a clock of the caller's.
    ///
    /// # Errors
    /// As [`Simulator::start`].
    pub async fn start_with_clock(
        config: SimulatorConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Running, StartError> {
        let core = Arc::new(Core::new(config, clock)?);
        // Vocabularies take tens of milliseconds to load: not at the first request's cost.
        let encodings: Vec<_> = core
            .resources
            .iter()
            .flat_map(|resource| &resource.deployments)
            .map(|deployment| deployment.model.encoding)
            .collect();
        let loading = tokio::task::spawn_blocking(move || {
            encodings
                .into_iter()
                .for_each(tidegate_openai::tokens::preload)
        });
        // Loading cannot fail; a runtime that shuts down serves nobody anyway.
        let _ = loading.await;

        let mut listeners = Vec::new();
        let mut shared_url = None;
        if let Some(address) = core.config.listen {
            let listener = Listener::bind(address, Scope::Shared, "`listen`")?;
            shared_url = Some(url(listener.address()));
            listeners.push(listener);
        }
        let mut resources = Vec::new();
        for resource in &core.resources {
            let own = match (resource.config.listen, &shared_url) {
                (None, Some(_)) => None,
                (listen, _) => Some(listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))),
            };
            let name = &resource.config.name;
            let url = match own {
                Some(address) => {
                    let what = format!("the resource '{name}'");
                    let listener =
                        Listener::bind(address, Scope::Resource(Arc::clone(resource)), what)?;
                    let url = url(listener.address());
                    listeners.push(listener);
                    url
                }
                None => format!("{}/{name}", shared_url.as_deref().unwrap_or_default()),
            };
            resources.push(RunningResource {
                name: name.clone(),
                region: resource.config.region.clone(),
                url,
                key: resource
                    .keys
                    .first()
                    .cloned()
                    .unwrap_or_else(|| ApiKey::new("")),
            });
        }
        let mut admin_url = None;
        if let Some(address) = core.config.admin_listen {
            let listener = Listener::bind(address, Scope::Admin, "`adminListen`")?;
            admin_url = Some(url(listener.address()));
            listeners.push(listener);
        }

        let context = Arc::new(ServerContext {
            connections: Arc::new(Semaphore::new(
                core.config
                    .limits
                    .max_connections
                    .min(Semaphore::MAX_PERMITS),
            )),
            urls: resources
                .iter()
                .map(|resource| resource.url.clone())
                .collect(),
            core: Arc::clone(&core),
        });
        let shutdown = watch::Sender::new(Stage::Running);
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(listener.run(Arc::clone(&context), shutdown.subscribe()));
        }
        Ok(Running {
            resources,
            shared_url,
            admin_url,
            core,
            context,
            shutdown,
            tasks,
        })
    }
}

fn url(address: SocketAddr) -> String {
    // An address that stands for all interfaces is no address to connect to.
    let reachable = if address.ip().is_unspecified() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
    } else {
        address
    };
    format!("http://{reachable}")
}

impl Running {
    /// The resource of a name.
    pub fn resource(&self, name: &str) -> Option<&RunningResource> {
        self.resources
            .iter()
            .find(|resource| resource.name.eq_ignore_ascii_case(name))
    }

    /// The whole state: counters, faults, quotas.
    pub fn state(&self) -> State {
        admin::state(&self.core, &self.context.urls)
    }

    /// Replaces the faults of a resource; none heals it.
    ///
    /// # Errors
    /// When there is no such resource or a rule makes no sense.
    pub fn set_faults(&self, resource: &str, rules: Vec<FaultRule>) -> Result<(), AdminError> {
        admin::set_faults(&self.core, resource, rules)
    }

    /// Adds a fault to a resource.
    ///
    /// # Errors
    /// As [`Running::set_faults`].
    pub fn add_fault(&self, resource: &str, rule: FaultRule) -> Result<(), AdminError> {
        admin::add_fault(&self.core, resource, rule)
    }

    /// Changes a deployment.
    ///
    /// # Errors
    /// When there is no such deployment or the change makes no sense.
    pub fn change_deployment(
        &self,
        resource: &str,
        deployment: &str,
        change: &DeploymentChange,
    ) -> Result<DeploymentState, AdminError> {
        admin::change_deployment(&self.core, resource, deployment, change)
    }

    /// The last requests of a resource.
    ///
    /// # Errors
    /// When there is no such resource.
    pub fn requests(&self, resource: &str) -> Result<Vec<LoggedRequest>, AdminError> {
        admin::requests(&self.core, resource)
    }

    /// Back to the start: the configuration's faults, fresh quotas, no counts.
    pub fn reset(&self) {
        self.core.reset();
    }

    /// Closes the listeners and waits until open requests are finished, at most as long as said; then drops what is left.
    pub async fn shutdown(mut self, patience: Duration) {
        self.shutdown.send_replace(Stage::Draining);
        while self.tasks.join_next().await.is_some() {}
        let all = u32::try_from(self.core.config.limits.max_connections).unwrap_or(u32::MAX);
        // Every connection holds a permit to its end.
        let drained =
            tokio::time::timeout(patience, self.context.connections.acquire_many(all)).await;
        if drained.is_err() {
            tracing::info!("requests were still open at the end of the simulator's patience");
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("resources", &self.resources)
            .field("shared_url", &self.shared_url)
            .field("admin_url", &self.admin_url)
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.send_replace(Stage::Ended);
    }
}
