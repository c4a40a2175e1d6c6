//! Resources and deployments at run time.
//!
//! In: their configuration. Out: shared state that requests and the admin endpoint work on, each part behind its own short lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use tidegate_openai::{ModelInfo, Operation, endpoint, model};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::{ApiKey, DeploymentConfig, LatencyConfig, ResourceConfig, SimulatorConfig};
use crate::counters::{Counters, Ledger, lock};
use crate::fault::{FaultRule, FaultSet, Verdict};
use crate::latency::Latency;
use crate::provisioned::{self, Bucket};
use crate::quota::Quota;
use crate::random;

/// One resource.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) config: ResourceConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Vec<ApiKey>,
    pub(crate) region_header: HeaderValue,
    pub(crate) region_name: String,
    pub(crate) deployments: Vec<Arc<Deployment>>,
    pub(crate) ledger: Mutex<Ledger>,
    faults: Mutex<FaultSet>,
    /// Whether there are rules at all, so that a healthy resource takes no lock for them.
    faulty: AtomicBool,
    /// Whether the resource is off the network.
    refusing: watch::Sender<bool>,
    requests: AtomicU64,
    seed: u64,
}

/// One deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) config: DeploymentConfig,
    pub(crate) model: &'static ModelInfo,
    pub(crate) response_model: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) name_header: HeaderValue,
    pub(crate) counters: Mutex<Counters>,
    pub(crate) meter: Meter,
    latency: Mutex<Arc<Latency>>,
    latency_config: LatencyConfig,
    available: AtomicBool,
    /// Seed of generated texts: the same for all deployments, so that one request gets one answer wherever it goes.
    pub(crate) text_seed: u64,
}

/// How a deployment is throttled.
#[derive(Debug)]
pub(crate) enum Meter {
    /// By tokens and requests per minute.
    Standard(Mutex<Quota>),
    /// By utilisation; an output token weighs `ratio` input tokens.
    Provisioned {
        /// The utilisation.
        bucket: Mutex<Bucket>,
        /// The weight of an output token.
        ratio: u64,
    },
}

impl Resource {
    pub(crate) fn new(
        config: &ResourceConfig,
        whole: &SimulatorConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let seed = random::hash(whole.seed, config.name.as_bytes());
        let keys = if config.keys.is_empty() {
            let mut rng = random::rng(random::hash(seed, b"keys"));
            (0..2)
                .map(|_| ApiKey::new(format!("{:032x}", rng.u128(..))))
                .collect()
        } else {
            config.keys.clone()
        };
        let region_name = endpoint::region_display_name(&config.region).into_owned();
        let faults = FaultSet::new(config.faults.clone(), random::hash(seed, b"faults"));
        let closed = faults.closes_listener();
        let faulty = !config.faults.is_empty();
        Self {
            region_header: HeaderValue::from_str(&region_name)
                .unwrap_or(HeaderValue::from_static("unknown")),
            region_name,
            deployments: config
                .deployments
                .iter()
                .map(|deployment| Arc::new(Deployment::new(deployment, whole)))
                .collect(),
            ledger: Mutex::new(Ledger::new(whole.limits.request_log)),
            faulty: AtomicBool::new(faulty),
            faults: Mutex::new(faults),
            refusing: watch::Sender::new(closed),
            requests: AtomicU64::new(0),
            keys,
            clock,
            seed,
            config: config.clone(),
        }
    }

    /// The deployment of a name.
    pub(crate) fn deployment(&self, name: &str) -> Option<&Arc<Deployment>> {
        self.deployments
            .iter()
            .find(|deployment| deployment.config.name == name)
    }

    /// A generator for the next request: requests get the same numbers in the order of their arrival.
    pub(crate) fn next_rng(&self) -> fastrand::Rng {
        random::rng(random::join(
            self.seed,
            self.requests.fetch_add(1, Ordering::Relaxed),
        ))
    }

    /// What becomes of a request.
    pub(crate) fn judge(&self, deployment: Option<&str>, operation: Option<Operation>) -> Verdict {
        if !self.faulty.load(Ordering::Acquire) {
            return Verdict::HEALTHY;
        }
        lock(&self.faults).judge(deployment, operation)
    }

    /// Replaces the faults.
    pub(crate) fn set_faults(&self, rules: Vec<FaultRule>) {
        let mut faults = lock(&self.faults);
        faults.replace(rules);
        self.publish(&faults);
    }

    /// Adds a fault.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> Result<(), String> {
        let mut faults = lock(&self.faults);
        faults.add(rule)?;
        self.publish(&faults);
        Ok(())
    }

    fn publish(&self, faults: &FaultSet) {
        self.faulty
            .store(faults.rules().next().is_some(), Ordering::Release);
        let closed = faults.closes_listener();
        self.refusing
            .send_if_modified(|now| std::mem::replace(now, closed) != closed);
    }

    /// The faults and how often each has struck.
    pub(crate) fn faults(&self) -> Vec<(FaultRule, u64)> {
        lock(&self.faults)
            .rules()
            .map(|(rule, fired)| (rule.clone(), fired))
            .collect()
    }

    /// Tells when the resource goes off the network or comes back.
    pub(crate) fn refusing(&self) -> watch::Receiver<bool> {
        self.refusing.subscribe()
    }

    /// Back to the start: faults of the configuration, fresh windows, no counts.
    pub(crate) fn reset(&self) {
        self.set_faults(self.config.faults.clone());
        lock(&self.ledger).reset();
        self.requests.store(0, Ordering::Relaxed);
        for deployment in &self.deployments {
            deployment.reset(self.clock.now());
        }
    }
}

