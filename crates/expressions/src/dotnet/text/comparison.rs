//! `System.StringComparison` and `System.StringComparer`, and what every comparison of texts goes through.

use std::cmp::Ordering;

use crate::clr::case;
use crate::clr::compare::{self, StringComparison};
use crate::dotnet::collections::{Comparer, KeyComparer, no_order};
use crate::forest::work_on_text;
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Str, Value};

pub(super) fn define(types: &mut Types) {
    let values: Vec<(&'static str, i64)> = StringComparison::ALL
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (*name, i as i64))
        .collect();
    types.enumeration("System.StringComparison", &values);
    types
        .interface("System.Collections.Generic.IComparer<in T>")
        .beyond_documentation();
    types
        .interface("System.Collections.Generic.IEqualityComparer<in T>")
        .beyond_documentation();
    let mut t = types.class("System.StringComparer");
    t.base("IComparer<string>");
    t.base("IEqualityComparer<string>");
    t.static_property("StringComparer Ordinal", |_| {
        Ok(comparer(StringComparison::Ordinal))
    });
    t.static_property("StringComparer OrdinalIgnoreCase", |_| {
        Ok(comparer(StringComparison::OrdinalIgnoreCase))
    });
    t.static_property("StringComparer InvariantCulture", |_| {
        Ok(comparer(StringComparison::InvariantCulture))
    });
    t.static_property("StringComparer InvariantCultureIgnoreCase", |_| {
        Ok(comparer(StringComparison::InvariantCultureIgnoreCase))
    });
    t.static_property("StringComparer CurrentCulture", |_| {
        Ok(comparer(StringComparison::CurrentCulture))
    });
    t.static_property("StringComparer CurrentCultureIgnoreCase", |_| {
        Ok(comparer(StringComparison::CurrentCultureIgnoreCase))
    });
    t.static_method(
        "StringComparer FromComparison(StringComparison comparisonType)",
        |c| Ok(comparer(comparison(c, 0)?)),
    );
    t.static_method(
        "StringComparer Create(CultureInfo culture, bool ignoreCase)",
        |c| {
            c.required(0)?;
            Ok(comparer(if c.bool(1)? {
                StringComparison::InvariantCultureIgnoreCase
            } else {
                StringComparison::InvariantCulture
            }))
        },
    );
    t.method("int Compare(string x, string y)", |c| {
        let kind = c.object::<Comparer>(0)?.0;
        let how = match kind {
            KeyComparer::Ordinal => Some(StringComparison::Ordinal),
            KeyComparer::OrdinalIgnoreCase => Some(StringComparison::OrdinalIgnoreCase),
            _ => None,
        };
        // An ordinal comparer gives the same differences as `string.Compare`.
        if let Some(how) = how {
            return Ok(super::string::compare(c.opt_str(1)?, c.opt_str(2)?, how).into());
        }
        Ok(kind
            .compare(&c.value(1), &c.value(2))
            .map_or(0, |order| order as i32)
            .into())
    });
    t.method("int Compare(object x, object y)", |c| {
        let (kind, x, y) = (c.object::<Comparer>(0)?.0, c.value(1), c.value(2));
        if x.same(&y) {
            return Ok(0.into());
        }
        match (x.is_null(), y.is_null()) {
            (true, _) => return Ok((-1).into()),
            (_, true) => return Ok(1.into()),
            _ => {}
        }
        match kind.compare(&x, &y) {
            Some(order) => Ok((order as i32).into()),
            None => Err(no_order()),
        }
    });
    t.method("bool Equals(object x, object y)", |c| {
        let (kind, x, y) = (c.object::<Comparer>(0)?.0, c.value(1), c.value(2));
        Ok(match (&x, &y) {
            (Value::Str(_), Value::Str(_)) => kind.compare(&x, &y).is_some_and(Ordering::is_eq),
            _ => crate::runtime::equals(&x, &y),
        }
        .into())
    });
    t.method("bool Equals(string x, string y)", |c| {
        let kind = c.object::<Comparer>(0)?.0;
        Ok(kind
            .compare(&c.value(1), &c.value(2))
            .is_none_or(Ordering::is_eq)
            .into())
    });
    t.method("int GetHashCode(string obj)", |c| {
        let kind = c.object::<Comparer>(0)?.0;
        let hash = crate::runtime::hash(&kind.key(&c.required(1)?).0);
        Ok(((hash ^ (hash >> 32)) as u32).cast_signed().into())
    });
}

