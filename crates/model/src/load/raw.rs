//! A service as its files spell it, before anything is checked: what every kind of source is brought to.

use crate::{Located, PolicyDocument, ResourceName};

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
    /// Texts of loggers: named values that only they mention need no value.
    pub loggers: Vec<Node>,
    /// Whether this is our own format, in which an API answers on `http` too unless it says otherwise.
    pub own_format: bool,
}

impl Raw {
    /// Adds a second source. Entities of the same name become one: what `over` says is merged over what is there.
    pub fn merge(mut self, over: Raw) -> Self {
        self.policy = over.policy.or(self.policy);
        self.gateway = over.gateway.or(self.gateway);
        merge_all(&mut self.named_values, over.named_values);
        merge_all(&mut self.backends, over.backends);
        merge_all(&mut self.policy_fragments, over.policy_fragments);
        merge_all(&mut self.version_sets, over.version_sets);
        merge_all(&mut self.apis, over.apis);
        merge_all(&mut self.products, over.products);
        merge_all(&mut self.subscriptions, over.subscriptions);
        merge_all(&mut self.certificates, over.certificates);
        merge_all(&mut self.groups, over.groups);
        merge_all(&mut self.users, over.users);
        self.loggers.extend(over.loggers);
        self
    }
}

fn merge_all<T: Named>(list: &mut Vec<T>, over: Vec<T>) {
    for entity in over {
        let name = ResourceName::from(entity.name());
        match list.iter_mut().find(|known| name == *known.name()) {
            Some(known) => known.merge(entity),
            None => list.push(entity),
        }
    }
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

/// An entity that can be found by name and merged with one of the same name.
pub(crate) trait Named {
    fn name(&self) -> &str;

    /// Merges another one of the same name over this one.
    fn merge(&mut self, over: Self);
}

impl Named for RawEntity {
    fn name(&self) -> &str {
        &self.name.value
    }

    fn merge(&mut self, over: Self) {
        if self.node.entries().is_empty() {
            self.node = over.node;
        } else if let Some(text) = over.node.as_text() {
            // `name: value` is short for the value of a named value.
            self.node
                .set("value", Node::text(text, over.node.origin.clone()));
        } else {
            self.node.merge(&over.node);
        }
        self.policy = over.policy.or(self.policy.take());
    }
}

impl Named for RawApi {
    fn name(&self) -> &str {
        &self.entity.name.value
    }

    fn merge(&mut self, over: Self) {
        self.entity.merge(over.entity);
        self.specification = over.specification.or(self.specification.take());
        for (name, policy) in over.operation_policies {
            let wanted = ResourceName::from(name.value.as_str());
            let known = self
                .operation_policies
                .iter_mut()
                .find(|(known, _)| wanted == *known.value.as_str());
            match known {
                Some((_, known)) => *known = policy,
                None => self.operation_policies.push((name, policy)),
            }
        }
    }
}

impl Named for RawProduct {
    fn name(&self) -> &str {
        &self.entity.name.value
    }

    fn merge(&mut self, over: Self) {
        self.entity.merge(over.entity);
        self.apis.extend(over.apis);
        self.groups.extend(over.groups);
    }
}
