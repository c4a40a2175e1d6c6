//! `goto case` and `goto default`: bound where they stand, led to their sections once all of the switch are known.

use super::tree::{Pattern, Section, Stmt};
use super::{Binder, FuncId};
use crate::diagnostic::Span;
use crate::syntax::ast;
use crate::types::Type;
use crate::types::relations::{self, Num};
use crate::value::Const;

/// A switch whose sections are being bound.
pub(super) struct OpenSwitch {
    /// The type of its value.
    pub(super) ty: Type,
    /// The function it stands in.
    pub(super) function: FuncId,
    /// How many `finally` blocks it stands in.
    pub(super) finallies: usize,
    /// The labels that are wanted, `None` for `default`.
    pub(super) gotos: Vec<(Option<Const>, Span)>,
}

impl Binder {
    pub(super) fn goto(&mut self, target: Option<&ast::Expr>, span: Span) -> Stmt {
        let Some(open) = self.open_switches.last() else {
            self.diagnostics.error(
                "CS0153",
                span,
                "A goto case is only valid inside a switch statement",
            );
            return Stmt::Nop;
        };
        let (ty, function, finallies) = (open.ty.clone(), open.function, open.finallies);
        let wanted = match target {
            None => None,
            Some(value) => match self.goto_value(value, &ty) {
                Some(value) => Some(value),
                None => return Stmt::Nop,
            },
        };
        if function != self.function {
            self.no_label(wanted.as_ref(), span);
            return Stmt::Nop;
        }
        if finallies != self.finallies {
            self.diagnostics.error(
                "CS0157",
                span,
                "Control cannot leave the body of a finally clause",
            );
        }
        let Some(open) = self.open_switches.last_mut() else {
            return Stmt::Nop;
        };
        open.gotos.push((wanted, span));
        Stmt::Goto(open.gotos.len() - 1)
    }

    /// The constant of a `goto case` as one of the switch's type. Numbers of another type are converted as by a cast.
    fn goto_value(&mut self, value: &ast::Expr, ty: &Type) -> Option<Const> {
        let value = self.value(value);
        let target = ty.unwrap_nullable();
        let value = match value.constant() {
            Some(constant)
                if !matches!(constant, Const::Null)
                    && relations::implicit(&value.ty, target).is_none()
                    && Num::of(&value.ty).is_some()
                    && (Num::of(target).is_some() || target.is_enum()) =>
            {
                let span = value.span;
                self.diagnostics.warning(
                    "CS0469",
                    span,
                    format!("The 'goto case' value is not implicitly convertible to type '{ty}'"),
                );
                self.cast(value, target, span)
            }
            _ => value,
        };
        match self.constant_pattern(value, ty) {
            Some(Pattern::Constant(constant)) => Some(constant),
            _ => None,
        }
    }

    /// Closes the innermost open switch: which section each of its `goto`s leads to.
    pub(super) fn targets_of_gotos(
        &mut self,
        sections: &[Section],
        default: Option<usize>,
    ) -> Vec<usize> {
        let gotos = self.open_switches.pop().map(|open| open.gotos);
        let mut targets = Vec::new();
        for (wanted, span) in gotos.unwrap_or_default() {
            let target = match &wanted {
                None => default,
                Some(wanted) => sections.iter().position(|section| {
                    section.labels.iter().any(|label| {
                        matches!(&label.pattern, Pattern::Constant(own) if own == wanted)
                            && label.when.is_none()
                    })
                }),
            };
            if target.is_none() {
                self.no_label(wanted.as_ref(), span);
            }
            targets.push(target.unwrap_or_default());
        }
        targets
    }

    fn no_label(&mut self, wanted: Option<&Const>, span: Span) {
        let label = match wanted {
            None => "default:".to_owned(),
            Some(Const::Str(text)) => format!("case \"{}\":", text.to_utf8()),
            Some(Const::Null) => "case null:".to_owned(),
            Some(value) => match crate::value::Value::from(value).as_integer() {
                Some(number) => format!("case {number}:"),
                None => "case".to_owned(),
            },
        };
        self.diagnostics.error(
            "CS0159",
            span,
            format!("No such label '{label}' within the scope of the goto statement"),
        );
    }
}
