//! Numbers to text: `ToString()`, standard formats (C D E F G N P R X with a precision) and the way into custom ones.
//!
//! Any numeric .NET value and a format string flow in, invariant-culture text flows out. Output is bounded: a precision
//! above [`MAX_PRECISION`] is refused, so no format string can ask for gigabytes.

use rust_decimal::Decimal;

use super::number_buffer::{NumberBuffer, NumberKind};
use super::number_custom::format_custom;
use super::{Error, Result};

/// The largest precision a format may ask for; .NET allows 999,999,999, which no policy needs.
pub const MAX_PRECISION: u32 = 10_000;

/// A number of any .NET numeric type, as formatting sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // each is the .NET type of the same width
pub enum Number {
    I8(i8),
    U8(u8),
    I16(i16),
    U16(u16),
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Decimal(Decimal),
}

macro_rules! from_primitive {
    ($($variant:ident $type:ty),*) => { $(impl From<$type> for Number {
        fn from(value: $type) -> Self { Self::$variant(value) }
    })* };
}
from_primitive!(I8 i8, U8 u8, I16 i16, U16 u16, I32 i32, U32 u32, I64 i64, U64 u64, F32 f32, F64 f64, Decimal Decimal);

impl Number {
    /// The value as an integer with its width in bits, when it is one.
    fn integer(self) -> Option<(i128, u32)> {
        Some(match self {
            Self::I8(v) => (v.into(), 8),
            Self::U8(v) => (v.into(), 8),
            Self::I16(v) => (v.into(), 16),
            Self::U16(v) => (v.into(), 16),
            Self::I32(v) => (v.into(), 32),
            Self::U32(v) => (v.into(), 32),
            Self::I64(v) => (v.into(), 64),
            Self::U64(v) => (v.into(), 64),
            Self::F32(_) | Self::F64(_) | Self::Decimal(_) => return None,
        })
    }
}

/// `double.ToString()`: the shortest text that reads back as the same number.
pub fn double_text(value: f64) -> String {
    match non_finite(value) {
        Some(text) => text.to_owned(),
        None => general_shortest(NumberBuffer::shortest_f64(value), SHORTEST_DOUBLE_DIGITS),
    }
}

/// `float.ToString()`: the shortest text that reads back as the same number.
pub fn float_text(value: f32) -> String {
    match non_finite(value.into()) {
        Some(text) => text.to_owned(),
        None => general_shortest(NumberBuffer::shortest_f32(value), SHORTEST_FLOAT_DIGITS),
    }
}

/// Up to this many integer digits, shortest text is written plainly and not as `1E+NN`.
const SHORTEST_DOUBLE_DIGITS: i32 = 17;
const SHORTEST_FLOAT_DIGITS: i32 = 9;

fn general_shortest(number: NumberBuffer, plain_digits: i32) -> String {
    let mut out = String::new();
    push_sign(&mut out, &number);
    let limit = plain_digits.max(number.digits.len() as i32);
    push_general(&mut out, &number, limit, 'E');
    out
}

