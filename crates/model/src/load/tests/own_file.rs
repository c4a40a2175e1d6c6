//! Tests with `tidegate.yaml`.

use std::time::Duration;

use super::*;
use crate::{BackendKind, LogFormat, PoolStrategy, Protocol};

const INLINE: &str = r#"
gateway:
  listen: 127.0.0.1:9000
  admin: 127.0.0.1:9001
  workers: 2
  limits: { requestBodyBytes: 2 MiB, headers: 50 }
  expressions: { sourceBytes: 8 KiB, steps: 1000, memoryBytes: 1 MiB, depth: 10 }
  timeouts: { drain: PT5S }
  log: { format: json }
namedValues:
  region: swedencentral
  key-1: { secret: true, value: env:KEY_1 }
  key-2: { secret: true, value: file:secrets/key2 }
policy: |
  <policies>
    <inbound />
    <backend><forward-request /></backend>
    <outbound />
    <on-error />
  </policies>
policyFragments:
  short: <fragment><trace source="a">b</trace></fragment>
  long: { description: A fragment, policy: fragments/long.xml }
backends:
  one: { url: "https://{{region}}.example.net/openai", credentials: { header: { api-key: "{{key-1}}" } } }
  two:
    properties: { url: http://127.0.0.1:9200/openai, credentials: { header: { api-key: ["{{key-2}}"] } } }
  pool: { pool: { services: [ one, { id: /backends/two, weight: 0 } ], failureResponse: { statusCode: 429 }, sessionAffinity: { sessionId: { source: Cookie, name: sid } }, strategy: peakEwma } }
apis:
  openai:
    path: openai
    displayName: Azure OpenAI
    specification: azure-openai
    subscriptionKeyParameterNames: { header: api-key, query: api-key, bearer: enabled }
    policy: policies/openai.xml
    operations:
      chatcompletions-create: { policy: "<policies />" }
      ping:
        method: get
        urlTemplate: /ping
        responses:
          - statusCode: 200
            representations: [ { contentType: application/json, examples: { default: { value: { ok: true } } } } ]
products:
  ai: { apis: [openai], policy: "<policies />" }
subscriptions:
  team: { scope: /products/ai, primaryKey: env:TEAM_KEY, secondaryKey: "{{key-2}}", ownerId: /users/ada }
users:
  ada: { email: ada@example.net, firstName: Ada, lastName: L, groups: [developers], registrationDate: 2025-01-01T00:00:00Z }
"#;

fn inline_files() -> Folder {
    Folder::new(&[
        ("tidegate.yaml", INLINE),
        (
            "policies/openai.xml",
            "\u{feff}<policies><inbound><base /></inbound></policies>",
        ),
        ("fragments/long.xml", "<fragment />"),
        ("secrets/key2", "from-a-file\n"),
    ])
}

fn inline_options() -> LoadOptions {
    options(&[], &[("KEY_1", "k1"), ("TEAM_KEY", "team-key")])
}

#[test]
fn one_file_holds_a_whole_service() {
    let folder = inline_files();
    let service = service(load(&folder.0, &inline_options()));
    assert_eq!(service.gateway.listen, ["127.0.0.1:9000".parse().unwrap()]);
    assert_eq!(
        service.gateway.admin,
        Some("127.0.0.1:9001".parse().unwrap())
    );
    assert_eq!(service.gateway.workers, Some(2));
    assert_eq!(service.gateway.limits.request_body_bytes, 2 << 20);
    assert_eq!(service.gateway.limits.headers, 50);
    assert_eq!(service.gateway.limits.uri_bytes, 16 * 1024);
    assert_eq!(
        service.gateway.expressions,
        crate::ExpressionLimits {
            source_bytes: 8 << 10,
            steps: 1_000,
            memory_bytes: 1 << 20,
            depth: 10,
            regex_steps: 500_000,
        }
    );
    assert_eq!(service.gateway.timeouts.drain, Duration::from_secs(5));
    assert_eq!(service.gateway.log.format, LogFormat::Json);
    let BackendKind::Single(one) = &service.backends[0].kind else {
        panic!()
    };
    assert_eq!(one.url.value, "https://swedencentral.example.net/openai");
    assert_eq!(&**one.credentials.header[0].1[0].expose(), "k1");
    let BackendKind::Single(two) = &service.backends[1].kind else {
        panic!()
    };
    assert_eq!(&**two.credentials.header[0].1[0].expose(), "from-a-file");
    let BackendKind::Pool(pool) = &service.backends[2].kind else {
        panic!()
    };
    assert_eq!(pool.members.len(), 2);
    assert_eq!(pool.members[1].weight, 0);
    assert_eq!(pool.failure_status, 429);
    assert_eq!(pool.session_affinity.as_ref().unwrap().cookie, "sid");
    assert_eq!(pool.strategy, PoolStrategy::PeakEwma);
    let api = &service.apis[0];
    assert_eq!(api.protocols, [Protocol::Https, Protocol::Http]);
    assert!(api.subscription_key.bearer);
    assert_eq!(
        api.policy.as_ref().unwrap().file.text(),
        "<policies><inbound><base /></inbound></policies>"
    );
    let find = |name: &str| {
        api.operations
            .iter()
            .find(|operation| operation.name == *name)
            .unwrap()
    };
    assert!(find("chatcompletions-create").policy.is_some());
    assert_eq!(find("ping").method, "GET");
    assert_eq!(
        find("ping").responses[0].representations[0]
            .sample(Some(3))
            .unwrap(),
        r#"{"ok":true}"#
    );
    assert!(find("Embeddings_Create_v1").template.as_str() == "/v1/embeddings");
    assert_eq!(service.policy_fragments.len(), 2);
    let team = &service.subscriptions[0];
    assert!(team.primary_key.as_ref().unwrap().matches(b"team-key"));
    assert!(team.secondary_key.as_ref().unwrap().matches(b"from-a-file"));
    assert_eq!(service.users[0].first_name, "Ada");
}

#[test]
fn inline_documents_keep_the_line_numbers_of_their_file() {
    let folder = inline_files();
    let service = service(load(&folder.0, &inline_options()));
    let file = &service.policy.file;
    assert!(file.name().ends_with("tidegate.yaml"));
    let at = file.text().find("<policies>").unwrap();
    assert_eq!(file.line_column(at).0, 15);
    let at = file.text().find("<forward-request").unwrap();
    assert_eq!(file.line_column(at).0, 17);
}

#[test]
fn all_files_read_are_watched() {
    let folder = inline_files();
    let loaded = load(&folder.0, &inline_options());
    for file in [
        "tidegate.yaml",
        "policies/openai.xml",
        "fragments/long.xml",
        "secrets/key2",
    ] {
        assert!(loaded.watched.contains(&folder.0.join(file)), "{file}");
    }
}

#[test]
fn without_a_global_policy_the_default_one_forwards() {
    let service = service(load_yaml("apis: {}\n"));
    assert!(service.policy.file.text().contains("<forward-request />"));
}

#[test]
fn unknown_keys_are_errors_with_place_and_suggestion() {
    let loaded = load_yaml(
        "backends:\n  one:\n    url: https://a.example\n    circutBreaker: { rules: [] }\nnamedvalues: {}\n",
    );
    assert_eq!(
        errors(&loaded),
        [
            "5:1 unknown-key the configuration: unknown key 'namedvalues'",
            "4:5 unknown-key backend 'one': unknown key 'circutBreaker'",
        ]
    );
    let help: Vec<&str> = loaded
        .diagnostics
        .iter()
        .filter_map(|d| d.help.as_deref())
        .collect();
    assert_eq!(
        help,
        [
            "did you mean 'namedValues'?",
            "did you mean 'circuitBreaker'?"
        ]
    );
}

#[test]
fn one_run_reports_the_mistakes_of_all_entities() {
    let loaded = load_yaml(
        r#"
backends:
  a: { url: "ftp://x" }
  b: { url: "http://{{nope}}/" }
  c: {}
  p: { type: Pool, pool: { services: [ a, a, ghost, p, { id: /apis/x } ] } }
apis:
  one: { path: x, operations: { o: { method: GET, urlTemplate: "/{a" } } }
  two: { path: X, operations: { o: { method: GET, urlTemplate: / }, q: { method: get, urlTemplate: / } } }
  three: { path: y, apiVersionSetId: /apiVersionSets/none, operations: { o: { method: GET, urlTemplate: / } } }
products:
  pr: { apis: [four] }
subscriptions:
  s: { scope: /apis/zero, primaryKey: k }
  t: { scope: "/products/pr", primaryKey: k, state: activ }
gateway: { workers: 0, listen: [here], timeouts: { idle: 5 } }
"#,
    );
    let found = errors(&loaded);
    for expected in [
        "3:13 invalid-value backend 'a': url must be an absolute URL",
        "4:21 unknown-named-value Cannot find a property 'nope'",
        "5:6 missing-value backend 'c': url is missing",
        "6:43 duplicate-name backend 'p': 'a' is a member twice",
        "6:46 unknown-reference backend 'p': Backend with id 'ghost' could not be found.",
        "6:53 pool-in-pool",
        "6:62 invalid-value backend 'p': a service's id must be that of a backend",
        "8:64 invalid-template",
        "9:3 path-conflict APIs 'one' and 'two' are both at path 'x'",
        "9:69 duplicate-operation Operation with the same method and URL template already exists: GET, /",
        "10:38 unknown-reference API 'three': there is no version set 'none'",
        "12:16 unknown-reference product 'pr': there is no API 'four'",
        "14:15 unknown-reference subscription 's': there is no API 'zero'",
        "15:3 duplicate-key subscriptions 's' and 't' have the same key",
        "15:53 invalid-value subscription 't': state must be one of: active",
        "16:21 invalid-value gateway: workers must be a whole number from 1 to 1024",
        "16:33 invalid-value gateway: listen must be an address and port",
        "16:58 invalid-value gateway: timeouts: idle is not an ISO 8601 duration",
    ] {
        assert!(
            found.iter().any(|error| error.starts_with(expected)),
            "missing: {expected}\nfound: {found:#?}"
        );
    }
    assert!(loaded.service.is_none());
}

#[test]
fn broken_yaml_is_an_error_at_its_place() {
    let found = errors(&load_yaml("apis:\n  a: [1\n  b: }\n"));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("3:"), "{found:?}");
    let found = errors(&load_yaml("a: &x [*x]\n"));
    assert!(found[0].contains("alias"), "{found:?}");
    let found = errors(&load_yaml("apis: {}\napis: {}\n"));
    assert_eq!(found, ["2:1 duplicate-key 'apis' occurs twice"]);
}

