//! `context` and its types.

mod response;

use crate::runtime::{Fault, R, Runtime};
use crate::types::Types;
use crate::value::{HostObject, Iter, Str};

pub use response::ResponseObject;

pub(crate) fn define(_types: &mut Types) {}

pub(crate) fn iterate(host: HostObject, _rt: &mut Runtime<'_>) -> R<Box<dyn Iter>> {
    Err(Fault::binder(&format!("'{}' cannot be enumerated.", host.type_of())))
}

pub(crate) fn to_text(host: HostObject, _rt: &mut Runtime<'_>) -> R<Str> {
    Ok(Str::from(host.type_of().full_name()))
}
