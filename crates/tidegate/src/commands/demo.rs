//! `tidegate demo`: three simulated Azure OpenAI regions and a gateway in front of them, in one process.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use tidegate_gateway::{Compiled, Gateway};
use tidegate_model::{LoadOptions, Service};
use tidegate_simulator::{Running, Simulator, SimulatorConfig};

use super::{print_diagnostics, run, simulate};
use crate::{logging, reload};

/// Arguments of `tidegate demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tidegate demo\n  \
    tidegate demo --variant b --listen 127.0.0.1:0\n\n\
    Variant a picks a backend by policy, b is a pool with priorities and circuit breakers, c remembers Retry-After in\n\
    the cache: see examples/challenge.")]
pub struct Arguments {
    /// Which of the challenge's configurations to run.
    #[arg(long, value_enum, default_value_t = Variant::A)]
    variant: Variant,
    /// Address of the gateway; port 0 takes any free port.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    listen: SocketAddr,
    /// Address of the admin listener: /livez, /readyz, /metrics.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)))]
    admin: SocketAddr,
}

/// The challenge's configurations.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Variant {
    /// By policy.
    A,
    /// By entities.
    B,
    /// By policy with a cache.
    C,
}

/// The files of a variant: path and text.
type Files = &'static [(&'static str, &'static str)];

impl Variant {
    fn files(self) -> Files {
        macro_rules! files {
            ($variant:literal, $($path:literal),+) => {
                &[$(($path, include_str!(concat!("../../../../examples/challenge/", $variant, "/", $path)))),+]
            };
        }
        match self {
            Variant::A => files!(
                "variant-a",
                "tidegate.yaml",
                "fragments/use-backend.xml",
                "policies/until-200.xml"
            ),
            Variant::B => files!("variant-b", "tidegate.yaml", "policies/pool.xml"),
            Variant::C => files!(
                "variant-c",
                "tidegate.yaml",
                "policies/remembered-retry-after.xml"
            ),
        }
    }
}

/// Runs the command.
pub fn run(arguments: Arguments) -> ExitCode {
    match demo(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn demo(arguments: &Arguments) -> Result<(), String> {
    let simulators = Simulators::start()?;
    let mut service = load(arguments.variant, &simulators.running)?;
    service.gateway.listen = vec![arguments.listen];
    service.gateway.admin = Some(arguments.admin);
    let (compiled, diagnostics) = Compiled::new(service, None);
    print_diagnostics(&diagnostics);
    let compiled = compiled.ok_or("the demo's configuration does not compile")?;
    logging::start(&compiled.service.gateway.log);
    run::serve(compiled, |gateway| {
        simulate::print_addresses(&simulators.running);
        print_invitation(gateway);
        reload::run_until_told(gateway)
    })?;
    simulators.stop();
    Ok(())
}

fn print_invitation(gateway: &Gateway) {
    let address = gateway
        .addresses()
        .first()
        .map_or_else(String::new, ToString::to_string);
    let _ = writeln!(
        std::io::stderr(),
        "\nTidegate answers on http://{address}. Try it:\n\n  \
         curl http://{address}/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21 \\\n    \
         -H 'api-key: demo-key' -H 'content-type: application/json' \\\n    \
         -d '{{\"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'\n"
    );
}

/// The simulated resources, on a thread of their own.
struct Simulators {
    running: Running,
    runtime: tokio::runtime::Runtime,
}

impl Simulators {
    fn start() -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let running = runtime
            .block_on(Simulator::start(SimulatorConfig::three_regions()))
            .map_err(|error| error.to_string())?;
        Ok(Self { running, runtime })
    }

    fn stop(self) {
        self.runtime
            .block_on(self.running.shutdown(simulate::PATIENCE));
    }
}

/// Loads the example as anybody would, with endpoints and keys of the simulated resources as named values.
fn load(variant: Variant, simulators: &Running) -> Result<Service, String> {
    let folder = std::env::temp_dir().join(format!("tidegate-demo-{}", std::process::id()));
    let loaded = write(&folder, variant.files()).map(|()| {
        let mut options = LoadOptions::default();
        for (number, resource) in (1..).zip(&simulators.resources) {
            options
                .named_values
                .push((format!("aoai-{number}-endpoint"), resource.url.clone()));
            options.named_values.push((
                format!("aoai-{number}-key"),
                resource.key.expose().to_owned(),
            ));
        }
        tidegate_model::load(&folder, &options)
    });
    let _ = std::fs::remove_dir_all(&folder);
    let loaded = loaded.map_err(|error| format!("{}: {error}", folder.display()))?;
    print_diagnostics(&loaded.diagnostics);
    loaded
        .service
        .ok_or_else(|| "the demo's configuration does not load".to_owned())
}

fn write(folder: &Path, files: Files) -> std::io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}
