//! Legacy completion requests.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Input, RequestError, Sampling, Text, count, flag, include_usage, member, number, texts,
};

/// A legacy completion request.
#[derive(Debug, Clone)]
pub struct CompletionRequest<'a> {
    /// The deployment on v1 paths; ignored on dated ones.
    pub model: Option<Text<'a>>,
    /// The prompts; a missing prompt is the end-of-text mark, which reads as an empty text.
    pub prompt: Input<'a>,
    /// Cap on generated tokens per choice; 16 when missing.
    pub max_tokens: Option<u64>,
    /// Choices per prompt.
    pub n: Option<u64>,
    /// Candidates generated per prompt, of which `n` are returned.
    pub best_of: Option<u64>,
    /// Whether the prompt is repeated before the completion.
    pub echo: bool,
    /// What follows the completion.
    pub suffix: Option<Text<'a>>,
    /// How many alternatives with log probabilities.
    pub logprobs: Option<u64>,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// Whether the stream ends with a usage chunk.
    pub include_usage: bool,
    /// Texts that end the completion.
    pub stop: Vec<Text<'a>>,
    /// Ranges to check.
    pub sampling: Sampling,
}

impl<'a> CompletionRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When the body is not a JSON object or a member has the wrong type.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        let wire: Wire<'a> =
            serde_json::from_slice(body).map_err(|error| RequestError::not_json(&error))?;
        Ok(Self {
            model: member(wire.model, "model", "of type 'string'")?,
            prompt: match wire.prompt {
                Some(raw) => Input::read(raw, "prompt")?,
                None => Input::Text(Text::default()),
            },
            max_tokens: count(wire.max_tokens, "max_tokens")?,
            n: count(wire.n, "n")?,
            best_of: count(wire.best_of, "best_of")?,
            echo: flag(wire.echo, "echo")?,
            suffix: member(wire.suffix, "suffix", "of type 'string'")?,
            logprobs: count(wire.logprobs, "logprobs")?,
            stream: flag(wire.stream, "stream")?,
            include_usage: include_usage(wire.stream_options)?,
            stop: texts(wire.stop, "stop")?,
            sampling: Sampling {
                temperature: number(wire.temperature, "temperature")?,
                top_p: number(wire.top_p, "top_p")?,
                presence_penalty: number(wire.presence_penalty, "presence_penalty")?,
                frequency_penalty: number(wire.frequency_penalty, "frequency_penalty")?,
            },
        })
    }

    /// Choices per prompt, at least 1.
    pub fn choice_count(&self) -> u64 {
        self.n.unwrap_or(1).max(1)
    }

    /// Candidates generated per prompt: the larger of `best_of` and `n`.
    pub fn generated_per_prompt(&self) -> u64 {
        self.best_of.unwrap_or(1).max(self.choice_count())
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    best_of: Option<&'a RawValue>,
    #[serde(borrow)]
    echo: Option<&'a RawValue>,
    #[serde(borrow)]
    suffix: Option<&'a RawValue>,
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow)]
    stop: Option<&'a RawValue>,
    #[serde(borrow)]
    temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    presence_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    frequency_penalty: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let body = br#"{"prompt":["a","b"],"max_tokens":5,"n":2,"best_of":3,"echo":true,"logprobs":2,"stop":["x","y"]}"#;
        let request = CompletionRequest::parse(body).unwrap();
        assert_eq!(request.prompt.len(), 2);
        assert_eq!(request.generated_per_prompt(), 3);
        assert!(request.echo);
        assert_eq!(request.stop.len(), 2);
    }

    #[test]
    fn a_missing_prompt_is_one_empty_text() {
        let request = CompletionRequest::parse(b"{}").unwrap();
        assert_eq!(request.prompt.len(), 1);
        assert_eq!(request.prompt.chars(), 0);
    }

    #[test]
    fn n_alone_sets_the_candidates() {
        assert_eq!(
            CompletionRequest::parse(br#"{"n":4}"#)
                .unwrap()
                .generated_per_prompt(),
            4
        );
    }
}
