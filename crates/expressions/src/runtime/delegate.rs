//! Delegates: lambdas, local functions and method groups as values.

use std::rc::Rc;
use std::sync::Arc;

use super::{Call, Cell, Fault, R, Runtime, Slot};
use crate::types::{Member, PassBy, Type};
use crate::value::{Object, Value};

/// Fresh machine stack comes in pieces of at least this size.
const STACK_PIECE: usize = 2 * 1024 * 1024;

/// Code of a lambda or local function, shared between threads.
pub struct FunctionCode {
    /// Stack slot and boxedness of each parameter.
    pub parameters: Vec<(usize, bool, PassBy)>,
    /// Bytes of machine stack that a call may need, further calls apart.
    pub stack: usize,
    /// Number of stack slots.
    pub slots: usize,
    /// Slots of variables that inner functions capture.
    pub shared: Vec<usize>,
    /// The body: its value is the function's.
    #[allow(clippy::type_complexity)]
    pub body: Box<dyn Fn(&mut Runtime<'_>) -> R<Value> + Send + Sync>,
}

/// What a delegate calls.
pub enum Target {
    /// A lambda or local function with the variables it captured.
    Function(Arc<FunctionCode>, Option<Rc<[Cell]>>),
    /// A library method, with the receiver of an instance or extension method.
    Member(&'static Member, Arc<[Type]>, Option<Value>),
    /// Functionality of the library given out as a delegate.
    #[allow(clippy::type_complexity)]
    Native(Box<dyn Fn(&mut Runtime<'_>, &mut [Value]) -> R<Value>>),
}

/// A value of a delegate type.
pub struct Delegate {
    /// The delegate type.
    pub ty: Type,
    /// What it calls.
    pub target: Target,
}

impl Delegate {
    /// Calls it.
    pub fn invoke(&self, rt: &mut Runtime<'_>, args: &mut [Value]) -> R<Value> {
        match &self.target {
            Target::Function(code, captured) => call_function(rt, code, captured.clone(), args),
            Target::Native(function) => {
                rt.tick()?;
                function(rt, args)
            }
            Target::Member(member, types, receiver) => {
                rt.tick()?;
                let mut all: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
                all.extend(receiver.clone());
                let offset = all.len();
                all.extend(args.iter().cloned());
                let result = (member.run)(&mut Call {
                    rt,
                    args: &mut all,
                    types,
                    member,
                })?;
                for (place, value) in args.iter_mut().zip(all.drain(offset..)) {
                    *place = value;
                }
                Ok(result)
            }
        }
    }
}

impl Object for Delegate {
    fn type_of(&self) -> Type {
        self.ty.clone()
    }
}

/// Runs a function on a new stack frame; `ref` and `out` arguments are written back.
pub fn call_function(
    rt: &mut Runtime<'_>,
    code: &Arc<FunctionCode>,
    captured: Option<Rc<[Cell]>>,
    args: &mut [Value],
) -> R<Value> {
    rt.tick()?;
    if rt.depth >= rt.limits.depth {
        return Err(Fault::limit(format!(
            "Functions call each other deeper than the limit of {} calls.",
            rt.limits.depth
        )));
    }
    let base = rt.stack.len();
    rt.stack
        .extend(std::iter::repeat_with(|| Slot::Plain(Value::Null)).take(code.slots));
    for slot in &code.shared {
        if let Some(place) = rt.stack.get_mut(base + slot) {
            *place = Slot::Shared(Cell::default());
        }
    }
    for ((slot, shared, pass), arg) in code.parameters.iter().zip(args.iter()) {
        let value = if *pass == PassBy::Out {
            Value::Null
        } else {
            arg.clone()
        };
        if let Some(place) = rt.stack.get_mut(base + slot) {
            *place = if *shared {
                Slot::Shared(Rc::new(value.into()))
            } else {
                Slot::Plain(value)
            };
        }
    }
    let outer_base = std::mem::replace(&mut rt.base, base);
    let outer_captured = std::mem::replace(&mut rt.captured, captured);
    rt.depth += 1;
    // Deep recursion of the expression is deep recursion here: go on with a fresh piece of stack when it runs out.
    let result = stacker::maybe_grow(code.stack, code.stack + STACK_PIECE, || (code.body)(rt));
    rt.depth -= 1;
    for ((slot, _, pass), arg) in code.parameters.iter().zip(args.iter_mut()) {
        if matches!(pass, PassBy::Out | PassBy::Ref) {
            match rt.stack.get(base + slot) {
                Some(Slot::Plain(value)) => *arg = value.clone(),
                Some(Slot::Shared(cell)) => *arg = cell.borrow().clone(),
                None => {}
            }
        }
    }
    rt.stack.truncate(base);
    rt.base = outer_base;
    rt.captured = outer_captured;
    result
}
