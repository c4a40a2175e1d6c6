//! What the command line promises.

use std::process::Output;

use serde_json::Value;

use crate::harness::{Folder, Process, Regions, Request, repository, tidegate};

fn check(arguments: &[&str]) -> Output {
    tidegate()
        .arg("check")
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("tidegate runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_example_checks_without_a_finding() {
    for folder in [
        "examples/challenge/variant-a",
        "examples/challenge/variant-b",
        "examples/challenge/variant-c",
        "bench/configs/variant-a",
        "bench/configs/variant-b",
        "bench/training/edge",
        "bench/training/front",
        "bench/training/variant-c",
    ] {
        let output = check(&[folder]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("check: 0 errors, 0 warnings"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn json_findings_have_their_place() {
    let folder = Folder::new("check-json");
    folder.write(
        "policy.xml",
        "<policies>\n  <inbound>\n    <set-heeder name=\"a\" />\n  </inbound>\n  <backend />\n</policies>\n",
    );
    let output = check(&["--format", "json", folder.0.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let finding: Value =
        serde_json::from_str(printed.lines().next().expect("a line")).expect("JSON");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["code"], "unknown-policy");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&3.into(), &6.into())
    );
    assert!(
        finding["file"]
            .as_str()
            .expect("text")
            .ends_with("policy.xml")
    );
    assert!(
        finding["message"]
            .as_str()
            .expect("text")
            .contains("set-heeder")
    );
}

#[test]
fn a_folder_is_searched_for_configurations_and_documents() {
    // Three complete configurations lie below; their fragments and named values are known to them alone.
    let output = check(&["examples/challenge"]);
    assert!(output.status.success(), "{}", stderr(&output));

    let folder = Folder::new("check-folder");
    folder.write("deep/er/good.xml", "<fragment><base-x /></fragment>");
    folder.write(
        "apis/chat.xml",
        "<policies><inbound>@(1)</inbound></policies>",
    );
    folder.write(
        "policy.xml",
        "<policies><inbound><nope /></inbound></policies>",
    );
    std::fs::write(
        folder.0.join("latin1.xml"),
        b"<policies><!-- \xe4 --></policies>",
    )
    .expect("written");
    std::os::unix::fs::symlink("deep/er/good.xml", folder.0.join("link.xml")).expect("linked");
    std::os::unix::fs::symlink("..", folder.0.join("deep/circle")).expect("linked");
    let output = check(&["--format", "json", folder.0.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for file in [
        "apis/chat.xml",
        "er/good.xml",
        "latin1.xml",
        "link.xml",
        "/policy.xml",
    ] {
        let wrong = printed.lines().any(|line| {
            let finding: Value = serde_json::from_str(line).expect("JSON");
            finding["severity"] == "error"
                && finding["file"].as_str().expect("text").ends_with(file)
        });
        assert!(wrong, "{file}: {printed}");
    }
}

#[test]
fn unknown_named_values_can_be_allowed() {
    let policy = "examples/challenge/variant-a/fragments/use-backend.xml";
    assert_eq!(check(&[policy]).status.code(), Some(1));
    let output = check(&["--allow-unknown-named-values", policy]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn probe_says_which_backend_does_not_answer_for_which_deployment() {
    let regions = Regions::start();
    let named_values = regions.named_values();
    for variant in ["variant-a", "variant-b", "variant-c"] {
        let example = format!("examples/challenge/{variant}");
        let mut arguments = vec!["--probe", example.as_str()];
        arguments.extend(named_values.iter().map(String::as_str));
        let output = check(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(
            stderr(&output).matches(" answers (200)").count(),
            6,
            "{}",
            stderr(&output)
        );
        regions.faults(
            "eastus",
            serde_json::json!([{"kind": "status", "status": 404, "deployment": "text-embedding-ada-002"}]),
        );
        let output = check(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let text = stderr(&output);
        assert_eq!(text.matches("does not answer").count(), 1, "{text}");
        assert!(text.contains("text-embedding-ada-002"), "{text}");
        regions.reset();
    }
}

#[test]
fn help_of_every_command_shows_an_example() {
    for command in ["demo", "run", "check", "eval", "simulate"] {
        let output = tidegate()
            .args([command, "--help"])
            .output()
            .expect("tidegate runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&format!("tidegate {command}")), "{text}");
        assert!(text.contains("Example"), "{text}");
    }
}

#[test]
fn a_demo_prints_a_curl_line_that_works() {
    let mut command = tidegate();
    command.args(["demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let process = Process::spawn(command);
    let line = process.wait_for("Tidegate answers on http://");
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split(". ").next())
        .and_then(|address| address.parse().ok())
        .expect("an address");
    assert_eq!(Request::chat().send(address).status, 200);
}
