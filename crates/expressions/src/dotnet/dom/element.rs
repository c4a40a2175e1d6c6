//! `XmlElement`, `XmlAttribute` and the small nodes

use super::lists::{NodeList, attribute_in, attribute_named, set_attribute_node};
use super::names::{check_part, node_name, written};
use super::{DomNode, dom, optional, text_or_empty, value};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Str, Value};
use crate::xml::{Name, NodeKind, XML_NAMESPACE, XMLNS_NAMESPACE, XNode};

/// `prefix:local` in its parts; a colon at either end belongs to the name.
pub(super) fn split(name: &Str) -> (Str, Str) {
    match name.to_utf8().split_once(':') {
        Some((prefix, local)) if !prefix.is_empty() && !local.is_empty() => {
            (prefix.into(), local.into())
        }
        _ => (Str::EMPTY, name.clone()),
    }
}

/// An attribute's name from what was written: `xmlns`, `xmlns:p` and `xml:lang` have their fixed namespaces.
pub(super) fn attribute_name(element: Option<&XNode>, written: &Str) -> R<Name> {
    let (prefix, local) = split(written);
    let written_prefix = prefix.clone();
    let prefix = prefix.to_utf8();
    let namespace = match &*prefix {
        "" => Str::EMPTY,
        "xml" => XML_NAMESPACE.into(),
        "xmlns" => XMLNS_NAMESPACE.into(),
        prefix => element
            .and_then(|element| element.namespace_of_prefix(prefix))
            .unwrap_or_default(),
    };
    check_part(&written_prefix)?;
    node_name(local, namespace)
}

fn set_attribute(c: &mut Call<'_, '_>) -> R<Value> {
    let (element, written, text) = (dom(c, 0)?, written(c, 1)?, text_or_empty(c, 2)?);
    match attribute_named(&element.node, &written) {
        Some(attribute) => attribute.set_value(text)?,
        None => {
            let name = attribute_name(Some(&element.node), &written)?;
            element.node.set_attribute(name, Some(text))?;
        }
    }
    Ok(Value::Null)
}

/// Name from local name and namespace; declarations of LINQ's trees have none for `xmlns` itself.
fn name_in(local: Str, namespace: Str) -> R<Name> {
    if local == *"xmlns" && namespace == *XMLNS_NAMESPACE {
        return Ok(Name::plain(local));
    }
    node_name(local, namespace)
}

/// Descendants of that name; `*` fits all.
pub(super) fn by_tag_name(c: &mut Call<'_, '_>) -> R<Value> {
    let (node, wanted) = (dom(c, 0)?, c.str(1)?);
    let any = wanted == *"*";
    found(c, &node, |element| {
        any || element.qualified_name() == wanted
    })
}

pub(super) fn by_tag_name_in(c: &mut Call<'_, '_>) -> R<Value> {
    let (node, local, namespace) = (dom(c, 0)?, c.str(1)?, c.str(2)?);
    let fits = |wanted: &Str, found: &Str| *wanted == *"*" || wanted == found;
    found(c, &node, |element| {
        element
            .name()
            .is_some_and(|name| fits(&local, &name.local) && fits(&namespace, &name.namespace))
    })
}

fn found(c: &mut Call<'_, '_>, node: &DomNode, fits: impl Fn(&XNode) -> bool) -> R<Value> {
    let all = node.node.descendants(false);
    c.rt.spend(all.len() as u64)?;
    let nodes: Vec<Value> = all
        .into_iter()
        .filter(|node| node.kind() == NodeKind::Element && fits(node))
        .map(value)
        .collect();
    c.rt.allocate(nodes.len().saturating_mul(64))?;
    Ok(NodeList::value(nodes))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.XmlLinkedNode");
    t.beyond_documentation();
    t.base("XmlNode");
    define_element(types);
    let mut t = types.class("System.Xml.XmlAttribute");
    t.beyond_documentation();
    t.base("XmlNode");
    t.property("XmlElement OwnerElement", |c| {
        Ok(optional(dom(c, 0)?.node.container()))
    });
    t.property("bool Specified", |_| Ok(true.into()));
    let mut t = types.class("System.Xml.XmlCharacterData");
    t.beyond_documentation();
    t.base("XmlLinkedNode");
    t.property_with_set("string Data", data, set_data).mutates();
    t.property("int Length", |c| {
        let length = dom(c, 0)?.node.value().len();
        Ok(i32::try_from(length).unwrap_or(i32::MAX).into())
    });
    t.method("void AppendData(string strData)", |c| {
        let (node, more) = (dom(c, 0)?, text_or_empty(c, 1)?);
        let text = node.node.value().concat(&more);
        c.rt.allocate(text.heap_size())?;
        node.node.set_value(text)?;
        Ok(Value::Null)
    })
    .mutates();
    for (name, base) in [
        ("System.Xml.XmlText", "XmlCharacterData"),
        ("System.Xml.XmlCDataSection", "XmlCharacterData"),
        ("System.Xml.XmlComment", "XmlCharacterData"),
    ] {
        types.class(name).beyond_documentation().base(base);
    }
    let mut t = types.class("System.Xml.XmlProcessingInstruction");
    t.beyond_documentation();
    t.base("XmlLinkedNode");
    t.property("string Target", |c| Ok(dom(c, 0)?.node.target().into()));
    t.property_with_set("string Data", data, set_data).mutates();
    let mut t = types.class("System.Xml.XmlDeclaration");
    t.beyond_documentation();
    t.base("XmlLinkedNode");
    t.property("string Version", |c| part(c, |d| d.version.clone()));
    t.property("string Encoding", |c| part(c, |d| d.encoding.clone()));
    t.property("string Standalone", |c| part(c, |d| d.standalone.clone()));
}

