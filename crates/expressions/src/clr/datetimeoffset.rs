//! `System.DateTimeOffset`: an instant with the offset it is written in.
//!
//! Clock times, offsets and Unix times flow in, instants or .NET exceptions flow out.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::calendar::{
    TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, TICKS_PER_SECOND, UNIX_EPOCH_TICKS,
};
use super::datetime::{DateTime, DateTimeKind};
use super::timespan::TimeSpan;
use super::{Error, Result};

/// An instant; comparison and hash ignore the offset, as in .NET.
#[derive(Debug, Clone, Copy, Default)]
pub struct DateTimeOffset {
    /// Ticks since 0001-01-01T00:00:00 that the clock at the offset shows.
    pub ticks: i64,
    /// Minutes the clock is ahead of UTC.
    pub offset_minutes: i16,
}

impl PartialEq for DateTimeOffset {
    fn eq(&self, other: &Self) -> bool {
        self.utc_ticks() == other.utc_ticks()
    }
}

impl Eq for DateTimeOffset {}

impl PartialOrd for DateTimeOffset {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTimeOffset {
    fn cmp(&self, other: &Self) -> Ordering {
        self.utc_ticks().cmp(&other.utc_ticks())
    }
}

impl Hash for DateTimeOffset {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.utc_ticks().hash(state);
    }
}

#[allow(missing_docs)] // the members are .NET's
impl DateTimeOffset {
    pub const MIN: Self = Self {
        ticks: 0,
        offset_minutes: 0,
    };
    pub const MAX: Self = Self {
        ticks: super::calendar::MAX_TICKS,
        offset_minutes: 0,
    };
    pub const UNIX_EPOCH: Self = Self {
        ticks: UNIX_EPOCH_TICKS,
        offset_minutes: 0,
    };

    /// The instant whose clock shows `clock` at this offset; the clock's kind plays no part.
    ///
    /// # Errors
    /// `ArgumentException` for an offset with seconds, `ArgumentOutOfRangeException` beyond 14 hours or years 1 to 9999.
    pub fn from_clock(clock: DateTime, offset: TimeSpan) -> Result<Self> {
        if offset.0 % TICKS_PER_MINUTE != 0 {
            return Err(Error::argument(
                "Offset must be specified in whole minutes.",
                Some("offset"),
            ));
        }
        if offset.0.unsigned_abs() > 14 * TICKS_PER_HOUR as u64 {
            return Err(Error::out_of_range(
                "Offset must be within plus or minus 14 hours.",
                Some("offset"),
            ));
        }
        let utc = clock.ticks() - offset.0;
        DateTime::from_ticks(utc, DateTimeKind::Utc).map_err(|_| {
            Error::out_of_range("The UTC time represented when the offset is applied must be between year 0 and 10,000.", Some("offset"))
        })?;
        Ok(Self {
            ticks: clock.ticks(),
            offset_minutes: (offset.0 / TICKS_PER_MINUTE) as i16,
        })
    }

    /// `new DateTimeOffset(dateTime, offset)`
    ///
    /// # Errors
    /// As [`Self::from_clock`]; `ArgumentException` when the kind contradicts the offset.
    pub fn new(clock: DateTime, offset: TimeSpan) -> Result<Self> {
        match clock.kind() {
            DateTimeKind::Utc if offset != TimeSpan::ZERO => Err(Error::argument(
                "The UTC Offset for Utc DateTime instances must be 0.",
                Some("offset"),
            )),
            DateTimeKind::Local if offset != TimeSpan::ZERO => Err(Error::argument(
                "The UTC Offset of the local dateTime parameter does not match the offset argument.",
                Some("offset"),
            )),
            _ => Self::from_clock(clock, offset),
        }
    }

    /// `(DateTimeOffset)dateTime`; local time is UTC, so the offset is zero for every kind.
    pub fn from_datetime(value: DateTime) -> Self {
        Self {
            ticks: value.ticks(),
            offset_minutes: 0,
        }
    }

