//! `tidegate simulate`: Azure OpenAI look-alikes, alone.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tidegate_simulator::config::ApiKey;
use tidegate_simulator::{Running, Simulator, SimulatorConfig};

/// Arguments of `tidegate simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tidegate simulate\n  \
    tidegate simulate --config simulator.yaml\n  \
    curl -X PUT http://127.0.0.1:8100/admin/resources/eastus/faults -d '[{\"kind\":\"throttle\",\"retryAfterSeconds\":5}]'\n\n\
    Without --config: three regions on ports 8101 to 8103 and the admin endpoint on 8100, as the example\n\
    configurations expect them.")]
pub struct Arguments {
    /// A simulator configuration, YAML or JSON.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer at once and never throttle.
    #[arg(long)]
    unthrottled: bool,
}

/// Time given to answers under way when the simulator ends.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Port of the first region; its neighbours follow, the admin endpoint is one below.
const FIRST_PORT: u16 = 8101;

/// Runs the command.
pub fn run(arguments: Arguments) -> ExitCode {
    let mut config = match &arguments.config {
        None => on_fixed_ports(SimulatorConfig::three_regions()),
        Some(path) => match read(path) {
            Ok(config) => config,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        },
    };
    if arguments.unthrottled {
        config = config.unthrottled();
    }
    crate::logging::start(&tidegate_model::LogSettings::default());
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &Path) -> Result<SimulatorConfig, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    SimulatorConfig::from_yaml(&text).map_err(|error| error.to_string())
}

/// The ports and keys the example configurations know.
fn on_fixed_ports(mut config: SimulatorConfig) -> SimulatorConfig {
    let loopback = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for (resource, port) in config.resources.iter_mut().zip(FIRST_PORT..) {
        resource.listen = loopback(port);
        resource.keys = (1..=2)
            .map(|number| ApiKey::new(format!("{}-key-{number}", resource.name)))
            .collect();
    }
    config.admin_listen = loopback(FIRST_PORT - 1);
    config
}

fn serve(config: SimulatorConfig) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let running = Simulator::start(config)
            .await
            .map_err(|error| error.to_string())?;
        print_addresses(&running);
        crate::reload::stop_signal().await?;
        running.shutdown(PATIENCE).await;
        Ok(())
    })
}

/// Tells where the resources are and which keys they take: they guard nothing real.
pub fn print_addresses(running: &Running) {
    let mut stderr = std::io::stderr().lock();
    for resource in &running.resources {
        let _ = writeln!(
            stderr,
            "{:<16} {}  key {}",
            resource.name,
            resource.url,
            resource.key.expose()
        );
    }
    if let Some(admin) = &running.admin_url {
        let _ = writeln!(stderr, "{:<16} {admin}", "admin");
    }
}
