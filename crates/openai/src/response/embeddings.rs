//! Embeddings responses.

use serde::Serialize;

use crate::usage::Usage;

/// The answer to an embeddings request.
#[derive(Debug, Clone, Serialize)]
pub struct EmbeddingList<'a> {
    /// One entry per input.
    pub data: Vec<EmbeddingItem>,
    /// The model's name.
    pub model: &'a str,
    /// `list`
    pub object: &'static str,
    /// What it cost.
    pub usage: Usage,
}

/// One vector.
#[derive(Debug, Clone, Serialize)]
pub struct EmbeddingItem {
    /// The vector.
    pub embedding: Vector,
    /// Which input, from 0.
    pub index: u32,
    /// `embedding`
    pub object: &'static str,
}

/// A vector in the form asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Vector {
    /// Numbers.
    Numbers(Vec<f32>),
    /// Base64 of 32-bit little-endian floats.
    Base64(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_services_shape() {
        let item = |embedding| EmbeddingItem {
            embedding,
            index: 0,
            object: "embedding",
        };
        let list = EmbeddingList {
            data: vec![
                item(Vector::Numbers(vec![0.5, -1.0])),
                item(Vector::Base64("AAAAPw==".into())),
            ],
            model: "text-embedding-ada-002",
            object: "list",
            usage: Usage::embeddings(8),
        };
        assert_eq!(
            serde_json::to_string(&list).unwrap(),
            r#"{"data":[{"embedding":[0.5,-1.0],"index":0,"object":"embedding"},{"embedding":"AAAAPw==","index":0,"object":"embedding"}],"model":"text-embedding-ada-002","object":"list","usage":{"prompt_tokens":8,"total_tokens":8}}"#
        );
    }
}
