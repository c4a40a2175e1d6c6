//! The reverse proxy that a few lines on hyper and hyper-util's client make: a second floor, without the first one's own pool.
//!
//! In: any request. Out: the answer of one of three upstreams, chosen at random; after a 429 another one is asked.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Either, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::spawn_local;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Upstreams = Client<HttpConnector, Full<Bytes>>;

/// Serves until the listener fails.
pub async fn run(listen: SocketAddr, upstreams: [SocketAddr; 3]) -> Result<(), Failure> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Upstreams = Client::builder(TokioExecutor::new()).build(connector);
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let client = client.clone();
        let service = service_fn(move |request| pass(request, client.clone(), upstreams));
        spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(
    request: Request<Incoming>,
    client: Upstreams,
    upstreams: [SocketAddr; 3],
) -> Result<Response<Either<Incoming, Empty<Bytes>>>, Infallible> {
    let answer = attempt(request, &client, &upstreams).await;
    Ok(answer.map_or_else(
        |_| {
            let mut response = Response::new(Either::Right(Empty::new()));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        },
        |response| response.map(Either::Left),
    ))
}

async fn attempt(
    request: Request<Incoming>,
    client: &Upstreams,
    upstreams: &[SocketAddr; 3],
) -> Result<Response<Incoming>, Failure> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = parts.uri.path_and_query().cloned().ok_or("no path")?;
    let first = fastrand::usize(..upstreams.len());
    for turn in 0..upstreams.len() {
        let Some(upstream) = upstreams.get((first + turn) % upstreams.len()) else {
            break;
        };
        let mut forwarded = Request::new(Full::new(body.clone()));
        *forwarded.method_mut() = parts.method.clone();
        *forwarded.uri_mut() = Uri::builder()
            .scheme("http")
            .authority(upstream.to_string())
            .path_and_query(path.clone())
            .build()?;
        *forwarded.headers_mut() = parts.headers.clone();
        forwarded.headers_mut().remove(header::HOST);
        let mut response = client.request(forwarded).await?;
        if response.status() == StatusCode::TOO_MANY_REQUESTS && turn + 1 < upstreams.len() {
            while let Some(Ok(_)) = response.body_mut().frame().await {}
            continue;
        }
        return Ok(response);
    }
    Err("no upstream".into())
}
