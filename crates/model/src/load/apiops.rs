//! A folder as the APIOps extractor leaves it.
//!
//! Each `*Information.json` becomes an untyped entity, each `policy.xml` a document. What has no bearing on a gateway
//! (tags, releases, schemas) is passed over; what has but is not supported is reported.

use std::fs;
use std::path::{Path, PathBuf};

use tidegate_policy_xml::diagnostic::{Diagnostic, Severity, SourceFile};

use super::context::Context;
use super::raw::{Raw, RawApi, RawEntity, RawProduct};
use super::suggest::did_you_mean;
use super::tree::Node;
use crate::{Located, Origin};

/// Folders that make a folder an extract, in the spelling of [`kind`].
const FOLDERS: [&str; 9] = [
    "apis",
    "backends",
    "groups",
    "namedvalues",
    "policyfragments",
    "products",
    "subscriptions",
    "versionsets",
    "workspaces",
];

/// Folders of an extract that have no bearing on a gateway.
const PASSED_OVER: [&str; 6] = [
    "caches",
    "certificates",
    "diagnostics",
    "gateways",
    "loggers",
    "tags",
];

/// A folder's name without what releases of the extractor write differently: `named values`, `named-values`.
fn kind(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a folder looks like an extract: not like a part of one (products and gateways have `apis` too), nor like
/// somebody's collection of documents.
pub(crate) fn is_extract(path: &Path) -> bool {
    subfolders(path)
        .iter()
        .filter(|(name, _)| FOLDERS.contains(&kind(name).as_str()))
        .any(|(_, folder)| subfolders(folder).iter().any(|(_, path)| is_entity(path)))
        && !is_entity(path)
}

/// Whether this is the folder of one entity.
fn is_entity(path: &Path) -> bool {
    fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.ends_with("Information.json"))
        })
}

/// Names and paths of the folders in a folder, sorted.
pub(crate) fn subfolders(path: &Path) -> Vec<(String, PathBuf)> {
    let mut all: Vec<(String, PathBuf)> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    all.sort();
    all
}

/// Reads an extract.
pub(crate) fn read(context: &Context<'_>, root: &Path) -> Raw {
    context.watch(root);
    let mut raw = Raw {
        policy: policy(context, root),
        ..Raw::default()
    };
    for (name, path) in subfolders(root) {
        context.watch(&path);
        let entities = |file: &str| -> Vec<RawEntity> {
            subfolders(&path)
                .into_iter()
                .filter_map(|(name, path)| entity(context, &name, &path, file))
                .collect()
        };
        match kind(&name).as_str() {
            "namedvalues" | "properties" => {
                raw.named_values = entities("namedValueInformation.json")
            }
            "backends" => raw.backends = entities("backendInformation.json"),
            "policyfragments" => raw.policy_fragments = entities("policyFragmentInformation.json"),
            "versionsets" => raw.version_sets = entities("versionSetInformation.json"),
            "subscriptions" => raw.subscriptions = entities("subscriptionInformation.json"),
            "groups" => raw.groups = entities("groupInformation.json"),
            "apis" => {
                raw.apis = subfolders(&path)
                    .into_iter()
                    .filter_map(|(name, path)| api(context, &name, &path))
                    .collect();
            }
            "products" => {
                raw.products = subfolders(&path)
                    .into_iter()
                    .filter_map(|(name, path)| product(context, &name, &path))
                    .collect();
            }
            "workspaces" => {
                for (name, path) in subfolders(&path) {
                    // Its APIs answer at the gateway of the workspace only, so this one never served them.
                    context.report(
                        Diagnostic::warning(
                            "not-supported",
                            format!(
                                "{}: workspaces are not supported; nothing of '{name}' is served",
                                Context::show(&path)
                            ),
                        )
                        .help(
                            "to serve its APIs, move them and what they use out of the workspace",
                        ),
                    );
                }
            }
            kind @ ("loggers" | "diagnostics") if !subfolders(&path).is_empty() => {
                context.report(Diagnostic::warning(
                    "no-effect",
                    format!("{}: {name} have no effect here", Context::show(&path)),
                ));
                if kind == "loggers" {
                    let loggers = entities("loggerInformation.json");
                    raw.loggers = loggers.into_iter().map(|entity| entity.node).collect();
                }
            }
            kind => {
                // Anything may lie beside an extract, but this looks like a slip.
                if !PASSED_OVER.contains(&kind)
                    && let Some(meant) = did_you_mean(kind, FOLDERS)
                {
                    context.report(
                        Diagnostic::warning(
                            "no-effect",
                            format!(
                                "{}: this folder is not part of an extract and is passed over",
                                Context::show(&path)
                            ),
                        )
                        .help(format!("did you mean '{meant}'?")),
                    );
                }
            }
        }
    }
    raw
}

