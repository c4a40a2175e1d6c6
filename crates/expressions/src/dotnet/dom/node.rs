//! `XmlNode`: what all nodes have, and the changes to a tree.

use super::lists::NodeList;
use super::{DomNode, dom, not_supported, optional, value};
use crate::dotnet::xml::namespaces::resolver;
use crate::dotnet::xml::xpath::evaluate;
use crate::runtime::{Call, Fault, R};
use crate::types::{Registry, Types};
use crate::value::{Str, Value};
use crate::xml::{self, NodeKind, XMLNS_NAMESPACE, XNode};
use crate::xpath::{Namespaces, Value as Found};

/// `Name`
pub(super) fn name(node: &DomNode) -> Str {
    Str::literal(match node.kind() {
        NodeKind::Document if node.declaration => "xml",
        NodeKind::Document => "#document",
        NodeKind::Text => "#text",
        NodeKind::CData => "#cdata-section",
        NodeKind::Comment => "#comment",
        NodeKind::Instruction => return node.node.target().unwrap_or_default(),
        NodeKind::Element | NodeKind::Attribute => return node.node.qualified_name(),
    })
}

/// `NamespaceURI`
pub(super) fn namespace(node: &XNode) -> Str {
    match node.name() {
        Some(name) if name.is_declaration() => XMLNS_NAMESPACE.into(),
        Some(name) => name.namespace,
        None => Str::EMPTY,
    }
}

/// The declaration without its brackets, as `Value` and `InnerText` show it.
fn declared(node: &DomNode) -> Str {
    let text = node.node.declaration().map(|d| d.to_text());
    let text = text.unwrap_or_default();
    let inner = text.strip_prefix("<?xml ").unwrap_or(&text);
    inner.strip_suffix("?>").unwrap_or(inner).into()
}

fn get_value(c: &mut Call<'_, '_>) -> R<Value> {
    let node = dom(c, 0)?;
    if node.declaration {
        return Ok(declared(&node).into());
    }
    Ok(match node.kind() {
        NodeKind::Document | NodeKind::Element => Value::Null,
        _ => node.node.value().into(),
    })
}

fn set_value(c: &mut Call<'_, '_>) -> R<Value> {
    let (node, text) = (dom(c, 0)?, super::text_or_empty(c, 1)?);
    match node.kind() {
        NodeKind::Document => Err(not_supported("Cannot set a value on node type 'Document'.")),
        NodeKind::Element => Err(not_supported("Cannot set a value on node type 'Element'.")),
        _ => {
            node.node.set_value(text)?;
            Ok(Value::Null)
        }
    }
}

fn inner_text(c: &mut Call<'_, '_>) -> R<Value> {
    let node = dom(c, 0)?;
    let text = if node.declaration {
        declared(&node)
    } else {
        node.node.value()
    };
    c.rt.allocate(text.heap_size())?;
    Ok(text.into())
}

fn set_inner_text(c: &mut Call<'_, '_>) -> R<Value> {
    let (node, text) = (dom(c, 0)?, super::text_or_empty(c, 1)?);
    if node.kind() == NodeKind::Document {
        return Err(not_supported(
            "The 'InnerText' of a 'Document' node is read-only and cannot be set.",
        ));
    }
    node.node.set_value(text)?;
    Ok(Value::Null)
}

/// The markup of a node. Half a surrogate pair cannot be written, nor an instruction whose target is no name.
fn markup(node: &XNode) -> R<String> {
    if node.kind() == NodeKind::Instruction {
        let target = node.target().unwrap_or_default();
        let target = target.to_utf8();
        let fine = |c: char| xml::is_name_char(c) || c == ':';
        let starts = target.starts_with(|c| xml::is_name_start(c) || c == ':');
        if !starts || !target.chars().all(fine) {
            return Err(Fault::argument(
                &format!("Invalid name character in '{target}'."),
                "",
            ));
        }
    }
    node.to_dom_xml()
        .map_err(|_| Fault::argument("Invalid low surrogate character.", ""))
}

fn outer_text(node: &DomNode) -> R<String> {
    let declaration = if node.kind() == NodeKind::Document {
        node.node.declaration().map(|d| d.to_text())
    } else {
        None
    };
    let mut text = declaration.unwrap_or_default();
    if !node.declaration {
        text.push_str(&markup(&node.node)?);
    }
    Ok(text)
}

fn outer_xml(c: &mut Call<'_, '_>) -> R<Value> {
    let node = dom(c, 0)?;
    written(c, outer_text(&node)?)
}

