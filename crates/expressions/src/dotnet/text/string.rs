//! `System.String`: construction, parts, comparison and case. Searching is in [`super::search`], splitting in
//! [`super::split`], joining and formatting in [`super::join`].
//!
//! Positions count UTF-16 code units. Searches are ordinal, also where .NET would ask the culture: the two differ only for
//! ignorable and combining characters. `Compare` and `CompareTo` use the invariant culture's order.

use super::{compare_texts, comparison, to_lower, to_upper};
use crate::clr::compare::StringComparison;
use crate::dotnet::collections::{self, Array, dispatch, enumerator};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Const, Str, StrBuilder, Value};

/// Argument 0, the receiver.
pub(super) fn this(c: &Call<'_, '_>) -> R<Str> {
    c.str(0)
}

/// A length or position as .NET's `int`.
pub(super) use dispatch::int;

/// Accounts for a text about to be made.
pub(super) fn account(c: &mut Call<'_, '_>, units: usize) -> R<()> {
    c.rt.spend(1 + units as u64 / 64)?;
    c.rt.allocate(units)
}

/// The units of a `char[]` argument.
pub(super) fn chars(c: &Call<'_, '_>, index: usize) -> R<Vec<u16>> {
    let array = c.object::<Array>(index)?;
    Ok(array
        .to_vec()
        .iter()
        .map(|value| match value {
            Value::Char(unit) => *unit,
            _ => 0,
        })
        .collect())
}

/// Start and length of a part of a text of `total` units.
pub(super) fn part(start: i32, length: i32, total: usize) -> R<(usize, usize)> {
    let Ok(first) = usize::try_from(start) else {
        return Err(Fault::out_of_range(
            "startIndex",
            "StartIndex cannot be less than zero.",
        ));
    };
    if first > total {
        return Err(Fault::out_of_range(
            "startIndex",
            "startIndex cannot be larger than length of string.",
        ));
    }
    let Ok(count) = usize::try_from(length) else {
        return Err(Fault::out_of_range(
            "length",
            "Length cannot be less than zero.",
        ));
    };
    if count > total - first {
        return Err(Fault::out_of_range(
            "length",
            "Index and length must refer to a location within the string.",
        ));
    }
    Ok((first, count))
}

/// What ordinal comparison returns: as [`difference`], but .NET looks at the first two units before it looks at lengths,
/// and finds a zero behind a text's end.
/// `string.CompareOrdinal(a, b)`
pub(crate) fn ordinal_difference(a: &Str, b: &Str) -> i32 {
    for index in 0..2 {
        let (x, y) = (a.unit(index).unwrap_or(0), b.unit(index).unwrap_or(0));
        if x != y {
            return i32::from(x) - i32::from(y);
        }
    }
    difference(a, b)
}

/// Difference of the first units that differ, or of the lengths.
fn difference(a: &Str, b: &Str) -> i32 {
    crate::forest::work_on_text(a.heap_size().saturating_add(b.heap_size()));
    let (a, b) = (a.units(), b.units());
    for (x, y) in a.iter().zip(b.iter()) {
        if x != y {
            return i32::from(*x) - i32::from(*y);
        }
    }
    i32::try_from(a.len()).unwrap_or(i32::MAX) - i32::try_from(b.len()).unwrap_or(i32::MAX)
}

/// ASCII letters as upper case give a difference, all from the first other character on a sign.
fn difference_ignoring_case(a: &Str, b: &Str) -> i32 {
    crate::forest::work_on_text(a.heap_size().saturating_add(b.heap_size()));
    let (a, b) = (a.units(), b.units());
    let upper = |unit: u16| {
        u8::try_from(unit)
            .ok()
            .filter(u8::is_ascii)
            .map(|c| c.to_ascii_uppercase())
    };
    let mut at = 0;
    while let (Some(x), Some(y)) = (a.get(at), b.get(at)) {
        let (Some(x), Some(y)) = (upper(*x), upper(*y)) else {
            break;
        };
        if x != y {
            return i32::from(x) - i32::from(y);
        }
        at += 1;
    }
    let (a, b) = (
        a.get(at..).unwrap_or_default(),
        b.get(at..).unwrap_or_default(),
    );
    if a.is_empty() || b.is_empty() {
        return i32::try_from(a.len()).unwrap_or(i32::MAX)
            - i32::try_from(b.len()).unwrap_or(i32::MAX);
    }
    let points = |units: &[u16]| -> Vec<Result<char, u16>> {
        char::decode_utf16(units.iter().copied())
            .map(|c| c.map_err(|lone| lone.unpaired_surrogate()))
            .collect()
    };
    let number = |c: Result<char, u16>| c.map_or_else(u32::from, u32::from);
    let folded = |c: Result<char, u16>| number(c.map(crate::clr::case::to_upper));
    let (x, y) = (points(a), points(b));
    let other = x.iter().zip(&y).find(|(x, y)| folded(**x) != folded(**y));
    match other {
        Some((x, y)) => number(*x).cmp(&number(*y)) as i32,
        None => a.len().cmp(&b.len()) as i32,
    }
}

