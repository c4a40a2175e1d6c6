//! All backends and pools of a service by id, and how their state survives a change of configuration.
//!
//! A configuration flows in, shared states flow out. A registry never changes: [`BackendRegistry::rebuild`] makes the
//! next one, which shares with this one the state of everything that stays the same, so a reload neither forgets an open
//! circuit nor starts a round robin anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::affinity::AffinityKey;
use crate::backend::{BackendConfig, BackendState, BackendView};
use crate::breaker::Observer;
use crate::pool::{Pool, PoolConfig, PoolView};

/// What a registry is made of.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// Single backends.
    pub backends: Vec<BackendConfig>,
    /// Pools of them.
    pub pools: Vec<PoolConfig>,
    /// Key of the session affinity tokens.
    pub affinity_key: AffinityKey,
}

/// Why no registry can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two backends or pools share an id.
    #[error("the backend id '{id}' is used twice")]
    DuplicateId {
        /// The id.
        id: Arc<str>,
    },
    /// A pool names a backend that does not exist (or a pool, which cannot be a member).
    #[error("pool '{pool}' has the member '{member}', which is no single backend")]
    UnknownMember {
        /// Id of the pool.
        pool: Arc<str>,
        /// Id of the missing backend.
        member: Arc<str>,
    },
    /// A pool names a backend twice.
    #[error("pool '{pool}' lists the member '{member}' twice")]
    DuplicateMember {
        /// Id of the pool.
        pool: Arc<str>,
        /// Id of the backend.
        member: Arc<str>,
    },
}

/// All backends and pools of a service.
#[derive(Debug)]
pub struct BackendRegistry {
    backends: HashMap<Arc<str>, Arc<BackendState>>,
    pools: HashMap<Arc<str>, Arc<Pool>>,
    affinity_key: AffinityKey,
    observer: Arc<dyn Observer>,
}

impl BackendRegistry {
    /// A registry with fresh state.
    ///
    /// # Errors
    /// The configuration contradicts itself.
    pub fn new(config: RegistryConfig, observer: Arc<dyn Observer>) -> Result<Self, ConfigError> {
        let empty = Self {
            affinity_key: config.affinity_key.clone(),
            observer,
            ..Self::empty()
        };
        empty.rebuild(config)
    }

    /// A registry that knows nobody.
    pub fn empty() -> Self {
        Self {
            backends: HashMap::new(),
            pools: HashMap::new(),
            affinity_key: AffinityKey::new([0; 32]),
            observer: Arc::new(()),
        }
    }

    /// A registry for a new configuration. Backends whose configuration stays the same keep their state, and so do pools
    /// whose configuration and members stay the same; everything else starts afresh. Attempts under way report to the
    /// state they began with. This registry stays usable, with the shared states in common.
    ///
    /// # Errors
    /// The configuration contradicts itself.
    pub fn rebuild(&self, config: RegistryConfig) -> Result<Self, ConfigError> {
        let mut backends = HashMap::with_capacity(config.backends.len());
        for backend in config.backends {
            let id = Arc::clone(&backend.id);
            let state = match self.backends.get(&id) {
                Some(old) if *old.config() == backend => Arc::clone(old),
                _ => Arc::new(BackendState::new(backend, Arc::clone(&self.observer))),
            };
            if backends.insert(Arc::clone(&id), state).is_some() {
                return Err(ConfigError::DuplicateId { id });
            }
        }
        let same_key = self.affinity_key == config.affinity_key;
        let mut pools = HashMap::with_capacity(config.pools.len());
        for pool in config.pools {
            let id = Arc::clone(&pool.id);
            let members = members(&pool, &backends)?;
            let state = match self.pools.get(&id) {
                Some(old) if *old.config() == pool && same_key && same(old, &members) => {
                    Arc::clone(old)
                }
                _ => Arc::new(Pool::new(pool, members, &config.affinity_key)),
            };
            if backends.contains_key(&id) || pools.insert(Arc::clone(&id), state).is_some() {
                return Err(ConfigError::DuplicateId { id });
            }
        }
        Ok(Self {
            backends,
            pools,
            affinity_key: config.affinity_key,
            observer: Arc::clone(&self.observer),
        })
    }

    /// A single backend's state. Ask once, when compiling, and keep it.
    pub fn backend(&self, id: &str) -> Option<&Arc<BackendState>> {
        self.backends.get(id)
    }

    /// A pool. Ask once, when compiling, and keep it.
    pub fn pool(&self, id: &str) -> Option<&Arc<Pool>> {
        self.pools.get(id)
    }

    /// Looks at every backend, so that circuits whose time is over are reported closed also without traffic. To be
    /// called now and then, once a second for instance.
    pub fn settle(&self, now: Duration) {
        for backend in self.backends.values() {
            backend.is_available(now);
        }
    }

    /// The present state of every backend, sorted by id.
    pub fn backend_views(&self, now: Duration) -> Vec<BackendView> {
        let mut views: Vec<_> = self
            .backends
            .values()
            .map(|state| state.view(now))
            .collect();
        views.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        views
    }

