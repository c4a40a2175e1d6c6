//! Calls: arguments, overload resolution, conversion of arguments, method groups.

use std::sync::Arc;

use super::overload::{self, Argument, Candidate, Choice, Outcome, Shape, Target};
use super::tree::{Expr, Kind, VarId, WriteBack};
use super::{Binder, Group, Operand};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, Designation, ExprKind, Pass};
use crate::types::relations;
use crate::types::{MemberKind, ParameterDefault, PassBy, Type};

/// A bound argument, not converted yet.
pub(super) struct BoundArg {
    pub(super) name: Option<Arc<str>>,
    pub(super) pass: PassBy,
    pub(super) operand: Operand,
    pub(super) span: Span,
    /// `out`/`ref`: where the value goes back to.
    pub(super) place: Option<OutPlace>,
}

pub(super) enum OutPlace {
    Place(super::place::Place),
    /// `out var x`: declared when the type is known.
    Declare(Designation, Option<Type>),
}

/// A call whose overload is chosen and whose arguments are converted.
pub(super) struct Resolved {
    pub(super) target: Target,
    pub(super) class: Vec<Type>,
    pub(super) types: Vec<Type>,
    pub(super) args: Vec<Expr>,
    pub(super) write_back: Vec<WriteBack>,
    pub(super) result: Type,
}

/// Asks the binder about lambdas and method groups among the arguments.
struct Lambdas<'a, 'b> {
    binder: &'a mut Binder,
    args: &'b [BoundArg],
    /// Arguments before these: the receiver of an extension method.
    offset: usize,
}

impl overload::Oracle for Lambdas<'_, '_> {
    fn outcome(&mut self, index: usize, inputs: &[Type]) -> Outcome {
        match index
            .checked_sub(self.offset)
            .and_then(|i| self.args.get(i))
        {
            Some(BoundArg {
                operand: Operand::Lambda(lambda, _),
                ..
            }) => self.binder.lambda_outcome(lambda, inputs),
            Some(BoundArg {
                operand: Operand::Group(group),
                ..
            }) => match self.binder.choose_from_group(group, inputs) {
                Some((choice, _)) if choice.result == Type::Void => Outcome::Void,
                Some((choice, _)) => Outcome::Value(choice.result),
                None => Outcome::Wrong,
            },
            _ => Outcome::Wrong,
        }
    }

    fn converts(&mut self, index: usize, delegate: &Type) -> bool {
        let Some((inputs, result)) = overload::invoke_of(delegate) else {
            return false;
        };
        match index
            .checked_sub(self.offset)
            .and_then(|i| self.args.get(i))
        {
            Some(BoundArg {
                operand: Operand::Lambda(lambda, _),
                ..
            }) => {
                if let Some(parameters) = &lambda.parameters {
                    if parameters.len() != inputs.len() {
                        return false;
                    }
                    for (parameter, ty) in parameters.iter().zip(&inputs) {
                        if let Some(written) = &parameter.ty {
                            let (written, failed) = self.binder.trial(|b| b.ty(written));
                            if failed || written != *ty {
                                return false;
                            }
                        }
                    }
                }
                match self.binder.lambda_outcome(lambda, &inputs) {
                    Outcome::Wrong => false,
                    Outcome::Never => true,
                    Outcome::Void => result == Type::Void,
                    Outcome::Statement(found) => {
                        result == Type::Void || overload::converts(&found, None, &result)
                    }
                    Outcome::Value(found) => {
                        result != Type::Void
                            && (overload::converts(&found, None, &result)
                                || self.binder.lambda_fits(lambda, delegate))
                    }
                }
            }
            Some(BoundArg {
                operand: Operand::Group(group),
                ..
            }) => match self.binder.choose_from_group(group, &inputs) {
                Some((choice, _)) => {
                    result == Type::Void
                        || choice.result == result
                        || (choice.result.is_reference()
                            && relations::is_assignable(&choice.result, &result))
                }
                None => false,
            },
            _ => false,
        }
    }
}