/// What `string.Compare` returns: a sign for linguistic orders, a difference for ordinal ones. Null comes first.
pub(crate) fn compare(a: Option<Str>, b: Option<Str>, how: StringComparison) -> i32 {
    match (a, b) {
        (None, None) => 0,
        (None, Some(_)) => -1,
        (Some(_), None) => 1,
        (Some(a), Some(b)) => match how {
            StringComparison::Ordinal => ordinal_difference(&a, &b),
            StringComparison::OrdinalIgnoreCase => difference_ignoring_case(&a, &b),
            _ => compare_texts(&a, &b, how) as i32,
        },
    }
}

fn ignoring(ignore: bool) -> StringComparison {
    if ignore {
        StringComparison::InvariantCultureIgnoreCase
    } else {
        StringComparison::InvariantCulture
    }
}

/// `Compare(strA, indexA, strB, indexB, length, …)`
fn compare_parts(c: &mut Call<'_, '_>, how: StringComparison) -> R<Value> {
    let length = c.int(4)?;
    let cut = |text: usize, index: usize, name: &str| -> R<Option<Str>> {
        let Some(text) = c.opt_str(text)? else {
            // Nothing has no part but the empty one.
            return match (c.int(index)?, length) {
                (0, 0) => Ok(None),
                _ => Err(Fault::out_of_range(
                    name,
                    "Offset and length must refer to a position in the string.",
                )),
            };
        };
        let start = usize::try_from(c.int(index)?)
            .ok()
            .filter(|at| *at <= text.len());
        match (start, usize::try_from(length)) {
            (Some(start), Ok(length)) => Ok(Some(text.slice(start, length))),
            (None, _) => Err(Fault::out_of_range(
                name,
                "Index was out of range. Must be non-negative and less than the size of the collection.",
            )),
            (_, Err(_)) => Err(Fault::out_of_range(
                "length",
                "Length cannot be less than zero.",
            )),
        }
    };
    let (a, b) = (cut(0, 1, "indexA")?, cut(2, 3, "indexB")?);
    if let (StringComparison::Ordinal, Some(a), Some(b)) = (how, &a, &b) {
        return Ok(difference(a, b).into());
    }
    Ok(compare(a, b, how).into())
}

/// The same where the comparison is named: where a text is missing, no part is looked at.
fn compare_parts_by(c: &mut Call<'_, '_>, how: StringComparison) -> R<Value> {
    if c.value(0).is_null() || c.value(2).is_null() {
        return Ok(compare(c.opt_str(0)?, c.opt_str(2)?, how).into());
    }
    compare_parts(c, how)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.String");
    t.base("IEnumerable<char>").base("IComparable");
    t.constant("string Empty", Const::Str(Str::EMPTY));
    t.constructor("(char c, int count)", |c| {
        let Ok(count) = usize::try_from(c.int(1)?) else {
            return Err(Fault::out_of_range(
                "count",
                "'count' must be non-negative.",
            ));
        };
        account(c, count)?;
        let mut text = StrBuilder::new();
        text.push_unit(c.char(0)?, count);
        Ok(text.finish().into())
    });
    t.constructor("(char[] value)", |c| {
        if c.value(0).is_null() {
            return Ok(Str::EMPTY.into());
        }
        let units = chars(c, 0)?;
        account(c, units.len())?;
        Ok(Str::from_units(&units).into())
    });
    t.constructor("(char[] value, int startIndex, int length)", |c| {
        let units = chars(c, 0)?;
        let (start, length) = part(c.int(1)?, c.int(2)?, units.len())?;
        account(c, length)?;
        Ok(Str::from_units(units.get(start..start + length).unwrap_or_default()).into())
    });
    t.property("int Length", |c| match c.args.first() {
        Some(Value::Str(text)) => Ok(int(text.len())),
        _ => Err(Fault::null_reference()),
    });
    t.indexer("char this[int index]", |c| {
        let unit = match (c.args.first(), usize::try_from(c.int(1)?)) {
            (Some(Value::Str(text)), Ok(index)) => text.unit(index),
            _ => None,
        };
        unit.map(Value::Char).ok_or_else(Fault::index_out_of_range)
    });
    define_comparisons(types);
    define_parts(types);
    define_case(types);
}

