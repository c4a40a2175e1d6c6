//! Decoded text of a document: in flows an attribute value or element text, out flows what a policy works with.
//!
//! A [`Text`] knows what kind of value it is, which named values it mentions and where each of its characters stands
//! in the document. It never evaluates anything.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::classify::Class;
use crate::diagnostic::SourceFile;
use crate::offsets::OffsetMap;
use crate::scan_csharp::{Scanner, is_space};

/// Whether a value is one policy expression or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// Plain text.
    Literal,
    /// One expression `@(…)` or `@{…}`, white space around it apart.
    Expression,
}

/// A mention of a named value, `{{name}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The display name, without the white space around it.
    pub name: String,
    /// Byte range in the decoded text, braces included.
    pub range: Range<usize>,
    /// Whether it stands in the text part of an interpolated C# string, where `{{` and `}}` also mean braces.
    pub inside_interpolated_string: bool,
}

/// Decoded text with its place in the document.
#[derive(Debug, Clone)]
pub struct Text {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) span: Range<usize>,
    pub(crate) value: String,
    pub(crate) map: OffsetMap,
    pub(crate) kind: TextKind,
    pub(crate) cdata: bool,
    /// Begins as an expression and has no end; the reader has reported it.
    pub(crate) broken: bool,
    /// A literal with something that reads as an expression; the reader has warned of it.
    pub(crate) mixed: bool,
    pub(crate) placeholders: Vec<Placeholder>,
}

impl Text {
    /// Byte range in the document: between the quotes of an attribute, or all of an element's text, CDATA marks
    /// included.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The document it stands in.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The decoded text, white space around it included. Line ends are `\n`.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The decoded text without the white space around it.
    pub fn trimmed(&self) -> &str {
        self.value.trim_matches(is_space)
    }

    /// What the text is as it is written; named values may change it, see [`Resolved`](crate::Resolved).
    pub fn kind(&self) -> TextKind {
        self.kind
    }

    /// Whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.trimmed().is_empty()
    }

    /// Whether any of it was written in a CDATA section.
    pub fn is_cdata(&self) -> bool {
        self.cdata
    }

    /// Whether it begins as an expression that never ends. The reader has reported that.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The document offset of a byte offset in [`Text::value`].
    pub fn source_offset(&self, decoded: usize) -> usize {
        self.map.offset(decoded)
    }

    /// The document range of a byte range in [`Text::value`].
    pub fn source_range(&self, decoded: Range<usize>) -> Range<usize> {
        self.map.range(decoded)
    }

    /// The named values it mentions, in order.
    pub fn placeholders(&self) -> &[Placeholder] {
        &self.placeholders
    }

    /// Text that another reader decoded (a YAML or JSON string); every offset in it maps to `span`.
    pub fn decoded(file: &Arc<SourceFile>, span: Range<usize>, value: impl Into<String>) -> Self {
        let value = value.into();
        let mut map = OffsetMap::new(span.start);
        map.push_made(value.len(), span.clone());
        let mut text = Self {
            file: file.clone(),
            span,
            value,
            map,
            kind: TextKind::Literal,
            cdata: false,
            broken: false,
            mixed: false,
            placeholders: Vec::new(),
        };
        text.classify(&mut Scanner::default());
        text
    }

    /// The document's own text in this range, nothing decoded; an impossible range gives an empty text.
    pub fn verbatim(file: &Arc<SourceFile>, range: Range<usize>) -> Self {
        let mut builder = TextBuilder::new(range.start);
        if file.text().get(range.clone()).is_some() {
            builder.verbatim(file.text(), range.clone());
        }
        builder.finish(file, range, false)
    }

    /// Sets kind and placeholders from the decoded text; returns what it is.
    pub(crate) fn classify(&mut self, scanner: &mut Scanner) -> Class {
        let may_have_placeholders = memmem::find(self.value.as_bytes(), b"{{").is_some();
        let mut found = Vec::new();
        let class = if memchr::memchr(b'@', self.value.as_bytes()).is_none() {
            Class::Literal
        } else {
            scanner.classify(&self.value, may_have_placeholders.then_some(&mut found))
        };
        self.kind = match class {
            Class::Expression => TextKind::Expression,
            _ => TextKind::Literal,
        };
        self.broken = matches!(class, Class::Broken(_) | Class::EndsEarly(_));
        self.mixed = matches!(class, Class::Mixed(_));
        self.placeholders.clear();
        if may_have_placeholders {
            if self.kind == TextKind::Expression {
                for placeholder in found {
                    let name = inner(&self.value, &placeholder.range);
                    self.placeholders.push(Placeholder {
                        name: name.to_owned(),
                        range: placeholder.range,
                        inside_interpolated_string: placeholder.inside_interpolated_string,
                    });
                }
            } else {
                self.placeholders = literal_placeholders(&self.value);
            }
        }
        class
    }

    /// Joins texts that follow, as if all had been written as one.
    pub(crate) fn append<'a>(&mut self, others: impl IntoIterator<Item = &'a Text>) {
        for other in others {
            self.value.push_str(&other.value);
            self.map.append(&other.map);
            self.span.end = other.span.end;
            self.cdata |= other.cdata;
        }
        self.classify(&mut Scanner::default());
    }
}

