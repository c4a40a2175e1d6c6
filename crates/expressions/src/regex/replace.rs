//! `Replace`, `Split`, `Match.Result`, `Escape` and `Unescape`.

use super::{Error, Found, Regex};
use crate::value::Str;

/// A part of a replacement pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u16>),
    /// The last capture of the group at this position.
    Group(usize),
    /// `` $` ``
    Before,
    /// `$'`
    After,
    /// `$+`
    LastGroup,
    /// `$_`
    Input,
}

/// A replacement pattern such as `$2 ${name}`; what names no group stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    parts: Vec<Part>,
}

impl Replacement {
    /// Reads a replacement pattern for a regular expression.
    pub fn new(regex: &Regex, text: &Str) -> Self {
        let units = text.units();
        let mut parts: Vec<Part> = Vec::new();
        let mut at = 0;
        while let Some(unit) = units.get(at) {
            if *unit == u16::from(b'$')
                && let Some((part, end)) = special(regex, &units, at + 1)
            {
                parts.push(part);
                at = end;
                continue;
            }
            match parts.last_mut() {
                Some(Part::Text(literal)) => literal.push(*unit),
                _ => parts.push(Part::Text(vec![*unit])),
            }
            at += 1;
        }
        Self { parts }
    }

    /// Appends what stands for a match.
    pub fn append(&self, units: &[u16], found: &Found, out: &mut Vec<u16>) {
        let (start, end) = found.span();
        for part in &self.parts {
            let piece = match part {
                Part::Text(literal) => Some(literal.as_slice()),
                Part::Group(slot) => found.group(*slot).and_then(|(a, b)| units.get(a..b)),
                Part::Before => units.get(..start),
                Part::After => units.get(end..),
                Part::LastGroup => {
                    let last = found.groups.len().saturating_sub(1);
                    found.group(last).and_then(|(a, b)| units.get(a..b))
                }
                Part::Input => Some(units),
            };
            out.extend_from_slice(piece.unwrap_or_default());
        }
    }
}

/// What stands after a `$`, and where it ends.
fn special(regex: &Regex, units: &[u16], at: usize) -> Option<(Part, usize)> {
    let unit = *units.get(at)?;
    let simple = match char::from_u32(unit.into())? {
        '$' => Some(Part::Text(vec![unit])),
        '&' => Some(Part::Group(0)),
        '`' => Some(Part::Before),
        '\'' => Some(Part::After),
        '+' => Some(Part::LastGroup),
        '_' => Some(Part::Input),
        _ => None,
    };
    if let Some(part) = simple {
        return Some((part, at + 1));
    }
    let braced = unit == u16::from(b'{');
    let start = at + usize::from(braced);
    let is_digit = |u: &u16| (0x30..0x3a).contains(u);
    let is_word = |u: &u16| {
        is_digit(u) || *u == 0x5f || char::from_u32((*u).into()).is_some_and(char::is_alphanumeric)
    };
    let length = units
        .get(start..)?
        .iter()
        .take_while(|u| if braced { is_word(u) } else { is_digit(u) })
        .count();
    let mut end = start + length;
    if length == 0 || (braced && units.get(end) != Some(&u16::from(b'}'))) {
        return None;
    }
    let name = |end: usize| String::from_utf16_lossy(units.get(start..end).unwrap_or_default());
    if !braced && regex.options().ecma_script {
        // The longest number that is a group.
        while end > start {
            if let Some(slot) = name(end).parse().ok().and_then(|n| regex.slot_of_number(n)) {
                return Some((Part::Group(slot), end));
            }
            end -= 1;
        }
        return None;
    }
    let name = name(end);
    let slot = match name.parse::<i64>() {
        Ok(number) => regex.slot_of_number(number),
        Err(_) => regex.slot_of_name(&name),
    };
    slot.map(|slot| (Part::Group(slot), end + usize::from(braced)))
}

/// Work done over all matches of a text, reported to the caller so that it can account for it.
pub type Progress<'a, E> = &'a mut dyn FnMut(u64) -> Result<(), E>;

impl Regex {
    /// `Split`: the text between matches, with the captures of groups in between. At most `count` pieces; 0 means all.
    pub fn split<E: From<Error>>(
        &self,
        units: &[u16],
        count: usize,
        start: usize,
        steps: &mut super::Steps,
        progress: Progress<'_, E>,
    ) -> Result<Vec<Str>, E> {
        if count == 1 {
            return Ok(vec![Str::from_units(units)]);
        }
        let piece =
            |start: usize, end: usize| Str::from_units(units.get(start..end).unwrap_or_default());
        let mut pieces = Vec::new();
        let backward = self.options().right_to_left;
        let mut edge = if backward { units.len() } else { 0 };
        let mut splits = 0;
        let mut next = self.find_from(units, start, steps)?;
        while let Some(found) = next {
            progress(1 + steps.take_used())?;
            let (from, to) = found.span();
            if backward {
                pieces.push(piece(to, edge));
                edge = from;
            } else {
                pieces.push(piece(edge, from));
                edge = to;
            }
            for slot in 1..found.groups.len() {
                if let Some((from, to)) = found.group(slot) {
                    pieces.push(piece(from, to));
                }
            }
            splits += 1;
            if count > 0 && splits == count - 1 {
                break;
            }
            next = self.find_after(units, &found, steps)?;
        }
        if splits == 0 {
            return Ok(vec![Str::from_units(units)]);
        }
        pieces.push(if backward {
            piece(0, edge)
        } else {
            piece(edge, units.len())
        });
        if backward {
            pieces.reverse();
        }
        Ok(pieces)
    }
}

/// `Regex.Escape`
pub fn escape(text: &Str) -> Str {
    let mut out = Vec::with_capacity(text.len() + 8);
    for unit in text.units().iter() {
        let letter = match char::from_u32((*unit).into()) {
            Some(
                '\\' | '*' | '+' | '?' | '|' | '{' | '[' | '(' | ')' | '^' | '$' | '.' | '#' | ' ',
            ) => *unit,
            Some('\n') => u16::from(b'n'),
            Some('\r') => u16::from(b'r'),
            Some('\t') => u16::from(b't'),
            Some('\u{c}') => u16::from(b'f'),
            _ => {
                out.push(*unit);
                continue;
            }
        };
        out.extend([u16::from(b'\\'), letter]);
    }
    Str::from_units(&out)
}

/// `Regex.Unescape`
pub fn unescape(text: &Str) -> Result<Str, Error> {
    super::parser::unescape(&text.units())
        .map(|units| Str::from_units(&units))
        .map_err(|problem| {
            Error::Pattern(format!(
                "Invalid pattern '{text}' at offset {}. {}",
                problem.offset, problem.message
            ))
        })
}
