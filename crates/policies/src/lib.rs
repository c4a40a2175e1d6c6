//! Every APIM policy, one file each: definition, compiled form, run function, tests.
//!
//! [`compile_document`] turns a policy document into statements, [`link`] splices the documents of all scopes into a
//! [`tidegate_pipeline::Program`]. [`registry::POLICIES`] lists what there is. Policies reach the world only through
//! the ports of the exchange.

#![forbid(unsafe_code)]

mod compile;
pub mod definition;
pub mod registry;
mod setting;

mod caching;
mod cross_domain;
mod flow;
mod integration;
mod logging;
mod routing;
mod transform;

pub use compile::{
    CompiledDocument, Compiler, Context, DEFAULT_GLOBAL_DOCUMENT, ExpressionCount, check_fragment,
    compile_document, count_expressions, link,
};
pub use routing::hop_by_hop::strip_connection;
