//! How collections tell keys apart and sequences are ordered: `IEqualityComparer`, `IComparer`, `EqualityComparer`,
//! `Comparer`. `StringComparer` is declared with the texts.

use std::cmp::Ordering;

use crate::clr::compare::StringComparison;
use crate::json::JToken;
use crate::runtime::{Call, Fault, Key, R, Runtime, compare, equals};
use crate::types::{Registry, Type, Types};
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
    /// `JToken.DeepEquals`.
    DeepJson,
}

impl KeyComparer {
    /// Every comparer with its name.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Default, ""),
        (Self::Ordinal, "Ordinal"),
        (Self::OrdinalIgnoreCase, "OrdinalIgnoreCase"),
        (Self::Culture, "InvariantCulture"),
        (Self::CultureIgnoreCase, "InvariantCultureIgnoreCase"),
    ];

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
            (Self::DeepJson, Value::Json(token)) => Key(Value::object(DeepToken(token.clone()))),
            _ => Key(value.clone()),
        }
    }

    /// Order of two values; `None` when the type has none.
    pub(crate) fn compare(self, a: &Value, b: &Value) -> Option<Ordering> {
        if let (Value::Str(a), Value::Str(b)) = (a, b) {
            return Some(match self {
                Self::Default | Self::Culture | Self::DeepJson => {
                    crate::dotnet::text::compare_culture(a, b)
                }
                Self::Ordinal => a.compare_ordinal(b),
                Self::OrdinalIgnoreCase => fold(a).compare_ordinal(&fold(b)),
                Self::CultureIgnoreCase => crate::dotnet::text::compare_culture_ignore_case(a, b),
            });
        }
        compare(a, b)
    }
}

/// Upper case, character by character.
fn fold(text: &Str) -> Str {
    crate::dotnet::text::to_upper(text)
}

/// A comparer as an object: `StringComparer.Ordinal`.
pub(crate) struct Comparer(pub KeyComparer);

impl Object for Comparer {
    fn type_of(&self) -> Type {
        let name = match self.0 {
            KeyComparer::DeepJson => "Newtonsoft.Json.Linq.JTokenEqualityComparer",
            _ => "System.StringComparer",
        };
        Registry::get()
            .by_full_name(name)
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

/// A token as a key that is equal to any of the same structure and values.
struct DeepToken(JToken);

impl Object for DeepToken {
    fn type_of(&self) -> Type {
        Type::OBJECT
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let other = other.as_object::<Self>();
        Some(other.is_some_and(|other| self.0.deep_equals(&other.0)))
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.deep_hash())
    }
}

/// `Comparer<T>` and `EqualityComparer<T>`: the default one, or one made of a delegate.
struct TypedComparer {
    ty: Type,
    /// A `Comparison<T>`, null for the default order.
    comparison: Value,
}

impl Object for TypedComparer {
    fn type_of(&self) -> Type {
        self.ty.clone()
    }
}

/// How elements are ordered: by a comparer, or by a delegate that gives a number.
pub(crate) enum Ranking {
    /// By comparer.
    By(KeyComparer),
    /// By a `Comparison<T>`.
    Call(Value),
}

impl Ranking {
    /// The order that an `IComparer<T>` or `Comparison<T>` argument stands for; null means the default.
    pub(crate) fn of(value: &Value) -> Self {
        if value.as_object::<crate::runtime::Delegate>().is_some() {
            return Self::Call(value.clone());
        }
        match value.as_object::<TypedComparer>() {
            Some(comparer) if !comparer.comparison.is_null() => {
                Self::Call(comparer.comparison.clone())
            }
            _ => Self::By(KeyComparer::of(value)),
        }
    }

