//! Expressions over an exchange: what published policies read, and what is known of an expression before it runs.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use tidegate_expressions::{
    ApiInfo, BodyAccess, DeploymentInfo, Expression, Host, LastErrorInfo, MessageSide,
    OperationInfo, Options, ProductInfo, Stop, SubscriptionInfo, Target, UrlView, UserInfo, Value,
    compile, convert,
};

struct Exchange {
    request_headers: HeaderMap,
    response_headers: HeaderMap,
    status: Option<u16>,
    request_body: BodyAccess,
    response_body: BodyAccess,
    variables: Vec<(Arc<str>, Value)>,
    deployment: Arc<DeploymentInfo>,
    subscription: Option<Arc<SubscriptionInfo>>,
    error: Option<LastErrorInfo>,
    matched: Vec<(Arc<str>, String)>,
    traces: Vec<String>,
    random: u64,
}

impl Default for Exchange {
    fn default() -> Self {
        let mut request_headers = HeaderMap::new();
        request_headers.insert("x-tenant", HeaderValue::from_static("blue"));
        request_headers.append("accept", HeaderValue::from_static("a"));
        request_headers.append("accept", HeaderValue::from_static("b"));
        let mut response_headers = HeaderMap::new();
        response_headers.insert("retry-after", HeaderValue::from_static("7"));
        Self {
            request_headers,
            response_headers,
            status: Some(429),
            request_body: BodyAccess::Buffered(Bytes::from_static(
                br#"{"model":"gpt","max_tokens":5,"messages":[{"role":"user"}]}"#,
            )),
            response_body: BodyAccess::NotBuffered,
            variables: vec![
                ("n".into(), Value::Int32(3)),
                ("long".into(), Value::Int64(3)),
                ("flag".into(), Value::Bool(true)),
                ("text".into(), "hello".into()),
            ],
            deployment: Arc::default(),
            subscription: Some(Arc::new(SubscriptionInfo {
                id: "sub".into(),
                ..SubscriptionInfo::default()
            })),
            error: None,
            matched: vec![("deployment".into(), "gpt-35".into())],
            traces: Vec::new(),
            random: 1,
        }
    }
}

impl Host for Exchange {
    fn now(&self) -> i64 {
        638_396_640_000_000_000
    }
    fn elapsed(&self) -> i64 {
        15_000_000
    }
    fn timestamp(&self) -> i64 {
        638_396_639_985_000_000
    }
    fn random(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.random
    }
    fn request_id(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(5)
    }
    fn tracing(&self) -> bool {
        true
    }
    fn trace(&mut self, message: &str) {
        self.traces.push(message.to_owned());
    }
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
        self.subscription.as_ref()
    }
    fn user(&self) -> Option<&Arc<UserInfo>> {
        None
    }
    fn deployment(&self) -> &Arc<DeploymentInfo> {
        &self.deployment
    }
    fn last_error(&self) -> Option<&LastErrorInfo> {
        self.error.as_ref()
    }
    fn method(&self) -> &str {
        "POST"
    }
    fn url(&self) -> UrlView<'_> {
        UrlView {
            scheme: "https",
            host: "backend.example",
            port: 443,
            path: "/openai/deployments/gpt/chat",
            query: "?api-version=2024&x=1&x=2",
        }
    }
    fn original_url(&self) -> UrlView<'_> {
        UrlView {
            scheme: "http",
            host: "gateway.example",
            port: 8080,
            path: "/chat",
            query: "",
        }
    }
    fn ip_address(&self) -> &str {
        "10.0.0.1"
    }
    fn matched_parameters(&self) -> &[(Arc<str>, String)] {
        &self.matched
    }
    fn client_certificate(&self) -> Option<&[u8]> {
        None
    }
    fn has_response(&self) -> bool {
        self.status.is_some()
    }
    fn status_code(&self) -> u16 {
        self.status.unwrap_or(0)
    }
    fn status_reason(&self) -> &str {
        "Too Many Requests"
    }
    fn headers(&self, side: MessageSide) -> Option<&HeaderMap> {
        match side {
            MessageSide::Request => Some(&self.request_headers),
            MessageSide::Response => self.status.map(|_| &self.response_headers),
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
            .find(|(n, _)| &**n == name)
            .map(|(_, v)| v.clone())
    }
    fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.clone()
    }
}

