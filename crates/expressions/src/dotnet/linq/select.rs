//! Filtering, projecting, cutting and joining sequences end to end.

use std::collections::VecDeque;

use super::{each, lazy};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Record, Value};

/// `Where`, with or without the index.
fn filter(c: &mut Call<'_, '_>, indexed: bool) -> R<Value> {
    let (source, predicate) = (c.required(0)?, c.required(1)?);
    let element = c.ty(0);
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let predicate = predicate.clone();
        let mut index = 0_i32;
        each(move |rt| {
            while let Some(item) = run.next(rt)? {
                let keep = if indexed {
                    let at = Value::Int32(index);
                    index = index.wrapping_add(1);
                    matches!(
                        rt.invoke(&predicate, &[item.clone(), at])?,
                        Value::Bool(true)
                    )
                } else {
                    rt.test(&predicate, &item)?
                };
                if keep {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        })
    })
}

fn project(c: &mut Call<'_, '_>, indexed: bool) -> R<Value> {
    let (source, selector) = (c.required(0)?, c.required(1)?);
    let element = c.ty(1);
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let selector = selector.clone();
        let mut index = 0_i32;
        each(move |rt| match run.next(rt)? {
            None => Ok(None),
            Some(item) if indexed => {
                let at = Value::Int32(index);
                index = index.wrapping_add(1);
                rt.invoke(&selector, &[item, at]).map(Some)
            }
            Some(item) => rt.invoke(&selector, &[item]).map(Some),
        })
    })
}

/// `SelectMany`; `result` combines an element with each of its inner ones.
fn flatten(c: &mut Call<'_, '_>, indexed: bool, combined: bool) -> R<Value> {
    let (source, selector) = (c.required(0)?, c.required(1)?);
    let result = if combined {
        c.required(2)?
    } else {
        Value::Null
    };
    let element = c.ty(if combined { 2 } else { 1 });
    lazy(c, element, move |rt| {
        let mut outer = rt.iterate(&source)?;
        let (selector, result) = (selector.clone(), result.clone());
        let mut current: Option<(Value, Box<dyn crate::value::Iter>)> = None;
        let mut index = 0_i32;
        each(move |rt| {
            loop {
                if let Some((item, inner)) = &mut current {
                    if let Some(found) = inner.next(rt)? {
                        if result.is_null() {
                            return Ok(Some(found));
                        }
                        return rt.invoke(&result, &[item.clone(), found]).map(Some);
                    }
                    current = None;
                }
                let Some(item) = outer.next(rt)? else {
                    return Ok(None);
                };
                rt.tick()?;
                let inner = if indexed {
                    let at = Value::Int32(index);
                    index = index.wrapping_add(1);
                    rt.invoke(&selector, &[item.clone(), at])?
                } else {
                    rt.invoke(&selector, std::slice::from_ref(&item))?
                };
                let inner = rt.iterate(&inner)?;
                current = Some((item, inner));
            }
        })
    })
}

fn take(c: &mut Call<'_, '_>) -> R<Value> {
    let (source, count, element) = (c.required(0)?, c.int(1)?, c.ty(0));
    lazy(c, element, move |rt| {
        let mut run = if count > 0 {
            Some(rt.iterate(&source)?)
        } else {
            None
        };
        let mut left = count;
        each(move |rt| {
            if left <= 0 {
                return Ok(None);
            }
            left -= 1;
            match &mut run {
                Some(run) => run.next(rt),
                None => Ok(None),
            }
        })
    })
}

fn skip(c: &mut Call<'_, '_>) -> R<Value> {
    let (source, count, element) = (c.required(0)?, c.int(1)?, c.ty(0));
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let mut left = count;
        each(move |rt| {
            while left > 0 {
                left -= 1;
                if run.next(rt)?.is_none() {
                    left = 0;
                    return Ok(None);
                }
            }
            run.next(rt)
        })
    })
}

