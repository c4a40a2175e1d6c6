//! `System.Uri`: parsing, normal form, relative references.
//!
//! Text flows in, an absolute or relative URI flows out, or `UriFormatException`. Scheme and host are lower-case, default
//! ports are filled in, dot segments removed; parts are kept escaped and unescaped only for display.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::uri_escape::{is_escaped, unescape_data, unescape_for_display};
pub use super::uri_parse::host_type;
use super::uri_parse::{BAD_HOST, Failure, parse_absolute};
use super::{Error, ErrorKind, Result};

/// Longest URI accepted, in UTF-16 units or fewer; .NET's own limit.
const MAX_LENGTH: usize = 65_519;

/// `System.UriHostNameType`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // .NET's members
pub enum HostType {
    Unknown,
    Basic,
    Dns,
    IPv4,
    IPv6,
}

/// What a caller lets a text be: `System.UriKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // .NET's members
pub enum UriKind {
    RelativeOrAbsolute,
    Absolute,
    Relative,
}

/// A URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    original: String,
    absolute: Option<Absolute>,
}

/// The parts of an absolute URI, escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // named as the members of System.Uri
pub struct Absolute {
    pub scheme: String,
    /// Whether `//` and an authority follow the scheme.
    pub has_authority: bool,
    /// What stands before an `@`, be it nothing.
    pub user_info: Option<String>,
    /// Lower-case; an IPv6 address without brackets.
    pub host: String,
    pub host_type: HostType,
    /// `None` where the scheme has no default and none is written.
    pub port: Option<u16>,
    pub path: String,
    /// With its `?`, or empty.
    pub query: String,
    /// With its `#`, or empty.
    pub fragment: String,
}

fn bad(message: &'static str) -> Error {
    Error::new(ErrorKind::UriFormat, message)
}

const UNDETERMINED: &str = "Invalid URI: The format of the URI could not be determined.";

/// The port a scheme implies.
pub fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "gopher" => 70,
        "nntp" => 119,
        "telnet" => 23,
        "mailto" => 25,
        "ldap" => 389,
        "net.tcp" => 808,
        _ => return None,
    })
}

/// Schemes whose URIs always have a host and a hierarchical path.
pub(super) fn needs_host(scheme: &str) -> bool {
    matches!(
        scheme,
        "http"
            | "https"
            | "ws"
            | "wss"
            | "ftp"
            | "gopher"
            | "nntp"
            | "telnet"
            | "net.tcp"
            | "net.pipe"
    )
}

/// Schemes that let a user stand before the host.
pub(super) fn takes_user(scheme: &str) -> bool {
    !matches!(scheme, "file" | "net.tcp" | "net.pipe")
}

