//! `System.Collections.Generic.Dictionary<TKey, TValue>`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::comparer::{Comparer, KeyComparer};
use super::dispatch::{ELEMENT, int};
use super::interfaces;
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, Key, R, Runtime, equals};
use crate::types::{Type, Types, known};
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

/// `Add(key, value)`: a key that is present is an `ArgumentException`.
pub(super) fn add(
    rt: &mut Runtime<'_>,
    dictionary: &Dictionary,
    key: Value,
    value: Value,
) -> R<()> {
    if key.is_null() {
        return Err(Fault::argument_null("key"));
    }
    if dictionary.contains(&key) {
        let text = rt.to_text(&key)?;
        return Err(Fault::argument(
            &format!("An item with the same key has already been added. Key: {text}"),
            "",
        ));
    }
    dictionary.insert(key, value);
    Ok(())
}

fn this(c: &Call<'_, '_>) -> R<Rc<Dictionary>> {
    c.object::<Dictionary>(0)
}

/// A new dictionary with the entries of argument `source`, if any, and the comparer that argument `comparer` is.
fn made(c: &mut Call<'_, '_>, source: Option<usize>, comparer: Option<usize>) -> R<Value> {
    c.rt.allocate(2 * ELEMENT)?;
    let comparer = comparer.map_or(KeyComparer::Default, |at| KeyComparer::of(&c.value(at)));
    let dictionary = Dictionary::new(c.ty(0), c.ty(1), comparer);
    if let Some(at) = source {
        let source = c.required(at)?;
        let mut entries = c.rt.iterate(&source)?;
        while let Some(entry) = entries.next(c.rt)? {
            if let Some(pair) = entry.as_object::<Record>() {
                c.rt.allocate(2 * ELEMENT)?;
                add(c.rt, &dictionary, pair.get(0), pair.get(1))?;
            }
        }
    }
    Ok(Value::object(dictionary))
}

fn capacity(c: &Call<'_, '_>) -> R<()> {
    if c.int(0)? < 0 {
        return Err(Fault::out_of_range(
            "capacity",
            "Non-negative number required.",
        ));
    }
    Ok(())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.Dictionary<TKey, TValue>");
    t.base("IDictionary<TKey, TValue>")
        .base("IReadOnlyDictionary<TKey, TValue>");
    t.constructor("()", |c| made(c, None, None));
    t.constructor("(int capacity)", |c| {
        capacity(c)?;
        made(c, None, None)
    });
    t.constructor("(int capacity, IEqualityComparer<TKey> comparer)", |c| {
        capacity(c)?;
        made(c, None, Some(1))
    });
    t.constructor("(IEqualityComparer<TKey> comparer)", |c| {
        made(c, None, Some(0))
    });
    t.constructor("(IDictionary<TKey, TValue> dictionary)", |c| {
        made(c, Some(0), None)
    });
    t.constructor(
        "(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)",
        |c| made(c, Some(0), Some(1)),
    );
    t.constructor(
        "(IEnumerable<KeyValuePair<TKey, TValue>> collection)",
        |c| made(c, Some(0), None),
    );
    t.constructor(
        "(IEnumerable<KeyValuePair<TKey, TValue>> collection, IEqualityComparer<TKey> comparer)",
        |c| made(c, Some(0), Some(1)),
    );
    t.indexer_with_set("TValue this[TKey key]", interfaces::item_of_key, |c| {
        let (key, value) = (c.required(1)?, c.value(2));
        c.rt.allocate(2 * ELEMENT)?;
        this(c)?.set(key, value);
        Ok(Value::Null)
    })
    .mutates();
    t.property("int Count", |c| Ok(int(this(c)?.len())));
    t.property("IEqualityComparer<TKey> Comparer", |c| {
        Ok(Value::object(Comparer(this(c)?.comparer)))
    });
    t.property("KeyCollection<TKey, TValue> Keys", interfaces::keys);
    t.property("ValueCollection<TKey, TValue> Values", interfaces::values);
    t.method("void Add(TKey key, TValue value)", |c| {
        let (key, value) = (c.value(1), c.value(2));
        c.rt.allocate(2 * ELEMENT)?;
        let dictionary = this(c)?;
        add(c.rt, &dictionary, key, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool TryAdd(TKey key, TValue value)", |c| {
        let (key, value) = (c.required(1)?, c.value(2));
        c.rt.allocate(2 * ELEMENT)?;
        Ok(this(c)?.try_add(key, value).into())
    })
    .mutates();
    t.method("void Clear()", |c| {
        this(c)?.clear();
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool ContainsKey(TKey key)", interfaces::contains_key);
    t.method("bool ContainsValue(TValue value)", |c| {
        let wanted = c.value(1);
        let pairs = this(c)?.pairs();
        c.rt.spend(1 + pairs.len() as u64)?;
        Ok(pairs.iter().any(|(_, value)| equals(value, &wanted)).into())
    });
    t.method(
        "IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator()",
        super::enumerator::start,
    );
    t.method("bool Remove(TKey key)", |c| {
        let key = c.required(1)?;
        Ok(this(c)?.remove(&key).is_some().into())
    })
    .mutates();
    t.method("bool Remove(TKey key, out TValue value)", |c| {
        let (key, ty) = (c.required(1)?, c.ty(1));
        let found = this(c)?.remove(&key);
        let success = found.is_some();
        c.set(2, found.unwrap_or_else(|| default_of(&ty)));
        Ok(success.into())
    })
    .mutates();
    t.method(
        "bool TryGetValue(TKey key, out TValue value)",
        interfaces::try_get_value,
    );
    t.method("void TrimExcess()", |_| Ok(Value::Null));
}
