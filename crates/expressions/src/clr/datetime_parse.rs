//! `DateTime.Parse`, `DateTimeOffset.Parse` and their `TryParse`: free-form dates, invariant culture.
//!
//! Text flows in, a point in time flows out; the scanner beside this finds the fields, here they become a time. Accepted
//! are ISO 8601, RFC 1123, `MM/dd/yyyy`, dates with month names, times with AM/PM, and offsets behind a time.

use super::calendar::{
    DAY_NAMES, MONTH_NAMES, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND,
    days_from_date,
};
use super::datetime::{DateTime, DateTimeKind};
use super::datetime_scan::{Fields, ParsedZone, name_index, scan};
use super::datetimeoffset::DateTimeOffset;
use super::timespan::TimeSpan;
use super::{Error, Result};

/// `System.Globalization.DateTimeStyles`, a set of flags with .NET's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DateTimeStyles(pub u32);

#[allow(missing_docs)] // .NET's members
impl DateTimeStyles {
    pub const NONE: Self = Self(0);
    pub const ALLOW_LEADING_WHITE: Self = Self(0x1);
    pub const ALLOW_TRAILING_WHITE: Self = Self(0x2);
    pub const ALLOW_INNER_WHITE: Self = Self(0x4);
    pub const ALLOW_WHITE_SPACES: Self = Self(0x7);
    pub const NO_CURRENT_DATE_DEFAULT: Self = Self(0x8);
    pub const ADJUST_TO_UNIVERSAL: Self = Self(0x10);
    pub const ASSUME_LOCAL: Self = Self(0x20);
    pub const ASSUME_UNIVERSAL: Self = Self(0x40);
    pub const ROUNDTRIP_KIND: Self = Self(0x80);

    /// Every member with its .NET name.
    pub const MEMBERS: [(&'static str, Self); 10] = [
        ("None", Self::NONE),
        ("AllowLeadingWhite", Self::ALLOW_LEADING_WHITE),
        ("AllowTrailingWhite", Self::ALLOW_TRAILING_WHITE),
        ("AllowInnerWhite", Self::ALLOW_INNER_WHITE),
        ("AllowWhiteSpaces", Self::ALLOW_WHITE_SPACES),
        ("NoCurrentDateDefault", Self::NO_CURRENT_DATE_DEFAULT),
        ("AdjustToUniversal", Self::ADJUST_TO_UNIVERSAL),
        ("AssumeLocal", Self::ASSUME_LOCAL),
        ("AssumeUniversal", Self::ASSUME_UNIVERSAL),
        ("RoundtripKind", Self::ROUNDTRIP_KIND),
    ];

    /// Whether any flag of `other` is set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

fn bad(text: &str) -> Error {
    Error::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
    ))
}

/// Why a text is no date: .NET names the first word that it does not know.
fn unread(text: &str) -> Error {
    match unknown_word(text) {
        Some(at) => Error::format(format!(
            "The string '{text}' was not recognized as a valid DateTime. There is an unknown word starting at index '{at}'."
        )),
        None => bad(text),
    }
}

/// The index, in UTF-16 units, of the first unknown word; `None` where something else is wrong before it.
fn unknown_word(text: &str) -> Option<usize> {
    const KNOWN: [&str; 5] = ["AM", "PM", "Z", "GMT", "AD"];
    let known = |word: &str| {
        name_index(word, &MONTH_NAMES).is_some()
            || name_index(word, &DAY_NAMES).is_some()
            || KNOWN.iter().any(|other| other.eq_ignore_ascii_case(word))
    };
    let (mut at, mut rest) = (0, text);
    // Whether anything stands before, and whether it is a digit, side by side.
    let (mut begun, mut digit, mut iso) = (false, false, false);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            _ if c.is_alphabetic() => {
                let end = rest.find(|c: char| !c.is_alphabetic());
                let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                if word.eq_ignore_ascii_case("T") && digit {
                    iso = true;
                } else if iso {
                    return None;
                } else if !known(word) {
                    return Some(at);
                }
                word.len()
            }
            '0'..='9' => 1,
            ' ' | '\t' | '\r' | '\n' => 1,
            '/' | '-' | ':' | '.' | ',' if begun => 1,
            _ => return None,
        };
        begun |= !c.is_whitespace();
        digit = c.is_ascii_digit();
        let (read, tail) = rest.split_at(length);
        at += read.encode_utf16().count();
        rest = tail;
    }
    None
}

fn bad_time(text: &str) -> Error {
    Error::format(format!(
        "The DateTime represented by the string '{text}' is not supported in calendar 'System.Globalization.GregorianCalendar'."
    ))
}

fn bad_weekday(text: &str) -> Error {
    Error::format(format!(
        "String '{text}' was not recognized as a valid DateTime because the day of week was incorrect."
    ))
}

