//! `System.DateTime`.

use crate::clr::calendar::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, TICKS_PER_SECOND,
    days_in_month, is_leap_year,
};
use crate::clr::datetime::{DateTime, DateTimeKind, Parts};
use crate::clr::datetime_format::format_datetime;
use crate::clr::datetime_parse::{DateTimeStyles, parse_datetime};
use crate::clr::datetime_parse_exact::parse_datetime_exact;
use crate::dotnet::numbers::{
    compare_to, compare_to_object, enum_result, equals, to_text, to_text_with_format,
};
use crate::runtime::{Call, Fault, R};
use crate::types::{TypeBuilder, Types};
use crate::value::{Const, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.DateTime");
    t.base("IComparable").base("IFormattable");
    t.constant("DateTime MinValue", Const::DateTime(DateTime::MIN));
    t.constant("DateTime MaxValue", Const::DateTime(DateTime::MAX));
    t.constant("DateTime UnixEpoch", Const::DateTime(DateTime::UNIX_EPOCH))
        .beyond_documentation();
    t.static_property("DateTime Now", |c| Ok(now(c, DateTimeKind::Local).into()));
    t.static_property("DateTime UtcNow", |c| Ok(now(c, DateTimeKind::Utc).into()));
    t.static_property("DateTime Today", |c| {
        Ok(now(c, DateTimeKind::Local).date().into())
    });
    constructors(&mut t);
    parts(&mut t);
    arithmetic(&mut t);
    comparison(&mut t);
    text(&mut t);
    beyond(&mut t);
}

fn now(c: &Call<'_, '_>, kind: DateTimeKind) -> DateTime {
    DateTime::clamped(c.rt.host.now(), kind)
}

fn constructors(t: &mut TypeBuilder<'_>) {
    t.constructor("(long ticks)", |c| {
        Ok(DateTime::from_ticks(c.long(0)?, DateTimeKind::Unspecified)?.into())
    });
    t.constructor("(long ticks, DateTimeKind kind)", |c| {
        Ok(DateTime::from_ticks(c.long(0)?, super::kind(c, 1)?)?.into())
    });
    t.constructor("(int year, int month, int day)", |c| build(c, 3, false));
    t.constructor(
        "(int year, int month, int day, int hour, int minute, int second)",
        |c| build(c, 6, false),
    );
    t.constructor(
        "(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)",
        |c| build(c, 6, true),
    );
    t.constructor(
        "(int year, int month, int day, int hour, int minute, int second, int millisecond)",
        |c| build(c, 7, false),
    );
    t.constructor(
        "(int year, int month, int day, int hour, int minute, int second, int millisecond, DateTimeKind kind)",
        |c| build(c, 7, true),
    );
}

/// A `DateTime` of the first `count` arguments, the kind behind them on request.
fn build(c: &Call<'_, '_>, count: usize, with_kind: bool) -> R<Value> {
    let part = |i: usize| if i < count { c.int(i) } else { Ok(0) };
    let kind = if with_kind {
        super::kind(c, count)?
    } else {
        DateTimeKind::Unspecified
    };
    let date = (part(0)?, part(1)?, part(2)?);
    Ok(DateTime::new(date, (part(3)?, part(4)?, part(5)?, part(6)?), kind)?.into())
}

fn part(c: &Call<'_, '_>, take: impl FnOnce(Parts) -> i32) -> R<Value> {
    Ok(take(c.date(0)?.parts()).into())
}

