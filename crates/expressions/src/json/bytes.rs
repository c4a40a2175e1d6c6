//! JSON's strings byte by byte, or rather eight bytes at a time: they are mostly too short for a vectorised search to pay
//! off.

const LOW: u64 = u64::MAX / 255;
const HIGH: u64 = LOW << 7;

/// The bytes of a word that equal `byte`, each marked by its highest bit. Of the marks only the lowest is sure.
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    let differences = word ^ (LOW * u64::from(byte));
    differences.wrapping_sub(LOW) & !differences & HIGH
}

/// The bytes of a word that are `quote`, a backslash, a control character or not ASCII; marked like [`equal`].
#[inline]
pub(super) fn special(word: u64, quote: u8) -> u64 {
    // What borrows here without being equal is not ASCII, and marked anyway.
    let equal = |byte: u8| (word ^ (LOW * u64::from(byte))).wrapping_sub(LOW);
    (equal(quote) | equal(b'\\') | word.wrapping_sub(LOW * 0x20) | word) & HIGH
}

/// How many bytes of a word stand before the first that `marks` marks: all eight if there is none.
#[inline]
pub(super) fn plain_before(word: &[u8; 8], marks: impl Fn(u64) -> u64) -> usize {
    marks(u64::from_le_bytes(*word)).trailing_zeros() as usize / 8
}

/// Position of the first `a` or `b`.
#[inline]
pub(super) fn find_either(a: u8, b: u8, text: &[u8]) -> Option<usize> {
    /// Up to here words are faster than vectors, which take a while to set up.
    const SHORT: usize = 32;
    let marks = |word| equal(word, a) | equal(word, b);
    let (start, _) = text.split_at(text.len().min(SHORT));
    let (words, _) = start.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let plain = plain_before(word, marks);
        if plain < 8 {
            return Some(index * 8 + plain);
        }
    }
    let seen = words.len() * 8;
    memchr::memchr2(a, b, text.get(seen..).unwrap_or_default()).map(|found| seen + found)
}

/// A text put together of whole characters.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn special_bytes_are_found(word in proptest::array::uniform8(prop_oneof![any::<u8>(), 0x1eu8..0x24, Just(b'\\'), Just(b'a')])) {
            let is_plain = |byte: &&u8| byte.is_ascii() && **byte >= 0x20 && ![b'"', b'\\'].contains(*byte);
            let slow = word.iter().take_while(is_plain).count();
            prop_assert_eq!(plain_before(&word, |word| special(word, b'"')), slow);
        }

        #[test]
        fn words_find_what_a_loop_finds(text in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1eu8..0x24], 0..80)) {
            if let Some(word) = text.first_chunk::<8>() {
                let slow = word.iter().take_while(|byte| **byte != b'"').count();
                let fast = plain_before(word, |word| equal(word, b'"'));
                prop_assert_eq!(fast, slow);
            }
            let slow = text.iter().position(|byte| *byte == b'"' || *byte == 0x1f);
            prop_assert_eq!(find_either(b'"', 0x1f, &text), slow);
        }
    }
}