/// A document beside an entity.
fn policy(context: &Context<'_>, folder: &Path) -> Option<crate::PolicyDocument> {
    let path = folder.join("policy.xml");
    path.is_file()
        .then(|| context.read_policy(&path, None))
        .flatten()
}

/// The entity of a folder: its information file without the envelope. A fragment may consist of its policy alone.
fn entity(context: &Context<'_>, name: &str, folder: &Path, file: &str) -> Option<RawEntity> {
    context.watch(folder);
    let path = folder.join(file);
    let policy = policy(context, folder);
    let node = if path.is_file() {
        let tree = context.read_tree(&path, None, Severity::Error)?;
        if tree.is_null() {
            context.error(
                &tree.origin,
                "missing-value",
                format!("{}: the file is empty", Context::show(&path)),
            );
            return None;
        }
        tree.without_envelope()
    } else if policy.is_some() && file.starts_with("policyFragment") {
        Node::null(nowhere(&path))
    } else {
        // Very old releases nest `apis/<display name>/<version>/<revision>`; other folders hold leftovers.
        context.report(Diagnostic::warning(
            "no-effect",
            format!(
                "{}: there is no {file} here; the folder is passed over",
                Context::show(folder)
            ),
        ));
        return None;
    };
    let origin = Origin::new(
        &node.origin.file,
        node.origin.range.start..node.origin.range.start,
    );
    Some(RawEntity {
        name: Located::new(name.to_owned(), origin),
        node,
        policy,
    })
}

/// A place in a file that has no text: a folder's name.
fn nowhere(path: &Path) -> Origin {
    Origin::new(&SourceFile::new(Context::show(path), ""), 0..0)
}

fn api(context: &Context<'_>, name: &str, folder: &Path) -> Option<RawApi> {
    let entity = entity(context, name, folder, "apiInformation.json")?;
    let mut operation_policies = Vec::new();
    for (name, path) in subfolders(&folder.join("operations")) {
        if let Some(policy) = policy(context, &path) {
            let origin = Origin::new(&policy.file, 0..0);
            operation_policies.push((Located::new(name, origin), policy));
        }
    }
    let is_http = entity
        .node
        .get_text("type")
        .or_else(|| entity.node.get_text("apiType"))
        .is_none_or(|word| word.eq_ignore_ascii_case("http"));
    Some(RawApi {
        specification: is_http.then(|| specification(context, folder)).flatten(),
        entity,
        operation_policies,
    })
}

fn specification(context: &Context<'_>, folder: &Path) -> Option<Node> {
    for extension in ["graphql", "wsdl", "wadl"] {
        let path = folder.join(format!("specification.{extension}"));
        if path.is_file() {
            context.report(Diagnostic::error(
                "not-supported",
                format!(
                    "{}: only OpenAPI specifications are supported",
                    Context::show(&path)
                ),
            ));
            return None;
        }
    }
    let path = ["json", "yaml", "yml"]
        .into_iter()
        .map(|extension| folder.join(format!("specification.{extension}")))
        .find(|path| path.is_file())?;
    context.read_tree(&path, None, Severity::Warning)
}

fn product(context: &Context<'_>, name: &str, folder: &Path) -> Option<RawProduct> {
    Some(RawProduct {
        entity: entity(context, name, folder, "productInformation.json")?,
        apis: links(context, folder, "apis", None),
        groups: links(context, folder, "groups", Some("groupId")),
    })
}

/// What a product is linked to: one folder each, or (older releases) an array file. A link's file may hold the id of
/// its target, when the folder's name is but the name of the link.
fn links(
    context: &Context<'_>,
    folder: &Path,
    kind: &str,
    id_key: Option<&str>,
) -> Vec<Located<String>> {
    let mut names = Vec::new();
    for (name, path) in subfolders(&folder.join(kind)) {
        let file = fs::read_dir(&path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            });
        let tree = file.and_then(|file| context.read_tree(&file, None, Severity::Error));
        let origin = tree
            .as_ref()
            .map_or_else(|| nowhere(&path), |tree| tree.origin.clone());
        let id = id_key
            .zip(tree)
            .and_then(|(key, tree)| Some(tree.without_envelope().get_text(key)?.to_owned()));
        names.push(Located::new(id.unwrap_or(name), origin));
    }
    let array = folder.join(format!("{kind}.json"));
    if array.is_file()
        && let Some(tree) = context.read_tree(&array, None, Severity::Error)
    {
        for item in tree.items() {
            match item.as_text().or_else(|| item.get_text("name")) {
                Some(name) => names.push(Located::new(name.to_owned(), item.origin.clone())),
                None => context.error(&item.origin, "wrong-type", "expected an object with a name"),
            }
        }
    }
    names
}
