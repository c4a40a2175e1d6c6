//! Stable sorting by comparisons that may fail or contradict themselves, as expressions write them.

use std::cmp::Ordering;

use super::comparer::{Ranking, no_order};
use crate::fault::FaultKind;
use crate::runtime::{Fault, R, Runtime};
use crate::value::Value;

/// Sorts the numbers 0 to `len` by `compare`, which gets two of them; equal ones keep their order. Each comparison costs a
/// step.
pub(crate) fn order(
    rt: &mut Runtime<'_>,
    len: usize,
    compare: &mut dyn FnMut(&mut Runtime<'_>, usize, usize) -> R<Ordering>,
) -> R<Vec<usize>> {
    rt.allocate(len.saturating_mul(16))?;
    let mut from: Vec<usize> = (0..len).collect();
    let mut width = 1;
    while width < len {
        let mut to = Vec::with_capacity(len);
        for run in from.chunks(width * 2) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
                rt.tick()?;
                if compare(rt, *a, *b)? == Ordering::Greater {
                    to.push(*b);
                    right = rest_right;
                } else {
                    to.push(*a);
                    left = rest_left;
                }
            }
            to.extend_from_slice(left);
            to.extend_from_slice(right);
        }
        from = to;
        width *= 2;
    }
    Ok(from)
}

/// What a comparison that throws makes of a whole sort: an `InvalidOperationException` around its exception.
pub(crate) fn failed(fault: Fault) -> Fault {
    match fault.kind() {
        FaultKind::Thrown(inner, _) => Fault::with_inner(
            "System.InvalidOperationException",
            "Failed to compare two elements in the array.",
            inner.clone(),
        ),
        _ => fault,
    }
}

/// Order of two values; none, or a comparison that throws, fails the sort.
pub(crate) fn ranked(rt: &mut Runtime<'_>, ranking: &Ranking, a: &Value, b: &Value) -> R<Ordering> {
    ranking
        .compare(rt, a, b)
        .and_then(|order| order.ok_or_else(no_order))
        .map_err(failed)
}

/// The elements in the order of `ranking`.
pub(crate) fn sorted(rt: &mut Runtime<'_>, items: &[Value], ranking: &Ranking) -> R<Vec<Value>> {
    let order = order(rt, items.len(), &mut |rt, a, b| {
        let (a, b) = (items.get(a), items.get(b));
        match (a, b) {
            (Some(a), Some(b)) => ranked(rt, ranking, a, b),
            _ => Ok(Ordering::Equal),
        }
    })?;
    Ok(order
        .into_iter()
        .filter_map(|at| items.get(at).cloned())
        .collect())
}

/// `BinarySearch`: the position, or the complement of the place to insert at.
pub(crate) fn binary_search(
    rt: &mut Runtime<'_>,
    items: &[Value],
    item: &Value,
    ranking: &Ranking,
) -> R<i32> {
    // The bounds are inclusive, as in .NET, where it shows when the items are out of order.
    let (mut low, mut high) = (0, items.len());
    while low < high {
        rt.tick()?;
        let middle = low + (high - 1 - low) / 2;
        let Some(found) = items.get(middle) else {
            break;
        };
        match ranked(rt, ranking, found, item)? {
            Ordering::Equal => return Ok(i32::try_from(middle).unwrap_or(i32::MAX)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Ok(!i32::try_from(low).unwrap_or(i32::MAX))
}