/// `decimal.ToString()`: plain digits, the scale's trailing zeros kept.
pub fn decimal_text(value: Decimal) -> String {
    let mantissa = value.mantissa();
    let scale = value.scale() as usize;
    let mut digits = mantissa.unsigned_abs().to_string();
    if digits.len() <= scale {
        digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    if mantissa < 0 {
        digits.insert(0, '-');
    }
    digits
}

/// `ToString()` without a format.
pub fn to_text(value: Number) -> String {
    match value {
        Number::I8(v) => v.to_string(),
        Number::U8(v) => v.to_string(),
        Number::I16(v) => v.to_string(),
        Number::U16(v) => v.to_string(),
        Number::I32(v) => v.to_string(),
        Number::U32(v) => v.to_string(),
        Number::I64(v) => v.to_string(),
        Number::U64(v) => v.to_string(),
        Number::F32(v) => float_text(v),
        Number::F64(v) => double_text(v),
        Number::Decimal(v) => decimal_text(v),
    }
}

/// `ToString(format)`. An empty format is `G`.
///
/// # Errors
/// `FormatException` for a specifier the type does not have.
pub fn format_number(value: Number, format: &str) -> Result<String> {
    if format.is_empty() {
        return Ok(to_text(value));
    }
    match parse_standard(format)? {
        Some((specifier, precision)) => format_standard(value, specifier, precision),
        None => Ok(custom(value, format)),
    }
}

/// Splits a standard format into its letter and precision; `None` says it is a custom one.
fn parse_standard(format: &str) -> Result<Option<(char, Option<u32>)>> {
    let mut bytes = format.bytes();
    let Some(letter) = bytes.next().filter(u8::is_ascii_alphabetic) else {
        return Ok(None);
    };
    // .NET takes one letter and up to nine digits, and stops reading at a NUL.
    let rest = format
        .get(1..)
        .unwrap_or_default()
        .split('\0')
        .next()
        .unwrap_or_default();
    if rest.is_empty() {
        return Ok(Some((letter.into(), None)));
    }
    if rest.len() > 9 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let precision: u32 = rest.parse().map_err(|_| Error::bad_specifier())?;
    if precision > MAX_PRECISION {
        return Err(Error::bad_specifier());
    }
    Ok(Some((letter.into(), Some(precision))))
}

fn format_standard(value: Number, specifier: char, precision: Option<u32>) -> Result<String> {
    if let Some((integer, bits)) = value.integer() {
        match specifier {
            'D' | 'd' => return Ok(pad_integer(integer, precision.unwrap_or(0))),
            'G' | 'g' if precision.unwrap_or(0) == 0 => return Ok(integer.to_string()),
            'X' | 'x' => {
                return Ok(hexadecimal(
                    integer,
                    bits,
                    specifier == 'X',
                    precision.unwrap_or(0),
                ));
            }
            // Older runtimes refuse `R` on integers; so does .NET Core 3.1.
            'R' | 'r' => return Err(Error::bad_specifier()),
            _ => {}
        }
    }
    if let Some(text) = non_finite_number(value) {
        return Ok(text.to_owned());
    }
    let upper = specifier.to_ascii_uppercase();
    let places = precision.map_or(2, |p| p as i32);
    let mut out = String::new();
    match upper {
        'C' => {
            let mut number = digits(value);
            number.round(number.scale + places);
            push_currency(&mut out, &number, places);
        }
        'F' | 'N' => {
            let mut number = digits(value);
            number.round(number.scale + places);
            push_sign(&mut out, &number);
            push_fixed(&mut out, &number, places, upper == 'N');
        }
        'P' => {
            let mut number = digits(value);
            number.scale += if number.digits.is_empty() { 0 } else { 2 };
            number.round(number.scale + places);
            push_sign(&mut out, &number);
            push_fixed(&mut out, &number, places, true);
            out.push_str(" %");
        }
        'E' => {
            let mut number = digits(value);
            let places = precision.map_or(6, |p| p as i32);
            number.round(places + 1);
            push_sign(&mut out, &number);
            push_scientific(&mut out, &number, places, specifier);
        }
        'G' if precision.is_none() => return Ok(lower_exponent(to_text(value), specifier)),
        'G' => return Ok(general(value, specifier, precision.unwrap_or(0))),
        'R' => match value {
            Number::F32(v) => return Ok(lower_exponent(float_text(v), specifier)),
            Number::F64(v) => return Ok(lower_exponent(double_text(v), specifier)),
            _ => return Err(Error::bad_specifier()),
        },
        _ => return Err(Error::bad_specifier()),
    }
    Ok(out)
}

fn lower_exponent(text: String, specifier: char) -> String {
    if specifier.is_ascii_lowercase() {
        text.replace('E', "e")
    } else {
        text
    }
}

fn general(value: Number, specifier: char, precision: u32) -> String {
    let exponent = if specifier == 'G' { 'E' } else { 'e' };
    if precision == 0 {
        return match value {
            Number::F32(v) => lower_exponent(float_text(v), specifier),
            Number::F64(v) => lower_exponent(double_text(v), specifier),
            _ => {
                let mut number = digits(value);
                let limit = number.digits.len() as i32;
                number.round(limit);
                let mut out = String::new();
                push_sign(&mut out, &number);
                push_general(&mut out, &number, limit, exponent);
                out
            }
        };
    }
    let mut number = digits(value);
    number.round(precision as i32);
    let mut out = String::new();
    push_sign(&mut out, &number);
    push_general(&mut out, &number, precision as i32, exponent);
    out
}

fn custom(value: Number, format: &str) -> String {
    if let Some(text) = non_finite_number(value) {
        return text.to_owned();
    }
    let mut number = digits(value);
    // .NET keeps the precision of custom formats at what the type guarantees.
    match value {
        Number::F64(_) => number.round(15),
        Number::F32(_) => number.round(7),
        _ => {}
    }
    format_custom(number, format)
}

/// All digits of a finite number, exactly.
fn digits(value: Number) -> NumberBuffer {
    match value {
        Number::F32(v) => NumberBuffer::exact(v.into()),
        Number::F64(v) => NumberBuffer::exact(v),
        Number::Decimal(v) => NumberBuffer::from_decimal(v),
        _ => {
            let integer = value.integer().map_or(0, |(v, _)| v);
            NumberBuffer::from_integer(
                integer < 0,
                u64::try_from(integer.unsigned_abs()).unwrap_or(u64::MAX),
            )
        }
    }
}

fn non_finite_number(value: Number) -> Option<&'static str> {
    match value {
        Number::F32(v) => non_finite(v.into()),
        Number::F64(v) => non_finite(v),
        _ => None,
    }
}

