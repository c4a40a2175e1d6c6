//! The way of one request through a resource, without sockets.
//!
//! In: method, path, headers and body. Out: a response, or the order to close the connection instead. Order of checks, as the service
//! has it: faults, authentication, API version, deployment, body, requests per minute, tokens per minute, content filter, context
//! length.

mod auth;
mod chat;
mod completions;
mod embeddings;
mod faults;
mod generate;
mod headers;
mod listing;
mod meter;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tidegate_openai::endpoint::Endpoint;
use tidegate_openai::error::ErrorBody;
use tidegate_openai::headers as names;
use tidegate_openai::{Operation, request};

use crate::body::ReplyBody;
use crate::core::Core;
use crate::counters::Record;
use crate::fault::Verdict;
use crate::random;
use crate::resource::{Deployment, Resource};

/// One request, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path below the resource's endpoint.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a request gets.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time for each request, and nearly always the large one"
)]
pub(crate) enum Reply {
    /// An answer.
    Answer(Response<ReplyBody>),
    /// No answer: the connection is to be closed.
    Close(Closing),
}

/// How a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Closed in order, but before the first byte.
    Quiet,
    /// Reset.
    Reset,
    /// Closed after bytes that are not HTTP.
    Garbage,
}

/// One attempt on one deployment.
pub(crate) struct Attempt<'c> {
    pub(crate) core: &'c Arc<Core>,
    pub(crate) resource: &'c Arc<Resource>,
    pub(crate) deployment: &'c Arc<Deployment>,
    pub(crate) operation: Operation,
    pub(crate) call: &'c Call,
    /// The dated API version; `None` on v1 paths.
    pub(crate) api_version: Option<Cow<'c, str>>,
    pub(crate) verdict: &'c Verdict,
}

/// What one attempt comes to.
pub(crate) enum Outcome {
    /// An answer that costs tokens.
    Accepted(Response<ReplyBody>),
    /// A rejection.
    Rejected(Rejection),
}

/// A rejection: nothing was generated.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) error: ErrorBody,
    pub(crate) headers: HeaderMap,
    /// Whether a spillover deployment may try.
    pub(crate) spills: bool,
}

impl From<ErrorBody> for Rejection {
    fn from(error: ErrorBody) -> Self {
        let spills = matches!(error.status, 429 | 500 | 503)
            || error.code.as_deref() == Some("context_length_exceeded");
        Self {
            error,
            headers: HeaderMap::new(),
            spills,
        }
    }
}

impl From<ErrorBody> for Box<Rejection> {
    fn from(error: ErrorBody) -> Self {
        Box::new(error.into())
    }
}

/// Serves one request.
pub(crate) async fn serve(core: &Arc<Core>, resource: &Arc<Resource>, call: Call) -> Reply {
    let mut rng = resource.next_rng();
    let request_id = random::uuid(&mut rng);
    let mut record = Record::start(
        resource,
        format!("{} {}", call.method, shown(&call.path)),
        request_id.clone(),
    );
    record.entry.client_retry = call
        .headers
        .get(&names::STAINLESS_RETRY_COUNT)
        .and_then(|value| value.to_str().ok())
        .and_then(|count| count.parse().ok());
    let mut reply = route(core, resource, &call, &mut rng, &mut record).await;
    match &mut reply {
        Reply::Answer(response) => {
            headers::identify(
                response.headers_mut(),
                &call.headers,
                resource,
                &request_id,
                &mut rng,
            );
            record.answered(response.status().as_u16());
            response.body_mut().attach(record);
        }
        Reply::Close(_) => record.drop_connection(),
    }
    reply
}

