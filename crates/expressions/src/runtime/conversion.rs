//! Conversions of values at run time, and `default(T)`.

use std::sync::Arc;

use super::{Call, Fault, R, Runtime, ops};
use crate::json::Scalar;
use crate::types::relations::{self, Conversion};
use crate::types::{Member, Type, known};
use crate::value::{Record, Value};

/// Applies a conversion.
pub fn apply(
    rt: &mut Runtime<'_>,
    value: Value,
    conversion: &Conversion,
    checked: bool,
) -> R<Value> {
    match conversion {
        Conversion::None => Ok(value),
        Conversion::Numeric(_, to) => ops::convert(&value, *to, checked),
        Conversion::FromEnum(to) => ops::convert(&value, *to, checked),
        Conversion::ToEnum(_, def) => {
            let number = ops::convert(&value, relations::Num::Int64, false)?;
            Ok(Value::Enum(*def, number.as_integer().unwrap_or_default()))
        }
        Conversion::Cast(ty) => cast(value, ty),
        Conversion::Unwrap => {
            if value.is_null() {
                Err(Fault::invalid_operation(
                    "Nullable object must have a value.",
                ))
            } else {
                Ok(value)
            }
        }
        Conversion::Lifted(inner) => {
            if value.is_null() {
                Ok(value)
            } else {
                apply(rt, value, inner, checked)
            }
        }
        Conversion::Chain(all) => {
            let mut value = value;
            for one in all {
                value = apply(rt, value, one, checked)?;
            }
            Ok(value)
        }
        Conversion::User(member, types) => call_member(rt, member, types, &mut [value]),
        Conversion::Tuple(parts, ty) => {
            let Some(record) = value.as_object::<Record>() else {
                return Ok(value);
            };
            let fields = record.fields.borrow().clone();
            let mut out = Vec::with_capacity(fields.len());
            for (field, part) in fields.into_iter().zip(parts) {
                out.push(apply(rt, field, part, checked)?);
            }
            Ok(Record::value(ty.clone(), out))
        }
        Conversion::Dynamic(ty, cast) => dynamic(rt, value, ty, *cast),
    }
}

/// Calls a member with ready arguments.
pub fn call_member(
    rt: &mut Runtime<'_>,
    member: &'static Member,
    types: &Arc<[Type]>,
    args: &mut [Value],
) -> R<Value> {
    rt.tick()?;
    (member.run)(&mut Call {
        rt,
        args,
        types,
        member,
    })
}

/// A downcast or unboxing: exact for value types.
pub fn cast(value: Value, ty: &Type) -> R<Value> {
    if value.is_null() {
        return if ty.accepts_null() {
            Ok(value)
        } else {
            Err(Fault::null_reference())
        };
    }
    if relations::is_instance(&value, ty) {
        return Ok(value);
    }
    // An enumeration unboxes to its number and back.
    match (&value, ty.unwrap_nullable()) {
        (Value::Enum(_, n), Type::Named(known::INT32, _)) => {
            return ops::convert(&Value::Int64(*n), relations::Num::Int32, false);
        }
        (Value::Int32(n), target) if target.is_enum() => {
            if let Type::Named(def, _) = target {
                return Ok(Value::Enum(*def, i64::from(*n)));
            }
        }
        _ => {}
    }
    Err(Fault::invalid_cast(&value.type_of(), ty))
}

/// A conversion from `dynamic`: by the run-time type. A token becomes what it holds even without a cast.
fn dynamic(rt: &mut Runtime<'_>, value: Value, ty: &Type, cast: bool) -> R<Value> {
    if value.is_null() {
        return if ty.accepts_null() {
            Ok(value)
        } else {
            Err(Fault::binder(&format!(
                "Cannot convert null to '{ty}' because it is a non-nullable value type"
            )))
        };
    }
    if let Value::Json(token) = &value
        && !matches!(
            ty,
            Type::Named(known::JTOKEN | known::JVALUE | known::OBJECT, _)
        )
    {
        if let Some(held) = crate::dotnet::json::unwrap(rt, token, ty)? {
            return Ok(held);
        }
        if !cast && token.scalar() == Some(Scalar::Null) {
            return Err(Fault::binder(&format!(
                "Cannot implicitly convert type '{}' to '{ty}'",
                value.type_of()
            )));
        }
    }
    let from = value.type_of();
    let conversion = if cast || matches!(value, Value::Json(_)) {
        relations::explicit(&from, ty)
    } else {
        relations::implicit(&from, ty)
    };
    match conversion {
        Some(Conversion::Dynamic(..)) | None => Err(Fault::binder(&format!(
            "Cannot convert type '{from}' to '{ty}'"
        ))),
        Some(conversion) => apply(rt, value, &conversion, false),
    }
}
