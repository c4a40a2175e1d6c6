//! Tests of the router over whole services.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use tidegate_model::{
    Api, ApiType, KeyParameters, Located, Operation, Origin, Product, Protocol, ResourceName,
    Secret, Service, Subscription, SubscriptionIndex, SubscriptionScope, SubscriptionState,
    UrlTemplate, VersionSet, VersioningScheme,
};
use tidegate_policy_xml::diagnostic::SourceFile;

use super::*;

fn origin() -> Origin {
    Origin::new(&SourceFile::new("test", ""), 0..0)
}

fn operation(method: &str, template: &str) -> Operation {
    Operation {
        name: ResourceName::from(template),
        display_name: template.to_owned(),
        description: None,
        method: method.to_owned(),
        template: UrlTemplate::parse(template).unwrap(),
        template_parameters: Vec::new(),
        responses: Vec::new(),
        policy: None,
        origin: origin(),
    }
}

fn api(name: &str, path: &str, operations: &[&str]) -> Api {
    Api {
        name: ResourceName::from(name),
        display_name: name.to_owned(),
        description: None,
        path: path.to_owned(),
        service_url: None,
        protocols: vec![Protocol::Https],
        subscription_required: true,
        subscription_key: KeyParameters::default(),
        api_type: ApiType::Http,
        revision: "1".to_owned(),
        is_current: true,
        is_online: true,
        version: None,
        version_set: None,
        operations: operations
            .iter()
            .map(|text| match text.split_once(' ') {
                Some((method, template)) => operation(method, template),
                None => operation("GET", text),
            })
            .collect(),
        policy: None,
        origin: origin(),
    }
}

fn revision(number: &str, mut api: Api) -> Api {
    api.name = ResourceName::new(format!("{};rev={number}", api.name));
    api.revision = number.to_owned();
    api.is_current = false;
    api
}

fn versioned(set: &str, version: Option<&str>, mut api: Api) -> Api {
    api.version_set = Some(Located::new(ResourceName::from(set), origin()));
    api.version = version.map(str::to_owned);
    api
}

fn service(apis: Vec<Api>) -> Service {
    Service {
        apis,
        ..Service::default()
    }
}

