//! What is said of documents that cannot be used, or probably not as meant.

use tidegate_pipeline::Scope;

use crate::support::{Service, api, inbound};

/// Severity, code and place of every finding.
fn codes(service: &Service) -> Vec<String> {
    service
        .diagnostics()
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().map(|place| {
                let (line, column) = place.file.line_column(place.range.start);
                format!("{line}:{column}")
            });
            format!(
                "{} {} {}",
                diagnostic.severity.as_str(),
                diagnostic.code,
                place.unwrap_or_default()
            )
        })
        .collect()
}

/// The codes alone.
fn found(service: &Service) -> Vec<&'static str> {
    service
        .diagnostics()
        .iter()
        .map(|found| found.code)
        .collect()
}

const BAD: &str = r#"<policies>
    <inbound>
        <base />
        <set-heeder name="x"><value>1</value></set-heeder>
        <rate-limit calls="5" renewal-period="60" />
        <set-header nam="x" exists-action="replace"><value>1</value></set-header>
        <forward-request />
        <set-backend-service backend-id="prim" />
        <set-backend-service base-url="{{endpoint}}" backend-id="primary" />
        <set-header name="y"><value>{{endpont}}</value></set-header>
        <include-fragment fragment-id="share" />
        <set-variable name="v" value="@(context.Variables.Contains("x") ? 1 : 2)" />
        <choose>
            <when><set-status code="99" /></when>
            <other />
        </choose>
        text
    </inbound>
    <backend>
        <retry condition="@(context.Response.StatusCode + 1)" count="51" interval="-1"><forward-request timeout="1" timeout-ms="1" /></retry>
    </backend>
    <outbounds />
    <on-error><set-body template="liquid">{{body.a}}</set-body></on-error>
</policies>
"#;

#[test]
fn a_bad_document_is_told_everything_at_once() {
    let service = Service::bare()
        .document(Scope::Api, BAD)
        .named_value("endpoint", "http://primary.test")
        .entity("primary", "http://primary.test")
        .fragment("shared", "<set-status code=\"200\" />");
    insta::assert_snapshot!(service.rendered());
}

#[test]
fn csharp_errors_stand_in_the_documents_own_lines() {
    let service = inbound(
        "\n<set-body>@{\n    var a = 1;\n    return a.Foo();\n}</set-body>\n<set-header name=\"x\"><value>@(context.Request.Metod)</value></set-header>",
    );
    let diagnostics = service.diagnostics();
    let places: Vec<(usize, usize)> = diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.place.as_ref())
        .map(|place| place.file.line_column(place.range.start))
        .collect();
    assert_eq!(places[0].0, 4);
    assert_eq!(places[1].0, 6);
    insta::assert_snapshot!(service.rendered());
}

