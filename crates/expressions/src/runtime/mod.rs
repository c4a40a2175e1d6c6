//! The state of one evaluation, and what any value can be asked for while it runs.
//!
//! A [`Runtime`] holds the host, the stack of local variables and the budgets (fuel, allocation, call depth). Library
//! functions receive it through [`Call`]. Nothing here knows syntax or static types of the program.

mod call;
pub mod conversion;
mod delegate;
mod equality;
pub mod ops;
mod text;

use std::cell::RefCell;
use std::rc::Rc;

pub use self::call::Call;
pub use self::delegate::{Delegate, FunctionCode, Target as DelegateTarget, call_function};
pub use self::equality::{Key, compare, equals, hash, same_text};
pub use crate::fault::Fault;
use crate::host::Host;
use crate::types::{Type, relations};
use crate::value::{Iter, Object, Str, Value};

/// Result of anything that can throw.
pub type R<T> = Result<T, Fault>;

/// A variable that a lambda or local function captured.
pub type Cell = Rc<RefCell<Value>>;

/// Bounds of one expression: of its text when it is compiled, of each evaluation otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of source text. Default 64 KiB.
    pub source: usize,
    /// Steps: loop iterations, calls, elements enumerated; each takes up to a fifth of a microsecond. Default 5 million.
    pub fuel: u64,
    /// Bytes that strings and collections made during one evaluation may take, freed or not. Default 64 MiB.
    pub allocation: usize,
    /// Nested calls of lambdas and local functions. Default 1000.
    pub depth: u32,
    /// Backtracking steps of one regular expression match. Default 500,000.
    pub regex_steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source: 64 << 10,
            fuel: 5_000_000,
            allocation: 64 << 20,
            depth: 1_000,
            regex_steps: 500_000,
        }
    }
}

/// A local variable's place on the stack.
pub enum Slot {
    /// An ordinary variable.
    Plain(Value),
    /// One that a lambda captured.
    Shared(Cell),
}

/// One evaluation.
pub struct Runtime<'h> {
    /// The exchange.
    pub host: &'h mut dyn Host,
    /// The bounds in force.
    pub limits: Limits,
    fuel: u64,
    allocation: usize,
    pub(crate) depth: u32,
    nesting: u32,
    pub(crate) stack: Vec<Slot>,
    /// Where the running function's variables start on the stack.
    pub(crate) base: usize,
    /// Variables that the running function captured.
    pub(crate) captured: Option<Rc<[Cell]>>,
    /// The value of the `return` statement that is ending the running function.
    pub(crate) returned: Value,
    /// Exceptions whose `catch` blocks are running, innermost last: what `throw;` throws again.
    pub(crate) handling: Vec<Rc<crate::fault::ExceptionObject>>,
}

impl<'h> Runtime<'h> {
    /// A fresh evaluation.
    pub fn new(host: &'h mut dyn Host, limits: Limits) -> Self {
        // What trees cost before this evaluation is not its business.
        crate::forest::take_work();
        crate::forest::take_bytes();
        Self {
            host,
            limits,
            fuel: limits.fuel,
            allocation: limits.allocation,
            depth: 0,
            nesting: 0,
            stack: Vec::new(),
            base: 0,
            captured: None,
            returned: Value::Null,
            handling: Vec::new(),
        }
    }

    /// Spends one step.
    #[inline]
    pub fn tick(&mut self) -> R<()> {
        self.spend(1)
    }

    /// Spends `steps` steps, and those that values have noted since.
    #[inline]
    pub fn spend(&mut self, steps: u64) -> R<()> {
        let steps = match crate::forest::noted_work() {
            0 => steps,
            _ => {
                self.allocate(crate::forest::take_bytes())?;
                steps.saturating_add(crate::forest::take_work())
            }
        };
        match self.fuel.checked_sub(steps) {
            Some(rest) => {
                self.fuel = rest;
                Ok(())
            }
            None => {
                self.fuel = 0;
                Err(Fault::limit(format!(
                    "The expression ran longer than its limit of {} steps.",
                    self.limits.fuel
                )))
            }
        }
    }

