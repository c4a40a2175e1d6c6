//! `IRequest` and `IResponse`: of the exchange, or stored in a variable by `send-request`.

use std::rc::Rc;

use super::body::StoredBody;
use super::map::ReadOnlyMap;
use super::response::ResponseObject;
use super::side;
use crate::host::{BodyAccess, MessageSide};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{HostObject, Str, Value};

/// The stored response that a receiver is.
fn stored(c: &Call<'_, '_>) -> R<Rc<ResponseObject>> {
    c.object::<ResponseObject>(0)
}

fn status_code(c: &mut Call<'_, '_>) -> R<Value> {
    let status = match side(c) {
        Some(_) if !c.rt.host.has_response() => return Err(Fault::null_reference()),
        Some(_) => c.rt.host.status_code(),
        None => stored(c)?.status,
    };
    Ok(Value::Int32(status.into()))
}

fn headers(c: &mut Call<'_, '_>) -> R<Value> {
    Ok(match side(c) {
        Some(side) => Value::Host(HostObject::Headers(side)),
        None => ReadOnlyMap::headers_of(stored(c)?),
    })
}

/// A method's name; the usual ones without an allocation.
fn method_name(name: &str) -> Str {
    const USUAL: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    match USUAL.into_iter().find(|usual| *usual == name) {
        Some(usual) => Str::literal(usual),
        None => Str::from(name),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IRequest");
    t.property("IMessageBody Body", |c| {
        Ok(match c.rt.host.body(MessageSide::Request) {
            BodyAccess::Absent => Value::Null,
            BodyAccess::NotBuffered | BodyAccess::Buffered(_) => {
                Value::Host(HostObject::Body(MessageSide::Request))
            }
        })
    });
    t.property("X509Certificate2 Certificate", |c| {
        Ok(c.rt
            .host
            .client_certificate()
            .map_or(Value::Null, crate::dotnet::crypto::certificate))
    });
    t.property("IReadOnlyDictionary<string, string[]> Headers", headers);
    t.property("string IpAddress", |c| {
        Ok(Str::from(c.rt.host.ip_address()).into())
    });
    t.property(
        "IReadOnlyDictionary<string, string> MatchedParameters",
        |_| Ok(Value::Host(HostObject::MatchedParameters)),
    );
    t.property("string Method", |c| {
        Ok(method_name(c.rt.host.method()).into())
    });
    t.property("IUrl OriginalUrl", |_| {
        Ok(Value::Host(HostObject::OriginalUrl))
    });
    t.property("IUrl Url", |_| Ok(Value::Host(HostObject::Url)));
    // Requests never arrive through a private endpoint connection of Azure's.
    t.property(
        "IPrivateEndpointConnection PrivateEndpointConnection",
        |_| Ok(Value::Null),
    );

    let mut t = types.interface("Tidegate.IPrivateEndpointConnection");
    for member in ["string Name", "string GroupId", "string MemberName"] {
        t.property(member, |_| Ok(Value::Null));
    }

    let mut t = types.interface("Tidegate.IResponse");
    t.property("IMessageBody Body", |c| {
        Ok(match side(c) {
            Some(side) => Value::Host(HostObject::Body(side)),
            None => Value::object(StoredBody(stored(c)?)),
        })
    });
    t.property("IReadOnlyDictionary<string, string[]> Headers", headers);
    t.property("int StatusCode", status_code);
    t.property("string StatusReason", |c| {
        Ok(match side(c) {
            Some(_) => Str::from(c.rt.host.status_reason()).into(),
            None => stored(c)?.reason.clone().into(),
        })
    });
}
