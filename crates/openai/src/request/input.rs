//! Prompts and inputs: a text, a list of texts, a list of tokens, or a list of token lists.

use serde_json::value::RawValue;

use super::{RequestError, Text};

/// The `prompt` of a legacy completion or the `input` of an embeddings request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// One text.
    Text(Text<'a>),
    /// Several texts.
    Texts(Vec<Text<'a>>),
    /// One text, already in tokens.
    Tokens(Vec<u32>),
    /// Several texts, already in tokens.
    TokenLists(Vec<Vec<u32>>),
}

/// One text or token list out of an [`Input`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputItem<'i> {
    /// A text.
    Text(&'i str),
    /// Tokens.
    Tokens(&'i [u32]),
}

impl InputItem<'_> {
    /// Unicode characters; four for each token, the length that the estimate rule assumes.
    pub fn chars(&self) -> u64 {
        match self {
            InputItem::Text(text) => text.chars().count() as u64,
            InputItem::Tokens(tokens) => (tokens.len() as u64).saturating_mul(4),
        }
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        match self {
            InputItem::Text(text) => text.is_empty(),
            InputItem::Tokens(tokens) => tokens.is_empty(),
        }
    }
}

impl<'a> Input<'a> {
    pub(super) fn read(raw: &'a RawValue, member: &'static str) -> Result<Self, RequestError> {
        let wrong = |_| RequestError::Member {
            member,
            expected: "of type 'string' or 'array'",
        };
        let text = raw.get();
        let inside = text.strip_prefix('[').map(str::trim_start);
        match inside.and_then(|inside| inside.bytes().next()) {
            None => serde_json::from_str(text).map(Input::Text).map_err(wrong),
            Some(b'[') => serde_json::from_str(text)
                .map(Input::TokenLists)
                .map_err(wrong),
            Some(b'0'..=b'9') => serde_json::from_str(text).map(Input::Tokens).map_err(wrong),
            Some(_) => serde_json::from_str(text).map(Input::Texts).map_err(wrong),
        }
    }

    /// How many texts or token lists there are.
    pub fn len(&self) -> usize {
        match self {
            Input::Text(_) | Input::Tokens(_) => 1,
            Input::Texts(texts) => texts.len(),
            Input::TokenLists(lists) => lists.len(),
        }
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The texts or token lists, in order.
    pub fn iter(&self) -> impl Iterator<Item = InputItem<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    fn get(&self, at: usize) -> Option<InputItem<'_>> {
        match self {
            Input::Text(text) => Some(InputItem::Text(text.as_str())),
            Input::Tokens(tokens) => Some(InputItem::Tokens(tokens)),
            Input::Texts(texts) => texts.get(at).map(|text| InputItem::Text(text.as_str())),
            Input::TokenLists(lists) => lists.get(at).map(|tokens| InputItem::Tokens(tokens)),
        }
    }

    /// Unicode characters of all of them.
    pub fn chars(&self) -> u64 {
        self.iter()
            .map(|item| item.chars())
            .fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Input<'static>, RequestError> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        Input::read(Box::leak(raw), "input")
    }

    #[test]
    fn all_four_forms_are_read() {
        assert_eq!(read(r#""a""#).unwrap().len(), 1);
        assert_eq!(read(r#"["a", "b"]"#).unwrap().len(), 2);
        assert_eq!(read("[ 1, 2, 3]").unwrap(), Input::Tokens(vec![1, 2, 3]));
        assert_eq!(
            read("[[1],[2,3]]").unwrap(),
            Input::TokenLists(vec![vec![1], vec![2, 3]])
        );
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn other_forms_are_refused() {
        for json in ["1", "{}", "[1,\"a\"]", "[{}]", "[-1]", "true"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn characters_are_unicode_characters() {
        assert_eq!(read(r#"["é東", "👍"]"#).unwrap().chars(), 3);
        assert_eq!(read("[1,2]").unwrap().chars(), 8);
    }
}