impl Binder {
    pub(super) fn call(&mut self, target: &ast::Expr, args: &[ast::Arg], span: Span) -> Expr {
        let operand = match &*target.kind {
            ExprKind::Member(inner, name) => {
                let operand = self.member(inner, name, true, target.span);
                // `o.M()` on dynamic is a call, not a read followed by a call.
                if let Operand::Value(Expr { kind, .. }) = &operand
                    && let Kind::DynamicGet(receiver, name) = &**kind
                {
                    let (receiver, name) = (receiver.clone(), name.clone());
                    let bound = self.arguments(args);
                    let args = self.plain_arguments(bound);
                    self.effects.mutates = true;
                    return Expr::new(Kind::DynamicCall(receiver, name, args), Type::Dynamic, span);
                }
                operand
            }
            _ => self.operand(target),
        };
        match operand {
            Operand::Group(group) => self.call_group(group, args, span),
            Operand::Type(ty) => {
                for arg in args {
                    let _ = self.operand(&arg.value);
                }
                self.diagnostics.error_with_help(
                    "CS1955",
                    span,
                    format!("Non-invocable member '{ty}' cannot be used like a method"),
                    Some(format!("write `new {ty}(…)` or `({ty})…`")),
                );
                Expr::error(span)
            }
            other => {
                let value = self.value_of(other, target.span);
                if let ExprKind::Member(_, name) = &*target.kind
                    && !matches!(value.ty, Type::Error | Type::Dynamic)
                    && delegate_candidate(&value.ty).is_none()
                {
                    self.diagnostics.error_with_help(
                        "CS1955",
                        name.ident.span,
                        format!(
                            "Non-invocable member '{}' cannot be used like a method",
                            name.ident.name
                        ),
                        Some("remove the parentheses".into()),
                    );
                    return Expr::error(span);
                }
                self.invoke(value, args, span)
            }
        }
    }

    fn invoke(&mut self, target: Expr, args: &[ast::Arg], span: Span) -> Expr {
        if target.ty == Type::Error {
            for arg in args {
                // Lambdas in a wrong call would report follow-up errors only.
                if !matches!(&*arg.value.kind, ExprKind::Lambda(_)) {
                    let _ = self.operand(&arg.value);
                }
            }
            return Expr::error(span);
        }
        let bound = self.arguments(args);
        if target.ty == Type::Dynamic {
            let args = self.plain_arguments(bound);
            return Expr::new(Kind::DynamicInvoke(target, args), Type::Dynamic, span);
        }
        let Some(candidate) = delegate_candidate(&target.ty) else {
            self.diagnostics
                .error("CS0149", span, "Method name expected");
            return Expr::error(span);
        };
        let name = target.ty.to_string();
        match self.resolve(&[candidate], bound, &[], &name, span) {
            Some(resolved) => Expr::new(
                Kind::Invoke {
                    target,
                    args: resolved.args,
                    write_back: resolved.write_back,
                },
                resolved.result,
                span,
            ),
            None => Expr::error(span),
        }
    }

    /// Binds arguments; lambdas and method groups wait for their target type.
    pub(super) fn arguments(&mut self, args: &[ast::Arg]) -> Vec<BoundArg> {
        args.iter().map(|arg| self.argument(arg)).collect()
    }

    fn argument(&mut self, arg: &ast::Arg) -> BoundArg {
        let span = arg.value.span;
        let name = arg.name.as_ref().map(|n| n.name.clone());
        if arg.pass == Pass::Value {
            return BoundArg {
                name,
                pass: PassBy::Value,
                operand: self.operand(&arg.value),
                span,
                place: None,
            };
        }
        let pass = if arg.pass == Pass::Out {
            PassBy::Out
        } else {
            PassBy::Ref
        };
        let place = match &*arg.value.kind {
            ExprKind::Declaration(ty, designation) => {
                let ty = if ty.is_word("var") {
                    None
                } else {
                    Some(self.ty(ty))
                };
                Some(OutPlace::Declare(designation.clone(), ty))
            }
            ExprKind::Name(n) if &*n.ident.name == "_" && self.find("_").is_none() => {
                Some(OutPlace::Declare(Designation::Discard(span), None))
            }
            _ => self.place(&arg.value).map(OutPlace::Place),
        };
        BoundArg {
            name,
            pass,
            operand: Operand::Value(Expr::error(span)),
            span,
            place,
        }
    }

    /// All arguments as values: for dynamic calls.
    pub(super) fn plain_arguments(&mut self, args: Vec<BoundArg>) -> Vec<Expr> {
        args.into_iter()
            .map(|arg| match arg.operand {
                Operand::Value(value) => value,
                other => {
                    self.diagnostics.error(
                        "CS1977",
                        arg.span,
                        "Cannot use a lambda or method group as an argument to a dynamically dispatched operation without first casting it to a delegate",
                    );
                    let _ = other;
                    Expr::error(arg.span)
                }
            })
            .collect()
    }

