//! `TimeZoneInfo.TransitionTime` and `TimeZoneInfo.AdjustmentRule`: when a zone's clocks change.
//!
//! Dates and clock times flow in, rules and the instants of their changes flow out.

use super::calendar::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, days_from_date, days_in_month,
};
use super::datetime::{DateTime, DateTimeKind};
use super::timespan::TimeSpan;
use super::{Error, Result};

/// The day of a year on which clocks change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransitionDay {
    /// A day of the month.
    Fixed(i32),
    /// A weekday (Sunday 0) of a week (1 to 5, 5 being the last).
    Floating {
        /// 1 to 5
        week: i32,
        /// 0 to 6
        weekday: i32,
    },
}

/// `TimeZoneInfo.TransitionTime`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransitionTime {
    /// Ticks since midnight.
    pub time_of_day: i64,
    /// 1 to 12
    pub month: i32,
    /// The day of the month.
    pub day: TransitionDay,
}

impl TransitionTime {
    /// `CreateFixedDateRule(timeOfDay, month, day)`
    ///
    /// # Errors
    /// `ArgumentException` for a time with a date, `ArgumentOutOfRangeException` for a month or day that does not exist.
    pub fn fixed(time_of_day: DateTime, month: i32, day: i32) -> Result<Self> {
        Self::new(time_of_day, month, TransitionDay::Fixed(day))
    }

    /// `CreateFloatingDateRule(timeOfDay, month, week, dayOfWeek)`
    ///
    /// # Errors
    /// `ArgumentException` for a time with a date, `ArgumentOutOfRangeException` for a month, week or day that does not exist.
    pub fn floating(time_of_day: DateTime, month: i32, week: i32, weekday: i32) -> Result<Self> {
        Self::new(
            time_of_day,
            month,
            TransitionDay::Floating { week, weekday },
        )
    }

    fn new(time_of_day: DateTime, month: i32, day: TransitionDay) -> Result<Self> {
        if time_of_day.kind() != DateTimeKind::Unspecified {
            return Err(Error::argument(
                "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified.",
                Some("timeOfDay"),
            ));
        }
        if !(1..=12).contains(&month) {
            return Err(Error::out_of_range(
                "The Month parameter must be in the range 1 through 12.",
                Some("month"),
            ));
        }
        match day {
            TransitionDay::Fixed(day) if !(1..=31).contains(&day) => {
                return Err(Error::out_of_range(
                    "The Day parameter must be in the range 1 through 31.",
                    Some("day"),
                ));
            }
            TransitionDay::Floating { week, .. } if !(1..=5).contains(&week) => {
                return Err(Error::out_of_range(
                    "The Week parameter must be in the range 1 through 5.",
                    Some("week"),
                ));
            }
            TransitionDay::Floating { weekday, .. } if !(0..=6).contains(&weekday) => {
                return Err(Error::out_of_range(
                    "The DayOfWeek enumeration must be in the range 0 through 6.",
                    Some("dayOfWeek"),
                ));
            }
            _ => {}
        }
        if time_of_day.ticks() >= TICKS_PER_DAY || time_of_day.ticks() % 10_000 != 0 {
            return Err(Error::argument(
                "The supplied DateTime must have the Year, Month, and Day properties set to 1.  The time cannot be specified more precisely than whole milliseconds.",
                Some("timeOfDay"),
            ));
        }
        Ok(Self {
            time_of_day: time_of_day.ticks(),
            month,
            day,
        })
    }

    /// What the clock shows at the change, in a year.
    pub fn in_year(&self, year: i32) -> Option<i64> {
        let length = days_in_month(year, self.month);
        let day = match self.day {
            TransitionDay::Fixed(day) => day.min(length),
            TransitionDay::Floating { week, weekday } => {
                let first = days_from_date(year, self.month, 1)?;
                let first_weekday = ((first + 1) % 7) as i32;
                let mut day = 1 + (weekday - first_weekday).rem_euclid(7) + (week - 1) * 7;
                while day > length {
                    day -= 7;
                }
                day
            }
        };
        Some(days_from_date(year, self.month, day)? * TICKS_PER_DAY + self.time_of_day)
    }
}

/// `TimeZoneInfo.AdjustmentRule`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdjustmentRule {
    /// First day it applies to.
    pub start: DateTime,
    /// Last day it applies to.
    pub end: DateTime,
    /// What is added to standard time.
    pub delta: TimeSpan,
    /// Beginning of daylight time, in standard time.
    pub begins: TransitionTime,
    /// End of daylight time, in daylight time.
    pub ends: TransitionTime,
}

