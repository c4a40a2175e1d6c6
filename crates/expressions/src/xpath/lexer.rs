//! XPath text to tokens.

use super::error;
use crate::runtime::R;
use crate::xml::{is_name_char, is_name_start};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A character that begins nothing.
    Unknown,
    /// `/`, `//`, `|`, `=`, `<=`, `(`, …
    Mark(&'static str),
    Number(f64),
    Text(String),
    /// `name`, `prefix:name`, `prefix:*` (local `*`) or `*` (no prefix, local `*`), and `$name` where the flag is set.
    Name {
        prefix: String,
        local: String,
        variable: bool,
    },
}

/// Longer ones first.
const MARKS: [&str; 20] = [
    "//", "::", "..", "!=", "<=", ">=", "/", "(", ")", "[", "]", "@", ",", "|", "+", "-", "=", "<",
    ">", ".",
];

/// Cuts the whole text.
pub(super) fn tokens(text: &str) -> R<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(space);
    while let Some(c) = rest.chars().next() {
        if c == '\0' {
            // For .NET the text ends here.
            break;
        }
        let token;
        (token, rest) = if c.is_ascii_digit() || (c == '.' && digit_follows(rest)) {
            number(rest)
        } else if c == '"' || c == '\'' {
            let body = rest.get(1..).unwrap_or_default();
            let Some(end) = body.find(c) else {
                return Err(error("This is an unclosed string."));
            };
            (
                Token::Text(body.get(..end).unwrap_or_default().to_owned()),
                body.get(end + 1..).unwrap_or_default(),
            )
        } else if c == '*' {
            let star = Token::Name {
                prefix: String::new(),
                local: "*".to_owned(),
                variable: false,
            };
            (star, rest.get(1..).unwrap_or_default())
        } else if c == '$' || is_name_start(c) {
            name(rest, text)?
        } else if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
            (
                Token::Mark(mark),
                rest.get(mark.len()..).unwrap_or_default(),
            )
        } else {
            (Token::Unknown, rest.get(c.len_utf8()..).unwrap_or_default())
        };
        tokens.push(token);
        rest = rest.trim_start_matches(space);
    }
    Ok(tokens)
}

fn space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn digit_follows(text: &str) -> bool {
    text.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
}

fn number(text: &str) -> (Token, &str) {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut length = digits(text);
    let tail = text.get(length..).unwrap_or_default();
    // `1..2` is no number and a half, but nothing else either.
    if let Some(fraction) = tail.strip_prefix('.') {
        length += 1 + digits(fraction);
    }
    let (number, rest) = text.split_at(length);
    (Token::Number(number.parse().unwrap_or(f64::NAN)), rest)
}

fn name<'a>(text: &'a str, whole: &str) -> R<(Token, &'a str)> {
    let variable = text.starts_with('$');
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let first = word(&mut rest);
    if first.is_empty() {
        return Err(error(format!("'{whole}' has an invalid token.")));
    }
    let (mut prefix, mut local) = (String::new(), first.to_owned());
    if let Some(after) = rest.strip_prefix(':')
        && !after.starts_with(':')
    {
        if let Some(after) = after.strip_prefix('*') {
            (prefix, local, rest) = (local, "*".to_owned(), after);
        } else {
            let mut after = after;
            let second = word(&mut after);
            if second.is_empty() {
                return Err(error(format!("'{whole}' has an invalid qualified name.")));
            }
            (prefix, local, rest) = (local, second.to_owned(), after);
        }
    }
    let token = Token::Name {
        prefix,
        local,
        variable,
    };
    Ok((token, rest))
}

/// Takes a name without colon off the text.
fn word<'a>(text: &mut &'a str) -> &'a str {
    let whole = *text;
    let mut end = 0;
    for (at, c) in whole.char_indices() {
        let fits = if at == 0 {
            is_name_start(c)
        } else {
            is_name_char(c)
        };
        if !fits {
            break;
        }
        end = at + c.len_utf8();
    }
    *text = whole.get(end..).unwrap_or_default();
    whole.get(..end).unwrap_or_default()
}