    /// Accounts for `bytes` about to be allocated. Call it before making anything whose size the expression controls.
    #[inline]
    pub fn allocate(&mut self, bytes: usize) -> R<()> {
        match self.allocation.checked_sub(bytes) {
            Some(rest) => {
                self.allocation = rest;
                Ok(())
            }
            None => {
                self.allocation = 0;
                Err(Fault::limit(format!(
                    "The expression allocated more than its limit of {} bytes.",
                    self.limits.allocation
                )))
            }
        }
    }

    /// Bytes that may still be allocated: where the size of a result is known only when it is made, making it stops there.
    #[must_use]
    pub fn room(&self) -> usize {
        self.allocation
    }

    /// Goes one level deeper into nested values or sequences: bounded, and with machine stack to run on.
    pub fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        if self.nesting >= self.limits.depth {
            return Err(Fault::limit(format!(
                "Values or sequences hold one another deeper than the limit of {} levels.",
                self.limits.depth
            )));
        }
        self.nesting += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || run(self));
        self.nesting -= 1;
        result
    }

    /// Starts an enumeration of `source`, as `foreach` does.
    pub fn iterate(&mut self, source: &Value) -> R<Box<dyn Iter>> {
        match source {
            Value::Null => Err(Fault::null_reference()),
            Value::Str(text) => {
                self.allocate(text.len() * 2)?;
                let units = text.units().into_owned();
                Ok(Box::new(crate::value::Ready(
                    units.into_iter().map(Value::Char),
                )))
            }
            Value::Host(host) => crate::dotnet::context::iterate(*host, self),
            Value::Json(token) => match Rc::new(token.clone()).iterate(self)? {
                Some(iter) => Ok(iter),
                None => Err(Fault::binder("The token cannot be enumerated.")),
            },
            Value::Object(object) => match object.rc().map(|o| self.deeper(|rt| o.iterate(rt))) {
                Some(Ok(Some(iter))) => Ok(iter),
                Some(Err(fault)) => Err(fault),
                _ => Err(Fault::binder(&format!(
                    "'{}' cannot be enumerated.",
                    object.type_of()
                ))),
            },
            other => Err(Fault::binder(&format!(
                "'{}' cannot be enumerated.",
                other.type_of()
            ))),
        }
    }

    /// All elements of `source`.
    pub fn collect(&mut self, source: &Value) -> R<Vec<Value>> {
        if let Some(list) = crate::dotnet::collections::elements_of(source) {
            self.spend(list.len() as u64)?;
            self.allocate(list.len() * size_of::<Value>())?;
            return Ok(list);
        }
        let mut iter = self.iterate(source)?;
        let mut out = Vec::new();
        while let Some(value) = iter.next(self)? {
            self.tick()?;
            self.allocate(size_of::<Value>())?;
            out.push(value);
        }
        Ok(out)
    }

    /// Calls a delegate.
    pub fn invoke(&mut self, delegate: &Value, args: &[Value]) -> R<Value> {
        let mut args: smallvec::SmallVec<[Value; 4]> = args.iter().cloned().collect();
        self.invoke_mut(delegate, &mut args)
    }

    /// Calls a delegate; `ref` and `out` arguments are written back to `args`.
    pub fn invoke_mut(&mut self, delegate: &Value, args: &mut [Value]) -> R<Value> {
        match delegate.to_object::<Delegate>() {
            Some(delegate) => delegate.invoke(self, args),
            None => Err(Fault::null_reference()),
        }
    }

    /// Calls a predicate delegate.
    pub fn test(&mut self, predicate: &Value, value: &Value) -> R<bool> {
        match self.invoke(predicate, std::slice::from_ref(value))? {
            Value::Bool(holds) => Ok(holds),
            _ => Ok(false),
        }
    }

    /// `ToString()`; null gives the empty string, as in concatenation.
    pub fn to_text(&mut self, value: &Value) -> R<Str> {
        text::format(self, value, None)
    }

    /// `ToString(format)` as a composite format hole applies it; null gives the empty string.
    pub fn format(&mut self, value: &Value, format: Option<&str>) -> R<Str> {
        text::format(self, value, format)
    }

    /// Whether `value` is a `ty` (`is`): false for null.
    #[must_use]
    pub fn is_instance(value: &Value, ty: &Type) -> bool {
        relations::is_instance(value, ty)
    }
}
