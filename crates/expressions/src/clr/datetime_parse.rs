//! `DateTime.Parse`, `DateTimeOffset.Parse` and their `TryParse`: free-form dates, invariant culture.
//!
//! Text flows in; the fields it names come out of the scanner here, [`resolve`] turns them into a point in time. Accepted
//! are ISO 8601, RFC 1123, `MM/dd/yyyy`, dates with month names, times with AM/PM, and offsets behind a time.

use super::calendar::{
    DAY_NAMES, MONTH_NAMES, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND,
    days_from_date,
};
use super::datetime::{DateTime, DateTimeKind};
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

/// The zone a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParsedZone {
    Utc,
    Offset(TimeSpan),
}

/// What a text says of a point in time; absent fields are filled in by [`resolve`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields {
    pub year: Option<i32>,
    pub month: Option<i32>,
    pub day: Option<i32>,
    pub weekday: Option<i32>,
    pub hour: Option<i32>,
    pub minute: Option<i32>,
    pub second: Option<i32>,
    /// Ticks within the second; rounding may reach a whole one.
    pub fraction: i64,
    /// `Some(true)` for PM.
    pub afternoon: Option<bool>,
    pub zone: Option<ParsedZone>,
}

fn bad(text: &str) -> Error {
    Error::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
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
    let fields = scan(text).ok_or_else(|| bad(text))?;
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
    let fields = scan(text).ok_or_else(|| bad(text))?;
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
    if let Some(afternoon) = fields.afternoon {
        if !(0..=12).contains(&hour) {
            return Err(bad(text));
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let (minute, second) = (fields.minute.unwrap_or(0), fields.second.unwrap_or(0));
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(bad(text));
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

/// `.5` seconds as ticks, rounded to the nearest; any number of digits.
pub(crate) fn fraction_ticks(digits: &str) -> i64 {
    let value: f64 = format!("0.{digits}").parse().unwrap_or(0.0);
    (value * TICKS_PER_SECOND as f64).round_ties_even() as i64
}

/// A two-digit year in the century from 1930 to 2029; longer ones as they are.
pub(crate) fn full_year(value: i32, digits: usize) -> i32 {
    match (digits, value) {
        (0..=2, 0..=29) => 2000 + value,
        (0..=2, 30..=99) => 1900 + value,
        _ => value,
    }
}

/// Looks a word up in names, whole or by its first three letters, in any case.
pub(crate) fn name_index(word: &str, names: &[&str]) -> Option<i32> {
    let matches = |name: &&str| {
        name.eq_ignore_ascii_case(word)
            || name
                .get(..3)
                .is_some_and(|short| short.eq_ignore_ascii_case(word))
    };
    names.iter().position(matches).map(|i| i as i32)
}

/// `+02:00`, `+0200`, `+2` after a sign; the rest of the text is returned beside it.
pub(crate) fn scan_offset(text: &str) -> Option<(TimeSpan, &str)> {
    let negative = match text.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let (digits, mut rest) = split_digits(text.get(1..)?);
    let (hours, minutes) = match digits.len() {
        1 | 2 => {
            let hours: i64 = digits.parse().ok()?;
            let mut minutes = 0;
            if let Some(after) = rest.strip_prefix(':') {
                let (more, tail) = split_digits(after);
                if more.is_empty() || more.len() > 2 {
                    return None;
                }
                minutes = more.parse().ok()?;
                rest = tail;
            }
            (hours, minutes)
        }
        3 | 4 => {
            let value: i64 = digits.parse().ok()?;
            (value / 100, value % 100)
        }
        _ => return None,
    };
    if hours > 14 || minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    let ticks = (hours * 60 + minutes) * TICKS_PER_MINUTE;
    Some((TimeSpan(if negative { -ticks } else { ticks }), rest))
}

pub(crate) fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

#[derive(Clone, Copy)]
struct Number {
    value: i32,
    digits: usize,
}

/// Reads the fields of a free-form date; `None` when it is not one.
fn scan(text: &str) -> Option<Fields> {
    // Nothing that reads as a date is longer; the bound keeps hostile input cheap.
    if text.len() > 200 {
        return None;
    }
    let mut fields = Fields::default();
    let mut numbers: Vec<Number> = Vec::with_capacity(3);
    let mut rest = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if rest.is_empty() {
        return None;
    }
    // A sign right behind a time (or its fraction, or AM/PM) starts an offset; elsewhere `-` separates date parts.
    let mut behind_time = false;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let (digits, tail) = split_digits(rest);
            let number = Number {
                value: digits.parse().ok()?,
                digits: digits.len(),
            };
            rest = tail;
            if fields.hour.is_none() && rest.starts_with(':') {
                rest = scan_time(number, rest, &mut fields)?;
                behind_time = true;
                continue;
            } else if fields.hour.is_none() && designator(rest.trim_start()).is_some() {
                if number.digits > 2 {
                    return None;
                }
                fields.hour = Some(number.value);
            } else {
                if numbers.len() == 3 {
                    return None;
                }
                numbers.push(number);
            }
        } else if c.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (word, tail) = rest.split_at(length);
            rest = tail;
            if let Some(month) = name_index(word, &MONTH_NAMES).filter(|_| fields.month.is_none()) {
                fields.month = Some(month + 1);
                rest = rest.strip_prefix('.').unwrap_or(rest);
            } else if let Some(weekday) =
                name_index(word, &DAY_NAMES).filter(|_| fields.weekday.is_none())
            {
                fields.weekday = Some(weekday);
            } else if let Some(afternoon) =
                designator(word).filter(|_| fields.hour.is_some() && fields.afternoon.is_none())
            {
                fields.afternoon = Some(afternoon);
                behind_time = true;
                continue;
            } else if (word.eq_ignore_ascii_case("Z") || word.eq_ignore_ascii_case("GMT"))
                && fields.zone.is_none()
                && fields.hour.is_some()
            {
                fields.zone = Some(ParsedZone::Utc);
            } else if word.eq_ignore_ascii_case("T")
                && !numbers.is_empty()
                && rest.starts_with(|n: char| n.is_ascii_digit())
            {
                // The letter between date and time must be followed by a time.
                let (_, tail) = split_digits(rest);
                if !tail.starts_with(':') {
                    return None;
                }
            } else {
                return None;
            }
        } else if matches!(c, '+' | '-')
            && fields.hour.is_some()
            && fields.zone.is_none()
            && behind_time
        {
            let (offset, tail) = scan_offset(rest)?;
            fields.zone = Some(if offset == TimeSpan::ZERO {
                ParsedZone::Utc
            } else {
                ParsedZone::Offset(offset)
            });
            rest = tail;
        } else if c.is_whitespace() {
            rest = rest.get(c.len_utf8()..)?;
            continue;
        } else if matches!(c, ',' | '/' | '-' | '.') {
            rest = rest.get(c.len_utf8()..)?;
        } else {
            return None;
        }
        behind_time = false;
    }
    assign_date(&numbers, &mut fields)?;
    Some(fields)
}

