//! `System.Text.StringBuilder`.

use std::cell::RefCell;
use std::rc::Rc;

use super::join::{composite, format_arguments};
use super::string::{chars, int};
use crate::dotnet::collections::Array;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};

const NAME: &str = "System.Text.StringBuilder";

/// A text that grows, in code units.
#[derive(Default)]
pub(crate) struct StringBuilder {
    units: RefCell<Vec<u16>>,
}

impl StringBuilder {
    /// Appends text, accounted for.
    pub(crate) fn append(&self, rt: &mut Runtime<'_>, text: &Str) -> R<()> {
        rt.spend(1 + text.len() as u64 / 64)?;
        rt.allocate(text.len().saturating_mul(2))?;
        let mut units = self.units.borrow_mut();
        match text.as_ascii() {
            Some(ascii) => units.extend(ascii.bytes().map(u16::from)),
            None => units.extend_from_slice(&text.units()),
        }
        Ok(())
    }

    /// The whole text.
    pub(crate) fn text(&self) -> Str {
        Str::from_units(&self.units.borrow())
    }
}

impl Object for StringBuilder {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name(NAME)
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let length = self.units.borrow().len();
        rt.spend(1 + length as u64 / 64)?;
        rt.allocate(length)?;
        Ok(Some(self.text()))
    }
}

fn this(c: &Call<'_, '_>) -> R<Rc<StringBuilder>> {
    c.object::<StringBuilder>(0)
}

fn out_of_range(name: &str) -> Fault {
    Fault::out_of_range(
        name,
        "Index was out of range. Must be non-negative and less than the size of the collection.",
    )
}

/// Start and end of a part of the builder, from arguments `at` and `at + 1`.
fn range(c: &Call<'_, '_>, at: usize, length: usize) -> R<std::ops::Range<usize>> {
    let start = usize::try_from(c.int(at)?).map_err(|_| out_of_range("startIndex"))?;
    let count = usize::try_from(c.int(at + 1)?).map_err(|_| out_of_range("length"))?;
    match start.checked_add(count).filter(|end| *end <= length) {
        Some(end) => Ok(start..end),
        None => Err(out_of_range("length")),
    }
}

/// The text of the value that an `Append` or `Insert` takes.
fn text_of(c: &mut Call<'_, '_>, index: usize) -> R<Str> {
    let value = c.value(index);
    match value.as_object::<Array>() {
        Some(array) if array.element == Type::CHAR => Ok(Str::from_units(&chars(c, index)?)),
        _ => c.rt.to_text(&value),
    }
}

fn append(c: &mut Call<'_, '_>) -> R<Value> {
    let text = text_of(c, 1)?;
    this(c)?.append(c.rt, &text)?;
    Ok(c.value(0))
}

fn append_line(c: &mut Call<'_, '_>) -> R<Value> {
    if c.len() > 1 {
        append(c)?;
    }
    this(c)?.append(c.rt, &Str::literal("\n"))?;
    Ok(c.value(0))
}

fn append_format(c: &mut Call<'_, '_>, at: usize, array: bool) -> R<Value> {
    let format = c.str(at)?;
    let args = format_arguments(c, at + 1, array)?;
    let text = composite(c.rt, &format, &args)?;
    this(c)?.append(c.rt, &text)?;
    Ok(c.value(0))
}

fn append_join(c: &mut Call<'_, '_>) -> R<Value> {
    let separator = match c.value(1) {
        Value::Char(unit) => Str::from_unit(unit),
        _ => c.opt_str(1)?.unwrap_or(Str::EMPTY),
    };
    let (builder, source) = (this(c)?, c.required(2)?);
    for (at, item) in c.rt.collect(&source)?.iter().enumerate() {
        if at > 0 {
            builder.append(c.rt, &separator)?;
        }
        let text = c.rt.to_text(item)?;
        builder.append(c.rt, &text)?;
    }
    Ok(c.value(0))
}

fn insert(c: &mut Call<'_, '_>) -> R<Value> {
    // Nothing of no type goes in anywhere.
    if c.value(2).is_null()
        && c.member
            .parameters
            .get(1)
            .is_some_and(|p| p.ty == Type::OBJECT)
    {
        return Ok(c.value(0));
    }
    let text = text_of(c, 2)?;
    let times = if c.len() > 3 { c.int(3)? } else { 1 };
    let times = usize::try_from(times).map_err(|_| out_of_range("count"))?;
    let builder = this(c)?;
    let length = builder.units.borrow().len();
    let at = usize::try_from(c.int(1)?)
        .ok()
        .filter(|at| *at <= length)
        .ok_or_else(|| out_of_range("index"))?;
    let size = text.len().saturating_mul(times);
    c.rt.spend(1 + (length.saturating_add(size)) as u64 / 64)?;
    c.rt.allocate(size.saturating_mul(2))?;
    let units = text.units().repeat(times);
    builder.units.borrow_mut().splice(at..at, units);
    Ok(c.value(0))
}

