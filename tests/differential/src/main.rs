//! The differential test: random policy expressions, each evaluated by a real C# and by Tidegate.
//!
//! A seed and a count flow in; agreements, disagreements in groups and the coverage of the library flow out. Nothing
//! here judges by itself what is right: C# does.

mod csharp;
mod known;
mod language;
mod pool;
mod report;
mod values;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tidegate_expressions::notation::{self, Outcome as Ours};
use tidegate_expressions::types::{MemberKind, Registry, TypeDef};
use tidegate_expressions::{Nowhere, Options};

use csharp::{CSharp, Outcome};
use report::Report;
use values::{Generator, MemberId};

/// Compares Tidegate's policy expressions with a real C#.
#[derive(Parser)]
struct Arguments {
    /// How many expressions to try.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// The same seed gives the same expressions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many to compile at a time.
    #[arg(long, default_value_t = 4_000)]
    batch: usize,
    /// Ask Mono, too, where C# and Tidegate disagree.
    #[arg(long)]
    mono: bool,
    /// Only expressions about members whose `Type.Name` contains this, or a kind of language construct.
    #[arg(long)]
    only: Option<String>,
    /// Run the expressions of this file, one a line, instead of random ones.
    #[arg(long)]
    file: Option<PathBuf>,
}

/// An expression, what it is about and which members it calls.
struct Case {
    about: String,
    source: String,
    members: Vec<MemberId>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Expressions nest; a generous stack leaves the limits to the crate.
    let run = std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || run(&arguments));
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(0))) => ExitCode::SUCCESS,
        Ok(Ok(Ok(_))) => ExitCode::from(1),
        Ok(Ok(Err(problem))) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
        _ => ExitCode::from(2),
    }
}

fn run(arguments: &Arguments) -> io::Result<usize> {
    let room = Path::new("target/differential");
    let harness = Path::new("tests/differential/Harness.cs");
    let dotnet = CSharp::dotnet(room, harness)?;
    let mono = if arguments.mono {
        Some(CSharp::mono(room, harness)?)
    } else {
        None
    };
    let mut report = Report::default();
    if let Some(file) = &arguments.file {
        let cases: Vec<Case> = std::fs::read_to_string(file)?
            .lines()
            .filter(|line| line.starts_with('@'))
            .map(|line| Case {
                about: "file".into(),
                source: line.split('\t').next().unwrap_or_default().into(),
                members: Vec::new(),
            })
            .collect();
        compare(&cases, &dotnet, mono.as_ref(), &mut report)?;
        return report.print(room);
    }
    let mut source = Source::new(arguments.seed, arguments.only.as_deref());
    let mut left = arguments.count;
    while left > 0 {
        let cases = source.cases(left.min(arguments.batch));
        left -= left.min(arguments.batch);
        compare(&cases, &dotnet, mono.as_ref(), &mut report)?;
        report.save(room)?;
        eprintln!("{}", report.progress());
    }
    report.print(room)
}

/// Where random expressions come from: each member of the library in turn, and the language between.
struct Source {
    generator: Generator,
    only: Option<String>,
    turn: Vec<(&'static TypeDef, usize)>,
    seen: HashSet<String>,
}

impl Source {
    fn new(seed: u64, only: Option<&str>) -> Self {
        Self {
            generator: Generator::new(seed),
            only: only.map(str::to_owned),
            turn: Vec::new(),
            seen: HashSet::new(),
        }
    }

    fn cases(&mut self, count: usize) -> Vec<Case> {
        let mut cases = Vec::new();
        let mut tries = 0;
        while cases.len() < count && tries < count * 20 {
            tries += 1;
            self.generator.restart();
            self.generator.ill = if self.generator.chance(1, 8) { 60 } else { 0 };
            let language = match self.only.as_deref() {
                Some(only) => language::KINDS.contains(&only),
                None => self.generator.chance(1, 4),
            };
            let made = if language {
                let (kind, text) = self.generator.language();
                let wanted = self.only.as_deref().is_none_or(|only| only == kind);
                wanted.then(|| (format!("language: {kind}"), text))
            } else {
                self.member()
            };
            let Some((about, source)) = made else {
                continue;
            };
            if source.len() < 4_000 && self.seen.insert(source.clone()) {
                cases.push(Case {
                    about,
                    source,
                    members: std::mem::take(&mut self.generator.used),
                });
            }
        }
        cases
    }

    fn member(&mut self) -> Option<(String, String)> {
        if self.turn.is_empty() {
            for def in Registry::get().defs() {
                for (i, member) in def.members().iter().enumerate() {
                    let name = format!("{}.{}", def.name, member.name);
                    let wanted = self
                        .only
                        .as_ref()
                        .is_none_or(|only| name.contains(only.as_str()));
                    // The names of enumerations come up as values all the time.
                    let named = def.kind == tidegate_expressions::types::Kind::Enum
                        && member.kind == MemberKind::Property
                        && !self.generator.chance(1, 10);
                    if wanted && !named && values::excluded(def, member).is_none() {
                        self.turn.push((def, i));
                    }
                }
            }
            self.generator.rng.shuffle(&mut self.turn);
        }
        let (def, index) = self.turn.pop()?;
        let class: Vec<_> = def
            .parameters
            .iter()
            .map(|_| self.generator.any_type())
            .collect();
        let depth = self.generator.rng.usize(0..3);
        let text = self.generator.statement(def, index, &class, depth)?;
        let signature = def.members().get(index).map_or("", |m| m.signature);
        Some((format!("{}: {signature}", def.name), text))
    }
}

fn ours(source: &str) -> String {
    let shown = std::panic::catch_unwind(|| {
        let mut host = Nowhere::default();
        // A time without a date is of today on both sides.
        if let Ok(since) = std::time::SystemTime::UNIX_EPOCH.elapsed() {
            const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
            host.now = UNIX_EPOCH + i64::try_from(since.as_secs()).unwrap_or(0) * 10_000_000;
        }
        notation::evaluate(source, &Options::default(), &mut host)
    });
    match shown {
        Ok(outcome @ Ours::Rejected(_)) => outcome.to_string(),
        Ok(outcome) => outcome.to_string(),
        Err(_) => "panic".to_owned(),
    }
}

fn compare(
    cases: &[Case],
    dotnet: &CSharp,
    mono: Option<&CSharp>,
    report: &mut Report,
) -> io::Result<()> {
    let found: Vec<String> = cases.iter().map(|case| ours(&case.source)).collect();
    let mut disagreeing = Vec::new();
    for rejected in [false, true] {
        let chosen: Vec<usize> = (0..cases.len())
            .filter(|&i| found[i].starts_with("compile ") == rejected)
            .collect();
        let sources: Vec<&str> = chosen.iter().map(|&i| &*cases[i].source).collect();
        let outcomes = dotnet.run(&sources, rejected)?;
        for (&i, outcome) in chosen.iter().zip(outcomes) {
            if !report.take(
                &cases[i].about,
                &cases[i].source,
                &cases[i].members,
                &found[i],
                &outcome,
            ) {
                disagreeing.push((i, outcome));
            }
        }
    }
    let second: Vec<Outcome> = match mono {
        Some(mono) => {
            let sources: Vec<&str> = disagreeing
                .iter()
                .map(|(i, _)| &*cases[*i].source)
                .collect();
            mono.run(&sources, true)?
        }
        None => Vec::new(),
    };
    for (n, (i, outcome)) in disagreeing.into_iter().enumerate() {
        report.disagree(
            &cases[i].about,
            &cases[i].source,
            &found[i],
            outcome,
            second.get(n).cloned(),
        );
    }
    Ok(())
}
