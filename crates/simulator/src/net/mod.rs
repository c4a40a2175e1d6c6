//! Sockets: listeners that can vanish and come back, connections that can be broken on purpose.
//!
//! In: connections. Out: requests for [`crate::serve`] and for the admin endpoint, and their answers on the wire. Knows nothing of
//! what requests mean.

mod connection;
mod http_service;
mod listener;

pub(crate) use http_service::{Scope, ServerContext, Stage};
pub(crate) use listener::Listener;
pub use listener::StartError;
