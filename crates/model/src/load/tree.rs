//! A file as a tree of nodes that know their place.
//!
//! The text of a YAML or JSON file flows in, a [`Node`] flows out. JSON goes through the same parser, being YAML. The
//! tree is untyped: scalars stay text, so that `"3"` and `3` are equally good numbers (ARM samples quote them).
//! Aliases and merge keys are expanded here, within a bound. Values that look like secrets are blotted out of the text
//! that diagnostics show.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number};
use tidegate_policy_xml::diagnostic::{Diagnostic, Severity, SourceFile};

use super::context::Context;
use crate::{Located, Origin};

/// Nodes one file may expand to, aliases included.
const MAX_NODES: usize = 4_000_000;

/// A value and its place.
#[derive(Clone)]
pub(crate) struct Node {
    pub value: Value,
    pub origin: Origin,
}

/// An untyped value.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A scalar as text.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub text: String,
    /// Written without quotes, hence perhaps a number, boolean or null.
    pub plain: bool,
    /// Written as a literal block (`|`): each of its lines is a line of the file.
    pub block: bool,
}

/// A member of a mapping.
#[derive(Clone)]
pub(crate) struct Entry {
    pub key: Located<String>,
    pub value: Node,
}

impl Node {
    /// Nothing, at a place.
    pub fn null(origin: Origin) -> Self {
        Self {
            value: Value::Null,
            origin,
        }
    }

    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The members of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// A member of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.value)
            .filter(|node| !node.is_null())
    }

    /// The text of a member of a mapping.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_text)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// In words, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// As JSON; scalars without quotes get the type YAML's core schema gives them.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Scalar(scalar) => scalar_to_json(scalar),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => {
                let mut members = Map::new();
                for entry in entries {
                    members.insert(entry.key.value.clone(), entry.value.to_json());
                }
                serde_json::Value::Object(members)
            }
        }
    }

    /// Merges `other` over this node: mappings member by member, everything else is replaced.
    pub fn merge(&mut self, other: &Node) {
        match (&mut self.value, &other.value) {
            (Value::Mapping(entries), Value::Mapping(others)) => {
                for other in others {
                    match entries
                        .iter_mut()
                        .find(|entry| entry.key.value == other.key.value)
                    {
                        Some(entry) => entry.value.merge(&other.value),
                        None => entries.push(other.clone()),
                    }
                }
            }
            _ => *self = other.clone(),
        }
    }

    /// The content of an ARM envelope: the members of `properties` and those beside it that are no part of the
    /// envelope. Anything else is returned as it is.
    pub fn without_envelope(&self) -> Node {
        const ENVELOPE: [&str; 9] = [
            "properties",
            "id",
            "name",
            "type",
            "apiVersion",
            "$schema",
            "dependsOn",
            "location",
            "scale",
        ];
        let Some(properties) = self.get("properties") else {
            return self.clone();
        };
        let Value::Mapping(inner) = &properties.value else {
            return self.clone();
        };
        let mut entries = inner.clone();
        for entry in self.entries() {
            if !ENVELOPE.contains(&entry.key.value.as_str())
                && !inner.iter().any(|known| known.key.value == entry.key.value)
            {
                entries.push(entry.clone());
            }
        }
        Node {
            value: Value::Mapping(entries),
            origin: properties.origin.clone(),
        }
    }

    /// Every scalar of the tree.
    pub fn visit_scalars(&mut self, visit: &mut dyn FnMut(&mut Scalar, &Origin)) {
        match &mut self.value {
            Value::Null => {}
            Value::Scalar(scalar) => visit(scalar, &self.origin),
            Value::Sequence(items) => {
                for item in items {
                    item.visit_scalars(visit);
                }
            }
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.value.visit_scalars(visit);
                }
            }
        }
    }

    fn relocate(&mut self, file: &Arc<SourceFile>) {
        self.origin.file = file.clone();
        match &mut self.value {
            Value::Null | Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.relocate(file)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.key.origin.file = file.clone();
                    entry.value.relocate(file);
                }
            }
        }
    }
}

fn scalar_to_json(scalar: &Scalar) -> serde_json::Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return text.into();
    }
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    // YAML's numbers, as far as JSON has them: no hexadecimal, no leading zeros.
    match text.parse::<Number>() {
        Ok(number) => serde_json::Value::Number(number),
        Err(_) => text.into(),
    }
}

