//! The URL of a request: as received, and as policies have changed it on the way to the backend.

use std::borrow::Cow;

use http::Uri;
use http::uri::{InvalidUri, PathAndQuery};
use memchr::memchr2_iter;

/// The two URLs of a request. The original never changes; path and query towards the backend do.
#[derive(Debug, Clone)]
pub struct RequestUrl {
    scheme: &'static str,
    host: String,
    port: u16,
    uri: Uri,
    /// Where in the original path the part after API path, version and revision begins.
    remainder: usize,
    path: Option<String>,
    query: Option<String>,
}

impl RequestUrl {
    /// `authority` is the `Host` header (or `:authority`); `remainder` the length of the API's own prefix of the path.
    pub fn new(
        scheme: &'static str,
        authority: impl Into<String>,
        uri: Uri,
        remainder: usize,
    ) -> Self {
        let default_port = if scheme == "https" { 443 } else { 80 };
        let mut host = authority.into();
        let (name, port) = split_authority(&host, default_port);
        host.truncate(name.len());
        let remainder = remainder.min(uri.path().len());
        Self {
            scheme,
            host,
            port,
            uri,
            remainder,
            path: None,
            query: None,
        }
    }

    /// `http` or `https`, as the client spoke.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Host the client asked for, without port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port the client asked for.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path as received.
    pub fn original_path(&self) -> &str {
        self.uri.path()
    }

    /// Query as received, without `?`.
    pub fn original_query(&self) -> &str {
        self.uri.query().unwrap_or("")
    }

    /// Query as received with its `?`, or empty.
    pub fn original_query_with_mark(&self) -> &str {
        let Some(all) = self.uri.path_and_query() else {
            return "";
        };
        match all.as_str().find('?') {
            Some(at) if !self.original_query().is_empty() => &all.as_str()[at..],
            _ => "",
        }
    }

    /// Path as received, below the API's own.
    pub fn original_remainder(&self) -> &str {
        &self.uri.path()[self.remainder..]
    }

    /// Says where the API's own prefix of the original path ends. Call before any policy runs.
    pub fn set_remainder(&mut self, remainder: usize) {
        self.remainder = remainder.min(self.uri.path().len());
    }

    /// Path below the backend's base path.
    pub fn path(&self) -> &str {
        match &self.path {
            Some(path) => path,
            None => self.original_remainder(),
        }
    }

    /// Query towards the backend, without `?`.
    pub fn query(&self) -> &str {
        match &self.query {
            Some(query) => query,
            None => self.original_query(),
        }
    }

    /// Replaces the path below the backend's base path.
    pub fn set_path(&mut self, path: String) {
        self.path = Some(path);
    }

    /// Replaces the query (without `?`).
    pub fn set_query(&mut self, query: String) {
        self.query = Some(query);
    }

    /// As [`RequestUrl::join`], checked. Backends often have the paths that clients ask for: those have been read already.
    pub fn target(
        &self,
        base_path: &str,
        extra_query: &[(Cow<'_, str>, Cow<'_, str>)],
    ) -> Result<PathAndQuery, InvalidUri> {
        let joined = self.join(base_path, extra_query);
        match self.uri.path_and_query() {
            Some(original) if original.as_str() == joined => Ok(original.clone()),
            _ => joined.try_into(),
        }
    }

    /// Path and query below a backend's base path: joined with exactly one slash, `query` of the base first.
    pub fn join(&self, base_path: &str, extra_query: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
        let path = self.path();
        let base = base_path.strip_suffix('/').unwrap_or(base_path);
        let mut target = String::with_capacity(base.len() + path.len() + self.query().len() + 2);
        target.push_str(base);
        if path.is_empty() {
            if base.is_empty() {
                target.push('/');
            }
        } else if !path.starts_with('/') {
            target.push('/');
        }
        target.push_str(path);
        let query = self.query();
        if extra_query.is_empty() {
            if !query.is_empty() {
                target.push('?');
                target.push_str(query);
            }
            return target;
        }
        let mut separator = '?';
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            if extra_query
                .iter()
                .any(|(extra, _)| extra.eq_ignore_ascii_case(name))
            {
                continue;
            }
            target.push(separator);
            target.push_str(pair);
            separator = '&';
        }
        for (name, value) in extra_query {
            target.push(separator);
            target.push_str(name);
            target.push('=');
            target.push_str(value);
            separator = '&';
        }
        target
    }
}

