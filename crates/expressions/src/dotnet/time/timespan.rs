//! `System.TimeSpan`.

use crate::clr::calendar::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, TICKS_PER_SECOND,
};
use crate::clr::timespan::TimeSpan;
use crate::clr::timespan_parse;
use crate::dotnet::numbers::{compare_to, compare_to_object, equals, to_text_with_format};
use crate::runtime::{Call, Fault, R};
use crate::types::{TypeBuilder, Types};
use crate::value::{Const, Str, Value};

/// The texts of a `string[]` argument.
fn texts(c: &mut Call<'_, '_>, index: usize) -> R<Vec<Str>> {
    let texts = c.required(index)?;
    let texts = c.rt.collect(&texts)?;
    Ok(texts
        .iter()
        .filter_map(|text| text.as_string().cloned())
        .collect())
}

/// What the text means in the first format that fits; an empty format ends the search.
fn parse_any(text: &Str, formats: &[Str]) -> Option<TimeSpan> {
    let parsed = |format: &Str| timespan_parse::parse_exact(&text.to_utf8(), &format.to_utf8());
    let mut formats = formats.iter().take_while(|format| !format.is_empty());
    formats.find_map(|format| parsed(format).ok())
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.TimeSpan");
    t.base("IComparable").base("IFormattable");
    t.constant("TimeSpan Zero", Const::TimeSpan(TimeSpan::ZERO));
    t.constant("TimeSpan MaxValue", Const::TimeSpan(TimeSpan::MAX));
    t.constant("TimeSpan MinValue", Const::TimeSpan(TimeSpan::MIN));
    t.constant("long TicksPerDay", Const::Int64(TICKS_PER_DAY));
    t.constant("long TicksPerHour", Const::Int64(TICKS_PER_HOUR));
    t.constant("long TicksPerMinute", Const::Int64(TICKS_PER_MINUTE));
    t.constant("long TicksPerSecond", Const::Int64(TICKS_PER_SECOND));
    t.constant(
        "long TicksPerMillisecond",
        Const::Int64(TICKS_PER_MILLISECOND),
    );
    t.constructor("(long ticks)", |c| Ok(TimeSpan(c.long(0)?).into()));
    t.constructor("(int hours, int minutes, int seconds)", |c| {
        Ok(TimeSpan::new(0, c.int(0)?, c.int(1)?, c.int(2)?, 0)?.into())
    });
    t.constructor("(int days, int hours, int minutes, int seconds)", |c| {
        Ok(TimeSpan::new(c.int(0)?, c.int(1)?, c.int(2)?, c.int(3)?, 0)?.into())
    });
    t.constructor(
        "(int days, int hours, int minutes, int seconds, int milliseconds)",
        |c| Ok(TimeSpan::new(c.int(0)?, c.int(1)?, c.int(2)?, c.int(3)?, c.int(4)?)?.into()),
    );
    t.static_method("TimeSpan FromDays(double value)", |c| {
        from(c, TICKS_PER_DAY)
    });
    t.static_method("TimeSpan FromHours(double value)", |c| {
        from(c, TICKS_PER_HOUR)
    });
    t.static_method("TimeSpan FromMinutes(double value)", |c| {
        from(c, TICKS_PER_MINUTE)
    });
    t.static_method("TimeSpan FromSeconds(double value)", |c| {
        from(c, TICKS_PER_SECOND)
    });
    t.static_method("TimeSpan FromMilliseconds(double value)", |c| {
        from(c, TICKS_PER_MILLISECOND)
    });
    t.static_method("TimeSpan FromTicks(long value)", |c| {
        Ok(TimeSpan(c.long(0)?).into())
    });
    t.property("long Ticks", |c| Ok(c.span(0)?.0.into()));
    t.property("int Days", |c| Ok(c.span(0)?.days().into()));
    t.property("int Hours", |c| Ok(c.span(0)?.hours().into()));
    t.property("int Minutes", |c| Ok(c.span(0)?.minutes().into()));
    t.property("int Seconds", |c| Ok(c.span(0)?.seconds().into()));
    t.property("int Milliseconds", |c| Ok(c.span(0)?.milliseconds().into()));
    t.property("double TotalDays", |c| {
        Ok(c.span(0)?.total(TICKS_PER_DAY).into())
    });
    t.property("double TotalHours", |c| {
        Ok(c.span(0)?.total(TICKS_PER_HOUR).into())
    });
    t.property("double TotalMinutes", |c| {
        Ok(c.span(0)?.total(TICKS_PER_MINUTE).into())
    });
    t.property("double TotalSeconds", |c| {
        Ok(c.span(0)?.total(TICKS_PER_SECOND).into())
    });
    t.property("double TotalMilliseconds", |c| {
        Ok(c.span(0)?.total(TICKS_PER_MILLISECOND).into())
    });
    arithmetic(&mut t);
    text(&mut t);
}

