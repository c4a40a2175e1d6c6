//! The exchange: the one thing that walks through the house.
//!
//! It holds the request as policies have changed it so far, the response, the variables, the chosen backend and the
//! last error. Policies take it by `&mut`; nothing of it is shared between threads.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tidegate_balancing::Finished;
use tidegate_expressions::{
    ApiInfo, DeploymentInfo, Expression, LastErrorInfo, MessageSide, OperationInfo, ProductInfo,
    SubscriptionInfo, UserInfo, Value,
};
use uuid::Uuid;

use crate::backend::{Backends, CurrentBackend, Proxy};
use crate::ports::ticks;
use crate::program::StepInfo;
use crate::trace::{Trace, TraceEntry, TraceEvent};
use crate::{Body, BodyError, Failure, MatchedParameters, PolicyError, Ports, RequestUrl, Section};

/// Bounds on what one request may hold in memory. Sizes are bytes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest request body that is buffered (`buffer-request-body`, expressions); larger ones get 413.
    pub request_buffer: usize,
    /// Largest response body that is buffered, of a backend or of `send-request`.
    pub response_buffer: usize,
    /// Most variables.
    pub variables: usize,
    /// Most entries in a trace.
    pub trace_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_buffer: 32 << 20,
            response_buffer: 32 << 20,
            variables: 1000,
            trace_entries: 2000,
        }
    }
}

/// What all requests of one loaded configuration share.
#[derive(Debug)]
pub struct Runtime {
    /// `context.Deployment`
    pub deployment: Arc<DeploymentInfo>,
    /// Backend entities, and targets of bare URLs.
    pub backends: Backends,
    /// Memory bounds.
    pub limits: Limits,
    /// Values that must never be written to a trace.
    pub secrets: Vec<Arc<str>>,
    /// `context.Response` is null in a retry condition after a transport failure, instead of the default response.
    pub null_response_after_transport_failure: bool,
    /// Remove the subscription key before forwarding even when the backend has no credentials of its own.
    pub always_strip_subscription_key: bool,
    /// Whether a `base-url` set in a narrower scope replaces an inherited `backend-id`.
    pub base_url_overrides_inherited_backend: bool,
}

impl Runtime {
    /// Replaces every secret in `text` by `***`.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for secret in &self.secrets {
            if !secret.is_empty() && masked.contains(&**secret) {
                masked = masked.replace(&**secret, "***");
            }
        }
        masked
    }
}

/// An example or generated sample of a declared response.
#[derive(Debug, Clone)]
pub struct Representation {
    /// Media type.
    pub content_type: Arc<str>,
    /// Declared examples, in order.
    pub examples: Vec<Bytes>,
    /// Generated from the schema; used without an example.
    pub sample: Option<Bytes>,
}

/// A response the operation declares, for `mock-response`.
#[derive(Debug, Clone)]
pub struct DeclaredResponse {
    /// Status code.
    pub status: u16,
    /// By content type, in declared order.
    pub representations: Vec<Representation>,
}

/// What an operation declares, for the policies that ask for it.
#[derive(Debug, Default)]
pub struct Declared {
    /// Names of the template's query parameters, for `rewrite-uri`.
    pub template_query: Vec<Arc<str>>,
    /// Responses, for `mock-response`.
    pub responses: Vec<DeclaredResponse>,
}

/// What the request was matched to.
#[derive(Debug, Default)]
pub struct Matched {
    /// API, revision included.
    pub api: Option<Arc<ApiInfo>>,
    /// Operation.
    pub operation: Option<Arc<OperationInfo>>,
    /// Product whose context the request runs in.
    pub product: Option<Arc<ProductInfo>>,
    /// Subscription the key belongs to.
    pub subscription: Option<Arc<SubscriptionInfo>>,
    /// Owner of the subscription.
    pub user: Option<Arc<UserInfo>>,
    /// What the operation declares.
    pub declared: Option<Arc<Declared>>,
}

/// The request on its way to the backend.
#[derive(Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Original and current URL.
    pub url: RequestUrl,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    /// Address of the caller.
    pub ip: IpAddr,
    /// A policy has set `Host`: it goes to the backend as it is.
    pub host_overridden: bool,
    /// Path and query parameters of the operation's template, with their values.
    pub matched_parameters: MatchedParameters,
    /// Client certificate, DER.
    pub client_certificate: Option<Arc<[u8]>>,
}

