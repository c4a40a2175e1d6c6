//! Lambdas and local functions.

use std::collections::HashMap;
use std::sync::Arc;

use super::overload::{self, Outcome};
use super::tree::{Body, Expr, Func, FuncId, Kind, Stmt};
use super::{Binder, Frame, LocalFunction, Symbol};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, ExprKind, LambdaBody, Pass};
use crate::types::{Parameter, ParameterDefault, PassBy, Type};

/// Combinations of type arguments one generic local function is bound for.
const MOST_INSTANCES: usize = 16;

/// What a bound body said about itself.
struct Finished {
    /// Types of returned values.
    found: Vec<Type>,
    bare: bool,
    completes: bool,
    /// The body is an expression that may stand as a statement.
    droppable: bool,
    never: bool,
}

impl Binder {
    /// A lambda converted to a delegate type.
    pub(super) fn lambda(&mut self, lambda: &ast::Lambda, to: &Type, span: Span) -> Expr {
        if *to == Type::Error {
            return Expr::error(span);
        }
        let Some((inputs, result)) = overload::invoke_of(to) else {
            self.diagnostics.error(
                "CS1660",
                span,
                format!("Cannot convert lambda expression to type '{to}' because it is not a delegate type"),
            );
            return Expr::error(span);
        };
        if let Some(parameters) = &lambda.parameters
            && parameters.len() != inputs.len()
        {
            self.diagnostics.error(
                "CS1593",
                span,
                format!(
                    "Delegate '{to}' does not take {} arguments",
                    parameters.len()
                ),
            );
            return Expr::error(span);
        }
        let (id, finished) = self.enter_lambda(lambda, &inputs, Some(&result));
        if finished.completes && result != Type::Void {
            self.diagnostics.error_with_help(
                "CS1643",
                span,
                "Not all code paths return a value in lambda expression",
                None,
            );
        }
        Expr::new(Kind::Lambda(id), to.clone(), span)
    }

    /// Binds a lambda only to report what is wrong inside.
    pub(super) fn bind_lambda_for_errors(&mut self, lambda: &ast::Lambda, inputs: &[Type]) {
        let _ = self.enter_lambda(lambda, inputs, None);
    }

    /// What a lambda gives for parameters of these types, found by binding it for trial.
    pub(super) fn lambda_outcome(&mut self, lambda: &ast::Lambda, inputs: &[Type]) -> Outcome {
        if lambda
            .parameters
            .as_ref()
            .is_some_and(|p| p.len() != inputs.len())
            || self.steps >= super::MOST_STEPS
        {
            return Outcome::Wrong;
        }
        let key = (
            Arc::as_ptr(&lambda.body).addr(),
            self.generation,
            inputs.to_vec(),
        );
        if let Some(known) = self.outcomes.get(&key) {
            return known.clone();
        }
        let inputs = inputs.to_vec();
        let (finished, failed) = self.trial(|b| b.enter_lambda(lambda, &inputs, None).1);
        let outcome = if failed {
            Outcome::Wrong
        } else if finished.never {
            Outcome::Never
        } else if finished.found.is_empty() {
            if finished.completes || finished.bare {
                Outcome::Void
            } else {
                // Every path throws.
                Outcome::Never
            }
        } else if finished.completes || finished.bare {
            Outcome::Wrong
        } else if let Some(ty) = overload::best_common(&finished.found) {
            match ty {
                Type::Void => Outcome::Void,
                ty if finished.droppable => Outcome::Statement(ty),
                ty => Outcome::Value(ty),
            }
        } else if finished.found.iter().all(|t| *t == Type::Null) {
            Outcome::Value(Type::Null)
        } else {
            Outcome::Wrong
        };
        self.outcomes.insert(key, outcome.clone());
        outcome
    }

    /// Whether the lambda's results convert to the delegate's, constants considered.
    pub(super) fn lambda_fits(&mut self, lambda: &ast::Lambda, delegate: &Type) -> bool {
        let (_, failed) = self.trial(|b| b.lambda(lambda, delegate, Span::default()));
        !failed
    }

