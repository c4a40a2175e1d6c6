//! `IEnumerator<T>`: what `GetEnumerator()` gives.

use std::cell::RefCell;

use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::{Iter, Object, Str, Value};

/// One run through a sequence, held by the expression.
struct Enumerator {
    element: Type,
    source: Value,
    state: RefCell<State>,
}

struct State {
    /// `None` before the first `MoveNext` and while one is running.
    iter: Option<Box<dyn Iter>>,
    started: bool,
    current: Value,
}

impl Object for Enumerator {
    fn type_of(&self) -> Type {
        Type::generic(known::IENUMERATOR, [self.element.clone()])
    }
}

/// `GetEnumerator()` of any sequence; its elements are of the receiver's first type argument.
pub(crate) fn start(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.value(0);
    let element = match &c.member.result.substitute(c.types, &[]) {
        Type::Named(known::IENUMERATOR, Some(args)) => args.first().cloned(),
        _ => None,
    };
    Ok(Value::object(Enumerator {
        element: element.unwrap_or(Type::OBJECT),
        source,
        state: RefCell::new(State {
            iter: None,
            started: false,
            current: Value::Null,
        }),
    }))
}

fn advance(c: &mut Call<'_, '_>) -> R<Value> {
    let enumerator = c.object::<Enumerator>(0)?;
    let taken = {
        let mut state = enumerator.state.borrow_mut();
        let fresh = !std::mem::replace(&mut state.started, true);
        (state.iter.take(), fresh)
    };
    let mut iter = match taken {
        (Some(iter), _) => iter,
        (None, true) => c.rt.iterate(&enumerator.source)?,
        (None, false) => return Ok(false.into()),
    };
    // Not borrowed here: the sequence's own code may use this very enumerator.
    let next = iter.next(c.rt)?;
    let more = next.is_some();
    let mut state = enumerator.state.borrow_mut();
    state.current = next.unwrap_or_default();
    if more {
        state.iter = Some(iter);
    }
    Ok(more.into())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("System.Collections.Generic.IEnumerator<out T>");
    t.base("IDisposable");
    t.property("T Current", |c| {
        let enumerator = c.object::<Enumerator>(0)?;
        let state = enumerator.state.borrow();
        if state.iter.is_some() {
            return Ok(state.current.clone());
        }
        // An array's enumerator insists on being on an element; others give nothing.
        if enumerator.source.as_object::<super::Array>().is_some() {
            return Err(Fault::new(
                "System.InvalidOperationException",
                if state.started {
                    Str::literal("Enumeration already finished.")
                } else {
                    Str::literal("Enumeration has not started. Call MoveNext.")
                },
            ));
        }
        Ok(crate::dotnet::system::default_of(&enumerator.element))
    });
    t.method("bool MoveNext()", advance).mutates();
    t.method("void Dispose()", |_| Ok(Value::Null));
}