impl Request {
    /// A request that has arrived and was not matched to anything yet.
    pub fn new(
        method: Method,
        url: RequestUrl,
        headers: HeaderMap,
        body: Body,
        ip: IpAddr,
    ) -> Self {
        Self {
            method,
            url,
            headers,
            body,
            ip,
            host_overridden: false,
            matched_parameters: MatchedParameters::default(),
            client_certificate: None,
        }
    }

    /// Path and query parameters of the operation's template, with their values.
    pub fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        self.matched_parameters.of(&self.url)
    }
}

/// A response on its way to the client.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase; none means the standard one.
    pub reason: Option<Arc<str>>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
}

impl Response {
    /// An empty response.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            reason: None,
            headers: HeaderMap::new(),
            body: Body::Absent,
        }
    }

    /// The reason phrase; the standard one where none was set, never null.
    pub fn status_reason(&self) -> &str {
        match &self.reason {
            Some(reason) => reason,
            None => StatusCode::from_u16(self.status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or(""),
        }
    }
}

/// `context.Variables`: few entries, in order of creation.
#[derive(Default)]
pub struct Variables(Vec<(Arc<str>, Value)>);

impl Variables {
    /// The value of that exact name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| **key == *name)
            .map(|(_, value)| value)
    }

    /// Creates or replaces an entry. False when there is no room for one more.
    pub fn set(&mut self, name: &Arc<str>, value: Value, limit: usize) -> bool {
        if let Some((_, slot)) = self.0.iter_mut().find(|(key, _)| key == name) {
            *slot = value;
            return true;
        }
        if self.0.len() >= limit {
            return false;
        }
        self.0.push((name.clone(), value));
        true
    }

    /// All entries in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &(Arc<str>, Value)> {
        self.0.iter()
    }
}

/// A call to a backend entity whose response is on its way to the client.
#[derive(Debug)]
pub struct ActiveAttempt {
    /// As balancing knows it.
    pub attempt: tidegate_balancing::Attempt,
    /// When the request was sent, on the clock's monotonic scale.
    pub sent: Duration,
}

impl ActiveAttempt {
    /// Its response has ended.
    pub fn finished(self, now: Duration, complete: bool) {
        self.attempt.finished(
            now,
            &Finished {
                duration: now.saturating_sub(self.sent),
                tokens: None,
                complete,
            },
        );
    }
}

/// One request and its response.
pub struct Exchange {
    /// Shared by all requests of this configuration.
    pub runtime: Arc<Runtime>,
    /// The world.
    pub ports: Rc<Ports>,
    /// `context.RequestId`
    pub request_id: Uuid,
    /// What the request was matched to.
    pub matched: Matched,
    /// The request as policies have changed it so far.
    pub request: Request,
    /// The response, once there is one.
    pub response: Option<Response>,
    /// `context.Variables`
    pub variables: Variables,
    /// Where `forward-request` will send the request.
    pub backend: CurrentBackend,
    /// A proxy set by policy.
    pub proxy: Option<Arc<Proxy>>,
    /// The backend entity that answered or failed last, for logs.
    pub last_backend: Option<Arc<str>>,
    /// The attempt that brought the current response: in flight until its body has been sent.
    pub active: Option<ActiveAttempt>,
    /// How often a backend has been called.
    pub attempts: u32,
    /// Name of the header (and query parameter) that carried the subscription key, to be stripped when forwarding.
    pub key_location: Option<KeyLocation>,
    /// Buffer streamed response chunks into blocks (`buffer-response="true"`).
    pub buffer_response: bool,
    pub(crate) timestamp: i64,
    pub(crate) started: Duration,
    // Boxed, what few requests need: allocators like blocks below a kilobyte.
    pub(crate) last_error: Option<Box<LastErrorInfo>>,
    pub(crate) section: Section,
    pub(crate) ip_text: OnceCell<String>,
    pub(crate) url_text: OnceCell<Box<UrlText>>,
    final_headers: Vec<(HeaderName, Option<HeaderValue>)>,
    trace: Option<Box<Trace>>,
}

