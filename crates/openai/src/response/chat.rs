//! Chat completions: the whole response and the chunks of a stream.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{FinishReason, Member};
use crate::content_filter::{Annotation, PromptFilterResult};
use crate::usage::Usage;

/// A whole chat completion.
#[derive(Debug, Clone, Serialize)]
pub struct ChatCompletion<'a> {
    /// The choices.
    pub choices: Vec<ChatChoice<'a>>,
    /// Unix time in seconds.
    pub created: u64,
    /// `chatcmpl-…`
    pub id: &'a str,
    /// The model's name and version.
    pub model: &'a str,
    /// `chat.completion`
    pub object: &'static str,
    /// Verdicts on the prompt; left out when nothing was checked.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub prompt_filter_results: &'a [PromptFilterResult],
    /// `fp_…`
    pub system_fingerprint: Option<&'a str>,
    /// What it cost.
    pub usage: Usage,
}

/// One choice of a whole chat completion.
#[derive(Debug, Clone, Serialize)]
pub struct ChatChoice<'a> {
    /// The verdict.
    #[serde(skip_serializing_if = "Annotation::is_absent")]
    pub content_filter_results: Annotation,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// From 0.
    pub index: u32,
    /// Log probabilities, raw.
    pub logprobs: Option<&'a RawValue>,
    /// What is said.
    pub message: ChatMessage<'a>,
}

/// What is said.
#[derive(Debug, Clone, Serialize)]
pub struct ChatMessage<'a> {
    /// The text; `null` when tools are called or the text was blocked.
    pub content: Option<&'a str>,
    /// Always `null` here.
    pub refusal: Option<&'a str>,
    /// `assistant`
    pub role: &'static str,
    /// Calls; left out when there are none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub tool_calls: &'a [ToolCall],
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// Function and arguments.
    pub function: FunctionCall,
    /// `call_…`
    pub id: String,
    /// `function`
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// The function of a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionCall {
    /// JSON in a text.
    pub arguments: String,
    /// The function's name.
    pub name: String,
}

/// One chunk of a streamed chat completion.
#[derive(Debug, Clone, Serialize)]
pub struct ChatChunk<'a> {
    /// The choices: none in the prompt annotation and in the usage chunk.
    pub choices: Vec<ChatChunkChoice<'a>>,
    /// Unix time in seconds; 0 in annotations.
    pub created: u64,
    /// Empty in annotations.
    pub id: &'a str,
    /// Empty in annotations.
    pub model: &'a str,
    /// `chat.completion.chunk`; empty in annotations.
    pub object: &'static str,
    /// Verdicts on the prompt.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub prompt_filter_results: &'a [PromptFilterResult],
    /// Left out in annotations, else a text or `null`.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub system_fingerprint: Member<&'a str>,
    /// Left out, `null`, or the usage.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub usage: Member<Usage>,
}

impl<'a> ChatChunk<'a> {
    /// The annotation chunk, which opens a stream with the verdicts on the prompt and nothing else.
    pub fn prompt_annotation(results: &'a [PromptFilterResult]) -> Self {
        Self {
            choices: Vec::new(),
            created: 0,
            id: "",
            model: "",
            object: "",
            prompt_filter_results: results,
            system_fingerprint: Member::Absent,
            usage: Member::Absent,
        }
    }

    /// A chunk with one choice or, with `None`, the empty chunk that carries the usage.
    pub fn new(
        id: &'a str,
        created: u64,
        model: &'a str,
        fingerprint: Option<&'a str>,
        choice: Option<ChatChunkChoice<'a>>,
    ) -> Self {
        Self {
            choices: choice.into_iter().collect(),
            created,
            id,
            model,
            object: "chat.completion.chunk",
            prompt_filter_results: &[],
            system_fingerprint: fingerprint.map_or(Member::Null, Member::Value),
            usage: Member::Absent,
        }
    }

    /// Sets the `usage` member.
    #[must_use]
    pub fn with_usage(mut self, usage: Member<Usage>) -> Self {
        self.usage = usage;
        self
    }
}

/// One choice of a chunk.
#[derive(Debug, Clone, Serialize)]
pub struct ChatChunkChoice<'a> {
    /// Where an asynchronous filter has got to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_filter_offsets: Option<FilterOffsets>,
    /// The verdict on the piece.
    #[serde(skip_serializing_if = "Annotation::is_absent")]
    pub content_filter_results: Annotation,
    /// What is new; left out in the annotations of an asynchronous filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta<'a>>,
    /// Why it ended, in the last chunk of a choice.
    pub finish_reason: Option<FinishReason>,
    /// From 0.
    pub index: u32,
    /// Log probabilities, raw.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub logprobs: Member<&'a RawValue>,
}

