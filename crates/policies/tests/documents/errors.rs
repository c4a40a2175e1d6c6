//! on-error and `context.LastError`.

use tidegate_expressions::Limits;
use tidegate_pipeline::testing::Answer;
use tidegate_pipeline::{PolicyError, Scope};

use crate::support::{Service, api, get, inbound, on_error, post};

const SHOW: &str = r#"<set-header name="x-error"><value>@{
    var e = context.LastError;
    return $"{e.Source}|{e.Reason}|{e.Message}|{e.Scope}|{e.Section}|{e.Path}|{e.PolicyId}|{context.Response.StatusCode}";
}</value></set-header>"#;

#[test]
fn last_error_tells_what_happened_and_where() {
    let failing = r#"<choose><when condition="@(true)"><set-header name="x" id="mine"><value>@(context.Request.Headers["none"][0])</value></set-header></when></choose>"#;
    for (section, scope) in [
        ("inbound", Scope::Global),
        ("backend", Scope::Product),
        ("outbound", Scope::Operation),
    ] {
        let fill = |name: &str| if name == section { failing } else { "" };
        let content = format!(
            "<inbound>{}</inbound><backend>{}<forward-request /></backend><outbound>{}</outbound><on-error>{SHOW}</on-error>",
            fill("inbound"),
            fill("backend"),
            fill("outbound"),
        );
        let finished = Service::bare()
            .policies(scope, &content)
            .answering(&[200])
            .get();
        assert_eq!(finished.status, 500);
        let shown = finished.header("x-error");
        let parts: Vec<&str> = shown.split('|').collect();
        assert_eq!(parts[0], "set-header");
        assert_eq!(parts[1], "ExpressionValueEvaluationFailure");
        assert!(
            parts[2].starts_with("Expression evaluation failed. "),
            "{shown}"
        );
        assert_eq!(
            parts[3..],
            [
                scope.as_str(),
                section,
                "choose[1]/when[1]/set-header[1]",
                "mine",
                "500"
            ]
        );
    }
}

#[test]
fn a_reached_limit_fails_like_an_unhandled_exception() {
    let limits = Limits {
        fuel: 10_000,
        allocation: 64 << 10,
        depth: 50,
        regex_steps: 1_000,
        ..Limits::default()
    };
    for (expression, part) in [
        ("@{ while (true) { } }", "limit of 10000 steps"),
        (
            "@{ try { while (true) { } } catch (Exception) { return 1; } }",
            "limit of 10000 steps",
        ),
        ("@(new string('x', 200000))", "limit of 65536 bytes"),
        ("@{ int F(int n) { return F(n + 1); } return F(0); }", "50"),
        (
            "@(Regex.IsMatch(new string('a', 40), \"^(a+)+$b\"))",
            "backtracking steps",
        ),
    ] {
        let expression = expression.replace('"', "&quot;");
        let finished = Service::bare()
            .limits(limits)
            .policies(
                Scope::Api,
                &format!(
                    r#"<inbound><choose><when condition="@(true)"><set-variable name="v" value="{expression}" /></when></choose></inbound>
                       <backend><forward-request /></backend><outbound /><on-error>{SHOW}</on-error>"#
                ),
            )
            .answering(&[200])
            .get();
        assert_eq!(finished.status, 500, "{expression}");
        let shown = finished.header("x-error");
        assert!(
            shown.starts_with(
                "set-variable|ExpressionValueEvaluationFailure|Expression evaluation failed. "
            ) && shown.contains(part)
                && shown.ends_with("|api|inbound|choose[1]/when[1]/set-variable[1]||500"),
            "{expression}: {shown}"
        );
        assert_eq!(
            finished.body(),
            r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "00000000-0000-0000-0000-000000000001" }"#
        );
    }
}