/// Whether a reference names a server: it begins with a scheme and `//` (RFC 3986 §4.3).
pub fn is_absolute_url(reference: &str) -> bool {
    reference.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// The path without its `.` and `..` segments, also where their dots are encoded (RFC 3986 §5.2.4); `None` for a path
/// that has none. A path does not begin above its root.
pub fn without_dot_segments(path: &str) -> Option<String> {
    // Nearly no path has a segment that begins with a dot, and every request comes by here.
    let is_suspect = memchr2_iter(b'.', b'%', path.as_bytes())
        .any(|at| at > 0 && path.as_bytes().get(at - 1) == Some(&b'/'));
    if !is_suspect || !path.split('/').any(|segment| dots(segment) > 0) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match dots(segment) {
            0 => kept.push(segment),
            count => {
                if count == 2 {
                    kept.pop();
                }
                if segments.peek().is_none() {
                    kept.push("");
                }
            }
        }
    }
    Some(format!("/{}", kept.join("/")))
}

/// 1 for a segment `.`, 2 for `..`, 0 for any other.
fn dots(segment: &str) -> usize {
    let mut rest = segment;
    let mut count = 0;
    while !rest.is_empty() {
        let tail = rest.strip_prefix('.').or_else(|| {
            let encoded = rest.get(..3)?;
            encoded
                .eq_ignore_ascii_case("%2e")
                .then(|| rest.get(3..).unwrap_or_default())
        });
        match tail {
            Some(tail) if count < 2 => {
                count += 1;
                rest = tail;
            }
            _ => return 0,
        }
    }
    count
}

/// Splits `host:port`, `[v6]:port` or `host`.
fn split_authority(authority: &str, default_port: u16) -> (&str, u16) {
    if authority.starts_with('[')
        && let Some(end) = authority.find(']')
    {
        let port = authority[end + 1..]
            .strip_prefix(':')
            .and_then(|port| port.parse().ok());
        return (&authority[..=end], port.unwrap_or(default_port));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, port),
            Err(_) => (host, default_port),
        },
        None => (authority, default_port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &'static str, remainder: usize) -> RequestUrl {
        RequestUrl::new("http", "gw:8080", Uri::from_static(path), remainder)
    }

    #[test]
    fn joins_with_exactly_one_slash() {
        for base in ["/openai", "/openai/"] {
            assert_eq!(
                url("/aoai/deployments/x?api-version=1", 5).join(base, &[]),
                "/openai/deployments/x?api-version=1"
            );
        }
        assert_eq!(url("/aoai", 5).join("", &[]), "/");
        assert_eq!(url("/aoai/x", 5).join("/", &[]), "/x");
    }

    #[test]
    fn credentials_replace_query_parameters_of_the_same_name() {
        let extra = [(Cow::Borrowed("code"), Cow::Borrowed("k"))];
        assert_eq!(
            url("/a?Code=old&x=1", 0).join("/b", &extra),
            "/b/a?x=1&code=k"
        );
    }

    #[test]
    fn a_url_within_a_query_makes_no_absolute_url() {
        for absolute in ["http://h", "HTTPS://h/p", "a+b.c-d://h"] {
            assert!(is_absolute_url(absolute), "{absolute}");
        }
        for other in ["/p?u=http://h", "p?u=http://h", "//h", "://h", "1a://h", ""] {
            assert!(!is_absolute_url(other), "{other}");
        }
    }

    #[test]
    fn dot_segments_are_resolved() {
        for (path, expected) in [
            ("/a/b/../c", Some("/a/c")),
            ("/a/./b/.", Some("/a/b/")),
            ("/a/b/..", Some("/a/")),
            ("/../../a", Some("/a")),
            ("/a/%2e%2E/b", Some("/b")),
            ("/a/.%2e/b", Some("/b")),
            ("/a/%2e/b", Some("/a/b")),
            ("/..", Some("/")),
            ("/", None),
            ("/a//b", None),
            ("/.well-known/a..b/...", None),
            ("/%2e%2e%2e/a", None),
            ("/%2é", None),
        ] {
            assert_eq!(without_dot_segments(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn splits_host_and_port() {
        assert_eq!(split_authority("h:81", 80), ("h", 81));
        assert_eq!(split_authority("h", 80), ("h", 80));
        assert_eq!(split_authority("[::1]:81", 80), ("[::1]", 81));
    }
}
