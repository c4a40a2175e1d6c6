//! Which types derive from, convert to and contain which others: C#'s conversion rules on types alone.
//!
//! Constants and lambdas, whose conversions depend on more than their type, are the binder's business. A
//! [`Conversion`] says what has to be done to a value; boxing, widening of references and wrapping into `T?` need
//! nothing done, because a value carries its exact type.

use std::sync::Arc;

use super::registry::{Kind, Member, MemberKind, Registry};
use super::{DefId, Type, known};
use crate::value::Value;

/// The numeric types, `char` included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Num {
    SByte,
    Byte,
    Int16,
    UInt16,
    Char,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
}

impl Num {
    /// The numeric kind of a type.
    #[must_use]
    pub fn of(ty: &Type) -> Option<Self> {
        let Type::Named(def, None) = ty else {
            return None;
        };
        Some(match *def {
            known::SBYTE => Self::SByte,
            known::BYTE => Self::Byte,
            known::INT16 => Self::Int16,
            known::UINT16 => Self::UInt16,
            known::CHAR => Self::Char,
            known::INT32 => Self::Int32,
            known::UINT32 => Self::UInt32,
            known::INT64 => Self::Int64,
            known::UINT64 => Self::UInt64,
            known::SINGLE => Self::Single,
            known::DOUBLE => Self::Double,
            known::DECIMAL => Self::Decimal,
            _ => return None,
        })
    }

    /// The type of the kind.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Self::SByte => Type::SBYTE,
            Self::Byte => Type::BYTE,
            Self::Int16 => Type::INT16,
            Self::UInt16 => Type::UINT16,
            Self::Char => Type::CHAR,
            Self::Int32 => Type::INT32,
            Self::UInt32 => Type::UINT32,
            Self::Int64 => Type::INT64,
            Self::UInt64 => Type::UINT64,
            Self::Single => Type::SINGLE,
            Self::Double => Type::DOUBLE,
            Self::Decimal => Type::DECIMAL,
        }
    }

    /// Whether the kind is an integer (`char` counts).
    #[must_use]
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::Single | Self::Double | Self::Decimal)
    }

    /// Whether C# converts to `to` implicitly.
    #[must_use]
    pub fn widens_to(self, to: Self) -> bool {
        use Num::{
            Byte, Char, Decimal, Double, Int16, Int32, Int64, SByte, Single, UInt16, UInt32, UInt64,
        };
        match self {
            SByte => matches!(to, Int16 | Int32 | Int64 | Single | Double | Decimal),
            Byte => matches!(
                to,
                Int16 | UInt16 | Int32 | UInt32 | Int64 | UInt64 | Single | Double | Decimal
            ),
            Int16 => matches!(to, Int32 | Int64 | Single | Double | Decimal),
            UInt16 => matches!(
                to,
                Int32 | UInt32 | Int64 | UInt64 | Single | Double | Decimal
            ),
            Char => matches!(
                to,
                UInt16 | Int32 | UInt32 | Int64 | UInt64 | Single | Double | Decimal
            ),
            Int32 => matches!(to, Int64 | Single | Double | Decimal),
            UInt32 => matches!(to, Int64 | UInt64 | Single | Double | Decimal),
            Int64 | UInt64 => matches!(to, Single | Double | Decimal),
            Single => to == Double,
            Double | Decimal => false,
        }
    }
}

/// What to do to a value to convert it.
#[derive(Clone)]
pub enum Conversion {
    /// Nothing: the value is of the target type as it is.
    None,
    /// Number to number.
    Numeric(Num, Num),
    /// Enumeration value to number.
    FromEnum(Num),
    /// Number to enumeration value.
    ToEnum(Num, DefId),
    /// Check the run-time type: downcast or unboxing.
    Cast(Type),
    /// `T?` to `T`: `InvalidOperationException` on null.
    Unwrap,
    /// Null stays null, anything else is converted.
    Lifted(Box<Conversion>),
    /// One after the other.
    Chain(Vec<Conversion>),
    /// User-defined operator.
    User(&'static Member, Arc<[Type]>),
    /// Element by element of a tuple, to the type.
    Tuple(Vec<Conversion>, Type),
    /// From `dynamic`, decided at run time.
    Dynamic(Type, bool),
}

impl Conversion {
    /// Whether nothing has to be done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::None, next) => next,
            (first, Self::None) => first,
            (first, next) => Self::Chain(vec![first, next]),
        }
    }
}

