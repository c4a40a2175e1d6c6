//! `(int)element`, `(string)attribute` and so on: from XML's spelling of values.

use crate::clr::datetime_parse::{DateTimeStyles, parse_datetime, parse_datetimeoffset};
use crate::clr::number_parse::{self, IntegerType, NumberStyles};
use crate::clr::{self, guid};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, TypeBuilder, known};
use crate::value::{TimeSpan, Value};
use crate::xml::XNode;

fn convert(c: &mut Call<'_, '_>) -> R<Value> {
    let result = c.member.result.clone();
    let nullable = result.nullable_underlying().is_some();
    let Some(node) = c.opt_object::<XNode>(0)? else {
        return if nullable || result == Type::STRING {
            Ok(Value::Null)
        } else {
            Err(Fault::argument_null(c.parameter(0)))
        };
    };
    let value = node.value();
    if result == Type::STRING {
        c.rt.allocate(value.heap_size())?;
        return Ok(value.into());
    }
    let text = value.to_utf8();
    let now = c.rt.host.now();
    parse(
        result.unwrap_nullable(),
        text.trim_matches([' ', '\t', '\r', '\n']),
        now,
    )
}

fn parse(ty: &Type, text: &str, now: i64) -> R<Value> {
    let Type::Named(def, None) = ty else {
        return Ok(Value::Null);
    };
    let integer = |kind| number_parse::parse_integer(text, kind, NumberStyles::INTEGER);
    Ok(match *def {
        known::BOOLEAN => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => {
                return Err(Fault::format(&format!(
                    "The string '{text}' is not a valid Boolean value."
                )));
            }
        },
        // Each number is in range of its type by now.
        known::INT32 => i32::try_from(integer(IntegerType::Int32)?)
            .unwrap_or_default()
            .into(),
        known::UINT32 => u32::try_from(integer(IntegerType::UInt32)?)
            .unwrap_or_default()
            .into(),
        known::INT64 => i64::try_from(integer(IntegerType::Int64)?)
            .unwrap_or_default()
            .into(),
        known::UINT64 => u64::try_from(integer(IntegerType::UInt64)?)
            .unwrap_or_default()
            .into(),
        known::DOUBLE => match text {
            "INF" => f64::INFINITY.into(),
            "-INF" => f64::NEG_INFINITY.into(),
            _ => number_parse::parse_f64(text, NumberStyles::FLOAT)?.into(),
        },
        known::SINGLE => match text {
            "INF" => f32::INFINITY.into(),
            "-INF" => f32::NEG_INFINITY.into(),
            _ => number_parse::parse_f32(text, NumberStyles::FLOAT)?.into(),
        },
        known::DECIMAL => number_parse::parse_decimal(text, NumberStyles::NUMBER)?.into(),
        known::DATE_TIME => parse_datetime(text, DateTimeStyles::ROUNDTRIP_KIND, now)?.into(),
        known::DATE_TIME_OFFSET => parse_datetimeoffset(text, DateTimeStyles::NONE, now)?.into(),
        known::GUID => guid::parse(text)?.into(),
        known::TIME_SPAN => match duration(text) {
            Some(ticks) => TimeSpan(ticks).into(),
            None => {
                let message = format!("The string '{text}' is not a valid TimeSpan value.");
                return Err(clr::Error::format(message).into());
            }
        },
        _ => Value::Null,
    })
}

/// Ticks of an `xs:duration`; years and months count 365 and 30 days.
fn duration(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (date, time) = match rest.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (rest.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    const SECOND: i64 = 10_000_000;
    let day = 86_400 * SECOND;
    let date = sum(date, &[('Y', 365 * day), ('M', 30 * day), ('D', day)])?;
    let time = sum(
        time,
        &[('H', 3_600 * SECOND), ('M', 60 * SECOND), ('S', SECOND)],
    )?;
    date.checked_add(time)?.checked_mul(sign)
}

/// The parts of a duration, each with its unit, in this order.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    for (letter, ticks) in units {
        let Some((number, rest)) = text.split_once(*letter) else {
            continue;
        };
        text = rest;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if !fraction.is_empty() && *letter != 'S' {
            return None;
        }
        total = total.checked_add(
            whole
                .parse::<i64>()
                .ok()
                .filter(|n| *n >= 0)?
                .checked_mul(*ticks)?,
        )?;
        if !fraction.is_empty() {
            let digits: String = fraction
                .chars()
                .chain(std::iter::repeat('0'))
                .take(7)
                .collect();
            total = total.checked_add(digits.parse().ok()?)?;
        }
    }
    text.is_empty().then_some(total)
}

/// Declares the conversions of `XElement` or `XAttribute`.
pub(super) fn define(t: &mut TypeBuilder<'_>, signatures: [&'static str; 25]) {
    for signature in signatures {
        t.explicit(signature, convert);
    }
}

/// The conversions' signatures for a class.
macro_rules! signatures {
    ($class:literal, $parameter:literal) => {
        signatures!(@all $class $parameter;
            "string" "bool" "bool?" "int" "int?" "uint" "uint?" "long" "long?" "ulong" "ulong?" "float" "float?"
            "double" "double?" "decimal" "decimal?" "DateTime" "DateTime?" "DateTimeOffset" "DateTimeOffset?"
            "TimeSpan" "TimeSpan?" "Guid" "Guid?")
    };
    (@all $class:literal $parameter:literal; $($ty:literal)+) => {
        [$(concat!($ty, " (", $class, " ", $parameter, ")")),+]
    };
}
pub(super) use signatures;

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_read_by_their_units() {
        assert_eq!(duration("PT1M30S"), Some(900_000_000));
        assert_eq!(duration("-P1DT0.5S"), Some(-864_005_000_000));
        for text in ["P", "PT", "1D", "P1H", "PT1.5M", "P1D2"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
