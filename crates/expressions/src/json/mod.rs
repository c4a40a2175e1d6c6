//! Json.NET in plain Rust: token trees, the lenient reader, the writer, `SelectToken` paths and conversions.
//!
//! In flows JSON text or scalars; out flow [`JToken`]s and text. Behaviour and messages are Json.NET 11's on .NET Core
//! 3.1, because policies compare texts and catch exceptions by type. Nothing here knows expressions or performs I/O;
//! the bindings that make these types visible to C# live in `dotnet`.
//!
//! No operation recurses over a tree, so a deep tree can't exhaust the stack.

mod bytes;
mod compare;
mod convert;
mod date;
mod edit;
mod error;
mod number;
mod path;
#[cfg(test)]
mod properties;
mod reader;
mod scalar;
mod select;
mod token;
mod token_type;
mod tree;
mod writer;

pub use convert::{Conversion, ScalarTarget, change_type, explicit};
pub use date::parse_json_date;
pub use error::{Error, ErrorKind, ReaderPosition, Result};
pub use reader::{ReaderOptions, parse, parse_array, parse_content, parse_object};
pub use scalar::{IntType, Scalar};
pub use token::{JToken, Key, TokenType};
pub(crate) use tree::{size_of_nodes, size_of_tree};
pub use writer::Formatting;
