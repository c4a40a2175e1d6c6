//! `System.Collections.Generic.Queue<T>`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::dispatch::{ELEMENT, int};
use super::{array, interfaces};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{Iter, Object, Value};

/// A queue: first in, first out.
pub(crate) struct Queue {
    pub element: Type,
    pub items: RefCell<VecDeque<Value>>,
    version: Cell<u32>,
}

impl Queue {
    pub(crate) fn new(element: Type, items: Vec<Value>) -> Self {
        Self {
            element,
            items: RefCell::new(items.into()),
            version: Cell::new(0),
        }
    }

    fn touch(&self) {
        self.version.set(self.version.get().wrapping_add(1));
    }
}

impl Object for Queue {
    fn type_of(&self) -> Type {
        Type::generic(known::QUEUE, [self.element.clone()])
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let version = self.version.get();
        Ok(Some(Box::new(Run {
            queue: self,
            at: 0,
            version,
        })))
    }
}

struct Run {
    queue: Rc<Queue>,
    at: usize,
    version: u32,
}

impl Iter for Run {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        if self.queue.version.get() != self.version {
            return Err(Fault::collection_changed());
        }
        let value = self.queue.items.borrow().get(self.at).cloned();
        self.at += 1;
        Ok(value)
    }
}

fn this(c: &Call<'_, '_>) -> R<Rc<Queue>> {
    c.object::<Queue>(0)
}

fn empty() -> Fault {
    Fault::invalid_operation("Queue empty.")
}

/// Gives the element, or the default and `false`.
fn tried(c: &mut Call<'_, '_>, found: Option<Value>) -> Value {
    let success = found.is_some();
    let ty = c.ty(0);
    c.set(1, found.unwrap_or_else(|| default_of(&ty)));
    success.into()
}

fn dequeue(c: &Call<'_, '_>) -> R<Option<Value>> {
    let queue = this(c)?;
    let item = queue.items.borrow_mut().pop_front();
    if item.is_some() {
        queue.touch();
    }
    Ok(item)
}

fn peek(c: &Call<'_, '_>) -> R<Option<Value>> {
    let queue = this(c)?;
    let item = queue.items.borrow().front().cloned();
    Ok(item)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.Queue<T>");
    t.base("IReadOnlyCollection<T>");
    t.constructor("()", |c| {
        c.rt.allocate(ELEMENT)?;
        Ok(Value::object(Queue::new(c.ty(0), Vec::new())))
    });
    t.constructor("(int capacity)", |c| {
        c.rt.allocate(ELEMENT)?;
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "Non-negative number required.",
            ));
        }
        Ok(Value::object(Queue::new(c.ty(0), Vec::new())))
    });
    t.constructor("(IEnumerable<T> collection)", |c| {
        let source = c.required(0)?;
        let items = c.rt.collect(&source)?;
        Ok(Value::object(Queue::new(c.ty(0), items)))
    });
    t.property("int Count", |c| Ok(int(this(c)?.items.borrow().len())));
    t.method("void Enqueue(T item)", |c| {
        c.rt.allocate(ELEMENT)?;
        let queue = this(c)?;
        queue.items.borrow_mut().push_back(c.value(1));
        queue.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("T Dequeue()", |c| dequeue(c)?.ok_or_else(empty))
        .mutates();
    t.method("T Peek()", |c| peek(c)?.ok_or_else(empty));
    t.method("bool TryDequeue(out T result)", |c| {
        let found = dequeue(c)?;
        Ok(tried(c, found))
    })
    .mutates();
    t.method("bool TryPeek(out T result)", |c| {
        let found = peek(c)?;
        Ok(tried(c, found))
    });
    t.method("bool Contains(T item)", interfaces::contains);
    t.method("void Clear()", |c| {
        let queue = this(c)?;
        queue.items.borrow_mut().clear();
        queue.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("T[] ToArray()", |c| {
        let own = c.value(0);
        let items = c.rt.collect(&own)?;
        Ok(array(c.ty(0), items))
    });
    t.method(
        "void CopyTo(T[] array, int arrayIndex)",
        interfaces::copy_to,
    )
    .mutates();
    t.method("IEnumerator<T> GetEnumerator()", super::enumerator::start);
    t.method("void TrimExcess()", |_| Ok(Value::Null));
}
