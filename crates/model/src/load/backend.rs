//! Reads backends and client certificates.

use tidegate_policy_xml::diagnostic::Diagnostic;

use super::context::Context;
use super::named_values::{NamedValues, resolve_reference};
use super::object::Object;
use super::raw::RawEntity;
use super::tree::Node;
use crate::{
    Authorization, Backend, BackendKind, Certificate, CircuitBreakerRule, Credentials,
    FailureCondition, Located, ManagedIdentity, Pool, PoolMember, PoolStrategy, Proxy,
    ResourceName, Secret, SessionAffinity, SingleBackend, StatusCodeRange, TlsSettings, X509Name,
    name_in_id,
};

const DEFAULT_FAILURE_STATUS: u16 = 503;
const MAX_POOL_MEMBERS: usize = 30;

/// Reads a backend. What is wrong is reported; the result is then of no use but to find further mistakes.
pub(crate) fn read(context: &Context<'_>, values: &NamedValues, entity: &RawEntity) -> Backend {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("backend '{name}'"));
    object.ignore(&["resourceId", "azureRegion", "provisioningState"]);
    let title = object.limited("title", 300).map(|text| text.value);
    let description = object.limited("description", 2000).map(|text| text.value);
    if let Some(properties) = object.object("properties") {
        if let Some(fabric) = properties.get("serviceFabricCluster") {
            context.error(
                &fabric.origin,
                "not-supported",
                format!("backend '{name}': Service Fabric clusters are not supported"),
            );
        }
        properties.finish();
    }
    let has_pool = object.get("pool").is_some();
    let is_pool = object
        .choice("type", &[("Single", false), ("Pool", true)])
        .unwrap_or(has_pool);
    let kind = if is_pool {
        // Old templates carry a dummy URL for pools; credentials of a pool have no effect.
        object.ignore(&["url", "protocol", "credentials", "tls"]);
        for key in ["circuitBreaker", "proxy"] {
            if let Some(node) = object.get(key) {
                context.error(
                    &node.origin,
                    "invalid-value",
                    format!(
                        "backend '{name}': {key} belongs to the members of a pool, not to the pool"
                    ),
                );
            }
        }
        BackendKind::Pool(read_pool(&object, name))
    } else {
        if let Some(pool) = object.get("pool") {
            context.error(
                &pool.origin,
                "invalid-value",
                format!("backend '{name}': a pool needs type: Pool"),
            );
        }
        BackendKind::Single(Box::new(read_single(values, &object)))
    };
    object.finish();
    Backend {
        name: ResourceName::from(name.as_str()),
        title,
        description,
        kind,
        origin: entity.name.origin.clone(),
    }
}

fn read_single(values: &NamedValues, object: &Object<'_>) -> SingleBackend {
    let context = object.context;
    if let Some(protocol) = object.text("protocol")
        && !protocol.value.eq_ignore_ascii_case("http")
    {
        context.error(
            &protocol.origin,
            if protocol.value.eq_ignore_ascii_case("soap") {
                "not-supported"
            } else {
                "invalid-value"
            },
            format!("{}: only protocol http is supported", object.what),
        );
    }
    let url = object
        .required("url")
        .map(|url| read_url(values, object, "url", url))
        .unwrap_or_else(|| Located::new(String::new(), object.node.origin.clone()));
    SingleBackend {
        url,
        credentials: object
            .object("credentials")
            .map(|credentials| read_credentials(values, credentials))
            .unwrap_or_default(),
        proxy: object.object("proxy").map(|proxy| {
            let url = proxy
                .required("url")
                .map(|url| read_url(values, &proxy, "url", url).value)
                .unwrap_or_default();
            let username = proxy
                .text("username")
                .map(|text| values.substitute(context, &text).text);
            let password = proxy
                .text("password")
                .map(|text| Secret::new(values.substitute(context, &text).text));
            proxy.finish();
            Proxy {
                url,
                username,
                password,
            }
        }),
        tls: object.object("tls").map(read_tls).unwrap_or_default(),
        circuit_breaker: object
            .object("circuitBreaker")
            .map(read_circuit_breaker)
            .unwrap_or_default(),
    }
}

