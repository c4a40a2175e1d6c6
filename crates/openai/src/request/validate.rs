//! What the service itself refuses about a request that can be read.
//!
//! In: a request view and the model it goes to. Out: the error body of the first thing wrong, in the service's words. A gateway
//! has no use for this: it lets the service judge.

use super::{
    ChatRequest, CompletionRequest, EmbeddingRequest, InputItem, RequestError, Sampling, Text,
};
use crate::error::ErrorBody;
use crate::model::ModelInfo;

/// Messages in one chat request.
pub const MAX_MESSAGES: usize = 2_048;
/// Inputs in one embeddings request, and prompts in one legacy completion.
pub const MAX_INPUTS: usize = 2_048;
/// Choices in one request.
pub const MAX_CHOICES: u64 = 128;
/// Texts in `stop`.
pub const MAX_STOPS: usize = 4;

impl RequestError {
    /// The error body the service answers a body with that could not be read.
    pub fn to_error_body(&self) -> ErrorBody {
        match self {
            RequestError::NotJson { .. } => ErrorBody::invalid_request(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
                 library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
            ),
            RequestError::Member { member, .. } => {
                ErrorBody::invalid_request(self.to_string()).with_param(*member)
            }
        }
    }
}

/// Checks a chat completion request.
///
/// # Errors
/// The service's answer to the first thing wrong.
pub fn chat(request: &ChatRequest<'_>, model: &ModelInfo) -> Result<(), ErrorBody> {
    let Some(messages) = &request.messages else {
        return Err(missing("messages"));
    };
    if messages.is_empty() {
        return Err(ErrorBody::invalid_request("[] is too short - 'messages'"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(too_long("messages", messages.len(), MAX_MESSAGES));
    }
    const ROLES: [&str; 6] = [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "function",
    ];
    for (at, message) in messages.iter().enumerate() {
        let role = message.role.as_str();
        if !ROLES.contains(&role) {
            return Err(ErrorBody::invalid_request(format!(
                "'{}' is not one of ['system', 'assistant', 'user', 'function', 'tool', 'developer'] - 'messages.{at}.role'",
                shown(role)
            )));
        }
    }
    choices(request.n)?;
    stops(&request.stop)?;
    sampling(&request.sampling)?;
    range(
        "top_logprobs",
        request.top_logprobs.map(|value| value as f64),
        0.0,
        20.0,
    )?;
    if model.reasoning && request.max_tokens.is_some() {
        return Err(ErrorBody::invalid_request(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        )
        .with_param("max_tokens")
        .with_code("unsupported_parameter"));
    }
    let (name, cap) = match request.max_completion_tokens {
        Some(cap) => ("max_completion_tokens", Some(cap)),
        None => ("max_tokens", request.max_tokens),
    };
    completion_cap(name, cap, model, 1)
}

/// Checks a legacy completion request.
///
/// # Errors
/// The service's answer to the first thing wrong.
pub fn completion(request: &CompletionRequest<'_>, model: &ModelInfo) -> Result<(), ErrorBody> {
    if request.prompt.is_empty() {
        return Err(ErrorBody::invalid_request("[] is too short - 'prompt'"));
    }
    if request.prompt.len() > MAX_INPUTS {
        return Err(too_long("prompt", request.prompt.len(), MAX_INPUTS));
    }
    choices(request.n)?;
    range(
        "best_of",
        request.best_of.map(|value| value as f64),
        0.0,
        20.0,
    )?;
    if request
        .best_of
        .is_some_and(|best_of| best_of < request.choice_count())
    {
        return Err(ErrorBody::invalid_request(
            "You requested that the server return more choices than it will generate (HINT: best_of must be greater than or equal to n).",
        ));
    }
    if request.stream && request.generated_per_prompt() > request.choice_count() {
        return Err(ErrorBody::invalid_request(
            "Can't stream results when best_of is greater than n.",
        ));
    }
    range(
        "logprobs",
        request.logprobs.map(|value| value as f64),
        0.0,
        5.0,
    )?;
    stops(&request.stop)?;
    sampling(&request.sampling)?;
    completion_cap("max_tokens", request.max_tokens, model, 0)
}

/// Checks an embeddings request. Token limits are checked where tokens are counted.
///
/// # Errors
/// The service's answer to the first thing wrong.
pub fn embeddings(request: &EmbeddingRequest<'_>, model: &ModelInfo) -> Result<(), ErrorBody> {
    if request.input.is_empty() {
        return Err(missing("input"));
    }
    if request.input.len() > MAX_INPUTS {
        return Err(too_long("input", request.input.len(), MAX_INPUTS));
    }
    if request
        .input
        .iter()
        .any(|item: InputItem<'_>| item.is_empty())
    {
        return Err(ErrorBody::invalid_request(
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
        ));
    }
    let Some(dimensions) = request.dimensions else {
        return Ok(());
    };
    match model.embedding {
        Some(info) if info.adjustable => range(
            "dimensions",
            Some(dimensions as f64),
            1.0,
            f64::from(info.dimensions),
        ),
        _ => Err(ErrorBody::invalid_request(
            "This model does not support specifying dimensions.",
        )),
    }
}

fn missing(member: &str) -> ErrorBody {
    ErrorBody::invalid_request(format!("'{member}' is a required property"))
}

fn too_long(member: &str, found: usize, most: usize) -> ErrorBody {
    ErrorBody::invalid_request(format!(
        "Invalid '{member}': array too long. Expected an array with maximum length {most}, but got an array with length {found} instead."
    ))
    .with_param(member.to_owned())
    .with_code("array_above_max_length")
}

fn choices(n: Option<u64>) -> Result<(), ErrorBody> {
    range("n", n.map(|value| value as f64), 1.0, MAX_CHOICES as f64)
}

fn stops(stop: &[Text<'_>]) -> Result<(), ErrorBody> {
    if stop.len() > MAX_STOPS {
        return Err(too_long("stop", stop.len(), MAX_STOPS));
    }
    Ok(())
}

fn sampling(sampling: &Sampling) -> Result<(), ErrorBody> {
    range("temperature", sampling.temperature, 0.0, 2.0)?;
    range("top_p", sampling.top_p, 0.0, 1.0)?;
    range("presence_penalty", sampling.presence_penalty, -2.0, 2.0)?;
    range("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0)
}

fn completion_cap(
    name: &'static str,
    cap: Option<u64>,
    model: &ModelInfo,
    least: u64,
) -> Result<(), ErrorBody> {
    let Some(cap) = cap else { return Ok(()) };
    if cap < least {
        return Err(ErrorBody::invalid_request(format!(
            "{cap} is less than the minimum of {least} - '{name}'"
        )));
    }
    if cap > u64::from(model.max_output) {
        return Err(ErrorBody::invalid_request(format!(
            "{name} is too large: {cap}. This model supports at most {} completion tokens, whereas you provided {cap}.",
            model.max_output
        ))
        .with_param(name));
    }
    Ok(())
}

fn range(member: &'static str, value: Option<f64>, least: f64, most: f64) -> Result<(), ErrorBody> {
    match value {
        Some(value) if value < least => Err(ErrorBody::invalid_request(format!(
            "{value} is less than the minimum of {least} - '{member}'"
        ))),
        Some(value) if value > most => Err(ErrorBody::invalid_request(format!(
            "{value} is greater than the maximum of {most} - '{member}'"
        ))),
        _ => Ok(()),
    }
}

/// What a message may repeat of the request: a short piece.
fn shown(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lookup;

    fn chat_error(body: &str, model: &str) -> Option<String> {
        let request = ChatRequest::parse(body.as_bytes()).unwrap();
        chat(&request, lookup(model))
            .err()
            .map(|error| error.message.into_owned())
    }

    #[test]
    fn good_requests_pass() {
        assert_eq!(
            chat_error(
                r#"{"messages":[{"role":"user","content":"x"}],"max_tokens":10,"n":2}"#,
                "gpt-4o"
            ),
            None
        );
    }

    #[test]
    fn required_members_are_asked_for() {
        assert_eq!(
            chat_error("{}", "gpt-4o").unwrap(),
            "'messages' is a required property"
        );
        assert_eq!(
            chat_error(r#"{"messages":[]}"#, "gpt-4o").unwrap(),
            "[] is too short - 'messages'"
        );
    }

    #[test]
    fn ranges_are_checked() {
        let user = r#""messages":[{"role":"user","content":"x"}]"#;
        assert_eq!(
            chat_error(&format!(r#"{{{user},"temperature":2.5}}"#), "gpt-4o").unwrap(),
            "2.5 is greater than the maximum of 2 - 'temperature'"
        );
        assert_eq!(
            chat_error(&format!(r#"{{{user},"n":0}}"#), "gpt-4o").unwrap(),
            "0 is less than the minimum of 1 - 'n'"
        );
        assert!(
            chat_error(&format!(r#"{{{user},"max_tokens":5000}}"#), "gpt-35-turbo")
                .unwrap()
                .contains("at most 4096")
        );
        assert!(
            chat_error(
                &format!(r#"{{{user},"stop":["1","2","3","4","5"]}}"#),
                "gpt-4o"
            )
            .is_some()
        );
        assert!(
            chat_error(&format!(r#"{{{user},"max_tokens":5}}"#), "o1")
                .unwrap()
                .contains("max_completion_tokens")
        );
        assert!(
            chat_error(r#"{"messages":[{"role":"king","content":"x"}]}"#, "gpt-4o")
                .unwrap()
                .contains("'king'")
        );
    }

    #[test]
    fn best_of_must_cover_n() {
        let request = CompletionRequest::parse(br#"{"prompt":"x","n":3,"best_of":2}"#).unwrap();
        assert!(completion(&request, lookup("gpt-35-turbo")).is_err());
        let request =
            CompletionRequest::parse(br#"{"prompt":"x","best_of":2,"stream":true}"#).unwrap();
        assert!(completion(&request, lookup("gpt-35-turbo")).is_err());
    }

    #[test]
    fn dimensions_depend_on_the_model() {
        let request = EmbeddingRequest::parse(br#"{"input":"x","dimensions":256}"#).unwrap();
        assert!(embeddings(&request, lookup("text-embedding-ada-002")).is_err());
        assert!(embeddings(&request, lookup("text-embedding-3-small")).is_ok());
        let request = EmbeddingRequest::parse(br#"{"input":["x",""]}"#).unwrap();
        assert!(embeddings(&request, lookup("text-embedding-ada-002")).is_err());
    }
}
