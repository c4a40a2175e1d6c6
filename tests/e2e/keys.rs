//! Subscription keys: where they are read, what they open, and who gets to see them.

use crate::backend::{Backend, one_api, policy};
use crate::harness::{Answer, Folder, Gateway, Request};

const MISSING: &str = "{ \"statusCode\": 401, \"message\": \"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.\" }";
const INVALID: &str = "{ \"statusCode\": 401, \"message\": \"Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.\" }";

/// Two APIs; a product that holds the first one; keys of every scope.
fn service(backend: &str, policy: &str) -> Folder {
    let folder = one_api("keys", backend, policy, "");
    folder.write(
        "tidegate.yaml",
        &format!(
            r#"
backends:
  entity: {{ url: "{backend}", credentials: {{ header: {{ ocp-apim-subscription-key: [backend-key] }} }} }}
apis:
  first: {{ path: first, serviceUrl: "{backend}", specification: passthrough, policy: policy.xml }}
  second: {{ path: second, serviceUrl: "{backend}", specification: passthrough, policy: policy.xml }}
  open: {{ path: open, serviceUrl: "{backend}", specification: passthrough, policy: policy.xml }}
products:
  paid: {{ displayName: Paid, apis: [first] }}
  free: {{ displayName: Free, apis: [open], subscriptionRequired: false }}
subscriptions:
  product: {{ scope: /products/paid, primaryKey: product-one, secondaryKey: product-two }}
  api: {{ scope: /apis/second, primaryKey: api-one }}
  all: {{ scope: /apis, primaryKey: all-one }}
  asleep: {{ scope: /apis, primaryKey: asleep-one, state: suspended }}
"#
        ),
    );
    folder
}

fn with_header(gateway: &Gateway, path: &str, key: &str) -> Answer {
    Request::new("GET", path)
        .header("ocp-apim-subscription-key", key)
        .send(gateway.address)
}

const WHO: &str = r#"<set-header name="x-who" exists-action="override"><value>@((context.Product?.Name ?? "none") + "/" + (context.Subscription?.Id ?? "none"))</value></set-header>"#;

#[test]
fn a_key_opens_what_its_scope_covers() {
    let backend = Backend::echo();
    let folder = service(&backend.url(), &policy("", "", WHO, ""));
    let gateway = Gateway::start(&folder.0, &[]);
    for (path, key, who) in [
        ("/first/x", "product-one", Some("Paid/product")),
        ("/first/x", "product-two", Some("Paid/product")),
        ("/second/x", "product-one", None),
        ("/second/x", "api-one", Some("none/api")),
        ("/first/x", "api-one", None),
        ("/first/x", "all-one", Some("none/all")),
        ("/second/x", "all-one", Some("none/all")),
        ("/first/x", "asleep-one", None),
        ("/first/x", "PRODUCT-ONE", None),
        ("/first/x", "product-on", None),
    ] {
        for by_query in [false, true] {
            let answer = if by_query {
                Request::new("GET", &format!("{path}?subscription-key={key}")).send(gateway.address)
            } else {
                with_header(&gateway, path, key)
            };
            match who {
                Some(who) => assert_eq!(
                    (answer.status, answer.header("x-who")),
                    (200, who),
                    "{path} {key}"
                ),
                None => assert_eq!(
                    (answer.status, answer.text().as_str()),
                    (401, INVALID),
                    "{path} {key}"
                ),
            }
        }
    }
    let missing = Request::new("GET", "/first/x").send(gateway.address);
    assert_eq!((missing.status, missing.text().as_str()), (401, MISSING));
    assert_eq!(
        missing.header("www-authenticate"),
        format!(
            "AzureApiManagementKey realm=\"http://{}/first\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\"",
            gateway.address.ip()
        )
    );
    let open = Request::new("GET", "/open/x").send(gateway.address);
    assert_eq!((open.status, open.header("x-who")), (200, "Free/none"));
}

#[test]
fn credentials_of_a_backend_take_the_place_of_the_key() {
    let backend = Backend::echo();
    let document = policy(r#"<set-backend-service backend-id="entity" />"#, "", "", "");
    let folder = service(&backend.url(), &document);
    let gateway = Gateway::start(&folder.0, &[]);
    let answer = with_header(&gateway, "/first/x", "product-one");
    assert_eq!(answer.status, 200);
    let seen = &backend.seen()[0];
    assert_eq!(seen.header("ocp-apim-subscription-key"), "backend-key");
    assert!(!answer.text().contains("product-one"));
}

#[test]
fn keys_can_be_kept_from_every_backend() {
    let backend = Backend::echo();
    let folder = service(&backend.url(), &policy("", "", "", ""));
    let text = folder.read("tidegate.yaml");
    folder.write(
        "tidegate.yaml",
        &format!("gateway: {{ stripSubscriptionKey: true }}\n{text}"),
    );
    let gateway = Gateway::start(&folder.0, &[]);
    with_header(&gateway, "/first/x?a=1", "product-one");
    Request::new("GET", "/first/x?subscription-key=product-one&a=1").send(gateway.address);
    let seen = backend.seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert_eq!(
            (
                seen.target.as_str(),
                seen.header("ocp-apim-subscription-key").as_str()
            ),
            ("/x?a=1", "")
        );
    }
}

#[test]
fn on_error_may_change_what_is_answered_to_a_wrong_key() {
    let on_error = r#"<choose><when condition="@(context.LastError.Source == "authorization" && context.LastError.Reason == "SubscriptionKeyInvalid")">
        <set-status code="403" reason="No" /><set-header name="x-where" exists-action="override"><value>@(context.Api.Id + "/" + (context.LastError.Section ?? "none") + "/" + (context.Subscription == null))</value></set-header>
        <set-body>@(context.LastError.Message)</set-body></when></choose>"#;
    let folder = service("http://127.0.0.1:9", &policy("", "", "", on_error));
    let gateway = Gateway::start(&folder.0, &[]);
    let answer = with_header(&gateway, "/first/x", "wrong");
    assert_eq!((answer.status, answer.reason.as_str()), (403, "No"));
    assert_eq!(
        answer.text(),
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
    );
    assert!(answer.header("x-where").starts_with("first/"), "{answer:?}");
    assert!(answer.header("x-where").ends_with("/True"), "{answer:?}");
}
