//! `System.DateTime`: ticks with a kind, arithmetic and parts.
//!
//! Parts, ticks and durations flow in, points in time or .NET exceptions flow out. The local time zone is UTC, as in the
//! product; the present comes from the caller, never from a clock here.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::calendar::{
    MAX_TICKS, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE,
    TICKS_PER_SECOND, UNIX_EPOCH_TICKS, date_from_days, days_from_date, days_in_month,
};
use super::timespan::TimeSpan;
use super::{Error, Result};

/// `System.DateTimeKind`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)] // .NET's members
pub enum DateTimeKind {
    #[default]
    Unspecified,
    Utc,
    Local,
}

impl DateTimeKind {
    /// Members in the order of their values.
    pub const ALL: [(&'static str, Self); 3] = [
        ("Unspecified", Self::Unspecified),
        ("Utc", Self::Utc),
        ("Local", Self::Local),
    ];

    /// The member with this numeric value.
    ///
    /// # Errors
    /// `ArgumentException` for a number that is no member.
    pub fn from_value(value: i32) -> Result<Self> {
        usize::try_from(value)
            .ok()
            .and_then(|i| Self::ALL.get(i))
            .map(|(_, kind)| *kind)
            .ok_or_else(|| Error::argument("Invalid DateTimeKind value.", Some("kind")))
    }
}

/// A point in time. Comparison and hash ignore the kind, as in .NET.
#[derive(Debug, Clone, Copy, Default)]
pub struct DateTime {
    /// Ticks since 0001-01-01T00:00:00, from 0 to [`MAX_TICKS`].
    pub ticks: i64,
    /// What the ticks refer to.
    pub kind: DateTimeKind,
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.ticks == other.ticks
    }
}

impl Eq for DateTime {}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ticks.cmp(&other.ticks)
    }
}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ticks.hash(state);
    }
}

fn unrepresentable(parameter: &str) -> Error {
    Error::out_of_range(
        "The added or subtracted value results in an un-representable DateTime.",
        Some(parameter),
    )
}

/// The broken-down time of a [`DateTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the usual parts
pub struct Parts {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    /// Ticks within the second.
    pub fraction: i64,
}

#[allow(missing_docs)] // the members are .NET's
impl DateTime {
    pub const MIN: Self = Self {
        ticks: 0,
        kind: DateTimeKind::Unspecified,
    };
    pub const MAX: Self = Self {
        ticks: MAX_TICKS,
        kind: DateTimeKind::Unspecified,
    };
    pub const UNIX_EPOCH: Self = Self {
        ticks: UNIX_EPOCH_TICKS,
        kind: DateTimeKind::Utc,
    };

