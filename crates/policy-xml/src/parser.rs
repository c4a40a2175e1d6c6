//! The document reader: in flows a [`SourceFile`], out flow a tree and every diagnostic of one run.
//!
//! It never stops at the first error: what is wrong is reported and reading goes on where it most likely makes sense.
//! Only the limits stop it, and what was read until then is still returned.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity, SourceFile};
use crate::references::is_xml_char;
use crate::scan_csharp::Scanner;
use crate::suggest::did_you_mean;
use crate::tree::{Document, Element, Node};
use crate::values::is_space;

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the text in bytes; 1 MiB by default.
    pub max_bytes: usize,
    /// Elements inside each other; 256 by default.
    pub max_depth: usize,
    /// Errors reported before the reader gives up; 100 by default. As many warnings are kept besides.
    pub max_errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 1024 * 1024,
            max_depth: 256,
            max_errors: 100,
        }
    }
}

/// What came of reading a document.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree; absent where there is no root element, or the text is over the limit. Where there are errors it is
    /// what could be made out, good for further checks but not for use.
    pub document: Option<Document>,
    /// Errors and warnings in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether anything keeps the document from being used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads a document within the default [`Limits`]. Any root element is read; which ones make sense is the caller's
/// to check.
pub fn parse(file: &Arc<SourceFile>) -> Parsed {
    parse_with(file, &Limits::default())
}

/// Reads a document within these limits.
pub fn parse_with(file: &Arc<SourceFile>, limits: &Limits) -> Parsed {
    let size = file.text().len();
    if size > limits.max_bytes {
        let error = Diagnostic::error(
            "document-too-large",
            format!(
                "the document has {size} bytes, the limit is {}",
                limits.max_bytes
            ),
        )
        .at(file, 0..0);
        return Parsed {
            document: None,
            diagnostics: vec![error],
        };
    }
    let mut reader = Reader {
        file,
        src: file.text(),
        bytes: file.text().as_bytes(),
        at: 0,
        limits: *limits,
        scanner: Scanner::default(),
        diagnostics: Vec::new(),
        errors: 0,
        warnings: 0,
        budget: 16 * size + 64 * 1024,
        silent: false,
        stopped: false,
        ended_early: false,
        stack: Vec::new(),
        prolog: Vec::new(),
        root: None,
        epilog: Vec::new(),
        second_root: false,
    };
    reader.check_characters();
    reader.document();
    reader.into_parsed()
}

pub(crate) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || byte >= 0x80
}

pub(crate) fn is_name_byte(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
}

/// The state of one run.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a Arc<SourceFile>,
    pub(crate) src: &'a str,
    pub(crate) bytes: &'a [u8],
    /// Offset of what is to be read next; always on a character boundary.
    pub(crate) at: usize,
    limits: Limits,
    pub(crate) scanner: Scanner,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    /// Bytes that may still be read in vain while looking for the ends of expressions.
    budget: usize,
    /// Set while a part is read a second time, whose errors are known.
    pub(crate) silent: bool,
    /// A limit was reached.
    stopped: bool,
    /// Something without an end took the rest of the document, so no end tag can be missed.
    pub(crate) ended_early: bool,
    stack: Vec<Element>,
    prolog: Vec<Node>,
    root: Option<Element>,
    epilog: Vec<Node>,
    second_root: bool,
}

impl<'a> Reader<'a> {
    fn document(&mut self) {
        if self.src.starts_with('\u{FEFF}') {
            self.at = '\u{FEFF}'.len_utf8();
        }
        while self.at < self.src.len() && !self.stopped {
            if self.stack.is_empty() {
                self.at = self.skip_space(self.at);
            }
            match self.byte(self.at) {
                None => break,
                Some(b'<') if self.is_markup(self.at) => self.markup(),
                Some(_) => self.text(),
            }
        }
        self.close_all();
    }

    fn markup(&mut self) {
        match self.byte(self.at + 1) {
            Some(b'!') if self.looking_at(self.at, "<!--") => self.comment(),
            Some(b'!') => self.doctype(),
            Some(b'?') => self.processing_instruction(),
            Some(b'/') => self.end_tag(),
            _ => self.element(),
        }
    }