/// `DateTime.Parse(text, null, styles)`; `now` (UTC ticks) supplies the date to a text that has only a time.
///
/// # Errors
/// `FormatException`
pub fn parse_datetime(text: &str, styles: DateTimeStyles, now: i64) -> Result<DateTime> {
    let fields = scan(text).ok_or_else(|| unread(text))?;
    to_datetime(text, &fields, styles, now)
}

/// `DateTimeOffset.Parse(text, null, styles)`
///
/// # Errors
/// `FormatException`
pub fn parse_datetimeoffset(
    text: &str,
    styles: DateTimeStyles,
    now: i64,
) -> Result<DateTimeOffset> {
    let fields = scan(text).ok_or_else(|| unread(text))?;
    to_datetimeoffset(text, &fields, styles, now)
}

/// The fields as a `DateTime`: a named zone converts to local time unless the styles say otherwise.
pub(crate) fn to_datetime(
    text: &str,
    fields: &Fields,
    styles: DateTimeStyles,
    now: i64,
) -> Result<DateTime> {
    let clock = resolve(text, fields, styles, now)?;
    let adjust = styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL);
    let shift = match fields.zone {
        Some(ParsedZone::Offset(offset)) => offset.0,
        _ => 0,
    };
    let kind = match fields.zone {
        Some(ParsedZone::Utc) if styles.has(DateTimeStyles::ROUNDTRIP_KIND) => DateTimeKind::Utc,
        Some(_) if adjust => DateTimeKind::Utc,
        Some(_) => DateTimeKind::Local,
        None if styles.has(DateTimeStyles::ASSUME_UNIVERSAL)
            || styles.has(DateTimeStyles::ASSUME_LOCAL) =>
        {
            if adjust {
                DateTimeKind::Utc
            } else {
                DateTimeKind::Local
            }
        }
        None => DateTimeKind::Unspecified,
    };
    // .NET clamps a shift beyond the calendar's ends.
    Ok(DateTime::clamped(clock - shift, kind))
}

/// The fields as a `DateTimeOffset`: without a zone the local one, UTC.
pub(crate) fn to_datetimeoffset(
    text: &str,
    fields: &Fields,
    styles: DateTimeStyles,
    now: i64,
) -> Result<DateTimeOffset> {
    let clock = resolve(text, fields, styles, now)?;
    let offset = match fields.zone {
        Some(ParsedZone::Offset(offset)) => offset,
        _ => TimeSpan::ZERO,
    };
    let value =
        DateTimeOffset::from_clock(DateTime::clamped(clock, DateTimeKind::Unspecified), offset)
            .map_err(|_| bad(text))?;
    if styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL) {
        value.to_offset(TimeSpan::ZERO)
    } else {
        Ok(value)
    }
}

