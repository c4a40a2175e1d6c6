//! Reads APIs, their operations and version sets.

use std::collections::HashMap;

use super::backend::{is_token, read_url};
use super::context::Context;
use super::named_values::NamedValues;
use super::object::Object;
use super::openapi::{self, Description, normalised_name};
use super::raw::{RawApi, RawEntity};
use super::suggest::did_you_mean;
use super::tree::{self, Entry, Node, Value};
use crate::{
    Api, ApiType, Example, KeyParameters, Located, Operation, OperationResponse, PolicyDocument,
    Protocol, Representation, ResourceName, Schema, TemplateParameter, UrlTemplate, VersionSet,
    VersioningScheme, name_in_id,
};

use tidegate_policy_xml::diagnostic::Severity;

/// Reads an API with its operations.
pub(crate) fn read(
    context: &Context<'_>,
    values: &NamedValues,
    raw: &RawApi,
    own_format: bool,
) -> Api {
    let entity = &raw.entity;
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("API '{name}'"));
    object.ignore(&[
        "contact",
        "license",
        "termsOfServiceUrl",
        "authenticationSettings",
        "apiRevisionDescription",
        "apiVersionDescription",
        "apiVersionSet",
        "wsdlSelector",
        "sourceApiId",
        "provisioningState",
        "policy",
        "specification",
    ]);
    let (name_revision, is_named_revision) = match name.split_once(";rev=") {
        Some((_, revision)) => (Some(revision.to_owned()), true),
        None => (None, false),
    };
    let api_type = read_type(&object);
    let description = description(context, &object, raw);
    let Description {
        title,
        server,
        operations,
    } = description;
    let service_url = object
        .limited("serviceUrl", 2000)
        .filter(|url| !url.value.trim().is_empty())
        .or(server)
        .map(|url| read_url(values, &object, "serviceUrl", url));
    let version = object
        .limited("apiVersion", 100)
        .map(|text| text.value)
        .filter(|version| !version.is_empty());
    let mut api = Api {
        name: ResourceName::from(name.as_str()),
        display_name: object
            .limited("displayName", 300)
            .map(|text| text.value)
            .filter(|text| !text.is_empty())
            .or(title)
            .unwrap_or_else(|| name.clone()),
        description: object.string("description"),
        path: read_path(&object),
        service_url,
        protocols: read_protocols(&object, own_format),
        subscription_required: object.boolean("subscriptionRequired").unwrap_or(true),
        subscription_key: object
            .object("subscriptionKeyParameterNames")
            .map(read_key_parameters)
            .unwrap_or_default(),
        api_type,
        revision: object
            .limited("apiRevision", 100)
            .map(|text| text.value)
            .or(name_revision)
            .unwrap_or_else(|| "1".to_owned()),
        is_current: object.boolean("isCurrent").unwrap_or(!is_named_revision),
        is_online: object.boolean("isOnline").unwrap_or(true),
        version,
        version_set: read_version_set_id(&object),
        operations,
        policy: entity.policy.clone(),
        origin: entity.name.origin.clone(),
    };
    read_operations(context, &object, &mut api);
    assign_policies(context, &mut api, &raw.operation_policies);
    object.finish();
    api
}

fn read_type(object: &Object<'_>) -> ApiType {
    let choices = [
        ("http", ApiType::Http),
        ("soap", ApiType::Soap),
        ("websocket", ApiType::WebSocket),
        ("graphql", ApiType::GraphQl),
        ("odata", ApiType::OData),
        ("grpc", ApiType::Grpc),
    ];
    let declared = object.choice("type", &choices);
    let imported = object.choice("apiType", &choices);
    let api_type = declared.or(imported).unwrap_or_default();
    if api_type != ApiType::Http {
        let node = object
            .node
            .get("type")
            .or_else(|| object.node.get("apiType"));
        object.context.error(
            node.map_or(&object.node.origin, |node| &node.origin),
            "not-supported",
            format!("{}: only APIs of type http are supported", object.what),
        );
    }
    api_type
}

fn read_path(object: &Object<'_>) -> String {
    let Some(path) = object.limited("path", 400) else {
        // The empty path is legal, but only when it is meant.
        if !matches!(object.node.get("path"), Some(node) if node.as_text().is_none())
            && !object
                .node
                .entries()
                .iter()
                .any(|entry| entry.key.value == "path")
        {
            object.missing("path");
        }
        return String::new();
    };
    let trimmed = path.value.trim().trim_matches('/');
    if trimmed.contains(['?', '#', '{', '}', '*', ';'])
        || trimmed.contains("//")
        || trimmed.chars().any(char::is_whitespace)
    {
        object.context.error(
            &path.origin,
            "invalid-value",
            format!("{}: path must be plain URL path segments", object.what),
        );
    }
    trimmed.to_owned()
}

