//! `System.Array`: members of every array, and its static algorithms.

use std::rc::Rc;

use super::array_copy::{self, copy, element_for, vector};
use super::comparer::Ranking;
use super::dispatch::{ELEMENT, int};
use super::list_members::{find, position};
use super::{Array, array, enumerator, read_only, sort};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, equals};
use crate::types::{Types, relations};
use crate::value::{Str, Value};

pub(super) fn this(c: &Call<'_, '_>) -> R<Rc<Array>> {
    c.object::<Array>(0)
}

/// A copy of the elements of argument `index`.
pub(super) fn elements(c: &mut Call<'_, '_>, index: usize) -> R<Vec<Value>> {
    let array = c.object::<Array>(index)?;
    c.rt.spend(1 + array.len() as u64)?;
    c.rt.allocate(array.len().saturating_mul(size_of::<Value>()))?;
    Ok(array.to_vec())
}

/// Start and length of a part that must lie within `total` elements.
pub(super) fn part(start: i32, length: i32, total: usize) -> R<std::ops::Range<usize>> {
    let (Ok(first), Ok(count)) = (usize::try_from(start), usize::try_from(length)) else {
        let name = if start < 0 { "index" } else { "length" };
        return Err(Fault::out_of_range(name, "Non-negative number required."));
    };
    if total < first || total - first < count {
        return Err(Fault::argument(
            "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
            "",
        ));
    }
    Ok(first..first + count)
}

fn one_dimension(array: &Array) -> R<()> {
    match array.columns {
        None => Ok(()),
        Some(_) => Err(Fault::argument(
            "Array was not a one-dimensional array.",
            "",
        )),
    }
}

fn find_element(c: &mut Call<'_, '_>, last: bool) -> R<Value> {
    let items = elements(c, 0)?;
    let predicate = c.required(1)?;
    let found = find(c.rt, &items, 0..items.len(), &predicate, last)?;
    Ok(match found.and_then(|at| items.get(at)) {
        Some(item) => item.clone(),
        None => default_of(&c.ty(0)),
    })
}

fn find_index(c: &mut Call<'_, '_>, last: bool) -> R<Value> {
    let items = elements(c, 0)?;
    let predicate = c.required(1)?;
    Ok(position(find(
        c.rt,
        &items,
        0..items.len(),
        &predicate,
        last,
    )?))
}

fn sort_by(c: &mut Call<'_, '_>, ranking: &Ranking) -> R<Value> {
    let items = elements(c, 0)?;
    let sorted = sort::sorted(c.rt, &items, ranking)?;
    this(c)?.replace(sorted);
    Ok(Value::Null)
}

/// Sorts keys, and the items with them.
fn sort_pairs(c: &mut Call<'_, '_>, ranking: &Ranking) -> R<Value> {
    if c.value(1).is_null() {
        return sort_by(c, ranking);
    }
    let keys = elements(c, 0)?;
    let items = elements(c, 1)?;
    if items.len() < keys.len() {
        return Err(Fault::argument(
            "Destination array was not long enough.",
            "items",
        ));
    }
    let order = sort::unstable_order(c.rt, keys.len(), &mut |rt, a, b| match (
        keys.get(a),
        keys.get(b),
    ) {
        (Some(a), Some(b)) => sort::ranked(rt, ranking, a, b),
        _ => Ok(std::cmp::Ordering::Equal),
    })?;
    let pick = |from: &[Value]| -> Vec<Value> {
        order
            .iter()
            .filter_map(|at| from.get(*at).cloned())
            .collect()
    };
    let mut sorted = pick(&items);
    sorted.extend(items.iter().skip(keys.len()).cloned());
    this(c)?.replace(pick(&keys));
    c.object::<Array>(1)?.replace(sorted);
    Ok(Value::Null)
}

