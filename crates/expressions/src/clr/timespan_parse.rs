//! `TimeSpan.Parse`, `TryParse` and `ParseExact`.
//!
//! Text flows in, a duration flows out, or `FormatException` (not a duration) or `OverflowException` (a part out of range).

use super::timespan::TimeSpan;
use super::{Error, Result};

fn bad(text: &str) -> Error {
    Error::format(format!(
        "String '{text}' was not recognized as a valid TimeSpan."
    ))
}

fn overflow(text: &str) -> Error {
    Error::overflow(format!(
        "The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out of range or contains too many digits."
    ))
}

/// No number to which .NET adds a digit is larger.
const MAX_BEFORE_DIGIT: u64 = 0x0fff_ffff;

/// One number of the text, with the count of its digits (a fraction needs it).
#[derive(Clone, Copy)]
struct Field {
    value: u64,
    digits: u32,
}

/// Takes the digits at the start of `rest`; `text` is what errors show.
fn number(rest: &mut &str, text: &str) -> Result<Field> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (own, tail) = rest.split_at(count);
    *rest = tail;
    let mut value = 0;
    for digit in own.bytes() {
        if value > MAX_BEFORE_DIGIT {
            return Err(overflow(text));
        }
        value = value * 10 + u64::from(digit - b'0');
    }
    match u32::try_from(count) {
        Ok(digits) if digits > 0 => Ok(Field { value, digits }),
        _ => Err(bad(text)),
    }
}

/// `TimeSpan.Parse(text)`: `[-]d`, `[-][d.]hh:mm[:ss[.fffffff]]` and the `d:hh:mm:ss` spelling.
///
/// # Errors
/// `FormatException`, `OverflowException`
pub fn parse(text: &str) -> Result<TimeSpan> {
    parse_with(text, |_| true)
}

/// [`parse`], if the spelling's separators are allowed.
fn parse_with(text: &str, allowed: impl Fn(&[u8]) -> bool) -> Result<TimeSpan> {
    let trimmed = text.trim();
    let (negative, mut rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed),
    };
    let mut fields: Vec<Field> = Vec::with_capacity(5);
    let mut separators: Vec<u8> = Vec::with_capacity(4);
    loop {
        let field = number(&mut rest, text)?;
        if fields.len() == 5 {
            return Err(bad(text));
        }
        fields.push(field);
        match rest.bytes().next() {
            None => break,
            Some(separator @ (b':' | b'.')) => separators.push(separator),
            Some(_) => return Err(bad(text)),
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    let zero = Field {
        value: 0,
        digits: 1,
    };
    if !allowed(&separators) {
        return Err(bad(text));
    }
    let [days, hours, minutes, seconds, fraction] = match (separators.as_slice(), fields.as_slice())
    {
        (b"", [d]) => [*d, zero, zero, zero, zero],
        (b":", [h, m]) => [zero, *h, *m, zero, zero],
        (b"::", [h, m, s]) => [zero, *h, *m, *s, zero],
        (b".:", [d, h, m]) => [*d, *h, *m, zero, zero],
        (b"::.", [h, m, s, f]) => [zero, *h, *m, *s, *f],
        (b".::" | b":::", [d, h, m, s]) => [*d, *h, *m, *s, zero],
        (b".::." | b":::.", [d, h, m, s, f]) => [*d, *h, *m, *s, *f],
        _ => return Err(bad(text)),
    };
    // `25:00:00` cannot be hours, so .NET reads its first number as days.
    if separators == b"::" && hours.value > 23 {
        return assemble(text, negative, hours, minutes, seconds, zero, zero);
    }
    assemble(text, negative, days, hours, minutes, seconds, fraction)
}

fn assemble(
    text: &str,
    negative: bool,
    days: Field,
    hours: Field,
    minutes: Field,
    seconds: Field,
    fraction: Field,
) -> Result<TimeSpan> {
    if days.value > 10_675_199
        || hours.value > 23
        || minutes.value > 59
        || seconds.value > 59
        || fraction.digits > 7
    {
        return Err(overflow(text));
    }
    let fraction = fraction.value * 10u64.pow(7 - fraction.digits.min(7));
    let whole = days.value * 86_400 + hours.value * 3_600 + minutes.value * 60 + seconds.value;
    let ticks = i128::from(whole) * 10_000_000 + i128::from(fraction);
    let ticks = if negative { -ticks } else { ticks };
    i64::try_from(ticks)
        .map(TimeSpan)
        .map_err(|_| overflow(text))
}

/// `TimeSpan.ParseExact(text, format, null)` for `c`, `g`, `G` and custom formats.
///
/// # Errors
/// `FormatException`, `OverflowException`
pub fn parse_exact(text: &str, format: &str) -> Result<TimeSpan> {
    match format {
        "c" | "t" | "T" => parse_constant(text),
        // Days stand before a colon, and only `d:hh:mm:ss.fffffff` is complete.
        "g" => parse_with(text, |separators| !separators.starts_with(b".")),
        "G" => parse_with(text, |separators| separators == b":::."),
        _ if format.chars().count() < 2 => Err(Error::bad_input()),
        _ => parse_custom(text, format),
    }
}

/// The format `c`: `[-]{d | [d.]hh:mm[:ss[.fffffff]]}`, in which 24 hours are no day.
fn parse_constant(text: &str) -> Result<TimeSpan> {
    let trimmed = text.trim();
    let (negative, mut rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed),
    };
    let within = |field: Field, most: u64| {
        if field.value > most {
            Err(overflow(text))
        } else {
            Ok(field)
        }
    };
    let zero = Field {
        value: 0,
        digits: 1,
    };
    let (mut days, mut hours, mut minutes, mut seconds, mut fraction) =
        (zero, zero, zero, zero, zero);
    let has_days = !rest
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with(':');
    if has_days {
        days = within(number(&mut rest, text)?, 10_675_199)?;
    }
    let time = match rest.strip_prefix('.') {
        Some(after) if has_days => {
            rest = after;
            true
        }
        _ => !has_days,
    };
    if time {
        hours = within(number(&mut rest, text)?, 23)?;
        rest = rest.strip_prefix(':').ok_or_else(|| bad(text))?;
        minutes = within(number(&mut rest, text)?, 59)?;
        if let Some(after) = rest.strip_prefix(':') {
            rest = after;
            if !rest.starts_with('.') {
                seconds = within(number(&mut rest, text)?, 59)?;
            }
            if let Some(after) = rest.strip_prefix('.') {
                let digits = after.bytes().take(7).take_while(u8::is_ascii_digit).count();
                let (own, tail) = after.split_at(digits);
                rest = tail;
                fraction = Field {
                    value: own.parse().unwrap_or(0),
                    digits: u32::try_from(digits).unwrap_or(0),
                };
            }
        }
    }
    if !rest.is_empty() {
        return Err(bad(text));
    }
    assemble(text, negative, days, hours, minutes, seconds, fraction)
}

