//! Raw and escaped expressions, in attributes and in text.

use super::{clean, read, summary};
use crate::{Text, TextKind};

/// The attribute `a` of a document that has nothing else.
fn attribute(written: &str) -> Text {
    let document = clean(&format!("<x a={written} b='1'/>"));
    let root = document.root;
    assert_eq!(root.attributes.len(), 2, "{written}");
    root.attribute("a").unwrap().value.clone()
}

fn element_text(written: &str) -> Text {
    let document = clean(&format!("<x>{written}</x>"));
    let text = document.root.text(&document.file).into_owned();
    assert_eq!(document.root.elements().count(), 0, "{written}");
    text
}

#[track_caller]
fn expression(text: &Text, expected: &str) {
    assert_eq!(text.kind(), TextKind::Expression);
    assert_eq!(text.value(), expected);
}

/// Raw code is taken as it stands in a double-quoted and a single-quoted attribute and in text.
#[track_caller]
fn raw(code: &str) {
    expression(&attribute(&format!("\"{code}\"")), code);
    expression(&attribute(&format!("'{code}'")), code);
    expression(&element_text(code), code);
}

#[test]
fn raw_code_needs_no_escaping() {
    raw(r#"@(context.Variables.GetValueOrDefault<string>("x") == "y" && 1 < 2)"#);
    raw(r#"@(a < b && c > d || e << 2 >= 4)"#);
    raw(r#"@(x.Where(y => y.Length > 3).Select<int, List<string>>(z => null))"#);
    raw("@{ return a & b; }");
    raw("@(a &lt)");
    raw("@(x)");
}

#[test]
fn brackets_in_strings_characters_and_comments_do_not_count() {
    raw(r#"@("(" + '(' + ')' + "]}" + @"C:\(")"#);
    raw(r#"@("\"(" + '\'' + '"' + '\\' + "\\")"#);
    raw(r#"@(@"a ""(quoted"" text" + 1)"#);
    raw("@{ // a comment with ' and \" and (\n return 1; /* } ) \" */ }");
    raw("@{ var url = \"http://x\"; return url; }");
    raw("@(@if + @\"x\" + a / b)");
}

#[test]
fn interpolated_strings_are_followed_into_their_holes() {
    raw(r#"@($"a {b} c")"#);
    raw(r#"@($"{(a ? "x)" : "y}")}")"#);
    raw(r#"@($"{{literal}} {x,10:yyyy-MM-dd'T'HH:mm} )")"#);
    raw(r#"@($"{d["k"]} {$"{inner("}")}"}")"#);
    raw(r#"@($@"{a} ""quoted("" \")"#);
    raw(r#"@(@$"{a} "" \")"#);
    raw(r#"@($"{new[]{1,2}.Length} {global::System.Math.Abs(1)}")"#);
    raw(r#"@($"}} {{ {x}}}")"#);
    raw(r#"@($"\"{x}\"")"#);
}

#[test]
fn white_space_around_an_expression_belongs_to_the_value_only() {
    let text = element_text("\r\n   @(a\r\n < b)  \n");
    expression(&text, "\n   @(a\n < b)  \n");
    assert_eq!(text.trimmed(), "@(a\n < b)");
    expression(&attribute("\" @(1) \""), " @(1) ");
    expression(&element_text("&#10; @(1)&#x20;&#13;"), "\n @(1) \r");
}

#[test]
fn line_ends_in_expressions_are_kept_as_one_character() {
    expression(
        &attribute("\"@{\r\n // why\r\n\treturn 1;\r}\""),
        "@{\n // why\n\treturn 1;\n}",
    );
}

#[test]
fn white_space_in_literal_attributes_is_normalised() {
    let text = attribute("\"a\r\nb\tc\nd&#10;e&#9;f\"");
    assert_eq!(text.value(), "a b c d\ne\tf");
    assert_eq!(text.kind(), TextKind::Literal);
}

#[test]
fn the_escaped_spelling_is_decoded_once() {
    let strict = "@(a &lt; b &amp;&amp; c.As&lt;string&gt;(&quot;x&quot;) == &apos;(&apos;)";
    let code = "@(a < b && c.As<string>(\"x\") == '(')";
    expression(&attribute(&format!("\"{strict}\"")), code);
    expression(&element_text(strict), code);
    expression(
        &attribute("\"@(&quot;)&quot; + &#34;(&#x22;)\""),
        "@(\")\" + \"(\")",
    );
    expression(
        &attribute("\"@{&#xA;// c&#10;return &quot;&amp;lt;&quot;;}\""),
        "@{\n// c\nreturn \"&lt;\";}",
    );
}

#[test]
fn one_expression_may_mix_both_spellings() {
    expression(
        &attribute(r#""@(v.Get<string>("x") == "a&lt;" &amp;&amp; b < 3)""#),
        r#"@(v.Get<string>("x") == "a<" && b < 3)"#,
    );
    expression(
        &attribute("'@(x == \"say \\&quot;hi\\&quot;\")'"),
        "@(x == \"say \\\"hi\\\"\")",
    );
    expression(&attribute("\"@(x == '&quot;')\""), "@(x == '\"')");
}

#[test]
fn references_in_the_strings_of_raw_code_stay_as_typed() {
    raw(r#"@(s.Replace("&quot;", "'").Replace("&amp;", "&"))"#);
    raw(r#"@(@"&lt;" + $"&gt;{x}&#10;")"#);
    raw("@{ /* &amp; */ return 1; // &quot;\n }");
}

#[test]
fn each_expression_decides_for_itself() {
    let document = clean(
        r#"<x a="@(p("&amp;"))" b="@(p(&quot;&amp;&quot;))" c="R&amp;D">@("&lt;")<y>@(&quot;&lt;&quot;)</y></x>"#,
    );
    let values: Vec<&str> = document
        .root
        .attributes
        .iter()
        .map(|attribute| attribute.value.value())
        .collect();
    assert_eq!(values, [r#"@(p("&amp;"))"#, r#"@(p("&"))"#, "R&D"]);
    assert_eq!(
        document.root.texts().next().unwrap().value(),
        r#"@("&lt;")"#
    );
    let inner = document.root.element("y").unwrap();
    assert_eq!(inner.text(&document.file).value(), r#"@("<")"#);
}

#[test]
fn cdata_is_taken_as_its_content() {
    expression(
        &element_text("\n <![CDATA[@(a < b && c(\"&amp;\"))]]>\n"),
        "\n @(a < b && c(\"&amp;\"))\n",
    );
    expression(
        &element_text("<![CDATA[@(x[y[0]]]]><![CDATA[> 1)]]>"),
        "@(x[y[0]]> 1)",
    );
    expression(&element_text("@(a + <![CDATA[\"<\"]]>)"), "@(a + \"<\")");
    let text = element_text("a &lt; <![CDATA[<b>&lt;</b>]]> c");
    assert_eq!(text.value(), "a < <b>&lt;</b> c");
    assert!(text.is_cdata());
    assert_eq!(element_text("<![CDATA[]]>").value(), "");
}

#[test]
fn markup_in_the_strings_of_text_expressions_is_no_markup() {
    raw(r#"@("<value>" + x + "</value>")"#);
    raw(r#"@($"<a href='{x}'>{y}</a><!-- {z} -->")"#);
    raw("@(\"<![CDATA[\" + x + \"]]>\")");
}

#[test]
fn a_comment_beside_an_expression_leaves_it_one() {
    let text = element_text("<!-- why --> @(1 < 2) <!-- so -->");
    assert_eq!(text.kind(), TextKind::Expression);
    assert_eq!(text.trimmed(), "@(1 < 2)");
}

#[test]
fn values_that_only_begin_like_expressions_are_literal() {
    for literal in [
        "@",
        "@ (x)",
        "a@(",
        "me@example.org",
        "@[x]",
        "@{{name}}",
        "user@{{domain}}",
    ] {
        let text = attribute(&format!("\"{literal}\""));
        assert_eq!(text.kind(), TextKind::Literal, "{literal}");
        assert_eq!(text.value(), literal);
    }
    expression(&attribute("\"&#64;(1)\""), "@(1)");
}

#[test]
fn mixed_text_is_literal_with_a_warning() {
    for (written, value) in [
        (r#""Bearer @(x)""#, "Bearer @(x)"),
        (r#""Bearer @(f("x"))""#, "Bearer @(f(\"x\"))"),
        (r#""@(x) and more""#, "@(x) and more"),
        (r#""@("a&amp;b") more""#, "@(\"a&b\") more"),
        ("'@(x)\nmore'", "@(x) more"),
    ] {
        let parsed = read(&format!("<x a={written} b='1'/>"));
        assert_eq!(summary(&parsed).len(), 1, "{written}");
        assert_eq!(parsed.diagnostics[0].code, "mixed-expression");
        assert!(!parsed.has_errors());
        let root = parsed.document.unwrap().root;
        let text = &root.attribute("a").unwrap().value;
        assert_eq!((text.kind(), text.value()), (TextKind::Literal, value));
        assert_eq!(root.attributes.len(), 2);
    }
    let parsed = read("<x>@(\"a&amp;b\") &amp; more</x>");
    assert_eq!(summary(&parsed), ["mixed-expression 1:4"]);
    let document = parsed.document.unwrap();
    assert_eq!(
        document.root.text(&document.file).value(),
        "@(\"a&b\") & more"
    );
}

#[test]
fn offsets_lead_back_to_the_document() {
    let source = "<x a=\"@(p &lt; &quot;é&quot;\r\n + q)\">k &amp;&#x20AC; z</x>";
    let document = clean(source);
    let text = &document.root.attribute("a").unwrap().value;
    for (decoded, written) in [
        ("p <", "p &lt;"),
        ("\"é\"", "&quot;é&quot;"),
        ("+ q", "+ q"),
    ] {
        let at = text.value().find(decoded).unwrap();
        let range = text.source_range(at..at + decoded.len());
        assert_eq!(&source[range], written);
    }
    assert_eq!(&source[text.span()], "@(p &lt; &quot;é&quot;\r\n + q)");
    let text = document.root.text(&document.file);
    assert_eq!(text.value(), "k &€ z");
    let at = text.value().find('€').unwrap();
    assert!(source[text.source_offset(at)..].starts_with("&#x20AC;"));
    assert!(source[text.source_offset(at + 3)..].starts_with(" z</x>"));
    assert!(source[text.source_offset(99)..].starts_with("</x>"));
}
