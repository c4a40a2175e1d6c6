//! `System.Uri` with its enumerations.

use std::rc::Rc;

use super::{uri_parts, uri_text};
use crate::clr;
use crate::clr::uri::{Absolute, Uri, UriKind, default_port};
use crate::clr::uri_escape::unescape_international;
use crate::dotnet::collections;
use crate::dotnet::numbers::enum_result;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, TypeBuilder, Types};
use crate::value::{Const, Object, Str, Value};

/// An object of `System.Uri`.
pub(super) struct UriObject(pub Uri);

impl UriObject {
    pub(super) fn value(uri: Uri) -> Value {
        Value::object(Self(uri))
    }
}

impl Object for UriObject {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name("System.Uri")
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0.same(&self.0)),
        )
    }

    fn hash(&self) -> Option<u64> {
        let text = match self.0.absolute() {
            Some(parts) => format!("{}{}{}", parts.scheme, parts.authority(), parts.path),
            None => self.0.original().to_owned(),
        };
        Some(
            text.bytes()
                .fold(5381, |hash, b| hash.wrapping_mul(33) ^ u64::from(b)),
        )
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _: Option<&str>) -> R<Option<Str>> {
        let text = self.0.display();
        rt.allocate(text.len())?;
        Ok(Some(Str::from(text)))
    }
}

/// A `System.Uri` from text of either kind.
pub(crate) fn uri_from_text(text: &Str) -> R<Value> {
    Ok(UriObject::value(Uri::parse(
        &text.to_utf8(),
        UriKind::RelativeOrAbsolute,
    )?))
}

/// The text a `System.Uri` was made from.
pub(crate) fn uri_original(value: &Value) -> Option<Str> {
    value
        .as_object::<UriObject>()
        .map(|uri| Str::from(uri.0.original()))
}

pub(super) fn own(c: &Call<'_, '_>, index: usize) -> R<Rc<UriObject>> {
    c.object::<UriObject>(index)
}

/// A part of the receiver, which must be absolute.
fn part<T: Into<Value>>(c: &Call<'_, '_>, take: impl FnOnce(&Absolute) -> T) -> R<Value> {
    Ok(take(own(c, 0)?.0.parts()?).into())
}

/// A `UriKind` argument.
pub(super) fn kind(c: &Call<'_, '_>, index: usize) -> R<UriKind> {
    Ok(match c.enumeration(index)? {
        0 => UriKind::RelativeOrAbsolute,
        1 => UriKind::Absolute,
        2 => UriKind::Relative,
        other => {
            return Err(Fault::argument(
                &format!("The value '{other}' passed for the UriKind parameter is invalid."),
                "uriKind",
            ));
        }
    })
}

pub(super) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.UriKind",
            &[("RelativeOrAbsolute", 0), ("Absolute", 1), ("Relative", 2)],
        )
        .beyond_documentation();
    types.enumeration(
        "System.UriPartial",
        &[("Scheme", 0), ("Authority", 1), ("Path", 2), ("Query", 3)],
    );
    types
        .enumeration(
            "System.UriHostNameType",
            &[
                ("Unknown", 0),
                ("Basic", 1),
                ("Dns", 2),
                ("IPv4", 3),
                ("IPv6", 4),
            ],
        )
        .beyond_documentation();
    uri_parts::define_enumerations(types);
    let mut t = types.class("System.Uri");
    t.weighs(1024);
    for (signature, text) in [
        ("string UriSchemeFile", "file"),
        ("string UriSchemeFtp", "ftp"),
        ("string UriSchemeHttp", "http"),
        ("string UriSchemeHttps", "https"),
        ("string UriSchemeMailto", "mailto"),
        ("string UriSchemeGopher", "gopher"),
        ("string UriSchemeNews", "news"),
        ("string UriSchemeNntp", "nntp"),
        ("string UriSchemeNetTcp", "net.tcp"),
        ("string UriSchemeNetPipe", "net.pipe"),
        ("string SchemeDelimiter", "://"),
    ] {
        t.constant(signature, Const::Str(Str::literal(text)));
    }
    constructors(&mut t);
    parts(&mut t);
    methods(&mut t);
    uri_text::define(&mut t);
    uri_parts::define(&mut t);
}