fn parts(t: &mut TypeBuilder<'_>) {
    t.property("int Year", |c| part(c, |p| p.year));
    t.property("int Month", |c| part(c, |p| p.month));
    t.property("int Day", |c| part(c, |p| p.day));
    t.property("int Hour", |c| part(c, |p| p.hour));
    t.property("int Minute", |c| part(c, |p| p.minute));
    t.property("int Second", |c| part(c, |p| p.second));
    t.property("int Millisecond", |c| {
        part(c, |p| (p.fraction / TICKS_PER_MILLISECOND) as i32)
    });
    t.property("int DayOfYear", |c| Ok(c.date(0)?.day_of_year().into()));
    t.property("DayOfWeek DayOfWeek", |c| {
        Ok(enum_result(c, c.date(0)?.day_of_week().into()))
    });
    t.property("long Ticks", |c| Ok(c.date(0)?.ticks().into()));
    t.property("DateTime Date", |c| Ok(c.date(0)?.date().into()));
    t.property("TimeSpan TimeOfDay", |c| {
        Ok(c.date(0)?.time_of_day().into())
    });
    t.property("DateTimeKind Kind", |c| {
        Ok(enum_result(c, c.date(0)?.kind() as i64))
    })
    .beyond_documentation();
    t.static_method("int DaysInMonth(int year, int month)", |c| {
        let (year, month) = (c.int(0)?, c.int(1)?);
        if !(1..=12).contains(&month) {
            return Err(Fault::out_of_range(
                "month",
                "Month must be between one and twelve.",
            ));
        }
        check_year(year)?;
        Ok(days_in_month(year, month).into())
    });
    t.static_method("bool IsLeapYear(int year)", |c| {
        check_year(c.int(0)?)?;
        Ok(is_leap_year(c.int(0)?).into())
    });
    // The local time zone, UTC, knows no daylight saving time.
    t.method("bool IsDaylightSavingTime()", |_| Ok(false.into()));
}

fn check_year(year: i32) -> R<()> {
    if (1..=9999).contains(&year) {
        Ok(())
    } else {
        Err(Fault::out_of_range(
            "year",
            "Year must be between 1 and 9999.",
        ))
    }
}

fn add(c: &Call<'_, '_>, unit: i64) -> R<Value> {
    Ok(c.date(0)?.add_units(c.double(1)?, unit)?.into())
}

fn arithmetic(t: &mut TypeBuilder<'_>) {
    t.method("DateTime Add(TimeSpan value)", |c| {
        Ok(c.date(0)?.add_ticks(c.span(1)?.0)?.into())
    });
    t.method("DateTime AddDays(double value)", |c| add(c, TICKS_PER_DAY));
    t.method("DateTime AddHours(double value)", |c| {
        add(c, TICKS_PER_HOUR)
    });
    t.method("DateTime AddMinutes(double value)", |c| {
        add(c, TICKS_PER_MINUTE)
    });
    t.method("DateTime AddSeconds(double value)", |c| {
        add(c, TICKS_PER_SECOND)
    });
    t.method("DateTime AddMilliseconds(double value)", |c| {
        add(c, TICKS_PER_MILLISECOND)
    });
    t.method("DateTime AddTicks(long value)", |c| {
        Ok(c.date(0)?.add_ticks(c.long(1)?)?.into())
    });
    t.method("DateTime AddMonths(int months)", |c| {
        Ok(c.date(0)?.add_months(c.int(1)?)?.into())
    });
    t.method("DateTime AddYears(int value)", |c| {
        Ok(c.date(0)?.add_years(c.int(1)?)?.into())
    });
    t.method("TimeSpan Subtract(DateTime value)", |c| {
        Ok(c.date(0)?.since(c.date(1)?).into())
    });
    t.method("DateTime Subtract(TimeSpan value)", |c| {
        Ok(c.date(0)?.subtract_span(c.span(1)?)?.into())
    });
    t.operator("DateTime operator +(DateTime d, TimeSpan t)", |c| {
        Ok(c.date(0)?.add_ticks(c.span(1)?.0)?.into())
    });
    t.operator("DateTime operator -(DateTime d, TimeSpan t)", |c| {
        Ok(c.date(0)?.subtract_span(c.span(1)?)?.into())
    });
    t.operator("TimeSpan operator -(DateTime d1, DateTime d2)", |c| {
        Ok(c.date(0)?.since(c.date(1)?).into())
    });
}

