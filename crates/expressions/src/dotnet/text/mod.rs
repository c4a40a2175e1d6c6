//! `System.String`, `System.Text`.

use std::cmp::Ordering;

use crate::clr::number_format::{Number, format_number, to_text};
use crate::runtime::R;
use crate::types::Types;
use crate::value::{Str, Value};

pub(super) fn define(types: &mut Types) {
    types
        .class("System.String")
        .base("IEnumerable<char>")
        .base("IComparable");
}

/// `string.Compare(a, b)`: the invariant culture's order.
pub(crate) fn compare_culture(a: &Str, b: &Str) -> Ordering {
    a.compare_ordinal(b)
}

/// `string.Compare(a, b, true)`: the invariant culture's order without regard to case.
pub(crate) fn compare_culture_ignore_case(a: &Str, b: &Str) -> Ordering {
    compare_culture(&to_upper(a), &to_upper(b))
}

/// `ToUpperInvariant()`
pub(crate) fn to_upper(text: &Str) -> Str {
    Str::from(text.to_utf8().to_uppercase())
}

/// `ToString(format)` of numbers, dates, spans and GUIDs.
pub(crate) fn format_simple(value: &Value, format: Option<&str>) -> R<Str> {
    let number = match value {
        Value::SByte(n) => Number::I8(*n),
        Value::Byte(n) => Number::U8(*n),
        Value::Int16(n) => Number::I16(*n),
        Value::UInt16(n) => Number::U16(*n),
        Value::Int32(n) => Number::I32(*n),
        Value::UInt32(n) => Number::U32(*n),
        Value::Int64(n) => Number::I64(*n),
        Value::UInt64(n) => Number::U64(*n),
        Value::Single(n) => Number::F32(*n),
        Value::Double(n) => Number::F64(*n),
        Value::Decimal(n) => Number::Decimal(*n),
        Value::TimeSpan(span) => {
            return Ok(Str::from(match format {
                None => span.to_text(),
                Some(format) => span.format(format)?,
            }));
        }
        _ => return Ok(Str::EMPTY),
    };
    Ok(Str::from(match format {
        None => to_text(number),
        Some(format) => format_number(number, format)?,
    }))
}
