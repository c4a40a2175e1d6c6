//! Error bodies, to write and to read.
//!
//! In: what went wrong. Out: the body the service answers with, in one of its two shapes. And the reverse: what a gateway can
//! learn from an error body it received, whichever shape it has. Messages never repeat keys or prompts.

mod parsed;

pub use parsed::ParsedError;

use std::borrow::Cow;

use bytes::Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::content_filter::FilterResults;
use crate::endpoint::Operation;

/// An error answer of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorBody {
    /// The HTTP status.
    pub status: u16,
    /// How the body is written.
    pub shape: Shape,
    /// `code`: always a text, also when it is a number.
    pub code: Option<Cow<'static, str>>,
    /// `message`
    pub message: Cow<'static, str>,
    /// `type`
    pub kind: Option<&'static str>,
    /// `param`
    pub param: Option<Cow<'static, str>>,
    /// `innererror`, for blocked prompts.
    pub filter: Option<FilterResults>,
}

/// How an error body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"statusCode":401,"message":"…"}`: the front door.
    Flat,
    /// `{"error":{"code":"…","message":"…"}}`: the service.
    Short,
    /// The same with `type` and `param`: the model server.
    Full,
}

/// What a rate-limit error message names.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitText<'a> {
    /// The deployment's name.
    pub deployment: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The region's display name.
    pub region: &'a str,
    /// `OpenAI` or `AIServices`.
    pub resource_kind: &'a str,
    /// The operation.
    pub operation: Operation,
    /// The dated API version; `None` on v1 paths.
    pub api_version: Option<&'a str>,
    /// The same number as in `retry-after`.
    pub retry_after_seconds: u64,
    /// Whether tokens or calls ran out.
    pub limit: LimitKind,
}

/// Which of the two limits of a standard deployment was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Tokens per minute.
    Tokens,
    /// Requests per minute.
    Calls,
}

impl LimitKind {
    const fn word(self) -> &'static str {
        match self {
            LimitKind::Tokens => "token",
            LimitKind::Calls => "call",
        }
    }
}