fn parse_custom(text: &str, format: &str) -> Result<TimeSpan> {
    let zero = Field {
        value: 0,
        digits: 1,
    };
    let (mut days, mut hours, mut minutes, mut seconds, mut fraction) =
        (zero, zero, zero, zero, zero);
    let mut rest = text;
    let mut pattern = format.chars().peekable();
    while let Some(c) = pattern.next() {
        let mut run = 1;
        if matches!(c, 'd' | 'h' | 'm' | 's' | 'f' | 'F') {
            while pattern.next_if_eq(&c).is_some() {
                run += 1;
            }
        }
        let mut number = |least: usize, most: usize| -> Result<Field> {
            let count = rest
                .bytes()
                .take(most)
                .take_while(u8::is_ascii_digit)
                .count();
            if count < least {
                return Err(bad(text));
            }
            let (digits, tail) = rest.split_at(count);
            rest = tail;
            Ok(Field {
                value: digits.bytes().fold(0, |v, d| v * 10 + u64::from(d - b'0')),
                digits: count as u32,
            })
        };
        match (c, run) {
            ('d', 1) => days = number(1, 8)?,
            ('d', 2..=8) => days = number(run, run)?,
            ('h', 1) => hours = number(1, 2)?,
            ('h', 2) => hours = number(2, 2)?,
            ('m', 1) => minutes = number(1, 2)?,
            ('m', 2) => minutes = number(2, 2)?,
            ('s', 1) => seconds = number(1, 2)?,
            ('s', 2) => seconds = number(2, 2)?,
            ('f', 1..=7) => fraction = number(run, run)?,
            ('F', 1..=7) => fraction = number(0, run)?,
            ('\'' | '"', _) => loop {
                match pattern.next() {
                    Some(q) if q == c => break,
                    Some(q) => rest = rest.strip_prefix(q).ok_or_else(|| bad(text))?,
                    None => return Err(Error::bad_input()),
                }
            },
            ('%', _) => {
                if matches!(pattern.peek(), Some('%') | None) {
                    return Err(Error::bad_input());
                }
            }
            ('\\', _) => {
                let literal = pattern.next().ok_or_else(Error::bad_input)?;
                rest = rest.strip_prefix(literal).ok_or_else(|| bad(text))?;
            }
            _ => return Err(Error::bad_input()),
        }
    }
    if !rest.is_empty() {
        return Err(bad(text));
    }
    assemble(text, false, days, hours, minutes, seconds, fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    fn p(text: &str) -> String {
        parse(text).map_or_else(|e| e.kind.name().to_owned(), TimeSpan::to_text)
    }

    #[test]
    fn spellings_of_a_duration() {
        assert_eq!(p("00:01:30"), "00:01:30");
        assert_eq!(p("1.02:03:04.5"), "1.02:03:04.5000000");
        assert_eq!(p("5"), "5.00:00:00");
        assert_eq!(p(" -1:30 "), "-01:30:00");
        assert_eq!(p("25:00:00"), "25.00:00:00");
        assert_eq!(p("1:02:03:04"), "1.02:03:04");
        assert_eq!(p("1.05:06"), "1.05:06:00");
    }

    #[test]
    fn not_a_duration() {
        for text in ["abc", "", ":", "1:", "1:2:3:4:5:6", "1 2", "+5", "1.2.3"] {
            assert_eq!(p(text), "FormatException", "{text}");
        }
        for text in ["00:60:00", "24:00", "00:00:99", "10675200", "99999999999"] {
            assert_eq!(p(text), "OverflowException", "{text}");
        }
    }

    #[test]
    fn exact_formats() {
        assert_eq!(
            parse_exact("01:30", r"mm\:ss")
                .map(TimeSpan::to_text)
                .as_deref(),
            Ok("00:01:30")
        );
        assert_eq!(
            parse_exact("5h", "%h'h'").map(TimeSpan::to_text).as_deref(),
            Ok("05:00:00")
        );
        assert_eq!(
            parse_exact("01:30", "hhmm").unwrap_err().kind,
            ErrorKind::Format
        );
    }
}
