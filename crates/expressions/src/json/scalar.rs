//! The value inside a `JValue`, with the exact .NET type it was created from.

use std::sync::Arc;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::number;
use crate::clr;
use crate::clr::datetime_format::{datetime_text, datetimeoffset_text};
use crate::value::{DateTime, DateTimeOffset, Str, TimeSpan};

/// Which .NET integer type a number had; `UInt64` has its own variant in [`Scalar`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the .NET types of the same names
pub enum IntType {
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
}

impl IntType {
    /// The .NET type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SByte => "SByte",
            Self::Byte => "Byte",
            Self::Int16 => "Int16",
            Self::UInt16 => "UInt16",
            Self::Int32 => "Int32",
            Self::UInt32 => "UInt32",
            Self::Int64 => "Int64",
        }
    }
}

/// What `JValue.Value` returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// C# null
    Null,
    /// `bool`
    Bool(bool),
    /// Every integer type that fits an `i64`.
    Int(i64, IntType),
    /// `ulong`
    UInt64(u64),
    /// `BigInteger`, as its canonical decimal text.
    BigInteger(Str),
    /// `double`
    Double(f64),
    /// `float`
    Single(f32),
    /// `decimal`
    Decimal(Decimal),
    /// `string`
    String(Str),
    /// `char`, one UTF-16 unit
    Char(u16),
    /// `DateTime`
    Date(DateTime),
    /// `DateTimeOffset`
    DateOffset(DateTimeOffset),
    /// `byte[]`
    Bytes(Arc<[u8]>),
    /// `Guid`
    Guid(Uuid),
    /// `Uri`, as it was written
    Uri(Str),
    /// `TimeSpan`
    TimeSpan(TimeSpan),
}

impl Scalar {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::String(text.into())
    }

    /// An `Int64`.
    pub const fn int64(value: i64) -> Self {
        Self::Int(value, IntType::Int64)
    }

    /// The .NET type's full name; `None` for null.
    pub fn type_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => "System.Boolean",
            Self::Int(_, IntType::SByte) => "System.SByte",
            Self::Int(_, IntType::Byte) => "System.Byte",
            Self::Int(_, IntType::Int16) => "System.Int16",
            Self::Int(_, IntType::UInt16) => "System.UInt16",
            Self::Int(_, IntType::Int32) => "System.Int32",
            Self::Int(_, IntType::UInt32) => "System.UInt32",
            Self::Int(_, IntType::Int64) => "System.Int64",
            Self::UInt64(_) => "System.UInt64",
            Self::BigInteger(_) => "System.Numerics.BigInteger",
            Self::Double(_) => "System.Double",
            Self::Single(_) => "System.Single",
            Self::Decimal(_) => "System.Decimal",
            Self::String(_) => "System.String",
            Self::Char(_) => "System.Char",
            Self::Date(_) => "System.DateTime",
            Self::DateOffset(_) => "System.DateTimeOffset",
            Self::Bytes(_) => "System.Byte[]",
            Self::Guid(_) => "System.Guid",
            Self::Uri(_) => "System.Uri",
            Self::TimeSpan(_) => "System.TimeSpan",
        })
    }

    /// `ToString()` with the invariant culture; null gives an empty text.
    pub fn to_text(&self) -> Str {
        match self {
            Self::Null => Str::EMPTY,
            Self::Bool(true) => Str::literal("True"),
            Self::Bool(false) => Str::literal("False"),
            Self::Int(v, _) => v.to_string().into(),
            Self::UInt64(v) => v.to_string().into(),
            Self::BigInteger(v) | Self::String(v) => v.clone(),
            Self::Double(v) => clr::number_format::double_text(*v).into(),
            Self::Single(v) => clr::number_format::float_text(*v).into(),
            Self::Decimal(v) => clr::number_format::decimal_text(*v).into(),
            Self::Char(unit) => Str::from_unit(*unit),
            Self::Date(v) => datetime_text(*v).into(),
            Self::DateOffset(v) => datetimeoffset_text(*v).into(),
            Self::Bytes(_) => Str::literal("System.Byte[]"),
            Self::Guid(v) => v.hyphenated().to_string().into(),
            Self::Uri(v) => {
                let kind = clr::uri::UriKind::RelativeOrAbsolute;
                clr::uri::Uri::parse(&v.to_utf8(), kind)
                    .map_or_else(|_| v.clone(), |uri| uri.display().into())
            }
            Self::TimeSpan(v) => v.to_text().into(),
        }
    }

    /// The number as `double`, for comparisons; `None` when it is no number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(v) => Some(f64::from(u8::from(*v))),
            Self::Int(v, _) => Some(*v as f64),
            Self::UInt64(v) => Some(*v as f64),
            Self::BigInteger(v) => v.to_utf8().parse().ok(),
            Self::Double(v) => Some(*v),
            Self::Single(v) => Some(f64::from(*v)),
            Self::Decimal(v) => number::decimal_to_f64(*v),
            Self::String(v) => number::parse_double(v.to_utf8().trim()),
            _ => None,
        }
    }
}
