//! Conversions of bound expressions.

use super::tree::{Expr, Kind};
use super::{Binder, Operand, constant, overload};
use crate::diagnostic::Span;
use crate::types::Type;
use crate::types::relations::{self, Conversion, Num};
use crate::value::Const;

impl Binder {
    /// Converts implicitly; reports an error where C# does.
    pub(super) fn convert(&mut self, expr: Expr, to: &Type) -> Expr {
        let span = expr.span;
        match self.try_convert(expr, to) {
            Ok(converted) => converted,
            Err(expr) => {
                self.report_conversion(&expr, to, span);
                Expr::error(span)
            }
        }
    }

    fn report_conversion(&mut self, expr: &Expr, to: &Type, span: Span) {
        let from = &expr.ty;
        if expr.is_null() {
            self.diagnostics.error(
                "CS0037",
                span,
                format!("Cannot convert null to '{to}' because it is a non-nullable value type"),
            );
        } else if *from == Type::Void {
            self.diagnostics.error(
                "CS0029",
                span,
                format!("Cannot implicitly convert type 'void' to '{to}'"),
            );
        } else if matches!(expr.constant(), Some(Const::Double(_)))
            && *from == Type::DOUBLE
            && (*to == Type::SINGLE || *to == Type::DECIMAL)
        {
            let suffix = if *to == Type::SINGLE { "F" } else { "M" };
            self.diagnostics.error_with_help(
                "CS0664",
                span,
                format!("Literal of type double cannot be implicitly converted to type '{to}'"),
                Some(format!("use an '{suffix}' suffix")),
            );
        } else if let Some(value) = expr.constant().filter(|c| {
            Num::of(from).is_some_and(Num::is_integer)
                && Num::of(to).is_some_and(|n| n.is_integer() && n != Num::Char)
                && matches!(c, Const::Int32(_))
        }) {
            let value = crate::value::Value::from(value)
                .as_integer()
                .unwrap_or_default();
            self.diagnostics.error(
                "CS0031",
                span,
                format!("Constant value '{value}' cannot be converted to a '{to}'"),
            );
        } else if relations::explicit(from, to).is_some() {
            self.diagnostics.error_with_help(
                "CS0266",
                span,
                format!(
                    "Cannot implicitly convert type '{from}' to '{to}'. An explicit conversion exists (are you missing a cast?)"
                ),
                Some(format!("write `({to})` before it")),
            );
        } else {
            self.diagnostics.error_with_help(
                "CS0029",
                span,
                format!("Cannot implicitly convert type '{from}' to '{to}'"),
                super::advice::conversion(from, to),
            );
        }
    }

    /// Converts implicitly, or gives the expression back.
    pub(super) fn try_convert(&mut self, expr: Expr, to: &Type) -> Result<Expr, Expr> {
        if expr.ty == *to {
            return Ok(expr);
        }
        if matches!(*expr.kind, Kind::Interpolate(_)) && overload::takes_interpolation(to) {
            let Expr { kind, span, .. } = expr;
            return match *kind {
                Kind::Interpolate(pieces) => {
                    Ok(Expr::new(Kind::Formattable(pieces), to.clone(), span))
                }
                other => Err(Expr::new(other, Type::STRING, span)),
            };
        }
        if let Some(value) = expr.constant()
            && !matches!(value, Const::Null)
            && overload::constant_fits(value, &expr.ty, to)
        {
            let target = to.unwrap_nullable();
            let mut folded = match (target, Num::of(target)) {
                (Type::Named(def, _), None) => {
                    Expr::new(Kind::Const(Const::Enum(*def, 0)), target.clone(), expr.span)
                }
                (_, Some(num)) => match self.fold_numeric(&value.clone(), num, expr.span) {
                    Some(folded) => folded,
                    None => return Err(expr),
                },
                _ => return Err(expr),
            };
            folded.ty = to.clone();
            return Ok(folded);
        }
        match relations::implicit(&expr.ty, to) {
            Some(conversion) => Ok(self.apply(expr, conversion, to)),
            None => Err(expr),
        }
    }

    /// Wraps an expression in a conversion; constants are folded.
    pub(super) fn apply(&mut self, expr: Expr, conversion: Conversion, to: &Type) -> Expr {
        let span = expr.span;
        if let Some(value) = expr.constant().cloned() {
            let folded = match &conversion {
                Conversion::Numeric(_, num) | Conversion::FromEnum(num) => {
                    self.fold_numeric(&value, *num, span)
                }
                Conversion::ToEnum(_, def) => crate::value::Value::from(&value)
                    .as_integer()
                    .map(|n| Expr::new(Kind::Const(Const::Enum(*def, n)), to.clone(), span)),
                Conversion::None => Some(expr.clone()),
                _ => None,
            };
            if let Some(mut folded) = folded {
                if folded.ty != Type::Error {
                    folded.ty = to.clone();
                }
                return folded;
            }
        }
        if conversion.is_none() {
            // A value is of its exact type already; only the static view changes.
            let mut expr = expr;
            expr.ty = to.clone();
            return expr;
        }
        if let Conversion::User(member, _) = &conversion
            && member.mutates
        {
            self.effects.mutates = true;
        }
        Expr::new(
            Kind::Convert(expr, conversion, self.checked),
            to.clone(),
            span,
        )
    }

