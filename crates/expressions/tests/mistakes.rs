//! What is said of mistakes that authors of policies make: code, place, message and help, as snapshots.

use std::fmt::Write;

use tidegate_expressions::{ExpressionDiagnostic, Options, Severity, Target, compile};

/// Each mistake of the file with what is said of it, the place underlined.
fn told(file: &str, target: Target, options: &Options) -> String {
    let mut out = String::new();
    for source in file.lines().filter(|line| line.starts_with('@')) {
        let source = source.replace("␤", "\n");
        let found = match compile(&source, target, options) {
            Ok(expression) => expression.warnings().to_vec(),
            Err(diagnostics) => diagnostics,
        };
        assert!(!found.is_empty(), "nothing is said of {source}");
        for diagnostic in &found {
            show(&source, diagnostic, &mut out);
        }
        out.push('\n');
    }
    out
}

fn show(source: &str, diagnostic: &ExpressionDiagnostic, out: &mut String) {
    let range = diagnostic.range.clone();
    assert!(source.get(range.clone()).is_some(), "{diagnostic:?}");
    let start = source[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line = source[start..].lines().next().unwrap_or_default();
    let before = source[start..range.start].chars().count();
    let marked = source[range.clone()].lines().next().unwrap_or_default();
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let _ = writeln!(out, "{line}");
    let _ = writeln!(
        out,
        "{}{}",
        " ".repeat(before),
        "^".repeat(marked.chars().count().max(1))
    );
    let _ = writeln!(
        out,
        "{severity} {}: {}",
        diagnostic.code, diagnostic.message
    );
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "help: {help}");
    }
}

#[test]
fn syntax() {
    let text = told(
        include_str!("mistakes/syntax.txt"),
        Target::Any,
        &Options::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn types_and_members() {
    let text = told(
        include_str!("mistakes/types.txt"),
        Target::Any,
        &Options::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn statements() {
    let text = told(
        include_str!("mistakes/statements.txt"),
        Target::Any,
        &Options::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn conditions() {
    let text = told(
        include_str!("mistakes/conditions.txt"),
        Target::Bool,
        &Options::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn strict_mode() {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let text = told(include_str!("mistakes/strict.txt"), Target::Any, &options);
    insta::assert_snapshot!(text);
}

#[test]
fn places_lie_in_the_text_also_behind_more_mistakes_than_are_told() {
    let marks = |many| "\u{fffd}".repeat(many);
    let counts = [0, 48, 49, 50, 60].into_iter();
    let sources = counts.flat_map(|many| {
        [
            format!("@($\"{{{},\u{fffd})", marks(many)),
            format!("@($\"{{{},~\u{fffd}::\"}})", marks(many)),
        ]
    });
    for source in sources {
        let diagnostics = compile(&source, Target::Any, &Options::default()).unwrap_err();
        for diagnostic in diagnostics {
            show(&source, &diagnostic, &mut String::new());
        }
    }
}
