//! `System.Int32`, the example of a small complete type.

use crate::clr::number_format::{Number, format_number};
use crate::clr::number_parse::{IntegerType, NumberStyles, parse_integer};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Const, Str, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Int32");
    t.base("IComparable");
    t.constant("int MaxValue", Const::Int32(i32::MAX));
    t.constant("int MinValue", Const::Int32(i32::MIN));
    t.static_method("int Parse(string s)", |c| parse(c, NumberStyles::INTEGER));
    t.static_method("bool TryParse(string s, out int result)", |c| {
        let parsed = c
            .opt_str(0)?
            .and_then(|text| parse_text(&text, NumberStyles::INTEGER).ok());
        c.set(1, parsed.unwrap_or_default());
        Ok(parsed.is_some().into())
    });
    t.method("int CompareTo(int value)", |c| {
        Ok((c.int(0)?.cmp(&c.int(1)?) as i32).into())
    });
    t.method("string ToString(string format)", |c| {
        let text = match c.opt_str(1)? {
            Some(format) if !format.is_empty() => {
                format_number(Number::I32(c.int(0)?), &format.to_utf8())?
            }
            _ => c.int(0)?.to_string(),
        };
        Ok(text.into())
    });
}

fn parse(c: &mut Call<'_, '_>, styles: NumberStyles) -> R<Value> {
    Ok(parse_text(&c.str(0)?, styles)?.into())
}

fn parse_text(text: &Str, styles: NumberStyles) -> R<i32> {
    let number = parse_integer(&text.to_utf8(), IntegerType::Int32, styles)?;
    Ok(i32::try_from(number).unwrap_or_default())
}
