//! Whether a caller may use an API, and in which product's context.
//!
//! The API found, headers and query flow in, an [`Access`] flows out. The decision is APIM's (documentation of
//! 2025/26): a valid key leads to its context; an invalid one counts as none where none is needed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};
use tidegate_model::{
    ApiIndex, KeyParameters, ProductIndex, ResourceName, Service, SubscriptionIndex,
    SubscriptionScope,
};

use super::keys::Keys;
use super::text::{decode_query, query_value};

/// The decision about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It may proceed.
    Granted(Grant),
    /// It may not.
    Denied(Denial),
}

/// In which context a request proceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The product whose policy applies: that of the subscription, or an open one.
    pub product: Option<ProductIndex>,
    /// The subscription, and whether the key sent is its secondary one.
    pub subscription: Option<(SubscriptionIndex, bool)>,
    /// Where the valid key was found.
    pub key: Option<KeyPlace>,
}

/// Why a request may not proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// `SubscriptionKeyNotFound`: a key is needed and none was sent.
    KeyNotFound,
    /// `SubscriptionKeyInvalid`: the key is unknown, not active, or opens other APIs.
    KeyInvalid,
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In this header.
    Header(Arc<str>),
    /// In this query parameter.
    Query(Arc<str>),
}

/// What decides about access to all APIs.
pub(super) struct AccessRules {
    keys: Keys,
    scopes: Vec<Scope>,
    apis: Vec<ApiRules>,
}

/// What a subscription opens, by index.
enum Scope {
    AllApis,
    /// The APIs of one base name.
    Api(u32),
    Product(ProductIndex),
    /// Nothing that exists.
    Nothing,
}

struct ApiRules {
    /// Common to all revisions of an API.
    base: u32,
    is_key_required: bool,
    products: Vec<ProductIndex>,
    open_product: Option<ProductIndex>,
    headers: Vec<(HeaderName, Arc<str>)>,
    queries: Vec<Arc<str>>,
    is_bearer_read: bool,
}

impl AccessRules {
    pub fn build(service: &Service) -> Self {
        let mut bases: HashMap<ResourceName, u32> = HashMap::new();
        let mut apis = Vec::with_capacity(service.apis.len());
        for (api, products) in service.apis.iter().zip(service.products_of_apis()) {
            let next = u32::try_from(bases.len()).unwrap_or(u32::MAX);
            let base = *bases
                .entry(ResourceName::new(api.base_name()))
                .or_insert(next);
            let open_product = products.iter().copied().find(|product| {
                service
                    .products
                    .get(product.get())
                    .is_some_and(|product| !product.subscription_required)
            });
            let mut names = vec![&api.subscription_key];
            let default = KeyParameters::default();
            if service.gateway.accept_default_key_names {
                names.push(&default);
            }
            apis.push(ApiRules {
                base,
                is_key_required: api.subscription_required,
                products,
                open_product,
                headers: names
                    .iter()
                    .filter_map(|names| {
                        let header = HeaderName::from_bytes(names.header.as_bytes()).ok()?;
                        Some((header, Arc::from(names.header.as_str())))
                    })
                    .collect(),
                queries: names
                    .iter()
                    .map(|names| names.query.as_str().into())
                    .collect(),
                is_bearer_read: api.subscription_key.bearer,
            });
        }
        let products: HashMap<&ResourceName, ProductIndex> = service
            .products
            .iter()
            .enumerate()
            .map(|(index, product)| (&product.name, ProductIndex::from(index)))
            .collect();
        let scopes = service
            .subscriptions
            .iter()
            .map(|subscription| match &subscription.scope.value {
                SubscriptionScope::AllApis => Scope::AllApis,
                SubscriptionScope::Api(name) => {
                    bases.get(name).copied().map_or(Scope::Nothing, Scope::Api)
                }
                SubscriptionScope::Product(name) => products
                    .get(name)
                    .copied()
                    .map_or(Scope::Nothing, Scope::Product),
            })
            .collect();
        Self {
            keys: Keys::build(service),
            scopes,
            apis,
        }
    }

    pub fn decide(&self, api: ApiIndex, headers: &HeaderMap, query: &str) -> Access {
        let Some(rules) = self.apis.get(api.get()) else {
            return Access::Denied(Denial::KeyNotFound);
        };
        let sent = rules.sent_key(headers, query);
        let opened = sent.as_ref().and_then(|(key, _)| {
            let (subscription, is_secondary) = self.keys.find(key)?;
            Some((
                (subscription, is_secondary),
                self.opens(subscription, rules)?,
            ))
        });
        if let Some((subscription, product)) = opened {
            return Access::Granted(Grant {
                product,
                subscription: Some(subscription),
                key: sent.map(|(_, place)| place),
            });
        }
        if rules.open_product.is_some() || !rules.is_key_required {
            return Access::Granted(Grant {
                product: rules.open_product,
                subscription: None,
                key: None,
            });
        }
        Access::Denied(match sent {
            Some(_) => Denial::KeyInvalid,
            None => Denial::KeyNotFound,
        })
    }

    /// Whether a subscription opens an API, and the product in whose context it does.
    fn opens(
        &self,
        subscription: SubscriptionIndex,
        rules: &ApiRules,
    ) -> Option<Option<ProductIndex>> {
        match self.scopes.get(subscription.get())? {
            Scope::AllApis => Some(None),
            Scope::Api(base) => (*base == rules.base).then_some(None),
            Scope::Product(product) => rules.products.contains(product).then_some(Some(*product)),
            Scope::Nothing => None,
        }
    }
}

impl ApiRules {
    /// The key of a request: header first, then a bearer token where it is read, then the query.
    fn sent_key<'r>(
        &self,
        headers: &'r HeaderMap,
        query: &'r str,
    ) -> Option<(Cow<'r, [u8]>, KeyPlace)> {
        for (name, text) in &self.headers {
            if let Some(value) = headers.get(name).filter(|value| !value.is_empty()) {
                return Some((
                    Cow::Borrowed(value.as_bytes()),
                    KeyPlace::Header(text.clone()),
                ));
            }
        }
        if self.is_bearer_read
            && let Some(token) = bearer_token(headers)
        {
            return Some((
                Cow::Borrowed(token),
                KeyPlace::Header(Arc::from("Authorization")),
            ));
        }
        for name in &self.queries {
            if let Some(value) = query_value(query, name).filter(|value| !value.is_empty()) {
                let value = match decode_query(value) {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                };
                return Some((value, KeyPlace::Query(name.clone())));
            }
        }
        None
    }
}

/// The token of `Authorization: Bearer <token>`.
fn bearer_token(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}
