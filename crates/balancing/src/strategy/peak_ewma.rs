//! Power of two choices: of two members drawn at random, the one with the lower cost, which is recent latency times
//! requests in flight per weight.
//!
//! Only successes count as latency, and a member that answered 429, 5xx or nothing is avoided until its wait is over:
//! a throttled backend is the fastest to answer. A member not heard of yet is compared by requests in flight alone, so
//! it is neither starved nor flooded.

use crate::strategy::{Candidate, Choice, Strategy, below, not_cooling};

/// Chooses the better of two.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeakEwma;

impl Strategy for PeakEwma {
    fn choose(&self, candidates: &[Candidate<'_>], choice: &Choice) -> Option<usize> {
        let fit = not_cooling(candidates, choice.now);
        if fit.len() < 2 {
            return fit.first().copied();
        }
        let count = fit.len() as u64;
        let one = below(choice.random as u32, count);
        let other = below((choice.random >> 32) as u32, count - 1);
        let other = if other >= one { other + 1 } else { other };
        let one = fit.get(usize::try_from(one).ok()?).copied()?;
        let other = fit.get(usize::try_from(other).ok()?).copied()?;
        let (a, b) = (candidates.get(one)?, candidates.get(other)?);
        let latencies = (
            a.backend.latency_seconds(choice.now),
            b.backend.latency_seconds(choice.now),
        );
        let (a_latency, b_latency) = match latencies {
            (Some(a), Some(b)) => (a, b),
            _ => (1.0, 1.0),
        };
        let better = a_latency * load(a) <= b_latency * load(b);
        Some(if better { one } else { other })
    }
}

/// Requests in flight per weight, this one included.
fn load(candidate: &Candidate<'_>) -> f64 {
    (f64::from(candidate.backend.in_flight()) + 1.0) / f64::from(candidate.weight)
}
