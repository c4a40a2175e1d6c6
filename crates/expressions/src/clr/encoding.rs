//! `System.Text.Encoding`: text to bytes and back.
//!
//! Text or bytes flow in, bytes or text flow out; what an encoding cannot express is replaced as .NET replaces it (`?`, or
//! U+FFFD for bytes that are no text), never an error. A lone surrogate must come in as U+FFFD, which is what .NET writes for it.

use super::{Error, Result};

/// One of the encodings an expression can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `Encoding.UTF8`, also `new UTF8Encoding(bom)`
    Utf8 {
        /// Whether `GetPreamble` gives a byte order mark.
        bom: bool,
    },
    /// `Encoding.ASCII`
    Ascii,
    /// ISO 8859-1
    Latin1,
    /// `Encoding.Unicode`
    Utf16Le,
    /// `Encoding.BigEndianUnicode`
    Utf16Be,
    /// `Encoding.UTF32`
    Utf32Le,
    /// UTF-32, big-endian
    Utf32Be,
    /// `Encoding.UTF7`
    Utf7,
    /// Windows code page 1252
    Windows1252,
}

struct Names {
    encoding: Encoding,
    web_name: &'static str,
    name: &'static str,
    code_page: i32,
    aliases: &'static [&'static str],
}

const NAMES: [Names; 9] = [
    Names {
        encoding: Encoding::Utf8 { bom: true },
        web_name: "utf-8",
        name: "Unicode (UTF-8)",
        code_page: 65001,
        aliases: &[
            "utf8",
            "unicode-1-1-utf-8",
            "unicode-2-0-utf-8",
            "x-unicode-1-1-utf-8",
            "x-unicode-2-0-utf-8",
        ],
    },
    Names {
        encoding: Encoding::Ascii,
        web_name: "us-ascii",
        name: "US-ASCII",
        code_page: 20127,
        aliases: &[
            "ascii",
            "us",
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
            "cp367",
            "csascii",
            "ibm367",
            "iso-ir-6",
            "iso646-us",
            "iso_646.irv:1991",
        ],
    },
    Names {
        encoding: Encoding::Latin1,
        web_name: "iso-8859-1",
        name: "Western European (ISO)",
        code_page: 28591,
        aliases: &[
            "latin1",
            "l1",
            "iso_8859-1",
            "iso8859-1",
            "iso_8859-1:1987",
            "iso-ir-100",
            "cp819",
            "ibm819",
            "csisolatin1",
        ],
    },
    Names {
        encoding: Encoding::Utf16Le,
        web_name: "utf-16",
        name: "Unicode",
        code_page: 1200,
        aliases: &["unicode", "ucs-2", "utf-16le", "iso-10646-ucs-2"],
    },
    Names {
        encoding: Encoding::Utf16Be,
        web_name: "utf-16BE",
        name: "Unicode (Big-Endian)",
        code_page: 1201,
        aliases: &["unicodefffe"],
    },
    Names {
        encoding: Encoding::Utf32Le,
        web_name: "utf-32",
        name: "Unicode (UTF-32)",
        code_page: 12000,
        aliases: &["utf-32le", "ucs-4"],
    },
    Names {
        encoding: Encoding::Utf32Be,
        web_name: "utf-32BE",
        name: "Unicode (UTF-32 Big-Endian)",
        code_page: 12001,
        aliases: &[],
    },
    Names {
        encoding: Encoding::Utf7,
        web_name: "utf-7",
        name: "Unicode (UTF-7)",
        code_page: 65000,
        aliases: &[
            "csunicode11utf7",
            "unicode-1-1-utf-7",
            "unicode-2-0-utf-7",
            "x-unicode-1-1-utf-7",
            "x-unicode-2-0-utf-7",
        ],
    },
    Names {
        encoding: Encoding::Windows1252,
        web_name: "windows-1252",
        name: "Western European (Windows)",
        code_page: 1252,
        aliases: &["x-ansi", "cp1252"],
    },
];

/// Windows-1252 from 0x80 to 0x9f; the five holes keep their C1 control.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