impl AdjustmentRule {
    /// `CreateAdjustmentRule`
    ///
    /// # Errors
    /// `ArgumentException`, `ArgumentOutOfRangeException` for dates with a time, dates in the wrong order, equal
    /// transitions and impossible deltas.
    pub fn new(
        start: DateTime,
        end: DateTime,
        delta: TimeSpan,
        begins: TransitionTime,
        ends: TransitionTime,
    ) -> Result<Self> {
        for (date, parameter) in [(start, "dateStart"), (end, "dateEnd")] {
            if date.kind() == DateTimeKind::Local {
                return Err(Error::argument(
                    "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified or DateTimeKind.Utc.",
                    Some(parameter),
                ));
            }
        }
        if begins == ends {
            return Err(Error::argument(
                "The DaylightTransitionStart property must not equal the DaylightTransitionEnd property.",
                Some("daylightTransitionEnd"),
            ));
        }
        if start > end {
            return Err(Error::argument(
                "The DateStart property must come before the DateEnd property.",
                Some("dateStart"),
            ));
        }
        if !(-23 * TICKS_PER_HOUR..=14 * TICKS_PER_HOUR).contains(&delta.0) {
            return Err(Error::out_of_range(
                "The TimeSpan parameter must be within plus or minus 14.0 hours.",
                Some("daylightDelta"),
            ));
        }
        if delta.0 % TICKS_PER_MINUTE != 0 {
            return Err(Error::argument(
                "The TimeSpan parameter cannot be specified more precisely than whole minutes.",
                Some("daylightDelta"),
            ));
        }
        for (date, parameter, open) in [
            (start, "dateStart", DateTime::MIN),
            (end, "dateEnd", DateTime::MAX),
        ] {
            let exempt = date.kind() == DateTimeKind::Utc || date.ticks() == open.ticks();
            if !exempt && date.ticks() % TICKS_PER_DAY != 0 {
                return Err(Error::argument(
                    "The supplied DateTime includes a TimeOfDay setting.   This is not supported.",
                    Some(parameter),
                ));
            }
        }
        Ok(Self {
            start,
            end,
            delta,
            begins,
            ends,
        })
    }

    /// Whether an instant (UTC ticks) lies in daylight time of a zone with this standard offset.
    pub fn is_daylight(&self, utc_ticks: i64, base: TimeSpan) -> bool {
        let standard = utc_ticks.saturating_add(base.0);
        let year = DateTime::clamped(standard, DateTimeKind::Unspecified)
            .parts()
            .year;
        let (Some(begins), Some(ends)) = (self.begins.in_year(year), self.ends.in_year(year))
        else {
            return false;
        };
        let (begins, ends) = (begins, ends - self.delta.0);
        if begins < ends {
            (begins..ends).contains(&standard)
        } else {
            !(ends..begins).contains(&standard)
        }
    }

    /// Whether the rule applies to a day of standard time.
    pub fn covers(&self, standard: i64) -> bool {
        (self.start.ticks()..self.end.ticks().saturating_add(TICKS_PER_DAY)).contains(&standard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::datetime_format::datetime_text;

    fn clock(hour: i64) -> DateTime {
        DateTime::clamped(hour * TICKS_PER_HOUR, DateTimeKind::Unspecified)
    }

    fn shown(transition: TransitionTime, year: i32) -> String {
        datetime_text(DateTime::clamped(
            transition.in_year(year).unwrap(),
            DateTimeKind::Unspecified,
        ))
    }

    #[test]
    fn days_of_change() {
        let last_sunday = TransitionTime::floating(clock(2), 3, 5, 0).unwrap();
        assert_eq!(shown(last_sunday, 2024), "03/31/2024 02:00:00");
        let second_sunday = TransitionTime::floating(clock(2), 3, 2, 0).unwrap();
        assert_eq!(shown(second_sunday, 2024), "03/10/2024 02:00:00");
        assert_eq!(
            shown(TransitionTime::fixed(clock(1), 2, 30).unwrap(), 2023),
            "02/28/2023 01:00:00"
        );
        assert!(TransitionTime::floating(clock(2), 3, 6, 0).is_err());
        assert!(TransitionTime::fixed(clock(25), 3, 1).is_err());
    }

    #[test]
    fn summers_of_both_hemispheres() {
        let (spring, autumn) = (
            TransitionTime::floating(clock(2), 3, 5, 0).unwrap(),
            TransitionTime::floating(clock(3), 10, 5, 0).unwrap(),
        );
        let hour = TimeSpan(TICKS_PER_HOUR);
        let at = |month, day| {
            DateTime::new((2024, month, day), (12, 0, 0, 0), DateTimeKind::Utc)
                .unwrap()
                .ticks()
        };
        let north =
            AdjustmentRule::new(DateTime::MIN, DateTime::MAX.date(), hour, spring, autumn).unwrap();
        assert!(north.is_daylight(at(7, 1), hour) && !north.is_daylight(at(1, 1), hour));
        let south =
            AdjustmentRule::new(DateTime::MIN, DateTime::MAX.date(), hour, autumn, spring).unwrap();
        assert!(!south.is_daylight(at(7, 1), hour) && south.is_daylight(at(1, 1), hour));
        assert!(
            AdjustmentRule::new(DateTime::MIN, DateTime::MAX.date(), hour, spring, spring).is_err()
        );
    }
}
