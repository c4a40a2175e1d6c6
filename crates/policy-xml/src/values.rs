//! Attribute values and text: in flows the document at a value's first character, out flows its [`Text`].
//!
//! This is where raw C# and XML meet: how far a value goes and what of it is decoded is decided here. What is wrong
//! is reported, and the reader goes on behind the most likely end.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use crate::decode::{References, Space};
use crate::parser::{Reader, is_name_byte, is_name_start};
use crate::placeholders::opens;
use crate::references::{Decoding, Reference, reference};
use crate::scan_csharp::{Cursor, Plain, ScanErrorKind, StopAt};
use crate::text::{Text, TextBuilder};

/// How an expression is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Raw,
    Escaped,
}

/// What is known of an expression's end.
enum Extent {
    Ends(usize, Form),
    /// A CDATA section stands in its code: the value is read as XML throughout.
    Xml,
    Unknown(Form),
}

impl Form {
    fn references(self) -> References {
        match self {
            Form::Raw => References::Verbatim,
            Form::Escaped => References::Tolerant,
        }
    }
}

impl Reader<'_> {
    /// Reads an attribute value; the reader stands behind the opening quote and is left behind the closing one.
    pub(crate) fn attribute_value(&mut self, quote: u8, name: &str) -> Text {
        let start = self.at;
        let lead = self.skip_decoded_space(start);
        if opens(Plain::new(self.src, lead)) {
            self.expression_value(start, lead, quote)
        } else {
            self.literal_value(start, quote, name)
        }
    }

    fn expression_value(&mut self, start: usize, lead: usize, quote: u8) -> Text {
        let mut builder = TextBuilder::new(start);
        match self.extent(lead, false) {
            Extent::Ends(end, form) => {
                let trail = self.skip_decoded_space(end);
                if self.byte(trail) == Some(quote) {
                    self.decode(&mut builder, start..lead, References::Strict, Space::Keep);
                    self.decode(&mut builder, lead..end, form.references(), Space::Keep);
                    self.decode(&mut builder, end..trail, References::Strict, Space::Keep);
                    self.at = trail + 1;
                    return self.finish(builder, start..trail, false);
                }
                let close = self
                    .find(end, quote)
                    .filter(|close| self.is_tag_rest(close + 1))
                    .unwrap_or_else(|| self.likely_value_end(end, quote));
                self.decode(
                    &mut builder,
                    start..close,
                    References::Tolerant,
                    Space::Blank,
                );
                self.close_value(close, quote, start);
                self.finish(builder, start..close, false)
            }
            Extent::Xml => {
                let close = self.likely_value_end(lead, quote);
                self.decode(&mut builder, start..close, References::Strict, Space::Keep);
                self.close_value(close, quote, start);
                self.finish(builder, start..close, false)
            }
            Extent::Unknown(form) => {
                let close = self.likely_value_end(lead, quote);
                self.decode(&mut builder, start..lead, References::Strict, Space::Keep);
                self.decode(&mut builder, lead..close, form.references(), Space::Keep);
                // The expression without an end is the error; a quote missing as well would be the same one again.
                self.at = close + usize::from(self.byte(close) == Some(quote));
                self.finish(builder, start..close, false)
            }
        }
    }

    fn close_value(&mut self, close: usize, quote: u8, start: usize) {
        self.at = close;
        if self.byte(close) == Some(quote) {
            self.at += 1;
        } else {
            self.missing_quote(start, close, quote);
        }
    }

    fn literal_value(&mut self, start: usize, quote: u8, name: &str) -> Text {
        let mut references = References::Strict;
        let close = match self.find(start, quote) {
            None => self.line_value_end(start),
            Some(close) if self.is_tag_rest(close + 1) => {
                if let Some(at) = self.find_in(start..close, b'<') {
                    self.error(
                        "less-than-in-value",
                        "`<` cannot stand in an attribute value",
                        at..at + 1,
                        |d| d.help("write `&lt;`"),
                    );
                }
                close
            }
            Some(close) => match self.longer_value(start, close, quote) {
                Some(longer) => {
                    references = References::Tolerant;
                    longer
                }
                None if let Some(end) = self.end_before_attribute(start, close) => end,
                None if self.find_in(start..close, b'<').is_some()
                    || self.find_in(start..close, b'\n').is_some() =>
                {
                    self.line_value_end(start)
                }
                None => {
                    let likely = self.likely_value_end(close + 1, quote);
                    let line = self.line_value_end(close + 1);
                    if !self.is_attribute(close + 1)
                        && self.byte(likely) == Some(quote)
                        && likely <= line
                    {
                        self.error(
                            "quote-in-value",
                            format!("the value of '{name}' holds the quote that ends it"),
                            close..close + 1,
                            |d| {
                                d.help(if quote == b'"' {
                                    "write `&quot;`, or put the value in single quotes"
                                } else {
                                    "write `&apos;`, or put the value in double quotes"
                                })
                            },
                        );
                        likely
                    } else {
                        close
                    }
                }
            },
        };
        let mut builder = TextBuilder::new(start);
        self.decode(&mut builder, start..close, references, Space::Blank);
        self.close_value(close, quote, start);
        self.finish(builder, start..close, false)
    }

    /// `Bearer @(f("x"))`: the quotes of the expression do not end the value, though it stays literal.
    fn longer_value(&mut self, start: usize, close: usize, quote: u8) -> Option<usize> {
        let value = self.src.get(start..close)?;
        let first = [b"@(", b"@{"]
            .iter()
            .filter_map(|opener| memmem::find(value.as_bytes(), *opener))
            .min()?;
        match self.extent(start + first, false) {
            Extent::Ends(end, _) if end > close => self
                .find(end, quote)
                .filter(|close| self.is_tag_rest(close + 1)),
            _ => None,
        }
    }

    /// `a="1 b="2"`: where the value ends if the quote at `close` opens the value of an attribute it swallowed.
    fn end_before_attribute(&self, start: usize, close: usize) -> Option<usize> {
        let value = self.src.get(start..close)?;
        let before_sign = value
            .trim_end_matches(crate::scan_csharp::is_space)
            .strip_suffix('=')?;
        let before_sign = before_sign.trim_end_matches(crate::scan_csharp::is_space);
        let name_len = before_sign
            .bytes()
            .rev()
            .take_while(|byte| is_name_byte(*byte))
            .count();
        let (rest, name) = before_sign.split_at_checked(before_sign.len() - name_len)?;
        let end = rest.trim_end_matches(crate::scan_csharp::is_space).len();
        let is_attribute = name.bytes().next().is_some_and(is_name_start) && end < rest.len();
        // With a tag in between, the value ended before that tag.
        (is_attribute && !rest.contains(['<', '>'])).then_some(start + end)
    }

    /// Reads a value without quotes, up to white space or the end of the tag.
    pub(crate) fn unquoted_value(&mut self) -> Text {
        let start = self.at;
        let end = match opens(Plain::new(self.src, start)).then(|| self.extent(start, false)) {
            Some(Extent::Ends(end, form)) => {
                let mut builder = TextBuilder::new(start);
                self.decode(&mut builder, start..end, form.references(), Space::Keep);
                self.at = end;
                return self.finish(builder, start..end, false);
            }
            _ => self.bytes.get(start..).map_or(start, |rest| {
                start
                    + rest
                        .iter()
                        .position(|byte| is_space(*byte) || matches!(byte, b'>' | b'<'))
                        .unwrap_or(rest.len())
            }),
        };
        let end = if self.byte(end) == Some(b'>') && end > start && self.byte(end - 1) == Some(b'/')
        {
            end - 1
        } else {
            end
        };
        let mut builder = TextBuilder::new(start);
        self.decode(&mut builder, start..end, References::Strict, Space::Blank);
        self.at = end;
        self.finish(builder, start..end, false)
    }

    fn missing_quote(&mut self, start: usize, close: usize, quote: u8) {
        let quote = quote as char;
        self.error(
            "missing-quote",
            format!("the attribute value has no closing `{quote}`"),
            start.saturating_sub(1)..close,
            |d| d.label(format!("close the value with `{quote}`")),
        );
    }

    /// Reads a run of text in an element; the reader stands on its first character.
    pub(crate) fn text_run(&mut self, parent: &str) -> Text {
        let start = self.at;
        let lead = self.skip_decoded_space(start);
        let mut builder = TextBuilder::new(start);
        if opens(Plain::new(self.src, lead)) {
            match self.extent(lead, true) {
                Extent::Ends(end, form) => {
                    let stop = self.run_end(end);
                    self.decode(&mut builder, start..lead, References::Strict, Space::Keep);
                    let before = builder.value.len();
                    self.decode(&mut builder, lead..end, form.references(), Space::Keep);
                    let after = builder.value.len();
                    let mut cdata = self.character_data(&mut builder, end..stop);
                    let goes_on = builder.value.get(after..).is_some_and(|rest| {
                        !rest.trim_matches(crate::scan_csharp::is_space).is_empty()
                    });
                    if goes_on && form == Form::Raw {
                        // Literal after all, so its references are decoded like any text's.
                        builder.value.truncate(before);
                        builder.map.truncate(before);
                        self.decode(&mut builder, lead..end, References::Tolerant, Space::Keep);
                        let silent = std::mem::replace(&mut self.silent, true);
                        cdata = self.character_data(&mut builder, end..stop);
                        self.silent = silent;
                    }
                    self.at = stop;
                    return self.finish(builder, start..stop, cdata);
                }
                Extent::Unknown(form) => {
                    let stop = self.likely_text_end(lead, parent);
                    self.decode(&mut builder, start..lead, References::Strict, Space::Keep);
                    self.decode(&mut builder, lead..stop, form.references(), Space::Keep);
                    self.at = stop;
                    return self.finish(builder, start..stop, false);
                }
                Extent::Xml => {}
            }
        }
        let stop = self.run_end(start);
        let cdata = self.character_data(&mut builder, start..stop);
        self.at = stop;
        self.finish(builder, start..stop, cdata)
    }

    /// Finds the end of the expression at `at` and how it is spelled.
    fn extent(&mut self, at: usize, cdata: bool) -> Extent {
        let raw = self.scanner.scan(
            Plain::new(self.src, at),
            StopAt {
                references: true,
                cdata,
            },
            None,
        );
        let marked = match raw {
            Ok(end) => return Extent::Ends(end.offset(), Form::Raw),
            Err(error) => error.kind,
        };
        self.spend(self.scanner.reached().saturating_sub(at));
        if marked == ScanErrorKind::Cdata {
            return Extent::Xml;
        }
        let stop = StopAt {
            references: false,
            cdata,
        };
        // Also without a mark: what is no C# as it stands may be once it is decoded.
        match self.scanner.scan(Decoding::new(self.src, at), stop, None) {
            Ok(end) => Extent::Ends(end.offset(), Form::Escaped),
            Err(error) => {
                self.spend(self.scanner.reached().saturating_sub(at));
                match (error.kind, marked) {
                    (ScanErrorKind::Cdata, _) => Extent::Xml,
                    (_, ScanErrorKind::Reference) => Extent::Unknown(Form::Escaped),
                    _ => Extent::Unknown(Form::Raw),
                }
            }
        }
    }

    /// Makes the text, and reports what is wrong with an expression in it.
    fn finish(&mut self, builder: TextBuilder, span: Range<usize>, cdata: bool) -> Text {
        let (text, class) = builder.finish_with(self.file, span, cdata, &mut self.scanner);
        self.report(&text, class);
        text
    }

    /// Where a run of text ends: at the next markup other than a CDATA section.
    fn run_end(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(less) = self.find(at, b'<') {
            if self.looking_at(less, CDATA) {
                match self.find_text(less, "]]>") {
                    Some(end) => at = end + 3,
                    None => return self.src.len(),
                }
            } else if self.is_markup(less) {
                return less;
            } else {
                at = less + 1;
            }
        }
        self.src.len()
    }

    /// Whether markup begins at this `<`.
    pub(crate) fn is_markup(&self, at: usize) -> bool {
        match self.byte(at + 1) {
            Some(b'/' | b'?') => true,
            Some(b'!') => self.looking_at(at, "<!--") || self.is_doctype(at),
            Some(byte) => is_name_start(byte),
            None => false,
        }
    }

    /// Behind white space, written as it is or as references.
    fn skip_decoded_space(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.byte(at) {
                Some(byte) if is_space(byte) => at += 1,
                Some(b'&') => match reference(self.bytes, at) {
                    Reference::Char(' ' | '\t' | '\r' | '\n', len) => at += len,
                    _ => return at,
                },
                _ => return at,
            }
        }
    }

    /// Whether what stands here can follow an attribute: the end of the tag, or white space and a further attribute.
    fn is_tag_rest(&self, at: usize) -> bool {
        let next = self.skip_space(at);
        match self.byte(next) {
            None | Some(b'>') => true,
            Some(b'/' | b'?') => self.byte(next + 1) == Some(b'>'),
            Some(_) => next > at && self.is_attribute(next),
        }
    }

    /// Whether an attribute begins here.
    pub(crate) fn is_attribute(&self, at: usize) -> bool {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let name_len = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
        rest.first().is_some_and(|byte| is_name_start(*byte))
            && self.byte(self.skip_space(at + name_len)) == Some(b'=')
    }

    /// For a value whose end cannot be told: the first quote that what can follow an attribute follows, and without
    /// one the end of the line or tag.
    fn likely_value_end(&self, from: usize, quote: u8) -> usize {
        let mut at = from;
        while let Some(close) = self.find(at, quote) {
            if self.is_tag_rest(close + 1) {
                return close;
            }
            at = close + 1;
        }
        self.line_value_end(from)
    }

    /// The end of the line or the tag, whichever comes first.
    fn line_value_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let end = memchr2(b'>', b'\n', rest).map_or(self.src.len(), |at| from + at);
        let before = |end: usize, byte| end > from && self.byte(end - 1) == Some(byte);
        match self.byte(end) {
            Some(b'>') if before(end, b'/') => end - 1,
            Some(b'\n') if before(end, b'\r') => end - 1,
            _ => end,
        }
    }

    /// For text whose end cannot be told: the element's end tag, else any, else the end of the document.
    fn likely_text_end(&self, from: usize, parent: &str) -> usize {
        let tag = format!("</{parent}");
        let mut at = from;
        while let Some(end) = self.find_text(at, &tag) {
            if !self.byte(end + tag.len()).is_some_and(is_name_byte) {
                return end;
            }
            at = end + tag.len();
        }
        self.find_text(from, "</").unwrap_or(self.src.len())
    }

    pub(crate) fn find(&self, from: usize, byte: u8) -> Option<usize> {
        memchr(byte, self.bytes.get(from..)?).map(|at| from + at)
    }

    pub(crate) fn find_in(&self, range: Range<usize>, byte: u8) -> Option<usize> {
        memchr(byte, self.bytes.get(range.clone())?).map(|at| range.start + at)
    }

    /// Where this text stands next.
    pub(crate) fn find_text(&self, from: usize, text: &str) -> Option<usize> {
        memmem::find(self.bytes.get(from..)?, text.as_bytes()).map(|at| from + at)
    }
}

pub(crate) const CDATA: &str = "<![CDATA[";

/// White space as XML knows it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