/// Whether a path begins with a drive: `c:/`.
pub(super) fn is_on_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes, [letter, b':' | b'|', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// `Uri.CheckSchemeName`
pub fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

impl Uri {
    /// `new Uri(text, kind)`
    ///
    /// # Errors
    /// `UriFormatException`
    pub fn parse(text: &str, kind: UriKind) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return Err(bad("Invalid URI: The Uri string is too long."));
        }
        let trimmed = text.trim_matches(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        let relative = || Self {
            original: text.to_owned(),
            absolute: None,
        };
        match parse_absolute(trimmed) {
            Ok(_) if kind == UriKind::Relative => Err(bad(
                "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI.",
            )),
            Ok(absolute) => Ok(Self {
                original: text.to_owned(),
                absolute: Some(absolute),
            }),
            Err(Failure::NoScheme) if kind != UriKind::Absolute => Ok(relative()),
            Err(Failure::NoScheme) if text.is_empty() => Err(bad("Invalid URI: The URI is empty.")),
            Err(Failure::NoScheme) => Err(bad(UNDETERMINED)),
            Err(Failure::NoHost) if kind != UriKind::Absolute => Ok(relative()),
            Err(Failure::NoHost) => Err(bad(BAD_HOST)),
            Err(Failure::Bad(message)) => Err(bad(message)),
        }
    }

    /// `new Uri(base, relative)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a relative base, `UriFormatException`.
    pub fn join(base: &Self, reference: &str) -> Result<Self> {
        let Some(own) = &base.absolute else {
            return Err(Error::out_of_range(
                "This operation is not supported for a relative URI.",
                Some("baseUri"),
            ));
        };
        if reference.is_empty() {
            return Ok(base.clone());
        }
        let reference = Self::parse(reference, UriKind::RelativeOrAbsolute)?;
        if reference.absolute.is_some() {
            return Ok(reference);
        }
        let text = reference.original.trim();
        // `http:c` against an http base is the relative `c`, an old habit that .NET keeps.
        let text = match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(&own.scheme) => rest,
            _ => text,
        };
        let text = if needs_host(&own.scheme) {
            text.replace('\\', "/")
        } else {
            text.to_owned()
        };
        let joined = match text.chars().next() {
            None => format!("{}{}{}", own.left_authority(), own.path, own.query),
            Some('#') => format!("{}{}{}{text}", own.left_authority(), own.path, own.query),
            Some('?') => format!("{}{}{text}", own.left_authority(), own.path),
            Some('/') if text.starts_with("//") => format!("{}:{text}", own.scheme),
            Some('/') => format!("{}{text}", own.left_authority()),
            Some(_) => {
                let directory = own
                    .path
                    .rfind('/')
                    .map_or("", |slash| own.path.get(..=slash).unwrap_or_default());
                format!("{}{directory}{text}", own.left_authority())
            }
        };
        Self::parse(&joined, UriKind::Absolute)
    }

    /// `OriginalString`
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The parts, of an absolute URI.
    pub fn absolute(&self) -> Option<&Absolute> {
        self.absolute.as_ref()
    }

    /// The parts.
    ///
    /// # Errors
    /// `InvalidOperationException` for a relative URI.
    pub fn parts(&self) -> Result<&Absolute> {
        self.absolute.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOperation,
                "This operation is not supported for a relative URI.",
            )
        })
    }

    /// `ToString()`
    pub fn display(&self) -> String {
        match &self.absolute {
            Some(absolute) => unescape_for_display(&absolute.text()),
            None => self.original.clone(),
        }
    }

    /// `==` and `Equals`: fragment and user do not count, nor does case of scheme and host.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.absolute, &other.absolute) {
            (Some(a), Some(b)) => {
                (&a.scheme, &a.host, a.port, &a.path, &a.query)
                    == (&b.scheme, &b.host, b.port, &b.path, &b.query)
            }
            (None, None) => self.original == other.original,
            _ => false,
        }
    }

    /// `IsWellFormedOriginalString`: parses, and needs no escaping.
    pub fn is_well_formed(&self) -> bool {
        let text = self.original.trim();
        // International characters and escapes do not go together.
        let mixed = !text.is_ascii() && text.contains('%');
        let fine = is_escaped(text) && !mixed && text.matches('#').count() <= 1;
        match &self.absolute {
            Some(absolute) => fine && (!absolute.has_authority || text.contains("://")),
            None => fine && !text.contains([':', '#']),
        }
    }
}

impl Absolute {
    /// `scheme://user@host:port`, the default port left out.
    pub fn left_authority(&self) -> String {
        if !self.has_authority && self.host.is_empty() {
            return format!("{}:", self.scheme);
        }
        let slashes = if self.has_authority { "//" } else { "" };
        let user = match &self.user_info {
            Some(user) => format!("{user}@"),
            None => String::new(),
        };
        format!("{}:{slashes}{user}{}", self.scheme, self.authority())
    }

    /// `Authority`: host and port, the default port left out.
    pub fn authority(&self) -> String {
        match self
            .port
            .filter(|port| Some(*port) != default_port(&self.scheme))
        {
            Some(port) => format!("{}:{port}", self.host_text()),
            None => self.host_text(),
        }
    }

