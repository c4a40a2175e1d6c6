//! `GroupBy`, `ToLookup`, `Join`, `GroupJoin`.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;

use super::{each, int, lazy};
use crate::dotnet::collections::KeyComparer;
use crate::runtime::{Call, Key, R, Runtime};
use crate::types::{DefId, Registry, Type, TypeBuilder, Types, known};
use crate::value::{Iter, Lazy, Object, Ready, Value};

/// `IGrouping<K, E>`
struct Group {
    key_type: Type,
    element: Type,
    key: Value,
    items: Rc<Vec<Value>>,
}

impl Object for Group {
    fn type_of(&self) -> Type {
        Type::generic(
            known::GROUPING,
            [self.key_type.clone(), self.element.clone()],
        )
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        Ok(Some(run(self.items.clone())))
    }
}

/// An enumeration of shared items.
fn run(items: Rc<Vec<Value>>) -> Box<dyn Iter> {
    let mut at = 0;
    Box::new(Ready(std::iter::from_fn(move || {
        let found = items.get(at).cloned();
        at += 1;
        found
    })))
}

/// `ILookup<K, E>`
struct Lookup {
    key_type: Type,
    element: Type,
    comparer: KeyComparer,
    groups: Grouped,
}

impl Object for Lookup {
    fn type_of(&self) -> Type {
        Type::generic(
            lookup_class(),
            [self.key_type.clone(), self.element.clone()],
        )
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let groups: Vec<Value> = self
            .groups
            .list
            .iter()
            .map(|(key, items)| group(&self.key_type, &self.element, key.clone(), items.clone()))
            .collect();
        Ok(Some(Box::new(Ready(groups.into_iter()))))
    }
}

/// The class `Lookup<,>`.
fn lookup_class() -> DefId {
    static CLASS: OnceLock<DefId> = OnceLock::new();
    *CLASS.get_or_init(|| {
        Registry::get()
            .by_full_name("System.Linq.Lookup`2")
            .map_or(known::LOOKUP, |def| def.id)
    })
}

fn group(key_type: &Type, element: &Type, key: Value, items: Rc<Vec<Value>>) -> Value {
    Value::object(Group {
        key_type: key_type.clone(),
        element: element.clone(),
        key,
        items,
    })
}

/// What stands for a group without elements: a sequence that has no key.
fn empty(element: &Type) -> Value {
    Lazy::value(Type::enumerable(element.clone()), |_| {
        Ok(Box::new(Ready(std::iter::empty())))
    })
}

/// Elements by key, in order of the keys' first appearance.
#[derive(Default)]
struct Grouped {
    list: Vec<(Value, Rc<Vec<Value>>)>,
    index: HashMap<Key, usize>,
}

impl Grouped {
    fn find(&self, comparer: KeyComparer, key: &Value) -> Option<Rc<Vec<Value>>> {
        let at = self.index.get(&comparer.key(key))?;
        self.list.get(*at).map(|(_, items)| items.clone())
    }
}

fn collect(
    rt: &mut Runtime<'_>,
    source: &Value,
    key: &Value,
    element: &Value,
    comparer: KeyComparer,
) -> R<Grouped> {
    let mut grouped = Grouped::default();
    let mut lists: Vec<Vec<Value>> = Vec::new();
    let mut keys: Vec<Value> = Vec::new();
    let mut run = rt.iterate(source)?;
    while let Some(item) = run.next(rt)? {
        rt.allocate(64)?;
        let found = rt.invoke(key, std::slice::from_ref(&item))?;
        let value = if element.is_null() {
            item
        } else {
            rt.invoke(element, &[item])?
        };
        let next = lists.len();
        let at = *grouped.index.entry(comparer.key(&found)).or_insert(next);
        if at == next {
            lists.push(Vec::new());
            keys.push(found);
        }
        if let Some(list) = lists.get_mut(at) {
            list.push(value);
        }
    }
    grouped.list = keys
        .into_iter()
        .zip(lists.into_iter().map(Rc::new))
        .collect();
    Ok(grouped)
}

/// The parts of a `GroupBy` overload: is there an element selector, a result selector, a comparer.
fn group_by(c: &mut Call<'_, '_>, element: bool, result: bool, compared: bool) -> R<Value> {
    let (source, key) = (c.required(0)?, c.required(1)?);
    let mut next = 2;
    let selector = if element {
        next += 1;
        c.required(2)?
    } else {
        Value::Null
    };
    let combine = if result {
        next += 1;
        c.required(next - 1)?
    } else {
        Value::Null
    };
    let comparer = if compared {
        KeyComparer::of(&c.value(next))
    } else {
        KeyComparer::Default
    };
    let key_type = c.ty(1);
    let element_type = if element { c.ty(2) } else { c.ty(0) };
    let out = if result {
        c.ty(if element { 3 } else { 2 })
    } else {
        Type::generic(known::GROUPING, [key_type.clone(), element_type.clone()])
    };
    lazy(c, out, move |rt| {
        let grouped = collect(rt, &source, &key, &selector, comparer)?;
        let (key_type, element_type, combine) =
            (key_type.clone(), element_type.clone(), combine.clone());
        let mut list = grouped.list.into_iter();
        each(move |rt| {
            let Some((key, items)) = list.next() else {
                return Ok(None);
            };
            let made = group(&key_type, &element_type, key.clone(), items);
            if combine.is_null() {
                return Ok(Some(made));
            }
            rt.invoke(&combine, &[key, made]).map(Some)
        })
    })
}

