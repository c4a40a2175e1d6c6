//! The pipeline's way to these connections.

use std::sync::Arc;

use http::{HeaderMap, Method};
use tidegate_pipeline::{Body, HttpVersion, Target, TransportErrorKind, Upstream, UpstreamRequest};

use super::*;
use crate::connector::{Connector, TlsProfiles};

/// A server whose first connection dies under its second request, and a connector that keeps that connection.
async fn dying() -> (Scripted, Connector, Arc<Target>) {
    let server = Scripted::start(|connection, request| match (connection, request) {
        (0, 1) => vec![Act::ReadBody(4), Act::Close],
        _ => vec![Act::ReadBody(4), Act::Say(OK)],
    })
    .await;
    let tls = Arc::new(TlsProfiles::new(None).expect("profiles"));
    let connector = Connector::new(Client::new(Settings::default()), tls);
    let url = format!("http://{}", server.address);
    let target = Arc::new(Target::parse(&url, Default::default(), None).expect("a target"));
    let mut response = connector
        .send(request(&target, Body::from_bytes("body")))
        .await
        .expect("an answer");
    response.body.buffer(10).await.expect("a body");
    (server, connector, target)
}

fn request(target: &Arc<Target>, body: Body) -> UpstreamRequest {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::HOST, target.authority().clone());
    UpstreamRequest {
        target: target.clone(),
        method: Method::POST,
        path_and_query: "/a?b=c".try_into().expect("a path"),
        headers,
        body,
        http_version: HttpVersion::One,
        timeout: None,
        continue_timeout: None,
        proxy: None,
    }
}

#[test]
fn a_request_is_made_again_only_where_a_kept_connection_had_died() {
    local(async {
        let (server, connector, target) = dying().await;
        let mut made = 0;
        for expected in [2, 3] {
            let mut make = || {
                made += 1;
                Some(request(&target, Body::from_bytes("body")))
            };
            let mut answer = connector.send_from(&mut make).await.expect("an answer");
            answer.body.buffer(10).await.expect("a body");
            assert_eq!(made, expected);
        }
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn a_request_that_cannot_be_made_again_tells_what_happened() {
    local(async {
        let (_server, connector, target) = dying().await;
        let mut once = Some(request(&target, Body::from_bytes("body")));
        let error = connector
            .send_from(&mut || once.take())
            .await
            .expect_err("the connection died");
        assert_eq!(error.kind, TransportErrorKind::Reset);
    });
}

#[test]
fn a_request_in_memory_is_sent_once_more() {
    local(async {
        let (server, connector, target) = dying().await;
        let answer = connector
            .send(request(&target, Body::from_bytes("body")))
            .await;
        assert_eq!(answer.expect("an answer").status, 200);
        assert_eq!(server.connections.get(), 2);
    });
}
