//! From tokens to .NET values: the explicit conversions of `JToken`, and `Convert.ChangeType` behind `Value<T>()`.
//!
//! Scalars flow in and out; typed containers (`ToObject<List<int>>`) are built by the bindings on top of this.

use base64::Engine;
use rust_decimal::Decimal;

use super::date;
use super::error::{Error, Result};
use super::scalar::{IntType, Scalar};
use super::token::{JToken, TokenType};
use crate::clr::number_parse::{self, IntegerType, NumberStyles};
use crate::clr::{self, timespan_parse};
use crate::value::{DateTimeOffset, Str, TimeSpan};

/// A type that a token's value can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the .NET types of the same names
pub enum ScalarTarget {
    Bool,
    Char,
    Int(IntType),
    UInt64,
    Single,
    Double,
    Decimal,
    String,
    DateTime,
    DateTimeOffset,
    Guid,
    Uri,
    TimeSpan,
    Bytes,
}

impl ScalarTarget {
    /// The name Json.NET's messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "Boolean",
            Self::Char => "Char",
            Self::Int(int) => int.name(),
            Self::UInt64 => "UInt64",
            Self::Single => "Single",
            Self::Double => "Double",
            Self::Decimal => "Decimal",
            Self::String => "String",
            Self::DateTime => "DateTime",
            Self::DateTimeOffset => "DateTimeOffset",
            Self::Guid => "Guid",
            Self::Uri => "Uri",
            Self::TimeSpan => "TimeSpan",
            Self::Bytes => "byte array",
        }
    }

    /// Whether null is a value of the type.
    pub const fn is_reference(self) -> bool {
        matches!(self, Self::String | Self::Uri | Self::Bytes)
    }

    /// Token types the explicit conversion accepts; text-like ones always are.
    const fn accepts(self, token_type: TokenType) -> bool {
        use TokenType::{
            Boolean, Bytes, Comment, Date, Float, Guid, Integer, Raw, String, TimeSpan, Uri,
        };
        match token_type {
            String | Comment | Raw => true,
            Integer => !matches!(
                self,
                Self::Guid | Self::Uri | Self::TimeSpan | Self::DateTime | Self::DateTimeOffset
            ),
            Float => matches!(
                self,
                Self::Bool
                    | Self::Char
                    | Self::Int(_)
                    | Self::UInt64
                    | Self::Single
                    | Self::Double
                    | Self::Decimal
                    | Self::String
            ),
            Boolean => matches!(
                self,
                Self::Bool
                    | Self::Int(_)
                    | Self::UInt64
                    | Self::Single
                    | Self::Double
                    | Self::Decimal
                    | Self::String
            ),
            Date => matches!(self, Self::DateTime | Self::DateTimeOffset | Self::String),
            Bytes => matches!(self, Self::Bytes | Self::Guid | Self::String),
            Guid => matches!(self, Self::Guid | Self::String),
            Uri => matches!(self, Self::Uri | Self::String),
            TimeSpan => matches!(self, Self::TimeSpan | Self::String),
            _ => false,
        }
    }
}

/// Whether `T` or `T?` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    /// The type, without its `?`.
    pub target: ScalarTarget,
    /// Written with `?`.
    pub nullable: bool,
    /// The clock's present in ticks: a text that is only a time means today.
    pub now: i64,
}

