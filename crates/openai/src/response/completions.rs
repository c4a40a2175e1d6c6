//! Legacy completions: the whole response, and chunks, which have the same shape.

use serde::Serialize;

use super::{FinishReason, Member};
use crate::content_filter::{Annotation, PromptFilterResult};
use crate::usage::Usage;

/// A legacy completion, whole or one chunk of it.
#[derive(Debug, Clone, Serialize)]
pub struct TextCompletion<'a> {
    /// The choices.
    pub choices: Vec<CompletionChoice<'a>>,
    /// Unix time in seconds.
    pub created: u64,
    /// `cmpl-…`
    pub id: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// `text_completion`
    pub object: &'static str,
    /// Verdicts on the prompts; left out in chunks after the first.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub prompt_filter_results: &'a [PromptFilterResult],
    /// Left out in chunks unless the request asked for it.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub usage: Member<Usage>,
}

/// One choice of a legacy completion.
#[derive(Debug, Clone, Serialize)]
pub struct CompletionChoice<'a> {
    /// The verdict.
    #[serde(skip_serializing_if = "Annotation::is_absent")]
    pub content_filter_results: Annotation,
    /// Why it ended; `null` in chunks before the last.
    pub finish_reason: Option<FinishReason>,
    /// Prompt index × choices per prompt + choice.
    pub index: u32,
    /// Log probabilities.
    pub logprobs: Option<LegacyLogprobs>,
    /// The text or a piece of it.
    pub text: &'a str,
}

/// Log probabilities of a legacy completion, one entry per token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegacyLogprobs {
    /// Offset of each token in the text, in characters.
    pub text_offset: Vec<u64>,
    /// Log probability of each token.
    pub token_logprobs: Vec<f64>,
    /// The tokens.
    pub tokens: Vec<String>,
    /// Alternatives of each token.
    pub top_logprobs: Vec<serde_json::Map<String, serde_json::Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_has_the_services_shape() {
        let completion = TextCompletion {
            choices: vec![CompletionChoice {
                content_filter_results: Annotation::Empty,
                finish_reason: Some(FinishReason::Length),
                index: 0,
                logprobs: None,
                text: "Hi",
            }],
            created: 7,
            id: "cmpl-x",
            model: "gpt-35-turbo-instruct",
            object: "text_completion",
            prompt_filter_results: &[],
            usage: Member::Value(Usage::new(5, 16)),
        };
        assert_eq!(
            serde_json::to_string(&completion).unwrap(),
            r#"{"choices":[{"content_filter_results":{},"finish_reason":"length","index":0,"logprobs":null,"text":"Hi"}],"created":7,"id":"cmpl-x","model":"gpt-35-turbo-instruct","object":"text_completion","usage":{"completion_tokens":16,"prompt_tokens":5,"total_tokens":21}}"#
        );
    }
}
