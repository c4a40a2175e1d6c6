//! What is wrong with a call that no overload fits.

use super::call::{BoundArg, OutPlace};

use super::overload::{self, Argument, Candidate, Failure, Shape};
use super::{Binder, Operand};
use crate::diagnostic::Span;
use crate::types::{MemberKind, PassBy, Type, relations};

impl Binder {
    pub(super) fn report_failure(
        &mut self,
        candidates: &[Candidate],
        args: &[BoundArg],
        failure: Failure,
        name: &str,
        span: Span,
    ) {
        if args
            .iter()
            .any(|a| matches!(&a.operand, Operand::Value(e) if e.ty == Type::Error && a.pass == PassBy::Value))
        {
            return;
        }
        match failure {
            Failure::Ambiguous(a, b) => {
                let show = |i: usize| {
                    candidates
                        .get(i)
                        .map(|c| signature(name, c))
                        .unwrap_or_default()
                };
                self.diagnostics.error_with_help(
                    "CS0121",
                    span,
                    format!(
                        "The call is ambiguous between '{}' and '{}'",
                        show(a),
                        show(b)
                    ),
                    Some("cast an argument".into()),
                );
            }
            Failure::Missing(parameter) if candidates.len() == 1 => {
                self.diagnostics.error(
                    "CS7036",
                    span,
                    format!("There is no argument given that corresponds to the required parameter '{parameter}' of '{name}'"),
                );
            }
            Failure::Count | Failure::Missing(_) => {
                let known: Vec<String> = candidates
                    .iter()
                    .take(5)
                    .map(|c| signature(name, c))
                    .collect();
                let constructor = candidates
                    .iter()
                    .any(|c| matches!(c.target, overload::Target::Member(m) if m.kind == MemberKind::Constructor));
                let (code, message) = if constructor {
                    let count = args.len();
                    (
                        "CS1729",
                        format!(
                            "'{name}' does not contain a constructor that takes {count} arguments"
                        ),
                    )
                } else {
                    (
                        "CS1501",
                        format!("No overload for '{name}' takes {} arguments", args.len()),
                    )
                };
                self.diagnostics.error_with_help(
                    code,
                    span,
                    message,
                    Some(format!("known: {}", known.join("; "))),
                );
            }
            Failure::NamedArgument(argument) => {
                self.diagnostics.error(
                    "CS1739",
                    span,
                    format!("The best overload for '{name}' does not have a parameter named '{argument}'"),
                );
            }
            Failure::Inference if self.report_element(candidates, args, name) => {}
            Failure::Inference => {
                self.report_lambda_errors(candidates, args);
                if !self.diagnostics.has_errors_since(0) {
                    self.diagnostics.error_with_help(
                        "CS0411",
                        span,
                        format!("The type arguments for method '{name}' cannot be inferred from the usage"),
                        Some(format!("write them out: `{name}<…>(…)`")),
                    );
                }
            }
            Failure::Argument(index, wanted) => {
                let before = self.diagnostics.len();
                if let Some(BoundArg {
                    operand: Operand::Lambda(lambda, at),
                    ..
                }) = args.get(index)
                {
                    let (lambda, at) = (lambda.clone(), *at);
                    let _ = self.lambda(&lambda, &wanted, at);
                    if self.diagnostics.has_errors_since(before) {
                        return;
                    }
                }
                if let Some(word) = wanted_pass(candidates, args, index) {
                    self.diagnostics.error_with_help(
                        "CS1620",
                        args.get(index).map_or(span, |a| a.span),
                        format!(
                            "Argument {} must be passed with the '{word}' keyword",
                            index + 1
                        ),
                        Some(format!("write `{word}` before it")),
                    );
                    return;
                }
                let help = args.get(index).and_then(|arg| match &arg.operand {
                    Operand::Value(e) if arg.pass == PassBy::Value => {
                        super::advice::conversion(&e.ty, &wanted)
                    }
                    _ => None,
                });
                let (found, at) = match args.get(index) {
                    Some(arg) => (describe(arg), arg.span),
                    None => (String::new(), span),
                };
                self.diagnostics.error_with_help(
                    "CS1503",
                    at,
                    format!(
                        "Argument {}: cannot convert from '{found}' to '{wanted}'",
                        index + 1
                    ),
                    help,
                );
            }
        }
    }

