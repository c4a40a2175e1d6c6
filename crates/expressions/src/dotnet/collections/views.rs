//! `Dictionary<TKey, TValue>.KeyCollection` and `.ValueCollection`: live views of a dictionary.

use std::rc::Rc;

use super::dictionary::{Dictionary, Run};
use super::interfaces;
use crate::runtime::{R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Iter, Object};

/// The keys or the values of a dictionary.
pub(crate) struct View {
    pub dictionary: Rc<Dictionary>,
    /// Keys, not values.
    pub keys: bool,
}

impl Object for View {
    fn type_of(&self) -> Type {
        let name = if self.keys {
            "System.Collections.Generic.KeyCollection`2"
        } else {
            "System.Collections.Generic.ValueCollection`2"
        };
        let args = [self.dictionary.key.clone(), self.dictionary.value.clone()];
        Registry::get()
            .by_full_name(name)
            .map_or(Type::OBJECT, |def| Type::generic(def.id, args))
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let keys = self.keys;
        Ok(Some(Box::new(Run::new(
            self.dictionary.clone(),
            move |key, value| if keys { key } else { value },
        ))))
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.KeyCollection<TKey, TValue>");
    t.base("ICollection<TKey>")
        .base("IReadOnlyCollection<TKey>");
    t.property("int Count", interfaces::count);
    t.method("void CopyTo(TKey[] array, int index)", interfaces::copy_to)
        .mutates();
    t.method(
        "IEnumerator<TKey> GetEnumerator()",
        super::enumerator::start,
    );
    let mut t = types.class("System.Collections.Generic.ValueCollection<TKey, TValue>");
    t.base("ICollection<TValue>")
        .base("IReadOnlyCollection<TValue>");
    t.property("int Count", interfaces::count);
    t.method(
        "void CopyTo(TValue[] array, int index)",
        interfaces::copy_to,
    )
    .mutates();
    t.method(
        "IEnumerator<TValue> GetEnumerator()",
        super::enumerator::start,
    );
}
