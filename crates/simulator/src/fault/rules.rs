//! The rules of one resource at work.
//!
//! In: rules, and each request as it arrives. Out: what becomes of it. The first rule that fires decides; rules of kind `slow` add up
//! and let the search go on.

use std::time::Duration;

use tidegate_openai::Operation;

use super::{FaultAction, FaultRule, MAX_RULES};

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) action: Option<FaultAction>,
    pub(crate) factor: f64,
    pub(crate) delay: Duration,
}

impl Verdict {
    pub(crate) const HEALTHY: Verdict = Verdict {
        action: None,
        factor: 1.0,
        delay: Duration::ZERO,
    };

    /// A wait under the rules of kind `slow`.
    pub(crate) fn slowed(&self, wait: Duration) -> Duration {
        if self.factor == 1.0 {
            wait
        } else {
            wait.mul_f64(self.factor.clamp(0.0, 10_000.0))
        }
    }
}

/// The rules of one resource and how often each has struck.
#[derive(Debug)]
pub(crate) struct FaultSet {
    rules: Vec<(FaultRule, u64)>,
    rng: fastrand::Rng,
}

impl FaultSet {
    pub(crate) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, 0)).collect(),
            rng: crate::random::rng(seed),
        }
    }

    pub(crate) fn replace(&mut self, rules: Vec<FaultRule>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    pub(crate) fn add(&mut self, rule: FaultRule) -> Result<(), String> {
        if self.rules.len() >= MAX_RULES {
            return Err(format!("a resource has at most {MAX_RULES} faults"));
        }
        self.rules.push((rule, 0));
        Ok(())
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = (&FaultRule, u64)> {
        self.rules.iter().map(|(rule, fired)| (rule, *fired))
    }

    pub(crate) fn closes_listener(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.closes_listener())
    }

    /// Judges one request.
    pub(crate) fn judge(
        &mut self,
        deployment: Option<&str>,
        operation: Option<Operation>,
    ) -> Verdict {
        let mut verdict = Verdict::HEALTHY;
        for (rule, fired) in &mut self.rules {
            let matches = rule
                .deployment
                .as_deref()
                .is_none_or(|name| Some(name) == deployment)
                && rule
                    .operation
                    .is_none_or(|wanted| Some(wanted) == operation)
                && rule.count.is_none_or(|count| *fired < count)
                && (rule.probability >= 1.0 || self.rng.f64() < rule.probability);
            if !matches {
                continue;
            }
            *fired = fired.saturating_add(1);
            if let FaultAction::Slow { factor, delay } = rule.action {
                verdict.factor *= factor;
                verdict.delay = verdict.delay.saturating_add(delay);
            } else {
                verdict.action = Some(rule.action.clone());
                break;
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_rule_makes_room_for_the_next() {
        let rules = vec![
            FaultRule {
                count: Some(1),
                ..FaultRule::always(FaultAction::Cut)
            },
            FaultRule::always(FaultAction::Hang(None)),
        ];
        let mut set = FaultSet::new(rules, 1);
        assert_eq!(set.judge(None, None).action, Some(FaultAction::Cut));
        assert_eq!(set.judge(None, None).action, Some(FaultAction::Hang(None)));
    }

    #[test]
    fn rules_strike_only_whom_they_name() {
        let mut chat = FaultRule::always(FaultAction::Cut);
        chat.deployment = Some("chat".into());
        chat.operation = Some(Operation::ChatCompletions);
        let mut set = FaultSet::new(vec![chat], 1);
        assert_eq!(set.judge(None, None), Verdict::HEALTHY);
        assert_eq!(
            set.judge(Some("other"), Some(Operation::ChatCompletions)),
            Verdict::HEALTHY
        );
        assert_eq!(
            set.judge(Some("chat"), Some(Operation::Completions)),
            Verdict::HEALTHY
        );
        assert!(
            set.judge(Some("chat"), Some(Operation::ChatCompletions))
                .action
                .is_some()
        );
    }

    #[test]
    fn probability_strikes_about_its_share() {
        let mut half = FaultRule::always(FaultAction::Cut);
        half.probability = 0.5;
        let mut set = FaultSet::new(vec![half], 1);
        let struck = (0..2_000)
            .filter(|_| set.judge(None, None).action.is_some())
            .count();
        assert!((900..1_100).contains(&struck), "{struck}");
    }

    #[test]
    fn slow_rules_add_up_and_let_others_strike() {
        let slow = |factor| {
            FaultRule::always(FaultAction::Slow {
                factor,
                delay: Duration::from_millis(10),
            })
        };
        let mut set = FaultSet::new(
            vec![slow(2.0), slow(3.0), FaultRule::always(FaultAction::Cut)],
            1,
        );
        let verdict = set.judge(None, None);
        assert_eq!(
            verdict.slowed(Duration::from_secs(1)),
            Duration::from_secs(6)
        );
        assert_eq!(verdict.delay, Duration::from_millis(20));
        assert_eq!(verdict.action, Some(FaultAction::Cut));
    }

    #[test]
    fn only_a_bare_refusal_closes_the_listener() {
        let bare = FaultRule::always(FaultAction::Refuse);
        assert!(bare.closes_listener());
        assert!(
            !FaultRule {
                count: Some(1),
                ..bare.clone()
            }
            .closes_listener()
        );
        assert!(
            !FaultRule {
                deployment: Some("d".into()),
                ..bare
            }
            .closes_listener()
        );
    }
}
