//! `DateTime.ParseExact`, `DateTimeOffset.ParseExact` and their `TryParseExact`.
//!
//! Text and a standard or custom format flow in, a point in time flows out, or `FormatException` where they disagree.

use super::calendar::{DAY_NAMES, MONTH_NAMES};
use super::datetime::DateTime;
use super::datetime_format::{single_letter, standard_pattern};
use super::datetime_parse::{DateTimeStyles, to_datetime, to_datetimeoffset};
use super::datetime_scan::{
    Fields, ParsedZone, fraction_ticks, full_year, scan_offset, split_digits,
};
use super::datetimeoffset::DateTimeOffset;
use super::{Error, Result};

fn bad(text: &str) -> Error {
    Error::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
    ))
}

/// `DateTime.ParseExact(text, formats, null, styles)`: the first format that fits.
///
/// # Errors
/// `FormatException`
pub fn parse_datetime_exact(
    text: &str,
    formats: &[&str],
    styles: DateTimeStyles,
    now: i64,
) -> Result<DateTime> {
    let mut last = bad(text);
    if text.is_empty() {
        return Err(last);
    }
    for format in formats {
        match match_format(text, format, styles)
            .and_then(|fields| to_datetime(text, &fields, styles, now))
        {
            Ok(value) => return Ok(value),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// `DateTimeOffset.ParseExact(text, formats, null, styles)`: the first format that fits.
///
/// # Errors
/// `FormatException`
pub fn parse_datetimeoffset_exact(
    text: &str,
    formats: &[&str],
    styles: DateTimeStyles,
    now: i64,
) -> Result<DateTimeOffset> {
    let mut last = bad(text);
    if text.is_empty() {
        return Err(last);
    }
    for format in formats {
        let parsed = match_format(text, format, styles).and_then(|mut fields| {
            // Patterns that claim to be UTC are.
            if matches!(*format, "r" | "R" | "u") {
                fields.zone = Some(ParsedZone::Utc);
            }
            to_datetimeoffset(text, &fields, styles, now)
        });
        match parsed {
            Ok(value) => return Ok(value),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn match_format(text: &str, format: &str, styles: DateTimeStyles) -> Result<Fields> {
    let pattern = match single_letter(format) {
        Some(letter) => standard_pattern(letter).ok_or_else(Error::bad_input)?,
        None if format.is_empty() => return Err(Error::bad_input()),
        None => format,
    };
    let mut matcher = Matcher {
        text,
        rest: text,
        fields: Fields::default(),
    };
    if styles.has(DateTimeStyles::ALLOW_LEADING_WHITE) {
        matcher.skip_white();
    }
    let pattern = if styles.has(DateTimeStyles::ALLOW_LEADING_WHITE) {
        pattern.trim_start()
    } else {
        pattern
    };
    matcher.run(pattern, styles.has(DateTimeStyles::ALLOW_INNER_WHITE))?;
    if styles.has(DateTimeStyles::ALLOW_TRAILING_WHITE) {
        matcher.skip_white();
    }
    if matcher.rest.is_empty() {
        Ok(matcher.fields)
    } else {
        Err(bad(text))
    }
}

struct Matcher<'a> {
    text: &'a str,
    rest: &'a str,
    fields: Fields,
}

impl Matcher<'_> {
    fn run(&mut self, pattern: &str, inner_white: bool) -> Result<()> {
        let mut chars = pattern.chars().peekable();
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
            if inner_white && !c.is_whitespace() {
                self.skip_white();
            }
            match c {
                'd' if run <= 2 => {
                    let day = self.number(run, 2)?.0;
                    self.set(|f| &mut f.day, day)?;
                }
                'd' => {
                    let weekday = self.name(&DAY_NAMES, run == 3)?;
                    self.set(|f| &mut f.weekday, weekday)?;
                }
                'M' if run <= 2 => {
                    let month = self.number(run, 2)?.0;
                    self.set(|f| &mut f.month, month)?;
                }
                'M' => {
                    let month = self.name(&MONTH_NAMES, run == 3)? + 1;
                    self.set(|f| &mut f.month, month)?;
                }
                'y' => {
                    let (value, digits) = if run <= 2 {
                        self.number(run, 2)?
                    } else {
                        self.number(run, run.max(4))?
                    };
                    let year = if run <= 2 {
                        full_year(value, digits)
                    } else {
                        value
                    };
                    self.set(|f| &mut f.year, year)?;
                }
                'h' | 'H' => {
                    let hour = self.number(run.min(2), 2)?.0;
                    if c == 'h' && !(1..=12).contains(&hour) {
                        return Err(bad(self.text));
                    }
                    self.set(|f| &mut f.hour, hour)?;
                    if c == 'h'
                        && self.fields.afternoon.is_none()
                        && !pattern.contains('t')
                        && hour == 12
                    {
                        // Without a designator twelve o'clock on a 12-hour clock is midnight.
                        self.fields.hour = Some(0);
                    }
                }
                'm' => {
                    let minute = self.number(run.min(2), 2)?.0;
                    self.set(|f| &mut f.minute, minute)?;
                }
                's' => {
                    let second = self.number(run.min(2), 2)?.0;
                    self.set(|f| &mut f.second, second)?;
                }
                'f' | 'F' if run > 7 => return Err(Error::bad_input()),
                'f' => self.fraction(run, run)?,
                'F' => self.fraction(0, run)?,
                't' => {
                    let afternoon = self.designator(run)?;
                    self.set(|f| &mut f.afternoon, afternoon)?;
                }
                'g' => {
                    let rest = self
                        .rest
                        .strip_prefix("A.D.")
                        .or_else(|| self.rest.strip_prefix("AD"));
                    self.rest = rest.ok_or_else(|| bad(self.text))?;
                }
                'z' => self.zone(false)?,
                'Z' => {
                    let named = ["Z", "GMT"].into_iter().find(|name| {
                        self.rest
                            .get(..name.len())
                            .is_some_and(|head| head.eq_ignore_ascii_case(name))
                    });
                    let named = named.ok_or_else(|| bad(self.text))?;
                    self.rest = self.rest.get(named.len()..).unwrap_or_default();
                    self.fields.zone = Some(ParsedZone::Utc);
                }
                'K' => self.zone(true)?,
                '\'' | '"' => loop {
                    match chars.next() {
                        Some(q) if q == c => break,
                        Some('\\') => self.literal(chars.next().ok_or_else(Error::bad_input)?)?,
                        Some(q) => self.literal(q)?,
                        None => return Err(Error::bad_input()),
                    }
                },
                '%' => {
                    if matches!(chars.peek(), Some('%') | None) {
                        return Err(Error::bad_input());
                    }
                }
                '\\' => self.literal(chars.next().ok_or_else(Error::bad_input)?)?,
                // An optional fraction takes its point with it.
                '.' if chars.peek() == Some(&'F') && !self.rest.starts_with('.') => {
                    while chars.next_if_eq(&'F').is_some() {}
                }
                _ if c.is_whitespace() && inner_white => self.skip_white(),
                _ => self.literal(c)?,
            }
        }
        Ok(())
    }

    fn skip_white(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn literal(&mut self, c: char) -> Result<()> {
        self.rest = self.rest.strip_prefix(c).ok_or_else(|| bad(self.text))?;
        Ok(())
    }

    /// A field given twice must say the same.
    fn set<T: PartialEq + Copy>(
        &mut self,
        field: impl Fn(&mut Fields) -> &mut Option<T>,
        value: T,
    ) -> Result<()> {
        let slot = field(&mut self.fields);
        if slot.is_some_and(|old| old != value) {
            return Err(bad(self.text));
        }
        *slot = Some(value);
        Ok(())
    }

    /// A number of `least` to `most` digits (a single letter allows two), with how many it had.
    fn number(&mut self, least: usize, most: usize) -> Result<(i32, usize)> {
        let count = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if count < least {
            return Err(bad(self.text));
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits
            .parse()
            .map(|value| (value, count))
            .map_err(|_| bad(self.text))
    }

    fn fraction(&mut self, least: usize, most: usize) -> Result<()> {
        let (digits, _) = split_digits(self.rest);
        let digits = digits.get(..digits.len().min(most)).unwrap_or_default();
        if digits.len() < least {
            return Err(bad(self.text));
        }
        self.rest = self.rest.get(digits.len()..).unwrap_or_default();
        if !digits.is_empty() {
            self.fields.fraction = fraction_ticks(digits);
        }
        Ok(())
    }

    fn name(&mut self, names: &[&str], short: bool) -> Result<i32> {
        for (index, name) in names.iter().enumerate() {
            let name = if short {
                name.get(..3).unwrap_or(name)
            } else {
                name
            };
            if self
                .rest
                .get(..name.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(name))
            {
                self.rest = self.rest.get(name.len()..).unwrap_or_default();
                return Ok(index as i32);
            }
        }
        Err(bad(self.text))
    }

    fn designator(&mut self, run: usize) -> Result<bool> {
        let length = if run == 1 { 1 } else { 2 };
        let head = self.rest.get(..length).ok_or_else(|| bad(self.text))?;
        let afternoon = if "AM"
            .get(..length)
            .is_some_and(|am| am.eq_ignore_ascii_case(head))
        {
            false
        } else if "PM"
            .get(..length)
            .is_some_and(|pm| pm.eq_ignore_ascii_case(head))
        {
            true
        } else {
            return Err(bad(self.text));
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(afternoon)
    }

    /// An offset; `K` also takes `Z` and nothing at all.
    fn zone(&mut self, kind: bool) -> Result<()> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            self.fields.zone = Some(ParsedZone::Utc);
            return Ok(());
        }
        if !self.rest.starts_with(['+', '-']) {
            return if kind { Ok(()) } else { Err(bad(self.text)) };
        }
        let (offset, rest) = scan_offset(self.rest).ok_or_else(|| bad(self.text))?;
        self.rest = rest;
        self.fields.zone = Some(ParsedZone::Offset(offset));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::datetime::DateTimeKind;
    use crate::clr::datetime_format::{datetimeoffset_text, format_datetime};

    const NOW: i64 = 638_505_688_890_000_000;

    fn p(text: &str, format: &str, styles: DateTimeStyles) -> String {
        match parse_datetime_exact(text, &[format], styles, NOW) {
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
    fn text_must_match_its_format() {
        for (text, format, expected) in [
            ("20240102", "yyyyMMdd", "2024-01-02 00:00:00"),
            (
                "2024-01-02T03:04:05Z",
                "yyyy-MM-ddTHH:mm:ssZ",
                "2024-01-02 03:04:05 local",
            ),
            (
                "2024-01-02T03:04:05Z",
                "yyyy-MM-ddTHH:mm:ssK",
                "2024-01-02 03:04:05 local",
            ),
            (
                "2024-01-02T03:04:05.1200000+02:00",
                "o",
                "2024-01-02 01:04:05.12 local",
            ),
            ("Tue, 02 Jan 2024 03:04:05 GMT", "r", "2024-01-02 03:04:05"),
            ("2/1/24", "d/M/yy", "2024-01-02 00:00:00"),
            ("3:04 PM", "h:mm tt", "2024-05-06 15:04:00"),
            ("12:04 AM", "h:mm tt", "2024-05-06 00:04:00"),
            ("03:04:05", "HH:mm:ss.FFF", "2024-05-06 03:04:05"),
            ("03:04:05.5", "HH:mm:ss.FFF", "2024-05-06 03:04:05.5"),
            ("January 2024", "MMMM yyyy", "2024-01-01 00:00:00"),
            ("at 2024", "'at' yyyy", "2024-01-01 00:00:00"),
            ("2024-1-2", "yyyy-MM-dd", "FormatException"),
            ("2024-01-02 ", "yyyy-MM-dd", "FormatException"),
            ("2024-13-02", "yyyy-MM-dd", "FormatException"),
            ("x", "", "FormatException"),
            ("x", "Q", "FormatException"),
            ("Mon 02 01 2024", "ddd dd MM yyyy", "FormatException"),
        ] {
            assert_eq!(
                p(text, format, DateTimeStyles::NONE),
                expected,
                "{text} as {format}"
            );
        }
        assert_eq!(
            p(
                "2024-01-02T03:04:05.0000000Z",
                "o",
                DateTimeStyles::ROUNDTRIP_KIND
            ),
            "2024-01-02 03:04:05 utc"
        );
        assert_eq!(
            p(" 2024 ", "yyyy", DateTimeStyles::ALLOW_WHITE_SPACES),
            "2024-01-01 00:00:00"
        );
    }

    #[test]
    fn offsets_are_kept() {
        let t = parse_datetimeoffset_exact(
            "2024-01-02 +0130",
            &["yyyy", "yyyy-MM-dd zzz"],
            DateTimeStyles::NONE,
            NOW,
        );
        assert_eq!(
            t.map(datetimeoffset_text).as_deref(),
            Ok("01/02/2024 00:00:00 +01:30")
        );
    }
}
