//! Configuration of one deployment.

use serde::Deserialize;
use tidegate_openai::content_filter::{Category, Severity};

use super::{ConfigError, LatencyConfig};

/// One deployment of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentConfig {
    /// The deployment's name, which is what clients ask for.
    pub name: String,
    /// The model's name; says which operations work, how tokens are counted and how fast answers come.
    pub model: String,
    /// The model's version, for the `model` member of answers.
    #[serde(default)]
    pub model_version: Option<String>,
    /// How it is billed and throttled.
    #[serde(default)]
    pub sku: Sku,
    /// Standard: tokens per minute; 240,000 when missing.
    #[serde(default)]
    pub tpm: Option<u64>,
    /// Standard: requests per minute; by the model's ratio when missing.
    #[serde(default)]
    pub rpm: Option<u64>,
    /// Standard: length of the windows in which requests are counted: 1, 10 or 60 seconds.
    #[serde(default = "default_window")]
    pub rpm_window_seconds: u64,
    /// Standard: how tokens are estimated on arrival.
    #[serde(default)]
    pub estimate: EstimateVariant,
    /// Standard: whether estimated and unused tokens are given back when the answer is finished.
    #[serde(default)]
    pub refund_on_completion: bool,
    /// Standard: share of `tpm` in force, as under load of the shared pool.
    #[serde(default = "default_factor")]
    pub effective_tpm_factor: f64,
    /// Whether limits are enforced at all; rate-limit headers are sent in any case.
    #[serde(default = "default_true")]
    pub enforce_limits: bool,
    /// Provisioned: number of units.
    #[serde(default)]
    pub ptu: Option<u64>,
    /// Provisioned: input tokens per minute and unit; by model when missing.
    #[serde(default)]
    pub input_tpm_per_ptu: Option<u64>,
    /// Provisioned: input tokens that one output token weighs; by model when missing.
    #[serde(default)]
    pub output_ratio: Option<u64>,
    /// Provisioned: seconds of capacity that make 100 % utilisation.
    #[serde(default = "default_bucket")]
    pub bucket_seconds: u64,
    /// Provisioned: the standard deployment of the same resource that takes what this one refuses.
    #[serde(default)]
    pub spillover: Option<String>,
    /// Latency; the configuration's, when missing.
    #[serde(default)]
    pub latency: Option<LatencyConfig>,
    /// How long answers are.
    #[serde(default)]
    pub completion_tokens: CompletionLength,
    /// How streams are cut into chunks.
    #[serde(default)]
    pub stream: StreamConfig,
    /// What is blocked.
    #[serde(default)]
    pub content_filter: ContentFilterConfig,
    /// Which rate-limit headers are sent.
    #[serde(default)]
    pub headers: HeaderStyle,
    /// Which wording rate-limit errors have.
    #[serde(default)]
    pub errors: ErrorStyle,
}

fn default_window() -> u64 {
    10
}

fn default_factor() -> f64 {
    1.0
}

fn default_true() -> bool {
    true
}

fn default_bucket() -> u64 {
    10
}

/// Tokens per minute of a standard deployment that says nothing else.
pub(crate) const DEFAULT_TPM: u64 = 240_000;

/// Deployment types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Sku {
    /// Standard, processed in the region.
    #[default]
    #[serde(alias = "standard")]
    Standard,
    /// Global standard.
    GlobalStandard,
    /// Data zone standard.
    DataZoneStandard,
    /// Provisioned, processed in the region.
    #[serde(alias = "provisioned")]
    ProvisionedManaged,
    /// Global provisioned.
    GlobalProvisionedManaged,
    /// Data zone provisioned.
    DataZoneProvisionedManaged,
}

impl Sku {
    /// Whether it is throttled by utilisation and not by tokens per minute.
    pub const fn is_provisioned(self) -> bool {
        matches!(
            self,
            Sku::ProvisionedManaged
                | Sku::GlobalProvisionedManaged
                | Sku::DataZoneProvisionedManaged
        )
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Sku::Standard => "Standard",
            Sku::GlobalStandard => "GlobalStandard",
            Sku::DataZoneStandard => "DataZoneStandard",
            Sku::ProvisionedManaged => "ProvisionedManaged",
            Sku::GlobalProvisionedManaged => "GlobalProvisionedManaged",
            Sku::DataZoneProvisionedManaged => "DataZoneProvisionedManaged",
        }
    }
}

/// How tokens are estimated on arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EstimateVariant {
    /// `ceil(prompt characters / 4) + max_tokens × max(best_of, n)`
    #[default]
    Documented,
    /// `max_tokens` alone, 16 when missing.
    Observed,
}

