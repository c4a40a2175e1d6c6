//! `Distinct`, `Union`, `Intersect`, `Except`.

use std::collections::HashSet;

use super::{each, lazy};
use crate::dotnet::collections::KeyComparer;
use crate::runtime::{Call, Key, R};
use crate::types::Types;
use crate::value::Value;

/// What a second sequence does to the first.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Distinct,
    Union,
    Intersect,
    Except,
}

fn combine(c: &mut Call<'_, '_>, kind: Kind) -> R<Value> {
    let first = c.required(0)?;
    let (second, comparer) = if kind == Kind::Distinct {
        (Value::Null, KeyComparer::of(&c.value(1)))
    } else {
        (c.required(1)?, KeyComparer::of(&c.value(2)))
    };
    let element = c.ty(0);
    lazy(c, element, move |rt| {
        #[allow(clippy::mutable_key_type)] // no key's hash depends on what can change
        let mut seen: HashSet<Key> = HashSet::new();
        let mut rest = None;
        match kind {
            Kind::Distinct => {}
            Kind::Union => rest = Some(second.clone()),
            Kind::Intersect | Kind::Except => {
                for item in rt.collect(&second)? {
                    seen.insert(comparer.key(&item));
                }
            }
        }
        let mut run = rt.iterate(&first)?;
        each(move |rt| {
            loop {
                while let Some(item) = run.next(rt)? {
                    rt.tick()?;
                    let key = comparer.key(&item);
                    let keep = if kind == Kind::Intersect {
                        seen.remove(&key)
                    } else {
                        rt.allocate(64)?;
                        seen.insert(key)
                    };
                    if keep {
                        return Ok(Some(item));
                    }
                }
                match rest.take() {
                    Some(next) => run = rt.iterate(&next)?,
                    None => return Ok(None),
                }
            }
        })
    })
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Linq.Enumerable");
    t.extension(
        "IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source)",
        |c| combine(c, Kind::Distinct),
    );
    t.extension(
        "IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)",
        |c| combine(c, Kind::Distinct),
    );
    t.extension(
        "IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        |c| combine(c, Kind::Union),
    );
    t.extension(
        "IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |c| combine(c, Kind::Union),
    );
    t.extension(
        "IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        |c| combine(c, Kind::Intersect),
    );
    t.extension(
        "IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |c| combine(c, Kind::Intersect),
    );
    t.extension(
        "IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        |c| combine(c, Kind::Except),
    );
    t.extension(
        "IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |c| combine(c, Kind::Except),
    );
}
