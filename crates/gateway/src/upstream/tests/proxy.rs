//! The way through a forward proxy.

use std::sync::Arc;

use super::tls::{Authority, serve};
use super::*;

fn via(url: &str, proxy: SocketAddr, tls: Option<Arc<TlsProfile>>) -> Target {
    let proxy =
        Proxy::new(&format!("http://{proxy}"), Some(("me", "secret"))).expect("a valid proxy");
    let options = TargetOptions {
        proxy: Some(Arc::new(proxy)),
        tls,
        ..TargetOptions::default()
    };
    Target::new(url, options).expect("a valid URL")
}

#[test]
fn an_http_backend_is_asked_for_by_its_whole_url() {
    local(async {
        let proxy = Scripted::start(|_, _| vec![Act::Say(OK)]).await;
        let target = via("http://backend.example/base", proxy.address, None);
        let client = Client::new(Settings::default());
        let response = client
            .send(&target, get("/path?q"), SendOptions::default())
            .await
            .expect("an answer");
        assert_eq!(text(response).await, "ok");
        let heads = proxy.heads.borrow();
        assert!(
            heads[0].starts_with("GET http://backend.example/path?q HTTP/1.1\r\n"),
            "{}",
            heads[0]
        );
        assert!(heads[0].contains("host: backend.example\r\n"));
        assert!(heads[0].contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"));
    });
}

#[test]
fn an_https_backend_is_reached_through_a_tunnel() {
    local(async {
        let authority = Authority::new();
        let backend = serve(authority.server("localhost", &["http/1.1"], false)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let proxy = listener.local_addr().expect("bound");
        let heads = Rc::new(RefCell::new(String::new()));
        let seen = heads.clone();
        spawn_local(async move {
            let (mut near, _) = listener.accept().await.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(near.read_u8().await.expect("a head"));
            }
            seen.borrow_mut().push_str(&String::from_utf8_lossy(&head));
            let mut far = TcpStream::connect(backend).await.expect("a backend");
            near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await
                .expect("written");
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
        let tls = TlsProfile::new(authority.trusted());
        let target = via(
            &format!("https://localhost:{}", backend.port()),
            proxy,
            Some(tls),
        );
        let client = Client::new(Settings::default());
        for _ in 0..2 {
            let response = client
                .send(&target, get("/"), SendOptions::default())
                .await
                .expect("an answer");
            assert!(text(response).await.starts_with("http/1.1"));
        }
        let heads = heads.borrow();
        assert!(
            heads.starts_with(&format!(
                "CONNECT localhost:{} HTTP/1.1\r\n",
                backend.port()
            )),
            "{heads}"
        );
        assert!(heads.contains("proxy-authorization: Basic"));
    });
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_status() {
    local(async {
        let no = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        let proxy = Scripted::start(move |_, _| vec![Act::Say(no)]).await;
        let target = via(
            "https://backend.example",
            proxy.address,
            Some(TlsProfile::new(Authority::new().trusted())),
        );
        let client = Client::new(Settings::default());
        let error = client
            .send(&target, get("/"), SendOptions::default())
            .await
            .expect_err("no tunnel");
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Proxy, "BackendConnectionFailure")
        );
        let text = error.to_string();
        assert!(text.contains("407") && !text.contains("secret"), "{text}");
    });
}
