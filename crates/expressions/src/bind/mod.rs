//! The checker: from syntax tree to bound tree.
//!
//! Names are resolved, types inferred, overloads chosen, conversions inserted and constants folded here; everything C#
//! rejects at compile time is reported here, with a suggestion where a name is close to an existing one. Nothing runs.

mod access;
mod advice;
mod assign;
mod call;
mod call_errors;
mod constant;
mod convert;
mod create;
pub mod dynamic;
mod expression;
mod flow;
mod goto;
mod group;
mod lambda;
mod literal;
mod operators;
pub mod overload;
mod pattern;
mod place;
mod statement;
mod suggest;
mod switch;
pub mod tree;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use self::overload::Outcome;
use self::tree::{Body, Expr, Func, FuncId, Kind, ReadOnly, Var, VarId, Written};
use crate::diagnostic::{Diagnostics, Span};
use crate::expression::{Effects, Target};
use crate::syntax::ast;
use crate::types::registry::Registry;
use crate::types::relations::Num;
use crate::types::{Parameter, Type};
use crate::value::{Const, Str};

/// Nodes bound at most, speculative ones included: nested lambdas under overloads can multiply.
const MOST_STEPS: usize = 100_000;

/// What a name stands for inside a function.
#[derive(Clone)]
enum Symbol {
    Var(VarId),
    Const(Const, Type),
    Function(FuncId),
    /// A range variable inside the parameter that carries it.
    Carried(VarId, Vec<Arc<str>>),
}

/// A local function's declaration.
#[derive(Clone)]
struct LocalFunction {
    syntax: Arc<ast::Function>,
    parameters: Vec<Parameter>,
    result: Type,
    /// Code for each combination of type arguments.
    instances: Vec<(Vec<Type>, FuncId)>,
    /// Scopes at the declaration, for bodies that are bound at their use.
    scopes: usize,
    owner: FuncId,
    declared: Span,
}

/// Return statements of the function being bound.
#[derive(Default)]
struct Frame {
    /// The declared result; `None` collects instead.
    declared: Option<Type>,
    /// Types of the values returned.
    found: Vec<Type>,
    /// A `return;` without value was seen.
    bare: bool,
}

/// What a piece of syntax turned out to be.
enum Operand {
    Value(Expr),
    Type(Type),
    Namespace(String),
    Lambda(ast::Lambda, Span),
    Group(Group),
    Default(Span),
    Throw(Expr),
    ArrayInit(Vec<ast::Expr>, Span),
}

/// A method name without its call.
struct Group {
    receiver: Option<Expr>,
    name: Arc<str>,
    candidates: Vec<overload::Candidate>,
    /// Extension methods come second.
    extensions: Vec<overload::Candidate>,
    explicit: Vec<Type>,
    span: Span,
}

/// Key of a speculatively bound lambda: its place in the syntax tree, the binding it happens in, its parameters' types.
type LambdaKey = (usize, usize, Vec<Type>);

/// Binds one policy expression.
pub struct Binder {
    registry: &'static Registry,
    strict: bool,
    diagnostics: Diagnostics,
    vars: Vec<Var>,
    funcs: Vec<Func>,
    bodies: Vec<Option<Body>>,
    locals: HashMap<FuncId, LocalFunction>,
    scopes: Vec<HashMap<Arc<str>, Symbol>>,
    /// Names of closed scopes: number of the scopes still open around them, name, place.
    closed: Vec<(usize, Arc<str>, Span)>,
    /// Names that statements further down in the open blocks declare.
    later: Vec<HashMap<Arc<str>, Span>>,
    /// Typed variables whose initial value is being bound.
    initialising: Vec<Arc<str>>,
    /// `context.User`: how often it is named, how often a member is read off it, where first.
    user: (usize, usize, Option<Span>),
    function: FuncId,
    checked: bool,
    /// In `unchecked`, where constants may wrap as well.
    unchecked: bool,
    frames: Vec<Frame>,
    loops: usize,
    switches: usize,
    /// Switches whose sections are being bound, innermost last.
    open_switches: Vec<goto::OpenSwitch>,
    catches: usize,
    finallies: usize,
    tries: usize,
    steps: usize,
    generation: usize,
    /// Temporaries that stand for the target of `?.`, innermost last.
    receivers: Vec<Expr>,
    targets: HashMap<VarId, Expr>,
    outcomes: HashMap<LambdaKey, Outcome>,
    type_params: Vec<HashMap<Arc<str>, Type>>,
    strings: HashMap<Str, Str>,
    effects: Effects,
}

