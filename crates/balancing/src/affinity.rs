//! Session affinity: opaque tokens that bind a client to a pool member.
//!
//! A pool's and a member's id flow in, a cookie value flows out, and back. The token is a keyed hash: it tells nothing
//! of the backend, cannot be made without the key, and is compared in constant time. It never is a secret itself.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of the hash that a token holds.
const TOKEN_BYTES: usize = 16;

/// The key of a gateway's affinity tokens. Replicas that share it understand each other's cookies.
#[derive(Clone, PartialEq, Eq)]
pub struct AffinityKey([u8; 32]);

impl AffinityKey {
    /// A key of 32 bytes, which should be random.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }
}

impl fmt::Debug for AffinityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AffinityKey(…)")
    }
}

/// The tokens of a pool's members.
#[derive(Debug)]
pub(crate) struct AffinityTokens {
    tokens: Box<[Arc<str>]>,
}

impl AffinityTokens {
    pub(crate) fn new<'a>(
        key: &AffinityKey,
        pool: &str,
        members: impl Iterator<Item = &'a str>,
    ) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
        let token = |member: &str| {
            let mut context = hmac::Context::with_key(&key);
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            context.update(&(pool.len() as u64).to_be_bytes());
            context.update(pool.as_bytes());
            context.update(member.as_bytes());
            let tag = context.sign();
            let short = tag.as_ref().get(..TOKEN_BYTES).unwrap_or(tag.as_ref());
            Arc::from(URL_SAFE_NO_PAD.encode(short))
        };
        Self {
            tokens: members.map(token).collect(),
        }
    }

    pub(crate) fn token(&self, member: usize) -> Option<Arc<str>> {
        self.tokens.get(member).cloned()
    }

    /// The member a token names. Looks at every member, so that the time taken tells nothing.
    pub(crate) fn member(&self, token: &str) -> Option<usize> {
        let mut found = None;
        for (member, own) in self.tokens.iter().enumerate() {
            if constant_time::verify_slices_are_equal(own.as_bytes(), token.as_bytes()).is_ok() {
                found = Some(member);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: u8, pool: &str) -> AffinityTokens {
        AffinityTokens::new(&AffinityKey::new([key; 32]), pool, ["a", "b"].into_iter())
    }

    #[test]
    fn a_token_leads_back_to_its_member_and_only_with_the_same_key_and_pool() {
        let ours = tokens(1, "pool");
        let token = ours.token(1).unwrap();
        assert_eq!(ours.member(&token), Some(1));
        assert_eq!(tokens(1, "pool").member(&token), Some(1));
        assert_eq!(tokens(2, "pool").member(&token), None);
        assert_eq!(tokens(1, "other").member(&token), None);
        for wrong in ["", "b", &token[1..], &format!("{token}x")] {
            assert_eq!(ours.member(wrong), None);
        }
    }

    #[test]
    fn a_token_is_a_valid_cookie_value_and_the_key_is_not_printed() {
        let token = tokens(1, "pool").token(0).unwrap();
        assert!(
            token.len() == 22
                && token
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert!(!format!("{:?}", AffinityKey::new([65; 32])).contains("65"));
    }
}