/// The direct bases of a type: class and interfaces.
#[must_use]
pub fn bases(ty: &Type) -> Vec<Type> {
    match ty {
        Type::Named(..) => ty.def().map_or_else(Vec::new, |def| {
            def.bases
                .iter()
                .map(|base| base.substitute(ty.args(), &[]))
                .collect()
        }),
        Type::Array(element, 1) => vec![
            Type::Named(known::ARRAY, None),
            Type::generic(known::ILIST, [(**element).clone()]),
            Type::generic(known::IREADONLY_LIST, [(**element).clone()]),
        ],
        Type::Array(..) => vec![Type::Named(known::ARRAY, None)],
        Type::Tuple(_) => vec![
            Type::Named(known::VALUE_TYPE, None),
            Type::Named(known::ICOMPARABLE, None),
        ],
        Type::Anonymous(_) => vec![Type::OBJECT],
        _ => Vec::new(),
    }
}

/// The instantiation of `def` that `ty` is or derives from.
#[must_use]
pub fn as_super(ty: &Type, def: DefId) -> Option<Type> {
    if ty.is(def) {
        return Some(ty.clone());
    }
    if def == known::OBJECT && ty.is_interface() {
        return Some(Type::OBJECT);
    }
    bases(ty).iter().find_map(|base| as_super(base, def))
}

/// The type and everything it derives from, nearest first, without repetition.
#[must_use]
pub fn supertypes(ty: &Type) -> Vec<Type> {
    let mut all = vec![ty.clone()];
    let mut at = 0;
    while let Some(next) = all.get(at) {
        for base in bases(next) {
            if !all.contains(&base) {
                all.push(base);
            }
        }
        at += 1;
    }
    if ty.is_interface() && !all.contains(&Type::OBJECT) {
        all.push(Type::OBJECT);
    }
    all
}

/// The types whose members a name after a value of the type can mean, nearest first. A class shows its own members and
/// those of its base classes; what it has only through an interface takes a cast, as in C#.
#[must_use]
pub fn lookup_types(ty: &Type) -> Vec<Type> {
    let mut all = supertypes(ty);
    if !ty.is_interface() {
        all.retain(|owner| !owner.is_interface());
    }
    all
}

/// The base class, `None` for `object` and interfaces.
#[must_use]
pub fn base_class(ty: &Type) -> Option<Type> {
    bases(ty).into_iter().find(|base| !base.is_interface())
}

/// `T` of the `IEnumerable<T>` that the type is; `object` for an untyped enumerable.
#[must_use]
pub fn element_type(ty: &Type) -> Option<Type> {
    if ty == &Type::Dynamic {
        return Some(Type::Dynamic);
    }
    if let Some(found) = as_super(ty, known::IENUMERABLE) {
        return found.args().first().cloned();
    }
    if let Type::Array(element, _) = ty {
        return Some((**element).clone());
    }
    as_super(ty, known::IENUMERABLE_PLAIN).map(|_| Type::OBJECT)
}

/// Whether every value of `from` is a `to` as it is: identity, derived class, implemented interface, variance, boxing.
#[must_use]
pub fn is_assignable(from: &Type, to: &Type) -> bool {
    if from == to {
        return true;
    }
    match to {
        Type::Named(known::OBJECT, None) | Type::Dynamic => *from != Type::Void,
        Type::Named(def, args) => {
            if let Some(underlying) = from.nullable_underlying() {
                // Boxing: a `T?` is what its `T` is, but never a `T`.
                return to.is_reference() && is_assignable(underlying, to);
            }
            if from == &Type::Dynamic && *def == known::OBJECT {
                return true;
            }
            let candidates = supertypes(from);
            candidates.iter().any(|candidate| match candidate {
                Type::Named(id, found) if id == def => match (found, args) {
                    (None, None) => true,
                    (Some(found), Some(args)) => args_match(*def, found, args),
                    _ => false,
                },
                _ => false,
            })
        }
        Type::Array(to_element, to_rank) => match from {
            Type::Array(element, rank) => {
                rank == to_rank
                    && element.is_reference()
                    && to_element.is_reference()
                    && is_assignable(element, to_element)
            }
            _ => false,
        },
        _ => false,
    }
}

fn args_match(def: DefId, from: &[Type], to: &[Type]) -> bool {
    let Some(def) = Registry::get().def(def) else {
        return false;
    };
    from.len() == to.len()
        && def
            .parameters
            .iter()
            .zip(from.iter().zip(to))
            .all(|(parameter, (from, to))| {
                from == to
                    || same_but_dynamic(from, to)
                    || match parameter.variance {
                        1 => from.is_reference() && to.is_reference() && is_assignable(from, to),
                        -1 => from.is_reference() && to.is_reference() && is_assignable(to, from),
                        _ => false,
                    }
            })
}

fn same_but_dynamic(a: &Type, b: &Type) -> bool {
    matches!(
        (a, b),
        (Type::Dynamic, Type::Named(known::OBJECT, _))
            | (Type::Named(known::OBJECT, _), Type::Dynamic)
    )
}

