//! `System.String`: `IndexOf`, `Contains`, `StartsWith`, `Replace` and their relatives.

use super::string::{account, chars, int, part, this};
use super::{comparison, to_upper};
use crate::clr::compare::StringComparison;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Str, StrBuilder, Value};

/// A text under a comparison that ignores case or not: what is searched in and for. Upper case has as many units.
fn folded(text: &Str, how: StringComparison) -> Str {
    if how.ignores_case() {
        to_upper(text)
    } else {
        text.clone()
    }
}

fn position(found: Option<usize>) -> Value {
    found.map_or(Value::Int32(-1), int)
}

/// The text or character searched for, as a text.
fn needle(c: &Call<'_, '_>, index: usize) -> R<Str> {
    match c.args.get(index) {
        Some(Value::Char(unit)) => Ok(Str::from_unit(*unit)),
        _ => c.str(index),
    }
}

/// Start and count arguments that follow the needle, as far as they are given.
fn range(c: &Call<'_, '_>, numbers: usize, total: usize) -> R<(usize, usize)> {
    let start = if numbers > 0 { c.int(2)? } else { 0 };
    let rest = i32::try_from(total)
        .unwrap_or(i32::MAX)
        .saturating_sub(start);
    let count = if numbers > 1 { c.int(3)? } else { rest.max(0) };
    part(start, count, total).map_err(|_| {
        let (name, message) = if usize::try_from(start).is_ok_and(|at| at <= total) {
            ("count", "Count must be positive and count must refer to a location within the string/array/collection.")
        } else {
            ("startIndex", "Index was out of range. Must be non-negative and less than the size of the collection.")
        };
        Fault::out_of_range(name, message)
    })
}

/// `compared`: there is an argument that says how, behind the numbers. It is looked at last.
fn index_of(c: &mut Call<'_, '_>, numbers: usize, compared: bool) -> R<Value> {
    let (text, needle) = (this(c)?, needle(c, 1)?);
    let (start, count) = range(c, numbers, text.len())?;
    let how = how(c, numbers, compared)?;
    account_search(c, &text)?;
    let end = start + count;
    let found = folded(&text, how)
        .find(&folded(&needle, how), start)
        .filter(|at| at + needle.len() <= end);
    Ok(position(found))
}

fn outside_start() -> Fault {
    Fault::out_of_range(
        "startIndex",
        "Index was out of range. Must be non-negative and less than the size of the collection.",
    )
}

/// The part that a backward search looks at: it begins at `startIndex` and goes `count` units to the left.
fn backward(c: &Call<'_, '_>, numbers: usize, total: usize) -> R<Option<(usize, usize)>> {
    if total == 0 {
        return Ok(None);
    }
    let last = i32::try_from(total).unwrap_or(i32::MAX) - 1;
    let start = if numbers > 0 { c.int(2)? } else { last };
    if start < 0 || start > last + 1 {
        return Err(outside_start());
    }
    let mut count = if numbers > 1 { c.int(3)? } else { start + 1 };
    let mut start = start;
    if start == last + 1 {
        start -= 1;
        if count > 0 {
            count -= 1;
        }
    }
    if count < 0 || start - count + 1 < 0 {
        return Err(Fault::out_of_range(
            "count",
            "Count must be positive and count must refer to a location within the string/array/collection.",
        ));
    }
    let end = usize::try_from(start + 1).unwrap_or(0);
    Ok(Some((
        end.saturating_sub(usize::try_from(count).unwrap_or(0)),
        end,
    )))
}

fn how(c: &Call<'_, '_>, numbers: usize, compared: bool) -> R<StringComparison> {
    if compared {
        comparison(c, 2 + numbers)
    } else {
        Ok(StringComparison::Ordinal)
    }
}

fn last_index_of(c: &mut Call<'_, '_>, numbers: usize, compared: bool) -> R<Value> {
    let (text, needle) = (this(c)?, needle(c, 1)?);
    if matches!(c.value(1), Value::Char(_)) {
        check_start(c, numbers, text.len())?;
    } else if text.is_empty() && numbers > 0 && !matches!(c.int(2)?, -1 | 0) {
        return Err(outside_start());
    }
    let Some((from, end)) = backward(c, numbers, text.len())? else {
        return Ok(position(needle.is_empty().then_some(0)));
    };
    if needle.is_empty() {
        return Ok(int(end.saturating_sub(1)));
    }
    let how = how(c, numbers, compared)?;
    account_search(c, &text)?;
    let found = folded(&text, how)
        .rfind(&folded(&needle, how), end)
        .filter(|at| *at >= from);
    Ok(position(found))
}

