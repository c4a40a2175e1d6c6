//! `forward-request`: what is sent, what comes back, and what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tidegate_balancing::{AffinityKey, BackendConfig, BackendRegistry, RegistryConfig};
use tidegate_pipeline::testing::Answer;
use tidegate_pipeline::{
    Backend, BackendKind, Backends, Credentials, HttpVersion, KeyLocation, SingleBackend, Target,
    TlsOptions, TransportErrorKind,
};

use crate::support::{Service, api, backend, get, inbound, post, with_header};

#[test]
fn the_request_goes_out_as_policies_left_it() {
    let service = backend("<forward-request />").answering(&[200]);
    let request = with_header(post("/chat?a=1&b=%20", "{}"), "x-client", "1");
    let request = with_header(request, "connection", "close, x-hop");
    let request = with_header(request, "x-hop", "1");
    let request = with_header(request, "te", "trailers");
    service.send(request);
    let sent = &service.sent()[0];
    assert_eq!(sent.url, "http://backend.test/base/chat?a=1&b=%20");
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.text(), "{}");
    assert_eq!(sent.header("host"), "backend.test");
    assert_eq!(sent.header("x-client"), "1");
    for gone in ["connection", "x-hop", "te"] {
        assert_eq!(sent.header(gone), "", "{gone}");
    }
    assert_eq!(sent.timeout, Some(Duration::from_secs(300)));
    assert_eq!(sent.continue_timeout, None);
    assert_eq!(sent.http_version, HttpVersion::One);
}

