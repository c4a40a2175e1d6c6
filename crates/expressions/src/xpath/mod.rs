//! XPath 1.0 over the trees of [`crate::xml`], as .NET's `System.Xml.XPath` evaluates it.
//!
//! Expression text flows in and becomes an [`Expression`]; evaluated at a node it gives a [`Value`]: nodes in document
//! order, a number, a text or a truth value. Names are resolved through [`Namespaces`], which the bindings implement.
//! Every step is paid for through [`Budget`]; nesting is bounded when the text is read. Knows no C# type.

mod ast;
mod axes;
mod evaluate;
mod functions;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod value;

use std::rc::Rc;

pub(crate) use value::{Node, Value};

use crate::runtime::{Fault, R};
use crate::value::Str;
use crate::xml::XNode;

/// Longest expression that is read, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The full name of .NET's exception for bad expressions.
const EXCEPTION: &str = "System.Xml.XPath.XPathException";

/// `XPathException`
fn error(message: impl Into<Str>) -> Fault {
    Fault::new(EXCEPTION, message)
}

/// What prefixes in an expression stand for.
pub(crate) trait Namespaces {
    /// The namespace of a prefix; `None` for an unknown one.
    fn lookup(&self, prefix: &str) -> R<Option<Str>>;
}

/// Who pays for steps: fails when the evaluation has used up what it may.
pub(crate) trait Budget {
    /// Pays for that many steps.
    fn pay(&mut self, steps: u64) -> R<()>;
}

/// An expression ready to be evaluated.
pub(crate) struct Expression {
    root: Rc<ast::Expr>,
}

impl Expression {
    /// Reads an expression; a bad one is an `XPathException`.
    pub(crate) fn read(text: &str) -> R<Self> {
        if text.len() > MAX_LENGTH {
            return Err(error("The XPath query is too complex."));
        }
        Ok(Self {
            root: Rc::new(parser::parse(text)?),
        })
    }

    /// Evaluates at a node. Without `namespaces` no prefix may be used.
    pub(crate) fn evaluate(
        &self,
        at: &XNode,
        namespaces: Option<&dyn Namespaces>,
        budget: &mut dyn Budget,
    ) -> R<Value> {
        evaluate::run(&self.root, at, namespaces, budget)
    }
}