fn made(source: &str) -> Expression {
    compile(source, Target::Any, &Options::default())
        .unwrap_or_else(|diagnostics| panic!("{source}: {diagnostics:?}"))
}

fn text(source: &str, exchange: &mut Exchange) -> String {
    match made(source).evaluate(exchange) {
        Ok(value) => convert::to_text(&value)
            .expect("text")
            .map_or("<null>".into(), |t| t.to_string()),
        Err(Stop::Exception(exception)) => format!("throws {}", exception.type_name),
        Err(Stop::NeedsBody(side)) => format!("needs {side:?}"),
    }
}

#[test]
fn policies_read_the_exchange() {
    for (source, expected) in [
        (
            "@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)",
            "True",
        ),
        (
            "@(context.Response != null && context.Response.StatusReason.Contains(\"Many\"))",
            "True",
        ),
        ("@(context.Request.Method == \"POST\")", "True"),
        (
            "@(context.Request.Method + context.Request.IpAddress)",
            "POST10.0.0.1",
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"X-Tenant\", \"none\"))",
            "blue",
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"absent\", \"none\"))",
            "none",
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"Accept\"))",
            "a,b",
        ),
        ("@(context.Request.Headers[\"Accept\"].Length)", "2"),
        (
            "@(context.Request.Headers[\"absent\"])",
            "throws KeyNotFoundException",
        ),
        (
            "@(context.Request.Headers.ContainsKey(\"X-TENANT\"))",
            "True",
        ),
        (
            "@{ string[] v; return context.Request.Headers.TryGetValue(\"accept\", out v) ? v[1] : \"no\"; }",
            "b",
        ),
        (
            "@(context.Request.Url.Query.GetValueOrDefault(\"x\"))",
            "1,2",
        ),
        ("@(context.Request.Url.Path.Split('/')[3])", "gpt"),
        (
            "@(context.Request.Url.ToString())",
            "https://backend.example/openai/deployments/gpt/chat?api-version=2024&x=1&x=2",
        ),
        (
            "@(context.Request.OriginalUrl.Host + context.Request.OriginalUrl.Port)",
            "gateway.example8080",
        ),
        (
            "@(context.Request.MatchedParameters[\"deployment\"])",
            "gpt-35",
        ),
        ("@((int)context.Variables[\"n\"] + 1)", "4"),
        (
            "@((long)context.Variables[\"n\"])",
            "throws InvalidCastException",
        ),
        (
            "@((int)context.Variables[\"long\"])",
            "throws InvalidCastException",
        ),
        ("@((string)context.Variables[\"absent\"])", "<null>"),
        (
            "@((int)context.Variables[\"absent\"])",
            "throws NullReferenceException",
        ),
        ("@(context.Variables.GetValueOrDefault<int>(\"n\"))", "3"),
        (
            "@(context.Variables.GetValueOrDefault<int>(\"absent\", 9))",
            "9",
        ),
        (
            "@(context.Variables.GetValueOrDefault(\"text\", \"x\"))",
            "hello",
        ),
        (
            "@(context.Variables.GetValueOrDefault<int>(\"text\"))",
            "throws InvalidCastException",
        ),
        (
            "@(context.Variables.ContainsKey(\"n\") && (bool)context.Variables[\"flag\"])",
            "True",
        ),
        ("@(context.Subscription?.Id ?? \"anonymous\")", "sub"),
        ("@(context.Product?.Name ?? \"none\")", "none"),
        ("@(context.Product.Name)", "throws NullReferenceException"),
        ("@(context.LastError?.Reason ?? \"fine\")", "fine"),
        ("@(context.Elapsed.TotalMilliseconds)", "1500"),
        (
            "@(context.RequestId)",
            "00000000-0000-0000-0000-000000000005",
        ),
        ("@(new Random().Next(1, 4) < 4)", "True"),
        (
            "@(context.Response.Headers.GetValueOrDefault(\"Retry-After\", \"10\"))",
            "7",
        ),
        (
            "@(DateTime.UtcNow.AddSeconds(Convert.ToInt32(context.Response.Headers.GetValueOrDefault(\"Retry-After\", \"-1\"))).ToString(\"s\"))",
            "2024-01-01T00:00:07",
        ),
        (
            "@($\"{context.Request.Method}-{context.Response.StatusCode:D5}\")",
            "POST-00429",
        ),
    ] {
        assert_eq!(text(source, &mut Exchange::default()), expected, "{source}");
    }
}

