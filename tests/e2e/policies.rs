//! Policies as clients and backends see them on the wire.

use std::collections::HashSet;

use crate::backend::{Backend, one_api, policy};
use crate::harness::{Answer, Folder, Gateway, Regions, Request};

const FORWARD: &str = "<forward-request />";

fn gateway(folder: &Folder) -> Gateway {
    Gateway::start(&folder.0, &[])
}

fn get(gateway: &Gateway, path: &str) -> Answer {
    Request::new("GET", path).send(gateway.address)
}

#[test]
fn rewritten_urls_and_query_parameters_arrive_as_written() {
    let backend = Backend::echo();
    let inbound = r#"<rewrite-uri template="/v2/things?fixed=1" />
        <set-query-parameter name="added" exists-action="override"><value>a b&amp;c</value></set-query-parameter>
        <set-query-parameter name="gone" exists-action="delete" />
        <set-header name="x-new" exists-action="override"><value>@(context.Request.Headers.GetValueOrDefault("x-old", "none"))</value></set-header>
        <set-method>PUT</set-method>
        <set-body>@(context.Request.Body.As<string>(preserveContent: true).ToUpper())</set-body>"#;
    let folder = one_api(
        "rewrite",
        &format!("{}/base", backend.url()),
        &policy(inbound, "", "", ""),
        "",
    );
    let gateway = gateway(&folder);
    let answer = Request::new("POST", "/t/old/path?kept=%2F1&gone=2")
        .header("x-old", "value")
        .body("body")
        .send(gateway.address);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = &backend.seen()[0];
    assert_eq!(seen.method, "PUT");
    assert_eq!(
        seen.target,
        "/base/v2/things?fixed=1&kept=%2F1&added=a%20b%26c"
    );
    assert_eq!(seen.header("x-new"), "value");
    assert_eq!(
        (seen.text().as_str(), seen.header("content-length").as_str()),
        ("BODY", "4")
    );
    assert_eq!(seen.header("host"), backend.address.to_string());
}

#[test]
fn limits_of_expressions_come_from_the_configuration() {
    let backend = Backend::echo();
    let inbound = r#"<set-variable name="n" value="@{ var n = 0; while (n < int.Parse(context.Request.Headers.GetValueOrDefault("x-rounds", "1"))) { n++; } return n; }" />"#;
    let on_error = r#"<set-header name="x-error" exists-action="override"><value>@(context.LastError.Reason + ": " + context.LastError.Message)</value></set-header>"#;
    let folder = one_api(
        "limits",
        &backend.url(),
        &policy(inbound, "", "", on_error),
        "gateway: { expressions: { steps: 10000 } }\n",
    );
    let gateway = gateway(&folder);
    let rounds = |count: &str| {
        Request::new("GET", "/t/x")
            .header("x-rounds", count)
            .send(gateway.address)
    };
    assert_eq!(rounds("100").status, 200);
    let answer = rounds("100000");
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.header("x-error"),
        "ExpressionValueEvaluationFailure: Expression evaluation failed. The expression ran longer than its limit of 10000 steps."
    );
    // The worker goes on.
    assert_eq!(rounds("100").status, 200);
}

#[test]
fn hop_by_hop_headers_stay_on_their_hop() {
    let backend = Backend::start(|_, out| {
        out.write_all(
            b"HTTP/1.1 200 OK\r\nconnection: close, x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\nx-end: 1\r\ncontent-length: 0\r\n\r\n",
        )
    });
    let inbound =
        r#"<set-header name="x-policy" exists-action="override"><value>set</value></set-header>"#;
    let folder = one_api("hops", &backend.url(), &policy(inbound, "", "", ""), "");
    let gateway = gateway(&folder);
    let answer = Request::new("GET", "/t/x")
        .header("connection", "x-mine, x-policy")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("x-end", "1")
        .send(gateway.address);
    assert_eq!(
        (
            answer.header("x-hop"),
            answer.header("keep-alive"),
            answer.header("x-end")
        ),
        ("", "", "1")
    );
    let seen = &backend.seen()[0];
    assert_eq!(
        (seen.header("x-mine"), seen.header("te")),
        Default::default()
    );
    assert_eq!(seen.header("x-end"), "1");
    // A client cannot name away what a policy sets.
    assert_eq!(seen.header("x-policy"), "set");
}