fn while_true(c: &mut Call<'_, '_>, taking: bool, indexed: bool) -> R<Value> {
    let (source, predicate, element) = (c.required(0)?, c.required(1)?, c.ty(0));
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let predicate = predicate.clone();
        let mut passed = false;
        let mut index = 0_i32;
        each(move |rt| {
            if taking && passed {
                return Ok(None);
            }
            while let Some(item) = run.next(rt)? {
                if !taking && passed {
                    return Ok(Some(item));
                }
                let holds = if indexed {
                    let at = Value::Int32(index);
                    index = index.wrapping_add(1);
                    matches!(
                        rt.invoke(&predicate, &[item.clone(), at])?,
                        Value::Bool(true)
                    )
                } else {
                    rt.test(&predicate, &item)?
                };
                match (taking, holds) {
                    (true, true) => return Ok(Some(item)),
                    (true, false) => {
                        passed = true;
                        return Ok(None);
                    }
                    (false, true) => {}
                    (false, false) => {
                        passed = true;
                        return Ok(Some(item));
                    }
                }
            }
            Ok(None)
        })
    })
}

fn concat(c: &mut Call<'_, '_>) -> R<Value> {
    let (first, second, element) = (c.required(0)?, c.required(1)?, c.ty(0));
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&first)?;
        let mut rest = Some(second.clone());
        each(move |rt| {
            loop {
                if let Some(item) = run.next(rt)? {
                    return Ok(Some(item));
                }
                match rest.take() {
                    Some(next) => run = rt.iterate(&next)?,
                    None => return Ok(None),
                }
            }
        })
    })
}

fn append(c: &mut Call<'_, '_>, at_end: bool) -> R<Value> {
    let (source, item, element) = (c.required(0)?, c.value(1), c.ty(0));
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let mut extra = Some(item.clone());
        each(move |rt| {
            if !at_end && let Some(first) = extra.take() {
                return Ok(Some(first));
            }
            match run.next(rt)? {
                Some(found) => Ok(Some(found)),
                None if at_end => Ok(extra.take()),
                None => Ok(None),
            }
        })
    })
}

fn zip(c: &mut Call<'_, '_>, pairs: bool) -> R<Value> {
    let (first, second) = (c.required(0)?, c.required(1)?);
    let (element, selector) = if pairs {
        (Type::tuple(vec![c.ty(0), c.ty(1)]), Value::Null)
    } else {
        (c.ty(2), c.required(2)?)
    };
    let pair = element.clone();
    lazy(c, element, move |rt| {
        let (mut a, mut b) = (rt.iterate(&first)?, rt.iterate(&second)?);
        let (selector, pair) = (selector.clone(), pair.clone());
        each(move |rt| {
            let (Some(x), Some(y)) = (a.next(rt)?, b.next(rt)?) else {
                return Ok(None);
            };
            if pairs {
                return Ok(Some(Record::value(pair.clone(), vec![x, y])));
            }
            rt.invoke(&selector, &[x, y]).map(Some)
        })
    })
}

fn default_if_empty(c: &mut Call<'_, '_>, given: bool) -> R<Value> {
    let (source, element) = (c.required(0)?, c.ty(0));
    let instead = if given {
        c.value(1)
    } else {
        default_of(&element)
    };
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let mut instead = Some(instead.clone());
        each(move |rt| match run.next(rt)? {
            Some(item) => {
                instead = None;
                Ok(Some(item))
            }
            None => Ok(instead.take()),
        })
    })
}

fn reverse(c: &mut Call<'_, '_>) -> R<Value> {
    let (source, element) = (c.required(0)?, c.ty(0));
    lazy(c, element, move |rt| {
        let mut items = rt.collect(&source)?;
        each(move |_| Ok(items.pop()))
    })
}

/// `SkipLast` and `TakeLast`.
fn last(c: &mut Call<'_, '_>, taking: bool) -> R<Value> {
    let (source, count, element) = (c.required(0)?, c.int(1)?, c.ty(0));
    let count = usize::try_from(count).unwrap_or(0);
    lazy(c, element, move |rt| {
        let items = rt.collect(&source)?;
        let cut = items.len().saturating_sub(count);
        let mut kept: VecDeque<Value> = if taking {
            items.into_iter().skip(cut).collect()
        } else {
            items.into_iter().take(cut).collect()
        };
        each(move |_| Ok(kept.pop_front()))
    })
}

