//! The members of `List<T>`.

use std::rc::Rc;

use super::comparer::Ranking;
use super::dispatch::{ELEMENT, int};
use super::list::{List, insert_index};
use super::read_only::ReadOnlyList;
use super::{array, enumerator, interfaces, list, sort};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime, equals};
use crate::types::Types;
use crate::value::Value;

fn this(c: &Call<'_, '_>) -> R<Rc<List>> {
    c.object::<List>(0)
}

/// A copy of the elements, for members that run delegates over them.
fn elements(c: &mut Call<'_, '_>) -> R<Vec<Value>> {
    let list = this(c)?;
    c.rt.spend(1 + list.len() as u64)?;
    c.rt.allocate(list.len().saturating_mul(size_of::<Value>()))?;
    let items = list.items.borrow().clone();
    Ok(items)
}

/// `index` and `count` of a part of a list.
fn part(c: &Call<'_, '_>, index: usize, length: usize) -> R<std::ops::Range<usize>> {
    let (start, count) = (c.int(index)?, c.int(index + 1)?);
    let (Ok(start), Ok(count)) = (usize::try_from(start), usize::try_from(count)) else {
        let name = if start < 0 { "index" } else { "count" };
        return Err(Fault::out_of_range(name, "Non-negative number required."));
    };
    if length < start || length - start < count {
        return Err(Fault::argument(
            "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
            "",
        ));
    }
    Ok(start..start + count)
}

fn count_out_of_range() -> Fault {
    Fault::out_of_range(
        "count",
        "Count must be positive and count must refer to a location within the string/array/collection.",
    )
}

/// The same for a search, whose every mistake is one of range.
fn part_from(c: &Call<'_, '_>, index: usize, length: usize) -> R<std::ops::Range<usize>> {
    let start = insert_index(c.int(index)?, length)?;
    let end = usize::try_from(c.int(index + 1)?)
        .ok()
        .and_then(|count| start.checked_add(count));
    match end {
        Some(end) if end <= length => Ok(start..end),
        _ => Err(count_out_of_range()),
    }
}

/// Where a search backwards from `index` begins: past that element. An empty list takes -1 only.
fn last_end(index: i32, length: usize) -> R<usize> {
    match usize::try_from(i64::from(index) + 1) {
        Ok(end) if end <= length && (end > 0 || length == 0) => Ok(end),
        _ => Err(Fault::out_of_range(
            "startIndex",
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        )),
    }
}

