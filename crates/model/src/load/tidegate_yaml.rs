//! `tidegate.yaml`: a whole service in one file, or one file that refers to others.
//!
//! Collections are mappings by resource name; a list whose items have a `name` is as good. Properties are those of the
//! management API, with or without their `properties` envelope. `policy` is a path or the document itself,
//! `specification` a path or the name of a built-in description. With `extract`, the file adds to an APIOps extract:
//! settings, keys, secrets, and whatever it says about entities of the same name is merged over them.

use std::path::Path;

use tidegate_policy_xml::diagnostic::{Severity, SourceFile};

use super::apiops;
use super::context::Context;
use super::object::Object;
use super::operation::named_nodes;
use super::overrides;
use super::parse;
use super::raw::{Raw, RawApi, RawEntity, RawProduct};
use super::tree::{Node, Value};
use crate::{Located, PolicyDocument, azure_openai};

/// Reads the file.
pub(crate) fn read(context: &Context<'_>, path: &Path) -> Option<Raw> {
    let root = context.read_tree(path, None, Severity::Error)?;
    if root.is_null() {
        // An editor that has just begun to write leaves such a file; serving nothing is nobody's wish.
        context.error(
            &root.origin,
            "empty-configuration",
            format!("{}: the file is empty", Context::show(path)),
        );
        return None;
    }
    Some(read_root(context, &root))
}

fn read_root(context: &Context<'_>, root: &Node) -> Raw {
    let object = Object::new(context, root, "the configuration");
    let collection = |key: &'static str, what: &str| -> Vec<RawEntity> {
        object
            .get(key)
            .map(|node| entities(context, node, key, what))
            .unwrap_or_default()
    };
    let mut version_sets = collection("versionSets", "version set");
    version_sets.extend(collection("apiVersionSets", "version set"));
    let mut raw = Raw {
        policy: object
            .get("policy")
            .and_then(|node| policy(context, node, "the global policy")),
        named_values: collection("namedValues", "named value"),
        backends: collection("backends", "backend"),
        policy_fragments: collection("policyFragments", "policy fragment")
            .into_iter()
            .map(|entity| fragment(context, entity))
            .collect(),
        version_sets,
        apis: collection("apis", "API")
            .into_iter()
            .map(|entity| api(context, entity))
            .collect(),
        products: collection("products", "product")
            .into_iter()
            .map(|entity| RawProduct {
                entity,
                apis: Vec::new(),
                groups: Vec::new(),
            })
            .collect(),
        subscriptions: collection("subscriptions", "subscription"),
        certificates: collection("certificates", "certificate"),
        groups: collection("groups", "group"),
        users: collection("users", "user"),
        gateway: object.get("gateway").cloned(),
        loggers: Vec::new(),
        own_format: true,
    };
    if let Some(extract) = object.text("extract") {
        let path = context.base.join(&extract.value);
        if apiops::is_extract(&path) {
            // Its files are APIM's, not ours.
            context.unknown_keys.set(Severity::Warning);
            raw = apiops::read(context, &path).merge(raw);
        } else {
            context.error(
                &extract.origin,
                "unreadable-file",
                format!("extract: {} is no APIOps extract", Context::show(&path)),
            );
        }
    }
    if let Some(path) = object.text("overrides") {
        overrides::apply(context, &context.base.join(&path.value), &mut raw);
    }
    // A place for anchors.
    object.finish_but(|key| key.starts_with("x-"));
    raw
}

fn entities(context: &Context<'_>, node: &Node, key: &str, what: &str) -> Vec<RawEntity> {
    named_nodes(context, node, key)
        .into_iter()
        .map(|(name, node)| {
            let node = node.without_envelope();
            let label = format!("{what} '{}'", name.value);
            // Backends and named values have no policy; theirs stays an unknown key.
            let policy = match what {
                "API" | "product" | "policy fragment" => node
                    .get("policy")
                    .and_then(|node| policy(context, node, &label)),
                _ => None,
            };
            RawEntity { name, node, policy }
        })
        .collect()
}

