//! Properties of any input: no panic, and text that was read prints as something equal.

use proptest::prelude::*;

use super::{parse_document, parse_element};

fn element() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z \n\t]{0,6}".prop_map(|text| text),
        Just("&lt;&amp;&#65;".to_owned()),
        Just("<![CDATA[<x>]]>".to_owned()),
        Just("<!-- c -->".to_owned()),
        Just("<?p d?>".to_owned()),
        Just("<e/>".to_owned()),
    ];
    let inner = leaf.prop_recursive(5, 40, 5, |inner| {
        let attributes = prop::sample::subsequence(
            vec![
                " k='v'",
                " xmlns='urn:d'",
                " xmlns:p='urn:p'",
                " q=\"a&quot;b\"",
                " xml:space='preserve'",
            ],
            0..4,
        );
        ("[a-c]{1,2}", attributes, prop::collection::vec(inner, 0..5)).prop_map(
            |(name, attributes, content)| {
                format!(
                    "<{name}{}>{}</{name}>",
                    attributes.concat(),
                    content.concat()
                )
            },
        )
    });
    inner.prop_map(|content| format!("<r>{content}</r>"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"[<>/=?!\-a-c '"&;#x1:\[\]\n]{0,60}"#) {
        let _ = parse_document(&text, true);
        let _ = parse_element(&text, false);
    }

    #[test]
    fn what_was_read_prints_as_something_equal(text in element()) {
        let element = parse_element(&text, true).unwrap();
        let again = parse_element(&element.to_xml(true), true).unwrap();
        prop_assert!(again.deep_equals(&element), "{text}\n{}", element.to_xml(true));
        prop_assert!(element.deep_clone().deep_equals(&element));
        // Indented text holds the same elements.
        let indented = parse_element(&element.to_xml(false), false).unwrap();
        prop_assert_eq!(indented.elements().len(), element.elements().len());
    }
}
