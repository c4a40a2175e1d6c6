//! `forward-request`: sends the request to the chosen backend.
//!
//! A pool picks a member anew each time this runs. The outcome reaches the circuit breaker and the pool's strategy
//! before anything else happens, so a `retry` around this statement already chooses with that knowledge.

use std::sync::Arc;
use std::time::Duration;

use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tidegate_balancing::{Choice, Outcome as Answered, RateLimit, retry_after};
use tidegate_expressions::MessageSide;
use tidegate_pipeline::{
    ActiveAttempt, BackendKind, Body, Credentials, Exchange, Failure, HttpVersion, KeyLocation,
    LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Response, Sections, SingleBackend, Target,
    TransportError, TransportErrorKind, UpstreamRequest, UpstreamResponse,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::routing::redirect::{MAX_HOPS, next_hop};
use crate::routing::{hop_by_hop, subscription_key};
use crate::setting::{Needs, Setting, buffering, optional};

const TIMEOUT: Attribute = Attribute::new(
    "timeout",
    Kind::Seconds,
    "Seconds until the response headers must have arrived; 300 without it, 0 for no limit.",
);
const TIMEOUT_MS: Attribute = Attribute::new(
    "timeout-ms",
    Kind::Integer {
        min: 0,
        max: i64::MAX,
    },
    "The same in milliseconds; not together with `timeout`.",
);
const CONTINUE_TIMEOUT: Attribute = Attribute::new(
    "continue-timeout",
    Kind::Seconds,
    "Seconds to wait for `100 Continue` before the body is sent.",
);
const HTTP_VERSION: Attribute = Attribute::new(
    "http-version",
    Kind::Enumeration(&["1", "2", "2or1"]),
    "HTTP version spoken to the backend.",
)
.default("1")
.literal();
const FOLLOW_REDIRECTS: Attribute = Attribute::new(
    "follow-redirects",
    Kind::Boolean,
    "Follow redirects of the backend instead of passing them on.",
)
.default("false");
const BUFFER_REQUEST_BODY: Attribute = Attribute::new(
    "buffer-request-body",
    Kind::Boolean,
    "Keep the request body so that another attempt can send it again.",
)
.default("false")
.literal();
const BUFFER_RESPONSE: Attribute = Attribute::new(
    "buffer-response",
    Kind::Boolean,
    "Gather a chunked response into 8 KB blocks; `false` passes each chunk on at once.",
)
.default("true")
.literal();
const FAIL_ON_ERROR_STATUS_CODE: Attribute = Attribute::new(
    "fail-on-error-status-code",
    Kind::Boolean,
    "Treat status codes 400 to 599 as an error.",
)
.default("false")
.literal();

/// `forward-request`
pub static DEFINITION: Definition = Definition {
    name: "forward-request",
    category: Category::Routing,
    summary: "Sends the request to the chosen backend and takes its response.",
    sections: Sections::BACKEND,
    scopes: Scopes::ALL,
    attributes: &[
        TIMEOUT,
        TIMEOUT_MS,
        CONTINUE_TIMEOUT,
        HTTP_VERSION,
        FOLLOW_REDIRECTS,
        BUFFER_REQUEST_BODY,
        BUFFER_RESPONSE,
        FAIL_ON_ERROR_STATUS_CODE,
    ],
    content: Content::Empty,
    compile,
};

enum Timeout {
    Seconds(Setting<Duration>),
    Milliseconds(Setting<i64>),
}

struct ForwardRequest {
    timeout: Timeout,
    continue_timeout: Option<Setting<Duration>>,
    http_version: HttpVersion,
    follow_redirects: Setting<bool>,
    buffer_request_body: bool,
    buffer_response: bool,
    fail_on_error_status_code: bool,
    needs: Needs,
}

/// APIM's default limit on the time until response headers.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    if let (Some(_), Some(second)) = (
        element.attribute("timeout"),
        element.attribute("timeout-ms"),
    ) {
        compiler.error(
            "invalid-attributes",
            second.span.clone(),
            "<forward-request> takes 'timeout' or 'timeout-ms', not both",
        );
        return None;
    }
    let timeout = if element.attribute("timeout-ms").is_some() {
        Timeout::Milliseconds(compiler.integer(element, &TIMEOUT_MS)?)
    } else if element.attribute("timeout").is_some() {
        Timeout::Seconds(compiler.seconds(element, &TIMEOUT)?)
    } else {
        Timeout::Seconds(Setting::Constant(DEFAULT_TIMEOUT))
    };
    let unlimited = match &timeout {
        Timeout::Seconds(Setting::Constant(timeout)) => timeout.is_zero(),
        Timeout::Milliseconds(Setting::Constant(timeout)) => *timeout == 0,
        _ => false,
    };
    if unlimited {
        compiler.warning(
            "no-timeout",
            element.name_span.clone(),
            "a timeout of 0 means that the response headers may take for ever",
        );
    }
    let continue_timeout = match element.attribute("continue-timeout") {
        Some(_) => Some(compiler.seconds(element, &CONTINUE_TIMEOUT)?),
        None => None,
    };
    let http_version = match &*compiler.literal(element, &HTTP_VERSION)? {
        "2" => HttpVersion::Two,
        "2or1" => HttpVersion::TwoOrOne,
        _ => HttpVersion::One,
    };
    if http_version == HttpVersion::Two
        && let Some(attribute) = element.attribute(CONTINUE_TIMEOUT.name)
    {
        compiler.warning(
            "attribute-without-effect",
            attribute.span.clone(),
            "'continue-timeout' has an effect only on HTTP/1.1",
        );
    }
    let follow_redirects = compiler.boolean(element, &FOLLOW_REDIRECTS);
    let buffer_request_body = compiler.literal_boolean(element, &BUFFER_REQUEST_BODY);
    let buffer_response = compiler.literal_boolean(element, &BUFFER_RESPONSE);
    let fail_on_error = compiler.literal_boolean(element, &FAIL_ON_ERROR_STATUS_CODE);
    let follow_redirects = follow_redirects?;
    let needs = match &timeout {
        Timeout::Seconds(setting) => Needs::default().and(setting),
        Timeout::Milliseconds(setting) => Needs::default().and(setting),
    };
    Some(Box::new(ForwardRequest {
        needs: needs.and_optional(&continue_timeout).and(&follow_redirects),
        timeout,
        continue_timeout,
        http_version,
        follow_redirects,
        // Inside a retry the next attempt needs the body again, whatever the document says.
        buffer_request_body: buffer_request_body? || compiler.retries > 0,
        buffer_response: buffer_response?,
        fail_on_error_status_code: fail_on_error?,
    }))
}