impl ErrorBody {
    fn short(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            shape: Shape::Short,
            code: Some(code.into()),
            message: message.into(),
            kind: None,
            param: None,
            filter: None,
        }
    }

    /// 400, refused by the model server.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 400,
            shape: Shape::Full,
            code: None,
            message: message.into(),
            kind: Some("invalid_request_error"),
            param: None,
            filter: None,
        }
    }

    /// Names the member that is wrong.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// An error with status, code and message of the caller's choice.
    pub fn custom(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::short(status, code, message)
    }

    /// 400, `api-version` missing.
    pub fn missing_api_version() -> Self {
        Self::short(
            400,
            "BadRequest",
            "Missing required query parameter: api-version",
        )
    }

    /// 400, the deployment's model has no such operation.
    pub fn operation_not_supported(operation: Operation, model: &str) -> Self {
        Self::short(
            400,
            "OperationNotSupported",
            format!(
                "The {} operation does not work with the specified model, {model}. Please choose different model and try again. \
                 You can learn more about which models can be used with each operation here: \
                 https://go.microsoft.com/fwlink/?linkid=2197993.",
                operation.noun()
            ),
        )
    }

    /// 400, prompt and completion do not fit into the model's window. `completion` is the cap the request set, if any.
    pub fn context_length_exceeded(
        window: u32,
        prompt: u64,
        completion: Option<u64>,
        member: &'static str,
    ) -> Self {
        let message = match completion {
            None => format!(
                "This model's maximum context length is {window} tokens. However, your {member} resulted in {prompt} tokens. \
                 Please reduce the length of the {member}."
            ),
            Some(completion) => format!(
                "This model's maximum context length is {window} tokens. However, you requested {} tokens ({prompt} in the \
                 {member}, {completion} in the completion). Please reduce the length of the {member} or completion.",
                prompt.saturating_add(completion)
            ),
        };
        Self::invalid_request(message)
            .with_param(member)
            .with_code("context_length_exceeded")
    }

    /// 400, an embeddings input is longer than the model allows.
    pub fn embedding_too_long(window: u32, tokens: u64) -> Self {
        Self::invalid_request(format!(
            "This model's maximum context length is {window} tokens, however you requested {tokens} tokens ({tokens} in your \
             prompt; 0 for the completion). Please reduce your prompt; or completion length."
        ))
    }

    /// 400, the prompt was blocked.
    pub fn content_filter(results: FilterResults) -> Self {
        Self {
            status: 400,
            shape: Shape::Full,
            code: Some(Cow::Borrowed("content_filter")),
            message: Cow::Borrowed(
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify \
                 your prompt and retry. To learn more about our content filtering policies please read our documentation: \
                 https://go.microsoft.com/fwlink/?linkid=2198766",
            ),
            kind: None,
            param: Some(Cow::Borrowed("prompt")),
            filter: Some(results),
        }
    }

    /// 401, the key is wrong.
    pub fn access_denied() -> Self {
        Self::short(
            401,
            "401",
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active \
             subscription and use a correct regional API endpoint for your resource.",
        )
    }

    /// 401, no credentials or a bad token.
    pub fn unauthorized() -> Self {
        Self {
            shape: Shape::Flat,
            ..Self::short(
                401,
                "401",
                "Unauthorized. Access token is missing, invalid, audience is incorrect \
                 (https://cognitiveservices.azure.com), or have expired.",
            )
        }
    }

    /// 404, no such deployment.
    pub fn deployment_not_found() -> Self {
        Self::short(
            404,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, \
             please wait a moment and try again.",
        )
    }

    /// 404, no such path or version.
    pub fn resource_not_found() -> Self {
        Self::short(404, "404", "Resource not found")
    }

    /// 408.
    pub fn timeout() -> Self {
        Self::short(408, "Timeout", "The operation was timeout.")
    }

    /// 413.
    pub fn body_too_large(limit: usize) -> Self {
        Self::short(
            413,
            "RequestEntityTooLarge",
            format!("The request body is larger than the limit of {limit} bytes."),
        )
    }

    /// 429 of a standard deployment, current wording.
    pub fn rate_limit_reached(text: &RateLimitText<'_>) -> Self {
        let version = match text.api_version {
            Some(version) => format!("Azure OpenAI API version {version}"),
            None => "OpenAI Language Model Instance API".to_owned(),
        };
        Self::short(
            429,
            "RateLimitReached",
            format!(
                "Your requests to {} for {} in {} have exceeded the {} rate limit for your current {} S0 pricing tier. This \
                 request was for {} under {version}. Please retry after {}. To increase your default rate limit, visit: \
                 https://aka.ms/oai/quotaincrease.",
                text.deployment,
                text.model,
                text.region,
                text.limit.word(),
                text.resource_kind,
                text.operation.id(),
                seconds(text.retry_after_seconds),
            ),
        )
    }

    /// 429 of a standard deployment, wording of 2023.
    pub fn rate_limit_reached_legacy(text: &RateLimitText<'_>) -> Self {
        let version = match text.api_version {
            Some(version) => format!("Azure OpenAI API version {version}"),
            None => "OpenAI Language Model Instance API".to_owned(),
        };
        Self::short(
            429,
            "429",
            format!(
                "Requests to the {} Operation under {version} have exceeded {} rate limit of your current {} S0 pricing tier. \
                 Please retry after {}. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase \
                 the default rate limit.",
                text.operation.id(),
                text.limit.word(),
                text.resource_kind,
                seconds(text.retry_after_seconds),
            ),
        )
    }

    /// 429, the short form.
    pub fn rate_limit_short(retry_after_seconds: u64) -> Self {
        Self::short(
            429,
            "429",
            format!(
                "Rate limit is exceeded. Try again in {}.",
                seconds(retry_after_seconds)
            ),
        )
    }

    /// 429, the region's shared pool has no capacity.
    pub fn no_capacity() -> Self {
        Self {
            shape: Shape::Full,
            kind: Some("too_many_requests"),
            ..Self::short(
                429,
                "no_capacity",
                "The system is currently experiencing high demand and cannot process your request. Your request exceeds the \
                 maximum usage size allowed during peak load. For improved capacity reliability, consider switching to \
                 Provisioned Throughput.",
            )
        }
    }

    /// 429 of a provisioned deployment at full utilisation.
    pub fn provisioned_full(retry_after_ms: u64) -> Self {
        Self::short(
            429,
            "429",
            format!(
                "The provisioned deployment is at full utilization. Please retry after {retry_after_ms} milliseconds."
            ),
        )
    }

    /// 500 of the model server.
    pub fn server_error(request_id: &str) -> Self {
        Self {
            status: 500,
            shape: Shape::Full,
            code: None,
            message: format!(
                "The server had an error processing your request. Sorry about that! You can retry your request, or contact us \
                 through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 if you keep seeing this \
                 error. (Please include the request ID {request_id} in your email.)"
            )
            .into(),
            kind: Some("server_error"),
            param: None,
            filter: None,
        }
    }

    /// 500 of the front end.
    pub fn bad_backend() -> Self {
        Self::short(
            500,
            "InternalServerError",
            "Backend returned unexpected response. Please contact Microsoft for help.",
        )
    }

    /// 503.
    pub fn service_unavailable() -> Self {
        Self::short(
            503,
            "InternalServerError",
            "The service is temporarily unable to process your request. Please try again later.",
        )
    }

    /// The body.
    pub fn to_json(&self) -> Bytes {
        // Serialising plain texts and numbers cannot fail.
        serde_json::to_vec(self)
            .map(Bytes::from)
            .unwrap_or_default()
    }
}

