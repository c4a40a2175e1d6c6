//! Calls to other services.

pub mod send_request;
