//! Equality of trees and the order of values, as Json.NET has them.

use super::convert::{ScalarTarget, change_type};
use super::scalar::{IntType, Scalar};
use super::token_type::TokenType;
use super::tree::{Id, Kind, NONE, Nodes};
use super::{Error, Result, number};
use crate::clr;
use crate::forest::work;

/// Compares two subtrees level by level.
pub(super) fn equal_trees(a_nodes: &Nodes, a: Id, b_nodes: &Nodes, b: Id) -> bool {
    let mut pending = vec![(a, b)];
    while let Some((a, b)) = pending.pop() {
        work(1);
        match (&a_nodes.get(a).kind, &b_nodes.get(b).kind) {
            (Kind::Object(x), Kind::Object(y)) => {
                if x.ids.len() != y.ids.len() {
                    return false;
                }
                for id in &x.ids {
                    let Some(name) = a_nodes.property_name(*id) else {
                        return false;
                    };
                    match b_nodes.find_property(b, name) {
                        Some(other) => pending.push((*id, other)),
                        None => return false,
                    }
                }
            }
            (Kind::Array(x), Kind::Array(y)) => {
                if x.ids.len() != y.ids.len() {
                    return false;
                }
                pending.extend(x.ids.iter().copied().zip(y.ids.iter().copied()));
            }
            (
                Kind::Constructor { name, items },
                Kind::Constructor {
                    name: other_name,
                    items: other,
                },
            ) => {
                if name != other_name || items.ids.len() != other.ids.len() {
                    return false;
                }
                pending.extend(items.ids.iter().copied().zip(other.ids.iter().copied()));
            }
            (
                Kind::Property { name, value },
                Kind::Property {
                    name: other_name,
                    value: other,
                },
            ) => {
                if name != other_name || (*value == NONE) != (*other == NONE) {
                    return false;
                }
                if *value != NONE {
                    pending.push((*value, *other));
                }
            }
            (
                Kind::Value { token_type, value },
                Kind::Value {
                    token_type: other_type,
                    value: other,
                },
            ) => {
                if token_type != other_type
                    || !matches!(
                        compare_values(*token_type, value, other),
                        Ok(std::cmp::Ordering::Equal)
                    )
                {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// Json.NET's order of two values taken as `token_type`.
pub(super) fn compare_values(
    token_type: TokenType,
    a: &Scalar,
    b: &Scalar,
) -> Result<std::cmp::Ordering> {
    use std::cmp::Ordering;
    match (a, b) {
        (Scalar::Null, Scalar::Null) => return Ok(Ordering::Equal),
        (_, Scalar::Null) => return Ok(Ordering::Greater),
        (Scalar::Null, _) => return Ok(Ordering::Less),
        _ => {}
    }
    let bad_input = || Error::from(clr::Error::bad_input());
    match token_type {
        TokenType::Integer | TokenType::Float => {
            if let (Scalar::BigInteger(_), _) | (_, Scalar::BigInteger(_)) = (a, b)
                && let (Some(x), Some(y)) = (integer_text(a), integer_text(b))
            {
                return Ok(number::compare_big_integers(&x, &y));
            }
            if let (Scalar::Int(x, _), Scalar::Int(y, _)) = (a, b) {
                return Ok(x.cmp(y));
            }
            let exact = |v: &Scalar| matches!(v, Scalar::UInt64(_) | Scalar::Decimal(_));
            let float = |v: &Scalar| matches!(v, Scalar::Single(_) | Scalar::Double(_));
            let whole = token_type == TokenType::Integer;
            if (whole && (exact(a) || exact(b)))
                || (exact_decimal(a).is_some() && exact_decimal(b).is_some())
            {
                return Ok(decimal(a)?.cmp(&decimal(b)?));
            }
            if whole && !float(a) && !float(b) {
                return Ok(int64(a)?.cmp(&int64(b)?));
            }
            let (x, y) = (double(a)?, double(b)?);
            if number::approximately_equal(x, y) {
                return Ok(Ordering::Equal);
            }
            // NaN sorts first, as `double.CompareTo` has it.
            Ok(x.partial_cmp(&y)
                .unwrap_or_else(|| y.is_nan().cmp(&x.is_nan())))
        }
        TokenType::Comment | TokenType::String | TokenType::Raw => {
            Ok(a.to_text().compare_ordinal(&b.to_text()))
        }
        TokenType::Boolean => {
            let truth = |value: &Scalar| match change_type(value, ScalarTarget::Bool, 0)? {
                Scalar::Bool(truth) => Ok(truth),
                _ => Err(bad_input()),
            };
            Ok(truth(a)?.cmp(&truth(b)?))
        }
        TokenType::Date => match (a, b) {
            (Scalar::Date(x), Scalar::Date(y)) => Ok(x.ticks.cmp(&y.ticks)),
            (Scalar::Date(x), Scalar::DateOffset(y)) => Ok(x.ticks.cmp(&y.ticks)),
            (Scalar::DateOffset(x), Scalar::DateOffset(y)) => Ok(x.utc_ticks().cmp(&y.utc_ticks())),
            (Scalar::DateOffset(x), Scalar::Date(y)) => Ok(x.utc_ticks().cmp(&y.ticks)),
            _ => {
                let ticks = |value: &Scalar| match value {
                    Scalar::Date(v) => Some(v.ticks),
                    Scalar::DateOffset(v) => Some(v.ticks),
                    Scalar::String(text) => {
                        super::date::parse_json_date(&text.to_utf8()).map(|d| d.ticks)
                    }
                    _ => None,
                };
                match (ticks(a), ticks(b)) {
                    (Some(x), Some(y)) => Ok(x.cmp(&y)),
                    _ if matches!(b, Scalar::String(_)) => Err(clr::Error::format(
                        "String was not recognized as a valid DateTime.",
                    )
                    .into()),
                    _ => Err(clr::Error::invalid_cast(
                        b.type_name().unwrap_or_default(),
                        "System.DateTime",
                    )
                    .into()),
                }
            }
        },
        TokenType::Bytes => match (a, b) {
            (Scalar::Bytes(x), Scalar::Bytes(y)) => {
                Ok(x.len().cmp(&y.len()).then_with(|| x.cmp(y)))
            }
            _ => Err(Error::argument("Object must be of type byte[].")),
        },
        TokenType::Guid => match (a, b) {
            (Scalar::Guid(x), Scalar::Guid(y)) => Ok(x.cmp(y)),
            (_, Scalar::Guid(_)) => Err(uncastable(a, "System.Guid")),
            _ => Err(Error::argument("Object must be of type Guid.")),
        },
        TokenType::Uri => match (a, b) {
            (other, Scalar::Uri(_)) if !matches!(other, Scalar::Uri(_)) => {
                Err(uncastable(a, "System.Uri"))
            }
            (Scalar::Uri(_), Scalar::Uri(_)) => Ok(a.to_text().compare_ordinal(&b.to_text())),
            _ => Err(Error::argument("Object must be of type Uri.")),
        },
        TokenType::TimeSpan => match (a, b) {
            (Scalar::TimeSpan(x), Scalar::TimeSpan(y)) => Ok(x.cmp(y)),
            (_, Scalar::TimeSpan(_)) => Err(uncastable(a, "System.TimeSpan")),
            _ => Err(Error::argument("Object must be of type TimeSpan.")),
        },
        other => Err(clr::Error::out_of_range(
            &format!("Unexpected value type: {}", other.name()),
            Some("valueType"),
        )
        .into()),
    }
}

/// The cast that a comparison makes of its first value.
fn uncastable(value: &Scalar, to: &str) -> Error {
    Error::invalid_cast(format!(
        "Unable to cast object of type '{}' to type '{to}'.",
        value.type_name().unwrap_or_default()
    ))
}

/// A value as the number that Json.NET compares, by `Convert`.
fn double(value: &Scalar) -> Result<f64> {
    match change_type(value, ScalarTarget::Double, 0)? {
        Scalar::Double(number) => Ok(number),
        _ => Err(clr::Error::bad_input().into()),
    }
}

fn decimal(value: &Scalar) -> Result<rust_decimal::Decimal> {
    match change_type(value, ScalarTarget::Decimal, 0)? {
        Scalar::Decimal(number) => Ok(number),
        _ => Err(clr::Error::bad_input().into()),
    }
}

fn int64(value: &Scalar) -> Result<i64> {
    match change_type(value, ScalarTarget::Int(IntType::Int64), 0)? {
        Scalar::Int(number, _) => Ok(number),
        _ => Err(clr::Error::bad_input().into()),
    }
}

fn integer_text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Int(v, _) => Some(v.to_string()),
        Scalar::UInt64(v) => Some(v.to_string()),
        Scalar::BigInteger(v) => Some(v.to_utf8().into_owned()),
        _ => None,
    }
}

/// Numbers that Json.NET compares as decimals: `ulong` and `decimal` with anything exact.
fn exact_decimal(value: &Scalar) -> Option<rust_decimal::Decimal> {
    match value {
        Scalar::Int(v, _) => Some((*v).into()),
        Scalar::UInt64(v) => Some((*v).into()),
        Scalar::Decimal(v) => Some(*v),
        _ => None,
    }
}
