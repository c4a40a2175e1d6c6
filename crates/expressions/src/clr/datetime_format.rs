//! `DateTime` and `DateTimeOffset` to text: standard and custom formats, invariant culture, and JSON's ISO form.
//!
//! A point in time and a format flow in, text or `FormatException` flows out.

use super::calendar::{DAY_NAMES, MONTH_NAMES, TICKS_PER_MINUTE};
use super::datetime::{DateTime, DateTimeKind};
use super::datetimeoffset::DateTimeOffset;
use super::timespan::TimeSpan;
use super::{Error, Result};

/// `dateTime.ToString()`: `MM/dd/yyyy HH:mm:ss`
pub fn datetime_text(value: DateTime) -> String {
    let p = value.parts();
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02}",
        p.month, p.day, p.year, p.hour, p.minute, p.second
    )
}

/// `dateTimeOffset.ToString()`: `MM/dd/yyyy HH:mm:ss zzz`
pub fn datetimeoffset_text(value: DateTimeOffset) -> String {
    format!(
        "{} {}",
        datetime_text(value.clock()),
        offset_text(value.offset())
    )
}

/// `dateTime.ToString(format)`
///
/// # Errors
/// `FormatException`
pub fn format_datetime(value: DateTime, format: &str) -> Result<String> {
    if format.is_empty() {
        return Ok(datetime_text(value));
    }
    let subject = Subject {
        clock: value,
        zone: Zone::Kind(value.kind()),
    };
    match single_letter(format) {
        Some('U') => custom(
            &Subject {
                clock: value.to_universal(),
                ..subject
            },
            "dddd, dd MMMM yyyy HH:mm:ss",
        ),
        Some(letter) => custom(
            &subject,
            standard_pattern(letter).ok_or_else(Error::bad_input)?,
        ),
        None => custom(&subject, format),
    }
}

/// `dateTimeOffset.ToString(format)`
///
/// # Errors
/// `FormatException`
pub fn format_datetimeoffset(value: DateTimeOffset, format: &str) -> Result<String> {
    if format.is_empty() {
        return Ok(datetimeoffset_text(value));
    }
    let subject = Subject {
        clock: value.clock(),
        zone: Zone::Offset(value.offset()),
    };
    match single_letter(format) {
        // These patterns claim to be UTC.
        Some(letter @ ('r' | 'R' | 'u')) => {
            let utc = Subject {
                clock: value.utc_datetime(),
                ..subject
            };
            custom(&utc, standard_pattern(letter).unwrap_or_default())
        }
        Some('U') => Err(Error::bad_input()),
        Some(letter) => custom(
            &subject,
            standard_pattern(letter).ok_or_else(Error::bad_input)?,
        ),
        None => custom(&subject, format),
    }
}

/// `yyyy-MM-ddTHH:mm:ss[.fffffff]` with `Z`, an offset or nothing by kind: what Json.NET writes.
pub fn json_datetime(value: DateTime) -> String {
    let mut out = iso_seconds(value);
    match value.kind() {
        DateTimeKind::Unspecified => {}
        DateTimeKind::Utc => out.push('Z'),
        DateTimeKind::Local => out.push_str("+00:00"),
    }
    out
}

/// `yyyy-MM-ddTHH:mm:ss[.fffffff]±hh:mm`: what Json.NET writes.
pub fn json_datetimeoffset(value: DateTimeOffset) -> String {
    iso_seconds(value.clock()) + &offset_text(value.offset())
}

fn iso_seconds(value: DateTime) -> String {
    let p = value.parts();
    let mut out = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        p.year, p.month, p.day, p.hour, p.minute, p.second
    );
    if p.fraction > 0 {
        out.push('.');
        out.push_str(format!("{:07}", p.fraction).trim_end_matches('0'));
    }
    out
}