#[test]
fn errors_in_a_fragment_point_into_the_fragment() {
    let service = inbound(r#"<include-fragment fragment-id="shared" />"#)
        .fragment("shared", r#"<set-status kode="200" />"#);
    let diagnostics = service.diagnostics();
    let place = diagnostics[0].place.as_ref().unwrap();
    assert_eq!(place.file.name(), "shared.xml");
}

#[test]
fn waiting_for_100_continue_needs_http_1_1() {
    let warned = |version: &str| {
        let forward =
            format!(r#"<forward-request http-version="{version}" continue-timeout="1" />"#);
        found(&crate::support::backend(&forward)).contains(&"attribute-without-effect")
    };
    assert!(warned("2"));
    assert!(!warned("1") && !warned("2or1"));
}

#[test]
fn where_policies_may_stand_is_checked() {
    for (statements, code) in [
        ("<forward-request />", "wrong-section"),
        ("<mock-response /><base /><base />", "duplicate-base"),
        (
            "<choose><when condition=\"true\"><base /></when></choose>",
            "nested-base",
        ),
        ("<inbound />", "unknown-policy"),
    ] {
        assert!(found(&inbound(statements)).contains(&code), "{statements}");
    }
    assert_eq!(
        found(&api("<inbound /><inbound /><backend><base /></backend>")),
        ["duplicate-section"]
    );
    assert_eq!(
        found(&api(
            "<backend><base /></backend><rewrite-uri template=\"/\" />"
        )),
        ["unknown-section"]
    );
    assert_eq!(
        found(&Service::bare().document(Scope::Api, "<fragment />")),
        ["unexpected-root"]
    );
    assert_eq!(
        found(&Service::bare().policies(
            Scope::Global,
            "<inbound><base /></inbound><backend><forward-request /></backend>"
        )),
        ["base-without-effect"]
    );
    assert_eq!(found(&api("<inbound />")), ["missing-section"]);
    assert_eq!(
        found(&api(
            "<backend><set-method>GET</set-method><forward-request /></backend>"
        )),
        ["wrong-section", "several-backend-policies"]
    );
}

#[test]
fn attributes_and_children_are_checked() {
    for (statement, code) in [
        (r#"<set-variable name="v" />"#, "missing-attribute"),
        (
            r#"<set-variable name="@("v")" value="1" />"#,
            "expression-not-allowed",
        ),
        (r#"<set-header name="x" />"#, "missing-element"),
        (
            r#"<set-header name="a b"><value>1</value></set-header>"#,
            "invalid-value",
        ),
        (
            r#"<set-header name="x"><value>1</value><other /></set-header>"#,
            "unknown-element",
        ),
        (
            r#"<set-query-parameter name="x" exists-action="no"><value>1</value></set-query-parameter>"#,
            "invalid-value",
        ),
        (r#"<set-backend-service />"#, "invalid-attributes"),
        (
            r#"<set-backend-service base-url="/openai" />"#,
            "invalid-value",
        ),
        (
            r#"<set-backend-service base-url="http://h" sf-replica-type="primary" />"#,
            "unsupported-attribute",
        ),
        (r#"<set-method>a b</set-method>"#, "invalid-value"),
        (r#"<set-status code="abc" />"#, "invalid-value"),
        (r#"<rewrite-uri template="https://h/x" />"#, "invalid-value"),
        (r#"<choose />"#, "missing-element"),
        (
            r#"<choose><otherwise /><when condition="true" /></choose>"#,
            "wrong-order",
        ),
        (
            r#"<choose><when condition="true" /><otherwise /><otherwise /></choose>"#,
            "too-many-elements",
        ),
        (
            r#"<choose><when condition="maybe" /></choose>"#,
            "invalid-value",
        ),
        (
            r#"<return-response><set-body>a</set-body><set-body>b</set-body></return-response>"#,
            "too-many-elements",
        ),
        (
            r#"<return-response><set-status /></return-response>"#,
            "missing-attribute",
        ),
        (
            r#"<retry condition="true" count="0" interval="1"><base2 /></retry>"#,
            "invalid-value",
        ),
        (
            r#"<retry condition="true" count="1" interval="1" />"#,
            "empty-retry",
        ),
        (
            r#"<mock-response status-code="@(200)" />"#,
            "expression-not-allowed",
        ),
        (r#"<trace source="s" />"#, "missing-element"),
        (
            r#"<trace source="s" severity="loud"><message>m</message></trace>"#,
            "invalid-value",
        ),
        (
            r#"<trace source="s"><message>m</message><metadata name="n" /></trace>"#,
            "missing-attribute",
        ),
        (r#"<cache-lookup-value key="k" />"#, "missing-attribute"),
        (
            r#"<cache-store-value key="k" value="v" duration="long" />"#,
            "invalid-value",
        ),
        (
            r#"<cache-remove-value key="k" caching-type="redis" />"#,
            "invalid-value",
        ),
        (
            r#"<cache-remove-value key="k" caching-type="external" />"#,
            "no-external-cache",
        ),
        (
            r#"<send-request><set-method>GET</set-method></send-request>"#,
            "missing-element",
        ),
        (
            r#"<send-request><set-url>/relative</set-url></send-request>"#,
            "invalid-value",
        ),
        (
            r#"<send-request><set-url>http://h</set-url><set-method>@("GET")</set-method></send-request>"#,
            "expression-not-allowed",
        ),
        (
            r#"<send-request ignore-error="@(true)"><set-url>http://h</set-url></send-request>"#,
            "expression-not-allowed",
        ),
        (
            r#"<send-request mode="clone"><set-url>http://h</set-url></send-request>"#,
            "invalid-value",
        ),
        (
            r#"<send-request timeout="0"><set-url>http://h</set-url></send-request>"#,
            "no-timeout",
        ),
        (
            r#"<send-request><set-url>http://h</set-url><authentication-managed-identity resource="r" /></send-request>"#,
            "unsupported-policy",
        ),
        (
            r#"<send-request><set-url>http://h</set-url><proxy url="https://p:1" /></send-request>"#,
            "invalid-value",
        ),
        (r#"<cors />"#, "missing-element"),
        (r#"<cors><allowed-origins /></cors>"#, "missing-element"),
        (
            r#"<cors><allowed-origins><origin>app</origin></allowed-origins></cors>"#,
            "invalid-value",
        ),
        (
            r#"<cors><allowed-origins><origin>*</origin><origin>https://a</origin></allowed-origins></cors>"#,
            "invalid-value",
        ),
        (
            r#"<cors><allowed-origins><origin>https://*.a</origin></allowed-origins></cors>"#,
            "invalid-value",
        ),
        (
            r#"<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-methods><method>a b</method></allowed-methods></cors>"#,
            "invalid-value",
        ),
        (
            r#"<cors><allowed-origins><origin>*</origin></allowed-origins></cors><cors><allowed-origins><origin>*</origin></allowed-origins></cors>"#,
            "duplicate-policy",
        ),
        (
            r#"<include-fragment fragment-id="outer" />"#,
            "nested-fragment",
        ),
    ] {
        let service =
            inbound(statement).fragment("outer", r#"<include-fragment fragment-id="outer" />"#);
        let found = found(&service);
        assert!(found.contains(&code), "{statement}: {found:?}");
    }
}

#[test]
fn the_parameters_of_a_rewrite_are_those_of_its_operation() {
    let service = |template: &str| {
        Service::bare()
            .policies(
                Scope::Operation,
                &format!(
                    r#"<inbound><rewrite-uri template="{template}" /></inbound><backend><base /></backend>"#
                ),
            )
            .template_parameters(&["id"])
    };
    assert!(found(&service("/v3/{id}")).is_empty());
    assert_eq!(
        found(&service("/v3/{unknown}")),
        ["unknown-template-parameter"]
    );
}

#[test]
fn unknown_names_are_errors_in_a_service_and_no_matter_outside_of_one() {
    let statements = r#"<set-backend-service backend-id="{{backend}}" /><set-backend-service backend-id="nobody" />
        <set-backend-service base-url="{{endpoint}}/openai" /><set-header name="{{name}}"><value>{{value}}</value></set-header>
        <set-method>{{method}}</set-method><include-fragment fragment-id="nothing" />
        <send-request timeout="{{seconds}}"><set-url>{{url}}/x</set-url></send-request>
        <cors><allowed-origins><origin>{{origin}}</origin></allowed-origins></cors>"#;
    let service = inbound(statements);
    let errors = service
        .diagnostics()
        .iter()
        .filter(|found| found.is_error())
        .count();
    assert!(errors >= 8, "{:?}", codes(&service));
    let service = inbound(statements).lenient();
    let errors: Vec<_> = service
        .diagnostics()
        .into_iter()
        .filter(|found| found.is_error())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn secrets_are_not_shown() {
    let service = inbound(
        r#"<set-header name="{{secret}}"><value>1</value></set-header><set-method>{{secret}}</set-method>
           <set-backend-service base-url="{{secret}}" /><set-backend-service backend-id="{{secret}}" />
           <include-fragment fragment-id="{{secret}}" /><set-status code="{{secret}}" />
           <set-variable name="v" value="@({{secret}})" /><set-variable name="v" value="@("{{secret}}".Foo())" />
           <rewrite-uri template="{{secret}}://x" /><send-request><set-url>{{secret}}</set-url></send-request>
           <cors><allowed-origins><origin>{{secret}}</origin></allowed-origins><allowed-methods><method>{{secret}}</method></allowed-methods></cors>"#,
    )
    .secret("secret", "hush hush s3cr3t");
    let rendered = service.rendered();
    assert!(found(&service).len() >= 9, "{rendered}");
    assert!(!rendered.contains("s3cr3t"), "{rendered}");
    assert!(!rendered.contains("hush"), "{rendered}");
}

#[test]
fn a_secret_that_is_read_as_code_is_not_shown() {
    for expression in [
        "@({{secret}})",
        "@(1 {{secret}})",
        "@(context.{{secret}})",
        "@({{secret}} = 1)",
        "@{ var {{secret}} = 1; return 1; }",
        "@('{{secret}}')",
        "@(new { A = {{secret}} }.B)",
    ] {
        let service = inbound(&format!(
            r#"<set-variable name="v" value="{expression}" />"#
        ))
        .secret("secret", "hushhush");
        let rendered = service.rendered();
        assert!(!found(&service).is_empty(), "{expression}");
        assert!(!rendered.contains("hushhush"), "{rendered}");
    }
}

#[test]
fn csharp_errors_stand_in_the_documents_own_lines_however_they_are_written() {
    let service = inbound(
        r#"
<set-variable name="a" value="@(context.Request.Metod + &quot;x&quot;)" />
<set-variable name="b" value="@{
    var x = 1;
    // comment &
    return x.Foo &amp;&amp; true;
}" />
<set-body><![CDATA[@{
    return context.Request.Body.As<JObject>().ToStrng();
}]]></set-body>
<set-variable name="c" value="@("é😀{{long}}é" + context.Request.Hedaers)" />
<set-variable name="d" value="@(context.Request.Method.Substring('a'))" />
<set-variable name="e" value="Hello @(context.Request.Method)" />
<choose><when condition="@(context.Request.Method = "GET")"><return-response /></when></choose>
<set-variable name="f" value='@{ var unused = 1; return "a"; return "b"; }' />
<set-status code="@("abc".Length > 2)" />
"#,
    )
    .named_value("long", "abcdefghijklmnopqrstuvwxyz");
    insta::assert_snapshot!(service.rendered());
}

#[test]
fn strict_mode_refuses_what_is_not_documented() {
    let statements = r#"<set-variable name="v" value="@(Regex.Escape("a"))" />"#;
    assert!(found(&inbound(statements)).is_empty());
    assert_eq!(found(&inbound(statements).strict()), ["TG0102"]);
}

#[test]
fn the_compiler_quotes_no_secret_that_became_code() {
    let service = inbound(
        r#"<set-variable name="v" value="@({{secret}})" /><set-variable name="v" value="@(context.{{secret}})" />
           <set-variable name="v" value="@{ {{secret}} x = 1; return x; }" /><set-variable name="v" value="@({{secret}}.Foo())" />
           <set-variable name="v" value="@{ int {{secret}} = 1; int {{secret}} = 2; return 3; }" />"#,
    )
    .secret("secret", "s3cr3t_word");
    let rendered = service.rendered();
    assert!(found(&service).len() >= 5, "{rendered}");
    assert!(!rendered.contains("s3cr3t"), "{rendered}");
    assert!(
        rendered.contains("with named value secret in place"),
        "{rendered}"
    );
}

#[test]
fn code_with_a_named_value_that_may_be_unknown_is_not_judged() {
    let statements = r#"<set-variable name="v" value="@(new Random().Next({{weight}}, 3) <= {{other}})" />
           <set-variable name="v" value="@{ var key = {{key}}; return key; }" />"#;
    let service = inbound(statements).lenient();
    assert!(
        !service.diagnostics().iter().any(|found| found.is_error()),
        "{}",
        service.rendered()
    );
    // In an interpolated string it is a brace written twice, and the rest is code like any other.
    let service = inbound(r#"<set-variable name="v" value="@($"{{x}}".Foo())" />"#).lenient();
    assert!(service.diagnostics().iter().any(|found| found.is_error()));
}