    fn text(&mut self) {
        let parent: &'a str = match self.stack.last() {
            Some(element) => self.src.get(element.name_span.clone()).unwrap_or_default(),
            None => "",
        };
        let start = self.at;
        let outside = self.stack.is_empty();
        let silent = self.silent;
        self.silent |= outside;
        let text = self.text_run(parent);
        self.silent = silent;
        // A run always takes something; this keeps an oversight from becoming an endless loop.
        if self.at == start {
            self.at = self.src.ceil_char_boundary(start + 1);
        }
        if outside {
            let written = self.src.get(start..self.at).unwrap_or_default();
            let end = start + written.trim_end_matches(crate::scan_csharp::is_space).len();
            self.error(
                "text-outside-root",
                "text cannot stand outside the root element",
                start..end,
                |d| d.help("a policy document has one root element, `<policies>` or `<fragment>`"),
            );
        } else {
            self.push(Node::Text(text));
        }
    }

    fn element(&mut self) {
        let element = self.start_tag();
        if element.self_closing {
            self.push(Node::Element(element));
        } else if self.stack.len() >= self.limits.max_depth {
            let limit = self.limits.max_depth;
            self.error(
                "nested-too-deep",
                format!("elements are nested more than {limit} deep"),
                element.name_span.clone(),
                |d| d,
            );
            self.push(Node::Element(element));
            self.stopped = true;
        } else {
            self.stack.push(element);
        }
    }

    fn end_tag(&mut self) {
        let start = self.at;
        self.at += 2;
        let name_span = self.take_name();
        let name: &'a str = self.src.get(name_span).unwrap_or_default();
        self.at = self.skip_space(self.at);
        let name_end = self.at;
        match self.byte(self.at) {
            Some(b'>') => self.at += 1,
            _ => {
                // What else stands in the tag is skipped, but never the next tag.
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                let stop =
                    memchr::memchr2(b'>', b'<', rest).map_or(self.src.len(), |at| self.at + at);
                self.at = stop + usize::from(self.byte(stop) == Some(b'>'));
                self.error(
                    "malformed-end-tag",
                    if name.is_empty() {
                        "this end tag has no name".to_owned()
                    } else {
                        format!("the end tag `</{name}` must end with `>`")
                    },
                    start..name_end,
                    |d| d,
                );
                if name.is_empty() {
                    return;
                }
            }
        }
        if name.is_empty() {
            self.error(
                "malformed-end-tag",
                "this end tag has no name",
                start..self.at,
                |d| d,
            );
            return;
        }
        let end = start..self.at;
        match self.stack.iter().rposition(|element| element.name == name) {
            Some(open) => {
                while self.stack.len() > open + 1 {
                    if let Some(element) = self.stack.pop() {
                        self.unclosed(&element, Some((name, end.clone())));
                        self.close(element, start..start);
                    }
                }
                if let Some(element) = self.stack.pop() {
                    self.close(element, end);
                }
            }
            None => self.unmatched_end_tag(name, end),
        }
    }

    fn unmatched_end_tag(&mut self, name: &str, end: Range<usize>) {
        let file = self.file.clone();
        let slip = self
            .stack
            .last()
            .is_some_and(|open| did_you_mean(name, [open.name.as_str()]).is_some());
        match self.stack.pop() {
            Some(element) if slip => {
                let opened = element.name_span.clone();
                self.error(
                    "mismatched-end-tag",
                    format!(
                        "`</{name}>` does not fit the start tag `<{}>`",
                        element.name
                    ),
                    end.clone(),
                    |d| {
                        d.related(&file, opened, "opened here")
                            .help(format!("write `</{}>`", element.name))
                    },
                );
                self.close(element, end);
            }
            open => {
                self.stack.extend(open);
                let inside = self
                    .stack
                    .last()
                    .map(|open| (open.name.clone(), open.name_span.clone()));
                self.error(
                    "unmatched-end-tag",
                    format!("`</{name}>` closes no open element"),
                    end,
                    |d| match inside {
                        Some((open, at)) => {
                            d.related(&file, at, format!("`<{open}>` is open here"))
                        }
                        None => d,
                    },
                );
            }
        }
    }

    fn unclosed(&mut self, element: &Element, found: Option<(&str, Range<usize>)>) {
        let file = self.file.clone();
        let name = &element.name;
        let message = format!("`<{name}>` is never closed");
        self.error(
            "unclosed-element",
            message,
            element.name_span.clone(),
            |d| match found {
                Some((other, at)) => d
                    .related(&file, at, format!("`</{other}>` comes first"))
                    .help(format!("add `</{name}>`, or end the tag with `/>`")),
                None => d.help(format!("add `</{name}>`, or end the tag with `/>`")),
            },
        );
    }

    /// Ends an element at this end tag and hands it to its parent.
    fn close(&mut self, mut element: Element, end_tag: Range<usize>) {
        element.content.end = end_tag.start.max(element.content.start);
        element.span.end = end_tag.end.max(element.content.end);
        self.push(Node::Element(element));
    }

    fn close_all(&mut self) {
        let end = self.src.len();
        let quiet = self.stopped || self.ended_early;
        while let Some(element) = self.stack.pop() {
            if !quiet {
                self.unclosed(&element, None);
            }
            self.close(element, end..end);
        }
    }

    pub(crate) fn push(&mut self, node: Node) {
        if let Some(parent) = self.stack.last_mut() {
            if let (Node::Text(text), Some(Node::Text(before))) =
                (&node, parent.children.last_mut())
            {
                before.append([text]);
            } else {
                parent.children.push(node);
            }
            return;
        }
        match node {
            Node::Element(element) if self.root.is_none() => self.root = Some(element),
            Node::Element(element) => {
                let first = self.root.as_ref().map(|root| root.name_span.clone());
                let file = self.file.clone();
                // Once is enough: the cure for all of them is one element around them.
                if !std::mem::replace(&mut self.second_root, true) {
                    self.error(
                        "second-root",
                        "a document has one root element, and this is a second one",
                        element.name_span,
                        |d| match first {
                            Some(first) => d.related(&file, first, "the first one").help(
                                "put all of them in one `<policies>` or `<fragment>` element",
                            ),
                            None => d,
                        },
                    );
                }
            }
            Node::Text(_) => {}
            node if self.root.is_none() => self.prolog.push(node),
            node => self.epilog.push(node),
        }
    }

    /// XML allows no control characters; the first few are enough to find what wrote them.
    fn check_characters(&mut self) {
        const SHOWN: usize = 3;
        let suspicious = |byte: &u8| *byte < 0x20 && !is_space(*byte) || *byte == 0xEF;
        if !self.bytes.iter().any(suspicious) {
            return;
        }
        let src = self.src;
        let bad = src
            .char_indices()
            .filter(|(_, c)| !is_xml_char(*c))
            .take(SHOWN);
        for (at, c) in bad {
            self.error(
                "invalid-character",
                format!(
                    "the character U+{:04X} cannot stand in a document",
                    u32::from(c)
                ),
                at..at + c.len_utf8(),
                |d| d,
            );
        }
    }

    /// Takes a name, which may be empty.
    pub(crate) fn take_name(&mut self) -> Range<usize> {
        let start = self.at;
        if self.byte(start).is_some_and(is_name_start) {
            let rest = self.bytes.get(start..).unwrap_or_default();
            self.at = start + rest.iter().take_while(|byte| is_name_byte(**byte)).count();
        }
        start..self.at
    }

    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(crate) fn looking_at(&self, at: usize, text: &str) -> bool {
        self.bytes
            .get(at..)
            .is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    pub(crate) fn skip_space(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_space(**byte)).count()
    }

    /// Accounts for bytes read in vain. A document that makes the reader look for ends again and again would
    /// otherwise cost the square of its size.
    pub(crate) fn spend(&mut self, bytes: usize) {
        if bytes <= self.budget {
            self.budget -= bytes;
        } else if !self.stopped {
            self.stopped = true;
            let at = self.at;
            self.error(
                "too-many-errors",
                "too many expressions without an end; the rest of the document was not read",
                at..at,
                |d| d,
            );
        }
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        range: Range<usize>,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        if self.silent {
            return;
        }
        let error = more(Diagnostic::error(code, message).at(self.file, range));
        self.push_error(error);
    }

    pub(crate) fn push_error(&mut self, error: Diagnostic) {
        if self.silent || self.errors > self.limits.max_errors {
            return;
        }
        self.errors += 1;
        if self.errors > self.limits.max_errors {
            self.stopped = true;
            self.diagnostics.push(
                Diagnostic::error(
                    "too-many-errors",
                    format!(
                        "more than {} errors; the rest of the document was not read",
                        self.limits.max_errors
                    ),
                )
                .at(self.file, self.at..self.at),
            );
            return;
        }
        self.diagnostics.push(error);
    }

    pub(crate) fn warn(&mut self, warning: Diagnostic) {
        if self.silent || self.warnings >= self.limits.max_errors {
            return;
        }
        self.warnings += 1;
        self.diagnostics.push(warning);
    }

    fn into_parsed(mut self) -> Parsed {
        let document = self.root.take().map(|root| Document {
            file: self.file.clone(),
            prolog: std::mem::take(&mut self.prolog),
            root,
            epilog: std::mem::take(&mut self.epilog),
        });
        if document.is_none() && self.errors == 0 {
            self.error("no-root", "the document has no root element", 0..0, |d| {
                d.help("a policy document has the root `<policies>`, a fragment `<fragment>`")
            });
        }
        let place = |d: &Diagnostic| {
            d.place
                .as_ref()
                .map_or(usize::MAX, |place| place.range.start)
        };
        self.diagnostics.sort_by_key(|d| {
            // "Too many" speaks of all before it.
            (
                d.code == "too-many-errors",
                place(d),
                d.severity == Severity::Warning,
            )
        });
        Parsed {
            document,
            diagnostics: self.diagnostics,
        }
    }
}
