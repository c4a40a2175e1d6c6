//! Every member of `context` and of its types, end to end: expressions against an exchange with everything in it, and
//! against one with nothing.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_expressions::{
    ApiInfo, BodyAccess, DeploymentInfo, GroupInfo, Host, IdentityInfo, LastErrorInfo, MessageSide,
    OperationInfo, Options, ProductInfo, ResponseObject, Stop, SubscriptionInfo, Target, UrlView,
    UserInfo, Value, compile, notation,
};

/// 2024-01-02T03:04:05Z
const RECEIVED: i64 = 638_397_614_450_000_000;

/// An exchange in which every part of `context` exists, or none.
struct Exchange {
    present: bool,
    api: Arc<ApiInfo>,
    operation: Arc<OperationInfo>,
    product: Arc<ProductInfo>,
    subscription: Arc<SubscriptionInfo>,
    user: Arc<UserInfo>,
    deployment: Arc<DeploymentInfo>,
    last_error: LastErrorInfo,
    parameters: Vec<(Arc<str>, String)>,
    headers: HashMap<MessageSide, HeaderMap>,
    bodies: HashMap<MessageSide, BodyAccess>,
    variables: Vec<(Arc<str>, Value)>,
    traced: Vec<String>,
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).expect("a name"),
            HeaderValue::from_str(value).expect("a value"),
        );
    }
    map
}

fn message_headers() -> HashMap<MessageSide, HeaderMap> {
    // {"alg":"none"}.{"sub":"me","roles":["r1","r2"],"n":1}
    let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSIsInJvbGVzIjpbInIxIiwicjIiXSwibiI6MX0.";
    HashMap::from([
        (
            MessageSide::Request,
            headers(&[
                ("Accept", "a"),
                ("Accept", "b"),
                ("User-Agent", "Mozilla iPhone"),
                ("Authorization", token),
                // me:secret
                ("X-Basic", "Basic bWU6c2VjcmV0"),
            ]),
        ),
        (
            MessageSide::Response,
            headers(&[
                ("Retry-After", "7"),
                ("Content-Type", "text/plain; charset=iso-8859-1"),
            ]),
        ),
    ])
}

impl Exchange {
    fn new() -> Self {
        let api = Arc::new(ApiInfo {
            id: "openai".into(),
            name: "Azure OpenAI".into(),
            path: "openai".into(),
            revision: "2".into(),
            version: None,
            is_current_revision: true,
            protocols: vec!["https".into()],
            service_url: Some("https://backend.example/openai?x=1".into()),
            key_header: "api-key".into(),
            key_query: "subscription-key".into(),
        });
        let groups = vec![GroupInfo {
            id: "developers".into(),
            name: "Developers".into(),
        }];
        let stored = ResponseObject::new(
            429,
            "Too Many",
            headers(&[("Retry-After", "3"), ("X-A", "1"), ("X-A", "2")]),
            Bytes::from_static(b"{\"error\":{\"code\":\"429\"}}"),
        );
        Self {
            present: true,
            operation: Arc::new(OperationInfo {
                id: "chat".into(),
                method: "POST".into(),
                name: "Chat".into(),
                url_template: "/deployments/{id}/chat/completions".into(),
            }),
            product: Arc::new(ProductInfo {
                id: "gold".into(),
                name: "Gold".into(),
                apis: vec![api.clone()],
                groups: groups.clone(),
                approval_required: false,
                subscription_required: true,
                published: true,
                subscription_limit: Some(5),
            }),
            api,
            subscription: Arc::new(SubscriptionInfo {
                id: "team-a".into(),
                name: "Team A".into(),
                key: "k1".into(),
                primary_key: "k1".into(),
                secondary_key: "k2".into(),
                created_date: RECEIVED,
                start_date: None,
                end_date: Some(RECEIVED),
            }),
            user: Arc::new(UserInfo {
                id: "1".into(),
                email: "a@example.com".into(),
                first_name: "A".into(),
                last_name: "B".into(),
                note: "".into(),
                groups,
                identities: vec![IdentityInfo {
                    id: "i".into(),
                    provider: "Aad".into(),
                }],
                registration_date: RECEIVED,
            }),
            deployment: Arc::new(DeploymentInfo {
                gateway_id: "managed".into(),
                region: "West Europe".into(),
                service_id: "svc".into(),
                service_name: "contoso".into(),
            }),
            last_error: LastErrorInfo {
                source: "forward-request".into(),
                reason: Some("Timeout".into()),
                message: "slow".into(),
                section: Some("backend".into()),
                http_error_code: 504,
                ..LastErrorInfo::default()
            },
            parameters: vec![("id".into(), "gpt-4o".into())],
            headers: message_headers(),
            bodies: HashMap::from([
                (
                    MessageSide::Request,
                    BodyAccess::Buffered(Bytes::from_static(
                        b"{\"model\":\"m\",\"n\":2,\"a\":[1]}",
                    )),
                ),
                (
                    MessageSide::Response,
                    BodyAccess::Buffered(Bytes::from_static(b"caf\xe9")),
                ),
            ]),
            variables: vec![
                ("text".into(), "t".into()),
                ("number".into(), Value::from(5)),
                ("long".into(), Value::from(5_i64)),
                ("flag".into(), Value::from(true)),
                ("nothing".into(), Value::Null),
                ("stored".into(), Value::from(Rc::new(stored))),
            ],
            traced: Vec::new(),
        }
    }

