//! A service as its files spell it, before anything is checked: what every kind of source is brought to.

use crate::{Located, PolicyDocument};

use super::tree::Node;

/// All entities of a service, untyped.
#[derive(Default)]
pub(crate) struct Raw {
    pub policy: Option<PolicyDocument>,
    pub named_values: Vec<RawEntity>,
    pub backends: Vec<RawEntity>,
    pub policy_fragments: Vec<RawEntity>,
    pub version_sets: Vec<RawEntity>,
    pub apis: Vec<RawApi>,
    pub products: Vec<RawProduct>,
    pub subscriptions: Vec<RawEntity>,
    pub certificates: Vec<RawEntity>,
    pub groups: Vec<RawEntity>,
    pub users: Vec<RawEntity>,
    pub gateway: Option<Node>,
    /// Whether this is our own format, in which an API answers on `http` too unless it says otherwise.
    pub own_format: bool,
}

/// An entity: its name and its properties, the envelope taken off.
pub(crate) struct RawEntity {
    pub name: Located<String>,
    pub node: Node,
    /// A policy document that lies beside it.
    pub policy: Option<PolicyDocument>,
}

/// An API.
pub(crate) struct RawApi {
    pub entity: RawEntity,
    /// A specification that lies beside it.
    pub specification: Option<Node>,
    /// Policies of its operations by name of the operation.
    pub operation_policies: Vec<(Located<String>, PolicyDocument)>,
}

/// A product.
pub(crate) struct RawProduct {
    pub entity: RawEntity,
    pub apis: Vec<Located<String>>,
    pub groups: Vec<Located<String>>,
}

/// How a collection of entities finds one by name.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

impl Named for RawEntity {
    fn name(&self) -> &str {
        &self.name.value
    }
}

impl Named for RawApi {
    fn name(&self) -> &str {
        &self.entity.name.value
    }
}

impl Named for RawProduct {
    fn name(&self) -> &str {
        &self.entity.name.value
    }
}