fn index_of(c: &mut Call<'_, '_>, last: bool) -> R<Value> {
    let items = elements(c, 0)?;
    let wanted = c.value(1);
    let same = |item: &Value| equals(item, &wanted);
    if c.len() == 2 {
        return Ok(position(if last {
            items.iter().rposition(same)
        } else {
            items.iter().position(same)
        }));
    }
    let start = c.int(2)?;
    let rest = i32::try_from(items.len())
        .unwrap_or(i32::MAX)
        .saturating_sub(start);
    let count = if c.len() > 3 { c.int(3)? } else { rest };
    let range = part(start, count, items.len()).map_err(|_| Fault::list_index())?;
    let first = range.start;
    let found = items.get(range).unwrap_or_default().iter().position(same);
    Ok(position(found.map(|at| at + first)))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.base("System.Collections.IEnumerable");
    t.property("int Length", |c| Ok(int(this(c)?.len())));
    t.property("long LongLength", |c| {
        Ok(i64::try_from(this(c)?.len()).unwrap_or(i64::MAX).into())
    });
    t.property("int Rank", |c| {
        Ok(Value::Int32(if this(c)?.columns.is_some() { 2 } else { 1 }))
    });
    t.property("bool IsReadOnly", |_| Ok(false.into()));
    t.property("bool IsFixedSize", |_| Ok(true.into()));
    t.method("int GetLength(int dimension)", |c| Ok(int(dimension(c)?)));
    t.method("int GetLowerBound(int dimension)", |c| {
        dimension(c)?;
        Ok(Value::Int32(0))
    });
    t.method("int GetUpperBound(int dimension)", |c| {
        let length = i32::try_from(dimension(c)?).unwrap_or(i32::MAX);
        Ok(Value::Int32(length - 1))
    });
    t.method("object GetValue(int index)", |c| {
        let index = usize::try_from(c.int(1)?).unwrap_or(usize::MAX);
        let array = this(c)?;
        one_dimension(&array)?;
        array.get(index).ok_or_else(Fault::index_out_of_range)
    });
    t.method("void SetValue(object value, int index)", |c| {
        let array = this(c)?;
        one_dimension(&array)?;
        let at = usize::try_from(c.int(2)?).unwrap_or(usize::MAX);
        if at >= array.len() {
            return Err(Fault::index_out_of_range());
        }
        array.set(at, element_for(&array, c.value(1))?);
        Ok(Value::Null)
    })
    .mutates();
    t.method("object Clone()", |c| {
        let items = elements(c, 0)?;
        let array = this(c)?;
        let copy = Array::new(array.element.clone(), items);
        Ok(Value::object(match array.columns {
            Some(columns) => copy.with_columns(columns),
            None => copy,
        }))
    });
    t.method("void CopyTo(Array array, int index)", array_copy::copy_to)
        .mutates();
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);
    define_statics(types);
    define_searches(types);
}

/// The length of the dimension asked for.
pub(super) fn dimension(c: &Call<'_, '_>) -> R<usize> {
    let array = this(c)?;
    match (c.int(1)?, array.columns) {
        (0, None) => Ok(array.len()),
        (0, Some(columns)) => Ok(array.len().checked_div(columns).unwrap_or(0)),
        (1, Some(columns)) => Ok(columns),
        _ => Err(Fault::index_out_of_range()),
    }
}

fn define_statics(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.static_method("ReadOnlyCollection<T> AsReadOnly<T>(T[] array)", |c| {
        Ok(Value::object(read_only::ReadOnlyList(c.required(0)?)))
    });
    t.static_method("void Clear(Array array, int index, int length)", |c| {
        let array = this(c)?;
        let range =
            part(c.int(1)?, c.int(2)?, array.len()).map_err(|_| Fault::index_out_of_range())?;
        c.rt.spend(1 + range.len() as u64)?;
        for at in range {
            array.set(at, default_of(&array.element));
        }
        Ok(Value::Null)
    })
    .mutates();
    t.static_method(
        "void Copy(Array sourceArray, Array destinationArray, int length)",
        |c| {
            let length = c.int(2)?;
            copy(c, 0, 1, 0, length)
        },
    )
    .mutates();
    t.static_method(
        "void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        |c| {
            let (from, to, length) = (c.int(1)?, c.int(3)?, c.int(4)?);
            copy(c, from, 2, to, length)
        },
    )
    .mutates();
    t.static_method(
        "void ConstrainedCopy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        |c| {
            // All or nothing: no element may need a conversion that can fail.
            let (own, other) = (this(c)?, c.object::<Array>(2)?);
            let fits = own.element == other.element
                || own.element.is_reference() && relations::is_assignable(&own.element, &other.element);
            let (from, to, length) = (c.int(1)?, c.int(3)?, c.int(4)?);
            let lies_in = |array: &Array, start| part(start, length, array.len()).is_ok();
            // A part that is not there is noticed before.
            if !fits && lies_in(&own, from) && lies_in(&other, to) {
                return Err(Fault::new(
                    "System.ArrayTypeMismatchException",
                    Str::literal("Array.ConstrainedCopy will only work on array types that are provably compatible, without any form of boxing, unboxing, widening, or casting of each array element.  Change the array types (i.e., copy a Derived[] to a Base[]), or use a mitigation strategy in the CER for Array.Copy's less powerful reliability contract, such as cloning the array or throwing away the potentially corrupt destination array."),
                ));
            }
            copy(c, from, 2, to, length)
        },
    )
    .mutates();
    t.static_method("T[] Empty<T>()", |c| Ok(array(c.ty(0), Vec::new())));
    t.static_method("void Fill<T>(T[] array, T value)", |c| {
        let array = this(c)?;
        c.rt.spend(1 + array.len() as u64)?;
        for at in 0..array.len() {
            array.set(at, c.value(1));
        }
        Ok(Value::Null)
    })
    .mutates();
    t.static_method("void Resize<T>(ref T[] array, int newSize)", |c| {
        let Ok(size) = usize::try_from(c.int(1)?) else {
            return Err(Fault::out_of_range(
                "newSize",
                "Non-negative number required.",
            ));
        };
        c.rt.allocate(size.saturating_mul(ELEMENT))?;
        let mut items = if c.value(0).is_null() {
            Vec::new()
        } else {
            elements(c, 0)?
        };
        let ty = c.ty(0);
        items.resize_with(size, || default_of(&ty));
        c.set(0, array(ty, items));
        Ok(Value::Null)
    });
    t.static_method("void Reverse(Array array)", |c| {
        vector(&*this(c)?)?;
        let mut items = elements(c, 0)?;
        items.reverse();
        this(c)?.replace(items);
        Ok(Value::Null)
    })
    .mutates();
    t.static_method("void Reverse(Array array, int index, int length)", |c| {
        vector(&*this(c)?)?;
        let mut items = elements(c, 0)?;
        let range = part(c.int(1)?, c.int(2)?, items.len())?;
        if let Some(part) = items.get_mut(range) {
            part.reverse();
        }
        this(c)?.replace(items);
        Ok(Value::Null)
    })
    .mutates();
    t.static_method("void Sort<T>(T[] array)", |c| {
        sort_by(c, &Ranking::of(&Value::Null))
    })
    .mutates();
    t.static_method("void Sort<T>(T[] array, Comparison<T> comparison)", |c| {
        let ranking = Ranking::of(&c.required(1)?);
        sort_by(c, &ranking)
    })
    .mutates();
    t.static_method("void Sort<T>(T[] array, IComparer<T> comparer)", |c| {
        let ranking = Ranking::of(&c.value(1));
        sort_by(c, &ranking)
    })
    .mutates();
    t.static_method(
        "void Sort<TKey, TValue>(TKey[] keys, TValue[] items)",
        |c| sort_pairs(c, &Ranking::of(&Value::Null)),
    )
    .mutates();
    t.static_method(
        "void Sort<TKey, TValue>(TKey[] keys, TValue[] items, IComparer<TKey> comparer)",
        |c| {
            let ranking = Ranking::of(&c.value(2));
            sort_pairs(c, &ranking)
        },
    )
    .mutates();
}

