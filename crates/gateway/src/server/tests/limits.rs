//! What one client may take.

use super::*;

#[test]
fn headers_have_a_limit_in_bytes_and_number() {
    let running = start(
        Limits {
            max_header_bytes: 4096,
            max_headers: 20,
            ..Limits::default()
        },
        None,
        1,
    );
    local(async {
        let long = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nLong: {}\r\n\r\n",
            "x".repeat(5000)
        );
        let longer = format!("GET / HTTP/1.1\r\nHost: x\r\nLong: {}", "x".repeat(100_000));
        let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(30));
        for head in [long, longer, many] {
            let mut client = Raw::connect(running.address).await;
            // The server may close before all of it is sent.
            let _ = client.0.write_all(head.as_bytes()).await;
            let answer = client.rest().await;
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
                "{answer:?}"
            );
        }
        let mut client = Raw::connect(running.address).await;
        client
            .say(&format!(
                "GET / HTTP/1.1\r\nHost: x\r\nLong: {}\r\n\r\n",
                "x".repeat(4500)
            ))
            .await;
        assert!(client.rest().await.contains("\"statusCode\": 431"));
    });
}

#[test]
fn a_url_has_a_limit() {
    let running = start(
        Limits {
            max_uri_bytes: 100,
            ..Limits::default()
        },
        None,
        1,
    );
    local(async {
        let mut client = Raw::connect(running.address).await;
        let (head, body) = client.get(&format!("/?{}", "x".repeat(100))).await;
        assert!(head.starts_with("http/1.1 414 "), "{head}");
        assert!(body.starts_with("{ \"statusCode\": 414"), "{body}");
        assert_eq!(client.get("/").await.1, "ok");
    });
}

#[test]
fn a_body_announced_too_large_is_refused_and_the_client_can_read_why() {
    let running = start(
        Limits {
            max_body_bytes: 1000,
            ..Limits::default()
        },
        None,
        1,
    );
    local(async {
        let mut client = Raw::connect(running.address).await;
        client
            .say("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
            .await;
        // Like most clients, this one sends everything before it reads.
        client.say(&"x".repeat(2_000_000)).await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("http/1.1 413 "), "{head}");
        assert!(body.starts_with("{ \"statusCode\": 413"), "{body}");
        assert_eq!(running.seen.begun.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_body_of_unknown_length_fails_where_it_exceeds_the_limit() {
    let running = start(
        Limits {
            max_body_bytes: 1000,
            ..Limits::default()
        },
        None,
        1,
    );
    local(async {
        let mut client = Raw::connect(running.address).await;
        let head = "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = format!("258\r\n{}\r\n", "x".repeat(600));
        client.say(&format!("{head}{chunk}0\r\n\r\n")).await;
        assert_eq!(client.answer().await.1, "600");
        client.say(&format!("{head}{chunk}{chunk}0\r\n\r\n")).await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("http/1.1 413 "), "{head}");
        assert_eq!(body, "the request body exceeds 1000 bytes");
    });
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let limits = Limits {
        header_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let running = start(limits, None, 1);
    local(async {
        for start in ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nSlow: ", "PRI * HT"] {
            let mut client = Raw::connect(running.address).await;
            client.say(start).await;
            assert_eq!(client.rest().await, "", "{start:?}");
        }
        until(|| running.handle.open_connections() == 0).await;
    });
}

#[test]
fn an_idle_connection_is_closed() {
    let limits = Limits {
        idle_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let running = start(limits, None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        assert_eq!(client.get("/").await.1, "ok");
        assert_eq!(client.rest().await, "");
    });
}

#[test]
fn a_body_that_stops_coming_is_an_error_for_the_handler() {
    let limits = Limits {
        body_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let running = start(limits, None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client
            .say("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
            .await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("http/1.1 408 "), "{head}");
        assert_eq!(body, "the client stopped sending the request body");
    });
}

#[test]
fn a_connection_beyond_the_limit_waits_for_a_place() {
    let running = start(
        Limits {
            max_connections: 1,
            ..Limits::default()
        },
        None,
        1,
    );
    local(async {
        let mut first = Raw::connect(running.address).await;
        assert_eq!(first.get("/").await.1, "ok");
        let mut second = Raw::connect(running.address).await;
        second.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(first.get("/").await.1, "ok");
        assert_eq!(running.handle.open_connections(), 1);
        drop(first);
        assert_eq!(second.answer().await.1, "ok");
    });
}
