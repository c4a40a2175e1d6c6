//! Run-time values of expressions.
//!
//! A [`Value`] carries its exact .NET run-time type: an `int` and a `long` of the same number are different values,
//! boxing is no operation, and `(int)(object)5L` can fail as it does in .NET. Simple types lie in the value itself,
//! everything else is a reference-counted [`Object`] with identity. Values are not `Send`: they live and die on one
//! worker thread. Constants of compiled expressions are the `Send` subset, [`Const`].

mod host_object;
mod object;
mod shared;
mod str;

use std::fmt;
use std::rc::Rc;

use rust_decimal::Decimal;
use uuid::Uuid;

pub use self::host_object::HostObject;
pub use self::object::{Iter, Lazy, Object, Ready, Record, TypeObject};
pub use self::shared::Shared;
pub use self::str::{Str, StrBuilder, find_units};
pub use crate::clr::datetime::{DateTime, DateTimeKind};
pub use crate::clr::datetimeoffset::DateTimeOffset;
pub use crate::clr::timespan::TimeSpan;
use crate::json::JToken;
use crate::types::{DefId, Type, known};

/// A value of the expression language, of exact .NET type.
#[derive(Clone, Default)]
#[allow(missing_docs)] // the variants are the .NET types of the same name
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Char(u16),
    SByte(i8),
    Byte(u8),
    Int16(i16),
    UInt16(u16),
    Int32(i32),
    UInt32(u32),
    Int64(i64),
    UInt64(u64),
    Single(f32),
    Double(f64),
    Decimal(Decimal),
    Str(Str),
    DateTime(DateTime),
    DateTimeOffset(DateTimeOffset),
    TimeSpan(TimeSpan),
    Guid(Uuid),
    /// A value of an enumeration type.
    Enum(DefId, i64),
    /// A part of `context`, read from the host when asked.
    Host(HostObject),
    /// A JSON token: a handle that is cheaper than an object.
    Json(JToken),
    Object(Shared),
}

impl Value {
    /// The run-time type; `Type::Null` for null.
    #[must_use]
    pub fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::BOOL,
            Self::Char(_) => Type::CHAR,
            Self::SByte(_) => Type::SBYTE,
            Self::Byte(_) => Type::BYTE,
            Self::Int16(_) => Type::INT16,
            Self::UInt16(_) => Type::UINT16,
            Self::Int32(_) => Type::INT32,
            Self::UInt32(_) => Type::UINT32,
            Self::Int64(_) => Type::INT64,
            Self::UInt64(_) => Type::UINT64,
            Self::Single(_) => Type::SINGLE,
            Self::Double(_) => Type::DOUBLE,
            Self::Decimal(_) => Type::DECIMAL,
            Self::Str(_) => Type::STRING,
            Self::DateTime(_) => Type::Named(known::DATE_TIME, None),
            Self::DateTimeOffset(_) => Type::Named(known::DATE_TIME_OFFSET, None),
            Self::TimeSpan(_) => Type::Named(known::TIME_SPAN, None),
            Self::Guid(_) => Type::Named(known::GUID, None),
            Self::Enum(def, _) => Type::Named(*def, None),
            Self::Host(host) => host.type_of(),
            Self::Json(token) => Object::type_of(token),
            Self::Object(object) => object.type_of(),
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A new reference to a heap object.
    pub fn object<T: Object>(object: T) -> Self {
        Self::Object(Shared::new(Rc::new(object)))
    }

    /// The heap object as a `T`, if it is one.
    #[must_use]
    pub fn as_object<T: Object>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => {
                let any: &dyn std::any::Any = object.get();
                any.downcast_ref()
            }
            Self::Json(token) => {
                let any: &dyn std::any::Any = token;
                any.downcast_ref()
            }
            _ => None,
        }
    }

    /// The heap object as a shared `T`, if it is one.
    #[must_use]
    pub fn to_object<T: Object>(&self) -> Option<Rc<T>> {
        match self {
            Self::Object(object) => {
                let any: Rc<dyn std::any::Any> = object.rc()?;
                any.downcast().ok()
            }
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_string(&self) -> Option<&Str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number as `i64` if it is of an integer type (or char or enum) that fits.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        Some(match *self {
            Self::SByte(n) => n.into(),
            Self::Byte(n) => n.into(),
            Self::Int16(n) => n.into(),
            Self::UInt16(n) | Self::Char(n) => n.into(),
            Self::Int32(n) => n.into(),
            Self::UInt32(n) => n.into(),
            Self::Int64(n) | Self::Enum(_, n) => n,
            Self::UInt64(n) => i64::try_from(n).ok()?,
            _ => return None,
        })
    }

    /// `object.ReferenceEquals`, and what `==` means for operands of static type `object`: the same heap object.
    /// Two boxed simple values are never the same object.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Str(a), Self::Str(b)) => a.same(b),
            (Self::Host(a), Self::Host(b)) => a == b,
            (Self::Json(a), Self::Json(b)) => a.identity() == b.identity(),
            (Self::Object(a), Self::Object(b)) => a.identity() == b.identity(),
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    /// The type and, for simple values, the value. The contents of objects are left out: they may be large or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int32(v) => write!(f, "{v}"),
            Self::Int64(v) => write!(f, "{v}L"),
            Self::Double(v) => write!(f, "{v}d"),
            other => write!(f, "<{}>", other.type_of()),
        }
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident),+ $(,)?) => { $(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )+ };
}

