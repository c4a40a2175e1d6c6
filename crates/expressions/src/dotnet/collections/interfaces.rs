//! The collection interfaces. A member called through one asks the object itself, whatever it is: see [`dispatch`].

use super::{dispatch, enumerator};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::Value;

/// `Count`
pub(super) fn count(c: &mut Call<'_, '_>) -> R<Value> {
    let collection = c.value(0);
    Ok(dispatch::int(dispatch::count(c.rt, &collection)?))
}

/// `CopyTo(T[] array, int arrayIndex)`; without index from the start.
pub(super) fn copy_to(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.value(0);
    let target = c.object::<super::Array>(1)?;
    let start = if c.len() > 2 { c.int(2)? } else { 0 };
    let items = c.rt.collect(&source)?;
    let Ok(start) = usize::try_from(start) else {
        return Err(Fault::out_of_range(
            "arrayIndex",
            "Non-negative number required.",
        ));
    };
    // Queues, stacks and the views of a dictionary look at the index by itself first.
    let by_itself = source.type_of().def().is_some_and(|def| {
        matches!(
            &*def.name,
            "Queue" | "Stack" | "KeyCollection" | "ValueCollection"
        )
    });
    if by_itself && start > target.len() {
        return Err(Fault::out_of_range(
            "arrayIndex",
            "Index was out of range. Must be non-negative and less than or equal to the size of the collection.",
        ));
    }
    if start.saturating_add(items.len()) > target.len() {
        return Err(Fault::argument(
            "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.",
            "destinationArray",
        ));
    }
    for (at, item) in items.into_iter().enumerate() {
        target.set(start + at, item);
    }
    Ok(Value::Null)
}

/// `Contains(T item)`
pub(super) fn contains(c: &mut Call<'_, '_>) -> R<Value> {
    let (collection, item) = (c.value(0), c.value(1));
    Ok(dispatch::contains(c.rt, &collection, &item)?.into())
}

/// `IndexOf(T item)`
pub(super) fn index_of(c: &mut Call<'_, '_>) -> R<Value> {
    let (list, item) = (c.value(0), c.value(1));
    Ok(match dispatch::index_of(c.rt, &list, &item)? {
        Some(at) => dispatch::int(at),
        None => Value::Int32(-1),
    })
}

/// `this[int index]`
pub(super) fn item(c: &mut Call<'_, '_>) -> R<Value> {
    let (list, index) = (c.value(0), c.int(1)?);
    dispatch::item(c.rt, &list, index)
}

/// `this[TKey key]`
pub(super) fn item_of_key(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, key) = (c.value(0), c.value(1));
    dispatch::item_of_key(c.rt, &map, &key)
}

/// `ContainsKey(TKey key)`
pub(super) fn contains_key(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, key) = (c.value(0), c.value(1));
    Ok(dispatch::get(c.rt, &map, &key)?.is_some().into())
}

/// `TryGetValue(TKey key, out TValue value)`
pub(super) fn try_get_value(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, key, ty) = (c.value(0), c.value(1), c.ty(1));
    let found = dispatch::get(c.rt, &map, &key)?;
    let success = found.is_some();
    c.set(2, found.unwrap_or_else(|| default_of(&ty)));
    Ok(success.into())
}

/// `Keys`
pub(super) fn keys(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, ty) = (c.value(0), c.ty(0));
    dispatch::view(c.rt, &map, true, ty)
}

/// `Values`
pub(super) fn values(c: &mut Call<'_, '_>) -> R<Value> {
    let (map, ty) = (c.value(0), c.ty(1));
    dispatch::view(c.rt, &map, false, ty)
}

fn add(c: &mut Call<'_, '_>) -> R<Value> {
    let (collection, item) = (c.value(0), c.value(1));
    dispatch::add(c.rt, &collection, item)?;
    Ok(Value::Null)
}

