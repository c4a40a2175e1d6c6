//! Finds the end of a policy expression: in flows a text standing on `@(` or `@{`, out flows where its bracket closes.
//!
//! The scanner knows as much of C# as brackets need: strings of all kinds, interpolation holes, character literals
//! and comments. It never judges whether the code means anything; that is the compiler's work. It keeps its own
//! stack, so nested input cannot exhaust the thread's.

use crate::placeholders::{FoundPlaceholder, brace_in_text, placeholder, take_placeholder};

/// Brackets, strings and holes open at once before the scanner gives up.
const MAX_OPEN: usize = 512;

/// A text read byte by byte; either as it stands or with its references decoded on the way.
pub(crate) trait Cursor: Copy {
    /// The byte to read next. A decoded character outside ASCII shows as any byte from 0x80.
    fn peek(&self) -> Option<u8>;
    /// Goes to the next byte.
    fn bump(&mut self);
    /// Where the byte to read next begins in the text.
    fn offset(&self) -> usize;
}

/// A text read as it stands.
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Plain<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            at,
        }
    }
}

impl Cursor for Plain<'_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    #[inline]
    fn bump(&mut self) {
        self.at += 1;
    }
    #[inline]
    fn offset(&self) -> usize {
        self.at
    }
}

/// What the scanner stops at besides the end of the expression.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StopAt {
    /// A reference such as `&quot;` in code: the expression is in escaped form.
    pub(crate) references: bool,
    /// The start of a CDATA section in code.
    pub(crate) cdata: bool,
}

impl StopAt {
    pub(crate) const NOTHING: Self = Self {
        references: false,
        cdata: false,
    };
}

/// Why no end was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanErrorKind {
    /// This bracket is never closed; `at` is the bracket.
    Unclosed(u8),
    /// `at` is a closing bracket that does not fit the innermost open one.
    Mismatched {
        found: u8,
        expected: u8,
        opened: usize,
    },
    /// `at` is the quote that opens a string without an end.
    UnterminatedString { line_break: bool },
    /// `at` is the quote that opens a character literal without an end.
    UnterminatedCharacter,
    /// `at` is the start of a `/*` without an end.
    UnterminatedComment,
    /// `at` is the start of an XML comment in code.
    XmlComment,
    /// More is open at once than the scanner follows.
    TooDeep,
    /// A reference stands in code, which makes this the escaped form.
    Reference,
    /// A CDATA section starts in code, which makes this strict XML.
    Cdata,
}

/// Why no end was found, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanError {
    pub(crate) kind: ScanErrorKind,
    pub(crate) at: usize,
}

enum Frame {
    Bracket { open: u8, at: usize },
    Interpolated { verbatim: bool, at: usize },
    Hole { at: usize, verbatim: bool },
}

pub(crate) fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// The scanner; reused between expressions for its stack.
#[derive(Default)]
pub(crate) struct Scanner {
    stack: Vec<Frame>,
    reached: usize,
}

impl Scanner {
    /// Reads one expression; `cursor` stands on its `@`. Returns the cursor just behind the closing bracket.
    pub(crate) fn scan<C: Cursor>(
        &mut self,
        mut cursor: C,
        stop: StopAt,
        mut placeholders: Option<&mut Vec<FoundPlaceholder>>,
    ) -> Result<C, ScanError> {
        let result = self.run(&mut cursor, stop, &mut placeholders);
        self.reached = cursor.offset();
        result.map(|()| cursor)
    }

    /// How far the last scan read, whether or not it found an end.
    pub(crate) fn reached(&self) -> usize {
        self.reached
    }

    fn run<C: Cursor>(
        &mut self,
        cursor: &mut C,
        stop: StopAt,
        placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
    ) -> Result<(), ScanError> {
        self.stack.clear();
        cursor.bump();
        let at = cursor.offset();
        let open = cursor.peek().unwrap_or(b'(');
        self.stack.push(Frame::Bracket { open, at });
        cursor.bump();
        loop {
            match self.stack.last() {
                None => return Ok(()),
                Some(&Frame::Interpolated { verbatim, at }) => {
                    self.interpolated(cursor, verbatim, at, stop, placeholders)?;
                }
                Some(_) => self.code(cursor, stop, placeholders)?,
            }
        }
    }

