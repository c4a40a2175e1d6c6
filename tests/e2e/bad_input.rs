//! Bad input: each gets its clear error, nothing else suffers.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Folder, Gateway, Regions, Request, exchange, repository, tidegate};

fn started() -> (Regions, Gateway) {
    let regions = Regions::start();
    let config = repository().join("examples/challenge/variant-a");
    let gateway = Gateway::start(&config, &regions.named_values());
    (regions, gateway)
}

#[test]
fn a_missing_and_a_wrong_key_get_apims_401() {
    let (_regions, gateway) = started();
    let path = "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21";
    let missing = Request::new("POST", path).body("{}").send(gateway.address);
    assert_eq!(
        (missing.status, missing.reason.as_str()),
        (401, "Access Denied")
    );
    assert_eq!(
        missing.text(),
        "{ \"statusCode\": 401, \"message\": \"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.\" }"
    );
    assert_eq!(missing.header("content-type"), "application/json");
    assert!(
        missing
            .header("www-authenticate")
            .contains("name=\"api-key\",type=\"header\""),
        "{}",
        missing.header("www-authenticate")
    );
    let wrong = Request::new("POST", path)
        .header("api-key", "wrong")
        .body("{}")
        .send(gateway.address);
    assert_eq!(
        (wrong.status, wrong.text().as_str()),
        (
            401,
            "{ \"statusCode\": 401, \"message\": \"Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.\" }"
        )
    );
    assert_eq!(Request::chat().send(gateway.address).status, 200);
}

#[test]
fn what_matches_no_operation_gets_apims_404() {
    let (_regions, gateway) = started();
    for (method, path) in [
        ("GET", "/nowhere"),
        (
            "GET",
            "/openai/deployments/gpt-35-turbo/chat/completions?api-version=1",
        ),
        ("POST", "/openai/deployments/gpt-35-turbo/chat/completions"),
    ] {
        let answer = Request::new(method, path)
            .header("api-key", "demo-key")
            .send(gateway.address);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (
                404,
                "{ \"statusCode\": 404, \"message\": \"Resource not found\" }"
            ),
            "{method} {path}"
        );
    }
}

#[test]
fn dot_segments_lead_to_no_other_operation_than_they_say() {
    let backend = crate::backend::Backend::echo();
    let forward = crate::backend::policy("", "", "", "");
    let folder = crate::backend::one_api("dots", &format!("{}/base", backend.url()), &forward, "");
    let gateway = Gateway::start(&folder.0, &[]);
    for (path, arrives) in [
        ("/t/a/../b?x=../y", "GET /base/b?x=../y"),
        ("/t/a/%2e%2E/./b", "GET /base/b"),
        ("/x/../t/..b", "GET /base/..b"),
    ] {
        let answer = Request::new("GET", path).send(gateway.address);
        assert_eq!(answer.text().lines().next(), Some(arrives), "{path}");
    }
    for outside in ["/t/../b", "/t/%2e%2e/b"] {
        let answer = Request::new("GET", outside).send(gateway.address);
        assert_eq!(answer.status, 404, "{outside}");
    }
}

#[test]
fn invalid_json_gets_the_backends_own_answer() {
    let (_regions, gateway) = started();
    // The policy repeats until 200; its retries end soon enough to tell.
    let answer = Request::chat().body("{nonsense").send(gateway.address);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.json()["error"].is_object(), "{}", answer.text());
}

#[test]
fn an_oversized_body_gets_413() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-a");
    let config = folder.read("tidegate.yaml").replace(
        "gateway:\n",
        "gateway:\n  limits: { requestBodyBytes: 30000, bufferedBodyBytes: 10000 }\n",
    );
    folder.write("tidegate.yaml", &config);
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    // Too large to be kept for a retry, and too large altogether.
    for size in [20_000, 40_000] {
        let answer = Request::chat().body(vec![b' '; size]).send(gateway.address);
        assert_eq!(answer.status, 413, "{}", answer.text());
        assert_eq!(answer.json()["statusCode"], 413);
    }
    assert_eq!(Request::chat().send(gateway.address).status, 200);
}

#[test]
fn bytes_that_are_not_http_disturb_nobody() {
    let (_regions, gateway) = started();
    let mut idle = TcpStream::connect(gateway.address).expect("it accepts");
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\x00\xff\xfe\xfd not http at all \r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    ] {
        if let Ok(answer) = exchange(gateway.address, garbage) {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        assert_eq!(Request::chat().send(gateway.address).status, 200);
    }
    // A connection opened before is as good as ever.
    idle.write_all(&Request::chat().bytes(gateway.address))
        .expect("it still listens");
    let mut answer = String::new();
    idle.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Runs a configuration with `change` applied to a file of variant A; returns exit code and stderr.
fn run_with(file: &str, change: impl FnOnce(String) -> String) -> (Option<i32>, String) {
    let folder = Folder::copy_of("challenge/variant-a");
    folder.write(file, &change(folder.read(file)));
    let output = tidegate()
        .args(["run", "--listen", "127.0.0.1:0", "--config"])
        .arg(&folder.0)
        .output()
        .expect("tidegate runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn a_malformed_policy_keeps_the_gateway_from_starting_and_is_shown() {
    let (code, stderr) = run_with("policies/until-200.xml", |text| {
        text.replace("</retry>", "</rety>")
    });
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("until-200.xml:"), "{stderr}");
    assert!(stderr.contains("rety"), "{stderr}");
}

#[test]
fn an_unknown_named_value_is_named_with_its_place() {
    let (code, stderr) = run_with("fragments/use-backend.xml", |text| {
        text.replace("{{aoai-1-key}}", "{{aoai-1-kye}}")
    });
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("Cannot find a property 'aoai-1-kye'"),
        "{stderr}"
    );
    assert!(stderr.contains("use-backend.xml:7"), "{stderr}");
    assert!(stderr.contains("`{{aoai-1-key}}`"), "{stderr}");
}

#[test]
fn an_unknown_backend_is_named_with_its_place() {
    let (code, stderr) = run_with("policies/until-200.xml", |text| {
        text.replace(
            "<include-fragment fragment-id=\"use-backend\" />\n    </inbound>",
            "<set-backend-service backend-id=\"nobody\" />\n    </inbound>",
        )
    });
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("Backend with id 'nobody' could not be found."),
        "{stderr}"
    );
}

#[test]
fn a_csharp_error_is_shown_inside_the_policy() {
    let (code, stderr) = run_with("policies/until-200.xml", |text| {
        text.replace("new Random().Next(0, 3)", "new Random().Nxt(0, 3)")
    });
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("until-200.xml:5"), "{stderr}");
    assert!(stderr.contains("Nxt"), "{stderr}");
}

#[test]
fn no_key_is_ever_logged() {
    let regions = Regions::start();
    let config = repository().join("examples/challenge/variant-b");
    let gateway = Gateway::start(&config, &regions.named_values());
    regions.faults(
        "swedencentral",
        serde_json::json!([{"kind": "status", "status": 500}]),
    );
    for _ in 0..5 {
        Request::chat().send(gateway.address);
    }
    let metrics = Request::new("GET", "/metrics").send(gateway.admin).text();
    let output = gateway.process.output();
    for secret in regions
        .resources()
        .iter()
        .map(|resource| resource.key.expose())
        .chain(["demo-key"])
    {
        assert!(!output.contains(secret) && !metrics.contains(secret));
    }
}
