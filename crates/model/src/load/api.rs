//! Reads APIs, their operations and version sets.

use std::collections::HashMap;

use tidegate_policy_xml::diagnostic::Severity;

use super::backend::read_url;
use super::context::Context;
use super::credentials::is_token;
use super::named_values::NamedValues;
use super::object::Object;
use super::openapi::{self, Description};
use super::operation::{assign_policies, read_operations};
use super::parse;
use super::raw::{RawApi, RawEntity};
use crate::{
    Api, ApiType, KeyParameters, Located, Protocol, ResourceName, VersionSet, VersioningScheme,
    name_in_id,
};

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
    // Its requests are answered with 404: nothing of it is looked at further.
    let is_served = api_type == ApiType::Http || own_format;
    let description = if is_served {
        description(context, &object, raw)
    } else {
        object.ignore(&[
            "format",
            "value",
            "operations",
            "translateRequiredQueryParameters",
        ]);
        Description::default()
    };
    let Description {
        title,
        server,
        operations,
    } = description;
    let service_url = object
        .limited("serviceUrl", 2000)
        .filter(|url| !url.value.trim().is_empty())
        .or(server)
        .filter(|_| is_served)
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
        policy: entity.policy.clone().filter(|_| is_served),
        origin: entity.name.origin.clone(),
    };
    if is_served {
        read_operations(context, &object, &mut api);
        assign_policies(context, &mut api, &raw.operation_policies);
        object.finish();
    }
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
    let Some(node) = object.get("type").or_else(|| object.get("apiType")) else {
        return ApiType::Http;
    };
    object.ignore(&["apiType"]);
    let word = node.as_text().unwrap_or_default();
    let api_type = choices
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map_or(ApiType::Other, |(_, api_type)| *api_type);
    if api_type != ApiType::Http {
        let message = format!("{}: only APIs of type http are supported", object.what);
        object
            .context
            .report(match object.context.unknown_keys.get() {
                Severity::Error => node.origin.error("not-supported", message),
                // An instance has APIs of all kinds: one of them must not keep the others from being served.
                Severity::Warning => node.origin.warning(
                    "not-supported",
                    format!("{message}; requests to it are answered with 404"),
                ),
            });
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
    match parse::parse(context, &name, &value.value, Severity::Warning) {
        Some(node) => openapi::read(context, &node, in_template),
        None => Description::default(),
    }
}

/// Removes folders such as `chat;rev=2` that only repeat the current revision, which older extractors leave behind.
pub(crate) fn drop_repeated_revisions(context: &Context<'_>, apis: &mut Vec<Api>) {
    let current: HashMap<ResourceName, String> = apis
        .iter()
        .filter(|api| api.is_current)
        .map(|api| (ResourceName::new(api.base_name()), api.revision.clone()))
        .collect();
    apis.retain(|api| {
        let is_repeated = !api.is_current
            && current.get(&ResourceName::new(api.base_name())) == Some(&api.revision);
        if is_repeated {
            context.warn(
                &api.origin,
                "repeated-revision",
                format!(
                    "API '{}' repeats the current revision of '{}' and is passed over",
                    api.name,
                    api.base_name()
                ),
            );
        }
        !is_repeated
    });
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
