//! TLS: whom to trust, what to present, which HTTP.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate authority of the test's own, and the certificates it makes.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("valid names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    fn leaf(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a valid name");
        (params.signed_by(&key, &self.0).expect("a certificate"), key)
    }

    pub(super) fn trusted(&self) -> TlsOptions {
        TlsOptions::default()
            .with_extra_roots(self.0.pem().as_bytes())
            .expect("a certificate")
    }

    pub(super) fn server(&self, name: &str, protocols: &[&str], ask_client: bool) -> ServerConfig {
        let (certificate, key) = self.leaf(name);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = if ask_client {
            let mut roots = RootCertStore::empty();
            roots.add(self.0.der().clone()).expect("a root");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a pair");
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }
}

/// A TLS server that answers any request on HTTP/1.1, and says what it agreed on.
pub(super) async fn serve(config: ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            spawn_local(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let session = stream.get_ref().1;
                let seen = format!(
                    "{} {} {:?}",
                    String::from_utf8_lossy(session.alpn_protocol().unwrap_or(b"none")),
                    session.peer_certificates().map_or(0, <[_]>::len),
                    session.handshake_kind(),
                );
                let service =
                    hyper::service::service_fn(move |_: Request<hyper::body::Incoming>| {
                        let seen = seen.clone();
                        async move { Ok::<_, std::convert::Infallible>(Response::new(seen)) }
                    });
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = if io.inner().get_ref().1.alpn_protocol() == Some(b"h2") {
                    hyper::server::conn::http2::Builder::new(LocalExecutor)
                        .serve_connection(io, service)
                        .await
                } else {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .await
                };
            });
        }
    });
    address
}

fn target(address: SocketAddr, version: HttpVersion, tls: TlsOptions) -> Target {
    let options = TargetOptions {
        version,
        tls: Some(TlsProfile::new(tls)),
        proxy: None,
    };
    Target::new(&format!("https://localhost:{}", address.port()), options).expect("a valid URL")
}

async fn ask(target: &Target) -> Result<String, TransportError> {
    let response = Client::new(Settings::default())
        .send(target, get("/"), SendOptions::default())
        .await?;
    Ok(text(response).await)
}

#[test]
fn a_backend_is_trusted_by_its_root_and_name() {
    local(async {
        let authority = Authority::new();
        let good = serve(authority.server("localhost", &["http/1.1"], false)).await;
        let other = serve(authority.server("other.example", &["http/1.1"], false)).await;
        let trusted = || authority.trusted();
        let stranger = || Authority::new().trusted();
        let version = HttpVersion::Http1;
        assert!(ask(&target(good, version, trusted())).await.is_ok());
        for refused in [
            target(other, version, trusted()),
            target(good, version, stranger()),
        ] {
            let error = ask(&refused).await.expect_err("not trusted");
            assert_eq!(error.kind(), Kind::Tls, "{error}");
        }
    });
}

#[test]
fn each_check_can_be_switched_off_alone() {
    local(async {
        let authority = Authority::new();
        let good = serve(authority.server("localhost", &[], false)).await;
        let other = serve(authority.server("other.example", &[], false)).await;
        let no_name = || TlsOptions {
            validate_name: false,
            ..authority.trusted()
        };
        let no_chain = || TlsOptions {
            validate_chain: false,
            ..TlsOptions::default()
        };
        let version = HttpVersion::Http1;
        assert!(ask(&target(other, version, no_name())).await.is_ok());
        let stranger = TlsOptions {
            validate_name: false,
            ..Authority::new().trusted()
        };
        assert!(ask(&target(other, version, stranger)).await.is_err());
        assert!(ask(&target(good, version, no_chain())).await.is_ok());
        assert!(ask(&target(other, version, no_chain())).await.is_err());
        let nothing = TlsOptions {
            validate_name: false,
            ..no_chain()
        };
        assert!(ask(&target(other, version, nothing)).await.is_ok());
    });
}

#[test]
fn a_client_certificate_is_presented() {
    local(async {
        let authority = Authority::new();
        let address = serve(authority.server("localhost", &["http/1.1"], true)).await;
        assert!(
            ask(&target(address, HttpVersion::Http1, authority.trusted()))
                .await
                .is_err()
        );
        let (certificate, key) = authority.leaf("client.example");
        let identity =
            ClientIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
        let options = TlsOptions {
            identity: Some(identity.expect("an identity")),
            ..authority.trusted()
        };
        let seen = ask(&target(address, HttpVersion::Http1, options))
            .await
            .expect("an answer");
        assert!(seen.starts_with("http/1.1 1 "), "{seen}");
    });
}

#[test]
fn versions_are_agreed_by_alpn() {
    local(async {
        let authority = Authority::new();
        let both = serve(authority.server("localhost", &["h2", "http/1.1"], false)).await;
        let old = serve(authority.server("localhost", &["http/1.1"], false)).await;
        let trusted = || authority.trusted();
        for (address, version, agreed) in [
            (both, HttpVersion::Http1, "http/1.1"),
            (both, HttpVersion::Http2Or1, "h2"),
            (both, HttpVersion::Http2, "h2"),
            (old, HttpVersion::Http2Or1, "http/1.1"),
        ] {
            let seen = ask(&target(address, version, trusted()))
                .await
                .expect("an answer");
            assert!(seen.starts_with(agreed), "{version:?}: {seen}");
        }
        let error = ask(&target(old, HttpVersion::Http2, trusted()))
            .await
            .expect_err("no HTTP/2");
        assert_eq!(error.reason(), "BackendConnectionFailure");
    });
}

#[test]
fn a_backend_that_speaks_http1_keeps_its_connection_under_2or1() {
    local(async {
        let authority = Authority::new();
        let old = serve(authority.server("localhost", &["http/1.1"], false)).await;
        let target = target(old, HttpVersion::Http2Or1, authority.trusted());
        let client = Client::new(Settings::default());
        for _ in 0..3 {
            let response = client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer");
            assert!(text(response).await.contains("Full"));
            assert_eq!(client.idle_connections(), 1);
        }
    });
}

#[test]
fn a_second_connection_resumes_the_session() {
    local(async {
        let authority = Authority::new();
        let address = serve(authority.server("localhost", &["http/1.1"], false)).await;
        let target = target(address, HttpVersion::Http1, authority.trusted());
        assert!(ask(&target).await.expect("an answer").contains("Full"));
        assert!(ask(&target).await.expect("an answer").contains("Resumed"));
    });
}
