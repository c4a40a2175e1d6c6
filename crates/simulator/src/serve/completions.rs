//! Legacy completions.

use http::Response;
use serde_json::{Map, Value};
use tidegate_openai::content_filter::{Annotation, PromptFilterResult};
use tidegate_openai::error::ErrorBody;
use tidegate_openai::request::{CompletionRequest, InputItem, Text, validate};
use tidegate_openai::response::{
    self, CompletionChoice, FinishReason, LegacyLogprobs, Member, TextCompletion,
};
use tidegate_openai::{estimate, tokens};

use super::generate::{self, completion_room, telling};
use super::meter::{self, Demand};
use super::{Attempt, Rejection};
use crate::body::ReplyBody;
use crate::config::FilterMode;
use crate::counters::Record;
use crate::directives::Directives;
use crate::random;
use crate::stream::{Envelope, Events, Form, StreamChoice};
use crate::text::{Opening, Plan};

/// One planned choice.
struct Choice {
    index: u32,
    plan: Plan,
    finish: FinishReason,
    verdict: tidegate_openai::content_filter::FilterResults,
    /// The prompt, for `echo`.
    echo: Option<String>,
}

pub(super) async fn answer(
    attempt: &Attempt<'_>,
    rng: &mut fastrand::Rng,
    record: &mut Record,
) -> Result<Response<ReplyBody>, Box<Rejection>> {
    let deployment = attempt.deployment;
    let body = &attempt.call.body;
    let request = CompletionRequest::parse(body).map_err(|error| error.to_error_body())?;
    validate::completion(&request, deployment.model)?;
    let encoding = deployment.model.encoding;
    let prompt_tokens = attempt
        .core
        .counted(body, encoding, move |body| {
            CompletionRequest::parse(body)
                .map_or(0, |request| tokens::input_tokens(encoding, &request.prompt))
        })
        .await;
    let cap = request.max_tokens.unwrap_or(estimate::DEFAULT_COMPLETION);
    let candidates = request.generated_per_prompt();
    let demand = Demand {
        estimate: estimate::completion(deployment.config.estimate.into(), &request),
        prompt_tokens,
        output_cap: Some(
            cap.saturating_mul(candidates)
                .saturating_mul(request.prompt.len() as u64),
        ),
        generates: true,
    };
    let (mut charge, sent) = meter::admit(attempt, demand)?;
    record.entry.prompt_tokens = prompt_tokens;
    record.entry.streamed = request.stream;

    let filter = &deployment.config.content_filter;
    let judged = filter.mode != FilterMode::Off;
    let stops: Vec<&str> = request.stop.iter().map(Text::as_str).collect();
    let mut prompts = Vec::new();
    let mut planned = Vec::new();
    let mut generated = 0_u64;
    let mut longest = 0_u64;
    for (item, prompt_index) in request.prompt.iter().zip(0_u32..) {
        let mut directives = Directives::default();
        let mut seed = deployment.text_seed;
        match item {
            InputItem::Text(text) => {
                directives.read(text, filter);
                seed = random::join(seed, random::hash(0, text.as_bytes()));
            }
            InputItem::Tokens(list) => {
                for token in list {
                    seed = random::join(seed, u64::from(*token));
                }
            }
        }
        if directives.prompt.blocks() {
            return Err(Box::new(Rejection {
                headers: sent,
                ..ErrorBody::content_filter(directives.prompt).into()
            }));
        }
        let own_tokens = if request.prompt.len() == 1 {
            prompt_tokens
        } else {
            tokens::item_tokens(encoding, item)
        };
        let room = completion_room(deployment, own_tokens, Some(cap), "prompt").map_err(
            |mut rejection| {
                rejection.headers.extend(sent.clone());
                rejection
            },
        )?;
        if judged {
            prompts.push(PromptFilterResult {
                prompt_index,
                content_filter_results: directives.prompt,
            });
        }
        for candidate in 0..candidates {
            let seed = random::join(seed, candidate);
            let (plan, finish) =
                generate::sentences(deployment, Opening::Space, seed, &directives, room, &stops);
            generated = generated.saturating_add(plan.tokens);
            longest = longest.max(plan.tokens);
            if candidate < request.choice_count() {
                let echo = match item {
                    InputItem::Text(text) if request.echo => Some(text.to_owned()),
                    _ => None,
                };
                let index = u32::try_from(planned.len()).unwrap_or(u32::MAX);
                planned.push(Choice {
                    index,
                    plan,
                    finish,
                    verdict: directives.completion,
                    echo,
                });
            }
        }
    }
    let usage = generate::usage(deployment, prompt_tokens, generated);
    let id = random::alphanumeric(rng, "cmpl-", 29);
    let latency = deployment.latency();
    let first_token = latency.first_token(rng, prompt_tokens);

    if request.stream {
        generate::wait(attempt, first_token).await;
        let config = &deployment.config.stream;
        let envelope = Envelope {
            form: Form::Legacy,
            id,
            created: attempt.core.clock.unix_time().as_secs(),
            model: deployment.response_model.clone(),
            fingerprint: None,
            include_usage: request.include_usage,
            usage,
            filter: telling(deployment),
            prompt: if config.prompt_annotation {
                prompts
            } else {
                Vec::new()
            },
            tokens_per_chunk: config.tokens_per_chunk,
        };
        let choices = planned
            .into_iter()
            .map(|choice| StreamChoice {
                index: choice.index,
                tokens: choice.plan.tokens,
                script: choice.plan.script,
                finish: choice.finish,
                verdict: choice.verdict,
                prefix: choice.echo,
                tool: None,
            })
            .collect();
        let events = Events::new(
            envelope,
            choices,
            latency,
            attempt.verdict.clone(),
            rng.fork(),
        );
        return Ok(generate::streamed(attempt, Box::new(events), charge, sent));
    }

    let generation = latency.tokens(rng, longest);
    generate::wait(attempt, first_token.saturating_add(generation)).await;
    charge.produced = generated;
    record.entry.completion_tokens = generated;
    let mut texts = Vec::with_capacity(planned.len());
    for choice in &planned {
        let mut text = choice.echo.clone().unwrap_or_default();
        if choice.finish != FinishReason::ContentFilter {
            text.push_str(&choice.plan.clone().into_text());
        }
        texts.push(text);
    }
    let choices = planned
        .iter()
        .zip(&texts)
        .map(|(choice, text)| CompletionChoice {
            content_filter_results: if judged {
                Annotation::Results(choice.verdict)
            } else {
                Annotation::Absent
            },
            finish_reason: Some(choice.finish),
            index: choice.index,
            logprobs: request.logprobs.map(|top| logprobs(choice, top)),
            text,
        })
        .collect();
    let completion = TextCompletion {
        choices,
        created: attempt.core.clock.unix_time().as_secs(),
        id: &id,
        model: &deployment.response_model,
        object: "text_completion",
        prompt_filter_results: &prompts,
        usage: Member::Value(usage),
    };
    generate::whole(attempt, response::to_json(&completion), sent, record)
}

/// Plausible log probabilities; the echoed prompt counts as one piece.
fn logprobs(choice: &Choice, top: u64) -> LegacyLogprobs {
    let mut rng = random::rng(u64::from(choice.index).wrapping_add(0x6c6f_6770));
    let mut logprobs = LegacyLogprobs {
        text_offset: Vec::new(),
        token_logprobs: Vec::new(),
        tokens: Vec::new(),
        top_logprobs: Vec::new(),
    };
    let mut offset = 0_u64;
    let mut script = choice.plan.script.clone();
    let mut pieces: Vec<String> = choice.echo.iter().cloned().collect();
    while !script.is_done() {
        let mut piece = String::new();
        if script.take(1, &mut piece) == 0 {
            break;
        }
        pieces.push(piece);
    }
    for piece in pieces {
        let logprob = -rng.f64() * 0.5;
        logprobs.text_offset.push(offset);
        logprobs.token_logprobs.push(logprob);
        let mut alternatives = Map::new();
        if top > 0 {
            alternatives.insert(piece.clone(), Value::from(logprob));
        }
        logprobs.top_logprobs.push(alternatives);
        offset = offset.saturating_add(piece.chars().count() as u64);
        logprobs.tokens.push(piece);
    }
    logprobs
}
