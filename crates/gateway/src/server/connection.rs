//! One client connection, from accept to close.
//!
//! In: an accepted socket. Out: requests for the handler, with limits checked and panics contained, and its responses on the wire.
//! What a request means is the handler's business.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::answer;
use super::body::{IncomingBody, Tracked};
use super::ledger::{InFlight, Ledger};
use super::rules;
use super::tls::Tls;
use super::wire::{Socket, Wire};
use super::{ConnectionInfo, Handler, Limits, TlsInfo};
use crate::upstream::LocalExecutor;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a connection that has sent a part of HTTP/2's preface is looked at again.
const PREFACE_POLL: Duration = Duration::from_millis(5);
/// Headers hyper parses without allocating for them.
const HYPER_DEFAULT_HEADERS: usize = 100;

/// hyper's protocol settings, made once a worker.
pub(crate) struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<LocalExecutor>,
    pub(crate) limits: Limits,
}

impl Protocols {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            // The ledger watches over heads and idleness: hyper would set a timer for each request.
            .header_read_timeout(None)
            .max_header_size(limits.max_header_bytes)
            .max_buf_size(limits.max_header_bytes.saturating_mul(2).max(16 * 1024));
        if limits.max_headers != HYPER_DEFAULT_HEADERS {
            http1.max_headers(limits.max_headers);
        }
        let mut http2 = http2::Builder::new(LocalExecutor);
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.http2_ping_interval)
            .keep_alive_timeout(limits.http2_ping_timeout)
            .max_concurrent_streams(limits.max_streams)
            .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(limits.http2_stream_window)
            .initial_connection_window_size(limits.http2_stream_window.saturating_mul(4))
            .max_send_buf_size(64 * 1024);
        Self {
            http1,
            http2,
            limits,
        }
    }
}

/// What all requests of a connection share.
struct Context<H> {
    handler: Rc<H>,
    info: ConnectionInfo,
    ledger: Rc<Ledger>,
    protocols: Rc<Protocols>,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<H: Handler>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<std::sync::Arc<Tls>>,
    protocols: Rc<Protocols>,
    handler: Rc<H>,
    ledger: Rc<Ledger>,
) {
    let limit = protocols.limits.header_timeout;
    let opened = {
        let mut dismissed = pin!(ledger.dismissed());
        tokio::select! {
            biased;
            opened = timeout(limit, open(stream, peer, tls)) => opened,
            () = &mut dismissed => return,
        }
    };
    let (socket, info) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "no connection came about");
            return;
        }
        Err(_) => {
            tracing::debug!(%peer, "nothing was sent in time on a new connection");
            return;
        }
    };
    let is_http2 = info.http2;
    let wire = TokioIo::new(Wire::new(socket, ledger.clone()));
    let context = Rc::new(Context {
        handler,
        info,
        ledger: ledger.clone(),
        protocols,
    });
    let requests = context.clone();
    let service = service_fn(move |request| answer_one(requests.clone(), request));
    let ended = if is_http2 {
        ledger.speaks_http2();
        let connection = pin!(context.protocols.http2.serve_connection(wire, service));
        drive(connection, &ledger, http2::Connection::graceful_shutdown).await
    } else {
        let connection = pin!(context.protocols.http1.serve_connection(wire, service));
        drive(connection, &ledger, http1::Connection::graceful_shutdown).await
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client connection ended");
    }
}

/// Runs the TLS handshake and finds out which HTTP is spoken.
async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<std::sync::Arc<Tls>>,
) -> io::Result<(Socket, ConnectionInfo)> {
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    let Some(tls) = tls else {
        let http2 = starts_http2(&stream).await?;
        return Ok((
            Socket::Plain(stream),
            ConnectionInfo {
                peer,
                local,
                http2,
                tls: None,
            },
        ));
    };
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await?;
    let session = stream.get_ref().1;
    let http2 = session.alpn_protocol() == Some(b"h2");
    let info = TlsInfo {
        server_name: session.server_name().map(Into::into),
        version: session
            .protocol_version()
            .and_then(|version| version.as_str())
            .unwrap_or("TLS"),
    };
    Ok((
        Socket::Tls(Box::new(stream)),
        ConnectionInfo {
            peer,
            local,
            http2,
            tls: Some(info),
        },
    ))
}

