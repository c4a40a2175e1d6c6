//! Statements and function bodies.

use super::expression::thrown;
use super::{Code, Compiler, Fun, Where};
use crate::bind::tree::{Body, Catch, Section, Stmt, VarId};
use crate::fault::{ExceptionObject, FaultKind};
use crate::runtime::{Fault, R, Runtime, Slot};
use crate::types::{Type, known, relations};
use crate::value::Value;

/// How control goes on after a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Go,
    Break,
    Continue,
    Return,
    /// To the section with this number among those that the innermost switch's `goto`s lead to.
    Goto(usize),
}

type Step = Box<dyn Fn(&mut Runtime<'_>) -> R<Next> + Send + Sync>;

impl Compiler {
    /// The body of a function.
    pub(super) fn body(&mut self, body: Body) -> Code {
        let mut statements = body.statements;
        if statements.len() == 1
            && matches!(statements.first(), Some(Stmt::Return(Some(_))))
            && let Some(Stmt::Return(Some(value))) = statements.pop()
        {
            let at = value.span.start;
            return match self.expr(value) {
                Code::Val(f) => Code::Val(Box::new(move |rt| f(rt).map_err(|e| e.at(at)))),
                simple => simple,
            };
        }
        let run = self.block(statements);
        Code::Val(Box::new(move |rt| {
            let next = run(rt)?;
            Ok(if next == Next::Return {
                std::mem::take(&mut rt.returned)
            } else {
                Value::Null
            })
        }))
    }

    fn block(&mut self, statements: Vec<Stmt>) -> Step {
        let mut steps: Vec<Step> = statements
            .into_iter()
            .filter(|s| !matches!(s, Stmt::Nop))
            .map(|s| self.statement(s))
            .collect();
        if steps.len() == 1
            && let Some(only) = steps.pop()
        {
            return only;
        }
        Box::new(move |rt| {
            for step in &steps {
                let next = step(rt)?;
                if next != Next::Go {
                    return Ok(next);
                }
            }
            Ok(Next::Go)
        })
    }

    fn statement(&mut self, statement: Stmt) -> Step {
        self.nested(|c| c.statement_inner(statement))
    }

    fn statement_inner(&mut self, statement: Stmt) -> Step {
        match statement {
            Stmt::Nop => Box::new(|_| Ok(Next::Go)),
            // What has no place of its own, such as a limit that an operator reaches, gets that of the statement.
            Stmt::Expr(e) => {
                let at = e.span.start;
                let f = self.effect(e);
                Box::new(move |rt| {
                    f(rt).map_err(|e| e.at(at))?;
                    Ok(Next::Go)
                })
            }
            Stmt::Declare(id, value) => self.declare(id, value),
            Stmt::Block(all) => self.block(all),
            Stmt::If(condition, then, other) => {
                let condition = self.boolean(condition);
                let then = self.statement(*then);
                match other.map(|o| self.statement(*o)) {
                    Some(other) => {
                        Box::new(move |rt| if condition(rt)? { then(rt) } else { other(rt) })
                    }
                    None => Box::new(move |rt| {
                        if condition(rt)? {
                            then(rt)
                        } else {
                            Ok(Next::Go)
                        }
                    }),
                }
            }
            Stmt::While(condition, body) => {
                let at = condition.span.start;
                let condition = self.boolean(condition);
                let body = self.statement(*body);
                Box::new(move |rt| {
                    while condition(rt)? {
                        rt.tick().map_err(|e| e.at(at))?;
                        match body(rt)? {
                            Next::Break => break,
                            end @ (Next::Return | Next::Goto(_)) => return Ok(end),
                            Next::Go | Next::Continue => {}
                        }
                    }
                    Ok(Next::Go)
                })
            }
            Stmt::Do(body, condition) => {
                let at = condition.span.start;
                let condition = self.boolean(condition);
                let body = self.statement(*body);
                Box::new(move |rt| {
                    loop {
                        rt.tick().map_err(|e| e.at(at))?;
                        match body(rt)? {
                            Next::Break => break,
                            end @ (Next::Return | Next::Goto(_)) => return Ok(end),
                            Next::Go | Next::Continue => {}
                        }
                        if !condition(rt)? {
                            break;
                        }
                    }
                    Ok(Next::Go)
                })
            }
            Stmt::For {
                init,
                condition,
                step,
                body,
                at,
            } => {
                let init = self.block(init);
                let condition = condition.map(|c| self.boolean(c));
                let step: Vec<_> = step.into_iter().map(|s| self.effect(s)).collect();
                let body = self.statement(*body);
                Box::new(move |rt| {
                    init(rt)?;
                    loop {
                        if let Some(condition) = &condition
                            && !condition(rt)?
                        {
                            break;
                        }
                        rt.tick().map_err(|e| e.at(at))?;
                        match body(rt)? {
                            Next::Break => break,
                            end @ (Next::Return | Next::Goto(_)) => return Ok(end),
                            Next::Go | Next::Continue => {}
                        }
                        for one in &step {
                            one(rt)?;
                        }
                    }
                    Ok(Next::Go)
                })
            }
            Stmt::ForEach {
                source,
                var,
                raw,
                convert,
                before,
                body,
            } => self.foreach(source, var, raw, convert, before, *body),
            Stmt::Switch {
                value,
                temp,
                sections,
                default,
                gotos,
                ..
            } => self.switch(value, temp, sections, default, gotos),
            Stmt::Goto(number) => Box::new(move |_| Ok(Next::Goto(number))),
            Stmt::Break => Box::new(|_| Ok(Next::Break)),
            Stmt::Continue => Box::new(|_| Ok(Next::Continue)),
            Stmt::Return(None) => Box::new(|rt| {
                rt.returned = Value::Null;
                Ok(Next::Return)
            }),
            Stmt::Return(Some(value)) => {
                let at = value.span.start;
                let f = self.val(value);
                Box::new(move |rt| {
                    let value = f(rt).map_err(|e| e.at(at))?;
                    rt.returned = value;
                    Ok(Next::Return)
                })
            }
            Stmt::Throw(Some(value)) => {
                let at = value.span.start;
                let f = self.val(value);
                Box::new(move |rt| Err(thrown(&f(rt)?).at(at)))
            }
            Stmt::Throw(None) => Box::new(|rt| match rt.handling.last() {
                Some(exception) => Err(Fault::throw(exception.clone())),
                None => Err(super::lost()),
            }),
            Stmt::Try {
                body,
                catches,
                finally,
            } => self.try_statement(body, catches, finally),
        }
    }

    /// A declaration makes the variable anew, so that each round of a loop captures its own.
    fn declare(&mut self, id: VarId, value: Option<crate::bind::tree::Expr>) -> Step {
        let place = self.locate(id);
        let at = value.as_ref().map_or(0, |v| v.span.start);
        let value: Option<Fun<Value>> = value.map(|v| self.val(v));
        match place {
            Where::Shared(slot) => Box::new(move |rt| {
                let value = match &value {
                    Some(f) => f(rt).map_err(|e| e.at(at))?,
                    None => Value::Null,
                };
                let slot = rt.base + slot;
                if let Some(place) = rt.stack.get_mut(slot) {
                    *place = Slot::Shared(std::rc::Rc::new(value.into()));
                }
                Ok(Next::Go)
            }),
            Where::Slot(_) | Where::Captured(_) => {
                let set = self.setter(id);
                Box::new(move |rt| {
                    if let Some(f) = &value {
                        let value = f(rt).map_err(|e| e.at(at))?;
                        set(rt, value)?;
                    }
                    Ok(Next::Go)
                })
            }
        }
    }

    fn foreach(
        &mut self,
        source: crate::bind::tree::Expr,
        var: VarId,
        raw: VarId,
        convert: crate::bind::tree::Expr,
        before: Vec<Stmt>,
        body: Stmt,
    ) -> Step {
        let pairs = source.ty.is(known::JOBJECT);
        let at = source.span.start;
        let source = self.val(source);
        let set_raw = self.setter(raw);
        let declare = self.declare(var, Some(convert));
        let before = self.block(before);
        let body = self.statement(body);
        Box::new(move |rt| {
            let sequence = source(rt)?;
            let mut run = match &sequence {
                // A JObject enumerates as name and value, not as its properties.
                Value::Json(token) if pairs => crate::dotnet::json::pairs(token),
                other => rt.iterate(other).map_err(|e| e.at(at))?,
            };
            while let Some(value) = run.next(rt).map_err(|e| e.at(at))? {
                rt.tick().map_err(|e| e.at(at))?;
                set_raw(rt, value)?;
                declare(rt)?;
                before(rt)?;
                match body(rt)? {
                    Next::Break => break,
                    end @ (Next::Return | Next::Goto(_)) => return Ok(end),
                    Next::Go | Next::Continue => {}
                }
            }
            Ok(Next::Go)
        })
    }

    fn switch(
        &mut self,
        value: crate::bind::tree::Expr,
        temp: VarId,
        sections: Vec<Section>,
        default: Option<usize>,
        gotos: Vec<usize>,
    ) -> Step {
        let at = value.span.start;
        let value = self.val(value);
        let set = self.setter(temp);
        let mut tests = Vec::new();
        let mut bodies = Vec::new();
        for (index, section) in sections.into_iter().enumerate() {
            for label in section.labels {
                let test = self.pattern(label.pattern);
                let when = label.when.map(|w| self.boolean(w));
                tests.push((test, when, index));
            }
            bodies.push(self.block(section.body));
        }
        Box::new(move |rt| {
            let value = value(rt)?;
            set(rt, value.clone())?;
            let mut chosen = default;
            for (test, when, index) in &tests {
                if test(rt, &value)?
                    && match when {
                        Some(when) => when(rt)?,
                        None => true,
                    }
                {
                    chosen = Some(*index);
                    break;
                }
            }
            while let Some(body) = chosen.and_then(|i| bodies.get(i)) {
                match body(rt)? {
                    Next::Goto(number) => {
                        rt.tick().map_err(|e| e.at(at))?;
                        chosen = gotos.get(number).copied();
                    }
                    Next::Break => break,
                    other => return Ok(other),
                }
            }
            Ok(Next::Go)
        })
    }

    fn try_statement(
        &mut self,
        body: Vec<Stmt>,
        catches: Vec<Catch>,
        finally: Option<Vec<Stmt>>,
    ) -> Step {
        let body = self.block(body);
        let handlers: Vec<Handler> = catches
            .into_iter()
            .map(|clause| Handler {
                ty: clause.ty,
                declare: clause.var.map(|id| self.exception_setter(id)),
                filter: clause.filter.map(|f| self.boolean(f)),
                body: self.block(clause.body),
            })
            .collect();
        let finally = finally.map(|f| self.block(f));
        Box::new(move |rt| {
            let mut result = match body(rt) {
                Err(fault) => handle(rt, fault, &handlers),
                done => done,
            };
            if let Some(finally) = &finally
                && !matches!(&result, Err(fault) if !matches!(fault.kind(), FaultKind::Thrown(..)))
            {
                let returned = std::mem::take(&mut rt.returned);
                match finally(rt) {
                    Ok(_) => rt.returned = returned,
                    Err(fault) => result = Err(fault),
                }
            }
            result
        })
    }

    #[allow(clippy::type_complexity)]
    fn exception_setter(
        &mut self,
        id: VarId,
    ) -> Box<dyn Fn(&mut Runtime<'_>, Value) -> R<()> + Send + Sync> {
        match self.locate(id) {
            Where::Shared(slot) => Box::new(move |rt, value| {
                let at = rt.base + slot;
                if let Some(place) = rt.stack.get_mut(at) {
                    *place = Slot::Shared(std::rc::Rc::new(value.into()));
                }
                Ok(())
            }),
            _ => self.setter(id),
        }
    }
}

/// A compiled `catch`.
struct Handler {
    ty: Option<Type>,
    #[allow(clippy::type_complexity)]
    declare: Option<Box<dyn Fn(&mut Runtime<'_>, Value) -> R<()> + Send + Sync>>,
    filter: Option<Fun<bool>>,
    body: Step,
}

fn handle(rt: &mut Runtime<'_>, fault: Fault, handlers: &[Handler]) -> R<Next> {
    let FaultKind::Thrown(exception, _) = fault.kind() else {
        // Limits and missing bodies are not the expression's to catch.
        return Err(fault);
    };
    let exception: std::rc::Rc<ExceptionObject> = exception.clone();
    for handler in handlers {
        if let Some(ty) = &handler.ty
            && !relations::is_assignable(&exception.ty, ty)
        {
            continue;
        }
        if let Some(declare) = &handler.declare {
            declare(rt, Value::from(exception.clone()))?;
        }
        if let Some(filter) = &handler.filter {
            // An exception inside a filter counts as false.
            match filter(rt) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(inner) if matches!(inner.kind(), FaultKind::Thrown(..)) => continue,
                Err(inner) => return Err(inner),
            }
        }
        rt.handling.push(exception);
        let result = (handler.body)(rt);
        rt.handling.pop();
        return result;
    }
    Err(fault)
}
