//! XML trees to text, the way `XNode.ToString()` prints them.

use std::borrow::Cow;

use super::names::{Name, XML_NAMESPACE, XMLNS_NAMESPACE};
use super::node::XNode;
use super::tree::{Declaration, Id, Kind, NONE, Nodes};
use crate::forest::work;
use crate::value::Str;

impl Declaration {
    /// `<?xml version="1.0" …?>` with the parts that are there.
    pub fn to_text(&self) -> String {
        let mut out = String::from("<?xml");
        for (name, part) in [
            ("version", &self.version),
            ("encoding", &self.encoding),
            ("standalone", &self.standalone),
        ] {
            if let Some(part) = part {
                out.push_str(&format!(" {name}=\"{part}\""));
            }
        }
        out.push_str("?>");
        out
    }
}

impl XNode {
    /// `ToString()`; indented by two spaces unless `raw`. A document's declaration is not part of it, and characters that XML
    /// forbids are written as they are. Raw text is about as long as the tree is large; for indented text see
    /// [`XNode::to_xml_within`].
    pub fn to_xml(&self, raw: bool) -> String {
        self.print(raw, usize::MAX, false).0
    }

    /// `OuterXml` of `XmlNode`: raw, line ends and tabs as they are.
    ///
    /// # Errors
    /// The first UTF-16 unit that is half of a surrogate pair.
    pub fn to_dom_xml(&self) -> Result<String, u16> {
        let (text, forbidden, _) = self.print(true, usize::MAX, true);
        match (text, forbidden) {
            (_, Some(unit)) if (0xd800..0xe000).contains(&unit) => Err(unit),
            (text, _) => Ok(text),
        }
    }

    /// [`XNode::to_xml`], unless the text would be longer than `most` bytes, as deep trees indent to much text, or has
    /// characters that XML forbids.
    ///
    /// # Errors
    /// Why there is no text.
    pub fn to_xml_within(&self, raw: bool, most: usize) -> Result<String, Unwritten> {
        let (text, forbidden, redefined) = self.print(raw, most, false);
        if redefined {
            return Err(Unwritten::Redefined);
        }
        match (text, forbidden) {
            (text, _) if text.len() > most => Err(Unwritten::TooLong),
            (_, Some(unit)) => Err(Unwritten::Character(unit)),
            (text, None) => Ok(text),
        }
    }

    /// The text, possibly cut off behind `most` bytes, and the first forbidden UTF-16 unit in it.
    fn print(&self, raw: bool, most: usize, dom: bool) -> (String, Option<u16>, bool) {
        self.read(|nodes, id| {
            let mut writer = Writer {
                nodes,
                raw,
                dom,
                most,
                out: String::new(),
                forbidden: None,
                redefined: false,
                scope: Vec::new(),
                used: 0,
            };
            // A node inside a tree is printed with the prefixes of its surroundings, which it then declares itself.
            writer.scope_of_ancestors(nodes.get(id).parent);
            if let Kind::Attribute { name, value } = &nodes.get(id).kind {
                writer.attribute(name, value, &mut Vec::new(), &mut Vec::new());
                let text = writer.out.trim_start().to_owned();
                return (text, writer.forbidden, false);
            }
            writer.tree(id);
            work(writer.out.len() / 64);
            (writer.out, writer.forbidden, writer.redefined)
        })
    }
}

/// Why a tree has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// It would be longer than allowed.
    TooLong,
    /// This UTF-16 unit is no character of XML.
    Character(u16),
    /// An element needs a prefix that one of its own attributes declares for another namespace.
    Redefined,
}

/// The first UTF-16 unit that XML cannot hold.
fn forbidden(text: &Str) -> Option<u16> {
    let is_fine =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
    match text.as_str() {
        Some(text) => text
            .chars()
            .find(|c| !is_fine(c))
            .and_then(|c| u16::try_from(u32::from(c)).ok()),
        None => char::decode_utf16(text.units().iter().copied()).find_map(|unit| match unit {
            Ok(c) if is_fine(&c) => None,
            Ok(c) => u16::try_from(u32::from(c)).ok(),
            Err(alone) => Some(alone.unpaired_surrogate()),
        }),
    }
}