fn range(c: &mut Call<'_, '_>) -> R<Value> {
    let (start, count) = (c.int(0)?, c.int(1)?);
    let end = i64::from(start) + i64::from(count);
    if count < 0 || end - 1 > i64::from(i32::MAX) {
        return Err(Fault::outside("count"));
    }
    lazy(c, Type::INT32, move |_| {
        let mut next = i64::from(start);
        each(move |_| {
            if next >= end {
                return Ok(None);
            }
            let found = i32::try_from(next).ok().map(Value::Int32);
            next += 1;
            Ok(found)
        })
    })
}

fn repeat(c: &mut Call<'_, '_>) -> R<Value> {
    let (item, count, element) = (c.value(0), c.int(1)?, c.ty(0));
    if count < 0 {
        return Err(Fault::outside("count"));
    }
    lazy(c, element, move |_| {
        let (item, mut left) = (item.clone(), count);
        each(move |_| {
            if left == 0 {
                return Ok(None);
            }
            left -= 1;
            Ok(Some(item.clone()))
        })
    })
}

/// `OfType<T>` and `Cast<T>`.
fn typed(c: &mut Call<'_, '_>, checked: bool) -> R<Value> {
    let (source, element) = (c.required(0)?, c.ty(0));
    // A sequence that is one already stays itself, as in .NET.
    if checked && Runtime::is_instance(&source, &Type::enumerable(element.clone())) {
        return Ok(source);
    }
    let wanted = element.clone();
    lazy(c, element, move |rt| {
        let mut run = rt.iterate(&source)?;
        let wanted = wanted.clone();
        each(move |rt| {
            while let Some(item) = run.next(rt)? {
                if checked {
                    return crate::runtime::conversion::cast(item, &wanted).map(Some);
                }
                if Runtime::is_instance(&item, &wanted) {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        })
    })
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Linq.Enumerable");
    t.extension(
        "IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)",
        |c| filter(c, false),
    );
    t.extension(
        "IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)",
        |c| filter(c, true),
    );
    t.extension(
        "IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)",
        |c| project(c, false),
    );
    t.extension(
        "IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)",
        |c| project(c, true),
    );
    t.extension(
        "IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)",
        |c| flatten(c, false, false),
    );
    t.extension(
        "IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TResult>> selector)",
        |c| flatten(c, true, false),
    );
    t.extension(
        "IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)",
        |c| flatten(c, false, true),
    );
    t.extension(
        "IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)",
        |c| flatten(c, true, true),
    );
    t.extension(
        "IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)",
        take,
    );
    t.extension(
        "IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)",
        skip,
    );
    t.extension(
        "IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)",
        |c| while_true(c, true, false),
    );
    t.extension(
        "IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)",
        |c| while_true(c, true, true),
    );
    t.extension(
        "IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)",
        |c| while_true(c, false, false),
    );
    t.extension(
        "IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)",
        |c| while_true(c, false, true),
    );
    t.extension(
        "IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)",
        |c| last(c, true),
    );
    t.extension(
        "IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)",
        |c| last(c, false),
    );
    t.extension(
        "IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        concat,
    );
    t.extension(
        "IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)",
        |c| append(c, true),
    );
    t.extension(
        "IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)",
        |c| append(c, false),
    );
    t.extension(
        "IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)",
        |c| zip(c, false),
    );
    t.extension(
        "IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)",
        |c| zip(c, true),
    );
    t.extension(
        "IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)",
        |c| default_if_empty(c, false),
    );
    t.extension(
        "IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)",
        |c| default_if_empty(c, true),
    );
    t.extension(
        "IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)",
        reverse,
    );
    t.extension(
        "IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)",
        |c| Ok(c.value(0)),
    );
    t.extension(
        "IEnumerable<TResult> OfType<TResult>(this System.Collections.IEnumerable source)",
        |c| typed(c, false),
    );
    t.extension(
        "IEnumerable<TResult> Cast<TResult>(this System.Collections.IEnumerable source)",
        |c| typed(c, true),
    );
    t.static_method("IEnumerable<int> Range(int start, int count)", range);
    t.static_method(
        "IEnumerable<TResult> Repeat<TResult>(TResult element, int count)",
        repeat,
    );
    t.static_method("IEnumerable<TResult> Empty<TResult>()", |c| {
        let element = c.ty(0);
        lazy(c, element, |_| each(|_| Ok(None)))
    });
}
