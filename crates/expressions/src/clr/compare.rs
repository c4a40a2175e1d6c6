//! String comparison: ordinal, ordinal ignoring case, and the invariant culture's linguistic order.
//!
//! Texts flow in, an order or an equality flows out. Linguistic order is the Unicode collation root, as ICU-based .NET
//! runtimes use: letters before case, lower case first (`a < A < b < B`), punctuation before digits before letters.

use std::cmp::Ordering;
use std::sync::LazyLock;

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{CollatorBorrowed, CollatorPreferences};

use super::case::to_upper;
use super::{Error, Result};

/// `System.StringComparison`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // .NET's members
pub enum StringComparison {
    CurrentCulture,
    CurrentCultureIgnoreCase,
    InvariantCulture,
    InvariantCultureIgnoreCase,
    Ordinal,
    OrdinalIgnoreCase,
}

impl StringComparison {
    /// Members in the order of their values.
    pub const ALL: [(&'static str, Self); 6] = [
        ("CurrentCulture", Self::CurrentCulture),
        ("CurrentCultureIgnoreCase", Self::CurrentCultureIgnoreCase),
        ("InvariantCulture", Self::InvariantCulture),
        (
            "InvariantCultureIgnoreCase",
            Self::InvariantCultureIgnoreCase,
        ),
        ("Ordinal", Self::Ordinal),
        ("OrdinalIgnoreCase", Self::OrdinalIgnoreCase),
    ];

    /// The member with this numeric value.
    ///
    /// # Errors
    /// `ArgumentException` for a number that is no member.
    pub fn from_value(value: i64) -> Result<Self> {
        usize::try_from(value)
            .ok()
            .and_then(|i| Self::ALL.get(i))
            .map(|(_, mode)| *mode)
            .ok_or_else(|| {
                Error::argument(
                    "The string comparison type passed in is currently not supported.",
                    Some("comparisonType"),
                )
            })
    }

    /// Whether letters that differ in case only are equal.
    pub fn ignores_case(self) -> bool {
        matches!(
            self,
            Self::CurrentCultureIgnoreCase
                | Self::InvariantCultureIgnoreCase
                | Self::OrdinalIgnoreCase
        )
    }

    /// Whether code units decide, and no linguistic order.
    pub fn is_ordinal(self) -> bool {
        matches!(self, Self::Ordinal | Self::OrdinalIgnoreCase)
    }
}

/// `string.Compare(a, b, comparison)` as an order.
pub fn compare(a: &str, b: &str, comparison: StringComparison) -> Ordering {
    match comparison {
        StringComparison::Ordinal => ordinal(a, b),
        StringComparison::OrdinalIgnoreCase => ordinal_ignore_case(a, b),
        _ => linguistic(a, b, comparison.ignores_case()),
    }
}

/// `string.Equals(a, b, comparison)`
pub fn equals(a: &str, b: &str, comparison: StringComparison) -> bool {
    match comparison {
        StringComparison::Ordinal => a == b,
        StringComparison::OrdinalIgnoreCase if a.is_ascii() && b.is_ascii() => {
            a.eq_ignore_ascii_case(b)
        }
        _ => compare(a, b, comparison).is_eq(),
    }
}

/// Order of the UTF-16 code units.
pub fn ordinal(a: &str, b: &str) -> Ordering {
    // Bytes of UTF-8 order like code points; code units differ only where surrogates meet U+E000 and above.
    if a.is_ascii() || b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

/// Order of the code units after upper-casing each.
pub fn ordinal_ignore_case(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|c| c.to_ascii_uppercase())
            .cmp(b.bytes().map(|c| c.to_ascii_uppercase()));
    }
    upper_units(a).cmp(upper_units(b))
}

/// The units that comparisons ignoring case look at; also what equal texts must hash alike by.
pub fn upper_units(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.chars().map(to_upper).flat_map(|c| {
        let mut buffer = [0; 2];
        let length = c.encode_utf16(&mut buffer).len();
        buffer.into_iter().take(length)
    })
}

/// The invariant culture's order.
pub fn linguistic(a: &str, b: &str, ignore_case: bool) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    match invariant_culture(ignore_case) {
        Some(collator) => collator.compare(a, b),
        None if ignore_case => ordinal_ignore_case(a, b),
        None => ordinal(a, b),
    }
}

/// The same for texts that hold half a surrogate pair.
pub fn linguistic_units(a: &[u16], b: &[u16], ignore_case: bool) -> Ordering {
    match invariant_culture(ignore_case) {
        Some(collator) => collator.compare_utf16(a, b),
        None => a.cmp(b),
    }
}

fn invariant_culture(ignore_case: bool) -> Option<&'static CollatorBorrowed<'static>> {
    let collator = if ignore_case {
        &IGNORING_CASE
    } else {
        &CASE_SENSITIVE
    };
    collator.as_ref()
}

static CASE_SENSITIVE: LazyLock<Option<CollatorBorrowed<'static>>> =
    LazyLock::new(|| collator(Strength::Tertiary));
static IGNORING_CASE: LazyLock<Option<CollatorBorrowed<'static>>> =
    LazyLock::new(|| collator(Strength::Secondary));

fn collator(strength: Strength) -> Option<CollatorBorrowed<'static>> {
    let mut options = CollatorOptions::default();
    options.strength = Some(strength);
    CollatorBorrowed::try_new(CollatorPreferences::default(), options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut words: Vec<&str>) -> Vec<&str> {
        words.sort_by(|a, b| linguistic(a, b, false));
        words
    }

    #[test]
    fn linguistic_order_puts_letters_before_case() {
        assert_eq!(sorted(vec!["B", "a", "A", "b"]), ["a", "A", "b", "B"]);
        assert_eq!(
            sorted(vec!["item10", "item2", "Item1"]),
            ["Item1", "item10", "item2"]
        );
        assert_eq!(
            sorted(vec!["z", "é", "e", "ä", "a", "f"]),
            ["a", "ä", "e", "é", "f", "z"]
        );
        assert_eq!(
            sorted(vec!["a1", "a", "1", "_", "-", " "]),
            [" ", "_", "-", "1", "a", "a1"]
        );
        assert_eq!(linguistic("a", "A", true), Ordering::Equal);
        assert_eq!(linguistic("a", "ä", true), Ordering::Less);
        assert_eq!(linguistic("abc", "abd", false), Ordering::Less);
    }

    #[test]
    fn ordinal_orders_are_of_code_units() {
        assert_eq!(ordinal("\u{ffff}", "😀"), Ordering::Greater);
        assert_eq!(ordinal_ignore_case("a", "B"), Ordering::Less);
        assert_eq!(ordinal_ignore_case("É", "é"), Ordering::Equal);
        // Upper-casing puts letters before the underscore.
        assert_eq!(ordinal_ignore_case("a", "_"), Ordering::Less);
        assert!(equals(
            "Straße",
            "STRAßE",
            StringComparison::OrdinalIgnoreCase
        ));
        assert!(!equals(
            "strasse",
            "straße",
            StringComparison::OrdinalIgnoreCase
        ));
    }
}