/// An element or document whose content is being written.
struct Open {
    id: Id,
    next: usize,
    /// Text was written in it or around it, so nothing may be indented.
    mixed: bool,
    scope: usize,
    /// [`Writer::used`] outside of it.
    used: usize,
    tag: String,
}

struct Writer<'a> {
    nodes: &'a Nodes,
    raw: bool,
    /// Line ends stay as they are.
    dom: bool,
    /// Writing stops when the text is longer.
    most: usize,
    out: String,
    forbidden: Option<u16>,
    /// See [`Unwritten::Redefined`].
    redefined: bool,
    /// Innermost last.
    scope: Vec<Declared>,
    /// How many prefixes .NET's writer keeps for the open elements, each anew per element that uses it: made-up
    /// prefixes are numbered by it.
    used: usize,
}

/// What a prefix stands for.
struct Declared {
    prefix: Str,
    namespace: Str,
    /// In the text itself, not only around the node that is printed.
    written: bool,
}

impl Writer<'_> {
    fn scope_of_ancestors(&mut self, mut id: Id) {
        let mut levels = Vec::new();
        while id != NONE {
            levels.push(id);
            id = self.nodes.get(id).parent;
        }
        for id in levels.into_iter().rev() {
            self.declare(id, false);
        }
    }

    /// Takes an element's declarations into scope, which are written with it or lie around what is written.
    fn declare(&mut self, id: Id, written: bool) {
        for attribute in self.nodes.attributes(id) {
            if let Kind::Attribute { name, value } = &self.nodes.get(*attribute).kind {
                let prefix = if name.namespace == *XMLNS_NAMESPACE {
                    name.local.clone()
                } else if name.is_declaration() {
                    Str::EMPTY
                } else {
                    continue;
                };
                self.scope.push(Declared {
                    prefix,
                    namespace: value.clone(),
                    written,
                });
            }
        }
    }

    /// The namespace a prefix stands for.
    fn lookup(&self, prefix: &Str) -> Option<&Str> {
        let found = self
            .scope
            .iter()
            .rev()
            .find(|known| known.prefix == *prefix);
        found.map(|known| &known.namespace)
    }

    /// Whether the text written so far gives a prefix that meaning.
    fn is_written(&self, prefix: &Str, namespace: &Str) -> bool {
        let written = self.scope.iter().rev().filter(|known| known.written);
        let found = written
            .into_iter()
            .find(|known| known.prefix == *prefix)
            .map(|known| &known.namespace);
        match found {
            Some(found) => found == namespace,
            None => *prefix == *"xml" || (prefix.is_empty() && namespace.is_empty()),
        }
    }

    /// A prefix for a namespace, not hidden by an inner declaration.
    fn prefix(&self, namespace: &Str, default_allowed: bool) -> Option<Str> {
        if *namespace == *XML_NAMESPACE {
            return Some("xml".into());
        }
        let fits = |known: &&Declared| {
            known.namespace == *namespace
                && (default_allowed || !known.prefix.is_empty())
                && self
                    .lookup(&known.prefix)
                    .is_some_and(|found| found == namespace)
        };
        let found = self.scope.iter().rev().find(fits);
        found.map(|known| known.prefix.clone())
    }

    fn new_line(&mut self, depth: usize) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    fn tree(&mut self, root: Id) {
        let mut open: Vec<Open> = Vec::new();
        let mut current = Some(root);
        loop {
            if let Some(id) = current.take() {
                self.node(id, &mut open);
            }
            if self.out.len() > self.most {
                return;
            }
            let Some(container) = open.last_mut() else {
                return;
            };
            match self.nodes.get(container.id).children.get(container.next) {
                Some(child) => {
                    container.next += 1;
                    current = Some(*child);
                }
                None => {
                    let Some(closed) = open.pop() else { return };
                    let has_nodes = !self.nodes.get(closed.id).children.is_empty();
                    if !closed.tag.is_empty() {
                        if has_nodes && !closed.mixed && !self.raw {
                            self.new_line(element_depth(&open));
                        }
                        self.out.push_str("</");
                        self.out.push_str(&closed.tag);
                        self.out.push('>');
                    }
                    self.scope.truncate(closed.scope);
                    self.used = closed.used;
                }
            }
        }
    }

    fn node(&mut self, id: Id, open: &mut Vec<Open>) {
        let inside_text = open.last().is_some_and(|open| open.mixed);
        let depth = element_depth(open);
        let indent = !self.raw && !inside_text;
        let kind = &self.nodes.get(id).kind;
        match kind {
            Kind::Document { .. } => {
                open.push(Open {
                    id,
                    next: 0,
                    mixed: false,
                    scope: self.scope.len(),
                    used: self.used,
                    tag: String::new(),
                });
            }
            Kind::Element {
                name,
                open: has_end_tag,
                ..
            } => {
                if indent {
                    self.new_line(depth);
                }
                let (scope, used) = (self.scope.len(), self.used);
                let tag = self.start(id, name);
                if self.nodes.get(id).children.is_empty() && !has_end_tag {
                    self.out.push_str(" />");
                    self.scope.truncate(scope);
                    self.used = used;
                } else {
                    self.out.push('>');
                    open.push(Open {
                        id,
                        next: 0,
                        mixed: inside_text,
                        scope,
                        used,
                        tag,
                    });
                }
            }
            Kind::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.mixed = true;
                }
                self.check(text);
                let text = text.to_utf8();
                let text = self.line_ends(&text);
                escape_text(&text, self.dom, &mut self.out);
            }
            Kind::CData(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.mixed = true;
                }
                self.check(text);
                self.out.push_str("<![CDATA[");
                let text = self
                    .line_ends(&text.to_utf8())
                    .replace("]]>", "]]]]><![CDATA[>");
                self.out.push_str(&text);
                self.out.push_str("]]>");
            }
            Kind::Comment(text) => {
                if indent {
                    self.new_line(depth);
                }
                self.check(text);
                let text = format!("<!--{}-->", self.line_ends(&text.to_utf8()));
                self.out.push_str(&text);
            }
            Kind::Instruction { target, data } => {
                if indent {
                    self.new_line(depth);
                }
                self.check(data);
                let space = if data.is_empty() && !self.dom {
                    ""
                } else {
                    " "
                };
                let text = format!("<?{target}{space}{}?>", self.line_ends(&data.to_utf8()));
                self.out.push_str(&text);
            }
            Kind::Attribute { .. } => {}
        }
    }

    /// A start tag up to its closing bracket; gives the tag's name as written.
    fn start(&mut self, id: Id, name: &Name) -> String {
        self.declare(id, true);
        let prefix = if name.namespace.is_empty() {
            Str::EMPTY
        } else {
            let found = self.prefix(&name.namespace, true);
            found.unwrap_or(Str::EMPTY)
        };
        let mut missing = Vec::new();
        let mut used = Vec::new();
        self.count(&prefix, &mut used);
        self.require(&prefix, &name.namespace, &mut missing);
        let tag = if prefix.is_empty() {
            name.local.to_string()
        } else {
            format!("{prefix}:{}", name.local)
        };
        self.out.push('<');
        self.out.push_str(&tag);
        for attribute in self.nodes.attributes(id) {
            if let Kind::Attribute { name, value } = &self.nodes.get(*attribute).kind {
                self.attribute(name, value, &mut missing, &mut used);
            }
        }
        let own = |prefix: &Str| {
            self.nodes.attributes(id).iter().any(|attribute| {
                matches!(&self.nodes.get(*attribute).kind, Kind::Attribute { name, .. }
                    if name.is_declaration()
                        && (name.local == *prefix || prefix.is_empty() && name.namespace.is_empty()))
            })
        };
        self.redefined |= missing.iter().any(|(prefix, _)| own(prefix));
        self.declarations(&missing);
        tag
    }

    fn line_ends<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.dom {
            text.into()
        } else {
            line_ends(text)
        }
    }

    fn check(&mut self, text: &Str) {
        self.forbidden = self.forbidden.or_else(|| forbidden(text));
    }

    /// Counts a prefix, once per element.
    fn count(&mut self, prefix: &Str, used: &mut Vec<Str>) {
        if !used.contains(prefix) {
            used.push(prefix.clone());
            self.used += 1;
        }
    }

    /// A prefix that stands for nothing yet.
    fn made_up(&self) -> Str {
        let first: Str = format!("p{}", self.used).into();
        if self.lookup(&first).is_none() {
            return first;
        }
        let mut numbered = (0usize..).map(|n| Str::from(format!("{first}{n}")));
        numbered
            .find(|prefix| self.lookup(prefix).is_none())
            .unwrap_or(first)
    }

    /// Sees to it that a prefix has its meaning where it is used.
    fn require(&mut self, prefix: &Str, namespace: &Str, missing: &mut Vec<(Str, Str)>) {
        if self.is_written(prefix, namespace) {
            return;
        }
        self.scope.push(Declared {
            prefix: prefix.clone(),
            namespace: namespace.clone(),
            written: true,
        });
        missing.push((prefix.clone(), namespace.clone()));
    }

    /// Declarations that names of the tag need; they stand behind its attributes, the last one needed first.
    fn declarations(&mut self, missing: &[(Str, Str)]) {
        for (prefix, namespace) in missing.iter().rev() {
            let colon = if prefix.is_empty() { "" } else { ":" };
            self.out.push_str(&format!(" xmlns{colon}{prefix}=\""));
            escape_attribute(&namespace.to_utf8(), self.dom, &mut self.out);
            self.out.push('"');
        }
    }

    fn attribute(
        &mut self,
        name: &Name,
        value: &Str,
        missing: &mut Vec<(Str, Str)>,
        used: &mut Vec<Str>,
    ) {
        let written = if name.namespace.is_empty() {
            name.local.to_string()
        } else if name.namespace == *XMLNS_NAMESPACE {
            self.count(&name.local, used);
            format!("xmlns:{}", name.local)
        } else {
            let known = self.prefix(&name.namespace, false);
            let prefix = known.unwrap_or_else(|| self.made_up());
            if prefix != *"xml" {
                self.count(&prefix, used);
            }
            self.require(&prefix, &name.namespace, missing);
            format!("{prefix}:{}", name.local)
        };
        self.out.push_str(&format!(" {written}=\""));
        self.check(value);
        escape_attribute(&value.to_utf8(), self.dom, &mut self.out);
        self.out.push('"');
    }
}

