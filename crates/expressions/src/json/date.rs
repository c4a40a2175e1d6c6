//! Dates in JSON: which strings the reader takes for dates, how the writer prints them.
//!
//! Dates are .NET ticks (100 ns since 0001-01-01). The local time zone is UTC.

use super::error::Result;
use crate::clr::datetime_parse::{DateTimeStyles, parse_datetime, parse_datetimeoffset};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset};

const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
/// The last tick of year 9999.
const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 0001-01-01 of a civil date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 306
}

/// Year, month and day of a count of days since 0001-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 306;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

struct Clock {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
}

fn clock(ticks: i64) -> Clock {
    let ticks = ticks.clamp(0, MAX_TICKS);
    let (year, month, day) = civil_from_days(ticks / TICKS_PER_DAY);
    let rest = ticks % TICKS_PER_DAY;
    let seconds = rest / TICKS_PER_SECOND;
    Clock {
        year,
        month,
        day,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        fraction: rest % TICKS_PER_SECOND,
    }
}

/// `MM/dd/yyyy HH:mm:ss`, what `DateTime.ToString()` gives with the invariant culture.
pub(super) fn general_text(ticks: i64) -> String {
    let c = clock(ticks);
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02}",
        c.month, c.day, c.year, c.hour, c.minute, c.second
    )
}

/// `+hh:mm`
pub(super) fn offset_text(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `[-][d.]hh:mm:ss[.fffffff]`, what `TimeSpan.ToString()` gives.
pub(super) fn timespan_text(ticks: i64) -> String {
    let magnitude = ticks.unsigned_abs();
    let per_second = TICKS_PER_SECOND.unsigned_abs();
    let seconds = magnitude / per_second;
    let days = seconds / 86_400;
    let mut text = String::with_capacity(26);
    if ticks < 0 {
        text.push('-');
    }
    if days > 0 {
        text.push_str(&format!("{days}."));
    }
    text.push_str(&format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    ));
    let fraction = magnitude % per_second;
    if fraction > 0 {
        text.push_str(&format!(".{fraction:07}"));
    }
    text
}

fn iso_clock(ticks: i64) -> String {
    let c = clock(ticks);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    );
    if c.fraction > 0 {
        let digits = format!("{:07}", c.fraction);
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text
}

/// A `DateTime` as JSON writes it: `Z` for UTC, the zone's offset for local time, nothing when unspecified.
pub fn iso_text(date: DateTime) -> String {
    let mut text = iso_clock(date.ticks);
    match date.kind {
        DateTimeKind::Unspecified => {}
        DateTimeKind::Utc => text.push('Z'),
        DateTimeKind::Local => text.push_str("+00:00"),
    }
    text
}

/// A `DateTimeOffset` as JSON writes it.
pub fn offset_iso_text(date: DateTimeOffset) -> String {
    iso_clock(date.ticks) + &offset_text(date.offset_minutes)
}

/// The date a JSON string stands for, if Json.NET takes it for one: exact ISO 8601 with a time, or `/Date(ms)/`.
pub fn parse_json_date(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    match bytes {
        [b'/', ..] if bytes.len() >= 9 => parse_microsoft(text),
        [b'0'..=b'9', ..] if (19..=40).contains(&bytes.len()) && bytes.get(10) == Some(&b'T') => {
            parse_iso(bytes)
        }
        _ => None,
    }
}

/// `DateTime.Parse` as conversions use it; `now` completes a text that is only a time.
pub(super) fn parse_date(text: &str, now: i64) -> Result<DateTime> {
    Ok(parse_datetime(text, DateTimeStyles::NONE, now)?)
}

/// `DateTimeOffset.Parse` as conversions use it.
pub(super) fn parse_offset(text: &str, now: i64) -> Result<DateTimeOffset> {
    Ok(parse_datetimeoffset(text, DateTimeStyles::NONE, now)?)
}

fn parse_microsoft(text: &str) -> Option<DateTime> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    // A sign after the first character begins an offset, which only says that local time is meant.
    let (milliseconds, kind) = match inner
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '+' | '-'))
    {
        Some((at, _)) => {
            let (number, offset) = inner.split_at(at);
            let digits = offset.get(1..)?;
            if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (number, DateTimeKind::Local)
        }
        None => (inner, DateTimeKind::Utc),
    };
    let ticks = milliseconds
        .parse::<i64>()
        .ok()?
        .checked_mul(10_000)?
        .checked_add(UNIX_EPOCH_TICKS)?;
    (0..=MAX_TICKS)
        .contains(&ticks)
        .then_some(DateTime { ticks, kind })
}

