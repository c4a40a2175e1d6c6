//! Prints a tree: in flows a [`Document`], out flows text that reads back as the same tree.
//!
//! Expressions are printed as plain C# where that reads back, escaped where not. Spelling that means nothing (white
//! space in tags, which references were used) is not kept.

use crate::placeholders::opens;
use crate::references::Decoding;
use crate::scan_csharp::{Cursor, Plain, Scanner, StopAt, is_space};
use crate::text::{Text, TextKind};
use crate::tree::{Document, Element, Node};

/// The document as text. Reading it again gives the same names, attributes, decoded texts, kinds and comments.
pub fn print(document: &Document) -> String {
    let mut printer = Printer {
        out: String::with_capacity(document.file.text().len()),
        scanner: Scanner::default(),
    };
    for node in &document.prolog {
        printer.node(node);
        printer.out.push('\n');
    }
    printer.element(&document.root);
    for node in &document.epilog {
        printer.out.push('\n');
        printer.node(node);
    }
    printer.out.push('\n');
    printer.out
}

struct Printer {
    out: String,
    scanner: Scanner,
}

impl Printer {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Element(element) => self.element(element),
            Node::Text(text) if text.is_cdata() => self.cdata(text.value()),
            Node::Text(text) => self.text(text, None),
            Node::Comment { text, .. } => {
                self.out.push_str("<!--");
                self.out.push_str(text);
                self.out.push_str("-->");
            }
            Node::ProcessingInstruction { text, .. } => {
                self.out.push_str("<?");
                self.out.push_str(text);
                self.out.push_str("?>");
            }
        }
    }

    fn element(&mut self, element: &Element) {
        self.out.push('<');
        self.out.push_str(&element.name);
        for attribute in &element.attributes {
            self.out.push(' ');
            self.out.push_str(&attribute.name);
            self.out.push('=');
            self.out.push(attribute.quote);
            self.text(&attribute.value, Some(attribute.quote));
            self.out.push(attribute.quote);
        }
        if element.self_closing && element.children.is_empty() {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        for child in &element.children {
            self.node(child);
        }
        self.out.push_str("</");
        self.out.push_str(&element.name);
        self.out.push('>');
    }

    /// A value in an attribute with this quote, or in an element.
    fn text(&mut self, text: &Text, quote: Option<char>) {
        let value = text.value();
        let body = value.trim_start_matches(is_space);
        let lead = value.len() - body.len();
        let (lead, body) = (value.get(..lead).unwrap_or_default(), body);
        if text.kind() == TextKind::Literal {
            escape(&mut self.out, lead, quote.is_some());
            // Text that only looks like an expression must not be read as one.
            let body = if opens(Plain::new(body, 0)) {
                self.out.push_str("&#64;");
                body.get(1..).unwrap_or_default()
            } else {
                body
            };
            escape(&mut self.out, body, quote.is_some());
            return;
        }
        let code = body.trim_end_matches(is_space);
        let trail = body.get(code.len()..).unwrap_or_default();
        escape(&mut self.out, lead, false);
        if self.reads_back_raw(code, quote.is_none()) {
            self.out.push_str(code);
        } else {
            self.escaped(code, quote.is_none());
        }
        escape(&mut self.out, trail, false);
    }

    fn reads_back_raw(&mut self, code: &str, in_element: bool) -> bool {
        let stop = StopAt {
            references: true,
            cdata: in_element,
        };
        !code.contains('\r')
            && self
                .scanner
                .scan(Plain::new(code, 0), stop, None)
                .is_ok_and(|end| end.offset() == code.len())
    }

    /// All that XML knows is escaped, and where that leaves no mark of it in the code, the last bracket too.
    fn escaped(&mut self, code: &str, in_element: bool) {
        let mut text = String::with_capacity(code.len() + code.len() / 4);
        let (opener, rest) = code.split_at_checked(2).unwrap_or((code, ""));
        text.push_str(opener);
        escape(&mut text, rest, false);
        let stop = StopAt {
            references: true,
            cdata: in_element,
        };
        let unmarked = self.scanner.scan(Plain::new(&text, 0), stop, None).is_ok();
        let read = self
            .scanner
            .scan(Decoding::new(&text, 0), StopAt::NOTHING, None)
            .is_ok_and(|end| end.offset() == text.len());
        if unmarked && read {
            let bracket = text.pop();
            text.push_str(if bracket == Some(')') {
                "&#41;"
            } else {
                "&#125;"
            });
        }
        self.out.push_str(&text);
    }

    /// A CDATA section, parted where the text holds what would end it or a line end it could not hold.
    fn cdata(&mut self, value: &str) {
        self.out.push_str("<![CDATA[");
        let mut at = 0;
        for (found, what) in value.match_indices(['\r', '>']) {
            let part = value.get(at..found).unwrap_or_default();
            self.out.push_str(part);
            at = found;
            if what == "\r" {
                self.out.push_str("]]>&#13;<![CDATA[");
                at = found + 1;
            } else if value
                .get(..found)
                .is_some_and(|before| before.ends_with("]]"))
            {
                self.out.push_str("]]><![CDATA[");
            }
        }
        self.out.push_str(value.get(at..).unwrap_or_default());
        self.out.push_str("]]>");
    }
}

/// Escapes markup and quotes, and white space that reading would change.
fn escape(out: &mut String, text: &str, attribute: bool) {
    let mut at = 0;
    for (index, byte) in text.bytes().enumerate() {
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&apos;",
            b'\r' => "&#13;",
            b'\n' if attribute => "&#10;",
            b'\t' if attribute => "&#9;",
            _ => continue,
        };
        out.push_str(text.get(at..index).unwrap_or_default());
        out.push_str(replacement);
        at = index + 1;
    }
    out.push_str(text.get(at..).unwrap_or_default());
}