fn constructors(t: &mut TypeBuilder<'_>) {
    t.constructor("(string uriString)", |c| {
        Ok(UriObject::value(Uri::parse(
            &c.str(0)?.to_utf8(),
            UriKind::Absolute,
        )?))
    });
    t.constructor("(string uriString, UriKind uriKind)", |c| {
        Ok(UriObject::value(Uri::parse(
            &c.str(0)?.to_utf8(),
            kind(c, 1)?,
        )?))
    });
    t.constructor("(Uri baseUri, string relativeUri)", |c| {
        let base = own(c, 0)?;
        let reference = c.opt_str(1)?.unwrap_or(Str::EMPTY);
        Ok(UriObject::value(Uri::join(&base.0, &reference.to_utf8())?))
    });
    t.constructor("(Uri baseUri, Uri relativeUri)", |c| {
        let base = own(c, 0)?;
        // .NET reads the reference without a look whether it is there.
        if c.value(1).is_null() && base.0.absolute().is_some() {
            return Err(Fault::null_reference());
        }
        let reference = own(c, 1)?;
        Ok(UriObject::value(Uri::join(
            &base.0,
            reference.0.original(),
        )?))
    });
    t.static_method(
        "bool TryCreate(string uriString, UriKind uriKind, out Uri result)",
        |c| {
            let kind = kind(c, 1)?;
            let parsed = c
                .opt_str(0)?
                .and_then(|text| Uri::parse(&text.to_utf8(), kind).ok());
            Ok(store(c, parsed))
        },
    );
    t.static_method(
        "bool TryCreate(Uri baseUri, string relativeUri, out Uri result)",
        |c| {
            let joined = match (c.opt_object::<UriObject>(0)?, c.opt_str(1)?) {
                (Some(base), Some(reference)) => try_join(&base.0, &reference.to_utf8()),
                _ => None,
            };
            Ok(store(c, joined))
        },
    );
    t.static_method(
        "bool TryCreate(Uri baseUri, Uri relativeUri, out Uri result)",
        |c| {
            let joined = match (c.opt_object::<UriObject>(0)?, c.opt_object::<UriObject>(1)?) {
                (Some(base), Some(reference)) => Uri::join(&base.0, reference.0.original()).ok(),
                _ => None,
            };
            Ok(store(c, joined))
        },
    );
}

/// A reference that is absolute needs no base, and so not an absolute one.
fn try_join(base: &Uri, reference: &str) -> Option<Uri> {
    match base.absolute() {
        Some(_) => Uri::join(base, reference).ok(),
        None => Uri::parse(reference, UriKind::Absolute).ok(),
    }
}

fn store(c: &mut Call<'_, '_>, uri: Option<Uri>) -> Value {
    let found = uri.is_some();
    c.set(2, uri.map_or(Value::Null, UriObject::value));
    found.into()
}

fn port(parts: &Absolute) -> i32 {
    parts.port.map_or(-1, i32::from)
}