    fn enter_lambda(
        &mut self,
        lambda: &ast::Lambda,
        inputs: &[Type],
        result: Option<&Type>,
    ) -> (FuncId, Finished) {
        let empty = Vec::new();
        let parameters = lambda.parameters.as_ref().unwrap_or(&empty);
        self.function(
            |b| {
                let mut out = Vec::new();
                for (i, parameter) in parameters.iter().enumerate() {
                    let expected = inputs.get(i).cloned().unwrap_or(Type::Error);
                    let ty = match &parameter.ty {
                        Some(written) => {
                            let ty = b.ty(written);
                            if ty != expected && ty != Type::Error && expected != Type::Error {
                                b.diagnostics.error(
                                    "CS1678",
                                    parameter.ident.span,
                                    format!("Parameter {} is declared as type '{ty}' but should be '{expected}'", i + 1),
                                );
                            }
                            ty
                        }
                        None => expected,
                    };
                    // `_` twice is legal only as one parameter name in C# 7.3; hide repeated discards.
                    let id = if &*parameter.ident.name == "_" && b.scopes.last().is_some_and(|s| s.contains_key("_")) {
                        b.temp(ty, parameter.ident.span)
                    } else {
                        b.declare_var(&parameter.ident, ty)
                    };
                    if let Some(var) = b.vars.get_mut(id.0) {
                        // An unused parameter is no mistake.
                        var.used = true;
                    }
                    for (name, path) in &parameter.carried {
                        if let Some(scope) = b.scopes.last_mut() {
                            scope.insert(name.clone(), Symbol::Carried(id, path.clone()));
                        }
                    }
                    out.push((
                        id,
                        match parameter.pass {
                            Pass::Out => PassBy::Out,
                            Pass::Ref => PassBy::Ref,
                            _ => PassBy::Value,
                        },
                    ));
                }
                out
            },
            &lambda.body,
            result,
        )
    }

    /// Binds the body of a function inside the current one.
    fn function(
        &mut self,
        declare: impl FnOnce(&mut Self) -> Vec<(super::VarId, PassBy)>,
        body: &LambdaBody,
        result: Option<&Type>,
    ) -> (FuncId, Finished) {
        let id = FuncId(self.funcs.len());
        self.funcs.push(Func {
            parent: Some(self.function),
            ..Func::default()
        });
        self.bodies.push(None);
        let outer = (
            std::mem::replace(&mut self.function, id),
            std::mem::take(&mut self.loops),
            std::mem::take(&mut self.switches),
            std::mem::take(&mut self.catches),
            std::mem::take(&mut self.finallies),
            std::mem::take(&mut self.receivers),
        );
        let outer_generation = self.generation;
        self.generation = self.funcs.len();
        self.frames.push(Frame {
            declared: result.cloned(),
            ..Frame::default()
        });
        self.open_scope();
        let parameters = declare(self);
        let (statements, completes, droppable, never) = match body {
            LambdaBody::Expression(expr) => self.expression_body(expr, result),
            LambdaBody::Block(statements) => {
                let (bound, completes) = self.statements(statements);
                (bound, completes, false, false)
            }
        };
        self.close_scope();
        let frame = self.frames.pop().unwrap_or_default();
        self.generation = outer_generation;
        (
            self.function,
            self.loops,
            self.switches,
            self.catches,
            self.finallies,
            self.receivers,
        ) = outer;
        if let Some(place) = self.bodies.get_mut(id.0) {
            *place = Some(Body {
                parameters,
                statements,
            });
        }
        (
            id,
            Finished {
                found: frame.found,
                bare: frame.bare,
                completes,
                droppable,
                never,
            },
        )
    }

