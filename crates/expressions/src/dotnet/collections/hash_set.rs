//! `System.Collections.Generic.HashSet<T>`.

use std::rc::Rc;

use super::comparer::{Comparer, KeyComparer};
use super::dictionary::{Dictionary, Run};
use super::dispatch::{ELEMENT, int};
use super::interfaces;
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{Iter, Object, Value};

/// A set: the keys of a dictionary without values.
pub(crate) struct HashSet {
    /// Element type.
    pub element: Type,
    /// The elements.
    pub map: Rc<Dictionary>,
}

impl HashSet {
    pub(crate) fn new(element: Type, comparer: KeyComparer) -> Self {
        let map = Dictionary::new(element.clone(), Type::OBJECT, comparer);
        Self {
            element,
            map: Rc::new(map),
        }
    }
}

impl Object for HashSet {
    fn type_of(&self) -> Type {
        Type::generic(known::HASH_SET, [self.element.clone()])
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        Ok(Some(Box::new(Run::new(self.map.clone(), |key, _| key))))
    }
}

/// A new set of the elements of a sequence.
pub(crate) fn of_sequence(
    rt: &mut Runtime<'_>,
    element: Type,
    source: &Value,
    comparer: KeyComparer,
) -> R<HashSet> {
    let set = HashSet::new(element, comparer);
    let mut items = rt.iterate(source)?;
    while let Some(item) = items.next(rt)? {
        rt.allocate(ELEMENT)?;
        set.map.try_add(item, Value::Null);
    }
    Ok(set)
}

fn this(c: &Call<'_, '_>) -> R<Rc<HashSet>> {
    c.object::<HashSet>(0)
}

fn elements(c: &mut Call<'_, '_>) -> R<Vec<Value>> {
    let pairs = this(c)?.map.pairs();
    c.rt.spend(1 + pairs.len() as u64)?;
    c.rt.allocate(pairs.len().saturating_mul(ELEMENT))?;
    Ok(pairs.into_iter().map(|(key, _)| key).collect())
}

/// The other sequence of a set operation, as a set that compares as the receiver does.
fn other(c: &mut Call<'_, '_>) -> R<HashSet> {
    let source = c.required(1)?;
    let set = this(c)?;
    of_sequence(c.rt, set.element.clone(), &source, set.map.comparer)
}

/// How many of the receiver's elements `other` has, of how many, and the size of `other`.
fn overlap(c: &mut Call<'_, '_>) -> R<(usize, usize, usize)> {
    let other = other(c)?;
    let own = elements(c)?;
    let common = own.iter().filter(|item| other.map.contains(item)).count();
    Ok((common, own.len(), other.map.len()))
}

fn made(c: &mut Call<'_, '_>, source: Option<usize>, comparer: Option<usize>) -> R<Value> {
    c.rt.allocate(ELEMENT)?;
    let comparer = comparer.map_or(KeyComparer::Default, |at| KeyComparer::of(&c.value(at)));
    let element = c.ty(0);
    Ok(Value::object(match source {
        None => HashSet::new(element, comparer),
        Some(at) => {
            let source = c.required(at)?;
            of_sequence(c.rt, element, &source, comparer)?
        }
    }))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.HashSet<T>");
    t.weighs(256);
    t.base("ISet<T>").base("IReadOnlyCollection<T>");
    t.constructor("()", |c| made(c, None, None));
    t.constructor("(int capacity)", |c| {
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "Non-negative number required.",
            ));
        }
        made(c, None, None)
    });
    t.constructor("(IEqualityComparer<T> comparer)", |c| {
        made(c, None, Some(0))
    });
    t.constructor("(int capacity, IEqualityComparer<T> comparer)", |c| {
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "Non-negative number required.",
            ));
        }
        made(c, None, Some(1))
    });
    t.constructor("(IEnumerable<T> collection)", |c| made(c, Some(0), None));
    t.constructor(
        "(IEnumerable<T> collection, IEqualityComparer<T> comparer)",
        |c| made(c, Some(0), Some(1)),
    );
    t.property("int Count", |c| Ok(int(this(c)?.map.len())));
    t.property("IEqualityComparer<T> Comparer", |c| {
        Ok(Value::object(Comparer(this(c)?.map.comparer)))
    });
    t.method("bool Add(T item)", |c| {
        c.rt.allocate(ELEMENT)?;
        Ok(this(c)?.map.try_add(c.value(1), Value::Null).into())
    })
    .mutates();
    t.method("void Clear()", |c| {
        this(c)?.map.clear();
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool Contains(T item)", |c| {
        Ok(this(c)?.map.contains(&c.value(1)).into())
    });
    t.method("void CopyTo(T[] array)", interfaces::copy_to)
        .mutates();
    t.method(
        "void CopyTo(T[] array, int arrayIndex)",
        interfaces::copy_to,
    )
    .mutates();
    t.method("IEnumerator<T> GetEnumerator()", super::enumerator::start);
    t.method("bool Remove(T item)", |c| {
        Ok(this(c)?.map.remove(&c.value(1)).is_some().into())
    })
    .mutates();
    t.method("int RemoveWhere(Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        let set = this(c)?;
        let mut removed = 0;
        for item in elements(c)? {
            if c.rt.test(&predicate, &item)? && set.map.remove(&item).is_some() {
                removed += 1;
            }
        }
        Ok(int(removed))
    })
    .mutates();
    t.method("bool TryGetValue(T equalValue, out T actualValue)", |c| {
        let set = this(c)?;
        let wanted = set.map.comparer.key(&c.value(1));
        let found = elements(c)?
            .into_iter()
            .find(|item| set.map.comparer.key(item) == wanted);
        let success = found.is_some();
        let ty = c.ty(0);
        c.set(2, found.unwrap_or_else(|| default_of(&ty)));
        Ok(success.into())
    });
    t.method("void TrimExcess()", |_| Ok(Value::Null));
    define_set_operations(types);
}

