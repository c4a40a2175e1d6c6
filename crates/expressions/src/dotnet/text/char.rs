//! `System.Char`: a UTF-16 code unit, classified by its Unicode general category.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::string::is_white_space;
use crate::clr::case::{lower_unit, upper_unit};
use crate::clr::convert::text_to_char;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Const, Str, Value};

/// `UnicodeCategory` in the order of its values.
const CATEGORIES: [(&str, GeneralCategory); 30] = [
    ("UppercaseLetter", GeneralCategory::UppercaseLetter),
    ("LowercaseLetter", GeneralCategory::LowercaseLetter),
    ("TitlecaseLetter", GeneralCategory::TitlecaseLetter),
    ("ModifierLetter", GeneralCategory::ModifierLetter),
    ("OtherLetter", GeneralCategory::OtherLetter),
    ("NonSpacingMark", GeneralCategory::NonspacingMark),
    ("SpacingCombiningMark", GeneralCategory::SpacingMark),
    ("EnclosingMark", GeneralCategory::EnclosingMark),
    ("DecimalDigitNumber", GeneralCategory::DecimalNumber),
    ("LetterNumber", GeneralCategory::LetterNumber),
    ("OtherNumber", GeneralCategory::OtherNumber),
    ("SpaceSeparator", GeneralCategory::SpaceSeparator),
    ("LineSeparator", GeneralCategory::LineSeparator),
    ("ParagraphSeparator", GeneralCategory::ParagraphSeparator),
    ("Control", GeneralCategory::Control),
    ("Format", GeneralCategory::Format),
    ("Surrogate", GeneralCategory::Surrogate),
    ("PrivateUse", GeneralCategory::PrivateUse),
    (
        "ConnectorPunctuation",
        GeneralCategory::ConnectorPunctuation,
    ),
    ("DashPunctuation", GeneralCategory::DashPunctuation),
    ("OpenPunctuation", GeneralCategory::OpenPunctuation),
    ("ClosePunctuation", GeneralCategory::ClosePunctuation),
    (
        "InitialQuotePunctuation",
        GeneralCategory::InitialPunctuation,
    ),
    ("FinalQuotePunctuation", GeneralCategory::FinalPunctuation),
    ("OtherPunctuation", GeneralCategory::OtherPunctuation),
    ("MathSymbol", GeneralCategory::MathSymbol),
    ("CurrencySymbol", GeneralCategory::CurrencySymbol),
    ("ModifierSymbol", GeneralCategory::ModifierSymbol),
    ("OtherSymbol", GeneralCategory::OtherSymbol),
    ("OtherNotAssigned", GeneralCategory::Unassigned),
];

/// The number of a unit's category in `UnicodeCategory`.
fn category(unit: u16) -> usize {
    let found = CodePointMapData::<GeneralCategory>::new().get32(u32::from(unit));
    CATEGORIES
        .iter()
        .position(|(_, category)| *category == found)
        .unwrap_or(29)
}

fn is_letter(unit: u16) -> bool {
    category(unit) <= 4
}

fn is_digit(unit: u16) -> bool {
    category(unit) == 8
}

fn is_high(unit: u16) -> bool {
    (0xd800..=0xdbff).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xdc00..=0xdfff).contains(&unit)
}

fn is_surrogate(unit: u16) -> bool {
    is_high(unit) || is_low(unit)
}

/// The unit to classify: a `char`, or the one at an index of a text.
fn unit(c: &Call<'_, '_>) -> R<u16> {
    if let Some(Value::Char(unit)) = c.args.first() {
        return Ok(*unit);
    }
    let text = c.str(0)?;
    usize::try_from(c.int(1)?)
        .ok()
        .and_then(|at| text.unit(at))
        .ok_or_else(Fault::list_index)
}

/// Declares a classification for a character and for a place in a text.
macro_rules! classify {
    ($t:ident, $name:literal, $test:expr) => {
        $t.static_method(concat!("bool ", $name, "(char c)"), |c| {
            let test: fn(u16) -> bool = $test;
            Ok(test(unit(c)?).into())
        });
        $t.static_method(concat!("bool ", $name, "(string s, int index)"), |c| {
            let test: fn(u16) -> bool = $test;
            Ok(test(unit(c)?).into())
        });
    };
}

