//! `IUrl`: the request's URLs, and the service URL of an API.

use std::rc::Rc;

use super::map::{self, ReadOnlyMap};
use crate::host::UrlView;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{HostObject, Object, Str, Value};

/// A URL that belongs to no message.
pub(super) struct Url {
    scheme: String,
    host: String,
    port: u16,
    path: String,
    query: String,
}

impl Url {
    fn view(&self) -> UrlView<'_> {
        UrlView {
            scheme: &self.scheme,
            host: &self.host,
            port: self.port,
            path: &self.path,
            query: &self.query,
        }
    }
}

impl Object for Url {
    fn type_of(&self) -> Type {
        Type::Named(known::IURL, None)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(text(&self.view()).into()))
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("http") {
        80
    } else {
        443
    }
}

/// The whole address; the scheme's default port is left out.
pub(super) fn text(url: &UrlView<'_>) -> String {
    let port = if url.port == default_port(url.scheme) {
        String::new()
    } else {
        format!(":{}", url.port)
    };
    format!(
        "{}://{}{port}{}{}",
        url.scheme, url.host, url.path, url.query
    )
}

/// An absolute URL as an `IUrl`; null where the text is none.
pub(super) fn parse(text: &str) -> Value {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Value::Null;
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
        Some((authority, path)) => (authority, path),
        None => (rest, "/"),
    };
    let address = authority.rsplit('@').next().unwrap_or_default();
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (address, None),
    };
    Value::object(Url {
        scheme: scheme.to_ascii_lowercase(),
        host: host.to_ascii_lowercase(),
        port: port.unwrap_or_else(|| default_port(scheme)),
        path: path.to_owned(),
        query,
    })
}

/// Asks the receiver's URL.
fn ask<T>(c: &Call<'_, '_>, read: impl FnOnce(&UrlView<'_>) -> T) -> R<T> {
    match c.args.first() {
        Some(Value::Host(HostObject::Url)) => Ok(read(&c.rt.host.url())),
        Some(Value::Host(HostObject::OriginalUrl)) => Ok(read(&c.rt.host.original_url())),
        Some(other) => match other.as_object::<Url>() {
            Some(url) => Ok(read(&url.view())),
            None => Err(Fault::null_reference()),
        },
        None => Err(Fault::null_reference()),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IUrl");
    t.property("string Scheme", |c| {
        ask(c, |url| match url.scheme {
            "https" => Str::literal("https").into(),
            other => Str::from(other).into(),
        })
    });
    t.property("string Host", |c| ask(c, |url| Str::from(url.host).into()));
    t.property("int Port", |c| ask(c, |url| i32::from(url.port).into()));
    t.property("string Path", |c| ask(c, |url| Str::from(url.path).into()));
    t.property("string QueryString", |c| {
        ask(c, |url| Str::from(url.query).into())
    });
    t.property("IReadOnlyDictionary<string, string[]> Query", |c| {
        match c.args.first() {
            Some(Value::Host(HostObject::Url)) => Ok(Value::Host(HostObject::Query(false))),
            Some(Value::Host(HostObject::OriginalUrl)) => Ok(Value::Host(HostObject::Query(true))),
            _ => {
                let entries = ask(c, |url| map::query_entries(url.query))?;
                Ok(ReadOnlyMap::multi(Rc::new(entries), true))
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(address: &str) -> String {
        let value = parse(address);
        let url = value.as_object::<Url>().expect("a URL");
        text(&url.view())
    }

    #[test]
    fn the_default_port_is_not_written() {
        assert_eq!(
            round_trip("https://H.example:443/a?b=c#d"),
            "https://h.example/a?b=c"
        );
        assert_eq!(
            round_trip("http://h.example:8080"),
            "http://h.example:8080/"
        );
        assert_eq!(round_trip("http://[::1]:81/x"), "http://[::1]:81/x");
        assert_eq!(round_trip("http://[::1]/x"), "http://[::1]/x");
    }

    #[test]
    fn text_that_is_no_absolute_url_gives_null() {
        assert!(parse("/only/a/path").is_null());
    }
}
