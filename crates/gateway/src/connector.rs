//! The pipeline's upstream port over this worker's connections.

use std::any::Any;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tidegate_pipeline::{
    Body, BodyError, BodyStream, HttpVersion, LocalBoxFuture, Proxy, StreamError, Target,
    TransportError, TransportErrorKind, Upstream, UpstreamRequest, UpstreamResponse,
};

use crate::upstream::{self, Client, RequestBody, SendOptions, TlsOptions, TlsProfile};

/// TLS profiles shared by all workers: one for each way to check a server's certificate.
#[derive(Debug)]
pub struct TlsProfiles {
    profiles: [Arc<TlsProfile>; 4],
}

impl TlsProfiles {
    /// Profiles that trust the platform's roots and those of a PEM file.
    ///
    /// # Errors
    /// The PEM text holds no certificate.
    pub fn new(extra_roots: Option<&[u8]>) -> Result<Self, upstream::TlsError> {
        let profile = |validate_chain, validate_name| -> Result<_, upstream::TlsError> {
            let mut options = TlsOptions {
                validate_chain,
                validate_name,
                ..TlsOptions::default()
            };
            if let Some(pem) = extra_roots {
                options = options.with_extra_roots(pem)?;
            }
            Ok(TlsProfile::new(options))
        };
        Ok(Self {
            profiles: [
                profile(false, false)?,
                profile(true, false)?,
                profile(false, true)?,
                profile(true, true)?,
            ],
        })
    }

    fn get(&self, options: &tidegate_pipeline::TlsOptions) -> &Arc<TlsProfile> {
        let index = usize::from(options.validate_chain) + 2 * usize::from(options.validate_name);
        &self.profiles[index]
    }
}

/// What is kept with a pipeline target: its form for each HTTP version.
#[derive(Default)]
struct Kept {
    one: OnceLock<upstream::Target>,
    two: OnceLock<upstream::Target>,
    two_or_one: OnceLock<upstream::Target>,
}

/// Sends the requests of one worker.
pub struct Connector {
    client: Client,
    tls: Arc<TlsProfiles>,
}

impl Connector {
    /// Uses a worker's client.
    pub fn new(client: Client, tls: Arc<TlsProfiles>) -> Self {
        Self { client, tls }
    }

    fn target(&self, request: &UpstreamRequest) -> Result<upstream::Target, TransportError> {
        let target = &request.target;
        if request.proxy.is_some() {
            return self.make(target, request.http_version, request.proxy.as_deref());
        }
        let kept = target.connector(|| Arc::new(Kept::default()) as Arc<dyn Any + Send + Sync>);
        let Some(kept) = kept.downcast_ref::<Kept>() else {
            return self.make(target, request.http_version, target.proxy().map(|p| &**p));
        };
        let slot = match request.http_version {
            HttpVersion::One => &kept.one,
            HttpVersion::Two => &kept.two,
            HttpVersion::TwoOrOne => &kept.two_or_one,
        };
        if let Some(known) = slot.get() {
            return Ok(known.clone());
        }
        let made = self.make(target, request.http_version, target.proxy().map(|p| &**p))?;
        Ok(slot.get_or_init(|| made).clone())
    }

    fn make(
        &self,
        target: &Target,
        version: HttpVersion,
        proxy: Option<&Proxy>,
    ) -> Result<upstream::Target, TransportError> {
        let refused = |error: upstream::TargetError| TransportError {
            kind: TransportErrorKind::Connect,
            message: error.to_string(),
        };
        let proxy = match proxy {
            None => None,
            Some(proxy) => {
                let credentials = proxy
                    .credentials
                    .as_ref()
                    .map(|(user, password)| (&**user, &**password));
                Some(Arc::new(
                    upstream::Proxy::new(&proxy.url, credentials).map_err(refused)?,
                ))
            }
        };
        let url = format!("{}://{}:{}/", target.scheme(), target.host(), target.port());
        upstream::Target::new(
            &url,
            upstream::TargetOptions {
                version: match version {
                    HttpVersion::One => upstream::HttpVersion::Http1,
                    HttpVersion::Two => upstream::HttpVersion::Http2,
                    HttpVersion::TwoOrOne => upstream::HttpVersion::Http2Or1,
                },
                tls: target
                    .is_https()
                    .then(|| self.tls.get(target.tls()).clone()),
                proxy,
            },
        )
        .map_err(refused)
    }

