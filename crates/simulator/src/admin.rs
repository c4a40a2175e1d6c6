//! The admin endpoint: faults, run-time changes, counters.
//!
//! In: small JSON requests. Out: JSON. Keys appear by their last characters only. There is no authentication: the listener belongs on a
//! loopback address.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::body::ReplyBody;
use crate::config::{ConfigError, LatencyConfig};
use crate::core::Core;
use crate::counters::{Counters, KeyUse, LoggedRequest, lock};
use crate::fault::FaultRule;
use crate::net::ServerContext;
use crate::resource::{Deployment, Meter, Resource};

/// The whole state.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// The resources.
    pub resources: Vec<ResourceState>,
}

/// The state of one resource.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceState {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Where it is reached.
    pub url: String,
    /// Whether connections are accepted.
    pub listening: bool,
    /// Numbers.
    pub counters: Counters,
    /// Keys that were presented lately.
    pub keys: Vec<KeyUse>,
    /// Faults in force.
    pub faults: Vec<FaultState>,
    /// The deployments.
    pub deployments: Vec<DeploymentState>,
}

/// A fault in force.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultState {
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How many requests it has struck.
    pub fired: u64,
}

/// The state of one deployment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentState {
    /// Its name.
    pub name: String,
    /// Its model.
    pub model: String,
    /// Its type.
    pub sku: &'static str,
    /// Whether it exists for clients.
    pub available: bool,
    /// Numbers.
    pub counters: Counters,
    /// Standard: limits and what is left of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaState>,
    /// Provisioned: utilisation, 1.0 for 100 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utilization: Option<f64>,
}

/// Limits of a standard deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaState {
    /// Tokens per minute in force.
    pub limit_tokens: u64,
    /// Tokens left in the minute.
    pub remaining_tokens: u64,
    /// Requests per minute.
    pub limit_requests: u64,
    /// Requests left in the enforcement window.
    pub remaining_requests: u64,
}

/// A change to a deployment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeploymentChange {
    /// Takes the deployment away (404) or brings it back.
    pub available: Option<bool>,
    /// Share of the tokens per minute in force.
    pub effective_tpm_factor: Option<f64>,
    /// Utilisation of a provisioned deployment, 1.0 for 100 %.
    pub utilization: Option<f64>,
    /// Latency.
    pub latency: Option<LatencyConfig>,
}

/// Why the admin endpoint refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// No such resource.
    #[error("there is no resource '{0}'")]
    UnknownResource(String),
    /// No such deployment.
    #[error("the resource has no deployment '{0}'")]
    UnknownDeployment(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// No such path or method.
    #[error(
        "there is nothing here; see /admin/state, /admin/reset and /admin/resources/{{name}}/faults"
    )]
    NotFound,
}

impl From<ConfigError> for AdminError {
    fn from(error: ConfigError) -> Self {
        AdminError::Invalid(error.to_string())
    }
}

/// Reads the whole state.
pub(crate) fn state(core: &Core, urls: &[String]) -> State {
    State {
        uptime_seconds: core.clock.now().as_secs(),
        resources: core
            .resources
            .iter()
            .enumerate()
            .map(|(at, resource)| {
                resource_state(resource, urls.get(at).cloned().unwrap_or_default())
            })
            .collect(),
    }
}

fn resource_state(resource: &Resource, url: String) -> ResourceState {
    let (counters, keys) = {
        let ledger = lock(&resource.ledger);
        (ledger.counters(), ledger.keys())
    };
    ResourceState {
        name: resource.config.name.clone(),
        region: resource.config.region.clone(),
        url,
        listening: !*resource.refusing().borrow(),
        counters,
        keys,
        faults: fault_states(resource),
        deployments: resource
            .deployments
            .iter()
            .map(|deployment| deployment_state(resource, deployment))
            .collect(),
    }
}

fn fault_states(resource: &Resource) -> Vec<FaultState> {
    resource
        .faults()
        .into_iter()
        .map(|(rule, fired)| FaultState { rule, fired })
        .collect()
}

fn deployment_state(resource: &Resource, deployment: &Deployment) -> DeploymentState {
    let now = resource.clock.now();
    let (quota, utilization) = match &deployment.meter {
        Meter::Standard(quota) => {
            let snapshot = lock(quota).snapshot(now);
            let quota = QuotaState {
                limit_tokens: snapshot.limit_tokens,
                remaining_tokens: snapshot.remaining_tokens,
                limit_requests: snapshot.limit_requests,
                remaining_requests: snapshot.remaining_requests_window,
            };
            (Some(quota), None)
        }
        Meter::Provisioned { bucket, .. } => (None, Some(lock(bucket).utilization(now))),
    };
    DeploymentState {
        name: deployment.config.name.clone(),
        model: deployment.config.model.clone(),
        sku: deployment.config.sku.name(),
        available: deployment.is_available(),
        counters: lock(&deployment.counters).clone(),
        quota,
        utilization,
    }
}

/// Replaces the faults of a resource.
pub(crate) fn set_faults(
    core: &Core,
    resource: &str,
    rules: Vec<FaultRule>,
) -> Result<(), AdminError> {
    let resource = find(core, resource)?;
    resource.config.check_faults("faults", &rules)?;
    resource.set_faults(rules);
    Ok(())
}

