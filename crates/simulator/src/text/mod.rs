//! Generated answers: plausible sentences of an exact number of tokens.
//!
//! In: a seed and a length. Out: pieces of text, each of which is exactly one token in every encoding that the simulated models
//! use, also when they stand one after another. So an answer's tokens are known without counting them. A test holds this true.

mod words;

use std::collections::VecDeque;

use words::SENTENCES;

/// The longest answer that is generated, in tokens.
pub const MAX_TOKENS: u32 = 16_384;

/// Tokens of the shortest and the longest sentence that is not the last, full stop included.
const SHORTEST: u32 = 6;
const LONGEST: u32 = 11;

/// A text that comes piece by piece, one token each.
#[derive(Debug, Clone)]
pub(crate) struct Sentences {
    rng: fastrand::Rng,
    /// Tokens of the whole text that are still to come.
    left: u32,
    words: &'static [&'static [&'static str]],
    started: bool,
    opening: Opening,
}

/// How a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// With a word, as an answer does.
    Bare,
    /// With a space, as the continuation of a prompt does.
    Space,
}

impl Sentences {
    /// A text of exactly `tokens` tokens, at least 1.
    pub(crate) fn new(seed: u64, tokens: u32, opening: Opening) -> Self {
        Self {
            rng: crate::random::rng(seed),
            left: tokens.clamp(1, MAX_TOKENS),
            words: &[],
            started: false,
            opening,
        }
    }

    /// Chooses the next sentence so that the rest is never a lone full stop.
    fn next_sentence(&mut self) {
        let left = self.left;
        let length = if left <= LONGEST {
            left
        } else {
            let drawn = self.rng.u32(SHORTEST..=LONGEST);
            match left - drawn {
                1 if drawn > SHORTEST => drawn - 1,
                1 => drawn + 1,
                _ => drawn,
            }
        };
        let words = (length as usize).saturating_sub(1).max(1);
        self.words = SENTENCES.get(words - 1).copied().unwrap_or_default();
    }
}

impl Iterator for Sentences {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        if self.left == 0 {
            return None;
        }
        if self.words.is_empty() && self.started {
            // The sentence's words are out: its full stop, after which `words` is filled for the next one.
            self.left -= 1;
            if self.left > 0 {
                self.next_sentence();
            }
            return Some(".");
        }
        if !self.started {
            self.next_sentence();
        }
        let (choice, rest) = self.words.split_first()?;
        self.words = rest;
        self.left -= 1;
        let word = choice
            .get(self.rng.usize(..choice.len().max(1)))
            .copied()
            .unwrap_or(" the");
        let first = !std::mem::replace(&mut self.started, true);
        Some(match self.opening {
            Opening::Bare if first => word.strip_prefix(' ').unwrap_or(word),
            _ => word,
        })
    }
}

/// The text of one choice, as it will be sent: pieces of one token each, or pieces of a text that had to be made at once.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// Sentences, `emit` more tokens of them.
    Lazy {
        /// Where they come from.
        sentences: Sentences,
        /// How many are still to be sent.
        emit: u32,
    },
    /// A text that is known as a whole.
    Fixed(VecDeque<String>),
}

/// The end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Stop,
    Length,
}

/// A planned answer: its pieces, its tokens, its end.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) script: Script,
    pub(crate) tokens: u64,
    pub(crate) ending: Ending,
}

impl Plan {
    /// Sentences of `natural` tokens, cut at `cap`, ended before the first of the `stop` texts.
    pub(crate) fn sentences(
        seed: u64,
        opening: Opening,
        natural: u32,
        cap: u64,
        stops: &[&str],
        count: impl Fn(&str) -> u64,
    ) -> Self {
        let natural = natural.clamp(1, MAX_TOKENS);
        let emit = u64::from(natural).min(cap) as u32;
        let ending = if emit < natural {
            Ending::Length
        } else {
            Ending::Stop
        };
        let sentences = Sentences::new(seed, natural, opening);
        if stops.iter().all(|stop| stop.is_empty()) {
            return Self {
                script: Script::Lazy { sentences, emit },
                tokens: u64::from(emit),
                ending,
            };
        }
        let text: String = sentences.clone().take(emit as usize).collect();
        let cut = stops
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| text.find(stop))
            .min();
        let Some(cut) = cut else {
            return Self {
                script: Script::Lazy { sentences, emit },
                tokens: u64::from(emit),
                ending,
            };
        };
        let kept = text.get(..cut).unwrap_or_default();
        let mut pieces = VecDeque::new();
        let mut at = 0;
        for piece in sentences {
            let end = (at + piece.len()).min(cut);
            if at >= end {
                break;
            }
            pieces.push_back(kept.get(at..end).unwrap_or_default().to_owned());
            at = end;
        }
        Self {
            tokens: count(kept),
            script: Script::Fixed(pieces),
            ending: Ending::Stop,
        }
    }

    /// A text made elsewhere, such as JSON, cut at `cap` tokens.
    pub(crate) fn fixed(text: &str, cap: u64, count: impl Fn(&str) -> u64) -> Self {
        let tokens = count(text);
        let mut pieces: VecDeque<String> = VecDeque::new();
        let mut piece = String::new();
        for character in text.chars() {
            piece.push(character);
            if piece.len() >= 4 {
                pieces.push_back(std::mem::take(&mut piece));
            }
        }
        if !piece.is_empty() {
            pieces.push_back(piece);
        }
        if tokens <= cap {
            return Self {
                script: Script::Fixed(pieces),
                tokens,
                ending: Ending::Stop,
            };
        }
        // Pieces are not tokens here: as many are kept as fit into the cap.
        let mut kept = String::new();
        let mut fitting = VecDeque::new();
        let mut used = 0;
        for piece in pieces {
            kept.push_str(&piece);
            let now = count(&kept);
            if now > cap {
                break;
            }
            used = now;
            fitting.push_back(piece);
        }
        Self {
            script: Script::Fixed(fitting),
            tokens: used,
            ending: Ending::Length,
        }
    }

    /// The whole text.
    pub(crate) fn into_text(self) -> String {
        match self.script {
            Script::Lazy { sentences, emit } => sentences.take(emit as usize).collect(),
            Script::Fixed(pieces) => pieces.into_iter().collect(),
        }
    }
}