    fn push(&mut self, frame: Frame, at: usize) -> Result<(), ScanError> {
        if self.stack.len() >= MAX_OPEN {
            return Err(ScanError {
                kind: ScanErrorKind::TooDeep,
                at,
            });
        }
        self.stack.push(frame);
        Ok(())
    }

    /// One token of code, or a run of bytes that can be no bracket and begin no token that hides one.
    fn code<C: Cursor>(
        &mut self,
        cursor: &mut C,
        stop: StopAt,
        placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
    ) -> Result<(), ScanError> {
        let byte = loop {
            match cursor.peek() {
                None => return Err(self.end_of_text(cursor.offset())),
                Some(
                    byte @ (b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'@' | b'$'
                    | b'/' | b'&' | b'<' | b':'),
                ) => break byte,
                Some(_) => cursor.bump(),
            }
        };
        let at = cursor.offset();
        let fail = |kind| Err(ScanError { kind, at });
        match byte {
            b'(' | b'[' => {
                self.push(Frame::Bracket { open: byte, at }, at)?;
                cursor.bump();
            }
            b'{' => match placeholder(*cursor) {
                Some(after) => take_placeholder(cursor, after, false, placeholders),
                None => {
                    self.push(Frame::Bracket { open: byte, at }, at)?;
                    cursor.bump();
                }
            },
            b')' | b']' | b'}' => {
                let (expected, opened) = match self.stack.last() {
                    Some(&Frame::Bracket { open, at }) => (closing(open), at),
                    Some(&Frame::Hole { at, .. } | &Frame::Interpolated { at, .. }) => (b'}', at),
                    None => (byte, at),
                };
                if expected != byte {
                    return fail(ScanErrorKind::Mismatched {
                        found: byte,
                        expected,
                        opened,
                    });
                }
                self.stack.pop();
                cursor.bump();
            }
            b'"' => regular_string(cursor, stop, placeholders)?,
            b'\'' => character(cursor, stop, placeholders)?,
            b'@' | b'$' => self.prefixed_string(cursor, byte, at, placeholders)?,
            b'/' => comment(cursor, placeholders)?,
            b'&' => {
                if stop.references && is_reference(*cursor) {
                    return fail(ScanErrorKind::Reference);
                }
                cursor.bump();
            }
            b'<' => {
                if starts_with(*cursor, b"<!--") {
                    return fail(ScanErrorKind::XmlComment);
                }
                if stop.cdata && starts_with(*cursor, b"<![CDATA[") {
                    return fail(ScanErrorKind::Cdata);
                }
                // No C# has `</name`: the expression ran into the element's end tag.
                let mut next = *cursor;
                next.bump();
                if next.peek() == Some(b'/') {
                    next.bump();
                    if next.peek().is_some_and(|b| b.is_ascii_alphabetic()) {
                        return Err(self.end_of_text(at));
                    }
                }
                cursor.bump();
            }
            b':' => {
                cursor.bump();
                if let Some(&Frame::Hole { at: hole, verbatim }) = self.stack.last() {
                    if cursor.peek() == Some(b':') {
                        cursor.bump();
                    } else {
                        format_part(cursor, verbatim, hole, placeholders)?;
                    }
                }
            }
            _ => cursor.bump(),
        }
        Ok(())
    }

    /// The text ended: the innermost thing still open is to blame.
    fn end_of_text(&self, at: usize) -> ScanError {
        match self.stack.last() {
            Some(&Frame::Bracket { open, at }) => ScanError {
                kind: ScanErrorKind::Unclosed(open),
                at,
            },
            Some(&Frame::Hole { at, .. }) => ScanError {
                kind: ScanErrorKind::Unclosed(b'{'),
                at,
            },
            Some(&Frame::Interpolated { at, .. }) => ScanError {
                kind: ScanErrorKind::UnterminatedString { line_break: false },
                at,
            },
            None => ScanError {
                kind: ScanErrorKind::Unclosed(b'('),
                at,
            },
        }
    }

