//! Model families: what a model's name says about its tokenizer, sizes and quota.
//!
//! In: a model name, with or without version, in Azure's or OpenAI's spelling. Out: one row of the table. Never looks at
//! deployment names: they are the customer's choice and say nothing about the model.

use crate::endpoint::Operation;

/// A tokenizer vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// gpt-35-turbo, gpt-4 and all text embedding models.
    Cl100kBase,
    /// gpt-4o and everything newer.
    O200kBase,
}

impl Encoding {
    /// The encoding's usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Cl100kBase => "cl100k_base",
            Encoding::O200kBase => "o200k_base",
        }
    }

    /// The encoding of a model, by [`lookup`].
    pub fn for_model(model: &str) -> Self {
        lookup(model).encoding
    }
}

/// Sizes of an embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingInfo {
    /// Numbers in a vector unless the request asks for fewer.
    pub dimensions: u32,
    /// Whether the request may ask for fewer (`dimensions`).
    pub adjustable: bool,
}

/// One family of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelInfo {
    /// The family's name in Azure's spelling; every model whose name starts so belongs to it.
    pub family: &'static str,
    /// The tokenizer.
    pub encoding: Encoding,
    /// The version in the name that responses carry (`gpt-4o-2024-11-20`), for families that carry one.
    pub response_version: Option<&'static str>,
    /// Prompt and completion together, in tokens.
    pub context_window: u32,
    /// The longest completion, in tokens; 0 for embeddings.
    pub max_output: u32,
    /// Completion cap where the request gives none, if lower than `max_output`.
    pub default_output: Option<u32>,
    /// Requests per minute that come with `quota_tokens` tokens per minute.
    pub quota_requests: u32,
    /// See `quota_requests`.
    pub quota_tokens: u32,
    /// Whether chat completions work.
    pub chat: bool,
    /// Whether legacy completions work.
    pub completions: bool,
    /// Sizes, for an embedding model.
    pub embedding: Option<EmbeddingInfo>,
    /// Whether `usage` carries the detail objects.
    pub usage_details: bool,
    /// Whether `max_tokens` is refused in favour of `max_completion_tokens` (reasoning models).
    pub reasoning: bool,
}

impl ModelInfo {
    /// Whether the model answers an operation.
    pub const fn supports(&self, operation: Operation) -> bool {
        match operation {
            Operation::ChatCompletions => self.chat,
            Operation::Completions => self.completions,
            Operation::Embeddings => self.embedding.is_some(),
        }
    }

    /// Requests per minute that come with a token quota: `quota × ratio`, at least 1.
    pub fn requests_per_minute(&self, tokens_per_minute: u64) -> u64 {
        (tokens_per_minute.saturating_mul(u64::from(self.quota_requests))
            / u64::from(self.quota_tokens.max(1)))
        .max(1)
    }

    /// The `model` member of responses for a deployment of `model` in version `version`.
    ///
    /// Never the deployment's name. Old families answer with their bare name, newer ones with name and date.
    pub fn response_name(&self, model: &str, version: Option<&str>) -> String {
        let model = azure_spelling(model);
        let Some(default_version) = self.response_version else {
            return if !self.family.is_empty() && model.starts_with(self.family) {
                self.family.to_owned()
            } else {
                model
            };
        };
        if model == self.family {
            format!("{model}-{}", version.unwrap_or(default_version))
        } else {
            match version {
                Some(version) if !model.ends_with(version) => format!("{model}-{version}"),
                _ => model,
            }
        }
    }
}

const fn chat(
    family: &'static str,
    encoding: Encoding,
    context_window: u32,
    max_output: u32,
) -> ModelInfo {
    ModelInfo {
        family,
        encoding,
        response_version: None,
        context_window,
        max_output,
        default_output: None,
        quota_requests: 6,
        quota_tokens: 1_000,
        chat: true,
        completions: false,
        embedding: None,
        usage_details: false,
        reasoning: false,
    }
}

const fn modern(
    family: &'static str,
    version: &'static str,
    context_window: u32,
    max_output: u32,
    requests: u32,
) -> ModelInfo {
    ModelInfo {
        response_version: Some(version),
        quota_requests: requests,
        usage_details: true,
        ..chat(family, Encoding::O200kBase, context_window, max_output)
    }
}

const fn reasoning(
    family: &'static str,
    version: &'static str,
    context_window: u32,
    max_output: u32,
    requests: u32,
) -> ModelInfo {
    ModelInfo {
        reasoning: true,
        ..modern(family, version, context_window, max_output, requests)
    }
}

const fn embedding(family: &'static str, dimensions: u32, adjustable: bool) -> ModelInfo {
    ModelInfo {
        chat: false,
        embedding: Some(EmbeddingInfo {
            dimensions,
            adjustable,
        }),
        ..chat(family, Encoding::Cl100kBase, 8_192, 0)
    }
}

const CL: Encoding = Encoding::Cl100kBase;

