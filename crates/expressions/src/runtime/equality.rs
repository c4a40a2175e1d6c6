//! `Equals`, `GetHashCode` and default order of any two values, without running expression code.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::forest::work_on_text;
use crate::value::{Object, Str, Value};

/// `object.Equals(a, b)`: values of different types are never equal.
#[must_use]
pub fn equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::SByte(a), Value::SByte(b)) => a == b,
        (Value::Byte(a), Value::Byte(b)) => a == b,
        (Value::Int16(a), Value::Int16(b)) => a == b,
        (Value::UInt16(a), Value::UInt16(b)) => a == b,
        (Value::Int32(a), Value::Int32(b)) => a == b,
        (Value::UInt32(a), Value::UInt32(b)) => a == b,
        (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::UInt64(a), Value::UInt64(b)) => a == b,
        // `Equals` holds for two NaN, `==` does not.
        (Value::Single(a), Value::Single(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::Double(a), Value::Double(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::Decimal(a), Value::Decimal(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => same_text(a, b),
        (Value::DateTime(a), Value::DateTime(b)) => a == b,
        (Value::DateTimeOffset(a), Value::DateTimeOffset(b)) => a == b,
        (Value::TimeSpan(a), Value::TimeSpan(b)) => a == b,
        (Value::Guid(a), Value::Guid(b)) => a == b,
        (Value::Enum(t, a), Value::Enum(u, b)) => t == u && a == b,
        (Value::Host(a), Value::Host(b)) => a == b,
        (Value::Json(token), _) => token.equals(b).unwrap_or_else(
            || matches!(b, Value::Json(other) if token.identity() == other.identity()),
        ),
        (Value::Object(object), _) => object.equals(b).unwrap_or_else(
            || matches!(b, Value::Object(other) if object.identity() == other.identity()),
        ),
        _ => false,
    }
}

/// `==` of strings.
#[inline]
#[must_use]
pub fn same_text(a: &Str, b: &Str) -> bool {
    let size = a.heap_size();
    if size == b.heap_size() {
        work_on_text(size);
    }
    a == b
}

/// A hash that agrees with [`equals`].
#[must_use]
pub fn hash(value: &Value) -> u64 {
    let mut state = DefaultHasher::new();
    hash_into(value, &mut state);
    state.finish()
}

fn hash_into(value: &Value, state: &mut impl Hasher) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(v) => v.hash(state),
        Value::Char(v) | Value::UInt16(v) => v.hash(state),
        Value::SByte(v) => v.hash(state),
        Value::Byte(v) => v.hash(state),
        Value::Int16(v) => v.hash(state),
        Value::Int32(v) => v.hash(state),
        Value::UInt32(v) => v.hash(state),
        Value::Int64(v) => v.hash(state),
        Value::UInt64(v) => v.hash(state),
        Value::Single(v) => (if *v == 0.0 || v.is_nan() { v.abs() } else { *v })
            .to_bits()
            .hash(state),
        Value::Double(v) => (if *v == 0.0 || v.is_nan() { v.abs() } else { *v })
            .to_bits()
            .hash(state),
        Value::Decimal(v) => v.normalize().hash(state),
        Value::Str(v) => {
            work_on_text(v.heap_size());
            v.hash(state);
        }
        Value::DateTime(v) => v.ticks.hash(state),
        Value::DateTimeOffset(v) => v.utc_ticks().hash(state),
        Value::TimeSpan(v) => v.hash(state),
        Value::Guid(v) => v.hash(state),
        Value::Enum(def, v) => (def, v).hash(state),
        Value::Host(v) => v.hash(state),
        Value::Json(token) => Object::hash(token)
            .unwrap_or_else(|| token.identity() as u64)
            .hash(state),
        Value::Object(object) => object
            .hash()
            .unwrap_or_else(|| object.identity() as u64)
            .hash(state),
    }
}

/// `Comparer<T>.Default`: null first, strings in culture order; `None` when the type has no order.
#[must_use]
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Char(a), Value::Char(b)) => a.cmp(b),
        (Value::SByte(a), Value::SByte(b)) => a.cmp(b),
        (Value::Byte(a), Value::Byte(b)) => a.cmp(b),
        (Value::Int16(a), Value::Int16(b)) => a.cmp(b),
        (Value::UInt16(a), Value::UInt16(b)) => a.cmp(b),
        (Value::Int32(a), Value::Int32(b)) => a.cmp(b),
        (Value::UInt32(a), Value::UInt32(b)) => a.cmp(b),
        (Value::Int64(a), Value::Int64(b)) => a.cmp(b),
        (Value::UInt64(a), Value::UInt64(b)) => a.cmp(b),
        (Value::Single(a), Value::Single(b)) => float_order(f64::from(*a), f64::from(*b)),
        (Value::Double(a), Value::Double(b)) => float_order(*a, *b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => crate::dotnet::text::compare_culture(a, b),
        (Value::DateTime(a), Value::DateTime(b)) => a.ticks.cmp(&b.ticks),
        (Value::DateTimeOffset(a), Value::DateTimeOffset(b)) => a.utc_ticks().cmp(&b.utc_ticks()),
        (Value::TimeSpan(a), Value::TimeSpan(b)) => a.cmp(b),
        // .NET compares the fields a, b, c, d… in order, which is the order of the big-endian bytes.
        (Value::Guid(a), Value::Guid(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Enum(_, a), Value::Enum(_, b)) => a.cmp(b),
        (Value::Json(token), _) => return token.compare(b),
        (Value::Object(object), _) => return object.compare(b),
        _ => return None,
    })
}

/// NaN before every number, and equal to itself, as `double.CompareTo` has it.
fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// A value as a key of hashed collections, equal by [`equals`].
#[derive(Clone)]
pub struct Key(pub Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        equals(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_into(&self.0, state);
    }
}
