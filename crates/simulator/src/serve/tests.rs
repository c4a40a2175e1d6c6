//! Behaviour of a resource, in virtual time and without sockets.

use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidegate_openai::watch::StreamWatcher;

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::config::{
    DeploymentConfig, FilterMode, HeaderStyle, LatencyConfig, SimulatorConfig, Sku,
};
use crate::fault::{FaultAction, FaultRule, Garbage, ThrottleCause, Wait};

struct Bench {
    core: Arc<Core>,
    clock: VirtualClock,
}

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    /// The body ended by a cut.
    cut: bool,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{:?}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn events(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        assert!(!text.contains('\r'));
        text.split_terminator("\n\n")
            .map(|event| event.strip_prefix("data: ").unwrap())
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }
}

const CHAT: &str = "/openai/deployments/chat/chat/completions";

impl Bench {
    fn new(change: impl FnOnce(&mut SimulatorConfig)) -> Self {
        Self::with_clock(VirtualClock::auto(), change)
    }

    fn with_clock(clock: VirtualClock, change: impl FnOnce(&mut SimulatorConfig)) -> Self {
        let mut config = SimulatorConfig::three_regions();
        config.latency = LatencyConfig::zero();
        config.resources.truncate(1);
        config.resources[0].deployments = vec![
            DeploymentConfig {
                tpm: Some(60_000),
                ..DeploymentConfig::new("chat", "gpt-35-turbo")
            },
            DeploymentConfig {
                tpm: Some(600_000),
                ..DeploymentConfig::new("new", "gpt-4o")
            },
            DeploymentConfig {
                tpm: Some(600_000),
                ..DeploymentConfig::new("ada", "text-embedding-ada-002")
            },
            DeploymentConfig {
                tpm: Some(600_000),
                ..DeploymentConfig::new("small", "text-embedding-3-small")
            },
        ];
        change(&mut config);
        Self {
            core: Arc::new(Core::new(config, Arc::new(clock.clone())).unwrap()),
            clock,
        }
    }

    fn resource(&self) -> &Arc<Resource> {
        &self.core.resources[0]
    }

    fn key(&self) -> &str {
        self.resource().keys[0].expose()
    }

    fn call(&self, path: &str, body: &str) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert("api-key", HeaderValue::from_str(self.key()).unwrap());
        let (path, query) = path
            .split_once('?')
            .unwrap_or((path, "api-version=2024-10-21"));
        Call {
            method: Method::POST,
            path: path.to_owned(),
            query: Some(query.to_owned()),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    async fn send(&self, call: Call) -> Got {
        match serve(&self.core, self.resource(), call).await {
            Reply::Answer(response) => {
                let (parts, mut body) = response.into_parts();
                let (mut bytes, mut cut) = (Vec::new(), false);
                while let Some(frame) = body.frame().await {
                    match frame {
                        Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
                        Err(_) => cut = true,
                    }
                }
                Got {
                    status: parts.status.as_u16(),
                    headers: parts.headers,
                    body: bytes.into(),
                    cut,
                }
            }
            Reply::Close(closing) => panic!("closed: {closing:?}"),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Got {
        self.send(self.call(path, &body.to_string())).await
    }

    async fn chat(&self, body: Value) -> Got {
        self.post(CHAT, body).await
    }

    fn fault(&self, action: FaultAction) {
        self.resource().set_faults(vec![FaultRule::always(action)]);
    }
}

fn user(text: &str) -> Value {
    json!([{ "role": "user", "content": text }])
}

#[tokio::test]
async fn a_chat_completion_has_shape_and_true_usage() {
    let bench = Bench::new(|_| {});
    let got = bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 10_i32 }))
        .await;
    assert_eq!(got.status, 200);
    let json = got.json();
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["model"], "gpt-35-turbo");
    assert_eq!(json["usage"]["prompt_tokens"], 8);
    assert_eq!(json["usage"]["completion_tokens"], 10);
    assert_eq!(json["usage"]["total_tokens"], 18);
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    let text = json["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(
        tidegate_openai::tokens::count(tidegate_openai::Encoding::Cl100kBase, text),
        10
    );
    assert_eq!(
        json["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"],
        false
    );
    assert_eq!(json["id"].as_str().unwrap().len(), "chatcmpl-".len() + 29);
    assert_eq!(json["system_fingerprint"], Value::Null);
}

