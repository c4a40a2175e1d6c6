//! `XmlDocument`

use std::rc::Rc;

use super::element::{attribute_name, by_tag_name, by_tag_name_in, split};
use super::names::{check_part, node_name, written};
use super::node::copy_of;
use super::{DomNode, dom, not_null, optional, text_or_empty, value};
use crate::dotnet::text::StringReader;
use crate::dotnet::xml::namespaces::NameTable;
use crate::dotnet::xml::reader::Reader;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Str, Value};
use crate::xml::{self, Declaration, Name, XMLNS_NAMESPACE, XNode};

/// Puts what a text holds in the place of all that is in the document.
pub(super) fn replace(document: &XNode, text: &str, preserve: bool) -> R<()> {
    let parsed = xml::parse_document(text, preserve)?;
    take_over(document, &parsed)
}

fn take_over(document: &XNode, parsed: &XNode) -> R<()> {
    document.remove_nodes();
    document.set_declaration(parsed.declaration());
    for child in parsed.nodes() {
        child.remove()?;
        document.append(&child)?;
    }
    Ok(())
}

fn load(c: &mut Call<'_, '_>, text: &Str) -> R<Value> {
    let document = dom(c, 0)?;
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(8))?;
    replace(&document.node, &text, document.preserve.get())?;
    Ok(Value::Null)
}

/// An element that keeps its prefix: it declares it until it stands where the prefix is in force.
fn create_element(prefix: &Str, local: Str, namespace: Str) -> R<Value> {
    check_part(prefix)?;
    let element = XNode::element(node_name(local, namespace.clone())?);
    if !prefix.is_empty() && !namespace.is_empty() {
        let declaration = node_name(prefix.clone(), XMLNS_NAMESPACE.into())?;
        element.append(&XNode::attribute_of(declaration, namespace))?;
    }
    Ok(value(element))
}

/// An attribute; its prefix is the one in force where it will stand.
fn create_attribute(prefix: &Str, local: Str, namespace: Str) -> R<Value> {
    let declares = *prefix == *"xmlns" || prefix.is_empty() && local == *"xmlns";
    if declares != (namespace == *XMLNS_NAMESPACE) {
        return Err(Fault::argument(
            &format!(
                "The namespace declaration attribute has an incorrect 'namespaceURI': '{namespace}'."
            ),
            "",
        ));
    }
    check_part(prefix)?;
    let name = if declares && prefix.is_empty() {
        Name::plain(local)
    } else {
        node_name(local, namespace)?
    };
    Ok(value(XNode::attribute_of(name, Str::EMPTY)))
}

/// Version and `standalone` of a declaration.
fn check_declaration(version: &str, standalone: Option<&Str>) -> R<()> {
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::argument(
            "Wrong XML version information. The XML must match production \"VersionNum ::= '1.' [0-9]+\".",
            "",
        ));
    }
    match standalone {
        Some(text) if *text != *"yes" && *text != *"no" => Err(Fault::argument(
            &format!("Wrong value for the XML declaration standalone attribute of '{text}'."),
            "",
        )),
        _ => Ok(()),
    }
}