#[test]
fn aliases_and_merge_keys_are_expanded_within_a_bound() {
    let service = service(load_yaml(
        "backends:\n  a: &base { url: 'http://a.example', tls: { validateCertificateName: false } }\n  b: { <<: *base, url: 'http://b.example' }\n",
    ));
    let BackendKind::Single(b) = &service.backends[1].kind else {
        panic!()
    };
    assert_eq!(b.url.value, "http://b.example");
    assert!(!b.tls.validate_certificate_name);

    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![before; 10].join(",")
        ));
    }
    let found = errors(&load_yaml(&bomb));
    assert!(
        found.iter().any(|error| error.contains("limit-exceeded")),
        "{found:?}"
    );
}

#[test]
fn aliases_cannot_nest_values_without_bound() {
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..200 {
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        text.push_str(&format!(
            "a{level}: &a{level} {open}*a{}{close}\n",
            level - 1
        ));
    }
    let found = errors(&load_yaml(&text));
    assert!(found[0].contains("nest deeper"), "{found:?}");
}

#[test]
fn secrets_are_blotted_out_of_what_diagnostics_show() {
    let places = |loaded: &Loaded| -> Vec<String> {
        loaded
            .diagnostics
            .iter()
            .filter_map(|diagnostic| Some(diagnostic.place.as_ref()?.file.text().to_owned()))
            .collect()
    };
    let loaded = load_yaml(
        "namedValues:\n  k: { secret: true, value: sesame1, colour: red }\nsubscriptions:\n  s: { scope: /apis, primaryKey: sesame2, x: 1 }\nbackends:\n  b: { url: 'http://a', credentials: { header: { api-key: [sesame3] }, y: 1 } }\n",
    );
    assert_eq!(errors(&loaded).len(), 3);
    for text in places(&loaded) {
        assert!(!text.contains("sesame"), "{text}");
        assert!(text.contains("colour") && text.contains("/apis"));
    }
    // Slips that would make a secret look like none.
    for slip in [
        "namedValues:\n  k: { secrt: true, value: sesame }\n",
        "namedValues:\n  k: { secret: yes please, value: sesame }\n",
        "namedValues:\n  k: { secret: true, vaule: sesame }\n",
        "namedValues:\n  k: sesame\n  k: 1\n",
        "namedValues:\n  - { name: k, properties: { value: [sesame] } }\n",
        "namedValues:\n  k: { secret: true, value: |\n    sesame\n",
        "namedValues: [\n  { name: k, value: sesame\nx: }\n",
        "subscriptions:\n  s: { primaryKey: sesame\n",
        "backends:\n  b: { url: 'http://sesame:sesame@host' }\n",
        "backends:\n  b: { url: h, credentials: { header: { api-key: [ { a: sesame } ] } } }\n",
        "backends:\n  b: { url: h, credentials: { authorization: { scheme: Bearer sesame, x: 1 } } }\n",
        "backends:\n  b: { url: h, credentials: { authorisation: { scheme: sesamesesamesesame } } }\n",
    ] {
        let found = places(&load_yaml(slip));
        assert!(!found.is_empty());
        assert!(
            found.iter().all(|text| !text.contains("sesame")),
            "{found:?}"
        );
    }
}