    async fn call(
        &self,
        make: &mut dyn FnMut() -> Option<UpstreamRequest>,
    ) -> Result<UpstreamResponse, TransportError> {
        let mut first = make();
        let request = first.as_ref().ok_or_else(TransportError::body_spent)?;
        let target = self.target(request)?;
        let options = SendOptions {
            headers_timeout: request.timeout,
            continue_timeout: request.continue_timeout,
        };
        let next = || first.take().or_else(&mut *make).map(outgoing);
        let response = self
            .client
            .send_from(&target, next, options)
            .await
            .map_err(|error| translate(&error))?;
        let (mut parts, body) = response.into_parts();
        let reason = parts
            .extensions
            .remove::<hyper::ext::ReasonPhrase>()
            .map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into());
        Ok(UpstreamResponse {
            status: parts.status,
            reason,
            headers: parts.headers,
            version: parts.version,
            body: Body::Streaming(Box::pin(FromUpstream {
                body,
                client: self.client.clone(),
            })),
        })
    }
}

impl Upstream for Connector {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> LocalBoxFuture<'_, Result<UpstreamResponse, TransportError>> {
        Box::pin(async move {
            let mut again = request.try_clone();
            let mut first = Some(request);
            self.call(&mut || first.take().or_else(|| again.take()))
                .await
        })
    }

    fn send_from<'a>(
        &'a self,
        make: &'a mut dyn FnMut() -> Option<UpstreamRequest>,
    ) -> LocalBoxFuture<'a, Result<UpstreamResponse, TransportError>> {
        Box::pin(self.call(make))
    }
}

/// The request as this worker's client takes it.
fn outgoing(request: UpstreamRequest) -> Request<RequestBody> {
    let mut outgoing = Request::new(match request.body {
        Body::Absent | Body::Consumed => RequestBody::empty(),
        Body::Buffered(bytes) => RequestBody::full(bytes),
        stream @ Body::Streaming(_) => RequestBody::stream(stream),
    });
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = request.path_and_query.into();
    *outgoing.headers_mut() = request.headers;
    outgoing
}

fn translate(error: &upstream::TransportError) -> TransportError {
    use upstream::Kind;
    let kind = match error.kind() {
        Kind::Dns | Kind::Connect | Kind::Proxy | Kind::Tls => TransportErrorKind::Connect,
        Kind::Timeout | Kind::ContinueTimeout => TransportErrorKind::Timeout,
        Kind::ResetBeforeHeaders | Kind::ResponseBody => TransportErrorKind::Reset,
        Kind::Protocol => TransportErrorKind::Protocol,
        Kind::RequestBody => {
            let too_large = error
                .request_body_error()
                .and_then(|error| error.downcast_ref::<BodyError>())
                .is_some_and(|error| matches!(error, BodyError::TooLarge { .. }));
            if too_large {
                TransportErrorKind::RequestTooLarge
            } else {
                TransportErrorKind::RequestBody
            }
        }
    };
    TransportError {
        kind,
        message: error.to_string(),
    }
}

/// A backend's response body, with the client it came from.
struct FromUpstream {
    body: upstream::Body,
    client: Client,
}

impl http_body::Body for FromUpstream {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        Pin::new(&mut self.body)
            .poll_frame(cx)
            .map_err(|error| Box::new(error) as StreamError)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl BodyStream for FromUpstream {
    fn discard(self: Pin<Box<Self>>) {
        let this = *Pin::into_inner(self);
        this.client.discard(Response::new(this.body));
    }
}
