//! Checks of APIs: operations, revisions, versions, paths.

use std::collections::HashMap;

use super::unknown;
use crate::load::context::Context;
use crate::{Api, ApiType, Operation, Origin, ResourceName, Service, VersioningScheme};

/// What must be unique within an API.
pub(super) fn operations(context: &Context<'_>, api: &Api) {
    // That others have none was said where their type was read.
    if api.operations.is_empty() && api.api_type == ApiType::Http {
        context.warn(
            &api.origin,
            "no-operations",
            format!(
                "API '{}' has no operations, so every request to it is answered with 404",
                api.name
            ),
        );
    }
    let mut names: HashMap<&ResourceName, &Origin> = HashMap::new();
    let mut templates: HashMap<(&str, String), &Operation> = HashMap::new();
    for operation in &api.operations {
        if let Some(other) = names.insert(&operation.name, &operation.origin) {
            context.report(
                operation
                    .origin
                    .error(
                        "duplicate-name",
                        format!("API '{}' has two operations '{}'", api.name, operation.name),
                    )
                    .related(&other.file, other.range.clone(), "the other one"),
            );
        }
        if operation.name.as_str().chars().count() > 80 {
            context.error(
                &operation.origin,
                "invalid-name",
                format!(
                    "operation '{}': a name has 1 to 80 characters",
                    operation.name
                ),
            );
        }
        let Some(other) =
            templates.insert((&operation.method, operation.template.shape()), operation)
        else {
            continue;
        };
        let diagnostic = if other
            .template
            .as_str()
            .eq_ignore_ascii_case(operation.template.as_str())
        {
            operation.origin.error(
                "duplicate-operation",
                format!(
                    "Operation with the same method and URL template already exists: {}, {}",
                    operation.method, operation.template
                ),
            )
        } else {
            operation.origin.warning(
                "duplicate-operation",
                format!(
                    "operation '{}' never matches: {} {} matches the same requests",
                    operation.name, other.method, other.template
                ),
            )
        };
        context.report(diagnostic.related(
            &other.origin.file,
            other.origin.range.clone(),
            "the other one",
        ));
    }
}

/// One current revision for each API; revision numbers unique.
pub(super) fn revisions(context: &Context<'_>, service: &Service) {
    let mut known: HashMap<(ResourceName, &str), &Api> = HashMap::new();
    let mut current: HashMap<ResourceName, &Api> = HashMap::new();
    for api in &service.apis {
        let base = ResourceName::new(api.base_name());
        if let Some(other) = known.insert((base.clone(), &api.revision), api)
            && other.name != api.name
        {
            context.report(
                api.origin
                    .error(
                        "duplicate-revision",
                        format!("API '{base}' has two revisions {}", api.revision),
                    )
                    .related(
                        &other.origin.file,
                        other.origin.range.clone(),
                        "the other one",
                    ),
            );
        }
        if api.is_current
            && let Some(other) = current.insert(base.clone(), api)
            && other.name != api.name
        {
            context.report(
                api.origin
                    .error(
                        "duplicate-revision",
                        format!("API '{base}' has two current revisions"),
                    )
                    .related(
                        &other.origin.file,
                        other.origin.range.clone(),
                        "the other one",
                    ),
            );
        }
    }
}

/// A path belongs to the revisions of one API, or to the versions of one version set.
pub(super) fn paths(context: &Context<'_>, service: &Service) {
    let sets: HashMap<&ResourceName, &VersioningScheme> = service
        .version_sets
        .iter()
        .map(|set| (&set.name, &set.scheme))
        .collect();
    let mut at_path: HashMap<String, AtPath<'_>> = HashMap::new();
    let mut versions: HashMap<(String, String), &Api> = HashMap::new();
    for api in &service.apis {
        if let Some(set) = &api.version_set
            && !sets.contains_key(&set.value)
        {
            unknown(
                context,
                &set.origin,
                format!(
                    "API '{}': there is no version set '{}'",
                    api.name, set.value
                ),
                set.value.as_str(),
                sets.keys().copied(),
            );
        }
        if api.version.is_some() && api.version_set.is_none() {
            context.error(
                &api.origin,
                "version-without-set",
                format!(
                    "API '{}' has an apiVersion but no apiVersionSetId",
                    api.name
                ),
            );
        }
        let path = api.path.to_ascii_lowercase();
        let shown = if path.is_empty() {
            "the empty path".to_owned()
        } else {
            format!("path '{path}'")
        };
        let here = at_path.entry(path.clone()).or_default();
        let (place, is_same) = match &api.version_set {
            Some(set) => {
                let first = *here.versioned.get_or_insert(api);
                let is_same = first
                    .version_set
                    .as_ref()
                    .is_some_and(|other| other.value == set.value);
                (first, is_same)
            }
            None => {
                let first = *here.plain.get_or_insert(api);
                (
                    first,
                    first.base_name().eq_ignore_ascii_case(api.base_name()),
                )
            }
        };
        if !is_same {
            context.report(
                api.origin
                    .error(
                        "path-conflict",
                        format!("APIs '{}' and '{}' are both at {shown}", place.name, api.name),
                    )
                    .related(&place.origin.file, place.origin.range.clone(), "the other API")
                    .help("two APIs share a path only as versions of one version set or revisions of one API"),
            );
            continue;
        }
        let version = api.version.clone().unwrap_or_default().to_ascii_lowercase();
        let other = versions.entry((path, version)).or_insert(api);
        if !other.base_name().eq_ignore_ascii_case(api.base_name()) {
            context.report(
                api.origin
                    .error(
                        "path-conflict",
                        format!(
                            "APIs '{}' and '{}' are the same version at {shown}",
                            other.name, api.name
                        ),
                    )
                    .related(
                        &other.origin.file,
                        other.origin.range.clone(),
                        "the other API",
                    ),
            );
        }
    }
    for here in at_path.values() {
        if let (Some(plain), Some(versioned)) = (here.plain, here.versioned) {
            context.report(
                plain
                    .origin
                    .warning(
                        "version-without-set",
                        format!(
                            "API '{}' has no apiVersionSetId but the path of '{}'; it answers when a request names no version",
                            plain.name, versioned.name
                        ),
                    )
                    .related(
                        &versioned.origin.file,
                        versioned.origin.range.clone(),
                        "the versioned API",
                    ),
            );
        }
    }
}

/// The first APIs found at a path, without and with a version set.
#[derive(Default)]
struct AtPath<'a> {
    plain: Option<&'a Api>,
    versioned: Option<&'a Api>,
}
