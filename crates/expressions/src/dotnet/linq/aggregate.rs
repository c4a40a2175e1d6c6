//! `Sum`, `Average`, `Min`, `Max`, `Aggregate`.

use std::cmp::Ordering;

use super::no_elements;
use crate::clr;
use crate::dotnet::system::default_of;
use crate::runtime::{Call, Fault, R, compare, ops};
use crate::syntax::ast::BinaryOp;
use crate::types::relations::Num;
use crate::types::{Type, Types};
use crate::value::Value;

/// The numbers of the sequence, through the selector where there is one; null ones are left out.
fn numbers(c: &mut Call<'_, '_>, mut each: impl FnMut(Value) -> R<()>) -> R<()> {
    let source = c.required(0)?;
    let selector = if c.len() > 1 {
        Some(c.required(1)?)
    } else {
        None
    };
    let mut run = c.rt.iterate(&source)?;
    while let Some(item) = run.next(c.rt)? {
        c.rt.tick()?;
        let value = match &selector {
            Some(selector) => c.rt.invoke(selector, &[item])?,
            None => item,
        };
        if !value.is_null() {
            each(value)?;
        }
    }
    Ok(())
}

/// The numeric type that a member's signature works on.
fn number_of(ty: &Type) -> Num {
    Num::of(ty.unwrap_nullable()).unwrap_or(Num::Int32)
}

fn sum(c: &mut Call<'_, '_>) -> R<Value> {
    let num = number_of(&c.member.result);
    if num == Num::Single {
        // .NET adds up floats as doubles.
        let mut total = 0.0_f64;
        numbers(c, |v| {
            if let Value::Single(n) = v {
                total += f64::from(n);
            }
            Ok(())
        })?;
        return ops::convert(&Value::Double(total), Num::Single, false);
    }
    let mut total = default_of(&num.ty());
    numbers(c, |v| {
        total = ops::arith(BinaryOp::Add, num, &total, &v, true)?;
        Ok(())
    })?;
    Ok(total)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn average(c: &mut Call<'_, '_>) -> R<Value> {
    let nullable = c.member.result.nullable_underlying().is_some();
    let result = number_of(&c.member.result);
    let mut count = 0_i64;
    let mut whole = 0_i64;
    // Zero of either sign stays what it is.
    let mut real = -0.0_f64;
    let mut exact = rust_decimal::Decimal::ZERO;
    let mut integers = true;
    numbers(c, |v| {
        count += 1;
        match v {
            Value::Int32(n) => whole = whole.checked_add(n.into()).ok_or_else(Fault::overflow)?,
            Value::Int64(n) => whole = whole.checked_add(n).ok_or_else(Fault::overflow)?,
            Value::Single(n) => {
                integers = false;
                real += f64::from(n);
            }
            Value::Double(n) => {
                integers = false;
                real += n;
            }
            Value::Decimal(n) => exact = clr::decimal::add(exact, n)?,
            _ => {}
        }
        Ok(())
    })?;
    if count == 0 {
        return if nullable {
            Ok(Value::Null)
        } else {
            Err(no_elements())
        };
    }
    Ok(match result {
        Num::Decimal => clr::decimal::divide(exact, count.into())?.into(),
        Num::Single => ((real / count as f64) as f32).into(),
        _ if integers => (whole as f64 / count as f64).into(),
        _ => (real / count as f64).into(),
    })
}

/// `Min` and `Max`: the result's type says what an empty sequence gives.
fn extreme(c: &mut Call<'_, '_>, wanted: Ordering) -> R<Value> {
    let element = c.member.result.substitute(&[], c.types);
    let mut best: Option<Value> = None;
    numbers(c, |v| {
        let better = match &best {
            None => true,
            Some(best) => {
                // NaN is the smallest number here, so that one makes `Min` NaN.
                compare(&v, best).ok_or_else(|| {
                    Fault::argument("At least one object must implement IComparable.", "")
                })? == wanted
            }
        };
        if better {
            best = Some(v);
        }
        Ok(())
    })?;
    match best {
        Some(best) => Ok(best),
        None if element.accepts_null() => Ok(Value::Null),
        None => Err(no_elements()),
    }
}

fn aggregate(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.required(0)?;
    let seeded = c.len() > 2;
    let function = c.required(if seeded { 2 } else { 1 })?;
    let mut run = c.rt.iterate(&source)?;
    let mut total = if seeded {
        c.value(1)
    } else {
        run.next(c.rt)?.ok_or_else(no_elements)?
    };
    while let Some(item) = run.next(c.rt)? {
        total = c.rt.invoke(&function, &[total, item])?;
    }
    if c.len() > 3 {
        let selector = c.required(3)?;
        total = c.rt.invoke(&selector, &[total])?;
    }
    Ok(total)
}

/// Declares `name` for a numeric type and its nullable form, with and without selector.
macro_rules! numeric {
    ($t:ident, $name:literal, $run:expr, $($ty:literal => $result:literal),+ $(,)?) => { $(
        $t.extension(concat!($result, " ", $name, "(this IEnumerable<", $ty, "> source)"), $run);
        $t.extension(concat!($result, "? ", $name, "(this IEnumerable<", $ty, "?> source)"), $run);
        $t.extension(
            concat!($result, " ", $name, "<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $ty, "> selector)"),
            $run,
        );
        $t.extension(
            concat!($result, "? ", $name, "<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $ty, "?> selector)"),
            $run,
        );
    )+ };
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Linq.Enumerable");
    numeric!(t, "Sum", sum,
        "int" => "int", "long" => "long", "float" => "float", "double" => "double", "decimal" => "decimal");
    numeric!(t, "Average", average,
        "int" => "double", "long" => "double", "float" => "float", "double" => "double", "decimal" => "decimal");
    numeric!(t, "Max", |c| extreme(c, Ordering::Greater),
        "int" => "int", "long" => "long", "float" => "float", "double" => "double", "decimal" => "decimal");
    numeric!(t, "Min", |c| extreme(c, Ordering::Less),
        "int" => "int", "long" => "long", "float" => "float", "double" => "double", "decimal" => "decimal");
    t.extension(
        "TSource Max<TSource>(this IEnumerable<TSource> source)",
        |c| extreme(c, Ordering::Greater),
    );
    t.extension(
        "TResult Max<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)",
        |c| extreme(c, Ordering::Greater),
    );
    t.extension(
        "TSource Min<TSource>(this IEnumerable<TSource> source)",
        |c| extreme(c, Ordering::Less),
    );
    t.extension(
        "TResult Min<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)",
        |c| extreme(c, Ordering::Less),
    );
    t.extension(
        "TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)",
        aggregate,
    );
    t.extension(
        "TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)",
        aggregate,
    );
    t.extension(
        "TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)",
        aggregate,
    );
}