/// AM or PM at the start of a text.
fn designator(text: &str) -> Option<bool> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..length)?;
    if word.eq_ignore_ascii_case("AM") {
        Some(false)
    } else if word.eq_ignore_ascii_case("PM") {
        Some(true)
    } else {
        None
    }
}

/// `:mm[:ss[.fffffff]]` behind an hour.
fn scan_time<'a>(hour: Number, text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    let part = |text: &'a str| -> Option<(i32, &'a str)> {
        let (digits, rest) = split_digits(text);
        (1..=2)
            .contains(&digits.len())
            .then(|| digits.parse().ok().map(|value| (value, rest)))?
    };
    if hour.digits > 2 {
        return None;
    }
    fields.hour = Some(hour.value);
    let (minute, mut rest) = part(text.strip_prefix(':')?)?;
    fields.minute = Some(minute);
    if let Some(after) = rest.strip_prefix(':') {
        let (second, tail) = part(after)?;
        fields.second = Some(second);
        rest = tail;
        if let Some(after) = rest
            .strip_prefix(['.', ','])
            .filter(|t| t.starts_with(|c: char| c.is_ascii_digit()))
        {
            let (digits, tail) = split_digits(after);
            fields.fraction = fraction_ticks(digits);
            rest = tail;
        }
    }
    Some(rest)
}

/// Decides which number is year, month and day: invariant culture reads month, day, year.
fn assign_date(numbers: &[Number], fields: &mut Fields) -> Option<()> {
    let (named_month, timed) = (fields.month.is_some(), fields.hour.is_some());
    let long = |n: &Number| n.digits >= 3;
    let mut set =
        |year: Option<&Number>, month: Option<&Number>, day: Option<&Number>| -> Option<()> {
            if let Some(y) = year {
                fields.year = Some(if y.digits <= 4 {
                    full_year(y.value, y.digits)
                } else {
                    return None;
                });
            }
            if let Some(m) = month {
                fields.month = Some(if m.digits <= 2 { m.value } else { return None });
            }
            if let Some(d) = day {
                fields.day = Some(if d.digits <= 2 { d.value } else { return None });
            }
            Some(())
        };
    if named_month {
        return match numbers {
            [n] if long(n) => set(Some(n), None, None),
            [n] => set(None, None, Some(n)),
            [a, b] if long(a) => set(Some(a), None, Some(b)),
            // `Jan 2 24` and `2 Jan 24`: the day comes first unless the year shows itself.
            [a, b] => set(Some(b), None, Some(a)),
            _ => None,
        };
    }
    match numbers {
        [] => timed.then_some(()),
        [a, b] if long(a) => set(Some(a), Some(b), None),
        [a, b] if long(b) => set(Some(b), Some(a), None),
        [a, b] => set(None, Some(a), Some(b)),
        [a, b, c] if long(a) => set(Some(a), Some(b), Some(c)),
        [a, b, c] => set(Some(c), Some(a), Some(b)),
        _ => None,
    }
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
            "2024-01-02 13:00 PM",
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