fn non_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        None
    }
}

fn pad_integer(value: i128, width: u32) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{digits:0>width$}", width = width as usize)
}

fn hexadecimal(value: i128, bits: u32, upper: bool, width: u32) -> String {
    // Negative numbers print as two's complement of their own width.
    let pattern = (value as u128) & ((1u128 << bits) - 1);
    let width = width as usize;
    if upper {
        format!("{pattern:0>width$X}")
    } else {
        format!("{pattern:0>width$x}")
    }
}

fn push_sign(out: &mut String, number: &NumberBuffer) {
    let hidden = number.kind != NumberKind::Float && number.is_zero();
    if number.negative && !hidden {
        out.push('-');
    }
}

/// Integer part (grouped by three on request) and exactly `places` fraction digits.
fn push_fixed(out: &mut String, number: &NumberBuffer, places: i32, grouped: bool) {
    if number.scale > 0 {
        for position in 0..number.scale {
            if grouped && position > 0 && (number.scale - position) % 3 == 0 {
                out.push(',');
            }
            out.push(number.digit(position).into());
        }
    } else {
        out.push('0');
    }
    if places > 0 {
        out.push('.');
        for place in 0..places {
            out.push(number.digit(number.scale + place).into());
        }
    }
}

fn push_currency(out: &mut String, number: &NumberBuffer, places: i32) {
    let negative = number.negative && !(number.kind != NumberKind::Float && number.is_zero());
    out.push_str(if negative { "(¤" } else { "¤" });
    push_fixed(out, number, places, true);
    if negative {
        out.push(')');
    }
}

fn push_scientific(out: &mut String, number: &NumberBuffer, places: i32, exponent: char) {
    out.push(number.digit(0).into());
    if places > 0 {
        out.push('.');
        for place in 1..=places {
            out.push(number.digit(place).into());
        }
    }
    let power = if number.is_zero() {
        0
    } else {
        number.scale - 1
    };
    push_exponent(out, power, exponent, 3, true);
}

/// Plain digits, or `d.dddE+NN` when the point lies outside `limit` digits.
fn push_general(out: &mut String, number: &NumberBuffer, limit: i32, exponent: char) {
    let scientific = number.scale > limit || number.scale < -3;
    let point = if scientific { 1 } else { number.scale };
    let mut next = 0;
    if point > 0 {
        while next < point {
            out.push(number.digit(next).into());
            next += 1;
        }
    } else {
        out.push('0');
    }
    if (next as usize) < number.digits.len() {
        out.push('.');
        for _ in point..0 {
            out.push('0');
        }
        while (next as usize) < number.digits.len() {
            out.push(number.digit(next).into());
            next += 1;
        }
    }
    if scientific {
        push_exponent(out, number.scale - 1, exponent, 2, true);
    }
}

