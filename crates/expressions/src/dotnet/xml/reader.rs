//! `XmlReader`: a forward walk over XML text.
//!
//! The text is read as a whole when the walk begins; a reader is a place in the list of what is met on the way.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use crate::dotnet::text::StringReader;
use crate::runtime::{Call, Fault, R};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, StrBuilder, Value};
use crate::xml::{self, NodeKind, XNode};

/// What the reader skips over.
#[derive(Default, Clone, Copy)]
struct Ignored {
    white_space: bool,
    comments: bool,
    instructions: bool,
}

/// `XmlReaderSettings`
#[derive(Default)]
struct Settings {
    ignored: Cell<Ignored>,
    close_input: Cell<bool>,
    processing: Cell<i64>,
}

/// Something met on the way.
struct Event {
    node: XNode,
    what: What,
    depth: i32,
    /// Where the element's end is; itself for all else.
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Declaration,
    Node,
    EndElement,
}

/// `XmlReader`
pub(in crate::dotnet) struct Reader {
    text: Str,
    ignored: Ignored,
    events: OnceCell<Vec<Event>>,
    /// Number of events read so far: the present one is one before.
    read: Cell<usize>,
    /// The attribute it stands on.
    attribute: Cell<Option<usize>>,
    closed: Cell<bool>,
}

