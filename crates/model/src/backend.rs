//! Backends: single ones, pools, their credentials and circuit breakers (`Microsoft.ApiManagement/service/backends`).

use std::sync::Arc;
use std::time::Duration;

use crate::{Located, Origin, ResourceName, Secret};

/// A backend entity.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Resource name: what `backend-id` says.
    pub name: ResourceName,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// One server, or a pool of such backends.
    pub kind: BackendKind,
    /// Where it is defined.
    pub origin: Origin,
}

/// `properties.type`
#[derive(Debug, Clone)]
pub enum BackendKind {
    /// One URL.
    Single(Box<SingleBackend>),
    /// Several single backends.
    Pool(Pool),
}

/// A backend of one URL.
#[derive(Debug, Clone)]
pub struct SingleBackend {
    /// Base URL, `http` or `https`, named values resolved.
    pub url: Located<String>,
    /// What is added to each request.
    pub credentials: Credentials,
    /// Forward proxy.
    pub proxy: Option<Proxy>,
    /// Server certificate validation.
    pub tls: TlsSettings,
    /// Circuit breaker rules; each is evaluated on its own.
    pub circuit_breaker: Vec<CircuitBreakerRule>,
}

/// `properties.credentials`, named values resolved.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Headers to set, each with its values.
    pub header: Vec<(String, Vec<Secret>)>,
    /// Query parameters to set, each with its values.
    pub query: Vec<(String, Vec<Secret>)>,
    /// `Authorization: <scheme> <parameter>`.
    pub authorization: Option<Authorization>,
    /// Client certificates by resource name; the first one is presented.
    pub certificate_ids: Vec<Located<ResourceName>>,
    /// Client certificates by thumbprint, lower-case hexadecimal.
    pub certificate: Vec<String>,
    /// Bearer token of a managed identity.
    pub managed_identity: Option<ManagedIdentity>,
}

/// `credentials.authorization`
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Scheme, such as `Bearer`.
    pub scheme: String,
    /// What follows the scheme.
    pub parameter: Secret,
}

/// `credentials.managedIdentity`
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    /// Audience of the token.
    pub resource: String,
    /// A user-assigned identity; absent for the system-assigned one.
    pub client_id: Option<String>,
    /// Where it is written.
    pub origin: Origin,
}

/// `properties.proxy`
#[derive(Debug, Clone)]
pub struct Proxy {
    /// URL of the proxy.
    pub url: String,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
}

/// `properties.tls`
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Whether the chain must lead to a trusted root.
    pub validate_certificate_chain: bool,
    /// Whether the certificate must name the host.
    pub validate_certificate_name: bool,
    /// Accepted server certificates by SHA-1 thumbprint, lower-case hexadecimal.
    pub server_certificate_thumbprints: Vec<String>,
    /// Accepted server certificates by name and issuer.
    pub server_x509_names: Vec<X509Name>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            validate_certificate_chain: true,
            validate_certificate_name: true,
            server_certificate_thumbprints: Vec::new(),
            server_x509_names: Vec::new(),
        }
    }
}

/// `tls.serverX509Names[]`
#[derive(Debug, Clone)]
pub struct X509Name {
    /// Common name of the server's certificate.
    pub name: String,
    /// SHA-1 thumbprint of its issuer, lower-case hexadecimal.
    pub issuer_certificate_thumbprint: String,
}

/// `circuitBreaker.rules[]`
#[derive(Debug, Clone)]
pub struct CircuitBreakerRule {
    /// Name.
    pub name: String,
    /// When it opens.
    pub failure_condition: FailureCondition,
    /// How long it stays open.
    pub trip_duration: Duration,
    /// Whether `Retry-After` of the failing response replaces `trip_duration`.
    pub accept_retry_after: bool,
    /// Status of answers while open.
    pub failure_status: u16,
    /// Where it is defined.
    pub origin: Origin,
}

/// `failureCondition`
#[derive(Debug, Clone)]
pub struct FailureCondition {
    /// Failures within `interval` that open the circuit.
    pub count: Option<u32>,
    /// Share of failures, in percent, that opens the circuit.
    pub percentage: Option<u32>,
    /// The sliding window.
    pub interval: Duration,
    /// Statuses that are failures.
    pub status_code_ranges: Vec<StatusCodeRange>,
    /// Transport error reasons that are failures; compared without case.
    pub error_reasons: Vec<String>,
}

/// An inclusive range of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCodeRange {
    /// Lowest.
    pub min: u16,
    /// Highest.
    pub max: u16,
}

/// `properties.pool`
#[derive(Debug, Clone)]
pub struct Pool {
    /// Members in the order listed; at least one, none twice, all of them single backends of the same service.
    pub members: Vec<PoolMember>,
    /// Sticky sessions.
    pub session_affinity: Option<SessionAffinity>,
    /// Status when no member is available.
    pub failure_status: u16,
    /// How a member is chosen within a priority group (Tidegate's own property; APIM knows only the default).
    pub strategy: PoolStrategy,
}

/// `pool.services[]`
#[derive(Debug, Clone)]
pub struct PoolMember {
    /// The member's resource name.
    pub backend: Located<ResourceName>,
    /// Lower is preferred; 1 when not written.
    pub priority: u32,
    /// Share within the group; 1 when not written.
    pub weight: u32,
}

/// `pool.sessionAffinity`
#[derive(Debug, Clone)]
pub struct SessionAffinity {
    /// Name of the cookie.
    pub cookie: String,
}

/// `pool.strategy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolStrategy {
    /// `roundRobin`: smooth weighted round robin, as APIM.
    #[default]
    RoundRobin,
    /// `random`: by weight, at random.
    Random,
    /// `leastInFlight`: the member with the fewest requests in flight.
    LeastInFlight,
    /// `peakEwma`: the better of two by recent latency and load.
    PeakEwma,
}

/// A client certificate for backends that demand one.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Resource name.
    pub name: ResourceName,
    /// Certificate chain, PEM.
    pub certificate: Arc<str>,
    /// Private key, PEM.
    pub private_key: Secret,
    /// SHA-1 thumbprint, lower-case hexadecimal, for `credentials.certificate`.
    pub thumbprint: Option<String>,
    /// Where it is defined.
    pub origin: Origin,
}
