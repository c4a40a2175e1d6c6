//! `System.Uri`, `System.Net`: addresses of things. Text only, nothing here connects.

mod ip_address;
mod uri;
mod uri_builder;
mod uri_parts;
mod uri_text;
mod web_utility;

use crate::types::Types;

pub(crate) use uri::{uri_from_text, uri_original};

pub(super) fn define(types: &mut Types) {
    uri::define(types);
    uri_builder::define(types);
    ip_address::define(types);
    web_utility::define(types);
}