fn define_searches(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.static_method("int BinarySearch<T>(T[] array, T value)", |c| {
        let (items, item) = (elements(c, 0)?, c.value(1));
        Ok(sort::binary_search(c.rt, &items, &item, &Ranking::of(&Value::Null))?.into())
    });
    t.static_method(
        "int BinarySearch<T>(T[] array, T value, IComparer<T> comparer)",
        |c| {
            let (items, item, ranking) = (elements(c, 0)?, c.value(1), Ranking::of(&c.value(2)));
            Ok(sort::binary_search(c.rt, &items, &item, &ranking)?.into())
        },
    );
    t.static_method(
        "TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)",
        |c| {
            let mut items = elements(c, 0)?;
            let converter = c.required(1)?;
            for item in &mut items {
                *item = c.rt.invoke(&converter, std::slice::from_ref(item))?;
            }
            Ok(array(c.ty(1), items))
        },
    );
    t.static_method("bool Exists<T>(T[] array, Predicate<T> match)", |c| {
        let items = elements(c, 0)?;
        let predicate = c.required(1)?;
        Ok(find(c.rt, &items, 0..items.len(), &predicate, false)?
            .is_some()
            .into())
    });
    t.static_method("T Find<T>(T[] array, Predicate<T> match)", |c| {
        find_element(c, false)
    });
    t.static_method("T FindLast<T>(T[] array, Predicate<T> match)", |c| {
        find_element(c, true)
    });
    t.static_method("T[] FindAll<T>(T[] array, Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        let mut found = Vec::new();
        for item in elements(c, 0)? {
            if c.rt.test(&predicate, &item)? {
                found.push(item);
            }
        }
        Ok(array(c.ty(0), found))
    });
    t.static_method("int FindIndex<T>(T[] array, Predicate<T> match)", |c| {
        find_index(c, false)
    });
    t.static_method("int FindLastIndex<T>(T[] array, Predicate<T> match)", |c| {
        find_index(c, true)
    });
    t.static_method("void ForEach<T>(T[] array, Action<T> action)", |c| {
        let action = c.required(1)?;
        for item in elements(c, 0)? {
            c.rt.invoke(&action, &[item])?;
        }
        Ok(Value::Null)
    });
    t.static_method("int IndexOf<T>(T[] array, T value)", |c| index_of(c, false));
    t.static_method("int IndexOf<T>(T[] array, T value, int startIndex)", |c| {
        index_of(c, false)
    });
    t.static_method(
        "int IndexOf<T>(T[] array, T value, int startIndex, int count)",
        |c| index_of(c, false),
    );
    for signature in [
        "int IndexOf(Array array, object value, int startIndex)",
        "int IndexOf(Array array, object value, int startIndex, int count)",
    ] {
        t.static_method(signature, |c| {
            vector(&*this(c)?)?;
            index_of(c, false)
        });
    }
    t.static_method("int LastIndexOf<T>(T[] array, T value)", |c| {
        index_of(c, true)
    });
    t.static_method("bool TrueForAll<T>(T[] array, Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        for item in elements(c, 0)? {
            if !c.rt.test(&predicate, &item)? {
                return Ok(false.into());
            }
        }
        Ok(true.into())
    });
}
