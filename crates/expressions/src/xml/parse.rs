//! XML text to a tree: well-formed XML 1.0 with namespaces, without document type declarations.

use super::error::{Error, Result};
use super::name_chars::{is_name_char, is_name_start};
use super::names::{Name, XML_NAMESPACE, XMLNS_NAMESPACE};
use super::node::XNode;
use super::tree::{Declaration, Id, Kind, NONE, Nodes, Tree};
use crate::value::Str;
use std::collections::{HashMap, HashSet};

/// Deepest nesting of elements that is read.
const MAX_DEPTH: usize = 10_000;

/// `XDocument.Parse`; white space between elements is dropped unless `preserve`.
pub fn parse_document(text: &str, preserve: bool) -> Result<XNode> {
    let mut parser = Parser::new(text, preserve);
    let root = parser
        .nodes
        .push(NONE, Kind::Document { declaration: None })?;
    parser.document(root)?;
    Ok(XNode {
        tree: Tree::new(parser.nodes),
        id: root,
    })
}

/// `XElement.Parse`
pub fn parse_element(text: &str, preserve: bool) -> Result<XNode> {
    let document = parse_document(text, preserve)?;
    let Some(element) = document.elements().into_iter().next() else {
        return Err(Error::Xml("Root element is missing.".to_owned()));
    };
    element.remove()?;
    Ok(element)
}