/// Resolves and checks an absolute URL.
pub(crate) fn read_url(
    values: &NamedValues,
    object: &Object<'_>,
    key: &'static str,
    text: Located<String>,
) -> Located<String> {
    let resolved = values.substitute(object.context, &text);
    if resolved.complete
        && let Err(why) = check_url(resolved.text.trim())
    {
        let message = if resolved.secret || resolved.text.trim() == text.value.trim() {
            format!("{}: {key} {why}", object.what)
        } else {
            format!(
                "{}: {key} {why} (it resolves to '{}')",
                object.what, resolved.text
            )
        };
        object.context.error(&text.origin, "invalid-value", message);
    }
    Located::new(resolved.text.trim().to_owned(), text.origin)
}

fn check_url(url: &str) -> Result<(), &'static str> {
    let rest = match url.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") =>
        {
            rest
        }
        _ => return Err("must be an absolute URL that begins with http:// or https://"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not hold a user name or password");
    }
    if url.contains(['?', '#']) {
        return Err("must not have a query or fragment");
    }
    if url.chars().any(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '{' | '}' | '"' | '<' | '>' | '\\')
    }) {
        return Err("holds characters that no URL may hold");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("has a broken IPv6 address")?,
        None => match authority.find(':') {
            Some(colon) => authority.split_at(colon),
            None => (authority, ""),
        },
    };
    if host.is_empty() {
        return Err("has no host");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(number) if number.parse::<u16>().is_ok_and(|number| number > 0) => Ok(()),
        _ => Err("has a port that is no number from 1 to 65535"),
    }
}

fn read_credentials(values: &NamedValues, object: Object<'_>) -> Credentials {
    let context = object.context;
    let multi = |key: &'static str| -> Vec<(String, Vec<Secret>)> {
        object
            .members(key)
            .iter()
            .map(|entry| {
                let texts = object.texts_of(&entry.value, key);
                let values = texts
                    .iter()
                    .map(|text| Secret::new(values.substitute(context, text).text))
                    .collect();
                (entry.key.value.clone(), values)
            })
            .collect()
    };
    let header = multi("header");
    let query = multi("query");
    for entry in object
        .node
        .get("header")
        .map(Node::entries)
        .unwrap_or_default()
    {
        if !is_token(&entry.key.value) {
            context.error(
                &entry.key.origin,
                "invalid-value",
                format!("{}: this is no header name", object.what),
            );
        }
    }
    let authorization = object.object("authorization").map(|authorization| {
        let scheme = authorization.required("scheme").map(|text| text.value);
        let parameter = authorization
            .text("parameter")
            .map(|text| values.substitute(context, &text).text);
        authorization.finish();
        Authorization {
            scheme: scheme.unwrap_or_default(),
            parameter: Secret::new(parameter.unwrap_or_default()),
        }
    });
    let certificate_ids = object
        .texts("certificateIds")
        .into_iter()
        .filter_map(|id| match name_in_id(&id.value, "certificates") {
            Some(name) => Some(Located::new(ResourceName::from(name), id.origin)),
            None => {
                context.error(
                    &id.origin,
                    "invalid-value",
                    format!(
                        "{}: certificateIds must hold ids such as /certificates/name",
                        object.what
                    ),
                );
                None
            }
        })
        .collect();
    let certificate = object
        .texts("certificate")
        .into_iter()
        .map(|text| normalise_thumbprint(&values.substitute(context, &text).text))
        .collect();
    let managed_identity = object.object("managedIdentity").map(|identity| {
        let resource = identity.required("resource").map(|text| text.value);
        let client_id = identity.string("clientId");
        let origin = identity.node.origin.clone();
        identity.finish();
        ManagedIdentity {
            resource: resource.unwrap_or_default(),
            client_id,
            origin,
        }
    });
    object.finish();
    Credentials {
        header,
        query,
        authorization,
        certificate_ids,
        certificate,
        managed_identity,
    }
}

