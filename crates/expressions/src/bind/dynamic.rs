//! `dynamic` at run time: members, operators and overloads chosen by the values' own types.

use std::sync::Arc;

use super::overload::{self, Argument, Candidate, Shape, Target};
use super::tree::DynamicUnary;
use crate::runtime::{Delegate, Fault, R, Runtime, conversion, equals, ops};
use crate::syntax::ast::BinaryOp;
use crate::types::relations::{self, Num};
use crate::types::{Member, MemberKind, ParameterDefault, PassBy, Type};
use crate::value::{Object, Record, StrBuilder, Value};

fn null_receiver() -> Fault {
    Fault::binder("Cannot perform runtime binding on a null reference")
}

fn unknown(value: &Value, name: &str) -> Fault {
    Fault::binder(&format!(
        "'{}' does not contain a definition for '{name}'",
        value.type_of()
    ))
}

fn as_dyn(value: &Value) -> Option<&dyn Object> {
    match value {
        Value::Object(object) => Some(&**object),
        Value::Json(token) => Some(token),
        _ => None,
    }
}

/// `receiver.name`
pub fn get(rt: &mut Runtime<'_>, receiver: &Value, name: &str) -> R<Value> {
    if receiver.is_null() {
        return Err(null_receiver());
    }
    if let Some(object) = as_dyn(receiver)
        && let Some(found) = object.dynamic_get(name)
    {
        return found;
    }
    if let Some(record) = receiver.as_object::<Record>()
        && let Some(index) = record_field(&record.ty, name)
    {
        return Ok(record.get(index));
    }
    let ty = receiver.type_of();
    match super::access::find_property(&ty, name) {
        Some(found) if !found.member.is_static && !found.member.write_only => {
            let types: Arc<[Type]> = found.class.into();
            conversion::call_member(rt, found.member, &types, &mut [receiver.clone()])
        }
        _ => Err(unknown(receiver, name)),
    }
}

fn record_field(ty: &Type, name: &str) -> Option<usize> {
    match ty {
        Type::Anonymous(fields) => fields.iter().position(|(n, _)| &**n == name),
        Type::Tuple(_) => name
            .strip_prefix("Item")?
            .parse::<usize>()
            .ok()?
            .checked_sub(1),
        _ => None,
    }
}

/// `receiver.name = value`
pub fn set(rt: &mut Runtime<'_>, receiver: &Value, name: &str, value: &Value) -> R<Value> {
    if receiver.is_null() {
        return Err(null_receiver());
    }
    if let Some(object) = as_dyn(receiver)
        && let Some(done) = object.dynamic_set(rt, name, value)
    {
        done?;
        return Ok(value.clone());
    }
    let ty = receiver.type_of();
    let found = super::access::find_property(&ty, name).ok_or_else(|| unknown(receiver, name))?;
    let Some(set) = found.member.set else {
        return Err(Fault::binder(&format!(
            "Property or indexer '{ty}.{name}' cannot be assigned to -- it is read only"
        )));
    };
    let target = found.member.result.substitute(&found.class, &[]);
    let converted = convert(rt, value.clone(), &target)?;
    set(&mut crate::runtime::Call {
        rt,
        args: &mut [receiver.clone(), converted],
        types: &found.class,
        member: found.member,
    })?;
    Ok(value.clone())
}

fn convert(rt: &mut Runtime<'_>, value: Value, to: &Type) -> R<Value> {
    if value.is_null() && to.accepts_null() {
        return Ok(value);
    }
    match relations::implicit(&value.type_of(), to) {
        Some(found) => conversion::apply(rt, value, &found, false),
        None => Err(Fault::binder(&format!(
            "Cannot implicitly convert type '{}' to '{to}'",
            value.type_of()
        ))),
    }
}

/// `receiver[args]`
pub fn index(rt: &mut Runtime<'_>, receiver: &Value, args: &[Value]) -> R<Value> {
    if receiver.is_null() {
        return Err(null_receiver());
    }
    if let Some(array) = receiver.as_object::<crate::dotnet::collections::Array>() {
        let at = args.first().and_then(Value::as_integer);
        return at
            .and_then(|i| usize::try_from(i).ok())
            .and_then(|i| array.get(i))
            .ok_or_else(Fault::index_out_of_range);
    }
    let ty = receiver.type_of();
    let candidates = overload::methods(&ty, "this[]", MemberKind::Indexer);
    run(rt, &candidates, Some(receiver), args, "this[]", None)
}

/// `receiver[args] = value`
pub fn set_index(
    rt: &mut Runtime<'_>,
    receiver: &Value,
    args: &[Value],
    value: &Value,
) -> R<Value> {
    if receiver.is_null() {
        return Err(null_receiver());
    }
    if let Some(array) = receiver.as_object::<crate::dotnet::collections::Array>() {
        let at = args.first().and_then(Value::as_integer);
        let converted = convert(rt, value.clone(), &array.element)?;
        let stored = at
            .and_then(|i| usize::try_from(i).ok())
            .is_some_and(|i| array.set(i, converted));
        return if stored {
            Ok(value.clone())
        } else {
            Err(Fault::index_out_of_range())
        };
    }
    let ty = receiver.type_of();
    let candidates = overload::methods(&ty, "this[]", MemberKind::Indexer);
    run(rt, &candidates, Some(receiver), args, "this[]", Some(value))?;
    Ok(value.clone())
}

