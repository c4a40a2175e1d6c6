//! `configuration.<env>.yaml`: the publisher's overrides for one environment.
//!
//! The overrides flow in and are merged into the untyped service: mappings member by member, lists and single values
//! replaced. `{#NAME#}` is taken from the environment. An override of nothing is reported and has no effect.

use std::path::Path;

use tidegate_policy_xml::diagnostic::Severity;

use super::context::Context;
use super::raw::{Named, Raw, RawApi, RawEntity};
use super::tidegate_yaml::policy;
use super::tree::{Node, Value};
use crate::{Located, ResourceName};

/// Sections that have no bearing on a gateway.
const WITHOUT_EFFECT: [&str; 7] = [
    "apimServiceName",
    "diagnostics",
    "gateways",
    "loggers",
    "releases",
    "schemas",
    "tags",
];

/// What an entry may hold besides those.
const IN_AN_ENTRY: [&str; 6] = [
    "name",
    "properties",
    "policies",
    "operations",
    "apis",
    "groups",
];

/// Reads the file and applies it.
pub(crate) fn apply(context: &Context<'_>, path: &Path, raw: &mut Raw) {
    let Some(root) = context.read_tree(path, None, Severity::Error) else {
        return;
    };
    for entry in root.entries() {
        let key = entry.key.value.as_str();
        if WITHOUT_EFFECT.contains(&key) {
            continue;
        }
        let mut node = entry.value.clone();
        replace_tokens(context, &mut node);
        let node = &node;
        match key {
            "namedValues" => merge_all(context, node, "named value", &mut raw.named_values),
            "backends" => merge_all(context, node, "backend", &mut raw.backends),
            "versionSets" => merge_all(context, node, "version set", &mut raw.version_sets),
            "policyFragments" => {
                merge_all(context, node, "policy fragment", &mut raw.policy_fragments)
            }
            "subscriptions" => merge_all(context, node, "subscription", &mut raw.subscriptions),
            "groups" => merge_all(context, node, "group", &mut raw.groups),
            "products" => each(context, node, "product", |item, name| {
                match find(&mut raw.products, name) {
                    Some(product) => merge(context, item, "product", &mut product.entity),
                    None => unmatched(context, "product", name),
                }
            }),
            "apis" => each(context, node, "API", |item, name| {
                match find(&mut raw.apis, name) {
                    Some(api) => merge_api(context, item, api),
                    None => unmatched(context, "API", name),
                }
            }),
            "policies" => {
                if let Some(document) = first_policy(context, node, "the global policy") {
                    raw.policy = Some(document);
                }
            }
            "workspaces" => context.error(
                &entry.key.origin,
                "not-supported",
                "workspaces are not supported",
            ),
            key => context.error(
                &entry.key.origin,
                "unknown-key",
                format!("overrides: unknown section '{key}'"),
            ),
        }
    }
}

/// `{#NAME#}` in any text becomes the environment variable NAME.
fn replace_tokens(context: &Context<'_>, root: &mut Node) {
    root.visit_scalars(&mut |scalar, origin| {
        let mut from = 0;
        while let Some(open) = scalar.text.get(from..).and_then(|rest| rest.find("{#")) {
            let start = from + open;
            let Some(length) = scalar.text.get(start + 2..).and_then(|rest| rest.find("#}")) else {
                return;
            };
            let end = start + 2 + length;
            let name = scalar.text.get(start + 2..end).unwrap_or_default().trim().to_owned();
            match context.options.environment_variable(&name) {
                Some(value) => {
                    scalar.text.replace_range(start..end + 2, &value);
                    scalar.plain = false;
                    from = start + value.len();
                }
                None => {
                    context.error(
                        origin,
                        "missing-value",
                        format!("the environment variable {name} is not set, which {{#{name}#}} asks for"),
                    );
                    from = end + 2;
                }
            }
        }
    });
}

fn find<'a, T: Named>(list: &'a mut [T], name: &Located<String>) -> Option<&'a mut T> {
    let wanted = ResourceName::from(name.value.as_str());
    list.iter_mut().find(|entity| wanted == *entity.name())
}

