//! Text to numbers: `Parse` and `TryParse` of the numeric types and `bool`, with `NumberStyles`, invariant culture.
//!
//! Text flows in, exact values or .NET's `FormatException` and `OverflowException` flow out.

use rust_decimal::Decimal;

pub use super::number_types::{IntegerType, NumberStyles};
use super::{Error, Result};
/// What a text says before it becomes a number of a type.
struct Scanned {
    /// ASCII digits from the first significant one on (for decimals, from the point on where that comes first).
    digits: Vec<u8>,
    /// Position of the decimal point relative to the first digit.
    scale: i64,
    negative: bool,
}

fn is_white(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// Reads a number of the given styles; `None` for anything else.
fn scan(text: &str, styles: NumberStyles, keep_zeros: bool) -> Option<Scanned> {
    const CURRENCY: &str = "¤";
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied();
    let currency_at = |i: usize| {
        styles.has(NumberStyles::ALLOW_CURRENCY_SYMBOL)
            && text.get(i..).is_some_and(|rest| rest.starts_with(CURRENCY))
    };
    let (mut i, mut sign_seen, mut negative, mut parenthesis, mut currency) =
        (0, false, false, false, false);
    loop {
        match at(i) {
            Some(c)
                if is_white(c)
                    && styles.has(NumberStyles::ALLOW_LEADING_WHITE)
                    && (!sign_seen || currency) =>
            {
                i += 1
            }
            Some(c @ (b'+' | b'-'))
                if styles.has(NumberStyles::ALLOW_LEADING_SIGN) && !sign_seen =>
            {
                sign_seen = true;
                negative = c == b'-';
                i += 1;
            }
            Some(b'(') if styles.has(NumberStyles::ALLOW_PARENTHESES) && !sign_seen => {
                sign_seen = true;
                parenthesis = true;
                negative = true;
                i += 1;
            }
            _ if !currency && currency_at(i) => {
                currency = true;
                i += CURRENCY.len();
            }
            _ => break,
        }
    }

    let mut digits = Vec::new();
    let (mut scale, mut any, mut point) = (0i64, false, false);
    loop {
        match at(i) {
            Some(c) if c.is_ascii_digit() => {
                any = true;
                if c != b'0' || !digits.is_empty() {
                    digits.push(c);
                    if !point {
                        scale += 1;
                    }
                } else if point {
                    if keep_zeros {
                        digits.push(c);
                    } else {
                        scale -= 1;
                    }
                }
            }
            Some(b'.') if styles.has(NumberStyles::ALLOW_DECIMAL_POINT) && !point => point = true,
            Some(b',') if styles.has(NumberStyles::ALLOW_THOUSANDS) && any && !point => {}
            _ => break,
        }
        i += 1;
    }
    if !any {
        return None;
    }
    if styles.has(NumberStyles::ALLOW_EXPONENT) && matches!(at(i), Some(b'e' | b'E')) {
        let mut end = i + 1;
        let negative_power = at(end) == Some(b'-');
        if matches!(at(end), Some(b'+' | b'-')) {
            end += 1;
        }
        if at(end).is_some_and(|c| c.is_ascii_digit()) {
            let mut power = 0i64;
            while let Some(c) = at(end).filter(u8::is_ascii_digit) {
                power = (power * 10 + i64::from(c - b'0')).min(100_000);
                end += 1;
            }
            scale += if negative_power { -power } else { power };
            i = end;
        }
    }
    loop {
        match at(i) {
            Some(c) if is_white(c) && styles.has(NumberStyles::ALLOW_TRAILING_WHITE) => i += 1,
            Some(c @ (b'+' | b'-'))
                if styles.has(NumberStyles::ALLOW_TRAILING_SIGN) && !sign_seen =>
            {
                sign_seen = true;
                negative = c == b'-';
                i += 1;
            }
            Some(b')') if parenthesis => {
                parenthesis = false;
                i += 1;
            }
            _ if !currency && currency_at(i) => {
                currency = true;
                i += CURRENCY.len();
            }
            _ => break,
        }
    }
    // .NET tolerates NULs at the end, nothing else.
    let rest_is_nul = bytes
        .get(i..)
        .is_some_and(|rest| rest.iter().all(|b| *b == 0));
    (!parenthesis && rest_is_nul).then_some(Scanned {
        digits,
        scale,
        negative,
    })
}

/// `int.Parse` and its relatives.
///
/// # Errors
/// `FormatException`, `OverflowException`; `ArgumentException` for styles that exclude each other.
pub fn parse_integer(text: &str, target: IntegerType, styles: NumberStyles) -> Result<i128> {
    if styles.has(NumberStyles::ALLOW_HEX_SPECIFIER) {
        return parse_hexadecimal(text, target, styles);
    }
    let number = scan(text, styles, false).ok_or_else(Error::bad_input)?;
    let significant = number
        .digits
        .iter()
        .rposition(|d| *d != b'0')
        .map_or(0, |last| last + 1);
    if significant == 0 {
        return Ok(0);
    }
    // A fraction does not fit an integer, nor do more digits than the widest type has.
    if number.scale < significant as i64 || number.scale > 20 {
        return Err(target.overflow());
    }
    let mut value = 0i128;
    for index in 0..number.scale as usize {
        let digit = number.digits.get(index).map_or(0, |d| i128::from(d - b'0'));
        value = value * 10 + digit;
    }
    target.check(if number.negative { -value } else { value })
}

fn parse_hexadecimal(text: &str, target: IntegerType, styles: NumberStyles) -> Result<i128> {
    if styles.0 & !NumberStyles::HEX_NUMBER.0 != 0 {
        return Err(Error::argument(
            "With the AllowHexSpecifier bit set in the enum bit field, the only other valid bits that can be combined into the enum value must be a subset of those in HexNumber.",
            Some("style"),
        ));
    }
    let mut digits = text.trim_end_matches('\0');
    if styles.has(NumberStyles::ALLOW_LEADING_WHITE) {
        digits = digits.trim_start_matches(|c: char| u8::try_from(c).is_ok_and(is_white));
    }
    if styles.has(NumberStyles::ALLOW_TRAILING_WHITE) {
        digits = digits.trim_end_matches(|c: char| u8::try_from(c).is_ok_and(is_white));
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::bad_input());
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() as u32 * 4 > target.bits() {
        return Err(target.overflow());
    }
    let value = if significant.is_empty() {
        0
    } else {
        i128::from_str_radix(significant, 16).map_err(|_| target.overflow())?
    };
    Ok(target.wrap(value))
}

/// `double.Parse`; a magnitude beyond the range gives an infinity, as since .NET Core 3.0.
///
/// # Errors
/// `FormatException`; `ArgumentException` for the hexadecimal style.
pub fn parse_f64(text: &str, styles: NumberStyles) -> Result<f64> {
    parse_float(text, styles, f64::NAN, f64::INFINITY, |t| t.parse().ok())
}

/// `float.Parse`
///
/// # Errors
/// As [`parse_f64`].
pub fn parse_f32(text: &str, styles: NumberStyles) -> Result<f32> {
    parse_float(text, styles, f32::NAN, f32::INFINITY, |t| t.parse().ok())
}

fn parse_float<T: Copy + std::ops::Neg<Output = T>>(
    text: &str,
    styles: NumberStyles,
    nan: T,
    infinity: T,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    if styles.has(NumberStyles::ALLOW_HEX_SPECIFIER) {
        return Err(Error::argument(
            "The number style AllowHexSpecifier is not supported on floating point data types.",
            Some("style"),
        ));
    }
    let Some(number) = scan(text, styles, false) else {
        let word = text.trim();
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
        if unsigned.eq_ignore_ascii_case("NaN") {
            return Ok(nan);
        }
        if unsigned.eq_ignore_ascii_case("Infinity") {
            return Ok(if word.starts_with('-') {
                -infinity
            } else {
                infinity
            });
        }
        return Err(Error::bad_input());
    };
    let digits = std::str::from_utf8(&number.digits).map_err(|_| Error::bad_input())?;
    let digits = if digits.is_empty() { "0" } else { digits };
    let value = read(&format!("0.{digits}e{}", number.scale)).ok_or_else(Error::bad_input)?;
    Ok(if number.negative { -value } else { value })
}

/// `decimal.Parse`: the written scale is kept, digits beyond 28 or 29 are rounded half to even.
///
/// # Errors
/// `FormatException`, `OverflowException`; `ArgumentException` for the hexadecimal style.
pub fn parse_decimal(text: &str, styles: NumberStyles) -> Result<Decimal> {
    if styles.has(NumberStyles::ALLOW_HEX_SPECIFIER) {
        return Err(Error::argument(
            "The number style AllowHexSpecifier is not supported on floating point data types.",
            Some("style"),
        ));
    }
    let number = scan(text, styles, true).ok_or_else(Error::bad_input)?;
    decimal_from_digits(&number.digits, number.scale, number.negative)
        .ok_or_else(|| Error::overflow("Value was either too large or too small for a Decimal."))
}

/// The decimal `0.digits × 10^scale`, rounded to what fits; `None` when its integer part does not.
pub(crate) fn decimal_from_digits(digits: &[u8], scale: i64, negative: bool) -> Option<Decimal> {
    const LIMIT: u128 = (1 << 96) - 1;
    let mut places = digits.len() as i64 - scale;
    let mut kept = digits.len();
    // Fewer than 28 places behind the point are kept as they are; more are rounded away.
    if places > 28 {
        let Ok(left) = usize::try_from(digits.len() as i64 - (places - 28)) else {
            return Decimal::try_from_i128_with_scale(0, 28).ok();
        };
        kept = left;
        places = 28;
    }
    loop {
        let mut mantissa = 0u128;
        let mut fits = true;
        for digit in digits.get(..kept)? {
            mantissa = mantissa * 10 + u128::from(digit - b'0');
            if mantissa > LIMIT {
                fits = false;
                break;
            }
        }
        if fits {
            let rest = digits.get(kept..)?;
            let round_up = match rest.split_first() {
                Some((b'5', tail)) => mantissa & 1 == 1 || tail.iter().any(|d| *d != b'0'),
                Some((first, _)) => *first > b'5',
                None => false,
            };
            mantissa += u128::from(round_up);
            if places < 0 {
                let power = u32::try_from(-places)
                    .ok()
                    .filter(|p| mantissa == 0 || *p <= 28)?;
                mantissa = if mantissa == 0 {
                    0
                } else {
                    mantissa.checked_mul(10u128.pow(power))?
                };
                places = 0;
                if mantissa > LIMIT {
                    return None;
                }
            }
            if mantissa <= LIMIT {
                let signed = i128::try_from(mantissa).ok()?;
                let signed = if negative { -signed } else { signed };
                return Decimal::try_from_i128_with_scale(signed, u32::try_from(places).ok()?).ok();
            }
        }
        // One digit less; only digits behind the point may go.
        if places <= 0 || kept == 0 {
            return None;
        }
        kept -= 1;
        places -= 1;
    }
}

/// `bool.Parse`
///
/// # Errors
/// `FormatException` for anything but `true` and `false` in any case, white space around allowed.
pub fn parse_bool(text: &str) -> Result<bool> {
    let word = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if word.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if word.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(Error::format(format!(
            "String '{text}' was not recognized as a valid Boolean."
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;
    use crate::clr::number_format::decimal_text;

    fn int(text: &str) -> Result<i128> {
        parse_integer(text, IntegerType::Int32, NumberStyles::INTEGER)
    }

    fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind
    }

    #[test]
    fn integers_take_white_space_and_sign_only() {
        assert_eq!(int(" 42 "), Ok(42));
        assert_eq!(int("+42"), Ok(42));
        assert_eq!(int("-2147483648"), Ok(-2147483648));
        assert_eq!(int("007"), Ok(7));
        assert_eq!(int("-0"), Ok(0));
        for bad in [
            "4 2", "1,000", "12.0", "0x1F", "", "(5)", "- 5", "٣", "12x", "--5", "+",
        ] {
            assert_eq!(kind(int(bad)), ErrorKind::Format, "{bad}");
        }
        assert_eq!(kind(int("2147483648")), ErrorKind::Overflow);
        assert_eq!(kind(int("99999999999999999999999999")), ErrorKind::Overflow);
        assert_eq!(
            kind(parse_integer(
                "256",
                IntegerType::Byte,
                NumberStyles::INTEGER
            )),
            ErrorKind::Overflow
        );
        assert_eq!(
            kind(parse_integer(
                "-1",
                IntegerType::UInt32,
                NumberStyles::INTEGER
            )),
            ErrorKind::Overflow
        );
        assert_eq!(
            parse_integer(
                "18446744073709551615",
                IntegerType::UInt64,
                NumberStyles::INTEGER
            ),
            Ok(u64::MAX.into())
        );
    }

    #[test]
    fn styles_widen_what_is_accepted() {
        assert_eq!(
            parse_integer("1,000", IntegerType::Int32, NumberStyles::NUMBER),
            Ok(1000)
        );
        assert_eq!(
            parse_integer("(5)", IntegerType::Int32, NumberStyles::ANY),
            Ok(-5)
        );
        assert_eq!(
            parse_integer("1e3", IntegerType::Int32, NumberStyles::ANY),
            Ok(1000)
        );
        assert_eq!(
            parse_integer("12.0", IntegerType::Int32, NumberStyles::ANY),
            Ok(12)
        );
        assert_eq!(
            kind(parse_integer("12.5", IntegerType::Int32, NumberStyles::ANY)),
            ErrorKind::Overflow
        );
        assert_eq!(
            parse_integer("¤5", IntegerType::Int32, NumberStyles::CURRENCY),
            Ok(5)
        );
        assert_eq!(
            parse_integer("5-", IntegerType::Int32, NumberStyles::NUMBER),
            Ok(-5)
        );
        assert_eq!(
            parse_integer(" 7F", IntegerType::Int32, NumberStyles::HEX_NUMBER),
            Ok(127)
        );
        assert_eq!(
            parse_integer("FFFFFFFF", IntegerType::Int32, NumberStyles::HEX_NUMBER),
            Ok(-1)
        );
        assert_eq!(
            kind(parse_integer(
                "1FFFFFFFF",
                IntegerType::Int32,
                NumberStyles::HEX_NUMBER
            )),
            ErrorKind::Overflow
        );
        assert_eq!(
            kind(parse_integer(
                "0x7F",
                IntegerType::Int32,
                NumberStyles::HEX_NUMBER
            )),
            ErrorKind::Format
        );
    }

    #[test]
    fn floats_take_groups_exponents_and_names() {
        let parse = |text| parse_f64(text, NumberStyles::FLOAT_AND_THOUSANDS);
        assert_eq!(parse("1.5"), Ok(1.5));
        assert_eq!(parse("1,000.5"), Ok(1000.5));
        assert_eq!(parse("1e3"), Ok(1000.0));
        assert_eq!(parse(".5"), Ok(0.5));
        assert_eq!(parse("5."), Ok(5.0));
        assert_eq!(parse("0.000123"), Ok(0.000123));
        assert_eq!(parse("1e400"), Ok(f64::INFINITY));
        assert_eq!(parse("-Infinity"), Ok(f64::NEG_INFINITY));
        assert!(parse("NaN").unwrap().is_nan());
        assert_eq!(parse("-0").map(f64::is_sign_negative), Ok(true));
        for bad in ["abc", "", "1e", "1.2.3", "0x1", "inf", "nan1"] {
            assert_eq!(kind(parse(bad)), ErrorKind::Format, "{bad}");
        }
        assert_eq!(
            parse_f32("0.1", NumberStyles::FLOAT_AND_THOUSANDS),
            Ok(0.1f32)
        );
    }

    #[test]
    fn decimals_keep_the_written_scale() {
        let parse = |text| parse_decimal(text, NumberStyles::NUMBER).map(decimal_text);
        assert_eq!(parse("1.50").as_deref(), Ok("1.50"));
        assert_eq!(parse("1,234.5").as_deref(), Ok("1234.5"));
        assert_eq!(parse("0.00").as_deref(), Ok("0.00"));
        assert_eq!(parse("0.0100").as_deref(), Ok("0.0100"));
        assert_eq!(
            parse("79228162514264337593543950335").as_deref(),
            Ok("79228162514264337593543950335")
        );
        assert_eq!(
            parse("0.33333333333333333333333333335").as_deref(),
            Ok("0.3333333333333333333333333334")
        );
        assert_eq!(
            kind(parse("79228162514264337593543950336")),
            ErrorKind::Overflow
        );
        assert_eq!(kind(parse("1e3")), ErrorKind::Format);
        assert_eq!(
            parse_decimal("1.5e3", NumberStyles::ANY)
                .map(decimal_text)
                .as_deref(),
            Ok("1500")
        );
        assert_eq!(
            parse_decimal("1e-40", NumberStyles::ANY)
                .map(decimal_text)
                .as_deref(),
            Ok("0.0000000000000000000000000000")
        );
    }

    #[test]
    fn booleans_are_words() {
        assert_eq!(parse_bool("TRUE"), Ok(true));
        assert_eq!(parse_bool(" false\0"), Ok(false));
        assert_eq!(kind(parse_bool("1")), ErrorKind::Format);
    }
}