fn named(name: &str) -> Type {
    Registry::get()
        .by_full_name(name)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

impl Object for Reader {
    fn type_of(&self) -> Type {
        named("System.Xml.XmlReader")
    }
}

impl Object for Settings {
    fn type_of(&self) -> Type {
        named("System.Xml.XmlReaderSettings")
    }
}

fn failed(message: impl Into<Str>) -> Fault {
    Fault::new("System.Xml.XmlException", message)
}

fn is_blank(text: &Str) -> bool {
    text.units()
        .iter()
        .all(|unit| matches!(unit, 0x20 | 0x9 | 0xA | 0xD))
}

impl Reader {
    fn events(&self) -> R<&[Event]> {
        if let Some(events) = self.events.get() {
            return Ok(events);
        }
        let document = xml::parse_document(&self.text.to_utf8(), !self.ignored.white_space)?;
        let events = list(&document, self.ignored);
        Ok(self.events.get_or_init(|| events))
    }

    fn event(&self) -> R<Option<&Event>> {
        let read = self.read.get();
        if read == 0 || self.closed.get() {
            return Ok(None);
        }
        Ok(self.events()?.get(read - 1))
    }

    fn is_at_end(&self) -> bool {
        let events = self.events.get().map_or(usize::MAX, Vec::len);
        self.read.get() > events
    }

    /// `Read()`
    fn advance(&self) -> R<bool> {
        if self.closed.get() {
            return Ok(false);
        }
        let length = self.events()?.len();
        self.attribute.set(None);
        self.read.set((self.read.get() + 1).min(length + 1));
        Ok(self.read.get() <= length)
    }

    /// Goes behind the present node and all that is in it.
    fn skip(&self) -> R<()> {
        // There is nothing to skip before the first node.
        if self.read.get() == 0 {
            return Ok(());
        }
        if let Some(event) = self.event()? {
            self.read.set(event.end + 1);
        }
        self.advance().map(|_| ())
    }

    fn attribute(&self) -> R<Option<XNode>> {
        let (Some(at), Some(event)) = (self.attribute.get(), self.event()?) else {
            return Ok(None);
        };
        Ok(event.node.attributes().into_iter().nth(at))
    }

    fn attributes(&self) -> R<Vec<XNode>> {
        Ok(match self.event()? {
            Some(event) if event.what == What::Node => event.node.attributes(),
            _ => Vec::new(),
        })
    }

    /// The number of the `XmlNodeType` value.
    fn node_type(&self) -> R<i64> {
        if self.attribute.get().is_some() {
            return Ok(2);
        }
        Ok(match self.event()? {
            None => 0,
            Some(event) => match event.what {
                What::Declaration => 17,
                What::EndElement => 15,
                What::Node if event.node.kind() == NodeKind::Text => {
                    if is_blank(&event.node.value()) { 13 } else { 3 }
                }
                What::Node => event.node.kind().node_type(),
            },
        })
    }

    fn is_start(&self) -> R<bool> {
        Ok(self.node_type()? == 1)
    }

    fn name(&self) -> R<Str> {
        let node = match self.attribute()? {
            Some(attribute) => attribute,
            None => match self.event()? {
                None => return Ok(Str::EMPTY),
                Some(event) if event.what == What::Declaration => return Ok("xml".into()),
                Some(event) => event.node.clone(),
            },
        };
        Ok(match node.kind() {
            NodeKind::Instruction => node.target().unwrap_or_default(),
            _ => node.qualified_name(),
        })
    }

    /// Local name and namespace.
    fn parts(&self) -> R<(Str, Str)> {
        let node = match (self.attribute()?, self.event()?) {
            (Some(attribute), _) => attribute,
            (None, Some(event)) if event.what != What::Declaration => event.node.clone(),
            _ => return Ok((self.name()?, Str::EMPTY)),
        };
        Ok(match node.name() {
            Some(name) if name.is_declaration() => (name.local, xml::XMLNS_NAMESPACE.into()),
            Some(name) => (name.local, name.namespace),
            None => (self.name()?, Str::EMPTY),
        })
    }

    fn value(&self) -> R<Str> {
        if let Some(attribute) = self.attribute()? {
            return Ok(attribute.value());
        }
        Ok(match self.event()? {
            Some(event) if event.what == What::Declaration => {
                let text = event.node.declaration().map(|d| d.to_text());
                let text = text.unwrap_or_default();
                let inner = text.strip_prefix("<?xml ").unwrap_or(&text);
                inner.strip_suffix("?>").unwrap_or(inner).into()
            }
            Some(event) if event.node.kind() != NodeKind::Element => event.node.value(),
            _ => Str::EMPTY,
        })
    }

    /// `MoveToContent()`
    fn to_content(&self) -> R<i64> {
        self.attribute.set(None);
        if self.read.get() == 0 {
            self.advance()?;
        }
        loop {
            let kind = self.node_type()?;
            if matches!(kind, 0 | 1 | 3 | 4 | 15) {
                return Ok(kind);
            }
            self.advance()?;
        }
    }

    /// The text from here to the next tag.
    fn run_of_text(&self) -> R<Str> {
        let mut out = StrBuilder::new();
        while matches!(self.node_type()?, 3 | 4 | 13 | 7 | 8) {
            if !matches!(self.node_type()?, 7 | 8) {
                out.push(&self.value()?);
            }
            self.advance()?;
        }
        Ok(out.finish())
    }

    /// `ReadString()`: the text up to whatever else comes, in the element here or from here on.
    fn read_string(&self) -> R<Str> {
        self.attribute.set(None);
        if self.is_start()? {
            if self.event()?.is_some_and(|event| event.node.is_empty()) {
                return Ok(Str::EMPTY);
            }
            self.advance()?;
        }
        let mut out = StrBuilder::new();
        while matches!(self.node_type()?, 3 | 4 | 13 | 14) {
            out.push(&self.value()?);
            if !self.advance()? {
                break;
            }
        }
        Ok(out.finish())
    }

    /// `ReadElementContentAsString()`
    fn element_content(&self, method: &str) -> R<Str> {
        let event = match self.event()? {
            Some(event) if self.is_start()? => event,
            _ => {
                return Err(Fault::invalid_operation(&format!(
                    "The {method} method is not supported on node type {}.",
                    type_name(self.node_type()?)
                )));
            }
        };
        if !event.node.elements().is_empty() {
            return Err(failed("'Element' is an invalid XmlNodeType."));
        }
        let text = event.node.value();
        self.skip()?;
        Ok(text)
    }

    /// Whether it stands on text that is more than white space: no document and no element begins so.
    pub(in crate::dotnet) fn is_at_text(&self) -> R<bool> {
        Ok(matches!(self.node_type()?, 3 | 4))
    }

    /// What is left as a document: from the present node, or all of it where nothing was read.
    pub(in crate::dotnet) fn rest_as_document(&self) -> R<XNode> {
        let document = XNode::document();
        if self.read.get() == 0 {
            self.advance()?;
        }
        while let Some(event) = self.event()? {
            match event.what {
                What::Declaration => document.set_declaration(event.node.declaration()),
                What::EndElement => break,
                What::Node => {
                    let blank = event.node.kind() == NodeKind::Text;
                    if !blank {
                        document.append(&event.node.deep_clone())?;
                    }
                }
            }
            self.skip()?;
        }
        if document.elements().is_empty() {
            return Err(failed("Root element is missing."));
        }
        Ok(document)
    }
}

/// All that is met in a document.
fn list(document: &XNode, ignored: Ignored) -> Vec<Event> {
    let mut events = Vec::new();
    if document.declaration().is_some() {
        events.push(Event {
            node: document.clone(),
            what: What::Declaration,
            depth: 0,
            end: 0,
        });
    }
    // Nodes still to come, and ends of elements with the place of their begin.
    let mut pending: Vec<(XNode, i32, Option<usize>)> = Vec::new();
    pending.extend(
        document
            .nodes()
            .into_iter()
            .rev()
            .map(|node| (node, 0, None)),
    );
    while let Some((node, depth, begin)) = pending.pop() {
        let at = events.len();
        if let Some(begin) = begin {
            if let Some(event) = events.get_mut(begin) {
                let event: &mut Event = event;
                event.end = at;
            }
            events.push(Event {
                node,
                what: What::EndElement,
                depth,
                end: at,
            });
            continue;
        }
        let kind = node.kind();
        let skipped = match kind {
            NodeKind::Comment => ignored.comments,
            NodeKind::Instruction => ignored.instructions,
            _ => false,
        };
        if skipped {
            continue;
        }
        if kind == NodeKind::Element && !node.is_empty() {
            pending.push((node.clone(), depth, Some(at)));
            let children = node.nodes().into_iter().rev();
            pending.extend(children.map(|child| (child, depth + 1, None)));
        }
        events.push(Event {
            node,
            what: What::Node,
            depth,
            end: at,
        });
    }
    events
}

fn type_name(number: i64) -> String {
    let def = Registry::get().by_full_name("System.Xml.XmlNodeType");
    def.and_then(|def| def.enum_text(number))
        .unwrap_or_default()
}

fn reader(c: &mut Call<'_, '_>) -> R<Rc<Reader>> {
    c.rt.spend(1 + crate::forest::take_work())?;
    c.object::<Reader>(0)
}

fn create(c: &mut Call<'_, '_>, settings: bool) -> R<Value> {
    let text = c.object::<StringReader>(0)?.rest();
    let settings = if settings {
        c.opt_object::<Settings>(1)?
    } else {
        None
    };
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(12))?;
    Ok(Value::object(Reader {
        text,
        ignored: settings.map(|s| s.ignored.get()).unwrap_or_default(),
        events: OnceCell::new(),
        read: Cell::new(0),
        attribute: Cell::new(None),
        closed: Cell::new(false),
    }))
}

