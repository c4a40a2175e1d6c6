//! What a prompt asks of the simulator itself: findings of the content filter, and the answer's length.
//!
//! In: the texts of a prompt and the filter's configuration. Out: verdicts. Markers are ordinary text: they are counted and charged.
//!
//! | marker | effect |
//! | --- | --- |
//! | `[[filter:violence:medium]]` | the prompt has this finding; `medium` and `high` block it |
//! | `[[filter-completion:hate:high]]` | the completion has this finding |
//! | `[[tokens:250]]` | the answer has this many tokens |

use tidegate_openai::content_filter::{Category, FilterResults, Severity};

use crate::config::{ContentFilterConfig, FilterMode, FilterTarget};
use crate::text::MAX_TOKENS;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Directives {
    pub(crate) prompt: FilterResults,
    pub(crate) completion: FilterResults,
    pub(crate) tokens: Option<u32>,
}

impl Default for Directives {
    fn default() -> Self {
        Self {
            prompt: FilterResults::SAFE_PROMPT,
            completion: FilterResults::SAFE_COMPLETION,
            tokens: None,
        }
    }
}

impl Directives {
    /// Reads one text.
    pub(crate) fn read(&mut self, text: &str, filter: &ContentFilterConfig) {
        let judged = filter.mode != FilterMode::Off;
        if judged && !filter.words.is_empty() {
            let lower = text.to_lowercase();
            for word in &filter.words {
                if lower.contains(&word.word.to_lowercase()) {
                    self.raise(word.target, word.category, word.severity);
                }
            }
        }
        for start in memchr::memmem::find_iter(text.as_bytes(), b"[[") {
            let Some(marker) = text
                .get(start + 2..)
                .and_then(|rest| rest.split_once("]]"))
                .map(|(marker, _)| marker)
            else {
                break;
            };
            let mut parts = marker.split(':');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("tokens"), Some(count), None) => {
                    if let Ok(count) = count.parse::<u32>() {
                        self.tokens = Some(count.clamp(1, MAX_TOKENS));
                    }
                }
                (Some(kind), Some(category), Some(severity)) if judged && filter.markers => {
                    let target = match kind {
                        "filter" => FilterTarget::Prompt,
                        "filter-completion" => FilterTarget::Completion,
                        _ => continue,
                    };
                    if let (Some(category), Some(severity)) =
                        (Category::from_name(category), Severity::from_name(severity))
                    {
                        self.raise(target, category, severity);
                    }
                }
                _ => {}
            }
        }
    }

    fn raise(&mut self, target: FilterTarget, category: Category, severity: Severity) {
        match target {
            FilterTarget::Prompt => self.prompt.raise(category, severity),
            FilterTarget::Completion => self.completion.raise(category, severity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FilterWord;

    fn read(text: &str, filter: &ContentFilterConfig) -> Directives {
        let mut directives = Directives::default();
        directives.read(text, filter);
        directives
    }

    #[test]
    fn markers_are_obeyed() {
        let found = read(
            "x [[filter:violence:medium]] [[tokens:9]] [[other]]",
            &ContentFilterConfig::default(),
        );
        assert!(found.prompt.blocks());
        assert!(!found.completion.blocks());
        assert_eq!(found.tokens, Some(9));
        assert!(
            read(
                "[[filter-completion:hate:high]]",
                &ContentFilterConfig::default()
            )
            .completion
            .blocks()
        );
        assert!(
            read("[[filter:jailbreak:high]]", &ContentFilterConfig::default())
                .prompt
                .blocks()
        );
    }

    #[test]
    fn broken_and_unknown_markers_are_text() {
        for text in [
            "[[filter:violence",
            "[[",
            "[[filter:x:high]]",
            "[[filter:hate:huge]]",
            "[[[[]]",
            "[[tokens:-1]]",
        ] {
            assert_eq!(
                read(text, &ContentFilterConfig::default()),
                Directives::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        let filter = ContentFilterConfig {
            words: vec![FilterWord {
                word: "Dragon".into(),
                category: Category::Violence,
                severity: Severity::High,
                target: FilterTarget::Prompt,
            }],
            ..ContentFilterConfig::default()
        };
        assert!(read("a DRAGON came", &filter).prompt.blocks());
        let off = ContentFilterConfig {
            mode: FilterMode::Off,
            ..filter
        };
        assert!(
            !read("a DRAGON came [[filter:hate:high]]", &off)
                .prompt
                .blocks()
        );
    }
}
