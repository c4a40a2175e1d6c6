//! Tests with extracts.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::{
    ApiIndex, BackendKind, PoolStrategy, Protocol, StatusCodeRange, SubscriptionScope,
    VersioningScheme,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

const EXTRACT_KEYS: [(&str, &str); 2] = [("aoai-east-key", "k-east"), ("aoai-west-key", "k-west")];

#[test]
fn an_extract_loads_as_it_lies() {
    let service = service(load(&fixture("extract"), &options(&EXTRACT_KEYS, &[])));
    let names: Vec<&str> = service.apis.iter().map(|api| api.name.as_str()).collect();
    assert_eq!(
        names,
        ["chat", "chat;rev=2", "legacy", "orders-v1", "orders-v2"]
    );
    assert!(service.policy.file.text().contains("x-region"));

    let chat = &service.apis[0];
    assert_eq!(chat.display_name, "Chat API");
    assert_eq!(chat.path, "chat/openai");
    assert_eq!(chat.subscription_key.header, "api-key");
    assert_eq!(
        chat.service_url.as_ref().unwrap().value,
        "https://east.example.net/openai"
    );
    assert_eq!(chat.protocols, [Protocol::Https]);
    assert!(chat.policy.is_some());
    let operation = &chat.operations[0];
    assert_eq!(operation.name, *"ChatCompletions_Create");
    assert_eq!(operation.display_name, "Creates a chat completion");
    assert_eq!(
        operation.template.as_str(),
        "/deployments/{deployment-id}/chat/completions?api-version={api-version}"
    );
    assert!(operation.policy.is_some());
    assert_eq!(operation.template_parameters.len(), 2);
    let body = operation.responses[0].representations[0]
        .sample(None)
        .unwrap();
    assert_eq!(body, r#"{"id":"string","n":0}"#);
    let health = &chat.operations[1];
    assert_eq!(
        (health.name.as_str(), health.method.as_str()),
        ("get-health", "GET")
    );
    assert!(health.policy.is_none());

    let set = &service.version_sets[0];
    assert_eq!(set.scheme, VersioningScheme::Segment);
    assert_eq!(service.apis[3].version.as_deref(), Some("v1"));
    assert_eq!(service.policy_fragments[0].name, *"log-region");
    assert_eq!(service.groups[0].display_name, "Developers");
}

#[test]
fn other_revisions_share_properties_with_the_current_one() {
    let service = service(load(&fixture("extract"), &options(&EXTRACT_KEYS, &[])));
    let revision = &service.apis[1];
    assert_eq!(
        (revision.revision.as_str(), revision.is_current),
        ("2", false)
    );
    assert_eq!(revision.display_name, "Chat API");
    assert_eq!(
        revision.service_url.as_ref().unwrap().value,
        "https://next.example.net/openai"
    );
    assert_eq!(
        revision.operations[0].template.as_str(),
        "/ping?tenant={tenant}"
    );
    assert_eq!(
        revision.operations[0].responses[0].representations[0]
            .sample(None)
            .unwrap(),
        r#"{"pong":true}"#
    );
}

#[test]
fn backends_of_an_extract_are_resolved_and_coerced() {
    let service = service(load(&fixture("extract"), &options(&EXTRACT_KEYS, &[])));
    let names: Vec<&str> = service
        .backends
        .iter()
        .map(|backend| backend.name.as_str())
        .collect();
    assert_eq!(names, ["aoai-east", "aoai-pool", "aoai-west"]);
    let BackendKind::Single(east) = &service.backends[0].kind else {
        panic!()
    };
    assert_eq!(east.credentials.header[0].0, "api-key");
    assert_eq!(&**east.credentials.header[0].1[0].expose(), "k-east");
    let rule = &east.circuit_breaker[0];
    assert_eq!(rule.failure_condition.count, Some(1));
    assert_eq!(rule.failure_condition.interval, Duration::from_secs(60));
    assert_eq!(rule.trip_duration, Duration::from_secs(30));
    assert_eq!(
        rule.failure_condition.status_code_ranges[0],
        StatusCodeRange { min: 429, max: 429 }
    );
    assert!(rule.accept_retry_after);
    assert_eq!(rule.failure_status, 503);
    let BackendKind::Single(west) = &service.backends[2].kind else {
        panic!()
    };
    assert_eq!(west.url.value, "https://swedencentral.example.net/openai");
    assert_eq!(&**west.credentials.header[0].1[0].expose(), "k-west");
    let BackendKind::Pool(pool) = &service.backends[1].kind else {
        panic!()
    };
    assert_eq!(pool.members[0].backend.value, *"aoai-east");
    assert_eq!((pool.members[0].priority, pool.members[0].weight), (1, 3));
    assert_eq!((pool.members[1].priority, pool.members[1].weight), (2, 1));
    assert_eq!(pool.strategy, PoolStrategy::RoundRobin);
}

#[test]
fn products_of_an_extract_are_linked_by_folders_or_array_files() {
    let loaded = load(&fixture("extract"), &options(&EXTRACT_KEYS, &[]));
    let mentioned = warnings(&loaded);
    assert!(
        mentioned
            .iter()
            .any(|text| text.contains("loggers have no effect")),
        "{mentioned:?}"
    );
    assert!(
        mentioned
            .iter()
            .any(|text| text.contains("subscription 'all' has no key"))
    );
    let service = service(loaded);
    let ai = &service.products[0];
    assert_eq!(ai.apis[0].value, *"chat");
    assert_eq!(ai.groups[0].value, *"developers");
    assert!(ai.published && ai.policy.is_some());
    assert_eq!(service.products[1].apis[0].value, *"legacy");
    let team = &service.subscriptions[1];
    assert_eq!(team.scope.value, SubscriptionScope::Product("ai".into()));
    assert!(team.primary_key.as_ref().unwrap().matches(b"fixture-key-a"));
    let products = service.products_of_apis();
    assert_eq!(
        products[ApiIndex(1).get()].len(),
        1,
        "every revision is in the product"
    );
}

#[test]
fn a_secret_without_value_is_an_error_that_names_it() {
    let loaded = load(&fixture("extract"), &options(&[], &[]));
    let errors = errors(&loaded);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("named value 'aoai-east-key' has no value here"));
    assert!(errors[1].contains("'aoai-west-key' lies in Azure Key Vault"));
    assert!(loaded.diagnostics.iter().any(|diagnostic| {
        diagnostic
            .help
            .as_deref()
            .is_some_and(|help| help.contains("TIDEGATE_NAMED_VALUE_AOAI_EAST_KEY"))
    }));
    assert!(loaded.service.is_none());

    let mut options = options(&[], &[]);
    options.allow_unknown_named_values = true;
    assert!(load(&fixture("extract"), &options).service.is_some());
}

