//! Text that must not be shown.
//!
//! A thin type rather than one that wipes its memory: secrets are inserted into compiled policies and sent with every
//! request, so what matters is that no formatter, log line or error can print one by accident.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

/// A secret text. `Debug` and `Display` print `***`; [`Secret::expose`] is the only way to the text.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself. What is done with it must not print it.
    pub fn expose(&self) -> &Arc<str> {
        &self.0
    }

    /// Compares without telling by its duration how much of `other` agrees. Lengths are no secret.
    pub fn matches(&self, other: &[u8]) -> bool {
        let own = self.0.as_bytes();
        if own.len() != other.len() {
            return false;
        }
        let difference = own
            .iter()
            .zip(other)
            .fold(0_u8, |difference, (a, b)| black_box(difference | (a ^ b)));
        black_box(difference) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_never_shows_the_text() {
        let secret = Secret::new("sesame");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }

    #[test]
    fn matches_compares_whole_texts() {
        let secret = Secret::new("sesame");
        assert!(secret.matches(b"sesame"));
        assert!(!secret.matches(b"sesamf"));
        assert!(!secret.matches(b"sesam"));
        assert!(!secret.matches(b""));
    }
}
