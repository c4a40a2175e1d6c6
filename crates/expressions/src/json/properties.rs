//! Properties of any input: no panic, and text that was read prints as itself.

use proptest::prelude::*;

use super::{Formatting, JToken, ReaderOptions, Scalar, parse};
use crate::value::Str;

fn options() -> ReaderOptions {
    ReaderOptions {
        detect_dates: false,
        ..ReaderOptions::default()
    }
}

/// JSON texts with all kinds of values.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|v| v.to_string()),
        any::<i64>().prop_map(|v| v.to_string()),
        any::<f64>()
            .prop_filter("finite", |v| v.is_finite())
            .prop_map(|v| format!("{v:e}")),
        any::<String>().prop_map(|text| {
            let text = JToken::new_value(Scalar::String(text.as_str().into()));
            text.unwrap().to_json(Formatting::None)
        }),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-z .']{0,4}", inner, 0..6).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A change to make somewhere in a tree.
#[derive(Debug, Clone)]
enum Change {
    Add,
    Set(u8),
    Remove,
    Replace,
    Move(usize),
    Merge,
}

fn change() -> impl Strategy<Value = (usize, Change)> {
    let kind = prop_oneof![
        Just(Change::Add),
        any::<u8>().prop_map(Change::Set),
        Just(Change::Remove),
        Just(Change::Replace),
        (0..50_usize).prop_map(Change::Move),
        Just(Change::Merge),
    ];
    (0..50_usize, kind)
}

/// Every child knows its parent, and paths lead back to their tokens.
fn check(root: &JToken) {
    for token in root.descendants(true) {
        for child in token.children() {
            assert!(child.parent().is_some_and(|parent| parent.same(&token)));
        }
        if token.token_type() == super::TokenType::Object {
            for property in token.children() {
                let name = property.name().unwrap_or(Str::EMPTY);
                assert!(
                    token
                        .property(&name)
                        .is_some_and(|found| found.same(&property))
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}:,'"0-9a-zA-Z \\/*.\-+\n\u{e9}\u{1F600}]{0,80}"#) {
        let _ = parse(&text, &ReaderOptions::default());
        let _ = super::parse_object(&text, &ReaderOptions::default());
        let _ = super::parse_content(&text, &ReaderOptions::default());
    }

    #[test]
    fn what_was_read_prints_as_something_equal(text in json()) {
        let token = parse(&text, &options()).unwrap();
        for formatting in [Formatting::None, Formatting::Indented] {
            let again = parse(&token.to_json(formatting), &options()).unwrap();
            prop_assert!(again.deep_equals(&token), "{text}");
        }
        prop_assert!(token.deep_clone().deep_equals(&token));
    }

    #[test]
    fn any_path_is_selected_or_refused(text in json(), path in r"[$@.\[\]()?*:,'0-9a-c &|=<>!~/\-]{0,24}") {
        let token = parse(&text, &options()).unwrap();
        let _ = token.select_tokens(&path, false, 1_000);
        let _ = token.select_tokens(&path, true, 1_000);
    }

    #[test]
    fn paths_lead_to_their_tokens(text in json()) {
        let token = parse(&text, &options()).unwrap();
        for inner in token.descendants(true) {
            if inner.token_type() != super::TokenType::Property && !inner.path().contains('\\') && !odd(&inner) {
                let found = token.select_tokens(&inner.path(), true, 1_000).unwrap();
                prop_assert!(found.len() == 1 && found[0].same(&inner), "{}", inner.path());
            }
        }
    }

    #[test]
    fn changes_leave_a_tree_in_order(text in json(), changes in prop::collection::vec(change(), 0..30)) {
        let root = parse(&text, &options()).unwrap();
        for (at, change) in changes {
            let all = root.descendants(true);
            let token = &all[at % all.len()];
            let value = JToken::new_value(Scalar::int64(1)).unwrap();
            // Many changes are refused for the kind of token; none may do harm.
            let _ = match change {
                Change::Add => token.add(Some(&value)),
                Change::Set(n) => token.set(&format!("k{}", n % 20).into(), Some(&value)),
                Change::Remove => token.remove(),
                Change::Replace => token.replace(Some(&value)),
                Change::Move(to) => token.add(Some(&all[to % all.len()])),
                Change::Merge => token.merge(&root.deep_clone()),
            };
            if root.descendants(true).len() > 2_000 {
                break;
            }
        }
        check(&root.root());
    }
}

/// Names that a path can't spell: empty ones and `*`.
fn odd(token: &JToken) -> bool {
    token
        .ancestors(true)
        .iter()
        .filter_map(JToken::name)
        .any(|name| name.is_empty() || name == *"*")
}