impl Policy for ForwardRequest {
    fn mode(&self) -> Mode {
        Mode::Waiting
    }

    fn run(&self, _exchange: &mut Exchange) -> Result<Outcome, Failure> {
        Ok(Outcome::Continue)
    }

    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move { Ok(self.forward(exchange).await?) })
    }
}

/// How a request is sent.
struct Plan {
    http_version: HttpVersion,
    timeout: Option<Duration>,
    continue_timeout: Option<Duration>,
    follow_redirects: bool,
}

/// Where this attempt goes.
struct Chosen {
    target: Arc<Target>,
    credentials: Option<Arc<tidegate_pipeline::Backend>>,
    /// Of an entity, whose balancing wants to know what becomes of the call.
    active: Option<ActiveAttempt>,
}

impl Chosen {
    fn credentials(&self) -> Option<&Credentials> {
        let backend = self.credentials.as_ref()?;
        backend.single().map(|single| &single.credentials)
    }
}

impl ForwardRequest {
    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Failure> {
        let timeout = match &self.timeout {
            Timeout::Seconds(setting) => setting.get_optional(exchange)?,
            Timeout::Milliseconds(setting) => setting
                .get_optional(exchange)?
                .map(|milliseconds| {
                    u64::try_from(milliseconds)
                        .map(Duration::from_millis)
                        .map_err(|_| {
                            PolicyError::expression(DEFINITION.name, "the timeout is negative")
                        })
                })
                .transpose()?,
        };
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        Ok(Plan {
            http_version: self.http_version,
            timeout: (!timeout.is_zero()).then_some(timeout),
            continue_timeout: optional(&self.continue_timeout, exchange)?,
            follow_redirects: self.follow_redirects.get_or(exchange, false)?,
        })
    }