/// A bound policy expression.
pub struct Bound {
    /// Local variables of all functions.
    pub vars: Vec<Var>,
    /// Functions; 0 is the expression itself.
    pub funcs: Vec<Func>,
    /// Bodies of the functions that are used.
    pub bodies: Vec<Option<Body>>,
    /// The static type of the result.
    pub result: Type,
    /// What it may touch.
    pub effects: Effects,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Binds a parsed expression for a place that takes `target`.
#[must_use]
pub fn bind(source: &ast::Source, target: Target, strict: bool, diagnostics: Diagnostics) -> Bound {
    let mut binder = Binder {
        registry: Registry::get(),
        strict,
        diagnostics,
        vars: Vec::new(),
        funcs: vec![Func::default()],
        bodies: vec![None],
        locals: HashMap::new(),
        scopes: vec![HashMap::new()],
        closed: Vec::new(),
        later: Vec::new(),
        initialising: Vec::new(),
        user: (0, 0, None),
        function: FuncId(0),
        checked: false,
        unchecked: false,
        frames: vec![Frame::default()],
        loops: 0,
        switches: 0,
        open_switches: Vec::new(),
        catches: 0,
        finallies: 0,
        tries: 0,
        steps: 0,
        generation: 0,
        receivers: Vec::new(),
        targets: HashMap::new(),
        outcomes: HashMap::new(),
        type_params: Vec::new(),
        strings: HashMap::new(),
        effects: Effects::default(),
    };
    let result = binder.source(source, target);
    binder.close_captures();
    if !binder.diagnostics.has_errors_since(0) {
        flow::check(&binder.vars, &binder.bodies, &mut binder.diagnostics);
    }
    binder.warn_unused();
    binder.warn_of_null_user();
    Bound {
        vars: binder.vars,
        funcs: binder.funcs,
        bodies: binder.bodies,
        result,
        effects: binder.effects,
        diagnostics: binder.diagnostics,
    }
}

impl Binder {
    fn source(&mut self, source: &ast::Source, target: Target) -> Type {
        match source {
            ast::Source::Expression(expr) => {
                if matches!(&*expr.kind, ast::ExprKind::Throw(_)) {
                    self.diagnostics.error_with_help(
                        "CS8115",
                        expr.span,
                        "A throw expression is not allowed in this context",
                        Some("write `@{ throw …; }`".into()),
                    );
                }
                let value = self.value(expr);
                self.check_target(&value, target);
                let ty = value.ty.clone();
                self.set_main(vec![tree::Stmt::Return(Some(value))]);
                ty
            }
            ast::Source::Block(statements, close) => {
                self.frames = vec![Frame {
                    declared: Some(match target {
                        Target::Bool => Type::BOOL,
                        _ => Type::OBJECT,
                    }),
                    ..Frame::default()
                }];
                let (body, completes) = self.statements(statements);
                if completes && !self.diagnostics.has_errors_since(0) {
                    let code = if statements.is_empty() {
                        "CS1643"
                    } else {
                        "CS0161"
                    };
                    self.diagnostics.error_with_help(
                        code,
                        *close,
                        "Not all code paths return a value",
                        Some("end the block with `return …;`".into()),
                    );
                }
                let found = self.frames.pop().map(|f| f.found).unwrap_or_default();
                let ty = match found.split_first() {
                    Some((first, rest)) if rest.iter().all(|t| t == first) => first.clone(),
                    _ => Type::OBJECT,
                };
                self.set_main(body);
                ty
            }
        }
    }

    fn set_main(&mut self, statements: Vec<tree::Stmt>) {
        if let Some(main) = self.bodies.first_mut() {
            *main = Some(Body {
                parameters: Vec::new(),
                statements,
            });
        }
    }

    /// Whether a value of that static type can become what the place needs; a return of a block as well.
    fn check_target(&mut self, value: &Expr, target: Target) {
        let ty = value.ty.unwrap_nullable();
        if *ty == Type::Void {
            self.diagnostics.error(
                "CS0029",
                value.span,
                "The expression has no value, but one is needed here",
            );
            return;
        }
        let loose = matches!(ty, Type::Error | Type::Dynamic | Type::Null)
            || *ty == Type::OBJECT
            || *ty == Type::STRING;
        let fits = match target {
            Target::Any | Target::Text | Target::Body => true,
            Target::Bool => loose || *ty == Type::BOOL,
            Target::Int => loose || matches!(Num::of(ty), Some(n) if n != Num::Char),
        };
        if !fits {
            let wanted = if target == Target::Bool {
                "bool"
            } else {
                "int"
            };
            self.diagnostics.error(
                "CS0029",
                value.span,
                format!(
                    "Cannot implicitly convert type '{}' to '{wanted}'",
                    value.ty
                ),
            );
        }
    }

