//! `System.TimeSpan`: arithmetic, parts and text.
//!
//! Ticks and text flow in, durations, text or .NET exceptions flow out.

use super::calendar::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, TICKS_PER_SECOND,
};
use super::{Error, Result};

/// A duration in 100-ns ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeSpan(pub i64);

fn too_long() -> Error {
    Error::overflow("TimeSpan overflowed because the duration is too long.")
}

#[allow(missing_docs)] // the members are .NET's
impl TimeSpan {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX);
    pub const MIN: Self = Self(i64::MIN);

    /// `new TimeSpan(days, hours, minutes, seconds, milliseconds)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` beyond 64 bits of ticks.
    pub fn new(
        days: i32,
        hours: i32,
        minutes: i32,
        seconds: i32,
        milliseconds: i32,
    ) -> Result<Self> {
        let seconds = i128::from(days) * 86_400
            + i128::from(hours) * 3_600
            + i128::from(minutes) * 60
            + i128::from(seconds);
        let ticks =
            (seconds * 1_000 + i128::from(milliseconds)) * i128::from(TICKS_PER_MILLISECOND);
        i64::try_from(ticks).map(Self).map_err(|_| {
            Error::out_of_range(
                "TimeSpan overflowed because the duration is too long.",
                None,
            )
        })
    }

    /// `FromDays` and its relatives: `value` units of `unit` ticks, fractions of a tick dropped.
    ///
    /// # Errors
    /// `ArgumentException` for NaN, `OverflowException` beyond 64 bits of ticks.
    pub fn from_units(value: f64, unit: i64) -> Result<Self> {
        if value.is_nan() {
            return Err(Error::argument(
                "TimeSpan does not accept floating point Not-a-Number values.",
                None,
            ));
        }
        let ticks = value * unit as f64;
        // The bounds themselves are not representable as doubles; .NET lets the upper one saturate.
        if !(-9_223_372_036_854_775_808.0..=9_223_372_036_854_775_808.0).contains(&ticks) {
            return Err(too_long());
        }
        Ok(Self(ticks as i64))
    }

    pub fn days(self) -> i32 {
        (self.0 / TICKS_PER_DAY) as i32
    }

    pub fn hours(self) -> i32 {
        (self.0 / TICKS_PER_HOUR % 24) as i32
    }

    pub fn minutes(self) -> i32 {
        (self.0 / TICKS_PER_MINUTE % 60) as i32
    }

    pub fn seconds(self) -> i32 {
        (self.0 / TICKS_PER_SECOND % 60) as i32
    }

    pub fn milliseconds(self) -> i32 {
        (self.0 / TICKS_PER_MILLISECOND % 1_000) as i32
    }

    /// `TotalDays` and its relatives, for a unit of so many ticks.
    pub fn total(self, unit: i64) -> f64 {
        let value = self.0 as f64 / unit as f64;
        if unit != TICKS_PER_MILLISECOND {
            return value;
        }
        // .NET clamps TotalMilliseconds so that FromMilliseconds can read it back.
        let limit = (i64::MAX / TICKS_PER_MILLISECOND) as f64;
        value.clamp(-limit, limit)
    }

    /// # Errors
    /// `OverflowException` beyond 64 bits of ticks.
    pub fn plus(self, other: Self) -> Result<Self> {
        self.0.checked_add(other.0).map(Self).ok_or_else(too_long)
    }

    /// # Errors
    /// `OverflowException` beyond 64 bits of ticks.
    pub fn minus(self, other: Self) -> Result<Self> {
        self.0.checked_sub(other.0).map(Self).ok_or_else(too_long)
    }

    /// # Errors
    /// `OverflowException` for the smallest value.
    pub fn negated(self) -> Result<Self> {
        self.0.checked_neg().map(Self).ok_or_else(|| {
            Error::overflow("Negating the minimum value of a twos complement number is invalid.")
        })
    }

    /// # Errors
    /// `OverflowException` for the smallest value.
    pub fn duration(self) -> Result<Self> {
        self.0.checked_abs().map(Self).ok_or_else(|| {
            Error::overflow("The duration cannot be returned for TimeSpan.MinValue because the absolute value of TimeSpan.MinValue exceeds the value of TimeSpan.MaxValue.")
        })
    }

    /// `span * factor`: rounded to the nearest tick.
    ///
    /// # Errors
    /// `ArgumentException` for NaN, `OverflowException` beyond 64 bits of ticks.
    pub fn multiply(self, factor: f64) -> Result<Self> {
        Self::scaled(factor.is_nan(), self.0 as f64 * factor, "factor")
    }

    /// `span / divisor`: rounded to the nearest tick.
    ///
    /// # Errors
    /// `ArgumentException` for NaN, `OverflowException` beyond 64 bits of ticks.
    pub fn divide(self, divisor: f64) -> Result<Self> {
        let ticks = self.0 as f64 / divisor;
        if ticks.is_nan() && !divisor.is_nan() {
            return Err(too_long());
        }
        Self::scaled(divisor.is_nan(), ticks, "divisor")
    }

    fn scaled(nan: bool, ticks: f64, parameter: &str) -> Result<Self> {
        if nan {
            return Err(Error::argument(
                "TimeSpan does not accept floating point Not-a-Number values.",
                Some(parameter),
            ));
        }
        let ticks = ticks.round_ties_even();
        const BEYOND: f64 = 9_223_372_036_854_775_808.0;
        if ticks.abs() > BEYOND {
            return Err(too_long());
        }
        // What .NET's cast makes of the first number too large, and of zero times infinity.
        if ticks.is_nan() || ticks >= BEYOND {
            return Ok(Self(i64::MIN));
        }
        Ok(Self(ticks as i64))
    }

    /// `ToString()`: `[-][d.]hh:mm:ss[.fffffff]`
    pub fn to_text(self) -> String {
        let p = Parts::of(self);
        let mut out = String::with_capacity(26);
        if self.0 < 0 {
            out.push('-');
        }
        if p.days > 0 {
            out.push_str(&format!("{}.", p.days));
        }
        out.push_str(&format!("{:02}:{:02}:{:02}", p.hours, p.minutes, p.seconds));
        if p.fraction > 0 {
            out.push_str(&format!(".{:07}", p.fraction));
        }
        out
    }

    /// `ToString(format)`: `c`, `t`, `T`, `g`, `G` or a custom format.
    ///
    /// # Errors
    /// `FormatException`
    pub fn format(self, format: &str) -> Result<String> {
        match format {
            "" | "c" | "t" | "T" => Ok(self.to_text()),
            "g" | "G" => Ok(self.general(format == "G")),
            _ if format.chars().count() == 1 => Err(bad_format()),
            _ => self.format_custom(format),
        }
    }

    fn general(self, long: bool) -> String {
        let p = Parts::of(self);
        let mut out = String::with_capacity(26);
        if self.0 < 0 {
            out.push('-');
        }
        if long || p.days > 0 {
            out.push_str(&format!("{}:", p.days));
        }
        if long {
            out.push_str(&format!(
                "{:02}:{:02}:{:02}.{:07}",
                p.hours, p.minutes, p.seconds, p.fraction
            ));
        } else {
            out.push_str(&format!("{}:{:02}:{:02}", p.hours, p.minutes, p.seconds));
            if p.fraction > 0 {
                out.push('.');
                out.push_str(format!("{:07}", p.fraction).trim_end_matches('0'));
            }
        }
        out
    }

    fn format_custom(self, format: &str) -> Result<String> {
        let p = Parts::of(self);
        let mut out = String::with_capacity(format.len() + 8);
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            let mut run = 1;
            if matches!(c, 'd' | 'h' | 'm' | 's' | 'f' | 'F') {
                while chars.next_if_eq(&c).is_some() {
                    run += 1;
                }
            }
            match (c, run) {
                ('d', 1..=8) => out.push_str(&format!("{:0>run$}", p.days)),
                ('h', 1..=2) => out.push_str(&format!("{:0>run$}", p.hours)),
                ('m', 1..=2) => out.push_str(&format!("{:0>run$}", p.minutes)),
                ('s', 1..=2) => out.push_str(&format!("{:0>run$}", p.seconds)),
                ('f', 1..=7) => out.push_str(first_digits(p.fraction, run).as_str()),
                ('F', 1..=7) => out.push_str(first_digits(p.fraction, run).trim_end_matches('0')),
                ('\'' | '"', _) => loop {
                    match chars.next() {
                        Some(q) if q == c => break,
                        Some('\\') => out.push(chars.next().ok_or_else(bad_format)?),
                        Some(q) => out.push(q),
                        None => return Err(bad_format()),
                    }
                },
                ('%', _) => match chars.peek() {
                    // A lone specifier follows; it is formatted by the next round.
                    Some('%') | None => return Err(bad_format()),
                    Some(_) => {}
                },
                ('\\', _) => out.push(chars.next().ok_or_else(bad_format)?),
                _ => return Err(bad_format()),
            }
        }
        Ok(out)
    }
}