/// `(T)token`. [`Scalar::Null`] is C# null.
pub fn explicit(token: Option<&JToken>, conversion: Conversion) -> Result<Scalar> {
    let Conversion {
        target,
        nullable,
        now,
    } = conversion;
    let null_allowed = nullable || target.is_reference();
    let Some(token) = token else {
        return if null_allowed {
            Ok(Scalar::Null)
        } else {
            Err(Error::null("value"))
        };
    };
    let token = match token.token_type() {
        TokenType::Property => token.property_value().unwrap_or_else(JToken::null),
        _ => token.clone(),
    };
    let token_type = token.token_type();
    let refused = || {
        Error::argument(format!(
            "Can not convert {} to {}.",
            token_type.name(),
            target.name()
        ))
    };
    let value = token.scalar().ok_or_else(refused)?;
    // A byte array can't come from JSON null, although it is a reference.
    let null_token = matches!(token_type, TokenType::Null | TokenType::Undefined);
    if !(target.accepts(token_type)
        || (null_token && null_allowed && target != ScalarTarget::Bytes))
    {
        return Err(refused());
    }
    match (target, value) {
        (_, Scalar::Null) if null_allowed => Ok(Scalar::Null),
        (ScalarTarget::Bytes, value @ Scalar::Bytes(_)) => Ok(value),
        (ScalarTarget::Bytes, Scalar::String(text)) => from_base64(&text.to_utf8()),
        (ScalarTarget::Bytes, _) => Err(refused()),
        (ScalarTarget::String, Scalar::Bytes(bytes)) => Ok(Scalar::String(
            base64::engine::general_purpose::STANDARD
                .encode(&bytes)
                .into(),
        )),
        (ScalarTarget::Guid, Scalar::Bytes(bytes)) => {
            Ok(Scalar::Guid(clr::guid::from_bytes(&bytes)?))
        }
        (ScalarTarget::Guid, value @ Scalar::Guid(_))
        | (ScalarTarget::Uri, value @ Scalar::Uri(_))
        | (ScalarTarget::TimeSpan, value @ Scalar::TimeSpan(_))
        | (ScalarTarget::DateTimeOffset, value @ Scalar::DateOffset(_)) => Ok(value),
        (ScalarTarget::DateTime, Scalar::DateOffset(value)) => {
            Ok(Scalar::Date(crate::value::DateTime {
                ticks: value.ticks,
                kind: crate::value::DateTimeKind::Unspecified,
            }))
        }
        (ScalarTarget::DateTimeOffset, Scalar::Date(value)) => {
            Ok(Scalar::DateOffset(DateTimeOffset {
                ticks: value.ticks,
                offset_minutes: 0,
            }))
        }
        (ScalarTarget::DateTimeOffset, Scalar::Char(_)) => Err(Error::invalid_cast(
            "Invalid cast from 'Char' to 'DateTime'.",
        )),
        (ScalarTarget::DateTimeOffset, value) => {
            date::parse_offset(&value.to_text().to_utf8(), now).map(Scalar::DateOffset)
        }
        (ScalarTarget::Guid, value) => parse_guid(&value.to_text()),
        (ScalarTarget::TimeSpan, value) => {
            let span = timespan_parse::parse(&value.to_text().to_utf8())?;
            Ok(Scalar::TimeSpan(TimeSpan(span.0)))
        }
        (ScalarTarget::Uri, value) => {
            let text = value.to_text();
            clr::uri::Uri::parse(&text.to_utf8(), clr::uri::UriKind::Absolute)?;
            Ok(Scalar::Uri(text))
        }
        (_, value) => change_type(&value, target, now),
    }
}

fn from_base64(text: &str) -> Result<Scalar> {
    Ok(Scalar::Bytes(clr::convert::from_base64(text)?.into()))
}

fn parse_guid(text: &Str) -> Result<Scalar> {
    Ok(Scalar::Guid(clr::guid::parse(&text.to_utf8())?))
}

const fn integer_type(int: IntType) -> IntegerType {
    match int {
        IntType::SByte => IntegerType::SByte,
        IntType::Byte => IntegerType::Byte,
        IntType::Int16 => IntegerType::Int16,
        IntType::UInt16 => IntegerType::UInt16,
        IntType::Int32 => IntegerType::Int32,
        IntType::UInt32 => IntegerType::UInt32,
        IntType::Int64 => IntegerType::Int64,
    }
}

/// `Convert.ChangeType(value, type, CultureInfo.InvariantCulture)`
///
/// `now` is the clock's present in ticks, for a text that is only a time.
pub fn change_type(value: &Scalar, target: ScalarTarget, now: i64) -> Result<Scalar> {
    let cast_error = || -> Error {
        let from = value.type_name().map_or("Object", |name| {
            name.strip_prefix("System.").unwrap_or(name)
        });
        Error::invalid_cast(format!(
            "Invalid cast from '{from}' to '{}'.",
            target.name()
        ))
    };
    if matches!(value, Scalar::Null) {
        return if target.is_reference() {
            Ok(Scalar::Null)
        } else {
            Err(Error::invalid_cast(
                "Null object cannot be converted to a value type.",
            ))
        };
    }
    Ok(match target {
        ScalarTarget::Bool => Scalar::Bool(to_bool(value, cast_error)?),
        ScalarTarget::Char => Scalar::Char(to_char(value, cast_error)?),
        ScalarTarget::Int(int) => {
            let number = to_integer(value, integer_type(int), cast_error)?;
            // In range of the type by now, and each of these fits an i64.
            Scalar::Int(i64::try_from(number).unwrap_or_default(), int)
        }
        ScalarTarget::UInt64 => {
            let number = to_integer(value, IntegerType::UInt64, cast_error)?;
            Scalar::UInt64(u64::try_from(number).unwrap_or_default())
        }
        ScalarTarget::Double => Scalar::Double(to_double(value, cast_error)?),
        ScalarTarget::Single => Scalar::Single(match value {
            Scalar::Single(v) => *v,
            Scalar::String(text) => {
                number_parse::parse_f32(&text.to_utf8(), NumberStyles::FLOAT_AND_THOUSANDS)?
            }
            other => to_double(other, cast_error)? as f32,
        }),
        ScalarTarget::Decimal => Scalar::Decimal(to_decimal(value, cast_error)?),
        ScalarTarget::String => Scalar::String(value.to_text()),
        ScalarTarget::DateTime => match value {
            Scalar::Date(_) => value.clone(),
            Scalar::String(text) => Scalar::Date(date::parse_date(&text.to_utf8(), now)?),
            _ => return Err(cast_error()),
        },
        _ => match (target, value) {
            (ScalarTarget::DateTimeOffset, Scalar::DateOffset(_))
            | (ScalarTarget::Guid, Scalar::Guid(_))
            | (ScalarTarget::Uri, Scalar::Uri(_))
            | (ScalarTarget::TimeSpan, Scalar::TimeSpan(_))
            | (ScalarTarget::Bytes, Scalar::Bytes(_)) => value.clone(),
            _ => return Err(cast_error()),
        },
    })
}