/// The numeric value of a digit or fraction; -1 of everything else.
fn numeric_value(unit: u16) -> f64 {
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return -1.0;
    };
    if is_digit(unit) {
        // Digits of a script lie together, in order, from a multiple of ten after the first.
        let mut value = 0_u16;
        while value < 9 && unit > value && is_digit(unit - value - 1) {
            value += 1;
        }
        return f64::from(character.to_digit(10).unwrap_or(u32::from(value)));
    }
    match character {
        '²' => 2.0,
        '³' => 3.0,
        '¹' => 1.0,
        '¼' => 0.25,
        '½' => 0.5,
        '¾' => 0.75,
        '⁰' => 0.0,
        '⁴'..='⁹' => f64::from(unit - 0x2070),
        '₀'..='₉' => f64::from(unit - 0x2080),
        'Ⅰ'..='Ⅻ' => f64::from(unit - 0x215f),
        'ⅰ'..='ⅻ' => f64::from(unit - 0x216f),
        '①'..='⑳' => f64::from(unit - 0x245f),
        _ => -1.0,
    }
}

pub(super) fn define(types: &mut Types) {
    let values: Vec<(&'static str, i64)> = CATEGORIES
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (*name, i64::try_from(i).unwrap_or(29)))
        .collect();
    types
        .enumeration("System.Globalization.UnicodeCategory", &values)
        .beyond_documentation();
    let mut t = types.static_class("System.Globalization.CharUnicodeInfo");
    t.beyond_documentation();
    t.static_method("UnicodeCategory GetUnicodeCategory(char ch)", category_of);
    t.static_method("double GetNumericValue(char ch)", |c| {
        Ok(numeric_value(c.char(0)?).into())
    });

    let mut t = types.structure("System.Char");
    t.base("IComparable");
    t.constant("char MaxValue", Const::Char(u16::MAX));
    t.constant("char MinValue", Const::Char(0));
    t.static_method("char Parse(string s)", |c| {
        let text = c.str(0)?;
        match (text.len(), text.unit(0)) {
            (1, Some(unit)) => Ok(Value::Char(unit)),
            _ => Ok(Value::Char(text_to_char(&text.to_utf8()).map_err(
                |_| Fault::format("String must be exactly one character long."),
            )?)),
        }
    });
    t.static_method("bool TryParse(string s, out char result)", |c| {
        let found = c
            .opt_str(0)?
            .filter(|text| text.len() == 1)
            .and_then(|text| text.unit(0));
        c.set(1, Value::Char(found.unwrap_or(0)));
        Ok(found.is_some().into())
    });
    classify!(t, "IsControl", |u| category(u) == 14);
    classify!(t, "IsDigit", is_digit);
    classify!(t, "IsLetter", is_letter);
    classify!(t, "IsLetterOrDigit", |u| is_letter(u) || is_digit(u));
    classify!(t, "IsLower", |u| category(u) == 1);
    classify!(t, "IsUpper", |u| category(u) == 0);
    classify!(t, "IsNumber", |u| (8..=10).contains(&category(u)));
    classify!(t, "IsPunctuation", |u| (18..=24).contains(&category(u)));
    classify!(t, "IsSeparator", |u| (11..=13).contains(&category(u)));
    classify!(t, "IsSymbol", |u| (25..=28).contains(&category(u)));
    classify!(t, "IsWhiteSpace", is_white_space);
    classify!(t, "IsSurrogate", is_surrogate);
    classify!(t, "IsHighSurrogate", is_high);
    classify!(t, "IsLowSurrogate", is_low);
    define_rest(types);
}

fn category_of(c: &mut Call<'_, '_>) -> R<Value> {
    let number = i64::try_from(category(unit(c)?)).unwrap_or(29);
    Ok(match &c.member.result {
        Type::Named(def, _) => Value::Enum(*def, number),
        _ => Value::Null,
    })
}

