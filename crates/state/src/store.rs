//! What a store of shared values can do. Policies use it through this trait only.

use std::fmt;
use std::time::Duration;

use crate::{Reply, Stored};

/// Key spaces: the same name in two spaces is two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// `cache-store-value`, `cache-lookup-value`, `cache-remove-value`.
    Values,
    /// `cache-store`, `cache-lookup`.
    Responses,
}

/// The name of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    /// Its key space.
    pub space: Space,
    /// Its name within the space.
    pub name: &'a str,
}

impl<'a> Key<'a> {
    /// A key of the value cache.
    pub fn value(name: &'a str) -> Self {
        Self {
            space: Space::Values,
            name,
        }
    }

    /// A key of the response cache.
    pub fn response(name: &'a str) -> Self {
        Self {
            space: Space::Responses,
            name,
        }
    }
}

/// Authors put tokens and subscription keys into cache keys, so the name is not printed.
impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {} bytes)", self.space, self.name.len())
    }
}

/// Why a store did not do what it was asked. A cache's failure never fails a request: a lookup misses, and a value that
/// was not stored is made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The entry is larger than the store takes.
    #[error(
        "the cache entry of {bytes} bytes (key and value) is larger than the limit of {limit} bytes"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// Values shared by requests, threads and, depending on the store, replicas.
///
/// `now` is the moment of the call on the scale on which `ttl` counts; moments must not run backwards by more than the
/// differences between threads.
pub trait Store: Send + Sync + fmt::Debug {
    /// The value under `key`, unless there is none or its time is over.
    fn get<'a>(
        &'a self,
        key: Key<'a>,
        now: Duration,
    ) -> Reply<'a, Result<Option<Stored>, StoreError>>;

    /// Puts `value` under `key` for `ttl`, in place of what was there. A `ttl` of zero leaves the key empty. A store may
    /// forget any entry early, to stay within its bounds. An entry that is refused leaves the key empty, never with a
    /// value that its author believes replaced.
    fn set<'a>(
        &'a self,
        key: Key<'a>,
        value: Stored,
        ttl: Duration,
        now: Duration,
    ) -> Reply<'a, Result<(), StoreError>>;

    /// Empties `key`; one that is empty already is no error.
    fn remove<'a>(&'a self, key: Key<'a>) -> Reply<'a, Result<(), StoreError>>;
}
