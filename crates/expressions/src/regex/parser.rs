//! A pattern's text to its parts, with .NET's syntax and messages.
//!
//! The text is read twice: first to learn which groups there are (names are numbered after all unnamed groups, and `\10` is
//! a reference only if group 10 exists), then for good.

use std::collections::BTreeSet;

use super::charset::{self, CharSet};
use super::syntax::{Anchor, Capture, Condition, Node, Options, Pattern, UNLIMITED};

mod class;
mod escape;

/// Groups inside groups deeper than this are refused.
const MAX_NESTING: usize = 200;

/// A pattern that can't be read: where (in units) and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) offset: usize,
    pub(super) message: String,
}

type Outcome<T> = Result<T, Problem>;

pub(super) fn parse(units: &[u16], options: Options) -> Outcome<Pattern> {
    let mut first = Parser::new(units, options, None);
    first.whole()?;
    let groups = first.groups();
    let mut second = Parser::new(units, options, Some(&groups));
    let root = second.whole()?;
    Ok(Pattern {
        root,
        captures: groups,
    })
}

/// `Regex.Unescape`: escapes to what they stand for.
pub(super) fn unescape(units: &[u16]) -> Outcome<Vec<u16>> {
    let mut parser = Parser::new(units, Options::default(), None);
    let mut out = Vec::with_capacity(units.len());
    while let Some(unit) = units.get(parser.at).copied() {
        parser.at += 1;
        out.push(if unit == u16::from(b'\\') {
            parser.escaped_unit()?
        } else {
            unit
        });
    }
    Ok(out)
}

struct Parser<'a> {
    units: &'a [u16],
    at: usize,
    options: Options,
    nesting: usize,
    /// The groups of the pattern, known in the second reading.
    known: Option<&'a [Capture]>,
    next_number: u32,
    /// Explicit numbers and those given to unnamed groups.
    numbers: BTreeSet<u32>,
    /// Names in order of appearance.
    names: Vec<String>,
}

impl<'a> Parser<'a> {
    fn new(units: &'a [u16], options: Options, known: Option<&'a [Capture]>) -> Self {
        let numbers = BTreeSet::from([0]);
        Self {
            units,
            at: 0,
            options,
            nesting: 0,
            known,
            next_number: 1,
            numbers,
            names: Vec::new(),
        }
    }

    /// All groups after the first reading, named ones numbered last.
    fn groups(self) -> Vec<Capture> {
        let mut captures: Vec<Capture> = self
            .numbers
            .iter()
            .map(|number| Capture {
                number: *number,
                name: number.to_string(),
            })
            .collect();
        let mut next = self.next_number;
        for name in self.names {
            while self.numbers.contains(&next) {
                next += 1;
            }
            captures.push(Capture { number: next, name });
            next += 1;
        }
        captures.sort_by_key(|capture| capture.number);
        captures
    }

