//! `trace` and the record of a traced request.

use tidegate_pipeline::TraceEvent;

use crate::support::{get, inbound};

#[test]
fn messages_are_recorded_without_secrets() {
    let service = inbound(
        r#"<trace source="mine" severity="information">
             <message>@("key " + "{{key}}" + " of " + context.Request.Method)</message>
             <metadata name="plain" value="1" />
             <metadata name="@("secret")" value="{{key}}" />
           </trace>"#,
    )
    .secret("key", "s3cr3t")
    .runtime(|runtime| runtime.secrets = vec!["s3cr3t".into()])
    .answering(&[200]);
    let mut finished = service.send_prepared(get("/"), |exchange| exchange.start_trace());
    let trace = finished.exchange.take_trace().unwrap();
    let messages: Vec<_> = trace
        .entries()
        .iter()
        .filter_map(|entry| match &entry.event {
            TraceEvent::Message {
                source,
                text,
                metadata,
            } => Some((source.as_str(), text.as_str(), metadata.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        messages,
        [(
            "mine",
            "key *** of GET",
            vec![
                ("plain".to_owned(), "1".to_owned()),
                ("secret".to_owned(), "***".to_owned())
            ]
        )]
    );
}

#[test]
fn a_message_that_throws_fails_the_request_though_nobody_listens() {
    let finished = inbound(
        r#"<trace source="mine"><message>@(context.Request.Headers["none"][0])</message></trace>"#,
    )
    .answering(&[200])
    .get();
    assert!(
        finished
            .last_error()
            .starts_with("trace|ExpressionValueEvaluationFailure|")
    );
}

#[test]
fn an_exception_is_recorded_with_its_place_in_the_document() {
    // Named values and references in front of it, and what they become, move nothing.
    let service = inbound(
        r#"<set-variable name="n" value="@{
               // {{key}} stands for much more than that
               var text = &quot;{{key}}&quot; + &quot;é&quot;;
               var number = 1 / (text.Length - text.Length);
               return number;
           }" />"#,
    )
    .secret("key", "a much longer s3cr3t")
    .runtime(|runtime| runtime.secrets = vec!["a much longer s3cr3t".into()])
    .answering(&[200]);
    let mut finished = service.send_prepared(get("/"), |exchange| exchange.start_trace());
    // What policies read is API Management's text.
    assert_eq!(
        finished.last_error(),
        "set-variable|ExpressionValueEvaluationFailure|Expression evaluation failed. Attempted to divide by zero.|api|inbound|set-variable[1]|null"
    );
    let trace = finished.exchange.take_trace().unwrap();
    let metadata = trace.entries().iter().find_map(|entry| match &entry.event {
        TraceEvent::Message {
            source,
            text,
            metadata,
        } if source == "set-variable" && text == "Expression evaluation failed." => Some(metadata),
        _ => None,
    });
    let [(expression, code), (details, said)] = &metadata.unwrap()[..] else {
        panic!("{metadata:?}");
    };
    assert_eq!(expression, "expression");
    assert!(
        code.contains("\"***\" + \"é\"") && code.trim_end().ends_with("return number;"),
        "{code}"
    );
    assert_eq!(details, "details");
    assert_eq!(
        said,
        "DivideByZeroException: Attempted to divide by zero.\n   at policy.xml:line 4, column 29"
    );
}

#[test]
fn every_step_is_recorded_with_its_place() {
    let service = inbound(
        r#"<choose><when condition="true"><set-header name="x"><value>1</value></set-header></when></choose>"#,
    )
    .answering(&[200]);
    let mut finished = service.send_prepared(get("/"), |exchange| exchange.start_trace());
    let trace = finished.exchange.take_trace().unwrap();
    let steps: Vec<String> = trace
        .entries()
        .iter()
        .filter_map(|entry| match &entry.event {
            TraceEvent::Started => Some(format!("> {}", entry.path.as_deref()?)),
            TraceEvent::Finished { outcome } => Some(format!("< {outcome}")),
            TraceEvent::Message { .. } => None,
        })
        .collect();
    assert_eq!(
        steps,
        [
            "> choose[1]",
            "> choose[1]/when[1]/set-header[1]",
            "< continue",
            "< continue",
            "> forward-request[1]",
            "< continue",
        ]
    );
}