impl Encoding {
    /// `Encoding.GetEncoding(name)`
    ///
    /// # Errors
    /// `ArgumentException` for a name nobody knows.
    pub fn by_name(name: &str) -> Result<Self> {
        let wanted = name.trim();
        NAMES
            .iter()
            .find(|n| n.web_name.eq_ignore_ascii_case(wanted) || n.aliases.iter().any(|a| a.eq_ignore_ascii_case(wanted)))
            .map(|n| n.encoding)
            .ok_or_else(|| {
                Error::argument(
                    &format!("'{name}' is not a supported encoding name. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method."),
                    Some("name"),
                )
            })
    }

    /// `Encoding.GetEncoding(codepage)`; 0 is the default, UTF-8.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside 0 to 65535, `NotSupportedException` for a page nobody knows.
    pub fn by_code_page(code_page: i32) -> Result<Self> {
        if !(0..=65_535).contains(&code_page) {
            return Err(Error::out_of_range(
                "Valid values are between 0 and 65535, inclusive.",
                Some("codepage"),
            ));
        }
        let wanted = if code_page == 0 { 65_001 } else { code_page };
        NAMES.iter().find(|n| n.code_page == wanted).map(|n| n.encoding).ok_or_else(|| {
            Error::new(super::ErrorKind::NotSupported, format!("No data is available for encoding {code_page}. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method."))
        })
    }

    fn names(self) -> Option<&'static Names> {
        let canonical = if matches!(self, Self::Utf8 { .. }) {
            Self::Utf8 { bom: true }
        } else {
            self
        };
        NAMES.iter().find(|n| n.encoding == canonical)
    }

    /// `WebName`
    pub fn web_name(self) -> &'static str {
        self.names().map_or("utf-8", |n| n.web_name)
    }

    /// `EncodingName`
    pub fn display_name(self) -> &'static str {
        self.names().map_or("Unicode (UTF-8)", |n| n.name)
    }

    /// `CodePage`
    pub fn code_page(self) -> i32 {
        self.names().map_or(65001, |n| n.code_page)
    }

    /// `IsSingleByte`
    pub fn is_single_byte(self) -> bool {
        matches!(self, Self::Ascii | Self::Latin1 | Self::Windows1252)
    }

    /// `GetPreamble()`
    pub fn preamble(self) -> &'static [u8] {
        match self {
            Self::Utf8 { bom: true } => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
            Self::Utf32Le => &[0xff, 0xfe, 0, 0],
            Self::Utf32Be => &[0, 0, 0xfe, 0xff],
            _ => &[],
        }
    }

    /// `GetMaxByteCount(chars)`
    pub fn max_byte_count(self, chars: i32) -> i64 {
        let chars = i64::from(chars) + 1;
        match self {
            Self::Utf8 { .. } => chars * 3,
            Self::Ascii | Self::Latin1 | Self::Windows1252 => chars,
            Self::Utf16Le | Self::Utf16Be => chars * 2,
            Self::Utf32Le | Self::Utf32Be => chars * 4,
            Self::Utf7 => (chars - 1) * 3 + 2,
        }
    }

    /// `GetMaxCharCount(bytes)`
    pub fn max_char_count(self, bytes: i32) -> i64 {
        let bytes = i64::from(bytes);
        match self {
            Self::Utf8 { .. } => bytes + 1,
            Self::Ascii | Self::Latin1 | Self::Windows1252 => bytes,
            Self::Utf16Le | Self::Utf16Be => (bytes + 1) / 2 + 1,
            Self::Utf32Le | Self::Utf32Be => bytes / 2 + 2,
            Self::Utf7 => bytes.max(1),
        }
    }

    /// `GetBytes(text)`
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 { .. } => text.as_bytes().to_vec(),
            Self::Ascii => single_bytes(text, |c| c.is_ascii().then_some(c as u8)),
            Self::Latin1 => single_bytes(text, |c| {
                u8::try_from(c as u32).ok().or_else(|| half_width(c))
            }),
            Self::Windows1252 => single_bytes(text, |c| {
                let low = u8::try_from(c as u32)
                    .ok()
                    .filter(|b| !(0x80..0xa0).contains(b));
                low.or_else(|| {
                    WINDOWS_1252
                        .iter()
                        .position(|w| *w == c)
                        .map(|i| 0x80 + i as u8)
                })
                .or_else(|| half_width(c))
            }),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Utf32Le => text
                .chars()
                .flat_map(|c| (c as u32).to_le_bytes())
                .collect(),
            Self::Utf32Be => text
                .chars()
                .flat_map(|c| (c as u32).to_be_bytes())
                .collect(),
            Self::Utf7 => super::utf7::encode(text),
        }
    }

    /// `GetString(bytes)`
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 { .. } => match std::str::from_utf8(bytes) {
                // Nearly always, and much faster to find out.
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(bytes).into_owned(),
            },
            Self::Ascii => bytes
                .iter()
                .map(|b| if b.is_ascii() { char::from(*b) } else { '?' })
                .collect(),
            Self::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Self::Windows1252 => bytes.iter().map(|b| windows_1252(*b)).collect(),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Utf32Le => utf32(bytes, u32::from_le_bytes),
            Self::Utf32Be => utf32(bytes, u32::from_be_bytes),
            Self::Utf7 => super::utf7::decode(bytes),
        }
    }
}

