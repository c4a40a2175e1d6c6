//! Azure OpenAI wire format, without any I/O.
//!
//! In: bytes of requests, responses, server-sent event streams and headers, as Azure OpenAI and its clients send them. Out: typed
//! views of them, builders that produce the same shapes byte for byte, and token counts.
//!
//! This crate never opens a socket, never reads a clock and never keeps state between calls, except for the tokenizer
//! vocabularies, which are loaded once, at first use or by [`tokens::preload`].
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`endpoint`] | operations, URL paths, API versions |
//! | [`model`] | model families: encoding, context size, output limit, requests per token quota |
//! | [`request`] | tolerant, borrowing views of request bodies |
//! | [`response`] | response bodies and stream chunks |
//! | [`content_filter`] | content filter annotations |
//! | [`error`] | error bodies, both to write and to read |
//! | [`headers`] | rate-limit, retry and identification headers |
//! | [`sse`] | server-sent events: encoder, incremental decoder |
//! | [`watch`] | what passes by in a stream: usage, finish reasons, errors, end |
//! | [`tokens`] | token counting with the models' own encodings |
//! | [`estimate`] | the token estimate by which Azure OpenAI limits requests on arrival |
//! | [`embedding`] | the base64 form of embedding vectors |
//!
//! ```
//! use tidegate_openai::{model, request::ChatRequest, tokens};
//!
//! let body = br#"{"messages":[{"role":"user","content":"hi"}]}"#;
//! let request = ChatRequest::parse(body)?;
//! let family = model::lookup("gpt-35-turbo");
//! assert_eq!(tokens::chat_prompt_tokens(family.encoding, &request), 8);
//! # Ok::<(), tidegate_openai::request::RequestError>(())
//! ```

pub mod content_filter;
pub mod embedding;
pub mod endpoint;
pub mod error;
pub mod estimate;
pub mod headers;
pub mod model;
pub mod request;
pub mod response;
pub mod sse;
pub mod tokens;
pub mod usage;
pub mod watch;

pub use endpoint::Operation;
pub use model::{Encoding, ModelInfo};
pub use usage::Usage;
