//! Reads credentials of backends, and client certificates.

use tidegate_policy_xml::diagnostic::Diagnostic;

use super::context::Context;
use super::named_values::{NamedValues, resolve_reference};
use super::object::Object;
use super::raw::RawEntity;
use super::tree::Node;
use crate::{
    Authorization, Certificate, Credentials, Located, ManagedIdentity, ResourceName, Secret,
    name_in_id,
};

/// Reads `credentials`.
pub(crate) fn read_credentials(values: &NamedValues, object: Object<'_>) -> Credentials {
    let context = object.context;
    let multi = |key: &'static str| -> Vec<(String, Vec<Secret>)> {
        object
            .members(key)
            .iter()
            .map(|entry| {
                let texts = object.texts_of(&entry.value, key);
                let values = texts
                    .iter()
                    .map(|text| values.resolve(context, text, &object.what))
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
            .map(|text| values.resolve(context, &text, &authorization.what));
        authorization.finish();
        Authorization {
            scheme: scheme.unwrap_or_default(),
            parameter: parameter.unwrap_or_else(|| Secret::new(String::new())),
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

/// Whether a text is a token: a header name, a method (RFC 9110 §5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A thumbprint without separators, lower case.
pub(crate) fn normalise_thumbprint(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect()
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
            return resolve_reference(context, &text, &object.what);
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
