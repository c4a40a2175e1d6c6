//! `System.Convert`.

use super::conversions::{to_boolean, to_date, to_decimal, to_double, to_integer, to_single};
use crate::clr::convert::{from_base64, parse_in_base, text_in_base, to_base64};
use crate::clr::number_parse::IntegerType;
use crate::dotnet::collections;
use crate::dotnet::numbers::enum_result;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, TypeBuilder, Types, known, relations};
use crate::value::{Str, TypeObject, Value};

/// Declares one conversion for every source type; what a text is read with where a provider is given may be another.
macro_rules! from_all {
    ($t:ident, $result:literal, $name:literal, $run:expr) => {
        from_all!($t, $result, $name, $run, $run);
    };
    ($t:ident, $result:literal, $name:literal, $run:expr, $text:expr) => {
        from_all!(@each $t, $result, $name, $run, "object", "bool", "char", "sbyte", "byte", "short", "ushort", "int", "uint",
            "long", "ulong", "float", "double", "decimal", "DateTime", "string");
        $t.static_method(concat!($result, " ", $name, "(object value, IFormatProvider provider)"), $run);
        $t.static_method(concat!($result, " ", $name, "(string value, IFormatProvider provider)"), $text);
    };
    (@each $t:ident, $result:literal, $name:literal, $run:expr, $($source:literal),+) => { $(
        $t.static_method(concat!($result, " ", $name, "(", $source, " value)"), $run);
    )+ };
}

macro_rules! integer {
    ($t:ident, $keyword:literal, $name:literal, $variant:ident, $rust:ty) => {
        integer!($t, $keyword, $name, $variant, $rust, |c| Ok((to_integer(
            &c.value(0),
            IntegerType::$variant
        )? as $rust)
            .into()));
    };
    ($t:ident, $keyword:literal, $name:literal, $variant:ident, $rust:ty, $text:expr) => {
        from_all!(
            $t,
            $keyword,
            $name,
            |c| Ok((to_integer(&c.value(0), IntegerType::$variant)? as $rust).into()),
            $text
        );
        $t.static_method(
            concat!($keyword, " ", $name, "(string value, int fromBase)"),
            |c| {
                let base = c.int(1)?;
                let number = match c.opt_str(0)? {
                    Some(text) => parse_in_base(&text.to_utf8(), base, IntegerType::$variant)?,
                    // The base is looked at first.
                    None => parse_in_base("0", base, IntegerType::$variant)?,
                };
                Ok((number as $rust).into())
            },
        );
    };
}

