//! `JProperty`

use super::content::{account_copy, account_nodes, property_value};
use super::{opt_token, token};
use crate::json::JToken;
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JProperty");
    t.base("JContainer");
    t.constructor("(string name, params object[] content)", from_content);
    t.constructor("(string name, object content)", from_content);
    t.constructor("(JProperty other)", |c| {
        let other = token(c, 0)?;
        super::jtoken::copy(c, &other)
    });
    t.property("string Name", |c| Ok(token(c, 0)?.name().into()));
    t.property_with_set(
        "JToken Value",
        |c| Ok(token(c, 0)?.property_value().into()),
        |c| {
            let (own, value) = (token(c, 0)?, opt_token(c, 1));
            account_copy(c.rt, &own, value.as_ref())?;
            own.set_property_value(value.as_ref())?;
            Ok(Value::Null)
        },
    )
    .mutates();
}

fn from_content(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(128)?;
    let (name, content) = (c.str(0)?, c.value(1));
    let value = property_value(c.rt, &content)?;
    if let Some(value) = value.as_ref().filter(|value| value.parent().is_some()) {
        account_nodes(c.rt, value)?;
    }
    Ok(JToken::new_property(name, value.as_ref())?.into())
}