/// A fragment may be written as its document or path alone.
fn fragment(context: &Context<'_>, mut entity: RawEntity) -> RawEntity {
    if entity.node.as_text().is_some() {
        let label = format!("policy fragment '{}'", entity.name.value);
        entity.policy = policy(context, &entity.node, &label);
        entity.node = Node::null(entity.node.origin.clone());
    }
    entity
}

fn api(context: &Context<'_>, entity: RawEntity) -> RawApi {
    let specification = entity
        .node
        .get("specification")
        .and_then(|node| specification(context, node));
    let mut operation_policies = Vec::new();
    if let Some(operations) = entity.node.get("operations") {
        let what = format!("API '{}': operation", entity.name.value);
        let named: Vec<(Located<String>, &Node)> = match &operations.value {
            Value::Mapping(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), &entry.value))
                .collect(),
            Value::Sequence(items) => items
                .iter()
                .filter_map(|item| {
                    let name = item.get("name")?;
                    Some((
                        Located::new(name.as_text()?.to_owned(), name.origin.clone()),
                        item,
                    ))
                })
                .collect(),
            _ => Vec::new(),
        };
        for (name, node) in named {
            let node = node.without_envelope();
            let Some(node) = node.get("policy") else {
                continue;
            };
            if let Some(policy) = policy(context, node, &format!("{what} '{}'", name.value)) {
                operation_policies.push((name, policy));
            }
        }
    }
    RawApi {
        entity,
        specification,
        operation_policies,
    }
}

fn specification(context: &Context<'_>, node: &Node) -> Option<Node> {
    let Some(text) = node.as_text() else {
        context.error(
            &node.origin,
            "wrong-type",
            format!(
                "specification: expected a path or the name of a built-in description, found {}",
                node.kind()
            ),
        );
        return None;
    };
    if let Some(description) = azure_openai::description(text) {
        return parse::parse(
            context,
            &format!("(built-in description {text})"),
            description,
            Severity::Error,
        );
    }
    let path = context.base.join(text);
    if !path.exists() && !text.contains(['.', '/']) {
        context.report(
            node.origin
                .error(
                    "unreadable-file",
                    format!("there is neither a file nor a built-in description '{text}'"),
                )
                .help(format!(
                    "built-in descriptions: {}",
                    azure_openai::NAMES.join(", ")
                )),
        );
        return None;
    }
    context.read_tree(&path, Some(&node.origin), Severity::Warning)
}

/// A policy: a document, the path of one, or ARM's `format` and `value`.
pub(crate) fn policy(context: &Context<'_>, node: &Node, what: &str) -> Option<PolicyDocument> {
    let node = match &node.value {
        Value::Mapping(_) => {
            let properties = node.without_envelope();
            let object = Object::new(context, &properties, format!("{what}: policy"));
            object.choice("format", &[("xml", ()), ("rawxml", ())]);
            let value = object.get("value").cloned();
            if value.is_none() {
                object.missing("value");
            }
            object.finish();
            value?
        }
        _ => node.clone(),
    };
    let Value::Scalar(scalar) = &node.value else {
        context.error(
            &node.origin,
            "wrong-type",
            format!(
                "{what}: policy must be a document or the path of one, found {}",
                node.kind()
            ),
        );
        return None;
    };
    if !scalar.text.contains('<') {
        return context.read_policy(&context.base.join(scalar.text.trim()), Some(&node.origin));
    }
    let file = &node.origin.file;
    let document = if scalar.block && !scalar.text.trim_start().starts_with("<?xml") {
        // Empty lines in front keep the line numbers those of the file.
        let (line, _) = file.line_column(node.origin.range.start);
        let content = scalar.text.trim_start_matches('\n');
        let text = format!("{}{content}", "\n".repeat(line.saturating_sub(1)));
        SourceFile::new(file.name(), text)
    } else {
        SourceFile::new(format!("{} ({what})", file.name()), scalar.text.as_str())
    };
    Some(PolicyDocument { file: document })
}