#[test]
fn files_in_other_encodings_are_read_or_refused_with_a_place() {
    let text = "apis: { a: { path: \u{e4}, specification: passthrough } }\n";
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let folder = Folder::new(&[("tidegate.yaml", "")]);
    let file = folder.0.join("tidegate.yaml");
    fs::write(&file, utf16).unwrap();
    assert_eq!(service(load(&file, &options(&[], &[]))).apis.len(), 1);

    fs::write(
        &file,
        b"namedValues:\n  k: { secret: true, value: sesame\xff }\n",
    )
    .unwrap();
    let loaded = load(&file, &options(&[], &[]));
    let found = errors(&loaded);
    assert!(
        found[0].contains("tidegate.yaml:2:35: the file is not UTF-8"),
        "{found:?}"
    );
    assert!(loaded.diagnostics[0].place.is_none());

    fs::write(folder.0.join("p.xml"), b"<policies>\n<!-- \xff -->").unwrap();
    fs::write(
        &file,
        "policy: p.xml\napis: { a: { path: a, specification: passthrough } }",
    )
    .unwrap();
    let found = errors(&load(&file, &options(&[], &[])));
    assert!(found[0].starts_with("2:6 invalid-encoding"), "{found:?}");
}

#[test]
fn an_empty_file_is_refused_and_one_without_apis_is_worth_a_warning() {
    for empty in ["", "\n", "---\n", "# nothing yet\n"] {
        let found = errors(&load_yaml(empty));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("empty-configuration"));
    }
    let loaded = load_yaml("gateway: {}\n");
    assert!(warnings(&loaded)[0].starts_with("no-apis"));
    assert!(loaded.service.is_some());
}

