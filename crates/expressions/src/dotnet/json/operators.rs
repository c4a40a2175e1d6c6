//! The operators of a `dynamic` `JValue`: Json.NET calculates and compares with what the token holds, and the result of a
//! calculation is a token again.

use std::cmp::Ordering;

use super::{scalar_of, value_of};
use crate::json::{self, IntType, JToken, Scalar, ScalarTarget};
use crate::runtime::{R, Runtime, ops};
use crate::syntax::ast::BinaryOp;
use crate::types::relations::Num;
use crate::value::{StrBuilder, Value};

/// `token op other`; `None` where Json.NET has no such operator and leaves it to C#.
pub(crate) fn binary(
    rt: &mut Runtime<'_>,
    op: BinaryOp,
    token: &JToken,
    other: &Value,
) -> R<Option<Value>> {
    let Some(own) = token.scalar() else {
        return Ok(None);
    };
    let holds: fn(Ordering) -> bool = match op {
        BinaryOp::Equal => Ordering::is_eq,
        BinaryOp::NotEqual => Ordering::is_ne,
        BinaryOp::Less => Ordering::is_lt,
        BinaryOp::LessEqual => Ordering::is_le,
        BinaryOp::Greater => Ordering::is_gt,
        BinaryOp::GreaterEqual => Ordering::is_ge,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
            return calculate(rt, op, own, other);
        }
        _ => return Ok(None),
    };
    let order = match scalar_of(other) {
        Some(other) => token.compare_with(&other)?,
        None => {
            // What no token can hold has at least a text.
            let text = rt.to_text(other)?;
            token.compare_with_object(&other.type_of().full_name(), text)?
        }
    };
    Ok(Some(holds(order).into()))
}

fn calculate(rt: &mut Runtime<'_>, op: BinaryOp, own: Scalar, other: &Value) -> R<Option<Value>> {
    let texts = matches!(own, Scalar::String(_))
        || matches!(other, Value::Str(_))
        || matches!(scalar_of(other), Some(Scalar::String(_)));
    if texts && op == BinaryOp::Add {
        let mut out = StrBuilder::new();
        out.push(&own.to_text());
        out.push(&rt.to_text(other)?);
        rt.allocate(out.size())?;
        return token(rt, Scalar::String(out.finish())).map(Some);
    }
    let Some(other) = scalar_of(other) else {
        return match rank(&own) {
            Some(Num::Decimal | Num::Double | Num::Int64) if other_is_object(other) => {
                Err(crate::clr::Error::invalid_cast(
                    &other.type_of().full_name(),
                    own.type_name().unwrap_or_default(),
                )
                .into())
            }
            _ => Ok(None),
        };
    };
    // The wider of the two says how both are calculated with.
    let num = match (rank(&own), rank(&other)) {
        (None, None) => return Ok(None),
        (Some(Num::Decimal), _) | (_, Some(Num::Decimal)) => Num::Decimal,
        (Some(Num::Double), _) | (_, Some(Num::Double)) => Num::Double,
        _ => Num::Int64,
    };
    if matches!(own, Scalar::Null) || matches!(other, Scalar::Null) {
        return token(rt, Scalar::Null).map(Some);
    }
    let target = match num {
        Num::Decimal => ScalarTarget::Decimal,
        Num::Double => ScalarTarget::Double,
        _ => ScalarTarget::Int(IntType::Int64),
    };
    let now = rt.host.now();
    let a = value_of(&json::change_type(&own, target, now)?);
    let b = value_of(&json::change_type(&other, target, now)?);
    let result = ops::arith(op, num, &a, &b, false)?;
    token(rt, scalar_of(&result).unwrap_or(Scalar::Null)).map(Some)
}

fn other_is_object(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Json(_) | Value::Host(_))
}

/// How a number is calculated with: all whole numbers as `long`.
fn rank(value: &Scalar) -> Option<Num> {
    match value {
        Scalar::UInt64(_) | Scalar::Decimal(_) => Some(Num::Decimal),
        Scalar::Double(_) | Scalar::Single(_) => Some(Num::Double),
        Scalar::Int(..) => Some(Num::Int64),
        _ => None,
    }
}

fn token(rt: &mut Runtime<'_>, scalar: Scalar) -> R<Value> {
    rt.allocate(64)?;
    Ok(JToken::new_value(scalar)?.into())
}

/// A `dynamic` token where a value of that type is wanted: what it holds, by `Convert.ChangeType`. `None` where C#'s own
/// conversions decide.
pub(crate) fn unwrap(
    rt: &mut Runtime<'_>,
    token: &JToken,
    ty: &crate::types::Type,
) -> R<Option<Value>> {
    let plain = matches!(
        super::typed::scalar_target(ty.unwrap_nullable()),
        Some(
            ScalarTarget::Bool
                | ScalarTarget::Char
                | ScalarTarget::Int(_)
                | ScalarTarget::UInt64
                | ScalarTarget::Single
                | ScalarTarget::Double
                | ScalarTarget::Decimal
                | ScalarTarget::DateTime
        )
    );
    match token.scalar() {
        Some(Scalar::Null) if ty.accepts_null() => Ok(Some(Value::Null)),
        Some(Scalar::Null) | None => Ok(None),
        Some(Scalar::BigInteger(_)) => Ok(None),
        Some(_) if plain => super::typed::convert(rt, Some(token), ty).map(Some),
        Some(_) => Ok(None),
    }
}
