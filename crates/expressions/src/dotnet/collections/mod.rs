//! Arrays, lists, dictionaries and their interfaces.

mod array;
mod array_copy;
mod array_members;
mod array_ranges;
pub(crate) mod comparer;
mod dictionary;
pub(crate) mod dispatch;
pub(crate) mod enumerator;
mod hash_set;
mod interfaces;
mod key_value_pair;
mod list;
mod list_members;
mod queue;
mod read_only;
pub(crate) mod sort;
mod stack;
mod views;

use crate::types::{Type, Types};
use crate::value::Value;

pub(crate) use array::Array;
pub(crate) use comparer::{Comparer, KeyComparer, Ranking, hash_of_key, keys_equal, no_order};
pub(crate) use dictionary::Dictionary;
pub(crate) use hash_set::{HashSet, of_sequence};
pub(crate) use list::List;
pub(crate) use queue::Queue;
pub(crate) use stack::Stack;

pub(super) fn define(types: &mut Types) {
    comparer::define(types);
    interfaces::define(types);
    enumerator::define(types);
    array_members::define(types);
    array_ranges::define(types);
    list_members::define(types);
    dictionary::define(types);
    views::define(types);
    hash_set::define(types);
    queue::define(types);
    stack::define(types);
    key_value_pair::define(types);
    read_only::define(types);
}

/// A new array of that element type.
pub(crate) fn array(element: Type, items: Vec<Value>) -> Value {
    Value::object(Array::new(element, items))
}

/// A new `byte[]`.
pub(crate) fn byte_array(bytes: Vec<u8>) -> Value {
    Value::object(Array::of_bytes(bytes))
}

/// A new `List<element>`.
pub(crate) fn list(element: Type, items: Vec<Value>) -> Value {
    Value::object(List::new(element, items))
}

/// A new empty `Dictionary<key, value>`.
pub(crate) fn dictionary(key: Type, value: Type) -> Value {
    Value::object(Dictionary::new(key, value, KeyComparer::Default))
}

/// The bytes of a `byte[]`.
pub(crate) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    value.as_object::<Array>()?.bytes()
}

/// The elements of an array or list, without running expression code; `None` for other sequences.
pub(crate) fn elements_of(value: &Value) -> Option<Vec<Value>> {
    if let Some(array) = value.as_object::<Array>() {
        return Some(array.to_vec());
    }
    value
        .as_object::<List>()
        .map(|list| list.items.borrow().clone())
}
