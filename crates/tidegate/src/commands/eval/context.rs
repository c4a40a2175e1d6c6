//! The context file of `tidegate eval`: JSON text flows in, checked data flows out.
//!
//! Every member is optional, an unknown or doubled one is an error that names it. Nothing is evaluated here; variables
//! become values anew for each evaluation, because an expression may change the objects among them.

mod entities;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use tidegate_expressions::clr::datetime_parse::{DateTimeStyles, parse_datetime};
use tidegate_expressions::clr::timespan_parse;
use tidegate_expressions::json::{self, ReaderOptions};
use tidegate_expressions::{
    ApiInfo, DeploymentInfo, LastErrorInfo, OperationInfo, ProductInfo, SubscriptionInfo, UserInfo,
    Value,
};
use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};
use uuid::Uuid;

/// Largest context file, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What a context file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ContextFile {
    pub request: RequestPart,
    pub response: Option<ResponsePart>,
    pub variables: Variables,
    #[serde(deserialize_with = "entities::subscription")]
    pub subscription: Option<Arc<SubscriptionInfo>>,
    #[serde(deserialize_with = "entities::product")]
    pub product: Option<Arc<ProductInfo>>,
    #[serde(deserialize_with = "entities::api")]
    pub api: Option<Arc<ApiInfo>>,
    #[serde(deserialize_with = "entities::operation")]
    pub operation: Option<Arc<OperationInfo>>,
    #[serde(deserialize_with = "entities::user")]
    pub user: Option<Arc<UserInfo>>,
    #[serde(deserialize_with = "entities::deployment")]
    pub deployment: Arc<DeploymentInfo>,
    #[serde(deserialize_with = "entities::last_error")]
    pub last_error: Option<LastErrorInfo>,
    #[serde(deserialize_with = "request_id")]
    pub request_id: Option<Uuid>,
    /// Ticks.
    #[serde(deserialize_with = "date")]
    pub timestamp: Option<i64>,
    /// Ticks.
    #[serde(deserialize_with = "span")]
    pub elapsed: Option<i64>,
}

/// `request`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct RequestPart {
    /// In capitals, as `context.Request.Method` has it.
    #[serde(deserialize_with = "capitals")]
    pub method: Option<String>,
    pub url: Option<Url>,
    pub original_url: Option<Url>,
    pub headers: Headers,
    pub body: Option<Body>,
    pub ip_address: Option<String>,
    #[serde(deserialize_with = "parameters")]
    pub matched_parameters: Vec<(Arc<str>, String)>,
}

fn capitals<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Some(text.to_ascii_uppercase()))
}

/// `response`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ResponsePart {
    /// 200 where it is not given.
    pub status_code: Option<u16>,
    /// The standard phrase where it is not given.
    pub reason: Option<String>,
    pub headers: Headers,
    pub body: Option<Body>,
}

/// A message's body.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub struct Body(pub Bytes);

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// An absolute `http` or `https` URL in its parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Url {
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub path: String,
    /// With its `?`, or empty.
    pub query: String,
}

