//! Files as bytes: in flow the bytes of a document, out flows its text, whatever Unicode encoding an editor chose.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceFile};

/// Takes the bytes of a file: UTF-8, or UTF-16 where a byte order mark says so. The mark itself is left out.
///
/// # Errors
/// `invalid-encoding`, at the first byte that is not part of a character.
pub fn source_from_bytes(name: &str, bytes: &[u8]) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(name, rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(name, rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, bytes @ ..] | bytes => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(SourceFile::new(name, text)),
            Err(error) => {
                let at = error.valid_up_to();
                let file = SourceFile::new(name, String::from_utf8_lossy(bytes));
                Err(Box::new(
                    Diagnostic::error("invalid-encoding", "the file is not UTF-8 text")
                        .at(&file, at..at + '\u{FFFD}'.len_utf8())
                        .label("this byte is not part of a character")
                        .help("save the file as UTF-8"),
                ))
            }
        },
    }
}

fn utf16(
    name: &str,
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let decoded: Result<String, _> = char::decode_utf16(units.clone()).collect();
    match decoded {
        Ok(text) if rest.is_empty() => Ok(SourceFile::new(name, text)),
        _ => {
            let good: String = char::decode_utf16(units).map_while(Result::ok).collect();
            let at = good.len();
            let file = SourceFile::new(name, good);
            Err(Box::new(
                Diagnostic::error("invalid-encoding", "the file is not UTF-16 text")
                    .at(&file, at..at)
                    .label("behind this place stands half a character")
                    .help("save the file as UTF-8"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::source_from_bytes;

    #[test]
    fn utf8_and_both_utf16_orders_are_read() {
        for plain in ["<a>ä</a>", "\u{feff}<a>ä</a>"] {
            let plain = source_from_bytes("p", plain.as_bytes()).unwrap();
            assert_eq!(plain.text(), "<a>ä</a>");
        }
        let units: Vec<u16> = "<a>ä</a>".encode_utf16().collect();
        let mut little = vec![0xFF, 0xFE];
        little.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        let mut big = vec![0xFE, 0xFF];
        big.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
        for bytes in [little, big] {
            assert_eq!(source_from_bytes("p", &bytes).unwrap().text(), "<a>ä</a>");
        }
    }

    #[test]
    fn a_byte_that_is_no_character_is_located() {
        let error = source_from_bytes("p", b"<a>\n\xFF</a>").unwrap_err();
        let place = error.place.unwrap();
        assert_eq!(place.file.line_column(place.range.start), (2, 1));
        assert!(source_from_bytes("p", &[0xFF, 0xFE, 0x3C]).is_err());
        assert!(source_from_bytes("p", &[0xFF, 0xFE, 0x00, 0xD8]).is_err());
    }
}
