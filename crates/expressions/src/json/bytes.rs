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

/// The bytes of a word below `limit`, at most 128; marked like [`equal`].
#[inline]
pub(super) fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(LOW * u64::from(limit)) & !word & HIGH
}

/// The bytes of a word that are not ASCII.
#[inline]
pub(super) fn beyond_ascii(word: u64) -> u64 {
    word & HIGH
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
        fn words_find_what_a_loop_finds(text in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1eu8..0x24], 0..80)) {
            if let Some(word) = text.first_chunk::<8>() {
                let slow = word.iter().take_while(|byte| **byte != b'"' && **byte >= 0x20).count();
                let fast = plain_before(word, |word| equal(word, b'"') | below(word, 0x20));
                prop_assert_eq!(fast, slow);
            }
            let slow = text.iter().position(|byte| *byte == b'"' || *byte == 0x1f);
            prop_assert_eq!(find_either(b'"', 0x1f, &text), slow);
        }
    }
}
