//! From the text of a YAML or JSON file to a tree.
//!
//! JSON goes through the same parser, being YAML. Aliases and merge keys are expanded, within a bound. Values that look
//! like secrets are blotted out of the text that diagnostics show.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};
use tidegate_policy_xml::diagnostic::{Diagnostic, Severity, SourceFile};

use super::blots::{blot_out, find_secrets, guess_secrets};
use super::context::Context;
use super::tree::{Entry, Node, Scalar, Value};
use crate::{Located, Origin};

/// Nodes one file may expand to, aliases included.
const MAX_NODES: usize = 4_000_000;
/// How deep values may nest, aliases included; everything that walks a tree relies on it.
const MAX_DEPTH: usize = 512;

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
    /// Levels of the deepest value in it.
    depth: usize,
}

/// A value that aliases refer to.
#[derive(Clone)]
struct Anchor {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
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
                self.finish(value, range, anchor, 1, 1)?;
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
                    self.finish(
                        value,
                        frame.start..range.end,
                        frame.anchor,
                        size,
                        frame.depth + 1,
                    )?;
                }
            }
            Event::Alias(id) => {
                let Some(anchor) = self.anchors.get(&id).cloned() else {
                    return Err(Finding::error(
                        "syntax",
                        "an alias must not stand inside its own anchor",
                        range,
                    ));
                };
                self.count(anchor.nodes, &range)?;
                if self.stack.len() + anchor.depth > MAX_DEPTH {
                    return Err(Finding::error(
                        "limit-exceeded",
                        format!("values nest deeper than {MAX_DEPTH} levels"),
                        range,
                    ));
                }
                self.add(anchor.node, anchor.depth)?;
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
            depth: 0,
        });
        Ok(())
    }

    fn finish(
        &mut self,
        value: Value,
        range: Range<usize>,
        anchor: usize,
        size: usize,
        depth: usize,
    ) -> Result<(), Finding> {
        let node = Node {
            value,
            origin: Origin::new(self.file, range),
        };
        if anchor != 0 {
            let known = Anchor {
                node: node.clone(),
                nodes: size,
                depth,
            };
            self.anchors.insert(anchor, known);
        }
        self.add(node, depth)
    }

    fn add(&mut self, node: Node, depth: usize) -> Result<(), Finding> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.depth = frame.depth.max(depth);
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