    async fn forward(&self, exchange: &mut Exchange) -> Result<Outcome, PolicyError> {
        let plan = buffering(exchange, self.needs, DEFINITION.name, |exchange| {
            self.plan(exchange)
        })
        .await?;
        if self.buffer_request_body {
            exchange
                .buffer_body(MessageSide::Request, DEFINITION.name)
                .await?;
        }
        if matches!(exchange.request.body, Body::Consumed) && exchange.attempts > 0 {
            return Err(PolicyError::new(
                DEFINITION.name,
                Some("BackendConnectionFailure"),
                "the request body has been sent already and was not kept; set buffer-request-body=\"true\"",
            ));
        }
        // The response of an earlier attempt is of no use any more; its connection may be.
        if let Some(old) = exchange.response.take() {
            old.body.discard();
        }
        exchange.active = None;

        let chosen = choose(exchange)?;
        exchange.attempts = exchange.attempts.saturating_add(1);
        exchange.buffer_response = self.buffer_response;
        let answer = send(exchange, &chosen, plan).await;
        if let Some(active) = &chosen.active {
            report(active, &answer, exchange);
        }
        let response = answer.map_err(|error| transport_failure(&error, DEFINITION.name))?;
        exchange.active = chosen.active;
        let status = response.status.as_u16();
        let mut headers = response.headers;
        hop_by_hop::strip(&mut headers);
        exchange.response = Some(Response {
            status,
            reason: response.reason,
            headers,
            body: response.body,
        });
        if self.fail_on_error_status_code && (400..=599).contains(&status) {
            return Err(PolicyError::new(
                DEFINITION.name,
                Some("BackendErrorStatusCode"),
                format!("the backend answered with status code {status}"),
            )
            .answer(status, None)
            .keep_response());
        }
        Ok(Outcome::Continue)
    }
}

/// Resolves the current backend; of a pool, picks a member.
fn choose(exchange: &mut Exchange) -> Result<Chosen, PolicyError> {
    if let Some(target) = exchange.backend.bare_target() {
        return Ok(Chosen {
            target: target.clone(),
            credentials: None,
            active: None,
        });
    }
    let Some(backend) = exchange.backend.entity().cloned() else {
        return Err(PolicyError::new(
            DEFINITION.name,
            Some("BackendConnectionFailure"),
            "the request has no backend: the API has no service URL and no set-backend-service ran",
        ));
    };
    let now = exchange.ports.clock.monotonic();
    let entity = match &backend.kind {
        BackendKind::Single(_) => backend.clone(),
        BackendKind::Pool {
            pool,
            members,
            affinity,
        } => {
            let token = affinity
                .as_ref()
                .and_then(|affinity| cookie(&exchange.request.headers, &affinity.cookie));
            let choice = Choice::new(now, exchange.ports.random.next());
            let selected = pool
                .select(&choice, token.as_deref())
                .map_err(|exhausted| {
                    unavailable(
                        &exhausted,
                        exhausted.status,
                        exhausted.retry_after_seconds(),
                    )
                })?;
            let member = members.get(selected.member).ok_or_else(|| {
                PolicyError::new(
                    DEFINITION.name,
                    Some("BackendConnectionFailure"),
                    format!("pool '{}' has no such member", backend.id),
                )
            })?;
            if let (Some(affinity), Some(token)) = (affinity, &selected.new_token) {
                set_affinity_cookie(exchange, &affinity.cookie, token);
            }
            let single = single_of(&member.backend)?;
            exchange.backend.set_member(single.target.clone());
            exchange.url_changed();
            exchange.last_backend = Some(member.id.clone());
            return Ok(Chosen {
                target: single.target.clone(),
                credentials: Some(member.backend.clone()),
                active: Some(ActiveAttempt {
                    attempt: selected.attempt,
                    sent: now,
                }),
            });
        }
    };
    let single = single_of(&entity)?;
    exchange.last_backend = Some(entity.id.clone());
    let attempt = single
        .state
        .admit(now)
        .map_err(|open| unavailable(&open, open.status, open.retry_after_seconds()))?;
    Ok(Chosen {
        target: single.target.clone(),
        credentials: Some(entity),
        active: Some(ActiveAttempt { attempt, sent: now }),
    })
}

