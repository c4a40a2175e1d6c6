//! Azure OpenAI look-alike server: quotas, latency, faults, streaming.
//!
//! In: a [`SimulatorConfig`] and HTTP requests of any Azure OpenAI client. Out: answers with the service's shapes, headers, limits and
//! errors; text that is plausible, deterministic and exactly as long as its token count says. Several resources run in one process,
//! each can be broken on purpose while traffic flows, and counts what it served.
//!
//! It never calls another service, never stores a prompt, and shows keys by their last characters only.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use std::time::Duration;
//! use tidegate_simulator::{Simulator, SimulatorConfig, fault::{FaultAction, FaultRule}};
//!
//! let running = Simulator::start(SimulatorConfig::three_regions()).await?;
//! for resource in &running.resources {
//!     println!("{} in {}: {}", resource.name, resource.region, resource.url);
//! }
//! // Break a region, look, heal it.
//! running.set_faults("eastus", vec![FaultRule::always(FaultAction::Refuse)])?;
//! assert!(!running.state().resources[1].listening);
//! running.set_faults("eastus", vec![])?;
//! running.shutdown(Duration::from_secs(1)).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`config`] | the configuration and its checks |
//! | [`fault`] | what can be wrong with a resource |
//! | [`clock`] | time, real or virtual |
//! | `serve` | the way of one request, without sockets |
//! | `net` | sockets that can break |
//! | `admin` | changes and counters at run time |

pub mod clock;
pub mod config;
pub mod fault;

mod admin;
mod body;
mod core;
mod counters;
mod directives;
mod latency;
mod net;
mod provisioned;
mod quota;
mod random;
mod resource;
mod running;
mod schema;
mod serve;
mod stream;
mod text;
mod vectors;

pub use admin::{
    AdminError, DeploymentChange, DeploymentState, FaultState, QuotaState, ResourceState, State,
};
pub use config::{ConfigError, SimulatorConfig};
pub use counters::{Counters, KeyUse, LoggedRequest};
pub use net::StartError;
pub use running::{Running, RunningResource, Simulator};
