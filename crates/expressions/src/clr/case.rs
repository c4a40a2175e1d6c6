//! Upper and lower case of the invariant culture: one code point to one code point, never a change of length.
//!
//! Characters flow in, characters flow out. `ß` stays `ß`, the Turkish dotted and dotless i map to themselves.

/// `char.ToUpperInvariant`
pub fn to_upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    match c {
        'ı' => c,
        // Full case mapping of these writes the iota out; the simple one is the title-case letter.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            shifted(c, 8)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
        _ => single(c.to_uppercase()).unwrap_or(c),
    }
}

/// `char.ToLowerInvariant`
pub fn to_lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        'İ' => c,
        _ => single(c.to_lowercase()).unwrap_or(c),
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(c as u32 + by).unwrap_or(c)
}

fn single(mut mapping: impl Iterator<Item = char>) -> Option<char> {
    let first = mapping.next()?;
    if mapping.next().is_some() {
        None
    } else {
        Some(first)
    }
}

/// `ToUpperInvariant()`
pub fn upper(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.chars().map(to_upper).collect()
    }
}

/// `ToLowerInvariant()`
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().map(to_lower).collect()
    }
}

/// The upper case of a UTF-16 unit; surrogates stay.
pub fn upper_unit(unit: u16) -> u16 {
    map_unit(unit, to_upper)
}

/// The lower case of a UTF-16 unit; surrogates stay.
pub fn lower_unit(unit: u16) -> u16 {
    map_unit(unit, to_lower)
}

fn map_unit(unit: u16, map: impl Fn(char) -> char) -> u16 {
    char::from_u32(unit.into())
        .map(map)
        .and_then(|c| u16::try_from(c as u32).ok())
        .unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_never_changes_the_length() {
        assert_eq!(upper("straße é ǆ"), "STRAßE É Ǆ");
        assert_eq!(lower("ÄÖÜ İ Σ"), "äöü İ σ");
        assert_eq!(to_upper('ı'), 'ı');
        assert_eq!(to_upper('ᾳ'), 'ᾼ');
        assert_eq!(upper_unit(0xd800), 0xd800);
        assert_eq!(upper_unit(u16::from(b'a')), u16::from(b'A'));
    }
}
