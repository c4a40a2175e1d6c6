//! End to end: the real binary, real sockets, the Azure OpenAI simulator, the stock OpenAI SDK.

mod bad_input;
mod challenge;
mod command_line;
mod eval;
mod harness;
mod life;
