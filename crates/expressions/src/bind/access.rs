//! Members, indexers, places that can be assigned, object creation.

use std::sync::Arc;

use super::overload::{self, Candidate, Target};
use super::tree::{Expr, Kind};
use super::{Binder, Group, Operand, suggest};
use crate::diagnostic::Span;
use crate::syntax::ast::{self};
use crate::types::relations;
use crate::types::{Member, MemberKind, MemberType, Type, known};

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
        if self
            .registry
            .is_namespace(full.strip_prefix(ast::GLOBAL).unwrap_or(&full))
        {
            return Operand::Namespace(full);
        }
        let namespace = namespace.strip_prefix(ast::GLOBAL).unwrap_or(namespace);
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
            let makes = ty
                .def()
                .is_some_and(|def| def.of_kind(MemberKind::Constructor).next().is_some());
            self.diagnostics.error_with_help(
                "CS0120",
                span,
                format!("An object reference is required for the non-static method '{ty}.{text}'"),
                makes.then(|| format!("make one first: `new {ty}().{text}(…)`")),
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
            if receiver.is_user() {
                self.user.1 = self.user.1.saturating_add(1);
                self.user.2.get_or_insert(receiver.span);
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
        let help = super::advice::foreign(ty, name)
            .map(|word| format!("did you mean `{word}`?"))
            .or_else(|| super::advice::of_text(ty, name))
            .or_else(|| suggest::member(ty, name, false))
            .or_else(|| super::advice::member(ty, name));
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
        if let Some(of) = &receiver
            && matches!(&*of.kind, Kind::Context)
            && &*found.member.name == "User"
        {
            self.user.0 = self.user.0.saturating_add(1);
        }
        if found.member.write_only {
            self.diagnostics.error(
                "CS0154",
                span,
                format!(
                    "The property or indexer '{}' cannot be used in this context because it lacks the get accessor",
                    found.member.name
                ),
            );
            return Expr::error(span);
        }
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

    /// `As<T>()` of a message's body reads a few types only.
    pub(super) fn check_body_type(&mut self, member: &Member, types: &[Type], span: Span) {
        let [ty] = types else {
            return;
        };
        if member.owner != known::IMESSAGE_BODY || &*member.name != "As" {
            return;
        }
        const READABLE: &[&str] = &[
            "String",
            "JToken",
            "JObject",
            "JArray",
            "XNode",
            "XElement",
            "XDocument",
            "Object",
        ];
        let fits = matches!(ty, Type::Error | Type::MethodParam(_))
            || *ty == Type::array(Type::BYTE)
            || ty.def().is_some_and(|def| READABLE.contains(&&*def.name));
        if !fits {
            self.diagnostics.error_with_help(
                "TG0202",
                span,
                format!("A message body cannot be read as '{ty}'"),
                Some("it is read as string, byte[], JToken, JObject, JArray, XNode, XElement or XDocument; convert what was read".into()),
            );
        }
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
        let name = match member.kind {
            MemberKind::Constructor => format!("new {owner}(…)"),
            _ => format!("{owner}.{}", member.name),
        };
        self.diagnostics.error(
            "TG0102",
            span,
            format!(
                "'{name}' is not on API Management's documented list of members for policy expressions"
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
}

/// A property or constant of that name, the type's own before inherited ones.
pub(super) fn find_property(ty: &Type, name: &str) -> Option<MemberType> {
    relations::lookup_types(ty).into_iter().find_map(|owner| {
        let def = owner.def()?;
        let member = def.named(name).find(|m| m.kind == MemberKind::Property)?;
        Some(MemberType {
            member,
            class: owner.args().to_vec(),
        })
    })
}

/// Position and type of a field of a tuple or anonymous type.
pub(super) fn field_index(ty: &Type, name: &str) -> Option<(usize, Type)> {
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