    /// `@"…"`, `$"…"`, `$@"…"`, `@$"…"`, or only the sign.
    fn prefixed_string<C: Cursor>(
        &mut self,
        cursor: &mut C,
        first: u8,
        at: usize,
        placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
    ) -> Result<(), ScanError> {
        cursor.bump();
        let second = cursor.peek();
        if second == Some(b'"') {
            if first == b'$' {
                cursor.bump();
                return self.push(
                    Frame::Interpolated {
                        verbatim: false,
                        at,
                    },
                    at,
                );
            }
            return verbatim_string(cursor, at, placeholders);
        }
        if matches!((first, second), (b'@', Some(b'$')) | (b'$', Some(b'@'))) {
            let mut third = *cursor;
            third.bump();
            if third.peek() == Some(b'"') {
                third.bump();
                *cursor = third;
                return self.push(Frame::Interpolated { verbatim: true, at }, at);
            }
        }
        Ok(())
    }

    /// The text part of an interpolated string, up to its end or the next hole.
    fn interpolated<C: Cursor>(
        &mut self,
        cursor: &mut C,
        verbatim: bool,
        at: usize,
        stop: StopAt,
        placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
    ) -> Result<(), ScanError> {
        let fail = |line_break| {
            Err(ScanError {
                kind: ScanErrorKind::UnterminatedString { line_break },
                at,
            })
        };
        loop {
            let Some(byte) = cursor.peek() else {
                return fail(false);
            };
            match byte {
                b'"' => {
                    cursor.bump();
                    if verbatim && cursor.peek() == Some(b'"') {
                        cursor.bump();
                    } else {
                        self.stack.pop();
                        return Ok(());
                    }
                }
                b'\\' if !verbatim => skip_escape(cursor, stop)?,
                b'\n' | b'\r' if !verbatim => return fail(true),
                b'{' => {
                    if let Some(after) = placeholder(*cursor) {
                        take_placeholder(cursor, after, true, placeholders);
                        continue;
                    }
                    let at = cursor.offset();
                    cursor.bump();
                    if cursor.peek() == Some(b'{') {
                        cursor.bump();
                    } else {
                        return self.push(Frame::Hole { at, verbatim }, at);
                    }
                }
                _ => cursor.bump(),
            }
        }
    }
}

/// Behind a backslash the next byte is taken whatever it is, but never a line break. `\&` is no C# escape, so a
/// reference there marks the escaped form.
fn skip_escape<C: Cursor>(cursor: &mut C, stop: StopAt) -> Result<(), ScanError> {
    cursor.bump();
    stop_at_reference(cursor, stop)?;
    if !matches!(cursor.peek(), None | Some(b'\n' | b'\r')) {
        cursor.bump();
    }
    Ok(())
}

fn stop_at_reference<C: Cursor>(cursor: &C, stop: StopAt) -> Result<(), ScanError> {
    if stop.references && cursor.peek() == Some(b'&') && is_reference(*cursor) {
        return Err(ScanError {
            kind: ScanErrorKind::Reference,
            at: cursor.offset(),
        });
    }
    Ok(())
}

fn regular_string<C: Cursor>(
    cursor: &mut C,
    stop: StopAt,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) -> Result<(), ScanError> {
    let at = cursor.offset();
    let fail = |line_break| {
        Err(ScanError {
            kind: ScanErrorKind::UnterminatedString { line_break },
            at,
        })
    };
    cursor.bump();
    loop {
        match cursor.peek() {
            None => return fail(false),
            Some(b'\n' | b'\r') => return fail(true),
            Some(b'"') => {
                cursor.bump();
                return Ok(());
            }
            Some(b'\\') => skip_escape(cursor, stop)?,
            Some(b'{') => brace_in_text(cursor, false, placeholders),
            Some(_) => cursor.bump(),
        }
    }
}

