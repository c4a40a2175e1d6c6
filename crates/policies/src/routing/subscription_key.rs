//! The client's subscription key on its way to a backend: passed on as APIM does, or taken out where the configuration
//! says so.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use tidegate_pipeline::{Exchange, KeyLocation, RequestUrl};

use crate::transform::set_query_parameter::pair_is;

/// Where the key is, when it must not be passed on.
fn unwanted(exchange: &Exchange) -> Option<&KeyLocation> {
    let strips = exchange.runtime.always_strip_subscription_key;
    exchange.key_location.as_ref().filter(|_| strips)
}

/// Takes the key out of a request's headers.
pub(crate) fn strip_header(exchange: &Exchange, headers: &mut HeaderMap) {
    if let Some(KeyLocation::Header(name)) = unwanted(exchange)
        && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
    {
        headers.remove(name);
    }
}

/// The request's URL without the key.
pub(crate) fn url(exchange: &Exchange) -> Cow<'_, RequestUrl> {
    let url = &exchange.request.url;
    let Some(KeyLocation::Query(name)) = unwanted(exchange) else {
        return Cow::Borrowed(url);
    };
    let kept: Vec<&str> = url
        .query()
        .split('&')
        .filter(|pair| !pair_is(pair, name))
        .collect();
    let mut without = url.clone();
    without.set_query(kept.join("&"));
    Cow::Owned(without)
}