#[test]
fn a_failure_skips_the_rest_and_answers_500_by_default() {
    let service = api(
        r#"<inbound><set-variable name="a" value="@(int.Parse("x"))" /><set-variable name="b" value="1" /></inbound>
           <backend><forward-request /></backend><outbound><set-variable name="c" value="1" /></outbound>"#,
    )
    .answering(&[200]);
    let finished = service.get();
    assert_eq!(service.sent().len(), 0);
    assert!(finished.exchange.variables.get("b").is_none());
    assert!(finished.exchange.variables.get("c").is_none());
    assert_eq!(finished.status, 500);
    assert_eq!(
        finished.body(),
        r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "00000000-0000-0000-0000-000000000001" }"#
    );
    assert_eq!(finished.header("content-type"), "application/json");
}

#[test]
fn on_error_changes_the_response() {
    let finished = on_error(
        r#"<set-status code="502" reason="Sorry" /><set-header name="x"><value>1</value></set-header><set-body>@(context.LastError.Source)</set-body>"#,
    )
    .answering(&[200])
    .get();
    assert_eq!((finished.status, finished.reason.as_str()), (502, "Sorry"));
    assert_eq!(finished.body(), "set-variable");
    assert_eq!(finished.header("x"), "1");
}

#[test]
fn a_failure_of_on_error_itself_answers_500() {
    let finished = on_error(
        r#"<set-status code="418" /><set-header name="x"><value>@(context.Request.Headers["none"][0])</value></set-header>"#,
    )
    .answering(&[200])
    .get();
    assert_eq!(finished.status, 500);
    assert!(finished.body().contains("Internal server error"));
}

#[test]
fn on_error_is_inherited_like_any_section() {
    let finished = Service::bare()
        .policies(
            Scope::Global,
            &format!("<inbound /><backend /><outbound /><on-error>{SHOW}</on-error>"),
        )
        .policies(
            Scope::Api,
            r#"<inbound><set-variable name="v" value="@(int.Parse("x"))" /></inbound><backend /><outbound /><on-error><base /><set-status code="418" /></on-error>"#,
        )
        .answering(&[200])
        .get();
    assert_eq!(finished.status, 418);
    assert!(
        finished
            .header("x-error")
            .ends_with("|api|inbound|set-variable[1]||500")
    );
}

#[test]
fn failures_of_built_in_steps_run_on_error_only() {
    let service = api(&format!(
        "<inbound><set-variable name=\"v\" value=\"1\" /></inbound><backend><base /></backend><outbound /><on-error>{SHOW}</on-error>"
    ))
    .answering(&[200]);
    let mut exchange = service.world.exchange(get("/"));
    let error = PolicyError::new("authorization", Some("SubscriptionKeyNotFound"), "no key")
        .answer(401, Some("Access denied".into()));
    service
        .world
        .clock
        .block_on(service.program.run_failed(&mut exchange, error));
    let response = exchange.response.unwrap();
    assert_eq!(response.status, 401);
    assert_eq!(
        response.headers.get("x-error").unwrap(),
        "authorization|SubscriptionKeyNotFound|no key|||||401"
    );
    assert!(exchange.variables.get("v").is_none());
}

#[test]
fn a_broken_request_body_is_the_clients_failure() {
    let service =
        inbound(r#"<set-variable name="v" value="@(context.Request.Body.As<string>())" />"#)
            .run(|_| Answer::status(200));
    let mut request = post("/", "");
    request.body = tidegate_pipeline::Body::Streaming(Box::pin(Broken));
    let finished = service.send(request);
    assert_eq!(finished.status, 400);
    assert!(
        finished
            .last_error()
            .starts_with("set-variable|ClientConnectionFailure|")
    );
}

/// A client that leaves while sending.
struct Broken;

impl http_body::Body for Broken {
    type Data = bytes::Bytes;
    type Error = tidegate_pipeline::StreamError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Err("connection closed".into())))
    }
}

impl tidegate_pipeline::BodyStream for Broken {
    fn discard(self: std::pin::Pin<Box<Self>>) {}
}
