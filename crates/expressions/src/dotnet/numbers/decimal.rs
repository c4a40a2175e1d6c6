//! `System.Decimal`: named operations and conversions. The operators are the language's.

use rust_decimal::Decimal;

use super::{
    check_styles, compare_to, compare_to_object, enum_result, equals, styles, to_text,
    to_text_with_format, tried,
};
use crate::clr::decimal::{
    MidpointRounding, add, bits, ceiling, divide, floor, from_f32, from_f64, from_parts, multiply,
    remainder, round, subtract, to_f32, to_f64, to_integer, truncate,
};
use crate::clr::number_parse::{IntegerType, NumberStyles, parse_decimal};
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Const, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Decimal");
    t.base("IComparable").base("IFormattable");
    t.constant("decimal Zero", Const::Decimal(Decimal::ZERO));
    t.constant("decimal One", Const::Decimal(Decimal::ONE));
    t.constant("decimal MinusOne", Const::Decimal(Decimal::NEGATIVE_ONE));
    t.constant("decimal MaxValue", Const::Decimal(Decimal::MAX));
    t.constant("decimal MinValue", Const::Decimal(Decimal::MIN));
    t.constructor("(int value)", |c| Ok(Decimal::from(c.int(0)?).into()));
    t.constructor("(uint value)", |c| Ok(Decimal::from(c.uint(0)?).into()));
    t.constructor("(long value)", |c| Ok(Decimal::from(c.long(0)?).into()));
    t.constructor("(ulong value)", |c| Ok(Decimal::from(c.ulong(0)?).into()));
    t.constructor("(float value)", |c| Ok(from_f32(c.float(0)?)?.into()));
    t.constructor("(double value)", |c| Ok(from_f64(c.double(0)?)?.into()));
    t.constructor(
        "(int lo, int mid, int hi, bool isNegative, byte scale)",
        |c| Ok(from_parts(c.int(0)?, c.int(1)?, c.int(2)?, c.bool(3)?, c.byte(4)?)?.into()),
    );
    t.constructor("(int[] bits)", from_bits);
    t.static_method("decimal Add(decimal d1, decimal d2)", |c| {
        Ok(add(c.decimal(0)?, c.decimal(1)?)?.into())
    });
    t.static_method("decimal Subtract(decimal d1, decimal d2)", |c| {
        Ok(subtract(c.decimal(0)?, c.decimal(1)?)?.into())
    });
    t.static_method("decimal Multiply(decimal d1, decimal d2)", |c| {
        Ok(multiply(c.decimal(0)?, c.decimal(1)?)?.into())
    });
    t.static_method("decimal Divide(decimal d1, decimal d2)", |c| {
        Ok(divide(c.decimal(0)?, c.decimal(1)?)?.into())
    });
    t.static_method("decimal Remainder(decimal d1, decimal d2)", |c| {
        Ok(remainder(c.decimal(0)?, c.decimal(1)?)?.into())
    });
    t.static_method("decimal Negate(decimal d)", |c| Ok((-c.decimal(0)?).into()));
    t.static_method("decimal Floor(decimal d)", |c| {
        Ok(floor(c.decimal(0)?).into())
    });
    t.static_method("decimal Ceiling(decimal d)", |c| {
        Ok(ceiling(c.decimal(0)?).into())
    });
    t.static_method("decimal Truncate(decimal d)", |c| {
        Ok(truncate(c.decimal(0)?).into())
    });
    t.static_method("decimal Round(decimal d)", |c| rounded(c, None, None));
    t.static_method("decimal Round(decimal d, int decimals)", |c| {
        rounded(c, Some(1), None)
    });
    t.static_method("decimal Round(decimal d, MidpointRounding mode)", |c| {
        rounded(c, None, Some(1))
    });
    t.static_method(
        "decimal Round(decimal d, int decimals, MidpointRounding mode)",
        |c| rounded(c, Some(1), Some(2)),
    );
    t.static_method("int Compare(decimal d1, decimal d2)", |c| compare_to(c));
    t.static_method("bool Equals(decimal d1, decimal d2)", |c| equals(c));
    t.static_method("int[] GetBits(decimal d)", |c| {
        let items = bits(c.decimal(0)?).into_iter().map(Value::Int32).collect();
        Ok(collections::array(Type::INT32, items))
    });
    t.static_method("sbyte ToSByte(decimal value)", |c| {
        Ok((whole(c, IntegerType::SByte)? as i8).into())
    });
    t.static_method("byte ToByte(decimal value)", |c| {
        Ok((whole(c, IntegerType::Byte)? as u8).into())
    });
    t.static_method("short ToInt16(decimal value)", |c| {
        Ok((whole(c, IntegerType::Int16)? as i16).into())
    });
    t.static_method("ushort ToUInt16(decimal value)", |c| {
        Ok((whole(c, IntegerType::UInt16)? as u16).into())
    });
    t.static_method("int ToInt32(decimal d)", |c| {
        Ok((whole(c, IntegerType::Int32)? as i32).into())
    });
    t.static_method("uint ToUInt32(decimal d)", |c| {
        Ok((whole(c, IntegerType::UInt32)? as u32).into())
    });
    t.static_method("long ToInt64(decimal d)", |c| {
        Ok((whole(c, IntegerType::Int64)? as i64).into())
    });
    t.static_method("ulong ToUInt64(decimal d)", |c| {
        Ok((whole(c, IntegerType::UInt64)? as u64).into())
    });
    t.static_method("float ToSingle(decimal d)", |c| {
        Ok(to_f32(c.decimal(0)?).into())
    });
    t.static_method("double ToDouble(decimal d)", |c| {
        Ok(to_f64(c.decimal(0)?).into())
    });
    t.static_method("long ToOACurrency(decimal value)", |c| {
        let scaled = multiply(c.decimal(0)?, Decimal::from(10_000))?;
        let rounded = round(scaled, 0, MidpointRounding::ToEven)?;
        Ok((to_integer(rounded, IntegerType::Int64)? as i64).into())
    });
    t.static_method("decimal FromOACurrency(long cy)", |c| {
        let amount = Decimal::new(c.long(0)?, 4);
        // Nothing is stripped from zero.
        Ok(if amount.is_zero() {
            amount
        } else {
            amount.normalize()
        }
        .into())
    });
    t.static_method("decimal Parse(string s)", |c| {
        parse(c, NumberStyles::NUMBER)
    });
    t.static_method("decimal Parse(string s, IFormatProvider provider)", |c| {
        parse(c, NumberStyles::NUMBER)
    });
    t.static_method("decimal Parse(string s, NumberStyles style)", |c| {
        parse(c, styles(c, 1)?)
    });
    t.static_method(
        "decimal Parse(string s, NumberStyles style, IFormatProvider provider)",
        |c| parse(c, styles(c, 1)?),
    );
    t.static_method("bool TryParse(string s, out decimal result)", |c| {
        try_parse(c, NumberStyles::NUMBER, 1)
    });
    t.static_method(
        "bool TryParse(string s, NumberStyles style, IFormatProvider provider, out decimal result)",
        |c| {
            let styles = styles(c, 1)?;
            try_parse(c, styles, 3)
        },
    );
    t.method("int CompareTo(decimal value)", |c| compare_to(c));
    t.method("int CompareTo(object value)", |c| {
        compare_to_object(c, "Decimal")
    });
    t.method("bool Equals(decimal value)", |c| equals(c));
    t.method("string ToString(string format)", to_text_with_format);
    t.method(
        "string ToString(string format, IFormatProvider provider)",
        to_text_with_format,
    );
    t.method("string ToString(IFormatProvider provider)", to_text);
    t.method("TypeCode GetTypeCode()", |c| Ok(enum_result(c, 15)));
}

