//! Where policies would send requests: they run, with nobody at the other end.
//!
//! In: a configuration and the names of deployments. Out: every address a request for one of them goes to, with the key it takes
//! along. All calls are answered 429 and waits end at once, so that a policy that asks elsewhere names all the places it knows. No
//! connection is opened, and what the policies keep is thrown away.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri, Version};
use tidegate_gateway::route::{Grant, Match};
use tidegate_gateway::{Compiled, SystemClock, SystemRandom, admit};
use tidegate_model::{Operation, OperationIndex, ProductIndex};
use tidegate_pipeline::{
    Body, Clock, Exchange, LocalBoxFuture, Ports, Request, RequestUrl, Target, TransportError,
    Upstream, UpstreamRequest, UpstreamResponse,
};
use tidegate_state::MemoryStore;
use uuid::Uuid;

use super::probe::{API_VERSION, questions};

/// A policy that chooses at random is run again until this many runs have told nothing new.
const RUNS_WITHOUT_NEWS: usize = 8;

/// Where a request goes.
pub struct Destination {
    /// The base URL.
    pub target: Arc<Target>,
    /// Headers that open the door there.
    pub keys: Vec<(HeaderName, HeaderValue)>,
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        self.url() == other.url() && self.keys == other.keys
    }
}

impl Destination {
    /// With what of these headers carries a key.
    pub fn new<'h>(
        target: Arc<Target>,
        headers: impl IntoIterator<Item = (&'h HeaderName, &'h HeaderValue)>,
    ) -> Self {
        let keys = headers
            .into_iter()
            .filter(|(name, _)| *name == "api-key" || *name == header::AUTHORIZATION)
            .map(|(name, value)| {
                let mut value = value.clone();
                value.set_sensitive(true);
                (name.clone(), value)
            })
            .collect();
        Self { target, keys }
    }

    /// The base URL in words.
    pub fn url(&self) -> String {
        format!("{:?}", self.target)
    }
}

/// Runs the policies of every operation that a deployment may be asked with.
pub fn destinations(compiled: &Compiled, deployments: &[String]) -> Vec<Destination> {
    let found = Rc::new(Nobody::default());
    let products = compiled.service.products_of_apis();
    for ((index, api), products) in compiled.service.apis().zip(products) {
        for (operation, definition) in api.operations.iter().enumerate() {
            let matched = Match {
                api: index,
                operation: OperationIndex::from(operation),
                remainder: api.path.len() + 1,
            };
            let contexts = std::iter::once(None).chain(products.iter().copied().map(Some));
            for product in contexts {
                for deployment in deployments {
                    for (path, body) in asked(definition, deployment) {
                        let uri = format!("/{}{path}", api.path);
                        let Ok(uri) = Uri::try_from(uri) else {
                            continue;
                        };
                        repeat(compiled, &matched, product, &uri, body, &found);
                    }
                }
            }
        }
    }
    found.asked.take()
}

/// Path, query and body of what an operation may be asked for a deployment.
fn asked(operation: &Operation, deployment: &str) -> Vec<(String, &'static str)> {
    if operation.method != "POST" && operation.method != "*" {
        return Vec::new();
    }
    let template = operation.template.as_str();
    questions(deployment)
        .into_iter()
        .filter_map(|(name, body)| {
            let path = template.replace('*', &format!("deployments/{deployment}/{name}"));
            let (path, _) = path.split_once('?').unwrap_or((&path, ""));
            let path = filled(path, deployment);
            path.ends_with(name)
                .then(|| (format!("{path}?api-version={API_VERSION}"), body))
        })
        .collect()
}

/// A template with every parameter replaced.
fn filled(template: &str, value: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push_str(value);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text + rest
}

fn repeat(
    compiled: &Compiled,
    matched: &Match,
    product: Option<ProductIndex>,
    uri: &Uri,
    body: &'static str,
    nobody: &Rc<Nobody>,
) {
    let mut quiet = 0;
    while quiet < RUNS_WITHOUT_NEWS {
        let known = nobody.asked.borrow().len();
        let ports = Rc::new(Ports {
            clock: Rc::new(NoWaiting(SystemClock::start())),
            random: Rc::new(SystemRandom::new()),
            upstream: nobody.clone(),
            store: Arc::new(MemoryStore::default()),
        });
        let mut exchange = Exchange::new(
            compiled.runtime.clone(),
            ports,
            Uuid::new_v4(),
            request(uri, body),
        );
        let grant = Grant {
            product,
            subscription: None,
            key: None,
        };
        let way = admit(compiled, matched, grant, &mut exchange);
        // Nothing here has to wait.
        if way.walk(&mut exchange).now_or_never().is_none() {
            return;
        }
        quiet = if nobody.asked.borrow().len() > known {
            0
        } else {
            quiet + 1
        };
    }
}

fn request(uri: &Uri, body: &'static str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Request::new(
        Method::POST,
        RequestUrl::new("https", "localhost", uri.clone(), 0),
        headers,
        Body::from_bytes(body),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
    )
}

/// Time in which every wait is over at once.
struct NoWaiting(SystemClock);

impl Clock for NoWaiting {
    fn now(&self) -> i64 {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, _duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Answers every call with 429 and remembers who was asked.
#[derive(Default)]
struct Nobody {
    asked: RefCell<Vec<Destination>>,
}

impl Upstream for Nobody {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> LocalBoxFuture<'_, Result<UpstreamResponse, TransportError>> {
        let destination = Destination::new(request.target, &request.headers);
        // Policies also call others: for tokens, to log.
        let path = request.path_and_query.path();
        let mut asked = self.asked.borrow_mut();
        if (path.ends_with("completions") || path.ends_with("embeddings"))
            && !asked.contains(&destination)
        {
            asked.push(destination);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        let response = UpstreamResponse {
            status: StatusCode::TOO_MANY_REQUESTS,
            reason: None,
            headers,
            body: Body::from_bytes("{}"),
            version: Version::HTTP_11,
        };
        Box::pin(std::future::ready(Ok(response)))
    }
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn every_parameter_of_a_template_is_filled() {
        let template = "/deployments/{deployment-id}/{x}/chat/completions";
        assert_eq!(
            filled(template, "gpt"),
            "/deployments/gpt/gpt/chat/completions"
        );
        assert_eq!(filled("/v1/embeddings", "gpt"), "/v1/embeddings");
    }
}
