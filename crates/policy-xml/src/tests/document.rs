//! The shape of documents: roots, nesting, comments, spans, limits.

use super::{clean, dump, read, summary};
use crate::{Limits, Node, SourceFile, Text, TextKind, parse_with};

const POLICY: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- ours -->
<policies>
    <inbound>
        <base />
        <set-header name='x' exists-action="override"><value>@("<" + 'a')</value></set-header>
        <?keep this?>
    </inbound>
</policies>
<!-- end -->
"#;

#[test]
fn every_part_of_a_document_is_kept() {
    insta::assert_snapshot!(dump(&clean(POLICY)), @r#"
    pi "xml version=\"1.0\" encoding=\"utf-8\""
    comment " ours "
    ---
    <policies>
      Literal "\n    " cdata=false []
      <inbound>
        Literal "\n        " cdata=false []
        <base />
        Literal "\n        " cdata=false []
        <set-header>
          name='\'' Literal "x" []
          exists-action='"' Literal "override" []
          <value>
            Expression "@(\"<\" + 'a')" cdata=false []
        Literal "\n        " cdata=false []
        pi "keep this"
        Literal "\n    " cdata=false []
      Literal "\n" cdata=false []
    ---
    comment " end "
    "#);
}

#[test]
fn byte_order_mark_and_line_ends_change_nothing() {
    let crlf = format!("\u{FEFF}{}", POLICY.replace('\n', "\r\n"));
    assert_eq!(dump(&clean(&crlf)), dump(&clean(POLICY)));
    assert_eq!(
        dump(&clean(&POLICY.replace('\n', "\r"))),
        dump(&clean(POLICY))
    );
}

#[test]
fn any_root_is_read() {
    for root in ["policies", "fragment", "choose", "xsl:stylesheet"] {
        assert_eq!(clean(&format!("<{root}/>")).root.name, root);
    }
}

#[test]
fn spans_cover_what_they_name() {
    let document = clean(POLICY);
    let slice = |range: std::ops::Range<usize>| &POLICY[range];
    let inbound = document.root.element("inbound").unwrap();
    let header = inbound.element("set-header").unwrap();
    assert_eq!(slice(header.name_span.clone()), "set-header");
    assert!(slice(header.span.clone()).starts_with("<set-header "));
    assert!(slice(header.span.clone()).ends_with("</set-header>"));
    assert_eq!(
        slice(header.content.clone()),
        "<value>@(\"<\" + 'a')</value>"
    );
    let action = header.attribute("exists-action").unwrap();
    assert_eq!(slice(action.span.clone()), "exists-action=\"override\"");
    assert_eq!(slice(action.name_span.clone()), "exists-action");
    assert_eq!(slice(action.value.span()), "override");
    assert_eq!(header.attribute("name").unwrap().quote, '\'');
    let base = inbound.element("base").unwrap();
    assert_eq!(slice(base.span.clone()), "<base />");
    assert!(base.self_closing && base.content.is_empty());
    assert_eq!(slice(document.prolog[1].span()), "<!-- ours -->");
    assert_eq!(document.epilog.len(), 1);
}

#[test]
fn accessors_find_children_and_text() {
    let document = clean("<a> <b/>x<c i='1'/><b/></a>");
    let root = &document.root;
    let names: Vec<&str> = root
        .elements()
        .map(|element| element.name.as_str())
        .collect();
    assert_eq!(names, ["b", "c", "b"]);
    assert!(root.has_elements());
    assert_eq!(root.stray_text().unwrap().value(), "x");
    assert!(root.attribute("i").is_none() && root.element("d").is_none());
    assert_eq!(root.text(&document.file).value(), " x");
    let empty = root.element("b").unwrap().text(&document.file);
    assert!(empty.is_blank());
    assert_eq!(empty.span(), 8..8);
    assert!(matches!(root.children[0], Node::Text(_)));
}

#[test]
fn raw_content_is_the_text_between_the_tags() {
    let source =
        "<set-body>\r\n<soap:Envelope a=\"{{v}}\">&lt;<!-- c --></soap:Envelope></set-body>";
    let document = clean(source);
    let raw = document.root.raw_content(&document.file);
    assert_eq!(
        raw.value(),
        "\n<soap:Envelope a=\"{{v}}\">&lt;<!-- c --></soap:Envelope>"
    );
    let name = &raw.placeholders()[0];
    assert_eq!(name.name, "v");
    assert_eq!(&source[raw.source_range(name.range.clone())], "{{v}}");
    assert_eq!(raw.kind(), TextKind::Literal);
}

#[test]
fn text_of_another_reader_maps_to_its_place() {
    let file = SourceFile::new("service.yaml", "url: \"\\x40(1)\"");
    let text = Text::decoded(&file, 5..14, "@(1) ");
    assert_eq!(text.kind(), TextKind::Expression);
    assert_eq!(text.source_offset(3), 5);
    assert_eq!(text.source_range(1..2), 5..14);
    assert_eq!(Text::verbatim(&file, 900..901).value(), "");
}

#[test]
fn size_limit_is_checked_before_reading() {
    let limits = Limits {
        max_bytes: 10,
        ..Limits::default()
    };
    let parsed = parse_with(&SourceFile::new("p", "<policies/>"), &limits);
    assert!(parsed.document.is_none());
    assert_eq!(summary(&parsed), ["document-too-large 1:1"]);
    assert!(!parse_with(&SourceFile::new("p", "<policy/>"), &limits).has_errors());
}

#[test]
fn depth_limit_stops_the_reader() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read(&nested(256)).diagnostics.is_empty());
    let parsed = read(&nested(257));
    assert_eq!(summary(&parsed), ["nested-too-deep 1:770"]);
    assert!(parsed.document.is_some());
    assert!(read(&"<a>".repeat(300_000)).document.is_some());
}

#[test]
fn error_limit_stops_the_reader() {
    let parsed = read(&format!("<x>{}</x>", "&bad;".repeat(5_000)));
    assert_eq!(parsed.diagnostics.len(), 101);
    assert_eq!(parsed.diagnostics[100].code, "too-many-errors");
}

#[test]
fn many_attributes_of_one_element_are_read() {
    let attributes: String = (0..20_000).map(|i| format!(" a{i}='{i}'")).collect();
    let document = clean(&format!("<x{attributes}/>"));
    assert_eq!(document.root.attributes.len(), 20_000);
}

#[test]
fn expressions_without_end_do_not_cost_the_square_of_the_size() {
    for part in [
        "<a>@(1/*&#42;/)</a>",
        "<a x='@(/*'/>",
        "<a>@($\"{</a>",
        "<a x=\"@(@'\"/>",
    ] {
        let count = 1_000_000 / part.len();
        let text = format!("<r>{}*/ &amp;</r>", part.repeat(count));
        let parsed = read(&text);
        assert!(parsed.diagnostics.len() <= 101, "{part}");
    }
}

#[test]
fn an_attribute_swallowed_by_a_missing_quote_is_read_all_the_same() {
    let root = read("<a b=\"1 c=\"2\"/>").document.unwrap().root;
    assert_eq!(root.attribute("b").unwrap().value.value(), "1");
    assert_eq!(root.attribute("c").unwrap().value.value(), "2");
}

#[test]
fn text_parted_by_many_comments_is_joined_once() {
    let document = clean("<a>@(1)<!-- c --></a>");
    assert_eq!(document.root.text(&document.file).value(), "@(1)");
    let document = clean(&format!("<a>{}</a>", "x <!-- c -->".repeat(50_000)));
    assert_eq!(document.root.text(&document.file).value().len(), 100_000);
}
