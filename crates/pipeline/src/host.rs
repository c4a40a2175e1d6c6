//! The exchange as expressions see it: `context`.

use std::sync::Arc;

use http::HeaderMap;
use tidegate_expressions::{
    ApiInfo, BodyAccess, DeploymentInfo, Host, LastErrorInfo, MessageSide, OperationInfo,
    ProductInfo, SubscriptionInfo, UrlView, UserInfo, Value,
};

use crate::exchange::UrlText;
use crate::ports::ticks;
use crate::{Body, Exchange, decoded};

impl Host for Exchange {
    fn now(&self) -> i64 {
        self.ports.clock.now()
    }

    fn elapsed(&self) -> i64 {
        ticks::from_duration(Exchange::elapsed(self))
    }

    fn timestamp(&self) -> i64 {
        self.timestamp
    }

    fn random(&mut self) -> u64 {
        self.ports.random.next()
    }

    fn request_id(&self) -> uuid::Uuid {
        self.request_id
    }

    fn tracing(&self) -> bool {
        self.is_traced()
    }

    fn trace(&mut self, message: &str) {
        self.trace_message("expression", message, Vec::new());
    }

    fn api(&self) -> Option<&Arc<ApiInfo>> {
        self.matched.api.as_ref()
    }

    fn operation(&self) -> Option<&Arc<OperationInfo>> {
        self.matched.operation.as_ref()
    }

    fn product(&self) -> Option<&Arc<ProductInfo>> {
        self.matched.product.as_ref()
    }

    fn subscription(&self) -> Option<&Arc<SubscriptionInfo>> {
        self.matched.subscription.as_ref()
    }

    fn user(&self) -> Option<&Arc<UserInfo>> {
        self.matched.user.as_ref()
    }

    fn deployment(&self) -> &Arc<DeploymentInfo> {
        &self.runtime.deployment
    }

    fn last_error(&self) -> Option<&LastErrorInfo> {
        self.last_error.as_deref()
    }

    fn method(&self) -> &str {
        self.request.method.as_str()
    }

    fn url(&self) -> UrlView<'_> {
        let text = self.url_text.get_or_init(|| {
            let url = &self.request.url;
            let target = self.backend.target();
            let base = target.map_or("", |target| target.base_path());
            let joined = url.join(base, &[]);
            let (path, query) = match joined.split_once('?') {
                Some((path, query)) => (path.to_owned(), format!("?{query}")),
                None => (joined, String::new()),
            };
            Box::new(UrlText {
                scheme: target.map_or(url.scheme(), |target| target.scheme()),
                host: target.map_or(url.host(), |target| target.host()).to_owned(),
                port: target.map_or(url.port(), |target| target.port()),
                path,
                query,
            })
        });
        UrlView {
            scheme: text.scheme,
            host: &text.host,
            port: text.port,
            path: &text.path,
            query: &text.query,
        }
    }

    fn original_url(&self) -> UrlView<'_> {
        let url = &self.request.url;
        UrlView {
            scheme: url.scheme(),
            host: url.host(),
            port: url.port(),
            path: url.original_path(),
            query: url.original_query_with_mark(),
        }
    }

    fn ip_address(&self) -> &str {
        self.ip_text
            .get_or_init(|| self.request.ip.to_canonical().to_string())
    }

    fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        self.request.matched_parameters()
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        self.request.client_certificate.as_deref()
    }

    fn has_response(&self) -> bool {
        self.response.is_some()
    }

    fn status_code(&self) -> u16 {
        self.response.as_ref().map_or(0, |response| response.status)
    }

    fn status_reason(&self) -> &str {
        self.response
            .as_ref()
            .map_or("", |response| response.status_reason())
    }

    fn headers(&self, side: MessageSide) -> Option<&HeaderMap> {
        match side {
            MessageSide::Request => Some(&self.request.headers),
            MessageSide::Response => self.response.as_ref().map(|response| &response.headers),
        }
    }

    fn body(&self, side: MessageSide) -> BodyAccess {
        let limits = &self.runtime.limits;
        let (headers, body, limit) = match side {
            MessageSide::Request => (
                &self.request.headers,
                &self.request.body,
                limits.request_buffer,
            ),
            MessageSide::Response => match &self.response {
                Some(response) => (&response.headers, &response.body, limits.response_buffer),
                None => return BodyAccess::Absent,
            },
        };
        match body {
            // A response always has a body object, be it empty; a request without one has none.
            Body::Absent if side == MessageSide::Request => BodyAccess::Absent,
            Body::Absent | Body::Consumed => BodyAccess::Buffered(bytes::Bytes::new()),
            Body::Buffered(bytes) => BodyAccess::Buffered(decoded(headers, bytes, limit)),
            Body::Streaming(_) => BodyAccess::NotBuffered,
        }
    }

    fn consume_body(&mut self, side: MessageSide) {
        match side {
            MessageSide::Request => self.request.body = Body::Consumed,
            MessageSide::Response => {
                if let Some(response) = &mut self.response {
                    response.body = Body::Consumed;
                }
            }
        }
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.variables.get(name).cloned()
    }

    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.iter().cloned().collect()
    }
}
