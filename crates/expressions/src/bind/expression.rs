//! Expressions.

use super::overload::converts;
use super::tree::{Expr, Kind, Piece};
use super::{Binder, Group, Operand, Symbol};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind};
use crate::types::Type;
use crate::types::relations;
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
                let ty = self.type_or_definition(ty);
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
                if value.ty == Type::Null && !matches!(pattern, ast::Pattern::Type(_)) {
                    self.diagnostics.error(
                        "CS8117",
                        value.span,
                        "Invalid operand for pattern match; value required, but found '<null>'",
                    );
                    return Operand::Value(Expr::error(span));
                }
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
                            let before = self.diagnostics.len();
                            let width = self.value_as(align, &Type::INT32);
                            match width.constant() {
                                Some(Const::Int32(width)) => *width,
                                _ => {
                                    if !self.diagnostics.has_errors_since(before) {
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
                    // `{x:F2}}}`: the composite format that C# makes of it ends the hole at the first brace.
                    let cut = format
                        .as_ref()
                        .filter(|f| f.units().last() == Some(&u16::from(b'}')))
                        .map(|f| f.slice(0, f.len() - 1));
                    let brace = cut.is_some();
                    out.push(Piece::Hole {
                        value: bound,
                        align,
                        format: cut.or_else(|| format.clone()),
                    });
                    if brace {
                        out.push(Piece::Text(Str::literal("}")));
                    }
                }
            }
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

    pub(super) fn name_of(&mut self, inner: &ast::Expr, span: Span) -> Expr {
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
    pub(super) fn names_instance_member(&mut self, expr: &ast::Expr) -> bool {
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
        let outermost = text.strip_prefix(ast::GLOBAL);
        if name.args.is_empty() && self.registry.is_namespace(outermost.unwrap_or(text)) {
            return Operand::Namespace(text.to_string());
        }
        if let Some(text) = outermost {
            self.nothing_global(text, span);
            return Operand::Value(Expr::error(span));
        }
        if name.args.is_empty() && self.later.iter().any(|l| l.contains_key(text)) {
            if self.initialising.contains(text) {
                self.diagnostics.error_with_help(
                    "CS0165",
                    span,
                    format!("Use of unassigned local variable '{text}'"),
                    Some(format!("`{text}` has no value before this statement ends; declare it in a statement of its own first")),
                );
            } else {
                self.diagnostics.error(
                    "CS0841",
                    span,
                    format!("Cannot use local variable '{text}' before it is declared"),
                );
            }
            return Operand::Value(Expr::error(span));
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

    /// A local function as an operand.
    pub(super) fn function_group(&mut self, id: super::FuncId, span: Span) -> Operand {
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
