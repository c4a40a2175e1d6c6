//! Overload resolution and type inference by C#'s rules, on the shapes of arguments.
//!
//! The checker calls it with bound arguments, `dynamic` with run-time types. What depends on a lambda's body is asked
//! of an [`Oracle`].

use crate::types::relations::{self, Num, as_super, standard_implicit};
use crate::types::{Member, MemberKind, ParameterDefault, PassBy, Type, known};
use crate::value::Const;

use super::tree::FuncId;

/// A parameter of a candidate, class type arguments filled in.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Param {
    pub name: Box<str>,
    pub ty: Type,
    pub pass: PassBy,
    pub default: Option<ParameterDefault>,
}

/// What a candidate calls.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub enum Target {
    Member(&'static Member),
    Function(FuncId),
    /// The `Invoke` of a delegate.
    Delegate,
}

/// Something that may be called.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Candidate {
    pub target: Target,
    /// Arguments of the declaring type.
    pub class: Vec<Type>,
    pub params: Vec<Param>,
    pub generics: usize,
    pub result: Type,
    /// Steps from the receiver's type to the declaring type: nearer wins.
    pub distance: usize,
}

impl Candidate {
    /// A member as a candidate.
    #[must_use]
    pub fn member(member: &'static Member, class: Vec<Type>, distance: usize) -> Self {
        let params = member
            .parameters
            .iter()
            .map(|p| Param {
                name: p.name.clone(),
                ty: p.ty.substitute(&class, &[]),
                pass: p.pass,
                default: p.default.clone(),
            })
            .collect();
        Self {
            target: Target::Member(member),
            params,
            generics: member.generics.len(),
            result: member.result.substitute(&class, &[]),
            class,
            distance,
        }
    }
}

/// What is known of an argument.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Shape {
    Value(Type, Option<Const>),
    /// An interpolated text: a `string`, and also convertible to `FormattableString` and `IFormattable`.
    Interpolated,
    /// A lambda, its parameters' types where written.
    Lambda(Option<Vec<Type>>),
    /// A method group.
    Group,
    /// `out`/`ref` with the variable's type, `None` for `out var`.
    Reference(Option<Type>),
    /// The literal `default`.
    Default,
    /// A `throw` expression or something reported as wrong already.
    Any,
}

/// An argument.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Argument {
    pub name: Option<std::sync::Arc<str>>,
    pub pass: PassBy,
    pub shape: Shape,
}

/// What a lambda's or method group's result is, given its parameters' types.
#[derive(Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Outcome {
    /// The body does not check.
    Wrong,
    /// No value; fits delegates without result.
    Void,
    /// A value that may also be dropped (a call as the body).
    Statement(Type),
    /// A value.
    Value(Type),
    /// Never returns; fits any.
    Never,
}

/// Answers what only the checker knows.
pub trait Oracle {
    /// The result of argument `index`, a lambda or method group, called with parameters of these types.
    fn outcome(&mut self, index: usize, inputs: &[Type]) -> Outcome;
    /// Whether argument `index`, a lambda or method group, converts to the delegate.
    fn converts(&mut self, index: usize, delegate: &Type) -> bool;
}

/// A chosen candidate.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Choice {
    pub candidate: usize,
    /// The method's type arguments.
    pub types: Vec<Type>,
    /// For each parameter, the arguments that go there (several for expanded `params`).
    pub mapping: Vec<Vec<usize>>,
    pub expanded: bool,
    /// Parameter types, all type parameters filled in; of expanded `params` the element type.
    pub param_types: Vec<Type>,
    pub result: Type,
}

/// Why no candidate was chosen.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Failure {
    Ambiguous(usize, usize),
    /// No candidate takes that many arguments.
    Count,
    /// Argument does not convert to the type.
    Argument(usize, Type),
    /// The parameter has no argument.
    Missing(Box<str>),
    Inference,
    NamedArgument(std::sync::Arc<str>),
}

