//! Collections, tuples and XML taken apart into their parts and put together again, for those who keep values longer
//! than an evaluation lives or hand them to another thread.
//!
//! One level at a time: an object gives its type's name and the values in it; the caller goes on with those. What has no
//! parts to show (delegates, lazy sequences, parts of `context`) gives nothing.

use crate::dotnet::collections::{Array, Dictionary, HashSet, KeyComparer, List, Queue, Stack};
use crate::types::{Type, known};
use crate::value::{Record, Value};
use crate::xml::{self, NodeKind, XNode};

/// What an object is made of.
#[derive(Debug)]
pub enum Parts {
    /// A `byte[]`.
    Bytes(Vec<u8>),
    /// Elements or fields in order.
    Items(Vec<Value>),
    /// Keys and values in order.
    Pairs(Vec<(Value, Value)>),
    /// The text of an XML element or document.
    Text(String),
}

/// Separates a type's name from what else distinguishes the object: a comparer, the number of columns.
const EXTRA: char = '#';

fn with_comparer(ty: &Type, comparer: KeyComparer) -> String {
    let mut name = ty.full_name();
    let known = KeyComparer::ALL
        .into_iter()
        .find(|(known, _)| *known == comparer);
    if let Some((_, extra)) = known.filter(|(_, extra)| !extra.is_empty()) {
        name.push(EXTRA);
        name.push_str(extra);
    }
    name
}

/// The name of an object's type and its parts; `None` for objects that cannot be put together again.
#[must_use]
pub fn take_apart(value: &Value) -> Option<(String, Parts)> {
    let ty = value.type_of();
    if let Some(array) = value.as_object::<Array>() {
        let mut name = ty.full_name();
        if let Some(columns) = array.columns {
            name.push_str(&format!("{EXTRA}{columns}"));
        }
        let parts = match array.bytes() {
            Some(bytes) if array.columns.is_none() => Parts::Bytes(bytes),
            _ => Parts::Items(array.to_vec()),
        };
        return Some((name, parts));
    }
    if let Some(dictionary) = value.as_object::<Dictionary>() {
        let name = with_comparer(&ty, dictionary.comparer);
        return Some((name, Parts::Pairs(dictionary.pairs())));
    }
    if let Some(set) = value.as_object::<HashSet>() {
        let items = set.map.pairs().into_iter().map(|(item, _)| item);
        let name = with_comparer(&ty, set.map.comparer);
        return Some((name, Parts::Items(items.collect())));
    }
    if let Some(node) = value.as_object::<XNode>() {
        let text = match node.kind() {
            NodeKind::Element => node.to_xml(true),
            NodeKind::Document => {
                let declaration = node.declaration().map(|d| d.to_text());
                declaration.unwrap_or_default() + &node.to_xml(true)
            }
            _ => return None,
        };
        return Some((ty.full_name(), Parts::Text(text)));
    }
    let items = if let Some(list) = value.as_object::<List>() {
        list.items.borrow().clone()
    } else if let Some(queue) = value.as_object::<Queue>() {
        queue.items.borrow().iter().cloned().collect()
    } else if let Some(stack) = value.as_object::<Stack>() {
        stack.items.borrow().clone()
    } else if let Some(record) = value.as_object::<Record>()
        && !matches!(ty, Type::Anonymous(_))
    {
        record.fields.borrow().clone()
    } else {
        return None;
    };
    Some((ty.full_name(), Parts::Items(items)))
}

/// The object that [`take_apart`] gave these parts of; `None` where they do not belong together.
#[must_use]
pub fn put_together(name: &str, parts: Parts) -> Option<Value> {
    let (name, extra) = name.split_once(EXTRA).unwrap_or((name, ""));
    let ty = Type::by_full_name(name)?;
    let comparer = || {
        let known = KeyComparer::ALL.into_iter();
        known
            .into_iter()
            .find(|(_, known)| *known == extra)
            .map(|(comparer, _)| comparer)
    };
    match (&ty, parts) {
        (Type::Array(element, 1), Parts::Bytes(bytes)) if **element == Type::BYTE => {
            Some(Value::object(Array::of_bytes(bytes)))
        }
        (Type::Array(element, 1), Parts::Items(items)) => {
            Some(Value::object(Array::new((**element).clone(), items)))
        }
        (Type::Array(element, 2), Parts::Items(items)) => {
            let columns = extra.parse().ok()?;
            let array = Array::new((**element).clone(), items);
            Some(Value::object(array.with_columns(columns)))
        }
        (Type::Tuple(tuple), Parts::Items(items)) if tuple.elements.len() == items.len() => {
            Some(Record::value(ty.clone(), items))
        }
        (Type::Named(_, _), Parts::Text(text)) => {
            let node = match name {
                "System.Xml.Linq.XElement" => xml::parse_element(&text, true),
                "System.Xml.Linq.XDocument" if text.is_empty() => Ok(XNode::document()),
                "System.Xml.Linq.XDocument" => xml::parse_document(&text, true),
                _ => return None,
            };
            node.ok().map(Value::object)
        }
        (Type::Named(known::DICTIONARY, Some(args)), Parts::Pairs(pairs)) => {
            let [key, value] = &**args else { return None };
            let dictionary = Dictionary::new(key.clone(), value.clone(), comparer()?);
            for (key, value) in pairs {
                dictionary.set(key, value);
            }
            Some(Value::object(dictionary))
        }
        (Type::Named(def, Some(args)), Parts::Items(items)) => {
            let first = args.first()?.clone();
            Some(match *def {
                known::LIST => Value::object(List::new(first, items)),
                known::QUEUE => Value::object(Queue::new(first, items)),
                known::STACK => Value::object(Stack::new(first, items)),
                known::HASH_SET => {
                    let set = HashSet::new(first, comparer()?);
                    for item in items {
                        set.map.try_add(item, Value::Null);
                    }
                    Value::object(set)
                }
                known::KEY_VALUE_PAIR => Record::value(ty.clone(), items),
                _ if name.starts_with("System.Tuple`") && args.len() == items.len() => {
                    Record::value(ty.clone(), items)
                }
                _ => return None,
            })
        }
        _ => None,
    }
}
