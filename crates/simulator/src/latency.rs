//! Latency: how long each part of an answer takes.
//!
//! In: a model's profile, a configuration, a generator. Out: durations. Draws are log-normal, given by median and 95th percentile.

use std::time::Duration;

use crate::config::{LatencyConfig, SpreadConfig};
use crate::random;

/// The 95th percentile of the standard normal distribution.
const Z95: f64 = 1.644_853_6;

/// No single wait is longer.
const LONGEST: Duration = Duration::from_secs(3_600);

/// A log-normal distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median_seconds: f64,
    sigma: f64,
}

impl Spread {
    const ZERO: Spread = Spread {
        median_seconds: 0.0,
        sigma: 0.0,
    };

    fn of(median_ms: f64, p95_ms: f64) -> Self {
        if median_ms <= 0.0 {
            return Self::ZERO;
        }
        Self {
            median_seconds: median_ms / 1_000.0,
            sigma: (p95_ms / median_ms).max(1.0).ln() / Z95,
        }
    }

    fn draw(&self, rng: &mut fastrand::Rng, jitter: bool) -> f64 {
        if self.median_seconds == 0.0 || self.sigma == 0.0 || !jitter {
            return self.median_seconds;
        }
        self.median_seconds * (self.sigma * random::normal(rng)).exp()
    }
}

impl From<SpreadConfig> for Spread {
    fn from(config: SpreadConfig) -> Self {
        Spread::of(config.median_ms, config.p95_ms.unwrap_or(config.median_ms))
    }
}

/// The latency of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latency {
    first_token: Spread,
    per_token: Spread,
    per_prompt_token: f64,
    embeddings: Spread,
    per_input: f64,
    rejection: Spread,
    scale: f64,
    jitter: bool,
}

impl Latency {
    /// The latency of a model under a configuration.
    pub(crate) fn new(config: &LatencyConfig, model: &str) -> Self {
        let profile = config.profile.as_deref().unwrap_or(model);
        let mut latency = Self::profile(profile);
        let set = |spread: &mut Spread, config: Option<SpreadConfig>| {
            if let Some(config) = config {
                *spread = config.into();
            }
        };
        set(&mut latency.first_token, config.first_token);
        set(&mut latency.per_token, config.per_token);
        set(&mut latency.embeddings, config.embeddings);
        set(&mut latency.rejection, config.rejection);
        if let Some(micros) = config.per_prompt_token_us {
            latency.per_prompt_token = micros as f64 / 1e6;
        }
        if let Some(micros) = config.per_input_us {
            latency.per_input = micros as f64 / 1e6;
        }
        latency.scale = config.scale;
        latency.jitter = config.jitter;
        latency
    }

    fn profile(name: &str) -> Self {
        let zero = Self {
            first_token: Spread::ZERO,
            per_token: Spread::ZERO,
            per_prompt_token: 0.0,
            embeddings: Spread::ZERO,
            per_input: 0.0,
            rejection: Spread::ZERO,
            scale: 1.0,
            jitter: true,
        };
        if name == "zero" {
            return zero;
        }
        let chat = |first: (f64, f64), each: (f64, f64)| Self {
            first_token: Spread::of(first.0, first.1),
            per_token: Spread::of(each.0, each.1),
            per_prompt_token: 0.000_02,
            embeddings: Spread::of(60.0, 150.0),
            per_input: 0.000_2,
            rejection: Spread::of(12.0, 30.0),
            ..zero.clone()
        };
        match tidegate_openai::model::lookup(name).family {
            family if family.starts_with("gpt-35") => chat((300.0, 700.0), (19.0, 30.0)),
            "gpt-4o-mini" | "gpt-4.1-mini" | "gpt-4.1-nano" | "gpt-5-mini" | "gpt-5-nano"
            | "gpt-5.4-mini" => chat((400.0, 900.0), (12.0, 20.0)),
            "gpt-4" | "gpt-4-32k" | "gpt-4-turbo" => chat((800.0, 1_500.0), (42.0, 60.0)),
            _ => chat((450.0, 1_200.0), (15.0, 30.0)),
        }
    }

    /// Time to the first token.
    pub(crate) fn first_token(&self, rng: &mut fastrand::Rng, prompt_tokens: u64) -> Duration {
        self.scaled(
            self.first_token.draw(rng, self.jitter) + self.per_prompt_token * prompt_tokens as f64,
        )
    }

    /// Time for output tokens; beyond some hundred, their sum hardly varies and is computed, not drawn.
    pub(crate) fn tokens(&self, rng: &mut fastrand::Rng, count: u64) -> Duration {
        const DRAWN: u64 = 256;
        if self.per_token.median_seconds == 0.0 {
            return Duration::ZERO;
        }
        let drawn: f64 = (0..count.min(DRAWN))
            .map(|_| self.per_token.draw(rng, self.jitter))
            .sum();
        let share = count as f64 / count.clamp(1, DRAWN) as f64;
        self.scaled(drawn * share)
    }

    /// Time for an embeddings request.
    pub(crate) fn embeddings(&self, rng: &mut fastrand::Rng, inputs: u64) -> Duration {
        self.scaled(self.embeddings.draw(rng, self.jitter) + self.per_input * inputs as f64)
    }

    /// Time for a rejection.
    pub(crate) fn rejection(&self, rng: &mut fastrand::Rng) -> Duration {
        self.scaled(self.rejection.draw(rng, self.jitter))
    }

    fn scaled(&self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds * self.scale)
            .unwrap_or(LONGEST)
            .min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_hit_median_and_tail() {
        let latency = Latency::new(&LatencyConfig::default(), "gpt-35-turbo");
        let mut rng = random::rng(3);
        let mut draws: Vec<Duration> = (0..4_001)
            .map(|_| latency.first_token(&mut rng, 0))
            .collect();
        draws.sort();
        let at = |share: f64| draws[(draws.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
        assert!((at(0.5) - 300.0).abs() < 20.0, "{}", at(0.5));
        assert!((at(0.95) - 700.0).abs() < 60.0, "{}", at(0.95));
    }

    #[test]
    fn without_jitter_every_draw_is_the_median() {
        let config = LatencyConfig {
            jitter: false,
            scale: 0.5,
            ..LatencyConfig::default()
        };
        let latency = Latency::new(&config, "gpt-4");
        let mut rng = random::rng(3);
        assert_eq!(latency.tokens(&mut rng, 1), Duration::from_millis(21));
        assert_eq!(latency.tokens(&mut rng, 1_000), Duration::from_secs(21));
        assert_eq!(
            latency.first_token(&mut rng, 10_000),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn zero_is_zero() {
        let latency = Latency::new(&LatencyConfig::zero(), "gpt-4");
        assert_eq!(latency.tokens(&mut random::rng(1), 10), Duration::ZERO);
        assert_eq!(latency.rejection(&mut random::rng(1)), Duration::ZERO);
    }

    #[test]
    fn changes_win_over_the_profile() {
        let config = LatencyConfig {
            per_token: Some(SpreadConfig {
                median_ms: 5.0,
                p95_ms: None,
            }),
            ..LatencyConfig::zero()
        };
        assert_eq!(
            Latency::new(&config, "gpt-4").tokens(&mut random::rng(1), 3),
            Duration::from_millis(15)
        );
    }
}
