//! Operators, by operand type.

use super::expression::equal_values;
use super::{Code, Compiler, Fun};
use crate::bind::tree::{Expr, Kind, VarId};
use crate::runtime::ops;
use crate::syntax::ast::BinaryOp;
use crate::types::Type;
use crate::types::relations::Num;
use crate::value::{Const, Value};

/// One closure for each comparison operator, the right side possibly a constant.
macro_rules! comparisons {
    ($op:expr, $a:ident, $b:ident, $constant:expr) => {
        match $constant {
            Some(k) => match $op {
                BinaryOp::Equal => Box::new(move |rt| Ok($a(rt)? == k)),
                BinaryOp::NotEqual => Box::new(move |rt| Ok($a(rt)? != k)),
                BinaryOp::Less => Box::new(move |rt| Ok($a(rt)? < k)),
                BinaryOp::LessEqual => Box::new(move |rt| Ok($a(rt)? <= k)),
                BinaryOp::Greater => Box::new(move |rt| Ok($a(rt)? > k)),
                _ => Box::new(move |rt| Ok($a(rt)? >= k)),
            },
            None => match $op {
                BinaryOp::Equal => Box::new(move |rt| Ok($a(rt)? == $b(rt)?)),
                BinaryOp::NotEqual => Box::new(move |rt| Ok($a(rt)? != $b(rt)?)),
                BinaryOp::Less => Box::new(move |rt| Ok($a(rt)? < $b(rt)?)),
                BinaryOp::LessEqual => Box::new(move |rt| Ok($a(rt)? <= $b(rt)?)),
                BinaryOp::Greater => Box::new(move |rt| Ok($a(rt)? > $b(rt)?)),
                _ => Box::new(move |rt| Ok($a(rt)? >= $b(rt)?)),
            },
        }
    };
}

