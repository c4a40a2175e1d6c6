//! The simulator on real sockets of the loopback interface: one test for each way in which a connection can behave.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tidegate_openai::watch::StreamWatcher;
use tidegate_simulator::fault::{FaultAction, FaultRule, Garbage};
use tidegate_simulator::{Running, Simulator, SimulatorConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

const CHAT: &str = "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21";

async fn start() -> Running {
    Simulator::start(SimulatorConfig::three_regions().unthrottled())
        .await
        .unwrap()
}

fn authority(url: &str) -> String {
    url.trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .to_owned()
}

fn post(url: &str, path: &str, key: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri(format!("{url}{path}"))
        .header("host", authority(url))
        .header("api-key", key)
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

/// Sends one request on a connection of its own.
async fn send(
    url: &str,
    mut request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Result<Bytes, AnyError>), AnyError> {
    let stream = TcpStream::connect(authority(url)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    // HTTP/1.1 requests carry the path alone.
    *request.uri_mut() = request.uri().path_and_query().unwrap().as_str().parse()?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let (mut body, mut bytes) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Err(error) => {
                return Ok((
                    status,
                    Err(format!("{error} after {} bytes", bytes.len()).into()),
                ));
            }
        }
    }
    Ok((status, Ok(bytes.into())))
}

fn chat_body(stream: bool) -> String {
    json!({ "messages": [{ "role": "user", "content": "hi" }], "max_tokens": 20, "stream": stream })
        .to_string()
}

async fn chat(
    running: &Running,
    at: usize,
    stream: bool,
) -> Result<(StatusCode, Result<Bytes, AnyError>), AnyError> {
    let resource = &running.resources[at];
    send(
        &resource.url,
        post(
            &resource.url,
            CHAT,
            resource.key.expose(),
            chat_body(stream),
        ),
    )
    .await
}

fn break_first(running: &Running, action: FaultAction) {
    running
        .set_faults(&running.resources[0].name, vec![FaultRule::always(action)])
        .unwrap();
}

#[tokio::test]
async fn every_resource_answers_with_its_own_key_only() {
    let running = start().await;
    for at in 0..3 {
        let (status, body) = chat(&running, at, false).await.unwrap();
        assert_eq!(status, 200);
        assert!(body.unwrap().starts_with(b"{\"choices\""));
    }
    let (first, second) = (&running.resources[0], &running.resources[1]);
    let (status, _) = send(
        &first.url,
        post(&first.url, CHAT, second.key.expose(), chat_body(false)),
    )
    .await
    .unwrap();
    assert_eq!(status, 401);
    let state = running.state();
    assert_eq!(
        state
            .resources
            .iter()
            .map(|r| r.counters.requests)
            .collect::<Vec<_>>(),
        [2, 1, 1]
    );
}

#[tokio::test]
async fn streams_arrive_whole() {
    let running = start().await;
    let (status, body) = chat(&running, 0, true).await.unwrap();
    assert_eq!(status, 200);
    let mut watcher = StreamWatcher::new();
    watcher.push(&body.unwrap());
    assert!(watcher.finish().is_whole());
}

#[tokio::test]
async fn http2_with_prior_knowledge_works() {
    let running = start().await;
    let resource = &running.resources[0];
    let stream = TcpStream::connect(authority(&resource.url)).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    for stream in [false, true] {
        let mut request = post(
            &resource.url,
            CHAT,
            resource.key.expose(),
            chat_body(stream),
        );
        request.headers_mut().remove("host");
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(
            !response
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }
    break_first(&running, FaultAction::CutStream { after_chunks: 3 });
    let mut request = post(&resource.url, CHAT, resource.key.expose(), chat_body(true));
    request.headers_mut().remove("host");
    let response = sender.send_request(request).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_refusing_resource_is_not_connected_and_comes_back_on_its_port() {
    let running = start().await;
    let address = authority(&running.resources[0].url);
    let mut open = TcpStream::connect(&address).await.unwrap();
    break_first(&running, FaultAction::Refuse);
    // The change takes a moment to reach the listener's task.
    let refused = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            match TcpStream::connect(&address).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => break,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    });
    refused.await.unwrap();
    let mut byte = [0];
    assert!(
        !matches!(open.read(&mut byte).await, Ok(1..)),
        "open connections are closed"
    );
    assert_eq!(
        chat(&running, 1, false).await.unwrap().0,
        200,
        "others are not touched"
    );
    running
        .set_faults(&running.resources[0].name, vec![])
        .unwrap();
    let healed = tokio::time::timeout(Duration::from_secs(5), async {
        while TcpStream::connect(&address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    healed.await.unwrap();
    assert_eq!(chat(&running, 0, false).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_resource_can_begin_refusing() {
    let mut config = SimulatorConfig::three_regions().unthrottled();
    config.resources[0].faults = vec![FaultRule::always(FaultAction::Refuse)];
    let running = Simulator::start(config).await.unwrap();
    assert!(
        TcpStream::connect(authority(&running.resources[0].url))
            .await
            .is_err()
    );
    assert!(!running.state().resources[0].listening);
}

#[tokio::test]
async fn a_reset_connection_is_reset() {
    let running = start().await;
    let rule = FaultRule {
        count: Some(1),
        ..FaultRule::always(FaultAction::Refuse)
    };
    running
        .set_faults(&running.resources[0].name, vec![rule])
        .unwrap();
    let resource = &running.resources[0];
    let mut stream = TcpStream::connect(authority(&resource.url)).await.unwrap();
    let body = chat_body(false);
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        resource.key.expose(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let error = stream.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(
        chat(&running, 0, false).await.unwrap().0,
        200,
        "the rule is spent"
    );
}

#[tokio::test]
async fn a_cut_before_the_first_byte_sends_nothing() {
    let running = start().await;
    break_first(&running, FaultAction::Cut);
    assert!(chat(&running, 0, false).await.is_err());
    assert_eq!(running.state().resources[0].counters.dropped, 1);
}

#[tokio::test]
async fn a_hanging_resource_sends_nothing_until_the_client_leaves() {
    let running = start().await;
    break_first(&running, FaultAction::Hang(None));
    let waited = tokio::time::timeout(Duration::from_millis(200), chat(&running, 0, false)).await;
    assert!(waited.is_err());
    let gone = tokio::time::timeout(Duration::from_secs(5), async {
        while running.state().resources[0].counters.active > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    gone.await.unwrap();
    assert_eq!(running.state().resources[0].counters.cancelled, 1);
}

#[tokio::test]
async fn a_cut_stream_ends_in_an_error_after_its_chunks() {
    let running = start().await;
    break_first(&running, FaultAction::CutStream { after_chunks: 5 });
    let (status, body) = chat(&running, 0, true).await.unwrap();
    assert_eq!(status, 200);
    let error = body.unwrap_err().to_string();
    let bytes: usize = error
        .split_whitespace()
        .rev()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    assert!(bytes > 1_000, "the chunks before the cut arrive: {error}");
    let (status, body) = chat(&running, 0, false).await.unwrap();
    assert_eq!(status, 200);
    assert!(body.is_err(), "a whole body is cut, too");
}

#[tokio::test]
async fn a_stalled_stream_sends_its_chunks_and_no_more() {
    let running = start().await;
    break_first(
        &running,
        FaultAction::StallStream {
            after_chunks: 3,
            duration: None,
        },
    );
    let resource = &running.resources[0];
    let stream = TcpStream::connect(authority(&resource.url)).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = post(&resource.url, CHAT, resource.key.expose(), chat_body(true));
    *request.uri_mut() = CHAT.parse().unwrap();
    let mut body = sender.send_request(request).await.unwrap().into_body();
    let mut text = Vec::new();
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_millis(300), body.frame()).await
    {
        text.extend_from_slice(frame.unwrap().data_ref().unwrap());
    }
    assert_eq!(
        text.windows(6).filter(|window| window == b"data: ").count(),
        3
    );
}

#[tokio::test]
async fn garbage_is_not_http() {
    let running = start().await;
    break_first(&running, FaultAction::Garbage(Garbage::NotHttp));
    assert!(chat(&running, 0, false).await.is_err());
    break_first(&running, FaultAction::Garbage(Garbage::Html));
    let (status, body) = chat(&running, 0, false).await.unwrap();
    assert_eq!(status, 200);
    assert!(body.unwrap().starts_with(b"<html>"));
}

#[tokio::test]
async fn oversized_and_broken_requests_are_refused() {
    let mut config = SimulatorConfig::three_regions().unthrottled();
    config.limits.max_body_bytes = 1_000;
    let running = Simulator::start(config).await.unwrap();
    let resource = &running.resources[0];
    let big = "x".repeat(1_001);
    let (status, _) = send(
        &resource.url,
        post(&resource.url, CHAT, resource.key.expose(), big),
    )
    .await
    .unwrap();
    assert_eq!(status, 413);
    let mut stream = TcpStream::connect(authority(&resource.url)).await.unwrap();
    stream
        .write_all(b"\x00\x01 nonsense\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"),
        "{answer:?}"
    );
    assert_eq!(chat(&running, 0, false).await.unwrap().0, 200);
}

#[tokio::test]
async fn one_listener_can_serve_all_resources() {
    let mut config = SimulatorConfig::three_regions().unthrottled();
    config.listen = Some("127.0.0.1:0".parse().unwrap());
    for resource in &mut config.resources {
        resource.listen = None;
    }
    let running = Simulator::start(config).await.unwrap();
    let shared = running.shared_url.clone().unwrap();
    for resource in &running.resources {
        assert_eq!(resource.url, format!("{shared}/{}", resource.name));
        let path = format!("/{}{CHAT}", resource.name);
        let (status, _) = send(
            &shared,
            post(&shared, &path, resource.key.expose(), chat_body(false)),
        )
        .await
        .unwrap();
        assert_eq!(status, 200);
    }
    let mut by_host = post(
        &shared,
        CHAT,
        running.resources[1].key.expose(),
        chat_body(false),
    );
    by_host
        .headers_mut()
        .insert("host", "eastus.openai.azure.com".parse().unwrap());
    assert_eq!(send(&shared, by_host).await.unwrap().0, 200);
    let (status, _) = send(&shared, post(&shared, "/nowhere/openai/x", "k", "{}"))
        .await
        .unwrap();
    assert_eq!(status, 404);
    break_first(&running, FaultAction::Refuse);
    let path = format!("/{}{CHAT}", running.resources[0].name);
    let request = post(
        &shared,
        &path,
        running.resources[0].key.expose(),
        chat_body(false),
    );
    assert!(
        send(&shared, request).await.is_err(),
        "on a shared listener the connection is reset"
    );
}

#[tokio::test]
async fn the_admin_endpoint_breaks_heals_and_counts() {
    let running = start().await;
    let admin = running.admin_url.clone().unwrap();
    let call = async |method: &str, path: &str, body: &str| -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{admin}{path}"))
            .header("host", "admin")
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .unwrap();
        let (status, body) = send(&admin, request).await.unwrap();
        (status, serde_json::from_slice(&body.unwrap()).unwrap())
    };
    let faults = "/admin/resources/eastus/faults";
    let (status, answer) = call(
        "PUT",
        faults,
        r#"[{"kind":"status","status":503,"count":1}]"#,
    )
    .await;
    assert_eq!(
        (status, answer[0]["fired"].clone()),
        (StatusCode::OK, json!(0))
    );
    assert_eq!(chat(&running, 1, false).await.unwrap().0, 503);
    assert_eq!(chat(&running, 1, false).await.unwrap().0, 200);
    assert_eq!(call("GET", faults, "").await.1[0]["fired"], 1);
    let (status, _) = call(
        "POST",
        faults,
        r#"{"kind":"throttle","retryAfterSeconds":3}"#,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(chat(&running, 1, false).await.unwrap().0, 429);
    assert_eq!(call("DELETE", faults, "").await.1, json!([]));
    let (_, state) = call("GET", "/admin/state", "").await;
    let east = &state["resources"][1];
    assert_eq!(
        east["counters"]["statuses"],
        json!({ "200": 1, "429": 1, "503": 1 })
    );
    assert_eq!(east["keys"][0]["what"], "key1");
    assert_eq!(east["url"], running.resources[1].url);
    let (_, log) = call("GET", "/admin/resources/eastus/requests", "").await;
    assert_eq!(log.as_array().unwrap().len(), 3);
    let change = r#"{"available":false}"#;
    assert_eq!(
        call(
            "PUT",
            "/admin/resources/eastus/deployments/gpt-35-turbo",
            change
        )
        .await
        .1["available"],
        false
    );
    assert_eq!(chat(&running, 1, false).await.unwrap().0, 404);
    assert_eq!(call("POST", "/admin/reset", "").await.0, 200);
    assert_eq!(chat(&running, 1, false).await.unwrap().0, 200);
    for (method, path, body, expected) in [
        ("GET", "/admin/nothing", "", 404),
        ("GET", "/admin/resources/nowhere/faults", "", 404),
        ("PUT", faults, "{", 400),
        ("PUT", faults, r#"[{"kind":"hang","status":1}]"#, 400),
        (
            "PUT",
            faults,
            r#"[{"kind":"hang","deployment":"nope"}]"#,
            400,
        ),
        (
            "PUT",
            "/admin/resources/eastus/deployments/gpt-35-turbo",
            r#"{"utilization":1}"#,
            400,
        ),
    ] {
        let (status, answer) = call(method, path, body).await;
        assert_eq!(status, expected, "{method} {path} {body}");
        assert!(answer["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn shutdown_finishes_what_is_open() {
    let mut config = SimulatorConfig::three_regions().unthrottled();
    let slow = FaultRule::always(FaultAction::Slow {
        factor: 1.0,
        delay: Duration::from_millis(200),
    });
    config.resources[0].faults = vec![slow];
    let running = Simulator::start(config).await.unwrap();
    let resource = running.resources[0].clone();
    let open = tokio::spawn(async move {
        let request = post(&resource.url, CHAT, resource.key.expose(), chat_body(false));
        send(&resource.url, request).await.unwrap().0
    });
    while running.state().resources[0].counters.active == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let address = authority(&running.resources[0].url);
    running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(open.await.unwrap(), 200);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_are_counted_exactly() {
    let running = std::sync::Arc::new(start().await);
    let mut tasks = Vec::new();
    for at in 0..60 {
        let running = std::sync::Arc::clone(&running);
        tasks.push(tokio::spawn(async move {
            chat(&running, at % 3, at % 2 == 0).await.unwrap().0
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    for resource in running.state().resources {
        assert_eq!(resource.counters.requests, 20);
        assert_eq!(resource.counters.statuses[&200], 20);
    }
}

#[tokio::test]
async fn two_simulators_cannot_share_an_address() {
    let running = start().await;
    let mut config = SimulatorConfig::three_regions();
    config.resources[0].listen = Some(authority(&running.resources[0].url).parse().unwrap());
    let error = Simulator::start(config).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot listen on") && error.contains("swedencentral"),
        "{error}"
    );
}
