//! Any text is read without panic, and printing what was read loses nothing.

use proptest::prelude::*;

use super::{clean, dump, read};
use crate::{Diagnostic, SourceFile, parse, print, render, source_from_bytes, to_json};

/// Reading, printing and reading again gives the same tree, whatever was wrong with the text.
fn survives(text: &str) {
    let parsed = read(text);
    for diagnostic in &parsed.diagnostics {
        render(diagnostic, false);
        to_json(diagnostic);
        let place = diagnostic.place.as_ref().expect("a place");
        assert!(
            text.get(place.range.clone()).is_some(),
            "{diagnostic:?} of {text:?}"
        );
    }
    if let Some(document) = parsed.document {
        let printed = print(&document);
        let again = read(&printed).document.expect("a root element");
        assert_eq!(dump(&document), dump(&again), "{text:?}\n{printed}");
    }
}

#[test]
fn odd_texts_survive() {
    for text in [
        "<a b=\"@('&amp;')\">@(&quot;\r\n&quot;)</a>",
        "<a b='@(/*&#13;*/1)'>@{/*&#13;*/}</a>",
        "<a>@(x) trailing \" '</a>",
        "<a>&#64;(not closed</a>",
        "<a b='&#64;{{name}} \n'>&#64;{x</a>",
        "<a>x</b>y</c>@(z)</a>",
        "<a><![CDATA[a]]>]]&gt;<![CDATA[b]]>&#13;</a>",
        "<a b=\"x\r\ny &#13;&#10;\"/>",
        "<a><!-- x",
        "<a><?x",
        "<a b='@(\"<a>\" + x' c=\"@(\"/>",
        "<a>@{ &lt;!-- }</a>",
        "<a b='@(1)@(2)'/>",
        "<é ü='1'/>",
    ] {
        survives(text);
    }
}

/// An expression's code as C#, from parts that are hard to scan.
fn code() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("a".to_owned()),
        Just(" < ".to_owned()),
        Just(" && ".to_owned()),
        Just("\"s(\\\"&amp;'\"".to_owned()),
        Just("@\"v \"\" ) \\\"".to_owned()),
        Just("$\"i {h(\"x\")} {{n}} {d:HH'(} \"".to_owned()),
        Just("$@\"\n{a}\"\"\"".to_owned()),
        Just("'\\''".to_owned()),
        Just("'\"'".to_owned()),
        Just("// line ' \" )\n".to_owned()),
        Just("/* \" &lt; ) */".to_owned()),
        Just("\n\t".to_owned()),
        Just("{{name}}".to_owned()),
        Just("é€".to_owned()),
    ];
    let leaf = proptest::collection::vec(part, 0..6).prop_map(|parts| parts.join(" "));
    leaf.prop_recursive(3, 12, 4, |inner| {
        (inner.clone(), inner, 0..3usize).prop_map(|(a, b, kind)| match kind {
            0 => format!("{a} ({b})"),
            1 => format!("{a} [{b}]"),
            _ => format!("{a} {{ {b} }}"),
        })
    })
}

