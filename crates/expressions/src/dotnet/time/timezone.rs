//! `System.TimeZoneInfo` and `System.TimeZone`. The local zone is UTC.

use std::rc::Rc;

use super::adjustment::{Rule, rule_type};
use crate::clr::datetime::{DateTime, DateTimeKind};
use crate::clr::datetimeoffset::DateTimeOffset;
use crate::clr::timespan::TimeSpan;
use crate::clr::timezone::{ClockTime, TimeZone, convert};
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, TypeBuilder, Types, known};
use crate::value::{Object, Str, Value};

const INFO: &str = "System.TimeZoneInfo";
const OLD: &str = "System.TimeZone";

struct Zone {
    zone: TimeZone,
    display: Option<Str>,
    standard: Option<Str>,
    daylight: Option<Str>,
    /// Says that it has no daylight saving time, whatever its rules.
    no_daylight: bool,
    /// `TimeZoneInfo.Local`, which is UTC under another name.
    local: bool,
    of: &'static str,
}

impl Zone {
    fn value(zone: TimeZone) -> Value {
        Value::object(Self {
            zone,
            display: None,
            standard: None,
            daylight: None,
            no_daylight: false,
            local: false,
            of: INFO,
        })
    }

    fn local() -> Self {
        Self {
            zone: TimeZone::utc(),
            display: None,
            standard: None,
            daylight: None,
            no_daylight: false,
            local: true,
            of: INFO,
        }
    }

    /// The zone with the kind of its times.
    fn with_kind(&self) -> (&TimeZone, DateTimeKind) {
        let kind = if self.local {
            DateTimeKind::Local
        } else {
            self.zone.kind()
        };
        (&self.zone, kind)
    }

    fn daylight_name(&self) -> Str {
        self.daylight
            .clone()
            .unwrap_or_else(|| self.standard_name())
    }

    fn standard_name(&self) -> Str {
        match &self.standard {
            Some(name) => name.clone(),
            None if self.zone.is_utc() => Str::literal("Coordinated Universal Time"),
            None => Str::from(self.zone.id()),
        }
    }

    fn display_name(&self, now: i64) -> Str {
        match &self.display {
            Some(name) => name.clone(),
            None if self.zone.is_utc() => Str::literal("(UTC) Coordinated Universal Time"),
            None => {
                let offset = crate::clr::datetime_format::offset_text(self.zone.base_offset(now));
                Str::from(format!("(UTC{offset}) {}", self.zone.id()))
            }
        }
    }
}

impl Object for Zone {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name(self.of)
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.zone.id().eq_ignore_ascii_case(self.zone.id())),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.zone.id().bytes().fold(7, |hash, b| {
            hash.wrapping_mul(31)
                .wrapping_add(b.to_ascii_lowercase().into())
        }))
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.display_name(rt.host.now())))
    }
}

fn zone(c: &Call<'_, '_>, index: usize) -> R<Rc<Zone>> {
    c.object::<Zone>(index)
}

fn named(c: &Call<'_, '_>, index: usize) -> R<TimeZone> {
    Ok(TimeZone::find(&c.str(index)?.to_utf8())?)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(INFO);
    t.weighs(1024);
    t.static_property("TimeZoneInfo Utc", |_| Ok(Zone::value(TimeZone::utc())));
    t.static_property("TimeZoneInfo Local", |_| Ok(Value::object(Zone::local())));
    t.static_method("TimeZoneInfo FindSystemTimeZoneById(string id)", |c| {
        Ok(Zone::value(named(c, 0)?))
    });
    t.static_method(
        "TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)",
        |c| custom(c, None),
    );
    t.static_method(
        "TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, AdjustmentRule[] adjustmentRules)",
        |c| custom(c, Some(5)),
    );
    t.static_method(
        "TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, AdjustmentRule[] adjustmentRules, bool disableDaylightSavingTime)",
        |c| custom(c, Some(5)),
    );
    t.method("AdjustmentRule[] GetAdjustmentRules()", |c| {
        let rules = zone(c, 0)?.zone.adjustment_rules();
        c.rt.allocate(rules.len() * size_of::<Value>())?;
        let rules = rules
            .into_iter()
            .map(|rule| Value::object(Rule(rule)))
            .collect();
        Ok(collections::array(rule_type(), rules))
    });
    t.property("string Id", |c| Ok(Str::from(zone(c, 0)?.zone.id()).into()));
    t.property("string DisplayName", |c| {
        Ok(zone(c, 0)?.display_name(c.rt.host.now()).into())
    });
    t.property("string StandardName", |c| {
        Ok(zone(c, 0)?.standard_name().into())
    });
    t.property("string DaylightName", |c| {
        Ok(zone(c, 0)?.daylight_name().into())
    });
    t.property("TimeSpan BaseUtcOffset", |c| {
        Ok(zone(c, 0)?.zone.base_offset(c.rt.host.now()).into())
    });
    t.property("bool SupportsDaylightSavingTime", |c| {
        let zone = zone(c, 0)?;
        Ok((!zone.no_daylight && zone.zone.has_daylight_time(c.rt.host.now())).into())
    });
    questions(&mut t);
    conversions(&mut t);
    older(types);
}

