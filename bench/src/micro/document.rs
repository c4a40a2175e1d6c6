//! Compilation of a policy document of 300 lines: text in, linked program out.

use std::collections::HashMap;

use tidegate_pipeline::{Program, Scope};
use tidegate_policies::{Context, compile_document, link};
use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_policy_xml::{SourceFile, parse};

use crate::measure::{Cost, repeated};
use crate::requests::configuration;

/// Most nanoseconds.
pub const GOAL: f64 = 5e6;

const HEAD: &str = r#"<policies>
    <inbound>
        <base />
        <set-variable name="backends" value="@(new JArray())" />
        <set-variable name="index" value="@(0)" />
"#;

const TAIL: &str = r#"    </inbound>
    <backend>
        <retry condition="@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)" count="3" interval="1">
            <forward-request buffer-request-body="true" />
        </retry>
    </backend>
    <outbound>
        <base />
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
"#;

/// Statements as published policies have them, twenty-nine lines.
const BLOCK: &str = r#"        <!-- Part @N@. -->
        <choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("x-tier-@N@", "standard") == "premium")">
                <set-variable name="weight-@N@" value="@(new Random().Next(0, 3))" />
                <set-header name="x-route-@N@" exists-action="override">
                    <value>@($"part {context.Variables["weight-@N@"]} of {context.Operation.Id}")</value>
                </set-header>
            </when>
            <when condition="@(context.Request.Url.Path.Contains("/embeddings") && context.Subscription != null)">
                <set-variable name="weight-@N@" value="@((context.Variables.GetValueOrDefault<int>("index") + @N@) % 3)" />
            </when>
            <otherwise>
                <set-variable name="weight-@N@" value="@{
                    JArray backends = (JArray)context.Variables["backends"];
                    int best = int.MaxValue;
                    for (int i = 0; i < backends.Count; i++)
                    {
                        JObject backend = (JObject)backends[i];
                        if (backend.Value<bool>("throttled") && backend.Value<DateTime>("until") > DateTime.UtcNow) { continue; }
                        int priority = backend.Value<int>("priority");
                        if (priority < best) { best = priority; }
                    }
                    return best;
                }" />
            </otherwise>
        </choose>
        <set-query-parameter name="part-@N@" exists-action="skip">
            <value>@(((int)context.Variables["weight-@N@"]).ToString() + "-" + context.RequestId)</value>
        </set-query-parameter>
"#;

/// A document of 300 lines.
fn document() -> String {
    let mut text = HEAD.to_owned();
    let mut part = 0;
    while text.lines().count() + BLOCK.lines().count() + TAIL.lines().count() <= 300 {
        part += 1;
        text.push_str(&BLOCK.replace("@N@", &part.to_string()));
    }
    while text.lines().count() + TAIL.lines().count() < 300 {
        part += 1;
        text.push_str(&format!(
            "        <set-variable name=\"length-{part}\" value=\"@(context.Request.Url.Path.Length + {part})\" />\n"
        ));
    }
    text.push_str(TAIL);
    text
}

/// What compiling it once costs.
pub fn measure() -> Result<Cost, String> {
    let text = document();
    in_context(|context| {
        build(&text, context)?;
        Ok(repeated(|| build(&text, context)))
    })
}

fn in_context<T>(code: impl FnOnce(&Context<'_>) -> Result<T, String>) -> Result<T, String> {
    let compiled = configuration("variant-a")?;
    let named_values = HashMap::new();
    let fragments = HashMap::new();
    let context = Context {
        named_values: &named_values,
        fragments: &fragments,
        backends: &compiled.runtime.backends,
        expressions: tidegate_expressions::Options::default(),
        allow_unknown_named_values: false,
        allow_unknown_references: false,
        template_parameters: None,
    };
    code(&context)
}

fn build(text: &str, context: &Context<'_>) -> Result<Program, String> {
    let parsed = parse(&SourceFile::new("policy.xml", text));
    let mut findings = parsed.diagnostics;
    if let Some(document) = parsed.document {
        let (compiled, more) = compile_document(&document, Scope::Api, context);
        findings.extend(more);
        if !findings.iter().any(Diagnostic::is_error) {
            return Ok(link(&[&compiled]));
        }
    }
    let texts: Vec<String> = findings
        .iter()
        .map(|finding| tidegate_policy_xml::render(finding, false))
        .collect();
    Err(texts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_three_hundred_lines() {
        assert_eq!(document().lines().count(), 300);
    }

    #[test]
    fn the_document_compiles() {
        in_context(|context| build(&document(), context)).unwrap();
    }
}
