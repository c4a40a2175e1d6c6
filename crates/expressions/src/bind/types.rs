//! Type names to types.

use std::sync::Arc;

use super::{Binder, suggest};
use crate::diagnostic::Span;
use crate::syntax::ast::{GLOBAL, Name, TypeKind, TypeSyntax};
use crate::types::{DefId, Kind, TupleType, Type};

/// Type arguments nest at most this deep.
const DEEPEST_TYPE: usize = 30;

impl Binder {
    /// The type a syntax names; an error is reported and gives [`Type::Error`].
    pub(super) fn ty(&mut self, syntax: &TypeSyntax) -> Type {
        let ty = match &*syntax.kind {
            TypeKind::Predefined(def) => Type::Named(*def, None),
            TypeKind::Void => Type::Void,
            TypeKind::Open => {
                let message = "Unexpected use of an unbound generic name";
                self.diagnostics.error("CS7003", syntax.span, message);
                return Type::Error;
            }
            TypeKind::Nullable(inner) => {
                let inner_ty = self.ty(inner);
                if inner_ty == Type::Error {
                    return Type::Error;
                }
                if !inner_ty.is_value_type() {
                    self.diagnostics.error_with_help(
                        "CS0453",
                        syntax.span,
                        format!(
                            "The type '{inner_ty}' cannot be made nullable: it accepts null already"
                        ),
                        Some(format!("write `{inner_ty}`")),
                    );
                    return inner_ty;
                }
                Type::nullable(inner_ty)
            }
            TypeKind::Array(element, rank) => {
                let element = self.ty(element);
                if *rank > 2 {
                    self.diagnostics.error(
                        "TG0103",
                        syntax.span,
                        "Arrays of more than two dimensions are not supported",
                    );
                }
                Type::Array(Arc::new(element), *rank)
            }
            TypeKind::Tuple(elements) => Type::Tuple(Arc::new(TupleType {
                elements: elements.iter().map(|(ty, _)| self.ty(ty)).collect(),
                names: elements
                    .iter()
                    .map(|(_, name)| name.as_ref().map(|n| n.name.clone()))
                    .collect(),
            })),
            TypeKind::Path(path) => return self.path_type(path, syntax.span),
        };
        if ty.depth() > DEEPEST_TYPE {
            self.diagnostics
                .error("CS8078", syntax.span, "The type is too complex");
            return Type::Error;
        }
        ty
    }

    /// The type of `typeof`, whose type arguments may be left open.
    pub(super) fn type_or_definition(&mut self, syntax: &TypeSyntax) -> Type {
        if let TypeKind::Path(path) = &*syntax.kind
            && let Some(last) = path.last()
            && last.args.iter().any(|a| matches!(*a.kind, TypeKind::Open))
            && let Some(def) = self.lookup_path(path)
        {
            self.check_type_allowed(def, syntax.span);
            return Type::Named(def, None);
        }
        self.ty(syntax)
    }

    fn path_type(&mut self, path: &[Name], span: Span) -> Type {
        let Some((last, front)) = path.split_last() else {
            return Type::Error;
        };
        if front.is_empty() && last.args.is_empty() {
            if &*last.ident.name == "dynamic" {
                return Type::Dynamic;
            }
            if let Some(ty) = self.type_param(&last.ident.name) {
                return ty;
            }
        }
        let known = self.lookup_path(path).is_some();
        let args: Vec<Type> = last
            .args
            .iter()
            // Of a type that has none, or another number of them, that is said below.
            .map(|a| match *a.kind {
                TypeKind::Open if !known => Type::OBJECT,
                _ => self.ty(a),
            })
            .collect();
        if args.contains(&Type::Error) {
            return Type::Error;
        }
        match self.lookup_path(path) {
            Some(def) => self.instantiate(def, args, span),
            None => {
                if front.is_empty()
                    && let Some(arity) =
                        (0..=4).find(|n| self.simple_type(&last.ident.name, *n).is_some())
                {
                    let name = &last.ident.name;
                    let wanted = vec!["string"; arity].join(", ");
                    let (code, message, help) = if arity == 0 {
                        (
                            "CS0308",
                            format!("The type '{name}' takes no type arguments"),
                            format!("write `{name}`"),
                        )
                    } else {
                        (
                            "CS0305",
                            format!("The generic type '{name}' requires {arity} type arguments"),
                            format!("name them: `{name}<{wanted}>`"),
                        )
                    };
                    self.diagnostics
                        .error_with_help(code, span, message, Some(help));
                    return Type::Error;
                }
                let name: Vec<&str> = path.iter().map(|n| &*n.ident.name).collect();
                let name = name.join(".");
                if let Some(name) = name.strip_prefix(GLOBAL) {
                    self.nothing_global(name, span);
                    return Type::Error;
                }
                let help = suggest::type_name(self.registry, &last.ident.name);
                self.diagnostics.error_with_help(
                    "CS0246",
                    span,
                    format!("The type or namespace name '{name}' could not be found"),
                    help,
                );
                Type::Error
            }
        }
    }

