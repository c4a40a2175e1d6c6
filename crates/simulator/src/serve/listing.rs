//! Lists of deployments and models, which probes and SDKs ask for.

use bytes::Bytes;
use serde_json::Value;
use tidegate_openai::endpoint::Endpoint;
use tidegate_openai::error::ErrorBody;
use tidegate_openai::response::{self, deployment_entry, model_entry};

use crate::resource::{Deployment, Resource};

/// When everything was created: 2024-01-01.
const CREATED: u64 = 1_704_067_200;

/// The answer to a listing path.
pub(super) fn list(resource: &Resource, endpoint: &Endpoint<'_>) -> Result<Bytes, ErrorBody> {
    let available = || {
        resource
            .deployments
            .iter()
            .filter(|deployment| deployment.is_available())
    };
    let of_deployment = |deployment: &Deployment| {
        let scale = if deployment.config.sku.is_provisioned() {
            "manual"
        } else {
            "standard"
        };
        deployment_entry(
            &deployment.config.name,
            &deployment.config.model,
            scale,
            CREATED,
        )
    };
    // On v1 paths models are deployments; on dated ones they are what could be deployed.
    let v1 = matches!(endpoint, Endpoint::V1Models(_));
    let of_model = |deployment: &Deployment| {
        let id = if v1 {
            &deployment.config.name
        } else {
            &deployment.config.model
        };
        model_entry(id, deployment.model, CREATED)
    };
    let value: Option<Value> = match endpoint {
        Endpoint::Deployments(None) => Some(response::list(
            available().map(|d| of_deployment(d)).collect(),
        )),
        Endpoint::Deployments(Some(name)) => {
            let found = available().find(|deployment| deployment.config.name == *name);
            return match found {
                Some(deployment) => Ok(response::to_json(&of_deployment(deployment))),
                None => Err(ErrorBody::deployment_not_found()),
            };
        }
        Endpoint::Models(None) | Endpoint::V1Models(None) => {
            Some(response::list(available().map(|d| of_model(d)).collect()))
        }
        Endpoint::Models(Some(id)) => available()
            .find(|d| d.config.model == *id)
            .map(|d| of_model(d)),
        Endpoint::V1Models(Some(id)) => available()
            .find(|d| d.config.name == *id)
            .map(|d| of_model(d)),
        Endpoint::Dated { .. } | Endpoint::V1(_) | Endpoint::Root | Endpoint::Unknown => None,
    };
    value
        .map(|value| response::to_json(&value))
        .ok_or_else(ErrorBody::resource_not_found)
}
