//! One file a command: its arguments and what it does.

pub mod check;
pub mod demo;
pub mod eval;
mod probe;
mod rehearsal;
pub mod run;
pub mod simulate;

use std::collections::HashMap;
use std::io::{IsTerminal, Write};

use tidegate_policy_xml::diagnostic::Diagnostic;

/// Values given as `--named-value NAME=VALUE`.
#[derive(Debug, Clone, clap::Args)]
pub struct NamedValues {
    /// Value of a named value; wins over the files and over `TIDEGATE_NAMED_VALUE_<NAME>`. May be given several times.
    #[arg(long = "named-value", value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub named_values: Vec<(String, String)>,
}

impl NamedValues {
    /// By name; the last one wins.
    pub fn map(&self) -> HashMap<String, String> {
        self.named_values.iter().cloned().collect()
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        // The text may be a secret: it is not repeated.
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// Writes findings to stderr as a compiler does.
pub fn print_diagnostics(diagnostics: &[Diagnostic]) {
    let mut stderr = std::io::stderr().lock();
    let colour = stderr.is_terminal();
    for diagnostic in diagnostics {
        let _ = writeln!(
            stderr,
            "{}",
            tidegate_policy_xml::render(diagnostic, colour)
        );
    }
}

/// `1 error`, `2 errors`.
fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}

/// `1 error, 2 warnings`
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let warnings = diagnostics.len() - errors;
    format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
}
