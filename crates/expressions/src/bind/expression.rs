//! Expressions.

use std::sync::Arc;

use super::overload::{best_common, converts};
use super::tree::{Expr, Kind, Pattern, Piece, ReadOnly, VarId};
use super::{Binder, Group, Operand, Symbol};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, BinaryOp, Designation, ExprKind};
use crate::types::relations;
use crate::types::{TupleType, Type};
use crate::value::{Const, Str};

impl Binder {
    /// Binds an expression that must have a value.
    pub(super) fn value(&mut self, expr: &ast::Expr) -> Expr {
        let operand = self.operand(expr);
        self.value_of(operand, expr.span)
    }

    /// Binds an expression and converts it to `to`.
    pub(super) fn value_as(&mut self, expr: &ast::Expr, to: &Type) -> Expr {
        // A tuple literal converts element by element.
        if let (ExprKind::Tuple(elements), Type::Tuple(tuple)) = (&*expr.kind, to)
            && elements.len() == tuple.elements.len()
        {
            let items = elements
                .iter()
                .zip(&tuple.elements)
                .map(|((_, e), ty)| self.value_as(e, ty))
                .collect();
            return Expr::new(Kind::NewRecord(to.clone(), items), to.clone(), expr.span);
        }
        let operand = self.operand(expr);
        self.operand_to(operand, to, expr.span)
    }

