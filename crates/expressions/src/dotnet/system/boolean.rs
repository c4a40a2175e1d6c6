//! `System.Boolean`.

use crate::clr::number_parse::parse_bool;
use crate::runtime::{Fault, compare};
use crate::types::Types;
use crate::value::{Const, Str, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Boolean");
    t.base("IComparable");
    t.constant("string TrueString", Const::Str(Str::literal("True")));
    t.constant("string FalseString", Const::Str(Str::literal("False")));
    t.static_method("bool Parse(string value)", |c| {
        Ok(parse_bool(&c.str(0)?.to_utf8())?.into())
    });
    t.static_method("bool TryParse(string value, out bool result)", |c| {
        let parsed = c
            .opt_str(0)?
            .and_then(|text| parse_bool(&text.to_utf8()).ok());
        c.set(1, parsed.unwrap_or(false));
        Ok(parsed.is_some().into())
    });
    t.method("int CompareTo(bool value)", |c| {
        Ok((i32::from(c.bool(0)?) - i32::from(c.bool(1)?)).into())
    });
    t.method("int CompareTo(object obj)", |c| {
        let (own, other) = (c.value(0), c.value(1));
        match other {
            Value::Null => Ok(1.into()),
            Value::Bool(_) => Ok(compare(&own, &other).map_or(0, |order| order as i32).into()),
            _ => Err(Fault::argument("Object must be of type Boolean.", "")),
        }
    });
    t.method("bool Equals(bool obj)", |c| {
        Ok((c.bool(0)? == c.bool(1)?).into())
    });
    t.method("string ToString(IFormatProvider provider)", |c| {
        Ok(Str::literal(if c.bool(0)? { "True" } else { "False" }).into())
    });
}