/// A search for characters must start at one; only a search for a text may start behind the last.
fn check_start(c: &Call<'_, '_>, numbers: usize, length: usize) -> R<()> {
    if numbers > 0 && length > 0 && usize::try_from(c.int(2)?).is_ok_and(|start| start >= length) {
        return Err(outside_start());
    }
    Ok(())
}

/// A search looks at every unit, and makes a copy of the text when it ignores case or is not ASCII.
fn account_search(c: &mut Call<'_, '_>, text: &Str) -> R<()> {
    c.rt.spend(1 + text.len() as u64 / 64)
}

fn index_of_any(c: &mut Call<'_, '_>, numbers: usize) -> R<Value> {
    let (text, set) = (this(c)?, chars(c, 1)?);
    let (start, count) = range(c, numbers, text.len())?;
    c.rt.spend(1 + (count as u64).saturating_mul(1 + set.len() as u64) / 16)?;
    let units = text.units();
    let found = units
        .get(start..start + count)
        .unwrap_or_default()
        .iter()
        .position(|unit| set.contains(unit));
    Ok(position(found.map(|at| at + start)))
}

fn last_index_of_any(c: &mut Call<'_, '_>, numbers: usize) -> R<Value> {
    let (text, set) = (this(c)?, chars(c, 1)?);
    check_start(c, numbers, text.len())?;
    let Some((from, end)) = backward(c, numbers, text.len())? else {
        return Ok(position(None));
    };
    c.rt.spend(1 + (text.len() as u64).saturating_mul(1 + set.len() as u64) / 16)?;
    let units = text.units();
    let found = units
        .get(from..end)
        .unwrap_or_default()
        .iter()
        .rposition(|unit| set.contains(unit));
    Ok(position(found.map(|at| at + from)))
}

fn contains(c: &mut Call<'_, '_>, how: StringComparison) -> R<Value> {
    let (text, needle) = (this(c)?, needle(c, 1)?);
    account_search(c, &text)?;
    Ok(folded(&text, how)
        .find(&folded(&needle, how), 0)
        .is_some()
        .into())
}

fn starts(c: &mut Call<'_, '_>, how: StringComparison, end: bool) -> R<Value> {
    let (text, needle) = (this(c)?, needle(c, 1)?);
    let Some(rest) = text.len().checked_sub(needle.len()) else {
        return Ok(false.into());
    };
    account_search(c, &needle)?;
    let found = text.slice(if end { rest } else { 0 }, needle.len());
    Ok((folded(&found, how) == folded(&needle, how)).into())
}

fn ignoring(ignore: bool) -> StringComparison {
    if ignore {
        StringComparison::OrdinalIgnoreCase
    } else {
        StringComparison::Ordinal
    }
}

fn replace(c: &mut Call<'_, '_>, how: StringComparison) -> R<Value> {
    let (text, old) = (this(c)?, c.str(1)?);
    let new = c.opt_str(2)?.unwrap_or(Str::EMPTY);
    if old.is_empty() {
        return Err(Fault::argument(
            "String cannot be of zero length.",
            "oldValue",
        ));
    }
    Ok(replace_all(c, &text, &old, &new, how)?.into())
}