/// RFC 9110 §5.6.2
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn normalise_thumbprint(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn read_tls(object: Object<'_>) -> TlsSettings {
    let tls = TlsSettings {
        validate_certificate_chain: object.boolean("validateCertificateChain").unwrap_or(true),
        validate_certificate_name: object.boolean("validateCertificateName").unwrap_or(true),
        server_certificate_thumbprints: object
            .texts("serverCertificateThumbprints")
            .iter()
            .map(|text| normalise_thumbprint(text))
            .collect(),
        server_x509_names: object
            .list("serverX509Names")
            .iter()
            .map(|node| {
                let name = Object::new(
                    object.context,
                    node,
                    format!("{}: serverX509Names", object.what),
                );
                let x509 = X509Name {
                    name: name.string("name").unwrap_or_default(),
                    issuer_certificate_thumbprint: normalise_thumbprint(
                        &name
                            .string("issuerCertificateThumbprint")
                            .unwrap_or_default(),
                    ),
                };
                name.finish();
                x509
            })
            .collect(),
    };
    object.finish();
    tls
}

fn read_circuit_breaker(object: Object<'_>) -> Vec<CircuitBreakerRule> {
    let nodes = object.list("rules");
    if let Some(second) = nodes.get(1) {
        object.context.warn(
            &second.origin,
            "several-rules",
            format!(
                "{}: APIM accepts one rule only; here each is evaluated on its own",
                object.what
            ),
        );
    }
    let rules = nodes
        .iter()
        .map(|node| {
            read_rule(Object::new(
                object.context,
                node,
                format!("{} rule", object.what),
            ))
        })
        .collect();
    object.finish();
    rules
}

fn read_rule(object: Object<'_>) -> CircuitBreakerRule {
    let name = object.string("name").unwrap_or_default();
    let failure_condition = match object.object("failureCondition") {
        Some(condition) => read_condition(condition),
        None => {
            object.missing("failureCondition");
            FailureCondition {
                count: None,
                percentage: None,
                interval: std::time::Duration::from_secs(60),
                status_code_ranges: Vec::new(),
                error_reasons: Vec::new(),
            }
        }
    };
    let trip_duration = object.duration("tripDuration");
    if object.node.get("tripDuration").is_none() {
        object.missing("tripDuration");
    }
    let accept_retry_after = object.boolean("acceptRetryAfter").unwrap_or(false);
    let failure_status = read_failure_response(&object);
    let origin = object.node.origin.clone();
    object.finish();
    CircuitBreakerRule {
        name,
        failure_condition,
        trip_duration: trip_duration.unwrap_or_default(),
        accept_retry_after,
        failure_status,
        origin,
    }
}

fn read_failure_response(object: &Object<'_>) -> u16 {
    object
        .object("failureResponse")
        .and_then(|response| {
            let status = response.integer("statusCode", 200..=599);
            response.finish();
            status
        })
        .unwrap_or(DEFAULT_FAILURE_STATUS)
}

/// Reasons that failures can have here (`LastError.Reason` of a failed call).
const KNOWN_REASONS: [&str; 3] = [
    "BackendConnectionFailure",
    "Timeout",
    "ClientConnectionFailure",
];

fn read_condition(object: Object<'_>) -> FailureCondition {
    let context = object.context;
    let count = object.integer("count", 1..=1_000_000);
    let percentage = object.integer("percentage", 1..=100);
    if object.node.get("count").is_none() && object.node.get("percentage").is_none() {
        context.warn(
            &object.node.origin,
            "breaker-never-opens",
            format!(
                "{}: neither count nor percentage is given, so the circuit never opens",
                object.what
            ),
        );
    }
    let interval = object.duration("interval");
    match interval {
        None if object.node.get("interval").is_none() => object.missing("interval"),
        Some(interval) if interval.is_zero() => {
            if let Some(node) = object.node.get("interval") {
                object.invalid(node, "interval", "must be longer than zero");
            }
        }
        _ => {}
    }
    let ranges = object.list("statusCodeRanges");
    if let Some(node) = ranges.get(10) {
        context.warn(
            &node.origin,
            "limit-exceeded",
            format!("{}: APIM accepts 10 status code ranges", object.what),
        );
    }
    let status_code_ranges = ranges
        .iter()
        .filter_map(|node| {
            let range = Object::new(context, node, format!("{}: statusCodeRanges", object.what));
            let min = range.integer("min", 200..=599);
            let max = range.integer("max", 200..=599);
            for key in ["min", "max"] {
                if node.get(key).is_none() {
                    range.missing(key);
                }
            }
            range.finish();
            let (min, max) = (min?, max?);
            if min > max {
                context.error(
                    &node.origin,
                    "invalid-value",
                    format!(
                        "{}: min of a status code range is greater than max",
                        object.what
                    ),
                );
            }
            Some(StatusCodeRange { min, max })
        })
        .collect();
    let reasons = object.texts("errorReasons");
    if let Some(reason) = reasons.get(10) {
        context.warn(
            &reason.origin,
            "limit-exceeded",
            format!("{}: APIM accepts 10 error reasons", object.what),
        );
    }
    for reason in &reasons {
        if !KNOWN_REASONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&reason.value))
        {
            context.warn(
                &reason.origin,
                "inert-error-reason",
                format!(
                    "{}: no failure has this error reason, so it has no effect; known are {}",
                    object.what,
                    KNOWN_REASONS.join(", ")
                ),
            );
        }
    }
    object.finish();
    FailureCondition {
        count,
        percentage,
        interval: interval.unwrap_or_default(),
        status_code_ranges,
        error_reasons: reasons.into_iter().map(|reason| reason.value).collect(),
    }
}

