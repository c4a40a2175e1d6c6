//! `System.Nullable<T>` and `System.Nullable`. A nullable value is null or the plain value.

use super::default::default_of;
use crate::runtime::{Fault, compare, equals};
use crate::types::Types;
use crate::value::{TypeObject, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Nullable<T>");
    t.constructor("(T value)", |c| Ok(c.value(0)));
    t.property("bool HasValue", |c| Ok((!c.value(0).is_null()).into()));
    t.property("T Value", |c| match c.value(0) {
        Value::Null => Err(Fault::invalid_operation(
            "Nullable object must have a value.",
        )),
        value => Ok(value),
    });
    t.method("T GetValueOrDefault()", |c| {
        Ok(match c.value(0) {
            Value::Null => default_of(&c.ty(0)),
            value => value,
        })
    });
    t.method("T GetValueOrDefault(T defaultValue)", |c| {
        Ok(match c.value(0) {
            Value::Null => c.value(1),
            value => value,
        })
    });

    let mut t = types.static_class("System.Nullable");
    t.static_method("int Compare<T>(T? n1, T? n2)", |c| {
        Ok(compare(&c.value(0), &c.value(1))
            .map_or(0, |order| order as i32)
            .into())
    });
    t.static_method("bool Equals<T>(T? n1, T? n2)", |c| {
        Ok(equals(&c.value(0), &c.value(1)).into())
    });
    t.static_method("Type GetUnderlyingType(Type nullableType)", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok(match ty.0.nullable_underlying() {
            Some(underlying) => Value::object(TypeObject(underlying.clone())),
            None => Value::Null,
        })
    });
}
