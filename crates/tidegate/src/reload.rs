//! While the gateway serves: signals, and changes of the configuration's files.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecursiveMode, Watcher};
use tidegate_gateway::Gateway;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::commands::print_diagnostics;
use crate::commands::run::Source;

/// Editors write a file in several steps; the configuration is loaded when this much quiet has followed a change.
const QUIET: Duration = Duration::from_millis(200);

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
    pub since: SystemTime,
}

/// Serves until SIGTERM or SIGINT; reloads on SIGHUP and, with `watched`, when one of these files or folders changes.
pub fn run_until_stopped(
    gateway: &Gateway,
    source: &Source,
    watched: Option<Watched>,
) -> Result<(), String> {
    runtime()?.block_on(async {
        let mut hang_up = on(SignalKind::hangup())?;
        let mut terminate = on(SignalKind::terminate())?;
        let mut interrupt = on(SignalKind::interrupt())?;
        let (changed, mut changes) = mpsc::channel(1);
        let mut watcher = watched.and_then(|watched| watch(&watched, changed.clone()));
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => {}
                Some(()) = changes.recv() => {
                    while tokio::time::timeout(QUIET, changes.recv()).await.is_ok() {}
                }
            }
            let watched = reload(gateway, source);
            if watcher.is_some() {
                // Files may have joined the configuration.
                watcher = watch(&watched, changed.clone());
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
    Watched {
        paths: loaded.watched,
        since,
    }
}

/// Watches the folders of these paths: editors replace files, so that watching a file itself loses it.
fn watch(watched: &Watched, changed: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let paths = &watched.paths;
    let already = changed.clone();
    let interesting: Vec<PathBuf> = paths
        .iter()
        .map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()))
        .collect();
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.kind.is_access() {
            return;
        }
        let concerns_us = event.paths.iter().any(|path| {
            interesting
                .iter()
                .any(|ours| path == ours || (ours.is_dir() && path.starts_with(ours)))
        });
        if concerns_us {
            // A full channel already holds a reload.
            let _ = changed.try_send(());
        }
    };
    let mut watcher = match notify::recommended_watcher(handler) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!("files are not watched, use SIGHUP to reload: {error}");
            return None;
        }
    };
    let mut folders: Vec<&Path> = paths
        .iter()
        .filter_map(|path| {
            if path.is_dir() {
                Some(path.as_path())
            } else {
                path.parent()
            }
        })
        .map(|folder| {
            if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            }
        })
        .collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(folder = %folder.display(), "not watched: {error}");
        }
    }
    // What changed between reading and watching would be missed otherwise.
    let changed_meanwhile = paths.iter().any(|path| {
        std::fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| modified >= watched.since)
    });
    if changed_meanwhile {
        let _ = already.try_send(());
    }
    Some(watcher)
}
