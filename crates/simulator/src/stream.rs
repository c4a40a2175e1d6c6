//! The events of a stream, in the service's order.
//!
//! In: planned choices. Out: encoded events with their times: prompt annotation, role of each choice, pieces of text (choices
//! interleaved), finish of each choice, usage if asked for, `[DONE]`. Rendered one by one, so a long answer takes no memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use tidegate_openai::Usage;
use tidegate_openai::content_filter::{Annotation, FilterResults, PromptFilterResult};
use tidegate_openai::response::{
    ChatChunk, ChatChunkChoice, CompletionChoice, FilterOffsets, FinishReason, Member,
    TextCompletion, ToolCall, ToolCallDelta,
};
use tidegate_openai::sse;

use crate::body::{Chunk, ChunkSource};
use crate::fault::Verdict;
use crate::latency::Latency;
use crate::text::Script;

/// Characters after which an asynchronous filter tells its verdict.
const LATE_VERDICT: u64 = 200;

/// Which operation's chunks are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Chat,
    Legacy,
}

/// One choice to be streamed.
pub(crate) struct StreamChoice {
    pub(crate) index: u32,
    pub(crate) script: Script,
    /// Tokens of the whole script.
    pub(crate) tokens: u64,
    pub(crate) finish: FinishReason,
    /// The verdict on the whole.
    pub(crate) verdict: FilterResults,
    /// Sent before the script, for `echo`.
    pub(crate) prefix: Option<String>,
    /// A tool call, whose arguments the script holds.
    pub(crate) tool: Option<ToolCall>,
}

/// What all chunks of a stream share.
pub(crate) struct Envelope {
    pub(crate) form: Form,
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) include_usage: bool,
    pub(crate) usage: Usage,
    /// How verdicts are told; no verdicts at all without.
    pub(crate) filter: Option<FilterTelling>,
    /// Verdicts that open the stream; none when empty.
    pub(crate) prompt: Vec<PromptFilterResult>,
    pub(crate) tokens_per_chunk: u32,
}

/// When verdicts on completions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterTelling {
    /// With the piece.
    AtOnce,
    /// Later, in chunks of their own.
    Later,
}

/// The source of a stream's events.
pub(crate) struct Events {
    envelope: Envelope,
    choices: Vec<Progress>,
    cursor: usize,
    phase: Phase,
    latency: Arc<Latency>,
    slow: Verdict,
    rng: fastrand::Rng,
    buffer: BytesMut,
    text: String,
}

struct Progress {
    choice: StreamChoice,
    opened: bool,
    finished: bool,
    tokens_left: u64,
    /// Characters sent, and of these, characters judged aloud.
    sent: u64,
    judged: u64,
    verdict_due: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Prompt,
    Choices,
    Usage,
    Done,
    Ended,
}

impl Events {
    pub(crate) fn new(
        envelope: Envelope,
        choices: Vec<StreamChoice>,
        latency: Arc<Latency>,
        slow: Verdict,
        rng: fastrand::Rng,
    ) -> Self {
        let choices = choices
            .into_iter()
            .map(|choice| Progress {
                tokens_left: choice.tokens,
                choice,
                opened: false,
                finished: false,
                sent: 0,
                judged: 0,
                verdict_due: false,
            })
            .collect();
        Self {
            envelope,
            choices,
            cursor: 0,
            phase: Phase::Prompt,
            latency,
            slow,
            rng,
            buffer: BytesMut::new(),
            text: String::new(),
        }
    }

    /// The next choice that is not finished, in turns.
    fn turn(&mut self) -> Option<usize> {
        let count = self.choices.len();
        let at = (0..count)
            .map(|step| (self.cursor + step) % count.max(1))
            .find(|at| {
                self.choices
                    .get(*at)
                    .is_some_and(|progress| !progress.finished)
            })?;
        Some(at)
    }

