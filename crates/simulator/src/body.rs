//! Response bodies: whole, disturbed, or streamed.
//!
//! In: bytes, or a source of chunks with their times. Out: HTTP body frames at the right moments, until the end or until a fault. What
//! was sent is told to the request's record and charge, which end with the body, also when the client leaves.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::clock::{Clock, Sleep};
use crate::counters::Record;
use crate::fault::FaultAction;
use crate::resource::Charge;

/// Time for what was sent to reach the client before the connection is cut.
const FLUSH: Duration = Duration::from_millis(2);

/// A fault cut the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is cut by a fault")]
pub(crate) struct BodyCut;

/// One event of a stream.
pub(crate) struct Chunk {
    /// Time since the event before.
    pub(crate) wait: Duration,
    /// The encoded event.
    pub(crate) bytes: Bytes,
    /// Completion tokens in it.
    pub(crate) tokens: u64,
}

/// Where a stream's events come from.
pub(crate) trait ChunkSource: Send + Sync {
    /// The next event; `None` at the end.
    fn next_chunk(&mut self) -> Option<Chunk>;
}

/// A response body.
pub(crate) struct ReplyBody {
    kind: Kind,
    record: Option<Record>,
}

enum Kind {
    Whole(Bytes),
    Disturbed {
        first: Bytes,
        rest: Bytes,
        disturbance: Disturbance,
        clock: Arc<dyn Clock>,
        sleep: Option<Sleep>,
    },
    Stream(Box<Streaming>),
}

/// What happens in the middle of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// The connection is cut.
    Cut,
    /// Nothing comes for a time, or for ever.
    Stall(Option<Duration>),
    /// An error event ends the stream.
    Error,
}

impl Disturbance {
    /// What a fault means for a body, and after how many events.
    pub(crate) fn of(action: Option<&FaultAction>) -> Option<(u64, Self)> {
        match action? {
            FaultAction::CutStream { after_chunks } => Some((*after_chunks, Disturbance::Cut)),
            FaultAction::StallStream {
                after_chunks,
                duration,
            } => Some((*after_chunks, Disturbance::Stall(*duration))),
            FaultAction::ErrorInStream { after_chunks } => {
                Some((*after_chunks, Disturbance::Error))
            }
            _ => None,
        }
    }
}

struct Streaming {
    source: Box<dyn ChunkSource>,
    clock: Arc<dyn Clock>,
    charge: Charge,
    /// When the stream began, known at the first poll.
    started: Option<Duration>,
    /// When the next event is due, since the beginning, bursts not considered.
    due: Duration,
    burst: Duration,
    next: Option<Chunk>,
    sleep: Option<Sleep>,
    sent: u64,
    disturbance: Option<(u64, Disturbance)>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Flowing,
    /// Waits before the cut.
    Cutting,
    Stalling,
    Stalled,
    Ended,
}

