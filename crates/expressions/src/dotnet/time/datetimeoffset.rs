//! `System.DateTimeOffset`.

use crate::clr::calendar::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, TICKS_PER_SECOND,
};
use crate::clr::datetime::{DateTime, DateTimeKind, Parts};
use crate::clr::datetime_parse::{DateTimeStyles, parse_datetimeoffset};
use crate::clr::datetime_parse_exact::parse_datetimeoffset_exact;
use crate::clr::datetimeoffset::DateTimeOffset;
use crate::clr::timespan::TimeSpan;
use crate::dotnet::numbers::{compare_to, enum_result, equals, to_text, to_text_with_format};
use crate::runtime::{Call, R};
use crate::types::{TypeBuilder, Types};
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.DateTimeOffset");
    t.base("IComparable").base("IFormattable");
    t.static_property(
        "DateTimeOffset MinValue",
        |_| Ok(DateTimeOffset::MIN.into()),
    );
    t.static_property(
        "DateTimeOffset MaxValue",
        |_| Ok(DateTimeOffset::MAX.into()),
    );
    t.static_property("DateTimeOffset UnixEpoch", |_| {
        Ok(DateTimeOffset::UNIX_EPOCH.into())
    });
    t.static_property("DateTimeOffset Now", |c| Ok(now(c).into()));
    t.static_property("DateTimeOffset UtcNow", |c| Ok(now(c).into()));
    t.constructor("(DateTime dateTime)", |c| {
        Ok(DateTimeOffset::from_datetime(c.date(0)?).into())
    });
    t.constructor("(DateTime dateTime, TimeSpan offset)", |c| {
        Ok(DateTimeOffset::new(c.date(0)?, c.span(1)?)?.into())
    });
    t.constructor("(long ticks, TimeSpan offset)", |c| {
        check_offset(c.span(1)?)?;
        let clock = DateTime::from_ticks(c.long(0)?, DateTimeKind::Unspecified)?;
        Ok(DateTimeOffset::new(clock, c.span(1)?)?.into())
    });
    t.constructor(
        "(int year, int month, int day, int hour, int minute, int second, TimeSpan offset)",
        |c| build(c, 6),
    );
    t.constructor("(int year, int month, int day, int hour, int minute, int second, int millisecond, TimeSpan offset)", |c| {
        build(c, 7)
    });
    t.static_method("DateTimeOffset FromUnixTimeSeconds(long seconds)", |c| {
        Ok(DateTimeOffset::from_unix_seconds(c.long(0)?)?.into())
    });
    t.static_method(
        "DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)",
        |c| Ok(DateTimeOffset::from_unix_milliseconds(c.long(0)?)?.into()),
    );
    t.implicit("DateTimeOffset (DateTime dateTime)", |c| {
        Ok(DateTimeOffset::from_datetime(c.date(0)?).into())
    });
    parts(&mut t);
    arithmetic(&mut t);
    comparison(&mut t);
    text(&mut t);
}

fn now(c: &Call<'_, '_>) -> DateTimeOffset {
    DateTimeOffset::from_datetime(DateTime::clamped(c.rt.host.now(), DateTimeKind::Utc))
}

/// The offset is looked at before the rest.
fn check_offset(offset: TimeSpan) -> R<()> {
    let sometime = DateTime::clamped(TICKS_PER_DAY * 365, DateTimeKind::Unspecified);
    DateTimeOffset::new(sometime, offset)?;
    Ok(())
}

fn build(c: &Call<'_, '_>, count: usize) -> R<Value> {
    let millisecond = if count > 6 { c.int(6)? } else { 0 };
    check_offset(c.span(count)?)?;
    let clock = DateTime::new(
        (c.int(0)?, c.int(1)?, c.int(2)?),
        (c.int(3)?, c.int(4)?, c.int(5)?, millisecond),
        DateTimeKind::Unspecified,
    )?;
    Ok(DateTimeOffset::new(clock, c.span(count)?)?.into())
}

