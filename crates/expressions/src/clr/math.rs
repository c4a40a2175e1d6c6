//! What of `System.Math` is more than a Rust function of the same name.
//!
//! Numbers flow in, numbers or .NET exceptions flow out.

use super::decimal::MidpointRounding;
use super::{Error, ErrorKind, Result};

/// `Math.Round(value, digits, mode)`: scales, rounds, scales back, so that results match .NET's to the bit.
///
/// # Errors
/// `ArgumentOutOfRangeException` for digits outside 0 to 15.
pub fn round(value: f64, digits: i32, mode: MidpointRounding) -> Result<f64> {
    if !(0..=15).contains(&digits) {
        return Err(Error::out_of_range(
            "Rounding digits must be between 0 and 15, inclusive.",
            Some("digits"),
        ));
    }
    // Beyond this a double has no fraction digits left; NaN and infinities pass too.
    if value.is_nan() || value.abs() >= 1e16 {
        return Ok(value);
    }
    let power = 10f64.powi(digits);
    Ok(round_whole(value * power, mode) / power)
}

fn round_whole(value: f64, mode: MidpointRounding) -> f64 {
    match mode {
        MidpointRounding::ToEven => value.round_ties_even(),
        MidpointRounding::AwayFromZero => value.round(),
        MidpointRounding::ToZero => value.trunc(),
        MidpointRounding::ToNegativeInfinity => value.floor(),
        MidpointRounding::ToPositiveInfinity => value.ceil(),
    }
}

/// `Math.Log(value, newBase)`
pub fn log(value: f64, base: f64) -> f64 {
    if value.is_nan() || base.is_nan() {
        return f64::NAN;
    }
    if base == 1.0 || (value != 1.0 && (base == 0.0 || base == f64::INFINITY)) {
        return f64::NAN;
    }
    value.ln() / base.ln()
}

/// `Math.Pow(x, y)`
pub fn pow(x: f64, y: f64) -> f64 {
    x.powf(y)
}

/// `Math.Sign(double)`
///
/// # Errors
/// `ArithmeticException` for NaN.
pub fn sign(value: f64) -> Result<i32> {
    if value.is_nan() {
        return Err(Error::new(
            ErrorKind::Arithmetic,
            "Function does not accept floating point Not-a-Number values.",
        ));
    }
    Ok(if value > 0.0 {
        1
    } else if value < 0.0 {
        -1
    } else {
        0
    })
}

/// `Math.Max(double, double)`: NaN wins, and +0 over -0.
pub fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else if a > b {
        a
    } else {
        b
    }
}

/// `Math.Min(double, double)`: NaN wins, and -0 over +0.
pub fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == b {
        if a.is_sign_negative() { a } else { b }
    } else if a < b {
        a
    } else {
        b
    }
}

/// `Math.IEEERemainder(x, y)`: the quotient is rounded to the nearest even, not truncated.
pub fn ieee_remainder(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() || x.is_infinite() || y == 0.0 {
        return f64::NAN;
    }
    let regular = x % y;
    if regular == 0.0 && x.is_sign_negative() {
        return -0.0;
    }
    let alternative = regular - y.abs() * x.signum();
    if alternative.abs() == regular.abs() {
        let quotient = x / y;
        return if (quotient.round_ties_even() - quotient).abs() <= 0.5
            && quotient.round_ties_even().abs() > (x / y).trunc().abs()
        {
            alternative
        } else {
            regular
        };
    }
    if alternative.abs() < regular.abs() {
        alternative
    } else {
        regular
    }
}

/// `Math.Clamp(value, min, max)`
///
/// # Errors
/// `ArgumentException` when the bounds are the wrong way round.
pub fn clamp<T: PartialOrd + Copy>(
    value: T,
    min: T,
    max: T,
    text: impl Fn(T) -> String,
) -> Result<T> {
    if min > max {
        return Err(Error::argument(
            &format!("'{}' cannot be greater than {}.", text(min), text(max)),
            None,
        ));
    }
    Ok(if value < min {
        min
    } else if value > max {
        max
    } else {
        value
    })
}

/// `OverflowException` of `Math.Abs` for the smallest value of a type.
pub fn abs_overflow() -> Error {
    Error::overflow("Negating the minimum value of a twos complement number is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_bankers_unless_told_otherwise() {
        let even = |value, digits| round(value, digits, MidpointRounding::ToEven);
        assert_eq!(even(2.5, 0), Ok(2.0));
        assert_eq!(even(3.5, 0), Ok(4.0));
        assert_eq!(even(-2.5, 0), Ok(-2.0));
        assert_eq!(even(2.345, 2), Ok(2.35));
        assert_eq!(even(1.005, 2), Ok(1.0));
        assert_eq!(round(2.5, 0, MidpointRounding::AwayFromZero), Ok(3.0));
        assert_eq!(
            even(1.5, 16).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(even(1e300, 15), Ok(1e300));
    }

    #[test]
    fn corner_cases_of_ieee_numbers() {
        assert_eq!(log(8.0, 2.0), 3.0);
        assert!(log(8.0, 1.0).is_nan());
        assert_eq!(sign(f64::NAN).unwrap_err().kind, ErrorKind::Arithmetic);
        assert!(max(f64::NAN, 1.0).is_nan());
        assert!(min(0.0, -0.0).is_sign_negative());
        assert_eq!(ieee_remainder(3.0, 2.0), -1.0);
        assert_eq!(ieee_remainder(5.0, 2.0), 1.0);
        assert_eq!(ieee_remainder(10.0, 3.0), 1.0);
        assert_eq!(clamp(5, 1, 3, |v| v.to_string()), Ok(3));
    }
}
