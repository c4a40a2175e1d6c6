//! `tidegate check --probe`: one small call to each backend for each deployment.
//!
//! Backends are the entities of the configuration, and the base URLs that policies set as literals together with the
//! key they set beside them. Those that expressions work out are found by running the policies (`rehearsal`).

use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tidegate_gateway::{Compiled, Connector, TlsProfiles, upstream};
use tidegate_model::PolicyDocument;
use tidegate_pipeline::{Body, HttpVersion, TransportError, Upstream, UpstreamRequest};
use tidegate_policy_xml::diagnostic::{Diagnostic, Label};
use tidegate_policy_xml::{Element, NamedValue, Text, Unknown};

use super::rehearsal::{self, Destination};

/// Time a backend has to answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most of an error answer that is shown.
const SHOWN: usize = 300;
/// An API version every resource supports.
pub const API_VERSION: &str = "2024-10-21";

/// A place requests may be sent to.
struct Endpoint {
    label: String,
    destination: Destination,
    query: Vec<(String, String)>,
    place: Option<Label>,
}

/// Calls every backend; what does not answer becomes an error.
pub fn run(services: &[Compiled], deployments: &[String]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut endpoints = Vec::new();
    for service in services {
        collect(service, deployments, &mut endpoints, &mut diagnostics);
    }
    if endpoints.is_empty() {
        diagnostics.push(Diagnostic::error(
            "nothing-to-probe",
            "no backend is known whose address and key can be read from the configuration",
        ));
        return diagnostics;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default());
    let (runtime, tls) = match (runtime, TlsProfiles::new(None)) {
        (Ok(runtime), Ok(tls)) => (runtime, Arc::new(tls)),
        (Err(error), _) => {
            diagnostics.push(Diagnostic::error("probe-failed", error.to_string()));
            return diagnostics;
        }
        (_, Err(error)) => {
            diagnostics.push(Diagnostic::error("probe-failed", error.to_string()));
            return diagnostics;
        }
    };
    runtime.block_on(async {
        let client = upstream::Client::new(upstream::Settings::default());
        let connector = Rc::new(Connector::new(client, tls));
        for endpoint in &endpoints {
            for deployment in deployments {
                let result = call(&connector, endpoint, deployment).await;
                let mut stderr = std::io::stderr().lock();
                match result {
                    Ok(status) => {
                        let _ = writeln!(
                            stderr,
                            "probe: {}: {deployment} answers ({status})",
                            endpoint.label
                        );
                    }
                    Err(reason) => {
                        let mut diagnostic = Diagnostic::error(
                            "probe-failed",
                            format!(
                                "{}: deployment '{deployment}' does not answer: {reason}",
                                endpoint.label
                            ),
                        );
                        diagnostic.place.clone_from(&endpoint.place);
                        diagnostics.push(diagnostic);
                    }
                }
            }
        }
    });
    diagnostics
}

fn collect(
    compiled: &Compiled,
    deployments: &[String],
    endpoints: &mut Vec<Endpoint>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let service = &compiled.service;
    let earlier = endpoints.len();
    for entity in compiled.runtime.backends.iter() {
        let Some(single) = entity.single() else {
            continue;
        };
        let place = service
            .backends
            .iter()
            .find(|backend| *backend.name.as_str() == *entity.id)
            .map(|backend| Label {
                file: backend.origin.file.clone(),
                range: backend.origin.range.clone(),
                message: String::new(),
            });
        endpoints.push(Endpoint {
            label: format!("backend '{}' ({:?})", entity.id, single.target),
            destination: Destination {
                target: single.target.clone(),
                keys: single
                    .credentials
                    .headers
                    .iter()
                    .flat_map(|(name, values)| {
                        values.iter().map(move |v| (name.clone(), v.clone()))
                    })
                    .collect(),
            },
            query: single.credentials.query.clone(),
            place,
        });
    }
    let documents = std::iter::once(&service.policy)
        .chain(service.products.iter().filter_map(|p| p.policy.as_ref()))
        .chain(service.apis.iter().filter_map(|api| api.policy.as_ref()))
        .chain(
            service
                .apis
                .iter()
                .flat_map(|api| &api.operations)
                .filter_map(|operation| operation.policy.as_ref()),
        )
        .chain(service.policy_fragments.iter().map(|f| &f.document));
    let mut scan = Scan {
        compiled,
        found: Vec::new(),
        computed: Vec::new(),
    };
    for document in documents {
        scan.document(document);
    }
    let literal = scan.found.len();
    if !scan.computed.is_empty() {
        for destination in rehearsal::destinations(compiled, deployments) {
            // Through an entity, whose probe is there already.
            let is_entity = endpoints
                .iter()
                .skip(earlier)
                .any(|known| known.destination.url() == destination.url());
            if !is_entity {
                scan.add(destination, None);
            }
        }
    }
    if scan.found.len() == literal {
        diagnostics.extend(scan.computed.into_iter().map(|place| {
            let mut diagnostic = Diagnostic::warning(
                "not-probed",
                "this base URL is worked out by an expression, and no run of the policies told what it is",
            );
            diagnostic.place = Some(place);
            diagnostic
        }));
    }
    endpoints.extend(scan.found);
}