    /// `new DateTime(ticks, kind)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn from_ticks(ticks: i64, kind: DateTimeKind) -> Result<Self> {
        if (0..=MAX_TICKS).contains(&ticks) {
            Ok(Self { ticks, kind })
        } else {
            Err(Error::out_of_range(
                "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.",
                Some("ticks"),
            ))
        }
    }

    /// The nearest representable time, for values from inside the gateway (a clock, a certificate).
    pub fn clamped(ticks: i64, kind: DateTimeKind) -> Self {
        Self {
            ticks: ticks.clamp(0, MAX_TICKS),
            kind,
        }
    }

    /// `new DateTime(year, month, day, hour, minute, second, millisecond, kind)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a date or time that does not exist.
    pub fn new(
        date: (i32, i32, i32),
        time: (i32, i32, i32, i32),
        kind: DateTimeKind,
    ) -> Result<Self> {
        let days = days_from_date(date.0, date.1, date.2).ok_or_else(|| {
            Error::out_of_range(
                "Year, Month, and Day parameters describe an un-representable DateTime.",
                None,
            )
        })?;
        let (hour, minute, second, millisecond) = time;
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
            return Err(Error::out_of_range(
                "Hour, Minute, and Second parameters describe an un-representable DateTime.",
                None,
            ));
        }
        if !(0..1000).contains(&millisecond) {
            return Err(Error::out_of_range(
                "Valid values are between 0 and 999, inclusive.",
                Some("millisecond"),
            ));
        }
        let ticks = days * TICKS_PER_DAY
            + i64::from(hour) * TICKS_PER_HOUR
            + i64::from(minute) * TICKS_PER_MINUTE
            + i64::from(second) * TICKS_PER_SECOND
            + i64::from(millisecond) * TICKS_PER_MILLISECOND;
        Ok(Self { ticks, kind })
    }

    pub fn ticks(self) -> i64 {
        self.ticks
    }

    pub fn kind(self) -> DateTimeKind {
        self.kind
    }

    /// `DateTime.SpecifyKind`
    pub fn with_kind(self, kind: DateTimeKind) -> Self {
        Self { kind, ..self }
    }

    /// `ToUniversalTime()`; local time is UTC.
    pub fn to_universal(self) -> Self {
        self.with_kind(DateTimeKind::Utc)
    }

    /// `ToLocalTime()`; local time is UTC.
    pub fn to_local(self) -> Self {
        self.with_kind(DateTimeKind::Local)
    }

    pub fn parts(self) -> Parts {
        let (year, month, day) = date_from_days(self.ticks / TICKS_PER_DAY);
        let time = self.ticks % TICKS_PER_DAY;
        Parts {
            year,
            month,
            day,
            hour: (time / TICKS_PER_HOUR) as i32,
            minute: (time / TICKS_PER_MINUTE % 60) as i32,
            second: (time / TICKS_PER_SECOND % 60) as i32,
            fraction: time % TICKS_PER_SECOND,
        }
    }

    /// `DayOfWeek` as its number, Sunday 0.
    pub fn day_of_week(self) -> i32 {
        ((self.ticks / TICKS_PER_DAY + 1) % 7) as i32
    }

    pub fn day_of_year(self) -> i32 {
        let days = self.ticks / TICKS_PER_DAY;
        let (year, _, _) = date_from_days(days);
        (days - days_from_date(year, 1, 1).unwrap_or(days)) as i32 + 1
    }

    /// `Date`: midnight of the same day.
    pub fn date(self) -> Self {
        Self {
            ticks: self.ticks - self.ticks % TICKS_PER_DAY,
            ..self
        }
    }

    pub fn time_of_day(self) -> TimeSpan {
        TimeSpan(self.ticks % TICKS_PER_DAY)
    }

    /// `AddTicks`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn add_ticks(self, ticks: i64) -> Result<Self> {
        let sum = self
            .ticks
            .checked_add(ticks)
            .filter(|t| (0..=MAX_TICKS).contains(t));
        sum.map(|ticks| Self { ticks, ..self })
            .ok_or_else(|| unrepresentable("value"))
    }

    /// `this - span`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn subtract_span(self, span: TimeSpan) -> Result<Self> {
        let difference = self
            .ticks
            .checked_sub(span.0)
            .filter(|t| (0..=MAX_TICKS).contains(t));
        difference
            .map(|ticks| Self { ticks, ..self })
            .ok_or_else(|| unrepresentable("value"))
    }

    /// `this - other`
    pub fn since(self, other: Self) -> TimeSpan {
        TimeSpan(self.ticks - other.ticks)
    }

    /// `AddDays` and its relatives: `value` units of `unit` ticks, rounded to the nearest millisecond.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn add_units(self, value: f64, unit: i64) -> Result<Self> {
        let scale = (unit / TICKS_PER_MILLISECOND) as f64;
        let milliseconds = value * scale + if value >= 0.0 { 0.5 } else { -0.5 };
        const MAX_MILLISECONDS: f64 = 315_537_897_600_000.0;
        if milliseconds.is_nan() {
            // .NET compares, finds nothing wrong and adds nothing.
            return Ok(self);
        }
        if !(milliseconds > -MAX_MILLISECONDS && milliseconds < MAX_MILLISECONDS) {
            return Err(Error::out_of_range(
                "Value to add was out of range.",
                Some("value"),
            ));
        }
        self.add_ticks(milliseconds as i64 * TICKS_PER_MILLISECOND)
    }

    /// `AddMonths`; the day is clamped to the month's last.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn add_months(self, months: i32) -> Result<Self> {
        if !(-120_000..=120_000).contains(&months) {
            return Err(Error::out_of_range(
                "Months value must be between +/-120000.",
                Some("months"),
            ));
        }
        self.shift_months(months, "months")
    }

    /// `AddYears`; 29 February becomes the 28th where it must.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn add_years(self, years: i32) -> Result<Self> {
        if !(-10_000..=10_000).contains(&years) {
            return Err(Error::out_of_range(
                "Years value must be between +/-10000.",
                Some("years"),
            ));
        }
        self.shift_months(years * 12, "months")
    }

    fn shift_months(self, months: i32, parameter: &str) -> Result<Self> {
        let parts = self.parts();
        let index = parts.year * 12 + parts.month - 1 + months;
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        let day = parts.day.min(days_in_month(year, month));
        let days = days_from_date(year, month, day).ok_or_else(|| unrepresentable(parameter))?;
        Ok(Self {
            ticks: days * TICKS_PER_DAY + self.ticks % TICKS_PER_DAY,
            ..self
        })
    }

    /// `ToFileTime()`: ticks since 1601.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` before 1601.
    pub fn to_file_time(self) -> Result<i64> {
        const FILE_EPOCH: i64 = 584_388 * TICKS_PER_DAY;
        let ticks = self.ticks - FILE_EPOCH;
        if ticks < 0 {
            Err(Error::out_of_range("Not a valid Win32 FileTime.", None))
        } else {
            Ok(ticks)
        }
    }

    /// `ToOADate()`: days since 1899-12-30, the fraction always counting forward.
    ///
    /// # Errors
    /// `OverflowException` before year 100.
    pub fn to_oa_date(self) -> Result<f64> {
        const OA_EPOCH: i64 = 693_593 * TICKS_PER_DAY;
        if self.ticks == 0 {
            return Ok(0.0);
        }
        let ticks = if self.ticks < TICKS_PER_DAY {
            self.ticks + OA_EPOCH
        } else {
            self.ticks
        };
        if ticks < 36_159 * TICKS_PER_DAY {
            return Err(Error::overflow("Not a legal OleAut date."));
        }
        let mut milliseconds = (ticks - OA_EPOCH) / TICKS_PER_MILLISECOND;
        let rest = milliseconds % 86_400_000;
        if milliseconds < 0 && rest != 0 {
            milliseconds -= (86_400_000 + rest) * 2;
        }
        Ok(milliseconds as f64 / 86_400_000.0)
    }

    /// `DateTime.FromOADate`
    ///
    /// # Errors
    /// `ArgumentException` outside what OLE Automation knows.
    pub fn from_oa_date(value: f64) -> Result<Self> {
        if !(value > -657_435.0 && value < 2_958_466.0) {
            return Err(Error::argument("Not a legal OleAut date.", None));
        }
        let mut milliseconds =
            (value * 86_400_000.0 + if value >= 0.0 { 0.5 } else { -0.5 }) as i64;
        if milliseconds < 0 {
            milliseconds -= (milliseconds % 86_400_000) * 2;
        }
        milliseconds += 693_593 * 86_400_000;
        Self::from_ticks(
            milliseconds * TICKS_PER_MILLISECOND,
            DateTimeKind::Unspecified,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    fn day(year: i32, month: i32, day: i32) -> DateTime {
        DateTime::new((year, month, day), (0, 0, 0, 0), DateTimeKind::Unspecified).unwrap()
    }

    #[test]
    fn months_and_years_clamp_the_day() {
        assert_eq!(day(2024, 1, 31).add_months(1), Ok(day(2024, 2, 29)));
        assert_eq!(day(2024, 2, 29).add_years(1), Ok(day(2025, 2, 28)));
        assert_eq!(day(2024, 3, 31).add_months(-13), Ok(day(2023, 2, 28)));
    }

    #[test]
    fn impossible_dates_are_out_of_range() {
        let kind = |r: Result<DateTime>| r.unwrap_err().kind;
        assert_eq!(
            kind(DateTime::new(
                (2024, 2, 30),
                (0, 0, 0, 0),
                DateTimeKind::Utc
            )),
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            kind(DateTime::new(
                (2024, 2, 1),
                (24, 0, 0, 0),
                DateTimeKind::Utc
            )),
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            kind(DateTime::MAX.add_units(1.0, TICKS_PER_DAY)),
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            DateTime::MIN.add_units(f64::NAN, TICKS_PER_DAY),
            Ok(DateTime::MIN)
        );
        assert_eq!(
            kind(DateTime::MIN.add_months(-1)),
            ErrorKind::ArgumentOutOfRange
        );
    }

    #[test]
    fn fractional_units_round_to_milliseconds() {
        let start = day(2024, 1, 1);
        assert_eq!(
            start
                .add_units(0.0004, TICKS_PER_SECOND)
                .unwrap()
                .since(start)
                .0,
            0
        );
        assert_eq!(
            start
                .add_units(1.0006, TICKS_PER_SECOND)
                .unwrap()
                .since(start)
                .0,
            10_010_000
        );
        assert_eq!(
            start.add_units(1.5, TICKS_PER_DAY).unwrap().parts().hour,
            12
        );
    }

    #[test]
    fn parts_of_a_date() {
        assert_eq!(day(2024, 1, 2).ticks(), 638_397_504_000_000_000);
        assert_eq!(day(2024, 1, 2).day_of_week(), 2);
        assert_eq!(day(2024, 1, 7).day_of_week(), 0);
        assert_eq!(day(2024, 12, 31).day_of_year(), 366);
        assert_eq!(day(2024, 1, 2), day(2024, 1, 2).to_universal());
        assert_eq!(day(2024, 1, 1).to_oa_date(), Ok(45_292.0));
        assert_eq!(DateTime::from_oa_date(45_292.0), Ok(day(2024, 1, 1)));
    }
}