#[test]
fn paths_that_are_none_and_levels_that_are_none_are_errors() {
    let yaml = "apis: { a: { path: a, specification: s.yaml } }\n";
    for (paths, expected) in [
        ("{ foo/bar: { get: {} } }", "a path begins with '/'"),
        ("[]", "expected a mapping, found a list"),
    ] {
        let specification = format!("openapi: 3.0.1\npaths: {paths}\n");
        let folder = Folder::new(&[("tidegate.yaml", yaml), ("s.yaml", &specification)]);
        let found = errors(&load(&folder.0, &options(&[], &[])));
        assert!(found[0].contains(expected), "{found:?}");
    }
    let level = |level: &str| {
        errors(&load_yaml(&format!(
            "gateway: {{ log: {{ level: '{level}' }} }}\n"
        )))
        .is_empty()
    };
    assert!(level("debug") && level("WARN") && level("info,tidegate_gateway=trace"));
    assert!(!level("verbose") && !level("") && !level("a=b") && !level("info,,"));
}

#[test]
fn only_members_with_others_behind_them_need_a_circuit_breaker() {
    let pool = |services: &str| {
        warnings(&load_yaml(&format!(
            "apis: {{ a: {{ path: a, specification: passthrough }} }}\nbackends:\n  a: {{ url: 'http://a.example' }}\n  b: {{ url: 'http://b.example' }}\n  p: {{ pool: {{ services: [{services}] }} }}\n"
        )))
    };
    let found = pool("{ id: a, priority: 1 }, { id: b, priority: 2 }");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("'a' has no circuit breaker"));
    let found = pool("a, b");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("no member has a circuit breaker"));
}

