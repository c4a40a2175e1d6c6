//! For tests: calls members of the library by type and signature, without compiling an expression.

use std::sync::Arc;

use http::HeaderMap;

use crate::fault::FaultKind;
use crate::host::{
    ApiInfo, BodyAccess, DeploymentInfo, Host, LastErrorInfo, MessageSide, OperationInfo,
    ProductInfo, SubscriptionInfo, UrlView, UserInfo,
};
use crate::runtime::{Call, Limits, Runtime};
use crate::types::{Member, Registry};
use crate::value::Value;

/// 2024-05-06T07:08:09Z, the present of every probe.
pub(crate) const NOW: i64 = 638_505_760_890_000_000;

/// A host that knows the time and counts up instead of rolling dice.
struct QuietHost {
    random: u64,
    deployment: Arc<DeploymentInfo>,
}

const EMPTY_URL: UrlView<'static> = UrlView {
    scheme: "https",
    host: "localhost",
    port: 443,
    path: "/",
    query: "",
};

impl Host for QuietHost {
    fn now(&self) -> i64 {
        NOW
    }
    fn elapsed(&self) -> i64 {
        0
    }
    fn timestamp(&self) -> i64 {
        NOW
    }
    fn random(&mut self) -> u64 {
        self.random += 1;
        self.random
    }
    fn request_id(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }
    fn tracing(&self) -> bool {
        false
    }
    fn trace(&mut self, _: &str) {}
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
        EMPTY_URL
    }
    fn original_url(&self) -> UrlView<'_> {
        EMPTY_URL
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
    fn headers(&self, _: MessageSide) -> Option<&HeaderMap> {
        None
    }
    fn body(&self, _: MessageSide) -> BodyAccess {
        BodyAccess::Absent
    }
    fn consume_body(&mut self, _: MessageSide) {}
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        Vec::new()
    }
}

fn member(type_name: &str, signature: &str) -> &'static Member {
    let def = Registry::get()
        .by_full_name(type_name)
        .unwrap_or_else(|| panic!("no type {type_name}"));
    def.members()
        .iter()
        .find(|m| m.signature == signature)
        .unwrap_or_else(|| panic!("{type_name} has no `{signature}`"))
}

/// Calls a member; arguments that it sets are written back.
pub(crate) fn value(type_name: &str, signature: &str, args: &mut [Value]) -> Result<Value, String> {
    let member = member(type_name, signature);
    if let Some(constant) = &member.constant {
        return Ok(constant.into());
    }
    let mut host = QuietHost {
        random: 0,
        deployment: Arc::default(),
    };
    let mut rt = Runtime::new(&mut host, Limits::default());
    let mut call = Call {
        rt: &mut rt,
        args,
        types: &[],
        member,
    };
    (member.run)(&mut call).map_err(|fault| match fault.kind() {
        FaultKind::Thrown(exception, _) => format!("throws {}", exception.ty.reflection_name()),
        FaultKind::Limit(..) => "limit".to_owned(),
        FaultKind::NeedsBody(_) => "needs body".to_owned(),
    })
}

/// Calls a member and renders its result: text, `null`, bytes in hexadecimal, or `throws Type`.
pub(crate) fn text(type_name: &str, signature: &str, args: &[Value]) -> String {
    match value(type_name, signature, &mut args.to_vec()) {
        Ok(value) => show(&value),
        Err(error) => error,
    }
}

/// A value as [`text`] renders it.
pub(crate) fn show(value: &Value) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    if let Some(bytes) = crate::dotnet::collections::bytes_of(value) {
        return bytes.iter().map(|b| format!("{b:02x}")).collect();
    }
    if let Some(items) = crate::dotnet::collections::elements_of(value) {
        return format!(
            "[{}]",
            items.iter().map(show).collect::<Vec<_>>().join(", ")
        );
    }
    let mut host = QuietHost {
        random: 0,
        deployment: Arc::default(),
    };
    let mut rt = Runtime::new(&mut host, Limits::default());
    rt.to_text(value).map_or_else(
        |fault| format!("{fault:?}"),
        |text| text.to_utf8().into_owned(),
    )
}
