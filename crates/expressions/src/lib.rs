//! C# policy expressions: lexer, parser, checker, compiler, values and the .NET library.
//!
//! Source text flows in, once at load: [`compile`] gives an [`Expression`] or diagnostics. An expression is shared by all
//! worker threads; [`Expression::evaluate`] runs it against a [`Host`], the exchange behind `context`, and gives a
//! [`Value`]. No I/O, no clock and no randomness of its own: all come from the host.

pub mod clr;
mod diagnostic;
mod dotnet;
mod fault;
pub mod host;
pub mod json;
pub mod runtime;
mod syntax;
pub mod types;
pub mod value;

pub use diagnostic::{ExpressionDiagnostic, Severity};
pub use dotnet::context::ResponseObject;
pub use fault::{Exception, Stop};
pub use host::{
    ApiInfo, BodyAccess, DeploymentInfo, GroupInfo, Host, IdentityInfo, LastErrorInfo, MessageSide,
    OperationInfo, ProductInfo, SubscriptionInfo, UrlView, UserInfo,
};
pub use value::{Str, Value};
