//! Changes to XML trees. A node that has a parent is copied when it is added elsewhere.

use std::rc::Rc;

use super::error::{Error, Result};
use super::names::Name;
use super::node::{NodeKind, XNode};
use super::tree::{Declaration, Kind, NONE, Nodes, Tree};
use crate::forest::{grown, work};
use crate::value::Str;

impl XNode {
    fn write<T>(&self, f: impl FnOnce(&mut Nodes, u32) -> T) -> T {
        self.tree.write(self.id, f)
    }

    /// A node ready to be put under `self`, both where they lie then.
    fn prepared(&self, item: &Self) -> Result<(Self, Self)> {
        let item = if item.container().is_some() {
            item.deep_clone()
        } else if self.lies_in(item) {
            // Whoever adds a node accounts for the copy of one that has a parent; a root is copied only here.
            let copy = item.deep_clone();
            grown(copy.tree.read(0, |nodes, _| nodes.size()));
            copy
        } else {
            item.clone()
        };
        let (here, there) = (self.located(), item.located());
        Tree::join(&here.tree, &there.tree)?;
        Ok((here.located(), there.located()))
    }

    /// Whether this node lies somewhere in the tree under `root`.
    fn lies_in(&self, root: &Self) -> bool {
        // A root in another store can't be above this node.
        Rc::ptr_eq(&self.located().tree, &root.located().tree) && self.root().same(root)
    }

    /// Inserts a node before position `at` of the children.
    pub fn insert(&self, at: usize, item: &Self) -> Result<()> {
        let kind = item.kind();
        if self.kind() == NodeKind::Document {
            self.check_document_child(item)?;
        }
        if kind == NodeKind::Attribute {
            return self.add_attribute(item);
        }
        if kind == NodeKind::Document {
            return Err(Error::Argument(
                "A node of type Document cannot be added to content.".to_owned(),
            ));
        }
        let (here, there) = self.prepared(item)?;
        here.write(|nodes, id| {
            let children = &mut nodes.get_mut(id).children;
            let at = at.min(children.len());
            work((children.len() - at) / 64);
            children.insert(at, there.id);
            nodes.get_mut(there.id).parent = id;
        });
        Ok(())
    }

