//! The ports of an exchange with nothing behind them: the real clock and random numbers, a memory store, and an upstream that has
//! its answer at hand. What they cost themselves is next to nothing, so that what is measured is the pipeline.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri, Version};
use tidegate_bench::scenario::{HEADER, Scenario};
use tidegate_gateway::{SystemClock, SystemRandom};
use tidegate_pipeline::{
    Body, Clock, LocalBoxFuture, Ports, Request, RequestUrl, TransportError, Upstream,
    UpstreamRequest, UpstreamResponse,
};
use tidegate_state::MemoryStore;

struct NoSleep(SystemClock);

impl Clock for NoSleep {
    fn now(&self) -> i64 {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, _duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// Gives away answers made beforehand.
#[derive(Default)]
pub struct Answers(RefCell<Vec<UpstreamResponse>>);

impl Answers {
    /// Makes the answer to one more call.
    pub fn prepare(&self) {
        let mut headers = HeaderMap::new();
        let body = Scenario::Answer.answer();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(
            header::DATE,
            HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT"),
        );
        self.0.borrow_mut().push(UpstreamResponse {
            status: StatusCode::OK,
            reason: None,
            headers,
            body: Body::from_bytes(body),
            version: Version::HTTP_11,
        });
    }
}

impl Upstream for Answers {
    fn send(
        &self,
        _request: UpstreamRequest,
    ) -> LocalBoxFuture<'_, Result<UpstreamResponse, TransportError>> {
        let answer = self.0.borrow_mut().pop();
        Box::pin(async move {
            answer.ok_or_else(|| TransportError {
                kind: tidegate_pipeline::TransportErrorKind::Connect,
                message: "no answer was prepared".to_owned(),
            })
        })
    }
}

/// Ports with this upstream.
pub fn ports(upstream: Rc<Answers>) -> Rc<Ports> {
    Rc::new(Ports {
        clock: Rc::new(NoSleep(SystemClock::start())),
        random: Rc::new(SystemRandom::new()),
        upstream,
        store: Arc::new(MemoryStore::default()),
    })
}

/// The request as the load sends it, its body in memory.
pub fn request() -> Request {
    let body = Scenario::Answer.request();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::HOST, "gateway.example"),
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCEPT, "application/json"),
        (header::USER_AGENT, "AzureOpenAI/Python 1.30.0"),
        (header::HeaderName::from_static("api-key"), "bench-key"),
        (header::HeaderName::from_static(HEADER), "answer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Request::new(
        Method::POST,
        RequestUrl::new(
            "http",
            "gateway.example",
            Uri::from_static(Scenario::Answer.path()),
            0,
        ),
        headers,
        Body::from_bytes(body),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
    )
}