fn custom(c: &Call<'_, '_>, rules: Option<usize>) -> R<Value> {
    let daylight = if rules.is_some() { 4 } else { 3 };
    let no_daylight = c.len() > 6 && c.bool(6)?;
    let rules = rules
        .map(|index| collections::elements_of(&c.value(index)).unwrap_or_default())
        .unwrap_or_default();
    let rules = rules
        .iter()
        .map(|rule| rule.as_object::<Rule>().map(|rule| rule.0));
    let zone = TimeZone::custom(&c.str(0)?.to_utf8(), c.span(1)?, rules)?;
    Ok(Value::object(Zone {
        zone,
        display: Some(c.opt_str(2)?.unwrap_or(Str::EMPTY)),
        standard: Some(c.opt_str(3)?.unwrap_or(Str::EMPTY)),
        daylight: Some(match c.opt_str(daylight)? {
            Some(name) if !no_daylight => name,
            _ => Str::EMPTY,
        }),
        no_daylight,
        local: false,
        of: INFO,
    }))
}

/// The instant of a `DateTime` as seen from a zone: UTC and local times are instants, others are the zone's clock.
fn instant(zone: &TimeZone, value: DateTime) -> i64 {
    match value.kind() {
        DateTimeKind::Unspecified => value
            .ticks()
            .saturating_sub(zone.clock_time(value.ticks()).offset().0),
        DateTimeKind::Utc | DateTimeKind::Local => value.ticks(),
    }
}

/// What the clocks show at an instant.
fn clock_at(zone: &TimeZone, utc_ticks: i64) -> i64 {
    utc_ticks.saturating_add(zone.at(utc_ticks).0.0)
}

/// The same for a `DateTime`, which may be what the clocks show.
fn clock_of(zone: &TimeZone, value: DateTime) -> i64 {
    match value.kind() {
        DateTimeKind::Unspecified => value.ticks(),
        DateTimeKind::Utc | DateTimeKind::Local => clock_at(zone, value.ticks()),
    }
}

/// `GetAmbiguousTimeOffsets`: the smaller one first.
fn offsets(found: Option<(TimeSpan, TimeSpan)>, class: &str, parameter: &str) -> R<Value> {
    let Some((low, high)) = found else {
        let message = format!("The supplied {class} is not in an ambiguous time range.");
        return Err(Fault::argument(&message, parameter));
    };
    let element = Type::Named(known::TIME_SPAN, None);
    Ok(collections::array(element, vec![low.into(), high.into()]))
}

