//! `Regex`

use std::rc::Rc;

use super::match_types::{Captured, Kind};
use super::{Subject, collections, defs, named, search};
use crate::clr::calendar::TICKS_PER_MILLISECOND;
use crate::clr::timespan::TimeSpan;
use crate::dotnet::collections::array;
use crate::regex::{Options, Regex, Replacement, Steps, escape, unescape};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

/// `new Regex(…)`
struct RegexObject {
    regex: Regex,
    options: i64,
    /// `MatchTimeout`; what ends a match here is its steps.
    timeout: TimeSpan,
}

impl Object for RegexObject {
    fn type_of(&self) -> Type {
        named(defs().regex)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.regex.pattern().clone()))
    }
}

/// Where the pattern of a call comes from.
#[derive(Clone, Copy)]
enum Source {
    /// The receiver.
    Instance,
    /// Arguments: input at 0, pattern at 1, options where the signature has them.
    Static { options: Option<usize> },
}

fn compile(c: &mut Call<'_, '_>, pattern: usize, options: Option<usize>) -> R<(Regex, i64)> {
    let pattern = c.str(pattern)?;
    let bits = options.map_or(Ok(0), |at| c.enumeration(at))?;
    let Some(options) = Options::from_bits(bits) else {
        return Err(Fault::outside("options"));
    };
    timeout(c)?;
    c.rt.spend(1 + pattern.len() as u64 / 4)?;
    // A compiled pattern takes about so much; long ones are not remembered, so each use pays.
    c.rt.allocate(pattern.len().saturating_mul(256))?;
    Ok((Regex::cached(&pattern, options)?, bits))
}

/// A `matchTimeout`, always the last argument, is positive and below 24 days, or the -1 ms that stand for none.
fn timeout(c: &Call<'_, '_>) -> R<TimeSpan> {
    const NONE: i64 = -TICKS_PER_MILLISECOND;
    const MOST: i64 = (i32::MAX as i64 - 1) * TICKS_PER_MILLISECOND;
    if c.member
        .parameters
        .last()
        .is_none_or(|p| &*p.name != "matchTimeout")
    {
        return Ok(TimeSpan(NONE));
    }
    match c.span(c.len() - 1)? {
        span @ TimeSpan(NONE | 1..=MOST) => Ok(span),
        _ => Err(Fault::outside("matchTimeout")),
    }
}

/// The expression and the text of a call, and the index of the first argument after them.
fn subject(c: &mut Call<'_, '_>, source: Source) -> R<(Rc<Subject>, usize)> {
    let (regex, text, next) = match source {
        Source::Instance => (c.object::<RegexObject>(0)?.regex.clone(), c.str(1)?, 2),
        Source::Static { options } => {
            // A bad pattern is found first.
            let regex = compile(c, 1, options)?.0;
            (regex, c.str(0)?, 2)
        }
    };
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(2))?;
    let units: Box<[u16]> = text.units().into();
    let subject = Subject {
        window: 0..units.len(),
        regex,
        text,
        units,
    };
    Ok((Rc::new(subject), next))
}

/// Where a search begins: argument `index` where there is one.
fn start(c: &Call<'_, '_>, subject: &Subject, index: Option<usize>) -> R<usize> {
    let length = subject.units.len();
    let Some(index) = index else {
        return Ok(subject.regex.start(length));
    };
    usize::try_from(c.int(index)?)
        .ok()
        .filter(|at| *at <= length)
        .ok_or_else(|| {
            Fault::out_of_range(
                "startat",
                "Start index cannot be less than 0 or greater than input length.",
            )
        })
}

fn is_match(c: &mut Call<'_, '_>, source: Source, startat: Option<usize>) -> R<Value> {
    let (subject, _) = subject(c, source)?;
    let from = start(c, &subject, startat)?;
    let found = search(c.rt, &subject, from)?;
    Ok(found.is_some().into())
}

fn find(c: &mut Call<'_, '_>, source: Source, startat: Option<usize>) -> R<Value> {
    let (subject, _) = subject(c, source)?;
    let from = start(c, &subject, startat)?;
    Ok(match search(c.rt, &subject, from)? {
        Some(found) => Captured::matched(&subject, found),
        None => Captured::failed(Kind::Match),
    })
}

