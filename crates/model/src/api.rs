//! APIs, their versions and revisions, and operations.

use serde_json::Value;

use crate::{Located, Origin, PolicyDocument, ResourceName, Schema, UrlTemplate};

/// One revision of one version of an API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Resource name; non-current revisions end in `;rev=<n>`.
    pub name: ResourceName,
    /// Display name: `context.Api.Name`.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// URL path under the host, without slashes at either end; may be empty; never contains the version.
    pub path: String,
    /// Default backend, named values resolved; absent when a policy sets it.
    pub service_url: Option<Located<String>>,
    /// Schemes under which it answers.
    pub protocols: Vec<Protocol>,
    /// Whether a key is needed.
    pub subscription_required: bool,
    /// Where the key is looked for.
    pub subscription_key: KeyParameters,
    /// Kind of API.
    pub api_type: ApiType,
    /// `apiRevision`, such as `1`.
    pub revision: String,
    /// Whether this is the current revision: the one without `;rev=` in requests.
    pub is_current: bool,
    /// Whether this revision answers at all.
    pub is_online: bool,
    /// Version identifier; absent for the original of a set and for APIs without versions.
    pub version: Option<String>,
    /// The version set it belongs to.
    pub version_set: Option<Located<ResourceName>>,
    /// Operations in definition order; (method, template) is unique.
    pub operations: Vec<Operation>,
    /// Policy of the API scope.
    pub policy: Option<PolicyDocument>,
    /// Where it is defined.
    pub origin: Origin,
}

impl Api {
    /// The resource name without `;rev=<n>`: what products and subscriptions refer to.
    pub fn base_name(&self) -> &str {
        base_name(self.name.as_str())
    }
}

/// A name without `;rev=<n>`.
pub(crate) fn base_name(name: &str) -> &str {
    name.split_once(';').map_or(name, |(base, _)| base)
}

/// `properties.protocols[]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are APIM's own
pub enum Protocol {
    Http,
    Https,
    Ws,
    Wss,
}

impl Protocol {
    /// As written in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Ws => "ws",
            Protocol::Wss => "wss",
        }
    }
}

/// `properties.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // the names are APIM's own
pub enum ApiType {
    #[default]
    Http,
    Soap,
    WebSocket,
    GraphQl,
    OData,
    Grpc,
    /// One this version does not know, such as those of newer API versions.
    Other,
}

/// `subscriptionKeyParameterNames`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyParameters {
    /// Header name.
    pub header: String,
    /// Query parameter name.
    pub query: String,
    /// Whether `Authorization: Bearer <key>` is read too (`"bearer": "enabled"`).
    pub bearer: bool,
}

impl Default for KeyParameters {
    fn default() -> Self {
        Self {
            header: "Ocp-Apim-Subscription-Key".to_owned(),
            query: "subscription-key".to_owned(),
            bearer: false,
        }
    }
}

/// An operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Resource name: `context.Operation.Id`.
    pub name: ResourceName,
    /// Display name: `context.Operation.Name`.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// Method, upper case.
    pub method: String,
    /// Path and query template.
    pub template: UrlTemplate,
    /// Declared parameters of the template.
    pub template_parameters: Vec<TemplateParameter>,
    /// Declared responses, for `mock-response`.
    pub responses: Vec<OperationResponse>,
    /// Policy of the operation scope.
    pub policy: Option<PolicyDocument>,
    /// Where it is defined.
    pub origin: Origin,
}

/// `templateParameters[]`. The gateway checks neither type nor values; validation policies do.
#[derive(Debug, Clone)]
pub struct TemplateParameter {
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Type in the words of JSON schema.
    pub schema_type: Option<String>,
    /// Whether it is required.
    pub required: bool,
    /// Default value.
    pub default_value: Option<String>,
    /// Allowed values.
    pub values: Vec<String>,
}

/// `responses[]`
#[derive(Debug, Clone)]
pub struct OperationResponse {
    /// Status code.
    pub status_code: u16,
    /// Description.
    pub description: Option<String>,
    /// One for each content type.
    pub representations: Vec<Representation>,
}

/// `representations[]`
#[derive(Debug, Clone)]
pub struct Representation {
    /// Content type.
    pub content_type: String,
    /// Examples in definition order.
    pub examples: Vec<Example>,
    /// Schema of the body.
    pub schema: Option<Schema>,
}

impl Representation {
    /// A body in the shape that is declared: the example at `index` when there is one, else the first example, else a
    /// sample of the schema; absent when nothing is declared.
    pub fn sample(&self, index: Option<usize>) -> Option<String> {
        let example = index
            .and_then(|index| self.examples.get(index))
            .or_else(|| self.examples.first());
        let value = match example {
            Some(example) => example.value.clone(),
            None => self.schema.as_ref()?.sample(),
        };
        let is_json = self
            .content_type
            .split(';')
            .next()
            .is_some_and(|media| media.trim().to_ascii_lowercase().ends_with("json"));
        match value {
            // An example of another media type, or JSON written out as text, is the body itself.
            Value::String(text) if !is_json || serde_json::from_str::<Value>(&text).is_ok() => {
                Some(text)
            }
            value => Some(value.to_string()),
        }
    }
}

/// An example of a body.
#[derive(Debug, Clone)]
pub struct Example {
    /// Name.
    pub name: String,
    /// The body, as JSON, or as a string that holds it.
    pub value: Value,
}

/// A version set.
#[derive(Debug, Clone)]
pub struct VersionSet {
    /// Resource name.
    pub name: ResourceName,
    /// Display name.
    pub display_name: String,
    /// Where requests carry the version.
    pub scheme: VersioningScheme,
    /// Where it is defined.
    pub origin: Origin,
}

/// `versioningScheme` with the name that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersioningScheme {
    /// The path segment after the API path.
    Segment,
    /// A query parameter.
    Query(String),
    /// A header.
    Header(String),
}
