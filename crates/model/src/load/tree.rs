//! A file as a tree of nodes that know their place.
//!
//! The tree is untyped: scalars stay text, so that `"3"` and `3` are equally good numbers (ARM samples quote them).

use std::sync::Arc;

use serde_json::{Map, Number};
use tidegate_policy_xml::diagnostic::SourceFile;

use crate::{Located, Origin};

/// A value and its place.
#[derive(Clone)]
pub(crate) struct Node {
    pub value: Value,
    pub origin: Origin,
}

/// An untyped value.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A scalar as text.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub text: String,
    /// Written without quotes, hence perhaps a number, boolean or null.
    pub plain: bool,
    /// Written as a literal block (`|`): each of its lines is a line of the file.
    pub block: bool,
}

/// A member of a mapping.
#[derive(Clone)]
pub(crate) struct Entry {
    pub key: Located<String>,
    pub value: Node,
}

impl Node {
    /// Nothing, at a place.
    pub fn null(origin: Origin) -> Self {
        Self {
            value: Value::Null,
            origin,
        }
    }

    /// Text, at a place.
    pub fn text(text: impl Into<String>, origin: Origin) -> Self {
        Self {
            value: Value::Scalar(Scalar {
                text: text.into(),
                plain: false,
                block: false,
            }),
            origin,
        }
    }

    /// Sets a member of a mapping.
    pub fn set(&mut self, key: &str, value: Node) {
        if let Value::Mapping(entries) = &mut self.value {
            match entries.iter_mut().find(|entry| entry.key.value == key) {
                Some(entry) => entry.value = value,
                None => entries.push(Entry {
                    key: Located::new(key.to_owned(), value.origin.clone()),
                    value,
                }),
            }
        }
    }

    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The members of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// A member of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.value)
            .filter(|node| !node.is_null())
    }

    /// The text of a member of a mapping.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_text)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// In words, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// As JSON; scalars without quotes get the type YAML's core schema gives them.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Scalar(scalar) => scalar_to_json(scalar),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => {
                let mut members = Map::new();
                for entry in entries {
                    members.insert(entry.key.value.clone(), entry.value.to_json());
                }
                serde_json::Value::Object(members)
            }
        }
    }

    /// Merges `other` over this node: mappings member by member, everything else is replaced.
    pub fn merge(&mut self, other: &Node) {
        match (&mut self.value, &other.value) {
            (Value::Mapping(entries), Value::Mapping(others)) => {
                for other in others {
                    match entries
                        .iter_mut()
                        .find(|entry| entry.key.value == other.key.value)
                    {
                        Some(entry) => entry.value.merge(&other.value),
                        None => entries.push(other.clone()),
                    }
                }
            }
            _ => *self = other.clone(),
        }
    }

    /// The content of an ARM envelope: the members of `properties` and those beside it that are no part of the
    /// envelope. Anything else is returned as it is.
    pub fn without_envelope(&self) -> Node {
        const ENVELOPE: [&str; 9] = [
            "properties",
            "id",
            "name",
            "type",
            "apiVersion",
            "$schema",
            "dependsOn",
            "location",
            "scale",
        ];
        let Some(properties) = self.get("properties") else {
            return self.clone();
        };
        let Value::Mapping(inner) = &properties.value else {
            return self.clone();
        };
        let mut entries = inner.clone();
        for entry in self.entries() {
            if !ENVELOPE.contains(&entry.key.value.as_str())
                && !inner.iter().any(|known| known.key.value == entry.key.value)
            {
                entries.push(entry.clone());
            }
        }
        Node {
            value: Value::Mapping(entries),
            origin: properties.origin.clone(),
        }
    }

    /// The text of every scalar of the tree.
    pub fn visit_texts<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match &self.value {
            Value::Null => {}
            Value::Scalar(scalar) => visit(&scalar.text),
            Value::Sequence(items) => items.iter().for_each(|item| item.visit_texts(visit)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.value.visit_texts(visit);
                }
            }
        }
    }

    /// Every scalar of the tree, to change it.
    pub fn visit_scalars(&mut self, visit: &mut dyn FnMut(&mut Scalar, &Origin)) {
        match &mut self.value {
            Value::Null => {}
            Value::Scalar(scalar) => visit(scalar, &self.origin),
            Value::Sequence(items) => {
                for item in items {
                    item.visit_scalars(visit);
                }
            }
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.value.visit_scalars(visit);
                }
            }
        }
    }

    /// Makes another text the one that the whole tree points into.
    pub fn relocate(&mut self, file: &Arc<SourceFile>) {
        self.origin.file = file.clone();
        match &mut self.value {
            Value::Null | Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.relocate(file)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.key.origin.file = file.clone();
                    entry.value.relocate(file);
                }
            }
        }
    }
}

fn scalar_to_json(scalar: &Scalar) -> serde_json::Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return text.into();
    }
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    // YAML's numbers, as far as JSON has them: no hexadecimal, no leading zeros.
    match text.parse::<Number>() {
        Ok(number) => serde_json::Value::Number(number),
        Err(_) => text.into(),
    }
}