fn part(c: &Call<'_, '_>, take: impl FnOnce(Parts) -> i32) -> R<Value> {
    Ok(take(c.offset(0)?.clock().parts()).into())
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
    t.property("int DayOfYear", |c| {
        Ok(c.offset(0)?.clock().day_of_year().into())
    });
    t.property("DayOfWeek DayOfWeek", |c| {
        Ok(enum_result(c, c.offset(0)?.clock().day_of_week().into()))
    });
    t.property("long Ticks", |c| Ok(c.offset(0)?.clock().ticks().into()));
    t.property("long UtcTicks", |c| Ok(c.offset(0)?.utc_ticks().into()));
    t.property("TimeSpan Offset", |c| Ok(c.offset(0)?.offset().into()));
    t.property("TimeSpan TimeOfDay", |c| {
        Ok(c.offset(0)?.clock().time_of_day().into())
    });
    t.property("DateTime Date", |c| Ok(c.offset(0)?.clock().date().into()));
    t.property("DateTime DateTime", |c| Ok(c.offset(0)?.clock().into()));
    t.property("DateTime UtcDateTime", |c| {
        Ok(c.offset(0)?.utc_datetime().into())
    });
    t.property("DateTime LocalDateTime", |c| {
        Ok(c.offset(0)?.local_datetime().into())
    });
    t.method("long ToUnixTimeSeconds()", |c| {
        Ok(c.offset(0)?.to_unix_seconds().into())
    });
    t.method("long ToUnixTimeMilliseconds()", |c| {
        Ok(c.offset(0)?.to_unix_milliseconds().into())
    });
    t.method("DateTimeOffset ToUniversalTime()", |c| {
        Ok(c.offset(0)?.to_offset(TimeSpan::ZERO)?.into())
    });
    t.method("DateTimeOffset ToLocalTime()", |c| {
        Ok(c.offset(0)?.to_offset(TimeSpan::ZERO)?.into())
    });
    t.method("DateTimeOffset ToOffset(TimeSpan offset)", |c| {
        Ok(c.offset(0)?.to_offset(c.span(1)?)?.into())
    });
    t.method("long ToFileTime()", |c| {
        Ok(c.offset(0)?.utc_datetime().to_file_time()?.into())
    });
    t.static_method("DateTimeOffset FromFileTime(long fileTime)", |c| {
        let utc = super::datetime::from_file_time(c, DateTimeKind::Utc)?;
        match utc {
            Value::DateTime(date) => Ok(Value::DateTimeOffset(DateTimeOffset {
                ticks: date.ticks,
                offset_minutes: 0,
            })),
            other => Ok(other),
        }
    });
}

fn moved(
    c: &Call<'_, '_>,
    change: impl FnOnce(DateTime) -> crate::clr::Result<DateTime>,
) -> R<Value> {
    Ok(c.offset(0)?.map_clock(change)?.into())
}

fn add(c: &Call<'_, '_>, unit: i64) -> R<Value> {
    let value = c.double(1)?;
    moved(c, |clock| clock.add_units(value, unit))
}

fn add_span(c: &mut Call<'_, '_>) -> R<Value> {
    let span = c.span(1)?;
    moved(c, |clock| clock.add_ticks(span.0))
}

fn subtract_span(c: &mut Call<'_, '_>) -> R<Value> {
    let span = c.span(1)?;
    moved(c, |clock| clock.subtract_span(span))
}

fn arithmetic(t: &mut TypeBuilder<'_>) {
    t.method("DateTimeOffset Add(TimeSpan timeSpan)", add_span);
    t.method("DateTimeOffset AddDays(double days)", |c| {
        add(c, TICKS_PER_DAY)
    });
    t.method("DateTimeOffset AddHours(double hours)", |c| {
        add(c, TICKS_PER_HOUR)
    });
    t.method("DateTimeOffset AddMinutes(double minutes)", |c| {
        add(c, TICKS_PER_MINUTE)
    });
    t.method("DateTimeOffset AddSeconds(double seconds)", |c| {
        add(c, TICKS_PER_SECOND)
    });
    t.method("DateTimeOffset AddMilliseconds(double milliseconds)", |c| {
        add(c, TICKS_PER_MILLISECOND)
    });
    t.method("DateTimeOffset AddTicks(long ticks)", |c| {
        let ticks = c.long(1)?;
        moved(c, |clock| clock.add_ticks(ticks))
    });
    t.method("DateTimeOffset AddMonths(int months)", |c| {
        let months = c.int(1)?;
        moved(c, |clock| clock.add_months(months))
    });
    t.method("DateTimeOffset AddYears(int years)", |c| {
        let years = c.int(1)?;
        moved(c, |clock| clock.add_years(years))
    });
    t.method("TimeSpan Subtract(DateTimeOffset value)", |c| {
        Ok(c.offset(0)?.since(c.offset(1)?).into())
    });
    t.method("DateTimeOffset Subtract(TimeSpan value)", subtract_span);
    t.operator(
        "DateTimeOffset operator +(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)",
        add_span,
    );
    t.operator(
        "DateTimeOffset operator -(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)",
        subtract_span,
    );
    t.operator(
        "TimeSpan operator -(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok(c.offset(0)?.since(c.offset(1)?).into()),
    );
}

fn comparison(t: &mut TypeBuilder<'_>) {
    t.operator(
        "bool operator ==(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? == c.offset(1)?).into()),
    );
    t.operator(
        "bool operator !=(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? != c.offset(1)?).into()),
    );
    t.operator(
        "bool operator <(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? < c.offset(1)?).into()),
    );
    t.operator(
        "bool operator <=(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? <= c.offset(1)?).into()),
    );
    t.operator(
        "bool operator >(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? > c.offset(1)?).into()),
    );
    t.operator(
        "bool operator >=(DateTimeOffset left, DateTimeOffset right)",
        |c| Ok((c.offset(0)? >= c.offset(1)?).into()),
    );
    t.static_method(
        "int Compare(DateTimeOffset first, DateTimeOffset second)",
        |c| compare_to(c),
    );
    t.static_method(
        "bool Equals(DateTimeOffset first, DateTimeOffset second)",
        |c| equals(c),
    );
    t.method("int CompareTo(DateTimeOffset other)", |c| compare_to(c));
    t.method("bool Equals(DateTimeOffset other)", |c| equals(c));
    t.method("bool EqualsExact(DateTimeOffset other)", |c| {
        Ok(c.offset(0)?.equals_exact(c.offset(1)?).into())
    });
}

