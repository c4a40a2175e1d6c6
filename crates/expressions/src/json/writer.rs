//! Tokens and values to JSON text, the way `JsonTextWriter` prints them.

use super::bytes::{plain_before, special, text};
use super::number;
use super::scalar::Scalar;
use super::token::{JToken, TokenType};
use super::tree::{Id, Kind, NONE, Nodes};
use crate::clr::datetime_format::{json_datetime, json_datetimeoffset};
use crate::forest::{Arena, work};
use crate::value::Str;

/// `Newtonsoft.Json.Formatting`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formatting {
    /// No white space at all.
    None,
    /// Two spaces a level, line ends `\n`.
    #[default]
    Indented,
}

impl JToken {
    /// `ToString(formatting)`: JSON text, strings quoted.
    pub fn to_json(&self, formatting: Formatting) -> String {
        self.to_json_within(formatting, usize::MAX)
            .unwrap_or_default()
    }

    /// [`JToken::to_json`], unless the text would be longer than `most` bytes: deep tokens indent to much text.
    pub fn to_json_within(&self, formatting: Formatting, most: usize) -> Option<String> {
        self.tree.read(self.id, |nodes, id| {
            // As much as many trees need, so that the text seldom has to move.
            let mut out = Vec::with_capacity((nodes.len() * 64).min(4096));
            write_tree(nodes, id, formatting, most, &mut out).then(|| text(out))
        })
    }

    /// `ToString()`: bare text for values, indented JSON for containers.
    pub fn to_text(&self) -> Str {
        match self.scalar() {
            Some(value) => value.to_text(),
            None => self.to_json(Formatting::Indented).into(),
        }
    }
}

/// A container whose end is still to be written.
struct Open {
    id: Id,
    next: usize,
    close: u8,
    /// A comma is due before the next child.
    delimit: bool,
}

/// Whether it was written whole: not if that takes more than `most` bytes.
fn write_tree(
    nodes: &Nodes,
    root: Id,
    formatting: Formatting,
    most: usize,
    out: &mut Vec<u8>,
) -> bool {
    let mut open: Vec<Open> = Vec::new();
    let mut current = Some(root);
    loop {
        // `current` is written, then the innermost open container says what is next.
        while let Some(id) = current.take() {
            match &nodes.get(id).kind {
                Kind::Object(_) => {
                    out.push(b'{');
                    open.push(Open {
                        id,
                        next: 0,
                        close: b'}',
                        delimit: false,
                    });
                }
                Kind::Array(_) => {
                    out.push(b'[');
                    open.push(Open {
                        id,
                        next: 0,
                        close: b']',
                        delimit: false,
                    });
                }
                Kind::Constructor { name, .. } => {
                    out.extend_from_slice(b"new ");
                    out.extend_from_slice(name.to_utf8().as_bytes());
                    out.push(b'(');
                    open.push(Open {
                        id,
                        next: 0,
                        close: b')',
                        delimit: false,
                    });
                }
                Kind::Property { name, value } => {
                    write_str(name, out);
                    out.push(b':');
                    if formatting == Formatting::Indented {
                        out.push(b' ');
                    }
                    if *value == NONE {
                        out.extend_from_slice(b"null");
                    } else {
                        current = Some(*value);
                    }
                }
                Kind::Value { token_type, value } => write_value(*token_type, value, out),
            }
        }
        let depth = open.len();
        let Some(container) = open.last_mut() else {
            work(out.len() / 32);
            return out.len() <= most;
        };
        if out.len() > most {
            work(out.len() / 32);
            return false;
        }
        match nodes.children(container.id).get(container.next).copied() {
            Some(child) => {
                let is_comment = nodes.get(child).kind.token_type() == TokenType::Comment;
                if container.delimit && !is_comment {
                    out.push(b',');
                }
                container.delimit |= !is_comment;
                container.next += 1;
                new_line(formatting, depth, out);
                current = Some(child);
            }
            None => {
                // Json.NET breaks the line even in an empty constructor.
                if container.next > 0 || container.close == b')' {
                    new_line(formatting, depth - 1, out);
                }
                out.push(container.close);
                open.pop();
            }
        }
    }
}

fn new_line(formatting: Formatting, depth: usize, out: &mut Vec<u8>) {
    if formatting == Formatting::Indented {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(*b"  ", depth).flatten());
    }
}

