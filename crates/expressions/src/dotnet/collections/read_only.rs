//! `System.Collections.ObjectModel.ReadOnlyCollection<T>`: a list that cannot be changed through it.

use std::rc::Rc;

use super::interfaces;
use crate::runtime::{R, Runtime};
use crate::types::{Registry, Type, Types, relations};
use crate::value::{Iter, Object, Value};

/// A read-only view of the list it holds.
pub(crate) struct ReadOnlyList(pub Value);

impl Object for ReadOnlyList {
    fn type_of(&self) -> Type {
        let element = relations::element_type(&self.0.type_of()).unwrap_or(Type::OBJECT);
        Registry::get()
            .by_full_name("System.Collections.ObjectModel.ReadOnlyCollection`1")
            .map_or(Type::OBJECT, |def| Type::generic(def.id, [element]))
    }

    fn iterate(self: Rc<Self>, rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        rt.iterate(&self.0).map(Some)
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.ObjectModel.ReadOnlyCollection<T>");
    t.base("IList<T>")
        .base("IReadOnlyList<T>")
        .beyond_documentation();
    t.constructor("(IList<T> list)", |c| {
        let list = c.required(0)?;
        // A view of a view is a view of the list: chains of them would only cost.
        let list = match list.as_object::<ReadOnlyList>() {
            Some(view) => view.0.clone(),
            None => list,
        };
        Ok(Value::object(ReadOnlyList(list)))
    });
    t.property("int Count", interfaces::count);
    t.indexer("T this[int index]", interfaces::item);
    t.method("bool Contains(T value)", interfaces::contains);
    t.method("int IndexOf(T value)", interfaces::index_of);
    t.method("void CopyTo(T[] array, int index)", interfaces::copy_to)
        .mutates();
    t.method("IEnumerator<T> GetEnumerator()", super::enumerator::start);
}
