//! Numeric types, `Math`, `Random` and the cultures that number texts depend on.

mod culture;
mod decimal;
mod floating;
mod integer;
mod math;
mod random;

pub(crate) use culture::invariant_culture;

use crate::clr::number_parse::NumberStyles;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    integer::define(types);
    floating::define(types);
    decimal::define(types);
    culture::define(types);
    math::define(types);
    random::define(types);
}

/// A value of the enumeration that the called member returns.
pub(super) fn enum_result(c: &Call<'_, '_>, number: i64) -> Value {
    match &c.member.result {
        Type::Named(def, _) => Value::Enum(*def, number),
        _ => Value::Null,
    }
}

/// A `NumberStyles` argument.
fn styles(c: &Call<'_, '_>, index: usize) -> R<NumberStyles> {
    Ok(NumberStyles(
        u32::try_from(c.enumeration(index)?).unwrap_or_default(),
    ))
}

/// What even a text that is null fails for: wrong styles.
fn check_styles<T>(parsed: crate::clr::Result<T>) -> R<()> {
    match parsed {
        Err(error) if error.kind == crate::clr::ErrorKind::Argument => Err(error.into()),
        _ => Ok(()),
    }
}

/// What `TryParse` makes of a parse: only wrong styles still throw.
fn tried<T>(parsed: crate::clr::Result<T>) -> R<Option<T>> {
    match parsed {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == crate::clr::ErrorKind::Argument => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// `CompareTo(object)`: null sorts first, another type is an `ArgumentException`.
pub(crate) fn compare_to_object(c: &Call<'_, '_>, name: &str) -> R<Value> {
    let (own, other) = (c.value(0), c.value(1));
    if other.is_null() {
        return Ok(1.into());
    }
    if own.type_of() != other.type_of() {
        return Err(Fault::new(
            "System.ArgumentException",
            format!("Object must be of type {name}."),
        ));
    }
    let small = matches!(
        own,
        Value::SByte(_) | Value::Byte(_) | Value::Int16(_) | Value::UInt16(_) | Value::Char(_)
    );
    if small && let (Some(a), Some(b)) = (own.as_integer(), other.as_integer()) {
        // Types narrower than int compare by subtraction.
        return Ok(i32::try_from(a - b).unwrap_or_default().into());
    }
    Ok(crate::runtime::compare(&own, &other)
        .map_or(0, |order| order as i32)
        .into())
}

/// `CompareTo(T)`
pub(super) fn compare_to(c: &Call<'_, '_>) -> R<Value> {
    Ok(crate::runtime::compare(&c.value(0), &c.value(1))
        .map_or(0, |order| order as i32)
        .into())
}

/// `Equals(T)`
pub(super) fn equals(c: &Call<'_, '_>) -> R<Value> {
    Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into())
}

/// `ToString(format)` and `ToString(format, provider)`
pub(super) fn to_text_with_format(c: &mut Call<'_, '_>) -> R<Value> {
    let format = c.opt_str(1)?;
    let format = format
        .as_ref()
        .map(|f| f.to_utf8())
        .filter(|f| !f.is_empty());
    let own = c.value(0);
    Ok(c.rt.format(&own, format.as_deref())?.into())
}

/// `ToString(provider)`: the invariant culture is the only one.
pub(super) fn to_text(c: &mut Call<'_, '_>) -> R<Value> {
    let own = c.value(0);
    Ok(c.rt.to_text(&own)?.into())
}