    /// `=> expression`: (statements, completes, may stand as a statement, throws always).
    fn expression_body(
        &mut self,
        expr: &ast::Expr,
        result: Option<&Type>,
    ) -> (Vec<Stmt>, bool, bool, bool) {
        if let ExprKind::Throw(inner) = &*expr.kind {
            let value = self.value_as(inner, &Type::EXCEPTION);
            return (vec![Stmt::Throw(Some(value))], false, false, true);
        }
        let droppable = is_statement(expr);
        match result {
            Some(Type::Void) => {
                let value = self.value(expr);
                if !droppable && value.ty != Type::Error {
                    self.diagnostics.error(
                        "CS0201",
                        expr.span,
                        "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
                    );
                }
                (vec![Stmt::Expr(value)], true, droppable, false)
            }
            Some(ty) => {
                let value = self.value_as(expr, ty);
                (vec![Stmt::Return(Some(value))], false, droppable, false)
            }
            None => {
                let operand = self.operand(expr);
                let value = match operand {
                    // The result of a lambda that gives a lambda is known only with a target.
                    super::Operand::Lambda(..) | super::Operand::Default(_) => Expr::new(
                        Kind::Const(crate::value::Const::Null),
                        Type::Null,
                        expr.span,
                    ),
                    other => self.value_of(other, expr.span),
                };
                if let Some(frame) = self.frames.last_mut() {
                    frame.found.push(value.ty.clone());
                }
                if value.ty == Type::Void {
                    return (vec![Stmt::Expr(value)], false, droppable, false);
                }
                (vec![Stmt::Return(Some(value))], false, droppable, false)
            }
        }
    }

    // Local functions.

    /// Makes a block's local functions known before its statements are bound.
    pub(super) fn declare_functions(&mut self, statements: &[ast::Stmt]) {
        for statement in statements {
            let ast::StmtKind::Function(function) = &*statement.kind else {
                continue;
            };
            let generics = generic_scope(function);
            self.type_params.push(generics);
            let result = self.ty(&function.result);
            let mut parameters = Vec::new();
            for parameter in &function.parameters {
                let ty = self.ty(&parameter.ty);
                let default = parameter.default.as_ref().map(|value| {
                    if matches!(&*value.kind, ExprKind::Default(_)) {
                        return ParameterDefault::OfType;
                    }
                    let bound = self.value_as(value, &ty);
                    match bound.constant() {
                        Some(constant) => ParameterDefault::Const(constant.clone()),
                        None => {
                            if bound.ty != Type::Error {
                                self.diagnostics.error(
                                    "CS1736",
                                    value.span,
                                    "Default parameter value must be a compile-time constant",
                                );
                            }
                            ParameterDefault::OfType
                        }
                    }
                });
                parameters.push(Parameter {
                    name: (*parameter.name.name).into(),
                    ty,
                    pass: match parameter.pass {
                        Pass::Value => PassBy::Value,
                        Pass::Out => PassBy::Out,
                        Pass::Ref => PassBy::Ref,
                        Pass::Params => PassBy::Params,
                    },
                    default,
                });
            }
            self.type_params.pop();
            // The declaration's own number; code is bound for it (or for each combination of type arguments).
            let id = FuncId(self.funcs.len());
            self.funcs.push(Func {
                parent: Some(self.function),
                ..Func::default()
            });
            self.bodies.push(None);
            self.locals.insert(
                id,
                LocalFunction {
                    syntax: function.clone(),
                    parameters,
                    result,
                    instances: Vec::new(),
                    scopes: self.scopes.len(),
                    owner: self.function,
                    declared: function.name.span,
                },
            );
            self.declare(&function.name, Symbol::Function(id));
        }
    }

    /// The code of a local function for these type arguments. Bodies of functions that are not generic are bound at
    /// their declaration.
    pub(super) fn instance(&mut self, id: FuncId, types: &[Type], span: Span) -> FuncId {
        if types.is_empty() {
            return id;
        }
        let Some(function) = self.locals.get(&id).cloned() else {
            return id;
        };
        if let Some((_, found)) = function.instances.iter().find(|(t, _)| t == types) {
            return *found;
        }
        if function.instances.len() >= MOST_INSTANCES {
            self.diagnostics.error(
                "CS8078",
                span,
                "The generic local function is used with too many types",
            );
            return id;
        }
        let made = FuncId(self.funcs.len());
        self.funcs.push(Func {
            parent: Some(function.owner),
            ..Func::default()
        });
        self.bodies.push(None);
        if let Some(place) = self.locals.get_mut(&id) {
            place.instances.push((types.to_vec(), made));
        }
        self.bind_function(&function, made, types);
        made
    }

