//! TLS and HTTP/2, towards clients and towards backends.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::backend::{Backend, Wire, one_api, policy};
use crate::harness::{Answer, Gateway, Regions, Request};

const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/// Certificate and key, both PEM.
fn pair(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A backend over TLS that answers 204.
fn backend((certificate, key): &(String, String)) -> Backend {
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("a pair");
    let config = Arc::new(config);
    Backend::wrapped(
        move |stream| {
            let session =
                rustls::ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
            Ok(Box::new(rustls::StreamOwned::new(session, stream)) as Box<dyn Wire>)
        },
        |_, out| out.write_all(NO_CONTENT),
    )
}

/// Asks a TLS backend at `localhost` through a gateway whose entity has these `tls` settings.
fn ask(name: &str, backend: &Backend, tls: &str, trusted: Option<&str>) -> (Answer, String) {
    let mut more = format!(
        "backends:\n  safe:\n    url: https://localhost:{}\n    tls: {tls}\n",
        backend.address.port()
    );
    if trusted.is_some() {
        more.push_str("gateway:\n  upstream: { trustedRoots: roots.pem }\n");
    }
    let on_error = r#"<set-header name="x-reason" exists-action="override"><value>@(context.LastError.Reason)</value></set-header>"#;
    let document = policy(
        r#"<set-backend-service backend-id="safe" />"#,
        "",
        "",
        on_error,
    );
    let folder = one_api(name, "http://127.0.0.1:9", &document, &more);
    if let Some(trusted) = trusted {
        folder.write("roots.pem", trusted);
    }
    let gateway = Gateway::start(&folder.0, &[]);
    let answer = Request::new("GET", "/t/x").send(gateway.address);
    (answer, gateway.process.output())
}

const CHECKED: &str = "{}";
const NAME_UNCHECKED: &str = "{ validateCertificateName: false }";
const UNCHECKED: &str = "{ validateCertificateChain: false, validateCertificateName: false }";

#[test]
fn a_backend_whose_certificate_nobody_vouches_for_is_not_asked() {
    let backend = backend(&pair("localhost"));
    let (answer, _) = ask("tls-unknown", &backend, CHECKED, None);
    assert_eq!(
        (answer.status, answer.header("x-reason")),
        (500, "BackendConnectionFailure")
    );
    assert!(backend.seen().is_empty());
}

#[test]
fn checks_can_be_switched_off_for_a_backend() {
    let backend = backend(&pair("other.test"));
    let (answer, _) = ask("tls-off", &backend, UNCHECKED, None);
    assert_eq!(answer.status, 204);
}

#[test]
fn roots_of_ones_own_are_trusted_and_names_are_checked_on_their_own() {
    let own = pair("localhost");
    let (answer, output) = ask("tls-roots", &backend(&own), CHECKED, Some(&own.0));
    assert_eq!(answer.status, 204, "{output}");

    let other = pair("other.test");
    let (answer, _) = ask("tls-name", &backend(&other), CHECKED, Some(&other.0));
    assert_eq!(
        (answer.status, answer.header("x-reason")),
        (500, "BackendConnectionFailure")
    );
    let (answer, output) = ask(
        "tls-no-name",
        &backend(&other),
        NAME_UNCHECKED,
        Some(&other.0),
    );
    assert_eq!(answer.status, 204, "{output}");
}

/// Runs curl; returns what it prints.
fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "60",
        ])
        .args(arguments)
        .output()
        .expect("curl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn addresses(gateway: &Gateway) -> Vec<SocketAddr> {
    gateway
        .process
        .output()
        .lines()
        .filter(|line| line.contains(" listening") && !line.contains("admin"))
        .filter_map(|line| line.split_once("address=")?.1.trim().parse().ok())
        .collect()
}

#[test]
fn clients_speak_both_versions_with_and_without_tls() {
    let regions = Regions::start();
    let (certificate, key) = pair("localhost");
    let resource = &regions.resources()[0];
    let inbound = r#"<set-header name="api-key" exists-action="override"><value>{{key}}</value></set-header>"#;
    let outbound = r#"<set-header name="x-seen" exists-action="override"><value>@(context.Request.OriginalUrl.Scheme + " " + context.Request.OriginalUrl.Host + " " + context.Request.Headers.GetValueOrDefault("Host", "none"))</value></set-header>"#;
    let folder = one_api(
        "tls-listener",
        &resource.url,
        &policy(inbound, "", outbound, ""),
        "gateway:\n  listen: 127.0.0.1:0\n  enforceProtocols: false\n  tls: { listen: \"127.0.0.1:0\", certificate: own.pem, privateKey: own.key }\n",
    );
    folder.write("own.pem", &certificate);
    folder.write("own.key", &key);
    let key = format!("key={}", resource.key.expose());
    let gateway = Gateway::start(&folder.0, &["--named-value".to_owned(), key]);
    let ports: Vec<u16> = addresses(&gateway).iter().map(SocketAddr::port).collect();
    let [clear, tls] = ports[..] else {
        panic!("two listeners: {ports:?}");
    };
    let root = folder.0.join("own.pem");
    let root = root.to_str().expect("UTF-8");
    let path = "t/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21";
    for (scheme, port, version, spoken) in [
        ("http", clear, "--http1.1", "1.1"),
        ("http", clear, "--http2-prior-knowledge", "2"),
        ("https", tls, "--http1.1", "1.1"),
        ("https", tls, "--http2", "2"),
    ] {
        for stream in ["false", "true"] {
            let body = format!(
                r#"{{"messages":[{{"role":"user","content":"Hello"}}],"max_tokens":8,"stream":{stream}}}"#
            );
            let printed = curl(&[
                version,
                "--cacert",
                root,
                "--header",
                "content-type: application/json",
                "--data",
                &body,
                "--dump-header",
                "-",
                "--write-out",
                "\nspoken %{http_version}",
                &format!("{scheme}://localhost:{port}/{path}"),
            ]);
            assert!(
                printed.ends_with(&format!("\nspoken {spoken}")),
                "{printed}"
            );
            assert!(
                printed.contains(&format!("x-seen: {scheme} localhost localhost:{port}")),
                "{printed}"
            );
            let whole = if stream == "true" {
                "data: [DONE]"
            } else {
                "\"finish_reason\""
            };
            assert!(printed.contains(whole), "{printed}");
        }
    }
}

#[test]
fn an_unusable_certificate_keeps_the_gateway_from_starting() {
    let folder = one_api(
        "tls-bad",
        "http://127.0.0.1:9",
        &policy("", "", "", ""),
        "gateway:\n  listen: 127.0.0.1:0\n  tls: { listen: \"127.0.0.1:0\", certificate: own.pem, privateKey: own.key }\n",
    );
    let start = || {
        let output = crate::harness::tidegate()
            .args(["run", "--config"])
            .arg(&folder.0)
            .output()
            .expect("tidegate runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(start().contains("own.pem"));
    let (certificate, _) = pair("localhost");
    let (_, other) = pair("localhost");
    folder.write("own.pem", &certificate);
    folder.write("own.key", "no key");
    let text = start();
    assert!(
        text.contains("own.key") && !text.contains("no key"),
        "{text}"
    );
    folder.write("own.key", &other);
    let text = start();
    assert!(
        text.contains("own.pem") || text.contains("own.key"),
        "{text}"
    );
}
