//! `System.BitConverter`; little-endian, as every machine APIM runs on.

use crate::clr::bit_converter::{take, to_text};
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Const, Value};

macro_rules! number {
    ($t:ident, $keyword:literal, $name:literal, $get:ident, $rust:ty, $size:literal) => {
        $t.static_method(concat!("byte[] GetBytes(", $keyword, " value)"), |c| {
            Ok(collections::byte_array(c.$get(0)?.to_le_bytes().to_vec()))
        });
        $t.static_method(
            concat!($keyword, " ", $name, "(byte[] value, int startIndex)"),
            |c| {
                let bytes = take::<$size>(&c.bytes(0)?, c.int(1)?)?;
                Ok(<$rust>::from_le_bytes(bytes).into())
            },
        );
    };
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.BitConverter");
    t.constant("bool IsLittleEndian", Const::Bool(true));
    number!(t, "short", "ToInt16", short, i16, 2);
    number!(t, "ushort", "ToUInt16", ushort, u16, 2);
    number!(t, "int", "ToInt32", int, i32, 4);
    number!(t, "uint", "ToUInt32", uint, u32, 4);
    number!(t, "long", "ToInt64", long, i64, 8);
    number!(t, "ulong", "ToUInt64", ulong, u64, 8);
    number!(t, "float", "ToSingle", float, f32, 4);
    number!(t, "double", "ToDouble", double, f64, 8);
    t.static_method("byte[] GetBytes(bool value)", |c| {
        Ok(collections::byte_array(vec![u8::from(c.bool(0)?)]))
    });
    t.static_method("byte[] GetBytes(char value)", |c| {
        Ok(collections::byte_array(c.char(0)?.to_le_bytes().to_vec()))
    });
    t.static_method("bool ToBoolean(byte[] value, int startIndex)", |c| {
        let [byte] = take::<1>(&c.bytes(0)?, c.int(1)?)?;
        Ok((byte != 0).into())
    });
    t.static_method("char ToChar(byte[] value, int startIndex)", |c| {
        Ok(Value::Char(u16::from_le_bytes(take::<2>(
            &c.bytes(0)?,
            c.int(1)?,
        )?)))
    });
    t.static_method("string ToString(byte[] value)", |c| text(c, None, None));
    t.static_method("string ToString(byte[] value, int startIndex)", |c| {
        let start = c.int(1)?;
        text(c, Some(start), None)
    });
    t.static_method(
        "string ToString(byte[] value, int startIndex, int length)",
        |c| {
            let (start, length) = (c.int(1)?, c.int(2)?);
            text(c, Some(start), Some(length))
        },
    );
    t.static_method("long DoubleToInt64Bits(double value)", |c| {
        Ok(c.double(0)?.to_bits().cast_signed().into())
    });
    t.static_method("double Int64BitsToDouble(long value)", |c| {
        Ok(f64::from_bits(c.long(0)?.cast_unsigned()).into())
    });
    t.static_method("int SingleToInt32Bits(float value)", |c| {
        Ok(c.float(0)?.to_bits().cast_signed().into())
    });
    t.static_method("float Int32BitsToSingle(int value)", |c| {
        Ok(f32::from_bits(c.int(0)?.cast_unsigned()).into())
    });
}

fn text(c: &mut Call<'_, '_>, start: Option<i32>, length: Option<i32>) -> R<Value> {
    let bytes = c.bytes(0)?;
    c.rt.allocate(bytes.len().saturating_mul(3))?;
    let total = i32::try_from(bytes.len()).map_err(|_| Fault::overflow())?;
    let start = start.unwrap_or(0);
    Ok(to_text(
        &bytes,
        start,
        length.unwrap_or_else(|| total.saturating_sub(start.max(0)).max(0)),
    )?
    .into())
}

#[cfg(test)]
mod tests {
    use crate::dotnet::collections::byte_array;
    use crate::dotnet::probe::text;

    #[test]
    fn numbers_and_bytes() {
        assert_eq!(
            text(
                "System.BitConverter",
                "byte[] GetBytes(int value)",
                &[258.into()]
            ),
            "02010000"
        );
        assert_eq!(
            text(
                "System.BitConverter",
                "int ToInt32(byte[] value, int startIndex)",
                &[byte_array(vec![1, 0, 0, 0]), 0.into()]
            ),
            "1"
        );
        assert_eq!(
            text(
                "System.BitConverter",
                "int ToInt32(byte[] value, int startIndex)",
                &[byte_array(vec![1, 0]), 0.into()]
            ),
            "throws ArgumentException"
        );
        assert_eq!(
            text(
                "System.BitConverter",
                "string ToString(byte[] value)",
                &[byte_array(vec![1, 171])]
            ),
            "01-AB"
        );
        assert_eq!(
            text(
                "System.BitConverter",
                "string ToString(byte[] value, int startIndex)",
                &[byte_array(vec![1, 171]), 1.into()]
            ),
            "AB"
        );
        assert_eq!(
            text(
                "System.BitConverter",
                "long DoubleToInt64Bits(double value)",
                &[1.0.into()]
            ),
            "4607182418800017408"
        );
    }
}
