//! `choose`, `return-response`, `mock-response`, fragments and `base`.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_pipeline::testing::Answer;
use tidegate_pipeline::{Declared, DeclaredResponse, Representation, Scope};

use crate::support::{Service, api, get, inbound, on_error, outbound, with_header};

fn branch(condition: &str, mark: &str) -> String {
    format!(
        r#"<when condition="@({condition})"><set-header name="x-branch"><value>{mark}</value></set-header></when>"#
    )
}

#[test]
fn only_the_first_true_branch_runs() {
    for (conditions, expected) in [
        (["true", "true"], "first"),
        (["false", "true"], "second"),
        (["true", "int.Parse(&quot;x&quot;) == 1"], "first"),
        (["false", "false"], "otherwise"),
    ] {
        let service = inbound(&format!(
            r#"<choose>{}{}<otherwise><set-header name="x-branch"><value>otherwise</value></set-header></otherwise></choose>"#,
            branch(conditions[0], "first"),
            branch(conditions[1], "second"),
        ))
        .answering(&[200]);
        assert_eq!(service.get().last_error(), "none");
        assert_eq!(service.sent()[0].header("x-branch"), expected);
    }
}

#[test]
fn a_condition_that_throws_names_its_when() {
    let finished = inbound(&format!(
        r#"<choose id="route">{}{}</choose>"#,
        branch("false", "first"),
        branch("int.Parse(&quot;x&quot;) == 1", "second")
    ))
    .answering(&[200])
    .get();
    let error = finished.last_error();
    assert!(
        error.starts_with("choose|ExpressionValueEvaluationFailure|Expression evaluation failed. "),
        "{error}"
    );
    assert!(
        error.ends_with("|api|inbound|choose[1]/when[2]|route"),
        "{error}"
    );
}

#[test]
fn a_condition_may_read_a_body() {
    let service = inbound(&format!(
        r#"<choose>{}</choose>"#,
        branch(
            "context.Request.Body.As&lt;string&gt;(true) == &quot;yes&quot;",
            "read"
        )
    ))
    .answering(&[200]);
    service.send(crate::support::post("/", "yes"));
    assert_eq!(service.sent()[0].header("x-branch"), "read");
    assert_eq!(service.sent()[0].text(), "yes");
}

const RETURN: &str = r#"<return-response>
    <set-status code="401" reason="Who are you" />
    <set-header name="x-a"><value>1</value></set-header>
    <set-header name="x-a" exists-action="append"><value>@(context.Request.Method)</value></set-header>
    <set-body>@("body of " + context.Request.Method)</set-body>
</return-response>"#;

#[test]
fn a_returned_response_is_final_in_every_section() {
    let rest = r#"<set-header name="x-later"><value>ran</value></set-header>"#;
    let section = |section: &str| {
        let fill = |name: &str| if name == section { RETURN } else { "" };
        let failing = if section == "on-error" {
            r#"<set-variable name="v" value="@(int.Parse("x"))" />"#
        } else {
            ""
        };
        api(&format!(
            "<inbound>{failing}{}</inbound><backend>{}<forward-request /></backend><outbound>{}{rest}</outbound><on-error>{}{rest}</on-error>",
            fill("inbound"),
            fill("backend"),
            fill("outbound"),
            fill("on-error"),
        ))
    };
    for (name, sends) in [
        ("inbound", 0),
        ("backend", 0),
        ("outbound", 1),
        ("on-error", 0),
    ] {
        let service = section(name).run(|_| Answer::status(200).header("x-backend", "1").body("b"));
        let finished = service.get();
        assert_eq!(service.sent().len(), sends, "{name}");
        assert_eq!(finished.status, 401, "{name}");
        assert_eq!(finished.reason, "Who are you");
        assert_eq!(finished.header("x-a"), "1,GET");
        assert_eq!(finished.body(), "body of GET");
        assert_eq!(finished.header("x-later"), "");
        assert_eq!(finished.header("x-backend"), "");
    }
}

#[test]
fn an_unknown_response_variable_is_an_empty_response_to_begin_with() {
    let finished = inbound(
        r#"<return-response response-variable-name="existing response variable"><set-status code="401" /></return-response>"#,
    )
    .answering(&[200])
    .get();
    assert_eq!(
        (finished.status, finished.reason.as_str()),
        (401, "Unauthorized")
    );
    assert_eq!(finished.body(), "");
    let finished = inbound("<return-response />").answering(&[500]).get();
    assert_eq!(finished.status, 200);
}

