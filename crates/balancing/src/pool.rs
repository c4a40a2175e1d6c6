//! Load-balanced pools: which member a request goes to.
//!
//! A [`Choice`] and perhaps an affinity token flow in; an [`Attempt`] on a member whose circuit is closed flows out, or
//! [`Exhausted`]. The steps are APIM's: members with an open circuit are dropped; of the rest the group with the
//! smallest priority number is taken; within it the pool's [`Strategy`] chooses. A pool never sends, waits or retries.

use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::affinity::AffinityTokens;
use crate::backend::{Attempt, BackendState};
use crate::breaker::DEFAULT_FAILURE_STATUS;
use crate::strategy::{Candidate, Choice, Strategy, StrategyKind};
use crate::{AffinityKey, header_seconds};

/// A member of a pool (`pool.services[]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberConfig {
    /// Id of a backend of the same registry.
    pub backend: Arc<str>,
    /// Groups with a lower number are preferred.
    pub priority: u32,
    /// Share within the group; 0 gets traffic only when no member of the group with a share is available.
    pub weight: u32,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// Resource name.
    pub id: Arc<str>,
    /// Members, in the order in which ties are resolved.
    pub members: Vec<MemberConfig>,
    /// How to choose within a group.
    pub strategy: StrategyKind,
    /// Whether clients are bound to members by token.
    pub session_affinity: bool,
    /// `failureResponse.statusCode`: status when no member is available.
    pub failure_status: u16,
}

impl PoolConfig {
    /// A pool of equal members.
    pub fn new<M: Into<Arc<str>>>(
        id: impl Into<Arc<str>>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        let member = |backend: M| MemberConfig {
            backend: backend.into(),
            priority: 1,
            weight: 1,
        };
        Self {
            id: id.into(),
            members: members.into_iter().map(member).collect(),
            strategy: StrategyKind::default(),
            session_affinity: false,
            failure_status: DEFAULT_FAILURE_STATUS,
        }
    }
}

/// No member of a pool is available. The text is the reason phrase of the gateway's answer, for which published policies
/// search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Backend pool '{pool}' is temporarily unavailable")]
pub struct Exhausted {
    /// Id of the pool.
    pub pool: Arc<str>,
    /// Time until the first member's circuit closes; `None` for a pool without members.
    pub reopens_in: Option<Duration>,
    /// Status to answer with.
    pub status: u16,
}

impl Exhausted {
    /// The value for a `Retry-After` header: whole seconds, rounded up, at least 1.
    pub fn retry_after_seconds(&self) -> u64 {
        header_seconds(self.reopens_in.unwrap_or_default())
    }
}

/// A member was chosen.
#[derive(Debug)]
pub struct Selected {
    /// The attempt on it, in flight from now on.
    pub attempt: Attempt,
    /// Its place among the pool's members.
    pub member: usize,
    /// The token to give to the client, where it has none, a wrong one, or one of a member that is unavailable.
    pub new_token: Option<Arc<str>>,
}

/// A member's present state within its pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Id of its backend.
    pub backend: Arc<str>,
    /// Its priority group.
    pub priority: u32,
    /// Its share within the group.
    pub weight: u32,
    /// Whether its circuit is closed.
    pub available: bool,
}

/// A pool's present state, for metrics and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// Resource name.
    pub id: Arc<str>,
    /// How it chooses within a group.
    pub strategy: StrategyKind,
    /// Its members.
    pub members: Vec<MemberView>,
}

#[derive(Debug)]
struct Member {
    backend: Arc<BackendState>,
    weight: u32,
}

/// A pool's members and its strategy's state.
#[derive(Debug)]
pub struct Pool {
    config: PoolConfig,
    members: Box<[Member]>,
    /// Members by place, grouped by priority, preferred group first, each in the order of listing.
    groups: Box<[Box<[usize]>]>,
    strategy: Box<dyn Strategy>,
    tokens: Option<AffinityTokens>,
}

