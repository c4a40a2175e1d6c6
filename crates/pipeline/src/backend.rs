//! Where requests go: targets (a base URL with how to connect to it), backend entities, and the backend a request
//! has chosen so far.

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock, RwLock};

use http::{HeaderName, HeaderValue, Uri};
use tidegate_balancing::{BackendRegistry, BackendState, Pool};

use crate::Scope;

/// How the server's certificate is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions {
    /// The chain must lead to a trusted root.
    pub validate_chain: bool,
    /// The certificate must be for the host.
    pub validate_name: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            validate_chain: true,
            validate_name: true,
        }
    }
}

/// A forward proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `http://host:port`
    pub url: Arc<str>,
    /// User name and password for Basic authentication.
    pub credentials: Option<(Arc<str>, Arc<str>)>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Why a text is no base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{url}' is not an absolute http or https URL")]
pub struct TargetError {
    url: String,
}

/// A base URL, taken apart once.
pub struct Target {
    https: bool,
    host: String,
    port: u16,
    base_path: String,
    authority: HeaderValue,
    tls: TlsOptions,
    proxy: Option<Arc<Proxy>>,
    connector: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}{}",
            self.scheme(),
            self.host,
            self.port,
            self.base_path
        )
    }
}

impl Target {
    /// Takes a base URL apart; a query or fragment is not part of one.
    ///
    /// # Errors
    /// It is relative, or neither http nor https.
    pub fn parse(
        url: &str,
        tls: TlsOptions,
        proxy: Option<Arc<Proxy>>,
    ) -> Result<Self, TargetError> {
        let error = || TargetError {
            url: url.chars().take(200).collect(),
        };
        let uri: Uri = url.trim().parse().map_err(|_| error())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(error()),
        };
        let authority = uri.authority().ok_or_else(error)?;
        if authority.host().is_empty() || authority.as_str().contains('@') || uri.query().is_some()
        {
            return Err(error());
        }
        let host = authority.host().to_ascii_lowercase();
        let default_port = if https { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default_port);
        let host_header = if port == default_port {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        Ok(Self {
            https,
            port,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            authority: HeaderValue::from_str(&host_header).map_err(|_| error())?,
            host,
            tls,
            proxy,
            connector: OnceLock::new(),
        })
    }

    /// `http` or `https`
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Whether TLS is spoken.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host, lower case, without port; IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path that precedes every request's own, without a trailing slash.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Value of the `Host` header.
    pub fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// How the server's certificate is checked.
    pub fn tls(&self) -> &TlsOptions {
        &self.tls
    }

    /// The forward proxy of its backend entity.
    pub fn proxy(&self) -> Option<&Arc<Proxy>> {
        self.proxy.as_ref()
    }

    /// What the upstream port keeps with the target, made on first use.
    pub fn connector(
        &self,
        make: impl FnOnce() -> Arc<dyn Any + Send + Sync>,
    ) -> &Arc<dyn Any + Send + Sync> {
        self.connector.get_or_init(make)
    }

    /// Whether this URL equals or extends `other`'s.
    fn extends(&self, other: &Target) -> bool {
        self.https == other.https
            && self.host == other.host
            && self.port == other.port
            && self
                .base_path
                .strip_prefix(other.base_path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Headers and query parameters a backend entity adds to each request.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Replace headers of the same name.
    pub headers: Vec<(HeaderName, Vec<HeaderValue>)>,
    /// Replace parameters of the same name; percent-encoded.
    pub query: Vec<(String, String)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Credentials")
            .field("headers", &names)
            .field("query", &self.query.len())
            .finish()
    }
}

/// A backend entity.
#[derive(Debug)]
pub struct Backend {
    /// Resource name.
    pub id: Arc<str>,
    /// Single or pool.
    pub kind: BackendKind,
}

/// Single or pool.
#[derive(Debug)]
pub enum BackendKind {
    /// One URL.
    Single(SingleBackend),
    /// Several single backends.
    Pool {
        /// Chooses.
        pool: Arc<Pool>,
        /// Its members, in the pool's order.
        members: Vec<PoolMember>,
        /// Keeps a caller with one member.
        affinity: Option<SessionAffinity>,
    },
}

/// A backend with one URL.
#[derive(Debug)]
pub struct SingleBackend {
    /// Where it is.
    pub target: Arc<Target>,
    /// What it adds to requests.
    pub credentials: Credentials,
    /// Circuit breaker and counters, shared by every API and pool that uses it.
    pub state: Arc<BackendState>,
}

/// A member of a pool.
#[derive(Debug)]
pub struct PoolMember {
    /// Resource name of the single backend.
    pub id: Arc<str>,
    /// The single backend.
    pub backend: Arc<Backend>,
}

/// Cookie-based session affinity of a pool.
#[derive(Debug, Clone)]
pub struct SessionAffinity {
    /// Name of the cookie.
    pub cookie: Arc<str>,
}

impl Backend {
    /// The single backend's own part, unless this is a pool.
    pub fn single(&self) -> Option<&SingleBackend> {
        match &self.kind {
            BackendKind::Single(single) => Some(single),
            BackendKind::Pool { .. } => None,
        }
    }
}

/// Most base URLs from expressions that are kept taken apart.
const DYNAMIC_TARGETS: usize = 1024;

/// All backend entities by resource name, and the targets of bare URLs.
#[derive(Debug)]
pub struct Backends {
    registry: Arc<BackendRegistry>,
    entities: BTreeMap<String, Arc<Backend>>,
    bare: RwLock<HashMap<String, Arc<Target>>>,
}

impl Backends {
    /// Takes the entities; names are compared without case.
    pub fn new(
        registry: Arc<BackendRegistry>,
        entities: impl IntoIterator<Item = Arc<Backend>>,
    ) -> Self {
        Self {
            registry,
            entities: entities
                .into_iter()
                .map(|backend| (backend.id.to_ascii_lowercase(), backend))
                .collect(),
            bare: RwLock::new(HashMap::new()),
        }
    }

