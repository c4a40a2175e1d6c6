//! Tolerant, borrowing views of request bodies.
//!
//! In: a whole JSON body. Out: the members that matter for counting, limiting and routing, borrowed from the body wherever JSON
//! allows it. Reading is tolerant: unknown members are skipped, `null` means absent, and nothing is range-checked. What the
//! service itself would refuse is found by [`validate`], which only a server needs. Never changes a body.

mod chat;
mod completions;
mod embeddings;
mod input;
pub mod validate;

pub use chat::{ChatRequest, Content, Message, Part};
pub use completions::CompletionRequest;
pub use embeddings::{EmbeddingFormat, EmbeddingRequest};
pub use input::{Input, InputItem};

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The body is not a JSON object.
    #[error("the request body is not a JSON object: {reason} at line {line} column {column}")]
    NotJson {
        /// What the parser found wrong.
        reason: String,
        /// Line in the body, from 1.
        line: usize,
        /// Column in the body, from 1.
        column: usize,
    },
    /// A member has another type than the API defines.
    #[error("'{member}' is not {expected}")]
    Member {
        /// The member's name.
        member: &'static str,
        /// What it should be, such as `of type 'integer'`.
        expected: &'static str,
    },
}

impl RequestError {
    fn not_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The parser appends the position, which this error carries apart.
        let reason = text
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        RequestError::NotJson {
            reason,
            line: error.line(),
            column: error.column(),
        }
    }
}

/// A JSON string, borrowed from the body unless it holds escapes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Reads one member that was set aside raw, so that an error can name it.
fn member<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    member: &'static str,
    expected: &'static str,
) -> Result<Option<T>, RequestError> {
    raw.map(|raw| serde_json::from_str(raw.get()))
        .transpose()
        .map_err(|_| RequestError::Member { member, expected })
}

/// A count that the API allows to be missing; a negative one is a wrong type here, as no view could use it.
fn count(raw: Option<&RawValue>, name: &'static str) -> Result<Option<u64>, RequestError> {
    member(raw, name, "of type 'integer' and not negative")
}

fn flag(raw: Option<&RawValue>, name: &'static str) -> Result<bool, RequestError> {
    Ok(member(raw, name, "of type 'boolean'")?.unwrap_or(false))
}

fn number(raw: Option<&RawValue>, name: &'static str) -> Result<Option<f64>, RequestError> {
    member(raw, name, "of type 'number'")
}

/// One string or a list of them, as `stop` allows.
fn texts<'a>(raw: Option<&'a RawValue>, name: &'static str) -> Result<Vec<Text<'a>>, RequestError> {
    const EXPECTED: &str = "of type 'string' or 'array'";
    match raw {
        None => Ok(Vec::new()),
        Some(raw) if raw.get().starts_with('"') => {
            Ok(member(Some(raw), name, EXPECTED)?.into_iter().collect())
        }
        raw => Ok(member(raw, name, EXPECTED)?.unwrap_or_default()),
    }
}

/// Members that all operations with generated text share, for [`validate`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0..=2
    pub temperature: Option<f64>,
    /// 0..=1
    pub top_p: Option<f64>,
    /// -2..=2
    pub presence_penalty: Option<f64>,
    /// -2..=2
    pub frequency_penalty: Option<f64>,
}

/// `stream_options`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

fn include_usage(raw: Option<&RawValue>) -> Result<bool, RequestError> {
    let options: Option<StreamOptions> = member(raw, "stream_options", "of type 'object'")?;
    Ok(options
        .and_then(|options| options.include_usage)
        .unwrap_or(false))
}

/// The `model` member of any body, without reading the rest of it into memory.
///
/// # Errors
/// When the body is not a JSON object, or `model` is no string.
pub fn model_of(body: &[u8]) -> Result<Option<Cow<'_, str>>, RequestError> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow)]
        model: Option<&'a RawValue>,
    }
    let wire: Wire<'_> =
        serde_json::from_slice(body).map_err(|error| RequestError::not_json(&error))?;
    Ok(member::<Text<'_>>(wire.model, "model", "of type 'string'")?.map(|text| text.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_are_borrowed_and_escaped_ones_owned() {
        let plain: Text<'_> = serde_json::from_str(r#""abc""#).unwrap();
        assert!(matches!(plain.0, Cow::Borrowed("abc")));
        let escaped: Text<'_> = serde_json::from_str(r#""a\nc""#).unwrap();
        assert!(matches!(escaped.0, Cow::Owned(_)));
    }

    #[test]
    fn the_model_is_found_without_the_rest() {
        assert_eq!(
            model_of(br#"{"input":[1,2],"model":"m"}"#)
                .unwrap()
                .as_deref(),
            Some("m")
        );
        assert_eq!(model_of(br#"{}"#).unwrap(), None);
        assert!(matches!(
            model_of(br#"{"model":1}"#),
            Err(RequestError::Member {
                member: "model",
                ..
            })
        ));
    }

    #[test]
    fn broken_json_is_located() {
        let error = model_of(b"{\n  \"model\": ,").unwrap_err();
        assert!(
            matches!(error, RequestError::NotJson { line: 2, .. }),
            "{error}"
        );
    }
}
