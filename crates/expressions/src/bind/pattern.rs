//! Patterns.

use super::tree::{Expr, Pattern, VarId};
use super::{Binder, Operand};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, Designation};
use crate::types::Type;
use crate::types::relations;
use crate::value::Const;

impl Binder {
    /// A pattern matched against a value of type `input`; declares its variables.
    pub(super) fn pattern(&mut self, pattern: &ast::Pattern, input: &Type) -> Option<Pattern> {
        match pattern {
            ast::Pattern::Var(designation) => {
                let var = self.pattern_var(designation, input.clone());
                Some(Pattern::Var(var))
            }
            ast::Pattern::Declaration(ty, designation) => {
                if ty.is_word("var") && self.simple_type("var", 0).is_none() {
                    let var = self.pattern_var(designation, input.clone());
                    return Some(Pattern::Var(var));
                }
                let ty = self.ty(ty);
                let possible = self.check_pattern_type(input, &ty, designation_span(designation));
                let var = self.pattern_var(designation, ty.clone());
                possible.then_some(Pattern::Type(ty, var))
            }
            ast::Pattern::Type(syntax) => {
                // A dotted name may be a constant: `JTokenType.Array`.
                if let Some(expr) = constant_name(syntax) {
                    let (operand, failed) = self.trial(|b| b.operand(&expr));
                    if !failed && let Operand::Value(value) = operand {
                        return self.constant_pattern(value, input);
                    }
                }
                let ty = self.ty(syntax);
                self.is_type(input, ty, syntax.span)
            }
            ast::Pattern::Constant(expr) => {
                let value = self.value(expr);
                self.constant_pattern(value, input)
            }
        }
    }

    /// Whether a declaration pattern of that type can match at all.
    fn check_pattern_type(&mut self, input: &Type, ty: &Type, span: Span) -> bool {
        if *ty == Type::Error || *input == Type::Error {
            return *ty != Type::Error;
        }
        if ty.nullable_underlying().is_some() {
            self.diagnostics.error(
                "CS8116",
                span,
                format!("It is not legal to use nullable type '{ty}' in a pattern; use the underlying type instead"),
            );
            return false;
        }
        let possible = relations::may_be(input, ty);
        if !possible {
            self.diagnostics.error(
                "CS8121",
                span,
                format!(
                    "An expression of type '{input}' cannot be handled by a pattern of type '{ty}'"
                ),
            );
        }
        possible
    }

    /// `is` with a type alone takes any type: what can never be is false.
    fn is_type(&mut self, input: &Type, ty: Type, span: Span) -> Option<Pattern> {
        if ty == Type::Error {
            return None;
        }
        if *input != Type::Error && !relations::may_be(input, &ty) {
            self.diagnostics.warning(
                "CS0184",
                span,
                format!("The given expression is never of the provided ('{ty}') type"),
            );
        }
        Some(Pattern::Type(ty.unwrap_nullable().clone(), None))
    }

    pub(super) fn constant_pattern(&mut self, value: Expr, input: &Type) -> Option<Pattern> {
        if value.ty == Type::Error {
            return None;
        }
        let Some(constant) = value.constant().cloned() else {
            self.diagnostics
                .error("CS0150", value.span, "A constant value is expected");
            return None;
        };
        if matches!(constant, Const::Null) {
            if !input.accepts_null() {
                self.diagnostics.error(
                    "CS0037",
                    value.span,
                    format!(
                        "Cannot convert null to '{input}' because it is a non-nullable value type"
                    ),
                );
                return None;
            }
            return Some(Pattern::Constant(Const::Null));
        }
        if *input == Type::OBJECT || *input == Type::Dynamic || input.is_interface() {
            return Some(Pattern::Constant(constant));
        }
        let target = input.unwrap_nullable().clone();
        let converted = self.convert(value, &target);
        converted.constant().cloned().map(Pattern::Constant)
    }

    pub(super) fn pattern_var(&mut self, designation: &Designation, ty: Type) -> Option<VarId> {
        match designation {
            Designation::Name(name) => Some(self.declare_var(name, ty)),
            Designation::Discard(_) => None,
            Designation::Tuple(_, span) => {
                self.diagnostics.error(
                    "CS8650",
                    *span,
                    "Positional patterns are not part of C# 7.3",
                );
                None
            }
        }
    }
}

fn designation_span(designation: &Designation) -> Span {
    match designation {
        Designation::Name(name) => name.span,
        Designation::Discard(span) | Designation::Tuple(_, span) => *span,
    }
}

/// A type syntax that may as well be an expression: a dotted name without type arguments.
fn constant_name(syntax: &ast::TypeSyntax) -> Option<ast::Expr> {
    let (mut expr, rest) = match &*syntax.kind {
        ast::TypeKind::Path(path) => {
            if path.iter().any(|n| !n.args.is_empty()) {
                return None;
            }
            let (first, rest) = path.split_first()?;
            (ast::ExprKind::Name(first.clone()), rest)
        }
        _ => return None,
    };
    for name in rest {
        expr = ast::ExprKind::Member(
            ast::Expr {
                kind: Box::new(expr),
                span: syntax.span,
            },
            name.clone(),
        );
    }
    Some(ast::Expr {
        kind: Box::new(expr),
        span: syntax.span,
    })
}
