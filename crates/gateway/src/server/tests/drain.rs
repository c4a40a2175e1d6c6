//! An orderly end.

use super::*;

#[test]
fn a_drain_lets_what_is_in_flight_finish() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut idle = Raw::connect(running.address).await;
        assert_eq!(idle.get("/").await.1, "ok");
        let mut held = Raw::connect(running.address).await;
        held.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut stream = Raw::connect(running.address).await;
        stream.say("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
        until(|| running.seen.begun.load(Ordering::SeqCst) == 3).await;

        let drained = running.handle.drain(Duration::from_secs(60));
        let clients = async {
            assert_eq!(idle.rest().await, "", "an idle connection is closed");
            until(|| running.handle.open_connections() == 2).await;
            // One permit each, in whichever order the two wait.
            running.seen.go_on.notify_one();
            until(|| running.handle.open_connections() == 1).await;
            running.seen.go_on.notify_one();
            let (head, body) = held.answer().await;
            assert!(head.contains("connection: close\r\n"), "{head}");
            assert_eq!(body, "held");
            let stream = stream.rest().await;
            assert!(stream.ends_with("last\r\n0\r\n\r\n"), "{stream}");
        };
        let (in_order, ()) = tokio::join!(drained, clients);
        assert!(in_order);
        assert!(
            TcpStream::connect(running.address).await.is_err(),
            "nobody listens any more"
        );
    });
}

#[test]
fn a_drain_cuts_what_does_not_finish_in_time() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut held = Raw::connect(running.address).await;
        held.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n").await;
        until(|| running.seen.begun.load(Ordering::SeqCst) == 1).await;
        assert!(!running.handle.drain(Duration::from_millis(50)).await);
        assert_eq!(running.seen.dropped.load(Ordering::SeqCst), 1);
        assert_eq!(held.rest().await, "");
    });
}

#[test]
fn a_request_on_its_way_when_the_drain_begins_is_served() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut late = Raw::connect(running.address).await;
        until(|| running.handle.open_connections() == 1).await;
        let client = async {
            late.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert_eq!(late.answer().await.1, "ok");
            assert_eq!(late.rest().await, "", "and its connection closes");
        };
        let (in_order, ()) = tokio::join!(running.handle.drain(Duration::from_secs(60)), client);
        assert!(in_order);
    });
}

#[test]
fn dropping_the_handle_ends_the_server() {
    let running = start(Limits::default(), None, 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        assert_eq!(client.get("/").await.1, "ok");
        drop(running.handle);
        assert_eq!(client.rest().await, "");
    });
}

#[test]
fn a_handler_that_cannot_be_made_is_an_error_not_a_hang() {
    let listen = vec![Listen {
        address: ([127, 0, 0, 1], 0).into(),
        tls: None,
    }];
    let settings = Settings {
        listen,
        workers: 2,
        limits: Limits::default(),
    };
    let seen = Arc::new(Seen::default());
    let started = Server::bind(settings)
        .expect("a free port")
        .run(move |worker| {
            assert_eq!(worker, WorkerId(0), "the second one fails");
            Paths(seen.clone())
        });
    assert!(matches!(
        started.err(),
        Some(StartError::Handler { worker: 1 })
    ));
}
