//! What follows a backslash outside classes, and the escapes both share.

use super::super::charset::{self, CharSet};
use super::super::syntax::{Anchor, Node};
use super::{Outcome, Parser};

impl Parser<'_> {
    /// From `\` on.
    pub(super) fn backslash(&mut self) -> Outcome<Node> {
        let Some(c) = self.peek_at(1) else {
            self.at += 1;
            return self.fail("Illegal \\ at end of pattern.");
        };
        let ecma = self.options.ecma_script;
        let anchor = match c {
            'b' => Some(Anchor::Boundary(ecma)),
            'B' => Some(Anchor::NotBoundary(ecma)),
            'A' => Some(Anchor::Start),
            'G' => Some(Anchor::SearchStart),
            'Z' => Some(Anchor::EndOrLastLine),
            'z' => Some(Anchor::End),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 2;
            return Ok(Node::Anchor(anchor));
        }
        if let Some((ranges, negated)) = self.shorthand(c)? {
            let mut set = CharSet::default();
            set.add_ranges(&ranges, negated);
            let set = set.finished(false, self.options.ignore_case && matches!(c, 'p' | 'P'));
            return Ok(self.set(set));
        }
        self.at += 1;
        self.reference_or_unit(c)
    }

    /// `\d \D \w \W \s \S \p{…} \P{…}` at the backslash: the units and whether all others are meant.
    #[allow(clippy::type_complexity)]
    pub(super) fn shorthand(
        &mut self,
        c: char,
    ) -> Outcome<Option<(std::rc::Rc<[(u16, u16)]>, bool)>> {
        let ecma = self.options.ecma_script;
        let ranges = match c {
            'd' | 'D' => charset::digits(ecma),
            'w' | 'W' => charset::words(ecma),
            's' | 'S' => charset::spaces(ecma),
            'p' | 'P' => {
                self.at += 2;
                let name = self.property()?;
                let Some(ranges) = charset::named(&name) else {
                    return self.fail(format!("Unknown property '{name}'."));
                };
                return Ok(Some((ranges, c == 'P')));
            }
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some((ranges, c.is_ascii_uppercase())))
    }

    fn property(&mut self) -> Outcome<String> {
        if !self.take('{') {
            return self.fail("Malformed \\p{X} character escape.");
        }
        let start = self.at;
        while self
            .peek()
            .is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_')
        {
            self.at += 1;
        }
        let name = String::from_utf16_lossy(self.units.get(start..self.at).unwrap_or_default());
        if !self.take('}') {
            return self.fail("Incomplete \\p{X} character escape.");
        }
        Ok(name)
    }

    fn reference(&self, group: usize) -> Node {
        Node::Reference {
            group,
            ignore_case: self.options.ignore_case,
            backward: self.options.right_to_left,
            empty_when_unset: self.options.ecma_script,
        }
    }

    /// `\1`, `\k<name>`, or an escaped character; from after the backslash.
    fn reference_or_unit(&mut self, c: char) -> Outcome<Node> {
        let start = self.at;
        let close = match (c, self.peek_at(1)) {
            ('k', Some('<')) => Some('>'),
            ('k', Some('\'')) => Some('\''),
            ('<', _) => Some('>'),
            ('\'', _) => Some('\''),
            _ => None,
        };
        if let Some(close) = close {
            self.at += if c == 'k' { 2 } else { 1 };
            let name = self.word();
            if !name.is_empty() && self.take(close) {
                let slot = match name.parse::<u32>() {
                    Ok(number) => self.slot(number),
                    Err(_) => self.slot_of_name(&name),
                };
                return match (slot, name.parse::<u32>()) {
                    (Some(slot), _) => Ok(self.reference(slot)),
                    (None, Ok(_)) => {
                        self.fail(format!("Reference to undefined group number {name}."))
                    }
                    (None, Err(_)) => {
                        self.fail(format!("Reference to undefined group name {name}."))
                    }
                };
            }
            self.at = start;
            if c == 'k' {
                return self.fail("Malformed \\k<...> named back reference.");
            }
        } else if c == 'k' {
            return self.fail("Malformed \\k<...> named back reference.");
        }
        if matches!(c, '1'..='9')
            && let Some(node) = self.numbered_reference()?
        {
            return Ok(node);
        }
        let unit = self.escaped_unit()?;
        Ok(self.unit(unit))
    }

    fn numbered_reference(&mut self) -> Outcome<Option<Node>> {
        let start = self.at;
        let mut end = start;
        while self
            .units
            .get(end)
            .is_some_and(|u| (0x30..0x3a).contains(u))
        {
            end += 1;
        }
        let number = |end: usize| -> Option<u32> {
            let digits = self.units.get(start..end).unwrap_or_default();
            digits.iter().try_fold(0_u32, |n, d| {
                n.checked_mul(10)?.checked_add(u32::from(d - 0x30))
            })
        };
        if self.options.ecma_script {
            // The longest number that is a group.
            while end > start {
                if let Some(slot) = number(end).and_then(|n| self.slot(n)) {
                    self.at = end;
                    return Ok(Some(self.reference(slot)));
                }
                end -= 1;
            }
            return Ok(None);
        }
        let whole = number(end);
        match whole.and_then(|n| self.slot(n)) {
            Some(slot) => {
                self.at = end;
                Ok(Some(self.reference(slot)))
            }
            None if whole.is_some_and(|n| n <= 9) => {
                let shown = whole.unwrap_or_default();
                self.at = end;
                self.fail(format!("Reference to undefined group number {shown}."))
            }
            None => Ok(None),
        }
    }

    fn hexadecimal(&mut self, count: usize) -> Outcome<u16> {
        let mut value = 0_u16;
        for _ in 0..count {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return self.fail("Insufficient hexadecimal digits.");
            };
            value = value << 4 | digit as u16;
            self.at += 1;
        }
        Ok(value)
    }

    /// An escaped character, from after the backslash.
    pub(super) fn escaped_unit(&mut self) -> Outcome<u16> {
        let (Some(c), Some(unit)) = (self.peek(), self.units.get(self.at).copied()) else {
            return self.fail("Illegal \\ at end of pattern.");
        };
        if let '0'..='7' = c {
            let mut value = 0_u16;
            for _ in 0..3 {
                let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                value = value * 8 + digit as u16;
                self.at += 1;
                if self.options.ecma_script && value >= 0x20 {
                    break;
                }
            }
            return Ok(value & 0xff);
        }
        self.at += 1;
        Ok(match c {
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'a' => 0x07,
            'b' => 0x08,
            'e' => 0x1b,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            'c' => {
                let Some(control) = self.peek() else {
                    return self.fail("Missing control character.");
                };
                self.at += 1;
                match control.to_ascii_uppercase() {
                    control @ '@'..='_' => control as u16 - 0x40,
                    _ => return self.fail("Unrecognized control character."),
                }
            }
            c if !self.options.ecma_script && (c == '_' || c.is_alphanumeric()) => {
                return self.fail(format!("Unrecognized escape sequence \\{c}."));
            }
            _ => unit,
        })
    }
}