pub(super) fn define(types: &mut Types) {
    types.enumeration(
        "System.Base64FormattingOptions",
        &[("None", 0), ("InsertLineBreaks", 1)],
    );
    let mut t = types.static_class("System.Convert");
    t.reads_texts();
    integer!(t, "sbyte", "ToSByte", SByte, i8, |c| {
        // This one alone parses without a look whether there is a text.
        if c.value(0).is_null() {
            return Err(Fault::argument_null("s"));
        }
        Ok((to_integer(&c.value(0), IntegerType::SByte)? as i8).into())
    });
    integer!(t, "byte", "ToByte", Byte, u8);
    integer!(t, "short", "ToInt16", Int16, i16);
    integer!(t, "ushort", "ToUInt16", UInt16, u16);
    integer!(t, "int", "ToInt32", Int32, i32);
    integer!(t, "uint", "ToUInt32", UInt32, u32);
    integer!(t, "long", "ToInt64", Int64, i64);
    integer!(t, "ulong", "ToUInt64", UInt64, u64);
    from_all!(t, "char", "ToChar", to_char);
    from_all!(t, "double", "ToDouble", |c| Ok(
        to_double(&c.value(0))?.into()
    ));
    from_all!(t, "float", "ToSingle", |c| Ok(
        to_single(&c.value(0))?.into()
    ));
    from_all!(t, "decimal", "ToDecimal", |c| Ok(
        to_decimal(&c.value(0))?.into()
    ));
    from_all!(t, "bool", "ToBoolean", |c| Ok(
        to_boolean(&c.value(0))?.into()
    ));
    from_all!(t, "DateTime", "ToDateTime", |c| Ok(to_date(
        c.rt,
        &c.value(0)
    )?
    .into()));
    text(&mut t);
    base64(&mut t);
    t.static_method(
        "object ChangeType(object value, Type conversionType)",
        |c| {
            let target = c.object::<TypeObject>(1)?;
            let value = c.value(0);
            change_type(c.rt, &value, &target.0)
        },
    );
    t.static_method(
        "object ChangeType(object value, Type conversionType, IFormatProvider provider)",
        |c| {
            let target = c.object::<TypeObject>(1)?;
            let value = c.value(0);
            change_type(c.rt, &value, &target.0)
        },
    );
    t.static_method("object ChangeType(object value, TypeCode typeCode)", |c| {
        let (code, value) = (c.enumeration(1)?, c.value(0));
        const EMPTY: i64 = 0;
        const OBJECT: i64 = 1;
        const DB_NULL: i64 = 2;
        let refused = match code {
            EMPTY => !value.is_null(),
            DB_NULL => true,
            OBJECT => !value.is_null() && !convertible(&value),
            3..=16 | 18 => false,
            _ if value.is_null() || !convertible(&value) => true,
            _ => return Err(Fault::argument("Unknown TypeCode value.", "")),
        };
        if refused {
            return Err(Fault::new(
                "System.InvalidCastException",
                "Object cannot be cast to this type.",
            ));
        }
        let target = type_of_code(code);
        change_type(c.rt, &value, &target)
    });
    t.static_method("TypeCode GetTypeCode(object value)", |c| {
        Ok(enum_result(c, code_of(&c.value(0))))
    });
    t.static_method("bool IsDBNull(object value)", |_| Ok(false.into()));
}

fn to_char(c: &mut Call<'_, '_>) -> R<Value> {
    let value = c.value(0);
    let from_text = c
        .member
        .parameters
        .first()
        .is_some_and(|p| p.ty == Type::STRING);
    if value.is_null() && from_text {
        return Err(Fault::argument_null("value"));
    }
    Ok(Value::Char(to_integer(&value, IntegerType::Char)? as u16))
}

fn text(t: &mut TypeBuilder<'_>) {
    from_all!(t, "string", "ToString", |c| {
        let value = c.value(0);
        let from_text = c
            .member
            .parameters
            .first()
            .is_some_and(|p| p.ty == Type::STRING);
        if value.is_null() && from_text {
            return Ok(Value::Null);
        }
        Ok(c.rt.to_text(&value)?.into())
    });
    for signature in [
        "string ToString(bool value, IFormatProvider provider)",
        "string ToString(char value, IFormatProvider provider)",
        "string ToString(sbyte value, IFormatProvider provider)",
        "string ToString(byte value, IFormatProvider provider)",
        "string ToString(short value, IFormatProvider provider)",
        "string ToString(ushort value, IFormatProvider provider)",
        "string ToString(int value, IFormatProvider provider)",
        "string ToString(uint value, IFormatProvider provider)",
        "string ToString(long value, IFormatProvider provider)",
        "string ToString(ulong value, IFormatProvider provider)",
        "string ToString(float value, IFormatProvider provider)",
        "string ToString(double value, IFormatProvider provider)",
        "string ToString(decimal value, IFormatProvider provider)",
        "string ToString(DateTime value, IFormatProvider provider)",
    ] {
        t.static_method(signature, |c| {
            let value = c.value(0);
            Ok(c.rt.to_text(&value)?.into())
        });
    }
    t.static_method("string ToString(byte value, int toBase)", |c| in_base(c, 8));
    t.static_method("string ToString(short value, int toBase)", |c| {
        in_base(c, 16)
    });
    t.static_method("string ToString(int value, int toBase)", |c| in_base(c, 32));
    t.static_method("string ToString(long value, int toBase)", |c| {
        in_base(c, 64)
    });
}

