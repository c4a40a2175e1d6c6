//! A rewrite of a 2 kB body by an expression of ten lines, against the same edit written by hand with `serde_json`.
//!
//! In: nothing. Out: the costs of both, which are checked to give the same JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::expressions::{compiled_expression, evaluate, host_with_body, text};
use crate::measure::{Cost, repeated};

/// At most so many times what the edit by hand takes.
pub const GOAL: f64 = 2.0;

/// How often the two are measured.
const TURNS: usize = 5;

const REWRITE: &str = r#"@{
    JObject body = context.Request.Body.As<JObject>(preserveContent: true);
    body["model"] = "gpt-4o";
    body["max_tokens"] = Math.Min((int)body["max_tokens"], 400);
    body.Remove("user");
    JArray messages = (JArray)body["messages"];
    messages.Insert(0, new JObject { { "role", "system" }, { "content", "Answer in one sentence." } });
    foreach (JObject message in messages) { message["name"] = "tide-" + (string)message["role"]; }
    body["metadata"] = new JObject { { "source", "gateway" }, { "messages", messages.Count } };
    return body.ToString(Newtonsoft.Json.Formatting.None);
}"#;

/// A chat completion of 2 kB.
fn body() -> Bytes {
    let words = "Tell me about the \"tide\" at the gate.\n".repeat(10);
    let message = |role: &str| json!({ "role": role, "content": words });
    let body = json!({
        "model": "gpt-35-turbo",
        "temperature": 0.7,
        "top_p": 1,
        "max_tokens": 800,
        "stream": false,
        "user": "somebody",
        "stop": ["\n\n", "END"],
        "messages": [message("user"), message("assistant"), message("user"), message("assistant")],
    });
    Bytes::from(body.to_string())
}

/// The same edit by hand.
fn by_hand(body: &[u8]) -> Result<String, serde_json::Error> {
    let mut body: Value = serde_json::from_slice(body)?;
    body["model"] = "gpt-4o".into();
    let tokens = body["max_tokens"].as_i64().unwrap_or_default();
    body["max_tokens"] = tokens.min(400).into();
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("user");
    }
    let mut count = 0;
    if let Some(messages) = body["messages"].as_array_mut() {
        messages.insert(
            0,
            json!({ "role": "system", "content": "Answer in one sentence." }),
        );
        for message in messages.iter_mut() {
            let name = format!("tide-{}", message["role"].as_str().unwrap_or_default());
            message["name"] = name.into();
        }
        count = messages.len();
    }
    body["metadata"] = json!({ "source": "gateway", "messages": count });
    serde_json::to_string(&body)
}

/// The expression's cost, and that of the edit by hand.
pub fn measure() -> Result<(Cost, Cost), String> {
    let body = body();
    let mut host = host_with_body(body.clone())?;
    let expression = compiled_expression(REWRITE)?;
    let ours = text(&expression, &mut host)?;
    let hand = by_hand(&body).map_err(|error| error.to_string())?;
    if ours != hand {
        return Err(format!(
            "the expression gives\n{ours}\nand the edit by hand\n{hand}"
        ));
    }
    let mut turn = || {
        (
            repeated(|| evaluate(&expression, &mut host)),
            repeated(|| by_hand(&body)),
        )
    };
    let mut best = turn();
    // By turns, so that a slow moment of the machine does not fall on one of them alone.
    for _ in 1..TURNS {
        let (ours, hand) = turn();
        best = (best.0.min(ours), best.1.min(hand));
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_two_kilobytes() {
        assert!((1_900..2_200).contains(&body().len()), "{}", body().len());
    }

    #[test]
    fn expression_and_hand_agree() {
        let mut host = host_with_body(body()).unwrap();
        let expression = compiled_expression(REWRITE).unwrap();
        let ours = text(&expression, &mut host).unwrap();
        assert_eq!(ours, by_hand(&body()).unwrap());
    }
}