#[test]
fn anchors_have_a_place_of_their_own() {
    let text = "x-tls: &tls { validateCertificateName: false }\nbackends:\n  a: &a { url: 'http://a.example', tls: *tls }\n  b: { <<: *a, url: 'http://b.example' }\n";
    let service = service(load_yaml(text));
    for backend in &service.backends {
        let BackendKind::Single(single) = &backend.kind else {
            panic!()
        };
        assert!(!single.tls.validate_certificate_name);
    }
}

#[test]
fn a_missing_reference_names_what_asks_for_it() {
    let text = "namedValues: { k: 'env:NOWHERE' }\nsubscriptions: { s: { scope: /apis, primaryKey: env:NOWHERE } }\nbackends: { b: { url: 'http://h.example', credentials: { header: { api-key: 'env:NOWHERE' } } } }\n";
    let found = errors(&load_yaml(text));
    for what in [
        "named value 'k': the environment",
        "subscription 's': primaryKey: the environment",
        "backend 'b': credentials: the environment",
    ] {
        assert!(found.iter().any(|error| error.contains(what)), "{found:?}");
    }
    let loaded = service(load_yaml_with(text, &options(&[], &[("NOWHERE", "v")])));
    let BackendKind::Single(b) = &loaded.backends[0].kind else {
        panic!()
    };
    assert_eq!(&**b.credentials.header[0].1[0].expose(), "v");
}

#[test]
fn the_environment_can_give_what_only_backends_mention() {
    let text = "backends: { b: { url: 'http://{{host-name}}' } }\n";
    assert_eq!(errors(&load_yaml(text)).len(), 1);
    let environment = [("TIDEGATE_NAMED_VALUE_HOST_NAME", "h.example")];
    service(load_yaml_with(text, &options(&[], &environment)));
}

#[test]
fn a_key_from_the_environment_must_not_be_empty() {
    let text = "subscriptions: { s: { scope: /apis } }\n";
    let environment = [("TIDEGATE_SUBSCRIPTION_S_PRIMARY_KEY", "")];
    let found = errors(&load_yaml_with(text, &options(&[], &environment)));
    assert!(
        found[0].contains("TIDEGATE_SUBSCRIPTION_S_PRIMARY_KEY must have"),
        "{found:?}"
    );
}

#[test]
fn debug_output_of_a_service_holds_no_secret() {
    let folder = inline_files();
    let service = service(load(&folder.0, &inline_options()));
    let shown = format!("{service:?}");
    for secret in ["from-a-file", "team-key", "\"k1\""] {
        assert!(!shown.contains(secret), "{secret}");
    }
    assert!(!format!("{:?}", options(&[("a", "k-east")], &[])).contains("k-east"));
}

#[test]
fn named_values_do_not_nest_and_unknown_ones_can_be_allowed() {
    let service_text = "namedValues: { a: '{{b}}', b: x }\nbackends: { one: { url: 'http://h.example/p', credentials: { query: { q: '{{ a }}-{{b}}' } } } }\n";
    let loaded = service(load_yaml(service_text));
    let BackendKind::Single(one) = &loaded.backends[0].kind else {
        panic!()
    };
    assert_eq!(&**one.credentials.query[0].1[0].expose(), "{{b}}-x");

    let mut allowing = options(&[], &[]);
    allowing.allow_unknown_named_values = true;
    let text = "backends: { one: { url: '{{somewhere}}' } }\n";
    assert!(load_yaml_with(text, &allowing).service.is_some());
    let loaded = load_yaml_with(text, &options(&[("somewhere", "https://x.example")], &[]));
    assert!(
        loaded.service.is_some(),
        "a value may be given from outside only"
    );
}

