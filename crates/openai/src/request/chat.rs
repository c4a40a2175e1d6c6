//! Chat completion requests.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{RequestError, Sampling, Text, count, flag, include_usage, member, number, texts};

/// A chat completion request.
#[derive(Debug, Clone)]
pub struct ChatRequest<'a> {
    /// The deployment on v1 paths; ignored on dated ones.
    pub model: Option<Text<'a>>,
    /// The messages; `None` when the member is missing.
    pub messages: Option<Vec<Message<'a>>>,
    /// Cap on generated tokens, older name.
    pub max_tokens: Option<u64>,
    /// Cap on generated tokens, newer name.
    pub max_completion_tokens: Option<u64>,
    /// Choices wanted.
    pub n: Option<u64>,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// Whether the stream ends with a usage chunk.
    pub include_usage: bool,
    /// Texts that end the answer.
    pub stop: Vec<Text<'a>>,
    /// Ranges to check.
    pub sampling: Sampling,
    /// Whether log probabilities are wanted.
    pub logprobs: bool,
    /// How many alternatives with log probabilities.
    pub top_logprobs: Option<u64>,
    /// `tools`, raw.
    pub tools: Option<&'a RawValue>,
    /// `functions`, raw.
    pub functions: Option<&'a RawValue>,
    /// `tool_choice`, raw.
    pub tool_choice: Option<&'a RawValue>,
    /// `response_format`, raw.
    pub response_format: Option<&'a RawValue>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
    pub role: Text<'a>,
    /// What is said.
    pub content: Content<'a>,
    /// The speaker's name.
    pub name: Option<Text<'a>>,
    /// `tool_calls` of an assistant message, raw.
    pub tool_calls: Option<&'a RawValue>,
}

/// A message's content.
#[derive(Debug, Clone, Default)]
pub enum Content<'a> {
    /// `null` or missing, as in messages that call tools.
    #[default]
    Absent,
    /// A text.
    Text(Text<'a>),
    /// Parts.
    Parts(Vec<Part<'a>>),
}

/// One part of a content.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// A text.
    Text(Text<'a>),
    /// An image.
    Image,
    /// A kind that this view does not read.
    Other,
}

impl Content<'_> {
    /// The texts in it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, parts) = match self {
            Content::Absent => (None, None),
            Content::Text(text) => (Some(text.as_str()), None),
            Content::Parts(parts) => (None, Some(parts)),
        };
        text.into_iter()
            .chain(parts.into_iter().flatten().filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Image | Part::Other => None,
            }))
    }

    /// How many images are in it.
    pub fn images(&self) -> usize {
        match self {
            Content::Parts(parts) => parts
                .iter()
                .filter(|part| matches!(part, Part::Image))
                .count(),
            Content::Absent | Content::Text(_) => 0,
        }
    }
}

impl<'a> ChatRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When the body is not a JSON object or a member has the wrong type.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        let wire: Wire<'a> =
            serde_json::from_slice(body).map_err(|error| RequestError::not_json(&error))?;
        let messages =
            member::<Vec<WireMessage<'a>>>(wire.messages, "messages", "a list of messages")?
                .map(|messages| {
                    messages
                        .into_iter()
                        .map(Message::read)
                        .collect::<Result<Vec<_>, _>>()
                })
                .transpose()?;
        Ok(Self {
            model: member(wire.model, "model", "of type 'string'")?,
            messages,
            max_tokens: count(wire.max_tokens, "max_tokens")?,
            max_completion_tokens: count(wire.max_completion_tokens, "max_completion_tokens")?,
            n: count(wire.n, "n")?,
            stream: flag(wire.stream, "stream")?,
            include_usage: include_usage(wire.stream_options)?,
            stop: texts(wire.stop, "stop")?,
            sampling: Sampling {
                temperature: number(wire.temperature, "temperature")?,
                top_p: number(wire.top_p, "top_p")?,
                presence_penalty: number(wire.presence_penalty, "presence_penalty")?,
                frequency_penalty: number(wire.frequency_penalty, "frequency_penalty")?,
            },
            logprobs: flag(wire.logprobs, "logprobs")?,
            top_logprobs: count(wire.top_logprobs, "top_logprobs")?,
            tools: wire.tools,
            functions: wire.functions,
            tool_choice: wire.tool_choice,
            response_format: wire.response_format,
        })
    }

    /// The messages; none when the member is missing.
    pub fn messages(&self) -> &[Message<'a>] {
        self.messages.as_deref().unwrap_or_default()
    }

    /// The cap on generated tokens, by either name; the newer name wins.
    pub fn completion_cap(&self) -> Option<u64> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// Choices wanted, at least 1.
    pub fn choice_count(&self) -> u64 {
        self.n.unwrap_or(1).max(1)
    }

    /// Unicode characters of all message contents.
    pub fn prompt_chars(&self) -> u64 {
        self.texts()
            .map(|text| text.chars().count() as u64)
            .fold(0, u64::saturating_add)
    }

    /// All texts of all messages, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages()
            .iter()
            .flat_map(|message| message.content.texts())
    }
}