/// `E+05`: letter, sign (a plus on request), at least `width` digits.
pub(crate) fn push_exponent(out: &mut String, power: i32, letter: char, width: usize, plus: bool) {
    out.push(letter);
    if power < 0 {
        out.push('-');
    } else if plus {
        out.push('+');
    }
    out.push_str(&format!("{:0>width$}", power.unsigned_abs()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    fn f(value: impl Into<Number>, format: &str) -> String {
        format_number(value.into(), format).unwrap_or_else(|e| e.to_string())
    }

    fn dec(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn integers_pad_group_and_turn_hexadecimal() {
        assert_eq!(f(42, "D5"), "00042");
        assert_eq!(f(-42, "D5"), "-00042");
        assert_eq!(f(255, "x"), "ff");
        assert_eq!(f(255, "X4"), "00FF");
        assert_eq!(f(-1, "x"), "ffffffff");
        assert_eq!(f(-1i8, "X"), "FF");
        assert_eq!(f(1234567, "N0"), "1,234,567");
        assert_eq!(f(1234567, "G3"), "1.23E+06");
        assert_eq!(f(1200, "E1"), "1.2E+003");
        assert_eq!(f(i64::MIN, ""), "-9223372036854775808");
        assert_eq!(f(100, "G"), "100");
        assert_eq!(f(-5, "C"), "(¤5.00)");
    }

    #[test]
    fn doubles_print_shortest_round_trip_text() {
        assert_eq!(double_text(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(double_text(1.0 / 3.0), "0.3333333333333333");
        assert_eq!(double_text(1e20), "1E+20");
        assert_eq!(double_text(1e15), "1000000000000000");
        assert_eq!(double_text(1e-5), "1E-05");
        assert_eq!(double_text(0.0001), "0.0001");
        assert_eq!(double_text(1.5e-7), "1.5E-07");
        assert_eq!(double_text(-0.0), "-0");
        assert_eq!(double_text(f64::MAX), "1.7976931348623157E+308");
        assert_eq!(double_text(5e-324), "5E-324");
        assert_eq!(float_text(1.0 / 3.0), "0.33333334");
        assert_eq!(float_text(0.1), "0.1");
        assert_eq!(double_text(f64::NEG_INFINITY), "-Infinity");
    }

    #[test]
    fn fixed_formats_round_the_exact_binary_value() {
        assert_eq!(f(2.675, "F2"), "2.67");
        assert_eq!(f(1.005, "F2"), "1.00");
        assert_eq!(f(3.14259, "F"), "3.14");
        assert_eq!(f(3.14259, "F0"), "3");
        assert_eq!(f(3.5, "F0"), "4");
        assert_eq!(f(1234567.891, "N"), "1,234,567.89");
        assert_eq!(f(1234567.891, "N0"), "1,234,568");
        assert_eq!(f(0.5, "P"), "50.00 %");
        assert_eq!(f(0.1234, "P1"), "12.3 %");
        assert_eq!(f(1234.5678, "E2"), "1.23E+003");
        assert_eq!(f(12345.678, "G4"), "1.235E+04");
        assert_eq!(f(0.1 + 0.2, "G17"), "0.30000000000000004");
        assert_eq!(f(1.0 / 3.0, "G15"), "0.333333333333333");
        assert_eq!(f(1f32 / 3.0, "R"), "0.33333334");
        assert_eq!(f(0.0, "E0"), "0E+000");
        assert_eq!(f(0.0, "P"), "0.00 %");
        assert_eq!(f(f64::NAN, "F2"), "NaN");
    }

    #[test]
    fn decimals_keep_their_scale_unless_told_otherwise() {
        assert_eq!(decimal_text(dec("1.10")), "1.10");
        assert_eq!(decimal_text(dec("0.0000000001")), "0.0000000001");
        assert_eq!(decimal_text(dec("-0.05")), "-0.05");
        assert_eq!(decimal_text(Decimal::MAX), "79228162514264337593543950335");
        assert_eq!(f(dec("1.10"), "G29"), "1.1");
        assert_eq!(f(dec("2.345"), "F2"), "2.35");
        assert_eq!(f(dec("0.00"), ""), "0.00");
        assert_eq!(f(dec("-0.001"), "F2"), "0.00");
        assert_eq!(f(dec("1.10"), "G"), "1.10");
    }

    #[test]
    fn unknown_specifiers_are_format_exceptions() {
        for (value, format) in [
            (Number::F64(1.5), "D"),
            (Number::I32(42), "Q"),
            (Number::F64(1.5), "X"),
            (Number::I32(1), "R"),
        ] {
            assert_eq!(
                format_number(value, format).unwrap_err().kind,
                ErrorKind::Format
            );
        }
        assert_eq!(
            format_number(Number::I32(1), "D999999999")
                .unwrap_err()
                .kind,
            ErrorKind::Format
        );
    }
}
