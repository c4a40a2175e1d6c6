//! C# tokens.
//!
//! Text flows in, tokens with spans flow out. Interpolated strings are one token whose holes are token lists already.
//! `>` is always a token of its own, because only the parser knows a shift from the end of nested type arguments.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::diagnostic::{Diagnostics, Span};
use crate::value::{Const, Str, StrBuilder};

/// A token.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub tok: Tok,
    /// Where it stands.
    pub span: Span,
}

/// See [`Token`].
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Tok {
    /// An identifier, contextual keywords included.
    Ident(Arc<str>),
    /// A reserved word.
    Keyword(&'static str),
    Literal(Const),
    Interpolated(Arc<Vec<Part>>),
    Punct(&'static str),
    End,
}

/// A part of an interpolated string.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Part {
    Text(Str),
    Hole {
        value: Vec<Token>,
        align: Option<Vec<Token>>,
        format: Option<Str>,
    },
}

const KEYWORDS: &[&str] = &[
    "abstract",
    "as",
    "base",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "checked",
    "class",
    "const",
    "continue",
    "decimal",
    "default",
    "delegate",
    "do",
    "double",
    "else",
    "enum",
    "event",
    "explicit",
    "extern",
    "false",
    "finally",
    "fixed",
    "float",
    "for",
    "foreach",
    "goto",
    "if",
    "implicit",
    "in",
    "int",
    "interface",
    "internal",
    "is",
    "lock",
    "long",
    "namespace",
    "new",
    "null",
    "object",
    "operator",
    "out",
    "override",
    "params",
    "private",
    "protected",
    "public",
    "readonly",
    "ref",
    "return",
    "sbyte",
    "sealed",
    "short",
    "sizeof",
    "stackalloc",
    "static",
    "string",
    "struct",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "unsafe",
    "ushort",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
];

/// Longest first.
const PUNCTUATION: &[&str] = &[
    "<<=", "??=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=",
    "*=", "/=", "%=", "&=", "|=", "^=", "<<", "->", "::", "(", ")", "[", "]", "{", "}", ";", ",",
    ".", ":", "?", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "=", "<", ">",
];

/// What ends a line.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Interpolated strings nest in their holes; no sane policy goes deeper.
const DEEPEST_HOLE: usize = 16;

/// Turns text into tokens.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    /// Where the line ends that was last asked for.
    line_end: usize,
    depth: usize,
    /// What has no end, if anything.
    pub unterminated: Option<Unterminated>,
    /// Errors found.
    pub diagnostics: Diagnostics,
}

/// A text, character or comment that does not end: the rest of the source is taken for it.
pub struct Unterminated {
    /// Where the outermost one begins.
    pub start: usize,
    /// Place and code of its error. Any other error from `start` on would only follow from it.
    pub told: (usize, &'static str),
}

impl<'a> Lexer<'a> {
    /// A lexer of the bytes `from..to` of `text`; spans count from the start of `text`.
    #[must_use]
    pub fn new(text: &'a str, from: usize, to: usize) -> Self {
        Self {
            text,
            at: from,
            end: to.min(text.len()),
            line_end: from,
            depth: 0,
            unterminated: None,
            diagnostics: Diagnostics::default(),
        }
    }

    /// Something that does not end: the rest of the source is taken for it. `at` is what the error points to.
    fn unterminated(&mut self, code: &'static str, start: usize, at: usize, message: &str) {
        match &mut self.unterminated {
            Some(known) => known.start = known.start.min(start),
            None => {
                let span = Span::new(at, self.behind(at));
                self.diagnostics.error(code, span, message);
                self.unterminated = Some(Unterminated {
                    start,
                    told: (at, code),
                });
            }
        }
        self.at = self.end;
    }

