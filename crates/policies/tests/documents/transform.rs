//! The `set-*` policies and `rewrite-uri`, in each section.

use std::sync::Arc;

use tidegate_pipeline::Declared;
use tidegate_pipeline::testing::{Answer, Sent};

use crate::support::{Service, api, get, inbound, on_error, outbound, post, with_header};

/// A document that runs `statements` in every section and fails afterwards, so that all four run.
fn everywhere(statement: impl Fn(&str) -> String) -> Service {
    api(&format!(
        r#"<inbound>{}</inbound><backend>{}<forward-request /></backend><outbound>{}<set-variable name="v" value="@(int.Parse("x"))" /></outbound><on-error>{}</on-error>"#,
        statement("inbound"),
        statement("backend"),
        statement("outbound"),
        statement("on-error"),
    ))
}

#[test]
fn set_header_changes_the_message_of_its_section() {
    let service = everywhere(|section| {
        format!(
            r#"<set-header name="x-{section}"><value>@(context.Request.Method + " {section}")</value></set-header>"#
        )
    })
    .answering(&[200]);
    let finished = service.get();
    let sent = &service.sent()[0];
    assert_eq!(sent.header("x-inbound"), "GET inbound");
    assert_eq!(sent.header("x-backend"), "GET backend");
    assert_eq!(sent.header("x-outbound"), "");
    // The response of outbound is gone with the failure; that of on-error is sent.
    assert_eq!(finished.header("x-outbound"), "");
    assert_eq!(finished.header("x-on-error"), "GET on-error");
}

#[test]
fn set_header_actions_follow_the_table() {
    for (action, values, expected) in [
        ("override", "<value>2</value><value>3</value>", "2,3"),
        ("skip", "<value>@(int.Parse(\"x\").ToString())</value>", "1"),
        ("append", "<value>2</value>", "1,2"),
        ("delete", "", ""),
        (
            "@(\"app\" + \"end\")",
            "<value>@(2.ToString())</value>",
            "1,2",
        ),
    ] {
        let action = action.replace('"', "&quot;");
        let service = inbound(&format!(
            r#"<set-header name="x-a" exists-action="{action}">{values}</set-header>"#
        ))
        .answering(&[200]);
        let finished = service.send(with_header(get("/"), "x-a", "1"));
        assert_eq!(finished.last_error(), "none", "{action}");
        assert_eq!(service.sent()[0].header("x-a"), expected, "{action}");
    }
}

#[test]
fn several_cookies_stay_on_lines_of_their_own() {
    let service = outbound(
        r#"<set-header name="Set-Cookie"><value>a=1</value><value>b=2</value></set-header>"#,
    )
    .run(|_| Answer::status(200).header("set-cookie", "old=0"));
    assert_eq!(service.get().headers("set-cookie"), ["a=1", "b=2"]);
}

#[test]
fn bad_headers_from_expressions_fail_the_request() {
    for statement in [
        r#"<set-header name="x"><value>@("a\r\nb: c")</value></set-header>"#,
        r#"<set-header name="@("a b")"><value>1</value></set-header>"#,
        r#"<set-header name="x" exists-action="@("none")"><value>1</value></set-header>"#,
    ] {
        let finished = inbound(statement).answering(&[200]).get();
        assert_eq!(finished.status, 500, "{statement}");
        assert!(
            finished
                .last_error()
                .starts_with("set-header|ExpressionValueEvaluationFailure|")
        );
    }
}

#[test]
fn framing_headers_cannot_be_set() {
    let service = outbound(
        r#"<set-header name="Content-Length"><value>5</value></set-header><set-header name="Server" exists-action="delete" />"#,
    )
    .run(|_| Answer::status(200).header("server", "s"));
    let finished = service.get();
    assert_eq!(finished.header("content-length"), "");
    assert_eq!(finished.header("server"), "s");
}

