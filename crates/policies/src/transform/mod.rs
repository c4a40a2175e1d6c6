//! Transformation of requests and responses.

pub mod message;
pub mod rewrite_uri;
pub mod set_body;
pub mod set_header;
pub mod set_method;
pub mod set_query_parameter;
pub mod set_status;
pub mod set_variable;
