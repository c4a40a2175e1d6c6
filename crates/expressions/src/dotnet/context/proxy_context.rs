//! `IProxyRequestContext`: the type of `context` itself.

use crate::clr::datetime::{DateTime, DateTimeKind};
use crate::clr::timespan::TimeSpan;
use crate::types::Types;
use crate::value::{HostObject, Str, Value};

/// The part if the exchange has it, else null.
fn part(present: bool, part: HostObject) -> Value {
    if present {
        Value::Host(part)
    } else {
        Value::Null
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IProxyRequestContext");
    t.property("IContextApi Api", |c| {
        Ok(part(c.rt.host.api().is_some(), HostObject::Api))
    });
    t.property("IDeployment Deployment", |_| {
        Ok(Value::Host(HostObject::Deployment))
    });
    t.property("TimeSpan Elapsed", |c| {
        Ok(TimeSpan(c.rt.host.elapsed()).into())
    });
    t.property("ILastError LastError", |c| {
        Ok(part(
            c.rt.host.last_error().is_some(),
            HostObject::LastError,
        ))
    });
    t.property("IOperation Operation", |c| {
        Ok(part(c.rt.host.operation().is_some(), HostObject::Operation))
    });
    t.property("IProduct Product", |c| {
        Ok(part(c.rt.host.product().is_some(), HostObject::Product))
    });
    t.property("IRequest Request", |_| Ok(Value::Host(HostObject::Request)));
    t.property("Guid RequestId", |c| Ok(c.rt.host.request_id().into()));
    t.property("IResponse Response", |c| {
        Ok(part(c.rt.host.has_response(), HostObject::Response))
    });
    t.property("ISubscription Subscription", |c| {
        Ok(part(
            c.rt.host.subscription().is_some(),
            HostObject::Subscription,
        ))
    });
    t.property("DateTime Timestamp", |c| {
        Ok(DateTime::clamped(c.rt.host.timestamp(), DateTimeKind::Utc).into())
    });
    t.property("bool Tracing", |c| Ok(c.rt.host.tracing().into()));
    t.property("IUser User", |c| {
        Ok(part(c.rt.host.user().is_some(), HostObject::User))
    });
    t.property("IReadOnlyDictionary<string, object> Variables", |_| {
        Ok(Value::Host(HostObject::Variables))
    });
    t.method("void Trace(string message)", |c| {
        let message = c.opt_str(1)?.unwrap_or(Str::EMPTY);
        c.rt.spend(1 + message.len() as u64 / 64)?;
        c.rt.host.trace(&message.to_utf8());
        Ok(Value::Null)
    })
    // An evaluation that is repeated for a body must not write its entries twice.
    .mutates();
}