fn written(c: &mut Call<'_, '_>, text: String) -> R<Value> {
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len())?;
    Ok(text.into())
}

fn inner_xml(c: &mut Call<'_, '_>) -> R<Value> {
    let node = dom(c, 0)?;
    if node.is_document() {
        return outer_xml(c);
    }
    if node.kind() == NodeKind::Attribute {
        return inner_text(c);
    }
    let mut text = String::new();
    if !node.declaration {
        for child in node.node.nodes() {
            text.push_str(&markup(&child)?);
            c.rt.spend(1 + text.len() as u64 / 1024)?;
        }
    }
    written(c, text)
}

fn set_inner_xml(c: &mut Call<'_, '_>) -> R<Value> {
    let (node, text) = (dom(c, 0)?, super::text_or_empty(c, 1)?);
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(8))?;
    if node.is_document() {
        super::document::replace(&node.node, &text, false)?;
        return Ok(Value::Null);
    }
    if node.kind() != NodeKind::Element {
        return Err(not_supported("Cannot set the 'InnerXml' of this node."));
    }
    // The prefixes that are in force around the new content.
    let mut wrapper = XNode::element(xml::Name::plain("x".into()));
    let mut known: Vec<xml::Name> = Vec::new();
    for declaration in node.node.ancestors(true).iter().flat_map(XNode::attributes) {
        let Some(name) = declaration.name().filter(xml::Name::is_declaration) else {
            continue;
        };
        if !known.contains(&name) {
            wrapper.append(&XNode::attribute_of(name.clone(), declaration.value()))?;
            known.push(name);
        }
    }
    let mut whole = wrapper.to_xml(true);
    whole.truncate(whole.len() - " />".len());
    // A default namespace that is in force must not rename the wrapper.
    let whole = format!("{whole}>{text}</x>");
    wrapper = xml::parse_element(&whole, false)?;
    node.node.remove_nodes();
    for child in wrapper.nodes() {
        child.remove()?;
        node.node.append(&child)?;
    }
    stay_open(&node.node)?;
    Ok(Value::Null)
}

fn parent(c: &mut Call<'_, '_>) -> R<Value> {
    let node = dom(c, 0)?;
    if node.declaration {
        return Ok(value(node.node.clone()));
    }
    Ok(match node.kind() {
        NodeKind::Attribute => Value::Null,
        _ => optional(node.node.container()),
    })
}

fn sibling(c: &mut Call<'_, '_>, step: isize) -> R<Value> {
    let node = dom(c, 0)?;
    if node.declaration {
        let next = node.node.nodes().into_iter().next();
        return Ok(optional(next.filter(|_| step > 0)));
    }
    if node.kind() == NodeKind::Attribute {
        return Ok(Value::Null);
    }
    match node.node.sibling(step) {
        Some(sibling) => Ok(value(sibling)),
        None => {
            let document = node.node.container();
            let document = document.filter(|d| step < 0 && d.declaration().is_some());
            Ok(document.map_or(Value::Null, |d| Value::object(DomNode::declaration(d))))
        }
    }
}

/// The element's first child of that name.
fn child_named(c: &mut Call<'_, '_>, fits: impl Fn(&XNode) -> bool) -> R<Value> {
    let node = dom(c, 0)?;
    Ok(optional(
        node.node.elements().into_iter().find(|child| fits(child)),
    ))
}

/// The receiver, where it is a node that has children.
fn container(c: &mut Call<'_, '_>, message: &str) -> R<std::rc::Rc<DomNode>> {
    let node = dom(c, 0)?;
    if node.declaration || !matches!(node.kind(), NodeKind::Document | NodeKind::Element) {
        return Err(not_supported(message));
    }
    Ok(node)
}

