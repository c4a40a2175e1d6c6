//! The floor of all ratios: the least a reverse proxy on hyper can do.
//!
//! In: any request. Out: the answer of one of three upstreams, chosen at random; after a 429 another one is asked. It has a pool of its
//! own of `SendRequest`s and drains a small 429 so that its connection is kept. No policy, no limit, no timeout, no TLS.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

type Sender = client::SendRequest<Full<Bytes>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Upstream {
    address: SocketAddr,
    host: HeaderValue,
    idle: RefCell<Vec<Sender>>,
}

/// Serves until the listener fails.
pub async fn run(listen: SocketAddr, upstreams: [SocketAddr; 3]) -> Result<(), Failure> {
    let mut known = Vec::new();
    for address in upstreams {
        let host = HeaderValue::try_from(address.to_string())?;
        known.push(Rc::new(Upstream {
            address,
            host,
            idle: RefCell::default(),
        }));
    }
    let upstreams: Rc<[Rc<Upstream>]> = known.into();
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let upstreams = upstreams.clone();
        let service = service_fn(move |request| pass(request, upstreams.clone()));
        spawn_local(server::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(
    request: Request<Incoming>,
    upstreams: Rc<[Rc<Upstream>]>,
) -> Result<Response<Passed>, Infallible> {
    let answer = attempt(request, &upstreams).await;
    Ok(answer.unwrap_or_else(|_| {
        let mut response = Response::new(Passed::default());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

/// Asks one upstream after the other. The body is held, as any proxy must that may have to send it again.
async fn attempt(
    request: Request<Incoming>,
    upstreams: &[Rc<Upstream>],
) -> Result<Response<Passed>, Failure> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let first = fastrand::usize(..upstreams.len());
    let path = parts.uri.path_and_query().cloned().ok_or("no path")?;
    for turn in 0..upstreams.len() {
        let Some(upstream) = upstreams.get((first + turn) % upstreams.len()) else {
            break;
        };
        let mut forwarded = Request::new(Full::new(body.clone()));
        *forwarded.method_mut() = parts.method.clone();
        *forwarded.uri_mut() = Uri::from(path.clone());
        *forwarded.headers_mut() = parts.headers.clone();
        forwarded
            .headers_mut()
            .insert(header::HOST, upstream.host.clone());
        let mut sender = upstream.connection().await?;
        let response = sender.send_request(forwarded).await?;
        let mut response = response.map(|incoming| Passed {
            incoming: Some(incoming),
            lease: Some((sender, upstream.clone())),
        });
        if response.status() == StatusCode::TOO_MANY_REQUESTS && turn + 1 < upstreams.len() {
            while let Some(Ok(_)) = response.body_mut().frame().await {}
            continue;
        }
        return Ok(response);
    }
    Err("no upstream".into())
}

impl Upstream {
    async fn connection(&self) -> Result<Sender, Failure> {
        loop {
            let Some(mut sender) = self.idle.borrow_mut().pop() else {
                break;
            };
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = client::handshake(TokioIo::new(stream)).await?;
        spawn_local(connection);
        Ok(sender)
    }
}

/// A body that gives its connection back at its end.
#[derive(Default)]
struct Passed {
    incoming: Option<Incoming>,
    lease: Option<(Sender, Rc<Upstream>)>,
}

impl Body for Passed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(&mut *incoming).poll_frame(cx));
        if (frame.is_none() || incoming.is_end_stream())
            && let Some((sender, upstream)) = this.lease.take()
        {
            upstream.idle.borrow_mut().push(sender);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}
