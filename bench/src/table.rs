//! The table: every peer under every scenario, with ratios to the floor.
//!
//! In: what is installed. Out: text on standard output. A peer that is absent or fails is named with the reason, never left out.

use std::fmt::Write as _;
use std::io;
use std::process::Command;
use std::time::Duration;

use crate::callgrind;
use crate::load::Report;
use crate::peers::{Folders, Peer, Ports};
use crate::process::{Memory, Running, pinned};
use crate::scenario::{CHUNKS, Scenario};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Order {
    /// Parts of names of the peers wanted; all when empty.
    pub only: Vec<String>,
    /// The scenarios wanted.
    pub scenarios: Vec<Scenario>,
    /// Divides the number of requests.
    pub divisor: usize,
    /// How often every peer has its turn. Of each figure the best counts.
    pub rounds: usize,
    /// Connections of the load.
    pub connections: usize,
    /// Whether to count instructions.
    pub instructions: bool,
}

/// One measurement. An error in one round stands, whatever the others gave.
struct Figures {
    /// The lowest of all rounds.
    micros: f64,
    /// Of each round.
    rounds: Vec<f64>,
    instructions: Result<f64, String>,
    report: Report,
}

struct Row {
    name: String,
    figures: Vec<(Scenario, Result<Figures, String>)>,
    memory: Option<Memory>,
}

/// Cores of the proxy and of everything else.
#[derive(Clone, Copy)]
pub struct Cores {
    /// The proxy's.
    pub proxy: usize,
    /// Of the load and the mock upstream.
    pub rest: usize,
}

impl Cores {
    /// The proxy has the first core; everything else the second, where there is one.
    pub fn here() -> Self {
        Self {
            proxy: 0,
            rest: usize::from(
                std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1),
            ),
        }
    }
}

/// Measures and prints.
pub fn run(order: &Order) -> Result<String, String> {
    let folders = Folders::here().map_err(|error| error.to_string())?;
    let ports = Ports::default();
    let cores = Cores::here();
    let _mock = start_mock(&folders, ports, cores)
        .map_err(|error| format!("the mock upstream: {error}"))?;
    // Without the floor there are no ratios.
    let wanted = |peer: &Peer| {
        order.only.is_empty()
            || *peer == Peer::Floor
            || order.only.iter().any(|part| peer.name().contains(part))
    };
    let peers: Vec<Peer> = Peer::all(&folders).into_iter().filter(wanted).collect();
    // In turns, so that a slow minute of the machine does not fall on one peer alone.
    let mut rows: Vec<Row> = Vec::new();
    for round in 1..=order.rounds.max(1) {
        for (i, peer) in peers.iter().enumerate() {
            eprintln!("round {round}: {}", peer.name());
            let row = measure(peer, order, &folders, ports, cores);
            match rows.get_mut(i) {
                Some(best) => best.improve(row),
                None => rows.push(row),
            }
        }
    }
    if order.instructions && callgrind::available() {
        for (peer, row) in peers.iter().zip(&mut rows) {
            count_instructions(peer, row, &folders, ports);
        }
    }
    Ok(render(&rows, order))
}

impl Row {
    /// Takes what another round measured better. Whatever else the machine does only adds CPU time; memory is its largest.
    fn improve(&mut self, other: Row) {
        for ((_, best), (_, new)) in self.figures.iter_mut().zip(other.figures) {
            match (&mut *best, new) {
                (Ok(best), Ok(mut new)) => {
                    best.rounds.append(&mut new.rounds);
                    if new.micros < best.micros {
                        new.rounds = std::mem::take(&mut best.rounds);
                        *best = new;
                    }
                }
                (Ok(_), Err(reason)) => *best = Err(reason),
                (Err(_), _) => {}
            }
        }
        self.memory = match (self.memory, other.memory) {
            (Some(one), Some(two)) => Some(Memory {
                now: one.now.max(two.now),
                peak: one.peak.max(two.peak),
            }),
            (one, two) => one.or(two),
        };
    }
}

