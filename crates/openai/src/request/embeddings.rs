//! Embeddings requests.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Input, RequestError, Text, count, member};

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingFormat {
    /// A JSON array of numbers.
    #[default]
    Float,
    /// Base64 of 32-bit little-endian floats.
    Base64,
}

/// An embeddings request.
#[derive(Debug, Clone)]
pub struct EmbeddingRequest<'a> {
    /// The deployment on v1 paths; ignored on dated ones.
    pub model: Option<Text<'a>>,
    /// The inputs; an empty list when the member is missing.
    pub input: Input<'a>,
    /// How vectors are written.
    pub format: EmbeddingFormat,
    /// Numbers per vector wanted.
    pub dimensions: Option<u64>,
}

impl<'a> EmbeddingRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When the body is not a JSON object or a member has the wrong type.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        let wire: Wire<'a> =
            serde_json::from_slice(body).map_err(|error| RequestError::not_json(&error))?;
        Ok(Self {
            model: member(wire.model, "model", "of type 'string'")?,
            input: match wire.input {
                Some(raw) => Input::read(raw, "input")?,
                None => Input::Texts(Vec::new()),
            },
            format: member(
                wire.encoding_format,
                "encoding_format",
                "one of ['float', 'base64']",
            )?
            .unwrap_or_default(),
            dimensions: count(wire.dimensions, "dimensions")?,
        })
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding_format: Option<&'a RawValue>,
    #[serde(borrow)]
    dimensions: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let request =
            EmbeddingRequest::parse(br#"{"input":"x","encoding_format":"base64","dimensions":5}"#)
                .unwrap();
        assert_eq!(request.format, EmbeddingFormat::Base64);
        assert_eq!(request.dimensions, Some(5));
        assert_eq!(request.input.len(), 1);
    }

    #[test]
    fn unknown_formats_are_refused() {
        assert!(EmbeddingRequest::parse(br#"{"input":"x","encoding_format":"hex"}"#).is_err());
    }
}