fn bad_format() -> Error {
    Error::bad_input()
}

fn first_digits(fraction: u64, count: usize) -> String {
    let mut text = format!("{fraction:07}");
    text.truncate(count);
    text
}

struct Parts {
    days: u64,
    hours: u64,
    minutes: u64,
    seconds: u64,
    fraction: u64,
}

impl Parts {
    fn of(span: TimeSpan) -> Self {
        let ticks = span.0.unsigned_abs();
        let seconds = ticks / TICKS_PER_SECOND as u64;
        Self {
            days: seconds / 86_400,
            hours: seconds / 3_600 % 24,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
            fraction: ticks % TICKS_PER_SECOND as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    fn seconds(value: f64) -> TimeSpan {
        TimeSpan::from_units(value, TICKS_PER_SECOND).unwrap()
    }

    #[test]
    fn text_shows_days_and_fraction_only_when_there_are_some() {
        assert_eq!(seconds(90.0).to_text(), "00:01:30");
        assert_eq!(seconds(1.5).to_text(), "00:00:01.5000000");
        assert_eq!(
            TimeSpan::from_units(1.5, TICKS_PER_DAY).unwrap().to_text(),
            "1.12:00:00"
        );
        assert_eq!(seconds(0.001).to_text(), "00:00:00.0010000");
        assert_eq!(
            TimeSpan::new(1, 2, 3, 4, 5).unwrap().to_text(),
            "1.02:03:04.0050000"
        );
        assert_eq!(TimeSpan(100).to_text(), "00:00:00.0000100");
        assert_eq!(seconds(-90.0).to_text(), "-00:01:30");
        assert_eq!(TimeSpan::MAX.to_text(), "10675199.02:48:05.4775807");
        assert_eq!(TimeSpan::MIN.to_text(), "-10675199.02:48:05.4775808");
    }

    #[test]
    fn standard_and_custom_formats() {
        assert_eq!(seconds(1.5).format("g").as_deref(), Ok("0:00:01.5"));
        assert_eq!(
            seconds(1.5).format("G").as_deref(),
            Ok("0:00:00:01.5000000")
        );
        assert_eq!(
            seconds(3723.0).format(r"hh\:mm\:ss").as_deref(),
            Ok("01:02:03")
        );
        assert_eq!(seconds(3723.0).format("h'h 'm'm'").as_deref(), Ok("1h 2m"));
        assert_eq!(seconds(1.25).format(r"s\.FFF").as_deref(), Ok("1.25"));
        assert_eq!(seconds(90_061.0).format("%d").as_deref(), Ok("1"));
        for bad in ["hh:mm", "x", "%", "'a", "hhh"] {
            assert_eq!(
                seconds(1.0).format(bad).unwrap_err().kind,
                ErrorKind::Format,
                "{bad}"
            );
        }
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(
            TimeSpan::MAX.plus(TimeSpan(1)).unwrap_err().kind,
            ErrorKind::Overflow
        );
        assert_eq!(
            TimeSpan::MIN.negated().unwrap_err().kind,
            ErrorKind::Overflow
        );
        assert_eq!(
            TimeSpan::from_units(f64::NAN, 1).unwrap_err().kind,
            ErrorKind::Argument
        );
        assert_eq!(
            TimeSpan::from_units(1e30, 1).unwrap_err().kind,
            ErrorKind::Overflow
        );
        assert_eq!(seconds(90.0).total(TICKS_PER_MINUTE), 1.5);
        assert_eq!(seconds(90.0).seconds(), 30);
        assert_eq!(
            seconds(1.0).multiply(2.5).map(TimeSpan::to_text).as_deref(),
            Ok("00:00:02.5000000")
        );
    }
}
