//! Expressions of the whole library, run under limits: a value, an exception or a limit, in bounded memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_expressions::notation;
use tidegate_fuzz::{Choices, Texts, any_expression, bound_memory, tight};

fuzz_target!(init: bound_memory(), |bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let source = match choices.byte() & 3 {
        0 => choices.rest(),
        _ => any_expression(&mut choices),
    };
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{source}");
    }
    let mut host = Texts::new(&["{\"a\": [1, 2]}", "text", "3"]);
    let line = notation::evaluate(&source, &tight(), &mut host).to_string();
    assert!(!line.is_empty());
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{line}");
    }
});
