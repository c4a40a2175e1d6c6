//! `System.Collections.Generic.List<T>`: the object. Its members are in [`super::list_members`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::dispatch::list_index;
use crate::runtime::{Fault, R, Runtime};
use crate::types::{Type, known};
use crate::value::{Iter, Object, Value};

/// A list.
pub(crate) struct List {
    pub element: Type,
    pub items: RefCell<Vec<Value>>,
    /// Counts changes, so that an enumeration notices them.
    pub version: Cell<u32>,
}

impl List {
    pub(crate) fn new(element: Type, items: Vec<Value>) -> Self {
        Self {
            element,
            items: RefCell::new(items),
            version: Cell::new(0),
        }
    }

    /// Notes a change.
    pub(crate) fn touch(&self) {
        self.version.set(self.version.get().wrapping_add(1));
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        self.items.borrow().len()
    }

    pub(crate) fn push(&self, item: Value) {
        self.items.borrow_mut().push(item);
        self.touch();
    }

    /// Replaces all elements.
    pub(crate) fn replace(&self, items: Vec<Value>) {
        *self.items.borrow_mut() = items;
        self.touch();
    }

    /// Replaces the element at `index`.
    pub(crate) fn set(&self, index: i32, value: Value) -> R<()> {
        let mut items = self.items.borrow_mut();
        let at = list_index(index, items.len())?;
        if let Some(place) = items.get_mut(at) {
            *place = value;
        }
        drop(items);
        self.touch();
        Ok(())
    }

    /// Inserts before `index`, which may be the end.
    pub(crate) fn insert(&self, index: i32, item: Value) -> R<()> {
        let mut items = self.items.borrow_mut();
        let at = insert_index(index, items.len())?;
        items.insert(at, item);
        drop(items);
        self.touch();
        Ok(())
    }

    /// Removes the element at `at`, which exists.
    pub(crate) fn remove(&self, at: usize) {
        let mut items = self.items.borrow_mut();
        if at < items.len() {
            items.remove(at);
        }
        drop(items);
        self.touch();
    }
}

/// A place to insert at in a list of `length` elements.
pub(super) fn insert_index(index: i32, length: usize) -> R<usize> {
    usize::try_from(index)
        .ok()
        .filter(|at| *at <= length)
        .ok_or_else(|| Fault::out_of_range("index", "Index must be within the bounds of the List."))
}

impl Object for List {
    fn type_of(&self) -> Type {
        Type::generic(known::LIST, [self.element.clone()])
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let version = self.version.get();
        Ok(Some(Box::new(Run {
            list: self,
            at: 0,
            version,
        })))
    }
}

struct Run {
    list: Rc<List>,
    at: usize,
    version: u32,
}

impl Iter for Run {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        if self.list.version.get() != self.version {
            return Err(Fault::collection_changed());
        }
        let value = self.list.items.borrow().get(self.at).cloned();
        self.at += 1;
        Ok(value)
    }
}
