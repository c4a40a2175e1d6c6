//! The circuit breaker as seen from a backend, and the counting of attempts.

use super::*;
use crate::breaker::DEFAULT_MINIMUM_SAMPLES;
use proptest::prelude::*;

const TIMEOUT: &[&str] = &["Timeout", "BackendConnectionFailure"];

/// Remembers transitions as text.
#[derive(Debug, Default)]
struct Events(Mutex<Vec<String>>);

impl Observer for Events {
    fn transition(&self, transition: &Transition) {
        let text = match transition {
            Transition::Opened {
                backend,
                rule,
                open_for,
                by_retry_after,
                ..
            } => format!("{backend}/{rule} opened {open_for:?} {by_retry_after}"),
            Transition::Closed { backend, rule, .. } => format!("{backend}/{rule} closed"),
        };
        lock(&self.0).push(text);
    }
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn rule(count: u32) -> BreakerRule {
    BreakerRule {
        count: Some(count),
        status_ranges: vec![429..=429, 500..=599],
        ..BreakerRule::new("rule", s(60), s(30))
    }
}

fn percentage(percentage: u32) -> BreakerRule {
    BreakerRule {
        count: None,
        percentage: Some(percentage),
        ..rule(0)
    }
}

fn backend(rules: impl IntoIterator<Item = BreakerRule>) -> Arc<BackendState> {
    observed(rules, Arc::new(()))
}

fn observed(
    rules: impl IntoIterator<Item = BreakerRule>,
    observer: Arc<dyn Observer>,
) -> Arc<BackendState> {
    let mut config = BackendConfig::new("b", "https://b");
    config.rules = rules.into_iter().collect();
    Arc::new(BackendState::new(config, observer))
}

fn answer(backend: &Arc<BackendState>, now: Duration, status: u16) {
    backend.outcome(now, &Outcome::status(status, Duration::from_millis(5)));
}

fn asks(backend: &Arc<BackendState>, now: Duration, wait: Duration) {
    let outcome = Outcome::status(429, Duration::ZERO).with_retry_after(Some(wait));
    backend.outcome(now, &outcome);
}

#[test]
fn opens_at_the_count_and_resets_when_the_time_is_over() {
    let backend = backend([rule(3)]);
    answer(&backend, s(1), 500);
    answer(&backend, s(2), 429);
    assert!(backend.is_available(s(2)));
    answer(&backend, s(3), 503);
    let unavailable = backend.admit(s(3)).unwrap_err();
    assert_eq!(
        unavailable.to_string(),
        "Backend 'b' is temporarily unavailable"
    );
    assert_eq!((unavailable.status, unavailable.reopens_in), (503, s(30)));
    assert!(!backend.is_available(s(33) - Duration::from_nanos(1)));
    assert!(backend.is_available(s(33)));
    // The history is cleared: two more failures within the interval do not suffice.
    answer(&backend, s(34), 500);
    answer(&backend, s(35), 500);
    assert!(backend.is_available(s(35)));
}

#[test]
fn failures_older_than_the_interval_do_not_count() {
    let backend = backend([rule(2)]);
    answer(&backend, s(0), 500);
    answer(&backend, s(61), 500);
    assert!(backend.is_available(s(61)));
    answer(&backend, s(121), 500);
    assert!(!backend.is_available(s(121)));
}

#[test]
fn only_listed_statuses_count_and_bounds_are_inclusive() {
    let backend = backend([rule(1)]);
    for status in [200, 400, 404, 428, 430, 499, 600] {
        answer(&backend, s(1), status);
        assert!(backend.is_available(s(1)), "{status}");
    }
    answer(&backend, s(1), 599);
    assert!(!backend.is_available(s(1)));
}

#[test]
fn transport_failures_count_only_by_error_reason_without_regard_to_case() {
    let without = backend([rule(1)]);
    without.outcome(s(1), &Outcome::failed(TIMEOUT, s(1)));
    assert!(without.is_available(s(1)));

    for (reason, opens) in [
        ("timeout", true),
        ("BACKENDCONNECTIONFAILURE", true),
        ("Server errors", false),
    ] {
        let with = backend([BreakerRule {
            error_reasons: vec![reason.into()],
            ..rule(1)
        }]);
        with.outcome(s(1), &Outcome::failed(TIMEOUT, s(1)));
        assert_eq!(!with.is_available(s(1)), opens, "{reason}");
    }
}

#[test]
fn percentage_needs_enough_samples_and_counts_successes() {
    let few = backend([percentage(50)]);
    for _ in 1..DEFAULT_MINIMUM_SAMPLES {
        answer(&few, s(1), 500);
        assert!(few.is_available(s(1)));
    }
    answer(&few, s(1), 500);
    assert!(!few.is_available(s(1)));

    let half = backend([percentage(50)]);
    for _ in 0..6 {
        answer(&half, s(1), 200);
    }
    for _ in 0..5 {
        answer(&half, s(1), 500);
        assert!(half.is_available(s(1)));
    }
    answer(&half, s(1), 500);
    assert!(!half.is_available(s(1)));
}

#[test]
fn a_percentage_of_zero_opens_at_a_failure_only() {
    let backend = backend([percentage(0)]);
    for _ in 0..20 {
        answer(&backend, s(1), 200);
    }
    assert!(backend.is_available(s(1)));
    answer(&backend, s(1), 500);
    assert!(!backend.is_available(s(1)));
}

#[test]
fn either_count_or_percentage_opens() {
    let both = || {
        backend([BreakerRule {
            percentage: Some(90),
            ..rule(3)
        }])
    };
    let by_count = both();
    for _ in 0..50 {
        answer(&by_count, s(1), 200);
    }
    for _ in 0..3 {
        answer(&by_count, s(1), 500);
    }
    assert!(!by_count.is_available(s(1)));

    let by_share = backend([BreakerRule {
        percentage: Some(90),
        ..rule(100)
    }]);
    for _ in 0..5 {
        answer(&by_share, s(1), 500);
    }
    assert!(!by_share.is_available(s(1)));
}

#[test]
fn a_rule_with_neither_count_nor_percentage_never_opens() {
    let backend = backend([BreakerRule {
        count: None,
        ..rule(0)
    }]);
    for _ in 0..1000 {
        answer(&backend, s(1), 500);
    }
    assert!(backend.is_available(s(1)));
}

#[test]
fn a_count_beyond_exact_memory_still_opens() {
    let backend = backend([rule(5000)]);
    for _ in 0..4999 {
        answer(&backend, s(1), 500);
    }
    assert!(backend.is_available(s(1)));
    answer(&backend, s(1), 500);
    assert!(!backend.is_available(s(1)));
}

#[test]
fn retry_after_replaces_the_trip_duration_only_where_accepted() {
    let ignoring = backend([rule(1)]);
    asks(&ignoring, s(1), s(5));
    assert!(!ignoring.is_available(s(30)));

    let accepting = || BreakerRule {
        accept_retry_after: true,
        ..rule(1)
    };
    let shorter = backend([accepting()]);
    asks(&shorter, s(1), s(5));
    assert!(!shorter.is_available(s(5)));
    assert!(shorter.is_available(s(6)));

    let longer = backend([accepting()]);
    asks(&longer, s(1), s(7200));
    assert!(!longer.is_available(s(7200)));

    let capped = backend([BreakerRule {
        retry_after_cap: Some(s(60)),
        ..accepting()
    }]);
    asks(&capped, s(1), s(7200));
    assert!(capped.is_available(s(61)));

    let absent = backend([accepting()]);
    answer(&absent, s(1), 429);
    assert!(!absent.is_available(s(30)));
    assert!(absent.is_available(s(31)));
}

#[test]
fn a_retry_after_of_zero_leaves_the_backend_available() {
    let events = Arc::new(Events::default());
    let accepting = BreakerRule {
        accept_retry_after: true,
        ..rule(1)
    };
    let backend = observed([accepting], events.clone());
    asks(&backend, s(0), s(0));
    assert!(backend.is_available(s(0)));
    assert_eq!(
        *lock(&events.0),
        ["b/rule opened 0ns true", "b/rule closed"]
    );
}

#[test]
fn an_endless_retry_after_does_not_overflow() {
    let backend = backend([BreakerRule {
        accept_retry_after: true,
        ..rule(1)
    }]);
    asks(&backend, s(5), Duration::MAX);
    let unavailable = backend.unavailable(s(6)).unwrap();
    assert!(unavailable.retry_after_seconds() > 1_000_000);
}

#[test]
fn failures_of_requests_in_flight_are_ignored_while_open() {
    let backend = backend([BreakerRule {
        accept_retry_after: true,
        ..rule(2)
    }]);
    asks(&backend, s(1), s(10));
    asks(&backend, s(1), s(10));
    asks(&backend, s(2), s(500));
    asks(&backend, s(3), s(500));
    assert!(backend.is_available(s(11)));
    answer(&backend, s(11), 500);
    assert!(backend.is_available(s(11)));
}

#[test]
fn rules_are_independent_and_the_longest_decides() {
    let events = Arc::new(Events::default());
    let named = |name: &str, count, trip, status| BreakerRule {
        name: name.into(),
        trip_duration: s(trip),
        failure_status: status,
        ..rule(count)
    };
    let backend = observed(
        [
            named("short", 1, 10, 429),
            named("long", 1, 20, 503),
            named("later", 2, 40, 500),
        ],
        events.clone(),
    );
    answer(&backend, s(0), 500);
    assert_eq!(backend.unavailable(s(1)).unwrap().status, 503);
    assert_eq!(&*backend.unavailable(s(15)).unwrap().rule, "long");
    assert!(backend.is_available(s(20)));
    answer(&backend, s(21), 500);
    assert_eq!(&*backend.unavailable(s(21)).unwrap().rule, "later");
    let events = lock(&events.0).clone();
    assert_eq!(
        events,
        [
            "b/short opened 10s false",
            "b/long opened 20s false",
            "b/short closed",
            "b/long closed",
            "b/short opened 10s false",
            "b/long opened 20s false",
            "b/later opened 40s false",
        ]
    );
}

#[test]
fn retry_after_seconds_round_up_and_are_at_least_one() {
    let backend = backend([rule(1)]);
    answer(&backend, s(0), 500);
    let at = |now| backend.unavailable(now).unwrap().retry_after_seconds();
    assert_eq!(at(s(0)), 30);
    assert_eq!(at(Duration::from_millis(28_700)), 2);
    assert_eq!(at(Duration::from_millis(29_900)), 1);
}

#[test]
fn an_attempt_is_in_flight_until_dropped() {
    let backend = backend([rule(1)]);
    let first = backend.admit(s(0)).unwrap();
    let second = backend.admit(s(0)).unwrap();
    assert_eq!(backend.in_flight(), 2);
    drop(first);
    second.outcome(s(1), &Outcome::status(200, s(1)));
    second.finished(
        s(2),
        &Finished {
            duration: s(2),
            tokens: Some(17),
            complete: true,
        },
    );
    assert_eq!(backend.in_flight(), 1);
    drop(second);
    let view = backend.view(s(2));
    assert_eq!((view.in_flight, view.attempts, view.tokens), (0, 2, 17));
}

#[test]
fn the_view_tells_circuit_counts_latency_and_quota() {
    let backend = backend([rule(2)]);
    let told = RateLimit {
        remaining_tokens: Some(10),
        ..RateLimit::default()
    };
    backend.outcome(s(1), &Outcome::status(200, s(3)).with_rate_limit(told));
    answer(&backend, s(1), 429);
    let view = backend.view(s(1));
    assert_eq!(view.circuit, CircuitView::Closed);
    assert_eq!(view.rules[0].failures, 1);
    assert_eq!(view.latency, Some(s(3)));
    assert_eq!(view.rate_limit, told);
    backend.outcome(s(1), &Outcome::status(500, s(9)));
    let view = backend.view(s(2));
    assert_eq!((view.throttled, view.failed, view.opened), (1, 1, 1));
    assert_eq!(view.latency, Some(s(3)));
    assert_eq!(view.rules[0].open_until, Some(s(31)));
    let open = CircuitView::Open {
        rule: "rule".into(),
        until: s(31),
        status: 503,
    };
    assert_eq!(view.circuit, open);
    assert_eq!(backend.view(s(31)).circuit, CircuitView::Closed);
}

#[test]
fn a_failing_backend_cools_until_its_wait_is_over_or_it_serves() {
    let backend = backend([]);
    assert!(!backend.is_cooling(s(1)));
    asks(&backend, s(1), s(5));
    assert!(backend.is_cooling(s(5)) && !backend.is_cooling(s(6)));
    answer(&backend, s(7), 500);
    assert!(backend.is_cooling(s(7)));
    answer(&backend, s(7), 404);
    assert!(!backend.is_cooling(s(7)));
}

#[test]
fn threads_share_the_state_without_losing_counts() {
    let events = Arc::new(Events::default());
    let backend = observed([rule(100)], events.clone());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..1000 {
                    if let Ok(attempt) = backend.admit(s(1)) {
                        let status = if round % 2 == 0 { 500 } else { 200 };
                        attempt.outcome(s(1), &Outcome::status(status, s(1)));
                    }
                }
            });
        }
    });
    let view = backend.view(s(1));
    assert_eq!(view.in_flight, 0);
    assert_eq!(view.opened, 1);
    assert!((100..=103).contains(&view.failed), "{}", view.failed);
    assert_eq!(lock(&events.0).len(), 1);
}

