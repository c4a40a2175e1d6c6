//! HTTP/1.1: keeping connections, mistakes of clients, mistakes of handlers.

use super::*;

#[test]
fn a_connection_serves_one_request_after_the_other_and_pipelined_ones() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        for _ in 0..3 {
            assert_eq!(client.get("/").await.1, "ok");
        }
        client
            .say("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.1, "ok");
        assert_eq!(client.answer().await.1, "ok");
        assert_eq!(running.handle.open_connections(), 1);
    });
}

#[test]
fn what_is_not_http_gets_400_in_apims_shape() {
    let running = start(Limits::default(), None, 1);
    local(async {
        for garbage in [
            "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
            "hello\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        ] {
            let mut client = Raw::connect(running.address).await;
            client.say(garbage).await;
            let answer = client.rest().await;
            assert!(
                answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
                "{garbage:?}: {answer:?}"
            );
            assert!(answer.ends_with(
                "{ \"statusCode\": 400, \"message\": \"The request is not valid HTTP.\" }"
            ));
        }
        // The one who asked properly is not disturbed.
        assert_eq!(Raw::connect(running.address).await.get("/").await.1, "ok");
    });
}

#[test]
fn a_head_two_readers_could_read_differently_is_refused() {
    let running = start(Limits::default(), None, 1);
    local(async {
        for (head, status) in [
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                501,
            ),
        ] {
            let mut client = Raw::connect(running.address).await;
            client.say(head).await;
            let (answer, _) = client.answer().await;
            assert!(
                answer.starts_with(&format!("http/1.1 {status} ")),
                "{head:?}: {answer}"
            );
        }
        assert_eq!(running.seen.begun.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn garbage_behind_a_good_request_does_not_harm_its_answer() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client
            .say("GET / HTTP/1.1\r\nHost: x\r\n\r\n\x01\x02 garbage\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.1, "ok");
        assert!(client.rest().await.starts_with("HTTP/1.1 400"));
        let mut client = Raw::connect(running.address).await;
        assert_eq!(client.get("/").await.1, "ok");
        client.say("garbage\r\n\r\n").await;
        assert!(client.rest().await.contains("\"statusCode\": 400"));
    });
}

#[test]
fn a_panic_ends_its_request_and_nothing_else() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        let (head, body) = client.get("/panic").await;
        assert!(
            head.starts_with("http/1.1 500 internal server error\r\n"),
            "{head}"
        );
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        let start =
            "{ \"statusCode\": 500, \"message\": \"Internal server error\", \"activityId\": \"";
        let id = body
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix("\" }"));
        assert!(
            id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()),
            "{body}"
        );
        assert_eq!(client.get("/").await.1, "ok");
    });
}

#[test]
fn a_client_that_leaves_ends_the_handlers_work() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n").await;
        until(|| running.seen.begun.load(Ordering::SeqCst) == 1).await;
        assert_eq!(running.seen.dropped.load(Ordering::SeqCst), 0);
        drop(client);
        until(|| running.seen.dropped.load(Ordering::SeqCst) == 1).await;
        until(|| running.handle.open_connections() == 0).await;
    });
}

#[test]
fn a_stream_is_passed_on_frame_by_frame() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client.say("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut seen = String::new();
        while !seen.contains("first ") {
            seen.push(char::from(client.0.read_u8().await.expect("a byte")));
        }
        running.seen.go_on.notify_one();
        while !seen.ends_with("0\r\n\r\n") {
            seen.push(char::from(client.0.read_u8().await.expect("a byte")));
        }
        assert!(seen.contains("last"));
    });
}

#[test]
fn http2_without_tls_is_told_by_its_first_bytes() {
    let running = start(Limits::default(), None, 1);
    local(async {
        use crate::upstream::{Client, HttpVersion, SendOptions, Target, TargetOptions};
        let options = TargetOptions {
            version: HttpVersion::Http2,
            ..TargetOptions::default()
        };
        let target =
            Target::new(&format!("http://{}", running.address), options).expect("a valid URL");
        let client = Client::new(crate::upstream::Settings::default());
        for (path, answer) in [
            ("/info", "HTTP/2.0 true None"),
            ("/panic", "{ \"statusCode\": 500"),
            ("/", "ok"),
        ] {
            let request = Request::get(path)
                .body(crate::upstream::RequestBody::empty())
                .expect("a request");
            let response = client
                .send(&target, request, SendOptions::default())
                .await
                .expect("an answer");
            let body = response
                .into_body()
                .collect()
                .await
                .expect("a whole body")
                .to_bytes();
            assert!(
                String::from_utf8_lossy(&body).starts_with(answer),
                "{body:?}"
            );
        }
        assert_eq!(running.handle.open_connections(), 1);
    });
}

#[test]
fn a_preface_that_comes_in_pieces_is_still_recognised() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client.say("PRI * HT").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        client
            .say("TP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await;
        let mut frame = [0; 9];
        client.0.read_exact(&mut frame).await.expect("a frame");
        assert_eq!(frame[3], 4, "a SETTINGS frame");
        // A POST shares the first letter.
        let mut client = Raw::connect(running.address).await;
        client.say("P").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        client
            .say("OST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            .await;
        assert_eq!(client.answer().await.1, "2");
    });
}
