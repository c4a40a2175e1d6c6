//! Tokens and values to JSON text, the way `JsonTextWriter` prints them.

use super::number;
use super::scalar::Scalar;
use super::token::{JToken, TokenType};
use super::tree::{Id, Kind, NONE, Nodes};
use crate::clr::datetime_format::{json_datetime, json_datetimeoffset};
use crate::forest::work;
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
        let mut out = String::with_capacity(64);
        self.write_json(formatting, &mut out);
        out
    }

    /// [`JToken::to_json`], unless the text would be longer than `most` bytes: deep tokens indent to much text.
    pub fn to_json_within(&self, formatting: Formatting, most: usize) -> Option<String> {
        let mut out = String::with_capacity(64);
        let whole = self.tree.read(self.id, |nodes, id| {
            write_tree(nodes, id, formatting, 0, most, &mut out)
        });
        whole.then_some(out)
    }

    /// Appends the JSON text.
    pub fn write_json(&self, formatting: Formatting, out: &mut String) {
        self.tree.read(self.id, |nodes, id| {
            write_tree(nodes, id, formatting, 0, usize::MAX, out);
        });
    }

    /// Appends the JSON text as it stands `depth` levels inside a larger indented text.
    pub fn write_json_at(&self, formatting: Formatting, depth: usize, out: &mut String) {
        self.tree.read(self.id, |nodes, id| {
            write_tree(nodes, id, formatting, depth, usize::MAX, out);
        });
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
    close: char,
    /// A comma is due before the next child.
    delimit: bool,
}

/// Whether it was written whole: not if that takes more than `most` bytes.
fn write_tree(
    nodes: &Nodes,
    root: Id,
    formatting: Formatting,
    base_depth: usize,
    most: usize,
    out: &mut String,
) -> bool {
    let mut open: Vec<Open> = Vec::new();
    let mut current = Some(root);
    let before = out.len();
    loop {
        // `current` is written, then the innermost open container says what is next.
        while let Some(id) = current.take() {
            match &nodes.get(id).kind {
                Kind::Object(_) => {
                    out.push('{');
                    open.push(Open {
                        id,
                        next: 0,
                        close: '}',
                        delimit: false,
                    });
                }
                Kind::Array(_) => {
                    out.push('[');
                    open.push(Open {
                        id,
                        next: 0,
                        close: ']',
                        delimit: false,
                    });
                }
                Kind::Constructor { name, .. } => {
                    out.push_str("new ");
                    out.push_str(&name.to_utf8());
                    out.push('(');
                    open.push(Open {
                        id,
                        next: 0,
                        close: ')',
                        delimit: false,
                    });
                }
                Kind::Property { name, value } => {
                    write_str(name, out);
                    out.push(':');
                    if formatting == Formatting::Indented {
                        out.push(' ');
                    }
                    if *value == NONE {
                        out.push_str("null");
                    } else {
                        current = Some(*value);
                    }
                }
                Kind::Value { token_type, value } => write_value(*token_type, value, out),
            }
        }
        let depth = open.len() + base_depth;
        let Some(container) = open.last_mut() else {
            work((out.len() - before) / 32);
            return out.len() - before <= most;
        };
        if out.len() - before > most {
            work((out.len() - before) / 32);
            return false;
        }
        match nodes.children(container.id).get(container.next).copied() {
            Some(child) => {
                let is_comment = nodes.get(child).kind.token_type() == TokenType::Comment;
                if container.delimit && !is_comment {
                    out.push(',');
                }
                container.delimit |= !is_comment;
                container.next += 1;
                new_line(formatting, depth, out);
                current = Some(child);
            }
            None => {
                // Json.NET breaks the line even in an empty constructor.
                if container.next > 0 || container.close == ')' {
                    new_line(formatting, depth - 1, out);
                }
                out.push(container.close);
                open.pop();
            }
        }
    }
}