fn parts(t: &mut TypeBuilder<'_>) {
    t.property("string OriginalString", |c| {
        Ok(Str::from(own(c, 0)?.0.original()).into())
    });
    t.property("bool IsAbsoluteUri", |c| {
        Ok(own(c, 0)?.0.absolute().is_some().into())
    });
    t.property("bool UserEscaped", |_| Ok(false.into()));
    t.property("string AbsoluteUri", |c| part(c, Absolute::text));
    t.property("string AbsolutePath", |c| {
        part(c, |p| p.absolute_path().to_owned())
    });
    t.property("string LocalPath", |c| part(c, Absolute::local_path));
    t.property("string Authority", |c| part(c, Absolute::authority));
    t.property("string Host", |c| part(c, Absolute::host_text));
    t.property("string DnsSafeHost", |c| part(c, |p| p.host.clone()));
    t.property("string IdnHost", |c| part(c, Absolute::idn_host));
    t.property("string Fragment", |c| part(c, |p| p.fragment.clone()));
    t.property("string Query", |c| part(c, |p| p.query.clone()));
    t.property("string PathAndQuery", |c| {
        part(c, |p| format!("{}{}", p.absolute_path(), p.query))
    });
    t.property("string Scheme", |c| part(c, |p| p.scheme.clone()));
    t.property("string UserInfo", |c| {
        part(c, |p| p.user_info.clone().unwrap_or_default())
    });
    t.property("int Port", |c| part(c, port));
    t.property("bool IsDefaultPort", |c| {
        part(c, |p| p.port == default_port(&p.scheme))
    });
    t.property("bool IsFile", |c| part(c, |p| p.scheme == "file"));
    t.property("bool IsLoopback", |c| part(c, Absolute::is_loopback));
    t.property("bool IsUnc", |c| {
        part(c, |p| p.scheme == "file" && !p.host.is_empty())
    });
    t.property("UriHostNameType HostNameType", |c| {
        let number = own(c, 0)?.0.parts()?.host_type as i64;
        Ok(enum_result(c, number))
    });
    t.property("string[] Segments", |c| {
        let segments = own(c, 0)?.0.parts()?.segments();
        c.rt.allocate(segments.len() * size_of::<Value>())?;
        Ok(collections::array(
            Type::STRING,
            segments.into_iter().map(Value::from).collect(),
        ))
    });
}

fn methods(t: &mut TypeBuilder<'_>) {
    t.method("string GetLeftPart(UriPartial part)", |c| {
        let uri = own(c, 0)?;
        let parts = uri.0.parts()?;
        Ok(match c.enumeration(1)? {
            0 if parts.has_authority => format!("{}://", parts.scheme),
            0 => format!("{}:", parts.scheme),
            1 if parts.has_authority => parts.left_authority(),
            1 => String::new(),
            2 => format!("{}{}", parts.left_authority(), parts.path),
            3 => format!("{}{}{}", parts.left_authority(), parts.path, parts.query),
            _ => {
                return Err(Fault::argument(
                    "Value does not fall within the expected range.",
                    "part",
                ));
            }
        }
        .into())
    });
    t.method("bool IsBaseOf(Uri uri)", |c| {
        let (base, other) = (own(c, 0)?, own(c, 1)?);
        let resolved = match other.0.absolute() {
            Some(_) => Some(other.0.clone()),
            None => Uri::join(&base.0, other.0.original()).ok(),
        };
        let (Some(a), Some(b)) = (
            base.0.absolute(),
            resolved.as_ref().and_then(|uri| uri.absolute()),
        ) else {
            return Ok(false.into());
        };
        let directory = a
            .path
            .rfind('/')
            .map_or("", |slash| a.path.get(..=slash).unwrap_or_default());
        // The user of a mail address does not count.
        let same_user = !a.has_authority || a.user_info == b.user_info;
        let same = same_server(a, b) && same_user;
        Ok((same && b.path.starts_with(directory)).into())
    });
    t.method("Uri MakeRelativeUri(Uri uri)", |c| {
        let (base, other) = (own(c, 0)?, own(c, 1)?);
        Ok(UriObject::value(relative(
            base.0.parts()?,
            other.0.parts()?,
            &other.0,
        )?))
    });
    t.method("bool IsWellFormedOriginalString()", |c| {
        Ok(own(c, 0)?.0.is_well_formed().into())
    });
    t.operator("bool operator ==(Uri uri1, Uri uri2)", |c| {
        Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into())
    });
    t.operator("bool operator !=(Uri uri1, Uri uri2)", |c| {
        Ok((!crate::runtime::equals(&c.value(0), &c.value(1))).into())
    });
}

fn same_server(a: &Absolute, b: &Absolute) -> bool {
    (&a.scheme, &a.host, a.port) == (&b.scheme, &b.host, b.port)
}