/// Position of the first (or last) element in `range` that the predicate accepts.
pub(super) fn find(
    rt: &mut Runtime<'_>,
    items: &[Value],
    range: std::ops::Range<usize>,
    predicate: &Value,
    last: bool,
) -> R<Option<usize>> {
    let mut range = range;
    while let Some(at) = if last {
        range.next_back()
    } else {
        range.next()
    } {
        if let Some(item) = items.get(at)
            && rt.test(predicate, item)?
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// A position, or -1.
pub(super) fn position(found: Option<usize>) -> Value {
    found.map_or(Value::Int32(-1), int)
}

fn find_element(c: &mut Call<'_, '_>, last: bool) -> R<Value> {
    let predicate = c.required(1)?;
    let items = elements(c)?;
    let found = find(c.rt, &items, 0..items.len(), &predicate, last)?;
    Ok(match found.and_then(|at| items.get(at)) {
        Some(item) => item.clone(),
        None => default_of(&c.ty(0)),
    })
}

/// `FindIndex` with start and count, as far as they are given.
fn find_index(c: &mut Call<'_, '_>, last: bool) -> R<Value> {
    let items = elements(c)?;
    // Backwards, the predicate is looked at first.
    if last {
        c.required(c.len() - 1)?;
    }
    let range = match c.len() {
        2 => 0..items.len(),
        3 if last => 0..last_end(c.int(1)?, items.len())?,
        3 => insert_index(c.int(1)?, items.len())?..items.len(),
        _ if last => {
            let count = usize::try_from(c.int(2)?).map_err(|_| count_out_of_range())?;
            let end = last_end(c.int(1)?, items.len())?;
            end.checked_sub(count).ok_or_else(count_out_of_range)?..end
        }
        _ => part_from(c, 1, items.len())?,
    };
    let predicate = c.required(c.len() - 1)?;
    Ok(position(find(c.rt, &items, range, &predicate, last)?))
}

/// `IndexOf(T item, int index, int count)`, as far as they are given.
fn index_from(c: &mut Call<'_, '_>) -> R<Value> {
    let items = elements(c)?;
    let item = c.value(1);
    let range = if c.len() > 3 {
        part_from(c, 2, items.len())?
    } else {
        insert_index(c.int(2)?, items.len())?..items.len()
    };
    let start = range.start;
    let found = items
        .get(range)
        .unwrap_or_default()
        .iter()
        .position(|found| equals(found, &item));
    Ok(position(found.map(|at| at + start)))
}

fn sort_by(c: &mut Call<'_, '_>, ranking: &Ranking) -> R<Value> {
    let items = elements(c)?;
    let sorted = sort::sorted(c.rt, &items, ranking)?;
    this(c)?.replace(sorted);
    Ok(Value::Null)
}

fn insert_all(c: &mut Call<'_, '_>, index: i32, source: &Value) -> R<Value> {
    let list = this(c)?;
    let at = insert_index(index, list.len())?;
    let items = c.rt.collect(source)?;
    c.rt.allocate(items.len().saturating_mul(ELEMENT))?;
    let mut own = list.items.borrow_mut();
    let at = at.min(own.len());
    own.splice(at..at, items);
    drop(own);
    list.touch();
    Ok(Value::Null)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.List<T>");
    t.base("IList<T>").base("IReadOnlyList<T>");
    t.constructor("()", |c| {
        c.rt.allocate(ELEMENT)?;
        Ok(list(c.ty(0), Vec::new()))
    });
    t.constructor("(int capacity)", |c| {
        c.rt.allocate(ELEMENT)?;
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "Non-negative number required.",
            ));
        }
        Ok(list(c.ty(0), Vec::new()))
    });
    t.constructor("(IEnumerable<T> collection)", |c| {
        let source = c.required(0)?;
        let items = c.rt.collect(&source)?;
        Ok(list(c.ty(0), items))
    });
    t.indexer_with_set(
        "T this[int index]",
        |c| {
            let list = this(c)?;
            let items = list.items.borrow();
            let at = super::dispatch::list_index(c.int(1)?, items.len())?;
            Ok(items.get(at).cloned().unwrap_or_default())
        },
        |c| {
            this(c)?.set(c.int(1)?, c.value(2))?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("int Count", |c| Ok(int(this(c)?.len())));
    t.property("int Capacity", |c| {
        let length = this(c)?.len();
        Ok(int(if length == 0 {
            0
        } else {
            length.next_power_of_two().max(4)
        }))
    });
    define_changes(types);
    define_searches(types);
}

fn define_changes(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.List<T>");
    t.method("void Add(T item)", |c| {
        c.rt.allocate(ELEMENT)?;
        this(c)?.push(c.value(1));
        Ok(Value::Null)
    })
    .mutates();
    t.method("void AddRange(IEnumerable<T> collection)", |c| {
        let source = c.required(1)?;
        let end = i32::try_from(this(c)?.len()).unwrap_or(i32::MAX);
        insert_all(c, end, &source)
    })
    .mutates();
    t.method("void Clear()", |c| {
        this(c)?.replace(Vec::new());
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Insert(int index, T item)", |c| {
        c.rt.allocate(ELEMENT)?;
        let list = this(c)?;
        c.rt.spend(1 + list.len() as u64 / 64)?;
        list.insert(c.int(1)?, c.value(2))?;
        Ok(Value::Null)
    })
    .mutates();
    t.method(
        "void InsertRange(int index, IEnumerable<T> collection)",
        |c| {
            let (index, source) = (c.int(1)?, c.required(2)?);
            insert_all(c, index, &source)
        },
    )
    .mutates();
    t.method("bool Remove(T item)", |c| {
        let item = c.value(1);
        let list = this(c)?;
        c.rt.spend(1 + list.len() as u64)?;
        let found = list
            .items
            .borrow()
            .iter()
            .position(|own| equals(own, &item));
        if let Some(at) = found {
            list.remove(at);
        }
        Ok(found.is_some().into())
    })
    .mutates();
    t.method("int RemoveAll(Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        let items = elements(c)?;
        let mut kept = Vec::new();
        for item in &items {
            if !c.rt.test(&predicate, item)? {
                kept.push(item.clone());
            }
        }
        let removed = items.len() - kept.len();
        this(c)?.replace(kept);
        Ok(int(removed))
    })
    .mutates();
    t.method("void RemoveAt(int index)", |c| {
        let list = this(c)?;
        c.rt.spend(1 + list.len() as u64 / 64)?;
        let at = super::dispatch::list_index(c.int(1)?, list.len())?;
        list.remove(at);
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveRange(int index, int count)", |c| {
        let list = this(c)?;
        let range = part(c, 1, list.len())?;
        list.items.borrow_mut().drain(range);
        list.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Reverse()", |c| {
        let list = this(c)?;
        c.rt.spend(1 + list.len() as u64)?;
        list.items.borrow_mut().reverse();
        list.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Reverse(int index, int count)", |c| {
        let list = this(c)?;
        let range = part(c, 1, list.len())?;
        c.rt.spend(1 + range.len() as u64)?;
        if let Some(part) = list.items.borrow_mut().get_mut(range) {
            part.reverse();
        }
        list.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Sort()", |c| sort_by(c, &Ranking::of(&Value::Null)))
        .mutates();
    t.method("void Sort(IComparer<T> comparer)", |c| {
        let ranking = Ranking::of(&c.value(1));
        sort_by(c, &ranking)
    })
    .mutates();
    t.method("void Sort(Comparison<T> comparison)", |c| {
        let ranking = Ranking::of(&c.required(1)?);
        sort_by(c, &ranking)
    })
    .mutates();
    t.method(
        "void Sort(int index, int count, IComparer<T> comparer)",
        |c| {
            let ranking = Ranking::of(&c.value(3));
            let mut items = elements(c)?;
            let range = part(c, 1, items.len())?;
            let sorted =
                sort::sorted(c.rt, items.get(range.clone()).unwrap_or_default(), &ranking)?;
            items.splice(range, sorted);
            this(c)?.replace(items);
            Ok(Value::Null)
        },
    )
    .mutates();
    t.method("void TrimExcess()", |_| Ok(Value::Null));
}

fn define_searches(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.List<T>");
    t.method("ReadOnlyCollection<T> AsReadOnly()", |c| {
        Ok(Value::object(ReadOnlyList(c.value(0))))
    });
    t.method("int BinarySearch(T item)", |c| {
        let item = c.value(1);
        let items = elements(c)?;
        Ok(sort::binary_search(c.rt, &items, &item, &Ranking::of(&Value::Null))?.into())
    });
    t.method("int BinarySearch(T item, IComparer<T> comparer)", |c| {
        let (item, ranking) = (c.value(1), Ranking::of(&c.value(2)));
        let items = elements(c)?;
        Ok(sort::binary_search(c.rt, &items, &item, &ranking)?.into())
    });
    t.method("bool Contains(T item)", interfaces::contains);
    t.method(
        "List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)",
        |c| {
            let converter = c.required(1)?;
            let mut items = elements(c)?;
            for item in &mut items {
                *item = c.rt.invoke(&converter, std::slice::from_ref(item))?;
            }
            Ok(list(c.ty(1), items))
        },
    );
    t.method("void CopyTo(T[] array)", interfaces::copy_to)
        .mutates();
    t.method(
        "void CopyTo(T[] array, int arrayIndex)",
        interfaces::copy_to,
    )
    .mutates();
    t.method("bool Exists(Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        let items = elements(c)?;
        Ok(find(c.rt, &items, 0..items.len(), &predicate, false)?
            .is_some()
            .into())
    });
    t.method("T Find(Predicate<T> match)", |c| find_element(c, false));
    t.method("T FindLast(Predicate<T> match)", |c| find_element(c, true));
    t.method("List<T> FindAll(Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        let mut found = Vec::new();
        for item in elements(c)? {
            if c.rt.test(&predicate, &item)? {
                found.push(item);
            }
        }
        Ok(list(c.ty(0), found))
    });
    t.method("int FindIndex(Predicate<T> match)", |c| {
        find_index(c, false)
    });
    t.method("int FindIndex(int startIndex, Predicate<T> match)", |c| {
        find_index(c, false)
    });
    t.method(
        "int FindIndex(int startIndex, int count, Predicate<T> match)",
        |c| find_index(c, false),
    );
    t.method("int FindLastIndex(Predicate<T> match)", |c| {
        find_index(c, true)
    });
    t.method(
        "int FindLastIndex(int startIndex, Predicate<T> match)",
        |c| find_index(c, true),
    );
    t.method(
        "int FindLastIndex(int startIndex, int count, Predicate<T> match)",
        |c| find_index(c, true),
    );
    t.method("void ForEach(Action<T> action)", |c| {
        let action = c.required(1)?;
        let list = this(c)?;
        let version = list.version.get();
        for item in elements(c)? {
            c.rt.invoke(&action, &[item])?;
            if list.version.get() != version {
                return Err(Fault::collection_changed());
            }
        }
        Ok(Value::Null)
    });
    t.method("IEnumerator<T> GetEnumerator()", enumerator::start);
    t.method("List<T> GetRange(int index, int count)", |c| {
        let items = elements(c)?;
        let range = part(c, 1, items.len())?;
        Ok(list(c.ty(0), items.get(range).unwrap_or_default().to_vec()))
    });
    t.method("int IndexOf(T item)", interfaces::index_of);
    t.method("int IndexOf(T item, int index)", index_from);
    t.method("int IndexOf(T item, int index, int count)", index_from);
    t.method(
        "int BinarySearch(int index, int count, T item, IComparer<T> comparer)",
        |c| {
            let (item, ranking) = (c.value(3), Ranking::of(&c.value(4)));
            let items = elements(c)?;
            let range = super::array_members::part(c.int(1)?, c.int(2)?, items.len())?;
            let start = i32::try_from(range.start).unwrap_or(i32::MAX);
            let part = items.get(range).unwrap_or_default();
            let found = sort::binary_search(c.rt, part, &item, &ranking)?;
            // Not found: the complement of where it would stand.
            Ok(if found >= 0 {
                found + start
            } else {
                found - start
            }
            .into())
        },
    );
    t.method(
        "void CopyTo(int index, T[] array, int arrayIndex, int count)",
        |c| {
            let items = elements(c)?;
            let count = c.int(4)?;
            let rest = i32::try_from(items.len()).unwrap_or(i32::MAX);
            if rest.saturating_sub(c.int(1)?) < count {
                return Err(Fault::argument(
                    "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
                    "",
                ));
            }
            let (array, to) = (c.object::<super::Array>(2)?, c.int(3)?);
            let from = super::array_members::part(c.int(1)?, count, items.len())?;
            let start = super::array_members::part(to, count, array.len())?.start;
            for (at, item) in items.get(from).unwrap_or_default().iter().enumerate() {
                array.store(i32::try_from(start + at).unwrap_or(i32::MAX), item.clone())?;
            }
            Ok(Value::Null)
        },
    )
    .mutates();
    for signature in [
        "int LastIndexOf(T item, int index)",
        "int LastIndexOf(T item, int index, int count)",
    ] {
        t.method(signature, |c| {
            let (item, last) = (c.value(1), c.int(2)?);
            let items = elements(c)?;
            if items.is_empty() {
                // With a count, an empty list is not looked at.
                return match c.len() > 3 || last < 0 {
                    true => Ok((-1).into()),
                    false => Err(Fault::list_index()),
                };
            }
            if last < 0 {
                return Err(Fault::list_index());
            }
            let count = if c.len() > 3 {
                c.int(3)?
            } else {
                last.saturating_add(1)
            };
            let first = i32::try_from(i64::from(last) + 1 - i64::from(count));
            let range = first
                .ok()
                .and_then(|first| super::array_members::part(first, count, items.len()).ok())
                .ok_or_else(Fault::list_index)?;
            let first = range.start;
            let part = items.get(range).unwrap_or_default();
            let found = part.iter().rposition(|found| equals(found, &item));
            Ok(position(found.map(|at| at + first)))
        });
    }
    t.method("int LastIndexOf(T item)", |c| {
        let item = c.value(1);
        let items = elements(c)?;
        Ok(position(
            items.iter().rposition(|found| equals(found, &item)),
        ))
    });
    t.method("T[] ToArray()", |c| {
        let items = elements(c)?;
        Ok(array(c.ty(0), items))
    });
    t.method("bool TrueForAll(Predicate<T> match)", |c| {
        let predicate = c.required(1)?;
        for item in elements(c)? {
            if !c.rt.test(&predicate, &item)? {
                return Ok(false.into());
            }
        }
        Ok(true.into())
    });
}