/// An element whose end tag is still to come.
struct Open<'a> {
    id: Id,
    /// The name as written.
    tag: &'a str,
    /// Declarations in force before this element.
    scope: usize,
    preserve: bool,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    nodes: Nodes,
    open: Vec<Open<'a>>,
    /// Prefixes in the order of their declaration, innermost last.
    scope: Vec<&'a str>,
    /// The namespaces of each prefix, innermost last.
    namespaces: HashMap<&'a str, Vec<Str>>,
    preserve: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, preserve: bool) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let namespaces = HashMap::from([
            ("", vec![Str::EMPTY]),
            ("xml", vec![XML_NAMESPACE.into()]),
            ("xmlns", vec![XMLNS_NAMESPACE.into()]),
        ]);
        Self {
            text,
            at: 0,
            nodes: Nodes::default(),
            open: Vec::new(),
            scope: Vec::new(),
            namespaces,
            preserve,
        }
    }

    fn declare(&mut self, prefix: &'a str, namespace: &Str) {
        self.scope.push(prefix);
        self.namespaces
            .entry(prefix)
            .or_default()
            .push(namespace.clone());
    }

    /// Forgets the declarations made since the scope had that length.
    fn leave(&mut self, length: usize) {
        for prefix in self.scope.drain(length.min(self.scope.len())..) {
            if let Some(known) = self.namespaces.get_mut(prefix) {
                known.pop();
            }
        }
    }

    fn fail<T>(&self, message: impl std::fmt::Display) -> Result<T> {
        let read = self
            .text
            .get(..self.at.min(self.text.len()))
            .unwrap_or(self.text);
        let line = read.matches('\n').count() + 1;
        let column = read
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .encode_utf16()
            .count()
            + 1;
        Err(Error::Xml(format!(
            "{message} Line {line}, position {column}."
        )))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn skip_space(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
        self.at > start
    }

    /// Text up to `end`, which is taken too.
    fn until(&mut self, end: &str, what: &str) -> Result<&'a str> {
        let rest = self.rest();
        let Some(length) = rest.find(end) else {
            self.at = self.text.len();
            return self.fail(format!(
                "Unexpected end of file while parsing {what} has occurred."
            ));
        };
        self.at += length + end.len();
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn name(&mut self) -> Result<&'a str> {
        let start = self.at;
        while let Some(c) = self.peek()
            && (if self.at == start {
                is_name_start(c) || c == ':'
            } else {
                is_name_char(c) || c == ':'
            })
        {
            self.at += c.len_utf8();
        }
        if self.at == start {
            return match self.peek() {
                Some(c) => self.fail(format!(
                    "Name cannot begin with the '{c}' character, hexadecimal value 0x{:02X}.",
                    u32::from(c)
                )),
                None => self.unexpected_end(),
            };
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn unexpected_end<T>(&self) -> Result<T> {
        if self.open.is_empty() {
            return self.fail("Unexpected end of file has occurred.");
        }
        let tags: Vec<&str> = self
            .open
            .iter()
            .rev()
            .take(20)
            .map(|open| open.tag)
            .collect();
        self.fail(format!(
            "Unexpected end of file has occurred. The following elements are not closed: {}.",
            tags.join(", ")
        ))
    }

    fn document(&mut self, root: Id) -> Result<()> {
        if self.rest().starts_with("<?xml")
            && self.rest().get(5..6).is_some_and(|c| c.trim().is_empty())
        {
            self.at += 5;
            let declaration = self.declaration()?;
            if let Kind::Document { declaration: slot } = &mut self.nodes.get_mut(root).kind {
                *slot = Some(declaration);
            }
        }
        let mut has_root = false;
        loop {
            self.skip_space();
            let Some(c) = self.peek() else { break };
            if c != '<' {
                return self.fail("Data at the root level is invalid.");
            }
            if self.markup(root)? {
                continue;
            }
            if self.rest().starts_with("</") {
                return self.fail("Unexpected end tag.");
            }
            if has_root {
                return self.fail("There are multiple root elements.");
            }
            has_root = true;
            self.element_tree(root)?;
        }
        if has_root {
            Ok(())
        } else {
            self.fail("Root element is missing.")
        }
    }

    fn declaration(&mut self) -> Result<Declaration> {
        let mut declaration = Declaration::default();
        loop {
            let spaced = self.skip_space();
            if self.take("?>") {
                break;
            }
            if !spaced {
                return self.fail("Syntax for an XML declaration is invalid.");
            }
            let name = self.name()?;
            let value: Str = self.attribute_value()?.into();
            let slot = match name {
                "version" => &mut declaration.version,
                "encoding" => &mut declaration.encoding,
                "standalone" => &mut declaration.standalone,
                _ => return self.fail("Syntax for an XML declaration is invalid."),
            };
            *slot = Some(value);
        }
        match &declaration.version {
            Some(version) if *version == *"1.0" => Ok(declaration),
            Some(version) => self.fail(format!("Version number '{version}' is invalid.")),
            None => self.fail("Syntax for an XML declaration is invalid."),
        }
    }

    /// Comments and instructions; false where something else stands.
    fn markup(&mut self, parent: Id) -> Result<bool> {
        let kind = if self.take("<!--") {
            let text = self.until("-->", "Comment")?;
            if text.contains("--") || text.ends_with('-') {
                return self.fail(
                    "An XML comment cannot contain '--', and '-' cannot be the last character.",
                );
            }
            Kind::Comment(line_ends(text))
        } else if self.take("<?") {
            let target = self.name()?;
            if target.eq_ignore_ascii_case("xml") {
                return self.fail(
                    "Unexpected XML declaration. The XML declaration must be the first node in the document, and no \
                     white space characters are allowed to appear before it.",
                );
            }
            let data = self.until("?>", "PI")?;
            Kind::Instruction {
                target: target.into(),
                data: line_ends(data.trim_start()),
            }
        } else if self.rest().starts_with("<!DOCTYPE") {
            return self.fail("For security reasons DTD is prohibited in this XML document.");
        } else {
            return Ok(false);
        };
        self.attach(parent, kind)?;
        Ok(true)
    }

    fn attach(&mut self, parent: Id, kind: Kind) -> Result<Id> {
        let id = self.nodes.push(parent, kind)?;
        self.nodes.get_mut(parent).children.push(id);
        Ok(id)
    }

    /// The element that begins here with all that is in it.
    fn element_tree(&mut self, parent: Id) -> Result<()> {
        self.start_tag(parent)?;
        while let Some((id, preserve)) = self.open.last().map(|open| (open.id, open.preserve)) {
            let Some(c) = self.peek() else {
                return self.unexpected_end();
            };
            if c != '<' {
                self.text(id, preserve)?;
            } else if self.take("</") {
                self.end_tag()?;
            } else if self.take("<![CDATA[") {
                let text = self.until("]]>", "CDATA")?;
                self.attach(id, Kind::CData(line_ends(text)))?;
            } else if !self.markup(id)? {
                self.start_tag(id)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, parent: Id, preserve: bool) -> Result<()> {
        let rest = self.rest();
        let raw = rest
            .get(..rest.find('<').unwrap_or(rest.len()))
            .unwrap_or_default();
        if raw.contains("]]>") {
            return self.fail("']]>' is not allowed in character data.");
        }
        let start = self.at;
        let text = self.decoded(raw, false)?;
        self.at = start + raw.len();
        // White space between elements says nothing, unless it is written as references.
        let blank = raw
            .bytes()
            .all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        if blank && !preserve && !self.preserve {
            return Ok(());
        }
        self.attach(parent, Kind::Text(text.into())).map(|_| ())
    }

    fn start_tag(&mut self, parent: Id) -> Result<()> {
        self.at += 1;
        if self.open.len() >= MAX_DEPTH {
            return self.fail(format!("The XML nests more than {MAX_DEPTH} elements."));
        }
        let tag = self.name()?;
        let scope = self.scope.len();
        let mut preserve = self.open.last().is_some_and(|open| open.preserve);
        let mut raw: Vec<(&'a str, Str)> = Vec::new();
        let mut written: HashSet<&'a str> = HashSet::new();
        let empty = loop {
            let spaced = self.skip_space();
            if self.take("/>") {
                break true;
            }
            if self.take(">") {
                break false;
            }
            let Some(c) = self.peek() else {
                return self.unexpected_end();
            };
            if !spaced {
                return self.fail(format!(
                    "'{c}' is an unexpected token. The expected token is '>'."
                ));
            }
            let name = self.name()?;
            if !written.insert(name) {
                return self.fail(format!("'{name}' is a duplicate attribute name."));
            }
            let value: Str = self.attribute_value()?.into();
            match name.strip_prefix("xmlns:") {
                Some(prefix) if value.is_empty() => {
                    return self.fail(format!(
                        "Invalid namespace declaration for the prefix '{prefix}'."
                    ));
                }
                Some(prefix) => self.declare(prefix, &value),
                None if name == "xmlns" => self.declare("", &value),
                None if name == "xml:space" => preserve = value == *"preserve",
                None => {}
            }
            raw.push((name, value));
        };
        let name = self.resolve(tag, true)?;
        let id = self.attach(
            parent,
            Kind::Element {
                name,
                attributes: Vec::new(),
                open: !empty,
            },
        )?;
        let mut attributes: Vec<Id> = Vec::with_capacity(raw.len());
        #[allow(clippy::mutable_key_type)] // a Str's cell only caches another form of the same text
        let mut names: HashSet<Name> = HashSet::new();
        for (written, value) in raw {
            let name = self.resolve(written, false)?;
            // Names that differ as written are the same only if both have a prefix.
            if written.contains(':') && !names.insert(name.clone()) {
                return self.fail(format!("'{written}' is a duplicate attribute name."));
            }
            attributes.push(self.nodes.push(id, Kind::Attribute { name, value })?);
        }
        if let Kind::Element {
            attributes: slot, ..
        } = &mut self.nodes.get_mut(id).kind
        {
            *slot = attributes;
        }
        if empty {
            self.leave(scope);
        } else {
            self.open.push(Open {
                id,
                tag,
                scope,
                preserve,
            });
        }
        Ok(())
    }

    fn end_tag(&mut self) -> Result<()> {
        let start = self.at;
        let tag = self.name()?;
        let Some(open) = self.open.pop() else {
            return self.fail("Unexpected end tag.");
        };
        if open.tag != tag {
            self.at = start;
            return self.fail(format!(
                "The '{}' start tag does not match the end tag of '{tag}'.",
                open.tag
            ));
        }
        self.skip_space();
        if !self.take(">") {
            return match self.peek() {
                Some(c) => self.fail(format!(
                    "'{c}' is an unexpected token. The expected token is '>'."
                )),
                None => self.unexpected_end(),
            };
        }
        self.leave(open.scope);
        Ok(())
    }

    fn resolve(&self, written: &str, is_element: bool) -> Result<Name> {
        let (prefix, local) = match written.split_once(':') {
            Some((prefix, local))
                if !prefix.is_empty() && !local.is_empty() && !local.contains(':') =>
            {
                (prefix, local)
            }
            Some(_) => {
                return self.fail(
                    "The ':' character, hexadecimal value 0x3A, cannot be included in a name.",
                );
            }
            None if is_element => ("", written),
            None => return Ok(Name::plain(written.into())),
        };
        match self.namespaces.get(prefix).and_then(|known| known.last()) {
            Some(namespace) => Ok(Name {
                local: local.into(),
                namespace: namespace.clone(),
            }),
            None => self.fail(format!("'{prefix}' is an undeclared prefix.")),
        }
    }

    /// `= "value"`
    fn attribute_value(&mut self) -> Result<String> {
        self.skip_space();
        if !self.take("=") {
            return match self.peek() {
                Some(c) => self.fail(format!(
                    "'{c}' is an unexpected token. The expected token is '='."
                )),
                None => self.unexpected_end(),
            };
        }
        self.skip_space();
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            Some(c) => {
                return self.fail(format!(
                    "'{c}' is an unexpected token. The expected token is '\"' or '''."
                ));
            }
            None => return self.unexpected_end(),
        };
        self.at += 1;
        let rest = self.rest();
        let Some(length) = rest.find(quote) else {
            self.at = self.text.len();
            return self.fail("There is an unclosed literal string.");
        };
        let raw = rest.get(..length).unwrap_or_default();
        if let Some(at) = raw.find('<') {
            self.at += at;
            return self.fail("'<', hexadecimal value 0x3C, is an invalid attribute character.");
        }
        let value = self.decoded(raw, true)?;
        self.at += length + 1;
        Ok(value)
    }

    /// References resolved, line ends and, in attributes, white space normalised.
    fn decoded(&self, raw: &str, attribute: bool) -> Result<String> {
        let mut out = String::with_capacity(raw.len());
        let mut chars = raw.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '&' => {
                    let rest = raw.get(at + 1..).unwrap_or_default();
                    let Some(end) = rest.find(';').filter(|end| *end <= 64) else {
                        return self.fail("An error occurred while parsing EntityName.");
                    };
                    out.push(self.entity(rest.get(..end).unwrap_or_default())?);
                    while chars.next_if(|(next, _)| *next <= at + 1 + end).is_some() {}
                }
                '\r' => {
                    chars.next_if(|(_, next)| *next == '\n');
                    out.push(if attribute { ' ' } else { '\n' });
                }
                '\n' | '\t' if attribute => out.push(' '),
                c if is_xml_char(c) => out.push(c),
                c => {
                    return self.fail(format!(
                        "'{}', hexadecimal value 0x{:02X}, is an invalid character.",
                        c.escape_default(),
                        u32::from(c)
                    ));
                }
            }
        }
        Ok(out)
    }

    fn entity(&self, name: &str) -> Result<char> {
        Ok(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let Some(digits) = name.strip_prefix('#') else {
                    return self.fail(format!("Reference to undeclared entity '{name}'."));
                };
                let code = match digits.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => digits.parse(),
                };
                match code
                    .ok()
                    .and_then(char::from_u32)
                    .filter(|c| is_xml_char(*c))
                {
                    Some(c) => c,
                    None => return self.fail("Invalid syntax for a numeric entity reference."),
                }
            }
        })
    }
}

fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn line_ends(text: &str) -> Str {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text.into()
    }
}