/// Puts a node into a tree before position `at`; it leaves the place where it was.
fn put(c: &mut Call<'_, '_>, at: impl FnOnce(&XNode) -> R<usize>) -> R<Value> {
    let parent = container(c, "The current node cannot contain other nodes.")?;
    let child = super::child(c, 1)?;
    if child.declaration {
        if parent.is_document() {
            parent.node.set_declaration(child.node.declaration());
            return Ok(c.value(1));
        }
        return Err(bad_kind());
    }
    let around = std::iter::successors(Some(parent.node.clone()), XNode::container);
    if around.into_iter().any(|above| above.same(&child.node)) {
        return Err(Fault::argument(
            "Cannot insert a node or any ancestor of that node as a child of itself.",
            "",
        ));
    }
    let allowed = match (parent.kind(), child.kind()) {
        (_, NodeKind::Attribute | NodeKind::Document) => false,
        (NodeKind::Element, _) => true,
        (NodeKind::Document, NodeKind::Text | NodeKind::CData) => false,
        (NodeKind::Document, _) => true,
        _ => false,
    };
    if !allowed {
        return Err(bad_kind());
    }
    let is_root = parent.kind() == NodeKind::Document && child.kind() == NodeKind::Element;
    if is_root
        && parent
            .node
            .elements()
            .iter()
            .any(|root| !root.same(&child.node))
    {
        return Err(not_supported(
            "This document already has a 'DocumentElement' node.",
        ));
    }
    if child.node.container().is_some() {
        child.node.remove()?;
    }
    let at = at(&parent.node)?;
    parent.node.insert(at, &child.node)?;
    forget_declaration(&parent.node, &child.node)?;
    Ok(c.value(1))
}

fn bad_kind() -> Fault {
    not_supported(
        "The specified node cannot be inserted as the valid child of this node, because the specified node is the wrong type.",
    )
}

/// A declaration the node brought for its own prefix is not needed where that prefix is in force.
fn forget_declaration(parent: &XNode, child: &XNode) -> R<()> {
    for attribute in child.attributes() {
        let Some(name) = attribute.name().filter(xml::Name::is_declaration) else {
            continue;
        };
        let prefix = if name.namespace.is_empty() {
            Str::EMPTY
        } else {
            name.local
        };
        let around = parent.namespace_of_prefix(&prefix.to_utf8());
        if around.is_some_and(|around| around == attribute.value()) {
            attribute.remove()?;
        }
    }
    Ok(())
}

/// The place of argument 2 among the children; `end` where it is null.
fn beside(c: &mut Call<'_, '_>, step: usize, end: impl Fn(&XNode) -> usize) -> R<Value> {
    let reference = c.opt_object::<DomNode>(2)?;
    let node = container(c, "The current node cannot contain other nodes.")?;
    if let Some(reference) = &reference {
        let own = match reference.declaration {
            true => Some(reference.node.clone()),
            false => reference.node.index().map(|(found, _)| found),
        };
        if own.is_none_or(|found| !found.same(&node.node)) {
            return Err(Fault::argument(
                "The reference node is not a child of this node.",
                "",
            ));
        }
    }
    put(c, move |parent| {
        let Some(reference) = reference else {
            return Ok(end(parent));
        };
        if reference.declaration {
            return Ok(0);
        }
        match reference.node.index() {
            Some((found, at)) if found.same(parent) => Ok(at + step),
            _ => Err(Fault::argument(
                "The reference node is not a child of this node.",
                "",
            )),
        }
    })
}

fn remove_child(c: &mut Call<'_, '_>) -> R<Value> {
    remove_argument(c, 1)
}

fn remove_argument(c: &mut Call<'_, '_>, index: usize) -> R<Value> {
    let parent = container(c, "Cannot remove a node from a node that has no children.")?;
    let child = super::child(c, index)?;
    if child.declaration && child.node.same(&parent.node) {
        parent.node.set_declaration(None);
        return Ok(c.value(index));
    }
    let is_child = child.node.container().is_some_and(|p| p.same(&parent.node));
    if !is_child || child.kind() == NodeKind::Attribute {
        return Err(Fault::argument(
            "The node to be removed is not a child of this node.",
            "",
        ));
    }
    let around = prefixes(&parent.node);
    child.node.remove()?;
    keep_prefixes(&child.node, &around)?;
    stay_open(&parent.node)?;
    Ok(c.value(index))
}

/// An element that has lost its children keeps its end tag.
fn stay_open(element: &XNode) -> R<()> {
    if element.kind() == NodeKind::Element && element.is_empty() {
        element.append_text(&Str::EMPTY)?;
    }
    Ok(())
}

/// The declarations in force at a node, innermost first.
pub(super) fn prefixes(node: &XNode) -> Vec<(xml::Name, Str)> {
    let mut found: Vec<(xml::Name, Str)> = Vec::new();
    for declaration in node.ancestors(true).iter().flat_map(XNode::attributes) {
        if let Some(name) = declaration.name().filter(xml::Name::is_declaration)
            && !found.iter().any(|(known, _)| *known == name)
        {
            found.push((name, declaration.value()));
        }
    }
    found
}

/// Gives an element that left its tree the declarations that it used there.
pub(super) fn keep_prefixes(element: &XNode, around: &[(xml::Name, Str)]) -> R<()> {
    if element.kind() != NodeKind::Element || element.container().is_some() {
        return Ok(());
    }
    declare_used(element, around)
}