fn with_set(scheme: VersioningScheme, apis: Vec<Api>) -> Router {
    let mut service = service(apis);
    service.version_sets.push(VersionSet {
        name: ResourceName::from("set"),
        display_name: "set".to_owned(),
        scheme,
        origin: origin(),
    });
    Router::build(&service)
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

/// Resolves `/path?query`, with the method in front where it is not GET.
fn resolve_with(router: &Router, target: &str, headers: &HeaderMap) -> Resolution {
    let (method, target) = target.split_once(' ').unwrap_or(("GET", target));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    router.resolve("http", path, query, headers, &method)
}

fn resolve(router: &Router, target: &str) -> Resolution {
    resolve_with(router, target, &HeaderMap::new())
}

/// The API and operation found, or what else.
fn found(router: &Router, target: &str) -> String {
    found_with(router, target, &[])
}

fn found_with(router: &Router, target: &str, pairs: &[(&str, &str)]) -> String {
    match resolve_with(router, target, &headers(pairs)) {
        Resolution::Operation(found) => format!("{}.{}", found.api.0, found.operation.0),
        Resolution::Preflight(found) => match found.operation {
            Some(operation) => format!("preflight {}.{}", found.api.0, operation.0),
            None => format!("preflight {}", found.api.0),
        },
        Resolution::NoOperation(found) => format!("{}", found.api.0),
        Resolution::NoApi => "none".to_owned(),
    }
}

fn parameters(router: &Router, target: &str) -> Vec<(String, String)> {
    match resolve(router, target) {
        Resolution::Operation(found) => parameters_of(router, &found, target),
        other => panic!("{target}: {other:?}"),
    }
}

fn parameters_of(router: &Router, found: &Match, target: &str) -> Vec<(String, String)> {
    let target = target.split_once(' ').map_or(target, |(_, target)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let template = router.parameters(found.api, found.operation).unwrap();
    template
        .read(&path[found.remainder..], query)
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

fn remainder<'t>(router: &Router, target: &'t str) -> &'t str {
    let path = target.split('?').next().unwrap();
    match resolve(router, target) {
        Resolution::Operation(found) => &path[found.remainder..],
        other => panic!("{target}: {other:?}"),
    }
}

fn one(operations: &[&str]) -> Router {
    Router::build(&service(vec![api("a", "a", operations)]))
}

#[test]
fn the_longest_api_path_wins_without_regard_to_case() {
    let router = Router::build(&service(vec![
        api("empty", "", &["/*"]),
        api("short", "chat", &["/x"]),
        api("long", "chat/OpenAI", &["/y"]),
    ]));
    assert_eq!(found(&router, "/chat/x"), "1.0");
    assert_eq!(found(&router, "/CHAT/openai/y"), "2.0");
    assert_eq!(
        found(&router, "/chat/openai/x"),
        "2",
        "there is no way back"
    );
    assert_eq!(
        found(&router, "/chatter/x"),
        "0.0",
        "segments are compared whole"
    );
    assert_eq!(found(&router, "/"), "0.0");
    assert_eq!(found(&router, "/ch%61t/x"), "1.0");
    assert_eq!(remainder(&router, "/chat/OPENAI/y?z=1"), "/y");
    assert_eq!(remainder(&router, "/other"), "/other");
}

#[test]
fn without_any_api_path_nothing_is_found() {
    let router = Router::build(&service(vec![api("a", "a", &["/*"])]));
    assert_eq!(found(&router, "/b"), "none");
    assert_eq!(found(&router, "OPTIONS *"), "none");
    assert_eq!(found(&Router::build(&Service::default()), "/"), "none");
}

#[test]
fn literals_come_before_mixes_before_parameters_before_wildcards() {
    let router = one(&["/*", "/{x}", "/{x}sync", "/async", "/{x}/b", "/async/{y}"]);
    assert_eq!(found(&router, "/a/async"), "0.3");
    assert_eq!(found(&router, "/a/ASYNC"), "0.3");
    assert_eq!(found(&router, "/a/rsync"), "0.2");
    assert_eq!(found(&router, "/a/other"), "0.1");
    assert_eq!(found(&router, "/a/other/c"), "0.0");
    assert_eq!(found(&router, "/a/async/b"), "0.5", "decided from the left");
    assert_eq!(
        found(&router, "/a/sync"),
        "0.1",
        "a parameter takes at least one character"
    );
}

#[test]
fn a_better_template_of_another_method_does_not_hide_a_worse_one() {
    let router = one(&["POST /x", "GET /{y}", "PATCH /x"]);
    assert_eq!(found(&router, "/a/x"), "0.1");
    assert_eq!(found(&router, "POST /a/x"), "0.0");
    assert_eq!(found(&router, "HEAD /a/x"), "0", "GET does not imply HEAD");
    assert_eq!(found(&router, "post /a/x"), "0.0");
}

#[test]
fn wildcards_match_any_remainder() {
    let router = one(&["/*"]);
    for path in ["/a", "/a/", "/a/x", "/a/x/y/", "/a//x"] {
        assert_eq!(found(&router, path), "0.0", "{path}");
    }
    let router = one(&["/foo/*"]);
    assert_eq!(found(&router, "/a/foo"), "0");
    assert_eq!(found(&router, "/a/foo/"), "0.0");
    assert_eq!(found(&router, "/a/foo/x/y"), "0.0");
    let value = parameters(&router, "/a/foo/x%20y/z");
    assert_eq!(value, [("*".to_owned(), "x y/z".to_owned())]);
    let router = one(&["/foo/*", "/foo"]);
    assert_eq!(
        found(&router, "/a/foo/"),
        "0.1",
        "a template that ends there comes first"
    );
}

#[test]
fn a_slash_at_the_end_makes_no_difference() {
    let router = one(&["/x", "/y/", "/"]);
    for (path, expected) in [
        ("/a/x/", "0.0"),
        ("/a/y", "0.1"),
        ("/a", "0.2"),
        ("/a/", "0.2"),
    ] {
        assert_eq!(found(&router, path), expected, "{path}");
    }
    assert_eq!(remainder(&router, "/a/x/"), "/x/");
    assert_eq!(found(&router, "/a/x//"), "0");
}

#[test]
fn an_encoded_slash_does_not_separate_segments() {
    let router = one(&["/{x}", "/{x}/{y}"]);
    assert_eq!(found(&router, "/a/b%2Fc"), "0.0");
    assert_eq!(
        parameters(&router, "/a/b%2fc"),
        [("x".to_owned(), "b/c".to_owned())]
    );
    assert_eq!(found(&router, "/a//c"), "0", "a parameter is never empty");
}

#[test]
fn required_query_parameters_are_part_of_the_template() {
    let router = one(&[
        "/x?api-version={v}",
        "/x?api-version={v}&kind=chat",
        "/x?mode=a",
    ]);
    assert_eq!(found(&router, "/a/x"), "0");
    assert_eq!(found(&router, "/a/x?other=1&API-Version=2"), "0.0");
    assert_eq!(found(&router, "/a/x?kind=chat&api-version=1"), "0.1");
    assert_eq!(found(&router, "/a/x?kind=text&api-version=1"), "0.0");
    assert_eq!(
        found(&router, "/a/x?mode=a&api-version=1"),
        "0.2",
        "a literal before a parameter"
    );
    assert_eq!(found(&router, "/a/x?mode=%61"), "0.2");
    assert_eq!(found(&router, "/a/x?mode=A"), "0");
    assert_eq!(
        parameters(&router, "/a/x?api-version=2024%2D10+x"),
        [("v".to_owned(), "2024-10 x".to_owned())]
    );
    assert_eq!(
        parameters(&router, "/a/x?api-version"),
        [("v".to_owned(), String::new())]
    );
}

#[test]
fn parameters_come_path_first_under_the_names_of_their_own_template() {
    let router = one(&[
        "POST /deployments/{deployment-id}/chat?api-version={api-version}",
        "GET /deployments/{name}/{kind}-{id}.json",
    ]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        parameters(
            &router,
            "POST /a/Deployments/gpt%204/CHAT?x=1&api-version=2"
        ),
        [pair("deployment-id", "gpt 4"), pair("api-version", "2")]
    );
    assert_eq!(
        parameters(&router, "/a/deployments/x/a-b-c.JSON"),
        [pair("name", "x"), pair("kind", "a"), pair("id", "b-c")]
    );
}

#[test]
fn a_version_in_the_path_is_taken_off() {
    let router = with_set(
        VersioningScheme::Segment,
        vec![
            versioned("set", Some("v1"), api("one", "orders", &["/x"])),
            versioned("set", Some("v2"), api("two", "orders", &["/x"])),
            versioned("set", None, api("original", "orders", &["/x"])),
            versioned(
                "set",
                Some("v1"),
                revision("2", api("one", "orders", &["/x"])),
            ),
        ],
    );
    assert_eq!(found(&router, "/orders/v1/x"), "0.0");
    assert_eq!(found(&router, "/orders/V2/x"), "1.0");
    assert_eq!(found(&router, "/orders/x"), "2.0");
    assert_eq!(found(&router, "/orders/v3/x"), "2");
    assert_eq!(found(&router, "/orders/v1;rev=2/x"), "3.0");
    assert_eq!(found(&router, "/orders/v1;rev=3/x"), "none");
    assert_eq!(remainder(&router, "/orders/v1;rev=2/x"), "/x");
}

#[test]
fn without_an_original_version_the_identifier_is_needed() {
    let apis = || vec![versioned("set", Some("v1"), api("one", "orders", &["/x"]))];
    let router = with_set(VersioningScheme::Segment, apis());
    assert_eq!(found(&router, "/orders/x"), "none");
    let router = with_set(VersioningScheme::Query("Version".to_owned()), apis());
    assert_eq!(found(&router, "/orders/x?version=v1"), "0.0");
    assert_eq!(
        found(&router, "/orders/x?version=V1"),
        "none",
        "compared exactly"
    );
    assert_eq!(found(&router, "/orders/x"), "none");
    let router = with_set(VersioningScheme::Header("X-Version".to_owned()), apis());
    assert_eq!(
        found_with(&router, "/orders/x", &[("x-version", "v1")]),
        "0.0"
    );
    assert_eq!(
        found_with(&router, "/orders/x", &[("x-version", "v2")]),
        "none"
    );
    assert_eq!(found(&router, "/orders/x"), "none");
}

#[test]
fn the_original_version_answers_when_the_identifier_is_absent() {
    let router = with_set(
        VersioningScheme::Query("v".to_owned()),
        vec![
            versioned("set", None, api("original", "o", &["/x"])),
            versioned("set", Some("2"), api("two", "o", &["/x"])),
        ],
    );
    assert_eq!(found(&router, "/o/x"), "0.0");
    assert_eq!(found(&router, "/o/x?v="), "0.0");
    assert_eq!(found(&router, "/o/x?v=2"), "1.0");
    assert_eq!(found(&router, "/o/x?v=3"), "none");
}

#[test]
fn an_api_without_version_set_is_the_original_of_the_set_at_its_path() {
    let router = with_set(
        VersioningScheme::Segment,
        vec![
            api("original", "o", &["/x"]),
            versioned("set", Some("2"), api("two", "o", &["/x"])),
        ],
    );
    assert_eq!(found(&router, "/o/x"), "0.0");
    assert_eq!(found(&router, "/o/2/x"), "1.0");
}

#[test]
fn a_revision_is_named_after_the_api_path() {
    let mut offline = revision("3", api("a", "customers", &["/leads"]));
    offline.is_online = false;
    let router = Router::build(&service(vec![
        revision("2", api("a", "customers", &["/leads"])),
        api("a", "customers", &["/leads"]),
        offline,
        api("root", "", &["/leads"]),
        revision("2", api("root", "", &["/leads"])),
    ]));
    assert_eq!(found(&router, "/customers/leads"), "1.0");
    assert_eq!(found(&router, "/customers;rev=2/leads?x=1"), "0.0");
    assert_eq!(found(&router, "/customers;REV=1/leads"), "1.0");
    assert_eq!(found(&router, "/customers;rev=3/leads"), "none", "offline");
    assert_eq!(found(&router, "/customers;rev=9/leads"), "none");
    assert_eq!(found(&router, "/;rev=2/leads"), "4.0");
    assert_eq!(remainder(&router, "/customers;rev=2/leads"), "/leads");
    assert_eq!(remainder(&router, "/;rev=2/leads"), "/leads");
}

#[test]
fn protocols_are_checked_when_asked_for() {
    let mut checked = service(vec![api("a", "a", &["/x"])]);
    checked.gateway.enforce_protocols = Some(true);
    let router = Router::build(&checked);
    assert_eq!(found(&router, "/a/x"), "none");
    let resolution = router.resolve("https", "/a/x", "", &HeaderMap::new(), &Method::GET);
    assert!(matches!(resolution, Resolution::Operation(_)));
    assert_eq!(
        found(&one(&["/x"]), "/a/x"),
        "0.0",
        "not without a TLS listener"
    );
}

#[test]
fn a_preflight_is_looked_up_by_the_method_it_asks_about() {
    let router = one(&["POST /x"]);
    let preflight = [
        ("origin", "https://o.example"),
        ("access-control-request-method", "POST"),
    ];
    assert_eq!(
        found_with(&router, "OPTIONS /a/x", &preflight),
        "preflight 0.0"
    );
    assert_eq!(
        found_with(&router, "OPTIONS /a/y", &preflight),
        "preflight 0"
    );
    assert_eq!(found_with(&router, "OPTIONS /a/x", &preflight[..1]), "0");
    assert_eq!(found_with(&router, "GET /a/x", &preflight), "0");
    let router = one(&["POST /x", "OPTIONS /*"]);
    assert_eq!(
        found_with(&router, "OPTIONS /a/x", &preflight),
        "0.1",
        "an own operation runs normally"
    );
}

fn product(name: &str, apis: &[&str], subscription_required: bool) -> Product {
    Product {
        name: ResourceName::from(name),
        display_name: name.to_owned(),
        description: None,
        subscription_required,
        approval_required: false,
        subscriptions_limit: None,
        published: true,
        apis: apis
            .iter()
            .map(|name| Located::new(ResourceName::from(*name), origin()))
            .collect(),
        groups: Vec::new(),
        policy: None,
        origin: origin(),
    }
}

fn subscription(name: &str, scope: SubscriptionScope) -> Subscription {
    Subscription {
        name: ResourceName::from(name),
        display_name: name.to_owned(),
        scope: Located::new(scope, origin()),
        state: SubscriptionState::Active,
        allow_tracing: false,
        owner: None,
        primary_key: Some(Secret::new(format!("{name}-1"))),
        secondary_key: Some(Secret::new(format!("{name}-2"))),
        created_date: None,
        start_date: None,
        end_date: None,
        origin: origin(),
    }
}

/// APIs: 0 `closed` (products `p`, `q`), 1 `half` (open product `open`, and `p`), 2 `free` (needs no key), 3 `closed;rev=2`.
fn guarded() -> Service {
    let mut free = api("free", "free", &["/x"]);
    free.subscription_required = false;
    let mut service = service(vec![
        api("closed", "closed", &["/x"]),
        api("half", "half", &["/x"]),
        free,
        revision("2", api("closed", "closed", &["/x"])),
    ]);
    service.products = vec![
        product("p", &["closed", "half", "free"], true),
        product("q", &["closed"], true),
        product("open", &["half"], false),
    ];
    let mut suspended = subscription("suspended", SubscriptionScope::AllApis);
    suspended.state = SubscriptionState::Suspended;
    service.subscriptions = vec![
        subscription("in-p", SubscriptionScope::Product("P".into())),
        subscription("in-q", SubscriptionScope::Product("q".into())),
        subscription("all", SubscriptionScope::AllApis),
        subscription("one", SubscriptionScope::Api("closed".into())),
        suspended,
    ];
    service
}

fn access(service: &Service, api: u32, pairs: &[(&str, &str)], query: &str) -> Access {
    Router::build(service).authorize(ApiIndex(api), &headers(pairs), query)
}

/// Product and subscription granted, or the denial.
fn granted(
    service: &Service,
    api: u32,
    key: Option<&str>,
) -> Result<(Option<u32>, Option<u32>), Denial> {
    let pairs: Vec<(&str, &str)> = key
        .iter()
        .map(|key| ("Ocp-Apim-Subscription-Key", *key))
        .collect();
    match access(service, api, &pairs, "") {
        Access::Granted(grant) => Ok((
            grant.product.map(|product| product.0),
            grant.subscription.map(|(subscription, _)| subscription.0),
        )),
        Access::Denied(denial) => Err(denial),
    }
}

#[test]
fn a_key_opens_what_its_scope_covers_in_its_context() {
    let service = guarded();
    assert_eq!(granted(&service, 0, Some("in-p-1")), Ok((Some(0), Some(0))));
    assert_eq!(granted(&service, 0, Some("in-q-2")), Ok((Some(1), Some(1))));
    assert_eq!(granted(&service, 0, Some("all-1")), Ok((None, Some(2))));
    assert_eq!(granted(&service, 0, Some("one-1")), Ok((None, Some(3))));
    assert_eq!(
        granted(&service, 3, Some("one-1")),
        Ok((None, Some(3))),
        "all revisions"
    );
    assert_eq!(granted(&service, 3, Some("in-p-1")), Ok((Some(0), Some(0))));
}

#[test]
fn without_a_valid_key_a_closed_api_is_denied() {
    let service = guarded();
    assert_eq!(granted(&service, 0, None), Err(Denial::KeyNotFound));
    for key in ["in-p-3", "suspended-1", "IN-P-1", "in-p-1x"] {
        assert_eq!(
            granted(&service, 0, Some(key)),
            Err(Denial::KeyInvalid),
            "{key}"
        );
    }
    assert_eq!(granted(&service, 0, Some("")), Err(Denial::KeyNotFound));
}

#[test]
fn an_open_product_admits_everybody_in_its_context() {
    let service = guarded();
    assert_eq!(granted(&service, 1, None), Ok((Some(2), None)));
    assert_eq!(granted(&service, 1, Some("wrong")), Ok((Some(2), None)));
    assert_eq!(
        granted(&service, 1, Some("in-q-1")),
        Ok((Some(2), None)),
        "a foreign key counts as none"
    );
    assert_eq!(
        granted(&service, 1, Some("in-p-1")),
        Ok((Some(0), Some(0))),
        "a valid key keeps its context"
    );
}

#[test]
fn an_api_without_requirement_admits_everybody_without_product() {
    let service = guarded();
    assert_eq!(granted(&service, 2, None), Ok((None, None)));
    assert_eq!(granted(&service, 2, Some("wrong")), Ok((None, None)));
    assert_eq!(granted(&service, 2, Some("in-p-1")), Ok((Some(0), Some(0))));
}

#[test]
fn the_header_is_read_first_and_the_query_only_without_it() {
    let service = guarded();
    let header = ("ocp-apim-subscription-key", "all-1");
    let query = "x=1&Subscription-Key=all%2D2";
    let place = |access| match access {
        Access::Granted(grant) => (grant.key, grant.subscription),
        Access::Denied(denial) => panic!("{denial:?}"),
    };
    let all = SubscriptionIndex(2);
    assert_eq!(
        place(access(&service, 0, &[header], query)),
        (
            Some(KeyPlace::Header("Ocp-Apim-Subscription-Key".into())),
            Some((all, false))
        )
    );
    assert_eq!(
        place(access(&service, 0, &[], query)),
        (
            Some(KeyPlace::Query("subscription-key".into())),
            Some((all, true))
        )
    );
    assert_eq!(
        access(
            &service,
            0,
            &[("ocp-apim-subscription-key", "wrong")],
            query
        ),
        Access::Denied(Denial::KeyInvalid)
    );
}

#[test]
fn own_key_names_replace_the_default_ones_unless_both_are_asked_for() {
    let mut service = guarded();
    service.apis[0].subscription_key = KeyParameters {
        header: "api-key".to_owned(),
        query: "api-key".to_owned(),
        bearer: false,
    };
    let default = [("ocp-apim-subscription-key", "all-1")];
    assert!(matches!(
        access(&service, 0, &[("api-key", "all-1")], ""),
        Access::Granted(_)
    ));
    assert_eq!(
        access(&service, 0, &default, ""),
        Access::Denied(Denial::KeyNotFound)
    );
    assert_eq!(
        access(&service, 0, &[], "subscription-key=all-1"),
        Access::Denied(Denial::KeyNotFound)
    );
    service.gateway.accept_default_key_names = true;
    assert!(matches!(
        access(&service, 0, &default, ""),
        Access::Granted(_)
    ));
}

#[test]
fn a_bearer_token_is_a_key_where_it_is_enabled() {
    let mut service = guarded();
    let bearer = [("authorization", "bearer all-1")];
    assert_eq!(
        access(&service, 0, &bearer, ""),
        Access::Denied(Denial::KeyNotFound)
    );
    service.apis[0].subscription_key.bearer = true;
    let Access::Granted(grant) = access(&service, 0, &bearer, "") else {
        panic!()
    };
    assert_eq!(grant.key, Some(KeyPlace::Header("Authorization".into())));
    let basic = [("authorization", "Basic all-1")];
    assert_eq!(
        access(&service, 0, &basic, ""),
        Access::Denied(Denial::KeyNotFound)
    );
}

#[test]
fn debug_output_holds_no_key() {
    assert!(!format!("{:?}", Router::build(&guarded())).contains("all-1"));
}

#[test]
fn many_operations_are_found_by_index() {
    let templates: Vec<String> = (0..20_000)
        .map(|number| format!("/group{}/{{id}}/item{number}", number % 50))
        .collect();
    let mut apis: Vec<Api> = (0..5_000)
        .map(|number| api(&format!("a{number}"), &format!("tenant{number}/v"), &["/x"]))
        .collect();
    let all: Vec<&str> = templates.iter().map(String::as_str).collect();
    apis.push(api("big", "big", &all));
    let router = Router::build(&service(apis));
    assert_eq!(found(&router, "/tenant4999/v/x"), "4999.0");
    assert_eq!(found(&router, "/big/group49/x/item19999"), "5000.19999");
    assert_eq!(found(&router, "/big/group48/x/item19999"), "5000");
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{1,2}",
        "\\{[p-r]\\}",
        "[a-c]\\{[p-r]\\}",
        "\\{[p-r]\\}[a-c]",
        "[a-b]\\{[p-r]\\}-",
    ]
}