fn to_bool(value: &Scalar, cast_error: impl Fn() -> Error) -> Result<bool> {
    Ok(match value {
        Scalar::Bool(v) => *v,
        Scalar::String(text) => number_parse::parse_bool(&text.to_utf8())?,
        Scalar::Int(v, _) => *v != 0,
        Scalar::UInt64(v) => *v != 0,
        // By way of `int`, which is too small for all of them.
        Scalar::BigInteger(_) => {
            return Err(clr::Error::overflow(
                "Value was either too large or too small for an Int32.",
            )
            .into());
        }
        Scalar::Double(v) => *v != 0.0,
        Scalar::Single(v) => *v != 0.0,
        Scalar::Decimal(v) => !v.is_zero(),
        _ => return Err(cast_error()),
    })
}

fn to_char(value: &Scalar, cast_error: impl Fn() -> Error) -> Result<u16> {
    match value {
        Scalar::Char(unit) => Ok(*unit),
        Scalar::String(text) => match (text.unit(0), text.len()) {
            (Some(unit), 1) => Ok(unit),
            _ => Err(clr::Error::format("String must be exactly one character long.").into()),
        },
        Scalar::BigInteger(_) => Err(clr::Error::overflow(
            "Value was either too large or too small for a UInt16.",
        )
        .into()),
        Scalar::Int(..) | Scalar::UInt64(_) => {
            let number = to_integer(value, IntegerType::UInt64, &cast_error).ok();
            number.and_then(|v| u16::try_from(v).ok()).ok_or_else(|| {
                clr::Error::overflow("Value was either too large or too small for a character.")
                    .into()
            })
        }
        _ => Err(cast_error()),
    }
}

fn to_integer(value: &Scalar, target: IntegerType, cast_error: impl Fn() -> Error) -> Result<i128> {
    let number = match value {
        Scalar::Bool(v) => i128::from(*v),
        Scalar::Char(v) => i128::from(*v),
        Scalar::Int(v, _) => i128::from(*v),
        Scalar::UInt64(v) => i128::from(*v),
        Scalar::BigInteger(text) => text
            .to_utf8()
            .parse()
            .map_err(|_| Error::from(target.overflow()))?,
        Scalar::Double(v) => rounded(*v, target)?,
        Scalar::Single(v) => rounded(f64::from(*v), target)?,
        Scalar::Decimal(v) => {
            let whole = clr::decimal::round(*v, 0, clr::decimal::MidpointRounding::ToEven)?;
            return Ok(clr::decimal::to_integer(whole, target)?);
        }
        Scalar::String(text) => {
            return Ok(number_parse::parse_integer(
                &text.to_utf8(),
                target,
                NumberStyles::INTEGER,
            )?);
        }
        _ => return Err(cast_error()),
    };
    Ok(target.check(number)?)
}

/// Half to even; NaN and what no 128 bits hold are out of range.
fn rounded(value: f64, target: IntegerType) -> Result<i128> {
    if value.is_nan() || value.abs() > 1e30 {
        return Err(target.overflow().into());
    }
    Ok(value.round_ties_even() as i128)
}

fn to_double(value: &Scalar, cast_error: impl Fn() -> Error) -> Result<f64> {
    match value {
        Scalar::String(text) => Ok(number_parse::parse_f64(
            &text.to_utf8(),
            NumberStyles::FLOAT_AND_THOUSANDS,
        )?),
        Scalar::Decimal(v) => Ok(clr::decimal::to_f64(*v)),
        other => other.as_f64().ok_or_else(cast_error),
    }
}