/// Reads the text that the source argument still holds, whichever kind of reader it is, as a document.
pub(super) fn load(c: &mut Call<'_, '_>, preserve: bool) -> R<XNode> {
    let source = c.required(0)?;
    if let Some(reader) = source.as_object::<Reader>() {
        if reader.is_at_text()? {
            let of_element = c.member.signature.starts_with("XElement");
            return Err(if of_element {
                Fault::invalid_operation(
                    "The XmlReader must be on a node of type Element instead of a node of type Text.",
                )
            } else {
                Fault::argument("Non white space characters cannot be added to content.", "")
            });
        }
        let document = reader.rest_as_document()?;
        c.rt.spend(crate::forest::take_work())?;
        return Ok(document);
    }
    let text = c.object::<StringReader>(0)?.rest();
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(8))?;
    Ok(xml::parse_document(&text, preserve)?)
}

/// `XNode.ReadFrom(reader)`
pub(super) fn read_from(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    let Some(event) = reader.event()? else {
        return Err(Fault::invalid_operation(
            "The XmlReader state should be Interactive.",
        ));
    };
    if event.what != What::Node {
        return Err(Fault::invalid_operation(&format!(
            "The XmlReader should not be on a node of type {}.",
            type_name(reader.node_type()?)
        )));
    }
    let copy = event.node.deep_clone();
    c.rt.spend(crate::forest::take_work())?;
    c.rt.allocate(copy.descendants(true).len().saturating_mul(160))?;
    reader.skip()?;
    Ok(Value::object(copy))
}

