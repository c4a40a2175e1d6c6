//! Cross-domain calls.

pub mod cors;