/// Parses a file. What is wrong is reported to the context; duplicate keys with the severity given.
pub(crate) fn parse(
    context: &Context<'_>,
    name: &str,
    text: &str,
    duplicates: Severity,
) -> Option<Node> {
    let file = SourceFile::new(name, text);
    let mut builder = Builder {
        file: &file,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        findings: Vec::new(),
        duplicates,
        root: None,
    };
    let failure = builder.run(text);
    let Builder { findings, root, .. } = builder;
    let mut root = root.unwrap_or_else(|| Node::null(Origin::new(&file, 0..0)));

    let mut blots = Vec::new();
    match &failure {
        None => find_secrets(&root, false, &mut blots),
        Some(_) => guess_secrets(text, &mut blots),
    }
    let shown = if blots.is_empty() {
        file.clone()
    } else {
        let shown = SourceFile::new(name, blot_out(text, &blots));
        root.relocate(&shown);
        shown
    };
    for finding in findings {
        context.report(finding.into_diagnostic(&shown));
    }
    match failure {
        None => Some(root),
        Some(failure) => {
            context.report(failure.into_diagnostic(&shown));
            None
        }
    }
}

/// A diagnostic whose file is not settled yet.
struct Finding {
    severity: Severity,
    code: &'static str,
    message: String,
    range: Range<usize>,
}

impl Finding {
    fn error(code: &'static str, message: impl Into<String>, range: Range<usize>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            range,
        }
    }

    fn into_diagnostic(self, file: &Arc<SourceFile>) -> Diagnostic {
        match self.severity {
            Severity::Error => Diagnostic::error(self.code, self.message),
            Severity::Warning => Diagnostic::warning(self.code, self.message),
        }
        .at(file, self.range)
    }
}

struct Frame {
    value: Value,
    /// The key that waits for its value, in a mapping.
    key: Option<Located<String>>,
    start: usize,
    anchor: usize,
    nodes_before: usize,
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    findings: Vec<Finding>,
    duplicates: Severity,
    root: Option<Node>,
}

impl Builder<'_> {
    fn run(&mut self, text: &str) -> Option<Finding> {
        for next in Parser::new_from_str(text) {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(text.len());
                    return Some(Finding::error(
                        "syntax",
                        format!("cannot be read: {}", error.info()),
                        at..at,
                    ));
                }
            };
            let range = span.byte_range().unwrap_or(0..0);
            if let Err(finding) = self.event(event, range) {
                return Some(finding);
            }
        }
        None
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Finding> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                return Err(Finding::error(
                    "syntax",
                    "the file holds more than one document; only one is read",
                    range,
                ));
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let value = if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Scalar(Scalar {
                        text: text.into_owned(),
                        plain,
                        block: style == ScalarStyle::Literal,
                    })
                };
                self.count(1, &range)?;
                self.finish(value, range, anchor, 1)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(Value::Sequence(Vec::new()), range, anchor)?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(Value::Mapping(Vec::new()), range, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(frame) = self.stack.pop() {
                    let size = self.nodes - frame.nodes_before;
                    let value = match frame.value {
                        Value::Mapping(entries) => {
                            self.find_duplicates(&entries);
                            Value::Mapping(expand_merges(entries))
                        }
                        other => other,
                    };
                    self.finish(value, frame.start..range.end, frame.anchor, size)?;
                }
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(Finding::error(
                        "syntax",
                        "an alias must not stand inside its own anchor",
                        range,
                    ));
                };
                self.count(size, &range)?;
                self.add(node)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn find_duplicates(&mut self, entries: &[Entry]) {
        let mut known = HashSet::with_capacity(entries.len());
        for entry in entries {
            let key = entry.key.value.as_str();
            if !known.insert(key) && key != "<<" {
                self.findings.push(Finding {
                    severity: self.duplicates,
                    code: "duplicate-key",
                    message: format!("'{key}' occurs twice"),
                    range: entry.key.origin.range.clone(),
                });
            }
        }
    }

    fn count(&mut self, nodes: usize, range: &Range<usize>) -> Result<(), Finding> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Finding::error(
                "limit-exceeded",
                format!("the file expands to more than {MAX_NODES} values"),
                range.clone(),
            ));
        }
        Ok(())
    }

    fn open(&mut self, value: Value, range: Range<usize>, anchor: usize) -> Result<(), Finding> {
        let nodes_before = self.nodes;
        self.count(1, &range)?;
        self.stack.push(Frame {
            value,
            key: None,
            start: range.start,
            anchor,
            nodes_before,
        });
        Ok(())
    }

    fn finish(
        &mut self,
        value: Value,
        range: Range<usize>,
        anchor: usize,
        size: usize,
    ) -> Result<(), Finding> {
        let node = Node {
            value,
            origin: Origin::new(self.file, range),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<(), Finding> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match frame.key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => {
                    let range = node.origin.range.clone();
                    let text = match node.value {
                        Value::Scalar(scalar) => scalar.text,
                        Value::Null => "null".to_owned(),
                        _ => {
                            return Err(Finding::error(
                                "syntax",
                                "a key must be a single value; quote a text that begins with '{' or '['",
                                range,
                            ));
                        }
                    };
                    frame.key = Some(Located::new(text, node.origin));
                }
            },
            _ => {}
        }
        Ok(())
    }
}

