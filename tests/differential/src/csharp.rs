//! A real C#: expressions flow in, compiled many at a time and run one after the other, outcomes flow out.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const USINGS: &str = "using System; using System.Collections; using System.Collections.Generic; using System.Collections.ObjectModel; \
using System.Globalization; using System.IO; using System.Linq; using System.Net; using System.Net.Sockets; using System.Numerics; \
using System.Runtime.CompilerServices; \
using System.Security; using System.Security.Cryptography; using System.Security.Cryptography.X509Certificates; using System.Text; \
using System.Text.RegularExpressions; using System.Xml; using System.Xml.Linq; using System.Xml.XPath; using Newtonsoft.Json; using Newtonsoft.Json.Linq; \
using Microsoft.CSharp.RuntimeBinder; using Formatting = Newtonsoft.Json.Formatting; using Group = System.Text.RegularExpressions.Group;";

/// How long one expression may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an expression came to in C#.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Type and text, in the notation of the case files; `?` where it is an implementation's own.
    Value(String, String),
    /// The exception's type.
    Throws(String),
    /// The compiler's first code.
    Rejected(String),
    /// It ended the process or took too long.
    Lost,
}

/// A compiler with its runtime.
pub struct CSharp {
    room: PathBuf,
    mono: bool,
}

impl CSharp {
    /// .NET Core 3.1 as `setup` left it in `room`, the harness compiled.
    pub fn dotnet(room: &Path, harness: &Path) -> io::Result<Self> {
        Self::prepared(room, harness, false)
    }

    /// Mono, where it is installed.
    pub fn mono(room: &Path, harness: &Path) -> io::Result<Self> {
        Self::prepared(room, harness, true)
    }

    fn prepared(room: &Path, harness: &Path, mono: bool) -> io::Result<Self> {
        let room = room.canonicalize()?;
        let this = Self { room, mono };
        fs::create_dir_all(this.work())?;
        let json = if mono {
            Path::new("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll").to_owned()
        } else {
            this.room.join("Newtonsoft.Json.dll")
        };
        if json.exists() {
            fs::copy(json, this.work().join("Newtonsoft.Json.dll"))?;
        }
        fs::write(
            this.work().join("Harness.runtimeconfig.json"),
            r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.23"}}}"#,
        )?;
        let sources = [harness.canonicalize()?];
        let errors = this.compile("Harness.dll", "exe", &sources, false)?;
        if errors.is_empty() {
            Ok(this)
        } else {
            Err(io::Error::other(format!("{errors:?}")))
        }
    }

    fn work(&self) -> PathBuf {
        self.room.join(if self.mono { "mono" } else { "work" })
    }