fn single_of(backend: &tidegate_pipeline::Backend) -> Result<&SingleBackend, PolicyError> {
    backend.single().ok_or_else(|| {
        PolicyError::new(
            DEFINITION.name,
            Some("BackendConnectionFailure"),
            format!("backend '{}' is a pool within a pool", backend.id),
        )
    })
}

/// The gateway's own answer while a circuit is open or a pool has nobody left.
fn unavailable(cause: &dyn std::fmt::Display, status: u16, retry_after: u64) -> PolicyError {
    let phrase = cause.to_string();
    PolicyError::new(
        DEFINITION.name,
        Some("BackendConnectionFailure"),
        phrase.as_str(),
    )
    .answer(status, None)
    .status_reason(phrase)
    .header(header::RETRY_AFTER, HeaderValue::from(retry_after))
}

/// The value of a cookie of the request.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn set_affinity_cookie(exchange: &mut Exchange, name: &str, token: &str) {
    let secure = if exchange.request.url.scheme() == "https" {
        "; Secure"
    } else {
        ""
    };
    if let Ok(value) = HeaderValue::from_str(&format!("{name}={token}; Path=/; HttpOnly{secure}")) {
        exchange.set_affinity_cookie(value);
    }
}

async fn send(
    exchange: &mut Exchange,
    chosen: &Chosen,
    plan: Plan,
) -> Result<UpstreamResponse, TransportError> {
    let path_and_query =
        path_and_query(exchange, chosen).map_err(|_| TransportError::invalid_path())?;
    if plan.follow_redirects {
        let personal = personal(exchange, chosen);
        let request = build(exchange, chosen, &plan, path_and_query);
        // Rare, and large.
        return Box::pin(send_following(exchange, request, &personal)).await;
    }
    let ports = exchange.ports.clone();
    let mut attempts = 0;
    let mut make = || {
        attempts += 1;
        let is_spent = attempts > 1 && matches!(exchange.request.body, Body::Consumed);
        (!is_spent).then(|| build(exchange, chosen, &plan, path_and_query.clone()))
    };
    ports.upstream.send_from(&mut make).await
}

