//! Headers that belong to one connection and are never passed on (RFC 9110 §7.6.1).

use http::{HeaderMap, HeaderName, header};

/// Whether a header never goes further than the next peer.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
        || *name == header::TE
        || *name == header::UPGRADE
        || *name == header::TRAILER
        || *name == header::PROXY_AUTHENTICATE
        || *name == header::PROXY_AUTHORIZATION
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Removes them, and those that `Connection` names. Most messages have none, and cost no more than a look.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let found: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_hop_by_hop(name))
        .cloned()
        .collect();
    for name in found {
        if name == header::CONNECTION {
            strip_connection(headers);
        } else {
            headers.remove(name);
        }
    }
}

/// Removes `Connection` and the headers it names. Done to a request before policies run, so that its sender cannot
/// name away what they set.
pub fn strip_connection(headers: &mut HeaderMap) {
    let header::Entry::Occupied(connection) = headers.entry(header::CONNECTION) else {
        return;
    };
    let (_, values) = connection.remove_entry_mult();
    let named: Vec<HeaderName> = values
        .filter_map(|value| {
            let names = value.to_str().ok()?.split(',');
            Some(
                names
                    .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
                    // Framing and routing stay, whatever a peer claims.
                    .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
                    .collect::<Vec<_>>(),
            )
        })
        .flatten()
        .collect();
    for name in named {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn connection_headers_and_those_they_name_go() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Per-Hop, host"),
            ("connection", "x-second"),
            ("x-per-hop", "1"),
            ("x-second", "1"),
            ("host", "h"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("accept", "*/*"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "host"]);
    }
}