fn text(t: &mut TypeBuilder<'_>) {
    t.method("string ToString(string format)", to_text_with_format);
    t.method(
        "string ToString(string format, IFormatProvider formatProvider)",
        to_text_with_format,
    );
    t.method("string ToString(IFormatProvider formatProvider)", to_text);
    t.static_method("DateTimeOffset Parse(string input)", |c| {
        parse(c, DateTimeStyles::NONE)
    });
    t.static_method(
        "DateTimeOffset Parse(string input, IFormatProvider formatProvider)",
        |c| parse(c, DateTimeStyles::NONE),
    );
    t.static_method(
        "DateTimeOffset Parse(string input, IFormatProvider formatProvider, DateTimeStyles styles)",
        |c| parse(c, super::styles(c, 2)?),
    );
    t.static_method(
        "DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider)",
        |c| Ok(exact(c, DateTimeStyles::NONE)?.into()),
    );
    t.static_method(
        "DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles)",
        |c| Ok(exact(c, super::styles(c, 3)?)?.into()),
    );
    t.static_method(
        "DateTimeOffset ParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles)",
        |c| Ok(exact(c, super::styles(c, 3)?)?.into()),
    );
    t.static_method(
        "bool TryParse(string input, out DateTimeOffset result)",
        |c| try_parse(c, DateTimeStyles::NONE, 1),
    );
    t.static_method(
        "bool TryParse(string input, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)",
        |c| {
            let styles = super::styles(c, 2)?;
            try_parse(c, styles, 3)
        },
    );
    t.static_method(
        "bool TryParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)",
        try_exact,
    );
    t.static_method(
        "bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)",
        try_exact,
    );
}

fn parse(c: &Call<'_, '_>, styles: DateTimeStyles) -> R<Value> {
    Ok(parse_datetimeoffset(&c.str(0)?.to_utf8(), styles, c.rt.host.now())?.into())
}

fn try_parse(c: &mut Call<'_, '_>, styles: DateTimeStyles, out: usize) -> R<Value> {
    let now = c.rt.host.now();
    let parsed = c
        .opt_str(0)?
        .and_then(|text| parse_datetimeoffset(&text.to_utf8(), styles, now).ok());
    c.set(out, parsed.unwrap_or_default());
    Ok(parsed.is_some().into())
}

fn exact(c: &Call<'_, '_>, styles: DateTimeStyles) -> R<DateTimeOffset> {
    let formats = super::formats(c, 1)?;
    let formats: Vec<_> = formats.iter().map(|f| f.to_utf8()).collect();
    let formats: Vec<&str> = formats.iter().map(|f| &**f).collect();
    Ok(parse_datetimeoffset_exact(
        &c.str(0)?.to_utf8(),
        &formats,
        styles,
        c.rt.host.now(),
    )?)
}

fn try_exact(c: &mut Call<'_, '_>) -> R<Value> {
    super::try_exact(c, exact)
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};

    #[test]
    fn unix_times_and_offsets() {
        let time = value(
            "System.DateTimeOffset",
            "DateTimeOffset FromUnixTimeSeconds(long seconds)",
            &mut [1_704_164_645i64.into()],
        )
        .unwrap();
        assert_eq!(
            text(
                "System.DateTimeOffset",
                "string ToString(string format)",
                &[time.clone(), "R".into()]
            ),
            "Tue, 02 Jan 2024 03:04:05 GMT"
        );
        assert_eq!(
            text(
                "System.DateTimeOffset",
                "DateTimeOffset AddMinutes(double minutes)",
                &[time.clone(), 5.0.into()]
            ),
            "01/02/2024 03:09:05 +00:00"
        );
        assert_eq!(
            text(
                "System.DateTimeOffset",
                "long ToUnixTimeMilliseconds()",
                &[time]
            ),
            "1704164645000"
        );
        let parsed = value(
            "System.DateTimeOffset",
            "DateTimeOffset Parse(string input)",
            &mut ["2024-01-02T03:04:05+02:00".into()],
        )
        .unwrap();
        assert_eq!(
            text(
                "System.DateTimeOffset",
                "TimeSpan Offset",
                std::slice::from_ref(&parsed)
            ),
            "02:00:00"
        );
        assert_eq!(
            text("System.DateTimeOffset", "DateTime UtcDateTime", &[parsed]),
            "01/02/2024 01:04:05"
        );
    }
}
