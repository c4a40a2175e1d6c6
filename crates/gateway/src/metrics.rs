//! What `/metrics` tells: requests by API, operation and status, their duration, backends and circuits.
//!
//! Workers count in atomics they share; labels are looked up once per worker and combination, not per request. No
//! label holds anything a client can choose freely.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tidegate_balancing::{BackendRegistry, CircuitView};
use tidegate_expressions::{ApiInfo, OperationInfo};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    api: String,
    operation: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    api: String,
    operation: String,
}

/// Upper bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// The counters of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    retries: Counter,
    in_flight: Gauge<i64, AtomicI64>,
    reloads: Counter,
    failed_reloads: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tidegate");
        let requests = Family::default();
        let durations: Family<OperationLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let retries = Counter::default();
        let in_flight = Gauge::default();
        let reloads = Counter::default();
        let failed_reloads = Counter::default();
        registry.register(
            "requests",
            "Requests answered, by API, operation and status code",
            requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the request's headers to the last byte of the response",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "backend_retries",
            "Backend calls after the first one of a request",
            retries.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests being worked on",
            in_flight.clone(),
        );
        registry.register(
            "reloads",
            "Configurations taken into use after the first",
            reloads.clone(),
        );
        registry.register(
            "failed_reloads",
            "Configurations refused because they do not compile",
            failed_reloads.clone(),
        );
        Self {
            registry,
            requests,
            durations,
            retries,
            in_flight,
            reloads,
            failed_reloads,
        }
    }

    /// Counts a reload.
    pub fn reloaded(&self, accepted: bool) {
        if accepted {
            self.reloads.inc();
        } else {
            self.failed_reloads.inc();
        }
    }

    fn find(
        &self,
        api: Option<&Arc<ApiInfo>>,
        operation: Option<&Arc<OperationInfo>>,
        status: u16,
    ) -> Known {
        let of_operation = OperationLabels {
            api: api.map_or("", |api| &*api.id).to_owned(),
            operation: operation.map_or("", |operation| &*operation.id).to_owned(),
        };
        let of_status = RequestLabels {
            api: of_operation.api.clone(),
            operation: of_operation.operation.clone(),
            status,
        };
        Known {
            requests: self.requests.get_or_create_owned(&of_status),
            durations: self.durations.get_or_create_owned(&of_operation),
            _api: api.cloned(),
            _operation: operation.cloned(),
        }
    }

    /// The text of `/metrics`.
    pub fn render(&self, backends: &BackendRegistry, now: Duration) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return String::new();
        }
        // Backends are looked at when asked for: nothing has to be kept up to date per request.
        let mut extra = String::new();
        let views = backends.backend_views(now);
        let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(usize) -> f64| {
            let _ = writeln!(extra, "# HELP tidegate_{name} {help}.");
            let _ = writeln!(extra, "# TYPE tidegate_{name} {kind}");
            let suffix = if kind == "counter" { "_total" } else { "" };
            for (index, view) in views.iter().enumerate() {
                let _ = writeln!(
                    extra,
                    "tidegate_{name}{suffix}{{backend=\"{}\"}} {}",
                    escape(&view.id),
                    value(index)
                );
            }
        };
        let as_number = |number: u64| number as f64;
        family(
            "backend_attempts",
            "counter",
            "Calls to the backend",
            &|i| as_number(views[i].attempts),
        );
        family("backend_throttled", "counter", "Calls answered 429", &|i| {
            as_number(views[i].throttled)
        });
        family(
            "backend_failed",
            "counter",
            "Calls answered 5xx or not at all",
            &|i| as_number(views[i].failed),
        );
        family(
            "backend_in_flight",
            "gauge",
            "Calls being worked on",
            &|i| f64::from(views[i].in_flight),
        );
        family(
            "backend_circuit_open",
            "gauge",
            "1 while the circuit is open",
            &|i| match views[i].circuit {
                CircuitView::Closed => 0.0,
                CircuitView::Open { .. } => 1.0,
            },
        );
        family(
            "backend_circuit_opened",
            "counter",
            "How often the circuit opened",
            &|i| as_number(views[i].opened),
        );
        match text.rfind("# EOF") {
            Some(end) => text.insert_str(end, &extra),
            None => text.push_str(&extra),
        }
        text
    }
}

fn escape(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// What a request belongs to, in a form that is cheap to look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    /// Address of the API's and of the operation's shared description; zero for none.
    api: usize,
    operation: usize,
    status: u16,
}

/// The counters of a combination.
#[derive(Debug)]
struct Known {
    requests: Counter,
    durations: Histogram,
    /// What the addresses of the key belong to: held, so that no other description comes to lie there.
    _api: Option<Arc<ApiInfo>>,
    _operation: Option<Arc<OperationInfo>>,
}

/// One worker's way to the counters.
#[derive(Debug)]
pub struct WorkerMetrics {
    shared: Arc<Metrics>,
    known: RefCell<HashMap<Key, Known>>,
}

/// More combinations than this are looked up anew; only reloads make so many.
const KNOWN_LIMIT: usize = 100_000;

impl WorkerMetrics {
    /// For one worker.
    pub fn new(shared: Arc<Metrics>) -> Self {
        Self {
            shared,
            known: RefCell::new(HashMap::new()),
        }
    }

    /// A request has arrived.
    pub fn begin(&self) {
        self.shared.in_flight.inc();
    }

    /// A request has been answered, or its client has gone (status 499).
    pub fn end(
        &self,
        api: Option<&Arc<ApiInfo>>,
        operation: Option<&Arc<OperationInfo>>,
        status: u16,
        attempts: u32,
        duration: Duration,
    ) {
        self.shared.in_flight.dec();
        if attempts > 1 {
            self.shared.retries.inc_by(u64::from(attempts - 1));
        }
        let key = Key {
            api: api.map_or(0, |api| Arc::as_ptr(api) as usize),
            operation: operation.map_or(0, |operation| Arc::as_ptr(operation) as usize),
            status,
        };
        let mut known = self.known.borrow_mut();
        if known.len() >= KNOWN_LIMIT {
            known.clear();
        }
        let known = known
            .entry(key)
            .or_insert_with(|| self.shared.find(api, operation, status));
        known.requests.inc();
        known.durations.observe(duration.as_secs_f64());
    }

    /// A new configuration has descriptions of its own.
    pub fn forget(&self) {
        self.known.borrow_mut().clear();
    }
}
