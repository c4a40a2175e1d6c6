//! `System.Collections.Generic.Stack<T>`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::dispatch::{ELEMENT, int};
use super::{array, interfaces};
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{Iter, Object, Value};

/// A stack: last in, first out, enumerated from the top.
pub(crate) struct Stack {
    pub element: Type,
    pub items: RefCell<Vec<Value>>,
    version: Cell<u32>,
}

impl Stack {
    pub(crate) fn new(element: Type, items: Vec<Value>) -> Self {
        Self {
            element,
            items: RefCell::new(items),
            version: Cell::new(0),
        }
    }

    fn touch(&self) {
        self.version.set(self.version.get().wrapping_add(1));
    }
}

impl Object for Stack {
    fn type_of(&self) -> Type {
        Type::generic(known::STACK, [self.element.clone()])
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let version = self.version.get();
        Ok(Some(Box::new(Run {
            stack: self,
            at: 0,
            version,
        })))
    }
}

struct Run {
    stack: Rc<Stack>,
    at: usize,
    version: u32,
}

impl Iter for Run {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        if self.stack.version.get() != self.version {
            return Err(Fault::collection_changed());
        }
        let items = self.stack.items.borrow();
        let value = items
            .len()
            .checked_sub(self.at + 1)
            .and_then(|at| items.get(at))
            .cloned();
        drop(items);
        self.at += 1;
        Ok(value)
    }
}

fn this(c: &Call<'_, '_>) -> R<Rc<Stack>> {
    c.object::<Stack>(0)
}

fn empty() -> Fault {
    Fault::invalid_operation("Stack empty.")
}

/// Gives the element, or the default and `false`.
fn tried(c: &mut Call<'_, '_>, found: Option<Value>) -> Value {
    let success = found.is_some();
    let ty = c.ty(0);
    c.set(1, found.unwrap_or_else(|| default_of(&ty)));
    success.into()
}

fn pop(c: &Call<'_, '_>) -> R<Option<Value>> {
    let stack = this(c)?;
    let item = stack.items.borrow_mut().pop();
    if item.is_some() {
        stack.touch();
    }
    Ok(item)
}

fn peek(c: &Call<'_, '_>) -> R<Option<Value>> {
    let stack = this(c)?;
    let item = stack.items.borrow().last().cloned();
    Ok(item)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Collections.Generic.Stack<T>");
    t.base("IReadOnlyCollection<T>");
    t.constructor("()", |c| {
        c.rt.allocate(ELEMENT)?;
        Ok(Value::object(Stack::new(c.ty(0), Vec::new())))
    });
    t.constructor("(int capacity)", |c| {
        c.rt.allocate(ELEMENT)?;
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "Non-negative number required.",
            ));
        }
        Ok(Value::object(Stack::new(c.ty(0), Vec::new())))
    });
    t.constructor("(IEnumerable<T> collection)", |c| {
        let source = c.required(0)?;
        let items = c.rt.collect(&source)?;
        Ok(Value::object(Stack::new(c.ty(0), items)))
    });
    t.property("int Count", |c| Ok(int(this(c)?.items.borrow().len())));
    t.method("void Push(T item)", |c| {
        c.rt.allocate(ELEMENT)?;
        let stack = this(c)?;
        stack.items.borrow_mut().push(c.value(1));
        stack.touch();
        Ok(Value::Null)
    })
    .mutates();
    t.method("T Pop()", |c| pop(c)?.ok_or_else(empty)).mutates();
    t.method("T Peek()", |c| peek(c)?.ok_or_else(empty));
    t.method("bool TryPop(out T result)", |c| {
        let found = pop(c)?;
        Ok(tried(c, found))
    })
    .mutates();
    t.method("bool TryPeek(out T result)", |c| {
        let found = peek(c)?;
        Ok(tried(c, found))
    });
    t.method("bool Contains(T item)", interfaces::contains);
    t.method("void Clear()", |c| {
        let stack = this(c)?;
        stack.items.borrow_mut().clear();
        stack.touch();
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
