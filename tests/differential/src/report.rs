//! What agreed and what did not: outcomes flow in, groups with examples and the coverage flow out.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tidegate_expressions::types::Registry;

use crate::csharp::Outcome;
use crate::known;
use crate::values::{MemberId, excluded};

/// Examples shown of each group.
const SHOWN: usize = 3;

struct Disagreement {
    source: String,
    ours: String,
    theirs: Outcome,
    second: Option<Outcome>,
}

/// The state of a run.
#[derive(Default)]
pub struct Report {
    tried: usize,
    values: usize,
    exceptions: usize,
    rejected: usize,
    other_code: BTreeMap<(String, String), (usize, String)>,
    known: BTreeMap<&'static str, usize>,
    per_type: BTreeMap<String, (usize, usize)>,
    groups: BTreeMap<String, Vec<Disagreement>>,
    calls: HashMap<MemberId, usize>,
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(ty, text) => format!("{ty}\t{text}"),
        Outcome::Throws(name) => format!("throws {name}"),
        Outcome::Rejected(code) => format!("compile {code}"),
        Outcome::Lost => "lost".to_owned(),
    }
}

/// Whether Tidegate's line says what C# says.
fn agrees(ours: &str, theirs: &Outcome) -> bool {
    match theirs {
        Outcome::Rejected(_) => ours.starts_with("compile "),
        Outcome::Throws(name) => ours.strip_prefix("throws ").is_some_and(|ours| {
            // The class of a bad pattern's exception is the runtime's own.
            ours == name || (ours == "ArgumentException" && name == "RegexParseException")
        }),
        Outcome::Value(ty, text) => {
            let Some((our_type, our_text)) = ours.split_once('\t') else {
                return false;
            };
            let same_type = ty == "?" || ty.starts_with('~') || ty == our_type;
            same_type && (text == "?" || text == our_text)
        }
        Outcome::Lost => false,
    }
}

impl Report {
    /// Notes an outcome; false where the two disagree without a known cause.
    pub fn take(
        &mut self,
        about: &str,
        source: &str,
        members: &[MemberId],
        ours: &str,
        theirs: &Outcome,
    ) -> bool {
        self.tried += 1;
        let ty = about.split(": ").next().unwrap_or_default().to_owned();
        let totals = self.per_type.entry(ty).or_default();
        totals.0 += 1;
        if !ours.starts_with("compile ") && !matches!(theirs, Outcome::Rejected(_)) {
            for member in members {
                *self.calls.entry(*member).or_default() += 1;
            }
        }
        if agrees(ours, theirs) {
            match theirs {
                Outcome::Value(..) => self.values += 1,
                Outcome::Throws(_) => self.exceptions += 1,
                _ => self.rejected += 1,
            }
            if let Outcome::Rejected(code) = theirs
                && ours != format!("compile {code}")
            {
                let entry = self
                    .other_code
                    .entry((code.clone(), ours.to_owned()))
                    .or_insert_with(|| (0, source.to_owned()));
                entry.0 += 1;
            }
            return true;
        }
        if let Some(cause) = known::cause(source, ours, theirs) {
            *self.known.entry(cause).or_default() += 1;
            return true;
        }
        totals.1 += 1;
        false
    }

    /// Keeps a disagreement.
    pub fn disagree(
        &mut self,
        about: &str,
        source: &str,
        ours: &str,
        theirs: Outcome,
        second: Option<Outcome>,
    ) {
        self.groups
            .entry(about.to_owned())
            .or_default()
            .push(Disagreement {
                source: source.to_owned(),
                ours: ours.to_owned(),
                theirs,
                second,
            });
    }

    /// One line about how far it is.
    pub fn progress(&self) -> String {
        let wrong: usize = self.groups.values().map(Vec::len).sum();
        format!(
            "{} tried, {wrong} disagree in {} groups",
            self.tried,
            self.groups.len()
        )
    }