    fn choice_event(&mut self, at: usize) -> Option<Chunk> {
        let per_chunk = self.envelope.tokens_per_chunk;
        let telling = self.envelope.filter;
        let form = self.envelope.form;
        // Choices are generated side by side: only the first that is still running takes time.
        let leads = self.choices.iter().position(|progress| !progress.finished) == Some(at);
        let progress = self.choices.get_mut(at)?;
        let index = progress.choice.index;
        let quiet = if telling == Some(FilterTelling::AtOnce) {
            Annotation::Empty
        } else {
            Annotation::Absent
        };
        if !progress.opened {
            progress.opened = true;
            self.cursor = at + 1;
            match (&progress.choice.tool, form) {
                (Some(call), _) => {
                    let open =
                        ChatChunkChoice::tool_role(index, quiet, ToolCallDelta::open(0, call));
                    return Some(render_chat(
                        &mut self.buffer,
                        &self.envelope,
                        Some(open),
                        0,
                        Duration::ZERO,
                    ));
                }
                (None, Form::Chat) => {
                    let role = ChatChunkChoice::role(index, quiet);
                    return Some(render_chat(
                        &mut self.buffer,
                        &self.envelope,
                        Some(role),
                        0,
                        Duration::ZERO,
                    ));
                }
                (None, Form::Legacy) => {
                    if let Some(prefix) = progress.choice.prefix.take() {
                        return Some(render_legacy(
                            &mut self.buffer,
                            &self.envelope,
                            Some((index, &prefix, quiet, None)),
                            0,
                            Duration::ZERO,
                        ));
                    }
                }
            }
        }
        if progress.verdict_due {
            progress.verdict_due = false;
            let offsets = FilterOffsets {
                check_offset: progress.sent,
                end_offset: progress.sent,
                start_offset: progress.judged,
            };
            progress.judged = progress.sent;
            let verdict = Annotation::Results(progress.choice.verdict);
            self.cursor = at + 1;
            let judged = ChatChunkChoice::late_annotation(index, verdict, offsets, None);
            return Some(render_late(&mut self.buffer, judged));
        }
        if progress.choice.script.is_done() {
            progress.finished = true;
            self.cursor = at + 1;
            let tokens = std::mem::take(&mut progress.tokens_left);
            let blocked = progress.choice.finish == FinishReason::ContentFilter;
            let verdict = match telling {
                Some(_) if blocked => Annotation::Results(progress.choice.verdict),
                _ => quiet,
            };
            let reason = progress.choice.finish;
            return Some(match form {
                Form::Chat => {
                    let finish = ChatChunkChoice::finish(index, verdict, reason);
                    render_chat(
                        &mut self.buffer,
                        &self.envelope,
                        Some(finish),
                        tokens,
                        Duration::ZERO,
                    )
                }
                Form::Legacy => render_legacy(
                    &mut self.buffer,
                    &self.envelope,
                    Some((index, "", verdict, Some(reason))),
                    tokens,
                    Duration::ZERO,
                ),
            });
        }
        self.text.clear();
        let pieces = progress.choice.script.take(per_chunk, &mut self.text);
        let tokens = u64::from(pieces).min(progress.tokens_left);
        progress.tokens_left -= tokens;
        progress.sent = progress
            .sent
            .saturating_add(self.text.chars().count() as u64);
        let unjudged = progress.sent.saturating_sub(progress.judged);
        let ending = progress.choice.script.is_done();
        progress.verdict_due = telling == Some(FilterTelling::Later)
            && unjudged > 0
            && (unjudged >= LATE_VERDICT || ending);
        if !progress.verdict_due {
            self.cursor = at + 1;
        }
        let verdict = match telling {
            // A blocked text's pieces were sent before the filter saw the whole.
            Some(FilterTelling::AtOnce) if progress.choice.verdict.blocks() => {
                Annotation::Results(FilterResults::SAFE_COMPLETION)
            }
            Some(FilterTelling::AtOnce) => Annotation::Results(progress.choice.verdict),
            _ => Annotation::Absent,
        };
        let wait = if leads {
            self.slow.slowed(self.latency.tokens(&mut self.rng, tokens))
        } else {
            Duration::ZERO
        };
        Some(match (form, progress.choice.tool.is_some()) {
            (Form::Chat, true) => {
                let piece = ChatChunkChoice::tool_call(
                    index,
                    quiet,
                    ToolCallDelta::arguments(0, &self.text),
                );
                render_chat(&mut self.buffer, &self.envelope, Some(piece), tokens, wait)
            }
            (Form::Chat, false) => {
                let piece = ChatChunkChoice::content(index, verdict, &self.text);
                render_chat(&mut self.buffer, &self.envelope, Some(piece), tokens, wait)
            }
            (Form::Legacy, _) => render_legacy(
                &mut self.buffer,
                &self.envelope,
                Some((index, &self.text, verdict, None)),
                tokens,
                wait,
            ),
        })
    }
}

