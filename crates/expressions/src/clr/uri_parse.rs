//! Reading an absolute URI: scheme, authority, path.
//!
//! Text flows in, normal parts flow out, or the reason why it is none.

use std::net::Ipv6Addr;

use super::ip_address::parse_ipv4;
use super::uri::{
    Absolute, HostType, default_port, is_on_drive, is_scheme, needs_host, takes_user,
};
use super::uri_escape::escape_part;

pub(super) const BAD_HOST: &str = "Invalid URI: The hostname could not be parsed.";

const BAD_PORT: &str = "Invalid URI: Invalid port specified.";
const UNROOTED: &str = "Invalid URI: A Dos path must be rooted, for example, 'c:\\\\'.";

pub(super) enum Failure {
    /// Nothing that looks like an absolute URI.
    NoScheme,
    /// The scheme of a web address without `//`.
    NoHost,
    Bad(&'static str),
}

pub(super) fn parse_absolute(text: &str) -> std::result::Result<Absolute, Failure> {
    let Some(colon) = text.find(':') else {
        return match text.strip_prefix("\\\\") {
            Some(unc) => file(&format!("//{}", unc.replace('\\', "/"))),
            None => Err(Failure::NoScheme),
        };
    };
    let name = text.get(..colon).unwrap_or_default();
    let rest = text.get(colon + 1..).unwrap_or_default();
    if !is_scheme(name) {
        return Err(Failure::NoScheme);
    }
    if name.len() == 1 {
        // A single letter is a drive.
        return if rest.starts_with(['/', '\\']) {
            file(&format!("///{name}:{}", rest.replace('\\', "/")))
        } else {
            Err(Failure::Bad(UNROOTED))
        };
    }
    let scheme = name.to_ascii_lowercase();
    if scheme == "file" {
        return file(&rest.replace('\\', "/"));
    }
    if scheme == "mailto" {
        return mail_address(rest).map_err(Failure::Bad);
    }
    let hierarchical = needs_host(&scheme);
    let (rest, fragment) = split_before(rest, '#');
    let (rest, query) = split_before(rest, '?');
    let mut uri = Absolute {
        port: default_port(&scheme),
        scheme,
        has_authority: false,
        user_info: None,
        host: String::new(),
        host_type: HostType::Unknown,
        path: String::new(),
        query: escape_part(query),
        fragment: escape_part(fragment),
    };
    let path = match rest.strip_prefix("//") {
        Some(after) => {
            let (authority, path) = split_before(after, '/');
            uri.has_authority = true;
            set_authority(&mut uri, authority, hierarchical).map_err(Failure::Bad)?;
            path
        }
        None if hierarchical => return Err(Failure::NoHost),
        None => rest,
    };
    uri.path = if uri.has_authority {
        let path = if path.is_empty() { "/" } else { path };
        let path = if hierarchical {
            path.replace('\\', "/")
        } else {
            path.to_owned()
        };
        remove_dot_segments(&escape_part(&path))
    } else {
        escape_part(path)
    };
    Ok(uri)
}

/// `mailto:` shows user and host of its one address; a path alone is none.
fn mail_address(rest: &str) -> std::result::Result<Absolute, &'static str> {
    let (rest, fragment) = split_before(rest, '#');
    let (address, query) = split_before(rest, '?');
    let mut uri = Absolute {
        scheme: "mailto".to_owned(),
        has_authority: false,
        user_info: None,
        host: String::new(),
        host_type: HostType::Basic,
        port: default_port("mailto"),
        path: String::new(),
        query: escape_part(query),
        fragment: escape_part(fragment),
    };
    let (authority, path) = split_before(address, '/');
    uri.path = escape_part(path);
    if !authority.is_empty() {
        set_authority(&mut uri, authority, true)?;
    }
    Ok(uri)
}

