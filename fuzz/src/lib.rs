//! What the fuzz targets share: bytes become choices, choices become source text, and every evaluation is bounded.
//!
//! Bytes from the fuzzer flow in, texts and hosts flow out. A target adds only what it calls and what must hold.

mod choices;
mod expression;
mod host;
mod library;
mod literal;
mod memory;
mod soup;

pub use choices::Choices;
pub use expression::any_expression;
pub use host::Texts;
pub use memory::bound_memory;
pub use soup::soup;
use tidegate_expressions::{Limits, Options};

/// Limits that a runaway reaches within milliseconds.
pub fn tight() -> Options {
    Options {
        limits: Limits {
            fuel: 100_000,
            allocation: 8 << 20,
            depth: 200,
            regex_steps: 50_000,
            ..Limits::default()
        },
        ..Options::default()
    }
}
