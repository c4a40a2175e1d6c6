//! Unary and binary operators: C#'s numeric promotion, lifted and user-defined operators.

use super::tree::{DynamicUnary, Expr, Kind};
use super::{Binder, overload};
use crate::diagnostic::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::types::relations::{self, Conversion, Num};
use crate::types::{MemberKind, Type};
use crate::value::Const;

/// Binary numeric promotion; `Err` is the pair C# refuses.
fn promote(a: Num, b: Num) -> Result<Num, ()> {
    use Num::{Decimal, Double, Int16, Int32, Int64, SByte, Single, UInt32, UInt64};
    let has = |n| a == n || b == n;
    if has(Decimal) {
        return if has(Double) || has(Single) {
            Err(())
        } else {
            Ok(Decimal)
        };
    }
    if has(Double) {
        return Ok(Double);
    }
    if has(Single) {
        return Ok(Single);
    }
    if has(UInt64) {
        let signed = |n| matches!(n, SByte | Int16 | Int32 | Int64);
        return if signed(a) || signed(b) {
            Err(())
        } else {
            Ok(UInt64)
        };
    }
    if has(Int64) {
        return Ok(Int64);
    }
    if has(UInt32) {
        let other = if a == UInt32 { b } else { a };
        return Ok(if matches!(other, SByte | Int16 | Int32) {
            Int64
        } else {
            UInt32
        });
    }
    Ok(Int32)
}

/// The type two numbers meet in; `None` where C# has none.
pub(super) fn promote_numbers(a: Num, b: Num) -> Option<Num> {
    promote(a, b).ok()
}

