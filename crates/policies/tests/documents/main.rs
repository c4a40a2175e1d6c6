//! Whole policy documents, compiled, linked and run against a world of fake ports.

mod backends;
mod caching;
mod cors;
mod diagnostics;
mod errors;
mod flow;
mod forwarding;
mod retry;
mod send_request;
mod support;
mod tracing;
mod transform;
