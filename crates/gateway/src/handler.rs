//! From a client's request to an exchange, and from the exchange to the response.
//!
//! One [`GatewayHandler`] per worker. It takes the current configuration once per request, so a reload never changes
//! what a request in flight runs.

use std::cell::Cell;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};
use http_body::{Body as _, Frame, SizeHint};
use tidegate_expressions::{ApiInfo, OperationInfo};
use tidegate_pipeline::{
    ActiveAttempt, Body, BodyError, BodyStream, Exchange, Ports, Request, RequestUrl, Response,
    StreamError, without_dot_segments,
};
use uuid::Uuid;

use crate::compiled::Compiled;
use crate::entry::{Way, enter};
use crate::metrics::WorkerMetrics;
use crate::response::{Buffering, Ending, ResponseBody, head};
use crate::server::{self, ConnectionInfo, Handler, Handling};

/// What all workers share.
#[derive(Debug)]
pub struct Current {
    compiled: ArcSwap<Compiled>,
}

impl Current {
    /// Begins with a configuration.
    pub fn new(compiled: Compiled) -> Self {
        Self {
            compiled: ArcSwap::from_pointee(compiled),
        }
    }

    /// The configuration new requests run, for a short look.
    pub fn load(&self) -> Guard<Arc<Compiled>> {
        self.compiled.load()
    }

    /// Takes a new configuration into use; requests in flight finish on the old one.
    pub fn replace(&self, compiled: Compiled) {
        self.compiled.store(Arc::new(compiled));
    }
}

/// Answers the requests of one worker.
pub struct GatewayHandler {
    current: Arc<Current>,
    ports: Rc<Ports>,
    metrics: Rc<WorkerMetrics>,
    seen: Cell<usize>,
}

impl GatewayHandler {
    /// A worker's handler.
    pub fn new(current: Arc<Current>, ports: Rc<Ports>, metrics: WorkerMetrics) -> Self {
        Self {
            current,
            ports,
            metrics: Rc::new(metrics),
            seen: Cell::new(0),
        }
    }

    /// All that is done before anything has to be waited for.
    fn begin(
        &self,
        request: http::Request<server::IncomingBody>,
        connection: &ConnectionInfo,
    ) -> Begun {
        let compiled = self.current.load();
        let address = Arc::as_ptr(&compiled) as usize;
        if self.seen.replace(address) != address {
            self.metrics.forget();
        }
        self.metrics.begin();
        let request_id = Uuid::from_u128(
            u128::from(self.ports.random.next()) << 64 | u128::from(self.ports.random.next()),
        );
        let (parts, body) = request.into_parts();
        let mut headers = parts.headers;
        let uri = without_dots(&parts.uri).unwrap_or(parts.uri);
        let settings = &compiled.service.gateway;
        let (scheme, ip) = client(&headers, connection, settings.trust_forwarded_headers);
        let body = if body.is_end_stream() {
            Body::Absent
        } else {
            Body::Streaming(Box::pin(FromClient(body)))
        };
        tidegate_policies::strip_connection(&mut headers);
        if parts.version == Version::HTTP_2 {
            join_cookies(&mut headers);
        }
        let authority = authority(&uri, &mut headers);
        let is_head = parts.method == Method::HEAD;
        // On the heap: the futures around it are moved while they are set up.
        let mut exchange = Box::new(Exchange::new(
            compiled.runtime.clone(),
            self.ports.clone(),
            request_id,
            Request::new(
                parts.method,
                RequestUrl::new(scheme, authority, uri, 0),
                headers,
                body,
                ip,
            ),
        ));
        let unanswered = Unanswered(Some(Box::new(Record {
            metrics: self.metrics.clone(),
            ports: self.ports.clone(),
            started: exchange.started(),
            request_id,
            api: None,
            operation: None,
            backend: None,
            attempt: None,
            status: 499,
            attempts: 0,
        })));
        let way = enter(&compiled, &mut exchange);
        Begun {
            unanswered,
            way,
            is_head,
            exchange,
        }
    }
}

/// A request about to be processed.
struct Begun {
    unanswered: Unanswered,
    way: Way,
    /// The client asked for no body, whatever policies make of its method.
    is_head: bool,
    exchange: Box<Exchange>,
}

impl Begun {
    /// Waits for backends and what else policies wait for, and answers.
    async fn answer(self) -> http::Response<ResponseBody> {
        let Self {
            mut unanswered,
            way,
            is_head,
            mut exchange,
        } = self;
        way.walk(&mut exchange).await;

        let mut response = exchange
            .response
            .take()
            .unwrap_or_else(|| Response::new(500));
        let mut record = unanswered.0.take();
        if let Some(record) = &mut record {
            record.api = exchange.matched.api.take();
            record.operation = exchange.matched.operation.take();
            record.backend = exchange.last_backend.take();
            record.attempt = exchange.active.take();
            record.attempts = exchange.attempts;
            record.status = response.status;
        }
        let buffering = Buffering::of(&response, exchange.buffer_response);
        let head = head(&mut response, is_head);
        let body = ResponseBody::new(
            response.body,
            buffering,
            &exchange.ports,
            record.map(|record| record as Box<dyn Ending>),
        );
        head.map(|()| body)
    }
}

/// The authority a client asks for. HTTP/2 carries it as `:authority`; policies look for `Host`, and find it there as well.
fn authority(uri: &Uri, headers: &mut HeaderMap) -> String {
    let host = headers.get(header::HOST);
    let has_host = host.is_some();
    let authority = match (uri.authority(), host) {
        (Some(authority), _) => authority.as_str(),
        (None, host) => host.and_then(|host| host.to_str().ok()).unwrap_or_default(),
    }
    .to_owned();
    if !has_host && let Ok(host) = HeaderValue::from_str(&authority) {
        headers.insert(header::HOST, host);
    }
    authority
}

