//! Micro-benchmarks: policy expressions, compilation, and the pipeline without sockets, in one table with goals.
//!
//! `cargo run --release -p tidegate-bench -- micro` runs this program and adds user instructions per request. It stands apart from the
//! load benchmarks because its allocator counts, which costs a little at each allocation.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod document;
mod expressions;
mod measure;
mod requests;
mod rewrite;
mod stand_in;

use std::process::ExitCode;

use measure::Cost;

/// Tidegate's allocator, counted.
#[global_allocator]
static ALLOCATOR: alloc_tracker::Allocator<mimalloc::MiMalloc> =
    alloc_tracker::Allocator::new(mimalloc::MiMalloc);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    heading("one evaluation");
    for case in expressions::CASES {
        let cost = expressions::measure(case)?;
        let goal = case.goal.map(|nanos| {
            (
                format!("{nanos:.0} ns, no allocation"),
                cost.nanos <= nanos && cost.allocations == 0.0,
            )
        });
        row(case.name, cost, goal);
    }
    heading("a 2 kB body rewritten");
    let (ours, hand) = rewrite::measure()?;
    let ratio = ours.nanos / hand.nanos.max(1.0);
    row("by hand with serde_json", hand, None);
    row(
        &format!("ten lines with JObject: {ratio:.2}x by hand"),
        ours,
        Some((
            format!("{:.0}x by hand", rewrite::GOAL),
            ratio <= rewrite::GOAL,
        )),
    );
    heading("loading");
    let cost = document::measure()?;
    row(
        "a policy of 300 lines compiled",
        cost,
        Some((
            format!("{:.0} ms", document::GOAL / 1e6),
            cost.nanos < document::GOAL,
        )),
    );
    heading("one request through the pipeline, without sockets");
    for name in ["variant-a", "variant-b"] {
        row(name, requests::measure(name)?, None);
    }
    Ok(())
}

fn heading(title: &str) {
    println!(
        "\n{title:<58} {:>12} {:>8} {:>10}  goal",
        "ns", "allocs", "bytes"
    );
}

fn row(name: &str, cost: Cost, goal: Option<(String, bool)>) {
    let goal = match goal {
        None => "–".to_owned(),
        Some((goal, true)) => goal,
        Some((goal, false)) => format!("{goal}  missed"),
    };
    println!(
        "{name:<58} {:>12.0} {:>8.1} {:>10.0}  {goal}",
        cost.nanos, cost.allocations, cost.bytes
    );
}