fn to_decimal(value: &Scalar, cast_error: impl Fn() -> Error) -> Result<Decimal> {
    Ok(match value {
        Scalar::Decimal(v) => *v,
        Scalar::Bool(v) => Decimal::from(u8::from(*v)),
        Scalar::Int(v, _) => (*v).into(),
        Scalar::UInt64(v) => (*v).into(),
        Scalar::Double(v) => clr::decimal::from_f64(*v)?,
        Scalar::Single(v) => clr::decimal::from_f32(*v)?,
        Scalar::String(text) | Scalar::BigInteger(text) => {
            number_parse::parse_decimal(&text.to_utf8(), NumberStyles::NUMBER)?
        }
        _ => return Err(cast_error()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::json::ErrorKind;

    fn cast(json: &str, target: ScalarTarget, nullable: bool) -> Result<Scalar> {
        let token = parse(json, &Default::default()).unwrap();
        explicit(
            Some(&token),
            Conversion {
                target,
                nullable,
                now: 0,
            },
        )
    }

    fn int(json: &str) -> Result<Scalar> {
        cast(json, ScalarTarget::Int(IntType::Int32), false)
    }

    fn thrown(result: Result<Scalar>) -> &'static str {
        match result.unwrap_err().kind {
            ErrorKind::Clr(kind) => kind.name(),
            _ => "other",
        }
    }

    #[test]
    fn integers_come_from_numbers_booleans_and_text() {
        for (json, expected) in [
            ("5", 5),
            ("\"5\"", 5),
            ("5.7", 6),
            ("6.5", 6),
            ("true", 1),
            ("-5", -5),
        ] {
            assert_eq!(
                int(json).unwrap(),
                Scalar::Int(expected, IntType::Int32),
                "{json}"
            );
        }
        assert_eq!(thrown(int("\"abc\"")), "FormatException");
        assert_eq!(thrown(int("null")), "ArgumentException");
        assert_eq!(thrown(int("[1]")), "ArgumentException");
        assert_eq!(thrown(int("3000000000")), "OverflowException");
        assert_eq!(
            int("{}").unwrap_err().message,
            "Can not convert Object to Int32."
        );
    }

    #[test]
    fn null_converts_only_to_types_that_have_null() {
        assert_eq!(
            cast("null", ScalarTarget::Int(IntType::Int32), true).unwrap(),
            Scalar::Null
        );
        assert_eq!(
            cast("null", ScalarTarget::String, false).unwrap(),
            Scalar::Null
        );
        assert_eq!(
            thrown(explicit(
                None,
                Conversion {
                    target: ScalarTarget::Bool,
                    nullable: false,
                    now: 0
                }
            )),
            "ArgumentNullException"
        );
        assert_eq!(
            thrown(change_type(&Scalar::Null, ScalarTarget::Double, 0)),
            "InvalidCastException"
        );
    }

    #[test]
    fn booleans_texts_and_the_rest() {
        assert_eq!(
            cast("\"True\"", ScalarTarget::Bool, false).unwrap(),
            Scalar::Bool(true)
        );
        assert_eq!(
            thrown(cast("\"1\"", ScalarTarget::Bool, false)),
            "FormatException"
        );
        assert_eq!(
            cast("1.0", ScalarTarget::String, false).unwrap(),
            Scalar::text("1")
        );
        assert_eq!(
            cast("true", ScalarTarget::String, false).unwrap(),
            Scalar::text("True")
        );
        assert_eq!(
            cast("1.10", ScalarTarget::Decimal, false)
                .unwrap()
                .to_text(),
            "1.1"
        );
        assert_eq!(
            cast("\"1.10\"", ScalarTarget::Decimal, false)
                .unwrap()
                .to_text(),
            "1.10"
        );
        assert_eq!(
            cast("\"AQI=\"", ScalarTarget::Bytes, false).unwrap(),
            Scalar::Bytes([1, 2].as_slice().into())
        );
        assert_eq!(
            cast("\"a\"", ScalarTarget::Char, false).unwrap(),
            Scalar::Char(97)
        );
        assert_eq!(
            thrown(cast("\"x\"", ScalarTarget::Guid, false)),
            "FormatException"
        );
        assert_eq!(
            thrown(cast("5", ScalarTarget::DateTime, false)),
            "ArgumentException"
        );
        assert_eq!(
            cast("\"00:01:00\"", ScalarTarget::TimeSpan, false).unwrap(),
            Scalar::TimeSpan(TimeSpan(600_000_000))
        );
    }
}
