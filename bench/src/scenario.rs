//! The four kinds of traffic that are measured.
//!
//! In: a name. Out: the request that is sent, how often, and what the mock upstream answers. A header tells the mock which scenario a
//! request belongs to: every proxy passes it on, none looks at it.

use bytes::Bytes;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The header that carries [`Scenario::name`].
pub const HEADER: &str = "x-bench";
/// Chunks of a streamed answer.
pub const CHUNKS: usize = 100;

/// A kind of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scenario {
    /// A 1 kB request, a 1.5 kB answer.
    Answer,
    /// A 1 kB request, 100 server-sent events.
    Stream,
    /// A 1 kB request, a 30 kB answer.
    Embeddings,
    /// As `answer`, while one of the three upstreams says 429 and the request must be retried elsewhere.
    Throttled,
}

impl Scenario {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [
        Self::Answer,
        Self::Stream,
        Self::Embeddings,
        Self::Throttled,
    ];

    /// All of them with so many requests each; streams, which take long, with a tenth.
    pub fn traffic(requests: usize) -> [(Self, usize); 4] {
        Self::ALL.map(|scenario| match scenario {
            Self::Stream => (scenario, requests / 10),
            _ => (scenario, requests),
        })
    }

    /// The word in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Stream => "stream",
            Self::Embeddings => "embeddings",
            Self::Throttled => "throttled",
        }
    }

    /// The scenario a request's header names.
    pub fn from_header(value: Option<&[u8]>) -> Self {
        Self::ALL
            .into_iter()
            .find(|one| value == Some(one.name().as_bytes()))
            .unwrap_or(Self::Answer)
    }

    /// What it is, for the table's heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Answer => "1 kB request, 1.5 kB answer",
            Self::Stream => "1 kB request, stream of 100 chunks",
            Self::Embeddings => "1 kB request, 30 kB embeddings answer",
            Self::Throttled => "1 kB request, one of three upstreams answers 429, retry elsewhere",
        }
    }

    /// Path and query, as the stock SDK sends them.
    pub fn path(self) -> &'static str {
        match self {
            Self::Embeddings => {
                "/openai/deployments/text-embedding-ada-002/embeddings?api-version=2024-02-01"
            }
            _ => "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-02-01",
        }
    }

    /// The request's body.
    pub fn request(self) -> Bytes {
        let words = "Tell me about the tide at the gate. ".repeat(24);
        Bytes::from(match self {
            Self::Embeddings => format!(r#"{{"input":"{words}"}}"#),
            Self::Stream => {
                format!(r#"{{"messages":[{{"role":"user","content":"{words}"}}],"stream":true}}"#)
            }
            _ => format!(
                r#"{{"messages":[{{"role":"user","content":"{words}"}}],"max_tokens":200}}"#
            ),
        })
    }

    /// The whole answer of the upstream, for the scenarios that do not stream.
    pub fn answer(self) -> Bytes {
        Bytes::from(match self {
            Self::Embeddings => {
                let numbers: Vec<String> = (0..1536)
                    .map(|index| format!("-0.0{:015}", index * 7919))
                    .collect();
                let vector = numbers.join(",");
                format!(
                    r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{vector}]}}],"model":"text-embedding-ada-002","usage":{{"prompt_tokens":220,"total_tokens":220}}}}"#
                )
            }
            _ => {
                let words = "The tide comes in and the gate opens. ".repeat(33);
                format!(
                    r#"{{"id":"chatcmpl-8f","object":"chat.completion","created":1700000000,"model":"gpt-35-turbo","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"{words}"}}}}],"usage":{{"prompt_tokens":220,"completion_tokens":270,"total_tokens":490}}}}"#
                )
            }
        })
    }

    /// One server-sent event of a stream.
    pub fn chunk() -> Bytes {
        Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-8f\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-35-turbo\",\"choices\":[{\"index\":0,\"finish_reason\":null,\"delta\":{\"content\":\" tide\"}}]}\n\n",
        )
    }

    /// Requests of one measurement, and of its warm-up.
    pub fn count(self) -> (usize, usize) {
        match self {
            Self::Answer | Self::Throttled => (60_000, 5_000),
            Self::Embeddings => (40_000, 4_000),
            Self::Stream => (3_000, 200),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_the_titles_say() {
        assert!((900..1200).contains(&Scenario::Answer.request().len()));
        assert!((1400..1700).contains(&Scenario::Answer.answer().len()));
        assert!((29_000..31_500).contains(&Scenario::Embeddings.answer().len()));
        assert!(
            serde_json::from_slice::<serde_json::Value>(&Scenario::Embeddings.answer()).is_ok()
        );
    }
}
