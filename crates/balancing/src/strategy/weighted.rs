//! Smooth weighted round robin: every full cycle gives each member exactly its weight, spread as evenly as possible.
//!
//! Each turn every candidate gains its weight and the richest one is chosen and pays the sum of all weights. The state
//! of a member that is out rests meanwhile. The first turn of a new pool goes to the first listed member of its group.

use std::sync::Mutex;

use crate::lock;
use crate::strategy::{Candidate, Choice, Strategy};

/// Turns after which the search for the first member's first turn ends; weights up to 100 in groups of 30 stay below.
const SEARCH_LIMIT: usize = 4_000;

/// The credit of each member, by its place in the pool.
#[derive(Debug)]
pub struct WeightedRoundRobin {
    credit: Mutex<Box<[i64]>>,
}

impl WeightedRoundRobin {
    /// For members with these weights in these priority groups (places of members).
    pub fn new(weights: &[u32], groups: &[Box<[usize]>]) -> Self {
        let mut credit = vec![0; weights.len()].into_boxed_slice();
        for group in groups {
            let shares: Vec<(usize, u32)> = group
                .iter()
                .filter_map(|&place| weights.get(place).map(|&weight| (place, weight)))
                .filter(|(_, weight)| *weight > 0)
                .collect();
            start_with_first(&mut credit, &shares);
        }
        Self {
            credit: Mutex::new(credit),
        }
    }
}

impl Strategy for WeightedRoundRobin {
    fn choose(&self, candidates: &[Candidate<'_>], _: &Choice) -> Option<usize> {
        let mut credit = lock(&self.credit);
        turn(
            &mut credit,
            candidates
                .iter()
                .map(|candidate| (candidate.member, candidate.weight)),
        )
    }
}

/// One turn among `shares` (place, weight); returns the position in `shares` of the one chosen.
fn turn(credit: &mut [i64], shares: impl Iterator<Item = (usize, u32)>) -> Option<usize> {
    let mut total: i64 = 0;
    let mut best: Option<(usize, usize, i64)> = None;
    for (position, (place, weight)) in shares.enumerate() {
        let Some(own) = credit.get_mut(place) else {
            continue;
        };
        *own += i64::from(weight);
        total += i64::from(weight);
        if best.is_none_or(|(_, _, most)| *own > most) {
            best = Some((position, place, *own));
        }
    }
    let (position, place, _) = best?;
    if let Some(own) = credit.get_mut(place) {
        *own -= total;
    }
    Some(position)
}

/// The cycle by itself begins with the heaviest member; turns it forward to where the first one's turn comes.
fn start_with_first(credit: &mut [i64], shares: &[(usize, u32)]) {
    for _ in 0..SEARCH_LIMIT {
        let before: Vec<i64> = credit.to_vec();
        if turn(credit, shares.iter().copied()) == Some(0) {
            credit.copy_from_slice(&before);
            return;
        }
    }
    for (place, _) in shares {
        if let Some(own) = credit.get_mut(*place) {
            *own = 0;
        }
    }
}