/// Declares those of the prefixes whose namespaces names in an element have.
pub(super) fn declare_used(element: &XNode, around: &[(xml::Name, Str)]) -> R<()> {
    let mut names: Vec<Str> = Vec::new();
    for node in element.descendants(true) {
        let attributes = node.attributes().into_iter();
        let all = std::iter::once(node).chain(attributes);
        names.extend(all.filter_map(|node| Some(node.name()?.namespace)));
    }
    for (name, namespace) in around {
        let in_force = element.namespace_of_prefix(&match name.namespace.is_empty() {
            true => std::borrow::Cow::Borrowed(""),
            false => name.local.to_utf8(),
        });
        if names.contains(namespace) && in_force.as_ref() != Some(namespace) {
            element.append(&XNode::attribute_of(name.clone(), namespace.clone()))?;
        }
    }
    Ok(())
}

/// A copy that keeps the prefixes of its original's surroundings.
pub(super) fn copy_of(c: &mut Call<'_, '_>, node: &XNode) -> R<XNode> {
    let copy = node.deep_clone();
    if node.kind() == NodeKind::Element {
        keep_prefixes(&copy, &prefixes(node))?;
    }
    c.rt.spend(crate::forest::take_work())?;
    c.rt.allocate(copy.descendants(true).len().saturating_mul(160))?;
    Ok(copy)
}

fn replace_child(c: &mut Call<'_, '_>) -> R<Value> {
    let old = super::child(c, 2)?;
    let place = old.node.index();
    let removed = remove_argument(c, 2)?;
    let at = place.map(|(_, at)| at);
    put(c, |parent| {
        let end = parent.node_count();
        Ok(at.unwrap_or(end).min(end))
    })?;
    Ok(removed)
}

fn clone(c: &mut Call<'_, '_>, deep: bool) -> R<Value> {
    let node = dom(c, 0)?;
    let copy = copy_of(c, &node.node)?;
    if !deep && node.kind() == NodeKind::Element {
        let was_empty = copy.is_empty();
        copy.remove_nodes();
        if !was_empty {
            copy.append_text(&Str::EMPTY)?;
        }
    }
    Ok(value(copy))
}

