//! Sorting by comparisons that may fail or contradict themselves, as expressions write them.
//!
//! `Array.Sort` is not stable: which of two equal elements comes first, and what a contradictory comparison leads to, can be
//! seen. So this is .NET's introspective sort, step by step (`ArraySortHelper`).

use std::cmp::Ordering;

use super::comparer::{Ranking, no_order};
use crate::fault::FaultKind;
use crate::runtime::{Fault, R, Runtime};
use crate::value::Value;

/// Orders two of the numbers that are sorted.
type Compare<'a> = dyn FnMut(&mut Runtime<'_>, usize, usize) -> R<Ordering> + 'a;

/// Sorts the numbers 0 to `len` by `compare`; equal ones keep their order. Each comparison costs a step.
pub(crate) fn order(rt: &mut Runtime<'_>, len: usize, compare: &mut Compare<'_>) -> R<Vec<usize>> {
    unstable_order(rt, len, &mut |rt, a, b| {
        Ok(compare(rt, a, b)?.then(a.cmp(&b)))
    })
}

/// The same; equal ones may change places.
pub(crate) fn unstable_order(
    rt: &mut Runtime<'_>,
    len: usize,
    compare: &mut Compare<'_>,
) -> R<Vec<usize>> {
    rt.allocate(len.saturating_mul(8))?;
    let mut sort = Sort {
        rt,
        keys: (0..len).collect(),
        compare,
    };
    if len > 1 {
        sort.intro(0, len - 1, 2 * (len.ilog2() + 1))?;
    }
    Ok(sort.keys)
}

struct Sort<'s, 'h, 'c> {
    rt: &'s mut Runtime<'h>,
    keys: Vec<usize>,
    compare: &'s mut Compare<'c>,
}

impl Sort<'_, '_, '_> {
    /// Parts of at most this many elements are sorted by insertion.
    const SMALL: usize = 16;

    fn key(&self, at: usize) -> R<usize> {
        // A comparison that contradicts itself leads out of the range.
        self.keys.get(at).copied().ok_or_else(|| {
            Fault::argument(
                "Unable to sort because the IComparer.Compare() method returns inconsistent results. Either a value does not compare equal to itself, or one value repeatedly compared to another value yields different results.",
                "",
            )
        })
    }

    fn put(&mut self, at: usize, key: usize) {
        if let Some(place) = self.keys.get_mut(at) {
            *place = key;
        }
    }

    fn ranks(&mut self, a: usize, b: usize) -> R<Ordering> {
        self.rt.tick()?;
        (self.compare)(self.rt, a, b)
    }

    fn swap_if_greater(&mut self, a: usize, b: usize) -> R<()> {
        if a != b {
            let (x, y) = (self.key(a)?, self.key(b)?);
            if self.ranks(x, y)?.is_gt() {
                self.keys.swap(a, b);
            }
        }
        Ok(())
    }

    /// Both ends are inclusive.
    fn intro(&mut self, low: usize, mut high: usize, mut depth: u32) -> R<()> {
        while high > low {
            let size = high - low + 1;
            if size <= Self::SMALL {
                return match size {
                    2 => self.swap_if_greater(low, high),
                    3 => {
                        self.swap_if_greater(low, high - 1)?;
                        self.swap_if_greater(low, high)?;
                        self.swap_if_greater(high - 1, high)
                    }
                    _ => self.insertion(low, high),
                };
            }
            if depth == 0 {
                return self.heap(low, high);
            }
            depth -= 1;
            let pivot = self.partition(low, high)?;
            // The depth bounds the recursion.
            self.intro(pivot + 1, high, depth)?;
            let Some(next) = pivot.checked_sub(1) else {
                return Ok(());
            };
            high = next;
        }
        Ok(())
    }

    fn insertion(&mut self, low: usize, high: usize) -> R<()> {
        for i in low..high {
            let key = self.key(i + 1)?;
            let mut to = i + 1;
            while to > low {
                let before = self.key(to - 1)?;
                if !self.ranks(key, before)?.is_lt() {
                    break;
                }
                self.put(to, before);
                to -= 1;
            }
            self.put(to, key);
        }
        Ok(())
    }

    fn partition(&mut self, low: usize, high: usize) -> R<usize> {
        let middle = low + (high - low) / 2;
        self.swap_if_greater(low, middle)?;
        self.swap_if_greater(low, high)?;
        self.swap_if_greater(middle, high)?;
        let pivot = self.key(middle)?;
        self.keys.swap(middle, high - 1);
        let (mut left, mut right) = (low, high - 1);
        while left < right {
            left += 1;
            while {
                let key = self.key(left)?;
                self.ranks(key, pivot)?.is_lt()
            } {
                left += 1;
            }
            right = right.wrapping_sub(1);
            while {
                let key = self.key(right)?;
                self.ranks(pivot, key)?.is_lt()
            } {
                right = right.wrapping_sub(1);
            }
            if left >= right {
                break;
            }
            self.keys.swap(left, right);
        }
        self.keys.swap(left, high - 1);
        Ok(left)
    }

    fn heap(&mut self, low: usize, high: usize) -> R<()> {
        let size = high - low + 1;
        for i in (1..=size / 2).rev() {
            self.down_heap(i, size, low)?;
        }
        for i in (2..=size).rev() {
            self.keys.swap(low, low + i - 1);
            self.down_heap(1, i - 1, low)?;
        }
        Ok(())
    }

    fn down_heap(&mut self, mut i: usize, size: usize, low: usize) -> R<()> {
        let key = self.key(low + i - 1)?;
        while i <= size / 2 {
            let mut child = 2 * i;
            if child < size {
                let (a, b) = (self.key(low + child - 1)?, self.key(low + child)?);
                if self.ranks(a, b)?.is_lt() {
                    child += 1;
                }
            }
            let below = self.key(low + child - 1)?;
            if !self.ranks(key, below)?.is_lt() {
                break;
            }
            self.put(low + i - 1, below);
            i = child;
        }
        self.put(low + i - 1, key);
        Ok(())
    }
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