fn number(length: usize) -> Value {
    i32::try_from(length).unwrap_or(i32::MAX).into()
}

/// An attribute by its name as written, or by local name and namespace.
fn find(c: &mut Call<'_, '_>, reader: &Reader) -> R<Option<(usize, XNode)>> {
    let first = c.opt_str(1)?;
    let namespace = if c.len() > 2 {
        Some(c.opt_str(2)?.unwrap_or_default())
    } else {
        None
    };
    let Some(first) = first else {
        return Err(match namespace {
            Some(_) => Fault::argument_null("key"),
            None => Fault::null_reference(),
        });
    };
    Ok(reader
        .attributes()?
        .into_iter()
        .enumerate()
        .find(|(_, attribute)| match &namespace {
            None => attribute.qualified_name() == first,
            Some(namespace) => attribute
                .name()
                .is_some_and(|name| name.local == first && name.namespace == *namespace),
        }))
}

fn get_attribute(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    Ok(find(c, &reader)?
        .map(|(_, attribute)| attribute.value())
        .into())
}

fn get_attribute_at(c: &mut Call<'_, '_>) -> R<Value> {
    let (reader, at) = (reader(c)?, c.int(1)?);
    let found = usize::try_from(at).ok();
    let found = found.and_then(|at| reader.attributes().ok()?.into_iter().nth(at));
    found
        .map(|attribute| attribute.value().into())
        .ok_or_else(|| Fault::outside("i"))
}

fn move_to(reader: &Reader, at: Option<usize>) -> R<Value> {
    let exists = match at {
        Some(at) => at < reader.attributes()?.len(),
        None => false,
    };
    if exists {
        reader.attribute.set(at);
    }
    Ok(exists.into())
}

/// Whether the element here has the wanted name: as written in argument 1, or local name and namespace.
fn fits(c: &mut Call<'_, '_>, reader: &Reader) -> R<bool> {
    Ok(match c.len() {
        0 | 1 => true,
        // Nothing has no name.
        2 => Some(reader.name()?) == c.opt_str(1)?,
        _ => {
            let (local, namespace) = reader.parts()?;
            (Some(local), Some(namespace)) == (c.opt_str(1)?, c.opt_str(2)?)
        }
    })
}

fn is_start_element(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    Ok((reader.to_content()? == 1 && fits(c, &reader)?).into())
}

/// Goes to the wanted element; `XmlException` where something else stands.
fn expect_element(c: &mut Call<'_, '_>, reader: &Reader) -> R<()> {
    let kind = reader.to_content()?;
    if kind != 1 {
        return Err(failed(format!(
            "'{}' is an invalid XmlNodeType.",
            type_name(kind)
        )));
    }
    if !fits(c, reader)? {
        let wanted = c.opt_str(1)?.unwrap_or_default();
        return Err(failed(if c.len() > 2 {
            let namespace = c.opt_str(2)?.unwrap_or_default();
            format!("Element '{wanted}' with namespace name '{namespace}' was not found.")
        } else {
            format!("Element '{wanted}' was not found.")
        }));
    }
    Ok(())
}