impl Script {
    /// Appends the next pieces, at most `count`, to `text`, and says how many there were.
    pub(crate) fn take(&mut self, count: u32, text: &mut String) -> u32 {
        let mut taken = 0;
        while taken < count {
            match self {
                Script::Lazy { emit: 0, .. } => break,
                Script::Lazy { sentences, emit } => {
                    let Some(piece) = sentences.next() else { break };
                    text.push_str(piece);
                    *emit -= 1;
                }
                Script::Fixed(pieces) => {
                    let Some(piece) = pieces.pop_front() else {
                        break;
                    };
                    text.push_str(&piece);
                }
            }
            taken += 1;
        }
        taken
    }

    /// Whether everything was taken.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Script::Lazy { sentences, emit } => *emit == 0 || sentences.left == 0,
            Script::Fixed(pieces) => pieces.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words::{ADJECTIVES, DETERMINERS, NOUNS, OPENERS, PREPOSITIONS, VERBS};
    use super::*;
    use proptest::prelude::*;
    use tidegate_openai::{Encoding, tokens};

    #[test]
    fn every_word_is_one_token_in_every_encoding() {
        let lists = [OPENERS, DETERMINERS, ADJECTIVES, NOUNS, VERBS, PREPOSITIONS];
        for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
            for word in lists.iter().copied().flatten() {
                assert_eq!(tokens::count(encoding, word), 1, "{word}");
            }
            for word in OPENERS {
                assert_eq!(tokens::count(encoding, word.trim()), 1, "{word}");
            }
        }
    }

    #[test]
    fn texts_read_like_sentences() {
        let text: String = Sentences::new(7, 60, Opening::Bare).collect();
        assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
        assert!(text.ends_with('.'), "{text}");
        assert!(!text.contains(".."), "{text}");
    }

    proptest! {
        #[test]
        fn a_text_has_exactly_the_tokens_asked_for(seed in any::<u64>(), space in any::<bool>(), length in 1u32..200, cap in 1u64..200) {
            let opening = if space { Opening::Space } else { Opening::Bare };
            let plan = Plan::sentences(seed, opening, length, cap, &[], |_| 0);
            let expected = u64::from(length).min(cap);
            prop_assert_eq!(plan.tokens, expected);
            prop_assert_eq!(plan.ending == Ending::Length, cap < u64::from(length));
            let text = plan.into_text();
            for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
                prop_assert_eq!(tokens::count(encoding, &text), expected, "{}", text);
            }
        }

        #[test]
        fn pieces_make_the_whole(seed in any::<u64>(), length in 1u32..100, step in 1u32..9) {
            let mut plan = Plan::sentences(seed, Opening::Bare, length, 1_000, &[], |_| 0);
            let whole = plan.clone().into_text();
            let mut text = String::new();
            while !plan.script.is_done() {
                prop_assert!(plan.script.take(step, &mut text) > 0);
            }
            prop_assert_eq!(text, whole);
        }
    }

    #[test]
    fn a_stop_text_ends_the_answer_and_is_left_out() {
        let whole = Plan::sentences(3, Opening::Bare, 80, 1_000, &[], |_| 0).into_text();
        let plan = Plan::sentences(3, Opening::Bare, 80, 1_000, &[".", "never there"], |text| {
            tokens::count(Encoding::O200kBase, text)
        });
        let expected = whole.split('.').next().unwrap();
        assert_eq!(plan.tokens, tokens::count(Encoding::O200kBase, expected));
        assert_eq!(plan.ending, Ending::Stop);
        assert_eq!(plan.into_text(), expected);
    }

    #[test]
    fn fixed_texts_are_cut_at_the_cap() {
        let count = |text: &str| tokens::count(Encoding::O200kBase, text);
        let text = r#"{"answer":"The small answer gives a clear example.","number":1}"#;
        assert_eq!(Plan::fixed(text, 100, count).into_text(), text);
        let cut = Plan::fixed(text, 5, count);
        assert_eq!(cut.ending, Ending::Length);
        assert!(cut.tokens <= 5);
        assert!(text.starts_with(&cut.into_text()));
    }
}
