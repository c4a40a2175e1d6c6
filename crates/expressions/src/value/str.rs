//! .NET's `string`: immutable text of UTF-16 code units.
//!
//! Text comes in as UTF-8 and almost always stays so. Length, indices and substrings count UTF-16 code units as .NET
//! does; for ASCII text they are byte positions, for other text the units are computed once on first need. Only text
//! with a lone surrogate, which UTF-8 cannot hold, is kept as units alone. Nothing here knows culture: comparisons
//! are ordinal.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// An immutable .NET string. Cloning is a reference count.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    /// ASCII literal of the program.
    Static(&'static str),
    Ascii(Arc<str>),
    Wide(Arc<Wide>),
    /// Not expressible as UTF-8: holds at least one lone surrogate.
    Units(Arc<[u16]>),
}

struct Wide {
    text: Box<str>,
    units: OnceLock<Box<[u16]>>,
}

impl Wide {
    fn units(&self) -> &[u16] {
        self.units
            .get_or_init(|| self.text.encode_utf16().collect())
    }
}

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str(Repr::Static(""));

    /// A literal of the program; must be ASCII (other text is copied).
    #[must_use]
    pub fn literal(text: &'static str) -> Self {
        if text.is_ascii() {
            Self(Repr::Static(text))
        } else {
            Self::from(text)
        }
    }

    /// Text from UTF-16 code units, lone surrogates allowed.
    #[must_use]
    pub fn from_units(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => Self::from(text),
            Err(_) => Self(Repr::Units(units.into())),
        }
    }

    /// Text of a single code unit.
    #[must_use]
    pub fn from_unit(unit: u16) -> Self {
        Self::from_units(&[unit])
    }

    /// The text as UTF-8; `None` when it holds a lone surrogate.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Static(text) => Some(text),
            Repr::Ascii(text) => Some(text),
            Repr::Wide(wide) => Some(&wide.text),
            Repr::Units(_) => None,
        }
    }

    /// The text as UTF-8, U+FFFD in place of lone surrogates.
    #[must_use]
    pub fn to_utf8(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Units(units) => Cow::Owned(String::from_utf16_lossy(units)),
            _ => Cow::Borrowed(self.as_str().unwrap_or_default()),
        }
    }

    /// The text as a shared UTF-8 string, U+FFFD in place of lone surrogates.
    #[must_use]
    pub fn to_arc(&self) -> Arc<str> {
        match &self.0 {
            Repr::Ascii(text) => text.clone(),
            _ => self.to_utf8().into(),
        }
    }

    /// The ASCII text, if it is ASCII: then byte positions are .NET indices.
    #[must_use]
    pub fn as_ascii(&self) -> Option<&str> {
        match &self.0 {
            Repr::Static(text) => Some(text),
            Repr::Ascii(text) => Some(text),
            _ => None,
        }
    }

    /// The UTF-16 code units.
    #[must_use]
    pub fn units(&self) -> Cow<'_, [u16]> {
        match &self.0 {
            Repr::Units(units) => Cow::Borrowed(units),
            Repr::Wide(wide) => Cow::Borrowed(wide.units()),
            Repr::Static(text) => Cow::Owned(text.bytes().map(u16::from).collect()),
            Repr::Ascii(text) => Cow::Owned(text.bytes().map(u16::from).collect()),
        }
    }

    /// `Length`: number of UTF-16 code units.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Static(text) => text.len(),
            Repr::Ascii(text) => text.len(),
            Repr::Wide(wide) => wide.units().len(),
            Repr::Units(units) => units.len(),
        }
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::Static(text) => text.is_empty(),
            Repr::Ascii(text) => text.is_empty(),
            Repr::Wide(wide) => wide.text.is_empty(),
            Repr::Units(units) => units.is_empty(),
        }
    }

    /// The code unit at `index`.
    #[must_use]
    pub fn unit(&self, index: usize) -> Option<u16> {
        match &self.0 {
            Repr::Static(text) => text.as_bytes().get(index).copied().map(u16::from),
            Repr::Ascii(text) => text.as_bytes().get(index).copied().map(u16::from),
            Repr::Wide(wide) => wide.units().get(index).copied(),
            Repr::Units(units) => units.get(index).copied(),
        }
    }

    /// The `length` units from `start`; what lies outside is cut off.
    #[must_use]
    pub fn slice(&self, start: usize, length: usize) -> Self {
        let total = self.len();
        let start = start.min(total);
        let end = start.saturating_add(length).min(total);
        if start == 0 && end == total {
            return self.clone();
        }
        if let Some(text) = self.as_ascii() {
            return text
                .get(start..end)
                .map_or(Self::EMPTY, |part| Self(Repr::Ascii(part.into())));
        }
        Self::from_units(self.units().get(start..end).unwrap_or_default())
    }

    /// Both texts in a row.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        let mut builder = StrBuilder::new();
        builder.push(self);
        builder.push(other);
        builder.finish()
    }

    /// Ordinal search: index of the first occurrence of `needle` at or after `from`.
    #[must_use]
    pub fn find(&self, needle: &Self, from: usize) -> Option<usize> {
        if from > self.len() {
            return None;
        }
        if let Some(hay) = self.as_ascii() {
            let needle = needle.as_ascii()?;
            let rest = hay.get(from..)?;
            return memchr::memmem::find(rest.as_bytes(), needle.as_bytes()).map(|at| at + from);
        }
        find_units(self.units().get(from..)?, &needle.units()).map(|at| at + from)
    }

    /// Ordinal search from the end: index of the last occurrence of `needle` that ends at or before `end`.
    #[must_use]
    pub fn rfind(&self, needle: &Self, end: usize) -> Option<usize> {
        let end = end.min(self.len());
        if let Some(hay) = self.as_ascii() {
            let needle = needle.as_ascii()?;
            return memchr::memmem::rfind(hay.get(..end)?.as_bytes(), needle.as_bytes());
        }
        let (hay, needle) = (self.units(), needle.units());
        let hay = hay.get(..end)?;
        let reversed: Vec<u16> = needle.iter().rev().copied().collect();
        Some(end - end_of_match(hay.iter().rev().copied(), &reversed)?)
    }

    /// Ordinal order by code units, as `string.CompareOrdinal`.
    #[must_use]
    pub fn compare_ordinal(&self, other: &Self) -> Ordering {
        match (self.as_ascii(), other.as_ascii()) {
            (Some(a), Some(b)) => a.as_bytes().cmp(b.as_bytes()),
            _ => self.units().cmp(&other.units()),
        }
    }

    /// Approximate heap size in bytes, for allocation accounting.
    #[must_use]
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Static(_) => 0,
            Repr::Ascii(text) => text.len() + 16,
            Repr::Wide(wide) => wide.text.len() * 3 + 48,
            Repr::Units(units) => units.len() * 2 + 16,
        }
    }

    /// Whether both are the very same allocation.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Ascii(a), Repr::Ascii(b)) => Arc::ptr_eq(a, b),
            (Repr::Wide(a), Repr::Wide(b)) => Arc::ptr_eq(a, b),
            (Repr::Units(a), Repr::Units(b)) => Arc::ptr_eq(a, b),
            (Repr::Static(a), Repr::Static(b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}

/// First position of `needle` in `hay`, both in code units.
#[must_use]
pub fn find_units(hay: &[u16], needle: &[u16]) -> Option<usize> {
    end_of_match(hay.iter().copied(), needle).map(|end| end - needle.len())
}

/// How many units of `hay` come before the end of the first `needle` in it. Takes time in proportion to both, whatever
/// they are (Knuth, Morris and Pratt).
fn end_of_match(hay: impl Iterator<Item = u16>, needle: &[u16]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    // How much of the needle's beginning its first n units end with.
    let mut borders = vec![0_usize; needle.len()];
    let mut matched = 0;
    let advance = |borders: &[usize], mut matched: usize, unit: u16| {
        while needle.get(matched) != Some(&unit) {
            match matched.checked_sub(1).and_then(|at| borders.get(at)) {
                Some(border) => matched = *border,
                None => return 0,
            }
        }
        matched + 1
    };
    for (at, unit) in needle.iter().enumerate().skip(1) {
        matched = advance(&borders, matched, *unit);
        if let Some(border) = borders.get_mut(at) {
            *border = matched;
        }
    }
    matched = 0;
    for (at, unit) in hay.enumerate() {
        matched = advance(&borders, matched, unit);
        if matched == needle.len() {
            return Some(at + 1);
        }
    }
    None
}

impl Default for Str {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            Self::EMPTY
        } else if text.is_ascii() {
            Self(Repr::Ascii(text.into()))
        } else {
            Self(Repr::Wide(Arc::new(Wide {
                text: text.into(),
                units: OnceLock::new(),
            })))
        }
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        if text.is_empty() {
            Self::EMPTY
        } else if text.is_ascii() {
            Self(Repr::Ascii(text.into()))
        } else {
            Self(Repr::Wide(Arc::new(Wide {
                text: text.into_boxed_str(),
                units: OnceLock::new(),
            })))
        }
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        if text.is_ascii() {
            Self(Repr::Ascii(text))
        } else {
            Self::from(&*text)
        }
    }
}