/// Where on the backend the request goes, with what its credentials add to the query.
fn path_and_query(exchange: &Exchange, chosen: &Chosen) -> Result<PathAndQuery, InvalidUri> {
    let added: Vec<_> = chosen
        .credentials()
        .map(|credentials| credentials.query.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
        .collect();
    subscription_key::url(exchange).target(chosen.target.base_path(), &added)
}

/// The request as the backend gets it.
fn build(
    exchange: &mut Exchange,
    chosen: &Chosen,
    plan: &Plan,
    path_and_query: PathAndQuery,
) -> UpstreamRequest {
    let mut headers = exchange.request.headers.clone();
    hop_by_hop::strip(&mut headers);
    headers.remove(header::EXPECT);
    // The length of an unchanged body stands; any other is worked out anew.
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some() && length != exchange.request.body.known_length() {
        headers.remove(header::CONTENT_LENGTH);
    }
    if !exchange.request.host_overridden {
        headers.insert(header::HOST, chosen.target.authority().clone());
    }
    subscription_key::strip_header(exchange, &mut headers);
    if let Some(credentials) = chosen.credentials() {
        for (name, values) in &credentials.headers {
            let mut values = values.iter().cloned();
            match values.next() {
                Some(first) => headers.insert(name, first),
                None => headers.remove(name),
            };
            for value in values {
                headers.append(name, value);
            }
        }
    }
    let request = &mut exchange.request;
    UpstreamRequest {
        target: chosen.target.clone(),
        method: request.method.clone(),
        path_and_query,
        headers,
        body: request.body.take_for_transfer(),
        http_version: plan.http_version,
        timeout: plan.timeout,
        continue_timeout: plan.continue_timeout,
        proxy: exchange.proxy.clone(),
    }
}

/// Headers that are meant for this backend alone: its credentials, and the client's own.
fn personal(exchange: &Exchange, chosen: &Chosen) -> Vec<HeaderName> {
    let mut names = vec![
        header::AUTHORIZATION,
        header::COOKIE,
        HeaderName::from_static("api-key"),
    ];
    if let Some(credentials) = chosen.credentials() {
        names.extend(credentials.headers.iter().map(|(name, _)| name.clone()));
    }
    if let Some(KeyLocation::Header(name)) = &exchange.key_location {
        names.extend(HeaderName::from_bytes(name.as_bytes()));
    }
    names
}

/// Sends a request and follows redirects; the last answer counts.
async fn send_following(
    exchange: &mut Exchange,
    mut request: UpstreamRequest,
    personal: &[HeaderName],
) -> Result<UpstreamResponse, TransportError> {
    let ports = exchange.ports.clone();
    let mut hops = 0;
    loop {
        let again = request.try_clone();
        let method = request.method.clone();
        let response = ports.upstream.send(request).await?;
        if hops == MAX_HOPS || !response.status.is_redirection() {
            return Ok(response);
        }
        let backends = &exchange.runtime.backends;
        match next_hop(again, &method, &response, backends, personal) {
            Some(next) => {
                response.body.discard();
                request = next;
                hops += 1;
            }
            None => return Ok(response),
        }
    }
}

/// Tells breaker and strategy what became of the attempt.
fn report(
    ActiveAttempt { attempt, sent }: &ActiveAttempt,
    answer: &Result<UpstreamResponse, TransportError>,
    exchange: &Exchange,
) {
    let now = exchange.ports.clock.monotonic();
    let latency = now.saturating_sub(*sent);
    match answer {
        Ok(response) => {
            let status = response.status.as_u16();
            let mut outcome = Answered::status(status, latency);
            // One look at the headers; many backends send none of these.
            let telling: Vec<(&str, &str)> = response
                .headers
                .iter()
                .filter(|(name, _)| tells_capacity(name.as_str()))
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect();
            if !telling.is_empty() {
                let get = |name: &str| {
                    let found = telling.iter().find(|(known, _)| *known == name);
                    found.map(|(_, value)| *value)
                };
                let wall = wall_clock(exchange.ports.clock.now());
                outcome = outcome
                    .with_retry_after(retry_after(get, wall))
                    .with_rate_limit(RateLimit::from_headers(get));
            }
            attempt.outcome(now, &outcome);
        }
        Err(error) => {
            let reasons: &'static [&'static str] = match error.kind {
                TransportErrorKind::Timeout => &["Timeout"],
                // The client's own failure says nothing of the backend.
                TransportErrorKind::RequestBody | TransportErrorKind::RequestTooLarge => return,
                _ => &["BackendConnectionFailure"],
            };
            attempt.outcome(now, &Answered::failed(reasons, latency));
        }
    }
}

/// Whether a response header speaks of the backend's capacity.
fn tells_capacity(name: &str) -> bool {
    name.starts_with("x-ratelimit-")
        || name.starts_with("retry-after")
        || name == "azure-openai-deployment-utilization"
}

/// Time since 1970-01-01 UTC, from .NET ticks.
fn wall_clock(ticks: i64) -> Duration {
    let since_epoch = ticks
        .saturating_sub(tidegate_pipeline::ticks::UNIX_EPOCH)
        .max(0);
    Duration::from_nanos(since_epoch.unsigned_abs().saturating_mul(100))
}

/// What a failed exchange with another server becomes.
pub(crate) fn transport_failure(error: &TransportError, source: &'static str) -> PolicyError {
    match error.kind {
        TransportErrorKind::Timeout => {
            PolicyError::new(source, Some("Timeout"), error.message.as_str())
        }
        TransportErrorKind::RequestTooLarge => {
            PolicyError::request_too_large(source, error.message.as_str())
        }
        TransportErrorKind::RequestBody => {
            PolicyError::request_broken(source, error.message.as_str())
        }
        TransportErrorKind::Connect | TransportErrorKind::Reset | TransportErrorKind::Protocol => {
            PolicyError::new(
                source,
                Some("BackendConnectionFailure"),
                error.message.as_str(),
            )
        }
    }
}

/// Kept out of `build` so that the method of a redirected request can be compared.
pub(crate) fn is_post(method: &Method) -> bool {
    *method == Method::POST
}
