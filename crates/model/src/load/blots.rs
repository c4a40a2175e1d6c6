//! Secrets in configuration files: found, so that no diagnostic shows them.
//!
//! A tree (or, when a file has no structure, its text) flows in, byte ranges flow out, and a text in which they are
//! blotted out without moving anything.

use std::ops::Range;

use super::tree::{Node, Value};

/// Keys whose values are secrets wherever they stand.
const SECRET_KEYS: [&str; 5] = [
    "primarykey",
    "secondarykey",
    "password",
    "parameter",
    "connectionstring",
];

/// A reference to a secret is none itself.
fn is_reference(text: &str) -> bool {
    text.starts_with("env:")
        || text.starts_with("file:")
        || text.contains("{{")
        || text.contains("{#")
}

/// Collects the places of values that are secrets. `secret` tells whether everything below is one.
pub(crate) fn find_secrets(node: &Node, secret: bool, blots: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if secret && !is_reference(&scalar.text) {
                blots.push(node.origin.range.clone());
            }
        }
        Value::Sequence(items) => {
            for item in items {
                find_secrets(item, secret, blots);
            }
        }
        Value::Mapping(entries) => {
            let marked = node
                .get_text("secret")
                .is_some_and(|text| text.eq_ignore_ascii_case("true"));
            for entry in entries {
                let key = entry.key.value.to_ascii_lowercase();
                let inner = match key.as_str() {
                    "value" => marked,
                    // `credentials.header`, not the header of the key's parameter names.
                    "header" | "query" => {
                        matches!(entry.value.value, Value::Mapping(_))
                            && looks_like_credentials(&entry.value)
                    }
                    key => secret || SECRET_KEYS.contains(&key),
                };
                find_secrets(&entry.value, inner || secret, blots);
            }
        }
    }
}

/// `{ "<name>": ["v1"] }` or `{ name: v1 }`, but not a schema or the like.
fn looks_like_credentials(node: &Node) -> bool {
    node.entries().iter().all(|entry| match &entry.value.value {
        Value::Scalar(_) | Value::Null => true,
        Value::Sequence(items) => items.iter().all(|item| item.as_text().is_some()),
        Value::Mapping(_) => false,
    })
}

/// For a file without structure: what follows a telling key on its line.
pub(crate) fn guess_secrets(text: &str, blots: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        for key in SECRET_KEYS.iter().copied().chain(["value", "key"]) {
            let Some(at) = lower.find(key) else { continue };
            let Some(colon) = lower.get(at..).and_then(|rest| rest.find(':')) else {
                continue;
            };
            let from = start + at + colon + 1;
            let end = start + line.trim_end().len();
            if from < end
                && !text
                    .get(from..end)
                    .is_some_and(|rest| is_reference(rest.trim()))
            {
                blots.push(from..end);
            }
            break;
        }
        start += line.len();
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