/// Depth at which an end tag is indented: the elements that are still open.
fn element_depth(open: &[Open]) -> usize {
    // Only a document has no tag, and only the outermost can be one.
    let document = open.first().is_some_and(|open| open.tag.is_empty());
    open.len() - usize::from(document)
}

/// A character that XML forbids, as the older writer leaves it.
fn reference(c: char, out: &mut String) {
    out.push_str(&format!("&#x{:X};", u32::from(c)));
}

fn escape_text(text: &str, dom: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' if dom => reference(c, out),
            c => out.push(c),
        }
    }
}

/// Line ends as the writer leaves them: each a line feed.
fn line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text.into()
    }
}

fn escape_attribute(text: &str, dom: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' if !dom => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' if dom => reference(c, out),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Name, XNode, parse_document, parse_element};

    fn pretty(text: &str) -> String {
        parse_element(text, false).unwrap().to_xml(false)
    }

    fn message(text: &str) -> String {
        parse_element(text, false).unwrap_err().to_string()
    }

    #[test]
    fn elements_are_indented_unless_mixed_with_text() {
        assert_eq!(pretty("<a> <b/> </a>"), "<a>\n  <b />\n</a>");
        assert_eq!(pretty("<a>x<b/>y</a>"), "<a>x<b />y</a>");
        assert_eq!(
            pretty("<a><b><c/></b><d>t</d><!--n--></a>"),
            "<a>\n  <b>\n    <c />\n  </b>\n  <d>t</d>\n  <!--n-->\n</a>"
        );
        assert_eq!(pretty("<a></a>"), "<a></a>");
        assert_eq!(pretty("<a><![CDATA[<z>]]></a>"), "<a><![CDATA[<z>]]></a>");
        assert_eq!(
            parse_element("<a> <b/> </a>", true).unwrap().to_xml(false),
            "<a> <b /> </a>"
        );
    }

    #[test]
    fn namespaces_come_back_as_written() {
        let text = "<s:E xmlns:s=\"urn:s\" s:k=\"1\">\n  <s:B>\n    <r xmlns=\"urn:d\" />\n  </s:B>\n</s:E>";
        assert_eq!(pretty(text), text);
        let parent = XNode::element(Name::new("a".into(), "urn:x".into()).unwrap());
        parent
            .append(&XNode::element(
                Name::new("b".into(), "urn:x".into()).unwrap(),
            ))
            .unwrap();
        parent
            .append(&XNode::element(Name::plain("c".into())))
            .unwrap();
        assert_eq!(
            parent.to_xml(true),
            "<a xmlns=\"urn:x\"><b /><c xmlns=\"\" /></a>"
        );
    }

    #[test]
    fn text_and_attributes_are_escaped() {
        let element = XNode::element(Name::plain("a".into()));
        element
            .set_attribute(Name::plain("q".into()), Some("x<y&\"z\"'".into()))
            .unwrap();
        element.append_text(&"x<y&\"z\"".into()).unwrap();
        assert_eq!(
            element.to_xml(false),
            "<a q=\"x&lt;y&amp;&quot;z&quot;'\">x&lt;y&amp;\"z\"</a>"
        );
    }

    #[test]
    fn malformed_text_is_refused() {
        assert!(message("<a>").starts_with(
            "Unexpected end of file has occurred. The following elements are not closed: a."
        ));
        assert_eq!(message(""), "Root element is missing. Line 1, position 1.");
        assert_eq!(
            message("x"),
            "Data at the root level is invalid. Line 1, position 1."
        );
        assert!(
            message("<a></b>").starts_with("The 'a' start tag does not match the end tag of 'b'.")
        );
        assert!(message("<a b='1' b='2'/>").starts_with("'b' is a duplicate attribute name."));
        assert!(message("<a>&nope;</a>").starts_with("Reference to undeclared entity 'nope'."));
        assert!(message("<a/><b/>").starts_with("There are multiple root elements."));
        assert!(
            message("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>")
                .starts_with("For security reasons DTD is prohibited")
        );
        assert!(message(&"<a>".repeat(100_000)).contains("nests more than"));
    }

    #[test]
    fn documents_keep_their_declaration_apart() {
        let document = parse_document(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><a><b>1</b></a>",
            false,
        )
        .unwrap();
        assert_eq!(document.to_xml(true), "<a><b>1</b></a>");
        assert_eq!(
            document.declaration().unwrap().to_text(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
        );
        assert_eq!(document.value(), *"1");
    }

    #[test]
    fn nodes_move_copy_and_compare() {
        let element = parse_element("<a k='v'><b>1</b></a>", false).unwrap();
        let b = element.elements().remove(0);
        let other = XNode::element(Name::plain("o".into()));
        other.append(&b).unwrap();
        b.set_value("2".into()).unwrap();
        assert_eq!(other.to_xml(true), "<o><b>1</b></o>");
        b.remove().unwrap();
        assert_eq!(element.to_xml(true), "<a k=\"v\" />");
        assert!(
            !parse_element("<a/>", false)
                .unwrap()
                .deep_equals(&parse_element("<a></a>", false).unwrap())
        );
    }
}
