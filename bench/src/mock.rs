//! The upstream of all measurements: three ports that answer as cheaply as hyper can.
//!
//! In: any request. Out: the fixed answer of its scenario; the third port says 429 where the scenario demands it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::scenario::{CHUNKS, HEADER, Scenario};

/// Pause between two chunks, so that each is a read of its own for the proxy.
const CHUNK_PAUSE: Duration = Duration::from_millis(2);

/// Serves the three ports until one fails.
pub async fn run(addresses: [SocketAddr; 3]) -> std::io::Result<()> {
    let answers = Scenario::ALL.map(Scenario::answer);
    let mut ports = JoinSet::new();
    for (index, address) in addresses.into_iter().enumerate() {
        let listener = TcpListener::bind(address).await?;
        let answers = answers.clone();
        ports.spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let answers = answers.clone();
                let service =
                    service_fn(move |request| answer(request, index == 2, answers.clone()));
                spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    }
    match ports.join_next().await {
        Some(Ok(result)) => result,
        _ => Err(std::io::Error::other("a port's task failed")),
    }
}

async fn answer(
    request: Request<Incoming>,
    throttles: bool,
    answers: [Bytes; 4],
) -> Result<Response<Answer>, Infallible> {
    let scenario = Scenario::from_header(request.headers().get(HEADER).map(HeaderValue::as_bytes));
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response = Response::new(Answer::Empty);
    let headers = response.headers_mut();
    if throttles && scenario == Scenario::Throttled {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        *response.body_mut() = Answer::Whole(Bytes::from_static(
            br#"{"error":{"code":"429","message":"Rate limit is exceeded."}}"#,
        ));
    } else if scenario == Scenario::Stream {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        );
        let mut pause = interval(CHUNK_PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        *response.body_mut() = Answer::Chunks {
            left: CHUNKS,
            pause: Box::pin(pause),
        };
    } else {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let [answer, _, embeddings, _] = answers;
        *response.body_mut() = Answer::Whole(if scenario == Scenario::Embeddings {
            embeddings
        } else {
            answer
        });
    }
    Ok(response)
}

enum Answer {
    Empty,
    Whole(Bytes),
    Chunks {
        left: usize,
        pause: Pin<Box<Interval>>,
    },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Chunks { left, pause } => {
                ready!(pause.poll_tick(cx));
                match left.checked_sub(1) {
                    Some(rest) => {
                        *left = rest;
                        Poll::Ready(Some(Ok(Frame::data(Scenario::chunk()))))
                    }
                    None => Poll::Ready(None),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Chunks { .. } => SizeHint::default(),
        }
    }
}

/// Runs a server's future the way a worker does.
pub fn block_on<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())?;
    Ok(runtime.block_on(future))
}
