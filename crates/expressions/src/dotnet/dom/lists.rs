//! `XmlNodeList` and `XmlAttributeCollection`

use std::rc::Rc;

use super::{DomNode, class, optional, value};
use crate::dotnet::collections::enumerator;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Iter, Object, Ready, Value};
use crate::xml::{NodeKind, XNode};

/// Nodes as they were when the list was asked for.
pub(super) struct NodeList(Rc<[Value]>);

/// The attributes of an element, always the present ones.
pub(super) struct Attributes(XNode);

impl NodeList {
    pub(super) fn value(nodes: Vec<Value>) -> Value {
        Value::object(Self(nodes.into()))
    }
}

impl Attributes {
    pub(super) fn value(element: XNode) -> Value {
        Value::object(Self(element))
    }
}

impl Object for NodeList {
    fn type_of(&self) -> Type {
        class("XmlNodeList")
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let nodes = self.0.to_vec();
        Ok(Some(Box::new(Ready(nodes.into_iter()))))
    }
}

impl Object for Attributes {
    fn type_of(&self) -> Type {
        class("XmlAttributeCollection")
    }

    fn identity(&self) -> usize {
        self.0.identity()
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let attributes = self.0.attributes();
        Ok(Some(Box::new(Ready(attributes.into_iter().map(value)))))
    }
}

fn count(length: usize) -> Value {
    i32::try_from(length).unwrap_or(i32::MAX).into()
}

/// An item of a list; null outside it.
fn item(c: &mut Call<'_, '_>) -> R<Value> {
    let at = usize::try_from(c.int(1)?).ok();
    let list = c.object::<NodeList>(0)?;
    Ok(at
        .and_then(|at| list.0.get(at))
        .cloned()
        .unwrap_or_default())
}

fn element(c: &Call<'_, '_>) -> R<XNode> {
    Ok(c.object::<Attributes>(0)?.0.clone())
}

/// An attribute by its name as written.
pub(super) fn attribute_named(element: &XNode, name: &crate::value::Str) -> Option<XNode> {
    let attributes = element.attributes().into_iter();
    attributes
        .into_iter()
        .find(|attribute| attribute.qualified_name() == *name)
}

/// An attribute by local name and namespace.
pub(super) fn attribute_in(
    element: &XNode,
    local: &crate::value::Str,
    namespace: &crate::value::Str,
) -> Option<XNode> {
    element.attributes().into_iter().find(|attribute| {
        attribute.name().is_some_and(|name| name.local == *local)
            && super::node::namespace(attribute) == *namespace
    })
}

/// Adds an attribute node, in place of one with its name.
pub(super) fn set_attribute_node(element: &XNode, attribute: &DomNode) -> R<Option<XNode>> {
    let name = attribute.node.name();
    let (NodeKind::Attribute, Some(name)) = (attribute.kind(), name) else {
        return Err(Fault::argument("The node is not an attribute.", ""));
    };
    let old = element.attribute(&name);
    if let Some(old) = &old {
        if old.same(&attribute.node) {
            return Ok(Some(old.clone()));
        }
        old.remove()?;
    }
    if attribute.node.container().is_some() {
        return Err(Fault::invalid_operation(
            "The 'Attribute' node cannot be inserted because it is already an attribute of another element.",
        ));
    }
    element.append(&attribute.node)?;
    Ok(old)
}

fn by_name(c: &mut Call<'_, '_>) -> R<Value> {
    let (element, name) = (element(c)?, c.opt_str(1)?);
    Ok(optional(
        name.and_then(|name| attribute_named(&element, &name)),
    ))
}

fn by_parts(c: &mut Call<'_, '_>) -> R<Value> {
    let element = element(c)?;
    let (Some(local), Some(namespace)) = (c.opt_str(1)?, c.opt_str(2)?) else {
        return Ok(Value::Null);
    };
    Ok(optional(attribute_in(&element, &local, &namespace)))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.XmlNodeList");
    t.beyond_documentation();
    t.base("object").base("IEnumerable").base("IDisposable");
    t.property("int Count", |c| Ok(count(c.object::<NodeList>(0)?.0.len())));
    t.method("XmlNode Item(int index)", item);
    t.indexer("XmlNode this[int i]", item);
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);

    let mut t = types.class("System.Xml.XmlAttributeCollection");
    t.beyond_documentation();
    t.base("object").base("IEnumerable");
    t.property("int Count", |c| Ok(count(element(c)?.attributes().len())));
    t.indexer("XmlAttribute this[int i]", |c| {
        let at = usize::try_from(c.int(1)?).ok();
        let found = at.and_then(|at| element(c).ok()?.attributes().into_iter().nth(at));
        found.map(value).ok_or_else(|| {
            Fault::new(
                "System.IndexOutOfRangeException",
                "The index being passed in is out of range.",
            )
        })
    });
    t.indexer("XmlAttribute this[string name]", by_name);
    t.indexer(
        "XmlAttribute this[string localName, string namespaceURI]",
        by_parts,
    );
    t.method("XmlNode GetNamedItem(string name)", by_name);
    t.method(
        "XmlNode GetNamedItem(string localName, string namespaceURI)",
        by_parts,
    );
    t.method("XmlAttribute Append(XmlAttribute node)", |c| {
        let (element, attribute) = (element(c)?, super::child(c, 1)?);
        // One of another element leaves it.
        if attribute
            .node
            .container()
            .is_some_and(|own| !own.same(&element))
        {
            attribute.node.remove()?;
        }
        set_attribute_node(&element, &attribute)?;
        Ok(c.value(1))
    })
    .mutates();
    t.method("XmlAttribute Remove(XmlAttribute node)", |c| {
        let element = element(c)?;
        let Some(attribute) = c.opt_object::<DomNode>(1)? else {
            return Ok(Value::Null);
        };
        if attribute
            .node
            .container()
            .is_none_or(|found| !found.same(&element))
        {
            return Ok(Value::Null);
        }
        attribute.node.remove()?;
        Ok(c.value(1))
    })
    .mutates();
    t.method("void RemoveAll()", |c| {
        element(c)?.remove_attributes();
        Ok(Value::Null)
    })
    .mutates();
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);
}
