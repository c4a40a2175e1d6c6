//! Checks across entities: what is referred to exists, what must be unique is.

use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::suggest::did_you_mean;
use crate::{
    Api, BackendKind, Origin, ResourceName, Secret, Service, SubscriptionScope, VersioningScheme,
};

/// Checks a service; findings go to the context.
pub(crate) fn check(context: &Context<'_>, service: &Service) {
    names(context, service);
    backends(context, service);
    for api in &service.apis {
        operations(context, api);
    }
    revisions(context, service);
    paths(context, service);
    products(context, service);
    subscriptions(context, service);
}

/// Reports names that occur twice in a collection, or that no resource could have.
fn names(context: &Context<'_>, service: &Service) {
    let collection =
        |what: &str, limit: usize, entries: &mut dyn Iterator<Item = (&ResourceName, &Origin)>| {
            let mut known: HashMap<&ResourceName, &Origin> = HashMap::new();
            for (name, origin) in entries {
                if let Some(other) = known.insert(name, origin) {
                    context.report(
                        origin
                            .error(
                                "duplicate-name",
                                format!("there are two of {what} '{name}'"),
                            )
                            .related(&other.file, other.range.clone(), "the other one"),
                    );
                }
                let text = name.as_str();
                if text.is_empty()
                    || text.chars().count() > limit
                    || text.contains(['*', '#', '&', '+', ':', '<', '>', '?', '/'])
                {
                    context.error(
                    origin,
                    "invalid-name",
                    format!("{what} '{name}': a name has 1 to {limit} characters and none of * # & + : < > ? /"),
                );
                }
            }
        };
    collection(
        "API",
        256,
        &mut service.apis.iter().map(|api| (&api.name, &api.origin)),
    );
    collection(
        "version set",
        80,
        &mut service
            .version_sets
            .iter()
            .map(|set| (&set.name, &set.origin)),
    );
    collection(
        "product",
        256,
        &mut service
            .products
            .iter()
            .map(|product| (&product.name, &product.origin)),
    );
    collection(
        "subscription",
        256,
        &mut service
            .subscriptions
            .iter()
            .map(|subscription| (&subscription.name, &subscription.origin)),
    );
    collection(
        "named value",
        256,
        &mut service
            .named_values
            .iter()
            .map(|value| (&value.name, &value.origin)),
    );
    collection(
        "backend",
        80,
        &mut service
            .backends
            .iter()
            .map(|backend| (&backend.name, &backend.origin)),
    );
    collection(
        "policy fragment",
        80,
        &mut service
            .policy_fragments
            .iter()
            .map(|fragment| (&fragment.name, &fragment.origin)),
    );
    collection(
        "certificate",
        80,
        &mut service
            .certificates
            .iter()
            .map(|certificate| (&certificate.name, &certificate.origin)),
    );
    collection(
        "group",
        256,
        &mut service
            .groups
            .iter()
            .map(|group| (&group.name, &group.origin)),
    );
    collection(
        "user",
        80,
        &mut service.users.iter().map(|user| (&user.name, &user.origin)),
    );
}

fn unknown<'a>(
    context: &Context<'_>,
    origin: &Origin,
    message: String,
    name: &str,
    known: impl Iterator<Item = &'a ResourceName>,
) {
    let diagnostic = origin.error("unknown-reference", message);
    context.report(match did_you_mean(name, known.map(ResourceName::as_str)) {
        Some(similar) => diagnostic.help(format!("did you mean '{similar}'?")),
        None => diagnostic,
    });
}