/// Adds a fault to a resource.
pub(crate) fn add_fault(core: &Core, resource: &str, rule: FaultRule) -> Result<(), AdminError> {
    let resource = find(core, resource)?;
    resource
        .config
        .check_faults("faults", std::slice::from_ref(&rule))?;
    resource.add_fault(rule).map_err(AdminError::Invalid)
}

/// Changes a deployment.
pub(crate) fn change_deployment(
    core: &Core,
    resource: &str,
    deployment: &str,
    change: &DeploymentChange,
) -> Result<DeploymentState, AdminError> {
    let resource = find(core, resource)?;
    let deployment = resource
        .deployment(deployment)
        .ok_or_else(|| AdminError::UnknownDeployment(deployment.to_owned()))?;
    let invalid = |problem: &str| Err(AdminError::Invalid(problem.to_owned()));
    // Everything is checked before anything is changed.
    if let Some(latency) = &change.latency {
        latency.check("latency")?;
    }
    if change
        .effective_tpm_factor
        .is_some_and(|factor| !(0.0..=1.0).contains(&factor))
    {
        return invalid("`effectiveTpmFactor` is a number from 0 to 1");
    }
    if change
        .utilization
        .is_some_and(|utilization| !(0.0..=1_000.0).contains(&utilization))
    {
        return invalid("`utilization` is a number from 0 to 1000, 1 for 100 %");
    }
    match (
        &deployment.meter,
        change.effective_tpm_factor,
        change.utilization,
    ) {
        (Meter::Standard(_), _, Some(_)) => {
            return invalid("`utilization` belongs to provisioned deployments");
        }
        (Meter::Provisioned { .. }, Some(_), _) => {
            return invalid("`effectiveTpmFactor` belongs to standard deployments");
        }
        (Meter::Standard(quota), Some(factor), None) => lock(quota).set_factor(factor),
        (Meter::Provisioned { bucket, .. }, None, Some(utilization)) => {
            lock(bucket).set_utilization(resource.clock.now(), utilization);
        }
        (_, None, None) => {}
    }
    if let Some(latency) = &change.latency {
        deployment.set_latency(latency);
    }
    if let Some(available) = change.available {
        deployment.set_available(available);
    }
    Ok(deployment_state(resource, deployment))
}

/// The request log of a resource.
pub(crate) fn requests(core: &Core, resource: &str) -> Result<Vec<LoggedRequest>, AdminError> {
    Ok(lock(&find(core, resource)?.ledger).log())
}

fn find<'c>(core: &'c Core, name: &str) -> Result<&'c Resource, AdminError> {
    core.resource(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| AdminError::UnknownResource(name.to_owned()))
}

/// Serves one admin request.
pub(crate) fn answer(
    context: &ServerContext,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Response<ReplyBody> {
    match handle(context, method, path, body) {
        Ok(json) => respond(StatusCode::OK, json),
        Err(error) => {
            let status = match error {
                AdminError::Invalid(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::NOT_FOUND,
            };
            respond(
                status,
                json(&serde_json::json!({ "error": { "message": error.to_string() } })),
            )
        }
    }
}

fn handle(
    context: &ServerContext,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Result<Bytes, AdminError> {
    let core = &context.core;
    let mut segments = path.trim_matches('/').split('/');
    if segments.next() != Some("admin") {
        return Err(AdminError::NotFound);
    }
    let segments: Vec<&str> = segments.collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["state"]) => Ok(json(&state(core, &context.urls))),
        ("POST", ["reset"]) => {
            core.reset();
            Ok(json(&state(core, &context.urls)))
        }
        ("GET", ["resources", name]) => {
            let found = state(core, &context.urls)
                .resources
                .into_iter()
                .find(|found| found.name.eq_ignore_ascii_case(name));
            found
                .map(|found| json(&found))
                .ok_or_else(|| AdminError::UnknownResource((*name).to_owned()))
        }
        ("GET", ["resources", name, "faults"]) => Ok(json(&fault_states(find(core, name)?))),
        ("GET", ["resources", name, "requests"]) => Ok(json(&requests(core, name)?)),
        ("PUT", ["resources", name, "faults"]) => {
            set_faults(core, name, read_rules(body)?)?;
            Ok(json(&fault_states(find(core, name)?)))
        }
        ("POST", ["resources", name, "faults"]) => {
            for rule in read_rules(body)? {
                add_fault(core, name, rule)?;
            }
            Ok(json(&fault_states(find(core, name)?)))
        }
        ("DELETE", ["resources", name, "faults"]) => {
            set_faults(core, name, Vec::new())?;
            Ok(json(&fault_states(find(core, name)?)))
        }
        ("PUT" | "PATCH", ["resources", name, "deployments", deployment]) => {
            let change = serde_json::from_slice(body)
                .map_err(|error| AdminError::Invalid(error.to_string()))?;
            Ok(json(&change_deployment(core, name, deployment, &change)?))
        }
        _ => Err(AdminError::NotFound),
    }
}

/// One rule or a list of rules.
fn read_rules(body: &[u8]) -> Result<Vec<FaultRule>, AdminError> {
    let read = |error: serde_json::Error| AdminError::Invalid(error.to_string());
    if body.trim_ascii_start().first() == Some(&b'[') {
        serde_json::from_slice(body).map_err(read)
    } else {
        serde_json::from_slice(body)
            .map(|rule| vec![rule])
            .map_err(read)
    }
}

fn json<T: Serialize>(value: &T) -> Bytes {
    tidegate_openai::response::to_json(value)
}

fn respond(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