fn comparer(comparison: StringComparison) -> Value {
    Value::object(Comparer(match comparison {
        StringComparison::Ordinal => KeyComparer::Ordinal,
        StringComparison::OrdinalIgnoreCase => KeyComparer::OrdinalIgnoreCase,
        StringComparison::InvariantCulture | StringComparison::CurrentCulture => {
            KeyComparer::Culture
        }
        StringComparison::InvariantCultureIgnoreCase
        | StringComparison::CurrentCultureIgnoreCase => KeyComparer::CultureIgnoreCase,
    }))
}

/// A `StringComparison` argument.
pub(crate) fn comparison(c: &Call<'_, '_>, index: usize) -> R<StringComparison> {
    Ok(StringComparison::from_value(c.enumeration(index)?)?)
}

/// `string.Compare(a, b, comparison)`
pub(crate) fn compare_texts(a: &Str, b: &Str, comparison: StringComparison) -> Ordering {
    work_on_text(a.heap_size().min(b.heap_size()).saturating_mul(4));
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => compare::compare(a, b, comparison),
        _ if comparison == StringComparison::OrdinalIgnoreCase => {
            to_upper(a).compare_ordinal(&to_upper(b))
        }
        _ if comparison == StringComparison::Ordinal => a.compare_ordinal(b),
        _ => compare::linguistic_units(&a.units(), &b.units(), comparison.ignores_case()),
    }
}

/// `string.Equals(a, b, comparison)`
pub(crate) fn equal_texts(a: &Str, b: &Str, comparison: StringComparison) -> bool {
    work_on_text(a.heap_size().min(b.heap_size()).saturating_mul(4));
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => compare::equals(a, b, comparison),
        _ => compare_texts(a, b, comparison).is_eq(),
    }
}

/// `string.Compare(a, b)`: the invariant culture's order.
pub(crate) fn compare_culture(a: &Str, b: &Str) -> Ordering {
    compare_texts(a, b, StringComparison::InvariantCulture)
}

/// `string.Compare(a, b, true)`: the invariant culture's order without regard to case.
pub(crate) fn compare_culture_ignore_case(a: &Str, b: &Str) -> Ordering {
    compare_texts(a, b, StringComparison::InvariantCultureIgnoreCase)
}

/// `ToUpperInvariant()`
pub(crate) fn to_upper(text: &Str) -> Str {
    work_on_text(text.heap_size());
    match text.as_str() {
        Some(text) => Str::from(case::upper(text)),
        None => Str::from_units(
            &text
                .units()
                .iter()
                .map(|unit| case::upper_unit(*unit))
                .collect::<Vec<_>>(),
        ),
    }
}

/// `ToLowerInvariant()`
pub(crate) fn to_lower(text: &Str) -> Str {
    work_on_text(text.heap_size());
    match text.as_str() {
        Some(text) => Str::from(case::lower(text)),
        None => Str::from_units(
            &text
                .units()
                .iter()
                .map(|unit| case::lower_unit(*unit))
                .collect::<Vec<_>>(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotnet::probe::{text, value};

    const COMPARER: &str = "System.StringComparer";

    #[test]
    fn comparers_order_and_equate() {
        let ordinal = value(COMPARER, "StringComparer Ordinal", &mut []).unwrap();
        let ignoring = value(COMPARER, "StringComparer OrdinalIgnoreCase", &mut []).unwrap();
        assert_eq!(
            text(
                COMPARER,
                "bool Equals(string x, string y)",
                &[ignoring.clone(), "A".into(), "a".into()]
            ),
            "True"
        );
        assert_eq!(
            text(
                COMPARER,
                "int Compare(string x, string y)",
                &[ignoring, "a".into(), "B".into()]
            ),
            "-1"
        );
        assert_eq!(
            text(
                COMPARER,
                "int Compare(string x, string y)",
                &[ordinal, "a".into(), "B".into()]
            ),
            "31"
        );
        assert!(compare_culture(&"a".into(), &"A".into()).is_lt());
        assert!(equal_texts(
            &"Straße".into(),
            &"STRAßE".into(),
            StringComparison::OrdinalIgnoreCase
        ));
        assert_eq!(
            to_lower(&Str::from_units(&[0xd800, 65])).units().to_vec(),
            [0xd800, 97]
        );
    }
}
