//! TLS to clients.

use super::*;
use crate::upstream::{
    self, Client, HttpVersion, SendOptions, Target, TargetOptions, TlsOptions, TlsProfile,
};

fn pair(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

async fn ask(
    address: SocketAddr,
    root: &str,
    version: HttpVersion,
) -> Result<String, upstream::TransportError> {
    let options = TlsOptions::default()
        .with_extra_roots(root.as_bytes())
        .expect("a certificate");
    let options = TargetOptions {
        version,
        tls: Some(TlsProfile::new(options)),
        proxy: None,
    };
    let target = Target::new(&format!("https://localhost:{}", address.port()), options)
        .expect("a valid URL");
    let request = Request::get("/info")
        .body(upstream::RequestBody::empty())
        .expect("a request");
    let client = Client::new(upstream::Settings::default());
    let response = client
        .send(&target, request, SendOptions::default())
        .await?;
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn both_versions_are_spoken_over_tls() {
    let (certificate, key) = pair("localhost");
    let tls = Tls::from_pem(certificate.as_bytes(), key.as_bytes()).expect("a pair");
    let running = start(Limits::default(), Some(tls), 1);
    local(async {
        let one = ask(running.address, &certificate, HttpVersion::Http1)
            .await
            .expect("an answer");
        assert_eq!(one, "HTTP/1.1 false Some(Some(\"localhost\"))");
        let two = ask(running.address, &certificate, HttpVersion::Http2)
            .await
            .expect("an answer");
        assert_eq!(two, "HTTP/2.0 true Some(Some(\"localhost\"))");
    });
}

#[test]
fn a_replaced_certificate_is_used_for_new_connections() {
    let folder = std::env::temp_dir().join(format!("tidegate-listener-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("a folder");
    let (chain, secret) = (folder.join("chain.pem"), folder.join("key.pem"));
    let (first, second) = (pair("localhost"), pair("localhost"));
    let write = |pair: &(String, String)| {
        std::fs::write(&chain, &pair.0).expect("written");
        std::fs::write(&secret, &pair.1).expect("written");
    };
    write(&first);
    let tls = Tls::from_files(&chain, &secret).expect("a pair");
    let running = start(Limits::default(), Some(tls.clone()), 1);
    local(async {
        assert!(
            ask(running.address, &first.0, HttpVersion::Http1)
                .await
                .is_ok()
        );
        write(&second);
        assert!(tls.reload().expect("a pair"));
        assert!(
            ask(running.address, &second.0, HttpVersion::Http1)
                .await
                .is_ok()
        );
        assert!(
            ask(running.address, &first.0, HttpVersion::Http1)
                .await
                .is_err()
        );
    });
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn clear_text_on_a_tls_port_ends_its_connection_only() {
    let (certificate, key) = pair("localhost");
    let tls = Tls::from_pem(certificate.as_bytes(), key.as_bytes()).expect("a pair");
    let running = start(Limits::default(), Some(tls), 1);
    local(async {
        let mut client = Raw::connect(running.address).await;
        client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        client.rest().await;
        assert!(
            ask(running.address, &certificate, HttpVersion::Http1)
                .await
                .is_ok()
        );
    });
}