/// `Match(input, beginning, length)`: as if the text were that part of it.
fn find_within(c: &mut Call<'_, '_>) -> R<Value> {
    let (subject, _) = subject(c, Source::Instance)?;
    let total = subject.units.len();
    let start = start(c, &subject, Some(2))?;
    let length = usize::try_from(c.int(3)?)
        .ok()
        .filter(|length| *length <= total)
        .ok_or_else(|| {
            Fault::out_of_range(
                "length",
                "Length cannot be less than 0 or exceed input length.",
            )
        })?;
    let end = start + length;
    if end > total {
        return Err(Fault::index_out_of_range());
    }
    let part = Rc::new(Subject {
        regex: subject.regex.clone(),
        text: subject.text.clone(),
        units: subject.units.clone(),
        window: start..end,
    });
    let from = start + subject.regex.start(length);
    Ok(match search(c.rt, &part, from)? {
        Some(found) => Captured::matched(&part, found),
        None => Captured::failed(Kind::Match),
    })
}

/// Calls `f` with each match from `from` on until it returns false.
fn each(
    rt: &mut Runtime<'_>,
    subject: &Rc<Subject>,
    from: usize,
    mut f: impl FnMut(&mut Runtime<'_>, crate::regex::Found) -> R<bool>,
) -> R<()> {
    let mut next = search(rt, subject, from)?;
    while let Some(found) = next {
        rt.tick()?;
        let last = found.clone();
        if !f(rt, found)? {
            return Ok(());
        }
        next = super::search_after(rt, subject, &last)?;
    }
    Ok(())
}

fn matches(c: &mut Call<'_, '_>, source: Source, startat: Option<usize>) -> R<Value> {
    let (subject, _) = subject(c, source)?;
    let from = start(c, &subject, startat)?;
    let mut items = Vec::new();
    each(c.rt, &subject, from, |rt, found| {
        rt.allocate(128 + found.groups.len() * 48)?;
        items.push(Captured::matched(&subject, found));
        Ok(true)
    })?;
    Ok(collections::Collection::value(defs().matches, items, None))
}

/// `Replace`, the replacement being a pattern or a delegate at `with`.
fn replace(
    c: &mut Call<'_, '_>,
    source: Source,
    with: usize,
    count: Option<usize>,
    startat: Option<usize>,
) -> R<Value> {
    let (subject, _) = subject(c, source)?;
    c.required(with)?;
    let from = start(c, &subject, startat)?;
    let limit = match count.map_or(Ok(-1), |at| c.int(at))? {
        -1 => usize::MAX,
        count => usize::try_from(count)
            .map_err(|_| Fault::out_of_range("count", "Count cannot be less than -1."))?,
    };
    let with = c.required(with)?;
    let pattern = match &with {
        Value::Str(text) => Some(Replacement::new(&subject.regex, text)),
        _ => None,
    };
    if limit == 0 {
        return Ok(subject.text.clone().into());
    }
    let backward = subject.regex.options().right_to_left;
    // Each match's place and what stands there instead.
    let mut pieces: Vec<((usize, usize), Vec<u16>)> = Vec::new();
    each(c.rt, &subject, from, |rt, found| {
        let span = found.span();
        let mut piece = Vec::new();
        match &pattern {
            Some(pattern) => pattern.append(&subject.units, &found, &mut piece),
            None => {
                let matched = Captured::matched(&subject, found);
                if let Value::Str(text) = rt.invoke(&with, &[matched])? {
                    piece.extend_from_slice(&text.units());
                }
            }
        }
        rt.allocate(64 + piece.len() * 2)?;
        pieces.push((span, piece));
        Ok(pieces.len() < limit)
    })?;
    if pieces.is_empty() {
        return Ok(subject.text.clone().into());
    }
    if backward {
        pieces.reverse();
    }
    let mut out = Vec::with_capacity(subject.units.len());
    let mut edge = 0;
    for ((from, to), piece) in pieces {
        out.extend_from_slice(subject.units.get(edge..from).unwrap_or_default());
        out.extend_from_slice(&piece);
        edge = to;
    }
    out.extend_from_slice(subject.units.get(edge..).unwrap_or_default());
    c.rt.allocate(out.len() * 2)?;
    Ok(Str::from_units(&out).into())
}

fn split(
    c: &mut Call<'_, '_>,
    source: Source,
    count: Option<usize>,
    startat: Option<usize>,
) -> R<Value> {
    let (subject, _) = subject(c, source)?;
    let from = start(c, &subject, startat)?;
    let count = usize::try_from(count.map_or(Ok(0), |at| c.int(at))?)
        .map_err(|_| Fault::out_of_range("count", "Count cannot be less than -1."))?;
    let mut steps = Steps::new(c.rt.limits.regex_steps);
    let rt = &mut *c.rt;
    let pieces =
        subject
            .regex
            .split::<Fault>(&subject.units, count, from, &mut steps, &mut |n| {
                rt.spend(n)?;
                rt.allocate(64)
            })?;
    c.rt.allocate(subject.units.len() * 2)?;
    Ok(array(
        Type::STRING,
        pieces.into_iter().map(Value::Str).collect(),
    ))
}

/// The static forms: without options, with options, with options and a timeout.
const PLAIN: Source = Source::Static { options: None };

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Text.RegularExpressions.Regex");
    t.weighs(256);
    t.static_property("TimeSpan InfiniteMatchTimeout", |_| {
        Ok(crate::clr::timespan::TimeSpan(-crate::clr::calendar::TICKS_PER_MILLISECOND).into())
    })
    .beyond_documentation();
    t.constructor("(string pattern)", |c| construct(c, None));
    t.constructor("(string pattern, RegexOptions options)", |c| {
        construct(c, Some(1))
    });
    t.constructor(
        "(string pattern, RegexOptions options, TimeSpan matchTimeout)",
        |c| construct(c, Some(1)),
    );

    const INSTANCE: Source = Source::Instance;
    t.method("bool IsMatch(string input)", |c| {
        is_match(c, INSTANCE, None)
    });
    t.method("bool IsMatch(string input, int startat)", |c| {
        is_match(c, INSTANCE, Some(2))
    });
    t.method("Match Match(string input)", |c| find(c, INSTANCE, None));
    t.method("Match Match(string input, int startat)", |c| {
        find(c, INSTANCE, Some(2))
    });
    t.method(
        "Match Match(string input, int beginning, int length)",
        find_within,
    );
    t.property("TimeSpan MatchTimeout", |c| {
        Ok(c.object::<RegexObject>(0)?.timeout.into())
    });
    t.method("MatchCollection Matches(string input)", |c| {
        matches(c, INSTANCE, None)
    });
    t.method("MatchCollection Matches(string input, int startat)", |c| {
        matches(c, INSTANCE, Some(2))
    });
    t.method("string Replace(string input, string replacement)", |c| {
        replace(c, INSTANCE, 2, None, None)
    });
    t.method(
        "string Replace(string input, string replacement, int count)",
        |c| replace(c, INSTANCE, 2, Some(3), None),
    );
    t.method(
        "string Replace(string input, string replacement, int count, int startat)",
        |c| replace(c, INSTANCE, 2, Some(3), Some(4)),
    );
    t.method(
        "string Replace(string input, MatchEvaluator evaluator)",
        |c| replace(c, INSTANCE, 2, None, None),
    );
    t.method(
        "string Replace(string input, MatchEvaluator evaluator, int count)",
        |c| replace(c, INSTANCE, 2, Some(3), None),
    );
    t.method(
        "string Replace(string input, MatchEvaluator evaluator, int count, int startat)",
        |c| replace(c, INSTANCE, 2, Some(3), Some(4)),
    );
    t.method("string[] Split(string input)", |c| {
        split(c, INSTANCE, None, None)
    });
    t.method("string[] Split(string input, int count)", |c| {
        split(c, INSTANCE, Some(2), None)
    });
    t.method(
        "string[] Split(string input, int count, int startat)",
        |c| split(c, INSTANCE, Some(2), Some(3)),
    );
    define_properties(&mut t);

    t.static_method("bool IsMatch(string input, string pattern)", |c| {
        is_match(c, PLAIN, None)
    });
    t.static_method("Match Match(string input, string pattern)", |c| {
        find(c, PLAIN, None)
    });
    t.static_method(
        "MatchCollection Matches(string input, string pattern)",
        |c| matches(c, PLAIN, None),
    );
    t.static_method(
        "string Replace(string input, string pattern, string replacement)",
        |c| replace(c, PLAIN, 2, None, None),
    );
    t.static_method(
        "string Replace(string input, string pattern, MatchEvaluator evaluator)",
        |c| replace(c, PLAIN, 2, None, None),
    );
    t.static_method("string[] Split(string input, string pattern)", |c| {
        split(c, PLAIN, None, None)
    });
    define_with_options(&mut t);
    t.static_method("string Escape(string str)", |c| {
        let text = c.str(0)?;
        c.rt.allocate(text.len().saturating_mul(4))?;
        Ok(escape(&text).into())
    })
    .beyond_documentation();
    t.static_method("string Unescape(string str)", |c| {
        let text = c.str(0)?;
        c.rt.allocate(text.len().saturating_mul(2))?;
        Ok(unescape(&text)?.into())
    });
}

