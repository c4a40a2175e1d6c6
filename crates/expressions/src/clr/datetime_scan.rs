//! What a free-form date text says: its fields, before anything is filled in.
//!
//! Text flows in, [`Fields`] flow out, or nothing when it is no date. Invariant culture: month before day.

use super::calendar::{DAY_NAMES, MONTH_NAMES, TICKS_PER_MINUTE, TICKS_PER_SECOND};
use super::timespan::TimeSpan;

/// The zone a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParsedZone {
    Utc,
    Offset(TimeSpan),
}

/// What a text says of a point in time; absent fields are filled in by whoever asked.
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
pub(crate) fn scan(text: &str) -> Option<Fields> {
    // Nothing that reads as a date is longer; the bound keeps hostile input cheap.
    if text.len() > 200 {
        return None;
    }
    let mut fields = Fields::default();
    let mut month_last = false;
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
                month_last = !numbers.is_empty();
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
                && (fields.hour.is_some() || date_complete(&numbers, &fields))
            {
                fields.zone = Some(ParsedZone::Utc);
            } else if word.eq_ignore_ascii_case("T")
                && fields.hour.is_none()
                && numbers.len() >= 2
                && numbers.first().is_some_and(|year| year.digits >= 3)
            {
                // The letter is ISO 8601's: after a date that starts with the year, before a strict time.
                scan_iso_time(rest, &mut fields)?;
                rest = "";
            } else if word.eq_ignore_ascii_case("AD") && date_complete(&numbers, &fields) {
                // The only era there is.
            } else {
                return None;
            }
        } else if matches!(c, '+' | '-')
            && fields.zone.is_none()
            && (behind_time || (fields.hour.is_none() && date_complete(&numbers, &fields)))
        {
            let (offset, tail) = scan_offset(rest)?;
            fields.zone = Some(ParsedZone::Offset(offset));
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
    assign_date(&numbers, month_last, &mut fields)?;
    Some(fields)
}

/// Whether year, month and day have been read.
fn date_complete(numbers: &[Number], fields: &Fields) -> bool {
    numbers.len() == if fields.month.is_some() { 2 } else { 3 }
}

/// `hh:mm[:ss[.fffffff]][Z|±hh[:mm]]` to the end of the text, two digits each.
fn scan_iso_time(text: &str, fields: &mut Fields) -> Option<()> {
    let two = |text: &str| -> Option<(i32, usize)> {
        let skipped = text.len() - text.trim_start().len();
        let digits = text
            .get(skipped..skipped + 2)
            .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse().ok().map(|value| (value, skipped + 2))
    };
    let (hour, length) = two(text)?;
    let rest = text.get(length..)?.trim_start().strip_prefix(':')?;
    let (minute, length) = two(rest)?;
    let mut rest = rest.get(length..)?.trim_start();
    (fields.hour, fields.minute) = (Some(hour), Some(minute));
    if let Some(after) = rest.strip_prefix(':') {
        let (second, length) = two(after)?;
        fields.second = Some(second);
        rest = after.get(length..)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (digits, tail) = split_digits(after);
            if digits.is_empty() {
                return None;
            }
            fields.fraction = fraction_ticks(digits);
            rest = tail;
        }
        rest = rest.trim_start();
    }
    if rest.starts_with(['+', '-']) {
        let (offset, tail) = scan_offset(rest)?;
        fields.zone = Some(ParsedZone::Offset(offset));
        rest = tail;
    } else if let Some(tail) = rest.strip_prefix(['Z', 'z']) {
        fields.zone = Some(ParsedZone::Utc);
        rest = tail;
    }
    rest.trim_start().is_empty().then_some(())
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
            .strip_prefix('.')
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
/// `month_last`: the month's name stands behind a number.
fn assign_date(numbers: &[Number], month_last: bool, fields: &mut Fields) -> Option<()> {
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
            // `02 Jan` is January 2002: the invariant culture writes the day behind the month, the year before it.
            [n] if month_last && !timed => {
                const FIRST: Number = Number {
                    value: 1,
                    digits: 1,
                };
                set(Some(n), None, Some(&FIRST))
            }
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