#[tokio::test]
async fn answers_depend_on_the_request_alone() {
    let bench = Bench::new(|_| {});
    let text = async |body: Value| {
        bench.chat(body).await.json()["choices"][0]["message"]["content"].clone()
    };
    let first = text(json!({ "messages": user("tell me") })).await;
    assert_eq!(first, text(json!({ "messages": user("tell me") })).await);
    assert_ne!(
        first,
        text(json!({ "messages": user("tell me more") })).await
    );
}

#[tokio::test]
async fn newer_models_report_version_and_details() {
    let bench = Bench::new(|_| {});
    let got = bench
        .post(
            "/openai/deployments/new/chat/completions",
            json!({ "messages": user("hi") }),
        )
        .await;
    let json = got.json();
    assert_eq!(json["model"], "gpt-4o-2024-11-20");
    assert!(
        json["system_fingerprint"]
            .as_str()
            .unwrap()
            .starts_with("fp_")
    );
    assert_eq!(
        json["usage"]["completion_tokens_details"]["reasoning_tokens"],
        0
    );
}

#[tokio::test]
async fn every_answer_is_identified() {
    let bench = Bench::new(|_| {});
    let mut call = bench.call(CHAT, &json!({ "messages": user("hi") }).to_string());
    call.headers
        .insert("x-ms-client-request-id", HeaderValue::from_static("mine"));
    let got = bench.send(call).await;
    assert_eq!(got.header("x-ms-region"), Some("Sweden Central"));
    assert_eq!(got.header("x-ms-deployment-name"), Some("chat"));
    assert_eq!(got.header("x-ms-client-request-id"), Some("mine"));
    assert_eq!(got.header("apim-request-id").unwrap().len(), 36);
    assert_eq!(got.header("x-ratelimit-limit-tokens"), Some("60000"));
    assert_eq!(got.header("x-ratelimit-limit-requests"), Some("360"));
    assert_eq!(got.header("x-ratelimit-remaining-requests"), Some("359"));
    assert_eq!(got.header("x-ratelimit-remaining-tokens"), Some("59983"));
}

#[tokio::test]
async fn a_stream_has_the_services_order_of_chunks() {
    let bench = Bench::new(|_| {});
    let got = bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 5, "stream": true, "stream_options": { "include_usage": true } }))
        .await;
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
    assert!(got.body.ends_with(b"data: [DONE]\n\n"));
    let events = got.events();
    assert_eq!(events.len(), 1 + 1 + 5 + 1 + 1);
    assert_eq!(events[0]["choices"], json!([]));
    assert_eq!(events[0]["id"], "");
    assert!(events[0].get("prompt_filter_results").is_some() && events[0].get("usage").is_none());
    assert_eq!(
        events[1]["choices"][0]["delta"],
        json!({ "content": "", "refusal": null, "role": "assistant" })
    );
    assert_eq!(events[1]["usage"], Value::Null);
    assert_eq!(events[7]["choices"][0]["delta"], json!({}));
    assert_eq!(events[7]["choices"][0]["finish_reason"], "length");
    assert_eq!(events[8]["choices"], json!([]));
    assert_eq!(events[8]["usage"]["completion_tokens"], 5);
    assert!(
        events[1..]
            .iter()
            .all(|event| event["id"] == events[1]["id"])
    );
    let mut watcher = StreamWatcher::with_text(10_000);
    watcher.push(&got.body);
    let summary = watcher.finish();
    assert!(summary.is_whole());
    let whole = bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 5 }))
        .await
        .json();
    assert_eq!(
        whole["choices"][0]["message"]["content"],
        summary.choices[0].text.as_str()
    );
}

#[tokio::test]
async fn without_include_usage_there_is_no_usage_member() {
    let bench = Bench::new(|_| {});
    let got = bench
        .chat(json!({ "messages": user("hi"), "stream": true }))
        .await;
    assert!(
        got.events()
            .iter()
            .all(|event| event.get("usage").is_none())
    );
}

