//! The form in which values are kept: plain data that any thread may hold, with its .NET type.
//!
//! Expression values flow in and out by conversion elsewhere; only what is needed to get back the same type and content
//! is here. A clone is a reference count. Debug output tells type and size, never content.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// How deep lists and maps may lie in each other.
pub const MAX_DEPTH: u8 = 32;

/// Bytes that an entry costs beyond its content.
const OVERHEAD: usize = 64;

/// `System.DateTimeKind`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateKind {
    /// Neither of the others.
    Unspecified,
    /// Universal time.
    Utc,
    /// The server's local time.
    Local,
}

/// Which kind of JSON token a text is the text of; decides which `JToken` class comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonRoot {
    /// `JObject`
    Object,
    /// `JArray`
    Array,
    /// `JValue`
    Value,
}

/// A value as a store keeps it.
#[derive(Clone, PartialEq)]
pub enum Stored {
    /// null
    Null,
    /// `System.Boolean`
    Bool(bool),
    /// `System.Char`, a UTF-16 code unit
    Char(u16),
    /// `System.Int32`
    Int32(i32),
    /// `System.Int64`
    Int64(i64),
    /// `System.Double`
    Double(f64),
    /// `System.String`
    String(Arc<str>),
    /// A `System.String` with lone surrogates, which UTF-8 cannot hold, as UTF-16 code units.
    Utf16(Arc<[u16]>),
    /// `System.Byte[]`
    Bytes(Bytes),
    /// A `JToken`, as JSON text.
    Json {
        /// What it is.
        root: JsonRoot,
        /// Its text.
        text: Arc<str>,
    },
    /// `System.DateTime`
    DateTime {
        /// Units of 100 ns since 0001-01-01.
        ticks: i64,
        /// Which time it tells.
        kind: DateKind,
    },
    /// `System.DateTimeOffset`
    DateTimeOffset {
        /// Units of 100 ns since 0001-01-01, in local time of the offset.
        ticks: i64,
        /// Distance to universal time.
        offset_minutes: i16,
    },
    /// `System.TimeSpan` in units of 100 ns
    TimeSpan(i64),
    /// `System.Guid`, in the order of its text form
    Guid([u8; 16]),
    /// Any other type that has an exact text form: `System.Decimal`, `System.Byte`, `System.Uri`, …
    Text {
        /// Full .NET name of the type.
        type_name: Arc<str>,
        /// Its text, culture-invariant.
        text: Arc<str>,
    },
    /// A sequence with the full .NET name of its type.
    List(StoredList),
    /// A dictionary with the full .NET name of its type, in its order of enumeration.
    Map(StoredMap),
}

/// Lists and maps lie in each other more than [`MAX_DEPTH`] deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is nested more than {MAX_DEPTH} levels deep, too deep to be stored")]
pub struct TooDeep;

/// A sequence of stored values.
#[derive(Clone, PartialEq)]
pub struct StoredList {
    depth: u8,
    type_name: Arc<str>,
    items: Arc<[Stored]>,
}

impl StoredList {
    /// A sequence of the .NET type `type_name`.
    ///
    /// # Errors
    /// An item is nested too deep.
    pub fn new(type_name: impl Into<Arc<str>>, items: Vec<Stored>) -> Result<Self, TooDeep> {
        Ok(Self {
            depth: deeper(items.iter())?,
            type_name: type_name.into(),
            items: items.into(),
        })
    }

    /// Full .NET name of its type.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Its items.
    pub fn items(&self) -> &[Stored] {
        &self.items
    }
}

/// A dictionary of stored keys and values.
#[derive(Clone, PartialEq)]
pub struct StoredMap {
    depth: u8,
    type_name: Arc<str>,
    entries: Arc<[(Stored, Stored)]>,
}

impl StoredMap {
    /// A dictionary of the .NET type `type_name`.
    ///
    /// # Errors
    /// A key or value is nested too deep.
    pub fn new(
        type_name: impl Into<Arc<str>>,
        entries: Vec<(Stored, Stored)>,
    ) -> Result<Self, TooDeep> {
        Ok(Self {
            depth: deeper(entries.iter().flat_map(|(key, value)| [key, value]))?,
            type_name: type_name.into(),
            entries: entries.into(),
        })
    }

