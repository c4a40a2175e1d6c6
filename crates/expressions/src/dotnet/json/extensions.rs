//! `Newtonsoft.Json.Linq.Extensions`: methods on sequences of tokens.

use super::{key, tokens, typed};
use crate::json::{JToken, Key};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::Value;

#[cold]
pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("Newtonsoft.Json.Linq.Extensions");
    t.extension("U Value<U>(this IEnumerable<JToken> value)", |c| {
        let ty = c.ty(0);
        single(c, &ty)
    });
    t.extension("U Value<T, U>(this IEnumerable<T> value)", |c| {
        let ty = c.ty(1);
        single(c, &ty)
    });
    t.extension(
        "IJEnumerable<JToken> Values(this IEnumerable<JToken> source)",
        |c| {
            let source = c.required(0)?;
            values_of(c, &source, None)
        },
    );
    t.extension(
        "IJEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)",
        |c| {
            let source = c.required(0)?;
            let key = key(c, 1)?;
            values_of(c, &source, Some(&key))
        },
    );
    t.extension(
        "IEnumerable<U> Values<U>(this IEnumerable<JToken> source)",
        |c| {
            let source = c.required(0)?;
            let found = found_values(c, &source, None)?;
            Ok(typed::converted(found, c.ty(0)))
        },
    );
    t.extension(
        "IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)",
        |c| {
            let source = c.required(0)?;
            let key = key(c, 1)?;
            let found = found_values(c, &source, Some(&key))?;
            Ok(typed::converted(found, c.ty(0)))
        },
    );
    t.extension(
        "IJEnumerable<JToken> Children(this IEnumerable<JToken> source)",
        |c| gather(c, JToken::children),
    );
    t.extension(
        "IJEnumerable<JProperty> Properties(this IEnumerable<JObject> source)",
        |c| gather(c, JToken::children),
    );
    t.extension(
        "IJEnumerable<JToken> Descendants(this IEnumerable<JContainer> source)",
        |c| gather(c, |token| token.descendants(false)),
    );
    t.extension(
        "IJEnumerable<JToken> DescendantsAndSelf(this IEnumerable<JContainer> source)",
        |c| gather(c, |token| token.descendants(true)),
    );
    t.extension(
        "IJEnumerable<JToken> Ancestors(this IEnumerable<JToken> source)",
        |c| gather(c, |token| token.ancestors(false)),
    );
    t.extension(
        "IJEnumerable<JToken> AncestorsAndSelf(this IEnumerable<JToken> source)",
        |c| gather(c, |token| token.ancestors(true)),
    );
    t.extension(
        "IJEnumerable<JToken> AsJEnumerable(this IEnumerable<JToken> source)",
        |c| gather(c, |token| vec![token.clone()]),
    );
}

/// `token.Value<U>()`
fn single(c: &mut Call<'_, '_>, ty: &Type) -> R<Value> {
    match c.required(0)? {
        Value::Json(token) => typed::convert(c.rt, Some(&token), ty),
        _ => Err(Fault::argument("Source value must be a JToken.", "")),
    }
}

fn gather(c: &mut Call<'_, '_>, of: impl Fn(&JToken) -> Vec<JToken>) -> R<Value> {
    let source = c.required(0)?;
    let mut found = Vec::new();
    for element in c.rt.collect(&source)? {
        if let Value::Json(element) = element {
            let more = of(&element);
            c.rt.spend(more.len() as u64)?;
            c.rt.allocate(more.len() * size_of::<Value>())?;
            found.extend(more);
        }
    }
    Ok(tokens(found))
}

/// `source[key]` of a sequence, or all values in it.
pub(super) fn values_of(c: &mut Call<'_, '_>, source: &Value, key: Option<&Key>) -> R<Value> {
    Ok(tokens(found_values(c, source, key)?))
}

fn found_values(c: &mut Call<'_, '_>, source: &Value, key: Option<&Key>) -> R<Vec<JToken>> {
    let mut found = Vec::new();
    for element in c.rt.collect(source)? {
        let Value::Json(element) = element else {
            continue;
        };
        match key {
            Some(key) => found.extend(element.index(key)?),
            None if element.is_value() => found.push(element),
            None => found.extend(element.children()),
        }
    }
    c.rt.allocate(found.len() * size_of::<Value>())?;
    Ok(found)
}