/// What an XPath expression finds, all of it or the first.
fn select(c: &mut Call<'_, '_>, all: bool, manager: bool) -> R<Value> {
    let node = dom(c, 0)?;
    let namespaces = if manager { resolver(c, 2)? } else { None };
    let namespaces = namespaces.as_deref().map(|m| m as &dyn Namespaces);
    let Found::Nodes(nodes) = evaluate(c, &node.node, 1, namespaces)? else {
        return Err(Fault::new(
            "System.Xml.XPath.XPathException",
            "Expression must evaluate to a node-set.",
        ));
    };
    let mut nodes = nodes.into_iter().map(|found| value(found.node));
    Ok(if all {
        NodeList::value(nodes.collect())
    } else {
        nodes.next().unwrap_or_default()
    })
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.XmlNode");
    t.beyond_documentation();
    t.base("object").base("IEnumerable");
    t.property("string Name", |c| Ok(name(&*dom(c, 0)?).into()));
    t.property("string LocalName", |c| {
        let node = dom(c, 0)?;
        let local = if node.declaration {
            None
        } else {
            node.node.name()
        };
        Ok(local.map_or_else(|| name(&node), |name| name.local).into())
    });
    t.property("string NamespaceURI", |c| {
        Ok(namespace(&dom(c, 0)?.node).into())
    });
    t.property("string Prefix", |c| {
        let node = dom(c, 0)?;
        let bare = node
            .node
            .name()
            .is_some_and(|name| name.is_declaration() && name.namespace.is_empty());
        Ok(if bare { Str::EMPTY } else { node.node.prefix() }.into())
    });
    t.property("XmlNodeType NodeType", |c| {
        let node = dom(c, 0)?;
        let number = if node.declaration {
            17
        } else {
            node.kind().node_type()
        };
        let id = Registry::get().by_full_name("System.Xml.XmlNodeType");
        Ok(id.map_or(Value::Null, |def| Value::Enum(def.id, number)))
    });
    t.property("string BaseURI", |_| Ok(Str::EMPTY.into()));
    t.property("bool IsReadOnly", |_| Ok(false.into()));
    t.property_with_set("string Value", get_value, set_value)
        .mutates();
    t.property_with_set("string InnerText", inner_text, set_inner_text)
        .mutates();
    t.property_with_set("string InnerXml", inner_xml, set_inner_xml)
        .mutates();
    t.property("string OuterXml", outer_xml);
    t.property("XmlAttributeCollection Attributes", |c| {
        let node = dom(c, 0)?;
        Ok(match node.kind() {
            NodeKind::Element => super::lists::Attributes::value(node.node.clone()),
            _ => Value::Null,
        })
    });
    t.property("XmlNodeList ChildNodes", |c| {
        Ok(NodeList::value(dom(c, 0)?.children()))
    });
    t.property("bool HasChildNodes", |c| {
        Ok((!dom(c, 0)?.children().is_empty()).into())
    });
    t.property("XmlNode FirstChild", |c| {
        Ok(dom(c, 0)?.children().into_iter().next().unwrap_or_default())
    });
    t.property("XmlNode LastChild", |c| {
        Ok(dom(c, 0)?.children().pop().unwrap_or_default())
    });
    t.property("XmlNode NextSibling", |c| sibling(c, 1));
    t.property("XmlNode PreviousSibling", |c| sibling(c, -1));
    t.property("XmlNode ParentNode", parent);
    t.property("XmlDocument OwnerDocument", |c| {
        let node = dom(c, 0)?;
        if node.is_document() {
            return Ok(Value::Null);
        }
        let root = Some(node.node.root());
        Ok(optional(
            root.filter(|root| root.kind() == NodeKind::Document),
        ))
    });
    t.indexer("XmlElement this[string name]", |c| {
        let wanted = c.opt_str(1)?;
        child_named(c, |child| Some(child.qualified_name()) == wanted)
    });
    t.indexer("XmlElement this[string localname, string ns]", |c| {
        let wanted = (c.opt_str(1)?, c.opt_str(2)?);
        child_named(c, |child| {
            child
                .name()
                .is_some_and(|name| (Some(name.local), Some(name.namespace)) == wanted)
        })
    });
    t.method(
        "IEnumerator<object> GetEnumerator()",
        crate::dotnet::collections::enumerator::start,
    );
    t.method("XmlNode SelectSingleNode(string xpath)", |c| {
        select(c, false, false)
    });
    t.method(
        "XmlNode SelectSingleNode(string xpath, XmlNamespaceManager nsmgr)",
        |c| select(c, false, true),
    );
    t.method("XmlNodeList SelectNodes(string xpath)", |c| {
        select(c, true, false)
    });
    t.method(
        "XmlNodeList SelectNodes(string xpath, XmlNamespaceManager nsmgr)",
        |c| select(c, true, true),
    );
    t.method("XmlNode AppendChild(XmlNode newChild)", |c| {
        put(c, |parent| Ok(parent.node_count()))
    })
    .mutates();
    t.method("XmlNode PrependChild(XmlNode newChild)", |c| {
        put(c, |_| Ok(0))
    })
    .mutates();
    t.method(
        "XmlNode InsertBefore(XmlNode newChild, XmlNode refChild)",
        |c| beside(c, 0, XNode::node_count),
    )
    .mutates();
    t.method(
        "XmlNode InsertAfter(XmlNode newChild, XmlNode refChild)",
        |c| beside(c, 1, |_| 0),
    )
    .mutates();
    t.method("XmlNode RemoveChild(XmlNode oldChild)", remove_child)
        .mutates();
    t.method(
        "XmlNode ReplaceChild(XmlNode newChild, XmlNode oldChild)",
        replace_child,
    )
    .mutates();
    t.method("void RemoveAll()", |c| {
        let node = dom(c, 0)?;
        node.node.remove_nodes();
        node.node.remove_attributes();
        if node.is_document() {
            node.node.set_declaration(None);
        }
        stay_open(&node.node)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("XmlNode Clone()", |c| clone(c, true));
    t.method("XmlNode CloneNode(bool deep)", |c| {
        let deep = c.bool(1)?;
        clone(c, deep)
    });
    t.method("string GetNamespaceOfPrefix(string prefix)", |c| {
        let prefix = c.str(1)?;
        let found = dom(c, 0)?.node.namespace_of_prefix(&prefix.to_utf8());
        Ok(found.unwrap_or_default().into())
    });
    t.method("string GetPrefixOfNamespace(string namespaceURI)", |c| {
        let namespace = c.str(1)?;
        let found = dom(c, 0)?.node.prefix_of_namespace(&namespace.to_utf8());
        Ok(found.unwrap_or_default().into())
    });
    t.method("void Normalize()", |c| {
        dom(c, 0)?;
        Ok(Value::Null)
    });
}