fn in_base(c: &Call<'_, '_>, bits: u32) -> R<Value> {
    let number = c.value(0).as_integer().unwrap_or_default();
    Ok(text_in_base(number, bits, c.int(1)?)?.into())
}

fn base64(t: &mut TypeBuilder<'_>) {
    t.static_method("string ToBase64String(byte[] inArray)", |c| {
        encode(c, None, None)
    });
    t.static_method(
        "string ToBase64String(byte[] inArray, Base64FormattingOptions options)",
        |c| encode(c, None, Some(1)),
    );
    t.static_method(
        "string ToBase64String(byte[] inArray, int offset, int length)",
        |c| encode(c, Some((1, 2)), None),
    );
    t.static_method("string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options)", |c| {
        encode(c, Some((1, 2)), Some(3))
    });
    t.static_method("byte[] FromBase64String(string s)", |c| {
        let text = c.str(0)?;
        c.rt.allocate(text.len())?;
        Ok(collections::byte_array(from_base64(&text.to_utf8())?))
    });
    t.static_method(
        "byte[] FromBase64CharArray(char[] inArray, int offset, int length)",
        |c| {
            let units: Vec<u16> = collections::elements_of(&c.required(0)?)
                .unwrap_or_default()
                .iter()
                .filter_map(|v| {
                    if let Value::Char(unit) = v {
                        Some(*unit)
                    } else {
                        None
                    }
                })
                .collect();
            let range = slice(&units, c.int(1)?, c.int(2)?)?;
            c.rt.allocate(range.len())?;
            Ok(collections::byte_array(from_base64(
                &Str::from_units(range).to_utf8(),
            )?))
        },
    );
}

fn encode(c: &mut Call<'_, '_>, range: Option<(usize, usize)>, options: Option<usize>) -> R<Value> {
    let bytes = c.bytes(0)?;
    let part = match range {
        Some((offset, length)) => slice(&bytes, c.int(offset)?, c.int(length)?)?,
        None => &bytes,
    };
    let breaks = match options {
        Some(index) => match c.enumeration(index)? {
            option @ (0 | 1) => option == 1,
            other => {
                return Err(Fault::argument(
                    &format!("Illegal enum value: {other}."),
                    "options",
                ));
            }
        },
        None => false,
    };
    c.rt.allocate(part.len() / 3 * 4 + 4)?;
    Ok(to_base64(part, breaks).into())
}

fn slice<T>(items: &[T], offset: i32, length: i32) -> R<&[T]> {
    let length = usize::try_from(length)
        .map_err(|_| Fault::out_of_range("length", "Index was out of range. Must be non-negative and less than the size of the collection."))?;
    let start = usize::try_from(offset)
        .map_err(|_| Fault::out_of_range("offset", "Value must be positive."))?;
    start
        .checked_add(length)
        .and_then(|end| items.get(start..end))
        .ok_or_else(|| {
            Fault::out_of_range(
                "offset",
                "Offset and length must refer to a position in the string.",
            )
        })
}

fn type_of_code(code: i64) -> Type {
    match code {
        3 => Type::BOOL,
        4 => Type::CHAR,
        5 => Type::SBYTE,
        6 => Type::BYTE,
        7 => Type::INT16,
        8 => Type::UINT16,
        9 => Type::INT32,
        10 => Type::UINT32,
        11 => Type::INT64,
        12 => Type::UINT64,
        13 => Type::SINGLE,
        14 => Type::DOUBLE,
        15 => Type::DECIMAL,
        16 => Type::Named(known::DATE_TIME, None),
        18 => Type::STRING,
        _ => Type::OBJECT,
    }
}