    pub(super) fn operand(&mut self, expr: &ast::Expr) -> Operand {
        if !self.step(expr.span) {
            return Operand::Value(Expr::error(expr.span));
        }
        stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.operand_inner(expr))
    }

    fn operand_inner(&mut self, expr: &ast::Expr) -> Operand {
        let span = expr.span;
        Operand::Value(match &*expr.kind {
            ExprKind::Literal(value) => self.constant(value.clone(), span),
            ExprKind::Interpolated(pieces) => self.interpolated(pieces, span),
            ExprKind::Name(name) => return self.name(name, span),
            ExprKind::Predefined(def) => return Operand::Type(Type::Named(*def, None)),
            ExprKind::Member(target, name) => return self.member(target, name, false, span),
            ExprKind::ConditionalAccess(target, rest) => {
                self.conditional_access(target, rest, span)
            }
            ExprKind::Receiver => match self.receivers.last() {
                Some(receiver) => receiver.clone(),
                None => Expr::error(span),
            },
            ExprKind::Index(target, args) => self.index(target, args, span),
            ExprKind::Call(target, args) => self.call(target, args, span),
            ExprKind::New(ty, args, init) => self.new_object(ty, args, init.as_ref(), span),
            ExprKind::NewAnonymous(fields) => self.anonymous(fields, span),
            ExprKind::NewArray {
                element,
                sizes,
                rank,
                init,
            } => self.new_array(element.as_ref(), sizes, *rank, init.as_deref(), span),
            ExprKind::ArrayInit(items) => return Operand::ArrayInit(items.clone(), span),
            ExprKind::TypeOf(ty) => {
                let ty = self.ty(ty);
                Expr::new(
                    Kind::TypeOf(ty),
                    Type::Named(crate::types::known::TYPE, None),
                    span,
                )
            }
            ExprKind::Default(None) => return Operand::Default(span),
            ExprKind::Default(Some(ty)) => {
                let ty = self.ty(ty);
                self.default_value(&ty, span)
            }
            ExprKind::NameOf(inner) => self.name_of(inner, span),
            ExprKind::SizeOf(ty) => self.size_of(ty, span),
            ExprKind::Checked(checked, inner) => self.in_checked(*checked, |b| b.value(inner)),
            ExprKind::Unary(op, operand) => {
                let operand = self.value(operand);
                self.unary(*op, operand, span)
            }
            ExprKind::Step { up, prefix, target } => self.step_operator(*up, *prefix, target, span),
            ExprKind::Cast(ty, operand) => {
                let to = self.ty(ty);
                match self.operand(operand) {
                    Operand::Value(value) => self.cast(value, &to, span),
                    other => self.operand_to(other, &to, span),
                }
            }
            ExprKind::Binary(op, left, right) => {
                return self.binary_operand(*op, left, right, span);
            }
            ExprKind::Is(operand, pattern) => {
                let value = self.value(operand);
                let pattern = self.pattern(pattern, &value.ty);
                match pattern {
                    Some(pattern) => Expr::new(Kind::Is(value, pattern), Type::BOOL, span),
                    None => Expr::error(span),
                }
            }
            ExprKind::As(operand, ty) => self.as_operator(operand, ty, span),
            ExprKind::Conditional(condition, then, other) => {
                self.conditional(condition, then, other, span)
            }
            ExprKind::Assign(op, target, value) => self.assign(*op, target, value, span),
            ExprKind::Lambda(lambda) => return Operand::Lambda(lambda.clone(), span),
            ExprKind::Tuple(elements) => self.tuple(elements, span),
            ExprKind::Declaration(..) => {
                self.diagnostics.error(
                    "CS8185",
                    span,
                    "A declaration is not allowed in this context",
                );
                Expr::error(span)
            }
            ExprKind::Throw(inner) => {
                let value = self.value_as(inner, &Type::EXCEPTION);
                return Operand::Throw(Expr::new(Kind::Throw(value), Type::Null, span));
            }
            ExprKind::Error => Expr::error(span),
        })
    }

    pub(super) fn in_checked<T>(&mut self, checked: bool, bind: impl FnOnce(&mut Self) -> T) -> T {
        let outer = (self.checked, self.unchecked);
        self.checked = checked;
        self.unchecked = !checked;
        let result = bind(self);
        (self.checked, self.unchecked) = outer;
        result
    }

    fn binary_operand(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Operand {
        // Long chains of one operator are left-deep: walk them without recursion.
        let mut chain = vec![(op, right, span)];
        let mut first = left;
        while let ExprKind::Binary(op, l, r) = &*first.kind {
            if *op == BinaryOp::Coalesce {
                break;
            }
            chain.push((*op, r, first.span));
            first = l;
        }
        let mut left = self.value(first);
        while let Some((op, right, span)) = chain.pop() {
            if !self.step(span) {
                return Operand::Value(Expr::error(span));
            }
            let right = match (op, self.operand(right)) {
                (BinaryOp::Coalesce, Operand::Throw(thrown)) => thrown,
                (_, Operand::Default(at)) => {
                    let ty = left.ty.clone();
                    self.default_value(&ty, at)
                }
                (BinaryOp::Coalesce, operand @ (Operand::Lambda(..) | Operand::Group(_))) => {
                    let ty = left.ty.clone();
                    self.operand_to(operand, &ty, right.span)
                }
                (_, operand) => self.value_of(operand, right.span),
            };
            left = self.binary(op, left, right, span);
        }
        Operand::Value(left)
    }

    fn interpolated(&mut self, pieces: &[ast::Piece], span: Span) -> Expr {
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                ast::Piece::Text(text) => out.push(Piece::Text(text.clone())),
                ast::Piece::Hole {
                    value,
                    align,
                    format,
                } => {
                    let bound = self.value(value);
                    if bound.ty == Type::Void {
                        self.diagnostics.error(
                            "CS0029",
                            value.span,
                            "Cannot implicitly convert type 'void' to 'object'",
                        );
                    }
                    let align = match align {
                        None => 0,
                        Some(align) => {
                            let width = self.value_as(align, &Type::INT32);
                            match width.constant() {
                                Some(Const::Int32(width)) => *width,
                                _ => {
                                    if width.ty != Type::Error {
                                        self.diagnostics.error(
                                            "CS0150",
                                            align.span,
                                            "A constant value is expected",
                                        );
                                    }
                                    0
                                }
                            }
                        }
                    };
                    out.push(Piece::Hole {
                        value: bound,
                        align,
                        format: format.clone(),
                    });
                }
            }
        }
        if out.iter().all(|p| matches!(p, Piece::Text(_))) {
            let mut text = Str::EMPTY;
            for piece in &out {
                if let Piece::Text(part) = piece {
                    text = text.concat(part);
                }
            }
            return self.constant(Const::Str(text), span);
        }
        Expr::new(Kind::Interpolate(out), Type::STRING, span)
    }

    fn conditional_access(&mut self, target: &ast::Expr, rest: &ast::Expr, span: Span) -> Expr {
        let target = self.value(target);
        if target.ty == Type::Error {
            return Expr::error(span);
        }
        if !target.ty.accepts_null() {
            self.diagnostics.error(
                "CS0023",
                span,
                format!(
                    "Operator '?' cannot be applied to operand of type '{}'",
                    target.ty
                ),
            );
            return Expr::error(span);
        }
        let inner_ty = target.ty.unwrap_nullable().clone();
        let temp = self.temp(inner_ty, span);
        let receiver = self.local(temp, target.span);
        self.targets.insert(temp, target.clone());
        self.receivers.push(receiver);
        let then = self.value(rest);
        self.receivers.pop();
        if then.ty == Type::Error {
            return Expr::error(span);
        }
        let ty = if then.ty == Type::Void || then.ty.accepts_null() {
            then.ty.clone()
        } else {
            Type::nullable(then.ty.clone())
        };
        Expr::new(Kind::NullConditional { target, temp, then }, ty, span)
    }

    fn conditional(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        other: &ast::Expr,
        span: Span,
    ) -> Expr {
        let condition = self.value(condition);
        let condition = self.condition(condition);
        let (a, b) = (self.operand(then), self.operand(other));
        let (a, b) = match (a, b) {
            (Operand::Throw(mut a), b) => {
                let b = self.value_of(b, other.span);
                a.ty = b.ty.clone();
                (a, b)
            }
            (a, Operand::Throw(mut b)) => {
                let a = self.value_of(a, then.span);
                b.ty = a.ty.clone();
                (a, b)
            }
            (Operand::Default(at), b) => {
                let b = self.value_of(b, other.span);
                let ty = b.ty.clone();
                (self.default_value(&ty, at), b)
            }
            (a, Operand::Default(at)) => {
                let a = self.value_of(a, then.span);
                let ty = a.ty.clone();
                (a, self.default_value(&ty, at))
            }
            (a, b) => (self.value_of(a, then.span), self.value_of(b, other.span)),
        };
        if a.ty == Type::Error || b.ty == Type::Error {
            return Expr::error(span);
        }
        let ty = if a.ty == b.ty {
            Some(a.ty.clone())
        } else if a.ty == Type::Dynamic || b.ty == Type::Dynamic {
            Some(Type::Dynamic)
        } else {
            let to_b = converts(&a.ty, a.constant(), &b.ty);
            let to_a = converts(&b.ty, b.constant(), &a.ty);
            match (to_b, to_a) {
                (true, false) => Some(b.ty.clone()),
                (false, true) => Some(a.ty.clone()),
                // Both constants fit both ways: the wider type wins.
                (true, true) => {
                    if relations::standard_implicit(&a.ty, &b.ty).is_some() {
                        Some(b.ty.clone())
                    } else {
                        Some(a.ty.clone())
                    }
                }
                (false, false) => None,
            }
        };
        let Some(ty) = ty.filter(|ty| !matches!(ty, Type::Null | Type::Void)) else {
            self.diagnostics.error_with_help(
                "CS0173",
                span,
                format!(
                    "Type of conditional expression cannot be determined because there is no implicit conversion between '{}' and '{}'",
                    a.ty, b.ty
                ),
                Some("cast one of the two branches".into()),
            );
            return Expr::error(span);
        };
        let (a, b) = (self.convert(a, &ty), self.convert(b, &ty));
        if let (Some(Const::Bool(choice)), Some(_), Some(_)) =
            (condition.constant(), a.constant(), b.constant())
        {
            let mut chosen = if *choice { a } else { b };
            chosen.span = span;
            return chosen;
        }
        Expr::new(Kind::Conditional(condition, a, b), ty, span)
    }

    fn as_operator(&mut self, operand: &ast::Expr, ty: &ast::TypeSyntax, span: Span) -> Expr {
        let value = self.value(operand);
        let to = self.ty(ty);
        if value.ty == Type::Error || to == Type::Error {
            return Expr::error(span);
        }
        if !to.accepts_null() {
            self.diagnostics.error_with_help(
                "CS0077",
                span,
                format!("The as operator must be used with a reference type or nullable type ('{to}' is a non-nullable value type)"),
                Some(format!("write `as {to}?`")),
            );
            return Expr::error(span);
        }
        if value.is_null() {
            return self.default_value(&to, span);
        }
        let possible = relations::is_assignable(&value.ty, &to)
            || relations::is_assignable(to.unwrap_nullable(), &value.ty)
            || relations::explicit(&value.ty, &to).is_some()
            || value.ty == Type::Dynamic;
        if !possible {
            self.diagnostics.error(
                "CS0039",
                span,
                format!(
                    "Cannot convert type '{}' to '{to}' via a reference conversion",
                    value.ty
                ),
            );
            return Expr::error(span);
        }
        Expr::new(Kind::As(value, to.clone()), to, span)
    }

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
                self.check_pattern_type(input, &ty, syntax.span)
                    .then_some(Pattern::Type(ty, None))
            }
            ast::Pattern::Constant(expr) => {
                let value = self.value(expr);
                self.constant_pattern(value, input)
            }
        }
    }

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
        let possible = *input == Type::Null
            || *input == Type::Dynamic
            || relations::is_assignable(input, ty)
            || relations::is_assignable(ty, input)
            || relations::is_assignable(ty, input.unwrap_nullable())
            || input.is_interface()
            || ty.is_interface()
            || relations::standard_implicit(input.unwrap_nullable(), ty)
                .is_some_and(|c| c.is_none());
        if !possible && input.is_value_type() != ty.is_value_type() {
            // `5 is string` is legal C# that is always false, but a pattern of another class is an error.
            return true;
        }
        if !possible && !input.is_value_type() {
            self.diagnostics.error(
                "CS8121",
                span,
                format!(
                    "An expression of type '{input}' cannot be handled by a pattern of type '{ty}'"
                ),
            );
            return false;
        }
        true
    }

    fn constant_pattern(&mut self, value: Expr, input: &Type) -> Option<Pattern> {
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

    fn pattern_var(&mut self, designation: &Designation, ty: Type) -> Option<VarId> {
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

    fn tuple(&mut self, elements: &[(Option<ast::Ident>, ast::Expr)], span: Span) -> Expr {
        let mut types = Vec::new();
        let mut names = Vec::new();
        let mut items = Vec::new();
        for (name, element) in elements {
            let value = self.value(element);
            if value.is_null() || value.ty == Type::Void {
                self.diagnostics.error(
                    "CS8131",
                    element.span,
                    "The tuple element needs a type; cast it",
                );
            }
            names.push(match name {
                Some(name) => Some(name.name.clone()),
                None => inferred_name(element),
            });
            types.push(value.ty.clone());
            items.push(value);
        }
        let ty = Type::Tuple(Arc::new(TupleType {
            elements: types,
            names,
        }));
        Expr::new(Kind::NewRecord(ty.clone(), items), ty, span)
    }

    fn anonymous(&mut self, fields: &[(Option<ast::Ident>, ast::Expr)], span: Span) -> Expr {
        let mut types: Vec<(Arc<str>, Type)> = Vec::new();
        let mut items = Vec::new();
        for (name, element) in fields {
            let value = self.value(element);
            if value.is_null() || value.ty == Type::Void {
                self.diagnostics.error(
                    "CS0828",
                    element.span,
                    format!("Cannot assign '{}' to anonymous type property", value.ty),
                );
            }
            let name = match name {
                Some(name) => Some(name.name.clone()),
                None => inferred_name(element),
            };
            let Some(name) = name else {
                self.diagnostics.error_with_help(
                    "CS0746",
                    element.span,
                    "Invalid anonymous type member declarator",
                    Some("give the member a name: `Name = …`".into()),
                );
                continue;
            };
            if types.iter().any(|(n, _)| *n == name) {
                self.diagnostics.error(
                    "CS0833",
                    element.span,
                    format!("An anonymous type cannot have multiple properties with the same name: '{name}'"),
                );
            }
            types.push((name, value.ty.clone()));
            items.push(value);
        }
        let ty = Type::Anonymous(types.into());
        Expr::new(Kind::NewRecord(ty.clone(), items), ty, span)
    }

    fn new_array(
        &mut self,
        element: Option<&ast::TypeSyntax>,
        sizes: &[ast::Expr],
        rank: u8,
        init: Option<&[ast::Expr]>,
        span: Span,
    ) -> Expr {
        if rank > 2 {
            self.diagnostics.error(
                "TG0103",
                span,
                "Arrays of more than two dimensions are not supported",
            );
            return Expr::error(span);
        }
        let Some(element) = element else {
            return self.implicit_array(init.unwrap_or_default(), span);
        };
        let element = self.ty(element);
        if element == Type::Error {
            return Expr::error(span);
        }
        if let Some(items) = init {
            return if rank == 2 {
                self.grid_literal(&element, items, span)
            } else {
                if let [size] = sizes {
                    let size = self.value_as(size, &Type::INT32);
                    if let Some(Const::Int32(n)) = size.constant()
                        && usize::try_from(*n) != Ok(items.len())
                    {
                        self.diagnostics.error(
                            "CS0847",
                            span,
                            format!("An array initializer of length '{n}' is expected"),
                        );
                    }
                }
                self.array_literal(&element, items, span)
            };
        }
        let mut bound = Vec::new();
        for size in sizes {
            let value = self.value(size);
            let value = if relations::standard_implicit(&value.ty, &Type::INT32).is_some() {
                self.convert(value, &Type::INT32)
            } else if relations::standard_implicit(&value.ty, &Type::INT64).is_some() {
                let wide = self.convert(value, &Type::INT64);
                self.in_checked(true, |b| b.cast(wide, &Type::INT32, size.span))
            } else {
                self.convert(value, &Type::INT32)
            };
            if let Some(Const::Int32(n)) = value.constant()
                && *n < 0
            {
                self.diagnostics.error(
                    "CS0248",
                    size.span,
                    "Cannot create an array with a negative size",
                );
            }
            bound.push(value);
        }
        let ty = Type::Array(Arc::new(element.clone()), rank);
        Expr::new(Kind::NewArray(element, bound), ty, span)
    }

    fn implicit_array(&mut self, items: &[ast::Expr], span: Span) -> Expr {
        let values: Vec<Expr> = items.iter().map(|item| self.value(item)).collect();
        if values.iter().any(|v| v.ty == Type::Error) {
            return Expr::error(span);
        }
        let types: Vec<Type> = values.iter().map(|v| v.ty.clone()).collect();
        let mut best = best_common(&types);
        if best.is_none() {
            // Constants that fit a narrower type beside values of that type.
            best = types
                .iter()
                .find(|t| values.iter().all(|v| converts(&v.ty, v.constant(), t)))
                .cloned();
        }
        let Some(element) = best.filter(|t| !matches!(t, Type::Null | Type::Void)) else {
            self.diagnostics.error(
                "CS0826",
                span,
                "No best type found for implicitly-typed array",
            );
            return Expr::error(span);
        };
        let items = values
            .into_iter()
            .map(|v| self.convert(v, &element))
            .collect();
        let ty = Type::array(element.clone());
        Expr::new(Kind::ArrayLiteral(element, items), ty, span)
    }

    pub(super) fn array_literal(
        &mut self,
        element: &Type,
        items: &[ast::Expr],
        span: Span,
    ) -> Expr {
        let items = items
            .iter()
            .map(|item| self.value_as(item, element))
            .collect();
        let ty = Type::array(element.clone());
        Expr::new(Kind::ArrayLiteral(element.clone(), items), ty, span)
    }

    pub(super) fn grid_literal(&mut self, element: &Type, rows: &[ast::Expr], span: Span) -> Expr {
        let mut grid: Vec<Vec<Expr>> = Vec::new();
        for row in rows {
            let ExprKind::ArrayInit(items) = &*row.kind else {
                self.diagnostics.error(
                    "CS0846",
                    row.span,
                    "A nested array initializer is expected",
                );
                continue;
            };
            grid.push(
                items
                    .iter()
                    .map(|item| self.value_as(item, element))
                    .collect(),
            );
        }
        let width = grid.first().map_or(0, Vec::len);
        if grid.iter().any(|row| row.len() != width) {
            self.diagnostics.error(
                "CS0847",
                span,
                format!("An array initializer of length '{width}' is expected"),
            );
        }
        let ty = Type::Array(Arc::new(element.clone()), 2);
        Expr::new(Kind::GridLiteral(element.clone(), grid), ty, span)
    }

    fn name_of(&mut self, inner: &ast::Expr, span: Span) -> Expr {
        let name = match &*inner.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name) => name.ident.name.clone(),
            _ => {
                self.diagnostics
                    .error("CS8081", inner.span, "Expression does not have a name");
                return Expr::error(span);
            }
        };
        // The name must exist; what it is does not matter, so `nameof(string.Length)` is fine.
        let (_, failed) = self.trial(|b| b.operand(inner));
        if failed && !self.names_instance_member(inner) {
            let _ = self.operand(inner);
        }
        self.constant(Const::Str(Str::from(name)), span)
    }

    /// Whether the expression is a type's instance member, named without an instance.
    fn names_instance_member(&mut self, expr: &ast::Expr) -> bool {
        let ExprKind::Member(target, name) = &*expr.kind else {
            return false;
        };
        let (found, _) = self.trial(|b| b.operand(target));
        match found {
            Operand::Type(ty) => relations::supertypes(&ty).iter().any(|owner| {
                owner
                    .def()
                    .is_some_and(|def| def.named(&name.ident.name).next().is_some())
            }),
            _ => false,
        }
    }

    fn size_of(&mut self, ty: &ast::TypeSyntax, span: Span) -> Expr {
        use relations::Num;
        let found = self.ty(ty);
        let size = match Num::of(&found) {
            Some(Num::SByte | Num::Byte) => 1,
            Some(Num::Int16 | Num::UInt16 | Num::Char) => 2,
            Some(Num::Int32 | Num::UInt32 | Num::Single) => 4,
            Some(Num::Int64 | Num::UInt64 | Num::Double) => 8,
            Some(Num::Decimal) => 16,
            None if found == Type::BOOL => 1,
            None => {
                self.diagnostics.error(
                    "CS0233",
                    span,
                    format!("'{found}' does not have a predefined size"),
                );
                return Expr::error(span);
            }
        };
        self.constant(Const::Int32(size), span)
    }

    /// A name standing alone.
    fn name(&mut self, name: &ast::Name, span: Span) -> Operand {
        let text = &name.ident.name;
        if name.args.is_empty() {
            match self.find(text).cloned() {
                Some(Symbol::Var(id)) => {
                    if let Some(var) = self.vars.get_mut(id.0) {
                        var.used = true;
                    }
                    return Operand::Value(self.local(id, span));
                }
                Some(Symbol::Const(value, ty)) => {
                    let mut expr = self.constant(value, span);
                    expr.ty = ty;
                    return Operand::Value(expr);
                }
                Some(Symbol::Carried(id, path)) => {
                    let mut expr = self.local(id, span);
                    for field in path {
                        expr = self.instance_member(expr, &field, &[], span);
                    }
                    return Operand::Value(expr);
                }
                Some(Symbol::Function(id)) => return self.function_group(id, span),
                None => {}
            }
            if &**text == "context" {
                return Operand::Value(Expr::new(
                    Kind::Context,
                    Type::Named(crate::types::known::CONTEXT, None),
                    span,
                ));
            }
            if let Some(ty) = self.type_param(text) {
                return Operand::Type(ty);
            }
        } else if let Some(Symbol::Function(id)) = self.find(text).cloned() {
            return match self.function_group(id, span) {
                Operand::Group(mut group) => {
                    group.explicit = name.args.iter().map(|a| self.ty(a)).collect();
                    Operand::Group(group)
                }
                other => other,
            };
        }
        if let Some(def) = self.simple_type(text, name.args.len()) {
            let args = name.args.iter().map(|a| self.ty(a)).collect();
            return Operand::Type(self.instantiate(def, args, span));
        }
        if name.args.is_empty() && self.registry.is_namespace(text) {
            return Operand::Namespace(text.to_string());
        }
        let mut names: Vec<&str> = self
            .scopes
            .iter()
            .flat_map(|s| s.keys().map(|k| &**k))
            .collect();
        names.push("context");
        let help = super::suggest::closest(text, names.into_iter())
            .map(|found| format!("did you mean `{found}`?"))
            .or_else(|| super::suggest::type_name(self.registry, text));
        self.diagnostics.error_with_help(
            "CS0103",
            span,
            format!("The name '{text}' does not exist in the current context"),
            help,
        );
        Operand::Value(Expr::error(span))
    }

    // Assignment.

    fn assign(
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
        let right_operand = self.operand(value);
        let right = self.value_of(right_operand, value.span);
        let ty = place.ty().clone();
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

    fn step_operator(&mut self, up: bool, prefix: bool, target: &ast::Expr, span: Span) -> Expr {
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
        if prefix && matches!(place, super::access::Place::Local(..)) {
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
    fn stepped(&mut self, up: bool, before: Expr, ty: &Type, span: Span) -> Expr {
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

    fn declare_broken(&mut self, designation: &Designation) {
        match designation {
            Designation::Name(name) => {
                self.declare_var(name, Type::Error);
            }
            Designation::Tuple(parts, _) => parts.iter().for_each(|p| self.declare_broken(p)),
            Designation::Discard(_) => {}
        }
    }

    /// The elements of a tuple (or of a `KeyValuePair`), each from a temporary.
    fn take_apart(
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

    /// A local function as an operand.
    fn function_group(&mut self, id: super::FuncId, span: Span) -> Operand {
        let Some(function) = self.locals.get(&id).cloned() else {
            return Operand::Value(Expr::error(span));
        };
        let params = function
            .parameters
            .iter()
            .map(|p| super::overload::Param {
                name: p.name.clone(),
                ty: p.ty.clone(),
                pass: p.pass,
                default: p.default.clone(),
            })
            .collect();
        Operand::Group(Group {
            receiver: None,
            name: function.syntax.name.name.clone(),
            candidates: vec![super::overload::Candidate {
                target: super::overload::Target::Function(id),
                class: Vec::new(),
                params,
                generics: function.syntax.generics.len(),
                result: function.result.clone(),
                distance: 0,
            }],
            extensions: Vec::new(),
            explicit: Vec::new(),
            span,
        })
    }
}

/// Effects, then the value.
pub(super) fn sequence(effects: Vec<Expr>, value: Expr) -> Expr {
    if effects.is_empty() {
        return value;
    }
    let (ty, span) = (value.ty.clone(), value.span);
    Expr::new(Kind::Sequence(effects, value), ty, span)
}

fn designation_span(designation: &Designation) -> Span {
    match designation {
        Designation::Name(name) => name.span,
        Designation::Discard(span) | Designation::Tuple(_, span) => *span,
    }
}

/// The name a tuple element or anonymous property takes from its expression.
fn inferred_name(expr: &ast::Expr) -> Option<Arc<str>> {
    match &*expr.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) if name.args.is_empty() => {
            Some(name.ident.name.clone())
        }
        ExprKind::ConditionalAccess(_, rest) => inferred_name(rest),
        _ => None,
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