#[test]
fn attributes_reach_the_upstream() {
    let service = backend(
        r#"<forward-request timeout="@(20 + 1)" continue-timeout="2" http-version="2or1" buffer-response="false" />"#,
    )
    .answering(&[200]);
    let finished = service.get();
    let sent = &service.sent()[0];
    assert_eq!(sent.timeout, Some(Duration::from_secs(21)));
    assert_eq!(sent.continue_timeout, Some(Duration::from_secs(2)));
    assert_eq!(sent.http_version, HttpVersion::TwoOrOne);
    assert!(!finished.exchange.buffer_response);
    for (attributes, timeout) in [
        (r#"timeout-ms="250""#, Some(Duration::from_millis(250))),
        (r#"timeout="0""#, None),
    ] {
        let service = backend(&format!("<forward-request {attributes} />")).answering(&[200]);
        assert!(service.get().exchange.buffer_response);
        assert_eq!(service.sent()[0].timeout, timeout);
    }
}

#[test]
fn a_response_streams_through_untouched() {
    let service = backend("<forward-request />").run(|_| {
        Answer::status(200)
            .header("connection", "keep-alive")
            .header("x-backend", "1")
            .body("one ")
            .body_after(Duration::from_secs(1), "two")
    });
    let finished = service.get();
    assert_eq!(finished.body(), "one two");
    assert_eq!(finished.header("x-backend"), "1");
    assert_eq!(finished.header("connection"), "");
}

#[test]
fn a_host_set_by_policy_is_sent_and_one_that_was_skipped_is_not() {
    for (action, expected) in [("override", "other.test"), ("skip", "backend.test")] {
        let service = inbound(&format!(
            r#"<set-header name="Host" exists-action="{action}"><value>other.test</value></set-header>"#
        ))
        .answering(&[200]);
        service.get();
        assert_eq!(service.sent()[0].header("host"), expected);
    }
}

#[test]
fn failures_name_their_reason() {
    for (kind, expected, status) in [
        (TransportErrorKind::Connect, "BackendConnectionFailure", 500),
        (TransportErrorKind::Reset, "BackendConnectionFailure", 500),
        (TransportErrorKind::Timeout, "Timeout", 500),
        (
            TransportErrorKind::RequestTooLarge,
            "RequestBodyTooLarge",
            413,
        ),
        (
            TransportErrorKind::RequestBody,
            "ClientConnectionFailure",
            400,
        ),
    ] {
        let service = backend("<forward-request />").run(move |_| Answer::failure(kind, "words"));
        let finished = service.get();
        assert_eq!(finished.status, status);
        assert_eq!(
            finished.last_error(),
            format!("forward-request|{expected}|words|api|backend|forward-request[1]|null")
        );
    }
}

#[test]
fn error_statuses_can_be_made_failures_and_keep_the_backends_answer() {
    let service = api(
        r#"<inbound /><backend><forward-request fail-on-error-status-code="true" /></backend>
           <outbound><set-header name="x-outbound"><value>ran</value></set-header></outbound>
           <on-error><set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header></on-error>"#,
    )
    .run(|_| Answer::status(404).header("x-backend", "1").body("not here"));
    let finished = service.get();
    assert_eq!(finished.status, 404);
    assert_eq!(finished.body(), "not here");
    assert_eq!(finished.header("x-backend"), "1");
    assert_eq!(finished.header("x-reason"), "BackendErrorStatusCode");
    assert_eq!(finished.header("x-outbound"), "");
}

#[test]
fn redirects_are_followed_only_on_request() {
    let script = |sent: &tidegate_pipeline::testing::Sent| match sent.url.as_str() {
        "http://backend.test/base/old" => Answer::status(302).header("location", "../new?x=1"),
        "http://backend.test/base/away" => {
            Answer::status(307).header("location", "http://elsewhere.test/here")
        }
        "https://safe.test/" => Answer::status(301).header("location", "http://unsafe.test/"),
        _ => Answer::status(200),
    };
    let service = backend("<forward-request />").run(script);
    assert_eq!(service.send(get("/old")).status, 302);

    let following = || {
        backend(r#"<forward-request follow-redirects="true" buffer-request-body="true" />"#)
            .run(script)
    };
    let service = following();
    assert_eq!(service.send(post("/old", "body")).status, 200);
    let sent = service.sent();
    assert_eq!(sent[1].url, "http://backend.test/new?x=1");
    assert_eq!(sent[1].method, "GET");
    assert_eq!(sent[1].body, None);

    let service = following();
    let request = with_header(post("/away", "body"), "authorization", "secret");
    assert_eq!(service.send(request).status, 200);
    let sent = service.sent();
    assert_eq!(sent[1].url, "http://elsewhere.test/here");
    assert_eq!(sent[1].method, "POST");
    assert_eq!(sent[1].text(), "body");
    assert_eq!(sent[0].header("authorization"), "secret");
    assert_eq!(sent[1].header("authorization"), "");
    assert_eq!(sent[1].header("host"), "elsewhere.test");

    let service = backend(
        r#"<set-backend-service base-url="https://safe.test" /><forward-request follow-redirects="true" />"#,
    )
    .run(script);
    assert_eq!(service.send(get("/")).status, 301);
}

#[test]
fn a_body_larger_than_the_limit_gets_413() {
    let service = backend(r#"<forward-request buffer-request-body="true" />"#)
        .runtime(|runtime| runtime.limits.request_buffer = 4)
        .answering(&[200]);
    let finished = service.send(post("/", "12345"));
    assert_eq!(finished.status, 413);
    assert!(finished.body().contains("Request body is too large."));
    assert_eq!(service.sent().len(), 0);
    assert_eq!(service.send(post("/", "1234")).status, 200);
}

#[test]
fn a_request_that_cannot_be_read_is_not_retried() {
    let service = backend(
        r#"<retry condition="@(context.Response.StatusCode != 200)" count="3" interval="1"><forward-request /></retry>"#,
    )
    .runtime(|runtime| runtime.limits.request_buffer = 4)
    .answering(&[200]);
    let finished = service.send(post("/", "12345"));
    assert_eq!(finished.status, 413);
    assert!(
        finished
            .last_error()
            .starts_with("forward-request|RequestBodyTooLarge|"),
        "{}",
        finished.last_error()
    );
    assert_eq!(service.sent().len(), 0);
}

#[test]
fn an_empty_backend_section_forwards_nothing() {
    let service = api(
        r#"<inbound /><backend /><outbound><set-header name="x"><value>@(context.Response.StatusCode.ToString())</value></set-header></outbound><on-error />"#,
    )
    .answering(&[500]);
    let finished = service.get();
    assert_eq!(service.sent().len(), 0);
    assert_eq!(finished.status, 200);
    assert_eq!(finished.header("x"), "200");
    assert_eq!(finished.body(), "");
}

/// The service with backend `a`, whose credentials are a header of this name and a query parameter.
fn with_credentials(service: Service, header: &'static str) -> Service {
    let registry = Arc::new(
        BackendRegistry::new(
            RegistryConfig {
                backends: vec![BackendConfig::new("a", "http://a.test")],
                pools: Vec::new(),
                affinity_key: AffinityKey::new([1; 32]),
            },
            Arc::new(()),
        )
        .unwrap(),
    );
    let state = registry.backend("a").unwrap().clone();
    service.runtime(move |runtime| {
        let entity = Arc::new(Backend {
            id: "a".into(),
            kind: BackendKind::Single(SingleBackend {
                target: Arc::new(
                    Target::parse("http://a.test/openai", TlsOptions::default(), None).unwrap(),
                ),
                credentials: Credentials {
                    headers: vec![(
                        HeaderName::from_static(header),
                        vec![HeaderValue::from_static("backend-key")],
                    )],
                    query: vec![("code".into(), "1".into())],
                },
                state: state.clone(),
            }),
        });
        runtime.backends = Backends::new(registry.clone(), [entity]);
    })
}

#[test]
fn credentials_of_an_entity_replace_what_the_client_sent() {
    let service = inbound(r#"<set-backend-service backend-id="a" />"#);
    let service = with_credentials(service, "api-key").answering(&[200]);
    service.send(with_header(get("/x?Code=own&y=2"), "api-key", "client-key"));
    let sent = &service.sent()[0];
    assert_eq!(sent.header("api-key"), "backend-key");
    assert_eq!(sent.url, "http://a.test/openai/x?y=2&code=1");
}

#[test]
fn no_secret_follows_a_redirect_to_another_origin() {
    let service = backend(
        r#"<set-backend-service backend-id="a" /><forward-request follow-redirects="true" />"#,
    );
    let service = with_credentials(service, "x-functions-key").run(|sent| match &*sent.url {
        "http://a.test/openai/near?code=1" => {
            Answer::status(302).header("location", "/far?u=b://c")
        }
        "http://a.test/far?u=b://c" => {
            Answer::status(302).header("location", "http://elsewhere.test/")
        }
        _ => Answer::status(200),
    });
    let request = with_header(get("/near"), "x-client-key", "client-key");
    let request = with_header(request, "x-other", "1");
    service.send_prepared(request, |exchange| {
        exchange.key_location = Some(KeyLocation::Header("X-Client-Key".into()));
    });
    let sent = service.sent();
    let seen = |hop: usize| {
        ["x-functions-key", "x-client-key", "x-other"].map(|name| sent[hop].header(name).to_owned())
    };
    assert_eq!(seen(0), ["backend-key", "client-key", "1"]);
    assert_eq!(seen(1), ["backend-key", "client-key", "1"]);
    assert_eq!(sent[2].url, "http://elsewhere.test/");
    assert_eq!(seen(2), ["", "", "1"]);
}

#[test]
fn a_redirected_request_without_body_tells_no_length() {
    let service = backend(
        r#"<forward-request follow-redirects="true" buffer-request-body="true" />"#,
    )
    .run(|sent| match sent.method.as_str() {
        "POST" => Answer::status(303).header("location", "/done"),
        _ => Answer::status(200),
    });
    let request = with_header(post("/", "body"), "content-length", "4");
    assert_eq!(service.send(request).status, 200);
    let sent = service.sent();
    assert_eq!(sent[0].header("content-length"), "4");
    assert_eq!(sent[1].header("content-length"), "");
}

#[test]
fn null_stands_for_an_optional_attribute_that_is_absent() {
    let none = "@((string)null)";
    let service = api(&format!(
        r#"<inbound><set-header name="x" exists-action="{none}"><value>1</value></set-header>
             <rewrite-uri template="/r" copy-unmatched-params="{none}" />
             <send-request mode="{none}" timeout="{none}" response-variable-name="{none}"><set-url>http://other.test/</set-url></send-request></inbound>
           <backend><retry condition="@(context.Response.StatusCode == 500)" count="1" interval="0" delta="{none}" max-interval="{none}" first-fast-retry="{none}">
             <forward-request timeout="{none}" continue-timeout="{none}" follow-redirects="{none}" />
           </retry></backend><outbound /><on-error />"#
    ))
    .run(|_| Answer::status(200));
    let finished = service.send(get("/?a=1"));
    assert_eq!(finished.status, 200, "{}", finished.last_error());
    let sent = &service.sent()[1];
    assert_eq!(sent.url, "http://backend.test/base/r?a=1");
    assert_eq!(sent.header("x"), "1");
    assert_eq!(sent.timeout, Some(Duration::from_secs(300)));
    assert_eq!(sent.continue_timeout, None);
}

#[test]
fn the_subscription_key_is_stripped_on_request() {
    for (strip, header, url) in [
        (
            false,
            "k",
            "http://backend.test/base/x?subscription-key=k&y=1",
        ),
        (true, "", "http://backend.test/base/x?y=1"),
    ] {
        let service = backend("<forward-request />")
            .runtime(move |runtime| runtime.always_strip_subscription_key = strip)
            .answering(&[200]);
        service.send_prepared(with_header(get("/x"), "api-key", "k"), |exchange| {
            exchange.key_location = Some(KeyLocation::Header("Api-Key".into()));
        });
        service.send_prepared(get("/x?subscription-key=k&y=1"), |exchange| {
            exchange.key_location = Some(KeyLocation::Query("subscription-key".into()));
        });
        let sent = service.sent();
        assert_eq!(sent[0].header("api-key"), header);
        assert_eq!(sent[1].url, url);
    }
}
