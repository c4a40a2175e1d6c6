//! Expressions.

use super::{Code, Compiler, Fun, Where, gather, lost};
use crate::bind::dynamic;
use crate::bind::tree::{Expr, Kind, Pattern, Piece, VarId};
use crate::clr::composite_format::push_aligned;
use crate::dotnet::collections::{self, Array};
use crate::dotnet::system::default_of;
use crate::dotnet::text::FormattableText;
use crate::fault::ExceptionObject;
use crate::runtime::conversion;
use crate::runtime::{Delegate, DelegateTarget, Fault, R, Runtime, Slot};
use crate::types::relations::{self, Conversion, Num};
use crate::types::{Type, known};
use crate::value::{Const, HostObject, Record, StrBuilder, TypeObject, Value};

/// Elements an array may have; larger ones are refused before memory is touched.
const MOST_ELEMENTS: i64 = 1 << 26;

impl Compiler {
    pub(super) fn val(&mut self, e: Expr) -> Fun<Value> {
        self.expr(e).into_val()
    }

    pub(super) fn vals(&mut self, all: Vec<Expr>) -> Vec<Fun<Value>> {
        all.into_iter().map(|e| self.val(e)).collect()
    }

    pub(super) fn boolean(&mut self, e: Expr) -> Fun<bool> {
        self.expr(e).into_bool()
    }

    pub(super) fn expr(&mut self, e: Expr) -> Code {
        self.nested(|c| c.expr_inner(e))
    }

