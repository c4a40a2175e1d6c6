//! Regular expressions with .NET's syntax and results.
//!
//! Why an own engine: .NET's expressions have captures of every round of a loop, balancing groups, conditionals, matching
//! from right to left and numbering rules that no crate offers, and policies see all of it (`Groups["c"].Captures`).
//! Patterns and text (UTF-16 units) flow in, matches flow out. A match is bounded in steps, a pattern in nesting.

mod blocks;
mod charset;
mod compile;
mod matcher;
mod parser;
mod replace;
mod syntax;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

pub use self::replace::{Replacement, escape, unescape};
pub use self::syntax::Options;
use crate::clr;
use crate::json;
use crate::value::Str;

/// Why a pattern or a match failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The pattern or replacement can't be read; .NET's message.
    Pattern(String),
    /// The match took too many steps.
    Timeout,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(message) => f.write_str(message),
            Self::Timeout => f.write_str(
                "The regular expression took more backtracking steps than its limit allows, which an input or a \
                 pattern with nested repetition can cause.",
            ),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for json::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Pattern(_) => json::ErrorKind::Clr(clr::ErrorKind::Argument),
            Error::Timeout => json::ErrorKind::RegexTimeout,
        };
        Self::new(kind, error.to_string())
    }
}

/// How much matching may cost, and what it has cost.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// How often one match may take back a choice.
    pub limit: usize,
    used: u64,
}

impl Steps {
    /// So many for each match.
    pub const fn new(limit: usize) -> Self {
        Self { limit, used: 0 }
    }

    /// The cost of the matches since this was asked last, in steps of about ten nanoseconds.
    pub fn take_used(&mut self) -> u64 {
        std::mem::take(&mut self.used)
    }
}

/// Start and end of a capture, in UTF-16 units.
pub type Span = (usize, usize);

/// A match: for each group, in the order of their numbers, its captures from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Group 0 is the whole match.
    pub groups: Vec<Vec<Span>>,
}

impl Found {
    /// Where the whole match lies.
    pub fn span(&self) -> Span {
        self.group(0).unwrap_or_default()
    }

    /// The same in a text that begins `by` units earlier.
    #[must_use]
    pub fn moved(mut self, by: isize) -> Self {
        if by != 0 {
            for (start, end) in self.groups.iter_mut().flatten() {
                *start = start.saturating_add_signed(by);
                *end = end.saturating_add_signed(by);
            }
        }
        self
    }

    /// The last capture of a group, by position.
    pub fn group(&self, slot: usize) -> Option<Span> {
        self.groups
            .get(slot)
            .and_then(|spans| spans.last().copied())
    }
}

#[derive(Debug)]
struct Inner {
    pattern: Str,
    options: Options,
    program: compile::Program,
    captures: Vec<syntax::Capture>,
}

/// A compiled regular expression; cloning shares it.
#[derive(Debug, Clone)]
pub struct Regex(Rc<Inner>);

/// Longer patterns are not remembered.
const MAX_CACHED: usize = 4_096;
/// Patterns remembered per thread.
const CACHE_SIZE: usize = 64;

thread_local! {
    /// Latest last.
    static CACHE: RefCell<Vec<Regex>> = const { RefCell::new(Vec::new()) };
}

impl Regex {
    /// Compiles a pattern.
    pub fn new(pattern: &Str, options: Options) -> Result<Self, Error> {
        let units = pattern.units();
        let parsed = parser::parse(&units, options).map_err(|problem| {
            Error::Pattern(format!(
                "Invalid pattern '{pattern}' at offset {}. {}",
                problem.offset, problem.message
            ))
        })?;
        let program = compile::compile(&parsed, options);
        let inner = Inner {
            pattern: pattern.clone(),
            options,
            program,
            captures: parsed.captures,
        };
        Ok(Self(Rc::new(inner)))
    }

    /// Compiles a pattern, or takes it from the thread's cache.
    pub fn cached(pattern: &Str, options: Options) -> Result<Self, Error> {
        let known = CACHE.with_borrow_mut(|cache| {
            let at = cache
                .iter()
                .rposition(|r| r.0.options == options && r.0.pattern == *pattern)?;
            let regex = cache.remove(at);
            cache.push(regex.clone());
            Some(regex)
        });
        if let Some(regex) = known {
            return Ok(regex);
        }
        let regex = Self::new(pattern, options)?;
        if pattern.len() > MAX_CACHED {
            return Ok(regex);
        }
        CACHE.with_borrow_mut(|cache| {
            if cache.len() == CACHE_SIZE {
                cache.remove(0);
            }
            cache.push(regex.clone());
        });
        Ok(regex)
    }

    /// The pattern's text.
    pub fn pattern(&self) -> &Str {
        &self.0.pattern
    }

    /// The options it was compiled with.
    pub fn options(&self) -> Options {
        self.0.options
    }

    /// Number of groups, the whole match included.
    pub fn group_count(&self) -> usize {
        self.0.captures.len()
    }

    /// Position of the group with that number.
    pub fn slot_of_number(&self, number: i64) -> Option<usize> {
        self.0
            .captures
            .iter()
            .position(|capture| i64::from(capture.number) == number)
    }

    /// Position of the group with that name; unnamed groups answer to their number.
    pub fn slot_of_name(&self, name: &str) -> Option<usize> {
        self.0
            .captures
            .iter()
            .position(|capture| capture.name == name)
    }

    /// Numbers and names of all groups in order.
    pub fn groups(&self) -> impl Iterator<Item = (u32, &str)> {
        self.0
            .captures
            .iter()
            .map(|capture| (capture.number, capture.name.as_str()))
    }

    /// Where the first search in a text of that length begins.
    pub fn start(&self, length: usize) -> usize {
        if self.0.options.right_to_left {
            length
        } else {
            0
        }
    }

    /// The first match in a text.
    pub fn find(&self, text: &Str, steps: &mut Steps) -> Result<Option<Found>, Error> {
        let units = text.units();
        self.find_from(&units, self.start(units.len()), steps)
    }

    /// The first match from a place on, in the direction of the options.
    pub fn find_from(
        &self,
        units: &[u16],
        start: usize,
        steps: &mut Steps,
    ) -> Result<Option<Found>, Error> {
        self.search(units, start, start, steps)
    }

    fn search(
        &self,
        units: &[u16],
        start: usize,
        anchor: usize,
        steps: &mut Steps,
    ) -> Result<Option<Found>, Error> {
        let mut matcher =
            matcher::Matcher::new(&self.0.program, units, self.group_count(), steps.limit);
        let found = matcher.search(
            start.min(units.len()),
            anchor.min(units.len()),
            self.0.options.right_to_left,
        );
        steps.used = steps.used.saturating_add(matcher.cost());
        match found {
            Ok(found) => Ok(found.map(|groups| Found { groups })),
            Err(matcher::Exhausted) => Err(Error::Timeout),
        }
    }

    /// The match after another one: after an empty match the search begins one unit further.
    pub fn find_after(
        &self,
        units: &[u16],
        last: &Found,
        steps: &mut Steps,
    ) -> Result<Option<Found>, Error> {
        let (start, end) = last.span();
        let backward = self.0.options.right_to_left;
        let from = match (backward, start == end) {
            (false, false) => end,
            (true, false) => start,
            (false, true) if end < units.len() => end + 1,
            (true, true) if start > 0 => start - 1,
            _ => return Ok(None),
        };
        self.search(units, from, if backward { start } else { end }, steps)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