fn construct(c: &mut Call<'_, '_>, options: Option<usize>) -> R<Value> {
    let (regex, options) = compile(c, 0, options)?;
    Ok(Value::object(RegexObject {
        regex,
        options,
        timeout: timeout(c)?,
    }))
}

fn define_with_options(t: &mut crate::types::TypeBuilder<'_>) {
    const AT_2: Source = Source::Static { options: Some(2) };
    const AT_3: Source = Source::Static { options: Some(3) };
    for signature in [
        "bool IsMatch(string input, string pattern, RegexOptions options)",
        "bool IsMatch(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
    ] {
        t.static_method(signature, |c| is_match(c, AT_2, None));
    }
    for signature in [
        "Match Match(string input, string pattern, RegexOptions options)",
        "Match Match(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
    ] {
        t.static_method(signature, |c| find(c, AT_2, None));
    }
    for signature in [
        "MatchCollection Matches(string input, string pattern, RegexOptions options)",
        "MatchCollection Matches(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
    ] {
        t.static_method(signature, |c| matches(c, AT_2, None));
    }
    for signature in [
        "string Replace(string input, string pattern, string replacement, RegexOptions options)",
        "string Replace(string input, string pattern, string replacement, RegexOptions options, TimeSpan matchTimeout)",
        "string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options)",
        "string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options, \
         TimeSpan matchTimeout)",
    ] {
        t.static_method(signature, |c| replace(c, AT_3, 2, None, None));
    }
    for signature in [
        "string[] Split(string input, string pattern, RegexOptions options)",
        "string[] Split(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
    ] {
        t.static_method(signature, |c| split(c, AT_2, None, None));
    }
}

