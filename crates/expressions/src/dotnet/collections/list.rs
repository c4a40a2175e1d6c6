//! `System.Collections.Generic.List<T>`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::runtime::{Fault, R, Runtime};
use crate::types::{Type, Types, known};
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

    pub(crate) fn touch(&self) {
        self.version.set(self.version.get().wrapping_add(1));
    }
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

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.List<T>");
    t.base("IList<T>").base("IReadOnlyList<T>");
    t.constructor("()", |c| Ok(super::list(c.ty(0), Vec::new())));
}