    /// The present state of every pool, sorted by id.
    pub fn pool_views(&self, now: Duration) -> Vec<PoolView> {
        let mut views: Vec<_> = self.pools.values().map(|pool| pool.view(now)).collect();
        views.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        views
    }
}

fn members(
    pool: &PoolConfig,
    backends: &HashMap<Arc<str>, Arc<BackendState>>,
) -> Result<Vec<Arc<BackendState>>, ConfigError> {
    let mut members: Vec<Arc<BackendState>> = Vec::with_capacity(pool.members.len());
    for member in &pool.members {
        let Some(backend) = backends.get(&member.backend) else {
            return Err(ConfigError::UnknownMember {
                pool: Arc::clone(&pool.id),
                member: Arc::clone(&member.backend),
            });
        };
        if members.iter().any(|other| Arc::ptr_eq(other, backend)) {
            return Err(ConfigError::DuplicateMember {
                pool: Arc::clone(&pool.id),
                member: Arc::clone(&member.backend),
            });
        }
        members.push(Arc::clone(backend));
    }
    Ok(members)
}

fn same(pool: &Pool, members: &[Arc<BackendState>]) -> bool {
    pool.backends()
        .zip(members)
        .all(|(old, new)| Arc::ptr_eq(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Choice, MemberConfig, Outcome};

    fn config() -> RegistryConfig {
        let rule = crate::BreakerRule {
            count: Some(1),
            status_ranges: vec![429..=429],
            ..crate::BreakerRule::new("r", Duration::from_secs(60), Duration::from_secs(60))
        };
        RegistryConfig {
            backends: vec![
                BackendConfig::new("a", "https://a").with_rule(rule.clone()),
                BackendConfig::new("b", "https://b").with_rule(rule),
            ],
            pools: vec![PoolConfig::new("p", ["a", "b"])],
            affinity_key: AffinityKey::new([0; 32]),
        }
    }

    fn registry() -> BackendRegistry {
        BackendRegistry::new(config(), Arc::new(())).unwrap()
    }

    fn trip(registry: &BackendRegistry, id: &str) {
        let attempt = registry.backend(id).unwrap().admit(Duration::ZERO).unwrap();
        attempt.outcome(Duration::ZERO, &Outcome::status(429, Duration::ZERO));
    }

    #[test]
    fn rebuild_keeps_the_state_of_what_stays_the_same() {
        let old = registry();
        trip(&old, "a");
        let pool = Arc::clone(old.pool("p").unwrap());
        let new = old.rebuild(config()).unwrap();
        assert!(!new.backend("a").unwrap().is_available(Duration::ZERO));
        assert!(Arc::ptr_eq(&pool, new.pool("p").unwrap()));
    }

    #[test]
    fn rebuild_starts_changed_backends_and_their_pools_afresh() {
        let old = registry();
        trip(&old, "a");
        trip(&old, "b");
        let mut changed = config();
        changed.backends[0].address = "https://elsewhere".into();
        let new = old.rebuild(changed).unwrap();
        assert!(new.backend("a").unwrap().is_available(Duration::ZERO));
        assert!(!new.backend("b").unwrap().is_available(Duration::ZERO));
        let selected = new
            .pool("p")
            .unwrap()
            .select(&Choice::new(Duration::ZERO, 0), None)
            .unwrap();
        assert!(Arc::ptr_eq(
            selected.attempt.backend(),
            new.backend("a").unwrap()
        ));
    }

    #[test]
    fn rebuild_notices_a_changed_pool_but_keeps_its_backends() {
        let old = registry();
        trip(&old, "b");
        let mut changed = config();
        changed.pools[0].members[1].weight = 5;
        let new = old.rebuild(changed).unwrap();
        assert!(!Arc::ptr_eq(old.pool("p").unwrap(), new.pool("p").unwrap()));
        assert!(!new.backend("b").unwrap().is_available(Duration::ZERO));
    }

    #[test]
    fn attempts_begun_before_a_rebuild_still_count_down() {
        let old = registry();
        let attempt = old.backend("a").unwrap().admit(Duration::ZERO).unwrap();
        let new = old.rebuild(config()).unwrap();
        drop(old);
        assert_eq!(new.backend("a").unwrap().in_flight(), 1);
        drop(attempt);
        assert_eq!(new.backend("a").unwrap().in_flight(), 0);
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let error = |change: fn(&mut RegistryConfig)| {
            let mut config = config();
            change(&mut config);
            BackendRegistry::new(config, Arc::new(()))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(|c| c.backends[1].id = "a".into()),
            "the backend id 'a' is used twice"
        );
        assert_eq!(
            error(|c| c.pools[0].id = "a".into()),
            "the backend id 'a' is used twice"
        );
        assert_eq!(
            error(|c| c.pools[0].members[0].backend = "p".into()),
            "pool 'p' has the member 'p', which is no single backend"
        );
        assert_eq!(
            error(|c| c.pools[0].members.push(MemberConfig {
                backend: "b".into(),
                priority: 2,
                weight: 1
            })),
            "pool 'p' lists the member 'b' twice"
        );
    }
}