async fn route(
    core: &Arc<Core>,
    resource: &Arc<Resource>,
    call: &Call,
    rng: &mut fastrand::Rng,
    record: &mut Record,
) -> Reply {
    let endpoint = Endpoint::parse(&call.path);
    let operation = match endpoint {
        Endpoint::Dated { operation, .. } | Endpoint::V1(operation) => Some(operation),
        _ => None,
    };
    let v1_model = match endpoint {
        Endpoint::V1(_) => request::model_of(&call.body).ok().flatten(),
        _ => None,
    };
    let name = match &endpoint {
        Endpoint::Dated { deployment, .. } => percent_encoding::percent_decode_str(deployment)
            .decode_utf8()
            .ok(),
        _ => v1_model.as_deref().map(Cow::Borrowed),
    };
    if let Some(deployment) = name.as_deref().and_then(|name| resource.deployment(name)) {
        record.served_by(deployment);
    }
    let verdict = resource.judge(name.as_deref(), operation);
    let struck = faults::strike(
        core,
        resource,
        call,
        operation,
        name.as_deref(),
        &verdict,
        record,
    )
    .await;
    if let Some(reply) = struck {
        // A provisioned deployment that fails may spill over even when a fault made it fail.
        return match faults::spill_target(resource, operation, name.as_deref(), &reply) {
            Some(target) => {
                let call_version = api_version(core, call, &endpoint).unwrap_or_default();
                spill(
                    core,
                    resource,
                    call,
                    call_version,
                    target,
                    reply,
                    record,
                    rng,
                    &name,
                )
                .await
            }
            None => reply,
        };
    }
    let Some(operation) = operation else {
        return answer_listing(core, resource, call, &endpoint, rng, record).await;
    };
    if call.method != Method::POST {
        return reject(
            core,
            ErrorBody::resource_not_found().into(),
            rng,
            None,
            record,
        )
        .await;
    }
    if let Err(error) = auth::check(resource, &call.headers) {
        return reject(core, error.into(), rng, None, record).await;
    }
    let version = match api_version(core, call, &endpoint) {
        Ok(version) => version,
        Err(error) => return reject(core, error.into(), rng, None, record).await,
    };
    let found = match (&endpoint, &name) {
        (Endpoint::V1(_), None) => match request::model_of(&call.body) {
            Ok(_) => Err(ErrorBody::invalid_request(
                "you must provide a model parameter",
            )),
            Err(error) => Err(error.to_error_body()),
        },
        (_, None) => Err(ErrorBody::resource_not_found()),
        (_, Some(name)) => resource
            .deployment(name)
            .filter(|deployment| deployment.is_available())
            .ok_or_else(ErrorBody::deployment_not_found),
    };
    let deployment = match found {
        Ok(deployment) => deployment,
        Err(error) => return reject(core, error.into(), rng, None, record).await,
    };
    let attempt = Attempt {
        core,
        resource,
        deployment,
        operation,
        call,
        api_version: version.clone(),
        verdict: &verdict,
    };
    match run(&attempt, rng, record).await {
        Outcome::Accepted(response) => Reply::Answer(response),
        Outcome::Rejected(rejection) => {
            let target = rejection
                .spills
                .then(|| spillover(resource, deployment, call))
                .flatten();
            let reply = reject(core, rejection, rng, Some(deployment), record).await;
            match target {
                Some(target) => {
                    spill(
                        core, resource, call, version, target, reply, record, rng, &name,
                    )
                    .await
                }
                None => reply,
            }
        }
    }
}

/// Runs one attempt.
async fn run(attempt: &Attempt<'_>, rng: &mut fastrand::Rng, record: &mut Record) -> Outcome {
    record.served_by(attempt.deployment);
    if !attempt.deployment.model.supports(attempt.operation) {
        let error =
            ErrorBody::operation_not_supported(attempt.operation, &attempt.deployment.config.model);
        return Outcome::Rejected(error.into());
    }
    let outcome = match attempt.operation {
        Operation::ChatCompletions => chat::answer(attempt, rng, record).await,
        Operation::Completions => completions::answer(attempt, rng, record).await,
        Operation::Embeddings => embeddings::answer(attempt, rng, record).await,
    };
    match outcome {
        Ok(mut response) => {
            response.headers_mut().insert(
                &names::DEPLOYMENT_NAME,
                attempt.deployment.name_header.clone(),
            );
            Outcome::Accepted(response)
        }
        Err(rejection) => Outcome::Rejected(*rejection),
    }
}

/// The standard deployment that takes what a provisioned one refuses. The deployment's own setting wins over the request's header.
fn spillover<'r>(
    resource: &'r Resource,
    deployment: &Deployment,
    call: &Call,
) -> Option<&'r Arc<Deployment>> {
    if !deployment.config.sku.is_provisioned() {
        return None;
    }
    let header = call
        .headers
        .get(&names::SPILLOVER_DEPLOYMENT)
        .and_then(|value| value.to_str().ok());
    let target = resource.deployment(deployment.config.spillover.as_deref().or(header)?)?;
    (!target.config.sku.is_provisioned() && target.is_available()).then_some(target)
}

