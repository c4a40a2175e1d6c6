//! Method groups as delegates.

use super::overload::{self, Argument, Choice, Shape, Target};
use super::tree::{Expr, Kind};
use super::{Binder, Group};
use crate::types::relations;
use crate::types::{PassBy, Type};

impl Binder {
    /// The method of a group that a delegate with these parameters would call; `true`: an extension.
    pub(super) fn choose_from_group(
        &mut self,
        group: &Group,
        inputs: &[Type],
    ) -> Option<(Choice, bool)> {
        let argument = |ty: &Type| Argument {
            name: None,
            pass: PassBy::Value,
            shape: Shape::Value(ty.clone(), None),
        };
        let args: Vec<Argument> = inputs.iter().map(argument).collect();
        let found = overload::resolve(
            &group.candidates,
            &args,
            &group.explicit,
            &mut super::operators::NoLambdas,
        );
        if let Ok(choice) = found {
            return (!choice.expanded).then_some((choice, false));
        }
        let receiver = group.receiver.as_ref()?;
        let mut all = vec![argument(&receiver.ty)];
        all.extend(args);
        overload::resolve(
            &group.extensions,
            &all,
            &group.explicit,
            &mut super::operators::NoLambdas,
        )
        .ok()
        .map(|choice| (choice, true))
    }

    /// A method group as a delegate.
    pub(super) fn group_to(&mut self, group: Group, to: &Type) -> Expr {
        let span = group.span;
        let Some((inputs, result)) = overload::invoke_of(to) else {
            if *to != Type::Error {
                self.diagnostics.error_with_help(
                    "CS0428",
                    span,
                    format!(
                        "Cannot convert method group '{}' to non-delegate type '{to}'",
                        group.name
                    ),
                    Some("call it: add `()`".into()),
                );
            }
            return Expr::error(span);
        };
        let Some((choice, extension)) = self.choose_from_group(&group, &inputs) else {
            self.diagnostics.error(
                "CS0123",
                span,
                format!("No overload for '{}' matches delegate '{to}'", group.name),
            );
            return Expr::error(span);
        };
        let fits = result == Type::Void
            || choice.result == result
            || (choice.result.is_reference() && relations::is_assignable(&choice.result, &result));
        if !fits {
            self.diagnostics.error(
                "CS0407",
                span,
                format!("'{}' has the wrong return type", group.name),
            );
            return Expr::error(span);
        }
        let list = if extension {
            &group.extensions
        } else {
            &group.candidates
        };
        let Some(candidate) = list.get(choice.candidate).cloned() else {
            return Expr::error(span);
        };
        match candidate.target {
            Target::Member(member) => {
                self.check_allowed(member, span);
                if member.mutates {
                    self.effects.mutates = true;
                }
                let mut types = candidate.class;
                types.extend(choice.types);
                let receiver = if member.is_static && !extension {
                    None
                } else {
                    group.receiver
                };
                Expr::new(
                    Kind::MemberDelegate {
                        member,
                        types: types.into(),
                        receiver,
                    },
                    to.clone(),
                    span,
                )
            }
            Target::Function(id) => {
                let id = self.instance(id, &choice.types, span);
                self.note_function(id);
                Expr::new(Kind::FunctionDelegate(id), to.clone(), span)
            }
            Target::Delegate => Expr::error(span),
        }
    }
}
