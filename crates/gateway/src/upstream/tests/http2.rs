//! HTTP/2: sharing a connection, opening more, versions.

use std::convert::Infallible;

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::*;

/// A clear-text HTTP/2 server that answers with the authority and path it was asked for.
async fn echo(max_streams: u32) -> (Target, Rc<Cell<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let connections = Rc::new(Cell::new(0));
    let counter = connections.clone();
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.set(counter.get() + 1);
            let service = service_fn(|request: Request<Incoming>| async move {
                let text = format!("{:?} {}", request.version(), request.uri());
                if request.uri().path() == "/hold" {
                    // Answers once the whole body is here.
                    let _ = request.into_body().collect().await;
                }
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
            });
            let serving = http2::Builder::new(LocalExecutor)
                .max_concurrent_streams(max_streams)
                .serve_connection(TokioIo::new(stream), service);
            spawn_local(serving);
        }
    });
    let options = TargetOptions {
        version: HttpVersion::Http2,
        ..TargetOptions::default()
    };
    (
        Target::new(&format!("http://{address}"), options).expect("a valid URL"),
        connections,
    )
}

#[test]
fn requests_share_one_connection() {
    local(async {
        let (target, connections) = echo(100).await;
        let client = Client::new(Settings::default());
        let calls = (0..20).map(|_| client.send(&target, get("/path?q"), SendOptions::default()));
        for answer in join_all(calls).await {
            let answer = text(answer.expect("an answer")).await;
            assert_eq!(
                answer,
                format!("HTTP/2.0 http://{}/path?q", target.authority())
            );
        }
        assert_eq!(connections.get(), 1);
        assert_eq!(client.idle_connections(), 1);
    });
}

#[test]
fn a_host_header_becomes_the_authority() {
    local(async {
        let (target, _) = echo(100).await;
        let mut request = get("/");
        request
            .headers_mut()
            .insert("host", http::HeaderValue::from_static("mine.example"));
        let client = Client::new(Settings::default());
        let response = client
            .send(&target, request, SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(text(response).await, "HTTP/2.0 http://mine.example/");
    });
}

#[test]
fn a_full_connection_gets_company() {
    local(async {
        let (target, connections) = echo(2).await;
        let client = Client::new(Settings::default());
        // The first answer brings the backend's settings.
        text(
            client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer"),
        )
        .await;
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(
                client
                    .send(&target, get("/"), SendOptions::default())
                    .await
                    .expect("an answer"),
            );
        }
        assert!(connections.get() >= 2, "{}", connections.get());
        for response in held {
            text(response).await;
        }
    });
}

#[test]
fn a_closed_connection_is_replaced() {
    paused(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let connections = Rc::new(Cell::new(0));
        let closed = Rc::new(Cell::new(0));
        let (counter, ends) = (connections.clone(), closed.clone());
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.set(counter.get() + 1);
                let ends = ends.clone();
                let service = service_fn(|_: Request<Incoming>| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("ok"))))
                });
                let mut serving = Box::pin(
                    http2::Builder::new(LocalExecutor)
                        .serve_connection(TokioIo::new(stream), service),
                );
                spawn_local(async move {
                    // In virtual time this is when the request is answered; then GOAWAY.
                    let _ = tokio::time::timeout(Duration::from_millis(50), &mut serving).await;
                    serving.as_mut().graceful_shutdown();
                    let _ = serving.await;
                    ends.set(ends.get() + 1);
                });
            }
        });
        let options = TargetOptions {
            version: HttpVersion::Http2,
            ..TargetOptions::default()
        };
        let target = Target::new(&format!("http://{address}"), options).expect("a valid URL");
        let client = Client::new(Settings::default());
        for round in 1..3 {
            let response = client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer");
            assert_eq!(text(response).await, "ok");
            assert_eq!(connections.get(), round);
            until(|| closed.get() == round).await;
        }
    });
}

#[test]
fn those_who_wait_for_a_connection_share_its_failure() {
    local(async {
        let free = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port")
            .local_addr()
            .expect("bound");
        let options = TargetOptions {
            version: HttpVersion::Http2,
            ..TargetOptions::default()
        };
        let target = Target::new(&format!("http://{free}"), options).expect("a valid URL");
        let client = Client::new(Settings::default());
        let calls = (0..5).map(|_| client.send(&target, get("/"), SendOptions::default()));
        for result in join_all(calls).await {
            assert_eq!(result.expect_err("nobody listens").kind(), Kind::Connect);
        }
    });
}

#[test]
fn on_clear_text_2or1_means_http1() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Say(OK)]).await;
        let options = TargetOptions {
            version: HttpVersion::Http2Or1,
            ..TargetOptions::default()
        };
        let target = Target::new(&server.url(), options).expect("a valid URL");
        let client = Client::new(Settings::default());
        let response = client
            .send(&target, get("/"), SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(response.version(), http::Version::HTTP_11);
    });
}

#[test]
fn a_broken_request_body_is_told_apart_from_a_broken_backend() {
    local(async {
        #[derive(Debug, thiserror::Error)]
        #[error("too large")]
        struct TooLarge;
        let (target, _) = echo(100).await;
        let client = Client::new(Settings::default());
        let frames = [
            Ok(http_body::Frame::data(Bytes::from("some"))),
            Err(TooLarge),
        ];
        let body = RequestBody::stream(http_body_util::StreamBody::new(
            futures_util::stream::iter(frames),
        ));
        let request = Request::post("/hold").body(body).expect("a request");
        let error = client
            .send(&target, request, SendOptions::default())
            .await
            .expect_err("no body");
        assert_eq!(error.kind(), Kind::RequestBody, "{error}");
        assert!(
            error
                .request_body_error()
                .is_some_and(|error| error.is::<TooLarge>()),
            "{error:?}"
        );
    });
}
