//! Checks across entities: what is referred to exists, what must be unique is.

mod apis;
mod backends;

use std::collections::{HashMap, HashSet};

use tidegate_policy_xml::diagnostic::{Diagnostic, Severity};

use super::context::Context;
use super::named_values::environment_suffix;
use super::suggest::did_you_mean;
use crate::{Origin, ResourceName, Service, Subscription, SubscriptionScope, SubscriptionState};

/// Checks a service; findings go to the context.
pub(crate) fn check(context: &Context<'_>, service: &Service) {
    if service.apis.is_empty() {
        context.report(Diagnostic::warning(
            "no-apis",
            "the configuration has no APIs, so every request is answered with 404",
        ));
    }
    names(context, service);
    backends::backends(context, service);
    for api in &service.apis {
        apis::operations(context, api);
    }
    apis::revisions(context, service);
    apis::paths(context, service);
    products(context, service);
    subscriptions(context, service);
    subscriptions_without_key(context, service);
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

/// A subscription to something that is not there. Extracts of a part of an instance are full of them, and they open
/// nothing, so there it is no error.
fn dangling<'a>(
    context: &Context<'_>,
    origin: &Origin,
    message: String,
    name: &str,
    known: impl Iterator<Item = &'a ResourceName>,
) {
    match context.unknown_keys.get() {
        Severity::Error => unknown(context, origin, message, name, known),
        Severity::Warning => {
            context.warn(
                origin,
                "unknown-reference",
                format!("{message}; it opens nothing"),
            );
        }
    }
}

/// How many subscriptions without key are named one by one.
const NAMED_WITHOUT_KEY: usize = 3;

fn subscriptions_without_key(context: &Context<'_>, service: &Service) {
    let without: Vec<&Subscription> = service
        .subscriptions
        .iter()
        .filter(|subscription| {
            subscription.state == SubscriptionState::Active
                && subscription.primary_key.is_none()
                && subscription.secondary_key.is_none()
        })
        .collect();
    let report = |first: &Subscription, message: String| {
        context.report(
            first
                .origin
                .warning("subscription-without-key", message)
                .help(format!(
                    "add primaryKey (env:NAME and file:PATH are allowed), or set TIDEGATE_SUBSCRIPTION_{}_PRIMARY_KEY",
                    environment_suffix(first.name.as_str())
                )),
        );
    };
    if let Some(first) = without.first()
        && without.len() > NAMED_WITHOUT_KEY
    {
        let message = format!(
            "{} subscriptions have no key, so nobody can use them; '{}' is the first",
            without.len(),
            first.name
        );
        report(first, message);
        return;
    }
    for subscription in without {
        let message = format!(
            "subscription '{}' has no key, so nobody can use it",
            subscription.name
        );
        report(subscription, message);
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
    let mut keys: HashMap<&str, &Subscription> = HashMap::new();
    for subscription in &service.subscriptions {
        let name = &subscription.name;
        let origin = &subscription.scope.origin;
        match &subscription.scope.value {
            SubscriptionScope::AllApis => {}
            SubscriptionScope::Api(api) if !apis.contains(api) => dangling(
                context,
                origin,
                format!("subscription '{name}': there is no API '{api}'"),
                api.as_str(),
                apis.iter(),
            ),
            SubscriptionScope::Product(product) if !products.contains(product) => dangling(
                context,
                origin,
                format!("subscription '{name}': there is no product '{product}'"),
                product.as_str(),
                products.iter().copied(),
            ),
            _ => {}
        }
        if let Some(owner) = &subscription.owner
            // Extracts never hold users.
            && !users.is_empty()
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
            if let Some(other) = keys.insert(&**key.expose(), subscription)
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
