//! `System.UriBuilder`: not on the documented list, but common in published C#.

use std::cell::RefCell;
use std::rc::Rc;

use super::uri::{UriObject, own as own_uri};
use crate::clr::uri::{Uri, UriKind, default_port};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};

#[derive(Clone)]
struct Parts {
    scheme: String,
    user: String,
    password: String,
    host: String,
    /// -1 for the scheme's default.
    port: i32,
    path: String,
    query: String,
    fragment: String,
}

impl Parts {
    fn new(scheme: &str, host: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            user: String::new(),
            password: String::new(),
            host: bracketed(host.to_owned()),
            port: -1,
            path: "/".to_owned(),
            query: String::new(),
            fragment: String::new(),
        }
    }

    fn of(uri: &Uri) -> R<Self> {
        let parts = uri.parts()?;
        let user = parts.user_info.as_deref().unwrap_or_default();
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        Ok(Self {
            scheme: parts.scheme.clone(),
            user: user.to_owned(),
            password: password.to_owned(),
            host: parts.host_text(),
            port: parts.port.map_or(-1, i32::from),
            path: parts.absolute_path().to_owned(),
            query: parts.query.clone(),
            fragment: parts.fragment.clone(),
        })
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            let slashes = match self.scheme.as_str() {
                // With an authority always, or never
                "http" | "https" | "ws" | "wss" | "ftp" | "file" | "gopher" | "nntp" | "telnet"
                | "ldap" | "net.tcp" | "net.pipe" | "vsmacros" => true,
                "mailto" | "news" | "uuid" => false,
                _ => !self.host.is_empty(),
            };
            out.push_str(&self.scheme);
            out.push_str(if slashes { "://" } else { ":" });
        }
        if !self.user.is_empty() {
            out.push_str(&self.user);
            if !self.password.is_empty() {
                out.push(':');
                out.push_str(&self.password);
            }
            out.push('@');
        }
        out.push_str(&self.host);
        if self.port >= 0 && !self.host.is_empty() {
            out.push_str(&format!(":{}", self.port));
        }
        if !self.path.starts_with('/') && !self.path.is_empty() && !self.host.is_empty() {
            out.push('/');
        }
        out.push_str(&self.path);
        out.push_str(&self.query);
        out.push_str(&self.fragment);
        out
    }
}

struct Builder(RefCell<Parts>);

impl Object for Builder {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name("System.UriBuilder")
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0.borrow().text() == self.0.borrow().text()),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(
            self.0
                .borrow()
                .text()
                .bytes()
                .fold(5381, |hash, b| hash.wrapping_mul(33) ^ u64::from(b)),
        )
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _: Option<&str>) -> R<Option<Str>> {
        let parts = self.0.borrow();
        if parts.user.is_empty() && !parts.password.is_empty() {
            return Err(Fault::new(
                "System.UriFormatException",
                Str::literal("Invalid URI: The username:password construct is badly formed."),
            ));
        }
        let text = parts.text();
        rt.allocate(text.len())?;
        Ok(Some(Str::from(text)))
    }
}

fn own(c: &Call<'_, '_>) -> R<Rc<Builder>> {
    c.object::<Builder>(0)
}

fn make(parts: Parts) -> Value {
    Value::object(Builder(RefCell::new(parts)))
}

fn text(c: &Call<'_, '_>, index: usize) -> R<String> {
    Ok(c.opt_str(index)?
        .map(|text| text.to_utf8().into_owned())
        .unwrap_or_default())
}

/// A host with a colon in it is taken for an IPv6 address.
fn bracketed(host: String) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host
    }
}

/// Query and fragment carry their mark when there is anything to mark.
fn marked(text: String, mark: char) -> String {
    if text.is_empty() || text.starts_with(mark) {
        text
    } else {
        format!("{mark}{text}")
    }
}

fn check_port(port: i32) -> R<i32> {
    if (-1..=65_535).contains(&port) {
        Ok(port)
    } else {
        Err(Fault::outside("value"))
    }
}

fn scheme(text: &str) -> R<String> {
    let name = text.split(':').next().unwrap_or_default();
    if !name.is_empty() && !crate::clr::uri::is_scheme(name) {
        return Err(Fault::argument(
            "Invalid URI: The URI scheme is not valid.",
            "value",
        ));
    }
    Ok(name.to_ascii_lowercase())
}

