//! `System.IO.StringReader` and `StringWriter`: texts as streams. Nothing here touches files.

use std::cell::Cell;
use std::rc::Rc;

use super::join::{composite, format_arguments};
use super::string::{chars, int};
use super::string_builder::StringBuilder;
use crate::dotnet::collections::Array;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};

const READER: &str = "System.IO.StringReader";
const WRITER: &str = "System.IO.StringWriter";

fn named(name: &str) -> Type {
    Registry::get()
        .by_full_name(name)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

/// A text with a place in it.
pub(crate) struct StringReader {
    text: Str,
    at: Cell<usize>,
}

impl StringReader {
    /// The text from the place on; the place moves to the end.
    pub(crate) fn rest(&self) -> Str {
        self.text
            .slice(self.at.replace(self.text.len()), self.text.len())
    }
}

impl Object for StringReader {
    fn type_of(&self) -> Type {
        named(READER)
    }
}

/// A text that is written to.
pub(crate) struct StringWriter {
    builder: Value,
    provider: Value,
}

impl StringWriter {
    fn builder(&self) -> R<&StringBuilder> {
        self.builder
            .as_object::<StringBuilder>()
            .ok_or_else(Fault::null_reference)
    }
}

impl Object for StringWriter {
    fn type_of(&self) -> Type {
        named(WRITER)
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        self.builder()?.to_text(rt, None)
    }
}

fn reader(c: &Call<'_, '_>) -> R<Rc<StringReader>> {
    c.object::<StringReader>(0)
}

fn unit_or_end(unit: Option<u16>) -> Value {
    Value::Int32(unit.map_or(-1, i32::from))
}

fn read_line(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    let (units, start) = (reader.text.units(), reader.at.get());
    let rest = units.get(start..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(Value::Null);
    }
    let (cr, lf) = (u16::from(b'\r'), u16::from(b'\n'));
    let length = rest
        .iter()
        .position(|unit| *unit == cr || *unit == lf)
        .unwrap_or(rest.len());
    let end = match (rest.get(length), rest.get(length + 1)) {
        (None, _) => length,
        (Some(first), Some(second)) if *first == cr && *second == lf => length + 2,
        _ => length + 1,
    };
    reader.at.set(start + end);
    c.rt.spend(1 + rest.len() as u64 / 64)?;
    c.rt.allocate(length)?;
    Ok(reader.text.slice(start, length).into())
}

fn read_block(c: &mut Call<'_, '_>) -> R<Value> {
    let (reader, buffer) = (reader(c)?, c.object::<Array>(1)?);
    let (index, count) = (
        usize::try_from(c.int(2)?)
            .map_err(|_| Fault::out_of_range("index", "Non-negative number required."))?,
        usize::try_from(c.int(3)?)
            .map_err(|_| Fault::out_of_range("count", "Non-negative number required."))?,
    );
    if index.saturating_add(count) > buffer.len() {
        return Err(Fault::argument(
            "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
            "",
        ));
    }
    let start = reader.at.get();
    let part = reader.text.slice(start, count);
    for (at, unit) in part.units().iter().enumerate() {
        buffer.set(index + at, Value::Char(*unit));
    }
    reader.at.set(start + part.len());
    Ok(int(part.len()))
}

fn define_reader(types: &mut Types) {
    let mut t = types.class("System.IO.TextReader");
    t.base("object").base("IDisposable");
    t.method("int Peek()", |c| {
        let reader = reader(c)?;
        Ok(unit_or_end(reader.text.unit(reader.at.get())))
    });
    t.method("int Read()", |c| {
        let reader = reader(c)?;
        let unit = reader.text.unit(reader.at.get());
        if unit.is_some() {
            reader.at.set(reader.at.get() + 1);
        }
        Ok(unit_or_end(unit))
    })
    .mutates();
    t.method("int Read(char[] buffer, int index, int count)", read_block)
        .mutates();
    t.method(
        "int ReadBlock(char[] buffer, int index, int count)",
        read_block,
    )
    .mutates();
    t.method("string ReadLine()", read_line).mutates();
    t.method("string ReadToEnd()", |c| {
        let reader = reader(c)?;
        c.rt.allocate(reader.text.len())?;
        Ok(reader.rest().into())
    })
    .mutates();
    t.method("void Close()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class(READER);
    t.base("TextReader");
    t.constructor("(string s)", |c| {
        Ok(Value::object(StringReader {
            text: c.str(0)?,
            at: Cell::new(0),
        }))
    });
}

fn write_text(c: &mut Call<'_, '_>, text: &Str) -> R<()> {
    let writer = c.object::<StringWriter>(0)?;
    writer.builder()?.append(c.rt, text)
}

fn end_line(c: &mut Call<'_, '_>) -> R<Value> {
    write_text(c, &Str::literal("\n"))?;
    Ok(Value::Null)
}

fn write(c: &mut Call<'_, '_>) -> R<Value> {
    let value = c.value(1);
    let text = match value.as_object::<Array>() {
        Some(array) if array.element == Type::CHAR => Str::from_units(&chars(c, 1)?),
        _ => c.rt.to_text(&value)?,
    };
    write_text(c, &text)?;
    Ok(Value::Null)
}

fn write_format(c: &mut Call<'_, '_>, array: bool) -> R<Value> {
    let format = c.str(1)?;
    let args = format_arguments(c, 2, array)?;
    let text = composite(c.rt, &format, &args)?;
    write_text(c, &text)?;
    Ok(Value::Null)
}

fn writer(c: &Call<'_, '_>, builder: Option<usize>, provider: Option<usize>) -> R<Value> {
    let provider = provider.map(|at| c.value(at)).filter(|p| !p.is_null());
    Ok(Value::object(StringWriter {
        builder: match builder {
            Some(at) => c.required(at)?,
            None => Value::object(StringBuilder::default()),
        },
        provider: provider.unwrap_or_else(crate::dotnet::numbers::invariant_culture),
    }))
}

fn define_writer(types: &mut Types) {
    let mut t = types.class("System.IO.TextWriter");
    t.base("object").base("IDisposable");
    for signature in [
        "void Write(string value)",
        "void Write(char value)",
        "void Write(char[] buffer)",
        "void Write(bool value)",
        "void Write(int value)",
        "void Write(uint value)",
        "void Write(long value)",
        "void Write(ulong value)",
        "void Write(float value)",
        "void Write(double value)",
        "void Write(decimal value)",
        "void Write(StringBuilder value)",
        "void Write(object value)",
    ] {
        t.method(signature, write).mutates();
    }
    for signature in [
        "void Write(string format, object arg0)",
        "void Write(string format, object arg0, object arg1)",
        "void Write(string format, object arg0, object arg1, object arg2)",
    ] {
        t.method(signature, |c| write_format(c, false)).mutates();
    }
    t.method("void Write(string format, params object[] arg)", |c| {
        write_format(c, true)
    })
    .mutates();
    t.method("void WriteLine()", end_line).mutates();
    for signature in [
        "void WriteLine(string value)",
        "void WriteLine(char value)",
        "void WriteLine(char[] buffer)",
        "void WriteLine(bool value)",
        "void WriteLine(int value)",
        "void WriteLine(uint value)",
        "void WriteLine(long value)",
        "void WriteLine(ulong value)",
        "void WriteLine(float value)",
        "void WriteLine(double value)",
        "void WriteLine(decimal value)",
        "void WriteLine(StringBuilder value)",
        "void WriteLine(object value)",
    ] {
        t.method(signature, |c| {
            write(c)?;
            end_line(c)
        })
        .mutates();
    }
    for signature in [
        "void WriteLine(string format, object arg0)",
        "void WriteLine(string format, object arg0, object arg1)",
        "void WriteLine(string format, object arg0, object arg1, object arg2)",
    ] {
        t.method(signature, |c| {
            write_format(c, false)?;
            end_line(c)
        })
        .mutates();
    }
    t.method("void WriteLine(string format, params object[] arg)", |c| {
        write_format(c, true)?;
        end_line(c)
    })
    .mutates();
    t.property("string NewLine", |_| Ok("\n".into()));
    t.property("IFormatProvider FormatProvider", |c| {
        Ok(c.object::<StringWriter>(0)?.provider.clone())
    });
    t.property("Encoding Encoding", |_| {
        Ok(crate::dotnet::convert::unicode_encoding())
    });
    t.method("void Flush()", |_| Ok(Value::Null));
    t.method("void Close()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class(WRITER);
    t.base("TextWriter");
    t.constructor("()", |c| writer(c, None, None));
    t.constructor("(IFormatProvider formatProvider)", |c| {
        writer(c, None, Some(0))
    });
    t.constructor("(StringBuilder sb)", |c| writer(c, Some(0), None));
    t.constructor("(StringBuilder sb, IFormatProvider formatProvider)", |c| {
        writer(c, Some(0), Some(1))
    });
    t.method("StringBuilder GetStringBuilder()", |c| {
        Ok(c.object::<StringWriter>(0)?.builder.clone())
    });
}

pub(super) fn define(types: &mut Types) {
    define_reader(types);
    define_writer(types);
}
