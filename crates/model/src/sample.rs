//! Sample bodies from JSON schemas, for `mock-response`.
//!
//! A schema and the document its references point into flow in, a plausible value flows out. Nothing is validated.

use std::sync::Arc;

use serde_json::{Map, Value};

/// How deep samples nest (policy reference: recursion is cut at depth 5).
const MAX_DEPTH: usize = 5;
/// How many values a sample may hold; wide schemas with many references multiply.
const MAX_VALUES: usize = 10_000;

/// A JSON schema as specifications write it.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The schema; may hold references.
    pub definition: Arc<Value>,
    /// The document that references (`#/components/schemas/Chat`) point into.
    pub root: Arc<Value>,
}

impl Schema {
    /// A value of the schema's shape: `example`, `default`, the first of `enum`, else a zero value of the type, all
    /// properties included.
    pub fn sample(&self) -> Value {
        let mut sampler = Sampler {
            root: &self.root,
            values: 0,
        };
        sampler.value(&self.definition, 0)
    }
}

struct Sampler<'a> {
    root: &'a Value,
    values: usize,
}

impl<'a> Sampler<'a> {
    fn value(&mut self, schema: &'a Value, depth: usize) -> Value {
        self.values += 1;
        let Some(schema) = self.resolve(schema) else {
            return Value::Null;
        };
        for key in ["example", "default", "const"] {
            if let Some(value) = schema.get(key) {
                return value.clone();
            }
        }
        for key in ["examples", "enum"] {
            if let Some(value) = schema
                .get(key)
                .and_then(Value::as_array)
                .and_then(|all| all.first())
            {
                return value.clone();
            }
        }
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Value::Null;
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.all_of(schema, parts, depth);
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(first) = schema
                .get(key)
                .and_then(Value::as_array)
                .and_then(|all| all.first())
            {
                return self.value(first, depth + 1);
            }
        }
        match type_of(schema) {
            Some("object") => Value::Object(self.properties(schema, depth)),
            Some("array") => {
                let item = schema
                    .get("items")
                    .map(|items| self.value(items, depth + 1));
                Value::Array(item.into_iter().filter(|item| !item.is_null()).collect())
            }
            Some("string") => Value::String(string_sample(schema)),
            Some("integer" | "number") => schema
                .get("minimum")
                .filter(|minimum| minimum.is_number())
                .cloned()
                .unwrap_or_else(|| Value::from(0)),
            Some("boolean") => Value::Bool(false),
            _ => Value::Null,
        }
    }

    fn all_of(&mut self, schema: &'a Value, parts: &'a [Value], depth: usize) -> Value {
        let mut merged = Map::new();
        for part in parts {
            match self.value(part, depth + 1) {
                Value::Object(members) => merged.extend(members),
                Value::Null => {}
                // allOf around a scalar is a description added to a reference.
                other => return other,
            }
        }
        merged.extend(self.properties(schema, depth));
        Value::Object(merged)
    }

    fn properties(&mut self, schema: &'a Value, depth: usize) -> Map<String, Value> {
        let mut members = Map::new();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                members.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        members
    }

    /// Follows references, a bounded number of them.
    fn resolve(&self, mut schema: &'a Value) -> Option<&'a Value> {
        for _ in 0..16 {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return Some(schema);
            };
            schema = self.root.pointer(reference.strip_prefix('#')?)?;
        }
        None
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(name),
        // OpenAPI 3.1: a list of types; the first one that is not null.
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ if schema.get("properties").is_some() => Some("object"),
        _ if schema.get("items").is_some() => Some("array"),
        _ => None,
    }
}

fn string_sample(schema: &Value) -> String {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "1970-01-01T00:00:00Z",
        Some("date") => "1970-01-01",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        Some("uri") => "https://example.com/",
        _ => "string",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(definition: Value, root: Value) -> Value {
        Schema {
            definition: Arc::new(definition),
            root: Arc::new(root),
        }
        .sample()
    }

    #[test]
    fn all_properties_get_a_value_of_their_type() {
        let schema = json!({"type": "object", "properties": {
            "id": {"type": "string"}, "n": {"type": "integer", "minimum": 3}, "ok": {"type": "boolean"},
            "kind": {"enum": ["chat", "text"]}, "tags": {"type": "array", "items": {"type": "string", "example": "t"}},
            "maybe": {"type": ["null", "number"]}}});
        assert_eq!(
            sample(schema, json!({})),
            json!({"id": "string", "n": 3, "ok": false, "kind": "chat", "tags": ["t"], "maybe": 0})
        );
    }

    #[test]
    fn references_are_followed_and_recursion_ends() {
        let root = json!({"components": {"schemas": {"Node": {
            "properties": {"next": {"$ref": "#/components/schemas/Node"}, "v": {"type": "integer"}}}}}});
        let value = sample(json!({"$ref": "#/components/schemas/Node"}), root);
        assert_eq!(value["next"]["next"]["v"], 0);
        assert!(value.to_string().matches("next").count() <= MAX_DEPTH + 1);
    }

    #[test]
    fn reference_cycles_and_dangling_references_are_null() {
        assert_eq!(
            sample(json!({"$ref": "#/a"}), json!({"a": {"$ref": "#/a"}})),
            Value::Null
        );
        assert_eq!(
            sample(json!({"$ref": "other.json#/a"}), json!({})),
            Value::Null
        );
    }

    #[test]
    fn all_of_merges_members() {
        let schema = json!({"allOf": [{"properties": {"a": {"type": "integer"}}}], "properties": {"b": {"type": "string"}}});
        assert_eq!(sample(schema, json!({})), json!({"a": 0, "b": "string"}));
    }

    #[test]
    fn wide_schemas_are_cut() {
        let mut properties = Map::new();
        for index in 0..30 {
            properties.insert(format!("p{index}"), json!({"$ref": "#/n"}));
        }
        let root = json!({"n": {"properties": properties}});
        let text = sample(json!({"$ref": "#/n"}), root).to_string();
        assert!(text.len() < 1_000_000);
    }
}