impl ChunkSource for Events {
    fn next_chunk(&mut self) -> Option<Chunk> {
        loop {
            match self.phase {
                Phase::Prompt => {
                    self.phase = Phase::Choices;
                    if !self.envelope.prompt.is_empty() {
                        let annotation = ChatChunk::prompt_annotation(&self.envelope.prompt);
                        return Some(encode(&mut self.buffer, &annotation, 0, Duration::ZERO));
                    }
                }
                Phase::Choices => match self.turn() {
                    Some(at) => return self.choice_event(at),
                    None => self.phase = Phase::Usage,
                },
                Phase::Usage => {
                    self.phase = Phase::Done;
                    if self.envelope.include_usage {
                        return Some(match self.envelope.form {
                            Form::Chat => render_chat(
                                &mut self.buffer,
                                &self.envelope,
                                None,
                                0,
                                Duration::ZERO,
                            ),
                            Form::Legacy => render_legacy(
                                &mut self.buffer,
                                &self.envelope,
                                None,
                                0,
                                Duration::ZERO,
                            ),
                        });
                    }
                }
                Phase::Done => {
                    self.phase = Phase::Ended;
                    return Some(Chunk {
                        wait: Duration::ZERO,
                        bytes: Bytes::from_static(sse::DONE_EVENT),
                        tokens: 0,
                    });
                }
                Phase::Ended => return None,
            }
        }
    }
}

fn encode<T: Serialize>(buffer: &mut BytesMut, value: &T, tokens: u64, wait: Duration) -> Chunk {
    // Values of the wire format always have a JSON form.
    let _ = sse::encode(value, buffer);
    Chunk {
        wait,
        bytes: buffer.split().freeze(),
        tokens,
    }
}

/// The `usage` member: with `include_usage`, `null` in every chunk but its own.
fn usage(envelope: &Envelope, own: bool) -> Member<Usage> {
    match (envelope.include_usage, own) {
        (false, _) => Member::Absent,
        (true, false) => Member::Null,
        (true, true) => Member::Value(envelope.usage),
    }
}

fn render_chat(
    buffer: &mut BytesMut,
    envelope: &Envelope,
    choice: Option<ChatChunkChoice<'_>>,
    tokens: u64,
    wait: Duration,
) -> Chunk {
    let usage = usage(envelope, choice.is_none());
    let chunk = ChatChunk::new(
        &envelope.id,
        envelope.created,
        &envelope.model,
        envelope.fingerprint.as_deref(),
        choice,
    )
    .with_usage(usage);
    encode(buffer, &chunk, tokens, wait)
}

fn render_late(buffer: &mut BytesMut, choice: ChatChunkChoice<'_>) -> Chunk {
    let chunk = ChatChunk {
        choices: vec![choice],
        ..ChatChunk::prompt_annotation(&[])
    };
    encode(buffer, &chunk, 0, Duration::ZERO)
}

fn render_legacy(
    buffer: &mut BytesMut,
    envelope: &Envelope,
    choice: Option<(u32, &str, Annotation, Option<FinishReason>)>,
    tokens: u64,
    wait: Duration,
) -> Chunk {
    let usage = usage(envelope, choice.is_none());
    let choices =
        choice.map(
            |(index, text, content_filter_results, finish_reason)| CompletionChoice {
                content_filter_results,
                finish_reason,
                index,
                logprobs: None,
                text,
            },
        );
    let chunk = TextCompletion {
        choices: choices.into_iter().collect(),
        created: envelope.created,
        id: &envelope.id,
        model: &envelope.model,
        object: "text_completion",
        prompt_filter_results: &[],
        usage,
    };
    encode(buffer, &chunk, tokens, wait)
}