/// `receiver.name(args)`
pub fn call(rt: &mut Runtime<'_>, receiver: &Value, name: &str, args: &[Value]) -> R<Value> {
    if receiver.is_null() {
        return Err(null_receiver());
    }
    let ty = receiver.type_of();
    let candidates: Vec<Candidate> = overload::methods(&ty, name, MemberKind::Method)
        .into_iter()
        .filter(|c| matches!(c.target, Target::Member(m) if !m.is_static))
        .collect();
    if candidates.is_empty() {
        let member = get(rt, receiver, name)?;
        if member.as_object::<Delegate>().is_some() {
            return rt.invoke(&member, args);
        }
        return Err(unknown(receiver, name));
    }
    run(rt, &candidates, Some(receiver), args, name, None)
}

/// A static or instance call (or constructor) with at least one dynamic argument.
pub fn call_overload(
    rt: &mut Runtime<'_>,
    receiver: Option<&Value>,
    members: &[(&'static Member, Vec<Type>)],
    args: &[Value],
    name: &str,
) -> R<Value> {
    let candidates: Vec<Candidate> = members
        .iter()
        .map(|(member, class)| Candidate::member(member, class.clone(), 0))
        .collect();
    run(rt, &candidates, receiver, args, name, None)
}

fn run(
    rt: &mut Runtime<'_>,
    candidates: &[Candidate],
    receiver: Option<&Value>,
    args: &[Value],
    name: &str,
    assigned: Option<&Value>,
) -> R<Value> {
    let shapes: Vec<Argument> = args
        .iter()
        .map(|value| Argument {
            name: None,
            pass: PassBy::Value,
            shape: Shape::Value(value.type_of(), None),
        })
        .collect();
    let choice = overload::resolve(candidates, &shapes, &[], &mut super::operators::NoLambdas)
        .map_err(|_| {
            Fault::binder(&format!(
                "The best overloaded method match for '{name}' has some invalid arguments"
            ))
        })?;
    let candidate = candidates
        .get(choice.candidate)
        .ok_or_else(|| Fault::binder(name))?;
    let Target::Member(member) = candidate.target else {
        return Err(Fault::binder(name));
    };
    let mut all: Vec<Value> = receiver.into_iter().cloned().collect();
    let last = candidate.params.len().wrapping_sub(1);
    for (position, (param, indices)) in candidate.params.iter().zip(&choice.mapping).enumerate() {
        let ty = choice
            .param_types
            .get(position)
            .cloned()
            .unwrap_or(Type::OBJECT);
        if choice.expanded && position == last {
            let mut items = Vec::new();
            for index in indices {
                let value = args.get(*index).cloned().unwrap_or_default();
                items.push(convert(rt, value, &ty)?);
            }
            all.push(crate::dotnet::collections::array(ty, items));
            continue;
        }
        all.push(match indices.first().and_then(|i| args.get(*i)) {
            Some(value) => convert(rt, value.clone(), &ty)?,
            None => match &param.default {
                Some(ParameterDefault::Const(value)) => value.into(),
                _ => crate::dotnet::system::default_of(&ty),
            },
        });
    }
    let mut types = candidate.class.clone();
    types.extend(choice.types.iter().cloned());
    let function = match assigned {
        Some(value) => {
            let ty = candidate.result.clone();
            all.push(convert(rt, value.clone(), &ty)?);
            member
                .set
                .ok_or_else(|| Fault::binder("The indexer is read only"))?
        }
        None => member.run,
    };
    rt.tick()?;
    function(&mut crate::runtime::Call {
        rt,
        args: &mut all,
        types: &types,
        member,
    })
}

/// `target(args)`
pub fn invoke(rt: &mut Runtime<'_>, target: &Value, args: &[Value]) -> R<Value> {
    if target.is_null() {
        return Err(null_receiver());
    }
    if target.as_object::<Delegate>().is_some() {
        return rt.invoke(target, args);
    }
    Err(Fault::binder("Cannot invoke a non-delegate type"))
}

/// `!x`, `-x`, `~x`
pub fn unary(op: DynamicUnary, value: &Value) -> R<Value> {
    match (op, value) {
        (DynamicUnary::Not, Value::Bool(b)) => Ok(Value::Bool(!b)),
        (
            DynamicUnary::Negate,
            Value::SByte(_) | Value::Byte(_) | Value::Int16(_) | Value::UInt16(_),
        ) => ops::negate(&ops::convert(value, Num::Int32, false)?, false),
        (DynamicUnary::Negate, _) => ops::negate(value, false),
        (DynamicUnary::Complement, _) => ops::complement(value),
        _ => Err(Fault::binder(
            "Operator '!' cannot be applied to the operand",
        )),
    }
}

/// Binary operators, by the operands' run-time types. `opaque` tells which operands are of static type `object`: C# asks
/// for their run-time type only where they are `dynamic`.
pub fn binary(
    rt: &mut Runtime<'_>,
    op: BinaryOp,
    left: &Value,
    right: &Value,
    opaque: (bool, bool),
) -> R<Value> {
    // A token on the left has operators of its own.
    if let Value::Json(token) = left
        && let Some(result) = crate::dotnet::json::binary(rt, op, token, right)?
    {
        return Ok(result);
    }
    let text = |value: &Value, opaque: bool| !opaque && value.as_string().is_some();
    if op == BinaryOp::Add && (text(left, opaque.0) || text(right, opaque.1)) {
        let mut out = StrBuilder::new();
        out.push(&rt.to_text(left)?);
        out.push(&rt.to_text(right)?);
        rt.allocate(out.size())?;
        return Ok(out.finish().into());
    }
    if opaque.0 || opaque.1 {
        let reference = |value: &Value, opaque: bool| opaque || !value.type_of().is_value_type();
        return match op {
            BinaryOp::Equal | BinaryOp::NotEqual
                if reference(left, opaque.0) && reference(right, opaque.1) =>
            {
                Ok((left.same(right) == (op == BinaryOp::Equal)).into())
            }
            _ => Err(mismatch(op, &left.type_of(), &right.type_of())),
        };
    }
    if left.is_null() != right.is_null()
        && let Some(result) = with_null(op, if left.is_null() { right } else { left })
    {
        return Ok(result);
    }
    let (lt, rt_ty) = (left.type_of(), right.type_of());
    if let (Some(a), Some(b)) = (Num::of(&lt), Num::of(&rt_ty)) {
        if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
            let count = ops::convert(right, Num::Int32, false)?;
            let wide = match a {
                Num::SByte | Num::Byte | Num::Int16 | Num::UInt16 | Num::Char => {
                    ops::convert(left, Num::Int32, false)?
                }
                _ => left.clone(),
            };
            return ops::shift(
                op,
                &wide,
                i32::try_from(count.as_integer().unwrap_or(0)).unwrap_or(0),
            );
        }
        let num =
            super::operators::promote_numbers(a, b).ok_or_else(|| mismatch(op, &lt, &rt_ty))?;
        let (x, y) = (
            ops::convert(left, num, false)?,
            ops::convert(right, num, false)?,
        );
        let bits = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if bits && !num.is_integer() {
            return Err(mismatch(op, &lt, &rt_ty));
        }
        return if is_comparison(op) {
            Ok(Value::Bool(ops::compare(op, &x, &y)))
        } else {
            ops::arith(op, num, &x, &y, false)
        };
    }
    match (op, left, right) {
        (
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor | BinaryOp::Equal | BinaryOp::NotEqual,
            Value::Bool(a),
            Value::Bool(b),
        ) => return Ok(Value::Bool(super::operators::logic(op, *a, *b))),
        (BinaryOp::Equal | BinaryOp::NotEqual, _, _) => {
            let equal = if left.is_null() || right.is_null() {
                left.is_null() && right.is_null()
            } else if lt == rt_ty && (lt.is_value_type() || lt == Type::STRING) {
                equals(left, right)
            } else if lt == Type::OBJECT || rt_ty == Type::OBJECT {
                if lt.is_value_type() || rt_ty.is_value_type() {
                    return Err(mismatch(op, &lt, &rt_ty));
                }
                left.same(right)
            } else if lt.is_value_type() != rt_ty.is_value_type() || lt != rt_ty {
                return Err(mismatch(op, &lt, &rt_ty));
            } else {
                left.same(right)
            };
            return Ok(Value::Bool(equal == (op == BinaryOp::Equal)));
        }
        _ => {}
    }
    let symbol = op.symbol();
    let mut candidates = overload::methods(&lt, symbol, MemberKind::Operator);
    if lt != rt_ty {
        candidates.extend(overload::methods(&rt_ty, symbol, MemberKind::Operator));
    }
    candidates.retain(|c| c.params.len() == 2);
    if candidates.is_empty() {
        return Err(mismatch(op, &lt, &rt_ty));
    }
    run(
        rt,
        &candidates,
        None,
        &[left.clone(), right.clone()],
        symbol,
        None,
    )
}

/// A number with null: null, or a comparison that is false. `None` where C# has another answer.
fn with_null(op: BinaryOp, number: &Value) -> Option<Value> {
    let num = Num::of(&number.type_of())?;
    match op {
        BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Xor
        | BinaryOp::ShiftLeft
        | BinaryOp::ShiftRight
            if !num.is_integer() =>
        {
            None
        }
        BinaryOp::Equal | BinaryOp::NotEqual => None,
        _ if is_comparison(op) => Some(false.into()),
        _ => Some(Value::Null),
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

fn mismatch(op: BinaryOp, a: &Type, b: &Type) -> Fault {
    Fault::binder(&format!(
        "Operator '{}' cannot be applied to operands of type '{a}' and '{b}'",
        op.symbol()
    ))
}
