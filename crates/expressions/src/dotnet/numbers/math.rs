//! `System.Math` and `System.MidpointRounding`.

use crate::clr::decimal::{self, MidpointRounding};
use crate::clr::math;
use crate::runtime::{Call, Fault, R};
use crate::types::{TypeBuilder, Types};
use crate::value::{Const, Value};

pub(super) fn define(types: &mut Types) {
    let values: Vec<(&'static str, i64)> = MidpointRounding::ALL
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (*name, i as i64))
        .collect();
    types.enumeration("System.MidpointRounding", &values);
    let mut t = types.static_class("System.Math");
    t.constant("double PI", Const::Double(std::f64::consts::PI));
    t.constant("double E", Const::Double(std::f64::consts::E));
    whole_numbers(&mut t);
    rounding(&mut t);
    functions(&mut t);
}

/// Abs, Max, Min, Sign, Clamp for every numeric type.
macro_rules! signed {
    ($t:ident, $keyword:literal, $get:ident) => {
        $t.static_method(concat!($keyword, " Abs(", $keyword, " value)"), |c| {
            Ok(c.$get(0)?
                .checked_abs()
                .ok_or_else(math::abs_overflow)?
                .into())
        });
        $t.static_method(concat!("int Sign(", $keyword, " value)"), |c| {
            Ok((c.$get(0)?.signum() as i32).into())
        });
    };
}

macro_rules! ordered {
    ($t:ident, $keyword:literal, $get:ident) => {
        $t.static_method(
            concat!($keyword, " Max(", $keyword, " val1, ", $keyword, " val2)"),
            |c| {
                // Of equal decimals the scale shows which: the first of `Max`, the second of `Min`.
                let (a, b) = (c.$get(0)?, c.$get(1)?);
                Ok(if a >= b { a } else { b }.into())
            },
        );
        $t.static_method(
            concat!($keyword, " Min(", $keyword, " val1, ", $keyword, " val2)"),
            |c| {
                let (a, b) = (c.$get(0)?, c.$get(1)?);
                Ok(if a < b { a } else { b }.into())
            },
        );
        $t.static_method(
            concat!(
                $keyword, " Clamp(", $keyword, " value, ", $keyword, " min, ", $keyword, " max)"
            ),
            |c| Ok(math::clamp(c.$get(0)?, c.$get(1)?, c.$get(2)?, |v| v.to_string())?.into()),
        );
    };
}

fn whole_numbers(t: &mut TypeBuilder<'_>) {
    signed!(t, "sbyte", sbyte);
    signed!(t, "short", short);
    signed!(t, "int", int);
    signed!(t, "long", long);
    ordered!(t, "sbyte", sbyte);
    ordered!(t, "byte", byte);
    ordered!(t, "short", short);
    ordered!(t, "ushort", ushort);
    ordered!(t, "int", int);
    ordered!(t, "uint", uint);
    ordered!(t, "long", long);
    ordered!(t, "ulong", ulong);
    ordered!(t, "decimal", decimal);
    t.static_method("float Abs(float value)", |c| Ok(c.float(0)?.abs().into()));
    t.static_method("double Abs(double value)", |c| {
        Ok(c.double(0)?.abs().into())
    });
    t.static_method("decimal Abs(decimal value)", |c| {
        Ok(c.decimal(0)?.abs().into())
    });
    t.static_method("int Sign(float value)", |c| {
        Ok(math::sign(c.float(0)?.into())?.into())
    });
    t.static_method("int Sign(double value)", |c| {
        Ok(math::sign(c.double(0)?)?.into())
    });
    t.static_method("int Sign(decimal value)", |c| {
        let value = c.decimal(0)?;
        Ok(if value.is_zero() {
            0
        } else if value.is_sign_negative() {
            -1
        } else {
            1
        }
        .into())
    });
    t.static_method("float Max(float val1, float val2)", |c| {
        Ok((math::max(c.float(0)?.into(), c.float(1)?.into()) as f32).into())
    });
    t.static_method("float Min(float val1, float val2)", |c| {
        Ok((math::min(c.float(0)?.into(), c.float(1)?.into()) as f32).into())
    });
    t.static_method("double Max(double val1, double val2)", |c| {
        Ok(math::max(c.double(0)?, c.double(1)?).into())
    });
    t.static_method("double Min(double val1, double val2)", |c| {
        Ok(math::min(c.double(0)?, c.double(1)?).into())
    });
    t.static_method("float Clamp(float value, float min, float max)", |c| {
        Ok(math::clamp(c.float(0)?, c.float(1)?, c.float(2)?, |v| v.to_string())?.into())
    });
    t.static_method("double Clamp(double value, double min, double max)", |c| {
        Ok(math::clamp(c.double(0)?, c.double(1)?, c.double(2)?, |v| v.to_string())?.into())
    });
    t.static_method("long BigMul(int a, int b)", |c| {
        Ok((i64::from(c.int(0)?) * i64::from(c.int(1)?)).into())
    });
    t.static_method("int DivRem(int a, int b, out int result)", |c| {
        let (a, b) = (c.int(0)?, c.int(1)?);
        let quotient = divide(b == 0, a.checked_div(b))?;
        c.set(2, a.wrapping_sub(quotient.wrapping_mul(b)));
        Ok(quotient.into())
    });
    t.static_method("long DivRem(long a, long b, out long result)", |c| {
        let (a, b) = (c.long(0)?, c.long(1)?);
        let quotient = divide(b == 0, a.checked_div(b))?;
        c.set(2, a.wrapping_sub(quotient.wrapping_mul(b)));
        Ok(quotient.into())
    });
}

