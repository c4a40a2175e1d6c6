//! `IDeployment`.

use super::shared;
use crate::types::Types;

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
}
