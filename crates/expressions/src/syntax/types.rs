//! Types as written.

use super::ast::{Ident, Name, TypeKind, TypeSyntax};
use super::lexer::Tok;
use super::parser::Parser;
use crate::diagnostic::Span;
use crate::types::registry::keyword;

impl Parser<'_> {
    /// A type; reports an error where there is none.
    pub(super) fn ty(&mut self) -> TypeSyntax {
        match self.try_type() {
            Some(ty) => ty,
            None => {
                let span = self.current().span;
                self.diagnostics.error("CS1031", span, "Type expected");
                TypeSyntax {
                    kind: Box::new(TypeKind::Path(Vec::new())),
                    span,
                }
            }
        }
    }

    /// A type, or `None` (with the cursor anywhere) when there is none. Does not report errors.
    pub(super) fn try_type(&mut self) -> Option<TypeSyntax> {
        self.deeper(|p| p.try_type_inner(true), |_| None)
    }

    /// A type without array brackets, as after `new`.
    pub(super) fn try_element_type(&mut self) -> Option<TypeSyntax> {
        self.deeper(|p| p.try_type_inner(false), |_| None)
    }

    fn try_type_inner(&mut self, arrays: bool) -> Option<TypeSyntax> {
        let token = self.current();
        let start = token.span;
        let mut kind = match token.tok {
            Tok::Keyword("void") => {
                self.bump();
                TypeKind::Void
            }
            Tok::Keyword(word) => {
                let def = keyword(word)?;
                self.bump();
                TypeKind::Predefined(def)
            }
            Tok::Ident(_) => {
                let first = self.name_with_alias();
                let mut path = vec![self.try_name(first)?];
                while self.is(".") {
                    self.bump();
                    if !self.is_ident(0) {
                        return None;
                    }
                    let ident = self.ident();
                    path.push(self.try_name(ident)?);
                }
                TypeKind::Path(path)
            }
            Tok::Punct("(") => {
                self.bump();
                let mut elements = Vec::new();
                loop {
                    let ty = self.try_type()?;
                    let name = if self.is_ident(0) {
                        Some(self.ident())
                    } else {
                        None
                    };
                    elements.push((ty, name));
                    if !self.eat(",") {
                        break;
                    }
                }
                if !self.eat(")") || elements.len() < 2 {
                    return None;
                }
                TypeKind::Tuple(elements)
            }
            _ => return None,
        };
        loop {
            let span = start.to(self.last_span());
            let wrap = |kind| TypeSyntax {
                kind: Box::new(kind),
                span,
            };
            if self.is("?") {
                self.bump();
                kind = TypeKind::Nullable(wrap(kind));
            } else if arrays && self.is("[") && (self.is_ahead(1, "]") || self.is_ahead(1, ",")) {
                // `int[][,]`: the brackets written first are the outer array's.
                let mut ranks = Vec::new();
                let mut inner = wrap(kind);
                while self.is("[") && (self.is_ahead(1, "]") || self.is_ahead(1, ",")) {
                    self.bump();
                    let mut rank = 1_u8;
                    while self.eat(",") {
                        rank = rank.saturating_add(1);
                    }
                    if !self.eat("]") {
                        return None;
                    }
                    ranks.push(rank);
                }
                let whole = start.to(self.last_span());
                while let Some(rank) = ranks.pop() {
                    inner = TypeSyntax {
                        kind: Box::new(TypeKind::Array(inner, rank)),
                        span: whole,
                    };
                }
                kind = *inner.kind;
            } else {
                return Some(TypeSyntax {
                    kind: Box::new(kind),
                    span,
                });
            }
        }
    }

    /// A name with optional type arguments.
    fn try_name(&mut self, ident: Ident) -> Option<Name> {
        let args = if self.is("<") {
            self.try_type_args()?
        } else {
            Vec::new()
        };
        Some(Name { ident, args })
    }

    /// `<A, B>`, or `<,>` of a type whose arguments are left open; `None` when it is something else.
    pub(super) fn try_type_args(&mut self) -> Option<Vec<TypeSyntax>> {
        if !self.eat("<") {
            return None;
        }
        let mut args = Vec::new();
        if self.is(">") || self.is(",") {
            loop {
                args.push(TypeSyntax {
                    kind: Box::new(TypeKind::Open),
                    span: self.current().span,
                });
                if !self.eat(",") {
                    break;
                }
            }
            return self.eat(">").then_some(args);
        }
        loop {
            args.push(self.try_type()?);
            if !self.eat(",") {
                break;
            }
        }
        self.eat(">").then_some(args)
    }

    /// Type arguments in an expression, where `<` may also be a comparison: C#'s rule looks at what follows.
    pub(super) fn expression_type_args(&mut self) -> Vec<TypeSyntax> {
        if !self.is("<") {
            return Vec::new();
        }
        let mark = self.mark();
        if let Some(args) = self.try_type_args() {
            let follows = match self.current().tok {
                Tok::Punct(p) => matches!(
                    p,
                    "(" | ")"
                        | "]"
                        | "}"
                        | ":"
                        | ";"
                        | ","
                        | "."
                        | "?"
                        | "?."
                        | "=="
                        | "!="
                        | "|"
                        | "^"
                        | "&&"
                        | "||"
                        | "&"
                        | "["
                ),
                Tok::End => true,
                _ => false,
            };
            if follows {
                return args;
            }
        }
        self.reset(mark);
        Vec::new()
    }

    /// The single word as a type, for declarations without a type of their own.
    pub(super) fn word_type(name: &str, span: Span) -> TypeSyntax {
        TypeSyntax {
            kind: Box::new(TypeKind::Path(vec![Name {
                ident: super::ast::Ident {
                    name: name.into(),
                    span,
                },
                args: Vec::new(),
            }])),
            span,
        }
    }
}
