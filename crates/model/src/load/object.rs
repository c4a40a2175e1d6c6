//! Typed reading of a mapping: each question converts, complains and remembers; what nobody asked for is unknown.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use tidegate_policy_xml::diagnostic::Severity;

use super::context::Context;
use super::suggest::did_you_mean;
use super::tree::{Entry, Node, Value};
use crate::{Located, parse_iso8601};

/// A mapping that is being read.
pub(crate) struct Object<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    /// What it describes, for messages: `backend 'b1'`.
    pub what: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Object<'a> {
    /// Begins to read a mapping. Nothing at all counts as an empty one; anything else is reported.
    pub fn new(context: &'a Context<'_>, node: &'a Node, what: impl Into<String>) -> Self {
        let what = what.into();
        if !matches!(node.value, Value::Mapping(_) | Value::Null) {
            context.error(
                &node.origin,
                "wrong-type",
                format!("{what}: expected a mapping, found {}", node.kind()),
            );
        }
        Self {
            context,
            node,
            what,
            asked: RefCell::default(),
        }
    }

    /// A member that is there and not null.
    pub fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.node.get(key)
    }

    /// Members that have no bearing on a gateway.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// A nested mapping.
    pub fn object(&self, key: &'static str) -> Option<Object<'a>> {
        let node = self.get(key)?;
        Some(Object::new(
            self.context,
            node,
            format!("{}: {key}", self.what),
        ))
    }

    fn wrong(&self, node: &Node, key: &str, expected: &str) {
        self.context.error(
            &node.origin,
            "wrong-type",
            format!(
                "{}: {key}: expected {expected}, found {}",
                self.what,
                node.kind()
            ),
        );
    }

    /// Reports a value that cannot be used. The value itself is not quoted: the excerpt shows what may be shown.
    pub fn invalid(&self, node: &Node, key: &str, why: impl std::fmt::Display) {
        self.context.error(
            &node.origin,
            "invalid-value",
            format!("{}: {key} {why}", self.what),
        );
    }

    /// A text; numbers and booleans are as good.
    pub fn text(&self, key: &'static str) -> Option<Located<String>> {
        let node = self.get(key)?;
        match node.as_text() {
            Some(text) => Some(Located::new(text.to_owned(), node.origin.clone())),
            None => {
                self.wrong(node, key, "a text");
                None
            }
        }
    }

    /// A text whose place does not matter.
    pub fn string(&self, key: &'static str) -> Option<String> {
        self.text(key).map(|text| text.value)
    }

    /// A text of bounded length; longer ones are what APIM would refuse.
    pub fn limited(&self, key: &'static str, limit: usize) -> Option<Located<String>> {
        let text = self.text(key)?;
        if text.value.chars().count() > limit {
            self.context.warn(
                &text.origin,
                "limit-exceeded",
                format!(
                    "{}: {key} is longer than the {limit} characters APIM accepts",
                    self.what
                ),
            );
        }
        Some(text)
    }

    /// A text that must be there.
    pub fn required(&self, key: &'static str) -> Option<Located<String>> {
        let text = self.text(key);
        if self.node.get(key).is_none() {
            self.missing(key);
        }
        text
    }

    /// Reports a missing member.
    pub fn missing(&self, key: &str) {
        self.context.error(
            &self.node.origin,
            "missing-value",
            format!("{}: {key} is missing", self.what),
        );
    }

    /// A boolean, also one in quotes.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let node = self.get(key)?;
        let text = node.as_text().map(str::to_ascii_lowercase);
        match text.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                self.invalid(node, key, "must be true or false");
                None
            }
            None => {
                self.wrong(node, key, "true or false");
                None
            }
        }
    }

    /// An integer within limits, also one in quotes.
    pub fn integer<T: TryFrom<u64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<T> {
        let node = self.get(key)?;
        let Some(text) = node.as_text() else {
            self.wrong(node, key, "a number");
            return None;
        };
        let number = text.trim().parse::<u64>().ok();
        match number.filter(|number| range.contains(number)) {
            Some(number) => T::try_from(number).ok(),
            None => {
                let why = if *range.end() == u64::MAX {
                    format!("must be a whole number of at least {}", range.start())
                } else {
                    format!(
                        "must be a whole number from {} to {}",
                        range.start(),
                        range.end()
                    )
                };
                self.invalid(node, key, why);
                None
            }
        }
    }

    /// A size in bytes, also with `KiB`, `MiB` or `GiB`.
    pub fn bytes(&self, key: &'static str) -> Option<usize> {
        let node = self.get(key)?;
        let Some(text) = node.as_text() else {
            self.wrong(node, key, "a size");
            return None;
        };
        let text = text.trim();
        let (digits, unit) = text.split_at(
            text.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len()),
        );
        let factor: Option<usize> = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => Some(1),
            "kib" | "k" => Some(1 << 10),
            "mib" | "m" => Some(1 << 20),
            "gib" | "g" => Some(1 << 30),
            _ => None,
        };
        let size = digits
            .parse::<usize>()
            .ok()
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .filter(|size| *size > 0);
        if size.is_none() {
            self.invalid(
                node,
                key,
                "must be a number of bytes such as 65536 or 64 KiB",
            );
        }
        size
    }

    /// An ISO 8601 duration.
    pub fn duration(&self, key: &'static str) -> Option<Duration> {
        let node = self.get(key)?;
        let Some(text) = node.as_text() else {
            self.wrong(node, key, "a duration");
            return None;
        };
        match parse_iso8601(text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.invalid(node, key, error);
                None
            }
        }
    }

    /// One of several words, compared without case.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.get(key)?;
        let text = node.as_text().unwrap_or_default();
        let found = choices
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.invalid(node, key, format!("must be one of: {}", words.join(", ")));
        }
        found
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn texts(&self, key: &'static str) -> Vec<Located<String>> {
        self.get(key)
            .map(|node| self.texts_of(node, key))
            .unwrap_or_default()
    }

    /// The texts of a node: a list, or a single one.
    pub fn texts_of(&self, node: &Node, key: &str) -> Vec<Located<String>> {
        let items = match &node.value {
            Value::Sequence(items) => items.as_slice(),
            Value::Scalar(_) => std::slice::from_ref(node),
            _ => {
                self.wrong(node, key, "a list of texts");
                &[]
            }
        };
        items
            .iter()
            .filter_map(|item| match item.as_text() {
                Some(text) => Some(Located::new(text.to_owned(), item.origin.clone())),
                None => {
                    self.wrong(item, key, "a text");
                    None
                }
            })
            .collect()
    }

    /// A list of anything.
    pub fn list(&self, key: &'static str) -> &'a [Node] {
        let Some(node) = self.get(key) else {
            return &[];
        };
        match &node.value {
            Value::Sequence(items) => items,
            _ => {
                self.wrong(node, key, "a list");
                &[]
            }
        }
    }

    /// The members of a nested mapping.
    pub fn members(&self, key: &'static str) -> &'a [Entry] {
        let Some(node) = self.get(key) else {
            return &[];
        };
        match &node.value {
            Value::Mapping(entries) => entries,
            _ => {
                self.wrong(node, key, "a mapping");
                &[]
            }
        }
    }

    /// Socket addresses; a single one counts as a list.
    pub fn addresses(&self, key: &'static str) -> Option<Vec<SocketAddr>> {
        let node = self.get(key)?;
        let mut addresses = Vec::new();
        for text in self.texts_of(node, key) {
            match text.value.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => self.context.error(
                    &text.origin,
                    "invalid-value",
                    format!(
                        "{}: {key} must be an address and port such as 127.0.0.1:8080 or [::]:8080",
                        self.what
                    ),
                ),
            }
        }
        Some(addresses)
    }

    /// Ends the reading: reports every member nobody asked for.
    pub fn finish(self) {
        self.finish_but(|_| false);
    }

    /// As [`Object::finish`], but some unknown keys are nobody's business.
    pub fn finish_but(self, is_exempt: impl Fn(&str) -> bool) {
        let asked = self.asked.into_inner();
        for entry in self.node.entries() {
            let key = entry.key.value.as_str();
            if asked.contains(&key) || is_exempt(key) {
                continue;
            }
            let message = format!("{}: unknown key '{key}'", self.what);
            let diagnostic = match self.context.unknown_keys.get() {
                Severity::Error => entry.key.origin.error("unknown-key", message),
                Severity::Warning => entry.key.origin.warning("unknown-key", message),
            };
            let mut known: Vec<&str> = asked.clone();
            known.sort_unstable();
            known.dedup();
            self.context
                .report(match did_you_mean(key, known.iter().copied()) {
                    Some(similar) => diagnostic.help(format!("did you mean '{similar}'?")),
                    None => diagnostic,
                });
        }
    }
}
