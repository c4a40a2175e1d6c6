//! `System.Decimal`: checked arithmetic, conversions and rounding on top of `rust_decimal`, whose 96-bit digits and scale
//! are .NET's own representation.
//!
//! Decimals and other numbers flow in, decimals or .NET exceptions flow out. Text goes through `number_format` and
//! `number_parse`.

use rust_decimal::Decimal;
use rust_decimal::prelude::RoundingStrategy;

use super::number_parse::IntegerType;
use super::{Error, Result};

/// `System.MidpointRounding`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // .NET's members
pub enum MidpointRounding {
    ToEven,
    AwayFromZero,
    ToZero,
    ToNegativeInfinity,
    ToPositiveInfinity,
}

impl MidpointRounding {
    /// Members in the order of their values.
    pub const ALL: [(&'static str, Self); 5] = [
        ("ToEven", Self::ToEven),
        ("AwayFromZero", Self::AwayFromZero),
        ("ToZero", Self::ToZero),
        ("ToNegativeInfinity", Self::ToNegativeInfinity),
        ("ToPositiveInfinity", Self::ToPositiveInfinity),
    ];

    /// The member with this numeric value.
    ///
    /// # Errors
    /// `ArgumentException` for a number that is no member.
    pub fn from_value(value: i32) -> Result<Self> {
        usize::try_from(value).ok().and_then(|i| Self::ALL.get(i)).map(|(_, mode)| *mode).ok_or_else(|| {
            Error::argument(
                &format!("The value '{value}' is not valid for this usage of the type MidpointRounding."),
                Some("mode"),
            )
        })
    }

    fn strategy(self) -> RoundingStrategy {
        match self {
            Self::ToEven => RoundingStrategy::MidpointNearestEven,
            Self::AwayFromZero => RoundingStrategy::MidpointAwayFromZero,
            Self::ToZero => RoundingStrategy::ToZero,
            Self::ToNegativeInfinity => RoundingStrategy::ToNegativeInfinity,
            Self::ToPositiveInfinity => RoundingStrategy::ToPositiveInfinity,
        }
    }
}

fn overflow() -> Error {
    Error::overflow("Value was either too large or too small for a Decimal.")
}

/// `a + b`
///
/// # Errors
/// `OverflowException` beyond 96 bits.
pub fn add(a: Decimal, b: Decimal) -> Result<Decimal> {
    // rust_decimal forgets a zero's scale; in .NET `0.000m + 1m` is `1.000`.
    if a.is_zero() || b.is_zero() {
        let (value, scale) = if a.is_zero() {
            (b, a.scale())
        } else {
            (a, b.scale())
        };
        let mut kept = value;
        while kept.scale() < scale {
            let longer = kept.mantissa().unsigned_abs() * 10;
            if longer > LIMIT {
                break;
            }
            kept = compose(longer, kept.scale() + 1, kept.is_sign_negative())?;
        }
        return Ok(kept);
    }
    a.checked_add(b).ok_or_else(overflow)
}

/// `a - b`
///
/// # Errors
/// `OverflowException` beyond 96 bits.
pub fn subtract(a: Decimal, b: Decimal) -> Result<Decimal> {
    add(a, -b)
}

/// `a * b`
///
/// # Errors
/// `OverflowException` beyond 96 bits.
pub fn multiply(a: Decimal, b: Decimal) -> Result<Decimal> {
    // rust_decimal forgets the scale of a zero product; .NET keeps it (`0.0m * 1.00m` is `0.000`).
    if a.is_zero() || b.is_zero() {
        // Where the other number takes more than 32 bits, the scale is lost, too.
        let large = |n: Decimal| n.mantissa().unsigned_abs() > u128::from(u32::MAX);
        if large(a) || large(b) {
            return Ok(Decimal::ZERO);
        }
        return Ok(Decimal::from_i128_with_scale(
            0,
            (a.scale() + b.scale()).min(28),
        ));
    }
    a.checked_mul(b).ok_or_else(overflow)
}

/// `a / b`
///
/// # Errors
/// `DivideByZeroException`; `OverflowException` beyond 96 bits.
pub fn divide(a: Decimal, b: Decimal) -> Result<Decimal> {
    if b.is_zero() {
        return Err(Error::divide_by_zero());
    }
    // The natural scale is the difference of both; digits are added only while a remainder is left.
    let divisor = b.mantissa().unsigned_abs();
    let dividend = a.mantissa().unsigned_abs();
    let mut scale = a.scale() as i32 - b.scale() as i32;
    let (mut quotient, mut rest) = (dividend / divisor, dividend % divisor);
    while scale < 0 {
        quotient = quotient * 10 + rest * 10 / divisor;
        rest = rest * 10 % divisor;
        scale += 1;
        if quotient > LIMIT {
            return Err(overflow());
        }
    }
    if rest != 0 {
        while rest != 0 && scale < 28 {
            let longer = quotient * 10 + rest * 10 / divisor;
            if longer > LIMIT {
                break;
            }
            quotient = longer;
            rest = rest * 10 % divisor;
            scale += 1;
        }
        if rest * 2 > divisor || (rest * 2 == divisor && quotient & 1 == 1) {
            quotient += 1;
        }
        if quotient > LIMIT {
            if scale == 0 {
                return Err(overflow());
            }
            quotient = (quotient + 5) / 10;
            scale -= 1;
        }
        while scale > 0 && quotient.is_multiple_of(10) {
            quotient /= 10;
            scale -= 1;
        }
    }
    compose(
        quotient,
        scale.unsigned_abs(),
        a.is_sign_negative() != b.is_sign_negative(),
    )
}

/// The largest 96-bit number.
const LIMIT: u128 = (1 << 96) - 1;

fn compose(magnitude: u128, scale: u32, negative: bool) -> Result<Decimal> {
    let value = i128::try_from(magnitude).map_err(|_| overflow())?;
    Decimal::try_from_i128_with_scale(if negative { -value } else { value }, scale)
        .map_err(|_| overflow())
}

/// `a % b`, with the sign of `a` and the larger of both scales.
///
/// # Errors
/// `DivideByZeroException`
pub fn remainder(a: Decimal, b: Decimal) -> Result<Decimal> {
    if b.is_zero() {
        return Err(Error::divide_by_zero());
    }
    if a.abs() < b.abs() {
        return Ok(a);
    }
    let (dividend, divisor) = (a.mantissa().unsigned_abs(), b.mantissa().unsigned_abs());
    let scale = a.scale().max(b.scale());
    let rest = if a.scale() < b.scale() {
        // The dividend grows by powers of ten; its remainder can follow step by step.
        (a.scale()..b.scale()).fold(dividend % divisor, |rest, _| rest * 10 % divisor)
    } else {
        match 10u128
            .checked_pow(a.scale() - b.scale())
            .and_then(|factor| divisor.checked_mul(factor))
        {
            Some(grown) => dividend % grown,
            None => dividend,
        }
    };
    compose(rest, scale, a.is_sign_negative())
}

/// `-a`
pub fn negate(a: Decimal) -> Decimal {
    -a
}

/// `Math.Round(value, decimals, mode)`; the scale never grows.
///
/// # Errors
/// `ArgumentOutOfRangeException` for `decimals` outside 0 to 28.
pub fn round(value: Decimal, decimals: i32, mode: MidpointRounding) -> Result<Decimal> {
    let places = u32::try_from(decimals)
        .ok()
        .filter(|p| *p <= 28)
        .ok_or_else(|| {
            Error::out_of_range(
                "Decimal can only round to between 0 and 28 digits of precision.",
                Some("decimals"),
            )
        })?;
    Ok(value.round_dp_with_strategy(places, mode.strategy()))
}

/// `decimal.Truncate`
pub fn truncate(value: Decimal) -> Decimal {
    value.trunc()
}

/// `decimal.Floor`
pub fn floor(value: Decimal) -> Decimal {
    value.floor()
}

/// `decimal.Ceiling`
pub fn ceiling(value: Decimal) -> Decimal {
    value.ceil()
}

/// `(decimal)value` of a double: 15 significant digits.
///
/// # Errors
/// `OverflowException` for NaN, infinities and magnitudes beyond 96 bits.
pub fn from_f64(value: f64) -> Result<Decimal> {
    from_binary(value, 15)
}

/// `(decimal)value` of a float: 7 significant digits.
///
/// # Errors
/// `OverflowException` for NaN, infinities and magnitudes beyond 96 bits.
pub fn from_f32(value: f32) -> Result<Decimal> {
    from_binary(value.into(), 7)
}

/// Scales the number to `digits` integer digits in binary arithmetic, as .NET does, then rounds half to even.
fn from_binary(value: f64, digits: i32) -> Result<Decimal> {
    if !value.is_finite() {
        return Err(overflow());
    }
    let magnitude = value.abs();
    let exponent = ((magnitude.to_bits() >> 52) & 0x7ff) as i32 - 1022;
    if exponent < -94 {
        return Ok(Decimal::ZERO);
    }
    if exponent > 96 {
        return Err(overflow());
    }
    let ceiling = power_of_ten(digits);
    let mut power = (digits - 1) - ((exponent * 19728) >> 16);
    let mut scaled = magnitude;
    if power >= 0 {
        power = power.min(28);
        scaled *= power_of_ten(power);
    } else if power != -1 || scaled >= ceiling {
        scaled /= power_of_ten(-power);
    } else {
        power = 0;
    }
    if scaled < power_of_ten(digits - 1) && power < 28 {
        scaled *= 10.0;
        power += 1;
    }
    let mut mantissa = scaled as i128;
    let rest = scaled - mantissa as f64;
    if rest > 0.5 || (rest == 0.5 && mantissa & 1 == 1) {
        mantissa += 1;
    }
    if mantissa == 0 {
        return Ok(Decimal::ZERO);
    }
    if power < 0 {
        mantissa = mantissa
            .checked_mul(10i128.pow(power.unsigned_abs()))
            .ok_or_else(overflow)?;
        power = 0;
    } else {
        let mut strip = power.min(digits - 1);
        while strip > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            power -= 1;
            strip -= 1;
        }
    }
    let signed = if value < 0.0 { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, power.unsigned_abs()).map_err(|_| overflow())
}