#[test]
fn named_values_come_from_the_command_line_then_the_environment_then_files() {
    let environment = [
        ("TIDEGATE_NAMED_VALUE_AOAI_EAST_KEY", "from-environment"),
        ("TIDEGATE_NAMED_VALUE_aoai-west-key", "exact-name"),
        ("TIDEGATE_NAMED_VALUE_REGION", "westeurope"),
    ];
    let service = service(load(
        &fixture("extract"),
        &options(
            &[("region", "first"), ("region", "norwayeast")],
            &environment,
        ),
    ));
    let values = service.named_values_by_display_name();
    let text = |name: &str| values[name].value.as_ref().unwrap().expose().to_string();
    assert_eq!(text("aoai-east-key"), "from-environment");
    assert_eq!(text("aoai-west-key"), "exact-name");
    assert_eq!(text("region"), "norwayeast");
    assert!(values["aoai-east-key"].secret && !values["region"].secret);
}

#[test]
fn overrides_of_an_environment_are_merged() {
    let mut options = options(
        &[("aoai-west-key", "w")],
        &[("EAST_KEY", "prod-east"), ("ALL_KEY", "all-key")],
    );
    options.environment = Some(fixture("configuration.prod.yaml"));
    let loaded = load(&fixture("extract"), &options);
    let mentioned = warnings(&loaded);
    assert!(
        mentioned
            .iter()
            .any(|text| text.contains("there is no backend 'gone' to override")),
        "{mentioned:?}"
    );
    assert!(
        mentioned
            .iter()
            .any(|text| text.contains("apiRevision cannot be overridden"))
    );
    let service = service(loaded);
    let BackendKind::Single(east) = &service.backends[0].kind else {
        panic!()
    };
    assert_eq!(east.url.value, "https://prod.example.net/openai");
    assert_eq!(&**east.credentials.header[0].1[0].expose(), "prod-east");
    assert_eq!(
        east.circuit_breaker.len(),
        1,
        "what is not overridden stays"
    );
    assert_eq!(service.apis[0].display_name, "Chat in production");
    assert_eq!(service.apis[0].revision, "1");
    assert!(
        service.apis[0]
            .policy
            .as_ref()
            .unwrap()
            .file
            .text()
            .contains("<inbound />")
    );
    assert!(
        service.subscriptions[0]
            .primary_key
            .as_ref()
            .unwrap()
            .matches(b"all-key")
    );
}

