//! The simulator's configuration: what flows in from a YAML or JSON file, or from code.
//!
//! In: text or values. Out: a configuration that was checked as a whole: every mistake is named by its place. Unknown members are
//! errors. Keys never appear in `Debug` output or in errors.

mod deployment;
mod latency;
mod presets;

pub(crate) use deployment::DEFAULT_TPM;
pub use deployment::{
    CompletionLength, ContentFilterConfig, DeploymentConfig, ErrorStyle, EstimateVariant,
    FilterMode, FilterTarget, FilterWord, HeaderStyle, Sku, StreamConfig,
};
pub use latency::{LatencyConfig, SpreadConfig};

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::fault::FaultRule;

/// Resources in one simulator.
const MAX_RESOURCES: usize = 64;
/// Deployments in one resource, as in the service.
const MAX_DEPLOYMENTS: usize = 32;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text cannot be read as a configuration.
    #[error("the simulator configuration cannot be read: {0}")]
    Unreadable(String),
    /// A value makes no sense.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where, such as `resources[0].deployments[1].tpm`.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        ConfigError::Invalid {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SimulatorConfig {
    /// The resources.
    pub resources: Vec<ResourceConfig>,
    /// Address of one listener for all resources, told apart by the first path segment (`/{resource}/openai/…`) or by the first
    /// label of the host name. Port 0 takes any free port.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// Address of the admin endpoint. It has no authentication: keep it on a loopback address.
    #[serde(default)]
    pub admin_listen: Option<SocketAddr>,
    /// Everything random is drawn from this seed; answers depend on it and on the request alone.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// API versions that are accepted; any when empty.
    #[serde(default)]
    pub api_versions: Vec<String>,
    /// Latency of all deployments that say nothing else.
    #[serde(default)]
    pub latency: LatencyConfig,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsConfig,
}

fn default_seed() -> u64 {
    1
}

/// One Azure OpenAI resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceConfig {
    /// The resource's name: letters, digits and hyphens.
    pub name: String,
    /// The region's name, such as `swedencentral`.
    pub region: String,
    /// One or two keys, both valid. Derived from seed and name when missing.
    #[serde(default)]
    pub keys: Vec<ApiKey>,
    /// The resource's own listener. Without it and without a shared one, a free loopback port is taken.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// Which bearer tokens are accepted besides the keys.
    #[serde(default)]
    pub entra: EntraMode,
    /// Bearer tokens for `entra: listed`.
    #[serde(default)]
    pub tokens: Vec<ApiKey>,
    /// How rate-limit errors call the resource.
    #[serde(default)]
    pub kind: ResourceKind,
    /// The deployments.
    pub deployments: Vec<DeploymentConfig>,
    /// Faults from the start.
    #[serde(default)]
    pub faults: Vec<FaultRule>,
}

/// A resource key or bearer token. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key itself, for those who must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters of a key long enough to stay secret, for telling keys apart.
    pub fn hint(&self) -> String {
        hint(&self.0)
    }
}

/// What may be shown of a key.
pub(crate) fn hint(key: &str) -> String {
    let shown = key.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    match key.get(shown..) {
        Some(tail) if key.chars().count() >= 16 => format!("…{tail}"),
        _ => "…".to_owned(),
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Which bearer tokens are accepted besides the resource keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntraMode {
    /// Anything that has the form of a JSON Web Token.
    #[default]
    WellFormed,
    /// Only the tokens in `tokens`.
    Listed,
    /// None.
    Off,
}

/// Kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum ResourceKind {
    /// A classic Azure OpenAI resource.
    #[default]
    OpenAI,
    /// A Foundry resource.
    AIServices,
}

impl ResourceKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            ResourceKind::OpenAI => "OpenAI",
            ResourceKind::AIServices => "AIServices",
        }
    }
}

/// Bounds of what clients can make the simulator hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Connections at one time, over all listeners; more wait to be accepted.
    pub max_connections: usize,
    /// Seconds a client may take to send a request's headers, idle time on a kept connection included.
    pub header_timeout_seconds: u64,
    /// Seconds a client may take to send a request's body.
    pub body_timeout_seconds: u64,
    /// Requests kept in each resource's request log; 0 keeps none.
    pub request_log: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_body_bytes: 8 * 1024 * 1024,
            max_connections: 4_096,
            header_timeout_seconds: 240,
            body_timeout_seconds: 60,
            request_log: 256,
        }
    }
}

