//! `XContainer`: what elements and documents share.

use super::content::{add, insert};
use super::names::opt_name;
use super::{defs, elements, node, nothing, optional, sequence};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XContainer");
    t.base("XNode");
    t.property("XNode FirstNode", |c| {
        Ok(optional(node(c, 0)?.nodes().into_iter().next()))
    });
    t.property("XNode LastNode", |c| {
        Ok(optional(node(c, 0)?.nodes().pop()))
    });
    t.method("XElement Element(XName name)", |c| {
        let (node, name) = (node(c, 0)?, opt_name(c, 1)?);
        Ok(optional(name.and_then(|name| node.element_named(&name))))
    });
    t.method("IEnumerable<XElement> Elements()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            node.elements()
        }))
    });
    t.method("IEnumerable<XElement> Elements(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().element));
        };
        Ok(sequence(defs().element, node(c, 0)?, move |node| {
            elements(node.nodes(), Some(&name))
        }))
    });
    t.method("IEnumerable<XElement> Descendants()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            elements(node.descendants(false), None)
        }))
    });
    t.method("IEnumerable<XElement> Descendants(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().element));
        };
        Ok(sequence(defs().element, node(c, 0)?, move |node| {
            elements(node.descendants(false), Some(&name))
        }))
    });
    t.method("IEnumerable<XNode> DescendantNodes()", |c| {
        Ok(sequence(defs().node, node(c, 0)?, |node| {
            node.descendants(false)
        }))
    });
    t.method("IEnumerable<XNode> Nodes()", |c| {
        Ok(sequence(defs().node, node(c, 0)?, |node| node.nodes()))
    });
    t.method("void Add(object content)", add_content).mutates();
    t.method("void Add(params object[] content)", add_content)
        .mutates();
    t.method("void AddFirst(object content)", add_first)
        .mutates();
    t.method("void AddFirst(params object[] content)", add_first)
        .mutates();
    t.method("void RemoveNodes()", |c| {
        node(c, 0)?.remove_nodes();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void ReplaceNodes(object content)", replace_nodes)
        .mutates();
    t.method("void ReplaceNodes(params object[] content)", replace_nodes)
        .mutates();
}

fn add_content(c: &mut Call<'_, '_>) -> R<Value> {
    let (parent, content) = (node(c, 0)?, c.value(1));
    add(c.rt, &parent, &content)?;
    Ok(Value::Null)
}

fn add_first(c: &mut Call<'_, '_>) -> R<Value> {
    let (parent, content) = (node(c, 0)?, c.value(1));
    insert(c.rt, &parent, 0, &content)?;
    Ok(Value::Null)
}

/// The content is worked out before the old nodes go: it may be made of them.
fn replace_nodes(c: &mut Call<'_, '_>) -> R<Value> {
    let (parent, content) = (node(c, 0)?, c.value(1));
    let old = parent.nodes();
    add(c.rt, &parent, &content)?;
    for node in old {
        node.remove()?;
    }
    Ok(Value::Null)
}
