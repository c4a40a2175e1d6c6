//! `OrderBy`, `ThenBy` and their descending forms: stable, by any number of keys.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::dotnet::collections::{Ranking, no_order, sort};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{Iter, Object, Ready, Value};

/// One key of an order.
#[derive(Clone)]
struct By {
    selector: Value,
    comparer: Value,
    descending: bool,
}

/// `IOrderedEnumerable<T>`
struct Ordered {
    element: Type,
    source: Value,
    keys: Vec<By>,
}

impl Ordered {
    /// The elements in order. A comparison that throws counts as `failed` has it.
    fn run(&self, rt: &mut Runtime<'_>, failed: fn(Fault) -> Fault) -> R<Box<dyn Iter>> {
        let items = rt.collect(&self.source)?;
        let mut keys: Vec<Vec<Value>> = Vec::with_capacity(self.keys.len());
        for by in &self.keys {
            rt.allocate(items.len() * size_of::<Value>())?;
            let mut column = Vec::with_capacity(items.len());
            for item in &items {
                column.push(rt.invoke(&by.selector, std::slice::from_ref(item))?);
            }
            keys.push(column);
        }
        let rankings: Vec<Ranking> = self
            .keys
            .iter()
            .map(|by| Ranking::of(&by.comparer))
            .collect();
        let order = sort::order(rt, items.len(), &mut |rt, a, b| {
            for ((column, ranking), by) in keys.iter().zip(&rankings).zip(&self.keys) {
                let (Some(x), Some(y)) = (column.get(a), column.get(b)) else {
                    continue;
                };
                let order = ranking
                    .compare(rt, x, y)
                    .and_then(|order| order.ok_or_else(no_order))
                    .map_err(failed)?;
                let order = if by.descending {
                    order.reverse()
                } else {
                    order
                };
                if order != Ordering::Equal {
                    return Ok(order);
                }
            }
            Ok(Ordering::Equal)
        })?;
        let sorted: Vec<Value> = order
            .into_iter()
            .filter_map(|at| items.get(at).cloned())
            .collect();
        Ok(Box::new(Ready(sorted.into_iter())))
    }
}

impl Object for Ordered {
    fn type_of(&self) -> Type {
        Type::generic(known::ORDERED_ENUMERABLE, [self.element.clone()])
    }

    fn iterate(self: Rc<Self>, rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        self.run(rt, sort::failed).map(Some)
    }
}

/// Starts an enumeration that looks for a single element. .NET does not sort for that, so that a comparison's own
/// exception comes out of it.
pub(super) fn search(rt: &mut Runtime<'_>, source: &Value) -> R<Box<dyn Iter>> {
    match source.as_object::<Ordered>() {
        Some(ordered) => ordered.run(rt, |fault| fault),
        None => rt.iterate(source),
    }
}

fn order_by(c: &mut Call<'_, '_>, descending: bool) -> R<Value> {
    let (source, selector) = (c.required(0)?, c.required(1)?);
    c.rt.allocate(160)?;
    Ok(Value::object(Ordered {
        element: c.ty(0),
        source,
        keys: vec![By {
            selector,
            comparer: c.value(2),
            descending,
        }],
    }))
}

fn then_by(c: &mut Call<'_, '_>, descending: bool) -> R<Value> {
    let source = c.object::<Ordered>(0)?;
    let selector = c.required(1)?;
    let mut keys = source.keys.clone();
    c.rt.allocate(160 + keys.len() * 64)?;
    keys.push(By {
        selector,
        comparer: c.value(2),
        descending,
    });
    Ok(Value::object(Ordered {
        element: source.element.clone(),
        source: source.source.clone(),
        keys,
    }))
}

pub(super) fn define(types: &mut Types) {
    types
        .interface("System.Linq.IOrderedEnumerable<out TElement>")
        .base("IEnumerable<TElement>");
    let mut t = types.static_class("System.Linq.Enumerable");
    for signature in [
        "IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        "IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| order_by(c, false));
    }
    for signature in [
        "IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        "IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| order_by(c, true));
    }
    for signature in [
        "IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        "IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| then_by(c, false));
    }
    for signature in [
        "IOrderedEnumerable<TSource> ThenByDescending<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        "IOrderedEnumerable<TSource> ThenByDescending<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| then_by(c, true));
    }
}
