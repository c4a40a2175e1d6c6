//! Starts gateways and simulators, and speaks plain HTTP/1.1 to them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_simulator::{Running, RunningResource, Simulator, SimulatorConfig};

/// Longest wait for something that should happen at once; only reached when it does not happen at all.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The tidegate binary.
pub fn tidegate() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
}

/// The top folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository exists")
}

/// A folder of its own for a test, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!(
            "tidegate-test-{name}-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }

    /// A copy of one of the examples.
    pub fn copy_of(example: &str) -> Self {
        let folder = Self::new(&example.replace('/', "-"));
        copy(&repository().join("examples").join(example), &folder.0);
        folder
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("the folder can be made");
        }
        std::fs::write(path, text).expect("the file can be written");
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.join(path)).expect("the file can be read")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
    for entry in std::fs::read_dir(from).expect("the example exists") {
        let entry = entry.expect("the example can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

/// Three simulated regions with a runtime of their own.
pub struct Regions {
    running: Option<Running>,
    runtime: tokio::runtime::Runtime,
}

impl Regions {
    /// Without latency and limits.
    pub fn start() -> Self {
        Self::with(SimulatorConfig::three_regions().unthrottled())
    }

    pub fn with(config: SimulatorConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let running = runtime
            .block_on(Simulator::start(config))
            .expect("the simulator starts");
        Self {
            running: Some(running),
            runtime,
        }
    }

    pub fn resources(&self) -> &[RunningResource] {
        &self.running().resources
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until dropped")
    }

    /// Endpoints and keys as the example configurations name them.
    pub fn named_values(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (number, resource) in (1..).zip(self.resources()) {
            for (name, value) in [("endpoint", &*resource.url), ("key", resource.key.expose())] {
                arguments.push("--named-value".to_owned());
                arguments.push(format!("aoai-{number}-{name}={value}"));
            }
        }
        arguments
    }

    fn admin(&self) -> SocketAddr {
        let url = self
            .running()
            .admin_url
            .as_deref()
            .expect("there is an admin endpoint");
        address_of(url)
    }

    /// Sets the faults of a region while it runs.
    pub fn faults(&self, region: &str, faults: Value) {
        let path = format!("/admin/resources/{region}/faults");
        let answer = Request::new("PUT", &path)
            .header("content-type", "application/json")
            .body(faults.to_string())
            .send(self.admin());
        assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
    }

    /// Requests answered by each region since the last reset, in the order of the configuration.
    pub fn requests(&self) -> Vec<u64> {
        let answer = Request::new("GET", "/admin/state").send(self.admin());
        let state: Value = serde_json::from_slice(&answer.body).expect("the state is JSON");
        let resources = state["resources"].as_array().expect("resources is a list");
        self.resources()
            .iter()
            .map(|resource| {
                resources
                    .iter()
                    .find(|state| state["name"] == json!(resource.name))
                    .and_then(|state| state["counters"]["requests"].as_u64())
                    .expect("the region is in the state")
            })
            .collect()
    }

    /// Forgets counters and faults.
    pub fn reset(&self) {
        let answer = Request::new("POST", "/admin/reset").send(self.admin());
        assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime
                .block_on(running.shutdown(Duration::from_secs(5)));
        }
    }
}

/// `http://host:port` as an address.
pub fn address_of(url: &str) -> SocketAddr {
    url.trim_start_matches("http://")
        .trim_end_matches('/')
        .parse()
        .expect("the URL is an address")
}

/// A child process whose stderr is read as it comes.
pub struct Process {
    child: Child,
    lines: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Process {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let lines = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let stderr = child.stderr.take().expect("stderr is piped");
        let shared = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                shared.0.lock().expect("no reader panics").push(line);
                shared.1.notify_all();
            }
            shared.1.notify_all();
        });
        Self { child, lines }
    }

    /// Waits for a line that holds `text`, from line `from` on; returns its number and itself.
    pub fn wait_for_from(&self, from: usize, text: &str) -> (usize, String) {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.0.lock().expect("no reader panics");
        loop {
            if let Some(found) = lines
                .iter()
                .enumerate()
                .skip(from)
                .find(|(_, line)| line.contains(text))
            {
                return (found.0, found.1.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no '{text}' in:\n{}", lines.join("\n"));
            lines = self
                .lines
                .1
                .wait_timeout(lines, left)
                .expect("no reader panics")
                .0;
        }
    }

    pub fn wait_for(&self, text: &str) -> String {
        self.wait_for_from(0, text).1
    }

    /// How many lines there are so far.
    pub fn line_count(&self) -> usize {
        self.lines.0.lock().expect("no reader panics").len()
    }

    pub fn output(&self) -> String {
        self.lines.0.lock().expect("no reader panics").join("\n")
    }

    /// A line of its `/proc` status in KiB: `VmRSS` (memory now), `VmHWM` (the most so far).
    pub fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the process runs");
        status
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))
            .and_then(|value| value.split_whitespace().next()?.parse().ok())
            .expect("the line is there")
    }

    /// Soft and hard limit of a line of its `/proc` limits.
    pub fn limits(&self, line: &str) -> Vec<String> {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id()))
            .expect("the process runs");
        limits
            .lines()
            .find_map(|found| found.strip_prefix(line))
            .map(|values| {
                values
                    .split_whitespace()
                    .take(2)
                    .map(str::to_owned)
                    .collect()
            })
            .expect("the line is there")
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(done.success());
    }

    /// Waits for the end; returns the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the process can be waited for")
            {
                return status.code();
            }
            assert!(
                Instant::now() < deadline,
                "still running:\n{}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running gateway.
pub struct Gateway {
    pub process: Process,
    pub address: SocketAddr,
    pub admin: SocketAddr,
}

impl Gateway {
    pub fn start(config: &Path, arguments: &[String]) -> Self {
        Self::start_in(config, arguments, &[])
    }

    /// With these environment variables.
    pub fn start_in(config: &Path, arguments: &[String], environment: &[(&str, &str)]) -> Self {
        let mut command = tidegate();
        command
            .envs(environment.iter().copied())
            .args([
                "run",
                "--listen",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0",
                "--config",
            ])
            .arg(config)
            .args(arguments);
        let process = Process::spawn(command);
        let admin = process.wait_for("admin listening");
        let address = process.wait_for(" listening");
        Self {
            address: address_in(&address),
            admin: address_in(&admin),
            process,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn address_in(line: &str) -> SocketAddr {
    line.split_once("address=")
        .map(|(_, address)| address.trim())
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("no address in '{line}'"))
}

/// A plain HTTP request.
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A chat completion through a gateway of the examples.
    pub fn chat() -> Self {
        Self::new(
            "POST",
            "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21",
        )
        .header("api-key", "demo-key")
        .header("content-type", "application/json")
        .body(r#"{"messages":[{"role":"user","content":"Hello"}],"max_tokens":8}"#)
    }

    pub fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.method,
            self.path,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub fn send(&self, address: SocketAddr) -> Answer {
        self.try_send(address).expect("there is an answer")
    }

    pub fn try_send(&self, address: SocketAddr) -> std::io::Result<Answer> {
        exchange(address, &self.bytes(address))
    }
}

/// Sends raw bytes and reads the answer to its end.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let ended = stream.read_to_end(&mut all);
    match Answer::parse(&all) {
        Some(answer) => Ok(answer),
        None => {
            ended?;
            Err(std::io::Error::other(format!(
                "no whole answer: {:?}",
                String::from_utf8_lossy(&all)
            )))
        }
    }
}

/// Sends raw bytes and returns all that comes back until the server closes, as it is.
pub fn raw_exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it accepts");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    stream.write_all(bytes).expect("it reads");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("it answers and closes");
    String::from_utf8_lossy(&all).into_owned()
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub reason: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// `None` when it is not whole.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let mut status_line = lines.next()?.splitn(3, ' ').skip(1);
        let status = status_line.next()?.parse().ok()?;
        let reason = status_line.next().unwrap_or("").to_owned();
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[end + 4..];
        let body = if headers
            .get("transfer-encoding")
            .is_some_and(|v| v.contains("chunked"))
        {
            dechunk(rest)?
        } else if let Some(length) = headers.get("content-length") {
            rest.get(..length.parse().ok()?)?.to_vec()
        } else {
            rest.to_vec()
        };
        Some(Self {
            status,
            reason,
            headers,
            body,
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in '{}'", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Runs a Python script of `tests/python` with the stock SDK; returns what it prints.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let interpreter = std::env::var_os("TIDEGATE_TEST_PYTHON").map_or_else(
        || repository().join("target/test-venv/bin/python"),
        PathBuf::from,
    );
    let output = Command::new(&interpreter)
        .arg(repository().join("tests/python").join(script))
        .args(arguments)
        .env_remove("HTTP_PROXY")
        .env_remove("HTTPS_PROXY")
        .env_remove("ALL_PROXY")
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{} cannot run ({error}): run tests/run, which installs it",
                interpreter.display()
            )
        });
    assert!(
        output.status.success(),
        "{script} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
