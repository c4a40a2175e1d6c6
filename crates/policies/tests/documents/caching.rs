//! `cache-lookup-value`, `cache-store-value`, `cache-remove-value`.

use std::sync::Arc;
use std::time::Duration;

use tidegate_state::{MemoryStore, Store};

use crate::support::{get, inbound, post};

#[test]
fn a_value_lives_as_long_as_it_was_given() {
    let service = inbound(
        r#"<cache-lookup-value key="@("k" + 1)" variable-name="found" default-value="@("none")" />
           <cache-store-value key="k1" value="@(context.Request.Method)" duration="@(10)" />"#,
    )
    .answering(&[200]);
    assert_eq!(service.get().text("found").as_deref(), Some("none"));
    service.world.clock.advance(Duration::from_secs(9));
    assert_eq!(service.get().text("found").as_deref(), Some("GET"));
    service.world.clock.advance(Duration::from_secs(10));
    assert_eq!(service.get().text("found").as_deref(), Some("none"));
}

#[test]
fn a_miss_without_default_leaves_the_variable_alone() {
    let finished = inbound(
        r#"<set-variable name="old" value="kept" />
           <cache-lookup-value key="none" variable-name="old" />
           <cache-lookup-value key="none" variable-name="new" caching-type="internal" />"#,
    )
    .answering(&[200])
    .get();
    assert_eq!(finished.text("old").as_deref(), Some("kept"));
    assert!(finished.exchange.variables.get("new").is_none());
}

#[test]
fn objects_are_copied_and_keep_their_type() {
    let service = inbound(
        r#"<choose><when condition="@(context.Request.Method == "POST")">
             <set-variable name="list" value="@(JArray.Parse("[{\"url\":\"https://a\",\"at\":\"2024-01-02T03:04:05Z\"}]"))" />
             <cache-store-value key="list" value="@(context.Variables["list"])" duration="60" />
             <set-variable name="x" value="@{ ((JArray)context.Variables["list"]).Clear(); return 0; }" />
             <cache-store-value key="number" value="@(7L)" duration="60" />
           </when></choose>
           <cache-lookup-value key="list" variable-name="cached" />
           <cache-lookup-value key="number" variable-name="number" />
           <set-header name="x-cached"><value>@(((JArray)context.Variables["cached"])[0]["at"].Type + " " + ((long)context.Variables["number"]).ToString())</value></set-header>"#,
    )
    .answering(&[200]);
    service.send(post("/", ""));
    let finished = service.get();
    assert_eq!(finished.last_error(), "none");
    for sent in service.sent() {
        assert_eq!(sent.header("x-cached"), "Date 7");
    }
}

