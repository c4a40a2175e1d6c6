//! `JValue` and `JRaw`

use super::{content, is_nothing, opt_token, scalar_of, token, value_of};
use crate::json::{JToken, Scalar, TokenType};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Str, Value};

/// `IComparable.CompareTo` of a token with a value.
pub(crate) fn compare_to_object(c: &mut Call<'_, '_>) -> R<Value> {
    let other = match c.value(1) {
        Value::Null => return Ok(1.into()),
        Value::Json(token) => token,
        other => match scalar_of(&other) {
            Some(scalar) => JToken::new_value(scalar)?,
            None => return Err(JToken::undetermined(&other.type_of().full_name()).into()),
        },
    };
    compared(&token(c, 0)?, &other)
}

/// Texts and bytes give a difference, all else a sign.
fn compared(a: &JToken, b: &JToken) -> R<Value> {
    let order = a.compare_to(b)? as i32;
    Ok(match (a.scalar(), b.scalar()) {
        (Some(Scalar::Bytes(a)), Some(Scalar::Bytes(b))) if a.len() == b.len() => a
            .iter()
            .zip(b.iter())
            .map(|(a, b)| i32::from(*a) - i32::from(*b))
            .find(|difference| *difference != 0)
            .unwrap_or(0),
        (Some(x), Some(y))
            if matches!(
                a.token_type(),
                TokenType::String | TokenType::Comment | TokenType::Raw
            ) && !is_nothing(&x)
                && !is_nothing(&y) =>
        {
            crate::dotnet::text::ordinal_difference(&x.to_text(), &y.to_text())
        }
        _ => order,
    }
    .into())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JValue");
    t.base("JToken").base("IComparable");
    t.constructor("(JValue other)", |c| {
        // Json.NET reads the other one without a look whether it is there.
        let other = opt_token(c, 0).ok_or_else(Fault::null_reference)?;
        super::jtoken::copy(c, &other)
    });
    for signature in [
        "(long value)",
        "(decimal value)",
        "(char value)",
        "(ulong value)",
        "(double value)",
        "(float value)",
        "(DateTime value)",
        "(DateTimeOffset value)",
        "(bool value)",
        "(Guid value)",
        "(TimeSpan value)",
    ] {
        t.constructor(signature, |c| {
            c.rt.allocate(64)?;
            Ok(content::implicit(&c.value(0)).into())
        });
    }
    t.constructor("(string value)", |c| {
        c.rt.allocate(64)?;
        Ok(match c.value(0) {
            Value::Null => JToken::typed_value(TokenType::String, Scalar::Null),
            text => content::implicit(&text),
        }
        .into())
    });
    t.constructor("(Uri value)", from_object);
    t.constructor("(object value)", from_object);
    t.static_method("JValue CreateNull()", |_| Ok(JToken::null().into()));
    t.static_method("JValue CreateUndefined()", |_| {
        Ok(JToken::typed_value(TokenType::Undefined, Scalar::Null).into())
    });
    t.static_method("JValue CreateString(string value)", |c| {
        let text = c.opt_str(0)?.map_or(Scalar::Null, Scalar::String);
        Ok(JToken::typed_value(TokenType::String, text).into())
    });
    t.static_method("JValue CreateComment(string value)", |c| {
        let text = c.opt_str(0)?.map_or(Scalar::Null, Scalar::String);
        Ok(JToken::typed_value(TokenType::Comment, text).into())
    });
    t.property_with_set(
        "object Value",
        |c| {
            Ok(token(c, 0)?
                .scalar()
                .map_or(Value::Null, |scalar| value_of(&scalar)))
        },
        |c| {
            let value = c.value(1);
            let scalar = content_of(&value)?;
            token(c, 0)?.set_scalar(scalar)?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.method("bool Equals(JValue other)", |c| {
        let own = token(c, 0)?;
        Ok(opt_token(c, 1)
            .is_some_and(|other| own.value_equals(&other))
            .into())
    });
    t.method("int CompareTo(JValue obj)", |c| match opt_token(c, 1) {
        Some(other) => compared(&token(c, 0)?, &other),
        None => Ok(1.into()),
    });
    t.method("string ToString(string format)", |c| {
        let format = c.opt_str(1)?;
        text(c, format)
    });
    t.method("string ToString(IFormatProvider formatProvider)", |c| {
        text(c, None)
    });
    t.method(
        "string ToString(string format, IFormatProvider formatProvider)",
        |c| {
            let format = c.opt_str(1)?;
            text(c, format)
        },
    );

    let mut t = types.class("Newtonsoft.Json.Linq.JRaw");
    t.base("JValue");
    t.constructor("(object rawJson)", |c| {
        let raw = c.value(0);
        let text = match scalar_of(&raw) {
            Some(scalar) if is_nothing(&scalar) => Scalar::Null,
            _ => Scalar::String(c.rt.to_text(&raw)?),
        };
        c.rt.allocate(64)?;
        Ok(JToken::typed_value(TokenType::Raw, text).into())
    });
    t.constructor("(JRaw other)", |c| {
        // Json.NET reads the other one without a look whether it is there.
        let other = opt_token(c, 0).ok_or_else(Fault::null_reference)?;
        super::jtoken::copy(c, &other)
    });
}

fn from_object(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(64)?;
    let value = c.value(0);
    Ok(JToken::new_value(content_of(&value)?)?.into())
}

/// What a `JValue` holds of an object; a token is none of it.
fn content_of(value: &Value) -> R<Scalar> {
    match scalar_of(value) {
        Some(scalar) if !matches!(value, Value::Json(_)) => Ok(scalar),
        _ => Err(JToken::undetermined(&value.type_of().full_name()).into()),
    }
}

fn text(c: &mut Call<'_, '_>, format: Option<Str>) -> R<Value> {
    let Some(scalar) = token(c, 0)?.scalar() else {
        return Err(Fault::null_reference());
    };
    let value = value_of(&scalar);
    let format = format.map(|format| format.to_utf8().into_owned());
    Ok(c.rt.format(&value, format.as_deref())?.into())
}
