//! `System.SByte`, `Byte`, `Int16`, `UInt16`, `Int32`, `UInt32`, `Int64`, `UInt64`: one table for the eight widths.
//! Arithmetic is the language's.

use super::{
    check_styles, compare_to, compare_to_object, enum_result, equals, styles, to_text,
    to_text_with_format, tried,
};
use crate::clr::number_parse::{IntegerType, NumberStyles, parse_integer};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Const, Value};

macro_rules! integer {
    ($types:ident, $name:literal, $keyword:literal, $variant:ident, $rust:ty, $code:literal) => {{
        fn of(value: i128) -> $rust {
            <$rust>::try_from(value).unwrap_or_default()
        }
        fn parse(c: &Call<'_, '_>, styles: NumberStyles) -> R<Value> {
            check_styles(parse_integer("", IntegerType::$variant, styles))?;
            Ok(of(parse_integer(
                &c.str(0)?.to_utf8(),
                IntegerType::$variant,
                styles,
            )?)
            .into())
        }
        fn try_parse(c: &mut Call<'_, '_>, styles: NumberStyles, out: usize) -> R<Value> {
            let parsed = match c.opt_str(0)? {
                Some(text) => tried(parse_integer(
                    &text.to_utf8(),
                    IntegerType::$variant,
                    styles,
                ))?,
                None => tried(parse_integer("", IntegerType::$variant, styles))?,
            };
            c.set(out, of(parsed.unwrap_or_default()));
            Ok(parsed.is_some().into())
        }
        let mut t = $types.structure(concat!("System.", $name));
        t.base("IComparable").base("IFormattable");
        t.constant(
            concat!($keyword, " MaxValue"),
            Const::$variant(<$rust>::MAX),
        );
        t.constant(
            concat!($keyword, " MinValue"),
            Const::$variant(<$rust>::MIN),
        );
        t.static_method(concat!($keyword, " Parse(string s)"), |c| {
            parse(c, NumberStyles::INTEGER)
        });
        t.static_method(
            concat!($keyword, " Parse(string s, IFormatProvider provider)"),
            |c| parse(c, NumberStyles::INTEGER),
        );
        t.static_method(
            concat!($keyword, " Parse(string s, NumberStyles style)"),
            |c| parse(c, styles(c, 1)?),
        );
        t.static_method(
            concat!(
                $keyword,
                " Parse(string s, NumberStyles style, IFormatProvider provider)"
            ),
            |c| parse(c, styles(c, 1)?),
        );
        t.static_method(
            concat!("bool TryParse(string s, out ", $keyword, " result)"),
            |c| try_parse(c, NumberStyles::INTEGER, 1),
        );
        t.static_method(
            concat!(
                "bool TryParse(string s, NumberStyles style, IFormatProvider provider, out ",
                $keyword,
                " result)"
            ),
            |c| {
                let styles = styles(c, 1)?;
                try_parse(c, styles, 3)
            },
        );
        t.method(concat!("int CompareTo(", $keyword, " value)"), |c| {
            difference(c)
        });
        t.method("int CompareTo(object value)", |c| {
            compare_to_object(c, $name)
        });
        t.method(concat!("bool Equals(", $keyword, " obj)"), |c| equals(c));
        t.method("string ToString(string format)", to_text_with_format);
        t.method(
            "string ToString(string format, IFormatProvider provider)",
            to_text_with_format,
        );
        t.method("string ToString(IFormatProvider provider)", to_text);
        t.method("TypeCode GetTypeCode()", |c| Ok(enum_result(c, $code)));
    }};
}

/// `CompareTo` of the narrow types is the difference, of the wide ones -1, 0 or 1.
fn difference(c: &Call<'_, '_>) -> R<Value> {
    Ok(match (c.value(0), c.value(1)) {
        (Value::SByte(a), Value::SByte(b)) => (i32::from(a) - i32::from(b)).into(),
        (Value::Byte(a), Value::Byte(b)) => (i32::from(a) - i32::from(b)).into(),
        (Value::Int16(a), Value::Int16(b)) => (i32::from(a) - i32::from(b)).into(),
        (Value::UInt16(a), Value::UInt16(b)) => (i32::from(a) - i32::from(b)).into(),
        _ => return compare_to(c),
    })
}

pub(super) fn define(types: &mut Types) {
    integer!(types, "SByte", "sbyte", SByte, i8, 5);
    integer!(types, "Byte", "byte", Byte, u8, 6);
    integer!(types, "Int16", "short", Int16, i16, 7);
    integer!(types, "UInt16", "ushort", UInt16, u16, 8);
    integer!(types, "Int32", "int", Int32, i32, 9);
    integer!(types, "UInt32", "uint", UInt32, u32, 10);
    integer!(types, "Int64", "long", Int64, i64, 11);
    integer!(types, "UInt64", "ulong", UInt64, u64, 12);
    types
        .enumeration(
            "System.TypeCode",
            &[
                ("Empty", 0),
                ("Object", 1),
                ("DBNull", 2),
                ("Boolean", 3),
                ("Char", 4),
                ("SByte", 5),
                ("Byte", 6),
                ("Int16", 7),
                ("UInt16", 8),
                ("Int32", 9),
                ("UInt32", 10),
                ("Int64", 11),
                ("UInt64", 12),
                ("Single", 13),
                ("Double", 14),
                ("Decimal", 15),
                ("DateTime", 16),
                ("String", 18),
            ],
        )
        .beyond_documentation();
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};
    use crate::value::Value;

    #[test]
    fn parse_and_try_parse_of_every_width() {
        assert_eq!(
            text("System.Int32", "int Parse(string s)", &[" 42 ".into()]),
            "42"
        );
        assert_eq!(
            text("System.Byte", "byte Parse(string s)", &["256".into()]),
            "throws OverflowException"
        );
        assert_eq!(
            text(
                "System.UInt64",
                "ulong Parse(string s)",
                &["18446744073709551615".into()]
            ),
            "18446744073709551615"
        );
        assert_eq!(
            text("System.Int32", "int Parse(string s)", &[Value::Null]),
            "throws ArgumentNullException"
        );
        let mut args = ["12x".into(), Value::Null];
        let found = value(
            "System.Int16",
            "bool TryParse(string s, out short result)",
            &mut args,
        );
        assert!(matches!(
            (found, &args[1]),
            (Ok(Value::Bool(false)), Value::Int16(0))
        ));
    }

    #[test]
    fn comparison_and_text() {
        assert_eq!(
            text(
                "System.Byte",
                "int CompareTo(byte value)",
                &[Value::Byte(3), Value::Byte(10)]
            ),
            "-7"
        );
        assert_eq!(
            text(
                "System.Int32",
                "int CompareTo(object value)",
                &[1.into(), 5i64.into()]
            ),
            "throws ArgumentException"
        );
        assert_eq!(
            text(
                "System.Int32",
                "int CompareTo(object value)",
                &[1.into(), Value::Null]
            ),
            "1"
        );
        assert_eq!(
            text(
                "System.SByte",
                "string ToString(string format)",
                &[Value::SByte(-1), "X".into()]
            ),
            "FF"
        );
        assert_eq!(
            text("System.Int64", "TypeCode GetTypeCode()", &[1i64.into()]),
            "Int64"
        );
    }
}
