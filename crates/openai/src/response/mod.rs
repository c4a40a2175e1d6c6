//! Response bodies and stream chunks, in the service's own shapes: members in alphabetical order, no white space.
//!
//! In: texts, counts, verdicts. Out: values that serialise to the exact bytes. Never generates text or counts anything.

mod chat;
mod completions;
mod embeddings;
mod listing;

pub use chat::{
    ChatChoice, ChatChunk, ChatChunkChoice, ChatCompletion, ChatMessage, Delta, FilterOffsets,
    FunctionCall, FunctionDelta, ToolCall, ToolCallDelta,
};
pub use completions::{CompletionChoice, LegacyLogprobs, TextCompletion};
pub use embeddings::{EmbeddingItem, EmbeddingList, Vector};
pub use listing::{deployment_entry, list, model_entry};

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// Why a choice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// A natural end or a stop text.
    Stop,
    /// The cap was reached.
    Length,
    /// The completion was blocked.
    ContentFilter,
    /// The model calls tools.
    ToolCalls,
}

/// A member that is left out, `null`, or a value: `usage` in chunks is `null` only when the request asked for usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Member<T> {
    /// Left out.
    #[default]
    Absent,
    /// `null`
    Null,
    /// A value.
    Value(T),
}

impl<T> Member<T> {
    /// Whether it is left out.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Member::Absent)
    }
}

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Member::Absent | Member::Null => serializer.serialize_none(),
            Member::Value(value) => value.serialize(serializer),
        }
    }
}

/// The bytes of a response. Values of this module hold nothing that JSON cannot express, so this cannot fail.
pub fn to_json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .unwrap_or_default()
}
