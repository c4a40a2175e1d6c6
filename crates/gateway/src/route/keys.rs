//! Subscription keys, found without comparing any of them byte by byte.
//!
//! Keys are found by a hash under a random secret, so that timing tells nothing about how much of a guess is right,
//! and confirmed by a comparison in constant time.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use tidegate_model::{Secret, Service, SubscriptionIndex, SubscriptionState};

/// The keys of all active subscriptions.
pub(super) struct Keys {
    hasher: RandomState,
    by_hash: HashMap<u64, Vec<Key>>,
}

struct Key {
    subscription: SubscriptionIndex,
    is_secondary: bool,
    text: Secret,
}

impl Keys {
    pub fn build(service: &Service) -> Self {
        let mut keys = Self {
            hasher: RandomState::new(),
            by_hash: HashMap::new(),
        };
        for (index, subscription) in service.subscriptions.iter().enumerate() {
            if subscription.state != SubscriptionState::Active {
                continue;
            }
            let pair = [&subscription.primary_key, &subscription.secondary_key];
            for (key, is_secondary) in pair.into_iter().zip([false, true]) {
                let Some(key) = key else { continue };
                let hash = keys.hasher.hash_one(key.expose().as_bytes());
                keys.by_hash.entry(hash).or_default().push(Key {
                    subscription: SubscriptionIndex::from(index),
                    is_secondary,
                    text: key.clone(),
                });
            }
        }
        keys
    }

    /// The subscription a key belongs to, and whether it is its secondary key.
    pub fn find(&self, key: &[u8]) -> Option<(SubscriptionIndex, bool)> {
        self.by_hash
            .get(&self.hasher.hash_one(key))?
            .iter()
            .find(|known| known.text.matches(key))
            .map(|known| (known.subscription, known.is_secondary))
    }
}
