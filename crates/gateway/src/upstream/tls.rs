//! TLS towards backends: whom to trust, and what to present.
//!
//! In: the switches of an APIM backend (`validateCertificateChain`, `validateCertificateName`), extra roots and a client certificate
//! in PEM. Out: a [`TlsProfile`] that builds its rustls configuration on first use, so that a machine without root certificates still
//! starts and fails only where they are needed. Connections of one profile share session tickets, over all workers. Private keys
//! never show in Debug output.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use thiserror::Error;

use super::target::HttpVersion;

/// Sessions remembered for resumption, per profile.
const SESSIONS: usize = 256;

/// A certificate or key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The PEM text holds no certificate, or a broken one.
    #[error("no usable certificate in the PEM text: {0}")]
    Certificate(String),
    /// The PEM text holds no private key, or a broken one.
    #[error("no usable private key in the PEM text: {0}")]
    Key(String),
    /// rustls refuses the combination.
    #[error("{0}")]
    Refused(#[from] rustls::Error),
}

/// What the gateway presents to a backend that asks for a client certificate.
pub struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// Reads a certificate chain (leaf first) and its private key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self {
            chain: certificates(chain)?,
            key: private_key(key)?,
        })
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain && self.key.secret_der() == other.key.secret_der()
    }
}

impl Clone for ClientIdentity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientIdentity({} certificates)", self.chain.len())
    }
}

/// Whom to trust and what to present. The default trusts the platform's roots and checks everything.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsOptions {
    /// Check that the chain leads to a trusted root and is in date.
    pub validate_chain: bool,
    /// Check that the certificate is for the host connected to.
    pub validate_name: bool,
    /// The client certificate, if any.
    pub identity: Option<ClientIdentity>,
    /// Roots trusted in addition to the platform's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            validate_chain: true,
            validate_name: true,
            identity: None,
            extra_roots: Vec::new(),
        }
    }
}

impl TlsOptions {
    /// Trusts the certificates of a PEM text in addition to the platform's roots.
    pub fn with_extra_roots(mut self, pem: &[u8]) -> Result<Self, TlsError> {
        self.extra_roots.extend(certificates(pem)?);
        Ok(self)
    }
}

/// [`TlsOptions`] with the configuration they lead to. Profiles made from equal options are equal.
pub struct TlsProfile {
    options: TlsOptions,
    built: OnceLock<Result<Built, Arc<str>>>,
}

/// One rustls configuration for each set of protocols offered; they share verifier, identity and sessions.
struct Built {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    both: Arc<ClientConfig>,
}

impl TlsProfile {
    /// A profile; nothing is read or checked yet.
    pub fn new(options: TlsOptions) -> Arc<Self> {
        Arc::new(Self {
            options,
            built: OnceLock::new(),
        })
    }

    /// The profile that trusts the platform's roots and checks everything; one for the whole process.
    pub fn platform() -> Arc<Self> {
        static PLATFORM: OnceLock<Arc<TlsProfile>> = OnceLock::new();
        PLATFORM
            .get_or_init(|| Self::new(TlsOptions::default()))
            .clone()
    }

    /// Whether [`TlsProfile::config`] returns at once. The first call reads the platform's roots from disk.
    pub(crate) fn is_built(&self) -> bool {
        self.built.get().is_some()
    }

    /// The rustls configuration for a protocol policy, built on the first call.
    pub(crate) fn config(&self, version: HttpVersion) -> Result<Arc<ClientConfig>, Arc<str>> {
        let built = self
            .built
            .get_or_init(|| build(&self.options).map_err(|error| error.to_string().into()));
        match built {
            Ok(built) => Ok(match version {
                HttpVersion::Http1 => built.http1.clone(),
                HttpVersion::Http2 => built.http2.clone(),
                HttpVersion::Http2Or1 => built.both.clone(),
            }),
            Err(error) => Err(error.clone()),
        }
    }
}

impl PartialEq for TlsProfile {
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl fmt::Debug for TlsProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsProfile").field(&self.options).finish()
    }
}

fn build(options: &TlsOptions) -> Result<Built, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let trusted = if options.validate_chain {
        Some(rustls_platform_verifier::Verifier::new_with_extra_roots(
            options.extra_roots.iter().cloned(),
            provider.clone(),
        )?)
    } else {
        None
    };
    let verifier = Arc::new(BackendVerifier {
        trusted,
        validate_name: options.validate_name,
        provider: provider.clone(),
    });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &options.identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    let offering = |protocols: &[&[u8]]| {
        let mut config = config.clone();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    };
    Ok(Built {
        http1: offering(&[b"http/1.1"]),
        http2: offering(&[b"h2"]),
        both: offering(&[b"h2", b"http/1.1"]),
    })
}

/// Checks a backend's certificate as far as the backend entity asks for it. Signatures are always checked: the peer must own the key.
#[derive(Debug)]
struct BackendVerifier {
    trusted: Option<rustls_platform_verifier::Verifier>,
    validate_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for BackendVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trusted {
            Some(trusted) => {
                match trusted.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                ) {
                    // webpki compares the name last: this error says that the chain itself is good.
                    Err(rustls::Error::InvalidCertificate(
                        CertificateError::NotValidForName
                        | CertificateError::NotValidForNameContext { .. },
                    )) if !self.validate_name => Ok(ServerCertVerified::assertion()),
                    result => result,
                }
            }
            None => {
                if self.validate_name {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Every certificate of a PEM text; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    if found.is_empty() {
        return Err(TlsError::Certificate(
            "it has no CERTIFICATE section".to_owned(),
        ));
    }
    Ok(found)
}

/// The first private key of a PEM text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| TlsError::Key(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_equal_options_are_equal_and_hide_keys() {
        let made = rcgen::generate_simple_self_signed(["client.example".to_owned()])
            .expect("a certificate");
        let key = made.signing_key.serialize_pem();
        let identity = || {
            ClientIdentity::from_pem(made.cert.pem().as_bytes(), key.as_bytes())
                .expect("an identity")
        };
        let options = || TlsOptions {
            identity: Some(identity()),
            ..TlsOptions::default()
        };
        assert_eq!(TlsProfile::new(options()), TlsProfile::new(options()));
        assert_ne!(TlsProfile::new(options()), TlsProfile::platform());
        assert_eq!(
            format!("{:?}", identity()),
            "ClientIdentity(1 certificates)"
        );
    }

    #[test]
    fn text_without_certificate_or_key_is_refused() {
        assert!(matches!(
            certificates(b"hello"),
            Err(TlsError::Certificate(_))
        ));
        assert!(matches!(private_key(b"hello"), Err(TlsError::Key(_))));
    }
}
