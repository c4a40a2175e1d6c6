//! Carries out what a fault orders, where it concerns the answer's beginning.
//!
//! In: a verdict. Out: the reply in place of the service's own, if the fault decides it here. Faults within a stream are left to the body.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use tidegate_openai::Operation;
use tidegate_openai::error::{ErrorBody, LimitKind, RateLimitText};

use super::{Call, Closing, Reply, error_response, headers, response};
use crate::body::ReplyBody;
use crate::core::Core;
use crate::counters::Record;
use crate::fault::{FaultAction, FaultBody, Garbage, ThrottleCause, Verdict, Wait};
use crate::resource::{Deployment, Resource};

/// Carries out a verdict. `None` when the request goes on as if nothing had happened.
pub(super) async fn strike(
    core: &Arc<Core>,
    resource: &Arc<Resource>,
    call: &Call,
    operation: Option<Operation>,
    deployment: Option<&str>,
    verdict: &Verdict,
    record: &mut Record,
) -> Option<Reply> {
    if !verdict.delay.is_zero() {
        core.clock.sleep(verdict.delay).await;
    }
    if verdict.factor != 1.0 || !verdict.delay.is_zero() {
        record.struck("slow");
    }
    let Some(action) = &verdict.action else {
        return None;
    };
    record.struck(action.name());
    let answer = |record: &mut Record, response: Response<ReplyBody>| {
        record.entry.completed = true;
        Some(Reply::Answer(response))
    };
    match action {
        FaultAction::Status { status, body, headers } => {
            let mut reply = status_response(*status, body.as_ref(), &record.entry.request_id);
            for (name, value) in headers {
                reply.headers_mut().insert(name.clone(), value.clone());
            }
            answer(record, reply)
        }
        FaultAction::Throttle { retry_after, cause } => {
            let reply = throttle_response(resource, call, operation, deployment, *retry_after, *cause);
            answer(record, reply)
        }
        FaultAction::Refuse => Some(Reply::Close(Closing::Reset)),
        FaultAction::Cut => Some(Reply::Close(Closing::Quiet)),
        FaultAction::Hang(duration) => {
            match duration {
                Some(duration) => core.clock.sleep(*duration).await,
                // Ends when the client leaves or the simulator shuts down, as this future is dropped then.
                None => std::future::pending().await,
            }
            Some(Reply::Close(Closing::Quiet))
        }
        FaultAction::Garbage(Garbage::NotHttp) => Some(Reply::Close(Closing::Garbage)),
        FaultAction::Garbage(form) => {
            let (content_type, body) = match form {
                Garbage::WrongShape => ("application/json", r#"{"result":["unexpected",{"shape":true}]}"#),
                Garbage::Html => (
                    "text/html",
                    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
                ),
                Garbage::NotJson | Garbage::NotHttp => ("application/json", r#"{"choices":[{"index":0,"mess"#),
            };
            answer(record, response(StatusCode::OK, Some(content_type), Bytes::from_static(body.as_bytes())))
        }
        FaultAction::CutStream { .. }
        | FaultAction::StallStream { .. }
        | FaultAction::ErrorInStream { .. }
        // These need the answer that they disturb.
        | FaultAction::Slow { .. } => None,
    }
}

/// The deployment that may serve instead of a provisioned one whose failure is a fault.
pub(super) fn spill_target<'r>(
    resource: &'r Resource,
    operation: Option<Operation>,
    deployment: Option<&str>,
    reply: &Reply,
) -> Option<&'r Arc<Deployment>> {
    let Reply::Answer(response) = reply else {
        return None;
    };
    operation?;
    if !matches!(response.status().as_u16(), 429 | 500 | 503) {
        return None;
    }
    let deployment = resource.deployment(deployment?)?;
    let target = deployment.config.spillover.as_deref()?;
    resource
        .deployment(target)
        .filter(|target| target.is_available())
}

fn status_response(status: u16, body: Option<&FaultBody>, request_id: &str) -> Response<ReplyBody> {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        Some(FaultBody::Text(text)) => response(
            code,
            Some("text/plain"),
            Bytes::from(text.clone().into_bytes()),
        ),
        Some(FaultBody::Json(value)) => response(
            code,
            Some("application/json"),
            tidegate_openai::response::to_json(value),
        ),
        None => {
            let error = match status {
                401 => ErrorBody::access_denied(),
                403 => ErrorBody::custom(
                    403,
                    "403",
                    "Access denied due to Virtual Network/Firewall rules.",
                ),
                404 => ErrorBody::resource_not_found(),
                408 => ErrorBody::timeout(),
                429 => ErrorBody::rate_limit_short(1),
                500 => ErrorBody::server_error(request_id),
                503 => ErrorBody::service_unavailable(),
                // Infrastructure in front of the service sends these, without a body.
                502 | 504 => return response(code, None, Bytes::new()),
                400..=499 => {
                    ErrorBody::custom(status, status.to_string(), "The request was refused.")
                }
                _ if status >= 500 => ErrorBody {
                    status,
                    ..ErrorBody::bad_backend()
                },
                _ => return response(code, None, Bytes::new()),
            };
            error_response(&error)
        }
    }
}

fn throttle_response(
    resource: &Resource,
    call: &Call,
    operation: Option<Operation>,
    deployment: Option<&str>,
    wait: Option<Wait>,
    cause: ThrottleCause,
) -> Response<ReplyBody> {
    let (millis, seconds) = match wait {
        Some(Wait::Millis(millis)) => (Some(millis), Some(millis.div_ceil(1_000))),
        Some(Wait::Seconds(seconds)) => (None, Some(seconds)),
        None => (None, None),
    };
    let named = deployment.and_then(|name| resource.deployment(name));
    let text = |limit| {
        ErrorBody::rate_limit_reached(&RateLimitText {
            deployment: named.map_or("the deployment", |deployment| &deployment.config.name),
            model: named.map_or("the model", |deployment| &deployment.config.model),
            region: &resource.region_name,
            resource_kind: resource.config.kind.name(),
            operation: operation.unwrap_or(Operation::ChatCompletions),
            api_version: call
                .query
                .as_deref()
                .and_then(|query| query.split("api-version=").nth(1))
                .and_then(|rest| {
                    let version = rest.split('&').next()?;
                    tidegate_openai::endpoint::is_dated_version(version).then_some(version)
                }),
            retry_after_seconds: seconds.unwrap_or(1),
            limit,
        })
    };
    let error = match cause {
        ThrottleCause::Tokens => text(LimitKind::Tokens),
        ThrottleCause::Calls => text(LimitKind::Calls),
        ThrottleCause::Capacity => ErrorBody::no_capacity(),
        ThrottleCause::Short => ErrorBody::rate_limit_short(seconds.unwrap_or(1)),
    };
    let mut response = error_response(&error);
    if let Some(seconds) = seconds {
        headers::retry_after(response.headers_mut(), millis, seconds);
    }
    if let Some(deployment) = named {
        response.headers_mut().insert(
            &tidegate_openai::headers::DEPLOYMENT_NAME,
            deployment.name_header.clone(),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_bodies_follow_the_status() {
        assert_eq!(status_response(503, None, "id").status(), 503);
        assert_eq!(status_response(418, None, "id").status(), 418);
        assert_eq!(status_response(204, None, "id").status(), 204);
        let gateway = status_response(502, None, "id");
        assert!(gateway.headers().get(http::header::CONTENT_TYPE).is_none());
    }
}
