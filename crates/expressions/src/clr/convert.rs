//! The algorithms behind `System.Convert`: rounding conversions, other number bases and Base64.
//!
//! Plain numbers, text and bytes flow in, numbers, text, bytes or .NET exceptions flow out. Which overload applies to which
//! value is decided by whoever binds these to C# members.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use rust_decimal::Decimal;

use super::decimal::{MidpointRounding, round};
use super::number_parse::IntegerType;
use super::{Error, ErrorKind, Result};

/// `Convert.ToInt32(double)` and its relatives: rounds half to even.
///
/// # Errors
/// `OverflowException` for NaN and values that do not fit after rounding.
pub fn f64_to_integer(value: f64, target: IntegerType) -> Result<i128> {
    let rounded = value.round_ties_even();
    // Every integer type lies well inside this; the cast below is then exact.
    if !(-1e20..=1e20).contains(&rounded) {
        return Err(target.overflow());
    }
    target.check(rounded as i128)
}

/// `(int)value` of a double: truncates; `None` where the result is not in range, which `checked` refuses.
pub fn truncate_to_integer(value: f64, target: IntegerType) -> Option<i128> {
    let whole = value.trunc();
    if !(-1e20..=1e20).contains(&whole) {
        return None;
    }
    target.check(whole as i128).ok()
}

/// `Convert.ToInt32(decimal)` and its relatives: rounds half to even.
///
/// # Errors
/// `OverflowException` for values that do not fit after rounding.
pub fn decimal_to_integer(value: Decimal, target: IntegerType) -> Result<i128> {
    super::decimal::to_integer(round(value, 0, MidpointRounding::ToEven)?, target)
}

/// `Convert.ToChar(string)`
///
/// # Errors
/// `FormatException` unless the text is one UTF-16 unit.
pub fn text_to_char(text: &str) -> Result<u16> {
    let mut units = text.encode_utf16();
    match (units.next(), units.next()) {
        (Some(unit), None) => Ok(unit),
        _ => Err(Error::format("String must be exactly one character long.")),
    }
}

fn check_base(base: i32) -> Result<u32> {
    match base {
        2 | 8 | 10 | 16 => Ok(base.unsigned_abs()),
        _ => Err(Error::argument("Invalid Base.", None)),
    }
}

/// `Convert.ToInt32(text, base)` and its relatives: bases 2, 8 and 16 read the type's bit pattern.
///
/// # Errors
/// `ArgumentException` for another base or a minus sign outside base 10, `ArgumentOutOfRangeException` for an empty text,
/// `FormatException`, `OverflowException`.
pub fn parse_in_base(text: &str, base: i32, target: IntegerType) -> Result<i128> {
    let radix = check_base(base)?;
    if text.is_empty() {
        return Err(Error::out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            Some("startIndex"),
        ));
    }
    let (negative, mut digits) = match text.as_bytes().first() {
        Some(b'-') if radix != 10 => {
            return Err(Error::argument(
                "String cannot contain a minus sign if the base is not 10.",
                None,
            ));
        }
        Some(b'-') if !target.signed() => {
            return Err(Error::overflow(
                "The string was being parsed as an unsigned number and could not have a negative sign.",
            ));
        }
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    if radix == 16 {
        digits = digits
            .strip_prefix("0x")
            .or_else(|| digits.strip_prefix("0X"))
            .unwrap_or(digits);
    }
    let count = digits.chars().take_while(|c| c.is_digit(radix)).count();
    if count == 0 {
        return Err(Error::format("Could not find any recognizable digits."));
    }
    // .NET reads 32 or 64 bits first, then looks at the rest of the text, then narrows.
    let pattern_limit = (1i128 << target.bits().max(32)) - 1;
    let mut value = 0i128;
    for digit in digits.chars().take(count).filter_map(|c| c.to_digit(radix)) {
        value = value * i128::from(radix) + i128::from(digit);
        if value > pattern_limit {
            return Err(target.overflow());
        }
    }
    if count < digits.chars().count() {
        return Err(Error::format(
            "Additional non-parsable characters are at the end of the string.",
        ));
    }
    if value >= 1i128 << target.bits() {
        return Err(target.overflow());
    }
    if radix == 10 {
        target.check(if negative { -value } else { value })
    } else {
        Ok(target.wrap(value))
    }
}

/// `Convert.ToString(value, base)`: bases 2, 8 and 16 show the two's complement of the type's width.
///
/// # Errors
/// `ArgumentException` for another base.
pub fn text_in_base(value: i64, bits: u32, base: i32) -> Result<String> {
    let pattern = if bits >= 64 {
        value as u64
    } else {
        value as u64 & ((1 << bits) - 1)
    };
    Ok(match check_base(base)? {
        2 => format!("{pattern:b}"),
        8 => format!("{pattern:o}"),
        16 => format!("{pattern:x}"),
        _ => value.to_string(),
    })
}