fn seconds(count: u64) -> String {
    if count == 1 {
        "1 second".to_owned()
    } else {
        format!("{count} seconds")
    }
}

impl Serialize for ErrorBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.shape == Shape::Flat {
            map.serialize_entry("statusCode", &self.status)?;
            map.serialize_entry("message", &self.message)?;
        } else {
            map.serialize_entry("error", &Inner(self))?;
        }
        map.end()
    }
}

struct Inner<'a>(&'a ErrorBody);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct InnerError<'a> {
            code: &'static str,
            content_filter_result: &'a FilterResults,
        }
        let body = self.0;
        let mut map = serializer.serialize_map(None)?;
        if body.shape == Shape::Full {
            map.serialize_entry("message", &body.message)?;
            map.serialize_entry("type", &body.kind)?;
            map.serialize_entry("param", &body.param)?;
            map.serialize_entry("code", &body.code)?;
        } else {
            map.serialize_entry("code", &body.code)?;
            map.serialize_entry("message", &body.message)?;
        }
        if let Some(filter) = &body.filter {
            map.serialize_entry("status", &body.status)?;
            map.serialize_entry(
                "innererror",
                &InnerError {
                    code: "ResponsibleAIPolicyViolation",
                    content_filter_result: filter,
                },
            )?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_filter::{Category, Severity};

    fn json(body: &ErrorBody) -> String {
        String::from_utf8(body.to_json().to_vec()).unwrap()
    }

    #[test]
    fn shapes_are_exact() {
        assert_eq!(
            json(&ErrorBody::resource_not_found()),
            r#"{"error":{"code":"404","message":"Resource not found"}}"#
        );
        assert!(
            json(&ErrorBody::unauthorized())
                .starts_with(r#"{"statusCode":401,"message":"Unauthorized. "#)
        );
        assert_eq!(
            json(&ErrorBody::invalid_request(
                "'messages' is a required property"
            )),
            r#"{"error":{"message":"'messages' is a required property","type":"invalid_request_error","param":null,"code":null}}"#
        );
    }

    #[test]
    fn a_blocked_prompt_carries_the_inner_error() {
        let mut results = FilterResults::SAFE_PROMPT;
        results.raise(Category::Violence, Severity::Medium);
        let text = json(&ErrorBody::content_filter(results));
        assert!(text.contains(r#""type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate""#), "{text}");
        assert!(text.contains(r#""violence":{"filtered":true,"severity":"medium"}"#));
        assert!(
            ParsedError::parse(text.as_bytes())
                .unwrap()
                .is_content_filter()
        );
    }

    #[test]
    fn rate_limit_messages_name_everything() {
        let text = RateLimitText {
            deployment: "d",
            model: "gpt-35-turbo",
            region: "East US",
            resource_kind: "OpenAI",
            operation: Operation::ChatCompletions,
            api_version: Some("2024-10-21"),
            retry_after_seconds: 1,
            limit: LimitKind::Tokens,
        };
        let body = ErrorBody::rate_limit_reached(&text);
        assert_eq!(
            body.message,
            "Your requests to d for gpt-35-turbo in East US have exceeded the token rate limit for your current OpenAI S0 pricing \
             tier. This request was for ChatCompletions_Create under Azure OpenAI API version 2024-10-21. Please retry after 1 \
             second. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease."
        );
        let legacy = ErrorBody::rate_limit_reached_legacy(&RateLimitText {
            api_version: None,
            limit: LimitKind::Calls,
            retry_after_seconds: 7,
            ..text
        });
        assert!(legacy.message.contains("have exceeded call rate limit"));
        assert!(legacy.message.contains("retry after 7 seconds"));
    }

    #[test]
    fn context_length_names_both_parts() {
        let body = ErrorBody::context_length_exceeded(16_385, 16_385, Some(4_096), "messages");
        assert!(body.message.contains(
            "you requested 20481 tokens (16385 in the messages, 4096 in the completion)"
        ));
    }
}
