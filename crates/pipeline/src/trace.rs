//! What happened to one request, step by step, for the test console and for explaining decisions.
//!
//! Recorded only when asked for, bounded in number and size, and free of secrets: values of secret named values and
//! of key headers are masked before they are written.

use std::sync::Arc;

use crate::{Scope, Section};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum TraceEvent {
    /// A statement began.
    Started,
    /// A statement ended.
    Finished {
        /// In words: `continue`, `respond`, or the error's message.
        outcome: String,
    },
    /// A policy or an expression said something.
    Message {
        /// Who: a policy name, or the `source` of a `trace` policy.
        source: String,
        /// What.
        text: String,
        /// Name and value pairs.
        metadata: Vec<(String, String)>,
    },
}

/// An event with its time and place.
#[derive(Debug, Clone)]
pub struct TraceEntry {
    /// Ticks since the request was received.
    pub at: i64,
    /// Section, where a statement of one was running.
    pub section: Option<Section>,
    /// Scope of the document.
    pub scope: Option<Scope>,
    /// Path of the statement.
    pub path: Option<Arc<str>>,
    /// What happened.
    pub event: TraceEvent,
}

/// The record of one request.
#[derive(Debug)]
pub struct Trace {
    entries: Vec<TraceEntry>,
    limit: usize,
    dropped: usize,
}

/// Longest text kept in one entry.
const TEXT_LIMIT: usize = 8192;

impl Trace {
    /// Keeps at most `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            limit,
            dropped: 0,
        }
    }

    /// The entries so far.
    pub fn entries(&self) -> &[TraceEntry] {
        &self.entries
    }

    /// How many did not fit.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    pub(crate) fn push(&mut self, mut entry: TraceEntry) {
        if self.entries.len() >= self.limit {
            self.dropped += 1;
            return;
        }
        match &mut entry.event {
            TraceEvent::Message { text, metadata, .. } => {
                truncate(text);
                metadata.iter_mut().for_each(|(_, value)| truncate(value));
            }
            TraceEvent::Finished { outcome } => truncate(outcome),
            TraceEvent::Started => {}
        }
        self.entries.push(entry);
    }
}

fn truncate(text: &mut String) {
    if text.len() > TEXT_LIMIT {
        let mut end = TEXT_LIMIT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}
