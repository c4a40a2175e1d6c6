//! Counters and the request log: what a test asks the simulator afterwards.
//!
//! In: what happened to each request. Out: numbers, and the last requests. Keys are known here by their last characters only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::resource::{Deployment, Resource};

/// Different keys remembered for each resource.
const MAX_KEYS: usize = 16;

/// Numbers of a resource or a deployment since its start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests under way, streams included.
    pub active: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests whose connection a fault closed or broke.
    pub dropped: u64,
    /// Requests whose client went away before the end.
    pub cancelled: u64,
    /// Streams that came to their end.
    pub streams_completed: u64,
    /// Requests that a fault struck, by the fault's kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Prompt tokens of answered requests.
    pub prompt_tokens: u64,
    /// Completion tokens sent or, without stream, answered.
    pub completion_tokens: u64,
}

/// One request of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// Milliseconds since 1970, at arrival.
    pub at_ms: u64,
    /// Milliseconds until its end.
    pub took_ms: u64,
    /// Method and path, without the query.
    pub target: String,
    /// The deployment that served it or was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// `apim-request-id` of the answer.
    pub request_id: String,
    /// The status; none when there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The fault that struck it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// Whether it asked for a stream.
    pub streamed: bool,
    /// Whether the answer was sent to its end.
    pub completed: bool,
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Completion tokens.
    pub completion_tokens: u64,
    /// Which retry of its client it was, if the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_retry: Option<u32>,
}

/// A key that was presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyUse {
    /// `key1`, `key2`, `token` or `rejected`.
    pub what: &'static str,
    /// Its last characters, if it is long enough to stay secret.
    pub hint: String,
    /// How often.
    pub count: u64,
}

/// Counters, log and keys of one resource, behind one short lock.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    counters: Counters,
    log: VecDeque<LoggedRequest>,
    keys: VecDeque<KeyUse>,
    capacity: usize,
}

impl Ledger {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            ..Self::default()
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters.clone()
    }

    pub(crate) fn log(&self) -> Vec<LoggedRequest> {
        self.log.iter().cloned().collect()
    }

    pub(crate) fn keys(&self) -> Vec<KeyUse> {
        self.keys.iter().cloned().collect()
    }

    /// Forgets everything but the requests under way.
    pub(crate) fn reset(&mut self) {
        self.counters = Counters {
            active: self.counters.active,
            ..Counters::default()
        };
        self.log.clear();
        self.keys.clear();
    }

    /// Remembers a key.
    pub(crate) fn key_used(&mut self, what: &'static str, hint: String) {
        if let Some(known) = self
            .keys
            .iter_mut()
            .find(|known| known.what == what && known.hint == hint)
        {
            known.count = known.count.saturating_add(1);
            return;
        }
        if self.keys.len() >= MAX_KEYS {
            self.keys.pop_front();
        }
        self.keys.push_back(KeyUse {
            what,
            hint,
            count: 1,
        });
    }

    fn push(&mut self, request: LoggedRequest) {
        if self.capacity == 0 {
            return;
        }
        if self.log.len() >= self.capacity {
            self.log.pop_front();
        }
        self.log.push_back(request);
    }
}

/// A lock that a panic elsewhere does not poison: counters stay usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request on its way. Counts it as arrived when made, and as ended when dropped, whatever happened in between.
#[derive(Debug)]
pub(crate) struct Record {
    resource: Arc<Resource>,
    deployment: Option<Arc<Deployment>>,
    started: std::time::Duration,
    pub(crate) entry: LoggedRequest,
    dropped: bool,
}

impl Record {
    pub(crate) fn start(resource: &Arc<Resource>, target: String, request_id: String) -> Self {
        {
            let mut ledger = lock(&resource.ledger);
            ledger.counters.requests = ledger.counters.requests.saturating_add(1);
            ledger.counters.active = ledger.counters.active.saturating_add(1);
        }
        let at = resource.clock.unix_time();
        Self {
            started: resource.clock.now(),
            resource: Arc::clone(resource),
            deployment: None,
            entry: LoggedRequest {
                at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
                took_ms: 0,
                target,
                deployment: None,
                request_id,
                status: None,
                fault: None,
                streamed: false,
                completed: false,
                prompt_tokens: 0,
                completion_tokens: 0,
                client_retry: None,
            },
            dropped: false,
        }
    }

