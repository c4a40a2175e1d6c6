//! Reads operations that are written out, and gives operations their policies.

use super::context::Context;
use super::credentials::is_token;
use super::object::Object;
use super::openapi::normalised_name;
use super::suggest::did_you_mean;
use super::tree::{Entry, Node, Value};
use crate::{
    Api, Example, Located, Operation, OperationResponse, PolicyDocument, Representation,
    ResourceName, Schema, TemplateParameter, UrlTemplate,
};

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
pub(crate) fn read_operations(context: &Context<'_>, object: &Object<'_>, api: &mut Api) {
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

/// Gives operations the documents that lie beside them.
pub(crate) fn assign_policies(
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
