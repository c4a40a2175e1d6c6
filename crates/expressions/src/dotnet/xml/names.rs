//! `XName` and `XNamespace`

use std::cell::RefCell;

use super::{defs, named};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};
use crate::xml::{Declaration, Name, XML_NAMESPACE, XMLNS_NAMESPACE};

pub(super) struct NameObject(pub(super) Name);
struct NamespaceObject(Str);
/// `XDeclaration`
pub(super) struct DeclarationObject(pub(super) RefCell<Declaration>);

impl Object for NameObject {
    fn type_of(&self) -> Type {
        named(defs().name)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.0 == other.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.local.len() as u64)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.0.to_text()))
    }
}

impl Object for NamespaceObject {
    fn type_of(&self) -> Type {
        named(defs().namespace)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.0 == other.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.0.clone()))
    }
}

impl Object for DeclarationObject {
    fn type_of(&self) -> Type {
        named(defs().declaration)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.0.borrow().to_text().into()))
    }
}

/// Argument `index` as a name; null is an `ArgumentNullException`.
pub(super) fn name(c: &Call<'_, '_>, index: usize) -> R<Name> {
    Ok(c.object::<NameObject>(index)?.0.clone())
}

/// Argument `index` as a name, `None` for null.
pub(super) fn opt_name(c: &Call<'_, '_>, index: usize) -> R<Option<Name>> {
    Ok(c.opt_object::<NameObject>(index)?
        .map(|name| name.0.clone()))
}

/// A name of its two parts; an empty one counts as missing.
fn made(local: Str, namespace: Str) -> R<Value> {
    if local.is_empty() {
        return Err(Fault::argument_null("localName"));
    }
    Ok(name_value(Name::new(local, namespace)?))
}

pub(super) fn name_value(name: Name) -> Value {
    Value::object(NameObject(name))
}

pub(super) fn namespace_value(namespace: Str) -> Value {
    Value::object(NamespaceObject(namespace))
}

/// The namespace argument's text.
pub(super) fn namespace(c: &Call<'_, '_>, index: usize) -> R<Str> {
    Ok(c.object::<NamespaceObject>(index)?.0.clone())
}

fn parsed(c: &mut Call<'_, '_>) -> R<Value> {
    Ok(match c.opt_str(0)? {
        Some(text) => name_value(Name::parse(&text)?),
        None => Value::Null,
    })
}

/// `==` by value; both may be null.
fn same(c: &Call<'_, '_>) -> bool {
    crate::runtime::equals(&c.value(0), &c.value(1))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.Linq.XName");
    t.static_method("XName Get(string expandedName)", |c| {
        Ok(name_value(Name::parse(&c.str(0)?)?))
    });
    t.static_method("XName Get(string localName, string namespaceName)", |c| {
        made(c.str(0)?, c.str(1)?)
    });
    t.property("string LocalName", |c| Ok(name(c, 0)?.local.into()));
    t.property("string NamespaceName", |c| Ok(name(c, 0)?.namespace.into()));
    t.property("XNamespace Namespace", |c| {
        Ok(namespace_value(name(c, 0)?.namespace))
    });
    t.implicit("XName (string expandedName)", parsed);
    t.operator("bool operator ==(XName left, XName right)", |c| {
        Ok(same(c).into())
    });
    t.operator("bool operator !=(XName left, XName right)", |c| {
        Ok((!same(c)).into())
    });

    let mut t = types.class("System.Xml.Linq.XNamespace");
    t.static_method("XNamespace Get(string namespaceName)", |c| {
        Ok(namespace_value(c.str(0)?))
    });
    t.static_property("XNamespace None", |_| Ok(namespace_value(Str::EMPTY)));
    t.static_property("XNamespace Xml", |_| {
        Ok(namespace_value(XML_NAMESPACE.into()))
    });
    t.static_property("XNamespace Xmlns", |_| {
        Ok(namespace_value(XMLNS_NAMESPACE.into()))
    });
    t.property("string NamespaceName", |c| Ok(namespace(c, 0)?.into()));
    t.method("XName GetName(string localName)", |c| {
        made(c.str(1)?, namespace(c, 0)?)
    });
    t.implicit("XNamespace (string namespaceName)", |c| {
        Ok(c.opt_str(0)?.map_or(Value::Null, namespace_value))
    });
    t.operator("XName operator +(XNamespace ns, string localName)", |c| {
        made(c.str(1)?, namespace(c, 0)?)
    });
    t.operator("bool operator ==(XNamespace left, XNamespace right)", |c| {
        Ok(same(c).into())
    });
    t.operator("bool operator !=(XNamespace left, XNamespace right)", |c| {
        Ok((!same(c)).into())
    });
}