#[test]
fn values_that_only_the_environment_has_are_found_through_policies() {
    let text = "policy: '<policies><inbound><set-header name=\"a\"><value>{{extra-key}}</value></set-header></inbound></policies>'\n";
    let service = service(load_yaml_with(
        text,
        &options(&[], &[("TIDEGATE_NAMED_VALUE_EXTRA_KEY", "v")]),
    ));
    assert_eq!(service.named_values[0].display_name, "extra-key");
    assert!(service.named_values[0].secret);
}

#[test]
fn a_missing_policy_file_is_an_error_where_it_is_named() {
    let found = errors(&load_yaml("policy: nowhere.xml\n"));
    assert!(found[0].starts_with("1:9 unreadable-file"), "{found:?}");
}

#[test]
fn servers_give_the_backend_when_nothing_else_does() {
    let folder = Folder::new(&[
        (
            "tidegate.yaml",
            "apis: { a: { path: a, specification: s.yaml } }",
        ),
        (
            "s.yaml",
            "openapi: 3.0.0\ninfo: { title: T }\nservers: [ { url: 'http://a.example' }, { url: 'https://{h}.example/x', variables: { h: { default: b } } } ]\npaths: { /p: { get: {} } }\n",
        ),
    ]);
    let service = service(load(&folder.0, &options(&[], &[])));
    assert_eq!(
        service.apis[0].service_url.as_ref().unwrap().value,
        "https://b.example/x"
    );
    assert_eq!(service.apis[0].display_name, "T");
}

#[test]
fn required_query_parameters_can_stay_out_of_templates() {
    let specification = "openapi: 3.0.0\npaths: { /p: { get: { parameters: [ { name: q, in: query, required: true } ] } } }\n";
    for (setting, template) in [("template", "/p?q={q}"), ("query", "/p")] {
        let yaml = format!(
            "apis: {{ a: {{ path: a, specification: s.yaml, translateRequiredQueryParameters: {setting} }} }}"
        );
        let folder = Folder::new(&[("tidegate.yaml", &yaml), ("s.yaml", specification)]);
        let service = service(load(&folder.0, &options(&[], &[])));
        assert_eq!(service.apis[0].operations[0].template.as_str(), template);
    }
}

#[test]
fn no_text_makes_the_loader_panic() {
    let mut text = INLINE.to_owned();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..300 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut at = (seed as usize) % text.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let piece = [
            "{", "}", "[", ": ", "\n", "é", "- ", "\"", "*", "&a ", "|\n", "{{x}}",
        ][(seed >> 32) as usize % 12];
        let mut changed = text.clone();
        changed.insert_str(at, piece);
        let _ = load_yaml(&changed);
        if seed.is_multiple_of(7) {
            text = changed;
        }
    }
}

#[test]
fn the_file_can_add_to_an_extract() {
    let folder = Folder::new(&[
        (
            "tidegate.yaml",
            "extract: artifacts\noverrides: prod.yaml\ngateway: { workers: 3 }\nnamedValues: { key: env:K }\nsubscriptions: { team: { primaryKey: env:K2 } }\nbackends: { b: { url: 'https://mine.example' } }\n",
        ),
        (
            "prod.yaml",
            "backends: [ { name: b, properties: { title: T } } ]",
        ),
        (
            "artifacts/named values/key/namedValueInformation.json",
            r#"{"properties":{"displayName":"the-key","secret":true}}"#,
        ),
        (
            "artifacts/subscriptions/team/subscriptionInformation.json",
            r#"{"properties":{"scope":"/apis","state":"active"}}"#,
        ),
        (
            "artifacts/backends/b/backendInformation.json",
            r#"{"properties":{"url":"https://theirs.example","protocol":"http","credentials":{"header":{"api-key":["{{the-key}}"]}}}}"#,
        ),
    ]);
    let service = service(load(&folder.0, &options(&[], &[("K", "v"), ("K2", "k2")])));
    assert_eq!(service.gateway.workers, Some(3));
    let BackendKind::Single(b) = &service.backends[0].kind else {
        panic!()
    };
    assert_eq!(b.url.value, "https://mine.example");
    assert_eq!(&**b.credentials.header[0].1[0].expose(), "v");
    assert_eq!(service.backends[0].title.as_deref(), Some("T"));
    assert!(
        service.subscriptions[0]
            .primary_key
            .as_ref()
            .unwrap()
            .matches(b"k2")
    );
}
