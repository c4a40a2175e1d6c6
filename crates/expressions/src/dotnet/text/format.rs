//! `ToString` and `ToString(format)` of the simple values: numbers, dates, spans, GUIDs, characters, booleans.

use crate::clr::datetime_format::{
    datetime_text, datetimeoffset_text, format_datetime, format_datetimeoffset,
};
use crate::clr::guid;
use crate::clr::number_format::{Number, format_number, to_text};
use crate::runtime::R;
use crate::value::{Str, Value};

/// The text of a simple value; of any other the empty string, as the caller has dealt with those.
pub(crate) fn format_simple(value: &Value, format: Option<&str>) -> R<Str> {
    let format = format.filter(|f| !f.is_empty());
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
        Value::DateTime(time) => {
            return Ok(Str::from(match format {
                None => datetime_text(*time),
                Some(format) => format_datetime(*time, format)?,
            }));
        }
        Value::DateTimeOffset(time) => {
            return Ok(Str::from(match format {
                None => datetimeoffset_text(*time),
                Some(format) => format_datetimeoffset(*time, format)?,
            }));
        }
        Value::Guid(id) => return Ok(Str::from(guid::format(*id, format.unwrap_or("D"))?)),
        Value::Bool(true) => return Ok(Str::literal("True")),
        Value::Bool(false) => return Ok(Str::literal("False")),
        Value::Char(unit) => return Ok(Str::from_unit(*unit)),
        _ => return Ok(Str::EMPTY),
    };
    Ok(Str::from(match format {
        None => to_text(number),
        Some(format) => format_number(number, format)?,
    }))
}
