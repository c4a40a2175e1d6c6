//! From bound tree to code: closures with resolved slots, specialised by static type.
//!
//! A condition over integers runs without making a single [`Value`]; reads of `context` that a policy does on every
//! request have closures of their own. Code is shared between threads; all state is in the [`Runtime`].

mod call;
mod context;
mod expression;
mod operators;
mod statement;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use crate::bind::Bound;
use crate::bind::tree::{Body, FuncId, Var, VarId};
use crate::runtime::{Fault, FunctionCode, R, Runtime, Slot};
use crate::types::PassBy;
use crate::value::Value;

/// Code that gives a `T`.
pub type Fun<T> = Box<dyn Fn(&mut Runtime<'_>) -> R<T> + Send + Sync>;

/// Code of an expression, by the representation of its result.
pub enum Code {
    /// A `bool`.
    Bool(Fun<bool>),
    /// An `int`.
    Int(Fun<i32>),
    /// A `long`.
    Long(Fun<i64>),
    /// A `double`.
    Double(Fun<f64>),
    /// Anything.
    Val(Fun<Value>),
}

/// A local function's code, filled in after the code that calls it: functions may call each other.
type Place = Arc<OnceLock<Arc<FunctionCode>>>;

/// A compiled expression.
pub struct Program {
    /// The code of the whole.
    pub main: Code,
    /// Bytes of machine stack that running it may need, calls of functions apart.
    pub stack: usize,
    /// Stack slots it needs.
    pub slots: usize,
    /// Of these, the ones that lambdas capture.
    pub shared: Vec<usize>,
    /// Keeps the local functions alive; calls hold them weakly.
    _functions: Vec<Place>,
}

/// Where a variable lies, seen from one function.
#[derive(Clone, Copy)]
enum Where {
    Slot(usize),
    Shared(usize),
    Captured(usize),
}

struct Compiler {
    vars: Vec<Var>,
    captures: Vec<Vec<VarId>>,
    bodies: Vec<Option<Body>>,
    /// Slot of each variable in its own function.
    slots: HashMap<VarId, usize>,
    /// Number of slots of each function.
    sizes: Vec<usize>,
    places: Vec<Place>,
    function: FuncId,
    /// Nesting of the expression being compiled, and the deepest so far in this function.
    depth: usize,
    deepest: usize,
}

/// Machine stack that one level of nesting takes at most, unoptimised builds included.
const BYTES_PER_LEVEL: usize = 1024;

fn stack_for(depth: usize) -> usize {
    64 * 1024 + depth * BYTES_PER_LEVEL
}

/// Compiles a bound expression that has no errors.
#[must_use]
pub fn compile(bound: Bound) -> Program {
    let count = bound.funcs.len();
    let mut sizes = vec![0_usize; count];
    let mut slots = HashMap::new();
    for (i, var) in bound.vars.iter().enumerate() {
        if let Some(size) = sizes.get_mut(var.owner.0) {
            slots.insert(VarId(i), *size);
            *size += 1;
        }
    }
    let mut compiler = Compiler {
        vars: bound.vars,
        captures: bound.funcs.into_iter().map(|f| f.captures).collect(),
        bodies: bound.bodies,
        slots,
        sizes,
        places: (0..count).map(|_| Place::default()).collect(),
        function: FuncId(0),
        depth: 0,
        deepest: 0,
    };
    let main = compiler.bodies.first_mut().and_then(Option::take);
    let code = match main {
        Some(body) => compiler.body(body),
        None => Code::Val(Box::new(|_| Ok(Value::Null))),
    };
    let shared = compiler.shared(FuncId(0));
    Program {
        main: code,
        stack: stack_for(compiler.deepest),
        slots: compiler.sizes.first().copied().unwrap_or(0),
        shared,
        _functions: compiler.places,
    }
}

impl Compiler {
    /// Compiles one level deeper.
    fn nested<T>(&mut self, compile: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let result = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || compile(self));
        self.depth -= 1;
        result
    }

    fn shared(&self, function: FuncId) -> Vec<usize> {
        self.vars
            .iter()
            .enumerate()
            .filter(|(_, v)| v.owner == function && v.captured)
            .filter_map(|(i, _)| self.slots.get(&VarId(i)).copied())
            .collect()
    }

    fn locate(&self, id: VarId) -> Where {
        let slot = self.slots.get(&id).copied().unwrap_or(0);
        let Some(var) = self.vars.get(id.0) else {
            return Where::Slot(slot);
        };
        if var.owner == self.function {
            return if var.captured {
                Where::Shared(slot)
            } else {
                Where::Slot(slot)
            };
        }
        let index = self
            .captures
            .get(self.function.0)
            .and_then(|c| c.iter().position(|v| *v == id))
            .unwrap_or(usize::MAX);
        Where::Captured(index)
    }

    /// Code of a lambda or local function.
    fn function_code(&mut self, id: FuncId) -> Option<Arc<FunctionCode>> {
        let place = self.places.get(id.0)?.clone();
        if let Some(code) = place.get() {
            return Some(code.clone());
        }
        let body = self.bodies.get_mut(id.0)?.take()?;
        let outer = std::mem::replace(&mut self.function, id);
        let parameters = body
            .parameters
            .iter()
            .map(|(var, pass)| {
                let slot = self.slots.get(var).copied().unwrap_or(0);
                let shared = self.vars.get(var.0).is_some_and(|v| v.captured);
                (slot, shared, *pass)
            })
            .collect::<Vec<(usize, bool, PassBy)>>();
        let nesting = (
            std::mem::take(&mut self.depth),
            std::mem::take(&mut self.deepest),
        );
        let code = self.body(body);
        let made = Arc::new(FunctionCode {
            stack: stack_for(self.deepest),
            parameters,
            slots: self.sizes.get(id.0).copied().unwrap_or(0),
            shared: self.shared(id),
            body: code.into_val(),
        });
        (self.depth, self.deepest) = nesting;
        self.function = outer;
        let _ = place.set(made.clone());
        Some(made)
    }

    /// A weak handle to a local function, which is compiled now if it is not being compiled already.
    fn function_handle(&mut self, id: FuncId) -> Weak<OnceLock<Arc<FunctionCode>>> {
        let _ = self.function_code(id);
        self.places
            .get(id.0)
            .map(Arc::downgrade)
            .unwrap_or_default()
    }

    /// Where the variables that a function captures lie, seen from the current function.
    fn captured_places(&self, id: FuncId) -> Vec<Where> {
        self.captures
            .get(id.0)
            .map(|all| all.iter().map(|v| self.locate(*v)).collect())
            .unwrap_or_default()
    }
}

