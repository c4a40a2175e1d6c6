//! The member with the fewest requests in flight per weight; among equals at random in proportion to weights.
//!
//! A member that answered 429, 5xx or nothing is avoided until its wait is over, since refusing is quick and would look
//! like spare capacity.

use smallvec::SmallVec;

use crate::strategy::{Candidate, Choice, Strategy, not_cooling, weighted_random};

/// Chooses by requests in flight.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeastInFlight;

impl Strategy for LeastInFlight {
    fn choose(&self, candidates: &[Candidate<'_>], choice: &Choice) -> Option<usize> {
        let mut best: SmallVec<[usize; 8]> = SmallVec::new();
        let mut least: Option<(u64, u64)> = None;
        for position in not_cooling(candidates, choice.now) {
            let candidate = candidates.get(position)?;
            let load = u64::from(candidate.backend.in_flight());
            let weight = u64::from(candidate.weight);
            // load / weight against the least so far, without dividing; both are 32 bits wide.
            let order = least.map_or(std::cmp::Ordering::Less, |(least_load, least_weight)| {
                (load * least_weight).cmp(&(least_load * weight))
            });
            if order.is_gt() {
                continue;
            }
            if order.is_lt() {
                best.clear();
                least = Some((load, weight));
            }
            best.push(position);
        }
        weighted_random(candidates, best.iter().copied(), choice.random as u32)
    }
}
