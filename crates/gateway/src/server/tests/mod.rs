//! Client connections against a running server on loopback.

mod drain;
mod http1;
mod limits;
mod secure;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::Notify;

use super::*;

/// Runs the client's side of a test.
pub(super) fn local<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(test)
}

/// Seen from the test's thread.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) begun: AtomicUsize,
    pub(super) dropped: AtomicUsize,
    /// Lets a `/hold` or `/stream` request go on.
    pub(super) go_on: Notify,
}

/// Answers by path.
pub(super) struct Paths(Arc<Seen>);

type Stream = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

fn whole(text: impl Into<Bytes>) -> Stream {
    BodyExt::boxed_unsync(http_body_util::Full::new(text.into()))
}

/// Counts a handler's future out.
struct OnDrop(Arc<Seen>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Handler for Paths {
    type Body = Stream;

    fn handle(
        &self,
        request: Request<IncomingBody>,
        connection: &ConnectionInfo,
    ) -> Handling<Stream> {
        Box::pin(Self(self.0.clone()).answer(request, connection.clone()))
    }
}

impl Paths {
    async fn answer(
        self,
        request: Request<IncomingBody>,
        connection: ConnectionInfo,
    ) -> Response<Stream> {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        let _on_drop = OnDrop(self.0.clone());
        match request.uri().path() {
            "/panic" => panic!("a mistake"),
            "/info" => {
                let tls = connection.tls.as_ref().map(|tls| tls.server_name.clone());
                Response::new(whole(format!(
                    "{:?} {} {tls:?}",
                    request.version(),
                    connection.http2
                )))
            }
            "/hold" => {
                self.0.go_on.notified().await;
                Response::new(whole("held"))
            }
            "/stream" => {
                let seen = self.0.clone();
                let frames = futures_util::stream::unfold(0, move |count| {
                    let seen = seen.clone();
                    async move {
                        match count {
                            0 => Some((Ok(Frame::data(Bytes::from("first "))), 1)),
                            1 => {
                                seen.go_on.notified().await;
                                Some((Ok(Frame::data(Bytes::from("last"))), 2))
                            }
                            _ => None,
                        }
                    }
                });
                // Unsync on purpose: nothing crosses threads.
                Response::new(BodyExt::boxed_unsync(StreamBody::new(Box::pin(frames))))
            }
            "/count" => match request.into_body().collect().await {
                Ok(body) => Response::new(whole(body.to_bytes().len().to_string())),
                Err(error) => {
                    let mut response = Response::new(whole(error.to_string()));
                    *response.status_mut() = match error {
                        BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                        BodyError::Stalled => StatusCode::REQUEST_TIMEOUT,
                        BodyError::Broken(_) => StatusCode::BAD_REQUEST,
                    };
                    response
                }
            },
            _ => Response::new(whole("ok")),
        }
    }
}

/// A server, and what its handlers saw.
pub(super) struct Running {
    pub(super) handle: ServerHandle,
    pub(super) seen: Arc<Seen>,
    pub(super) address: SocketAddr,
}

pub(super) fn start(limits: Limits, tls: Option<Arc<Tls>>, workers: usize) -> Running {
    let listen = vec![Listen {
        address: ([127, 0, 0, 1], 0).into(),
        tls,
    }];
    let seen = Arc::new(Seen::default());
    let shared = seen.clone();
    let handle = Server::bind(Settings {
        listen,
        workers,
        limits,
    })
    .expect("a free port")
    .run(move |_| Paths(shared.clone()))
    .expect("a server");
    let address = handle.local_addrs()[0];
    Running {
        handle,
        seen,
        address,
    }
}

/// A client that speaks bytes.
pub(super) struct Raw(pub(super) TcpStream);

impl Raw {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("written");
    }

    pub(super) async fn get(&mut self, path: &str) -> (String, String) {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        self.answer().await
    }

    /// Head and body of an answer with a Content-Length.
    pub(super) async fn answer(&mut self) -> (String, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head.push(char::from(self.0.read_u8().await.expect("a head")));
        }
        head.make_ascii_lowercase();
        let length = head
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.split("\r\n").next());
        let mut body = vec![
            0;
            length
                .and_then(|length| length.parse().ok())
                .unwrap_or_default()
        ];
        self.0.read_exact(&mut body).await.expect("a body");
        (head, String::from_utf8(body).expect("text"))
    }

    /// All that comes until the server closes.
    pub(super) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset ends it as well.
        let _ = self.0.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Waits for another thread.
pub(super) async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