impl From<EstimateVariant> for tidegate_openai::estimate::Variant {
    fn from(variant: EstimateVariant) -> Self {
        match variant {
            EstimateVariant::Documented => Self::Documented,
            EstimateVariant::Observed => Self::Observed,
        }
    }
}

/// How many tokens an answer has unless a cap, a stop text or the marker `[[tokens:N]]` in the prompt says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompletionLength {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
}

impl Default for CompletionLength {
    fn default() -> Self {
        Self { min: 20, max: 120 }
    }
}

/// How streams are cut into chunks and paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StreamConfig {
    /// Tokens in each chunk.
    pub tokens_per_chunk: u32,
    /// Chunks are held back and released together at this interval, as the content filter does under load; 0 sends each at its time.
    pub burst_ms: u64,
    /// Whether a stream opens with the chunk that annotates the prompt.
    pub prompt_annotation: bool,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            tokens_per_chunk: 1,
            burst_ms: 0,
            prompt_annotation: true,
        }
    }
}

/// What is blocked, and how verdicts are told.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContentFilterConfig {
    /// How verdicts are told.
    pub mode: FilterMode,
    /// Whether markers such as `[[filter:violence:medium]]` (prompt) and `[[filter-completion:hate:high]]` are obeyed.
    pub markers: bool,
    /// Words that count as findings, compared without regard to case.
    pub words: Vec<FilterWord>,
}

impl Default for ContentFilterConfig {
    fn default() -> Self {
        Self {
            mode: FilterMode::Default,
            markers: true,
            words: Vec::new(),
        }
    }
}

/// How verdicts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FilterMode {
    /// On the chunks that they judge.
    #[default]
    Default,
    /// In chunks of their own, later.
    Asynchronous,
    /// Not at all: nothing is judged.
    Off,
}

/// A word that counts as a finding.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilterWord {
    /// The word.
    pub word: String,
    /// What it is.
    pub category: Category,
    /// How grave it is.
    pub severity: Severity,
    /// What is blocked when the prompt holds it.
    #[serde(default)]
    pub target: FilterTarget,
}

/// What a finding in the prompt stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FilterTarget {
    /// The prompt itself.
    #[default]
    Prompt,
    /// The completion that it provokes.
    Completion,
}

/// Which rate-limit headers a standard deployment sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderStyle {
    /// The full set.
    #[default]
    Current,
    /// Only `remaining`, and `retry-after` without `retry-after-ms`.
    Legacy,
    /// Limits of `-1`, resets of `0`, no `retry-after`, as seen in 2025.
    Unknown,
    /// None at all.
    None,
}

/// Which wording rate-limit errors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorStyle {
    /// `RateLimitReached`
    #[default]
    Current,
    /// `429`, as in 2023.
    Legacy,
}