/// Every occurrence of `old` replaced, from the left.
pub(super) fn replace_all(
    c: &mut Call<'_, '_>,
    text: &Str,
    old: &Str,
    new: &Str,
    how: StringComparison,
) -> R<Str> {
    account(c, text.len())?;
    let (hay, old) = (folded(text, how), folded(old, how));
    let (mut out, mut at) = (StrBuilder::new(), 0);
    while let Some(found) = hay.find(&old, at) {
        c.rt.tick()?;
        c.rt.allocate(new.len())?;
        out.push(&text.slice(at, found - at));
        out.push(new);
        at = found + old.len();
    }
    if at == 0 {
        return Ok(text.clone());
    }
    out.push(&text.slice(at, text.len()));
    Ok(out.finish())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.String");
    t.method("int IndexOf(char value)", |c| index_of(c, 0, false));
    t.method("int IndexOf(char value, int startIndex)", |c| {
        index_of(c, 1, false)
    });
    t.method("int IndexOf(char value, int startIndex, int count)", |c| {
        index_of(c, 2, false)
    });
    t.method(
        "int IndexOf(char value, StringComparison comparisonType)",
        |c| index_of(c, 0, true),
    );
    t.method("int IndexOf(string value)", |c| index_of(c, 0, false));
    t.method("int IndexOf(string value, int startIndex)", |c| {
        index_of(c, 1, false)
    });
    t.method(
        "int IndexOf(string value, int startIndex, int count)",
        |c| index_of(c, 2, false),
    );
    t.method(
        "int IndexOf(string value, StringComparison comparisonType)",
        |c| index_of(c, 0, true),
    );
    t.method(
        "int IndexOf(string value, int startIndex, StringComparison comparisonType)",
        |c| index_of(c, 1, true),
    );
    t.method(
        "int IndexOf(string value, int startIndex, int count, StringComparison comparisonType)",
        |c| index_of(c, 2, true),
    );
    t.method("int LastIndexOf(char value)", |c| {
        last_index_of(c, 0, false)
    });
    t.method("int LastIndexOf(char value, int startIndex)", |c| {
        last_index_of(c, 1, false)
    });
    t.method(
        "int LastIndexOf(char value, int startIndex, int count)",
        |c| last_index_of(c, 2, false),
    );
    t.method("int LastIndexOf(string value)", |c| {
        last_index_of(c, 0, false)
    });
    t.method("int LastIndexOf(string value, int startIndex)", |c| {
        last_index_of(c, 1, false)
    });
    t.method(
        "int LastIndexOf(string value, int startIndex, int count)",
        |c| last_index_of(c, 2, false),
    );
    t.method(
        "int LastIndexOf(string value, StringComparison comparisonType)",
        |c| last_index_of(c, 0, true),
    );
    t.method(
        "int LastIndexOf(string value, int startIndex, StringComparison comparisonType)",
        |c| last_index_of(c, 1, true),
    );
    t.method(
        "int LastIndexOf(string value, int startIndex, int count, StringComparison comparisonType)",
        |c| last_index_of(c, 2, true),
    );
    t.method("int IndexOfAny(char[] anyOf)", |c| index_of_any(c, 0));
    t.method("int IndexOfAny(char[] anyOf, int startIndex)", |c| {
        index_of_any(c, 1)
    });
    t.method(
        "int IndexOfAny(char[] anyOf, int startIndex, int count)",
        |c| index_of_any(c, 2),
    );
    t.method("int LastIndexOfAny(char[] anyOf)", |c| {
        last_index_of_any(c, 0)
    });
    t.method("int LastIndexOfAny(char[] anyOf, int startIndex)", |c| {
        last_index_of_any(c, 1)
    });
    t.method(
        "int LastIndexOfAny(char[] anyOf, int startIndex, int count)",
        |c| last_index_of_any(c, 2),
    );
    define_tests(types);
}

fn define_tests(types: &mut Types) {
    const ORDINAL: StringComparison = StringComparison::Ordinal;
    let mut t = types.class("System.String");
    t.method("bool Contains(string value)", |c| contains(c, ORDINAL));
    t.method("bool Contains(char value)", |c| contains(c, ORDINAL));
    t.method(
        "bool Contains(string value, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            contains(c, how)
        },
    );
    t.method(
        "bool Contains(char value, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            contains(c, how)
        },
    );
    t.method("bool StartsWith(string value)", |c| {
        starts(c, ORDINAL, false)
    });
    t.method("bool StartsWith(char value)", |c| starts(c, ORDINAL, false));
    t.method(
        "bool StartsWith(string value, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            starts(c, how, false)
        },
    );
    t.method(
        "bool StartsWith(string value, bool ignoreCase, CultureInfo culture)",
        |c| {
            let how = ignoring(c.bool(2)?);
            starts(c, how, false)
        },
    );
    t.method("bool EndsWith(string value)", |c| starts(c, ORDINAL, true));
    t.method("bool EndsWith(char value)", |c| starts(c, ORDINAL, true));
    t.method(
        "bool EndsWith(string value, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            starts(c, how, true)
        },
    );
    t.method(
        "bool EndsWith(string value, bool ignoreCase, CultureInfo culture)",
        |c| {
            let how = ignoring(c.bool(2)?);
            starts(c, how, true)
        },
    );
    t.method("string Replace(char oldChar, char newChar)", |c| {
        let text = this(c)?;
        let (old, new) = (Str::from_unit(c.char(1)?), Str::from_unit(c.char(2)?));
        Ok(replace_all(c, &text, &old, &new, ORDINAL)?.into())
    });
    t.method("string Replace(string oldValue, string newValue)", |c| {
        replace(c, ORDINAL)
    });
    t.method(
        "string Replace(string oldValue, string newValue, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 3)?;
            replace(c, how)
        },
    );
    t.method(
        "string Replace(string oldValue, string newValue, bool ignoreCase, CultureInfo culture)",
        |c| {
            let how = ignoring(c.bool(3)?);
            replace(c, how)
        },
    );
}
