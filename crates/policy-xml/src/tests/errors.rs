//! What is wrong with a document, and that all of it is reported.

use super::{read, rendered, summary};
use crate::{Diagnostic, Label, SourceFile, render, to_json};

#[track_caller]
fn errors(text: &str, expected: &[&str]) {
    let parsed = read(text);
    assert_eq!(summary(&parsed), expected, "{text}\n{}", rendered(&parsed));
}

#[test]
fn all_errors_of_a_document_are_reported_at_once() {
    let parsed = read(
        r#"<policies>
    <inbound>
        <set-header name=x name="y">
            <value>@(context.Get("a")</value>
        </set-hedaer>
        <set-body>R&D</set-body>
        <choose>
            <when condition="@(a == b))" id="1">
                <base>
            </when>
        </choose>
    </inbound>
    <outbound a="1 />
</policies>
<policies />"#,
    );
    insta::assert_snapshot!(rendered(&parsed), @r#"
    error[missing-quote]: the value of 'name' must stand in quotes
     --> policy.xml:3:26
      |
    3 |         <set-header name=x name="y">
      |                          ^

    error[duplicate-attribute]: the attribute 'name' is given twice
     --> policy.xml:3:28
      |
    3 |         <set-header name=x name="y">
      |                     ----   ^^^^
      |                     |
      |                     first given here

    error[unbalanced-expression]: the expression has no end: this `(` is never closed
     --> policy.xml:4:21
      |
    4 |             <value>@(context.Get("a")</value>
      |                     ^ opened here    - the value ends here

    error[mismatched-end-tag]: `</set-hedaer>` does not fit the start tag `<set-header>`
     --> policy.xml:5:9
      |
    3 |         <set-header name=x name="y">
      |          ---------- opened here
    4 |             <value>@(context.Get("a")</value>
    5 |         </set-hedaer>
      |         ^^^^^^^^^^^^^
      |
      = help: write `</set-header>`

    error[bare-ampersand]: `&` must be written `&amp;`, except in an expression
     --> policy.xml:6:20
      |
    6 |         <set-body>R&D</set-body>
      |                    ^

    error[unbalanced-expression]: the expression ends before the value does
     --> policy.xml:8:39
      |
    8 |             <when condition="@(a == b))" id="1">
      |                                      -^ this is behind its end
      |                                      |
      |                                      the expression ends here
      |
      = help: remove the bracket too many, or join the parts in one expression

    error[unclosed-element]: `<base>` is never closed
      --> policy.xml:9:18
       |
     9 |                 <base>
       |                  ^^^^
    10 |             </when>
       |             ------- `</when>` comes first
       |
       = help: add `</base>`, or end the tag with `/>`

    error[missing-quote]: the attribute value has no closing `"`
      --> policy.xml:13:17
       |
    13 |     <outbound a="1 />
       |                 ^^^ close the value with `"`

    error[second-root]: a document has one root element, and this is a second one
      --> policy.xml:15:2
       |
     1 | <policies>
       |  -------- the first one
    ...
    15 | <policies />
       |  ^^^^^^^^
       |
       = help: put all of them in one `<policies>` or `<fragment>` element
    "#);
}

#[test]
fn the_tree_of_a_broken_document_is_still_useful() {
    let parsed = read("<policies><inbound><a x='1' x='2'><b></inbound><outbound><c/></policies>");
    let root = parsed.document.unwrap().root;
    let inbound = root.element("inbound").unwrap();
    let a = inbound.element("a").unwrap();
    assert_eq!(a.attribute("x").unwrap().value.value(), "1");
    assert!(a.element("b").is_some());
    assert!(root.element("outbound").unwrap().element("c").is_some());
}

#[test]
fn tags_that_do_not_fit() {
    errors("<a><b></a>", &["unclosed-element 1:5"]);
    errors("<a><b></B></a>", &["mismatched-end-tag 1:7"]);
    errors("<a></zzz></a>", &["unmatched-end-tag 1:4"]);
    errors("<a>", &["unclosed-element 1:2"]);
    errors("<a></a", &["malformed-end-tag 1:4"]);
    errors("<a></a b>", &["malformed-end-tag 1:4"]);
    errors("<a></></a>", &["malformed-end-tag 1:4"]);
    errors("</a>", &["unmatched-end-tag 1:1"]);
    errors("<a><b</a>", &["unclosed-tag 1:4", "unclosed-element 1:5"]);
    errors("<a", &["unclosed-tag 1:1"]);
}

#[test]
fn attributes_that_are_malformed() {
    errors("<a b/>", &["attribute-without-value 1:4"]);
    errors("<a b= c='1'/>", &["attribute-without-value 1:4"]);
    errors("<a b=1 c='2'/>", &["missing-quote 1:6"]);
    errors("<a b=@(f(\" \")) c='2'/>", &["missing-quote 1:6"]);
    errors("<a b='1'c='2'/>", &["missing-space 1:9"]);
    errors("<a b='1' b='2'/>", &["duplicate-attribute 1:10"]);
    errors("<a b='1/>", &["missing-quote 1:6"]);
    errors("<a b='1><c d='2'/></a>", &["missing-quote 1:6"]);
    errors("<a b='1 c='2'/>", &["missing-quote 1:6"]);
    errors("<a b='1\n c='2' d='3'/>", &["missing-quote 1:6"]);
    errors("<a {{x}}='1'/>", &["unexpected-character 1:4"]);
    errors("<a><{{x}}/></a>", &["stray-less-than 1:4"]);
    errors("<a b='x<y'/>", &["less-than-in-value 1:8"]);
    errors("<a b=\"say \"hi\"\" c='1'/>", &["quote-in-value 1:11"]);
    errors(
        "<a 'x' =''/>",
        &["unexpected-character 1:4", "unexpected-character 1:8"],
    );
}

#[test]
fn text_that_is_malformed() {
    errors("<a>x & y</a>", &["bare-ampersand 1:6"]);
    errors("<a>&nbsp;</a>", &["unknown-reference 1:4"]);
    errors("<a>&#0;</a>", &["unknown-reference 1:4"]);
    errors("<a>1 < 2</a>", &["stray-less-than 1:6"]);
    errors(
        "<a><![CDATA[x</a>",
        &["unclosed-element 1:2", "unclosed-cdata 1:4"],
    );
    errors("<a>\u{1}</a>", &["invalid-character 1:4"]);
    errors("<a>\u{FFFF}</a>", &["invalid-character 1:4"]);
}

#[test]
fn what_cannot_stand_outside_the_root() {
    errors("", &["no-root 1:1"]);
    errors("<!-- only -->", &["no-root 1:1"]);
    errors("text", &["text-outside-root 1:1"]);
    errors("<a/> more", &["text-outside-root 1:6"]);
    errors("<a/><b/><c/>", &["second-root 1:6"]);
    errors(" <?xml version='1.0'?><a/>", &["misplaced-declaration 1:2"]);
    errors("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", &["doctype 1:1"]);
    errors("<a><?1?></a>", &["malformed-processing-instruction 1:4"]);
    errors("<a><!-- x</a>", &["unclosed-markup 1:4"]);
    errors("<a><!-- x -- y --></a>", &["double-hyphen-in-comment 1:11"]);
}

#[test]
fn expressions_without_end() {
    errors("<a b='@(f(x)' c='1'/>", &["unbalanced-expression 1:8"]);
    errors(
        "<a b=\"@(f(\"x\")\" c=\"1\"/>",
        &["unbalanced-expression 1:8"],
    );
    errors("<a b='@{ return (1]; }'/>", &["unbalanced-expression 1:19"]);
    errors("<a b='@(\"x)'/>", &["unbalanced-expression 1:9"]);
    errors("<a b='@(/* x)'/>", &["unbalanced-expression 1:9"]);
    errors("<a>@(f(x)</a>", &["unbalanced-expression 1:5"]);
    errors(
        "<r><a>@(f(</a><a>@(x))</a></r>",
        &["unbalanced-expression 1:10", "unbalanced-expression 1:22"],
    );
    errors("<a>@(x == 'abc)</a>", &["unbalanced-expression 1:11"]);
    errors("<a>@(x))</a>", &["unbalanced-expression 1:8"]);
    errors("<a b='@(x) + @(y)'/>", &["unbalanced-expression 1:12"]);
    errors("<a>@(f(&quot;x&quot;)</a>", &["unbalanced-expression 1:5"]);
    errors(
        "<a>@(1 <!-- no --> + 2)</a>",
        &["comment-in-expression 1:8"],
    );
    errors(
        &format!("<a>@{}1{}</a>", "(".repeat(600), ")".repeat(600)),
        &["unbalanced-expression 1:517"],
    );
    errors("<a><![CDATA[@(x]]></a>", &["unbalanced-expression 1:14"]);
}

#[test]
fn errors_in_strings_and_comments_of_code_are_explained() {
    let parsed = read("<a b='@{\n  return \"x\n;}'>@(\"a\" + 'b</a>");
    insta::assert_snapshot!(rendered(&parsed), @r#"
    error[unbalanced-expression]: the string in the expression has no closing `"`
     --> policy.xml:2:10
      |
    2 |   return "x
      |          ^ begins here
      |
      = help: a string may not go on in the next line, unless it is verbatim: `@"…"`

    error[unbalanced-expression]: the character literal has no closing `'`
     --> policy.xml:3:13
      |
    3 | ;}'>@("a" + 'b</a>
      |             ^ begins here
      |
      = help: C# strings stand in double quotes
    "#);
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let filler = "x".repeat(50_000);
    let parsed = read(&format!("<a b='{filler}' c='1' c='2' d='{filler}'/>"));
    let shown = rendered(&parsed);
    assert!(shown.len() < 2_000, "{}", shown.len());
    assert!(shown.contains("policy.xml:1:50015"), "{shown}");
    assert!(shown.contains("c='1' c='2'"), "{shown}");
}

#[test]
fn a_byte_order_mark_counts_no_column() {
    let parsed = read("\u{FEFF}<a>&</a>");
    assert_eq!(summary(&parsed), ["bare-ampersand 1:4"]);
    assert!(rendered(&parsed).contains("policy.xml:1:4"));
}

#[test]
fn places_far_apart_get_an_excerpt_each() {
    let lines = "\n".repeat(200);
    let parsed = read(&format!("<a>{lines}<b>{lines}</a>"));
    insta::assert_snapshot!(rendered(&parsed), @r#"
    error[unclosed-element]: `<b>` is never closed
       --> policy.xml:201:2
        |
    201 | <b>
        |  ^
        |
        = help: add `</b>`, or end the tag with `/>`
    note: `</a>` comes first
       --> policy.xml:401:1
        |
    401 | </a>
        | ^^^^
    "#);
}

#[test]
fn diagnostics_are_rendered_whatever_their_range() {
    let file = SourceFile::new("p", "ab\né\n");
    for range in [0..0, 4..5, 99..100, 0..99, usize::MAX..usize::MAX] {
        let diagnostic = Diagnostic::error("x", "y").at(&file, range.clone());
        assert!(
            render(&diagnostic, false).starts_with("error[x]: y"),
            "{range:?}"
        );
        assert!(render(&diagnostic, true).contains("\u{1b}["));
        to_json(&diagnostic);
    }
    insta::assert_snapshot!(render(&Diagnostic::warning("w", "no place").help("none"), false), @r#"
    warning[w]: no place
     |
     = help: none
    "#);
}

#[test]
fn control_characters_of_messages_do_not_reach_the_terminal() {
    let file = SourceFile::new("p", "a\u{1b}[31mb");
    let mut diagnostic = Diagnostic::error("x", "bad \u{1b}[31m name").at(&file, 0..1);
    diagnostic.related.push(Label {
        file,
        range: 1..2,
        message: "\u{7}".to_owned(),
    });
    assert!(!render(&diagnostic, false).contains(['\u{1b}', '\u{7}']));
}

#[test]
fn json_has_one_object_with_the_place() {
    let file = SourceFile::new("a/p.xml", "x\n  yé");
    let diagnostic = Diagnostic::error("some-code", "a \"b\"").at(&file, 5..7);
    insta::assert_snapshot!(to_json(&diagnostic), @r#"
    {"file":"a/p.xml","line":2,"column":4,"severity":"error","code":"some-code","message":"a \"b\""}
    "#);
    insta::assert_snapshot!(to_json(&diagnostic.help("do")), @r#"
    {"file":"a/p.xml","line":2,"column":4,"severity":"error","code":"some-code","message":"a \"b\"","help":"do"}
    "#);
    insta::assert_snapshot!(to_json(&Diagnostic::warning("w", "m")), @r#"
    {"file":null,"line":null,"column":null,"severity":"warning","code":"w","message":"m"}
    "#);
}
