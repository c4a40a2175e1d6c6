//! Upstream connections against scripted servers on loopback.

mod connector;
mod http1;
mod http2;
mod proxy;
mod tls;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;

use super::*;

/// Runs a test on a worker-like runtime.
pub(super) fn local<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(test)
}

/// As [`local`], in virtual time: it passes when nothing else can happen.
pub(super) fn paused<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(test)
}

/// What a scripted server does with a request.
#[derive(Clone)]
pub(super) enum Act {
    Say(&'static str),
    SayLater(Duration, &'static str),
    Long(usize),
    ReadBody(usize),
    Close,
    Hang,
}

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A server that follows a script, and what it saw.
pub(super) struct Scripted {
    pub(super) address: SocketAddr,
    pub(super) connections: Rc<Cell<usize>>,
    pub(super) closed: Rc<Cell<usize>>,
    pub(super) heads: Rc<RefCell<Vec<String>>>,
}

impl Scripted {
    /// `script` gets the number of the connection and of the request on it, both from 0.
    pub(super) async fn start(script: impl Fn(usize, usize) -> Vec<Act> + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("bound"),
            connections: Rc::default(),
            closed: Rc::default(),
            heads: Rc::default(),
        };
        let (connections, closed, heads) = (
            server.connections.clone(),
            server.closed.clone(),
            server.heads.clone(),
        );
        let script = Rc::new(script);
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.replace(connections.get() + 1);
                let (script, closed, heads) = (script.clone(), closed.clone(), heads.clone());
                spawn_local(async move {
                    let mut request = 0;
                    follow(stream, &heads, || {
                        request += 1;
                        script(number, request - 1)
                    })
                    .await;
                    closed.set(closed.get() + 1);
                });
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn target(&self) -> Target {
        Target::new(&self.url(), TargetOptions::default()).expect("a valid URL")
    }
}

async fn follow(
    mut stream: TcpStream,
    heads: &RefCell<Vec<String>>,
    mut script: impl FnMut() -> Vec<Act>,
) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        heads
            .borrow_mut()
            .push(String::from_utf8_lossy(&head).into_owned());
        for act in script() {
            match act {
                Act::Say(text) => stream.write_all(text.as_bytes()).await.expect("written"),
                Act::SayLater(pause, text) => {
                    tokio::time::sleep(pause).await;
                    stream.write_all(text.as_bytes()).await.expect("written");
                }
                Act::Long(length) => {
                    // The client may hang up in the middle.
                    let _ = stream.write_all(&vec![b'x'; length]).await;
                }
                Act::ReadBody(length) => {
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.expect("a body");
                    heads
                        .borrow_mut()
                        .push(String::from_utf8_lossy(&body).into_owned());
                }
                Act::Close => return,
                Act::Hang => {
                    let _ = stream.read(&mut [0]).await;
                    return;
                }
            }
        }
    }
}

impl Client {
    /// [`Client::send_from`] of a request that is there; it is copied for the case of a dying connection, where its body can be.
    pub(crate) async fn send(
        &self,
        target: &Target,
        request: Request<RequestBody>,
        options: SendOptions,
    ) -> Result<Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let mut again = body
            .try_clone()
            .map(|body| Request::from_parts(parts.clone(), body));
        let mut first = Some(Request::from_parts(parts, body));
        let make = || first.take().or_else(|| again.take());
        self.send_from(target, make, options).await
    }
}

pub(super) fn get(path: &str) -> Request<RequestBody> {
    Request::get(path)
        .body(RequestBody::empty())
        .expect("a valid request")
}

pub(super) fn post(path: &str, body: &'static str) -> Request<RequestBody> {
    Request::post(path)
        .body(Bytes::from(body).into())
        .expect("a valid request")
}

pub(super) async fn text(response: Response<Body>) -> String {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lets background tasks run until `done`.
pub(super) async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
