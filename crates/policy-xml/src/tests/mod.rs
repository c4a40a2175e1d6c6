//! Tests of the reader as a whole: what is read, what is reported, and that printing loses nothing.

mod document;
mod errors;
mod named_values;
mod round_trip;
mod spelling;

use std::fmt::Write;

use crate::{Document, Element, Node, Parsed, SourceFile, parse, render};

pub(crate) fn read(text: &str) -> Parsed {
    parse(&SourceFile::new("policy.xml", text))
}

/// The document of a text without any diagnostic.
pub(crate) fn clean(text: &str) -> Document {
    let parsed = read(text);
    assert!(
        parsed.diagnostics.is_empty(),
        "{text}\n{}",
        rendered(&parsed)
    );
    parsed.document.expect("a root element")
}

pub(crate) fn rendered(parsed: &Parsed) -> String {
    let texts: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, false))
        .collect();
    texts.join("\n\n")
}

/// `code line:column` of each diagnostic.
pub(crate) fn summary(parsed: &Parsed) -> Vec<String> {
    parsed
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().expect("a place");
            let (line, column) = place.file.line_column(place.range.start);
            format!("{} {line}:{column}", diagnostic.code)
        })
        .collect()
}

/// All of a tree but its places.
pub(crate) fn dump(document: &Document) -> String {
    let mut out = String::new();
    for node in &document.prolog {
        dump_node(&mut out, node, 0);
    }
    out.push_str("---\n");
    dump_element(&mut out, &document.root, 0);
    out.push_str("---\n");
    for node in &document.epilog {
        dump_node(&mut out, node, 0);
    }
    out
}

fn dump_element(out: &mut String, element: &Element, depth: usize) {
    let indent = depth * 2;
    let closing = if element.self_closing { " /" } else { "" };
    writeln!(out, "{:indent$}<{}{closing}>", "", element.name).unwrap();
    for attribute in &element.attributes {
        writeln!(
            out,
            "{:indent$}  {}={:?} {:?} {:?} {:?}",
            "",
            attribute.name,
            attribute.quote,
            attribute.value.kind(),
            attribute.value.value(),
            attribute.value.placeholders(),
        )
        .unwrap();
    }
    for child in &element.children {
        dump_node(out, child, depth + 1);
    }
}

fn dump_node(out: &mut String, node: &Node, depth: usize) {
    let indent = depth * 2;
    match node {
        Node::Element(element) => dump_element(out, element, depth),
        Node::Text(text) => writeln!(
            out,
            "{:indent$}{:?} {:?} cdata={} {:?}",
            "",
            text.kind(),
            text.value(),
            text.is_cdata(),
            text.placeholders(),
        )
        .unwrap(),
        Node::Comment { text, .. } => writeln!(out, "{:indent$}comment {text:?}", "").unwrap(),
        Node::ProcessingInstruction { text, .. } => {
            writeln!(out, "{:indent$}pi {text:?}", "").unwrap();
        }
    }
}
