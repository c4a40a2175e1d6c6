//! What a gateway needs to know besides APIM's entities: listeners, limits, timeouts, logging.
//!
//! Every field's default is stated with the field and is what `Default` gives.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// `gateway:` in `tidegate.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewaySettings {
    /// Clear-text listeners. Default: `127.0.0.1:8080`; none when only `tls` is given.
    pub listen: Vec<SocketAddr>,
    /// TLS listeners. Default: none.
    pub tls: Option<ListenerTls>,
    /// Listener for `/livez`, `/readyz` and `/metrics`. Default: none.
    pub admin: Option<SocketAddr>,
    /// Worker threads. Default (`None`): one for each core.
    pub workers: Option<usize>,
    /// `context.Deployment.ServiceName`. Default: `tidegate`.
    pub service_name: String,
    /// `context.Deployment.Region`. Default: `local`.
    pub region: String,
    /// `context.Deployment.GatewayId`. Default: `managed`.
    pub gateway_id: String,
    /// Whether a request must come by one of its API's `protocols`. Default (`None`): only when a TLS listener is
    /// configured; else TLS is taken to end in front of Tidegate.
    pub enforce_protocols: Option<bool>,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-For` are believed. Default: no.
    pub trust_forwarded_headers: bool,
    /// Whether the client's subscription key is removed before every backend call. Default: no, as in APIM; it is
    /// always replaced when the backend's credentials set the same header.
    pub strip_subscription_key: bool,
    /// Whether policy expressions may use only the types and members that API Management documents.
    pub strict_expressions: bool,
    /// Whether the default key names work besides an API's own ones. Default: no.
    pub accept_default_key_names: bool,
    /// Bounds on what clients and backends may send.
    pub limits: Limits,
    /// Bounds on what a policy expression may cost.
    pub expressions: ExpressionLimits,
    /// Bounds on how long things may take.
    pub timeouts: Timeouts,
    /// Connections to backends.
    pub upstream: UpstreamSettings,
    /// The internal cache.
    pub cache: CacheSettings,
    /// Logging.
    pub log: LogSettings,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080)],
            tls: None,
            admin: None,
            workers: None,
            service_name: "tidegate".to_owned(),
            region: "local".to_owned(),
            gateway_id: "managed".to_owned(),
            enforce_protocols: None,
            trust_forwarded_headers: false,
            strip_subscription_key: false,
            strict_expressions: false,
            accept_default_key_names: false,
            limits: Limits::default(),
            expressions: ExpressionLimits::default(),
            timeouts: Timeouts::default(),
            upstream: UpstreamSettings::default(),
            cache: CacheSettings::default(),
            log: LogSettings::default(),
        }
    }
}

impl GatewaySettings {
    /// Whether `protocols` of APIs are checked, the default worked out.
    pub fn checks_protocols(&self) -> bool {
        self.enforce_protocols.unwrap_or(self.tls.is_some())
    }
}

/// `gateway.tls`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// Addresses. Default: `127.0.0.1:8443`.
    pub listen: Vec<SocketAddr>,
    /// Certificate chain, PEM file; read again on reload.
    pub certificate: PathBuf,
    /// Private key, PEM file; read again on reload.
    pub private_key: PathBuf,
}

/// `gateway.limits`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of path and query. Default: 16384. Beyond: 414.
    pub uri_bytes: usize,
    /// Bytes of all request headers. Default: 65536. Beyond: 431.
    pub header_bytes: usize,
    /// Number of request headers. Default: 100, which need no memory of their own while they are read. Beyond: 431.
    pub headers: usize,
    /// Bytes of a request body. Default: 100 MiB. Beyond: 413.
    pub request_body_bytes: usize,
    /// Bytes of a body that a policy may gather in memory, request or response. Default: 32 MiB.
    pub buffered_body_bytes: usize,
    /// Open client connections, all workers together. Default: 20000. Beyond: not accepted until one closes.
    pub connections: usize,
    /// Requests in flight on one HTTP/2 connection. Default: 256.
    pub concurrent_streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            uri_bytes: 16 * 1024,
            header_bytes: 64 * 1024,
            headers: 100,
            request_body_bytes: 100 * 1024 * 1024,
            buffered_body_bytes: 32 * 1024 * 1024,
            connections: 20_000,
            concurrent_streams: 256,
        }
    }
}

/// `gateway.expressions`: beyond a bound of an evaluation it fails, beyond the one of the source it does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionLimits {
    /// Bytes of an expression's source. Default: 64 KiB.
    pub source_bytes: usize,
    /// Steps of one evaluation: loop iterations, calls, elements enumerated, text looked at. Default: 5,000,000.
    pub steps: u64,
    /// Bytes that one evaluation may allocate, freed or not. Default: 64 MiB.
    pub memory_bytes: usize,
    /// Calls inside each other, and values inside each other. Default: 1000.
    pub depth: u32,
    /// Backtracking steps of one match of a regular expression. Default: 500,000.
    pub regex_steps: usize,
}

impl Default for ExpressionLimits {
    fn default() -> Self {
        Self {
            source_bytes: 64 * 1024,
            steps: 5_000_000,
            memory_bytes: 64 * 1024 * 1024,
            depth: 1_000,
            regex_steps: 500_000,
        }
    }
}

/// `gateway.timeouts`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For a request's headers to arrive. Default: 30 s.
    pub request_headers: Duration,
    /// For an idle client connection. Default: 2 min.
    pub idle: Duration,
    /// For requests in flight after SIGTERM. Default: 30 s.
    pub drain: Duration,
    /// For a connection to a backend, TLS included. Default: 10 s.
    pub connect: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request_headers: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(30),
            connect: Duration::from_secs(10),
        }
    }
}

/// `gateway.upstream`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Idle connections kept for each backend and worker. Default: 64.
    pub idle_connections: usize,
    /// How long an idle connection is kept. Default: 90 s.
    pub idle_timeout: Duration,
    /// How long a connection is used at all. Default: 10 min.
    pub max_connection_age: Duration,
    /// Further trusted roots, PEM file. Default: none.
    pub trusted_roots: Option<PathBuf>,
    /// Cap on a `Retry-After` that a circuit breaker honours. Default: 1 h.
    pub max_retry_after: Duration,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            idle_connections: 64,
            idle_timeout: Duration::from_secs(90),
            max_connection_age: Duration::from_secs(600),
            trusted_roots: None,
            max_retry_after: Duration::from_secs(3600),
        }
    }
}

/// `gateway.cache`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// Entries. Default: 100000.
    pub entries: usize,
    /// Bytes. Default: 64 MiB.
    pub bytes: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            entries: 100_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// `gateway.log`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Shape. Default: human.
    pub format: LogFormat,
    /// Filter in `tracing`'s syntax, such as `info` or `tidegate=debug`. Default: `info`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".to_owned(),
        }
    }
}

/// `gateway.log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `human`: for eyes.
    Human,
    /// `json`: one object a line.
    Json,
}
