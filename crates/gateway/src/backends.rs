//! Backend entities of the model in the form requests use: targets taken apart, credentials as header values, pools
//! and circuit breakers with their shared state.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_balancing::{
    AffinityKey, BackendConfig, BackendRegistry, BreakerRule, MemberConfig, Observer, PoolConfig,
    RegistryConfig, StrategyKind, Transition,
};
use tidegate_model::{self as model, Service};
use tidegate_pipeline::{
    Backend, BackendKind, Backends, Credentials, PoolMember, Proxy, SessionAffinity, SingleBackend,
    Target, TlsOptions,
};
use tidegate_policy_xml::diagnostic::Diagnostic;

/// Everything but unreserved characters is encoded.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Logs circuits as they open and close.
#[derive(Debug)]
struct LogTransitions;

impl Observer for LogTransitions {
    fn transition(&self, transition: &Transition) {
        match transition {
            Transition::Opened {
                backend,
                rule,
                open_for,
                by_retry_after,
                cause,
                ..
            } => tracing::warn!(
                backend = &**backend,
                rule = &**rule,
                open_for_ms = open_for.as_millis() as u64,
                by_retry_after,
                cause = ?cause,
                "circuit opened"
            ),
            Transition::Closed { backend, rule, .. } => {
                tracing::info!(backend = &**backend, rule = &**rule, "circuit closed")
            }
        }
    }
}

/// Builds all entities. `None` and an error in `diagnostics` when one of them cannot be used.
pub(crate) fn build(
    service: &Service,
    previous: Option<&BackendRegistry>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Backends> {
    let config = registry_config(service);
    let registry = match previous {
        Some(previous) => previous.rebuild(config),
        None => BackendRegistry::new(config, Arc::new(LogTransitions)),
    };
    let registry = match registry {
        Ok(registry) => Arc::new(registry),
        Err(error) => {
            diagnostics.push(Diagnostic::error("invalid-backend", error.to_string()));
            return None;
        }
    };
    let errors_before = diagnostics.len();
    let mut singles: HashMap<String, Arc<Backend>> = HashMap::new();
    for backend in &service.backends {
        let model::BackendKind::Single(single) = &backend.kind else {
            continue;
        };
        let Some(state) = registry.backend(backend.name.as_str()) else {
            continue;
        };
        let target = target(single, diagnostics);
        let credentials = credentials(backend, single, diagnostics);
        if let (Some(target), Some(credentials)) = (target, credentials) {
            let entity = Arc::new(Backend {
                id: backend.name.shared(),
                kind: BackendKind::Single(SingleBackend {
                    target: Arc::new(target),
                    credentials,
                    state: state.clone(),
                }),
            });
            singles.insert(backend.name.as_str().to_ascii_lowercase(), entity);
        }
    }
    let mut entities: Vec<Arc<Backend>> = singles.values().cloned().collect();
    for backend in &service.backends {
        let model::BackendKind::Pool(pool) = &backend.kind else {
            continue;
        };
        let Some(state) = registry.pool(backend.name.as_str()) else {
            continue;
        };
        let members = pool
            .members
            .iter()
            .filter_map(|member| {
                let name = member.backend.value.as_str();
                let backend = singles.get(&name.to_ascii_lowercase())?;
                Some(PoolMember {
                    id: backend.id.clone(),
                    backend: backend.clone(),
                })
            })
            .collect();
        entities.push(Arc::new(Backend {
            id: backend.name.shared(),
            kind: BackendKind::Pool {
                pool: state.clone(),
                members,
                affinity: pool
                    .session_affinity
                    .as_ref()
                    .map(|affinity| SessionAffinity {
                        cookie: affinity.cookie.as_str().into(),
                    }),
            },
        }));
    }
    let failed = diagnostics
        .iter()
        .skip(errors_before)
        .any(Diagnostic::is_error);
    (!failed).then(|| Backends::new(registry, entities))
}

fn registry_config(service: &Service) -> RegistryConfig {
    let mut backends = Vec::new();
    let mut pools = Vec::new();
    for backend in &service.backends {
        match &backend.kind {
            model::BackendKind::Single(single) => {
                let mut config =
                    BackendConfig::new(backend.name.shared(), single.url.value.as_str());
                for rule in &single.circuit_breaker {
                    config = config
                        .with_rule(breaker_rule(rule, service.gateway.upstream.max_retry_after));
                }
                backends.push(config);
            }
            model::BackendKind::Pool(pool) => {
                let members: [&str; 0] = [];
                let mut config = PoolConfig::new(backend.name.shared(), members);
                config.members = pool
                    .members
                    .iter()
                    .map(|member| MemberConfig {
                        backend: member.backend.value.shared(),
                        priority: member.priority,
                        weight: member.weight,
                    })
                    .collect();
                config.strategy = match pool.strategy {
                    model::PoolStrategy::RoundRobin => StrategyKind::Weighted,
                    model::PoolStrategy::Random => StrategyKind::Random,
                    model::PoolStrategy::LeastInFlight => StrategyKind::LeastInFlight,
                    model::PoolStrategy::PeakEwma => StrategyKind::PeakEwma,
                };
                config.session_affinity = pool.session_affinity.is_some();
                config.failure_status = pool.failure_status;
                pools.push(config);
            }
        }
    }
    RegistryConfig {
        backends,
        pools,
        affinity_key: affinity_key(),
    }
}

/// The key of session affinity tokens: lives as long as the process, so that tokens outlive a reload.
fn affinity_key() -> AffinityKey {
    static KEY: OnceLock<AffinityKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut key = [0; 32];
        for half in key.chunks_mut(16) {
            half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        AffinityKey::new(key)
    })
    .clone()
}

