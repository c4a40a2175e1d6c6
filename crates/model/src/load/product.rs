//! Reads products, subscriptions, groups, users and policy fragments.

use jiff::Timestamp;
use tidegate_policy_xml::diagnostic::SourceFile;

use super::context::Context;
use super::named_values::{NamedValues, environment_suffix, resolve_reference};
use super::object::Object;
use super::raw::{RawEntity, RawProduct};
use crate::api::base_name;
use crate::{
    Group, Located, PolicyDocument, PolicyFragment, Product, ResourceName, Secret, Subscription,
    SubscriptionScope, SubscriptionState, User, UserIdentity, name_in_id, relative_id,
};

/// Reads a product.
pub(crate) fn read(context: &Context<'_>, raw: &RawProduct) -> Product {
    let entity = &raw.entity;
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("product '{name}'"));
    object.ignore(&["terms", "policy", "provisioningState"]);
    let names = |key: &'static str, beside: &[Located<String>], collection: &str| {
        let mut all: Vec<Located<ResourceName>> = Vec::new();
        for text in object.texts(key).iter().chain(beside) {
            let name = name_in_id(&text.value, collection).unwrap_or(&text.value);
            let name = ResourceName::from(if collection == "apis" {
                base_name(name)
            } else {
                name
            });
            if !all.iter().any(|known| known.value == name) {
                all.push(Located::new(name, text.origin.clone()));
            }
        }
        all
    };
    let product = Product {
        name: ResourceName::from(name.as_str()),
        display_name: object
            .limited("displayName", 300)
            .map_or_else(|| name.clone(), |text| text.value),
        description: object.limited("description", 1000).map(|text| text.value),
        subscription_required: object.boolean("subscriptionRequired").unwrap_or(true),
        approval_required: object.boolean("approvalRequired").unwrap_or(false),
        subscriptions_limit: object.integer("subscriptionsLimit", 0..=u64::from(u32::MAX)),
        published: object
            .choice("state", &[("published", true), ("notPublished", false)])
            .unwrap_or(false),
        apis: names("apis", &raw.apis, "apis"),
        groups: names("groups", &raw.groups, "groups"),
        policy: entity.policy.clone(),
        origin: entity.name.origin.clone(),
    };
    object.finish();
    product
}

/// Reads a subscription.
pub(crate) fn read_subscription(
    context: &Context<'_>,
    values: &NamedValues,
    entity: &RawEntity,
) -> Subscription {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("subscription '{name}'"));
    object.ignore(&["notificationDate", "stateComment", "provisioningState"]);
    let scope = object.text("scope");
    if object.node.get("scope").is_none() && name != "master" {
        object.missing("scope");
    }
    let scope = scope
        .map(|scope| read_scope(context, name, scope))
        .unwrap_or_else(|| Located::new(SubscriptionScope::AllApis, entity.name.origin.clone()));
    let key = |key: &'static str, suffix: &str| {
        let variable = format!(
            "TIDEGATE_SUBSCRIPTION_{}_{suffix}",
            environment_suffix(name)
        );
        let what = format!("subscription '{name}': {key}");
        let written = object.text(key);
        let (text, origin, what) = match context.options.environment_variable(&variable) {
            Some(text) => (text, &entity.name.origin, format!("{what}: {variable}")),
            None => {
                let written = written.as_ref()?;
                let text = if written.value.contains("{{") {
                    values.substitute(context, written).text
                } else {
                    resolve_reference(context, written, &what)?
                };
                (text, &written.origin, what)
            }
        };
        // An empty key would open the gateway to those who send none.
        if text.trim().is_empty() || text.chars().count() > 256 {
            context.error(
                origin,
                "invalid-value",
                format!("{what} must have 1 to 256 characters"),
            );
        }
        Some(Secret::new(text))
    };
    let primary_key = key("primaryKey", "PRIMARY_KEY");
    let secondary_key = key("secondaryKey", "SECONDARY_KEY");
    let state = object
        .choice(
            "state",
            &[
                ("active", SubscriptionState::Active),
                ("suspended", SubscriptionState::Suspended),
                ("submitted", SubscriptionState::Submitted),
                ("rejected", SubscriptionState::Rejected),
                ("cancelled", SubscriptionState::Cancelled),
                ("expired", SubscriptionState::Expired),
            ],
        )
        .unwrap_or_default();
    let owner = object
        .text("ownerId")
        .filter(|id| !id.value.is_empty())
        .map(|id| {
            let name = name_in_id(&id.value, "users")
                .unwrap_or(&id.value)
                .to_owned();
            Located::new(ResourceName::from(name.as_str()), id.origin)
        });
    let end_date = date(&object, "endDate");
    let expiration_date = date(&object, "expirationDate");
    let subscription = Subscription {
        name: ResourceName::from(name.as_str()),
        display_name: object
            .limited("displayName", 100)
            .map_or_else(|| name.clone(), |text| text.value),
        scope,
        state,
        allow_tracing: object.boolean("allowTracing").unwrap_or(false),
        owner,
        primary_key,
        secondary_key,
        created_date: date(&object, "createdDate"),
        start_date: date(&object, "startDate"),
        end_date: end_date.or(expiration_date),
        origin: entity.name.origin.clone(),
    };
    object.finish();
    subscription
}

