//! [`XNode`]: a handle to a node or attribute, and everything that can be asked of it.

use std::rc::Rc;

use super::names::Name;
use super::tree::{Declaration, Id, Kind, NONE, Nodes, Tree};
use crate::forest::work;
use crate::value::Str;

/// What a handle refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // LINQ to XML's classes
pub enum NodeKind {
    Document,
    Element,
    Attribute,
    Text,
    CData,
    Comment,
    Instruction,
}

impl NodeKind {
    /// The number of the `XmlNodeType` value.
    pub const fn node_type(self) -> i64 {
        match self {
            Self::Element => 1,
            Self::Attribute => 2,
            Self::Text => 3,
            Self::CData => 4,
            Self::Instruction => 7,
            Self::Comment => 8,
            Self::Document => 9,
        }
    }
}

/// A reference to a node or attribute. Cloning gives another reference to the same one.
#[derive(Clone)]
pub struct XNode {
    pub(super) tree: Rc<Tree>,
    pub(super) id: Id,
}

impl std::fmt::Debug for XNode {
    /// The node's kind alone: contents may be large or secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "XNode({:?})", self.kind())
    }
}

impl XNode {
    pub(super) fn single(kind: Kind) -> Self {
        let mut nodes = Nodes::default();
        // The first node of a tree always has room.
        let id = nodes.push(NONE, kind).unwrap_or(0);
        Self {
            tree: Tree::new(nodes),
            id,
        }
    }

    /// `new XElement(name)`
    pub fn element(name: Name) -> Self {
        Self::single(Kind::Element {
            name,
            attributes: Vec::new(),
            open: false,
        })
    }

    /// `new XAttribute(name, value)`
    pub fn attribute_of(name: Name, value: Str) -> Self {
        Self::single(Kind::Attribute { name, value })
    }

    /// `new XDocument()`
    pub fn document() -> Self {
        Self::single(Kind::Document { declaration: None })
    }

    /// `new XText(value)`
    pub fn text_of(value: Str) -> Self {
        Self::single(Kind::Text(value))
    }

    /// `new XCData(value)`
    pub fn cdata(value: Str) -> Self {
        Self::single(Kind::CData(value))
    }

    /// `new XComment(value)`
    pub fn comment(value: Str) -> Self {
        Self::single(Kind::Comment(value))
    }

    /// `new XProcessingInstruction(target, data)`
    pub fn instruction(target: Str, data: Str) -> Self {
        Self::single(Kind::Instruction { target, data })
    }

    pub(super) fn read<T>(&self, f: impl FnOnce(&Nodes, Id) -> T) -> T {
        self.tree.read(self.id, f)
    }

    pub(super) fn located(&self) -> Self {
        let (tree, id) = self.tree.locate(self.id);
        Self { tree, id }
    }

    fn at(&self, f: impl FnOnce(&Nodes, Id) -> Option<Id>) -> Option<Self> {
        let here = self.located();
        let id = here.read(f)?;
        Some(Self {
            tree: here.tree,
            id,
        })
    }

    fn all_at(&self, f: impl FnOnce(&Nodes, Id) -> Vec<Id>) -> Vec<Self> {
        let here = self.located();
        let ids = here.read(f);
        ids.into_iter()
            .map(|id| Self {
                tree: here.tree.clone(),
                id,
            })
            .collect()
    }

    /// An address that no other node has at this moment; it changes when trees are changed.
    pub fn identity(&self) -> usize {
        self.read(|nodes, id| std::ptr::from_ref(nodes.get(id)).addr())
    }

    /// Whether both are references to one node.
    pub fn same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// What this is.
    pub fn kind(&self) -> NodeKind {
        self.read(|nodes, id| match nodes.get(id).kind {
            Kind::Document { .. } => NodeKind::Document,
            Kind::Element { .. } => NodeKind::Element,
            Kind::Attribute { .. } => NodeKind::Attribute,
            Kind::Text(_) => NodeKind::Text,
            Kind::CData(_) => NodeKind::CData,
            Kind::Comment(_) => NodeKind::Comment,
            Kind::Instruction { .. } => NodeKind::Instruction,
        })
    }

    /// `Name` of an element or attribute.
    pub fn name(&self) -> Option<Name> {
        self.read(|nodes, id| nodes.name(id).cloned())
    }

    /// `Declaration` of a document.
    pub fn declaration(&self) -> Option<Declaration> {
        self.read(|nodes, id| match &nodes.get(id).kind {
            Kind::Document { declaration } => declaration.clone(),
            _ => None,
        })
    }

    /// `Target` of a processing instruction.
    pub fn target(&self) -> Option<Str> {
        self.read(|nodes, id| match &nodes.get(id).kind {
            Kind::Instruction { target, .. } => Some(target.clone()),
            _ => None,
        })
    }

