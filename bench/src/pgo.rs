//! The release build with a profile of its own traffic (profile-guided optimization): what runs for every request is
//! compiled for speed and laid out together, the rest for size.
//!
//! In: the source tree. Out: `target/pgo/tidegate`. Tidegate is built with counters, every configuration in `bench/configs` and
//! `bench/training` gets every kind of traffic, and what was counted tells the compiler of a second build which way each branch goes.

use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use tidegate_bench::scenario::Scenario;

use crate::load;
use crate::peers::{Build, Folders, Peer, Ports};
use crate::process::{Running, cargo, exists};
use crate::table::{Cores, start_mock};

/// Requests of each kind of traffic; streams are a tenth.
const REQUESTS: usize = 20_000;
/// Where `bench/training/edge` listens.
const EDGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 18443);
/// Connections of the load.
const CONNECTIONS: usize = 32;

/// Builds twice, with the training between. Returns where the program is.
pub fn run() -> Result<String, String> {
    let folders = Folders::here().map_err(|error| error.to_string())?;
    let compiler = Compiler::here()?;
    let merge = compiler.profdata().ok_or_else(|| {
        format!(
            "llvm-profdata {} is not installed: run `cargo run --release -p tidegate-bench -- setup` or \
             `rustup component add llvm-tools`",
            compiler.llvm
        )
    })?;
    let scratch = folders.scratch.join("pgo");
    let counts = scratch.join("counts");
    // Counts of an older build say nothing of this one.
    let _ = fs::remove_dir_all(&counts);

    let counting = compiler.build(&scratch, "-Cprofile-generate=", &counts)?;
    train(&folders.with_plain(counting))?;
    let profile = scratch.join("tidegate.profdata");
    let merged = Command::new(&merge)
        .args(["merge", "--sparse", "-o"])
        .args([&profile, &counts])
        .status();
    if !merged.is_ok_and(|status| status.success()) {
        return Err(format!("{} failed", merge.display()));
    }
    let guided = compiler.build(&scratch, "-Cprofile-use=", &profile)?;
    let program = folders.program(Build::Guided);
    let copy = || {
        fs::create_dir_all(program.parent().unwrap_or(program))?;
        fs::copy(guided, program)
    };
    copy().map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(program.display().to_string())
}

/// All kinds of traffic, through every configuration that is measured and those that are there for training.
fn train(folders: &Folders) -> Result<(), String> {
    let ports = Ports::default();
    let _mock = start_mock(folders, ports, Cores::here())
        .map_err(|error| format!("the mock upstream: {error}"))?;
    let _edge = start(folders, &edge(folders)?, EDGE)?;
    let peers = Peer::all(folders)
        .into_iter()
        .filter(|peer| matches!(peer, Peer::Tidegate(_, Build::Plain)));
    let others = ["front", "variant-c"].map(|name| {
        let folder = folders.bench.join("training").join(name);
        Peer::Tidegate(folder, Build::Plain)
    });
    for peer in peers.chain(others) {
        eprintln!("training: {}", peer.name());
        let words = peer.command(folders, ports)?;
        let running = start(folders, &words, ports.proxy)?;
        load::send_all(ports.proxy, &Scenario::traffic(REQUESTS), CONNECTIONS)?;
        // The counts are written at the end.
        running.stop().map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn start(folders: &Folders, words: &[String], listens: SocketAddr) -> Result<Running, String> {
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(arguments);
    let log = folders
        .scratch
        .join(format!("training-{}.log", listens.port()));
    Running::start(command, &log, listens).map_err(|error| error.to_string())
}

/// The other end of `front`, with a certificate of its own.
fn edge(folders: &Folders) -> Result<Vec<String>, String> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| error.to_string())?;
    let folder = folders.scratch.join("edge");
    let template = folders.bench.join("training/edge/tidegate.yaml");
    let write = || {
        fs::create_dir_all(&folder)?;
        fs::copy(template, folder.join("tidegate.yaml"))?;
        fs::write(folder.join("cert.pem"), made.cert.pem())?;
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())
    };
    write().map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = folders.program(Build::Plain);
    Ok([program, "run".as_ref(), "--config".as_ref(), &folder]
        .map(|word| word.display().to_string())
        .to_vec())
}

/// What rustc says of itself.
pub struct Compiler {
    host: String,
    /// Major version of its LLVM, whose tools read its profiles.
    pub llvm: String,
    libraries: PathBuf,
}

impl Compiler {
    /// Asks rustc.
    pub fn here() -> Result<Self, String> {
        let ask = |arguments: &[&str]| {
            let output = Command::new("rustc").args(arguments).output();
            let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
            Ok::<_, String>(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let version = ask(&["-vV"])?;
        let field = |name: &str| {
            let found = version.lines().find_map(|line| line.strip_prefix(name));
            found.ok_or_else(|| format!("rustc tells no {name}"))
        };
        let llvm = field("LLVM version: ")?;
        Ok(Self {
            host: field("host: ")?.to_owned(),
            llvm: llvm.split('.').next().unwrap_or(llvm).to_owned(),
            libraries: ask(&["--print", "target-libdir"])?.trim().into(),
        })
    }

    /// The program that merges profiles: rustup's, or the system's of the same version.
    pub fn profdata(&self) -> Option<PathBuf> {
        let own = self.libraries.join("../bin/llvm-profdata");
        let systems = PathBuf::from(format!("llvm-profdata-{}", self.llvm));
        [own, systems]
            .into_iter()
            .find(|program| exists(&program.to_string_lossy()))
    }

    /// Builds Tidegate with one more flag. Naming the target keeps the flag away from build scripts and macros.
    fn build(&self, scratch: &Path, flag: &str, value: &Path) -> Result<PathBuf, String> {
        let mut flags: Vec<OsString> = std::env::var("RUSTFLAGS")
            .unwrap_or_default()
            .split_whitespace()
            .map(OsString::from)
            .collect();
        let mut last = OsString::from(flag);
        last.push(value);
        flags.push(last);
        eprintln!("building with {}", flags.join(" ".as_ref()).display());
        let status = cargo()
            .args(["build", "--release", "--package", "tidegate", "--locked"])
            .args(["--target", &self.host, "--target-dir"])
            .arg(scratch)
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"),
            ])
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}".as_ref()))
            .status()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        if status.success() {
            Ok(scratch.join(&self.host).join("release/tidegate"))
        } else {
            Err(format!("the build failed ({status})"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustc_names_its_host_and_its_llvm() {
        let compiler = Compiler::here().unwrap();
        assert!(compiler.host.contains('-'), "{}", compiler.host);
        assert!(compiler.llvm.parse::<u32>().is_ok(), "{}", compiler.llvm);
        assert!(compiler.libraries.is_dir());
    }
}
