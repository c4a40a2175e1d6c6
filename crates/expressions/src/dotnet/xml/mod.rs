//! `System.Xml.Linq`: bindings of [`crate::xml`].
//!
//! A node or attribute is an [`XNode`] behind a `Value::Object`; its class follows from its kind. Here stands what all
//! bindings share: how nodes answer as objects, how values become content, and conversions in XML's spelling.

mod attribute;
mod container;
mod content;
mod conversions;
mod document;
mod element;
mod extensions;
mod names;
pub(in crate::dotnet) mod namespaces;
mod node;
pub(in crate::dotnet) mod reader;
pub(in crate::dotnet) mod xpath;

use std::rc::Rc;
use std::sync::OnceLock;

use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::{Lazy, Object, Str, Value};
use crate::xml::{self, NodeKind, Unwritten, XNode};

pub(crate) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.Xml.Linq.SaveOptions",
            &[
                ("None", 0),
                ("DisableFormatting", 1),
                ("OmitDuplicateNamespaces", 2),
            ],
        )
        .flags()
        .beyond_documentation();
    types
        .enumeration(
            "System.Xml.Linq.LoadOptions",
            &[
                ("None", 0),
                ("PreserveWhitespace", 1),
                ("SetBaseUri", 2),
                ("SetLineInfo", 4),
            ],
        )
        .flags()
        .beyond_documentation();
    types.enumeration(
        "System.Xml.XmlNodeType",
        &[
            ("None", 0),
            ("Element", 1),
            ("Attribute", 2),
            ("Text", 3),
            ("CDATA", 4),
            ("EntityReference", 5),
            ("Entity", 6),
            ("ProcessingInstruction", 7),
            ("Comment", 8),
            ("Document", 9),
            ("DocumentType", 10),
            ("DocumentFragment", 11),
            ("Notation", 12),
            ("Whitespace", 13),
            ("SignificantWhitespace", 14),
            ("EndElement", 15),
            ("EndEntity", 16),
            ("XmlDeclaration", 17),
        ],
    );
    names::define(types);
    node::define(types);
    attribute::define(types);
    container::define(types);
    element::define(types);
    document::define(types);
    extensions::define(types);
    namespaces::define(types);
    xpath::define(types);
    reader::define(types);
}

struct Defs {
    document: DefId,
    element: DefId,
    attribute: DefId,
    node: DefId,
    text: DefId,
    cdata: DefId,
    comment: DefId,
    instruction: DefId,
    name: DefId,
    namespace: DefId,
    declaration: DefId,
    node_type: DefId,
}

fn defs() -> &'static Defs {
    static DEFS: OnceLock<Defs> = OnceLock::new();
    DEFS.get_or_init(|| {
        // All are declared by this folder; `object` stands in if a name were ever missing.
        let full = |name: &str| {
            Registry::get()
                .by_full_name(name)
                .map_or(known::OBJECT, |def| def.id)
        };
        let id = |name: &str| full(&format!("System.Xml.Linq.{name}"));
        Defs {
            document: id("XDocument"),
            element: id("XElement"),
            attribute: id("XAttribute"),
            node: id("XNode"),
            text: id("XText"),
            cdata: id("XCData"),
            comment: id("XComment"),
            instruction: id("XProcessingInstruction"),
            name: id("XName"),
            namespace: id("XNamespace"),
            declaration: id("XDeclaration"),
            node_type: full("System.Xml.XmlNodeType"),
        }
    })
}

fn named(def: DefId) -> Type {
    Type::Named(def, None)
}

impl From<xml::Error> for Fault {
    fn from(error: xml::Error) -> Self {
        Self::new(error.type_name(), error.to_string())
    }
}

impl Object for XNode {
    fn type_of(&self) -> Type {
        named(match self.kind() {
            NodeKind::Document => defs().document,
            NodeKind::Element => defs().element,
            NodeKind::Attribute => defs().attribute,
            NodeKind::Text => defs().text,
            NodeKind::CData => defs().cdata,
            NodeKind::Comment => defs().comment,
            NodeKind::Instruction => defs().instruction,
        })
    }

    fn identity(&self) -> usize {
        XNode::identity(self)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.same(other)),
        )
    }

    fn hash(&self) -> Option<u64> {
        // Addresses change with the tree; the kind does not.
        Some(self.kind().node_type().unsigned_abs())
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        text_of(rt, self, false).map(Some)
    }
}

/// `ToString(options)`
fn text_of(rt: &mut Runtime<'_>, node: &XNode, raw: bool) -> R<Str> {
    let room = rt.room();
    let text = node.to_xml_within(raw, room);
    rt.tick()?;
    match text {
        Ok(text) => {
            rt.allocate(text.len())?;
            Ok(text.into())
        }
        Err(Unwritten::TooLong) => {
            rt.allocate(room.saturating_add(1))?;
            Ok(Str::EMPTY)
        }
        Err(Unwritten::Redefined) => Err(Fault::new(
            "System.Xml.XmlException",
            "The prefix '' cannot be redefined from '' to another namespace within the same start element tag.",
        )),
        Err(Unwritten::Character(unit)) => Err(Fault::argument(
            &match unit {
                0xd800..=0xdfff => format!("Invalid surrogate pair: 0x{unit:04X} stands alone."),
                _ => {
                    let shown = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                    format!("'{shown}', hexadecimal value 0x{unit:02X}, is an invalid character.")
                }
            },
            "",
        )),
    }
}

/// Reads XML for other bindings, such as bodies: an `XDocument` where one is wanted, else an `XElement`.
pub(crate) fn parse_text(text: &str, wanted: &Type) -> Result<XNode, xml::Error> {
    if wanted.is(defs().document) {
        xml::parse_document(text, false)
    } else {
        xml::parse_element(text, false)
    }
}

/// Whether a type is `XElement`, `XDocument` or `XNode`.
pub(crate) fn is_xml(ty: &Type) -> bool {
    ty.is(defs().element) || ty.is(defs().document) || ty.is(defs().node)
}

/// What members that look for a name give for null: an empty array.
fn nothing(item: DefId) -> Value {
    collections::array(Type::Named(item, None), Vec::new())
}

/// Argument `index` as a node; null is an `ArgumentNullException`.
fn node(c: &mut Call<'_, '_>, index: usize) -> R<Rc<XNode>> {
    // Pays for the work on trees that the last members called have caused.
    c.rt.spend(crate::forest::take_work())?;
    c.object::<XNode>(index)
}

fn optional(node: Option<XNode>) -> Value {
    node.map_or(Value::Null, Value::object)
}

/// A sequence that is found anew on each enumeration.
fn sequence(
    element: DefId,
    node: Rc<XNode>,
    find: impl Fn(&XNode) -> Vec<XNode> + 'static,
) -> Value {
    Lazy::value(Type::enumerable(named(element)), move |rt| {
        let found = find(&node);
        rt.spend(found.len() as u64)?;
        rt.allocate(found.len() * size_of::<Value>())?;
        Ok(Box::new(crate::value::Ready(
            found.into_iter().map(Value::object),
        )))
    })
}

/// Elements among nodes, of a name where one is given.
fn elements(nodes: Vec<XNode>, name: Option<&xml::Name>) -> Vec<XNode> {
    nodes
        .into_iter()
        .filter(|node| node.kind() == NodeKind::Element)
        .filter(|node| name.is_none_or(|name| node.name().as_ref() == Some(name)))
        .collect()
}
