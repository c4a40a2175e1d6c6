//! Policy documents: any text is read without panic, and reading, printing and reading again gives the same tree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::bound_memory;
use tidegate_policy_xml::{
    Document, Element, Node, SourceFile, Text, parse, print, render, source_from_bytes, to_json,
};

fuzz_target!(init: bound_memory(), |bytes: &[u8]| {
    let file = match source_from_bytes("policy.xml", bytes) {
        Ok(file) => file,
        Err(diagnostic) => {
            render(&diagnostic, true);
            return;
        }
    };
    let parsed = parse(&file);
    for diagnostic in &parsed.diagnostics {
        render(diagnostic, false);
        to_json(diagnostic);
        if let Some(place) = &diagnostic.place {
            assert!(file.text().get(place.range.clone()).is_some(), "{diagnostic:?}");
        }
    }
    if let Some(document) = &parsed.document {
        let printed = print(document);
        let again = parse(&SourceFile::new("printed.xml", printed.as_str())).document;
        let again = again.expect("what was printed has a root");
        assert_eq!(tree(document), tree(&again), "printed as {printed}");
    }
});

/// All that a document means, without its places.
fn tree(document: &Document) -> String {
    let mut out = String::new();
    nodes(&document.prolog, &mut out);
    element(&document.root, &mut out);
    nodes(&document.epilog, &mut out);
    out
}

fn nodes(list: &[Node], out: &mut String) {
    for node in list {
        match node {
            Node::Element(inner) => element(inner, out),
            Node::Text(inner) => text(inner, out),
            Node::Comment { text, .. } => out.push_str(&format!("comment {text:?}\n")),
            Node::ProcessingInstruction { text, .. } => {
                out.push_str(&format!("instruction {text:?}\n"))
            }
        }
    }
}

fn element(element: &Element, out: &mut String) {
    out.push_str(&format!("element {:?}\n", element.name));
    for attribute in &element.attributes {
        out.push_str(&format!("attribute {:?} ", attribute.name));
        text(&attribute.value, out);
    }
    nodes(&element.children, out);
    out.push_str("end\n");
}

fn text(text: &Text, out: &mut String) {
    out.push_str(&format!("{:?} {:?}\n", text.kind(), text.value()));
}
