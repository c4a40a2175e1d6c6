//! XML trees as LINQ to XML has them: names with namespaces, nodes with parents, parsing and printing.
//!
//! Text flows in and out; the bindings that make these types visible to C# live in `dotnet`. No operation recurses over a
//! tree. Document type declarations are refused: they are the door for entity bombs and external reads.

mod edit;
mod error;
mod name_chars;
mod names;
mod node;
mod parse;
#[cfg(test)]
mod properties;
mod tree;
mod write;

pub use error::Error;
pub(crate) use name_chars::{is_name_char, is_name_start};
pub use names::{Name, XML_NAMESPACE, XMLNS_NAMESPACE};
pub use node::{NodeKind, XNode};
pub use parse::{parse_document, parse_element};
pub use tree::Declaration;
pub(crate) use tree::{size_of_nodes, size_of_tree};
pub use write::Unwritten;
