//! Who calls: `ISubscription`, `IUser`, `IGroup`, `IUserIdentity`.

use std::rc::Rc;
use std::sync::Arc;

use super::{named, shared};
use crate::clr::datetime::{DateTime, DateTimeKind};
use crate::dotnet::collections;
use crate::host::{GroupInfo, IdentityInfo, SubscriptionInfo, UserInfo};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Object, Value};

const GROUP: &str = "Tidegate.IGroup";
const IDENTITY: &str = "Tidegate.IUserIdentity";

struct Group(GroupInfo);

impl Object for Group {
    fn type_of(&self) -> Type {
        named(GROUP)
    }
}

struct Identity(IdentityInfo);

impl Object for Identity {
    fn type_of(&self) -> Type {
        named(IDENTITY)
    }
}

/// Groups as an `IEnumerable<IGroup>`.
pub(super) fn groups(groups: &[GroupInfo]) -> Value {
    let items = groups
        .iter()
        .map(|group| Value::object(Group(group.clone())))
        .collect();
    collections::array(named(GROUP), items)
}

fn subscription(c: &Call<'_, '_>) -> R<Arc<SubscriptionInfo>> {
    c.rt.host
        .subscription()
        .cloned()
        .ok_or_else(Fault::null_reference)
}

fn user(c: &Call<'_, '_>) -> R<Arc<UserInfo>> {
    c.rt.host.user().cloned().ok_or_else(Fault::null_reference)
}

fn group(c: &Call<'_, '_>) -> R<Rc<Group>> {
    c.object::<Group>(0)
}

fn identity(c: &Call<'_, '_>) -> R<Rc<Identity>> {
    c.object::<Identity>(0)
}

fn date(ticks: i64) -> DateTime {
    DateTime::clamped(ticks, DateTimeKind::Utc)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.ISubscription");
    t.property("string Id", |c| Ok(shared(&subscription(c)?.id)));
    t.property("string Name", |c| Ok(shared(&subscription(c)?.name)));
    t.property("string Key", |c| Ok(shared(&subscription(c)?.key)));
    t.property("string PrimaryKey", |c| {
        Ok(shared(&subscription(c)?.primary_key))
    });
    t.property("string SecondaryKey", |c| {
        Ok(shared(&subscription(c)?.secondary_key))
    });
    t.property("DateTime CreatedDate", |c| {
        Ok(date(subscription(c)?.created_date).into())
    });
    t.property("DateTime? StartDate", |c| {
        Ok(subscription(c)?.start_date.map(date).into())
    });
    t.property("DateTime? EndDate", |c| {
        Ok(subscription(c)?.end_date.map(date).into())
    });

    let mut t = types.interface("Tidegate.IUser");
    t.property("string Id", |c| Ok(shared(&user(c)?.id)));
    t.property("string Email", |c| Ok(shared(&user(c)?.email)));
    t.property("string FirstName", |c| Ok(shared(&user(c)?.first_name)));
    t.property("string LastName", |c| Ok(shared(&user(c)?.last_name)));
    t.property("string Note", |c| Ok(shared(&user(c)?.note)));
    t.property("IEnumerable<IGroup> Groups", |c| {
        Ok(groups(&user(c)?.groups))
    });
    t.property("IEnumerable<IUserIdentity> Identities", |c| {
        let items = user(c)?
            .identities
            .iter()
            .map(|identity| Value::object(Identity(identity.clone())))
            .collect();
        Ok(collections::array(named(IDENTITY), items))
    });
    t.property("DateTime RegistrationDate", |c| {
        Ok(date(user(c)?.registration_date).into())
    });

    let mut t = types.interface(GROUP);
    t.property("string Id", |c| Ok(shared(&group(c)?.0.id)));
    t.property("string Name", |c| Ok(shared(&group(c)?.0.name)));

    let mut t = types.interface(IDENTITY);
    t.property("string Id", |c| Ok(shared(&identity(c)?.0.id)));
    t.property("string Provider", |c| Ok(shared(&identity(c)?.0.provider)));
}