/// Chooses the best applicable candidate.
pub fn resolve(
    candidates: &[Candidate],
    args: &[Argument],
    explicit: &[Type],
    oracle: &mut dyn Oracle,
) -> Result<Choice, Failure> {
    let mut applicable: Vec<Choice> = Vec::new();
    let mut failure = Failure::Count;
    let note = |new: Failure, failure: &mut Failure| {
        let rank = |f: &Failure| match f {
            Failure::Count => 0,
            Failure::NamedArgument(_) | Failure::Missing(_) => 1,
            Failure::Inference => 2,
            Failure::Argument(..) | Failure::Ambiguous(..) => 3,
        };
        if rank(&new) > rank(failure) {
            *failure = new;
        }
    };
    for (at, candidate) in candidates.iter().enumerate() {
        let mut found = false;
        for expanded in [false, true] {
            if expanded
                && (found
                    || candidate
                        .params
                        .last()
                        .is_none_or(|p| p.pass != PassBy::Params))
            {
                continue;
            }
            match try_candidate(at, candidate, args, explicit, expanded, oracle) {
                Ok(choice) => {
                    found = true;
                    applicable.push(choice);
                }
                Err(why) => note(why, &mut failure),
            }
        }
    }
    if applicable.is_empty() {
        return Err(failure);
    }
    if let [only] = applicable.as_slice() {
        return Ok(only.clone());
    }
    let count = applicable.len();
    let mut best: Option<usize> = None;
    for i in 0..count {
        let wins = (0..count).all(|j| {
            i == j
                || match (applicable.get(i), applicable.get(j)) {
                    (Some(a), Some(b)) => better(candidates, a, b, args, oracle),
                    _ => false,
                }
        });
        if wins {
            best = Some(i);
            break;
        }
    }
    match best.and_then(|i| applicable.get(i)) {
        Some(choice) => Ok(choice.clone()),
        None => {
            let at = |i: usize| applicable.get(i).map_or(0, |c| c.candidate);
            Err(Failure::Ambiguous(at(0), at(1)))
        }
    }
}

fn try_candidate(
    at: usize,
    candidate: &Candidate,
    args: &[Argument],
    explicit: &[Type],
    expanded: bool,
    oracle: &mut dyn Oracle,
) -> Result<Choice, Failure> {
    if !explicit.is_empty() && explicit.len() != candidate.generics {
        return Err(Failure::Count);
    }
    let mapping = map_arguments(candidate, args, expanded)?;
    let element_of = |ty: &Type| match ty {
        Type::Array(element, 1) => (**element).clone(),
        other => relations::element_type(other).unwrap_or(Type::OBJECT),
    };
    let last = candidate.params.len().wrapping_sub(1);
    let open: Vec<Type> = candidate
        .params
        .iter()
        .enumerate()
        .map(|(i, p)| {
            if expanded && i == last {
                element_of(&p.ty)
            } else {
                p.ty.clone()
            }
        })
        .collect();
    let types = if candidate.generics == 0 {
        Vec::new()
    } else if explicit.is_empty() {
        infer(candidate.generics, &open, &mapping, args, oracle).ok_or(Failure::Inference)?
    } else {
        explicit.to_vec()
    };
    let param_types: Vec<Type> = open.iter().map(|ty| ty.substitute(&[], &types)).collect();
    for ((param, ty), indices) in candidate.params.iter().zip(&param_types).zip(&mapping) {
        for &index in indices {
            let Some(arg) = args.get(index) else { continue };
            let wanted = match param.pass {
                PassBy::Params => PassBy::Value,
                other => other,
            };
            if arg.pass != wanted || !applies(arg, index, ty, oracle) {
                return Err(Failure::Argument(index, ty.clone()));
            }
        }
    }
    Ok(Choice {
        candidate: at,
        result: candidate.result.substitute(&[], &types),
        types,
        mapping,
        expanded,
        param_types,
    })
}