fn define_rest(types: &mut Types) {
    let mut t = types.structure("System.Char");
    t.static_method(
        "bool IsSurrogatePair(char highSurrogate, char lowSurrogate)",
        |c| Ok((is_high(c.char(0)?) && is_low(c.char(1)?)).into()),
    );
    t.static_method("bool IsSurrogatePair(string s, int index)", |c| {
        let (text, at) = (c.str(0)?, c.int(1)?);
        let at = usize::try_from(at).ok().filter(|at| *at < text.len());
        let Some(at) = at else {
            return Err(Fault::outside("index"));
        };
        let unit = |at| text.unit(at);
        let pair = unit(at).is_some_and(is_high) && unit(at + 1).is_some_and(is_low);
        Ok(pair.into())
    });
    t.static_method("string ConvertFromUtf32(int utf32)", |c| {
        match u32::try_from(c.int(0)?).ok().and_then(char::from_u32) {
            Some(character) => Ok(Str::from(character.to_string()).into()),
            None => Err(Fault::out_of_range(
                "utf32",
                "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate codepoint values (0x00d800 ~ 0x00dfff).",
            )),
        }
    });
    t.static_method(
        "int ConvertToUtf32(char highSurrogate, char lowSurrogate)",
        |c| {
            let (high, low) = (c.char(0)?, c.char(1)?);
            if !is_high(high) {
                return Err(Fault::out_of_range(
                    "highSurrogate",
                    "A valid high surrogate character is between 0xd800 and 0xdbff, inclusive.",
                ));
            }
            if !is_low(low) {
                return Err(Fault::out_of_range(
                    "lowSurrogate",
                    "A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive.",
                ));
            }
            Ok(((i32::from(high) - 0xd800) * 0x400 + (i32::from(low) - 0xdc00) + 0x10000).into())
        },
    );
    t.static_method("int ConvertToUtf32(string s, int index)", |c| {
        let first = unit(c)?;
        let text = c.str(0)?;
        let at = usize::try_from(c.int(1)?).unwrap_or(0);
        if !is_surrogate(first) {
            return Ok(i32::from(first).into());
        }
        match text.unit(at + 1) {
            Some(low) if is_high(first) && is_low(low) => Ok(((i32::from(first) - 0xd800) * 0x400
                + (i32::from(low) - 0xdc00)
                + 0x10000)
                .into()),
            _ => Err(Fault::argument(
                &format!("Found a surrogate char without its pair at index {at}."),
                "index",
            )),
        }
    });
    t.static_method("double GetNumericValue(char c)", |c| {
        Ok(numeric_value(unit(c)?).into())
    });
    t.static_method("double GetNumericValue(string s, int index)", |c| {
        Ok(numeric_value(unit(c)?).into())
    });
    t.static_method("UnicodeCategory GetUnicodeCategory(char c)", category_of);
    t.static_method(
        "UnicodeCategory GetUnicodeCategory(string s, int index)",
        category_of,
    );
    t.static_method("char ToUpper(char c, CultureInfo culture)", |c| {
        c.required(1)?;
        Ok(Value::Char(upper_unit(c.char(0)?)))
    });
    t.static_method("char ToLower(char c, CultureInfo culture)", |c| {
        c.required(1)?;
        Ok(Value::Char(lower_unit(c.char(0)?)))
    });
    for (upper, signature) in [
        (true, "char ToUpper(char c)"),
        (true, "char ToUpperInvariant(char c)"),
        (false, "char ToLower(char c)"),
        (false, "char ToLowerInvariant(char c)"),
    ] {
        if upper {
            t.static_method(signature, |c| Ok(Value::Char(upper_unit(c.char(0)?))));
        } else {
            t.static_method(signature, |c| Ok(Value::Char(lower_unit(c.char(0)?))));
        }
    }
    t.static_method("string ToString(char c)", |c| {
        Ok(Str::from_unit(c.char(0)?).into())
    });
    t.method("string ToString(IFormatProvider provider)", |c| {
        Ok(Str::from_unit(c.char(0)?).into())
    });
    t.method("int CompareTo(char value)", |c| {
        Ok((i32::from(c.char(0)?) - i32::from(c.char(1)?)).into())
    });
    t.method("int CompareTo(object value)", |c| match c.value(1) {
        Value::Null => Ok(1.into()),
        Value::Char(other) => Ok((i32::from(c.char(0)?) - i32::from(other)).into()),
        _ => Err(Fault::argument("Object must be of type Char.", "")),
    });
    t.method("bool Equals(char obj)", |c| {
        Ok((c.char(0)? == c.char(1)?).into())
    });
}