fn comparison(t: &mut TypeBuilder<'_>) {
    t.operator("bool operator ==(DateTime d1, DateTime d2)", |c| {
        Ok((c.date(0)? == c.date(1)?).into())
    });
    t.operator("bool operator !=(DateTime d1, DateTime d2)", |c| {
        Ok((c.date(0)? != c.date(1)?).into())
    });
    t.operator("bool operator <(DateTime t1, DateTime t2)", |c| {
        Ok((c.date(0)? < c.date(1)?).into())
    });
    t.operator("bool operator <=(DateTime t1, DateTime t2)", |c| {
        Ok((c.date(0)? <= c.date(1)?).into())
    });
    t.operator("bool operator >(DateTime t1, DateTime t2)", |c| {
        Ok((c.date(0)? > c.date(1)?).into())
    });
    t.operator("bool operator >=(DateTime t1, DateTime t2)", |c| {
        Ok((c.date(0)? >= c.date(1)?).into())
    });
    t.static_method("int Compare(DateTime t1, DateTime t2)", |c| compare_to(c))
        .beyond_documentation();
    t.static_method("bool Equals(DateTime t1, DateTime t2)", |c| equals(c))
        .beyond_documentation();
    t.method("int CompareTo(DateTime value)", |c| compare_to(c))
        .beyond_documentation();
    t.method("int CompareTo(object value)", |c| {
        compare_to_object(c, "DateTime")
    })
    .beyond_documentation();
    t.method("bool Equals(DateTime value)", |c| equals(c))
        .beyond_documentation();
}

fn text(t: &mut TypeBuilder<'_>) {
    t.method("string ToString(string format)", to_text_with_format);
    t.method(
        "string ToString(string format, IFormatProvider provider)",
        to_text_with_format,
    );
    t.method("string ToString(IFormatProvider provider)", to_text);
    t.static_method("DateTime Parse(string s)", |c| {
        parse(c, DateTimeStyles::NONE)
    });
    t.static_method("DateTime Parse(string s, IFormatProvider provider)", |c| {
        parse(c, DateTimeStyles::NONE)
    });
    t.static_method(
        "DateTime Parse(string s, IFormatProvider provider, DateTimeStyles styles)",
        |c| parse(c, super::styles(c, 2)?),
    );
}

fn parse(c: &Call<'_, '_>, styles: DateTimeStyles) -> R<Value> {
    Ok(parse_datetime(&c.str(0)?.to_utf8(), styles, c.rt.host.now())?.into())
}

fn try_parse(c: &mut Call<'_, '_>, styles: DateTimeStyles, out: usize) -> R<Value> {
    let now = c.rt.host.now();
    let parsed = c
        .opt_str(0)?
        .and_then(|text| parse_datetime(&text.to_utf8(), styles, now).ok());
    c.set(out, parsed.unwrap_or_default());
    Ok(parsed.is_some().into())
}

fn exact(c: &Call<'_, '_>, styles: DateTimeStyles) -> R<DateTime> {
    let formats = super::formats(c, 1)?;
    let formats: Vec<_> = formats.iter().map(|f| f.to_utf8()).collect();
    let formats: Vec<&str> = formats.iter().map(|f| &**f).collect();
    Ok(parse_datetime_exact(
        &c.str(0)?.to_utf8(),
        &formats,
        styles,
        c.rt.host.now(),
    )?)
}

fn try_exact(c: &mut Call<'_, '_>) -> R<Value> {
    super::try_exact(c, exact)
}

