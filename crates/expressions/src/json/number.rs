//! Number text in JSON: what the reader accepts as a real and an integer of any size, what the writer prints.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::clr;

/// `double.TryParse` of the reader: sign, digits, point, exponent; out of range gives infinity.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits_start = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    // Rust also reads `inf` and `nan`, which the reader spells otherwise.
    match bytes.get(digits_start) {
        Some(b'0'..=b'9' | b'.') => text.parse().ok(),
        _ => None,
    }
}

/// A decimal as the nearest double.
pub(super) fn decimal_to_f64(value: Decimal) -> Option<f64> {
    // The text route rounds once, `to_f64` of the crate may round twice.
    value.to_string().parse().ok().or_else(|| value.to_f64())
}

/// An integer beyond 64 bits in canonical form: no leading zeros, no `-0`.
pub(super) fn canonical_big_integer(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(match (digits.is_empty(), negative) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{digits}"),
        (false, false) => digits.to_owned(),
    })
}

/// Orders two canonical integers.
pub(super) fn compare_big_integers(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (Some(a), Some(b)) => b.len().cmp(&a.len()).then_with(|| b.cmp(a)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
    }
}

/// A finite real as JSON writes it: `.0` marks a real without fraction and exponent.
pub(super) fn with_decimal_place(mut text: String) -> String {
    if !text.bytes().any(|b| matches!(b, b'.' | b'E' | b'e')) {
        text.push_str(".0");
    }
    text
}

/// A double as JSON writes it; what is not finite becomes a quoted name.
pub(super) fn double_json(value: f64) -> String {
    let text = clr::number_format::double_text(value);
    if value.is_finite() {
        with_decimal_place(text)
    } else {
        format!("\"{text}\"")
    }
}

/// A float as JSON writes it; what is not finite becomes a quoted name.
pub(super) fn float_json(value: f32) -> String {
    let text = clr::number_format::float_text(value);
    if value.is_finite() {
        with_decimal_place(text)
    } else {
        format!("\"{text}\"")
    }
}

/// A decimal as JSON writes it: scale kept.
pub(super) fn decimal_json(value: Decimal) -> String {
    with_decimal_place(clr::number_format::decimal_text(value))
}

/// Doubles a few units in the last place apart count as equal, as in Json.NET.
pub(super) fn approximately_equal(a: f64, b: f64) -> bool {
    if a == b {
        return true;
    }
    let tolerance = (a.abs() + b.abs() + 10.0) * f64::EPSILON;
    let difference = a - b;
    -tolerance < difference && tolerance > difference
}
