//! The built-in steps of a request, before any policy: API, operation, and the right to call it.
//!
//! In: a configuration and an exchange that has just arrived. Out: the exchange told what it was matched to, and the
//! [`Way`] it takes. What a policy does with that is the pipeline's business.

use std::sync::Arc;

use http::{HeaderValue, header};
use tidegate_model::{ApiIndex, ProductIndex};
use tidegate_pipeline::{
    CurrentBackend, Exchange, KeyLocation, Matched, MatchedParameters, PolicyError, Program, run,
};

use crate::compiled::Compiled;
use crate::route::{Access, Denial, Grant, KeyPlace, Match, Place, Resolution};

/// What is left to do for a request.
pub enum Way {
    /// All of its program.
    Program(Arc<Program>),
    /// On-error alone: a built-in step has failed.
    Failed(Arc<Program>, PolicyError),
    /// What a program does for a request that it has no operation for.
    Unmatched(Arc<Program>),
    /// Nothing: it is answered.
    Answered,
}

impl Way {
    /// Goes the way to its end: the exchange holds a response afterwards.
    pub async fn walk(self, exchange: &mut Exchange) {
        match self {
            Self::Program(program) => run(&program, exchange).await,
            // Rare, and as large as the way of all others.
            Self::Failed(program, error) => Box::pin(program.run_failed(exchange, error)).await,
            Self::Unmatched(program) => {
                Box::pin(program.run_unmatched(exchange, not_found())).await;
            }
            Self::Answered => exchange.finish(),
        }
    }
}

/// Matches a request and decides about the caller.
pub fn enter(compiled: &Compiled, exchange: &mut Exchange) -> Way {
    let request = &exchange.request;
    let resolution = compiled.router.resolve(
        request.url.scheme(),
        request.url.original_path(),
        request.url.original_query(),
        &request.headers,
        &request.method,
    );
    match resolution {
        Resolution::Operation(found) => {
            let query = request.url.original_query();
            let access = compiled
                .router
                .authorize(found.api, &request.headers, query);
            match access {
                Access::Granted(grant) => admit(compiled, &found, grant, exchange),
                Access::Denied(denial) => {
                    let program = tell(compiled, Place::from(&found), None, exchange);
                    let error = denied(compiled, found.api, denial, exchange);
                    Way::Failed(program, error)
                }
            }
        }
        Resolution::Preflight(place) => preflight(tell(compiled, place, None, exchange), exchange),
        Resolution::NoOperation(place) => Way::Unmatched(tell(compiled, place, None, exchange)),
        Resolution::NoApi => Way::Unmatched(compiled.global().clone()),
    }
}

/// Lets a request pass to the operation it was matched to.
pub fn admit(compiled: &Compiled, found: &Match, grant: Grant, exchange: &mut Exchange) -> Way {
    let program = tell(compiled, Place::from(found), grant.product, exchange);
    exchange.matched.product = grant
        .product
        .and_then(|product| compiled.product(product))
        .cloned();
    if let Some((subscription, secondary)) = grant.subscription
        && let Some((info, owner)) = compiled.subscription(subscription, secondary)
    {
        exchange.matched.subscription = Some(info.clone());
        exchange.matched.user = owner.cloned();
    }
    exchange.key_location = grant.key.map(|place| match place {
        KeyPlace::Header(name) => KeyLocation::Header(name),
        KeyPlace::Query(name) => KeyLocation::Query(name),
    });
    Way::Program(program)
}

fn preflight(program: Arc<Program>, exchange: &mut Exchange) -> Way {
    match program.run_preflight(exchange) {
        Ok(true) => Way::Answered,
        Ok(false) => Way::Failed(program, not_found()),
        Err(error) => Way::Failed(program, error),
    }
}

/// Tells the exchange what it was matched to, and returns the program that belongs there.
fn tell(
    compiled: &Compiled,
    place: Place,
    product: Option<ProductIndex>,
    exchange: &mut Exchange,
) -> Arc<Program> {
    exchange.request.url.set_remainder(place.remainder);
    if let Some(operation) = place.operation
        && let Some(template) = compiled.router.parameters(place.api, operation)
    {
        exchange.request.matched_parameters = MatchedParameters::new(template);
    }
    let Some(found) = compiled.find(place.api, place.operation, product) else {
        return compiled.global().clone();
    };
    exchange.matched = Matched {
        api: Some(found.api.clone()),
        operation: found.operation.cloned(),
        declared: found.declared.cloned(),
        ..Matched::default()
    };
    exchange.backend = match found.service_url {
        Some(target) => CurrentBackend::bare(target.clone()),
        None => CurrentBackend::none(),
    };
    found.program.clone()
}

fn not_found() -> PolicyError {
    PolicyError::new(
        "configuration",
        Some("OperationNotFound"),
        "Unable to match incoming request to an operation.",
    )
    .answer(404, Some("Resource not found".into()))
    .status_reason("Resource Not Found")
}

/// APIM's 401, byte for byte.
fn denied(compiled: &Compiled, api: ApiIndex, denial: Denial, exchange: &Exchange) -> PolicyError {
    let (reason, message, public) = match denial {
        Denial::KeyNotFound => (
            "SubscriptionKeyNotFound",
            "Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API.",
            "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        ),
        Denial::KeyInvalid => (
            "SubscriptionKeyInvalid",
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        ),
    };
    let (path, key_header) = compiled
        .find(api, None, None)
        .map_or(("", "Ocp-Apim-Subscription-Key"), |found| {
            (&*found.api.path, &*found.api.key_header)
        });
    let url = &exchange.request.url;
    let challenge = format!(
        "AzureApiManagementKey realm=\"{}://{}/{path}\",name=\"{key_header}\",type=\"header\"",
        url.scheme(),
        url.host(),
    );
    let error = PolicyError::new("authorization", Some(reason), message)
        .answer(401, Some(public.to_owned()))
        .status_reason("Access Denied");
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => error.header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => error,
    }
}
