//! User instructions per request, independent of noise.
//!
//! In: a proxy's command. Out: the difference of two runs under callgrind, one with twice the requests of the other, so that start-up
//! and end cancel out.

use std::fs;
use std::process::Command;

use crate::load;
use crate::peers::{Folders, Ports};
use crate::process::{Running, exists};
use crate::scenario::Scenario;

/// Requests of the shorter run.
const REQUESTS: usize = 1_500;
/// Requests before counting matters: pools are full, caches and arenas have their size.
const CONNECTIONS: usize = 8;

/// Whether it can be counted on this machine.
pub fn available() -> bool {
    exists("valgrind")
}

/// Instructions per request, or the reason why they are unknown.
pub fn measure(
    command: &[String],
    folders: &Folders,
    ports: Ports,
    scenario: Scenario,
) -> Result<f64, String> {
    let requests = if scenario == Scenario::Stream {
        REQUESTS / 10
    } else {
        REQUESTS
    };
    let once = count(command, folders, ports, scenario, requests)?;
    let twice = count(command, folders, ports, scenario, requests * 2)?;
    Ok(twice.saturating_sub(once) as f64 / requests as f64)
}

fn count(
    program: &[String],
    folders: &Folders,
    ports: Ports,
    scenario: Scenario,
    requests: usize,
) -> Result<u64, String> {
    total(&profile(program, folders, ports, &[(scenario, requests)])?)
}

/// Runs a proxy under callgrind, puts these kinds of traffic on it, and returns what callgrind has written. Names are mangled.
pub fn profile(
    program: &[String],
    folders: &Folders,
    ports: Ports,
    traffic: &[(Scenario, usize)],
) -> Result<String, String> {
    let out = folders.scratch.join("callgrind.out");
    let log = folders.scratch.join("callgrind.log");
    // A stale file must not be read as a result.
    let _ = fs::remove_file(&out);
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--demangle=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args(program);
    let running = Running::start(command, &log, ports.proxy).map_err(|error| error.to_string())?;
    load::send_all(ports.proxy, traffic, CONNECTIONS)
        .map_err(|error| format!("under callgrind {error}"))?;
    running.stop().map_err(|error| error.to_string())?;
    fs::read_to_string(&out).map_err(|error| format!("callgrind wrote nothing: {error}"))
}

/// The sum at the end of callgrind's file.
fn total(text: &str) -> Result<u64, String> {
    let found = text.lines().rev().find_map(|line| {
        let sum = line
            .strip_prefix("totals:")
            .or_else(|| line.strip_prefix("summary:"))?;
        sum.trim().parse::<u64>().ok()
    });
    found.ok_or_else(|| "callgrind's file has no total".to_owned())
}
