//! Policy documents: in flows the text of a policy or fragment, out flow a tree with spans and diagnostics.
//!
//! The reader takes what Azure API Management calls `rawxml`: XML in which policy expressions `@(…)` and `@{…}` are
//! written as plain C#, quotes, `<` and `&&` included. It takes the escaped spelling too, and decides for each
//! expression on its own:
//!
//! * What scans as C# as it stands is taken as it stands; references inside its strings stay as typed.
//! * A reference (`&quot;`, `&amp;`, `&#34;` …) in code, outside strings and comments, is never C#. It marks the escaped
//!   form, and all references of that expression are decoded once.
//! * CDATA is taken as its content.
//!
//! One run reports every error with its place and still returns the tree it could make out. Named values `{{name}}`
//! are found here and put in place by [`Text::substitute`]. The crate knows no particular policy and evaluates
//! nothing.
//!
//! ```
//! use tidegate_policy_xml::{SourceFile, TextKind, parse};
//!
//! let file = SourceFile::new("policy.xml", r#"<when condition="@(a < b && c == "x")"><base /></when>"#);
//! let parsed = parse(&file);
//! assert!(parsed.diagnostics.is_empty());
//! let root = parsed.document.unwrap().root;
//! let condition = &root.attribute("condition").unwrap().value;
//! assert_eq!(condition.kind(), TextKind::Expression);
//! assert_eq!(condition.value(), r#"@(a < b && c == "x")"#);
//! ```

pub mod diagnostic;

mod attributes;
mod bytes;
mod classify;
mod decode;
mod markup;
mod offsets;
mod parser;
mod placeholders;
mod print;
mod problems;
mod references;
mod render;
mod resolve;
mod scan_csharp;
mod suggest;
mod text;
mod tree;
mod values;

#[cfg(test)]
mod tests;

pub use bytes::source_from_bytes;
pub use diagnostic::{Diagnostic, Label, Severity, SourceFile};
pub use parser::{Limits, Parsed, parse, parse_with};
pub use print::print;
pub use render::{render, to_json};
pub use resolve::{ExpressionPlaces, NamedValue, Resolved, Unknown};
pub use suggest::did_you_mean;
pub use text::{Placeholder, Text, TextKind};
pub use tree::{Attribute, Document, Element, Node};
