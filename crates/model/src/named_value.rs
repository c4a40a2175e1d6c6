//! Named values: the text macros `{{display-name}}`.

use crate::{Origin, ResourceName, Secret};

/// A named value, resolved.
#[derive(Debug, Clone)]
pub struct NamedValue {
    /// Resource name; overrides of other environments refer to it.
    pub name: ResourceName,
    /// What stands between the braces; compared exactly.
    pub display_name: String,
    /// Whether its text must be masked wherever it would be shown.
    pub secret: bool,
    /// The text, which may itself be a policy expression. Absent only when loading was told to allow unknown named
    /// values. Wrapped also when it is not secret, so that no output shows values by accident.
    pub value: Option<Secret>,
    /// Tags.
    pub tags: Vec<String>,
    /// Where it is defined.
    pub origin: Origin,
}