    fn shape(&mut self, arg: &BoundArg) -> Shape {
        if arg.pass != PassBy::Value {
            return Shape::Reference(match &arg.place {
                Some(OutPlace::Place(place)) => Some(place.ty().clone()),
                Some(OutPlace::Declare(_, ty)) => ty.clone(),
                None => Some(Type::Error),
            });
        }
        match &arg.operand {
            Operand::Value(e) if e.ty == Type::Error => Shape::Any,
            Operand::Value(e) if matches!(*e.kind, Kind::Interpolate(_)) => Shape::Interpolated,
            Operand::Value(e) => Shape::Value(e.ty.clone(), e.constant().cloned()),
            Operand::Lambda(lambda, _) => {
                let explicit = lambda.parameters.as_ref().and_then(|parameters| {
                    let mut types = Vec::new();
                    for parameter in parameters {
                        let (ty, failed) = self.trial(|b| parameter.ty.as_ref().map(|t| b.ty(t)));
                        if failed {
                            return None;
                        }
                        types.push(ty?);
                    }
                    Some(types)
                });
                Shape::Lambda(explicit)
            }
            Operand::Group(_) => Shape::Group,
            Operand::Default(_) => Shape::Default,
            _ => Shape::Any,
        }
    }

    /// Chooses the overload and converts the arguments; reports an error when none fits.
    pub(super) fn resolve(
        &mut self,
        candidates: &[Candidate],
        args: Vec<BoundArg>,
        explicit: &[Type],
        name: &str,
        span: Span,
    ) -> Option<Resolved> {
        let shapes: Vec<Argument> = args
            .iter()
            .map(|arg| Argument {
                name: arg.name.clone(),
                pass: arg.pass,
                shape: self.shape(arg),
            })
            .collect();
        let chosen = overload::resolve(
            candidates,
            &shapes,
            explicit,
            &mut Lambdas {
                binder: self,
                args: &args,
                offset: 0,
            },
        );
        match chosen {
            Ok(choice) => self.convert_arguments(candidates, choice, args, span),
            Err(failure) => {
                self.report_failure(candidates, &args, failure, name, span);
                // Names that the call would have declared must not be unknown later.
                for arg in args {
                    if let Some(OutPlace::Declare(Designation::Name(ident), ty)) = arg.place {
                        self.declare_var(&ident, ty.unwrap_or(Type::Error));
                    }
                }
                None
            }
        }
    }

    fn convert_arguments(
        &mut self,
        candidates: &[Candidate],
        choice: Choice,
        args: Vec<BoundArg>,
        span: Span,
    ) -> Option<Resolved> {
        let candidate = candidates.get(choice.candidate)?;
        let mut slots: Vec<Option<BoundArg>> = args.into_iter().map(Some).collect();
        let mut out: Vec<Expr> = Vec::new();
        let mut write_back = Vec::new();
        let mut set: Vec<(usize, Expr)> = Vec::new();
        // Named arguments out of order are evaluated in the order they are written.
        let order: Vec<usize> = choice.mapping.iter().flatten().copied().collect();
        let reordered = order.windows(2).any(|w| w.first() > w.last());
        let last = candidate.params.len().wrapping_sub(1);
        for (position, (param, indices)) in candidate.params.iter().zip(&choice.mapping).enumerate()
        {
            let ty = choice
                .param_types
                .get(position)
                .cloned()
                .unwrap_or(Type::Error);
            if choice.expanded && position == last {
                let mut items = Vec::new();
                for index in indices {
                    if let Some(arg) = slots.get_mut(*index).and_then(Option::take) {
                        items.push(self.operand_to(arg.operand, &ty, arg.span));
                    }
                }
                let array = Type::array(ty.clone());
                out.push(Expr::new(Kind::ArrayLiteral(ty, items), array, span));
                continue;
            }
            match indices
                .first()
                .and_then(|i| slots.get_mut(*i))
                .and_then(Option::take)
            {
                None => out.push(match &param.default {
                    Some(ParameterDefault::Const(value)) => {
                        let mut e = self.constant(value.clone(), span);
                        if e.is_null() {
                            e.ty = ty.clone();
                        } else if let Ok(converted) = self.try_convert(e.clone(), &ty) {
                            e = converted;
                        }
                        e
                    }
                    _ => self.default_value(&ty, span),
                }),
                Some(arg) if arg.pass == PassBy::Value => {
                    let value = self.operand_to(arg.operand, &ty, arg.span);
                    if reordered {
                        let temp = self.temp(value.ty.clone(), arg.span);
                        let index = indices.first().copied().unwrap_or(0);
                        set.push((index, self.set_local(temp, value)));
                        out.push(self.local(temp, arg.span));
                    } else {
                        out.push(value);
                    }
                }
                Some(arg) => {
                    let (value, back) = self.out_argument(arg, &ty, out.len());
                    out.push(value);
                    write_back.extend(back);
                }
            }
        }
        if reordered && !set.is_empty() {
            set.sort_by_key(|(index, _)| *index);
            let effects: Vec<Expr> = set.into_iter().map(|(_, e)| e).collect();
            if let Some(first) = out.first_mut() {
                let value = first.clone();
                *first = super::expression::sequence(effects, value);
            }
        }
        Some(Resolved {
            target: candidate.target,
            class: candidate.class.clone(),
            types: choice.types,
            args: out,
            write_back,
            result: choice.result,
        })
    }

