//! Ready-made configurations.

use std::net::{Ipv4Addr, SocketAddr};

use super::{
    DeploymentConfig, EntraMode, LatencyConfig, LimitsConfig, ResourceConfig, ResourceKind,
    SimulatorConfig,
};

impl SimulatorConfig {
    /// Three resources in Sweden Central, East US and Australia East, each with the deployments `gpt-35-turbo` (chat and legacy
    /// completions), `gpt-4o-mini` and `text-embedding-ada-002`, every listener on a free loopback port.
    pub fn three_regions() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let resource = |name: &str, region: &str| ResourceConfig {
            name: name.to_owned(),
            region: region.to_owned(),
            keys: Vec::new(),
            listen: Some(loopback),
            entra: EntraMode::default(),
            tokens: Vec::new(),
            kind: ResourceKind::default(),
            deployments: vec![
                DeploymentConfig {
                    tpm: Some(240_000),
                    ..DeploymentConfig::new("gpt-35-turbo", "gpt-35-turbo")
                },
                DeploymentConfig {
                    tpm: Some(450_000),
                    ..DeploymentConfig::new("gpt-4o-mini", "gpt-4o-mini")
                },
                DeploymentConfig {
                    tpm: Some(350_000),
                    ..DeploymentConfig::new("text-embedding-ada-002", "text-embedding-ada-002")
                },
            ],
            faults: Vec::new(),
        };
        Self {
            resources: vec![
                resource("swedencentral", "swedencentral"),
                resource("eastus", "eastus"),
                resource("australiaeast", "australiaeast"),
            ],
            listen: None,
            admin_listen: Some(loopback),
            seed: 1,
            api_versions: Vec::new(),
            latency: LatencyConfig::default(),
            limits: LimitsConfig::default(),
        }
    }

    /// The same without latency and without enforced limits, for throughput runs and tests of distribution.
    #[must_use]
    pub fn unthrottled(mut self) -> Self {
        self.latency = LatencyConfig::zero();
        for deployment in self
            .resources
            .iter_mut()
            .flat_map(|resource| &mut resource.deployments)
        {
            deployment.enforce_limits = false;
            deployment.latency = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_good() {
        assert!(SimulatorConfig::three_regions().check().is_ok());
        assert!(
            SimulatorConfig::three_regions()
                .unthrottled()
                .check()
                .is_ok()
        );
    }
}
