//! `System.Xml.XPath`: expressions over LINQ to XML, and what all bindings of [`crate::xpath`] share.

use super::namespaces::resolver;
use super::{defs, named, node};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Lazy, Ready, Value};
use crate::xml::{NodeKind, XNode};
use crate::xpath::{Budget, Expression, Namespaces, Node, Value as Found};

impl Budget for Runtime<'_> {
    fn pay(&mut self, steps: u64) -> R<()> {
        self.spend(steps)
    }
}

/// Evaluates the expression in argument `expression` at a node.
pub(in crate::dotnet) fn evaluate(
    c: &mut Call<'_, '_>,
    at: &XNode,
    expression: usize,
    namespaces: Option<&dyn Namespaces>,
) -> R<Found> {
    let Some(text) = c.opt_str(expression)? else {
        return Err(Fault::new(
            "System.Xml.XPath.XPathException",
            "'' is an invalid expression.",
        ));
    };
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64)?;
    let found = Expression::read(&text)?.evaluate(at, namespaces, c.rt)?;
    match &found {
        Found::Nodes(nodes) => c.rt.allocate(nodes.len().saturating_mul(64))?,
        Found::Text(text) => c.rt.allocate(text.len())?,
        Found::Number(_) | Found::Bool(_) => {}
    }
    Ok(found)
}

/// As LINQ to XML gives nodes: each piece of a text by itself.
fn objects(nodes: Vec<Node>) -> Vec<XNode> {
    let is_text = |node: &XNode| matches!(node.kind(), NodeKind::Text | NodeKind::CData);
    let mut all = Vec::with_capacity(nodes.len());
    for Node { node, .. } in nodes {
        let mut next = Some(node);
        while let Some(node) = next {
            next = if is_text(&node) {
                node.sibling(1).filter(is_text)
            } else {
                None
            };
            all.push(node);
        }
    }
    all
}

fn sequence(element: Type, nodes: Vec<XNode>) -> Value {
    Lazy::value(Type::enumerable(element), move |_| {
        Ok(Box::new(Ready(
            nodes.clone().into_iter().map(Value::object),
        )))
    })
}

fn any(c: &mut Call<'_, '_>, namespaces: Option<&dyn Namespaces>) -> R<Value> {
    let at = node(c, 0)?;
    Ok(match evaluate(c, &at, 1, namespaces)? {
        Found::Nodes(nodes) => sequence(Type::OBJECT, objects(nodes)),
        Found::Number(number) => number.into(),
        Found::Text(text) => text.into(),
        Found::Bool(flag) => flag.into(),
    })
}

fn unexpected(type_name: &str) -> Fault {
    Fault::invalid_operation(&format!(
        "The XPath expression evaluated to unexpected type {type_name}."
    ))
}

/// The elements an expression finds; anything else it gives is an `InvalidOperationException`.
fn elements(c: &mut Call<'_, '_>, namespaces: Option<&dyn Namespaces>) -> R<Vec<XNode>> {
    let at = node(c, 0)?;
    let nodes = match evaluate(c, &at, 1, namespaces)? {
        Found::Nodes(nodes) => objects(nodes),
        Found::Number(_) => return Err(unexpected("System.Double")),
        Found::Text(_) => return Err(unexpected("System.String")),
        Found::Bool(_) => return Err(unexpected("System.Boolean")),
    };
    Ok(nodes)
}

fn as_element(node: &XNode) -> R<Value> {
    if node.kind() == NodeKind::Element {
        Ok(Value::object(node.clone()))
    } else {
        Err(unexpected(&crate::value::Object::type_of(node).full_name()))
    }
}

fn first(c: &mut Call<'_, '_>, namespaces: Option<&dyn Namespaces>) -> R<Value> {
    let nodes = elements(c, namespaces)?;
    nodes.first().map_or(Ok(Value::Null), as_element)
}

/// The error of a node that is no element comes when it is reached.
fn all(c: &mut Call<'_, '_>, namespaces: Option<&dyn Namespaces>) -> R<Value> {
    let nodes = elements(c, namespaces)?;
    let element = named(defs().element);
    if nodes.iter().all(|node| node.kind() == NodeKind::Element) {
        return Ok(sequence(element, nodes));
    }
    Ok(Lazy::value(Type::enumerable(element), move |_| {
        Ok(Box::new(Checked(nodes.clone().into_iter())))
    }))
}

struct Checked(std::vec::IntoIter<XNode>);

impl crate::value::Iter for Checked {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        self.0.next().map(|node| as_element(&node)).transpose()
    }
}

macro_rules! with_resolver {
    ($run:ident) => {
        |c| {
            let manager = resolver(c, 2)?;
            $run(
                c,
                manager.as_deref().map(|manager| manager as &dyn Namespaces),
            )
        }
    };
}

pub(super) fn define(types: &mut Types) {
    crate::dotnet::system::exception_type(
        types,
        "System.Xml.XPath.XPathException",
        "SystemException",
    )
    .beyond_documentation();
    let mut t = types.static_class("System.Xml.XPath.Extensions");
    t.beyond_documentation();
    t.extension(
        "object XPathEvaluate(this XNode node, string expression)",
        |c| any(c, None),
    );
    t.extension(
        "object XPathEvaluate(this XNode node, string expression, IXmlNamespaceResolver resolver)",
        with_resolver!(any),
    );
    t.extension(
        "XElement XPathSelectElement(this XNode node, string expression)",
        |c| first(c, None),
    );
    t.extension(
        "XElement XPathSelectElement(this XNode node, string expression, IXmlNamespaceResolver resolver)",
        with_resolver!(first),
    );
    t.extension(
        "IEnumerable<XElement> XPathSelectElements(this XNode node, string expression)",
        |c| all(c, None),
    );
    t.extension(
        "IEnumerable<XElement> XPathSelectElements(this XNode node, string expression, IXmlNamespaceResolver resolver)",
        with_resolver!(all),
    );
}