fn count_instructions(peer: &Peer, row: &mut Row, folders: &Folders, ports: Ports) {
    let (true, Ok(words)) = (peer.counts_instructions(), peer.command(folders, ports)) else {
        return;
    };
    for (scenario, figures) in &mut row.figures {
        if let Ok(figures) = figures {
            eprintln!("counting instructions of {}, {}", row.name, scenario.name());
            figures.instructions = callgrind::measure(&words, folders, ports, *scenario);
        }
    }
}

/// Starts the mock upstream in a process of its own, on the other core.
pub fn start_mock(folders: &Folders, ports: Ports, cores: Cores) -> io::Result<Running> {
    let own = std::env::current_exe()?;
    let mut command = pinned(cores.rest, &own.to_string_lossy());
    command.arg("upstream");
    // The last port is bound last.
    Running::start(
        command,
        &folders.scratch.join("upstream.log"),
        ports.upstreams[2],
    )
}

fn measure(peer: &Peer, order: &Order, folders: &Folders, ports: Ports, cores: Cores) -> Row {
    let name = peer.name();
    let mut row = Row {
        name: name.clone(),
        figures: Vec::new(),
        memory: None,
    };
    let started = peer.command(folders, ports).and_then(|words| {
        let (program, arguments) = words.split_first().ok_or("no command")?;
        let mut command = pinned(cores.proxy, program);
        command.args(arguments);
        let log = folders
            .scratch
            .join(format!("{}.log", name.replace(' ', "-")));
        Running::start(command, &log, ports.proxy).map_err(|error| error.to_string())
    });
    let running = match started {
        Ok(started) => started,
        Err(reason) => {
            row.figures = order
                .scenarios
                .iter()
                .map(|scenario| (*scenario, Err(reason.clone())))
                .collect();
            return row;
        }
    };
    for &scenario in &order.scenarios {
        let figures = match peer.cannot(scenario) {
            Some(reason) => Err(reason.to_owned()),
            None => one(&running, scenario, order, ports, cores),
        };
        row.figures.push((scenario, figures));
    }
    row.memory = Some(running.memory());
    if let Err(error) = running.stop() {
        eprintln!("{name} did not end: {error}");
    }
    row
}

fn one(
    running: &Running,
    scenario: Scenario,
    order: &Order,
    ports: Ports,
    cores: Cores,
) -> Result<Figures, String> {
    let (count, warm_up) = scenario.count();
    let divisor = order.divisor.max(1);
    load(
        ports,
        cores,
        scenario,
        (warm_up / divisor).max(1),
        order.connections,
    )?;
    let before = running.cpu();
    let report = load(
        ports,
        cores,
        scenario,
        (count / divisor).max(1),
        order.connections,
    )?;
    let used: Duration = running.cpu().saturating_sub(before);
    if report.good == 0 {
        return Err(format!(
            "no request succeeded: {}",
            report.complaint.unwrap_or_default()
        ));
    }
    let micros = used.as_secs_f64() * 1e6 / (report.good + report.bad) as f64;
    Ok(Figures {
        micros,
        rounds: vec![micros],
        instructions: Err("–".to_owned()),
        report,
    })
}

/// Runs the load in a process of its own, on the other core.
fn load(
    ports: Ports,
    cores: Cores,
    scenario: Scenario,
    count: usize,
    connections: usize,
) -> Result<Report, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command: Command = pinned(cores.rest, &own.to_string_lossy());
    command.args([
        "load",
        "--address",
        &ports.proxy.to_string(),
        "--scenario",
        scenario.name(),
    ]);
    command.args([
        "--count",
        &count.to_string(),
        "--connections",
        &connections.to_string(),
    ]);
    let output = command.output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        format!(
            "the load failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
    })
}