fn inner<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.start + 2..range.end.saturating_sub(2))
        .unwrap_or_default()
        .trim()
}

/// Longest name looked for between braces.
const MAX_NAME: usize = 256;

/// In plain text blanks inside the name are taken too: it is then a name nobody has, which is worth an error.
fn literal_placeholders(text: &str) -> Vec<Placeholder> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memmem::find(bytes.get(at..).unwrap_or_default(), b"{{") {
        let start = at + open;
        let name_len = bytes
            .iter()
            .skip(start + 2)
            .take(MAX_NAME)
            .take_while(|byte| crate::placeholders::is_name_byte(**byte) || **byte == b' ')
            .count();
        let end = start + 2 + name_len;
        let closes = bytes.get(end..).is_some_and(|rest| rest.starts_with(b"}}"));
        let name = text.get(start + 2..end).unwrap_or_default().trim();
        if closes && !name.is_empty() {
            found.push(Placeholder {
                name: name.to_owned(),
                range: start..end + 2,
                inside_interpolated_string: false,
            });
            at = end + 2;
        } else {
            at = start + 1;
        }
    }
    found
}

/// Collects decoded text and its map.
pub(crate) struct TextBuilder {
    pub(crate) value: String,
    pub(crate) map: OffsetMap,
}

impl TextBuilder {
    pub(crate) fn new(start: usize) -> Self {
        Self {
            value: String::new(),
            map: OffsetMap::new(start),
        }
    }

    /// Takes a range of the document that holds no line end to normalise.
    pub(crate) fn plain(&mut self, source: &str, range: Range<usize>) {
        if let Some(piece) = source.get(range.clone()) {
            self.value.push_str(piece);
            self.map.push_verbatim(piece.len(), range.start);
        }
    }

    /// Adds text made of this range of the document.
    pub(crate) fn made(&mut self, text: &str, source: Range<usize>) {
        self.value.push_str(text);
        self.map.push_made(text.len(), source);
    }

    /// Takes a range of the document as it stands, but for line ends, which become `\n`.
    pub(crate) fn verbatim(&mut self, source: &str, range: Range<usize>) {
        let mut at = range.start;
        while let Some(found) = source
            .as_bytes()
            .get(at..range.end)
            .and_then(|rest| memchr::memchr(b'\r', rest))
        {
            self.plain(source, at..at + found);
            at = self.line_end(source, at + found, "\n");
        }
        self.plain(source, at..range.end);
    }

    /// Takes one line end, `\r\n`, `\r` or `\n`, as `text`; returns where it stops.
    pub(crate) fn line_end(&mut self, source: &str, at: usize, text: &str) -> usize {
        let rest = source.as_bytes().get(at..).unwrap_or_default();
        let len = if rest.starts_with(b"\r\n") { 2 } else { 1 };
        self.made(text, at..at + len);
        at + len
    }

    pub(crate) fn finish(self, file: &Arc<SourceFile>, span: Range<usize>, cdata: bool) -> Text {
        self.finish_with(file, span, cdata, &mut Scanner::default())
            .0
    }

    pub(crate) fn finish_with(
        mut self,
        file: &Arc<SourceFile>,
        span: Range<usize>,
        cdata: bool,
        scanner: &mut Scanner,
    ) -> (Text, Class) {
        self.map.end_at(span.end);
        let mut text = Text {
            file: file.clone(),
            span,
            value: self.value,
            map: self.map,
            kind: TextKind::Literal,
            cdata,
            broken: false,
            mixed: false,
            placeholders: Vec::new(),
        };
        let class = text.classify(scanner);
        (text, class)
    }
}