pub(super) fn define(types: &mut Types) {
    types.class("System.Xml.XmlResolver").beyond_documentation();
    let mut t = types.class("System.Xml.XmlDocument");
    t.weighs(256);
    t.beyond_documentation();
    t.base("XmlNode");
    t.constructor("()", |_| Ok(value(XNode::document())));
    t.constructor("(XmlNameTable nt)", |c| {
        not_null(c, 0)?;
        Ok(value(XNode::document()))
    });
    t.method("void LoadXml(string xml)", |c| {
        let text = c.str(1)?;
        load(c, &text)
    })
    .mutates();
    t.method("void Load(TextReader txtReader)", |c| {
        // What is not there is an empty text.
        let text = match c.opt_object::<StringReader>(1)? {
            Some(reader) => reader.rest(),
            None => Str::EMPTY,
        };
        load(c, &text)
    })
    .mutates();
    t.method("void Load(XmlReader reader)", |c| {
        let (document, reader) = (dom(c, 0)?, c.object::<Reader>(1)?);
        if reader.is_at_text()? {
            return Err(Fault::invalid_operation(
                "The specified node cannot be inserted as the valid child of this node, because the specified node is the wrong type.",
            ));
        }
        let parsed = reader.rest_as_document()?;
        c.rt.spend(crate::forest::take_work())?;
        c.rt.allocate(parsed.descendants(true).len().saturating_mul(160))?;
        take_over(&document.node, &parsed)?;
        Ok(Value::Null)
    })
    .mutates();
    t.property("XmlElement DocumentElement", |c| {
        Ok(optional(dom(c, 0)?.node.elements().into_iter().next()))
    });
    t.property("XmlNameTable NameTable", |_| {
        Ok(Value::object(NameTable::of_document()))
    });
    t.property_with_set(
        "bool PreserveWhitespace",
        |c| Ok(dom(c, 0)?.preserve.get().into()),
        |c| {
            let flag = c.bool(1)?;
            dom(c, 0)?.preserve.set(flag);
            Ok(Value::Null)
        },
    )
    .mutates();
    // Nothing is ever resolved: there are no document types.
    t.write_only_property("XmlResolver XmlResolver", |_| Ok(Value::Null));
    t.method("XmlElement CreateElement(string name)", |c| {
        let (prefix, local) = split(&written(c, 1)?);
        create_element(&prefix, local, Str::EMPTY)
    });
    t.method(
        "XmlElement CreateElement(string qualifiedName, string namespaceURI)",
        |c| {
            let (prefix, local) = split(&written(c, 1)?);
            let namespace = text_or_empty(c, 2)?;
            create_element(&prefix, local, namespace)
        },
    );
    t.method(
        "XmlElement CreateElement(string prefix, string localName, string namespaceURI)",
        |c| {
            let (prefix, local) = (text_or_empty(c, 1)?, c.str(2)?);
            let namespace = text_or_empty(c, 3)?;
            create_element(&prefix, local, namespace)
        },
    );
    t.method("XmlAttribute CreateAttribute(string name)", |c| {
        let name = attribute_name(None, &written(c, 1)?)?;
        Ok(value(XNode::attribute_of(name, Str::EMPTY)))
    });
    t.method(
        "XmlAttribute CreateAttribute(string qualifiedName, string namespaceURI)",
        |c| {
            let (prefix, local) = split(&written(c, 1)?);
            let namespace = text_or_empty(c, 2)?;
            create_attribute(&prefix, local, namespace)
        },
    );
    t.method(
        "XmlAttribute CreateAttribute(string prefix, string localName, string namespaceURI)",
        |c| {
            let (prefix, local) = (text_or_empty(c, 1)?, c.str(2)?);
            let namespace = text_or_empty(c, 3)?;
            create_attribute(&prefix, local, namespace)
        },
    );
    t.method("XmlText CreateTextNode(string text)", |c| {
        Ok(value(XNode::text_of(text_or_empty(c, 1)?)))
    });
    t.method("XmlCDataSection CreateCDataSection(string data)", |c| {
        Ok(value(XNode::cdata(text_or_empty(c, 1)?)))
    });
    t.method("XmlComment CreateComment(string data)", |c| {
        Ok(value(XNode::comment(text_or_empty(c, 1)?)))
    });
    t.method(
        "XmlProcessingInstruction CreateProcessingInstruction(string target, string data)",
        |c| {
            let (target, data) = (text_or_empty(c, 1)?, text_or_empty(c, 2)?);
            Ok(value(XNode::instruction(target, data)))
        },
    );
    t.method(
        "XmlDeclaration CreateXmlDeclaration(string version, string encoding, string standalone)",
        |c| {
            let document = XNode::document();
            let part = |text: Option<Str>| text.filter(|text| !text.is_empty());
            let (version, standalone) = (written(c, 1)?, part(c.opt_str(3)?));
            check_declaration(&version.to_utf8(), standalone.as_ref())?;
            document.set_declaration(Some(Declaration {
                version: Some(version),
                encoding: part(c.opt_str(2)?),
                standalone,
            }));
            Ok(Value::object(DomNode::declaration(document)))
        },
    );
    t.method("XmlNode ImportNode(XmlNode node, bool deep)", |c| {
        if c.value(1).is_null() {
            return Err(Fault::invalid_operation("Cannot import a null node."));
        }
        let (node, deep): (Rc<DomNode>, bool) = (dom(c, 1)?, c.bool(2)?);
        if node.is_document() {
            return Err(Fault::invalid_operation(
                "Cannot import nodes of type 'Document'.",
            ));
        }
        let copy = copy_of(c, &node.node)?;
        if !deep {
            copy.remove_nodes();
        }
        Ok(value(copy))
    });
    t.method("XmlNodeList GetElementsByTagName(string name)", by_tag_name);
    t.method(
        "XmlNodeList GetElementsByTagName(string localName, string namespaceURI)",
        by_tag_name_in,
    );
}
