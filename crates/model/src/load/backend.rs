//! Reads backends.

use super::breaker::read_circuit_breaker;
use super::context::Context;
use super::credentials::{normalise_thumbprint, read_credentials};
use super::named_values::NamedValues;
use super::object::Object;
use super::pool::read_pool;
use super::raw::RawEntity;
use crate::{
    Backend, BackendKind, Located, Proxy, ResourceName, SingleBackend, TlsSettings, X509Name,
};

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
                .map(|text| values.resolve(context, &text, &proxy.what));
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