fn part(
    c: &mut Call<'_, '_>,
    take: impl FnOnce(&crate::xml::Declaration) -> Option<Str>,
) -> R<Value> {
    let declaration = dom(c, 0)?.node.declaration();
    Ok(declaration
        .and_then(|declaration| take(&declaration))
        .unwrap_or_default()
        .into())
}

fn data(c: &mut Call<'_, '_>) -> R<Value> {
    Ok(dom(c, 0)?.node.value().into())
}

fn set_data(c: &mut Call<'_, '_>) -> R<Value> {
    let text = text_or_empty(c, 1)?;
    dom(c, 0)?.node.set_value(text)?;
    Ok(Value::Null)
}

fn define_element(types: &mut Types) {
    let mut t = types.class("System.Xml.XmlElement");
    t.beyond_documentation();
    t.base("XmlLinkedNode");
    t.property("bool HasAttributes", |c| {
        Ok((!dom(c, 0)?.node.attributes().is_empty()).into())
    });
    t.property("bool IsEmpty", |c| Ok(dom(c, 0)?.node.is_empty().into()));
    t.method("string GetAttribute(string name)", |c| {
        let (element, name) = (dom(c, 0)?, text_or_empty(c, 1)?);
        let found = attribute_named(&element.node, &name);
        Ok(found.map_or(Str::EMPTY, |found| found.value()).into())
    });
    t.method(
        "string GetAttribute(string localName, string namespaceURI)",
        |c| {
            let (element, local) = (dom(c, 0)?, text_or_empty(c, 1)?);
            let namespace = text_or_empty(c, 2)?;
            let found = attribute_in(&element.node, &local, &namespace);
            Ok(found.map_or(Str::EMPTY, |found| found.value()).into())
        },
    );
    t.method("XmlAttribute GetAttributeNode(string name)", |c| {
        let (element, name) = (dom(c, 0)?, text_or_empty(c, 1)?);
        Ok(optional(attribute_named(&element.node, &name)))
    });
    t.method("bool HasAttribute(string name)", |c| {
        let (element, name) = (dom(c, 0)?, text_or_empty(c, 1)?);
        Ok(attribute_named(&element.node, &name).is_some().into())
    });
    t.method(
        "bool HasAttribute(string localName, string namespaceURI)",
        |c| {
            let (element, local) = (dom(c, 0)?, text_or_empty(c, 1)?);
            let namespace = text_or_empty(c, 2)?;
            let found = attribute_in(&element.node, &local, &namespace);
            Ok(found.is_some().into())
        },
    );
    t.method(
        "void SetAttribute(string name, string value)",
        set_attribute,
    )
    .mutates();
    t.method(
        "string SetAttribute(string localName, string namespaceURI, string value)",
        |c| {
            let (element, local, namespace) = (dom(c, 0)?, c.str(1)?, text_or_empty(c, 2)?);
            let text = text_or_empty(c, 3)?;
            element
                .node
                .set_attribute(name_in(local, namespace)?, Some(text))?;
            Ok(c.value(3))
        },
    )
    .mutates();
    t.method("XmlAttribute SetAttributeNode(XmlAttribute newAttr)", |c| {
        let (element, attribute) = (dom(c, 0)?, super::child(c, 1)?);
        if attribute.node.container().is_some() {
            return Err(super::not_supported(
                "The 'Attribute' node cannot be inserted because it is already an attribute of another element.",
            ));
        }
        set_attribute_node(&element.node, &attribute)?;
        Ok(c.value(1))
    })
    .mutates();
    t.method("void RemoveAttribute(string name)", |c| {
        let (element, name) = (dom(c, 0)?, text_or_empty(c, 1)?);
        if let Some(attribute) = attribute_named(&element.node, &name) {
            attribute.remove()?;
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAllAttributes()", |c| {
        let element = dom(c, 0)?;
        let around = super::node::prefixes(&element.node);
        element.node.remove_attributes();
        // Names keep the prefixes that were declared here.
        super::node::keep_prefixes(&element.node, &around)?;
        for child in element.node.elements() {
            super::node::declare_used(&child, &around)?;
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("XmlNodeList GetElementsByTagName(string name)", by_tag_name);
    t.method(
        "XmlNodeList GetElementsByTagName(string localName, string namespaceURI)",
        by_tag_name_in,
    );
}