    fn fail<T>(&self, message: impl Into<String>) -> Outcome<T> {
        Err(Problem {
            offset: self.at,
            message: message.into(),
        })
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// The unit `ahead` of the current one, as a character for comparison with syntax; surrogates are U+FFFD.
    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.units
            .get(self.at + ahead)
            .map(|unit| char::from_u32((*unit).into()).unwrap_or('\u{fffd}'))
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    fn whole(&mut self) -> Outcome<Node> {
        let node = self.alternatives()?;
        if self.peek() == Some(')') {
            self.at += 1;
            return self.fail("Too many )'s.");
        }
        Ok(node)
    }

    /// Alternatives up to `)` or the end. Options set inside end with them.
    fn alternatives(&mut self) -> Outcome<Node> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return self.fail("The pattern nests too many groups.");
        }
        let outer = self.options;
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        self.options = outer;
        self.nesting -= 1;
        Ok(if branches.len() == 1 {
            branches.pop().unwrap_or(Node::Empty)
        } else {
            Node::Alternatives(branches)
        })
    }

    fn sequence(&mut self) -> Outcome<Node> {
        let mut parts = Vec::new();
        loop {
            self.skip_blanks()?;
            match self.peek() {
                None | Some('|' | ')') => break,
                Some(_) => {}
            }
            let Some(part) = self.part()? else { continue };
            self.skip_blanks()?;
            parts.push(self.quantified(part)?);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.pop().unwrap_or(Node::Empty),
            _ => Node::Sequence {
                parts,
                backward: self.options.right_to_left,
            },
        })
    }

    /// White space and comments, where they mean nothing.
    fn skip_blanks(&mut self) -> Outcome<()> {
        loop {
            if self.options.ignore_pattern_whitespace {
                while self.peek().is_some_and(|c| matches!(c, '\t'..='\r' | ' ')) {
                    self.at += 1;
                }
                if self.peek() == Some('#') {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                    continue;
                }
            }
            if self.peek() == Some('(')
                && self.peek_at(1) == Some('?')
                && self.peek_at(2) == Some('#')
            {
                while let Some(c) = self.peek() {
                    if c == ')' {
                        break;
                    }
                    self.at += 1;
                }
                if !self.take(')') {
                    return self.fail("Unterminated (?#...) comment.");
                }
                continue;
            }
            return Ok(());
        }
    }

    fn unit(&self, unit: u16) -> Node {
        let ignore_case = self.options.ignore_case && charset::lower(unit) != charset::upper(unit);
        Node::Unit {
            unit,
            ignore_case,
            backward: self.options.right_to_left,
        }
    }

    fn set(&self, set: CharSet) -> Node {
        Node::Set {
            set,
            backward: self.options.right_to_left,
        }
    }

    /// One thing that can be repeated; `None` for `(?i)`, which is nothing itself.
    fn part(&mut self) -> Outcome<Option<Node>> {
        let Some(unit) = self.units.get(self.at).copied() else {
            return Ok(None);
        };
        let node = match self.peek() {
            Some('[') => {
                self.at += 1;
                let set = self.class(0)?;
                self.set(set)
            }
            Some('(') => return self.group(),
            Some('*' | '+' | '?') => return self.fail("Quantifier {x,y} following nothing."),
            Some('{') if self.counted(self.at).is_some() => {
                return self.fail("Quantifier {x,y} following nothing.");
            }
            Some('^') => {
                self.at += 1;
                Node::Anchor(if self.options.multiline {
                    Anchor::LineStart
                } else {
                    Anchor::Start
                })
            }
            Some('$') => {
                self.at += 1;
                Node::Anchor(if self.options.multiline {
                    Anchor::LineEnd
                } else {
                    Anchor::EndOrLastLine
                })
            }
            Some('.') => {
                self.at += 1;
                let except: &[(u16, u16)] = if self.options.singleline {
                    &[]
                } else {
                    &[(10, 10)]
                };
                self.set(CharSet::of_ranges(except, true))
            }
            Some('\\') => self.backslash()?,
            _ => {
                self.at += 1;
                self.unit(unit)
            }
        };
        Ok(Some(node))
    }

    /// The bounds of a `{n}`, `{n,}` or `{n,m}` at a place, and where it ends.
    fn counted(&self, at: usize) -> Option<(u32, u32, usize)> {
        let digits = |mut at: usize| {
            let start = at;
            let mut value = 0_u64;
            while let Some(digit) = self.units.get(at).filter(|u| (0x30..0x3a).contains(*u)) {
                value = (value * 10 + u64::from(digit - 0x30)).min(u64::from(UNLIMITED));
                at += 1;
            }
            (at > start).then_some((value as u32, at))
        };
        let is = |at: usize, c: char| {
            self.units
                .get(at)
                .is_some_and(|u| u32::from(*u) == u32::from(c))
        };
        if !is(at, '{') {
            return None;
        }
        let (min, mut end) = digits(at + 1)?;
        let mut max = min;
        if is(end, ',') {
            end += 1;
            max = UNLIMITED;
            if let Some((bound, after)) = digits(end) {
                (max, end) = (bound, after);
            }
        }
        is(end, '}').then_some((min, max, end + 1))
    }

    /// The part with the quantifier that follows it.
    fn quantified(&mut self, part: Node) -> Outcome<Node> {
        let (min, max, end) = match self.peek() {
            Some('*') => (0, UNLIMITED, self.at + 1),
            Some('+') => (1, UNLIMITED, self.at + 1),
            Some('?') => (0, 1, self.at + 1),
            Some('{') => match self.counted(self.at) {
                Some(found) => found,
                None => return Ok(part),
            },
            _ => return Ok(part),
        };
        self.at = end;
        self.skip_blanks()?;
        let lazy = self.take('?');
        if min > max {
            return self.fail("Illegal {x,y} with x > y.");
        }
        self.skip_blanks()?;
        match self.peek() {
            Some(c @ ('*' | '+' | '?')) => return self.fail(format!("Nested quantifier {c}.")),
            Some('{') if self.counted(self.at).is_some() => {
                return self.fail("Nested quantifier {.");
            }
            _ => {}
        }
        Ok(Node::Repeat {
            body: Box::new(part),
            min,
            max,
            lazy,
        })
    }

    /// What begins with `(`.
    fn group(&mut self) -> Outcome<Option<Node>> {
        self.at += 1;
        if self.peek() != Some('?') {
            if self.options.explicit_capture {
                let body = self.alternatives()?;
                return self.closed(body).map(Some);
            }
            let number = self.next_number;
            self.next_number += 1;
            self.numbers.insert(number);
            let body = self.alternatives()?;
            return self.captured(Some(number), None, body).map(Some);
        }
        self.at += 1;
        let Some(kind) = self.peek() else {
            return self.fail("Unrecognized grouping construct.");
        };
        self.at += 1;
        let node = match kind {
            ':' => {
                let body = self.alternatives()?;
                self.closed(body)?
            }
            '=' | '!' => self.look(false, kind == '!')?,
            '>' => {
                let body = self.alternatives()?;
                Node::Atomic(Box::new(self.closed(body)?))
            }
            '<' if matches!(self.peek(), Some('=' | '!')) => {
                let negative = self.take('!');
                if !negative {
                    self.at += 1;
                }
                self.look(true, negative)?
            }
            '<' => self.named_group('>')?,
            '\'' => self.named_group('\'')?,
            '(' => self.conditional()?,
            _ => {
                self.at -= 1;
                return self.inline_options();
            }
        };
        Ok(Some(node))
    }

    fn closed(&mut self, body: Node) -> Outcome<Node> {
        if self.take(')') {
            Ok(body)
        } else {
            self.fail("Not enough )'s.")
        }
    }

    fn look(&mut self, backward: bool, negative: bool) -> Outcome<Node> {
        let outer = self.options;
        self.options.right_to_left = backward;
        let body = self.alternatives()?;
        self.options = outer;
        let body = Box::new(self.closed(body)?);
        Ok(Node::Look { body, negative })
    }

    /// The slot of a group number; in the first reading any will do.
    fn slot(&self, number: u32) -> Option<usize> {
        match self.known {
            Some(known) => known.iter().position(|capture| capture.number == number),
            None => Some(0),
        }
    }

    fn slot_of_name(&self, name: &str) -> Option<usize> {
        match self.known {
            Some(known) => known.iter().position(|capture| capture.name == name),
            None => Some(0),
        }
    }

    fn captured(&mut self, push: Option<u32>, pop: Option<usize>, body: Node) -> Outcome<Node> {
        let push = push.and_then(|number| self.slot(number));
        let body = Box::new(self.closed(body)?);
        Ok(Node::Group { push, pop, body })
    }

    /// Word characters from here.
    fn word(&mut self) -> String {
        let words = charset::words(false);
        let start = self.at;
        while let Some(unit) = self.units.get(self.at)
            && words
                .iter()
                .any(|(first, last)| (first..=last).contains(&unit))
        {
            self.at += 1;
        }
        String::from_utf16_lossy(self.units.get(start..self.at).unwrap_or_default())
    }

    /// `(?<name>…)`, `(?<number>…)`, `(?<name1-name2>…)`
    fn named_group(&mut self, close: char) -> Outcome<Node> {
        const INVALID: &str = "Invalid group name: Group names must begin with a word character.";
        let name = self.word();
        let mut number = None;
        if name.is_empty() {
            if self.peek() != Some('-') {
                return self.fail(INVALID);
            }
        } else if name.starts_with(|c: char| c.is_ascii_digit()) {
            let Ok(explicit) = name.parse::<u32>() else {
                return self.fail(INVALID);
            };
            if explicit > i32::MAX.cast_unsigned() {
                return self
                    .fail("Capture group numbers must be less than or equal to Int32.MaxValue.");
            }
            if explicit == 0 {
                return self.fail("Capture number cannot be zero.");
            }
            self.numbers.insert(explicit);
            number = Some(explicit);
        } else {
            if !self.names.contains(&name) {
                self.names.push(name.clone());
            }
            number = match self.known {
                Some(known) => known
                    .iter()
                    .find(|capture| capture.name == name)
                    .map(|capture| capture.number),
                None => Some(0),
            };
        }
        let mut pop = None;
        if self.take('-') {
            let popped = self.word();
            pop = match popped.parse::<u32>() {
                Ok(number) => self.slot(number),
                Err(_) => self.slot_of_name(&popped),
            };
            if pop.is_none() {
                return self.fail(match popped.parse::<u32>() {
                    Ok(_) => format!("Reference to undefined group number {popped}."),
                    Err(_) => format!("Reference to undefined group name {popped}."),
                });
            }
        }
        if !self.take(close) {
            return self.fail(INVALID);
        }
        let body = self.alternatives()?;
        self.captured(number, pop, body)
    }

    /// `(?(group)yes|no)` and `(?(look)yes|no)`, from after the second `(`.
    fn conditional(&mut self) -> Outcome<Node> {
        let start = self.at;
        let word = self.word();
        let group = if !word.is_empty() && self.peek() == Some(')') {
            match word.parse::<u32>() {
                Ok(number) => match self.slot(number) {
                    Some(slot) => Some(slot),
                    None => {
                        return self.fail(format!("(?({word}) ) reference to undefined group."));
                    }
                },
                // A word that is no group is a pattern to look for.
                Err(_) if self.known.is_some() => self.slot_of_name(&word),
                Err(_) => None,
            }
        } else {
            None
        };
        let condition = match group {
            Some(slot) => {
                self.at += 1;
                Condition::Group(slot)
            }
            None => {
                self.at = start;
                // `(?(?=a)…)` has its own look, `(?(a)…)` looks ahead for the pattern.
                if self.peek() == Some('?') {
                    self.at -= 1;
                    Condition::Look(Box::new(self.group()?.unwrap_or(Node::Empty)))
                } else {
                    let body = self.alternatives()?;
                    Condition::Look(Box::new(self.closed(body)?))
                }
            }
        };
        let outer = self.options;
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        self.options = outer;
        if branches.len() > 2 {
            return self.fail("Too many | in (?()|).");
        }
        let no = if branches.len() == 2 {
            branches.pop()
        } else {
            None
        };
        let yes = Box::new(branches.pop().unwrap_or(Node::Empty));
        let node = Node::Conditional {
            condition,
            yes,
            no: Box::new(no.unwrap_or(Node::Empty)),
        };
        self.closed(node)
    }

    /// `(?im-sx)` and `(?im-sx:…)`
    fn inline_options(&mut self) -> Outcome<Option<Node>> {
        let mut options = self.options;
        let mut on = true;
        loop {
            let Some(c) = self.peek() else {
                return self.fail("Unrecognized grouping construct.");
            };
            match c.to_ascii_lowercase() {
                '-' => on = false,
                '+' => on = true,
                'i' => options.ignore_case = on,
                'm' => options.multiline = on,
                'n' => options.explicit_capture = on,
                's' => options.singleline = on,
                'x' => options.ignore_pattern_whitespace = on,
                ')' => {
                    self.at += 1;
                    // Holds to the end of the enclosing group.
                    self.options = options;
                    return Ok(None);
                }
                ':' => {
                    self.at += 1;
                    let outer = std::mem::replace(&mut self.options, options);
                    let body = self.alternatives()?;
                    self.options = outer;
                    return self.closed(body).map(Some);
                }
                _ => return self.fail("Unrecognized grouping construct."),
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pattern: &str) -> String {
        let units: Vec<u16> = pattern.encode_utf16().collect();
        parse(&units, Options::default()).unwrap_err().message
    }

    fn groups(pattern: &str) -> Vec<(u32, String)> {
        let units: Vec<u16> = pattern.encode_utf16().collect();
        let captures = parse(&units, Options::default()).unwrap().captures;
        captures.into_iter().map(|c| (c.number, c.name)).collect()
    }

    #[test]
    fn named_groups_are_numbered_after_unnamed_ones() {
        let expected: Vec<(u32, String)> = vec![
            (0, "0".into()),
            (1, "1".into()),
            (2, "2".into()),
            (3, "n".into()),
        ];
        assert_eq!(groups("(?<n>a)(b)(c)"), expected);
        assert_eq!(groups("(?<5>a)(?<n>b)").last(), Some(&(5, "5".to_owned())));
    }

    #[test]
    fn bad_patterns_are_explained() {
        assert_eq!(problem("("), "Not enough )'s.");
        assert_eq!(problem("a)"), "Too many )'s.");
        assert_eq!(problem("*a"), "Quantifier {x,y} following nothing.");
        assert_eq!(problem("a**"), "Nested quantifier *.");
        assert_eq!(problem("a{3,2}"), "Illegal {x,y} with x > y.");
        assert_eq!(problem("[z-a]"), "[z-a] range in reverse order.");
        assert_eq!(problem("[a"), "Unterminated [] set.");
        assert_eq!(problem("\\q"), "Unrecognized escape sequence \\q.");
        assert_eq!(problem("\\2(a)"), "Reference to undefined group number 2.");
        assert_eq!(
            problem("(?<n"),
            "Invalid group name: Group names must begin with a word character."
        );
        assert_eq!(problem("(?Q)"), "Unrecognized grouping construct.");
        assert_eq!(problem("a\\"), "Illegal \\ at end of pattern.");
        assert_eq!(problem("\\p{Xx}"), "Unknown property 'Xx'.");
        assert_eq!(
            problem(&"(".repeat(100_000)),
            "The pattern nests too many groups."
        );
    }
}
