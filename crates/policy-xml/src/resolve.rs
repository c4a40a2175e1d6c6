//! Named values put in place: in flow a [`Text`] and a lookup, out flows a [`Resolved`] value.
//!
//! Values go into the decoded text, so none can become markup or end an attribute, and what is inserted is never
//! searched for further names. Nothing here prints an inserted value.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::classify::Class;
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::offsets::OffsetMap;
use crate::scan_csharp::{Scanner, is_space};
use crate::suggest::did_you_mean;
use crate::text::{Placeholder, Text};

/// The value behind a name, as substitution needs it.
#[derive(Clone)]
pub struct NamedValue {
    /// What to insert.
    pub text: Arc<str>,
    /// Whether it must never be shown.
    pub secret: bool,
}

impl fmt::Debug for NamedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NamedValue");
        if self.secret {
            shown.field("text", &"(secret)");
        } else {
            shown.field("text", &self.text);
        }
        shown.field("secret", &self.secret).finish()
    }
}

/// What to do with a name nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown<'a> {
    /// It is an error, `unknown-named-value`.
    Error,
    /// It is an error that suggests the nearest of these names.
    ErrorAmong(&'a [&'a str]),
    /// It stays as written: Liquid templates use the same braces.
    Keep,
}

/// A value with its named values in place.
#[derive(Clone)]
pub struct Resolved {
    file: Arc<SourceFile>,
    text: String,
    map: OffsetMap,
    is_expression: bool,
    secret: bool,
    inserted: Vec<String>,
    warnings: Vec<Diagnostic>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field(
                "text",
                if self.secret {
                    &"(holds a secret)"
                } else {
                    &self.text
                },
            )
            .field("is_expression", &self.is_expression)
            .field("secret", &self.secret)
            .field("inserted", &self.inserted)
            .finish_non_exhaustive()
    }
}

impl Resolved {
    /// The whole text, white space around it included. It may hold secrets: see [`Resolved::is_secret`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text without the white space around it.
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(is_space)
    }

    /// The text, taken.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The document the value stands in.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Whether the whole value is one expression. A named value can make it one, or part of one.
    pub fn is_expression(&self) -> bool {
        self.is_expression
    }

    /// The expression with its `@(` or `@{` and closing bracket, without the white space around it.
    pub fn expression(&self) -> Option<&str> {
        self.is_expression.then(|| self.trimmed())
    }

    /// Whether a secret named value was inserted anywhere.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Display names of the inserted named values in the order of their first use, each once.
    pub fn inserted(&self) -> &[String] {
        &self.inserted
    }

    /// What is legal and yet probably not meant, found only after substitution.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Document offset of a byte offset in [`Resolved::text`]; inside an inserted value, its placeholder's.
    pub fn source_offset(&self, offset: usize) -> usize {
        self.map.offset(offset)
    }

    /// Document range of a byte range in [`Resolved::text`]; inside an inserted value, its placeholder's.
    pub fn source_range(&self, range: Range<usize>) -> Range<usize> {
        self.map.range(range)
    }

    /// Document range of a byte range in [`Resolved::expression`].
    pub fn expression_range(&self, range: Range<usize>) -> Range<usize> {
        let lead = self.lead();
        self.map.range(range.start + lead..range.end + lead)
    }

    /// What [`Resolved::expression_range`] knows, for an expression that outlives this text.
    pub fn places(&self) -> ExpressionPlaces {
        ExpressionPlaces {
            file: self.file.clone(),
            map: self.map.clone(),
            lead: self.lead(),
        }
    }

    fn lead(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(is_space).len()
    }
}

/// Where the characters of an expression stand in its document.
#[derive(Debug, Clone)]
pub struct ExpressionPlaces {
    file: Arc<SourceFile>,
    map: OffsetMap,
    lead: usize,
}

impl ExpressionPlaces {
    /// Name of the document, as messages show it.
    pub fn file_name(&self) -> &str {
        self.file.name()
    }

    /// Line and column in the document, both from 1, of a byte offset in [`Resolved::expression`]; inside an inserted
    /// value, its placeholder's.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        self.file.line_column(self.map.offset(self.lead + offset))
    }
}