fn expression() -> impl Strategy<Value = String> {
    (code(), any::<bool>()).prop_map(|(code, block)| {
        if block {
            format!("@{{ {code}}}")
        } else {
            format!("@({code})")
        }
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// A value and one way to write it in an attribute and in text.
fn value() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        expression().prop_map(|code| (code.clone(), code)),
        expression().prop_filter_map("marked as escaped", |code| {
            let written = format!("@&#40;{}", escaped(code.get(2..)?));
            code.starts_with("@(").then_some((code, written))
        }),
        "[ -~éà\n\t]{0,20}".prop_filter_map("begins as an expression", |text| {
            let written = escaped(&text);
            let begins = text.trim_start();
            let is_literal = !begins.starts_with("@(") && !begins.starts_with("@{");
            is_literal.then_some((text, written))
        }),
    ]
}

#[derive(Debug, Clone)]
struct Tree {
    name: String,
    attributes: Vec<(String, String)>,
    text: (String, String),
    children: Vec<Tree>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (
        "[a-z][a-z:-]{0,6}",
        proptest::collection::vec(value(), 0..3),
        value(),
    )
        .prop_map(|(name, attributes, text)| Tree {
            name,
            attributes,
            text,
            children: Vec::new(),
        });
    leaf.prop_recursive(4, 24, 4, |inner| {
        (inner.clone(), proptest::collection::vec(inner, 0..4)).prop_map(|(mut tree, children)| {
            tree.children = children;
            tree
        })
    })
}

impl Tree {
    fn write(&self, out: &mut String) {
        out.push_str(&format!("<{}", self.name));
        for (index, (_, written)) in self.attributes.iter().enumerate() {
            out.push_str(&format!(" a{index}=\"{written}\""));
        }
        out.push('>');
        out.push_str(&self.text.1);
        for child in &self.children {
            child.write(out);
        }
        out.push_str(&format!("</{}>", self.name));
    }

    fn check(&self, element: &crate::Element) {
        assert_eq!(element.name, self.name);
        let values: Vec<&str> = element
            .attributes
            .iter()
            .map(|attribute| attribute.value.value())
            .collect();
        let expected: Vec<&str> = self
            .attributes
            .iter()
            .map(|(value, _)| value.as_str())
            .collect();
        assert_eq!(values, expected);
        let text = element.texts().next().map_or("", |text| text.value());
        assert_eq!(text, self.text.0);
        assert_eq!(element.elements().count(), self.children.len());
        for (child, element) in self.children.iter().zip(element.elements()) {
            child.check(element);
        }
    }
}

/// Text made of what matters to the reader.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("<"),
        Just(">"),
        Just("/>"),
        Just("</"),
        Just("a"),
        Just("b"),
        Just(" "),
        Just("="),
        Just("\""),
        Just("'"),
        Just("@("),
        Just("@{"),
        Just(")"),
        Just("}"),
        Just("{"),
        Just("("),
        Just("["),
        Just("]"),
        Just("{{a}}"),
        Just("{{"),
        Just("}}"),
        Just("$\""),
        Just("@\""),
        Just("\\"),
        Just("&quot;"),
        Just("&amp;"),
        Just("&"),
        Just("&#13;"),
        Just("&#64;"),
        Just(";"),
        Just("<!--"),
        Just("-->"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<?"),
        Just("?>"),
        Just("<!DOCTYPE"),
        Just("\r\n"),
        Just("\n"),
        Just("\r"),
        Just("\t"),
        Just("//"),
        Just("/*"),
        Just("*/"),
        Just("é"),
        Just(":"),
        Just("<a>"),
        Just("</a>"),
        Just("<a b=\""),
        Just("\"/>"),
        Just("-"),
        Just("\u{FEFF}"),
        Just("\u{0}"),
        Just("&lt;"),
        Just("&apos;"),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

const SAMPLE: &str = r#"<policies><inbound><base /><!-- c --><set-variable name="a" value="@(context.Variables.GetValueOrDefault<string>("x") == "y" && $"{z("}")}" != null)" /><choose><when condition='@(a &lt; 1 &amp;&amp; b == &quot;c&quot;)'><set-body><![CDATA[@{ return "<a>"; }]]></set-body></when></choose><set-header name="x-{{name}}"><value>@{
    // comment
    return "a&amp;b";
}</value></set-header></inbound></policies>"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        match source_from_bytes("p", &bytes) {
            Ok(file) => survives(file.text()),
            Err(error) => { render(&error, true); }
        }
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn token_soup_survives_printing(text in soup()) {
        survives(&text);
        survives(&format!("<a>{text}</a>"));
        survives(&format!("<a b=\"{text}\" c='{text}'/>"));
        survives(&format!("<a>@({text})</a>"));
    }

    #[test]
    fn mutated_documents_survive_printing(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..12usize, soup()), 1..4)
    ) {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            text.splice(at..end, inserted.chars().take(6));
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn generated_trees_are_read_as_meant_and_survive_printing(tree in tree()) {
        let mut text = String::new();
        tree.write(&mut text);
        let file = SourceFile::new("p", text.as_str());
        let parsed = parse(&file);
        prop_assert!(!parsed.diagnostics.iter().any(|d| Diagnostic::is_error(d) && d.code != "unbalanced-expression"), "{text}");
        let document = parsed.document.expect("a root element");
        tree.check(&document.root);
        survives(&text);
    }
}

#[test]
fn the_sample_is_clean() {
    let document = clean(SAMPLE);
    assert_eq!(dump(&document), dump(&clean(&print(&document))));
}