/// `Replace(old, new)`, with start and count where they are given.
fn replace(c: &mut Call<'_, '_>) -> R<Value> {
    let builder = this(c)?;
    let length = builder.units.borrow().len();
    let part = if c.len() > 3 {
        range(c, 3, length)?
    } else {
        0..length
    };
    let (old, new) = match (c.value(1), c.value(2)) {
        (Value::Char(old), Value::Char(new)) => (Str::from_unit(old), Str::from_unit(new)),
        _ => (c.str(1)?, c.opt_str(2)?.unwrap_or(Str::EMPTY)),
    };
    if old.is_empty() {
        return Err(Fault::argument(
            "The value cannot be an empty string.",
            "oldValue",
        ));
    }
    c.rt.allocate(length)?;
    let text = Str::from_units(builder.units.borrow().get(part.clone()).unwrap_or_default());
    let ordinal = crate::clr::compare::StringComparison::Ordinal;
    let replaced = super::search::replace_all(c, &text, &old, &new, ordinal)?;
    builder
        .units
        .borrow_mut()
        .splice(part, replaced.units().iter().copied());
    Ok(c.value(0))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(NAME);
    t.weighs(256);
    t.constructor("()", |_| Ok(Value::object(StringBuilder::default())));
    t.constructor("(int capacity)", |c| {
        if c.int(0)? < 0 {
            return Err(Fault::out_of_range(
                "capacity",
                "'capacity' must be greater than zero.",
            ));
        }
        Ok(Value::object(StringBuilder::default()))
    });
    t.constructor("(int capacity, int maxCapacity)", |c| {
        let (capacity, most) = (c.int(0)?, c.int(1)?);
        if capacity > most || capacity < 0 {
            return Err(out_of_range("capacity"));
        }
        if most < 1 {
            return Err(out_of_range("maxCapacity"));
        }
        Ok(Value::object(StringBuilder::default()))
    });
    t.constructor("(string value)", from_text);
    t.constructor("(string value, int capacity)", |c| {
        if c.int(1)? < 0 {
            return Err(out_of_range("capacity"));
        }
        from_text(c)
    });
    t.constructor(
        "(string value, int startIndex, int length, int capacity)",
        |c| {
            if c.int(3)? < 0 {
                return Err(out_of_range("capacity"));
            }
            let text = c.opt_str(0)?.unwrap_or(Str::EMPTY);
            let part = range(c, 1, text.len())?;
            let builder = StringBuilder::default();
            builder.append(c.rt, &text.slice(part.start, part.len()))?;
            Ok(Value::object(builder))
        },
    );
    t.property_with_set(
        "int Length",
        |c| Ok(int(this(c)?.units.borrow().len())),
        |c| {
            let length = usize::try_from(c.int(1)?)
                .map_err(|_| Fault::out_of_range("value", "Length cannot be less than zero."))?;
            c.rt.allocate(length.saturating_mul(2))?;
            this(c)?.units.borrow_mut().resize(length, 0);
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("int Capacity", |c| {
        Ok(int(this(c)?
            .units
            .borrow()
            .len()
            .next_power_of_two()
            .max(16)))
    });
    t.property("int MaxCapacity", |_| Ok(i32::MAX.into()));
    t.indexer_with_set(
        "char this[int index]",
        |c| {
            let index = usize::try_from(c.int(1)?).unwrap_or(usize::MAX);
            let unit = this(c)?.units.borrow().get(index).copied();
            unit.map(Value::Char).ok_or_else(Fault::index_out_of_range)
        },
        |c| {
            let index = usize::try_from(c.int(1)?).unwrap_or(usize::MAX);
            match this(c)?.units.borrow_mut().get_mut(index) {
                Some(unit) => *unit = c.char(2)?,
                None => return Err(out_of_range("index")),
            }
            Ok(Value::Null)
        },
    )
    .mutates();
    define_appends(types);
    define_changes(types);
}

fn from_text(c: &mut Call<'_, '_>) -> R<Value> {
    let builder = StringBuilder::default();
    if let Some(text) = c.opt_str(0)? {
        builder.append(c.rt, &text)?;
    }
    Ok(Value::object(builder))
}

fn define_appends(types: &mut Types) {
    let mut t = types.class(NAME);
    for signature in [
        "StringBuilder Append(string value)",
        "StringBuilder Append(char value)",
        "StringBuilder Append(char[] value)",
        "StringBuilder Append(bool value)",
        "StringBuilder Append(int value)",
        "StringBuilder Append(long value)",
        "StringBuilder Append(double value)",
        "StringBuilder Append(float value)",
        "StringBuilder Append(decimal value)",
        "StringBuilder Append(sbyte value)",
        "StringBuilder Append(byte value)",
        "StringBuilder Append(short value)",
        "StringBuilder Append(ushort value)",
        "StringBuilder Append(uint value)",
        "StringBuilder Append(ulong value)",
        "StringBuilder Append(StringBuilder value)",
        "StringBuilder Append(object value)",
    ] {
        t.method(signature, append).mutates();
    }
    t.method("StringBuilder Append(char value, int repeatCount)", |c| {
        let count = usize::try_from(c.int(2)?).map_err(|_| out_of_range("repeatCount"))?;
        c.rt.spend(1 + count as u64 / 64)?;
        c.rt.allocate(count.saturating_mul(2))?;
        let unit = c.char(1)?;
        this(c)?
            .units
            .borrow_mut()
            .extend(std::iter::repeat_n(unit, count));
        Ok(c.value(0))
    })
    .mutates();
    for signature in [
        "StringBuilder Append(string value, int startIndex, int count)",
        "StringBuilder Append(char[] value, int startIndex, int charCount)",
        "StringBuilder Append(StringBuilder value, int startIndex, int count)",
    ] {
        t.method(signature, |c| {
            let text = text_of(c, 1)?;
            let numbers = (c.int(2)?, c.int(3)?);
            if c.value(1).is_null() && numbers.0 >= 0 && numbers.1 >= 0 {
                return match numbers {
                    (0, 0) => Ok(c.value(0)),
                    _ => Err(Fault::argument_null("value")),
                };
            }
            let part = range(c, 2, text.len())?;
            let text = text.slice(part.start, part.len());
            this(c)?.append(c.rt, &text)?;
            Ok(c.value(0))
        })
        .mutates();
    }
    t.method("StringBuilder AppendLine()", append_line)
        .mutates();
    t.method("StringBuilder AppendLine(string value)", append_line)
        .mutates();
    t.method(
        "StringBuilder AppendFormat(string format, object arg0)",
        |c| append_format(c, 1, false),
    )
    .mutates();
    t.method(
        "StringBuilder AppendFormat(string format, object arg0, object arg1)",
        |c| append_format(c, 1, false),
    )
    .mutates();
    t.method(
        "StringBuilder AppendFormat(string format, object arg0, object arg1, object arg2)",
        |c| append_format(c, 1, false),
    )
    .mutates();
    t.method(
        "StringBuilder AppendFormat(string format, params object[] args)",
        |c| append_format(c, 1, true),
    )
    .mutates();
    for signature in [
        "StringBuilder AppendFormat(IFormatProvider provider, string format, object arg0)",
        "StringBuilder AppendFormat(IFormatProvider provider, string format, object arg0, object arg1)",
        "StringBuilder AppendFormat(IFormatProvider provider, string format, object arg0, object arg1, object arg2)",
    ] {
        t.method(signature, |c| append_format(c, 2, false))
            .mutates();
    }
    t.method(
        "StringBuilder AppendFormat(IFormatProvider provider, string format, params object[] args)",
        |c| append_format(c, 2, true),
    )
    .mutates();
    for signature in [
        "StringBuilder AppendJoin(string separator, params object[] values)",
        "StringBuilder AppendJoin(string separator, params string[] values)",
        "StringBuilder AppendJoin<T>(string separator, IEnumerable<T> values)",
        "StringBuilder AppendJoin(char separator, params object[] values)",
        "StringBuilder AppendJoin(char separator, params string[] values)",
        "StringBuilder AppendJoin<T>(char separator, IEnumerable<T> values)",
    ] {
        t.method(signature, append_join).mutates();
    }
}

fn define_changes(types: &mut Types) {
    let mut t = types.class(NAME);
    t.method("StringBuilder Clear()", |c| {
        this(c)?.units.borrow_mut().clear();
        Ok(c.value(0))
    })
    .mutates();
    for signature in [
        "StringBuilder Insert(int index, string value)",
        "StringBuilder Insert(int index, char value)",
        "StringBuilder Insert(int index, char[] value)",
        "StringBuilder Insert(int index, bool value)",
        "StringBuilder Insert(int index, int value)",
        "StringBuilder Insert(int index, long value)",
        "StringBuilder Insert(int index, double value)",
        "StringBuilder Insert(int index, decimal value)",
        "StringBuilder Insert(int index, float value)",
        "StringBuilder Insert(int index, sbyte value)",
        "StringBuilder Insert(int index, byte value)",
        "StringBuilder Insert(int index, short value)",
        "StringBuilder Insert(int index, ushort value)",
        "StringBuilder Insert(int index, uint value)",
        "StringBuilder Insert(int index, ulong value)",
        "StringBuilder Insert(int index, object value)",
        "StringBuilder Insert(int index, string value, int count)",
    ] {
        t.method(signature, insert).mutates();
    }
    t.method(
        "StringBuilder Insert(int index, char[] value, int startIndex, int charCount)",
        |c| {
            let text = text_of(c, 2)?;
            if c.value(2).is_null() && (c.int(3)? != 0 || c.int(4)? != 0) {
                return Err(Fault::argument_null("value"));
            }
            let part = range(c, 3, text.len())?;
            let text = text.slice(part.start, part.len());
            let builder = this(c)?;
            let length = builder.units.borrow().len();
            let at = usize::try_from(c.int(1)?).ok().filter(|at| *at <= length);
            let at = at.ok_or_else(|| out_of_range("index"))?;
            c.rt.spend(1 + (length + text.len()) as u64 / 64)?;
            c.rt.allocate(text.len() * 2)?;
            let units = text.units().into_owned();
            builder.units.borrow_mut().splice(at..at, units);
            Ok(c.value(0))
        },
    )
    .mutates();
    t.method("StringBuilder Remove(int startIndex, int length)", |c| {
        let builder = this(c)?;
        let length = builder.units.borrow().len();
        let part = range(c, 1, length)?;
        c.rt.spend(1 + length as u64 / 64)?;
        builder.units.borrow_mut().drain(part);
        Ok(c.value(0))
    })
    .mutates();
    for signature in [
        "StringBuilder Replace(char oldChar, char newChar)",
        "StringBuilder Replace(string oldValue, string newValue)",
        "StringBuilder Replace(char oldChar, char newChar, int startIndex, int count)",
        "StringBuilder Replace(string oldValue, string newValue, int startIndex, int count)",
    ] {
        t.method(signature, replace).mutates();
    }
    t.method("string ToString(int startIndex, int length)", |c| {
        let builder = this(c)?;
        let units = builder.units.borrow();
        let part = range(c, 1, units.len())?;
        c.rt.allocate(part.len())?;
        Ok(Str::from_units(units.get(part).unwrap_or_default()).into())
    });
    t.method("bool Equals(StringBuilder sb)", |c| {
        let Some(other) = c.opt_object::<StringBuilder>(1)? else {
            return Ok(false.into());
        };
        let own = this(c)?;
        let same = *own.units.borrow() == *other.units.borrow();
        Ok(same.into())
    });
    t.method("int EnsureCapacity(int capacity)", |c| match c.int(1)? {
        ..0 => Err(out_of_range("capacity")),
        capacity => Ok(capacity.max(16).into()),
    });
    t.method(
        "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)",
        |c| {
            let (builder, target) = (this(c)?, c.object::<Array>(2)?);
            let units = builder.units.borrow();
            let room = i32::try_from(target.len()).unwrap_or(i32::MAX);
            if c.int(3)? >= 0 && i64::from(c.int(3)?) > i64::from(room) - i64::from(c.int(4)?) {
                return Err(Fault::argument(
                    "Either offset did not refer to a position in the string, or there is an insufficient length of destination character array.",
                    "",
                ));
            }
            let (from, to, count) = (
                usize::try_from(c.int(1)?).map_err(|_| out_of_range("sourceIndex"))?,
                usize::try_from(c.int(3)?).map_err(|_| out_of_range("destinationIndex"))?,
                usize::try_from(c.int(4)?).map_err(|_| out_of_range("count"))?,
            );
            if to.saturating_add(count) <= target.len() && from > units.len() {
                return Err(out_of_range("sourceIndex"));
            }
            let part = from
                .checked_add(count)
                .and_then(|end| units.get(from..end))
                .unwrap_or_default();
            if to.saturating_add(count) > target.len() || part.len() < count {
                return Err(Fault::argument(
                    "Either offset did not refer to a position in the string, or there is an insufficient length of destination character array.",
                    "",
                ));
            }
            for (at, unit) in part.iter().enumerate() {
                target.set(to + at, Value::Char(*unit));
            }
            Ok(Value::Null)
        },
    )
    .mutates();
}