/// What published policies use beyond the documented list.
fn beyond(t: &mut TypeBuilder<'_>) {
    t.static_method("bool TryParse(string s, out DateTime result)", |c| {
        try_parse(c, DateTimeStyles::NONE, 1)
    })
    .beyond_documentation();
    t.static_method("bool TryParse(string s, IFormatProvider provider, DateTimeStyles styles, out DateTime result)", |c| {
        let styles = super::styles(c, 2)?;
        try_parse(c, styles, 3)
    })
    .beyond_documentation();
    t.static_method(
        "DateTime ParseExact(string s, string format, IFormatProvider provider)",
        |c| Ok(exact(c, DateTimeStyles::NONE)?.into()),
    )
    .beyond_documentation();
    t.static_method("DateTime ParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style)", |c| {
        Ok(exact(c, super::styles(c, 3)?)?.into())
    })
    .beyond_documentation();
    t.static_method("DateTime ParseExact(string s, string[] formats, IFormatProvider provider, DateTimeStyles style)", |c| {
        Ok(exact(c, super::styles(c, 3)?)?.into())
    })
    .beyond_documentation();
    t.static_method(
        "bool TryParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style, out DateTime result)",
        try_exact,
    )
    .beyond_documentation();
    t.static_method(
        "bool TryParseExact(string s, string[] formats, IFormatProvider provider, DateTimeStyles style, out DateTime result)",
        try_exact,
    )
    .beyond_documentation();
    t.static_method(
        "DateTime SpecifyKind(DateTime value, DateTimeKind kind)",
        |c| Ok(c.date(0)?.with_kind(super::kind(c, 1)?).into()),
    )
    .beyond_documentation();
    t.method("DateTime ToUniversalTime()", |c| {
        Ok(c.date(0)?.to_universal().into())
    })
    .beyond_documentation();
    t.method("DateTime ToLocalTime()", |c| {
        Ok(c.date(0)?.to_local().into())
    })
    .beyond_documentation();
    t.method("string ToShortDateString()", |c| with_format(c, "d"))
        .beyond_documentation();
    t.method("string ToLongDateString()", |c| with_format(c, "D"))
        .beyond_documentation();
    t.method("string ToShortTimeString()", |c| with_format(c, "t"))
        .beyond_documentation();
    t.method("string ToLongTimeString()", |c| with_format(c, "T"))
        .beyond_documentation();
    t.method("long ToFileTime()", |c| {
        Ok(c.date(0)?.to_file_time()?.into())
    })
    .beyond_documentation();
    t.method("long ToFileTimeUtc()", |c| {
        Ok(c.date(0)?.to_file_time()?.into())
    })
    .beyond_documentation();
    t.static_method("DateTime FromFileTimeUtc(long fileTime)", |c| {
        from_file_time(c, DateTimeKind::Utc)
    })
    .beyond_documentation();
    t.static_method("DateTime FromFileTime(long fileTime)", |c| {
        from_file_time(c, DateTimeKind::Local)
    })
    .beyond_documentation();
    t.method("long ToBinary()", |c| {
        let date = c.date(0)?;
        let kind = match date.kind {
            DateTimeKind::Unspecified => 0,
            DateTimeKind::Utc => 1,
            // Local time is UTC, so its ticks are those of the instant.
            DateTimeKind::Local => 2_u64,
        };
        let bits = date.ticks.cast_unsigned() | kind << 62;
        Ok(bits.cast_signed().into())
    })
    .beyond_documentation();
    t.static_method("DateTime FromBinary(long dateData)", |c| {
        let bits = c.long(0)?.cast_unsigned();
        let kind = match bits >> 62 {
            0 => DateTimeKind::Unspecified,
            1 => DateTimeKind::Utc,
            _ => DateTimeKind::Local,
        };
        const CEILING: i64 = 1 << 62;
        const DAY: i64 = 864_000_000_000;
        let mut ticks = (bits & 0x3fff_ffff_ffff_ffff).cast_signed();
        if kind == DateTimeKind::Local {
            // The top of the range stands for the negative ticks of small local times, which wrap around.
            if ticks > CEILING - DAY {
                ticks -= CEILING;
            }
            if ticks < 0 {
                ticks += DAY;
            }
        }
        DateTime::from_ticks(ticks, kind)
            .map(Into::into)
            .map_err(|_| {
                Fault::argument(
                    "The binary data must result in a DateTime with ticks between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.",
                    "dateData",
                )
            })
    })
    .beyond_documentation();
    t.method("double ToOADate()", |c| Ok(c.date(0)?.to_oa_date()?.into()))
        .beyond_documentation();
    t.static_method("DateTime FromOADate(double d)", |c| {
        Ok(DateTime::from_oa_date(c.double(0)?)?.into())
    })
    .beyond_documentation();
}

