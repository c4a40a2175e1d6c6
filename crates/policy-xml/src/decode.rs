//! References, line ends and CDATA sections: in flows a range of the document, out flows decoded text with its map.

use std::ops::Range;

use crate::attributes::NAMES_ARE_LITERAL;
use crate::parser::Reader;
use crate::references::{Reference, reference};
use crate::text::TextBuilder;
use crate::values::CDATA;

/// What becomes of references.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum References {
    /// Decoded; whatever else stands at an `&` is an error.
    Strict,
    /// Decoded; whatever else stands at an `&` stays.
    Tolerant,
    /// Left as they stand.
    Verbatim,
}

/// What becomes of line ends and tabs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Keep,
    /// Line ends and tabs become blanks, as in XML attributes.
    Blank,
}

impl Reader<'_> {
    /// Decodes a range of the document that holds no markup.
    pub(crate) fn decode(
        &mut self,
        builder: &mut TextBuilder,
        range: Range<usize>,
        references: References,
        space: Space,
    ) {
        let mut at = range.start;
        let mut kept = at;
        while at < range.end {
            let Some(byte) = self.byte(at) else { break };
            match byte {
                b'\r' => {
                    builder.plain(self.src, kept..at);
                    let end = if space == Space::Blank { " " } else { "\n" };
                    at = builder.line_end(self.src, at, end);
                    kept = at;
                }
                b'\n' | b'\t' if space == Space::Blank => {
                    builder.plain(self.src, kept..at);
                    builder.made(" ", at..at + 1);
                    at += 1;
                    kept = at;
                }
                b'&' if references != References::Verbatim => {
                    if let Some((c, len)) = self.reference(at, references) {
                        builder.plain(self.src, kept..at);
                        builder.made(c.encode_utf8(&mut [0; 4]), at..at + len);
                        at += len;
                        kept = at;
                    } else {
                        at += 1;
                    }
                }
                _ => at += 1,
            }
        }
        builder.plain(self.src, kept..range.end);
    }

    fn reference(&mut self, at: usize, references: References) -> Option<(char, usize)> {
        let found = reference(self.bytes, at);
        if references == References::Tolerant {
            return match found {
                Reference::Char(c, len) => Some((c, len)),
                _ => None,
            };
        }
        match found {
            Reference::Char(c, len) => return Some((c, len)),
            Reference::Unknown(len) => {
                let name = self.src.get(at..at + len).unwrap_or_default().to_owned();
                self.error(
                    "unknown-reference",
                    format!("`{name}` names no character"),
                    at..at + len,
                    |d| {
                        d.help(
                            "XML knows `&amp;` `&lt;` `&gt;` `&quot;` `&apos;` and numbers such as `&#160;`",
                        )
                    },
                );
            }
            Reference::NoCharacter(len) => self.error(
                "unknown-reference",
                "this reference is no character that XML allows",
                at..at + len,
                |d| d,
            ),
            Reference::None => self.error(
                "bare-ampersand",
                "`&` must be written `&amp;`, except in an expression",
                at..at + 1,
                |d| d,
            ),
        }
        None
    }

    /// Decodes text and CDATA sections; says whether there was a section.
    pub(crate) fn character_data(
        &mut self,
        builder: &mut TextBuilder,
        range: Range<usize>,
    ) -> bool {
        let mut at = range.start;
        let mut cdata = false;
        while at < range.end {
            let less = self.find_in(at..range.end, b'<').unwrap_or(range.end);
            self.decode(builder, at..less, References::Strict, Space::Keep);
            if less == range.end {
                break;
            }
            if self.looking_at(less, CDATA) {
                cdata = true;
                let begin = less + CDATA.len();
                let end = self.find_text(begin, "]]>").filter(|end| *end <= range.end);
                builder.map.end_at(begin);
                builder.verbatim(self.src, begin..end.unwrap_or(range.end));
                at = match end {
                    Some(end) => end + 3,
                    None => {
                        self.error(
                            "unclosed-cdata",
                            "the CDATA section has no closing `]]>`",
                            less..begin,
                            |d| d.label("begins here"),
                        );
                        range.end
                    }
                };
            } else {
                let help = if self.looking_at(less + 1, "{{") {
                    NAMES_ARE_LITERAL
                } else {
                    "write `&lt;`, or put the text in a CDATA section `<![CDATA[…]]>`"
                };
                self.error(
                    "stray-less-than",
                    "this `<` begins no tag",
                    less..less + 1,
                    |d| d.help(help),
                );
                builder.plain(self.src, less..less + 1);
                at = less + 1;
            }
        }
        cdata
    }
}
