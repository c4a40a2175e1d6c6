//! `System.Single` and `System.Double`. Arithmetic is the language's.

use super::{
    check_styles, compare_to, compare_to_object, enum_result, equals, styles, to_text,
    to_text_with_format, tried,
};
use crate::clr::number_parse::{NumberStyles, parse_f32, parse_f64};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Const, Value};

macro_rules! floating {
    ($types:ident, $name:literal, $keyword:literal, $variant:ident, $rust:ident, $get:ident, $parse:ident, $epsilon:literal, $code:literal) => {{
        fn parse(c: &Call<'_, '_>, styles: NumberStyles) -> R<Value> {
            check_styles($parse("", styles))?;
            Ok($parse(&c.str(0)?.to_utf8(), styles)?.into())
        }
        fn try_parse(c: &mut Call<'_, '_>, styles: NumberStyles, out: usize) -> R<Value> {
            let parsed = match c.opt_str(0)? {
                Some(text) => tried($parse(&text.to_utf8(), styles))?,
                None => tried($parse("", styles))?,
            };
            c.set(out, parsed.unwrap_or_default());
            Ok(parsed.is_some().into())
        }
        let mut t = $types.structure(concat!("System.", $name));
        t.base("IComparable").base("IFormattable");
        t.constant(concat!($keyword, " MaxValue"), Const::$variant($rust::MAX));
        t.constant(concat!($keyword, " MinValue"), Const::$variant($rust::MIN));
        t.constant(concat!($keyword, " Epsilon"), Const::$variant($epsilon));
        // .NET's NaN is the processor's, whose sign bit is set.
        t.constant(concat!($keyword, " NaN"), Const::$variant(-$rust::NAN));
        t.constant(
            concat!($keyword, " PositiveInfinity"),
            Const::$variant($rust::INFINITY),
        );
        t.constant(
            concat!($keyword, " NegativeInfinity"),
            Const::$variant($rust::NEG_INFINITY),
        );
        t.static_method(concat!("bool IsNaN(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_nan().into())
        });
        t.static_method(concat!("bool IsInfinity(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_infinite().into())
        });
        t.static_method(concat!("bool IsPositiveInfinity(", $keyword, " d)"), |c| {
            Ok((c.$get(0)? == $rust::INFINITY).into())
        });
        t.static_method(concat!("bool IsNegativeInfinity(", $keyword, " d)"), |c| {
            Ok((c.$get(0)? == $rust::NEG_INFINITY).into())
        });
        t.static_method(concat!("bool IsFinite(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_finite().into())
        });
        t.static_method(concat!("bool IsNegative(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_sign_negative().into())
        });
        t.static_method(concat!("bool IsNormal(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_normal().into())
        });
        t.static_method(concat!("bool IsSubnormal(", $keyword, " d)"), |c| {
            Ok(c.$get(0)?.is_subnormal().into())
        });
        t.static_method(concat!($keyword, " Parse(string s)"), |c| {
            parse(c, NumberStyles::FLOAT_AND_THOUSANDS)
        });
        t.static_method(
            concat!($keyword, " Parse(string s, IFormatProvider provider)"),
            |c| parse(c, NumberStyles::FLOAT_AND_THOUSANDS),
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
            |c| try_parse(c, NumberStyles::FLOAT_AND_THOUSANDS, 1),
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
            compare_to(c)
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

pub(super) fn define(types: &mut Types) {
    // The smallest subnormals, which is what .NET calls epsilon.
    floating!(
        types, "Single", "float", Single, f32, float, parse_f32, 1e-45, 13
    );
    floating!(
        types, "Double", "double", Double, f64, double, parse_f64, 5e-324, 14
    );
}