    /// Says that the outermost namespace has no such name, or a namespace in it none.
    pub(super) fn nothing_global(&mut self, path: &str, span: Span) {
        let (code, message) = match path.rsplit_once('.') {
            Some((namespace, name)) if self.registry.is_namespace(namespace) => (
                "CS0234",
                format!(
                    "The type or namespace name '{name}' does not exist in the namespace '{namespace}'"
                ),
            ),
            _ => (
                "CS0400",
                format!(
                    "The type or namespace name '{path}' could not be found in the global namespace"
                ),
            ),
        };
        self.diagnostics.error(code, span, message);
    }

    pub(super) fn type_param(&self, name: &str) -> Option<Type> {
        self.type_params
            .iter()
            .rev()
            .find_map(|params| params.get(name).cloned())
    }

    /// The definition a dotted path names.
    fn lookup_path(&self, path: &[Name]) -> Option<DefId> {
        let (last, front) = path.split_last()?;
        let arity = last.args.len();
        if front.is_empty() {
            return self.simple_type(&last.ident.name, arity);
        }
        let prefix: Vec<&str> = front.iter().map(|n| &*n.ident.name).collect();
        self.qualified_type(&prefix.join("."), &last.ident.name, arity)
    }

    /// A type by simple name. All namespaces of the library are in scope.
    pub(super) fn simple_type(&self, name: &str, arity: usize) -> Option<DefId> {
        self.registry.by_name(name, arity).first().copied()
    }

    /// A type by namespace (or enclosing type) and name.
    pub(super) fn qualified_type(&self, prefix: &str, name: &str, arity: usize) -> Option<DefId> {
        self.registry
            .by_name(name, arity)
            .iter()
            .copied()
            .find(|id| {
                self.registry
                    .def(*id)
                    .is_some_and(|def| match prefix.strip_prefix(GLOBAL) {
                        Some(whole) => *def.namespace == *whole,
                        None => {
                            *def.namespace == *prefix
                                || def.namespace.ends_with(&format!(".{prefix}"))
                        }
                    })
            })
    }

    pub(super) fn instantiate(&mut self, def: DefId, args: Vec<Type>, span: Span) -> Type {
        self.check_type_allowed(def, span);
        let ty = if args.is_empty() {
            Type::Named(def, None)
        } else {
            Type::generic(def, args)
        };
        if ty.depth() > DEEPEST_TYPE {
            self.diagnostics
                .error("CS8078", span, "The type is too complex");
            return Type::Error;
        }
        if let Some(inner) = ty.nullable_underlying()
            && !inner.is_value_type()
        {
            self.diagnostics.error(
                "CS0453",
                span,
                format!("The type '{inner}' must be a non-nullable value type"),
            );
        }
        ty
    }

    /// In strict mode a type off the documented list is an error.
    fn check_type_allowed(&mut self, def: DefId, span: Span) {
        if !self.strict {
            return;
        }
        if let Some(def) = self.registry.def(def)
            && !def.documented
            && def.kind != Kind::Delegate
        {
            self.diagnostics.error(
                "TG0101",
                span,
                format!(
                    "'{}' is not on API Management's documented list of types for policy expressions",
                    def.full_name()
                ),
            );
        }
    }
}
