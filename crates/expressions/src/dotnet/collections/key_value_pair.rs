//! `System.Collections.Generic.KeyValuePair<TKey, TValue>`.

use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Record, Value};

fn make(c: &mut Call<'_, '_>) -> R<Value> {
    let ty = c.member.result.substitute(c.types, c.types);
    c.rt.allocate(super::dispatch::ELEMENT)?;
    Ok(Record::value(ty, vec![c.value(0), c.value(1)]))
}

fn field(c: &Call<'_, '_>, index: usize) -> R<Value> {
    match c.value(0).as_object::<Record>() {
        Some(pair) => Ok(pair.get(index)),
        None => Err(Fault::null_reference()),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Collections.Generic.KeyValuePair<TKey, TValue>");
    t.constructor("(TKey key, TValue value)", make);
    t.property("TKey Key", |c| field(c, 0));
    t.property("TValue Value", |c| field(c, 1));
    t.method("void Deconstruct(out TKey key, out TValue value)", |c| {
        let (key, value) = (field(c, 0)?, field(c, 1)?);
        c.set(1, key);
        c.set(2, value);
        Ok(Value::Null)
    });
    let mut t = types.static_class("System.Collections.Generic.KeyValuePair");
    t.static_method(
        "KeyValuePair<TKey, TValue> Create<TKey, TValue>(TKey key, TValue value)",
        make,
    );
}
