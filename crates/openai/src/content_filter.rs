//! Content filter annotations.
//!
//! In: verdicts. Out: the `content_filter_results` objects of prompts and completions, members in the service's alphabetical
//! order. Never judges a text.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// A category that has a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Hate and fairness.
    Hate,
    /// Self-harm.
    SelfHarm,
    /// Sexual content.
    Sexual,
    /// Violence.
    Violence,
    /// An attack on the system message; has no severity, only found or not.
    Jailbreak,
}

impl Category {
    /// All categories.
    pub const ALL: [Category; 5] = [
        Category::Hate,
        Category::SelfHarm,
        Category::Sexual,
        Category::Violence,
        Category::Jailbreak,
    ];

    /// The member's name.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Hate => "hate",
            Category::SelfHarm => "self_harm",
            Category::Sexual => "sexual",
            Category::Violence => "violence",
            Category::Jailbreak => "jailbreak",
        }
    }

    /// The category of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.name() == name)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How grave a finding is. The default policy blocks from [`Severity::Medium`] on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing found.
    #[default]
    Safe,
    /// Found, let through.
    Low,
    /// Found, blocked.
    Medium,
    /// Found, blocked.
    High,
}

impl Severity {
    /// Whether the default policy blocks it.
    pub fn blocks(self) -> bool {
        self >= Severity::Medium
    }

    /// The severity of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "safe" => Some(Severity::Safe),
            "low" => Some(Severity::Low),
            "medium" => Some(Severity::Medium),
            "high" => Some(Severity::High),
            _ => None,
        }
    }
}

/// The verdict on one prompt or completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FilterResults {
    /// Hate and fairness.
    pub hate: Severity,
    /// Self-harm.
    pub self_harm: Severity,
    /// Sexual content.
    pub sexual: Severity,
    /// Violence.
    pub violence: Severity,
    /// Whether an attack was found; `None` on completions, which are not checked for it.
    pub jailbreak: Option<bool>,
}

impl FilterResults {
    /// A harmless prompt.
    pub const SAFE_PROMPT: FilterResults = FilterResults {
        hate: Severity::Safe,
        self_harm: Severity::Safe,
        sexual: Severity::Safe,
        violence: Severity::Safe,
        jailbreak: Some(false),
    };

    /// A harmless completion.
    pub const SAFE_COMPLETION: FilterResults = FilterResults {
        jailbreak: None,
        ..FilterResults::SAFE_PROMPT
    };

    /// Raises a category to a severity; never lowers it.
    pub fn raise(&mut self, category: Category, severity: Severity) {
        let field = match category {
            Category::Hate => &mut self.hate,
            Category::SelfHarm => &mut self.self_harm,
            Category::Sexual => &mut self.sexual,
            Category::Violence => &mut self.violence,
            Category::Jailbreak => {
                let found = self.jailbreak.unwrap_or(false) || severity > Severity::Safe;
                self.jailbreak = Some(found);
                return;
            }
        };
        *field = (*field).max(severity);
    }

    /// Whether the default policy blocks it.
    pub fn blocks(&self) -> bool {
        self.jailbreak == Some(true)
            || [self.hate, self.self_harm, self.sexual, self.violence]
                .into_iter()
                .any(Severity::blocks)
    }
}

impl Serialize for FilterResults {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Graded {
            filtered: bool,
            severity: Severity,
        }
        #[derive(Serialize)]
        struct Detected {
            detected: bool,
            filtered: bool,
        }
        let graded = |severity: Severity| Graded {
            filtered: severity.blocks(),
            severity,
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("hate", &graded(self.hate))?;
        if let Some(found) = self.jailbreak {
            map.serialize_entry(
                "jailbreak",
                &Detected {
                    detected: found,
                    filtered: found,
                },
            )?;
        }
        map.serialize_entry("self_harm", &graded(self.self_harm))?;
        map.serialize_entry("sexual", &graded(self.sexual))?;
        map.serialize_entry("violence", &graded(self.violence))?;
        map.end()
    }
}

/// A `content_filter_results` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Annotation {
    /// No member at all.
    #[default]
    Absent,
    /// `{}`
    Empty,
    /// The categories.
    Results(FilterResults),
}

impl Annotation {
    /// Whether there is no member at all.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Annotation::Absent)
    }
}

impl Serialize for Annotation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Annotation::Absent | Annotation::Empty => serializer.serialize_map(Some(0))?.end(),
            Annotation::Results(results) => results.serialize(serializer),
        }
    }
}

/// One entry of `prompt_filter_results`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PromptFilterResult {
    /// Which prompt of the request, from 0.
    pub prompt_index: u32,
    /// The verdict.
    pub content_filter_results: FilterResults,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safe_prompt_lists_every_category_in_order() {
        assert_eq!(
            serde_json::to_string(&FilterResults::SAFE_PROMPT).unwrap(),
            r#"{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"detected":false,"filtered":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}"#
        );
    }

    #[test]
    fn medium_blocks_and_low_does_not() {
        let mut results = FilterResults::SAFE_COMPLETION;
        results.raise(Category::Violence, Severity::Low);
        assert!(!results.blocks());
        results.raise(Category::Violence, Severity::Medium);
        assert!(results.blocks());
        results.raise(Category::Violence, Severity::Safe);
        assert_eq!(results.violence, Severity::Medium);
    }

    #[test]
    fn an_attack_blocks() {
        let mut results = FilterResults::SAFE_PROMPT;
        results.raise(Category::Jailbreak, Severity::High);
        assert!(results.blocks());
    }

    #[test]
    fn an_empty_annotation_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Annotation::Empty).unwrap(), "{}");
    }
}