#[tokio::test]
async fn several_choices_interleave_and_finish_each() {
    let bench = Bench::new(|_| {});
    let got = bench
        .chat(json!({ "messages": user("hi"), "n": 3, "max_tokens": 4, "stream": true }))
        .await;
    let indexes: Vec<u64> = got.events()[1..]
        .iter()
        .map(|event| event["choices"][0]["index"].as_u64().unwrap())
        .collect();
    assert_eq!(&indexes[..6], [0, 1, 2, 0, 1, 2]);
    let mut watcher = StreamWatcher::with_text(10_000);
    watcher.push(&got.body);
    let summary = watcher.finish();
    assert_eq!(summary.choices.len(), 3);
    assert!(summary.is_whole());
    assert_ne!(summary.choices[0].text, summary.choices[1].text);
    let whole = bench
        .chat(json!({ "messages": user("hi"), "n": 3, "max_tokens": 4 }))
        .await
        .json();
    assert_eq!(whole["usage"]["completion_tokens"], 12);
}

#[tokio::test]
async fn stop_texts_and_length_markers_are_honoured() {
    let bench = Bench::new(|_| {});
    let json = bench
        .chat(json!({ "messages": user("go [[tokens:50]]") }))
        .await
        .json();
    assert_eq!(json["usage"]["completion_tokens"], 50);
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
    let json = bench
        .chat(json!({ "messages": user("go [[tokens:50]]"), "stop": ["."] }))
        .await
        .json();
    assert!(
        !json["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .contains('.')
    );
    assert!(json["usage"]["completion_tokens"].as_u64().unwrap() < 50);
    let got = bench
        .chat(json!({ "messages": user("go [[tokens:50]]"), "stop": ".", "stream": true }))
        .await;
    assert!(got.body.ends_with(b"[DONE]\n\n"));
}

#[tokio::test]
async fn v1_paths_take_the_deployment_from_the_body() {
    let bench = Bench::new(|_| {});
    let mut call = bench.call(
        "/openai/v1/chat/completions?",
        &json!({ "model": "chat", "messages": user("hi") }).to_string(),
    );
    call.query = None;
    call.headers.remove("api-key");
    call.headers.insert(
        "authorization",
        HeaderValue::from_str(&format!("Bearer {}", bench.key())).unwrap(),
    );
    assert_eq!(bench.send(call.clone()).await.status, 200);
    call.body = Bytes::from(json!({ "model": "nope", "messages": user("hi") }).to_string());
    let got = bench.send(call.clone()).await;
    assert_eq!(
        (
            got.status,
            got.json()["error"]["code"].as_str().unwrap().to_owned()
        ),
        (404, "DeploymentNotFound".into())
    );
    call.body = Bytes::from_static(b"{}");
    assert_eq!(bench.send(call).await.status, 400);
}

#[tokio::test]
async fn wrong_requests_get_the_services_errors() {
    let bench = Bench::new(|_| {});
    let good = json!({ "messages": user("hi") });
    let code = |got: &Got| got.json()["error"]["code"].clone();

    let mut call = bench.call(CHAT, &good.to_string());
    call.headers.insert(
        "api-key",
        HeaderValue::from_static("wrong-key-that-is-long-enough"),
    );
    let got = bench.send(call).await;
    assert_eq!((got.status, code(&got)), (401, json!("401")));
    assert!(!String::from_utf8_lossy(&got.body).contains("wrong-key"));

    let mut call = bench.call(CHAT, &good.to_string());
    call.headers.remove("api-key");
    let got = bench.send(call).await;
    assert_eq!(
        (got.status, got.json()["statusCode"].clone()),
        (401, json!(401))
    );

    let got = bench
        .post("/openai/deployments/nope/chat/completions", good.clone())
        .await;
    assert_eq!((got.status, code(&got)), (404, json!("DeploymentNotFound")));
    assert!(got.header("apim-request-id").is_some());

    let got = bench.post(&format!("{CHAT}?other=1"), good.clone()).await;
    assert_eq!((got.status, code(&got)), (400, json!("BadRequest")));

    let got = bench
        .post("/openai/deployments/ada/chat/completions", good.clone())
        .await;
    assert_eq!(
        (got.status, code(&got)),
        (400, json!("OperationNotSupported"))
    );

    let got = bench.post("/openai/other", good.clone()).await;
    assert_eq!((got.status, code(&got)), (404, json!("404")));

    let mut call = bench.call(CHAT, "");
    call.method = Method::GET;
    assert_eq!(bench.send(call).await.status, 404);

    for body in ["", "{", "[]", "\u{1}", r#"{"messages":5}"#, "{}"] {
        let got = bench.send(bench.call(CHAT, body)).await;
        assert_eq!(
            (got.status, got.json()["error"]["type"].clone()),
            (400, json!("invalid_request_error")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn api_versions_can_be_strict() {
    let bench = Bench::new(|config| config.api_versions = vec!["2024-10-21".into()]);
    let good = json!({ "messages": user("hi") });
    assert_eq!(bench.chat(good.clone()).await.status, 200);
    assert_eq!(
        bench
            .post(&format!("{CHAT}?api-version=2020-01-01"), good)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn tokens_of_entra_are_accepted_by_form() {
    let bench = Bench::new(|_| {});
    let mut call = bench.call(CHAT, &json!({ "messages": user("hi") }).to_string());
    call.headers.remove("api-key");
    call.headers.insert(
        "authorization",
        HeaderValue::from_static("Bearer aaa.bbb.ccc"),
    );
    assert_eq!(bench.send(call.clone()).await.status, 200);
    call.headers
        .insert("authorization", HeaderValue::from_static("Bearer a.b"));
    assert_eq!(bench.send(call).await.status, 401);
    assert!(
        crate::counters::lock(&bench.resource().ledger)
            .keys()
            .iter()
            .any(|key| key.what == "token")
    );
}

#[tokio::test]
async fn listings_serve_probes() {
    let bench = Bench::new(|_| {});
    let get = async |path: &str| {
        let mut call = bench.call(path, "");
        call.method = Method::GET;
        bench.send(call).await
    };
    assert_eq!(get("/").await.status, 200);
    assert_eq!(
        get("/openai/deployments").await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(
        get("/openai/deployments/chat").await.json()["model"],
        "gpt-35-turbo"
    );
    assert_eq!(get("/openai/deployments/nope").await.status, 404);
    assert_eq!(
        get("/openai/v1/models").await.json()["data"][0]["id"],
        "chat"
    );
    assert_eq!(
        get("/openai/v1/models/ada").await.json()["capabilities"]["embeddings"],
        true
    );
    assert_eq!(get("/openai/models/gpt-35-turbo").await.status, 200);
}

#[tokio::test]
async fn tokens_per_minute_are_enforced_until_the_reset() {
    let bench = Bench::new(|config| config.resources[0].deployments[0].tpm = Some(1_000));
    let body = json!({ "messages": user(&"a".repeat(40)), "max_tokens": 490 });
    bench.resource().deployments[0].set_available(true);
    let first = bench.chat(body.clone()).await;
    assert_eq!(
        (first.status, first.header("x-ratelimit-remaining-tokens")),
        (200, Some("500"))
    );
    // 1,000 tokens a minute bring 6 requests a minute, one in each ten seconds.
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(
        bench
            .chat(body.clone())
            .await
            .header("x-ratelimit-remaining-tokens"),
        Some("0")
    );
    bench.clock.advance(Duration::from_secs(10));
    let third = bench.chat(body.clone()).await;
    assert_eq!(third.status, 429);
    assert_eq!(third.header("retry-after"), Some("40"));
    assert_eq!(third.header("retry-after-ms"), Some("40000"));
    let error = third.json();
    assert_eq!(error["error"]["code"], "RateLimitReached");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("token rate limit") && message.contains("Sweden Central"),
        "{message}"
    );
    assert!(
        message.contains("Please retry after 40 seconds"),
        "{message}"
    );
    bench.clock.advance(Duration::from_secs(40));
    assert_eq!(bench.chat(body).await.status, 200);
    bench.clock.advance(Duration::from_secs(10));
    let never = bench
        .chat(json!({ "messages": user("x"), "max_tokens": 2_000 }))
        .await;
    assert_eq!(never.header("retry-after"), Some("86400"));
}

#[tokio::test]
async fn requests_per_minute_are_enforced_in_small_windows() {
    let bench = Bench::new(|config| config.resources[0].deployments[0].tpm = Some(6_000));
    let body = json!({ "messages": user("x"), "max_tokens": 1 });
    for _ in 0..6 {
        assert_eq!(bench.chat(body.clone()).await.status, 200);
    }
    let got = bench.chat(body.clone()).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("10")));
    assert!(
        got.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("call rate limit")
    );
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(bench.chat(body).await.status, 200);
}

#[tokio::test]
async fn header_styles_differ() {
    for (style, limit, remaining) in [
        (HeaderStyle::Current, Some("60000"), Some("359")),
        (HeaderStyle::Legacy, None, Some("59")),
        (HeaderStyle::Unknown, Some("-1"), None),
        (HeaderStyle::None, None, None),
    ] {
        let bench = Bench::new(|config| config.resources[0].deployments[0].headers = style);
        let got = bench.chat(json!({ "messages": user("x") })).await;
        assert_eq!(got.header("x-ratelimit-limit-tokens"), limit, "{style:?}");
        assert_eq!(
            got.header("x-ratelimit-remaining-requests"),
            remaining,
            "{style:?}"
        );
    }
}

fn provisioned(config: &mut SimulatorConfig) {
    let mut ptu = DeploymentConfig::new("ptu", "gpt-4.1");
    ptu.sku = Sku::ProvisionedManaged;
    ptu.ptu = Some(15);
    config.resources[0].deployments.push(ptu);
}

const PTU: &str = "/openai/deployments/ptu/chat/completions";

#[tokio::test]
async fn provisioned_deployments_throttle_by_utilisation() {
    // Streams that are not read to their end keep their estimate.
    let bench = Bench::new(provisioned);
    let prompt = "a b ".repeat(1_746);
    let body = json!({ "messages": user(&prompt), "max_tokens": 1_000, "stream": true });
    let mut open = Vec::new();
    let mut utilization = Vec::new();
    for _ in 0..3 {
        let reply = serve(
            &bench.core,
            bench.resource(),
            bench.call(PTU, &body.to_string()),
        )
        .await;
        let Reply::Answer(response) = reply else {
            panic!("no answer")
        };
        utilization.push(
            response.headers()["azure-openai-deployment-utilization"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
        open.push(response);
    }
    assert_eq!(open[1].status(), 200);
    assert_eq!(open[2].status(), 429);
    let wait: u64 = open[2].headers()["retry-after-ms"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((9_900..10_100).contains(&wait), "{wait}");
    assert!(open[0].headers().get("x-ratelimit-limit-tokens").is_none());
    assert!(
        utilization[0].starts_with("100.") || utilization[0].starts_with("99."),
        "{}",
        utilization[0]
    );
    open.clear();
    let got = bench
        .post(PTU, json!({ "messages": user("x"), "max_tokens": 1 }))
        .await;
    assert_eq!(got.status, 200, "unread streams settle at their true cost");
}

#[tokio::test]
async fn spillover_serves_what_a_full_deployment_refuses() {
    let bench = Bench::new(|config| {
        provisioned(config);
        config.resources[0].deployments[4].spillover = Some("new".into());
    });
    let change = crate::admin::DeploymentChange {
        utilization: Some(2.0),
        ..Default::default()
    };
    crate::admin::change_deployment(&bench.core, "swedencentral", "ptu", &change).unwrap();
    let body = json!({ "messages": user("x"), "max_tokens": 1 });
    let got = bench.post(PTU, body.clone()).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("x-ms-deployment-name"), Some("new"));
    assert_eq!(got.header("x-ms-spillover-from-deployment"), Some("ptu"));

    bench.resource().deployments[1].set_available(false);
    assert_eq!(bench.post(PTU, body.clone()).await.status, 429);
    bench.resource().deployments[1].set_available(true);
    crate::admin::change_deployment(
        &bench.core,
        "swedencentral",
        "new",
        &crate::admin::DeploymentChange {
            effective_tpm_factor: Some(0.0),
            ..Default::default()
        },
    )
    .unwrap();
    let got = bench.post(PTU, body).await;
    assert_eq!(
        (got.status, got.header("x-ms-spillover-error")),
        (429, Some("429"))
    );
    assert!(got.header("azure-openai-deployment-utilization").is_some());
}

#[tokio::test]
async fn blocked_prompts_are_400_and_blocked_completions_200() {
    let bench = Bench::new(|_| {});
    let got = bench
        .chat(json!({ "messages": user("[[filter:violence:medium]]") }))
        .await;
    assert_eq!(got.status, 400);
    assert_eq!(
        got.json()["error"]["innererror"]["content_filter_result"]["violence"]["filtered"],
        true
    );
    let json = bench
        .chat(json!({ "messages": user("[[filter-completion:hate:high]]") }))
        .await
        .json();
    assert_eq!(json["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(json["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(
        json["choices"][0]["content_filter_results"]["hate"]["severity"],
        "high"
    );
    let got = bench
        .chat(json!({ "messages": user("[[filter-completion:hate:high]]"), "stream": true }))
        .await;
    let last = got.events().pop().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "content_filter");
}

#[tokio::test]
async fn asynchronous_filters_tell_later() {
    let bench = Bench::new(|config| {
        config.resources[0].deployments[0].content_filter.mode = FilterMode::Asynchronous;
    });
    let got = bench
        .chat(json!({ "messages": user("[[tokens:150]]"), "stream": true }))
        .await;
    let events = got.events();
    let late: Vec<&Value> = events
        .iter()
        .filter(|event| event.pointer("/choices/0/content_filter_offsets").is_some())
        .collect();
    assert!(late.len() >= 2, "{}", late.len());
    assert_eq!(late[0]["id"], "");
    assert!(late[0]["choices"][0].get("delta").is_none());
    assert!(
        events[3]["choices"][0]
            .get("content_filter_results")
            .is_none()
    );
}

#[tokio::test]
async fn contexts_are_limited() {
    let bench = Bench::new(|config| config.resources[0].deployments[0].tpm = Some(10_000_000));
    let got = bench
        .chat(json!({ "messages": user(&"word ".repeat(17_000)) }))
        .await;
    assert_eq!(got.json()["error"]["code"], "context_length_exceeded");
    let got = bench
        .chat(json!({ "messages": user(&"word ".repeat(13_000)), "max_tokens": 4_000 }))
        .await;
    assert!(
        got.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("4000 in the completion")
    );
}

#[tokio::test]
async fn tools_and_schemas_are_answered_in_kind() {
    let bench = Bench::new(|_| {});
    let tools = json!([{ "type": "function", "function": { "name": "weather", "parameters": {
        "type": "object", "properties": { "city": { "type": "string" } } } } }]);
    let body = json!({ "messages": user("x"), "tools": tools, "tool_choice": "required" });
    let json = bench.chat(body.clone()).await.json();
    assert_eq!(json["choices"][0]["finish_reason"], "tool_calls");
    let call = &json["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "weather");
    assert_eq!(call["function"]["arguments"], r#"{"city":"example"}"#);
    let mut streamed = body;
    streamed["stream"] = json!(true);
    let arguments: String = bench
        .chat(streamed)
        .await
        .events()
        .iter()
        .filter_map(|event| {
            event
                .pointer("/choices/0/delta/tool_calls/0/function/arguments")?
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(arguments, r#"{"city":"example"}"#);
    let json = bench
        .chat(json!({ "messages": user("x"), "response_format": { "type": "json_schema", "json_schema": {
            "name": "n", "schema": { "type": "object", "properties": { "ok": { "type": "boolean" } } } } } }))
        .await
        .json();
    assert_eq!(json["choices"][0]["message"]["content"], r#"{"ok":true}"#);
}

#[tokio::test]
async fn legacy_completions_answer_each_prompt() {
    let bench = Bench::new(|_| {});
    let path = "/openai/deployments/chat/completions";
    let json = bench
        .post(
            path,
            json!({ "prompt": ["one", "two"], "n": 2, "echo": true, "logprobs": 1 }),
        )
        .await
        .json();
    let choices = json["choices"].as_array().unwrap();
    assert_eq!(
        choices
            .iter()
            .map(|choice| choice["index"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert!(choices[0]["text"].as_str().unwrap().starts_with("one"));
    assert!(choices[2]["text"].as_str().unwrap().starts_with("two"));
    assert_eq!(
        choices[0]["logprobs"]["tokens"].as_array().unwrap().len(),
        17
    );
    assert_eq!(choices[0]["finish_reason"], "length");
    assert_eq!(json["prompt_filter_results"].as_array().unwrap().len(), 2);
    assert_eq!(json["usage"]["completion_tokens"], 64);
    let got = bench
        .post(
            path,
            json!({ "prompt": "one", "stream": true, "stream_options": { "include_usage": true } }),
        )
        .await;
    let events = got.events();
    assert_eq!(events[1]["object"], "text_completion");
    assert_eq!(events.last().unwrap()["usage"]["completion_tokens"], 16);
}

#[tokio::test]
async fn embeddings_come_in_both_forms() {
    let bench = Bench::new(|_| {});
    let path = "/openai/deployments/ada/embeddings";
    let floats = bench
        .post(path, json!({ "input": ["hi", "there"] }))
        .await
        .json();
    assert_eq!(floats["data"].as_array().unwrap().len(), 2);
    let vector: Vec<f32> = serde_json::from_value(floats["data"][0]["embedding"].clone()).unwrap();
    assert_eq!(vector.len(), 1_536);
    assert_eq!(
        floats["usage"],
        json!({ "prompt_tokens": 2, "total_tokens": 2 })
    );
    let encoded = bench
        .post(path, json!({ "input": "hi", "encoding_format": "base64" }))
        .await
        .json();
    let decoded =
        tidegate_openai::embedding::from_base64(encoded["data"][0]["embedding"].as_str().unwrap())
            .unwrap();
    assert_eq!(decoded, vector);
    let many: Vec<String> = (0..20).map(|at| format!("text {at}")).collect();
    assert_eq!(
        bench.post(path, json!({ "input": many })).await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    let small = bench
        .post(
            "/openai/deployments/small/embeddings",
            json!({ "input": "hi", "dimensions": 256 }),
        )
        .await
        .json();
    assert_eq!(small["data"][0]["embedding"].as_array().unwrap().len(), 256);
    assert_eq!(
        bench
            .post(path, json!({ "input": "hi", "dimensions": 256 }))
            .await
            .status,
        400
    );
    assert_eq!(bench.post(path, json!({ "input": "" })).await.status, 400);
    let got = bench
        .post(path, json!({ "input": "word ".repeat(9_000) }))
        .await;
    assert!(
        got.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("maximum context length is 8192")
    );
}

#[tokio::test]
async fn latency_follows_its_configuration() {
    let latency = LatencyConfig {
        profile: Some("gpt-35-turbo".into()),
        jitter: false,
        per_prompt_token_us: Some(0),
        ..LatencyConfig::default()
    };
    let bench = Bench::new(|config| config.latency = latency);
    bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 10 }))
        .await;
    assert_eq!(bench.clock.now(), Duration::from_millis(300 + 190));
    let before = bench.clock.now();
    bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 10, "stream": true }))
        .await;
    assert_eq!(bench.clock.now() - before, Duration::from_millis(300 + 190));
    bench.fault(FaultAction::Slow {
        factor: 3.0,
        delay: Duration::from_secs(1),
    });
    let before = bench.clock.now();
    bench
        .chat(json!({ "messages": user("hi"), "max_tokens": 10, "stream": true }))
        .await;
    assert_eq!(
        bench.clock.now() - before,
        Duration::from_millis(1_000 + 3 * 490)
    );
}

#[tokio::test]
async fn status_and_throttle_faults_answer_in_the_services_words() {
    let bench = Bench::new(|_| {});
    let body = json!({ "messages": user("hi") });
    bench.fault(FaultAction::Status {
        status: 500,
        body: None,
        headers: Vec::new(),
    });
    let got = bench.chat(body.clone()).await;
    assert_eq!(
        (got.status, got.json()["error"]["type"].clone()),
        (500, json!("server_error"))
    );
    bench.fault(FaultAction::Throttle {
        retry_after: Some(Wait::Millis(1_500)),
        cause: ThrottleCause::Tokens,
    });
    let got = bench.chat(body.clone()).await;
    assert_eq!(
        (
            got.status,
            got.header("retry-after-ms"),
            got.header("retry-after")
        ),
        (429, Some("1500"), Some("2"))
    );
    bench.fault(FaultAction::Throttle {
        retry_after: None,
        cause: ThrottleCause::Capacity,
    });
    let got = bench.chat(body.clone()).await;
    assert_eq!(
        (
            got.json()["error"]["code"].clone(),
            got.header("retry-after")
        ),
        (json!("no_capacity"), None)
    );
    bench.fault(FaultAction::Garbage(Garbage::NotJson));
    let got = bench.chat(body.clone()).await;
    assert_eq!(got.status, 200);
    assert!(serde_json::from_slice::<Value>(&got.body).is_err());
    bench.resource().set_faults(Vec::new());
    assert_eq!(bench.chat(body).await.status, 200);
    let counters = crate::counters::lock(&bench.resource().ledger).counters();
    assert_eq!(counters.faults["throttle"], 2);
    assert_eq!(counters.statuses[&429], 2);
    assert_eq!(counters.statuses[&200], 2);
}

#[tokio::test]
async fn connection_faults_close_in_their_way() {
    let bench = Bench::new(|_| {});
    let body = json!({ "messages": user("hi") }).to_string();
    for (action, expected) in [
        (FaultAction::Refuse, Closing::Reset),
        (FaultAction::Cut, Closing::Quiet),
        (
            FaultAction::Hang(Some(Duration::from_secs(30))),
            Closing::Quiet,
        ),
        (FaultAction::Garbage(Garbage::NotHttp), Closing::Garbage),
    ] {
        bench.fault(action);
        match serve(&bench.core, bench.resource(), bench.call(CHAT, &body)).await {
            Reply::Close(closing) => assert_eq!(closing, expected),
            Reply::Answer(_) => panic!("answered"),
        }
    }
    assert_eq!(bench.clock.now(), Duration::from_millis(30_000));
    assert_eq!(
        crate::counters::lock(&bench.resource().ledger)
            .counters()
            .dropped,
        4
    );
}

#[tokio::test]
async fn streams_are_cut_stalled_and_broken_where_asked() {
    let bench = Bench::new(|_| {});
    let body = json!({ "messages": user("hi"), "max_tokens": 20, "stream": true });
    bench.fault(FaultAction::CutStream { after_chunks: 4 });
    let got = bench.chat(body.clone()).await;
    assert!(got.cut);
    assert_eq!(got.events().len(), 4);
    bench.fault(FaultAction::StallStream {
        after_chunks: 4,
        duration: Some(Duration::from_secs(7)),
    });
    let before = bench.clock.now();
    let got = bench.chat(body.clone()).await;
    assert!(!got.cut && got.body.ends_with(b"[DONE]\n\n"));
    assert_eq!(bench.clock.now() - before, Duration::from_secs(7));
    bench.fault(FaultAction::ErrorInStream { after_chunks: 4 });
    let got = bench.chat(body).await;
    assert_eq!(got.events().len(), 5);
    assert_eq!(got.events()[4]["error"]["type"], "server_error");
    assert!(!got.body.ends_with(b"[DONE]\n\n"));
    bench.fault(FaultAction::CutStream { after_chunks: 4 });
    let got = bench.chat(json!({ "messages": user("hi") })).await;
    assert!(got.cut, "a whole body is cut in its middle");
    assert!(serde_json::from_slice::<Value>(&got.body).is_err());
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_such() {
    let bench = Bench::new(|_| {});
    let body = json!({ "messages": user("hi"), "stream": true }).to_string();
    let reply = serve(&bench.core, bench.resource(), bench.call(CHAT, &body)).await;
    let Reply::Answer(mut response) = reply else {
        panic!("no answer")
    };
    for _ in 0..5 {
        response.body_mut().frame().await.unwrap().unwrap();
    }
    assert_eq!(
        crate::counters::lock(&bench.resource().ledger)
            .counters()
            .active,
        1
    );
    drop(response);
    let counters = crate::counters::lock(&bench.resource().ledger).counters();
    assert_eq!(
        (
            counters.active,
            counters.cancelled,
            counters.completion_tokens
        ),
        (0, 1, 3)
    );
}

#[tokio::test]
async fn requests_are_logged_without_secrets() {
    let bench = Bench::new(|_| {});
    let mut call = bench.call(
        CHAT,
        &json!({ "messages": user("my secret prompt") }).to_string(),
    );
    call.headers
        .insert("x-stainless-retry-count", HeaderValue::from_static("1"));
    let got = bench.send(call).await;
    let state = crate::admin::state(&bench.core, &[]);
    let log = crate::admin::requests(&bench.core, "swedencentral").unwrap();
    assert_eq!(log[0].request_id, got.header("apim-request-id").unwrap());
    assert_eq!(
        (log[0].status, log[0].client_retry, log[0].completed),
        (Some(200), Some(1), true)
    );
    let shown = format!("{} {:?}", serde_json::to_string(&state).unwrap(), log);
    assert!(!shown.contains(bench.key()) && !shown.contains("secret prompt"));
    assert_eq!(state.resources[0].keys[0].what, "key1");
}

#[tokio::test]
async fn a_reset_returns_to_the_start() {
    let bench = Bench::new(|config| config.resources[0].deployments[0].tpm = Some(1_000));
    let body = json!({ "messages": user("x"), "max_tokens": 900 });
    let first = bench.chat(body.clone()).await;
    assert_eq!(bench.chat(body.clone()).await.status, 429);
    bench.fault(FaultAction::Cut);
    bench.core.reset();
    let again = bench.chat(body).await;
    assert_eq!(again.status, 200);
    assert_eq!(
        first.header("apim-request-id"),
        again.header("apim-request-id"),
        "a run repeats itself"
    );
    assert_eq!(
        crate::counters::lock(&bench.resource().ledger)
            .counters()
            .requests,
        1
    );
}