    /// All tokens, the last one [`Tok::End`].
    pub fn tokens(&mut self) -> Vec<Token> {
        let mut out = Vec::new();
        while let Some(token) = self.next() {
            out.push(token);
        }
        out.push(Token {
            tok: Tok::End,
            span: Span::new(self.end, self.end),
        });
        out
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_at(&self, n: usize) -> Option<char> {
        self.rest().chars().nth(n)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Behind the character at `at`, if there is one.
    fn behind(&self, at: usize) -> usize {
        let rest = self.text.get(at..self.end).unwrap_or_default();
        at + rest.chars().next().map_or(0, char::len_utf8)
    }

    fn error(&mut self, code: &'static str, start: usize, message: &str) {
        let span = Span::new(start, self.at.max(self.behind(start)));
        self.diagnostics.error(code, span, message);
    }

    fn skip_trivia(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                let length = trimmed.find(LINE_ENDS).unwrap_or(trimmed.len());
                self.at += length;
            } else if let Some(body) = trimmed.strip_prefix("/*") {
                match body.find("*/") {
                    Some(length) => self.at += length + 4,
                    None => {
                        let start = self.at;
                        let message = "End-of-file found, '*/' expected";
                        self.unterminated("CS1035", start, start, message);
                    }
                }
            } else {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            self.skip_trivia();
            let start = self.at;
            let c = self.peek()?;
            let tok = match c {
                '"' => Some(self.string(start)),
                '\'' => self.char_literal(start),
                '@' => match (self.peek_at(1), self.peek_at(2)) {
                    (Some('"'), _) => {
                        self.at += 1;
                        Some(self.verbatim(start))
                    }
                    (Some('$'), Some('"')) => {
                        self.at += 2;
                        Some(self.interpolated(start, true))
                    }
                    (Some(n), _) if is_ident_start(n) => {
                        self.at += 1;
                        Some(Tok::Ident(self.word().into()))
                    }
                    _ => {
                        self.at += 1;
                        self.error("CS1056", start, "Unexpected character '@'");
                        None
                    }
                },
                '$' => match (self.peek_at(1), self.peek_at(2)) {
                    (Some('"'), _) => {
                        self.at += 1;
                        Some(self.interpolated(start, false))
                    }
                    (Some('@'), Some('"')) => {
                        self.at += 2;
                        Some(self.interpolated(start, true))
                    }
                    _ => {
                        self.at += 1;
                        self.error("CS1056", start, "Unexpected character '$'");
                        None
                    }
                },
                '0'..='9' => Some(self.number(start)),
                '.' if self.peek_at(1).is_some_and(|d| d.is_ascii_digit()) => {
                    Some(self.number(start))
                }
                c if is_ident_start(c) => {
                    let word = self.word();
                    Some(match KEYWORDS.binary_search(&word) {
                        Ok(i) => match word {
                            "true" => Tok::Literal(Const::Bool(true)),
                            "false" => Tok::Literal(Const::Bool(false)),
                            "null" => Tok::Literal(Const::Null),
                            _ => KEYWORDS.get(i).map_or(Tok::End, |k| Tok::Keyword(k)),
                        },
                        Err(_) => Tok::Ident(word.into()),
                    })
                }
                c => match PUNCTUATION.iter().find(|p| self.rest().starts_with(**p)) {
                    Some(p) => {
                        self.at += p.len();
                        Some(Tok::Punct(p))
                    }
                    None => {
                        self.at += c.len_utf8();
                        self.error("CS1056", start, &format!("Unexpected character '{c}'"));
                        None
                    }
                },
            };
            if let Some(tok) = tok {
                return Some(Token {
                    tok,
                    span: Span::new(start, self.at),
                });
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c: char| !is_ident_part(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn number(&mut self, start: usize) -> Tok {
        let rest = self.rest();
        let radix = match rest.as_bytes() {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
            let body = self.digits(|c| c.is_digit(radix) || c == '_');
            return self.integer(start, &body.replace('_', ""), radix);
        }
        let mut text = self.digits(|c| c.is_ascii_digit() || c == '_').to_owned();
        let mut real = false;
        if self.peek() == Some('.') && self.peek_at(1).is_some_and(|c| c.is_ascii_digit()) {
            real = true;
            self.at += 1;
            text.push('.');
            text.push_str(self.digits(|c| c.is_ascii_digit() || c == '_'));
        }
        let exponent = match (self.peek(), self.peek_at(1), self.peek_at(2)) {
            (Some('e' | 'E'), Some('+' | '-'), Some(d)) if d.is_ascii_digit() => 2,
            (Some('e' | 'E'), Some(d), _) if d.is_ascii_digit() => 1,
            _ => 0,
        };
        if exponent > 0 {
            real = true;
            text.push_str(self.rest().get(..exponent).unwrap_or_default());
            self.at += exponent;
            text.push_str(self.digits(|c| c.is_ascii_digit() || c == '_'));
        }
        let text = text.replace('_', "");
        match self.peek() {
            Some('f' | 'F') => {
                self.at += 1;
                Tok::Literal(Const::Single(text.parse().unwrap_or_default()))
            }
            Some('d' | 'D') => {
                self.at += 1;
                Tok::Literal(Const::Double(text.parse().unwrap_or_default()))
            }
            Some('m' | 'M') => {
                self.at += 1;
                let parsed = Decimal::from_str_exact(&text)
                    .or_else(|_| Decimal::from_scientific(&text))
                    .or_else(|_| text.parse::<Decimal>());
                match parsed {
                    Ok(value) => Tok::Literal(Const::Decimal(value)),
                    Err(_) => {
                        self.error(
                            "CS0594",
                            start,
                            "Floating-point constant is outside the range of type 'decimal'",
                        );
                        Tok::Literal(Const::Decimal(Decimal::ZERO))
                    }
                }
            }
            _ if real => {
                let value: f64 = text.parse().unwrap_or_default();
                if value.is_infinite() {
                    self.error(
                        "CS0594",
                        start,
                        "Floating-point constant is outside the range of type 'double'",
                    );
                }
                Tok::Literal(Const::Double(value))
            }
            _ => self.integer(start, &text, 10),
        }
    }

    fn digits(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c: char| !test(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn integer(&mut self, start: usize, digits: &str, radix: u32) -> Tok {
        let mut unsigned = false;
        let mut long = false;
        for _ in 0..2 {
            match self.peek() {
                Some('u' | 'U') if !unsigned => {
                    unsigned = true;
                    self.at += 1;
                }
                Some('l' | 'L') if !long => {
                    long = true;
                    self.at += 1;
                }
                _ => break,
            }
        }
        let Ok(value) = u64::from_str_radix(digits, radix) else {
            if digits.is_empty() {
                self.error("CS1013", start, "Invalid number");
            } else {
                self.error("CS1021", start, "Integral constant is too large");
            }
            return Tok::Literal(Const::Int32(0));
        };
        Tok::Literal(match (unsigned, long) {
            (true, true) => Const::UInt64(value),
            (true, false) => u32::try_from(value).map_or(Const::UInt64(value), Const::UInt32),
            (false, true) => i64::try_from(value).map_or(Const::UInt64(value), Const::Int64),
            (false, false) => {
                if let Ok(value) = i32::try_from(value) {
                    Const::Int32(value)
                } else if let Ok(value) = u32::try_from(value) {
                    Const::UInt32(value)
                } else {
                    i64::try_from(value).map_or(Const::UInt64(value), Const::Int64)
                }
            }
        })
    }

    fn char_literal(&mut self, start: usize) -> Option<Tok> {
        self.at += 1;
        let mut units = StrBuilder::new();
        let mut count = 0_usize;
        loop {
            match self.peek().filter(|c| !LINE_ENDS.contains(c)) {
                None => {
                    self.unterminated("CS1010", start, start, "Newline in constant");
                    return Some(Tok::Literal(Const::Char(0)));
                }
                Some('\'') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => {
                    self.escape(&mut units);
                    count += 1;
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    units.push_str(c.encode_utf8(&mut [0; 4]));
                    count += 1;
                }
            }
        }
        let text = units.finish();
        if count == 0 {
            self.error("CS1011", start, "Empty character literal");
        } else if text.len() != 1 {
            self.error("CS1012", start, "Too many characters in character literal");
        }
        Some(Tok::Literal(Const::Char(text.unit(0).unwrap_or(0))))
    }

    /// Reads an escape sequence, the backslash included.
    fn escape(&mut self, out: &mut StrBuilder) {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.bump() else { return };
        let unit = match c {
            '\'' | '"' | '\\' => c as u16,
            '0' => 0,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => return self.hex(start, 1, 4, out),
            'u' => return self.hex(start, 4, 4, out),
            'U' => return self.hex(start, 8, 8, out),
            _ => {
                self.error("CS1009", start, "Unrecognized escape sequence");
                return;
            }
        };
        out.push_unit(unit, 1);
    }

    fn hex(&mut self, start: usize, least: usize, most: usize, out: &mut StrBuilder) {
        let mut value = 0_u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.peek().and_then(|c| c.to_digit(16))
        {
            value = value.wrapping_mul(16).wrapping_add(digit);
            self.at += 1;
            count += 1;
        }
        if count < least {
            self.error("CS1009", start, "Unrecognized escape sequence");
        } else if let Ok(unit) = u16::try_from(value) {
            out.push_unit(unit, 1);
        } else if let Some(c) = char::from_u32(value) {
            out.push_str(c.encode_utf8(&mut [0; 4]));
        } else {
            self.error("CS1009", start, "Unrecognized escape sequence");
        }
    }

    fn string(&mut self, start: usize) -> Tok {
        self.at += 1;
        let mut out = StrBuilder::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .find(|c| matches!(c, '"' | '\\') || LINE_ENDS.contains(&c))
                .unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => self.escape(&mut out),
                _ => {
                    self.unterminated("CS1010", start, start, "Newline in constant");
                    break;
                }
            }
        }
        Tok::Literal(Const::Str(out.finish()))
    }

    fn verbatim(&mut self, start: usize) -> Tok {
        self.at += 1;
        let mut out = StrBuilder::new();
        loop {
            let rest = self.rest();
            let Some(plain) = rest.find('"') else {
                self.unterminated("CS1039", start, start, "Unterminated string literal");
                break;
            };
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain + 1;
            if self.peek() == Some('"') {
                out.push_str("\"");
                self.at += 1;
            } else {
                break;
            }
        }
        Tok::Literal(Const::Str(out.finish()))
    }

    /// Where the line ends that is being read.
    fn line_end(&mut self) -> usize {
        if self.line_end <= self.at {
            let rest = self.rest();
            self.line_end = self.at + rest.find(LINE_ENDS).unwrap_or(rest.len());
        }
        self.line_end.min(self.end)
    }

    fn interpolated(&mut self, start: usize, verbatim: bool) -> Tok {
        // A plain text ends on its line, and so does whatever stands in its holes.
        let end = self.end;
        if !verbatim {
            self.end = self.line_end();
        }
        let parts = self.interpolated_parts(start, verbatim);
        self.end = end;
        if self.unterminated.is_some() {
            self.at = end;
        }
        Tok::Interpolated(Arc::new(parts))
    }

    fn interpolated_parts(&mut self, start: usize, verbatim: bool) -> Vec<Part> {
        self.at += 1;
        let mut parts = Vec::new();
        let mut text = StrBuilder::new();
        let said = self.diagnostics.len();
        self.depth += 1;
        loop {
            match self.peek() {
                None if verbatim => {
                    self.unterminated("CS1039", start, start, "Unterminated string literal");
                    break;
                }
                None => {
                    self.unterminated("CS1010", start, start, "Newline in constant");
                    break;
                }
                Some('"') => {
                    self.at += 1;
                    if verbatim && self.peek() == Some('"') {
                        self.at += 1;
                        text.push_str("\"");
                    } else {
                        break;
                    }
                }
                Some('\\') if !verbatim => self.escape(&mut text),
                Some('{') => {
                    self.at += 1;
                    if self.peek() == Some('{') {
                        self.at += 1;
                        text.push_str("{");
                        continue;
                    }
                    let before = std::mem::take(&mut text).finish();
                    if !before.is_empty() {
                        parts.push(Part::Text(before));
                    }
                    if self.depth > DEEPEST_HOLE {
                        self.error("CS8078", start, "An expression is too long or complex");
                        self.at = self.end;
                        break;
                    }
                    parts.push(self.hole(verbatim));
                }
                Some('}') => {
                    let at = self.at;
                    self.at += 1;
                    if self.peek() == Some('}') {
                        self.at += 1;
                    } else if !self.diagnostics.has_errors_since(said) {
                        self.error(
                            "CS8086",
                            at,
                            "A '}' character must be escaped (by doubling) in an interpolated string",
                        );
                    }
                    text.push_str("}");
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    text.push_str(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        self.depth -= 1;
        let last = text.finish();
        if !last.is_empty() {
            parts.push(Part::Text(last));
        }
        parts
    }

    /// A hole, the opening brace read already: tokens up to `,`, `:` or `}` outside of brackets.
    fn hole(&mut self, verbatim: bool) -> Part {
        let open = self.at.saturating_sub(1);
        let (value, stop) = self.hole_tokens(open, true);
        let (align, stop) = if stop == Some(',') {
            let (align, stop) = self.hole_tokens(open, false);
            (Some(align), stop)
        } else {
            (None, stop)
        };
        let format = if stop == Some(':') {
            let mut format = StrBuilder::new();
            loop {
                match self.peek() {
                    None => {
                        self.no_close(open);
                        break;
                    }
                    Some('}') => {
                        self.at += 1;
                        break;
                    }
                    Some('{') => {
                        self.error(
                            "CS8086",
                            self.at,
                            "A '{' character must be escaped (by doubling) in an interpolated string",
                        );
                        self.at += 1;
                    }
                    Some('"') if verbatim && self.peek_at(1) == Some('"') => {
                        self.at += 2;
                        format.push_str("\"");
                    }
                    Some('"') => {
                        self.no_close(open);
                        break;
                    }
                    Some('\\') if !verbatim => self.escape(&mut format),
                    Some(c) => {
                        self.at += c.len_utf8();
                        format.push_str(c.encode_utf8(&mut [0; 4]));
                    }
                }
            }
            Some(format.finish())
        } else {
            None
        };
        Part::Hole {
            value,
            align,
            format,
        }
    }

    fn no_close(&mut self, open: usize) {
        let message = "Missing close delimiter '}' for interpolated expression started with '{'";
        self.unterminated("CS8076", open, open, message);
    }

    /// The tokens of a hole or of its alignment, and what ended them. A text in it that has no end most often began as
    /// the closing quote of the whole: it is the hole that does not end.
    fn hole_tokens(&mut self, open: usize, first: bool) -> (Vec<Token>, Option<char>) {
        let mut out = Vec::new();
        let mut brackets = Vec::new();
        let whole = self.unterminated.is_none();
        let said = self.diagnostics.len();
        let stop = loop {
            self.skip_trivia();
            let token = self.next();
            if whole && self.unterminated.is_some() {
                self.diagnostics.truncate(said);
                self.unterminated = None;
                self.no_close(open);
                break None;
            }
            let Some(token) = token else {
                self.no_close(open);
                break None;
            };
            if let Tok::Punct(p) = token.tok {
                match p {
                    "(" | "[" | "{" => brackets.push(p),
                    ")" if brackets.last() == Some(&"(") => drop(brackets.pop()),
                    "]" if brackets.last() == Some(&"[") => drop(brackets.pop()),
                    "}" if brackets.last() == Some(&"{") => drop(brackets.pop()),
                    // Brackets left open are for the parser to tell.
                    "}" => break Some('}'),
                    ":" if brackets.is_empty() => break Some(':'),
                    "::" if brackets.is_empty() => {
                        self.at = token.span.start as usize + 1;
                        break Some(':');
                    }
                    "," if brackets.is_empty() && first => break Some(','),
                    _ => {}
                }
            }
            out.push(token);
        };
        // The end is where the delimiter stands, if there is one.
        let delimiter = usize::from(stop.is_some());
        out.push(Token {
            tok: Tok::End,
            span: Span::new(self.at.saturating_sub(delimiter), self.at),
        });
        (out, stop)
    }
}

fn is_ident_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_ident_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
