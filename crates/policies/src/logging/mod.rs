//! Logging.

pub mod trace;
