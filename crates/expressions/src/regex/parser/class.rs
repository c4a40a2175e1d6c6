//! `[…]`

use super::super::charset::CharSet;
use super::{Outcome, Parser};

/// Subtractions inside subtractions deeper than this are refused.
const MAX_SUBTRACTIONS: usize = 32;

impl Parser<'_> {
    /// From after `[`.
    pub(super) fn class(&mut self, depth: usize) -> Outcome<CharSet> {
        if depth > MAX_SUBTRACTIONS {
            return self.fail("The pattern nests too many character class subtractions.");
        }
        let mut set = CharSet::default();
        let negated = self.take('^');
        let mut first = true;
        loop {
            let Some(c) = self.peek() else {
                return self.fail("Unterminated [] set.");
            };
            if c == ']' && !first {
                self.at += 1;
                return Ok(set.finished(negated, self.options.ignore_case));
            }
            if c == '-' && !first && self.peek_at(1) == Some('[') {
                self.at += 2;
                let subtracted = self.class(depth + 1)?;
                set.subtract(subtracted);
                if self.peek() != Some(']') {
                    return self
                        .fail("A subtraction must be the last element in a character class.");
                }
                continue;
            }
            first = false;
            let Some(low) = self.element(&mut set)? else {
                continue;
            };
            // `a-z`, unless the `-` is last or begins a subtraction.
            if self.peek() == Some('-') && !matches!(self.peek_at(1), Some(']' | '[') | None) {
                self.at += 1;
                let Some(high) = self.element(&mut set)? else {
                    return self.fail("Cannot include class in character range.");
                };
                if low > high {
                    let shown = String::from_utf16_lossy(&[low, u16::from(b'-'), high]);
                    return self.fail(format!("[{shown}] range in reverse order."));
                }
                set.add(low, high);
            } else {
                set.add(low, low);
            }
        }
    }

    /// One character; `None` when it was a class such as `\d`, which is added at once.
    fn element(&mut self, set: &mut CharSet) -> Outcome<Option<u16>> {
        let Some(unit) = self.units.get(self.at).copied() else {
            return self.fail("Unterminated [] set.");
        };
        if self.peek() != Some('\\') {
            self.at += 1;
            return Ok(Some(unit));
        }
        let Some(c) = self.peek_at(1) else {
            self.at += 1;
            return self.fail("Illegal \\ at end of pattern.");
        };
        if let Some((ranges, negated)) = self.shorthand(c)? {
            set.add_ranges(&ranges, negated);
            return Ok(None);
        }
        self.at += 1;
        if c == '-' {
            self.at += 1;
            return Ok(Some(unit_of('-')));
        }
        self.escaped_unit().map(Some)
    }
}

const fn unit_of(c: char) -> u16 {
    c as u16
}
