//! The challenge: POST operations for Completions, Chat Completions and Embeddings of three Azure OpenAI resources behind
//! one endpoint, balanced and failed over by policy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Folder, Gateway, Regions, Request, python, repository};

fn example(variant: &str) -> std::path::PathBuf {
    repository().join("examples/challenge").join(variant)
}

fn chat(gateway: &Gateway) {
    let answer = Request::chat().send(gateway.address);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Whole and streamed chats, completions and embeddings, three of each.
fn sdk_is_served(gateway: &Gateway) {
    let printed = python("sdk.py", &[&gateway.url(), "demo-key", "3"]);
    let result: Value = serde_json::from_str(&printed).expect("one line of JSON");
    assert_eq!(
        result,
        json!({"chat": 3, "stream": 3, "completions": 3, "embeddings": 3})
    );
}

fn sdk_works(variant: &str) {
    let regions = Regions::start();
    let gateway = Gateway::start(&example(variant), &regions.named_values());
    sdk_is_served(&gateway);
}

#[test]
fn variant_a_serves_the_stock_sdk() {
    sdk_works("variant-a");
}

#[test]
fn variant_b_serves_the_stock_sdk() {
    sdk_works("variant-b");
}

#[test]
fn variant_c_serves_the_stock_sdk() {
    sdk_works("variant-c");
}

/// A region fails, and the client sees none of it.
fn sdk_works_without_a_region(variant: &str, fault: Value) {
    let regions = Regions::start();
    let gateway = Gateway::start(&example(variant), &regions.named_values());
    regions.faults("swedencentral", json!([fault]));
    sdk_is_served(&gateway);
}

#[test]
fn the_stock_sdk_does_not_notice_a_refusing_region_behind_variant_a() {
    sdk_works_without_a_region("variant-a", json!({"kind": "refuse"}));
}

#[test]
fn the_stock_sdk_does_not_notice_a_region_behind_variant_b_that_answers_garbage() {
    sdk_works_without_a_region("variant-b", json!({"kind": "garbage"}));
}

#[test]
fn the_stock_sdk_does_not_notice_a_throttling_region_behind_variant_c() {
    sdk_works_without_a_region(
        "variant-c",
        json!({"kind": "throttle", "retryAfterSeconds": 60}),
    );
}

#[test]
fn variant_a_spreads_requests_evenly() {
    let regions = Regions::start();
    let gateway = Gateway::start(&example("variant-a"), &regions.named_values());
    for _ in 0..300 {
        chat(&gateway);
    }
    let counts = regions.requests();
    assert_eq!(counts.iter().sum::<u64>(), 300);
    // Binomial with n = 300, p = 1/3: five standard deviations are 41.
    for count in &counts {
        assert!((59..=141).contains(count), "{counts:?}");
    }
}

#[test]
fn the_second_document_of_variant_a_moves_on_at_300_and_above() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-a");
    let config = folder.read("tidegate.yaml").replace(
        "policy: policies/until-200.xml",
        "policy: policies/while-300-or-more.xml",
    );
    folder.write("tidegate.yaml", &config);
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    regions.faults("eastus", json!([{"kind": "status", "status": 302}]));
    for _ in 0..30 {
        chat(&gateway);
    }
}

#[test]
fn variant_b_prefers_the_first_priority_and_shares_the_second_by_weight() {
    let regions = Regions::start();
    let gateway = Gateway::start(&example("variant-b"), &regions.named_values());
    for _ in 0..20 {
        chat(&gateway);
    }
    assert_eq!(regions.requests(), [20, 0, 0]);
    regions.reset();
    regions.faults(
        "swedencentral",
        json!([{"kind": "throttle", "retryAfterSeconds": 600}]),
    );
    for _ in 0..80 {
        chat(&gateway);
    }
    let counts = regions.requests();
    // One request finds out; its circuit then stays open for the ten minutes the region asked for.
    assert_eq!(counts[0], 1, "{counts:?}");
    // Workers share the pool's state, so the weights hold exactly: 3 to 1.
    assert_eq!(counts[1..], [60, 20], "{counts:?}");
}

#[test]
fn variant_c_prefers_priority_one_and_remembers_who_asked_to_be_left_alone() {
    let regions = Regions::start();
    let gateway = Gateway::start(&example("variant-c"), &regions.named_values());
    for _ in 0..100 {
        chat(&gateway);
    }
    let counts = regions.requests();
    assert_eq!(counts[2], 0, "{counts:?}");
    // Binomial with n = 100, p = 1/2: five standard deviations are 25.
    assert!((25..=75).contains(&counts[0]), "{counts:?}");
    regions.reset();
    for region in ["swedencentral", "eastus"] {
        regions.faults(
            region,
            json!([{"kind": "throttle", "retryAfterSeconds": 600}]),
        );
    }
    for _ in 0..40 {
        chat(&gateway);
    }
    let counts = regions.requests();
    assert_eq!(counts[2], 40, "{counts:?}");
    // Each throttled region was asked by the request that found out, and by none afterwards.
    assert!(counts[0] <= 1 && counts[1] <= 1, "{counts:?}");
}

