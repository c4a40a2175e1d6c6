//! The nodes of JSON trees, kept in a [`crate::forest`].

use std::collections::HashMap;

use super::scalar::Scalar;
use super::token::TokenType;
use super::{Error, Result};
use crate::value::Str;

use crate::forest::{Arena, TooLarge, work};
pub(super) use crate::forest::{Id, NONE};

/// A shared tree of tokens.
pub(super) type Tree = crate::forest::Tree<Nodes>;
/// Objects with more members than this look names up in a hash table.
const INDEX_FROM: usize = 12;

/// One token's data.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Id,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Object(Box<Members>),
    Array(Box<Items>),
    Property {
        name: Str,
        value: Id,
    },
    Value {
        token_type: TokenType,
        value: Scalar,
    },
    Constructor {
        name: Str,
        items: Box<Items>,
    },
}

/// Children of an array or constructor.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) ids: Vec<Id>,
    /// Counts changes, so that an enumeration notices them.
    pub(super) version: u32,
}

/// Properties of an object in order.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) ids: Vec<Id>,
    pub(super) version: u32,
    index: Option<HashMap<Str, Id>>,
}

impl Kind {
    pub(super) fn object() -> Self {
        Self::Object(Box::default())
    }

    pub(super) fn array() -> Self {
        Self::Array(Box::default())
    }

    pub(super) fn token_type(&self) -> TokenType {
        match self {
            Self::Object(_) => TokenType::Object,
            Self::Array(_) => TokenType::Array,
            Self::Property { .. } => TokenType::Property,
            Self::Value { token_type, .. } => *token_type,
            Self::Constructor { .. } => TokenType::Constructor,
        }
    }

    /// The children, whatever kind of container this is.
    pub(super) fn children(&self) -> &[Id] {
        match self {
            Self::Object(members) => &members.ids,
            Self::Array(items) | Self::Constructor { items, .. } => &items.ids,
            Self::Property { value, .. } if *value != NONE => std::slice::from_ref(value),
            Self::Property { .. } | Self::Value { .. } => &[],
        }
    }

    pub(super) fn version(&self) -> u32 {
        match self {
            Self::Object(members) => members.version,
            Self::Array(items) | Self::Constructor { items, .. } => items.version,
            Self::Property { .. } | Self::Value { .. } => 0,
        }
    }

    fn shift(&mut self, offset: Id) {
        let ids: &mut [Id] = match self {
            Self::Object(members) => {
                if let Some(index) = &mut members.index {
                    index.values_mut().for_each(|id| *id += offset);
                }
                &mut members.ids
            }
            Self::Array(items) | Self::Constructor { items, .. } => &mut items.ids,
            Self::Property { value, .. } if *value != NONE => std::slice::from_mut(value),
            Self::Property { .. } | Self::Value { .. } => &mut [],
        };
        ids.iter_mut().for_each(|id| *id += offset);
    }
}

/// Nodes of one tree, or of several that were joined.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    list: Vec<Node>,
}

/// Bytes of a node with its place in its parent, and of the children's list of a container.
const NODE_SIZE: usize = size_of::<Node>() + size_of::<Items>() + 2 * size_of::<Id>();

/// An upper bound of the bytes that the tree of this text takes: nodes are parted by what is counted here.
pub(crate) fn size_of_tree(text: &str) -> usize {
    // In blocks whose count fits a byte, many bytes at a time are compared at once.
    let separators: usize = text
        .as_bytes()
        .chunks(255)
        .map(|block| {
            let found = block.iter().map(|byte| {
                // `[` and `{`, then `(` and `,`, differ in one bit.
                let opens = (*byte | 0x20) == b'{';
                u8::from(opens | ((*byte & !0x04) == b'(') | (*byte == b':'))
            });
            usize::from(found.sum::<u8>())
        })
        .sum();
    text.len()
        .saturating_add((separators + 1).saturating_mul(NODE_SIZE))
}

/// Bytes that a copy of so many nodes takes.
pub(crate) const fn size_of_nodes(count: usize) -> usize {
    count.saturating_mul(NODE_SIZE)
}

