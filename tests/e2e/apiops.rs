//! An extract of APIOps, served as it lies.

use crate::harness::{Answer, Folder, Gateway, Regions, Request, repository, tidegate};

const KEY: (&str, &str) = ("TIDEGATE_SUBSCRIPTION_TEAM_A_PRIMARY_KEY", "team-a-key");

fn extract() -> std::path::PathBuf {
    repository().join("examples/apiops-extract")
}

fn ask(gateway: &Gateway, operation: &str, key: &str) -> Answer {
    let (deployment, body) = match operation {
        "embeddings" => ("text-embedding-ada-002", r#"{"input":"tide"}"#),
        _ => (
            "gpt-35-turbo",
            r#"{"messages":[{"role":"user","content":"Hello"}],"max_tokens":8}"#,
        ),
    };
    Request::new(
        "POST",
        &format!("/openai/deployments/{deployment}/{operation}?api-version=2024-10-21"),
    )
    .header("api-key", key)
    .header("content-type", "application/json")
    .body(body)
    .send(gateway.address)
}

#[test]
fn policies_of_all_scopes_and_fragments_apply() {
    let regions = Regions::start();
    let gateway = Gateway::start_in(&extract(), &regions.named_values(), &[KEY]);
    let chat = ask(&gateway, "chat/completions", "team-a-key");
    assert_eq!(chat.status, 200, "{}", chat.text());
    assert_eq!(
        (chat.header("x-product"), chat.header("x-operation")),
        ("AI", "")
    );
    let host = regions.resources()[0].url.trim_start_matches("http://");
    assert_eq!(chat.header("x-backend-host"), host);
    let embeddings = ask(&gateway, "embeddings", "team-a-key");
    assert_eq!(embeddings.status, 200, "{}", embeddings.text());
    assert_eq!(
        (
            embeddings.header("x-product"),
            embeddings.header("x-operation")
        ),
        ("AI", "embeddings-create")
    );
    assert_eq!(ask(&gateway, "chat/completions", "wrong").status, 401);
    let log = gateway.process.output();
    assert!(!log.contains("team-a-key"));
}

#[test]
fn pools_of_an_extract_fail_over() {
    let regions = Regions::start();
    let gateway = Gateway::start_in(&extract(), &regions.named_values(), &[KEY]);
    regions.faults(
        "swedencentral",
        serde_json::json!([{"kind": "throttle", "retryAfterSeconds": 600}]),
    );
    for _ in 0..9 {
        assert_eq!(ask(&gateway, "chat/completions", "team-a-key").status, 200);
    }
    let counts = regions.requests();
    assert_eq!((counts[0], counts[1] + counts[2]), (1, 9));
}

#[test]
fn keys_may_stand_in_the_extract() {
    let regions = Regions::start();
    let folder = Folder::copy_of("apiops-extract");
    let path = "subscriptions/team-a/subscriptionInformation.json";
    let text = folder.read(path).replace(
        "\"state\"",
        "\"primaryKey\": \"from-file\", \"secondaryKey\": \"from-file-2\", \"state\"",
    );
    folder.write(path, &text);
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    for key in ["from-file", "from-file-2"] {
        assert_eq!(ask(&gateway, "chat/completions", key).status, 200);
    }
    // The environment wins.
    let gateway = Gateway::start_in(&folder.0, &regions.named_values(), &[KEY]);
    assert_eq!(ask(&gateway, "chat/completions", "team-a-key").status, 200);
    assert_eq!(ask(&gateway, "chat/completions", "from-file").status, 401);
    assert_eq!(ask(&gateway, "chat/completions", "from-file-2").status, 200);
}

fn run(command: &str, arguments: &[String], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut tidegate = tidegate();
    tidegate.arg(command);
    if command == "run" {
        tidegate.args(["--listen", "127.0.0.1:0", "--config"]);
    }
    let output = tidegate
        .arg(extract())
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("tidegate runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn check_misses_only_the_key_of_the_subscription() {
    let regions = Regions::start();
    let (code, stderr) = run("check", &regions.named_values(), &[KEY]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("check: 0 errors, 0 warnings"), "{stderr}");
    let (code, stderr) = run("check", &regions.named_values(), &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("check: 0 errors, 1 warning"), "{stderr}");
    assert!(
        stderr.contains("TIDEGATE_SUBSCRIPTION_TEAM_A_PRIMARY_KEY"),
        "{stderr}"
    );
}

#[test]
fn a_missing_secret_is_named_and_nothing_starts() {
    let (code, stderr) = run("run", &[], &[KEY]);
    assert_eq!(code, Some(1), "{stderr}");
    for name in ["aoai-1-key", "aoai-2-key", "aoai-3-key"] {
        assert!(stderr.contains(name), "{stderr}");
    }
    assert!(
        stderr.contains("--named-value") || stderr.contains("TIDEGATE_NAMED_VALUE_"),
        "{stderr}"
    );
    assert!(stderr.contains("3 errors"), "{stderr}");
}