fn read_start_element(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    expect_element(c, &reader)?;
    reader.advance()?;
    Ok(Value::Null)
}

fn read_element_string(c: &mut Call<'_, '_>) -> R<Value> {
    let reader = reader(c)?;
    expect_element(c, &reader)?;
    if reader.event()?.is_some_and(|event| event.node.is_empty()) {
        reader.advance()?;
        return Ok(Str::EMPTY.into());
    }
    reader.advance()?;
    let text = reader.read_string()?;
    let kind = reader.node_type()?;
    if kind != 15 {
        return Err(failed(format!(
            "Unexpected node type {}. {} method can only be called on elements with simple or empty content.",
            type_name(kind),
            "ReadElementString"
        )));
    }
    reader.advance()?;
    Ok(text.into())
}

fn read_to(c: &mut Call<'_, '_>, how: To) -> R<Value> {
    let reader = reader(c)?;
    if c.str(1)?.is_empty() {
        return Err(Fault::argument(
            "The empty string '' is not a valid name.",
            "name",
        ));
    }
    if c.len() > 2 {
        c.str(2)?;
    }
    let start = reader.event()?.map(|event| (event.depth, event.end));
    let limit = match (how, start) {
        (To::Following, _) => usize::MAX,
        // Nothing lies in what is no element or is empty.
        (To::Descendant, None) => usize::MAX,
        (To::Descendant, Some((_, end))) => end,
        (To::Sibling, None) => return Ok(false.into()),
        (To::Sibling, Some(_)) => usize::MAX,
    };
    if how == To::Descendant && start.is_some() && !reader.is_start()? {
        return Ok(false.into());
    }
    loop {
        if how == To::Sibling {
            reader.skip()?;
        } else {
            reader.advance()?;
        }
        c.rt.tick()?;
        let Some(event) = reader.event()? else {
            return Ok(false.into());
        };
        let at = reader.read.get() - 1;
        let left = match (how, start) {
            (To::Sibling, Some((depth, _))) => event.depth < depth,
            _ => at >= limit && event.what == What::EndElement,
        };
        if left || at > limit {
            return Ok(false.into());
        }
        if reader.is_start()? && fits(c, &reader)? {
            return Ok(true.into());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Following,
    Descendant,
    Sibling,
}

fn markup(c: &mut Call<'_, '_>, inner: bool) -> R<Value> {
    let reader = reader(c)?;
    let Some(event) = reader.event()? else {
        return Ok(Str::EMPTY.into());
    };
    if event.what != What::Node || event.node.kind() != NodeKind::Element {
        reader.advance()?;
        return Ok(Str::EMPTY.into());
    }
    let mut text = String::new();
    if inner {
        for child in event.node.nodes() {
            text.push_str(&child.to_xml(true));
        }
    } else {
        text = event.node.to_xml(true);
    }
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len())?;
    reader.skip()?;
    Ok(text.into())
}

/// The element's text converted; `XmlException` where it does not fit.
fn content_as<T: Into<Value>>(
    c: &mut Call<'_, '_>,
    what: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> R<Value> {
    let reader = reader(c)?;
    let empty = reader.is_start()? && reader.event()?.is_some_and(|event| event.node.is_empty());
    let text = reader.element_content(&format!("ReadElementContentAs{what}"))?;
    if empty {
        return Err(Fault::format("Input string was not in a correct format."));
    }
    let text = text.to_utf8();
    let found = read(text.trim_matches([' ', '\t', '\r', '\n']));
    found
        .map(Into::into)
        .ok_or_else(|| failed(format!("Content cannot be converted to the type {what}.")))
}

fn close(c: &mut Call<'_, '_>) -> R<Value> {
    c.object::<Reader>(0)?.closed.set(true);
    Ok(Value::Null)
}

pub(super) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.Xml.ReadState",
            &[
                ("Initial", 0),
                ("Interactive", 1),
                ("Error", 2),
                ("EndOfFile", 3),
                ("Closed", 4),
            ],
        )
        .beyond_documentation();
    types
        .enumeration(
            "System.Xml.DtdProcessing",
            &[("Prohibit", 0), ("Ignore", 1), ("Parse", 2)],
        )
        .beyond_documentation();
    define_settings(types);
    let mut t = types.class("System.Xml.XmlReader");
    t.beyond_documentation();
    t.base("object").base("IDisposable");
    t.static_method("XmlReader Create(TextReader input)", |c| create(c, false));
    t.static_method(
        "XmlReader Create(TextReader input, XmlReaderSettings settings)",
        |c| create(c, true),
    );
    t.property("XmlNodeType NodeType", |c| {
        node_type(c, |reader| reader.node_type())
    });
    t.property("ReadState ReadState", |c| {
        let reader = reader(c)?;
        let state = if reader.closed.get() {
            4
        } else if reader.is_at_end() {
            3
        } else {
            i64::from(reader.read.get() > 0)
        };
        let def = Registry::get().by_full_name("System.Xml.ReadState");
        Ok(def.map_or(Value::Null, |def| Value::Enum(def.id, state)))
    });
    t.property("string Name", |c| Ok(reader(c)?.name()?.into()));
    t.property("string LocalName", |c| Ok(reader(c)?.parts()?.0.into()));
    t.property("string NamespaceURI", |c| Ok(reader(c)?.parts()?.1.into()));
    t.property("string Prefix", |c| {
        let name = reader(c)?.name()?;
        let name = name.to_utf8();
        Ok(name.split_once(':').map_or("", |(prefix, _)| prefix).into())
    });
    t.property("string Value", |c| Ok(reader(c)?.value()?.into()));
    t.property("bool HasValue", |c| {
        let kind = reader(c)?.node_type()?;
        Ok(matches!(kind, 2 | 3 | 4 | 7 | 8 | 10 | 13 | 14 | 17).into())
    });
    t.property("int Depth", |c| {
        let reader = reader(c)?;
        let on_attribute = i32::from(reader.attribute.get().is_some());
        Ok((reader.event()?.map_or(0, |event| event.depth) + on_attribute).into())
    });
    t.property("bool EOF", |c| Ok(reader(c)?.is_at_end().into()));
    t.property("bool IsEmptyElement", |c| {
        let reader = reader(c)?;
        let start = reader.is_start()?;
        Ok((start && reader.event()?.is_some_and(|event| event.node.is_empty())).into())
    });
    t.property("string BaseURI", |_| Ok(Str::EMPTY.into()));
    t.property("XmlNameTable NameTable", |_| {
        Ok(Value::object(super::namespaces::NameTable::of_reader()))
    });
    define_attributes(&mut t);
    define_moves(&mut t);
    define_content(&mut t);
    t.method("string LookupNamespace(string prefix)", |c| {
        let reader = reader(c)?;
        let Some(prefix) = c.opt_str(1)? else {
            return Ok(Value::Null);
        };
        if prefix.is_empty() && reader.event()?.is_none() {
            return Ok(Str::EMPTY.into());
        }
        let prefix = prefix.to_utf8();
        let event = reader.event()?;
        Ok(event
            .and_then(|event| {
                let element = event.node.clone();
                let found = element.namespace_of_prefix(&prefix);
                found.or_else(|| prefix.is_empty().then_some(Str::EMPTY))
            })
            .into())
    });
    t.method("void Close()", close).mutates();
    t.method("void Dispose()", close).mutates();
}