impl Nodes {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            list: Vec::with_capacity(capacity),
        }
    }

    /// The node at a position handed out by this tree.
    pub(super) fn get(&self, id: Id) -> &Node {
        &self.list[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Node {
        &mut self.list[id as usize]
    }

    /// Adds a node without telling its parent.
    pub(super) fn push(&mut self, parent: Id, kind: Kind) -> Result<Id> {
        let id = Id::try_from(self.list.len())
            .ok()
            .filter(|id| *id < NONE)
            .ok_or(TooLarge)?;
        self.list.push(Node { parent, kind });
        Ok(id)
    }

    /// The property of that name.
    pub(super) fn find_property(&self, object: Id, name: &Str) -> Option<Id> {
        let Kind::Object(members) = &self.get(object).kind else {
            return None;
        };
        match &members.index {
            Some(index) => index.get(name).copied(),
            None => members
                .ids
                .iter()
                .copied()
                .find(|id| self.property_name(*id) == Some(name)),
        }
    }

    /// [`Self::find_property`] for a name that is no .NET string yet.
    pub(super) fn find_property_str(&self, object: Id, name: &str) -> Option<Id> {
        let Kind::Object(members) = &self.get(object).kind else {
            return None;
        };
        match &members.index {
            Some(index) => index.get(&Str::from(name)).copied(),
            None => members
                .ids
                .iter()
                .copied()
                .find(|id| self.property_name(*id).is_some_and(|n| *n == *name)),
        }
    }

    pub(super) fn property_name(&self, id: Id) -> Option<&Str> {
        match &self.get(id).kind {
            Kind::Property { name, .. } => Some(name),
            _ => None,
        }
    }

    pub(super) fn property_value(&self, id: Id) -> Option<Id> {
        match self.get(id).kind {
            Kind::Property { value, .. } if value != NONE => Some(value),
            _ => None,
        }
    }

    /// Puts a property, already in the tree, into an object that has none of its name.
    pub(super) fn insert_member(&mut self, object: Id, at: usize, property: Id) {
        let Some(name) = self.property_name(property).cloned() else {
            return;
        };
        self.get_mut(property).parent = object;
        let Kind::Object(members) = &mut self.get_mut(object).kind else {
            return;
        };
        let at = at.min(members.ids.len());
        work((members.ids.len() - at) / 64);
        members.ids.insert(at, property);
        members.version = members.version.wrapping_add(1);
        if let Some(index) = &mut members.index {
            index.insert(name, property);
        } else if members.ids.len() > INDEX_FROM {
            self.build_index(object);
        }
    }

    #[allow(clippy::mutable_key_type)] // a Str's cell only caches another form of the same text
    fn build_index(&mut self, object: Id) {
        let Kind::Object(members) = &self.get(object).kind else {
            return;
        };
        let index = members
            .ids
            .iter()
            .filter_map(|id| self.property_name(*id).map(|name| (name.clone(), *id)))
            .collect();
        if let Kind::Object(members) = &mut self.get_mut(object).kind {
            members.index = Some(index);
        }
    }

    /// Puts another property in the place of one; the old one stands alone afterwards.
    pub(super) fn replace_member(&mut self, object: Id, at: usize, property: Id) {
        let Some(name) = self.property_name(property).cloned() else {
            return;
        };
        let Kind::Object(members) = &self.get(object).kind else {
            return;
        };
        let Some(old) = members.ids.get(at).copied() else {
            return;
        };
        let old_name = self.property_name(old).cloned();
        self.get_mut(old).parent = NONE;
        self.get_mut(property).parent = object;
        let Kind::Object(members) = &mut self.get_mut(object).kind else {
            return;
        };
        if let Some(slot) = members.ids.get_mut(at) {
            *slot = property;
        }
        members.version = members.version.wrapping_add(1);
        if let Some(index) = &mut members.index {
            if let Some(old_name) = &old_name {
                index.remove(old_name);
            }
            index.insert(name, property);
        }
    }

    /// Takes the property at a position out of an object.
    pub(super) fn remove_member(&mut self, object: Id, at: usize) {
        let Kind::Object(members) = &mut self.get_mut(object).kind else {
            return;
        };
        if at >= members.ids.len() {
            return;
        }
        work((members.ids.len() - at) / 64);
        let property = members.ids.remove(at);
        members.version = members.version.wrapping_add(1);
        let indexed = members.index.is_some();
        self.get_mut(property).parent = NONE;
        if indexed
            && let Some(name) = self.property_name(property).cloned()
            && let Kind::Object(members) = &mut self.get_mut(object).kind
            && let Some(index) = &mut members.index
        {
            index.remove(&name);
        }
    }

    /// Takes all properties out of an object.
    pub(super) fn clear_members(&mut self, object: Id) {
        let Kind::Object(members) = &mut self.get_mut(object).kind else {
            return;
        };
        let ids = std::mem::take(&mut members.ids);
        members.index = None;
        members.version = members.version.wrapping_add(1);
        for id in ids {
            self.get_mut(id).parent = NONE;
        }
    }

    /// Children, whatever kind of container the node is.
    pub(super) fn children(&self, id: Id) -> &[Id] {
        self.get(id).kind.children()
    }

    /// Index of a node among its parent's children.
    pub(super) fn index_in_parent(&self, id: Id) -> Option<usize> {
        let parent = self.get(id).parent;
        if parent == NONE {
            return None;
        }
        let index = self.children(parent).iter().position(|child| *child == id);
        work(index.unwrap_or_default() / 64);
        index
    }

    pub(super) fn root_of(&self, mut id: Id) -> Id {
        let mut depth = 0;
        while self.get(id).parent != NONE {
            id = self.get(id).parent;
            depth += 1;
        }
        work(depth);
        id
    }

    /// A copy of a subtree, its root at position 0.
    pub(super) fn copy(&self, root: Id) -> Nodes {
        let mut sources = vec![root];
        let mut copy = Nodes {
            list: vec![Node {
                parent: NONE,
                kind: empty_copy(&self.get(root).kind),
            }],
        };
        let mut next = 0;
        // Breadth first: children of a copied node are appended, then visited in their turn.
        while let Some(source) = sources.get(next).copied() {
            let children = self.children(source);
            let first = copy.list.len() as Id;
            for child in children {
                sources.push(*child);
                copy.list.push(Node {
                    parent: next as Id,
                    kind: empty_copy(&self.get(*child).kind),
                });
            }
            let ids = first..first + children.len() as Id;
            match &mut copy.list[next].kind {
                Kind::Object(members) => members.ids = ids.collect(),
                Kind::Array(items) | Kind::Constructor { items, .. } => items.ids = ids.collect(),
                Kind::Property { value, .. } if !children.is_empty() => *value = first,
                Kind::Property { .. } | Kind::Value { .. } => {}
            }
            if children.len() > INDEX_FROM && matches!(copy.list[next].kind, Kind::Object(_)) {
                copy.build_index(next as Id);
            }
            next += 1;
        }
        work(next);
        copy
    }
}

impl Arena for Nodes {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn append(&mut self, other: &mut Self) -> std::result::Result<Id, TooLarge> {
        let offset = Id::try_from(self.list.len()).map_err(|_| TooLarge)?;
        if self.list.len() + other.list.len() >= NONE as usize {
            return Err(TooLarge);
        }
        for node in &mut other.list {
            if node.parent != NONE {
                node.parent += offset;
            }
            node.kind.shift(offset);
        }
        self.list.append(&mut other.list);
        Ok(offset)
    }
}

impl From<TooLarge> for Error {
    fn from(_: TooLarge) -> Self {
        Self::json("The JSON tree has too many tokens.")
    }
}

fn empty_copy(kind: &Kind) -> Kind {
    match kind {
        Kind::Object(_) => Kind::object(),
        Kind::Array(_) => Kind::array(),
        Kind::Property { name, .. } => Kind::Property {
            name: name.clone(),
            value: NONE,
        },
        Kind::Value { token_type, value } => Kind::Value {
            token_type: *token_type,
            value: value.clone(),
        },
        Kind::Constructor { name, .. } => Kind::Constructor {
            name: name.clone(),
            items: Box::default(),
        },
    }
}
