//! Pools: priorities, open circuits, weights of zero, affinity, exhaustion.

use super::*;
use crate::{AffinityKey, BackendConfig, BackendRegistry, BreakerRule, Outcome, RegistryConfig};
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1);

/// A pool of members (priority, weight), named m0, m1, …, each of which opens for a minute at one 429.
fn pool(members: &[(u32, u32)], change: impl FnOnce(&mut PoolConfig)) -> Arc<Pool> {
    let minute = Duration::from_secs(60);
    let rule = BreakerRule {
        count: Some(1),
        status_ranges: vec![429..=429],
        accept_retry_after: true,
        ..BreakerRule::new("r", minute, minute)
    };
    let names = (0..members.len()).map(|place| format!("m{place}"));
    let backends = names
        .clone()
        .map(|name| BackendConfig::new(name, "https://m").with_rule(rule.clone()))
        .collect();
    let mut config = PoolConfig::new("pool", names);
    for (member, (priority, weight)) in config.members.iter_mut().zip(members) {
        member.priority = *priority;
        member.weight = *weight;
    }
    change(&mut config);
    let config = RegistryConfig {
        backends,
        pools: vec![config],
        affinity_key: AffinityKey::new([3; 32]),
    };
    let registry = BackendRegistry::new(config, Arc::new(())).unwrap();
    Arc::clone(registry.pool("pool").unwrap())
}

fn pick(pool: &Arc<Pool>) -> usize {
    pool.select(&Choice::new(NOW, 0), None).unwrap().member
}

/// Makes a member unavailable for `seconds`.
fn trip(pool: &Pool, member: usize, seconds: u64) {
    let outcome =
        Outcome::status(429, Duration::ZERO).with_retry_after(Some(Duration::from_secs(seconds)));
    let backend = pool.backends().nth(member).unwrap();
    backend.admit(NOW).unwrap().outcome(NOW, &outcome);
}

#[test]
fn the_preferred_group_takes_all_until_every_member_of_it_is_open() {
    let pool = pool(&[(2, 1), (1, 1), (1, 1), (3, 1)], |_| {});
    let picks: Vec<_> = (0..4).map(|_| pick(&pool)).collect();
    assert_eq!(picks, [1, 2, 1, 2]);
    trip(&pool, 1, 60);
    assert_eq!([pick(&pool), pick(&pool)], [2, 2]);
    trip(&pool, 2, 60);
    assert_eq!([pick(&pool), pick(&pool)], [0, 0]);
    trip(&pool, 0, 60);
    assert_eq!(pick(&pool), 3);
}

#[test]
fn a_member_of_weight_zero_is_the_last_resort_of_its_group() {
    let pool = pool(&[(1, 0), (1, 2), (2, 1)], |_| {});
    assert_eq!([pick(&pool), pick(&pool), pick(&pool)], [1, 1, 1]);
    trip(&pool, 1, 60);
    assert_eq!([pick(&pool), pick(&pool)], [0, 0]);
    trip(&pool, 0, 60);
    assert_eq!(pick(&pool), 2);
}

#[test]
fn an_exhausted_pool_tells_the_first_reopening_and_its_status() {
    let pool = pool(&[(1, 1), (1, 1), (2, 1)], |config| {
        config.failure_status = 429;
    });
    for (member, seconds) in [(0, 40), (1, 20), (2, 30)] {
        trip(&pool, member, seconds);
    }
    let exhausted = pool.select(&Choice::new(NOW, 0), None).unwrap_err();
    assert_eq!(
        exhausted.to_string(),
        "Backend pool 'pool' is temporarily unavailable"
    );
    assert_eq!(exhausted.reopens_in, Some(Duration::from_secs(20)));
    assert_eq!(
        (exhausted.retry_after_seconds(), exhausted.status),
        (20, 429)
    );
    let later = Choice::new(NOW + Duration::from_secs(20), 0);
    assert_eq!(pool.select(&later, None).unwrap().member, 1);
}

#[test]
fn a_pool_without_members_is_exhausted() {
    let pool = pool(&[], |_| {});
    let exhausted = pool.select(&Choice::new(NOW, 0), None).unwrap_err();
    assert_eq!(
        (exhausted.reopens_in, exhausted.retry_after_seconds()),
        (None, 1)
    );
}