    /// The deployment that serves the request is known. Called again for a spillover, and harmlessly for the same one.
    pub(crate) fn served_by(&mut self, deployment: &Arc<Deployment>) {
        if self
            .deployment
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, deployment))
        {
            return;
        }
        let mut counters = lock(&deployment.counters);
        counters.requests = counters.requests.saturating_add(1);
        counters.active = counters.active.saturating_add(1);
        drop(counters);
        if let Some(before) = self.deployment.replace(Arc::clone(deployment)) {
            let mut counters = lock(&before.counters);
            counters.active = counters.active.saturating_sub(1);
        }
        self.entry.deployment = Some(deployment.config.name.clone());
    }

    /// A fault strikes.
    pub(crate) fn struck(&mut self, fault: &'static str) {
        self.entry.fault = Some(fault);
        self.count(|counters| *counters.faults.entry(fault).or_default() += 1);
    }

    /// The status is sent.
    pub(crate) fn answered(&mut self, status: u16) {
        self.entry.status = Some(status);
        self.count(|counters| *counters.statuses.entry(status).or_default() += 1);
    }

    /// A deployment's own answer that is not the one sent, as its spillover target's is.
    pub(crate) fn answered_unsent(&self, status: u16) {
        if let Some(deployment) = &self.deployment {
            *lock(&deployment.counters)
                .statuses
                .entry(status)
                .or_default() += 1;
        }
    }

    /// The connection is closed instead of an answer.
    pub(crate) fn drop_connection(&mut self) {
        self.dropped = true;
        self.count(|counters| counters.dropped = counters.dropped.saturating_add(1));
    }

    fn count(&self, change: impl Fn(&mut Counters)) {
        change(&mut lock(&self.resource.ledger).counters);
        if let Some(deployment) = &self.deployment {
            change(&mut lock(&deployment.counters));
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.resource.clock.now().saturating_sub(self.started);
        self.entry.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (completed, streamed, dropped) =
            (self.entry.completed, self.entry.streamed, self.dropped);
        let (prompt, completion) = (self.entry.prompt_tokens, self.entry.completion_tokens);
        self.count(|counters| {
            counters.active = counters.active.saturating_sub(1);
            counters.prompt_tokens = counters.prompt_tokens.saturating_add(prompt);
            counters.completion_tokens = counters.completion_tokens.saturating_add(completion);
            if completed && streamed {
                counters.streams_completed = counters.streams_completed.saturating_add(1);
            } else if !completed && !dropped {
                counters.cancelled = counters.cancelled.saturating_add(1);
            }
        });
        let entry = self.entry.clone();
        lock(&self.resource.ledger).push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded() {
        let mut ledger = Ledger::new(2);
        let entry = |id: &str| LoggedRequest {
            at_ms: 0,
            took_ms: 0,
            target: String::new(),
            deployment: None,
            request_id: id.into(),
            status: Some(200),
            fault: None,
            streamed: false,
            completed: true,
            prompt_tokens: 0,
            completion_tokens: 0,
            client_retry: None,
        };
        for id in ["1", "2", "3"] {
            ledger.push(entry(id));
        }
        assert_eq!(
            ledger
                .log()
                .iter()
                .map(|entry| entry.request_id.as_str())
                .collect::<Vec<_>>(),
            ["2", "3"]
        );
    }

    #[test]
    fn keys_are_counted_by_hint() {
        let mut ledger = Ledger::new(0);
        ledger.key_used("key1", "…abcd".into());
        ledger.key_used("key1", "…abcd".into());
        ledger.key_used("rejected", "…".into());
        assert_eq!(ledger.keys()[0].count, 2);
        assert_eq!(ledger.keys().len(), 2);
        for at in 0..100 {
            ledger.key_used("rejected", at.to_string());
        }
        assert_eq!(ledger.keys().len(), MAX_KEYS);
    }
}
