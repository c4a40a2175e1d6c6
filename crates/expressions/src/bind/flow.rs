//! Definite assignment: a local variable is read only where every path has assigned it (CS0165).

mod state;

use std::collections::HashSet;

use self::state::{Jumps, State, Targets};
use super::tree::{Body, Expr, Kind, Pattern, Piece, Section, Stmt, Var};
use crate::diagnostic::Diagnostics;
use crate::syntax::ast::BinaryOp;
use crate::types::PassBy;
use crate::value::Const;

struct Flow<'a> {
    vars: &'a [Var],
    bodies: &'a [Option<Body>],
    diagnostics: &'a mut Diagnostics,
    state: State,
    /// States at the `break`s of the enclosing loops and switches.
    breaks: Vec<State>,
    /// States at the `continue`s of the enclosing loops.
    continues: Vec<State>,
    /// The enclosing switches.
    switches: Vec<Targets>,
    /// How often a switch may yet be walked again because of its `goto`s.
    rounds: usize,
    depth: usize,
    /// What is assigned at the returns of the functions being walked, innermost last.
    exits: Vec<State>,
}

/// How often switches are walked again in one expression; a policy's are not at all.
const MOST_ROUNDS: usize = 200;

/// Checks the whole expression; reports reads of variables that may be unassigned.
pub fn check(vars: &[Var], bodies: &[Option<Body>], diagnostics: &mut Diagnostics) {
    let mut flow = Flow {
        vars,
        bodies,
        diagnostics,
        state: State(Some(HashSet::new())),
        breaks: Vec::new(),
        continues: Vec::new(),
        switches: Vec::new(),
        rounds: MOST_ROUNDS,
        depth: 0,
        exits: Vec::new(),
    };
    if let Some(Some(main)) = bodies.first() {
        flow.statements(&main.statements);
    }
}

