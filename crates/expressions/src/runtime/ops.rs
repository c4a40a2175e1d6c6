//! The operators of the predefined types, on values of one type. The compiler uses them directly, constant folding uses
//! them at load, `dynamic` at run time.

use rust_decimal::Decimal;

use super::{Fault, R};
use crate::clr;
use crate::syntax::ast::BinaryOp;
use crate::types::relations::Num;
use crate::value::Value;

/// Arithmetic and bit operators; both operands are of type `num`, which is never narrower than `int`.
pub fn arith(op: BinaryOp, num: Num, a: &Value, b: &Value, checked: bool) -> R<Value> {
    Ok(match (num, a, b) {
        (Num::Int32, Value::Int32(a), Value::Int32(b)) => int32(op, *a, *b, checked)?.into(),
        (Num::Int64, Value::Int64(a), Value::Int64(b)) => int64(op, *a, *b, checked)?.into(),
        (Num::UInt32, Value::UInt32(a), Value::UInt32(b)) => uint32(op, *a, *b, checked)?.into(),
        (Num::UInt64, Value::UInt64(a), Value::UInt64(b)) => uint64(op, *a, *b, checked)?.into(),
        (Num::Single, Value::Single(a), Value::Single(b)) => match op {
            BinaryOp::Add => a + b,
            BinaryOp::Subtract => a - b,
            BinaryOp::Multiply => a * b,
            BinaryOp::Divide => a / b,
            _ => a % b,
        }
        .into(),
        (Num::Double, Value::Double(a), Value::Double(b)) => double(op, *a, *b).into(),
        (Num::Decimal, Value::Decimal(a), Value::Decimal(b)) => decimal(op, *a, *b)?.into(),
        _ => return Err(mismatch()),
    })
}

/// Shifts: the count is an `int` whatever the left operand's type.
pub fn shift(op: BinaryOp, a: &Value, count: i32) -> R<Value> {
    let left = op == BinaryOp::ShiftLeft;
    let count = count.cast_unsigned();
    Ok(match a {
        Value::Int32(a) if left => a.wrapping_shl(count).into(),
        Value::Int32(a) => a.wrapping_shr(count).into(),
        Value::UInt32(a) if left => a.wrapping_shl(count).into(),
        Value::UInt32(a) => a.wrapping_shr(count).into(),
        Value::Int64(a) if left => a.wrapping_shl(count).into(),
        Value::Int64(a) => a.wrapping_shr(count).into(),
        Value::UInt64(a) if left => a.wrapping_shl(count).into(),
        Value::UInt64(a) => a.wrapping_shr(count).into(),
        _ => return Err(mismatch()),
    })
}

fn mismatch() -> Fault {
    Fault::binder("The operator is not defined for these operands.")
}

/// `double` arithmetic.
#[must_use]
pub fn double(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        _ => a % b,
    }
}

fn decimal(op: BinaryOp, a: Decimal, b: Decimal) -> R<Decimal> {
    Ok(match op {
        BinaryOp::Add => clr::decimal::add(a, b)?,
        BinaryOp::Subtract => clr::decimal::subtract(a, b)?,
        BinaryOp::Multiply => clr::decimal::multiply(a, b)?,
        BinaryOp::Divide => clr::decimal::divide(a, b)?,
        _ => clr::decimal::remainder(a, b)?,
    })
}

macro_rules! integer {
    ($name:ident, $ty:ty, $doc:literal) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(op: BinaryOp, a: $ty, b: $ty, checked: bool) -> R<$ty> {
            let (value, overflow) = match op {
                BinaryOp::Add => a.overflowing_add(b),
                BinaryOp::Subtract => a.overflowing_sub(b),
                BinaryOp::Multiply => a.overflowing_mul(b),
                BinaryOp::Divide | BinaryOp::Remainder => {
                    if b == 0 {
                        return Err(Fault::divide_by_zero());
                    }
                    // The smallest number by -1 overflows whether checked or not.
                    let result = if op == BinaryOp::Divide {
                        a.checked_div(b)
                    } else {
                        a.checked_rem(b)
                    };
                    return result.ok_or_else(Fault::overflow);
                }
                BinaryOp::And => (a & b, false),
                BinaryOp::Or => (a | b, false),
                BinaryOp::Xor => (a ^ b, false),
                _ => return Err(mismatch()),
            };
            if overflow && checked {
                Err(Fault::overflow())
            } else {
                Ok(value)
            }
        }
    };
}

integer!(int32, i32, "`int` arithmetic.");
integer!(int64, i64, "`long` arithmetic.");
integer!(uint32, u32, "`uint` arithmetic.");
integer!(uint64, u64, "`ulong` arithmetic.");

