//! The reader's lexical part: white space, comments, words, strings and the extent of numbers.

use std::borrow::Cow;

use super::super::bytes::{equal, find_either, plain_before, text};
use super::super::error::Result;
use super::Parser;

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    /// The text from `start` to the reader's place.
    pub(super) fn slice(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// NUL counts as white space here, as in Json.NET's buffer.
    pub(super) fn skip_white_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' | 0 | 0x0b | 0x0c => self.at += 1,
                0..=0x7f => return,
                _ => match self.peek_char() {
                    Some(c) if c.is_whitespace() => self.at += c.len_utf8(),
                    _ => return,
                },
            }
        }
    }

    /// Takes `word` if it stands here followed by a separator; stops at the first character that differs.
    pub(super) fn matches_word(&mut self, word: &str) -> Result<bool> {
        let bytes = self.text.as_bytes();
        if bytes.len() - self.at < word.len() {
            self.at = bytes.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Ok(false);
            }
            self.at += 1;
        }
        Ok(match self.peek() {
            None | Some(b'}' | b']' | b',' | 0) => true,
            Some(b')') => self
                .stack
                .last()
                .is_some_and(|f| f.token_type == super::TokenType::Constructor),
            Some(b'/') => matches!(bytes.get(self.at + 1), Some(b'*' | b'/')),
            Some(_) => self.peek_char().is_some_and(char::is_whitespace),
        })
    }

    /// The text of a comment; the reader stands at its `/`.
    pub(super) fn comment_text(&mut self) -> Result<&'a str> {
        self.at += 1;
        let block = match self.peek() {
            Some(b'*') if self.at + 1 < self.text.len() => true,
            Some(b'/') if self.at + 1 < self.text.len() => false,
            None | Some(b'*' | b'/') => {
                return Err(self.error("Unexpected end while parsing comment."));
            }
            Some(_) => {
                let found = self.peek_char().unwrap_or('\0');
                return Err(
                    self.error(&format!("Error parsing comment. Expected: *, got {found}."))
                );
            }
        };
        self.at += 1;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = if block {
            rest.find("*/")
        } else {
            Some(rest.find(['\n', '\r']).unwrap_or(rest.len()))
        };
        let Some(length) = length else {
            self.at = self.text.len();
            return Err(self.error("Unexpected end while parsing comment."));
        };
        self.at = start + length;
        let text = self.slice(start);
        if block {
            self.at += 2;
        }
        Ok(text)
    }

    /// The text of a number: all characters that may occur in any number.
    pub(super) fn number_text(&mut self) -> Result<&'a str> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(
                    b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X',
                ) => self.at += 1,
                None | Some(b',' | b'}' | b']' | b')' | b'/') => return Ok(self.slice(start)),
                Some(_) => {
                    let found = self.peek_char().unwrap_or('\0');
                    // The buffer's NUL ends a number like white space.
                    if found.is_whitespace() || found == '\0' {
                        return Ok(self.slice(start));
                    }
                    return Err(self.error(&format!(
                        "Unexpected character encountered while parsing number: {found}."
                    )));
                }
            }
        }
    }

    /// The content of the string that starts here; borrowed unless it holds escapes.
    pub(super) fn string(&mut self, quote: u8) -> Result<Cow<'a, str>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let rest = bytes.get(start..).unwrap_or_default();
        let Some(length) = find_either(quote, b'\\', rest) else {
            self.at = bytes.len();
            return Err(self.unterminated(quote));
        };
        self.at = start + length;
        let content = self.slice(start);
        if rest.get(length) == Some(&quote) {
            self.at += 1;
            return Ok(Cow::Borrowed(content));
        }
        let mut whole = std::mem::take(&mut self.unescaped);
        whole.clear();
        // Most texts fit at once; the room serves all of a document's.
        whole.reserve(rest.len().min(512));
        whole.extend_from_slice(content.as_bytes());
        self.escaped_string(quote, &mut whole)?;
        Ok(Cow::Owned(text(whole)))
    }

    fn unterminated(&self, quote: u8) -> super::Error {
        self.error(&format!(
            "Unterminated string. Expected delimiter: {}.",
            char::from(quote)
        ))
    }

    /// Goes on with a string at its first escape.
    fn escaped_string(&mut self, quote: u8, content: &mut Vec<u8>) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut rest = bytes.get(self.at..).unwrap_or_default();
        loop {
            rest = take_plain(rest, quote, content);
            match rest {
                [found, behind @ ..] if *found == quote => {
                    self.at = bytes.len() - behind.len();
                    return Ok(());
                }
                [_, letter, behind @ ..] if UNESCAPED[usize::from(*letter)] != 0 => {
                    content.push(UNESCAPED[usize::from(*letter)]);
                    rest = behind;
                }
                [_, b'u', behind @ ..] => {
                    self.at = bytes.len() - behind.len();
                    self.unicode_escape(content)?;
                    rest = bytes.get(self.at..).unwrap_or_default();
                }
                _ => {
                    // Behind the backslash, if there is one.
                    self.at = bytes.len() - rest.len().saturating_sub(1);
                    let Some(escape) = self.peek_char() else {
                        return Err(self.unterminated(quote));
                    };
                    self.at += escape.len_utf8();
                    return Err(self.error(&format!("Bad JSON escape sequence: \\{escape}.")));
                }
            }
        }
    }

    /// The rest of `\uXXXX`, with a second escape where it completes a pair. A half without its other half becomes
    /// U+FFFD.
    fn unicode_escape(&mut self, content: &mut Vec<u8>) -> Result<()> {
        let mut push = |code: Option<char>| {
            let char = code.unwrap_or('\u{fffd}');
            content.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        };
        let mut unit = self.hex_unit()?;
        loop {
            if !(0xd800..0xdc00).contains(&unit) {
                push(char::from_u32(unit));
                return Ok(());
            }
            if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                push(None);
                return Ok(());
            }
            self.at += 2;
            let second = self.hex_unit()?;
            if (0xdc00..0xe000).contains(&second) {
                push(char::from_u32(
                    0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00),
                ));
                return Ok(());
            }
            push(None);
            unit = second;
        }
    }

    fn hex_unit(&mut self) -> Result<u32> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.char_indices().nth(4).map_or(rest.len(), |(at, _)| at);
        let digits = rest.get(..end).unwrap_or_default();
        if digits.chars().count() < 4 {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        }
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.error(&format!("Invalid Unicode escape sequence: \\u{digits}.")));
        }
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).unwrap_or(0xfffd))
    }
}