    /// No entities: a document is looked at outside its service.
    pub fn none() -> Self {
        Self::new(Arc::new(BackendRegistry::empty()), [])
    }

    /// The balancing state of all of them.
    pub fn registry(&self) -> &Arc<BackendRegistry> {
        &self.registry
    }

    /// The entity of that name.
    pub fn get(&self, id: &str) -> Option<&Arc<Backend>> {
        if let Some(backend) = self.entities.get(id) {
            return Some(backend);
        }
        self.entities.get(&id.to_ascii_lowercase())
    }

    /// All entities, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.entities.values()
    }

    /// The target of a bare URL. Where an entity has that URL or one it extends, the entity's TLS options and proxy
    /// apply: that is how APIM accepts a server with a private certificate.
    ///
    /// # Errors
    /// The text is no absolute http or https URL.
    pub fn bare_target(&self, url: &str) -> Result<Arc<Target>, TargetError> {
        if let Some(target) = self.known(url) {
            return Ok(target);
        }
        let mut target = Target::parse(url, TlsOptions::default(), None)?;
        if let Some(single) = self.nearest(&target) {
            target.tls = single.target.tls.clone();
            target.proxy = single.target.proxy.clone();
        }
        Ok(self.remember(url, target))
    }

    /// Takes the URL of a single request apart: the target it goes to, TLS options and proxy as for
    /// [`Backends::bare_target`], and its own path and query. Characters that a URL cannot hold are percent-encoded, a
    /// fragment is dropped. The target's base path is of no meaning for the request.
    ///
    /// # Errors
    /// The text is no absolute http or https URL.
    pub fn request_target(&self, url: &str) -> Result<(Arc<Target>, String), TargetError> {
        let url = url.trim();
        let whole = escape(url.split('#').next().unwrap_or(""));
        let (base, query) = match whole.split_once('?') {
            Some((base, query)) => (base, Some(query)),
            None => (&*whole, None),
        };
        let mut target = Target::parse(base, TlsOptions::default(), None)?;
        let path = base
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)))
            .unwrap_or("/");
        let path_and_query = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        // One target an origin, or an entity, keeps the number of targets small whatever paths are asked for.
        let nearest = self.nearest(&target);
        target.base_path =
            nearest.map_or_else(String::new, |single| single.target.base_path.clone());
        let key = format!("{target:?}");
        if let Some(known) = self.known(&key) {
            return Ok((known, path_and_query));
        }
        if let Some(single) = nearest {
            target.tls = single.target.tls.clone();
            target.proxy = single.target.proxy.clone();
        }
        Ok((self.remember(&key, target), path_and_query))
    }

    fn known(&self, url: &str) -> Option<Arc<Target>> {
        self.bare.read().ok()?.get(url).cloned()
    }

    /// The entity whose URL `target` equals or extends the furthest.
    fn nearest(&self, target: &Target) -> Option<&SingleBackend> {
        self.entities
            .values()
            .filter_map(|backend| backend.single())
            .filter(|single| target.extends(&single.target))
            .max_by_key(|single| single.target.base_path.len())
    }

    fn remember(&self, url: &str, target: Target) -> Arc<Target> {
        let target = Arc::new(target);
        if let Ok(mut known) = self.bare.write() {
            if known.len() >= DYNAMIC_TARGETS {
                known.clear();
            }
            known.insert(url.to_owned(), target.clone());
        }
        target
    }
}