/// Longer names stand before the shorter ones that they start with.
const FAMILIES: &[ModelInfo] = &[
    ModelInfo {
        chat: false,
        completions: true,
        ..chat("gpt-35-turbo-instruct", CL, 4_097, 4_096)
    },
    // Early snapshots of this family answer legacy completions as well as chat.
    ModelInfo {
        completions: true,
        ..chat("gpt-35-turbo", CL, 16_385, 4_096)
    },
    ModelInfo {
        default_output: Some(4_096),
        ..modern("gpt-4o-mini", "2024-07-18", 128_000, 16_384, 10)
    },
    ModelInfo {
        default_output: Some(4_096),
        ..modern("gpt-4o", "2024-11-20", 128_000, 16_384, 6)
    },
    modern("gpt-4.1-mini", "2025-04-14", 1_047_576, 32_768, 1),
    modern("gpt-4.1-nano", "2025-04-14", 1_047_576, 32_768, 1),
    modern("gpt-4.1", "2025-04-14", 1_047_576, 32_768, 1),
    modern("gpt-4.5-preview", "2025-02-27", 128_000, 16_384, 1),
    chat("gpt-4-turbo", CL, 128_000, 4_096),
    chat("gpt-4-32k", CL, 32_768, 32_768),
    chat("gpt-4", CL, 8_192, 8_192),
    ModelInfo {
        quota_tokens: 10_000,
        ..reasoning("o1-mini", "2024-09-12", 128_000, 65_536, 1)
    },
    ModelInfo {
        quota_tokens: 6_000,
        ..reasoning("o1", "2024-12-17", 200_000, 100_000, 1)
    },
    ModelInfo {
        quota_tokens: 10_000,
        ..reasoning("o3-mini", "2025-01-31", 200_000, 100_000, 1)
    },
    ModelInfo {
        quota_tokens: 10_000,
        ..reasoning("o3-pro", "2025-06-10", 200_000, 100_000, 1)
    },
    reasoning("o3", "2025-04-16", 200_000, 100_000, 1),
    reasoning("o4-mini", "2025-04-16", 200_000, 100_000, 1),
    reasoning("codex-mini", "2025-05-16", 200_000, 100_000, 1),
    reasoning("gpt-5-mini", "2025-08-07", 400_000, 128_000, 1),
    reasoning("gpt-5-nano", "2025-08-07", 400_000, 128_000, 1),
    reasoning("gpt-5.4-mini", "2026-03-17", 400_000, 128_000, 1),
    reasoning("gpt-5.1", "2025-11-13", 400_000, 128_000, 10),
    reasoning("gpt-5", "2025-08-07", 400_000, 128_000, 10),
    chat("gpt-oss", Encoding::O200kBase, 131_072, 131_072),
    embedding("text-embedding-ada-002", 1_536, false),
    embedding("text-embedding-3-small", 1_536, true),
    embedding("text-embedding-3-large", 3_072, true),
    ModelInfo {
        chat: false,
        completions: true,
        ..chat("davinci-002", CL, 16_384, 16_384)
    },
    ModelInfo {
        chat: false,
        completions: true,
        ..chat("babbage-002", CL, 16_384, 16_384)
    },
];

/// Names that no family claims are taken for chat models newer than the table.
const UNKNOWN: ModelInfo = ModelInfo {
    usage_details: true,
    ..chat("", Encoding::O200kBase, 128_000, 16_384)
};

/// The family of a model: exact name first, then the longest prefix; an unknown name gets the newest encoding.
///
/// ```
/// use tidegate_openai::{Encoding, model};
/// assert_eq!(model::lookup("gpt-3.5-turbo-0125").encoding, Encoding::Cl100kBase);
/// assert_eq!(model::lookup("gpt-4o-2024-08-06").encoding, Encoding::O200kBase);
/// assert_eq!(model::lookup("gpt-4-0613").context_window, 8_192);
/// ```
pub fn lookup(model: &str) -> &'static ModelInfo {
    let name = azure_spelling(model);
    FAMILIES
        .iter()
        .filter(|family| name.starts_with(family.family))
        .max_by_key(|family| family.family.len())
        .unwrap_or(&UNKNOWN)
}

/// Whether the table knows the model's family.
pub fn is_known(model: &str) -> bool {
    !lookup(model).family.is_empty()
}

/// Azure's spelling of a model name: lower case, `gpt-35-turbo` for `gpt-3.5-turbo`.
fn azure_spelling(model: &str) -> String {
    let lower = model.trim().to_ascii_lowercase();
    match lower.strip_prefix("gpt-3.5") {
        Some(rest) => format!("gpt-35{rest}"),
        None => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        assert_eq!(lookup("gpt-4o-mini-2024-07-18").family, "gpt-4o-mini");
        assert_eq!(lookup("gpt-4o").family, "gpt-4o");
        assert_eq!(lookup("gpt-4-32k-0613").family, "gpt-4-32k");
        assert_eq!(lookup("gpt-35-turbo-16k").family, "gpt-35-turbo");
    }

    #[test]
    fn unknown_models_get_the_newest_encoding() {
        assert_eq!(lookup("gpt-6").encoding, Encoding::O200kBase);
        assert!(!is_known("gpt-6"));
        assert!(is_known("GPT-3.5-turbo"));
    }

    #[test]
    fn response_names_follow_the_family() {
        let name = |model: &str, version| lookup(model).response_name(model, version);
        assert_eq!(name("gpt-3.5-turbo-0125", None), "gpt-35-turbo");
        assert_eq!(name("gpt-4", Some("0613")), "gpt-4");
        assert_eq!(name("gpt-4o", None), "gpt-4o-2024-11-20");
        assert_eq!(name("gpt-4o", Some("2024-08-06")), "gpt-4o-2024-08-06");
        assert_eq!(name("gpt-4o-2024-08-06", None), "gpt-4o-2024-08-06");
        assert_eq!(
            name("text-embedding-ada-002", Some("2")),
            "text-embedding-ada-002"
        );
        assert_eq!(name("gpt-9", None), "gpt-9");
    }

    #[test]
    fn request_quota_follows_the_ratio() {
        assert_eq!(lookup("gpt-35-turbo").requests_per_minute(60_000), 360);
        assert_eq!(lookup("gpt-4.1").requests_per_minute(60_000), 60);
        assert_eq!(lookup("o1").requests_per_minute(60_000), 10);
        assert_eq!(lookup("o1").requests_per_minute(100), 1);
    }
}
