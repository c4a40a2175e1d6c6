//! Routing: which backend, and the call to it.

pub mod forward_request;
pub(crate) mod hop_by_hop;
mod redirect;
pub mod set_backend_service;
pub(crate) mod subscription_key;
