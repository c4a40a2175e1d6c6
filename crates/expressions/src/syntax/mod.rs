//! From source text to syntax tree.
//!
//! The whole text of an expression flows in (`@(…)` or `@{…}`), a [`ast::Source`] and diagnostics flow out. The parser
//! recovers at statement ends, so that one run reports several errors. It knows no types: names stay names.

pub mod ast;
mod expressions;
mod lexer;
mod parser;
mod query;
mod statements;
mod types;

pub use parser::parse;
