//! Time zones behind `System.TimeZoneInfo`: IANA and Windows names, offsets, conversions.
//!
//! A zone's name and times in ticks flow in, offsets and times or .NET exceptions flow out. The rules are the time zone
//! database compiled into the program, so every machine gives the same answer.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone as Database;

use super::adjustment::{AdjustmentRule, TransitionTime};
use super::calendar::{
    MAX_TICKS, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND, UNIX_EPOCH_TICKS,
    days_from_date,
};
use super::datetime::{DateTime, DateTimeKind};
use super::timespan::TimeSpan;
use super::windows_zones::iana_name;
use super::{Error, ErrorKind, Result};

/// A moment (2025) whose offsets are the zones' own.
const PRESENT: i64 = 638_712_864_000_000_000;

/// A time zone.
#[derive(Debug, Clone)]
pub struct TimeZone {
    id: String,
    rules: Rules,
    utc: bool,
}

#[derive(Debug, Clone)]
enum Rules {
    Database(Database),
    Custom {
        base: TimeSpan,
        adjustments: Arc<[AdjustmentRule]>,
    },
}

/// What a clock time means in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTime {
    /// One instant, at this offset.
    Unique(TimeSpan),
    /// Shown twice, when clocks go back: the smaller and the larger offset, of standard and daylight time.
    Ambiguous(TimeSpan, TimeSpan),
    /// Never shown, when clocks go forward; the offset of standard time.
    Skipped(TimeSpan),
}

impl ClockTime {
    /// The offset .NET uses for the clock time.
    pub fn offset(self) -> TimeSpan {
        match self {
            Self::Unique(offset) | Self::Ambiguous(offset, _) | Self::Skipped(offset) => offset,
        }
    }
}

impl TimeZone {
    /// `TimeZoneInfo.Utc`, which is also the local zone.
    pub fn utc() -> Self {
        Self {
            id: "UTC".to_owned(),
            rules: Rules::Database(Database::UTC),
            utc: true,
        }
    }

    /// `TimeZoneInfo.FindSystemTimeZoneById`: Windows and IANA names.
    ///
    /// # Errors
    /// `TimeZoneNotFoundException`
    pub fn find(id: &str) -> Result<Self> {
        if id.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        let rules = Database::get(iana_name(id).unwrap_or(id));
        match rules {
            Ok(rules) if !rules.is_unknown() => Ok(Self {
                id: id.to_owned(),
                rules: Rules::Database(rules),
                utc: false,
            }),
            _ => Err(Error::new(
                ErrorKind::TimeZoneNotFound,
                format!("The time zone ID '{id}' was not found on the local computer."),
            )),
        }
    }

    /// `TimeZoneInfo.CreateCustomTimeZone`
    ///
    /// # Errors
    /// `ArgumentException` and `ArgumentOutOfRangeException` for an empty name and impossible offsets.
    pub fn custom(
        id: &str,
        base: TimeSpan,
        rules: impl IntoIterator<Item = Option<AdjustmentRule>>,
    ) -> Result<Self> {
        if id.is_empty() {
            return Err(Error::argument(
                "The specified ID parameter '' is not supported.",
                Some("id"),
            ));
        }
        if base.0.unsigned_abs() > 14 * TICKS_PER_HOUR as u64 {
            return Err(Error::out_of_range(
                "The TimeSpan parameter must be within plus or minus 14.0 hours.",
                Some("baseUtcOffset"),
            ));
        }
        if base.0 % TICKS_PER_MINUTE != 0 {
            return Err(Error::argument(
                "The TimeSpan parameter cannot be specified more precisely than whole minutes.",
                Some("baseUtcOffset"),
            ));
        }
        let invalid = |message: &'static str| Error::new(ErrorKind::InvalidTimeZone, message);
        let mut adjustments: Vec<AdjustmentRule> = Vec::new();
        for rule in rules {
            let Some(rule) = rule else {
                return Err(invalid(
                    "The AdjustmentRule array cannot contain null elements.",
                ));
            };
            if (base.0 + rule.delta.0).unsigned_abs() > 14 * TICKS_PER_HOUR as u64 {
                return Err(invalid(
                    "The sum of the BaseUtcOffset and DaylightDelta properties must within plus or minus 14.0 hours.",
                ));
            }
            if adjustments
                .last()
                .is_some_and(|before| rule.start <= before.end)
            {
                return Err(invalid(
                    "The elements of the AdjustmentRule array must be in chronological order and must not overlap.",
                ));
            }
            adjustments.push(rule);
        }
        Ok(Self {
            id: id.to_owned(),
            rules: Rules::Custom {
                base,
                adjustments: adjustments.into(),
            },
            utc: false,
        })
    }