fn backends(context: &Context<'_>, service: &Service) {
    let by_name: HashMap<&ResourceName, &crate::Backend> = service
        .backends
        .iter()
        .map(|backend| (&backend.name, backend))
        .collect();
    let certificates: HashSet<&ResourceName> = service
        .certificates
        .iter()
        .map(|certificate| &certificate.name)
        .collect();
    for backend in &service.backends {
        let name = &backend.name;
        match &backend.kind {
            BackendKind::Single(single) => {
                for id in &single.credentials.certificate_ids {
                    if !certificates.contains(&id.value) {
                        unknown(
                            context,
                            &id.origin,
                            format!("backend '{name}': there is no certificate '{}'", id.value),
                            id.value.as_str(),
                            certificates.iter().copied(),
                        );
                    }
                }
                for thumbprint in &single.credentials.certificate {
                    let is_known = service
                        .certificates
                        .iter()
                        .any(|certificate| certificate.thumbprint.as_ref() == Some(thumbprint));
                    if !is_known && single.credentials.certificate_ids.is_empty() {
                        context.error(
                            &backend.origin,
                            "unknown-reference",
                            format!(
                                "backend '{name}': no certificate has the thumbprint {thumbprint}"
                            ),
                        );
                    }
                }
                if let Some(identity) = &single.credentials.managed_identity {
                    context.report(
                        identity
                            .origin
                            .warning(
                                "no-effect",
                                format!("backend '{name}': managed identities do not exist outside Azure; requests go out without its token"),
                            )
                            .help("give the backend a key: credentials: { header: { api-key: [\"{{name-of-a-named-value}}\"] } }"),
                    );
                }
            }
            BackendKind::Pool(pool) => {
                let first = pool.members.first().map(|member| member.priority);
                let has_priorities = pool
                    .members
                    .iter()
                    .any(|member| Some(member.priority) != first);
                for member in &pool.members {
                    let origin = &member.backend.origin;
                    let member_name = &member.backend.value;
                    let Some(found) = by_name.get(member_name) else {
                        unknown(
                            context,
                            origin,
                            format!(
                                "backend '{name}': Backend with id '{member_name}' could not be found."
                            ),
                            member_name.as_str(),
                            by_name.keys().copied(),
                        );
                        continue;
                    };
                    let BackendKind::Single(single) = &found.kind else {
                        context.error(
                            origin,
                            "pool-in-pool",
                            format!("backend '{name}': '{member_name}' is a pool itself; a pool's members must be single backends"),
                        );
                        continue;
                    };
                    if !has_priorities {
                        continue;
                    }
                    if single.circuit_breaker.is_empty() {
                        context.warn(
                            origin,
                            "pool-without-breaker",
                            format!("backend '{name}': '{member_name}' has no circuit breaker, so lower priorities are never used in its place"),
                        );
                    } else if single.circuit_breaker.iter().all(|rule| {
                        rule.failure_condition.count.is_none_or(|count| count > 1)
                            && rule.failure_condition.percentage.is_none()
                    }) {
                        context.warn(
                            origin,
                            "slow-breaker",
                            format!("backend '{name}': the circuit breaker of '{member_name}' needs several failures before the pool moves on"),
                        );
                    }
                }
                if !has_priorities
                    && pool.members.iter().all(|member| {
                        by_name.get(&member.backend.value).is_some_and(
                            |found| matches!(&found.kind, BackendKind::Single(single) if single.circuit_breaker.is_empty()),
                        )
                    })
                    && !pool.members.is_empty()
                {
                    context.warn(
                        &backend.origin,
                        "pool-without-breaker",
                        format!("backend '{name}': no member has a circuit breaker, so the pool never avoids a failing one"),
                    );
                }
            }
        }
    }
}

