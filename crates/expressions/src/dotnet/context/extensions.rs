//! `GetValueOrDefault` on the dictionaries of `context`.

use crate::dotnet::collections::{self, dispatch};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::Types;
use crate::value::{Str, StrBuilder, Value};

/// The values of a name joined by commas, as a header with several lines reads.
fn joined(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, name, default) = (c.required(0)?, c.str(1)?, c.value(2));
    let Some(value) = dispatch::get(c.rt, &map, &Value::Str(name))? else {
        return Ok(default);
    };
    let values = collections::elements_of(&value).unwrap_or_default();
    if let [only] = values.as_slice() {
        return Ok(only.clone());
    }
    let mut text = StrBuilder::new();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            text.push_str(",");
        }
        if let Value::Str(part) = value {
            text.push(part);
        }
    }
    c.rt.allocate(text.size())?;
    Ok(text.finish().into())
}

/// A variable that must be of type `T`.
fn variable(c: &mut Call<'_, '_>, default: Option<Value>) -> R<Value> {
    let found = match &*c.args {
        [map, name @ Value::Str(_), ..] if !map.is_null() => dispatch::get(c.rt, map, name)?,
        // One of them is null.
        _ => {
            c.required(0)?;
            c.str(1)?;
            None
        }
    };
    let ty = c.ty(0);
    match found {
        None => Ok(default.unwrap_or_else(|| default_of(&ty))),
        Some(Value::Null) => Ok(default_of(&ty)),
        Some(value) if Runtime::is_instance(&value, &ty) => Ok(value),
        Some(value) => Err(wrong_type(&c.str(1)?, &value, &ty.to_string())),
    }
}

fn wrong_type(name: &Str, value: &Value, wanted: &str) -> Fault {
    Fault::new(
        "System.InvalidCastException",
        format!(
            "The value of '{name}' is of type '{}' and cannot be read as '{wanted}'.",
            value.type_of()
        ),
    )
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("Tidegate.ContextExtensions");
    t.extension(
        "string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, string defaultValue = null)",
        joined,
    );
    t.extension(
        "string GetValueOrDefault(this IReadOnlyDictionary<string, string> dictionary, string key, string defaultValue = null)",
        |c| {
            let (map, name, default) = (c.required(0)?, c.str(1)?, c.value(2));
            Ok(dispatch::get(c.rt, &map, &Value::Str(name))?.unwrap_or(default))
        },
    );
    t.extension(
        "T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key)",
        |c| variable(c, None),
    );
    t.extension(
        "T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key, T defaultValue)",
        |c| {
            let default = c.value(2);
            variable(c, Some(default))
        },
    );

    let mut t = types.static_class("System.Collections.Generic.CollectionExtensions");
    t.beyond_documentation();
    t.extension(
        "TValue GetValueOrDefault<TKey, TValue>(this IReadOnlyDictionary<TKey, TValue> dictionary, TKey key)",
        |c| {
            let (map, key, ty) = (c.required(0)?, c.required(1)?, c.ty(1));
            Ok(dispatch::get(c.rt, &map, &key)?.unwrap_or_else(|| default_of(&ty)))
        },
    );
    t.extension(
        "TValue GetValueOrDefault<TKey, TValue>(this IReadOnlyDictionary<TKey, TValue> dictionary, TKey key, TValue defaultValue)",
        |c| {
            let (map, key, default) = (c.required(0)?, c.required(1)?, c.value(2));
            Ok(dispatch::get(c.rt, &map, &key)?.unwrap_or(default))
        },
    );
}
