//! What one evaluation of a policy expression costs, against a whole exchange.
//!
//! In: the expressions below, kinds that published policies are full of. Out: their costs. Each expression is checked to give the
//! expected text before it is measured.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_expressions::convert::to_text;
use tidegate_expressions::{ApiInfo, Expression, Options, Target, Value, compile};
use tidegate_pipeline::{Body, Exchange, Response};

use crate::measure::{Cost, repeated};
use crate::requests::{configuration, exchange};
use crate::stand_in::{Answers, ports, request};

/// An expression to measure.
pub struct Case {
    /// Name in the table.
    pub name: &'static str,
    /// The expression.
    pub source: &'static str,
    /// What it must give; nothing where that is up to chance.
    expected: Option<&'static str>,
    /// Most nanoseconds, and no allocation.
    pub goal: Option<f64>,
}

/// The list that the challenge's variant C keeps in a variable, and an index into it.
const BACKENDS: &str = r#"@{
    JArray list = new JArray();
    for (int i = 1; i <= 3; i++)
    {
        list.Add(new JObject { { "url", "https://aoai-" + i + ".example" }, { "key", "key-" + i }, { "priority", i }, { "throttled", false }, { "until", DateTime.MinValue } });
    }
    return list;
}"#;

/// What is measured.
pub const CASES: &[Case] = &[
    Case {
        name: "condition: status is 429 or at least 500",
        source: "@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)",
        expected: Some("False"),
        goal: Some(100.0),
    },
    Case {
        name: "variable, cast, comparison",
        source: r#"@((int)context.Variables["index"] == 1)"#,
        expected: Some("True"),
        goal: None,
    },
    Case {
        name: "variable with default, arithmetic",
        source: r#"@((context.Variables.GetValueOrDefault<int>("index") + 1) % 3)"#,
        expected: Some("2"),
        goal: None,
    },
    Case {
        name: "header with default",
        source: r#"@(context.Request.Headers.GetValueOrDefault("x-bench", "none"))"#,
        expected: Some("answer"),
        goal: None,
    },
    Case {
        name: "new Random().Next(0, 3)",
        source: "@(new Random().Next(0, 3))",
        expected: None,
        goal: None,
    },
    Case {
        name: "string interpolation of two values",
        source: r#"@($"backend {context.Variables["index"]} said {context.Response.StatusCode}")"#,
        expected: Some("backend 1 said 200"),
        goal: None,
    },
    Case {
        name: "concatenation with the API's name",
        source: r#"@("backends-" + context.Api.Id)"#,
        expected: Some("backends-azure-openai"),
        goal: None,
    },
    Case {
        name: "JArray and JObject by index, to text (variant C)",
        source: r#"@(((JArray)context.Variables["backends"])[(int)context.Variables["index"]]["url"].ToString() + "/openai")"#,
        expected: Some("https://aoai-2.example/openai"),
        goal: None,
    },
    Case {
        name: "JArray by index, Value<string> (variant C)",
        source: r#"@(((JArray)context.Variables["backends"])[(int)context.Variables["index"]].Value<string>("key"))"#,
        expected: Some("key-2"),
        goal: None,
    },
    Case {
        name: "loop over backends, best priority (variant C)",
        source: r#"@{
            JArray backends = (JArray)context.Variables["backends"];
            int best = int.MaxValue;
            List<int> candidates = new List<int>();
            for (int i = 0; i < backends.Count; i++)
            {
                JObject backend = (JObject)backends[i];
                if (backend.Value<bool>("throttled")) { continue; }
                int priority = backend.Value<int>("priority");
                if (priority < best) { best = priority; candidates.Clear(); }
                if (priority == best) { candidates.Add(i); }
            }
            return candidates[0];
        }"#,
        expected: Some("0"),
        goal: None,
    },
];

/// An exchange with a response, an API and the variables that the cases read.
pub fn host() -> Result<Exchange, String> {
    let compiled = configuration("variant-a")?;
    let mut host = exchange(
        &compiled.runtime,
        &ports(Rc::new(Answers::default())),
        request(),
    );
    let api = compiled.service.apis.first().ok_or("no API")?;
    host.matched.api = Some(Arc::new(ApiInfo {
        id: api.name.as_str().into(),
        ..ApiInfo::default()
    }));
    host.response = Some(Response::new(200));
    let backends = evaluate(&compiled_expression(BACKENDS)?, &mut host)?;
    for (name, value) in [("index", Value::Int32(1)), ("backends", backends)] {
        host.variables.set(&name.into(), value, 10);
    }
    Ok(host)
}

/// An exchange whose request has this body.
pub fn host_with_body(body: Bytes) -> Result<Exchange, String> {
    let mut host = host()?;
    host.request.body = Body::from_bytes(body);
    Ok(host)
}

/// Compiles; errors as text.
pub fn compiled_expression(source: &str) -> Result<Expression, String> {
    compile(source, Target::Any, &Options::default())
        .map_err(|found| format!("{source}: {found:?}"))
}

/// Evaluates; an exception as text.
pub fn evaluate(expression: &Expression, host: &mut Exchange) -> Result<Value, String> {
    expression
        .evaluate(host)
        .map_err(|stop| format!("{}: {stop:?}", expression.source()))
}

/// The result as a policy would write it.
pub fn text(expression: &Expression, host: &mut Exchange) -> Result<String, String> {
    let value = evaluate(expression, host)?;
    let text = to_text(&value).map_err(|error| format!("{}: {error:?}", expression.source()))?;
    Ok(text
        .map(|text| text.to_utf8().into_owned())
        .unwrap_or_default())
}

/// What one evaluation costs.
pub fn measure(case: &Case) -> Result<Cost, String> {
    let mut host = host()?;
    let expression = checked(case, &mut host)?;
    Ok(repeated(|| expression.evaluate(&mut host)))
}

fn checked(case: &Case, host: &mut Exchange) -> Result<Expression, String> {
    let expression = compiled_expression(case.source)?;
    let found = text(&expression, host)?;
    match case.expected {
        Some(expected) if expected != found => {
            Err(format!("{} gives {found}, not {expected}", case.source))
        }
        _ => Ok(expression),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_gives_what_it_should() {
        let mut host = host().unwrap();
        for case in CASES {
            checked(case, &mut host).unwrap();
        }
    }
}