fn breaker_rule(rule: &model::CircuitBreakerRule, max_retry_after: Duration) -> BreakerRule {
    let condition = &rule.failure_condition;
    BreakerRule {
        count: condition.count,
        percentage: condition.percentage,
        status_ranges: condition
            .status_code_ranges
            .iter()
            .map(|range| range.min..=range.max)
            .collect(),
        error_reasons: condition
            .error_reasons
            .iter()
            .map(|reason| reason.as_str().into())
            .collect(),
        accept_retry_after: rule.accept_retry_after,
        retry_after_cap: Some(max_retry_after),
        failure_status: rule.failure_status,
        ..BreakerRule::new(rule.name.as_str(), condition.interval, rule.trip_duration)
    }
}

fn target(single: &model::SingleBackend, diagnostics: &mut Vec<Diagnostic>) -> Option<Target> {
    let proxy = single.proxy.as_ref().map(|proxy| {
        Arc::new(Proxy {
            url: proxy.url.as_str().into(),
            credentials: proxy.username.as_ref().map(|user| {
                let password = proxy.password.as_ref().map_or("", |secret| secret.expose());
                (user.as_str().into(), password.into())
            }),
        })
    });
    let tls = TlsOptions {
        validate_chain: single.tls.validate_certificate_chain,
        validate_name: single.tls.validate_certificate_name,
    };
    match Target::parse(&single.url.value, tls, proxy) {
        Ok(target) => Some(target),
        Err(error) => {
            diagnostics.push(
                Diagnostic::error("invalid-value", format!("url: {error}"))
                    .at(&single.url.origin.file, single.url.origin.range.clone()),
            );
            None
        }
    }
}

fn credentials(
    backend: &model::Backend,
    single: &model::SingleBackend,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Credentials> {
    let configured = &single.credentials;
    let mut complete = true;
    let mut error = |code: &'static str, message: String| {
        diagnostics.push(
            Diagnostic::error(code, message).at(&backend.origin.file, backend.origin.range.clone()),
        );
        complete = false;
    };
    if configured.managed_identity.is_some() {
        error(
            "unsupported-credentials",
            format!(
                "backend '{}': managedIdentity credentials are not supported yet; use credentials.header with a key",
                backend.name
            ),
        );
    }
    if !configured.certificate_ids.is_empty() || !configured.certificate.is_empty() {
        error(
            "unsupported-credentials",
            format!(
                "backend '{}': client certificates are not supported yet",
                backend.name
            ),
        );
    }
    let mut headers = Vec::new();
    for (name, values) in &configured.header {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let parsed_values: Result<Vec<HeaderValue>, _> = values
            .iter()
            .map(|value| secret_header(value.expose()))
            .collect();
        match (parsed, parsed_values) {
            (Ok(name), Ok(values)) => headers.push((name, values)),
            _ => error(
                "invalid-value",
                format!(
                    "backend '{}': credentials.header '{name}' is not a valid header",
                    backend.name
                ),
            ),
        }
    }
    if let Some(authorization) = &configured.authorization {
        let value = format!(
            "{} {}",
            authorization.scheme,
            authorization.parameter.expose()
        );
        match secret_header(&value) {
            Ok(value) => headers.push((header::AUTHORIZATION, vec![value])),
            Err(_) => error(
                "invalid-value",
                format!(
                    "backend '{}': credentials.authorization is not a valid header value",
                    backend.name
                ),
            ),
        }
    }
    let query = configured
        .query
        .iter()
        .flat_map(|(name, values)| {
            let name = utf8_percent_encode(name, COMPONENT).to_string();
            values.iter().map(move |value| {
                let value = utf8_percent_encode(value.expose(), COMPONENT).to_string();
                (name.clone(), value)
            })
        })
        .collect();
    complete.then_some(Credentials { headers, query })
}

/// A header value that is marked sensitive: never shown in debug output, never indexed by HTTP/2's table.
fn secret_header(text: &str) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
