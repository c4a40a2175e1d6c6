//! Members, indexers, places that can be assigned, object creation.

use std::sync::Arc;

use super::expression::sequence;
use super::overload::{self, Candidate, Target};
use super::tree::{Expr, Kind, VarId};
use super::{Binder, Group, Operand, suggest};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, ExprKind, InitTarget, InitValue, Initializer};
use crate::types::relations;
use crate::types::{Kind as TypeKind, Member, MemberKind, MemberType, Type, known};

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
    /// `target.name`
    pub(super) fn member(
        &mut self,
        target: &ast::Expr,
        name: &ast::Name,
        invoked: bool,
        span: Span,
    ) -> Operand {
        match self.operand(target) {
            Operand::Namespace(namespace) => self.namespace_member(&namespace, name, span),
            Operand::Type(ty) => self.static_member(&ty, name, span),
            other => {
                let receiver = self.value_of(other, target.span);
                self.member_of(receiver, name, invoked, span)
            }
        }
    }

    fn namespace_member(&mut self, namespace: &str, name: &ast::Name, span: Span) -> Operand {
        let text = &name.ident.name;
        if let Some(def) = self.qualified_type(namespace, text, name.args.len()) {
            let args = name.args.iter().map(|a| self.ty(a)).collect();
            return Operand::Type(self.instantiate(def, args, span));
        }
        let full = format!("{namespace}.{text}");
        if self.registry.is_namespace(&full) {
            return Operand::Namespace(full);
        }
        self.diagnostics.error(
            "CS0234",
            span,
            format!(
                "The type or namespace name '{text}' does not exist in the namespace '{namespace}'"
            ),
        );
        Operand::Value(Expr::error(span))
    }

    fn static_member(&mut self, ty: &Type, name: &ast::Name, span: Span) -> Operand {
        let text = &name.ident.name;
        if *ty == Type::Error {
            return Operand::Value(Expr::error(span));
        }
        if let Some(found) = find_property(ty, text) {
            if !found.member.is_static {
                self.diagnostics.error(
                    "CS0120",
                    span,
                    format!(
                        "An object reference is required for the non-static property '{ty}.{text}'"
                    ),
                );
                return Operand::Value(Expr::error(span));
            }
            return Operand::Value(self.property(None, &found, span));
        }
        let candidates = overload::methods(ty, text, MemberKind::Method);
        let extension_class: Vec<Candidate> = overload::methods(ty, text, MemberKind::Extension);
        if candidates.is_empty() && extension_class.is_empty() {
            if let Some(def) = ty.def() {
                let prefix = def.full_name();
                if let Some(nested) = self.qualified_type(&prefix, text, name.args.len()) {
                    let args = name.args.iter().map(|a| self.ty(a)).collect();
                    return Operand::Type(self.instantiate(nested, args, span));
                }
            }
            self.diagnostics.error_with_help(
                "CS0117",
                name.ident.span,
                format!("'{ty}' does not contain a definition for '{text}'"),
                suggest::member(ty, text, true),
            );
            return Operand::Value(Expr::error(span));
        }
        let mut all: Vec<Candidate> = candidates
            .into_iter()
            .filter(|c| matches!(c.target, Target::Member(m) if m.is_static))
            .collect();
        all.extend(extension_class);
        if all.is_empty() {
            self.diagnostics.error(
                "CS0120",
                span,
                format!("An object reference is required for the non-static method '{ty}.{text}'"),
            );
            return Operand::Value(Expr::error(span));
        }
        let explicit = name.args.iter().map(|a| self.ty(a)).collect();
        Operand::Group(Group {
            receiver: None,
            name: text.clone(),
            candidates: all,
            extensions: Vec::new(),
            explicit,
            span,
        })
    }

    /// A member of a value. Where it is `invoked`, a property that cannot be called does not hide methods.
    fn member_of(
        &mut self,
        receiver: Expr,
        name: &ast::Name,
        invoked: bool,
        span: Span,
    ) -> Operand {
        let text = name.ident.name.clone();
        if receiver.ty == Type::Error {
            return Operand::Value(Expr::error(span));
        }
        if receiver.ty == Type::Void || receiver.is_null() {
            self.diagnostics.error(
                "CS0023",
                span,
                format!(
                    "Operator '.' cannot be applied to operand of type '{}'",
                    receiver.ty
                ),
            );
            return Operand::Value(Expr::error(span));
        }
        if receiver.ty == Type::Dynamic {
            return Operand::Value(Expr::new(
                Kind::DynamicGet(receiver, text),
                Type::Dynamic,
                span,
            ));
        }
        if let Some(field) = self.field(&receiver, &text, span) {
            return Operand::Value(field);
        }
        if &*text == "Invoke" && receiver.ty.is_delegate() {
            return match super::call::delegate_candidate(&receiver.ty) {
                Some(candidate) => Operand::Group(Group {
                    receiver: Some(receiver),
                    name: text,
                    candidates: vec![candidate],
                    extensions: Vec::new(),
                    explicit: Vec::new(),
                    span,
                }),
                None => Operand::Value(Expr::error(span)),
            };
        }
        let property = find_property(&receiver.ty, &text).filter(|found| {
            let ty = found.member.result.substitute(&found.class, &[]);
            !invoked
                || ty.is_delegate()
                || ty == Type::Dynamic
                || !self.has_method(&receiver.ty, &text)
        });
        if let Some(found) = property {
            if invoked && !found.member.is_static {
                let ty = found.member.result.substitute(&found.class, &[]);
                if !ty.is_delegate() && ty != Type::Dynamic {
                    self.diagnostics.error_with_help(
                        "CS1955",
                        name.ident.span,
                        format!(
                            "Non-invocable member '{}.{text}' cannot be used like a method",
                            receiver.ty
                        ),
                        Some("remove the parentheses".into()),
                    );
                    return Operand::Value(Expr::error(span));
                }
            }
            if found.member.is_static {
                self.diagnostics.error_with_help(
                    "CS0176",
                    span,
                    format!(
                        "Member '{}.{text}' cannot be accessed with an instance reference",
                        receiver.ty
                    ),
                    Some(format!("write `{}.{text}`", receiver.ty)),
                );
                return Operand::Value(Expr::error(span));
            }
            return Operand::Value(self.property(Some(receiver), &found, span));
        }
        let candidates: Vec<Candidate> = overload::methods(&receiver.ty, &text, MemberKind::Method)
            .into_iter()
            .filter(|c| matches!(c.target, Target::Member(m) if !m.is_static))
            .collect();
        let extensions: Vec<Candidate> = self
            .registry
            .extensions(&text)
            .map(|member| Candidate::member(member, Vec::new(), 0))
            .collect();
        if candidates.is_empty() && extensions.is_empty() {
            self.unknown_member(&receiver.ty, &text, name.ident.span);
            return Operand::Value(Expr::error(span));
        }
        let explicit = name.args.iter().map(|a| self.ty(a)).collect();
        Operand::Group(Group {
            receiver: Some(receiver),
            name: text,
            candidates,
            extensions,
            explicit,
            span,
        })
    }

    /// Whether a call `receiver.name(…)` may mean a method.
    fn has_method(&self, ty: &Type, name: &str) -> bool {
        !overload::methods(ty, name, MemberKind::Method).is_empty()
            || self.registry.extensions(name).next().is_some()
    }

    pub(super) fn unknown_member(&mut self, ty: &Type, name: &str, span: Span) {
        let help = suggest::member(ty, name, false).or_else(|| {
            (*ty == Type::OBJECT)
                .then(|| format!("the value is an `object` here: cast it first, `((T)…).{name}`"))
        });
        self.diagnostics.error_with_help(
            "CS1061",
            span,
            format!("'{ty}' does not contain a definition for '{name}'"),
            help,
        );
    }

    /// An element of a tuple or a property of an anonymous object.
    fn field(&mut self, receiver: &Expr, name: &str, span: Span) -> Option<Expr> {
        let (index, ty) = field_index(&receiver.ty, name)?;
        Some(Expr::new(
            Kind::RecordGet(receiver.clone(), index),
            ty,
            span,
        ))
    }

    /// A member of a bound value, for names made by the parser.
    pub(super) fn instance_member(
        &mut self,
        receiver: Expr,
        name: &Arc<str>,
        _args: &[Type],
        span: Span,
    ) -> Expr {
        match self.member_of(
            receiver,
            &ast::Name {
                ident: ast::Ident {
                    name: name.clone(),
                    span,
                },
                args: Vec::new(),
            },
            false,
            span,
        ) {
            Operand::Value(value) => value,
            _ => Expr::error(span),
        }
    }

    pub(super) fn property(
        &mut self,
        receiver: Option<Expr>,
        found: &MemberType,
        span: Span,
    ) -> Expr {
        self.check_allowed(found.member, span);
        let ty = found.member.result.substitute(&found.class, &[]);
        if let Some(value) = &found.member.constant {
            let mut expr = self.constant(value.clone(), span);
            expr.ty = ty;
            return expr;
        }
        self.note_effects(found.member, receiver.as_ref());
        Expr::new(
            Kind::Call {
                member: found.member,
                types: found.class.clone().into(),
                args: receiver.into_iter().collect(),
                write_back: Vec::new(),
                set: false,
            },
            ty,
            span,
        )
    }

    /// In strict mode a member off the documented list is an error.
    pub(super) fn check_allowed(&mut self, member: &'static Member, span: Span) {
        if !self.strict || member.documented {
            return;
        }
        let owner = self
            .registry
            .def(member.owner)
            .map(|d| d.name.to_string())
            .unwrap_or_default();
        self.diagnostics.error(
            "TG0102",
            span,
            format!(
                "'{owner}.{}' is not on API Management's documented list of members for policy expressions",
                member.name
            ),
        );
    }

    /// Which body a member reads and whether it changes anything.
    pub(super) fn note_effects(&mut self, member: &'static Member, receiver: Option<&Expr>) {
        if member.mutates {
            self.effects.mutates = true;
        }
        if member.owner != known::IMESSAGE_BODY {
            return;
        }
        let (request, response) = match receiver {
            Some(body) => self.body_side(body),
            None => (true, true),
        };
        self.effects.reads_request_body |= request;
        self.effects.reads_response_body |= response;
    }

    /// Whose body an expression is: (request's, response's); a body of unknown origin may be both.
    fn body_side(&self, body: &Expr) -> (bool, bool) {
        match &*body.kind {
            Kind::Local(id) => match self.targets.get(id) {
                Some(target) => self.body_side(target),
                None => (true, true),
            },
            Kind::NullConditional { then, .. } => self.body_side(then),
            Kind::Call { member, args, .. } if &*member.name == "Body" => match args.first() {
                Some(owner) if owner.ty.is(known::IREQUEST) => (true, false),
                Some(owner) => (false, self.may_be_own_response(owner)),
                None => (true, true),
            },
            _ => (true, true),
        }
    }

    /// Whether an `IResponse` may be `context.Response` and not a stored one.
    fn may_be_own_response(&self, owner: &Expr) -> bool {
        match &*owner.kind {
            Kind::Convert(..) | Kind::As(..) => false,
            Kind::Call { member, .. } => member.owner == known::CONTEXT,
            Kind::Local(id) => match self.targets.get(id) {
                Some(target) => self.may_be_own_response(target),
                None => true,
            },
            _ => true,
        }
    }

    // Indexers.

    pub(super) fn index(&mut self, target: &ast::Expr, args: &[ast::Arg], span: Span) -> Expr {
        match self.index_place(target, args, span) {
            Some(place) => self.load(&place, span),
            None => Expr::error(span),
        }
    }

    fn index_place(&mut self, target: &ast::Expr, args: &[ast::Arg], span: Span) -> Option<Place> {
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

    fn index_of_value(&mut self, receiver: Expr, args: &[ast::Arg], span: Span) -> Option<Place> {
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
            self.diagnostics.error(
                "CS0021",
                span,
                format!(
                    "Cannot apply indexing with [] to an expression of type '{}'",
                    receiver.ty
                ),
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

    fn not_assignable(&mut self, span: Span) {
        self.diagnostics.error(
            "CS0131",
            span,
            "The left-hand side of an assignment must be a variable, property or indexer",
        );
    }

    fn member_place(&mut self, target: &ast::Expr, name: &ast::Name, span: Span) -> Option<Place> {
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

    fn property_place(
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
    fn setter(
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

    // Object creation.

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

    fn construct(&mut self, ty: &Type, args: &[ast::Arg], span: Span) -> Expr {
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

    fn initialise(&mut self, target: &Expr, init: &Initializer, effects: &mut Vec<Expr>) {
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

    fn initialise_nested(&mut self, value: Expr, inner: &Initializer, effects: &mut Vec<Expr>) {
        let span = value.span;
        let temp = self.temp(value.ty.clone(), span);
        effects.push(self.set_local(temp, value));
        let target = self.local(temp, span);
        self.initialise(&target, inner, effects);
    }

    fn initialise_add(&mut self, target: &Expr, item: &[ast::Expr], effects: &mut Vec<Expr>) {
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

/// A property or constant of that name, the type's own before inherited ones.
pub(super) fn find_property(ty: &Type, name: &str) -> Option<MemberType> {
    let owners = match ty {
        Type::Array(..) => {
            let mut owners = relations::supertypes(ty);
            // An array's own members win over those of the interfaces it implements.
            owners.sort_by_key(|t| !t.is(known::ARRAY));
            owners
        }
        _ => relations::supertypes(ty),
    };
    owners.into_iter().find_map(|owner| {
        let def = owner.def()?;
        let member = def.named(name).find(|m| m.kind == MemberKind::Property)?;
        Some(MemberType {
            member,
            class: owner.args().to_vec(),
        })
    })
}

/// Position and type of a field of a tuple or anonymous type.
fn field_index(ty: &Type, name: &str) -> Option<(usize, Type)> {
    match ty {
        Type::Tuple(tuple) => {
            let by_name = tuple.names.iter().position(|n| n.as_deref() == Some(name));
            let index = by_name.or_else(|| {
                let n: usize = name.strip_prefix("Item")?.parse().ok()?;
                n.checked_sub(1)
            })?;
            tuple.elements.get(index).map(|t| (index, t.clone()))
        }
        Type::Anonymous(fields) => fields
            .iter()
            .position(|(n, _)| &**n == name)
            .and_then(|i| fields.get(i).map(|(_, t)| (i, t.clone()))),
        _ => None,
    }
}

/// Where an array creation ends when nothing but its brackets follows; parentheses around it make its span wider.
fn target_end(target: &ast::Expr) -> u32 {
    match &*target.kind {
        ExprKind::NewArray { sizes, .. } => sizes.last().map_or(0, |s| s.span.end + 1),
        _ => 0,
    }
}
