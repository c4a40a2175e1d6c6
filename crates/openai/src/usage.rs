//! The `usage` object of responses and of the last chunk of a stream.
//!
//! In: token counts, or the object as the service sent it. Out: the object, members in the service's order. Never invents a
//! count: what is not known is absent.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Tokens a request was billed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens generated, over all choices; `None` for embeddings, which have no such member.
    pub completion_tokens: Option<u64>,
    /// The detail objects that newer models add.
    pub details: Option<UsageDetails>,
}

/// The details that newer models report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageDetails {
    /// Prompt tokens served from the prompt cache.
    pub cached_tokens: u64,
    /// Completion tokens spent on reasoning; part of `completion_tokens`.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Usage of a completion without details.
    pub const fn new(prompt_tokens: u64, completion_tokens: u64) -> Self {
        Self {
            prompt_tokens,
            completion_tokens: Some(completion_tokens),
            details: None,
        }
    }

    /// Usage of an embeddings request.
    pub const fn embeddings(prompt_tokens: u64) -> Self {
        Self {
            prompt_tokens,
            completion_tokens: None,
            details: None,
        }
    }

    /// Prompt and completion together.
    pub const fn total_tokens(&self) -> u64 {
        let completion = match self.completion_tokens {
            Some(tokens) => tokens,
            None => 0,
        };
        self.prompt_tokens.saturating_add(completion)
    }

    /// The `usage` member of a whole response body, if there is one.
    pub fn from_response(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Response {
            usage: Option<Usage>,
        }
        // A body without the name needs no parsing at all.
        memchr::memmem::find(body, b"\"usage\"")?;
        serde_json::from_slice::<Response>(body).ok()?.usage
    }
}

impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct CompletionDetails {
            accepted_prediction_tokens: u64,
            audio_tokens: u64,
            reasoning_tokens: u64,
            rejected_prediction_tokens: u64,
        }
        #[derive(Serialize)]
        struct PromptDetails {
            audio_tokens: u64,
            cached_tokens: u64,
        }
        let mut map = serializer.serialize_map(None)?;
        if let Some(completion) = self.completion_tokens {
            map.serialize_entry("completion_tokens", &completion)?;
            if let Some(details) = self.details {
                map.serialize_entry(
                    "completion_tokens_details",
                    &CompletionDetails {
                        accepted_prediction_tokens: 0,
                        audio_tokens: 0,
                        reasoning_tokens: details.reasoning_tokens,
                        rejected_prediction_tokens: 0,
                    },
                )?;
            }
        }
        map.serialize_entry("prompt_tokens", &self.prompt_tokens)?;
        if let Some(details) = self.details {
            map.serialize_entry(
                "prompt_tokens_details",
                &PromptDetails {
                    audio_tokens: 0,
                    cached_tokens: details.cached_tokens,
                },
            )?;
        }
        map.serialize_entry("total_tokens", &self.total_tokens())?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        struct Details {
            #[serde(default)]
            cached_tokens: Option<u64>,
            #[serde(default)]
            reasoning_tokens: Option<u64>,
        }
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default, alias = "input_tokens")]
            prompt_tokens: Option<u64>,
            #[serde(default, alias = "output_tokens")]
            completion_tokens: Option<u64>,
            #[serde(default)]
            completion_tokens_details: Option<Details>,
            #[serde(default)]
            prompt_tokens_details: Option<Details>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let details = (wire.completion_tokens_details.is_some()
            || wire.prompt_tokens_details.is_some())
        .then(|| UsageDetails {
            cached_tokens: wire
                .prompt_tokens_details
                .and_then(|d| d.cached_tokens)
                .unwrap_or(0),
            reasoning_tokens: wire
                .completion_tokens_details
                .and_then(|d| d.reasoning_tokens)
                .unwrap_or(0),
        });
        Ok(Usage {
            prompt_tokens: wire.prompt_tokens.unwrap_or(0),
            completion_tokens: wire.completion_tokens,
            details,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_usage_is_three_integers() {
        assert_eq!(
            serde_json::to_string(&Usage::new(20, 15)).unwrap(),
            r#"{"completion_tokens":15,"prompt_tokens":20,"total_tokens":35}"#
        );
        assert_eq!(
            serde_json::to_string(&Usage::embeddings(8)).unwrap(),
            r#"{"prompt_tokens":8,"total_tokens":8}"#
        );
    }

    #[test]
    fn details_survive_a_round_trip() {
        let usage = Usage {
            details: Some(UsageDetails {
                cached_tokens: 128,
                reasoning_tokens: 7,
            }),
            ..Usage::new(1_100, 15)
        };
        let text = serde_json::to_string(&usage).unwrap();
        assert!(text.contains(r#""prompt_tokens_details":{"audio_tokens":0,"cached_tokens":128}"#));
        assert_eq!(serde_json::from_str::<Usage>(&text).unwrap(), usage);
    }

    #[test]
    fn responses_give_up_their_usage() {
        let body =
            br#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
        assert_eq!(Usage::from_response(body), Some(Usage::new(3, 4)));
        assert_eq!(
            Usage::from_response(br#"{"choices":[],"usage":null}"#),
            None
        );
        assert_eq!(Usage::from_response(b"<html>"), None);
    }
}