fn map_arguments(
    candidate: &Candidate,
    args: &[Argument],
    expanded: bool,
) -> Result<Vec<Vec<usize>>, Failure> {
    let count = candidate.params.len();
    let mut mapping: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, arg) in args.iter().enumerate() {
        let at = match &arg.name {
            Some(name) => candidate
                .params
                .iter()
                .position(|p| *p.name == **name)
                .ok_or_else(|| Failure::NamedArgument(name.clone()))?,
            None if expanded && index + 1 >= count => count - 1,
            None => index,
        };
        let place = mapping.get_mut(at).ok_or(Failure::Count)?;
        let may_repeat = expanded && at + 1 == count;
        if !place.is_empty() && !may_repeat {
            return Err(Failure::Count);
        }
        place.push(index);
    }
    for (i, (param, found)) in candidate.params.iter().zip(&mapping).enumerate() {
        if found.is_empty() && param.default.is_none() && !(expanded && i + 1 == count) {
            return Err(if args.len() < count {
                Failure::Missing(param.name.clone())
            } else {
                Failure::Count
            });
        }
    }
    Ok(mapping)
}

fn applies(arg: &Argument, index: usize, ty: &Type, oracle: &mut dyn Oracle) -> bool {
    match &arg.shape {
        Shape::Value(from, constant) => converts(from, constant.as_ref(), ty),
        Shape::Interpolated => converts(&Type::STRING, None, ty) || takes_interpolation(ty),
        Shape::Lambda(_) | Shape::Group => {
            if *ty == Type::Error {
                return true;
            }
            ty.is_delegate() && oracle.converts(index, ty)
        }
        Shape::Reference(Some(found)) => found == ty || *found == Type::Error,
        Shape::Reference(None) | Shape::Any | Shape::Default => true,
    }
}

/// Whether an interpolated text can become this with its format and arguments still apart.
#[must_use]
pub fn takes_interpolation(ty: &Type) -> bool {
    ty.is(known::FORMATTABLE_STRING) || ty.is(known::IFORMATTABLE)
}

/// Whether a value, constant or not, converts implicitly.
#[must_use]
pub fn converts(from: &Type, constant: Option<&Const>, to: &Type) -> bool {
    relations::implicit(from, to).is_some()
        || constant.is_some_and(|value| constant_fits(value, from, to))
}

/// C#'s implicit constant conversions: an `int` constant to a narrower type that holds it, `long` to `ulong`, zero to an
/// enumeration.
#[must_use]
pub fn constant_fits(value: &Const, from: &Type, to: &Type) -> bool {
    // A value that is wrapped into `T?` is no constant.
    if from.nullable_underlying().is_some() {
        return false;
    }
    let target = to.unwrap_nullable();
    let number = match value {
        Const::Int32(n) => i64::from(*n),
        Const::Int64(n) if *target == Type::UINT64 || target.is_enum() => *n,
        Const::UInt32(0) | Const::UInt64(0) if target.is_enum() => 0,
        Const::SByte(n) => i64::from(*n),
        Const::Byte(n) => i64::from(*n),
        Const::Int16(n) => i64::from(*n),
        Const::UInt16(n) => i64::from(*n),
        Const::Double(n) if *n == 0.0 => {
            return target.is_enum();
        }
        _ => return false,
    };
    if target.is_enum() {
        return number == 0;
    }
    if !matches!(value, Const::Int32(_) | Const::Int64(_)) || Num::of(from).is_none() {
        return false;
    }
    match Num::of(target) {
        Some(Num::SByte) => i8::try_from(number).is_ok(),
        Some(Num::Byte) => u8::try_from(number).is_ok(),
        Some(Num::Int16) => i16::try_from(number).is_ok(),
        Some(Num::UInt16) => u16::try_from(number).is_ok(),
        Some(Num::UInt32) => u32::try_from(number).is_ok(),
        Some(Num::UInt64) => number >= 0,
        _ => false,
    }
}