/// Offsets in characters of an asynchronous filter's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FilterOffsets {
    /// Checked up to here.
    pub check_offset: u64,
    /// The verdict's end.
    pub end_offset: u64,
    /// The verdict's start.
    pub start_offset: u64,
}

impl<'a> ChatChunkChoice<'a> {
    fn with(
        index: u32,
        annotation: Annotation,
        delta: Delta<'a>,
        finish_reason: Option<FinishReason>,
    ) -> Self {
        Self {
            content_filter_offsets: None,
            content_filter_results: annotation,
            delta: Some(delta),
            finish_reason,
            index,
            logprobs: Member::Null,
        }
    }

    /// The chunk that opens a choice.
    pub fn role(index: u32, annotation: Annotation) -> Self {
        let delta = Delta {
            content: Member::Value(""),
            refusal: Member::Null,
            role: Some("assistant"),
            tool_calls: Vec::new(),
        };
        Self::with(index, annotation, delta, None)
    }

    /// The chunk that opens a choice that will call tools.
    pub fn tool_role(index: u32, annotation: Annotation, call: ToolCallDelta<'a>) -> Self {
        let delta = Delta {
            content: Member::Null,
            refusal: Member::Null,
            role: Some("assistant"),
            tool_calls: vec![call],
        };
        Self::with(index, annotation, delta, None)
    }

    /// A piece of text.
    pub fn content(index: u32, annotation: Annotation, text: &'a str) -> Self {
        Self::with(
            index,
            annotation,
            Delta {
                content: Member::Value(text),
                ..Delta::default()
            },
            None,
        )
    }

    /// A piece of a tool call's arguments.
    pub fn tool_call(index: u32, annotation: Annotation, call: ToolCallDelta<'a>) -> Self {
        Self::with(
            index,
            annotation,
            Delta {
                tool_calls: vec![call],
                ..Delta::default()
            },
            None,
        )
    }

    /// The chunk that ends a choice.
    pub fn finish(index: u32, annotation: Annotation, reason: FinishReason) -> Self {
        Self::with(index, annotation, Delta::default(), Some(reason))
    }

    /// The late verdict of an asynchronous filter.
    pub fn late_annotation(
        index: u32,
        annotation: Annotation,
        offsets: FilterOffsets,
        reason: Option<FinishReason>,
    ) -> Self {
        Self {
            content_filter_offsets: Some(offsets),
            content_filter_results: annotation,
            delta: None,
            finish_reason: reason,
            index,
            logprobs: Member::Absent,
        }
    }
}

/// What is new in a chunk.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Delta<'a> {
    /// A piece of text.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub content: Member<&'a str>,
    /// `null` in the chunk that opens a choice.
    #[serde(skip_serializing_if = "Member::is_absent")]
    pub refusal: Member<&'a str>,
    /// `assistant` in the chunk that opens a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Pieces of tool calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCallDelta<'a>>,
}

/// A piece of a tool call.
#[derive(Debug, Clone, Serialize)]
pub struct ToolCallDelta<'a> {
    /// Function name, only in the first piece, and a piece of the arguments.
    pub function: FunctionDelta<'a>,
    /// `call_…`, only in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Which call, from 0.
    pub index: u32,
    /// `function`, only in the first piece.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
}

/// The function in a piece of a tool call.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionDelta<'a> {
    /// A piece of JSON.
    pub arguments: &'a str,
    /// Only in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

impl<'a> ToolCallDelta<'a> {
    /// The first piece: names the call, no arguments yet.
    pub fn open(index: u32, call: &'a ToolCall) -> Self {
        Self {
            function: FunctionDelta {
                arguments: "",
                name: Some(&call.function.name),
            },
            id: Some(&call.id),
            index,
            kind: Some("function"),
        }
    }