/// Tries the spillover deployment; the original answer stays if that fails too.
#[expect(
    clippy::too_many_arguments,
    reason = "everything one request carries; a struct would be built for this one call"
)]
async fn spill(
    core: &Arc<Core>,
    resource: &Arc<Resource>,
    call: &Call,
    api_version: Option<Cow<'_, str>>,
    target: &Arc<Deployment>,
    original: Reply,
    record: &mut Record,
    rng: &mut fastrand::Rng,
    from: &Option<Cow<'_, str>>,
) -> Reply {
    let Reply::Answer(mut original) = original else {
        return original;
    };
    let operation = match Endpoint::parse(&call.path) {
        Endpoint::Dated { operation, .. } | Endpoint::V1(operation) => operation,
        _ => return Reply::Answer(original),
    };
    record.answered_unsent(original.status().as_u16());
    let attempt = Attempt {
        core,
        resource,
        deployment: target,
        operation,
        call,
        api_version,
        verdict: &Verdict::HEALTHY,
    };
    match run(&attempt, rng, record).await {
        Outcome::Accepted(mut response) => {
            if let Some(from) = from
                .as_deref()
                .and_then(|from| HeaderValue::from_str(from).ok())
            {
                response.headers_mut().insert(&names::SPILLOVER_FROM, from);
            }
            Reply::Answer(response)
        }
        Outcome::Rejected(rejection) => {
            original.headers_mut().insert(
                &names::SPILLOVER_ERROR,
                HeaderValue::from(rejection.error.status),
            );
            Reply::Answer(original)
        }
    }
}

/// Answers a rejection, after the short time that rejections take.
async fn reject(
    core: &Arc<Core>,
    rejection: Rejection,
    rng: &mut fastrand::Rng,
    deployment: Option<&Arc<Deployment>>,
    record: &mut Record,
) -> Reply {
    if let Some(deployment) = deployment {
        let wait = deployment.latency().rejection(rng);
        if !wait.is_zero() {
            core.clock.sleep(wait).await;
        }
    }
    record.entry.completed = true;
    let mut response = error_response(&rejection.error);
    response.headers_mut().extend(rejection.headers);
    if let Some(deployment) = deployment {
        response
            .headers_mut()
            .insert(&names::DEPLOYMENT_NAME, deployment.name_header.clone());
    }
    Reply::Answer(response)
}

/// The API version of a request: `None` on v1 paths.
fn api_version<'c>(
    core: &Core,
    call: &'c Call,
    endpoint: &Endpoint<'_>,
) -> Result<Option<Cow<'c, str>>, ErrorBody> {
    if matches!(endpoint, Endpoint::V1(_) | Endpoint::V1Models(_)) {
        return Ok(None);
    }
    let version = call
        .query
        .as_deref()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("api-version"))
        .and_then(|(_, value)| {
            percent_encoding::percent_decode_str(value)
                .decode_utf8()
                .ok()
        })
        .filter(|version| !version.is_empty())
        .ok_or_else(ErrorBody::missing_api_version)?;
    let known = &core.config.api_versions;
    if known.is_empty() || known.iter().any(|known| *known == version) {
        Ok(Some(version))
    } else {
        Err(ErrorBody::resource_not_found())
    }
}

async fn answer_listing(
    core: &Arc<Core>,
    resource: &Arc<Resource>,
    call: &Call,
    endpoint: &Endpoint<'_>,
    rng: &mut fastrand::Rng,
    record: &mut Record,
) -> Reply {
    let readable = call.method == Method::GET || call.method == Method::HEAD;
    if *endpoint == Endpoint::Root && readable {
        record.entry.completed = true;
        return Reply::Answer(response(StatusCode::OK, None, Bytes::new()));
    }
    if *endpoint == Endpoint::Unknown || *endpoint == Endpoint::Root || !readable {
        return reject(
            core,
            ErrorBody::resource_not_found().into(),
            rng,
            None,
            record,
        )
        .await;
    }
    let checked = auth::check(resource, &call.headers)
        .and_then(|()| api_version(core, call, endpoint).map(|_| ()));
    let listed = checked.and_then(|()| listing::list(resource, endpoint));
    match listed {
        Ok(json) => {
            record.entry.completed = true;
            Reply::Answer(json_response(json))
        }
        Err(error) => reject(core, error.into(), rng, None, record).await,
    }
}

/// A 200 with a JSON body.
pub(crate) fn json_response(json: Bytes) -> Response<ReplyBody> {
    response(StatusCode::OK, Some("application/json"), json)
}

/// The response of an error body.
pub(crate) fn error_response(error: &ErrorBody) -> Response<ReplyBody> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, Some("application/json"), error.to_json())
}

/// A response with a whole body.
pub(crate) fn response(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// What the log keeps of a path.
fn shown(path: &str) -> &str {
    path.get(..path.floor_char_boundary(200))
        .unwrap_or_default()
}
