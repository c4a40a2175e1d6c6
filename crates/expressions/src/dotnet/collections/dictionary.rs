//! `System.Collections.Generic.Dictionary<TKey, TValue>`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::comparer::KeyComparer;
use crate::runtime::{Fault, Key, R, Runtime};
use crate::types::{Type, known};
use crate::value::{Iter, Object, Record, Value};

/// A dictionary. Entries keep their place as .NET's do: in order of insertion, and after removals a new entry takes
/// the place freed last.
pub(crate) struct Dictionary {
    pub key: Type,
    pub value: Type,
    pub comparer: KeyComparer,
    pub entries: RefCell<Entries>,
}

/// The entries of a [`Dictionary`].
#[derive(Default)]
pub(crate) struct Entries {
    slots: Vec<Option<(Value, Value)>>,
    index: HashMap<Key, usize>,
    free: Vec<usize>,
    /// Counts changes, so that an enumeration notices them.
    pub version: u32,
}

impl Dictionary {
    pub(crate) fn new(key: Type, value: Type, comparer: KeyComparer) -> Self {
        Self {
            key,
            value,
            comparer,
            entries: RefCell::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.borrow().index.len()
    }

    fn locate(&self, key: &Value) -> Option<usize> {
        let key = self.comparer.key(key);
        self.entries.borrow().index.get(&key).copied()
    }

    pub(crate) fn contains(&self, key: &Value) -> bool {
        self.locate(key).is_some()
    }

    pub(crate) fn get(&self, key: &Value) -> Option<Value> {
        let at = self.locate(key)?;
        let entries = self.entries.borrow();
        let (_, value) = entries.slots.get(at)?.as_ref()?;
        Some(value.clone())
    }

    /// Adds an entry or replaces its value.
    pub(crate) fn set(&self, key: Value, value: Value) {
        match self.locate(&key) {
            Some(at) => {
                let mut entries = self.entries.borrow_mut();
                entries.version = entries.version.wrapping_add(1);
                if let Some(Some((_, old))) = entries.slots.get_mut(at) {
                    *old = value;
                }
            }
            None => self.insert(key, value),
        }
    }

    /// Adds an entry whose key is not present.
    fn insert(&self, key: Value, value: Value) {
        let hashed = self.comparer.key(&key);
        let mut entries = self.entries.borrow_mut();
        entries.version = entries.version.wrapping_add(1);
        let at = match entries.free.pop() {
            Some(at) => at,
            None => {
                entries.slots.push(None);
                entries.slots.len() - 1
            }
        };
        if let Some(slot) = entries.slots.get_mut(at) {
            *slot = Some((key, value));
        }
        entries.index.insert(hashed, at);
    }

    /// Adds an entry; `false` when the key is present.
    pub(crate) fn try_add(&self, key: Value, value: Value) -> bool {
        if self.contains(&key) {
            return false;
        }
        self.insert(key, value);
        true
    }

    pub(crate) fn remove(&self, key: &Value) -> Option<Value> {
        let hashed = self.comparer.key(key);
        let mut entries = self.entries.borrow_mut();
        let at = entries.index.remove(&hashed)?;
        entries.version = entries.version.wrapping_add(1);
        entries.free.push(at);
        entries.slots.get_mut(at)?.take().map(|(_, value)| value)
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries.borrow_mut();
        let version = entries.version.wrapping_add(1);
        *entries = Entries {
            version,
            ..Entries::default()
        };
    }

    /// All entries in order.
    pub(crate) fn pairs(&self) -> Vec<(Value, Value)> {
        self.entries
            .borrow()
            .slots
            .iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// The type of its entries.
    pub(crate) fn pair_type(&self) -> Type {
        Type::generic(
            known::KEY_VALUE_PAIR,
            [self.key.clone(), self.value.clone()],
        )
    }

    fn version(&self) -> u32 {
        self.entries.borrow().version
    }
}

impl Object for Dictionary {
    fn type_of(&self) -> Type {
        Type::generic(known::DICTIONARY, [self.key.clone(), self.value.clone()])
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let pair = self.pair_type();
        Ok(Some(Box::new(Run::new(self, move |key, value| {
            Record::value(pair.clone(), vec![key, value])
        }))))
    }
}

/// An enumeration of the entries.
pub(crate) struct Run<F> {
    dictionary: Rc<Dictionary>,
    at: usize,
    version: u32,
    make: F,
}

impl<F: Fn(Value, Value) -> Value> Run<F> {
    pub(crate) fn new(dictionary: Rc<Dictionary>, make: F) -> Self {
        let version = dictionary.version();
        Self {
            dictionary,
            at: 0,
            version,
            make,
        }
    }
}

impl<F: Fn(Value, Value) -> Value> Iter for Run<F> {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        let entries = self.dictionary.entries.borrow();
        if entries.version != self.version {
            return Err(Fault::collection_changed());
        }
        while let Some(slot) = entries.slots.get(self.at) {
            self.at += 1;
            if let Some((key, value)) = slot {
                return Ok(Some((self.make)(key.clone(), value.clone())));
            }
        }
        Ok(None)
    }
}