/// Sends requests from several clients while `fault` strikes a region; every answer must be 200. Then the region returns
/// and must be used again.
fn survives(variant: &str, fault: Value) {
    let regions = Regions::start();
    let folder = Folder::copy_of(&format!("challenge/{variant}"));
    // A backend that hangs is given up after a second, and circuits close soon, so that the test need not wait.
    for path in [
        "policies/until-200.xml",
        "policies/pool.xml",
        "policies/remembered-retry-after.xml",
    ] {
        if folder.0.join(path).exists() {
            let text = folder
                .read(path)
                .replace("<forward-request ", "<forward-request timeout=\"1\" ");
            folder.write(path, &text);
        }
    }
    let config = folder
        .read("tidegate.yaml")
        .replace("tripDuration: PT10S", "tripDuration: PT1S");
    folder.write("tidegate.yaml", &config);
    let gateway = Arc::new(Gateway::start(&folder.0, &regions.named_values()));
    let done = Arc::new(AtomicUsize::new(0));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (gateway, done, failures) = (gateway.clone(), done.clone(), failures.clone());
            std::thread::spawn(move || {
                for _ in 0..15 {
                    match Request::chat().try_send(gateway.address) {
                        Ok(answer) if answer.status == 200 => {}
                        Ok(answer) => failures.lock().expect("no client panics").push(format!(
                            "{} {}",
                            answer.status,
                            answer.text()
                        )),
                        Err(error) => failures
                            .lock()
                            .expect("no client panics")
                            .push(error.to_string()),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while done.load(Ordering::Relaxed) < 20 {
        std::thread::yield_now();
    }
    regions.faults("swedencentral", json!([fault]));
    for client in clients {
        client.join().expect("the client ends");
    }
    let failures = failures.lock().expect("no client panics");
    assert!(failures.is_empty(), "{variant}: {failures:?}");

    regions.reset();
    let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
    while regions.requests()[0] == 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "the region is not used again"
        );
        chat(&gateway);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

macro_rules! survival {
    ($($name:ident: $variant:literal, $fault:tt;)+) => {
        $(#[test]
        fn $name() {
            survives($variant, json!($fault));
        })+
    };
}

survival! {
    variant_a_survives_a_refusing_region: "variant-a", {"kind": "refuse"};
    variant_a_survives_a_hanging_region: "variant-a", {"kind": "hang"};
    variant_a_survives_a_failing_region: "variant-a", {"kind": "status", "status": 500};
    variant_a_survives_a_throttling_region: "variant-a", {"kind": "throttle", "retryAfterSeconds": 1};
    variant_a_survives_a_region_that_cuts_connections: "variant-a", {"kind": "cut"};
    variant_b_survives_a_refusing_region: "variant-b", {"kind": "refuse"};
    variant_b_survives_a_hanging_region: "variant-b", {"kind": "hang"};
    variant_b_survives_a_failing_region: "variant-b", {"kind": "status", "status": 500};
    variant_b_survives_a_throttling_region: "variant-b", {"kind": "throttle", "retryAfterSeconds": 1};
    variant_b_survives_a_region_that_cuts_connections: "variant-b", {"kind": "cut"};
    variant_c_survives_a_refusing_region: "variant-c", {"kind": "refuse"};
    variant_c_survives_a_failing_region: "variant-c", {"kind": "status", "status": 500};
    variant_c_survives_a_hanging_region: "variant-c", {"kind": "hang"};
    variant_c_survives_a_throttling_region: "variant-c", {"kind": "throttle", "retryAfterSeconds": 1};
    variant_c_survives_a_region_that_cuts_connections: "variant-c", {"kind": "cut"};
}

#[test]
fn an_exhausted_pool_answers_429_with_retry_after() {
    let regions = Regions::start();
    let gateway = Gateway::start(&example("variant-b"), &regions.named_values());
    for region in ["swedencentral", "eastus", "australiaeast"] {
        regions.faults(
            region,
            json!([{"kind": "throttle", "retryAfterSeconds": 30}]),
        );
    }
    // The first request tries all three; afterwards all circuits are open.
    let first = Request::chat().send(gateway.address);
    assert_eq!(first.status, 429, "{}", first.text());
    let second = Request::chat().send(gateway.address);
    assert_eq!(second.status, 429, "{}", second.text());
    let wait: u64 = second.header("retry-after").parse().expect("whole seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(regions.requests(), [1, 1, 1]);
}

#[test]
fn a_stream_that_breaks_never_looks_whole() {
    let regions = Regions::start();
    let gateway = Gateway::start(&example("variant-a"), &regions.named_values());
    for region in ["swedencentral", "eastus", "australiaeast"] {
        regions.faults(region, json!([{"kind": "cutStream", "afterChunks": 3}]));
    }
    let request = Request::chat()
        .body(r#"{"messages":[{"role":"user","content":"Hello"}],"max_tokens":30,"stream":true}"#);
    let broken = request.try_send(gateway.address);
    assert!(broken.is_err(), "{broken:?}");
}
