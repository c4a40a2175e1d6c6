//! Start tags: in flows the document at a `<`, out flows an element with its attributes and no content yet.

use std::collections::HashMap;
use std::ops::Range;

use crate::parser::{Reader, is_name_start};
use crate::text::TextBuilder;
use crate::tree::{Attribute, Element};
use crate::values::is_space;

/// Said where a named value stands in place of a name.
pub(crate) const NAMES_ARE_LITERAL: &str =
    "names of elements and attributes cannot come from named values; only values and text can";

impl Reader<'_> {
    /// Reads a start tag; the reader is left behind it.
    pub(crate) fn start_tag(&mut self) -> Element {
        let start = self.at;
        self.at += 1;
        let name_span = self.take_name();
        let mut element = Element {
            name: self
                .src
                .get(name_span.clone())
                .unwrap_or_default()
                .to_owned(),
            name_span,
            span: start..start,
            attributes: Vec::new(),
            children: Vec::new(),
            content: start..start,
            self_closing: false,
        };
        let mut names = HashMap::new();
        loop {
            let before = self.at;
            self.at = self.skip_space(before);
            match self.byte(self.at) {
                Some(b'>') => {
                    self.at += 1;
                    break;
                }
                Some(b'/') if self.byte(self.at + 1) == Some(b'>') => {
                    self.at += 2;
                    element.self_closing = true;
                    break;
                }
                found @ (None | Some(b'<')) => {
                    self.at = before;
                    // Where the document ends in a tag, end tags are missing for no other reason.
                    self.ended_early |= found.is_none();
                    let name = element.name.clone();
                    self.error(
                        "unclosed-tag",
                        format!("the tag `<{name}` has no closing `>`"),
                        start..element.name_span.end,
                        |d| d,
                    );
                    break;
                }
                Some(byte) if is_name_start(byte) => {
                    let spaced = before < self.at;
                    let attribute = self.attribute();
                    if !spaced {
                        self.error(
                            "missing-space",
                            format!("white space is missing before '{}'", attribute.name),
                            attribute.name_span.clone(),
                            |d| d,
                        );
                    }
                    self.check_twice(&mut names, &attribute);
                    element.attributes.push(attribute);
                }
                Some(_) => self.skip_unexpected(&element.name),
            }
        }
        element.span.end = self.at;
        element.content = self.at..self.at;
        element
    }

    fn check_twice(&mut self, names: &mut HashMap<String, Range<usize>>, attribute: &Attribute) {
        let first = names
            .entry(attribute.name.clone())
            .or_insert_with(|| attribute.name_span.clone())
            .clone();
        if first != attribute.name_span {
            let file = self.file.clone();
            self.error(
                "duplicate-attribute",
                format!("the attribute '{}' is given twice", attribute.name),
                attribute.name_span.clone(),
                |d| d.related(&file, first, "first given here"),
            );
        }
    }

    fn skip_unexpected(&mut self, element: &str) {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        // At least one character, which is ASCII here, and never the end of the tag.
        let len = rest
            .iter()
            .skip(1)
            .position(|byte| is_space(*byte) || matches!(byte, b'>' | b'<' | b'/'))
            .map_or(rest.len(), |at| at + 1);
        self.at = start + len;
        let named_value = self.looking_at(start, "{{");
        self.error(
            "unexpected-character",
            format!("this cannot stand in the tag `<{element}`; expected an attribute or `>`"),
            start..self.at,
            |d| {
                if named_value {
                    d.help(NAMES_ARE_LITERAL)
                } else {
                    d
                }
            },
        );
    }

    fn no_value(&mut self, attribute: &Attribute) {
        let name = &attribute.name;
        self.error(
            "attribute-without-value",
            format!("the attribute '{name}' has no value"),
            attribute.span.clone(),
            |d| d.help(format!("write `{name}=\"…\"`")),
        );
    }

    fn attribute(&mut self) -> Attribute {
        let name_span = self.take_name();
        let name = self
            .src
            .get(name_span.clone())
            .unwrap_or_default()
            .to_owned();
        let after_name = self.at;
        let mut attribute = Attribute {
            name,
            span: name_span.clone(),
            name_span,
            quote: '"',
            value: TextBuilder::new(after_name).finish(self.file, after_name..after_name, false),
        };
        self.at = self.skip_space(after_name);
        if self.byte(self.at) != Some(b'=') {
            self.at = after_name;
            self.no_value(&attribute);
            return attribute;
        }
        let after_sign = self.at + 1;
        self.at = self.skip_space(after_sign);
        if self.at > after_sign && self.is_attribute(self.at) {
            self.at = after_sign;
            attribute.span.end = after_sign;
            self.no_value(&attribute);
            return attribute;
        }
        match self.byte(self.at) {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                attribute.quote = quote as char;
                attribute.value = self.attribute_value(quote, &attribute.name);
            }
            _ => {
                attribute.value = self.unquoted_value();
                let span = attribute.value.span();
                self.error(
                    "missing-quote",
                    format!("the value of '{}' must stand in quotes", attribute.name),
                    span,
                    |d| d,
                );
            }
        }
        attribute.span.end = self.at;
        attribute
    }
}
