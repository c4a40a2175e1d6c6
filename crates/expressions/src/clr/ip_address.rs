//! `System.Net.IPAddress` text.
//!
//! Text flows in, an address flows out, or `FormatException`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Error, Result};

/// An address; one of version 6 may name the link it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// `ScopeId`, 0 for none.
    pub scope: u32,
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self { ip, scope: 0 }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IpAddr::V6(v6) = self.ip else {
            return self.ip.fmt(f);
        };
        let groups = v6.segments();
        let embedded = match groups {
            // Compatible and mapped addresses, SIIT, ISATAP
            [0, 0, 0, 0, 0, 0 | 0xffff, high, _] | [0, 0, 0, 0, 0xffff, 0, high, _] => high != 0,
            [_, _, _, _, 0, 0x5efe, _, _] => true,
            _ => false,
        };
        let shown = groups
            .get(..if embedded { 6 } else { 8 })
            .unwrap_or(&groups);
        // The first of the longest runs of zeros is left out.
        let (mut start, mut length) = (0, 1);
        for at in 0..shown.len() {
            let run = shown
                .iter()
                .skip(at)
                .take_while(|group| **group == 0)
                .count();
            if run > length {
                (start, length) = (at, run);
            }
        }
        let mut separated = true;
        for (at, group) in shown.iter().enumerate() {
            if length > 1 && (start..start + length).contains(&at) {
                if at == start {
                    f.write_str("::")?;
                    separated = true;
                }
                continue;
            }
            if !separated {
                f.write_str(":")?;
            }
            write!(f, "{group:x}")?;
            separated = false;
        }
        if embedded {
            let [.., a, b, c, d] = v6.octets();
            let colon = if separated { "" } else { ":" };
            write!(f, "{colon}{}", Ipv4Addr::new(a, b, c, d))?;
        }
        if self.scope != 0 {
            write!(f, "%{}", self.scope)
        } else {
            Ok(())
        }
    }
}

/// `IPAddress.Parse`
///
/// # Errors
/// `FormatException`
pub fn parse(text: &str) -> Result<Address> {
    let bad = || Error::format("An invalid IP address was specified.");
    if text.contains(':') {
        let inner = text
            .strip_prefix('[')
            .and_then(|t| t.split_once(']'))
            .map_or(text, |(inner, _)| inner);
        let (address, scope) = inner.split_once('%').unwrap_or((inner, ""));
        let ip = address.parse::<Ipv6Addr>().map_err(|_| bad())?;
        // A link named by a word has no number here.
        return Ok(Address {
            ip: ip.into(),
            scope: scope.parse().unwrap_or(0),
        });
    }
    parse_ipv4(text)
        .map(|ip| IpAddr::V4(ip).into())
        .ok_or_else(bad)
}

/// One to four numbers, decimal, octal (`0…`) or hexadecimal (`0x…`); the last fills the rest of the address.
pub(crate) fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let mut numbers = Vec::with_capacity(4);
    for part in parts {
        numbers.push(number(part)?);
    }
    let (last, head) = numbers.split_last()?;
    let room = 8 * (4 - head.len() as u32);
    if u64::from(*last) >= 1 << room || head.iter().any(|n| *n > 255) {
        return None;
    }
    let mut address = u64::from(*last);
    for (index, n) in head.iter().enumerate() {
        address |= u64::from(*n) << (24 - 8 * index as u32);
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u32> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(text: &str) -> String {
        parse(text).map_or_else(|e| e.kind.name().to_owned(), |ip| ip.to_string())
    }

    #[test]
    fn addresses_in_all_their_spellings() {
        assert_eq!(p("10.0.0.1"), "10.0.0.1");
        assert_eq!(p("10.1"), "10.0.0.1");
        assert_eq!(p("0x7f.1"), "127.0.0.1");
        assert_eq!(p("::1"), "::1");
        assert_eq!(p("2001:DB8::1"), "2001:db8::1");
        assert_eq!(p("[::1]:80"), "::1");
        assert_eq!(p("fe80::1%4"), "fe80::1%4");
        assert_eq!(p("0:0:0:0:0:0:1.2.3.4"), "::1.2.3.4");
        assert_eq!(p("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
        for bad in [
            "300.1.1.1",
            "abc",
            "",
            "1.2.3.4.5",
            "1..2",
            ":",
            "08.0.0.1",
            "-1",
        ] {
            assert_eq!(p(bad), "FormatException", "{bad}");
        }
    }
}