#[test]
fn a_missing_token_of_the_overrides_is_an_error() {
    let mut options = options(&EXTRACT_KEYS, &[("ALL_KEY", "all-key")]);
    options.environment = Some(fixture("configuration.prod.yaml"));
    let found = errors(&load(&fixture("extract"), &options));
    assert_eq!(
        found,
        [
            "6:14 missing-value the environment variable EAST_KEY is not set, which {#EAST_KEY#} asks for"
        ]
    );
}

#[test]
fn a_policy_for_an_unknown_operation_is_an_error_with_suggestion() {
    let folder = Folder::new(&[
        (
            "apis/a/apiInformation.json",
            r#"{ "properties": { "path": "a", "displayName": "A" } }"#,
        ),
        (
            "apis/a/specification.yaml",
            "openapi: 3.0.0\npaths:\n  /x:\n    get: { operationId: getThing }\n",
        ),
        ("apis/a/operations/getThings/policy.xml", "<policies />"),
    ]);
    let loaded = load(&folder.0, &options(&[], &[]));
    assert_eq!(
        errors(&loaded),
        ["1:1 unknown-operation API 'a' has no operation 'getThings', for which there is a policy"]
    );
    assert_eq!(
        loaded.diagnostics[0].help.as_deref(),
        Some("there is an operation 'getThing'")
    );
}

#[test]
fn what_is_not_supported_is_said_so_and_the_rest_is_served() {
    let graphql = "<policies><inbound><validate-graphql-request /></inbound></policies>";
    let folder = Folder::new(&[
        (
            "apis/g/apiInformation.json",
            r#"{ "properties": { "path": "g", "displayName": "G", "type": "graphql", "serviceUrl": "wss://g", "x": 1 } }"#,
        ),
        ("apis/g/specification.graphql", "type Query { a: Int }"),
        ("apis/g/policy.xml", graphql),
        (
            "apis/m/apiInformation.json",
            r#"{ "properties": { "path": "m", "displayName": "M", "type": "mcp" } }"#,
        ),
        ("workspaces/w/apis/x/apiInformation.json", "{}"),
        (
            "products/p/productInformation.json",
            r#"{ "properties": {} }"#,
        ),
        ("products/p/apis/g/productApiInformation.json", "{}"),
        ("backend/b/backendInformation.json", "{}"),
        ("gateways/g/gatewayInformation.json", "{}"),
        ("scripts/x/y", ""),
    ]);
    let loaded = load(&folder.0, &options(&[], &[]));
    let found = warnings(&loaded);
    let has = |parts: &[&str]| {
        found
            .iter()
            .any(|warning| parts.iter().all(|part| warning.contains(part)))
    };
    assert!(
        has(&["API 'g'", "only APIs of type http", "404"]),
        "{found:?}"
    );
    assert!(has(&["API 'm'", "only APIs of type http", "404"]));
    assert!(has(&["workspaces are not supported", "'w'"]));
    assert!(has(&["backend: this folder is not part of an extract"]));
    assert_eq!(found.len(), 4, "{found:?}");
    let service = service(loaded);
    assert!(
        service
            .apis
            .iter()
            .all(|api| api.operations.is_empty() && api.policy.is_none())
    );
}