/// `Convert.ToBase64String(bytes)`; `line_breaks` puts CRLF after every 76 characters.
pub fn to_base64(bytes: &[u8], line_breaks: bool) -> String {
    let text = STANDARD.encode(bytes);
    if !line_breaks || text.len() <= 76 {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / 38);
    for (index, c) in text.chars().enumerate() {
        if index > 0 && index.is_multiple_of(76) {
            out.push_str("\r\n");
        }
        out.push(c);
    }
    out
}

/// .NET does not look at the unused bits of the last character.
const DECODER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// `Convert.FromBase64String(text)`: white space is skipped, padding required, the URL-safe alphabet refused.
///
/// # Errors
/// `FormatException`
pub fn from_base64(text: &str) -> Result<Vec<u8>> {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
        .collect();
    DECODER.decode(&compact).map_err(|_| {
        Error::new(
            ErrorKind::Format,
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: IntegerType = IntegerType::Int32;

    fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind
    }

    #[test]
    fn conversions_round_half_to_even() {
        assert_eq!(f64_to_integer(2.5, INT), Ok(2));
        assert_eq!(f64_to_integer(3.5, INT), Ok(4));
        assert_eq!(f64_to_integer(-2.5, INT), Ok(-2));
        assert_eq!(decimal_to_integer(Decimal::new(25, 1), INT), Ok(2));
        assert_eq!(kind(f64_to_integer(f64::NAN, INT)), ErrorKind::Overflow);
        assert_eq!(
            kind(f64_to_integer(2_147_483_647.5, INT)),
            ErrorKind::Overflow
        );
        assert_eq!(f64_to_integer(-2_147_483_648.5, INT), Ok(-2_147_483_648));
        assert_eq!(
            kind(f64_to_integer(300.0, IntegerType::Byte)),
            ErrorKind::Overflow
        );
        assert_eq!(truncate_to_integer(-1.9, INT), Some(-1));
        assert_eq!(truncate_to_integer(1e20, INT), None);
    }

    #[test]
    fn other_bases() {
        assert_eq!(parse_in_base("ff", 16, INT), Ok(255));
        assert_eq!(parse_in_base("0xFF", 16, INT), Ok(255));
        assert_eq!(parse_in_base("ffffffff", 16, INT), Ok(-1));
        assert_eq!(parse_in_base("1010", 2, INT), Ok(10));
        assert_eq!(parse_in_base("-12", 10, INT), Ok(-12));
        assert_eq!(kind(parse_in_base("-1", 16, INT)), ErrorKind::Argument);
        assert_eq!(
            kind(parse_in_base("", 16, INT)),
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(kind(parse_in_base("xyz", 16, INT)), ErrorKind::Format);
        assert_eq!(kind(parse_in_base("1g", 16, INT)), ErrorKind::Format);
        assert_eq!(
            kind(parse_in_base("1ffffffff", 16, INT)),
            ErrorKind::Overflow
        );
        assert_eq!(kind(parse_in_base("1", 7, INT)), ErrorKind::Argument);
        assert_eq!(text_in_base(255, 32, 16).as_deref(), Ok("ff"));
        assert_eq!(text_in_base(-1, 32, 2).map(|t| t.len()), Ok(32));
        assert_eq!(text_in_base(255, 32, 8).as_deref(), Ok("377"));
        assert_eq!(text_in_base(-5, 32, 10).as_deref(), Ok("-5"));
    }

    #[test]
    fn base64_is_strict_about_padding_and_alphabet() {
        assert_eq!(to_base64(&[1, 2, 3, 4], false), "AQIDBA==");
        assert_eq!(from_base64("AQ ID\nBA=="), Ok(vec![1, 2, 3, 4]));
        assert_eq!(from_base64(""), Ok(vec![]));
        assert_eq!(from_base64("AQIDBB=="), Ok(vec![1, 2, 3, 4]));
        for bad in ["AQIDBA", "a-_b", "*", "A===", "AQID=BA="] {
            assert_eq!(kind(from_base64(bad)), ErrorKind::Format, "{bad}");
        }
        assert_eq!(to_base64(&[0; 60], true).find("\r\n"), Some(76));
        assert_eq!(text_to_char("A"), Ok(65));
        assert_eq!(kind(text_to_char("AB")), ErrorKind::Format);
    }
}