impl Flow<'_> {
    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Nop => {}
            Stmt::Continue => {
                let state = std::mem::take(&mut self.state);
                if let Some(place) = self.continues.last_mut() {
                    place.meet(state);
                }
            }
            Stmt::Goto(number) => {
                let state = std::mem::take(&mut self.state);
                if let Some(targets) = self.switches.last_mut()
                    && let Some(section) = targets.gotos.get(*number)
                    && let Some(place) = targets.states.get_mut(*section)
                {
                    place.meet(state);
                }
            }
            Stmt::Expr(e) => self.expr(e),
            Stmt::Declare(id, value) => {
                if let Some(value) = value {
                    self.expr(value);
                    self.state.add(*id);
                } else if let Some(set) = &mut self.state.0 {
                    // A new round of a loop makes the variable anew.
                    set.remove(id);
                }
            }
            Stmt::Block(all) => self.statements(all),
            Stmt::If(condition, then, other) => {
                let (yes, no) = self.condition(condition);
                self.state = yes;
                self.statement(then);
                let after_then = std::mem::replace(&mut self.state, no);
                if let Some(other) = other {
                    self.statement(other);
                }
                self.state = std::mem::take(&mut self.state).join(after_then);
            }
            Stmt::While(condition, body) => {
                let (yes, no) = self.condition(condition);
                self.state = yes;
                self.looped(body);
                let broke = self.breaks.pop().unwrap_or_else(State::dead);
                self.state = no.join(broke);
            }
            Stmt::Do(body, condition) => {
                self.looped(body);
                let broke = self.breaks.pop().unwrap_or_else(State::dead);
                let (_, no) = self.condition(condition);
                self.state = no.join(broke);
            }
            Stmt::For {
                init,
                condition,
                step,
                body,
                ..
            } => {
                self.statements(init);
                let (yes, no) = match condition {
                    Some(condition) => self.condition(condition),
                    None => (self.state.clone(), State::dead()),
                };
                self.state = yes;
                self.looped(body);
                let broke = self.breaks.pop().unwrap_or_else(State::dead);
                for e in step {
                    self.expr(e);
                }
                self.state = no.join(broke);
            }
            Stmt::ForEach {
                source,
                var,
                raw,
                convert,
                before,
                body,
            } => {
                self.expr(source);
                let outer = self.state.clone();
                self.state.add(*raw);
                self.expr(convert);
                self.state.add(*var);
                self.statements(before);
                self.looped(body);
                self.breaks.pop();
                self.state = outer;
            }
            Stmt::Switch {
                value,
                temp,
                sections,
                default,
                default_can_match,
                complete,
                gotos,
            } => {
                self.expr(value);
                self.state.add(*temp);
                let start = self.state.clone();
                self.breaks.push(State::dead());
                self.sections(sections, default.filter(|_| *default_can_match), gotos);
                let broke = self.breaks.pop().unwrap_or_else(State::dead);
                self.state = if *complete { broke } else { broke.join(start) };
            }
            Stmt::Break => {
                let state = std::mem::take(&mut self.state);
                if let Some(place) = self.breaks.last_mut() {
                    place.meet(state);
                }
            }
            Stmt::Return(value) | Stmt::Throw(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                if matches!(statement, Stmt::Return(_)) {
                    self.leave();
                }
                self.state = State::dead();
            }
            Stmt::Try {
                body,
                catches,
                finally,
            } => {
                let start = self.state.clone();
                let outer = self.jumps(Jumps::default());
                self.statements(body);
                let mut end = self.state.clone();
                for clause in catches {
                    self.state = start.clone();
                    if let Some(var) = clause.var {
                        self.state.add(var);
                    }
                    if let Some(filter) = &clause.filter {
                        let (yes, _) = self.condition(filter);
                        self.state = yes;
                    }
                    self.statements(&clause.body);
                    end = end.join(self.state.clone());
                }
                let mut jumps = self.jumps(outer);
                if let Some(finally) = finally {
                    self.state = start;
                    self.statements(finally);
                    // What `finally` assigns is assigned; what the rest assigned stays so.
                    let finished = std::mem::take(&mut self.state);
                    end.then(&finished);
                    jumps.each(|state| state.then(&finished));
                }
                self.state = end;
                self.meet(jumps);
            }
        }
    }

    /// Puts other states in the place of those at the jumps out of here.
    fn jumps(&mut self, others: Jumps) -> Jumps {
        fn swap(place: Option<&mut State>, other: State) -> State {
            place.map_or_else(State::dead, |place| std::mem::replace(place, other))
        }
        let gotos = match self.switches.last_mut() {
            Some(targets) => {
                let mut gotos = others.gotos;
                gotos.resize_with(targets.states.len(), State::dead);
                std::mem::replace(&mut targets.states, gotos)
            }
            None => Vec::new(),
        };
        Jumps {
            to_break: swap(self.breaks.last_mut(), others.to_break),
            to_continue: swap(self.continues.last_mut(), others.to_continue),
            to_return: swap(self.exits.last_mut(), others.to_return),
            gotos,
        }
    }

    /// Joins the states at jumps with those that are known.
    fn meet(&mut self, mut jumps: Jumps) {
        let own = self.jumps(Jumps::default());
        jumps.to_break.meet(own.to_break);
        jumps.to_continue.meet(own.to_continue);
        jumps.to_return.meet(own.to_return);
        for (state, own) in jumps.gotos.iter_mut().zip(own.gotos) {
            state.meet(own);
        }
        self.jumps(jumps);
    }

    /// The sections of a switch; `default` is the one that a value without a label leads to. A `goto` may lead to a
    /// section that was walked before, or to one that no value leads to: then all are walked again.
    fn sections(&mut self, sections: &[Section], default: Option<usize>, gotos: &[usize]) {
        let start = self.state.clone();
        let mut known = vec![State::dead(); sections.len()];
        let mut last = false;
        loop {
            let said = self.diagnostics.len();
            self.switches.push(Targets {
                gotos: gotos.to_vec(),
                states: vec![State::dead(); sections.len()],
            });
            let mut entries = Vec::with_capacity(sections.len());
            for (i, (section, jumps)) in sections.iter().zip(&known).enumerate() {
                let mut entry = jumps.clone();
                for label in section.labels.iter().filter(|label| label.can_match) {
                    self.state = start.clone();
                    self.pattern(&label.pattern);
                    if let Some(when) = &label.when {
                        let (yes, _) = self.condition(when);
                        self.state = yes;
                    }
                    entry.meet(self.state.clone());
                }
                if default == Some(i) {
                    entry.meet(start.clone());
                }
                entries.push(entry.clone());
                self.state = entry;
                self.statements(&section.body);
            }
            let Some(targets) = self.switches.pop() else {
                return;
            };
            let settled = entries
                .iter()
                .zip(&targets.states)
                .all(|(entry, jumps)| entry.clone().join(jumps.clone()) == *entry);
            if settled || last {
                return;
            }
            self.diagnostics.truncate(said);
            last = self.rounds == 0;
            known = if last {
                // What is assigned before the switch is so at each of its `goto`s.
                let target = |i: usize| gotos.contains(&i);
                (0..sections.len())
                    .map(|i| {
                        if target(i) {
                            start.clone()
                        } else {
                            State::dead()
                        }
                    })
                    .collect()
            } else {
                self.rounds -= 1;
                targets.states
            };
        }
    }

    /// A loop's body; leaves the state of its `break`s on the stack.
    fn looped(&mut self, body: &Stmt) {
        self.breaks.push(State::dead());
        self.continues.push(State::dead());
        self.statement(body);
        if let Some(next) = self.continues.pop() {
            self.state.meet(next);
        }
    }

    /// States where the condition is true and where it is false.
    fn condition(&mut self, e: &Expr) -> (State, State) {
        match &*e.kind {
            Kind::Const(Const::Bool(true)) => (self.state.clone(), State::dead()),
            Kind::Const(Const::Bool(false)) => (State::dead(), self.state.clone()),
            Kind::Not(inner) => {
                let (yes, no) = self.condition(inner);
                (no, yes)
            }
            Kind::AndAlso(a, b) => {
                let (yes, no) = self.condition(a);
                self.state = yes;
                let (both, second_no) = self.condition(b);
                (both, no.join(second_no))
            }
            Kind::OrElse(a, b) => {
                let (yes, no) = self.condition(a);
                self.state = no;
                let (second_yes, neither) = self.condition(b);
                (yes.join(second_yes), neither)
            }
            Kind::Is(value, pattern) => {
                self.expr(value);
                let no = self.state.clone();
                self.pattern(pattern);
                (self.state.clone(), no)
            }
            Kind::Logic(BinaryOp::Equal, a, b) => {
                // `x is T y == true` and the like.
                match (a.constant(), b.constant()) {
                    (_, Some(Const::Bool(true))) => self.condition(a),
                    (Some(Const::Bool(true)), _) => self.condition(b),
                    _ => {
                        self.expr(e);
                        (self.state.clone(), self.state.clone())
                    }
                }
            }
            _ => {
                self.expr(e);
                (self.state.clone(), self.state.clone())
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        if let Pattern::Type(_, Some(id)) | Pattern::Var(Some(id)) = pattern {
            self.state.add(*id);
        }
    }

    fn all(&mut self, all: &[Expr]) {
        for e in all {
            self.expr(e);
        }
    }

    fn written(&mut self, back: &[super::tree::WriteBack]) {
        for w in back {
            self.state.add(w.temp);
            self.expr(&w.assign);
        }
    }

    fn expr(&mut self, e: &Expr) {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.expr_inner(e));
    }

    fn expr_inner(&mut self, e: &Expr) {
        match &*e.kind {
            Kind::Local(id) => {
                if !self.state.has(*id)
                    && let Some(var) = self.vars.get(id.0).filter(|v| !v.hidden)
                {
                    self.diagnostics.error(
                        "CS0165",
                        e.span,
                        format!("Use of unassigned local variable '{}'", var.name),
                    );
                    self.state.add(*id);
                }
            }
            Kind::SetLocal(id, value) => {
                self.expr(value);
                self.state.add(*id);
            }
            Kind::AndAlso(..) | Kind::OrElse(..) | Kind::Not(_) | Kind::Is(..) => {
                let (yes, no) = self.condition(e);
                self.state = yes.join(no);
            }
            Kind::Conditional(condition, a, b) => {
                let (yes, no) = self.condition(condition);
                self.state = yes;
                self.expr(a);
                let after = std::mem::replace(&mut self.state, no);
                self.expr(b);
                self.state = std::mem::take(&mut self.state).join(after);
            }
            Kind::Coalesce {
                value,
                temp,
                then,
                other,
            } => {
                self.expr(value);
                let before = self.state.clone();
                self.state.add(*temp);
                self.expr(then);
                let after = std::mem::replace(&mut self.state, before);
                self.expr(other);
                self.state = std::mem::take(&mut self.state).join(after);
            }
            Kind::NullConditional { target, temp, then } => {
                self.expr(target);
                let before = self.state.clone();
                self.state.add(*temp);
                self.expr(then);
                self.state = before;
            }
            Kind::Lifted {
                left, right, inner, ..
            } => {
                self.expr(&left.1);
                self.state.add(left.0);
                self.expr(&right.1);
                self.state.add(right.0);
                self.expr(inner);
            }
            Kind::LiftedUnary { operand, inner } => {
                self.expr(&operand.1);
                self.state.add(operand.0);
                self.expr(inner);
            }
            Kind::Lambda(id) | Kind::FunctionDelegate(id) => {
                self.function(id.0, matches!(&*e.kind, Kind::FunctionDelegate(_)), false);
            }
            Kind::CallFunction {
                function,
                args,
                write_back,
            } => {
                self.all(args);
                self.function(function.0, true, true);
                self.written(write_back);
            }
            Kind::Call {
                args, write_back, ..
            } => {
                self.all(args);
                self.written(write_back);
            }
            Kind::Invoke {
                target,
                args,
                write_back,
            } => {
                self.expr(target);
                self.all(args);
                self.written(write_back);
            }
            Kind::Throw(value) => {
                self.expr(value);
                self.state = State::dead();
            }
            Kind::Interpolate(pieces) | Kind::Formattable(pieces) => {
                for piece in pieces {
                    if let Piece::Hole { value, .. } = piece {
                        self.expr(value);
                    }
                }
            }
            Kind::Const(_) | Kind::Context | Kind::TypeOf(_) | Kind::DefaultOf(_) | Kind::Error => {
            }
            Kind::Convert(a, ..)
            | Kind::Negate(_, a, _)
            | Kind::Complement(a)
            | Kind::As(a, _)
            | Kind::RecordGet(a, _)
            | Kind::DynamicGet(a, _)
            | Kind::DynamicUnary(_, a) => self.expr(a),
            Kind::Arith(_, _, a, b, _)
            | Kind::Compare(_, _, a, b)
            | Kind::Logic(_, a, b)
            | Kind::LiftedLogic(_, a, b)
            | Kind::EqualText(_, a, b)
            | Kind::EqualReference(_, a, b)
            | Kind::EqualValue(_, a, b)
            | Kind::RecordWith(a, _, b)
            | Kind::DynamicSet(a, _, b)
            | Kind::DynamicBinary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Kind::Concat(all)
            | Kind::NewArray(_, all)
            | Kind::ArrayLiteral(_, all)
            | Kind::NewRecord(_, all) => {
                self.all(all);
            }
            Kind::GridLiteral(_, rows) => rows.iter().for_each(|row| self.all(row)),
            Kind::ArrayGet(a, all)
            | Kind::DynamicIndex(a, all)
            | Kind::DynamicCall(a, _, all)
            | Kind::DynamicInvoke(a, all) => {
                self.expr(a);
                self.all(all);
            }
            Kind::ArraySet(a, all, value) | Kind::DynamicSetIndex(a, all, value) => {
                self.expr(a);
                self.all(all);
                self.expr(value);
            }
            Kind::MemberDelegate { receiver, .. } => {
                if let Some(receiver) = receiver {
                    self.expr(receiver);
                }
            }
            Kind::DynamicOverload { receiver, args, .. } => {
                if let Some(receiver) = receiver {
                    self.expr(receiver);
                }
                self.all(args);
            }
            Kind::Sequence(effects, value) => {
                self.all(effects);
                self.expr(value);
            }
        }
    }

    /// The function may be left here.
    fn leave(&mut self) {
        if let Some(state) = self.exits.last_mut() {
            state.meet(self.state.clone());
        }
    }

    /// A lambda where it is made, a local function where it is used: it may read what is assigned there.
    fn function(&mut self, id: usize, named: bool, called: bool) {
        // Recursion of local functions ends the walk; nesting of lambdas is bounded by the parser.
        if self.depth > 20 {
            return;
        }
        let Some(Some(body)) = self.bodies.get(id) else {
            return;
        };
        self.depth += 1;
        let mut outer = self.state.clone();
        let breaks = std::mem::take(&mut self.breaks);
        let continues = std::mem::take(&mut self.continues);
        let switches = std::mem::take(&mut self.switches);
        self.exits.push(State::dead());
        for (parameter, pass) in &body.parameters {
            if *pass != PassBy::Out {
                self.state.add(*parameter);
            }
        }
        if named && self.depth > 3 {
            // Calls among local functions were looked at already.
        } else {
            self.statements(&body.statements);
            self.leave();
        }
        let exit = self.exits.pop().unwrap_or_default();
        for (parameter, pass) in &body.parameters {
            if *pass == PassBy::Out
                && !exit.has(*parameter)
                && let Some(var) = self.vars.get(parameter.0)
            {
                self.diagnostics.error(
                    "CS0177",
                    var.span,
                    format!(
                        "The out parameter '{}' must be assigned to before control leaves the function",
                        var.name
                    ),
                );
            }
        }
        if let (true, State(Some(assigned))) = (called, exit) {
            // A call assigns what every way through the function assigns.
            for id in assigned {
                outer.add(id);
            }
        }
        self.breaks = breaks;
        self.continues = continues;
        self.switches = switches;
        self.state = outer;
        self.depth -= 1;
    }
}
