//! `tidegate run`: serves a configuration until told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use tidegate_gateway::{Compiled, Gateway};
use tidegate_model::{LoadOptions, Loaded};
use tidegate_policy_xml::diagnostic::Diagnostic;

use super::{NamedValues, print_diagnostics, summary};
use crate::reload::Watched;
use crate::{files, logging, reload};

/// Arguments of `tidegate run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tidegate run --config examples/challenge/variant-a\n  \
    tidegate run --config ./apim-extract --listen 127.0.0.1:8080 --admin 127.0.0.1:8081 \\\n    \
    --named-value aoai-1-key=\"$KEY\"\n\n\
    The configuration is loaded again when one of its files changes and on SIGHUP; one that does not compile is refused\n\
    and the running one stays. SIGTERM and SIGINT stop accepting, finish what is in flight and end.")]
pub struct Arguments {
    /// A tidegate.yaml, a folder that holds one, or an APIOps extract.
    #[arg(long, value_name = "PATH")]
    config: PathBuf,
    /// Address to listen on, instead of the configured ones. May be given several times; port 0 takes any free port.
    #[arg(long, value_name = "ADDR")]
    listen: Vec<SocketAddr>,
    /// Address of the admin listener: /livez, /readyz, /metrics.
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Worker threads, instead of one per core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// A `configuration.<env>.yaml` with overrides, as the APIOps publisher takes it.
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// Accept only the types and members that API Management documents in expressions, whatever the configuration says.
    #[arg(long)]
    strict: bool,
    /// Do not watch the files of the configuration.
    #[arg(long)]
    no_watch: bool,
    #[command(flatten)]
    named_values: NamedValues,
}

/// Loads the configuration anew, with what the command line adds to it.
pub struct Source {
    path: PathBuf,
    options: LoadOptions,
    listen: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    workers: Option<usize>,
    strict: bool,
}

impl Source {
    fn new(arguments: &Arguments) -> Self {
        Self {
            path: arguments.config.clone(),
            options: LoadOptions {
                named_values: arguments.named_values.named_values.clone(),
                environment: arguments.environment.clone(),
                ..LoadOptions::from_process_environment()
            },
            listen: arguments.listen.clone(),
            admin: arguments.admin,
            workers: arguments.workers.map(usize::from),
            strict: arguments.strict,
        }
    }

    /// Loads the files.
    pub fn load(&self) -> Loaded {
        let mut loaded = tidegate_model::load(&self.path, &self.options);
        if let Some(service) = &mut loaded.service {
            let settings = &mut service.gateway;
            if !self.listen.is_empty() {
                settings.listen.clone_from(&self.listen);
            }
            settings.admin = self.admin.or(settings.admin);
            settings.strict_expressions |= self.strict;
            settings.workers = self.workers.or(settings.workers);
        }
        loaded
    }
}

/// Runs the command.
pub fn run(arguments: Arguments) -> ExitCode {
    let source = Source::new(&arguments);
    let since = SystemTime::now();
    let loaded = source.load();
    let mut diagnostics = loaded.diagnostics;
    let compiled = loaded.service.and_then(|service| {
        let (compiled, findings) = Compiled::new(service, None);
        diagnostics.extend(findings);
        compiled
    });
    print_diagnostics(&diagnostics);
    let Some(compiled) = compiled else {
        eprintln_summary(&diagnostics);
        return ExitCode::FAILURE;
    };
    logging::start(&compiled.service.gateway.log);
    let watched = (!arguments.no_watch).then(|| Watched::new(loaded.watched, since));
    let serving = reload::Signals::take().and_then(|signals| {
        serve(compiled, |gateway| {
            reload::run_until_stopped(signals, gateway, &source, watched)
        })
    });
    match serving {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            tracing::error!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Starts a gateway, lets `wait` hold it, and drains it.
pub fn serve(
    compiled: Compiled,
    wait: impl FnOnce(&Gateway) -> Result<(), String>,
) -> Result<(), String> {
    let connections = compiled.service.gateway.limits.connections;
    if let Some(files) = files::raise_limit()
        && usize::try_from(files).is_ok_and(|files| files < connections)
    {
        tracing::warn!(
            files,
            connections,
            "the limit on open files is lower than that on connections; raise it (ulimit -n)"
        );
    }
    let gateway = Gateway::start(compiled).map_err(|error| error.to_string())?;
    for address in gateway.addresses() {
        tracing::info!(address = %address, "listening");
    }
    if let Some(address) = gateway.admin_address() {
        tracing::info!(address = %address, "admin listening");
    }
    let result = wait(&gateway);
    tracing::info!("draining");
    let finished = gateway.drain();
    tracing::info!(finished, "stopped");
    result
}

fn eprintln_summary(diagnostics: &[Diagnostic]) {
    use std::io::Write;
    let _ = writeln!(
        std::io::stderr(),
        "the configuration does not compile: {}",
        summary(diagnostics)
    );
}