/// One byte a character; others become `?`, those outside the BMP two of them.
fn single_bytes(text: &str, map: impl Fn(char) -> Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match map(c) {
            Some(byte) => out.push(byte),
            None => out.extend(std::iter::repeat_n(b'?', c.len_utf16())),
        }
    }
    out
}

/// Full-width forms have an ASCII best fit.
fn half_width(c: char) -> Option<u8> {
    match c {
        '！'..='～' => u8::try_from(c as u32 - 0xff01 + 0x21).ok(),
        '\u{3000}' => Some(b' '),
        _ => None,
    }
}

fn windows_1252(byte: u8) -> char {
    byte.checked_sub(0x80)
        .and_then(|i| WINDOWS_1252.get(usize::from(i)))
        .copied()
        .unwrap_or(char::from(byte))
}

fn utf16(bytes: &[u8], read: impl Fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| read(*pair));
    let mut text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

fn utf32(bytes: &[u8], read: impl Fn([u8; 4]) -> u32) -> String {
    let (quads, rest) = bytes.as_chunks::<4>();
    let mut text: String = quads
        .iter()
        .map(|quad| char::from_u32(read(*quad)).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    const UTF8: Encoding = Encoding::Utf8 { bom: true };

    #[test]
    fn texts_become_bytes() {
        assert_eq!(
            UTF8.encode("é€😀"),
            [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]
        );
        assert_eq!(Encoding::Ascii.encode("aé😀"), b"a???");
        assert_eq!(Encoding::Latin1.encode("é€Ａ"), [0xe9, b'?', b'A']);
        assert_eq!(Encoding::Windows1252.encode("€é"), [0x80, 0xe9]);
        assert_eq!(Encoding::Utf16Le.encode("A"), [0x41, 0]);
        assert_eq!(Encoding::Utf16Be.encode("A"), [0, 0x41]);
        assert_eq!(Encoding::Utf32Le.encode("A"), [0x41, 0, 0, 0]);
    }

    #[test]
    fn bytes_become_text_whatever_they_are() {
        assert_eq!(UTF8.decode(&[0xff, 0x41]), "\u{fffd}A");
        assert_eq!(UTF8.decode(&[0xef, 0xbb, 0xbf, 0x41]), "\u{feff}A");
        assert_eq!(Encoding::Ascii.decode(&[0xe9]), "?");
        assert_eq!(Encoding::Windows1252.decode(&[0x80, 0xe9, 0x9f]), "€éŸ");
        assert_eq!(
            Encoding::Utf16Le.decode(&[0x00, 0xd8, 0x41, 0x00, 0x01]),
            "\u{fffd}A\u{fffd}"
        );
        assert_eq!(
            Encoding::Utf32Be.decode(&[0, 0, 0, 0x41, 0, 0x11, 0, 0]),
            "A\u{fffd}"
        );
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(Encoding::by_name("ISO-8859-1"), Ok(Encoding::Latin1));
        assert_eq!(Encoding::by_name("UTF-8"), Ok(UTF8));
        assert_eq!(
            Encoding::by_name("nope").unwrap_err().kind,
            ErrorKind::Argument
        );
        assert_eq!(Encoding::by_code_page(1252), Ok(Encoding::Windows1252));
        assert_eq!(
            Encoding::by_code_page(1253).unwrap_err().kind,
            ErrorKind::NotSupported
        );
        assert_eq!(Encoding::Utf8 { bom: false }.web_name(), "utf-8");
        assert_eq!(UTF8.display_name(), "Unicode (UTF-8)");
    }
}