    fn empty() -> Self {
        let mut exchange = Self::new();
        exchange.present = false;
        exchange
            .bodies
            .insert(MessageSide::Request, BodyAccess::Absent);
        exchange.variables.clear();
        exchange
    }

    /// Type and text of the value in the notation of the case rows, or what went wrong.
    fn run(&mut self, source: &str) -> String {
        let expression = match compile(source, Target::Any, &Options::default()) {
            Ok(expression) => expression,
            Err(diagnostics) => {
                return diagnostics
                    .first()
                    .map(|d| format!("compile {}: {}", d.code, d.message))
                    .unwrap_or_default();
            }
        };
        let shown = expression.evaluate_with(self, |rt, value| {
            notation::show(rt, &value, expression.static_type())
        });
        match shown {
            Ok((ty, text)) => format!("{ty} {text}"),
            Err(Stop::Exception(exception)) => format!("throws {}", exception.type_name),
            Err(Stop::NeedsBody(side)) => format!("needs {side:?}"),
        }
    }
}

impl Host for Exchange {
    fn now(&self) -> i64 {
        RECEIVED
    }
    fn elapsed(&self) -> i64 {
        15_000_000
    }
    fn timestamp(&self) -> i64 {
        RECEIVED
    }
    fn random(&mut self) -> u64 {
        4
    }
    fn request_id(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }
    fn tracing(&self) -> bool {
        true
    }
    fn trace(&mut self, message: &str) {
        self.traced.push(message.to_owned());
    }
    fn api(&self) -> Option<&Arc<ApiInfo>> {
        self.present.then_some(&self.api)
    }
    fn operation(&self) -> Option<&Arc<OperationInfo>> {
        self.present.then_some(&self.operation)
    }
    fn product(&self) -> Option<&Arc<ProductInfo>> {
        self.present.then_some(&self.product)
    }
    fn subscription(&self) -> Option<&Arc<SubscriptionInfo>> {
        self.present.then_some(&self.subscription)
    }
    fn user(&self) -> Option<&Arc<UserInfo>> {
        self.present.then_some(&self.user)
    }
    fn deployment(&self) -> &Arc<DeploymentInfo> {
        &self.deployment
    }
    fn last_error(&self) -> Option<&LastErrorInfo> {
        self.present.then_some(&self.last_error)
    }
    fn method(&self) -> &str {
        "POST"
    }
    fn url(&self) -> UrlView<'_> {
        UrlView {
            scheme: "http",
            host: "backend.example",
            port: 8080,
            path: "/v1/x",
            query: "?api-version=2024-06-01&tag=a&Tag=b%20c",
        }
    }
    fn original_url(&self) -> UrlView<'_> {
        UrlView {
            scheme: "https",
            host: "gateway.example",
            port: 443,
            path: "/openai/x",
            query: "",
        }
    }
    fn ip_address(&self) -> &str {
        "10.0.0.7"
    }
    fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        &self.parameters
    }
    fn client_certificate(&self) -> Option<&[u8]> {
        None
    }
    fn has_response(&self) -> bool {
        self.present
    }
    fn status_code(&self) -> u16 {
        503
    }
    fn status_reason(&self) -> &str {
        "Busy"
    }
    fn headers(&self, side: MessageSide) -> Option<&HeaderMap> {
        self.headers.get(&side)
    }
    fn body(&self, side: MessageSide) -> BodyAccess {
        self.bodies
            .get(&side)
            .cloned()
            .unwrap_or(BodyAccess::Absent)
    }
    fn consume_body(&mut self, side: MessageSide) {
        self.bodies.insert(side, BodyAccess::Buffered(Bytes::new()));
    }
    fn variable(&self, name: &str) -> Option<Value> {
        self.variables
            .iter()
            .find(|(n, _)| &**n == name)
            .map(|(_, value)| value.clone())
    }
    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.clone()
    }
}

