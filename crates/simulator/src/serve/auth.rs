//! Who may use a resource.
//!
//! In: request headers. Out: admitted, or the error the service answers. Keys themselves go nowhere else.

use http::{HeaderMap, header};
use tidegate_openai::error::ErrorBody;
use tidegate_openai::headers::API_KEY;

use crate::config::{ApiKey, EntraMode, hint};
use crate::counters::lock;
use crate::resource::Resource;

/// Admits a request that has a valid key or token in either header.
pub(super) fn check(resource: &Resource, headers: &HeaderMap) -> Result<(), ErrorBody> {
    let key = headers.get(&API_KEY).and_then(|value| value.to_str().ok());
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    for presented in [key, bearer].into_iter().flatten() {
        if let Some(slot) = slot(&resource.keys, presented) {
            used(resource, slot, presented);
            return Ok(());
        }
    }
    if let Some(token) = bearer {
        let accepted = match resource.config.entra {
            EntraMode::WellFormed => is_jwt(token),
            EntraMode::Listed => resource
                .config
                .tokens
                .iter()
                .any(|known| same(known.expose(), token)),
            EntraMode::Off => false,
        };
        if accepted {
            used(resource, "token", token);
            return Ok(());
        }
    }
    match (key, bearer) {
        (Some(key), _) => {
            used(resource, "rejected", key);
            Err(ErrorBody::access_denied())
        }
        (None, Some(token)) => {
            used(resource, "rejected", token);
            // A plain key sent as a bearer token fails as a key, anything else as a token.
            Err(if token.contains('.') {
                ErrorBody::unauthorized()
            } else {
                ErrorBody::access_denied()
            })
        }
        (None, None) => Err(ErrorBody::unauthorized()),
    }
}

fn used(resource: &Resource, what: &'static str, key: &str) {
    lock(&resource.ledger).key_used(what, hint(key));
}

fn slot(keys: &[ApiKey], presented: &str) -> Option<&'static str> {
    let at = keys.iter().position(|key| same(key.expose(), presented))?;
    Some(if at == 0 { "key1" } else { "key2" })
}

/// Compares without ending early, so that a wrong key tells nothing by its time.
fn same(known: &str, presented: &str) -> bool {
    known.len() == presented.len()
        && known
            .bytes()
            .zip(presented.bytes())
            .fold(0, |different, (a, b)| different | (a ^ b))
            == 0
}

fn is_jwt(token: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    token.split('.').count() == 3 && token.split('.').all(part)
}
