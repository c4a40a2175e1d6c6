//! Paths and queries as they come: segments, percent-decoding, comparison without case. Nothing here allocates unless
//! there is something to decode.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// A path to walk segment by segment.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    text: &'p str,
    is_encoded: bool,
}

impl<'p> Path<'p> {
    pub fn new(text: &'p str) -> Self {
        Self {
            text,
            is_encoded: is_encoded(text),
        }
    }

    /// The segment that begins after the slash at `at`, and where it ends. Nothing is left when the path ends at `at`,
    /// or with the slash there.
    pub fn segment(self, at: usize) -> Option<(&'p str, usize)> {
        let rest = self.text.get(at..)?.strip_prefix('/')?;
        if rest.is_empty() {
            return None;
        }
        // Segments are short: a plain loop beats a vectorised search.
        let segment = rest
            .bytes()
            .position(|byte| byte == b'/')
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        Some((segment, at + 1 + segment.len()))
    }

    /// Decodes a part of this path.
    pub fn decode(self, part: &'p str) -> Cow<'p, str> {
        if self.is_encoded {
            decode(part)
        } else {
            Cow::Borrowed(part)
        }
    }

    /// What is left from `at` on.
    pub fn rest(self, at: usize) -> &'p str {
        self.text.get(at..).unwrap_or_default()
    }
}

/// Decodes percent-encoding; bytes that are no UTF-8 become replacement characters.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if is_encoded(text) {
        percent_decode_str(text).decode_utf8_lossy()
    } else {
        Cow::Borrowed(text)
    }
}

fn is_encoded(text: &str) -> bool {
    memchr::memchr(b'%', text.as_bytes()).is_some()
}

/// Decodes a query value, in which a plus is a space.
pub(super) fn decode_query(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'+', text.as_bytes()).is_some() {
        Cow::Owned(decode(&text.replace('+', " ")).into_owned())
    } else {
        decode(text)
    }
}

/// Names and values of a query string, undecoded.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = query;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (part, tail) = cut(rest, b'&');
            rest = tail;
            if !part.is_empty() {
                return Some(cut(part, b'='));
            }
        }
        None
    })
}

/// What stands before and after the first such byte; all of it and nothing where there is none.
fn cut(text: &str, at: u8) -> (&str, &str) {
    match memchr::memchr(at, text.as_bytes()) {
        Some(end) => (
            text.get(..end).unwrap_or_default(),
            text.get(end + 1..).unwrap_or_default(),
        ),
        None => (text, ""),
    }
}

/// The first value of a query parameter, undecoded. Names are compared without case.
pub(super) fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    pairs(query)
        .find(|(key, _)| is_same(key, name) || is_encoded_name(key, name))
        .map(|(_, value)| value)
}

/// Whether two texts differ in the case of ASCII letters at most. Nearly all that are the same do not even do that.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    a == b || a.eq_ignore_ascii_case(b)
}

/// Whether a name that holds encoded characters is that name.
fn is_encoded_name(key: &str, name: &str) -> bool {
    key.bytes().any(|byte| matches!(byte, b'%' | b'+'))
        && decode_query(key).eq_ignore_ascii_case(name)
}

/// A map from texts, looked up without regard to ASCII case and without allocation.
#[derive(Debug, Default)]
pub(super) struct TextMap {
    /// Lower-case texts, while the map is built.
    building: HashMap<Box<str>, u32>,
    /// The same, sorted, once it is finished.
    sorted: Vec<(Box<str>, u32)>,
}

impl TextMap {
    /// The value of a text, made if it is not there yet. Only before [`TextMap::finish`].
    pub fn get_or_insert(&mut self, text: &str, value: u32) -> u32 {
        *self
            .building
            .entry(text.to_ascii_lowercase().into())
            .or_insert(value)
    }

    /// Makes the map ready for [`TextMap::get`].
    pub fn finish(&mut self) {
        self.sorted = std::mem::take(&mut self.building).into_iter().collect();
        self.sorted
            .sort_unstable_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    }

    /// The value of a text.
    pub fn get(&self, text: &str) -> Option<u32> {
        let at = self
            .sorted
            .binary_search_by(|(key, _)| {
                // Most are told apart by their length, and the others are nearly always equal.
                match key.len().cmp(&text.len()) {
                    Ordering::Equal if is_same(key, text) => Ordering::Equal,
                    Ordering::Equal => key
                        .bytes()
                        .cmp(text.bytes().map(|byte| byte.to_ascii_lowercase())),
                    unequal => unequal,
                }
            })
            .ok()?;
        self.sorted.get(at).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<&str> {
        let mut at = 0;
        std::iter::from_fn(|| {
            let (segment, end) = Path::new(path).segment(at)?;
            at = end;
            Some(segment)
        })
        .collect()
    }

    #[test]
    fn paths_fall_into_segments_and_a_last_slash_is_none() {
        assert_eq!(segments("/a/b%2Fc"), ["a", "b%2Fc"]);
        assert_eq!(segments("/a/"), ["a"]);
        assert_eq!(segments("//a"), ["", "a"]);
        assert_eq!(segments("/a//"), ["a", ""]);
        assert!(segments("/").is_empty());
        assert!(segments("").is_empty());
        assert!(segments("*").is_empty());
    }

    #[test]
    fn query_values_are_found_by_name_without_case() {
        assert_eq!(query_value("a=1&B=2&b=3&c", "b"), Some("2"));
        assert_eq!(query_value("a=1&c", "C"), Some(""));
        assert_eq!(query_value("api%2Dversion=x", "api-version"), Some("x"));
        assert_eq!(query_value("&&", "a"), None);
        assert_eq!(decode_query("a+b%2Bc"), "a b+c");
    }

    #[test]
    fn text_map_finds_any_case() {
        let mut map = TextMap::default();
        for (value, text) in ["Chat", "audio", "Embeddings"].iter().enumerate() {
            map.get_or_insert(text, value as u32);
        }
        assert_eq!(map.get_or_insert("AUDIO", 9), 1);
        map.finish();
        assert_eq!(map.get("CHAT"), Some(0));
        assert_eq!(map.get("embeddings"), Some(2));
        assert_eq!(map.get("chats"), None);
    }
}
