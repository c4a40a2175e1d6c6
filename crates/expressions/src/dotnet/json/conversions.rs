//! The conversion operators of `JToken`: implicit from primitive types, explicit to them.

use super::{content, opt_token, typed};
use crate::json::{self, Conversion, JToken, Scalar, TokenType};
use crate::runtime::{Call, R};
use crate::types::TypeBuilder;
use crate::value::Value;

fn from_value(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(64)?;
    Ok(content::implicit(&c.value(0)).into())
}

/// From `int?` and the like: the `JValue(object)` constructor keeps the exact type.
fn from_nullable(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(64)?;
    let scalar = super::scalar_of(&c.value(0)).unwrap_or(Scalar::Null);
    Ok(JToken::new_value(scalar)?.into())
}

/// From `string`, `Uri` and `byte[]`: null keeps the token type.
fn from_string(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(64)?;
    Ok(match c.value(0) {
        Value::Null => JToken::typed_value(TokenType::String, Scalar::Null),
        other => content::implicit(&other),
    }
    .into())
}

/// `(T)token`, `T` being the operator's result type.
fn to_value(c: &mut Call<'_, '_>) -> R<Value> {
    let ty = &c.member.result;
    let nullable = ty.nullable_underlying().is_some();
    let Some(target) = typed::scalar_target(ty.unwrap_nullable()) else {
        return Ok(Value::Null);
    };
    let scalar = json::explicit(
        opt_token(c, 0).as_ref(),
        Conversion {
            target,
            nullable,
            now: c.rt.host.now(),
        },
    )?;
    if let (json::ScalarTarget::Uri, Scalar::Uri(text)) = (target, &scalar) {
        return crate::dotnet::net::uri_from_text(text);
    }
    Ok(super::value_of(&scalar))
}

pub(super) fn define(t: &mut TypeBuilder<'_>) {
    for signature in [
        "JToken (bool value)",
        "JToken (sbyte value)",
        "JToken (byte value)",
        "JToken (short value)",
        "JToken (ushort value)",
        "JToken (int value)",
        "JToken (uint value)",
        "JToken (long value)",
        "JToken (ulong value)",
        "JToken (float value)",
        "JToken (double value)",
        "JToken (decimal value)",
        "JToken (DateTime value)",
        "JToken (DateTimeOffset value)",
        "JToken (TimeSpan value)",
        "JToken (Guid value)",
    ] {
        t.implicit(signature, from_value);
    }
    for signature in [
        "JToken (bool? value)",
        "JToken (sbyte? value)",
        "JToken (byte? value)",
        "JToken (short? value)",
        "JToken (ushort? value)",
        "JToken (int? value)",
        "JToken (uint? value)",
        "JToken (long? value)",
        "JToken (ulong? value)",
        "JToken (float? value)",
        "JToken (double? value)",
        "JToken (decimal? value)",
        "JToken (DateTime? value)",
        "JToken (DateTimeOffset? value)",
        "JToken (TimeSpan? value)",
        "JToken (Guid? value)",
        "JToken (byte[] value)",
        "JToken (Uri value)",
    ] {
        t.implicit(signature, from_nullable);
    }
    t.implicit("JToken (string value)", from_string);
    for signature in [
        "bool (JToken value)",
        "bool? (JToken value)",
        "char (JToken value)",
        "char? (JToken value)",
        "sbyte (JToken value)",
        "sbyte? (JToken value)",
        "byte (JToken value)",
        "byte? (JToken value)",
        "short (JToken value)",
        "short? (JToken value)",
        "ushort (JToken value)",
        "ushort? (JToken value)",
        "int (JToken value)",
        "int? (JToken value)",
        "uint (JToken value)",
        "uint? (JToken value)",
        "long (JToken value)",
        "long? (JToken value)",
        "ulong (JToken value)",
        "ulong? (JToken value)",
        "float (JToken value)",
        "float? (JToken value)",
        "double (JToken value)",
        "double? (JToken value)",
        "decimal (JToken value)",
        "decimal? (JToken value)",
        "DateTime (JToken value)",
        "DateTime? (JToken value)",
        "DateTimeOffset (JToken value)",
        "DateTimeOffset? (JToken value)",
        "TimeSpan (JToken value)",
        "TimeSpan? (JToken value)",
        "Guid (JToken value)",
        "Guid? (JToken value)",
        "string (JToken value)",
        "Uri (JToken value)",
        "byte[] (JToken value)",
    ] {
        t.explicit(signature, to_value);
    }
}
