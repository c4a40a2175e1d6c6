//! Watches a stream of chat or legacy completion chunks pass by.
//!
//! In: the pieces of a streamed body, in any cut. Out: what a gateway wants to know about it: usage, finish reasons, errors,
//! whether it came to its proper end, and on request the generated text. Never touches the bytes. A stream that is no valid
//! event stream, or has events beyond the limit, is reported as [`StreamSummary::unreadable`] and watched no further.

use serde::Deserialize;

use crate::request::Text;
use crate::sse::{DEFAULT_EVENT_LIMIT, Decoder, Event};
use crate::usage::Usage;

/// Choices a request may ask for; entries beyond are not stored.
const MAX_CHOICES: usize = 128;

/// Watches one stream.
#[derive(Debug, Default)]
pub struct StreamWatcher {
    decoder: Decoder,
    summary: StreamSummary,
    text_limit: usize,
}

/// What was seen of a stream so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamSummary {
    /// `[DONE]` was seen.
    pub done: bool,
    /// The usage chunk.
    pub usage: Option<Usage>,
    /// The choices, in the order of their first chunk.
    pub choices: Vec<ChoiceSummary>,
    /// The `model` member of the first chunk that has one.
    pub model: Option<String>,
    /// Events seen, `[DONE]` not counted.
    pub events: u64,
    /// The message of an error event.
    pub error: Option<String>,
    /// The stream is not what it claims to be; everything else is incomplete.
    pub unreadable: bool,
    /// The text was longer than asked for and is incomplete.
    pub text_cut: bool,
}

/// One choice of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChoiceSummary {
    /// Its index.
    pub index: u32,
    /// Why it ended.
    pub finish_reason: Option<String>,
    /// The generated text, if it is collected.
    pub text: String,
}

impl StreamSummary {
    /// Whether the answer is whole: every choice seen has a finish reason, and the stream ended with `[DONE]` and no error.
    pub fn is_whole(&self) -> bool {
        self.done
            && self.error.is_none()
            && !self.unreadable
            && self
                .choices
                .iter()
                .all(|choice| choice.finish_reason.is_some())
    }
}

impl StreamWatcher {
    /// A watcher that collects no text: events that say nothing new are not even parsed.
    pub fn new() -> Self {
        Self {
            decoder: Decoder::new(DEFAULT_EVENT_LIMIT),
            summary: StreamSummary::default(),
            text_limit: 0,
        }
    }

    /// A watcher that also collects the generated text, up to `limit` bytes over all choices, for counting tokens afterwards.
    pub fn with_text(limit: usize) -> Self {
        Self {
            text_limit: limit,
            ..Self::new()
        }
    }

    /// Looks at one piece.
    pub fn push(&mut self, piece: &[u8]) {
        if self.summary.unreadable {
            return;
        }
        let (summary, text_limit) = (&mut self.summary, self.text_limit);
        if self
            .decoder
            .push(piece, |event| summary.see(event, text_limit))
            .is_err()
        {
            summary.unreadable = true;
        }
    }

    /// What was seen so far.
    pub fn summary(&self) -> &StreamSummary {
        &self.summary
    }

    /// What was seen, at the end of the body.
    pub fn finish(mut self) -> StreamSummary {
        if self.decoder.has_partial_event() {
            self.summary.done = false;
        }
        self.summary
    }
}

impl StreamSummary {
    fn see(&mut self, event: Event<'_>, text_limit: usize) {
        if event.is_done() {
            self.done = true;
            return;
        }
        self.events = self.events.saturating_add(1);
        // The first chunks are always read, for the model's name and the choices.
        if text_limit == 0 && self.model.is_some() && !is_telling(event.data) {
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(event.data) else {
            self.unreadable = true;
            return;
        };
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage);
        }
        if self.model.is_none() {
            self.model = chunk
                .model
                .filter(|model| !model.as_str().is_empty())
                .map(|model| model.0.into_owned());
        }
        if let Some(error) = chunk.error {
            self.error = Some(
                error
                    .message
                    .map(|message| message.0.into_owned())
                    .unwrap_or_default(),
            );
        }
        for choice in chunk.choices.unwrap_or_default() {
            self.see_choice(choice, text_limit);
        }
    }

    fn see_choice(&mut self, seen: Choice<'_>, text_limit: usize) {
        let collected: usize = self.choices.iter().map(|choice| choice.text.len()).sum();
        let at = match self
            .choices
            .iter()
            .position(|choice| choice.index == seen.index)
        {
            Some(at) => at,
            None if self.choices.len() < MAX_CHOICES => {
                self.choices.push(ChoiceSummary {
                    index: seen.index,
                    ..ChoiceSummary::default()
                });
                self.choices.len() - 1
            }
            None => return,
        };
        let Some(choice) = self.choices.get_mut(at) else {
            return;
        };
        if let Some(reason) = seen.finish_reason {
            choice.finish_reason = Some(reason.0.into_owned());
        }
        if text_limit == 0 {
            return;
        }
        let text = seen
            .text
            .or_else(|| seen.delta.and_then(|delta| delta.content));
        if let Some(text) = text {
            if collected.saturating_add(text.as_str().len()) <= text_limit {
                choice.text.push_str(text.as_str());
            } else {
                self.text_cut = true;
            }
        }
    }
}

