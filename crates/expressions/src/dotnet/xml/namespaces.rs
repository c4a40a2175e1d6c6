//! `XmlNamespaceManager` and what it is made with: prefixes for XPath expressions and readers.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use crate::runtime::{Call, Fault, R};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};
use crate::xml::{XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::xpath::Namespaces;

/// `NameTable`: .NET shares equal names through it; here texts are shared anyway, so it knows what was put into it only.
#[derive(Default)]
pub(in crate::dotnet) struct NameTable(RefCell<HashSet<Str>>);

impl NameTable {
    fn with(names: &[&'static str]) -> Self {
        let names = names.iter().map(|name| Str::literal(name));
        Self(RefCell::new(names.collect()))
    }

    /// With the names that each document has.
    pub(in crate::dotnet) fn of_document() -> Self {
        Self::with(&[
            "#document",
            "#document-fragment",
            "#comment",
            "#text",
            "#cdata-section",
            "#entity",
            "id",
            "#whitespace",
            "#significant-whitespace",
            "xmlns",
            "xml",
            "space",
            "lang",
            XMLNS_NAMESPACE,
            XML_NAMESPACE,
        ])
    }

    /// With the names that each reader has.
    pub(in crate::dotnet) fn of_reader() -> Self {
        Self::with(&["xmlns", "xml", XMLNS_NAMESPACE, XML_NAMESPACE])
    }
}

fn table(c: &Call<'_, '_>) -> R<Rc<NameTable>> {
    c.object::<NameTable>(0)
}

/// `XmlNamespaceManager`
pub(in crate::dotnet) struct NamespaceManager {
    /// Scopes, innermost last, each with prefixes and namespaces.
    scopes: RefCell<Vec<Vec<(Str, Str)>>>,
}

fn named(name: &str) -> Type {
    Registry::get()
        .by_full_name(name)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

impl Object for NameTable {
    fn type_of(&self) -> Type {
        named("System.Xml.NameTable")
    }
}

impl Object for NamespaceManager {
    fn type_of(&self) -> Type {
        named("System.Xml.XmlNamespaceManager")
    }
}

impl NamespaceManager {
    fn find(&self, prefix: &str) -> Option<Str> {
        match prefix {
            "xml" => return Some(XML_NAMESPACE.into()),
            "xmlns" => return Some(XMLNS_NAMESPACE.into()),
            _ => {}
        }
        let scopes = self.scopes.borrow();
        let found = scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|(known, _)| *known == *prefix)
            .map(|(_, namespace)| namespace.clone());
        // No default namespace is the empty one.
        found.or_else(|| prefix.is_empty().then_some(Str::EMPTY))
    }

    fn prefix_of(&self, namespace: &Str) -> Option<Str> {
        if *namespace == *XML_NAMESPACE {
            return Some("xml".into());
        }
        if *namespace == *XMLNS_NAMESPACE {
            return Some("xmlns".into());
        }
        let scopes = self.scopes.borrow();
        scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .filter(|(_, known)| known == namespace)
            .map(|(prefix, _)| prefix.clone())
            .find(|prefix| self.find(&prefix.to_utf8()).as_ref() == Some(namespace))
    }
}

impl Namespaces for NamespaceManager {
    fn lookup(&self, prefix: &str) -> R<Option<Str>> {
        Ok(self.find(prefix))
    }
}

/// Argument `index` as the manager of an XPath expression's prefixes; `None` for null.
pub(in crate::dotnet) fn resolver(
    c: &Call<'_, '_>,
    index: usize,
) -> R<Option<std::rc::Rc<NamespaceManager>>> {
    c.opt_object::<NamespaceManager>(index)
}

fn manager(c: &Call<'_, '_>) -> R<std::rc::Rc<NamespaceManager>> {
    c.object::<NamespaceManager>(0)
}

fn add(c: &mut Call<'_, '_>) -> R<Value> {
    let (manager, prefix, uri) = (manager(c)?, c.str(1)?, c.str(2)?);
    if prefix == *"xml" && uri != *XML_NAMESPACE {
        return Err(Fault::argument(
            "Prefix \"xml\" is reserved for use by XML and can be mapped only to namespace name \"http://www.w3.org/XML/1998/namespace\".",
            "",
        ));
    }
    if prefix == *"xmlns" {
        return Err(Fault::argument(
            "Prefix \"xmlns\" is reserved for use by XML.",
            "",
        ));
    }
    c.rt.allocate(prefix.heap_size() + uri.heap_size() + 64)?;
    if let Some(scope) = manager.scopes.borrow_mut().last_mut() {
        scope.retain(|(known, _)| *known != prefix);
        scope.push((prefix, uri));
    }
    Ok(Value::Null)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Xml.XmlNameTable");
    t.beyond_documentation();
    t.method("string Add(string array)", |c| {
        let name = c.str(1)?;
        c.rt.allocate(name.heap_size() + 64)?;
        table(c)?.0.borrow_mut().insert(name.clone());
        Ok(name.into())
    })
    .mutates();
    t.method("string Get(string array)", |c| {
        let name = c.str(1)?;
        // The empty name is everywhere.
        let known = name.is_empty() || table(c)?.0.borrow().contains(&name);
        Ok(known.then_some(name).into())
    });
    let mut t = types.class("System.Xml.NameTable");
    t.beyond_documentation();
    t.base("XmlNameTable");
    t.constructor("()", |_| Ok(Value::object(NameTable::default())));

    let mut t = types.interface("System.Xml.IXmlNamespaceResolver");
    t.beyond_documentation();
    t.method("string LookupNamespace(string prefix)", lookup);
    t.method("string LookupPrefix(string namespaceName)", lookup_prefix);

    let mut t = types.class("System.Xml.XmlNamespaceManager");
    t.beyond_documentation();
    t.base("object").base("IXmlNamespaceResolver");
    t.constructor("(XmlNameTable nameTable)", |c| {
        if c.value(0).is_null() {
            return Err(Fault::null_reference());
        }
        Ok(Value::object(NamespaceManager {
            scopes: RefCell::new(vec![Vec::new()]),
        }))
    });
    t.property("XmlNameTable NameTable", |_| {
        Ok(Value::object(NameTable::of_reader()))
    });
    t.property("string DefaultNamespace", |c| {
        Ok(manager(c)?.find("").unwrap_or(Str::EMPTY).into())
    });
    t.method("void AddNamespace(string prefix, string uri)", add)
        .mutates();
    t.method("void RemoveNamespace(string prefix, string uri)", |c| {
        let (manager, prefix, uri) = (manager(c)?, c.str(1)?, c.str(2)?);
        if let Some(scope) = manager.scopes.borrow_mut().last_mut() {
            scope.retain(|(known, namespace)| *known != prefix || *namespace != uri);
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool HasNamespace(string prefix)", |c| {
        let Some(prefix) = c.opt_str(1)? else {
            return Ok(false.into());
        };
        let manager = manager(c)?;
        let scopes = manager.scopes.borrow();
        let last = scopes.last();
        Ok(last
            .is_some_and(|scope| scope.iter().any(|(known, _)| *known == prefix))
            .into())
    });
    t.method("string LookupNamespace(string prefix)", lookup);
    t.method("string LookupPrefix(string uri)", lookup_prefix);
    t.method("void PushScope()", |c| {
        c.rt.allocate(64)?;
        manager(c)?.scopes.borrow_mut().push(Vec::new());
        Ok(Value::Null)
    })
    .mutates();
    t.method("bool PopScope()", |c| {
        let manager = manager(c)?;
        let mut scopes = manager.scopes.borrow_mut();
        let inner = scopes.len() > 1;
        if inner {
            scopes.pop();
        }
        Ok(inner.into())
    })
    .mutates();
}

fn lookup(c: &mut Call<'_, '_>) -> R<Value> {
    let Some(prefix) = c.opt_str(1)? else {
        return Ok(Value::Null);
    };
    Ok(manager(c)?.find(&prefix.to_utf8()).into())
}

fn lookup_prefix(c: &mut Call<'_, '_>) -> R<Value> {
    let Some(namespace) = c.opt_str(1)? else {
        return Ok(Value::Null);
    };
    Ok(manager(c)?.prefix_of(&namespace).into())
}