/// The shortest reference from one URI to another, or the other itself on another server.
fn relative(base: &Absolute, target: &Absolute, whole: &Uri) -> clr::Result<Uri> {
    if !same_server(base, target) {
        return Ok(whole.clone());
    }
    let common = base
        .path
        .split_inclusive('/')
        .zip(target.path.split_inclusive('/'))
        .take_while(|(a, b)| a == b && a.ends_with('/'))
        .map(|(a, _)| a.len())
        .sum::<usize>();
    let above = base
        .path
        .get(common..)
        .unwrap_or_default()
        .matches('/')
        .count();
    let mut text = "../".repeat(above);
    text.push_str(target.path.get(common..).unwrap_or_default());
    if text.is_empty() && base.path != target.path {
        text.push_str("./");
    }
    text.push_str(&target.query);
    text.push_str(&target.fragment);
    if base.path == target.path {
        text = format!("{}{}", target.query, target.fragment);
    }
    // International characters stay as they are.
    Uri::parse(&unescape_international(&text), UriKind::RelativeOrAbsolute)
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};
    use crate::types::Registry;
    use crate::value::Value;

    const URI: &str = "System.Uri";

    fn uri(given: &str) -> Value {
        value(URI, "(string uriString)", &mut [given.into()]).unwrap()
    }

    fn enumeration(name: &str, number: i64) -> Value {
        Value::Enum(Registry::get().by_full_name(name).unwrap().id, number)
    }

    #[test]
    fn parts() {
        let u = uri("https://u:p@H.example:8443/a/b?x=1#f");
        for (signature, expected) in [
            ("string Host", "h.example"),
            ("int Port", "8443"),
            ("string PathAndQuery", "/a/b?x=1"),
            ("string Fragment", "#f"),
            ("string Authority", "h.example:8443"),
            ("string UserInfo", "u:p"),
            ("bool IsDefaultPort", "False"),
            ("string[] Segments", "[/, a/, b]"),
            ("UriHostNameType HostNameType", "Dns"),
        ] {
            assert_eq!(
                text(URI, signature, std::slice::from_ref(&u)),
                expected,
                "{signature}"
            );
        }
        let left = |number| {
            text(
                URI,
                "string GetLeftPart(UriPartial part)",
                &[
                    uri("https://h:8443/a?b"),
                    enumeration("System.UriPartial", number),
                ],
            )
        };
        assert_eq!(
            [left(0), left(1), left(2), left(3)],
            [
                "https://",
                "https://h:8443",
                "https://h:8443/a",
                "https://h:8443/a?b"
            ]
        );
    }

    #[test]
    fn construction_fails_like_dotnet() {
        assert_eq!(
            text(URI, "(string uriString)", &["not a uri".into()]),
            "throws UriFormatException"
        );
        assert_eq!(
            text(URI, "(string uriString)", &[Value::Null]),
            "throws ArgumentNullException"
        );
        let relative = value(
            URI,
            "(string uriString, UriKind uriKind)",
            &mut ["/rel".into(), enumeration("System.UriKind", 2)],
        )
        .unwrap();
        assert_eq!(
            text(URI, "string Host", &[relative]),
            "throws InvalidOperationException"
        );
        let mut args = ["x:y".into(), enumeration("System.UriKind", 1), Value::Null];
        assert!(matches!(
            value(
                URI,
                "bool TryCreate(string uriString, UriKind uriKind, out Uri result)",
                &mut args
            ),
            Ok(Value::Bool(false))
        ));
    }

    #[test]
    fn relations_between_uris() {
        assert_eq!(
            text(
                URI,
                "Uri MakeRelativeUri(Uri uri)",
                &[uri("https://h/a/b/c"), uri("https://h/a/d?x")]
            ),
            "../d?x"
        );
        assert_eq!(
            text(
                URI,
                "bool IsBaseOf(Uri uri)",
                &[uri("https://h/a/"), uri("https://h/a/b")]
            ),
            "True"
        );
        assert_eq!(
            text(
                URI,
                "bool operator ==(Uri uri1, Uri uri2)",
                &[uri("https://h/a"), uri("https://H/a#f")]
            ),
            "True"
        );
        assert_eq!(
            text(
                URI,
                "string EscapeDataString(string stringToEscape)",
                &["a b/é".into()]
            ),
            "a%20b%2F%C3%A9"
        );
    }
}