fn read_protocols(object: &Object<'_>, own_format: bool) -> Vec<Protocol> {
    let mut protocols = Vec::new();
    for text in object.texts("protocols") {
        let protocol = match text.value.to_ascii_lowercase().as_str() {
            "http" => Protocol::Http,
            "https" => Protocol::Https,
            "ws" => Protocol::Ws,
            "wss" => Protocol::Wss,
            _ => {
                object.context.error(
                    &text.origin,
                    "invalid-value",
                    format!("{}: protocols must be of http, https, ws, wss", object.what),
                );
                continue;
            }
        };
        if !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    if protocols.is_empty() {
        protocols.push(Protocol::Https);
        if own_format {
            protocols.push(Protocol::Http);
        }
    }
    protocols
}

fn read_key_parameters(object: Object<'_>) -> KeyParameters {
    let default = KeyParameters::default();
    let bearer = object
        .choice("bearer", &[("enabled", true), ("disabled", false)])
        .unwrap_or(false);
    let header = object.text("header");
    if let Some(header) = &header
        && !is_token(&header.value)
    {
        object.context.error(
            &header.origin,
            "invalid-value",
            format!("{}: this is no header name", object.what),
        );
    }
    let parameters = KeyParameters {
        header: header.map_or(default.header, |text| text.value),
        query: object.string("query").unwrap_or(default.query),
        bearer,
    };
    object.finish();
    parameters
}

fn read_version_set_id(object: &Object<'_>) -> Option<Located<ResourceName>> {
    let id = object.text("apiVersionSetId")?;
    if id.value.trim().is_empty() {
        return None;
    }
    match name_in_id(&id.value, "apiVersionSets") {
        Some(name) => Some(Located::new(ResourceName::from(name), id.origin)),
        None => {
            object.context.error(
                &id.origin,
                "invalid-value",
                format!(
                    "{}: apiVersionSetId must be an id such as /apiVersionSets/name",
                    object.what
                ),
            );
            None
        }
    }
}

/// The specification beside the API, or the one that is part of its properties (`format` and `value`).
fn description(context: &Context<'_>, object: &Object<'_>, raw: &RawApi) -> Description {
    let in_template = object
        .choice(
            "translateRequiredQueryParameters",
            &[("template", true), ("query", false)],
        )
        .unwrap_or(true);
    let format = object.text("format");
    let value = object.text("value");
    if let Some(specification) = &raw.specification {
        return openapi::read(context, specification, in_template);
    }
    let Some(value) = value else {
        return Description::default();
    };
    let format = format
        .map(|format| format.value.to_ascii_lowercase())
        .unwrap_or_default();
    if !matches!(
        format.as_str(),
        "" | "openapi" | "openapi+json" | "swagger-json"
    ) {
        context.error(
            &value.origin,
            "not-supported",
            format!(
                "{}: format '{format}' is not supported; give an OpenAPI document",
                object.what
            ),
        );
        return Description::default();
    }
    let name = format!("{} ({}: value)", value.origin.file.name(), object.what);
    match tree::parse(context, &name, &value.value, Severity::Warning) {
        Some(node) => openapi::read(context, &node, in_template),
        None => Description::default(),
    }
}

/// Named entries: a mapping by name, or a list whose items have a `name`.
pub(crate) fn named_nodes(
    context: &Context<'_>,
    node: &Node,
    what: &str,
) -> Vec<(Located<String>, Node)> {
    match &node.value {
        Value::Mapping(entries) => entries
            .iter()
            .map(|Entry { key, value }| (key.clone(), value.clone()))
            .collect(),
        Value::Sequence(items) => items
            .iter()
            .filter_map(|item| match item.get("name") {
                Some(name) => {
                    let text = Located::new(name.as_text()?.to_owned(), name.origin.clone());
                    let mut item = item.clone();
                    if let Value::Mapping(entries) = &mut item.value {
                        entries.retain(|entry| entry.key.value != "name");
                    }
                    Some((text, item))
                }
                None => {
                    context.error(
                        &item.origin,
                        "missing-value",
                        format!("{what}: name is missing"),
                    );
                    None
                }
            })
            .collect(),
        Value::Null => Vec::new(),
        Value::Scalar(_) => {
            context.error(
                &node.origin,
                "wrong-type",
                format!("{what}: expected a mapping by name, found {}", node.kind()),
            );
            Vec::new()
        }
    }
}

/// Reads `operations`, each a new operation or properties over one of the specification.
fn read_operations(context: &Context<'_>, object: &Object<'_>, api: &mut Api) {
    let Some(node) = object.get("operations") else {
        return;
    };
    for (name, node) in named_nodes(context, node, &format!("{}: operations", object.what)) {
        let node = node.without_envelope();
        let position = find_operation(&api.operations, &name.value);
        let base = position.and_then(|position| api.operations.get(position));
        let Some(operation) = read_operation(context, &name, &node, base, api) else {
            continue;
        };
        match position.and_then(|position| api.operations.get_mut(position)) {
            Some(known) => *known = operation,
            None => api.operations.push(operation),
        }
    }
}

fn read_operation(
    context: &Context<'_>,
    name: &Located<String>,
    node: &Node,
    base: Option<&Operation>,
    api: &Api,
) -> Option<Operation> {
    let what = format!("API '{}': operation '{}'", api.name, name.value);
    let object = Object::new(context, node, &*what);
    object.ignore(&["policy", "policies", "request", "provisioningState"]);
    let method = object.text("method");
    if let Some(method) = &method
        && !is_token(&method.value)
    {
        context.error(
            &method.origin,
            "invalid-value",
            format!("{what}: this is no HTTP method"),
        );
    }
    let template = object.limited("urlTemplate", 1000).map(|text| {
        UrlTemplate::parse(&text.value).map_err(|error| {
            context.error(&text.origin, "invalid-template", format!("{what}: {error}"));
        })
    });
    let parameters = object
        .get("templateParameters")
        .is_some()
        .then(|| read_parameters(&object));
    let responses = object
        .get("responses")
        .is_some()
        .then(|| read_responses(&object));
    let display_name = object.limited("displayName", 300).map(|text| text.value);
    let description = object.string("description");
    if base.is_none() {
        for (key, is_there) in [
            ("method", method.is_some()),
            ("urlTemplate", template.is_some()),
        ] {
            if !is_there {
                let diagnostic = name
                    .origin
                    .error("missing-value", format!("{what}: {key} is missing"));
                let known = api
                    .operations
                    .iter()
                    .map(|operation| operation.name.as_str());
                context.report(match did_you_mean(&name.value, known) {
                    Some(similar) => diagnostic.help(format!(
                        "did you mean '{similar}', an operation of the specification?"
                    )),
                    None => diagnostic,
                });
            }
        }
    }
    object.finish();
    let template = match template {
        Some(template) => template.ok()?,
        None => base?.template.clone(),
    };
    let method = match method {
        Some(method) => method.value.to_ascii_uppercase(),
        None => base?.method.clone(),
    };
    Some(Operation {
        name: base.map_or_else(
            || ResourceName::from(name.value.as_str()),
            |base| base.name.clone(),
        ),
        display_name: display_name
            .or_else(|| base.map(|base| base.display_name.clone()))
            .unwrap_or_else(|| name.value.clone()),
        description: description.or_else(|| base.and_then(|base| base.description.clone())),
        method,
        template,
        template_parameters: parameters
            .or_else(|| base.map(|base| base.template_parameters.clone()))
            .unwrap_or_default(),
        responses: responses
            .or_else(|| base.map(|base| base.responses.clone()))
            .unwrap_or_default(),
        policy: base.and_then(|base| base.policy.clone()),
        origin: name.origin.clone(),
    })
}

fn read_parameters(object: &Object<'_>) -> Vec<TemplateParameter> {
    object
        .list("templateParameters")
        .iter()
        .map(|node| {
            let parameter = Object::new(
                object.context,
                node,
                format!("{}: templateParameters", object.what),
            );
            parameter.ignore(&["examples", "schemaId", "typeName"]);
            let read = TemplateParameter {
                name: parameter
                    .required("name")
                    .map(|text| text.value)
                    .unwrap_or_default(),
                description: parameter.string("description"),
                schema_type: parameter.string("type"),
                required: parameter.boolean("required").unwrap_or(true),
                default_value: parameter.string("defaultValue"),
                values: parameter
                    .texts("values")
                    .into_iter()
                    .map(|text| text.value)
                    .collect(),
            };
            parameter.finish();
            read
        })
        .collect()
}

fn read_responses(object: &Object<'_>) -> Vec<OperationResponse> {
    let mut responses = Vec::new();
    for node in object.list("responses") {
        let response = Object::new(object.context, node, format!("{}: responses", object.what));
        response.ignore(&["headers"]);
        let status_code = response.integer("statusCode", 100..=599);
        if node.get("statusCode").is_none() {
            response.missing("statusCode");
        }
        let description = response.string("description");
        let representations = response
            .list("representations")
            .iter()
            .map(|node| {
                read_representation(&Object::new(
                    object.context,
                    node,
                    format!("{}: representations", response.what),
                ))
            })
            .collect();
        response.finish();
        if let Some(status_code) = status_code {
            responses.push(OperationResponse {
                status_code,
                description,
                representations,
            });
        }
    }
    responses
}

fn read_representation(object: &Object<'_>) -> Representation {
    let named = object.members("examples").iter().map(|entry| Example {
        name: entry.key.value.clone(),
        value: entry
            .value
            .get("value")
            .map_or_else(|| entry.value.to_json(), Node::to_json),
    });
    // `sample` is what API versions before 2021 have.
    let sample = object.get("sample").map(|node| Example {
        name: "default".to_owned(),
        value: node.to_json(),
    });
    let read = Representation {
        content_type: object
            .required("contentType")
            .map(|text| text.value)
            .unwrap_or_default(),
        examples: named.chain(sample).collect(),
        schema: object.get("schema").map(|schema| {
            let definition = std::sync::Arc::new(schema.to_json());
            Schema {
                root: definition.clone(),
                definition,
            }
        }),
    };
    for entry in object.node.entries() {
        let known = [
            "contentType",
            "examples",
            "sample",
            "schema",
            "schemaId",
            "typeName",
            "formParameters",
            "generatedSample",
        ];
        if !known.contains(&entry.key.value.as_str()) {
            object.context.warn(
                &entry.key.origin,
                "unknown-key",
                format!("{}: unknown key '{}'", object.what, entry.key.value),
            );
        }
    }
    read
}

/// An operation by resource name, or by the name that APIM would have made of it on import.
fn find_operation(operations: &[Operation], name: &str) -> Option<usize> {
    operations
        .iter()
        .position(|operation| operation.name == *name)
        .or_else(|| {
            operations.iter().position(|operation| {
                normalised_name(operation.name.as_str()).eq_ignore_ascii_case(name)
            })
        })
}

fn assign_policies(
    context: &Context<'_>,
    api: &mut Api,
    policies: &[(Located<String>, PolicyDocument)],
) {
    for (name, policy) in policies {
        match find_operation(&api.operations, &name.value) {
            Some(position) => {
                if let Some(operation) = api.operations.get_mut(position) {
                    operation.policy = Some(policy.clone());
                    // The folder's name is the resource name; the specification may only hold its origin.
                    if operation.name != *name.value.as_str() {
                        operation.name = ResourceName::from(name.value.as_str());
                    }
                }
            }
            None => {
                let diagnostic = name.origin.error(
                    "unknown-operation",
                    format!(
                        "API '{}' has no operation '{}', for which there is a policy",
                        api.name, name.value
                    ),
                );
                let known = api
                    .operations
                    .iter()
                    .map(|operation| operation.name.as_str());
                context.report(match did_you_mean(&name.value, known) {
                    Some(similar) => diagnostic.help(format!("there is an operation '{similar}'")),
                    None => diagnostic,
                });
            }
        }
    }
}

/// Gives non-current revisions what they share with the current one.
pub(crate) fn share_with_revisions(context: &Context<'_>, apis: &mut [Api]) {
    let current: HashMap<ResourceName, Api> = apis
        .iter()
        .filter(|api| api.is_current)
        .map(|api| {
            let mut head = api.clone();
            head.operations = Vec::new();
            (ResourceName::new(api.base_name()), head)
        })
        .collect();
    for api in apis.iter_mut().filter(|api| !api.is_current) {
        match current.get(&ResourceName::new(api.base_name())) {
            Some(head) => {
                api.display_name = head.display_name.clone();
                api.description = head.description.clone();
                api.api_type = head.api_type;
                api.subscription_required = head.subscription_required;
                api.subscription_key = head.subscription_key.clone();
                api.version = head.version.clone();
                api.version_set = head.version_set.clone();
                api.path = head.path.clone();
                api.protocols = head.protocols.clone();
            }
            None => context.error(
                &api.origin,
                "no-current-revision",
                format!(
                    "API '{}' has no current revision: there is no API '{}'",
                    api.name,
                    api.base_name()
                ),
            ),
        }
    }
}

/// Reads a version set.
pub(crate) fn read_version_set(context: &Context<'_>, entity: &RawEntity) -> VersionSet {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("version set '{name}'"));
    object.ignore(&["description"]);
    let display_name = object
        .limited("displayName", 100)
        .map_or_else(|| name.clone(), |text| text.value);
    let scheme = object.choice(
        "versioningScheme",
        &[("Segment", 0), ("Query", 1), ("Header", 2)],
    );
    let query = object.limited("versionQueryName", 100);
    let header = object.limited("versionHeaderName", 100);
    if object.node.get("versioningScheme").is_none() {
        object.missing("versioningScheme");
    }
    let named = |text: Option<Located<String>>, key: &str| {
        if text.is_none() {
            object.missing(key);
        }
        text.map(|text| text.value).unwrap_or_default()
    };
    let scheme = match scheme {
        Some(1) => VersioningScheme::Query(named(query, "versionQueryName")),
        Some(2) => VersioningScheme::Header(named(header, "versionHeaderName")),
        _ => VersioningScheme::Segment,
    };
    object.finish();
    VersionSet {
        name: ResourceName::from(name.as_str()),
        display_name,
        scheme,
        origin: entity.name.origin.clone(),
    }
}
