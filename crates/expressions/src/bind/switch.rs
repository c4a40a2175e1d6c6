//! `switch`: its labels in order, which of them can match, and whether one of them always does.

use std::collections::HashMap;

use super::Binder;
use super::goto::OpenSwitch;
use super::statement::breaks;
use super::tree::{Expr, Label, Pattern, Section, Stmt};
use crate::syntax::ast;
use crate::types::Type;
use crate::types::relations;
use crate::value::Const;

/// What is known of a switch from the labels up to one of them.
#[derive(Default)]
struct Coverage {
    /// Constants of labels without a guard.
    constants: Vec<Const>,
    /// Types of labels without a guard.
    types: Vec<Type>,
    /// A label matches whatever is not null.
    all_but_null: bool,
    null: bool,
    /// A label always matches: those behind it, and `default`, are reached by `goto` alone.
    all: bool,
}

impl Coverage {
    /// Takes a label in; whether it can match at all.
    fn add(&mut self, value: &Expr, label: &(Pattern, Option<Expr>)) -> bool {
        let (pattern, when) = label;
        let when = when.as_ref().map(Expr::constant);
        let mut can_match = !self.all && when != Some(Some(&Const::Bool(false)));
        let guarded = !matches!(when, None | Some(Some(Const::Bool(true))));
        let known = value.ty.nullable_underlying().is_none();
        let constant = value.constant().filter(|_| known);
        let (always, but_null, null) = match (pattern, constant) {
            (Pattern::Var(_), _) => (true, true, true),
            (Pattern::Constant(own), Some(value)) => {
                can_match &= own == value;
                (own == value, false, false)
            }
            (Pattern::Constant(own), None) => (false, false, *own == Const::Null),
            (Pattern::Type(..), Some(Const::Null)) => {
                can_match = false;
                (false, false, false)
            }
            (Pattern::Type(ty, _), constant) => {
                let whole = relations::is_assignable(value.ty.unwrap_nullable(), ty);
                let never_null = constant.is_some() || !value.ty.accepts_null();
                (whole && never_null, whole, false)
            }
        };
        if !guarded {
            self.all_but_null |= but_null;
            self.null |= null;
            self.all |= always;
        }
        can_match
    }

    /// Whether some label takes each value, `default` apart.
    fn is_complete(&self) -> bool {
        self.all || self.all_but_null && self.null
    }
}

impl Binder {
    pub(super) fn switch(
        &mut self,
        value: &ast::Expr,
        sections: &[ast::SwitchSection],
    ) -> (Stmt, bool) {
        let value = self.value(value);
        let ty = value.ty.clone();
        let temp = self.temp(ty.clone(), value.span);
        let mut bound = Vec::new();
        let mut default = None;
        let mut leaves = Vec::new();
        let mut coverage = Coverage::default();
        let outer_switches = self.switches;
        self.switches += 1;
        self.open_switches.push(OpenSwitch {
            ty: ty.clone(),
            function: self.function,
            finallies: self.finallies,
            gotos: Vec::new(),
        });
        self.open_scope();
        for section in sections {
            // The sections of a switch share one scope of declarations, their patterns have their own.
            self.open_scope();
            let mut labels = Vec::new();
            for label in &section.labels {
                let Some(syntax) = &label.pattern else {
                    if default.replace(bound.len()).is_some() {
                        self.diagnostics.error(
                            "CS0152",
                            label.span,
                            "The switch statement contains multiple cases with the label value 'default'",
                        );
                    }
                    continue;
                };
                let Some(pattern) = self.pattern(syntax, &ty) else {
                    continue;
                };
                self.check_label(label, &pattern, &ty, &mut coverage);
                let when = label.when.as_ref().map(|w| {
                    let value = self.value(w);
                    self.condition(value)
                });
                let label = (pattern, when);
                let can_match = coverage.add(&value, &label);
                let (pattern, when) = label;
                labels.push(Label {
                    pattern,
                    when,
                    can_match,
                });
            }
            self.scopes.push(HashMap::new());
            let (body, ends) = self.statements(&section.body);
            let declared = self.scopes.pop().unwrap_or_default();
            if ends {
                let code = if bound.len() + 1 == sections.len() {
                    "CS8070"
                } else {
                    "CS0163"
                };
                self.diagnostics.error_with_help(
                    code,
                    section.span,
                    "Control cannot fall through from one case label to another",
                    Some("end the section with `break;` or `return …;`".into()),
                );
            }
            // A section that falls through counts as left, so that nothing more is said of it.
            leaves.push(ends || body.iter().any(breaks));
            self.close_scope();
            if let Some(shared) = self.scopes.last_mut() {
                shared.extend(declared);
            }
            bound.push(Section { labels, body });
        }
        self.close_scope();
        self.switches = outer_switches;
        let gotos = self.targets_of_gotos(&bound, default);
        let reached = |i: usize, section: &Section| {
            gotos.contains(&i)
                || section.labels.iter().any(|label| label.can_match)
                || default == Some(i) && !coverage.all
        };
        let complete = default.is_some() || coverage.is_complete();
        let completes = !complete
            || bound
                .iter()
                .zip(leaves)
                .enumerate()
                .any(|(i, (section, leaves))| leaves && reached(i, section));
        (
            Stmt::Switch {
                value,
                temp,
                sections: bound,
                default,
                default_can_match: !coverage.all,
                complete,
                gotos,
            },
            completes,
        )
    }

    /// Reports a label that no value can reach, since those before it have taken all, or that is there already.
    fn check_label(
        &mut self,
        label: &ast::SwitchLabel,
        pattern: &Pattern,
        ty: &Type,
        coverage: &mut Coverage,
    ) {
        if let (Some(ast::Pattern::Type(_)), Pattern::Type(own, _)) = (&label.pattern, pattern) {
            self.diagnostics.error_with_help(
                "CS0119",
                label.span,
                format!("'{own}' is a type, which is not valid in the given context"),
                Some(format!("write `case {own} _:`")),
            );
        }
        let within = |own: &Type| {
            coverage
                .types
                .iter()
                .any(|t| relations::is_assignable(own, t))
        };
        let handled = match pattern {
            Pattern::Type(own, _) => within(own),
            Pattern::Constant(constant) => *constant != Const::Null && within(ty),
            Pattern::Var(_) => false,
        };
        if handled {
            self.diagnostics.error(
                "CS8120",
                label.span,
                "The switch case has already been handled by a previous case",
            );
        }
        if label.when.is_some() {
            return;
        }
        match pattern {
            Pattern::Type(own, _) => coverage.types.push(own.clone()),
            Pattern::Constant(constant) => {
                if coverage.constants.contains(constant) {
                    self.diagnostics.error(
                        "CS0152",
                        label.span,
                        "The switch statement contains multiple cases with the same label value",
                    );
                }
                coverage.constants.push(constant.clone());
            }
            Pattern::Var(_) => {}
        }
    }
}
