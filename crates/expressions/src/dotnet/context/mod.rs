//! `context` and its types: what policies know of the exchange they run in.
//!
//! The parts of `context` are [`HostObject`]s that hold no data: each member asks the [`crate::Host`] when it is read.
//! What is reached from a part but exists more than once (groups, APIs of a product, stored responses, tokens) are
//! objects of their own. Nothing here changes the exchange, except that reading a body may consume it.

mod api;
mod authorization;
mod basic;
mod body;
mod deployment;
mod extensions;
mod form;
mod jwt;
mod last_error;
mod map;
mod message;
mod people;
mod product;
mod proxy_context;
mod response;
mod url;

use std::sync::Arc;

use crate::host::MessageSide;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{HostObject, Iter, Ready, Str, Value};

pub use authorization::AuthorizationObject;
pub(crate) use map::{ReadOnlyMap, get, len, pairs};
pub use response::ResponseObject;

pub(crate) fn define(types: &mut Types) {
    proxy_context::define(types);
    api::define(types);
    product::define(types);
    people::define(types);
    deployment::define(types);
    last_error::define(types);
    message::define(types);
    body::define(types);
    url::define(types);
    form::define(types);
    jwt::define(types);
    basic::define(types);
    authorization::define(types);
    extensions::define(types);
}

/// Starts an enumeration of a part of `context`: its dictionaries can be enumerated.
pub(crate) fn iterate(host: HostObject, rt: &mut Runtime<'_>) -> R<Box<dyn Iter>> {
    let Some(entries) = pairs(host, rt)? else {
        return Err(Fault::binder(&format!(
            "'{}' cannot be enumerated.",
            host.type_of()
        )));
    };
    let pair = map::pair_type(map::value_type(host));
    Ok(Box::new(Ready(
        entries
            .into_iter()
            .map(move |(name, value)| map::pair(&pair, name, value)),
    )))
}

/// `ToString()` of a part of `context`: of a URL the whole address, of anything else the type's name.
pub(crate) fn to_text(host: HostObject, rt: &mut Runtime<'_>) -> R<Str> {
    match host {
        HostObject::Url => Ok(url::text(&rt.host.url()).into()),
        HostObject::OriginalUrl => Ok(url::text(&rt.host.original_url()).into()),
        other => Ok(Str::from(other.type_of().full_name())),
    }
}

/// A type of this folder that is no reserved name.
fn named(full_name: &str) -> Type {
    Registry::get()
        .by_full_name(full_name)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

/// A shared text as a value; the empty one costs nothing.
fn shared(text: &Arc<str>) -> Value {
    Value::Str(Str::from(text))
}

/// A shared text that may be absent.
fn optional(text: Option<&Arc<str>>) -> Value {
    text.map_or(Value::Null, shared)
}

/// The message a receiver belongs to, `None` when it is a stored response.
fn side(c: &Call<'_, '_>) -> Option<MessageSide> {
    match c.args.first() {
        Some(Value::Host(HostObject::Request)) => Some(MessageSide::Request),
        Some(Value::Host(HostObject::Response)) => Some(MessageSide::Response),
        Some(Value::Host(HostObject::Body(side))) => Some(*side),
        _ => None,
    }
}
