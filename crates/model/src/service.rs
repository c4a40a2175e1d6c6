//! The whole configuration of one gateway, checked.

use std::collections::HashMap;

use crate::{
    Api, ApiIndex, Backend, BackendIndex, Certificate, GatewaySettings, Group, NamedValue,
    PolicyDocument, PolicyFragment, Product, ProductIndex, ResourceName, Subscription, User,
    VersionSet,
};

/// Everything a gateway runs. References between entities are known to exist once loading has succeeded.
#[derive(Debug, Clone)]
pub struct Service {
    /// Global policy; APIM's default document when none is given.
    pub policy: PolicyDocument,
    /// APIs, each revision of each version one entry.
    pub apis: Vec<Api>,
    /// Version sets.
    pub version_sets: Vec<VersionSet>,
    /// Products.
    pub products: Vec<Product>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Named values.
    pub named_values: Vec<NamedValue>,
    /// Backends.
    pub backends: Vec<Backend>,
    /// Policy fragments.
    pub policy_fragments: Vec<PolicyFragment>,
    /// Client certificates.
    pub certificates: Vec<Certificate>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Users.
    pub users: Vec<User>,
    /// Listeners, limits and the rest that APIM keeps outside its entities.
    pub gateway: GatewaySettings,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            policy: PolicyDocument::default_global(),
            apis: Vec::new(),
            version_sets: Vec::new(),
            products: Vec::new(),
            subscriptions: Vec::new(),
            named_values: Vec::new(),
            backends: Vec::new(),
            policy_fragments: Vec::new(),
            certificates: Vec::new(),
            groups: Vec::new(),
            users: Vec::new(),
            gateway: GatewaySettings::default(),
        }
    }
}

impl Service {
    /// The APIs with their indices.
    pub fn apis(&self) -> impl Iterator<Item = (ApiIndex, &Api)> {
        self.apis
            .iter()
            .enumerate()
            .map(|(index, api)| (ApiIndex::from(index), api))
    }

    /// Backends by resource name.
    pub fn backend_indices(&self) -> HashMap<ResourceName, BackendIndex> {
        self.backends
            .iter()
            .enumerate()
            .map(|(index, backend)| (backend.name.clone(), BackendIndex::from(index)))
            .collect()
    }

    /// Named values by display name, the name policies use.
    pub fn named_values_by_display_name(&self) -> HashMap<&str, &NamedValue> {
        self.named_values
            .iter()
            .map(|value| (value.display_name.as_str(), value))
            .collect()
    }

    /// For every API the products that contain it, in definition order. Parallel to [`Service::apis`].
    pub fn products_of_apis(&self) -> Vec<Vec<ProductIndex>> {
        let mut by_base_name: HashMap<ResourceName, Vec<usize>> = HashMap::new();
        for (index, api) in self.apis.iter().enumerate() {
            by_base_name
                .entry(ResourceName::new(api.base_name()))
                .or_default()
                .push(index);
        }
        let mut products = vec![Vec::new(); self.apis.len()];
        for (index, product) in self.products.iter().enumerate() {
            for member in &product.apis {
                for api in by_base_name.get(&member.value).into_iter().flatten() {
                    if let Some(list) = products.get_mut(*api) {
                        list.push(ProductIndex::from(index));
                    }
                }
            }
        }
        products
    }
}