fn code_of(value: &Value) -> i64 {
    if value.is_null() {
        return 0;
    }
    let ty = match value {
        Value::Json(token) => {
            return match crate::dotnet::json::scalar_value(token) {
                Some(held) => code_of(&held),
                None => 1,
            };
        }
        Value::Enum(..) => Type::INT32,
        other => other.type_of(),
    };
    (3..=18)
        .find(|code| type_of_code(*code) == ty && ty != Type::OBJECT)
        .unwrap_or(1)
}

/// Whether the value's type has `IConvertible`: simple values, enumerations and `JValue`.
fn convertible(value: &Value) -> bool {
    match value {
        Value::Json(token) => token.scalar().is_some(),
        Value::Object(_)
        | Value::Host(_)
        | Value::Guid(_)
        | Value::TimeSpan(_)
        | Value::DateTimeOffset(_) => false,
        _ => true,
    }
}

/// `Convert.ChangeType`: exact for the type itself, a conversion for the simple types, refused otherwise.
fn change_type(rt: &mut Runtime<'_>, value: &Value, target: &Type) -> R<Value> {
    if value.is_null() {
        return if target.is_value_type() || target.is(known::NULLABLE) {
            Err(Fault::new(
                "System.InvalidCastException",
                "Null object cannot be converted to a value type.",
            ))
        } else {
            Ok(Value::Null)
        };
    }
    Ok(match target {
        t if *t == value.type_of() => value.clone(),
        other if !convertible(value) => {
            return Err(crate::clr::Error::invalid_cast(
                &value.type_of().full_name(),
                &other.full_name(),
            )
            .into());
        }
        t if *t == Type::OBJECT => value.clone(),
        t if matches!(value, Value::Enum(..)) && t.def().is_some_and(|d| &*d.name == "Enum") => {
            value.clone()
        }
        t if *t == Type::BOOL => to_boolean(value)?.into(),
        t if *t == Type::CHAR => Value::Char(to_integer(value, IntegerType::Char)? as u16),
        t if *t == Type::SBYTE => (to_integer(value, IntegerType::SByte)? as i8).into(),
        t if *t == Type::BYTE => (to_integer(value, IntegerType::Byte)? as u8).into(),
        t if *t == Type::INT16 => (to_integer(value, IntegerType::Int16)? as i16).into(),
        t if *t == Type::UINT16 => (to_integer(value, IntegerType::UInt16)? as u16).into(),
        t if *t == Type::INT32 => (to_integer(value, IntegerType::Int32)? as i32).into(),
        t if *t == Type::UINT32 => (to_integer(value, IntegerType::UInt32)? as u32).into(),
        t if *t == Type::INT64 => (to_integer(value, IntegerType::Int64)? as i64).into(),
        t if *t == Type::UINT64 => (to_integer(value, IntegerType::UInt64)? as u64).into(),
        t if *t == Type::SINGLE => to_single(value)?.into(),
        t if *t == Type::DOUBLE => to_double(value)?.into(),
        t if *t == Type::DECIMAL => to_decimal(value)?.into(),
        t if *t == Type::Named(known::DATE_TIME, None) => to_date(rt, value)?.into(),
        t if *t == Type::STRING => rt.to_text(value)?.into(),
        other if matches!(value, Value::Json(_)) => {
            let Value::Json(token) = value else {
                return Ok(Value::Null);
            };
            // A token stays one, of whatever class.
            if relations::is_assignable(other, &Type::Named(known::JTOKEN, None)) {
                return Ok(value.clone());
            }
            return crate::dotnet::json::to_object(rt, token, other);
        }
        other => {
            return Err(crate::clr::Error::invalid_cast(
                &value.type_of().full_name(),
                &other.full_name(),
            )
            .into());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::datetime::DateTime;
    use crate::dotnet::probe::text;

    fn convert(signature: &str, value: impl Into<Value>) -> String {
        text("System.Convert", signature, &[value.into()])
    }

    #[test]
    fn numbers_round_and_check() {
        assert_eq!(convert("int ToInt32(double value)", 2.5), "2");
        assert_eq!(convert("int ToInt32(string value)", Value::Null), "0");
        assert_eq!(convert("int ToInt32(object value)", Value::Null), "0");
        assert_eq!(
            convert("int ToInt32(string value)", ""),
            "throws FormatException"
        );
        assert_eq!(
            convert("int ToInt32(long value)", 3_000_000_000i64),
            "throws OverflowException"
        );
        assert_eq!(
            convert("int ToInt32(DateTime value)", DateTime::MIN),
            "throws InvalidCastException"
        );
        assert_eq!(
            convert("byte ToByte(int value)", 300),
            "throws OverflowException"
        );
        assert_eq!(
            convert("uint ToUInt32(int value)", -1),
            "throws OverflowException"
        );
        assert_eq!(convert("int ToInt32(char value)", Value::Char(65)), "65");
        assert_eq!(convert("double ToDouble(string value)", "1.5"), "1.5");
        assert_eq!(
            convert("double ToDouble(char value)", Value::Char(65)),
            "throws InvalidCastException"
        );
        assert_eq!(convert("decimal ToDecimal(double value)", 0.1), "0.1");
    }

    #[test]
    fn booleans_characters_and_dates() {
        assert_eq!(convert("bool ToBoolean(string value)", "TRUE "), "True");
        assert_eq!(
            convert("bool ToBoolean(string value)", "1"),
            "throws FormatException"
        );
        assert_eq!(convert("bool ToBoolean(int value)", 1), "True");
        assert_eq!(
            convert("bool ToBoolean(char value)", Value::Char(97)),
            "throws InvalidCastException"
        );
        assert_eq!(convert("char ToChar(int value)", 65), "A");
        assert_eq!(
            convert("char ToChar(string value)", "AB"),
            "throws FormatException"
        );
        assert_eq!(
            convert("char ToChar(string value)", Value::Null),
            "throws ArgumentNullException"
        );
        assert_eq!(
            convert("DateTime ToDateTime(string value)", "2024-01-02"),
            "01/02/2024 00:00:00"
        );
        assert_eq!(
            convert("DateTime ToDateTime(string value)", Value::Null),
            "01/01/0001 00:00:00"
        );
    }

    #[test]
    fn text_and_base64() {
        assert_eq!(
            convert("string ToString(string value)", Value::Null),
            "null"
        );
        assert_eq!(convert("string ToString(object value)", Value::Null), "");
        assert_eq!(
            text(
                "System.Convert",
                "string ToString(int value, int toBase)",
                &[255.into(), 16.into()]
            ),
            "ff"
        );
        assert_eq!(
            convert("byte[] FromBase64String(string s)", "AQ ID\nBA=="),
            "01020304"
        );
        assert_eq!(
            convert("byte[] FromBase64String(string s)", "a-_b"),
            "throws FormatException"
        );
        assert_eq!(
            convert(
                "string ToBase64String(byte[] inArray)",
                collections::byte_array(vec![1, 2, 3, 4])
            ),
            "AQIDBA=="
        );
    }

    #[test]
    fn change_type_follows_the_target() {
        let change = |value: Value, ty: Type| {
            text(
                "System.Convert",
                "object ChangeType(object value, Type conversionType)",
                &[value, Value::object(TypeObject(ty))],
            )
        };
        assert_eq!(change("5".into(), Type::INT32), "5");
        assert_eq!(change("x".into(), Type::INT32), "throws FormatException");
        assert_eq!(
            change(Value::Null, Type::INT32),
            "throws InvalidCastException"
        );
        assert_eq!(
            change(5.into(), Type::Named(known::GUID, None)),
            "throws InvalidCastException"
        );
    }
}