    /// Full .NET name of its type.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Its entries.
    pub fn entries(&self) -> &[(Stored, Stored)] {
        &self.entries
    }
}

/// The depth of a container of `items`.
fn deeper<'a>(items: impl Iterator<Item = &'a Stored>) -> Result<u8, TooDeep> {
    let deepest = items.map(Stored::depth).max().unwrap_or(0);
    if deepest < MAX_DEPTH {
        Ok(deepest + 1)
    } else {
        Err(TooDeep)
    }
}

impl Stored {
    fn depth(&self) -> u8 {
        match self {
            Stored::List(list) => list.depth,
            Stored::Map(map) => map.depth,
            _ => 0,
        }
    }

    /// Full .NET name of the type that comes back; `null` for null.
    pub fn type_name(&self) -> &str {
        match self {
            Stored::Null => "null",
            Stored::Bool(_) => "System.Boolean",
            Stored::Char(_) => "System.Char",
            Stored::Int32(_) => "System.Int32",
            Stored::Int64(_) => "System.Int64",
            Stored::Double(_) => "System.Double",
            Stored::String(_) | Stored::Utf16(_) => "System.String",
            Stored::Bytes(_) => "System.Byte[]",
            Stored::Json { root, .. } => match root {
                JsonRoot::Object => "Newtonsoft.Json.Linq.JObject",
                JsonRoot::Array => "Newtonsoft.Json.Linq.JArray",
                JsonRoot::Value => "Newtonsoft.Json.Linq.JValue",
            },
            Stored::DateTime { .. } => "System.DateTime",
            Stored::DateTimeOffset { .. } => "System.DateTimeOffset",
            Stored::TimeSpan(_) => "System.TimeSpan",
            Stored::Guid(_) => "System.Guid",
            Stored::Text { type_name, .. } => type_name,
            Stored::List(list) => &list.type_name,
            Stored::Map(map) => &map.type_name,
        }
    }

    /// Bytes of memory it takes, roughly, shared parts counted fully.
    pub fn cost(&self) -> usize {
        let content = match self {
            Stored::String(text) | Stored::Json { text, .. } => text.len(),
            Stored::Utf16(units) => units.len().saturating_mul(2),
            Stored::Bytes(bytes) => bytes.len(),
            Stored::Text { type_name, text } => type_name.len().saturating_add(text.len()),
            // Recursion is as deep as MAX_DEPTH at most.
            Stored::List(list) => list.items.iter().fold(list.type_name.len(), |sum, item| {
                sum.saturating_add(item.cost())
            }),
            Stored::Map(map) => map
                .entries
                .iter()
                .fold(map.type_name.len(), |sum, (key, value)| {
                    sum.saturating_add(key.cost()).saturating_add(value.cost())
                }),
            _ => 0,
        };
        content.saturating_add(OVERHEAD)
    }
}

impl From<&str> for Stored {
    fn from(text: &str) -> Self {
        Stored::String(text.into())
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({}, {} bytes)", self.type_name(), self.cost())
    }
}

impl fmt::Debug for StoredList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StoredList({}, {} items)",
            self.type_name,
            self.items.len()
        )
    }
}

impl fmt::Debug for StoredMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StoredMap({}, {} entries)",
            self.type_name,
            self.entries.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_tells_content() {
        let secret = Stored::from("hunter2");
        let list = StoredList::new("System.Object[]", vec![secret.clone()]).unwrap();
        let map = StoredMap::new("D", vec![(secret.clone(), secret.clone())]).unwrap();
        let text = format!(
            "{secret:?} {list:?} {map:?} {:?}",
            Stored::List(list.clone())
        );
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("System.String"), "{text}");
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let mut value = Stored::Null;
        for _ in 0..MAX_DEPTH {
            value = Stored::List(StoredList::new("L", vec![value]).unwrap());
        }
        assert_eq!(StoredList::new("L", vec![value.clone()]), Err(TooDeep));
        assert_eq!(
            StoredMap::new("M", vec![(Stored::Null, value)]),
            Err(TooDeep)
        );
    }

    #[test]
    fn cost_counts_everything_inside() {
        let text = Stored::from("x".repeat(1000).as_str());
        let list = StoredList::new("L", vec![text.clone(), text]).unwrap();
        assert!(Stored::List(list).cost() > 2000);
        assert!(Stored::Null.cost() > 0);
    }
}
