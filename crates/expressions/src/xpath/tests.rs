//! What cases of expressions cannot show: limits, and that no text makes it panic.

use proptest::prelude::*;

use super::{Budget, Expression, Value};
use crate::fault::FaultKind;
use crate::runtime::{Fault, R};
use crate::xml::{XNode, parse_document};

/// Pays for so many steps.
struct Purse(u64);

impl Budget for Purse {
    fn pay(&mut self, steps: u64) -> R<()> {
        match self.0.checked_sub(steps) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Fault::invalid_operation("spent")),
        }
    }
}

fn document() -> XNode {
    parse_document(
        "<a k='1' xmlns:p='urn:p'>t<b>1</b><!--c--><p:b p:j='2'><b>3</b></p:b><?i d?></a>",
        false,
    )
    .unwrap()
}

fn message(text: &str) -> String {
    let found = Expression::read(text)
        .and_then(|read| read.evaluate(&document(), None, &mut Purse(1_000_000)));
    match found.err().map(|fault| fault.kind().clone()) {
        Some(FaultKind::Thrown(exception, _)) => exception.message.to_string(),
        _ => String::new(),
    }
}

#[test]
fn expressions_that_are_too_deep_or_too_long_are_refused() {
    for text in [
        "(".repeat(100_000),
        "-".repeat(100_000) + "1",
        "1".to_owned() + &" + 1".repeat(50_000),
        "a[".repeat(10_000),
        "(".repeat(300) + "1" + &")".repeat(300),
        "a|".repeat(5_000) + "a",
    ] {
        let found = message(&text);
        assert!(
            found == "The XPath query is too complex." || found.starts_with('\''),
            "{found}"
        );
    }
    // Signs are no nesting.
    assert_eq!(message(&("-".repeat(5_000) + "1")), "");
}

#[test]
fn a_walk_that_visits_too_much_is_stopped() {
    let wide = format!("<a>{}</a>", "<b/>".repeat(2_000));
    let document = parse_document(&wide, false).unwrap();
    let read = Expression::read("//b[count(//b[count(//b) > 0]) > 0]").unwrap();
    assert!(
        read.evaluate(&document, None, &mut Purse(1_000_000))
            .is_err()
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-bp:@*/|()\\[\\]. =<>+$'0-9,!-]{0,24}") {
        let _ = message(&text);
    }

    #[test]
    fn paths_give_nodes_in_document_order_each_once(
        steps in prop::collection::vec(
            (0..13_usize, prop::sample::select(vec!["*", "node()", "b", "text()", "*[1]", "node()[last()]"])),
            1..5,
        ),
    ) {
        const AXES: [&str; 13] = [
            "ancestor", "ancestor-or-self", "attribute", "child", "descendant", "descendant-or-self", "following",
            "following-sibling", "namespace", "parent", "preceding", "preceding-sibling", "self",
        ];
        let path: Vec<String> = steps.iter().map(|(axis, test)| format!("{}::{test}", AXES[*axis])).collect();
        let text = format!("//node()/{}", path.join("/"));
        let document = document();
        let mut order = Vec::new();
        for node in document.descendants(true) {
            order.push(node.identity());
            order.extend(node.attributes().iter().map(XNode::identity));
        }
        let found = Expression::read(&text).and_then(|read| read.evaluate(&document, None, &mut Purse(10_000_000)));
        let Ok(Value::Nodes(nodes)) = found else { panic!("{text}") };
        let places: Vec<usize> = nodes
            .iter()
            .filter(|node| node.namespace_of.is_none())
            .filter_map(|node| order.iter().position(|known| *known == node.node.identity()))
            .collect();
        prop_assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{text}: {places:?}");
    }
}
