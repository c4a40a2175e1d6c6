//! End to end: the real binary, real sockets, the Azure OpenAI simulator, the stock OpenAI SDK.

mod apiops;
mod backend;
mod bad_input;
mod bodies;
mod challenge;
mod command_line;
mod documents;
mod eval;
mod harness;
mod keys;
mod life;
mod policies;
mod tls;