#[test]
fn return_response_and_mock_response_ask_no_backend() {
    let backend = Backend::echo();
    let inbound = r#"<choose>
        <when condition="@(context.Request.Url.Path.EndsWith("mock"))"><mock-response status-code="203" content-type="text/plain" /></when>
        <otherwise><return-response><set-status code="418" reason="Teapot" />
            <set-header name="x-r" exists-action="override"><value>1</value></set-header>
            <set-body>short and stout</set-body></return-response></otherwise></choose>"#;
    let folder = one_api("return", &backend.url(), &policy(inbound, "", "", ""), "");
    let gateway = gateway(&folder);
    let answer = get(&gateway, "/t/pot");
    assert_eq!(
        (
            answer.status,
            answer.reason.as_str(),
            answer.text().as_str()
        ),
        (418, "Teapot", "short and stout")
    );
    assert_eq!(
        (answer.header("x-r"), answer.header("content-length")),
        ("1", "15")
    );
    assert_eq!(get(&gateway, "/t/mock").status, 203);
    assert!(backend.seen().is_empty());
}

#[test]
fn an_answer_to_head_has_the_length_and_no_body() {
    let inbound = r#"<choose><when condition="@(context.Request.Url.Path.EndsWith("own"))">
        <return-response><set-body>four</set-body></return-response></when></choose>"#;
    let backend =
        Backend::answering("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\nconnection: close\r\n\r\n");
    let folder = one_api("head", &backend.url(), &policy(inbound, "", "", ""), "");
    let gateway = gateway(&folder);
    for (path, length) in [("/t/own", "4"), ("/t/other", "1234")] {
        let bytes = Request::new("HEAD", path).bytes(gateway.address);
        let raw = crate::harness::raw_exchange(gateway.address, &bytes);
        let (head, body) = raw.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(
            head.to_ascii_lowercase()
                .contains(&format!("content-length: {length}")),
            "{path}: {head}"
        );
        assert_eq!(body, "", "{path}");
    }
}

#[test]
fn values_in_the_cache_are_shared_by_requests() {
    let inbound = r#"<cache-lookup-value key="k" default-value="none" variable-name="found" />
        <choose><when condition="@(context.Request.Method == "PUT")"><cache-store-value key="k" value="@(context.Request.Body.As<string>())" duration="600" /></when>
        <when condition="@(context.Request.Method == "DELETE")"><cache-remove-value key="k" /></when></choose>
        <return-response><set-body>@((string)context.Variables["found"])</set-body></return-response>"#;
    let folder = one_api(
        "cache",
        "http://127.0.0.1:9",
        &policy(inbound, "", "", ""),
        "",
    );
    let gateway = gateway(&folder);
    assert_eq!(get(&gateway, "/t/x").text(), "none");
    Request::new("PUT", "/t/x")
        .body("kept")
        .send(gateway.address);
    // Whichever worker takes the connection.
    for _ in 0..20 {
        assert_eq!(get(&gateway, "/t/x").text(), "kept");
    }
    Request::new("DELETE", "/t/x").send(gateway.address);
    assert_eq!(get(&gateway, "/t/x").text(), "none");
}

#[test]
fn send_request_calls_the_simulator_and_its_answer_can_be_read() {
    let regions = Regions::start();
    let resource = &regions.resources()[0];
    let inbound = format!(
        r#"<send-request mode="new" response-variable-name="answer" timeout="30" ignore-error="false">
            <set-url>{}/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21</set-url>
            <set-method>POST</set-method>
            <set-header name="api-key" exists-action="override"><value>{{{{key}}}}</value></set-header>
            <set-header name="content-type" exists-action="override"><value>application/json</value></set-header>
            <set-body>{{"messages":[{{"role":"user","content":"Hello"}}],"max_tokens":8}}</set-body>
        </send-request>
        <return-response><set-body>@{{
            var answer = (IResponse)context.Variables["answer"];
            return answer.StatusCode + " " + (string)answer.Body.As<JObject>()["object"];
        }}</set-body></return-response>"#,
        resource.url
    );
    let folder = one_api(
        "send",
        "http://127.0.0.1:9",
        &policy(&inbound, "", "", ""),
        "",
    );
    let key = format!("key={}", resource.key.expose());
    let gateway = Gateway::start(&folder.0, &["--named-value".to_owned(), key]);
    let answer = get(&gateway, "/t/x");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "200 chat.completion")
    );
    assert_eq!(regions.requests()[0], 1);
}

