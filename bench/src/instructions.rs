//! The `micro` command: runs `tidegate-micro`, then counts user instructions per request of the floor and of Tidegate.
//!
//! In: what is built and installed. Out: text on standard output. What cannot be counted is named with the reason.

use std::fmt::Write as _;

use tidegate_bench::scenario::Scenario;

use crate::callgrind;
use crate::peers::{Folders, Peer, Ports};
use crate::process::cargo;
use crate::table::{Cores, start_mock};

/// Most user instructions of one request, all policies running.
const GOAL: f64 = 60_000.0;

/// Builds and runs the program whose allocator counts.
pub fn micro() -> Result<(), String> {
    let status = cargo()
        .args(["run", "--release", "--quiet", "--bin", "tidegate-micro"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("tidegate-micro failed ({status})"))
    }
}

/// Counts and renders.
pub fn run() -> Result<String, String> {
    if !callgrind::available() {
        return Ok(
            "valgrind is not installed: instructions were not counted (`-- setup` installs it)"
                .to_owned(),
        );
    }
    let folders = Folders::here().map_err(|error| error.to_string())?;
    let ports = Ports::default();
    let _mock = start_mock(&folders, ports, Cores::here())
        .map_err(|error| format!("the mock upstream: {error}"))?;
    let mut text = format!(
        "\n{:<58} {:>12} {:>8} {:>10}\n",
        "user instructions per request, with sockets", "instructions", "ratio", "goal"
    );
    let mut floor = None;
    for peer in Peer::all(&folders) {
        if !matches!(peer, Peer::Floor | Peer::Plain | Peer::Tidegate(..)) {
            continue;
        }
        let name = peer.name();
        eprintln!("counting instructions of {name}");
        let counted = peer
            .command(&folders, ports)
            .and_then(|command| callgrind::measure(&command, &folders, ports, Scenario::Answer));
        let _ = match counted {
            Err(reason) => writeln!(text, "{name:<58} {reason}"),
            Ok(count) if peer == Peer::Floor => {
                floor = Some(count);
                writeln!(text, "{name:<58} {count:>12.0} {:>8} {:>10}", "1.00", "–")
            }
            Ok(count) => {
                let ratio = floor.map_or("–".to_owned(), |floor| format!("{:.2}", count / floor));
                let (goal, missed) = match peer {
                    Peer::Plain => ("–".to_owned(), ""),
                    _ if count > GOAL => (format!("{GOAL:.0}"), "  missed"),
                    _ => (format!("{GOAL:.0}"), ""),
                };
                writeln!(
                    text,
                    "{name:<58} {count:>12.0} {ratio:>8} {goal:>10}{missed}"
                )
            }
        };
    }
    Ok(text)
}
