//! HTTP on a connection: finds the resource, reads the body, hands the request on.
//!
//! In: a connection. Out: answers. HTTP/1.1, and HTTP/2 with prior knowledge, told apart by their first bytes.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tidegate_openai::error::ErrorBody;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::connection::{Connection, Fate};
use crate::admin;
use crate::body::ReplyBody;
use crate::core::Core;
use crate::resource::Resource;
use crate::serve::{self, Call, Closing, Reply, error_response};

/// HTTP/2 requests on one connection at a time.
const MAX_STREAMS: u32 = 1_000;

/// How far the simulator's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It serves.
    Running,
    /// Open requests are finished, new ones are not accepted.
    Draining,
    /// Whatever is left is dropped.
    Ended,
}

/// Who is behind a listener.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// One resource.
    Resource(Arc<Resource>),
    /// All of them.
    Shared,
    /// The admin endpoint.
    Admin,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct ServerContext {
    pub(crate) core: Arc<Core>,
    pub(crate) connections: Arc<Semaphore>,
    /// Where each resource is reached, in the order of the resources.
    pub(crate) urls: Vec<String>,
}

/// The service ordered the connection closed.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed by a fault")]
struct Closed;

/// Serves a connection to its end.
pub(super) async fn serve_connection(
    stream: TcpStream,
    scope: Scope,
    context: Arc<ServerContext>,
    mut shutdown: watch::Receiver<Stage>,
) {
    // Small events are to leave at once; a socket that cannot do this still works.
    let _ = stream.set_nodelay(true);
    let fate = Arc::new(Fate::default());
    let io = TokioIo::new(Connection::new(stream, Arc::clone(&fate)));
    let mut refusing = match &scope {
        Scope::Resource(resource) => Some(resource.refusing()),
        Scope::Shared | Scope::Admin => None,
    };
    let header_timeout =
        Duration::from_secs(context.core.config.limits.header_timeout_seconds.max(1));
    let place = Arc::new(Place {
        scope,
        context,
        fate: Arc::clone(&fate),
    });
    let service = service_fn(move |request| answer(request, Arc::clone(&place)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut draining = false;
    let mut ended = shutdown.clone();
    loop {
        let cut_off = async {
            match &mut refusing {
                Some(refusing) => {
                    if refusing.wait_for(|refusing| *refusing).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = fate.decided() => return,
            () = cut_off => {
                fate.decide(Closing::Reset);
                return;
            }
            _ = shutdown.wait_for(|stage| *stage != Stage::Running), if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = ended.wait_for(|stage| *stage == Stage::Ended) => return,
        }
    }
}

/// Where a request arrived.
struct Place {
    scope: Scope,
    context: Arc<ServerContext>,
    fate: Arc<Fate>,
}

async fn answer(
    request: Request<Incoming>,
    place: Arc<Place>,
) -> Result<Response<ReplyBody>, Closed> {
    let Place {
        scope,
        context,
        fate,
    } = &*place;
    let (parts, body) = request.into_parts();
    let body = match read_body(body, &parts.headers, &context.core).await {
        Ok(body) => body,
        Err(ReadError::TooLarge) => {
            let error = ErrorBody::body_too_large(context.core.config.limits.max_body_bytes);
            return Ok(error_response(&error));
        }
        Err(ReadError::TooSlow) => return Ok(error_response(&ErrorBody::timeout())),
        Err(ReadError::Gone) => return Err(Closed),
    };
    let path = parts.uri.path();
    let query = parts.uri.query().map(str::to_owned);
    if matches!(scope, Scope::Admin) {
        return Ok(admin::answer(context, &parts.method, path, &body));
    }
    let host = || {
        let authority = parts.uri.host();
        authority.or_else(|| {
            parts
                .headers
                .get(header::HOST)?
                .to_str()
                .ok()?
                .split(':')
                .next()
        })
    };
    let Some((resource, path)) = find(scope, &context.core, path, host) else {
        return Ok(error_response(&ErrorBody::resource_not_found()));
    };
    let (resource, path) = (Arc::clone(resource), path.to_owned());
    let call = Call {
        method: parts.method,
        path,
        query,
        headers: parts.headers,
        body,
    };
    match serve::serve(&context.core, &resource, call).await {
        Reply::Answer(response) => Ok(response),
        Reply::Close(Closing::Quiet) => Err(Closed),
        Reply::Close(closing) => {
            fate.decide(closing);
            // The connection's task ends the connection; this request must not be answered before.
            let never: Infallible = std::future::pending().await;
            match never {}
        }
    }
}

/// The resource of a request, and the path below its endpoint.
fn find<'r, 'p>(
    scope: &'r Scope,
    core: &'r Core,
    path: &'p str,
    host: impl Fn() -> Option<&'p str>,
) -> Option<(&'r Arc<Resource>, &'p str)> {
    match scope {
        Scope::Resource(resource) => Some((resource, path)),
        Scope::Admin => None,
        Scope::Shared => {
            let rest = path.strip_prefix('/').unwrap_or(path);
            let (first, below) = match rest.find('/') {
                Some(slash) => rest.split_at(slash),
                None => (rest, "/"),
            };
            if let Some(resource) = core.resource(first) {
                return Some((resource, below));
            }
            let label = host()?.split('.').next()?;
            core.resource(label).map(|resource| (resource, path))
        }
    }
}

enum ReadError {
    TooLarge,
    TooSlow,
    Gone,
}

async fn read_body(body: Incoming, headers: &HeaderMap, core: &Core) -> Result<Bytes, ReadError> {
    let limits = &core.config.limits;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_body_bytes as u64) {
        return Err(ReadError::TooLarge);
    }
    let timeout = Duration::from_secs(limits.body_timeout_seconds.max(1));
    let collected =
        tokio::time::timeout(timeout, Limited::new(body, limits.max_body_bytes).collect());
    match collected.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ReadError::TooLarge),
        Ok(Err(_)) => Err(ReadError::Gone),
        Err(_) => Err(ReadError::TooSlow),
    }
}