impl Pool {
    /// `backends` are those of `config.members`, in the same order.
    pub(crate) fn new(
        config: PoolConfig,
        backends: Vec<Arc<BackendState>>,
        key: &AffinityKey,
    ) -> Self {
        let mut by_priority = std::collections::BTreeMap::<u32, Vec<usize>>::new();
        for (place, member) in config.members.iter().enumerate() {
            by_priority.entry(member.priority).or_default().push(place);
        }
        let groups: Box<[Box<[usize]>]> = by_priority.into_values().map(Into::into).collect();
        let weights: Vec<u32> = config.members.iter().map(|member| member.weight).collect();
        let tokens = config.session_affinity.then(|| {
            let ids = config.members.iter().map(|member| &*member.backend);
            AffinityTokens::new(key, &config.id, ids)
        });
        Self {
            members: backends
                .into_iter()
                .zip(&weights)
                .map(|(backend, &weight)| Member { backend, weight })
                .collect(),
            strategy: config.strategy.build(&weights, &groups),
            groups,
            tokens,
            config,
        }
    }

    /// Resource name.
    pub fn id(&self) -> &str {
        &self.config.id
    }

    /// Its configuration.
    pub fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// The state of its members' backends, in the order of listing.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<BackendState>> {
        self.members.iter().map(|member| &member.backend)
    }

    pub(crate) fn strategy(&self) -> &dyn Strategy {
        &*self.strategy
    }

    /// Chooses a member and begins an attempt on it. `token` is the client's affinity cookie, if it sent one; it is
    /// ignored by a pool without session affinity.
    ///
    /// # Errors
    /// Every member's circuit is open.
    pub fn select(
        self: &Arc<Self>,
        choice: &Choice,
        token: Option<&str>,
    ) -> Result<Selected, Exhausted> {
        let pinned = match (&self.tokens, token) {
            (Some(tokens), Some(token)) => tokens.member(token),
            _ => None,
        };
        if let Some(place) = pinned
            && let Some(member) = self.members.get(place)
            && member.backend.is_available(choice.now)
        {
            return Ok(self.begin(place, member, None));
        }
        let mut reopens_in: Option<Duration> = None;
        for group in &self.groups {
            if let Some(place) = self.choose(group, choice, &mut reopens_in)
                && let Some(member) = self.members.get(place)
            {
                let token = self.tokens.as_ref().and_then(|tokens| tokens.token(place));
                return Ok(self.begin(place, member, token));
            }
        }
        Err(Exhausted {
            pool: Arc::clone(&self.config.id),
            reopens_in,
            status: self.config.failure_status,
        })
    }

    /// The present state.
    pub fn view(&self, now: Duration) -> PoolView {
        let view = |(member, config): (&Member, &MemberConfig)| MemberView {
            backend: Arc::clone(&config.backend),
            priority: config.priority,
            weight: config.weight,
            available: member.backend.is_available(now),
        };
        PoolView {
            id: Arc::clone(&self.config.id),
            strategy: self.config.strategy,
            members: self
                .members
                .iter()
                .zip(&self.config.members)
                .map(view)
                .collect(),
        }
    }

    fn begin(
        self: &Arc<Self>,
        place: usize,
        member: &Member,
        new_token: Option<Arc<str>>,
    ) -> Selected {
        let via = Some((Arc::clone(self), place));
        Selected {
            attempt: Attempt::begin(Arc::clone(&member.backend), via),
            member: place,
            new_token,
        }
    }

    /// Chooses within a group; lowers `reopens_in` to the first reopening among members that are out.
    fn choose(
        &self,
        group: &[usize],
        choice: &Choice,
        reopens_in: &mut Option<Duration>,
    ) -> Option<usize> {
        let mut candidates: SmallVec<[Candidate<'_>; 8]> = SmallVec::new();
        let mut last_resort: SmallVec<[Candidate<'_>; 8]> = SmallVec::new();
        for &place in group {
            let Some(member) = self.members.get(place) else {
                continue;
            };
            if let Some(out) = member.backend.unavailable(choice.now) {
                *reopens_in = Some(reopens_in.map_or(out.reopens_in, |d| d.min(out.reopens_in)));
                continue;
            }
            let list = match member.weight {
                0 => &mut last_resort,
                _ => &mut candidates,
            };
            list.push(Candidate {
                member: place,
                weight: member.weight.max(1),
                backend: &member.backend,
            });
        }
        if candidates.is_empty() {
            candidates = last_resort;
        }
        let chosen = match candidates.len() {
            0 => return None,
            // Asked all the same: a strategy that counts turns must see this one.
            _ => self.strategy.choose(&candidates, choice),
        };
        // A strategy that names nobody, or somebody who was not offered, must not make an available pool fail.
        let chosen = chosen.and_then(|position| candidates.get(position));
        chosen
            .or(candidates.first())
            .map(|candidate| candidate.member)
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
