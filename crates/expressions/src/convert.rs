//! From an expression's value to what a policy's attribute or element needs.
//!
//! The rules are API Management's: a condition takes a `bool` or text that `bool.Parse` accepts, a number any integral
//! value in range or text that parses, text anything by invariant `ToString()`.

use bytes::Bytes;

use crate::clr::number_parse::{self, IntegerType, NumberStyles};
use crate::dotnet::collections;
use crate::fault::Exception;
use crate::value::{Str, Value};

fn refused(value: &Value, wanted: &str) -> Exception {
    if value.is_null() {
        return Exception::new(
            "NullReferenceException",
            "Object reference not set to an instance of an object.",
        );
    }
    Exception::new(
        "InvalidCastException",
        format!(
            "The expression gives a value of type '{}', but '{wanted}' is needed here.",
            value.type_of()
        ),
    )
}

fn from_clr(error: crate::clr::Error) -> Exception {
    Exception::new(error.kind.name(), error.message)
}

/// As a condition or flag.
///
/// # Errors
/// The value is neither a `bool` nor text that is one.
pub fn to_bool(value: &Value) -> Result<bool, Exception> {
    match value {
        Value::Bool(b) => Ok(*b),
        Value::Str(text) => number_parse::parse_bool(&text.to_utf8()).map_err(from_clr),
        Value::Json(token) => match crate::dotnet::json::scalar_value(token) {
            Some(inner @ (Value::Bool(_) | Value::Str(_))) => to_bool(&inner),
            _ => Err(refused(value, "bool")),
        },
        other => Err(refused(other, "bool")),
    }
}

/// As a whole number.
///
/// # Errors
/// The value has a fraction, is out of range, or is text that is no number.
pub fn to_int(value: &Value) -> Result<i64, Exception> {
    match value {
        Value::Char(_) | Value::Enum(..) => Err(refused(value, "int")),
        Value::Str(text) => {
            let number = number_parse::parse_integer(
                &text.to_utf8(),
                IntegerType::Int64,
                NumberStyles::INTEGER,
            )
            .map_err(from_clr)?;
            i64::try_from(number).map_err(|_| refused(value, "int"))
        }
        Value::Single(n) => whole(f64::from(*n), value),
        Value::Double(n) => whole(*n, value),
        Value::Decimal(n) if n.fract().is_zero() => {
            i64::try_from(*n).map_err(|_| refused(value, "int"))
        }
        Value::Json(token) => match crate::dotnet::json::scalar_value(token) {
            Some(inner) if !matches!(inner, Value::Json(_)) => to_int(&inner),
            _ => Err(refused(value, "int")),
        },
        other => other.as_integer().ok_or_else(|| refused(other, "int")),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn whole(n: f64, value: &Value) -> Result<i64, Exception> {
    if n.fract() == 0.0 && n.abs() < 9.2e18 {
        Ok(n as i64)
    } else {
        Err(refused(value, "int"))
    }
}

/// As a number that may have a fraction.
///
/// # Errors
/// The value is no number.
pub fn to_double(value: &Value) -> Result<f64, Exception> {
    match value {
        Value::Single(n) => Ok(f64::from(*n)),
        Value::Double(n) => Ok(*n),
        Value::Decimal(n) => Ok(crate::clr::decimal::to_f64(*n)),
        Value::Str(text) => {
            number_parse::parse_f64(&text.to_utf8(), NumberStyles::FLOAT_AND_THOUSANDS)
                .map_err(from_clr)
        }
        #[allow(clippy::cast_precision_loss)]
        other => to_int(other).map(|n| n as f64),
    }
}

/// As text; `None` for null.
///
/// # Errors
/// `ToString` of the value throws.
pub fn to_text(value: &Value) -> Result<Option<Str>, Exception> {
    match value {
        Value::Null => Ok(None),
        Value::Str(text) => Ok(Some(text.clone())),
        other => {
            let mut host = crate::host::Nowhere::default();
            let mut rt = crate::runtime::Runtime::new(&mut host, crate::runtime::Limits::default());
            match rt.to_text(other) {
                Ok(text) => Ok(Some(text)),
                Err(fault) => match fault.into_stop() {
                    crate::Stop::Exception(exception) => Err(*exception),
                    crate::Stop::NeedsBody(_) => Err(refused(other, "string")),
                },
            }
        }
    }
}

/// As a message body: bytes as they are, anything else its text in UTF-8; `None` for null.
///
/// # Errors
/// `ToString` of the value throws.
pub fn to_body(value: &Value) -> Result<Option<Bytes>, Exception> {
    if let Some(bytes) = collections::bytes_of(value) {
        return Ok(Some(Bytes::from(bytes)));
    }
    Ok(to_text(value)?.map(|text| Bytes::from(text.to_utf8().into_owned().into_bytes())))
}
