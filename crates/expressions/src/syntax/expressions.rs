//! Expressions.

use std::sync::Arc;

use super::ast::{
    Arg, BinaryOp, Designation, Expr, ExprKind, InitTarget, InitValue, Initializer, Lambda,
    LambdaBody, LambdaParameter, Name, Pass, Pattern, Piece, TypeKind, UnaryOp,
};
use super::lexer::{Part, Tok};
use super::parser::{Parser, make};
use crate::diagnostic::Span;
use crate::types::registry::keyword;

impl Parser<'_> {
    /// An expression, assignments and lambdas included.
    pub(super) fn expression(&mut self) -> Expr {
        self.deeper(Self::assignment, |span| make(ExprKind::Error, span))
    }

    fn assignment(&mut self) -> Expr {
        if self.is_lambda() {
            return self.lambda();
        }
        if self.is_query() {
            return self.query();
        }
        if self.is_keyword("throw") {
            let start = self.bump().span;
            let value = self.binary(0);
            let span = start.to(value.span);
            return make(ExprKind::Throw(value), span);
        }
        let target = self.conditional();
        let op = match self.current().tok {
            Tok::Punct("=") => None,
            Tok::Punct("+=") => Some(BinaryOp::Add),
            Tok::Punct("-=") => Some(BinaryOp::Subtract),
            Tok::Punct("*=") => Some(BinaryOp::Multiply),
            Tok::Punct("/=") => Some(BinaryOp::Divide),
            Tok::Punct("%=") => Some(BinaryOp::Remainder),
            Tok::Punct("&=") => Some(BinaryOp::And),
            Tok::Punct("|=") => Some(BinaryOp::Or),
            Tok::Punct("^=") => Some(BinaryOp::Xor),
            Tok::Punct("<<=") => Some(BinaryOp::ShiftLeft),
            Tok::Punct("??=") => Some(BinaryOp::Coalesce),
            Tok::Punct(">") if self.is_ahead(1, ">=") && self.adjacent() => {
                self.bump();
                Some(BinaryOp::ShiftRight)
            }
            _ => return target,
        };
        self.bump();
        let value = self.expression();
        let span = target.span.to(value.span);
        make(ExprKind::Assign(op, target, value), span)
    }

    fn conditional(&mut self) -> Expr {
        let condition = self.binary(0);
        if !self.is("?") {
            return condition;
        }
        self.bump();
        let then = self.expression();
        self.expect(":");
        let other = self.expression();
        let span = condition.span.to(other.span);
        make(ExprKind::Conditional(condition, then, other), span)
    }

    /// The binary operator at the cursor with its strength and number of tokens.
    fn operator(&self) -> Option<(BinaryOp, u8, usize)> {
        let Tok::Punct(p) = self.current().tok else {
            return None;
        };
        Some(match p {
            "??" => (BinaryOp::Coalesce, 1, 1),
            "||" => (BinaryOp::OrElse, 2, 1),
            "&&" => (BinaryOp::AndAlso, 3, 1),
            "|" => (BinaryOp::Or, 4, 1),
            "^" => (BinaryOp::Xor, 5, 1),
            "&" => (BinaryOp::And, 6, 1),
            "==" => (BinaryOp::Equal, 7, 1),
            "!=" => (BinaryOp::NotEqual, 7, 1),
            "<" => (BinaryOp::Less, 8, 1),
            "<=" => (BinaryOp::LessEqual, 8, 1),
            ">=" => (BinaryOp::GreaterEqual, 8, 1),
            ">" if self.is_ahead(1, ">") && self.adjacent() => (BinaryOp::ShiftRight, 9, 2),
            ">" if self.is_ahead(1, ">=") && self.adjacent() => return None,
            ">" => (BinaryOp::Greater, 8, 1),
            "<<" => (BinaryOp::ShiftLeft, 9, 1),
            "+" => (BinaryOp::Add, 10, 1),
            "-" => (BinaryOp::Subtract, 10, 1),
            "*" => (BinaryOp::Multiply, 11, 1),
            "/" => (BinaryOp::Divide, 11, 1),
            "%" => (BinaryOp::Remainder, 11, 1),
            _ => return None,
        })
    }

    /// Operators of at least that strength.
    pub(super) fn binary(&mut self, least: u8) -> Expr {
        let mut left = self.unary();
        // A long chain of operators makes a tree as deep as the chain is long.
        let mut links = 0_usize;
        loop {
            if least <= 8 && self.is_keyword("is") {
                self.bump();
                let pattern = self.pattern();
                let span = left.span.to(self.last_span());
                left = make(ExprKind::Is(left, pattern), span);
                continue;
            }
            if least <= 8 && self.is_keyword("as") {
                self.bump();
                let ty = self.as_type();
                let span = left.span.to(ty.span);
                left = make(ExprKind::As(left, ty), span);
                continue;
            }
            let Some((op, strength, tokens)) = self.operator() else {
                return left;
            };
            if strength < least.max(1) {
                return left;
            }
            links += 1;
            if links > 2_000 {
                let span = self.current().span;
                self.diagnostics.error(
                    "CS8078",
                    span,
                    "An expression is too long or complex to compile",
                );
                return left;
            }
            for _ in 0..tokens {
                self.bump();
            }
            let right = if op == BinaryOp::Coalesce {
                // Right-associative, and `throw` may stand on its right.
                if self.is_keyword("throw") {
                    self.expression()
                } else {
                    self.deeper(|p| p.binary(strength), |span| make(ExprKind::Error, span))
                }
            } else {
                self.deeper(
                    |p| p.binary(strength + 1),
                    |span| make(ExprKind::Error, span),
                )
            };
            let span = left.span.to(right.span);
            left = make(ExprKind::Binary(op, left, right), span);
        }
    }

    /// The type after `as`, where `x as T ? a : b` must not read `T?`.
    fn as_type(&mut self) -> super::ast::TypeSyntax {
        let ty = self.ty();
        self.unread_nullable(ty)
    }

    /// Gives back the `?` of a `T?` when what follows makes it a conditional operator.
    fn unread_nullable(&mut self, ty: super::ast::TypeSyntax) -> super::ast::TypeSyntax {
        let TypeKind::Nullable(inner) = &*ty.kind else {
            return ty;
        };
        let starts_operand = match self.current().tok {
            Tok::Ident(_) | Tok::Literal(_) | Tok::Interpolated(_) => true,
            Tok::Keyword(k) => !matches!(k, "is" | "as"),
            Tok::Punct(p) => matches!(p, "(" | "!" | "~" | "+" | "-" | "++" | "--"),
            Tok::End => false,
        };
        if starts_operand {
            let inner = inner.clone();
            self.step_back();
            inner
        } else {
            ty
        }
    }

    pub(super) fn pattern(&mut self) -> Pattern {
        if self.is_word("var") && (self.is_ident(1) || self.is_ahead(1, "(")) {
            self.bump();
            return Pattern::Var(self.designation());
        }
        let mark = self.mark();
        if let Some(ty) = self.try_type() {
            let ty = self.unread_nullable(ty);
            // `when` starts the guard of a case label, unless it is the name itself.
            let names = !self.is_word("when") || self.is_ahead(1, ":");
            if names && self.is_ident(0) {
                let designation = self.designation();
                return Pattern::Declaration(ty, designation);
            }
            let ends = match self.current().tok {
                Tok::Punct(p) => !matches!(
                    p,
                    "." | "(" | "[" | "+" | "-" | "*" | "/" | "%" | "<<" | "<" | "?."
                ),
                _ => true,
            };
            if ends {
                return Pattern::Type(ty);
            }
        }
        self.reset(mark);
        Pattern::Constant(self.binary(9))
    }

    pub(super) fn designation(&mut self) -> Designation {
        if self.is("(") {
            let start = self.bump().span;
            let mut parts = Vec::new();
            loop {
                parts.push(self.deeper(Self::designation, Designation::Discard));
                if !self.eat(",") {
                    break;
                }
            }
            let end = self.expect(")");
            return Designation::Tuple(parts, start.to(end));
        }
        if self.is_word("_") {
            return Designation::Discard(self.bump().span);
        }
        Designation::Name(self.ident())
    }

    fn unary(&mut self) -> Expr {
        self.deeper(Self::unary_inner, |span| make(ExprKind::Error, span))
    }

    fn unary_inner(&mut self) -> Expr {
        let token = self.current();
        let Tok::Punct(p) = token.tok else {
            return self.postfix();
        };
        let op = match p {
            "+" => UnaryOp::Plus,
            "-" => UnaryOp::Minus,
            "!" => UnaryOp::Not,
            "~" => UnaryOp::Complement,
            "++" | "--" => {
                self.bump();
                let target = self.unary();
                let span = token.span.to(target.span);
                return make(
                    ExprKind::Step {
                        up: p == "++",
                        prefix: true,
                        target,
                    },
                    span,
                );
            }
            "(" => {
                if let Some(cast) = self.try_cast() {
                    return cast;
                }
                return self.postfix();
            }
            _ => return self.postfix(),
        };
        self.bump();
        let operand = self.unary();
        let span = token.span.to(operand.span);
        make(ExprKind::Unary(op, operand), span)
    }

    /// `(T)operand`, by C#'s rule for telling it from a parenthesised expression.
    fn try_cast(&mut self) -> Option<Expr> {
        let mark = self.mark();
        let start = self.bump().span;
        let parsed = self.try_type();
        let Some(ty) = parsed.filter(|_| self.eat(")")) else {
            self.reset(mark);
            return None;
        };
        let sure = match &*ty.kind {
            TypeKind::Predefined(_) | TypeKind::Nullable(_) | TypeKind::Array(..) => true,
            TypeKind::Path(path) => path.last().is_some_and(|n| !n.args.is_empty()),
            _ => false,
        };
        let operand_follows = match self.current().tok {
            Tok::Ident(_) | Tok::Literal(_) | Tok::Interpolated(_) => true,
            Tok::Keyword(k) => !matches!(k, "is" | "as" | "in"),
            Tok::Punct("(" | "!" | "~") => true,
            Tok::Punct("+" | "-" | "++" | "--") => sure,
            _ => false,
        };
        // `(x) => …` is a lambda and was recognised before; `(a)` alone is an expression.
        if !operand_follows {
            self.reset(mark);
            return None;
        }
        let operand = self.unary();
        let span = start.to(operand.span);
        Some(make(ExprKind::Cast(ty, operand), span))
    }

    fn postfix(&mut self) -> Expr {
        let start = self.primary();
        self.postfix_of(start)
    }

    fn postfix_of(&mut self, mut expr: Expr) -> Expr {
        let mut links = 0_usize;
        loop {
            links += 1;
            if links > 1_000 {
                let span = self.current().span;
                self.diagnostics.error(
                    "CS8078",
                    span,
                    "An expression is too long or complex to compile",
                );
                return expr;
            }
            let token = self.current();
            let Tok::Punct(p) = token.tok else {
                return expr;
            };
            match p {
                "." => {
                    self.bump();
                    let name = self.member_name();
                    let span = expr.span.to(self.last_span());
                    expr = make(ExprKind::Member(expr, name), span);
                }
                // White space may part the question mark from the point; `.5` would be a number.
                "?." | "?" if p == "?." || self.is_ahead(1, ".") => {
                    self.bump();
                    if p == "?" {
                        self.bump();
                    }
                    let receiver = make(ExprKind::Receiver, expr.span);
                    let name = self.member_name();
                    let span = expr.span.to(self.last_span());
                    let first = make(ExprKind::Member(receiver, name), span);
                    let rest =
                        self.deeper(|p| p.postfix_of(first), |span| make(ExprKind::Error, span));
                    let span = expr.span.to(rest.span);
                    return make(ExprKind::ConditionalAccess(expr, rest), span);
                }
                "?" if self.is_ahead(1, "[") && self.is_conditional_index() => {
                    self.bump();
                    let receiver = make(ExprKind::Receiver, expr.span);
                    self.bump();
                    let args = self.args("]");
                    let span = expr.span.to(self.last_span());
                    let first = make(ExprKind::Index(receiver, args), span);
                    let rest =
                        self.deeper(|p| p.postfix_of(first), |span| make(ExprKind::Error, span));
                    let span = expr.span.to(rest.span);
                    return make(ExprKind::ConditionalAccess(expr, rest), span);
                }
                "(" => {
                    self.bump();
                    let args = self.args(")");
                    let span = expr.span.to(self.last_span());
                    expr = make(ExprKind::Call(expr, args), span);
                }
                "[" => {
                    self.bump();
                    let args = self.args("]");
                    let span = expr.span.to(self.last_span());
                    expr = make(ExprKind::Index(expr, args), span);
                }
                "++" | "--" => {
                    self.bump();
                    let span = expr.span.to(token.span);
                    expr = make(
                        ExprKind::Step {
                            up: p == "++",
                            prefix: false,
                            target: expr,
                        },
                        span,
                    );
                }
                _ => return expr,
            }
        }
    }

    /// Whether `?[` indexes, and is not a conditional operator before an array: no `:` may belong to it.
    fn is_conditional_index(&self) -> bool {
        // `a ?[0] : b` is no C# that anybody writes; adjacency tells them apart.
        self.adjacent()
    }

    fn member_name(&mut self) -> Name {
        let ident = self.ident();
        let args = self.expression_type_args();
        Name { ident, args }
    }

    /// Arguments up to the closing bracket.
    pub(super) fn args(&mut self, close: &'static str) -> Vec<Arg> {
        let mut args = Vec::new();
        if self.eat(close) {
            return args;
        }
        loop {
            let name = if self.is_ident(0) && self.is_ahead(1, ":") {
                let name = self.ident();
                self.bump();
                Some(name)
            } else {
                None
            };
            let pass = if self.eat_keyword("out") {
                Pass::Out
            } else if self.eat_keyword("ref") {
                Pass::Ref
            } else {
                self.eat_keyword("in");
                Pass::Value
            };
            let value = if pass == Pass::Out {
                self.out_argument()
            } else {
                self.expression()
            };
            args.push(Arg { name, pass, value });
            if self.eat(",") {
                continue;
            }
            self.expect(close);
            return args;
        }
    }

    /// `out x`, `out var x`, `out T x`, `out _`
    fn out_argument(&mut self) -> Expr {
        let mark = self.mark();
        if let Some(ty) = self.try_type()
            && self.is_ident(0)
        {
            let designation = self.designation();
            let span = ty.span.to(self.last_span());
            return make(ExprKind::Declaration(ty, designation), span);
        }
        self.reset(mark);
        self.expression()
    }

    fn primary(&mut self) -> Expr {
        let token = self.current();
        let span = token.span;
        match token.tok {
            Tok::Literal(value) => {
                self.bump();
                make(ExprKind::Literal(value), span)
            }
            Tok::Interpolated(parts) => {
                self.bump();
                self.interpolated(&parts, span)
            }
            Tok::Ident(name) => {
                if &*name == "nameof" && self.is_ahead(1, "(") {
                    self.bump();
                    self.bump();
                    let value = self.expression();
                    let end = self.expect(")");
                    return make(ExprKind::NameOf(value), span.to(end));
                }
                // `var (a, b) = …`
                if &*name == "var" && self.is_ahead(1, "(") && self.is_deconstruction() {
                    self.bump();
                    let designation = self.designation();
                    let whole = span.to(self.last_span());
                    return make(
                        ExprKind::Declaration(Self::word_type("var", span), designation),
                        whole,
                    );
                }
                let ident = self.name_with_alias();
                let args = self.expression_type_args();
                let whole = span.to(self.last_span());
                make(ExprKind::Name(Name { ident, args }), whole)
            }
            Tok::Punct("(") => self.parenthesised(),
            Tok::Keyword(word) => self.keyword_primary(word, span),
            _ => {
                let found = self.text(span);
                // Only the end of a hole in a text has a width.
                let (code, message) = match token.tok {
                    Tok::End if found.is_empty() => {
                        let at = span.start as usize;
                        let close = self.text(Span::new(at, at + 1));
                        ("CS1525", format!("Invalid expression term '{close}'"))
                    }
                    Tok::End => ("CS1733", "Expected expression".to_owned()),
                    _ => ("CS1525", format!("Invalid expression term '{found}'")),
                };
                self.diagnostics.error(code, span, message);
                make(ExprKind::Error, span)
            }
        }
    }

    /// After `var`: whether the parentheses are followed by `=` or `in`.
    fn is_deconstruction(&self) -> bool {
        match self.matching_paren(1) {
            Some(close) => self.is_ahead(close + 1, "=") || self.is_keyword_ahead(close + 1, "in"),
            None => false,
        }
    }

    /// How far ahead the parenthesis closes that opens `ahead` tokens on.
    pub(super) fn matching_paren(&self, ahead: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = ahead;
        loop {
            match self.peek_token(at).tok {
                Tok::Punct("(" | "[" | "{") => depth += 1,
                Tok::Punct(")" | "]" | "}") => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                Tok::End => return None,
                _ => {}
            }
            at += 1;
        }
    }

    fn parenthesised(&mut self) -> Expr {
        let start = self.bump().span;
        let mut elements = Vec::new();
        loop {
            let name = if self.is_ident(0) && self.is_ahead(1, ":") {
                let name = self.ident();
                self.bump();
                Some(name)
            } else {
                None
            };
            let value = self.tuple_element();
            elements.push((name, value));
            if !self.eat(",") {
                break;
            }
        }
        let end = self.expect(")");
        if elements.len() == 1
            && elements.first().is_some_and(|(name, _)| name.is_none())
            && let Some((_, mut only)) = elements.pop()
        {
            only.span = start.to(end);
            return only;
        }
        make(ExprKind::Tuple(elements), start.to(end))
    }

    /// An element of a tuple: `int a` and `var b` declare in a deconstruction.
    fn tuple_element(&mut self) -> Expr {
        let mark = self.mark();
        if (self.is_ident(0)
            || matches!(self.current().tok, Tok::Keyword(k) if keyword(k).is_some()))
            && let Some(ty) = self.try_type()
            && self.is_ident(0)
            && (self.is_ahead(1, ",") || self.is_ahead(1, ")"))
        {
            let designation = self.designation();
            let span = ty.span.to(self.last_span());
            return make(ExprKind::Declaration(ty, designation), span);
        }
        self.reset(mark);
        self.expression()
    }

    fn keyword_primary(&mut self, word: &'static str, span: Span) -> Expr {
        if let Some(def) = keyword(word) {
            self.bump();
            return make(ExprKind::Predefined(def), span);
        }
        match word {
            "new" => self.new_expression(),
            "typeof" | "sizeof" => {
                self.bump();
                self.expect("(");
                let ty = self.ty();
                let end = self.expect(")");
                let kind = if word == "typeof" {
                    ExprKind::TypeOf(ty)
                } else {
                    ExprKind::SizeOf(ty)
                };
                make(kind, span.to(end))
            }
            "default" => {
                self.bump();
                if self.eat("(") {
                    let ty = self.ty();
                    let end = self.expect(")");
                    make(ExprKind::Default(Some(ty)), span.to(end))
                } else {
                    make(ExprKind::Default(None), span)
                }
            }
            "checked" | "unchecked" => {
                self.bump();
                self.expect("(");
                let value = self.expression();
                let end = self.expect(")");
                let span = span.to(end);
                make(ExprKind::Checked(word == "checked", value), span)
            }
            "delegate" => {
                self.bump();
                let parameters = if self.is("(") {
                    Some(self.lambda_parameters())
                } else {
                    None
                };
                let body = self.lambda_block();
                let whole = span.to(self.last_span());
                make(
                    ExprKind::Lambda(Lambda {
                        parameters,
                        body: Arc::new(body),
                    }),
                    whole,
                )
            }
            "throw" => self.expression(),
            "this" | "base" => {
                self.bump();
                self.diagnostics.error(
                    "CS0026",
                    span,
                    format!("Keyword '{word}' is not available in a policy expression"),
                );
                make(ExprKind::Error, span)
            }
            _ => {
                self.diagnostics
                    .error("CS1525", span, format!("Invalid expression term '{word}'"));
                self.bump();
                make(ExprKind::Error, span)
            }
        }
    }

    fn interpolated(&mut self, parts: &[Part], span: Span) -> Expr {
        let mut pieces = Vec::new();
        for part in parts {
            pieces.push(match part {
                Part::Text(text) => Piece::Text(text.clone()),
                Part::Hole {
                    value,
                    align,
                    format,
                } => {
                    let mark = self.mark();
                    let asks = value.iter().any(|t| matches!(t.tok, Tok::Punct("?")));
                    let value = self.inner(value.clone(), Self::expression);
                    if format.is_some() && asks && !self.clean_since(mark) {
                        self.reset(mark);
                        self.diagnostics.error_with_help(
                            "CS8361",
                            value.span,
                            "A conditional expression in a text must be parenthesised: its `:` starts a format",
                            Some("write `{(condition ? a : b)}`".into()),
                        );
                    }
                    let align = align
                        .as_ref()
                        .map(|tokens| self.inner(tokens.clone(), Self::expression));
                    Piece::Hole {
                        value,
                        align,
                        format: format.clone(),
                    }
                }
            });
        }
        make(ExprKind::Interpolated(pieces), span)
    }

    fn new_expression(&mut self) -> Expr {
        let start = self.bump().span;
        if self.is("{") {
            return self.anonymous(start);
        }
        if self.is("[") {
            // `new[] { … }`, `new[,] { … }`
            self.bump();
            let mut rank = 1_u8;
            while self.eat(",") {
                rank = rank.saturating_add(1);
            }
            self.expect("]");
            let init = self.array_items();
            let span = start.to(self.last_span());
            return make(
                ExprKind::NewArray {
                    element: None,
                    sizes: Vec::new(),
                    rank,
                    init: Some(init),
                },
                span,
            );
        }
        if self.is("(") {
            self.diagnostics.error_with_help(
                "CS8124",
                start,
                "Target-typed `new()` is not part of C# 7.3",
                Some("name the type: `new T()`".into()),
            );
        }
        let Some(ty) = self.try_element_type() else {
            let span = self.current().span;
            self.diagnostics.error(
                "CS1526",
                span,
                "A new expression requires (), [], or {} after type",
            );
            return make(ExprKind::Error, start.to(span));
        };
        if self.is("[") {
            return self.new_array(start, ty);
        }
        let has_args = self.is("(");
        let args = if self.eat("(") {
            self.args(")")
        } else {
            Vec::new()
        };
        let init = if self.is("{") {
            Some(self.initializer())
        } else {
            None
        };
        if !has_args && init.is_none() {
            let span = self.last_end();
            self.diagnostics.error(
                "CS1526",
                span,
                "A new expression requires (), [], or {} after type",
            );
        }
        let span = start.to(self.last_span());
        make(ExprKind::New(ty, args, init), span)
    }

    fn new_array(&mut self, start: Span, element: super::ast::TypeSyntax) -> Expr {
        self.expect("[");
        let mut sizes = Vec::new();
        let mut rank = 1_u8;
        if !self.is("]") && !self.is(",") {
            loop {
                sizes.push(self.expression());
                if !self.eat(",") {
                    break;
                }
                rank = rank.saturating_add(1);
            }
        } else {
            while self.eat(",") {
                rank = rank.saturating_add(1);
            }
        }
        self.expect("]");
        // Further brackets belong to the element type: `new int[2][]`.
        let mut ranks = Vec::new();
        while self.is("[") && (self.is_ahead(1, "]") || self.is_ahead(1, ",")) {
            self.bump();
            let mut rank = 1_u8;
            while self.eat(",") {
                rank = rank.saturating_add(1);
            }
            self.expect("]");
            ranks.push(rank);
        }
        let mut element = element;
        while let Some(rank) = ranks.pop() {
            let span = element.span;
            element = super::ast::TypeSyntax {
                kind: Box::new(TypeKind::Array(element, rank)),
                span,
            };
        }
        let init = if self.is("{") {
            Some(self.array_items())
        } else {
            None
        };
        let span = start.to(self.last_span());
        if sizes.is_empty() && init.is_none() {
            self.diagnostics.error(
                "CS1586",
                span,
                "Array creation must have array size or array initializer",
            );
        }
        make(
            ExprKind::NewArray {
                element: Some(element),
                sizes,
                rank,
                init,
            },
            span,
        )
    }

    /// `{ a, { b, c }, }`
    pub(super) fn array_items(&mut self) -> Vec<Expr> {
        let mut items = Vec::new();
        self.expect("{");
        while !self.is("}") && !self.at_end() {
            let mark = self.mark();
            items.push(self.array_item());
            if !self.eat(",") {
                break;
            }
            if !self.progressed(mark) {
                break;
            }
        }
        self.expect("}");
        items
    }

    /// An element of an array initialiser, or an initialiser itself.
    pub(super) fn array_item(&mut self) -> Expr {
        if self.is("{") {
            let start = self.current().span;
            let items = self.deeper(Self::array_items, |_| Vec::new());
            let span = start.to(self.last_span());
            make(ExprKind::ArrayInit(items), span)
        } else {
            self.expression()
        }
    }

    fn anonymous(&mut self, start: Span) -> Expr {
        self.expect("{");
        let mut fields = Vec::new();
        while !self.is("}") && !self.at_end() {
            let name = if self.is_ident(0) && self.is_ahead(1, "=") {
                let name = self.ident();
                self.bump();
                Some(name)
            } else {
                None
            };
            fields.push((name, self.expression()));
            if !self.eat(",") {
                break;
            }
        }
        let end = self.expect("}");
        make(ExprKind::NewAnonymous(fields), start.to(end))
    }

    fn initializer(&mut self) -> Initializer {
        self.deeper(Self::initializer_inner, |_| {
            Initializer::Collection(Vec::new())
        })
    }

    fn initializer_inner(&mut self) -> Initializer {
        self.expect("{");
        let object = self.is("[") || (self.is_ident(0) && self.is_ahead(1, "="));
        if object {
            let mut items = Vec::new();
            while !self.is("}") && !self.at_end() {
                let target = if self.is("[") {
                    let open = self.bump().span;
                    let args = self.args("]");
                    InitTarget::Index(args, open.to(self.last_span()))
                } else {
                    InitTarget::Member(self.ident())
                };
                self.expect("=");
                let value = if self.is("{") {
                    InitValue::Nested(self.initializer())
                } else {
                    InitValue::Value(self.expression())
                };
                items.push((target, value));
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("}");
            return Initializer::Object(items);
        }
        let mut items = Vec::new();
        while !self.is("}") && !self.at_end() {
            if self.is("{") {
                items.push(self.array_items());
            } else {
                items.push(vec![self.expression()]);
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}");
        Initializer::Collection(items)
    }

    fn is_lambda(&self) -> bool {
        if self.is_ident(0) && self.is_ahead(1, "=>") {
            return true;
        }
        self.is("(")
            && self
                .matching_paren(0)
                .is_some_and(|close| self.is_ahead(close + 1, "=>"))
    }

    fn lambda(&mut self) -> Expr {
        let start = self.current().span;
        let parameters = if self.is("(") {
            self.lambda_parameters()
        } else {
            vec![LambdaParameter {
                ident: self.ident(),
                ty: None,
                pass: Pass::Value,
                carried: Vec::new(),
            }]
        };
        self.expect("=>");
        let body = if self.is("{") {
            self.lambda_block()
        } else {
            LambdaBody::Expression(self.expression())
        };
        let span = start.to(self.last_span());
        make(
            ExprKind::Lambda(Lambda {
                parameters: Some(parameters),
                body: Arc::new(body),
            }),
            span,
        )
    }

    fn lambda_parameters(&mut self) -> Vec<LambdaParameter> {
        let mut parameters = Vec::new();
        self.expect("(");
        while !self.is(")") && !self.at_end() {
            let pass = if self.eat_keyword("out") {
                Pass::Out
            } else if self.eat_keyword("ref") {
                Pass::Ref
            } else {
                Pass::Value
            };
            let ty = if self.is_ident(0) && (self.is_ahead(1, ",") || self.is_ahead(1, ")")) {
                None
            } else {
                Some(self.ty())
            };
            parameters.push(LambdaParameter {
                ident: self.ident(),
                ty,
                pass,
                carried: Vec::new(),
            });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        parameters
    }

    pub(super) fn lambda_block(&mut self) -> LambdaBody {
        LambdaBody::Block(self.block_statements().0)
    }
}
