//! `IConvertible`: what each simple value becomes as another type, with the exceptions of `System.Convert`.

use rust_decimal::Decimal;

use crate::clr::Error;
use crate::clr::convert::{decimal_to_integer, f64_to_integer, text_to_char};
use crate::clr::datetime::DateTime;
use crate::clr::datetime_parse::{DateTimeStyles, parse_datetime};
use crate::clr::decimal::{from_f32, from_f64, to_f32, to_f64};
use crate::clr::number_parse::{
    IntegerType, NumberStyles, parse_bool, parse_decimal, parse_f32, parse_f64, parse_integer,
};
use crate::json::{self, Conversion, IntType, ScalarTarget};
use crate::runtime::{Fault, R, Runtime};
use crate::value::Value;

/// A `JValue` converts as the cast operator of `JToken` does; other values stand for themselves.
fn plain(value: &Value, target: ScalarTarget, now: i64) -> R<Value> {
    match value {
        Value::Json(token) if token.is_value() => {
            let conversion = Conversion {
                target,
                nullable: false,
                now,
            };
            let found = json::explicit(Some(token), conversion)?;
            Ok(crate::dotnet::json::value_of(&found))
        }
        _ => Ok(value.clone()),
    }
}

/// The exception of a pair of types without conversion.
fn refused(from: &Value, to: &str) -> Fault {
    match from {
        Value::Object(_)
        | Value::Json(_)
        | Value::Host(_)
        | Value::Guid(_)
        | Value::TimeSpan(_)
        | Value::DateTimeOffset(_) => Fault::new(
            "System.InvalidCastException",
            format!(
                "Unable to cast object of type '{}' to type 'System.IConvertible'.",
                from.type_of().full_name()
            ),
        ),
        _ => Error::invalid_cast(&from.type_of().reflection_name(), to).into(),
    }
}

/// The value of an integer, character or enumeration.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::UInt64(n) => Some((*n).into()),
        other => other.as_integer().map(Into::into),
    }
}

const fn scalar_target(target: IntegerType) -> ScalarTarget {
    ScalarTarget::Int(match target {
        IntegerType::SByte => IntType::SByte,
        IntegerType::Byte => IntType::Byte,
        IntegerType::Int16 => IntType::Int16,
        IntegerType::UInt16 => IntType::UInt16,
        IntegerType::Int32 => IntType::Int32,
        IntegerType::UInt32 => IntType::UInt32,
        IntegerType::Int64 => IntType::Int64,
        IntegerType::UInt64 => return ScalarTarget::UInt64,
        IntegerType::Char => return ScalarTarget::Char,
    })
}

fn integer_name(target: IntegerType) -> &'static str {
    match target {
        IntegerType::SByte => "SByte",
        IntegerType::Byte => "Byte",
        IntegerType::Int16 => "Int16",
        IntegerType::UInt16 => "UInt16",
        IntegerType::Int32 => "Int32",
        IntegerType::UInt32 => "UInt32",
        IntegerType::Int64 => "Int64",
        IntegerType::UInt64 => "UInt64",
        IntegerType::Char => "Char",
    }
}

/// `Convert.ToInt32(value)` and its relatives, `ToChar` included.
pub(super) fn to_integer(value: &Value, target: IntegerType) -> R<i128> {
    let value = plain(value, scalar_target(target), 0)?;
    let is_char = target == IntegerType::Char;
    Ok(match &value {
        Value::Null => 0,
        Value::Bool(b) if !is_char => i128::from(*b),
        Value::Single(n) if !is_char => f64_to_integer(f64::from(*n), target)?,
        Value::Double(n) if !is_char => f64_to_integer(*n, target)?,
        Value::Decimal(n) if !is_char => decimal_to_integer(*n, target)?,
        Value::Str(text) if is_char => text_to_char(&text.to_utf8())?.into(),
        Value::Str(text) => parse_integer(&text.to_utf8(), target, NumberStyles::INTEGER)?,
        other => match whole(other) {
            Some(n) => target.check(n)?,
            None => return Err(refused(other, integer_name(target))),
        },
    })
}

/// `Convert.ToDouble(value)`
pub(super) fn to_double(value: &Value) -> R<f64> {
    let value = plain(value, ScalarTarget::Double, 0)?;
    Ok(match &value {
        Value::Null => 0.0,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Single(n) => f64::from(*n),
        Value::Double(n) => *n,
        Value::Decimal(n) => to_f64(*n),
        Value::Str(text) => parse_f64(&text.to_utf8(), NumberStyles::FLOAT_AND_THOUSANDS)?,
        Value::UInt64(n) => *n as f64,
        other => match other
            .as_integer()
            .filter(|_| !matches!(other, Value::Char(_)))
        {
            Some(n) => n as f64,
            None => return Err(refused(other, "Double")),
        },
    })
}

/// `Convert.ToSingle(value)`
pub(super) fn to_single(value: &Value) -> R<f32> {
    let value = plain(value, ScalarTarget::Single, 0)?;
    Ok(match &value {
        Value::Null => 0.0,
        Value::Bool(b) => f32::from(u8::from(*b)),
        Value::Single(n) => *n,
        Value::Double(n) => *n as f32,
        Value::Decimal(n) => to_f32(*n),
        Value::Str(text) => parse_f32(&text.to_utf8(), NumberStyles::FLOAT_AND_THOUSANDS)?,
        Value::UInt64(n) => *n as f32,
        other => match other
            .as_integer()
            .filter(|_| !matches!(other, Value::Char(_)))
        {
            Some(n) => n as f32,
            None => return Err(refused(other, "Single")),
        },
    })
}

/// `Convert.ToDecimal(value)`
pub(super) fn to_decimal(value: &Value) -> R<Decimal> {
    let value = plain(value, ScalarTarget::Decimal, 0)?;
    Ok(match &value {
        Value::Null => Decimal::ZERO,
        Value::Bool(b) => Decimal::from(u8::from(*b)),
        Value::Single(n) => from_f32(*n)?,
        Value::Double(n) => from_f64(*n)?,
        Value::Decimal(n) => *n,
        Value::Str(text) => parse_decimal(&text.to_utf8(), NumberStyles::NUMBER)?,
        Value::UInt64(n) => Decimal::from(*n),
        other => match other
            .as_integer()
            .filter(|_| !matches!(other, Value::Char(_)))
        {
            Some(n) => Decimal::from(n),
            None => return Err(refused(other, "Decimal")),
        },
    })
}

/// `Convert.ToBoolean(value)`: numbers are true unless zero.
pub(super) fn to_boolean(value: &Value) -> R<bool> {
    let value = plain(value, ScalarTarget::Bool, 0)?;
    Ok(match &value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Single(n) => *n != 0.0,
        Value::Double(n) => *n != 0.0,
        Value::Decimal(n) => !n.is_zero(),
        Value::Str(text) => parse_bool(&text.to_utf8())?,
        other => match whole(other).filter(|_| !matches!(other, Value::Char(_))) {
            Some(n) => n != 0,
            None => return Err(refused(other, "Boolean")),
        },
    })
}

/// `Convert.ToDateTime(value)`
pub(super) fn to_date(rt: &Runtime<'_>, value: &Value) -> R<DateTime> {
    let value = plain(value, ScalarTarget::DateTime, rt.host.now())?;
    Ok(match &value {
        Value::Null => DateTime::MIN,
        Value::DateTime(time) => *time,
        Value::Str(text) => parse_datetime(&text.to_utf8(), DateTimeStyles::NONE, rt.host.now())?,
        other => return Err(refused(other, "DateTime")),
    })
}
