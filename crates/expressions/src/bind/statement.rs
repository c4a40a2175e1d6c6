//! Statements.

use std::collections::HashMap;
use std::sync::Arc;

use super::tree::{Catch, Expr, Kind, ReadOnly, Stmt};
use super::{Binder, Operand, Symbol, lambda};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, Designation, StmtKind, UsingResource};
use crate::types::relations;
use crate::types::{Type, known};
use crate::value::Const;

impl Binder {
    /// Statements of one scope; the second value says whether their end is reached.
    pub(super) fn statements(&mut self, statements: &[ast::Stmt]) -> (Vec<Stmt>, bool) {
        self.declare_functions(statements);
        self.later.push(locals_of(statements));
        let mut out = Vec::new();
        let mut completes = true;
        let mut warned = false;
        for statement in statements {
            let harmless = matches!(&*statement.kind, StmtKind::Function(_) | StmtKind::Empty);
            if !completes && !warned && !harmless {
                self.diagnostics
                    .warning("CS0162", statement.span, "Unreachable code detected");
                warned = true;
            }
            let (bound, ends) = self.statement(statement);
            if completes || harmless {
                out.push(bound);
            }
            completes &= ends;
        }
        self.later.pop();
        (out, completes)
    }

    fn block(&mut self, statements: &[ast::Stmt]) -> (Stmt, bool) {
        let (body, completes) = self.scoped(|b| b.statements(statements));
        (Stmt::Block(body), completes)
    }

    fn embedded(&mut self, statement: &ast::Stmt) -> (Stmt, bool) {
        self.scoped(|b| b.statement(statement))
    }