/// Comparison of two numbers of one type; NaN compares false except by `!=`.
#[must_use]
pub fn compare(op: BinaryOp, a: &Value, b: &Value) -> bool {
    use std::cmp::Ordering;
    let order = match (a, b) {
        (Value::Single(a), Value::Single(b)) => a.partial_cmp(b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        _ => super::compare(a, b),
    };
    match op {
        BinaryOp::Equal => order == Some(Ordering::Equal),
        BinaryOp::NotEqual => order != Some(Ordering::Equal),
        BinaryOp::Less => order == Some(Ordering::Less),
        BinaryOp::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        BinaryOp::Greater => order == Some(Ordering::Greater),
        BinaryOp::GreaterEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        _ => false,
    }
}

/// Unary minus.
pub fn negate(value: &Value, checked: bool) -> R<Value> {
    Ok(match value {
        Value::Int32(n) => int32(BinaryOp::Subtract, 0, *n, checked)?.into(),
        Value::Int64(n) => int64(BinaryOp::Subtract, 0, *n, checked)?.into(),
        Value::Single(n) => (-n).into(),
        Value::Double(n) => (-n).into(),
        Value::Decimal(n) => clr::decimal::negate(*n).into(),
        _ => return Err(mismatch()),
    })
}

/// `~`
pub fn complement(value: &Value) -> R<Value> {
    Ok(match value {
        Value::Int32(n) => (!n).into(),
        Value::Int64(n) => (!n).into(),
        Value::UInt32(n) => (!n).into(),
        Value::UInt64(n) => (!n).into(),
        Value::Enum(def, n) => Value::Enum(*def, i64::from(!truncate(*n))),
        _ => return Err(mismatch()),
    })
}

fn truncate(n: i64) -> i32 {
    let [a, b, c, d, ..] = n.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// A number as any numeric type: C#'s explicit conversions.
pub fn convert(value: &Value, to: Num, checked: bool) -> R<Value> {
    let wide: i128 = match value {
        Value::Int32(n) => match to {
            Num::Int64 => return Ok(Value::Int64(i64::from(*n))),
            Num::Double => return Ok(Value::Double(f64::from(*n))),
            _ => i128::from(*n),
        },
        Value::SByte(n) => i128::from(*n),
        Value::Byte(n) => i128::from(*n),
        Value::Int16(n) => i128::from(*n),
        Value::UInt16(n) | Value::Char(n) => i128::from(*n),
        Value::UInt32(n) => i128::from(*n),
        Value::Int64(n) | Value::Enum(_, n) => i128::from(*n),
        Value::UInt64(n) => i128::from(*n),
        Value::Single(n) => return from_float(f64::from(*n), Some(*n), to, checked),
        Value::Double(n) => return from_float(*n, None, to, checked),
        Value::Decimal(n) => return from_decimal(*n, to),
        _ => return Err(mismatch()),
    };
    from_integer(wide, to, checked)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
fn from_integer(wide: i128, to: Num, checked: bool) -> R<Value> {
    macro_rules! narrow {
        ($ty:ty, $variant:ident) => {{
            if checked && <$ty>::try_from(wide).is_err() {
                return Err(Fault::overflow());
            }
            Value::$variant(wide as $ty)
        }};
    }
    Ok(match to {
        Num::SByte => narrow!(i8, SByte),
        Num::Byte => narrow!(u8, Byte),
        Num::Int16 => narrow!(i16, Int16),
        Num::UInt16 => narrow!(u16, UInt16),
        Num::Char => narrow!(u16, Char),
        Num::Int32 => narrow!(i32, Int32),
        Num::UInt32 => narrow!(u32, UInt32),
        Num::Int64 => narrow!(i64, Int64),
        Num::UInt64 => narrow!(u64, UInt64),
        Num::Single => Value::Single(wide as f32),
        Num::Double => Value::Double(wide as f64),
        Num::Decimal => Value::Decimal(Decimal::from_i128_with_scale(wide, 0)),
    })
}

#[allow(clippy::cast_possible_truncation)]
fn from_float(n: f64, single: Option<f32>, to: Num, checked: bool) -> R<Value> {
    match to {
        Num::Double => return Ok(Value::Double(n)),
        Num::Single => return Ok(Value::Single(single.unwrap_or(n as f32))),
        Num::Decimal => {
            return Ok(Value::Decimal(match single {
                Some(n) => clr::decimal::from_f32(n)?,
                None => clr::decimal::from_f64(n)?,
            }));
        }
        _ => {}
    }
    let whole = n.trunc();
    let (low, high) = match to {
        Num::SByte => (-128.0, 127.0),
        Num::Byte => (0.0, 255.0),
        Num::Int16 => (-32_768.0, 32_767.0),
        Num::UInt16 | Num::Char => (0.0, 65_535.0),
        Num::Int32 => (-2_147_483_648.0, 2_147_483_647.0),
        Num::UInt32 => (0.0, 4_294_967_295.0),
        Num::Int64 => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_774_784.0),
        _ => (0.0, 18_446_744_073_709_549_568.0),
    };
    // -0.5 truncates to zero, which every type holds.
    let fits = whole >= low && whole <= high;
    if fits {
        return from_integer(whole as i128, to, false);
    }
    if checked {
        return Err(Fault::overflow());
    }
    // The processor's answer for what does not fit: the smallest number of the register that is used.
    let register = match to {
        // The upper half of ulong is converted less 2^63, which is put back: what is too large ends at 0.
        Num::UInt64 if whole > 0.0 || whole.is_nan() => 0,
        Num::UInt64 if whole >= -9_223_372_036_854_775_808.0 => whole as i128,
        Num::Int64 | Num::UInt64 => i128::from(i64::MIN),
        Num::UInt32 if (-9.2e18..=9.2e18).contains(&whole) => whole as i128,
        _ if (-2_147_483_648.0..=2_147_483_647.0).contains(&whole) => whole as i128,
        Num::UInt32 => 0,
        _ => i128::from(i32::MIN),
    };
    from_integer(register, to, false)
}

fn from_decimal(n: Decimal, to: Num) -> R<Value> {
    use clr::number_parse::IntegerType as T;
    let target = match to {
        Num::Decimal => return Ok(Value::Decimal(n)),
        Num::Double => return Ok(Value::Double(clr::decimal::to_f64(n))),
        Num::Single => return Ok(Value::Single(clr::decimal::to_f32(n))),
        Num::SByte => T::SByte,
        Num::Byte => T::Byte,
        Num::Int16 => T::Int16,
        Num::UInt16 | Num::Char => T::UInt16,
        Num::Int32 => T::Int32,
        Num::UInt32 => T::UInt32,
        Num::Int64 => T::Int64,
        Num::UInt64 => T::UInt64,
    };
    from_integer(clr::decimal::to_integer(n, target)?, to, false)
}