    /// `FromUnixTimeSeconds`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self> {
        Self::from_unix(
            seconds,
            TICKS_PER_SECOND,
            "seconds",
            (-62_135_596_800, 253_402_300_799),
        )
    }

    /// `FromUnixTimeMilliseconds`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside years 1 to 9999.
    pub fn from_unix_milliseconds(milliseconds: i64) -> Result<Self> {
        Self::from_unix(
            milliseconds,
            TICKS_PER_MILLISECOND,
            "milliseconds",
            (-62_135_596_800_000, 253_402_300_799_999),
        )
    }

    fn from_unix(value: i64, unit: i64, parameter: &str, (min, max): (i64, i64)) -> Result<Self> {
        if !(min..=max).contains(&value) {
            return Err(Error::out_of_range(
                &format!("Valid values are between {min} and {max}, inclusive."),
                Some(parameter),
            ));
        }
        Ok(Self {
            ticks: UNIX_EPOCH_TICKS + value * unit,
            offset_minutes: 0,
        })
    }

    pub fn to_unix_seconds(self) -> i64 {
        self.utc_ticks() / TICKS_PER_SECOND - UNIX_EPOCH_TICKS / TICKS_PER_SECOND
    }

    pub fn to_unix_milliseconds(self) -> i64 {
        self.utc_ticks() / TICKS_PER_MILLISECOND - UNIX_EPOCH_TICKS / TICKS_PER_MILLISECOND
    }

    pub fn utc_ticks(self) -> i64 {
        self.ticks.saturating_sub(self.offset().0)
    }

    pub fn offset(self) -> TimeSpan {
        TimeSpan(i64::from(self.offset_minutes) * TICKS_PER_MINUTE)
    }

    /// `DateTime`: what the clock shows, kind unspecified.
    pub fn clock(self) -> DateTime {
        DateTime::clamped(self.ticks, DateTimeKind::Unspecified)
    }

    pub fn utc_datetime(self) -> DateTime {
        DateTime::clamped(self.utc_ticks(), DateTimeKind::Utc)
    }

    pub fn local_datetime(self) -> DateTime {
        DateTime::clamped(self.utc_ticks(), DateTimeKind::Local)
    }

    /// `ToOffset`
    ///
    /// # Errors
    /// As [`Self::from_clock`].
    pub fn to_offset(self, offset: TimeSpan) -> Result<Self> {
        let clock = self.utc_ticks().checked_add(offset.0).unwrap_or(i64::MAX);
        let clock = DateTime::from_ticks(clock, DateTimeKind::Unspecified).map_err(|_| {
            Error::out_of_range("The UTC time represented when the offset is applied must be between year 0 and 10,000.", Some("offset"))
        })?;
        Self::from_clock(clock, offset)
    }

    /// Moves the clock with any of [`DateTime`]'s operations, keeping the offset.
    ///
    /// # Errors
    /// What the operation throws.
    pub fn map_clock(self, change: impl FnOnce(DateTime) -> Result<DateTime>) -> Result<Self> {
        Self::from_clock(change(self.clock())?, self.offset())
    }

    /// `this - other`
    pub fn since(self, other: Self) -> TimeSpan {
        TimeSpan(self.utc_ticks() - other.utc_ticks())
    }

    /// `EqualsExact`
    pub fn equals_exact(self, other: Self) -> bool {
        self.ticks == other.ticks && self.offset_minutes == other.offset_minutes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    fn at(hour: i32, offset_hours: i64) -> DateTimeOffset {
        let clock =
            DateTime::new((2024, 1, 2), (hour, 4, 5, 0), DateTimeKind::Unspecified).unwrap();
        DateTimeOffset::new(clock, TimeSpan(offset_hours * TICKS_PER_HOUR)).unwrap()
    }

    #[test]
    fn instants_compare_across_offsets() {
        assert_eq!(at(3, 1), at(2, 0));
        assert!(!at(3, 1).equals_exact(at(2, 0)));
        assert_eq!(at(3, 2).utc_datetime().parts().hour, 1);
        assert_eq!(at(3, 0).to_unix_seconds(), 1_704_164_645);
        assert_eq!(
            DateTimeOffset::from_unix_seconds(1_704_164_645),
            Ok(at(3, 0))
        );
        assert_eq!(at(3, 0).to_unix_milliseconds(), 1_704_164_645_000);
    }

    #[test]
    fn offsets_are_checked() {
        let utc = DateTime::new((2024, 1, 2), (0, 0, 0, 0), DateTimeKind::Utc).unwrap();
        assert_eq!(
            DateTimeOffset::new(utc, TimeSpan(TICKS_PER_HOUR))
                .unwrap_err()
                .kind,
            ErrorKind::Argument
        );
        assert_eq!(
            at(3, 0)
                .to_offset(TimeSpan(15 * TICKS_PER_HOUR))
                .unwrap_err()
                .kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            at(3, 0).to_offset(TimeSpan(1)).unwrap_err().kind,
            ErrorKind::Argument
        );
        assert_eq!(
            DateTimeOffset::from_unix_seconds(i64::MAX)
                .unwrap_err()
                .kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            at(3, 0)
                .to_offset(TimeSpan(TICKS_PER_HOUR))
                .map(|t| t.clock().parts().hour),
            Ok(4)
        );
    }
}