#[test]
fn null_is_an_empty_header_value() {
    let service = inbound(r#"<set-header name="x-a"><value>@((string)null)</value></set-header>"#)
        .answering(&[200]);
    service.get();
    assert!(service.sent()[0].headers.contains_key("x-a"));
    assert_eq!(service.sent()[0].header("x-a"), "");
}

#[test]
fn query_parameters_are_changed_in_place() {
    let service = inbound(
        r#"<set-query-parameter name="api-version"><value>2024-02-01</value></set-query-parameter>
           <set-query-parameter name="new" exists-action="skip"><value>a b</value><value>@("c&d")</value></set-query-parameter>
           <set-query-parameter name="gone" exists-action="delete" />"#,
    )
    .answering(&[200]);
    let finished = service.send(get("/x?a=1&API-version=old&gone=1&b=2"));
    assert_eq!(
        service.sent()[0].url,
        "http://backend.test/base/x?a=1&api-version=2024-02-01&b=2&new=a%20b&new=c%26d"
    );
    assert_eq!(
        finished.exchange.request.url.original_query(),
        "a=1&API-version=old&gone=1&b=2"
    );
}

#[test]
fn rewrite_uri_follows_the_table() {
    for (template, copy, expected) in [
        ("/v3/{id}", true, "/v3/7?page=2"),
        ("/v3/{id}", false, "/v3/7"),
        ("/v3/{id}?mode={v}", true, "/v3/7?mode=full&page=2"),
        ("/v3/{id}?page=9", true, "/v3/7?page=9"),
        ("@(\"v4/{id}\")", true, "/v4/7?page=2"),
        (
            "/v3?next=https://example.com/{id}",
            false,
            "/v3?next=https://example.com/7",
        ),
    ] {
        let template = template.replace('"', "&quot;");
        let service = inbound(&format!(
            r#"<rewrite-uri template="{template}" copy-unmatched-params="{copy}" />"#
        ))
        .answering(&[200]);
        service.send_prepared(get("/items/7?view=full&page=2"), |exchange| {
            exchange.request.matched_parameters =
                vec![("id".into(), "7".into()), ("v".into(), "full".into())].into();
            exchange.matched.declared = Some(Arc::new(Declared {
                template_query: vec!["view".into()],
                ..Declared::default()
            }));
        });
        assert_eq!(
            service.sent()[0].url,
            format!("http://backend.test/base{expected}")
        );
    }
}

#[test]
fn null_is_no_template_and_no_name() {
    for statement in [
        r#"<rewrite-uri template="@((string)null)" />"#,
        r#"<set-query-parameter name="@((string)null)"><value>1</value></set-query-parameter>"#,
        r#"<set-backend-service base-url="@((string)null)" />"#,
    ] {
        let finished = inbound(statement).answering(&[200]).get();
        assert_eq!(finished.status, 500, "{statement}");
    }
}

#[test]
fn a_placeholder_without_a_value_fails_the_request() {
    let finished = inbound(r#"<rewrite-uri template="/v3/{unknown}" />"#)
        .answering(&[200])
        .get();
    assert!(
        finished
            .last_error()
            .starts_with("rewrite-uri|ExpressionValueEvaluationFailure|"),
        "{}",
        finished.last_error()
    );
}

#[test]
fn the_method_is_changed_for_the_backend() {
    for (text, expected) in [
        ("put", "PUT"),
        ("@(\"pat\" + \"ch\")", "PATCH"),
        (" Custom ", "Custom"),
    ] {
        let service = inbound(&format!("<set-method>{text}</set-method>")).answering(&[200]);
        service.get();
        assert_eq!(service.sent()[0].method, expected);
    }
    let finished = inbound(r#"<set-method>@("a b")</set-method>"#)
        .answering(&[200])
        .get();
    assert_eq!(finished.status, 500);
}

#[test]
fn the_status_is_changed_and_the_rest_stays() {
    let service = outbound(r#"<set-status code="@(418)" reason="Tea" />"#)
        .run(|_| Answer::status(200).header("x", "1").body("body"));
    let finished = service.get();
    assert_eq!((finished.status, finished.reason.as_str()), (418, "Tea"));
    assert_eq!(finished.body(), "body");
    assert_eq!(finished.header("x"), "1");

    let finished = on_error(r#"<set-status code="404" />"#)
        .answering(&[200])
        .get();
    assert_eq!(
        (finished.status, finished.reason.as_str()),
        (404, "Not Found")
    );

    // In inbound it is the status when nothing is forwarded, and forgotten when something is.
    let finished = inbound(r#"<set-status code="202" reason="Later" />"#)
        .answering(&[200])
        .get();
    assert_eq!((finished.status, finished.reason.as_str()), (200, "OK"));
    let finished = outbound(r#"<set-status code="@(99)" />"#)
        .answering(&[200])
        .get();
    assert!(
        finished
            .last_error()
            .starts_with("set-status|ExpressionValueEvaluationFailure|")
    );
}

#[test]
fn set_body_replaces_the_message_of_its_section() {
    let service = everywhere(|section| format!("<set-body>{section}</set-body>")).answering(&[200]);
    let finished = service.send(post("/", "old"));
    assert_eq!(service.sent()[0].text(), "backend");
    assert_eq!(finished.body(), "on-error");

    let service = outbound(
        r#"<set-body>@{
            var body = context.Response.Body.As<JObject>();
            body["added"] = 1;
            return body.ToString(Newtonsoft.Json.Formatting.None);
        }</set-body>"#,
    )
    .run(|_| {
        Answer::status(200)
            .header("content-encoding", "identity")
            .body(r#"{"a":"#)
            .body("2}")
    });
    let finished = service.get();
    assert_eq!(finished.body(), r#"{"a":2,"added":1}"#);
    assert_eq!(finished.header("content-encoding"), "");
}

#[test]
fn a_body_may_be_markup_text_or_nothing() {
    for (content, expected) in [
        (
            "<a x=\"{{n}}\"><!-- c --><b>&amp;</b></a>",
            "<a x=\"v\"><!-- c --><b>&amp;</b></a>",
        ),
        ("  a &lt; b {{n}}  ", "a < b v"),
        ("<![CDATA[<raw>{{n}}</raw>]]>", "<raw>v</raw>"),
        ("<value>wrapped</value>", "wrapped"),
        ("@((string)null)", ""),
        ("", ""),
    ] {
        let service = inbound(&format!("<set-body>{content}</set-body>"))
            .named_value("n", "v")
            .answering(&[200]);
        service.send(post("/", "old"));
        assert_eq!(service.sent()[0].text(), expected, "{content}");
    }
}

#[test]
fn a_body_read_without_preserving_is_gone() {
    let service = inbound(
        r#"<set-variable name="first" value="@(context.Request.Body.As<string>(preserveContent: true))" />
           <set-variable name="second" value="@(context.Request.Body.As<string>())" />
           <set-variable name="third" value="@(context.Request.Body.As<string>())" />"#,
    )
    .answering(&[200]);
    let finished = service.send(post("/", "text"));
    assert_eq!(finished.text("first").as_deref(), Some("text"));
    assert_eq!(finished.text("second").as_deref(), Some("text"));
    assert_eq!(finished.text("third").as_deref(), Some(""));
    assert_eq!(service.sent()[0].text(), "");
}

/// `{"a":1}`, gzipped.
const GZIPPED: &[u8] = &[
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0x05, 0,
    0xaf, 0xac, 0x1b, 0x56, 0x07, 0, 0, 0,
];

#[test]
fn a_compressed_body_is_read_plain_and_passed_on_as_it_came() {
    let gzipped = |_: &Sent| {
        Answer::status(200)
            .header("content-encoding", "gzip")
            .body(GZIPPED)
    };
    let read = r#"<set-header name="x-a"><value>@(context.Response.Body.As<JObject>(preserveContent: true)["a"].ToString())</value></set-header>"#;
    let finished = outbound(read).run(gzipped);
    let mut finished = finished.get();
    assert_eq!(finished.header("x-a"), "1", "{}", finished.last_error());
    assert_eq!(finished.header("content-encoding"), "gzip");
    let response = finished.exchange.response.take().unwrap();
    assert_eq!(&**response.body.bytes().unwrap(), GZIPPED);

    let replace = "<set-body>@(context.Response.Body.As<string>() + \" more\")</set-body>";
    let finished = outbound(replace).run(gzipped).get();
    assert_eq!(finished.body(), "{\"a\":1} more");
    assert_eq!(finished.header("content-encoding"), "");

    let called = r#"<send-request response-variable-name="r"><set-url>http://other.test/</set-url></send-request>
        <return-response response-variable-name="r"><set-header name="x-a"><value>@(((IResponse)context.Variables["r"]).Body.As<JObject>(true)["a"].ToString())</value></set-header></return-response>"#;
    let finished = inbound(called).run(gzipped).get();
    assert_eq!(finished.header("x-a"), "1", "{}", finished.last_error());
    assert_eq!(finished.header("content-encoding"), "");
    assert_eq!(finished.body(), "{\"a\":1}");
}

#[test]
fn an_absent_body_fails_only_what_reads_it() {
    let reads = r#"<set-body>@(context.Request.Body.As<string>() + "x")</set-body>"#;
    let finished = inbound(reads).answering(&[200]).get();
    assert!(
        finished
            .last_error()
            .starts_with("set-body|ExpressionValueEvaluationFailure|")
    );
    let service =
        inbound("<set-method>POST</set-method><set-body>new</set-body>").answering(&[200]);
    service.get();
    assert_eq!(service.sent()[0].text(), "new");
}

#[test]
fn variables_keep_the_type_of_their_value() {
    for (value, read, works) in [
        ("5", "(int)context.Variables[\"v\"]", false),
        ("5", "Convert.ToInt32(context.Variables[\"v\"])", true),
        ("@(5)", "(int)context.Variables[\"v\"]", true),
        (
            "@(5)",
            "context.Variables.GetValueOrDefault<string>(\"v\")",
            false,
        ),
        (
            "@(null)",
            "context.Variables.ContainsKey(\"v\") ? 5 : 0",
            true,
        ),
    ] {
        let finished = inbound(&format!(
            r#"<set-variable name="v" value="{value}" /><set-variable name="w" value="@({})" />"#,
            read.replace('"', "&quot;")
        ))
        .answering(&[200])
        .get();
        assert_eq!(finished.last_error() == "none", works, "{value} {read}");
    }
}

#[test]
fn objects_in_variables_are_shared() {
    let service = inbound(
        r#"<set-variable name="list" value="@(new JArray(1, 2))" />
           <set-variable name="ignored" value="@{ ((JArray)context.Variables["list"]).Add(3); return ""; }" />
           <set-header name="x-count"><value>@(((JArray)context.Variables["list"]).Count.ToString())</value></set-header>"#,
    )
    .answering(&[200]);
    service.get();
    assert_eq!(service.sent()[0].header("x-count"), "3");
}

#[test]
fn the_number_of_variables_is_bounded() {
    let finished = inbound(
        r#"<set-variable name="a" value="1" /><set-variable name="a" value="2" /><set-variable name="b" value="3" />"#,
    )
    .runtime(|runtime| runtime.limits.variables = 1)
    .answering(&[200])
    .get();
    assert_eq!(finished.status, 500);
    assert_eq!(
        finished.last_error(),
        "set-variable|null|a request may have at most 1 variables|api|inbound|set-variable[3]|null"
    );
}

#[test]
fn a_named_value_can_be_a_character_of_an_expression() {
    let finished = inbound(
        r#"<set-header name="x-last"><value>@(context.Request.Url.Path.Split('{{separator}}').Last())</value></set-header>"#,
    )
    .named_value("separator", "/")
    .answering(&[200])
    .send(get("/one/two"));
    assert_eq!(finished.status, 200);
    assert_eq!(finished.exchange.request.headers["x-last"], "two");
}