#[test]
fn a_file_without_content_is_an_error() {
    let folder = Folder::new(&[
        ("products/p/productInformation.json", ""),
        ("apis/a/apiInformation.json", " \n"),
    ]);
    let found = errors(&load(&folder.0, &options(&[], &[])));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|error| error.contains("the file is empty"))
    );
}

#[test]
fn the_folder_of_one_entity_is_no_extract() {
    let folder = Folder::new(&[
        ("x/products/p/productInformation.json", "{}"),
        ("x/products/p/apis/a/productApiInformation.json", "{}"),
        ("x/policy.xml", "<policies />"),
    ]);
    assert!(is_configuration(&folder.0.join("x")));
    assert!(!is_configuration(&folder.0.join("x/products/p")));
}

#[test]
fn references_are_spelt_as_what_they_mean() {
    let folder = Folder::new(&[
        (
            "backends/one/backendInformation.json",
            r#"{ "properties": { "url": "http://one.example" } }"#,
        ),
        (
            "backends/pool/backendInformation.json",
            r#"{ "properties": { "type": "pool", "pool": { "services": [ { "id": "/Backends/ONE" } ] } } }"#,
        ),
        (
            "groups/Team/groupInformation.json",
            r#"{ "properties": { "displayName": "T" } }"#,
        ),
        (
            "products/p/productInformation.json",
            r#"{ "properties": {} }"#,
        ),
        ("products/p/groups/team/productGroupInformation.json", "{}"),
    ]);
    let service = service(load(&folder.0, &options(&[], &[])));
    let BackendKind::Pool(pool) = &service.backends[1].kind else {
        panic!()
    };
    assert_eq!(pool.members[0].backend.value.as_str(), "one");
    assert_eq!(service.products[0].groups[0].value.as_str(), "Team");
}

#[test]
fn a_folder_without_configuration_is_refused_with_a_hint() {
    let folder = Folder::new(&[("artifacts/backends/x/backendInformation.json", "{}")]);
    let loaded = load(&folder.0, &options(&[], &[]));
    assert_eq!(loaded.diagnostics[0].code, "no-configuration");
    assert!(
        loaded.diagnostics[0]
            .help
            .as_deref()
            .unwrap()
            .contains("artifacts")
    );
    let loaded = load(&folder.0.join("missing.yaml"), &options(&[], &[]));
    assert_eq!(loaded.diagnostics[0].code, "unreadable-file");
}

const API: &str =
    r#"{ "properties": { "path": "calc", "displayName": "Calc", "apiRevision": "2" } }"#;
const SPECIFICATION: &str = "openapi: 3.0.0\npaths: { /x: { get: {} } }\n";

#[test]
fn a_folder_that_repeats_the_current_revision_is_passed_over() {
    let folder = Folder::new(&[
        ("apis/a/apiInformation.json", API),
        ("apis/a/specification.yaml", SPECIFICATION),
        ("apis/a;rev=2/apiInformation.json", API),
        ("apis/a;rev=2/specification.yaml", SPECIFICATION),
    ]);
    let loaded = load(&folder.0, &options(&[], &[]));
    assert!(warnings(&loaded)[0].contains("repeats the current revision of 'a'"));
    assert_eq!(service(loaded).apis.len(), 1);
}