#[test]
fn null_and_removal_empty_an_entry_and_no_duration_keeps_it() {
    for (statement, expected) in [
        (
            r#"<cache-store-value key="k" value="@((string)null)" duration="60" />"#,
            "none",
        ),
        (r#"<cache-remove-value key="k" />"#, "none"),
        (r#"<cache-remove-value key="other" />"#, "old"),
        (
            r#"<cache-store-value key="k" value="new" duration="0" />"#,
            "old",
        ),
        (
            r#"<cache-store-value key="k" value="new" duration="@(-5)" />"#,
            "old",
        ),
        (
            r#"<cache-store-value key="k" value="new" duration="5" />"#,
            "new",
        ),
        (
            r#"<cache-store-value key="k" value="new" duration="5" caching-type="external" /><cache-remove-value key="k" caching-type="external" />"#,
            "old",
        ),
    ] {
        let finished = inbound(&format!(
            r#"<cache-store-value key="k" value="old" duration="60" />{statement}<cache-lookup-value key="k" variable-name="v" default-value="none" />"#
        ))
        .answering(&[200])
        .get();
        assert_eq!(finished.text("v").as_deref(), Some(expected), "{statement}");
    }
}

#[test]
fn an_entry_too_large_for_the_cache_does_not_fail_the_request() {
    let finished = inbound(
        r#"<cache-store-value key="k" value="@(context.Request.Body.As<string>())" duration="60" />
           <cache-lookup-value key="k" variable-name="v" default-value="none" />"#,
    )
    .answering(&[200])
    .send(post("/", &"x".repeat(3_000_000)));
    assert_eq!(finished.status, 200);
    assert_eq!(finished.text("v").as_deref(), Some("none"));
}

#[test]
fn what_cannot_outlive_the_request_is_refused_in_words() {
    let finished =
        inbound(r#"<cache-store-value key="k" value="@(context.Request)" duration="60" />"#)
            .answering(&[200])
            .get();
    assert_eq!(finished.status, 500);
    let error = finished.last_error();
    assert!(
        error.starts_with("cache-store-value|ExpressionValueEvaluationFailure|the value cannot be kept in the cache: objects of type "),
        "{error}"
    );
}

#[test]
fn a_null_key_fails_the_request() {
    let finished = inbound(r#"<cache-lookup-value key="@((string)null)" variable-name="v" />"#)
        .answering(&[200])
        .send(get("/"));
    assert!(
        finished
            .last_error()
            .starts_with("cache-lookup-value|ExpressionValueEvaluationFailure|")
    );
}

/// One value of each kind that the cache keeps.
const KINDS: &[&str] = &[
    "true",
    "'c'",
    "(sbyte)-5",
    "(byte)200",
    "(short)-5",
    "(ushort)5",
    "5",
    "5u",
    "5L",
    "5UL",
    "0.1f",
    "0.1",
    "1.10m",
    r#""text""#,
    r#""lone \ud800""#,
    "DayOfWeek.Friday",
    "new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc)",
    "new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromHours(2))",
    "TimeSpan.FromSeconds(90)",
    r#"new Guid("00112233-4455-6677-8899-aabbccddeeff")"#,
    "new byte[] { 1, 2, 255 }",
    "new[] { 1, 2 }",
    "new int?[] { 1, null }",
    "new int[,] { { 1, 2 }, { 3, 4 } }",
    r#"new List<string> { "a", null }"#,
    r#"new Dictionary<string, object> { { "a", 1L }, { "b", new[] { "c" } } }"#,
    "new HashSet<int> { 3, 1 }",
    "new Queue<int>(new[] { 1, 2 })",
    "new Stack<int>(new[] { 1, 2 })",
    r#"(1, "a")"#,
    r#"Tuple.Create(1, "a")"#,
    r#"new KeyValuePair<string, int>("a", 1)"#,
    r#"JObject.Parse("{\"a\":[1,2.5,null,\"2024-01-02T03:04:05Z\"]}")"#,
    r#"new JArray(1, "x", 1.5m, new DateTime(2024, 1, 2), TimeSpan.Zero, new byte[] { 1 })"#,
    r#"new JValue(Guid.Empty)"#,
    r#"XElement.Parse("<a k='v'><b>1</b></a>")"#,
    r#"XDocument.Parse("<a/>")"#,
];

#[test]
fn what_one_worker_stores_another_reads() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    // What a value looks like, type and all.
    let show = r#"<set-header name="x-shown"><value>@{
        object v = context.Variables["v"];
        return v.GetType() + " " + (v is System.Xml.Linq.XNode || v is char || v is string ? v.ToString().Replace("\ud800", "lone").Replace("\n", "") : JsonConvert.SerializeObject(v));
    }</value></set-header>"#;
    // Each worker has its own thread, and programs and values of its own.
    let worker = |statements: String| {
        let store = store.clone();
        std::thread::spawn(move || {
            let mut running = inbound(&statements).answering(&[200]);
            running.world = running.world.sharing(store);
            let finished = running.get();
            assert_eq!(finished.last_error(), "none", "{statements}");
            finished.exchange.request.headers["x-shown"]
                .to_str()
                .unwrap()
                .to_owned()
        })
        .join()
        .unwrap()
    };
    for kind in KINDS {
        let stored = worker(format!(
            r#"<set-variable name="v" value="@((object)({kind}))" />
               <cache-store-value key="k" value="@(context.Variables["v"])" duration="60" />{show}"#
        ));
        let found = worker(format!(
            r#"<cache-lookup-value key="k" variable-name="v" />{show}"#
        ));
        assert_eq!(found, stored, "{kind}");
    }
}
