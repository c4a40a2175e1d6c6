//! Random choice in proportion to weights; keeps no state, so replicas need not agree on anything.

use crate::strategy::{Candidate, Choice, Strategy, weighted_random};

/// Chooses at random.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl Strategy for Random {
    fn choose(&self, candidates: &[Candidate<'_>], choice: &Choice) -> Option<usize> {
        weighted_random(candidates, 0..candidates.len(), choice.random as u32)
    }
}
