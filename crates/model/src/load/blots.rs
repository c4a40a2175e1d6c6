//! Secrets in configuration files: found, so that no diagnostic shows them.
//!
//! A tree (or, when a file has no structure, its text) flows in, byte ranges flow out, and a text in which they are
//! blotted out without moving anything.

use std::ops::Range;

use super::tree::{Entry, Node, Value};

/// Keys below which everything is a secret, wherever they stand.
const SECRET_KEYS: [&str; 5] = [
    "primarykey",
    "secondarykey",
    "password",
    "parameter",
    "connectionstring",
];

/// What stands in `credentials` and is none.
const NO_CREDENTIALS: [&str; 3] = ["certificateids", "certificate", "managedidentity"];

/// Longest word that passes for the scheme of an authorization; what is pasted there together with it is longer.
const MAX_SCHEME: usize = 16;

/// A reference to a secret is none itself.
fn is_reference(text: &str) -> bool {
    text.starts_with("env:")
        || text.starts_with("file:")
        || text.contains("{{")
        || text.contains("{#")
}

/// `https://user:password@host`
fn holds_password(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.contains('@')
    })
}

fn is_scheme(node: &Node) -> bool {
    node.as_text().is_some_and(|text| {
        text.len() <= MAX_SCHEME && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// Collects the places of values that are secrets. `secret` tells whether everything below is one.
pub(crate) fn find_secrets(node: &Node, secret: bool, blots: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if (secret && !is_reference(&scalar.text)) || holds_password(&scalar.text) {
                blots.push(node.origin.range.clone());
            }
        }
        Value::Sequence(items) => {
            for item in items {
                find_secrets(item, secret, blots);
            }
        }
        Value::Mapping(entries) => {
            let named_value = may_be_secret_named_value(node);
            for Entry { key, value } in entries {
                match key.value.to_ascii_lowercase().as_str() {
                    "namedvalues" => find_in_named_values(value, blots),
                    "value" => find_secrets(value, secret || named_value, blots),
                    "credentials" => find_secrets(value, true, blots),
                    key if NO_CREDENTIALS.contains(&key) => find_secrets(value, false, blots),
                    "scheme" if is_scheme(value) => {}
                    key => find_secrets(value, secret || SECRET_KEYS.contains(&key), blots),
                }
            }
        }
    }
}

/// Whether a mapping may be a named value whose text must not be shown: everything that is not known to be shown.
fn may_be_secret_named_value(node: &Node) -> bool {
    match node.get("secret") {
        Some(secret) => !secret
            .as_text()
            .is_some_and(|text| text.eq_ignore_ascii_case("false")),
        None => node.get("displayName").is_some(),
    }
}

/// A collection of named values. Their texts are never shown: one that is written in short may override a secret one,
/// and a misspelt `secret` makes none of it public.
fn find_in_named_values(node: &Node, blots: &mut Vec<Range<usize>>) {
    let named = node.entries().iter().map(|entry| &entry.value);
    for value in named.chain(node.items()) {
        match &value.value {
            Value::Mapping(_) => find_in_named_value(value, blots),
            _ => find_secrets(value, true, blots),
        }
    }
}

fn find_in_named_value(node: &Node, blots: &mut Vec<Range<usize>>) {
    for Entry { key, value } in node.entries() {
        match key.value.to_ascii_lowercase().as_str() {
            "properties" => find_in_named_value(value, blots),
            "name" | "displayname" | "secret" | "tags" | "keyvault" => {
                find_secrets(value, false, blots);
            }
            _ => find_secrets(value, true, blots),
        }
    }
}

/// For a file without structure: every word that is no key. What is a secret cannot be known there, and the shape of a
/// line is enough to see what is wrong with it.
pub(crate) fn guess_secrets(text: &str, blots: &mut Vec<Range<usize>>) {
    let is_structure = |byte: u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'}' | b'[' | b']' | b',' | b'"' | b'\''
        )
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if is_structure(byte) {
            at += 1;
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| is_structure(*byte))
            .unwrap_or(rest.len());
        let end = at + length;
        let word = text.get(at..end).unwrap_or_default();
        let is_mark = !word
            .bytes()
            .any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80);
        let quoted_key =
            matches!(bytes.get(end), Some(b'"' | b'\'')) && bytes.get(end + 1) == Some(&b':');
        let is_key = word.ends_with(':') || quoted_key;
        if !is_mark && !is_key && !matches!(word, "true" | "false" | "null") {
            blots.push(at..end);
        }
        at = end;
    }
}

/// Replaces ranges by asterisks, byte by byte, so that offsets and line breaks stay.
pub(crate) fn blot_out(text: &str, blots: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for blot in blots {
        if let Some(part) = bytes.get_mut(blot.clone()) {
            for byte in part {
                if !matches!(byte, b'\n' | b'\r' | b'"' | b'\'') {
                    *byte = b'*';
                }
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(text: &str) -> String {
        let mut blots = Vec::new();
        guess_secrets(text, &mut blots);
        blot_out(text, &blots)
    }

    #[test]
    fn without_structure_only_keys_and_marks_are_shown() {
        assert_eq!(
            guessed("k: { secret: true, value: \"a b\u{e4}c }\n- x\n\"j\":\"y\", z: http://h:1\n"),
            "k: { secret: true, value: \"* ****  }\n- *\n\"j\":\"*\", z: **********\n"
                .replace("****  }", "**** }")
        );
    }
}