/// Digits and separators in order; each step fails on anything unexpected.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        let mut value = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        self.at += count;
        Some(value)
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.bytes.get(self.at) == Some(&expected)).then(|| self.at += 1)
    }
}

fn parse_iso(bytes: &[u8]) -> Option<DateTime> {
    let mut cursor = Cursor { bytes, at: 0 };
    let year = cursor.digits(4)?;
    cursor.take(b'-')?;
    let month = cursor.digits(2)?;
    cursor.take(b'-')?;
    let day = cursor.digits(2)?;
    if year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    cursor.take(b'T')?;
    let hour = cursor.digits(2)?;
    cursor.take(b':')?;
    let minute = cursor.digits(2)?;
    cursor.take(b':')?;
    let second = cursor.digits(2)?;
    // 24:00:00 is the next day's midnight.
    if hour > 24 || minute >= 60 || second >= 60 || (hour == 24 && (minute, second) != (0, 0)) {
        return None;
    }
    let mut fraction = 0;
    if cursor.take(b'.').is_some() {
        let mut count = 0;
        while count < 7 {
            let Some(digit) = cursor.digits(1) else { break };
            fraction = fraction * 10 + digit;
            count += 1;
        }
        if count == 0 {
            return None;
        }
        fraction *= 10_i64.pow(7 - count);
        if hour == 24 && fraction != 0 {
            return None;
        }
    }
    let ticks = days_from_civil(year, month, day) * TICKS_PER_DAY
        + (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND
        + fraction;
    let result = match bytes.get(cursor.at) {
        None => (ticks, DateTimeKind::Unspecified),
        Some(b'Z' | b'z') => {
            cursor.at += 1;
            (ticks, DateTimeKind::Utc)
        }
        Some(sign @ (b'+' | b'-')) => {
            let sign = if *sign == b'+' { -1 } else { 1 };
            cursor.at += 1;
            let hours = cursor.digits(2)?;
            let _ = cursor.take(b':');
            let minutes = cursor.digits(2).unwrap_or(0);
            let shifted = ticks + sign * (hours * 60 + minutes) * TICKS_PER_MINUTE;
            (shifted.clamp(0, MAX_TICKS), DateTimeKind::Local)
        }
        Some(_) => return None,
    };
    let (ticks, kind) = result;
    (cursor.at == bytes.len() && ticks <= MAX_TICKS).then_some(DateTime { ticks, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_strings_with_a_time_are_dates() {
        let utc = parse_json_date("2024-01-02T03:04:05Z").unwrap();
        assert_eq!(general_text(utc.ticks), "01/02/2024 03:04:05");
        assert_eq!(utc.kind, DateTimeKind::Utc);
        let shifted = parse_json_date("2024-01-02T03:04:05+02:00").unwrap();
        assert_eq!(iso_text(shifted), "2024-01-02T01:04:05+00:00");
        let fraction = parse_json_date("2024-01-02T03:04:05.120").unwrap();
        assert_eq!(iso_text(fraction), "2024-01-02T03:04:05.12");
        let midnight = parse_json_date("2024-02-29T24:00:00").unwrap();
        assert_eq!(iso_text(midnight), "2024-03-01T00:00:00");
        let epoch = parse_json_date("/Date(0)/").unwrap();
        assert_eq!(
            (epoch.ticks, epoch.kind),
            (UNIX_EPOCH_TICKS, DateTimeKind::Utc)
        );
        assert_eq!(
            parse_json_date("/Date(0+0200)/").unwrap().kind,
            DateTimeKind::Local
        );
    }

    #[test]
    fn other_strings_stay_strings() {
        for text in [
            "2024-01-02",
            "2024-01-02 03:04:05",
            "2024-13-02T03:04:05Z",
            "2023-02-29T03:04:05Z",
            "2024-01-02T03:04:05.Z",
            "2024-01-02T03:04:05Zx",
            "2024-01-02T25:04:05Z",
            "/Date(x)/",
            "/Date()/",
            "00:01:00",
        ] {
            assert_eq!(parse_json_date(text), None, "{text}");
        }
    }

    #[test]
    fn calendar_runs_from_year_1_to_9999() {
        assert_eq!(days_from_civil(1, 1, 1), 0);
        assert_eq!(civil_from_days(0), (1, 1, 1));
        assert_eq!(general_text(MAX_TICKS), "12/31/9999 23:59:59");
        assert_eq!(general_text(UNIX_EPOCH_TICKS), "01/01/1970 00:00:00");
    }

    #[test]
    fn timespans_print_days_and_fractions_only_when_there() {
        assert_eq!(timespan_text(TICKS_PER_SECOND), "00:00:01");
        assert_eq!(timespan_text(-(TICKS_PER_DAY + 5)), "-1.00:00:00.0000005");
    }
}
