//! Character references: in flows text standing on `&`, out flows the character it names.
//!
//! Only the five predefined names and numbers exist: a document type could define more, and there is none.

use crate::scan_csharp::Cursor;

/// What stands at an `&`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A character, and the length of its reference.
    Char(char, usize),
    /// Looks like a reference of this length but names nothing.
    Unknown(usize),
    /// A number that is no character XML allows.
    NoCharacter(usize),
    /// A lone `&`.
    None,
}

/// Longest reference looked at.
const MAX_REFERENCE: usize = 40;

/// Reads the reference at `at`, where an `&` stands.
pub(crate) fn reference(bytes: &[u8], at: usize) -> Reference {
    let body = bytes.get(at + 1..).unwrap_or_default();
    let body = body.get(..MAX_REFERENCE).unwrap_or(body);
    let Some(end) = memchr::memchr(b';', body) else {
        return Reference::None;
    };
    let name = body.get(..end).unwrap_or_default();
    let len = end + 2;
    let named = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', number @ ..] => return numeric(number, len),
        _ if is_plain_name(name) => return Reference::Unknown(len),
        _ => return Reference::None,
    };
    Reference::Char(named, len)
}

fn is_plain_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric())
}

fn numeric(number: &[u8], len: usize) -> Reference {
    let (digits, radix) = match number {
        [b'x', digits @ ..] => (digits, 16),
        _ => (number, 10),
    };
    if digits.is_empty() || !digits.iter().all(|digit| (*digit as char).is_digit(radix)) {
        return Reference::NoCharacter(len);
    }
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u32::from_str_radix(digits, radix).ok())
        .and_then(char::from_u32)
        .filter(|c| is_xml_char(*c))
        .map_or(Reference::NoCharacter(len), |c| Reference::Char(c, len))
}

/// XML 1.0 §2.2.
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// A text read with its references decoded.
#[derive(Clone, Copy)]
pub(crate) struct Decoding<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoding<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            at,
        }
    }
}

impl Cursor for Decoding<'_> {
    fn peek(&self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        if byte == b'&'
            && let Reference::Char(c, _) = reference(self.bytes, self.at)
        {
            return Some(u8::try_from(u32::from(c)).unwrap_or(u8::MAX));
        }
        Some(byte)
    }

    fn bump(&mut self) {
        self.at += match self.bytes.get(self.at) {
            Some(b'&') => match reference(self.bytes, self.at) {
                Reference::Char(_, len) => len,
                _ => 1,
            },
            _ => 1,
        };
    }

    fn offset(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reference {
        reference(text.as_bytes(), 0)
    }

    #[test]
    fn the_five_names_and_numbers_are_known() {
        assert_eq!(read("&amp;x"), Reference::Char('&', 5));
        assert_eq!(read("&quot;"), Reference::Char('"', 6));
        assert_eq!(read("&#34;"), Reference::Char('"', 5));
        assert_eq!(read("&#x1F600;"), Reference::Char('😀', 9));
        assert_eq!(read("&#xA;"), Reference::Char('\n', 5));
    }

    #[test]
    fn what_names_no_character_is_told_apart() {
        assert_eq!(read("&nbsp;"), Reference::Unknown(6));
        assert_eq!(read("&#0;"), Reference::NoCharacter(4));
        assert_eq!(read("&#xD800;"), Reference::NoCharacter(8));
        assert_eq!(read("&#;"), Reference::NoCharacter(3));
        assert_eq!(read("&#99999999999999999999;"), Reference::NoCharacter(23));
        assert_eq!(read("& b;"), Reference::None);
        assert_eq!(read("&&"), Reference::None);
        assert_eq!(read("&"), Reference::None);
    }
}
