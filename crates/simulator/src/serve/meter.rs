//! Admission: what a request is charged, and whether its deployment takes it.
//!
//! In: an estimate and the prompt's tokens. Out: a charge that settles itself and the headers that tell of it, or a rejection.

use http::HeaderMap;
use tidegate_openai::error::{ErrorBody, RateLimitText};

use super::{Attempt, Rejection, headers};
use crate::config::ErrorStyle;
use crate::counters::lock;
use crate::provisioned::ASSUMED_OUTPUT;
use crate::resource::{Charge, Meter};

/// What a request brings to its deployment's meter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Estimated tokens, for standard deployments.
    pub(super) estimate: u64,
    /// Counted tokens of the prompt.
    pub(super) prompt_tokens: u64,
    /// The cap on generated tokens over all choices; `None` without a cap.
    pub(super) output_cap: Option<u64>,
    /// Whether anything is generated at all.
    pub(super) generates: bool,
}

/// Admits or rejects.
pub(super) fn admit(
    attempt: &Attempt<'_>,
    demand: Demand,
) -> Result<(Charge, HeaderMap), Box<Rejection>> {
    let (deployment, clock) = (attempt.deployment, &attempt.core.clock);
    let now = clock.now();
    let mut sent = HeaderMap::new();
    match &deployment.meter {
        Meter::Standard(quota) => {
            let style = deployment.config.headers;
            let (admitted, snapshot) = {
                let mut quota = lock(quota);
                (quota.admit(now, demand.estimate), quota.snapshot(now))
            };
            headers::rate_limits(&mut sent, style, &snapshot);
            match admitted {
                Ok(window_end) => {
                    let charge = Charge::standard(
                        deployment,
                        clock,
                        window_end,
                        demand.estimate,
                        demand.prompt_tokens,
                    );
                    Ok((charge, sent))
                }
                Err(refusal) => {
                    headers::refusal(&mut sent, style, &snapshot, &refusal);
                    let text = RateLimitText {
                        deployment: &deployment.config.name,
                        model: &deployment.config.model,
                        region: &attempt.resource.region_name,
                        resource_kind: attempt.resource.config.kind.name(),
                        operation: attempt.operation,
                        api_version: attempt.api_version.as_deref(),
                        retry_after_seconds: refusal.retry_after_seconds,
                        limit: refusal.limit,
                    };
                    let error = match deployment.config.errors {
                        ErrorStyle::Current => ErrorBody::rate_limit_reached(&text),
                        ErrorStyle::Legacy => ErrorBody::rate_limit_reached_legacy(&text),
                    };
                    Err(Box::new(Rejection {
                        headers: sent,
                        ..error.into()
                    }))
                }
            }
        }
        Meter::Provisioned { bucket, ratio } => {
            let output = match demand.output_cap {
                Some(cap) => cap,
                None if demand.generates => {
                    ASSUMED_OUTPUT.min(u64::from(deployment.model.max_output))
                }
                None => 0,
            };
            let cost = demand
                .prompt_tokens
                .saturating_add(ratio.saturating_mul(output));
            let (admitted, utilization) = {
                let mut bucket = lock(bucket);
                (bucket.admit(now, cost), bucket.utilization(now))
            };
            headers::utilization(&mut sent, utilization);
            match admitted {
                Ok(()) => {
                    let charge =
                        Charge::provisioned(deployment, clock, cost, demand.prompt_tokens, *ratio);
                    Ok((charge, sent))
                }
                Err(millis) => {
                    headers::retry_after(&mut sent, Some(millis), millis.div_ceil(1_000));
                    Err(Box::new(Rejection {
                        headers: sent,
                        ..ErrorBody::provisioned_full(millis).into()
                    }))
                }
            }
        }
    }
}
