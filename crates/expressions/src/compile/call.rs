//! Calls of library members, delegates and local functions.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Code, Compiler, Fun, gather, lost};
use crate::bind::tree::{Expr, FuncId, WriteBack};
use crate::runtime::{Call, Fault, R, Runtime, call_function};
use crate::types::{Member, MemberKind, Registry, Type, TypeDef, known};
use crate::value::{Str, Value};

type Args = SmallVec<[Value; 4]>;

/// Puts a written argument where it belongs.
type Back = (
    usize,
    Box<dyn Fn(&mut Runtime<'_>, Value) -> R<()> + Send + Sync>,
    Fun<()>,
);

/// What a member that reads a text character by character looks at in one step.
const UNITS_PER_STEP: u64 = 16;

/// Whether a member reads its texts to the end, and does not itself pay for that: what parses, and what takes a format.
fn reads_texts(member: &Member, owner: Option<&TypeDef>) -> bool {
    let takes_text = || member.parameters.iter().any(|p| p.ty == Type::STRING);
    match &*member.name {
        "Parse" | "ParseExact" | "TryParse" | "TryParseExact" => true,
        "ToString" => takes_text(),
        _ => {
            let reads = member.kind == MemberKind::Constructor
                || owner.is_some_and(|owner| owner.reads_texts);
            reads && takes_text()
        }
    }
}

/// Bytes of what a constructor or a static member of the type itself makes, beside what it pays for.
fn weight(member: &Member, owner: Option<&TypeDef>) -> usize {
    let made = member.result.is(member.owner)
        && (member.is_static || member.kind == MemberKind::Constructor);
    owner.filter(|_| made).map_or(0, |owner| owner.weight)
}

impl Compiler {
    pub(super) fn call(
        &mut self,
        member: &'static Member,
        types: Arc<[Type]>,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
        set: bool,
        at: u32,
    ) -> Code {
        let instance = matches!(
            member.kind,
            MemberKind::Method | MemberKind::Property | MemberKind::Indexer
        ) && !member.is_static;
        // A `T?` without value is a receiver like any other.
        let nullable = args
            .first()
            .is_some_and(|a| a.ty.nullable_underlying().is_some());
        let checked = instance && !(nullable && nullable_member(member));
        let result = match (&member.result, set) {
            (Type::Named(known::INT32, None), false) => Shape::Int,
            (Type::Named(known::BOOLEAN, None), false) => Shape::Bool,
            _ => Shape::Val,
        };
        let function = if set {
            member.set.unwrap_or(member.run)
        } else {
            member.run
        };
        let count = args.len();
        let back = self.back(write_back);
        let args = self.vals(args);
        let owner = Registry::get().def(member.owner);
        let reads = reads_texts(member, owner);
        let weight = weight(member, owner);
        let run = move |rt: &mut Runtime<'_>, args: &mut [Value]| -> R<Value> {
            if checked && args.first().is_some_and(Value::is_null) {
                return Err(Fault::null_reference().at(at));
            }
            rt.tick().map_err(|e| e.at(at))?;
            if reads {
                let texts = args.iter().filter_map(Value::as_string);
                let units: usize = texts.map(Str::len).sum();
                rt.spend(units as u64 / UNITS_PER_STEP)
                    .map_err(|e| e.at(at))?;
            }
            if weight > 0 {
                rt.allocate(weight).map_err(|e| e.at(at))?;
            }
            let value = (function)(&mut Call {
                rt,
                args,
                types: &types,
                member,
            })
            .map_err(|e| e.at(at))?;
            if let Value::Str(text) = &value {
                rt.allocate(text.len()).map_err(|e| e.at(at))?;
            }
            Ok(value)
        };
        if set {
            return Code::Val(Box::new(move |rt| {
                let mut values: Args = SmallVec::with_capacity(count);
                for arg in &args {
                    values.push(arg(rt)?);
                }
                let assigned = values.last().cloned().unwrap_or_default();
                run(rt, &mut values)?;
                Ok(assigned)
            }));
        }
        if !back.is_empty() {
            return Code::Val(Box::new(move |rt| {
                let mut values: Args = SmallVec::with_capacity(count);
                for arg in &args {
                    values.push(arg(rt)?);
                }
                let value = run(rt, &mut values)?;
                write_all(rt, &back, &mut values)?;
                Ok(value)
            }));
        }
        let mut args = args;
        let code: Fun<Value> = match count {
            0 => Box::new(move |rt| run(rt, &mut [])),
            1 => {
                let Some(a) = args.pop() else {
                    return Code::Val(Box::new(|_| Err(lost())));
                };
                Box::new(move |rt| {
                    let x = a(rt)?;
                    run(rt, &mut [x])
                })
            }
            2 => {
                let (Some(b), Some(a)) = (args.pop(), args.pop()) else {
                    return Code::Val(Box::new(|_| Err(lost())));
                };
                Box::new(move |rt| {
                    let x = a(rt)?;
                    let y = b(rt)?;
                    run(rt, &mut [x, y])
                })
            }
            _ => Box::new(move |rt| {
                let mut values: Args = SmallVec::with_capacity(count);
                for arg in &args {
                    values.push(arg(rt)?);
                }
                run(rt, &mut values)
            }),
        };
        match result {
            Shape::Val => Code::Val(code),
            Shape::Int => Code::Int(Box::new(move |rt| match code(rt)? {
                Value::Int32(n) => Ok(n),
                other => Err(super::wrong_type("int", &other)),
            })),
            Shape::Bool => Code::Bool(Box::new(move |rt| match code(rt)? {
                Value::Bool(b) => Ok(b),
                other => Err(super::wrong_type("bool", &other)),
            })),
        }
    }

    fn back(&mut self, write_back: Vec<WriteBack>) -> Vec<Back> {
        write_back
            .into_iter()
            .map(|w| {
                let set = self.setter(w.temp);
                (w.arg, set, self.effect(w.assign))
            })
            .collect()
    }

    pub(super) fn invoke(
        &mut self,
        target: Expr,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
        at: u32,
    ) -> Code {
        let back = self.back(write_back);
        let target = self.val(target);
        let args = self.vals(args);
        Code::Val(Box::new(move |rt| {
            let delegate = target(rt)?;
            let mut values: Args = SmallVec::with_capacity(args.len());
            for arg in &args {
                values.push(arg(rt)?);
            }
            let value = rt
                .invoke_mut(&delegate, &mut values)
                .map_err(|e| e.at(at))?;
            write_all(rt, &back, &mut values)?;
            Ok(value)
        }))
    }

    pub(super) fn call_function(
        &mut self,
        function: FuncId,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
        at: u32,
    ) -> Code {
        let back = self.back(write_back);
        let args = self.vals(args);
        let handle = self.function_handle(function);
        let places = self.captured_places(function);
        Code::Val(Box::new(move |rt| {
            let mut values: Args = SmallVec::with_capacity(args.len());
            for arg in &args {
                values.push(arg(rt)?);
            }
            let place = handle.upgrade().ok_or_else(lost)?;
            let code = place.get().ok_or_else(lost)?;
            let cells = gather(rt, &places)?;
            let value = call_function(rt, code, cells, &mut values).map_err(|e| e.at(at))?;
            write_all(rt, &back, &mut values)?;
            Ok(value)
        }))
    }
}

/// How a member's result is held.
enum Shape {
    Val,
    Int,
    Bool,
}

/// Members that a `T?` without value answers: its own and `ToString`, `Equals`, `GetHashCode`.
fn nullable_member(member: &Member) -> bool {
    member.owner == known::NULLABLE || (member.owner == known::OBJECT && &*member.name != "GetType")
}

fn write_all(rt: &mut Runtime<'_>, back: &[Back], values: &mut Args) -> R<()> {
    for (index, set, assign) in back {
        let value = values
            .get_mut(*index)
            .map(std::mem::take)
            .unwrap_or_default();
        set(rt, value)?;
        assign(rt)?;
    }
    Ok(())
}
