//! `IApi`, `IContextApi`, `ISubscriptionKeyParameterNames` and `IOperation`.

use std::rc::Rc;
use std::sync::Arc;

use super::{named, optional, shared, url};
use crate::dotnet::collections;
use crate::host::{ApiInfo, OperationInfo};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::{HostObject, Object, Value};

/// An API that is not the called one: of `context.Product.Apis`.
pub(super) struct Api(pub Arc<ApiInfo>);

impl Object for Api {
    fn type_of(&self) -> Type {
        Type::Named(known::IAPI, None)
    }
}

/// `ISubscriptionKeyParameterNames`
struct KeyNames(Arc<ApiInfo>);

impl Object for KeyNames {
    fn type_of(&self) -> Type {
        named("Tidegate.ISubscriptionKeyParameterNames")
    }
}

fn api(c: &Call<'_, '_>) -> R<Arc<ApiInfo>> {
    match c.args.first() {
        Some(Value::Host(HostObject::Api)) => {
            c.rt.host.api().cloned().ok_or_else(Fault::null_reference)
        }
        Some(other) => match other.as_object::<Api>() {
            Some(api) => Ok(api.0.clone()),
            None => Err(Fault::null_reference()),
        },
        None => Err(Fault::null_reference()),
    }
}

fn operation(c: &Call<'_, '_>) -> R<Arc<OperationInfo>> {
    c.rt.host
        .operation()
        .cloned()
        .ok_or_else(Fault::null_reference)
}

fn key_names(c: &Call<'_, '_>) -> R<Rc<KeyNames>> {
    c.object::<KeyNames>(0)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IApi");
    t.property("string Id", |c| Ok(shared(&api(c)?.id)));
    t.property("string Name", |c| Ok(shared(&api(c)?.name)));
    t.property("string Path", |c| Ok(shared(&api(c)?.path)));
    t.property("IEnumerable<string> Protocols", |c| {
        let protocols = api(c)?.protocols.iter().map(shared).collect();
        Ok(collections::array(Type::STRING, protocols))
    });
    t.property("IUrl ServiceUrl", |c| {
        Ok(match &api(c)?.service_url {
            Some(text) => url::parse(text),
            None => Value::Null,
        })
    });
    t.property(
        "ISubscriptionKeyParameterNames SubscriptionKeyParameterNames",
        |c| Ok(Value::object(KeyNames(api(c)?))),
    );

    let mut t = types.interface("Tidegate.IContextApi");
    t.base("IApi");
    t.property("string Revision", |c| Ok(shared(&api(c)?.revision)));
    t.property("string Version", |c| Ok(optional(api(c)?.version.as_ref())));
    t.property("bool IsCurrentRevision", |c| {
        Ok(api(c)?.is_current_revision.into())
    });

    let mut t = types.interface("Tidegate.ISubscriptionKeyParameterNames");
    t.property("string Header", |c| Ok(shared(&key_names(c)?.0.key_header)));
    t.property("string Query", |c| Ok(shared(&key_names(c)?.0.key_query)));

    let mut t = types.interface("Tidegate.IOperation");
    t.property("string Id", |c| Ok(shared(&operation(c)?.id)));
    t.property("string Method", |c| Ok(shared(&operation(c)?.method)));
    t.property("string Name", |c| Ok(shared(&operation(c)?.name)));
    t.property("string UrlTemplate", |c| {
        Ok(shared(&operation(c)?.url_template))
    });
}
