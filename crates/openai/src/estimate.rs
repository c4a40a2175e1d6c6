//! The token estimate by which a standard deployment limits requests on arrival.
//!
//! In: characters of the prompt and the caps a request sets. Out: the tokens that the deployment charges against its tokens per
//! minute before it knows the answer. The estimate is not the billed count and is never corrected here.

use crate::request::{ChatRequest, CompletionRequest, EmbeddingRequest};

/// Tokens assumed for a completion whose request sets no cap.
pub const DEFAULT_COMPLETION: u64 = 16;

/// How the estimate is made. The service documents only its ingredients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// `ceil(prompt characters / 4) + max_tokens × max(best_of, n)`
    #[default]
    Documented,
    /// The cap alone for completions, `ceil(characters / 4)` of each input for embeddings, as measured on gpt-35-turbo.
    Observed,
}

/// The estimate for a chat completion.
pub fn chat(variant: Variant, request: &ChatRequest<'_>) -> u64 {
    let cap = request.completion_cap().unwrap_or(DEFAULT_COMPLETION);
    match variant {
        Variant::Documented => quarter(request.prompt_chars())
            .saturating_add(cap.saturating_mul(request.choice_count())),
        Variant::Observed => cap,
    }
}

/// The estimate for a legacy completion. Several prompts in one request each get their own completions.
pub fn completion(variant: Variant, request: &CompletionRequest<'_>) -> u64 {
    let cap = request.max_tokens.unwrap_or(DEFAULT_COMPLETION);
    match variant {
        Variant::Documented => quarter(request.prompt.chars()).saturating_add(
            cap.saturating_mul(request.generated_per_prompt())
                .saturating_mul(request.prompt.len() as u64),
        ),
        Variant::Observed => cap,
    }
}

/// The estimate for embeddings.
pub fn embeddings(variant: Variant, request: &EmbeddingRequest<'_>) -> u64 {
    match variant {
        Variant::Documented => quarter(request.input.chars()),
        Variant::Observed => request
            .input
            .iter()
            .map(|input| quarter(input.chars()))
            .fold(0, u64::saturating_add),
    }
}

fn quarter(chars: u64) -> u64 {
    chars.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_variant_adds_prompt_and_cap() {
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":"{}"}}],"max_tokens":490}}"#,
            "a".repeat(40)
        );
        let request = ChatRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(chat(Variant::Documented, &request), 500);
        assert_eq!(chat(Variant::Observed, &request), 490);
    }

    #[test]
    fn choices_multiply_the_cap() {
        let body = br#"{"messages":[{"role":"user","content":"abcd"}],"max_tokens":10,"n":3}"#;
        assert_eq!(
            chat(Variant::Documented, &ChatRequest::parse(body).unwrap()),
            31
        );
        let body = br#"{"prompt":["abcd","efgh"],"max_tokens":10,"n":1,"best_of":2}"#;
        assert_eq!(
            completion(
                Variant::Documented,
                &CompletionRequest::parse(body).unwrap()
            ),
            42
        );
    }

    #[test]
    fn a_missing_cap_counts_sixteen() {
        let body = br#"{"messages":[{"role":"user","content":""}]}"#;
        assert_eq!(
            chat(Variant::Documented, &ChatRequest::parse(body).unwrap()),
            16
        );
    }

    #[test]
    fn embeddings_count_characters_only() {
        let body = br#"{"input":["abcde","f"]}"#;
        let request = EmbeddingRequest::parse(body).unwrap();
        assert_eq!(embeddings(Variant::Documented, &request), 2);
        assert_eq!(embeddings(Variant::Observed, &request), 3);
    }
}