impl From<&Arc<str>> for Str {
    fn from(text: &Arc<str>) -> Self {
        Self::from(text.clone())
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Units(a), Repr::Units(b)) => a == b,
            _ => match (self.as_str(), other.as_str()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Units(units) => units.hash(state),
            _ => self.as_str().hash(state),
        }
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utf8())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_utf8())
    }
}

/// Collects pieces of text into one [`Str`].
#[derive(Default, Clone)]
pub struct StrBuilder {
    text: String,
    /// In use from the first lone surrogate on; holds everything then.
    units: Option<Vec<u16>>,
}

impl StrBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a string.
    pub fn push(&mut self, part: &Str) {
        match (part.as_str(), &mut self.units) {
            (Some(text), None) => self.text.push_str(text),
            (_, Some(units)) => units.extend_from_slice(&part.units()),
            (None, None) => {
                let mut units: Vec<u16> = self.text.encode_utf16().collect();
                units.extend_from_slice(&part.units());
                self.units = Some(units);
            }
        }
    }

    /// Appends UTF-8 text.
    pub fn push_str(&mut self, part: &str) {
        match &mut self.units {
            None => self.text.push_str(part),
            Some(units) => units.extend(part.encode_utf16()),
        }
    }

    /// Appends one code unit, `count` times.
    pub fn push_unit(&mut self, unit: u16, count: usize) {
        match (char::from_u32(u32::from(unit)), &mut self.units) {
            (Some(c), None) => self.text.extend(std::iter::repeat_n(c, count)),
            (_, Some(units)) => units.extend(std::iter::repeat_n(unit, count)),
            (None, None) => {
                let mut units: Vec<u16> = self.text.encode_utf16().collect();
                units.extend(std::iter::repeat_n(unit, count));
                self.units = Some(units);
            }
        }
    }

    /// Bytes collected so far.
    #[must_use]
    pub fn size(&self) -> usize {
        self.units
            .as_ref()
            .map_or(self.text.len(), |units| units.len() * 2)
    }

    /// The collected text.
    #[must_use]
    pub fn finish(self) -> Str {
        match self.units {
            None => Str::from(self.text),
            Some(units) => Str::from_units(&units),
        }
    }
}

