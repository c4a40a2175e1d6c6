//! Composite formats, `{index[,alignment][:format]}`: `string.Format`, `AppendFormat` and interpolated strings.
//!
//! A format and a callback that renders one argument flow in, text flows out. A format is parsed once; interpolated
//! strings keep the parsed form.

use super::{Error, Result};

/// One piece of a composite format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text to copy, `{{` and `}}` already resolved.
    Literal(String),
    /// A hole for an argument.
    Hole {
        /// Which argument.
        index: usize,
        /// Minimum width: negative aligns left, 0 not at all.
        alignment: i32,
        /// Passed to the argument's `ToString(format)`.
        format: Option<String>,
    },
}

/// .NET's bound for indexes and alignments.
const LIMIT: i32 = 1_000_000;

/// Splits a composite format.
///
/// # Errors
/// `FormatException` for unbalanced braces and malformed holes.
pub fn parse(format: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.next_if_eq(&'{').is_some() => literal.push('{'),
            '}' if chars.next_if_eq(&'}').is_some() => literal.push('}'),
            '}' => return Err(Error::bad_input()),
            '{' => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(parse_hole(&mut chars)?);
            }
            _ => literal.push(c),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn parse_hole(chars: &mut Chars<'_>) -> Result<Piece> {
    let index = number(chars)?;
    spaces(chars);
    let mut alignment = 0;
    if chars.next_if_eq(&',').is_some() {
        spaces(chars);
        let left = chars.next_if_eq(&'-').is_some();
        alignment = number(chars)?;
        if left {
            alignment = -alignment;
        }
        spaces(chars);
    }
    let format = match chars.next() {
        Some('}') => None,
        Some(':') => Some(hole_format(chars)?),
        _ => return Err(Error::bad_input()),
    };
    Ok(Piece::Hole {
        index: usize::try_from(index).map_err(|_| Error::bad_input())?,
        alignment,
        format,
    })
}

/// The part behind the colon, up to the first closing brace: nothing escapes one there.
fn hole_format(chars: &mut Chars<'_>) -> Result<String> {
    let mut format = String::new();
    loop {
        match chars.next() {
            Some('{') | None => return Err(Error::bad_input()),
            Some('}') => return Ok(format),
            Some(c) => format.push(c),
        }
    }
}

fn number(chars: &mut Chars<'_>) -> Result<i32> {
    let mut value: Option<i32> = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let next = value.unwrap_or(0) * 10 + digit as i32;
        if next >= LIMIT {
            return Err(Error::bad_input());
        }
        value = Some(next);
    }
    value.ok_or_else(Error::bad_input)
}

fn spaces(chars: &mut Chars<'_>) {
    while chars.next_if_eq(&' ').is_some() {}
}

/// Renders a composite format. `argument` gives the text of argument `index` under a format; it may fail with the caller's
/// own error.
///
/// # Errors
/// `FormatException` for a malformed format or an index without argument, and what `argument` fails with.
pub fn format<E: From<Error>>(
    format: &str,
    count: usize,
    mut argument: impl FnMut(usize, Option<&str>) -> std::result::Result<String, E>,
) -> std::result::Result<String, E> {
    let mut out = String::new();
    for piece in parse(format)? {
        match piece {
            Piece::Literal(text) => out.push_str(&text),
            Piece::Hole {
                index,
                alignment,
                format,
            } => {
                if index >= count {
                    return Err(index_error().into());
                }
                let text = argument(index, format.as_deref())?;
                push_aligned(&mut out, &text, alignment);
            }
        }
    }
    Ok(out)
}

/// `FormatException` for a hole without argument.
pub fn index_error() -> Error {
    Error::format(
        "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
    )
}

/// Appends a text padded with spaces to the alignment's width, counted in UTF-16 units.
pub fn push_aligned(out: &mut String, text: &str, alignment: i32) {
    let width = alignment.unsigned_abs() as usize;
    let padding = if width == 0 {
        0
    } else {
        width.saturating_sub(text.encode_utf16().count())
    };
    if alignment < 0 {
        out.push_str(text);
    }
    out.extend(std::iter::repeat_n(' ', padding));
    if alignment >= 0 {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(pattern: &str, arguments: &[&str]) -> String {
        format::<Error>(pattern, arguments.len(), |i, form| {
            Ok(format!("{}{}", arguments[i], form.unwrap_or_default()))
        })
        .unwrap_or_else(|e| e.kind.name().to_owned())
    }

    #[test]
    fn holes_take_alignment_and_format() {
        assert_eq!(f("{0}-{1}", &["a", "b"]), "a-b");
        assert_eq!(f("{0,6}|{0,-6}|", &["ab"]), "    ab|ab    |");
        assert_eq!(f("{{0}} {0}", &["1"]), "{0} 1");
        assert_eq!(f("{0 , 4 :X2}", &["a"]), " aX2");
        assert_eq!(f("{0:X}}}", &["a"]), "aX}");
        assert_eq!(f("{0,2}", &["😀"]), "😀");
        assert_eq!(f("", &[]), "");
    }

    #[test]
    fn malformed_formats_throw() {
        for pattern in [
            "{1}",
            "{0",
            "{",
            "}",
            "{a}",
            "{0,}",
            "{-1}",
            "{0:x",
            "{0,99999999999}",
            "{}",
            "{ 0}",
            "{0:{{x}}}",
        ] {
            assert_eq!(f(pattern, &["a"]), "FormatException", "{pattern}");
        }
    }
}
