//! `System.Enum`: names, parsing and flags of enumeration values.

use crate::dotnet::collections;
use crate::json::TokenType;
use crate::runtime::{Call, Fault, R};
use crate::types::{Kind, Type, TypeDef, Types};
use crate::value::{Str, TypeObject, Value};

/// The enumeration that a `Type` argument names.
fn argument(c: &Call<'_, '_>, index: usize) -> R<&'static TypeDef> {
    let ty = c.object::<TypeObject>(index)?.0.clone();
    definition(&ty)
}

fn definition(ty: &Type) -> R<&'static TypeDef> {
    ty.def()
        .filter(|def| def.kind == Kind::Enum)
        .ok_or_else(|| Fault::argument("Type provided must be an Enum.", "enumType"))
}

/// A name, a number, or several of them with commas between.
fn parse(def: &TypeDef, text: &str, ignore_case: bool) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if starts_like_number(text) {
        return text.parse::<i32>().ok().map(i64::from);
    }
    let mut all = 0;
    for part in text.split(',') {
        let part = part.trim();
        let (_, value) = def
            .values
            .iter()
            .find(|(name, _)| *name == part || (ignore_case && name.eq_ignore_ascii_case(part)))?;
        all |= value;
    }
    Some(all)
}

fn starts_like_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
}

/// Whether text is a whole number, of whatever size.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn parsed(def: &TypeDef, text: &Str, ignore_case: bool) -> R<Value> {
    if text.to_utf8().trim().is_empty() {
        return Err(Fault::argument(
            "Must specify valid information for parsing in the string.",
            "value",
        ));
    }
    match parse(def, &text.to_utf8(), ignore_case) {
        Some(number) => Ok(Value::Enum(def.id, number)),
        None if is_whole(text.to_utf8().trim()) => Err(crate::clr::Error::overflow(
            "Value was either too large or too small for an Int32.",
        )
        .into()),
        None => Err(Fault::argument(
            &format!("Requested value '{text}' was not found."),
            "",
        )),
    }
}

fn try_parse(c: &mut Call<'_, '_>, ignore_case: bool, out: usize) -> R<Value> {
    let def = definition(&c.ty(0))?;
    let found = c
        .opt_str(0)?
        .and_then(|text| parse(def, &text.to_utf8(), ignore_case));
    c.set(out, Value::Enum(def.id, found.unwrap_or(0)));
    Ok(found.is_some().into())
}

/// The number of an enumeration value, or of an integer, `char` or `bool` that stands for one.
fn number(value: &Value) -> R<i64> {
    match value {
        Value::Bool(truth) => Ok((*truth).into()),
        Value::UInt64(number) => Ok(number.cast_signed()),
        other => other
            .as_integer()
            .ok_or_else(|| Fault::argument("The value must be an enumeration value.", "value")),
    }
}