proptest! {
    /// The circuit against a plain re-telling of the rule over the whole history.
    #[test]
    fn the_count_rule_agrees_with_its_definition(
        count in 1u32..6,
        steps in prop::collection::vec((0u64..40, prop::sample::select(vec![200u16, 404, 429, 500])), 1..120),
    ) {
        let backend = backend([rule(count)]);
        let mut failures: Vec<Duration> = Vec::new();
        let mut open_until = Duration::ZERO;
        let mut now = s(1);
        for (step, status) in steps {
            now += s(step);
            prop_assert_eq!(backend.is_available(now), now >= open_until);
            answer(&backend, now, status);
            if now >= open_until && (status == 429 || status == 500) {
                failures.push(now);
                failures.retain(|at| now - *at <= s(60));
                if failures.len() >= count as usize {
                    open_until = now + s(30);
                    failures.clear();
                }
            }
            prop_assert_eq!(backend.is_available(now), now >= open_until);
        }
    }

    #[test]
    fn no_sequence_of_outcomes_panics(
        count in prop::option::of(any::<u32>()),
        share in prop::option::of(any::<u32>()),
        interval in any::<u64>(),
        steps in prop::collection::vec((any::<u64>(), any::<u16>(), prop::option::of(any::<u64>())), 0..60),
    ) {
        let rule = BreakerRule {
            count,
            percentage: share,
            accept_retry_after: true,
            interval: Duration::from_nanos(interval),
            ..rule(1)
        };
        let backend = backend([rule]);
        for (now, status, wait) in steps {
            let now = Duration::from_nanos(now);
            let wait = wait.map(Duration::from_secs);
            backend.outcome(now, &Outcome::status(status, now).with_retry_after(wait));
            backend.view(now);
        }
    }
}
