//! Bodies on their way: streamed, cut, chunked, expected; and the oddities of HTTP/1.1 connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use crate::backend::{Backend, one_api, policy};
use crate::harness::{Folder, Gateway, PATIENCE, Request, exchange};

const STREAMING: &str =
    r#"<forward-request buffer-request-body="false" buffer-response="false" />"#;
const BUFFERING: &str = r#"<forward-request buffer-request-body="true" buffer-response="true" />"#;

fn through(name: &str, backend: &Backend, forward: &str) -> (Folder, Gateway) {
    let folder = one_api(name, &backend.url(), &policy("", forward, "", ""), "");
    let gateway = Gateway::start(&folder.0, &[]);
    (folder, gateway)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it accepts");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    stream
}

/// Reads until `text` has come; returns all so far.
fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let so_far = String::from_utf8_lossy(&all).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        let read = stream.read(&mut buffer).expect("it answers");
        assert!(read > 0, "no '{text}' in '{so_far}'");
        all.extend_from_slice(&buffer[..read]);
    }
}

/// Waits until the metrics say so.
fn wait_for_metric(gateway: &Gateway, line: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = Request::new("GET", "/metrics").send(gateway.admin).text();
        if metrics.lines().any(|found| found.starts_with(line)) {
            return;
        }
        assert!(Instant::now() < deadline, "no '{line}' in\n{metrics}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn large_request_bodies_stream_through_flat_memory() {
    const SIZE: usize = 64 << 20;
    let backend =
        Backend::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let (_folder, gateway) = through("large", &backend, STREAMING);
    Request::new("POST", "/t/x")
        .body("warm")
        .send(gateway.address);
    let before = gateway.process.memory("VmHWM");
    let mut stream = connect(gateway.address);
    write!(
        stream,
        "POST /t/x HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n"
    )
    .expect("it reads");
    let block = vec![b'x'; 1 << 20];
    for _ in 0..SIZE / block.len() {
        stream.write_all(&block).expect("it reads");
    }
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 200"));
    assert_eq!(backend.seen()[1].length, SIZE);
    let grown = gateway.process.memory("VmHWM") - before;
    eprintln!("64 MiB streamed: peak memory grew by {grown} KiB");
    assert!(grown < 16 * 1024, "{grown} KiB");
}

#[test]
fn chunked_requests_arrive_whole() {
    for forward in [STREAMING, BUFFERING] {
        let backend = Backend::echo();
        let (_folder, gateway) = through("chunked", &backend, forward);
        let answer = exchange(
            gateway.address,
            b"POST /t/x HTTP/1.1\r\nhost: t\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\n",
        )
        .expect("an answer");
        assert_eq!(answer.status, 200);
        let seen = &backend.seen()[0];
        assert_eq!(seen.text(), "abcdefg");
        let framing = (
            seen.header("content-length"),
            seen.header("transfer-encoding"),
        );
        let expected = if forward == STREAMING {
            ("", "chunked")
        } else {
            ("7", "")
        };
        assert_eq!((framing.0.as_str(), framing.1.as_str()), expected);
    }
}

#[test]
fn a_client_that_expects_it_is_told_to_continue() {
    let backend = Backend::echo();
    let (_folder, gateway) = through("expect", &backend, STREAMING);
    let mut stream = connect(gateway.address);
    stream
        .write_all(b"POST /t/x HTTP/1.1\r\nhost: t\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        .expect("it reads");
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 100 Continue"));
    stream.write_all(b"body").expect("it reads");
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 200"));
    assert_eq!(
        (backend.seen()[0].text(), backend.seen()[0].header("expect")),
        ("body".to_owned(), String::new())
    );
}

#[test]
fn a_refused_request_is_not_told_to_continue() {
    let backend = Backend::echo();
    let (_folder, gateway) = through("expect-not", &backend, STREAMING);
    let mut stream = connect(gateway.address);
    stream
        .write_all(b"POST /nowhere HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        .expect("it reads");
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 404"));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let backend = Backend::echo();
    let (_folder, gateway) = through("pipelined", &backend, STREAMING);
    let mut stream = connect(gateway.address);
    let mut bytes = Vec::new();
    for number in 0..5 {
        bytes.extend_from_slice(
            format!("POST /t/{number} HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\n\r\n{number}")
                .as_bytes(),
        );
    }
    bytes.extend_from_slice(b"GET /t/last HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
    stream.write_all(&bytes).expect("it reads");
    let mut all = String::new();
    stream
        .read_to_string(&mut all)
        .expect("it answers and closes");
    let order: Vec<&str> = all
        .lines()
        .filter_map(|line| line.split_once(" /").map(|(_, rest)| rest))
        .collect();
    assert_eq!(order, ["0", "1", "2", "3", "4", "last"]);
    assert_eq!(all.matches("HTTP/1.1 200").count(), 6);
}

#[test]
fn a_client_that_breaks_off_its_body_leaves_nothing_behind() {
    for forward in [STREAMING, BUFFERING] {
        let backend = Backend::echo();
        let (_folder, gateway) = through("client-cut", &backend, forward);
        let mut stream = connect(gateway.address);
        stream
            .write_all(b"POST /t/x HTTP/1.1\r\nhost: t\r\ncontent-length: 100000\r\n\r\nonly this")
            .expect("it reads");
        drop(stream);
        wait_for_metric(&gateway, "tidegate_requests_in_flight 0");
        // A backend never takes half a body for a whole one.
        assert!(backend.seen().is_empty());
        assert_eq!(
            Request::new("POST", "/t/x")
                .body("whole")
                .send(gateway.address)
                .status,
            200
        );
        assert_eq!(backend.seen().len(), 1);
    }
}

/// Backends that break off in the middle, one for each way to frame a body.
const CUT: [&str; 2] = [
    "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart of it",
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata: \r\n",
];

#[test]
fn a_response_that_breaks_off_does_not_look_whole() {
    for cut in CUT {
        for forward in [STREAMING, BUFFERING] {
            let backend = Backend::answering(cut);
            let (_folder, gateway) = through("backend-cut", &backend, forward);
            let bytes = Request::new("GET", "/t/x").bytes(gateway.address);
            let answer = exchange(gateway.address, &bytes);
            assert!(answer.is_err(), "{forward} {cut}: {answer:?}");
            // Over HTTP/2 the stream is reset.
            let status = std::process::Command::new("curl")
                .args([
                    "--silent",
                    "--noproxy",
                    "*",
                    "--max-time",
                    "60",
                    "--http2-prior-knowledge",
                    "--output",
                    "/dev/null",
                ])
                .arg(format!("{}/t/x", gateway.url()))
                .status()
                .expect("curl runs");
            assert!(!status.success(), "{forward} {cut}");
        }
    }
}

/// A backend that sends a first chunk and the second one only when told.
fn in_two_steps(content_type: &'static str) -> (Backend, mpsc::Sender<()>) {
    let (go, wait): (_, Receiver<()>) = mpsc::channel();
    let wait = Mutex::new(wait);
    let backend = Backend::start(move |_, out| {
        write!(
            out,
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n"
        )?;
        out.flush()?;
        let _ = wait.lock().expect("nobody panics").recv_timeout(PATIENCE);
        out.write_all(b"6\r\nsecond\r\n0\r\n\r\n")
    });
    (backend, go)
}

#[test]
fn an_unbuffered_response_arrives_as_it_comes() {
    for (content_type, forward) in [
        ("text/plain", STREAMING),
        ("text/event-stream", STREAMING),
        // Events are not held back for long, whatever the document says.
        ("text/event-stream", BUFFERING),
    ] {
        let (backend, go) = in_two_steps(content_type);
        let (_folder, gateway) = through("steps", &backend, forward);
        let mut stream = connect(gateway.address);
        stream
            .write_all(&Request::new("GET", "/t/x").bytes(gateway.address))
            .expect("it reads");
        let so_far = read_until(&mut stream, "first");
        assert!(!so_far.contains("second"));
        go.send(()).expect("the backend waits");
        read_until(&mut stream, "second\r\n0\r\n\r\n");
    }
}

#[test]
fn a_buffered_response_arrives_in_blocks() {
    let (backend, go) = in_two_steps("text/plain");
    go.send(()).expect("the backend will wait");
    let (_folder, gateway) = through("blocks", &backend, BUFFERING);
    let bytes = Request::new("GET", "/t/x").bytes(gateway.address);
    let raw = crate::harness::raw_exchange(gateway.address, &bytes);
    assert!(
        raw.contains("\r\n\r\nB\r\nfirstsecond\r\n0\r\n\r\n"),
        "{raw}"
    );
}

#[test]
fn headers_that_never_end_are_cut_off() {
    let backend = Backend::echo();
    let folder = one_api(
        "slow-headers",
        &backend.url(),
        &policy("", "", "", ""),
        "gateway: { timeouts: { requestHeaders: PT0.2S } }\n",
    );
    let gateway = Gateway::start(&folder.0, &[]);
    let mut stream = connect(gateway.address);
    stream
        .write_all(b"GET /t/x HTTP/1.1\r\nhost: t\r\nx-slow: ")
        .expect("it reads");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    let rest = String::from_utf8_lossy(&rest);
    assert!(
        rest.is_empty() || rest.starts_with("HTTP/1.1 408"),
        "{rest}"
    );
    assert!(backend.seen().is_empty());
    assert_eq!(
        Request::new("GET", "/t/x").send(gateway.address).status,
        200
    );
}
