//! Built-in descriptions of the Azure OpenAI data plane, for use as `specification` in `tidegate.yaml`.
//!
//! They are OpenAPI documents like any other, so that an API made from them equals one imported into APIM: the dated
//! operations have `api-version` in their template and do not match without it, the v1 operations do not ask for it.

/// Names of the built-in descriptions.
pub const NAMES: [&str; 2] = ["azure-openai", "passthrough"];

/// The OpenAPI document of a built-in description.
///
/// - `azure-openai`: completions, chat completions, embeddings, responses and the rest of the inference operations, under
///   `/deployments/{deployment-id}/…?api-version=` and under `/v1/…`. The API's path should end in `openai`.
/// - `passthrough`: `/*` for every method, as APIM's passthrough language model API.
pub fn description(name: &str) -> Option<&'static str> {
    match name {
        "azure-openai" => Some(include_str!("azure_openai.yaml")),
        "passthrough" => Some(include_str!("passthrough.yaml")),
        _ => None,
    }
}
