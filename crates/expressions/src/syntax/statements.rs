//! Statements.

use std::sync::Arc;

use super::ast::{
    Catch, Designation, Expr, ExprKind, Function, FunctionParameter, Ident, LambdaBody, Pass, Stmt,
    StmtKind, SwitchLabel, SwitchSection, TypeSyntax, UsingResource,
};
use super::lexer::Tok;
use super::parser::Parser;
use crate::diagnostic::Span;

impl Parser<'_> {
    /// Statements up to the end of the text.
    pub(super) fn statements_to_end(&mut self) -> Vec<Stmt> {
        let mut out = Vec::new();
        while !self.at_end() {
            if self.is("}") {
                let span = self.current().span;
                self.diagnostics.error("CS1022", span, "Unexpected '}'");
                self.bump();
                continue;
            }
            self.statement_into(&mut out);
        }
        out
    }

    /// `{ statements }`; the second value is the closing brace.
    pub(super) fn block_statements(&mut self) -> (Vec<Stmt>, Span) {
        self.expect("{");
        let mut out = Vec::new();
        while !self.is("}") && !self.at_end() {
            self.statement_into(&mut out);
        }
        let close = self.expect("}");
        (out, close)
    }

    fn statement_into(&mut self, out: &mut Vec<Stmt>) {
        let mark = self.mark();
        let statement = self.statement();
        if !self.clean_since(mark) && !self.ended_cleanly() {
            self.recover();
        }
        if !self.progressed(mark) {
            self.bump();
        }
        out.push(statement);
    }

    fn ended_cleanly(&self) -> bool {
        // A missing `;` was reported; what follows starts a statement of its own.
        self.at_end()
            || matches!(self.current().tok, Tok::Keyword(_) | Tok::Punct("}"))
            || self.is_word("var")
            || {
                let last = self.last_span();
                matches!(self.text(last), ";" | "}")
            }
    }

    fn statement(&mut self) -> Stmt {
        self.deeper(Self::statement_inner, |span| Stmt {
            kind: Box::new(StmtKind::Empty),
            span,
        })
    }

    fn statement_inner(&mut self) -> Stmt {
        let start = self.current().span;
        let kind = self.statement_kind();
        Stmt {
            kind: Box::new(kind),
            span: start.to(self.last_span()),
        }
    }

    fn statement_kind(&mut self) -> StmtKind {
        let token = self.current();
        match token.tok {
            Tok::Punct("{") => StmtKind::Block(self.block_statements().0),
            Tok::Punct(";") => {
                self.bump();
                StmtKind::Empty
            }
            Tok::Keyword(word) => self.keyword_statement(word),
            Tok::Ident(_) if self.is_ahead(1, ":") => {
                self.no_labels(token.span);
                self.bump();
                self.bump();
                self.statement_kind()
            }
            _ => self.declaration_or_expression(),
        }
    }

    fn no_labels(&mut self, span: Span) {
        self.diagnostics.error(
            "CS1525",
            span,
            "Labels are not available in a policy expression: only 'goto case' and 'goto default' are",
        );
    }

    fn keyword_statement(&mut self, word: &'static str) -> StmtKind {
        match word {
            "if" => {
                self.bump();
                let condition = self.condition();
                let then = self.embedded();
                let other = self.eat_keyword("else").then(|| self.embedded());
                StmtKind::If(condition, then, other)
            }
            "while" => {
                self.bump();
                let condition = self.condition();
                StmtKind::While(condition, self.embedded())
            }
            "do" => {
                self.bump();
                let body = self.embedded();
                self.expect_keyword("while");
                let condition = self.condition();
                self.expect(";");
                StmtKind::Do(body, condition)
            }
            "for" => self.for_statement(),
            "foreach" => self.foreach_statement(),
            "switch" => self.switch_statement(),
            "break" => {
                self.bump();
                self.expect(";");
                StmtKind::Break
            }
            "continue" => {
                self.bump();
                self.expect(";");
                StmtKind::Continue
            }
            "return" => {
                self.bump();
                let value = if self.is(";") {
                    None
                } else {
                    Some(self.expression())
                };
                self.expect(";");
                StmtKind::Return(value)
            }
            "throw" => {
                self.bump();
                let value = if self.is(";") {
                    None
                } else {
                    Some(self.expression())
                };
                self.expect(";");
                StmtKind::Throw(value)
            }
            "try" => self.try_statement(),
            "using" => self.using_statement(),
            "lock" => {
                self.bump();
                let value = self.condition();
                StmtKind::Lock(value, self.embedded())
            }
            "checked" | "unchecked" if self.is_ahead(1, "{") => {
                self.bump();
                let (body, _) = self.block_statements();
                StmtKind::Checked(word == "checked", body)
            }
            "const" => {
                self.bump();
                let ty = self.ty();
                self.locals(ty, true)
            }
            "readonly" | "static" | "public" | "private" | "protected" | "internal"
            | "volatile" | "abstract" | "sealed" | "virtual" | "override" | "extern" => {
                let span = self.bump().span;
                self.diagnostics.error(
                    "CS0106",
                    span,
                    format!("The modifier '{word}' is not valid for this item"),
                );
                self.statement_kind()
            }
            "goto" if self.is_keyword_ahead(1, "case") => {
                self.bump();
                self.bump();
                let value = self.expression();
                self.expect(";");
                StmtKind::Goto(Some(value))
            }
            "goto" if self.is_keyword_ahead(1, "default") => {
                self.bump();
                self.bump();
                self.expect(";");
                StmtKind::Goto(None)
            }
            "goto" => {
                let span = self.bump().span;
                self.no_labels(span);
                self.ident();
                self.expect(";");
                StmtKind::Empty
            }
            "unsafe" | "fixed" | "class" | "struct" | "enum" | "interface" | "namespace"
            | "event" => {
                let span = self.bump().span;
                self.diagnostics.error(
                    "CS1525",
                    span,
                    format!("'{word}' is not available in a policy expression"),
                );
                StmtKind::Empty
            }
            _ => self.declaration_or_expression(),
        }
    }

    /// A statement inside another one; a declaration there is an error in C#.
    fn embedded(&mut self) -> Stmt {
        let statement = self.statement();
        if matches!(
            &*statement.kind,
            StmtKind::Local { .. } | StmtKind::Function(_)
        ) {
            self.diagnostics.error(
                "CS1023",
                statement.span,
                "Embedded statement cannot be a declaration",
            );
        }
        statement
    }

    fn condition(&mut self) -> Expr {
        self.expect("(");
        let condition = self.expression();
        self.expect(")");
        condition
    }

    fn declaration_or_expression(&mut self) -> StmtKind {
        if let Some(declared) = self.try_declaration() {
            return declared;
        }
        let mark = self.mark();
        let expr = self.expression();
        if !self.progressed(mark) {
            self.bump();
        }
        if !self.is(";") && self.is_ident(0) && matches!(&*expr.kind, ExprKind::Name(_)) {
            // Two names in a row that are no declaration.
            self.recover();
            return StmtKind::Expr(expr);
        }
        self.expect(";");
        StmtKind::Expr(expr)
    }

    /// A local variable or function, when a type and a name stand here.
    fn try_declaration(&mut self) -> Option<StmtKind> {
        let mark = self.mark();
        let found = self.try_type().filter(|_| self.is_ident(0));
        let Some(ty) = found else {
            self.reset(mark);
            return None;
        };
        // `a is b`-like sequences never reach here; `await x` and friends are not C# 7.3 policies.
        if self.is_ahead(1, "(") || (self.is_ahead(1, "<")) {
            let function = self.local_function(ty);
            return Some(StmtKind::Function(Arc::new(function)));
        }
        let follows = ["=", ";", ",", ")"].iter().any(|p| self.is_ahead(1, p))
            || matches!(self.peek_token(1).tok, Tok::End)
            || self.is_keyword_ahead(1, "in");
        if !follows {
            // Probably a declaration whose `;` is missing: report it as one.
            if !matches!(self.peek_token(1).tok, Tok::Ident(_) | Tok::Keyword(_)) {
                self.reset(mark);
                return None;
            }
        }
        Some(self.locals(ty, false))
    }

    /// The names of a declaration, and its `;`.
    fn locals(&mut self, ty: TypeSyntax, constant: bool) -> StmtKind {
        let kind = self.local_names(ty, constant);
        self.expect(";");
        kind
    }

    fn local_names(&mut self, ty: TypeSyntax, constant: bool) -> StmtKind {
        let mut names = Vec::new();
        loop {
            let name = self.ident();
            let value = self.eat("=").then(|| self.array_item());
            names.push((name, value));
            if !self.eat(",") {
                break;
            }
        }
        StmtKind::Local {
            ty,
            names,
            constant,
        }
    }

    fn local_function(&mut self, result: TypeSyntax) -> Function {
        let name = self.ident();
        let mut generics = Vec::new();
        if self.eat("<") {
            loop {
                generics.push(self.ident());
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(">");
        }
        let mut parameters = Vec::new();
        self.expect("(");
        while !self.is(")") && !self.at_end() {
            let pass = if self.eat_keyword("out") {
                Pass::Out
            } else if self.eat_keyword("ref") {
                Pass::Ref
            } else if self.eat_keyword("params") {
                Pass::Params
            } else {
                self.eat_keyword("in");
                Pass::Value
            };
            let ty = self.ty();
            let name = self.ident();
            let default = self.eat("=").then(|| self.expression());
            parameters.push(FunctionParameter {
                ty,
                name,
                pass,
                default,
            });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        // Constraints only restrict; what they restrict to is checked where the function is used.
        while self.eat_word("where") {
            while !self.is("{") && !self.is("=>") && !self.is_word("where") && !self.at_end() {
                self.bump();
            }
        }
        let body = if self.eat("=>") {
            let value = self.expression();
            self.expect(";");
            LambdaBody::Expression(value)
        } else {
            self.lambda_block()
        };
        Function {
            result,
            name,
            generics,
            parameters,
            body,
        }
    }

    fn for_statement(&mut self) -> StmtKind {
        self.bump();
        self.expect("(");
        let mut init = Vec::new();
        if !self.is(";") {
            let start = self.current().span;
            let mark = self.mark();
            match self.try_type().filter(|_| self.is_ident(0)) {
                Some(ty) => {
                    let kind = self.local_names(ty, false);
                    init.push(Stmt {
                        kind: Box::new(kind),
                        span: start.to(self.last_span()),
                    });
                }
                None => {
                    self.reset(mark);
                    for value in self.expression_list() {
                        init.push(Stmt {
                            span: value.span,
                            kind: Box::new(StmtKind::Expr(value)),
                        });
                    }
                }
            }
        }
        self.expect(";");
        let condition = if self.is(";") {
            None
        } else {
            Some(self.expression())
        };
        self.expect(";");
        let step = if self.is(")") {
            Vec::new()
        } else {
            self.expression_list()
        };
        self.expect(")");
        StmtKind::For {
            init,
            condition,
            step,
            body: self.embedded(),
        }
    }

    fn expression_list(&mut self) -> Vec<Expr> {
        let mut out = vec![self.expression()];
        while self.eat(",") {
            out.push(self.expression());
        }
        out
    }

    fn foreach_statement(&mut self) -> StmtKind {
        self.bump();
        self.expect("(");
        let start = self.current().span;
        let mut pattern = None;
        let (ty, target) = if self.is_word("var") && self.is_ahead(1, "(") {
            self.bump();
            (Self::word_type("var", start), self.designation())
        } else if self.is("(") {
            // `(int a, var b)`
            let tuple = self.binary(12);
            let span = tuple.span;
            pattern = Some(tuple);
            (Self::word_type("var", span), Designation::Discard(span))
        } else {
            let ty = self.ty();
            let target = self.designation();
            (ty, target)
        };
        self.expect_keyword("in");
        let source = self.expression();
        self.expect(")");
        StmtKind::ForEach {
            ty,
            target,
            pattern,
            source,
            body: self.embedded(),
        }
    }

    fn switch_statement(&mut self) -> StmtKind {
        self.bump();
        let value = self.condition();
        self.expect("{");
        let mut sections = Vec::new();
        while !self.is("}") && !self.at_end() {
            let mark = self.mark();
            let start = self.current().span;
            let mut labels = Vec::new();
            loop {
                let at = self.current().span;
                if self.eat_keyword("case") {
                    let pattern = self.pattern();
                    let when = self.eat_word("when").then(|| self.expression());
                    self.expect(":");
                    labels.push(SwitchLabel {
                        pattern: Some(pattern),
                        when,
                        span: at.to(self.last_span()),
                    });
                } else if self.is_keyword("default") && self.is_ahead(1, ":") {
                    self.bump();
                    self.bump();
                    labels.push(SwitchLabel {
                        pattern: None,
                        when: None,
                        span: at,
                    });
                } else {
                    break;
                }
            }
            if labels.is_empty() {
                self.diagnostics
                    .error("CS1003", start, "Syntax error, 'case' expected");
                self.recover();
                break;
            }
            let mut body = Vec::new();
            while !self.is("}") && !self.at_end() && !self.is_label() {
                self.statement_into(&mut body);
            }
            sections.push(SwitchSection {
                labels,
                body,
                span: start.to(self.last_span()),
            });
            if !self.progressed(mark) {
                break;
            }
        }
        self.expect("}");
        StmtKind::Switch(value, sections)
    }

    /// Whether a `case` or `default:` label stands here.
    fn is_label(&self) -> bool {
        self.is_keyword("case") || (self.is_keyword("default") && self.is_ahead(1, ":"))
    }

    fn try_statement(&mut self) -> StmtKind {
        self.bump();
        let (body, mut end) = self.block_statements();
        let mut catches = Vec::new();
        while self.is_keyword("catch") {
            let start = self.bump().span;
            let mut ty = None;
            let mut name: Option<Ident> = None;
            if self.eat("(") {
                ty = Some(self.ty());
                if self.is_ident(0) {
                    name = Some(self.ident());
                }
                self.expect(")");
            }
            let filter = self.eat_word("when").then(|| self.condition());
            let (body, close) = self.block_statements();
            end = close;
            catches.push(Catch {
                ty,
                name,
                filter,
                body,
                span: start,
            });
        }
        let finally = if self.eat_keyword("finally") {
            let (body, close) = self.block_statements();
            end = close;
            Some(body)
        } else {
            None
        };
        if catches.is_empty() && finally.is_none() {
            self.diagnostics
                .error("CS1524", end, "Expected catch or finally");
        }
        StmtKind::Try {
            body,
            catches,
            finally,
        }
    }

    fn using_statement(&mut self) -> StmtKind {
        self.bump();
        self.expect("(");
        let start = self.current().span;
        let mark = self.mark();
        let resource = match self
            .try_type()
            .filter(|_| self.is_ident(0) && self.is_ahead(1, "="))
        {
            Some(ty) => {
                let kind = self.local_names(ty, false);
                UsingResource::Declaration(Stmt {
                    kind: Box::new(kind),
                    span: start.to(self.last_span()),
                })
            }
            None => {
                self.reset(mark);
                UsingResource::Expr(self.expression())
            }
        };
        self.expect(")");
        StmtKind::Using(resource, self.embedded())
    }
}
