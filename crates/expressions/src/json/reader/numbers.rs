//! The value of a number's text.

use super::super::number;
use super::super::scalar::{IntType, Scalar};

/// The value of a number's text, an integer where it is one.
pub(super) fn number_value(text: &str) -> Option<Scalar> {
    let bytes = text.as_bytes();
    // Leading zeros mean octal, `0x` hexadecimal; both wrap around at 64 bits as in .NET.
    if let [b'0', second, ..] = bytes
        && !matches!(second, b'.' | b'e' | b'E')
    {
        let parsed = match text.get(..2) {
            Some("0x" | "0X") => u64::from_str_radix(text.get(2..)?, 16),
            _ => u64::from_str_radix(text, 8),
        };
        return parsed
            .ok()
            .map(|v| Scalar::Int(v.cast_signed(), IntType::Int64));
    }
    if let Ok(value) = text.parse::<i64>() {
        return Some(Scalar::int64(value));
    }
    if let Some(big) = number::canonical_big_integer(text) {
        // The length Json.NET stops at.
        return (text.len() <= 380).then(|| Scalar::BigInteger(big.into()));
    }
    number::parse_double(text).map(Scalar::Double)
}