macro_rules! text_property {
    ($t:ident, $signature:literal, $field:ident, $store:expr) => {
        $t.property_with_set(
            $signature,
            |c| Ok(own(c)?.0.borrow().$field.clone().into()),
            |c| {
                let store: fn(String) -> R<String> = $store;
                let value = store(text(c, 1)?)?;
                own(c)?.0.borrow_mut().$field = value;
                Ok(Value::Null)
            },
        )
        .mutates();
    };
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.UriBuilder");
    t.weighs(1024);
    t.beyond_documentation();
    t.constructor("()", |_| Ok(make(Parts::new("http", "localhost"))));
    t.constructor("(string uri)", |c| {
        let given = c.str(0)?;
        let given = given.to_utf8();
        // Text without a scheme is taken for a web address.
        let uri = match Uri::parse(&given, UriKind::RelativeOrAbsolute)? {
            uri if uri.absolute().is_some() => uri,
            _ => Uri::parse(&format!("http://{given}"), UriKind::Absolute)?,
        };
        Ok(make(Parts::of(&uri)?))
    });
    t.constructor("(Uri uri)", |c| Ok(make(Parts::of(&own_uri(c, 0)?.0)?)));
    t.constructor("(string schemeName, string hostName)", |c| {
        Ok(make(Parts::new(&scheme(&text(c, 0)?)?, &text(c, 1)?)))
    });
    t.constructor("(string scheme, string host, int portNumber)", |c| {
        let mut parts = Parts::new(&scheme(&text(c, 0)?)?, &text(c, 1)?);
        parts.port = check_port(c.int(2)?)?;
        Ok(make(parts))
    });
    t.constructor(
        "(string scheme, string host, int port, string pathValue)",
        |c| {
            let mut parts = Parts::new(&scheme(&text(c, 0)?)?, &text(c, 1)?);
            parts.port = check_port(c.int(2)?)?;
            parts.path = path(text(c, 3)?)?;
            Ok(make(parts))
        },
    );
    text_property!(t, "string Scheme", scheme, |value| scheme(&value));
    text_property!(t, "string UserName", user, Ok);
    text_property!(t, "string Password", password, Ok);
    text_property!(t, "string Host", host, |value| Ok(bracketed(value)));
    text_property!(t, "string Path", path, path);
    text_property!(t, "string Query", query, |value| Ok(marked(value, '?')));
    text_property!(t, "string Fragment", fragment, |value| Ok(marked(
        value, '#'
    )));
    t.property_with_set(
        "int Port",
        |c| Ok(own(c)?.0.borrow().port.into()),
        |c| {
            own(c)?.0.borrow_mut().port = check_port(c.int(1)?)?;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("Uri Uri", |c| {
        let builder = own(c)?;
        let parts = builder.0.borrow();
        let mut text = parts.text();
        // An address of mail cannot have the port that it implies.
        if parts.scheme == "mailto"
            && default_port(&parts.scheme).map(i32::from) == Some(parts.port)
        {
            text = Parts {
                port: -1,
                ..parts.clone()
            }
            .text();
        }
        Ok(UriObject::value(Uri::parse(&text, UriKind::Absolute)?))
    });
}

fn path(value: String) -> R<String> {
    let value = value.replace('\\', "/");
    Ok(if value.is_empty() {
        "/".to_owned()
    } else {
        crate::clr::uri_escape::escape_path(&value)
    })
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};
    use crate::types::Registry;

    const BUILDER: &str = "System.UriBuilder";

    #[test]
    fn parts_are_assembled() {
        let builder = value(BUILDER, "(string uri)", &mut ["https://h/a?b=1".into()]).unwrap();
        let def = Registry::get().by_full_name(BUILDER).unwrap();
        assert!(
            def.members()
                .iter()
                .any(|m| m.signature == "string Query" && m.set.is_some())
        );
        assert_eq!(
            text(BUILDER, "string Query", std::slice::from_ref(&builder)),
            "?b=1"
        );
        assert_eq!(text(BUILDER, "Uri Uri", &[builder]), "https://h/a?b=1");
        let built = value(
            BUILDER,
            "(string scheme, string host, int port, string pathValue)",
            &mut ["http".into(), "h".into(), 8080.into(), "x y".into()],
        )
        .unwrap();
        assert_eq!(text(BUILDER, "Uri Uri", &[built]), "http://h:8080/x y");
    }
}