/// Expands `<<: *base` (YAML merge keys): members that are not there yet are taken over.
fn expand_merges(entries: Vec<Entry>) -> Vec<Entry> {
    let is_merge = |entry: &Entry| {
        entry.key.value == "<<"
            && matches!(entry.value.value, Value::Mapping(_) | Value::Sequence(_))
    };
    if !entries.iter().any(is_merge) {
        return entries;
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
    let mut known: HashSet<String> = own.iter().map(|entry| entry.key.value.clone()).collect();
    for merge in merges {
        let sources = match merge.value.value {
            Value::Sequence(items) => items,
            value => vec![Node {
                value,
                origin: merge.value.origin,
            }],
        };
        for source in sources {
            if let Value::Mapping(inherited) = source.value {
                for entry in inherited {
                    if known.insert(entry.key.value.clone()) {
                        own.push(entry);
                    }
                }
            }
        }
    }
    own
}

/// Keys whose values are secrets wherever they stand.
const SECRET_KEYS: [&str; 5] = [
    "primarykey",
    "secondarykey",
    "password",
    "parameter",
    "connectionstring",
];

/// A reference to a secret is none itself.
fn is_reference(text: &str) -> bool {
    text.starts_with("env:")
        || text.starts_with("file:")
        || text.contains("{{")
        || text.contains("{#")
}

fn find_secrets(node: &Node, secret: bool, blots: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if secret && !is_reference(&scalar.text) {
                blots.push(node.origin.range.clone());
            }
        }
        Value::Sequence(items) => {
            for item in items {
                find_secrets(item, secret, blots);
            }
        }
        Value::Mapping(entries) => {
            let marked = node
                .get_text("secret")
                .is_some_and(|text| text.eq_ignore_ascii_case("true"));
            for entry in entries {
                let key = entry.key.value.to_ascii_lowercase();
                let inner = match key.as_str() {
                    "value" => marked,
                    // `credentials.header`, not the header of the key's parameter names.
                    "header" | "query" => {
                        matches!(entry.value.value, Value::Mapping(_))
                            && looks_like_credentials(&entry.value)
                    }
                    key => secret || SECRET_KEYS.contains(&key),
                };
                find_secrets(&entry.value, inner || secret, blots);
            }
        }
    }
}

/// `{ "<name>": ["v1"] }` or `{ name: v1 }`, but not a schema or the like.
fn looks_like_credentials(node: &Node) -> bool {
    node.entries().iter().all(|entry| match &entry.value.value {
        Value::Scalar(_) | Value::Null => true,
        Value::Sequence(items) => items.iter().all(|item| item.as_text().is_some()),
        Value::Mapping(_) => false,
    })
}

/// For a file without structure: what follows a telling key on its line.
fn guess_secrets(text: &str, blots: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        for key in SECRET_KEYS.iter().copied().chain(["value", "key"]) {
            let Some(at) = lower.find(key) else { continue };
            let Some(colon) = lower.get(at..).and_then(|rest| rest.find(':')) else {
                continue;
            };
            let from = start + at + colon + 1;
            let end = start + line.trim_end().len();
            if from < end
                && !text
                    .get(from..end)
                    .is_some_and(|rest| is_reference(rest.trim()))
            {
                blots.push(from..end);
            }
            break;
        }
        start += line.len();
    }
}

/// Replaces ranges by asterisks, byte by byte, so that offsets and line breaks stay.
fn blot_out(text: &str, blots: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for blot in blots {
        if let Some(part) = bytes.get_mut(blot.clone()) {
            for byte in part {
                if !matches!(byte, b'\n' | b'\r' | b'"' | b'\'') {
                    *byte = b'*';
                }
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}