impl SimulatorConfig {
    /// Reads YAML; JSON is YAML too.
    ///
    /// # Errors
    /// When the text cannot be read or the configuration makes no sense.
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = serde_saphyr::from_str(text)
            .map_err(|error| ConfigError::Unreadable(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// When the text cannot be read or the configuration makes no sense.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_str(text)
            .map_err(|error| ConfigError::Unreadable(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Checks the configuration as a whole.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.resources.is_empty() || self.resources.len() > MAX_RESOURCES {
            return Err(ConfigError::invalid(
                "resources",
                format!("1 to {MAX_RESOURCES} resources are needed"),
            ));
        }
        if self.limits.max_connections == 0 {
            return Err(ConfigError::invalid(
                "limits.maxConnections",
                "at least 1 connection is needed",
            ));
        }
        if self.limits.max_connections > 1_000_000 {
            return Err(ConfigError::invalid(
                "limits.maxConnections",
                "at most 1000000",
            ));
        }
        self.latency.check("latency")?;
        let mut names = HashSet::new();
        for (at, resource) in self.resources.iter().enumerate() {
            let place = format!("resources[{at}]");
            resource.check(&place)?;
            if !names.insert(resource.name.to_ascii_lowercase()) {
                return Err(ConfigError::invalid(
                    format!("{place}.name"),
                    format!("the name '{}' is used twice", resource.name),
                ));
            }
        }
        Ok(())
    }
}

impl ResourceConfig {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let plain = |name: &str| {
            !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !plain(&self.name) || self.name.eq_ignore_ascii_case("openai") {
            return Err(ConfigError::invalid(
                format!("{place}.name"),
                "1 to 64 letters, digits and hyphens are needed, and not the word 'openai', which begins the paths of the API",
            ));
        }
        if self.keys.len() > 2 {
            return Err(ConfigError::invalid(
                format!("{place}.keys"),
                "a resource has at most two keys",
            ));
        }
        for (at, key) in self.keys.iter().chain(&self.tokens).enumerate() {
            if key.expose().is_empty() || !key.expose().bytes().all(|b| b.is_ascii_graphic()) {
                return Err(ConfigError::invalid(
                    format!("{place}.keys and tokens, entry {at}"),
                    "a key is one or more printable ASCII characters without spaces",
                ));
            }
        }
        if self.entra == EntraMode::Listed && self.tokens.is_empty() {
            return Err(ConfigError::invalid(
                format!("{place}.tokens"),
                "`entra: listed` needs at least one token",
            ));
        }
        if self.deployments.is_empty() || self.deployments.len() > MAX_DEPLOYMENTS {
            return Err(ConfigError::invalid(
                format!("{place}.deployments"),
                format!("1 to {MAX_DEPLOYMENTS} deployments are needed"),
            ));
        }
        let mut names = HashSet::new();
        for (at, deployment) in self.deployments.iter().enumerate() {
            let place = format!("{place}.deployments[{at}]");
            deployment.check(&place)?;
            if !names.insert(deployment.name.as_str()) {
                return Err(ConfigError::invalid(
                    format!("{place}.name"),
                    format!("the name '{}' is used twice", deployment.name),
                ));
            }
        }
        for (at, deployment) in self.deployments.iter().enumerate() {
            deployment.check_spillover(
                &format!("{place}.deployments[{at}].spillover"),
                &self.deployments,
            )?;
        }
        self.check_faults(&format!("{place}.faults"), &self.faults)
    }

    pub(crate) fn check_faults(
        &self,
        place: &str,
        faults: &[FaultRule],
    ) -> Result<(), ConfigError> {
        if faults.len() > crate::fault::MAX_RULES {
            return Err(ConfigError::invalid(
                place,
                format!("at most {} faults", crate::fault::MAX_RULES),
            ));
        }
        for (at, fault) in faults.iter().enumerate() {
            if let Some(name) = &fault.deployment
                && !self
                    .deployments
                    .iter()
                    .any(|deployment| deployment.name == *name)
            {
                return Err(ConfigError::invalid(
                    format!("{place}[{at}].deployment"),
                    format!("the resource '{}' has no deployment '{name}'", self.name),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
resources:
  - name: east
    region: eastus
    keys: [0123456789abcdef0123456789abcdef]
    listen: 127.0.0.1:0
    deployments:
      - name: chat
        model: gpt-35-turbo
        tpm: 60000
    faults:
      - kind: throttle
        retryAfterSeconds: 5
        count: 2
";

    #[test]
    fn yaml_and_json_are_read() {
        let config = SimulatorConfig::from_yaml(GOOD).unwrap();
        assert_eq!(config.resources[0].deployments[0].tpm, Some(60_000));
        let json = r#"{"resources":[{"name":"a","region":"eastus","deployments":[{"name":"d","model":"gpt-4o"}]}]}"#;
        assert!(SimulatorConfig::from_json(json).is_ok());
        assert!(SimulatorConfig::from_yaml(json).is_ok());
    }

    #[test]
    fn unknown_members_are_named() {
        let error = SimulatorConfig::from_yaml(&GOOD.replace("tpm:", "tokens:")).unwrap_err();
        assert!(error.to_string().contains("tokens"), "{error}");
    }

    #[test]
    fn nonsense_is_located() {
        let place = |text: &str| match SimulatorConfig::from_yaml(text) {
            Err(ConfigError::Invalid { place, .. }) => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place("resources: []"), "resources");
        assert_eq!(
            place(&GOOD.replace("name: east", "name: openai")),
            "resources[0].name"
        );
        assert_eq!(
            place(&GOOD.replace("count: 2", "deployment: other")),
            "resources[0].faults[0].deployment"
        );
    }

    #[test]
    fn keys_stay_secret() {
        let config = SimulatorConfig::from_yaml(GOOD).unwrap();
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
        assert_eq!(config.resources[0].keys[0].hint(), "…cdef");
        assert_eq!(ApiKey::new("short").hint(), "…");
    }
}