    /// One more node; `false` when the expression is too complex.
    fn step(&mut self, span: Span) -> bool {
        self.steps += 1;
        if self.steps == MOST_STEPS {
            self.diagnostics.error(
                "CS8078",
                span,
                "An expression is too long or complex to compile",
            );
        }
        self.steps < MOST_STEPS
    }

    // Variables.

    fn add_var(&mut self, name: Arc<str>, ty: Type, span: Span) -> VarId {
        self.vars.push(Var {
            name,
            ty,
            owner: self.function,
            captured: false,
            span,
            read_only: None,
            used: false,
            declared: false,
            written: Written::Nothing,
            hidden: false,
        });
        VarId(self.vars.len() - 1)
    }

    /// A variable of the binder's own.
    fn temp(&mut self, ty: Type, span: Span) -> VarId {
        let id = self.add_var("".into(), ty, span);
        if let Some(var) = self.vars.get_mut(id.0) {
            var.hidden = true;
        }
        id
    }

    fn var(&self, id: VarId) -> Option<&Var> {
        self.vars.get(id.0)
    }

    fn read_only(&mut self, id: VarId, why: ReadOnly) {
        if let Some(var) = self.vars.get_mut(id.0) {
            var.read_only = Some(why);
        }
    }

    /// A reference to a variable, which captures it when it belongs to an enclosing function.
    fn local(&mut self, id: VarId, span: Span) -> Expr {
        let Some(var) = self.vars.get_mut(id.0) else {
            return Expr::error(span);
        };
        let (owner, ty) = (var.owner, var.ty.clone());
        if owner != self.function {
            var.captured = true;
            let mut at = Some(self.function);
            while let Some(function) = at.filter(|f| *f != owner) {
                let Some(func) = self.funcs.get_mut(function.0) else {
                    break;
                };
                if !func.captures.contains(&id) {
                    func.captures.push(id);
                }
                at = func.parent;
            }
        }
        Expr::new(Kind::Local(id), ty, span)
    }

    /// Remembers that the variable was assigned this.
    fn written(&mut self, id: VarId, value: &Expr) {
        let what = if value.constant().is_some() {
            Written::Constants
        } else {
            Written::Values
        };
        if let Some(var) = self.vars.get_mut(id.0) {
            var.written = var.written.max(what);
        }
    }

    /// A variable that the author declared in a statement: that nothing reads it is worth a remark.
    fn declare_named(&mut self, name: &ast::Ident, ty: Type) -> VarId {
        let id = self.declare_var(name, ty);
        if let Some(var) = self.vars.get_mut(id.0) {
            var.declared = true;
        }
        id
    }

    fn set_local(&mut self, id: VarId, value: Expr) -> Expr {
        let span = value.span;
        self.written(id, &value);
        let target = self.local(id, span);
        Expr::new(Kind::SetLocal(id, value), target.ty, span)
    }

    /// Makes a name known in the innermost scope.
    fn declare(&mut self, name: &ast::Ident, symbol: Symbol) {
        if name.name.is_empty() {
            return;
        }
        if self
            .scopes
            .last()
            .is_some_and(|scope| scope.contains_key(&name.name))
        {
            self.diagnostics.error(
                "CS0128",
                name.span,
                format!(
                    "A local variable or function named '{}' is already defined in this scope",
                    name.name
                ),
            );
        } else if self.find(&name.name).is_some() {
            self.diagnostics.error(
                "CS0136",
                name.span,
                format!(
                    "A local or parameter named '{}' cannot be declared in this scope because that name is used in an enclosing scope",
                    name.name
                ),
            );
        }
        let here = self.scopes.len();
        if let Some((_, _, inner)) = self.closed.iter().find(|(depth, inner, span)| {
            *depth == here && *inner == name.name && *span != name.span
        }) {
            let inner = *inner;
            self.diagnostics.error(
                "CS0136",
                inner,
                format!(
                    "A local or parameter named '{}' cannot be declared in this scope because that name is used in an enclosing scope",
                    name.name
                ),
            );
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.name.clone(), symbol);
        }
    }

    fn declare_var(&mut self, name: &ast::Ident, ty: Type) -> VarId {
        let id = self.add_var(name.name.clone(), ty, name.span);
        self.declare(name, Symbol::Var(id));
        id
    }

    fn find(&self, name: &str) -> Option<&Symbol> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    fn open_scope(&mut self) {
        self.scopes.push(HashMap::new());
    }

