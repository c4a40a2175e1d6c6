//! Single elements and questions about sequences.

use super::{int, no_elements, order};
use crate::dotnet::collections::{KeyComparer, dispatch, elements_of};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::Value;

fn no_match() -> Fault {
    Fault::invalid_operation("Sequence contains no matching element")
}

/// `First`, `FirstOrDefault` with an optional predicate.
fn first(c: &mut Call<'_, '_>, or_default: bool) -> R<Value> {
    let source = c.required(0)?;
    let filtered = c.len() > 1;
    let predicate = if filtered {
        c.required(1)?
    } else {
        Value::Null
    };
    let mut run = order::search(c.rt, &source)?;
    while let Some(item) = run.next(c.rt)? {
        c.rt.tick()?;
        if !filtered || c.rt.test(&predicate, &item)? {
            return Ok(item);
        }
    }
    match (or_default, filtered) {
        (true, _) => Ok(default_of(&c.ty(0))),
        (false, true) => Err(no_match()),
        (false, false) => Err(no_elements()),
    }
}

fn last(c: &mut Call<'_, '_>, or_default: bool) -> R<Value> {
    let source = c.required(0)?;
    let filtered = c.len() > 1;
    let predicate = if filtered {
        c.required(1)?
    } else {
        Value::Null
    };
    let mut found = None;
    let mut run = order::search(c.rt, &source)?;
    while let Some(item) = run.next(c.rt)? {
        c.rt.tick()?;
        if !filtered || c.rt.test(&predicate, &item)? {
            found = Some(item);
        }
    }
    match (found, or_default, filtered) {
        (Some(item), ..) => Ok(item),
        (None, true, _) => Ok(default_of(&c.ty(0))),
        (None, false, true) => Err(no_match()),
        (None, false, false) => Err(no_elements()),
    }
}

fn single(c: &mut Call<'_, '_>, or_default: bool) -> R<Value> {
    let source = c.required(0)?;
    let filtered = c.len() > 1;
    let predicate = if filtered {
        c.required(1)?
    } else {
        Value::Null
    };
    let mut found: Option<Value> = None;
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        c.rt.tick()?;
        if !filtered || c.rt.test(&predicate, &item)? {
            if found.is_some() {
                return Err(Fault::invalid_operation(if filtered {
                    "Sequence contains more than one matching element"
                } else {
                    "Sequence contains more than one element"
                }));
            }
            found = Some(item);
        }
    }
    match (found, or_default, filtered) {
        (Some(item), ..) => Ok(item),
        (None, true, _) => Ok(default_of(&c.ty(0))),
        (None, false, true) => Err(no_match()),
        (None, false, false) => Err(no_elements()),
    }
}

fn element_at(c: &mut Call<'_, '_>, or_default: bool) -> R<Value> {
    let (source, index) = (c.required(0)?, c.int(1)?);
    if let Ok(mut left) = usize::try_from(index) {
        if let Some(items) = elements_of(&source) {
            if let Some(item) = items.get(left) {
                return Ok(item.clone());
            }
        } else {
            let mut run = order::search(c.rt, &source)?;
            while let Some(item) = run.next(c.rt)? {
                if left == 0 {
                    return Ok(item);
                }
                left -= 1;
            }
        }
    }
    if or_default {
        Ok(default_of(&c.ty(0)))
    } else {
        Err(Fault::out_of_range(
            "index",
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        ))
    }
}

fn any(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.required(0)?;
    if c.len() == 1 {
        return Ok(c.rt.iterate(&source)?.next(c.rt)?.is_some().into());
    }
    let predicate = c.required(1)?;
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        if c.rt.test(&predicate, &item)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn all(c: &mut Call<'_, '_>) -> R<Value> {
    let (source, predicate) = (c.required(0)?, c.required(1)?);
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        if !c.rt.test(&predicate, &item)? {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

fn count(c: &mut Call<'_, '_>) -> R<usize> {
    let source = c.required(0)?;
    if c.len() == 1 {
        if let Some(known) = dispatch::known_count(c.rt, &source)? {
            return Ok(known);
        }
        let mut run = c.rt.iterate(&source)?;
        let mut n = 0;
        while run.next(c.rt)?.is_some() {
            c.rt.tick()?;
            n += 1;
        }
        return Ok(n);
    }
    let predicate = c.required(1)?;
    let mut run = c.rt.iterate(&source)?;
    let mut n = 0;
    while let Some(item) = run.next(c.rt)? {
        if c.rt.test(&predicate, &item)? {
            n += 1;
        }
    }
    Ok(n)
}

fn long(n: usize) -> Value {
    Value::Int64(i64::try_from(n).unwrap_or(i64::MAX))
}

fn contains(c: &mut Call<'_, '_>) -> R<Value> {
    let (source, wanted) = (c.required(0)?, c.value(1));
    let comparer = KeyComparer::of(&c.value(2));
    let wanted = comparer.key(&wanted);
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        c.rt.tick()?;
        if comparer.key(&item) == wanted {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn sequence_equal(c: &mut Call<'_, '_>) -> R<Value> {
    let (first, second) = (c.required(0)?, c.required(1)?);
    let comparer = KeyComparer::of(&c.value(2));
    let (mut a, mut b) = (c.rt.iterate(&first)?, c.rt.iterate(&second)?);
    loop {
        match (a.next(c.rt)?, b.next(c.rt)?) {
            (Some(x), Some(y)) => {
                if comparer.key(&x) != comparer.key(&y) {
                    return Ok(false.into());
                }
            }
            (None, None) => return Ok(true.into()),
            _ => return Ok(false.into()),
        }
    }
}

macro_rules! with_predicate {
    ($t:ident, $result:literal, $name:literal, $run:expr) => {
        $t.extension(
            concat!(
                $result,
                " ",
                $name,
                "<TSource>(this IEnumerable<TSource> source)"
            ),
            $run,
        );
        $t.extension(
            concat!(
                $result,
                " ",
                $name,
                "<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)"
            ),
            $run,
        );
    };
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Linq.Enumerable");
    with_predicate!(t, "TSource", "First", |c| first(c, false));
    with_predicate!(t, "TSource", "FirstOrDefault", |c| first(c, true));
    with_predicate!(t, "TSource", "Last", |c| last(c, false));
    with_predicate!(t, "TSource", "LastOrDefault", |c| last(c, true));
    with_predicate!(t, "TSource", "Single", |c| single(c, false));
    with_predicate!(t, "TSource", "SingleOrDefault", |c| single(c, true));
    with_predicate!(t, "bool", "Any", any);
    with_predicate!(t, "int", "Count", |c| count(c).map(int));
    with_predicate!(t, "long", "LongCount", |c| count(c).map(long));
    t.extension(
        "bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)",
        all,
    );
    t.extension(
        "TSource ElementAt<TSource>(this IEnumerable<TSource> source, int index)",
        |c| element_at(c, false),
    );
    t.extension(
        "TSource ElementAtOrDefault<TSource>(this IEnumerable<TSource> source, int index)",
        |c| element_at(c, true),
    );
    t.extension(
        "bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)",
        contains,
    );
    t.extension(
        "bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)",
        contains,
    );
    t.extension(
        "bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        sequence_equal,
    );
    t.extension(
        "bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        sequence_equal,
    );
}