    /// The value an operand is; reports an error where it is none.
    pub(super) fn value_of(&mut self, operand: Operand, span: Span) -> Expr {
        match operand {
            Operand::Value(expr) => expr,
            Operand::Throw(expr) => expr,
            Operand::Type(ty) => {
                self.diagnostics.error(
                    "CS0119",
                    span,
                    format!("'{ty}' is a type, which is not valid in this place"),
                );
                Expr::error(span)
            }
            Operand::Namespace(name) => {
                self.diagnostics.error(
                    "CS0118",
                    span,
                    format!("'{name}' is a namespace but is used like a variable"),
                );
                Expr::error(span)
            }
            Operand::Lambda(..) => {
                self.diagnostics.error_with_help(
                    "CS0815",
                    span,
                    "A lambda needs a delegate type to stand here",
                    Some("give the variable a type, such as `Func<int, int>`".into()),
                );
                Expr::error(span)
            }
            Operand::Group(group) => {
                self.diagnostics.error_with_help(
                    "CS0428",
                    group.span,
                    format!("Cannot use the method group '{}' as a value", group.name),
                    Some("call it: add `()`".into()),
                );
                Expr::error(span)
            }
            Operand::Default(span) => {
                self.diagnostics.error(
                    "CS8716",
                    span,
                    "There is no target type for the default literal",
                );
                Expr::error(span)
            }
            Operand::ArrayInit(_, span) => {
                self.diagnostics.error(
                    "CS0622",
                    span,
                    "Can only use array initializer expressions to assign to array types",
                );
                Expr::error(span)
            }
        }
    }

    /// An operand as a value of type `to`.
    pub(super) fn operand_to(&mut self, operand: Operand, to: &Type, span: Span) -> Expr {
        match operand {
            Operand::Value(expr) => self.convert(expr, to),
            Operand::Throw(mut expr) => {
                expr.ty = to.clone();
                expr
            }
            Operand::Lambda(lambda, span) => self.lambda(&lambda, to, span),
            Operand::Group(group) => self.group_to(group, to),
            Operand::Default(span) => self.default_value(to, span),
            Operand::ArrayInit(items, span) => match to {
                Type::Array(element, 1) => self.array_literal(element, &items, span),
                Type::Array(element, 2) => self.grid_literal(element, &items, span),
                Type::Error => Expr::error(span),
                _ => {
                    self.diagnostics.error(
                        "CS0622",
                        span,
                        "Can only use array initializer expressions to assign to array types",
                    );
                    Expr::error(span)
                }
            },
            other => {
                let value = self.value_of(other, span);
                self.convert(value, to)
            }
        }
    }

    /// `default(T)`
    pub(super) fn default_value(&mut self, ty: &Type, span: Span) -> Expr {
        if *ty == Type::Error {
            return Expr::error(span);
        }
        match constant::default_of(ty) {
            Some(Const::Null) => Expr::new(Kind::Const(Const::Null), ty.clone(), span),
            Some(value) => {
                let mut expr = self.constant(value, span);
                expr.ty = ty.clone();
                expr
            }
            None => Expr::new(Kind::DefaultOf(ty.clone()), ty.clone(), span),
        }
    }

    /// A cast.
    pub(super) fn cast(&mut self, expr: Expr, to: &Type, span: Span) -> Expr {
        if *to == Type::Error || expr.ty == Type::Error {
            return Expr::error(span);
        }
        // What is dynamic tells a cast from an assignment at run time.
        let attempt = match relations::explicit(&expr.ty, to) {
            Some(conversion @ Conversion::Dynamic(..)) => Ok(self.apply(expr, conversion, to)),
            _ => self.try_convert(expr, to),
        };
        let converted = match attempt {
            Ok(converted) => Some(converted),
            Err(expr) => match relations::explicit(&expr.ty, to) {
                Some(conversion) => Some(self.apply(expr, conversion, to)),
                None => {
                    if expr.is_null() {
                        self.diagnostics.error(
                            "CS0037",
                            span,
                            format!("Cannot convert null to '{to}' because it is a non-nullable value type"),
                        );
                    } else {
                        self.diagnostics.error_with_help(
                            "CS0030",
                            span,
                            format!("Cannot convert type '{}' to '{to}'", expr.ty),
                            super::advice::conversion(&expr.ty, to),
                        );
                    }
                    None
                }
            },
        };
        match converted {
            Some(mut converted) => {
                converted.span = span;
                // A cast is no constant null any more.
                if converted.ty == Type::Null {
                    converted.ty = to.clone();
                }
                converted
            }
            None => Expr::error(span),
        }
    }

    /// As a condition.
    pub(super) fn condition(&mut self, expr: Expr) -> Expr {
        if expr.ty == Type::Dynamic {
            let span = expr.span;
            return Expr::new(
                Kind::Convert(expr, Conversion::Dynamic(Type::BOOL, false), false),
                Type::BOOL,
                span,
            );
        }
        self.convert(expr, &Type::BOOL)
    }
}