    /// An `out` or `ref` argument: what is passed in, and how the value comes back.
    fn out_argument(
        &mut self,
        arg: BoundArg,
        ty: &Type,
        position: usize,
    ) -> (Expr, Option<WriteBack>) {
        let span = arg.span;
        let place = match arg.place {
            None => return (Expr::error(span), None),
            Some(OutPlace::Declare(Designation::Name(name), declared)) => {
                let ty = declared.unwrap_or_else(|| ty.clone());
                let id = self.declare_var(&name, ty.clone());
                super::place::Place::Local(id, ty)
            }
            Some(OutPlace::Declare(_, _)) => {
                return (self.default_value(ty, span), None);
            }
            Some(OutPlace::Place(place)) => place,
        };
        let passed = if arg.pass == PassBy::Ref {
            self.load(&place, span)
        } else {
            Expr::new(Kind::Const(crate::value::Const::Null), ty.clone(), span)
        };
        let temp: VarId = self.temp(ty.clone(), span);
        let value = self.local(temp, span);
        let assign = self.store(place, value, span);
        (
            passed,
            Some(WriteBack {
                arg: position,
                temp,
                assign,
            }),
        )
    }

    fn call_group(&mut self, group: Group, args: &[ast::Arg], span: Span) -> Expr {
        let bound = self.arguments(args);
        let dynamic = bound
            .iter()
            .any(|a| matches!(&a.operand, Operand::Value(e) if e.ty == Type::Dynamic));
        if dynamic && !group.candidates.is_empty() && group.explicit.is_empty() {
            return self.dynamic_overload(group, bound, span);
        }
        let name = group.name.clone();
        // Instance (or static) methods first; extension methods only where none of them applies.
        if !group.candidates.is_empty() {
            let extension_possible = group.receiver.is_some() && !group.extensions.is_empty();
            let before = self.diagnostics.len();
            if extension_possible {
                let shapes: Vec<Argument> = bound
                    .iter()
                    .map(|arg| Argument {
                        name: arg.name.clone(),
                        pass: arg.pass,
                        shape: self.shape(arg),
                    })
                    .collect();
                let found = overload::resolve(
                    &group.candidates,
                    &shapes,
                    &group.explicit,
                    &mut Lambdas {
                        binder: self,
                        args: &bound,
                        offset: 0,
                    },
                );
                self.diagnostics.truncate(before);
                if let Ok(choice) = found {
                    return match self.convert_arguments(&group.candidates, choice, bound, span) {
                        Some(resolved) => self.finish_call(resolved, group.receiver, span),
                        None => Expr::error(span),
                    };
                }
            } else {
                return match self.resolve(&group.candidates, bound, &group.explicit, &name, span) {
                    Some(resolved) => self.finish_call(resolved, group.receiver, span),
                    None => Expr::error(span),
                };
            }
        }
        let Some(receiver) = group.receiver else {
            return Expr::error(span);
        };
        // An extension method takes the receiver as its first argument.
        let receiver_ty = receiver.ty.clone();
        let receiver_span = receiver.span;
        let mut all = vec![BoundArg {
            name: None,
            pass: PassBy::Value,
            operand: Operand::Value(receiver),
            span: receiver_span,
            place: None,
        }];
        all.extend(bound);
        // Only extensions whose first parameter the receiver fits are of interest for messages.
        let fitting: Vec<Candidate> = group
            .extensions
            .iter()
            .filter(|c| receiver_fits(&receiver_ty, c))
            .cloned()
            .collect();
        if fitting.is_empty() {
            if group.candidates.is_empty() {
                self.unknown_member(&receiver_ty, &name, span_of_name(group.span, &name));
            } else {
                all.remove(0);
                let _ = self.resolve(&group.candidates, all, &group.explicit, &name, span);
            }
            return Expr::error(span);
        }
        match self.resolve(&fitting, all, &group.explicit, &name, span) {
            Some(resolved) => self.finish_call(resolved, None, span),
            None => Expr::error(span),
        }
    }

