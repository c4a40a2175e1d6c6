//! Indexers and places that can be assigned.

use super::access::{field_index, find_property};
use std::sync::Arc;

use super::expression::sequence;
use super::overload::{self, Target};
use super::tree::{Expr, Kind, VarId};
use super::{Binder, Operand};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, ExprKind};
use crate::types::relations;
use crate::types::{Member, MemberKind, MemberType, Type};

/// Something that can be assigned.
pub(super) enum Place {
    Local(VarId, Type),
    Element(Expr, Vec<Expr>, Type),
    Property {
        receiver: Option<Expr>,
        found: MemberType,
        ty: Type,
    },
    Indexer {
        receiver: Expr,
        args: Vec<Expr>,
        member: &'static Member,
        class: Vec<Type>,
        ty: Type,
    },
    /// A field of a tuple that lies in a place itself.
    Field(Box<Place>, usize, Type),
    DynamicMember(Expr, Arc<str>, Type),
    DynamicIndex(Expr, Vec<Expr>, Type),
}

impl Place {
    pub(super) fn ty(&self) -> &Type {
        match self {
            Self::Local(_, ty)
            | Self::Element(_, _, ty)
            | Self::Property { ty, .. }
            | Self::Indexer { ty, .. }
            | Self::Field(_, _, ty)
            | Self::DynamicMember(_, _, ty)
            | Self::DynamicIndex(_, _, ty) => ty,
        }
    }
}

impl Binder {
    pub(super) fn index(&mut self, target: &ast::Expr, args: &[ast::Arg], span: Span) -> Expr {
        match self.index_place(target, args, span) {
            Some(place) => self.load(&place, span),
            None => Expr::error(span),
        }
    }