fn from(c: &Call<'_, '_>, unit: i64) -> R<Value> {
    Ok(TimeSpan::from_units(c.double(0)?, unit)?.into())
}

fn arithmetic(t: &mut TypeBuilder<'_>) {
    t.method("TimeSpan Add(TimeSpan ts)", |c| {
        Ok(c.span(0)?.plus(c.span(1)?)?.into())
    });
    t.method("TimeSpan Subtract(TimeSpan ts)", |c| {
        Ok(c.span(0)?.minus(c.span(1)?)?.into())
    });
    t.method("TimeSpan Negate()", |c| Ok(c.span(0)?.negated()?.into()));
    t.method("TimeSpan Duration()", |c| Ok(c.span(0)?.duration()?.into()));
    t.method("TimeSpan Multiply(double factor)", |c| {
        Ok(c.span(0)?.multiply(c.double(1)?)?.into())
    });
    t.method("TimeSpan Divide(double divisor)", |c| {
        Ok(c.span(0)?.divide(c.double(1)?)?.into())
    });
    t.method("double Divide(TimeSpan ts)", |c| {
        Ok((c.span(0)?.0 as f64 / c.span(1)?.0 as f64).into())
    });
    t.operator("TimeSpan operator +(TimeSpan t1, TimeSpan t2)", |c| {
        Ok(c.span(0)?.plus(c.span(1)?)?.into())
    });
    t.operator("TimeSpan operator -(TimeSpan t1, TimeSpan t2)", |c| {
        Ok(c.span(0)?.minus(c.span(1)?)?.into())
    });
    t.operator("TimeSpan operator -(TimeSpan t)", |c| {
        Ok(c.span(0)?.negated()?.into())
    });
    t.operator("TimeSpan operator +(TimeSpan t)", |c| Ok(c.span(0)?.into()));
    t.operator(
        "TimeSpan operator *(TimeSpan timeSpan, double factor)",
        |c| Ok(c.span(0)?.multiply(c.double(1)?)?.into()),
    );
    t.operator(
        "TimeSpan operator *(double factor, TimeSpan timeSpan)",
        |c| Ok(c.span(1)?.multiply(c.double(0)?)?.into()),
    );
    t.operator(
        "TimeSpan operator /(TimeSpan timeSpan, double divisor)",
        |c| Ok(c.span(0)?.divide(c.double(1)?)?.into()),
    );
    t.operator("double operator /(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)?.0 as f64 / c.span(1)?.0 as f64).into())
    });
    t.operator("bool operator ==(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? == c.span(1)?).into())
    });
    t.operator("bool operator !=(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? != c.span(1)?).into())
    });
    t.operator("bool operator <(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? < c.span(1)?).into())
    });
    t.operator("bool operator <=(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? <= c.span(1)?).into())
    });
    t.operator("bool operator >(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? > c.span(1)?).into())
    });
    t.operator("bool operator >=(TimeSpan t1, TimeSpan t2)", |c| {
        Ok((c.span(0)? >= c.span(1)?).into())
    });
    t.static_method("int Compare(TimeSpan t1, TimeSpan t2)", |c| compare_to(c));
    t.static_method("bool Equals(TimeSpan t1, TimeSpan t2)", |c| equals(c));
    t.method("int CompareTo(TimeSpan value)", |c| compare_to(c));
    t.method("int CompareTo(object value)", |c| {
        compare_to_object(c, "TimeSpan")
    });
    t.method("bool Equals(TimeSpan obj)", |c| equals(c));
}

