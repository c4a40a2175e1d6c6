//! `{{name}}` found and put in place.

use std::sync::Arc;

use super::{clean, read, summary};
use crate::{NamedValue, Resolved, Text, TextKind, Unknown, render};

const VALUES: [(&str, &str, bool); 9] = [
    ("host", "example.org", false),
    ("Key-1", "s3cr3t", true),
    ("now", "@(DateTime.UtcNow.ToString())", false),
    ("markup", "<a b=\"&amp;\">{{host}}", false),
    ("quote", "a\"b", true),
    ("open", "@(x", true),
    ("number", "3", false),
    ("bearer", "Bearer @(x)", false),
    ("call", "(1 + 2)", false),
];

fn lookup(name: &str) -> Option<NamedValue> {
    VALUES
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, text, secret)| NamedValue {
            text: Arc::from(*text),
            secret: *secret,
        })
}

fn text(written: &str) -> Text {
    let document = clean(&format!("<x a={written}/>"));
    document.root.attribute("a").unwrap().value.clone()
}

fn resolved(written: &str) -> Resolved {
    text(written)
        .substitute(&mut lookup, Unknown::Error)
        .unwrap()
}

fn names(text: &Text) -> Vec<(&str, bool)> {
    text.placeholders()
        .iter()
        .map(|found| (found.name.as_str(), found.inside_interpolated_string))
        .collect()
}

#[test]
fn names_are_found_wherever_a_value_may_stand() {
    assert_eq!(
        names(&text("'https://{{host}}/{{ Key-1 }}'")),
        [("host", false), ("Key-1", false)]
    );
    let code = text(
        r#"'@{ var k = {{number}}; /* {{a}} */ return "{{b}}" + @"{{c}}" + $"{{d}} {x:{{e}}} { {{f}} }" + '{{h}}'; // {{g}}
}'"#,
    );
    assert_eq!(code.kind(), TextKind::Expression);
    assert_eq!(
        names(&code),
        [
            ("number", false),
            ("a", false),
            ("b", false),
            ("c", false),
            ("d", true),
            ("e", true),
            ("f", false),
            ("h", false),
            ("g", false)
        ]
    );
}

#[test]
fn braces_that_hold_no_name_are_left_alone() {
    for written in [
        "'{{}}'",
        "'{{ }}'",
        "'{{a|b}}'",
        "'{ {a} }'",
        "'{{\"a\":1}}'",
        "'{{a}'",
        r#"'@(new Dictionary<string, string>{{"a", "b"}})'"#,
        r#"'@($"{{{x}}}")'"#,
        "'@(x => {{ return 1; }})'",
    ] {
        assert!(text(written).placeholders().is_empty(), "{written}");
    }
    assert_eq!(names(&text("'{{{host}}}'")), [("host", false)]);
}

#[test]
fn values_are_inserted_into_the_decoded_text() {
    let value = resolved("'a &lt; {{markup}} {{host}}'");
    assert_eq!(value.text(), "a < <a b=\"&amp;\">{{host}} example.org");
    assert!(!value.is_expression() && !value.is_secret());
    assert_eq!(value.inserted(), ["markup", "host"]);
}

#[test]
fn offsets_in_an_inserted_value_lead_to_its_placeholder() {
    let source = "<x a='&amp;{{host}}/z'/>";
    let document = clean(source);
    let value = document.root.attributes[0]
        .value
        .substitute(&mut lookup, Unknown::Error)
        .unwrap();
    assert_eq!(value.text(), "&example.org/z");
    for at in 1..12 {
        assert_eq!(&source[value.source_range(at..at + 1)], "{{host}}");
    }
    assert_eq!(&source[value.source_range(0..1)], "&amp;");
    assert_eq!(&source[value.source_range(13..14)], "z");
    assert_eq!(value.source_offset(5), 11);
    assert_eq!(&source[value.source_range(0..14)], "&amp;{{host}}/z");
}

#[test]
fn a_value_can_be_or_become_an_expression() {
    let whole = resolved("' {{now}} '");
    assert_eq!(whole.expression(), Some("@(DateTime.UtcNow.ToString())"));
    let joined = resolved("'@{{call}}'");
    assert_eq!(joined.expression(), Some("@(1 + 2)"));
    let inside = resolved("' @(f({{number}}, \"{{host}}\"))'");
    assert_eq!(inside.expression(), Some("@(f(3, \"example.org\"))"));
    let source = "<x a=' @(f({{number}}, \"{{host}}\"))'/>";
    assert_eq!(&source[inside.expression_range(4..5)], "{{number}}");
    assert_eq!(&source[inside.expression_range(2..3)], "f");
    assert!(!resolved("'{{host}}'").is_expression());
    assert_eq!(resolved("'{{host}}'").expression(), None);
}