fn write_value(token_type: TokenType, value: &Scalar, out: &mut Vec<u8>) {
    match token_type {
        TokenType::Raw => out.extend_from_slice(value.to_text().to_utf8().as_bytes()),
        TokenType::Comment => {
            out.extend_from_slice(b"/*");
            out.extend_from_slice(value.to_text().to_utf8().as_bytes());
            out.extend_from_slice(b"*/");
        }
        TokenType::Undefined => out.extend_from_slice(b"undefined"),
        _ => write_scalar(value, out),
    }
}

fn write_scalar(value: &Scalar, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to memory can't fail.
    let _ = match value {
        Scalar::Null => out.write_all(b"null"),
        Scalar::Bool(v) => write!(out, "{v}"),
        Scalar::Int(v, _) => write!(out, "{v}"),
        Scalar::UInt64(v) => write!(out, "{v}"),
        Scalar::BigInteger(v) => write!(out, "{v}"),
        Scalar::Double(v) => out.write_all(number::double_json(*v).as_bytes()),
        Scalar::Single(v) => out.write_all(number::float_json(*v).as_bytes()),
        Scalar::Decimal(v) => out.write_all(number::decimal_json(*v).as_bytes()),
        Scalar::String(v) | Scalar::Uri(v) => {
            write_str(v, out);
            Ok(())
        }
        Scalar::Char(unit) => {
            write_str(&Str::from_unit(*unit), out);
            Ok(())
        }
        Scalar::Date(v) => write!(out, "\"{}\"", json_datetime(*v)),
        Scalar::DateOffset(v) => write!(out, "\"{}\"", json_datetimeoffset(*v)),
        Scalar::Bytes(v) => {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(v);
            write!(out, "\"{text}\"")
        }
        Scalar::Guid(v) => write!(out, "\"{}\"", v.hyphenated()),
        Scalar::TimeSpan(v) => write!(out, "\"{}\"", v.to_text()),
    };
}

/// A .NET string with its quotes; a lone surrogate, which no byte stream can carry, becomes U+FFFD.
fn write_str(text: &Str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(&text.to_utf8(), b'"', out);
    out.push(b'"');
}

/// What becomes of a byte: 0 stands as it is, [`LOOK`] begins a character that is perhaps escaped, a letter follows `\`.
static ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        escapes[control] = b'u';
        control += 1;
    }
    escapes[0x08] = b'b';
    escapes[b'\t' as usize] = b't';
    escapes[b'\n' as usize] = b'n';
    escapes[0x0c] = b'f';
    escapes[b'\r' as usize] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\'' as usize] = b'\'';
    escapes[b'\\' as usize] = b'\\';
    // U+0085, U+2028 and U+2029.
    escapes[0xc2] = LOOK;
    escapes[0xe2] = LOOK;
    escapes
};
const LOOK: u8 = 1;

/// Escapes what Json.NET escapes by default: the quote, `\`, controls, U+0085, U+2028 and U+2029.
fn write_escaped(text: &str, quote: u8, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len());
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let plain = plain_before(word, |word| special(word, quote));
        out.extend_from_slice(word);
        if plain == 8 {
            rest = behind;
        } else {
            out.truncate(out.len() - (8 - plain));
            rest = write_first(rest.get(plain..).unwrap_or_default(), quote, out);
        }
    }
    // Names are mostly shorter than a word, and plain.
    if rest.iter().all(|byte| ESCAPES[usize::from(*byte)] == 0) {
        return out.extend_from_slice(rest);
    }
    while !rest.is_empty() {
        rest = write_first(rest, quote, out);
    }
}

/// Writes what stands first in a text, escaped if it must be: a character of ASCII, one of those that are escaped, or some
/// bytes of others. Returns what follows.
#[inline]
fn write_first<'a>(text: &'a [u8], quote: u8, out: &mut Vec<u8>) -> &'a [u8] {
    let Some((&first, rest)) = text.split_first() else {
        return text;
    };
    match ESCAPES[usize::from(first)] {
        0 if first.is_ascii() => out.push(first),
        0 => {
            // Text beyond ASCII mostly comes in runs.
            let is_plain = |byte: &u8| !byte.is_ascii() && ESCAPES[usize::from(*byte)] == 0;
            let run = rest.iter().take_while(|byte| is_plain(byte)).count();
            let (run, rest) = rest.split_at(run);
            out.push(first);
            out.extend_from_slice(run);
            return rest;
        }
        b'u' | LOOK => return write_rarity(first, rest, out),
        b'"' | b'\'' if first != quote => out.push(first),
        letter => out.extend_from_slice(&[b'\\', letter]),
    }
    rest
}