impl DeploymentConfig {
    /// A standard deployment with every setting at its default.
    pub fn new(name: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            model: model.into(),
            model_version: None,
            sku: Sku::Standard,
            tpm: None,
            rpm: None,
            rpm_window_seconds: default_window(),
            estimate: EstimateVariant::default(),
            refund_on_completion: false,
            effective_tpm_factor: default_factor(),
            enforce_limits: true,
            ptu: None,
            input_tpm_per_ptu: None,
            output_ratio: None,
            bucket_seconds: default_bucket(),
            spillover: None,
            latency: None,
            completion_tokens: CompletionLength::default(),
            stream: StreamConfig::default(),
            content_filter: ContentFilterConfig::default(),
            headers: HeaderStyle::default(),
            errors: ErrorStyle::default(),
        }
    }

    pub(super) fn check(&self, place: &str) -> Result<(), ConfigError> {
        let wrong = |member: &str, problem: &str| {
            Err(ConfigError::invalid(format!("{place}.{member}"), problem))
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(plain) {
            return wrong(
                "name",
                "1 to 64 letters, digits, '-', '_' and '.' are needed",
            );
        }
        if self.model.is_empty() || self.model.len() > 64 || !self.model.bytes().all(plain) {
            return wrong(
                "model",
                "1 to 64 letters, digits, '-', '_' and '.' are needed",
            );
        }
        if self
            .model_version
            .as_ref()
            .is_some_and(|version| version.len() > 64 || !version.bytes().all(plain))
        {
            return wrong(
                "modelVersion",
                "at most 64 letters, digits, '-', '_' and '.'",
            );
        }
        if !matches!(self.rpm_window_seconds, 1 | 10 | 60) {
            return wrong("rpmWindowSeconds", "1, 10 or 60 is needed");
        }
        if !(0.0..=1.0).contains(&self.effective_tpm_factor) {
            return wrong("effectiveTpmFactor", "a number from 0 to 1 is needed");
        }
        if self.sku.is_provisioned() {
            if !self.ptu.is_some_and(|ptu| (1..=100_000).contains(&ptu)) {
                return wrong("ptu", "a provisioned deployment needs 1 to 100000 units");
            }
            if self.tpm.is_some() || self.rpm.is_some() {
                return wrong(
                    "sku",
                    "a provisioned deployment has `ptu`, not `tpm` or `rpm`",
                );
            }
        } else {
            if self.ptu.is_some() || self.input_tpm_per_ptu.is_some() || self.output_ratio.is_some()
            {
                return wrong(
                    "sku",
                    "`ptu`, `inputTpmPerPtu` and `outputRatio` belong to provisioned deployments",
                );
            }
            if self.tpm == Some(0) || self.rpm == Some(0) {
                return wrong("tpm", "`tpm` and `rpm` start at 1");
            }
        }
        if !(1..=3_600).contains(&self.bucket_seconds) {
            return wrong("bucketSeconds", "1 to 3600 is needed");
        }
        if self.input_tpm_per_ptu == Some(0) || self.output_ratio == Some(0) {
            return wrong(
                "inputTpmPerPtu",
                "`inputTpmPerPtu` and `outputRatio` start at 1",
            );
        }
        let CompletionLength { min, max } = self.completion_tokens;
        if min == 0 || min > max || max > crate::text::MAX_TOKENS {
            return wrong(
                "completionTokens",
                &format!("1 ≤ min ≤ max ≤ {} is needed", crate::text::MAX_TOKENS),
            );
        }
        if !(1..=1_000).contains(&self.stream.tokens_per_chunk) {
            return wrong("stream.tokensPerChunk", "1 to 1000 is needed");
        }
        if self.stream.burst_ms > 60_000 {
            return wrong("stream.burstMs", "at most 60000");
        }
        if self.content_filter.words.len() > 1_000
            || self
                .content_filter
                .words
                .iter()
                .any(|word| word.word.is_empty())
        {
            return wrong(
                "contentFilter.words",
                "at most 1000 words, none of them empty",
            );
        }
        match &self.latency {
            Some(latency) => latency.check(&format!("{place}.latency")),
            None => Ok(()),
        }
    }

    pub(super) fn check_spillover(
        &self,
        place: &str,
        all: &[DeploymentConfig],
    ) -> Result<(), ConfigError> {
        let Some(target) = &self.spillover else {
            return Ok(());
        };
        if !self.sku.is_provisioned() {
            return Err(ConfigError::invalid(
                place,
                "only a provisioned deployment spills over",
            ));
        }
        match all.iter().find(|deployment| deployment.name == *target) {
            Some(found) if !found.sku.is_provisioned() => Ok(()),
            Some(_) => Err(ConfigError::invalid(
                place,
                format!("'{target}' is not a standard deployment"),
            )),
            None => Err(ConfigError::invalid(
                place,
                format!("the resource has no deployment '{target}'"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut DeploymentConfig)) -> Option<String> {
        let mut config = DeploymentConfig::new("d", "gpt-4o");
        change(&mut config);
        config.check("d").err().map(|error| error.to_string())
    }

    #[test]
    fn the_default_is_good() {
        assert_eq!(problem(|_| {}), None);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(
            problem(|c| c.rpm_window_seconds = 5)
                .unwrap()
                .starts_with("d.rpmWindowSeconds")
        );
        assert!(
            problem(|c| c.sku = Sku::ProvisionedManaged)
                .unwrap()
                .starts_with("d.ptu")
        );
        assert!(problem(|c| c.ptu = Some(5)).unwrap().starts_with("d.sku"));
        assert!(
            problem(|c| c.name = "a/b".into())
                .unwrap()
                .starts_with("d.name")
        );
        assert!(
            problem(|c| c.effective_tpm_factor = f64::NAN)
                .unwrap()
                .starts_with("d.effectiveTpmFactor")
        );
        assert!(problem(|c| c.completion_tokens.min = 0).is_some());
    }

    #[test]
    fn spillover_goes_to_a_standard_deployment_of_the_resource() {
        let mut from = DeploymentConfig::new("p", "gpt-4o");
        from.sku = Sku::ProvisionedManaged;
        from.ptu = Some(15);
        from.spillover = Some("s".into());
        let to = DeploymentConfig::new("s", "gpt-4o");
        assert!(
            from.check_spillover("x", &[from.clone(), to.clone()])
                .is_ok()
        );
        assert!(
            from.check_spillover("x", std::slice::from_ref(&from))
                .is_err()
        );
        assert!(to.check_spillover("x", &[]).is_ok());
    }
}
