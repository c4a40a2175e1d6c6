//! `JArray`

use super::content::{account_copy, add};
use super::{key, opt_token, read, serialize, token};
use crate::json::{self, JToken, TokenType};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JArray");
    t.base("JContainer").base("IList<JToken>");
    t.constructor("()", |c| {
        c.rt.allocate(128)?;
        Ok(JToken::new_array().into())
    });
    t.constructor("(JArray other)", |c| {
        let other = token(c, 0)?;
        super::jtoken::copy(c, &other)
    });
    t.constructor("(params object[] content)", from_content);
    t.constructor("(object content)", from_content);
    t.static_method("JArray Parse(string json)", |c| read(c, json::parse_array));
    t.static_method("JArray FromObject(object o)", |c| {
        let value = c.required(0)?;
        let made = serialize(c.rt, &value)?;
        if made.token_type() != TokenType::Array {
            let message = format!(
                "Object serialized to {}. JArray instance expected.",
                made.token_type().name()
            );
            return Err(Fault::argument(&message, ""));
        }
        Ok(made.into())
    });
    t.indexer_with_set(
        "JToken this[int index]",
        |c| Ok(token(c, 0)?.item(c.int(1)?)?.into()),
        |c| {
            let (array, value) = (token(c, 0)?, opt_token(c, 2));
            account_copy(c.rt, &array, value.as_ref())?;
            array.set_item(c.int(1)?, value.as_ref())?;
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
            let (array, value) = (token(c, 0)?, opt_token(c, 2));
            account_copy(c.rt, &array, value.as_ref())?;
            array.set_index(&key, value.as_ref())?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("bool IsReadOnly", |_| Ok(false.into()));
    t.method(
        "IEnumerator<JToken> GetEnumerator()",
        crate::dotnet::collections::enumerator::start,
    );
    t.method("void Add(JToken item)", |c| {
        let (array, item) = (token(c, 0)?, opt_token(c, 1));
        c.rt.allocate(64)?;
        account_copy(c.rt, &array, item.as_ref())?;
        array.add(item.as_ref())?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Insert(int index, JToken item)", |c| {
        let (array, item) = (token(c, 0)?, opt_token(c, 2));
        c.rt.allocate(64)?;
        account_copy(c.rt, &array, item.as_ref())?;
        array.insert(c.int(1)?, item.as_ref())?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAt(int index)", |c| {
        token(c, 0)?.remove_at(c.int(1)?)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool Remove(JToken item)", |c| {
        let array = token(c, 0)?;
        let Some(at) = position(c)? else {
            return Ok(false.into());
        };
        array.remove_at(at)?;
        Ok(true.into())
    })
    .mutates();
    t.method("void Clear()", |c| {
        token(c, 0)?.clear()?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool Contains(JToken item)", |c| {
        Ok(position(c)?.is_some().into())
    });
    t.method("int IndexOf(JToken item)", |c| {
        Ok(position(c)?.unwrap_or(-1).into())
    });
    t.method("void CopyTo(JToken[] array, int arrayIndex)", |c| {
        let items = token(c, 0)?.children();
        let target = c.object::<crate::dotnet::collections::Array>(1)?;
        let start = usize::try_from(c.int(2)?)
            .map_err(|_| Fault::out_of_range("arrayIndex", "arrayIndex is less than 0."))?;
        if start > 0 && start >= target.len() {
            return Err(Fault::argument(
                "arrayIndex is equal to or greater than the length of array.",
                "",
            ));
        }
        if start + items.len() > target.len() {
            let message = "The number of elements in the source JObject is greater than the available space from \
                           arrayIndex to the end of the destination array.";
            return Err(Fault::argument(message, ""));
        }
        for (offset, item) in items.into_iter().enumerate() {
            target.set(start + offset, item.into());
        }
        Ok(Value::Null)
    })
    .mutates();
}

fn from_content(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(128)?;
    let array = JToken::new_array();
    let content = c.value(0);
    add(c.rt, &array, &content)?;
    Ok(array.into())
}

/// Where the argument itself, not an equal token, stands in the receiver.
fn position(c: &mut Call<'_, '_>) -> R<Option<i32>> {
    let (array, item) = (token(c, 0)?, opt_token(c, 1));
    c.rt.spend(1 + array.count() as u64 / 8)?;
    Ok(item
        .and_then(|item| array.index_of(&item))
        .and_then(|at| i32::try_from(at).ok()))
}