fn with_format(c: &Call<'_, '_>, format: &str) -> R<Value> {
    Ok(format_datetime(c.date(0)?, format)?.into())
}

pub(super) fn from_file_time(c: &Call<'_, '_>, kind: DateTimeKind) -> R<Value> {
    const FILE_EPOCH: i64 = 584_388 * TICKS_PER_DAY;
    let ticks = c
        .long(0)?
        .checked_add(FILE_EPOCH)
        .filter(|t| *t >= FILE_EPOCH);
    let value = ticks.and_then(|t| DateTime::from_ticks(t, kind).ok());
    Ok(value
        .ok_or_else(|| Fault::out_of_range("fileTime", "Not a valid Win32 FileTime."))?
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotnet::probe::{text, value};

    fn day(year: i32, month: i32, day: i32) -> Value {
        value(
            "System.DateTime",
            "(int year, int month, int day)",
            &mut [year.into(), month.into(), day.into()],
        )
        .unwrap()
    }

    #[test]
    fn construction_and_arithmetic() {
        assert_eq!(
            text(
                "System.DateTime",
                "(int year, int month, int day)",
                &[2024.into(), 2.into(), 30.into()]
            ),
            "throws ArgumentOutOfRangeException"
        );
        assert_eq!(
            text(
                "System.DateTime",
                "DateTime AddMonths(int months)",
                &[day(2024, 1, 31), 1.into()]
            ),
            "02/29/2024 00:00:00"
        );
        assert_eq!(
            text(
                "System.DateTime",
                "TimeSpan operator -(DateTime d1, DateTime d2)",
                &[day(2024, 1, 2), day(2024, 1, 1)]
            ),
            "1.00:00:00"
        );
        assert_eq!(
            text("System.DateTime", "DayOfWeek DayOfWeek", &[day(2024, 1, 2)]),
            "Tuesday"
        );
        assert_eq!(
            text(
                "System.DateTime",
                "int DaysInMonth(int year, int month)",
                &[2023.into(), 2.into()]
            ),
            "28"
        );
        assert_eq!(
            text(
                "System.DateTime",
                "int DaysInMonth(int year, int month)",
                &[2023.into(), 13.into()]
            ),
            "throws ArgumentOutOfRangeException"
        );
    }

    #[test]
    fn the_present_comes_from_the_host() {
        assert_eq!(
            text("System.DateTime", "DateTime UtcNow", &[]),
            "05/06/2024 07:08:09"
        );
        assert_eq!(
            text("System.DateTime", "DateTime Today", &[]),
            "05/06/2024 00:00:00"
        );
        let now = value("System.DateTime", "DateTime Now", &mut []).unwrap();
        assert_eq!(
            text("System.DateTime", "DateTimeKind Kind", &[now]),
            "Local"
        );
    }

    #[test]
    fn parsing() {
        let parse = |given: &str| {
            text(
                "System.DateTime",
                "DateTime Parse(string s)",
                &[given.into()],
            )
        };
        assert_eq!(parse("2024-01-02T03:04:05+02:00"), "01/02/2024 01:04:05");
        assert_eq!(parse("13/01/2024"), "throws FormatException");
        let exact = "DateTime ParseExact(string s, string format, IFormatProvider provider)";
        assert_eq!(
            text(
                "System.DateTime",
                exact,
                &["20240102".into(), "yyyyMMdd".into(), Value::Null]
            ),
            "01/02/2024 00:00:00"
        );
        assert_eq!(
            text(
                "System.DateTime",
                "string ToShortDateString()",
                &[day(2024, 1, 2)]
            ),
            "01/02/2024"
        );
    }
}