    /// `Host`: an IPv6 address in brackets.
    pub fn host_text(&self) -> String {
        if self.host_type == HostType::IPv6 {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }

    /// `IdnHost`: the host in ASCII.
    pub fn idn_host(&self) -> String {
        super::punycode::to_ascii(&self.host)
    }

    /// `AbsoluteUri`
    pub fn text(&self) -> String {
        format!(
            "{}{}{}{}",
            self.left_authority(),
            self.path,
            self.query,
            self.fragment
        )
    }

    /// `AbsolutePath`: no slash stands before a drive.
    pub fn absolute_path(&self) -> &str {
        match self.path.strip_prefix('/') {
            Some(rest) if self.scheme == "file" && is_on_drive(rest) => rest,
            _ => &self.path,
        }
    }

    /// `LocalPath`: the unescaped path, of files on a drive or another computer as Windows writes it.
    pub fn local_path(&self) -> String {
        let path = unescape_data(&self.path);
        if self.scheme != "file" {
            return path;
        }
        let rooted = path.strip_prefix('/').filter(|rest| is_on_drive(rest));
        match rooted {
            Some(rest) => rest.replace('/', "\\"),
            None if self.host.is_empty() => path,
            None => format!("\\\\{}{}", self.host_text(), path.replace('/', "\\")),
        }
    }

    /// `Segments`
    pub fn segments(&self) -> Vec<String> {
        let mut segments: Vec<String> = Vec::new();
        let mut rest = self.path.as_str();
        while !rest.is_empty() {
            let end = rest.find('/').map_or(rest.len(), |slash| slash + 1);
            let (segment, tail) = rest.split_at(end);
            segments.push(segment.to_owned());
            rest = tail;
        }
        segments
    }

    /// `IsLoopback`
    pub fn is_loopback(&self) -> bool {
        match self.host_type {
            HostType::IPv4 => self
                .host
                .parse::<Ipv4Addr>()
                .is_ok_and(|ip| ip.is_loopback()),
            HostType::IPv6 => self
                .host
                .parse::<Ipv6Addr>()
                .is_ok_and(|ip| ip.is_loopback()),
            _ => {
                self.host == "localhost"
                    || self.host == "loopback"
                    || (self.scheme == "file" && self.host.is_empty())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text, UriKind::Absolute).unwrap()
    }

    #[test]
    fn parts_are_normal() {
        let u = uri("https://H.Example:8443/a/b?x=1&y=2#f");
        let a = u.parts().unwrap();
        assert_eq!(
            (
                a.host.as_str(),
                a.port,
                a.query.as_str(),
                a.fragment.as_str()
            ),
            ("h.example", Some(8443), "?x=1&y=2", "#f")
        );
        assert_eq!(a.authority(), "h.example:8443");
        assert_eq!(
            uri("https://h.example:443/a b?q=é").display(),
            "https://h.example/a b?q=é"
        );
        assert_eq!(
            uri("https://h.example:443/a b?q=é").parts().unwrap().text(),
            "https://h.example/a%20b?q=%C3%A9"
        );
        assert_eq!(uri("https://H.Example").display(), "https://h.example/");
        assert_eq!(uri("https://h/a/../b/./c").parts().unwrap().path, "/b/c");
        assert_eq!(
            uri("https://h/a%2Fb%20c").parts().unwrap().path,
            "/a%2Fb%20c"
        );
        assert_eq!(uri("https://h/a%2Fb%20c").display(), "https://h/a%2Fb c");
        assert_eq!(
            uri("https://h/a/b/").parts().unwrap().segments(),
            ["/", "a/", "b/"]
        );
        assert_eq!(
            uri("https://u:p@h/").parts().unwrap().user_info.as_deref(),
            Some("u:p")
        );
        assert_eq!(uri("http://[::1]:80/").display(), "http://[::1]/");
        assert_eq!(uri("urn:a:b").parts().unwrap().path, "a:b");
        assert_eq!(uri(r"c:\a\b").display(), "file:///c:/a/b");
        assert_eq!(uri("https://h/..").parts().unwrap().path, "/");
    }

    #[test]
    fn references_resolve_against_a_base() {
        let join =
            |base: &str, reference: &str| Uri::join(&uri(base), reference).unwrap().display();
        assert_eq!(join("https://h/a/b", "c"), "https://h/a/c");
        assert_eq!(join("https://h/a/b", "/c"), "https://h/c");
        assert_eq!(join("https://h/a/b?q", "?x"), "https://h/a/b?x");
        assert_eq!(join("https://h/a/b", "../../c"), "https://h/c");
        assert_eq!(join("https://h/a/b", "//other/x"), "https://other/x");
        assert_eq!(join("https://h/a/b", "http://o"), "http://o/");
    }

    #[test]
    fn other_text_is_refused_or_relative() {
        let kind = |text| Uri::parse(text, UriKind::Absolute).unwrap_err().kind;
        for text in [
            "not a uri",
            "",
            "/rel",
            "x:y",
            "http://",
            "http:a",
            "https://a b/",
            "https://h:99999/",
            "https://h:x/",
            "https://[::g]/",
        ] {
            assert_eq!(kind(text), ErrorKind::UriFormat, "{text}");
        }
        assert_eq!(
            Uri::parse("/rel", UriKind::Relative).unwrap().display(),
            "/rel"
        );
        assert!(
            Uri::parse("/rel", UriKind::RelativeOrAbsolute)
                .unwrap()
                .parts()
                .is_err()
        );
        assert!(uri("https://h/a").is_well_formed());
        assert!(!uri("https://h/a b").is_well_formed());
        assert!(uri("https://h/a#x").same(&uri("HTTPS://H/a")));
    }
}
