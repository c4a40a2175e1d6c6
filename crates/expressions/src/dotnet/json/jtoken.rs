//! `JToken`, `JContainer`, `JTokenType`, `Formatting`: what all tokens can do.

use super::content::{account_copy, account_nodes, add, insert, is_multiple};
use super::{
    children, conversions, extensions, formatted, key, opt_token, read, sequence, serialize, token,
    tokens, typed,
};
use crate::dotnet::collections::{Comparer, KeyComparer, enumerator, hash_of_key, keys_equal};
use crate::json::{self, JToken, TokenType};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Lazy, Ready, Value};

pub(super) fn define(types: &mut Types) {
    types.enumeration(
        "Newtonsoft.Json.Formatting",
        &[("None", 0), ("Indented", 1)],
    );
    let values: Vec<(&'static str, i64)> = TokenType::ALL
        .iter()
        .map(|t| (t.name(), *t as i64))
        .collect();
    types.enumeration("Newtonsoft.Json.Linq.JTokenType", &values);

    let mut t = types.interface("Newtonsoft.Json.Linq.IJEnumerable<out T>");
    t.base("IEnumerable<T>");
    t.indexer("IJEnumerable<JToken> this[object key]", values_by_key);
    let mut t = types.structure("Newtonsoft.Json.Linq.JEnumerable<T>");
    t.base("IJEnumerable<T>");
    t.indexer("IJEnumerable<JToken> this[object key]", values_by_key);
    t.method("IEnumerator<T> GetEnumerator()", enumerator::start);

    define_token(types);
    define_container(types);
}

/// The members or elements under a key, of every token of a sequence.
fn values_by_key(c: &mut Call<'_, '_>) -> R<Value> {
    let key = extensions::value_key(c)?;
    Ok(extensions::values_of(c.value(0), key))
}

fn deep_comparer(_: &mut Call<'_, '_>) -> R<Value> {
    Ok(Value::object(Comparer(KeyComparer::DeepJson)))
}

fn define_token(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JTokenEqualityComparer");
    t.base("IEqualityComparer<JToken>").beyond_documentation();
    t.constructor("()", deep_comparer);
    t.method("bool Equals(JToken x, JToken y)", keys_equal);
    t.method("int GetHashCode(JToken obj)", hash_of_key);

    let mut t = types.class("Newtonsoft.Json.Linq.JToken");
    t.base("IJEnumerable<JToken>");
    t.static_method("JToken Parse(string json)", |c| read(c, json::parse));
    t.static_method("JToken FromObject(object o)", |c| {
        let value = c.required(0)?;
        Ok(serialize(c.rt, &value)?.into())
    });
    t.static_property("JTokenEqualityComparer EqualityComparer", deep_comparer);
    t.static_method("bool DeepEquals(JToken t1, JToken t2)", |c| {
        Ok(match (opt_token(c, 0), opt_token(c, 1)) {
            (Some(a), Some(b)) => {
                c.rt.spend(1 + a.count() as u64)?;
                a.deep_equals(&b).into()
            }
            (a, b) => (a.is_none() && b.is_none()).into(),
        })
    });
    t.property("JTokenType Type", |c| {
        Ok(Value::Enum(
            super::defs().token_type,
            token(c, 0)?.token_type() as i64,
        ))
    });
    t.property("bool HasValues", |c| Ok(token(c, 0)?.has_values().into()));
    t.property("string Path", |c| Ok(token(c, 0)?.path().into()));
    t.property("JContainer Parent", |c| Ok(token(c, 0)?.parent().into()));
    t.property("JToken Root", |c| Ok(token(c, 0)?.root().into()));
    t.property("JToken Next", |c| Ok(token(c, 0)?.next().into()));
    t.property("JToken Previous", |c| Ok(token(c, 0)?.previous().into()));
    t.property("JToken First", |c| Ok(container(c)?.first().into()));
    t.property("JToken Last", |c| Ok(container(c)?.last().into()));
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
    t.method("T Value<T>(object key)", |c| {
        let key = key(c, 1)?;
        let found = token(c, 0)?.index(&key)?;
        typed::convert(c.rt, found.as_ref(), &c.ty(0))
    });
    t.method("IEnumerable<T> Values<T>()", |c| {
        let ty = c.ty(0);
        Ok(typed::converted(
            super::tokens(container(c)?.children()),
            ty,
        ))
    });
    t.method("T ToObject<T>()", |c| {
        let token = token(c, 0)?;
        typed::to_object(c.rt, &token, &c.ty(0))
    });
    t.method("JEnumerable<JToken> Children()", |c| {
        Ok(children(token(c, 0)?))
    });
    t.method("JEnumerable<T> Children<T>()", |c| {
        let ty = c.ty(0);
        let found = token(c, 0)?.children().into_iter();
        Ok(tokens(
            found
                .filter(|t| crate::runtime::Runtime::is_instance(&Value::Json(t.clone()), &ty))
                .collect(),
        ))
    });
    t.method("IEnumerable<JToken> Ancestors()", |c| {
        Ok(sequence(token(c, 0)?.ancestors(false)))
    });
    t.method("IEnumerable<JToken> AncestorsAndSelf()", |c| {
        Ok(sequence(token(c, 0)?.ancestors(true)))
    });
    t.method("IEnumerable<JToken> AfterSelf()", |c| {
        let token = token(c, 0)?;
        let siblings = token.parent().map(|p| p.children()).unwrap_or_default();
        let own = siblings
            .iter()
            .position(|t| t.same(&token))
            .unwrap_or(siblings.len());
        Ok(sequence(siblings.into_iter().skip(own + 1).collect()))
    });
    t.method("IEnumerable<JToken> BeforeSelf()", |c| {
        let token = token(c, 0)?;
        let Some(parent) = token.parent() else {
            // Json.NET looks for the first sibling without a look whether there are any.
            let ty = crate::types::Type::enumerable(super::JTOKEN);
            return Ok(Lazy::value(ty, |_| Err(Fault::null_reference())));
        };
        Ok(sequence(
            parent
                .children()
                .into_iter()
                .take_while(|t| !t.same(&token))
                .collect(),
        ))
    });
    t.method("JToken DeepClone()", |c| {
        let token = token(c, 0)?;
        copy(c, &token)
    });
    t.method("JToken SelectToken(string path)", |c| select_one(c, false));
    t.method(
        "JToken SelectToken(string path, bool errorWhenNoMatch)",
        |c| {
            let strict = c.bool(2)?;
            select_one(c, strict)
        },
    );
    t.method("IEnumerable<JToken> SelectTokens(string path)", |c| {
        select_many(c, false)
    });
    t.method(
        "IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)",
        |c| {
            let strict = c.bool(2)?;
            select_many(c, strict)
        },
    );
    t.method("string ToString(Formatting formatting)", |c| {
        let token = token(c, 0)?;
        let formatting = c.enumeration(1)?;
        formatted(c, &token, formatting)
    });
    t.method("void Remove()", |c| {
        token(c, 0)?.remove()?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Replace(JToken value)", |c| {
        let (own, value) = (token(c, 0)?, opt_token(c, 1));
        account_copy(c.rt, &own, value.as_ref())?;
        own.replace(value.as_ref())?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void AddAfterSelf(object content)", |c| add_beside(c, 1))
        .mutates();
    t.method("void AddBeforeSelf(object content)", |c| add_beside(c, 0))
        .mutates();
    conversions::define(&mut t);
}

fn define_container(types: &mut Types) {
    let mut t = types.class("Newtonsoft.Json.Linq.JContainer");
    t.base("JToken");
    t.property("int Count", |c| {
        Ok(i32::try_from(token(c, 0)?.count())
            .unwrap_or(i32::MAX)
            .into())
    });
    t.method("void Add(object content)", |c| {
        let (parent, content) = (token(c, 0)?, c.value(1));
        add(c.rt, &parent, &content)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void AddFirst(object content)", |c| {
        let (parent, content) = (token(c, 0)?, c.value(1));
        insert(c.rt, &parent, 0, &content)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAll()", |c| {
        token(c, 0)?.clear()?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void ReplaceAll(object content)", |c| {
        let (parent, content) = (token(c, 0)?, c.value(1));
        parent.clear()?;
        add(c.rt, &parent, &content)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Merge(object content)", |c| {
        let (target, content) = (token(c, 0)?, c.value(1));
        let content = match content {
            Value::Json(content) => content,
            sequence if target.token_type() == TokenType::Array && is_multiple(&sequence) => {
                let mut elements = c.rt.iterate(&sequence)?;
                while let Some(element) = elements.next(c.rt)? {
                    if !matches!(element, Value::Json(_) | Value::Null) {
                        return Err(Fault::invalid_cast(&element.type_of(), &super::JTOKEN));
                    }
                    add(c.rt, &target, &element)?;
                }
                return Ok(Value::Null);
            }
            _ => return Ok(Value::Null),
        };
        account_nodes(c.rt, &content)?;
        target.merge(&content)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("IEnumerable<JToken> Descendants()", |c| {
        descendants(c, false)
    });
    t.method("IEnumerable<JToken> DescendantsAndSelf()", |c| {
        descendants(c, true)
    });
}

fn descendants(c: &mut Call<'_, '_>, and_self: bool) -> R<Value> {
    let found = token(c, 0)?.descendants(and_self);
    c.rt.allocate(found.len() * size_of::<Value>())?;
    Ok(sequence(found))
}

/// The receiver, which must be able to have children.
fn container(c: &mut Call<'_, '_>) -> R<JToken> {
    let token = token(c, 0)?;
    if token.is_value() {
        let message = format!(
            "Cannot access child value on Newtonsoft.Json.Linq.{}.",
            token.class()
        );
        return Err(Fault::invalid_operation(&message));
    }
    Ok(token)
}

/// A deep copy, accounted for.
pub(super) fn copy(c: &mut Call<'_, '_>, token: &JToken) -> R<Value> {
    account_nodes(c.rt, token)?;
    Ok(token.deep_clone().into())
}

fn select(c: &mut Call<'_, '_>, strict: bool) -> R<Vec<JToken>> {
    let path = c.str(1)?;
    let found = token(c, 0)?.select_tokens(&path.to_utf8(), strict, c.rt.limits.regex_steps)?;
    c.rt.spend(found.len() as u64 + 1)?;
    c.rt.allocate(found.len() * size_of::<Value>())?;
    Ok(found)
}

/// A path that is wrong fails at once, one that leads nowhere at the first element.
fn select_many(c: &mut Call<'_, '_>, strict: bool) -> R<Value> {
    let (token, path) = (token(c, 0)?, c.str(1)?);
    let path = path.to_utf8().into_owned();
    if JToken::check_path(&path)? {
        c.rt.allocate(64)?;
        return Ok(crate::dotnet::collections::array(
            super::JTOKEN,
            vec![token.into()],
        ));
    }
    let ty = crate::types::Type::enumerable(super::JTOKEN);
    Ok(Lazy::value(ty, move |rt| {
        let found = token.select_tokens(&path, strict, rt.limits.regex_steps)?;
        rt.spend(found.len() as u64 + 1)?;
        rt.allocate(found.len() * size_of::<Value>())?;
        Ok(Box::new(Ready(found.into_iter().map(Value::Json))))
    }))
}

fn select_one(c: &mut Call<'_, '_>, strict: bool) -> R<Value> {
    let mut found = select(c, strict)?.into_iter();
    match (found.next(), found.next()) {
        (first, None) => Ok(first.into()),
        _ => Err(json::Error::json("Path returned multiple tokens.").into()),
    }
}

/// Adds content before (0) or after (1) the receiver, in its order.
fn add_beside(c: &mut Call<'_, '_>, offset: usize) -> R<Value> {
    let receiver = token(c, 0)?;
    let content = c.value(1);
    let Some(parent) = receiver.parent() else {
        return Err(Fault::invalid_operation("The parent is missing."));
    };
    let at = parent.index_of(&receiver).unwrap_or_default();
    insert(c.rt, &parent, at + offset, &content)?;
    Ok(Value::Null)
}