    fn dynamic_overload(&mut self, group: Group, bound: Vec<BoundArg>, span: Span) -> Expr {
        let members: Vec<_> = group
            .candidates
            .iter()
            .filter_map(|c| match c.target {
                Target::Member(m) => Some((m, c.class.clone())),
                _ => None,
            })
            .collect();
        if members.is_empty() {
            // Local functions and delegates have one signature: convert to it.
            return match self.resolve(&group.candidates, bound, &group.explicit, &group.name, span)
            {
                Some(resolved) => self.finish_call(resolved, group.receiver, span),
                None => Expr::error(span),
            };
        }
        // One candidate (by number of arguments) fixes the result's type.
        let count = bound.len();
        let result = match group
            .candidates
            .iter()
            .filter(|c| c.params.len() == count)
            .map(|c| c.result.clone())
            .collect::<Vec<_>>()
            .as_slice()
        {
            [only] if *only == Type::Void => Type::Void,
            _ => Type::Dynamic,
        };
        let args = self.plain_arguments(bound);
        Expr::new(
            Kind::DynamicOverload {
                receiver: group.receiver,
                candidates: Arc::new(members),
                args,
                name: group.name,
            },
            result,
            span,
        )
    }

    /// The call of a chosen overload.
    pub(super) fn finish_call(
        &mut self,
        resolved: Resolved,
        receiver: Option<Expr>,
        span: Span,
    ) -> Expr {
        match resolved.target {
            Target::Member(member) => {
                self.check_allowed(member, span);
                self.check_body_type(member, &resolved.types, span);
                let body = if member.kind == MemberKind::Extension {
                    resolved.args.first()
                } else {
                    receiver.as_ref()
                };
                let body = body.cloned();
                self.note_effects(member, body.as_ref());
                let mut types = resolved.class;
                types.extend(resolved.types);
                let mut args: Vec<Expr> = receiver.into_iter().collect();
                let shift = args.len();
                args.extend(resolved.args);
                let write_back = resolved
                    .write_back
                    .into_iter()
                    .map(|w| WriteBack {
                        arg: w.arg + shift,
                        ..w
                    })
                    .collect();
                // Tuple.Create and friends are typed by their arguments; GetType of a static value type is exact.
                Expr::new(
                    Kind::Call {
                        member,
                        types: types.into(),
                        args,
                        write_back,
                        set: false,
                    },
                    resolved.result,
                    span,
                )
            }
            Target::Function(id) => {
                let id = self.instance(id, &resolved.types, span);
                self.note_function(id);
                Expr::new(
                    Kind::CallFunction {
                        function: id,
                        args: resolved.args,
                        write_back: resolved.write_back,
                    },
                    resolved.result,
                    span,
                )
            }
            Target::Delegate => match receiver {
                Some(target) => Expr::new(
                    Kind::Invoke {
                        target,
                        args: resolved.args,
                        write_back: resolved.write_back,
                    },
                    resolved.result,
                    span,
                ),
                None => Expr::error(span),
            },
        }
    }
}

/// A delegate's `Invoke` as a candidate.
pub(super) fn delegate_candidate(ty: &Type) -> Option<Candidate> {
    let def = ty.def()?;
    let (params, result) = def.invoke.as_ref()?;
    let class = ty.args().to_vec();
    Some(Candidate {
        target: Target::Delegate,
        params: params
            .iter()
            .map(|p| overload::Param {
                name: p.name.clone(),
                ty: p.ty.substitute(&class, &[]),
                pass: p.pass,
                default: p.default.clone(),
            })
            .collect(),
        generics: 0,
        result: result.substitute(&class, &[]),
        distance: 0,
        class,
    })
}

/// Whether an extension method's first parameter may take the receiver.
fn receiver_fits(receiver: &Type, candidate: &Candidate) -> bool {
    let Some(first) = candidate.params.first() else {
        return false;
    };
    match &first.ty {
        Type::MethodParam(_) => true,
        Type::Named(def, Some(args)) => {
            let Some(found) = relations::as_super(receiver, *def) else {
                return false;
            };
            // `IEnumerable<int>` does not fit `IEnumerable<long>`; open parameters fit anything.
            found.args().iter().zip(args.iter()).all(|(a, b)| {
                b.mentions_method_param() || a == b || relations::is_assignable(&found, &first.ty)
            })
        }
        Type::Array(..) => matches!(receiver, Type::Array(..)) || *receiver == Type::Null,
        other => {
            *other != Type::OBJECT
                && (relations::is_assignable(receiver, other) || *receiver == *other)
                || (*other == Type::OBJECT)
        }
    }
}

fn span_of_name(member: Span, name: &str) -> Span {
    let length = u32::try_from(name.len()).unwrap_or(0);
    Span {
        start: member.end.saturating_sub(length),
        end: member.end,
    }
}