impl Text {
    /// Puts the named values in place and decides anew whether the value is an expression.
    ///
    /// # Errors
    /// One diagnostic for each unknown name, or one where an inserted value leaves an expression without an end.
    /// The list is empty for a text the reader has already reported as broken.
    pub fn substitute(
        &self,
        lookup: &mut dyn FnMut(&str) -> Option<NamedValue>,
        unknown: Unknown<'_>,
    ) -> Result<Resolved, Vec<Diagnostic>> {
        if self.broken {
            return Err(Vec::new());
        }
        let mut resolved = Resolved {
            file: self.file.clone(),
            text: String::with_capacity(self.value.len()),
            map: OffsetMap::new(self.span.start),
            is_expression: self.kind == crate::text::TextKind::Expression,
            secret: false,
            inserted: Vec::new(),
            warnings: Vec::new(),
        };
        let mut errors = Vec::new();
        let mut at = 0;
        let mut first_inserted = None;
        for placeholder in &self.placeholders {
            match lookup(&placeholder.name) {
                Some(value) => {
                    self.copy(&mut resolved, at..placeholder.range.start);
                    resolved.text.push_str(&value.text);
                    resolved
                        .map
                        .push_made(value.text.len(), self.map.range(placeholder.range.clone()));
                    resolved.secret |= value.secret;
                    if !resolved.inserted.contains(&placeholder.name) {
                        resolved.inserted.push(placeholder.name.clone());
                    }
                    first_inserted.get_or_insert(placeholder);
                    at = placeholder.range.end;
                }
                None if unknown == Unknown::Keep || placeholder.inside_interpolated_string => {}
                None => errors.push(self.unknown_name(placeholder, unknown)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.copy(&mut resolved, at..self.value.len());
        resolved.map.end_at(self.span.end);
        if let Some(placeholder) = first_inserted {
            self.decide(&mut resolved, placeholder)?;
        }
        Ok(resolved)
    }

    fn copy(&self, resolved: &mut Resolved, range: Range<usize>) {
        resolved
            .text
            .push_str(self.value.get(range.clone()).unwrap_or_default());
        resolved.map.append_range(&self.map, range);
    }

    fn unknown_name(&self, placeholder: &Placeholder, unknown: Unknown<'_>) -> Diagnostic {
        let name = &placeholder.name;
        let diagnostic = Diagnostic::error(
            "unknown-named-value",
            format!("Cannot find a property '{name}'"),
        )
        .at(&self.file, self.map.range(placeholder.range.clone()))
        .label("no named value has this display name");
        let near = match unknown {
            Unknown::ErrorAmong(known) => did_you_mean(name, known.iter().copied()),
            Unknown::Error | Unknown::Keep => None,
        };
        match near {
            Some(near) => diagnostic.help(format!(
                "a named value with a similar name exists: `{{{{{near}}}}}` (names are case-sensitive)"
            )),
            None => diagnostic,
        }
    }

    /// What the text has become with its named values in place.
    fn decide(
        &self,
        resolved: &mut Resolved,
        placeholder: &Placeholder,
    ) -> Result<(), Vec<Diagnostic>> {
        let class = Scanner::default().classify(&resolved.text, None);
        resolved.is_expression = class == Class::Expression;
        let names = resolved
            .inserted
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ");
        let place = self.map.range(placeholder.range.clone());
        match class {
            Class::Broken(_) | Class::EndsEarly(_) => Err(vec![
                Diagnostic::error(
                    "unbalanced-expression",
                    format!("the expression is not balanced once named value {names} is inserted"),
                )
                .at(&self.file, place)
                .help(
                    "the value is inserted as it is: quotes, backslashes and brackets in it become part of the C# code",
                ),
            ]),
            Class::Mixed(_) if !self.mixed => {
                resolved.warnings.push(
                    Diagnostic::warning(
                        "mixed-expression",
                        format!(
                            "with named value {names} inserted this is literal text with an expression in it, and stays literal"
                        ),
                    )
                    .at(&self.file, place)
                    .help("make the whole value one expression, such as `@(\"text\" + value)`"),
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
