//! Chat completions.

use http::Response;
use serde_json::Value;
use serde_json::value::RawValue;
use tidegate_openai::content_filter::{Annotation, PromptFilterResult};
use tidegate_openai::error::ErrorBody;
use tidegate_openai::estimate;
use tidegate_openai::request::{ChatRequest, Text, validate};
use tidegate_openai::response::{
    self, ChatChoice, ChatCompletion, ChatMessage, FinishReason, FunctionCall, ToolCall,
};
use tidegate_openai::tokens;

use super::generate::{self, completion_room, telling};
use super::meter::{self, Demand};
use super::{Attempt, Rejection};
use crate::body::ReplyBody;
use crate::config::FilterMode;
use crate::counters::Record;
use crate::directives::Directives;
use crate::random;
use crate::schema;
use crate::stream::{Envelope, Events, Form, StreamChoice};
use crate::text::{Opening, Plan, Sentences};

/// One planned choice.
struct Choice {
    plan: Plan,
    finish: FinishReason,
    tool: Option<ToolCall>,
}

pub(super) async fn answer(
    attempt: &Attempt<'_>,
    rng: &mut fastrand::Rng,
    record: &mut Record,
) -> Result<Response<ReplyBody>, Box<Rejection>> {
    let deployment = attempt.deployment;
    let body = &attempt.call.body;
    let request = ChatRequest::parse(body).map_err(|error| error.to_error_body())?;
    validate::chat(&request, deployment.model)?;
    let encoding = deployment.model.encoding;
    let prompt_tokens = attempt
        .core
        .counted(body, encoding, move |body| {
            ChatRequest::parse(body)
                .map_or(0, |request| tokens::chat_prompt_tokens(encoding, &request))
        })
        .await;
    let choices = request.choice_count();
    let demand = Demand {
        estimate: estimate::chat(deployment.config.estimate.into(), &request),
        prompt_tokens,
        output_cap: request
            .completion_cap()
            .map(|cap| cap.saturating_mul(choices)),
        generates: true,
    };
    let (mut charge, sent) = meter::admit(attempt, demand)?;
    record.entry.prompt_tokens = prompt_tokens;
    record.entry.streamed = request.stream;

    let filter = &deployment.config.content_filter;
    let mut directives = Directives::default();
    let mut seed = deployment.text_seed;
    for text in request.texts() {
        directives.read(text, filter);
        seed = random::join(seed, random::hash(0, text.as_bytes()));
    }
    if directives.prompt.blocks() {
        return Err(Box::new(Rejection {
            headers: sent,
            ..ErrorBody::content_filter(directives.prompt).into()
        }));
    }
    let room = completion_room(
        deployment,
        prompt_tokens,
        request.completion_cap(),
        "messages",
    )
    .map_err(|mut rejection| {
        rejection.headers.extend(sent.clone());
        rejection
    })?;

    let planned: Vec<Choice> = (0..choices)
        .map(|index| {
            plan(
                attempt,
                &request,
                random::join(seed, index),
                &directives,
                room,
            )
        })
        .collect();
    let completion_tokens: u64 = planned.iter().map(|choice| choice.plan.tokens).sum();
    let longest = planned
        .iter()
        .map(|choice| choice.plan.tokens)
        .max()
        .unwrap_or(0);
    let usage = generate::usage(deployment, prompt_tokens, completion_tokens);
    let id = random::alphanumeric(rng, "chatcmpl-", 29);
    let judged = filter.mode != FilterMode::Off;
    let prompt: Vec<PromptFilterResult> = judged
        .then_some(PromptFilterResult {
            prompt_index: 0,
            content_filter_results: directives.prompt,
        })
        .into_iter()
        .collect();
    let latency = deployment.latency();
    let first_token = latency.first_token(rng, prompt_tokens);

    if request.stream {
        generate::wait(attempt, first_token).await;
        let created = attempt.core.clock.unix_time().as_secs();
        let choices = planned
            .into_iter()
            .zip(0..)
            .map(|(choice, index)| StreamChoice {
                index,
                tokens: choice.plan.tokens,
                script: choice.plan.script,
                finish: choice.finish,
                verdict: directives.completion,
                prefix: None,
                tool: choice.tool,
            })
            .collect();
        let config = &deployment.config.stream;
        let envelope = Envelope {
            form: Form::Chat,
            id,
            created,
            model: deployment.response_model.clone(),
            fingerprint: deployment.fingerprint.clone(),
            include_usage: request.include_usage,
            usage,
            filter: telling(deployment),
            prompt: if config.prompt_annotation {
                prompt
            } else {
                Vec::new()
            },
            tokens_per_chunk: config.tokens_per_chunk,
        };
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
    charge.produced = completion_tokens;
    record.entry.completion_tokens = completion_tokens;
    let annotation = if judged {
        Annotation::Results(directives.completion)
    } else {
        Annotation::Absent
    };
    let rendered: Vec<Rendered> = planned
        .into_iter()
        .map(|choice| Rendered::of(choice, &request, seed))
        .collect();
    let completion = ChatCompletion {
        choices: rendered
            .iter()
            .zip(0..)
            .map(|(choice, index)| choice.view(index, annotation))
            .collect(),
        created: attempt.core.clock.unix_time().as_secs(),
        id: &id,
        model: &deployment.response_model,
        object: "chat.completion",
        prompt_filter_results: &prompt,
        system_fingerprint: deployment.fingerprint.as_deref(),
        usage,
    };
    generate::whole(attempt, response::to_json(&completion), sent, record)
}

/// One choice as it is sent.
struct Rendered {
    content: Option<String>,
    finish: FinishReason,
    tools: Vec<ToolCall>,
    logprobs: Option<Box<RawValue>>,
}

impl Rendered {
    fn of(choice: Choice, request: &ChatRequest<'_>, seed: u64) -> Self {
        let Choice {
            mut plan,
            finish,
            tool,
        } = choice;
        if let Some(tool) = tool {
            return Self {
                content: None,
                finish,
                tools: vec![tool],
                logprobs: None,
            };
        }
        let logprobs = request
            .logprobs
            .then(|| logprobs(&mut plan.clone(), seed))
            .flatten();
        let mut content = String::new();
        plan.script.take(u32::MAX, &mut content);
        let content = (finish != FinishReason::ContentFilter).then_some(content);
        Self {
            content,
            finish,
            tools: Vec::new(),
            logprobs,
        }
    }

    fn view(&self, index: u32, annotation: Annotation) -> ChatChoice<'_> {
        ChatChoice {
            content_filter_results: annotation,
            finish_reason: self.finish,
            index,
            logprobs: self.logprobs.as_deref(),
            message: ChatMessage {
                content: self.content.as_deref(),
                refusal: None,
                role: "assistant",
                tool_calls: &self.tools,
            },
        }
    }
}

