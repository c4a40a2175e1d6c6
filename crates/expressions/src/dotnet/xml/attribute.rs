//! `XAttribute`

use super::conversions::{self, signatures};
use super::names::{name, name_value};
use super::node::{remove, set_value, value};
use super::{content, defs, node, optional};
use crate::types::Types;
use crate::value::Value;
use crate::xml::XNode;

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XAttribute");
    t.base("XObject");
    t.static_property("IEnumerable<XAttribute> EmptySequence", |_| {
        Ok(crate::dotnet::collections::array(
            super::named(defs().attribute),
            Vec::new(),
        ))
    });
    t.constructor("(XName name, object value)", |c| {
        let (name, value) = (name(c, 0)?, c.required(1)?);
        let text = content::text(c.rt, &value)?;
        c.rt.allocate(128)?;
        Ok(Value::object(XNode::attribute_of(name, text)))
    });
    t.constructor("(XAttribute other)", |c| {
        Ok(Value::object(node(c, 0)?.deep_clone()))
    });
    t.property("XName Name", |c| {
        Ok(node(c, 0)?.name().map_or(Value::Null, name_value))
    });
    t.property_with_set("string Value", value, set_value)
        .mutates();
    t.property("bool IsNamespaceDeclaration", |c| {
        Ok(node(c, 0)?
            .name()
            .is_some_and(|name| name.is_declaration())
            .into())
    });
    t.property("XAttribute NextAttribute", |c| {
        Ok(optional(node(c, 0)?.sibling(1)))
    });
    t.property("XAttribute PreviousAttribute", |c| {
        Ok(optional(node(c, 0)?.sibling(-1)))
    });
    t.method("void Remove()", remove).mutates();
    t.method("void SetValue(object value)", |c| {
        let value = c.required(1)?;
        let text = content::text(c.rt, &value)?;
        node(c, 0)?.set_value(text)?;
        Ok(Value::Null)
    })
    .mutates();
    conversions::define(&mut t, signatures!("XAttribute", "attribute"));
}