fn to_lookup(c: &mut Call<'_, '_>, element: bool, compared: bool) -> R<Value> {
    let (source, key) = (c.required(0)?, c.required(1)?);
    let selector = if element { c.required(2)? } else { Value::Null };
    let comparer = if compared {
        KeyComparer::of(&c.value(if element { 3 } else { 2 }))
    } else {
        KeyComparer::Default
    };
    let groups = collect(c.rt, &source, &key, &selector, comparer)?;
    Ok(Value::object(Lookup {
        key_type: c.ty(1),
        element: if element { c.ty(2) } else { c.ty(0) },
        comparer,
        groups,
    }))
}

fn join(c: &mut Call<'_, '_>, grouped: bool) -> R<Value> {
    let (outer, inner) = (c.required(0)?, c.required(1)?);
    let (outer_key, inner_key, result) = (c.required(2)?, c.required(3)?, c.required(4)?);
    let comparer = KeyComparer::of(&c.value(5));
    let (inner_type, key_type, out) = (c.ty(1), c.ty(2), c.ty(3));
    lazy(c, out, move |rt| {
        let mut run_outer = rt.iterate(&outer)?;
        // The inner elements are not looked at where there is no outer one.
        let mut first = run_outer.next(rt)?;
        let lookup = match &first {
            Some(_) => Some(collect(rt, &inner, &inner_key, &Value::Null, comparer)?),
            None => None,
        };
        let (outer_key, result) = (outer_key.clone(), result.clone());
        let (inner_type, key_type) = (inner_type.clone(), key_type.clone());
        let mut pending: Option<(Value, Rc<Vec<Value>>, usize)> = None;
        each(move |rt| {
            loop {
                if let Some((item, matches, at)) = &mut pending {
                    if let Some(found) = matches.get(*at) {
                        *at += 1;
                        let args = [item.clone(), found.clone()];
                        return rt.invoke(&result, &args).map(Some);
                    }
                    pending = None;
                }
                let Some(lookup) = &lookup else {
                    return Ok(None);
                };
                let item = match first.take() {
                    Some(item) => Some(item),
                    None => run_outer.next(rt)?,
                };
                let Some(item) = item else {
                    return Ok(None);
                };
                rt.tick()?;
                let key = rt.invoke(&outer_key, std::slice::from_ref(&item))?;
                let matches = if key.is_null() {
                    Rc::default()
                } else {
                    lookup.find(comparer, &key).unwrap_or_default()
                };
                if grouped {
                    let made = if matches.is_empty() {
                        empty(&inner_type)
                    } else {
                        group(&key_type, &inner_type, key, matches)
                    };
                    return rt.invoke(&result, &[item, made]).map(Some);
                }
                pending = Some((item, matches, 0));
            }
        })
    })
}

/// The members of `ILookup<,>` and of the class behind it.
fn define_lookup(t: &mut TypeBuilder<'_>) {
    t.property("int Count", |c| {
        Ok(int(c.object::<Lookup>(0)?.groups.list.len()))
    });
    t.method("bool Contains(TKey key)", |c| {
        let lookup = c.object::<Lookup>(0)?;
        Ok(lookup
            .groups
            .find(lookup.comparer, &c.value(1))
            .is_some()
            .into())
    });
    t.indexer("IEnumerable<TElement> this[TKey key]", |c| {
        let lookup = c.object::<Lookup>(0)?;
        let key = c.value(1);
        Ok(match lookup.groups.find(lookup.comparer, &key) {
            Some(items) => group(&lookup.key_type, &lookup.element, key, items),
            None => empty(&lookup.element),
        })
    });
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("System.Linq.IGrouping<out TKey, out TElement>");
    t.base("IEnumerable<TElement>");
    t.property("TKey Key", |c| Ok(c.object::<Group>(0)?.key.clone()));

    let mut t = types.interface("System.Linq.ILookup<TKey, TElement>");
    t.base("IEnumerable<IGrouping<TKey, TElement>>");
    define_lookup(&mut t);
    let mut t = types.class("System.Linq.Lookup<TKey, TElement>");
    t.base("ILookup<TKey, TElement>").beyond_documentation();
    define_lookup(&mut t);

    let mut t = types.static_class("System.Linq.Enumerable");
    t.extension(
        "IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |c| group_by(c, false, false, false),
    );
    t.extension(
        "IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |c| group_by(c, false, false, true),
    );
    t.extension(
        "IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |c| group_by(c, true, false, false),
    );
    t.extension(
        "IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |c| group_by(c, true, false, true),
    );
    t.extension(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector)",
        |c| group_by(c, false, true, false),
    );
    t.extension(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector)",
        |c| group_by(c, true, true, false),
    );
    t.extension(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |c| group_by(c, false, true, true),
    );
    t.extension(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |c| group_by(c, true, true, true),
    );
    t.extension(
        "ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |c| to_lookup(c, false, false),
    );
    t.extension(
        "ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |c| to_lookup(c, false, true),
    );
    t.extension(
        "ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |c| to_lookup(c, true, false),
    );
    t.extension(
        "ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |c| to_lookup(c, true, true),
    );
    for signature in [
        "IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector)",
        "IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| join(c, false));
    }
    for signature in [
        "IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector)",
        "IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
    ] {
        t.extension(signature, |c| join(c, true));
    }
}
