//! A result as one line, `type<TAB>text`: the notation of the case files and of `tidegate eval`.
//!
//! Strings stand as they are, with `\\`, `\n`, `\r`, `\t` and `\uXXXX` for what a line cannot hold; null is `<null>`,
//! bytes are lower-case hex, tokens compact JSON, sequences `[a, b]`, all else its invariant `ToString()`.

use std::fmt::Write;

use crate::dotnet::collections;
use crate::runtime::{R, Runtime};
use crate::types::{Type, relations};
use crate::value::{Lazy, Str, Value};

/// Type and text of a result. The run-time type is shown, the static one for null and for lazy sequences.
///
/// # Errors
/// Enumerating or printing the result throws.
pub fn show(rt: &mut Runtime<'_>, value: &Value, static_type: &Type) -> R<(String, String)> {
    let ty = if value.is_null() {
        if *static_type == Type::Null {
            Type::OBJECT
        } else {
            static_type.clone()
        }
    } else if value.as_object::<Lazy>().is_some() && *static_type != Type::OBJECT {
        static_type.clone()
    } else {
        value.type_of()
    };
    let text = text(rt, value, 0)?;
    Ok((ty.to_string(), text))
}

fn text(rt: &mut Runtime<'_>, value: &Value, depth: usize) -> R<String> {
    if let Some(bytes) = collections::bytes_of(value) {
        let mut out = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(out, "{byte:02x}");
        }
        return Ok(out);
    }
    match value {
        Value::Null => return Ok("<null>".into()),
        Value::Str(text) => return Ok(escape(text)),
        Value::Json(token) => {
            return Ok(escape(&Str::from(crate::dotnet::json::compact(token))));
        }
        _ => {}
    }
    let sequence = matches!(value, Value::Object(_))
        && relations::element_type(&value.type_of()).is_some()
        && !crate::dotnet::is_text_like(value);
    if sequence && depth < 20 {
        let items = rt.collect(value)?;
        let mut out = String::from("[");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_str(&text(rt, item, depth + 1)?);
        }
        out.push(']');
        return Ok(out);
    }
    let shown = rt.to_text(value)?;
    Ok(escape(&shown))
}

/// Escapes what a line of a case file cannot hold.
#[must_use]
pub fn escape(text: &Str) -> String {
    let mut out = String::new();
    for unit in char::decode_utf16(text.units().iter().copied()) {
        match unit {
            Ok('\\') => out.push_str("\\\\"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\r') => out.push_str("\\r"),
            Ok('\t') => out.push_str("\\t"),
            Ok(c) if c.is_control() || c == '\u{fffd}' || c == '\u{2028}' || c == '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            Ok(c) => out.push(c),
            Err(lone) => {
                let _ = write!(out, "\\u{:04x}", lone.unpaired_surrogate());
            }
        }
    }
    out
}
