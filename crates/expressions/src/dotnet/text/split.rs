//! `System.String.Split` and `StringSplitOptions`.

use super::string::{account, chars, is_white_space, this};
use crate::dotnet::collections::{self, Array};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Str, Value};

/// What a text is split at.
enum Separators {
    WhiteSpace,
    Units(Vec<u16>),
    Texts(Vec<Vec<u16>>),
    /// An empty text as the only separator: nothing is split.
    Nothing,
}

/// Where separators stand: start and length of each, from the left, not overlapping. Found as they are asked for: there
/// may be more of them than there is room for pieces.
fn find<'a>(
    units: &'a [u16],
    separators: &'a Separators,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(unit) = units.get(at) {
            let start = at;
            let length = match separators {
                Separators::WhiteSpace => usize::from(is_white_space(*unit)),
                Separators::Units(set) => usize::from(set.contains(unit)),
                Separators::Texts(texts) => texts
                    .iter()
                    .find(|text| {
                        text.first() == Some(unit) && units.get(at..at + text.len()) == Some(text)
                    })
                    .map_or(0, Vec::len),
                Separators::Nothing => 0,
            };
            at += length.max(1);
            if length > 0 {
                return Some((start, length));
            }
        }
        None
    })
}

/// The pieces of a text, at most `most` of them, the last one then holding the rest.
fn pieces(text: &Str, separators: &Separators, most: usize, omit_empty: bool) -> Vec<Str> {
    if most == 0 || (omit_empty && text.is_empty()) {
        return Vec::new();
    }
    let units = text.units();
    let mut places = find(&units, separators).peekable();
    if most == 1 || places.peek().is_none() {
        return vec![text.clone()];
    }
    let mut out = Vec::new();
    let mut at = 0;
    while let Some((start, length)) = places.next() {
        if !omit_empty || start > at {
            out.push(text.slice(at, start - at));
        }
        at = start + length;
        if out.len() == most - 1 {
            // Separators right after the last one cut off are no part of the rest.
            while omit_empty && let Some((_, length)) = places.next_if(|(start, _)| *start == at) {
                at += length;
            }
            break;
        }
    }
    if !omit_empty || at < text.len() {
        out.push(text.slice(at, text.len()));
    }
    out
}

/// Bytes of an element of the result and of its text's own allocation.
const PIECE_SIZE: usize = size_of::<Value>() + 32;

fn split(c: &mut Call<'_, '_>, separators: &Separators, count: i32, options: i64) -> R<Value> {
    let text = this(c)?;
    let Ok(most) = usize::try_from(count) else {
        return Err(Fault::out_of_range(
            "count",
            "Non-negative number required.",
        ));
    };
    if !(0..=1).contains(&options) {
        return Err(Fault::argument(
            &format!("Illegal enum value: {options}."),
            "options",
        ));
    }
    account(c, text.len())?;
    let kinds = match separators {
        Separators::Units(set) => set.len(),
        Separators::Texts(texts) => {
            // Where a separator may begin, all of it is looked at.
            let units = text.units();
            for text in texts.iter().filter(|text| text.len() > 16) {
                let begins = units
                    .iter()
                    .filter(|unit| text.first() == Some(*unit))
                    .count();
                c.rt.spend((begins as u64).saturating_mul(text.len() as u64) / 64)?;
            }
            texts.len()
        }
        _ => 1,
    };
    c.rt.spend((text.len() as u64).saturating_mul(kinds as u64) / 16)?;
    // One more piece than there is room for tells that there is none.
    let room = c.rt.room() / PIECE_SIZE + 1;
    let pieces = pieces(&text, separators, most.min(room), options == 1);
    c.rt.allocate(pieces.len().saturating_mul(PIECE_SIZE))?;
    Ok(collections::array(
        Type::STRING,
        pieces.into_iter().map(Value::Str).collect(),
    ))
}