#[test]
fn preflights_are_answered_and_actual_requests_get_cors_headers() {
    let backend = Backend::echo();
    let inbound = r#"<cors allow-credentials="true"><allowed-origins><origin>https://good.test</origin></allowed-origins>
        <allowed-methods preflight-result-max-age="300"><method>POST</method></allowed-methods>
        <allowed-headers><header>x-mine</header></allowed-headers>
        <expose-headers><header>x-theirs</header></expose-headers></cors>"#;
    let folder = one_api("cors", &backend.url(), &policy(inbound, "", "", ""), "");
    let text = folder.read("tidegate.yaml").replace(
        "    specification: passthrough\n",
        "    operations:\n      post: { method: POST, urlTemplate: /x }\n",
    );
    folder.write("tidegate.yaml", &text);
    let gateway = gateway(&folder);
    let preflight = |origin: &str| {
        Request::new("OPTIONS", "/t/x")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-mine")
            .send(gateway.address)
    };
    let good = preflight("https://good.test");
    assert_eq!(good.status, 200, "{}", good.text());
    assert_eq!(
        good.header("access-control-allow-origin"),
        "https://good.test"
    );
    assert_eq!(good.header("access-control-allow-credentials"), "true");
    assert_eq!(good.header("access-control-max-age"), "300");
    assert!(good.header("access-control-allow-methods").contains("POST"));
    let bad = preflight("https://bad.test");
    assert_eq!(bad.header("access-control-allow-origin"), "");
    assert!(backend.seen().is_empty());

    let actual = Request::new("POST", "/t/x")
        .header("origin", "https://good.test")
        .send(gateway.address);
    assert_eq!(
        (actual.status, actual.header("access-control-allow-origin")),
        (200, "https://good.test")
    );
    assert_eq!(actual.header("access-control-expose-headers"), "x-theirs");
}

#[test]
fn a_session_stays_with_the_member_its_cookie_names() {
    let members: Vec<Backend> = ["one", "two", "three"]
        .into_iter()
        .map(|name| {
            Backend::start(move |_, out| {
                write!(
                    out,
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{name}",
                    name.len()
                )
            })
        })
        .collect();
    let mut more = "backends:\n".to_owned();
    for (number, member) in members.iter().enumerate() {
        more.push_str(&format!("  m{number}: {{ url: \"{}\" }}\n", member.url()));
    }
    more.push_str("  p:\n    pool:\n      services: [m0, m1, m2]\n      sessionAffinity: { sessionId: { source: Cookie, name: Sid } }\n");
    let inbound = r#"<set-backend-service backend-id="p" />"#;
    let folder = one_api(
        "affinity",
        "http://127.0.0.1:9",
        &policy(inbound, "", "", ""),
        &more,
    );
    let gateway = gateway(&folder);
    let mut without = HashSet::new();
    for _ in 0..6 {
        let first = get(&gateway, "/t/x");
        without.insert(first.text());
        let cookie = first
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap_or("")
            .to_owned();
        assert!(cookie.starts_with("Sid="), "{cookie}");
        for _ in 0..5 {
            let next = Request::new("GET", "/t/x")
                .header("cookie", &format!("a=b; {cookie}"))
                .send(gateway.address);
            assert_eq!(next.text(), first.text());
            assert_eq!(next.header("set-cookie"), "");
        }
    }
    assert_eq!(without.len(), 3);
}