fn render(rows: &[Row], order: &Order) -> String {
    let mut text = String::new();
    for &scenario in &order.scenarios {
        let _ = writeln!(text, "\n{} ({})", scenario.name(), scenario.title());
        let _ = writeln!(
            text,
            "{:<24} {:>9} {:>7} {:>9} {:>9} {:>9} {:>12} {:>7}",
            "", "CPU us", "ratio", "req/s", "p50 us", "p99 us", "instructions", "ratio"
        );
        let floor = figures(rows.first(), scenario);
        let mut notes = Vec::new();
        for row in rows {
            let Some((_, figures)) = row.figures.iter().find(|(one, _)| *one == scenario) else {
                continue;
            };
            match figures {
                Err(reason) => {
                    let _ = writeln!(text, "{:<24} {reason}", row.name);
                }
                Ok(one) => {
                    let ratio = |own: f64, floor: Option<f64>| {
                        floor
                            .filter(|floor| *floor > 0.0)
                            .map_or("–".to_owned(), |floor| format!("{:.2}", own / floor))
                    };
                    let counted = floor.and_then(|floor| floor.instructions.as_ref().ok().copied());
                    let (instructions, instructions_ratio) = match &one.instructions {
                        Ok(count) => (format!("{count:.0}"), ratio(*count, counted)),
                        Err(_) => ("–".to_owned(), "–".to_owned()),
                    };
                    let _ = writeln!(
                        text,
                        "{:<24} {:>9.1} {:>7} {:>9.0} {:>9.0} {:>9.0} {:>12} {:>7}",
                        row.name,
                        one.micros,
                        floor
                            .and_then(|floor| median_ratio(&one.rounds, &floor.rounds))
                            .map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
                        one.report.good as f64 / one.report.seconds.max(1e-9),
                        one.report.p50,
                        one.report.p99,
                        instructions,
                        instructions_ratio,
                    );
                    if one.report.bad > 0 {
                        let complaint = one.report.complaint.as_deref().unwrap_or_default();
                        notes.push(format!(
                            "{}: {} requests failed ({complaint})",
                            row.name, one.report.bad
                        ));
                    }
                    match &one.instructions {
                        Err(reason) if reason != "–" => {
                            notes.push(format!("{}: {reason}", row.name))
                        }
                        _ => {}
                    }
                }
            }
        }
        if scenario == Scenario::Stream {
            for row in rows {
                if let Some(one) = figures(Some(row), scenario) {
                    notes.push(format!(
                        "{}: {:.2} us CPU a chunk",
                        row.name,
                        one.micros / CHUNKS as f64
                    ));
                }
            }
        }
        for note in notes {
            let _ = writeln!(text, "  {note}");
        }
    }
    let _ = writeln!(
        text,
        "\n{:<24} {:>12} {:>12}",
        "resident memory", "after load", "peak"
    );
    for row in rows {
        if let Some(memory) = row.memory {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let _ = writeln!(
                text,
                "{:<24} {:>9.1} MB {:>9.1} MB",
                row.name,
                megabytes(memory.now),
                megabytes(memory.peak)
            );
        }
    }
    if order.instructions && !callgrind::available() {
        let _ = writeln!(
            text,
            "\nvalgrind is not installed: instructions were not counted (`-- setup` installs it)"
        );
    }
    text
}

/// The median of the ratios of all rounds, of which a row without errors has every one. What a round measures one after the other
/// has mostly seen the same machine.
fn median_ratio(own: &[f64], floor: &[f64]) -> Option<f64> {
    let mut ratios: Vec<f64> = own
        .iter()
        .zip(floor)
        .filter(|(_, floor)| **floor > 0.0)
        .map(|(own, floor)| own / floor)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let upper = *ratios.get(ratios.len() / 2)?;
    let lower = *ratios.get((ratios.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

fn figures(row: Option<&Row>, scenario: Scenario) -> Option<&Figures> {
    row?.figures
        .iter()
        .find(|(one, _)| *one == scenario)?
        .1
        .as_ref()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_the_same_round() {
        let floor = [10.0, 20.0, 10.0];
        assert_eq!(median_ratio(&[12.5, 22.0, 30.0], &floor), Some(1.25));
        assert_eq!(median_ratio(&[25.0, 17.5], &[20.0, 10.0]), Some(1.5));
        assert_eq!(median_ratio(&[], &floor), None);
    }
}
