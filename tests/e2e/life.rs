//! The life of a gateway: readiness, reload, drain, clients that leave.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tidegate_simulator::SimulatorConfig;

use crate::harness::{Folder, Gateway, PATIENCE, Process, Regions, Request, repository};

const POLICY: &str = "policies/until-200.xml";

fn marked(folder: &Folder, mark: &str) {
    let text = folder.read(POLICY).replace(
        "<outbound>\n        <base />",
        &format!(
            "<outbound>\n        <base />\n        <set-header name=\"x-mark\"><value>{mark}</value></set-header>"
        ),
    );
    folder.write(POLICY, &text);
}

fn wait_for_mark(gateway: &Gateway, mark: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = Request::chat().send(gateway.address);
        assert_eq!(answer.status, 200);
        if answer.header("x-mark") == mark {
            return;
        }
        assert!(Instant::now() < deadline, "{}", gateway.process.output());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_admin_listener_tells_that_it_lives_and_what_it_did() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-b");
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    for path in ["/livez", "/readyz"] {
        assert_eq!(Request::new("GET", path).send(gateway.admin).status, 200);
    }
    for _ in 0..3 {
        Request::chat().send(gateway.address);
    }
    let metrics = Request::new("GET", "/metrics").send(gateway.admin);
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    let requests = text
        .lines()
        .find(|line| line.starts_with("tidegate_requests_total{"))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(
        requests.contains("api=\"azure-openai\"") && requests.ends_with(" 3"),
        "{requests}"
    );
    assert!(
        text.contains("tidegate_backend_attempts_total{backend=\"aoai-1\"} 3"),
        "{text}"
    );
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
}

#[test]
fn a_changed_file_is_taken_into_use() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-a");
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    marked(&folder, "one");
    wait_for_mark(&gateway, "one");
}

/// How Kubernetes changes a mounted ConfigMap: every file is a link through one folder, and that link is replaced.
#[test]
fn a_swapped_link_is_a_change_too() {
    let regions = Regions::start();
    let versions = Folder::new("versions");
    for version in ["one", "two"] {
        let folder = Folder::copy_of("challenge/variant-a");
        marked(&folder, version);
        for file in ["tidegate.yaml", POLICY, "fragments/use-backend.xml"] {
            versions.write(&format!("..{version}/{file}"), &folder.read(file));
        }
    }
    let link = |target: &str, name: &str| {
        let temporary = versions.0.join("..temporary");
        std::os::unix::fs::symlink(target, &temporary).expect("links can be made");
        std::fs::rename(&temporary, versions.0.join(name)).expect("and renamed");
    };
    link("..one", "..data");
    for name in ["tidegate.yaml", "policies", "fragments"] {
        link(&format!("..data/{name}"), name);
    }
    let gateway = Gateway::start(&versions.0, &regions.named_values());
    wait_for_mark(&gateway, "one");
    link("..two", "..data");
    wait_for_mark(&gateway, "two");
}

#[test]
fn a_hang_up_signal_reloads_and_a_broken_configuration_is_refused() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-a");
    let mut arguments = regions.named_values();
    arguments.push("--no-watch".to_owned());
    let gateway = Gateway::start(&folder.0, &arguments);
    marked(&folder, "one");
    gateway.process.signal("HUP");
    wait_for_mark(&gateway, "one");

    let good = folder.read(POLICY);
    let lines = gateway.process.line_count();
    folder.write(POLICY, &good.replace("<retry ", "<retri "));
    gateway.process.signal("HUP");
    gateway
        .process
        .wait_for_from(lines, "the running one stays");
    assert!(gateway.process.output().contains("until-200.xml:"));
    wait_for_mark(&gateway, "one");
    let metrics = Request::new("GET", "/metrics").send(gateway.admin).text();
    assert!(
        metrics.contains("tidegate_failed_reloads_total 1"),
        "{metrics}"
    );
}

#[test]
fn reloads_under_load_lose_no_request() {
    let regions = Regions::start();
    let folder = Folder::copy_of("challenge/variant-a");
    let mut arguments = regions.named_values();
    arguments.push("--no-watch".to_owned());
    let gateway = Arc::new(Gateway::start(&folder.0, &arguments));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (gateway, stop) = (gateway.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut answered = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = Request::chat().send(gateway.address);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for round in 0..5 {
        let lines = gateway.process.line_count();
        folder.write("comment.txt", &round.to_string());
        gateway.process.signal("HUP");
        gateway
            .process
            .wait_for_from(lines, "configuration reloaded");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.join().expect("every answer is 200") > 0);
    }
}

/// Starts a stream that takes a while and reads its first bytes.
fn open_stream(gateway: &Gateway) -> TcpStream {
    let request = Request::chat()
        .body(r#"{"messages":[{"role":"user","content":"Hello"}],"max_tokens":40,"stream":true}"#);
    let mut stream = TcpStream::connect(gateway.address).expect("it accepts");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    stream
        .write_all(&request.bytes(gateway.address))
        .expect("it reads");
    let mut first = [0; 64];
    let read = stream.read(&mut first).expect("it answers");
    assert!(first[..read].starts_with(b"HTTP/1.1 200"));
    stream
}

fn slow_regions() -> Regions {
    let regions = Regions::with(SimulatorConfig::three_regions());
    for region in ["swedencentral", "eastus", "australiaeast"] {
        regions.faults(region, json!([{"kind": "slow", "factor": 3.0}]));
    }
    regions
}

#[test]
fn a_stream_in_flight_outlives_sigterm() {
    let regions = slow_regions();
    let folder = Folder::copy_of("challenge/variant-a");
    let mut gateway = Gateway::start(&folder.0, &regions.named_values());
    let mut stream = open_stream(&gateway);
    gateway.process.signal("TERM");
    gateway.process.wait_for("draining");
    let mut rest = String::new();
    stream
        .read_to_string(&mut rest)
        .expect("the stream ends in order");
    assert!(rest.contains("data: [DONE]"), "{rest}");
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    drop(stream);
    assert_eq!(gateway.process.wait(), Some(0));
    assert!(gateway.process.output().contains("finished=true"));
    assert!(TcpStream::connect(gateway.address).is_err());
}

#[test]
fn a_client_that_leaves_cancels_the_call_to_the_backend() {
    let regions = slow_regions();
    let folder = Folder::copy_of("challenge/variant-b");
    let gateway = Gateway::start(&folder.0, &regions.named_values());
    let stream = open_stream(&gateway);
    let in_flight = || {
        let metrics = Request::new("GET", "/metrics").send(gateway.admin).text();
        metrics.contains("tidegate_backend_in_flight{backend=\"aoai-1\"} 1")
    };
    assert!(in_flight());
    drop(stream);
    let deadline = Instant::now() + PATIENCE;
    while in_flight() {
        assert!(Instant::now() < deadline, "the call goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_limit_on_open_files_is_raised_as_far_as_it_goes() {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "ulimit -S -n 100 && exec \"$@\"", "sh"])
        .arg(crate::harness::tidegate().get_program())
        .args(["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .arg("--config")
        .arg(repository().join("examples/challenge/variant-a"));
    let process = Process::spawn(command);
    process.wait_for("listening");
    let limits = process.limits("Max open files");
    assert_eq!(limits[0], limits[1], "{limits:?}");
    assert_ne!(limits[0], "100");
}
