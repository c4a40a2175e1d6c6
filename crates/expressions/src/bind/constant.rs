//! Constant folding.

use super::Binder;
use super::tree::{Expr, Kind};
use crate::diagnostic::Span;
use crate::fault::FaultKind;
use crate::runtime::{R, ops};
use crate::syntax::ast::BinaryOp;
use crate::types::relations::Num;
use crate::types::{Registry, Type, known};
use crate::value::{Const, Value};

impl Binder {
    /// A constant expression; strings are interned.
    pub(super) fn constant(&mut self, value: Const, span: Span) -> Expr {
        let ty = type_of(&value);
        let value = match value {
            Const::Str(text) => Const::Str(self.intern(&text)),
            other => other,
        };
        Expr::new(Kind::Const(value), ty, span)
    }

    /// Result of a computation with constants: a constant, or the compile error C# gives.
    fn folded(&mut self, result: R<Value>, ty: &Type, span: Span) -> Option<Expr> {
        match result {
            Ok(value) => {
                let value = Const::from_value(&value)?;
                let mut expr = self.constant(value, span);
                expr.ty = ty.clone();
                Some(expr)
            }
            Err(fault) => {
                if let FaultKind::Thrown(object, _) = fault.kind() {
                    if object.ty.reflection_name() == "DivideByZeroException" {
                        self.diagnostics
                            .error("CS0020", span, "Division by constant zero");
                    } else if *ty == Type::DECIMAL {
                        self.diagnostics.error(
                            "CS0463",
                            span,
                            "Evaluation of the decimal constant expression failed",
                        );
                    } else {
                        self.diagnostics.error_with_help(
                            "CS0220",
                            span,
                            "The operation overflows at compile time in checked mode",
                            Some(
                                "use a wider type, or `unchecked(…)` where wrapping is meant"
                                    .into(),
                            ),
                        );
                    }
                }
                Some(Expr::error(span))
            }
        }
    }

    /// Folds arithmetic of two constants.
    pub(super) fn fold_arith(
        &mut self,
        op: BinaryOp,
        num: Num,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let (a, b) = (left.constant()?, right.constant()?);
        let result = ops::arith(op, num, &a.into(), &b.into(), !self.unchecked);
        self.folded(result, &num.ty(), span)
    }

    pub(super) fn fold_shift(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let (a, b) = (left.constant()?, right.constant()?);
        let Const::Int32(count) = b else { return None };
        let ty = left.ty.clone();
        self.folded(ops::shift(op, &a.into(), *count), &ty, span)
    }

    pub(super) fn fold_compare(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let (a, b) = (left.constant()?, right.constant()?);
        let result = ops::compare(op, &a.into(), &b.into());
        Some(self.constant(Const::Bool(result), span))
    }

    pub(super) fn fold_negate(&mut self, operand: &Expr, span: Span) -> Option<Expr> {
        let value = operand.constant()?;
        let ty = operand.ty.clone();
        self.folded(ops::negate(&value.into(), !self.unchecked), &ty, span)
    }

    pub(super) fn fold_complement(&mut self, operand: &Expr, span: Span) -> Option<Expr> {
        let value = operand.constant()?;
        let ty = operand.ty.clone();
        self.folded(ops::complement(&value.into()), &ty, span)
    }

    /// Folds a numeric conversion; an explicit one that does not fit is CS0221.
    pub(super) fn fold_numeric(&mut self, value: &Const, to: Num, span: Span) -> Option<Expr> {
        match ops::convert(&value.into(), to, !self.unchecked) {
            Ok(converted) => {
                let constant = Const::from_value(&converted)?;
                Some(self.constant(constant, span))
            }
            Err(_) => {
                let code = if to == Num::Decimal {
                    "CS0031"
                } else {
                    "CS0221"
                };
                self.diagnostics.error_with_help(
                    code,
                    span,
                    format!("Constant value cannot be converted to a '{}'", to.ty()),
                    Some("use `unchecked(…)` where wrapping is meant".into()),
                );
                Some(Expr::error(span))
            }
        }
    }
}

/// The static type of a constant.
#[must_use]
pub fn type_of(value: &Const) -> Type {
    match value {
        Const::Null => Type::Null,
        other => Value::from(other).type_of(),
    }
}

/// `default(T)` where it is a constant.
#[must_use]
pub fn default_of(ty: &Type) -> Option<Const> {
    if !ty.is_value_type() {
        return Some(Const::Null);
    }
    Some(match ty {
        Type::Named(known::BOOLEAN, _) => Const::Bool(false),
        Type::Named(known::CHAR, _) => Const::Char(0),
        Type::Named(known::SBYTE, _) => Const::SByte(0),
        Type::Named(known::BYTE, _) => Const::Byte(0),
        Type::Named(known::INT16, _) => Const::Int16(0),
        Type::Named(known::UINT16, _) => Const::UInt16(0),
        Type::Named(known::INT32, _) => Const::Int32(0),
        Type::Named(known::UINT32, _) => Const::UInt32(0),
        Type::Named(known::INT64, _) => Const::Int64(0),
        Type::Named(known::UINT64, _) => Const::UInt64(0),
        Type::Named(known::SINGLE, _) => Const::Single(0.0),
        Type::Named(known::DOUBLE, _) => Const::Double(0.0),
        Type::Named(known::DECIMAL, _) => Const::Decimal(rust_decimal::Decimal::ZERO),
        Type::Named(known::DATE_TIME, _) => Const::DateTime(crate::value::DateTime::default()),
        Type::Named(known::TIME_SPAN, _) => Const::TimeSpan(crate::value::TimeSpan(0)),
        Type::Named(known::GUID, _) => Const::Guid(uuid::Uuid::nil()),
        Type::Named(def, _) if Registry::get().def(*def).is_some() && ty.is_enum() => {
            Const::Enum(*def, 0)
        }
        _ => return None,
    })
}
