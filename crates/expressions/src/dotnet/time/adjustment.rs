//! `System.TimeZoneInfo.AdjustmentRule` and `System.TimeZoneInfo.TransitionTime`. C# names a nested type behind its owner,
//! signatures here by its simple name.

use std::rc::Rc;

use crate::clr::adjustment::{AdjustmentRule, TransitionDay, TransitionTime};
use crate::clr::datetime::{DateTime, DateTimeKind};
use crate::dotnet::numbers::enum_result;
use crate::runtime::{Call, R};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Value};

const RULE: &str = "System.TimeZoneInfo.AdjustmentRule";
const TRANSITION: &str = "System.TimeZoneInfo.TransitionTime";

fn named(name: &str) -> Type {
    Registry::get()
        .by_full_name(name)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

pub(super) struct Rule(pub AdjustmentRule);

impl Object for Rule {
    fn type_of(&self) -> Type {
        named(RULE)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.start.ticks().cast_unsigned())
    }
}

struct Transition(TransitionTime);

impl Object for Transition {
    fn type_of(&self) -> Type {
        named(TRANSITION)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(u64::from(self.0.month.unsigned_abs()))
    }
}

/// The type of one rule, for arrays of them.
pub(super) fn rule_type() -> Type {
    named(RULE)
}

fn rule(c: &Call<'_, '_>) -> R<Rc<Rule>> {
    c.object::<Rule>(0)
}

fn transition(c: &Call<'_, '_>, index: usize) -> R<Rc<Transition>> {
    c.object::<Transition>(index)
}

fn clock(ticks: i64) -> Value {
    Value::DateTime(DateTime::clamped(ticks, DateTimeKind::Unspecified))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(RULE);
    t.static_method(
        "AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TransitionTime daylightTransitionStart, TransitionTime daylightTransitionEnd)",
        |c| {
            let (begins, ends) = (transition(c, 3)?.0, transition(c, 4)?.0);
            Ok(Value::object(Rule(AdjustmentRule::new(c.date(0)?, c.date(1)?, c.span(2)?, begins, ends)?)))
        },
    );
    t.property("DateTime DateStart", |c| Ok(rule(c)?.0.start.into()));
    t.property("DateTime DateEnd", |c| Ok(rule(c)?.0.end.into()));
    t.property("TimeSpan DaylightDelta", |c| Ok(rule(c)?.0.delta.into()));
    t.property("TransitionTime DaylightTransitionStart", |c| {
        Ok(Value::object(Transition(rule(c)?.0.begins)))
    });
    t.property("TransitionTime DaylightTransitionEnd", |c| {
        Ok(Value::object(Transition(rule(c)?.0.ends)))
    });
    t.method("bool Equals(AdjustmentRule other)", |c| {
        Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into())
    });

    let mut t = types.structure(TRANSITION);
    t.static_method(
        "TransitionTime CreateFixedDateRule(DateTime timeOfDay, int month, int day)",
        |c| {
            Ok(Value::object(Transition(TransitionTime::fixed(
                c.date(0)?,
                c.int(1)?,
                c.int(2)?,
            )?)))
        },
    );
    t.static_method(
        "TransitionTime CreateFloatingDateRule(DateTime timeOfDay, int month, int week, DayOfWeek dayOfWeek)",
        |c| {
            let weekday = i32::try_from(c.enumeration(3)?).unwrap_or(-1);
            Ok(Value::object(Transition(TransitionTime::floating(c.date(0)?, c.int(1)?, c.int(2)?, weekday)?)))
        },
    );
    t.property("DateTime TimeOfDay", |c| {
        Ok(clock(transition(c, 0)?.0.time_of_day))
    });
    t.property("int Month", |c| Ok(transition(c, 0)?.0.month.into()));
    t.property("int Day", |c| match transition(c, 0)?.0.day {
        TransitionDay::Fixed(day) => Ok(day.into()),
        TransitionDay::Floating { .. } => Ok(1.into()),
    });
    t.property("int Week", |c| match transition(c, 0)?.0.day {
        TransitionDay::Fixed(_) => Ok(1.into()),
        TransitionDay::Floating { week, .. } => Ok(week.into()),
    });
    t.property("DayOfWeek DayOfWeek", |c| {
        let weekday = match transition(c, 0)?.0.day {
            TransitionDay::Fixed(_) => 0,
            TransitionDay::Floating { weekday, .. } => weekday,
        };
        Ok(enum_result(c, weekday.into()))
    });
    t.property("bool IsFixedDateRule", |c| {
        Ok(matches!(transition(c, 0)?.0.day, TransitionDay::Fixed(_)).into())
    });
    t.operator(
        "bool operator ==(TransitionTime t1, TransitionTime t2)",
        |c| Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into()),
    );
    t.operator(
        "bool operator !=(TransitionTime t1, TransitionTime t2)",
        |c| Ok((!crate::runtime::equals(&c.value(0), &c.value(1))).into()),
    );
}