#[test]
fn an_api_without_version_set_may_be_the_original_of_one() {
    let versioned = r#"{ "properties": { "path": "calc", "displayName": "Calc", "apiVersion": "v1", "apiVersionSetId": "/apiVersionSets/s" } }"#;
    let set = r#"{ "properties": { "displayName": "s", "versioningScheme": "Segment" } }"#;
    let mut files = vec![
        ("apis/a/apiInformation.json", API),
        ("apis/a/specification.yaml", SPECIFICATION),
        ("apis/b/apiInformation.json", versioned),
        ("apis/b/specification.yaml", SPECIFICATION),
        ("version sets/s/versionSetInformation.json", set),
    ];
    let folder = Folder::new(&files);
    let loaded = load(&folder.0, &options(&[], &[]));
    assert!(warnings(&loaded)[0].contains("it answers when a request names no version"));
    assert_eq!(service(loaded).apis.len(), 2);
    files.push(("apis/c/apiInformation.json", API));
    let folder = Folder::new(&files);
    let found = errors(&load(&folder.0, &options(&[], &[])));
    assert!(
        found[0].contains("APIs 'a' and 'c' are both at path 'calc'"),
        "{found:?}"
    );
}

#[test]
fn values_that_only_loggers_mention_are_not_asked_for() {
    let value = r#"{ "properties": { "displayName": "logger-key", "secret": true } }"#;
    let logger = r#"{ "properties": { "loggerType": "applicationInsights", "credentials": { "instrumentationKey": "{{logger-key}}" } } }"#;
    let mut files = vec![
        ("named values/k/namedValueInformation.json", value),
        ("loggers/l/loggerInformation.json", logger),
    ];
    let folder = Folder::new(&files);
    assert!(load(&folder.0, &options(&[], &[])).service.is_some());
    files.push((
        "policy.xml",
        "<policies><inbound><trace source=\"{{logger-key}}\">x</trace></inbound></policies>",
    ));
    let folder = Folder::new(&files);
    assert_eq!(errors(&load(&folder.0, &options(&[], &[]))).len(), 1);
}

#[test]
fn subscriptions_to_what_was_not_extracted_are_warnings() {
    let subscription = r#"{ "properties": { "scope": "/apis/elsewhere", "primaryKey": "k" } }"#;
    let folder = Folder::new(&[("subscriptions/s/subscriptionInformation.json", subscription)]);
    let loaded = load(&folder.0, &options(&[], &[]));
    assert_eq!(
        warnings(&loaded)[1..],
        ["1:28 unknown-reference subscription 's': there is no API 'elsewhere'; it opens nothing"]
    );
    assert!(loaded.service.is_some());
}

#[test]
fn many_subscriptions_without_key_are_one_warning() {
    let files: Vec<(String, &str)> = (0..5)
        .map(|number| {
            let name = format!("subscriptions/s{number}/subscriptionInformation.json");
            (name, r#"{ "properties": { "scope": "/apis" } }"#)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let folder = Folder::new(&files);
    let found: Vec<_> = warnings(&load(&folder.0, &options(&[], &[])))
        .into_iter()
        .filter(|warning| !warning.starts_with("no-apis"))
        .collect();
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("5 subscriptions have no key"),
        "{found:?}"
    );
}

#[test]
fn tokens_of_sections_without_effect_are_not_asked_for() {
    let folder = Folder::new(&[
        ("policy.xml", "<policies />"),
        (
            "backends/b/backendInformation.json",
            r#"{"properties":{"url":"http://b.example"}}"#,
        ),
        (
            "prod.yaml",
            "loggers: [ { name: l, properties: { resourceId: '{#NOWHERE#}' } } ]\nbackends: [ { name: b, url: 'http://c.example' } ]\n",
        ),
    ]);
    let mut options = options(&[], &[]);
    options.environment = Some(folder.0.join("prod.yaml"));
    let loaded = load(&folder.0, &options);
    assert!(warnings(&loaded)[0].contains("'url' has no effect here"));
    assert!(loaded.service.is_some());
}