fn each(
    context: &Context<'_>,
    node: &Node,
    what: &str,
    mut visit: impl FnMut(&Node, &Located<String>),
) {
    if !matches!(node.value, Value::Sequence(_) | Value::Null) {
        context.error(
            &node.origin,
            "wrong-type",
            format!("overrides: expected a list of {what} overrides"),
        );
    }
    for item in node.items() {
        match item
            .get("name")
            .and_then(|name| Some((name.as_text()?, &name.origin)))
        {
            Some((name, origin)) => {
                for entry in item.entries() {
                    let key = entry.key.value.as_str();
                    if !IN_AN_ENTRY.contains(&key) && !WITHOUT_EFFECT.contains(&key) {
                        context.warn(
                            &entry.key.origin,
                            "no-effect",
                            format!("{what} override: '{key}' has no effect here; properties belong under 'properties'"),
                        );
                    }
                }
                visit(item, &Located::new(name.to_owned(), origin.clone()));
            }
            None => context.error(
                &item.origin,
                "missing-value",
                format!("{what} override: name is missing"),
            ),
        }
    }
}

fn unmatched(context: &Context<'_>, what: &str, name: &Located<String>) {
    context.warn(
        &name.origin,
        "no-effect",
        format!("there is no {what} '{}' to override", name.value),
    );
}

fn merge_all(context: &Context<'_>, node: &Node, what: &str, list: &mut [RawEntity]) {
    each(context, node, what, |item, name| match find(list, name) {
        Some(entity) => merge(context, item, what, entity),
        None => unmatched(context, what, name),
    });
}

fn merge(context: &Context<'_>, item: &Node, what: &str, entity: &mut RawEntity) {
    if let Some(properties) = item.get("properties") {
        if entity.node.as_text().is_some() {
            // The short form of a named value.
            entity.node = properties.clone();
        } else if entity.node.is_null() {
            entity.node = properties.clone();
        } else {
            entity.node.merge(properties);
        }
        // A fragment's document lies beside it and would win over an overriding value.
        if what == "policy fragment" && properties.get("value").is_some() {
            entity.policy = None;
        }
    }
    if let Some(policies) = item.get("policies") {
        let label = format!("{what} '{}'", entity.name.value);
        if let Some(document) = first_policy(context, policies, &label) {
            entity.policy = Some(document);
        }
    }
}

fn merge_api(context: &Context<'_>, item: &Node, api: &mut RawApi) {
    if let Some(properties) = item.get("properties") {
        for key in ["apiRevision", "isCurrent"] {
            if let Some(node) = properties.get(key) {
                context.warn(
                    &node.origin,
                    "no-effect",
                    format!("API '{}': {key} cannot be overridden", api.name()),
                );
            }
        }
    }
    let fixed: Vec<_> = ["apiRevision", "isCurrent"]
        .iter()
        .map(|key| (*key, api.entity.node.get(key).cloned()))
        .collect();
    merge(context, item, "API", &mut api.entity);
    if let Value::Mapping(entries) = &mut api.entity.node.value {
        for (key, value) in fixed {
            match value {
                Some(value) => {
                    if let Some(entry) = entries.iter_mut().find(|entry| entry.key.value == key) {
                        entry.value = value;
                    }
                }
                None => entries.retain(|entry| entry.key.value != key),
            }
        }
    }
    let Some(operations) = item.get("operations") else {
        return;
    };
    let api_name = api.name().to_owned();
    each(context, operations, "operation", |item, name| {
        let Some(policies) = item.get("policies") else {
            return;
        };
        let label = format!("API '{api_name}': operation '{}'", name.value);
        let Some(document) = first_policy(context, policies, &label) else {
            return;
        };
        let wanted = ResourceName::from(name.value.as_str());
        match api
            .operation_policies
            .iter_mut()
            .find(|(known, _)| wanted == *known.value.as_str())
        {
            Some((_, known)) => *known = document,
            None => api.operation_policies.push((name.clone(), document)),
        }
    });
}

/// The document of `[{name: policy, properties: {format, value}}]`; without a value nothing is overridden.
fn first_policy(context: &Context<'_>, node: &Node, what: &str) -> Option<crate::PolicyDocument> {
    let item = node.items().first()?;
    let properties = item.get("properties")?;
    properties.get("value")?;
    policy(context, properties, what)
}