impl Binder {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: Expr, span: Span) -> Expr {
        if operand.ty == Type::Error {
            return Expr::error(span);
        }
        if operand.ty == Type::Dynamic {
            let kind = match op {
                UnaryOp::Plus => return operand,
                UnaryOp::Minus => DynamicUnary::Negate,
                UnaryOp::Not => DynamicUnary::Not,
                UnaryOp::Complement => DynamicUnary::Complement,
            };
            return Expr::new(Kind::DynamicUnary(kind, operand), Type::Dynamic, span);
        }
        if let Some(underlying) = operand.ty.nullable_underlying().cloned() {
            return self.lifted_unary(op, operand, &underlying, span);
        }
        if let Some(found) = self.user_unary(op, &operand, span) {
            return found;
        }
        let plain = match op {
            UnaryOp::Not if operand.ty == Type::BOOL => {
                if let Some(Const::Bool(value)) = operand.constant() {
                    let value = !*value;
                    return self.constant(Const::Bool(value), span);
                }
                return Expr::new(Kind::Not(operand), Type::BOOL, span);
            }
            UnaryOp::Complement if operand.ty.is_enum() => {
                let ty = operand.ty.clone();
                return Expr::new(Kind::Complement(operand), ty, span);
            }
            UnaryOp::Not => None,
            _ => Num::of(&operand.ty),
        };
        let Some(num) = plain else {
            let symbol = match op {
                UnaryOp::Plus => "+",
                UnaryOp::Minus => "-",
                UnaryOp::Not => "!",
                UnaryOp::Complement => "~",
            };
            self.diagnostics.error(
                "CS0023",
                span,
                format!(
                    "Operator '{symbol}' cannot be applied to operand of type '{}'",
                    operand.ty
                ),
            );
            return Expr::error(span);
        };
        // `-2147483648` and `-9223372036854775808` are constants of int and long.
        if op == UnaryOp::Minus {
            match operand.constant() {
                Some(Const::UInt32(2_147_483_648)) => {
                    return self.constant(Const::Int32(i32::MIN), span);
                }
                Some(Const::UInt64(9_223_372_036_854_775_808)) => {
                    return self.constant(Const::Int64(i64::MIN), span);
                }
                _ => {}
            }
        }
        let wide = match (op, num) {
            (UnaryOp::Minus, Num::UInt32) => Num::Int64,
            (UnaryOp::Minus, Num::UInt64) => {
                self.diagnostics.error(
                    "CS0023",
                    span,
                    "Operator '-' cannot be applied to operand of type 'ulong'",
                );
                return Expr::error(span);
            }
            (UnaryOp::Complement, Num::Single | Num::Double | Num::Decimal) => {
                self.diagnostics.error(
                    "CS0023",
                    span,
                    format!(
                        "Operator '~' cannot be applied to operand of type '{}'",
                        operand.ty
                    ),
                );
                return Expr::error(span);
            }
            (_, Num::SByte | Num::Byte | Num::Int16 | Num::UInt16 | Num::Char) => Num::Int32,
            (_, other) => other,
        };
        let ty = wide.ty();
        let operand = self.convert(operand, &ty);
        match op {
            UnaryOp::Plus => operand,
            UnaryOp::Minus => self
                .fold_negate(&operand, span)
                .unwrap_or_else(|| Expr::new(Kind::Negate(wide, operand, self.checked), ty, span)),
            _ => self
                .fold_complement(&operand, span)
                .unwrap_or_else(|| Expr::new(Kind::Complement(operand), ty, span)),
        }
    }

    fn lifted_unary(&mut self, op: UnaryOp, operand: Expr, underlying: &Type, span: Span) -> Expr {
        let temp = self.temp(underlying.clone(), span);
        let inner_operand = self.local(temp, span);
        let inner = self.unary(op, inner_operand, span);
        if inner.ty == Type::Error {
            return inner;
        }
        let ty = Type::nullable(inner.ty.clone());
        Expr::new(
            Kind::LiftedUnary {
                operand: (temp, operand),
                inner,
            },
            ty,
            span,
        )
    }

    fn user_unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Option<Expr> {
        let symbol = match op {
            UnaryOp::Plus => "+",
            UnaryOp::Minus => "-",
            UnaryOp::Not => "!",
            UnaryOp::Complement => "~",
        };
        let candidates: Vec<_> = overload::methods(&operand.ty, symbol, MemberKind::Operator)
            .into_iter()
            .filter(|c| c.params.len() == 1)
            .collect();
        if candidates.is_empty() {
            return None;
        }
        self.operator_call(&candidates, vec![operand.clone()], span)
    }

    /// Calls the best user-defined operator, if one applies.
    fn operator_call(
        &mut self,
        candidates: &[overload::Candidate],
        operands: Vec<Expr>,
        span: Span,
    ) -> Option<Expr> {
        let args = self.value_arguments(&operands);
        let choice = overload::resolve(candidates, &args, &[], &mut NoLambdas).ok()?;
        let candidate = candidates.get(choice.candidate)?;
        let overload::Target::Member(member) = candidate.target else {
            return None;
        };
        let converted: Vec<Expr> = operands
            .into_iter()
            .zip(&choice.param_types)
            .map(|(operand, ty)| self.convert(operand, ty))
            .collect();
        Some(Expr::new(
            Kind::Call {
                member,
                types: candidate.class.clone().into(),
                args: converted,
                write_back: Vec::new(),
                set: false,
            },
            choice.result.clone(),
            span,
        ))
    }

    pub(super) fn value_arguments(&self, operands: &[Expr]) -> Vec<overload::Argument> {
        operands
            .iter()
            .map(|e| overload::Argument {
                name: None,
                pass: crate::types::PassBy::Value,
                shape: overload::Shape::Value(e.ty.clone(), e.constant().cloned()),
            })
            .collect()
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: Expr, right: Expr, span: Span) -> Expr {
        if left.ty == Type::Error || right.ty == Type::Error {
            return Expr::error(span);
        }
        match op {
            BinaryOp::AndAlso | BinaryOp::OrElse => {
                return self.short_circuit(op, left, right, span);
            }
            BinaryOp::Coalesce => return self.coalesce(left, right, span),
            _ => {}
        }
        if left.ty == Type::Void || right.ty == Type::Void {
            return self.operator_error(op, &left, &right, span);
        }
        if op == BinaryOp::Add && (left.ty == Type::STRING || right.ty == Type::STRING) {
            // An operator of a type's own comes first: `XNamespace + string` is a name.
            if left.ty != right.ty
                && let Some(found) = self.user_binary(op, &left, &right, span)
            {
                return found;
            }
            return self.concat(left, right, span);
        }
        if left.ty == Type::Dynamic || right.ty == Type::Dynamic {
            // Comparison with null needs no run-time operator.
            if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
                && (left.is_null() || right.is_null())
            {
                return Expr::new(Kind::DynamicBinary(op, left, right), Type::BOOL, span);
            }
            return Expr::new(Kind::DynamicBinary(op, left, right), Type::Dynamic, span);
        }
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
            && let Some(found) = self.equality_with_null(op, &left, &right, span)
        {
            return found;
        }
        if let Some(found) = self.user_binary(op, &left, &right, span) {
            return found;
        }
        let lifted =
            left.ty.nullable_underlying().is_some() || right.ty.nullable_underlying().is_some();
        if lifted
            || (left.is_null() != right.is_null()
                && (left.ty.is_value_type() || right.ty.is_value_type()))
        {
            return self.lifted_binary(op, left, right, span);
        }
        if let Some(found) = self.plain_binary(op, &left, &right, span) {
            return found;
        }
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
            && let Some(found) = self.reference_equality(op, &left, &right, span)
        {
            return found;
        }
        self.operator_error(op, &left, &right, span)
    }

    fn operator_error(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Expr {
        let help = super::advice::operands(op, &left.ty, &right.ty);
        self.diagnostics.error_with_help(
            "CS0019",
            span,
            format!(
                "Operator '{}' cannot be applied to operands of type '{}' and '{}'",
                op.symbol(),
                left.ty,
                right.ty
            ),
            help,
        );
        Expr::error(span)
    }

    /// Operators of bool, numbers, enumerations, strings, tuples; both operands not nullable.
    fn plain_binary(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let comparison = equality
            || matches!(
                op,
                BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual
            );
        if left.ty == Type::BOOL && right.ty == Type::BOOL {
            return match op {
                BinaryOp::And
                | BinaryOp::Or
                | BinaryOp::Xor
                | BinaryOp::Equal
                | BinaryOp::NotEqual => {
                    if let (Some(Const::Bool(a)), Some(Const::Bool(b))) =
                        (left.constant(), right.constant())
                    {
                        let value = logic(op, *a, *b);
                        return Some(self.constant(Const::Bool(value), span));
                    }
                    Some(Expr::new(
                        Kind::Logic(op, left.clone(), right.clone()),
                        Type::BOOL,
                        span,
                    ))
                }
                _ => None,
            };
        }
        if let (Some(a), Some(b)) = (Num::of(&left.ty), Num::of(&right.ty)) {
            if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
                return self.shift(op, left, right, a, span);
            }
            let bits = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
            let mut num = promote(a, b).ok();
            if num.is_none() && (a == Num::UInt64 || b == Num::UInt64) {
                // A constant that is not negative goes along with ulong.
                let other = if a == Num::UInt64 { right } else { left };
                if other
                    .constant()
                    .is_some_and(|c| overload::constant_fits(c, &other.ty, &Type::UINT64))
                {
                    num = Some(Num::UInt64);
                } else {
                    self.diagnostics.error_with_help(
                        "CS0034",
                        span,
                        format!(
                            "Operator '{}' is ambiguous on operands of type '{}' and '{}'",
                            op.symbol(),
                            left.ty,
                            right.ty
                        ),
                        Some("cast one side".into()),
                    );
                    return Some(Expr::error(span));
                }
            }
            // `uint + 2`: a constant that fits stays unsigned.
            if num == Some(Num::Int64) && (a == Num::UInt32 || b == Num::UInt32) {
                let other = if a == Num::UInt32 { right } else { left };
                if other
                    .constant()
                    .is_some_and(|c| overload::constant_fits(c, &other.ty, &Type::UINT32))
                {
                    num = Some(Num::UInt32);
                }
            }
            let num = num?;
            if bits && !num.is_integer() {
                return None;
            }
            let ty = num.ty();
            let (left, right) = (
                self.convert(left.clone(), &ty),
                self.convert(right.clone(), &ty),
            );
            if comparison {
                return Some(
                    self.fold_compare(op, &left, &right, span)
                        .unwrap_or_else(|| {
                            Expr::new(Kind::Compare(op, num, left, right), Type::BOOL, span)
                        }),
                );
            }
            if let Some(folded) = self.fold_arith(op, num, &left, &right, span) {
                return Some(folded);
            }
            return Some(Expr::new(
                Kind::Arith(op, num, left, right, self.checked),
                ty,
                span,
            ));
        }
        if left.ty == Type::STRING && right.ty == Type::STRING && equality {
            if let (Some(a), Some(b)) = (left.constant(), right.constant()) {
                let value = (a == b) == (op == BinaryOp::Equal);
                return Some(self.constant(Const::Bool(value), span));
            }
            return Some(Expr::new(
                Kind::EqualText(op == BinaryOp::NotEqual, left.clone(), right.clone()),
                Type::BOOL,
                span,
            ));
        }
        if let Some(found) = self.enum_binary(op, left, right, comparison, span) {
            return Some(found);
        }
        if let (Type::Tuple(a), Type::Tuple(b)) = (&left.ty, &right.ty)
            && equality
            && a.elements.len() == b.elements.len()
        {
            return Some(self.tuple_equality(op, left, right, span));
        }
        if left.ty.is_delegate() && left.ty == right.ty && equality {
            return Some(Expr::new(
                Kind::EqualReference(op == BinaryOp::NotEqual, left.clone(), right.clone()),
                Type::BOOL,
                span,
            ));
        }
        None
    }

    fn shift(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        num: Num,
        span: Span,
    ) -> Option<Expr> {
        if !num.is_integer() {
            return None;
        }
        let wide = match num {
            Num::SByte | Num::Byte | Num::Int16 | Num::UInt16 | Num::Char => Num::Int32,
            other => other,
        };
        relations::standard_implicit(&right.ty, &Type::INT32)?;
        let ty = wide.ty();
        let left = self.convert(left.clone(), &ty);
        let right = self.convert(right.clone(), &Type::INT32);
        if let Some(folded) = self.fold_shift(op, &left, &right, span) {
            return Some(folded);
        }
        Some(Expr::new(
            Kind::Arith(op, wide, left, right, false),
            ty,
            span,
        ))
    }

    fn enum_binary(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        comparison: bool,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = match (left.ty.is_enum(), right.ty.is_enum()) {
            (true, true) if left.ty == right.ty => (left.clone(), right.clone()),
            (true, false) => {
                let ty = left.ty.clone();
                if right
                    .constant()
                    .is_some_and(|c| overload::constant_fits(c, &right.ty, &ty))
                {
                    (left.clone(), self.convert(right.clone(), &ty))
                } else if matches!(op, BinaryOp::Add | BinaryOp::Subtract)
                    && relations::standard_implicit(&right.ty, &Type::INT32).is_some()
                {
                    return Some(self.enum_arithmetic(op, left, right, &ty, span));
                } else {
                    return None;
                }
            }
            (false, true) => {
                let ty = right.ty.clone();
                if left
                    .constant()
                    .is_some_and(|c| overload::constant_fits(c, &left.ty, &ty))
                {
                    (self.convert(left.clone(), &ty), right.clone())
                } else if op == BinaryOp::Add
                    && relations::standard_implicit(&left.ty, &Type::INT32).is_some()
                {
                    return Some(self.enum_arithmetic(op, left, right, &ty, span));
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        let ty = left.ty.clone();
        let number = |binder: &mut Self, e: Expr| {
            binder.apply(e, Conversion::FromEnum(Num::Int64), &Type::INT64)
        };
        let bits = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if !comparison && !bits && op != BinaryOp::Subtract {
            return None;
        }
        let (a, b) = (number(self, left), number(self, right));
        if comparison {
            return Some(self.fold_compare(op, &a, &b, span).unwrap_or_else(|| {
                Expr::new(Kind::Compare(op, Num::Int64, a, b), Type::BOOL, span)
            }));
        }
        let result = self
            .fold_arith(op, Num::Int64, &a, &b, span)
            .unwrap_or_else(|| {
                Expr::new(Kind::Arith(op, Num::Int64, a, b, false), Type::INT64, span)
            });
        if bits {
            let Type::Named(def, _) = ty else { return None };
            return Some(self.apply(
                result,
                Conversion::ToEnum(Num::Int64, def),
                &Type::Named(def, None),
            ));
        }
        Some(self.apply(
            result,
            Conversion::Numeric(Num::Int64, Num::Int32),
            &Type::INT32,
        ))
    }

    fn enum_arithmetic(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        ty: &Type,
        span: Span,
    ) -> Expr {
        let as_int = |binder: &mut Self, e: &Expr| {
            if e.ty.is_enum() {
                binder.apply(e.clone(), Conversion::FromEnum(Num::Int32), &Type::INT32)
            } else {
                binder.convert(e.clone(), &Type::INT32)
            }
        };
        let (a, b) = (as_int(self, left), as_int(self, right));
        let sum = self.binary(op, a, b, span);
        match ty {
            Type::Named(def, _) => self.apply(sum, Conversion::ToEnum(Num::Int32, *def), ty),
            _ => sum,
        }
    }

    fn tuple_equality(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Expr {
        let (a, b) = (
            self.temp(left.ty.clone(), span),
            self.temp(right.ty.clone(), span),
        );
        let set = vec![
            self.set_local(a, left.clone()),
            self.set_local(b, right.clone()),
        ];
        let (Type::Tuple(x), Type::Tuple(y)) = (&left.ty, &right.ty) else {
            return Expr::error(span);
        };
        let mut all: Option<Expr> = None;
        for (i, (s, t)) in x.elements.iter().zip(&y.elements).enumerate() {
            let (la, lb) = (self.local(a, span), self.local(b, span));
            let e = Expr::new(Kind::RecordGet(la, i), s.clone(), span);
            let f = Expr::new(Kind::RecordGet(lb, i), t.clone(), span);
            let one = self.binary(op, e, f, span);
            let joint = if op == BinaryOp::Equal {
                BinaryOp::AndAlso
            } else {
                BinaryOp::OrElse
            };
            all = Some(match all {
                None => one,
                Some(all) => self.short_circuit(joint, all, one, span),
            });
        }
        let all = all.unwrap_or_else(|| Expr::error(span));
        Expr::new(Kind::Sequence(set, all), Type::BOOL, span)
    }

    /// `x == null` for any `x` that can be null, without looking at operators.
    fn equality_with_null(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let value = match (left.is_null(), right.is_null()) {
            (true, true) => {
                return Some(self.constant(Const::Bool(op == BinaryOp::Equal), span));
            }
            (true, false) => right,
            (false, true) => left,
            _ => return None,
        };
        if !value.ty.accepts_null() {
            return None;
        }
        let null = Expr::new(Kind::Const(Const::Null), Type::Null, span);
        Some(Expr::new(
            Kind::EqualReference(op == BinaryOp::NotEqual, value.clone(), null),
            Type::BOOL,
            span,
        ))
    }

    fn reference_equality(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Expr> {
        let reference = |ty: &Type| ty.is_reference();
        if !reference(&left.ty) || !reference(&right.ty) {
            return None;
        }
        // One must convert to the other by a reference conversion.
        let related = relations::is_assignable(&left.ty, &right.ty)
            || relations::is_assignable(&right.ty, &left.ty)
            || left.ty.is_interface()
            || right.ty.is_interface();
        if !related {
            return None;
        }
        for (this, other, code) in [(left, right, "CS0252"), (right, left, "CS0253")] {
            if this.ty == Type::OBJECT && other.ty == Type::STRING && !other.is_null() {
                self.diagnostics.warning_with_help(
                    code,
                    span,
                    "Possible unintended reference comparison: `object` and `string` are equal only when they are the same object",
                    "cast the `object` to compare the texts: `(string)x`",
                );
            }
        }
        Some(Expr::new(
            Kind::EqualReference(op == BinaryOp::NotEqual, left.clone(), right.clone()),
            Type::BOOL,
            span,
        ))
    }

    fn user_binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Expr> {
        let predefined = |ty: &Type| {
            *ty == Type::STRING || *ty == Type::BOOL || Num::of(ty).is_some() || ty.is_enum()
        };
        if predefined(&left.ty) && predefined(&right.ty) {
            return None;
        }
        let symbol = op.symbol();
        let (a, b) = (
            left.ty.unwrap_nullable().clone(),
            right.ty.unwrap_nullable().clone(),
        );
        let mut candidates = overload::methods(&a, symbol, MemberKind::Operator);
        if a != b {
            candidates.extend(overload::methods(&b, symbol, MemberKind::Operator));
        }
        candidates.retain(|c| c.params.len() == 2);
        if candidates.is_empty() {
            return None;
        }
        let lifted =
            left.ty.nullable_underlying().is_some() || right.ty.nullable_underlying().is_some();
        if lifted {
            // The operator on the underlying types, applied when both have a value.
            return None;
        }
        self.operator_call(&candidates, vec![left.clone(), right.clone()], span)
    }

    fn lifted_binary(&mut self, op: BinaryOp, left: Expr, right: Expr, span: Span) -> Expr {
        let a = if left.is_null() {
            right.ty.unwrap_nullable().clone()
        } else {
            left.ty.unwrap_nullable().clone()
        };
        let b = if right.is_null() {
            left.ty.unwrap_nullable().clone()
        } else {
            right.ty.unwrap_nullable().clone()
        };
        if a == Type::BOOL && b == Type::BOOL && matches!(op, BinaryOp::And | BinaryOp::Or) {
            return Expr::new(
                Kind::LiftedLogic(op, left, right),
                Type::nullable(Type::BOOL),
                span,
            );
        }
        let (x, y) = (self.temp(a, span), self.temp(b, span));
        // Constants stay constants, so that `int? + 1` promotes as C# does.
        let inner_left = if left.constant().is_some() && !left.is_null() {
            let mut e = left.clone();
            e.ty = e.ty.unwrap_nullable().clone();
            e
        } else {
            self.local(x, span)
        };
        let inner_right = if right.constant().is_some() && !right.is_null() {
            let mut e = right.clone();
            e.ty = e.ty.unwrap_nullable().clone();
            e
        } else {
            self.local(y, span)
        };
        let before = self.diagnostics.len();
        let inner = self.binary(op, inner_left, inner_right, span);
        if inner.ty == Type::Error {
            self.diagnostics.truncate(before);
            return self.operator_error(op, &left, &right, span);
        }
        let comparison = matches!(
            op,
            BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
                | BinaryOp::Equal
                | BinaryOp::NotEqual
        );
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            // Null equals null; numbers of different types compare after promotion.
            let lt =
                inner_operand_type(&inner).unwrap_or_else(|| left.ty.unwrap_nullable().clone());
            let target = Type::nullable(lt);
            if target
                .nullable_underlying()
                .is_some_and(Type::is_value_type)
                && let (Ok(l), Ok(r)) = (
                    self.try_convert(left.clone(), &target),
                    self.try_convert(right.clone(), &target),
                )
            {
                return Expr::new(
                    Kind::EqualValue(op == BinaryOp::NotEqual, l, r),
                    Type::BOOL,
                    span,
                );
            }
        }
        let ty = if comparison {
            Type::BOOL
        } else {
            Type::nullable(inner.ty.clone())
        };
        Expr::new(
            Kind::Lifted {
                left: (x, left),
                right: (y, right),
                inner,
                comparison,
            },
            ty,
            span,
        )
    }

    pub(super) fn short_circuit(
        &mut self,
        op: BinaryOp,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Expr {
        let is_bool = |ty: &Type| *ty == Type::BOOL || *ty == Type::Dynamic;
        if !is_bool(&left.ty) || !is_bool(&right.ty) {
            if left.ty == Type::Error || right.ty == Type::Error {
                return Expr::error(span);
            }
            return self.operator_error(op, &left, &right, span);
        }
        let (left, right) = (self.condition(left), self.condition(right));
        if let (Some(Const::Bool(a)), Some(Const::Bool(b))) = (left.constant(), right.constant()) {
            let value = if op == BinaryOp::AndAlso {
                *a && *b
            } else {
                *a || *b
            };
            return self.constant(Const::Bool(value), span);
        }
        let kind = if op == BinaryOp::AndAlso {
            Kind::AndAlso(left, right)
        } else {
            Kind::OrElse(left, right)
        };
        Expr::new(kind, Type::BOOL, span)
    }

    fn concat(&mut self, left: Expr, right: Expr, span: Span) -> Expr {
        if let (Some(Const::Str(a)), Some(Const::Str(b))) = (left.constant(), right.constant()) {
            let joined = a.concat(b);
            return self.constant(Const::Str(joined), span);
        }
        let mut parts = Vec::new();
        let flatten = |e: Expr, parts: &mut Vec<Expr>| match (*e.kind, e.ty, e.span) {
            (Kind::Concat(inner), ..) => parts.extend(inner),
            (kind, ty, span) => parts.push(Expr::new(kind, ty, span)),
        };
        flatten(left, &mut parts);
        parts.push(right);
        Expr::new(Kind::Concat(parts), Type::STRING, span)
    }

    /// `left ?? right`, both bound.
    pub(super) fn coalesce(&mut self, left: Expr, right: Expr, span: Span) -> Expr {
        if left.ty == Type::Error || right.ty == Type::Error {
            return Expr::error(span);
        }
        if left.is_null() && right.is_null() {
            return self.operator_error(BinaryOp::Coalesce, &left, &right, span);
        }
        if !left.ty.accepts_null() {
            return self.operator_error(BinaryOp::Coalesce, &left, &right, span);
        }
        if left.is_null() {
            return right;
        }
        let underlying = left.ty.unwrap_nullable().clone();
        let temp = self.temp(left.ty.clone(), span);
        let never = matches!(&*right.kind, Kind::Throw(_));
        // C#'s order: the underlying type, the left type, the right type.
        let mut targets = Vec::new();
        if left.ty.nullable_underlying().is_some() {
            targets.push(underlying.clone());
        }
        targets.push(left.ty.clone());
        for target in targets {
            if never {
                let mut right = right;
                right.ty = target.clone();
                let mut then = self.local(temp, span);
                then.ty = target.clone();
                return Expr::new(
                    Kind::Coalesce {
                        value: left,
                        temp,
                        then,
                        other: right,
                    },
                    target,
                    span,
                );
            }
            if let Ok(other) = self.try_convert(right.clone(), &target) {
                let mut then = self.local(temp, span);
                then.ty = target.clone();
                return Expr::new(
                    Kind::Coalesce {
                        value: left,
                        temp,
                        then,
                        other,
                    },
                    target,
                    span,
                );
            }
        }
        let target = right.ty.clone();
        let mut then = self.local(temp, span);
        then.ty = underlying;
        match self.try_convert(then, &target) {
            Ok(then) => Expr::new(
                Kind::Coalesce {
                    value: left,
                    temp,
                    then,
                    other: right,
                },
                target,
                span,
            ),
            Err(_) => self.operator_error(BinaryOp::Coalesce, &left, &right, span),
        }
    }
}

/// The type both operands of a comparison were promoted to.
fn inner_operand_type(inner: &Expr) -> Option<Type> {
    match &*inner.kind {
        Kind::Compare(_, num, left, _) => {
            // Enumerations compare as numbers, but their values stay enumeration values.
            if let Kind::Convert(source, Conversion::FromEnum(_), _) = &*left.kind {
                return Some(source.ty.clone());
            }
            Some(num.ty())
        }
        _ => None,
    }
}

pub(super) fn logic(op: BinaryOp, a: bool, b: bool) -> bool {
    match op {
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor | BinaryOp::NotEqual => a != b,
        _ => a == b,
    }
}

/// Overload resolution without lambdas.
pub(super) struct NoLambdas;

impl overload::Oracle for NoLambdas {
    fn outcome(&mut self, _index: usize, _inputs: &[Type]) -> overload::Outcome {
        overload::Outcome::Wrong
    }

    fn converts(&mut self, _index: usize, _delegate: &Type) -> bool {
        false
    }
}