fn read_pool(backend: &Object<'_>, name: &str) -> Pool {
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

/// Reads a client certificate: `certificate` and `privateKey`, each a PEM file or PEM text.
pub(crate) fn read_certificate(context: &Context<'_>, entity: &RawEntity) -> Certificate {
    let name = &entity.name.value;
    let object = Object::new(context, &entity.node, format!("certificate '{name}'"));
    object.ignore(&["subject", "expirationDate", "keyVault"]);
    if let Some(data) = object.get("data") {
        object.ignore(&["password"]);
        context.report(
            data.origin
                .error(
                    "not-supported",
                    format!("certificate '{name}': PFX data is not supported"),
                )
                .help("give PEM files: certificate: client.pem, privateKey: client.key"),
        );
    }
    let pem = |key: &'static str| -> Option<String> {
        let text = object.required(key)?;
        if text.value.contains("-----BEGIN") {
            return Some(text.value);
        }
        if text.value.starts_with("env:") || text.value.starts_with("file:") {
            return resolve_reference(context, &text);
        }
        context.read(&context.base.join(&text.value), Some(&text.origin))
    };
    let (certificate, private_key) = if object.node.get("data").is_some() {
        (None, None)
    } else {
        (pem("certificate"), pem("privateKey"))
    };
    for (pem, key) in [(&certificate, "certificate"), (&private_key, "privateKey")] {
        if let (Some(pem), Some(node)) = (pem, object.node.get(key))
            && !pem.contains("-----BEGIN")
        {
            context.report(no_pem(node, name, key));
        }
    }
    let thumbprint = object
        .string("thumbprint")
        .map(|text| normalise_thumbprint(&text));
    object.finish();
    Certificate {
        name: ResourceName::from(name.as_str()),
        certificate: certificate.unwrap_or_default().into(),
        private_key: Secret::new(private_key.unwrap_or_default()),
        thumbprint,
        origin: entity.name.origin.clone(),
    }
}

fn no_pem(node: &Node, name: &str, key: &str) -> Diagnostic {
    node.origin.error(
        "invalid-value",
        format!("certificate '{name}': {key} holds no PEM"),
    )
}
