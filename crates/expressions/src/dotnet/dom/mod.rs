//! `System.Xml.XmlDocument` and its nodes: the same trees as LINQ to XML ([`crate::xml`]) in the older classes.
//!
//! A [`DomNode`] is a handle to a node; its class follows from the node's kind. Lists of nodes are taken at the moment
//! they are asked for. Prefixes are those in force, so a name is written with the prefix its namespace has there.

mod document;
mod element;
mod lists;
mod names;
mod node;

use std::cell::Cell;
use std::rc::Rc;

use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Iter, Object, Value};
use crate::xml::{NodeKind, XNode};

pub(super) fn define(types: &mut Types) {
    node::define(types);
    lists::define(types);
    element::define(types);
    document::define(types);
}

/// `XmlNode`
pub(super) struct DomNode {
    node: XNode,
    /// Stands for the XML declaration of the document `node`.
    declaration: bool,
    /// `PreserveWhitespace`, of documents.
    preserve: Cell<bool>,
}

impl DomNode {
    fn new(node: XNode) -> Self {
        Self {
            node,
            declaration: false,
            preserve: Cell::new(false),
        }
    }

    fn declaration(document: XNode) -> Self {
        Self {
            declaration: true,
            ..Self::new(document)
        }
    }

    fn kind(&self) -> NodeKind {
        self.node.kind()
    }

    fn is_document(&self) -> bool {
        !self.declaration && self.kind() == NodeKind::Document
    }

    /// The child nodes, a document's declaration first.
    fn children(&self) -> Vec<Value> {
        if self.declaration || !matches!(self.kind(), NodeKind::Document | NodeKind::Element) {
            return Vec::new();
        }
        let declaration = self.node.declaration().is_some();
        declaration
            .then(|| Value::object(Self::declaration(self.node.clone())))
            .into_iter()
            .chain(self.node.nodes().into_iter().map(value))
            .collect()
    }
}

fn value(node: XNode) -> Value {
    Value::object(DomNode::new(node))
}

fn optional(node: Option<XNode>) -> Value {
    node.map_or(Value::Null, value)
}

fn class(name: &str) -> Type {
    Registry::get()
        .by_full_name(&format!("System.Xml.{name}"))
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

impl Object for DomNode {
    fn type_of(&self) -> Type {
        class(match self.kind() {
            NodeKind::Document if self.declaration => "XmlDeclaration",
            NodeKind::Document => "XmlDocument",
            NodeKind::Element => "XmlElement",
            NodeKind::Attribute => "XmlAttribute",
            NodeKind::Text => "XmlText",
            NodeKind::CData => "XmlCDataSection",
            NodeKind::Comment => "XmlComment",
            NodeKind::Instruction => "XmlProcessingInstruction",
        })
    }

    fn identity(&self) -> usize {
        // Nodes take more than one byte each.
        self.node.identity() + usize::from(self.declaration)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.identity() == self.identity()),
        )
    }

    fn hash(&self) -> Option<u64> {
        // Addresses change with the tree; the kind does not.
        Some(self.kind().node_type().unsigned_abs())
    }

    /// Enumerates the child nodes.
    fn iterate(self: Rc<Self>, rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let children = self.children();
        rt.allocate(children.len().saturating_mul(64))?;
        Ok(Some(Box::new(crate::value::Ready(children.into_iter()))))
    }
}

/// Argument `index` as a node; pays for the work on trees since the last call.
fn dom(c: &mut Call<'_, '_>, index: usize) -> R<Rc<DomNode>> {
    c.rt.spend(crate::forest::take_work())?;
    c.object::<DomNode>(index)
}

/// Argument `index` as a node; null is a `NullReferenceException`.
fn child(c: &mut Call<'_, '_>, index: usize) -> R<Rc<DomNode>> {
    not_null(c, index)?;
    dom(c, index)
}

/// `NullReferenceException` where the argument is null.
fn not_null(c: &Call<'_, '_>, index: usize) -> R<()> {
    if c.value(index).is_null() {
        return Err(Fault::null_reference());
    }
    Ok(())
}

/// Argument `index` as a text; null is the empty one.
fn text_or_empty(c: &Call<'_, '_>, index: usize) -> R<crate::value::Str> {
    Ok(c.opt_str(index)?.unwrap_or_default())
}

fn not_supported(message: &str) -> Fault {
    Fault::invalid_operation(message)
}
