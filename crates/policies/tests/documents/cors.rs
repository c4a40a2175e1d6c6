//! `cors`: actual requests and preflights.

use tidegate_pipeline::{Request, Scope};

use crate::support::{Finished, Running, Service, api, get, inbound, post, with_header};

const CORS: &str = r#"<cors>
    <allowed-origins><origin>https://app.test</origin><origin>http://localhost:3000/</origin></allowed-origins>
    <allowed-methods preflight-result-max-age="300"><method>PUT</method><method>@("DELETE")</method></allowed-methods>
    <allowed-headers><header>Content-Type</header><header>x-custom</header></allowed-headers>
    <expose-headers><header>x-one</header><header>x-two</header></expose-headers>
</cors>"#;

fn from(request: Request, origin: &'static str) -> Request {
    with_header(request, "origin", origin)
}

#[test]
fn an_allowed_origin_is_told_so_in_whatever_is_answered() {
    for origin in [
        "https://app.test",
        "https://app.test:443",
        "HTTPS://APP.test",
    ] {
        let finished = inbound(CORS).answering(&[404]).send(from(get("/"), origin));
        assert_eq!(finished.status, 404);
        assert_eq!(finished.header("access-control-allow-origin"), origin);
        assert_eq!(
            finished.header("access-control-expose-headers"),
            "x-one, x-two"
        );
        assert_eq!(finished.header("access-control-allow-credentials"), "");
        assert_eq!(finished.header("vary"), "Origin");
    }
    let failing =
        format!(r#"{CORS}<set-variable name="v" value="@(context.Request.Headers["none"][0])" />"#);
    let returning = format!("{CORS}<return-response />");
    for (statements, status) in [(failing, 500), (returning, 200)] {
        let finished = inbound(&statements)
            .answering(&[200])
            .send(from(get("/"), "http://localhost:3000"));
        assert_eq!(finished.status, status);
        assert_eq!(
            finished.header("access-control-allow-origin"),
            "http://localhost:3000"
        );
    }
}

#[test]
fn another_origin_gets_an_empty_200_for_reads() {
    let service = inbound(CORS).answering(&[404]);
    let finished = service.send(from(get("/"), "https://evil.test"));
    assert_eq!((finished.status, finished.body().as_str()), (200, ""));
    assert_eq!(finished.header("access-control-allow-origin"), "");
    assert_eq!(service.sent().len(), 0);
    // Writes go on, without the headers.
    let finished = service.send(from(post("/", ""), "https://evil.test"));
    assert_eq!(finished.status, 404);
    assert_eq!(finished.header("access-control-allow-origin"), "");

    let lenient = CORS.replace("<cors>", r#"<cors terminate-unmatched-request="@(false)">"#);
    let service = inbound(&lenient).answering(&[404]);
    let finished = service.send(from(get("/"), "https://evil.test"));
    assert_eq!(finished.status, 404);
    assert_eq!(finished.header("access-control-allow-origin"), "");
}

#[test]
fn a_request_without_origin_is_left_alone() {
    let finished = inbound(CORS).answering(&[404]).get();
    assert_eq!(finished.status, 404);
    assert_eq!(finished.header("vary"), "");
}

#[test]
fn any_origin_is_a_star_unless_credentials_are_allowed() {
    let any = |attributes: &str| {
        inbound(&format!(
            r#"<cors {attributes}><allowed-origins><origin>*</origin></allowed-origins></cors>"#
        ))
        .answering(&[200])
    };
    let finished = any("").send(from(get("/"), "null"));
    assert_eq!(finished.header("access-control-allow-origin"), "*");
    assert_eq!(finished.header("vary"), "");
    let finished = any(r#"allow-credentials="true""#).send(from(get("/"), "https://a.test"));
    assert_eq!(
        finished.header("access-control-allow-origin"),
        "https://a.test"
    );
    assert_eq!(finished.header("access-control-allow-credentials"), "true");
}

#[test]
fn the_first_policy_that_matches_counts() {
    let service = Service::bare()
        .policies(
            Scope::Global,
            r#"<inbound><cors><allowed-origins><origin>*</origin></allowed-origins></cors></inbound><backend><forward-request /></backend>"#,
        )
        .policies(
            Scope::Api,
            &format!("<inbound>{CORS}<base /></inbound><backend><base /></backend>"),
        )
        .answering(&[200]);
    let finished = service.send(from(get("/"), "https://app.test"));
    assert_eq!(
        finished.headers("access-control-allow-origin"),
        ["https://app.test"]
    );
}

/// The answer to a preflight; status 0 when no policy takes part.
fn preflight(
    service: &Running,
    origin: &'static str,
    method: &'static str,
    headers: &'static str,
) -> Answered {
    let mut request = from(get("/"), origin);
    request.method = http::Method::OPTIONS;
    let mut request = with_header(request, "access-control-request-method", method);
    if !headers.is_empty() {
        request = with_header(request, "access-control-request-headers", headers);
    }
    let mut exchange = service.world.exchange(request);
    let any = service.program.run_preflight(&mut exchange).unwrap();
    exchange.finish();
    let response = exchange.response.unwrap();
    Answered {
        status: if any { response.status } else { 0 },
        headers: response
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("access-control"))
            .map(|(name, value)| {
                let name = name.as_str().trim_start_matches("access-control-");
                format!("{name}={}", value.to_str().unwrap())
            })
            .collect(),
    }
}

#[derive(Debug)]
struct Answered {
    status: u16,
    headers: Vec<String>,
}

#[test]
fn a_preflight_is_answered_by_the_policy_alone() {
    let failing =
        format!(r#"<set-variable name="v" value="@(context.Request.Headers["none"][0])" />{CORS}"#);
    let service = inbound(&failing).answering(&[500]);
    let answered = preflight(
        &service,
        "https://app.test",
        "PUT",
        "content-type,X-Custom, accept",
    );
    assert_eq!(answered.status, 200);
    assert_eq!(
        answered.headers,
        [
            "allow-origin=https://app.test",
            "allow-methods=PUT, DELETE",
            "allow-headers=content-type, x-custom",
            "max-age=300",
        ]
    );
    assert_eq!(service.sent().len(), 0);
    // GET and POST need no permission.
    let answered = preflight(&service, "https://app.test", "POST", "");
    assert_eq!(answered.headers.len(), 4);
}

#[test]
fn a_preflight_that_is_not_allowed_gets_an_empty_200() {
    let service = inbound(CORS).answering(&[500]);
    for (origin, method, headers) in [
        ("https://evil.test", "PUT", ""),
        ("https://app.test", "PATCH", ""),
        ("https://app.test", "PUT", "x-other"),
    ] {
        let answered = preflight(&service, origin, method, headers);
        assert_eq!(
            (answered.status, answered.headers.len()),
            (200, 0),
            "{answered:?}"
        );
    }
}

#[test]
fn stars_allow_every_method_and_header() {
    let service = inbound(
        r#"<cors allow-credentials="true"><allowed-origins><origin>*</origin></allowed-origins>
             <allowed-methods><method>*</method></allowed-methods><allowed-headers><header>*</header></allowed-headers></cors>"#,
    )
    .answering(&[500]);
    let answered = preflight(&service, "https://a.test", "PATCH", "x-a, x-b");
    assert_eq!(
        answered.headers,
        [
            "allow-origin=https://a.test",
            "allow-credentials=true",
            "allow-methods=PATCH",
            "allow-headers=x-a, x-b",
        ]
    );
}

#[test]
fn standard_methods_may_be_written_in_any_case() {
    let service = inbound(
        r#"<cors><allowed-origins><origin>*</origin></allowed-origins>
             <allowed-methods><method>put</method><method>Odd</method></allowed-methods></cors>"#,
    )
    .answering(&[500]);
    for method in ["PUT", "Odd"] {
        let answered = preflight(&service, "https://a.test", method, "");
        assert!(
            answered.headers.contains(&"allow-methods=PUT, Odd".into()),
            "{answered:?}"
        );
    }
    assert!(
        preflight(&service, "https://a.test", "odd", "")
            .headers
            .is_empty()
    );
}

#[test]
fn a_lenient_policy_leaves_a_preflight_to_the_next() {
    let lenient = r#"<cors terminate-unmatched-request="false"><allowed-origins><origin>https://first.test</origin></allowed-origins></cors>"#;
    let service = Service::bare()
        .policies(
            Scope::Global,
            r#"<inbound><include-fragment fragment-id="cors" /></inbound><backend><forward-request /></backend>"#,
        )
        .policies(
            Scope::Api,
            &format!("<inbound>{lenient}<base /></inbound><backend><base /></backend>"),
        )
        .fragment("cors", CORS)
        .answering(&[200]);
    let answered = preflight(&service, "https://app.test", "PUT", "");
    assert_eq!(answered.headers[0], "allow-origin=https://app.test");
    let answered = preflight(&service, "https://evil.test", "PUT", "");
    assert_eq!((answered.status, answered.headers.len()), (200, 0));
}

#[test]
fn without_a_policy_nobody_answers_a_preflight() {
    let service = api("<inbound /><backend><base /></backend>").answering(&[200]);
    assert_eq!(preflight(&service, "https://app.test", "PUT", "").status, 0);
}

#[test]
fn a_matching_origin_reaches_the_backend() {
    let service = inbound(CORS).answering(&[200]);
    let finished: Finished = service.send(from(get("/"), "https://app.test"));
    assert_eq!(finished.status, 200);
    assert_eq!(service.sent().len(), 1);
}
