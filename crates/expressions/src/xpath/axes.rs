//! The axes: which nodes lie where as seen from a node, nearest first.

use super::ast::Axis;
use super::value::{Node, is_text};
use crate::xml::{Name, NodeKind, XML_NAMESPACE, XMLNS_NAMESPACE, XNode};

/// Nodes of an axis in the axis's order.
pub(super) fn along(axis: Axis, from: &Node) -> Vec<Node> {
    match axis {
        Axis::OneSelf => vec![from.clone()],
        Axis::Parent => parent(from).into_iter().map(Node::from).collect(),
        Axis::Child => children(from),
        Axis::Descendant => descendants(from, false),
        Axis::DescendantOrSelf => descendants(from, true),
        Axis::Ancestor => ancestors(from),
        Axis::AncestorOrSelf => {
            let mut found = vec![from.clone()];
            found.extend(ancestors(from));
            found
        }
        Axis::Attribute => attributes(from),
        Axis::Namespace => namespaces(from),
        Axis::FollowingSibling => siblings(from, true),
        Axis::PrecedingSibling => siblings(from, false),
        Axis::Following => beyond(from, true),
        Axis::Preceding => beyond(from, false),
    }
}

pub(super) fn parent(from: &Node) -> Option<XNode> {
    match &from.namespace_of {
        Some(element) => Some(element.clone()),
        None => from.node.container(),
    }
}

/// Whether pieces of text before this one make it a part of their node.
fn continues_text(node: &XNode) -> bool {
    is_text(node) && node.sibling(-1).is_some_and(|before| is_text(&before))
}

fn is_tree(from: &Node) -> bool {
    matches!(from.kind(), NodeKind::Element | NodeKind::Document)
}

/// Nodes without the texts that continue others; all have one parent or lie in document order.
fn nodes_of(nodes: Vec<XNode>) -> Vec<Node> {
    nodes
        .into_iter()
        .filter(|node| !continues_text(node))
        .map(Node::from)
        .collect()
}

fn children(from: &Node) -> Vec<Node> {
    if !is_tree(from) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut after_text = false;
    for node in from.node.nodes() {
        let text = is_text(&node);
        if !(text && after_text) {
            found.push(Node::from(node));
        }
        after_text = text;
    }
    found
}

fn descendants(from: &Node, and_self: bool) -> Vec<Node> {
    if !is_tree(from) {
        return if and_self {
            vec![from.clone()]
        } else {
            Vec::new()
        };
    }
    nodes_of(from.node.descendants(and_self))
}

fn ancestors(from: &Node) -> Vec<Node> {
    std::iter::successors(parent(from), XNode::container)
        .map(Node::from)
        .collect()
}

fn is_declaration(attribute: &XNode) -> bool {
    attribute.name().is_some_and(|name| name.is_declaration())
}

fn attributes(from: &Node) -> Vec<Node> {
    if from.kind() != NodeKind::Element {
        return Vec::new();
    }
    let all = from.node.attributes().into_iter();
    all.filter(|attribute| !is_declaration(attribute))
        .map(Node::from)
        .collect()
}

/// The declarations in force, the nearest of each prefix, and the one of `xml`.
fn namespaces(from: &Node) -> Vec<Node> {
    if from.kind() != NodeKind::Element {
        return Vec::new();
    }
    let mut found: Vec<XNode> = Vec::new();
    for element in from.node.ancestors(true) {
        for attribute in element.attributes() {
            let hidden = |known: &XNode| known.name() == attribute.name();
            if is_declaration(&attribute) && !found.iter().any(hidden) {
                found.push(attribute);
            }
        }
    }
    // `xmlns=""` takes a default namespace away.
    found.retain(|declaration| !declaration.value().is_empty());
    let xml = Name {
        local: "xml".into(),
        namespace: XMLNS_NAMESPACE.into(),
    };
    if !found
        .iter()
        .any(|known| known.name().as_ref() == Some(&xml))
    {
        found.push(XNode::attribute_of(xml, XML_NAMESPACE.into()));
    }
    let element = &from.node;
    found
        .into_iter()
        .map(|node| Node {
            node,
            namespace_of: Some(element.clone()),
        })
        .collect()
}

fn siblings(from: &Node, after: bool) -> Vec<Node> {
    if from.namespace_of.is_some() || from.kind() == NodeKind::Attribute {
        return Vec::new();
    }
    let Some((parent, index)) = from.node.index() else {
        return Vec::new();
    };
    let mut nodes = parent.nodes();
    if after {
        nodes.drain(..=index.min(nodes.len() - 1));
        // Pieces of the text this node begins belong to it.
        if from.is_text() {
            let own = nodes.iter().take_while(|node| is_text(node)).count();
            nodes.drain(..own);
        }
        nodes_of(nodes)
    } else {
        nodes.truncate(index);
        let mut found = nodes_of(nodes);
        found.reverse();
        found
    }
}

/// `following` and `preceding`: everything after or before that is neither inside nor around the node.
fn beyond(from: &Node, after: bool) -> Vec<Node> {
    let mut found = Vec::new();
    let mut at = from.clone();
    let attached = from.namespace_of.is_some() || from.kind() == NodeKind::Attribute;
    if attached {
        let Some(element) = parent(from) else {
            return found;
        };
        at = Node::from(element);
        if after {
            // What is in the element comes after its attributes.
            found.extend(descendants(&at, false));
        }
    }
    loop {
        for sibling in siblings(&at, after) {
            let mut inside = descendants(&sibling, true);
            if !after {
                inside.reverse();
            }
            found.extend(inside);
        }
        match parent(&at) {
            Some(up) => at = Node::from(up),
            None => return found,
        }
    }
}
