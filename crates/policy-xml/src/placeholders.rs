//! Mentions of named values in code: in flows a cursor standing on a brace, out flows the range of `{{name}}`.

use std::ops::Range;

use crate::scan_csharp::Cursor;

/// A named value's name is at most 256 characters; blanks around it are allowed.
const MAX_PLACEHOLDER: usize = 320;

/// `{{name}}` as the scanner met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundPlaceholder {
    pub(crate) range: Range<usize>,
    pub(crate) inside_interpolated_string: bool,
}

/// Goes on behind a brace in a string or comment, or behind the placeholder it begins.
pub(crate) fn brace_in_text<C: Cursor>(
    cursor: &mut C,
    inside_interpolated_string: bool,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) {
    match placeholder(*cursor) {
        Some(after) => take_placeholder(cursor, after, inside_interpolated_string, placeholders),
        None => cursor.bump(),
    }
}

/// Notes a placeholder and goes on behind it.
pub(crate) fn take_placeholder<C: Cursor>(
    cursor: &mut C,
    after: C,
    inside_interpolated_string: bool,
    placeholders: &mut Option<&mut Vec<FoundPlaceholder>>,
) {
    if let Some(found) = placeholders {
        found.push(FoundPlaceholder {
            range: cursor.offset()..after.offset(),
            inside_interpolated_string,
        });
    }
    *cursor = after;
}

/// Whether this byte may stand in the display name of a named value.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// The cursor behind `{{ name }}` where one stands here.
pub(crate) fn placeholder<C: Cursor>(mut cursor: C) -> Option<C> {
    for _ in 0..2 {
        if cursor.peek() != Some(b'{') {
            return None;
        }
        cursor.bump();
    }
    let blank = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t'));
    let mut left = MAX_PLACEHOLDER;
    while blank(cursor.peek()) && left > 0 {
        cursor.bump();
        left -= 1;
    }
    let before = left;
    while cursor.peek().is_some_and(is_name_byte) && left > 0 {
        cursor.bump();
        left -= 1;
    }
    if left == before {
        return None;
    }
    while blank(cursor.peek()) && left > 0 {
        cursor.bump();
        left -= 1;
    }
    for _ in 0..2 {
        if cursor.peek() != Some(b'}') {
            return None;
        }
        cursor.bump();
    }
    Some(cursor)
}

/// Whether an expression begins here: `@(`, or `@{` that is not `@` before a `{{name}}`.
pub(crate) fn opens<C: Cursor>(mut cursor: C) -> bool {
    if cursor.peek() != Some(b'@') {
        return false;
    }
    cursor.bump();
    match cursor.peek() {
        Some(b'(') => true,
        Some(b'{') => placeholder(cursor).is_none(),
        _ => false,
    }
}
