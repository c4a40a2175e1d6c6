//! Products, subscriptions and the people behind them.

use jiff::Timestamp;

use crate::{Located, Origin, PolicyDocument, ResourceName, Secret};

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Resource name.
    pub name: ResourceName,
    /// Display name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// Whether a key is needed: protected, not open.
    pub subscription_required: bool,
    /// Developer portal only.
    pub approval_required: bool,
    /// Developer portal only.
    pub subscriptions_limit: Option<u32>,
    /// Developer portal only: keys of unpublished products work.
    pub published: bool,
    /// Its APIs, by the name without revision.
    pub apis: Vec<Located<ResourceName>>,
    /// Its groups.
    pub groups: Vec<Located<ResourceName>>,
    /// Policy of the product scope.
    pub policy: Option<PolicyDocument>,
    /// Where it is defined.
    pub origin: Origin,
}

/// A subscription: a pair of keys and what they open.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Resource name: `context.Subscription.Id`.
    pub name: ResourceName,
    /// Display name.
    pub display_name: String,
    /// What it opens.
    pub scope: Located<SubscriptionScope>,
    /// Only `active` ones admit requests.
    pub state: SubscriptionState,
    /// Whether its keys may trace.
    pub allow_tracing: bool,
    /// User it belongs to.
    pub owner: Option<Located<ResourceName>>,
    /// First key.
    pub primary_key: Option<Secret>,
    /// Second key, equally good.
    pub secondary_key: Option<Secret>,
    /// `createdDate`
    pub created_date: Option<Timestamp>,
    /// `startDate`; not enforced, as in APIM.
    pub start_date: Option<Timestamp>,
    /// `endDate`, else `expirationDate`; not enforced, as in APIM.
    pub end_date: Option<Timestamp>,
    /// Where it is defined.
    pub origin: Origin,
}

/// What a subscription opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// Every API: `/apis`, or the service root of the built-in all-access subscription.
    AllApis,
    /// One API in all its revisions; the name is without `;rev=`.
    Api(ResourceName),
    /// The APIs of a product, in its context.
    Product(ResourceName),
}

/// `properties.state`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // the names are APIM's own
pub enum SubscriptionState {
    #[default]
    Active,
    Suspended,
    Submitted,
    Rejected,
    Cancelled,
    Expired,
}

/// A user, for `context.User`.
#[derive(Debug, Clone)]
pub struct User {
    /// Resource name: `context.User.Id`.
    pub name: ResourceName,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Note.
    pub note: String,
    /// Groups the user belongs to.
    pub groups: Vec<Located<ResourceName>>,
    /// Identities.
    pub identities: Vec<UserIdentity>,
    /// When the user registered.
    pub registration_date: Option<Timestamp>,
    /// Where it is defined.
    pub origin: Origin,
}

/// An identity of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// Provider, such as `Aad`.
    pub provider: String,
    /// Id at the provider.
    pub id: String,
}

/// A group of users.
#[derive(Debug, Clone)]
pub struct Group {
    /// Resource name.
    pub name: ResourceName,
    /// Display name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// Where it is defined.
    pub origin: Origin,
}
