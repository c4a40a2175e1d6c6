//! What the documents say is so: their commands work, their examples load, their lists are complete.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Folder, Process, repository, tidegate};

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The fenced blocks of a document in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(document)).expect("it exists");
    let fence = format!("```{language}");
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = None;
    for line in text.lines() {
        match inside {
            None if line.starts_with("```") => {
                inside = Some(line.trim() == fence);
                if inside == Some(true) {
                    blocks.push(String::new());
                }
            }
            Some(_) if line.trim() == "```" => inside = None,
            Some(true) => {
                let block = blocks.last_mut().expect("a block has begun");
                block.push_str(line);
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// The shell commands of README's fenced `sh` blocks, continuation lines joined.
fn readme_commands() -> Vec<String> {
    let mut commands = Vec::new();
    let mut command = String::new();
    for line in blocks("README.md", "sh")
        .iter()
        .flat_map(|block| block.lines())
    {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        command.push_str(line);
        if command.ends_with('\\') {
            command.push('\n');
            continue;
        }
        commands.push(std::mem::take(&mut command));
    }
    commands
}

#[test]
fn every_command_in_readme_works() {
    let binary = env!("CARGO_BIN_EXE_tidegate");
    let commands = readme_commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let mut running: Vec<Process> = Vec::new();
    for command in &commands {
        // The very command, but with the binary under test instead of a build of its own.
        let command = command.replace("cargo run --release -- ", &format!("{binary} "));
        if command == "tests/run" {
            // It cannot run itself; it is at least a script bash understands.
            let parsed = Command::new("bash")
                .args(["-n", "tests/run"])
                .current_dir(repository())
                .status();
            assert!(parsed.expect("bash runs").success());
            continue;
        }
        if command.starts_with("cargo run --release -p tidegate-bench") {
            // Takes minutes and needs other proxies; its own tests cover it.
            continue;
        }
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &format!("exec {command}")])
            .current_dir(repository());
        let serves = ["demo", "run", "simulate"]
            .iter()
            .any(|name| command.starts_with(&format!("{binary} {name}")));
        if serves {
            // One server at a time on the documented ports, but for the simulator in front of which `run` runs.
            if !command.contains(" run ") {
                running.clear();
            }
            let process = Process::spawn(shell);
            process.wait_for(if command.contains(" simulate") {
                "admin"
            } else {
                " listening"
            });
            running.push(process);
            continue;
        }
        let output = shell.output().expect("bash runs");
        assert!(
            output.status.success(),
            "{command}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            stderr(&output)
        );
        if command.starts_with("curl") && command.contains("/chat/completions") {
            let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert!(answer["choices"].is_array(), "{answer}");
        }
    }
}

#[test]
fn the_first_policy_of_readme_compiles() {
    let blocks = blocks("README.md", "xml");
    assert_eq!(blocks.len(), 1);
    let folder = Folder::new("readme-policy");
    folder.write("policy.xml", &blocks[0]);
    let output = tidegate()
        .arg("check")
        .arg(&folder.0)
        .output()
        .expect("tidegate runs");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_message_in_readme_is_what_check_prints() {
    let blocks = blocks("README.md", "text");
    assert_eq!(blocks.len(), 1);
    let folder = Folder::copy_of("challenge/variant-a");
    let policy = "policies/until-200.xml";
    let slip = folder
        .read(policy)
        .replace("Random().Next(", "Random().Nxt(");
    folder.write(policy, &slip);
    let output = tidegate()
        .args(["check", "--allow-unknown-named-values", policy])
        .current_dir(&folder.0)
        .output()
        .expect("tidegate runs");
    let printed = stderr(&output);
    assert!(printed.contains(blocks[0].trim_end()), "{printed}");
}

#[test]
fn the_first_example_of_the_configuration_document_loads() {
    let blocks = blocks("docs/configuration.md", "yaml");
    let folder = Folder::new("documented");
    folder.write("tidegate.yaml", &blocks[0]);
    folder.write(
        "policies/openai.xml",
        "<policies><inbound><base /><set-backend-service backend-id=\"aoai\" /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>",
    );
    let output = tidegate()
        .arg("check")
        .arg(&folder.0)
        .args(["--named-value", "aoai-east-key=k"])
        .env("AOAI_SWEDEN_KEY", "k")
        .env("TEAM_A_KEY", "k")
        .output()
        .expect("tidegate runs");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("0 errors, 0 warnings"),
        "{}",
        stderr(&output)
    );
}

/// A policy that README does not name is one nobody finds; one it names in vain is a lie.
#[test]
fn readme_lists_the_policies_that_work() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("it exists");
    let list = readme
        .split_once("- **Policies**")
        .and_then(|(_, rest)| rest.split_once("Any other policy"))
        .expect("there is a list")
        .0;
    // `base` is no policy but belongs to the sections.
    let mut named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    named.retain(|name| *name != "base");
    named.sort_unstable();
    let mut known: Vec<&str> = tidegate_policies::registry::POLICIES
        .iter()
        .map(|policy| policy.name)
        .collect();
    known.sort_unstable();
    assert_eq!(named, known);
}