fn text(t: &mut TypeBuilder<'_>) {
    t.method("string ToString(string format)", to_text_with_format);
    t.method(
        "string ToString(string format, IFormatProvider formatProvider)",
        to_text_with_format,
    );
    t.static_method("TimeSpan Parse(string s)", |c| {
        Ok(timespan_parse::parse(&c.str(0)?.to_utf8())?.into())
    });
    t.static_method(
        "TimeSpan Parse(string input, IFormatProvider formatProvider)",
        |c| Ok(timespan_parse::parse(&c.str(0)?.to_utf8())?.into()),
    );
    t.static_method(
        "TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider)",
        |c| Ok(timespan_parse::parse_exact(&c.str(0)?.to_utf8(), &c.str(1)?.to_utf8())?.into()),
    );
    t.static_method(
        "TimeSpan ParseExact(string input, string[] formats, IFormatProvider formatProvider)",
        |c| {
            let (text, formats) = (c.str(0)?, texts(c, 1)?);
            match parse_any(&text, &formats) {
                Some(parsed) => Ok(parsed.into()),
                None => Err(Fault::format(
                    "String was not recognized as a valid TimeSpan.",
                )),
            }
        },
    );
    t.static_method(
        "bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, out TimeSpan result)",
        |c| {
            let formats = texts(c, 1).unwrap_or_default();
            let text = c.opt_str(0)?;
            let parsed = text.and_then(|text| parse_any(&text, &formats));
            c.set(3, parsed.unwrap_or_default());
            Ok(parsed.is_some().into())
        },
    );
    t.static_method("bool TryParse(string s, out TimeSpan result)", |c| {
        try_parse(c, 1)
    });
    t.static_method(
        "bool TryParse(string input, IFormatProvider formatProvider, out TimeSpan result)",
        |c| try_parse(c, 2),
    );
    t.static_method(
        "bool TryParseExact(string input, string format, IFormatProvider formatProvider, out TimeSpan result)",
        |c| {
            let parsed = match (c.opt_str(0)?, c.opt_str(1)?) {
                (Some(text), Some(format)) => timespan_parse::parse_exact(&text.to_utf8(), &format.to_utf8()).ok(),
                _ => None,
            };
            c.set(3, parsed.unwrap_or_default());
            Ok(parsed.is_some().into())
        },
    );
}

fn try_parse(c: &mut Call<'_, '_>, out: usize) -> R<Value> {
    let parsed = c
        .opt_str(0)?
        .and_then(|text| timespan_parse::parse(&text.to_utf8()).ok());
    c.set(out, parsed.unwrap_or_default());
    Ok(parsed.is_some().into())
}

#[cfg(test)]
mod tests {
    use crate::clr::timespan::TimeSpan;
    use crate::dotnet::probe::{text, value};
    use crate::value::Value;

    #[test]
    fn construction_parts_and_text() {
        let span = value(
            "System.TimeSpan",
            "TimeSpan FromSeconds(double value)",
            &mut [3723.0.into()],
        )
        .unwrap();
        assert_eq!(
            text(
                "System.TimeSpan",
                "string ToString(string format)",
                &[span.clone(), r"hh\:mm\:ss".into()]
            ),
            "01:02:03"
        );
        assert_eq!(
            text(
                "System.TimeSpan",
                "string ToString(string format)",
                &[span.clone(), "hh:mm".into()]
            ),
            "throws FormatException"
        );
        assert_eq!(
            text("System.TimeSpan", "double TotalMinutes", &[span]),
            "62.05"
        );
        assert_eq!(
            text("System.TimeSpan", "TimeSpan Parse(string s)", &["5".into()]),
            "5.00:00:00"
        );
        assert_eq!(
            text(
                "System.TimeSpan",
                "TimeSpan Parse(string s)",
                &["abc".into()]
            ),
            "throws FormatException"
        );
        let max = Value::TimeSpan(TimeSpan::MAX);
        assert_eq!(
            text(
                "System.TimeSpan",
                "TimeSpan operator +(TimeSpan t1, TimeSpan t2)",
                &[max.clone(), max]
            ),
            "throws OverflowException"
        );
    }
}
