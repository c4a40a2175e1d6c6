//! While the gateway serves: signals, and changes of the configuration's files.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tidegate_gateway::Gateway;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::commands::print_diagnostics;
use crate::commands::run::Source;
use crate::watch::{fingerprint, watch, written_since};

/// Editors write a file in several steps; the configuration is loaded when this much quiet has followed a change.
const QUIET: Duration = Duration::from_millis(200);
/// The longest wait for quiet: where files are written all the time, reloading does not wait for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT, without reloading.
pub fn run_until_told(_gateway: &Gateway) -> Result<(), String> {
    runtime()?.block_on(stop_signal())
}

/// Ends with SIGTERM or SIGINT.
pub async fn stop_signal() -> Result<(), String> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn on(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|error| format!("signals cannot be received: {error}"))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the main thread's runtime cannot start: {error}"))
}

/// The files and folders a configuration came from, and when it was read.
pub struct Watched {
    /// The paths.
    pub paths: Vec<PathBuf>,
    /// A moment before the first of them was read.
    since: SystemTime,
    /// What they were soon after. The time alone does not tell of a link that leads to another old file.
    read: u64,
}

impl Watched {
    /// What has just been read, since that moment.
    pub fn new(paths: Vec<PathBuf>, since: SystemTime) -> Self {
        let read = fingerprint(&paths);
        Self { paths, since, read }
    }
}

/// SIGHUP, SIGTERM and SIGINT from now on.
pub struct Signals {
    runtime: tokio::runtime::Runtime,
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes them over. Before the gateway listens: who sees it listen may send one at once.
    pub fn take() -> Result<Self, String> {
        let runtime = runtime()?;
        let entered = runtime.enter();
        let hang_up = on(SignalKind::hangup())?;
        let terminate = on(SignalKind::terminate())?;
        let interrupt = on(SignalKind::interrupt())?;
        drop(entered);
        Ok(Self {
            runtime,
            hang_up,
            terminate,
            interrupt,
        })
    }
}

/// Serves until SIGTERM or SIGINT; reloads on SIGHUP and, with `watched`, when one of these files or folders changes.
pub fn run_until_stopped(
    signals: Signals,
    gateway: &Gateway,
    source: &Source,
    watched: Option<Watched>,
) -> Result<(), String> {
    let Signals {
        runtime,
        mut hang_up,
        mut terminate,
        mut interrupt,
    } = signals;
    runtime.block_on(async {
        let (changed, mut changes) = mpsc::channel(1);
        let nudge = || {
            // A full channel already holds one.
            let _ = changed.try_send(());
        };
        // `before`: what the files were before they were read, where that is known.
        let begin = |watched: Watched, before: Option<u64>| {
            let watcher = watch(&watched.paths, changed.clone());
            // What changed between reading and watching would be missed otherwise.
            let is_read = fingerprint(&watched.paths) == watched.read
                && before.is_none_or(|before| before == watched.read)
                && !written_since(&watched.paths, watched.since);
            if !is_read {
                nudge();
            }
            (watched.paths, watcher, is_read.then_some(watched.read))
        };
        let mut files = watched.map(|watched| begin(watched, None));
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => {}
                Some(()) = changes.recv() => {
                    let quiet = async {
                        while tokio::time::timeout(QUIET, changes.recv()).await.is_ok() {}
                    };
                    let _ = tokio::time::timeout(PATIENCE, quiet).await;
                    if let Some((paths, _, known)) = &files
                        && *known == Some(fingerprint(paths))
                    {
                        continue;
                    }
                }
            }
            let before = files.as_ref().map(|(paths, ..)| fingerprint(paths));
            let watched = reload(gateway, source);
            if files.is_some() {
                // Files may have joined the configuration. The old watcher ends when the new one sees everything.
                files = Some(begin(watched, before));
            }
        }
    })
}

fn reload(gateway: &Gateway, source: &Source) -> Watched {
    let since = SystemTime::now();
    let loaded = source.load();
    let mut diagnostics = loaded.diagnostics;
    let accepted = match loaded.service {
        Some(service) => {
            let (accepted, findings) = gateway.replace(service);
            diagnostics.extend(findings);
            accepted
        }
        None => {
            gateway.refused();
            false
        }
    };
    print_diagnostics(&diagnostics);
    if accepted {
        tracing::info!("configuration reloaded");
    } else {
        tracing::error!("the new configuration does not compile; the running one stays");
    }
    Watched::new(loaded.watched, since)
}
