//! Instances of JSON schemas, for structured answers and tool arguments.
//!
//! In: a schema as requests carry it. Out: a small value that has the asked-for members and types. Covers what clients generate
//! (objects, arrays, enumerations, unions, references within the schema); whatever else it finds becomes a text.

use serde_json::{Map, Value, json};

/// Schemas nested deeper end in `null`.
const MAX_DEPTH: usize = 12;
/// Members and list entries beyond these are left out.
const MAX_MEMBERS: usize = 200;

/// A value that fits a schema.
pub(crate) fn instance(schema: &Value) -> Value {
    let mut budget = MAX_MEMBERS;
    build(schema, schema, 0, &mut budget)
}

fn build(schema: &Value, root: &Value, depth: usize, budget: &mut usize) -> Value {
    if depth > MAX_DEPTH || *budget == 0 {
        return Value::Null;
    }
    *budget -= 1;
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return match reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
        {
            Some(target) => build(target, root, depth + 1, budget),
            None => Value::Null,
        };
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|values| values.first())
    {
        return value.clone();
    }
    for union in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema
            .get(union)
            .and_then(Value::as_array)
            .and_then(|choices| choices.first())
        {
            return build(first, root, depth + 1, budget);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    };
    match kind {
        "object" => {
            let mut object = Map::new();
            for (name, schema) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                if *budget == 0 {
                    break;
                }
                object.insert(name.clone(), build(schema, root, depth + 1, budget));
            }
            Value::Object(object)
        }
        "array" => match schema.get("items") {
            Some(items) => {
                let least = schema
                    .get("minItems")
                    .and_then(Value::as_u64)
                    .unwrap_or(1)
                    .clamp(1, 8);
                Value::Array(
                    (0..least)
                        .map(|_| build(items, root, depth + 1, budget))
                        .collect(),
                )
            }
            None => json!([]),
        },
        "integer" => json!(schema.get("minimum").and_then(Value::as_i64).unwrap_or(1)),
        "number" => json!(schema.get("minimum").and_then(Value::as_f64).unwrap_or(1.5)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => json!("2025-01-01T00:00:00Z"),
            Some("date") => json!("2025-01-01"),
            Some("email") => json!("user@example.com"),
            Some("uuid") => json!("00000000-0000-4000-8000-000000000000"),
            _ => json!("example"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_their_members() {
        let schema = json!({"type":"object","properties":{
            "city":{"type":"string"},
            "days":{"type":"integer","minimum":3},
            "unit":{"enum":["c","f"]},
            "tags":{"type":"array","items":{"$ref":"#/$defs/tag"}},
            "note":{"type":["string","null"]},
            "any":{"anyOf":[{"type":"boolean"},{"type":"null"}]}},
            "$defs":{"tag":{"type":"object","properties":{"name":{"const":"x"}}}}});
        assert_eq!(
            instance(&schema),
            json!({"city":"example","days":3,"unit":"c","tags":[{"name":"x"}],"note":"example","any":true})
        );
    }

    #[test]
    fn endless_schemas_end() {
        let schema =
            json!({"type":"object","properties":{"next":{"$ref":"#"},"other":{"$ref":"#"}}});
        assert!(instance(&schema).is_object());
        assert!(instance(&json!({"$ref":"#/nowhere"})).is_null());
    }
}
