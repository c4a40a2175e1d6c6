//! An exchange whose variables are the fuzzer's texts, and whose messages have a body.

use std::sync::Arc;

use tidegate_expressions::host::{
    ApiInfo, BodyAccess, DeploymentInfo, Host, LastErrorInfo, MessageSide, Nowhere, OperationInfo,
    ProductInfo, SubscriptionInfo, UrlView, UserInfo,
};
use tidegate_expressions::{Str, Value};

/// See the module.
pub struct Texts {
    nowhere: Nowhere,
    variables: Vec<(Arc<str>, Value)>,
    body: Vec<u8>,
}

impl Texts {
    /// Variables `a`, `b`, … with these texts; the first is the body of request and response as well.
    pub fn new(texts: &[&str]) -> Self {
        Self {
            nowhere: Nowhere::default(),
            variables: ('a'..='z')
                .zip(texts)
                .map(|(name, text)| (Arc::from(name.to_string()), Value::Str(Str::from(*text))))
                .collect(),
            body: texts
                .first()
                .map_or_else(Vec::new, |text| text.as_bytes().to_vec()),
        }
    }
}

macro_rules! nowhere {
    ($($name:ident: $result:ty),+ $(,)?) => { $(
        fn $name(&self) -> $result {
            self.nowhere.$name()
        }
    )+ };
}

impl Host for Texts {
    nowhere! {
        now: i64,
        elapsed: i64,
        timestamp: i64,
        api: Option<&Arc<ApiInfo>>,
        operation: Option<&Arc<OperationInfo>>,
        product: Option<&Arc<ProductInfo>>,
        subscription: Option<&Arc<SubscriptionInfo>>,
        user: Option<&Arc<UserInfo>>,
        deployment: &Arc<DeploymentInfo>,
        last_error: Option<&LastErrorInfo>,
        method: &str,
        url: UrlView<'_>,
        original_url: UrlView<'_>,
        ip_address: &str,
        matched_parameters: &[(Arc<str>, String)],
        client_certificate: Option<&[u8]>,
        tracing: bool,
    }

    fn request_id(&self) -> uuid::Uuid {
        self.nowhere.request_id()
    }

    fn random(&mut self) -> u64 {
        self.nowhere.random()
    }

    fn trace(&mut self, _message: &str) {}

    fn has_response(&self) -> bool {
        true
    }

    fn status_code(&self) -> u16 {
        429
    }

    fn status_reason(&self) -> &str {
        "Too Many Requests"
    }

    fn headers(&self, _side: MessageSide) -> Option<&http::HeaderMap> {
        self.nowhere.headers(MessageSide::Request)
    }

    fn body(&self, _side: MessageSide) -> BodyAccess {
        BodyAccess::Buffered(self.body.clone().into())
    }

    fn consume_body(&mut self, _side: MessageSide) {
        self.body.clear();
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.variables
            .iter()
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| value.clone())
    }

    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.clone()
    }
}