fn operations(context: &Context<'_>, api: &Api) {
    if api.operations.is_empty() {
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
    let mut templates: HashMap<(&str, String), &crate::Operation> = HashMap::new();
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
fn revisions(context: &Context<'_>, service: &Service) {
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
fn paths(context: &Context<'_>, service: &Service) {
    let sets: HashMap<&ResourceName, &VersioningScheme> = service
        .version_sets
        .iter()
        .map(|set| (&set.name, &set.scheme))
        .collect();
    let mut owners: HashMap<String, &Api> = HashMap::new();
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
        let first = owners.entry(path.clone()).or_insert(api);
        let set = |api: &Api| api.version_set.as_ref().map(|set| set.value.clone());
        let is_same = match (set(first), set(api)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => first.base_name().eq_ignore_ascii_case(api.base_name()),
            _ => false,
        };
        if !is_same {
            context.report(
                api.origin
                    .error(
                        "path-conflict",
                        format!("APIs '{}' and '{}' are both at {shown}", first.name, api.name),
                    )
                    .related(&first.origin.file, first.origin.range.clone(), "the other API")
                    .help("two APIs share a path only as versions of one version set or revisions of one API"),
            );
            continue;
        }
        if set(api).is_some() {
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
    }
}

/// Groups every APIM instance has without naming them.
const BUILT_IN_GROUPS: [&str; 3] = ["administrators", "developers", "guests"];

fn products(context: &Context<'_>, service: &Service) {
    let apis: HashSet<ResourceName> = service
        .apis
        .iter()
        .map(|api| ResourceName::new(api.base_name()))
        .collect();
    let groups: HashSet<&ResourceName> = service.groups.iter().map(|group| &group.name).collect();
    let mut open: HashMap<&ResourceName, (&ResourceName, &Origin)> = HashMap::new();
    for product in &service.products {
        for api in &product.apis {
            if !apis.contains(&api.value) {
                unknown(
                    context,
                    &api.origin,
                    format!(
                        "product '{}': there is no API '{}'",
                        product.name, api.value
                    ),
                    api.value.as_str(),
                    apis.iter(),
                );
            }
            if product.subscription_required {
                continue;
            }
            if let Some((other, origin)) = open.insert(&api.value, (&product.name, &api.origin)) {
                context.report(
                    api.origin
                        .error(
                            "two-open-products",
                            format!(
                                "API '{}' is in two open products, '{other}' and '{}'",
                                api.value, product.name
                            ),
                        )
                        .related(&origin.file, origin.range.clone(), "the other membership"),
                );
            }
        }
        for group in &product.groups {
            if !groups.contains(&group.value)
                && !BUILT_IN_GROUPS.iter().any(|name| group.value == *name)
            {
                context.warn(
                    &group.origin,
                    "unknown-reference",
                    format!(
                        "product '{}': there is no group '{}'",
                        product.name, group.value
                    ),
                );
            }
        }
    }
}

fn subscriptions(context: &Context<'_>, service: &Service) {
    let apis: HashSet<ResourceName> = service
        .apis
        .iter()
        .map(|api| ResourceName::new(api.base_name()))
        .collect();
    let products: HashSet<&ResourceName> = service
        .products
        .iter()
        .map(|product| &product.name)
        .collect();
    let users: HashSet<&ResourceName> = service.users.iter().map(|user| &user.name).collect();
    let mut keys: HashMap<&str, &crate::Subscription> = HashMap::new();
    for subscription in &service.subscriptions {
        let name = &subscription.name;
        let origin = &subscription.scope.origin;
        match &subscription.scope.value {
            SubscriptionScope::AllApis => {}
            SubscriptionScope::Api(api) if !apis.contains(api) => unknown(
                context,
                origin,
                format!("subscription '{name}': there is no API '{api}'"),
                api.as_str(),
                apis.iter(),
            ),
            SubscriptionScope::Product(product) if !products.contains(product) => unknown(
                context,
                origin,
                format!("subscription '{name}': there is no product '{product}'"),
                product.as_str(),
                products.iter().copied(),
            ),
            _ => {}
        }
        if let Some(owner) = &subscription.owner
            && !users.contains(&owner.value)
        {
            context.warn(
                &owner.origin,
                "unknown-reference",
                format!(
                    "subscription '{name}': there is no user '{}'; context.User will be null",
                    owner.value
                ),
            );
        }
        for key in [&subscription.primary_key, &subscription.secondary_key]
            .into_iter()
            .flatten()
        {
            if let Some(other) = keys.insert(exposed(key), subscription)
                && other.name != subscription.name
            {
                context.report(
                    subscription
                        .origin
                        .error(
                            "duplicate-key",
                            format!(
                                "subscriptions '{}' and '{name}' have the same key",
                                other.name
                            ),
                        )
                        .related(
                            &other.origin.file,
                            other.origin.range.clone(),
                            "the other subscription",
                        ),
                );
            }
        }
    }
}

fn exposed(secret: &Secret) -> &str {
    secret.expose()
}
