//! The load generator: a fixed number of requests over a fixed number of connections, each sending the next request when it has read
//! the last answer to its end.
//!
//! In: a scenario. Out: a [`Report`], printed as one line of JSON. An answer other than 200 is counted, never hidden.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_local};

use crate::mock::block_on;
use crate::scenario::{HEADER, Scenario};

/// The key the load presents to the gateway.
pub const KEY: &str = "bench-key";

/// What came of a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Answers with status 200, read to the end.
    pub good: usize,
    /// Other answers and broken connections.
    pub bad: usize,
    /// The first thing that went wrong.
    pub complaint: Option<String>,
    /// Bytes of all bodies.
    pub bytes: u64,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// Median time of a request in microseconds.
    pub p50: f64,
    /// 99th percentile in microseconds.
    pub p99: f64,
}

#[derive(Default)]
struct Tally {
    left: Cell<usize>,
    bad: Cell<usize>,
    bytes: Cell<u64>,
    complaint: RefCell<Option<String>>,
    times: RefCell<Vec<Duration>>,
}

impl Tally {
    fn take(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn complain(&self, what: impl ToString) {
        self.bad.set(self.bad.get() + 1);
        self.complaint
            .borrow_mut()
            .get_or_insert_with(|| what.to_string());
    }
}

/// Sends these kinds of traffic, one after the other. Every request must succeed.
pub fn send_all(
    address: SocketAddr,
    traffic: &[(Scenario, usize)],
    connections: usize,
) -> Result<(), String> {
    for (scenario, requests) in traffic {
        let report = block_on(run(address, *scenario, *requests, connections))
            .map_err(|error| error.to_string())?;
        if report.bad > 0 {
            let complaint = report.complaint.unwrap_or_default();
            return Err(format!(
                "{} of {requests} requests failed: {complaint}",
                report.bad
            ));
        }
    }
    Ok(())
}

/// Sends `count` requests over `connections` connections.
pub async fn run(
    address: SocketAddr,
    scenario: Scenario,
    count: usize,
    connections: usize,
) -> Report {
    let tally = Rc::new(Tally {
        left: Cell::new(count),
        ..Tally::default()
    });
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections.max(1) {
        clients.spawn_local(client(address, scenario, tally.clone()));
    }
    while clients.join_next().await.is_some() {}
    let seconds = start.elapsed().as_secs_f64();
    let mut times = tally.times.take();
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index.min(times.len().saturating_sub(1)))
            .map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Report {
        good: times.len(),
        bad: tally.bad.get(),
        complaint: tally.complaint.take(),
        bytes: tally.bytes.get(),
        seconds,
        p50: at(0.5),
        p99: at(0.99),
    }
}

async fn client(address: SocketAddr, scenario: Scenario, tally: Rc<Tally>) {
    let body = scenario.request();
    let mut sender: Option<http1::SendRequest<Full<Bytes>>> = None;
    while tally.take() {
        let connection = match sender.take() {
            Some(open) if !open.is_closed() => Ok(open),
            _ => connect(address).await,
        };
        let mut open = match connection {
            Ok(open) => open,
            Err(error) => {
                tally.complain(error);
                continue;
            }
        };
        let request = Request::post(scenario.path())
            .header(header::HOST, "gateway.example")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "AzureOpenAI/Python 1.30.0")
            .header("api-key", KEY)
            .header(HEADER, scenario.name())
            .body(Full::new(body.clone()));
        let Ok(request) = request else {
            return tally.complain("the request is not valid");
        };
        let start = Instant::now();
        match exchange(&mut open, request, &tally).await {
            Ok(true) => {
                tally.times.borrow_mut().push(start.elapsed());
                sender = Some(open);
            }
            Ok(false) => sender = Some(open),
            Err(error) => tally.complain(error),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<http1::SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    stream
        .set_nodelay(true)
        .map_err(|error| error.to_string())?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    spawn_local(connection);
    Ok(sender)
}

/// Whether the answer was 200.
async fn exchange(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    tally: &Tally,
) -> Result<bool, hyper::Error> {
    sender.ready().await?;
    let mut response = sender.send_request(request).await?;
    while let Some(frame) = response.body_mut().frame().await {
        let length = frame?.data_ref().map_or(0, Bytes::len);
        tally.bytes.set(tally.bytes.get() + length as u64);
    }
    let good = response.status() == 200;
    if !good {
        tally.complain(response.status());
    }
    Ok(good)
}
