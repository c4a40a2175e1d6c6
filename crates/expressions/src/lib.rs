//! C# policy expressions: lexer, parser, checker, compiler, values and the .NET library.
//!
//! Source text flows in, once at load: [`compile`] gives an [`Expression`] or diagnostics. An expression is shared by all
//! worker threads; [`Expression::evaluate`] runs it against a [`Host`], the exchange behind `context`, and gives a
//! [`Value`]. No I/O, no clock and no randomness of its own: all come from the host.
//!
//! ```
//! use tidegate_expressions::{Nowhere, Options, Target, compile, convert};
//!
//! let expression = compile("@(new[] { 1, 2, 3 }.Sum())", Target::Int, &Options::default())?;
//! let value = expression.evaluate(&mut Nowhere::default()).expect("a number");
//! assert_eq!(convert::to_int(&value), Ok(6));
//!
//! let mistakes = compile("@(context.Request.Heders)", Target::Any, &Options::default()).unwrap_err();
//! assert_eq!(mistakes[0].code, "CS1061");
//! assert_eq!(mistakes[0].help.as_deref(), Some("did you mean `Headers`?"));
//! # Ok::<(), Vec<tidegate_expressions::ExpressionDiagnostic>>(())
//! ```

mod advice;
mod bind;
pub mod clr;
mod compile;
pub mod convert;
mod crypto;
mod diagnostic;
mod dotnet;
mod expression;
mod fault;
mod forest;
pub mod host;
pub mod json;
pub mod notation;
pub mod parts;
pub mod reference;
mod regex;
pub mod runtime;
mod syntax;
pub mod types;
pub mod value;
mod xml;
mod xpath;

pub use diagnostic::{ExpressionDiagnostic, Severity};
pub use dotnet::context::{AuthorizationObject, ResponseObject};
pub use expression::{Effects, Expression, Options, Target, compile};
pub use fault::{Exception, Stop};
pub use host::{
    ApiInfo, BodyAccess, DeploymentInfo, GroupInfo, Host, IdentityInfo, LastErrorInfo, MessageSide,
    Nowhere, OperationInfo, ProductInfo, SubscriptionInfo, UrlView, UserInfo,
};
pub use runtime::Limits;
pub use value::{Const, Str, Value};
