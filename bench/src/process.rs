//! Programs under measurement: started on a core of their own, watched through `/proc`, ended by their own process id.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time a program may take to listen. Generous: under callgrind everything takes fifty times as long.
const START: Duration = Duration::from_secs(120);
/// Time a program may take to end.
const END: Duration = Duration::from_secs(60);

/// A running program and, where it has any, its children.
pub struct Running {
    child: Child,
}

/// Whether a program of this name can be started.
pub fn exists(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    // Debian keeps daemons where a user's PATH does not look.
    let extra = ["/usr/sbin", "/sbin"].map(Into::into);
    std::env::split_paths(&path)
        .chain(extra)
        .any(|folder| folder.join(program).is_file())
}

/// A command that runs on one core, where the machine has `taskset`.
pub fn pinned(core: usize, program: &str) -> Command {
    if !exists("taskset") {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}

/// The cargo that runs this program, or the one in the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

impl Running {
    /// Starts a program with its output in `log`, and waits until it listens.
    pub fn start(mut command: Command, log: &Path, listens: SocketAddr) -> io::Result<Self> {
        if std::net::TcpStream::connect(listens).is_ok() {
            return Err(io::Error::other(format!(
                "something else listens on {listens} already"
            )));
        }
        let output = fs::File::create(log)?;
        let errors = output.try_clone()?;
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()?;
        let mut running = Self { child };
        let deadline = Instant::now() + START;
        while std::net::TcpStream::connect(listens).is_err() {
            if let Some(status) = running.child.try_wait()? {
                let text = fs::read_to_string(log).unwrap_or_default();
                let end: Vec<&str> = text.lines().rev().take(5).collect();
                let end: Vec<&str> = end.into_iter().rev().collect();
                return Err(io::Error::other(format!(
                    "it ended with {status}: {}",
                    end.join(" | ")
                )));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("it does not listen on {listens}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// CPU time used so far, the children's included.
    pub fn cpu(&self) -> Duration {
        self.family().into_iter().map(cpu).sum()
    }

    /// Resident memory in bytes, the children's included: now, and the largest so far.
    pub fn memory(&self) -> Memory {
        let family = self.family();
        let sum = |field| family.iter().map(|pid| status_bytes(*pid, field)).sum();
        Memory {
            now: sum("VmRSS:"),
            peak: sum("VmHWM:"),
        }
    }

    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut index = 0;
        while let Some(&pid) = family.get(index) {
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            family.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
            index += 1;
        }
        family
    }

    /// Asks the program to end, and waits for it.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // SIGTERM lets callgrind write its counts.
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        let deadline = Instant::now() + END;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
                self.child.wait()?;
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Nanoseconds on the CPU of all threads; from the scheduler where the kernel tells, else from the coarser `stat`.
fn cpu(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let mut total = 0u64;
    for thread in threads {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        total += text
            .split_whitespace()
            .next()
            .and_then(|first| first.parse::<u64>().ok())
            .unwrap_or_default();
    }
    if total > 0 {
        return Duration::from_nanos(total);
    }
    // Fields 14 and 15, counted behind the name in brackets; a hundred ticks a second on every Linux.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// At the moment asked.
    pub now: u64,
    /// The largest so far.
    pub peak: u64,
}

fn status_bytes(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}