fn divide<T>(by_zero: bool, quotient: Option<T>) -> R<T> {
    quotient.ok_or_else(|| {
        if by_zero {
            Fault::divide_by_zero()
        } else {
            Fault::overflow()
        }
    })
}

fn rounding(t: &mut TypeBuilder<'_>) {
    t.static_method("double Round(double a)", |c| round_double(c, None, None));
    t.static_method("double Round(double value, int digits)", |c| {
        round_double(c, Some(1), None)
    });
    t.static_method("double Round(double value, MidpointRounding mode)", |c| {
        round_double(c, None, Some(1))
    });
    t.static_method(
        "double Round(double value, int digits, MidpointRounding mode)",
        |c| round_double(c, Some(1), Some(2)),
    );
    t.static_method("decimal Round(decimal d)", |c| round_decimal(c, None, None));
    t.static_method("decimal Round(decimal d, int decimals)", |c| {
        round_decimal(c, Some(1), None)
    });
    t.static_method("decimal Round(decimal d, MidpointRounding mode)", |c| {
        round_decimal(c, None, Some(1))
    });
    t.static_method(
        "decimal Round(decimal d, int decimals, MidpointRounding mode)",
        |c| round_decimal(c, Some(1), Some(2)),
    );
    t.static_method("double Floor(double d)", |c| {
        Ok(c.double(0)?.floor().into())
    });
    t.static_method("decimal Floor(decimal d)", |c| {
        Ok(decimal::floor(c.decimal(0)?).into())
    });
    t.static_method("double Ceiling(double a)", |c| {
        Ok(c.double(0)?.ceil().into())
    });
    t.static_method("decimal Ceiling(decimal d)", |c| {
        Ok(decimal::ceiling(c.decimal(0)?).into())
    });
    t.static_method("double Truncate(double d)", |c| {
        Ok(c.double(0)?.trunc().into())
    });
    t.static_method("decimal Truncate(decimal d)", |c| {
        Ok(decimal::truncate(c.decimal(0)?).into())
    });
}

fn mode(c: &Call<'_, '_>, index: Option<usize>) -> R<MidpointRounding> {
    Ok(match index {
        Some(i) => MidpointRounding::from_value(i32::try_from(c.enumeration(i)?).unwrap_or(-1))?,
        None => MidpointRounding::ToEven,
    })
}

fn round_double(c: &Call<'_, '_>, digits: Option<usize>, rounding: Option<usize>) -> R<Value> {
    let digits = digits.map_or(Ok(0), |i| c.int(i))?;
    Ok(math::round(c.double(0)?, digits, mode(c, rounding)?)?.into())
}

fn round_decimal(c: &Call<'_, '_>, decimals: Option<usize>, rounding: Option<usize>) -> R<Value> {
    let decimals = decimals.map_or(Ok(0), |i| c.int(i))?;
    Ok(decimal::round(c.decimal(0)?, decimals, mode(c, rounding)?)?.into())
}

macro_rules! function {
    ($t:ident, $($name:literal => $method:ident),+ $(,)?) => { $(
        $t.static_method(concat!("double ", $name, "(double d)"), |c| Ok(c.double(0)?.$method().into()));
    )+ };
}