fn define_set_operations(types: &mut Types) {
    set_operations(&mut types.class("System.Collections.Generic.HashSet<T>"));
    // Only sets of this class implement the interface.
    set_operations(&mut types.interface("System.Collections.Generic.ISet<T>"));
}

fn set_operations(t: &mut crate::types::TypeBuilder<'_>) {
    t.method("void UnionWith(IEnumerable<T> other)", |c| {
        let set = this(c)?;
        for (item, _) in other(c)?.map.pairs() {
            c.rt.allocate(ELEMENT)?;
            set.map.try_add(item, Value::Null);
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void IntersectWith(IEnumerable<T> other)", |c| {
        let (set, other) = (this(c)?, other(c)?);
        for item in elements(c)? {
            if !other.map.contains(&item) {
                set.map.remove(&item);
            }
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void ExceptWith(IEnumerable<T> other)", |c| {
        let set = this(c)?;
        for (item, _) in other(c)?.map.pairs() {
            set.map.remove(&item);
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void SymmetricExceptWith(IEnumerable<T> other)", |c| {
        let set = this(c)?;
        if c.value(1).as_object::<HashSet>().is_none() {
            // Of a sequence, what is new is added before the rest is removed.
            let mut known = Vec::new();
            for (item, _) in other(c)?.map.pairs() {
                c.rt.allocate(ELEMENT)?;
                if !set.map.try_add(item.clone(), Value::Null) {
                    known.push(item);
                }
            }
            for item in known {
                set.map.remove(&item);
            }
            return Ok(Value::Null);
        }
        for (item, _) in other(c)?.map.pairs() {
            if set.map.remove(&item).is_none() {
                c.rt.allocate(ELEMENT)?;
                set.map.try_add(item, Value::Null);
            }
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool IsSubsetOf(IEnumerable<T> other)", |c| {
        let (common, own, _) = overlap(c)?;
        Ok((common == own).into())
    });
    t.method("bool IsSupersetOf(IEnumerable<T> other)", |c| {
        let (common, _, others) = overlap(c)?;
        Ok((common == others).into())
    });
    t.method("bool IsProperSubsetOf(IEnumerable<T> other)", |c| {
        let (common, own, others) = overlap(c)?;
        Ok((common == own && others > own).into())
    });
    t.method("bool IsProperSupersetOf(IEnumerable<T> other)", |c| {
        let (common, own, others) = overlap(c)?;
        Ok((common == others && own > others).into())
    });
    t.method("bool Overlaps(IEnumerable<T> other)", |c| {
        Ok((overlap(c)?.0 > 0).into())
    });
    t.method("bool SetEquals(IEnumerable<T> other)", |c| {
        let (common, own, others) = overlap(c)?;
        Ok((common == own && common == others).into())
    });
}
