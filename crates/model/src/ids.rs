//! Names and ids: case-insensitive resource names, reduction of ARM ids, indices into a [`crate::Service`].

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A resource name. Compared without regard to ASCII case, printed as written.
#[derive(Clone)]
pub struct ResourceName(Arc<str>);

impl ResourceName {
    /// Takes a name as written.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl PartialEq for ResourceName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceName {}

impl PartialEq<str> for ResourceName {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for ResourceName {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Hash for ResourceName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Debug for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ResourceName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// Reduces a full ARM id to what follows the service's name, with a leading `/` (`/backends/b1`). A relative id is
/// returned with its leading `/` too; a bare name stays as it is.
///
/// ```
/// use tidegate_model::relative_id;
/// let full = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/s/backends/b1";
/// assert_eq!(relative_id(full), "/backends/b1");
/// assert_eq!(relative_id("/backends/b1"), "/backends/b1");
/// ```
pub fn relative_id(id: &str) -> &str {
    const MARKER: &str = "/microsoft.apimanagement/service/";
    let id = id.trim();
    let Some(at) = id.to_ascii_lowercase().find(MARKER) else {
        return id;
    };
    // ASCII lower-casing keeps byte offsets.
    let rest = id.get(at + MARKER.len()..).unwrap_or_default();
    match rest.find('/') {
        Some(slash) => rest.get(slash..).unwrap_or("/"),
        None => "/",
    }
}

/// The name in an id of the given collection (`backends`), whether full, relative or just the name.
pub fn name_in_id<'a>(id: &'a str, collection: &str) -> Option<&'a str> {
    let relative = relative_id(id);
    let trimmed = relative.trim_matches('/');
    match trimmed.split_once('/') {
        None if !trimmed.is_empty() && !relative.starts_with('/') => Some(trimmed),
        Some((kind, name))
            if kind.eq_ignore_ascii_case(collection) && !name.is_empty() && !name.contains('/') =>
        {
            Some(name)
        }
        _ => None,
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index of a vector.
            pub fn get(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            /// Saturates, far beyond any real configuration.
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    };
}

index!(
    /// Position of an API (one revision of one version) in `Service::apis`.
    ApiIndex
);
index!(
    /// Position of an operation in its `Api::operations`.
    OperationIndex
);
index!(
    /// Position of a product in `Service::products`.
    ProductIndex
);
index!(
    /// Position of a subscription in `Service::subscriptions`.
    SubscriptionIndex
);
index!(
    /// Position of a backend in `Service::backends`.
    BackendIndex
);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_compare_and_hash_without_case() {
        let set = HashSet::from([ResourceName::from("AOAI-East")]);
        assert!(set.contains(&ResourceName::from("aoai-east")));
        assert_eq!(ResourceName::from("A").to_string(), "A");
    }

    #[test]
    fn ids_are_reduced_to_relative_ones() {
        let full = "/subscriptions/x/resourceGroups/y/providers/microsoft.apimanagement/Service/z/apis/a;rev=2";
        assert_eq!(relative_id(full), "/apis/a;rev=2");
        assert_eq!(name_in_id(full, "apis"), Some("a;rev=2"));
        assert_eq!(
            relative_id("/subscriptions/x/providers/Microsoft.ApiManagement/service/z/"),
            "/"
        );
        assert_eq!(
            relative_id("/subscriptions/x/providers/Microsoft.ApiManagement/service/z"),
            "/"
        );
    }

    #[test]
    fn names_are_found_in_every_spelling_of_an_id() {
        assert_eq!(name_in_id("/backends/b1", "backends"), Some("b1"));
        assert_eq!(name_in_id("backends/b1", "backends"), Some("b1"));
        assert_eq!(name_in_id("b1", "backends"), Some("b1"));
        assert_eq!(name_in_id("/apis/b1", "backends"), None);
        assert_eq!(name_in_id("/backends/", "backends"), None);
        assert_eq!(name_in_id("/b1", "backends"), None);
        assert_eq!(name_in_id("", "backends"), None);
    }
}
