//! The `tidegate` command.

mod commands;
mod files;
mod logging;
mod reload;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A gateway that runs Azure API Management policy documents in front of Azure OpenAI.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start three simulated Azure OpenAI regions and a gateway in front of them.
    Demo(commands::demo::Arguments),
    /// Run the gateway.
    Run(commands::run::Arguments),
    /// Check configurations and policy documents.
    Check(commands::check::Arguments),
    /// Evaluate policy expressions.
    Eval(commands::eval::Arguments),
    /// Run the Azure OpenAI simulator alone.
    Simulate(commands::simulate::Arguments),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Run(arguments) => commands::run::run(arguments),
        Command::Check(arguments) => commands::check::run(arguments),
        Command::Eval(arguments) => commands::eval::run(&arguments),
        Command::Simulate(arguments) => commands::simulate::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
