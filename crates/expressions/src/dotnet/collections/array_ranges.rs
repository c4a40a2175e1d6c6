//! `System.Array`'s further overloads: parts of arrays, arrays whose element type is not known, two dimensions.

use std::rc::Rc;

use super::Array;
use super::array_copy::{element_for, vector};
use super::array_members::{elements, part, this};
use super::comparer::Ranking;
use super::list_members::{find, position};
use super::sort;
use crate::runtime::{Call, Fault, R, equals};
use crate::types::Types;
use crate::value::Value;

/// Start and length in arguments `at` and `at + 1`.
fn range(c: &Call<'_, '_>, at: usize, total: usize) -> R<std::ops::Range<usize>> {
    part(c.int(at)?, c.int(at + 1)?, total)
}

/// Sorts the part that arguments `at` and `at + 1` name, or the whole.
fn sort_part(c: &mut Call<'_, '_>, at: Option<usize>, comparer: Option<usize>) -> R<Value> {
    let mut items = elements(c, 0)?;
    let range = match at {
        Some(at) => range(c, at, items.len())?,
        None => 0..items.len(),
    };
    let ranking = Ranking::of(&comparer.map(|at| c.value(at)).unwrap_or_default());
    let Some(part) = items.get_mut(range) else {
        return Ok(Value::Null);
    };
    let sorted = sort::sorted(c.rt, part, &ranking)?;
    part.clone_from_slice(&sorted);
    this(c)?.replace(items);
    Ok(Value::Null)
}

fn search_part(c: &mut Call<'_, '_>, comparer: Option<usize>) -> R<Value> {
    let (items, wanted) = (elements(c, 0)?, c.value(3));
    let range = range(c, 1, items.len())?;
    let start = i32::try_from(range.start).unwrap_or(i32::MAX);
    let ranking = Ranking::of(&comparer.map(|at| c.value(at)).unwrap_or_default());
    let found = sort::binary_search(
        c.rt,
        items.get(range).unwrap_or_default(),
        &wanted,
        &ranking,
    )?;
    // Not found: the complement of where it would stand.
    Ok(if found >= 0 {
        found + start
    } else {
        found - start
    }
    .into())
}

/// `LastIndexOf(array, value, startIndex, count)`: backwards from the start.
fn last_index_of(c: &mut Call<'_, '_>) -> R<Value> {
    let (items, wanted) = (elements(c, 0)?, c.value(1));
    let same = |item: &Value| equals(item, &wanted);
    let start = c.int(2)?;
    let outside = |name: &str| {
        Fault::out_of_range(
            name,
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        )
    };
    if items.is_empty() {
        let count = if c.len() > 3 { c.int(3)? } else { 0 };
        return match (start, count) {
            (-1 | 0, 0) => Ok((-1).into()),
            (-1 | 0, _) => Err(outside("count")),
            _ => Err(outside("startIndex")),
        };
    }
    let count = if c.len() > 3 {
        c.int(3)?
    } else {
        start.saturating_add(1)
    };
    let last = usize::try_from(start)
        .ok()
        .filter(|last| *last < items.len())
        .ok_or_else(|| outside("startIndex"))?;
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= last + 1)
        .ok_or_else(|| outside("count"))?;
    vector(&*this(c)?)?;
    let first = last + 1 - count;
    let found = items.get(first..=last).unwrap_or_default();
    Ok(position(found.iter().rposition(same).map(|at| at + first)))
}

/// `FindIndex(array, startIndex, [count,] match)`
fn find_index(c: &mut Call<'_, '_>) -> R<Value> {
    let items = elements(c, 0)?;
    let start = c.int(1)?;
    let total = i32::try_from(items.len()).unwrap_or(i32::MAX);
    let count = if c.len() > 3 {
        c.int(2)?
    } else {
        total.saturating_sub(start)
    };
    let range = part(start, count, items.len()).map_err(|_| Fault::list_index())?;
    let predicate = c.required(c.len() - 1)?;
    Ok(position(find(c.rt, &items, range, &predicate, false)?))
}

/// `FindLastIndex(array, startIndex, [count,] match)`: backwards from the start.
fn find_last_index(c: &mut Call<'_, '_>) -> R<Value> {
    let items = elements(c, 0)?;
    let (start, predicate) = (c.int(1)?, c.required(c.len() - 1)?);
    let count = if c.len() > 3 {
        c.int(2)?
    } else {
        start.saturating_add(1)
    };
    // An empty array is searched from before its first element, others are not.
    if (start < 0) != items.is_empty() {
        return Err(Fault::list_index());
    }
    let first = i64::from(start) + 1 - i64::from(count);
    let first = i32::try_from(first).map_err(|_| Fault::list_index())?;
    let range = part(first, count, items.len()).map_err(|_| Fault::list_index())?;
    Ok(position(find(c.rt, &items, range, &predicate, true)?))
}

