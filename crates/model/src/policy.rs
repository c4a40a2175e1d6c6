//! Policy documents and fragments: text that another crate parses.

use std::fmt;
use std::sync::Arc;

use tidegate_policy_xml::diagnostic::SourceFile;

use crate::{Origin, ResourceName};

/// What APIM has at global scope when nobody has written anything there; without it nothing would be forwarded.
pub const DEFAULT_GLOBAL_POLICY: &str = "<policies>\n  <inbound />\n  <backend>\n    <forward-request />\n  </backend>\n  <outbound />\n  <on-error />\n</policies>\n";

/// One policy document, unparsed, in either spelling (xml or rawxml).
#[derive(Clone)]
pub struct PolicyDocument {
    /// The text. An inline document is preceded by empty lines so that its line numbers are those of the file it
    /// stands in.
    pub file: Arc<SourceFile>,
}

impl PolicyDocument {
    /// The default global document, under the name `(default global policy)`.
    pub fn default_global() -> Self {
        Self {
            file: SourceFile::new("(default global policy)", DEFAULT_GLOBAL_POLICY),
        }
    }
}

impl fmt::Debug for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyDocument({})", self.file.name())
    }
}

/// A policy fragment.
#[derive(Debug, Clone)]
pub struct PolicyFragment {
    /// Resource name: what `fragment-id` says.
    pub name: ResourceName,
    /// Description.
    pub description: Option<String>,
    /// The `<fragment>` document.
    pub document: PolicyDocument,
    /// Where it is defined.
    pub origin: Origin,
}
