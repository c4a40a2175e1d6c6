//! `IProduct` and `ProductState`.

use std::sync::Arc;

use super::api::Api;
use super::people::groups;
use super::shared;
use crate::dotnet::collections;
use crate::host::ProductInfo;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::Value;

fn product(c: &Call<'_, '_>) -> R<Arc<ProductInfo>> {
    c.rt.host
        .product()
        .cloned()
        .ok_or_else(Fault::null_reference)
}

pub(super) fn define(types: &mut Types) {
    types.enumeration(
        "Tidegate.ProductState",
        &[("NotPublished", 0), ("Published", 1)],
    );
    let mut t = types.interface("Tidegate.IProduct");
    t.property("string Id", |c| Ok(shared(&product(c)?.id)));
    t.property("string Name", |c| Ok(shared(&product(c)?.name)));
    t.property("IEnumerable<IApi> Apis", |c| {
        let apis = product(c)?
            .apis
            .iter()
            .map(|api| Value::object(Api(api.clone())))
            .collect();
        Ok(collections::array(Type::Named(known::IAPI, None), apis))
    });
    t.property("IEnumerable<IGroup> Groups", |c| {
        Ok(groups(&product(c)?.groups))
    });
    t.property("bool ApprovalRequired", |c| {
        Ok(product(c)?.approval_required.into())
    });
    t.property("bool SubscriptionRequired", |c| {
        Ok(product(c)?.subscription_required.into())
    });
    t.property("int? SubscriptionLimit", |c| {
        Ok(product(c)?.subscription_limit.into())
    });
    t.property("ProductState State", |c| {
        let published = product(c)?.published;
        Ok(match &c.member.result {
            Type::Named(def, _) => Value::Enum(*def, published.into()),
            _ => Value::Null,
        })
    });
}
