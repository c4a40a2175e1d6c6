//! `Array.Copy` and `CopyTo`: which arrays may be copied to which, and what their elements become.
//!
//! The order of the checks is .NET's: null, rank, indexes, room, types, and each element last.

use super::Array;
use super::array_members::elements;
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, ops};
use crate::types::relations::{self, Num};
use crate::types::{Type, known};
use crate::value::{Str, Value};

/// What copying does to an element.
enum Change {
    /// It stays as it is.
    None,
    /// It becomes a number of this type, or an enumeration's value.
    Number(Num),
    /// It must be of the target's type by itself.
    Cast,
}

/// The number type behind a number, a `char` or an enumeration; `decimal` is none of the run time's primitive types.
fn primitive(ty: &Type) -> Option<Num> {
    if ty.is_enum() {
        return Some(Num::Int32);
    }
    Num::of(ty).filter(|num| *num != Num::Decimal)
}

/// Without its sign, of the whole numbers whose bits may be reinterpreted.
fn unsigned(num: Num) -> Num {
    match num {
        Num::SByte => Num::Byte,
        Num::Int16 => Num::UInt16,
        Num::Int32 => Num::UInt32,
        Num::Int64 => Num::UInt64,
        other => other,
    }
}

fn widens(from: Num, to: Num) -> bool {
    from.widens_to(to) || matches!((from, to), (Num::Byte | Num::UInt16, Num::Char))
}

/// `None`: the arrays' types have nothing in common.
fn change(from: &Type, to: &Type) -> Option<Change> {
    if from == to || to.is(known::OBJECT) {
        return Some(Change::None);
    }
    match (from.is_value_type(), to.is_value_type()) {
        (true, false) => relations::is_assignable(from, to).then_some(Change::None),
        (false, true) => (relations::is_assignable(to, from)).then_some(Change::Cast),
        (true, true) => {
            let (a, b) = (primitive(from)?, primitive(to)?);
            (unsigned(a) == unsigned(b) || widens(a, b)).then_some(Change::Number(b))
        }
        (false, false) if relations::is_assignable(from, to) => Some(Change::None),
        (false, false) => {
            (relations::is_assignable(to, from) || from.is_interface() || to.is_interface())
                .then_some(Change::Cast)
        }
    }
}

/// A number as an element of an array of numbers or of an enumeration.
fn number(value: &Value, to: Num, element: &Type) -> R<Value> {
    let number = ops::convert(value, to, false)?;
    Ok(match element {
        Type::Named(def, None) if element.is_enum() => {
            Value::Enum(*def, number.as_integer().unwrap_or_default())
        }
        _ => number,
    })
}

/// An element that must be of the target's type by itself; null is a reference only.
fn cast(value: Value, element: &Type) -> R<Value> {
    if relations::is_instance(&value, element) || (value.is_null() && !element.is_value_type()) {
        return Ok(value);
    }
    Err(Fault::new(
        "System.InvalidCastException",
        Str::literal(
            "At least one element in the source array could not be cast down to the destination array type.",
        ),
    ))
}

fn negative(parameter: &str) -> Fault {
    Fault::out_of_range(parameter, "Non-negative number required.")
}

/// Copies `length` elements; source and target may be one array.
pub(super) fn copy(
    c: &mut Call<'_, '_>,
    from: i32,
    target: usize,
    to: i32,
    length: i32,
) -> R<Value> {
    let source = c.object::<Array>(0)?;
    let target = c.object::<Array>(target)?;
    if source.columns.is_some() != target.columns.is_some() {
        return Err(Fault::new(
            "System.RankException",
            Str::literal("The specified arrays must have the same number of dimensions."),
        ));
    }
    let length = usize::try_from(length).map_err(|_| negative("length"))?;
    let from = usize::try_from(from).map_err(|_| negative("sourceIndex"))?;
    let to = usize::try_from(to).map_err(|_| negative("destinationIndex"))?;
    for (at, total, message, parameter) in [
        (
            from,
            source.len(),
            "Source array was not long enough. Check the source index, length, and the array's lower bounds.",
            "sourceArray",
        ),
        (
            to,
            target.len(),
            "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.",
            "destinationArray",
        ),
    ] {
        if at.saturating_add(length) > total {
            return Err(Fault::argument(message, parameter));
        }
    }
    let Some(change) = change(&source.element, &target.element) else {
        return Err(Fault::new(
            "System.ArrayTypeMismatchException",
            Str::literal("Source array type cannot be assigned to destination array type."),
        ));
    };
    let items = elements(c, 0)?;
    for (at, item) in items.into_iter().skip(from).take(length).enumerate() {
        let item = match change {
            Change::None => item,
            Change::Number(num) => number(&item, num, &target.element)?,
            Change::Cast => cast(item, &target.element)?,
        };
        target.set(to + at, item);
    }
    Ok(Value::Null)
}

/// `CopyTo(Array array, int index)`: all of it.
pub(super) fn copy_to(c: &mut Call<'_, '_>) -> R<Value> {
    let (index, length) = (c.int(2)?, c.object::<Array>(0)?.len());
    if let Some(target) = c.opt_object::<Array>(1)? {
        one_dimension(&target)?;
    }
    copy(c, 0, 1, index, i32::try_from(length).unwrap_or(i32::MAX))
}

/// The array of a parameter that takes vectors only.
fn one_dimension(array: &Array) -> R<()> {
    match array.columns {
        None => Ok(()),
        Some(_) => Err(Fault::argument(
            "Only single dimensional arrays are supported for the requested action.",
            "array",
        )),
    }
}

/// A member that sorts, searches or turns around knows arrays of one dimension.
pub(super) fn vector(array: &Array) -> R<()> {
    match array.columns {
        None => Ok(()),
        Some(_) => Err(Fault::new(
            "System.RankException",
            Str::literal("Only single dimension arrays are supported here."),
        )),
    }
}

/// `SetValue`: a value as an element, where null is the default and a number may become a wider one.
pub(super) fn element_for(array: &Array, value: Value) -> R<Value> {
    let ty = &array.element;
    if value.is_null() {
        return Ok(default_of(ty));
    }
    let from = value.type_of();
    if relations::is_instance(&value, ty) {
        return Ok(value);
    }
    if !ty.is_enum() {
        match (primitive(&from), primitive(ty)) {
            (Some(a), Some(b)) if a == b || widens(a, b) => return number(&value, b, ty),
            (a, b) if (a.is_some() || from == Type::BOOL) && (b.is_some() || *ty == Type::BOOL) => {
                return Err(Fault::argument(
                    "Cannot widen from source type to target type either because the source type is a not a primitive type or the conversion cannot be accomplished.",
                    "",
                ));
            }
            _ => {}
        }
    }
    Err(Fault::new(
        "System.InvalidCastException",
        Str::literal("Object cannot be stored in an array of this type."),
    ))
}
