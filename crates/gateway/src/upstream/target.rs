//! Where a request goes: everything about a backend's endpoint that does not change from request to request.
//!
//! In: a base URL, the TLS profile, HTTP version and proxy to use. Out: a [`Target`], cheap to clone, with the Host header, the TLS
//! server name and the pool's key worked out once. Two targets that are equal share connections, also across a reload of the
//! configuration. A target never holds a path or query.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use base64::Engine;
use http::HeaderValue;
use http::uri::{Authority, Scheme, Uri};
use rustls_pki_types::ServerName;
use thiserror::Error;

use super::tls::TlsProfile;

/// Protocol towards the backend (`http-version` of APIM's `forward-request`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 only: by ALPN on TLS, by prior knowledge on clear text.
    Http2,
    /// HTTP/2 where the backend agrees to it on TLS, else HTTP/1.1; on clear text HTTP/1.1.
    Http2Or1,
}

/// A base URL that cannot be a backend's.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not a URL at all, or a relative one.
    #[error("`{0}` is not an absolute http or https URL")]
    NotAbsolute(String),
    /// A scheme other than http and https.
    #[error("the scheme `{0}` is not supported: use http or https")]
    Scheme(String),
    /// `user:password@` in the URL.
    #[error(
        "the URL of host `{0}` holds user information: put credentials where they can be kept secret"
    )]
    UserInfo(String),
    /// A host that TLS cannot verify.
    #[error("`{0}` is not a valid host name")]
    Host(String),
    /// A proxy that is itself reached over TLS.
    #[error("the proxy URL must start with http://: the way to the proxy is plain HTTP")]
    ProxyScheme,
}

/// A forward proxy (APIM's `proxy` policy).
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// A proxy at `http://host:port`, with Basic credentials where it wants them.
    pub fn new(url: &str, credentials: Option<(&str, &str)>) -> Result<Self, TargetError> {
        let (scheme, authority) = parse(url)?;
        if scheme != Scheme::HTTP {
            return Err(TargetError::ProxyScheme);
        }
        let authorization = credentials.and_then(|(user, password)| {
            let text =
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            let mut value = HeaderValue::try_from(format!("Basic {text}")).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Ok(Self {
            host: bare_host(&authority),
            port: authority.port_u16().unwrap_or(80),
            authorization,
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// How a target is reached.
#[derive(Debug, Clone, Default)]
pub struct TargetOptions {
    /// Protocol version.
    pub version: HttpVersion,
    /// Certificates to trust and to present; the platform's roots when `None`.
    pub tls: Option<Arc<TlsProfile>>,
    /// The forward proxy, if any.
    pub proxy: Option<Arc<Proxy>>,
}

/// A backend's endpoint. Clones are one reference count.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    scheme: Scheme,
    authority: Authority,
    host: String,
    port: u16,
    host_header: HeaderValue,
    server_name: Option<ServerName<'static>>,
    options: TargetOptions,
    tls: Arc<TlsProfile>,
    hash: u64,
}

impl Target {
    /// Takes scheme, host and port of `url`; its path and query are the caller's business.
    pub fn new(url: &str, options: TargetOptions) -> Result<Self, TargetError> {
        let (scheme, authority) = parse(url)?;
        let https = scheme == Scheme::HTTPS;
        let host = bare_host(&authority);
        let default_port = if https { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default_port);
        let server_name = if https {
            Some(ServerName::try_from(host.clone()).map_err(|_| TargetError::Host(host.clone()))?)
        } else {
            None
        };
        // RFC 9110 §7.2: the default port is left out of Host.
        let shown = if port == default_port {
            authority.host().to_owned()
        } else {
            format!("{}:{port}", authority.host())
        };
        let host_header =
            HeaderValue::try_from(&*shown).map_err(|_| TargetError::Host(host.clone()))?;
        let authority = Authority::try_from(shown).map_err(|_| TargetError::Host(host.clone()))?;
        let mut hasher = DefaultHasher::new();
        (https, &host, port, options.version).hash(&mut hasher);
        let tls = options.tls.clone().unwrap_or_else(TlsProfile::platform);
        Ok(Self(Arc::new(Inner {
            scheme,
            authority,
            host,
            port,
            host_header,
            server_name,
            options,
            tls,
            hash: hasher.finish(),
        })))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.0.scheme
    }

    /// Host, and port where it is not the scheme's default.
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Host without brackets.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port connected to.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// The Host header sent when the request brings none.
    pub fn host_header(&self) -> &HeaderValue {
        &self.0.host_header
    }

    /// Protocol version demanded.
    pub fn version(&self) -> HttpVersion {
        self.0.options.version
    }

    pub(crate) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.0.server_name.as_ref()
    }

    pub(crate) fn tls(&self) -> &Arc<TlsProfile> {
        &self.0.tls
    }

    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.0.options.proxy.as_deref()
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        Arc::ptr_eq(&self.0, &other.0)
            || (a.hash == b.hash
                && a.scheme == b.scheme
                && a.host == b.host
                && a.port == b.port
                && a.options.version == b.options.version
                && a.options.proxy == b.options.proxy
                && (Arc::ptr_eq(&a.tls, &b.tls) || a.tls == b.tls))
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Target({}://{}, {:?}",
            self.0.scheme, self.0.authority, self.0.options.version
        )?;
        if let Some(proxy) = self.proxy() {
            write!(f, ", via {}:{}", proxy.host, proxy.port)?;
        }
        f.write_str(")")
    }
}

fn parse(url: &str) -> Result<(Scheme, Authority), TargetError> {
    // A URL may carry a key in its query or a password before its host: neither is repeated in an error.
    let shown = || {
        let bare = url.split(['?', '#']).next().unwrap_or_default();
        bare.rsplit('@').next().unwrap_or_default().to_owned()
    };
    let uri = Uri::try_from(url).map_err(|_| TargetError::NotAbsolute(shown()))?;
    let parts = uri.into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Err(TargetError::NotAbsolute(shown()));
    };
    if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
        return Err(TargetError::Scheme(scheme.to_string()));
    }
    if let Some((_, host)) = authority.as_str().rsplit_once('@') {
        return Err(TargetError::UserInfo(host.to_owned()));
    }
    if authority.host().is_empty() {
        return Err(TargetError::NotAbsolute(shown()));
    }
    Ok((scheme, authority))
}