/// `file:` with everything behind it, slashes forward.
fn file(rest: &str) -> std::result::Result<Absolute, Failure> {
    let (rest, fragment) = split_before(rest, '#');
    let (rest, query) = split_before(rest, '?');
    // However many slashes stand before a drive, it is one.
    let bare = rest.trim_start_matches('/');
    let rooted = format!("/{}", bare.replacen('|', ":", 1));
    let (host, path) = match rest.strip_prefix("//") {
        _ if is_on_drive(bare) => ("", &*rooted),
        Some(after) => split_before(after, '/'),
        None => return Err(Failure::Bad(BAD_HOST)),
    };
    let drive = path.as_bytes();
    if matches!(drive, [b'/', letter, b':', after @ ..] if letter.is_ascii_alphabetic() && after.first() != Some(&b'/'))
    {
        return Err(Failure::Bad(UNROOTED));
    }
    let mut uri = Absolute {
        scheme: "file".to_owned(),
        has_authority: true,
        user_info: None,
        host: String::new(),
        host_type: HostType::Basic,
        port: None,
        path: remove_dot_segments(&escape_part(if path.is_empty() { "/" } else { path })),
        query: escape_part(query),
        fragment: escape_part(fragment),
    };
    if !host.is_empty() {
        set_authority(&mut uri, host, true).map_err(Failure::Bad)?;
    }
    Ok(uri)
}

fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark).map_or((text, ""), |at| text.split_at(at))
}

fn set_authority(
    uri: &mut Absolute,
    authority: &str,
    strict: bool,
) -> std::result::Result<(), &'static str> {
    let host_and_port = match authority.split_once('@') {
        Some((user, rest)) if takes_user(&uri.scheme) && !user.contains('\\') => {
            uri.user_info = Some(escape_part(user));
            rest
        }
        _ => authority,
    };
    let (host, port) = if let Some(rest) = host_and_port.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(BAD_HOST)?;
        let address = address.split('%').next().unwrap_or_default();
        let parsed: Ipv6Addr = address.parse().map_err(|_| BAD_HOST)?;
        uri.host_type = HostType::IPv6;
        uri.host = parsed.to_string();
        (
            None,
            after
                .strip_prefix(':')
                .or(if after.is_empty() { Some("") } else { None })
                .ok_or(BAD_HOST)?,
        )
    } else {
        let (host, port) = host_and_port
            .rsplit_once(':')
            .unwrap_or((host_and_port, ""));
        (Some(host), port)
    };
    if let Some(host) = host {
        let needed = strict || uri.user_info.is_some() || !port.is_empty();
        set_host(uri, host, needed, strict)?;
    }
    if !port.is_empty() {
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BAD_PORT);
        }
        uri.port = Some(port.parse().map_err(|_| BAD_PORT)?);
    }
    Ok(())
}

fn set_host(
    uri: &mut Absolute,
    host: &str,
    needed: bool,
    strict: bool,
) -> std::result::Result<(), &'static str> {
    if host.is_empty() {
        return if needed { Err(BAD_HOST) } else { Ok(()) };
    }
    if let Some(address) = parse_ipv4(host) {
        uri.host_type = HostType::IPv4;
        uri.host = address.to_string();
        return Ok(());
    }
    uri.host_type = host_type(host);
    if uri.host_type == HostType::Unknown {
        let dashed =
            host.starts_with('-') && host_type(host.trim_start_matches('-')) == HostType::Dns;
        let tolerable = dashed
            || !strict
                && !host.contains(|c: char| {
                    c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c)
                });
        if !tolerable {
            return Err(BAD_HOST);
        }
        uri.host_type = HostType::Basic;
    }
    uri.host = host.to_ascii_lowercase();
    Ok(())
}

/// `Uri.CheckHostName` for what is no address in brackets.
pub fn host_type(host: &str) -> HostType {
    if parse_ipv4(host).is_some() {
        return HostType::IPv4;
    }
    if host.contains(':') && host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok() {
        return HostType::IPv6;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 252
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii())
            && !label.starts_with('-')
    };
    if !name.is_empty() && name.len() <= 255 && name.split('.').all(label) {
        HostType::Dns
    } else {
        HostType::Unknown
    }
}

/// RFC 3986 §5.2.4.
fn remove_dot_segments(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => out.push(""),
            "." => {}
            ".." => {
                // The empty segment before the first slash is the root and stays.
                if out.len() > 1 {
                    out.pop();
                }
                if last {
                    out.push("");
                }
            }
            _ => out.push(segment),
        }
    }
    out.join("/")
}
