//! From a [`Target`] to an open byte stream: name resolution, TCP, a proxy's tunnel, TLS.
//!
//! In: the target. Out: a [`Connected`] stream and whether HTTP/2 was agreed. Nothing of a request is known here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::error::{Kind, TransportError};
use super::stream::{Carrier, Stream};
use super::target::{HttpVersion, Proxy, Target};

/// How long one address is given before the next is tried beside it (RFC 8305 §5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried at most.
const MAX_ADDRESSES: usize = 16;
/// Silence after which the kernel probes whether the peer still lives.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// An open stream.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) http2: bool,
}

/// Opens a stream to `target` within `limit`.
pub(crate) async fn connect(target: &Target, limit: Duration) -> Result<Connected, TransportError> {
    timeout(limit, open(target)).await.unwrap_or_else(|_| {
        let text = format!(
            "no connection to {}:{} within {limit:?}",
            target.host(),
            target.port()
        );
        Err(TransportError::new(Kind::Connect, text))
    })
}

async fn open(target: &Target) -> Result<Connected, TransportError> {
    let Some(server_name) = target.server_name() else {
        let tcp = match target.proxy() {
            Some(proxy) => tcp(&proxy.host, proxy.port).await?,
            None => tcp(target.host(), target.port()).await?,
        };
        let http2 = target.version() == HttpVersion::Http2;
        return Ok(Connected {
            stream: Stream::new(Carrier::Plain(tcp)),
            http2,
        });
    };
    let config = {
        let (profile, version) = (target.tls().clone(), target.version());
        let config = if profile.is_built() {
            profile.config(version)
        } else {
            // The first use reads the platform's roots from disk: not on the thread that serves.
            spawn_blocking(move || profile.config(version))
                .await
                .map_err(|error| {
                    TransportError::new(Kind::Tls, format!("TLS cannot be set up: {error}"))
                })?
        };
        config.map_err(|error| {
            TransportError::new(Kind::Tls, format!("TLS cannot be set up: {error}"))
        })?
    };
    let connector = TlsConnector::from(config);
    let failed = |error: io::Error| {
        let text = format!(
            "TLS handshake with {}:{} failed: {error}",
            target.host(),
            target.port()
        );
        TransportError::new(Kind::Tls, text)
    };
    let (carrier, http2) = match target.proxy() {
        None => {
            let tcp = tcp(target.host(), target.port()).await?;
            let stream = connector
                .connect(server_name.clone(), tcp)
                .await
                .map_err(failed)?;
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            (Carrier::Tls(Box::new(stream)), http2)
        }
        Some(proxy) => {
            let tunnel = tunnel(target, proxy).await?;
            let stream = connector
                .connect(server_name.clone(), tunnel)
                .await
                .map_err(failed)?;
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            (Carrier::Tunnel(Box::new(stream)), http2)
        }
    };
    if target.version() == HttpVersion::Http2 && !http2 {
        let text = format!(
            "{}:{} does not speak HTTP/2, which is demanded",
            target.host(),
            target.port()
        );
        return Err(TransportError::new(Kind::Protocol, text));
    }
    Ok(Connected {
        stream: Stream::new(carrier),
        http2,
    })
}

/// Asks a proxy for a tunnel (RFC 9110 §9.3.6).
async fn tunnel(
    target: &Target,
    proxy: &Proxy,
) -> Result<TokioIo<hyper::upgrade::Upgraded>, TransportError> {
    let failed = |what: String| {
        let text = format!(
            "proxy {}:{} gave no tunnel to {}: {what}",
            proxy.host,
            proxy.port,
            target.authority()
        );
        TransportError::new(Kind::Proxy, text)
    };
    let tcp = tcp(&proxy.host, proxy.port).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp))
        .await
        .map_err(|error| failed(error.to_string()))?;
    spawn_local(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "connection to the forward proxy ended");
        }
    });
    // CONNECT names the port even where it is the scheme's default.
    let destination = format!("{}:{}", target.authority().host(), target.port());
    let mut request = Request::connect(&destination).header(header::HOST, &destination);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = request
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .map_err(|error| failed(error.to_string()))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if response.status() != StatusCode::OK {
        return Err(failed(format!("it answered {}", response.status())));
    }
    let upgraded = hyper::upgrade::on(response)
        .await
        .map_err(|error| failed(error.to_string()))?;
    Ok(TokioIo::new(upgraded))
}

/// Connects to the first address that accepts.
async fn tcp(host: &str, port: u16) -> Result<TcpStream, TransportError> {
    let addresses = resolve(host, port).await?;
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(TcpStream::connect(address));
        }
        if attempts.is_empty() {
            let cause = failure.unwrap_or_else(|| io::Error::other("no address"));
            return Err(TransportError::new(
                Kind::Connect,
                format!("cannot connect to {host}:{port}: {cause}"),
            ));
        }
        let result = if waiting.len() == 0 {
            attempts.next().await
        } else {
            tokio::select! {
                result = attempts.next() => result,
                () = sleep(NEXT_ADDRESS_AFTER) => None,
            }
        };
        match result {
            Some(Ok(stream)) => {
                prepare(&stream);
                return Ok(stream);
            }
            Some(Err(error)) => failure = Some(error),
            None => {}
        }
    }
}

fn prepare(stream: &TcpStream) {
    // Both only tune: a socket that refuses still works.
    let keepalive = socket2::TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    let _ = stream.set_nodelay(true);
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

/// All addresses of a name, IPv6 and IPv4 in turn (RFC 8305 §4).
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, TransportError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| {
            TransportError::new(
                Kind::Dns,
                format!("the name {host} cannot be resolved: {error}"),
            )
        })?;
    let addresses = interleave(found);
    if addresses.is_empty() {
        return Err(TransportError::new(
            Kind::Dns,
            format!("the name {host} has no address"),
        ));
    }
    Ok(addresses)
}

fn interleave(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv6);
    let mut mixed = Vec::with_capacity(six.len() + four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let before = mixed.len();
        mixed.extend(six.next());
        mixed.extend(four.next());
        if mixed.len() == before {
            break;
        }
    }
    mixed.truncate(MAX_ADDRESSES);
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let found = ["1.1.1.1:1", "2.2.2.2:1", "3.3.3.3:1", "[::1]:1"].map(address);
        let order = ["[::1]:1", "1.1.1.1:1", "2.2.2.2:1", "3.3.3.3:1"].map(address);
        assert_eq!(interleave(found.into_iter()), order);
    }
}
