//! Dates in JSON: which strings the reader takes for dates. How they are printed is in `clr`.
//!
//! The local time zone is UTC.

use super::error::Result;
use crate::clr::calendar::{
    MAX_TICKS, TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND, UNIX_EPOCH_TICKS, days_from_date,
};
use crate::clr::datetime_parse::{DateTimeStyles, parse_datetime, parse_datetimeoffset};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset};

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
    // Four and two digits fit.
    let days = days_from_date(year as i32, month as i32, day as i32)?;
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
    let ticks =
        days * TICKS_PER_DAY + (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction;
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
    use crate::clr::datetime_format::{datetime_text, json_datetime};

    #[test]
    fn iso_strings_with_a_time_are_dates() {
        let utc = parse_json_date("2024-01-02T03:04:05Z").unwrap();
        assert_eq!(datetime_text(utc), "01/02/2024 03:04:05");
        assert_eq!(utc.kind, DateTimeKind::Utc);
        let shifted = parse_json_date("2024-01-02T03:04:05+02:00").unwrap();
        assert_eq!(json_datetime(shifted), "2024-01-02T01:04:05+00:00");
        let fraction = parse_json_date("2024-01-02T03:04:05.120").unwrap();
        assert_eq!(json_datetime(fraction), "2024-01-02T03:04:05.12");
        let midnight = parse_json_date("2024-02-29T24:00:00").unwrap();
        assert_eq!(json_datetime(midnight), "2024-03-01T00:00:00");
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
}