/// [`write_first`] for what has no letter of its own.
fn write_rarity<'a>(first: u8, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (code, rest) = match (first, rest) {
        (0..=0x1f, _) => (u16::from(first), rest),
        (0xc2, [0x85, rest @ ..]) => (0x85, rest),
        (0xe2, [0x80, 0xa8, rest @ ..]) => (0x2028, rest),
        (0xe2, [0x80, 0xa9, rest @ ..]) => (0x2029, rest),
        _ => {
            out.push(first);
            return rest;
        }
    };
    out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
    rest
}

/// Appends a member's step to a path: `.name`, or `['odd name']`.
pub(super) fn push_path_name(path: &mut String, name: &str) {
    const SPECIAL: &[char] = &[
        '.', ' ', '\'', '/', '"', '[', ']', '(', ')', '\t', '\n', '\r', '\u{c}', '\u{8}', '\\',
        '\u{85}', '\u{2028}', '\u{2029}',
    ];
    if name.contains(SPECIAL) {
        path.push_str("['");
        let mut escaped = Vec::new();
        write_escaped(name, b'\'', &mut escaped);
        path.push_str(&text(escaped));
        path.push_str("']");
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn reprint(text: &str, formatting: Formatting) -> String {
        parse(text, &Default::default())
            .unwrap()
            .to_json(formatting)
    }

    #[test]
    fn indented_text_has_two_spaces_a_level_and_compact_empties() {
        assert_eq!(
            reprint(r#"{"a":1,"b":[1,2],"c":{},"d":[]}"#, Formatting::Indented),
            "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
        assert_eq!(
            reprint("new Date(1,'x')", Formatting::Indented),
            "new Date(\n  1,\n  \"x\"\n)"
        );
    }

    #[test]
    fn numbers_keep_json_form() {
        for (input, output) in [
            ("1.0", "1.0"),
            ("1.50", "1.5"),
            ("1e3", "1000.0"),
            ("1e20", "1E+20"),
            ("1e-7", "1E-07"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("123456789.123456789", "123456789.12345679"),
            ("1.7976931348623157E308", "1.7976931348623157E+308"),
            ("12345678901234567890", "12345678901234567890"),
            ("-0.0", "-0.0"),
            ("NaN", "\"NaN\""),
            ("-Infinity", "\"-Infinity\""),
            ("0x10", "16"),
            ("010", "8"),
        ] {
            assert_eq!(reprint(input, Formatting::None), output, "{input}");
        }
        let decimal: rust_decimal::Decimal = "5".parse().unwrap();
        assert_eq!(
            JToken::new_value(Scalar::Decimal(decimal))
                .unwrap()
                .to_json(Formatting::None),
            "5.0"
        );
    }

    #[test]
    fn strings_escape_only_what_json_net_escapes() {
        let special = "\u{7f}\u{85}\t\u{8}\u{c}'\"\\/<é\u{1}\u{2028}😀";
        let mut out = Vec::new();
        write_str(&special.into(), &mut out);
        assert_eq!(
            super::text(out),
            "\"\u{7f}\\u0085\\t\\b\\f'\\\"\\\\/<é\\u0001\\u2028😀\""
        );
    }

    #[test]
    fn values_print_bare_text_by_to_string() {
        let text = |json: &str| {
            parse(json, &Default::default())
                .unwrap()
                .to_text()
                .to_string()
        };
        assert_eq!(text("true"), "True");
        assert_eq!(text("null"), "");
        assert_eq!(text("1.0"), "1");
        assert_eq!(text("'x'"), "x");
        assert_eq!(text("'2024-01-02T03:04:05Z'"), "01/02/2024 03:04:05");
        let object = parse("{'a':1}", &Default::default()).unwrap();
        assert_eq!(object.first().unwrap().to_text().to_string(), "\"a\": 1");
    }
}
