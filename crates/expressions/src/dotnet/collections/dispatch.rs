//! What a collection is asked for through an interface, whatever its own type: the collections of this folder, the
//! dictionaries of `context`, JSON containers.

use super::array::Array;
use super::dictionary::Dictionary;
use super::hash_set::HashSet;
use super::list::List;
use super::queue::Queue;
use super::read_only::ReadOnlyList;
use super::stack::Stack;
use super::views::View;
use crate::dotnet::context::{self, ReadOnlyMap};
use crate::json::TokenType;
use crate::runtime::{Fault, R, Runtime, equals};
use crate::types::{Type, known};
use crate::value::{HostObject, Record, Value};

/// Bytes accounted for one more element of a collection.
pub(crate) const ELEMENT: usize = 48;

fn fixed_size() -> Fault {
    Fault::new(
        "System.NotSupportedException",
        "Collection was of a fixed size.",
    )
}

fn read_only() -> Fault {
    Fault::new("System.NotSupportedException", "Collection is read-only.")
}

/// An index or count as .NET's `int`.
pub(crate) fn int(number: usize) -> Value {
    Value::Int32(i32::try_from(number).unwrap_or(i32::MAX))
}

/// An index that must lie in a list of `length` elements.
pub(crate) fn list_index(index: i32, length: usize) -> R<usize> {
    usize::try_from(index)
        .ok()
        .filter(|index| *index < length)
        .ok_or_else(Fault::list_index)
}

/// The value of a key in any dictionary; `None` when it is missing.
pub(crate) fn get(rt: &mut Runtime<'_>, map: &Value, key: &Value) -> R<Option<Value>> {
    if key.is_null() {
        return Err(Fault::argument_null("key"));
    }
    match (map, key) {
        (Value::Null, _) => Err(Fault::null_reference()),
        (Value::Host(host), Value::Str(name)) => context::get(*host, rt, name),
        (Value::Json(token), Value::Str(name)) => Ok(token.get(name).map(Value::Json)),
        _ => {
            if let Some(dictionary) = map.as_object::<Dictionary>() {
                return Ok(dictionary.get(key));
            }
            match (map.as_object::<ReadOnlyMap>(), key) {
                (Some(map), Value::Str(name)) => Ok(map.get(name)),
                _ => Ok(None),
            }
        }
    }
}

/// The indexer of any dictionary: `KeyNotFoundException` for a missing key, but null from `context.Variables` and JSON
/// objects.
pub(crate) fn item_of_key(rt: &mut Runtime<'_>, map: &Value, key: &Value) -> R<Value> {
    if let Some(value) = get(rt, map, key)? {
        return Ok(value);
    }
    if matches!(map, Value::Host(HostObject::Variables) | Value::Json(_)) {
        return Ok(Value::Null);
    }
    let key = rt.to_text(key)?;
    Err(Fault::key_not_found(&key.to_utf8()))
}

/// All entries of any dictionary.
pub(crate) fn pairs(rt: &mut Runtime<'_>, map: &Value) -> R<Vec<(Value, Value)>> {
    let named = match map {
        Value::Null => return Err(Fault::null_reference()),
        Value::Host(host) => context::pairs(*host, rt)?.unwrap_or_default(),
        Value::Json(token) => token
            .children()
            .iter()
            .filter_map(|child| Some((child.name()?, child.property_value().into())))
            .collect(),
        other => {
            if let Some(dictionary) = other.as_object::<Dictionary>() {
                rt.spend(dictionary.len() as u64)?;
                return Ok(dictionary.pairs());
            }
            match other.as_object::<ReadOnlyMap>() {
                Some(map) => map.pairs(),
                None => Vec::new(),
            }
        }
    };
    rt.spend(named.len() as u64)?;
    Ok(named
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect())
}

/// `Count` of any collection.
pub(crate) fn count(rt: &mut Runtime<'_>, collection: &Value) -> R<usize> {
    match known_count(rt, collection)? {
        Some(count) => Ok(count),
        None => Ok(rt.collect(collection)?.len()),
    }
}

/// `Count` where it is known without an enumeration.
pub(crate) fn known_count(rt: &mut Runtime<'_>, collection: &Value) -> R<Option<usize>> {
    Ok(match collection {
        Value::Host(host) => context::len(*host, rt)?,
        Value::Json(token) => Some(token.count()),
        other => {
            if let Some(list) = other.as_object::<List>() {
                Some(list.items.borrow().len())
            } else if let Some(array) = other.as_object::<Array>() {
                Some(array.len())
            } else if let Some(dictionary) = other.as_object::<Dictionary>() {
                Some(dictionary.len())
            } else if let Some(set) = other.as_object::<HashSet>() {
                Some(set.map.len())
            } else if let Some(queue) = other.as_object::<Queue>() {
                Some(queue.items.borrow().len())
            } else if let Some(stack) = other.as_object::<Stack>() {
                Some(stack.items.borrow().len())
            } else if let Some(view) = other.as_object::<View>() {
                Some(view.dictionary.len())
            } else if let Some(list) = other.as_object::<ReadOnlyList>() {
                let inner = list.0.clone();
                return known_count(rt, &inner);
            } else {
                other.as_object::<ReadOnlyMap>().map(ReadOnlyMap::len)
            }
        }
    })
}

