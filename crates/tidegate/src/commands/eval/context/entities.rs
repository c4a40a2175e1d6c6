//! The entities of a context file: what API Management knows of subscription, product, API, operation, user, deployment
//! and the last error. Members that are left out are empty texts, or null where `context` has null.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::Deserializer;
use tidegate_expressions::{
    ApiInfo, DeploymentInfo, GroupInfo, LastErrorInfo, OperationInfo, ProductInfo,
    SubscriptionInfo, UserInfo,
};

fn text(value: Option<String>) -> Arc<str> {
    value.unwrap_or_default().into()
}

/// A group: its name, or its id and name.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the group's name or {\"id\", \"name\"}"
)]
enum Group {
    Name(String),
    Both(GroupPart),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct GroupPart {
    id: Option<String>,
    name: Option<String>,
}

fn groups(groups: Vec<Group>) -> Vec<GroupInfo> {
    groups
        .into_iter()
        .map(|group| match group {
            Group::Name(name) => GroupInfo {
                id: name.as_str().into(),
                name: name.into(),
            },
            Group::Both(part) => GroupInfo {
                id: text(part.id),
                name: text(part.name),
            },
        })
        .collect()
}

pub(super) fn subscription<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<SubscriptionInfo>>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        id: Option<String>,
        name: Option<String>,
        key: Option<String>,
        primary_key: Option<String>,
        secondary_key: Option<String>,
        #[serde(deserialize_with = "super::date")]
        created_date: Option<i64>,
    }
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| {
        Arc::new(SubscriptionInfo {
            id: text(part.id),
            name: text(part.name),
            key: text(part.key),
            primary_key: text(part.primary_key),
            secondary_key: text(part.secondary_key),
            created_date: part.created_date.unwrap_or_default(),
            ..SubscriptionInfo::default()
        })
    }))
}

pub(super) fn product<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<ProductInfo>>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Part {
        id: Option<String>,
        name: Option<String>,
        groups: Vec<Group>,
    }
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| {
        Arc::new(ProductInfo {
            id: text(part.id),
            name: text(part.name),
            groups: groups(part.groups),
            ..ProductInfo::default()
        })
    }))
}

pub(super) fn api<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<ApiInfo>>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        id: Option<String>,
        name: Option<String>,
        path: Option<String>,
        service_url: Option<String>,
        version: Option<String>,
        revision: Option<String>,
    }
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| {
        Arc::new(ApiInfo {
            id: text(part.id),
            name: text(part.name),
            path: text(part.path),
            service_url: part.service_url.map(Into::into),
            version: part.version.map(Into::into),
            revision: text(part.revision),
            ..ApiInfo::default()
        })
    }))
}

pub(super) fn operation<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<OperationInfo>>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        id: Option<String>,
        name: Option<String>,
        method: Option<String>,
        url_template: Option<String>,
    }
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| {
        Arc::new(OperationInfo {
            id: text(part.id),
            name: text(part.name),
            method: text(part.method),
            url_template: text(part.url_template),
        })
    }))
}

pub(super) fn user<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<UserInfo>>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        id: Option<String>,
        email: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        groups: Vec<Group>,
    }
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| {
        Arc::new(UserInfo {
            id: text(part.id),
            email: text(part.email),
            first_name: text(part.first_name),
            last_name: text(part.last_name),
            groups: groups(part.groups),
            ..UserInfo::default()
        })
    }))
}

pub(super) fn deployment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<DeploymentInfo>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        gateway_id: Option<String>,
        region: Option<String>,
        service_id: Option<String>,
        service_name: Option<String>,
    }
    let part = Option::<Part>::deserialize(deserializer)?.unwrap_or_default();
    Ok(Arc::new(DeploymentInfo {
        gateway_id: text(part.gateway_id),
        region: text(part.region),
        service_id: text(part.service_id),
        service_name: text(part.service_name),
    }))
}

pub(super) fn last_error<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<LastErrorInfo>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Part {
        source: Option<String>,
        reason: Option<String>,
        message: Option<String>,
        scope: Option<String>,
        section: Option<String>,
        path: Option<String>,
        policy_id: Option<String>,
    }
    Ok(
        Option::<Part>::deserialize(deserializer)?.map(|part| LastErrorInfo {
            source: text(part.source),
            reason: part.reason.map(Into::into),
            message: text(part.message),
            scope: part.scope.map(Into::into),
            section: part.section.map(Into::into),
            path: part.path.map(Into::into),
            policy_id: part.policy_id.map(Into::into),
            ..LastErrorInfo::default()
        }),
    )
}