/// Whether the value is of the type (`is`); false for null.
#[must_use]
pub fn is_instance(value: &Value, ty: &Type) -> bool {
    let ty = ty.unwrap_nullable();
    match (value, ty) {
        (Value::Null, _) => false,
        (_, Type::Named(known::OBJECT, None) | Type::Dynamic) => true,
        (Value::Str(_), Type::Named(known::STRING, None))
        | (Value::Bool(_), Type::Named(known::BOOLEAN, None))
        | (Value::Int32(_), Type::Named(known::INT32, None))
        | (Value::Int64(_), Type::Named(known::INT64, None))
        | (Value::Double(_), Type::Named(known::DOUBLE, None)) => true,
        _ => is_assignable(&value.type_of(), ty),
    }
}

/// Whether a value of type `from` can be a `to` as it is, if it is not null (`is`).
#[must_use]
pub fn may_be(from: &Type, to: &Type) -> bool {
    let (from, to) = (from.unwrap_nullable(), to.unwrap_nullable());
    *from == Type::Null
        || *from == Type::Dynamic
        || standard_implicit(from, to)
            .or_else(|| standard_explicit(from, to))
            .is_some_and(|c| matches!(c, Conversion::None | Conversion::Cast(_)))
}

/// The implicit conversion from one type to another.
#[must_use]
pub fn implicit(from: &Type, to: &Type) -> Option<Conversion> {
    standard_implicit(from, to).or_else(|| user_defined(from, to, false))
}

/// Implicit conversions without user-defined ones.
#[must_use]
pub fn standard_implicit(from: &Type, to: &Type) -> Option<Conversion> {
    if from == to || *from == Type::Error || *to == Type::Error {
        return Some(Conversion::None);
    }
    if *from == Type::Void || *to == Type::Void {
        return None;
    }
    if *from == Type::Dynamic {
        return Some(if *to == Type::OBJECT {
            Conversion::None
        } else {
            Conversion::Dynamic(to.clone(), false)
        });
    }
    if *from == Type::Null {
        return to.accepts_null().then_some(Conversion::None);
    }
    if let (Some(a), Some(b)) = (Num::of(from), Num::of(to))
        && a.widens_to(b)
    {
        return Some(Conversion::Numeric(a, b));
    }
    if let Some(target) = to.nullable_underlying() {
        return match from.nullable_underlying() {
            Some(source) => standard_implicit(source, target).map(|inner| match inner {
                Conversion::None => Conversion::None,
                inner => Conversion::Lifted(Box::new(inner)),
            }),
            None if from.is_value_type() => standard_implicit(from, target),
            None => None,
        };
    }
    if let (Type::Tuple(a), Type::Tuple(b)) = (from, to)
        && a.elements.len() == b.elements.len()
    {
        let parts: Option<Vec<_>> = a
            .elements
            .iter()
            .zip(&b.elements)
            .map(|(a, b)| implicit(a, b))
            .collect();
        return parts.map(|parts| Conversion::Tuple(parts, to.clone()));
    }
    is_assignable(from, to).then_some(Conversion::None)
}

/// The conversion of a cast expression.
#[must_use]
pub fn explicit(from: &Type, to: &Type) -> Option<Conversion> {
    if *from == Type::Dynamic && *to != Type::OBJECT && *to != Type::Dynamic && *to != Type::Void {
        return Some(Conversion::Dynamic(to.clone(), true));
    }
    standard_implicit(from, to)
        .or_else(|| standard_explicit(from, to))
        .or_else(|| user_defined(from, to, true))
}

fn standard_explicit(from: &Type, to: &Type) -> Option<Conversion> {
    if *from == Type::Void || *to == Type::Void || *from == Type::Null {
        return None;
    }
    if let (Some(a), Some(b)) = (Num::of(from), Num::of(to)) {
        return Some(Conversion::Numeric(a, b));
    }
    match (from, to) {
        (Type::Named(_, _), Type::Named(def, _)) if to.is_enum() => {
            if let Some(n) = Num::of(from) {
                return Some(Conversion::ToEnum(n, *def));
            }
            if from.is_enum() {
                return Some(Conversion::Chain(vec![
                    Conversion::FromEnum(Num::Int64),
                    Conversion::ToEnum(Num::Int64, *def),
                ]));
            }
        }
        _ if from.is_enum() => {
            if let Some(n) = Num::of(to) {
                return Some(Conversion::FromEnum(n));
            }
        }
        _ => {}
    }
    match (from.nullable_underlying(), to.nullable_underlying()) {
        (Some(source), Some(target)) => {
            return either(source, target).map(|inner| Conversion::Lifted(Box::new(inner)));
        }
        (Some(source), None) if to.is_value_type() => {
            return either(source, to).map(|inner| Conversion::Unwrap.then(inner));
        }
        (None, Some(target)) if from.is_value_type() => return either(from, target),
        (None, Some(target)) => {
            return is_assignable(target, from).then(|| Conversion::Cast(to.clone()));
        }
        _ => {}
    }
    if is_assignable(to, from) {
        return Some(Conversion::Cast(to.clone()));
    }
    let sealed = |ty: &Type| {
        ty.is(known::STRING)
            || ty.is_value_type()
            || matches!(ty, Type::Array(..) | Type::Tuple(_) | Type::Anonymous(_))
            || ty.is_delegate()
    };
    let interface_cast = (from.is_interface() && to.is_reference() && !sealed(to))
        || (to.is_interface() && from.is_reference() && !sealed(from))
        || (from.is_interface() && to.is_interface())
        || (from.is_interface() && matches!(to, Type::Array(..)) && is_assignable(to, from));
    if interface_cast {
        return Some(Conversion::Cast(to.clone()));
    }
    if let (Type::Array(a, n), Type::Array(b, m)) = (from, to)
        && n == m
        && a.is_reference()
        && b.is_reference()
        && standard_explicit(a, b).is_some()
    {
        return Some(Conversion::Cast(to.clone()));
    }
    None
}

