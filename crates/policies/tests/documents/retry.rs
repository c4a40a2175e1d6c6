//! `retry`: waits, conditions, interception of failures, bodies.

use std::time::Duration;

use tidegate_pipeline::testing::Answer;

use crate::support::{api, backend, get, on_error, post, with_header};

/// Seconds between the sends of a retry whose condition is always true.
fn waits(attributes: &str) -> Vec<f64> {
    let service = backend(&format!(
        r#"<retry condition="true" {attributes}><forward-request /></retry>"#
    ))
    .answering(&[500]);
    service.get();
    let sent = service.sent();
    sent.windows(2)
        .map(|pair| (pair[1].at - pair[0].at).as_secs_f64())
        .collect()
}

#[test]
fn waits_follow_the_documented_series() {
    for (attributes, expected) in [
        (r#"count="4" interval="3""#, vec![3.0, 3.0, 3.0, 3.0]),
        (
            r#"count="4" interval="3" first-fast-retry="true""#,
            vec![0.0, 3.0, 3.0, 3.0],
        ),
        (
            r#"count="4" interval="2" delta="5""#,
            vec![2.0, 7.0, 12.0, 17.0],
        ),
        (
            r#"count="4" interval="2" delta="5" first-fast-retry="true""#,
            vec![0.0, 7.0, 12.0, 17.0],
        ),
        (r#"count="2" interval="0""#, vec![0.0, 0.0]),
        (
            r#"count="2" interval="0" first-fast-retry="true""#,
            vec![0.0, 0.0],
        ),
        (
            r#"count="2" interval="1.5" max-interval="1""#,
            vec![1.0, 1.0],
        ),
        (r#"count="@(1 + 1)" interval="@(0.5)""#, vec![0.5, 0.5]),
    ] {
        assert_eq!(waits(attributes), expected, "{attributes}");
    }
}

#[test]
fn exponential_waits_stay_within_a_fifth_of_delta() {
    let waits = waits(r#"count="6" interval="1" delta="2" max-interval="20""#);
    let ranges = [
        1.0..=1.0,
        2.6..=3.4,
        5.8..=8.2,
        12.2..=17.8,
        20.0..=20.0,
        20.0..=20.0,
    ];
    assert_eq!(waits.len(), ranges.len());
    for (wait, range) in waits.iter().zip(ranges) {
        assert!(range.contains(wait), "{waits:?}");
    }
}

#[test]
fn children_run_once_and_then_as_often_as_condition_and_count_say() {
    for (condition, count, expected) in [("false", 3, 1), ("true", 3, 4), ("@(true)", 2, 3)] {
        let service = api(&format!(
            r#"<inbound /><backend><retry condition="{condition}" count="{count}" interval="0"><forward-request /></retry></backend>
               <outbound><set-header name="x-outbound"><value>ran</value></set-header></outbound><on-error />"#
        ))
        .answering(&[500]);
        let finished = service.get();
        assert_eq!(service.sent().len(), expected);
        assert_eq!(finished.status, 500);
        assert_eq!(finished.header("x-outbound"), "ran");
    }
}

const WHILE_THROTTLED: &str = r#"<inbound /><backend>
    <retry condition="@(context.Response.StatusCode == 429)" count="5" interval="1"><forward-request /></retry>
  </backend><outbound>
    <set-header name="x-seen"><value>@(context.Response.StatusCode.ToString())</value></set-header>
  </outbound><on-error><set-header name="x-error"><value>ran</value></set-header></on-error>"#;

#[test]
fn stops_when_the_condition_turns_false() {
    let service = api(WHILE_THROTTLED).answering(&[429, 429, 200]);
    let finished = service.get();
    assert_eq!(service.sent().len(), 3);
    assert_eq!(finished.status, 200);
    assert_eq!(finished.header("x-seen"), "200");
    // The two answers that were retried have been given up, their connections kept.
    assert_eq!(service.world.upstream.discarded(), 2);
}

#[test]
fn a_used_up_retry_passes_the_last_response_on() {
    let service = api(&WHILE_THROTTLED.replace("\"5\"", "\"2\"")).answering(&[429]);
    let finished = service.get();
    assert_eq!(service.sent().len(), 3);
    assert_eq!(finished.status, 429);
    assert_eq!(finished.header("x-seen"), "429");
    assert_eq!(finished.header("x-error"), "");
    assert_eq!(finished.last_error(), "none");
}

const WHILE_FAILING: &str = r#"<inbound /><backend>
    <retry condition="@(context.Response.StatusCode >= 500)" count="1" interval="0"><forward-request timeout="10" /></retry>
  </backend><outbound /><on-error>
    <set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header>
  </on-error>"#;

#[test]
fn a_timeout_is_retried_and_then_forgotten() {
    let mut first = true;
    let service = api(WHILE_FAILING).run(move |_| {
        if std::mem::take(&mut first) {
            Answer::hangs()
        } else {
            Answer::status(200)
        }
    });
    let finished = service.get();
    let sent = service.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].at, Duration::from_secs(10));
    assert_eq!(finished.status, 200);
    assert_eq!(finished.last_error(), "none");
}

#[test]
fn a_timeout_that_lasts_ends_in_on_error() {
    let service = api(WHILE_FAILING).run(|_| Answer::hangs());
    let finished = service.get();
    assert_eq!(service.sent().len(), 2);
    assert_eq!(finished.status, 500);
    assert_eq!(finished.header("x-reason"), "Timeout");
    assert_eq!(
        finished.last_error(),
        "forward-request|Timeout|backend.test did not answer within 10s|api|backend|retry[1]/forward-request[1]|null"
    );
}

#[test]
fn a_refused_connection_fails_over_to_another_base_url() {
    let service = api(
        r#"<inbound><set-variable name="attempt" value="@(0)" /></inbound><backend>
            <retry condition="@(context.Response.StatusCode != 200)" count="3" interval="0">
                <set-variable name="attempt" value="@((int)context.Variables["attempt"] + 1)" />
                <choose>
                    <when condition="@((int)context.Variables["attempt"] == 1)"><set-backend-service base-url="http://dead.test/openai" /></when>
                    <otherwise><set-backend-service base-url="http://alive.test/openai/" /></otherwise>
                </choose>
                <forward-request buffer-request-body="true" buffer-response="false" />
            </retry>
        </backend><outbound /><on-error />"#,
    )
    .run(|sent| {
        if sent.url.contains("dead") {
            Answer::refused()
        } else {
            Answer::status(200)
        }
    });
    let finished = service.send(post("/chat?v=1", "{}"));
    assert_eq!(finished.status, 200);
    let sent = service.sent();
    let urls: Vec<&str> = sent.iter().map(|sent| sent.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://dead.test/openai/chat?v=1",
            "http://alive.test/openai/chat?v=1"
        ]
    );
    assert_eq!(sent[0].text(), "{}");
    assert_eq!(sent[1].text(), "{}");
    assert_eq!(sent[1].header("host"), "alive.test");
    assert!(!finished.exchange.buffer_response);
}

#[test]
fn the_condition_sees_the_response_a_refused_connection_produces() {
    let service = backend(
        r#"<retry condition="@(context.Response.StatusCode == 500 && context.LastError.Reason == "BackendConnectionFailure")" count="2" interval="0"><forward-request /></retry>"#,
    )
    .run(|_| Answer::refused());
    let finished = service.get();
    assert_eq!(service.sent().len(), 3);
    assert_eq!(finished.status, 500);
    assert!(finished.body().contains("Internal server error"));
}

#[test]
fn on_request_the_response_is_null_after_a_transport_failure() {
    let service = backend(
        r#"<retry condition="@(context.Response == null)" count="2" interval="0"><forward-request /></retry>"#,
    )
    .runtime(|runtime| runtime.null_response_after_transport_failure = true)
    .run(|_| Answer::refused());
    assert_eq!(service.get().status, 500);
    assert_eq!(service.sent().len(), 3);
}

#[test]
fn a_response_returned_inside_ends_everything() {
    let service = backend(
        r#"<retry condition="@(int.Parse("x") == 1)" count="3" interval="0">
            <return-response><set-status code="204" /></return-response>
        </retry>"#,
    )
    .answering(&[200]);
    assert_eq!(service.get().status, 204);
    assert_eq!(service.sent().len(), 0);
}

#[test]
fn a_condition_that_throws_ends_the_retry() {
    let service = backend(
        r#"<retry id="again" condition="@(int.Parse("x") == 1)" count="3" interval="0"><forward-request /></retry>"#,
    )
    .answering(&[200]);
    let finished = service.get();
    assert_eq!(service.sent().len(), 1);
    assert_eq!(finished.status, 500);
    let error = finished.last_error();
    assert!(
        error.starts_with("retry|ExpressionValueEvaluationFailure|Expression evaluation failed. "),
        "{error}"
    );
    assert!(error.ends_with("|api|backend|retry[1]|again"), "{error}");
}

#[test]
fn a_count_from_an_expression_is_checked_when_it_runs() {
    let service = backend(
        r#"<retry condition="true" count="@(51)" interval="0"><forward-request /></retry>"#,
    )
    .answering(&[200]);
    let finished = service.get();
    assert_eq!(finished.status, 500);
    assert_eq!(service.sent().len(), 0);
    assert!(
        finished
            .last_error()
            .starts_with("retry|ExpressionValueEvaluationFailure|")
    );
}

#[test]
fn every_attempt_carries_the_same_body() {
    for attributes in ["", r#"buffer-request-body="true""#] {
        let service = backend(&format!(
            r#"<retry condition="@(context.Response.StatusCode >= 500)" count="3" interval="0"><forward-request {attributes} /></retry>"#
        ))
        .answering(&[500, 200]);
        let finished = service.send(post("/", "the body"));
        assert_eq!(finished.status, 200);
        let sent: Vec<String> = service.sent().iter().map(|sent| sent.text()).collect();
        assert_eq!(sent, ["the body", "the body"]);
    }
}

#[test]
fn a_body_that_was_not_kept_cannot_be_sent_twice() {
    let twice = |attributes: &str| {
        backend(&format!(
            "<forward-request {attributes} /><forward-request {attributes} />"
        ))
        .answering(&[200])
    };
    let service = twice("");
    let finished = service.send(post("/", "once"));
    assert_eq!(service.sent().len(), 1);
    assert_eq!(finished.status, 500);
    assert!(
        finished
            .last_error()
            .starts_with("forward-request|BackendConnectionFailure|the request body has been sent")
    );
    let service = twice(r#"buffer-request-body="true""#);
    assert_eq!(service.send(post("/", "twice")).status, 200);
    assert_eq!(service.sent()[1].text(), "twice");
    // A request without a body needs no keeping.
    let service = twice("");
    assert_eq!(service.get().status, 200);
    assert_eq!(service.sent().len(), 2);
}

#[test]
fn what_children_change_is_not_rolled_back() {
    let service = backend(
        r#"<retry condition="true" count="2" interval="0">
            <set-header name="x-a" exists-action="append"><value>1</value></set-header>
            <forward-request />
        </retry>"#,
    )
    .answering(&[200]);
    service.send(with_header(get("/"), "x-b", "1"));
    let sent = service.sent();
    assert_eq!(sent[2].header("x-a"), "1,1,1");
}

#[test]
fn a_success_inside_on_error_keeps_the_last_error() {
    let service = on_error(
        r#"<retry condition="@((int)context.Variables.GetValueOrDefault<int>("n") < 2)" count="5" interval="0">
            <set-variable name="n" value="@(context.Variables.GetValueOrDefault<int>("n") + 1)" />
            <choose><when condition="@((int)context.Variables["n"] == 1)"><set-variable name="w" value="@(int.Parse("y"))" /></when></choose>
        </retry>"#,
    )
    .answering(&[200]);
    let finished = service.get();
    let error = finished.last_error();
    assert!(error.starts_with("set-variable|"), "{error}");
    assert!(error.contains("|backend|set-variable[1]|"), "{error}");
}