    /// Leaves a scope; its names cannot be declared in the rest of the scope around it.
    fn close_scope(&mut self) -> HashMap<Arc<str>, Symbol> {
        let scope = self.scopes.pop().unwrap_or_default();
        let around = self.scopes.len();
        for (depth, _, _) in &mut self.closed {
            *depth = around.min(*depth);
        }
        for (name, symbol) in &scope {
            if let Symbol::Var(id) = symbol
                && let Some(var) = self.vars.get(id.0).filter(|v| !v.hidden)
            {
                self.closed.push((around, name.clone(), var.span));
            }
        }
        scope
    }

    fn scoped<T>(&mut self, bind: impl FnOnce(&mut Self) -> T) -> T {
        self.open_scope();
        let result = bind(self);
        self.close_scope();
        result
    }

    /// Runs `bind` and forgets what it reported; the second value says whether it reported errors.
    fn trial<T>(&mut self, bind: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let before = self.diagnostics.len();
        let effects = self.effects;
        let result = bind(self);
        let failed = self.diagnostics.has_errors_since(before);
        self.diagnostics.truncate(before);
        self.effects = effects;
        (result, failed)
    }

    /// The same text is the same object, as .NET interns literals.
    fn intern(&mut self, text: &Str) -> Str {
        self.strings
            .entry(text.clone())
            .or_insert_with(|| text.clone())
            .clone()
    }

    /// A function that refers to a local function needs what that one captured.
    fn close_captures(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for f in 0..self.funcs.len() {
                let calls = self
                    .funcs
                    .get(f)
                    .map(|x| x.calls.clone())
                    .unwrap_or_default();
                for callee in calls {
                    let needed = self
                        .funcs
                        .get(callee.0)
                        .map(|x| x.captures.clone())
                        .unwrap_or_default();
                    for var in needed {
                        let Some(owner) = self.var(var).map(|v| v.owner) else {
                            continue;
                        };
                        let mut at = Some(FuncId(f));
                        while let Some(id) = at.filter(|id| *id != owner) {
                            let Some(func) = self.funcs.get_mut(id.0) else {
                                break;
                            };
                            if !func.captures.contains(&var) {
                                func.captures.push(var);
                                changed = true;
                            }
                            at = func.parent;
                        }
                    }
                }
            }
        }
    }

    /// `context.User` is null for callers without one. Where the expression does nothing else with it than reading
    /// members, it does not check.
    fn warn_of_null_user(&mut self) {
        let (named, read, first) = self.user;
        let catches = self.tries > 0;
        if let Some(span) = first.filter(|_| named == read && !catches)
            && !self.diagnostics.has_errors_since(0)
        {
            self.diagnostics.warning_with_help(
                "TG0201",
                span,
                "`context.User` is null when the caller is anonymous or the subscription has no user",
                "write `context.User?.…`, or test it for null first",
            );
        }
    }

    fn warn_unused(&mut self) {
        if self.diagnostics.has_errors_since(0) {
            return;
        }
        // A lambda's body may have been bound several times: one use of the name is a use.
        let used: HashSet<Span> = self
            .vars
            .iter()
            .filter(|var| var.used)
            .map(|var| var.span)
            .collect();
        for var in &self.vars {
            if !var.declared || var.name.is_empty() || used.contains(&var.span) {
                continue;
            }
            let (code, message) = match var.written {
                Written::Nothing => (
                    "CS0168",
                    format!("The variable '{}' is declared but never used", var.name),
                ),
                Written::Constants => (
                    "CS0219",
                    format!(
                        "The variable '{}' is assigned but its value is never used",
                        var.name
                    ),
                ),
                Written::Values => continue,
            };
            self.diagnostics.warning(code, var.span, message);
        }
        let called: HashSet<FuncId> = self.funcs.iter().flat_map(|f| f.calls.clone()).collect();
        let called: HashSet<Span> = self
            .locals
            .iter()
            .filter(|(id, f)| called.contains(id) || !f.instances.is_empty())
            .map(|(_, f)| f.declared)
            .collect();
        let mut unused: Vec<&LocalFunction> = self
            .locals
            .values()
            .filter(|f| !called.contains(&f.declared))
            .collect();
        unused.sort_by_key(|f| f.declared.start);
        for function in unused {
            let name = &function.syntax.name.name;
            self.diagnostics.warning(
                "CS8321",
                function.declared,
                format!("The local function '{name}' is declared but never used"),
            );
        }
    }
}

/// The constant that the whole expression is, if it is one.
#[must_use]
pub fn constant_of(bound: &Bound) -> Option<Const> {
    let main = bound.bodies.first()?.as_ref()?;
    match main.statements.as_slice() {
        [tree::Stmt::Return(Some(value))] => match &*value.kind {
            tree::Kind::Interpolate(pieces) => tree::Piece::plain(pieces).map(Const::Str),
            _ => value.constant().cloned(),
        },
        _ => None,
    }
}