fn node_type(c: &mut Call<'_, '_>, take: impl FnOnce(&Reader) -> R<i64>) -> R<Value> {
    let number = take(&*reader(c)?)?;
    let def = Registry::get().by_full_name("System.Xml.XmlNodeType");
    Ok(def.map_or(Value::Null, |def| Value::Enum(def.id, number)))
}

fn define_attributes(t: &mut crate::types::TypeBuilder<'_>) {
    t.property("bool HasAttributes", |c| {
        Ok((!reader(c)?.attributes()?.is_empty()).into())
    });
    t.property("int AttributeCount", |c| {
        Ok(number(reader(c)?.attributes()?.len()))
    });
    t.indexer("string this[int i]", get_attribute_at);
    t.indexer("string this[string name]", get_attribute);
    t.indexer(
        "string this[string name, string namespaceURI]",
        get_attribute,
    );
    t.method("string GetAttribute(int i)", get_attribute_at);
    t.method("string GetAttribute(string name)", get_attribute);
    t.method(
        "string GetAttribute(string name, string namespaceURI)",
        get_attribute,
    );
    for signature in [
        "bool MoveToAttribute(string name)",
        "bool MoveToAttribute(string name, string ns)",
    ] {
        t.method(signature, |c| {
            let reader = reader(c)?;
            let found = find(c, &reader)?.map(|(at, _)| at);
            move_to(&reader, found)
        })
        .mutates();
    }
    t.method("bool MoveToFirstAttribute()", |c| {
        move_to(&*reader(c)?, Some(0))
    })
    .mutates();
    t.method("bool MoveToNextAttribute()", |c| {
        let reader = reader(c)?;
        let next = reader.attribute.get().map_or(0, |at| at + 1);
        move_to(&reader, Some(next))
    })
    .mutates();
    t.method("bool MoveToElement()", |c| {
        Ok(reader(c)?.attribute.take().is_some().into())
    })
    .mutates();
}

