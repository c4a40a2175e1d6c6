//! `WebUtility.HtmlEncode` and `HtmlDecode`.
//!
//! Text flows in, text flows out; unknown entities stay as written.

use super::html_entities::character;

/// `WebUtility.HtmlEncode`: markup characters, Latin-1 from U+00A0 and everything outside the BMP.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '\u{a0}'..='\u{ff}' | '\u{10000}'.. => out.push_str(&format!("&#{};", c as u32)),
            _ => out.push(c),
        }
    }
    out
}

/// `WebUtility.HtmlDecode`
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        // An entity ends at the next `;` unless another `&` comes first.
        let body = entity.get(1..).unwrap_or_default();
        let end = body
            .find([';', '&'])
            .filter(|end| body.as_bytes().get(*end) == Some(&b';'));
        match end.and_then(|end| decode_entity(body.get(..end)?).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = body.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

fn decode_entity(name: &str) -> Option<char> {
    if name.len() > 32 {
        return None;
    }
    let Some(number) = name.strip_prefix('#') else {
        return character(name);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).ok()?
        }
        None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok()?,
        _ => return None,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_read_back() {
        assert_eq!(
            encode("<a href=\"x\">é & '</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#233; &amp; &#39;&lt;/a&gt;"
        );
        assert_eq!(encode("€😀"), "€&#128512;");
        assert_eq!(
            decode("&lt;a&gt;&amp;&#39;&eacute;&nbsp;|"),
            "<a>&'é\u{a0}|"
        );
        assert_eq!(
            decode("&#x41;&#65;&nope;&amp &;&#xD800;&a&lt;"),
            "AA&nope;&amp &;&#xD800;&a<"
        );
    }
}