impl ReplyBody {
    /// A body that is known as a whole.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Whole(bytes),
            record: None,
        }
    }

    /// A whole body that is disturbed in its middle.
    pub(crate) fn disturbed(
        bytes: Bytes,
        disturbance: Disturbance,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let mut first = bytes;
        let rest = first.split_off(first.len() / 2);
        Self {
            kind: Kind::Disturbed {
                first,
                rest,
                disturbance,
                clock: Arc::clone(clock),
                sleep: None,
            },
            record: None,
        }
    }

    /// A stream.
    pub(crate) fn stream(
        source: Box<dyn ChunkSource>,
        clock: &Arc<dyn Clock>,
        charge: Charge,
        burst: Duration,
        disturbance: Option<(u64, Disturbance)>,
    ) -> Self {
        Self {
            kind: Kind::Stream(Box::new(Streaming {
                source,
                clock: Arc::clone(clock),
                charge,
                started: None,
                due: Duration::ZERO,
                burst,
                next: None,
                sleep: None,
                sent: 0,
                disturbance,
                state: State::Flowing,
            })),
            record: None,
        }
    }

    /// Ties the request's record to the body, for bodies that outlive their request.
    pub(crate) fn attach(&mut self, record: Record) {
        match self.kind {
            Kind::Whole(_) => drop(record),
            Kind::Disturbed { .. } | Kind::Stream(_) => self.record = Some(record),
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Whole(_) => "ReplyBody::Whole",
            Kind::Disturbed { .. } => "ReplyBody::Disturbed",
            Kind::Stream(_) => "ReplyBody::Stream",
        })
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        let Self { kind, record } = &mut *self;
        match kind {
            Kind::Whole(bytes) => {
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(std::mem::take(bytes)))))
            }
            Kind::Disturbed {
                first,
                rest,
                disturbance,
                clock,
                sleep,
            } => {
                if !first.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(first)))));
                }
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                let wait = match disturbance {
                    Disturbance::Cut | Disturbance::Error => FLUSH,
                    Disturbance::Stall(Some(duration)) => *duration,
                    Disturbance::Stall(None) => return Poll::Pending,
                };
                ready!(
                    sleep
                        .get_or_insert_with(|| clock.sleep(wait))
                        .as_mut()
                        .poll(context)
                );
                match disturbance {
                    Disturbance::Stall(_) => {
                        if let Some(record) = record {
                            record.entry.completed = true;
                        }
                        Poll::Ready(Some(Ok(Frame::data(std::mem::take(rest)))))
                    }
                    Disturbance::Cut | Disturbance::Error => {
                        rest.clear();
                        if let Some(record) = record {
                            record.drop_connection();
                        }
                        Poll::Ready(Some(Err(BodyCut)))
                    }
                }
            }
            Kind::Stream(stream) => stream.poll(context, record),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Disturbed { .. } => false,
            Kind::Stream(stream) => stream.state == State::Ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Disturbed { first, rest, .. } => {
                SizeHint::with_exact((first.len() + rest.len()) as u64)
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl Streaming {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        record: &mut Option<Record>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(context));
                self.sleep = None;
            }
            match self.state {
                State::Ended => return Poll::Ready(None),
                State::Stalled => return Poll::Pending,
                State::Cutting => {
                    self.state = State::Ended;
                    if let Some(record) = record {
                        record.drop_connection();
                    }
                    return Poll::Ready(Some(Err(BodyCut)));
                }
                State::Stalling => self.state = State::Flowing,
                State::Flowing => {}
            }
            if let Some((after, disturbance)) = self.disturbance
                && self.sent >= after
            {
                self.disturbance = None;
                match disturbance {
                    Disturbance::Cut => {
                        self.state = State::Cutting;
                        self.sleep = Some(self.clock.sleep(FLUSH));
                    }
                    Disturbance::Stall(Some(duration)) => {
                        self.state = State::Stalling;
                        self.sleep = Some(self.clock.sleep(duration));
                    }
                    Disturbance::Stall(None) => self.state = State::Stalled,
                    Disturbance::Error => {
                        self.state = State::Ended;
                        if let Some(record) = record {
                            record.entry.completed = true;
                        }
                        const EVENT: &[u8] = b"data: {\"error\":{\"message\":\"The server had an error while processing your \
                            request. Sorry about that!\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";
                        return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(EVENT)))));
                    }
                }
                continue;
            }
            let chunk = match self.next.take() {
                Some(chunk) => chunk,
                None => {
                    let Some(chunk) = self.source.next_chunk() else {
                        self.state = State::Ended;
                        if let Some(record) = record {
                            record.entry.completed = true;
                        }
                        return Poll::Ready(None);
                    };
                    if !chunk.wait.is_zero()
                        && let Some(sleep) = self.schedule(chunk.wait)
                    {
                        self.sleep = Some(sleep);
                        self.next = Some(chunk);
                        continue;
                    }
                    chunk
                }
            };
            self.sent = self.sent.saturating_add(1);
            self.charge.produced = self.charge.produced.saturating_add(chunk.tokens);
            if let Some(record) = record {
                record.entry.completion_tokens =
                    record.entry.completion_tokens.saturating_add(chunk.tokens);
            }
            return Poll::Ready(Some(Ok(Frame::data(chunk.bytes))));
        }
    }

    /// The wait until an event is due. Counted from the stream's beginning, so that late wake-ups do not add up.
    fn schedule(&mut self, wait: Duration) -> Option<Sleep> {
        let now = self.clock.now();
        let started = *self.started.get_or_insert(now);
        self.due = self.due.saturating_add(wait);
        let due = if self.burst.is_zero() {
            self.due
        } else {
            let bursts = self.due.as_nanos().div_ceil(self.burst.as_nanos().max(1));
            self.burst
                .saturating_mul(u32::try_from(bursts).unwrap_or(u32::MAX))
        };
        let left = started.saturating_add(due).saturating_sub(now);
        (!left.is_zero()).then(|| self.clock.sleep(left))
    }
}
