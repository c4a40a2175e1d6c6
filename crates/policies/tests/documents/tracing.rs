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