    fn expr_inner(&mut self, e: Expr) -> Code {
        if let Some(code) = self.context_path(&e) {
            return code;
        }
        let span = e.span;
        let at = span.start;
        let ty = e.ty;
        match *e.kind {
            Kind::Const(value) => constant(value),
            Kind::Context => Code::Val(Box::new(|_| Ok(Value::Host(HostObject::Context)))),
            Kind::Local(id) => self.read(id, &ty),
            Kind::SetLocal(id, value) => self.write(id, value),
            Kind::Convert(value, conversion, checked) => {
                self.convert(value, conversion, checked, at)
            }
            Kind::Negate(num, value, checked) => self.negate(num, value, checked, at),
            Kind::Complement(value) => {
                let f = self.val(value);
                Code::Val(Box::new(move |rt| crate::runtime::ops::complement(&f(rt)?)))
            }
            Kind::Not(value) => {
                let f = self.boolean(value);
                Code::Bool(Box::new(move |rt| Ok(!f(rt)?)))
            }
            Kind::Arith(op, num, a, b, checked) => self.arith(op, num, a, b, checked, at),
            Kind::Compare(op, num, a, b) => self.compare(op, num, a, b),
            Kind::Logic(op, a, b) => self.logic(op, a, b),
            Kind::LiftedLogic(op, a, b) => self.lifted_logic(op, a, b),
            Kind::EqualText(negate, a, b) => self.equal_text(negate, a, b),
            Kind::EqualReference(negate, a, b) => self.equal_reference(negate, a, b),
            Kind::EqualValue(negate, a, b) => {
                let (a, b) = (self.val(a), self.val(b));
                Code::Bool(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    Ok(equal_values(&x, &y) != negate)
                }))
            }
            Kind::Lifted {
                left,
                right,
                inner,
                comparison,
            } => self.lifted(left, right, inner, comparison),
            Kind::LiftedUnary { operand, inner } => {
                let f = self.val(operand.1);
                let set = self.setter(operand.0);
                let inner = self.val(inner);
                Code::Val(Box::new(move |rt| {
                    let value = f(rt)?;
                    if value.is_null() {
                        return Ok(value);
                    }
                    set(rt, value)?;
                    inner(rt)
                }))
            }
            Kind::Concat(parts) => self.concat(parts),
            Kind::Interpolate(pieces) => self.interpolate(pieces, at),
            Kind::Formattable(pieces) => self.formattable(pieces),
            Kind::AndAlso(a, b) => {
                let (a, b) = (self.boolean(a), self.boolean(b));
                Code::Bool(Box::new(move |rt| Ok(a(rt)? && b(rt)?)))
            }
            Kind::OrElse(a, b) => {
                let (a, b) = (self.boolean(a), self.boolean(b));
                Code::Bool(Box::new(move |rt| Ok(a(rt)? || b(rt)?)))
            }
            Kind::Conditional(c, a, b) => self.conditional(c, a, b, &ty),
            Kind::Coalesce {
                value,
                temp,
                then,
                other,
            } => {
                let value = self.val(value);
                let set = self.setter(temp);
                // The plain case hands the value on.
                let same = matches!(&*then.kind, Kind::Local(id) if *id == temp);
                let then = self.val(then);
                let other = self.val(other);
                if same {
                    return Code::Val(Box::new(move |rt| match value(rt)? {
                        Value::Null => other(rt),
                        value => Ok(value),
                    }));
                }
                Code::Val(Box::new(move |rt| match value(rt)? {
                    Value::Null => other(rt),
                    value => {
                        set(rt, value)?;
                        then(rt)
                    }
                }))
            }
            Kind::NullConditional { target, temp, then } => {
                let target = self.val(target);
                let set = self.setter(temp);
                let then = self.val(then);
                Code::Val(Box::new(move |rt| match target(rt)? {
                    Value::Null => Ok(Value::Null),
                    value => {
                        set(rt, value)?;
                        then(rt)
                    }
                }))
            }
            Kind::Is(value, pattern) => {
                let value = self.val(value);
                let test = self.pattern(pattern);
                Code::Bool(Box::new(move |rt| {
                    let value = value(rt)?;
                    test(rt, &value)
                }))
            }
            Kind::As(value, ty) => {
                let f = self.val(value);
                Code::Val(Box::new(move |rt| {
                    let value = f(rt)?;
                    Ok(if relations::is_instance(&value, &ty) {
                        value
                    } else {
                        Value::Null
                    })
                }))
            }
            Kind::Call {
                member,
                types,
                args,
                write_back,
                set,
            } => self.call(member, types, args, write_back, set, at),
            Kind::Invoke {
                target,
                args,
                write_back,
            } => self.invoke(target, args, write_back, at),
            Kind::CallFunction {
                function,
                args,
                write_back,
            } => self.call_function(function, args, write_back, at),
            Kind::Lambda(id) => self.lambda(id, ty),
            Kind::FunctionDelegate(id) => self.function_delegate(id, ty),
            Kind::MemberDelegate {
                member,
                types,
                receiver,
            } => {
                let receiver = receiver.map(|r| self.val(r));
                let checked = member.kind != crate::types::MemberKind::Extension;
                Code::Val(Box::new(move |rt| {
                    let receiver = match &receiver {
                        Some(f) => {
                            let value = f(rt)?;
                            if value.is_null() && checked {
                                return Err(Fault::null_reference().at(at));
                            }
                            Some(value)
                        }
                        None => None,
                    };
                    Ok(Value::object(Delegate {
                        ty: ty.clone(),
                        target: DelegateTarget::Member(member, types.clone(), receiver),
                    }))
                }))
            }
            Kind::NewArray(element, sizes) => self.new_array(element, sizes, at),
            Kind::ArrayLiteral(element, items) => {
                let items = self.vals(items);
                Code::Val(Box::new(move |rt| {
                    rt.allocate(items.len() * size_of::<Value>() + 64)?;
                    let mut out = Vec::with_capacity(items.len());
                    for item in &items {
                        out.push(item(rt)?);
                    }
                    Ok(collections::array(element.clone(), out))
                }))
            }
            Kind::GridLiteral(element, rows) => {
                let columns = rows.first().map_or(0, Vec::len);
                let items: Vec<_> = rows.into_iter().flatten().map(|e| self.val(e)).collect();
                Code::Val(Box::new(move |rt| {
                    rt.allocate(items.len() * size_of::<Value>() + 64)?;
                    let mut out = Vec::with_capacity(items.len());
                    for item in &items {
                        out.push(item(rt)?);
                    }
                    Ok(Value::object(
                        Array::new(element.clone(), out).with_columns(columns),
                    ))
                }))
            }
            Kind::ArrayGet(array, indices) => self.array_get(array, indices, at),
            Kind::ArraySet(array, indices, value) => self.array_set(array, indices, value, at),
            Kind::NewRecord(ty, items) => {
                let items = self.vals(items);
                Code::Val(Box::new(move |rt| {
                    rt.allocate(items.len() * size_of::<Value>() + 64)?;
                    let mut out = Vec::with_capacity(items.len());
                    for item in &items {
                        out.push(item(rt)?);
                    }
                    Ok(Record::value(ty.clone(), out))
                }))
            }
            Kind::RecordGet(record, index) => {
                let f = self.val(record);
                Code::Val(Box::new(move |rt| match f(rt)?.as_object::<Record>() {
                    Some(record) => Ok(record.get(index)),
                    None => Err(Fault::null_reference().at(at)),
                }))
            }
            Kind::RecordWith(record, index, value) => {
                let (f, value) = (self.val(record), self.val(value));
                Code::Val(Box::new(move |rt| {
                    let record = f(rt)?;
                    let value = value(rt)?;
                    let Some(record) = record.as_object::<Record>() else {
                        return Err(Fault::null_reference().at(at));
                    };
                    let mut fields = record.fields.borrow().clone();
                    if let Some(field) = fields.get_mut(index) {
                        *field = value;
                    }
                    Ok(Record::value(record.ty.clone(), fields))
                }))
            }
            Kind::Sequence(effects, value) => {
                let effects: Vec<_> = effects.into_iter().map(|e| self.effect(e)).collect();
                let value = self.val(value);
                Code::Val(Box::new(move |rt| {
                    for effect in &effects {
                        effect(rt)?;
                    }
                    value(rt)
                }))
            }
            Kind::Throw(value) => {
                let f = self.val(value);
                Code::Val(Box::new(move |rt| Err(thrown(&f(rt)?).at(at))))
            }
            Kind::TypeOf(ty) => {
                Code::Val(Box::new(move |_| Ok(Value::object(TypeObject(ty.clone())))))
            }
            Kind::DefaultOf(ty) => Code::Val(Box::new(move |_| Ok(default_of(&ty)))),
            Kind::DynamicGet(receiver, name) => {
                let f = self.val(receiver);
                Code::Val(Box::new(move |rt| {
                    let receiver = f(rt)?;
                    dynamic::get(rt, &receiver, &name).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicSet(receiver, name, value) => {
                let (f, value) = (self.val(receiver), self.val(value));
                Code::Val(Box::new(move |rt| {
                    let (receiver, value) = (f(rt)?, value(rt)?);
                    dynamic::set(rt, &receiver, &name, &value).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicIndex(receiver, args) => {
                let (f, args) = (self.val(receiver), self.vals(args));
                Code::Val(Box::new(move |rt| {
                    let receiver = f(rt)?;
                    let args = run_all(rt, &args)?;
                    dynamic::index(rt, &receiver, &args).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicSetIndex(receiver, args, value) => {
                let (f, args, value) = (self.val(receiver), self.vals(args), self.val(value));
                Code::Val(Box::new(move |rt| {
                    let receiver = f(rt)?;
                    let args = run_all(rt, &args)?;
                    let value = value(rt)?;
                    dynamic::set_index(rt, &receiver, &args, &value).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicCall(receiver, name, args) => {
                let (f, args) = (self.val(receiver), self.vals(args));
                Code::Val(Box::new(move |rt| {
                    let receiver = f(rt)?;
                    let args = run_all(rt, &args)?;
                    dynamic::call(rt, &receiver, &name, &args).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicInvoke(target, args) => {
                let (f, args) = (self.val(target), self.vals(args));
                Code::Val(Box::new(move |rt| {
                    let target = f(rt)?;
                    let args = run_all(rt, &args)?;
                    dynamic::invoke(rt, &target, &args).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicUnary(op, value) => {
                let f = self.val(value);
                Code::Val(Box::new(move |rt| {
                    dynamic::unary(op, &f(rt)?).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicBinary(op, a, b) => {
                let opaque = (a.ty == Type::OBJECT, b.ty == Type::OBJECT);
                let (a, b) = (self.val(a), self.val(b));
                Code::Val(Box::new(move |rt| {
                    let (x, y) = (a(rt)?, b(rt)?);
                    dynamic::binary(rt, op, &x, &y, opaque).map_err(|e| e.at(at))
                }))
            }
            Kind::DynamicOverload {
                receiver,
                candidates,
                args,
                name,
            } => {
                let receiver = receiver.map(|r| self.val(r));
                let args = self.vals(args);
                Code::Val(Box::new(move |rt| {
                    let receiver = match &receiver {
                        Some(f) => Some(f(rt)?),
                        None => None,
                    };
                    if receiver.as_ref().is_some_and(Value::is_null) {
                        return Err(Fault::null_reference().at(at));
                    }
                    let args = run_all(rt, &args)?;
                    dynamic::call_overload(rt, receiver.as_ref(), &candidates, &args, &name)
                        .map_err(|e| e.at(at))
                }))
            }
            Kind::Error => Code::Val(Box::new(|_| {
                Err(Fault::limit("The expression has errors and cannot run."))
            })),
        }
    }

    /// An expression for its effect alone.
    pub(super) fn effect(&mut self, e: Expr) -> Fun<()> {
        if let Kind::SetLocal(id, value) = *e.kind {
            let value = self.val(value);
            let set = self.setter(id);
            return Box::new(move |rt| {
                let value = value(rt)?;
                set(rt, value)
            });
        }
        match self.expr(e) {
            Code::Bool(f) => Box::new(move |rt| f(rt).map(drop)),
            Code::Int(f) => Box::new(move |rt| f(rt).map(drop)),
            Code::Long(f) => Box::new(move |rt| f(rt).map(drop)),
            Code::Double(f) => Box::new(move |rt| f(rt).map(drop)),
            Code::Val(f) => Box::new(move |rt| f(rt).map(drop)),
        }
    }

    // Variables.

    fn read(&mut self, id: VarId, ty: &Type) -> Code {
        let place = self.locate(id);
        if let Where::Slot(slot) = place {
            match ty {
                Type::Named(known::INT32, None) => {
                    return Code::Int(Box::new(move |rt| match rt.stack.get(rt.base + slot) {
                        Some(Slot::Plain(Value::Int32(n))) => Ok(*n),
                        Some(Slot::Plain(other)) => Err(super::wrong_type("int", other)),
                        _ => Err(lost()),
                    }));
                }
                Type::Named(known::BOOLEAN, None) => {
                    return Code::Bool(Box::new(move |rt| match rt.stack.get(rt.base + slot) {
                        Some(Slot::Plain(Value::Bool(b))) => Ok(*b),
                        Some(Slot::Plain(other)) => Err(super::wrong_type("bool", other)),
                        _ => Err(lost()),
                    }));
                }
                _ => {
                    return Code::Val(Box::new(move |rt| match rt.stack.get(rt.base + slot) {
                        Some(Slot::Plain(value)) => Ok(value.clone()),
                        Some(Slot::Shared(cell)) => Ok(cell.borrow().clone()),
                        None => Err(lost()),
                    }));
                }
            }
        }
        Code::Val(match place {
            Where::Captured(index) => {
                Box::new(
                    move |rt| match rt.captured.as_ref().and_then(|c| c.get(index)) {
                        Some(cell) => Ok(cell.borrow().clone()),
                        None => Err(lost()),
                    },
                )
            }
            Where::Slot(slot) | Where::Shared(slot) => {
                Box::new(move |rt| match rt.stack.get(rt.base + slot) {
                    Some(Slot::Plain(value)) => Ok(value.clone()),
                    Some(Slot::Shared(cell)) => Ok(cell.borrow().clone()),
                    None => Err(lost()),
                })
            }
        })
    }

    #[allow(clippy::type_complexity)]
    pub(super) fn setter(
        &self,
        id: VarId,
    ) -> Box<dyn Fn(&mut Runtime<'_>, Value) -> R<()> + Send + Sync> {
        match self.locate(id) {
            Where::Captured(index) => {
                Box::new(
                    move |rt, value| match rt.captured.as_ref().and_then(|c| c.get(index)) {
                        Some(cell) => {
                            *cell.borrow_mut() = value;
                            Ok(())
                        }
                        None => Err(lost()),
                    },
                )
            }
            Where::Slot(slot) | Where::Shared(slot) => Box::new(move |rt, value| {
                let at = rt.base + slot;
                match rt.stack.get_mut(at) {
                    Some(Slot::Plain(place)) => *place = value,
                    Some(Slot::Shared(cell)) => *cell.borrow_mut() = value,
                    None => return Err(lost()),
                }
                Ok(())
            }),
        }
    }

    fn write(&mut self, id: VarId, value: Expr) -> Code {
        let place = self.locate(id);
        let code = self.expr(value);
        if let (Where::Slot(slot), Code::Int(_)) = (place, &code)
            && let Code::Int(f) = code
        {
            return Code::Int(Box::new(move |rt| {
                let n = f(rt)?;
                let at = rt.base + slot;
                match rt.stack.get_mut(at) {
                    Some(place) => *place = Slot::Plain(Value::Int32(n)),
                    None => return Err(lost()),
                }
                Ok(n)
            }));
        }
        let f = code.into_val();
        let set = self.setter(id);
        Code::Val(Box::new(move |rt| {
            let value = f(rt)?;
            set(rt, value.clone())?;
            Ok(value)
        }))
    }

    // Conversions.

    fn convert(&mut self, value: Expr, conversion: Conversion, checked: bool, at: u32) -> Code {
        match &conversion {
            Conversion::Numeric(Num::Int32, Num::Int64) => {
                let f = self.expr(value).into_int();
                return Code::Long(Box::new(move |rt| Ok(i64::from(f(rt)?))));
            }
            Conversion::Numeric(Num::Int32, Num::Double) => {
                let f = self.expr(value).into_int();
                return Code::Double(Box::new(move |rt| Ok(f64::from(f(rt)?))));
            }
            Conversion::Cast(Type::Named(known::INT32, None)) => {
                let f = self.val(value);
                return Code::Int(Box::new(move |rt| match f(rt)? {
                    Value::Int32(n) => Ok(n),
                    other => match conversion::cast(other, &Type::INT32).map_err(|e| e.at(at))? {
                        Value::Int32(n) => Ok(n),
                        other => Err(super::wrong_type("int", &other)),
                    },
                }));
            }
            Conversion::Cast(Type::Named(known::BOOLEAN, None)) => {
                let f = self.val(value);
                return Code::Bool(Box::new(move |rt| match f(rt)? {
                    Value::Bool(b) => Ok(b),
                    other => match conversion::cast(other, &Type::BOOL).map_err(|e| e.at(at))? {
                        Value::Bool(b) => Ok(b),
                        other => Err(super::wrong_type("bool", &other)),
                    },
                }));
            }
            Conversion::Cast(Type::Named(known::STRING, None)) => {
                let f = self.val(value);
                return Code::Val(Box::new(move |rt| match f(rt)? {
                    value @ (Value::Str(_) | Value::Null) => Ok(value),
                    other => conversion::cast(other, &Type::STRING).map_err(|e| e.at(at)),
                }));
            }
            _ => {}
        }
        let f = self.val(value);
        Code::Val(Box::new(move |rt| {
            let value = f(rt)?;
            conversion::apply(rt, value, &conversion, checked).map_err(|e| e.at(at))
        }))
    }

    // Text.

    fn concat(&mut self, parts: Vec<Expr>) -> Code {
        let parts = self.vals(parts);
        Code::Val(Box::new(move |rt| {
            let mut out = StrBuilder::new();
            for part in &parts {
                match part(rt)? {
                    Value::Null => {}
                    Value::Str(text) => out.push(&text),
                    other => out.push(&rt.to_text(&other)?),
                }
            }
            rt.allocate(out.size())?;
            Ok(Value::Str(out.finish()))
        }))
    }

    /// The format that C# makes of an interpolated text, and its arguments.
    fn formattable(&mut self, pieces: Vec<Piece>) -> Code {
        let mut format = StrBuilder::new();
        let mut holes: Vec<Fun<Value>> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    let doubled = text.to_utf8().replace('{', "{{").replace('}', "}}");
                    format.push_str(&doubled);
                }
                Piece::Hole {
                    value,
                    align,
                    format: own,
                } => {
                    format.push_str(&format!("{{{}", holes.len()));
                    if align != 0 {
                        format.push_str(&format!(",{align}"));
                    }
                    if let Some(own) = own {
                        format.push_str(":");
                        format.push(&own);
                    }
                    format.push_str("}");
                    holes.push(self.val(value));
                }
            }
        }
        let format = format.finish();
        Code::Val(Box::new(move |rt| {
            rt.allocate(FormattableText::SIZE + holes.len() * size_of::<Value>())?;
            let args: Vec<Value> = holes.iter().map(|hole| hole(rt)).collect::<R<_>>()?;
            Ok(Value::object(FormattableText::new(format.clone(), args)))
        }))
    }

    fn interpolate(&mut self, pieces: Vec<Piece>, at: u32) -> Code {
        if let Some(text) = Piece::plain(&pieces) {
            return constant(Const::Str(text));
        }
        enum Part {
            Text(crate::value::Str),
            Hole(Fun<Value>, i32, Option<String>),
        }
        let parts: Vec<Part> = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Part::Text(text),
                Piece::Hole {
                    value,
                    align,
                    format,
                } => Part::Hole(
                    self.val(value),
                    align,
                    format.map(|f| f.to_utf8().into_owned()),
                ),
            })
            .collect();
        Code::Val(Box::new(move |rt| {
            let mut out = StrBuilder::new();
            for part in &parts {
                match part {
                    Part::Text(text) => out.push(text),
                    Part::Hole(value, align, format) => {
                        let value = value(rt)?;
                        let text = rt.format(&value, format.as_deref()).map_err(|e| e.at(at))?;
                        if *align == 0 {
                            out.push(&text);
                        } else {
                            rt.allocate(usize::try_from(align.unsigned_abs()).unwrap_or(0))?;
                            let mut padded = String::new();
                            push_aligned(&mut padded, &text.to_utf8(), *align);
                            out.push_str(&padded);
                        }
                    }
                }
            }
            rt.allocate(out.size())?;
            Ok(Value::Str(out.finish()))
        }))
    }

    fn conditional(&mut self, c: Expr, a: Expr, b: Expr, ty: &Type) -> Code {
        let c = self.boolean(c);
        match ty {
            Type::Named(known::BOOLEAN, None) => {
                let (a, b) = (self.boolean(a), self.boolean(b));
                Code::Bool(Box::new(move |rt| if c(rt)? { a(rt) } else { b(rt) }))
            }
            Type::Named(known::INT32, None) => {
                let (a, b) = (self.expr(a).into_int(), self.expr(b).into_int());
                Code::Int(Box::new(move |rt| if c(rt)? { a(rt) } else { b(rt) }))
            }
            _ => {
                let (a, b) = (self.val(a), self.val(b));
                Code::Val(Box::new(move |rt| if c(rt)? { a(rt) } else { b(rt) }))
            }
        }
    }

    #[allow(clippy::type_complexity)]
    pub(super) fn pattern(
        &mut self,
        pattern: Pattern,
    ) -> Box<dyn Fn(&mut Runtime<'_>, &Value) -> R<bool> + Send + Sync> {
        match pattern {
            Pattern::Type(ty, None) => {
                Box::new(move |_, value| Ok(relations::is_instance(value, &ty)))
            }
            Pattern::Type(ty, Some(id)) => {
                let set = self.setter(id);
                Box::new(move |rt, value| {
                    let matches = relations::is_instance(value, &ty);
                    if matches {
                        set(rt, value.clone())?;
                    }
                    Ok(matches)
                })
            }
            Pattern::Constant(constant) => {
                Box::new(move |_, value| Ok(crate::runtime::equals(value, &Value::from(&constant))))
            }
            Pattern::Var(None) => Box::new(|_, _| Ok(true)),
            Pattern::Var(Some(id)) => {
                let set = self.setter(id);
                Box::new(move |rt, value| {
                    set(rt, value.clone())?;
                    Ok(true)
                })
            }
        }
    }

    // Functions.

    fn lambda(&mut self, id: crate::bind::tree::FuncId, ty: Type) -> Code {
        let Some(code) = self.function_code(id) else {
            return Code::Val(Box::new(|_| Err(lost())));
        };
        let places = self.captured_places(id);
        Code::Val(Box::new(move |rt| {
            rt.allocate(96 + places.len() * 16)?;
            let cells = gather(rt, &places)?;
            Ok(Value::object(Delegate {
                ty: ty.clone(),
                target: DelegateTarget::Function(code.clone(), cells),
            }))
        }))
    }

    fn function_delegate(&mut self, id: crate::bind::tree::FuncId, ty: Type) -> Code {
        let handle = self.function_handle(id);
        let places = self.captured_places(id);
        Code::Val(Box::new(move |rt| {
            rt.allocate(96 + places.len() * 16)?;
            let cells = gather(rt, &places)?;
            let place = handle.upgrade().ok_or_else(lost)?;
            let code = place.get().ok_or_else(lost)?.clone();
            Ok(Value::object(Delegate {
                ty: ty.clone(),
                target: DelegateTarget::Function(code, cells),
            }))
        }))
    }

    // Arrays.

    fn new_array(&mut self, element: Type, sizes: Vec<Expr>, at: u32) -> Code {
        let two = sizes.len() == 2;
        let sizes: Vec<_> = sizes.into_iter().map(|s| self.expr(s).into_int()).collect();
        Code::Val(Box::new(move |rt| {
            let mut total: i64 = 1;
            let mut columns = 0;
            for size in &sizes {
                let n = size(rt)?;
                if n < 0 {
                    return Err(Fault::overflow().at(at));
                }
                columns = usize::try_from(n).unwrap_or(0);
                total = total.saturating_mul(i64::from(n));
            }
            let count = match usize::try_from(total) {
                Ok(count) if total <= MOST_ELEMENTS => count,
                _ => {
                    return Err(Fault::limit("The array is larger than the limit allows.").at(at));
                }
            };
            if element == Type::BYTE && !two {
                rt.allocate(count + 64)?;
                return Ok(collections::byte_array(vec![0; count]));
            }
            rt.allocate(count * size_of::<Value>() + 64)?;
            let zero = default_of(&element);
            let array = Array::new(element.clone(), vec![zero; count]);
            Ok(Value::object(if two {
                array.with_columns(columns)
            } else {
                array
            }))
        }))
    }

    fn array_get(&mut self, array: Expr, indices: Vec<Expr>, at: u32) -> Code {
        let array = self.val(array);
        let indices: Vec<_> = indices
            .into_iter()
            .map(|i| self.expr(i).into_int())
            .collect();
        Code::Val(Box::new(move |rt| {
            let value = array(rt)?;
            let Some(array) = value.as_object::<Array>() else {
                return Err(Fault::null_reference().at(at));
            };
            let index = position(rt, array, &indices)?;
            index
                .and_then(|i| array.get(i))
                .ok_or_else(|| Fault::index_out_of_range().at(at))
        }))
    }

    fn array_set(&mut self, array: Expr, indices: Vec<Expr>, value: Expr, at: u32) -> Code {
        let array = self.val(array);
        let indices: Vec<_> = indices
            .into_iter()
            .map(|i| self.expr(i).into_int())
            .collect();
        let value = self.val(value);
        Code::Val(Box::new(move |rt| {
            let target = array(rt)?;
            let Some(array) = target.as_object::<Array>() else {
                return Err(Fault::null_reference().at(at));
            };
            let index = position(rt, array, &indices)?;
            let value = value(rt)?;
            // A `string[]` seen as `object[]` still takes strings only.
            if !value.is_null()
                && array.element.is_reference()
                && array.element != Type::OBJECT
                && !relations::is_instance(&value, &array.element)
            {
                return Err(Fault::new(
                    "System.ArrayTypeMismatchException",
                    crate::value::Str::literal(
                        "Attempted to access an element as a type incompatible with the array.",
                    ),
                )
                .at(at));
            }
            if index.is_some_and(|i| array.set(i, value.clone())) {
                Ok(value)
            } else {
                Err(Fault::index_out_of_range().at(at))
            }
        }))
    }
}

/// Position of an element in the array's row-major order; `None` when it is outside.
fn position(rt: &mut Runtime<'_>, array: &Array, indices: &[Fun<i32>]) -> R<Option<usize>> {
    match (indices, array.columns) {
        ([index], _) => Ok(usize::try_from(index(rt)?).ok()),
        ([row, column], Some(columns)) => {
            let (row, column) = (row(rt)?, column(rt)?);
            let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else {
                return Ok(None);
            };
            Ok((column < columns).then_some(row * columns + column))
        }
        _ => Ok(None),
    }
}

pub(super) fn run_all(rt: &mut Runtime<'_>, all: &[Fun<Value>]) -> R<Vec<Value>> {
    all.iter().map(|f| f(rt)).collect()
}

/// The fault of a thrown value; throwing null is a NullReferenceException.
pub(super) fn thrown(value: &Value) -> Fault {
    match value.to_object::<ExceptionObject>() {
        Some(exception) => Fault::throw(exception),
        None => Fault::null_reference(),
    }
}

fn constant(value: Const) -> Code {
    match value {
        Const::Bool(b) => Code::Bool(Box::new(move |_| Ok(b))),
        Const::Int32(n) => Code::Int(Box::new(move |_| Ok(n))),
        Const::Int64(n) => Code::Long(Box::new(move |_| Ok(n))),
        Const::Double(n) => Code::Double(Box::new(move |_| Ok(n))),
        Const::Str(text) => Code::Val(Box::new(move |_| Ok(Value::Str(text.clone())))),
        other => Code::Val(Box::new(move |_| Ok(Value::from(&other)))),
    }
}

/// Equality of two values of one static type, as their `==` has it: NaN differs from itself.
pub(super) fn equal_values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b,
        (Value::Single(a), Value::Single(b)) => a == b,
        _ => crate::runtime::equals(a, b),
    }
}