    /// A piece of arguments.
    pub fn arguments(index: u32, arguments: &'a str) -> Self {
        Self {
            function: FunctionDelta {
                arguments,
                name: None,
            },
            id: None,
            index,
            kind: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_filter::FilterResults;
    use crate::usage::UsageDetails;

    const SAFE: &str = r#"{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}"#;

    #[test]
    fn a_whole_completion_has_the_services_shape() {
        let prompt = [PromptFilterResult {
            prompt_index: 0,
            content_filter_results: FilterResults::SAFE_COMPLETION,
        }];
        let completion = ChatCompletion {
            choices: vec![ChatChoice {
                content_filter_results: Annotation::Results(FilterResults::SAFE_COMPLETION),
                finish_reason: FinishReason::Stop,
                index: 0,
                logprobs: None,
                message: ChatMessage {
                    content: Some("Hi"),
                    refusal: None,
                    role: "assistant",
                    tool_calls: &[],
                },
            }],
            created: 1_700_000_000,
            id: "chatcmpl-x",
            model: "gpt-4o-2024-11-20",
            object: "chat.completion",
            prompt_filter_results: &prompt,
            system_fingerprint: Some("fp_0123456789"),
            usage: Usage {
                details: Some(UsageDetails::default()),
                ..Usage::new(20, 15)
            },
        };
        assert_eq!(
            serde_json::to_string(&completion).unwrap(),
            format!(
                r#"{{"choices":[{{"content_filter_results":{SAFE},"finish_reason":"stop","index":0,"logprobs":null,"message":{{"content":"Hi","refusal":null,"role":"assistant"}}}}],"created":1700000000,"id":"chatcmpl-x","model":"gpt-4o-2024-11-20","object":"chat.completion","prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{SAFE}}}],"system_fingerprint":"fp_0123456789","usage":{{"completion_tokens":15,"completion_tokens_details":{{"accepted_prediction_tokens":0,"audio_tokens":0,"reasoning_tokens":0,"rejected_prediction_tokens":0}},"prompt_tokens":20,"prompt_tokens_details":{{"audio_tokens":0,"cached_tokens":0}},"total_tokens":35}}}}"#
            )
        );
    }

    #[test]
    fn the_annotation_chunk_is_empty_but_for_the_verdict() {
        let prompt = [PromptFilterResult {
            prompt_index: 0,
            content_filter_results: FilterResults::SAFE_COMPLETION,
        }];
        assert_eq!(
            serde_json::to_string(&ChatChunk::prompt_annotation(&prompt)).unwrap(),
            format!(
                r#"{{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{SAFE}}}]}}"#
            )
        );
    }

    fn chunk(choice: Option<ChatChunkChoice<'_>>, usage: Member<Usage>) -> String {
        serde_json::to_string(&ChatChunk::new("chatcmpl-x", 7, "m", None, choice).with_usage(usage))
            .unwrap()
    }

    #[test]
    fn chunks_have_the_services_shape() {
        assert_eq!(
            chunk(
                Some(ChatChunkChoice::role(0, Annotation::Empty)),
                Member::Absent
            ),
            r#"{"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"created":7,"id":"chatcmpl-x","model":"m","object":"chat.completion.chunk","system_fingerprint":null}"#
        );
        assert_eq!(
            chunk(
                Some(ChatChunkChoice::content(1, Annotation::Empty, "Hi")),
                Member::Null
            ),
            r#"{"choices":[{"content_filter_results":{},"delta":{"content":"Hi"},"finish_reason":null,"index":1,"logprobs":null}],"created":7,"id":"chatcmpl-x","model":"m","object":"chat.completion.chunk","system_fingerprint":null,"usage":null}"#
        );
        assert_eq!(
            chunk(
                Some(ChatChunkChoice::finish(
                    0,
                    Annotation::Empty,
                    FinishReason::Stop
                )),
                Member::Absent
            ),
            r#"{"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0,"logprobs":null}],"created":7,"id":"chatcmpl-x","model":"m","object":"chat.completion.chunk","system_fingerprint":null}"#
        );
        assert_eq!(
            chunk(None, Member::Value(Usage::new(8, 1))),
            r#"{"choices":[],"created":7,"id":"chatcmpl-x","model":"m","object":"chat.completion.chunk","system_fingerprint":null,"usage":{"completion_tokens":1,"prompt_tokens":8,"total_tokens":9}}"#
        );
    }

    #[test]
    fn tool_calls_come_in_pieces() {
        let call = ToolCall {
            function: FunctionCall {
                arguments: "{}".into(),
                name: "f".into(),
            },
            id: "call_1".into(),
            kind: "function",
        };
        let open = chunk(
            Some(ChatChunkChoice::tool_role(
                0,
                Annotation::Empty,
                ToolCallDelta::open(0, &call),
            )),
            Member::Absent,
        );
        assert!(open.contains(r#""tool_calls":[{"function":{"arguments":"","name":"f"},"id":"call_1","index":0,"type":"function"}]"#));
        let more = chunk(
            Some(ChatChunkChoice::tool_call(
                0,
                Annotation::Empty,
                ToolCallDelta::arguments(0, "{}"),
            )),
            Member::Absent,
        );
        assert!(
            more.contains(r#""delta":{"tool_calls":[{"function":{"arguments":"{}"},"index":0}]}"#)
        );
    }
}
