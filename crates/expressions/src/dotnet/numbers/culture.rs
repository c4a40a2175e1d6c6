//! `System.Globalization`: `NumberStyles`, `CultureInfo`, `NumberFormatInfo` and `DateTimeFormatInfo`.
//!
//! The invariant culture is the only one: the gateway's own, and what every culture-sensitive member uses. Another one is
//! refused by name rather than silently replaced.

use crate::clr::number_parse::NumberStyles;
use crate::dotnet::system::{exception_type, named_exception};
use crate::runtime::{Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};

/// The invariant culture, also in its roles as format provider.
struct Culture(&'static str);

impl Object for Culture {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name(self.0)
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(0)
    }

    fn to_text(&self, _: &mut Runtime<'_>, _: Option<&str>) -> R<Option<Str>> {
        Ok((self.0 == CULTURE).then_some(Str::EMPTY))
    }
}

const CULTURE: &str = "System.Globalization.CultureInfo";
const NUMBERS: &str = "System.Globalization.NumberFormatInfo";
const DATES: &str = "System.Globalization.DateTimeFormatInfo";

fn by_name(name: &Str) -> R<Value> {
    let text = name.to_utf8();
    if text.is_empty() || text.eq_ignore_ascii_case("iv") {
        return Ok(Value::object(Culture(CULTURE)));
    }
    Err(Fault::with_parameter(
        "System.Globalization.CultureNotFoundException",
        &format!(
            "Culture is not supported. Only the invariant culture (\"\") is available, not '{text}'."
        ),
        "name",
    ))
}

/// `CultureInfo.InvariantCulture`
pub(crate) fn invariant_culture() -> Value {
    Value::object(Culture(CULTURE))
}

pub(super) fn define(types: &mut Types) {
    exception_type(
        types,
        "System.Globalization.CultureNotFoundException",
        "ArgumentException",
    )
    .constructor("(string paramName, string message)", named_exception);
    let values: Vec<(&'static str, i64)> = NumberStyles::MEMBERS
        .iter()
        .map(|(name, value)| (*name, value.0.into()))
        .collect();
    types
        .enumeration("System.Globalization.NumberStyles", &values)
        .flags()
        .beyond_documentation();
    types
        .interface("System.IFormatProvider")
        .beyond_documentation();

    let mut t = types.class(CULTURE);
    t.base("IFormatProvider").beyond_documentation();
    t.constructor("(string name)", |c| by_name(&c.str(0)?));
    for signature in [
        "CultureInfo InvariantCulture",
        "CultureInfo CurrentCulture",
        "CultureInfo CurrentUICulture",
        "CultureInfo InstalledUICulture",
    ] {
        t.static_property(signature, |_| Ok(invariant_culture()));
    }
    t.static_method("CultureInfo GetCultureInfo(string name)", |c| {
        by_name(&c.str(0)?)
    });
    t.static_method("CultureInfo CreateSpecificCulture(string name)", |c| {
        by_name(&c.opt_str(0)?.ok_or_else(Fault::null_reference)?)
    });
    t.property("string Name", |_| Ok(Str::EMPTY.into()));
    t.property("string DisplayName", |_| {
        Ok("Invariant Language (Invariant Country)".into())
    });
    t.property("string EnglishName", |_| {
        Ok("Invariant Language (Invariant Country)".into())
    });
    t.property("string TwoLetterISOLanguageName", |_| Ok("iv".into()));
    t.property("bool IsReadOnly", |_| Ok(true.into()));
    t.property("NumberFormatInfo NumberFormat", |_| {
        Ok(Value::object(Culture(NUMBERS)))
    });
    t.property("DateTimeFormatInfo DateTimeFormat", |_| {
        Ok(Value::object(Culture(DATES)))
    });

    let mut t = types.class(NUMBERS);
    t.base("IFormatProvider").beyond_documentation();
    t.static_property("NumberFormatInfo InvariantInfo", |_| {
        Ok(Value::object(Culture(NUMBERS)))
    });
    t.static_property("NumberFormatInfo CurrentInfo", |_| {
        Ok(Value::object(Culture(NUMBERS)))
    });
    t.property("string NumberDecimalSeparator", |_| Ok(".".into()));
    t.property("string NumberGroupSeparator", |_| Ok(",".into()));
    t.property("string CurrencySymbol", |_| Ok("¤".into()));
    t.property("string PercentSymbol", |_| Ok("%".into()));
    t.property("string NegativeSign", |_| Ok("-".into()));

    let mut t = types.class(DATES);
    t.base("IFormatProvider").beyond_documentation();
    t.static_property("DateTimeFormatInfo InvariantInfo", |_| {
        Ok(Value::object(Culture(DATES)))
    });
    t.static_property("DateTimeFormatInfo CurrentInfo", |_| {
        Ok(Value::object(Culture(DATES)))
    });
    t.property("string ShortDatePattern", |_| Ok("MM/dd/yyyy".into()));
    t.property(
        "string LongDatePattern",
        |_| Ok("dddd, dd MMMM yyyy".into()),
    );
    t.property("string ShortTimePattern", |_| Ok("HH:mm".into()));
    t.property("string LongTimePattern", |_| Ok("HH:mm:ss".into()));
    t.property("string RFC1123Pattern", |_| {
        Ok("ddd, dd MMM yyyy HH':'mm':'ss 'GMT'".into())
    });
    t.property("string SortableDateTimePattern", |_| {
        Ok("yyyy'-'MM'-'dd'T'HH':'mm':'ss".into())
    });
    t.property("string UniversalSortableDateTimePattern", |_| {
        Ok("yyyy'-'MM'-'dd HH':'mm':'ss'Z'".into())
    });
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};

    #[test]
    fn other_cultures_are_refused_by_name() {
        assert_eq!(
            text(
                "System.Globalization.CultureInfo",
                "(string name)",
                &["de-DE".into()]
            ),
            "throws CultureNotFoundException"
        );
        let culture = value(
            "System.Globalization.CultureInfo",
            "CultureInfo InvariantCulture",
            &mut [],
        )
        .unwrap();
        assert_eq!(
            text(
                "System.Globalization.CultureInfo",
                "string Name",
                &[culture]
            ),
            ""
        );
    }
}