#[test]
fn a_mock_answers_with_what_the_operation_declares() {
    let mock = |attributes: &str, section: fn(&str) -> Service| {
        section(&format!("<mock-response {attributes} />"))
            .answering(&[500])
            .send_prepared(get("/"), |exchange| {
                let responses = vec![DeclaredResponse {
                    status: 201,
                    representations: vec![Representation {
                        content_type: "application/json".into(),
                        examples: vec![Bytes::from("{}"), Bytes::from("[]")],
                        sample: None,
                    }],
                }];
                exchange.matched.declared = Some(Arc::new(Declared {
                    responses,
                    ..Declared::default()
                }));
            })
    };
    let finished = mock(r#"status-code="201""#, inbound);
    assert_eq!(finished.status, 201);
    assert_eq!(finished.body(), "{}");
    assert_eq!(finished.header("content-type"), "application/json");
    let finished = mock(
        r#"status-code="201" index="1" content-type="application/json""#,
        outbound,
    );
    assert_eq!(finished.body(), "[]");
    let finished = mock("", on_error);
    assert_eq!((finished.status, finished.body().as_str()), (200, ""));
    assert_eq!(finished.header("content-type"), "");
}

fn mark(name: &str) -> String {
    format!(
        r#"<set-header name="x-order" exists-action="append"><value>{name}</value></set-header>"#
    )
}

/// What ran in inbound, in order.
fn order(service: Service) -> String {
    let service = service.answering(&[200]);
    service.get();
    service
        .sent()
        .first()
        .map(|sent| sent.header("x-order").to_owned())
        .unwrap_or_default()
}

#[test]
fn base_stands_for_the_broader_scope() {
    let document = |name: &str, before: bool, base: &str| {
        let mark = mark(name);
        let inner = if before {
            format!("{mark}{base}")
        } else {
            format!("{base}{mark}")
        };
        format!("<inbound>{inner}</inbound><backend><base /></backend>")
    };
    let global = format!(
        "<inbound>{}</inbound><backend><forward-request /></backend>",
        mark("global")
    );
    let service = |product: &str, api: &str, operation: &str| {
        Service::bare()
            .policies(Scope::Global, &global)
            .policies(Scope::Product, product)
            .policies(Scope::Api, api)
            .policies(Scope::Operation, operation)
    };
    assert_eq!(
        order(service(
            &document("product", false, "<base />"),
            &document("api", true, "<base />"),
            &document("operation", false, "<base />"),
        )),
        "api,global,product,operation"
    );
    // Without <base /> nothing of the broader scopes runs.
    assert_eq!(
        order(service(
            &document("product", false, "<base />"),
            &document("api", false, ""),
            &document("operation", false, "<base />"),
        )),
        "api,operation"
    );
    // A section that is missing is one without <base />.
    assert_eq!(
        order(service(
            &document("product", false, "<base />"),
            "<backend><base /></backend>",
            &document("operation", false, "<base />"),
        )),
        "operation"
    );
}

#[test]
fn a_document_without_backend_forwards_nothing() {
    let service = api("<inbound><base /></inbound>").answering(&[500]);
    assert_eq!(service.get().status, 200);
    assert_eq!(service.sent().len(), 0);
}

#[test]
fn a_fragment_runs_in_place_of_its_inclusion() {
    let service = inbound(&format!(
        r#"{}<include-fragment fragment-id="shared" />{}"#,
        mark("before"),
        mark("after")
    ))
    .named_value("who", "fragment")
    .fragment("shared", &mark("{{who}}"));
    assert_eq!(order(service), "before,fragment,after");
    let finished = inbound(r#"<choose><when condition="true"><include-fragment fragment-id="Shared" /></when></choose>"#)
        .fragment(
            "shared",
            r#"<set-variable name="v" value="@(int.Parse("x"))" id="deep" />"#,
        )
        .answering(&[200])
        .get();
    let error = finished.last_error();
    assert!(
        error.ends_with("|api|inbound|choose[1]/when[1]/include-fragment[1]/set-variable[1]|deep"),
        "{error}"
    );
}

#[test]
fn the_request_is_answered_whatever_the_client_sends() {
    // The statement waits for the body, which is larger than may be kept.
    let service =
        inbound(r#"<set-variable name="v" value="@(context.Request.Body.As<string>())" />"#)
            .runtime(|runtime| runtime.limits.request_buffer = 2)
            .answering(&[200]);
    let finished = service.send(with_header(crate::support::post("/", "long"), "x", "1"));
    assert_eq!(finished.status, 413);
    assert!(
        finished
            .last_error()
            .starts_with("set-variable|RequestBodyTooLarge|")
    );
}
