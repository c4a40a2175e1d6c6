//! UTF-7 as `Encoding.UTF7` writes and reads it (RFC 2152).
//!
//! Text or bytes flow in, bytes or text flow out; malformed input is read as .NET reads it, never an error.

/// What is written as itself: set D of RFC 2152 and white space. Set O is escaped.
fn is_direct(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '\t' | '\n' | '\r' | ' ' | '\'' | '(' | ')' | ',' | '-' | '.' | '/' | ':' | '?'
        )
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(value: u32) -> u8 {
    ALPHABET.get((value & 63) as usize).copied().unwrap_or(b'A')
}

fn value_of(byte: u8) -> Option<u32> {
    ALPHABET.iter().position(|b| *b == byte).map(|i| i as u32)
}

pub(crate) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    // Bits waiting for a full digit, and how many; `None` outside a Base64 run.
    let mut run: Option<(u32, u32)> = None;
    for c in text.chars() {
        if is_direct(c) {
            if let Some((bits, count)) = run.take() {
                if count > 0 {
                    out.push(digit(bits << (6 - count)));
                }
                // A character that could belong to the run needs the run's end spelled out.
                if c == '-' || value_of(c as u8).is_some() {
                    out.push(b'-');
                }
            }
            out.push(c as u8);
        } else if run.is_none() && c == '+' {
            out.extend_from_slice(b"+-");
        } else {
            let mut buffer = [0; 2];
            let (mut bits, mut count) = run.unwrap_or_else(|| {
                out.push(b'+');
                (0, 0)
            });
            for unit in c.encode_utf16(&mut buffer) {
                bits = bits << 16 | u32::from(*unit);
                count += 16;
                while count >= 6 {
                    count -= 6;
                    out.push(digit(bits >> count));
                    bits &= (1 << count) - 1;
                }
            }
            run = Some((bits, count));
        }
    }
    if let Some((bits, count)) = run {
        if count > 0 {
            out.push(digit(bits << (6 - count)));
        }
        out.push(b'-');
    }
    out
}

pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(bytes.len());
    let mut run: Option<(u32, u32)> = None;
    let mut fresh = false;
    for byte in bytes {
        let Some((bits, count)) = run else {
            if *byte == b'+' {
                run = Some((0, 0));
                fresh = true;
            } else {
                units.push(u16::from(*byte));
            }
            continue;
        };
        if let Some(value) = value_of(*byte) {
            let (mut bits, mut count) = (bits << 6 | value, count + 6);
            if count >= 16 {
                count -= 16;
                units.push((bits >> count) as u16);
                bits &= (1 << count) - 1;
            }
            run = Some((bits, count));
        } else {
            run = None;
            match *byte {
                b'-' if fresh => units.push(u16::from(b'+')),
                b'-' => {}
                other => units.push(u16::from(other)),
            }
        }
        fresh = false;
    }
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_2152_examples() {
        assert_eq!(encode("Hi Mom ☺!"), b"Hi Mom +JjoAIQ-");
        assert_eq!(decode(b"A+ImIDkQ."), "A≢Α.");
        assert_eq!(encode("1+1"), b"1+-1");
        assert_eq!(decode(b"1+-1"), "1+1");
    }

    #[test]
    fn every_text_round_trips() {
        for text in ["é€😀", "a\u{7f}b~", "", "日本語-x", "+++", "x=1&y=ü"] {
            assert_eq!(decode(&encode(text)), text);
        }
    }
}
