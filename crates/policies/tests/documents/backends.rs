//! `set-backend-service`, entities, pools and circuit breakers.

use std::time::Duration;

use tidegate_pipeline::Scope;
use tidegate_pipeline::testing::Answer;

use crate::support::{Service, api, backend, get, inbound};

fn hosts(service: &crate::support::Running) -> Vec<String> {
    service
        .sent()
        .iter()
        .map(|sent| sent.header("host").to_owned())
        .collect()
}

#[test]
fn base_url_and_path_are_joined_with_one_slash() {
    for base in ["https://h.test/openai/", "https://h.test/openai"] {
        let service =
            inbound(&format!(r#"<set-backend-service base-url="{base}" />"#)).answering(&[200]);
        service.send(get("/deployments/x?api-version=1"));
        assert_eq!(
            service.sent()[0].url,
            "https://h.test/openai/deployments/x?api-version=1"
        );
    }
}

#[test]
fn expressions_see_the_backends_url_and_the_clients() {
    let service = inbound(
        r#"<set-backend-service base-url="https://h.test:8443/openai" />
           <set-header name="x-url"><value>@(context.Request.Url.Host + ":" + context.Request.Url.Port + context.Request.Url.Path)</value></set-header>
           <set-header name="x-original"><value>@(context.Request.OriginalUrl.Host)</value></set-header>"#,
    )
    .answering(&[200]);
    service.send(get("/x"));
    let sent = &service.sent()[0];
    assert_eq!(sent.header("x-url"), "h.test:8443/openai/x");
    assert_eq!(sent.header("x-original"), "gateway.test");
    assert_eq!(sent.header("host"), "h.test:8443");
}

fn inherited(own: &str) -> Service {
    Service::bare()
        .policies(
            Scope::Global,
            r#"<inbound><set-backend-service backend-id="entity" /></inbound><backend><forward-request /></backend><outbound /><on-error />"#,
        )
        .policies(
            Scope::Api,
            &format!("<inbound><base />{own}</inbound><backend><base /></backend><outbound /><on-error />"),
        )
        .entity("entity", "http://entity.test")
        .entity("other", "http://other.test")
}

#[test]
fn an_inherited_backend_id_is_not_replaced_by_a_base_url() {
    let bare = r#"<set-backend-service base-url="http://bare.test" />"#;
    for (service, expected) in [
        (inherited(bare), "entity.test"),
        (
            inherited(bare).runtime(|runtime| runtime.base_url_overrides_inherited_backend = true),
            "bare.test",
        ),
        (
            inherited(r#"<set-backend-service backend-id="Other" />"#),
            "other.test",
        ),
        (
            inherited(
                r#"<set-backend-service backend-id="@("oth" + "er")" /><set-backend-service base-url="http://bare.test" />"#,
            ),
            "bare.test",
        ),
    ] {
        let service = service.answering(&[200]);
        service.get();
        assert_eq!(hosts(&service), [expected]);
    }
}

#[test]
fn the_last_statement_of_a_document_wins() {
    let service = inbound(
        r#"<set-backend-service backend-id="entity" /><set-backend-service base-url="@("http://" + "bare.test")" />"#,
    )
    .entity("entity", "http://entity.test")
    .answering(&[200]);
    service.get();
    assert_eq!(hosts(&service), ["bare.test"]);
}

#[test]
fn an_unknown_backend_from_an_expression_fails_the_request() {
    let service =
        inbound(r#"<set-backend-service backend-id="@("no" + "body")" />"#).answering(&[200]);
    let finished = service.get();
    assert_eq!(finished.status, 500);
    assert_eq!(
        finished.last_error(),
        "set-backend-service|BackendNotFound|Backend with id 'nobody' could not be found.|api|inbound|set-backend-service[1]|null"
    );
}

#[test]
fn a_relative_url_from_an_expression_fails_the_request() {
    let service =
        inbound(r#"<set-backend-service base-url="@("/open" + "ai")" />"#).answering(&[200]);
    let finished = service.get();
    assert_eq!(finished.status, 500);
    assert!(
        finished
            .last_error()
            .starts_with("set-backend-service|ExpressionValueEvaluationFailure|")
    );
}

const POOL: &str = r#"<set-backend-service backend-id="pool" />
    <retry condition="@(context.Response.StatusCode == 429 && !context.Response.StatusReason.Contains("Backend pool"))" count="2" interval="0">
        <forward-request buffer-request-body="true" />
    </retry>"#;

#[test]
fn a_pool_fails_over_to_every_member_and_then_is_exhausted() {
    let service = backend(POOL)
        .fragile("a", "http://a.test")
        .fragile("b", "http://b.test")
        .fragile("c", "http://c.test")
        .pool("pool", &[("a", 1), ("b", 1), ("c", 1)])
        .run(|_| Answer::status(429).header("retry-after", "30"));
    let finished = service.get();
    assert_eq!(finished.status, 429);
    let mut sent = hosts(&service);
    sent.sort_unstable();
    assert_eq!(sent, ["a.test", "b.test", "c.test"]);

    let finished = service.get();
    assert_eq!(service.sent().len(), 3, "nothing was sent");
    assert_eq!(finished.status, 503);
    assert_eq!(
        finished.reason,
        "Backend pool 'pool' is temporarily unavailable"
    );
    assert_eq!(finished.header("retry-after"), "30");
    assert_eq!(
        finished.last_error(),
        "forward-request|BackendConnectionFailure|Backend pool 'pool' is temporarily unavailable|api|backend|retry[1]/forward-request[1]|null"
    );

    service.world.clock.advance(Duration::from_secs(31));
    service.get();
    assert!(service.sent().len() > 3, "the members are used again");
}

#[test]
fn a_later_priority_is_used_only_when_the_first_is_open() {
    let service = backend(POOL)
        .fragile("first", "http://first.test")
        .fragile("second", "http://second.test")
        .pool("pool", &[("second", 2), ("first", 1)])
        .run(|sent| {
            Answer::status(
                if sent.url.contains("first") && sent.at < Duration::from_secs(5) {
                    429
                } else {
                    200
                },
            )
        });
    assert_eq!(service.get().status, 200);
    assert_eq!(hosts(&service), ["first.test", "second.test"]);
    service.world.clock.advance(Duration::from_secs(61));
    assert_eq!(service.get().status, 200);
    assert_eq!(hosts(&service)[2..], ["first.test"]);
}

#[test]
fn a_dead_member_of_a_pool_is_invisible() {
    let service = backend(
        r#"<set-backend-service backend-id="pool" />
           <retry condition="@(context.Response.StatusCode >= 500)" count="1" interval="0"><forward-request /></retry>"#,
    )
    .fragile("a", "http://a.test")
    .fragile("b", "http://b.test")
    .pool("pool", &[("a", 1), ("b", 1)])
    .run(|sent| {
        if sent.url.contains("a.test") {
            Answer::refused()
        } else {
            Answer::status(200)
        }
    });
    for _ in 0..4 {
        assert_eq!(service.get().status, 200);
    }
    assert_eq!(
        hosts(&service)
            .iter()
            .filter(|host| *host == "a.test")
            .count(),
        1
    );
}

#[test]
fn a_caller_with_the_pools_cookie_stays_with_its_member() {
    let service = backend(r#"<set-backend-service backend-id="pool" /><forward-request />"#)
        .fragile("a", "http://a.test")
        .fragile("b", "http://b.test")
        .pool("pool", &[("a", 1), ("b", 1)])
        .with_affinity()
        .run(|_| Answer::status(200).header("set-cookie", "own=1"));
    let cookies = service.get().headers("set-cookie");
    assert_eq!(cookies[0], "own=1");
    let affinity = cookies[1].clone();
    assert!(affinity.starts_with("SessionId="), "{affinity}");
    assert!(affinity.ends_with("; Path=/; HttpOnly"), "{affinity}");
    let pair = affinity.split(';').next().unwrap_or_default().to_owned();
    for _ in 0..3 {
        let mut request = get("/");
        let cookie = http::HeaderValue::from_str(&format!("x=1; {pair}")).unwrap();
        request.headers.insert(http::header::COOKIE, cookie);
        let finished = service.send(request);
        assert_eq!(finished.headers("set-cookie"), ["own=1"]);
    }
    assert!(hosts(&service).windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_single_backend_rests_after_a_failure() {
    let service = inbound(r#"<set-backend-service backend-id="a" />"#)
        .fragile("a", "http://a.test")
        .answering(&[500]);
    assert_eq!(service.get().status, 500);
    let finished = service.get();
    assert_eq!(finished.status, 503);
    assert_eq!(finished.reason, "Backend 'a' is temporarily unavailable");
    assert_eq!(finished.header("retry-after"), "60");
    assert_eq!(service.sent().len(), 1);
    assert!(finished.body().contains("\"statusCode\": 503"));
}

#[test]
fn without_a_backend_the_request_fails() {
    let service =
        api("<inbound /><backend><base /></backend><outbound /><on-error />").answering(&[200]);
    let finished = service.send_prepared(get("/"), |exchange| {
        exchange.backend = tidegate_pipeline::CurrentBackend::none();
    });
    assert_eq!(finished.status, 500);
    assert!(
        finished
            .last_error()
            .starts_with("forward-request|BackendConnectionFailure|the request has no backend")
    );
}
