//! The base64 form of embedding vectors: 32-bit floats, little endian.
//!
//! In: numbers. Out: the text that the official clients ask for by default, and back. Never normalises or checks the numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Why a text is no embedding.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EmbeddingError {
    /// Not base64.
    #[error("the embedding is not valid base64")]
    NotBase64,
    /// Not a whole number of 32-bit floats.
    #[error("the embedding's {0} bytes are not a whole number of 32-bit floats")]
    CutShort(usize),
}

/// Encodes a vector.
///
/// ```
/// assert_eq!(tidegate_openai::embedding::to_base64(&[0.5, -1.0, 0.25]), "AAAAPwAAgL8AAIA+");
/// ```
pub fn to_base64(vector: &[f32]) -> String {
    let mut bytes = Vec::with_capacity(vector.len() * 4);
    for number in vector {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    STANDARD.encode(bytes)
}

/// Decodes a vector.
///
/// # Errors
/// When the text is not base64 or ends within a number.
pub fn from_base64(text: &str) -> Result<Vec<f32>, EmbeddingError> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| EmbeddingError::NotBase64)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(EmbeddingError::CutShort(bytes.len()));
    }
    Ok(numbers
        .iter()
        .map(|number| f32::from_le_bytes(*number))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_survive_a_round_trip() {
        let vector = [0.5, -1.0, 0.25];
        assert_eq!(from_base64(&to_base64(&vector)).unwrap(), vector);
        assert_eq!(to_base64(&[0.0; 1_536]).len(), 8_192);
    }

    #[test]
    fn broken_texts_are_refused() {
        assert_eq!(from_base64("?"), Err(EmbeddingError::NotBase64));
        assert_eq!(from_base64("AAA="), Err(EmbeddingError::CutShort(2)));
    }
}
