//! `System.Net.IPAddress`. `==` is reference equality, as in .NET.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use crate::clr::ip_address::{self, parse};
use crate::dotnet::collections;
use crate::dotnet::numbers::enum_result;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Str, Value};

struct Address(ip_address::Address);

impl Object for Address {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name("System.Net.IPAddress")
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(
            bytes(self.0.ip)
                .iter()
                .fold(17, |hash, b| hash * 31 + u64::from(*b))
                & 0xffff_ffff,
        )
    }

    fn to_text(&self, _: &mut Runtime<'_>, _: Option<&str>) -> R<Option<Str>> {
        Ok(Some(Str::from(self.0.to_string())))
    }
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn value(address: impl Into<IpAddr>) -> Value {
    Value::object(Address(address.into().into()))
}

fn own(c: &Call<'_, '_>, index: usize) -> R<Rc<Address>> {
    c.object::<Address>(index)
}

fn v6(c: &Call<'_, '_>, test: impl FnOnce(Ipv6Addr) -> bool) -> R<Value> {
    Ok(match own(c, 0)?.0.ip {
        IpAddr::V6(address) => test(address),
        IpAddr::V4(_) => false,
    }
    .into())
}

pub(super) fn define(types: &mut Types) {
    types
        .enumeration(
            "System.Net.Sockets.AddressFamily",
            &[
                ("Unspecified", 0),
                ("InterNetwork", 2),
                ("InterNetworkV6", 23),
            ],
        )
        .beyond_documentation();
    let mut t = types.class("System.Net.IPAddress");
    t.static_property("IPAddress Any", |_| Ok(value(Ipv4Addr::UNSPECIFIED)));
    t.static_property("IPAddress Loopback", |_| Ok(value(Ipv4Addr::LOCALHOST)));
    t.static_property("IPAddress Broadcast", |_| Ok(value(Ipv4Addr::BROADCAST)));
    t.static_property("IPAddress None", |_| Ok(value(Ipv4Addr::BROADCAST)));
    t.static_property("IPAddress IPv6Any", |_| Ok(value(Ipv6Addr::UNSPECIFIED)));
    t.static_property("IPAddress IPv6None", |_| Ok(value(Ipv6Addr::UNSPECIFIED)));
    t.static_property("IPAddress IPv6Loopback", |_| Ok(value(Ipv6Addr::LOCALHOST)));
    t.constructor("(byte[] address)", |c| {
        let bytes = c.bytes(0)?;
        if let Ok(octets) = <[u8; 4]>::try_from(bytes.as_slice()) {
            return Ok(value(octets));
        }
        match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(octets) => Ok(value(octets)),
            Err(_) => Err(Fault::argument(
                "An invalid IP address was specified.",
                "address",
            )),
        }
    });
    t.constructor("(byte[] address, long scopeid)", |c| {
        let octets = <[u8; 16]>::try_from(c.bytes(0)?)
            .map_err(|_| Fault::argument("An invalid IP address was specified.", "address"))?;
        let scope = u32::try_from(c.long(1)?).map_err(|_| Fault::outside("scopeid"))?;
        let ip = IpAddr::from(octets);
        Ok(Value::object(Address(ip_address::Address { ip, scope })))
    });
    t.constructor("(long newAddress)", |c| {
        // The number holds the bytes in network order, lowest first.
        let number = u32::try_from(c.long(0)?).map_err(|_| Fault::outside("newAddress"))?;
        Ok(value(number.to_le_bytes()))
    });
    t.static_method("IPAddress Parse(string ipString)", |c| {
        Ok(Value::object(Address(parse(&c.str(0)?.to_utf8())?)))
    });
    t.static_method(
        "bool TryParse(string ipString, out IPAddress address)",
        |c| {
            let parsed = c.opt_str(0)?.and_then(|text| parse(&text.to_utf8()).ok());
            c.set(
                1,
                parsed.map_or(Value::Null, |address| Value::object(Address(address))),
            );
            Ok(parsed.is_some().into())
        },
    );
    t.static_method("bool IsLoopback(IPAddress address)", |c| {
        let address = own(c, 0)?.0.ip;
        Ok(
            (address.is_loopback() || address == IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()))
                .into(),
        )
    });
    t.static_method("short NetworkToHostOrder(short network)", |c| {
        Ok(c.short(0)?.swap_bytes().into())
    });
    t.static_method("int NetworkToHostOrder(int network)", |c| {
        Ok(c.int(0)?.swap_bytes().into())
    });
    t.static_method("long NetworkToHostOrder(long network)", |c| {
        Ok(c.long(0)?.swap_bytes().into())
    });
    t.static_method("short HostToNetworkOrder(short host)", |c| {
        Ok(c.short(0)?.swap_bytes().into())
    });
    t.static_method("int HostToNetworkOrder(int host)", |c| {
        Ok(c.int(0)?.swap_bytes().into())
    });
    t.static_method("long HostToNetworkOrder(long host)", |c| {
        Ok(c.long(0)?.swap_bytes().into())
    });
    t.property("AddressFamily AddressFamily", |c| {
        let family = if own(c, 0)?.0.ip.is_ipv4() { 2 } else { 23 };
        Ok(enum_result(c, family))
    });
    t.property("long ScopeId", |c| match own(c, 0)?.0 {
        address if address.ip.is_ipv6() => Ok(i64::from(address.scope).into()),
        _ => Err(Fault::new(
            "System.Net.Sockets.SocketException",
            crate::value::Str::literal("Operation not supported"),
        )),
    });
    t.property("bool IsIPv4MappedToIPv6", |c| {
        v6(c, |a| a.to_ipv4_mapped().is_some())
    });
    t.property("bool IsIPv6LinkLocal", |c| {
        v6(c, |a| a.is_unicast_link_local())
    });
    t.property("bool IsIPv6SiteLocal", |c| {
        v6(c, |a| {
            a.segments().first().is_some_and(|s| s & 0xffc0 == 0xfec0)
        })
    });
    t.property("bool IsIPv6Multicast", |c| v6(c, |a| a.is_multicast()));
    t.property("bool IsIPv6Teredo", |c| {
        v6(c, |a| a.segments().starts_with(&[0x2001, 0]))
    });
    t.method("byte[] GetAddressBytes()", |c| {
        Ok(collections::byte_array(bytes(own(c, 0)?.0.ip)))
    });
    t.method("IPAddress MapToIPv4()", |c| {
        Ok(match own(c, 0)?.0.ip {
            IpAddr::V6(address) => {
                let [.., a, b, d, e] = address.octets();
                value([a, b, d, e])
            }
            IpAddr::V4(address) => value(address),
        })
    });
    t.method("IPAddress MapToIPv6()", |c| {
        Ok(match own(c, 0)?.0.ip {
            IpAddr::V4(address) => value(address.to_ipv6_mapped()),
            IpAddr::V6(_) => c.value(0),
        })
    });
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};

    const ADDRESS: &str = "System.Net.IPAddress";

    #[test]
    fn addresses_parse_and_compare() {
        let parse = |given: &str| {
            value(
                ADDRESS,
                "IPAddress Parse(string ipString)",
                &mut [given.into()],
            )
        };
        assert_eq!(
            text(
                ADDRESS,
                "byte[] GetAddressBytes()",
                &[parse("10.0.0.1").unwrap()]
            ),
            "0a000001"
        );
        assert_eq!(parse("300.1.1.1").unwrap_err(), "throws FormatException");
        assert_eq!(
            text(
                ADDRESS,
                "bool IsLoopback(IPAddress address)",
                &[parse("127.0.0.1").unwrap()]
            ),
            "True"
        );
        assert_eq!(
            text(
                ADDRESS,
                "AddressFamily AddressFamily",
                &[parse("::1").unwrap()]
            ),
            "InterNetworkV6"
        );
        assert!(crate::runtime::equals(
            &parse("10.1").unwrap(),
            &parse("10.0.0.1").unwrap()
        ));
        assert_eq!(
            text(ADDRESS, "(long newAddress)", &[0x0100_007fi64.into()]),
            "127.0.0.1"
        );
    }
}
