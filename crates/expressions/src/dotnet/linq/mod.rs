//! LINQ: `System.Linq.Enumerable` and what its methods give.
//!
//! Everything that returns a sequence is lazy: nothing runs before the enumeration, and each enumeration runs anew.

mod aggregate;
mod convert;
mod element;
mod group;
mod order;
mod select;
mod set;

use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Iter, Lazy, Value};

pub(crate) fn define(types: &mut Types) {
    types.static_class("System.Linq.Enumerable");
    select::define(types);
    element::define(types);
    aggregate::define(types);
    set::define(types);
    convert::define(types);
    order::define(types);
    group::define(types);
}

/// An enumerator made of a closure.
struct Each<F>(F);

impl<F: FnMut(&mut Runtime<'_>) -> R<Option<Value>>> Iter for Each<F> {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        // Sequences over sequences run inside one another.
        rt.deeper(|rt| (self.0)(rt))
    }
}

fn each(next: impl FnMut(&mut Runtime<'_>) -> R<Option<Value>> + 'static) -> R<Box<dyn Iter>> {
    Ok(Box::new(Each(next)))
}

/// A lazy sequence of `element`s.
fn lazy(
    c: &mut Call<'_, '_>,
    element: Type,
    make: impl Fn(&mut Runtime<'_>) -> R<Box<dyn Iter>> + 'static,
) -> R<Value> {
    c.rt.allocate(96)?;
    Ok(Lazy::value(Type::enumerable(element), make))
}

/// The exception of an empty sequence.
fn no_elements() -> Fault {
    Fault::invalid_operation("Sequence contains no elements")
}

fn int(n: usize) -> Value {
    Value::Int32(i32::try_from(n).unwrap_or(i32::MAX))
}
