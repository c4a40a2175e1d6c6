//! `XElement`

use super::content::{add, text};
use super::conversions::{self, signatures};
use super::names::{name, name_value, namespace, namespace_value, opt_name};
use super::node::{set_value, value};
use super::{defs, elements, node, nothing, optional, sequence};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Str, Value};
use crate::xml::{self, XNode};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XElement");
    t.weighs(256);
    t.base("XContainer");
    t.constructor("(XName name)", |c| {
        c.rt.allocate(160)?;
        Ok(Value::object(XNode::element(name(c, 0)?)))
    });
    t.constructor("(XName name, object content)", with_content);
    t.constructor("(XName name, params object[] content)", with_content);
    t.constructor("(XElement other)", |c| {
        let other = node(c, 0)?;
        super::content::account_copy(c.rt, &other)?;
        Ok(Value::object(other.deep_clone()))
    });
    for signature in [
        "XElement Load(TextReader textReader)",
        "XElement Load(XmlReader reader)",
    ] {
        t.static_method(signature, |c| root_of(&super::reader::load(c, false)?))
            .beyond_documentation();
    }
    for signature in [
        "XElement Load(TextReader textReader, LoadOptions options)",
        "XElement Load(XmlReader reader, LoadOptions options)",
    ] {
        t.static_method(signature, |c| {
            let preserve = c.enumeration(1)? & 1 != 0;
            root_of(&super::reader::load(c, preserve)?)
        })
        .beyond_documentation();
    }
    t.static_method("XElement Parse(string text)", |c| parse(c, false));
    t.static_method("XElement Parse(string text, LoadOptions options)", |c| {
        let preserve = c.enumeration(1)? & 1 != 0;
        parse(c, preserve)
    });
    t.static_property("IEnumerable<XElement> EmptySequence", |_| {
        Ok(crate::dotnet::collections::array(
            super::named(defs().element),
            Vec::new(),
        ))
    });
    t.property_with_set(
        "XName Name",
        |c| Ok(node(c, 0)?.name().map_or(Value::Null, name_value)),
        |c| {
            let name = name(c, 1)?;
            node(c, 0)?.set_name(name);
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set("string Value", value, set_value)
        .mutates();
    t.property("bool IsEmpty", |c| Ok(node(c, 0)?.is_empty().into()));
    t.property("bool HasElements", |c| {
        Ok((!node(c, 0)?.elements().is_empty()).into())
    });
    t.property("bool HasAttributes", |c| {
        Ok((!node(c, 0)?.attributes().is_empty()).into())
    });
    t.property("XAttribute FirstAttribute", |c| {
        Ok(optional(node(c, 0)?.attributes().into_iter().next()))
    });
    t.property("XAttribute LastAttribute", |c| {
        Ok(optional(node(c, 0)?.attributes().pop()))
    });
    t.method("XAttribute Attribute(XName name)", |c| {
        let (node, name) = (node(c, 0)?, opt_name(c, 1)?);
        Ok(optional(name.and_then(|name| node.attribute(&name))))
    });
    t.method("IEnumerable<XAttribute> Attributes()", |c| {
        Ok(sequence(defs().attribute, node(c, 0)?, |node| {
            node.attributes()
        }))
    });
    t.method("IEnumerable<XAttribute> Attributes(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().attribute));
        };
        Ok(sequence(defs().attribute, node(c, 0)?, move |node| {
            node.attribute(&name).into_iter().collect()
        }))
    });
    t.method("IEnumerable<XElement> AncestorsAndSelf()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            node.ancestors(true)
        }))
    });
    t.method("IEnumerable<XElement> AncestorsAndSelf(XName name)", |c| {
        let Some(name) = opt_name(c, 1)? else {
            return Ok(nothing(defs().element));
        };
        Ok(sequence(defs().element, node(c, 0)?, move |node| {
            elements(node.ancestors(true), Some(&name))
        }))
    });
    t.method("IEnumerable<XElement> DescendantsAndSelf()", |c| {
        Ok(sequence(defs().element, node(c, 0)?, |node| {
            elements(node.descendants(true), None)
        }))
    });
    t.method(
        "IEnumerable<XElement> DescendantsAndSelf(XName name)",
        |c| {
            let Some(name) = opt_name(c, 1)? else {
                return Ok(nothing(defs().element));
            };
            Ok(sequence(defs().element, node(c, 0)?, move |node| {
                elements(node.descendants(true), Some(&name))
            }))
        },
    );
    t.method("IEnumerable<XNode> DescendantNodesAndSelf()", |c| {
        Ok(sequence(defs().node, node(c, 0)?, |node| {
            node.descendants(true)
        }))
    });
    t.method("void SetAttributeValue(XName name, object value)", |c| {
        let (element, name) = (node(c, 0)?, name(c, 1)?);
        let value = content_text(c, 2)?;
        element.set_attribute(name, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void SetElementValue(XName name, object value)", |c| {
        let (element, name) = (node(c, 0)?, name(c, 1)?);
        let value = content_text(c, 2)?;
        element.set_element(name, value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void SetValue(object value)", |c| {
        let value = c.required(1)?;
        let value = text(c.rt, &value)?;
        node(c, 0)?.set_value(value)?;
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAttributes()", |c| {
        node(c, 0)?.remove_attributes();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void RemoveAll()", |c| {
        let element = node(c, 0)?;
        element.remove_attributes();
        element.remove_nodes();
        Ok(Value::Null)
    })
    .mutates();
    for signature in [
        "void ReplaceAll(object content)",
        "void ReplaceAll(params object[] content)",
    ] {
        t.method(signature, |c| {
            let (element, content) = (node(c, 0)?, c.value(1));
            let copy = XNode::element(xml::Name::plain(Str::literal("content")));
            add(c.rt, &copy, &content)?;
            element.remove_attributes();
            element.remove_nodes();
            for part in copy.attributes().into_iter().chain(copy.nodes()) {
                part.remove()?;
                element.append(&part)?;
            }
            Ok(Value::Null)
        })
        .mutates();
    }
    for signature in [
        "void ReplaceAttributes(object content)",
        "void ReplaceAttributes(params object[] content)",
    ] {
        t.method(signature, |c| {
            let (element, content) = (node(c, 0)?, c.value(1));
            element.remove_attributes();
            add(c.rt, &element, &content)?;
            Ok(Value::Null)
        })
        .mutates();
    }
    t.method("XNamespace GetDefaultNamespace()", |c| {
        Ok(namespace_value(
            node(c, 0)?.namespace_of_prefix("").unwrap_or(Str::EMPTY),
        ))
    });
    t.method("XNamespace GetNamespaceOfPrefix(string prefix)", |c| {
        let prefix = c.str(1)?;
        if prefix.is_empty() {
            return Err(Fault::argument("'' is an invalid prefix.", "prefix"));
        }
        Ok(node(c, 0)?
            .namespace_of_prefix(&prefix.to_utf8())
            .map_or(Value::Null, namespace_value))
    });
    t.method("string GetPrefixOfNamespace(XNamespace ns)", |c| {
        let namespace = namespace(c, 1)?;
        if namespace == *crate::xml::XMLNS_NAMESPACE {
            return Ok(Str::literal("xmlns").into());
        }
        Ok(node(c, 0)?.prefix_of_namespace(&namespace.to_utf8()).into())
    });
    conversions::define(&mut t, signatures!("XElement", "element"));
}

/// Argument `index` in XML's spelling, `None` for null.
fn content_text(c: &mut Call<'_, '_>, index: usize) -> R<Option<Str>> {
    match c.value(index) {
        Value::Null => Ok(None),
        value => text(c.rt, &value).map(Some),
    }
}

fn with_content(c: &mut Call<'_, '_>) -> R<Value> {
    c.rt.allocate(160)?;
    let (element, content) = (XNode::element(name(c, 0)?), c.value(1));
    add(c.rt, &element, &content)?;
    Ok(Value::object(element))
}

fn parse(c: &mut Call<'_, '_>, preserve: bool) -> R<Value> {
    let text = c.str(0)?;
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(xml::size_of_tree(&text))?;
    Ok(Value::object(xml::parse_element(&text, preserve)?))
}

/// The root element without its document.
fn root_of(document: &XNode) -> R<Value> {
    let root = document.elements().into_iter().next();
    if let Some(root) = &root {
        root.remove()?;
    }
    Ok(root.map_or(Value::Null, Value::object))
}
