//! `send-request`: the request it builds, the response it keeps, and its failures.

use std::time::Duration;

use tidegate_pipeline::testing::Answer;

use crate::support::{backend, get, inbound, outbound, post, with_header};

#[test]
fn a_new_request_holds_only_what_its_children_say() {
    let service = inbound(
        r#"<send-request mode="new" response-variable-name="answer" timeout="20">
             <set-url>@("https://login.test/token?x=" + "a b")</set-url>
             <set-method>post</set-method>
             <set-header name="Content-Type"><value>text/plain</value></set-header>
             <set-header name="x-many" exists-action="append"><value>1</value></set-header>
             <set-header name="x-many" exists-action="append"><value>@(2.ToString())</value></set-header>
             <set-body>@("for " + context.Request.Method)</set-body>
           </send-request>
           <set-header name="x-token"><value>@(((IResponse)context.Variables["answer"]).Body.As<JObject>()["token"].ToString())</value></set-header>
           <set-header name="x-status"><value>@(((IResponse)context.Variables["answer"]).StatusCode + " " + ((IResponse)context.Variables["answer"]).StatusReason)</value></set-header>"#,
    )
    .run(|sent| {
        if sent.url.starts_with("https://login.test") {
            Answer::status(201).body(r#"{"token":"#).body(r#""t"}"#)
        } else {
            Answer::status(200)
        }
    });
    let finished = service.send(with_header(get("/"), "x-client", "1"));
    assert_eq!(finished.last_error(), "none");
    let sent = service.sent();
    assert_eq!(sent[0].url, "https://login.test/token?x=a%20b");
    assert_eq!(sent[0].method, "POST");
    assert_eq!(sent[0].header("host"), "login.test");
    assert_eq!(sent[0].header("content-type"), "text/plain");
    assert_eq!(sent[0].header("x-many"), "1,2");
    assert_eq!(sent[0].header("x-client"), "");
    assert_eq!(sent[0].text(), "for GET");
    assert_eq!(sent[1].header("x-token"), "t");
    assert_eq!(sent[1].header("x-status"), "201 Created");
    assert_eq!(sent[1].header("x-client"), "1");
}

#[test]
fn a_copy_begins_with_the_current_request() {
    let service = inbound(
        r#"<set-header name="x-set"><value>1</value></set-header>
           <send-request mode="copy" response-variable-name="answer">
             <set-header name="x-client" exists-action="append"><value>2</value></set-header>
           </send-request>
           <send-request mode="@("co" + "py")" response-variable-name="answer"><set-url>http://other.test/p/</set-url><set-method>PUT</set-method></send-request>"#,
    )
    .answering(&[200]);
    let request = with_header(post("/chat?v=1", "body"), "x-client", "1");
    service.send(with_header(request, "connection", "close"));
    let sent = service.sent();
    assert_eq!(sent[0].url, "http://backend.test/base/chat?v=1");
    assert_eq!(sent[0].method, "POST");
    assert_eq!(sent[0].header("x-client"), "1,2");
    assert_eq!(sent[0].header("x-set"), "1");
    assert_eq!(sent[0].header("host"), "backend.test");
    assert_eq!(sent[0].header("connection"), "");
    assert_eq!(sent[0].text(), "body");
    assert_eq!(sent[1].url, "http://other.test/p/");
    assert_eq!(sent[1].method, "PUT");
    assert_eq!(sent[1].header("host"), "other.test");
    // The request itself is forwarded as if nothing had been copied.
    assert_eq!(sent[2].text(), "body");
    assert_eq!(sent[2].header("x-client"), "1");
}

#[test]
fn in_outbound_no_body_is_copied() {
    let service = outbound(
        r#"<send-request mode="copy" response-variable-name="answer"><set-url>http://other.test</set-url></send-request>"#,
    )
    .answering(&[200]);
    service.send(post("/", "body"));
    assert_eq!(service.sent()[1].url, "http://other.test/");
    assert_eq!(service.sent()[1].body, None);
}

#[test]
fn error_statuses_are_answers() {
    let service = inbound(
        r#"<send-request response-variable-name="answer"><set-url>http://other.test</set-url></send-request>
           <return-response response-variable-name="answer" />"#,
    )
    .run(|_| {
        Answer::status(503)
            .reason("Not Now")
            .header("x-backend", "1")
            .header("transfer-encoding", "chunked")
            .body("sorry")
    });
    let finished = service.get();
    assert_eq!(
        (finished.status, finished.reason.as_str()),
        (503, "Not Now")
    );
    assert_eq!(finished.body(), "sorry");
    assert_eq!(finished.header("x-backend"), "1");
    assert_eq!(finished.header("transfer-encoding"), "");
    assert_eq!(service.sent().len(), 1);
    assert_eq!(service.sent()[0].method, "GET");
}

type Play = fn() -> Answer;

fn failing(ignore: bool, url: &str, answer: Play) -> crate::support::Finished {
    inbound(&format!(
        r#"<set-variable name="answer" value="old" />
           <send-request response-variable-name="answer" timeout="5" ignore-error="{ignore}"><set-url>{url}</set-url></send-request>
           <set-variable name="null" value="@(context.Variables.ContainsKey("answer") && context.Variables["answer"] == null ? "yes" : "no")" />"#
    ))
    .run(move |sent| {
        if sent.url.contains("other.test") {
            answer()
        } else {
            Answer::status(200)
        }
    })
    .get()
}

#[test]
fn failures_end_the_request_unless_they_are_ignored() {
    let slow_body: Play = || {
        Answer::status(200)
            .after(Duration::from_secs(3))
            .body_after(Duration::from_secs(3), "late")
    };
    let cases: [(&str, Play, &str); 5] = [
        ("http://other.test", Answer::hangs, "Timeout"),
        ("http://other.test", slow_body, "Timeout"),
        (
            "http://other.test",
            Answer::refused,
            "BackendConnectionFailure",
        ),
        (
            "http://other.test",
            || Answer::status(200).body("half").cut(),
            "BackendConnectionFailure",
        ),
        (
            "@(&quot;no&quot; + &quot;url&quot;)",
            || Answer::status(200),
            "BackendConnectionFailure",
        ),
    ];
    for (url, answer, reason) in cases {
        let finished = failing(false, url, answer);
        assert_eq!(finished.status, 500);
        let error = finished.last_error();
        assert!(
            error.starts_with(&format!("send-request|{reason}|")),
            "{error}"
        );
        assert!(
            error.ends_with("|api|inbound|send-request[1]|null"),
            "{error}"
        );

        let finished = failing(true, url, answer);
        assert_eq!(finished.status, 200, "{}", finished.last_error());
        assert_eq!(finished.text("null").as_deref(), Some("yes"));
    }
}

#[test]
fn a_body_within_the_deadline_arrives() {
    let finished = inbound(
        r#"<send-request response-variable-name="answer" timeout="7"><set-url>http://other.test</set-url></send-request>
           <return-response response-variable-name="answer" />"#,
    )
    .run(|_| {
        Answer::status(200)
            .after(Duration::from_secs(3))
            .body_after(Duration::from_secs(3), "in time")
    })
    .get();
    assert_eq!(finished.body(), "in time");
}

#[test]
fn a_response_larger_than_the_limit_is_a_failure() {
    let service = inbound(
        r#"<send-request response-variable-name="answer"><set-url>http://other.test</set-url></send-request>"#,
    )
    .runtime(|runtime| runtime.limits.response_buffer = 3)
    .run(|_| Answer::status(200).body("four"));
    let error = service.get().last_error();
    assert!(
        error.starts_with("send-request|BackendConnectionFailure|response of other.test: the body is larger than the limit of 3 bytes"),
        "{error}"
    );
}

#[test]
fn expressions_that_throw_are_not_ignored() {
    let finished = inbound(
        r#"<send-request response-variable-name="answer" ignore-error="true"><set-url>@(context.Request.Headers["none"][0])</set-url></send-request>"#,
    )
    .answering(&[200])
    .get();
    assert!(
        finished
            .last_error()
            .starts_with("send-request|ExpressionValueEvaluationFailure|")
    );
}

#[test]
fn the_response_variable_may_be_left_out() {
    let service =
        inbound(r#"<send-request><set-url>http://other.test/x#top</set-url></send-request>"#)
            .answering(&[200]);
    assert_eq!(service.get().status, 200);
    assert_eq!(service.sent()[0].url, "http://other.test/x");
}

#[test]
fn a_proxy_is_used_for_this_request_only() {
    let service = inbound(
        r#"<send-request response-variable-name="answer"><set-url>http://other.test</set-url><proxy url="http://proxy.test:3128" username="{{user}}" password="@("p" + "w")" /></send-request>"#,
    )
    .named_value("user", "me")
    .answering(&[200]);
    service.get();
    let sent = service.sent();
    let proxy = sent[0].proxy.as_ref().unwrap();
    assert_eq!(&*proxy.url, "http://proxy.test:3128");
    assert_eq!(proxy.credentials, Some(("me".into(), "pw".into())));
    assert!(sent[1].proxy.is_none());
}

#[test]
fn inside_a_retry_it_runs_again_until_it_answers() {
    let mut calls = 0;
    let service = backend(
        r#"<retry condition="@(context.Variables["answer"] == null)" count="5" interval="1">
             <send-request response-variable-name="answer" ignore-error="true"><set-url>http://other.test</set-url></send-request>
           </retry>"#,
    )
    .run(move |_| {
        calls += 1;
        if calls < 3 {
            Answer::refused()
        } else {
            Answer::status(200)
        }
    });
    service.get();
    assert_eq!(service.sent().len(), 3);
}
