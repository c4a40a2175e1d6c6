//! The service's configuration: APIs, operations, products, subscriptions, named values, backends; loaders.
//!
//! Files flow in (`tidegate.yaml`, or a folder extracted with APIOps), a [`Service`] and [`Diagnostic`]s flow out. The
//! entity types are the management API's contracts with ids checked, durations parsed, enumerations closed and named
//! values resolved, so that nothing behind this crate has to doubt them. Policy documents stay text here
//! ([`PolicyDocument`]); this crate never parses a policy, opens no socket and starts no thread.
//!
//! ```no_run
//! use tidegate_model::{LoadOptions, load};
//!
//! let loaded = load("tidegate.yaml".as_ref(), &LoadOptions::from_process_environment());
//! for diagnostic in &loaded.diagnostics {
//!     eprintln!("{}", diagnostic.message);
//! }
//! if let Some(service) = loaded.service {
//!     println!("{} APIs", service.apis.len());
//! }
//! ```
//!
//! [`Diagnostic`]: tidegate_policy_xml::diagnostic::Diagnostic

#![forbid(unsafe_code)]

mod api;
pub mod azure_openai;
mod backend;
mod duration;
mod ids;
mod load;
mod named_value;
mod origin;
mod policy;
mod product;
mod sample;
mod secret;
mod service;
mod settings;
mod template;

pub use api::{
    Api, ApiType, Example, KeyParameters, Operation, OperationResponse, Protocol, Representation,
    TemplateParameter, VersionSet, VersioningScheme,
};
pub use backend::{
    Authorization, Backend, BackendKind, Certificate, CircuitBreakerRule, Credentials,
    FailureCondition, ManagedIdentity, Pool, PoolMember, PoolStrategy, Proxy, SessionAffinity,
    SingleBackend, StatusCodeRange, TlsSettings, X509Name,
};
pub use duration::{DurationError, parse_iso8601};
pub use ids::{
    ApiIndex, BackendIndex, OperationIndex, ProductIndex, ResourceName, SubscriptionIndex,
    name_in_id, relative_id,
};
pub use load::{EnvironmentLookup, LoadOptions, Loaded, is_configuration, load};
pub use named_value::NamedValue;
pub use origin::{Located, Origin};
pub use policy::{DEFAULT_GLOBAL_POLICY, PolicyDocument, PolicyFragment};
pub use product::{
    Group, Product, Subscription, SubscriptionScope, SubscriptionState, User, UserIdentity,
};
pub use sample::Schema;
pub use secret::Secret;
pub use service::Service;
pub use settings::{
    CacheSettings, ExpressionLimits, GatewaySettings, Limits, ListenerTls, LogFormat, LogSettings,
    Timeouts, UpstreamSettings,
};
pub use template::{Piece, QueryConstraint, Segment, TemplateError, UrlTemplate};