fn either(from: &Type, to: &Type) -> Option<Conversion> {
    standard_implicit(from, to).or_else(|| standard_explicit(from, to))
}

/// User-defined conversion operators, of the source's and target's classes and their bases.
fn user_defined(from: &Type, to: &Type, explicit: bool) -> Option<Conversion> {
    let mut best: Option<(u32, Conversion)> = None;
    let mut owners: Vec<Type> = Vec::new();
    for end in [from.unwrap_nullable(), to.unwrap_nullable()] {
        let mut next = Some(end.clone());
        while let Some(ty) = next {
            if !matches!(ty, Type::Named(..)) || ty.is(known::OBJECT) {
                break;
            }
            next = base_class(&ty);
            if !owners.contains(&ty) {
                owners.push(ty);
            }
        }
    }
    for owner in &owners {
        let Some(def) = owner.def() else { continue };
        if matches!(def.kind, Kind::Interface) {
            continue;
        }
        for member in def.conversions() {
            let usable = match member.kind {
                MemberKind::Implicit => true,
                MemberKind::Explicit => explicit,
                _ => false,
            };
            if !usable {
                continue;
            }
            let Some(parameter) = member.parameters.first() else {
                continue;
            };
            let class = owner.args();
            let source = parameter.ty.substitute(class, &[]);
            let result = member.result.substitute(class, &[]);
            let convert = |a: &Type, b: &Type| {
                if explicit {
                    either(a, b)
                } else {
                    standard_implicit(a, b)
                }
            };
            let (Some(before), Some(after)) = (convert(from, &source), convert(&result, to)) else {
                continue;
            };
            // Most specific first: exact ends beat implicit ones, those beat explicit ones.
            let distance = |a: &Type, b: &Type| match (a == b, standard_implicit(a, b).is_some()) {
                (true, _) => 0,
                (_, true) => 1 + width(a, b),
                _ => 100 + width(a, b),
            };
            let rank = distance(from, &source) + distance(&result, to);
            if best.as_ref().is_none_or(|(found, _)| rank < *found) {
                let types: Arc<[Type]> = class.into();
                let call = Conversion::User(member, types);
                best = Some((rank, before.then(call).then(after)));
            }
        }
    }
    best.map(|(_, conversion)| conversion)
}

/// How far apart two types are, to choose the nearest of several operators.
fn width(a: &Type, b: &Type) -> u32 {
    fn size(ty: &Type) -> u32 {
        let base = match Num::of(ty.unwrap_nullable()) {
            Some(Num::SByte | Num::Byte) => 1,
            Some(Num::Int16 | Num::UInt16 | Num::Char) => 2,
            Some(Num::Int32 | Num::UInt32) => 4,
            Some(Num::Int64 | Num::UInt64) => 8,
            Some(Num::Single) => 10,
            Some(Num::Double) => 12,
            Some(Num::Decimal) => 16,
            None => 0,
        };
        // Of equal width the signed type is nearer to a signed source, and `T` nearer than `T?`.
        base * 2 + u32::from(ty.nullable_underlying().is_some())
    }
    if let (Some(x), Some(y)) = (Num::of(a.unwrap_nullable()), Num::of(b.unwrap_nullable())) {
        let sign = |n: Num| {
            matches!(
                n,
                Num::Byte | Num::UInt16 | Num::Char | Num::UInt32 | Num::UInt64
            )
        };
        return size(a).abs_diff(size(b)) + u32::from(sign(x) != sign(y));
    }
    supertypes(a)
        .iter()
        .position(|ty| ty == b)
        .map_or(5, |at| u32::try_from(at).unwrap_or(5))
}
