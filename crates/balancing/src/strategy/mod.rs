//! How a pool chooses among available members of one priority group.
//!
//! Candidates and a [`Choice`] flow in, the position of one of them flows out; outcomes flow back. Each strategy is one
//! file. A strategy never sees a member whose circuit is open and never decides about priorities: the pool does both.

mod least_in_flight;
mod peak_ewma;
mod random;
mod weighted;

pub use least_in_flight::LeastInFlight;
pub use peak_ewma::PeakEwma;
pub use random::Random;
pub use weighted::WeightedRoundRobin;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use smallvec::SmallVec;

use crate::backend::BackendState;
use crate::outcome::{Finished, Outcome};

/// A member that may be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its place among all members of the pool, by which outcomes are reported.
    pub member: usize,
    /// Its share, at least 1.
    pub weight: u32,
    /// Its backend's state.
    pub backend: &'a BackendState,
}

/// What a choice is made with.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Choice {
    /// The moment, on the scale of all other moments.
    pub now: Duration,
    /// Sixty-four random bits.
    pub random: u64,
}

impl Choice {
    /// A choice at `now` with these random bits.
    pub fn new(now: Duration, random: u64) -> Self {
        Self { now, random }
    }
}

/// Chooses a member, and learns what became of it.
///
/// One instance belongs to one pool and is shared by all threads. What is learned of a backend as such (in flight,
/// latency, cooling) lives in its [`BackendState`], where every pool sees it; a strategy keeps only what is its own.
pub trait Strategy: fmt::Debug + Send + Sync {
    /// The position in `candidates`, which is never empty, of the one to use.
    fn choose(&self, candidates: &[Candidate<'_>], choice: &Choice) -> Option<usize>;

    /// The response headers of an attempt on a member arrived, or it failed. The backend's own state already knows.
    fn outcome(&self, _member: usize, _now: Duration, _outcome: &Outcome) {}

    /// The response of an attempt on a member ended.
    fn finished(&self, _member: usize, _now: Duration, _finished: &Finished) {}
}

/// The strategies to choose from in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StrategyKind {
    /// Smooth weighted round robin, APIM's behaviour.
    #[default]
    Weighted,
    /// At random, in proportion to weights.
    Random,
    /// Fewest requests in flight per weight.
    LeastInFlight,
    /// The better of two by recent latency times requests in flight.
    PeakEwma,
}

impl StrategyKind {
    /// All of them.
    pub const ALL: [StrategyKind; 4] = [
        StrategyKind::Weighted,
        StrategyKind::Random,
        StrategyKind::LeastInFlight,
        StrategyKind::PeakEwma,
    ];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            StrategyKind::Weighted => "weighted",
            StrategyKind::Random => "random",
            StrategyKind::LeastInFlight => "least-in-flight",
            StrategyKind::PeakEwma => "peak-ewma",
        }
    }

    /// An instance for a pool with these members' weights and priority groups.
    pub(crate) fn build(self, weights: &[u32], groups: &[Box<[usize]>]) -> Box<dyn Strategy> {
        match self {
            StrategyKind::Weighted => Box::new(WeightedRoundRobin::new(weights, groups)),
            StrategyKind::Random => Box::new(Random),
            StrategyKind::LeastInFlight => Box::new(LeastInFlight),
            StrategyKind::PeakEwma => Box::new(PeakEwma),
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A configuration names a strategy that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no strategy '{name}'; it may be weighted, random, least-in-flight or peak-ewma")]
pub struct UnknownStrategy {
    /// The name.
    pub name: String,
}

impl FromStr for StrategyKind {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownStrategy { name: name.into() })
    }
}

/// A number below `bound` from 32 random bits, as even as 32 bits allow; 0 when `bound` is 0.
fn below(random: u32, bound: u64) -> u64 {
    let product = u128::from(random) * u128::from(bound);
    u64::try_from(product >> 32).unwrap_or(0)
}

/// One of the positions at random, in proportion to weights.
fn weighted_random(
    candidates: &[Candidate<'_>],
    positions: impl Iterator<Item = usize> + Clone,
    random: u32,
) -> Option<usize> {
    let weight = |position: usize| candidates.get(position).map_or(0, |c| u64::from(c.weight));
    let total = positions.clone().map(weight).sum();
    let mut left = below(random, total);
    for position in positions {
        let weight = weight(position);
        if left < weight {
            return Some(position);
        }
        left -= weight;
    }
    None
}

/// Positions of the candidates that do not recover from a failure; all, when all do.
///
/// Without this a backend that refuses at once would have the fewest requests in flight and win ever more.
fn not_cooling(candidates: &[Candidate<'_>], now: Duration) -> SmallVec<[usize; 8]> {
    let fit: SmallVec<[usize; 8]> = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| !candidate.backend.is_cooling(now))
        .map(|(position, _)| position)
        .collect();
    if fit.is_empty() {
        (0..candidates.len()).collect()
    } else {
        fit
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
