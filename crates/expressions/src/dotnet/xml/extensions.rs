//! `System.Xml.Linq.Extensions`: methods on sequences of nodes.

use std::cmp::Ordering;

use super::names::opt_name;
use super::node::optional_order;
use super::{defs, elements, named, nothing};
use crate::runtime::{Call, R, Runtime};
use crate::types::{DefId, Type, Types};
use crate::value::{Lazy, Ready, Value};
use crate::xml::{Name, XNode};

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Xml.Linq.Extensions");
    t.extension(
        "IEnumerable<XElement> Elements(this IEnumerable<XContainer> source)",
        |c| gather(c, defs().element, |node| node.elements()),
    );
    t.extension(
        "IEnumerable<XElement> Elements(this IEnumerable<XContainer> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().element, name.is_none(), move |node| {
                of_name(node.nodes(), name.as_ref())
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> Descendants(this IEnumerable<XContainer> source)",
        |c| {
            gather(c, defs().element, |node| {
                elements(node.descendants(false), None)
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> Descendants(this IEnumerable<XContainer> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().element, name.is_none(), move |node| {
                of_name(node.descendants(false), name.as_ref())
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source)",
        |c| {
            gather(c, defs().element, |node| {
                elements(node.descendants(true), None)
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().element, name.is_none(), move |node| {
                of_name(node.descendants(true), name.as_ref())
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> Ancestors(this IEnumerable<XNode> source)",
        |c| gather(c, defs().element, |node| node.ancestors(false)),
    );
    t.extension(
        "IEnumerable<XElement> Ancestors(this IEnumerable<XNode> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().element, name.is_none(), move |node| {
                of_name(node.ancestors(false), name.as_ref())
            })
        },
    );
    t.extension(
        "IEnumerable<XElement> AncestorsAndSelf(this IEnumerable<XElement> source)",
        |c| gather(c, defs().element, |node| node.ancestors(true)),
    );
    t.extension(
        "IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source)",
        |c| gather(c, defs().attribute, |node| node.attributes()),
    );
    t.extension(
        "IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().attribute, name.is_none(), move |node| {
                name.as_ref()
                    .and_then(|name| node.attribute(name))
                    .into_iter()
                    .collect()
            })
        },
    );
    t.extension(
        "IEnumerable<XNode> Nodes(this IEnumerable<XContainer> source)",
        |c| gather(c, defs().node, |node| node.nodes()),
    );
    t.extension(
        "IEnumerable<XNode> DescendantNodes(this IEnumerable<XContainer> source)",
        |c| gather(c, defs().node, |node| node.descendants(false)),
    );
    t.extension(
        "IEnumerable<XElement> AncestorsAndSelf(this IEnumerable<XElement> source, XName name)",
        |c| {
            let name = opt_name(c, 1)?;
            gather_named(c, defs().element, name.is_none(), move |node| {
                of_name(node.ancestors(true), name.as_ref())
            })
        },
    );
    t.extension(
        "IEnumerable<XNode> DescendantNodesAndSelf(this IEnumerable<XElement> source)",
        |c| gather(c, defs().node, |node| node.descendants(true)),
    );
    t.extension(
        "IEnumerable<T> InDocumentOrder<T>(this IEnumerable<T> source)",
        |c| {
            let source = c.required(0)?;
            let ty = c.member.result.substitute(&[], c.types);
            Ok(Lazy::value(ty, move |rt| {
                let nodes = rt.collect(&source)?;
                Ok(Box::new(Ready(in_document_order(rt, nodes)?.into_iter())))
            }))
        },
    );
    t.extension("void Remove(this IEnumerable<XNode> source)", remove_all)
        .mutates();
    t.extension(
        "void Remove(this IEnumerable<XAttribute> source)",
        remove_all,
    )
    .mutates();
}

/// Elements of that name; none for no name, as in .NET.
fn of_name(nodes: Vec<XNode>, name: Option<&Name>) -> Vec<XNode> {
    name.map(|name| elements(nodes, Some(name)))
        .unwrap_or_default()
}

/// The same where a name is wanted: without one there is nothing to walk over.
fn gather_named(
    c: &mut Call<'_, '_>,
    element: DefId,
    nameless: bool,
    of: impl Fn(&XNode) -> Vec<XNode> + 'static,
) -> R<Value> {
    if nameless {
        c.required(0)?;
        return Ok(nothing(element));
    }
    gather(c, element, of)
}

fn gather(
    c: &mut Call<'_, '_>,
    element: DefId,
    find: impl Fn(&XNode) -> Vec<XNode> + 'static,
) -> R<Value> {
    let source = c.required(0)?;
    Ok(Lazy::value(Type::enumerable(named(element)), move |rt| {
        let mut found = Vec::new();
        for value in rt.collect(&source)? {
            let more = value.as_object::<XNode>().map(&find).unwrap_or_default();
            rt.spend(more.len() as u64)?;
            rt.allocate(more.len() * size_of::<Value>())?;
            found.extend(more.into_iter().map(Value::object));
        }
        Ok(Box::new(Ready(found.into_iter())))
    }))
}

/// Nulls first, as .NET orders them; nodes of different documents have no order.
fn in_document_order(rt: &mut Runtime<'_>, mut nodes: Vec<Value>) -> R<Vec<Value>> {
    let mut problem = None;
    rt.spend(nodes.len() as u64 * 4)?;
    rt.allocate(nodes.len() * size_of::<Value>())?;
    nodes.sort_by(|a, b| {
        optional_order(a.as_object(), b.as_object()).unwrap_or_else(|fault| {
            problem = Some(fault);
            Ordering::Equal
        })
    });
    rt.spend(0)?;
    match problem {
        Some(fault) => Err(fault),
        None => Ok(nodes),
    }
}

fn remove_all(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.required(0)?;
    for value in c.rt.collect(&source)? {
        if let Some(node) = value.as_object::<XNode>() {
            node.remove()?;
        }
    }
    Ok(Value::Null)
}