/// Percent-encodes what must not stand in a URL; `%` itself stays, the text may be encoded already.
fn escape(url: &str) -> Cow<'_, str> {
    let stays = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if url.bytes().all(stays) {
        return Cow::Borrowed(url);
    }
    let mut escaped = String::with_capacity(url.len() + 16);
    for byte in url.bytes() {
        if stays(byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    Cow::Owned(escaped)
}

/// The backend a request goes to as things stand.
#[derive(Debug, Clone)]
pub struct CurrentBackend {
    place: Place,
    /// The scope whose document set the entity; a `base-url` of a narrower scope does not replace it.
    entity_scope: Option<Scope>,
    /// The member that was called last, for `context.Request.Url`.
    member: Option<Arc<Target>>,
}

/// What the current backend is.
#[derive(Debug, Clone)]
enum Place {
    None,
    Bare(Arc<Target>),
    Entity(Arc<Backend>),
}

impl CurrentBackend {
    /// No backend: the API has no service URL.
    pub fn none() -> Self {
        Self {
            place: Place::None,
            entity_scope: None,
            member: None,
        }
    }

    /// A bare URL: the API's service URL, to begin with.
    pub fn bare(target: Arc<Target>) -> Self {
        Self {
            place: Place::Bare(target),
            entity_scope: None,
            member: None,
        }
    }

    /// `set-backend-service base-url`. False when an inherited `backend-id` stands above it.
    pub fn set_bare(&mut self, target: Arc<Target>, scope: Scope, always: bool) -> bool {
        if !always && self.entity_scope.is_some_and(|entity| entity < scope) {
            return false;
        }
        *self = Self::bare(target);
        true
    }

    /// `set-backend-service backend-id`.
    pub fn set_entity(&mut self, backend: Arc<Backend>, scope: Scope) {
        *self = Self {
            place: Place::Entity(backend),
            entity_scope: Some(scope),
            member: None,
        };
    }

    /// Records the pool member that is being called.
    pub fn set_member(&mut self, target: Arc<Target>) {
        self.member = Some(target);
    }

    /// The entity, when it is one.
    pub fn entity(&self) -> Option<&Arc<Backend>> {
        match &self.place {
            Place::Entity(backend) => Some(backend),
            _ => None,
        }
    }

    /// The bare URL's target, when it is one.
    pub fn bare_target(&self) -> Option<&Arc<Target>> {
        match &self.place {
            Place::Bare(target) => Some(target),
            _ => None,
        }
    }

    /// The target as far as it is known: of a pool, the member called last.
    pub fn target(&self) -> Option<&Arc<Target>> {
        match &self.place {
            Place::None => None,
            Place::Bare(target) => Some(target),
            Place::Entity(backend) => match &backend.kind {
                BackendKind::Single(single) => Some(&single.target),
                BackendKind::Pool { .. } => self.member.as_ref(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, TargetError> {
        Target::parse(url, TlsOptions::default(), None)
    }

    #[test]
    fn base_urls_are_taken_apart() {
        let parsed = target("https://R1.openai.azure.com/openai/").unwrap();
        assert_eq!(parsed.host(), "r1.openai.azure.com");
        assert_eq!(parsed.port(), 443);
        assert_eq!(parsed.base_path(), "/openai");
        assert_eq!(parsed.authority(), "r1.openai.azure.com");
        assert_eq!(target("http://h:81").unwrap().authority(), "h:81");
        for bad in ["/x", "ftp://h", "h:1", "http://", "http://u:p@h/", ""] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_extends_another_on_segment_boundaries_only() {
        let base = target("https://h/openai").unwrap();
        assert!(target("https://h/openai/v1").unwrap().extends(&base));
        assert!(target("https://h/openai").unwrap().extends(&base));
        assert!(!target("https://h/openai2").unwrap().extends(&base));
        assert!(!target("http://h/openai").unwrap().extends(&base));
    }

    #[test]
    fn the_url_of_a_request_keeps_path_and_query_and_shares_its_origins_target() {
        let registry = BackendRegistry::new(
            tidegate_balancing::RegistryConfig {
                backends: Vec::new(),
                pools: Vec::new(),
                affinity_key: tidegate_balancing::AffinityKey::new([1; 32]),
            },
            Arc::new(()),
        )
        .unwrap();
        let backends = Backends::new(Arc::new(registry), []);
        let (first, path) = backends
            .request_target(" https://Host/a b/?q=x y&z={1}#top ")
            .unwrap();
        assert_eq!(path, "/a%20b/?q=x%20y&z=%7B1%7D");
        let (second, path) = backends.request_target("https://host?q").unwrap();
        assert_eq!(path, "/?q");
        assert!(Arc::ptr_eq(&first, &second));
        for bad in ["/relative", "ftp://h/", "", "https://"] {
            assert!(backends.request_target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_inherited_entity_is_not_replaced_by_a_narrower_base_url() {
        let registry = BackendRegistry::new(
            tidegate_balancing::RegistryConfig {
                backends: vec![tidegate_balancing::BackendConfig::new("b", "http://b")],
                pools: Vec::new(),
                affinity_key: tidegate_balancing::AffinityKey::new([1; 32]),
            },
            Arc::new(()),
        )
        .unwrap();
        let entity = Arc::new(Backend {
            id: "b".into(),
            kind: BackendKind::Single(SingleBackend {
                target: Arc::new(target("http://b").unwrap()),
                credentials: Credentials::default(),
                state: registry.backend("b").unwrap().clone(),
            }),
        });
        let other = Arc::new(target("http://other").unwrap());
        let mut current = CurrentBackend::none();
        current.set_entity(entity, Scope::Global);
        assert!(!current.set_bare(other.clone(), Scope::Api, false));
        assert!(current.set_bare(other.clone(), Scope::Global, false));
        assert_eq!(current.target().unwrap().host(), "other");
    }
}
