//! `Newtonsoft.Json.Linq.Extensions`: methods on sequences of tokens.

use std::rc::Rc;

use super::{JTOKEN, defs, key, pay, typed};
use crate::json::{JToken, Key};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Iter, Lazy, Value};

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
        |c| Ok(values_of(c.value(0), None)),
    );
    t.extension(
        "IJEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)",
        |c| {
            let key = value_key(c)?;
            Ok(values_of(c.value(0), key))
        },
    );
    t.extension(
        "IEnumerable<U> Values<U>(this IEnumerable<JToken> source)",
        |c| {
            let values = values_of(c.value(0), None);
            Ok(typed::converted(values, c.ty(0)))
        },
    );
    t.extension(
        "IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)",
        |c| {
            let key = value_key(c)?;
            let values = values_of(c.value(0), key);
            Ok(typed::converted(values, c.ty(0)))
        },
    );
    t.extension(
        "IJEnumerable<JToken> Children(this IEnumerable<JToken> source)",
        |c| spread(c, JTOKEN, JToken::children),
    );
    t.extension(
        "IJEnumerable<JProperty> Properties(this IEnumerable<JObject> source)",
        |c| {
            let property = Type::Named(defs().property, None);
            spread(c, property, JToken::children)
        },
    );
    t.extension(
        "IJEnumerable<JToken> Descendants(this IEnumerable<JContainer> source)",
        |c| spread(c, JTOKEN, |token| token.descendants(false)),
    );
    t.extension(
        "IJEnumerable<JToken> DescendantsAndSelf(this IEnumerable<JContainer> source)",
        |c| spread(c, JTOKEN, |token| token.descendants(true)),
    );
    t.extension(
        "IJEnumerable<JToken> Ancestors(this IEnumerable<JToken> source)",
        |c| spread(c, JTOKEN, |token| token.ancestors(false)),
    );
    t.extension(
        "IJEnumerable<JToken> AncestorsAndSelf(this IEnumerable<JToken> source)",
        |c| spread(c, JTOKEN, |token| token.ancestors(true)),
    );
    t.extension(
        "IJEnumerable<JToken> AsJEnumerable(this IEnumerable<JToken> source)",
        |c| {
            let source = c.value(0);
            // What is one already stays the object it is.
            let is_one = match &source {
                Value::Null | Value::Json(_) => true,
                other => matches!(other.type_of(), Type::Named(def, _) if def == defs().enumerable),
            };
            if is_one {
                return Ok(source);
            }
            Ok(lazily(JTOKEN, source, |token| Ok(vec![token.clone()])))
        },
    );
}

/// `token.Value<U>()`
fn single(c: &mut Call<'_, '_>, ty: &Type) -> R<Value> {
    match c.required(0)? {
        Value::Json(token) => typed::convert(c.rt, Some(&token), ty),
        _ => Err(Fault::argument("Source value must be a JToken.", "")),
    }
}

/// The key of `Values`; null asks for all values.
pub(super) fn value_key(c: &mut Call<'_, '_>) -> R<Option<Key>> {
    Ok(if c.value(1).is_null() {
        None
    } else {
        Some(key(c, 1)?)
    })
}

/// What `of` finds for each token of a source that must be there.
fn spread(c: &mut Call<'_, '_>, element: Type, of: fn(&JToken) -> Vec<JToken>) -> R<Value> {
    let source = c.required(0)?;
    Ok(lazily(element, source, move |token| Ok(of(token))))
}

/// `source[key]` of each token of a sequence, or all values in them. All that is wrong, a missing source included, shows
/// at the first element.
pub(super) fn values_of(source: Value, key: Option<Key>) -> Value {
    lazily(JTOKEN, source, move |token| match &key {
        Some(key) => Ok(token.index(key)?.into_iter().collect()),
        None if token.is_value() => Ok(vec![token.clone()]),
        None => Ok(token.children()),
    })
}

/// A `JEnumerable` of what `of` finds for each token of `source`, one token of it at a time.
fn lazily(element: Type, source: Value, of: impl Fn(&JToken) -> R<Vec<JToken>> + 'static) -> Value {
    let of: Rc<Find> = Rc::new(of);
    Lazy::value(Type::generic(defs().enumerable, [element]), move |rt| {
        if source.is_null() {
            return Err(Fault::argument_null("source"));
        }
        Ok(Box::new(Spread {
            source: rt.iterate(&source)?,
            of: of.clone(),
            found: Vec::new().into_iter(),
        }))
    })
}

type Find = dyn Fn(&JToken) -> R<Vec<JToken>>;

struct Spread {
    source: Box<dyn Iter>,
    of: Rc<Find>,
    found: std::vec::IntoIter<JToken>,
}

impl Iter for Spread {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        loop {
            rt.tick()?;
            if let Some(found) = self.found.next() {
                return Ok(Some(found.into()));
            }
            match self.source.next(rt)? {
                Some(Value::Json(token)) => {
                    let found = (self.of)(&token)?;
                    pay(rt)?;
                    rt.allocate(found.len() * size_of::<Value>())?;
                    self.found = found.into_iter();
                }
                Some(_) => return Err(Fault::null_reference()),
                None => return Ok(None),
            }
        }
    }
}