    fn check_document_child(&self, item: &Self) -> Result<()> {
        match item.kind() {
            NodeKind::Element if !self.elements().is_empty() => Err(Error::InvalidOperation(
                "This operation would create an incorrectly structured document.",
            )),
            NodeKind::Attribute => Err(Error::Argument(
                "An attribute cannot be added to content.".to_owned(),
            )),
            NodeKind::CData | NodeKind::Document => Err(Error::Argument(
                "A node of that type cannot be added to a document.".to_owned(),
            )),
            NodeKind::Text if !item.value().to_utf8().trim().is_empty() => Err(Error::Argument(
                "Non-whitespace characters cannot be added to content.".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// `Add(node)`
    pub fn append(&self, item: &Self) -> Result<()> {
        self.insert(self.node_count(), item)
    }

    /// `Add("text")`: goes to the text node at the end, if there is one.
    pub fn append_text(&self, text: &Str) -> Result<()> {
        if self.kind() == NodeKind::Document {
            return self.check_document_child(&Self::text_of(text.clone()));
        }
        let joined = self.write(|nodes, id| {
            let node = nodes.get_mut(id);
            let last = node.children.last().copied();
            if let Kind::Element { open, .. } = &mut node.kind {
                *open = true;
            }
            match last.map(|last| &mut nodes.get_mut(last).kind) {
                Some(Kind::Text(old)) => {
                    *old = old.concat(text);
                    true
                }
                // Empty text leaves no node, at most the end tag.
                _ => text.is_empty(),
            }
        });
        if joined {
            Ok(())
        } else {
            self.append(&Self::text_of(text.clone()))
        }
    }

    fn add_attribute(&self, item: &Self) -> Result<()> {
        let Some(name) = item.name() else {
            return Ok(());
        };
        if self.attribute(&name).is_some() {
            return Err(Error::InvalidOperation("Duplicate attribute."));
        }
        let (here, there) = self.prepared(item)?;
        here.write(|nodes, id| {
            if let Kind::Element { attributes, .. } = &mut nodes.get_mut(id).kind {
                attributes.push(there.id);
            }
            nodes.get_mut(there.id).parent = id;
        });
        Ok(())
    }

    /// `Remove()`
    pub fn remove(&self) -> Result<()> {
        let Some(parent) = self.container() else {
            return Err(Error::InvalidOperation("The parent is missing."));
        };
        let this = self.located();
        parent.write(|nodes, id| {
            let node = nodes.get_mut(id);
            work(node.children.len() / 8);
            node.children.retain(|child| *child != this.id);
            let emptied = node.children.is_empty();
            if let Kind::Element {
                attributes, open, ..
            } = &mut node.kind
            {
                attributes.retain(|attribute| *attribute != this.id);
                *open &= !emptied;
            }
            nodes.get_mut(this.id).parent = NONE;
        });
        Ok(())
    }

    /// `RemoveNodes()`
    pub fn remove_nodes(&self) {
        self.write(|nodes, id| {
            let node = nodes.get_mut(id);
            if let Kind::Element { open, .. } = &mut node.kind {
                *open = false;
            }
            for child in std::mem::take(&mut node.children) {
                nodes.get_mut(child).parent = NONE;
            }
        });
    }

    /// `RemoveAttributes()`
    pub fn remove_attributes(&self) {
        self.write(|nodes, id| {
            let removed = match &mut nodes.get_mut(id).kind {
                Kind::Element { attributes, .. } => std::mem::take(attributes),
                _ => Vec::new(),
            };
            for attribute in removed {
                nodes.get_mut(attribute).parent = NONE;
            }
        });
    }

    /// Assigns `Value`: of elements all content is replaced.
    pub fn set_value(&self, value: Str) -> Result<()> {
        let done = self.write(|nodes, id| match &mut nodes.get_mut(id).kind {
            Kind::Attribute { value: old, .. }
            | Kind::Text(old)
            | Kind::CData(old)
            | Kind::Comment(old)
            | Kind::Instruction { data: old, .. } => {
                *old = value.clone();
                true
            }
            Kind::Element { .. } | Kind::Document { .. } => false,
        });
        if done {
            return Ok(());
        }
        self.remove_nodes();
        self.append_text(&value)
    }

    /// Assigns `Name`.
    pub fn set_name(&self, new: Name) {
        self.write(|nodes, id| {
            if let Kind::Element { name, .. } = &mut nodes.get_mut(id).kind {
                *name = new;
            }
        });
    }

    /// Assigns `Declaration`.
    pub fn set_declaration(&self, new: Option<Declaration>) {
        self.write(|nodes, id| {
            if let Kind::Document { declaration } = &mut nodes.get_mut(id).kind {
                *declaration = new;
            }
        });
    }

    /// `SetAttributeValue`: null removes.
    pub fn set_attribute(&self, name: Name, value: Option<Str>) -> Result<()> {
        match (self.attribute(&name), value) {
            (Some(attribute), Some(value)) => attribute.set_value(value),
            (Some(attribute), None) => attribute.remove(),
            (None, Some(value)) => self.append(&Self::attribute_of(name, value)),
            (None, None) => Ok(()),
        }
    }

    /// `SetElementValue`: null removes.
    pub fn set_element(&self, name: Name, value: Option<Str>) -> Result<()> {
        match (self.element_named(&name), value) {
            (Some(element), Some(value)) => element.set_value(value),
            (Some(element), None) => element.remove(),
            (None, Some(value)) => {
                let element = Self::element(name);
                element.append_text(&value)?;
                self.append(&element)
            }
            (None, None) => Ok(()),
        }
    }

    /// Position among the parent's children.
    pub fn index(&self) -> Option<(Self, usize)> {
        let parent = self.container()?;
        let this = self.located();
        let index =
            parent.read(|nodes, id| nodes.get(id).children.iter().position(|c| *c == this.id))?;
        work(index / 64);
        Some((parent, index))
    }
}