/// Where two indices lead.
fn place(c: &Call<'_, '_>, array: &Rc<Array>, at: usize) -> R<usize> {
    let columns = array
        .columns
        .ok_or_else(|| Fault::argument("Array was not a two-dimensional array.", ""))?;
    let (row, column) = (c.int(at)?, c.int(at + 1)?);
    let (row, column) = (usize::try_from(row), usize::try_from(column));
    match (row, column) {
        (Ok(row), Ok(column)) if column < columns => row
            .checked_mul(columns)
            .map(|start| start + column)
            .filter(|at| *at < array.len())
            .ok_or_else(Fault::index_out_of_range),
        _ => Err(Fault::index_out_of_range()),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.property("object SyncRoot", |c| Ok(c.value(0)));
    t.property("bool IsSynchronized", |_| Ok(false.into()));
    t.method("long GetLongLength(int dimension)", |c| {
        Ok(i64::try_from(super::array_members::dimension(c)?)
            .unwrap_or(i64::MAX)
            .into())
    });
    t.method("object GetValue(int index1, int index2)", |c| {
        let array = this(c)?;
        let at = place(c, &array, 1)?;
        Ok(array.get(at).unwrap_or_default())
    });
    t.method("void SetValue(object value, int index1, int index2)", |c| {
        let array = this(c)?;
        let at = place(c, &array, 2)?;
        array.set(at, element_for(&array, c.value(1))?);
        Ok(Value::Null)
    })
    .mutates();
    // There are no constructors that arrays of structures could run.
    t.method("void Initialize()", |_| Ok(Value::Null));
    t.static_method(
        "void Fill<T>(T[] array, T value, int startIndex, int count)",
        |c| {
            let array = this(c)?;
            let range = range(c, 2, array.len()).map_err(|_| Fault::list_index())?;
            c.rt.spend(1 + range.len() as u64)?;
            for at in range {
                array.set(at, c.value(1));
            }
            Ok(Value::Null)
        },
    )
    .mutates();
    t.static_method("void Reverse<T>(T[] array)", |c| {
        let mut items = elements(c, 0)?;
        items.reverse();
        this(c)?.replace(items);
        Ok(Value::Null)
    })
    .mutates();
    t.static_method("void Reverse<T>(T[] array, int index, int length)", |c| {
        let mut items = elements(c, 0)?;
        let range = range(c, 1, items.len())?;
        if let Some(part) = items.get_mut(range) {
            part.reverse();
        }
        this(c)?.replace(items);
        Ok(Value::Null)
    })
    .mutates();
    define_sorts(types);
    define_searches(types);
}

fn define_sorts(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.static_method("void Sort(Array array)", |c| {
        vector(&*this(c)?)?;
        sort_part(c, None, None)
    })
    .mutates();
    t.static_method("void Sort(Array array, int index, int length)", |c| {
        vector(&*this(c)?)?;
        sort_part(c, Some(1), None)
    })
    .mutates();
    t.static_method("void Sort<T>(T[] array, int index, int length)", |c| {
        sort_part(c, Some(1), None)
    })
    .mutates();
    t.static_method(
        "void Sort<T>(T[] array, int index, int length, IComparer<T> comparer)",
        |c| sort_part(c, Some(1), Some(3)),
    )
    .mutates();
}

fn define_searches(types: &mut Types) {
    let mut t = types.class("System.Array");
    t.static_method(
        "int BinarySearch<T>(T[] array, int index, int length, T value)",
        |c| search_part(c, None),
    );
    t.static_method(
        "int BinarySearch<T>(T[] array, int index, int length, T value, IComparer<T> comparer)",
        |c| search_part(c, Some(4)),
    );
    t.static_method(
        "int BinarySearch(Array array, int index, int length, object value)",
        |c| {
            vector(&*this(c)?)?;
            search_part(c, None)
        },
    );
    t.static_method("int BinarySearch(Array array, object value)", |c| {
        vector(&*this(c)?)?;
        let (items, item) = (elements(c, 0)?, c.value(1));
        Ok(sort::binary_search(c.rt, &items, &item, &Ranking::of(&Value::Null))?.into())
    });
    t.static_method("int IndexOf(Array array, object value)", |c| {
        vector(&*this(c)?)?;
        let (items, wanted) = (elements(c, 0)?, c.value(1));
        Ok(position(
            items.iter().position(|item| equals(item, &wanted)),
        ))
    });
    t.static_method("int LastIndexOf(Array array, object value)", |c| {
        vector(&*this(c)?)?;
        let (items, wanted) = (elements(c, 0)?, c.value(1));
        Ok(position(
            items.iter().rposition(|item| equals(item, &wanted)),
        ))
    });
    for signature in [
        "int LastIndexOf<T>(T[] array, T value, int startIndex)",
        "int LastIndexOf<T>(T[] array, T value, int startIndex, int count)",
    ] {
        t.static_method(signature, last_index_of);
    }
    for signature in [
        "int LastIndexOf(Array array, object value, int startIndex)",
        "int LastIndexOf(Array array, object value, int startIndex, int count)",
    ] {
        t.static_method(signature, |c| {
            // Here an empty array is not searched, wherever the search would start.
            if this(c)?.len() == 0 {
                return Ok((-1).into());
            }
            last_index_of(c)
        });
    }
    for signature in [
        "int FindIndex<T>(T[] array, int startIndex, Predicate<T> match)",
        "int FindIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)",
    ] {
        t.static_method(signature, find_index);
    }
    for signature in [
        "int FindLastIndex<T>(T[] array, int startIndex, Predicate<T> match)",
        "int FindLastIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)",
    ] {
        t.static_method(signature, find_last_index);
    }
}