fn define_sequences(types: &mut Types) {
    types.interface("System.Collections.IEnumerable");
    let mut t = types.interface("System.Collections.Generic.IEnumerable<out T>");
    t.base("System.Collections.IEnumerable");
    t.method("IEnumerator<T> GetEnumerator()", enumerator::start);

    let mut t = types.interface("System.Collections.Generic.ICollection<T>");
    t.base("IEnumerable<T>");
    t.property("int Count", count);
    t.property("bool IsReadOnly", |c| {
        Ok(dispatch::is_read_only(&c.value(0)).into())
    });
    t.method("void Add(T item)", add).mutates();
    t.method("void Clear()", |c| {
        dispatch::clear(&c.value(0))?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool Contains(T item)", contains);
    t.method("void CopyTo(T[] array, int arrayIndex)", copy_to)
        .mutates();
    t.method("bool Remove(T item)", |c| {
        let (collection, item) = (c.value(0), c.value(1));
        Ok(dispatch::remove(c.rt, &collection, &item)?.into())
    })
    .mutates();

    let mut t = types.interface("System.Collections.Generic.IList<T>");
    t.base("ICollection<T>");
    t.indexer_with_set("T this[int index]", item, |c| {
        let (list, index, value) = (c.value(0), c.int(1)?, c.value(2));
        dispatch::set_item(c.rt, &list, index, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("int IndexOf(T item)", index_of);
    t.method("void Insert(int index, T item)", |c| {
        let (list, index, item) = (c.value(0), c.int(1)?, c.value(2));
        dispatch::insert(c.rt, &list, index, item)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAt(int index)", |c| {
        dispatch::remove_at(&c.value(0), c.int(1)?)?;
        Ok(Value::Null)
    })
    .mutates();

    let mut t = types.interface("System.Collections.Generic.IReadOnlyCollection<out T>");
    t.base("IEnumerable<T>");
    t.property("int Count", count);

    let mut t = types.interface("System.Collections.Generic.IReadOnlyList<out T>");
    t.base("IReadOnlyCollection<T>");
    t.indexer("T this[int index]", item);

    let mut t = types.interface("System.Collections.Generic.ISet<T>");
    t.base("ICollection<T>");
    t.method("bool Add(T item)", |c| {
        let (set, item) = (c.value(0), c.value(1));
        Ok(dispatch::add(c.rt, &set, item)?.into())
    })
    .mutates();
}

fn define_dictionaries(types: &mut Types) {
    let mut t = types.interface("System.Collections.Generic.IDictionary<TKey, TValue>");
    t.base("ICollection<KeyValuePair<TKey, TValue>>");
    t.indexer_with_set("TValue this[TKey key]", item_of_key, |c| {
        let (map, key, value) = (c.value(0), c.value(1), c.value(2));
        dispatch::set_item_of_key(c.rt, &map, key, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.property("ICollection<TKey> Keys", keys);
    t.property("ICollection<TValue> Values", values);
    t.method("void Add(TKey key, TValue value)", |c| {
        let (map, key, value) = (c.value(0), c.value(1), c.value(2));
        dispatch::add_key(c.rt, &map, key, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool ContainsKey(TKey key)", contains_key);
    t.method("bool Remove(TKey key)", |c| {
        Ok(dispatch::remove_key(&c.value(0), &c.value(1))?.into())
    })
    .mutates();
    t.method(
        "bool TryGetValue(TKey key, out TValue value)",
        try_get_value,
    );

    let mut t = types.interface("System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>");
    t.base("IReadOnlyCollection<KeyValuePair<TKey, TValue>>");
    t.indexer("TValue this[TKey key]", item_of_key);
    t.property("IEnumerable<TKey> Keys", keys);
    t.property("IEnumerable<TValue> Values", values);
    t.method("bool ContainsKey(TKey key)", contains_key);
    t.method(
        "bool TryGetValue(TKey key, out TValue value)",
        try_get_value,
    );
}

pub(super) fn define(types: &mut Types) {
    define_sequences(types);
    define_dictionaries(types);
}