/// Looks at the first bytes without taking them.
async fn starts_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut start = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut start).await?;
        let seen = start.get(..length).unwrap_or_default();
        if length == 0 || !PREFACE.starts_with(seen) {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
        sleep(PREFACE_POLL).await;
    }
}

/// Polls hyper's connection and obeys the ledger.
async fn drive<C>(
    mut connection: Pin<&mut C>,
    ledger: &Ledger,
    leave: fn(Pin<&mut C>),
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut leaving = false;
    poll_fn(|cx| {
        ledger.register(cx.waker());
        loop {
            if ledger.is_aborted() {
                return Poll::Ready(Ok(()));
            }
            if !leaving && ledger.should_leave() {
                leaving = true;
                leave(connection.as_mut());
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            // A request may have begun meanwhile, for which a drain was waiting.
            if leaving || !ledger.should_leave() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Begins a request at once and answers it as a future: that need not hold the request.
fn answer_one<H: Handler>(
    context: Rc<Context<H>>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Tracked<H::Body>>, Infallible>> {
    let in_flight = context.ledger.begin();
    let limits = &context.protocols.limits;
    let begun = match refusal(limits, &request) {
        Some(refusal) => {
            drop(admitted(request, &in_flight, limits));
            Err(Box::new(refusal))
        }
        None => {
            let begin = || {
                let request = admitted(request, &in_flight, limits);
                context.handler.handle(request, &context.info)
            };
            catch_unwind(AssertUnwindSafe(begin)).map_err(panicked)
        }
    };
    async move {
        let answered = match begun {
            Ok(handling) => {
                let handled = AssertUnwindSafe(handling).catch_unwind();
                handled.await.map_err(panicked)
            }
            Err(own) => Err(own),
        };
        let mut response = match answered {
            Ok(response) => response.map(|body| Tracked::handler(body, in_flight)),
            Err(own) => own.map(|body| Tracked::own(body, in_flight)),
        };
        // An answer that is ready at once would be written before hyper learns that the connection ends.
        if !context.info.http2 && context.ledger.should_leave() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// The request with its body under watch; dropped unread, the body is still taken off the connection.
fn admitted(
    request: Request<Incoming>,
    in_flight: &InFlight,
    limits: &Limits,
) -> Request<IncomingBody> {
    request.map(|body| IncomingBody::new(body, in_flight.ledger().clone(), limits.max_body_bytes))
}

/// The answer to a request that no handler gets to see.
fn refusal(limits: &Limits, request: &Request<Incoming>) -> Option<Response<Bytes>> {
    let url = request
        .uri()
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    let declared = request.body().size_hint().lower();
    rules::refusal(request).or_else(|| {
        if url > limits.max_uri_bytes {
            Some(answer::refuse(
                StatusCode::URI_TOO_LONG,
                "The request's URL is too long.",
            ))
        } else if declared > limits.max_body_bytes {
            Some(answer::refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request body is too large.",
            ))
        } else {
            None
        }
    })
}

/// Makes a panic APIM's answer to an unexpected error, and a line in the log.
#[allow(clippy::needless_pass_by_value)] // as it comes from `catch_unwind`
fn panicked(payload: Box<dyn Any + Send>) -> Box<Response<Bytes>> {
    let activity = uuid::Uuid::new_v4().to_string();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let message: String = message.chars().take(200).collect();
    tracing::error!(%activity, %message, "panic while a request was handled; it was answered with 500");
    Box::new(answer::internal_error(&activity))
}
