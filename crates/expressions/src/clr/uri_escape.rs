//! Percent-encoding as `System.Uri` and `System.Net.WebUtility` do it.
//!
//! Text flows in, escaped or unescaped text flows out. Text must be well-formed: a lone surrogate is the caller's to refuse.

/// `A-Z a-z 0-9 - . _ ~`
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986's delimiters.
pub(crate) fn is_reserved(byte: u8) -> bool {
    b":/?#[]@!$&'()*+,;=".contains(&byte)
}

fn push_escaped(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    for nibble in [byte >> 4, byte & 15] {
        out.push(
            DIGITS
                .get(usize::from(nibble))
                .copied()
                .unwrap_or(b'0')
                .into(),
        );
    }
}

fn escape(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if keep(byte) {
            out.push(byte.into());
        } else {
            push_escaped(&mut out, byte);
        }
    }
    out
}

/// `Uri.EscapeDataString`
pub fn escape_data(text: &str) -> String {
    escape(text, is_unreserved)
}

/// `Uri.EscapeUriString`: reserved characters stay, `%` does not.
pub fn escape_uri(text: &str) -> String {
    escape(text, |b| is_unreserved(b) || is_reserved(b))
}

/// The escaped form of a part of a URI: what is escaped already stays so, escaped unreserved characters are restored.
pub(crate) fn escape_part(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    let mut i = 0;
    while let Some(byte) = bytes.get(i).copied() {
        i += 1;
        match byte {
            b'%' => match hex_pair(bytes.get(i..i + 2)) {
                Some(decoded) => {
                    if is_unreserved(decoded) {
                        out.push(decoded.into());
                    } else {
                        out.push_str(text.get(i - 1..i + 2).unwrap_or_default());
                    }
                    i += 2;
                }
                None => push_escaped(&mut out, byte),
            },
            _ if is_unreserved(byte) || is_reserved(byte) => out.push(byte.into()),
            _ => push_escaped(&mut out, byte),
        }
    }
    out
}

/// Whether a URI needs no escaping: international characters may stand for themselves, brackets only around an address.
pub(crate) fn is_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    let host_end = text.find("://").map_or(0, |at| {
        text.get(at + 3..)
            .and_then(|rest| rest.find('/'))
            .map_or(text.len(), |slash| at + 3 + slash)
    });
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => hex_pair(bytes.get(at + 1..at + 3)).is_some(),
        b'[' | b']' => at < host_end,
        _ => !byte.is_ascii() || is_unreserved(*byte) || is_reserved(*byte),
    })
}

/// The escaped form of a path: `?` and `#` would end it, so they are escaped too.
pub fn escape_path(text: &str) -> String {
    escape_part(text).replace('?', "%3F").replace('#', "%23")
}

fn hex_pair(pair: Option<&[u8]>) -> Option<u8> {
    let [high, low] = pair? else { return None };
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Restores all that is not ASCII.
pub(crate) fn unescape_international(text: &str) -> String {
    unescape_where(text, |c| !c.is_ascii())
}

/// Restores escaped UTF-8 sequences whose characters `allow` lets through; all else stays as written.
fn unescape_where(text: &str, allow: impl Fn(char) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let mut plain = 0; // start of text not yet copied
    while i < bytes.len() {
        if bytes.get(i) != Some(&b'%') {
            i += 1;
            continue;
        }
        let Some((c, length)) = escaped_char(bytes, i).filter(|(c, _)| allow(*c)) else {
            i += 1;
            continue;
        };
        out.push_str(text.get(plain..i).unwrap_or_default());
        out.push(c);
        i += length;
        plain = i;
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out
}

/// The character escaped at a position, and how much text its escape takes.
fn escaped_char(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let byte = |n: usize| -> Option<u8> {
        let start = at + n * 3;
        (bytes.get(start) == Some(&b'%')).then(|| hex_pair(bytes.get(start + 1..start + 3)))?
    };
    let first = byte(0)?;
    let length = match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut buffer = Vec::with_capacity(4);
    for n in 0..length {
        buffer.push(byte(n)?);
    }
    let c = std::str::from_utf8(&buffer).ok()?.chars().next()?;
    Some((c, length * 3))
}

/// `Uri.UnescapeDataString`: everything that decodes.
pub fn unescape_data(text: &str) -> String {
    unescape_where(text, |_| true)
}

/// The display form of `Uri.ToString()`: delimiters, `%`, `\` and control characters stay escaped.
pub(crate) fn unescape_for_display(text: &str) -> String {
    unescape_where(text, |c| {
        let dangerous = c.is_control()
            || c == '%'
            || c == '\\'
            || u8::try_from(c as u32).is_ok_and(is_reserved);
        !dangerous
    })
}

/// `WebUtility.UrlEncode`: blanks become `+`.
pub fn url_encode(text: &str) -> String {
    url_encode_bytes(text.as_bytes())
}

/// `WebUtility.UrlEncodeToBytes`, as ASCII text.
pub fn url_encode_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 4);
    for byte in bytes.iter().copied() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            _ => push_escaped(&mut out, byte),
        }
    }
    out
}

/// `WebUtility.UrlDecode`: `+` becomes a blank, bytes that are no UTF-8 become U+FFFD.
pub fn url_decode(text: &str) -> String {
    String::from_utf8_lossy(&url_decode_bytes(text.as_bytes())).into_owned()
}

/// `WebUtility.UrlDecodeToBytes`
pub fn url_decode_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(byte) = bytes.get(i).copied() {
        i += 1;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match hex_pair(bytes.get(i..i + 2)) {
                Some(decoded) => {
                    out.push(decoded);
                    i += 2;
                }
                None => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping() {
        assert_eq!(
            escape_data("a b&c=d/é+~!*'()"),
            "a%20b%26c%3Dd%2F%C3%A9%2B~%21%2A%27%28%29"
        );
        assert_eq!(escape_uri("a b&c=d/é+%20"), "a%20b&c=d/%C3%A9+%2520");
        assert_eq!(escape_part("/a%2Fb c%41%zz"), "/a%2Fb%20cA%25zz");
        assert_eq!(
            url_encode("a b&c=d/é+~!*'()"),
            "a+b%26c%3Dd%2F%C3%A9%2B%7E!*%27()"
        );
    }

    #[test]
    fn unescaping() {
        assert_eq!(unescape_data("a%20b+c%C3%A9%2F"), "a b+cé/");
        assert_eq!(unescape_data("%zz%"), "%zz%");
        assert_eq!(unescape_data("%C3x%ff%E2%82%AC"), "%C3x%ff€");
        assert_eq!(unescape_for_display("/a%2Fb%20c%C3%A9%25"), "/a%2Fb cé%25");
        assert_eq!(url_decode("a+b%20c%C3%A9%"), "a b cé%");
    }
}
