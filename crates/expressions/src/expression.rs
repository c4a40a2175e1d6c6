//! The crate's surface: compile once, evaluate many times.

use std::fmt;
use std::sync::Arc;

use crate::advice;
use crate::bind::{self, constant_of};
use crate::compile::{self, Code, Program};
use crate::diagnostic::{Diagnostics, ExpressionDiagnostic, Severity};
use crate::fault::Stop;
use crate::host::Host;
use crate::runtime::{Cell, Limits, Runtime, Slot};
use crate::syntax;
use crate::types::Type;
use crate::value::{Const, Value};

/// How expressions are compiled and run. The default accepts what published policies use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Accept only what is on API Management's documented list of types and members.
    pub strict: bool,
    /// Bounds of each evaluation.
    pub limits: Limits,
}

/// What the place of an expression takes; decides which static types are errors at load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Any value: `set-variable`.
    Any,
    /// A condition or flag.
    Bool,
    /// A number, count or duration.
    Int,
    /// Text: a header, a key, a URL.
    Text,
    /// A message body.
    Body,
}

/// What an expression may touch, found at compile time; errs on the side of `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects {
    /// May read the request's body, which must be buffered then.
    pub reads_request_body: bool,
    /// May read the response's body.
    pub reads_response_body: bool,
    /// May change an object that lives on in a variable.
    pub mutates: bool,
}

/// A compiled policy expression, shared by all threads.
pub struct Expression {
    source: Arc<str>,
    program: Program,
    constant: Option<Const>,
    result: Type,
    warnings: Vec<ExpressionDiagnostic>,
    effects: Effects,
    limits: Limits,
}

/// Compiles `@(…)` or `@{…}`, given whole, for a place that takes `target`.
///
/// # Errors
/// Everything C# would reject at compile time, each with its place in `source`; warnings among them.
pub fn compile(
    source: &str,
    target: Target,
    options: &Options,
) -> Result<Expression, Vec<ExpressionDiagnostic>> {
    if source.len() > options.limits.source {
        let mut diagnostics = Diagnostics::default();
        diagnostics.error(
            "CS8078",
            crate::diagnostic::Span::new(0, source.len()),
            format!(
                "An expression is too long to compile: it has {} bytes, the limit is {}",
                source.len(),
                options.limits.source
            ),
        );
        return Err(diagnostics.into_sorted());
    }
    let (tree, diagnostics) = syntax::parse(source);
    let told = |diagnostics: Diagnostics| {
        let mut list = diagnostics.into_sorted();
        advice::complete(source, &mut list);
        list
    };
    let Some(tree) = tree else {
        return Err(told(diagnostics));
    };
    let mut bound = bind::bind(&tree, target, options.strict, diagnostics);
    let found: Diagnostics = std::mem::take(&mut bound.diagnostics);
    if found.has_errors_since(0) {
        return Err(told(found));
    }
    let warnings = told(found)
        .into_iter()
        .filter(|d| d.severity == Severity::Warning)
        .collect();
    let effects = bound.effects;
    let result = bound.result.clone();
    let constant = constant_of(&bound);
    let program = compile::compile(bound);
    Ok(Expression {
        source: source.into(),
        program,
        constant,
        result,
        warnings,
        effects,
        limits: options.limits,
    })
}

impl Expression {
    /// Evaluates against a host.
    ///
    /// # Errors
    /// An unhandled .NET exception or a reached limit, or a body that must be buffered first.
    pub fn evaluate(&self, host: &mut dyn Host) -> Result<Value, Stop> {
        let mut rt = Runtime::new(host, self.limits);
        self.run(&mut rt).map_err(crate::fault::Fault::into_stop)
    }

    /// Evaluates and reads the result with the evaluation still alive: a lazy sequence is enumerated by `read`.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and what `read` throws.
    pub fn evaluate_with<T>(
        &self,
        host: &mut dyn Host,
        read: impl FnOnce(&mut Runtime<'_>, Value) -> crate::runtime::R<T>,
    ) -> Result<T, Stop> {
        let mut rt = Runtime::new(host, self.limits);
        self.run(&mut rt)
            .and_then(|value| read(&mut rt, value))
            .map_err(crate::fault::Fault::into_stop)
    }

    fn run(&self, rt: &mut Runtime<'_>) -> crate::runtime::R<Value> {
        if self.program.slots > 0 {
            rt.stack.extend(
                std::iter::repeat_with(|| Slot::Plain(Value::Null)).take(self.program.slots),
            );
            for slot in &self.program.shared {
                if let Some(place) = rt.stack.get_mut(*slot) {
                    *place = Slot::Shared(Cell::default());
                }
            }
        }
        // Deeply nested code is deep recursion here.
        let stack = self.program.stack;
        let result =
            stacker::maybe_grow(stack, stack + 1024 * 1024, || match &self.program.main {
                Code::Bool(f) => f(rt).map(Value::Bool),
                Code::Int(f) => f(rt).map(Value::Int32),
                Code::Long(f) => f(rt).map(Value::Int64),
                Code::Double(f) => f(rt).map(Value::Double),
                Code::Val(f) => f(rt),
            })?;
        // What the last step's values cost is paid for, too.
        rt.spend(0)?;
        Ok(result)
    }

    /// Warnings found at compile time.
    #[must_use]
    pub fn warnings(&self) -> &[ExpressionDiagnostic] {
        &self.warnings
    }

    /// What the expression may touch.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.effects
    }

    /// The value, where it does not depend on the exchange.
    #[must_use]
    pub fn constant(&self) -> Option<&Const> {
        self.constant.as_ref()
    }

    /// The static type of the result; `object` where a block returns several types.
    #[must_use]
    pub fn static_type(&self) -> &Type {
        &self.result
    }

    /// The text it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Expression {
    /// The source is left out: a named value's secret may stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression")
            .field("result", &self.result.to_string())
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

/// Expressions are shared by all worker threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Expression>();
};