fn whole(c: &Call<'_, '_>, target: IntegerType) -> R<i128> {
    Ok(to_integer(c.decimal(0)?, target)?)
}

fn rounded(c: &Call<'_, '_>, decimals: Option<usize>, mode: Option<usize>) -> R<Value> {
    let decimals = decimals.map_or(Ok(0), |i| c.int(i))?;
    let mode = match mode {
        Some(i) => MidpointRounding::from_value(i32::try_from(c.enumeration(i)?).unwrap_or(-1))?,
        None => MidpointRounding::ToEven,
    };
    Ok(round(c.decimal(0)?, decimals, mode)?.into())
}

fn from_bits(c: &mut Call<'_, '_>) -> R<Value> {
    let parts: Vec<i32> = collections::elements_of(&c.required(0)?)
        .unwrap_or_default()
        .iter()
        .filter_map(|v| {
            if let Value::Int32(n) = v {
                Some(*n)
            } else {
                None
            }
        })
        .collect();
    let invalid = || {
        Fault::new(
            "System.ArgumentException",
            "Decimal byte array constructor requires an array of length four containing valid decimal bytes.",
        )
    };
    let [low, middle, high, flags] = parts.as_slice() else {
        return Err(invalid());
    };
    let scale = (*flags >> 16) & 0xff;
    if flags & 0x7f00_ffff != 0 || scale > 28 {
        return Err(invalid());
    }
    Ok(from_parts(*low, *middle, *high, *flags < 0, scale as u8)?.into())
}

fn parse(c: &Call<'_, '_>, styles: NumberStyles) -> R<Value> {
    check_styles(parse_decimal("", styles))?;
    Ok(parse_decimal(&c.str(0)?.to_utf8(), styles)?.into())
}

fn try_parse(c: &mut Call<'_, '_>, styles: NumberStyles, out: usize) -> R<Value> {
    let parsed = match c.opt_str(0)? {
        Some(text) => tried(parse_decimal(&text.to_utf8(), styles))?,
        None => tried(parse_decimal("", styles))?,
    };
    c.set(out, parsed.unwrap_or_default());
    Ok(parsed.is_some().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotnet::probe::text;

    fn d(text: &str) -> Value {
        Value::Decimal(Decimal::from_str_exact(text).unwrap())
    }

    #[test]
    fn named_operations() {
        assert_eq!(
            text("System.Decimal", "decimal Round(decimal d)", &[d("2.5")]),
            "2"
        );
        assert_eq!(
            text("System.Decimal", "int ToInt32(decimal d)", &[d("3.99")]),
            "3"
        );
        assert_eq!(
            text("System.Decimal", "int[] GetBits(decimal d)", &[d("1.10")]),
            "[110, 0, 0, 131072]"
        );
        assert_eq!(
            text(
                "System.Decimal",
                "decimal Divide(decimal d1, decimal d2)",
                &[d("1"), d("0")]
            ),
            "throws DivideByZeroException"
        );
        let bits = collections::array(
            Type::INT32,
            vec![110.into(), 0.into(), 0.into(), 131_072.into()],
        );
        assert_eq!(text("System.Decimal", "(int[] bits)", &[bits]), "1.10");
        let bad = collections::array(Type::INT32, vec![1.into()]);
        assert_eq!(
            text("System.Decimal", "(int[] bits)", &[bad]),
            "throws ArgumentException"
        );
        assert_eq!(
            text(
                "System.Decimal",
                "long ToOACurrency(decimal value)",
                &[d("1.23456")]
            ),
            "12346"
        );
    }
}
