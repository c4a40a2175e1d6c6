//! The expressions of a document, wherever they stand: counted, and compiled with what is known of named values.

use tidegate_expressions::{self as expressions, Expression, ExpressionDiagnostic, Target};
use tidegate_policy_xml::{Document, Element, NamedValue, Node, Text, TextKind, Unknown};

use super::Context;

/// How many expressions a document holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpressionCount {
    /// All of them, those without an end included.
    pub all: usize,
    /// Those that do not compile, whatever result is wanted of them.
    pub wrong: usize,
}

impl std::ops::AddAssign for ExpressionCount {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.wrong += other.wrong;
    }
}

/// Counts the expressions of a document, those in policies that are not known too.
pub fn count_expressions(document: &Document, context: &Context<'_>) -> ExpressionCount {
    let mut count = ExpressionCount::default();
    let mut pending: Vec<&Element> = vec![&document.root];
    while let Some(element) = pending.pop() {
        let texts = element.attributes.iter().map(|attribute| &attribute.value);
        for text in texts.chain(element.texts()) {
            if text.is_broken() {
                count.all += 1;
                count.wrong += 1;
            } else if text.kind() == TextKind::Expression {
                count.all += 1;
                count.wrong += usize::from(!compiles(text, context));
            }
        }
        pending.extend(element.children.iter().filter_map(Node::as_element));
    }
    count
}

fn compiles(text: &Text, context: &Context<'_>) -> bool {
    let mut lookup = |name: &str| context.named_values.get(name).cloned();
    let Ok(resolved) = text.substitute(&mut lookup, Unknown::Keep) else {
        return false;
    };
    resolved
        .expression()
        .is_some_and(|source| compile(text, source, Target::Any, context).is_ok())
}

/// Values that an unknown named value is tried with: a document says what it takes only by how it uses it.
const GUESSES: [&str; 4] = ["\"\"", "0", "true", "null"];

/// Compiles an expression. Where a named value is not known and need not be, it may be any for which the expression
/// compiles; the findings are those with the name as it stands.
pub(super) fn compile(
    text: &Text,
    source: &str,
    target: Target,
    context: &Context<'_>,
) -> Result<Expression, Vec<ExpressionDiagnostic>> {
    let findings = match expressions::compile(source, target, &context.expressions) {
        Ok(expression) => return Ok(expression),
        Err(findings) => findings,
    };
    let known = context.named_values;
    let mut placeholders = text.placeholders().iter();
    if !context.allow_unknown_named_values || placeholders.all(|found| context.knows(found)) {
        return Err(findings);
    }
    for guess in GUESSES {
        let mut lookup = |name: &str| {
            let guessed = || NamedValue {
                text: guess.into(),
                secret: false,
            };
            Some(known.get(name).cloned().unwrap_or_else(guessed))
        };
        let resolved = text.substitute(&mut lookup, Unknown::Keep);
        let compiled = resolved
            .ok()
            .and_then(|resolved| resolved.expression().map(|source| source.to_owned()))
            .and_then(|source| expressions::compile(&source, target, &context.expressions).ok());
        if let Some(compiled) = compiled {
            return Ok(compiled);
        }
    }
    Err(findings)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tidegate_pipeline::Backends;
    use tidegate_policy_xml::diagnostic::SourceFile;

    use super::*;

    fn counted(text: &str) -> (usize, usize) {
        let file = SourceFile::new("policy.xml", text);
        let document = tidegate_policy_xml::parse(&file).document.unwrap();
        let context = Context {
            named_values: &HashMap::new(),
            fragments: &HashMap::new(),
            backends: &Backends::none(),
            expressions: expressions::Options::default(),
            allow_unknown_named_values: true,
            allow_unknown_references: true,
            template_parameters: None,
        };
        let count = count_expressions(&document, &context);
        (count.all, count.wrong)
    }

    #[test]
    fn expressions_are_counted_wherever_they_stand() {
        assert_eq!(
            counted(
                r#"<policies><inbound><unknown a="@(1)" b="1"><deep>@{ return "x"; }</deep></unknown></inbound></policies>"#
            ),
            (2, 0)
        );
        assert_eq!(
            counted(r#"<fragment><a b="@(context.Nothing)" c="@(1" /></fragment>"#),
            (2, 2)
        );
    }

    #[test]
    fn an_unknown_named_value_may_be_whatever_compiles() {
        assert_eq!(
            counted(
                r#"<fragment>
                    <a b="@(DateTime.UtcNow.AddSeconds({{seconds}}).Year)" />
                    <a b="@("a".Equals({{text}}))" />
                    <a b="@({{flag}} ? 1 : 2)" />
                    <a b="@("{{inside}}")" />
                    <a b="@({{any}}.Nothing())" />
                </fragment>"#
            ),
            (5, 1)
        );
    }
}
