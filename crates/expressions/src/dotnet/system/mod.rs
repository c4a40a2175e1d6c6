//! `System`: object, primitive types, exceptions, delegates.

mod boolean;
mod default;
mod delegates;
mod enumeration;
mod exceptions;
mod nullable;
mod object;
mod tuple;

pub(crate) use default::default_of;
pub(crate) use exceptions::{exception_type, with_name as named_exception};
pub(crate) use object::hash_code;

use crate::clr;
use crate::runtime::R;
use crate::types::{TypeDef, Types};
use crate::value::Str;

pub(super) fn define(types: &mut Types) {
    object::define(types);
    enumeration::define(types);
    exceptions::define(types);
    for name in [
        "Boolean",
        "Char",
        "SByte",
        "Byte",
        "Int16",
        "UInt16",
        "UInt32",
        "Int64",
        "UInt64",
        "Single",
        "Double",
        "Decimal",
        "Guid",
        "DateTime",
        "DateTimeOffset",
        "TimeSpan",
    ] {
        types.structure(&format!("System.{name}"));
    }
    delegates::define(types);
    boolean::define(types);
    nullable::define(types);
    tuple::define(types);
}

/// `ToString(format)` of an enumeration value: `G` (name), `D` (number), `X`, `F`.
pub(crate) fn format_enum(def: &TypeDef, number: i64, format: Option<&str>) -> R<Str> {
    Ok(match format {
        None | Some("G" | "g" | "F" | "f") => match def.enum_text(number) {
            Some(name) => Str::from(name),
            None => Str::from(number.to_string()),
        },
        Some("D" | "d") => Str::from(number.to_string()),
        Some("X" | "x") => Str::from(format!("{number:08X}")),
        Some(_) => {
            return Err(clr::Error::format(
                "Format String can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".",
            )
            .into());
        }
    })
}