impl Handler for GatewayHandler {
    type Body = ResponseBody;

    fn handle(
        &self,
        request: http::Request<server::IncomingBody>,
        connection: &ConnectionInfo,
    ) -> Handling<ResponseBody> {
        Box::pin(self.begin(request, connection).answer())
    }
}

/// A client's request body as the pipeline takes it.
struct FromClient(server::IncomingBody);

impl http_body::Body for FromClient {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        Pin::new(&mut self.0)
            .poll_frame(cx)
            .map_err(|error| match error {
                server::BodyError::TooLarge { limit } => Box::new(BodyError::TooLarge {
                    limit: usize::try_from(limit).unwrap_or(usize::MAX),
                }) as StreamError,
                server::BodyError::Stalled => Box::new(BodyError::Stalled),
                broken @ server::BodyError::Broken(_) => Box::new(broken),
            })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl BodyStream for FromClient {
    // The server reads what is left of an unwanted request body itself.
    fn discard(self: Pin<Box<Self>>) {}
}

/// HTTP/2 may send each cookie on a line of its own; elsewhere there is one line (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else {
        return;
    };
    let joined = [first, second]
        .into_iter()
        .chain(lines)
        .map(HeaderValue::as_bytes)
        .collect::<Vec<_>>()
        .join(&b"; "[..]);
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(header::COOKIE, joined);
    }
}

/// The URL without dot segments, when it has some: routes, keys and backends must not understand them differently.
fn without_dots(uri: &Uri) -> Option<Uri> {
    let path = without_dot_segments(uri.path())?;
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

/// Scheme and address of the caller; forwarded ones only when they are trusted.
fn client(
    headers: &HeaderMap,
    connection: &ConnectionInfo,
    trust_forwarded: bool,
) -> (&'static str, IpAddr) {
    let mut scheme = if connection.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let mut ip = connection.peer.ip();
    if trust_forwarded {
        let first =
            |name: &str| -> Option<&str> { headers.get(name)?.to_str().ok()?.split(',').next() };
        match first("x-forwarded-proto").map(str::trim) {
            Some(proto) if proto.eq_ignore_ascii_case("https") => scheme = "https",
            Some(proto) if proto.eq_ignore_ascii_case("http") => scheme = "http",
            _ => {}
        }
        if let Some(forwarded) = first("x-forwarded-for").and_then(|ip| ip.trim().parse().ok()) {
            ip = forwarded;
        }
    }
    (scheme, ip)
}

/// What is recorded of a request when it is over.
struct Record {
    metrics: Rc<WorkerMetrics>,
    ports: Rc<Ports>,
    started: Duration,
    request_id: Uuid,
    api: Option<Arc<ApiInfo>>,
    operation: Option<Arc<OperationInfo>>,
    backend: Option<Arc<str>>,
    /// The backend call whose answer is passed on.
    attempt: Option<ActiveAttempt>,
    status: u16,
    attempts: u32,
}

impl Record {
    fn write(&mut self, complete: bool) {
        let now = self.ports.clock.monotonic();
        if let Some(active) = self.attempt.take() {
            active.finished(now, complete);
        }
        let duration = now.saturating_sub(self.started);
        self.metrics.end(
            self.api.as_ref(),
            self.operation.as_ref(),
            self.status,
            self.attempts,
            duration,
        );
        if self.status >= 500 || !complete {
            tracing::warn!(
                target: "tidegate::access",
                request_id = %self.request_id,
                api = self.api.as_ref().map_or("", |api| &*api.id),
                operation = self.operation.as_ref().map_or("", |operation| &*operation.id),
                backend = self.backend.as_deref().unwrap_or(""),
                status = self.status,
                attempts = self.attempts,
                duration_ms = duration.as_millis() as u64,
                complete,
                "request"
            );
        } else {
            tracing::debug!(
                target: "tidegate::access",
                request_id = %self.request_id,
                api = self.api.as_ref().map_or("", |api| &*api.id),
                operation = self.operation.as_ref().map_or("", |operation| &*operation.id),
                backend = self.backend.as_deref().unwrap_or(""),
                status = self.status,
                attempts = self.attempts,
                duration_ms = duration.as_millis() as u64,
                "request"
            );
        }
    }
}

impl Ending for Record {
    fn ended(mut self: Box<Self>, complete: bool) {
        self.write(complete);
    }
}

/// Records a request whose client left before there was a response.
struct Unanswered(Option<Box<Record>>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(mut record) = self.0.take() {
            record.write(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_several_lines_become_one() {
        let mut headers = HeaderMap::new();
        join_cookies(&mut headers);
        assert!(headers.is_empty());
        for cookie in ["a=1", "b=2", "c=3"] {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        join_cookies(&mut headers);
        let lines: Vec<&HeaderValue> = headers.get_all(header::COOKIE).iter().collect();
        assert_eq!(lines, ["a=1; b=2; c=3"]);
    }

    #[test]
    fn a_url_keeps_everything_but_its_dot_segments() {
        let without = |uri: &'static str| without_dots(&Uri::from_static(uri));
        assert_eq!(without("/a/b?c=../d"), None);
        assert_eq!(
            without("http://h:1/a/../b?c=../d").map(|uri| uri.to_string()),
            Some("http://h:1/b?c=../d".to_owned())
        );
    }
}