#[test]
fn a_body_is_asked_for_then_read_then_gone() {
    let mut exchange = Exchange::default();
    assert_eq!(
        text(
            "@((string)context.Request.Body.As<JObject>(true)[\"model\"])",
            &mut exchange
        ),
        "gpt"
    );
    assert_eq!(
        text(
            "@(context.Request.Body?.As<JObject>(preserveContent: true)[\"messages\"].Count() ?? 0)",
            &mut exchange
        ),
        "1"
    );
    assert_eq!(
        text("@(context.Request.Body.As<string>().Length)", &mut exchange),
        "59"
    );
    assert_eq!(
        text("@(context.Request.Body.As<string>().Length)", &mut exchange),
        "0"
    );
    assert_eq!(
        text("@(context.Response.Body.As<string>())", &mut exchange),
        "needs Response"
    );
    exchange.response_body = BodyAccess::Buffered(Bytes::from_static(b"oops"));
    assert_eq!(
        text("@(context.Response.Body.As<JObject>())", &mut exchange),
        "throws JsonReaderException"
    );
}

#[test]
fn a_list_of_backends_in_a_variable_is_chosen_from_and_changed() {
    let mut exchange = Exchange::default();
    let list = made(
        "@{ JArray backends = new JArray();
            backends.Add(new JObject() { { \"url\", \"https://a\" }, { \"priority\", 1 }, { \"isThrottling\", false }, { \"retryAfter\", DateTime.MinValue } });
            backends.Add(new JObject() { { \"url\", \"https://b\" }, { \"priority\", 1 }, { \"isThrottling\", true }, { \"retryAfter\", DateTime.MinValue } });
            return backends; }",
    )
    .evaluate(&mut exchange)
    .expect("list");
    exchange.variables.push(("backends".into(), list));
    let choose = "@{
        JArray backends = (JArray)context.Variables[\"backends\"];
        int selectedPriority = Int32.MaxValue;
        List<int> available = new List<int>();
        for (int i = 0; i < backends.Count; i++)
        {
            JObject backend = (JObject)backends[i];
            if (!backend.Value<bool>(\"isThrottling\"))
            {
                int p = backend.Value<int>(\"priority\");
                if (p < selectedPriority) { selectedPriority = p; available.Clear(); available.Add(i); }
                else if (p == selectedPriority) { available.Add(i); }
            }
        }
        if (available.Count == 1) { return available[0]; }
        if (available.Count > 0) { return available[new Random().Next(0, available.Count)]; }
        return 0;
    }";
    assert_eq!(text(choose, &mut exchange), "0");
    let mark = made(
        "@{ var backends = (JArray)context.Variables[\"backends\"];
            backends[0][\"isThrottling\"] = true; backends[1][\"isThrottling\"] = false;
            backends[0][\"retryAfter\"] = DateTime.UtcNow.AddSeconds(10); return backends; }",
    );
    assert!(mark.effects().mutates);
    mark.evaluate(&mut exchange).expect("marked");
    assert_eq!(text(choose, &mut exchange), "1");
    assert_eq!(
        text(
            "@(((JArray)context.Variables[\"backends\"])[0][\"url\"].ToString())",
            &mut exchange
        ),
        "https://a"
    );
}

#[test]
fn effects_are_known_before_running() {
    let effects = |source: &str| {
        let e = made(source).effects();
        (e.reads_request_body, e.reads_response_body, e.mutates)
    };
    assert_eq!(effects("@(context.Request.Method)"), (false, false, false));
    assert_eq!(
        effects("@(context.Request.Body.As<string>())"),
        (true, false, false)
    );
    assert_eq!(
        effects("@(context.Request.Body?.As<string>(true) ?? \"\")"),
        (true, false, false)
    );
    assert_eq!(
        effects("@(context.Response.Body.As<string>())"),
        (false, true, false)
    );
    assert_eq!(
        effects("@(((IResponse)context.Variables[\"r\"]).Body.As<string>())"),
        (false, false, false)
    );
    assert_eq!(
        effects("@{ var b = context.Request.Body; return b.As<string>(); }"),
        (true, true, false)
    );
    assert_eq!(
        effects("@(new JObject { [\"a\"] = 1 })"),
        (false, false, false)
    );
    assert!(effects("@{ ((JObject)context.Variables[\"o\"])[\"a\"] = 1; return 1; }").2);
}

#[test]
fn constants_are_known_before_running() {
    assert!(made("@(1 + 2)").constant().is_some());
    assert!(made("@(\"a\" + \"b\")").constant().is_some());
    assert!(made("@(context.Request.Method)").constant().is_none());
}

#[test]
fn the_place_of_an_expression_decides_what_it_may_be() {
    let codes = |source: &str, target| match compile(source, target, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(),
    };
    assert_eq!(codes("@(1)", Target::Bool), ["CS0029"]);
    assert_eq!(codes("@(true)", Target::Bool), [""; 0]);
    assert_eq!(codes("@((object)true)", Target::Bool), [""; 0]);
    assert_eq!(codes("@{ return 1; }", Target::Bool), ["CS0029"]);
    assert_eq!(codes("@(new JObject())", Target::Int), ["CS0029"]);
    assert_eq!(codes("@(5L)", Target::Int), [""; 0]);
    assert_eq!(codes("@(context.Trace(\"x\"))", Target::Any), ["CS0029"]);
}

#[test]
fn mistakes_come_with_advice() {
    let first = |source: &str| {
        let diagnostics = compile(source, Target::Any, &Options::default()).expect_err(source);
        let d = diagnostics.into_iter().next().expect("one");
        (
            d.code,
            source[d.range].to_owned(),
            d.help.unwrap_or_default(),
        )
    };
    for (source, code, place, help) in [
        (
            "@(context.Request.Heders)",
            "CS1061",
            "Heders",
            "did you mean `Headers`?",
        ),
        (
            "@(contxt.Request)",
            "CS0103",
            "contxt",
            "did you mean `context`?",
        ),
        (
            "@(\"a\".Lenght)",
            "CS1061",
            "Lenght",
            "did you mean `Length`?",
        ),
        (
            "@(DateTime.UtcNw)",
            "CS0117",
            "UtcNw",
            "did you mean `UtcNow`?",
        ),
        (
            "@(new Lst<int>())",
            "CS0246",
            "Lst<int>",
            "did you mean `List`?",
        ),
        (
            "@{ int x = 1.5; return x; }",
            "CS0266",
            "1.5",
            "write `(int)` before it",
        ),
        (
            "@(new JObject()[\"a\"] == \"x\")",
            "CS0019",
            "new JObject()[\"a\"] == \"x\"",
            "cast the token first: `(string)token`",
        ),
        (
            "@(context.Variables[\"x\"].Length)",
            "CS1061",
            "Length",
            "the value is an `object` here: cast it first, `((string)…).Length`; or `GetValueOrDefault<string>(name)`",
        ),
        (
            "@(1;)",
            "CS1525",
            ";",
            "`@(…)` holds one expression without `;`; write statements in `@{ … }`",
        ),
    ] {
        assert_eq!(
            first(source),
            (code, place.to_owned(), help.to_owned()),
            "{source}"
        );
    }
}

#[test]
fn warnings_do_not_stop_an_expression() {
    let expression = made("@{ int unused = 1; return 2; int never = 3; }");
    let codes: Vec<_> = expression.warnings().iter().map(|d| d.code).collect();
    assert!(codes.contains(&"CS0162"), "{codes:?}");
    assert!(codes.contains(&"CS0219"), "{codes:?}");
}

#[test]
fn strict_mode_holds_to_the_documented_list() {
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    assert!(compile("@(Regex.IsMatch(\"a\", \"b\"))", Target::Any, &strict).is_ok());
    let refused = compile("@(Regex.Escape(\"a\"))", Target::Any, &strict).expect_err("refused");
    assert_eq!(refused[0].code, "TG0102");
    assert!(compile("@(Regex.Escape(\"a\"))", Target::Any, &Options::default()).is_ok());
}

#[test]
fn an_exception_names_its_place() {
    let source = "@(1 + int.Parse(\"x\"))";
    match made(source).evaluate(&mut Exchange::default()) {
        Err(Stop::Exception(exception)) => {
            assert_eq!(exception.type_name, "FormatException");
            assert_eq!(
                &source[exception.offset.expect("place")..],
                "int.Parse(\"x\"))"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn trace_reaches_the_host() {
    let mut exchange = Exchange::default();
    made("@{ context.Trace(\"a\" + 1); return 0; }")
        .evaluate(&mut exchange)
        .expect("traced");
    assert_eq!(exchange.traces, ["a1"]);
}