    fn statement(&mut self, statement: &ast::Stmt) -> (Stmt, bool) {
        if !self.step(statement.span) {
            return (Stmt::Nop, true);
        }
        stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || {
            self.statement_inner(statement)
        })
    }

    fn statement_inner(&mut self, statement: &ast::Stmt) -> (Stmt, bool) {
        let span = statement.span;
        match &*statement.kind {
            StmtKind::Empty => (Stmt::Nop, true),
            StmtKind::Block(body) => self.block(body),
            StmtKind::Checked(checked, body) => self.in_checked(*checked, |b| b.block(body)),
            StmtKind::Local {
                ty,
                names,
                constant,
            } => (self.declaration(ty, names, *constant), true),
            StmtKind::Function(function) => {
                self.bind_declared(function);
                (Stmt::Nop, true)
            }
            StmtKind::Expr(expr) => (self.expression_statement(expr), true),
            StmtKind::If(condition, then, other) => {
                let condition = self.value(condition);
                let condition = self.condition(condition);
                let (then, then_ends) = self.embedded(then);
                let (other, other_ends) = match other {
                    Some(other) => {
                        let (other, ends) = self.embedded(other);
                        (Some(Box::new(other)), ends)
                    }
                    None => (None, true),
                };
                let ends = match condition.constant() {
                    Some(Const::Bool(true)) => then_ends,
                    Some(Const::Bool(false)) => other_ends,
                    _ => then_ends || other_ends,
                };
                (Stmt::If(condition, Box::new(then), other), ends)
            }
            StmtKind::While(condition, body) => {
                let condition = self.value(condition);
                let condition = self.condition(condition);
                let (body, broke) = self.loop_body(body);
                let forever = matches!(condition.constant(), Some(Const::Bool(true)));
                (Stmt::While(condition, Box::new(body)), !forever || broke)
            }
            StmtKind::Do(body, condition) => {
                self.loops += 1;
                let switches = std::mem::take(&mut self.switches);
                let (body, ends) = self.embedded(body);
                self.switches = switches;
                self.loops -= 1;
                let (broke, tested) = (breaks(&body), ends || continues(&body));
                let condition = self.value(condition);
                let condition = self.condition(condition);
                let forever = matches!(condition.constant(), Some(Const::Bool(true)));
                let ends = tested && !forever || broke;
                (Stmt::Do(Box::new(body), condition), ends)
            }
            StmtKind::For {
                init,
                condition,
                step,
                body,
            } => self.scoped(|b| b.for_statement(init, condition.as_ref(), step, body, span)),
            StmtKind::ForEach {
                ty,
                target,
                pattern,
                source,
                body,
            } => {
                let bound =
                    self.scoped(|b| b.foreach(ty, target, pattern.as_ref(), source, body, span));
                (bound, true)
            }
            StmtKind::Switch(value, sections) => self.switch(value, sections),
            StmtKind::Goto(target) => (self.goto(target.as_ref(), span), false),
            StmtKind::Break => {
                if self.loops == 0 && self.switches == 0 {
                    self.outside_loop(span);
                }
                (Stmt::Break, false)
            }
            StmtKind::Continue => {
                if self.loops == 0 {
                    self.outside_loop(span);
                }
                (Stmt::Continue, false)
            }
            StmtKind::Return(value) => (self.return_statement(value.as_ref(), span), false),
            StmtKind::Throw(None) => {
                if self.catches == 0 {
                    self.diagnostics.error(
                        "CS0156",
                        span,
                        "A throw statement with no arguments is not allowed outside of a catch clause",
                    );
                }
                (Stmt::Throw(None), false)
            }
            StmtKind::Throw(Some(value)) => (Stmt::Throw(Some(self.thrown(value))), false),
            StmtKind::Try {
                body,
                catches,
                finally,
                ..
            } => self.try_statement(body, catches, finally.as_deref()),
            StmtKind::Using(resource, body) => self.scoped(|b| b.using(resource, body)),
            StmtKind::Lock(value, body) => {
                let value = self.value(value);
                if !(value.ty == Type::Error || value.ty.is_reference() || value.is_null()) {
                    self.diagnostics.error(
                        "CS0185",
                        value.span,
                        format!(
                            "'{}' is not a reference type as required by the lock statement",
                            value.ty
                        ),
                    );
                }
                let (body, ends) = self.embedded(body);
                (Stmt::Block(vec![Stmt::Expr(value), body]), ends)
            }
        }
    }

    /// The exception of a `throw`.
    fn thrown(&mut self, syntax: &ast::Expr) -> Expr {
        let value = self.value(syntax);
        let fits = matches!(value.ty, Type::Error | Type::Dynamic | Type::Null)
            || relations::is_assignable(&value.ty, &Type::EXCEPTION);
        if !fits {
            let text = if value.ty == Type::STRING { "…" } else { "" };
            self.diagnostics.error_with_help(
                "CS0155",
                value.span,
                "The type caught or thrown must be derived from System.Exception",
                Some(format!("write `throw new Exception({text});`")),
            );
            return Expr::error(value.span);
        }
        self.convert(value, &Type::EXCEPTION)
    }

    fn outside_loop(&mut self, span: Span) {
        self.diagnostics.error(
            "CS0139",
            span,
            "No enclosing loop out of which to break or continue",
        );
    }

    fn expression_statement(&mut self, expr: &ast::Expr) -> Stmt {
        let value = self.discarded(expr);
        if !lambda::is_statement(expr) && value.ty != Type::Error {
            self.diagnostics.error(
                "CS0201",
                expr.span,
                "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
            );
        }
        Stmt::Expr(value)
    }

    fn declaration(
        &mut self,
        syntax: &ast::TypeSyntax,
        names: &[(ast::Ident, Option<ast::Expr>)],
        constant: bool,
    ) -> Stmt {
        let inferred = syntax.is_word("var") && self.simple_type("var", 0).is_none();
        let declared = if inferred {
            None
        } else {
            Some(self.ty(syntax))
        };
        if declared == Some(Type::Void) {
            self.diagnostics.error(
                "CS1547",
                syntax.span,
                "Keyword 'void' cannot be used in this context",
            );
        }
        if inferred && constant {
            self.diagnostics.error_with_help(
                "CS0822",
                syntax.span,
                "Implicitly-typed variables cannot be constant",
                Some("write the constant's type instead of `var`".into()),
            );
        }
        if let (true, [_, second, ..]) = (inferred, names) {
            self.diagnostics.error_with_help(
                "CS0819",
                second.0.span,
                "Implicitly-typed variables cannot have multiple declarators",
                Some("give each `var` a statement of its own".into()),
            );
        }
        if let Some(ty) = declared
            .as_ref()
            .filter(|ty| constant && !may_be_constant(ty))
        {
            self.diagnostics.error_with_help(
                "CS0283",
                syntax.span,
                format!("The type '{ty}' cannot be declared const"),
                Some("leave out `const`".into()),
            );
        }
        let mut out = Vec::new();
        for (name, value) in names {
            let bound = match (&declared, value) {
                (Some(ty), Some(value)) => {
                    self.initialising.push(name.name.clone());
                    let value = self.value_as(value, ty);
                    self.initialising.pop();
                    Some(value)
                }
                (Some(_), None) => None,
                (None, Some(value)) => Some(self.inferred_value(name, value)),
                (None, None) => {
                    self.diagnostics.error(
                        "CS0818",
                        name.span,
                        "Implicitly-typed variables must be initialized",
                    );
                    None
                }
            };
            let ty = match (&declared, &bound) {
                (Some(ty), _) => ty.clone(),
                (None, Some(value)) => value.ty.clone(),
                (None, None) => Type::Error,
            };
            if constant {
                self.constant_declaration(name, ty, bound);
                continue;
            }
            let id = self.declare_named(name, ty);
            if let Some(value) = &bound {
                self.written(id, value);
            }
            if let Some(later) = self.later.last_mut() {
                later.remove(&name.name);
            }
            out.push(Stmt::Declare(id, bound));
        }
        match out.pop() {
            Some(only) if out.is_empty() => only,
            Some(last) => {
                out.push(last);
                // No scope of their own: the names belong to the enclosing block.
                Stmt::Block(out)
            }
            None => Stmt::Nop,
        }
    }

    fn constant_declaration(&mut self, name: &ast::Ident, ty: Type, bound: Option<Expr>) {
        let Some(value) = bound else {
            self.diagnostics.error(
                "CS0145",
                name.span,
                "A const field requires a value to be provided",
            );
            return;
        };
        match value.constant() {
            Some(constant) => {
                let constant = constant.clone();
                self.declare(name, Symbol::Const(constant, ty));
            }
            None => {
                if value.ty != Type::Error {
                    self.diagnostics.error(
                        "CS0133",
                        value.span,
                        format!(
                            "The expression being assigned to '{}' must be constant",
                            name.name
                        ),
                    );
                }
                self.declare(name, Symbol::Const(Const::Null, Type::Error));
            }
        }
    }

    /// The value of a `var`.
    fn inferred_value(&mut self, name: &ast::Ident, value: &ast::Expr) -> Expr {
        let operand = self.operand(value);
        if let Operand::ArrayInit(_, span) = operand {
            self.diagnostics.error(
                "CS0820",
                span,
                "Cannot initialize an implicitly-typed variable with an array initializer",
            );
            return Expr::error(span);
        }
        let what = match &operand {
            Operand::Lambda(..) => Some("lambda expression"),
            Operand::Group(_) => Some("method group"),
            Operand::Default(_) => Some("default"),
            Operand::Value(e) if e.is_null() => Some("<null>"),
            Operand::Value(e) if e.ty == Type::Void => Some("void"),
            _ => None,
        };
        if let Some(what) = what {
            self.diagnostics.error_with_help(
                "CS0815",
                name.span,
                format!("Cannot assign {what} to an implicitly-typed variable"),
                Some("write the variable's type instead of `var`".into()),
            );
            return Expr::error(value.span);
        }
        self.value_of(operand, value.span)
    }

    fn loop_body(&mut self, body: &ast::Stmt) -> (Stmt, bool) {
        self.loops += 1;
        let switches = std::mem::take(&mut self.switches);
        let (bound, _) = self.embedded(body);
        self.switches = switches;
        self.loops -= 1;
        let broke = breaks(&bound);
        (bound, broke)
    }

    fn for_statement(
        &mut self,
        init: &[ast::Stmt],
        condition: Option<&ast::Expr>,
        step: &[ast::Expr],
        body: &ast::Stmt,
        span: Span,
    ) -> (Stmt, bool) {
        let init = init.iter().map(|s| self.statement(s).0).collect();
        let condition = condition.map(|c| {
            let value = self.value(c);
            self.condition(value)
        });
        let step = step
            .iter()
            .map(|s| {
                let value = self.discarded(s);
                if !lambda::is_statement(s) && value.ty != Type::Error {
                    self.diagnostics.error(
                        "CS0201",
                        s.span,
                        "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
                    );
                }
                value
            })
            .collect();
        let (body, broke) = self.loop_body(body);
        let forever = match &condition {
            None => true,
            Some(c) => matches!(c.constant(), Some(Const::Bool(true))),
        };
        (
            Stmt::For {
                init,
                condition,
                step,
                body: Box::new(body),
                at: span.start,
            },
            !forever || broke,
        )
    }

    fn foreach(
        &mut self,
        ty: &ast::TypeSyntax,
        target: &Designation,
        pattern: Option<&ast::Expr>,
        source: &ast::Expr,
        body: &ast::Stmt,
        span: Span,
    ) -> Stmt {
        let source = self.value(source);
        let element = foreach_element(&source.ty);
        let element = match element {
            Some(element) => element,
            None => {
                if source.ty != Type::Error {
                    self.diagnostics.error(
                        "CS1579",
                        source.span,
                        format!(
                            "foreach statement cannot operate on variables of type '{}' because it does not contain a public definition for 'GetEnumerator'",
                            source.ty
                        ),
                    );
                }
                Type::Error
            }
        };
        let raw = self.temp(element.clone(), span);
        let inferred = ty.is_word("var") && self.simple_type("var", 0).is_none();
        let mut before = Vec::new();
        let read = self.local(raw, span);
        let (var, convert) = match (target, pattern) {
            (Designation::Name(name), None) => {
                let var_ty = if inferred { element } else { self.ty(ty) };
                let convert = if read.ty == Type::Error || var_ty == Type::Error {
                    Expr::error(span)
                } else {
                    // The declared type casts each element.
                    self.cast(read, &var_ty, ty.span)
                };
                let var = self.declare_var(name, var_ty);
                self.read_only(var, ReadOnly::ForEach);
                (var, convert)
            }
            (designation, pattern) => {
                let var = self.temp(element.clone(), span);
                let value = self.local(var, span);
                let one = match pattern {
                    Some(pattern) => self.deconstruct(pattern, value, span),
                    None => self.deconstruct_declaration(ty, designation, value, span),
                };
                before.push(Stmt::Expr(one));
                (var, read)
            }
        };
        let (body, _) = self.loop_body(body);
        Stmt::ForEach {
            source,
            var,
            raw,
            convert,
            before,
            body: Box::new(body),
        }
    }

    fn return_statement(&mut self, value: Option<&ast::Expr>, span: Span) -> Stmt {
        if self.finallies > 0 {
            self.diagnostics.error(
                "CS0157",
                span,
                "Control cannot leave the body of a finally clause",
            );
        }
        let declared = self.frames.last().and_then(|f| f.declared.clone());
        let top = self.frames.len() == 1;
        let Some(value) = value else {
            if let Some(frame) = self.frames.last_mut() {
                frame.bare = true;
            }
            if declared.as_ref().is_some_and(|t| *t != Type::Void) {
                self.diagnostics.error(
                    "CS0126",
                    span,
                    "An object of a type convertible to the result is required",
                );
            }
            return Stmt::Return(None);
        };
        match declared {
            Some(Type::Void) => {
                self.diagnostics.error(
                    "CS0127",
                    span,
                    "A return keyword must not be followed by an object expression here",
                );
                let _ = self.operand(value);
                Stmt::Return(None)
            }
            Some(ty) if !top => Stmt::Return(Some(self.value_as(value, &ty))),
            Some(ty) => {
                // The whole expression's result: remember its own type.
                let operand = self.operand(value);
                let bound = match operand {
                    Operand::Default(at) => self.default_value(&Type::OBJECT, at),
                    other => self.value_of(other, value.span),
                };
                if let Some(frame) = self.frames.last_mut() {
                    frame.found.push(bound.ty.clone());
                }
                let target = if ty == Type::BOOL {
                    super::Target::Bool
                } else {
                    super::Target::Any
                };
                self.check_target(&bound, target);
                Stmt::Return(Some(bound))
            }
            None => {
                let bound = match self.operand(value) {
                    Operand::Default(at) => Expr::new(Kind::Const(Const::Null), Type::Null, at),
                    other => self.value_of(other, value.span),
                };
                if let Some(frame) = self.frames.last_mut() {
                    frame.found.push(bound.ty.clone());
                }
                Stmt::Return(Some(bound))
            }
        }
    }

    fn try_statement(
        &mut self,
        body: &[ast::Stmt],
        catches: &[ast::Catch],
        finally: Option<&[ast::Stmt]>,
    ) -> (Stmt, bool) {
        self.tries += 1;
        let (body, mut ends) = self.scoped(|b| b.statements(body));
        let mut bound = Vec::new();
        let mut earlier: Vec<Type> = Vec::new();
        let mut general = false;
        for clause in catches {
            if general {
                self.diagnostics.error(
                    "CS1017",
                    clause.span,
                    "Catch clauses cannot follow the general catch clause of a try statement",
                );
            }
            general |= clause.ty.is_none() && clause.filter.is_none();
            self.open_scope();
            let ty = clause.ty.as_ref().map(|t| self.ty(t));
            if let Some(ty) = &ty {
                if *ty != Type::Error && !relations::is_assignable(ty, &Type::EXCEPTION) {
                    self.diagnostics.error(
                        "CS0155",
                        clause.span,
                        "The type caught or thrown must be derived from System.Exception",
                    );
                }
                if earlier.iter().any(|e| relations::is_assignable(ty, e)) {
                    self.diagnostics.error(
                        "CS0160",
                        clause.span,
                        "A previous catch clause already catches all exceptions of this or of a super type",
                    );
                }
                if clause.filter.is_none() {
                    earlier.push(ty.clone());
                }
            }
            let var = clause
                .name
                .as_ref()
                .map(|name| self.declare_named(name, ty.clone().unwrap_or(Type::EXCEPTION)));
            let filter = clause.filter.as_ref().map(|f| {
                let value = self.value(f);
                self.condition(value)
            });
            self.catches += 1;
            let (statements, completes) = self.statements(&clause.body);
            self.catches -= 1;
            self.close_scope();
            ends |= completes;
            bound.push(Catch {
                ty,
                var,
                filter,
                body: statements,
            });
        }
        let finally = finally.map(|f| {
            let outer = (
                std::mem::take(&mut self.loops),
                std::mem::take(&mut self.switches),
            );
            self.finallies += 1;
            let (statements, completes) = self.scoped(|b| b.statements(f));
            self.finallies -= 1;
            (self.loops, self.switches) = outer;
            if !completes {
                ends = false;
            }
            statements
        });
        (
            Stmt::Try {
                body,
                catches: bound,
                finally,
            },
            ends,
        )
    }

    fn using(&mut self, resource: &UsingResource, body: &ast::Stmt) -> (Stmt, bool) {
        let mut all = Vec::new();
        match resource {
            UsingResource::Declaration(declaration) => {
                let first = self.vars.len();
                all.push(self.statement(declaration).0);
                for i in first..self.vars.len() {
                    if let Some(var) = self.vars.get_mut(i).filter(|v| !v.hidden) {
                        var.read_only = Some(ReadOnly::Using);
                        var.used = true;
                        let ty = var.ty.clone();
                        self.check_disposable(&ty, declaration.span);
                    }
                }
            }
            UsingResource::Expr(expr) => {
                let value = self.value(expr);
                self.check_disposable(&value.ty.clone(), expr.span);
                all.push(Stmt::Expr(value));
            }
        }
        // Nothing that expressions can make holds a resource: leaving the block disposes of nothing.
        let (body, ends) = self.embedded(body);
        all.push(body);
        (Stmt::Block(all), ends)
    }

    fn check_disposable(&mut self, ty: &Type, span: Span) {
        let fine = matches!(ty, Type::Error | Type::Dynamic | Type::Null)
            || relations::as_super(ty, known::IDISPOSABLE).is_some();
        if !fine {
            self.diagnostics.error(
                "CS1674",
                span,
                format!("'{ty}': type used in a using statement must be implicitly convertible to 'System.IDisposable'"),
            );
        }
    }
}

