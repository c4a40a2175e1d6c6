//! `ToString` of any value. Numbers and dates go to `clr`, objects answer for themselves.

use super::{R, Runtime};
use crate::types::Registry;
use crate::value::{Object, Str, Value};

/// `ToString(format)`; null gives the empty string.
pub(super) fn format(rt: &mut Runtime<'_>, value: &Value, format: Option<&str>) -> R<Str> {
    let format = format.filter(|f| !f.is_empty());
    Ok(match value {
        Value::Null => Str::EMPTY,
        Value::Bool(true) => Str::literal("True"),
        Value::Bool(false) => Str::literal("False"),
        Value::Char(unit) => Str::from_unit(*unit),
        Value::Str(text) => text.clone(),
        Value::Enum(def, number) => match Registry::get().def(*def) {
            Some(def) => crate::dotnet::system::format_enum(def, *number, format)?,
            None => Str::EMPTY,
        },
        Value::Host(host) => crate::dotnet::context::to_text(*host, rt)?,
        Value::Json(token) => match Object::to_text(token, rt, format)? {
            Some(text) => text,
            None => Str::EMPTY,
        },
        Value::Object(object) => {
            let object = object.clone();
            match rt.deeper(|rt| object.to_text(rt, format))? {
                Some(text) => text,
                None => Str::from(object.type_of().full_name()),
            }
        }
        simple => crate::dotnet::text::format_simple(simple, format)?,
    })
}
