//! Arrays, lists, dictionaries and their interfaces.

mod array;
pub(crate) mod comparer;
mod dictionary;
mod interfaces;
mod list;

use crate::types::{Type, Types};
use crate::value::Value;

pub(crate) use array::Array;
pub(crate) use comparer::{Comparer, KeyComparer};
pub(crate) use dictionary::Dictionary;
pub(crate) use list::List;

pub(super) fn define(types: &mut Types) {
    interfaces::define(types);
    array::define(types);
    list::define(types);
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
