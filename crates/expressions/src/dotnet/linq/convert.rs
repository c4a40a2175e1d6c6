//! From sequences to collections.

use crate::dotnet::collections::{self, Dictionary, KeyComparer};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::Value;

fn to_dictionary(c: &mut Call<'_, '_>, selected: bool, comparer: usize) -> R<Value> {
    let (source, key) = (c.required(0)?, c.required(1)?);
    let element = if selected {
        c.required(2)?
    } else {
        Value::Null
    };
    let comparer = KeyComparer::of(&c.value(comparer));
    let value_type = if selected { c.ty(2) } else { c.ty(0) };
    let dictionary = Dictionary::new(c.ty(1), value_type, comparer);
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        let found = c.rt.invoke(&key, std::slice::from_ref(&item))?;
        if found.is_null() {
            return Err(Fault::argument_null("key"));
        }
        let value = if selected {
            c.rt.invoke(&element, &[item])?
        } else {
            item
        };
        c.rt.allocate(96)?;
        let text = c.rt.to_text(&found)?;
        if !dictionary.try_add(found, value) {
            return Err(Fault::argument(
                &format!("An item with the same key has already been added. Key: {text}"),
                "",
            ));
        }
    }
    Ok(Value::object(dictionary))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Linq.Enumerable");
    t.extension(
        "TSource[] ToArray<TSource>(this IEnumerable<TSource> source)",
        |c| {
            let source = c.required(0)?;
            let items = c.rt.collect(&source)?;
            Ok(collections::array(c.ty(0), items))
        },
    );
    t.extension(
        "List<TSource> ToList<TSource>(this IEnumerable<TSource> source)",
        |c| {
            let source = c.required(0)?;
            let items = c.rt.collect(&source)?;
            Ok(collections::list(c.ty(0), items))
        },
    );
    for signature in [
        "HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source)",
        "HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)",
    ] {
        t.extension(signature, |c| {
            let source = c.required(0)?;
            let comparer = KeyComparer::of(&c.value(1));
            let element = c.ty(0);
            let set = collections::of_sequence(c.rt, element, &source, comparer)?;
            Ok(Value::object(set))
        });
    }
    t.extension(
        "Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |c| to_dictionary(c, false, usize::MAX),
    );
    t.extension(
        "Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |c| to_dictionary(c, false, 2),
    );
    t.extension(
        "Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |c| to_dictionary(c, true, usize::MAX),
    );
    t.extension(
        "Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |c| to_dictionary(c, true, 3),
    );
}