/// The elements in the order of `ranking`, as `Array.Sort` leaves them.
pub(crate) fn sorted(rt: &mut Runtime<'_>, items: &[Value], ranking: &Ranking) -> R<Vec<Value>> {
    let order = unstable_order(rt, items.len(), &mut |rt, a, b| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Nowhere;
    use crate::runtime::Limits;

    fn numbers(count: usize, compare: &mut Compare<'_>, stable: bool) -> Vec<usize> {
        let mut host = Nowhere::default();
        let mut rt = Runtime::new(&mut host, Limits::default());
        let sort = if stable { order } else { unstable_order };
        sort(&mut rt, count, compare).unwrap()
    }

    #[test]
    fn many_are_sorted_and_stable_where_asked() {
        let by = |n: usize| (n * 7919) % 101;
        let found = numbers(1_000, &mut |_, a, b| Ok(by(a).cmp(&by(b))), true);
        assert!(found.is_sorted_by_key(|n| (by(*n), *n)));
        let found = numbers(1_000, &mut |_, a, b| Ok(by(a).cmp(&by(b))), false);
        assert!(found.is_sorted_by_key(|n| by(*n)));
        assert!(!found.is_sorted_by_key(|n| (by(*n), *n)));
        // All alike but the last: partitions are as uneven as can be.
        let found = numbers(
            5_000,
            &mut |_, a, b| Ok((a / 4_999).cmp(&(b / 4_999))),
            true,
        );
        assert!(found.is_sorted());
    }

    #[test]
    fn contradictory_comparisons_end_as_in_dotnet() {
        // `new List<int> { 0, 1, 2, 3 }.Sort((a, b) => 3)`
        let found = numbers(4, &mut |_, _, _| Ok(Ordering::Greater), false);
        assert_eq!(found, [0, 1, 2, 3]);
        let found = numbers(4, &mut |_, _, _| Ok(Ordering::Less), false);
        assert_eq!(found, [3, 2, 1, 0]);
    }
}