/// Each row, `expression => type text`, runs against a fresh exchange.
fn agree(make: fn() -> Exchange, rows: &str) {
    let wrong: Vec<String> = rows
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .filter_map(|row| {
            let (source, expected) = row.rsplit_once(" => ").expect("a row");
            let found = make().run(source);
            (found != expected)
                .then(|| format!("{source}\n    expected {expected}\n    found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn members_of_the_context_have_their_values() {
    agree(
        Exchange::new,
        r#"
        @(context.Api.Id + context.Api.Name + context.Api.Path) => string openaiAzure OpenAIopenai
        @(context.Api.Version == null) => bool True
        @(context.Api.Revision + context.Api.IsCurrentRevision) => string 2True
        @(context.Api.Protocols.First()) => string https
        @(context.Api.ServiceUrl.Host) => string backend.example
        @(context.Api.ServiceUrl.ToString()) => string https://backend.example/openai?x=1
        @(context.Api.ServiceUrl.Query["x"][0]) => string 1
        @(context.Api.SubscriptionKeyParameterNames.Header) => string api-key
        @(context.Api.SubscriptionKeyParameterNames.Query) => string subscription-key
        @(context.Operation.UrlTemplate) => string /deployments/{id}/chat/completions
        @(context.Operation.Method + context.Operation.Id + context.Operation.Name) => string POSTchatChat
        @(context.Product.Name + context.Product.SubscriptionLimit) => string Gold5
        @(context.Product.State) => ProductState Published
        @(context.Product.State == ProductState.Published) => bool True
        @(context.Product.ApprovalRequired || !context.Product.SubscriptionRequired) => bool False
        @(context.Product.Apis.Single().Name) => string Azure OpenAI
        @(context.Product.Groups.Any(g => g.Name == "Developers")) => bool True
        @(context.Subscription.Key + context.Subscription.PrimaryKey + context.Subscription.SecondaryKey) => string k1k1k2
        @(context.Subscription.Id + context.Subscription.Name) => string team-aTeam A
        @(context.Subscription.StartDate == null) => bool True
        @(context.Subscription.EndDate.Value.Year) => int 2024
        @(context.Subscription.CreatedDate.Kind) => DateTimeKind Utc
        @(context.User.Email + context.User.FirstName + context.User.LastName + context.User.Note) => string a@example.comAB
        @(string.Join(",", context.User.Groups.Select(g => g.Id))) => string developers
        @(context.User.Identities.First().Provider) => string Aad
        @(context.User.RegistrationDate.Day) => int 2
        @(context.Deployment.Region + context.Deployment.GatewayId) => string West Europemanaged
        @(context.Deployment.ServiceName + context.Deployment.ServiceId) => string contososvc
        @(context.Deployment.Certificates.Count) => int 0
        @(context.LastError.Source + ":" + context.LastError.Reason + ":" + context.LastError.Scope) => string forward-request:Timeout:
        @(context.LastError.Section + context.LastError.Message + context.LastError.PolicyId) => string backendslow
        @(context.LastError?.HttpErrorCode ?? 0) => int 504
        @(context.RequestId) => Guid 00000000-0000-0000-0000-000000000000
        @(context.Timestamp) => DateTime 01/02/2024 03:04:05
        @(context.Timestamp.Kind) => DateTimeKind Utc
        @(context.Elapsed) => TimeSpan 00:00:01.5000000
        @(context.Elapsed.TotalSeconds > 1) => bool True
        @(context.Tracing) => bool True
        "#,
    );
}

#[test]
fn parts_that_do_not_exist_are_null() {
    agree(
        Exchange::empty,
        r#"
        @(context.Api == null && context.Operation == null && context.Product == null) => bool True
        @(context.Subscription == null && context.User == null) => bool True
        @(context.Response == null && context.LastError == null) => bool True
        @(context.Subscription?.Id ?? "none") => string none
        @(context.Subscription.Id) => throws NullReferenceException
        @(context.Response.StatusCode) => throws NullReferenceException
        @(context.Response?.StatusCode == 200) => bool False
        @(context.Request.Body == null) => bool True
        @(context.Request.Body.As<string>()) => throws NullReferenceException
        @(context.Request.Body?.As<string>(preserveContent: true)) => string <null>
        @(context.Request.PrivateEndpointConnection == null) => bool True
        @(context.Request.Certificate == null) => bool True
        @(context.Variables.Count) => int 0
        "#,
    );
}

#[test]
fn messages_show_method_urls_headers_and_status() {
    agree(
        Exchange::new,
        r#"
        @(context.Request.Method) => string POST
        @(context.Request.IpAddress) => string 10.0.0.7
        @(context.Request.Url.Scheme + context.Request.Url.Port + context.Request.Url.Path) => string http8080/v1/x
        @(context.Request.Url.ToString()) => string http://backend.example:8080/v1/x?api-version=2024-06-01&tag=a&Tag=b%20c
        @("" + context.Request.OriginalUrl) => string https://gateway.example/openai/x
        @(context.Request.OriginalUrl.QueryString == "") => bool True
        @(context.Request.Url.Query["API-VERSION"][0]) => string 2024-06-01
        @(context.Request.Url.Query.GetValueOrDefault("tag")) => string a,b c
        @(context.Request.Url.Query.GetValueOrDefault("none", "d")) => string d
        @(context.Request.OriginalUrl.Query.ContainsKey("tag")) => bool False
        @(context.Request.Url.Query.Count) => int 2
        @(context.Request.Url.Query["none"]) => throws KeyNotFoundException
        @(context.Request.MatchedParameters["id"]) => string gpt-4o
        @(context.Request.MatchedParameters["ID"]) => throws KeyNotFoundException
        @(context.Request.MatchedParameters.GetValueOrDefault("x", "d")) => string d
        @(context.Request.Headers["accept"]) => string[] [a, b]
        @(context.Request.Headers["none"]) => throws KeyNotFoundException
        @(context.Request.Headers[null]) => throws ArgumentNullException
        @(context.Request.Headers.GetValueOrDefault("ACCEPT", "")) => string a,b
        @(context.Request.Headers.GetValueOrDefault("none")) => string <null>
        @(context.Request.Headers["User-Agent"].Contains("iPhone")) => bool False
        @{ string[] v; return context.Request.Headers.TryGetValue("X-None", out v) ? v[0] : "no"; } => string no
        @(string.Join(",", context.Request.Headers.Keys.Where(k => k.StartsWith("a")))) => string accept,authorization
        @(context.Request.Headers.First(h => h.Key == "accept").Value.Length) => int 2
        @(context.Request.Headers.ToDictionary(h => h.Key, h => string.Join("|", h.Value))["accept"]) => string a|b
        @{ var n = 0; foreach (var h in context.Request.Headers) { n += h.Value.Length; } return n; } => int 5
        @(context.Request.Headers.Values.Count(v => v.Length == 2)) => int 1
        @(context.Response.StatusCode >= 500) => bool True
        @(context.Response.StatusReason) => string Busy
        @(context.Response.Headers.GetValueOrDefault("Retry-After", "0")) => string 7
        @(context.Request.Headers.GetValueOrDefault("X-Basic").AsBasic().UserId) => string me
        @{ BasicAuthCredentials c; return context.Request.Headers["X-Basic"][0].TryParseBasic(out c) ? c.Password : ""; } => string secret
        @(((string)null).AsBasic() == null) => bool True
        "#,
    );
}

#[test]
fn variables_keep_their_types() {
    agree(
        Exchange::new,
        r#"
        @(context.Variables["text"]) => string t
        @((string)context.Variables["text"]) => string t
        @((int)context.Variables["number"] + 1) => int 6
        @((int)context.Variables["long"]) => throws InvalidCastException
        @((string)context.Variables["number"]) => throws InvalidCastException
        @((bool)context.Variables["flag"]) => bool True
        @(context.Variables["none"] == null) => bool True
        @((string)context.Variables["none"]) => string <null>
        @((int)context.Variables["none"]) => throws NullReferenceException
        @(context.Variables.ContainsKey("nothing")) => bool True
        @(context.Variables.ContainsKey("TEXT")) => bool False
        @(context.Variables.GetValueOrDefault<string>("text")) => string t
        @(context.Variables.GetValueOrDefault<string>("none") == null) => bool True
        @(context.Variables.GetValueOrDefault<int>("none")) => int 0
        @(context.Variables.GetValueOrDefault("none", 7)) => int 7
        @(context.Variables.GetValueOrDefault("number", 7)) => int 5
        @(context.Variables.GetValueOrDefault<string>("number")) => throws InvalidCastException
        @(context.Variables.GetValueOrDefault<int>("long")) => throws InvalidCastException
        @(context.Variables.GetValueOrDefault<bool>("nothing")) => bool False
        @(context.Variables.GetValueOrDefault<int?>("number")) => int 5
        @(context.Variables.GetValueOrDefault<object>("number").ToString()) => string 5
        @{ object v; return context.Variables.TryGetValue("number", out v) ? v : 0; } => int 5
        @(context.Variables.Count) => int 6
        @(string.Join(",", context.Variables.Keys)) => string text,number,long,flag,nothing,stored
        @(context.Variables.Count(v => v.Value is string)) => int 1
        "#,
    );
}

#[test]
fn bodies_are_read_as_the_type_asked_for() {
    agree(
        Exchange::new,
        r#"
        @(context.Request.Body.As<string>()) => string {"model":"m","n":2,"a":[1]}
        @((string)context.Request.Body.As<JObject>()["model"]) => string m
        @(context.Request.Body.As<JToken>(true)["a"][0].Value<int>()) => int 1
        @(context.Request.Body.As<JArray>().Count) => throws JsonReaderException
        @(context.Request.Body.As<byte[]>().Length) => int 27
        @(context.Response.Body.As<string>()) => string café
        @(context.Response.Body.As<JObject>()) => throws JsonReaderException
        @{ try { return context.Response.Body.As<JObject>().ToString(); } catch (JsonReaderException e) { return e.Message.StartsWith("The message body is not a valid JSON. "); } } => bool True
        @(context.Request.Body.As<string>(preserveContent: true).Length + context.Request.Body.As<string>().Length) => int 54
        @(context.Request.Body.As<string>().Length + context.Request.Body.As<string>().Length) => int 27
        "#,
    );
}

#[test]
fn a_body_is_gone_after_it_was_read_without_keeping_it() {
    let mut exchange = Exchange::new();
    for (source, expected) in [
        (
            "@(context.Request.Body.As<string>(preserveContent: true).Length)",
            "int 27",
        ),
        ("@((int)context.Request.Body.As<JObject>()[\"n\"])", "int 2"),
        ("@(context.Request.Body.As<string>())", "string "),
        (
            "@(context.Request.Body.As<JObject>())",
            "throws JsonReaderException",
        ),
    ] {
        assert_eq!(exchange.run(source), expected, "{source}");
    }
}

#[test]
fn a_streaming_body_stops_the_evaluation_before_anything_is_read() {
    let mut exchange = Exchange::new();
    exchange
        .bodies
        .insert(MessageSide::Request, BodyAccess::NotBuffered);
    assert_eq!(exchange.run("@(context.Request.Body != null)"), "bool True");
    assert_eq!(
        exchange.run("@(context.Request.Body.As<string>())"),
        "needs Request"
    );
}

#[test]
fn forms_are_decoded_changed_and_encoded() {
    let form = || {
        let mut exchange = Exchange::new();
        exchange.bodies.insert(
            MessageSide::Request,
            BodyAccess::Buffered(Bytes::from_static(b"a=1&b=x+y%26z&a=2")),
        );
        exchange
    };
    agree(
        form,
        r#"
        @(string.Join("|", context.Request.Body.AsFormUrlEncodedContent(true)["a"])) => string 1|2
        @(context.Request.Body.AsFormUrlEncodedContent()["b"].First()) => string x y&z
        @{ var f = context.Request.Body.AsFormUrlEncodedContent(); f["c"] = new List<string> { "ü" }; return f.ToFormUrlEncodedContent(); } => string a=1&a=2&b=x+y%26z&c=%C3%BC
        @(context.Request.Body.AsFormUrlEncodedContent().ToQueryString()) => string ?a=1&a=2&b=x%20y%26z
        @(new Dictionary<string, IList<string>>().ToQueryString()) => string <null>
        "#,
    );
}

#[test]
fn a_stored_response_is_read_like_the_current_one() {
    agree(
        Exchange::new,
        r#"
        @(((IResponse)context.Variables["stored"]).StatusCode) => int 429
        @(((IResponse)context.Variables["stored"]).StatusReason) => string Too Many
        @(((IResponse)context.Variables["stored"]).Headers["x-a"].Length) => int 2
        @(((IResponse)context.Variables["stored"]).Headers.GetValueOrDefault("Retry-After", "0")) => string 3
        @(((IResponse)context.Variables["stored"]).Headers.Count) => int 2
        @((string)((IResponse)context.Variables["stored"]).Body.As<JObject>(preserveContent: true)["error"]["code"]) => string 429
        @{ var r = context.Variables.GetValueOrDefault<IResponse>("stored"); return r.Body.As<string>().Length + r.Body.As<string>().Length; } => int 24
        @(context.Variables["stored"] is IResponse) => bool True
        @(((IResponse)context.Variables["text"]).StatusCode) => throws InvalidCastException
        "#,
    );
}

#[test]
fn tokens_are_decoded_without_being_checked() {
    agree(
        Exchange::new,
        r#"
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().Subject) => string me
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().Claims["roles"]) => string[] [r1, r2]
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().Claims.GetValueOrDefault("roles", "")) => string r1,r2
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt()?.Claims["n"].FirstOrDefault()) => string 1
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().Claims.ContainsKey("SUB")) => bool False
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().Algorithm) => string none
        @(context.Request.Headers.GetValueOrDefault("Authorization").AsJwt().ExpirationTime == null) => bool True
        @{ Jwt jwt; return "nope".TryParseJwt(out jwt) || jwt != null; } => bool False
        @(context.Request.Headers.GetValueOrDefault("none", "").AsJwt() == null) => bool True
        @(((string)null).AsJwt() == null) => bool True
        "#,
    );
}

#[test]
fn traces_reach_the_exchange() {
    let mut exchange = Exchange::new();
    assert_eq!(
        exchange.run("@{ context.Trace(\"a\" + 1); return 1; }"),
        "int 1"
    );
    assert_eq!(exchange.traced, ["a1"]);
}