/// Element type of a `foreach` over the type: its own enumerator first, then its interfaces.
fn foreach_element(ty: &Type) -> Option<Type> {
    if let Some(def) = ty.def()
        && let Some(member) = def.named("GetEnumerator").next()
        && let Some(element) = member.result.substitute(ty.args(), &[]).args().first()
    {
        return Some(element.clone());
    }
    relations::element_type(ty)
}

/// Whether a `break` in the statement leaves the loop or switch around it.
pub(super) fn breaks(statement: &Stmt) -> bool {
    match statement {
        Stmt::Break => true,
        Stmt::Block(all) => all.iter().any(breaks),
        Stmt::If(_, then, other) => breaks(then) || other.as_deref().is_some_and(breaks),
        Stmt::Try {
            body,
            catches,
            finally,
        } => {
            body.iter().any(breaks)
                || catches.iter().any(|c| c.body.iter().any(breaks))
                || finally.as_ref().is_some_and(|f| f.iter().any(breaks))
        }
        _ => false,
    }
}

/// Whether a `continue` in the statement goes on with the loop around it.
fn continues(statement: &Stmt) -> bool {
    match statement {
        Stmt::Continue => true,
        Stmt::Block(all) => all.iter().any(continues),
        Stmt::If(_, then, other) => continues(then) || other.as_deref().is_some_and(continues),
        Stmt::Switch { sections, .. } => sections.iter().any(|s| s.body.iter().any(continues)),
        Stmt::Try { body, catches, .. } => {
            body.iter().any(continues) || catches.iter().any(|c| c.body.iter().any(continues))
        }
        _ => false,
    }
}

/// Types that constants can have.
fn may_be_constant(ty: &Type) -> bool {
    *ty == Type::Error
        || ty.is_reference()
        || relations::Num::of(ty).is_some()
        || *ty == Type::BOOL
        || ty.is_enum()
}

/// Names that the statements themselves declare, and where.
fn locals_of(statements: &[ast::Stmt]) -> HashMap<Arc<str>, Span> {
    let mut names = HashMap::new();
    for statement in statements {
        if let StmtKind::Local { names: own, .. } = &*statement.kind {
            for (ident, _) in own {
                names.entry(ident.name.clone()).or_insert(ident.span);
            }
        }
    }
    names
}