    /// `GetAdjustmentRules()`: those a custom zone was made with; of other zones one rule a year from 1970 to 2037 in which
    /// clocks change twice.
    pub fn adjustment_rules(&self) -> Vec<AdjustmentRule> {
        match &self.rules {
            Rules::Custom { adjustments, .. } => adjustments.to_vec(),
            Rules::Database(_) if self.utc => Vec::new(),
            Rules::Database(_) => (1970..2038)
                .filter_map(|year| self.rule_of_year(year))
                .collect(),
        }
    }

    fn rule_of_year(&self, year: i32) -> Option<AdjustmentRule> {
        let first = days_from_date(year, 1, 1)? * TICKS_PER_DAY;
        let last = days_from_date(year, 12, 31)? * TICKS_PER_DAY;
        let mut changes = Vec::new();
        let mut before = self.at(first);
        for day in 1..=(last - first) / TICKS_PER_DAY + 1 {
            let now = first + day * TICKS_PER_DAY;
            let after = self.at(now);
            if after.0 != before.0 {
                changes.push((self.change_between(now - TICKS_PER_DAY, now), before, after));
            }
            before = after;
        }
        let [(at_one, one, _), (at_two, two, _)] = changes.as_slice() else {
            return None;
        };
        let ((begins, standard), (ends, daylight)) = if one.0 < two.0 {
            ((*at_one, one.0), (*at_two, two.0))
        } else {
            ((*at_two, two.0), (*at_one, one.0))
        };
        let transition = |utc: i64, offset: TimeSpan| -> Option<TransitionTime> {
            let clock = DateTime::clamped(utc + offset.0, DateTimeKind::Unspecified);
            let time = DateTime::clamped(clock.time_of_day().0, DateTimeKind::Unspecified);
            TransitionTime::fixed(time, clock.parts().month, clock.parts().day).ok()
        };
        Some(AdjustmentRule {
            start: DateTime::clamped(first, DateTimeKind::Unspecified),
            end: DateTime::clamped(last, DateTimeKind::Unspecified),
            delta: TimeSpan(daylight.0 - standard.0),
            begins: transition(begins, standard)?,
            ends: transition(ends, daylight)?,
        })
    }

