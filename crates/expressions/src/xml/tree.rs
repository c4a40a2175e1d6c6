//! The nodes of XML trees, kept in a [`crate::forest`].

use super::names::Name;
use crate::forest::{Arena, TooLarge};
pub(super) use crate::forest::{Id, NONE};
use crate::value::Str;

/// A shared tree of nodes.
pub(super) type Tree = crate::forest::Tree<Nodes>;

/// `XDeclaration`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // the declaration's own parts
pub struct Declaration {
    pub version: Option<Str>,
    pub encoding: Option<Str>,
    pub standalone: Option<Str>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Document {
        declaration: Option<Declaration>,
    },
    Element {
        name: Name,
        attributes: Vec<Id>,
        /// Written `<a></a>` although there is no content.
        open: bool,
    },
    Attribute {
        name: Name,
        value: Str,
    },
    Text(Str),
    CData(Str),
    Comment(Str),
    Instruction {
        target: Str,
        data: Str,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) parent: Id,
    pub(super) children: Vec<Id>,
    pub(super) kind: Kind,
}

/// Nodes of one tree, or of several that were joined.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    list: Vec<Node>,
}

/// Bytes of a node, the list of its children and its own texts' heads.
const NODE_SIZE: usize = size_of::<Node>() + 96;

/// About the bytes that the tree of this text takes: every tag and every attribute makes a node.
pub(crate) fn size_of_tree(text: &str) -> usize {
    let nodes = text
        .bytes()
        .filter(|byte| matches!(byte, b'<' | b'='))
        .count();
    text.len()
        .saturating_mul(2)
        .saturating_add(size_of_nodes(nodes))
}

/// Bytes that a copy of so many nodes takes.
pub(crate) const fn size_of_nodes(count: usize) -> usize {
    count.saturating_mul(NODE_SIZE)
}

impl Nodes {
    /// Bytes of all nodes, texts aside: a copy shares them.
    pub(super) fn size(&self) -> usize {
        size_of_nodes(self.list.len())
    }

    /// The node at a position handed out by this tree.
    pub(super) fn get(&self, id: Id) -> &Node {
        &self.list[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Node {
        &mut self.list[id as usize]
    }

    /// Adds a node without telling its parent.
    pub(super) fn push(&mut self, parent: Id, kind: Kind) -> Result<Id, TooLarge> {
        let id = Id::try_from(self.list.len())
            .ok()
            .filter(|id| *id < NONE)
            .ok_or(TooLarge)?;
        self.list.push(Node {
            parent,
            children: Vec::new(),
            kind,
        });
        Ok(id)
    }

    pub(super) fn attributes(&self, id: Id) -> &[Id] {
        match &self.get(id).kind {
            Kind::Element { attributes, .. } => attributes,
            _ => &[],
        }
    }

    pub(super) fn name(&self, id: Id) -> Option<&Name> {
        match &self.get(id).kind {
            Kind::Element { name, .. } | Kind::Attribute { name, .. } => Some(name),
            _ => None,
        }
    }

    /// A copy of a subtree, its root at position 0.
    pub(super) fn copy(&self, root: Id) -> Nodes {
        let mut sources = vec![root];
        let mut list = vec![Node {
            parent: NONE,
            ..self.get(root).clone()
        }];
        let mut next = 0;
        while let Some(source) = sources.get(next).copied() {
            let mut place = |ids: &[Id], list: &mut Vec<Node>| -> Vec<Id> {
                ids.iter()
                    .map(|id| {
                        sources.push(*id);
                        list.push(Node {
                            parent: next as Id,
                            ..self.get(*id).clone()
                        });
                        list.len() as Id - 1
                    })
                    .collect()
            };
            let attributes = place(self.attributes(source), &mut list);
            let children = place(&self.get(source).children, &mut list);
            let copy = &mut list[next];
            copy.children = children;
            if let Kind::Element {
                attributes: slot, ..
            } = &mut copy.kind
            {
                *slot = attributes;
            }
            next += 1;
        }
        crate::forest::work(next);
        Nodes { list }
    }
}

impl Arena for Nodes {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn append(&mut self, other: &mut Self) -> Result<Id, TooLarge> {
        let offset = Id::try_from(self.list.len()).map_err(|_| TooLarge)?;
        if self.list.len() + other.list.len() >= NONE as usize {
            return Err(TooLarge);
        }
        for node in &mut other.list {
            if node.parent != NONE {
                node.parent += offset;
            }
            node.children.iter_mut().for_each(|id| *id += offset);
            if let Kind::Element { attributes, .. } = &mut node.kind {
                attributes.iter_mut().for_each(|id| *id += offset);
            }
        }
        self.list.append(&mut other.list);
        Ok(offset)
    }
}
