//! `JConstructor`: `new Date(…)` in JSON that is JavaScript.

use super::content::{account_copy, add};
use super::{key, opt_token, token};
use crate::json::JToken;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Str, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JConstructor");
    t.base("JContainer");
    t.constructor("(JConstructor other)", |c| {
        let other = token(c, 0)?;
        super::jtoken::copy(c, &other)
    });
    t.constructor("(string name, params object[] content)", from_content);
    t.constructor("(string name, object content)", from_content);
    t.constructor("(string name)", |c| {
        Ok(JToken::new_constructor(name(c)?).into())
    });
    t.property("string Name", |c| Ok(token(c, 0)?.name().into()));
    t.indexer_with_set(
        "JToken this[object key]",
        |c| {
            let key = key(c, 1)?;
            Ok(token(c, 0)?.index(&key)?.into())
        },
        |c| {
            let key = key(c, 1)?;
            let (own, value) = (token(c, 0)?, opt_token(c, 2));
            account_copy(c.rt, &own, value.as_ref())?;
            own.set_index(&key, value.as_ref())?;
            Ok(Value::Null)
        },
    )
    .mutates();
}

fn name(c: &Call<'_, '_>) -> R<Str> {
    let name = c.str(0)?;
    if name.is_empty() {
        return Err(Fault::argument("Constructor name cannot be empty.", "name"));
    }
    Ok(name)
}

fn from_content(c: &mut Call<'_, '_>) -> R<Value> {
    let constructor = JToken::new_constructor(name(c)?);
    let content = c.value(1);
    add(c.rt, &constructor, &content)?;
    Ok(constructor.into())
}