fn same_enumeration(a: &Value, b: &Value) -> R<()> {
    match (a, b) {
        (Value::Enum(a, _), Value::Enum(b, _)) if a == b => Ok(()),
        _ => Err(Fault::argument(
            "Object must be the same type as the enum.",
            "",
        )),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Enum");
    t.base("ValueType").base("IComparable").base("IFormattable");
    t.method("string ToString(IFormatProvider provider)", |c| {
        let own = c.value(0);
        Ok(c.rt.to_text(&own)?.into())
    });
    t.static_method("object Parse(Type enumType, string value)", |c| {
        parsed(argument(c, 0)?, &c.str(1)?, false)
    });
    t.static_method(
        "object Parse(Type enumType, string value, bool ignoreCase)",
        |c| parsed(argument(c, 0)?, &c.str(1)?, c.bool(2)?),
    );
    t.static_method("TEnum Parse<TEnum>(string value)", |c| {
        parsed(definition(&c.ty(0))?, &c.str(0)?, false)
    });
    t.static_method("TEnum Parse<TEnum>(string value, bool ignoreCase)", |c| {
        parsed(definition(&c.ty(0))?, &c.str(0)?, c.bool(1)?)
    });
    t.static_method(
        "bool TryParse<TEnum>(string value, out TEnum result)",
        |c| try_parse(c, false, 1),
    );
    t.static_method(
        "bool TryParse<TEnum>(string value, bool ignoreCase, out TEnum result)",
        |c| {
            let ignore_case = c.bool(1)?;
            try_parse(c, ignore_case, 2)
        },
    );
    t.static_method("string GetName(Type enumType, object value)", |c| {
        let wanted = match (c.value(0).is_null(), c.required(1)) {
            (false, wanted) => wanted?,
            (true, _) => c.required(0)?,
        };
        let def = argument(c, 0)?;
        let wanted = number(&wanted)?;
        Ok(def
            .values
            .iter()
            .find(|(_, value)| *value == wanted)
            .map(|(name, _)| Str::from(*name))
            .into())
    });
    t.static_method("string[] GetNames(Type enumType)", |c| {
        let mut values = argument(c, 0)?.values.clone();
        values.sort_by_key(|(_, value)| value.cast_unsigned());
        let names = values
            .iter()
            .map(|(name, _)| Str::from(*name).into())
            .collect();
        Ok(collections::array(Type::STRING, names))
    });
    t.static_method("Array GetValues(Type enumType)", |c| {
        let def = argument(c, 0)?;
        let mut values = def.values.clone();
        values.sort_by_key(|(_, value)| value.cast_unsigned());
        let items = values
            .iter()
            .map(|(_, value)| Value::Enum(def.id, *value))
            .collect();
        Ok(collections::array(Type::Named(def.id, None), items))
    });
    t.static_method("bool IsDefined(Type enumType, object value)", |c| {
        c.object::<TypeObject>(0)?;
        let value = c.required(1)?;
        if !matches!(value, Value::Str(_) | Value::Bool(_) | Value::UInt64(_))
            && value.as_integer().is_none()
        {
            return Err(Fault::new(
                "System.InvalidOperationException",
                Str::literal("Unknown enum type."),
            ));
        }
        let def = argument(c, 0)?;
        let wanted = match value {
            Value::Str(text) => {
                return Ok(def.values.iter().any(|(name, _)| text == *name).into());
            }
            Value::Enum(id, number) if id == def.id => number,
            Value::Int32(number) => i64::from(number),
            Value::Enum(..) => {
                return Err(Fault::argument("Object must be the same type as the enum.", ""));
            }
            _ => {
                return Err(Fault::argument(
                    "Enum underlying type and the object must be same type or object must be a String.",
                    "",
                ));
            }
        };
        Ok(def.values.iter().any(|(_, value)| *value == wanted).into())
    });
    t.static_method("object ToObject(Type enumType, object value)", |c| {
        let wanted = c.required(1)?;
        // Its type code is that of its content, but it cannot be unboxed as such.
        let token = match &wanted {
            Value::Json(token) => Some(token.token_type()),
            _ => None,
        };
        if matches!(token, Some(TokenType::Integer | TokenType::Boolean)) {
            return Err(Fault::new(
                "System.InvalidCastException",
                Str::literal(
                    "Unable to cast object of type 'Newtonsoft.Json.Linq.JValue' to type 'System.Int64'.",
                ),
            ));
        }
        // An enumeration holds 32 bits.
        let number = number(&wanted)? as i32;
        Ok(Value::Enum(argument(c, 0)?.id, number.into()))
    });
    t.static_method("Type GetUnderlyingType(Type enumType)", |c| {
        argument(c, 0)?;
        Ok(Value::object(TypeObject(Type::INT32)))
    });
    t.method("bool HasFlag(Enum flag)", |c| {
        let (value, flag) = (c.value(0), c.required(1)?);
        same_enumeration(&value, &flag)?;
        let (value, flag) = (number(&value)?, number(&flag)?);
        Ok((value & flag == flag).into())
    });
    t.method("string ToString(string format)", |c| {
        let (value, format) = (c.value(0), c.opt_str(1)?);
        let format = format.map(|f| f.to_utf8().into_owned());
        Ok(c.rt.format(&value, format.as_deref())?.into())
    });
    t.method("int CompareTo(object target)", |c| match c.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        other => {
            same_enumeration(&c.value(0), &other)?;
            let (a, b) = (number(&c.value(0))?, number(&other)?);
            Ok((a.cmp(&b) as i32).into())
        }
    });
}