/// What a letter behind a backslash stands for: 0 where that is an error, or more than a letter.
static UNESCAPED: [u8; 256] = {
    let mut unescaped = [0; 256];
    unescaped[b'b' as usize] = 0x08;
    unescaped[b't' as usize] = b'\t';
    unescaped[b'n' as usize] = b'\n';
    unescaped[b'f' as usize] = 0x0c;
    unescaped[b'r' as usize] = b'\r';
    unescaped[b'\\' as usize] = b'\\';
    unescaped[b'"' as usize] = b'"';
    unescaped[b'\'' as usize] = b'\'';
    unescaped[b'/' as usize] = b'/';
    unescaped
};

/// Moves what stands before the quote or a backslash to `content`; returns the rest.
#[inline]
fn take_plain<'a>(mut text: &'a [u8], quote: u8, content: &mut Vec<u8>) -> &'a [u8] {
    while let Some((word, behind)) = text.split_first_chunk::<8>() {
        content.extend_from_slice(word);
        let plain = plain_before(word, |word| equal(word, quote) | equal(word, b'\\'));
        if plain < 8 {
            content.truncate(content.len() - (8 - plain));
            return text.get(plain..).unwrap_or_default();
        }
        text = behind;
    }
    while let Some((byte, behind)) = text.split_first()
        && *byte != quote
        && *byte != b'\\'
    {
        content.push(*byte);
        text = behind;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::ErrorKind;
    use super::super::super::{Formatting, JToken, TokenType, parse, parse_array, parse_object};
    use super::super::{ReaderOptions, parse_content};

    fn compact(text: &str) -> String {
        parse(text, &ReaderOptions::default())
            .unwrap()
            .to_json(Formatting::None)
    }

    fn message(result: super::Result<JToken>) -> String {
        result.unwrap_err().message.into_owned()
    }

    #[test]
    fn the_lenient_grammar_is_accepted() {
        for (input, output) in [
            ("{'a':1}", r#"{"a":1}"#),
            ("{a$_1:1}", r#"{"a$_1":1}"#),
            (r#"{"a":1,}"#, r#"{"a":1}"#),
            ("[1,2,]", "[1,2]"),
            ("[,]", "[undefined]"),
            ("[1,,2]", "[1,undefined,2]"),
            (r#"{"a":1,"b":0,"a":[2]}"#, r#"{"a":[2],"b":0}"#),
            (r#"{"a":/*x*/1} // c"#, r#"{"a":1}"#),
            (
                "[NaN,-Infinity,undefined]",
                r#"["NaN","-Infinity",undefined]"#,
            ),
            ("new Date(1, 2)", "new Date(1,2)"),
            (
                "\u{a0}\u{feff}1"
                    .trim_start_matches('\u{a0}')
                    .trim_start_matches('\u{feff}'),
                "1",
            ),
            ("'a\nb'", r#""a\nb""#),
            (
                r#""\u0041\ud83d\ude00\ud83d\ud83dx\/\'""#,
                "\"A😀\u{fffd}\u{fffd}x/'\"",
            ),
            ("[.5,1.,-01]", "[0.5,1.0,-1]"),
            ("1e400", "\"Infinity\""),
        ] {
            assert_eq!(compact(input), output, "{input}");
        }
    }

    #[test]
    fn dates_are_found_unless_switched_off() {
        let text = "{\"d\":\"2024-01-02T03:04:05+02:00\"}";
        assert_eq!(compact(text), "{\"d\":\"2024-01-02T01:04:05+00:00\"}");
        let options = ReaderOptions {
            detect_dates: false,
            ..ReaderOptions::default()
        };
        let token = parse(text, &options).unwrap();
        assert_eq!(token.get_str("d").unwrap().token_type(), TokenType::String);
    }

    #[test]
    fn errors_use_json_nets_words_and_places() {
        let o = ReaderOptions::default();
        for (input, expected) in [
            (
                "",
                "Error reading JObject from JsonReader. Path '', line 0, position 0.",
            ),
            (
                "{",
                "Error reading JObject from JsonReader. Path '', line 1, position 1.",
            ),
            (
                "[1]",
                "Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. \
                 Path '', line 1, position 1.",
            ),
            (
                "x",
                "Unexpected character encountered while parsing value: x. Path '', line 0, position 0.",
            ),
            (
                "{\"a\":{\"b\": x}}",
                "Unexpected character encountered while parsing value: x. Path 'a.b', line 1, position 11.",
            ),
            (
                "{\"a\":1",
                "Unexpected end of content while loading JObject. Path 'a', line 1, position 6.",
            ),
            (
                "{\"a\":1}\r\n x",
                "Additional text encountered after finished reading JSON content: x. Path '', line 2, position 1.",
            ),
            (
                "{a}",
                "Invalid JavaScript property identifier character: }. Path '', line 1, position 2.",
            ),
            (
                "{\"a\" 1}",
                "Invalid character after parsing property name. Expected ':' but got: 1. Path '', line 1, position 5.",
            ),
            (
                "{\"a\":1 2}",
                "After parsing a value an unexpected character was encountered: 2. Path 'a', line 1, position 7.",
            ),
            (
                "{\"a\":[1,tru]}",
                "Error parsing boolean value. Path 'a[0]', line 1, position 11.",
            ),
            (
                "{\"a\":12q}",
                "Unexpected character encountered while parsing number: q. Path 'a', line 1, position 7.",
            ),
            (
                "{\"a\":1-2}",
                "Input string '1-2' is not a valid number. Path 'a', line 1, position 8.",
            ),
            (
                "{\"a\":'x",
                "Unterminated string. Expected delimiter: '. Path 'a', line 1, position 7.",
            ),
            (
                "{\"a\":'\\q'}",
                "Bad JSON escape sequence: \\q. Path 'a', line 1, position 8.",
            ),
            (
                "{\"a\":]}",
                "JsonToken EndArray is not valid for closing JsonType Object. Path '', line 1, position 6.",
            ),
        ] {
            assert_eq!(message(parse_object(input, &o)), expected, "{input}");
        }
        assert_eq!(
            message(parse_array("{}", &o)),
            "Error reading JArray from JsonReader. Current JsonReader item is not an array: StartObject. Path '', \
             line 1, position 1."
        );
        let error = parse_content("{", &o).unwrap_err();
        assert_eq!(error.kind, ErrorKind::JsonSerialization);
        assert!(parse_content(" ", &o).unwrap().is_none());
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let options = ReaderOptions {
            max_depth: 3,
            ..ReaderOptions::default()
        };
        assert!(parse("[[[1]]]", &options).is_ok());
        let error = message(parse("[[[[1]]]]", &options));
        assert!(
            error.starts_with("The reader's MaxDepth of 3 has been exceeded."),
            "{error}"
        );
        let hostile = "[".repeat(1_000_000);
        assert!(parse(&hostile, &ReaderOptions::default()).is_err());
    }

    #[test]
    fn integers_beyond_64_bits_are_kept_whole() {
        assert_eq!(
            compact("[12345678901234567890,-9223372036854775808,0xFF]"),
            "[12345678901234567890,-9223372036854775808,255]"
        );
        assert_eq!(
            parse("9223372036854775808", &ReaderOptions::default())
                .unwrap()
                .token_type(),
            TokenType::Integer
        );
    }
}
