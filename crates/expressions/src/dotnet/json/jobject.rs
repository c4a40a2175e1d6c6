//! `JObject`

use super::content::{account_copy, add};
use super::{key, opt_token, read, serialize, token, tokens};
use crate::json::{self, JToken, TokenType};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::{Lazy, Str, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JObject");
    t.base("JContainer").base("IDictionary<string, JToken>");
    // What `foreach` over a `JObject` takes; as a `JToken` it gives properties.
    t.method(
        "IEnumerator<KeyValuePair<string, JToken>> GetEnumerator()",
        |c| {
            let object = token(c, 0)?;
            let pair = Type::generic(known::KEY_VALUE_PAIR, [Type::STRING, super::JTOKEN]);
            let ty = Type::generic(known::IENUMERATOR, [pair]);
            Ok(Lazy::value(ty, move |_| Ok(super::pairs(&object))))
        },
    );
    t.constructor("()", |c| {
        c.rt.allocate(128)?;
        Ok(JToken::new_object().into())
    });
    t.constructor("(JObject other)", |c| {
        let other = token(c, 0)?;
        super::jtoken::copy(c, &other)
    });
    t.constructor("(params object[] content)", from_content);
    t.constructor("(object content)", from_content);
    t.static_method("JObject Parse(string json)", |c| {
        read(c, json::parse_object)
    });
    t.static_method("JObject FromObject(object o)", |c| {
        let value = c.required(0)?;
        let made = serialize(c.rt, &value)?;
        if made.token_type() != TokenType::Object {
            let message = format!(
                "Object serialized to {}. JObject instance expected.",
                made.token_type().name()
            );
            return Err(Fault::argument(&message, ""));
        }
        Ok(made.into())
    });
    t.indexer_with_set(
        "JToken this[string propertyName]",
        |c| Ok(token(c, 0)?.get(&c.str(1)?).into()),
        |c| {
            let (object, name, value) = (token(c, 0)?, c.str(1)?, opt_token(c, 2));
            c.rt.allocate(128)?;
            account_copy(c.rt, &object, value.as_ref())?;
            object.set(&name, value.as_ref())?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.indexer_with_set(
        "JToken this[object key]",
        |c| {
            let key = key(c, 1)?;
            Ok(token(c, 0)?.index(&key)?.into())
        },
        |c| {
            let key = key(c, 1)?;
            let (object, value) = (token(c, 0)?, opt_token(c, 2));
            c.rt.allocate(128)?;
            account_copy(c.rt, &object, value.as_ref())?;
            object.set_index(&key, value.as_ref())?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.method("void Add(string propertyName, JToken value)", |c| {
        let (object, name, value) = (token(c, 0)?, c.str(1)?, opt_token(c, 2));
        c.rt.allocate(128)?;
        account_copy(c.rt, &object, value.as_ref())?;
        object.add_property(name, value.as_ref())?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool ContainsKey(string propertyName)", |c| {
        Ok(token(c, 0)?.property(&c.str(1)?).is_some().into())
    });
    t.method("bool Remove(string propertyName)", |c| {
        // Nothing has no property's name.
        Ok(match c.opt_str(1)? {
            Some(name) => token(c, 0)?.remove_property(&name)?,
            None => false,
        }
        .into())
    })
    .mutates();
    t.method("JProperty Property(string name)", |c| {
        let object = token(c, 0)?;
        Ok(c.opt_str(1)?.and_then(|name| object.property(&name)).into())
    });
    t.method("IEnumerable<JProperty> Properties()", |c| {
        let ty = c.member.result.clone();
        Ok(super::children_as(ty, token(c, 0)?))
    });
    t.method("JEnumerable<JToken> PropertyValues()", |c| {
        Ok(tokens(
            token(c, 0)?
                .children()
                .iter()
                .filter_map(JToken::property_value)
                .collect(),
        ))
    });
    t.method("JToken GetValue(string propertyName)", |c| {
        let object = token(c, 0)?;
        Ok(c.opt_str(1)?.and_then(|name| object.get(&name)).into())
    });
    t.method(
        "JToken GetValue(string propertyName, StringComparison comparison)",
        |c| {
            let comparison = c.enumeration(2)?;
            Ok(find(c, comparison)?.into())
        },
    );
    t.method(
        "bool TryGetValue(string propertyName, out JToken value)",
        |c| {
            let object = token(c, 0)?;
            let found = c.opt_str(1)?.and_then(|name| object.get(&name));
            let success = found.is_some();
            c.set(2, found);
            Ok(success.into())
        },
    );
    t.method(
        "bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)",
        |c| {
            let comparison = c.enumeration(2)?;
            let found = find(c, comparison)?;
            let success = found.is_some();
            c.set(3, found);
            Ok(success.into())
        },
    );
}

fn from_content(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(128)?;
    let object = JToken::new_object();
    let content = c.value(0);
    add(c.rt, &object, &content)?;
    Ok(object.into())
}

/// The member of that name under one of the `StringComparison` values.
fn find(c: &mut Call<'_, '_>, comparison: i64) -> R<Option<JToken>> {
    let object = token(c, 0)?;
    let Some(name) = c.opt_str(1)? else {
        return Ok(None);
    };
    c.rt.spend(1 + object.count() as u64)?;
    if !(0..=5).contains(&comparison) {
        // No comparison is needed where the name is there, or no name is.
        let found = object.get(&name);
        return match found.is_some() || !object.has_values() {
            true => Ok(found),
            false => {
                crate::dotnet::text::comparison(c, 2)?;
                Ok(None)
            }
        };
    }
    // Odd numbers are the comparisons that ignore case.
    Ok(if comparison % 2 == 1 {
        object.get_matching(&name, equal_ignoring_case)
    } else {
        object.get(&name)
    })
}

fn equal_ignoring_case(a: &Str, b: &Str) -> bool {
    let (a, b) = (a.to_utf8(), b.to_utf8());
    a.eq_ignore_ascii_case(&b) || a.to_uppercase() == b.to_uppercase()
}
