//! The store in this process's memory: APIM's internal cache, volatile and bounded.
//!
//! Entries flow in until a bound is reached; then those least used leave. An entry whose time is over is gone for
//! everyone at once, and its memory is given back when it is next asked for or pushed out. All threads share it; each
//! key's shard has its own short lock.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};

use crate::store::{Key, Space, Store, StoreError};
use crate::{Reply, Stored};

/// Shards, where the bounds allow so many.
const SHARDS: u64 = 16;

/// How much a memory store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Entries of all key spaces together. Default 65,536.
    pub entries: usize,
    /// Bytes of keys and values together. Default 64 MiB.
    pub bytes: usize,
    /// Bytes of a single entry, key and value; at most nine tenths of `bytes`. Default 2 MiB, as APIM's internal cache.
    pub entry_bytes: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            entries: 65_536,
            bytes: 64 << 20,
            entry_bytes: 2 << 20,
        }
    }
}

#[derive(Debug)]
struct OwnedKey {
    space: Space,
    name: Box<str>,
}

impl PartialEq for OwnedKey {
    fn eq(&self, other: &Self) -> bool {
        self.space == other.space && self.name == other.name
    }
}

impl Eq for OwnedKey {}

/// As [`Key`], which stands for it in lookups.
impl Hash for OwnedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Key {
            space: self.space,
            name: &self.name,
        }
        .hash(state);
    }
}

impl Equivalent<OwnedKey> for Key<'_> {
    fn equivalent(&self, key: &OwnedKey) -> bool {
        self.space == key.space && self.name == &*key.name
    }
}

#[derive(Clone)]
struct Entry {
    value: Stored,
    expires: Duration,
    weight: u64,
}

/// An entry weighs at least its share of the total, which bounds the number of entries too.
#[derive(Debug, Clone)]
struct EntryWeight;

impl Weighter<OwnedKey, Entry> for EntryWeight {
    fn weight(&self, _: &OwnedKey, entry: &Entry) -> u64 {
        entry.weight
    }
}

type Entries = Cache<OwnedKey, Entry, EntryWeight>;

/// Values in memory.
pub struct MemoryStore {
    cache: Entries,
    limits: MemoryLimits,
    least_weight: u64,
}

impl MemoryStore {
    /// An empty store with these limits; each is at least 1.
    pub fn new(limits: MemoryLimits) -> Self {
        let entries = limits.entries.max(1);
        let bytes = limits.bytes.max(1);
        let entry_bytes = limits.entry_bytes.clamp(1, (bytes / 10 * 9).max(1));
        let least_weight = (bytes as u64).div_ceil(entries as u64).max(1);
        let heaviest = (entry_bytes as u64).max(least_weight);
        // A shard must have room for the heaviest entry and a little more, of which the cache keeps a part back.
        let mut shards = SHARDS;
        while shards > 1 && bytes as u64 / shards / 10 * 9 < heaviest {
            shards /= 2;
        }
        Self {
            cache: cache(shards, entries, bytes as u64),
            limits: MemoryLimits {
                entries,
                bytes,
                entry_bytes,
            },
            least_weight,
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> MemoryLimits {
        self.limits
    }

    /// Entries held, those included whose time is over but whose memory is not given back yet.
    pub fn entries(&self) -> usize {
        self.cache.len()
    }

    /// Bytes charged for the entries held; small ones are charged their share of the total.
    pub fn bytes(&self) -> u64 {
        self.cache.weight()
    }
}

fn cache(shards: u64, entries: usize, bytes: u64) -> Entries {
    let options = OptionsBuilder::new()
        .shards(usize::try_from(shards).unwrap_or(1))
        .estimated_items_capacity(entries)
        .weight_capacity(bytes)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            EntryWeight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        // Refused only where a capacity is missing; the cache's own defaults serve then.
        Err(_) => Cache::with_weighter(entries, bytes, EntryWeight),
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(MemoryLimits::default())
    }
}

impl Store for MemoryStore {
    fn get<'a>(
        &'a self,
        key: Key<'a>,
        now: Duration,
    ) -> Reply<'a, Result<Option<Stored>, StoreError>> {
        let found = match self.cache.get(&key) {
            Some(entry) if now < entry.expires => Some(entry.value),
            Some(_) => {
                // Another thread may have stored a new value meanwhile; that one stays.
                self.cache.remove_if(&key, |entry| entry.expires <= now);
                None
            }
            None => None,
        };
        Reply::ready(Ok(found))
    }

    fn set<'a>(
        &'a self,
        key: Key<'a>,
        value: Stored,
        ttl: Duration,
        now: Duration,
    ) -> Reply<'a, Result<(), StoreError>> {
        let bytes = key.name.len().saturating_add(value.cost());
        let limit = self.limits.entry_bytes;
        if ttl.is_zero() || bytes > limit {
            self.cache.remove(&key);
            return Reply::ready(if bytes > limit {
                Err(StoreError::TooLarge { bytes, limit })
            } else {
                Ok(())
            });
        }
        let entry = Entry {
            value,
            expires: now.saturating_add(ttl),
            weight: (bytes as u64).max(self.least_weight),
        };
        let name = key.name.into();
        let space = key.space;
        self.cache.insert(OwnedKey { space, name }, entry);
        Reply::ready(Ok(()))
    }

    fn remove<'a>(&'a self, key: Key<'a>) -> Reply<'a, Result<(), StoreError>> {
        self.cache.remove(&key);
        Reply::ready(Ok(()))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("limits", &self.limits)
            .field("entries", &self.entries())
            .field("bytes", &self.bytes())
            .finish()
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