impl<'a> Message<'a> {
    fn read(wire: WireMessage<'a>) -> Result<Self, RequestError> {
        const EXPECTED: &str = "of type 'string' or 'array'";
        let content = match wire.content {
            None => Content::Absent,
            Some(raw) if raw.get().starts_with('[') => {
                let parts: Vec<WirePart<'a>> =
                    member(Some(raw), "messages.content", EXPECTED)?.unwrap_or_default();
                Content::Parts(parts.into_iter().map(Part::read).collect())
            }
            raw => {
                member(raw, "messages.content", EXPECTED)?.map_or(Content::Absent, Content::Text)
            }
        };
        Ok(Self {
            role: wire.role,
            content,
            name: wire.name,
            tool_calls: wire.tool_calls,
        })
    }
}

impl<'a> Part<'a> {
    fn read(wire: WirePart<'a>) -> Self {
        match (wire.kind.as_str(), wire.text) {
            ("text", Some(text)) => Part::Text(text),
            ("image_url", _) => Part::Image,
            _ => Part::Other,
        }
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
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
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    top_logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    tools: Option<&'a RawValue>,
    #[serde(borrow)]
    functions: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    response_format: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireMessage<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WirePart<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_request_is_read() {
        let body = br#"{"model":"d","messages":[{"role":"system","content":"S"},
            {"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"x"}},{"type":"audio"}],"name":"bob"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}],
            "max_tokens":7,"n":2,"stream":true,"stream_options":{"include_usage":true},"stop":"END","temperature":0.5,"unknown":{}}"#;
        let request = ChatRequest::parse(body).unwrap();
        assert_eq!(request.model.as_ref().map(Text::as_str), Some("d"));
        assert_eq!(request.texts().collect::<Vec<_>>(), ["S", "look"]);
        assert_eq!(request.messages()[1].content.images(), 1);
        assert_eq!(
            request.messages()[1].name.as_ref().map(Text::as_str),
            Some("bob")
        );
        assert!(request.messages()[2].tool_calls.is_some());
        assert_eq!(request.completion_cap(), Some(7));
        assert_eq!(request.choice_count(), 2);
        assert!(request.stream && request.include_usage);
        assert_eq!(request.stop.len(), 1);
        assert_eq!(request.prompt_chars(), 5);
    }

    #[test]
    fn the_newer_cap_wins() {
        let body = br#"{"messages":[],"max_tokens":7,"max_completion_tokens":9}"#;
        assert_eq!(ChatRequest::parse(body).unwrap().completion_cap(), Some(9));
    }

    #[test]
    fn null_means_absent() {
        let body = br#"{"messages":null,"max_tokens":null,"stream":null,"stop":null,"stream_options":null}"#;
        let request = ChatRequest::parse(body).unwrap();
        assert!(request.messages.is_none());
        assert!(!request.stream);
    }

    #[test]
    fn wrong_types_name_their_member() {
        for (body, expected) in [
            (r#"{"messages":"hi"}"#, "messages"),
            (
                r#"{"messages":[{"role":"user","content":5}]}"#,
                "messages.content",
            ),
            (r#"{"max_tokens":"7"}"#, "max_tokens"),
            (r#"{"max_tokens":-7}"#, "max_tokens"),
            (r#"{"stream":"yes"}"#, "stream"),
            (r#"{"stop":[1]}"#, "stop"),
        ] {
            match ChatRequest::parse(body.as_bytes()) {
                Err(RequestError::Member { member, .. }) => assert_eq!(member, expected),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for body in ["", "[]", "1", "{", "\u{0}", "{\"messages\":[}"] {
            assert!(
                matches!(
                    ChatRequest::parse(body.as_bytes()),
                    Err(RequestError::NotJson { .. })
                ),
                "{body}"
            );
        }
        assert!(ChatRequest::parse(&[0xff, 0xfe]).is_err());
    }
}