from! {
    bool => Bool, i8 => SByte, u8 => Byte, i16 => Int16, u16 => UInt16, i32 => Int32, u32 => UInt32, i64 => Int64,
    u64 => UInt64, f32 => Single, f64 => Double, Decimal => Decimal, Str => Str, &str => Str, String => Str,
    std::sync::Arc<str> => Str, DateTime => DateTime, DateTimeOffset => DateTimeOffset, TimeSpan => TimeSpan,
    Uuid => Guid, HostObject => Host, JToken => Json,
}

impl<T: Object> From<Rc<T>> for Value {
    fn from(object: Rc<T>) -> Self {
        Self::Object(Shared::new(object))
    }
}

impl From<Rc<dyn Object>> for Value {
    fn from(object: Rc<dyn Object>) -> Self {
        Self::Object(Shared::new(object))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A constant of the program: the values that a compiled expression may hold and share between threads.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Const {
    Null,
    Bool(bool),
    Char(u16),
    SByte(i8),
    Byte(u8),
    Int16(i16),
    UInt16(u16),
    Int32(i32),
    UInt32(u32),
    Int64(i64),
    UInt64(u64),
    Single(f32),
    Double(f64),
    Decimal(Decimal),
    Str(Str),
    DateTime(DateTime),
    TimeSpan(TimeSpan),
    Guid(Uuid),
    Enum(DefId, i64),
}

impl From<&Const> for Value {
    fn from(constant: &Const) -> Self {
        match constant {
            Const::Null => Self::Null,
            Const::Bool(v) => Self::Bool(*v),
            Const::Char(v) => Self::Char(*v),
            Const::SByte(v) => Self::SByte(*v),
            Const::Byte(v) => Self::Byte(*v),
            Const::Int16(v) => Self::Int16(*v),
            Const::UInt16(v) => Self::UInt16(*v),
            Const::Int32(v) => Self::Int32(*v),
            Const::UInt32(v) => Self::UInt32(*v),
            Const::Int64(v) => Self::Int64(*v),
            Const::UInt64(v) => Self::UInt64(*v),
            Const::Single(v) => Self::Single(*v),
            Const::Double(v) => Self::Double(*v),
            Const::Decimal(v) => Self::Decimal(*v),
            Const::Str(v) => Self::Str(v.clone()),
            Const::DateTime(v) => Self::DateTime(*v),
            Const::TimeSpan(v) => Self::TimeSpan(*v),
            Const::Guid(v) => Self::Guid(*v),
            Const::Enum(def, v) => Self::Enum(*def, *v),
        }
    }
}

impl Const {
    /// The constant that `value` is, unless it is an object or a part of `context`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Bool(*v),
            Value::Char(v) => Self::Char(*v),
            Value::SByte(v) => Self::SByte(*v),
            Value::Byte(v) => Self::Byte(*v),
            Value::Int16(v) => Self::Int16(*v),
            Value::UInt16(v) => Self::UInt16(*v),
            Value::Int32(v) => Self::Int32(*v),
            Value::UInt32(v) => Self::UInt32(*v),
            Value::Int64(v) => Self::Int64(*v),
            Value::UInt64(v) => Self::UInt64(*v),
            Value::Single(v) => Self::Single(*v),
            Value::Double(v) => Self::Double(*v),
            Value::Decimal(v) => Self::Decimal(*v),
            Value::Str(v) => Self::Str(v.clone()),
            Value::DateTime(v) => Self::DateTime(*v),
            Value::TimeSpan(v) => Self::TimeSpan(*v),
            Value::Guid(v) => Self::Guid(*v),
            Value::Enum(def, v) => Self::Enum(*def, *v),
            Value::DateTimeOffset(_) | Value::Host(_) | Value::Json(_) | Value::Object(_) => {
                return None;
            }
        })
    }
}
