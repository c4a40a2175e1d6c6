//! `XObject`, `XNode` and the small nodes: `XText`, `XCData`, `XComment`, `XProcessingInstruction`

use super::content::insert;
use super::names::opt_name;
use super::{defs, elements, node, nothing, optional, sequence, text_of};
use crate::runtime::{Call, Fault, R};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};
use crate::xml::{Name, NodeKind, XNode};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XObject");
    t.property("XElement Parent", |c| Ok(optional(node(c, 0)?.parent())));
    t.property("XDocument Document", |c| {
        Ok(optional(
            Some(node(c, 0)?.root()).filter(|root| root.kind() == NodeKind::Document),
        ))
    });
    t.property("XmlNodeType NodeType", |c| {
        Ok(Value::Enum(
            defs().node_type,
            node(c, 0)?.kind().node_type(),
        ))
    });
    t.property("string BaseUri", |_| Ok(Str::EMPTY.into()));

    define_node(types);
    define_comparers(types);

    let mut t = types.class("System.Xml.Linq.XText");
    t.base("XNode");
    t.constructor("(string value)", |c| {
        Ok(Value::object(XNode::text_of(c.str(0)?)))
    });
    t.constructor("(XText other)", |c| {
        Ok(Value::object(node(c, 0)?.deep_clone()))
    });
    t.property_with_set("string Value", value, set_value)
        .mutates();
    let mut t = types.class("System.Xml.Linq.XCData");
    t.base("XText");
    t.constructor("(XCData other)", copied);
    t.constructor("(string value)", |c| {
        Ok(Value::object(XNode::cdata(c.str(0)?)))
    });
    let mut t = types.class("System.Xml.Linq.XComment");
    t.base("XNode");
    t.constructor("(XComment other)", copied);
    t.constructor("(string value)", |c| {
        Ok(Value::object(XNode::comment(c.str(0)?)))
    });
    t.property_with_set("string Value", value, set_value)
        .mutates();
    let mut t = types.class("System.Xml.Linq.XProcessingInstruction");
    t.base("XNode");
    t.constructor("(XProcessingInstruction other)", copied);
    t.constructor("(string target, string data)", |c| {
        let target = c.str(0)?;
        if target.is_empty() {
            return Err(Fault::argument_null("target"));
        }
        // A name, and not that of the declaration.
        let name = Name::new(target, Str::EMPTY)?;
        if name.local.to_utf8().eq_ignore_ascii_case("xml") {
            return Err(Fault::argument(
                &format!(
                    "'{}' is an invalid name for a processing instruction.",
                    name.local
                ),
                "",
            ));
        }
        let data = c.str(1)?;
        Ok(Value::object(XNode::instruction(name.local, data)))
    });
    t.property("string Target", |c| Ok(node(c, 0)?.target().into()));
    t.property_with_set("string Data", value, set_value)
        .mutates();
    types.class("System.Xml.Linq.XDocumentType").base("XNode");
}

const EQUALITY: &str = "System.Xml.Linq.XNodeEqualityComparer";
const ORDER: &str = "System.Xml.Linq.XNodeDocumentOrderComparer";

/// `XNodeEqualityComparer` and `XNodeDocumentOrderComparer`, which have nothing of their own.
struct NodeComparer(&'static str);

impl Object for NodeComparer {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name(self.0)
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }
}

fn define_comparers(types: &mut Types) {
    let mut t = types.class(EQUALITY);
    t.constructor("()", |_| Ok(Value::object(NodeComparer(EQUALITY))));
    t.method("bool Equals(XNode x, XNode y)", |c| {
        Ok(
            match (c.opt_object::<XNode>(1)?, c.opt_object::<XNode>(2)?) {
                (Some(a), Some(b)) => a.deep_equals(&b).into(),
                (a, b) => (a.is_none() && b.is_none()).into(),
            },
        )
    });
    t.method("int GetHashCode(XNode obj)", |c| {
        // Equal nodes have equal text; its length is hash enough.
        let length = c
            .opt_object::<XNode>(1)?
            .map_or(0, |node| node.value().len());
        Ok(i32::try_from(length).unwrap_or(i32::MAX).into())
    });
    let mut t = types.class(ORDER);
    t.constructor("()", |_| Ok(Value::object(NodeComparer(ORDER))));
    t.method("int Compare(XNode x, XNode y)", |c| {
        let (first, second) = (c.opt_object::<XNode>(1)?, c.opt_object::<XNode>(2)?);
        Ok((optional_order(first.as_deref(), second.as_deref())? as i32).into())
    });
}