/// Whether `a` is at least as good as `b` for every argument and better in something.
fn better(
    candidates: &[Candidate],
    a: &Choice,
    b: &Choice,
    args: &[Argument],
    oracle: &mut dyn Oracle,
) -> bool {
    let type_for = |choice: &Choice, index: usize| {
        choice
            .mapping
            .iter()
            .position(|m| m.contains(&index))
            .and_then(|p| choice.param_types.get(p).cloned())
    };
    let (mut wins, mut undecided) = (false, false);
    for (index, arg) in args.iter().enumerate() {
        let (Some(t1), Some(t2)) = (type_for(a, index), type_for(b, index)) else {
            continue;
        };
        if t1 == t2 {
            continue;
        }
        if better_conversion(arg, index, &t2, &t1, oracle) {
            return false;
        }
        // All but one tie are broken between equal parameter types only.
        let known = matches!(&arg.shape, Shape::Value(from, _) if *from != Type::Dynamic);
        let won = better_conversion(arg, index, &t1, &t2, oracle);
        undecided |= known && !won;
        if won {
            wins = true;
        }
    }
    if wins {
        return true;
    }
    let (Some(x), Some(y)) = (candidates.get(a.candidate), candidates.get(b.candidate)) else {
        return false;
    };
    if undecided {
        // As Roslyn has it: with other numbers of parameters, what is not expanded, then what takes no default.
        let used = |choice: &Choice, candidate: &Candidate| match candidate.params.len() {
            params if choice.expanded => args.len().max(params.saturating_sub(1)),
            params => params,
        };
        let (of_a, of_b) = (used(a, x), used(b, y));
        return of_a != of_b
            && match (a.expanded, b.expanded) {
                (false, true) => true,
                (true, false) => false,
                _ => of_a == args.len(),
            };
    }
    // Tie-breaks, in C#'s order.
    if (x.generics == 0) != (y.generics == 0) {
        return x.generics == 0;
    }
    if a.expanded != b.expanded {
        return !a.expanded;
    }
    if a.expanded && x.params.len() != y.params.len() {
        return x.params.len() > y.params.len();
    }
    let defaults = |c: &Choice| c.mapping.iter().filter(|m| m.is_empty()).count();
    if defaults(a) != defaults(b) {
        return defaults(a) < defaults(b);
    }
    if x.distance != y.distance {
        return x.distance < y.distance;
    }
    // The more specific open parameter types.
    let mut more = false;
    for (p, q) in x.params.iter().zip(&y.params) {
        let (s, t) = (generality(&p.ty), generality(&q.ty));
        if s > t {
            return false;
        }
        if s < t {
            more = true;
        }
    }
    more
}

fn generality(ty: &Type) -> u32 {
    match ty {
        Type::MethodParam(_) | Type::ClassParam(_) => 100,
        Type::Named(_, Some(args)) => 1 + args.iter().map(generality).sum::<u32>(),
        Type::Array(element, _) => 1 + generality(element),
        _ => 0,
    }
}

