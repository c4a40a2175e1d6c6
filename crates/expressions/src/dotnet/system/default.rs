//! `default(T)` as a value.

use crate::types::{Type, known};
use crate::value::{DateTime, DateTimeOffset, Record, TimeSpan, Value};

/// `default(T)`: zero of a value type, null of anything else.
pub(crate) fn default_of(ty: &Type) -> Value {
    match ty {
        Type::Tuple(tuple) => {
            Record::value(ty.clone(), tuple.elements.iter().map(default_of).collect())
        }
        Type::Named(def, args) => match *def {
            known::BOOLEAN => false.into(),
            known::CHAR => Value::Char(0),
            known::SBYTE => Value::SByte(0),
            known::BYTE => Value::Byte(0),
            known::INT16 => Value::Int16(0),
            known::UINT16 => Value::UInt16(0),
            known::INT32 => Value::Int32(0),
            known::UINT32 => Value::UInt32(0),
            known::INT64 => Value::Int64(0),
            known::UINT64 => Value::UInt64(0),
            known::SINGLE => Value::Single(0.0),
            known::DOUBLE => Value::Double(0.0),
            known::DECIMAL => Value::Decimal(rust_decimal::Decimal::ZERO),
            known::DATE_TIME => DateTime::default().into(),
            known::DATE_TIME_OFFSET => DateTimeOffset::default().into(),
            known::TIME_SPAN => TimeSpan::default().into(),
            known::GUID => uuid::Uuid::nil().into(),
            known::KEY_VALUE_PAIR => Record::value(
                ty.clone(),
                args.iter()
                    .flat_map(|args| args.iter())
                    .map(default_of)
                    .collect(),
            ),
            def if ty.is_enum() => Value::Enum(def, 0),
            _ if ty.is_value_type() => crate::dotnet::crypto::default_of(ty).unwrap_or_default(),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}