impl Compiler {
    pub(super) fn compare(&mut self, op: BinaryOp, num: Num, a: Expr, b: Expr) -> Code {
        let constant = b.constant().cloned();
        match num {
            Num::Int32 => {
                let k = match constant {
                    Some(Const::Int32(k)) => Some(k),
                    _ => None,
                };
                let (a, b) = (self.expr(a).into_int(), self.expr(b).into_int());
                let f: Fun<bool> = comparisons!(op, a, b, k);
                Code::Bool(f)
            }
            Num::Int64 => {
                let k = match constant {
                    Some(Const::Int64(k)) => Some(k),
                    _ => None,
                };
                let (a, b) = (self.expr(a).into_long(), self.expr(b).into_long());
                let f: Fun<bool> = comparisons!(op, a, b, k);
                Code::Bool(f)
            }
            #[allow(clippy::float_cmp)] // C#'s own comparison
            Num::Double => {
                let k = match constant {
                    Some(Const::Double(k)) => Some(k),
                    _ => None,
                };
                let (a, b) = (self.expr(a).into_double(), self.expr(b).into_double());
                let f: Fun<bool> = comparisons!(op, a, b, k);
                Code::Bool(f)
            }
            _ => {
                let (a, b) = (self.val(a), self.val(b));
                Code::Bool(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    Ok(ops::compare(op, &x, &y))
                }))
            }
        }
    }

    pub(super) fn arith(
        &mut self,
        op: BinaryOp,
        num: Num,
        a: Expr,
        b: Expr,
        checked: bool,
        at: u32,
    ) -> Code {
        if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
            let (a, b) = (self.val(a), self.expr(b).into_int());
            return Code::Val(Box::new(move |rt| {
                let value = a(rt)?;
                let count = b(rt)?;
                ops::shift(op, &value, count)
            }));
        }
        match num {
            Num::Int32 => {
                let (a, b) = (self.expr(a).into_int(), self.expr(b).into_int());
                Code::Int(match op {
                    BinaryOp::Add if !checked => {
                        Box::new(move |rt| Ok(a(rt)?.wrapping_add(b(rt)?)))
                    }
                    BinaryOp::Subtract if !checked => {
                        Box::new(move |rt| Ok(a(rt)?.wrapping_sub(b(rt)?)))
                    }
                    BinaryOp::Multiply if !checked => {
                        Box::new(move |rt| Ok(a(rt)?.wrapping_mul(b(rt)?)))
                    }
                    _ => Box::new(move |rt| {
                        let (x, y) = (a(rt)?, b(rt)?);
                        ops::int32(op, x, y, checked).map_err(|e| e.at(at))
                    }),
                })
            }
            Num::Int64 => {
                let (a, b) = (self.expr(a).into_long(), self.expr(b).into_long());
                Code::Long(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    ops::int64(op, x, y, checked).map_err(|e| e.at(at))
                }))
            }
            Num::Double => {
                let (a, b) = (self.expr(a).into_double(), self.expr(b).into_double());
                Code::Double(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    Ok(ops::double(op, x, y))
                }))
            }
            _ => {
                let (a, b) = (self.val(a), self.val(b));
                Code::Val(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    ops::arith(op, num, &x, &y, checked).map_err(|e| e.at(at))
                }))
            }
        }
    }

    pub(super) fn negate(&mut self, num: Num, value: Expr, checked: bool, at: u32) -> Code {
        if num == Num::Int32 && !checked {
            let f = self.expr(value).into_int();
            return Code::Int(Box::new(move |rt| Ok(f(rt)?.wrapping_neg())));
        }
        let f = self.val(value);
        Code::Val(Box::new(move |rt| {
            ops::negate(&f(rt)?, checked).map_err(|e| e.at(at))
        }))
    }

    pub(super) fn logic(&mut self, op: BinaryOp, a: Expr, b: Expr) -> Code {
        let (a, b) = (self.boolean(a), self.boolean(b));
        Code::Bool(match op {
            BinaryOp::And => Box::new(move |rt| Ok(a(rt)? & b(rt)?)),
            BinaryOp::Or => Box::new(move |rt| Ok(a(rt)? | b(rt)?)),
            BinaryOp::Equal => Box::new(move |rt| Ok(a(rt)? == b(rt)?)),
            _ => Box::new(move |rt| Ok(a(rt)? != b(rt)?)),
        })
    }

    /// Three-valued `&` and `|`.
    pub(super) fn lifted_logic(&mut self, op: BinaryOp, a: Expr, b: Expr) -> Code {
        let (a, b) = (self.val(a), self.val(b));
        let decides = op == BinaryOp::Or;
        Code::Val(Box::new(move |rt| {
            let (x, y) = (a(rt)?, b(rt)?);
            let decided = |v: &Value| matches!(v, Value::Bool(b) if *b == decides);
            Ok(if decided(&x) || decided(&y) {
                Value::Bool(decides)
            } else if x.is_null() || y.is_null() {
                Value::Null
            } else {
                Value::Bool(!decides)
            })
        }))
    }

    pub(super) fn equal_text(&mut self, negate: bool, a: Expr, b: Expr) -> Code {
        let constant = |e: &Expr| match e.constant() {
            Some(Const::Str(text)) => Some(text.clone()),
            _ => None,
        };
        let (a, b) = if constant(&a).is_some() {
            (b, a)
        } else {
            (a, b)
        };
        if let Some(text) = constant(&b) {
            if let Some(code) = self.host_text_equals(&a, &text, negate) {
                return code;
            }
            let f = self.val(a);
            return Code::Bool(Box::new(move |rt| {
                Ok(matches!(f(rt)?, Value::Str(found) if found == text) != negate)
            }));
        }
        let (a, b) = (self.val(a), self.val(b));
        Code::Bool(Box::new(move |rt| {
            let (x, y) = (a(rt)?, b(rt)?);
            let equal = match (&x, &y) {
                (Value::Str(x), Value::Str(y)) => crate::runtime::same_text(x, y),
                (Value::Null, Value::Null) => true,
                _ => false,
            };
            Ok(equal != negate)
        }))
    }

    pub(super) fn equal_reference(&mut self, negate: bool, a: Expr, b: Expr) -> Code {
        let null = |e: &Expr| matches!(&*e.kind, Kind::Const(Const::Null));
        let (a, b) = if null(&a) { (b, a) } else { (a, b) };
        if null(&b) {
            let f = self.val(a);
            return Code::Bool(Box::new(move |rt| Ok(f(rt)?.is_null() != negate)));
        }
        let strings = a.ty == Type::STRING && b.ty == Type::STRING;
        let (a, b) = (self.val(a), self.val(b));
        Code::Bool(Box::new(move |rt| {
            let (x, y) = (a(rt)?, b(rt)?);
            Ok((x.same(&y) || (strings && equal_values(&x, &y))) != negate)
        }))
    }

    pub(super) fn lifted(
        &mut self,
        left: (VarId, Expr),
        right: (VarId, Expr),
        inner: Expr,
        comparison: bool,
    ) -> Code {
        let (a, b) = (self.val(left.1), self.val(right.1));
        let (set_a, set_b) = (self.setter(left.0), self.setter(right.0));
        if comparison {
            let inner = self.boolean(inner);
            return Code::Bool(Box::new(move |rt| {
                let (x, y) = (a(rt)?, b(rt)?);
                if x.is_null() || y.is_null() {
                    return Ok(false);
                }
                set_a(rt, x)?;
                set_b(rt, y)?;
                inner(rt)
            }));
        }
        let inner = self.val(inner);
        Code::Val(Box::new(move |rt| {
            let (x, y) = (a(rt)?, b(rt)?);
            if x.is_null() || y.is_null() {
                return Ok(Value::Null);
            }
            set_a(rt, x)?;
            set_b(rt, y)?;
            inner(rt)
        }))
    }
}