/// `+hh:mm`
pub fn offset_text(offset: TimeSpan) -> String {
    let minutes = offset.0 / TICKS_PER_MINUTE;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The custom pattern behind a standard format letter; `ParseExact` uses the same.
pub(crate) fn standard_pattern(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        's' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

pub(crate) fn single_letter(format: &str) -> Option<char> {
    let mut chars = format.chars();
    let first = chars.next();
    if chars.next().is_some() { None } else { first }
}

enum Zone {
    Kind(DateTimeKind),
    Offset(TimeSpan),
}

struct Subject {
    clock: DateTime,
    zone: Zone,
}

fn custom(subject: &Subject, format: &str) -> Result<String> {
    let p = subject.clock.parts();
    let hour12 = if p.hour % 12 == 0 { 12 } else { p.hour % 12 };
    let day_name = DAY_NAMES
        .get(subject.clock.day_of_week() as usize)
        .copied()
        .unwrap_or_default();
    let month_name = MONTH_NAMES
        .get(p.month as usize - 1)
        .copied()
        .unwrap_or_default();
    let offset = match subject.zone {
        Zone::Kind(_) => TimeSpan::ZERO,
        Zone::Offset(offset) => offset,
    };
    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        let mut run = 1usize;
        if matches!(
            c,
            'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'm' | 'M' | 's' | 't' | 'y' | 'z'
        ) {
            while chars.next_if_eq(&c).is_some() {
                run += 1;
            }
        }
        let two = run.min(2);
        match c {
            'd' if run <= 2 => out.push_str(&format!("{:0>run$}", p.day)),
            'd' => out.push_str(if run == 3 {
                day_name.get(..3).unwrap_or_default()
            } else {
                day_name
            }),
            'M' if run <= 2 => out.push_str(&format!("{:0>run$}", p.month)),
            'M' => out.push_str(if run == 3 {
                month_name.get(..3).unwrap_or_default()
            } else {
                month_name
            }),
            'y' if run <= 2 => out.push_str(&format!("{:0>run$}", p.year % 100)),
            // A year pads to the width asked for; the bound keeps hostile formats small.
            'y' => out.push_str(&format!("{:0>width$}", p.year, width = run.min(1_000))),
            'h' => out.push_str(&format!("{hour12:0>two$}")),
            'H' => out.push_str(&format!("{:0>two$}", p.hour)),
            'm' => out.push_str(&format!("{:0>two$}", p.minute)),
            's' => out.push_str(&format!("{:0>two$}", p.second)),
            'f' | 'F' if run <= 7 => {
                let mut digits = format!("{:07}", p.fraction);
                digits.truncate(run);
                if c == 'F' {
                    digits.truncate(digits.trim_end_matches('0').len());
                    if digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                }
                out.push_str(&digits);
            }
            'f' | 'F' => return Err(Error::bad_input()),
            't' => {
                let designator = if p.hour < 12 { "AM" } else { "PM" };
                out.push_str(designator.get(..two).unwrap_or(designator));
            }
            'g' => out.push_str("A.D."),
            'z' => push_offset(&mut out, offset, run),
            'K' => match subject.zone {
                Zone::Kind(DateTimeKind::Unspecified) => {}
                Zone::Kind(DateTimeKind::Utc) => out.push('Z'),
                Zone::Kind(DateTimeKind::Local) | Zone::Offset(_) => {
                    out.push_str(&offset_text(offset))
                }
            },
            '\'' | '"' => loop {
                match chars.next() {
                    Some(q) if q == c => break,
                    Some('\\') => out.push(chars.next().ok_or_else(Error::bad_input)?),
                    Some(q) => out.push(q),
                    None => return Err(Error::bad_input()),
                }
            },
            '%' => {
                if matches!(chars.peek(), Some('%') | None) {
                    return Err(Error::bad_input());
                }
            }
            '\\' => out.push(chars.next().ok_or_else(Error::bad_input)?),
            _ => out.push(c),
        }
    }
    Ok(out)
}

fn push_offset(out: &mut String, offset: TimeSpan, run: usize) {
    let minutes = offset.0 / TICKS_PER_MINUTE;
    let sign = if minutes < 0 { '-' } else { '+' };
    match run {
        1 => out.push_str(&format!("{sign}{}", minutes.abs() / 60)),
        2 => out.push_str(&format!("{sign}{:02}", minutes.abs() / 60)),
        _ => out.push_str(&offset_text(offset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(hour: i32, millisecond: i32, kind: DateTimeKind) -> DateTime {
        DateTime::new((2024, 1, 2), (hour, 4, 5, millisecond), kind).unwrap()
    }

    fn f(value: DateTime, format: &str) -> String {
        format_datetime(value, format).unwrap_or_else(|e| e.kind.name().to_owned())
    }

    #[test]
    fn standard_formats() {
        let t = moment(3, 0, DateTimeKind::Unspecified);
        for (format, expected) in [
            ("", "01/02/2024 03:04:05"),
            ("o", "2024-01-02T03:04:05.0000000"),
            ("s", "2024-01-02T03:04:05"),
            ("u", "2024-01-02 03:04:05Z"),
            ("R", "Tue, 02 Jan 2024 03:04:05 GMT"),
            ("d", "01/02/2024"),
            ("D", "Tuesday, 02 January 2024"),
            ("f", "Tuesday, 02 January 2024 03:04"),
            ("F", "Tuesday, 02 January 2024 03:04:05"),
            ("g", "01/02/2024 03:04"),
            ("t", "03:04"),
            ("T", "03:04:05"),
            ("m", "January 02"),
            ("y", "2024 January"),
            ("K", "FormatException"),
            ("Q", "FormatException"),
        ] {
            assert_eq!(f(t, format), expected, "{format}");
        }
        assert_eq!(
            f(moment(3, 678, DateTimeKind::Utc), "o"),
            "2024-01-02T03:04:05.6780000Z"
        );
        assert_eq!(
            f(moment(3, 0, DateTimeKind::Local), "o"),
            "2024-01-02T03:04:05.0000000+00:00"
        );
    }

    #[test]
    fn custom_formats() {
        let t = moment(15, 0, DateTimeKind::Utc);
        for (format, expected) in [
            ("yyyy-MM-ddTHH:mm:ssZ", "2024-01-02T15:04:05Z"),
            ("h:mm tt", "3:04 PM"),
            ("ddd dd MMM yy", "Tue 02 Jan 24"),
            ("%d", "2"),
            ("yyyyMMddK", "20240102Z"),
            ("zzz", "+00:00"),
            ("yyyy'/'MM\\Ydd", "2024/01Y02"),
            ("ss.FFF", "05"),
            ("%", "FormatException"),
            ("'open", "FormatException"),
            ("yy ffffffff", "FormatException"),
        ] {
            assert_eq!(f(t, format), expected, "{format}");
        }
        assert_eq!(f(moment(15, 60, DateTimeKind::Utc), "ss.FFF"), "05.06");
        assert_eq!(f(moment(15, 6, DateTimeKind::Utc), "ss.fffZ"), "05.006Z");
    }

    #[test]
    fn offsets_show_in_text() {
        let t = DateTimeOffset::new(
            moment(3, 0, DateTimeKind::Unspecified),
            TimeSpan(-90 * TICKS_PER_MINUTE),
        )
        .unwrap();
        assert_eq!(datetimeoffset_text(t), "01/02/2024 03:04:05 -01:30");
        assert_eq!(
            format_datetimeoffset(t, "o").as_deref(),
            Ok("2024-01-02T03:04:05.0000000-01:30")
        );
        assert_eq!(
            format_datetimeoffset(t, "u").as_deref(),
            Ok("2024-01-02 04:34:05Z")
        );
        assert_eq!(json_datetimeoffset(t), "2024-01-02T03:04:05-01:30");
        assert_eq!(
            json_datetime(moment(3, 120, DateTimeKind::Unspecified)),
            "2024-01-02T03:04:05.12"
        );
    }
}