    /// Writes each disagreement so far to `room`: about, expression, Tidegate, C#, Mono.
    pub fn save(&self, room: &Path) -> io::Result<()> {
        let flat = |outcome: &str| outcome.replace('\t', " ");
        let mut table = String::new();
        for (about, found) in &self.groups {
            for one in found {
                let second = one.second.as_ref().map(shown).unwrap_or_default();
                let (ours, theirs) = (flat(&one.ours), flat(&shown(&one.theirs)));
                let _ = writeln!(
                    table,
                    "{about}\t{}\t{ours}\t{theirs}\t{}",
                    one.source,
                    flat(&second)
                );
            }
        }
        fs::write(room.join("disagreements.tsv"), table)
    }

    /// Prints all of it and writes each disagreement to `room`. Gives their number.
    pub fn print(&self, room: &Path) -> io::Result<usize> {
        let mut out = String::new();
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(_, found)| std::cmp::Reverse(found.len()));
        for (about, found) in &groups {
            let _ = writeln!(out, "{about}: {}", found.len());
            for (i, one) in found.iter().enumerate() {
                let second = one.second.as_ref().map(shown).unwrap_or_default();
                if i < SHOWN {
                    let _ = writeln!(
                        out,
                        "    {}\n        Tidegate {}\n        C#       {}",
                        one.source,
                        one.ours,
                        shown(&one.theirs)
                    );
                    if !second.is_empty() {
                        let _ = writeln!(out, "        Mono     {second}");
                    }
                }
            }
        }
        self.save(room)?;
        let _ = writeln!(
            out,
            "\nOther code for what both reject (C#, Tidegate, times):"
        );
        let mut codes: Vec<_> = self.other_code.iter().collect();
        codes.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for ((theirs, ours), (count, example)) in codes.into_iter().take(20) {
            let _ = writeln!(
                out,
                "    {theirs}  {}  {count}  {example}",
                ours.trim_start_matches("compile ")
            );
        }
        let _ = writeln!(out, "\nDisagreements per type (tried, disagree):");
        for (ty, (tried, wrong)) in self.per_type.iter().filter(|(_, (_, wrong))| *wrong > 0) {
            let _ = writeln!(out, "    {ty}  {tried}  {wrong}");
        }
        self.coverage(&mut out);
        let _ = writeln!(out, "\nDisagreements with a known cause:");
        for (cause, count) in &self.known {
            let _ = writeln!(out, "    {cause}: {count}");
        }
        let wrong: usize = self.groups.values().map(Vec::len).sum();
        let _ = writeln!(
            out,
            "\n{} expressions: {} values, {} exceptions and {} rejections agree ({} of them with another code), {} differ with a known cause, {wrong} disagree",
            self.tried,
            self.values,
            self.exceptions,
            self.rejected,
            self.other_code.values().map(|(n, _)| n).sum::<usize>(),
            self.known.values().sum::<usize>(),
        );
        io::stdout().write_all(out.as_bytes())?;
        Ok(wrong)
    }

    fn coverage(&self, out: &mut String) {
        let (mut all, mut called, mut often) = (0, 0, 0);
        let mut never: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for def in Registry::get().defs() {
            for (i, member) in def.members().iter().enumerate() {
                if def.kind == tidegate_expressions::types::Kind::Enum && member.constant.is_some()
                {
                    continue;
                }
                all += 1;
                match self.calls.get(&(def.id, i)) {
                    Some(count) => {
                        called += 1;
                        often += usize::from(*count >= 3);
                    }
                    None => {
                        let reason = excluded(def, member).unwrap_or("not reached");
                        never
                            .entry(reason)
                            .or_default()
                            .push(format!("{}: {}", def.name, member.signature));
                    }
                }
            }
        }
        let _ = writeln!(
            out,
            "\nMembers: {called} of {all} called, {often} of them at least three times. Never called:"
        );
        for (reason, members) in never {
            let _ = writeln!(out, "    {reason}: {}", members.len());
            if reason == "not reached" {
                for member in members {
                    let _ = writeln!(out, "        {member}");
                }
            }
        }
    }
}
