//! What an expression can ask of the exchange it runs in: the data behind `context`.
//!
//! The pipeline implements [`Host`] for its exchange; `tidegate eval` implements it over a JSON file. Nothing here
//! performs I/O: a body that has not been read yet is reported as [`BodyAccess::NotBuffered`], evaluation stops with
//! [`crate::Stop::NeedsBody`], the caller buffers the body and evaluates again.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use crate::Value;

/// One of the two messages of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageSide {
    /// `context.Request`
    Request,
    /// `context.Response`
    Response,
}

/// What is known of a message body at this moment.
#[derive(Debug, Clone)]
pub enum BodyAccess {
    /// The message has no body: `context.Request.Body` is null.
    Absent,
    /// The body still streams; it must be buffered before an expression can read it.
    NotBuffered,
    /// The whole body. A consumed body is empty bytes.
    Buffered(Bytes),
}

/// A URL as `IUrl` shows it.
#[derive(Debug, Clone, Copy)]
pub struct UrlView<'a> {
    /// `http` or `https`
    pub scheme: &'a str,
    /// Host without port.
    pub host: &'a str,
    /// Port, the scheme's default filled in.
    pub port: u16,
    /// Path with its leading `/`, still percent-encoded.
    pub path: &'a str,
    /// Query string with its leading `?`, or empty.
    pub query: &'a str,
}

/// `context.Api`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // the members' names are APIM's own
pub struct ApiInfo {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub path: Arc<str>,
    pub revision: Arc<str>,
    pub version: Option<Arc<str>>,
    pub is_current_revision: bool,
    pub protocols: Vec<Arc<str>>,
    pub service_url: Option<Arc<str>>,
    pub key_header: Arc<str>,
    pub key_query: Arc<str>,
}

/// `context.Operation`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct OperationInfo {
    pub id: Arc<str>,
    pub method: Arc<str>,
    pub name: Arc<str>,
    pub url_template: Arc<str>,
}

/// `IGroup`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct GroupInfo {
    pub id: Arc<str>,
    pub name: Arc<str>,
}

/// `context.Product`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct ProductInfo {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub apis: Vec<Arc<ApiInfo>>,
    pub groups: Vec<GroupInfo>,
    pub approval_required: bool,
    pub subscription_required: bool,
    pub published: bool,
    pub subscription_limit: Option<i32>,
}

/// `context.Subscription`. Dates are .NET ticks, UTC.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct SubscriptionInfo {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub key: Arc<str>,
    pub primary_key: Arc<str>,
    pub secondary_key: Arc<str>,
    pub created_date: i64,
    pub start_date: Option<i64>,
    pub end_date: Option<i64>,
}

/// `IUserIdentity`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct IdentityInfo {
    pub id: Arc<str>,
    pub provider: Arc<str>,
}

/// `context.User`. The date is .NET ticks, UTC.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct UserInfo {
    pub id: Arc<str>,
    pub email: Arc<str>,
    pub first_name: Arc<str>,
    pub last_name: Arc<str>,
    pub note: Arc<str>,
    pub groups: Vec<GroupInfo>,
    pub identities: Vec<IdentityInfo>,
    pub registration_date: i64,
}

/// `context.Deployment`
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct DeploymentInfo {
    pub gateway_id: Arc<str>,
    pub region: Arc<str>,
    pub service_id: Arc<str>,
    pub service_name: Arc<str>,
}

/// `context.LastError`; absent strings are null.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct LastErrorInfo {
    pub source: Arc<str>,
    pub reason: Option<Arc<str>>,
    pub message: Arc<str>,
    pub scope: Option<Arc<str>>,
    pub section: Option<Arc<str>>,
    pub path: Option<Arc<str>>,
    pub policy_id: Option<Arc<str>>,
    pub http_error_code: i32,
}

/// The exchange as an expression sees it. Times are .NET ticks (100 ns); points in time count from 0001-01-01 UTC.
pub trait Host {
    /// The clock's present, for `DateTime.UtcNow` and its relatives.
    fn now(&self) -> i64;
    /// Time since [`Host::timestamp`].
    fn elapsed(&self) -> i64;
    /// When the request was received.
    fn timestamp(&self) -> i64;
    /// A fresh random number, for `Random` without a seed and `Guid.NewGuid`.
    fn random(&mut self) -> u64;
    /// `context.RequestId`
    fn request_id(&self) -> uuid::Uuid;
    /// `context.Tracing`
    fn tracing(&self) -> bool;
    /// `context.Trace(message)`
    fn trace(&mut self, message: &str);