/// Whether converting the argument to `t1` is better than to `t2`.
fn better_conversion(
    arg: &Argument,
    index: usize,
    t1: &Type,
    t2: &Type,
    oracle: &mut dyn Oracle,
) -> bool {
    match &arg.shape {
        Shape::Value(from, _) => {
            if from == t1 {
                return true;
            }
            if from == t2 {
                return false;
            }
            better_target(t1, t2)
        }
        Shape::Interpolated => {
            *t1 == Type::STRING || (*t2 != Type::STRING && better_target(t1, t2))
        }
        Shape::Lambda(_) | Shape::Group => {
            let (Some((inputs, r1)), Some((inputs2, r2))) = (invoke_of(t1), invoke_of(t2)) else {
                return false;
            };
            if inputs != inputs2 {
                return false;
            }
            if r1 == Type::Void {
                return false;
            }
            if r2 == Type::Void {
                return true;
            }
            match oracle.outcome(index, &inputs) {
                Outcome::Value(found) | Outcome::Statement(found) => {
                    if found == r1 && found != r2 {
                        return true;
                    }
                    if found == r2 {
                        return false;
                    }
                    better_target(&r1, &r2)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

fn better_target(t1: &Type, t2: &Type) -> bool {
    let forward = relations::implicit(t1, t2).is_some();
    let back = relations::implicit(t2, t1).is_some();
    if forward != back {
        return forward;
    }
    let (n1, n2) = (t1.unwrap_nullable(), t2.unwrap_nullable());
    let signed = |n: Num| matches!(n, Num::SByte | Num::Int16 | Num::Int32 | Num::Int64);
    let unsigned = |n: Num| matches!(n, Num::Byte | Num::UInt16 | Num::UInt32 | Num::UInt64);
    match (Num::of(n1), Num::of(n2)) {
        (Some(a), Some(b)) => signed(a) && unsigned(b),
        _ => false,
    }
}

/// Parameter types and result of a delegate type.
#[must_use]
pub fn invoke_of(ty: &Type) -> Option<(Vec<Type>, Type)> {
    let def = ty.def()?;
    let (params, result) = def.invoke.as_ref()?;
    let args = ty.args();
    Some((
        params.iter().map(|p| p.ty.substitute(args, &[])).collect(),
        result.substitute(args, &[]),
    ))
}

/// Bounds found for one type parameter.
#[derive(Default, Clone)]
struct Bounds {
    exact: Vec<Type>,
    lower: Vec<Type>,
    fixed: Option<Type>,
}

impl Bounds {
    fn choose(&self) -> Option<Type> {
        if let Some(fixed) = &self.fixed {
            return Some(fixed.clone());
        }
        if let Some(first) = self.exact.first() {
            let agree = self.exact.iter().all(|e| e == first)
                && self
                    .lower
                    .iter()
                    .all(|l| standard_implicit(l, first).is_some());
            return agree.then(|| first.clone());
        }
        best_common(&self.lower)
    }
}

/// The one of the types that all others convert to.
#[must_use]
pub fn best_common(types: &[Type]) -> Option<Type> {
    let real: Vec<&Type> = types.iter().filter(|t| **t != Type::Null).collect();
    let found = real.iter().find(|candidate| {
        types
            .iter()
            .all(|other| standard_implicit(other, candidate).is_some())
    });
    if let Some(found) = found {
        return Some((**found).clone());
    }
    // `null` beside a value type: no common type in C# 7.3.
    None
}

fn infer(
    count: usize,
    params: &[Type],
    mapping: &[Vec<usize>],
    args: &[Argument],
    oracle: &mut dyn Oracle,
) -> Option<Vec<Type>> {
    let mut bounds = vec![Bounds::default(); count];
    let mut waiting: Vec<(usize, Type)> = Vec::new();
    for (param, indices) in params.iter().zip(mapping) {
        for &index in indices {
            match &args.get(index)?.shape {
                Shape::Value(ty, _) if !matches!(ty, Type::Null | Type::Error) => {
                    lower(ty, param, &mut bounds);
                }
                Shape::Interpolated => lower(&Type::STRING, param, &mut bounds),
                Shape::Reference(Some(ty)) => exact(ty, param, &mut bounds),
                Shape::Lambda(explicit) => {
                    if let (Some(types), Some((inputs, _))) = (explicit, invoke_of(param)) {
                        for (found, open) in types.iter().zip(&inputs) {
                            exact(found, open, &mut bounds);
                        }
                    }
                    waiting.push((index, param.clone()));
                }
                Shape::Group => waiting.push((index, param.clone())),
                _ => {}
            }
        }
    }
    // Lambdas whose parameters are known tell their results, which may make others known.
    while !waiting.is_empty() {
        let mut progress = false;
        let mut rest = Vec::new();
        for (index, param) in waiting {
            let Some((inputs, result)) = invoke_of(&param) else {
                continue;
            };
            let chosen: Vec<Type> = bounds
                .iter()
                .enumerate()
                .map(|(i, b)| {
                    b.choose()
                        .unwrap_or(Type::MethodParam(u8::try_from(i).unwrap_or(u8::MAX)))
                })
                .collect();
            let known: Vec<Type> = inputs.iter().map(|t| t.substitute(&[], &chosen)).collect();
            if known.iter().any(Type::mentions_method_param) {
                rest.push((index, param));
                continue;
            }
            progress = true;
            // What a lambda's parameters depend on is settled now.
            for (i, bound) in bounds.iter_mut().enumerate() {
                let param = Type::MethodParam(u8::try_from(i).unwrap_or(u8::MAX));
                if inputs.iter().any(|t| t.any(&|t| *t == param)) && bound.fixed.is_none() {
                    bound.fixed = bound.choose();
                }
            }
            if result.mentions_method_param() {
                match oracle.outcome(index, &known) {
                    Outcome::Value(found) | Outcome::Statement(found) => {
                        if !matches!(found, Type::Null | Type::Error | Type::Void) {
                            lower(&found, &result, &mut bounds);
                        }
                    }
                    Outcome::Wrong | Outcome::Void | Outcome::Never => {}
                }
            }
        }
        waiting = rest;
        if !progress {
            break;
        }
    }
    bounds.iter().map(Bounds::choose).collect()
}

fn lower(from: &Type, to: &Type, bounds: &mut [Bounds]) {
    match to {
        Type::MethodParam(i) => {
            if let Some(bound) = bounds.get_mut(usize::from(*i))
                && !bound.lower.contains(from)
            {
                bound.lower.push(from.clone());
            }
        }
        Type::Named(known::NULLABLE, Some(args)) => {
            if let Some(inner) = args.first() {
                lower(from.unwrap_nullable(), inner, bounds);
            }
        }
        Type::Array(element, rank) => {
            if let Type::Array(found, found_rank) = from
                && rank == found_rank
            {
                if found.is_reference() {
                    lower(found, element, bounds);
                } else {
                    exact(found, element, bounds);
                }
            }
        }
        Type::Named(def, Some(args)) => {
            let Some(found) = as_super(from, *def) else {
                return;
            };
            let Some(def) = to.def() else { return };
            for ((found, open), parameter) in
                found.args().iter().zip(args.iter()).zip(&def.parameters)
            {
                if parameter.variance == 1 && found.is_reference() {
                    lower(found, open, bounds);
                } else {
                    exact(found, open, bounds);
                }
            }
        }
        Type::Tuple(open) => {
            if let Type::Tuple(found) = from {
                for (found, open) in found.elements.iter().zip(&open.elements) {
                    lower(found, open, bounds);
                }
            }
        }
        _ => {}
    }
}

fn exact(from: &Type, to: &Type, bounds: &mut [Bounds]) {
    match (from, to) {
        (_, Type::MethodParam(i)) => {
            if let Some(bound) = bounds.get_mut(usize::from(*i))
                && !bound.exact.contains(from)
            {
                bound.exact.push(from.clone());
            }
        }
        (Type::Array(found, a), Type::Array(open, b)) if a == b => exact(found, open, bounds),
        (Type::Named(found_def, Some(found)), Type::Named(def, Some(open))) if found_def == def => {
            for (found, open) in found.iter().zip(open.iter()) {
                exact(found, open, bounds);
            }
        }
        (Type::Tuple(found), Type::Tuple(open)) => {
            for (found, open) in found.elements.iter().zip(&open.elements) {
                exact(found, open, bounds);
            }
        }
        _ => {}
    }
}

/// Instance and static methods named `name` that a receiver of type `ty` has, inherited ones after its own. A method
/// that a nearer type declares with the same parameters hides the farther one.
#[must_use]
pub fn methods(ty: &Type, name: &str, kind: MemberKind) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for (distance, owner) in relations::lookup_types(ty).into_iter().enumerate() {
        let Some(def) = owner.def() else { continue };
        for member in def.named(name).filter(|m| m.kind == kind) {
            let candidate = Candidate::member(member, owner.args().to_vec(), distance);
            let hidden = out.iter().any(|c| {
                c.generics == candidate.generics
                    && c.params.len() == candidate.params.len()
                    && c.params
                        .iter()
                        .zip(&candidate.params)
                        .all(|(a, b)| a.ty == b.ty && a.pass == b.pass)
            });
            if !hidden {
                out.push(candidate);
            }
        }
    }
    out
}

/// What inference knows from the arguments that are values; a type parameter that stays open stands for itself.
#[must_use]
pub fn infer_partially(candidate: &Candidate, args: &[Argument]) -> Vec<Type> {
    let mut bounds = vec![Bounds::default(); candidate.generics];
    for (param, arg) in candidate.params.iter().zip(args) {
        match &arg.shape {
            Shape::Value(ty, _) if !matches!(ty, Type::Null | Type::Error) => {
                lower(ty, &param.ty, &mut bounds);
            }
            Shape::Interpolated => lower(&Type::STRING, &param.ty, &mut bounds),
            _ => {}
        }
    }
    bounds
        .iter()
        .enumerate()
        .map(|(i, b)| {
            b.choose()
                .unwrap_or(Type::MethodParam(u8::try_from(i).unwrap_or(u8::MAX)))
        })
        .collect()
}