fn define_comparisons(types: &mut Types) {
    let mut t = types.class("System.String");
    t.static_method("int Compare(string strA, string strB)", |c| {
        Ok(compare(
            c.opt_str(0)?,
            c.opt_str(1)?,
            StringComparison::InvariantCulture,
        )
        .into())
    });
    t.static_method(
        "int Compare(string strA, string strB, bool ignoreCase)",
        |c| Ok(compare(c.opt_str(0)?, c.opt_str(1)?, ignoring(c.bool(2)?)).into()),
    );
    t.static_method(
        "int Compare(string strA, string strB, bool ignoreCase, CultureInfo culture)",
        |c| Ok(compare(c.opt_str(0)?, c.opt_str(1)?, ignoring(c.bool(2)?)).into()),
    );
    t.static_method(
        "int Compare(string strA, string strB, StringComparison comparisonType)",
        |c| Ok(compare(c.opt_str(0)?, c.opt_str(1)?, comparison(c, 2)?).into()),
    );
    t.static_method(
        "int Compare(string strA, int indexA, string strB, int indexB, int length)",
        |c| compare_parts(c, StringComparison::InvariantCulture),
    );
    for signature in [
        "int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase)",
        "int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase, CultureInfo culture)",
    ] {
        t.static_method(signature, |c| {
            let how = ignoring(c.bool(5)?);
            compare_parts(c, how)
        });
    }
    t.static_method(
        "int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 5)?;
            compare_parts_by(c, how)
        },
    );
    t.static_method("int CompareOrdinal(string strA, string strB)", |c| {
        Ok(compare(c.opt_str(0)?, c.opt_str(1)?, StringComparison::Ordinal).into())
    });
    t.static_method(
        "int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)",
        |c| compare_parts_by(c, StringComparison::Ordinal),
    );
    t.static_method("bool Equals(string a, string b)", |c| {
        Ok((c.opt_str(0)? == c.opt_str(1)?).into())
    });
    t.static_method(
        "bool Equals(string a, string b, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            Ok(match (c.opt_str(0)?, c.opt_str(1)?) {
                (Some(a), Some(b)) => super::equal_texts(&a, &b, how),
                (a, b) => a.is_none() && b.is_none(),
            }
            .into())
        },
    );
    t.static_method("bool IsNullOrEmpty(string value)", |c| {
        Ok(match c.args.first() {
            Some(Value::Str(text)) => text.is_empty(),
            _ => true,
        }
        .into())
    });
    t.static_method("bool IsNullOrWhiteSpace(string value)", |c| {
        Ok(c.opt_str(0)?
            .is_none_or(|text| text.to_utf8().chars().all(char::is_whitespace))
            .into())
    });
    t.method("int CompareTo(string strB)", |c| {
        Ok(compare(
            c.opt_str(0)?,
            c.opt_str(1)?,
            StringComparison::InvariantCulture,
        )
        .into())
    });
    t.method("int CompareTo(object value)", |c| match c.value(1) {
        Value::Null => Ok(1.into()),
        Value::Str(other) => Ok(compare(
            c.opt_str(0)?,
            Some(other),
            StringComparison::InvariantCulture,
        )
        .into()),
        _ => Err(Fault::argument("Object must be of type String.", "")),
    });
    t.method("bool Equals(string value)", |c| {
        Ok((c.opt_str(0)? == c.opt_str(1)?).into())
    });
    t.method(
        "bool Equals(string value, StringComparison comparisonType)",
        |c| {
            let how = comparison(c, 2)?;
            Ok(match c.opt_str(1)? {
                Some(other) => super::equal_texts(&this(c)?, &other, how),
                None => false,
            }
            .into())
        },
    );
}

fn pad(c: &mut Call<'_, '_>, left: bool) -> R<Value> {
    let text = this(c)?;
    let Ok(width) = usize::try_from(c.int(1)?) else {
        return Err(Fault::out_of_range(
            "totalWidth",
            "Non-negative number required.",
        ));
    };
    let unit = if c.len() > 2 {
        c.char(2)?
    } else {
        u16::from(b' ')
    };
    let Some(missing) = width.checked_sub(text.len()).filter(|n| *n > 0) else {
        return Ok(text.into());
    };
    account(c, width)?;
    let mut out = StrBuilder::new();
    if left {
        out.push_unit(unit, missing);
    }
    out.push(&text);
    if !left {
        out.push_unit(unit, missing);
    }
    Ok(out.finish().into())
}

