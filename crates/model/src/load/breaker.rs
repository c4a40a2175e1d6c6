//! Reads circuit breakers.

use super::object::Object;
use crate::{CircuitBreakerRule, FailureCondition, StatusCodeRange};

/// What callers get while a circuit is open, or a pool exhausted.
pub(crate) const DEFAULT_FAILURE_STATUS: u16 = 503;

/// Reads `circuitBreaker`.
pub(crate) fn read_circuit_breaker(object: Object<'_>) -> Vec<CircuitBreakerRule> {
    let nodes = object.list("rules");
    if let Some(second) = nodes.get(1) {
        object.context.warn(
            &second.origin,
            "several-rules",
            format!(
                "{}: APIM accepts one rule only; here each is evaluated on its own",
                object.what
            ),
        );
    }
    let rules = nodes
        .iter()
        .map(|node| {
            read_rule(Object::new(
                object.context,
                node,
                format!("{} rule", object.what),
            ))
        })
        .collect();
    object.finish();
    rules
}

fn read_rule(object: Object<'_>) -> CircuitBreakerRule {
    let name = object.string("name").unwrap_or_default();
    let failure_condition = match object.object("failureCondition") {
        Some(condition) => read_condition(condition),
        None => {
            object.missing("failureCondition");
            FailureCondition {
                count: None,
                percentage: None,
                interval: std::time::Duration::from_secs(60),
                status_code_ranges: Vec::new(),
                error_reasons: Vec::new(),
            }
        }
    };
    let trip_duration = object.duration("tripDuration");
    if object.node.get("tripDuration").is_none() {
        object.missing("tripDuration");
    }
    let accept_retry_after = object.boolean("acceptRetryAfter").unwrap_or(false);
    let failure_status = read_failure_response(&object);
    let origin = object.node.origin.clone();
    object.finish();
    CircuitBreakerRule {
        name,
        failure_condition,
        trip_duration: trip_duration.unwrap_or_default(),
        accept_retry_after,
        failure_status,
        origin,
    }
}

/// Reads `failureResponse`.
pub(crate) fn read_failure_response(object: &Object<'_>) -> u16 {
    object
        .object("failureResponse")
        .and_then(|response| {
            let status = response.integer("statusCode", 200..=599);
            response.finish();
            status
        })
        .unwrap_or(DEFAULT_FAILURE_STATUS)
}

/// Reasons that failures can have here (`LastError.Reason` of a failed call).
const KNOWN_REASONS: [&str; 3] = [
    "BackendConnectionFailure",
    "Timeout",
    "ClientConnectionFailure",
];

fn read_condition(object: Object<'_>) -> FailureCondition {
    let context = object.context;
    let count = object.integer("count", 1..=1_000_000);
    let percentage = object.integer("percentage", 1..=100);
    if object.node.get("count").is_none() && object.node.get("percentage").is_none() {
        context.warn(
            &object.node.origin,
            "breaker-never-opens",
            format!(
                "{}: neither count nor percentage is given, so the circuit never opens",
                object.what
            ),
        );
    }
    let interval = object.duration("interval");
    match interval {
        None if object.node.get("interval").is_none() => object.missing("interval"),
        Some(interval) if interval.is_zero() => {
            if let Some(node) = object.node.get("interval") {
                object.invalid(node, "interval", "must be longer than zero");
            }
        }
        _ => {}
    }
    let ranges = object.list("statusCodeRanges");
    if let Some(node) = ranges.get(10) {
        context.warn(
            &node.origin,
            "limit-exceeded",
            format!("{}: APIM accepts 10 status code ranges", object.what),
        );
    }
    let status_code_ranges = ranges
        .iter()
        .filter_map(|node| {
            let range = Object::new(context, node, format!("{}: statusCodeRanges", object.what));
            let min = range.integer("min", 200..=599);
            let max = range.integer("max", 200..=599);
            for key in ["min", "max"] {
                if node.get(key).is_none() {
                    range.missing(key);
                }
            }
            range.finish();
            let (min, max) = (min?, max?);
            if min > max {
                context.error(
                    &node.origin,
                    "invalid-value",
                    format!(
                        "{}: min of a status code range is greater than max",
                        object.what
                    ),
                );
            }
            Some(StatusCodeRange { min, max })
        })
        .collect();
    let reasons = object.texts("errorReasons");
    if let Some(reason) = reasons.get(10) {
        context.warn(
            &reason.origin,
            "limit-exceeded",
            format!("{}: APIM accepts 10 error reasons", object.what),
        );
    }
    for reason in &reasons {
        if !KNOWN_REASONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&reason.value))
        {
            context.warn(
                &reason.origin,
                "inert-error-reason",
                format!(
                    "{}: no failure has this error reason, so it has no effect; known are {}",
                    object.what,
                    KNOWN_REASONS.join(", ")
                ),
            );
        }
    }
    object.finish();
    FailureCondition {
        count,
        percentage,
        interval: interval.unwrap_or_default(),
        status_code_ranges,
        error_reasons: reasons.into_iter().map(|reason| reason.value).collect(),
    }
}