/// Where the subscription key was found.
#[derive(Debug, Clone)]
pub enum KeyLocation {
    /// In this header.
    Header(Arc<str>),
    /// In this query parameter.
    Query(Arc<str>),
}

/// The URL towards the backend, put together on demand.
pub(crate) struct UrlText {
    pub scheme: &'static str,
    pub host: String,
    pub port: u16,
    pub path: String,
    pub query: String,
}

impl Exchange {
    /// A fresh exchange for a request that has arrived now.
    pub fn new(
        runtime: Arc<Runtime>,
        ports: Rc<Ports>,
        request_id: Uuid,
        request: Request,
    ) -> Self {
        let timestamp = ports.clock.now();
        let started = ports.clock.monotonic();
        Self {
            runtime,
            ports,
            request_id,
            matched: Matched::default(),
            request,
            response: None,
            variables: Variables::default(),
            backend: CurrentBackend::none(),
            proxy: None,
            last_backend: None,
            active: None,
            attempts: 0,
            key_location: None,
            buffer_response: true,
            timestamp,
            started,
            last_error: None,
            section: Section::Inbound,
            ip_text: OnceCell::new(),
            url_text: OnceCell::new(),
            final_headers: Vec::new(),
            trace: None,
        }
    }

    /// The section that is running.
    pub fn section(&self) -> Section {
        self.section
    }

    /// When the request was received, on the clock's monotonic scale.
    pub fn started(&self) -> Duration {
        self.started
    }

    /// Time since the request was received.
    pub fn elapsed(&self) -> Duration {
        self.ports.clock.monotonic().saturating_sub(self.started)
    }

    /// Begins a section. Outbound and on-error always find a response.
    pub fn enter(&mut self, section: Section) {
        self.section = section;
        if section == Section::Outbound && self.response.is_none() {
            self.response = Some(Response::new(200));
        }
    }

    /// Path, query or backend have changed: what expressions see of the URL is put together anew.
    pub fn url_changed(&mut self) {
        self.url_text.take();
    }

    /// Replaces the response; nobody will read the body of the old one.
    pub fn set_response(&mut self, response: Response) {
        if let Some(old) = self.response.replace(response) {
            old.body.discard();
        }
    }

    /// Records a failure: `context.LastError`, and the default response it produces.
    pub fn fail(&mut self, error: &PolicyError) {
        if !(error.keeps_response() && self.response.is_some()) {
            self.set_response(error.response(self.request_id));
        }
        let status = self.response.as_ref().map_or(500, |r| r.status);
        self.last_error = Some(Box::new(error.last_error(status)));
    }

    /// As [`Exchange::fail`], for a failure that a retry may yet overcome.
    pub fn fail_in_retry(&mut self, error: &PolicyError) {
        self.fail(error);
        if self.runtime.null_response_after_transport_failure && error.is_transport_failure() {
            self.response = None;
        }
    }

    /// `context.LastError`
    pub fn last_error(&self) -> Option<&LastErrorInfo> {
        self.last_error.as_deref()
    }

    /// A failure that a retry has overcome is forgotten: `context.LastError` is again what it was before.
    pub fn restore_last_error(&mut self, before: Option<LastErrorInfo>) {
        self.last_error = before.map(Box::new);
    }

    /// Headers to set (or remove) on whatever response is sent in the end, as `cors` needs.
    pub fn set_final_header(&mut self, name: HeaderName, value: Option<HeaderValue>) {
        self.final_headers.push((name, value));
    }

    /// Whether a header has been given to [`Exchange::set_final_header`].
    pub fn has_final_header(&self, name: &HeaderName) -> bool {
        self.final_headers.iter().any(|(known, _)| known == name)
    }

    /// The session affinity cookie to send with the response; the newest counts.
    pub fn set_affinity_cookie(&mut self, cookie: HeaderValue) {
        self.final_headers
            .retain(|(name, _)| *name != http::header::SET_COOKIE);
        self.final_headers
            .push((http::header::SET_COOKIE, Some(cookie)));
    }

