//! How collections tell keys apart and sequences are ordered: `IEqualityComparer`, `IComparer`, `StringComparer`.

use std::cmp::Ordering;

use crate::runtime::{Key, R, Runtime, compare};
use crate::types::{Registry, Type};
use crate::value::{Object, Str, Value};

/// The comparers that exist. The default one is the type's own equality and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KeyComparer {
    /// Equality by `Equals`, order by `CompareTo` (culture order for strings).
    #[default]
    Default,
    /// Code units.
    Ordinal,
    /// Code units of the upper-case text.
    OrdinalIgnoreCase,
    /// The invariant culture's order.
    Culture,
    /// The invariant culture's order without regard to case.
    CultureIgnoreCase,
}

impl KeyComparer {
    /// The comparer that an argument of type `IEqualityComparer<T>`, `IComparer<T>` or `StringComparer` is; null means
    /// the default.
    pub(crate) fn of(value: &Value) -> Self {
        value
            .as_object::<Comparer>()
            .map_or(Self::Default, |comparer| comparer.0)
    }

    /// The key under which equal values meet.
    pub(crate) fn key(self, value: &Value) -> Key {
        match (self, value) {
            (Self::OrdinalIgnoreCase | Self::CultureIgnoreCase, Value::Str(text)) => {
                Key(Value::Str(fold(text)))
            }
            _ => Key(value.clone()),
        }
    }

    /// Order of two values; `None` when the type has none.
    pub(crate) fn compare(self, a: &Value, b: &Value) -> Option<Ordering> {
        if let (Value::Str(a), Value::Str(b)) = (a, b) {
            return Some(match self {
                Self::Default | Self::Culture => crate::dotnet::text::compare_culture(a, b),
                Self::Ordinal => a.compare_ordinal(b),
                Self::OrdinalIgnoreCase => fold(a).compare_ordinal(&fold(b)),
                Self::CultureIgnoreCase => {
                    crate::dotnet::text::compare_culture_ignore_case(a, b)
                }
            });
        }
        compare(a, b)
    }
}

/// Upper case, character by character.
fn fold(text: &Str) -> Str {
    crate::dotnet::text::to_upper(text)
}

/// A comparer as an object: `StringComparer.Ordinal`, `EqualityComparer<T>.Default`.
pub(crate) struct Comparer(pub KeyComparer);

impl Object for Comparer {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name("System.StringComparer")
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.as_object::<Self>().is_some_and(|o| o.0 == self.0))
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0 as u64)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(None)
    }
}