fn questions(t: &mut TypeBuilder<'_>) {
    t.method("TimeSpan GetUtcOffset(DateTime dateTime)", |c| {
        let (zone, date) = (zone(c, 0)?, c.date(1)?);
        // A clock time that is skipped has the offset of standard time.
        Ok(match date.kind() {
            DateTimeKind::Unspecified => zone.zone.clock_time(date.ticks()).offset().into(),
            _ => zone.zone.at(date.ticks()).0.into(),
        })
    });
    t.method(
        "TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)",
        |c| Ok(zone(c, 0)?.zone.at(c.offset(1)?.utc_ticks()).0.into()),
    );
    t.method("bool IsDaylightSavingTime(DateTime dateTime)", |c| {
        let zone = zone(c, 0)?;
        Ok(zone.zone.at(instant(&zone.zone, c.date(1)?)).1.into())
    });
    t.method(
        "bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)",
        |c| Ok(zone(c, 0)?.zone.at(c.offset(1)?.utc_ticks()).1.into()),
    );
    t.method("bool IsAmbiguousTime(DateTime dateTime)", |c| {
        let (zone, date) = (zone(c, 0)?, c.date(1)?);
        let clock = clock_of(&zone.zone, date);
        Ok(zone.zone.ambiguous_offsets(clock).is_some().into())
    });
    t.method("bool IsAmbiguousTime(DateTimeOffset dateTimeOffset)", |c| {
        let (zone, time) = (zone(c, 0)?, c.offset(1)?);
        let clock = clock_at(&zone.zone, time.utc_ticks());
        Ok(zone.zone.ambiguous_offsets(clock).is_some().into())
    });
    t.method(
        "TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)",
        |c| {
            let (zone, date) = (zone(c, 0)?, c.date(1)?);
            let found = zone.zone.ambiguous_offsets(clock_of(&zone.zone, date));
            offsets(found, "DateTime", "dateTime")
        },
    );
    t.method(
        "TimeSpan[] GetAmbiguousTimeOffsets(DateTimeOffset dateTimeOffset)",
        |c| {
            let (zone, time) = (zone(c, 0)?, c.offset(1)?);
            let clock = clock_at(&zone.zone, time.utc_ticks());
            let found = zone.zone.ambiguous_offsets(clock);
            offsets(found, "DateTimeOffset", "dateTimeOffset")
        },
    );
    t.method("bool IsInvalidTime(DateTime dateTime)", |c| {
        let (zone, date) = (zone(c, 0)?, c.date(1)?);
        let skipped = || matches!(zone.zone.clock_time(date.ticks()), ClockTime::Skipped(_));
        Ok((date.kind() == DateTimeKind::Unspecified && skipped()).into())
    });
    t.method("bool Equals(TimeZoneInfo other)", |c| {
        Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into())
    });
    t.method("bool HasSameRules(TimeZoneInfo other)", |c| {
        let (own, other, now) = (zone(c, 0)?, zone(c, 1)?, c.rt.host.now());
        let day = crate::clr::calendar::TICKS_PER_DAY;
        Ok((0..366)
            .all(|n| own.zone.at(now + n * day) == other.zone.at(now + n * day))
            .into())
    });
}

/// From the zone that the value's kind names: UTC or the local one.
fn convert_from_kind(value: DateTime, target: (&TimeZone, DateTimeKind)) -> R<Value> {
    let utc = TimeZone::utc();
    let kind = match value.kind() {
        DateTimeKind::Utc => DateTimeKind::Utc,
        _ => DateTimeKind::Local,
    };
    Ok(convert(value, (&utc, kind), target)?.into())
}

fn convert_offset(value: DateTimeOffset, target: &TimeZone) -> R<Value> {
    let offset = target.at(value.utc_ticks()).0;
    let clock = value.utc_ticks().saturating_add(offset.0);
    // Beyond the calendar's ends .NET gives its first or last instant.
    if !(0..=crate::clr::calendar::MAX_TICKS).contains(&clock) {
        let end = if clock < 0 {
            DateTimeOffset::MIN
        } else {
            DateTimeOffset::MAX
        };
        return Ok(end.into());
    }
    Ok(value.to_offset(offset)?.into())
}