    /// The way is over: applies final headers and makes sure there is a response.
    pub fn finish(&mut self) {
        let response = self.response.get_or_insert_with(|| Response::new(200));
        for (name, value) in self.final_headers.drain(..) {
            match value {
                Some(value) if name == http::header::VARY || name == http::header::SET_COOKIE => {
                    response.headers.append(name, value);
                }
                Some(value) => {
                    response.headers.insert(name, value);
                }
                None => {
                    response.headers.remove(name);
                }
            }
        }
    }

    /// Evaluates an expression that belongs to the policy `source`.
    ///
    /// # Errors
    /// An exception becomes the policy's expression failure; a body that is not in memory yet is asked for.
    pub fn evaluate(
        &mut self,
        expression: &Expression,
        source: &'static str,
    ) -> Result<Value, Failure> {
        match expression.evaluate(self) {
            Ok(value) => Ok(value),
            Err(stop) => Err(Failure::from_stop(source, stop)),
        }
    }

    /// Gathers a message's body in memory.
    ///
    /// # Errors
    /// It is too large (413 for a request), or its sender broke off.
    pub async fn buffer_body(
        &mut self,
        side: MessageSide,
        source: &'static str,
    ) -> Result<(), PolicyError> {
        let body = match side {
            MessageSide::Request => Some(&self.request.body),
            MessageSide::Response => self.response.as_ref().map(|response| &response.body),
        };
        if !body.is_some_and(Body::is_streaming) {
            return Ok(());
        }
        // On the heap: this stands in the futures of all policies.
        Box::pin(self.gather_body(side, source)).await
    }

    async fn gather_body(
        &mut self,
        side: MessageSide,
        source: &'static str,
    ) -> Result<(), PolicyError> {
        let (body, limit) = match side {
            MessageSide::Request => (&mut self.request.body, self.runtime.limits.request_buffer),
            MessageSide::Response => match &mut self.response {
                Some(response) => (&mut response.body, self.runtime.limits.response_buffer),
                None => return Ok(()),
            },
        };
        body.buffer(limit)
            .await
            .map_err(|error| match (&error, side) {
                (BodyError::TooLarge { .. }, MessageSide::Request) => {
                    PolicyError::request_too_large(source, error.to_string())
                }
                (BodyError::Stalled, MessageSide::Request) => {
                    PolicyError::request_broken(source, error.to_string()).answer(408, None)
                }
                (_, MessageSide::Request) => {
                    PolicyError::request_broken(source, format!("request: {error}"))
                }
                (_, MessageSide::Response) => PolicyError::new(
                    source,
                    Some("BackendConnectionFailure"),
                    format!("response: {error}"),
                ),
            })
    }

    /// Starts recording what happens.
    pub fn start_trace(&mut self) {
        self.trace = Some(Box::new(Trace::new(self.runtime.limits.trace_entries)));
    }

    /// The record, when there is one.
    pub fn take_trace(&mut self) -> Option<Box<Trace>> {
        self.trace.take()
    }

    /// Whether anything is recorded.
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Records a message of a policy; secrets are masked. Does nothing when nothing is recorded.
    pub fn trace_message(&mut self, source: &str, text: &str, metadata: Vec<(String, String)>) {
        if self.trace.is_none() {
            return;
        }
        let text = self.runtime.mask(text);
        let metadata = metadata
            .into_iter()
            .map(|(name, value)| (name, self.runtime.mask(&value)))
            .collect();
        let entry = TraceEntry {
            at: ticks::from_duration(self.elapsed()),
            section: Some(self.section),
            scope: None,
            path: None,
            event: TraceEvent::Message {
                source: source.to_owned(),
                text,
                metadata,
            },
        };
        if let Some(trace) = &mut self.trace {
            trace.push(entry);
        }
    }

    pub(crate) fn trace_step(&mut self, info: &StepInfo, mut event: TraceEvent) {
        if self.trace.is_none() {
            return;
        }
        if let TraceEvent::Finished { outcome } = &mut event {
            *outcome = self.runtime.mask(outcome);
        }
        let entry = TraceEntry {
            at: ticks::from_duration(self.elapsed()),
            section: Some(info.section),
            scope: Some(info.scope),
            path: Some(info.path.clone()),
            event,
        };
        if let Some(trace) = &mut self.trace {
            trace.push(entry);
        }
    }
}
