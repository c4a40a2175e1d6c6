//! Reads pools of backends.

use super::breaker::{DEFAULT_FAILURE_STATUS, read_failure_response};
use super::context::Context;
use super::credentials::is_token;
use super::object::Object;
use super::tree::Node;
use crate::{Located, Pool, PoolMember, PoolStrategy, ResourceName, SessionAffinity, name_in_id};

const MAX_POOL_MEMBERS: usize = 30;

/// Reads `pool`.
pub(crate) fn read_pool(backend: &Object<'_>, name: &str) -> Pool {
    let context = backend.context;
    let Some(object) = backend.object("pool") else {
        backend.missing("pool");
        return Pool {
            members: Vec::new(),
            session_affinity: None,
            failure_status: DEFAULT_FAILURE_STATUS,
            strategy: PoolStrategy::default(),
        };
    };
    let nodes = object.list("services");
    if nodes.is_empty() {
        context.error(
            &object.node.origin,
            "invalid-value",
            format!("backend '{name}': a pool needs at least one service"),
        );
    }
    if let Some(node) = nodes.get(MAX_POOL_MEMBERS) {
        context.error(
            &node.origin,
            "limit-exceeded",
            format!("backend '{name}': a pool has at most {MAX_POOL_MEMBERS} services"),
        );
    }
    let with_priority = nodes
        .iter()
        .filter(|node| node.get("priority").is_some())
        .count();
    if with_priority > 0 && with_priority < nodes.len() {
        context.warn(
            &object.node.origin,
            "mixed-priorities",
            format!("backend '{name}': some services have no priority; they count as priority 1"),
        );
    }
    let mut members: Vec<PoolMember> = Vec::new();
    for node in nodes {
        let Some(member) = read_member(context, node, name) else {
            continue;
        };
        if let Some(other) = members
            .iter()
            .find(|other| other.backend.value == member.backend.value)
        {
            context.report(
                member
                    .backend
                    .origin
                    .error(
                        "duplicate-name",
                        format!(
                            "backend '{name}': '{}' is a member twice",
                            member.backend.value
                        ),
                    )
                    .related(
                        &other.backend.origin.file,
                        other.backend.origin.range.clone(),
                        "first here",
                    ),
            );
            continue;
        }
        members.push(member);
    }
    let session_affinity = object.object("sessionAffinity").and_then(|affinity| {
        // Samples carry `enabled`, `affinityType` and `cookieName`, which APIM's schema does not know.
        affinity.ignore(&["enabled", "affinityType", "cookieName"]);
        let session = affinity.object("sessionId")?;
        session.choice("source", &[("Cookie", ())]);
        let cookie = session.required("name");
        if let Some(cookie) = &cookie
            && !is_token(&cookie.value)
        {
            context.error(
                &cookie.origin,
                "invalid-value",
                format!("{}: this is no cookie name", session.what),
            );
        }
        session.finish();
        affinity.finish();
        cookie.map(|cookie| SessionAffinity {
            cookie: cookie.value,
        })
    });
    let failure_status = read_failure_response(&object);
    let strategy = object
        .choice(
            "strategy",
            &[
                ("roundRobin", PoolStrategy::RoundRobin),
                ("random", PoolStrategy::Random),
                ("leastInFlight", PoolStrategy::LeastInFlight),
                ("peakEwma", PoolStrategy::PeakEwma),
            ],
        )
        .unwrap_or_default();
    object.finish();
    Pool {
        members,
        session_affinity,
        failure_status,
        strategy,
    }
}

fn read_member(context: &Context<'_>, node: &Node, pool: &str) -> Option<PoolMember> {
    // A bare id is a member with default priority and weight.
    let id = match node.as_text() {
        Some(text) => Located::new(text.to_owned(), node.origin.clone()),
        None => {
            let object = Object::new(context, node, format!("backend '{pool}': service"));
            let id = object.required("id");
            let priority = object.integer("priority", 0..=100).unwrap_or(1);
            let weight = object.integer("weight", 0..=100).unwrap_or(1);
            if let Some(node) = object.get("preferredCarbonEmission") {
                context.warn(
                    &node.origin,
                    "no-effect",
                    format!("backend '{pool}': preferredCarbonEmission has no effect here"),
                );
            }
            object.finish();
            let id = id?;
            return member(context, id, pool, priority, weight);
        }
    };
    member(context, id, pool, 1, 1)
}

fn member(
    context: &Context<'_>,
    id: Located<String>,
    pool: &str,
    priority: u32,
    weight: u32,
) -> Option<PoolMember> {
    match name_in_id(&id.value, "backends") {
        Some(name) => Some(PoolMember {
            backend: Located::new(ResourceName::from(name), id.origin.clone()),
            priority,
            weight,
        }),
        None => {
            context.error(
                &id.origin,
                "invalid-value",
                format!("backend '{pool}': a service's id must be that of a backend, such as /backends/name"),
            );
            None
        }
    }
}
