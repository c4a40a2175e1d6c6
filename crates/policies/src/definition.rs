//! How a policy describes itself: name, attributes, children, where it may stand.
//!
//! One [`Definition`] per policy is all that `check`, `tidegate policies` and the documentation know of it.

use tidegate_pipeline::{Policy, Scope, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;

/// The groups the APIM documentation sorts policies into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// `choose`, `retry`, …
    Flow,
    /// `forward-request`, `set-backend-service`, …
    Routing,
    /// `set-header`, `set-body`, …
    Transformation,
    /// `cache-*`
    Caching,
    /// `send-request`, …
    Integration,
    /// `trace`, …
    Logging,
    /// `cors`, …
    CrossDomain,
}

impl Category {
    /// The heading in the documentation.
    pub fn title(self) -> &'static str {
        match self {
            Category::Flow => "Policy control and flow",
            Category::Routing => "Routing",
            Category::Transformation => "Transformation",
            Category::Caching => "Caching",
            Category::Integration => "Integration",
            Category::Logging => "Logging",
            Category::CrossDomain => "Cross-domain",
        }
    }
}

/// The scopes a policy may be used at.
#[derive(Debug, Clone, Copy)]
pub struct Scopes(pub &'static [Scope]);

impl Scopes {
    /// Global to operation.
    pub const ALL: Scopes = Scopes(&[
        Scope::Global,
        Scope::Workspace,
        Scope::Product,
        Scope::Api,
        Scope::Operation,
    ]);

    /// Whether `scope` is one of them.
    pub fn contains(self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

/// What an attribute's or element's text means.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// A value of any type: text, or whatever an expression yields.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number in a range.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number of seconds, not negative, decimals allowed.
    Seconds,
    /// One of these words.
    Enumeration(&'static [&'static str]),
    /// An absolute http or https URL.
    Url,
}

/// An attribute of a policy or of one of its children.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Name.
    pub name: &'static str,
    /// Meaning of the value.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// Value when it is not.
    pub default: Option<&'static str>,
    /// Whether a policy expression may give the value.
    pub expressions: bool,
    /// One sentence.
    pub summary: &'static str,
}

impl Attribute {
    /// An optional attribute that accepts expressions.
    pub const fn new(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            default: None,
            expressions: true,
            summary,
        }
    }

    /// Must be there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Value when it is not there.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// No policy expressions here.
    #[must_use]
    pub const fn literal(mut self) -> Self {
        self.expressions = false;
        self
    }
}

/// A child element that is not itself a policy statement.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    /// Name.
    pub name: &'static str,
    /// How often at least.
    pub min: usize,
    /// How often at most; `usize::MAX` for any number.
    pub max: usize,
    /// Its attributes.
    pub attributes: &'static [Attribute],
    /// One sentence.
    pub summary: &'static str,
}

impl Child {
    /// A child without attributes that may occur `min` to `max` times.
    pub const fn new(name: &'static str, min: usize, max: usize, summary: &'static str) -> Self {
        Self {
            name,
            min,
            max,
            attributes: &[],
            summary,
        }
    }

    /// Gives it attributes.
    #[must_use]
    pub const fn attributes(mut self, attributes: &'static [Attribute]) -> Self {
        self.attributes = attributes;
        self
    }
}

/// What an element may contain.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Nothing.
    Empty,
    /// These children only.
    Children(&'static [Child]),
    /// Policy statements.
    Policies,
    /// Text (or an expression).
    Text(&'static str),
    /// Text, children or both; the policy's own compile function decides.
    Free(&'static str),
}

/// Everything Tidegate knows of a policy.
pub struct Definition {
    /// Element name.
    pub name: &'static str,
    /// Group.
    pub category: Category,
    /// One sentence.
    pub summary: &'static str,
    /// Sections it may stand in.
    pub sections: Sections,
    /// Scopes it may be used at.
    pub scopes: Scopes,
    /// Attributes, without the common `id`.
    pub attributes: &'static [Attribute],
    /// Content.
    pub content: Content,
    /// Builds the compiled form; errors go to the compiler's diagnostics and yield `None`.
    pub compile: fn(&mut Compiler<'_>, &Element) -> Option<Box<dyn Policy>>,
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Definition")
            .field("name", &self.name)
            .finish()
    }
}