/// A `char[]`, `string[]`, `char` or `string` argument as separators; null and empty arrays mean white space.
fn separators(c: &Call<'_, '_>) -> R<Separators> {
    Ok(match c.value(1) {
        Value::Null => Separators::WhiteSpace,
        Value::Char(unit) => Separators::Units(vec![unit]),
        Value::Str(text) if text.is_empty() => Separators::Nothing,
        Value::Str(text) => Separators::Texts(vec![text.units().into_owned()]),
        other => match other.as_object::<Array>() {
            None => Separators::WhiteSpace,
            Some(array) if array.len() == 0 => Separators::WhiteSpace,
            Some(array) if array.element == Type::CHAR => Separators::Units(chars(c, 1)?),
            Some(array) => Separators::Texts(
                array
                    .to_vec()
                    .iter()
                    .filter_map(|text| Some(text.as_string()?.units().into_owned()))
                    .collect(),
            ),
        },
    })
}

/// The same of a single text, of which null is the empty one.
fn one_text(c: &Call<'_, '_>) -> R<Separators> {
    if c.value(1).is_null() {
        Ok(Separators::Nothing)
    } else {
        separators(c)
    }
}

/// `Split(separator, StringSplitOptions)`
fn with_options(c: &mut Call<'_, '_>) -> R<Value> {
    let (found, options) = (separators(c)?, c.enumeration(2)?);
    split(c, &found, i32::MAX, options)
}

/// `Split(separator, count, StringSplitOptions)`
fn with_count(c: &mut Call<'_, '_>) -> R<Value> {
    let (found, count, options) = (separators(c)?, c.int(2)?, c.enumeration(3)?);
    split(c, &found, count, options)
}

pub(super) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.StringSplitOptions",
            &[("None", 0), ("RemoveEmptyEntries", 1)],
        )
        .flags();
    let mut t = types.class("System.String");
    t.method("string[] Split(params char[] separator)", |c| {
        let found = separators(c)?;
        split(c, &found, i32::MAX, 0)
    });
    t.method("string[] Split(char[] separator, int count)", |c| {
        let (found, count) = (separators(c)?, c.int(2)?);
        split(c, &found, count, 0)
    });
    t.method(
        "string[] Split(char[] separator, StringSplitOptions options)",
        with_options,
    );
    t.method(
        "string[] Split(char[] separator, int count, StringSplitOptions options)",
        with_count,
    );
    t.method(
        "string[] Split(string[] separator, StringSplitOptions options)",
        with_options,
    );
    t.method(
        "string[] Split(string[] separator, int count, StringSplitOptions options)",
        with_count,
    );
    t.method(
        "string[] Split(char separator, StringSplitOptions options = StringSplitOptions.None)",
        with_options,
    );
    t.method(
        "string[] Split(char separator, int count, StringSplitOptions options = StringSplitOptions.None)",
        with_count,
    );
    t.method(
        "string[] Split(string separator, StringSplitOptions options = StringSplitOptions.None)",
        |c| {
            let (found, options) = (one_text(c)?, c.enumeration(2)?);
            split(c, &found, i32::MAX, options)
        },
    );
    t.method(
        "string[] Split(string separator, int count, StringSplitOptions options = StringSplitOptions.None)",
        |c| {
            let (found, count, options) = (one_text(c)?, c.int(2)?, c.enumeration(3)?);
            split(c, &found, count, options)
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, separators: &[&str], most: usize, omit: bool) -> Vec<String> {
        let texts = separators
            .iter()
            .map(|s| s.encode_utf16().collect())
            .collect();
        pieces(&Str::from(text), &Separators::Texts(texts), most, omit)
            .iter()
            .map(Str::to_string)
            .collect()
    }

    #[test]
    fn the_last_of_few_pieces_holds_the_rest() {
        assert_eq!(at("a,b,c", &[","], 2, false), ["a", "b,c"]);
        assert_eq!(at("a,,b,,c", &[","], 2, true), ["a", "b,,c"]);
        assert_eq!(at(",,a", &[","], 1, true), [",,a"]);
        assert!(at("a,b", &[","], 0, false).is_empty());
    }

    #[test]
    fn empty_pieces_are_kept_unless_unwanted() {
        assert_eq!(at("a,,b,", &[","], 99, false), ["a", "", "b", ""]);
        assert_eq!(at(",,a,,b,", &[","], 99, true), ["a", "b"]);
        assert!(at("", &[","], 99, true).is_empty());
        assert_eq!(at("", &[","], 99, false), [""]);
    }

    #[test]
    fn the_first_separator_that_matches_wins() {
        assert_eq!(at("a--b-c", &["--", "-"], 99, false), ["a", "b", "c"]);
        assert_eq!(at("abc", &[""], 99, false), ["abc"]);
    }
}
