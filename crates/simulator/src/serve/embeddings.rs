//! Embeddings.

use http::Response;
use tidegate_openai::error::ErrorBody;
use tidegate_openai::request::{EmbeddingFormat, EmbeddingRequest, validate};
use tidegate_openai::response::{self, EmbeddingItem, EmbeddingList, Vector};
use tidegate_openai::{Usage, embedding, estimate, tokens};

use super::generate;
use super::meter::{self, Demand};
use super::{Attempt, Rejection};
use crate::body::ReplyBody;
use crate::counters::Record;
use crate::vectors;

/// Vectors beyond this many are made off the I/O threads.
const INLINE_VECTORS: usize = 8;

pub(super) async fn answer(
    attempt: &Attempt<'_>,
    rng: &mut fastrand::Rng,
    record: &mut Record,
) -> Result<Response<ReplyBody>, Box<Rejection>> {
    let deployment = attempt.deployment;
    let body = &attempt.call.body;
    let request = EmbeddingRequest::parse(body).map_err(|error| error.to_error_body())?;
    validate::embeddings(&request, deployment.model)?;
    let encoding = deployment.model.encoding;
    let prompt_tokens = attempt
        .core
        .counted(body, encoding, move |body| {
            EmbeddingRequest::parse(body)
                .map_or(0, |request| tokens::input_tokens(encoding, &request.input))
        })
        .await;
    let demand = Demand {
        estimate: estimate::embeddings(deployment.config.estimate.into(), &request),
        prompt_tokens,
        output_cap: None,
        generates: false,
    };
    let (charge, sent) = meter::admit(attempt, demand)?;
    let window = u64::from(deployment.model.context_window);
    if prompt_tokens > window {
        let longest = request
            .input
            .iter()
            .map(|item| tokens::item_tokens(encoding, item))
            .max()
            .unwrap_or(0);
        if longest > window {
            let error = ErrorBody::embedding_too_long(deployment.model.context_window, longest);
            return Err(Box::new(Rejection {
                headers: sent,
                ..error.into()
            }));
        }
    }
    record.entry.prompt_tokens = prompt_tokens;

    let latency = deployment.latency();
    let inputs = request.input.len();
    generate::wait(attempt, latency.embeddings(rng, inputs as u64)).await;
    let most = deployment
        .model
        .embedding
        .map_or(1_536, |info| info.dimensions);
    let dimensions = request
        .dimensions
        .and_then(|wanted| u32::try_from(wanted).ok())
        .unwrap_or(most)
        .min(most);
    let (seed, model) = (deployment.text_seed, deployment.response_model.clone());
    let usage = Usage::embeddings(prompt_tokens);
    let json = if inputs <= INLINE_VECTORS {
        render(&request, seed, &model, dimensions, usage)
    } else {
        let body = body.clone();
        let made = tokio::task::spawn_blocking(move || {
            EmbeddingRequest::parse(&body)
                .map(|request| render(&request, seed, &model, dimensions, usage))
        });
        match made.await {
            Ok(Ok(json)) => json,
            // The task can only be lost to a runtime that shuts down, when nobody reads the answer any more.
            _ => return Err(ErrorBody::bad_backend().into()),
        }
    };
    drop(charge);
    generate::whole(attempt, json, sent, record)
}

fn render(
    request: &EmbeddingRequest<'_>,
    seed: u64,
    model: &str,
    dimensions: u32,
    usage: Usage,
) -> bytes::Bytes {
    let data = request
        .input
        .iter()
        .zip(0..)
        .map(|(item, index)| {
            let vector = vectors::vector(seed, model, item, dimensions as usize);
            let embedding = match request.format {
                EmbeddingFormat::Float => Vector::Numbers(vector),
                EmbeddingFormat::Base64 => Vector::Base64(embedding::to_base64(&vector)),
            };
            EmbeddingItem {
                embedding,
                index,
                object: "embedding",
            }
        })
        .collect();
    response::to_json(&EmbeddingList {
        data,
        model,
        object: "list",
        usage,
    })
}
