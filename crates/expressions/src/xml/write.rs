//! XML trees to text, the way `XNode.ToString()` prints them.

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
    /// `ToString()`; indented by two spaces unless `raw`. A document's declaration is not part of it.
    #[cfg(test)]
    pub fn to_xml(&self, raw: bool) -> String {
        self.to_xml_within(raw, usize::MAX).unwrap_or_default()
    }

    /// [`XNode::to_xml`], unless the text would be longer than `most` bytes: deep trees indent to much text.
    pub fn to_xml_within(&self, raw: bool, most: usize) -> Option<String> {
        self.read(|nodes, id| {
            let mut writer = Writer {
                nodes,
                raw,
                most,
                out: String::new(),
                scope: Vec::new(),
                generated: 0,
            };
            if let Kind::Attribute { name, value } = &nodes.get(id).kind {
                writer.scope_of_ancestors(nodes.get(id).parent);
                writer.attribute(name, &value.to_utf8());
                return Some(writer.out.trim_start().to_owned());
            }
            // A node inside a tree is printed with the prefixes of its surroundings only if it declares them itself.
            writer.tree(id);
            work(writer.out.len() / 64);
            (writer.out.len() <= most).then_some(writer.out)
        })
    }
}

/// An element or document whose content is being written.
struct Open {
    id: Id,
    next: usize,
    /// Text was written in it or around it, so nothing may be indented.
    mixed: bool,
    scope: usize,
    tag: String,
}

struct Writer<'a> {
    nodes: &'a Nodes,
    raw: bool,
    /// Writing stops when the text is longer.
    most: usize,
    out: String,
    /// Prefix and namespace, innermost last.
    scope: Vec<(Str, Str)>,
    generated: usize,
}

impl Writer<'_> {
    fn scope_of_ancestors(&mut self, mut id: Id) {
        let mut levels = Vec::new();
        while id != NONE {
            levels.push(id);
            id = self.nodes.get(id).parent;
        }
        for id in levels.into_iter().rev() {
            self.declare(id);
        }
    }

    /// Takes an element's declarations into scope.
    fn declare(&mut self, id: Id) {
        for attribute in self.nodes.attributes(id) {
            if let Kind::Attribute { name, value } = &self.nodes.get(*attribute).kind {
                if name.namespace == *XMLNS_NAMESPACE {
                    self.scope.push((name.local.clone(), value.clone()));
                } else if name.is_declaration() {
                    self.scope.push((Str::EMPTY, value.clone()));
                }
            }
        }
    }

    /// The namespace a prefix stands for.
    fn lookup(&self, prefix: &Str) -> Option<&Str> {
        self.scope
            .iter()
            .rev()
            .find(|(known, _)| known == prefix)
            .map(|(_, namespace)| namespace)
    }

    /// A prefix for a namespace, not hidden by an inner declaration.
    fn prefix(&self, namespace: &Str, default_allowed: bool) -> Option<Str> {
        if *namespace == *XML_NAMESPACE {
            return Some("xml".into());
        }
        let fits = |(prefix, known): &&(Str, Str)| {
            known == namespace
                && (default_allowed || !prefix.is_empty())
                && self.lookup(prefix).is_some_and(|found| found == namespace)
        };
        self.scope
            .iter()
            .rev()
            .find(fits)
            .map(|(prefix, _)| prefix.clone())
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
                let scope = self.scope.len();
                let tag = self.start(id, name);
                if self.nodes.get(id).children.is_empty() && !has_end_tag {
                    self.out.push_str(" />");
                    self.scope.truncate(scope);
                } else {
                    self.out.push('>');
                    open.push(Open {
                        id,
                        next: 0,
                        mixed: inside_text,
                        scope,
                        tag,
                    });
                }
            }
            Kind::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.mixed = true;
                }
                escape_text(&text.to_utf8(), &mut self.out);
            }
            Kind::CData(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.mixed = true;
                }
                self.out.push_str("<![CDATA[");
                self.out
                    .push_str(&text.to_utf8().replace("]]>", "]]]]><![CDATA[>"));
                self.out.push_str("]]>");
            }
            Kind::Comment(text) => {
                if indent {
                    self.new_line(depth);
                }
                self.out.push_str(&format!("<!--{text}-->"));
            }
            Kind::Instruction { target, data } => {
                if indent {
                    self.new_line(depth);
                }
                let space = if data.is_empty() { "" } else { " " };
                self.out.push_str(&format!("<?{target}{space}{data}?>"));
            }
            Kind::Attribute { .. } => {}
        }
    }

    /// A start tag up to its closing bracket; gives the tag's name as written.
    fn start(&mut self, id: Id, name: &Name) -> String {
        self.declare(id);
        let known = if name.namespace.is_empty() {
            // No namespace needs no default namespace to be in force.
            let default = self.lookup(&Str::EMPTY);
            default.is_none_or(Str::is_empty).then_some(Str::EMPTY)
        } else {
            self.prefix(&name.namespace, true)
        };
        let implied = known.is_none();
        let tag = match known {
            Some(prefix) if !prefix.is_empty() => format!("{prefix}:{}", name.local),
            _ => name.local.to_string(),
        };
        self.out.push('<');
        self.out.push_str(&tag);
        if implied {
            self.scope.push((Str::EMPTY, name.namespace.clone()));
        }
        for attribute in self.nodes.attributes(id) {
            if let Kind::Attribute { name, value } = &self.nodes.get(*attribute).kind {
                self.attribute(name, &value.to_utf8());
            }
        }
        if implied {
            self.out.push_str(" xmlns=\"");
            escape_attribute(&name.namespace.to_utf8(), &mut self.out);
            self.out.push('"');
        }
        tag
    }

    fn attribute(&mut self, name: &Name, value: &str) {
        let mut declared = None;
        let written = if name.namespace.is_empty() {
            name.local.to_string()
        } else if name.namespace == *XMLNS_NAMESPACE {
            format!("xmlns:{}", name.local)
        } else {
            let prefix = self.prefix(&name.namespace, false).unwrap_or_else(|| {
                self.generated += 1;
                let prefix: Str = format!("p{}", self.generated).into();
                self.scope.push((prefix.clone(), name.namespace.clone()));
                declared = Some(prefix.clone());
                prefix
            });
            format!("{prefix}:{}", name.local)
        };
        self.out.push_str(&format!(" {written}=\""));
        escape_attribute(value, &mut self.out);
        self.out.push('"');
        if let Some(prefix) = declared {
            self.out.push_str(&format!(" xmlns:{prefix}=\""));
            escape_attribute(&name.namespace.to_utf8(), &mut self.out);
            self.out.push('"');
        }
    }
}

/// Depth at which an end tag is indented: the elements that are still open.
fn element_depth(open: &[Open]) -> usize {
    // Only a document has no tag, and only the outermost can be one.
    let document = open.first().is_some_and(|open| open.tag.is_empty());
    open.len() - usize::from(document)
}

fn escape_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}

fn escape_attribute(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
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