fn power_of_ten(power: i32) -> f64 {
    // Literals, not powi: each must be the nearest double.
    const POWERS: [f64; 29] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28,
    ];
    usize::try_from(power)
        .ok()
        .and_then(|p| POWERS.get(p))
        .copied()
        .unwrap_or(1.0)
}

/// `(double)value`
pub fn to_f64(value: Decimal) -> f64 {
    let magnitude = value.mantissa().unsigned_abs();
    const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
    let low = magnitude as u64 as i64;
    // .NET Core 3.1 takes the low half for a signed number first, and so rounds twice.
    let low = if low < 0 {
        low as f64 + TWO_TO_64
    } else {
        low as f64
    };
    let high = (magnitude >> 64) as u64 as f64;
    let quotient = (low + high * TWO_TO_64) / power_of_ten(value.scale() as i32);
    if value.is_sign_negative() {
        -quotient
    } else {
        quotient
    }
}

/// `(float)value`
pub fn to_f32(value: Decimal) -> f32 {
    to_f64(value) as f32
}

/// `(int)value` and the other integer casts: truncates.
///
/// # Errors
/// `OverflowException` when the truncated value does not fit.
pub fn to_integer(value: Decimal, target: IntegerType) -> Result<i128> {
    let integer = value.trunc().mantissa();
    target.check(integer)
}

