//! Tells what a decoded value is: in flows its text, out flows whether it is an expression, a literal or neither.

use std::ops::Range;

use memchr::memmem;

use crate::placeholders::{FoundPlaceholder, opens};
use crate::scan_csharp::{Cursor, Plain, ScanError, Scanner, StopAt, closing, is_space};

/// What a whole value is, after decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    /// No expression in it.
    Literal,
    /// One expression, white space around it apart.
    Expression,
    /// Literal text with something that reads as an expression at this range.
    Mixed(Range<usize>),
    /// Begins as an expression and ends with a bracket, yet the expression ends earlier, here.
    EndsEarly(usize),
    /// Begins as an expression that has no end.
    Broken(ScanError),
}

impl Scanner {
    /// Tells what a value is; `placeholders` receives what is found inside an expression.
    pub(crate) fn classify(
        &mut self,
        text: &str,
        placeholders: Option<&mut Vec<FoundPlaceholder>>,
    ) -> Class {
        let begin = text.len() - text.trim_start_matches(is_space).len();
        if opens(Plain::new(text, begin)) {
            return match self.scan(Plain::new(text, begin), StopAt::NOTHING, placeholders) {
                Err(error) => Class::Broken(error),
                Ok(end) => {
                    let rest = text.get(end.offset()..).unwrap_or_default();
                    let rest = rest.trim_matches(is_space);
                    let closer = text.as_bytes().get(begin + 1).map(|open| closing(*open));
                    if rest.is_empty() {
                        Class::Expression
                    } else if rest.as_bytes().last().copied() == closer {
                        Class::EndsEarly(end.offset())
                    } else {
                        Class::Mixed(begin..end.offset())
                    }
                }
            };
        }
        // The first place that scans decides: a value with many half expressions must not cost a scan for each.
        let first = [b"@(", b"@{"]
            .iter()
            .filter_map(|opener| memmem::find(text.as_bytes(), *opener))
            .min();
        match first {
            Some(at) if opens(Plain::new(text, at)) => {
                match self.scan(Plain::new(text, at), StopAt::NOTHING, None) {
                    Ok(end) => Class::Mixed(at..end.offset()),
                    Err(_) => Class::Literal,
                }
            }
            _ => Class::Literal,
        }
    }
}