    fn dotnet_command(&self) -> Command {
        let mut command = Command::new(self.room.join("dotnetcore2/bin/dotnet"));
        let icu = fs::read_to_string(self.room.join("icu-version")).unwrap_or_default();
        command
            .env("CLR_ICU_VERSION_OVERRIDE", icu.trim())
            .env("LD_LIBRARY_PATH", self.room.join("openssl"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C");
        command
    }

    /// Errors as file, line and code.
    fn compile(
        &self,
        out: &str,
        target: &str,
        sources: &[PathBuf],
        harness: bool,
    ) -> io::Result<Vec<(String, usize, String)>> {
        let mut options = String::new();
        let _ = writeln!(
            options,
            "-nologo\n-langversion:{}\n-warn:0\n-target:{target}\n-out:\"{}\"",
            if self.mono { "latest" } else { "7.3" },
            self.work().join(out).display()
        );
        if self.mono {
            for name in [
                "System.Core",
                "System.Xml",
                "System.Xml.Linq",
                "Microsoft.CSharp",
                "System.Numerics",
            ] {
                let _ = writeln!(options, "-r:{name}");
            }
        } else {
            options.push_str("-nostdlib\n-debug-\n");
            for entry in fs::read_dir(
                self.room
                    .join("dotnetcore2/bin/shared/Microsoft.NETCore.App/3.1.23"),
            )? {
                let path = entry?.path();
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let managed = name.ends_with(".dll")
                    && (name.starts_with("System")
                        || matches!(
                            &*name,
                            "netstandard.dll" | "mscorlib.dll" | "Microsoft.CSharp.dll"
                        ));
                if managed {
                    let _ = writeln!(options, "-r:\"{}\"", path.display());
                }
            }
        }
        let _ = writeln!(
            options,
            "-r:\"{}\"",
            self.work().join("Newtonsoft.Json.dll").display()
        );
        if harness {
            let _ = writeln!(
                options,
                "-r:\"{}\"",
                self.work().join("Harness.dll").display()
            );
        }
        for source in sources {
            let _ = writeln!(options, "\"{}\"", source.display());
        }
        let response = self.work().join("options.rsp");
        fs::write(&response, options)?;
        let mut command = if self.mono {
            Command::new("mcs")
        } else {
            let mut command = self.dotnet_command();
            // The compiler's own precompiled code is for another system.
            command
                .env("COMPlus_ReadyToRun", "0")
                .args(["exec", "--fx-version", "3.1.23"]);
            command
                .arg(self.room.join("package/sdk/2.2.104/Roslyn/bincore/csc.dll"))
                .arg("-noconfig");
            command
        };
        let output = command
            .arg(format!("@{}", response.display()))
            .current_dir(self.work())
            .stdin(Stdio::null())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let mut errors = Vec::new();
        for line in text.lines() {
            let Some((place, rest)) = line.split_once(": error ") else {
                continue;
            };
            let code = rest.split(':').next().unwrap_or_default().to_owned();
            let Some((file, at)) = place.rsplit_once('(') else {
                continue;
            };
            let at = at
                .split(',')
                .next()
                .unwrap_or_default()
                .parse()
                .unwrap_or(0);
            let file = file.rsplit('/').next().unwrap_or_default().to_owned();
            errors.push((file, at, code));
        }
        if errors.is_empty() && !output.status.success() {
            return Err(io::Error::other(format!("the C# compiler failed:\n{text}")));
        }
        Ok(errors)
    }

    /// Compiles and runs all. `apart`: each in a file of its own, so that a syntax error spoils no other.
    pub fn run(&self, expressions: &[&str], apart: bool) -> io::Result<Vec<Outcome>> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; expressions.len()];
        let mut alive: Vec<usize> = (0..expressions.len()).collect();
        let per_file = if apart { 1 } else { 250 };
        let library = if apart { "Apart.dll" } else { "Batch.dll" };
        loop {
            if alive.is_empty() {
                break;
            }
            let sources = self.work().join("source");
            let _ = fs::remove_dir_all(&sources);
            fs::create_dir_all(&sources)?;
            let mut files = Vec::new();
            let mut lines: BTreeMap<(String, usize), usize> = BTreeMap::new();
            for (n, chunk) in alive.chunks(per_file).enumerate() {
                let name = format!("B_{n}.cs");
                let mut text = format!("{USINGS}\npublic static class B_{n} {{\n");
                for (i, &index) in chunk.iter().enumerate() {
                    lines.insert((name.clone(), i + 3), index);
                    text.push_str(&method(index, expressions[index]));
                    text.push('\n');
                }
                text.push_str("}\n");
                lines.insert((name.clone(), chunk.len() + 3), chunk[chunk.len() - 1]);
                lines.insert((name.clone(), chunk.len() + 4), chunk[chunk.len() - 1]);
                let path = sources.join(name);
                fs::write(&path, text)?;
                files.push(path);
            }
            let errors = self.compile(library, "library", &files, true)?;
            if errors.is_empty() {
                break;
            }
            let mut dropped = HashSet::new();
            for (file, line, code) in errors {
                let Some(&index) = lines.get(&(file, line)) else {
                    return Err(io::Error::other(format!(
                        "an error outside the expressions: {code}"
                    )));
                };
                if dropped.insert(index) {
                    outcomes[index] = Some(Outcome::Rejected(code));
                }
            }
            alive.retain(|i| !dropped.contains(i));
        }
        let mut from = 0;
        while let Some(&last) = alive.last()
            && from <= last
        {
            match self.execute(library, from, &mut outcomes)? {
                Some(lost) => {
                    outcomes[lost] = Some(Outcome::Lost);
                    from = lost + 1;
                }
                None => break,
            }
        }
        Ok(outcomes
            .into_iter()
            .map(|o| o.unwrap_or(Outcome::Lost))
            .collect())
    }

    /// Runs from that index on. Gives the index of an expression that ended the process or did not end itself.
    fn execute(
        &self,
        library: &str,
        from: usize,
        outcomes: &mut [Option<Outcome>],
    ) -> io::Result<Option<usize>> {
        let work = self.work();
        let mut command = if self.mono {
            let mut command = Command::new("mono");
            command
                .env("TZ", "UTC")
                .env("LC_ALL", "C")
                .arg(work.join("Harness.dll"));
            command
        } else {
            let mut command = self.dotnet_command();
            command.arg("exec").arg(work.join("Harness.dll"));
            command
        };
        let mut child = command
            .arg(work.join(library))
            .arg(from.to_string())
            .current_dir(&work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let Some(stdout) = child.stdout.take() else {
            return Ok(None);
        };
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut current = None;
        let lost = loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) if line == "end" => break None,
                Ok(line) => match line.strip_prefix('\t') {
                    None => current = line.parse::<usize>().ok(),
                    Some(rest) => {
                        let (ty, text) = rest.split_once('\t').unwrap_or((rest, ""));
                        let outcome = match text.strip_prefix("throws ") {
                            Some(name) if ty == "-" => Outcome::Throws(name.to_owned()),
                            _ => Outcome::Value(ty.to_owned(), text.to_owned()),
                        };
                        if let Some(place) = current.take().and_then(|i| outcomes.get_mut(i)) {
                            *place = Some(outcome);
                        }
                    }
                },
                Err(_) => break current.or(Some(usize::MAX)),
            }
        };
        let _ = child.kill();
        let _ = child.wait();
        match lost {
            Some(usize::MAX) => Err(io::Error::other("the harness ended before its time")),
            lost => Ok(lost),
        }
    }
}

fn method(index: usize, expression: &str) -> String {
    let inner = expression.get(2..expression.len() - 1).unwrap_or_default();
    if expression.starts_with("@{") {
        format!("public static object E_{index}() {{ {inner} }}")
    } else {
        format!("public static Outcome E_{index}() {{ return H.Show({inner}); }}")
    }
}
