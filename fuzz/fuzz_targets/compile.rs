//! Parser, checker and compiler on any text and on token soup: an expression or diagnostics with places in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_expressions::{Options, Target, compile};
use tidegate_fuzz::{Choices, bound_memory, soup, tight};

const TARGETS: [Target; 5] = [
    Target::Any,
    Target::Bool,
    Target::Int,
    Target::Text,
    Target::Body,
];

fuzz_target!(init: bound_memory(), |bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let mode = choices.byte();
    let source = match mode & 3 {
        0 => choices.rest(),
        1 => format!("@({})", choices.rest()),
        2 => format!("@({})", soup(&mut choices)),
        _ => format!("@{{ {} }}", soup(&mut choices)),
    };
    let target = TARGETS[usize::from(mode >> 2) % TARGETS.len()];
    let options = Options {
        strict: mode & 128 != 0,
        ..tight()
    };
    match compile(&source, target, &options) {
        Ok(expression) => assert_eq!(expression.source(), source),
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty(), "refused without a word: {source}");
            for diagnostic in diagnostics {
                assert!(source.get(diagnostic.range.clone()).is_some(), "{diagnostic:?} of {source:?}");
            }
        }
    }
});
