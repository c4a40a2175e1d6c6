//! Points and spans of time. The local time zone is UTC; the present comes from the host.

mod adjustment;
mod datetime;
mod datetimeoffset;
mod timespan;
mod timezone;

use crate::clr::datetime::DateTimeKind;
use crate::clr::datetime_format::{single_letter, standard_pattern};
use crate::clr::datetime_parse::DateTimeStyles;
use crate::runtime::{Call, Fault, R};
use crate::types::{Types, known};
use crate::value::{Str, Value};

pub(super) fn define(types: &mut Types) {
    timespan::define(types);
    datetime::define(types);
    datetimeoffset::define(types);
    adjustment::define(types);
    timezone::define(types);
    types.enumeration(
        "System.DayOfWeek",
        &[
            ("Sunday", 0),
            ("Monday", 1),
            ("Tuesday", 2),
            ("Wednesday", 3),
            ("Thursday", 4),
            ("Friday", 5),
            ("Saturday", 6),
        ],
    );
    let kinds: Vec<(&'static str, i64)> = DateTimeKind::ALL
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (*name, i as i64))
        .collect();
    types.enumeration("System.DateTimeKind", &kinds);
    let styles: Vec<(&'static str, i64)> = DateTimeStyles::MEMBERS
        .iter()
        .map(|(name, value)| (*name, value.0.into()))
        .collect();
    types
        .enumeration("System.Globalization.DateTimeStyles", &styles)
        .flags()
        .beyond_documentation();
}

/// A `DateTimeKind` argument.
fn kind(c: &Call<'_, '_>, index: usize) -> R<DateTimeKind> {
    Ok(DateTimeKind::from_value(
        i32::try_from(c.enumeration(index)?).unwrap_or(-1),
    )?)
}

/// A `DateTimeStyles` argument.
fn styles(c: &Call<'_, '_>, index: usize) -> R<DateTimeStyles> {
    const ASSUMED: u32 = DateTimeStyles::ASSUME_LOCAL.0 | DateTimeStyles::ASSUME_UNIVERSAL.0;
    const ADJUSTED: u32 = ASSUMED | DateTimeStyles::ADJUST_TO_UNIVERSAL.0;
    let refused = |why: &str| Err(Fault::argument(why, "styles"));
    let bits = u32::try_from(c.enumeration(index)?).unwrap_or(u32::MAX);
    if bits > 0xff {
        return refused("An undefined DateTimeStyles value is being used.");
    }
    if bits & ASSUMED == ASSUMED {
        return refused(
            "The DateTimeStyles values AssumeLocal and AssumeUniversal cannot be used together.",
        );
    }
    let roundtrip = bits & DateTimeStyles::ROUNDTRIP_KIND.0 != 0;
    if c.member.owner != known::DATE_TIME_OFFSET {
        if roundtrip && bits & ADJUSTED != 0 {
            return refused(
                "The DateTimeStyles value RoundtripKind cannot be used with the values AssumeLocal, AssumeUniversal or AdjustToUniversal.",
            );
        }
    } else if bits & DateTimeStyles::NO_CURRENT_DATE_DEFAULT.0 != 0 {
        return refused(
            "The DateTimeStyles value 'NoCurrentDateDefault' is not allowed when parsing DateTimeOffset.",
        );
    }
    Ok(DateTimeStyles(bits))
}

/// What even `TryParseExact` throws at: a format of one letter that is no standard one. An empty one before it ends the
/// search.
fn check_formats(c: &Call<'_, '_>, index: usize) -> R<()> {
    let value = c.required(index)?;
    let all = match &value {
        Value::Str(_) => vec![value],
        _ => crate::dotnet::collections::elements_of(&value).unwrap_or_default(),
    };
    for format in all {
        // None and an empty one end the search.
        let Some(format) = format
            .as_string()
            .filter(|format| !format.is_empty())
            .cloned()
        else {
            break;
        };
        let letter = single_letter(&format.to_utf8()).filter(|_| format.len() == 1);
        if letter.is_some_and(|letter| standard_pattern(letter).is_none()) {
            return Err(Fault::format("Input string was not in a correct format."));
        }
    }
    Ok(())
}

/// `TryParseExact`, by what `ParseExact` makes of text and formats.
fn try_exact<T: Copy + Default + Into<Value>>(
    c: &mut Call<'_, '_>,
    exact: fn(&Call<'_, '_>, DateTimeStyles) -> R<T>,
) -> R<Value> {
    let styles = styles(c, 3)?;
    let mut parsed = None;
    if !c.value(0).is_null() && !c.value(1).is_null() {
        parsed = exact(c, styles).ok();
        // Formats are not looked at for a text that is empty.
        if parsed.is_none() && !c.str(0)?.is_empty() {
            check_formats(c, 1)?;
        }
    }
    c.set(4, parsed.unwrap_or_default());
    Ok(parsed.is_some().into())
}

/// The formats of `ParseExact`: one string or an array of them.
fn formats(c: &Call<'_, '_>, index: usize) -> R<Vec<Str>> {
    let value = c.required(index)?;
    Ok(match &value {
        Value::Str(text) => vec![text.clone()],
        _ => crate::dotnet::collections::elements_of(&value)
            .unwrap_or_default()
            .iter()
            .filter_map(|v| v.as_string().cloned())
            .collect(),
    })
}
