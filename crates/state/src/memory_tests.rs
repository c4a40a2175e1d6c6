//! Time to live, bounds and sharing of the memory store.

use super::*;
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn set(store: &MemoryStore, name: &str, value: Stored, ttl: Duration, now: Duration) {
    store
        .set(Key::value(name), value, ttl, now)
        .now()
        .unwrap()
        .unwrap();
}

fn get(store: &MemoryStore, name: &str, now: Duration) -> Option<Stored> {
    store.get(Key::value(name), now).now().unwrap().unwrap()
}

fn small(entries: usize, bytes: usize) -> MemoryStore {
    MemoryStore::new(MemoryLimits {
        entries,
        bytes,
        ..MemoryLimits::default()
    })
}

#[test]
fn a_value_is_there_until_its_time_is_over() {
    let store = MemoryStore::default();
    assert_eq!(get(&store, "k", s(0)), None);
    set(&store, "k", Stored::Int32(7), MINUTE, s(10));
    assert_eq!(get(&store, "k", s(10)), Some(Stored::Int32(7)));
    assert_eq!(get(&store, "k", s(69)), Some(Stored::Int32(7)));
    assert_eq!(get(&store, "k", s(70)), None);
    assert_eq!(store.entries(), 0, "its memory is given back");
}

#[test]
fn storing_again_replaces_value_and_time() {
    let store = MemoryStore::default();
    set(&store, "k", Stored::from("old"), s(5), s(0));
    set(&store, "k", Stored::from("new"), MINUTE, s(4));
    assert_eq!(get(&store, "k", s(30)), Some(Stored::from("new")));
    assert_eq!(store.entries(), 1);
}

#[test]
fn a_time_to_live_of_zero_leaves_the_key_empty_and_an_endless_one_is_endless() {
    let store = MemoryStore::default();
    set(&store, "k", Stored::Null, MINUTE, s(0));
    set(&store, "k", Stored::Null, Duration::ZERO, s(0));
    assert_eq!(get(&store, "k", s(0)), None);
    set(&store, "k", Stored::Null, Duration::MAX, s(1));
    assert_eq!(get(&store, "k", s(1 << 40)), Some(Stored::Null));
}

#[test]
fn removing_empties_the_key_and_an_empty_key_is_no_error() {
    let store = MemoryStore::default();
    set(&store, "k", Stored::Bool(true), MINUTE, s(0));
    for _ in 0..2 {
        store.remove(Key::value("k")).now().unwrap().unwrap();
        assert_eq!(get(&store, "k", s(0)), None);
    }
}

#[test]
fn key_spaces_are_apart() {
    let store = MemoryStore::default();
    set(&store, "k", Stored::Int32(1), MINUTE, s(0));
    let other = store.get(Key::response("k"), s(0)).now().unwrap();
    assert_eq!(other, Ok(None));
    store.remove(Key::response("k")).now().unwrap().unwrap();
    assert_eq!(get(&store, "k", s(0)), Some(Stored::Int32(1)));
}

#[test]
fn an_entry_that_is_too_large_is_refused_and_does_not_leave_the_old_value() {
    let store = MemoryStore::default();
    set(&store, "k", Stored::from("old"), MINUTE, s(0));
    let huge = Stored::Bytes(vec![0; 3 << 20].into());
    let refused = store
        .set(Key::value("k"), huge, MINUTE, s(0))
        .now()
        .unwrap();
    let error = refused.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit, .. } if limit == 2 << 20));
    assert_eq!(get(&store, "k", s(0)), None);

    let long_name = "n".repeat(3 << 20);
    let refused = store.set(Key::value(&long_name), Stored::Null, MINUTE, s(0));
    assert!(refused.now().unwrap().is_err());
}

#[test]
fn the_largest_entry_allowed_is_kept() {
    for bytes in [4 << 20, 8 << 20, 64 << 20, 1 << 30] {
        let store = small(65_536, bytes);
        let content = store.limits().entry_bytes - 1 - Stored::Null.cost();
        let large = Stored::Bytes(vec![1; content].into());
        set(&store, "k", large.clone(), MINUTE, s(0));
        assert_eq!(get(&store, "k", s(0)), Some(large), "{bytes}");
    }
}