#[test]
fn affinity_binds_a_client_and_moves_it_only_when_its_member_is_open() {
    let pool = pool(&[(1, 1), (1, 1), (1, 1)], |c| c.session_affinity = true);
    let choice = Choice::new(NOW, 0);
    let first = pool.select(&choice, None).unwrap();
    let token = first.new_token.unwrap();
    for _ in 0..5 {
        let again = pool.select(&choice, Some(&token)).unwrap();
        assert_eq!((again.member, again.new_token), (first.member, None));
    }
    trip(&pool, first.member, 60);
    let moved = pool.select(&choice, Some(&token)).unwrap();
    assert_ne!(moved.member, first.member);
    let moved_token = moved.new_token.unwrap();
    assert_ne!(moved_token, token);
    let stays = pool.select(&choice, Some(&moved_token)).unwrap();
    assert_eq!(stays.member, moved.member);
}

#[test]
fn a_forged_token_is_replaced_and_a_pool_without_affinity_ignores_tokens() {
    let with = pool(&[(1, 1), (1, 1)], |c| c.session_affinity = true);
    let choice = Choice::new(NOW, 0);
    assert!(
        with.select(&choice, Some("m1"))
            .unwrap()
            .new_token
            .is_some()
    );

    let without = pool(&[(1, 1), (1, 1)], |_| {});
    assert_eq!(without.select(&choice, Some("m1")).unwrap().new_token, None);
}

#[test]
fn outcomes_through_the_pool_reach_the_backend() {
    let pool = pool(&[(1, 1), (1, 1)], |_| {});
    let selected = pool.select(&Choice::new(NOW, 0), None).unwrap();
    assert_eq!(selected.attempt.backend().in_flight(), 1);
    selected
        .attempt
        .outcome(NOW, &Outcome::status(429, Duration::ZERO));
    let members = pool.view(NOW).members;
    assert_eq!(
        members.iter().map(|m| m.available).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn threads_share_a_cycle_exactly() {
    let pool = pool(&[(1, 3), (1, 1)], |_| {});
    let counts = [
        std::sync::atomic::AtomicU32::new(0),
        std::sync::atomic::AtomicU32::new(0),
    ];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    counts[pick(&pool)].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(counts.map(|count| count.into_inner()), [3000, 1000]);
}

fn kinds() -> impl proptest::strategy::Strategy<Value = StrategyKind> {
    prop::sample::select(StrategyKind::ALL.to_vec())
}

proptest! {
    /// Whatever the strategy, weights and priorities: an available member of the best group that has one.
    #[test]
    fn an_open_member_is_never_chosen_while_a_closed_one_is_there(
        members in prop::collection::vec((0u32..4, 0u32..5, any::<bool>()), 1..12),
        kind in kinds(),
        randoms in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let shape: Vec<_> = members.iter().map(|(p, w, _)| (*p, *w)).collect();
        let pool = pool(&shape, |config| config.strategy = kind);
        for (place, (_, _, open)) in members.iter().enumerate() {
            if *open {
                trip(&pool, place, 60);
            }
        }
        let best = members.iter().filter(|(_, _, open)| !open).map(|(p, _, _)| *p).min();
        let mut held = Vec::new();
        for random in randoms {
            match (pool.select(&Choice::new(NOW, random), None), best) {
                (Ok(selected), Some(best)) => {
                    let (priority, weight, open) = members[selected.member];
                    prop_assert!(!open);
                    prop_assert_eq!(priority, best);
                    let heavier = members.iter().any(|(p, w, o)| *p == best && *w > 0 && !o);
                    prop_assert!(weight > 0 || !heavier);
                    held.push(selected);
                }
                (Err(_), None) => {}
                (result, best) => prop_assert!(false, "{:?} with best {:?}", result, best),
            }
        }
    }

    #[test]
    fn any_token_is_harmless(token in ".{0,80}") {
        let pool = pool(&[(1, 1), (1, 1)], |c| c.session_affinity = true);
        let selected = pool.select(&Choice::new(NOW, 0), Some(&token));
        prop_assert!(selected.unwrap().new_token.is_some());
    }
}
