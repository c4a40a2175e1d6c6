//! Configuration of latency: profiles by model, and what may be changed about them.

use serde::Deserialize;

use super::ConfigError;

/// Latency of a deployment: a profile and changes to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LatencyConfig {
    /// `zero`, or a model's name whose profile is used; the deployment's own model when missing.
    pub profile: Option<String>,
    /// Time to the first token.
    pub first_token: Option<SpreadConfig>,
    /// Time for each output token.
    pub per_token: Option<SpreadConfig>,
    /// Microseconds that each prompt token adds to the first token.
    pub per_prompt_token_us: Option<u64>,
    /// Time for an embeddings request.
    pub embeddings: Option<SpreadConfig>,
    /// Microseconds that each input adds to an embeddings request.
    pub per_input_us: Option<u64>,
    /// Time for a rejection.
    pub rejection: Option<SpreadConfig>,
    /// Factor on everything.
    pub scale: f64,
    /// Whether times vary; without it every draw is the median.
    pub jitter: bool,
}

impl Default for LatencyConfig {
    fn default() -> Self {
        Self {
            profile: None,
            first_token: None,
            per_token: None,
            per_prompt_token_us: None,
            embeddings: None,
            per_input_us: None,
            rejection: None,
            scale: 1.0,
            jitter: true,
        }
    }
}

/// A log-normal distribution, by two of its points.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpreadConfig {
    /// Half of all draws are below.
    pub median_ms: f64,
    /// 95 % of all draws are below; the median when missing, which makes every draw the same.
    #[serde(default)]
    pub p95_ms: Option<f64>,
}

impl LatencyConfig {
    /// No latency at all.
    pub fn zero() -> Self {
        Self {
            profile: Some("zero".to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn check(&self, place: &str) -> Result<(), ConfigError> {
        const HOUR_MS: f64 = 3_600_000.0;
        if !(0.0..=1_000.0).contains(&self.scale) {
            return Err(ConfigError::invalid(
                format!("{place}.scale"),
                "a number from 0 to 1000 is needed",
            ));
        }
        let spreads = [
            ("firstToken", self.first_token),
            ("perToken", self.per_token),
            ("embeddings", self.embeddings),
            ("rejection", self.rejection),
        ];
        for (name, spread) in spreads {
            let Some(spread) = spread else { continue };
            let p95 = spread.p95_ms.unwrap_or(spread.median_ms);
            if !(0.0..=HOUR_MS).contains(&spread.median_ms)
                || !(spread.median_ms..=HOUR_MS).contains(&p95)
            {
                return Err(ConfigError::invalid(
                    format!("{place}.{name}"),
                    "0 ≤ medianMs ≤ p95Ms ≤ 3600000 is needed",
                ));
            }
        }
        for (name, micros) in [
            ("perPromptTokenUs", self.per_prompt_token_us),
            ("perInputUs", self.per_input_us),
        ] {
            if micros.is_some_and(|micros| micros > 1_000_000) {
                return Err(ConfigError::invalid(
                    format!("{place}.{name}"),
                    "at most 1000000",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked() {
        assert!(LatencyConfig::default().check("l").is_ok());
        let bad = LatencyConfig {
            first_token: Some(SpreadConfig {
                median_ms: 10.0,
                p95_ms: Some(5.0),
            }),
            ..LatencyConfig::default()
        };
        assert!(bad.check("l").is_err());
        assert!(
            LatencyConfig {
                scale: f64::INFINITY,
                ..LatencyConfig::default()
            }
            .check("l")
            .is_err()
        );
    }
}