#[test]
fn error_statuses_become_failures_on_request() {
    let backend = Backend::answering(
        "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy",
    );
    let on_error = r#"<base /><set-header name="x-error" exists-action="override"><value>@(context.LastError.Source + "/" + context.LastError.Reason + "/" + context.LastError.Section)</value></set-header>"#;
    let document = policy(
        "",
        r#"<forward-request fail-on-error-status-code="true" />"#,
        "",
        on_error,
    );
    let folder = one_api("fail-on", &backend.url(), &document, "");
    let answer = get(&gateway(&folder), "/t/x");
    assert_eq!((answer.status, answer.text().as_str()), (503, "busy"));
    assert_eq!(
        answer.header("x-error"),
        "forward-request/BackendErrorStatusCode/backend"
    );
}

#[test]
fn redirects_are_followed_on_request_and_passed_on_otherwise() {
    let backend = Backend::start(|seen, out| {
        match seen.target.as_str() {
        "/from" => out.write_all(b"HTTP/1.1 307 Moved\r\nlocation: /to\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        _ => write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}", seen.length, seen.text()),
    }
    });
    for (forward, status, body) in [
        (FORWARD, 307, ""),
        (
            r#"<forward-request follow-redirects="true" buffer-request-body="true" />"#,
            200,
            "hello",
        ),
    ] {
        let folder = one_api("redirect", &backend.url(), &policy("", forward, "", ""), "");
        let answer = Request::new("POST", "/t/from")
            .body("hello")
            .send(gateway(&folder).address);
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
    }
}

#[test]
fn http2_without_tls_reaches_the_backend() {
    let regions = Regions::start();
    let resource = &regions.resources()[0];
    let inbound = r#"<set-header name="api-key" exists-action="override"><value>{{key}}</value></set-header>"#;
    let document = policy(inbound, r#"<forward-request http-version="2" />"#, "", "");
    let folder = one_api("h2c", &resource.url, &document, "");
    let key = format!("key={}", resource.key.expose());
    let gateway = Gateway::start(&folder.0, &["--named-value".to_owned(), key]);
    for stream in ["false", "true"] {
        let answer = Request::new(
            "POST",
            "/t/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21",
        )
        .header("content-type", "application/json")
        .body(format!(
            r#"{{"messages":[{{"role":"user","content":"Hi"}}],"max_tokens":8,"stream":{stream}}}"#
        ))
        .send(gateway.address);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text().contains("data: [DONE]"), stream == "true");
    }
}

#[test]
fn on_error_sees_what_failed_and_may_change_the_answer() {
    // Nobody listens on the port of a listener that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port");
    let folder = one_api(
        "unreachable",
        &format!("http://{gone}"),
        &policy("", "", "", ""),
        "",
    );
    let gateway_plain = gateway(&folder);
    let answer = get(&gateway_plain, "/t/x");
    assert_eq!(answer.status, 500);
    let body = answer.json();
    assert_eq!(
        (&body["statusCode"], &body["message"]),
        (&500.into(), &"Internal server error".into())
    );
    let activity = body["activityId"].as_str().expect("an id");
    assert_eq!(
        answer.text(),
        format!(
            r#"{{ "statusCode": 500, "message": "Internal server error", "activityId": "{activity}" }}"#
        )
    );

    let on_error = r#"<set-status code="502" reason="Gone" /><set-body>@(context.LastError.Source + " " + context.LastError.Reason + " " + context.LastError.Scope + " " + context.Response.StatusCode)</set-body>"#;
    let folder = one_api(
        "unreachable2",
        &format!("http://{gone}"),
        &policy("", "", "", on_error),
        "",
    );
    let answer = get(&gateway(&folder), "/t/x");
    assert_eq!((answer.status, answer.reason.as_str()), (502, "Gone"));
    assert_eq!(
        answer.text(),
        "forward-request BackendConnectionFailure global 502"
    );

    let inbound = r#"<set-variable name="n" value="@(int.Parse("x"))" />"#;
    let on_error = r#"<set-header name="x-error" exists-action="override"><value>@(context.LastError.Source + "|" + context.LastError.Reason + "|" + context.LastError.Section)</value></set-header>"#;
    let folder = one_api(
        "throws",
        &format!("http://{gone}"),
        &policy(inbound, "", "", on_error),
        "",
    );
    let answer = get(&gateway(&folder), "/t/x");
    assert_eq!(
        (answer.status, answer.header("x-error")),
        (500, "set-variable|ExpressionValueEvaluationFailure|inbound")
    );
}