fn verbatim_string<C: Cursor>(
    cursor: &mut C,
    at: usize,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) -> Result<(), ScanError> {
    cursor.bump();
    loop {
        match cursor.peek() {
            None => {
                return Err(ScanError {
                    kind: ScanErrorKind::UnterminatedString { line_break: false },
                    at,
                });
            }
            Some(b'"') => {
                cursor.bump();
                if cursor.peek() != Some(b'"') {
                    return Ok(());
                }
                cursor.bump();
            }
            Some(b'{') => brace_in_text(cursor, false, placeholders),
            Some(_) => cursor.bump(),
        }
    }
}

/// Up to the closing quote on the same line. How many characters it may hold is the compiler's to say, but a
/// reference is too many. A named value may be one character.
fn character<C: Cursor>(
    cursor: &mut C,
    stop: StopAt,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) -> Result<(), ScanError> {
    let at = cursor.offset();
    cursor.bump();
    stop_at_reference(cursor, stop)?;
    loop {
        match cursor.peek() {
            None | Some(b'\n' | b'\r') => {
                return Err(ScanError {
                    kind: ScanErrorKind::UnterminatedCharacter,
                    at,
                });
            }
            Some(b'\'') => {
                cursor.bump();
                return Ok(());
            }
            Some(b'\\') => skip_escape(cursor, stop)?,
            Some(b'{') => brace_in_text(cursor, false, placeholders),
            Some(_) => cursor.bump(),
        }
    }
}

/// A comment, or only a `/`.
fn comment<C: Cursor>(
    cursor: &mut C,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) -> Result<(), ScanError> {
    let at = cursor.offset();
    cursor.bump();
    match cursor.peek() {
        Some(b'/') => loop {
            match cursor.peek() {
                None | Some(b'\n' | b'\r') => return Ok(()),
                Some(b'{') => brace_in_text(cursor, false, placeholders),
                Some(_) => cursor.bump(),
            }
        },
        Some(b'*') => {
            cursor.bump();
            loop {
                match cursor.peek() {
                    None => {
                        return Err(ScanError {
                            kind: ScanErrorKind::UnterminatedComment,
                            at,
                        });
                    }
                    Some(b'*') => {
                        cursor.bump();
                        if cursor.peek() == Some(b'/') {
                            cursor.bump();
                            return Ok(());
                        }
                    }
                    Some(b'{') => brace_in_text(cursor, false, placeholders),
                    Some(_) => cursor.bump(),
                }
            }
        }
        _ => Ok(()),
    }
}

/// The format part of a hole, up to but without its `}`. Quotes and brackets mean nothing in it.
fn format_part<C: Cursor>(
    cursor: &mut C,
    verbatim: bool,
    hole: usize,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) -> Result<(), ScanError> {
    loop {
        match cursor.peek() {
            Some(b'}') => return Ok(()),
            Some(b'{') => brace_in_text(cursor, true, placeholders),
            Some(b'"') if verbatim => {
                cursor.bump();
                if cursor.peek() != Some(b'"') {
                    break;
                }
                cursor.bump();
            }
            None | Some(b'"') => break,
            Some(b'\n' | b'\r') if !verbatim => break,
            Some(_) => cursor.bump(),
        }
    }
    Err(ScanError {
        kind: ScanErrorKind::Unclosed(b'{'),
        at: hole,
    })
}

fn starts_with<C: Cursor>(mut cursor: C, text: &[u8]) -> bool {
    text.iter().all(|byte| {
        let same = cursor.peek() == Some(*byte);
        cursor.bump();
        same
    })
}

fn is_reference<C: Cursor>(cursor: C) -> bool {
    const NAMED: [&[u8]; 5] = [b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&apos;"];
    let mut next = cursor;
    next.bump();
    match next.peek() {
        Some(b'#') => {
            next.bump();
            next.peek()
                .is_some_and(|byte| byte.is_ascii_digit() || byte == b'x')
        }
        Some(b'a' | b'l' | b'g' | b'q') => NAMED.iter().any(|name| starts_with(cursor, name)),
        _ => false,
    }
}

/// White space as XML knows it.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