/// The cells at those places.
fn gather(rt: &Runtime<'_>, places: &[Where]) -> R<Option<std::rc::Rc<[crate::runtime::Cell]>>> {
    if places.is_empty() {
        return Ok(None);
    }
    let mut cells = Vec::with_capacity(places.len());
    for place in places {
        let cell = match place {
            Where::Shared(slot) | Where::Slot(slot) => match rt.stack.get(rt.base + slot) {
                Some(Slot::Shared(cell)) => Some(cell.clone()),
                _ => None,
            },
            Where::Captured(index) => rt.captured.as_ref().and_then(|c| c.get(*index)).cloned(),
        };
        cells.push(cell.ok_or_else(lost)?);
    }
    Ok(Some(cells.into()))
}

/// A variable is not where the compiler put it. Cannot happen; reported as an error all the same.
fn lost() -> Fault {
    Fault::limit("The expression lost track of a local variable.")
}

/// A value is not of the type the checker found. Cannot happen; reported as an error all the same.
fn wrong_type(expected: &str, found: &Value) -> Fault {
    if found.is_null() {
        return Fault::null_reference();
    }
    Fault::new(
        "System.InvalidCastException",
        format!(
            "Expected a value of type '{expected}', found '{}'.",
            found.type_of()
        ),
    )
}

impl Code {
    /// The result as a value.
    #[must_use]
    pub fn into_val(self) -> Fun<Value> {
        match self {
            Self::Val(f) => f,
            Self::Bool(f) => Box::new(move |rt| Ok(Value::Bool(f(rt)?))),
            Self::Int(f) => Box::new(move |rt| Ok(Value::Int32(f(rt)?))),
            Self::Long(f) => Box::new(move |rt| Ok(Value::Int64(f(rt)?))),
            Self::Double(f) => Box::new(move |rt| Ok(Value::Double(f(rt)?))),
        }
    }

    fn into_bool(self) -> Fun<bool> {
        match self {
            Self::Bool(f) => f,
            other => {
                let f = other.into_val();
                Box::new(move |rt| match f(rt)? {
                    Value::Bool(b) => Ok(b),
                    other => Err(wrong_type("bool", &other)),
                })
            }
        }
    }

    fn into_int(self) -> Fun<i32> {
        match self {
            Self::Int(f) => f,
            other => {
                let f = other.into_val();
                Box::new(move |rt| match f(rt)? {
                    Value::Int32(n) => Ok(n),
                    other => Err(wrong_type("int", &other)),
                })
            }
        }
    }

    fn into_long(self) -> Fun<i64> {
        match self {
            Self::Long(f) => f,
            other => {
                let f = other.into_val();
                Box::new(move |rt| match f(rt)? {
                    Value::Int64(n) => Ok(n),
                    other => Err(wrong_type("long", &other)),
                })
            }
        }
    }

    fn into_double(self) -> Fun<f64> {
        match self {
            Self::Double(f) => f,
            other => {
                let f = other.into_val();
                Box::new(move |rt| match f(rt)? {
                    Value::Double(n) => Ok(n),
                    other => Err(wrong_type("double", &other)),
                })
            }
        }
    }
}