    /// Order of two values; `None` when they have none.
    pub(crate) fn compare(
        &self,
        rt: &mut Runtime<'_>,
        a: &Value,
        b: &Value,
    ) -> R<Option<Ordering>> {
        match self {
            Self::By(comparer) => {
                let order = comparer.compare(a, b);
                if order.is_none() {
                    // No order may also mean that the comparison was too much work.
                    rt.spend(0)?;
                }
                Ok(order)
            }
            Self::Call(delegate) => match rt.invoke(delegate, &[a.clone(), b.clone()])? {
                Value::Int32(order) => Ok(Some(order.cmp(&0))),
                _ => Ok(None),
            },
        }
    }
}

/// `Compare(x, y)`: small numbers and characters give their difference, as their own `CompareTo` does.
fn compare_values(c: &mut Call<'_, '_>) -> R<Value> {
    let ranking = Ranking::of(&c.value(0));
    let (a, b) = (c.value(1), c.value(2));
    if let Ranking::Call(delegate) = &ranking {
        return c.rt.invoke(delegate, &[a, b]);
    }
    let how = match &ranking {
        Ranking::By(KeyComparer::Ordinal) => Some(StringComparison::Ordinal),
        Ranking::By(KeyComparer::OrdinalIgnoreCase) => Some(StringComparison::OrdinalIgnoreCase),
        _ => None,
    };
    if let (Value::Str(x), Value::Str(y), Some(how)) = (&a, &b, how) {
        let difference =
            crate::dotnet::text::compare_strings(Some(x.clone()), Some(y.clone()), how);
        return Ok(difference.into());
    }
    let Some(order) = ranking.compare(c.rt, &a, &b)? else {
        return Err(no_order());
    };
    let difference = |a: i32, b: i32| (a - b).into();
    Ok(match (a, b) {
        (Value::Char(a), Value::Char(b)) | (Value::UInt16(a), Value::UInt16(b)) => {
            difference(a.into(), b.into())
        }
        (Value::SByte(a), Value::SByte(b)) => difference(a.into(), b.into()),
        (Value::Byte(a), Value::Byte(b)) => difference(a.into(), b.into()),
        (Value::Int16(a), Value::Int16(b)) => difference(a.into(), b.into()),
        _ => (order as i32).into(),
    })
}

/// What .NET throws for values without order.
pub(crate) fn no_order() -> Fault {
    Fault::argument("At least one object must implement IComparable.", "")
}

/// `Equals(x, y)` of the comparer.
pub(crate) fn keys_equal(c: &mut Call<'_, '_>) -> R<Value> {
    let comparer = KeyComparer::of(&c.value(0));
    Ok((comparer.key(&c.value(1)) == comparer.key(&c.value(2))).into())
}

/// `GetHashCode(obj)` of the comparer.
pub(crate) fn hash_of_key(c: &mut Call<'_, '_>) -> R<Value> {
    let key = KeyComparer::of(&c.value(0)).key(&c.value(1));
    Ok(crate::dotnet::system::hash_code(&key.0).into())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("System.Collections.Generic.IComparer<in T>");
    t.beyond_documentation();
    t.method("int Compare(T x, T y)", compare_values);
    let mut t = types.interface("System.Collections.Generic.IEqualityComparer<in T>");
    t.beyond_documentation();
    t.method("bool Equals(T x, T y)", keys_equal);
    t.method("int GetHashCode(T obj)", hash_of_key);

    let mut t = types.class("System.Collections.Generic.Comparer<T>");
    t.base("IComparer<T>").beyond_documentation();
    t.static_property("Comparer<T> Default", |c| {
        Ok(Value::object(TypedComparer {
            ty: c.member.result.substitute(c.types, &[]),
            comparison: Value::Null,
        }))
    });
    t.static_method("Comparer<T> Create(Comparison<T> comparison)", |c| {
        Ok(Value::object(TypedComparer {
            ty: c.member.result.substitute(c.types, &[]),
            comparison: c.required(0)?,
        }))
    });
    t.method("int Compare(T x, T y)", compare_values);

    let mut t = types.class("System.Collections.Generic.EqualityComparer<T>");
    t.base("IEqualityComparer<T>").beyond_documentation();
    t.static_property("EqualityComparer<T> Default", |c| {
        Ok(Value::object(TypedComparer {
            ty: c.member.result.substitute(c.types, &[]),
            comparison: Value::Null,
        }))
    });
    t.method("bool Equals(T x, T y)", |c| {
        Ok(equals(&c.value(1), &c.value(2)).into())
    });
    t.method("int GetHashCode(T obj)", |c| {
        Ok(crate::dotnet::system::hash_code(&c.value(1)).into())
    });
}