/// Clock ticks of the fields, defaults filled in: no date at all is today (or year 1 by style), no year is the present one.
fn resolve(text: &str, fields: &Fields, styles: DateTimeStyles, now: i64) -> Result<i64> {
    let today = DateTime::clamped(now, DateTimeKind::Utc).parts();
    let (year, month, day) = match (fields.year, fields.month, fields.day) {
        (None, None, None) if styles.has(DateTimeStyles::NO_CURRENT_DATE_DEFAULT) => (1, 1, 1),
        (None, None, None) => (today.year, today.month, today.day),
        (year, month, day) => (
            year.unwrap_or(if styles.has(DateTimeStyles::NO_CURRENT_DATE_DEFAULT) {
                1
            } else {
                today.year
            }),
            month.unwrap_or(1),
            day.unwrap_or(1),
        ),
    };
    let days = days_from_date(year, month, day).ok_or_else(|| bad(text))?;
    if fields
        .weekday
        .is_some_and(|weekday| i64::from(weekday) != (days + 1) % 7)
    {
        return Err(bad_weekday(text));
    }
    let mut hour = fields.hour.unwrap_or(0);
    match fields.afternoon {
        Some(false) if (0..=12).contains(&hour) => hour %= 12,
        Some(true) if (0..12).contains(&hour) => hour += 12,
        Some(true) if (12..24).contains(&hour) => {}
        Some(_) => return Err(bad(text)),
        None => {}
    }
    let (minute, second) = (fields.minute.unwrap_or(0), fields.second.unwrap_or(0));
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(bad_time(text));
    }
    let ticks = days * TICKS_PER_DAY
        + i64::from(hour) * TICKS_PER_HOUR
        + i64::from(minute) * TICKS_PER_MINUTE
        + i64::from(second) * TICKS_PER_SECOND
        + fields.fraction;
    DateTime::from_ticks(ticks, DateTimeKind::Unspecified)
        .map(|t| t.ticks())
        .map_err(|_| bad(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::datetime_format::{datetimeoffset_text, format_datetime};

    /// 2024-05-06T07:08:09Z
    const NOW: i64 = 638_505_688_890_000_000;

    fn p(text: &str) -> String {
        styled(text, DateTimeStyles::NONE)
    }

    fn styled(text: &str, styles: DateTimeStyles) -> String {
        match parse_datetime(text, styles, NOW) {
            Ok(value) => {
                format_datetime(value, "yyyy-MM-dd HH:mm:ss.FFFFFFF").unwrap()
                    + match value.kind() {
                        DateTimeKind::Unspecified => "",
                        DateTimeKind::Utc => " utc",
                        DateTimeKind::Local => " local",
                    }
            }
            Err(e) => e.kind.name().to_owned(),
        }
    }

    #[test]
    fn common_spellings() {
        for (text, expected) in [
            ("2024-01-02", "2024-01-02 00:00:00"),
            ("2024-01-02T03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05 local"),
            ("2024-01-02T03:04:05+02:00", "2024-01-02 01:04:05 local"),
            (
                "2024-01-02T03:04:05.1234567-0130",
                "2024-01-02 04:34:05.1234567 local",
            ),
            ("2024-01-02 03:04:05 +00:00", "2024-01-02 03:04:05 local"),
            ("01/02/2024", "2024-01-02 00:00:00"),
            ("1/2/24 3:04 PM", "2024-01-02 15:04:00"),
            ("Tue, 02 Jan 2024 03:04:05 GMT", "2024-01-02 03:04:05 local"),
            ("Tuesday, 02 January 2024 03:04", "2024-01-02 03:04:00"),
            ("2 Jan 2024", "2024-01-02 00:00:00"),
            ("January 2, 2024", "2024-01-02 00:00:00"),
            ("Jan 2024", "2024-01-01 00:00:00"),
            ("2024/01/02", "2024-01-02 00:00:00"),
            ("2024-01", "2024-01-01 00:00:00"),
            ("12:30", "2024-05-06 12:30:00"),
            ("5/6", "2024-05-06 00:00:00"),
            ("2024-01-02 12 AM", "2024-01-02 00:00:00"),
            ("2-Jan-24", "2024-01-02 00:00:00"),
            ("2024-01-02 13 PM", "2024-01-02 13:00:00"),
            ("2024-01-02Z", "2024-01-02 00:00:00 local"),
            ("2024-01-02+02:00", "2024-01-01 22:00:00 local"),
            ("2024-01-02 -02:00", "2024-01-02 02:00:00 local"),
            ("2020-01-02 AD", "2020-01-02 00:00:00"),
        ] {
            assert_eq!(p(text), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_a_format_exception() {
        for text in [
            "13/01/2024",
            "not a date",
            "",
            " ",
            "2024-02-30",
            "20240102",
            "Mon, 02 Jan 2024",
            "2024-01-02T25:00",
            "5",
            "2024-01-02T",
            "1/2/3/4",
            "10:61",
            "2024-01-02T03:04:05+15:00",
            "2024-01-02Q",
            "Tuesday",
            "2024-01-02 13 AM",
            "2024-01-02T03:04:05 PM",
            "2024-01-02T3:4:5",
            "2024-01-02T03:04:05,123",
            "2024-01-02T03:04:05.",
            "1/2/2024T03:04",
        ] {
            assert_eq!(p(text), "FormatException", "{text}");
        }
    }

    #[test]
    fn styles_decide_the_kind() {
        assert_eq!(
            styled("2024-01-02T03:04:05Z", DateTimeStyles::ROUNDTRIP_KIND),
            "2024-01-02 03:04:05 utc"
        );
        assert_eq!(
            styled(
                "2024-01-02T03:04:05+02:00",
                DateTimeStyles::ADJUST_TO_UNIVERSAL
            ),
            "2024-01-02 01:04:05 utc"
        );
        assert_eq!(
            styled("2024-01-02", DateTimeStyles::ASSUME_UNIVERSAL),
            "2024-01-02 00:00:00 local"
        );
        assert_eq!(
            styled("2024-01-02", DateTimeStyles(0x50)),
            "2024-01-02 00:00:00 utc"
        );
        assert_eq!(
            styled("2024-01-02T03:04:05+00:00", DateTimeStyles::ROUNDTRIP_KIND),
            "2024-01-02 03:04:05 local"
        );
        assert_eq!(
            styled("12:30", DateTimeStyles::NO_CURRENT_DATE_DEFAULT),
            "0001-01-01 12:30:00"
        );
    }

    #[test]
    fn offsets_are_kept_by_datetimeoffset() {
        let t =
            |text| parse_datetimeoffset(text, DateTimeStyles::NONE, NOW).map(datetimeoffset_text);
        assert_eq!(
            t("2024-01-02T03:04:05+02:00").as_deref(),
            Ok("01/02/2024 03:04:05 +02:00")
        );
        assert_eq!(t("2024-01-02").as_deref(), Ok("01/02/2024 00:00:00 +00:00"));
    }
}
