//! HTTP/1.1: keeping, replacing and giving up connections; limits of a call.

use http_body_util::StreamBody;

use super::*;

const TOO_MANY: &str =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";

#[test]
fn a_connection_serves_one_request_after_the_other() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Say(OK)]).await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        for path in ["/a?b=c", "/d"] {
            let response = client
                .send(&target, get(path), SendOptions::default())
                .await
                .expect("an answer");
            assert_eq!(response.status(), 200);
            assert_eq!(text(response).await, "ok");
        }
        assert_eq!(server.connections.get(), 1);
        assert_eq!(client.idle_connections(), 1);
        let heads = server.heads.borrow();
        assert!(
            heads[0].starts_with("GET /a?b=c HTTP/1.1\r\n"),
            "{}",
            heads[0]
        );
        assert!(
            heads[1].contains(&format!("host: {}\r\n", server.address)),
            "{}",
            heads[1]
        );
    });
}

#[test]
fn an_absolute_url_and_a_host_header_of_the_request_are_respected() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Say(OK)]).await;
        let mut request = get("http://other.example/path?x");
        request
            .headers_mut()
            .insert("host", http::HeaderValue::from_static("mine.example"));
        let client = Client::new(Settings::default());
        client
            .send(&server.target(), request, SendOptions::default())
            .await
            .expect("an answer");
        let heads = server.heads.borrow();
        assert!(
            heads[0].starts_with("GET /path?x HTTP/1.1\r\n")
                && heads[0].contains("host: mine.example\r\n")
        );
    });
}

#[test]
fn a_connection_the_peer_closed_while_idle_is_replaced() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Say(OK), Act::Close]).await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        for round in 1..4 {
            let response = client
                .send(&target, post("/", "x"), SendOptions::default())
                .await
                .expect("an answer");
            assert_eq!(text(response).await, "ok");
            assert_eq!(server.connections.get(), round);
            until(|| client.idle_connections() == 0 || server.closed.get() == round).await;
        }
    });
}

#[test]
fn a_request_that_met_a_dying_idle_connection_is_sent_once_more() {
    local(async {
        let server = Scripted::start(|connection, request| match (connection, request) {
            (0, 1) => vec![Act::ReadBody(4), Act::Close],
            _ => vec![Act::ReadBody(4), Act::Say(OK)],
        })
        .await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        for _ in 0..2 {
            let response = client
                .send(&target, post("/", "body"), SendOptions::default())
                .await
                .expect("an answer");
            assert_eq!(text(response).await, "ok");
        }
        assert_eq!(server.connections.get(), 2);
        assert_eq!(
            server
                .heads
                .borrow()
                .iter()
                .filter(|seen| *seen == "body")
                .count(),
            3
        );
    });
}