/// Whether an event can say more than another piece of text: a cheap search, wrong only on the safe side.
fn is_telling(data: &[u8]) -> bool {
    has_value(data, b"\"finish_reason\"")
        || has_value(data, b"\"usage\"")
        || has_value(data, b"\"error\"")
}

/// Whether a member of this name stands anywhere in the text with a value other than `null`.
fn has_value(data: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find_iter(data, name).any(|at| {
        let rest = data.get(at + name.len()..).unwrap_or_default();
        let rest = rest.trim_ascii_start();
        match rest.strip_prefix(b":") {
            Some(value) => !value.trim_ascii_start().starts_with(b"null"),
            None => false,
        }
    })
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    error: Option<ChunkError<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ChunkError<'a> {
    #[serde(borrow, default)]
    message: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"model":"gpt-4o","usage":null}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null,"index":0}],"model":"gpt-4o","usage":null}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}],"model":"gpt-4o","usage":null}"#,
        "\n\n",
        r#"data: {"choices":[],"model":"gpt-4o","usage":{"completion_tokens":1,"prompt_tokens":8,"total_tokens":9}}"#,
        "\n\ndata: [DONE]\n\n",
    );

    fn watch(mut watcher: StreamWatcher, text: &str, cut: usize) -> StreamSummary {
        for piece in text.as_bytes().chunks(cut) {
            watcher.push(piece);
        }
        watcher.finish()
    }

    #[test]
    fn a_whole_stream_is_summed_up_in_any_cut() {
        for cut in [1, 3, 7, 4_096] {
            let summary = watch(StreamWatcher::new(), STREAM, cut);
            assert!(summary.is_whole());
            assert_eq!(summary.usage, Some(Usage::new(8, 1)));
            assert_eq!(summary.model.as_deref(), Some("gpt-4o"));
            assert_eq!(summary.choices[0].finish_reason.as_deref(), Some("stop"));
            assert_eq!(summary.choices[0].text, "");
            assert_eq!(summary.events, 5);
        }
    }

    #[test]
    fn text_is_collected_up_to_its_limit() {
        let summary = watch(StreamWatcher::with_text(100), STREAM, 5);
        assert_eq!(summary.choices[0].text, "Hi");
        let summary = watch(StreamWatcher::with_text(1), STREAM, 5);
        assert!(summary.text_cut);
    }

    #[test]
    fn a_cut_stream_is_not_whole() {
        let half = STREAM.split("data: [DONE]").next().unwrap();
        assert!(!watch(StreamWatcher::new(), half, 64).is_whole());
        let mid_event = &STREAM[..STREAM.len() - 1];
        assert!(!watch(StreamWatcher::new(), mid_event, 64).is_whole());
    }

    #[test]
    fn an_error_event_is_reported() {
        let text = "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";
        let summary = watch(StreamWatcher::new(), text, 10);
        assert_eq!(summary.error.as_deref(), Some("boom"));
        assert!(!summary.is_whole());
    }

    #[test]
    fn garbage_is_called_unreadable() {
        assert!(watch(StreamWatcher::new(), "data: <html>\n\n", 10).unreadable);
        assert!(!watch(StreamWatcher::new(), "<html></html>", 10).is_whole());
    }

    #[test]
    fn quoted_member_names_in_text_do_no_harm() {
        let text = r#"data: {"choices":[{"delta":{"content":"\"usage\": 5, \"finish_reason\":\"x\""},"finish_reason":null,"index":0}],"model":"m"}"#;
        let summary = watch(StreamWatcher::new(), &format!("{text}\n\n{text}\n\n"), 9);
        assert_eq!(summary.usage, None);
        assert_eq!(summary.choices[0].finish_reason, None);
        assert!(!summary.unreadable);
    }
}