    /// The instant between two at which the offset changes.
    fn change_between(&self, mut low: i64, mut high: i64) -> i64 {
        let before = self.at(low).0;
        while high - low > TICKS_PER_MINUTE {
            let middle = low + (high - low) / 2 / TICKS_PER_SECOND * TICKS_PER_SECOND;
            if self.at(middle).0 == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        // Clocks change on whole minutes.
        high - high.rem_euclid(TICKS_PER_MINUTE)
    }

    /// `Id`
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is UTC itself, and with it the local zone.
    pub fn is_utc(&self) -> bool {
        self.utc
    }

    /// The offset in force at an instant (ticks of UTC), and whether it is daylight saving time.
    pub fn at(&self, utc_ticks: i64) -> (TimeSpan, bool) {
        let database = match &self.rules {
            Rules::Database(database) => database,
            Rules::Custom { base, adjustments } => {
                let rule = adjustments
                    .iter()
                    .find(|rule| rule.covers(utc_ticks.saturating_add(base.0)));
                return match rule.filter(|rule| rule.is_daylight(utc_ticks, *base)) {
                    Some(rule) => (TimeSpan(base.0 + rule.delta.0), true),
                    None => (*base, false),
                };
            }
        };
        let seconds = utc_ticks
            .saturating_sub(UNIX_EPOCH_TICKS)
            .div_euclid(TICKS_PER_SECOND);
        // The calendar's last hours lie beyond what the database answers.
        let timestamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let info = database.to_offset_info(timestamp);
        let mut seconds = i64::from(info.offset().seconds());
        if seconds % 60 != 0 {
            // Before standard time, offsets had seconds; .NET knows whole minutes of difference to the zone's own offset.
            let base = self.base_offset(PRESENT).0 / TICKS_PER_SECOND;
            seconds = base + (seconds - base) / 60 * 60;
        }
        (TimeSpan(seconds * TICKS_PER_SECOND), info.dst().is_dst())
    }

    /// The smallest and largest offset of the year around an instant.
    fn range(&self, utc_ticks: i64) -> (TimeSpan, TimeSpan) {
        let (mut low, _) = self.at(utc_ticks);
        let mut high = low;
        for month in 1..=12 {
            let (offset, _) = self.at(utc_ticks.saturating_add(month * 30 * TICKS_PER_DAY));
            low = low.min(offset);
            high = high.max(offset);
        }
        (low, high)
    }

    /// `BaseUtcOffset`: standard time, as of `now`.
    pub fn base_offset(&self, now: i64) -> TimeSpan {
        match &self.rules {
            Rules::Custom { base, .. } => *base,
            Rules::Database(_) => self.range(now).0,
        }
    }

    /// `SupportsDaylightSavingTime`, as of `now`.
    pub fn has_daylight_time(&self, now: i64) -> bool {
        if let Rules::Custom { adjustments, .. } = &self.rules {
            return !adjustments.is_empty();
        }
        let (low, high) = self.range(now);
        low != high
    }

    /// What a clock time (ticks) means in this zone.
    pub fn clock_time(&self, clock: i64) -> ClockTime {
        let (before, _) = self.at(clock.saturating_sub(TICKS_PER_DAY));
        let (after, _) = self.at(clock.saturating_add(TICKS_PER_DAY));
        let valid = |offset: TimeSpan| self.at(clock.saturating_sub(offset.0)).0 == offset;
        match (valid(before), valid(after)) {
            (true, true) if before != after => {
                ClockTime::Ambiguous(before.min(after), before.max(after))
            }
            (true, _) => ClockTime::Unique(before),
            (false, true) => ClockTime::Unique(after),
            (false, false) => ClockTime::Skipped(before.min(after)),
        }
    }

    /// The smaller and the larger offset of a clock time (ticks) that is shown twice because daylight time ends.
    pub fn ambiguous_offsets(&self, clock: i64) -> Option<(TimeSpan, TimeSpan)> {
        let ClockTime::Ambiguous(low, high) = self.clock_time(clock) else {
            return None;
        };
        let daylight = |offset: TimeSpan| self.at(clock.saturating_sub(offset.0)).1;
        (daylight(high) && !daylight(low)).then_some((low, high))
    }

    /// The kind of this zone's times; the local zone, which is UTC too, is for the caller to know.
    pub fn kind(&self) -> DateTimeKind {
        if self.utc {
            DateTimeKind::Utc
        } else {
            DateTimeKind::Unspecified
        }
    }
}

/// `TimeZoneInfo.ConvertTime(value, source, target)`; each zone with the kind of its times.
///
/// # Errors
/// `ArgumentException` for a time whose kind names another zone and for a clock time that is skipped.
pub fn convert(
    value: DateTime,
    (source, source_kind): (&TimeZone, DateTimeKind),
    (target, target_kind): (&TimeZone, DateTimeKind),
) -> Result<DateTime> {
    let kind = value.kind();
    if kind != DateTimeKind::Unspecified && kind != source_kind {
        return Err(kind_error("sourceTimeZone"));
    }
    let offset = match source.clock_time(value.ticks()) {
        ClockTime::Skipped(_) => {
            return Err(Error::argument(
                "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, any time in the period that is skipped is invalid.",
                Some("dateTime"),
            ));
        }
        time => time.offset(),
    };
    if kind != DateTimeKind::Unspecified && source_kind == target_kind {
        return Ok(value);
    }
    let utc = value.ticks().saturating_sub(offset.0);
    // The instant may lie beyond the calendar where the clock does not.
    let instant = utc.clamp(0, MAX_TICKS);
    Ok(DateTime::clamped(
        utc.saturating_add(target.at(instant).0.0),
        target_kind,
    ))
}

fn kind_error(parameter: &str) -> Error {
    Error::argument(
        "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly.  For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.",
        Some(parameter),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::datetime_format::datetime_text;

    fn clock(month: i32, day: i32, hour: i32, minute: i32) -> DateTime {
        DateTime::new(
            (2024, month, day),
            (hour, minute, 0, 0),
            DateTimeKind::Unspecified,
        )
        .unwrap()
    }

    fn from_utc(zone: &TimeZone, value: DateTime) -> Result<DateTime> {
        let utc = TimeZone::utc();
        convert(value, (&utc, utc.kind()), (zone, zone.kind()))
    }

    fn to_utc(zone: &TimeZone, value: DateTime) -> Result<DateTime> {
        let utc = TimeZone::utc();
        convert(value, (zone, zone.kind()), (&utc, utc.kind()))
    }

    #[test]
    fn windows_and_iana_names_are_the_same_zone() {
        let windows = TimeZone::find("Pacific Standard Time").unwrap();
        let iana = TimeZone::find("America/Los_Angeles").unwrap();
        for zone in [&windows, &iana] {
            assert_eq!(
                from_utc(zone, clock(1, 2, 12, 0))
                    .map(datetime_text)
                    .as_deref(),
                Ok("01/02/2024 04:00:00")
            );
            assert_eq!(
                from_utc(zone, clock(7, 2, 12, 0))
                    .map(datetime_text)
                    .as_deref(),
                Ok("07/02/2024 05:00:00")
            );
        }
        assert_eq!(
            windows.base_offset(clock(7, 1, 0, 0).ticks()).to_text(),
            "-08:00:00"
        );
        assert!(windows.has_daylight_time(clock(7, 1, 0, 0).ticks()));
        assert_eq!(
            TimeZone::find("Nowhere").unwrap_err().kind,
            ErrorKind::TimeZoneNotFound
        );
    }

    #[test]
    fn skipped_and_ambiguous_clock_times() {
        let zone = TimeZone::find("W. Europe Standard Time").unwrap();
        let hour = |h: i64| TimeSpan(h * super::super::calendar::TICKS_PER_HOUR);
        assert_eq!(
            zone.clock_time(clock(3, 31, 2, 30).ticks()),
            ClockTime::Skipped(hour(1))
        );
        assert_eq!(
            zone.clock_time(clock(10, 27, 2, 30).ticks()),
            ClockTime::Ambiguous(hour(1), hour(2))
        );
        assert_eq!(
            zone.clock_time(clock(7, 1, 12, 0).ticks()),
            ClockTime::Unique(hour(2))
        );
        assert_eq!(
            to_utc(&zone, clock(3, 31, 2, 30)).unwrap_err().kind,
            ErrorKind::Argument
        );
        assert_eq!(
            to_utc(&zone, clock(7, 1, 12, 0))
                .map(datetime_text)
                .as_deref(),
            Ok("07/01/2024 10:00:00")
        );
        assert_eq!(
            to_utc(&zone, clock(7, 1, 12, 0).to_universal())
                .unwrap_err()
                .kind,
            ErrorKind::Argument
        );
    }

    #[test]
    fn utc_and_fixed_zones() {
        assert_eq!(
            from_utc(&TimeZone::utc(), clock(1, 2, 0, 0)).map(|t| t.kind()),
            Ok(DateTimeKind::Utc)
        );
        let zone = TimeZone::custom("x", TimeSpan(TICKS_PER_MINUTE * 90), vec![]).unwrap();
        assert_eq!(
            datetime_text(from_utc(&zone, clock(1, 2, 0, 0)).unwrap()),
            "01/02/2024 01:30:00"
        );
        assert_eq!(
            TimeZone::custom("x", TimeSpan(1), vec![]).unwrap_err().kind,
            ErrorKind::Argument
        );
    }

    #[test]
    fn a_zone_made_from_rules_of_a_database_zone_agrees_with_it() {
        let zone = TimeZone::find("Pacific Standard Time").unwrap();
        let rules = zone.adjustment_rules();
        let copy = TimeZone::custom(
            "copy",
            TimeSpan(-8 * TICKS_PER_HOUR),
            rules.into_iter().map(Some),
        )
        .unwrap();
        let first = clock(1, 1, 0, 0).ticks();
        for hour in 0..366 * 24 {
            let instant = first + hour * TICKS_PER_HOUR;
            assert_eq!(zone.at(instant), copy.at(instant));
        }
        assert!(TimeZone::utc().adjustment_rules().is_empty());
    }

    #[test]
    fn every_windows_name_has_rules() {
        for (windows, _) in super::super::windows_zones::ZONES {
            assert!(TimeZone::find(windows).is_ok(), "{windows}");
        }
    }
}