    /// An argument that is no element of the sequence it is asked of: `Contains("x")` on groups. Whether it is that.
    fn report_element(&mut self, candidates: &[Candidate], args: &[BoundArg], name: &str) -> bool {
        let extension = |c: &Candidate| matches!(c.target, overload::Target::Member(m) if m.kind == MemberKind::Extension);
        let [
            BoundArg {
                operand: Operand::Value(sequence),
                ..
            },
            BoundArg {
                operand: Operand::Value(found),
                span,
                ..
            },
        ] = args
        else {
            return false;
        };
        let Some(element) = relations::element_type(&sequence.ty) else {
            return false;
        };
        if !candidates.iter().all(extension)
            || overload::converts(&found.ty, found.constant(), &element)
        {
            return false;
        }
        self.diagnostics.error_with_help(
            "CS1929",
            *span,
            format!(
                "'{}' holds elements of type '{element}': '{name}' cannot take '{}'",
                sequence.ty, found.ty
            ),
            super::advice::element(&sequence.ty, &element, &found.ty),
        );
        true
    }

    /// When inference fails, an error inside a lambda is the likely reason: show it.
    pub(super) fn report_lambda_errors(&mut self, candidates: &[Candidate], args: &[BoundArg]) {
        for (index, arg) in args.iter().enumerate() {
            let Operand::Lambda(lambda, _) = &arg.operand else {
                continue;
            };
            for candidate in candidates {
                let Some(param) = candidate.params.get(index) else {
                    continue;
                };
                // What is known of the parameters without this lambda.
                let others: Vec<Argument> = args
                    .iter()
                    .map(|a| Argument {
                        name: None,
                        pass: a.pass,
                        shape: match &a.operand {
                            Operand::Value(e) => Shape::Value(e.ty.clone(), None),
                            _ => Shape::Any,
                        },
                    })
                    .collect();
                let types = overload::infer_partially(candidate, &others);
                let Some((inputs, _)) = overload::invoke_of(&param.ty) else {
                    continue;
                };
                let inputs: Vec<Type> = inputs.iter().map(|t| t.substitute(&[], &types)).collect();
                if inputs.iter().any(Type::mentions_method_param)
                    || lambda
                        .parameters
                        .as_ref()
                        .is_some_and(|p| p.len() != inputs.len())
                {
                    continue;
                }
                let lambda = lambda.clone();
                self.bind_lambda_for_errors(&lambda, &inputs);
                return;
            }
        }
    }
}

/// The keyword that the argument lacks, where all candidates want it.
fn wanted_pass(candidates: &[Candidate], args: &[BoundArg], index: usize) -> Option<&'static str> {
    let arg = args.get(index).filter(|a| a.pass == PassBy::Value)?;
    let mut words = candidates
        .iter()
        .filter(|c| c.params.len() == args.len())
        .filter_map(|c| match &arg.name {
            Some(name) => c.params.iter().find(|p| *p.name == **name),
            None => c.params.get(index),
        })
        .map(|p| pass_word(p.pass));
    let first = words.next().filter(|word| !word.is_empty())?;
    words.all(|word| word == first).then_some(first)
}

fn describe(arg: &BoundArg) -> String {
    match (&arg.operand, &arg.place) {
        (_, Some(OutPlace::Place(place))) => format!("{} {}", pass_word(arg.pass), place.ty()),
        (_, Some(OutPlace::Declare(_, Some(ty)))) => format!("{} {ty}", pass_word(arg.pass)),
        (_, Some(OutPlace::Declare(..))) => pass_word(arg.pass).to_owned(),
        (Operand::Value(e), _) => e.ty.to_string(),
        (Operand::Lambda(..), _) => "lambda expression".into(),
        (Operand::Group(group), _) => format!("method group {}", group.name),
        _ => "expression".into(),
    }
}

fn pass_word(pass: PassBy) -> &'static str {
    match pass {
        PassBy::Out => "out",
        PassBy::Ref => "ref",
        _ => "",
    }
}

/// `Name(int a, string b)`
fn signature(name: &str, candidate: &Candidate) -> String {
    let params: Vec<String> = candidate
        .params
        .iter()
        .map(|p| {
            let word = match p.pass {
                PassBy::Params => "params ",
                PassBy::Out => "out ",
                PassBy::Ref => "ref ",
                PassBy::Value => "",
            };
            format!("{word}{} {}", p.ty, p.name)
        })
        .collect();
    format!("{name}({})", params.join(", "))
}