    /// Binds the body of a declared, not generic function.
    pub(super) fn bind_declared(&mut self, syntax: &Arc<ast::Function>) {
        // A lambda's body is bound several times: the latest declaration is this one.
        let found = self
            .locals
            .iter()
            .filter(|(_, f)| Arc::ptr_eq(&f.syntax, syntax))
            .max_by_key(|(id, _)| **id)
            .map(|(id, f)| (*id, f.clone()));
        if let Some((id, function)) = found
            && function.syntax.generics.is_empty()
        {
            self.bind_function(&function, id, &[]);
        }
    }

    fn bind_function(&mut self, function: &LocalFunction, id: FuncId, types: &[Type]) {
        // The body sees what is in scope at the declaration, wherever it is bound from.
        let hidden = self
            .scopes
            .split_off(function.scopes.min(self.scopes.len()));
        let closed = std::mem::take(&mut self.closed);
        let outer_params = std::mem::take(&mut self.type_params);
        let scope: HashMap<Arc<str>, Type> = function
            .syntax
            .generics
            .iter()
            .map(|g| g.name.clone())
            .zip(types.iter().cloned())
            .collect();
        self.type_params = outer_params.clone();
        self.type_params.push(scope);
        let result = function.result.substitute(&[], types);
        let outer_function = std::mem::replace(&mut self.function, function.owner);
        let syntax = function.syntax.clone();
        let (made, finished) = self.function(
            |b| {
                let mut out = Vec::new();
                for (parameter, declared) in syntax.parameters.iter().zip(&function.parameters) {
                    let ty = declared.ty.substitute(&[], types);
                    let var = b.declare_var(&parameter.name, ty);
                    if let Some(var) = b.vars.get_mut(var.0) {
                        var.used = true;
                    }
                    out.push((var, declared.pass));
                }
                out
            },
            &syntax.body,
            Some(&result),
        );
        self.function = outer_function;
        self.type_params = outer_params;
        self.scopes.extend(hidden);
        self.closed = closed;
        if finished.completes && result != Type::Void {
            self.diagnostics.error(
                "CS0161",
                function.declared,
                format!("'{}': not all code paths return a value", syntax.name.name),
            );
        }
        // The body was bound under a number of its own: move it to the function's.
        self.rename(made, id);
    }

    /// Gives the function bound as `from` the number `to`.
    fn rename(&mut self, from: FuncId, to: FuncId) {
        let body = self.bodies.get_mut(from.0).and_then(Option::take);
        if let Some(place) = self.bodies.get_mut(to.0) {
            *place = body;
        }
        let func = self.funcs.get(from.0).cloned().unwrap_or_default();
        if let Some(place) = self.funcs.get_mut(to.0) {
            let parent = place.parent;
            *place = func;
            place.parent = parent;
        }
        for var in &mut self.vars {
            if var.owner == from {
                var.owner = to;
            }
        }
        for func in &mut self.funcs {
            if func.parent == Some(from) {
                func.parent = Some(to);
            }
        }
    }

    /// Remembers that the current function refers to a local function.
    pub(super) fn note_function(&mut self, id: FuncId) {
        if let Some(func) = self.funcs.get_mut(self.function.0)
            && !func.calls.contains(&id)
        {
            func.calls.push(id);
        }
    }
}

fn generic_scope(function: &ast::Function) -> HashMap<Arc<str>, Type> {
    function
        .generics
        .iter()
        .enumerate()
        .map(|(i, g)| {
            (
                g.name.clone(),
                Type::MethodParam(u8::try_from(i).unwrap_or(u8::MAX)),
            )
        })
        .collect()
}

/// Whether the expression may stand as a statement.
pub(super) fn is_statement(expr: &ast::Expr) -> bool {
    match &*expr.kind {
        ExprKind::Call(..)
        | ExprKind::Assign(..)
        | ExprKind::Step { .. }
        | ExprKind::New(..)
        | ExprKind::Error => true,
        ExprKind::ConditionalAccess(_, rest) => is_statement(rest),
        _ => false,
    }
}