fn conversions(t: &mut TypeBuilder<'_>) {
    t.static_method(
        "DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)",
        |c| {
            let (utc, target) = (TimeZone::utc(), zone(c, 1)?);
            Ok(convert(c.date(0)?, (&utc, DateTimeKind::Utc), target.with_kind())?.into())
        },
    );
    t.static_method("DateTime ConvertTimeToUtc(DateTime dateTime)", |c| {
        Ok(c.date(0)?.to_universal().into())
    });
    t.static_method(
        "DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)",
        |c| {
            let (utc, source) = (TimeZone::utc(), zone(c, 1)?);
            Ok(convert(c.date(0)?, source.with_kind(), (&utc, DateTimeKind::Utc))?.into())
        },
    );
    t.static_method(
        "DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)",
        |c| convert_from_kind(c.date(0)?, zone(c, 1)?.with_kind()),
    );
    t.static_method(
        "DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)",
        |c| {
            let (source, target) = (zone(c, 1)?, zone(c, 2)?);
            Ok(convert(c.date(0)?, source.with_kind(), target.with_kind())?.into())
        },
    );
    t.static_method("DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)", |c| {
        convert_offset(c.offset(0)?, &zone(c, 1)?.zone)
    });
    t.static_method(
        "DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)",
        |c| {
            let target = named(c, 1)?;
            convert_from_kind(c.date(0)?, (&target, target.kind()))
        },
    );
    t.static_method(
        "DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)",
        |c| {
            let (value, source, target) = (c.date(0)?, named(c, 1)?, named(c, 2)?);
            // A local time may name its zone.
            let kind = match value.kind() {
                DateTimeKind::Local if source.is_utc() => DateTimeKind::Local,
                _ => source.kind(),
            };
            Ok(convert(value, (&source, kind), (&target, target.kind()))?.into())
        },
    );
    t.static_method(
        "DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)",
        |c| convert_offset(c.offset(0)?, &named(c, 1)?),
    );
}

fn older(types: &mut Types) {
    let mut t = types.class(OLD);
    t.static_property("TimeZone CurrentTimeZone", |_| {
        Ok(Value::object(Zone {
            zone: TimeZone::utc(),
            display: None,
            standard: None,
            daylight: None,
            no_daylight: false,
            local: false,
            of: OLD,
        }))
    });
    t.property("string StandardName", |c| {
        Ok(zone(c, 0)?.standard_name().into())
    });
    t.property("string DaylightName", |c| {
        Ok(zone(c, 0)?.daylight_name().into())
    });
    t.method("TimeSpan GetUtcOffset(DateTime time)", |_| {
        Ok(crate::clr::timespan::TimeSpan::ZERO.into())
    });
    t.method("bool IsDaylightSavingTime(DateTime time)", |_| {
        Ok(false.into())
    });
    t.method("DateTime ToUniversalTime(DateTime time)", |c| {
        Ok(c.date(1)?.to_universal().into())
    });
    t.method("DateTime ToLocalTime(DateTime time)", |c| {
        Ok(c.date(1)?.to_local().into())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotnet::probe::{text, value};

    #[test]
    fn zones_by_windows_name_convert_times() {
        let zone = value(
            INFO,
            "TimeZoneInfo FindSystemTimeZoneById(string id)",
            &mut ["W. Europe Standard Time".into()],
        )
        .unwrap();
        let noon =
            Value::DateTime(DateTime::new((2024, 7, 1), (12, 0, 0, 0), DateTimeKind::Utc).unwrap());
        let convert =
            "DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)";
        assert_eq!(
            text(INFO, convert, &[noon.clone(), zone.clone()]),
            "07/01/2024 14:00:00"
        );
        assert_eq!(
            text(INFO, "TimeSpan BaseUtcOffset", std::slice::from_ref(&zone)),
            "01:00:00"
        );
        assert_eq!(
            text(INFO, "string Id", std::slice::from_ref(&zone)),
            "W. Europe Standard Time"
        );
        assert_eq!(
            text(
                INFO,
                "bool IsDaylightSavingTime(DateTime dateTime)",
                &[zone, noon]
            ),
            "True"
        );
        assert_eq!(
            text(
                INFO,
                "TimeZoneInfo FindSystemTimeZoneById(string id)",
                &["x".into()]
            ),
            "throws TimeZoneNotFoundException"
        );
        let utc = value(INFO, "TimeZoneInfo Utc", &mut []).unwrap();
        assert_eq!(text(INFO, "string Id", &[utc]), "UTC");
    }
}