/// Templates with distinct parameter names, some of them with a wildcard.
fn template() -> impl Strategy<Value = String> {
    (prop::collection::vec(segment(), 0..4), any::<bool>()).prop_filter_map(
        "parameter names are unique",
        |(mut segments, wildcard)| {
            if wildcard {
                segments.push("*".to_owned());
            }
            let text = format!("/{}", segments.join("/"));
            UrlTemplate::parse(&text).ok().map(|_| text)
        },
    )
}

/// A slow but obvious matcher of one template: a regular expression by hand.
fn matches_plainly(template: &str, path: &str) -> bool {
    fn segment(pattern: &str, text: &str) -> bool {
        match pattern.split_once('{') {
            None => pattern.eq_ignore_ascii_case(text),
            Some((head, tail)) => {
                let tail = tail.split_once('}').unwrap().1;
                text.len() > head.len() + tail.len()
                    && text.starts_with(head)
                    && text.ends_with(tail)
            }
        }
    }
    let split = |text: &str| -> Vec<String> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        match text {
            "" => Vec::new(),
            text => text.split('/').map(str::to_owned).collect(),
        }
    };
    let patterns = split(template);
    let texts = split(path);
    match patterns.split_last() {
        Some((last, before)) if last == "*" => {
            texts.len() >= before.len()
                && before
                    .iter()
                    .zip(&texts)
                    .all(|(pattern, text)| segment(pattern, text))
                && (texts.len() > before.len() || before.is_empty() || path.ends_with('/'))
        }
        _ => {
            patterns.len() == texts.len()
                && patterns
                    .iter()
                    .zip(&texts)
                    .all(|(pattern, text)| segment(pattern, text))
        }
    }
}

