//! .NET's values in plain Rust: number, date and text algorithms with .NET Core 3.1's results (invariant culture, UTC).
//!
//! Rust values and text flow in, Rust values, text or a .NET exception in the making ([`Error`]) flow out. Nothing here knows
//! of expressions, of `context` or of a clock; whoever binds these to C# members brings the present and the randomness.

pub mod adjustment;
pub mod bit_converter;
pub mod calendar;
pub mod case;
pub mod compare;
pub mod composite_format;
pub mod convert;
pub mod datetime;
pub mod datetime_format;
pub mod datetime_parse;
pub mod datetime_parse_exact;
mod datetime_scan;
pub mod datetimeoffset;
pub mod decimal;
pub mod encoding;
mod error;
pub mod guid;
pub mod html;
mod html_entities;
pub mod ip_address;
pub mod math;
mod number_buffer;
mod number_custom;
pub mod number_format;
pub mod number_parse;
mod number_types;
#[cfg(test)]
mod properties;
mod punycode;
pub mod random;
pub mod timespan;
pub mod timespan_parse;
pub mod timezone;
pub mod uri;
pub mod uri_escape;
mod uri_parse;
mod utf7;
mod windows_zones;

pub use error::{Error, ErrorKind, Result};
