//! `System.Text.RegularExpressions`: bindings of [`crate::regex`].

mod collections;
mod match_types;
mod regex_type;

use std::ops::Range;
use std::rc::Rc;
use std::sync::OnceLock;

use crate::json;
use crate::regex::{Error, Found, Options, Regex, Steps};
use crate::runtime::{Fault, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::Str;

pub(super) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.Text.RegularExpressions.RegexOptions",
            &Options::MEMBERS,
        )
        .flags();
    types
        .delegate(
            "System.Text.RegularExpressions.MatchEvaluator",
            "string Invoke(Match match)",
        )
        .beyond_documentation();
    match_types::define(types);
    collections::define(types);
    regex_type::define(types);
}

struct Defs {
    regex: DefId,
    capture: DefId,
    group: DefId,
    matched: DefId,
    captures: DefId,
    groups: DefId,
    matches: DefId,
    options: DefId,
}

fn defs() -> &'static Defs {
    static DEFS: OnceLock<Defs> = OnceLock::new();
    DEFS.get_or_init(|| {
        // All are declared by this folder; `object` stands in if a name were ever missing.
        let id = |name: &str| {
            let full = format!("System.Text.RegularExpressions.{name}");
            Registry::get()
                .by_full_name(&full)
                .map_or(known::OBJECT, |def| def.id)
        };
        Defs {
            regex: id("Regex"),
            capture: id("Capture"),
            group: id("Group"),
            matched: id("Match"),
            captures: id("CaptureCollection"),
            groups: id("GroupCollection"),
            matches: id("MatchCollection"),
            options: id("RegexOptions"),
        }
    })
}

fn named(def: DefId) -> Type {
    Type::Named(def, None)
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        json::Error::from(error).into()
    }
}

/// The text that was searched, with what it was searched for.
struct Subject {
    regex: Regex,
    text: Str,
    units: Box<[u16]>,
    /// The part that is searched as if there were nothing else.
    window: Range<usize>,
}

impl Subject {
    fn searched(&self) -> &[u16] {
        self.units.get(self.window.clone()).unwrap_or_default()
    }
}

/// One successful match.
struct Hit {
    subject: Rc<Subject>,
    found: Found,
}

/// The first match from a place on, paid for.
fn search(rt: &mut Runtime<'_>, subject: &Subject, from: usize) -> R<Option<Found>> {
    let mut steps = Steps::new(rt.limits.regex_steps);
    let from = from.saturating_sub(subject.window.start);
    let found = subject
        .regex
        .find_from(subject.searched(), from, &mut steps);
    rt.spend(1 + steps.take_used())?;
    Ok(found?.map(|found| found.moved(subject.window.start as isize)))
}

/// The match after another one, paid for.
fn search_after(rt: &mut Runtime<'_>, subject: &Subject, last: &Found) -> R<Option<Found>> {
    let mut steps = Steps::new(rt.limits.regex_steps);
    let start = subject.window.start as isize;
    let last = last.clone().moved(-start);
    let found = subject
        .regex
        .find_after(subject.searched(), &last, &mut steps);
    rt.spend(1 + steps.take_used())?;
    Ok(found?.map(|found| found.moved(start)))
}
