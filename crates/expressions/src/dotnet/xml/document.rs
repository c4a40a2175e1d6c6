//! `XDocument` and `XDeclaration`

use std::cell::RefCell;

use super::content::add;
use super::names::DeclarationObject;
use super::{node, optional};
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::{Str, Value};
use crate::xml::{self, Declaration, XNode};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XDeclaration");
    t.constructor(
        "(string version, string encoding, string standalone)",
        |c| {
            let declaration = Declaration {
                version: c.opt_str(0)?,
                encoding: c.opt_str(1)?,
                standalone: c.opt_str(2)?,
            };
            Ok(Value::object(DeclarationObject(RefCell::new(declaration))))
        },
    );
    t.constructor("(XDeclaration other)", |c| {
        let other = c.object::<DeclarationObject>(0)?.0.borrow().clone();
        Ok(Value::object(DeclarationObject(RefCell::new(other))))
    });
    t.property_with_set(
        "string Version",
        |c| part(c, |d| d.version.clone()),
        |c| set_part(c, |d, text| d.version = text),
    )
    .mutates();
    t.property_with_set(
        "string Encoding",
        |c| part(c, |d| d.encoding.clone()),
        |c| set_part(c, |d, text| d.encoding = text),
    )
    .mutates();
    t.property_with_set(
        "string Standalone",
        |c| part(c, |d| d.standalone.clone()),
        |c| set_part(c, |d, text| d.standalone = text),
    )
    .mutates();

    let mut t = types.class("System.Xml.Linq.XDocument");
    t.weighs(1024);
    t.base("XContainer");
    t.constructor("()", |_| Ok(Value::object(XNode::document())));
    t.constructor("(params object[] content)", |c| {
        let (document, content) = (XNode::document(), c.value(0));
        add(c.rt, &document, &content)?;
        Ok(Value::object(document))
    });
    t.constructor("(XDeclaration declaration, params object[] content)", |c| {
        let (document, content) = (XNode::document(), c.value(1));
        let declaration = c.opt_object::<DeclarationObject>(0)?;
        document.set_declaration(declaration.map(|d| d.0.borrow().clone()));
        add(c.rt, &document, &content)?;
        Ok(Value::object(document))
    });
    t.constructor("(XDocument other)", |c| {
        let other = node(c, 0)?;
        super::content::account_copy(c.rt, &other)?;
        Ok(Value::object(other.deep_clone()))
    });
    t.static_method("XDocument Parse(string text)", |c| parse(c, false));
    t.static_method("XDocument Parse(string text, LoadOptions options)", |c| {
        let preserve = c.enumeration(1)? & 1 != 0;
        parse(c, preserve)
    });
    for signature in [
        "XDocument Load(TextReader textReader)",
        "XDocument Load(XmlReader reader)",
    ] {
        t.static_method(signature, |c| {
            Ok(Value::object(super::reader::load(c, false)?))
        })
        .beyond_documentation();
    }
    for signature in [
        "XDocument Load(TextReader textReader, LoadOptions options)",
        "XDocument Load(XmlReader reader, LoadOptions options)",
    ] {
        t.static_method(signature, |c| {
            let preserve = c.enumeration(1)? & 1 != 0;
            Ok(Value::object(super::reader::load(c, preserve)?))
        })
        .beyond_documentation();
    }
    t.property("XElement Root", |c| {
        Ok(optional(node(c, 0)?.elements().into_iter().next()))
    });
    t.property_with_set(
        "XDeclaration Declaration",
        |c| {
            let declaration = node(c, 0)?.declaration();
            Ok(declaration.map_or(Value::Null, |d| {
                Value::object(DeclarationObject(RefCell::new(d)))
            }))
        },
        |c| {
            let declaration = c.opt_object::<DeclarationObject>(1)?;
            node(c, 0)?.set_declaration(declaration.map(|d| d.0.borrow().clone()));
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("XDocumentType DocumentType", |_| Ok(Value::Null));
}

fn part(c: &mut Call<'_, '_>, take: impl FnOnce(&Declaration) -> Option<Str>) -> R<Value> {
    Ok(take(&c.object::<DeclarationObject>(0)?.0.borrow()).into())
}

fn set_part(c: &mut Call<'_, '_>, set: impl FnOnce(&mut Declaration, Option<Str>)) -> R<Value> {
    let text = c.opt_str(1)?;
    set(&mut c.object::<DeclarationObject>(0)?.0.borrow_mut(), text);
    Ok(Value::Null)
}

fn parse(c: &mut Call<'_, '_>, preserve: bool) -> R<Value> {
    let text = c.str(0)?;
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(xml::size_of_tree(&text))?;
    Ok(Value::object(xml::parse_document(&text, preserve)?))
}