fn functions(t: &mut TypeBuilder<'_>) {
    function!(
        t, "Sqrt" => sqrt, "Cbrt" => cbrt, "Exp" => exp, "Log" => ln, "Log10" => log10, "Log2" => log2, "Sin" => sin, "Cos" => cos,
        "Tan" => tan, "Asin" => asin, "Acos" => acos, "Atan" => atan, "Sinh" => sinh, "Cosh" => cosh, "Tanh" => tanh,
        "Atanh" => atanh, "BitIncrement" => next_up, "BitDecrement" => next_down,
    );
    // Squares of numbers beyond this have no room.
    const LARGE: f64 = 268_435_456.0;
    t.static_method("double Acosh(double d)", |c| {
        let x = c.double(0)?;
        Ok(if x.is_finite() && x > LARGE {
            x.ln() + std::f64::consts::LN_2
        } else {
            x.acosh()
        }
        .into())
    });
    t.static_method("double Asinh(double d)", |c| {
        let x = c.double(0)?;
        Ok(if x.is_finite() && x.abs() > LARGE {
            (x.abs().ln() + std::f64::consts::LN_2).copysign(x)
        } else {
            x.asinh()
        }
        .into())
    });
    t.static_method("double Log(double a, double newBase)", |c| {
        Ok(math::log(c.double(0)?, c.double(1)?).into())
    });
    t.static_method("double Pow(double x, double y)", |c| {
        Ok(math::pow(c.double(0)?, c.double(1)?).into())
    });
    t.static_method("double Atan2(double y, double x)", |c| {
        Ok(c.double(0)?.atan2(c.double(1)?).into())
    });
    t.static_method("double IEEERemainder(double x, double y)", |c| {
        Ok(math::ieee_remainder(c.double(0)?, c.double(1)?).into())
    });
    t.static_method("double CopySign(double x, double y)", |c| {
        Ok(c.double(0)?.copysign(c.double(1)?).into())
    });
    t.static_method(
        "double FusedMultiplyAdd(double x, double y, double z)",
        |c| Ok(c.double(0)?.mul_add(c.double(1)?, c.double(2)?).into()),
    );
    t.static_method("double ScaleB(double x, int n)", |c| {
        // Two steps reach every exponent; each power is exact.
        let (x, n) = (c.double(0)?, c.int(1)?.clamp(-2200, 2200));
        let half = n / 2;
        Ok((x * 2f64.powi(half) * 2f64.powi(n - half)).into())
    });
    t.static_method("int ILogB(double x)", |c| {
        let x = c.double(0)?;
        Ok(if x == 0.0 {
            i32::MIN
        } else if !x.is_finite() {
            i32::MAX
        } else {
            // Subnormals are lifted into the normal range first.
            let (x, lift) = if x.is_subnormal() {
                (x * 2f64.powi(64), 64)
            } else {
                (x, 0)
            };
            ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023 - lift
        }
        .into())
    });
    t.static_method("double MaxMagnitude(double x, double y)", |c| {
        let (x, y) = (c.double(0)?, c.double(1)?);
        Ok(if x.abs() > y.abs() || x.is_nan() {
            x
        } else if x.abs() == y.abs() {
            math::max(x, y)
        } else {
            y
        }
        .into())
    });
    t.static_method("double MinMagnitude(double x, double y)", |c| {
        let (x, y) = (c.double(0)?, c.double(1)?);
        Ok(if x.abs() < y.abs() || x.is_nan() {
            x
        } else if x.abs() == y.abs() {
            math::min(x, y)
        } else {
            y
        }
        .into())
    });
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::text;
    use crate::value::Value;

    #[test]
    fn overflow_rounding_and_remainders() {
        assert_eq!(
            text("System.Math", "int Abs(int value)", &[i32::MIN.into()]),
            "throws OverflowException"
        );
        assert_eq!(
            text("System.Math", "double Round(double a)", &[2.5.into()]),
            "2"
        );
        assert_eq!(
            text(
                "System.Math",
                "double Round(double value, int digits)",
                &[1.5.into(), 16.into()]
            ),
            "throws ArgumentOutOfRangeException"
        );
        assert_eq!(
            text(
                "System.Math",
                "int DivRem(int a, int b, out int result)",
                &[7.into(), 2.into(), Value::Null]
            ),
            "3"
        );
        assert_eq!(
            text(
                "System.Math",
                "int DivRem(int a, int b, out int result)",
                &[7.into(), 0.into(), Value::Null]
            ),
            "throws DivideByZeroException"
        );
        assert_eq!(
            text("System.Math", "int Sign(double value)", &[f64::NAN.into()]),
            "throws ArithmeticException"
        );
        assert_eq!(
            text("System.Math", "double Sqrt(double d)", &[2.0.into()]),
            "1.4142135623730951"
        );
        assert_eq!(
            text(
                "System.Math",
                "double ScaleB(double x, int n)",
                &[1.5.into(), 4.into()]
            ),
            "24"
        );
        assert_eq!(
            text("System.Math", "int ILogB(double x)", &[8.0.into()]),
            "3"
        );
        assert_eq!(
            text(
                "System.Math",
                "int Clamp(int value, int min, int max)",
                &[5.into(), 7.into(), 1.into()]
            ),
            "throws ArgumentException"
        );
    }
}
