//! Token counting with the models' own encodings.
//!
//! In: texts and requests. Out: how many tokens the service will count. Texts that look like special tokens are ordinary text,
//! as in the service. Exact for plain text messages; tools and images are estimates, because their rendering is not published.
//!
//! A vocabulary is loaded at its first use, which takes tens of milliseconds: a server calls [`preload`] when it starts. Counting
//! takes about 20 µs per kilobyte and stays linear on hostile input, so bodies above some 64 kB belong off the I/O threads.

use crate::model::Encoding;
use crate::request::{ChatRequest, Content, Input, InputItem};

/// Counts tokens. The one seam between callers and the tokenizer crate.
pub trait TokenCounter {
    /// Tokens of a text.
    fn count(&self, encoding: Encoding, text: &str) -> u64;

    /// Tokens of a text if they are at most `limit`; else `None`, found without reading the text to its end.
    fn count_up_to(&self, encoding: Encoding, text: &str, limit: u64) -> Option<u64>;
}

/// The built-in vocabularies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bpe;

impl TokenCounter for Bpe {
    fn count(&self, encoding: Encoding, text: &str) -> u64 {
        vocabulary(encoding).count(text) as u64
    }

    fn count_up_to(&self, encoding: Encoding, text: &str, limit: u64) -> Option<u64> {
        let vocabulary = vocabulary(encoding);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        vocabulary
            .count_till_limit(&vocabulary.normalize(text), limit)
            .map(|count| count as u64)
    }
}

fn vocabulary(encoding: Encoding) -> &'static bpe_openai::Tokenizer {
    match encoding {
        Encoding::Cl100kBase => bpe_openai::cl100k_base(),
        Encoding::O200kBase => bpe_openai::o200k_base(),
    }
}

/// Loads a vocabulary now.
pub fn preload(encoding: Encoding) {
    vocabulary(encoding);
}

/// Tokens of a text.
pub fn count(encoding: Encoding, text: &str) -> u64 {
    Bpe.count(encoding, text)
}

/// Tokens that prime the reply, once per chat request.
const REPLY: u64 = 3;
/// Tokens around each message.
const PER_MESSAGE: u64 = 3;
/// Tokens of an image whose size is unknown.
const IMAGE: u64 = 85;
/// Tokens around the rendering of tools.
const TOOLS: u64 = 10;

/// Prompt tokens of a chat completion.
pub fn chat_prompt_tokens(encoding: Encoding, request: &ChatRequest<'_>) -> u64 {
    let mut total = REPLY;
    for message in request.messages() {
        total += PER_MESSAGE + role_tokens(encoding, message.role.as_str());
        total += match &message.content {
            Content::Absent => 0,
            Content::Text(text) => count(encoding, text.as_str()),
            parts @ Content::Parts(_) => {
                parts.texts().map(|text| count(encoding, text)).sum::<u64>()
                    + IMAGE * parts.images() as u64
            }
        };
        if let Some(name) = &message.name {
            total += 1 + count(encoding, name.as_str());
        }
        if let Some(calls) = message.tool_calls {
            total += count(encoding, calls.get());
        }
    }
    for tools in [request.tools, request.functions].into_iter().flatten() {
        total += TOOLS + compact_json_tokens(encoding, tools.get());
    }
    total
}

fn role_tokens(encoding: Encoding, role: &str) -> u64 {
    match role {
        "user" | "system" | "assistant" | "tool" | "function" | "developer" => 1,
        other => count(encoding, other),
    }
}

/// Counts JSON as if it had no white space between its tokens.
fn compact_json_tokens(encoding: Encoding, json: &str) -> u64 {
    match serde_json::from_str::<serde_json::Value>(json)
        .ok()
        .and_then(|value| serde_json::to_string(&value).ok())
    {
        Some(compact) => count(encoding, &compact),
        None => count(encoding, json),
    }
}

/// Tokens of prompts or inputs: a plain sum, a token list counts its length.
pub fn input_tokens(encoding: Encoding, input: &Input<'_>) -> u64 {
    input
        .iter()
        .map(|item| item_tokens(encoding, item))
        .fold(0, u64::saturating_add)
}

/// Tokens of one prompt or input.
pub fn item_tokens(encoding: Encoding, item: InputItem<'_>) -> u64 {
    match item {
        InputItem::Text(text) => count(encoding, text),
        InputItem::Tokens(tokens) => tokens.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Cl100kBase, O200kBase};

    #[test]
    fn counts_agree_with_the_reference_tokenizer() {
        for (text, cl100k, o200k) in [
            ("", 0, 0),
            ("hi", 1, 1),
            ("Hello, world!", 4, 4),
            ("tiktoken is great!", 6, 6),
            ("You are a helpful assistant.", 6, 6),
            ("2 + 2 = 4", 7, 7),
            ("naïve café 東京 👍", 9, 6),
            ("    let x = vec![1, 2, 3];\n", 14, 14),
        ] {
            assert_eq!(count(Cl100kBase, text), cl100k, "{text}");
            assert_eq!(count(O200kBase, text), o200k, "{text}");
        }
        assert_eq!(count(Cl100kBase, "<|endoftext|>"), 7);
    }

    #[test]
    fn the_known_roles_are_one_token() {
        for role in [
            "user",
            "system",
            "assistant",
            "tool",
            "function",
            "developer",
        ] {
            assert_eq!(count(Cl100kBase, role), 1, "{role}");
            assert_eq!(count(O200kBase, role), 1, "{role}");
        }
    }

    #[test]
    fn chat_prompts_add_their_overhead() {
        let tokens = |body: &str| {
            chat_prompt_tokens(Cl100kBase, &ChatRequest::parse(body.as_bytes()).unwrap())
        };
        assert_eq!(
            tokens(r#"{"messages":[{"role":"user","content":"hi"}]}"#),
            8
        );
        assert_eq!(
            tokens(
                r#"{"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Hello, world!"}]}"#
            ),
            21
        );
        assert_eq!(
            tokens(r#"{"messages":[{"role":"user","content":"hi","name":"bob"}]}"#),
            10
        );
        assert_eq!(
            tokens(
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url"}]}]}"#
            ),
            93
        );
    }

    #[test]
    fn tools_count_their_compact_form() {
        let tokens = |body: &str| {
            chat_prompt_tokens(Cl100kBase, &ChatRequest::parse(body.as_bytes()).unwrap())
        };
        let compact = tokens(r#"{"messages":[],"tools":[{"type":"function"}]}"#);
        assert_eq!(
            compact,
            tokens("{\"messages\":[],\"tools\":[ {  \"type\" :\n \"function\" } ]}")
        );
        assert!(compact > 13);
    }

    #[test]
    fn a_limit_stops_the_count() {
        assert_eq!(Bpe.count_up_to(Cl100kBase, "Hello, world!", 4), Some(4));
        assert_eq!(Bpe.count_up_to(Cl100kBase, "Hello, world!", 3), None);
        assert_eq!(
            Bpe.count_up_to(Cl100kBase, &"a".repeat(1_000_000), 10),
            None
        );
    }

    #[test]
    fn inputs_are_a_plain_sum() {
        let request =
            crate::request::EmbeddingRequest::parse(br#"{"input":["hi","Hello, world!"]}"#)
                .unwrap();
        assert_eq!(input_tokens(Cl100kBase, &request.input), 5);
        let request =
            crate::request::EmbeddingRequest::parse(br#"{"input":[[1,2,3],[4]]}"#).unwrap();
        assert_eq!(input_tokens(Cl100kBase, &request.input), 4);
    }
}
