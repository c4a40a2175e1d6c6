//! Character classes over UTF-16 units: `[a-z\d-[aeiou]]`, `\w`, `\p{Lu}`, `\p{IsGreek}`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A set of UTF-16 units.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct CharSet {
    /// Sorted, apart from each other.
    ranges: Vec<(u16, u16)>,
    negated: bool,
    ignore_case: bool,
    subtraction: Option<Box<CharSet>>,
    /// Answers for ASCII, worked out once.
    ascii: u128,
}

/// Unit ranges of a named class, shared by all patterns of the thread.
type Ranges = Rc<[(u16, u16)]>;

thread_local! {
    static CLASSES: RefCell<HashMap<String, Option<Ranges>>> = RefCell::default();
}

impl CharSet {
    pub(super) fn single(unit: u16) -> Self {
        let mut set = Self::default();
        set.add(unit, unit);
        set.finished(false, false)
    }

    pub(super) fn of_ranges(ranges: &[(u16, u16)], negated: bool) -> Self {
        let mut set = Self::default();
        ranges.iter().for_each(|(a, b)| set.add(*a, *b));
        set.finished(negated, false)
    }

    pub(super) fn add(&mut self, first: u16, last: u16) {
        self.ranges.push((first, last));
    }

    pub(super) fn add_ranges(&mut self, ranges: &[(u16, u16)], negated: bool) {
        if !negated {
            self.ranges.extend_from_slice(ranges);
            return;
        }
        let mut next = 0_u32;
        for (first, last) in ranges {
            if u32::from(*first) > next {
                self.ranges.push((next as u16, first - 1));
            }
            next = u32::from(*last) + 1;
        }
        if next <= 0xffff {
            self.ranges.push((next as u16, 0xffff));
        }
    }

    pub(super) fn subtract(&mut self, other: CharSet) {
        self.subtraction = Some(Box::new(other));
    }

    /// Sorts the ranges and works out the answers for ASCII.
    pub(super) fn finished(mut self, negated: bool, ignore_case: bool) -> Self {
        self.ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => {
                    *end = (*end).max(last)
                }
                _ => merged.push((first, last)),
            }
        }
        self.ranges = merged;
        self.negated = negated;
        self.ignore_case = ignore_case;
        self.ascii = (0..128_u16)
            .filter(|unit| self.decide(*unit))
            .fold(0, |bits, unit| bits | 1 << unit);
        self
    }

    fn listed(&self, unit: u16) -> bool {
        let at = self.ranges.partition_point(|(_, last)| *last < unit);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= unit)
    }

    fn decide(&self, unit: u16) -> bool {
        let listed = self.listed(unit)
            || (self.ignore_case && (self.listed(lower(unit)) || self.listed(upper(unit))));
        listed != self.negated
            && !self
                .subtraction
                .as_ref()
                .is_some_and(|other| other.contains(unit))
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        if unit < 128 {
            self.ascii >> unit & 1 == 1
        } else {
            self.decide(unit)
        }
    }
}

fn map_case(unit: u16, map: impl Fn(char) -> Option<char>) -> u16 {
    char::from_u32(unit.into())
        .and_then(map)
        .and_then(|c| u16::try_from(u32::from(c)).ok())
        .unwrap_or(unit)
}

/// Invariant lower case of one unit; what has no single-unit form stays.
pub(super) fn lower(unit: u16) -> u16 {
    if unit < 128 {
        return u16::from((unit as u8).to_ascii_lowercase());
    }
    map_case(unit, |c| {
        let mut mapped = c.to_lowercase();
        mapped.next().filter(|_| mapped.next().is_none())
    })
}

/// Invariant upper case of one unit.
pub(super) fn upper(unit: u16) -> u16 {
    if unit < 128 {
        return u16::from((unit as u8).to_ascii_uppercase());
    }
    map_case(unit, |c| {
        let mut mapped = c.to_uppercase();
        mapped.next().filter(|_| mapped.next().is_none())
    })
}

/// Units of a Unicode category (`Lu`) or block (`IsGreek`); `None` for an unknown name.
pub(super) fn named(name: &str) -> Option<Ranges> {
    if let Some(known) = CLASSES.with_borrow(|classes| classes.get(name).cloned()) {
        return known;
    }
    let found = if name.starts_with("Is") {
        super::blocks::block(name).map(|r| [r].into())
    } else {
        category(name)
    };
    // Unknown names are not kept: a program could make up any number of them.
    if found.is_some() {
        CLASSES.with_borrow_mut(|classes| classes.insert(name.to_owned(), found.clone()));
    }
    found
}

fn category(name: &str) -> Option<Ranges> {
    const NAMES: [&str; 37] = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
        "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp",
        "C", "Cc", "Cf", "Cs", "Co", "Cn",
    ];
    if !NAMES.contains(&name) {
        return None;
    }
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    if name != "Cs" {
        let parsed = regex_syntax::Parser::new()
            .parse(&format!("\\p{{{name}}}"))
            .ok()?;
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            parsed.into_kind()
        else {
            return None;
        };
        for range in class.ranges() {
            let (first, last) = (u32::from(range.start()), u32::from(range.end()).min(0xffff));
            if first <= last
                && let (Ok(first), Ok(last)) = (u16::try_from(first), u16::try_from(last))
            {
                ranges.push((first, last));
            }
        }
    }
    // Surrogates are units here, but no characters to the tables.
    if matches!(name, "Cs" | "C") {
        ranges.push((0xd800, 0xdfff));
    }
    ranges.sort_unstable();
    Some(ranges.into())
}

/// `\d`
pub(super) fn digits(ecma: bool) -> Ranges {
    if ecma {
        [(0x30, 0x39)].into()
    } else {
        named("Nd").unwrap_or_else(|| [(0x30, 0x39)].into())
    }
}

/// `\w`: letters, non-spacing marks, decimal digits, connectors.
pub(super) fn words(ecma: bool) -> Ranges {
    if ecma {
        return [(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)].into();
    }
    const KEY: &str = "\\w";
    if let Some(Some(known)) = CLASSES.with_borrow(|classes| classes.get(KEY).cloned()) {
        return known;
    }
    let mut set = CharSet::default();
    for name in ["L", "Mn", "Nd", "Pc"] {
        if let Some(ranges) = named(name) {
            set.add_ranges(&ranges, false);
        }
    }
    let ranges: Ranges = set.finished(false, false).ranges.into();
    CLASSES.with_borrow_mut(|classes| classes.insert(KEY.to_owned(), Some(ranges.clone())));
    ranges
}

/// `\s`
pub(super) fn spaces(ecma: bool) -> Ranges {
    if ecma {
        return [(0x09, 0x0d), (0x20, 0x20)].into();
    }
    [
        (0x09, 0x0d),
        (0x20, 0x20),
        (0x85, 0x85),
        (0xa0, 0xa0),
        (0x1680, 0x1680),
        (0x2000, 0x200a),
        (0x2028, 0x2029),
        (0x202f, 0x202f),
        (0x205f, 0x205f),
        (0x3000, 0x3000),
    ]
    .into()
}