/// `ICollection<T>.Contains`
pub(crate) fn contains(rt: &mut Runtime<'_>, collection: &Value, item: &Value) -> R<bool> {
    if let Some(set) = collection.as_object::<HashSet>() {
        return Ok(set.map.contains(item));
    }
    if let Some(dictionary) = collection.as_object::<Dictionary>() {
        let Some(pair) = item.as_object::<Record>() else {
            return Ok(false);
        };
        return Ok(dictionary
            .get(&pair.get(0))
            .is_some_and(|value| equals(&value, &pair.get(1))));
    }
    if let Some(view) = collection.as_object::<View>().filter(|view| view.keys) {
        return Ok(view.dictionary.contains(item));
    }
    if let (Value::Json(parent), Value::Json(child)) = (collection, item) {
        return Ok(parent.index_of(child).is_some());
    }
    Ok(index_of(rt, collection, item)?.is_some())
}

/// Position of the first element equal to `item`.
pub(crate) fn index_of(rt: &mut Runtime<'_>, list: &Value, item: &Value) -> R<Option<usize>> {
    if let (Value::Json(parent), Value::Json(child)) = (list, item) {
        return Ok(parent.index_of(child));
    }
    let mut elements = rt.iterate(list)?;
    let mut at = 0;
    while let Some(element) = elements.next(rt)? {
        if equals(&element, item) {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}

/// `IList<T>` and `IReadOnlyList<T>`: the element at `index`.
pub(crate) fn item(rt: &mut Runtime<'_>, list: &Value, index: i32) -> R<Value> {
    match list {
        Value::Json(token) => return Ok(token.item(index)?.into()),
        other => {
            if let Some(list) = other.as_object::<List>() {
                let items = list.items.borrow();
                let at = list_index(index, items.len())?;
                return Ok(items.get(at).cloned().unwrap_or_default());
            }
            if let Some(array) = other.as_object::<Array>() {
                // Through an interface an array speaks of its index as a list does.
                let at = list_index(index, array.len())?;
                return Ok(array.get(at).unwrap_or_default());
            }
            if let Some(list) = other.as_object::<ReadOnlyList>() {
                let inner = list.0.clone();
                return item(rt, &inner, index);
            }
        }
    }
    let items = rt.collect(list)?;
    let at = list_index(index, items.len())?;
    Ok(items.get(at).cloned().unwrap_or_default())
}

/// `IList<T>[index] = value`
pub(crate) fn set_item(rt: &mut Runtime<'_>, list: &Value, index: i32, value: Value) -> R<()> {
    if let Some(found) = list.as_object::<List>() {
        return found.set(index, value);
    }
    if let Some(array) = list.as_object::<Array>() {
        list_index(index, array.len())?;
        return array.store(index, value);
    }
    if let (Value::Json(token), Value::Json(_) | Value::Null) = (list, &value) {
        rt.allocate(ELEMENT)?;
        let item = match &value {
            Value::Json(item) => Some(item),
            _ => None,
        };
        return Ok(token.set_item(index, item)?);
    }
    Err(read_only())
}

/// `ICollection<T>.Add`; `false` when a set had the element already.
pub(crate) fn add(rt: &mut Runtime<'_>, collection: &Value, item: Value) -> R<bool> {
    rt.allocate(ELEMENT)?;
    if let Some(list) = collection.as_object::<List>() {
        list.push(item);
        return Ok(true);
    }
    if let Some(set) = collection.as_object::<HashSet>() {
        return Ok(set.map.try_add(item, Value::Null));
    }
    if let Some(dictionary) = collection.as_object::<Dictionary>() {
        let Some(pair) = item.as_object::<Record>() else {
            return Err(Fault::null_reference());
        };
        super::dictionary::add(rt, dictionary, pair.get(0), pair.get(1))?;
        return Ok(true);
    }
    match (collection, &item) {
        (Value::Json(token), Value::Json(item)) => token.add(Some(item))?,
        (Value::Json(token), _) => token.add(None)?,
        (other, _) if other.as_object::<Array>().is_some() => return Err(fixed_size()),
        _ => return Err(read_only()),
    }
    Ok(true)
}

/// `ICollection<T>.Remove`
pub(crate) fn remove(rt: &mut Runtime<'_>, collection: &Value, item: &Value) -> R<bool> {
    if let Some(set) = collection.as_object::<HashSet>() {
        return Ok(set.map.remove(item).is_some());
    }
    if let Some(dictionary) = collection.as_object::<Dictionary>() {
        let holds = contains(rt, collection, item)?;
        if holds && let Some(pair) = item.as_object::<Record>() {
            dictionary.remove(&pair.get(0));
        }
        return Ok(holds);
    }
    if let Some(list) = collection.as_object::<List>() {
        let found = index_of(rt, collection, item)?;
        if let Some(at) = found {
            list.remove(at);
        }
        return Ok(found.is_some());
    }
    match (collection, item) {
        (Value::Json(parent), Value::Json(child)) => match parent.index_of(child) {
            Some(at) => {
                parent.remove_at(i32::try_from(at).unwrap_or(i32::MAX))?;
                Ok(true)
            }
            None => Ok(false),
        },
        (Value::Json(_), _) => Ok(false),
        (other, _) if other.as_object::<Array>().is_some() => Err(fixed_size()),
        _ => Err(read_only()),
    }
}

/// `ICollection<T>.Clear`
pub(crate) fn clear(collection: &Value) -> R<()> {
    if let Some(list) = collection.as_object::<List>() {
        list.replace(Vec::new());
    } else if let Some(set) = collection.as_object::<HashSet>() {
        set.map.clear();
    } else if let Some(dictionary) = collection.as_object::<Dictionary>() {
        dictionary.clear();
    } else if let Value::Json(token) = collection {
        token.clear()?;
    } else {
        return Err(read_only());
    }
    Ok(())
}

/// `IList<T>.Insert`
pub(crate) fn insert(rt: &mut Runtime<'_>, list: &Value, index: i32, item: Value) -> R<()> {
    rt.allocate(ELEMENT)?;
    if let Some(list) = list.as_object::<List>() {
        return list.insert(index, item);
    }
    match (list, &item) {
        (Value::Json(token), Value::Json(item)) => Ok(token.insert(index, Some(item))?),
        (Value::Json(token), _) => Ok(token.insert(index, None)?),
        _ => Err(fixed_size()),
    }
}

/// `IList<T>.RemoveAt`
pub(crate) fn remove_at(list: &Value, index: i32) -> R<()> {
    if let Some(list) = list.as_object::<List>() {
        let length = list.items.borrow().len();
        let at = list_index(index, length)?;
        list.remove(at);
        return Ok(());
    }
    match list {
        Value::Json(token) => Ok(token.remove_at(index)?),
        _ => Err(fixed_size()),
    }
}

/// `IDictionary<TKey, TValue>[key] = value`
pub(crate) fn set_item_of_key(
    rt: &mut Runtime<'_>,
    map: &Value,
    key: Value,
    value: Value,
) -> R<()> {
    if key.is_null() {
        return Err(Fault::argument_null("key"));
    }
    rt.allocate(2 * ELEMENT)?;
    if let Some(dictionary) = map.as_object::<Dictionary>() {
        dictionary.set(key, value);
        return Ok(());
    }
    match (map, &key, &value) {
        (Value::Json(token), Value::Str(name), Value::Json(value)) => {
            Ok(token.set(name, Some(value))?)
        }
        (Value::Json(token), Value::Str(name), _) => Ok(token.set(name, None)?),
        _ => Err(read_only()),
    }
}

/// `IDictionary<TKey, TValue>.Add`
pub(crate) fn add_key(rt: &mut Runtime<'_>, map: &Value, key: Value, value: Value) -> R<()> {
    if key.is_null() {
        return Err(Fault::argument_null("key"));
    }
    rt.allocate(2 * ELEMENT)?;
    if let Some(dictionary) = map.as_object::<Dictionary>() {
        return super::dictionary::add(rt, dictionary, key, value);
    }
    match (map, &key, &value) {
        (Value::Json(token), Value::Str(name), Value::Json(value)) => {
            Ok(token.add_property(name.clone(), Some(value))?)
        }
        (Value::Json(token), Value::Str(name), _) => Ok(token.add_property(name.clone(), None)?),
        _ => Err(read_only()),
    }
}

/// `IDictionary<TKey, TValue>.Remove`
pub(crate) fn remove_key(map: &Value, key: &Value) -> R<bool> {
    if key.is_null() {
        return Err(Fault::argument_null("key"));
    }
    if let Some(dictionary) = map.as_object::<Dictionary>() {
        return Ok(dictionary.remove(key).is_some());
    }
    match (map, key) {
        (Value::Json(token), Value::Str(name)) => Ok(token.remove_property(name)?),
        _ => Err(read_only()),
    }
}

/// `Keys` (true) or `Values` (false) of any dictionary.
pub(crate) fn view(rt: &mut Runtime<'_>, map: &Value, keys: bool, element: Type) -> R<Value> {
    if let Some(dictionary) = map.to_object::<Dictionary>() {
        return Ok(Value::object(View { dictionary, keys }));
    }
    let items: Vec<Value> = pairs(rt, map)?
        .into_iter()
        .map(|(key, value)| if keys { key } else { value })
        .collect();
    rt.allocate(items.len().saturating_mul(ELEMENT))?;
    Ok(super::array(element, items))
}

/// `IsReadOnly`
pub(crate) fn is_read_only(collection: &Value) -> bool {
    match collection {
        Value::Host(_) => true,
        Value::Json(token) => !matches!(token.token_type(), TokenType::Object | TokenType::Array),
        other => {
            !(other.type_of().is(known::LIST)
                || other.type_of().is(known::DICTIONARY)
                || other.type_of().is(known::HASH_SET))
        }
    }
}