/// Whether .NET counts the unit as white space.
pub(super) fn is_white_space(unit: u16) -> bool {
    char::from_u32(unit.into()).is_some_and(char::is_whitespace)
}

fn trim(c: &mut Call<'_, '_>, start: bool, end: bool) -> R<Value> {
    let text = this(c)?;
    let set = match c.args.get(1) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Char(unit)) => vec![*unit],
        Some(_) => chars(c, 1)?,
    };
    let drop = |unit: Option<u16>| {
        unit.is_some_and(|unit| {
            if set.is_empty() {
                is_white_space(unit)
            } else {
                set.contains(&unit)
            }
        })
    };
    let (mut from, mut to) = (0, text.len());
    while start && from < to && drop(text.unit(from)) {
        from += 1;
    }
    while end && from < to && drop(text.unit(to - 1)) {
        to -= 1;
    }
    account(c, text.len())?;
    Ok(text.slice(from, to - from).into())
}

/// Both pieces around or beside a part, with something between them.
fn around(text: &Str, start: usize, length: usize, between: &Str) -> Str {
    let mut out = StrBuilder::new();
    out.push(&text.slice(0, start));
    out.push(between);
    out.push(&text.slice(start + length, text.len()));
    out.finish()
}

fn define_parts(types: &mut Types) {
    let mut t = types.class("System.String");
    t.method("string Substring(int startIndex)", |c| {
        let text = this(c)?;
        let start = c.int(1)?;
        let rest = i32::try_from(text.len())
            .unwrap_or(i32::MAX)
            .saturating_sub(start);
        let (start, length) = part(start, rest, text.len())?;
        account(c, length)?;
        Ok(text.slice(start, length).into())
    });
    t.method("string Substring(int startIndex, int length)", |c| {
        let text = this(c)?;
        let (start, length) = part(c.int(1)?, c.int(2)?, text.len())?;
        account(c, length)?;
        Ok(text.slice(start, length).into())
    });
    t.method("string Insert(int startIndex, string value)", |c| {
        let (text, value) = (this(c)?, c.str(2)?);
        let (start, _) = part(c.int(1)?, 0, text.len())?;
        account(c, text.len() + value.len())?;
        Ok(around(&text, start, 0, &value).into())
    });
    t.method("string Remove(int startIndex)", |c| {
        let text = this(c)?;
        let (start, _) = part(c.int(1)?, 0, text.len())?;
        if start == text.len() {
            return Err(Fault::out_of_range(
                "startIndex",
                "startIndex must be less than length of string.",
            ));
        }
        account(c, start)?;
        Ok(text.slice(0, start).into())
    });
    t.method("string Remove(int startIndex, int count)", |c| {
        let text = this(c)?;
        let (start, count) = part(c.int(1)?, c.int(2)?, text.len()).map_err(|_| {
            Fault::out_of_range(
                "count",
                "Index and count must refer to a location within the string.",
            )
        })?;
        account(c, text.len())?;
        Ok(around(&text, start, count, &Str::EMPTY).into())
    });
    t.method("string PadLeft(int totalWidth)", |c| pad(c, true));
    t.method("string PadLeft(int totalWidth, char paddingChar)", |c| {
        pad(c, true)
    });
    t.method("string PadRight(int totalWidth)", |c| pad(c, false));
    t.method("string PadRight(int totalWidth, char paddingChar)", |c| {
        pad(c, false)
    });
    t.method("string Trim()", |c| trim(c, true, true));
    t.method("string Trim(char trimChar)", |c| trim(c, true, true));
    t.method("string Trim(params char[] trimChars)", |c| {
        trim(c, true, true)
    });
    t.method("string TrimStart()", |c| trim(c, true, false));
    t.method("string TrimStart(char trimChar)", |c| trim(c, true, false));
    t.method("string TrimStart(params char[] trimChars)", |c| {
        trim(c, true, false)
    });
    t.method("string TrimEnd()", |c| trim(c, false, true));
    t.method("string TrimEnd(char trimChar)", |c| trim(c, false, true));
    t.method("string TrimEnd(params char[] trimChars)", |c| {
        trim(c, false, true)
    });
    t.method("char[] ToCharArray()", |c| {
        let text = this(c)?;
        char_array(c, &text)
    });
    t.method("char[] ToCharArray(int startIndex, int length)", |c| {
        let text = this(c)?;
        let (start, length) = part(c.int(1)?, c.int(2)?, text.len())?;
        char_array(c, &text.slice(start, length))
    });
    t.method(
        "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)",
        |c| {
            let (text, target) = (this(c)?, c.object::<Array>(2)?);
            let (start, count) = part(c.int(1)?, c.int(4)?, text.len())?;
            let (to, _) = part(c.int(3)?, c.int(4)?, target.len())?;
            for (at, unit) in text.slice(start, count).units().iter().enumerate() {
                target.set(to + at, Value::Char(*unit));
            }
            Ok(Value::Null)
        },
    )
    .mutates();
    t.method("object Clone()", |c| Ok(this(c)?.into()));
    t.method("IEnumerator<char> GetEnumerator()", enumerator::start);
    t.method("string ToString(IFormatProvider provider)", |c| {
        Ok(this(c)?.into())
    });
    t.static_method("string Copy(string str)", |c| Ok(this(c)?.into()));
    t.static_method("string Intern(string str)", |c| Ok(this(c)?.into()));
    t.static_method("string IsInterned(string str)", |c| Ok(this(c)?.into()));
}

