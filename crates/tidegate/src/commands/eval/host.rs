//! `context` out of a context file.
//!
//! A [`FileHost`] lives for one evaluation: what the expression consumes, traces or changes ends with it. Time stands
//! still while it runs.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tidegate_expressions::{
    ApiInfo, BodyAccess, DeploymentInfo, Host, LastErrorInfo, MessageSide, OperationInfo,
    ProductInfo, SubscriptionInfo, UrlView, UserInfo, Value,
};
use uuid::Uuid;

use super::context::{Body, ContextFile, Url};

/// .NET ticks of 1970-01-01.
const EPOCH: i64 = 621_355_968_000_000_000;

/// The present in .NET ticks.
pub fn wall_clock() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos() / 100)
        .ok()
        .and_then(|ticks| EPOCH.checked_add(ticks))
        .unwrap_or(EPOCH)
}

/// The exchange that a context file describes.
pub struct FileHost<'a> {
    file: &'a ContextFile,
    url: Url,
    original_url: Url,
    request_body: BodyAccess,
    response_body: BodyAccess,
    variables: Vec<(Arc<str>, Value)>,
    request_id: Uuid,
    timestamp: i64,
    elapsed: i64,
    traces: Vec<String>,
}

impl<'a> FileHost<'a> {
    /// A fresh exchange.
    pub fn new(file: &'a ContextFile) -> Self {
        let request = &file.request;
        let original_url = request
            .original_url
            .as_ref()
            .or(request.url.as_ref())
            .cloned()
            .unwrap_or_default();
        let url = request.url.clone().unwrap_or_else(|| original_url.clone());
        let elapsed = file.elapsed.unwrap_or(0);
        let buffered =
            |body: &Option<Body>| body.as_ref().map(|b| BodyAccess::Buffered(b.0.clone()));
        Self {
            url,
            original_url,
            request_body: buffered(&request.body).unwrap_or(BodyAccess::Absent),
            // A response always has a body, be it empty.
            response_body: match &file.response {
                None => BodyAccess::Absent,
                Some(response) => {
                    buffered(&response.body).unwrap_or(BodyAccess::Buffered(Bytes::new()))
                }
            },
            variables: file.variables.values(),
            request_id: file.request_id.unwrap_or_else(Uuid::new_v4),
            timestamp: file
                .timestamp
                .unwrap_or_else(|| wall_clock().saturating_sub(elapsed)),
            elapsed,
            traces: Vec::new(),
            file,
        }
    }

    /// What `context.Trace` was called with.
    pub fn into_traces(self) -> Vec<String> {
        self.traces
    }
}

fn view(url: &Url) -> UrlView<'_> {
    UrlView {
        scheme: &url.scheme,
        host: &url.host,
        port: url.port,
        path: &url.path,
        query: &url.query,
    }
}

impl Host for FileHost<'_> {
    fn now(&self) -> i64 {
        self.timestamp.saturating_add(self.elapsed)
    }

    fn elapsed(&self) -> i64 {
        self.elapsed
    }

    fn timestamp(&self) -> i64 {
        self.timestamp
    }

    fn random(&mut self) -> u64 {
        fastrand::u64(..)
    }

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    fn tracing(&self) -> bool {
        true
    }

    fn trace(&mut self, message: &str) {
        self.traces.push(message.to_owned());
    }

    fn api(&self) -> Option<&Arc<ApiInfo>> {
        self.file.api.as_ref()
    }

    fn operation(&self) -> Option<&Arc<OperationInfo>> {
        self.file.operation.as_ref()
    }

    fn product(&self) -> Option<&Arc<ProductInfo>> {
        self.file.product.as_ref()
    }

    fn subscription(&self) -> Option<&Arc<SubscriptionInfo>> {
        self.file.subscription.as_ref()
    }

    fn user(&self) -> Option<&Arc<UserInfo>> {
        self.file.user.as_ref()
    }

    fn deployment(&self) -> &Arc<DeploymentInfo> {
        &self.file.deployment
    }

    fn last_error(&self) -> Option<&LastErrorInfo> {
        self.file.last_error.as_ref()
    }

    fn method(&self) -> &str {
        self.file.request.method.as_deref().unwrap_or("GET")
    }

    fn url(&self) -> UrlView<'_> {
        view(&self.url)
    }

    fn original_url(&self) -> UrlView<'_> {
        view(&self.original_url)
    }

    fn ip_address(&self) -> &str {
        self.file
            .request
            .ip_address
            .as_deref()
            .unwrap_or("127.0.0.1")
    }

    fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        &self.file.request.matched_parameters
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        None
    }

    fn has_response(&self) -> bool {
        self.file.response.is_some()
    }

    fn status_code(&self) -> u16 {
        self.file
            .response
            .as_ref()
            .map_or(0, |response| response.status_code.unwrap_or(200))
    }

    fn status_reason(&self) -> &str {
        let Some(response) = &self.file.response else {
            return "";
        };
        match &response.reason {
            Some(reason) => reason,
            None => StatusCode::from_u16(self.status_code())
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or(""),
        }
    }

    fn headers(&self, side: MessageSide) -> Option<&HeaderMap> {
        match side {
            MessageSide::Request => Some(&self.file.request.headers.0),
            MessageSide::Response => self.file.response.as_ref().map(|r| &r.headers.0),
        }
    }

    fn body(&self, side: MessageSide) -> BodyAccess {
        match side {
            MessageSide::Request => self.request_body.clone(),
            MessageSide::Response => self.response_body.clone(),
        }
    }

    fn consume_body(&mut self, side: MessageSide) {
        match side {
            MessageSide::Request => self.request_body = BodyAccess::Buffered(Bytes::new()),
            MessageSide::Response => self.response_body = BodyAccess::Buffered(Bytes::new()),
        }
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.variables
            .iter()
            .find(|(key, _)| **key == *name)
            .map(|(_, value)| value.clone())
    }

    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.clone()
    }
}
