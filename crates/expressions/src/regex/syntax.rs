//! What a pattern consists of, and its options.

use super::charset::CharSet;

/// `RegexOptions`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, clippy::struct_excessive_bools)] // each is the .NET option of that name
pub struct Options {
    pub ignore_case: bool,
    pub multiline: bool,
    pub explicit_capture: bool,
    pub singleline: bool,
    pub ignore_pattern_whitespace: bool,
    pub right_to_left: bool,
    pub ecma_script: bool,
}

impl Options {
    /// `RegexOptions` values; `Compiled` (8) and `CultureInvariant` (512) change nothing here.
    pub const MEMBERS: [(&'static str, i64); 10] = [
        ("None", 0),
        ("IgnoreCase", 1),
        ("Multiline", 2),
        ("ExplicitCapture", 4),
        ("Compiled", 8),
        ("Singleline", 16),
        ("IgnorePatternWhitespace", 32),
        ("RightToLeft", 64),
        ("ECMAScript", 256),
        ("CultureInvariant", 512),
    ];

    /// From the enumeration's number; `None` for bits that mean nothing or may not stand together.
    pub fn from_bits(bits: i64) -> Option<Self> {
        let has = |bit: i64| bits & bit != 0;
        // ECMAScript goes only with IgnoreCase, Multiline and Compiled.
        if bits & !0x37f != 0 || (has(256) && bits & !(256 | 1 | 2 | 8 | 512) != 0) {
            return None;
        }
        Some(Self {
            ignore_case: has(1),
            multiline: has(2),
            explicit_capture: has(4),
            singleline: has(16),
            ignore_pattern_whitespace: has(32),
            right_to_left: has(64),
            ecma_script: has(256),
        })
    }
}

/// A place between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `\A`, and `^` without Multiline
    Start,
    /// `^` with Multiline
    LineStart,
    /// `\z`
    End,
    /// `\Z`, and `$` without Multiline
    EndOrLastLine,
    /// `$` with Multiline
    LineEnd,
    /// `\G`
    SearchStart,
    /// `\b`, ECMAScript's where true
    Boundary(bool),
    /// `\B`
    NotBoundary(bool),
}

/// A condition of `(?(…)yes|no)`.
#[derive(Debug)]
pub(super) enum Condition {
    Group(usize),
    Look(Box<Node>),
}

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    /// Matches nothing: an empty class such as `[^\s\S]`.
    Unit {
        unit: u16,
        ignore_case: bool,
        backward: bool,
    },
    Set {
        set: CharSet,
        backward: bool,
    },
    /// In the order of the pattern.
    Sequence {
        parts: Vec<Node>,
        backward: bool,
    },
    Alternatives(Vec<Node>),
    Repeat {
        body: Box<Node>,
        min: u32,
        max: u32,
        lazy: bool,
    },
    /// `(…)`; both numbers for `(?<push-pop>…)`.
    Group {
        push: Option<usize>,
        pop: Option<usize>,
        body: Box<Node>,
    },
    Reference {
        group: usize,
        ignore_case: bool,
        backward: bool,
        empty_when_unset: bool,
    },
    Look {
        body: Box<Node>,
        negative: bool,
    },
    Atomic(Box<Node>),
    Conditional {
        condition: Condition,
        yes: Box<Node>,
        no: Box<Node>,
    },
    Anchor(Anchor),
}

/// Any number of times.
pub(super) const UNLIMITED: u32 = u32::MAX;

/// A capturing group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) number: u32,
    /// The name; the number's text for unnamed groups.
    pub(super) name: String,
}

/// A pattern as read.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) root: Node,
    /// In order of their numbers; the first is the whole match.
    pub(super) captures: Vec<Capture>,
}
