//! Object creation and initialisers.

use std::sync::Arc;

use super::expression::sequence;
use super::overload::{self, Candidate, Target};
use super::tree::{Expr, Kind};
use super::{Binder, Operand};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, InitTarget, InitValue, Initializer};
use crate::types::relations;
use crate::types::{Kind as TypeKind, MemberKind, Type};

impl Binder {
    pub(super) fn new_object(
        &mut self,
        syntax: &ast::TypeSyntax,
        args: &[ast::Arg],
        init: Option<&Initializer>,
        span: Span,
    ) -> Expr {
        let ty = self.ty(syntax);
        if ty == Type::Error {
            for arg in args {
                let _ = self.operand(&arg.value);
            }
            return Expr::error(span);
        }
        if ty.is_delegate() {
            if let [only] = args {
                return self.value_as(&only.value, &ty);
            }
            self.diagnostics
                .error("CS0149", span, "Method name expected");
            return Expr::error(span);
        }
        let made = self.construct(&ty, args, span);
        match init {
            None => made,
            Some(init) => {
                if made.ty == Type::Error {
                    return made;
                }
                let temp = self.temp(ty.clone(), span);
                let mut effects = vec![self.set_local(temp, made)];
                let target = self.local(temp, span);
                self.initialise(&target, init, &mut effects);
                sequence(effects, target)
            }
        }
    }

    pub(super) fn construct(&mut self, ty: &Type, args: &[ast::Arg], span: Span) -> Expr {
        if let Type::Tuple(tuple) = ty {
            let tuple = tuple.clone();
            if args.len() == tuple.elements.len() {
                let items = args
                    .iter()
                    .zip(&tuple.elements)
                    .map(|(a, t)| self.value_as(&a.value, t))
                    .collect();
                return Expr::new(Kind::NewRecord(ty.clone(), items), ty.clone(), span);
            }
        }
        if let Some(inner) = ty.nullable_underlying().cloned() {
            return match args {
                [] => self.default_value(ty, span),
                [only] => {
                    let value = self.value_as(&only.value, &inner);
                    self.convert(value, ty)
                }
                _ => Expr::error(span),
            };
        }
        let Some(def) = ty.def() else {
            self.diagnostics.error(
                "CS0144",
                span,
                format!("Cannot create an instance of '{ty}'"),
            );
            return Expr::error(span);
        };
        if matches!(def.kind, TypeKind::Interface | TypeKind::Static) {
            self.diagnostics.error(
                "CS0144",
                span,
                format!("Cannot create an instance of the abstract type or interface '{ty}'"),
            );
            return Expr::error(span);
        }
        let candidates: Vec<Candidate> = def
            .of_kind(MemberKind::Constructor)
            .map(|member| Candidate::member(member, ty.args().to_vec(), 0))
            .collect();
        // Every struct has a constructor without arguments.
        if args.is_empty() && ty.is_value_type() && !candidates.iter().any(|c| c.params.is_empty())
        {
            return self.default_value(ty, span);
        }
        if candidates.is_empty() {
            self.diagnostics.error(
                "CS0144",
                span,
                format!("Cannot create an instance of '{ty}': it has no public constructor"),
            );
            return Expr::error(span);
        }
        let bound = self.arguments(args);
        if bound
            .iter()
            .any(|a| matches!(&a.operand, Operand::Value(e) if e.ty == Type::Dynamic))
        {
            let members: Vec<_> = candidates
                .iter()
                .filter_map(|c| match c.target {
                    Target::Member(m) => Some((m, c.class.clone())),
                    _ => None,
                })
                .collect();
            let args = self.plain_arguments(bound);
            return Expr::new(
                Kind::DynamicOverload {
                    receiver: None,
                    candidates: Arc::new(members),
                    args,
                    name: ".ctor".into(),
                },
                ty.clone(),
                span,
            );
        }
        let name = def.name.to_string();
        match self.resolve(&candidates, bound, &[], &name, span) {
            Some(resolved) => self.finish_call(resolved, None, span),
            None => Expr::error(span),
        }
    }

    pub(super) fn initialise(
        &mut self,
        target: &Expr,
        init: &Initializer,
        effects: &mut Vec<Expr>,
    ) {
        match init {
            Initializer::Collection(items) => {
                for item in items {
                    self.initialise_add(target, item, effects);
                }
            }
            Initializer::Object(items) => {
                for (left, right) in items {
                    let place = match left {
                        InitTarget::Index(args, span) => {
                            self.index_of_value(target.clone(), args, *span)
                        }
                        InitTarget::Member(name) => match right {
                            InitValue::Value(_) => self.property_place(
                                Some(target.clone()),
                                &target.ty.clone(),
                                name,
                                name.span,
                            ),
                            InitValue::Nested(inner) => {
                                let value = self.instance_member(
                                    target.clone(),
                                    &name.name,
                                    &[],
                                    name.span,
                                );
                                if value.ty != Type::Error {
                                    self.initialise_nested(value, inner, effects);
                                }
                                continue;
                            }
                        },
                    };
                    let Some(place) = place else {
                        if let InitValue::Value(value) = right {
                            let _ = self.operand(value);
                        }
                        continue;
                    };
                    match right {
                        InitValue::Value(value) => {
                            let ty = place.ty().clone();
                            let bound = self.value_as(value, &ty);
                            let span = bound.span;
                            let mutates = self.effects.mutates;
                            effects.push(self.store(place, bound, span));
                            // The object is new: nobody else sees the change.
                            self.effects.mutates = mutates;
                        }
                        InitValue::Nested(inner) => {
                            let span = target.span;
                            let value = self.load(&place, span);
                            self.initialise_nested(value, inner, effects);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn initialise_nested(
        &mut self,
        value: Expr,
        inner: &Initializer,
        effects: &mut Vec<Expr>,
    ) {
        let span = value.span;
        let temp = self.temp(value.ty.clone(), span);
        effects.push(self.set_local(temp, value));
        let target = self.local(temp, span);
        self.initialise(&target, inner, effects);
    }

    pub(super) fn initialise_add(
        &mut self,
        target: &Expr,
        item: &[ast::Expr],
        effects: &mut Vec<Expr>,
    ) {
        let span = item.first().map_or(target.span, |e| e.span);
        let args: Vec<ast::Arg> = item
            .iter()
            .map(|value| ast::Arg {
                name: None,
                pass: ast::Pass::Value,
                value: value.clone(),
            })
            .collect();
        let enumerable = relations::element_type(&target.ty).is_some();
        let candidates = overload::methods(&target.ty, "Add", MemberKind::Method);
        if candidates.is_empty() || !enumerable {
            for arg in &args {
                let _ = self.operand(&arg.value);
            }
            self.diagnostics.error(
                "CS1922",
                span,
                format!(
                    "Cannot initialize type '{}' with a collection initializer",
                    target.ty
                ),
            );
            return;
        }
        let bound = self.arguments(&args);
        let mutates = self.effects.mutates;
        if let Some(resolved) = self.resolve(&candidates, bound, &[], "Add", span) {
            effects.push(self.finish_call(resolved, Some(target.clone()), span));
        }
        self.effects.mutates = mutates;
    }
}