impl fmt::Write for StrBuilder {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_index_count_utf16_units() {
        let text = Str::from("a😀é");
        assert_eq!(text.len(), 4);
        assert_eq!(text.unit(1), Some(0xd83d));
        assert_eq!(text.slice(3, 1), "é");
        assert_eq!(text.slice(1, 2), "😀");
    }

    #[test]
    fn half_a_surrogate_pair_is_a_value_and_halves_join_again() {
        let text = Str::from("😀");
        let (high, low) = (text.slice(0, 1), text.slice(1, 1));
        assert_eq!(high.as_str(), None);
        assert_eq!(high.concat(&low), "😀");
    }

    #[test]
    fn search_is_ordinal_and_in_units() {
        let text = Str::from("é-b-b");
        assert_eq!(text.find(&Str::from("b"), 0), Some(2));
        assert_eq!(text.find(&Str::from("b"), 3), Some(4));
        assert_eq!(text.rfind(&Str::from("b"), 5), Some(4));
        assert_eq!(text.find(&Str::EMPTY, 5), Some(5));
    }

    #[test]
    fn searches_agree_with_looking_everywhere() {
        let word = |mut bits: usize, length: usize| {
            let mut next = || {
                bits /= 2;
                if bits.is_multiple_of(2) { 'é' } else { 'ü' }
            };
            (0..length).map(|_| next()).collect::<String>()
        };
        for bits in 0..256 {
            for length in 0..5 {
                let hay = Str::from(word(bits * 2, 8));
                let needle = Str::from(word(bits / 8, length));
                let places = |at: &usize| hay.slice(*at, length) == needle;
                let (first, last) = (
                    (0..=8 - length).find(places),
                    (0..=8 - length).rfind(places),
                );
                assert_eq!(hay.find(&needle, 0), first, "{needle} in {hay}");
                assert_eq!(hay.rfind(&needle, 8), last, "{needle} in {hay}");
            }
        }
    }
}
