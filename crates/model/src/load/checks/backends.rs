//! Checks of backends: members of pools, certificates.

use std::collections::{HashMap, HashSet};

use super::unknown;
use crate::load::context::Context;
use crate::{Backend, BackendKind, ResourceName, Service};

/// Checks what backends refer to.
pub(super) fn backends(context: &Context<'_>, service: &Service) {
    let by_name: HashMap<&ResourceName, &Backend> = service
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
                let priorities = || pool.members.iter().map(|member| member.priority);
                let last = priorities().max();
                let has_priorities = priorities().min() != last;
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
                    // There is nothing to move on to from the last priority.
                    if Some(member.priority) == last {
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