    /// `context.Api`
    fn api(&self) -> Option<&Arc<ApiInfo>>;
    /// `context.Operation`
    fn operation(&self) -> Option<&Arc<OperationInfo>>;
    /// `context.Product`
    fn product(&self) -> Option<&Arc<ProductInfo>>;
    /// `context.Subscription`
    fn subscription(&self) -> Option<&Arc<SubscriptionInfo>>;
    /// `context.User`
    fn user(&self) -> Option<&Arc<UserInfo>>;
    /// `context.Deployment`
    fn deployment(&self) -> &Arc<DeploymentInfo>;
    /// `context.LastError`
    fn last_error(&self) -> Option<&LastErrorInfo>;

    /// `context.Request.Method`
    fn method(&self) -> &str;
    /// `context.Request.Url`
    fn url(&self) -> UrlView<'_>;
    /// `context.Request.OriginalUrl`
    fn original_url(&self) -> UrlView<'_>;
    /// `context.Request.IpAddress`
    fn ip_address(&self) -> &str;
    /// `context.Request.MatchedParameters`
    fn matched_parameters(&self) -> &[(Arc<str>, String)];
    /// The client's certificate, DER, where TLS brought one.
    fn client_certificate(&self) -> Option<&[u8]>;
    /// Whether a certificate, DER, was issued by an authority that the gateway trusts; its dates are checked by the caller.
    /// A host that knows no authorities trusts none.
    fn trusts_certificate(&self, _der: &[u8]) -> bool {
        false
    }

    /// Whether `context.Response` is not null.
    fn has_response(&self) -> bool;
    /// `context.Response.StatusCode`; 0 without a response.
    fn status_code(&self) -> u16;
    /// `context.Response.StatusReason`: never null, the standard phrase where none was sent.
    fn status_reason(&self) -> &str;

    /// Headers of a message; `None` when the message does not exist.
    fn headers(&self, side: MessageSide) -> Option<&HeaderMap>;
    /// The body of a message.
    fn body(&self, side: MessageSide) -> BodyAccess;
    /// `As<T>()` without `preserveContent` took the body: later reads see an empty one, nothing is forwarded.
    fn consume_body(&mut self, side: MessageSide);

    /// `context.Variables[name]`; `None` when there is none of that name.
    fn variable(&self, name: &str) -> Option<Value>;
    /// All variables in order of their creation.
    fn variables(&self) -> Vec<(Arc<str>, Value)>;
}

/// A host without an exchange: nothing is there, time stands still. For conversions and for expressions that do not
/// use `context`.
#[derive(Debug)]
pub struct Nowhere {
    headers: HeaderMap,
    deployment: Arc<DeploymentInfo>,
    state: u64,
    /// The present, in ticks.
    pub now: i64,
}

impl Default for Nowhere {
    fn default() -> Self {
        Self {
            headers: HeaderMap::new(),
            deployment: Arc::new(DeploymentInfo::default()),
            state: 0x9e37_79b9_7f4a_7c15,
            now: 638_396_640_000_000_000,
        }
    }
}

const NO_URL: UrlView<'static> = UrlView {
    scheme: "https",
    host: "localhost",
    port: 443,
    path: "/",
    query: "",
};

impl Host for Nowhere {
    fn now(&self) -> i64 {
        self.now
    }

    fn elapsed(&self) -> i64 {
        0
    }

    fn timestamp(&self) -> i64 {
        self.now
    }

    fn random(&mut self) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn request_id(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn tracing(&self) -> bool {
        false
    }

    fn trace(&mut self, _message: &str) {}

    fn api(&self) -> Option<&Arc<ApiInfo>> {
        None
    }

    fn operation(&self) -> Option<&Arc<OperationInfo>> {
        None
    }

    fn product(&self) -> Option<&Arc<ProductInfo>> {
        None
    }

    fn subscription(&self) -> Option<&Arc<SubscriptionInfo>> {
        None
    }

    fn user(&self) -> Option<&Arc<UserInfo>> {
        None
    }

    fn deployment(&self) -> &Arc<DeploymentInfo> {
        &self.deployment
    }

    fn last_error(&self) -> Option<&LastErrorInfo> {
        None
    }

    fn method(&self) -> &str {
        "GET"
    }

    fn url(&self) -> UrlView<'_> {
        NO_URL
    }

    fn original_url(&self) -> UrlView<'_> {
        NO_URL
    }

    fn ip_address(&self) -> &str {
        "127.0.0.1"
    }

    fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        &[]
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        None
    }

    fn has_response(&self) -> bool {
        false
    }

    fn status_code(&self) -> u16 {
        0
    }

    fn status_reason(&self) -> &str {
        ""
    }

    fn headers(&self, side: MessageSide) -> Option<&HeaderMap> {
        (side == MessageSide::Request).then_some(&self.headers)
    }

    fn body(&self, _side: MessageSide) -> BodyAccess {
        BodyAccess::Absent
    }

    fn consume_body(&mut self, _side: MessageSide) {}

    fn variable(&self, _name: &str) -> Option<Value> {
        None
    }

    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        Vec::new()
    }
}