fn bare_host(authority: &Authority) -> String {
    authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::new(url, TargetOptions::default()).expect("a valid URL")
    }

    #[test]
    fn the_default_port_is_left_out_of_host() {
        assert_eq!(
            target("https://Example.com:443/openai?x=1").host_header(),
            "Example.com"
        );
        assert_eq!(
            target("http://example.com:8080").host_header(),
            "example.com:8080"
        );
        assert_eq!(target("http://[::1]:80/").host_header(), "[::1]");
        assert_eq!(target("http://[::1]:80/").host(), "::1");
    }

    #[test]
    fn equal_endpoints_are_equal_whatever_their_path() {
        assert_eq!(
            target("https://a.example/x"),
            target("https://A.example:443/y?z")
        );
        assert_ne!(target("https://a.example"), target("http://a.example"));
        assert_ne!(target("https://a.example"), target("https://a.example:444"));
        let two = Target::new(
            "https://a.example",
            TargetOptions {
                version: HttpVersion::Http2,
                ..TargetOptions::default()
            },
        );
        assert_ne!(Ok(target("https://a.example")), two);
    }

    #[test]
    fn what_is_not_an_endpoint_is_refused_without_repeating_secrets() {
        let error =
            |url: &str| Target::new(url, TargetOptions::default()).expect_err("not an endpoint");
        assert!(matches!(error("example.com"), TargetError::NotAbsolute(_)));
        assert!(matches!(error("ftp://example.com"), TargetError::Scheme(_)));
        for text in [
            "https://me:hunter2@example.com",
            "/x?key=hunter2",
            "not a url ?hunter2",
        ] {
            assert!(!error(text).to_string().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_proxy_never_shows_its_password() {
        let proxy =
            Proxy::new("http://proxy.example:3128", Some(("me", "secret"))).expect("a valid proxy");
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example:3128)");
        assert!(!format!("{:?}", proxy.authorization).contains("Basic"));
        assert_eq!(
            Proxy::new("https://proxy.example", None),
            Err(TargetError::ProxyScheme)
        );
    }
}
