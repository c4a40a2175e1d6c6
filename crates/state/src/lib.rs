//! Values that outlive a request and are shared by all of them: the cache behind `cache-store-value` and its like.
//!
//! [`Stored`] values flow in under a [`Key`] with a time to live and flow out again to any thread. Whoever stores a
//! value converts it to [`Stored`] and back, which is the deep copy that makes a cached object independent of the one
//! that a request goes on changing. Time is an argument (`now`, since some fixed moment shared by all workers); nothing
//! here reads a clock, knows the expression language, or prints a value: cached values are often tokens.
//!
//! ```
//! use std::time::Duration;
//! use tidegate_state::{Key, MemoryStore, Store, Stored};
//!
//! let store = MemoryStore::default();
//! let (now, minute) = (Duration::ZERO, Duration::from_secs(60));
//! let key = Key::value("greeting");
//! store.set(key, Stored::from("hello"), minute, now).now().expect("memory answers at once")?;
//! let found = store.get(key, now + minute / 2).now().expect("memory answers at once")?;
//! assert_eq!(found, Some(Stored::from("hello")));
//! # Ok::<(), tidegate_state::StoreError>(())
//! ```

#![forbid(unsafe_code)]

mod memory;
mod reply;
mod store;
mod stored;

pub use memory::{MemoryLimits, MemoryStore};
pub use reply::Reply;
pub use store::{Key, Space, Store, StoreError};
pub use stored::{DateKind, JsonRoot, MAX_DEPTH, Stored, StoredList, StoredMap, TooDeep};