proptest! {
    #[test]
    fn a_template_is_found_exactly_when_one_matches(
        templates in prop::collection::vec(template(), 1..8),
        segments in prop::collection::vec("[a-c]{1,3}-?", 0..4),
        slash in any::<bool>(),
    ) {
        let all: Vec<&str> = templates.iter().map(String::as_str).collect();
        let router = one(&all);
        let rest = format!("/{}{}", segments.join("/"), if slash && !segments.is_empty() { "/" } else { "" });
        let expected = templates.iter().any(|template| matches_plainly(template, &rest));
        match resolve(&router, &format!("/a{rest}")) {
            Resolution::Operation(found) => {
                prop_assert!(matches_plainly(&templates[found.operation.get()], &rest));
                let template = UrlTemplate::parse(&templates[found.operation.get()]).unwrap();
                let names: Vec<&str> = template.parameters().collect();
                let values = parameters_of(&router, &found, &format!("/a{rest}"));
                let found: Vec<&str> = values.iter().map(|(name, _)| &**name).collect();
                prop_assert_eq!(names, found);
            }
            other => prop_assert!(!expected, "{:?}: {:?} for {}", other, templates, rest),
        }
    }

    #[test]
    fn filling_in_a_template_gives_the_values_back(
        template in template(),
        fills in prop::collection::vec("[x-z%/ é]{1,4}", 8),
    ) {
        let parsed = UrlTemplate::parse(&template).unwrap();
        let mut text = template.clone();
        let mut expected = Vec::new();
        for (name, fill) in parsed.parameters().zip(&fills) {
            let encoded: String = fill.bytes().map(|byte| format!("%{byte:02X}")).collect();
            text = if name == "*" { text.replace('*', &encoded) } else { text.replace(&format!("{{{name}}}"), &encoded) };
            expected.push((name.to_owned(), fill.clone()));
        }
        let router = one(&[&template]);
        prop_assert_eq!(parameters(&router, &format!("/a{text}")), expected);
    }

    #[test]
    fn no_request_makes_the_router_panic(path in "/[a-c/%;=.{}é*-]{0,24}", query in "[a-c&=%+é]{0,16}") {
        let router = one(&["/{a}/b-{c}.{d}", "/x?a={b}&c=1", "/é/*", "/{p}"]);
        let _ = router.resolve("http", &format!("/a{path}"), &query, &HeaderMap::new(), &Method::GET);
        let _ = router.resolve("http", &path, &query, &HeaderMap::new(), &Method::OPTIONS);
        let _ = router.authorize(ApiIndex(0), &HeaderMap::new(), &query);
        let _ = router.authorize(ApiIndex(7), &HeaderMap::new(), &query);
    }
}