/// Looks for literal base URLs in policy documents.
struct Scan<'a> {
    compiled: &'a Compiled,
    found: Vec<Endpoint>,
    /// Where expressions work base URLs out.
    computed: Vec<Label>,
}

impl Scan<'_> {
    fn document(&mut self, document: &PolicyDocument) {
        if let Some(parsed) = tidegate_policy_xml::parse(&document.file).document {
            self.element(&parsed.root);
        }
    }

    fn element(&mut self, element: &Element) {
        for child in element.elements() {
            if child.name == "set-backend-service"
                && let Some(attribute) = child.attribute("base-url")
            {
                self.base_url(element, &attribute.value);
            }
            self.element(child);
        }
    }

    fn literal(&self, text: &Text) -> Option<String> {
        let named_values = self.compiled.named_values();
        let mut lookup = |name: &str| -> Option<NamedValue> { named_values.get(name).cloned() };
        let resolved = text.substitute(&mut lookup, Unknown::Keep).ok()?;
        (!resolved.is_expression()).then(|| resolved.trimmed().to_owned())
    }

    fn base_url(&mut self, parent: &Element, text: &Text) {
        let place = Label {
            file: text.file().clone(),
            range: text.span(),
            message: String::new(),
        };
        let Some(url) = self.literal(text) else {
            self.computed.push(place);
            return;
        };
        let Ok(target) = self.compiled.runtime.backends.bare_target(&url) else {
            return;
        };
        let mut headers = Vec::new();
        for sibling in parent.elements().filter(|e| e.name == "set-header") {
            let name = sibling
                .attribute("name")
                .and_then(|attribute| self.literal(&attribute.value))
                .and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
            let value = sibling
                .element("value")
                .and_then(|value| value.texts().find(|text| !text.is_blank()))
                .and_then(|text| self.literal(text))
                .and_then(|value| HeaderValue::from_str(&value).ok());
            headers.extend(name.zip(value));
        }
        let headers = headers.iter().map(|(name, value)| (name, value));
        self.add(Destination::new(target, headers), Some(place));
    }

    fn add(&mut self, destination: Destination, place: Option<Label>) {
        if self
            .found
            .iter()
            .all(|known| known.destination != destination)
        {
            self.found.push(Endpoint {
                label: format!("base URL {}", destination.url()),
                destination,
                query: Vec::new(),
                place,
            });
        }
    }
}

/// What is asked of a deployment, by what its name says of its model.
pub fn questions(deployment: &str) -> [(&'static str, &'static str); 3] {
    const CHAT: (&str, &str) = (
        "chat/completions",
        r#"{"messages":[{"role":"user","content":"Hi"}],"max_tokens":1}"#,
    );
    const COMPLETIONS: (&str, &str) = ("completions", r#"{"prompt":"Hi","max_tokens":1}"#);
    const EMBEDDINGS: (&str, &str) = ("embeddings", r#"{"input":"Hi"}"#);
    let name = deployment.to_ascii_lowercase();
    if name.contains("embedding") || name.contains("ada") {
        [EMBEDDINGS, CHAT, COMPLETIONS]
    } else if name.contains("instruct") {
        [COMPLETIONS, CHAT, EMBEDDINGS]
    } else {
        [CHAT, COMPLETIONS, EMBEDDINGS]
    }
}

/// Asks until an operation suits the deployment's model. A 429 is an answer too: the deployment is there.
async fn call(connector: &Connector, endpoint: &Endpoint, deployment: &str) -> Result<u16, String> {
    let mut last = String::new();
    for (operation, body) in questions(deployment) {
        let base = endpoint.destination.target.base_path();
        let prefix = if base.contains("/openai") {
            ""
        } else {
            "/openai"
        };
        let mut path_and_query = format!(
            "{base}{prefix}/deployments/{deployment}/{operation}?api-version={API_VERSION}"
        );
        for (name, value) in &endpoint.query {
            path_and_query.push_str(&format!("&{name}={value}"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(
            header::HOST,
            endpoint.destination.target.authority().clone(),
        );
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in &endpoint.destination.keys {
            headers.append(name.clone(), value.clone());
        }
        let mut response = connector
            .send(UpstreamRequest {
                target: endpoint.destination.target.clone(),
                method: Method::POST,
                path_and_query: path_and_query
                    .try_into()
                    .map_err(|_| TransportError::invalid_path().message)?,
                headers,
                body: Body::from_bytes(body),
                http_version: HttpVersion::One,
                timeout: Some(TIMEOUT),
                continue_timeout: None,
                proxy: None,
            })
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status.as_u16();
        if response.status.is_success() || status == 429 {
            response.body.discard();
            return Ok(status);
        }
        let text = match response.body.buffer(64 * 1024).await {
            Ok(()) => response
                .body
                .bytes()
                .map(|bytes| String::from_utf8_lossy(bytes).chars().take(SHOWN).collect())
                .unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        last = format!("{status} {text}");
        // Only "this model does not do that" is worth another question.
        if status != 400 {
            break;
        }
    }
    Err(last)
}
