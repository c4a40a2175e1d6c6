//! Lists of deployments and models, as probes and SDKs read them.

use serde_json::{Value, json};

use crate::model::ModelInfo;

/// An entry of `GET /openai/deployments`.
pub fn deployment_entry(name: &str, model: &str, scale_type: &str, created: u64) -> Value {
    json!({
        "created_at": created,
        "id": name,
        "model": model,
        "object": "deployment",
        "owner": "organization-owner",
        "scale_settings": { "scale_type": scale_type },
        "status": "succeeded",
        "updated_at": created,
    })
}

/// An entry of `GET /openai/models` and `GET /openai/v1/models`.
pub fn model_entry(id: &str, info: &ModelInfo, created: u64) -> Value {
    json!({
        "capabilities": {
            "chat_completion": info.chat,
            "completion": info.completions,
            "embeddings": info.embedding.is_some(),
            "fine_tune": false,
            "inference": true,
        },
        "created": created,
        "created_at": created,
        "id": id,
        "lifecycle_status": "generally-available",
        "object": "model",
        "owned_by": "azure-openai",
        "status": "succeeded",
    })
}

/// A list of entries.
pub fn list(entries: Vec<Value>) -> Value {
    json!({ "data": entries, "object": "list" })
}
