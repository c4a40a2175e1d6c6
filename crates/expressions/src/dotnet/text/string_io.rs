//! `System.IO.StringReader` and `System.IO.StringWriter`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::join::composite as format;
use crate::dotnet::collections;
use crate::runtime::{Call, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, StrBuilder, Value};

struct Reader {
    units: Vec<u16>,
    at: Cell<usize>,
}

impl Object for Reader {
    fn type_of(&self) -> Type {
        named("System.IO.StringReader")
    }
}

#[derive(Default)]
struct Writer {
    text: RefCell<StrBuilder>,
}

impl Object for Writer {
    fn type_of(&self) -> Type {
        named("System.IO.StringWriter")
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let text = self.text.borrow().clone().finish();
        rt.allocate(text.heap_size())?;
        Ok(Some(text))
    }
}

fn named(full: &str) -> Type {
    Registry::get()
        .by_full_name(full)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

fn reader(c: &Call<'_, '_>) -> R<Rc<Reader>> {
    c.object::<Reader>(0)
}

/// The text of a reader from where it stands; it stands at the end then.
pub(crate) fn rest_of_reader(value: &Value) -> Option<Str> {
    let reader = value.as_object::<Reader>()?;
    let from = reader.at.replace(reader.units.len());
    Some(Str::from_units(reader.units.get(from..).unwrap_or_default()))
}

fn write(c: &mut Call<'_, '_>, text: &Str, line: bool) -> R<Value> {
    c.rt.allocate(text.len() + 1)?;
    let writer = c.object::<Writer>(0)?;
    let mut out = writer.text.borrow_mut();
    out.push(text);
    if line {
        out.push_str("\n");
    }
    Ok(Value::Null)
}

pub(super) fn define(types: &mut Types) {
    types
        .class("System.IO.TextReader")
        .beyond_documentation()
        .base("object")
        .base("IDisposable");
    types
        .class("System.IO.TextWriter")
        .beyond_documentation()
        .base("object")
        .base("IDisposable");

    let mut t = types.class("System.IO.StringReader");
    t.base("TextReader");
    t.constructor("(string s)", |c| {
        let text = c.str(0)?;
        c.rt.allocate(text.len() * 2)?;
        Ok(Value::object(Reader {
            units: text.units().into_owned(),
            at: Cell::new(0),
        }))
    });
    t.method("string ReadLine()", |c| {
        let reader = reader(c)?;
        let from = reader.at.get();
        let rest = reader.units.get(from..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Value::Null);
        }
        let end = rest
            .iter()
            .position(|u| matches!(*u, 0x0a | 0x0d))
            .unwrap_or(rest.len());
        let skip = match rest.get(end..) {
            Some([0x0d, 0x0a, ..]) => 2,
            Some([_, ..]) => 1,
            _ => 0,
        };
        reader.at.set(from + end + skip);
        Ok(Str::from_units(rest.get(..end).unwrap_or_default()).into())
    });
    t.method("string ReadToEnd()", |c| {
        Ok(rest_of_reader(&c.value(0)).unwrap_or(Str::EMPTY).into())
    });
    t.method("int Read()", |c| {
        let reader = reader(c)?;
        let at = reader.at.get();
        Ok(match reader.units.get(at) {
            Some(unit) => {
                reader.at.set(at + 1);
                i32::from(*unit)
            }
            None => -1,
        }
        .into())
    });
    t.method("int Peek()", |c| {
        let reader = reader(c)?;
        Ok(reader
            .units
            .get(reader.at.get())
            .map_or(-1, |unit| i32::from(*unit))
            .into())
    });
    t.method("void Close()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class("System.IO.StringWriter");
    t.base("TextWriter");
    t.constructor("()", |_| Ok(Value::object(Writer::default())));
    t.constructor("(IFormatProvider formatProvider)", |_| {
        Ok(Value::object(Writer::default()))
    });
    for signature in [
        "void Write(string value)",
        "void Write(char value)",
        "void Write(bool value)",
        "void Write(int value)",
        "void Write(long value)",
        "void Write(double value)",
        "void Write(decimal value)",
        "void Write(object value)",
    ] {
        t.method(signature, |c| {
            let value = c.value(1);
            let text = c.rt.to_text(&value)?;
            write(c, &text, false)
        });
    }
    t.method("void Write(string format, params object[] arg)", |c| {
        let text = c.str(1)?;
        let args = collections::elements_of(&c.required(2)?).unwrap_or_default();
        let made = format(c.rt, &text, &args)?;
        write(c, &made, false)
    });
    t.method("void WriteLine()", |c| write(c, &Str::EMPTY, true));
    for signature in [
        "void WriteLine(string value)",
        "void WriteLine(char value)",
        "void WriteLine(bool value)",
        "void WriteLine(int value)",
        "void WriteLine(long value)",
        "void WriteLine(double value)",
        "void WriteLine(decimal value)",
        "void WriteLine(object value)",
    ] {
        t.method(signature, |c| {
            let value = c.value(1);
            let text = c.rt.to_text(&value)?;
            write(c, &text, true)
        });
    }
    t.method("void WriteLine(string format, params object[] arg)", |c| {
        let text = c.str(1)?;
        let args = collections::elements_of(&c.required(2)?).unwrap_or_default();
        let made = format(c.rt, &text, &args)?;
        write(c, &made, true)
    });
    t.method("void Flush()", |_| Ok(Value::Null));
    t.method("void Close()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));
}
