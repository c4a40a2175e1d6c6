//! `System.Guid`: text forms and .NET's mixed-endian bytes, on [`uuid::Uuid`].
//!
//! Text or bytes flow in, identifiers flow out and back. Random ones are made by the caller, who owns the randomness.

use uuid::Uuid;

use super::{Error, Result};

/// `guid.ToString(format)`: D (also the empty format), N, B, P or X.
///
/// # Errors
/// `FormatException` for any other format.
pub fn format(value: Uuid, format: &str) -> Result<String> {
    Ok(match format {
        "" | "D" | "d" => value.hyphenated().to_string(),
        "N" | "n" => value.simple().to_string(),
        "B" | "b" => format!("{{{}}}", value.hyphenated()),
        "P" | "p" => format!("({})", value.hyphenated()),
        "X" | "x" => {
            let (first, second, third, tail) = value.as_fields();
            let tail: Vec<String> = tail.iter().map(|byte| format!("0x{byte:02x}")).collect();
            format!(
                "{{0x{first:08x},0x{second:04x},0x{third:04x},{{{}}}}}",
                tail.join(",")
            )
        }
        _ => {
            return Err(Error::format(
                "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".",
            ));
        }
    })
}

/// `Guid.Parse(text)`: any of the forms [`format()`] writes, hexadecimal digits in either case.
///
/// # Errors
/// `FormatException`
pub fn parse(text: &str) -> Result<Uuid> {
    let trimmed = text.trim();
    let inner = match trimmed.as_bytes().first() {
        Some(b'{')
            if trimmed
                .get(..3)
                .is_some_and(|head| head.eq_ignore_ascii_case("{0x")) =>
        {
            return parse_x(trimmed);
        }
        Some(b'{') => trimmed
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .filter(|inner| inner.contains('-')),
        Some(b'(') => trimmed
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .filter(|inner| inner.contains('-')),
        _ => Some(trimmed),
    };
    let inner = inner.ok_or_else(unrecognized)?;
    if inner.contains('-') {
        parse_dashed(inner)
    } else if inner.len() == 32 && inner.bytes().all(|b| b.is_ascii_hexdigit()) {
        Uuid::try_parse(inner).map_err(|_| unrecognized())
    } else {
        Err(unrecognized())
    }
}

/// `Guid.ParseExact(text, format)`
///
/// # Errors
/// `FormatException`
pub fn parse_exact(text: &str, form: &str) -> Result<Uuid> {
    let value = parse(text)?;
    let canonical = format(value, form)?;
    // The hexadecimal form may be written with fewer digits.
    let hexadecimal = |t: &str| {
        t.get(..3)
            .is_some_and(|head| head.eq_ignore_ascii_case("{0x"))
    };
    if text.trim().eq_ignore_ascii_case(&canonical)
        || (hexadecimal(&canonical) && hexadecimal(text.trim()))
    {
        Ok(value)
    } else {
        Err(unrecognized())
    }
}

fn unrecognized() -> Error {
    Error::format("Unrecognized Guid format.")
}

fn parse_dashed(text: &str) -> Result<Uuid> {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let shaped = parts.len() == lengths.len()
        && parts.iter().zip(lengths).all(|(part, length)| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())
        });
    if !shaped {
        return Err(Error::format(
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        ));
    }
    Uuid::try_parse(text).map_err(|_| unrecognized())
}

/// `{0x00112233,0x4455,0x6677,{0x88,…}}`; white space anywhere, fewer digits allowed.
fn parse_x(text: &str) -> Result<Uuid> {
    let error = || {
        Error::format(
            "Could not find a comma, or the length between the previous token and the comma was zero (i.e., '0x,'etc.).",
        )
    };
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let body = compact
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix("}}"))
        .ok_or_else(error)?;
    let (head, tail) = body.split_once(",{").ok_or_else(error)?;
    let number = |part: &str, digits: usize| -> Result<u32> {
        let hex = part
            .strip_prefix("0x")
            .or_else(|| part.strip_prefix("0X"))
            .ok_or_else(error)?;
        if hex.is_empty() || hex.len() > digits || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        u32::from_str_radix(hex, 16).map_err(|_| error())
    };
    let (heads, tails): (Vec<&str>, Vec<&str>) =
        (head.split(',').collect(), tail.split(',').collect());
    let [a, b, c] = heads.as_slice() else {
        return Err(error());
    };
    if tails.len() != 8 {
        return Err(error());
    }
    let mut bytes = [0u8; 8];
    for (slot, part) in bytes.iter_mut().zip(tails) {
        *slot = number(part, 2)? as u8;
    }
    Ok(Uuid::from_fields(
        number(a, 8)?,
        number(b, 4)? as u16,
        number(c, 4)? as u16,
        &bytes,
    ))
}

/// `new Guid(bytes)`: the first three fields are little-endian.
///
/// # Errors
/// `ArgumentException` unless there are 16 bytes.
pub fn from_bytes(bytes: &[u8]) -> Result<Uuid> {
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| {
        Error::argument(
            "Byte array for GUID must be exactly 16 bytes long.",
            Some("b"),
        )
    })?;
    Ok(Uuid::from_bytes_le(bytes))
}

/// `guid.ToByteArray()`
pub fn to_bytes(value: Uuid) -> [u8; 16] {
    value.to_bytes_le()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    const TEXT: &str = "00112233-4455-6677-8899-aabbccddeeff";

    #[test]
    fn formats_write_and_read_back() {
        let guid = parse(TEXT).unwrap();
        assert_eq!(
            format(guid, "N").as_deref(),
            Ok("00112233445566778899aabbccddeeff")
        );
        assert_eq!(
            format(guid, "P").as_deref(),
            Ok("(00112233-4455-6677-8899-aabbccddeeff)")
        );
        assert_eq!(
            format(guid, "X").as_deref(),
            Ok("{0x00112233,0x4455,0x6677,{0x88,0x99,0xaa,0xbb,0xcc,0xdd,0xee,0xff}}")
        );
        for form in ["D", "N", "B", "P", "X"] {
            let text = format(guid, form)
                .unwrap()
                .to_uppercase()
                .replace("0X", "0x");
            assert_eq!(parse(&text), Ok(guid), "{form}");
            assert_eq!(parse_exact(&text, form), Ok(guid), "{form}");
        }
        assert_eq!(format(guid, "Z").unwrap_err().kind, ErrorKind::Format);
        assert!(parse_exact("{0x1,0x2,0x3,{0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb}}", "X").is_ok());
        assert_eq!(parse_exact(TEXT, "N").unwrap_err().kind, ErrorKind::Format);
    }

    #[test]
    fn bytes_are_mixed_endian() {
        let guid = parse(TEXT).unwrap();
        assert_eq!(
            to_bytes(guid),
            [
                0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
                0xee, 0xff
            ]
        );
        assert_eq!(from_bytes(&to_bytes(guid)), Ok(guid));
        assert_eq!(from_bytes(&[0; 3]).unwrap_err().kind, ErrorKind::Argument);
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "xyz",
            "",
            "{00112233445566778899aabbccddeeff}",
            "00112233-4455-6677-8899-aabbccddeef",
            "{00112233-4455",
            "🦀",
        ] {
            assert_eq!(parse(text).unwrap_err().kind, ErrorKind::Format, "{text}");
        }
    }
}
