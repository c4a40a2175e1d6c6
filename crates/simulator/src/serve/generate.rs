//! What chat and legacy completions share: how long an answer may be, what it says, how it is sent.
//!
//! In: a deployment, a prompt's hash, caps and stop texts. Out: planned answers, and responses that carry them.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use tidegate_openai::error::ErrorBody;
use tidegate_openai::response::FinishReason;
use tidegate_openai::{Usage, sse, tokens, usage::UsageDetails};

use super::{Attempt, Rejection, json_response};
use crate::body::{ChunkSource, Disturbance, ReplyBody};
use crate::config::FilterMode;
use crate::counters::Record;
use crate::directives::Directives;
use crate::random;
use crate::resource::{Charge, Deployment};
use crate::stream::FilterTelling;
use crate::text::{Ending, Opening, Plan};

/// Context of provisioned gpt-4.1 deployments, in tokens.
const PROVISIONED_WINDOW: u64 = 128_000;
/// Tokens of a completion that is sent before the filter blocks it.
const BLOCKED_AFTER: u64 = 8;

/// The room for a completion.
pub(super) fn completion_room(
    deployment: &Deployment,
    prompt_tokens: u64,
    cap: Option<u64>,
    member: &'static str,
) -> Result<u64, Box<Rejection>> {
    let model = deployment.model;
    let window = match u64::from(model.context_window) {
        // Provisioned deployments of this family do not take the whole window.
        whole if deployment.config.sku.is_provisioned() && model.family.starts_with("gpt-4.1") => {
            whole.min(PROVISIONED_WINDOW)
        }
        whole => whole,
    };
    let wanted = prompt_tokens.saturating_add(cap.unwrap_or(0));
    if prompt_tokens >= window || wanted > window {
        return Err(ErrorBody::context_length_exceeded(
            model.context_window,
            prompt_tokens,
            cap,
            member,
        )
        .into());
    }
    let most = u64::from(model.max_output);
    let cap = cap.unwrap_or_else(|| model.default_output.map_or(most, u64::from));
    Ok(cap.min(most).min(window - prompt_tokens))
}

/// The natural length of an answer.
pub(super) fn natural_length(deployment: &Deployment, seed: u64, directives: &Directives) -> u32 {
    let range = deployment.config.completion_tokens;
    directives
        .tokens
        .unwrap_or_else(|| random::rng(random::join(seed, 0x6c65_6e67)).u32(range.min..=range.max))
}

/// A text of sentences for one choice.
pub(super) fn sentences(
    deployment: &Deployment,
    opening: Opening,
    seed: u64,
    directives: &Directives,
    cap: u64,
    stops: &[&str],
) -> (Plan, FinishReason) {
    let blocked = directives.completion.blocks();
    let cap = if blocked { cap.min(BLOCKED_AFTER) } else { cap };
    let natural = natural_length(deployment, seed, directives);
    let encoding = deployment.model.encoding;
    let plan = Plan::sentences(seed, opening, natural, cap, stops, |text| {
        tokens::count(encoding, text)
    });
    let finish = finish_reason(&plan, blocked);
    (plan, finish)
}

/// Why a planned answer ends.
pub(super) fn finish_reason(plan: &Plan, blocked: bool) -> FinishReason {
    match plan.ending {
        _ if blocked => FinishReason::ContentFilter,
        Ending::Stop => FinishReason::Stop,
        Ending::Length => FinishReason::Length,
    }
}

/// The usage of an answer, with the details that the model's family reports.
pub(super) fn usage(deployment: &Deployment, prompt_tokens: u64, completion_tokens: u64) -> Usage {
    let details = deployment.model.usage_details.then(UsageDetails::default);
    Usage {
        details,
        ..Usage::new(prompt_tokens, completion_tokens)
    }
}

/// How verdicts on completions are told.
pub(super) fn telling(deployment: &Deployment) -> Option<FilterTelling> {
    match deployment.config.content_filter.mode {
        FilterMode::Default => Some(FilterTelling::AtOnce),
        FilterMode::Asynchronous => Some(FilterTelling::Later),
        FilterMode::Off => None,
    }
}

/// Waits as long as the model would.
pub(super) async fn wait(attempt: &Attempt<'_>, duration: Duration) {
    let duration = attempt.verdict.slowed(duration);
    if !duration.is_zero() {
        attempt.core.clock.sleep(duration).await;
    }
}

/// A whole answer.
pub(super) fn whole(
    attempt: &Attempt<'_>,
    json: Bytes,
    sent: HeaderMap,
    record: &mut Record,
) -> Result<Response<ReplyBody>, Box<Rejection>> {
    let disturbance = Disturbance::of(attempt.verdict.action.as_ref());
    let mut response = match disturbance {
        None => {
            record.entry.completed = true;
            json_response(json)
        }
        Some((_, Disturbance::Error)) => {
            return Err(ErrorBody::server_error(&record.entry.request_id).into());
        }
        Some((_, disturbance)) => {
            let length = HeaderValue::from(json.len());
            let mut response = json_response(Bytes::new());
            *response.body_mut() = ReplyBody::disturbed(json, disturbance, &attempt.core.clock);
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length);
            response
        }
    };
    response.headers_mut().extend(sent);
    Ok(response)
}

/// A streamed answer.
pub(super) fn streamed(
    attempt: &Attempt<'_>,
    source: Box<dyn ChunkSource>,
    charge: Charge,
    sent: HeaderMap,
) -> Response<ReplyBody> {
    let burst = Duration::from_millis(attempt.deployment.config.stream.burst_ms);
    let disturbance = Disturbance::of(attempt.verdict.action.as_ref());
    let body = ReplyBody::stream(source, &attempt.core.clock, charge, burst, disturbance);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(sse::CONTENT_TYPE),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, must-revalidate"),
    );
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.extend(sent);
    response
}