/// `decimal.GetBits`
pub fn bits(value: Decimal) -> [i32; 4] {
    let magnitude = value.mantissa().unsigned_abs();
    let sign = if value.is_sign_negative() {
        i32::MIN
    } else {
        0
    };
    [
        magnitude as u32 as i32,
        (magnitude >> 32) as u32 as i32,
        (magnitude >> 64) as u32 as i32,
        sign | ((value.scale() as i32) << 16),
    ]
}

/// `new decimal(lo, mid, hi, isNegative, scale)`
///
/// # Errors
/// `ArgumentOutOfRangeException` for a scale above 28.
pub fn from_parts(low: i32, middle: i32, high: i32, negative: bool, scale: u8) -> Result<Decimal> {
    if scale > 28 {
        return Err(Error::out_of_range(
            "Decimal's scale value must be between 0 and 28, inclusive.",
            Some("scale"),
        ));
    }
    Ok(Decimal::from_parts(
        low as u32,
        middle as u32,
        high as u32,
        negative,
        scale.into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;
    use crate::clr::number_format::decimal_text;

    fn dec(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    fn t(value: Result<Decimal>) -> String {
        value.map_or_else(|e| e.to_string(), decimal_text)
    }

    #[test]
    fn arithmetic_keeps_the_scale_dotnet_keeps() {
        assert_eq!(t(add(dec("1.10"), dec("2.2"))), "3.30");
        assert_eq!(t(multiply(dec("1.10"), dec("2.00"))), "2.2000");
        assert_eq!(t(divide(dec("6.00"), dec("3"))), "2.00");
        assert_eq!(t(divide(dec("10"), dec("4"))), "2.5");
        assert_eq!(
            t(divide(dec("1"), dec("3"))),
            "0.3333333333333333333333333333"
        );
        assert_eq!(
            t(divide(dec("1"), dec("3")).and_then(|x| multiply(x, dec("3")))),
            "0.9999999999999999999999999999"
        );
        assert_eq!(t(multiply(dec("2.0"), dec("3.00"))), "6.000");
        assert_eq!(t(remainder(dec("-5.5"), dec("2"))), "-1.5");
        assert_eq!(t(multiply(dec("0.0"), dec("1.00"))), "0.000");
        assert_eq!(
            t(divide(dec("2"), dec("3"))),
            "0.6666666666666666666666666667"
        );
        assert_eq!(
            t(divide(dec("200"), dec("3"))),
            "66.666666666666666666666666667"
        );
        assert_eq!(t(divide(dec("1"), dec("0.004"))), "250");
        assert_eq!(t(remainder(dec("5"), dec("2.00"))), "1.00");
        assert_eq!(t(add(dec("0.000"), dec("1"))), "1.000");
        assert_eq!(t(subtract(dec("1.50"), dec("1.5"))), "0.00");
        assert_eq!(
            t(multiply(dec("0.1234567890123456789012345678"), dec("0.1"))),
            "0.0123456789012345678901234568"
        );
        assert_eq!(
            t(multiply(dec("0.0000000000000000000000000005"), dec("0.1"))),
            "0.0000000000000000000000000000"
        );
    }

    #[test]
    fn overflow_and_zero_division_throw() {
        assert_eq!(
            add(Decimal::MAX, Decimal::ONE).unwrap_err().kind,
            ErrorKind::Overflow
        );
        assert_eq!(
            divide(Decimal::ONE, Decimal::ZERO).unwrap_err().kind,
            ErrorKind::DivideByZero
        );
        assert_eq!(from_f64(f64::NAN).unwrap_err().kind, ErrorKind::Overflow);
        assert_eq!(from_f64(1e29).unwrap_err().kind, ErrorKind::Overflow);
        assert_eq!(
            to_integer(dec("100000000000000000000"), IntegerType::Int32)
                .unwrap_err()
                .kind,
            ErrorKind::Overflow
        );
    }

    #[test]
    fn conversions_round_to_the_digits_of_the_binary_type() {
        assert_eq!(t(from_f64(0.1)), "0.1");
        assert_eq!(t(from_f64(1.1)), "1.1");
        assert_eq!(t(from_f32(1.1)), "1.1");
        assert_eq!(t(from_f64(1e28)), "10000000000000000000000000000");
        assert_eq!(t(from_f64(0.1 + 0.2)), "0.3");
        assert_eq!(t(from_f64(-123456789012345680.0)), "-123456789012346000");
        assert_eq!(t(from_f64(1e-30)), "0");
        assert_eq!(to_f64(dec("1.10")), 1.1);
        assert_eq!(to_f64(dec("0.1")), 0.1);
        assert_eq!(to_integer(dec("3.99"), IntegerType::Int32), Ok(3));
        assert_eq!(to_integer(dec("-3.99"), IntegerType::Int32), Ok(-3));
    }

    #[test]
    fn rounding_modes() {
        assert_eq!(t(round(dec("2.5"), 0, MidpointRounding::ToEven)), "2");
        assert_eq!(t(round(dec("2.345"), 2, MidpointRounding::ToEven)), "2.34");
        assert_eq!(t(round(dec("2.355"), 2, MidpointRounding::ToEven)), "2.36");
        assert_eq!(
            t(round(dec("2.345"), 2, MidpointRounding::AwayFromZero)),
            "2.35"
        );
        assert_eq!(t(round(dec("1.5"), 4, MidpointRounding::ToEven)), "1.5");
        assert_eq!(
            round(dec("1"), 29, MidpointRounding::ToEven)
                .unwrap_err()
                .kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(bits(dec("-1.10")), [110, 0, 0, i32::MIN | (2 << 16)]);
    }
}
