//! Values of attributes and texts: named values in place, constants in their final type, expressions compiled.
//!
//! Texts of the document flow in, settings flow out; what cannot be used is reported with its place, and without the
//! value of a secret.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_expressions::{self as expressions, ExpressionDiagnostic, Target};
use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_policy_xml::{Element, Resolved, Text, Unknown};

use super::Compiler;
use crate::definition::{Attribute, Kind};
use crate::setting::{AnyValue, BodyValue, Evaluated, Setting, seconds_to_duration};

/// Shorter words of a message are not compared with secrets.
const SHORTEST_SECRET_WORD: usize = 3;

impl Compiler<'_> {
    /// Substitutes named values in a text; unknown ones are reported.
    pub fn resolve(&mut self, text: &Text) -> Option<Resolved> {
        self.resolve_with(text, self.context.allow_unknown_named_values)
    }

    /// As [`Compiler::resolve`]; `keep_unknown` leaves unknown names as they stand (Liquid templates).
    pub fn resolve_with(&mut self, text: &Text, keep_unknown: bool) -> Option<Resolved> {
        let named_values = self.context.named_values;
        let known: Vec<&str>;
        let unknown = if keep_unknown {
            Unknown::Keep
        } else {
            // Only a text with a name nobody knows needs the list of them all.
            known = if self.has_unknown_placeholder(text) {
                named_values.keys().map(String::as_str).collect()
            } else {
                Vec::new()
            };
            Unknown::ErrorAmong(&known)
        };
        match text.substitute(&mut |name| named_values.get(name).cloned(), unknown) {
            Ok(resolved) => {
                for warning in resolved.warnings() {
                    self.report(warning.clone());
                }
                Some(resolved)
            }
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    /// Compiles the expression a resolved text holds.
    fn expression(
        &mut self,
        written: &Text,
        resolved: &Resolved,
        text: &str,
        target: Target,
    ) -> Option<Evaluated> {
        match super::expressions::compile(written, text, target, self.context) {
            Ok(expression) => {
                for warning in expression.warnings() {
                    let diagnostic = self.finding(resolved, warning);
                    self.report(diagnostic);
                }
                Some(Evaluated {
                    expression,
                    source: self.source,
                    places: resolved.places(),
                })
            }
            // What is unknown may be any code.
            Err(_) if self.has_unknown_code(written) => None,
            Err(findings) => {
                for finding in &findings {
                    let diagnostic = self.finding(resolved, finding);
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    /// What is said of an expression, in the document's lines. The compiler quotes code, and a secret may have become part
    /// of it: of such a place, and in a message with any of its words, it is only said what was inserted.
    fn finding(&self, resolved: &Resolved, found: &ExpressionDiagnostic) -> Diagnostic {
        let range = resolved.expression_range(found.range.clone());
        let mut message = found.message.clone();
        let mut help = found.help.clone();
        if resolved.is_secret() {
            let names = resolved.inserted().join(", ");
            let is_inserted = self
                .file
                .text()
                .get(range.clone())
                .is_none_or(|written| written.contains("{{"));
            if is_inserted || self.quotes_secret(resolved, &message) {
                message =
                    format!("the expression does not compile with named value {names} in place");
                help = None;
            }
            if help
                .as_deref()
                .is_none_or(|help| self.quotes_secret(resolved, help))
            {
                help = Some(format!(
                    "the expression contains the value of named value {names}"
                ));
            }
        }
        let diagnostic = match found.severity {
            expressions::Severity::Error => Diagnostic::error(found.code, message),
            expressions::Severity::Warning => Diagnostic::warning(found.code, message),
        };
        let mut diagnostic = diagnostic.at(&self.file, range);
        diagnostic.help = help;
        diagnostic
    }

    /// Whether a word of the message stands in a secret that was inserted.
    fn quotes_secret(&self, resolved: &Resolved, message: &str) -> bool {
        message
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| word.len() >= SHORTEST_SECRET_WORD)
            .any(|word| {
                resolved
                    .inserted()
                    .iter()
                    .filter_map(|name| self.context.named_values.get(name))
                    .any(|value| value.secret && value.text.contains(word))
            })
    }

    /// A text that may be an expression: constant converted by `parse`, or compiled for `target`.
    fn setting<T>(
        &mut self,
        text: &Text,
        what: &str,
        expressions: bool,
        target: Target,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Setting<T>> {
        let resolved = self.resolve(text)?;
        if let Some(source) = resolved.expression() {
            if !expressions {
                self.error(
                    "expression-not-allowed",
                    text.span(),
                    format!("{what} does not accept a policy expression"),
                );
                return None;
            }
            let evaluated = self.expression(text, &resolved, source, target)?;
            return Some(Setting::Expression(Box::new(evaluated)));
        }
        match parse(resolved.text()) {
            Ok(value) => Some(Setting::Constant(value)),
            Err(reason) => {
                self.invalid_value(text, &format!("{what}: {reason}"));
                None
            }
        }
    }

    fn attribute_text<'e>(
        &mut self,
        element: &'e Element,
        definition: &Attribute,
    ) -> Option<(&'e Text, String)> {
        let attribute = element.attribute(definition.name)?;
        Some((
            &attribute.value,
            format!("attribute '{}' of <{}>", definition.name, element.name),
        ))
    }

    /// An attribute's value as text. Absent without a default: `None`.
    pub fn text(&mut self, element: &Element, definition: &Attribute) -> Option<Setting<Arc<str>>> {
        match self.attribute_text(element, definition) {
            Some((text, what)) => {
                let kind = definition.kind;
                self.setting(text, &what, definition.expressions, Target::Text, |text| {
                    check_text(kind, text)
                })
            }
            None => definition
                .default
                .map(|default| Setting::Constant(default.into())),
        }
    }

    /// An attribute's value as text that is known at load.
    pub fn literal(&mut self, element: &Element, definition: &Attribute) -> Option<Arc<str>> {
        match self.text(element, definition)? {
            Setting::Constant(text) => Some(text),
            Setting::Expression(_) => None,
        }
    }

    /// An attribute's value as a bool.
    pub fn boolean(&mut self, element: &Element, definition: &Attribute) -> Option<Setting<bool>> {
        match self.attribute_text(element, definition) {
            Some((text, what)) => self.setting(
                text,
                &what,
                definition.expressions,
                Target::Bool,
                parse_bool,
            ),
            None => definition
                .default
                .map(|default| Setting::Constant(default == "true")),
        }
    }

    /// An attribute's value as a bool that is known at load.
    pub fn literal_boolean(&mut self, element: &Element, definition: &Attribute) -> Option<bool> {
        match self.boolean(element, definition)? {
            Setting::Constant(value) => Some(value),
            Setting::Expression(_) => None,
        }
    }

    /// An attribute's value as a whole number.
    pub fn integer(&mut self, element: &Element, definition: &Attribute) -> Option<Setting<i64>> {
        let (min, max) = match definition.kind {
            Kind::Integer { min, max } => (min, max),
            _ => (i64::MIN, i64::MAX),
        };
        match self.attribute_text(element, definition) {
            Some((text, what)) => {
                self.setting(text, &what, definition.expressions, Target::Int, |text| {
                    let number: i64 = text
                        .trim()
                        .parse()
                        .map_err(|_| format!("'{text}' is not a whole number"))?;
                    if (min..=max).contains(&number) {
                        Ok(number)
                    } else {
                        Err(format!("{number} is not between {min} and {max}"))
                    }
                })
            }
            None => definition
                .default
                .and_then(|default| default.parse().ok())
                .map(Setting::Constant),
        }
    }

    /// An attribute's value as a number of seconds.
    pub fn seconds(
        &mut self,
        element: &Element,
        definition: &Attribute,
    ) -> Option<Setting<Duration>> {
        match self.attribute_text(element, definition) {
            Some((text, what)) => self.setting(
                text,
                &what,
                definition.expressions,
                Target::Any,
                parse_seconds,
            ),
            None => definition
                .default
                .and_then(|default| parse_seconds(default).ok())
                .map(Setting::Constant),
        }
    }

    /// An attribute's value of any type.
    pub fn any(&mut self, element: &Element, definition: &Attribute) -> Option<AnyValue> {
        let (text, what) = self.attribute_text(element, definition)?;
        Some(
            match self.setting(text, &what, definition.expressions, Target::Any, |text| {
                Ok(Arc::from(text))
            })? {
                Setting::Constant(text) => AnyValue::Literal(text),
                Setting::Expression(evaluated) => AnyValue::Expression(evaluated),
            },
        )
    }

    /// The only text of an element (a `value`, a `set-url`), trimmed.
    pub fn content_text(
        &mut self,
        element: &Element,
        expressions: bool,
    ) -> Option<Setting<Arc<str>>> {
        let what = format!("<{}>", element.name);
        match self.only_text(element)? {
            None => Some(Setting::Constant("".into())),
            Some(text) => self.setting(&text, &what, expressions, Target::Text, |text| {
                Ok(Arc::from(text.trim()))
            }),
        }
    }

    /// The text of an element as a message body.
    pub fn content_body(&mut self, element: &Element) -> Option<BodyValue> {
        let what = format!("<{}>", element.name);
        let text = self.only_text(element)?;
        let Some(text) = text else {
            return Some(BodyValue::Literal(Bytes::new()));
        };
        Some(
            match self.setting(&text, &what, true, Target::Body, |text| {
                Ok(Bytes::copy_from_slice(text.trim().as_bytes()))
            })? {
                Setting::Constant(bytes) => BodyValue::Literal(bytes),
                Setting::Expression(evaluated) => BodyValue::Expression(evaluated),
            },
        )
    }

    /// The text of an element that may have no element children, comments left out.
    /// `None`: there was an error; `Some(None)`: there is no text.
    fn only_text<'e>(&mut self, element: &'e Element) -> Option<Option<Cow<'e, Text>>> {
        if let Some(child) = element.elements().next() {
            self.error(
                "unknown-element",
                child.name_span.clone(),
                format!("<{}> cannot contain <{}>", element.name, child.name),
            );
            return None;
        }
        let text = element.text(&self.file);
        Some((!text.is_blank()).then_some(text))
    }

    /// The raw source between an element's tags, named values substituted: markup that is a body as it stands.
    pub fn markup(&mut self, element: &Element) -> Option<String> {
        let text = element.raw_content(&self.file);
        if text.is_broken() {
            // The reader took it for markup; only as one text does it look like an expression.
            self.error(
                "unbalanced-expression",
                text.span(),
                format!(
                    "<{}> begins like an expression that does not end",
                    element.name
                ),
            );
            return None;
        }
        let resolved = self.resolve(&text)?;
        Some(resolved.trimmed().to_owned())
    }

    /// Whether a text refers to a named value that is not known here.
    pub fn has_unknown_placeholder(&self, text: &Text) -> bool {
        let mut placeholders = text.placeholders().iter();
        placeholders.any(|found| !self.context.knows(found))
    }

    /// Whether a name nobody knows stands for code; in an interpolated string it is a brace written twice.
    fn has_unknown_code(&self, text: &Text) -> bool {
        let mut placeholders = text.placeholders().iter();
        placeholders.any(|found| !found.inside_interpolated_string && !self.context.knows(found))
    }

    /// `name`, which came out of `text`, as a message may show it: not where a secret was inserted.
    pub fn shown<'n>(&self, text: &Text, name: &'n str) -> &'n str {
        if self.holds_secret(text) { "***" } else { name }
    }

    fn holds_secret(&self, text: &Text) -> bool {
        text.placeholders().iter().any(|placeholder| {
            self.context
                .named_values
                .get(placeholder.name.as_str())
                .is_some_and(|value| value.secret)
        })
    }

    /// As [`Compiler::invalid_value`], for an element's text.
    pub fn invalid_content(&mut self, element: &Element, reason: &str) {
        let text = element.text(&self.file.clone()).into_owned();
        self.invalid_value(&text, reason);
    }

    /// Reports that the literal in `text` is not valid, without showing it when a secret was inserted. Says nothing
    /// where the document is checked outside its service and a named value of the text is not known.
    pub fn invalid_value(&mut self, text: &Text, reason: &str) {
        if self.has_unknown_placeholder(text) {
            return;
        }
        let message = if self.holds_secret(text) {
            "the named value inserted here is not valid"
        } else {
            reason
        };
        self.error("invalid-value", text.span(), message.to_owned());
    }
}

fn parse_bool(text: &str) -> Result<bool, String> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if trimmed.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("'{trimmed}' is neither true nor false"))
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .trim()
        .parse()
        .map_err(|_| format!("'{text}' is not a number of seconds"))?;
    seconds_to_duration(seconds)
}

fn check_text(kind: Kind, text: &str) -> Result<Arc<str>, String> {
    match kind {
        Kind::Enumeration(words) => {
            let trimmed = text.trim();
            words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(trimmed))
                .map(|word| Arc::from(*word))
                .ok_or_else(|| format!("'{trimmed}' is not one of {}", words.join(", ")))
        }
        _ => Ok(Arc::from(text)),
    }
}