fn read_scope(
    context: &Context<'_>,
    name: &str,
    scope: Located<String>,
) -> Located<SubscriptionScope> {
    let relative = relative_id(&scope.value).trim_end_matches('/');
    let value = if relative.is_empty()
        || relative
            .trim_start_matches('/')
            .eq_ignore_ascii_case("apis")
    {
        Some(SubscriptionScope::AllApis)
    } else if let Some(api) = name_in_id(relative, "apis").filter(|_| relative.contains('/')) {
        Some(SubscriptionScope::Api(ResourceName::from(base_name(api))))
    } else {
        name_in_id(relative, "products")
            .filter(|_| relative.contains('/'))
            .map(|product| SubscriptionScope::Product(ResourceName::from(product)))
    };
    if value.is_none() {
        context.error(
            &scope.origin,
            "invalid-value",
            format!(
                "subscription '{name}': scope must be /apis, /apis/<name>, /products/<name> or /"
            ),
        );
    }
    Located::new(value.unwrap_or(SubscriptionScope::AllApis), scope.origin)
}

fn date(object: &Object<'_>, key: &'static str) -> Option<Timestamp> {
    let text = object.text(key)?;
    match text.value.parse() {
        Ok(timestamp) => Some(timestamp),
        Err(_) => {
            object.context.error(
                &text.origin,
                "invalid-value",
                format!(
                    "{}: {key} must be a time such as 2025-01-31T12:00:00Z",
                    object.what
                ),
            );
            None
        }
    }
}

/// Reads a group.
pub(crate) fn read_group(context: &Context<'_>, entity: &RawEntity) -> Group {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("group '{name}'"));
    object.ignore(&["builtIn", "externalId", "type"]);
    let group = Group {
        name: ResourceName::from(name.as_str()),
        display_name: object
            .limited("displayName", 300)
            .map_or_else(|| name.clone(), |text| text.value),
        description: object.string("description"),
        origin: entity.name.origin.clone(),
    };
    object.finish();
    group
}

/// Reads a user.
pub(crate) fn read_user(context: &Context<'_>, entity: &RawEntity) -> User {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("user '{name}'"));
    object.ignore(&["state", "confirmation", "appType"]);
    let identities = object
        .list("identities")
        .iter()
        .map(|node| {
            let identity = Object::new(context, node, format!("user '{name}': identity"));
            let read = UserIdentity {
                provider: identity.string("provider").unwrap_or_default(),
                id: identity.string("id").unwrap_or_default(),
            };
            identity.finish();
            read
        })
        .collect();
    let user = User {
        name: ResourceName::from(name.as_str()),
        email: object.string("email").unwrap_or_default(),
        first_name: object.string("firstName").unwrap_or_default(),
        last_name: object.string("lastName").unwrap_or_default(),
        note: object.string("note").unwrap_or_default(),
        groups: object
            .texts("groups")
            .into_iter()
            .map(|text| {
                let name = name_in_id(&text.value, "groups")
                    .unwrap_or(&text.value)
                    .to_owned();
                Located::new(ResourceName::from(name.as_str()), text.origin)
            })
            .collect(),
        identities,
        registration_date: date(&object, "registrationDate"),
        origin: entity.name.origin.clone(),
    };
    object.finish();
    user
}

/// Reads a policy fragment: a document beside it, or `value` among its properties.
pub(crate) fn read_fragment(context: &Context<'_>, entity: &RawEntity) -> Option<PolicyFragment> {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("policy fragment '{name}'"));
    object.ignore(&["policy", "provisioningState"]);
    object.choice("format", &[("xml", ()), ("rawxml", ())]);
    let description = object.limited("description", 1000).map(|text| text.value);
    let value = object.text("value");
    object.finish();
    let document = match (&entity.policy, value) {
        (Some(policy), _) => policy.clone(),
        (None, Some(value)) => PolicyDocument {
            file: SourceFile::new(
                format!("{} (policy fragment '{name}')", value.origin.file.name()),
                value.value,
            ),
        },
        (None, None) => {
            context.error(
                &entity.name.origin,
                "missing-value",
                format!("policy fragment '{name}' has no document"),
            );
            return None;
        }
    };
    Some(PolicyFragment {
        name: ResourceName::from(name.as_str()),
        description,
        document,
        origin: entity.name.origin.clone(),
    })
}
