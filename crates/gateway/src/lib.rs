//! The data plane: listeners, routing to API and operation, subscription keys, upstream connections

pub mod server;
pub mod upstream;