fn define_properties(t: &mut crate::types::TypeBuilder<'_>) {
    t.property("RegexOptions Options", |c| {
        Ok(Value::Enum(
            defs().options,
            c.object::<RegexObject>(0)?.options,
        ))
    })
    .beyond_documentation();
    t.property("bool RightToLeft", |c| {
        Ok(c.object::<RegexObject>(0)?
            .regex
            .options()
            .right_to_left
            .into())
    })
    .beyond_documentation();
    t.method("string[] GetGroupNames()", |c| {
        let regex = c.object::<RegexObject>(0)?.regex.clone();
        Ok(array(
            Type::STRING,
            regex
                .groups()
                .map(|(_, name)| Str::from(name).into())
                .collect(),
        ))
    })
    .beyond_documentation();
    t.method("int[] GetGroupNumbers()", |c| {
        let regex = c.object::<RegexObject>(0)?.regex.clone();
        let numbers = regex
            .groups()
            .map(|(number, _)| i32::try_from(number).unwrap_or(i32::MAX).into());
        Ok(array(Type::INT32, numbers.collect()))
    })
    .beyond_documentation();
    t.method("string GroupNameFromNumber(int i)", |c| {
        let (regex, number) = (c.object::<RegexObject>(0)?.regex.clone(), c.int(1)?);
        let name = regex
            .slot_of_number(number.into())
            .and_then(|slot| regex.groups().nth(slot));
        Ok(name.map_or(Str::EMPTY, |(_, name)| Str::from(name)).into())
    })
    .beyond_documentation();
    t.method("int GroupNumberFromName(string name)", |c| {
        let (regex, name) = (c.object::<RegexObject>(0)?.regex.clone(), c.str(1)?);
        let number = regex
            .slot_of_name(&name.to_utf8())
            .and_then(|slot| regex.groups().nth(slot));
        Ok(number
            .map_or(-1, |(number, _)| i32::try_from(number).unwrap_or(-1))
            .into())
    })
    .beyond_documentation();
}
