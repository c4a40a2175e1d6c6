//! Assignment, `++`, deconstruction.

use super::expression::sequence;

use super::Binder;
use super::overload::converts;
use super::tree::{Expr, Kind, ReadOnly, VarId};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, BinaryOp, Designation, ExprKind};
use crate::types::Type;
use crate::types::relations;
use crate::value::Const;

impl Binder {
    pub(super) fn assign(
        &mut self,
        op: Option<BinaryOp>,
        target: &ast::Expr,
        value: &ast::Expr,
        span: Span,
    ) -> Expr {
        match &*target.kind {
            ExprKind::Declaration(ty, designation) if op.is_none() => {
                let value = self.value(value);
                return self.deconstruct_declaration(ty, designation, value, span);
            }
            ExprKind::Tuple(_) if op.is_none() => {
                let value = match &*value.kind {
                    ExprKind::Tuple(_) => self.value(value),
                    _ => self.value(value),
                };
                return self.deconstruct(target, value, span);
            }
            ExprKind::Name(name)
                if op.is_none() && &*name.ident.name == "_" && self.find("_").is_none() =>
            {
                return self.value(value);
            }
            _ => {}
        }
        let Some(place) = self.place(target) else {
            let _ = self.operand(value);
            return Expr::error(span);
        };
        let Some(op) = op else {
            let bound = self.value_as(value, &place.ty().clone());
            return self.store(place, bound, span);
        };
        // `a op= b` evaluates the parts of `a` once.
        let (mut effects, place) = self.stabilise(place, span);
        let old = self.load(&place, span);
        if op == BinaryOp::Coalesce {
            let ty = old.ty.clone();
            let right = self.value_as(value, &ty);
            let assigned = self.store(place, right, span);
            let whole = self.coalesce(old, assigned, span);
            return sequence(effects, whole);
        }
        let ty = place.ty().clone();
        // A lambda or method group joins or leaves a delegate as one of the delegate's type.
        let right = if ty.is_delegate() && matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
            self.value_as(value, &ty)
        } else {
            let operand = self.operand(value);
            self.value_of(operand, value.span)
        };
        let result = self.binary(op, old.clone(), right.clone(), span);
        if result.ty == Type::Error {
            return result;
        }
        let shift = matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
        let converted = match self.try_convert(result, &ty) {
            Ok(converted) => converted,
            // The result is cast back where the right side alone would fit: `byte b += 5`.
            Err(result)
                if shift || ty == Type::Dynamic || converts(&right.ty, right.constant(), &ty) =>
            {
                self.cast(result, &ty, span)
            }
            Err(result) => self.convert(result, &ty),
        };
        effects.push(self.store(place, converted, span));
        match effects.pop() {
            Some(last) => sequence(effects, last),
            None => Expr::error(span),
        }
    }

    pub(super) fn step_operator(
        &mut self,
        up: bool,
        prefix: bool,
        target: &ast::Expr,
        span: Span,
    ) -> Expr {
        let Some(place) = self.place(target) else {
            return Expr::error(span);
        };
        let ty = place.ty().clone();
        let underlying = ty.unwrap_nullable().clone();
        if relations::Num::of(&underlying).is_none() && !underlying.is_enum() && ty != Type::Dynamic
        {
            if ty != Type::Error {
                let symbol = if up { "++" } else { "--" };
                self.diagnostics.error(
                    "CS0023",
                    span,
                    format!("Operator '{symbol}' cannot be applied to operand of type '{ty}'"),
                );
            }
            return Expr::error(span);
        }
        if prefix && matches!(place, super::place::Place::Local(..)) {
            let before = self.load(&place, span);
            let result = self.stepped(up, before, &ty, span);
            return self.store(place, result, span);
        }
        let (mut effects, place) = self.stabilise(place, span);
        let old = self.temp(ty.clone(), span);
        let loaded = self.load(&place, span);
        effects.push(self.set_local(old, loaded));
        let before = self.local(old, span);
        let result = self.stepped(up, before.clone(), &ty, span);
        let stored = self.store(place, result, span);
        if prefix {
            sequence(effects, stored)
        } else {
            effects.push(stored);
            let mut whole = sequence(effects, before);
            whole.ty = ty;
            whole
        }
    }

    /// The value one up or down, as the variable's type.
    pub(super) fn stepped(&mut self, up: bool, before: Expr, ty: &Type, span: Span) -> Expr {
        let one = self.constant(Const::Int32(1), span);
        let op = if up {
            BinaryOp::Add
        } else {
            BinaryOp::Subtract
        };
        let result = self.binary(op, before, one, span);
        match self.try_convert(result, ty) {
            Ok(converted) => converted,
            Err(result) => self.cast(result, ty, span),
        }
    }

    /// An expression whose value nobody wants: `i++` need not keep the old one.
    pub(super) fn discarded(&mut self, expr: &ast::Expr) -> Expr {
        match &*expr.kind {
            ExprKind::Step { up, target, .. } => self.step_operator(*up, true, target, expr.span),
            _ => self.value(expr),
        }
    }

    /// `var (a, b) = value`, `(int a, var b)` one level of it.
    pub(super) fn deconstruct_declaration(
        &mut self,
        ty: &ast::TypeSyntax,
        designation: &Designation,
        value: Expr,
        span: Span,
    ) -> Expr {
        let declared = if ty.is_word("var") {
            None
        } else {
            Some(self.ty(ty))
        };
        match designation {
            Designation::Discard(_) => value,
            Designation::Name(name) => {
                let ty = declared.unwrap_or_else(|| value.ty.clone());
                let value = self.convert(value, &ty);
                let id = self.declare_var(name, ty);
                self.set_local(id, value)
            }
            Designation::Tuple(parts, at) => {
                let Some((set, items)) = self.take_apart(value, parts.len(), *at) else {
                    self.declare_broken(designation);
                    return Expr::error(span);
                };
                let mut effects = set;
                for (part, item) in parts.iter().zip(items) {
                    let one = self.deconstruct_declaration(ty, part, item, span);
                    effects.push(one);
                }
                let result = Expr::new(Kind::Const(Const::Null), Type::Void, span);
                Expr::new(Kind::Sequence(effects, result), Type::Void, span)
            }
        }
    }

    pub(super) fn declare_broken(&mut self, designation: &Designation) {
        match designation {
            Designation::Name(name) => {
                self.declare_var(name, Type::Error);
            }
            Designation::Tuple(parts, _) => parts.iter().for_each(|p| self.declare_broken(p)),
            Designation::Discard(_) => {}
        }
    }

    /// The elements of a tuple (or of a `KeyValuePair`), each from a temporary.
    pub(super) fn take_apart(
        &mut self,
        value: Expr,
        count: usize,
        span: Span,
    ) -> Option<(Vec<Expr>, Vec<Expr>)> {
        let types: Vec<Type> = match &value.ty {
            Type::Tuple(tuple) => tuple.elements.clone(),
            Type::Named(crate::types::known::KEY_VALUE_PAIR, Some(args)) => args.to_vec(),
            Type::Error => return None,
            other => {
                self.diagnostics.error(
                    "CS8129",
                    span,
                    format!("No suitable 'Deconstruct' method was found for type '{other}'"),
                );
                return None;
            }
        };
        if types.len() != count {
            self.diagnostics.error(
                "CS8132",
                span,
                format!(
                    "Cannot deconstruct a tuple of '{}' elements into '{count}' variables",
                    types.len()
                ),
            );
            return None;
        }
        // A literal's elements go their own way, so that their conversions stay possible.
        if let Kind::NewRecord(_, items) = &*value.kind {
            let mut set = Vec::new();
            let mut out = Vec::new();
            for item in items {
                let temp = self.temp(item.ty.clone(), span);
                set.push(self.set_local(temp, item.clone()));
                out.push(self.local(temp, span));
            }
            return Some((set, out));
        }
        let temp = self.temp(value.ty.clone(), span);
        let set = vec![self.set_local(temp, value)];
        let items = types
            .into_iter()
            .enumerate()
            .map(|(i, ty)| {
                let record = self.local(temp, span);
                Expr::new(Kind::RecordGet(record, i), ty, span)
            })
            .collect();
        Some((set, items))
    }

    /// `(a, b.C, var d) = value`
    pub(super) fn deconstruct(&mut self, target: &ast::Expr, value: Expr, span: Span) -> Expr {
        match &*target.kind {
            ExprKind::Tuple(parts) => {
                // Places are evaluated before the value, in order.
                let ty = value.ty.clone();
                let Some((set, items)) = self.take_apart(value, parts.len(), span) else {
                    for (_, part) in parts {
                        if let ExprKind::Declaration(_, designation) = &*part.kind {
                            self.declare_broken(designation);
                        }
                    }
                    return Expr::error(span);
                };
                let mut effects = set;
                for ((_, part), item) in parts.iter().zip(items) {
                    let one = self.deconstruct(part, item, part.span);
                    effects.push(one);
                }
                let last = Expr::new(Kind::Const(Const::Null), Type::Void, span);
                let _ = ty;
                Expr::new(Kind::Sequence(effects, last), Type::Void, span)
            }
            ExprKind::Declaration(ty, designation) => {
                self.deconstruct_declaration(ty, designation, value, span)
            }
            ExprKind::Name(name) if &*name.ident.name == "_" && self.find("_").is_none() => value,
            _ => match self.place(target) {
                Some(place) => {
                    let ty = place.ty().clone();
                    let value = self.convert(value, &ty);
                    self.store(place, value, span)
                }
                None => Expr::error(span),
            },
        }
    }

    /// The reason a variable cannot be assigned, reported.
    pub(super) fn check_assignable(&mut self, id: VarId, span: Span) -> bool {
        let Some((name, why)) = self.var(id).map(|v| (v.name.clone(), v.read_only)) else {
            return false;
        };
        match why {
            None => true,
            Some(why) => {
                let (code, what) = match why {
                    ReadOnly::ForEach => ("CS1656", "foreach iteration variable"),
                    ReadOnly::Using => ("CS1656", "using variable"),
                };
                self.diagnostics.error_with_help(
                    code,
                    span,
                    format!("Cannot assign to '{name}' because it is a '{what}'"),
                    Some("copy it into a local variable first".into()),
                );
                false
            }
        }
    }
}