/// Plausible log probabilities of each piece.
fn logprobs(plan: &mut Plan, seed: u64) -> Option<Box<RawValue>> {
    let mut rng = random::rng(random::join(seed, 0x6c6f_6770));
    let mut content = Vec::new();
    while !plan.script.is_done() {
        let mut piece = String::new();
        if plan.script.take(1, &mut piece) == 0 {
            break;
        }
        content.push(serde_json::json!({
            "bytes": piece.as_bytes(),
            "logprob": -rng.f64() * 0.5,
            "token": piece,
            "top_logprobs": [],
        }));
    }
    serde_json::value::to_raw_value(&serde_json::json!({ "content": content, "refusal": null }))
        .ok()
}

fn plan(
    attempt: &Attempt<'_>,
    request: &ChatRequest<'_>,
    seed: u64,
    directives: &Directives,
    room: u64,
) -> Choice {
    let deployment = attempt.deployment;
    let encoding = deployment.model.encoding;
    let count = |text: &str| tokens::count(encoding, text);
    let blocked = directives.completion.blocks();
    if !blocked && let Some(call) = forced_call(request, seed) {
        let plan = Plan::fixed(&call.function.arguments, room, count);
        // The call's name and frame are generated too.
        let frame = count(&call.function.name) + 2;
        let plan = Plan {
            tokens: plan.tokens + frame,
            ..plan
        };
        return Choice {
            plan,
            finish: FinishReason::ToolCalls,
            tool: Some(call),
        };
    }
    if !blocked && let Some(json) = structured(request, deployment.text_seed, seed) {
        let plan = Plan::fixed(&json, room, count);
        let finish = generate::finish_reason(&plan, false);
        return Choice {
            plan,
            finish,
            tool: None,
        };
    }
    let stops: Vec<&str> = request.stop.iter().map(Text::as_str).collect();
    let (plan, finish) =
        generate::sentences(deployment, Opening::Bare, seed, directives, room, &stops);
    Choice {
        plan,
        finish,
        tool: None,
    }
}

/// The tool call that the request insists on, with arguments that fit its schema.
fn forced_call(request: &ChatRequest<'_>, seed: u64) -> Option<ToolCall> {
    let choice: Value = serde_json::from_str(request.tool_choice?.get()).ok()?;
    let tools: Vec<Value> = serde_json::from_str(request.tools?.get()).ok()?;
    let name = |tool: &Value| {
        tool.pointer("/function/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let tool = match &choice {
        Value::String(mode) if mode == "required" => tools.first()?,
        Value::Object(_) => {
            let wanted = name(&choice)?;
            tools
                .iter()
                .find(|tool| name(tool).as_deref() == Some(wanted.as_str()))?
        }
        _ => return None,
    };
    let arguments = tool
        .pointer("/function/parameters")
        .map_or_else(|| serde_json::json!({}), schema::instance);
    Some(ToolCall {
        function: FunctionCall {
            arguments: arguments.to_string(),
            name: name(tool)?,
        },
        id: random::alphanumeric(
            &mut random::rng(random::join(seed, 0x6361_6c6c)),
            "call_",
            24,
        ),
        kind: "function",
    })
}

/// The JSON that the request asks for as its answer.
fn structured(request: &ChatRequest<'_>, text_seed: u64, seed: u64) -> Option<String> {
    let format: Value = serde_json::from_str(request.response_format?.get()).ok()?;
    match format.get("type").and_then(Value::as_str)? {
        "json_schema" => {
            let schema = format.pointer("/json_schema/schema")?;
            Some(schema::instance(schema).to_string())
        }
        "json_object" => {
            let text: String =
                Sentences::new(random::join(text_seed, seed), 12, Opening::Bare).collect();
            Some(serde_json::json!({ "answer": text }).to_string())
        }
        _ => None,
    }
}