fn define_moves(t: &mut crate::types::TypeBuilder<'_>) {
    t.method("bool Read()", |c| Ok(reader(c)?.advance()?.into()))
        .mutates();
    t.method("void Skip()", |c| {
        reader(c)?.skip()?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("XmlNodeType MoveToContent()", |c| {
        node_type(c, |reader| reader.to_content())
    })
    .mutates();
    for signature in [
        "bool ReadToFollowing(string name)",
        "bool ReadToFollowing(string localName, string namespaceURI)",
    ] {
        t.method(signature, |c| read_to(c, To::Following)).mutates();
    }
    for signature in [
        "bool ReadToDescendant(string name)",
        "bool ReadToDescendant(string localName, string namespaceURI)",
    ] {
        t.method(signature, |c| read_to(c, To::Descendant))
            .mutates();
    }
    for signature in [
        "bool ReadToNextSibling(string name)",
        "bool ReadToNextSibling(string localName, string namespaceURI)",
    ] {
        t.method(signature, |c| read_to(c, To::Sibling)).mutates();
    }
    for signature in [
        "bool IsStartElement()",
        "bool IsStartElement(string name)",
        "bool IsStartElement(string localname, string ns)",
    ] {
        t.method(signature, is_start_element).mutates();
    }
    for signature in [
        "void ReadStartElement()",
        "void ReadStartElement(string name)",
        "void ReadStartElement(string localname, string ns)",
    ] {
        t.method(signature, read_start_element).mutates();
    }
    t.method("void ReadEndElement()", |c| {
        let reader = reader(c)?;
        let kind = reader.to_content()?;
        if kind != 15 {
            return Err(failed(format!(
                "'{}' is an invalid XmlNodeType.",
                type_name(kind)
            )));
        }
        reader.advance()?;
        Ok(Value::Null)
    })
    .mutates();
}

fn define_content(t: &mut crate::types::TypeBuilder<'_>) {
    t.method("string ReadInnerXml()", |c| markup(c, true))
        .mutates();
    t.method("string ReadOuterXml()", |c| markup(c, false))
        .mutates();
    t.method("string ReadString()", |c| {
        Ok(reader(c)?.read_string()?.into())
    })
    .mutates();
    t.method("string ReadContentAsString()", |c| {
        let reader = reader(c)?;
        if let Some(attribute) = reader.attribute()? {
            return Ok(attribute.value().into());
        }
        let kind = reader.node_type()?;
        if matches!(kind, 0 | 1 | 17) {
            return Err(Fault::invalid_operation(&format!(
                "The ReadContentAsString method is not supported on node type {}.",
                type_name(kind)
            )));
        }
        Ok(reader.run_of_text()?.into())
    })
    .mutates();
    for signature in [
        "string ReadElementString()",
        "string ReadElementString(string name)",
        "string ReadElementString(string localname, string ns)",
    ] {
        t.method(signature, read_element_string).mutates();
    }
    t.method("string ReadElementContentAsString()", |c| {
        let text = reader(c)?.element_content("ReadElementContentAsString")?;
        Ok(text.into())
    })
    .mutates();
    t.method("int ReadElementContentAsInt()", |c| {
        content_as(c, "Int", |text| text.parse::<i32>().ok())
    })
    .mutates();
    t.method("long ReadElementContentAsLong()", |c| {
        content_as(c, "Long", |text| text.parse::<i64>().ok())
    })
    .mutates();
    t.method("double ReadElementContentAsDouble()", |c| {
        content_as(c, "Double", |text| match text {
            "INF" => Some(f64::INFINITY),
            "-INF" => Some(f64::NEG_INFINITY),
            "NaN" => Some(f64::NAN),
            _ => text
                .parse::<f64>()
                .ok()
                .filter(|_| text.ends_with(|c: char| c.is_ascii_digit() || c == '.')),
        })
    })
    .mutates();
    t.method("decimal ReadElementContentAsDecimal()", |c| {
        content_as(c, "Decimal", |text| {
            text.parse::<rust_decimal::Decimal>().ok()
        })
    })
    .mutates();
    t.method("bool ReadElementContentAsBoolean()", |c| {
        content_as(c, "Boolean", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    })
    .mutates();
}

fn define_settings(types: &mut Types) {
    fn settings(c: &Call<'_, '_>) -> R<Rc<Settings>> {
        c.object::<Settings>(0)
    }
    fn change(c: &Call<'_, '_>, set: impl FnOnce(&mut Ignored, bool)) -> R<Value> {
        let (settings, flag) = (settings(c)?, c.bool(1)?);
        let mut ignored = settings.ignored.get();
        set(&mut ignored, flag);
        settings.ignored.set(ignored);
        Ok(Value::Null)
    }
    let mut t = types.class("System.Xml.XmlReaderSettings");
    t.beyond_documentation();
    t.constructor("()", |_| Ok(Value::object(Settings::default())));
    t.property_with_set(
        "bool IgnoreWhitespace",
        |c| Ok(settings(c)?.ignored.get().white_space.into()),
        |c| change(c, |ignored, flag| ignored.white_space = flag),
    )
    .mutates();
    t.property_with_set(
        "bool IgnoreComments",
        |c| Ok(settings(c)?.ignored.get().comments.into()),
        |c| change(c, |ignored, flag| ignored.comments = flag),
    )
    .mutates();
    t.property_with_set(
        "bool IgnoreProcessingInstructions",
        |c| Ok(settings(c)?.ignored.get().instructions.into()),
        |c| change(c, |ignored, flag| ignored.instructions = flag),
    )
    .mutates();
    t.property_with_set(
        "bool CloseInput",
        |c| Ok(settings(c)?.close_input.get().into()),
        |c| {
            settings(c)?.close_input.set(c.bool(1)?);
            Ok(Value::Null)
        },
    )
    .mutates();
    // Document types are refused whatever is asked for.
    t.property_with_set(
        "DtdProcessing DtdProcessing",
        |c| {
            let def = Registry::get().by_full_name("System.Xml.DtdProcessing");
            let number = settings(c)?.processing.get();
            Ok(def.map_or(Value::Null, |def| Value::Enum(def.id, number)))
        },
        |c| {
            let wanted = c.enumeration(1)?;
            if !(0..=2).contains(&wanted) {
                return Err(Fault::outside("value"));
            }
            settings(c)?.processing.set(wanted);
            Ok(Value::Null)
        },
    )
    .mutates();
}