fn define_node(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XNode");
    t.base("XObject");
    t.static_method("bool DeepEquals(XNode n1, XNode n2)", |c| {
        Ok(
            match (c.opt_object::<XNode>(0)?, c.opt_object::<XNode>(1)?) {
                (Some(a), Some(b)) => a.deep_equals(&b).into(),
                (a, b) => (a.is_none() && b.is_none()).into(),
            },
        )
    });
    t.static_method("int CompareDocumentOrder(XNode n1, XNode n2)", |c| {
        let (first, second) = (c.opt_object::<XNode>(0)?, c.opt_object::<XNode>(1)?);
        Ok((optional_order(first.as_deref(), second.as_deref())? as i32).into())
    });
    t.static_method("XNode ReadFrom(XmlReader reader)", super::reader::read_from);
    t.static_property("XNodeEqualityComparer EqualityComparer", |_| {
        Ok(Value::object(NodeComparer(EQUALITY)))
    });
    t.static_property("XNodeDocumentOrderComparer DocumentOrderComparer", |_| {
        Ok(Value::object(NodeComparer(ORDER)))
    });
    t.property("XNode NextNode", |c| Ok(optional(node(c, 0)?.sibling(1))));
    t.property("XNode PreviousNode", |c| {
        Ok(optional(node(c, 0)?.sibling(-1)))
    });
    t.method("bool IsAfter(XNode node)", |c| {
        let other = c.opt_object::<XNode>(1)?;
        Ok(optional_order(Some(&*node(c, 0)?), other.as_deref())?
            .is_gt()
            .into())
    });
    t.method("bool IsBefore(XNode node)", |c| {
        let other = c.opt_object::<XNode>(1)?;
        Ok(optional_order(Some(&*node(c, 0)?), other.as_deref())?
            .is_lt()
            .into())
    });
    t.method("string ToString(SaveOptions options)", |c| {
        let raw = c.enumeration(1)? & 1 != 0;
        let node = node(c, 0)?;
        Ok(text_of(c.rt, &node, raw)?.into())
    });
    t.method("IEnumerable<XElement> Ancestors()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            node.ancestors(false)
        }))
    });
    t.method("IEnumerable<XElement> Ancestors(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().element));
        };
        Ok(sequence(defs().element, node(c, 0)?, move |node| {
            elements(node.ancestors(false), Some(&name))
        }))
    });
    t.method("IEnumerable<XNode> NodesAfterSelf()", |c| {
        Ok(sequence(defs().node, node(c, 0)?, |node| beside(node, 1)))
    });
    t.method("IEnumerable<XNode> NodesBeforeSelf()", |c| {
        Ok(sequence(defs().node, node(c, 0)?, |node| beside(node, -1)))
    });
    t.method("IEnumerable<XElement> ElementsAfterSelf()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            elements(beside(node, 1), None)
        }))
    });
    t.method("IEnumerable<XElement> ElementsAfterSelf(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().element));
        };
        Ok(sequence(defs().element, node(c, 0)?, move |node| {
            elements(beside(node, 1), Some(&name))
        }))
    });
    t.method("IEnumerable<XElement> ElementsBeforeSelf()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            elements(beside(node, -1), None)
        }))
    });
    t.method(
        "IEnumerable<XElement> ElementsBeforeSelf(XName name)",
        |c| {
            let Some(name) = opt_name(c, 1)? else {
                return Ok(nothing(defs().element));
            };
            Ok(sequence(defs().element, node(c, 0)?, move |node| {
                elements(beside(node, -1), Some(&name))
            }))
        },
    );
    t.method("void Remove()", remove).mutates();
    t.method("void AddAfterSelf(object content)", |c| add_beside(c, 1))
        .mutates();
    t.method("void AddAfterSelf(params object[] content)", |c| {
        add_beside(c, 1)
    })
    .mutates();
    t.method("void AddBeforeSelf(object content)", |c| add_beside(c, 0))
        .mutates();
    t.method("void AddBeforeSelf(params object[] content)", |c| {
        add_beside(c, 0)
    })
    .mutates();
    t.method("void ReplaceWith(object content)", replace)
        .mutates();
    t.method("void ReplaceWith(params object[] content)", replace)
        .mutates();
}

/// The nodes after (1) or before (-1) a node, in document order.
fn beside(node: &XNode, direction: isize) -> Vec<XNode> {
    let Some((parent, index)) = node.index() else {
        return Vec::new();
    };
    let mut nodes = parent.nodes();
    if direction > 0 {
        nodes.split_off((index + 1).min(nodes.len()))
    } else {
        nodes.truncate(index);
        nodes
    }
}

/// Document order where a node may be missing, which comes first.
pub(super) fn optional_order(a: Option<&XNode>, b: Option<&XNode>) -> R<std::cmp::Ordering> {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => Ok(a.is_some().cmp(&b.is_some())),
    }
}

/// Document order of two nodes of one tree.
fn order(a: &XNode, b: &XNode) -> R<std::cmp::Ordering> {
    if a.same(b) {
        return Ok(std::cmp::Ordering::Equal);
    }
    let root = a.root();
    if !root.same(&b.root()) {
        return Err(Fault::invalid_operation("A common ancestor is missing."));
    }
    let first = root
        .descendants(true)
        .into_iter()
        .find(|node| node.same(a) || node.same(b));
    Ok(match first {
        Some(first) if first.same(a) => std::cmp::Ordering::Less,
        _ => std::cmp::Ordering::Greater,
    })
}

fn copied(c: &mut Call<'_, '_>) -> R<Value> {
    Ok(Value::object(node(c, 0)?.deep_clone()))
}

pub(super) fn value(c: &mut Call<'_, '_>) -> R<Value> {
    let value = node(c, 0)?.value();
    c.rt.allocate(value.heap_size())?;
    Ok(value.into())
}

pub(super) fn set_value(c: &mut Call<'_, '_>) -> R<Value> {
    let value = c.str(1)?;
    node(c, 0)?.set_value(value)?;
    Ok(Value::Null)
}

pub(super) fn remove(c: &mut Call<'_, '_>) -> R<Value> {
    node(c, 0)?.remove()?;
    Ok(Value::Null)
}

fn place(c: &mut Call<'_, '_>) -> R<(XNode, usize)> {
    node(c, 0)?
        .index()
        .ok_or_else(|| Fault::invalid_operation("The parent is missing."))
}

fn add_beside(c: &mut Call<'_, '_>, offset: usize) -> R<Value> {
    let (parent, index) = place(c)?;
    let content = c.value(1);
    insert(c.rt, &parent, index + offset, &content)?;
    Ok(Value::Null)
}

fn replace(c: &mut Call<'_, '_>) -> R<Value> {
    let (parent, index) = place(c)?;
    let content = c.value(1);
    node(c, 0)?.remove()?;
    insert(c.rt, &parent, index, &content)?;
    Ok(Value::Null)
}