impl Deployment {
    fn new(config: &DeploymentConfig, whole: &SimulatorConfig) -> Self {
        if !model::is_known(&config.model) {
            tracing::warn!(
                deployment = config.name,
                model = config.model,
                "unknown model: it is simulated as a chat model with the newest encoding"
            );
        }
        let model = model::lookup(&config.model);
        let latency_config = config.latency.as_ref().unwrap_or(&whole.latency).clone();
        let response_model = model.response_name(&config.model, config.model_version.as_deref());
        let fingerprint = model.usage_details.then(|| {
            format!(
                "fp_{:010x}",
                random::hash(0, response_model.as_bytes()) >> 24
            )
        });
        Self {
            name_header: HeaderValue::from_str(&config.name)
                .unwrap_or(HeaderValue::from_static("unknown")),
            meter: Meter::new(config, model),
            latency: Mutex::new(Arc::new(Latency::new(&latency_config, &config.model))),
            latency_config,
            counters: Mutex::default(),
            available: AtomicBool::new(true),
            text_seed: random::hash(whole.seed, b"text"),
            config: config.clone(),
            model,
            response_model,
            fingerprint,
        }
    }

    /// The latency in force.
    pub(crate) fn latency(&self) -> Arc<Latency> {
        Arc::clone(&lock(&self.latency))
    }

    /// Changes the latency.
    pub(crate) fn set_latency(&self, config: &LatencyConfig) {
        *lock(&self.latency) = Arc::new(Latency::new(config, &self.config.model));
    }

    /// Whether the deployment exists for clients.
    pub(crate) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// Takes the deployment away or brings it back.
    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, Ordering::Relaxed);
    }

    fn reset(&self, now: Duration) {
        {
            let mut counters = lock(&self.counters);
            *counters = Counters {
                active: counters.active,
                ..Counters::default()
            };
        }
        self.set_available(true);
        self.set_latency(&self.latency_config);
        match &self.meter {
            Meter::Standard(quota) => {
                let mut quota = lock(quota);
                quota.set_factor(self.config.effective_tpm_factor);
                quota.reset();
            }
            Meter::Provisioned { bucket, .. } => lock(bucket).set_utilization(now, 0.0),
        }
    }
}

impl Meter {
    fn new(config: &DeploymentConfig, model: &ModelInfo) -> Self {
        if config.sku.is_provisioned() {
            let (input, ratio) = provisioned::figures(&config.model);
            let input = config.input_tpm_per_ptu.unwrap_or(input);
            let capacity = config.ptu.unwrap_or(1).saturating_mul(input);
            Meter::Provisioned {
                bucket: Mutex::new(Bucket::new(
                    capacity,
                    config.bucket_seconds,
                    config.enforce_limits,
                )),
                ratio: config.output_ratio.unwrap_or(ratio),
            }
        } else {
            let tpm = config.tpm.unwrap_or(crate::config::DEFAULT_TPM);
            let rpm = config.rpm.unwrap_or_else(|| model.requests_per_minute(tpm));
            Meter::Standard(Mutex::new(Quota::new(
                tpm,
                rpm,
                config.rpm_window_seconds,
                config.effective_tpm_factor,
                config.enforce_limits,
            )))
        }
    }
}

/// What one admitted request holds of its deployment's meter. Settled when dropped, however the request ended.
#[derive(Debug)]
pub(crate) struct Charge {
    deployment: Arc<Deployment>,
    clock: Arc<dyn Clock>,
    kind: ChargeKind,
    /// Completion tokens produced so far.
    pub(crate) produced: u64,
}

#[derive(Debug)]
enum ChargeKind {
    Standard {
        window_end: Duration,
        estimate: u64,
        prompt_tokens: u64,
    },
    Provisioned {
        estimated: u64,
        prompt_tokens: u64,
        ratio: u64,
    },
}

impl Charge {
    pub(crate) fn standard(
        deployment: &Arc<Deployment>,
        clock: &Arc<dyn Clock>,
        window_end: Duration,
        estimate: u64,
        prompt_tokens: u64,
    ) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            clock: Arc::clone(clock),
            kind: ChargeKind::Standard {
                window_end,
                estimate,
                prompt_tokens,
            },
            produced: 0,
        }
    }

    pub(crate) fn provisioned(
        deployment: &Arc<Deployment>,
        clock: &Arc<dyn Clock>,
        estimated: u64,
        prompt_tokens: u64,
        ratio: u64,
    ) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            clock: Arc::clone(clock),
            kind: ChargeKind::Provisioned {
                estimated,
                prompt_tokens,
                ratio,
            },
            produced: 0,
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        match (&self.kind, &self.deployment.meter) {
            (
                ChargeKind::Standard {
                    window_end,
                    estimate,
                    prompt_tokens,
                },
                Meter::Standard(quota),
            ) if self.deployment.config.refund_on_completion => {
                let used = prompt_tokens.saturating_add(self.produced);
                lock(quota).refund(*window_end, estimate.saturating_sub(used));
            }
            (
                ChargeKind::Provisioned {
                    estimated,
                    prompt_tokens,
                    ratio,
                },
                Meter::Provisioned { bucket, .. },
            ) => {
                let actual = prompt_tokens.saturating_add(ratio.saturating_mul(self.produced));
                lock(bucket).settle(self.clock.now(), *estimated, actual);
            }
            _ => {}
        }
    }
}
