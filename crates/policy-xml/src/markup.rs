//! Comments, processing instructions and what is refused: in flows the document at a mark, out flow nodes.

use crate::diagnostic::Diagnostic;
use crate::parser::{Reader, is_name_start};
use crate::tree::Node;

impl Reader<'_> {
    pub(crate) fn comment(&mut self) {
        let start = self.at;
        let begin = start + 4;
        let (end, next) = self.closed_by(start, begin, "-->", "comment");
        let text = self.src.get(begin..end).unwrap_or_default();
        if let Some(at) = text.find("--").filter(|_| next > end) {
            self.warn(
                Diagnostic::warning(
                    "double-hyphen-in-comment",
                    "XML allows no `--` inside a comment; other readers refuse this document",
                )
                .at(self.file, begin + at..begin + at + 2),
            );
        }
        self.at = next;
        self.push(Node::Comment {
            text: unix_lines(text),
            span: start..next,
        });
    }

    pub(crate) fn processing_instruction(&mut self) {
        let start = self.at;
        let begin = start + 2;
        let (end, next) = self.closed_by(start, begin, "?>", "processing instruction");
        let text = self.src.get(begin..end).unwrap_or_default();
        let target = text.split(|c: char| c.is_ascii_whitespace()).next();
        let first =
            start == 0 || (start == '\u{FEFF}'.len_utf8() && self.src.starts_with('\u{FEFF}'));
        if target.is_some_and(|target| target.eq_ignore_ascii_case("xml")) && !first {
            self.error(
                "misplaced-declaration",
                "the XML declaration must be the very first thing in the document",
                start..next,
                |d| d.help("remove it, or what stands before it"),
            );
        } else if !text.bytes().next().is_some_and(is_name_start) {
            self.error(
                "malformed-processing-instruction",
                "a processing instruction begins with a name",
                start..begin,
                |d| d,
            );
        }
        self.at = next;
        self.push(Node::ProcessingInstruction {
            text: unix_lines(text),
            span: start..next,
        });
    }

    /// Where what begins at `start` ends, and where to go on.
    fn closed_by(&mut self, start: usize, begin: usize, mark: &str, what: &str) -> (usize, usize) {
        match self.find_text(begin, mark) {
            Some(end) => (end, end + mark.len()),
            None => {
                self.error(
                    "unclosed-markup",
                    format!("the {what} has no closing `{mark}`"),
                    start..begin,
                    |d| d.label("begins here"),
                );
                self.ended_early = true;
                (self.src.len(), self.src.len())
            }
        }
    }

    pub(crate) fn is_doctype(&self, at: usize) -> bool {
        self.bytes
            .get(at..at + 9)
            .is_some_and(|found| found.eq_ignore_ascii_case(b"<!DOCTYPE"))
    }

    pub(crate) fn doctype(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        let mut end = self.src.len();
        for (at, byte) in self.bytes.iter().enumerate().skip(start) {
            match byte {
                b'[' => depth += 1,
                b']' => depth = depth.saturating_sub(1),
                b'>' if depth == 0 => {
                    end = at + 1;
                    break;
                }
                _ => {}
            }
        }
        self.at = end;
        self.error(
            "doctype",
            "a policy document cannot have a document type",
            start..start + 9,
            |d| {
                d.help(
                    "remove `<!DOCTYPE …>`; entities other than the five of XML do not exist here",
                )
            },
        );
    }
}

fn unix_lines(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}
