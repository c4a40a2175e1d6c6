//! `JTokenType`

use super::scalar::Scalar;

/// `Newtonsoft.Json.Linq.JTokenType`, with .NET's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // Json.NET's own names
pub enum TokenType {
    None = 0,
    Object = 1,
    Array = 2,
    Constructor = 3,
    Property = 4,
    Comment = 5,
    Integer = 6,
    Float = 7,
    String = 8,
    Boolean = 9,
    Null = 10,
    Undefined = 11,
    Date = 12,
    Raw = 13,
    Bytes = 14,
    Guid = 15,
    Uri = 16,
    TimeSpan = 17,
}

impl TokenType {
    /// Every type in order of its number.
    pub const ALL: [Self; 18] = [
        Self::None,
        Self::Object,
        Self::Array,
        Self::Constructor,
        Self::Property,
        Self::Comment,
        Self::Integer,
        Self::Float,
        Self::String,
        Self::Boolean,
        Self::Null,
        Self::Undefined,
        Self::Date,
        Self::Raw,
        Self::Bytes,
        Self::Guid,
        Self::Uri,
        Self::TimeSpan,
    ];

    /// The enumeration member's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Object => "Object",
            Self::Array => "Array",
            Self::Constructor => "Constructor",
            Self::Property => "Property",
            Self::Comment => "Comment",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::String => "String",
            Self::Boolean => "Boolean",
            Self::Null => "Null",
            Self::Undefined => "Undefined",
            Self::Date => "Date",
            Self::Raw => "Raw",
            Self::Bytes => "Bytes",
            Self::Guid => "Guid",
            Self::Uri => "Uri",
            Self::TimeSpan => "TimeSpan",
        }
    }

    /// The type of a `JValue` made from a value.
    pub(super) fn of(value: &Scalar) -> Option<Self> {
        Some(match value {
            Scalar::Null => Self::Null,
            Scalar::Bool(_) => Self::Boolean,
            Scalar::Int(..) | Scalar::UInt64(_) | Scalar::BigInteger(_) => Self::Integer,
            Scalar::Double(_) | Scalar::Single(_) | Scalar::Decimal(_) => Self::Float,
            Scalar::String(_) => Self::String,
            Scalar::Char(_) => return None,
            Scalar::Date(_) | Scalar::DateOffset(_) => Self::Date,
            Scalar::Bytes(_) => Self::Bytes,
            Scalar::Guid(_) => Self::Guid,
            Scalar::Uri(_) => Self::Uri,
            Scalar::TimeSpan(_) => Self::TimeSpan,
        })
    }
}