#[test]
fn a_backend_that_dies_over_its_work_is_not_asked_a_second_time() {
    paused(async {
        let server = Scripted::start(|connection, request| match (connection, request) {
            (0, 1) => vec![
                Act::ReadBody(4),
                Act::SayLater(Duration::from_secs(5), ""),
                Act::Close,
            ],
            _ => vec![Act::ReadBody(4), Act::Say(OK)],
        })
        .await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        let first = client
            .send(&target, post("/", "body"), SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(text(first).await, "ok");
        let error = client
            .send(&target, post("/", "body"), SendOptions::default())
            .await
            .expect_err("no answer");
        assert_eq!(error.kind(), Kind::ResetBeforeHeaders);
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn a_body_that_flows_by_once_is_not_sent_again() {
    local(async {
        let server = Scripted::start(|_, request| match request {
            0 => vec![Act::Say(OK)],
            _ => vec![Act::Close],
        })
        .await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        let first = client
            .send(&target, get("/"), SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(text(first).await, "ok");
        let frames = futures_util::stream::iter([Ok::<_, BoxError>(http_body::Frame::data(
            Bytes::from("once"),
        ))]);
        let request = Request::post("/")
            .body(RequestBody::stream(StreamBody::new(frames)))
            .expect("a request");
        let error = client
            .send(&target, request, SendOptions::default())
            .await
            .expect_err("the connection died");
        assert_eq!(error.kind(), Kind::ResetBeforeHeaders);
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn a_new_connection_that_dies_is_an_error_at_once() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Close]).await;
        let client = Client::new(Settings::default());
        let error = client
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect_err("it died");
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::ResetBeforeHeaders, "BackendConnectionFailure")
        );
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn a_connection_that_broke_after_it_began_to_answer_is_not_tried_again() {
    local(async {
        let server = Scripted::start(|_, request| match request {
            0 => vec![Act::Say(OK)],
            _ => vec![Act::Say("HTTP/1.1 20"), Act::Close],
        })
        .await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        text(
            client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer"),
        )
        .await;
        client
            .send(&target, get("/"), SendOptions::default())
            .await
            .expect_err("half an answer");
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn a_response_dropped_half_read_costs_its_connection() {
    local(async {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
        let server = Scripted::start(move |_, _| vec![Act::Say(head), Act::Hang]).await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        drop(
            client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer"),
        );
        until(|| server.closed.get() == 1).await;
        assert_eq!(client.idle_connections(), 0);
    });
}

#[test]
fn a_cut_response_body_is_an_error_not_an_end() {
    local(async {
        for head in [
            "Content-Length: 100\r\n\r\nhalf",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ] {
            let whole: &str = Box::leak(format!("HTTP/1.1 200 OK\r\n{head}").into_boxed_str());
            let server = Scripted::start(move |_, _| vec![Act::Say(whole), Act::Close]).await;
            let client = Client::new(Settings::default());
            let response = client
                .send(&server.target(), get("/"), SendOptions::default())
                .await
                .expect("headers");
            let error = response.into_body().collect().await.expect_err("cut");
            assert_eq!(error.kind(), Kind::ResponseBody);
        }
    });
}

#[test]
fn a_small_unwanted_response_keeps_its_connection() {
    local(async {
        let server = Scripted::start(|_, _| vec![Act::Say(TOO_MANY)]).await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        for _ in 0..3 {
            let response = client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer");
            assert_eq!(response.status(), 429);
            client.discard(response);
            until(|| client.idle_connections() == 1).await;
        }
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn an_unwanted_body_that_is_still_on_its_way_is_waited_for_in_the_background() {
    paused(async {
        let server = Scripted::start(|_, _| {
            let head =
                "HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n";
            vec![
                Act::Say(head),
                Act::SayLater(Duration::from_millis(300), "0\r\n\r\n"),
            ]
        })
        .await;
        let client = Client::new(Settings::default());
        let response = client
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect("an answer");
        client.discard(response);
        assert_eq!(client.idle_connections(), 0);
        until(|| client.idle_connections() == 1).await;
    });
}

#[test]
fn a_large_or_endless_unwanted_body_costs_the_connection() {
    paused(async {
        for head in [
            "Content-Length: 1000000\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n",
        ] {
            let whole: &str = Box::leak(format!("HTTP/1.1 500 No\r\n{head}").into_boxed_str());
            let server = Scripted::start(move |_, _| vec![Act::Say(whole), Act::Hang]).await;
            let client = Client::new(Settings::default());
            let response = client
                .send(&server.target(), get("/"), SendOptions::default())
                .await
                .expect("an answer");
            client.discard(response);
            until(|| server.closed.get() == 1).await;
            assert_eq!(client.idle_connections(), 0);
        }
    });
}

#[test]
fn headers_that_do_not_come_in_time_are_a_timeout_and_cancel_the_call() {
    paused(async {
        let server = Scripted::start(|_, _| vec![Act::Hang]).await;
        let client = Client::new(Settings::default());
        let options = SendOptions {
            headers_timeout: Some(Duration::from_secs(20)),
            ..SendOptions::default()
        };
        let error = client
            .send(&server.target(), get("/?key=secret"), options)
            .await
            .expect_err("no answer");
        assert_eq!((error.kind(), error.reason()), (Kind::Timeout, "Timeout"));
        assert!(!error.to_string().contains("secret"));
        until(|| server.closed.get() == 1).await;
    });
}

#[test]
fn a_stream_may_outlive_the_header_timeout() {
    paused(async {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
        let server = Scripted::start(move |_, _| {
            vec![
                Act::Say(head),
                Act::SayLater(Duration::from_secs(900), "late"),
            ]
        })
        .await;
        let client = Client::new(Settings::default());
        let options = SendOptions {
            headers_timeout: Some(Duration::from_secs(1)),
            ..SendOptions::default()
        };
        let response = client
            .send(&server.target(), get("/"), options)
            .await
            .expect("headers");
        assert_eq!(text(response).await, "late");
    });
}

#[test]
fn a_refused_connection_says_where() {
    local(async {
        let free = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port")
            .local_addr()
            .expect("bound");
        let target =
            Target::new(&format!("http://{free}"), TargetOptions::default()).expect("a valid URL");
        let error = Client::new(Settings::default())
            .send(&target, get("/"), SendOptions::default())
            .await
            .expect_err("nobody listens");
        assert_eq!(error.kind(), Kind::Connect);
        assert!(error.to_string().contains(&free.to_string()), "{error}");
    });
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    local(async {
        let server =
            Scripted::start(|_, _| vec![Act::Say("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Act::Close]).await;
        let client = Client::new(Settings::default());
        let error = client
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect_err("not HTTP");
        assert_eq!(error.kind(), Kind::Protocol);
    });
}

#[test]
fn a_response_that_cannot_be_passed_on_is_a_protocol_error() {
    local(async {
        for answer in [
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: odd\r\n\r\nok",
        ] {
            let server = Scripted::start(move |_, _| vec![Act::Say(answer)]).await;
            let client = Client::new(Settings::default());
            let error = client
                .send(&server.target(), get("/"), SendOptions::default())
                .await
                .expect_err("no answer");
            assert_eq!(error.kind(), Kind::Protocol, "{answer}: {error}");
            assert_eq!(client.idle_connections(), 0);
        }
    });
}

#[test]
fn a_length_beside_chunks_does_not_count() {
    local(async {
        let server = Scripted::start(|_, _| {
            vec![Act::Say(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            )]
        })
        .await;
        let response = Client::new(Settings::default())
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect("an answer");
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(text(response).await, "ok");
    });
}

#[test]
fn an_answer_counts_even_when_the_rest_of_the_request_cannot_be_sent() {
    local(async {
        for _ in 0..20 {
            // It answers with most of the body unread and closes, which resets the connection under the writer.
            let server = Scripted::start(|_, _| {
                vec![
                    Act::Say("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig"),
                    Act::Close,
                ]
            })
            .await;
            let response = Client::new(Settings::default())
                .send(
                    &server.target(),
                    Request::post("/")
                        .body(Bytes::from(vec![b'x'; 8 << 20]).into())
                        .expect("a valid request"),
                    SendOptions::default(),
                )
                .await
                .expect("an answer");
            assert_eq!(response.status(), 413);
            assert_eq!(text(response).await, "big");
        }
    });
}

#[test]
fn interim_responses_are_passed_over() {
    local(async {
        let server = Scripted::start(|_, _| {
            vec![
                Act::Say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
                Act::Say(OK),
            ]
        })
        .await;
        let client = Client::new(Settings::default());
        let response = client
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
    });
}

#[test]
fn a_body_waits_for_100_continue() {
    local(async {
        let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        let server =
            Scripted::start(move |_, _| vec![Act::Say(go_on), Act::ReadBody(4), Act::Say(OK)])
                .await;
        let (client, target) = (Client::new(Settings::default()), server.target());
        let options = SendOptions {
            continue_timeout: Some(Duration::from_secs(30)),
            ..SendOptions::default()
        };
        for _ in 0..2 {
            let response = client
                .send(&target, post("/", "body"), options)
                .await
                .expect("an answer");
            assert_eq!(text(response).await, "ok");
        }
        let heads = server.heads.borrow();
        assert!(
            heads[0].contains("expect: 100-continue\r\n")
                && heads[0].contains("content-length: 4\r\n")
        );
        assert_eq!(heads[1], "body");
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn a_final_answer_instead_of_100_saves_the_body() {
    local(async {
        let no = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno";
        let server = Scripted::start(move |_, _| vec![Act::Say(no), Act::ReadBody(4)]).await;
        let client = Client::new(Settings::default());
        let options = SendOptions {
            continue_timeout: Some(Duration::from_secs(30)),
            ..SendOptions::default()
        };
        let response = client
            .send(&server.target(), post("/", "body"), options)
            .await
            .expect("an answer");
        assert_eq!(response.status(), 417);
        assert_eq!(text(response).await, "no");
        assert_eq!(server.heads.borrow().len(), 1);
        assert_eq!(client.idle_connections(), 0);
    });
}

#[test]
fn a_backend_that_never_says_100_is_a_timeout() {
    paused(async {
        let server = Scripted::start(|_, _| vec![Act::Hang]).await;
        let client = Client::new(Settings::default());
        let options = SendOptions {
            continue_timeout: Some(Duration::from_secs(3)),
            ..SendOptions::default()
        };
        let error = client
            .send(&server.target(), post("/", "body"), options)
            .await
            .expect_err("no word");
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::ContinueTimeout, "Timeout")
        );
        until(|| server.closed.get() == 1).await;
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_time() {
    paused(async {
        let server = Scripted::start(|_, _| vec![Act::Say(OK)]).await;
        let settings = Settings {
            idle_timeout: Duration::from_secs(30),
            ..Settings::default()
        };
        let (client, target) = (Client::new(settings), server.target());
        text(
            client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer"),
        )
        .await;
        assert_eq!(client.idle_connections(), 1);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(client.idle_connections(), 1);
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert_eq!(client.idle_connections(), 0);
        until(|| server.closed.get() == 1).await;
    });
}

#[test]
fn an_old_connection_serves_no_further_request() {
    paused(async {
        let server = Scripted::start(|_, _| vec![Act::SayLater(Duration::from_secs(4), OK)]).await;
        let settings = Settings {
            max_lifetime: Duration::from_secs(10),
            ..Settings::default()
        };
        let (client, target) = (Client::new(settings), server.target());
        for _ in 0..4 {
            text(
                client
                    .send(&target, get("/"), SendOptions::default())
                    .await
                    .expect("an answer"),
            )
            .await;
        }
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn a_broken_request_body_is_told_apart_from_a_broken_backend() {
    local(async {
        #[derive(Debug, thiserror::Error)]
        #[error("too large")]
        struct TooLarge;
        let server = Scripted::start(|_, _| vec![Act::Hang]).await;
        let client = Client::new(Settings::default());
        let frames = [
            Ok(http_body::Frame::data(Bytes::from("some"))),
            Err(TooLarge),
        ];
        let body = RequestBody::stream(StreamBody::new(futures_util::stream::iter(frames)));
        let request = Request::post("/").body(body).expect("a request");
        let error = client
            .send(&server.target(), request, SendOptions::default())
            .await
            .expect_err("no body");
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::RequestBody, "ClientConnectionFailure")
        );
        assert!(
            error
                .request_body_error()
                .is_some_and(|error| error.is::<TooLarge>()),
            "{error:?}"
        );
    });
}

#[test]
fn a_long_body_arrives_whole() {
    local(async {
        const LENGTH: usize = 3_000_000;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n";
        let server = Scripted::start(move |_, _| vec![Act::Say(head), Act::Long(LENGTH)]).await;
        let client = Client::new(Settings::default());
        let response = client
            .send(&server.target(), get("/"), SendOptions::default())
            .await
            .expect("headers");
        assert_eq!(text(response).await.len(), LENGTH);
        assert_eq!(client.idle_connections(), 1);
    });
}