    /// `Value`: own text, of elements the text of all descendants.
    pub fn value(&self) -> Str {
        self.read(|nodes, id| match &nodes.get(id).kind {
            Kind::Attribute { value, .. } => value.clone(),
            Kind::Text(text) | Kind::CData(text) | Kind::Comment(text) => text.clone(),
            Kind::Instruction { data, .. } => data.clone(),
            Kind::Document { .. } | Kind::Element { .. } => {
                let mut out = crate::value::StrBuilder::new();
                let mut pending = vec![id];
                while let Some(next) = pending.pop() {
                    let node = nodes.get(next);
                    if let Kind::Text(text) | Kind::CData(text) = &node.kind {
                        out.push(text);
                    }
                    work(1 + node.children.len());
                    pending.extend(node.children.iter().rev());
                }
                out.finish()
            }
        })
    }

    /// The parent node, a document included.
    pub fn container(&self) -> Option<Self> {
        self.at(|nodes, id| Some(nodes.get(id).parent).filter(|parent| *parent != NONE))
    }

    /// `Parent`: the parent element.
    pub fn parent(&self) -> Option<Self> {
        self.container()
            .filter(|parent| parent.kind() == NodeKind::Element)
    }

    /// The root of the tree, whatever it is.
    pub fn root(&self) -> Self {
        self.at(|nodes, mut id| {
            while nodes.get(id).parent != NONE {
                id = nodes.get(id).parent;
                work(1);
            }
            Some(id)
        })
        .unwrap_or_else(|| self.clone())
    }

    /// Number of nodes in an element or document.
    pub fn node_count(&self) -> usize {
        self.read(|nodes, id| nodes.get(id).children.len())
    }

    /// `Nodes()`
    pub fn nodes(&self) -> Vec<Self> {
        self.all_at(|nodes, id| {
            work(nodes.get(id).children.len() / 4);
            nodes.get(id).children.clone()
        })
    }

    /// `Elements()`
    pub fn elements(&self) -> Vec<Self> {
        self.all_at(|nodes, id| {
            work(nodes.get(id).children.len() / 4);
            let is_element = |id: &Id| matches!(nodes.get(*id).kind, Kind::Element { .. });
            nodes
                .get(id)
                .children
                .iter()
                .copied()
                .filter(is_element)
                .collect()
        })
    }

    /// `Element(name)`
    pub fn element_named(&self, name: &Name) -> Option<Self> {
        self.at(|nodes, id| {
            let named = |id: &Id| matches!(&nodes.get(*id).kind, Kind::Element { name: n, .. } if n == name);
            nodes.get(id).children.iter().copied().find(named)
        })
    }

    /// `Attributes()`
    pub fn attributes(&self) -> Vec<Self> {
        self.all_at(|nodes, id| nodes.attributes(id).to_vec())
    }

    /// `Attribute(name)`
    pub fn attribute(&self, name: &Name) -> Option<Self> {
        self.at(|nodes, id| {
            nodes
                .attributes(id)
                .iter()
                .copied()
                .find(|a| nodes.name(*a) == Some(name))
        })
    }

    /// `DescendantNodes()` in document order, this node first when asked for.
    pub fn descendants(&self, and_self: bool) -> Vec<Self> {
        self.all_at(|nodes, id| {
            let mut found = Vec::new();
            let mut pending = vec![id];
            while let Some(next) = pending.pop() {
                found.push(next);
                pending.extend(nodes.get(next).children.iter().rev());
            }
            work(found.len());
            if !and_self {
                found.remove(0);
            }
            found
        })
    }

    /// Parent elements, nearest first, this one first when asked for.
    pub fn ancestors(&self, and_self: bool) -> Vec<Self> {
        let first = if and_self {
            Some(self.clone())
        } else {
            self.parent()
        };
        let found: Vec<Self> = std::iter::successors(first, Self::parent).collect();
        work(found.len());
        found
    }

    /// The node `step` places on among its siblings; attributes among attributes.
    pub fn sibling(&self, step: isize) -> Option<Self> {
        self.at(|nodes, id| {
            let parent = nodes.get(id).parent;
            if parent == NONE {
                return None;
            }
            let siblings = match nodes.get(id).kind {
                Kind::Attribute { .. } => nodes.attributes(parent),
                _ => &nodes.get(parent).children,
            };
            let index = siblings.iter().position(|s| *s == id)?;
            work(index / 64);
            let index = index.checked_add_signed(step)?;
            siblings.get(index).copied()
        })
    }

    /// `IsEmpty`: nothing between the tags, written as one tag.
    pub fn is_empty(&self) -> bool {
        self.read(|nodes, id| {
            let node = nodes.get(id);
            matches!(node.kind, Kind::Element { open: false, .. }) && node.children.is_empty()
        })
    }

