//! From a request line to an API, an operation and the right to call it.
//!
//! A [`Service`] flows in once and becomes a [`Router`]; scheme, path, query, headers and method of each request flow
//! in and a [`Resolution`] flows out, then, for the API found, an [`Access`]. Everything is found by walking the
//! path once (two tries, one of API paths, one of each API's templates); nothing is allocated. No socket, no policy, no
//! error text: what a finding means to the caller is not decided here.
//!
//! Rules, as API Management has them: the longest API path wins and there is no way back to a shorter one; then the
//! version, the revision and the operation are looked for. API paths and literals of templates are compared without
//! case, `%2F` does not separate segments, a slash at the end makes no difference.

mod access;
mod apis;
mod keys;
mod operations;
mod text;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method, header};
use tidegate_model::{ApiIndex, OperationIndex, Service};
use tidegate_pipeline::UrlParameters;

pub use self::access::{Access, Denial, Grant, KeyPlace};

use self::access::AccessRules;
use self::apis::ApiTrie;
use self::operations::OperationTrie;
use self::text::Path;

/// Finds the API and operation of a request, and whether the caller may use them.
pub struct Router {
    apis: ApiTrie,
    operations: Vec<OperationTrie>,
    access: AccessRules,
}

/// What a request was matched to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// An operation.
    Operation(Match),
    /// A CORS preflight of an operation (or of none), which needs no key and runs `cors` alone.
    Preflight(Place),
    /// An API without such an operation.
    NoOperation(Place),
    /// No API.
    NoApi,
}

/// An operation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The API, one of its revisions.
    pub api: ApiIndex,
    /// The operation.
    pub operation: OperationIndex,
    /// Where in the path the part after API path, version and revision begins.
    pub remainder: usize,
}

/// An API, and an operation of it where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The API.
    pub api: ApiIndex,
    /// The operation: for a preflight that of the method it asks about.
    pub operation: Option<OperationIndex>,
    /// As [`Match::remainder`].
    pub remainder: usize,
}

impl From<&Match> for Place {
    fn from(found: &Match) -> Self {
        Self {
            api: found.api,
            operation: Some(found.operation),
            remainder: found.remainder,
        }
    }
}

impl fmt::Debug for Router {
    // Keys are part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("apis", &self.operations.len())
            .finish_non_exhaustive()
    }
}

impl Router {
    /// Makes the indices of a checked service.
    pub fn build(service: &Service) -> Self {
        Self {
            apis: ApiTrie::build(service),
            operations: service
                .apis
                .iter()
                .map(|api| OperationTrie::build(&api.operations))
                .collect(),
            access: AccessRules::build(service),
        }
    }

    /// Matches a request. `path` begins with a slash and is still percent-encoded, `query` is without `?`.
    pub fn resolve(
        &self,
        scheme: &str,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        method: &Method,
    ) -> Resolution {
        let path = Path::new(path);
        let Some((api, remainder)) = self.apis.find(scheme, path, query, headers) else {
            return Resolution::NoApi;
        };
        let Some(operations) = self.operations.get(api.get()) else {
            return Resolution::NoApi;
        };
        if let Some(operation) = operations.find(method.as_str(), path, remainder, query) {
            return Resolution::Operation(Match {
                api,
                operation,
                remainder,
            });
        }
        match preflight_method(method, headers) {
            Some(requested) => Resolution::Preflight(Place {
                api,
                operation: operations.find(requested, path, remainder, query),
                remainder,
            }),
            None => Resolution::NoOperation(Place {
                api,
                operation: None,
                remainder,
            }),
        }
    }

    /// Reads an operation's parameters, percent-decoded, path first; a wildcard's name is `*`.
    pub fn parameters(
        &self,
        api: ApiIndex,
        operation: OperationIndex,
    ) -> Option<Arc<dyn UrlParameters>> {
        self.operations.get(api.get())?.template(operation)
    }

    /// Decides about the caller's key. `query` is without `?`.
    pub fn authorize(&self, api: ApiIndex, headers: &HeaderMap, query: &str) -> Access {
        self.access.decide(api, headers, query)
    }
}

/// The method a CORS preflight asks about (Fetch standard: CORS-preflight request).
fn preflight_method<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a str> {
    if method != Method::OPTIONS || !headers.contains_key(header::ORIGIN) {
        return None;
    }
    headers
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)?
        .to_str()
        .ok()
}

#[cfg(test)]
mod tests;