impl Default for Url {
    fn default() -> Self {
        Self {
            scheme: "https".into(),
            host: "localhost".into(),
            port: 443,
            path: "/".into(),
            query: String::new(),
        }
    }
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` is not a URL that a request can have: {why}");
        let uri: http::Uri = text
            .parse()
            .map_err(|error: http::uri::InvalidUri| wrong(&error.to_string()))?;
        let (scheme, port) = match uri.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            _ => return Err(wrong("write it whole, beginning with http:// or https://")),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            host: uri.host().unwrap_or_default().to_owned(),
            port: uri.port_u16().unwrap_or(port),
            path: uri.path().to_owned(),
            query: uri.query().map(|q| format!("?{q}")).unwrap_or_default(),
        })
    }
}

/// Headers of a message.
#[derive(Debug, Default)]
pub struct Headers(pub HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Entries<Vec<String>> = Entries::deserialize(deserializer)?;
        let mut headers = HeaderMap::new();
        for (name, values) in entries.0 {
            let key = HeaderName::try_from(&name)
                .map_err(|_| D::Error::custom(format!("`{name}` is not a header name")))?;
            for value in values {
                let value = HeaderValue::try_from(value)
                    .map_err(|_| D::Error::custom(format!("header `{name}`: not a value")))?;
                headers
                    .try_append(&key, value)
                    .map_err(|_| D::Error::custom("too many headers"))?;
            }
        }
        Ok(Self(headers))
    }
}

/// `variables`: names and texts of JSON values in the file's order.
#[derive(Debug, Default)]
pub struct Variables(Vec<(Arc<str>, Box<RawValue>)>);

impl Variables {
    /// The variables as values of their own.
    pub fn values(&self) -> Vec<(Arc<str>, Value)> {
        self.0
            .iter()
            .map(|(name, text)| (name.clone(), value(text.get()).unwrap_or_default()))
            .collect()
    }
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Entries<Box<RawValue>> = Entries::deserialize(deserializer)?;
        for (name, text) in &entries.0 {
            value(text.get())
                .map_err(|why| D::Error::custom(format!("variable `{name}`: {why}")))?;
        }
        Ok(Self(
            entries
                .0
                .into_iter()
                .map(|(name, text)| (name.into(), text))
                .collect(),
        ))
    }
}

/// A variable's value; objects and arrays are read as a message body is.
fn value(text: &str) -> Result<Value, String> {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{' | b'[') => json::parse(text, &ReaderOptions::default())
            .map(Value::Json)
            .map_err(|error| error.to_string()),
        Some(b'-' | b'0'..=b'9') if text.contains(['.', 'e', 'E']) => text
            .parse()
            .map(Value::Double)
            .map_err(|_| "not a Double".into()),
        Some(b'-' | b'0'..=b'9') => text
            .parse()
            .map(Value::Int32)
            .or_else(|_| text.parse().map(Value::Int64))
            .map_err(|_| format!("{text} does not fit into an Int64")),
        Some(b'"') => serde_json::from_str::<String>(text)
            .map(Value::from)
            .map_err(|error| error.to_string()),
        Some(b't') => Ok(Value::Bool(true)),
        Some(b'f') => Ok(Value::Bool(false)),
        _ => Ok(Value::Null),
    }
}

/// The members of an object in the file's order, each name once.
struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut seen = std::collections::HashSet::new();
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("`{name}` stands here twice")));
                    }
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

fn parameters<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(Arc<str>, String)>, D::Error> {
    let entries: Entries<String> = Entries::deserialize(deserializer)?;
    Ok(entries
        .0
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect())
}

fn request_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| {
            Uuid::parse_str(&text).map_err(|_| D::Error::custom(format!("`{text}` is not a GUID")))
        })
        .transpose()
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let styles =
        DateTimeStyles(DateTimeStyles::ASSUME_UNIVERSAL.0 | DateTimeStyles::ADJUST_TO_UNIVERSAL.0);
    Option::<String>::deserialize(deserializer)?
        .map(|text| {
            parse_datetime(&text, styles, super::host::wall_clock())
                .map(|date| date.ticks())
                .map_err(D::Error::custom)
        })
        .transpose()
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| {
            timespan_parse::parse(&text)
                .map(|span| span.0)
                .map_err(D::Error::custom)
        })
        .transpose()
}

/// Reads a context file.
pub fn read(path: &Path) -> Result<ContextFile, Box<Diagnostic>> {
    let unreadable = |why: String| {
        Box::new(Diagnostic::error(
            "not-readable",
            format!("{} cannot be read: {why}", path.display()),
        ))
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > MAX_BYTES {
        return Err(unreadable(format!("it is larger than {MAX_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(&path.display().to_string(), text)
}

/// Members whose value is an object.
const OBJECTS: &[&str] = &[
    "request",
    "response",
    "variables",
    "subscription",
    "product",
    "api",
    "operation",
    "user",
    "deployment",
    "lastError",
];

/// The first thing that is not an object though it must be one: the derived readers would take a list of values for it.
fn not_an_object(whole: &serde_json::Value) -> Option<String> {
    let Some(members) = whole.as_object() else {
        return Some("the context must be an object".into());
    };
    let wrong = |value: &serde_json::Value| !value.is_object() && !value.is_null();
    for name in OBJECTS {
        let Some(value) = members.get(*name) else {
            continue;
        };
        if wrong(value) {
            return Some(format!("`{name}` must be an object"));
        }
        let groups = value.get("groups").and_then(serde_json::Value::as_array);
        if *name != "variables"
            && groups
                .into_iter()
                .flatten()
                .any(serde_json::Value::is_array)
        {
            return Some(format!("a group of `{name}` must be its name or an object"));
        }
    }
    None
}

fn parse(name: &str, text: &str) -> Result<ContextFile, Box<Diagnostic>> {
    if let Ok(whole) = serde_json::from_str(text)
        && let Some(message) = not_an_object(&whole)
    {
        let file = SourceFile::new(name, text);
        return Err(Box::new(
            Diagnostic::error("context-file", message).at(&file, 0..0),
        ));
    }
    serde_json::from_str(text).map_err(|error| {
        let line_start: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let end = (line_start + error.column()).min(text.len());
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(message, _)| message)
            .replace("unknown field", "unknown member");
        let start = text.floor_char_boundary(end.saturating_sub(1));
        Box::new(Diagnostic::error("context-file", message).at(
            &SourceFile::new(name, text),
            start..text.ceil_char_boundary(end),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_member_is_named_with_those_that_exist() {
        let error = parse("c.json", "{\n \"request\": {\"metod\": \"GET\"}}").unwrap_err();
        assert!(
            error.message.contains("unknown member `metod`") && error.message.contains("`method`"),
            "{}",
            error.message
        );
        let place = error.place.expect("a place");
        assert_eq!(place.file.line_column(place.range.start).0, 2);
        for (text, name) in [
            (r#"{"respond": {}}"#, "respond"),
            (r#"{"response": {"status": 1}}"#, "status"),
            (r#"{"subscription": {"keys": 1}}"#, "keys"),
            (r#"{"product": {"title": ""}}"#, "title"),
            (r#"{"api": {"url": ""}}"#, "url"),
            (r#"{"operation": {"template": ""}}"#, "template"),
            (r#"{"user": {"mail": ""}}"#, "mail"),
            (r#"{"deployment": {"zone": ""}}"#, "zone"),
            (r#"{"lastError": {"text": ""}}"#, "text"),
        ] {
            let error = parse("c.json", text).unwrap_err();
            let expected = format!("unknown member `{name}`");
            assert!(error.message.contains(&expected), "{}", error.message);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        for (text, expected) in [
            (
                r#"{"variables": {"a": 1, "a": 2}}"#,
                "`a` stands here twice",
            ),
            (
                r#"{"variables": {"big": 9223372036854775808}}"#,
                "variable `big`: 9223372036854775808 does not fit",
            ),
            (r#"{"requestId": "x"}"#, "`x` is not a GUID"),
            (r#"{"elapsed": "x"}"#, "x"),
            (r#"{"timestamp": "x"}"#, "x"),
            (r#"{"request": {"url": "/only/path"}}"#, "http://"),
            (
                r#"{"request": {"headers": {"a b": ["c"]}}}"#,
                "`a b` is not a header name",
            ),
            (r#"{"request": {"headers": {"a": "b"}}}"#, "sequence"),
            (r#"{"response": {"statusCode": 70000}}"#, "70000"),
            (r#"{"user": {"groups": [1]}}"#, "group's name"),
            ("[1, 2]", "the context must be an object"),
            (r#"{"request": ["GET"]}"#, "`request` must be an object"),
            (r#"{"variables": 5}"#, "`variables` must be an object"),
            (
                r#"{"product": {"groups": [["a", "b"]]}}"#,
                "a group of `product`",
            ),
            ("{\"request\": {", "EOF"),
        ] {
            let error = parse("c.json", text).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }

    #[test]
    fn everything_may_be_left_out() {
        for text in [
            "{}",
            r#"{"request": {}, "response": {}, "variables": {}, "subscription": {}, "product": {}, "api": {},
                "operation": {}, "user": {}, "deployment": {}, "lastError": {}}"#,
            r#"{"response": null, "user": null, "requestId": null, "timestamp": null, "elapsed": null}"#,
        ] {
            parse("c.json", text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
        }
    }
}