    /// A copy without parent.
    pub fn deep_clone(&self) -> Self {
        Self {
            tree: Tree::new(self.read(Nodes::copy)),
            id: 0,
        }
    }

    /// `XNode.DeepEquals`
    pub fn deep_equals(&self, other: &Self) -> bool {
        let (a, b) = (self.located(), other.located());
        if Rc::ptr_eq(&a.tree, &b.tree) {
            a.read(|nodes, a| equal(nodes, a, nodes, b.id))
        } else {
            a.read(|x, a| b.read(|y, b| equal(x, a, y, b)))
        }
    }

    /// The namespace that a prefix stands for here; the empty prefix is the default namespace.
    pub fn namespace_of_prefix(&self, prefix: &str) -> Option<Str> {
        match prefix {
            "xml" => return Some(super::XML_NAMESPACE.into()),
            "xmlns" => return Some(super::XMLNS_NAMESPACE.into()),
            _ => {}
        }
        self.ancestors(true)
            .iter()
            .flat_map(Self::attributes)
            .find_map(|attribute| {
                let name = attribute.name()?;
                let declares = if prefix.is_empty() {
                    name.namespace.is_empty() && name.local == *"xmlns"
                } else {
                    name.namespace == *super::XMLNS_NAMESPACE && name.local == *prefix
                };
                declares.then(|| attribute.value())
            })
    }

    /// The name with the prefix that is in force here: `p:a`, or `a` in a default or no namespace.
    pub fn qualified_name(&self) -> Str {
        let Some(name) = self.name() else {
            return Str::EMPTY;
        };
        let prefix = self.prefix();
        if prefix.is_empty() {
            name.local
        } else {
            format!("{prefix}:{}", name.local).into()
        }
    }

    /// The prefix of the name, empty for none.
    pub fn prefix(&self) -> Str {
        let Some(name) = self.name().filter(|name| !name.namespace.is_empty()) else {
            return Str::EMPTY;
        };
        if name.namespace == *super::XMLNS_NAMESPACE {
            return "xmlns".into();
        }
        let is_element = self.kind() == NodeKind::Element;
        let place = if is_element {
            Some(self.clone())
        } else {
            self.parent()
        };
        let Some(place) = place else {
            return Str::EMPTY;
        };
        let default = || place.namespace_of_prefix("");
        if is_element && default().is_some_and(|default| default == name.namespace) {
            return Str::EMPTY;
        }
        place
            .prefix_of_namespace(&name.namespace.to_utf8())
            .unwrap_or(Str::EMPTY)
    }

    /// A prefix that stands for the namespace here.
    pub fn prefix_of_namespace(&self, namespace: &str) -> Option<Str> {
        if namespace == super::XML_NAMESPACE {
            return Some("xml".into());
        }
        let declared = self
            .ancestors(true)
            .into_iter()
            .flat_map(|e| e.attributes())
            .find_map(|attribute| {
                let name = attribute.name()?;
                let fits =
                    name.namespace == *super::XMLNS_NAMESPACE && attribute.value() == *namespace;
                fits.then_some(name.local)
            });
        // An inner declaration may have given the prefix to another namespace.
        declared.filter(|prefix| {
            self.namespace_of_prefix(&prefix.to_utf8())
                .is_some_and(|found| found == *namespace)
        })
    }
}

fn equal(a_nodes: &Nodes, a: Id, b_nodes: &Nodes, b: Id) -> bool {
    let mut pending = vec![(a, b)];
    while let Some((a, b)) = pending.pop() {
        work(1);
        let (x, y) = (a_nodes.get(a), b_nodes.get(b));
        let same = match (&x.kind, &y.kind) {
            (Kind::Document { .. }, Kind::Document { .. }) => true,
            (
                Kind::Element {
                    name,
                    attributes,
                    open,
                },
                Kind::Element {
                    name: other_name,
                    attributes: other,
                    open: other_open,
                },
            ) => {
                pending.extend(attributes.iter().copied().zip(other.iter().copied()));
                let empty = x.children.is_empty() && y.children.is_empty();
                name == other_name
                    && attributes.len() == other.len()
                    && (!empty || open == other_open)
            }
            (
                Kind::Attribute { name, value },
                Kind::Attribute {
                    name: other_name,
                    value: other,
                },
            ) => name == other_name && value == other,
            (Kind::Text(v), Kind::Text(w))
            | (Kind::CData(v), Kind::CData(w))
            | (Kind::Comment(v), Kind::Comment(w)) => v == w,
            (
                Kind::Instruction { target, data },
                Kind::Instruction {
                    target: other_target,
                    data: other,
                },
            ) => target == other_target && data == other,
            _ => false,
        };
        if !same || x.children.len() != y.children.len() {
            return false;
        }
        pending.extend(x.children.iter().copied().zip(y.children.iter().copied()));
    }
    true
}
