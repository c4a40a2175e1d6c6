//! Distribution and preference of each strategy.

use super::{Candidate, Choice, Duration, Strategy, StrategyKind, WeightedRoundRobin};
use crate::outcome::Outcome;
use crate::{AffinityKey, BackendConfig, BackendRegistry, Pool, PoolConfig, RegistryConfig};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use std::sync::Arc;

const NOW: Duration = Duration::from_secs(1);

fn pool(kind: StrategyKind, weights: &[u32]) -> Arc<Pool> {
    let names = (0..weights.len()).map(|place| format!("m{place}"));
    let mut config = PoolConfig::new("p", names.clone());
    config.strategy = kind;
    for (member, weight) in config.members.iter_mut().zip(weights) {
        member.weight = *weight;
    }
    let config = RegistryConfig {
        backends: names.map(|name| BackendConfig::new(name, "")).collect(),
        pools: vec![config],
        affinity_key: AffinityKey::new([0; 32]),
    };
    let registry = BackendRegistry::new(config, Arc::new(())).unwrap();
    Arc::clone(registry.pool("p").unwrap())
}

/// Random bits for tests: the same sequence each time (SplitMix64).
fn random(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn picks(pool: &Arc<Pool>, count: u64) -> Vec<usize> {
    (0..count)
        .map(|index| {
            let choice = Choice::new(NOW, random(index));
            pool.select(&choice, None).unwrap().member
        })
        .collect()
}

fn histogram(picks: &[usize], members: usize) -> Vec<usize> {
    (0..members)
        .map(|member| picks.iter().filter(|pick| **pick == member).count())
        .collect()
}

fn answer(pool: &Pool, member: usize, status: u16, latency: Duration) {
    let backend = pool.backends().nth(member).unwrap();
    let attempt = backend.admit(NOW).unwrap();
    attempt.outcome(NOW, &Outcome::status(status, latency));
}

#[test]
fn names_lead_back_to_their_strategy() {
    for kind in StrategyKind::ALL {
        assert_eq!(kind.name().to_uppercase().parse(), Ok(kind));
    }
    let error = "fastest".parse::<StrategyKind>().unwrap_err();
    assert!(error.to_string().contains("'fastest'"));
}

#[test]
fn weighted_takes_equal_members_in_turn_from_the_first_listed() {
    assert_eq!(
        picks(&pool(StrategyKind::Weighted, &[1, 1, 1]), 6),
        [0, 1, 2, 0, 1, 2]
    );
}

#[test]
fn weighted_is_smooth_and_still_begins_with_the_first_listed() {
    assert_eq!(
        picks(&pool(StrategyKind::Weighted, &[5, 1, 1]), 7),
        [0, 0, 1, 0, 2, 0, 0]
    );
    let light_first = picks(&pool(StrategyKind::Weighted, &[1, 3]), 4);
    assert_eq!(light_first[0], 0);
    assert_eq!(histogram(&light_first, 2), [1, 3]);
}

proptest! {
    #[test]
    fn weighted_is_exact_over_full_cycles_and_begins_with_the_first(
        weights in prop::collection::vec(1u32..=20, 1..8),
        cycles in 1u64..4,
    ) {
        let pool = pool(StrategyKind::Weighted, &weights);
        let total: u32 = weights.iter().sum();
        let picks = picks(&pool, u64::from(total) * cycles);
        prop_assert_eq!(picks[0], 0);
        for cycle in picks.chunks(total as usize) {
            let expected: Vec<usize> = weights.iter().map(|w| *w as usize).collect();
            prop_assert_eq!(histogram(cycle, weights.len()), expected);
        }
    }

    /// Members that come and go do not unbalance the others: over any stretch in which a set of members stays the same,
    /// each gets its share give or take a few turns.
    #[test]
    fn weighted_stays_near_its_shares_when_members_come_and_go(
        weights in prop::collection::vec(1u32..=5, 2..6),
        stretches in prop::collection::vec((any::<u8>(), 1usize..60), 1..8),
    ) {
        let all: Vec<Box<[usize]>> = vec![(0..weights.len()).collect()];
        let strategy = WeightedRoundRobin::new(&weights, &all);
        let pool = pool(StrategyKind::Weighted, &weights);
        let backends: Vec<_> = pool.backends().collect();
        for (mask, turns) in stretches {
            let candidates: Vec<Candidate<'_>> = (0..weights.len())
                .filter(|member| mask & (1 << member) != 0)
                .map(|member| Candidate { member, weight: weights[member], backend: backends[member] })
                .collect();
            if candidates.is_empty() {
                continue;
            }
            let total: u32 = candidates.iter().map(|candidate| candidate.weight).sum();
            let chosen: Vec<usize> = (0..turns)
                .map(|_| strategy.choose(&candidates, &Choice::new(NOW, 0)).unwrap())
                .collect();
            for (position, candidate) in candidates.iter().enumerate() {
                let got = chosen.iter().filter(|c| **c == position).count() as f64;
                let share = turns as f64 * f64::from(candidate.weight) / f64::from(total);
                let slack = 2.0 + weights.len() as f64 * 5.0;
                prop_assert!((got - share).abs() <= slack, "{got} of {turns}, share {share}");
            }
        }
    }
}

#[test]
fn weighted_gives_up_the_first_turn_for_absurd_weights_and_stays_fair() {
    let counts = histogram(
        &picks(&pool(StrategyKind::Weighted, &[1, u32::MAX]), 1000),
        2,
    );
    assert!(counts[1] >= 999, "{counts:?}");
}

#[test]
fn random_follows_the_weights() {
    let counts = histogram(&picks(&pool(StrategyKind::Random, &[3, 1]), 20_000), 2);
    assert!((14_600..15_400).contains(&counts[0]), "{counts:?}");
}

#[test]
fn least_in_flight_levels_the_load_per_weight() {
    let pool = pool(StrategyKind::LeastInFlight, &[2, 1]);
    let held: Vec<_> = (0..30)
        .map(|index| pool.select(&Choice::new(NOW, random(index)), None).unwrap())
        .collect();
    let loads: Vec<u32> = pool.backends().map(|backend| backend.in_flight()).collect();
    assert_eq!(loads, [20, 10]);
    drop(held);
}

#[test]
fn least_in_flight_spreads_by_weight_when_idle() {
    let counts = histogram(
        &picks(&pool(StrategyKind::LeastInFlight, &[3, 1]), 20_000),
        2,
    );
    assert!((14_600..15_400).contains(&counts[0]), "{counts:?}");
}

#[test]
fn strategies_by_load_avoid_a_backend_that_refuses_quickly() {
    for kind in [StrategyKind::LeastInFlight, StrategyKind::PeakEwma] {
        let pool = pool(kind, &[1, 1, 1]);
        answer(&pool, 0, 429, Duration::from_millis(1));
        answer(&pool, 1, 200, Duration::from_secs(2));
        answer(&pool, 2, 200, Duration::from_secs(2));
        let counts = histogram(&picks(&pool, 1000), 3);
        assert_eq!(counts[0], 0, "{kind}: {counts:?}");
        assert!(counts[1] > 0 && counts[2] > 0, "{kind}: {counts:?}");
    }
}

#[test]
fn strategies_by_load_still_choose_when_every_member_refuses() {
    for kind in [StrategyKind::LeastInFlight, StrategyKind::PeakEwma] {
        let pool = pool(kind, &[1, 1]);
        answer(&pool, 0, 500, Duration::ZERO);
        answer(&pool, 1, 500, Duration::ZERO);
        assert_eq!(picks(&pool, 10).len(), 10, "{kind}");
    }
}

#[test]
fn peak_ewma_prefers_the_faster_until_it_is_busier() {
    let pool = pool(StrategyKind::PeakEwma, &[1, 1]);
    answer(&pool, 0, 200, Duration::from_millis(300));
    answer(&pool, 1, 200, Duration::from_millis(100));
    assert_eq!(histogram(&picks(&pool, 100), 2), [0, 100]);
    let held: Vec<_> = (0..40)
        .map(|index| pool.select(&Choice::new(NOW, random(index)), None).unwrap())
        .collect();
    let loads: Vec<u32> = pool.backends().map(|backend| backend.in_flight()).collect();
    assert_eq!(loads, [10, 30]);
    drop(held);
}

#[test]
fn peak_ewma_neither_starves_nor_floods_a_newcomer() {
    let pool = pool(StrategyKind::PeakEwma, &[1, 1]);
    answer(&pool, 0, 200, Duration::from_millis(10));
    let held: Vec<_> = (0..20)
        .map(|index| pool.select(&Choice::new(NOW, random(index)), None).unwrap())
        .collect();
    let loads: Vec<u32> = pool.backends().map(|backend| backend.in_flight()).collect();
    assert_eq!(loads, [10, 10]);
    drop(held);
}
