//! `IDeployment`.

use super::shared;
use crate::dotnet::collections;
use crate::types::{Type, Types};

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IDeployment");
    t.property("string GatewayId", |c| {
        Ok(shared(&c.rt.host.deployment().gateway_id))
    });
    t.property("string Region", |c| {
        Ok(shared(&c.rt.host.deployment().region))
    });
    t.property("string ServiceId", |c| {
        Ok(shared(&c.rt.host.deployment().service_id))
    });
    t.property("string ServiceName", |c| {
        Ok(shared(&c.rt.host.deployment().service_name))
    });
    // Certificates of a gateway are not part of the service's configuration here, so none has an id.
    t.property(
        "IReadOnlyDictionary<string, X509Certificate2> Certificates",
        |c| {
            let value = match &c.member.result {
                Type::Named(_, Some(args)) => args.get(1).cloned(),
                _ => None,
            };
            Ok(collections::dictionary(
                Type::STRING,
                value.unwrap_or(Type::OBJECT),
            ))
        },
    );
}