/// A text's units as a `char[]`.
fn char_array(c: &mut Call<'_, '_>, text: &Str) -> R<Value> {
    c.rt.allocate(text.len().saturating_mul(size_of::<Value>()))?;
    let items = text.units().iter().copied().map(Value::Char).collect();
    Ok(collections::array(Type::CHAR, items))
}

fn upper(c: &mut Call<'_, '_>) -> R<Value> {
    let text = this(c)?;
    account(c, text.len())?;
    Ok(to_upper(&text).into())
}

fn lower(c: &mut Call<'_, '_>) -> R<Value> {
    let text = this(c)?;
    account(c, text.len())?;
    Ok(to_lower(&text).into())
}

fn define_case(types: &mut Types) {
    let mut t = types.class("System.String");
    t.method("string ToUpper()", upper);
    t.method("string ToUpper(CultureInfo culture)", upper);
    t.method("string ToUpperInvariant()", upper);
    t.method("string ToLower()", lower);
    t.method("string ToLower(CultureInfo culture)", lower);
    t.method("string ToLowerInvariant()", lower);
    types
        .enumeration(
            "System.Text.NormalizationForm",
            &[("FormC", 1), ("FormD", 2), ("FormKC", 5), ("FormKD", 6)],
        )
        .beyond_documentation();
    let mut t = types.class("System.String");
    t.method("string Normalize()", |c| normalized(c, 1));
    t.method(
        "string Normalize(NormalizationForm normalizationForm)",
        |c| {
            let form = c.enumeration(1)?;
            normalized(c, form)
        },
    );
    t.method("bool IsNormalized()", |c| {
        let text = this(c)?;
        Ok((normalized(c, 1)?.as_string() == Some(&text)).into())
    });
    t.method(
        "bool IsNormalized(NormalizationForm normalizationForm)",
        |c| {
            let (text, form) = (this(c)?, c.enumeration(1)?);
            Ok((normalized(c, form)?.as_string() == Some(&text)).into())
        },
    );
}

/// The text in one of the Unicode normalization forms, by the number of `NormalizationForm`.
fn normalized(c: &mut Call<'_, '_>, form: i64) -> R<Value> {
    use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
    let text = this(c)?;
    if !matches!(form, 1 | 2 | 5 | 6) {
        return Err(Fault::argument(
            "Invalid normalization form.",
            "normalizationForm",
        ));
    }
    let Some(utf8) = text.as_str() else {
        return Err(Fault::argument(
            "Invalid Unicode code point found at index 0.",
            "strInput",
        ));
    };
    if text.as_ascii().is_some() {
        return Ok(text.into());
    }
    account(c, utf8.len().saturating_mul(4))?;
    Ok(Str::from(match form {
        2 => DecomposingNormalizerBorrowed::new_nfd().normalize(utf8),
        5 => ComposingNormalizerBorrowed::new_nfkc().normalize(utf8),
        6 => DecomposingNormalizerBorrowed::new_nfkd().normalize(utf8),
        _ => ComposingNormalizerBorrowed::new_nfc().normalize(utf8),
    })
    .into())
}