#[test]
fn entries_and_bytes_stay_within_their_limits() {
    let by_entries = small(100, 10 << 20);
    let by_bytes = small(1_000_000, 1 << 20);
    let content = Stored::Bytes(vec![0; 1000].into());
    for index in 0..5000 {
        set(&by_entries, &index.to_string(), Stored::Null, MINUTE, s(0));
        set(&by_bytes, &index.to_string(), content.clone(), MINUTE, s(0));
    }
    assert!((50..=100).contains(&by_entries.entries()), "{by_entries:?}");
    assert!((500..=1048).contains(&by_bytes.entries()), "{by_bytes:?}");
    assert!(by_bytes.bytes() <= 1 << 20, "{by_bytes:?}");
}

#[test]
fn a_value_in_use_survives_a_flood_of_others() {
    let store = small(1000, 1 << 20);
    set(&store, "in use", Stored::Int32(1), MINUTE, s(0));
    for index in 0..20_000 {
        assert!(get(&store, "in use", s(0)).is_some(), "after {index}");
        set(&store, &index.to_string(), Stored::Null, MINUTE, s(0));
    }
}

#[test]
fn limits_of_zero_make_a_store_that_keeps_nothing() {
    let store = MemoryStore::new(MemoryLimits {
        entries: 0,
        bytes: 0,
        entry_bytes: 0,
    });
    assert!(
        store
            .set(Key::value("k"), Stored::Null, MINUTE, s(0))
            .now()
            .unwrap()
            .is_err()
    );
    assert_eq!(get(&store, "k", s(0)), None);
}

#[test]
fn threads_see_each_others_values() {
    let store = MemoryStore::default();
    std::thread::scope(|scope| {
        for thread in 0..4i32 {
            let store = &store;
            scope.spawn(move || {
                for index in 0..500 {
                    set(
                        store,
                        &format!("{thread}/{index}"),
                        Stored::Int32(index),
                        MINUTE,
                        s(0),
                    );
                    set(store, "shared", Stored::Int32(index), MINUTE, s(0));
                    assert!(get(store, "shared", s(0)).is_some());
                }
            });
        }
    });
    assert_eq!(get(&store, "3/499", s(0)), Some(Stored::Int32(499)));
    assert_eq!(store.entries(), 2001);
}

#[test]
fn debug_output_tells_neither_keys_nor_values() {
    let store = MemoryStore::default();
    set(&store, "hunter2", Stored::from("hunter2"), MINUTE, s(0));
    let text = format!("{store:?} {:?}", Key::value("hunter2"));
    assert!(!text.contains("hunter2"), "{text}");
}

#[derive(Debug, Clone)]
enum Step {
    Set(u8, i32, u64),
    Get(u8),
    Remove(u8),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![
            (0u8..6, any::<i32>(), 0u64..20).prop_map(|(k, v, ttl)| Step::Set(k, v, ttl)),
            (0u8..6).prop_map(Step::Get),
            (0u8..6).prop_map(Step::Remove),
            (0u64..10).prop_map(Step::Wait),
        ],
        0..100,
    )
}

proptest! {
    /// Far from its bounds the store is a plain map with times.
    #[test]
    fn behaves_as_a_map_with_times(steps in steps()) {
        let store = MemoryStore::default();
        let mut map = std::collections::HashMap::new();
        let mut now = s(0);
        for step in steps {
            match step {
                Step::Set(key, value, ttl) => {
                    set(&store, &key.to_string(), Stored::Int32(value), s(ttl), now);
                    map.insert(key, (value, now + s(ttl)));
                }
                Step::Get(key) => {
                    let expected = map
                        .get(&key)
                        .filter(|(_, expires)| now < *expires)
                        .map(|(value, _)| Stored::Int32(*value));
                    prop_assert_eq!(get(&store, &key.to_string(), now), expected);
                }
                Step::Remove(key) => {
                    store.remove(Key::value(&key.to_string())).now().unwrap().unwrap();
                    map.remove(&key);
                }
                Step::Wait(seconds) => now += s(seconds),
            }
        }
    }

    /// Whatever is stored and replaced, the bounds hold.
    #[test]
    fn bounds_hold_under_any_replacement(sizes in prop::collection::vec((0u16..300, 0usize..4000), 0..400)) {
        let store = small(64, 32 << 10);
        for (key, size) in sizes {
            set(&store, &key.to_string(), Stored::Bytes(vec![0; size].into()), MINUTE, s(0));
            prop_assert!(store.entries() <= 64);
            prop_assert!(store.bytes() <= 32 << 10);
        }
    }
}
