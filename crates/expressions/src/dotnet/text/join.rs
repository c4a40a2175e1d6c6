//! `System.String`: `Concat`, `Join`, `Format`.

use super::string::account;
use crate::clr::composite_format::{self, Piece};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::Types;
use crate::value::{Str, StrBuilder, Value};

/// Appends a value's text, accounted for.
pub(super) fn push(rt: &mut Runtime<'_>, out: &mut StrBuilder, value: &Value) -> R<()> {
    let text = rt.to_text(value)?;
    rt.spend(1 + text.len() as u64 / 64)?;
    rt.allocate(text.len())?;
    out.push(&text);
    Ok(())
}

/// The texts of all arguments in a row.
fn concat(c: &mut Call<'_, '_>) -> R<Value> {
    let mut out = StrBuilder::new();
    for value in c.args.iter() {
        push(c.rt, &mut out, value)?;
    }
    Ok(out.finish().into())
}

/// The texts of a sequence's elements in a row; argument 0.
fn concat_all(c: &mut Call<'_, '_>) -> R<Value> {
    let source = c.required(0)?;
    join_with(c, &Str::EMPTY, &source)
}

fn join_with(c: &mut Call<'_, '_>, separator: &Str, source: &Value) -> R<Value> {
    let mut out = StrBuilder::new();
    let mut items = c.rt.iterate(source)?;
    let mut first = true;
    while let Some(item) = items.next(c.rt)? {
        if !std::mem::take(&mut first) {
            c.rt.allocate(separator.len())?;
            out.push(separator);
        }
        push(c.rt, &mut out, &item)?;
    }
    Ok(out.finish().into())
}

/// A separator: a text, null for none, or a character.
fn separator(c: &Call<'_, '_>) -> R<Str> {
    Ok(match c.value(0) {
        Value::Char(unit) => Str::from_unit(unit),
        _ => c.opt_str(0)?.unwrap_or(Str::EMPTY),
    })
}

fn join(c: &mut Call<'_, '_>) -> R<Value> {
    let (separator, source) = (separator(c)?, c.required(1)?);
    join_with(c, &separator, &source)
}

fn join_part(c: &mut Call<'_, '_>) -> R<Value> {
    let (separator, source) = (separator(c)?, c.required(1)?);
    let items = c.rt.collect(&source)?;
    let wrong = || {
        Fault::out_of_range(
            "startIndex",
            "Index and count must refer to a location within the buffer.",
        )
    };
    let start = usize::try_from(c.int(2)?).map_err(|_| wrong())?;
    let count = usize::try_from(c.int(3)?).map_err(|_| wrong())?;
    let end = start.checked_add(count).ok_or_else(wrong)?;
    let part = items.get(start..end).ok_or_else(wrong)?.to_vec();
    let part = crate::dotnet::collections::array(crate::types::Type::STRING, part);
    join_with(c, &separator, &part)
}

/// `string.Format`: each hole asks its argument for its text.
pub(super) fn composite(rt: &mut Runtime<'_>, format: &Str, args: &[Value]) -> R<Str> {
    rt.spend(1 + format.len() as u64 / 16)?;
    let mut out = StrBuilder::new();
    for piece in composite_format::parse(&format.to_utf8())? {
        match piece {
            Piece::Literal(text) => {
                rt.allocate(text.len())?;
                out.push_str(&text);
            }
            Piece::Hole {
                index,
                alignment,
                format,
            } => {
                let value = args.get(index).ok_or_else(composite_format::index_error)?;
                let text = rt.format(value, format.as_deref())?;
                let width = alignment.unsigned_abs() as usize;
                let padding = width.saturating_sub(text.len());
                rt.allocate(text.len() + padding)?;
                if alignment > 0 {
                    out.push_unit(u16::from(b' '), padding);
                }
                out.push(&text);
                if alignment < 0 {
                    out.push_unit(u16::from(b' '), padding);
                }
            }
        }
    }
    Ok(out.finish())
}

/// The arguments of a format: those from `first` on, or the elements of the `params` array there.
pub(super) fn format_arguments(c: &mut Call<'_, '_>, first: usize, array: bool) -> R<Vec<Value>> {
    if array {
        let args = c.required(first)?;
        return c.rt.collect(&args);
    }
    Ok(c.args.get(first..).unwrap_or_default().to_vec())
}

fn format(c: &mut Call<'_, '_>, at: usize, array: bool) -> R<Value> {
    let format = c.str(at)?;
    let args = format_arguments(c, at + 1, array)?;
    account(c, format.len())?;
    Ok(composite(c.rt, &format, &args)?.into())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.String");
    t.static_method("string Concat(object arg0)", concat);
    t.static_method("string Concat(object arg0, object arg1)", concat);
    t.static_method(
        "string Concat(object arg0, object arg1, object arg2)",
        concat,
    );
    t.static_method("string Concat(params object[] args)", concat_all);
    t.static_method("string Concat(string str0, string str1)", concat);
    t.static_method(
        "string Concat(string str0, string str1, string str2)",
        concat,
    );
    t.static_method(
        "string Concat(string str0, string str1, string str2, string str3)",
        concat,
    );
    t.static_method("string Concat(params string[] values)", concat_all);
    t.static_method("string Concat(IEnumerable<string> values)", concat_all);
    t.static_method("string Concat<T>(IEnumerable<T> values)", concat_all);

    t.static_method("string Join(string separator, params string[] value)", join);
    t.static_method(
        "string Join(string separator, params object[] values)",
        join,
    );
    t.static_method(
        "string Join(string separator, IEnumerable<string> values)",
        join,
    );
    t.static_method(
        "string Join<T>(string separator, IEnumerable<T> values)",
        join,
    );
    t.static_method(
        "string Join(string separator, string[] value, int startIndex, int count)",
        join_part,
    );
    t.static_method("string Join(char separator, params string[] value)", join);
    t.static_method("string Join(char separator, params object[] values)", join);
    t.static_method(
        "string Join<T>(char separator, IEnumerable<T> values)",
        join,
    );
    t.static_method(
        "string Join(char separator, string[] value, int startIndex, int count)",
        join_part,
    );

    t.static_method("string Format(string format, object arg0)", |c| {
        format(c, 0, false)
    });
    t.static_method(
        "string Format(string format, object arg0, object arg1)",
        |c| format(c, 0, false),
    );
    t.static_method(
        "string Format(string format, object arg0, object arg1, object arg2)",
        |c| format(c, 0, false),
    );
    t.static_method("string Format(string format, params object[] args)", |c| {
        format(c, 0, true)
    });
    t.static_method(
        "string Format(IFormatProvider provider, string format, object arg0)",
        |c| format(c, 1, false),
    );
    t.static_method(
        "string Format(IFormatProvider provider, string format, object arg0, object arg1)",
        |c| format(c, 1, false),
    );
    t.static_method(
        "string Format(IFormatProvider provider, string format, object arg0, object arg1, object arg2)",
        |c| format(c, 1, false),
    );
    t.static_method(
        "string Format(IFormatProvider provider, string format, params object[] args)",
        |c| format(c, 1, true),
    );
}