fn new_line(formatting: Formatting, depth: usize, out: &mut String) {
    if formatting == Formatting::Indented {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn write_value(token_type: TokenType, value: &Scalar, out: &mut String) {
    match token_type {
        TokenType::Raw => out.push_str(&value.to_text().to_utf8()),
        TokenType::Comment => {
            out.push_str("/*");
            out.push_str(&value.to_text().to_utf8());
            out.push_str("*/");
        }
        TokenType::Undefined => out.push_str("undefined"),
        _ => write_scalar(value, out),
    }
}

/// Appends one value as JSON.
pub fn write_scalar(value: &Scalar, out: &mut String) {
    use std::fmt::Write;
    // Writing to a String can't fail.
    let _ = match value {
        Scalar::Null => out.write_str("null"),
        Scalar::Bool(v) => write!(out, "{v}"),
        Scalar::Int(v, _) => write!(out, "{v}"),
        Scalar::UInt64(v) => write!(out, "{v}"),
        Scalar::BigInteger(v) => write!(out, "{v}"),
        Scalar::Double(v) => out.write_str(&number::double_json(*v)),
        Scalar::Single(v) => out.write_str(&number::float_json(*v)),
        Scalar::Decimal(v) => out.write_str(&number::decimal_json(*v)),
        Scalar::String(v) => {
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
            out.push('"');
            base64::engine::general_purpose::STANDARD.encode_string(v, out);
            out.push('"');
            Ok(())
        }
        Scalar::Guid(v) => write!(out, "\"{}\"", v.hyphenated()),
        Scalar::Uri(v) => {
            write_str(v, out);
            Ok(())
        }
        Scalar::TimeSpan(v) => write!(out, "\"{}\"", v.to_text()),
    };
}

/// A .NET string; a lone surrogate, which no byte stream can carry, becomes U+FFFD.
fn write_str(text: &Str, out: &mut String) {
    write_string(&text.to_utf8(), out);
}

/// Appends text as a JSON string with its quotes.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    write_escaped(text, '"', out);
    out.push('"');
}

/// The bytes at which [`write_escaped`] has to look twice.
static SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        suspect[byte] = true;
        byte += 1;
    }
    suspect[b'"' as usize] = true;
    suspect[b'\\' as usize] = true;
    suspect[b'\'' as usize] = true;
    suspect[0xc2] = true;
    suspect[0xe2] = true;
    suspect
};

/// Escapes what Json.NET escapes by default: the quote, `\`, controls, U+0085, U+2028 and U+2029.
fn write_escaped(text: &str, quote: char, out: &mut String) {
    use std::fmt::Write;
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(|byte| SUSPECT[usize::from(*byte)]) else {
            break;
        };
        at += skipped;
        let Some(byte) = bytes.get(at) else {
            break;
        };
        let (length, escape) = match byte {
            b'"' | b'\'' if char::from(*byte) == quote => {
                (1, if quote == '"' { "\\\"" } else { "\\'" })
            }
            b'\\' => (1, "\\\\"),
            b'\n' => (1, "\\n"),
            b'\r' => (1, "\\r"),
            b'\t' => (1, "\\t"),
            0x08 => (1, "\\b"),
            0x0c => (1, "\\f"),
            0..=0x1f => (1, ""),
            0xc2 if bytes.get(at + 1) == Some(&0x85) => (2, "\\u0085"),
            0xe2 if bytes.get(at + 1..at + 3) == Some(&[0x80, 0xa8]) => (3, "\\u2028"),
            0xe2 if bytes.get(at + 1..at + 3) == Some(&[0x80, 0xa9]) => (3, "\\u2029"),
            _ => {
                at += 1;
                continue;
            }
        };
        // Only whole characters are escaped, so the cut is at a boundary.
        out.push_str(text.get(from..at).unwrap_or_default());
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        at += length;
        from = at;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

/// Appends a member's step to a path: `.name`, or `['odd name']`.
pub(super) fn push_path_name(path: &mut String, name: &str) {
    const SPECIAL: &[char] = &[
        '.', ' ', '\'', '/', '"', '[', ']', '(', ')', '\t', '\n', '\r', '\u{c}', '\u{8}', '\\',
        '\u{85}', '\u{2028}', '\u{2029}',
    ];
    if name.contains(SPECIAL) {
        path.push_str("['");
        write_escaped(name, '\'', path);
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
        let mut out = String::new();
        write_string("\u{7f}\u{85}\t\u{8}\u{c}'\"\\/<é\u{1}\u{2028}😀", &mut out);
        assert_eq!(
            out,
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