#[test]
fn what_no_name_stands_in_is_taken_as_it_is() {
    let value = resolved("'@(\"{{\" + x + \"}}\")'");
    assert!(value.is_expression() && value.inserted().is_empty());
}

#[test]
fn an_unknown_name_is_an_error_at_its_place() {
    let source = "<x a='{{hots}} {{gone}} {{my name}}'/>";
    let parsed = read(source);
    let text = parsed.document.unwrap().root.attributes[0].value.clone();
    let errors = text
        .substitute(&mut lookup, Unknown::ErrorAmong(&["host", "Key-1"]))
        .unwrap_err();
    let shown: Vec<String> = errors.iter().map(|error| render(error, false)).collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    error[unknown-named-value]: Cannot find a property 'hots'
     --> policy.xml:1:7
      |
    1 | <x a='{{hots}} {{gone}} {{my name}}'/>
      |       ^^^^^^^^ no named value has this display name
      |
      = help: a named value with a similar name exists: `{{host}}` (names are case-sensitive)

    error[unknown-named-value]: Cannot find a property 'gone'
     --> policy.xml:1:16
      |
    1 | <x a='{{hots}} {{gone}} {{my name}}'/>
      |                ^^^^^^^^ no named value has this display name

    error[unknown-named-value]: Cannot find a property 'my name'
     --> policy.xml:1:25
      |
    1 | <x a='{{hots}} {{gone}} {{my name}}'/>
      |                         ^^^^^^^^^^^ no named value has this display name
    "#);
}

#[test]
fn in_an_interpolated_string_an_unknown_name_is_a_pair_of_braces() {
    let value = resolved(r#"'@($"{{host}} {{unknown}}")'"#);
    assert_eq!(value.expression(), Some(r#"@($"example.org {{unknown}}")"#));
    let errors = text(r#"'@("{{unknown}}")'"#)
        .substitute(&mut lookup, Unknown::Error)
        .unwrap_err();
    assert_eq!(errors[0].code, "unknown-named-value");
}

#[test]
fn liquid_keeps_what_is_unknown() {
    let value = text("'{{body.name}} {{host}} {{ a | Upcase }}'")
        .substitute(&mut lookup, Unknown::Keep)
        .unwrap();
    assert_eq!(value.text(), "{{body.name}} example.org {{ a | Upcase }}");
}

#[test]
fn a_value_that_breaks_an_expression_is_named_but_not_shown() {
    for written in ["'@(f(\"{{quote}}\"))'", "'{{open}}'"] {
        let errors = text(written)
            .substitute(&mut lookup, Unknown::Error)
            .unwrap_err();
        assert_eq!(errors[0].code, "unbalanced-expression");
        let shown = render(&errors[0], false);
        assert!(shown.contains("named value '"), "{shown}");
        assert!(!shown.contains("a\"b") && !shown.contains("@(x"), "{shown}");
    }
}

#[test]
fn a_value_that_mixes_text_and_expression_is_warned_of() {
    let value = resolved("'{{bearer}}'");
    assert!(!value.is_expression());
    assert_eq!(value.warnings()[0].code, "mixed-expression");
    assert!(resolved("'{{host}}'").warnings().is_empty());
}

#[test]
fn a_text_already_reported_gives_no_second_error() {
    let parsed = read("<x a='@(f({{host}})'/>");
    assert_eq!(summary(&parsed), ["unbalanced-expression 1:8"]);
    let text = &parsed.document.unwrap().root.attributes[0].value;
    assert!(text.is_broken());
    assert!(
        text.substitute(&mut lookup, Unknown::Error)
            .unwrap_err()
            .is_empty()
    );
}

#[test]
fn secrets_never_show_in_debug_output() {
    let value = resolved("'{{Key-1}}'");
    assert!(value.is_secret());
    let shown = format!("{value:?} {:?}", lookup("Key-1"));
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(format!("{:?}", resolved("'{{host}}'")).contains("example.org"));
}