    pub(super) fn index_place(
        &mut self,
        target: &ast::Expr,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Place> {
        // `new int[2][0]` reads as a jagged array whose inner size is misplaced.
        if let ExprKind::NewArray {
            init: None, sizes, ..
        } = &*target.kind
            && !sizes.is_empty()
            && target.span.end == target_end(target)
        {
            self.diagnostics.error(
                "CS0178",
                span,
                "Invalid rank specifier: expected ',' or ']'",
            );
            return None;
        }
        let receiver = self.value(target);
        self.index_of_value(receiver, args, span)
    }

    pub(super) fn index_of_value(
        &mut self,
        receiver: Expr,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Place> {
        if receiver.ty == Type::Error {
            for arg in args {
                let _ = self.operand(&arg.value);
            }
            return None;
        }
        if let Type::Array(element, rank) = receiver.ty.clone() {
            if args.len() != usize::from(rank) {
                self.diagnostics.error(
                    "CS0022",
                    span,
                    format!("Wrong number of indices inside []; expected {rank}"),
                );
                return None;
            }
            let mut indices = Vec::new();
            for arg in args {
                let value = self.value(&arg.value);
                let index = if relations::standard_implicit(&value.ty, &Type::INT32).is_some() {
                    self.convert(value, &Type::INT32)
                } else if relations::standard_implicit(&value.ty, &Type::INT64).is_some() {
                    let wide = self.convert(value, &Type::INT64);
                    self.in_checked(true, |b| b.cast(wide, &Type::INT32, arg.value.span))
                } else {
                    self.convert(value, &Type::INT32)
                };
                if index.ty == Type::Error {
                    return None;
                }
                indices.push(index);
            }
            return Some(Place::Element(receiver, indices, (*element).clone()));
        }
        let bound = self.arguments(args);
        let dynamic = bound
            .iter()
            .any(|a| matches!(&a.operand, Operand::Value(e) if e.ty == Type::Dynamic));
        if receiver.ty == Type::Dynamic || dynamic {
            let args = self.plain_arguments(bound);
            return Some(Place::DynamicIndex(receiver, args, Type::Dynamic));
        }
        let candidates = overload::methods(&receiver.ty, "this[]", MemberKind::Indexer);
        if candidates.is_empty() {
            let help = if receiver.ty == Type::OBJECT {
                Some("the value is an `object` here: cast it first, `((JObject)…)[…]`".into())
            } else {
                super::advice::conversion(&receiver.ty, &Type::EXCEPTION)
            };
            self.diagnostics.error_with_help(
                "CS0021",
                span,
                format!(
                    "Cannot apply indexing with [] to an expression of type '{}'",
                    receiver.ty
                ),
                help,
            );
            return None;
        }
        let resolved = self.resolve(&candidates, bound, &[], "this", span)?;
        let Target::Member(member) = resolved.target else {
            return None;
        };
        self.check_allowed(member, span);
        Some(Place::Indexer {
            receiver,
            args: resolved.args,
            member,
            class: resolved.class,
            ty: resolved.result,
        })
    }

    // Places.

    /// What an assignment's left side names; errors are reported.
    pub(super) fn place(&mut self, target: &ast::Expr) -> Option<Place> {
        let span = target.span;
        match &*target.kind {
            ExprKind::Name(name) if name.args.is_empty() => {
                match self.find(&name.ident.name).cloned() {
                    Some(super::Symbol::Var(id)) => {
                        if !self.check_assignable(id, span) {
                            return None;
                        }
                        let local = self.local(id, span);
                        return Some(Place::Local(id, local.ty));
                    }
                    Some(super::Symbol::Const(..)) => {
                        self.diagnostics.error(
                            "CS0131",
                            span,
                            "The left-hand side of an assignment must be a variable, property or indexer; this is a constant",
                        );
                        return None;
                    }
                    _ => {}
                }
                let value = self.value(target);
                if value.ty != Type::Error {
                    self.not_assignable(span);
                }
                None
            }
            ExprKind::Index(inner, args) => self.index_place(inner, args, span),
            ExprKind::Member(inner, name) => self.member_place(inner, name, span),
            ExprKind::ConditionalAccess(..) => {
                self.not_assignable(span);
                None
            }
            _ => {
                let value = self.value(target);
                if value.ty != Type::Error {
                    self.not_assignable(span);
                }
                None
            }
        }
    }

    pub(super) fn not_assignable(&mut self, span: Span) {
        self.diagnostics.error(
            "CS0131",
            span,
            "The left-hand side of an assignment must be a variable, property or indexer",
        );
    }

    pub(super) fn member_place(
        &mut self,
        target: &ast::Expr,
        name: &ast::Name,
        span: Span,
    ) -> Option<Place> {
        let text = name.ident.name.clone();
        // A tuple's field is assigned in the variable that holds the tuple.
        if let ExprKind::Name(_) | ExprKind::Index(..) | ExprKind::Member(..) = &*target.kind {
            let (value, failed) = self.trial(|b| b.operand(target));
            if !failed
                && let Operand::Value(value) = value
                && let Type::Tuple(_) = &value.ty
                && let Some((index, ty)) = field_index(&value.ty, &text)
            {
                let inner = self.place(target)?;
                return Some(Place::Field(Box::new(inner), index, ty));
            }
        }
        let (receiver, owner) = match self.operand(target) {
            Operand::Type(ty) => (None, ty),
            other => {
                let value = self.value_of(other, target.span);
                let ty = value.ty.clone();
                (Some(value), ty)
            }
        };
        if owner == Type::Error {
            return None;
        }
        if owner == Type::Dynamic {
            return receiver.map(|r| Place::DynamicMember(r, text, Type::Dynamic));
        }
        self.property_place(receiver, &owner, &name.ident, span)
    }

    pub(super) fn property_place(
        &mut self,
        receiver: Option<Expr>,
        owner: &Type,
        name: &ast::Ident,
        span: Span,
    ) -> Option<Place> {
        let Some(found) = find_property(owner, &name.name) else {
            if field_index(owner, &name.name).is_some() {
                self.diagnostics.error(
                    "CS0200",
                    span,
                    format!(
                        "Property or indexer '{}' cannot be assigned to -- it is read only",
                        name.name
                    ),
                );
            } else {
                self.unknown_member(owner, &name.name, name.span);
            }
            return None;
        };
        if found.member.set.is_none() {
            self.diagnostics.error(
                "CS0200",
                span,
                format!(
                    "Property or indexer '{owner}.{}' cannot be assigned to -- it is read only",
                    name.name
                ),
            );
            return None;
        }
        self.check_allowed(found.member, span);
        let ty = found.member.result.substitute(&found.class, &[]);
        Some(Place::Property {
            receiver,
            found,
            ty,
        })
    }

    /// Evaluates the parts of a place once: gives the evaluation and a place made of temporaries.
    pub(super) fn stabilise(&mut self, place: Place, span: Span) -> (Vec<Expr>, Place) {
        let mut effects = Vec::new();
        let mut keep = |binder: &mut Self, e: Expr| {
            if e.constant().is_some() || matches!(&*e.kind, Kind::Context) {
                return e;
            }
            let temp = binder.temp(e.ty.clone(), span);
            effects.push(binder.set_local(temp, e));
            binder.local(temp, span)
        };
        let place = match place {
            Place::Local(..) => place,
            Place::Element(array, indices, ty) => {
                let array = keep(self, array);
                let indices = indices.into_iter().map(|i| keep(self, i)).collect();
                Place::Element(array, indices, ty)
            }
            Place::Property {
                receiver,
                found,
                ty,
            } => Place::Property {
                receiver: receiver.map(|r| keep(self, r)),
                found,
                ty,
            },
            Place::Indexer {
                receiver,
                args,
                member,
                class,
                ty,
            } => {
                let receiver = keep(self, receiver);
                let args = args.into_iter().map(|a| keep(self, a)).collect();
                Place::Indexer {
                    receiver,
                    args,
                    member,
                    class,
                    ty,
                }
            }
            Place::Field(inner, index, ty) => {
                let (more, inner) = self.stabilise(*inner, span);
                return (more, Place::Field(Box::new(inner), index, ty));
            }
            Place::DynamicMember(receiver, name, ty) => {
                Place::DynamicMember(keep(self, receiver), name, ty)
            }
            Place::DynamicIndex(receiver, args, ty) => {
                let receiver = keep(self, receiver);
                let args = args.into_iter().map(|a| keep(self, a)).collect();
                Place::DynamicIndex(receiver, args, ty)
            }
        };
        (effects, place)
    }

    pub(super) fn load(&mut self, place: &Place, span: Span) -> Expr {
        match place {
            Place::Local(id, _) => self.local(*id, span),
            Place::Element(array, indices, ty) => Expr::new(
                Kind::ArrayGet(array.clone(), indices.clone()),
                ty.clone(),
                span,
            ),
            Place::Property {
                receiver, found, ..
            } => self.property(receiver.clone(), found, span),
            Place::Indexer {
                receiver,
                args,
                member,
                class,
                ty,
            } => {
                let mut all = vec![receiver.clone()];
                all.extend(args.iter().cloned());
                Expr::new(
                    Kind::Call {
                        member,
                        types: class.clone().into(),
                        args: all,
                        write_back: Vec::new(),
                        set: false,
                    },
                    ty.clone(),
                    span,
                )
            }
            Place::Field(inner, index, ty) => {
                let record = self.load(inner, span);
                Expr::new(Kind::RecordGet(record, *index), ty.clone(), span)
            }
            Place::DynamicMember(receiver, name, ty) => Expr::new(
                Kind::DynamicGet(receiver.clone(), name.clone()),
                ty.clone(),
                span,
            ),
            Place::DynamicIndex(receiver, args, ty) => Expr::new(
                Kind::DynamicIndex(receiver.clone(), args.clone()),
                ty.clone(),
                span,
            ),
        }
    }

    /// Assigns; the result is the assigned value.
    pub(super) fn store(&mut self, place: Place, value: Expr, span: Span) -> Expr {
        match place {
            Place::Local(id, ty) => {
                let mut stored = self.set_local(id, value);
                stored.ty = ty;
                stored.span = span;
                stored
            }
            Place::Element(array, indices, ty) => {
                Expr::new(Kind::ArraySet(array, indices, value), ty, span)
            }
            Place::Property {
                receiver,
                found,
                ty,
            } => {
                self.effects.mutates = true;
                self.setter(
                    receiver,
                    found.member,
                    found.class,
                    Vec::new(),
                    value,
                    ty,
                    span,
                )
            }
            Place::Indexer {
                receiver,
                args,
                member,
                class,
                ty,
            } => {
                if member.set.is_none() {
                    self.diagnostics.error(
                        "CS0200",
                        span,
                        format!("Property or indexer '{}.this[]' cannot be assigned to -- it is read only", receiver.ty),
                    );
                    return Expr::error(span);
                }
                self.effects.mutates = true;
                self.setter(Some(receiver), member, class, args, value, ty, span)
            }
            Place::Field(inner, index, ty) => {
                let record = self.load(&inner, span);
                let temp = self.temp(ty.clone(), span);
                let set = self.set_local(temp, value);
                let stored = self.local(temp, span);
                let changed_ty = record.ty.clone();
                let changed = Expr::new(
                    Kind::RecordWith(record, index, stored.clone()),
                    changed_ty,
                    span,
                );
                let assign = self.store(*inner, changed, span);
                sequence(vec![set, assign], stored)
            }
            Place::DynamicMember(receiver, name, ty) => {
                self.effects.mutates = true;
                Expr::new(Kind::DynamicSet(receiver, name, value), ty, span)
            }
            Place::DynamicIndex(receiver, args, ty) => {
                self.effects.mutates = true;
                Expr::new(Kind::DynamicSetIndex(receiver, args, value), ty, span)
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn setter(
        &mut self,
        receiver: Option<Expr>,
        member: &'static Member,
        class: Vec<Type>,
        args: Vec<Expr>,
        value: Expr,
        ty: Type,
        span: Span,
    ) -> Expr {
        let mut all: Vec<Expr> = receiver.into_iter().collect();
        all.extend(args);
        all.push(value);
        Expr::new(
            Kind::Call {
                member,
                types: class.into(),
                args: all,
                write_back: Vec::new(),
                set: true,
            },
            ty,
            span,
        )
    }
}

/// Where an array creation ends when nothing but its brackets follows; parentheses around it make its span wider.
fn target_end(target: &ast::Expr) -> u32 {
    match &*target.kind {
        ExprKind::NewArray { sizes, .. } => sizes.last().map_or(0, |s| s.span.end + 1),
        _ => 0,
    }
}
